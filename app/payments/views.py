"""Pages of money: taking and giving it back at a case, the day's cash, the payment portal's lists."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, current_app, flash, redirect, render_template, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from htmx_flask import request
from sqlalchemy import select
from werkzeug.wrappers import Response as Answer

from app.cases.balance import Balance
from app.cases.case_page import CaseView, Section, sections
from app.cases.forms import ActionForm
from app.cases.models import Case, Payment, Refund
from app.cases.population import changeable_by
from app.cases.search import case_with_code
from app.cases.views import case_of_reader, case_to_change
from app.core.errors import Conflict, NotAllowed, NotFound
from app.organisation.access import Scope, actor, allowed, can, current_scope, person, signed_in
from app.organisation.calendars import today
from app.organisation.exports import csv_response, file_response, record_opening
from app.organisation.permissions import Capability
from app.payments import cash, reconciling, service
from app.payments import receipt as paper
from app.payments import statement_queries as queries
from app.payments.cash import CashLine, DaySpan, Sight
from app.payments.forms import LineForm, RefundForm, SpanForm, StatementForm, TakeForm
from app.payments.models import MatchState, PortalStatement
from app.payments.reconciling import may_reconcile
from app.payments.statement_queries import LineSeen
from app.slips.document import Letterhead, PrintedSlip
from app.slips.printing import RENDERERS, TYPES, press
from app.web.extensions import db
from app.web.formats import counted, label, show_money
from app.web.forms import errors_shown_on, number_in

bp = Blueprint("payments", __name__)


# At the counter: take money for a case, print the receipt, give money back.

Page = Answer | str | tuple[str, int]


@bp.get("/thu-phi/ho-so")
@allowed(Capability.TAKE_PAYMENTS)
def find() -> Answer:
    """Straight to taking money for the case with the code typed."""
    typed = request.args.get("ma", "").strip()
    case_id = case_with_code(current_scope(), typed) if typed else None
    if case_id is None:
        flash(
            _("Không tìm thấy hồ sơ mang mã %(code)s.", code=typed[:64]) if typed else _("Hãy nhập mã hồ sơ."),
            "warning",
        )
        return redirect(url_for(".summary"))
    return redirect(url_for(".take", case_id=case_id))


# The address of cases.act for this kind: the case's page offers it beside what else may be recorded, and its form
# opens there in the same way.
@bp.route("/ho-so/<int:case_id>/ghi/paid", methods=["GET", "POST"])
@allowed(Capability.TAKE_PAYMENTS)
def take(case_id: int) -> Page:
    """Take money for a case: what remains, unless something else is typed."""
    view = case_to_change(case_id)
    form = TakeForm.of(view)
    if form.validate_on_submit() and (
        case := _done(form, lambda: service.take_payment(current_scope(), actor(), case_id, **form.values()))
    ):
        flash(
            _("Đã thu %(amount)s cho hồ sơ %(code)s.", amount=show_money(form.amount.data), code=case.code), "success"
        )
        return _after(case, printed=form.channel.data.at_counter)
    return _answer("take", view, form)


@bp.route("/ho-so/<int:case_id>/hoan-tra/<int:number>", methods=["GET", "POST"])
@allowed(Capability.TAKE_PAYMENTS)
def refund(case_id: int, number: int) -> Page:
    """Give a payment back, whole or in part."""
    view = case_to_change(case_id)
    payment = _payment(view, number)
    form = RefundForm.of(view, payment)
    if form.validate_on_submit() and (
        case := _done(form, lambda: service.refund_payment(current_scope(), actor(), case_id, number, **form.refund()))
    ):
        flash(_("Đã hoàn trả %(amount)s.", amount=show_money(form.amount.data)), "success")
        return _after(case)
    return _answer("refund", view, form, number=number)


@bp.get("/ho-so/<int:case_id>/bien-lai/<int:number>")
@signed_in
def receipt(case_id: int, number: int) -> str:
    """The receipt of a payment, for printing on A5."""
    return render_template("payments/receipt.html", document=_receipt(case_id, number), case_id=case_id, number=number)


@bp.get("/ho-so/<int:case_id>/bien-lai/<int:number>.<any(pdf,docx):ending>")
@signed_in
def receipt_file(case_id: int, number: int, ending: str) -> Response:
    document = _receipt(case_id, number)
    assert isinstance(document.letterhead, Letterhead)
    name, made = f"{document.letterhead.number}.{ending}", RENDERERS[ending]([document])
    return file_response(made, name, TYPES[ending], inline=ending == "pdf")


def _receipt(case_id: int, number: int) -> PrintedSlip:
    view = case_of_reader(case_id)
    payment = _payment(view, number)
    if not payment.receipt_number:
        raise NotFound("Khoản thu này không có biên lai.")
    taken, pressed, settings = view.event(number), press(), current_app.config["SETTINGS"]
    record_opening(actor(), view.case.code, "receipt")
    return paper.receipt(
        view.case,
        payment,
        payment.paid_at.astimezone(pressed.zone),
        taken.recorded_by or taken.actor,
        pressed.house,
        pressed.address(view.case.code),
        paper.Collector(settings.receipt_form, settings.tax_code),
    )


def _payment(view: CaseView, number: int) -> Payment:
    for payment in view.payments:
        if payment.event_number == number:
            return payment
    raise NotFound("Không tìm thấy khoản thu này.")


def _done(form: Any, verb: Callable[[], Case]) -> Case | None:
    """The case as changed; None when the service refused, and the form says why."""
    case = None
    with errors_shown_on(form):
        try:
            case = verb()
        except Conflict as error:
            form.conflict = error.field is None  # the case has moved on; not: this transaction is known
            raise
    return case


def _after(case: Case, printed: bool = False) -> Answer:
    """Back to the case, its newest receipt ready to be printed; to the desk when it has left the person's hands."""
    if not changeable_by(current_scope(), case):
        return redirect(url_for("cases.worklist"))
    if printed:  # the link to the receipt takes the focus, which an anchor would take from it
        return redirect(url_for("cases.show", case_id=case.id, bien_lai="moi"))
    return redirect(url_for("cases.show", case_id=case.id, _anchor="phi-le-phi"))


def _answer(name: str, view: CaseView, form: ActionForm, **more: Any) -> Page:
    """The form: a fragment in its place on the case's page, else a page of its own, with what went wrong."""
    meanwhile: list[Any] = []
    if form.is_submitted():  # a refusal has rolled back what was read
        seen = number_in(form.seen.data)
        view = case_to_change(view.case.id)
        if getattr(form, "conflict", False):
            meanwhile = view.since(seen) if seen is not None else []
            form.look_at(view)
    fragment = bool(request.htmx) and request.method == "GET"
    page = render_template(
        f"payments/_{name}.html" if fragment else f"payments/{name}.html",
        view=view,
        form=form,
        money=case_money(view),
        meanwhile=meanwhile,
        payment=_payment(view, more["number"]) if "number" in more else None,
    )
    return (page, 422) if form.errors or form.form_errors else page


# What the page of a case shows of its money.


@dataclass(frozen=True, slots=True)
class CaseMoney:
    """What a case owes and what was paid; `refunds` in the order in which they were given back."""

    balance: Balance
    refunds: Sequence[Refund]


def case_money(view: CaseView) -> CaseMoney:
    """Read for one case. Refunds are looked for only where something was given back."""
    refunds: Sequence[Refund] = []
    if any(payment.refunded for payment in view.payments):
        wanted = select(Refund).where(Refund.case_id == view.case.id).order_by(Refund.refunded_at, Refund.event_number)
        refunds = db.session.scalars(wanted).all()
    return CaseMoney(view.balance, refunds)


sections["payments"] = Section(case_money, "payments/_case.html")


# The cash summary: what was taken and given back on some days, by clerk.

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
        _name(span), _cash_header(), map(_payment_csv_row, cash.lines(_sight(), span)), _("Bảng kê thu phí, lệ phí")
    )


def _sight() -> Sight:
    """A clerk sees what they took themselves; heads, inspectors and administrators what is in their scope."""
    return Sight(current_scope(), None if can(Capability.OVERSEE_CASH) else person().id)


def _span() -> DaySpan:
    return SpanForm.of(request.args, today())[1]


def _name(span: DaySpan) -> str:
    return f"bang-ke-thu-{span.first:%Y-%m-%d}" + ("" if span.last == span.first else f"-{span.last:%Y-%m-%d}")


def _cash_header() -> list[str]:
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


# Reconciling with the payment portal: its lists, each line beside our records, and what is done about it.

_CHUNK = 1024 * 1024


def _scope() -> Scope:
    scope = current_scope()
    if not may_reconcile(scope):
        raise NotAllowed("Chỉ bộ phận một cửa, thanh tra và quản trị viên được đối chiếu với cổng thanh toán.")
    return scope


@bp.get("/thu-phi/doi-chieu")
@allowed(Capability.READ_STATEMENTS)
def statements() -> str:
    """The portal's lists that were taken in lately."""
    rows = queries.recent_statements(_scope())
    return render_template("payments/statements.html", rows=rows)


@bp.route("/thu-phi/doi-chieu/moi", methods=["GET", "POST"])
@allowed(Capability.RECONCILE_PAYMENTS)
def new_statement() -> Page:
    """Drop the portal's list: it is compared at once."""
    scope, form = _scope(), StatementForm()
    if form.validate_on_submit():
        with errors_shown_on(form):
            statement = _taken(scope, form)
            flash(counted("Đã đối chiếu %(n)s dòng của tệp.", statement.rows), "success")
            return redirect(url_for(".statement", statement_id=statement.id))
    page = render_template("payments/statement_new.html", form=form)
    return (page, 422) if form.is_submitted() else page


@bp.get("/thu-phi/doi-chieu/<int:statement_id>")
@allowed(Capability.READ_STATEMENTS)
def statement(statement_id: int) -> str:
    """One list: how its lines stand beside our records, and what of ours it does not have."""
    row = queries.one_statement(_scope(), statement_id)
    counts, state = queries.counts_of(row.statement), _state()
    return render_template(
        "payments/statement.html",
        row=row,
        counts=counts,
        state=state,
        lines=list(queries.lines_of(row.statement, state, SHOWN)),
        count=counts[state] if state else sum(counts.values()),
        unlisted=queries.unlisted(row.statement),
        refused=row.statement.refused[:SHOWN],
        MatchState=MatchState,
    )


@bp.post("/thu-phi/doi-chieu/<int:statement_id>/lai")
@allowed(Capability.RECONCILE_PAYMENTS)
def compare_again(statement_id: int) -> Answer:
    """Compare what is not settled with the records as they are now."""
    changed = reconciling.compare_again(_scope(), actor(), statement_id)
    flash(ngettext("%(num)s dòng thay đổi.", "%(num)s dòng thay đổi.", changed), "success")
    return redirect(url_for(".statement", statement_id=statement_id))


@bp.route("/thu-phi/doi-chieu/dong/<int:line_id>", methods=["GET", "POST"])
@allowed(Capability.RECONCILE_PAYMENTS)
def line(line_id: int) -> Page:
    """One line: record the missing payment on its case, or say how it was settled."""
    scope, form = _scope(), LineForm()
    seen = queries.one_line(scope, line_id)
    if form.validate_on_submit():
        note = form.note.data or ""
        with errors_shown_on(form):
            if "record" in request.form:
                over = bool(form.over_owed.data)
                reconciling.record_missing(scope, actor(), line_id, reason=note, over_owed=over)
                flash(_("Đã ghi nhận giao dịch %(n)s vào hồ sơ.", n=seen.line.transaction_number), "success")
            else:
                reconciling.settle(scope, actor(), line_id, note=note)
                flash(_("Đã ghi cách xử lý dòng %(row)s.", row=seen.line.row), "success")
            return redirect(url_for(".statement", statement_id=seen.line.statement_id))
    if form.is_submitted():  # a refusal has rolled back what was read
        seen = queries.one_line(scope, line_id)
    page = render_template("payments/line.html", form=form, seen=seen, MatchState=MatchState)
    return (page, 422) if form.is_submitted() else page


@bp.get("/thu-phi/doi-chieu/<int:statement_id>.csv")
@allowed(Capability.READ_STATEMENTS)
def statement_csv(statement_id: int) -> Response:
    """Every line with what came of it, as a file."""
    statement = queries.one_statement(_scope(), statement_id).statement
    return csv_response(
        f"doi-chieu-{statement.id}",
        _portal_header(),
        map(_statement_csv_row, queries.lines_of(statement, _state())),
        _("Đối chiếu cổng thanh toán"),
    )


@bp.get("/thu-phi/doi-chieu/<int:statement_id>/dong-bi-tu-choi.csv")
@allowed(Capability.READ_STATEMENTS)
def refused_lines(statement_id: int) -> Response:
    """Every refused line with its reason and its own cells."""
    statement = queries.one_statement(_scope(), statement_id).statement
    headings = list(dict.fromkeys(name for *_place, cells in statement.refused for name in cells))
    rows = (
        [row, column, reason, *(cells.get(name, "") for name in headings)]
        for row, column, reason, cells in statement.refused
    )
    header = [_("Dòng"), _("Cột"), _("Lý do"), *headings]
    title = _("Dòng bị từ chối: %(name)s", name=statement.file_name)
    return csv_response(f"dong-bi-tu-choi-{statement.id}", header, rows, title)


def _taken(scope: Scope, form: StatementForm) -> PortalStatement:
    """The upload is read from a file of its own, which is gone afterwards: its lines are kept, not the file."""
    upload = form.file.data
    name = (upload.filename or "").replace("\\", "/").rsplit("/", 1)[-1] or "tep"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "list"
        with path.open("wb") as file:
            while chunk := upload.stream.read(_CHUNK):
                file.write(chunk)
        return reconciling.take_statement(scope, actor(), path, name)


def _state() -> MatchState | None:
    asked = request.args.get("trang_thai", "")
    return MatchState(asked) if asked in set(MatchState) else None


def _portal_header() -> list[str]:
    header = [
        *(_("Dòng"), _("Kết quả đối chiếu"), _("Mã giao dịch"), _("Mã hồ sơ"), _("Người nộp")),
        *(_("Thời gian thanh toán"), _("Số tiền ở cổng (đồng)"), _("Số tiền ở phần mềm (đồng)")),
        *(_("Đang ghi ở hồ sơ"), _("Cách xử lý"), _("Người xử lý")),
    ]
    return [str(heading) for heading in header]


def _statement_csv_row(seen: LineSeen) -> list[object]:
    line = seen.line
    return [
        *(line.row, label(line.state), line.transaction_number, line.case_code, seen.applicant, line.paid_at),
        *(line.amount, line.recorded_amount, seen.elsewhere, line.note, seen.settled_by),
    ]
