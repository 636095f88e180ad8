"""The outline of the reform report: its page and its files."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import Response, current_app, render_template, request, url_for
from flask_babel import force_locale

from app.core.errors import NotFound
from app.core.periods import Period
from app.organisation.access import allowed, can, current_scope, person
from app.organisation.calendars import today
from app.organisation.exports import report_response
from app.organisation.permissions import Capability
from app.reporting.control.form import Rows
from app.reporting.control.queries import control_span, how_many, listed
from app.reporting.forms import ReformForm, begun, last_periods, page_asked, pages_of, period_choices
from app.reporting.paper_parts import house
from app.reporting.reform import paper
from app.reporting.reform.outline import KINDS, LISTS, OutlineItem, ReformFigures, cases_behind, outline, reform_figures
from app.reporting.views import bp
from app.slips.document import PrintedSlip
from app.slips.printing import RENDERERS, TYPES

ENDINGS = "pdf,docx,xlsx"
PAST = 4
PAGE = 100


@bp.get("/bao-cao/cai-cach", endpoint="reform_reports")
@allowed(Capability.READ_RESULTS)
def reports() -> str:
    """The outline of the period asked for, or of the last reported one that is over."""
    if asked := request.args.get("ky", ""):
        return _page(_period(asked), named=False)
    return _page(max(each for each in _offered() if control_span(each).last < today()), named=False)


@bp.get("/bao-cao/cai-cach/<key>", endpoint="reform_report")
@allowed(Capability.READ_RESULTS)
def report(key: str) -> str:
    return _page(_period(key))


def _page(period: Period, *, named: bool = True) -> str:
    told = reform_figures(current_scope(), period)
    form = ReformForm(data={"ky": period.key})
    form.ky.choices = period_choices({period, *_offered()}, latest_first=True)
    return render_template(
        "reporting/reform/report.html",
        period=period,
        named=named,
        told=told,
        form=form,
        documents=papers(told, _reporter(), linked=True),
    )


@bp.get(f"/bao-cao/cai-cach/<key>.<any({ENDINGS}):ending>", endpoint="reform_report_file")
@allowed(Capability.READ_RESULTS)
def report_file(key: str, ending: str) -> Response:
    told = reform_figures(current_scope(), _period(key))
    made, name = RENDERERS[ending](papers(told, _reporter())), f"bao-cao-cchc-{told.span.period.key}"
    return report_response(made, name, ending, TYPES[ending], len(told.values))


@bp.get("/bao-cao/cai-cach/<key>/ho-so", endpoint="reform_cases")
@allowed(Capability.READ_RESULTS)
def cases(key: str) -> str:
    """The cases that a figure counts."""
    period, fact = _period(key), request.args.get("so", "")
    span = control_span(period)
    chosen = cases_behind(current_scope(), span, fact)
    total, page = how_many(chosen), page_asked()
    return render_template(
        "reporting/reform/cases.html",
        period=period,
        span=span,
        figure=next(item.words for part in outline().chapters for item in part.items if item.fact == fact),
        payments=fact.startswith("payment."),
        cases=listed(chosen, PAGE, (page - 1) * PAGE),
        total=total,
        page=page,
        pages=pages_of(total, PAGE),
    )


def _reporter() -> str:
    """Whose figures the person signed in sees."""
    return house().department if current_scope().is_whole else str(person().unit.name)


def papers(told: ReformFigures, reporter: str, *, linked: bool = False) -> Sequence[PrintedSlip]:
    """The paper of the reporter, with addresses on this site where `linked`."""
    with force_locale("vi"):
        ours = house()
        if not linked:
            return paper.documents(told, ours, reporter, today())

        def leads(item: OutlineItem) -> str:
            if item.column is not None:
                key, column = told.span.period.key, item.column
                return url_for(".control_cases", key=key, theo=Rows.FIELD.value, cot=column)
            if item.fact in LISTS:
                return url_for(".reform_cases", key=told.span.period.key, so=item.fact)
            view = current_app.view_functions.get(item.page or "")
            needed: Any = view.__dict__.get("capability") if view else None
            of: dict[str, Any] = {"loai": item.filed.value, "nam": told.span.last.year} if item.filed else {}
            return url_for(item.page, **of) if item.page and view and (needed is None or can(needed)) else ""

        return paper.documents(told, ours, reporter, today(), leads)


def _offered() -> set[Period]:
    """The last reported periods of each length that have begun."""

    def reported(period: Period) -> bool:
        return outline().reports(period) and control_span(period).first <= today()

    return last_periods(dict.fromkeys(KINDS, PAST), today(), reported)


def _period(key: str) -> Period:
    if Period.of_address(key).kind not in KINDS:
        raise NotFound("Báo cáo cải cách hành chính lập theo quý, 6 tháng hoặc năm.")
    return begun(key, lambda period: control_span(period).first)
