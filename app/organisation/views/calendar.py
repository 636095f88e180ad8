"""The working calendar of the site, a year a page."""

from __future__ import annotations

from datetime import date

from flask import Response, abort, flash, redirect, render_template, request, url_for
from flask_babel import get_locale
from flask_babel import gettext as _
from werkzeug.wrappers import Response as Answer

from app.core.calendar import DayPart
from app.core.errors import DomainError, NotFound
from app.organisation import calendars
from app.organisation.access import actor, allowed, signed_in
from app.organisation.calendars import CalendarYear
from app.organisation.exports import csv_response
from app.organisation.forms import ConfirmYearForm, SiteDaysForm
from app.organisation.permissions import Capability
from app.organisation.views import bp
from app.web.formats import label, sentence, show_date
from app.web.forms import errors_shown_on, typed_day, whole_number

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
    """The year as a file."""
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
