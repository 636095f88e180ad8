"""The server's clock: how it stands, and an administrator's word that it is right."""

from __future__ import annotations

from flask import flash, redirect, render_template, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as Answer

from app.forms import errors_shown_on
from app.organisation import clock as clocks
from app.organisation.access import actor, allowed
from app.organisation.forms import ClockForm
from app.organisation.permissions import Capability
from app.organisation.views import bp


@bp.route("/dong-ho", methods=["GET", "POST"])
@allowed(Capability.KEEP_SITE)
def clock() -> Answer | tuple[str, int]:
    """What the clock says beside the newest entry; while nothing is written, a form to confirm it."""
    form = ClockForm()
    if form.validate_on_submit():
        with errors_shown_on(form):
            clocks.confirm(actor(), reason=form.reason.data or "")
            flash(_("Đã xác nhận đồng hồ máy chủ."), "success")
            return redirect(url_for(".clock"))
    page = render_template("organisation/clock.html", form=form, standing=clocks.standing())
    return page, 422 if form.errors else 200
