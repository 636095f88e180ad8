"""Checks of the published catalogue (the month by unit, what is to be put right, recording one) and reviews of
procedures (the year by unit, the list, recording and putting right)."""

from __future__ import annotations

from datetime import date

from flask import Response, flash, redirect, render_template, request, url_for
from flask_babel import get_locale
from flask_babel import gettext as _
from werkzeug.wrappers import Response as Answer

from app.core.errors import DomainError
from app.core.periods import Period, PeriodKind
from app.organisation.access import actor, allowed
from app.organisation.calendars import site_calendar, this_month, today
from app.organisation.exports import csv_response
from app.organisation.permissions import Capability
from app.organisation.queries import units_to_choose
from app.publications import catalogue_service, check_queries, queries, review_queries
from app.publications.catalogue_service import Findings, findings_of
from app.publications.check_queries import CheckRow
from app.publications.clocks import EARLIEST
from app.publications.forms import ApprovalForm, CheckForm, FixForm, PublicationReasonForm, ReviewForm
from app.publications.review_queries import ReviewRow, ReviewTotals
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
            check = catalogue_service.record_check(seen, actor(), **form.values(*names))
            flash(_("Đã ghi lần kiểm tra ngày %(day)s.", day=show_date(check.checked_on)), "success")
            return redirect(url_for(".checks", ky=f"{check.checked_on:%Y-%m}"))
    return render_template("publications/check_form.html", form=form), 422 if _check_wrong(form) else 200


@bp.route("/cong-bo/kiem-tra-danh-muc/<int:check_id>/cap-nhat-lai", methods=["GET", "POST"])
@allowed(Capability.KEEP_PUBLICATIONS)
def fix_defects(check_id: int) -> Page:
    """What a check found wrong has been put right."""
    row, form = check_queries.check_row(scope(), check_id), FixForm(data={"fixed_on": today()})
    if form.validate_on_submit():
        with errors_shown_on(form):
            catalogue_service.fix_defects(
                scope(), actor(), check_id, on=form.fixed_on.data or today(), note=form.note.data or ""
            )
            flash(_("Đã ghi danh mục được cập nhật lại."), "success")
            return redirect(url_for(".checks", ky=f"{row.check.checked_on:%Y-%m}"))
    return render_template("publications/check_act.html", form=form, row=row), 422 if _check_wrong(form) else 200


@bp.route("/cong-bo/kiem-tra-danh-muc/<int:check_id>/xoa", methods=["GET", "POST"])
@allowed(Capability.KEEP_PUBLICATIONS)
def remove_check(check_id: int) -> Page:
    """Take out a check recorded by mistake."""
    row, form = check_queries.check_row(scope(), check_id), PublicationReasonForm()
    if form.validate_on_submit():
        with errors_shown_on(form):
            catalogue_service.remove_check(scope(), actor(), check_id, reason=form.reason.data or "")
            flash(_("Đã xóa lần kiểm tra."), "success")
            return redirect(url_for(".checks", ky=f"{row.check.checked_on:%Y-%m}"))
    return render_template("publications/check_act.html", form=form, row=row), 422 if _check_wrong(form) else 200


def _check_wrong(form: CheckForm | FixForm | PublicationReasonForm) -> bool:
    return bool(form.errors or form.form_errors)


def _month() -> Period:
    """The month asked for (`ky`), else the running one; one that cannot be read is the running one."""
    running = this_month()
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


# Reviews of procedures: the year by unit, the list, recording and putting right.


@bp.get("/cong-bo/ra-soat")
@allowed(Capability.KEEP_PUBLICATIONS)
def reviews() -> str:
    """A year: each unit's share of the catalogue reviewed, items cut, internal procedures simplified."""
    year = _year()
    units = review_queries.unit_reviews(scope(), min(date(year, 12, 31), today()))
    return render_template(
        "publications/reviews.html",
        year=year,
        latest=today().year,
        units=units,
        total=sum((line.totals for line in units), ReviewTotals()),
        rows=review_queries.reviews(scope(), year),
    )


@bp.get("/cong-bo/ra-soat.csv")
@allowed(Capability.KEEP_PUBLICATIONS)
def export_reviews() -> Response:
    year = _year()
    header = [
        *(_("Mã thủ tục"), _("Tên thủ tục"), _("Thủ tục nội bộ"), _("Đơn vị"), _("Ngày rà soát")),
        *(_("Đã tái cấu trúc quy trình"), _("Thông tin phải khai báo trước"), _("Thông tin phải khai báo sau")),
        *(_("Đề xuất đơn giản hóa"), _("Ngày phê duyệt phương án"), _("Quyết định phê duyệt"), _("Người ghi")),
    ]
    rows = map(_review_csv_row, review_queries.reviews(scope(), year))
    return csv_response(f"ra-soat-{year}", header, rows, _("Rà soát, đánh giá thủ tục năm %(year)s", year=year))


@bp.route("/cong-bo/ra-soat/ghi", methods=["GET", "POST"])
@allowed(Capability.KEEP_PUBLICATIONS)
def record_review() -> Page:
    """Record a review of a procedure."""
    form = ReviewForm(data={"reviewed_on": today(), "procedure": request.args.get("procedure", "")})
    del form.reason
    if form.validate_on_submit():
        with errors_shown_on(form):
            review = catalogue_service.record_review(scope(), actor(), procedure=form.code, findings=form.findings)
            flash(_("Đã ghi lần rà soát ngày %(day)s.", day=show_date(review.reviewed_on)), "success")
            return redirect(url_for(".reviews", nam=review.reviewed_on.year))
    choices = queries.procedure_choices(scope(), today())
    page = render_template("publications/review_form.html", form=form, row=None, choices=choices)
    return page, 422 if _wrong(form) else 200


@bp.route("/cong-bo/ra-soat/<int:review_id>", methods=["GET", "POST"])
@allowed(Capability.KEEP_PUBLICATIONS)
def correct_review(review_id: int) -> Page:
    row = review_queries.review_row(scope(), review_id)
    form = ReviewForm(data={name: getattr(findings_of(row.review), name) for name in Findings.__slots__})
    del form.procedure
    if form.validate_on_submit():
        with errors_shown_on(form):
            catalogue_service.correct_review(
                scope(), actor(), review_id, findings=form.findings, reason=form.reason.data or ""
            )
            flash(_("Đã đính chính."), "success")
            return redirect(url_for(".reviews", nam=row.review.reviewed_on.year))
    page = render_template("publications/review_form.html", form=form, row=row, choices=[])
    return page, 422 if _wrong(form) else 200


@bp.route("/cong-bo/ra-soat/<int:review_id>/phe-duyet", methods=["GET", "POST"])
@allowed(Capability.KEEP_PUBLICATIONS)
def approve_simplification(review_id: int) -> Page:
    """The simplification was approved."""
    row = review_queries.review_row(scope(), review_id)
    form = ApprovalForm(data={"simplification_approved_on": today()})
    if form.validate_on_submit():
        with errors_shown_on(form):
            catalogue_service.approve_simplification(
                scope(),
                actor(),
                review_id,
                on=form.simplification_approved_on.data or today(),
                decision=form.decision.data or "",
            )
            flash(_("Đã ghi phương án được phê duyệt."), "success")
            return redirect(url_for(".reviews", nam=row.review.reviewed_on.year))
    return render_template("publications/review_act.html", form=form, row=row), 422 if _wrong(form) else 200


@bp.route("/cong-bo/ra-soat/<int:review_id>/xoa", methods=["GET", "POST"])
@allowed(Capability.KEEP_PUBLICATIONS)
def remove_review(review_id: int) -> Page:
    """Take out a review recorded by mistake."""
    row, form = review_queries.review_row(scope(), review_id), PublicationReasonForm()
    if form.validate_on_submit():
        with errors_shown_on(form):
            catalogue_service.remove_review(scope(), actor(), review_id, reason=form.reason.data or "")
            flash(_("Đã xóa lần rà soát."), "success")
            return redirect(url_for(".reviews", nam=row.review.reviewed_on.year))
    return render_template("publications/review_act.html", form=form, row=row), 422 if _wrong(form) else 200


def _wrong(form: ReviewForm | ApprovalForm | PublicationReasonForm) -> bool:
    return bool(form.errors or form.form_errors)


def _year() -> int:
    """The year asked for (`nam`), else the running one."""
    asked = request.args.get("nam", type=whole_number)
    return asked if asked is not None and EARLIEST.year <= asked <= today().year else today().year


def _review_csv_row(row: ReviewRow) -> list[object]:
    r = row.review
    return [
        *(row.code, row.name, yes_no(row.internal), row.unit.name, r.reviewed_on),
        *(yes_no(r.restructured), r.fields_before, r.fields_after, r.proposal),
        *(r.simplification_approved_on, r.decision, row.by),
    ]
