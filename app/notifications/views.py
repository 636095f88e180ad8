"""The person's reminders: what falls due, the most urgent first."""

from __future__ import annotations

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as Answer

from app.notifications import queries, service
from app.organisation.access import actor, allowed, person
from app.organisation.navigation import COUNTS
from app.organisation.permissions import Capability

bp = Blueprint("reminders", __name__)


@bp.get("/nhac-viec")
@allowed(Capability.HANDLE_CASES)
def inbox() -> str:
    """What the person has been told of cases still open."""
    who = person()
    return render_template(
        "notifications/inbox.html",
        told=queries.inbox(who.id),
        unseen=queries.unseen(who.id),
        mails=bool(current_app.config["SETTINGS"].smtp_host),
        address=who.email,
    )


@bp.post("/nhac-viec/da-xem")
@allowed(Capability.HANDLE_CASES)
def see() -> Answer:
    """The person has looked at them all."""
    service.mark_seen(actor())
    return redirect(url_for(".inbox"))


@bp.post("/nhac-viec/thu")
@allowed(Capability.HANDLE_CASES)
def want_mail() -> Answer:
    """Mail, or no longer."""
    wanted = request.form.get("wanted") == "yes"
    service.want_mail(actor(), wanted)
    flash(_("Sẽ gửi thư nhắc việc cho bạn.") if wanted else _("Sẽ không gửi thư nhắc việc cho bạn nữa."), "success")
    return redirect(url_for(".inbox"))


COUNTS["reminders.inbox"] = lambda: queries.unseen(person().id)
