"""Runs of the check: the matrix, a run's papers, the list of runs, two runs side by side, downloads."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from itertools import groupby
from typing import Any
from urllib.parse import quote

from flask import Response, abort, flash, json, make_response, redirect, render_template, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from htmx_flask import request
from markupsafe import Markup, escape
from werkzeug.wrappers import Response as Answer

from app.compliance import queries
from app.compliance.adoption import repository
from app.compliance.explaining import (
    due_shown,
    fact_lines,
    fact_rows,
    fraction_shown,
    inside,
    is_count,
    known_shown,
    share_shown,
    shortfall_shown,
    target_shown,
    unit_name,
)
from app.compliance.forms import MatrixForm, PeriodForm, RunForm, RunsFilterForm, neighbours
from app.compliance.models import CheckRun, ViolationChange
from app.compliance.overview import OfRuns
from app.compliance.queries import ResultRow
from app.compliance.queries import matrix as matrices
from app.compliance.queries.matrix import MatrixCell, UnitTally
from app.compliance.runs import output, service
from app.compliance.runs.comparison import AdjustableFigure, JudgementComparison, adjustable_figures, compare_judgements
from app.compliance.runs.comparison import compare as compare_runs
from app.compliance.runs.matrix import MatrixView, RuleLine, columns_of, matrix_of
from app.compliance.runs.verification import verify_run
from app.compliance.views import bp
from app.compliance.violations.cells import told_in_short
from app.compliance.wording import parameter_in_words
from app.core import facts
from app.core.errors import DomainError
from app.core.periods import Period, PeriodKind
from app.organisation.access import Actor, Scope, actor, allowed, current_scope, person
from app.organisation.calendars import last_month, provisional_years, today
from app.organisation.exports import csv_response, trace_export
from app.organisation.permissions import Capability
from app.organisation.queries import units
from app.organisation.succession import ended_notes
from app.rulepacks.language import Rule, Status
from app.rulepacks.pack import Pack
from app.web import jobs
from app.web.badges import icon_of
from app.web.formats import in_both, label, language, sentence, show_date
from app.web.forms import errors_shown_on, whole_number
from app.web.jobs import Job, JobState


@bp.get("/kiem-tra")
@allowed(Capability.READ_RESULTS)
def matrix() -> str:
    """Rules by units: the run asked for, or the one that stands for the period. Of one unit, a list."""
    scope, judged = current_scope(), queries.judged_periods(current_scope())
    run = _asked_run() or queries.latest_run(scope, _asked_period())
    period = Period.parse(run.period) if run else _asked_period() or last_month()
    return render_template(
        "compliance/matrix.html",
        run=run,
        period=period,
        newer=queries.newer_part(scope, run) if run else None,
        another_year=_of_another_year(run) if run else [],
        provisional=_provisional(run) if run else [],
        form=PeriodForm.of(period, judged),
        neighbours=neighbours(period),
        begun=period.next().first <= today(),
        **(_drawn(run) if run else {}),
    )


def _drawn(run: CheckRun) -> dict[str, Any]:
    """The matrix as the page shows it, narrowed as its address says."""
    scope, packs = current_scope(), repository.packs_of(run)
    everywhere = matrices.unit_tallies(scope, run)
    form = MatrixForm.of(request.args, packs.values(), [each.unit for each in everywhere])
    view = form.view(request.args.get("page", 1, type=whole_number))
    if len(everywhere) == 1:
        view = replace(view, unit=everywhere[0].unit.code)
    columns, page, pages = columns_of(view, everywhere)
    alone = columns[0] if view.unit and columns else None
    across = tuple((each.unit.id, each.unit.code) for each in columns)
    asked = (matrices.told_by(scope, run), view, across, language(), request.root_path)
    kept = _boards.of(
        [run], asked, lambda _runs: {run.id: _board(scope, run, view, columns, packs, detailed=alone is not None)}
    )
    return {
        "narrow": form,
        "view": view,
        "columns": columns,
        "page": page,
        "pages": pages,
        "alone": alone,
        "notes": ended_notes(each.unit.id for each in columns),
        **kept[run.id],
    }


_boards: OfRuns[dict[str, Any]] = OfRuns(12)
"""The last boards that were looked at, as they are written: what a run found is never written again, and a month of a
large Department is four thousand cells a page, half a megabyte."""


def _board(
    scope: Scope,
    run: CheckRun,
    view: MatrixView,
    columns: tuple[UnitTally, ...],
    packs: Mapping[str, Pack],
    *,
    detailed: bool,
) -> dict[str, Any]:
    """What of a page of the matrix is the run's alone."""
    cells = matrices.matrix_cells(scope, run.id, [each.unit.id for each in columns], view.pack)
    tallies = matrices.rule_tallies(scope, run)
    shown = matrix_of(view, repository.every_rule(packs.values()), tallies, columns, cells)
    return {
        "tallies": shown.counts,
        "parts": [
            {
                "title": in_both(part.pack.info.title),
                "pack": part.pack.id,
                "lines": _lines(run, part.lines, columns, detailed=detailed),
                "folded": [_named(line) for line in part.folded],
            }
            for part in shown.parts
        ],
    }


def _named(line: RuleLine) -> dict[str, Any]:
    rule = line.rule
    return {
        "code": rule.id.upper(),
        "title": in_both(rule.title),
        "place": rule.legal_basis.place,
        "href": url_for(".rule", pack=line.pack.id, rule=rule.id),
    }


def _lines(
    run: CheckRun, lines: Iterable[RuleLine], columns: Sequence[UnitTally], *, detailed: bool
) -> list[dict[str, Any]]:
    """Rules with their cells: the one cell in words (`detailed`), or all as they are written. What many units have
    alike is put into words once."""
    codes = [quote(each.unit.code) for each in columns]
    drawn = []
    for line in lines:
        address = results_address(run.id, line.pack.id, line.rule.id)
        failing, judged = line.counts[Status.FAIL], line.counts.total() - line.counts[Status.NOT_APPLICABLE]
        told = {**_named(line), "failing": failing, "judged": judged}
        if detailed:
            cell = line.cells[0]
            told |= {"cell": None if cell is None else _cell(cell, line.rule), "cell_href": address + codes[0]}
        else:
            told["written"] = _written(line, str(escape(address)), [str(escape(code)) for code in codes])
        drawn.append(told)
    return drawn


def _written(line: RuleLine, address: str, codes: Sequence[str]) -> Markup:
    """The cells of a line as the matrix has them (components/matrix.html), written in one step, for a Department of
    many units has thousands. What is not applicable, as most of a month is, has the look of the table."""
    known, pieces = dict[MatrixCell, str](), []
    for cell, code in zip(line.cells, codes, strict=True):
        if cell is None:
            pieces.append("<td>")
            continue
        if cell not in known:
            known[cell] = _after(_cell(cell, line.rule))
        status = cell.status
        looks = "" if status is Status.NOT_APPLICABLE else f' class="is-{status} i-{icon_of(status)}"'
        pieces.append(f'<td{looks}><a href="{address}{code}"{known[cell]}</a>')
    return Markup("".join(pieces))  # noqa: S704  every part was escaped


def _after(cell: dict[str, Any]) -> str:
    """What follows a cell's address: its title; its status, to be read, and its figure."""
    shown, title = escape(cell["shown"]), escape(cell["title"])
    said = f"<b>{escape(label(cell['status']))}</b>{shown}" if shown else ""
    return f' title="{title}">{said}' if title else f">{said}"


def _cell(cell: MatrixCell, rule: Rule) -> dict[str, Any]:
    figures = {
        "fraction": fraction_shown(cell),
        "known": known_shown(rule, cell.denominator, cell.unknown),
        "missing": shortfall_shown(rule, cell.shortfall, cell.comparison),
        "due": due_shown(cell.due),
    }
    shown = _cell_shown(cell)
    more = [text for name, text in figures.items() if text and (cell.denominator or name != "fraction")]
    told = more if shown else [label(cell.status), *more]
    return {"status": cell.status, "shown": shown, "title": " · ".join(told), **figures}


def _cell_shown(cell: MatrixCell) -> str:
    """What a cell shows beside its symbol: its share, or the day until which it is pending."""
    if cell.status is Status.PENDING and cell.due is not None:
        return show_date(cell.due)
    return share_shown(cell) if cell.value is not None else ""


@bp.get("/kiem-tra/<int:run_id>/bang.csv")
@allowed(Capability.READ_RESULTS)
def matrix_csv(run_id: int) -> Response:
    """The whole matrix of a run as a spreadsheet: a rule a line, a unit a column."""
    scope = current_scope()
    found = queries.the_run(scope, run_id)
    packs, everywhere = repository.packs_of(found), matrices.unit_tallies(scope, found)
    ids = [each.unit.id for each in everywhere]
    tallies, cells = matrices.rule_tallies(scope, found), matrices.matrix_cells(scope, run_id, ids)
    header = [_("Kế hoạch"), _("Mục"), _("Quy tắc"), _("Tên quy tắc"), _("Số đơn vị vi phạm")]
    rows = []
    for pack, rule in repository.every_rule(packs.values()):
        if (counts := tallies.get((pack.id, rule.id))) is None:
            continue
        mine = cells.get((pack.id, rule.id), {})
        told = [in_both(pack.info.title), rule.legal_basis.place, rule.id, in_both(rule.title), counts[Status.FAIL]]
        rows.append([*told, *(_cell_told(mine.get(unit_id)) for unit_id in ids)])
    units_named = [f"{unit_name(each.unit)} ({each.unit.code})" for each in everywhere]
    period = Period.parse(found.period)
    title = _("Kết quả kiểm tra %(period)s", period=inside(period))
    return csv_response(f"bang-ket-qua-{found.period}-lan-{found.id}", [*header, *units_named], rows, title)


def _cell_told(cell: MatrixCell | None) -> str:
    return "" if cell is None else f"{label(cell.status)} {_cell_shown(cell)}".strip()


def _asked_run() -> CheckRun | None:
    run_id = request.args.get("run", type=whole_number)
    return None if run_id is None else queries.the_run(current_scope(), run_id)


def _asked_period() -> Period | None:
    """The period in the address; one that cannot be read is said to be so."""
    text = request.args.get("period", "")
    try:
        return Period.parse(text) if text else None
    except DomainError as error:
        flash(sentence(error), "error")
        return None


def results_address(run_id: int, pack: str, rule: str) -> str:
    """Where the results of a rule are explained, but for the unit's code: one question for a column of the matrix."""
    return url_for(".result", run_id=run_id, pack=pack, rule=rule, unit="-").removesuffix("-")


@bp.get("/kiem-tra/<int:run_id>")
@allowed(Capability.READ_RESULTS)
def run(run_id: int) -> str:
    """A run's papers: when, by whom, by which texts, what it was told, and figures that contradict each other."""
    scope = current_scope()
    found = queries.the_run(scope, run_id)
    told = queries.evidence_of(scope, found)
    return render_template(
        "compliance/run.html",
        run=found,
        period=Period.parse(found.period),
        packs=repository.packs_of(found),
        findings=_findings(found),
        kinds=_by_kind(told),
        counts=sum(matrices.rule_tallies(scope, found).values(), Counter()),
        violations=[
            (seen, told_in_short(rule, seen.cell, unit_name(seen.place), seen.period))
            for seen, rule in repository.with_rules(found, queries.violations_in(scope, run_id))
        ],
        titles=_titles(found),
        another_year=_of_another_year(found),
        provisional=_provisional(found),
    )


def _provisional(found: CheckRun) -> list[int]:
    """The years, of the period or of what falls due after it, whose official days off are not known."""
    period = Period.parse(found.period)
    return provisional_years(period.first, period.next().last)


def _findings(found: CheckRun) -> list[dict[str, Any]]:
    """The contradictions about units that the reader may see."""
    units = {each.unit.code: each.unit for each in matrices.unit_tallies(current_scope(), found)}
    return [{**finding, "place": units[finding["unit"]]} for finding in found.findings if finding["unit"] in units]


def _titles(found: CheckRun) -> dict[tuple[str, str], Any]:
    rules = repository.every_rule(repository.packs_of(found).values())
    return {(pack.id, rule.id): rule.title for pack, rule in rules}


def _of_another_year(*runs: CheckRun) -> list[Pack]:
    """The packs that judged one of the runs' periods without their plan being in force."""
    judged = ((pack, Period.parse(run.period)) for run in runs for pack in repository.packs_of(run).values())
    return repository.of_another_year(judged)


MOST_SHOWN = 12
"""Single things whose facts the page shows; the file that can be downloaded holds all of them."""


def _by_kind(told: list[facts.Fact]) -> list[dict[str, Any]]:
    """What the engine was told, a table a kind: of units a line a figure and a column a unit, of single things a line
    each, as what they say takes more room than a number.

    What the judging itself adds (its days, its units, deadlines) is no record of a unit's, and is left to the file.
    """
    catalogue, kinds = facts.catalogue(), []
    for name, found in groupby(sorted(told, key=lambda fact: fact["kind"]), key=lambda fact: fact["kind"]):
        kind, given = catalogue.get(name), list(found)
        if kind is None:
            continue
        shown: dict[str, Any] = {"name": name, "title": kind.description(language()), "more": 0}
        if kind.is_about_units:
            declared = {f"{name}.{field.name}": 0 for field in kind.fields if field.name in given[0]}
            shown["units"] = [fact["unit"] for fact in given]
            shown["rows"] = [
                (line.words, line.field, [fact[line.field.partition(".")[2]] for fact in given])
                for line in fact_lines(declared)
            ]
        else:
            shown["fields"] = [(field.description(language()), f"{name}.{field.name}") for field in kind.fields]
            shown["rows"] = fact_rows(kind, given[:MOST_SHOWN])
            shown["more"] = max(0, len(given) - MOST_SHOWN)
        kinds.append(shown)
    return kinds


@bp.get("/kiem-tra/cac-lan")
@allowed(Capability.READ_RESULTS)
def runs() -> str:
    """Every run, newest first."""
    scope = current_scope()
    form = RunsFilterForm.of(request.args, queries.judged_periods(scope))
    page = queries.run_page(
        scope,
        form.chosen,
        before=request.args.get("before", type=whole_number),
        after=request.args.get("after", type=whole_number),
    )
    return render_template("compliance/runs.html", form=form, page=page)


@bp.get("/kiem-tra/so-sanh")
@allowed(Capability.READ_RESULTS)
def compare() -> str:
    """Two runs cell by cell: `a` the earlier (else the one before), `b` the later (else the latest)."""
    scope = current_scope()
    later_id = request.args.get("b", type=whole_number)
    later = queries.the_run(scope, later_id) if later_id is not None else queries.latest_run(scope)
    if later is None:
        abort(404)
    earlier_id = request.args.get("a", type=whole_number)
    earlier = queries.the_run(scope, earlier_id) if earlier_id is not None else queries.run_before(scope, later)
    found = None
    if earlier is not None:
        found = compare_runs(queries.results_of(scope, earlier.id), queries.results_of(scope, later.id))
    return render_template(
        "compliance/compare.html",
        earlier=queries.line_of(earlier) if earlier else None,
        later=queries.line_of(later),
        choices=[
            (run.id, Period.parse(run.period).label(language()), run.finished_at, run.limited)
            for run in queries.runs_to_choose(scope, among=[each.id for each in (earlier, later) if each])
        ],
        comparison=found,
        changed=[each for each in found.differences if each.of_status] if found else [],
        moved=[each for each in found.differences if not each.of_status] if found else [],
        tally=[(change, found.count(change)) for change in ViolationChange] if found else [],
        titles=_titles(later) | (_titles(earlier) if earlier else {}),
        same_words=earlier is not None and earlier.packs == later.packs,
        same_facts=earlier is not None and earlier.facts_hash == later.facts_hash,
        another_year=_of_another_year(*filter(None, (earlier, later))),
    )


@bp.get("/kiem-tra/<int:run_id>/ket-qua.csv")
@allowed(Capability.READ_RESULTS)
def results_csv(run_id: int) -> Response:
    """A run's results as a spreadsheet."""
    found, titles = queries.the_run(current_scope(), run_id), _titles(queries.the_run(current_scope(), run_id))
    header = [
        _("Kỳ"),
        _("Bộ quy tắc"),
        _("Quy tắc"),
        _("Tên quy tắc"),
        _("Mã đơn vị"),
        _("Đơn vị"),
        _("Kết quả"),
        _("Tử số"),
        _("Mẫu số"),
        _("Giá trị"),
        _("Chỉ tiêu"),
        _("Còn thiếu"),
        _("Chưa rõ"),
        _("Chưa đến hạn, hạn"),
        _("Miễn áp dụng"),
    ]
    rows = ([found.period, *_result_cells(result, titles)] for result in queries.results_of(current_scope(), run_id))
    return csv_response(f"ket-qua-{found.period}-lan-{found.id}", header, list(rows), _("Kết quả kiểm tra"))


def _result_cells(result: ResultRow, titles: dict[tuple[str, str], Any]) -> list[object]:
    title = titles.get((result.pack, result.rule))
    return [
        result.pack,
        result.rule,
        in_both(title) if title else "",
        result.unit,
        unit_name(result.place),
        label(result.status),
        result.numerator,
        result.denominator,
        share_shown(result) if result.value is not None else "",
        target_shown(result.comparison, result.target, counts=is_count(result)) if result.target is not None else "",
        result.shortfall,
        result.unknown,
        show_date(result.due),
        output.waiver_words(result.waiver),
    ]


@bp.get("/kiem-tra/<int:run_id>/ket-qua.json")
@allowed(Capability.READ_RESULTS)
def results_json(run_id: int) -> Response:
    """A run as the command prints it."""
    scope = current_scope()
    found = queries.the_run(scope, run_id)
    results = queries.results_of(scope, run_id, with_subjects=True)
    seen = queries.violations_in(scope, run_id, with_subjects=True)
    body = output.run_json(found, results, repository.with_rules(found, seen), repository.packs_of(found))
    return _download(f"ket-qua-{found.period}-lan-{found.id}", body, len(results))


@bp.get("/kiem-tra/<int:run_id>/du-kien.json")
@allowed(Capability.READ_RESULTS)
def facts_json(run_id: int) -> Response:
    """What the run was told, as it was judged."""
    found = queries.the_run(current_scope(), run_id)
    facts = queries.evidence_of(current_scope(), found)
    return _download(f"du-kien-{found.period}-lan-{found.id}", facts, len(facts))


def _download(name: str, body: object, rows: int) -> Response:
    trace_export(actor(), name, rows, "json")
    response = Response(json.dumps(body, ensure_ascii=False, sort_keys=False, indent=2), mimetype="application/json")
    response.headers.set("Content-Disposition", "attachment", filename=f"{name}.json")
    return response


Page = str | Answer | tuple[str, int]

DOING = {
    "facts": _l("Đang đếm số liệu của kỳ…"),
    "judging": _l("Đang đối chiếu với các quy tắc…"),
    "writing": _l("Đang ghi kết quả…"),
}


@bp.get("/kiem-tra/chay")
@allowed(Capability.RUN_CHECKS)
def run_form() -> str:
    """Choose what to check; last month unless the address says otherwise."""
    return _form_page(_form())


@bp.post("/kiem-tra/chay")
@allowed(Capability.RUN_CHECKS)
def run_start() -> Page:
    """Start the check, once it is certain that it can be run."""
    form = _form()
    if form.validate_on_submit():
        with errors_shown_on(form):
            period = Period.parse(form.period.data or "")
            chosen, codes = form.packs.data or None, form.units.data or None
            service.refuse_impossible(period, chosen, codes)
            job = jobs.start("check", _run, actor(), period.key, chosen, codes, owner=person().id)
            return redirect(url_for(".run_progress", job_id=job))
    return _form_page(form), 422


@bp.get("/kiem-tra/chay/<job_id>")
@allowed(Capability.RUN_CHECKS)
def run_progress(job_id: str) -> Page | Response:
    """How far a check is; then on to its matrix."""
    job = jobs.find(job_id, owner=person().id)
    if job.state is JobState.DONE:
        address = job.result.get("then") or url_for(".matrix", run=job.result["run"])
        if not request.htmx:
            return redirect(address)
        response = make_response("")
        response.headers["HX-Redirect"] = address
        return response
    template = "compliance/_progress.html" if request.htmx else "compliance/progress.html"
    return render_template(template, job=job, doing=DOING.get(job.text, ""))


def _form() -> RunForm:
    try:
        period = Period.parse(request.args.get("period", ""))
    except DomainError:
        period = last_month()
    return RunForm.of(period, repository.adopted_packs(), units(current_scope(), on=today()))


def _form_page(form: RunForm) -> str:
    months = [last_month()]
    while len(months) < 12:
        months.append(months[-1].previous())
    spans = [Period.of(kind, today()) for kind in (PeriodKind.QUARTER, PeriodKind.HALF, PeriodKind.YEAR)]
    offered = [*months, *(period for span in spans for period in (span, span.previous()))]
    return render_template("compliance/run_form.html", form=form, offered=[each.label(language()) for each in offered])


def _run(job: Job, by: Actor, period: str, chosen: list[str] | None, codes: list[str] | None) -> dict[str, Any]:
    """The work itself, in its own thread."""
    report = service.run_check(by, Period.parse(period), chosen, codes, progress=job.update)
    assert report.run is not None
    return {"run": report.run.id, "violations": report.broken}


@bp.get("/kiem-tra/<int:run_id>/phan-xet-lai")
@allowed(Capability.RUN_CHECKS)
def verify(run_id: int) -> str:
    """What judging the run again gives, and every place where that is not what is stored. Writes nothing."""
    run = queries.the_run(current_scope(), run_id)
    period = Period.parse(run.period)
    return render_template(
        "compliance/verify.html",
        run=run,
        period=period,
        verification=verify_run(run_id),
        another_year=repository.of_another_year((pack, period) for pack in repository.packs_of(run).values()),
    )


MOST_CHANGES_SHOWN = 300
"""Changed results that the page shows; the counts hold all of them."""


@bp.get("/kiem-tra/thu")
@allowed(Capability.RUN_CHECKS)
def what_if() -> str | tuple[str, int]:
    """Choose a period and other values (`v.NAME`), and see both judgements side by side."""
    typed = {name[2:]: value.strip() for name, value in request.args.items() if name.startswith("v.") and value.strip()}
    errors: list[str] = []
    beside: JudgementComparison | None = None
    period, chosen = last_month(), {}
    try:
        if request.args.get("period"):
            period = Period.parse(request.args["period"])
        service.refuse_impossible(period)
        chosen = {pack.id: pack for pack in repository.in_force(period.last)}
        if typed:
            beside = compare_judgements(*(report.judgement for report in service.beside(period, typed)))
    except DomainError as error:
        errors.append(sentence(error))
    changed = beside.changed if beside else ()
    page = render_template(
        "compliance/what_if.html",
        period=period,
        asked=request.args.get("period") or period.label(language()),
        dials=[_dial(dial, period.last) for dial in adjustable_figures(chosen)],
        typed=typed,
        errors=errors,
        beside=beside,
        changed=changed[:MOST_CHANGES_SHOWN],
        more=max(0, len(changed) - MOST_CHANGES_SHOWN),
        rules={(pack.id, rule.id): rule for pack, rule in repository.every_rule(chosen.values())},
        places={unit.code: unit for unit in units(current_scope())},
        documents=repository.documents(),
        another_year=repository.of_another_year((pack, period) for pack in chosen.values()),
    )
    return (page, 422) if errors else page


def _dial(dial: AdjustableFigure, day: date) -> dict[str, Any]:
    """A parameter as the page shows it: its title, and its value and source in each pack on the day."""
    return {
        "name": dial.name,
        "title": dial.packs[0].parameters[dial.name].title,
        "unit": dial.packs[0].parameters[dial.name].unit.value,
        "values": [_present(pack, dial.name, day) for pack in dial.packs],
    }


def _present(pack: Pack, name: str, day: date) -> dict[str, Any]:
    value = pack.parameters.on(name, day)
    return {
        "pack": pack,
        "shown": parameter_in_words(value, language()) if value else "–",
        "since": value.since if value else None,
        "source": value.source if value else None,
    }
