"""Form II.06a and the summary by unit: pages, files, and the cases behind each number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from flask import Response, flash, redirect, render_template, request, url_for
from flask_babel import force_locale
from flask_babel import gettext as _
from werkzeug.wrappers import Response as Answer

from app.core.errors import NotFound
from app.core.periods import Period
from app.organisation.access import Scope, actor, allowed, current_scope, person
from app.organisation.calendars import this_month, today
from app.organisation.exports import csv_response, report_response
from app.organisation.permissions import Capability
from app.reporting.control import carry_over, paper, queries, service
from app.reporting.control.carry_over import CarryOver, CaseApart
from app.reporting.control.form import Rows
from app.reporting.control.queries import Doubt, Line
from app.reporting.forms import ControlForm, SendingForm, SendingReasonForm, begun, page_asked, pages_of
from app.reporting.models import SentReport
from app.reporting.paper_parts import house
from app.reporting.views import bp
from app.slips.document import PrintedSlip
from app.slips.printing import RENDERERS, TYPES
from app.web.formats import in_words, show_date
from app.web.forms import errors_shown_on, whole_number

MOST_CAUSES = 200
MOST_CAUSES_IN_FILES = 5_000
PAGE = 100
ENDINGS = "pdf,docx,xlsx"
Page = str | Answer | tuple[str, int]


@bp.get("/bao-cao/thu-tuc", endpoint="control_reports")
@allowed(Capability.READ_RESULTS)
def reports() -> str:
    """The form of the period asked for, or of the last month that is over by the report's own days."""
    asked = request.args.get("ky", "")
    if asked:
        period = _period(asked)
    else:
        period = this_month()
        while queries.control_span(period).last >= today():
            period = period.previous()
    return _page(period, named=False)


@bp.get("/bao-cao/thu-tuc/<key>", endpoint="control_report")
@allowed(Capability.READ_RESULTS)
def report(key: str) -> str:
    """The form of a period; every number leads to its cases."""
    return _page(_period(key))


def _page(period: Period, *, named: bool = True) -> str:
    rows, scope = _rows(), current_scope()
    told = queries.control_figures(scope, period, rows)
    sent = carry_over.sent_for(scope, period, period.previous())
    carried = carry_over.carry_over(scope, told, sent.get(period.previous().key))
    return render_template(
        "reporting/control/report.html",
        period=period,
        named=named,
        told=told,
        rows=rows,
        form=ControlForm.of(period, rows, today()),
        sent=sent.get(period.key),
        carried=carried,
        documents=_papers(scope, told, carried, MOST_CAUSES, linked=True),
    )


@bp.get(f"/bao-cao/thu-tuc/<key>.<any({ENDINGS}):ending>", endpoint="control_report_file")
@allowed(Capability.READ_RESULTS)
def report_file(key: str, ending: str) -> Response:
    period, rows, scope = _period(key), _rows(), current_scope()
    told = queries.control_figures(scope, period, rows)
    sent = carry_over.sent_for(scope, period.previous())
    carried = carry_over.carry_over(scope, told, sent.get(period.previous().key))
    made = RENDERERS[ending](_papers(scope, told, carried, MOST_CAUSES_IN_FILES))
    return report_response(made, _name(period, rows), ending, TYPES[ending], len(told.lines))


@bp.get("/bao-cao/thu-tuc/<key>/bang.csv", endpoint="control_report_csv")
@allowed(Capability.READ_RESULTS)
def report_csv(key: str) -> Response:
    period, rows = _period(key), _rows()
    told = queries.control_figures(current_scope(), period, rows)
    header = paper.headings(told.span.form, rows)
    return csv_response(_name(period, rows), header, paper.rows_of(told), _("Kết quả giải quyết thủ tục hành chính"))


@bp.get("/bao-cao/thu-tuc/<key>/ho-so", endpoint="control_cases")
@allowed(Capability.READ_RESULTS)
def cases(key: str) -> str:
    """The cases that a number of the form counts."""
    period, rows = _period(key), _rows()
    column = request.args.get("cot", 3, type=whole_number) or 3
    doubt = Doubt(asked) if (asked := request.args.get("nghi_van", "")) in set(Doubt) else None
    form = queries.control_span(period).form
    if column not in form.numbers:
        raise NotFound("Biểu này không có cột %(column)s.", column=column)
    line = request.args.get("dong", "")
    if rows is Rows.UNIT and line and not (line.isdecimal() and len(line) < 10):
        raise NotFound("Không tìm thấy đơn vị này.")
    chosen = queries.case_lines(current_scope(), period, rows, form.counted(column), doubt, line)
    page, total = page_asked(), queries.how_many(chosen)
    return render_template(
        "reporting/control/cases.html",
        period=period,
        column=paper.headings(form, rows)[column - 1],
        doubt=paper.doubt_in_words(form, doubt, str(total)) if doubt else "",
        cases=queries.listed(chosen, PAGE, (page - 1) * PAGE),
        total=total,
        page=page,
        pages=pages_of(total, PAGE),
        rows=rows,
    )


@bp.get("/bao-cao/thu-tuc/<key>/lech", endpoint="control_apart")
@allowed(Capability.READ_RESULTS)
def apart(key: str) -> str:
    """The cases by which the carry-over differs from the report before it, as that was sent, and why each does."""
    period, rows, scope = _period(key), _rows(), current_scope()
    before = period.previous()
    report = carry_over.sent_for(scope, before).get(before.key)
    if report is None:
        raise NotFound("Kỳ %(period)s chưa ghi là đã gửi báo cáo.", period=in_words(before))
    carried = carry_over.carry_over(scope, queries.control_figures(scope, period, rows), report)
    page = page_asked()
    listed = carry_over.listed_apart(scope, period, rows, report.id, PAGE, (page - 1) * PAGE)
    start = queries.window_of(carried.before).end
    return render_template(
        "reporting/control/apart.html",
        period=period,
        rows=rows,
        carried=carried,
        cases=[(each, _why(each, report, start, rows)) for each in listed],
        page=page,
        pages=pages_of(carried.cases, PAGE),
    )


def _why(case: CaseApart, report: SentReport, start: datetime, rows: Rows) -> str:
    """What the records tell of a case that is not where it was when the report was sent. `start`: of the period."""
    if case.received_at is None:
        return str(_("Không còn trên phần mềm: lần nhập đã được hoàn tác."))
    if not case.was_sent:
        if case.recorded_at is not None and case.recorded_at >= report.recorded_at:
            return str(_("Ghi vào phần mềm ngày %(day)s, sau khi gửi.", day=show_date(case.recorded_at)))
        return str(_("Khi gửi không tính là đang giải quyết; tiếp nhận hoặc kết thúc được sửa sau khi gửi."))
    if case.annulled_at is not None:
        return str(_("Đã hủy ngày %(day)s.", day=show_date(case.annulled_at)))
    if case.ended_at is not None and case.ended_at < start:
        return str(_("Kết thúc ngày %(day)s, ghi sau khi gửi.", day=show_date(case.ended_at)))
    if case.received_at >= start:
        return str(_("Ngày tiếp nhận sửa thành %(day)s sau khi gửi.", day=show_date(case.received_at)))
    return str(_("Khi gửi ở lĩnh vực khác.") if rows is Rows.FIELD else _("Khi gửi ở đơn vị khác."))


@bp.get("/bao-cao/thu-tuc/<key>/da-gui", endpoint="sent_control_reports")
@allowed(Capability.SEND_REPORTS)
def sent_reports(key: str) -> str:
    """Every sending of a period with the figures as they were then."""
    period = _period(key)
    return render_template(
        "reporting/control/sent.html",
        period=period,
        reports=carry_over.sent_reports(current_scope(), period),
        rows=_rows(),
    )


@bp.route("/bao-cao/thu-tuc/<key>/gui", methods=["GET", "POST"], endpoint="send_control_report")
@allowed(Capability.SEND_REPORTS)
def send(key: str) -> Page:
    """Say that the report of a period was sent; its figures are kept as they are now."""
    period, form = _period(key), SendingForm(data={"sent_on": today()})
    if form.validate_on_submit():
        with errors_shown_on(form):
            service.mark_report_sent(
                actor(),
                period,
                sent_on=form.sent_on.data,
                document=form.document.data or "",
                note=form.note.data or "",
            )
            flash(_("Đã ghi báo cáo đã gửi; số liệu được giữ như lúc này."), "success")
            return redirect(url_for(".control_report", key=period.key))
    page = render_template("reporting/control/send.html", period=period, form=form, report=None)
    return page, 422 if form.errors or form.form_errors else 200


@bp.route("/bao-cao/thu-tuc/da-gui/<int:report_id>/rut", methods=["GET", "POST"], endpoint="withdraw_sent_report")
@allowed(Capability.SEND_REPORTS)
def withdraw(report_id: int) -> Page:
    """Take back that a report was sent."""
    report, form = carry_over.standing(current_scope(), report_id), SendingReasonForm()
    if report is None:
        raise NotFound("Không tìm thấy lần gửi này.")
    period = Period.parse(report.period)
    if form.validate_on_submit():
        with errors_shown_on(form):
            service.withdraw_sent_report(actor(), report_id, reason=form.reason.data or "")
            flash(_("Đã rút việc ghi đã gửi; số liệu đã giữ vẫn còn."), "success")
            return redirect(url_for(".control_report", key=period.key))
    page = render_template("reporting/control/send.html", period=period, form=form, report=report)
    return page, 422 if form.errors or form.form_errors else 200


def _papers(
    scope: Scope, told: queries.ControlFigures, carried: CarryOver, most_causes: int, *, linked: bool = False
) -> Sequence[PrintedSlip]:
    with force_locale("vi"):
        causes = queries.causes(scope, told.span.period, told.rows, most_causes)
        ours = house()
        reporter = ours.department if scope.is_whole else person().unit.name
        if not linked:
            return paper.documents(told, causes, ours, reporter, today(), carried=carried)
        causes = [replace(each, link=url_for("cases.show", case_id=each.case.id)) for each in causes]

        def behind(line: Line, column: int) -> str:
            return url_for(
                ".control_cases", key=told.span.period.key, theo=told.rows, cot=column, dong=line.key or None
            )

        def doubtful(doubt: Doubt) -> str:
            return url_for(".control_cases", key=told.span.period.key, theo=told.rows, nghi_van=doubt)

        apart = url_for(".control_apart", key=told.span.period.key, theo=told.rows)
        return paper.documents(told, causes, ours, reporter, today(), behind, doubtful, carried, apart)


def _name(period: Period, rows: Rows) -> str:
    return f"ket-qua-giai-quyet-tthc-{period.key}-{rows}"


def _rows() -> Rows:
    asked: Any = request.args.get("theo", "")
    return Rows(asked) if asked in set(Rows) else Rows.FIELD


def _period(key: str) -> Period:
    return begun(key, lambda period: queries.control_span(period).first)
