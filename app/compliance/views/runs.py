"""Runs of the check: the matrix, a run's papers, the list of runs, two runs side by side, downloads."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from flask import Response, abort, flash, json, render_template, request, url_for
from flask_babel import gettext as _

from app import facts
from app.compliance import grid, library, output, queries
from app.compliance.comparing import compare as compare_runs
from app.compliance.explaining import (
    fact_lines,
    fraction_shown,
    is_count,
    share_shown,
    shortfall_shown,
    target_shown,
    unit_name,
)
from app.compliance.forms import PeriodForm, RunsFilterForm, neighbours
from app.compliance.grid import Grid
from app.compliance.language import Rule
from app.compliance.models import Change, CheckRun
from app.compliance.queries import ResultRow
from app.compliance.views import bp
from app.errors import DomainError
from app.exports import csv_response, trace_export
from app.formats import in_both, label, sentence
from app.forms import whole_number
from app.organisation.access import actor, allowed, current_scope, person
from app.organisation.calendars import today
from app.organisation.models import Role
from app.periods import Period, PeriodKind

READERS = (Role.HEAD, Role.INSPECTOR, Role.ADMIN)
INSPECTORS = (Role.INSPECTOR, Role.ADMIN)


@bp.get("/kiem-tra")
@allowed(*READERS)
def matrix() -> str:
    """Units by rules: the run asked for, or the one that stands for the period."""
    scope, judged = current_scope(), queries.judged_periods(current_scope())
    run = _asked_run() or queries.latest_run(scope, _asked_period())
    period = Period.parse(run.period) if run else _asked_period() or Period.of(PeriodKind.MONTH, today()).previous()
    shown = grid.grid_of(queries.results_of(scope, run.id), library.packs_of(run)) if run else None
    return render_template(
        "compliance/matrix.html",
        run=run,
        period=period,
        grid=shown,
        groups=_groups(shown) if shown and run else [],
        columns=_columns(shown) if shown else [],
        rows=_rows(shown, run) if shown and run else [],
        newer=queries.newer_part(scope, run) if run else None,
        form=PeriodForm.of(period, judged),
        neighbours=neighbours(period),
        begun=period.next().first <= today(),
        may_run=person().role in INSPECTORS,
    )


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


def _groups(shown: Grid) -> list[dict[str, Any]]:
    """The plans above the rules."""
    packs = groupby((pack for pack, _rule in shown.columns), key=lambda pack: pack.id)
    return [
        {"title": in_both(members[0].info.title), "span": len(members), "href": url_for(".rules") + f"#{pack_id}"}
        for pack_id, members in ((pack_id, list(group)) for pack_id, group in packs)
    ]


def _columns(shown: Grid) -> list[dict[str, Any]]:
    return [
        {
            "code": rule.id.upper(),
            "title": in_both(rule.title),
            "href": url_for(".rule", pack=pack.id, rule=rule.id),
        }
        for pack, rule in shown.columns
    ]


def _rows(shown: Grid, run: CheckRun) -> list[dict[str, Any]]:
    rules = [rule for _pack, rule in shown.columns]
    top = min((line.unit.depth for line in shown.lines), default=0)
    return [
        {
            "name": unit_name(line.unit),
            "depth": line.unit.depth - top,
            "href": url_for(".violations", period=run.period, unit=line.unit.id),
            "cells": [_cell(cell, rule, run) for cell, rule in zip(line.cells, rules, strict=True)],
        }
        for line in shown.lines
    ]


def _cell(cell: ResultRow | None, rule: Rule, run: CheckRun) -> dict[str, Any] | None:
    if cell is None:
        return None
    missing = shortfall_shown(rule, cell.shortfall, cell.comparison)
    return {
        "status": cell.status,
        "shown": share_shown(cell) if cell.value is not None else "",
        "href": result_address(run.id, cell),
        "title": " · ".join(filter(None, (label(cell.status), fraction_shown(cell), missing))),
    }


def result_address(run_id: int, cell: ResultRow) -> str:
    """Where a result is explained."""
    return url_for(".result", run_id=run_id, pack=cell.pack, rule=cell.rule, unit=cell.unit)


@bp.get("/kiem-tra/<int:run_id>")
@allowed(*READERS)
def run(run_id: int) -> str:
    """A run's papers: when, by whom, by which texts, what it was told, and figures that contradict each other."""
    scope = current_scope()
    found = queries.the_run(scope, run_id)
    told = queries.evidence_of(scope, found)
    return render_template(
        "compliance/run.html",
        run=found,
        period=Period.parse(found.period),
        packs=library.packs_of(found),
        findings=_findings(found),
        kinds=_by_kind(told),
        counts=grid.grid_of(queries.results_of(scope, run_id), {}).counts,
        violations=queries.violations_in(scope, run_id),
        titles=_titles(found),
        may_run=person().role in INSPECTORS,
    )


def _findings(found: CheckRun) -> list[dict[str, Any]]:
    """The contradictions about units that the reader may see."""
    units = {result.unit: result.place for result in queries.results_of(current_scope(), found.id)}
    return [{**finding, "place": units[finding["unit"]]} for finding in found.findings if finding["unit"] in units]


def _titles(found: CheckRun) -> dict[tuple[str, str], Any]:
    rules = library.every_rule(library.packs_of(found).values())
    return {(pack.id, rule.id): rule.title for pack, rule in rules}


MOST_SHOWN = 12
"""Single things whose facts the page shows; the file that can be downloaded holds all of them."""


def _by_kind(told: list[facts.Fact]) -> list[dict[str, Any]]:
    """What the engine was told, a table a kind: a line a figure, a column a unit or a single thing.

    What the judging itself adds (its days, its units, deadlines) is no record of a unit's, and is left to the file.
    """
    catalogue, kinds = facts.catalogue(), []
    for name, found in groupby(sorted(told, key=lambda fact: fact["kind"]), key=lambda fact: fact["kind"]):
        kind, given = catalogue.get(name), list(found)
        if kind is None:
            continue
        shown = given if kind.is_about_units else given[:MOST_SHOWN]
        lines = fact_lines({f"{name}.{field.name}": 0 for field in kind.fields if field.name in given[0]})
        rows = [
            {"words": line.words, "field": line.field, "values": [fact[line.field.partition(".")[2]] for fact in shown]}
            for line in lines
        ]
        columns = [fact.get(facts.SUBJECT, fact["unit"]) for fact in shown]
        title, more = in_both(kind.description), len(given) - len(shown)
        kinds.append({"name": name, "title": title, "units": columns, "rows": rows, "more": more})
    return kinds


@bp.get("/kiem-tra/cac-lan")
@allowed(*READERS)
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
    return render_template("compliance/runs.html", form=form, page=page, may_run=person().role in INSPECTORS)


@bp.get("/kiem-tra/so-sanh")
@allowed(*READERS)
def compare() -> str:
    """Two runs cell by cell: `a` the earlier, `b` the later; without `a`, the run before it."""
    scope = current_scope()
    later_id = request.args.get("b", type=whole_number)
    if later_id is None:
        abort(404)
    later = queries.the_run(scope, later_id)
    earlier_id = request.args.get("a", type=whole_number)
    earlier = queries.the_run(scope, earlier_id) if earlier_id is not None else queries.run_before(scope, later)
    found = None
    if earlier is not None:
        found = compare_runs(queries.results_of(scope, earlier.id), queries.results_of(scope, later.id))
    return render_template(
        "compliance/compare.html",
        earlier=queries.line_of(earlier) if earlier else None,
        later=queries.line_of(later),
        comparison=found,
        changed=[each for each in found.differences if each.of_status] if found else [],
        moved=[each for each in found.differences if not each.of_status] if found else [],
        tally=[(change, found.count(change)) for change in Change] if found else [],
        titles=_titles(later) | (_titles(earlier) if earlier else {}),
        same_words=earlier is not None and earlier.packs == later.packs,
        same_facts=earlier is not None and earlier.facts_hash == later.facts_hash,
    )


@bp.get("/kiem-tra/<int:run_id>/ket-qua.csv")
@allowed(*READERS)
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
        _("Miễn áp dụng"),
    ]
    rows = ([found.period, *_result_cells(result, titles)] for result in queries.results_of(current_scope(), run_id))
    return csv_response(f"ket-qua-{found.period}-lan-{found.id}", header, list(rows))


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
        output.waiver_words(result.waiver),
    ]


@bp.get("/kiem-tra/<int:run_id>/ket-qua.json")
@allowed(*READERS)
def results_json(run_id: int) -> Response:
    """A run as the command prints it."""
    scope = current_scope()
    found = queries.the_run(scope, run_id)
    results, seen = queries.results_of(scope, run_id), queries.violations_in(scope, run_id)
    body = output.run_json(found, results, library.with_rules(found, seen))
    return _download(f"ket-qua-{found.period}-lan-{found.id}", body, len(results))


@bp.get("/kiem-tra/<int:run_id>/du-kien.json")
@allowed(*READERS)
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
