"""Reconciling with the payment portal: its lists, each line beside our records, and what is done about it."""

from __future__ import annotations

import tempfile
from pathlib import Path

from flask import Response, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.wrappers import Response as Answer

from app.core.errors import NotAllowed
from app.organisation.access import Scope, actor, allowed, current_scope
from app.organisation.exports import csv_response
from app.organisation.permissions import Capability
from app.payments import reconciling
from app.payments import statement_queries as queries
from app.payments.forms import LineForm, StatementForm
from app.payments.models import MatchState, PortalStatement
from app.payments.reconciling import may_reconcile
from app.payments.statement_queries import LineSeen
from app.payments.views import bp
from app.web.formats import counted, label
from app.web.forms import errors_shown_on

SHOWN = 500  # lines on the page; all of them are in the file
_CHUNK = 1024 * 1024

Page = Answer | str | tuple[str, int]


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
        _header(),
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


def _header() -> list[str]:
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
