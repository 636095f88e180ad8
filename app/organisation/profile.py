"""How the Department calls itself: its name, its province and the first part of its case codes.

What an administrator entered; until then, what the settings say.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from flask import current_app
from sqlalchemy import bindparam, select
from sqlalchemy.exc import OperationalError, ProgrammingError

from app.core.errors import N_, DomainError
from app.core.text import tidy
from app.organisation import audit
from app.organisation.access import Actor, site
from app.organisation.models import SiteProfile
from app.organisation.permissions import Capability, needs
from app.web.extensions import db
from app.web.once import once

_PREFIX = re.compile(r"[A-Za-z0-9.]{1,24}")
LONGEST = 120
FIELDS = ("name", "place", "case_prefix")


@dataclass(frozen=True, slots=True)
class Profile:
    """`name` of the Department, `place` (its province, without “tỉnh”), `case_prefix` of codes; `entered`: by somebody
    of the site, and not what the settings say."""

    name: str
    place: str
    case_prefix: str
    entered: bool = True


def profile() -> Profile:
    """This site's."""
    return once("site profile", _read)


def shown_profile() -> Profile:
    """The same for a page, which may have no database to ask, or one without tables yet: then what the settings say."""
    try:
        return profile()
    except (OperationalError, ProgrammingError):
        db.session.rollback()
        return _of_settings()


# Asked with every page: put together once.
_SHOWN = SiteProfile.name, SiteProfile.place, SiteProfile.case_prefix
_SAID = select(*_SHOWN).where(SiteProfile.site == bindparam("site"))


def _read() -> Profile:
    found = db.session.execute(_SAID, {"site": site()}).first()
    if found is not None:
        return Profile(*found)
    return _of_settings()


def _of_settings() -> Profile:
    settings = current_app.config["SETTINGS"]
    return Profile(settings.site_name, settings.place, settings.case_prefix, entered=False)


@needs(Capability.KEEP_SITE)
def enter_profile(by: Actor, *, name: str, place: str, case_prefix: str) -> Profile:
    """Say what the Department is called. Codes given out so far keep their prefix. Raises DomainError."""
    said = Profile(_text(name, "name"), _text(place, "place"), _prefix(case_prefix))
    with audit.transaction() as session:
        audit.one_at_a_time(f"profile {site()}")
        before = _read()
        row = session.scalar(select(SiteProfile).where(SiteProfile.site == site()))
        if row is None:
            row = SiteProfile(site=site())
            session.add(row)
        for field in FIELDS:
            setattr(row, field, getattr(said, field))
        session.flush()
        pairs = ((field, getattr(before, field) if before.entered else "", getattr(said, field)) for field in FIELDS)
        changed = {field: [old, new] for field, old, new in pairs if old != new}
        audit.record(by, "enter_profile", "site", site(), changed=changed)
    return said


_MISSING = {
    "name": N_("Hãy ghi tên cơ quan, ví dụ: Sở Nội vụ."),
    "place": N_("Hãy ghi tên tỉnh, thành phố, ví dụ: Khánh Hòa."),
}


def _text(text: str, field: str) -> str:
    text = tidy(text)
    if not text:
        raise DomainError(_MISSING[field], field=field)
    if len(text) > LONGEST:
        raise DomainError("Tên không được dài quá %(longest)s ký tự.", field=field, longest=LONGEST)
    return text


def _prefix(text: str) -> str:
    text = tidy(text)
    if not _PREFIX.fullmatch(text):
        raise DomainError(
            "Phần đầu mã hồ sơ gồm 1 đến 24 chữ cái không dấu, chữ số hoặc dấu chấm, ví dụ: H32.12.",
            field="case_prefix",
        )
    return text
