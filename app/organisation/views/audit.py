"""The audit trail: read, filter, check that the chain holds."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from flask import Response, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as Answer

from app.organisation import calendars, queries
from app.organisation import clock as clocks
from app.organisation.access import Scope, actor, allowed, current_scope
from app.organisation.exports import csv_response
from app.organisation.forms import AuditFilterForm, ClockForm
from app.organisation.models import AuditEntry
from app.organisation.permissions import Capability
from app.organisation.queries import AuditFilter
from app.organisation.registries import action_name, details_in_words, subject_name
from app.organisation.verifying import trail_alone
from app.organisation.views import bp
from app.web.formats import counted, sentence
from app.web.forms import errors_shown_on, number_in, whole_number

LONGEST_EXPORT = 100_000  # entries
SHOWN = 5  # broken places told on the page


@bp.get("/nhat-ky")
@allowed(Capability.READ_AUDIT_TRAIL)
def audit_trail() -> str:
    """A page of entries, newest first."""
    form = AuditFilterForm.of(request.args, queries.people(current_scope()))
    page = queries.audit_entries(
        current_scope(),
        _wanted(form),
        before=request.args.get("before", type=whole_number),
        after=request.args.get("after", type=whole_number),
    )
    return render_template("organisation/audit.html", form=form, page=page, words=_words)


@bp.get("/nhat-ky.csv")
@allowed(Capability.READ_AUDIT_TRAIL)
def audit_csv() -> Response:
    """The filtered entries as a file, newest first, at most a hundred thousand."""
    wanted = _wanted(AuditFilterForm.of(request.args, queries.people(current_scope())))
    header = [
        _("Số"),
        _("Thời điểm"),
        _("Người thực hiện"),
        _("Việc"),
        _("Đối tượng"),
        _("Mã"),
        _("Chi tiết"),
        _("Mã băm"),
    ]
    return csv_response("nhat-ky", header, _lines(current_scope(), wanted), _("Nhật ký"))


@bp.post("/nhat-ky/kiem-tra")
@allowed(Capability.READ_AUDIT_TRAIL)
def verify_audit() -> Answer:
    """Walk the whole chain and say whether it holds; the command `flask audit verify` walks the records too."""
    found, counts = trail_alone()
    if not found:
        flash(counted("Chuỗi nhật ký còn nguyên: %(n)s mục.", counts["entries"]), "success")
    for broken in found[:SHOWN]:
        flash(
            _(
                "%(what)s Hãy giữ nguyên hiện trạng và báo người phụ trách an toàn thông tin.",
                what=sentence(broken.what),
            ),
            "error",
        )
    return redirect(url_for(".audit_trail"))


def _wanted(form: AuditFilterForm) -> AuditFilter:
    """The filter in UTC: `until` is the site's midnight after the last day."""
    calendar, who = calendars.site_calendar(), form.person.data or ""
    since, until = form.since.data, form.until.data
    return AuditFilter(
        person_id=number_in(who),
        by_command=who == "command",
        action=form.action.data or "",
        subject_kind=form.kind.data or "",
        subject_id=(form.subject.data or "").strip(),
        since=calendar.start_of_day(since) if since else None,
        until=calendar.start_of_day(until + timedelta(days=1)) if until else None,
    )


def _lines(scope: Scope, wanted: AuditFilter) -> Iterator[tuple[object, ...]]:
    after, written = None, 0
    while written < LONGEST_EXPORT:
        page = queries.audit_entries(scope, wanted, after=after, limit=1000)
        for entry in page.entries:
            action, subject, details = _words(entry)
            yield entry.number, entry.at, entry.actor, action, subject, entry.subject_id, "; ".join(details), entry.hash
        written, after = written + len(page.entries), page.after
        if after is None:
            return


def _words(entry: AuditEntry) -> tuple[str, str, list[str]]:
    """Action, kind of subject and details as the reader sees them."""
    return action_name(entry.action), subject_name(entry.subject_kind), details_in_words(entry.details)


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
