"""Reviews of procedures: the year by unit, the list, recording and putting right."""

from __future__ import annotations

from datetime import date

from flask import Response, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as Answer

from app.organisation.access import actor, allowed
from app.organisation.calendars import today
from app.organisation.exports import csv_response
from app.organisation.permissions import Capability
from app.publications import queries, review_queries, review_service
from app.publications.clocks import EARLIEST
from app.publications.forms import ApprovalForm, PublicationReasonForm, ReviewForm
from app.publications.review_queries import ReviewRow, ReviewTotals
from app.publications.review_service import Findings, findings_of
from app.publications.views import bp, scope
from app.web.formats import show_date, yes_no
from app.web.forms import errors_shown_on, whole_number

Page = str | Answer | tuple[str, int]


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
    """The year's reviews."""
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
            review = review_service.record_review(scope(), actor(), procedure=form.code, findings=form.findings)
            flash(_("Đã ghi lần rà soát ngày %(day)s.", day=show_date(review.reviewed_on)), "success")
            return redirect(url_for(".reviews", nam=review.reviewed_on.year))
    choices = queries.procedure_choices(scope(), today())
    page = render_template("publications/review_form.html", form=form, row=None, choices=choices)
    return page, 422 if _wrong(form) else 200


@bp.route("/cong-bo/ra-soat/<int:review_id>", methods=["GET", "POST"])
@allowed(Capability.KEEP_PUBLICATIONS)
def correct_review(review_id: int) -> Page:
    """Put a review right."""
    row = review_queries.review_row(scope(), review_id)
    form = ReviewForm(data={name: getattr(findings_of(row.review), name) for name in Findings.__slots__})
    del form.procedure
    if form.validate_on_submit():
        with errors_shown_on(form):
            review_service.correct_review(
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
            review_service.approve_simplification(
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
            review_service.remove_review(scope(), actor(), review_id, reason=form.reason.data or "")
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
