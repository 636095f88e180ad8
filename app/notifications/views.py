"""What the person was told, the latest first; and what of it they want by mail."""

from __future__ import annotations

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as Answer

from app.core.errors import NotFound
from app.notifications import queries, service
from app.notifications.models import NoticeKind
from app.organisation.access import actor, person, signed_in
from app.organisation.navigation import COUNTS
from app.web.forms import whole_number
from app.web.once import once

bp = Blueprint("notifications", __name__)


@bp.get("/thong-bao", endpoint="list")
@signed_in
def list_notices() -> str:
    """What is new, or everything."""
    who, kind, everything = person(), _kind(request.args.get("kind")), request.args.get("all") == "1"
    counts = queries.unread_by_kind(who.id)
    once("notices_unread", lambda: sum(counts.values()))  # what the bell shows
    page = queries.notices(
        who.id,
        everything=everything,
        kind=kind,
        before=request.args.get("before", type=whole_number),
        after=request.args.get("after", type=whole_number),
    )
    return render_template(
        "notifications/list.html",
        page=page,
        counts=counts,
        kinds=NoticeKind,
        kind=kind,
        everything=everything,
        mails=bool(current_app.config["SETTINGS"].smtp_host),
        address=who.email,
    )


@bp.post("/thong-bao/<int:notice_id>/mo", endpoint="open")
@signed_in
def open_notice(notice_id: int) -> Answer:
    """Read it, and go where it leads."""
    notice = queries.own_notice(person().id, notice_id)
    if notice is None:
        raise NotFound("Không tìm thấy thông báo này.")
    service.mark_read(actor(), [notice_id])
    return redirect(queries.line_of(notice).address or url_for(".list"))


@bp.post("/thong-bao/da-doc")
@signed_in
def read() -> Answer:
    """One is read, or all of a kind, or all."""
    notice_id, kind = request.form.get("notice", type=whole_number), _kind(request.form.get("kind"))
    service.mark_read(actor(), None if notice_id is None else [notice_id], kind=kind)
    return redirect(url_for(".list", kind=kind, all=request.form.get("all") or None))


@bp.get("/thong-bao/thu")
@signed_in
def mail() -> str:
    """What the person wants by mail."""
    who = person()
    return render_template(
        "notifications/mail.html",
        kinds=NoticeKind,
        unmailed=queries.unmailed_kinds(who.id),
        daily=who.reminded_by_mail,
        mails=bool(current_app.config["SETTINGS"].smtp_host),
        address=who.email,
    )


@bp.post("/thong-bao/thu")
@signed_in
def choose_mail() -> Answer:
    daily = request.form.get("daily") == "yes"
    chosen = {kind for kind in map(_kind, request.form.getlist("kind")) if kind is not None}
    service.choose_mail(actor(), daily=daily, kinds=chosen)
    flash(
        _("Mỗi ngày làm việc bạn nhận một thư.") if daily and chosen else _("Sẽ không gửi thư thông báo cho bạn."),
        "success",
    )
    return redirect(url_for(".mail"))


def _kind(word: str | None) -> NoticeKind | None:
    return NoticeKind(word) if word in {each.value for each in NoticeKind} else None


COUNTS["notifications.list"] = lambda: once("notices_unread", lambda: queries.unread(person().id))
