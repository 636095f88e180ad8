"""The grades of Circular 01/2018: their page and files, and the cases behind a unit or an officer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import Response, render_template, request, url_for
from flask_babel import force_locale

from app.core.errors import NotFound
from app.core.periods import Period, PeriodKind
from app.organisation import queries as organisation
from app.organisation.access import allowed, current_scope
from app.organisation.calendars import today
from app.organisation.exports import report_response
from app.organisation.permissions import Capability
from app.reporting.forms import GradesForm, begun, last_periods, page_asked, pages_of, period_choices
from app.reporting.grades import paper
from app.reporting.grades.definition import Gives, Indicator, grades
from app.reporting.grades.queries import (
    KINDS,
    GradeFigures,
    GradeLine,
    grade_figures,
    graded,
    graded_cases,
    graded_stays,
    online_cases,
    online_ground,
)
from app.reporting.index import measures
from app.reporting.index.figures import window_of
from app.reporting.paper_parts import house
from app.reporting.views import bp
from app.slips.document import PrintedSlip
from app.slips.printing import RENDERERS, TYPES
from app.web.forms import whole_number

ENDINGS = "pdf,docx,xlsx"
PAST = 6
PAGE = 100
OF_CASES = (Gives.TIME, Gives.CONTACTS, Gives.CONDUCT)


@bp.get("/bao-cao/danh-gia", endpoint="grade_reports")
@allowed(Capability.READ_RESULTS)
def reports() -> str:
    """The grades of the period asked for, or of the last quarter that is over."""
    asked = request.args.get("ky", "")
    return _page(begun(asked) if asked else Period.of(PeriodKind.QUARTER, today()).previous(), named=False)


@bp.get("/bao-cao/danh-gia/<key>", endpoint="grade_report")
@allowed(Capability.READ_RESULTS)
def report(key: str) -> str:
    return _page(begun(key))


def _page(period: Period, *, named: bool = True) -> str:
    told = grade_figures(current_scope(), period)
    form = GradesForm(data={"ky": period.key})
    form.ky.choices = period_choices({period, *last_periods(dict.fromkeys(KINDS, PAST), today())})
    return render_template(
        "reporting/grades/report.html",
        period=period,
        named=named,
        told=told,
        form=form,
        documents=papers(told, linked=True),
    )


@bp.get(f"/bao-cao/danh-gia/<key>.<any({ENDINGS}):ending>", endpoint="grade_report_file")
@allowed(Capability.READ_RESULTS)
def report_file(key: str, ending: str) -> Response:
    told = grade_figures(current_scope(), begun(key))
    made, name = RENDERERS[ending](papers(told)), f"danh-gia-tthc-{told.period.key}"
    return report_response(made, name, ending, TYPES[ending], len(told.units) + len(told.officers))


@bp.get("/bao-cao/danh-gia/<key>/ho-so", endpoint="graded_cases")
@allowed(Capability.READ_RESULTS)
def cases(key: str) -> str:
    """The cases of a unit, or of an officer of it, with the points that each gives."""
    period, scope = graded(begun(key)), current_scope()
    unit = organisation.unit_by_code(request.args.get("don_vi", ""))
    if unit is None or not scope.covers(unit.id):
        raise NotFound("Không tìm thấy đơn vị này.")
    officer = request.args.get("can_bo", "")[:120]
    page = page_asked()
    total, found = graded_cases(scope, window_of(period), unit.id, officer, PAGE, (page - 1) * PAGE)
    return render_template(
        "reporting/grades/cases.html",
        period=period,
        unit=unit,
        officer=officer,
        cases=found,
        gives=Gives,
        total=total,
        page=page,
        pages=pages_of(total, PAGE),
    )


@bp.get("/bao-cao/danh-gia/<key>/gom", endpoint="grade_ground")
@allowed(Capability.READ_RESULTS)
def ground(key: str) -> str:
    """What a mark that is not of cases is counted from: stays in stages, petitions, cases by how they came."""
    period, scope = graded(begun(key)), current_scope()
    unit, officer = organisation.unit_by_code(request.args.get("don_vi", "")), request.args.get("can_bo", "")[:120]
    if unit is None or not scope.covers(unit.id):
        raise NotFound("Không tìm thấy đơn vị này.")
    number = request.args.get("chi_so", type=whole_number)
    indicator = next((each for each in grades().indicators if each.number == number), None)
    if indicator is None or indicator.told_by not in (Gives.STAGES, Gives.PETITIONS, Gives.ONLINE):
        raise NotFound("Không có danh sách cho số này.")
    page, window = page_asked(), window_of(period)
    told: dict[str, Any] = {}
    if indicator.told_by is Gives.STAGES:
        total, told["stays"] = graded_stays(scope, window, unit.id, officer, PAGE, (page - 1) * PAGE)
    elif indicator.told_by is Gives.PETITIONS:
        due = measures.petitions_behind(scope, period, window, {unit.code: unit.name})
        total, told["petitions"] = len(due), due[(page - 1) * PAGE : page * PAGE]
    else:
        told["ground"] = online_ground(scope, period, window, unit.id)
        total, told["cases"] = told["ground"].number, online_cases(scope, window, unit.id, PAGE, (page - 1) * PAGE)
    return render_template(
        "reporting/grades/ground.html",
        period=period,
        unit=unit,
        officer=officer,
        indicator=indicator,
        total=total,
        page=page,
        pages=pages_of(total, PAGE),
        **told,
    )


def papers(told: GradeFigures, *, linked: bool = False) -> Sequence[PrintedSlip]:
    """The paper, with addresses on this site where `linked`."""
    with force_locale("vi"):
        if not linked:
            return paper.documents(told, house(), today())

        def leads(line: GradeLine, indicator: Indicator | None) -> str:
            whose: dict[str, Any] = {"key": told.period.key, "don_vi": line.unit.code, "can_bo": line.officer or None}
            if indicator is None or indicator.told_by in OF_CASES:
                return url_for(".graded_cases", **whose)
            return url_for(".grade_ground", **whose, chi_so=indicator.number)

        return paper.documents(told, house(), today(), leads)
