"""A database holds the records of one site: an installation that calls itself otherwise reads and writes nothing there.

(It would find none of what is there, and look like an empty site.)
"""

from __future__ import annotations

from flask import Flask, current_app, g, render_template, request
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from app.core.errors import NotNow
from app.organisation.models import AuditHead
from app.web.extensions import db, login

_FITS = "site code fits"


class OtherSite(NotNow):
    """The database is another site's."""


def refuse_another() -> None:
    """OtherSite where the database has another site's records and none of this one's. A process asks until it fits."""
    if current_app.extensions.get(_FITS):
        return
    ours, found = current_app.config["SITE"], set(db.session.scalars(select(AuditHead.site)))
    if found and ours not in found:
        raise OtherSite(
            "Cơ sở dữ liệu này là của cơ quan có mã %(theirs)s, còn phần mềm đang chạy với mã %(ours)s: hãy sửa "
            "DUNG_HAN_SITE, hoặc DATABASE_URL, rồi khởi động lại.",
            theirs=", ".join(sorted(found)),
            ours=ours,
        )
    current_app.extensions[_FITS] = True


def register(app: Flask) -> None:
    """Nobody is shown an empty site where another site's records are."""
    app.before_request(_say_so)


def _say_so() -> tuple[str, int, dict[str, str]] | None:
    if request.endpoint == "static" or current_app.extensions.get(_FITS):
        return None
    try:
        refuse_another()
    except OtherSite as error:
        g._login_user = login.anonymous_user()  # whoever is signed in is somebody there, not here
        page = render_template("errors/other_site.html", **error.params)
        return page, 503, {"Retry-After": "300", "Cache-Control": "no-store"}
    except SQLAlchemyError:  # no database, or no tables yet: whoever needs them says so
        db.session.rollback()
    return None
