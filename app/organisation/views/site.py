"""What the site keeps: its working calendar, a year a page; and the audit trail to read, filter, and check that the
chain holds."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from flask import Response, abort, flash, redirect, render_template, request, url_for
from flask_babel import get_locale
from flask_babel import gettext as _
from werkzeug.wrappers import Response as Answer

from app.core.calendar import DayPart
from app.core.errors import DomainError, NotFound
from app.organisation import calendars, queries
from app.organisation import clock as clocks
from app.organisation.access import Scope, actor, allowed, current_scope, signed_in
from app.organisation.calendars import CalendarYear
from app.organisation.exports import csv_response
from app.organisation.forms import AuditFilterForm, ClockForm, ConfirmYearForm, SiteDaysForm
from app.organisation.models import AuditEntry
from app.organisation.permissions import Capability
from app.organisation.queries import AuditFilter
from app.organisation.registries import action_name, details_in_words, subject_name
from app.organisation.verifying import trail_alone
from app.organisation.views import bp
from app.web.formats import counted, label, sentence, show_date
from app.web.forms import errors_shown_on, number_in, typed_day, whole_number

# The working calendar of the site, a year a page.

SHOWN = 100  # moved deadlines listed; the rest is counted


@bp.get("/lich-lam-viec")
@signed_in
def calendar() -> str:
    """The year's holidays, swapped Saturdays and the site's own days."""
    return _page(_year(), ConfirmYearForm(formdata=None))


def _page(year: CalendarYear, form: ConfirmYearForm) -> str:
    return render_template("organisation/calendar.html", calendar=year, months=calendars.months(year), form=form)


@bp.post("/lich-lam-viec/<int:year>/xac-nhan")
@allowed(Capability.KEEP_CALENDAR)
def confirm_year(year: int) -> Answer | tuple[str, int]:
    """The year's days off have been compared with their announcement."""
    form = ConfirmYearForm()
    if form.validate_on_submit():
        with errors_shown_on(form):
            calendars.confirm_year(actor(), year, source=form.source.data or "")
            flash(_("Đã xác nhận lịch nghỉ chính thức của năm %(year)s.", year=year), "success")
            return redirect(url_for(".calendar", year=year))
    return _page(_shown(year), form), 422


@bp.get("/lich-lam-viec.csv")
@signed_in
def calendar_csv() -> Response:
    year = _year()
    header = [_("Ngày"), _("Làm việc"), _("Buổi"), _("Tên ngày"), _("Nguồn"), _("Lý do")]
    return csv_response(
        f"lich-lam-viec-{year.year}",
        header,
        (
            (
                d.day,
                "x" if d.working else "",
                "" if d.part is DayPart.DAY else label(d.part),
                d.name,
                _("Nhà nước") if d.official else _("Cơ quan"),
                d.reason,
            )
            for d in year.days
        ),
        _("Lịch làm việc năm %(year)s", year=year.year),
    )


@bp.route("/lich-lam-viec/them", methods=["GET", "POST"])
@allowed(Capability.KEEP_CALENDAR)
def add_site_days() -> Answer | tuple[str, int]:
    """Add days off, or days worked in exchange."""
    form, moved = SiteDaysForm.of_site(), None
    if form.validate_on_submit():
        with errors_shown_on(form):
            moved = calendars.adding(actor(), **form.values())
            if form.agreed(moved):
                days = calendars.add_site_days(actor(), **form.values())
                flash(_("Đã thêm %(n)s ngày. Hạn của hồ sơ đang giải quyết đã được tính lại.", n=len(days)), "success")
                return redirect(url_for(".calendar", year=days[0].day.year))
    page = render_template("organisation/site_days_form.html", form=form, moved=moved, shown=SHOWN)
    return page, 422 if form.errors else 200


@bp.route("/lich-lam-viec/<day>/xoa", methods=["GET", "POST"])
@allowed(Capability.KEEP_CALENDAR)
def remove_site_day(day: str) -> Answer | str:
    """Take a day of the site out again, once it was seen whose deadlines that moves."""
    wanted = typed_day(day) or abort(404)
    if request.method == "GET":
        moved = calendars.removing(actor(), wanted)
        return render_template("organisation/site_day_removal.html", day=wanted, moved=moved, shown=SHOWN)
    try:
        calendars.remove_site_day(actor(), wanted)
        flash(
            _("Đã xóa ngày %(day)s. Hạn của hồ sơ đang giải quyết đã được tính lại.", day=show_date(wanted)), "success"
        )
    except NotFound:
        raise
    except DomainError as error:
        flash(sentence(error), "error")
    return redirect(url_for(".calendar", year=wanted.year))


def _year() -> CalendarYear:
    """The year asked for, or this one. Raises NotFound outside the years of the calendar."""
    today: date = calendars.today()
    year = request.args.get("year", today.year, type=whole_number)
    return _shown(year)


def _shown(year: int) -> CalendarYear:
    locale = get_locale()
    return calendars.calendar_year(year, locale.language if locale else "vi")


# The audit trail: read, filter, check that the chain holds.

LONGEST_EXPORT = 100_000  # entries
SHOWN_ENTRIES = 5  # broken places told on the page


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
    for broken in found[:SHOWN_ENTRIES]:
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
