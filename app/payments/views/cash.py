"""The cash summary: what was taken and given back on some days, by clerk."""

from __future__ import annotations

from flask import Response, render_template, request
from flask_babel import gettext as _

from app.organisation.access import can, current_scope, person, signed_in
from app.organisation.calendars import today
from app.organisation.exports import csv_response
from app.organisation.permissions import Capability
from app.payments import cash
from app.payments.cash import CashLine, DaySpan, Sight
from app.payments.forms import SpanForm
from app.payments.views import bp
from app.web.formats import label

SHOWN = 500  # lines on the page; all of them are in the files


@bp.get("/thu-phi")
@signed_in
def summary() -> str:
    """What each clerk took and gave back, by channel, phí and lệ phí apart, and every receipt."""
    form, span = SpanForm.of(request.args, today())
    sight = _sight()
    return render_template(
        "payments/summary.html",
        form=form,
        span=span,
        summary=cash.summary(sight, span),
        lines=list(cash.lines(sight, span, SHOWN)),
        count=cash.count_lines(sight, span),
        own=sight.only_person is not None,
    )


@bp.get("/thu-phi.csv")
@signed_in
def summary_csv() -> Response:
    """The receipts of those days as a file."""
    span = _span()
    return csv_response(
        _name(span), _header(), map(_payment_csv_row, cash.lines(_sight(), span)), _("Bảng kê thu phí, lệ phí")
    )


def _sight() -> Sight:
    """A clerk sees what they took themselves; heads, inspectors and administrators what is in their scope."""
    return Sight(current_scope(), None if can(Capability.OVERSEE_CASH) else person().id)


def _span() -> DaySpan:
    return SpanForm.of(request.args, today())[1]


def _name(span: DaySpan) -> str:
    return f"bang-ke-thu-{span.first:%Y-%m-%d}" + ("" if span.last == span.first else f"-{span.last:%Y-%m-%d}")


def _header() -> list[str]:
    header = [
        *(_("Người thu"), _("Thời điểm"), _("Việc"), _("Số biên lai"), _("Mã giao dịch"), _("Mã hồ sơ")),
        *(_("Người nộp"), _("Hình thức thanh toán"), _("Phí (đồng)"), _("Lệ phí (đồng)")),
        *(_("Chưa rõ phí, lệ phí (đồng)"), _("Cộng (đồng)"), _("Ghi chú")),
    ]
    return [str(heading) for heading in header]


def _payment_csv_row(line: CashLine) -> list[object]:
    """The sums are what the line adds to the totals: the columns add up to the page's."""
    what = _("Hoàn trả") if line.refund else _("Đã hủy") if line.voided else _("Thu")
    sums = line.counted
    return [
        *(line.clerk, line.at, what, line.receipt_number, line.transaction_number, line.case_code, line.applicant),
        *(label(line.channel), sums.charge, sums.fee, sums.unknown, sums.total, line.reason),
    ]
