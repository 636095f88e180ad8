"""Form II.06a and the summary by unit: pages, files, and the cases behind each number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from flask import Response, render_template, request, url_for
from flask_babel import force_locale
from flask_babel import gettext as _

from app.core.errors import DomainError, NotFound
from app.core.periods import Period, PeriodKind
from app.organisation.access import Scope, actor, allowed, current_scope, person
from app.organisation.calendars import today
from app.organisation.exports import csv_response, trace_export
from app.organisation.permissions import Capability
from app.reporting.control import paper, queries
from app.reporting.control.forms import ControlForm
from app.reporting.control.queries import Doubt, Line, Rows
from app.reporting.paper_parts import house
from app.reporting.views import bp
from app.slips.document import PrintedSlip
from app.slips.printing import RENDERERS, TYPES
from app.web.formats import in_words
from app.web.forms import whole_number

MOST_CAUSES = 200
MOST_CAUSES_IN_FILES = 5_000
PAGE = 100
ENDINGS = "pdf,docx,xlsx"


@bp.get("/bao-cao/thu-tuc", endpoint="control_reports")
@allowed(Capability.READ_RESULTS)
def reports() -> str:
    """The form of the period asked for, or of the last month that is over by the report's own days."""
    asked = request.args.get("ky", "")
    if asked:
        period = _period(asked)
    else:
        period = Period.of(PeriodKind.MONTH, today())
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
    return render_template(
        "reporting/control/report.html",
        period=period,
        named=named,
        told=told,
        rows=rows,
        form=ControlForm.of(period, rows, today()),
        documents=_papers(scope, told, MOST_CAUSES, linked=True),
    )


@bp.get(f"/bao-cao/thu-tuc/<key>.<any({ENDINGS}):ending>", endpoint="control_report_file")
@allowed(Capability.READ_RESULTS)
def report_file(key: str, ending: str) -> Response:
    """The same as a file."""
    period, rows, scope = _period(key), _rows(), current_scope()
    told = queries.control_figures(scope, period, rows)
    made, name = RENDERERS[ending](_papers(scope, told, MOST_CAUSES_IN_FILES)), _name(period, rows)
    trace_export(actor(), name, len(told.lines), ending)
    response = Response(made, mimetype=TYPES[ending])
    response.headers.set("Content-Disposition", "attachment", filename=f"{name}.{ending}")
    return response


@bp.get("/bao-cao/thu-tuc/<key>/bang.csv", endpoint="control_report_csv")
@allowed(Capability.READ_RESULTS)
def report_csv(key: str) -> Response:
    """The lines alone."""
    period, rows = _period(key), _rows()
    told = queries.control_figures(current_scope(), period, rows)
    header = [heading or paper.FORMS[rows][2] for heading in paper.HEADINGS]
    return csv_response(_name(period, rows), header, paper.rows_of(told), _("Kết quả giải quyết thủ tục hành chính"))


@bp.get("/bao-cao/thu-tuc/<key>/ho-so", endpoint="control_cases")
@allowed(Capability.READ_RESULTS)
def cases(key: str) -> str:
    """The cases that a number of the form counts."""
    period, rows = _period(key), _rows()
    column = request.args.get("cot", 3, type=whole_number) or 3
    doubt = Doubt(asked) if (asked := request.args.get("nghi_van", "")) in set(Doubt) else None
    if column not in paper.COLUMNS:
        raise NotFound("Biểu này không có cột %(column)s.", column=column)
    line = request.args.get("dong", "")
    if rows is Rows.UNIT and line and not (line.isdecimal() and len(line) < 10):
        raise NotFound("Không tìm thấy đơn vị này.")
    chosen = queries.case_lines(current_scope(), period, rows, queries.counted_columns(column), doubt, line)
    page, total = max(request.args.get("trang", 1, type=whole_number) or 1, 1), queries.how_many(chosen)
    return render_template(
        "reporting/control/cases.html",
        period=period,
        column=paper.HEADINGS[column - 1],
        doubt=paper.DOUBTS[doubt].format(n=total) if doubt else "",
        cases=queries.listed(chosen, PAGE, (page - 1) * PAGE),
        total=total,
        page=page,
        pages=-(-total // PAGE),
        rows=rows,
    )


def _papers(
    scope: Scope, told: queries.ControlFigures, most_causes: int, *, linked: bool = False
) -> Sequence[PrintedSlip]:
    with force_locale("vi"):
        causes = queries.causes(scope, told.span.period, told.rows, most_causes)
        ours = house()
        reporter = ours.department if scope.unit_ids is None else person().unit.name
        if not linked:
            return paper.documents(told, causes, ours, reporter, today())
        causes = [replace(each, link=url_for("cases.show", case_id=each.case.id)) for each in causes]

        def behind(line: Line, column: int) -> str:
            return url_for(
                ".control_cases", key=told.span.period.key, theo=told.rows, cot=column, dong=line.key or None
            )

        def doubtful(doubt: Doubt) -> str:
            return url_for(".control_cases", key=told.span.period.key, theo=told.rows, nghi_van=doubt)

        return paper.documents(told, causes, ours, reporter, today(), behind, doubtful)


def _name(period: Period, rows: Rows) -> str:
    return f"ket-qua-giai-quyet-tthc-{period.key}-{rows}"


def _rows() -> Rows:
    asked: Any = request.args.get("theo", "")
    return Rows(asked) if asked in set(Rows) else Rows.FIELD


def _period(key: str) -> Period:
    try:
        period = Period.parse(key)
    except DomainError as error:
        raise NotFound(error.message, field="period", **error.params) from error
    if queries.control_span(period).first > today():
        raise NotFound("Kỳ %(period)s chưa bắt đầu.", period=in_words(period))
    return period
