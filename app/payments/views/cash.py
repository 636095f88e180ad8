"""The cash summary: what was taken and given back on some days, by clerk."""

from __future__ import annotations

from collections.abc import Iterator

from flask import Response, render_template, request
from flask_babel import gettext as _

from app.exports import csv_response, xlsx_response
from app.formats import label, show_datetime
from app.organisation.access import allowed, current_scope, person
from app.organisation.calendars import today
from app.organisation.models import Role
from app.payments import cash
from app.payments.cash import CashLine, Sight, Span
from app.payments.forms import SpanForm
from app.payments.views import bp

SHOWN = 500  # lines on the page; all of them are in the files


@bp.get("/thu-phi")
@allowed()
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
@allowed()
def summary_csv() -> Response:
    """The receipts of those days as CSV."""
    span = _span()
    rows = ([*_words(line)[:1], show_datetime(line.at), *_words(line)[1:], *_sums(line)] for line in _lines(span))
    return csv_response(_name(span), _header(), rows)


@bp.get("/thu-phi.xlsx")
@allowed()
def summary_xlsx() -> Response:
    """The same as an Excel file."""
    span = _span()
    rows = ([*_words(line)[:1], line.at, *_words(line)[1:], *_sums(line)] for line in _lines(span))
    return xlsx_response(_name(span), _header(), rows)


def _sight() -> Sight:
    """A clerk sees what they took themselves; heads, inspectors and administrators what is in their scope."""
    who = person()
    return Sight(current_scope(), who.id if who.role is Role.DESK else None)


def _span() -> Span:
    return SpanForm.of(request.args, today())[1]


def _lines(span: Span) -> Iterator[CashLine]:
    return cash.lines(_sight(), span)


def _name(span: Span) -> str:
    return f"bang-ke-thu-{span.first:%Y-%m-%d}" + ("" if span.last == span.first else f"-{span.last:%Y-%m-%d}")


def _header() -> list[str]:
    header = [
        *(_("Người thu"), _("Thời điểm"), _("Việc"), _("Số biên lai"), _("Mã giao dịch"), _("Mã hồ sơ")),
        *(_("Người nộp"), _("Hình thức thanh toán"), _("Phí (đồng)"), _("Lệ phí (đồng)")),
        *(_("Chưa rõ phí, lệ phí (đồng)"), _("Cộng (đồng)"), _("Ghi chú")),
    ]
    return [str(heading) for heading in header]


def _words(line: CashLine) -> list[object]:
    what = _("Hoàn trả") if line.refund else _("Đã hủy") if line.voided else _("Thu")
    papers = [line.receipt_number, line.transaction_number]
    return [line.clerk, what, *papers, line.case_code, line.applicant, label(line.channel)]


def _sums(line: CashLine) -> list[object]:
    """What the line adds to the totals: the columns add up to the page's."""
    parts = line.counted
    return [parts.charge, parts.fee, parts.unknown, parts.total, line.reason]
