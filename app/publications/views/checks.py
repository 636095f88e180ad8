"""Checks of the published catalogue: the month by unit, what is to be put right, recording one."""

from __future__ import annotations

from flask import Response, flash, redirect, render_template, request, url_for
from flask_babel import get_locale
from flask_babel import gettext as _
from werkzeug.wrappers import Response as Answer

from app.core.errors import DomainError
from app.core.periods import Period, PeriodKind
from app.organisation.access import actor, allowed
from app.organisation.calendars import site_calendar, today
from app.organisation.exports import csv_response
from app.organisation.permissions import Capability
from app.organisation.queries import units_to_choose
from app.publications import check_queries, check_service
from app.publications.check_queries import CheckRow
from app.publications.forms import CheckForm, FixForm, PublicationReasonForm
from app.publications.views import bp, scope
from app.web.formats import show_date, yes_no
from app.web.forms import errors_shown_on, whole_number

Page = str | Answer | tuple[str, int]


@bp.get("/cong-bo/kiem-tra-danh-muc")
@allowed(Capability.KEEP_PUBLICATIONS)
def checks() -> str:
    """A month: each unit's checks, publications not checked since, defects not put right."""
    month, seen = _month(), scope()
    last = min(month.last, today())
    return render_template(
        "publications/checks.html",
        month=month,
        named=month.label(str(get_locale())),
        before=month.previous().key,
        after=month.next().key if month.is_over(today()) else "",
        units=check_queries.month_of_checks(seen, month.first, last, site_calendar()),
        rows=check_queries.checks(seen, month.first, last),
        awaiting=check_queries.awaiting(seen, today(), site_calendar()),
        defects=check_queries.open_defects(seen),
    )


@bp.get("/cong-bo/kiem-tra-danh-muc.csv")
@allowed(Capability.KEEP_PUBLICATIONS)
def export_checks() -> Response:
    """The month's checks."""
    month = _month()
    header = [
        *(_("Đơn vị"), _("Ngày kiểm tra"), _("Cổng Dịch vụ công của tỉnh"), _("Phần mềm một cửa")),
        *(_("Cổng thông tin điện tử Sở"), _("Sau khi công khai"), _("Thiếu hoặc chưa chính xác")),
        *(_("Ngày cập nhật lại"), _("Người ghi")),
    ]
    rows = check_queries.checks(scope(), month.first, month.last)
    return csv_response(
        f"kiem-tra-danh-muc-{month.key}", header, map(_check_csv_row, rows), _("Kiểm tra danh mục thủ tục")
    )


@bp.route("/cong-bo/kiem-tra-danh-muc/ghi", methods=["GET", "POST"])
@allowed(Capability.KEEP_PUBLICATIONS)
def record_check() -> Page:
    """Record a check."""
    seen = scope()
    shown = {
        "checked_on": today(),
        "unit_id": request.args.get("unit", type=whole_number),
        "publication_id": request.args.get("publication", type=whole_number),
    }
    form = CheckForm.of(units_to_choose(seen, today()), check_queries.published(seen), **shown)
    if form.validate_on_submit():
        with errors_shown_on(form):
            names = ("unit_id", "checked_on", "portal", "one_stop", "website", "defects", "publication_id")
            check = check_service.record_check(seen, actor(), **form.values(*names))
            flash(_("Đã ghi lần kiểm tra ngày %(day)s.", day=show_date(check.checked_on)), "success")
            return redirect(url_for(".checks", ky=f"{check.checked_on:%Y-%m}"))
    return render_template("publications/check_form.html", form=form), 422 if _wrong(form) else 200


@bp.route("/cong-bo/kiem-tra-danh-muc/<int:check_id>/cap-nhat-lai", methods=["GET", "POST"])
@allowed(Capability.KEEP_PUBLICATIONS)
def fix_defects(check_id: int) -> Page:
    """What a check found wrong has been put right."""
    row, form = check_queries.check_row(scope(), check_id), FixForm(data={"fixed_on": today()})
    if form.validate_on_submit():
        with errors_shown_on(form):
            check_service.fix_defects(
                scope(), actor(), check_id, on=form.fixed_on.data or today(), note=form.note.data or ""
            )
            flash(_("Đã ghi danh mục được cập nhật lại."), "success")
            return redirect(url_for(".checks", ky=f"{row.check.checked_on:%Y-%m}"))
    return render_template("publications/check_act.html", form=form, row=row), 422 if _wrong(form) else 200


@bp.route("/cong-bo/kiem-tra-danh-muc/<int:check_id>/xoa", methods=["GET", "POST"])
@allowed(Capability.KEEP_PUBLICATIONS)
def remove_check(check_id: int) -> Page:
    """Take out a check recorded by mistake."""
    row, form = check_queries.check_row(scope(), check_id), PublicationReasonForm()
    if form.validate_on_submit():
        with errors_shown_on(form):
            check_service.remove_check(scope(), actor(), check_id, reason=form.reason.data or "")
            flash(_("Đã xóa lần kiểm tra."), "success")
            return redirect(url_for(".checks", ky=f"{row.check.checked_on:%Y-%m}"))
    return render_template("publications/check_act.html", form=form, row=row), 422 if _wrong(form) else 200


def _wrong(form: CheckForm | FixForm | PublicationReasonForm) -> bool:
    return bool(form.errors or form.form_errors)


def _month() -> Period:
    """The month asked for (`ky`), else the running one; one that cannot be read is the running one."""
    running = Period.of(PeriodKind.MONTH, today())
    try:
        asked = Period.parse(request.args.get("ky", ""))
    except DomainError:
        return running
    return asked if asked.kind is PeriodKind.MONTH and asked.first <= today() else running


def _check_csv_row(row: CheckRow) -> list[object]:
    check = row.check
    sites = [yes_no(done) for done in (check.portal, check.one_stop, check.website)]
    return [
        *(row.unit.name, check.checked_on, *sites),
        *(row.publication, check.defects, check.fixed_on, row.by),
    ]
