"""Reads of runs and violations: each within its scope, by key, without a query a row."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import event

from app.compliance import queries
from app.compliance.models import ViolationChange
from app.compliance.models import ViolationState as State
from app.compliance.months.closing import close
from app.compliance.queries import Answering, ViolationFilter
from app.compliance.runs.comparison import compare
from app.compliance.violations import answering
from app.core.errors import NotFound
from app.core.periods import Period
from app.organisation.access import Actor, Scope
from app.rulepacks.language import Severity, Status
from app.web.extensions import db
from tests.clock import at
from tests.compliance.month import BAC_GIANG, DEPARTMENT, INSPECTOR, JUNE, PROVINCE, Month, check
from tests.factories import EVERYWHERE, SITE, pay

HEAD = Actor("Nguyễn Văn Trưởng")


def within(month: Month, *codes: str) -> Scope:
    return Scope(SITE, frozenset(month.units[code].id for code in codes))


@contextmanager
def counted() -> Iterator[list[str]]:
    """The statements sent inside the block."""
    sent: list[str] = []

    def listen(_c: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        sent.append(statement)

    event.listen(db.engine, "before_cursor_execute", listen)
    try:
        yield sent
    finally:
        event.remove(db.engine, "before_cursor_execute", listen)


# --- runs -------------------------------------------------------------------------------------------------------


def test_the_run_that_stands_for_a_month_is_its_last_whole_one(month: Month) -> None:
    check()
    whole = check().run
    part = check(unit_codes=["LDVL"]).run
    assert whole is not None
    assert part is not None
    found = queries.latest_run(EVERYWHERE, JUNE)
    assert found is not None
    assert found.id == whole.id
    newer = queries.newer_part(EVERYWHERE, found)
    assert newer is not None
    assert newer.id == part.id


def test_a_month_checked_only_in_part_is_shown_in_part(month: Month) -> None:
    part = check(unit_codes=["LDVL"]).run
    found = queries.latest_run(EVERYWHERE, JUNE)
    assert found is not None
    assert part is not None
    assert found.id == part.id


def test_without_a_period_the_latest_month_comes_before_longer_periods(month: Month) -> None:
    assert queries.latest_run(EVERYWHERE) is None
    check(Period.parse("2024"))
    check(Period.parse("2024-05"))
    june = check().run
    check(Period.parse("2024-04"))
    assert june is not None
    found = queries.latest_run(EVERYWHERE)
    assert found is not None
    assert found.id == june.id
    assert [period.key for period in queries.judged_periods(EVERYWHERE)] == ["2024-06", "2024-05", "2024-04", "2024"]


def test_runs_are_paged_by_key_both_ways(month: Month) -> None:
    ids = [run.id for run in (check(pack_ids=[BAC_GIANG]).run for _ in range(5)) if run]
    first = queries.run_page(EVERYWHERE, limit=2)
    second = queries.run_page(EVERYWHERE, after=first.after, limit=2)
    third = queries.run_page(EVERYWHERE, after=second.after, limit=2)
    assert [line.id for page in (first, second, third) for line in page.rows] == ids[::-1]
    assert (first.before, third.after) == (None, None)
    back = queries.run_page(EVERYWHERE, before=third.before, limit=2)
    assert back.rows == second.rows
    assert queries.run_page(EVERYWHERE, before=back.before, limit=2).before is None
    assert queries.run_page(EVERYWHERE, Period.parse("2024-05")).rows == []


def test_a_line_of_the_list_counts_what_the_reader_may_see(month: Month) -> None:
    report = check()
    whole = queries.run_page(EVERYWHERE).rows[0].counts
    part = queries.run_page(within(month, "LDVL")).rows[0].counts
    assert sum(whole.values()) == len(report.judgement.results)
    assert part[Status.FAIL] == sum(r.status is Status.FAIL and r.unit == "LDVL" for r in report.judgement.results) == 1


def test_the_list_of_runs_costs_the_same_for_one_run_and_for_many(month: Month) -> None:
    check(pack_ids=[BAC_GIANG])
    with counted() as one:
        queries.run_page(EVERYWHERE)
    for _ in range(3):
        check(pack_ids=[BAC_GIANG])
    with counted() as many:
        queries.run_page(EVERYWHERE)
    assert len(one) == len(many)


def test_facts_of_a_run_are_those_of_the_readers_units(month: Month) -> None:
    run = check().run
    assert run is not None
    assert {fact["unit"] for fact in queries.evidence_of(EVERYWHERE, run)} >= {"LDVL", "NCC"}
    assert {fact["unit"] for fact in queries.evidence_of(within(month, "NCC"), run)} == {"NCC"}


def test_a_run_of_another_site_is_not_found(month: Month) -> None:
    run = check().run
    assert run is not None
    with pytest.raises(NotFound):
        queries.the_run(Scope("ELSEWHERE"), run.id)
    assert queries.run_page(Scope("ELSEWHERE")).rows == []


# --- results ----------------------------------------------------------------------------------------------------


def test_results_come_unit_after_unit_with_exact_figures(month: Month) -> None:
    report = check()
    assert report.run is not None
    kept = {row.key: row for row in queries.results_of(EVERYWHERE, report.run.id)}
    assert list(dict.fromkeys(row.unit for row in kept.values())) == ["SO", "LDVL", "NCC", "TTDVVL", "VP", "MC"]
    for result in report.judgement.results:
        row = kept[result.pack, result.rule, result.unit]
        for name in ("status", "numerator", "denominator", "value", "comparison", "target", "shortfall"):
            assert getattr(row, name) == getattr(result, name)
        assert row.facts == dict(result.figures)


def test_results_outside_the_scope_do_not_exist(month: Month) -> None:
    run = check().run
    assert run is not None
    scope = within(month, "LDVL")
    assert {row.unit for row in queries.results_of(scope, run.id)} == {"LDVL"}
    assert (queries.units_judged(scope, run.id), queries.units_judged(EVERYWHERE, run.id)) == (1, 6)
    assert queries.units_judged(Scope("ELSEWHERE"), run.id) == 0
    with pytest.raises(NotFound):
        queries.result_of(scope, run.id, BAC_GIANG, "bg-5.2", "NCC")
    assert queries.result_of(EVERYWHERE, run.id, BAC_GIANG, "bg-5.2", "NCC").status is Status.FAIL


def test_the_trend_shows_the_whole_runs_of_earlier_months(month: Month) -> None:
    april, may = (check(Period.parse(f"2024-{number}")).run for number in ("04", "05"))
    check(Period.parse("2024-05"), unit_codes=["LDVL"])
    run = check().run
    assert april is not None
    assert may is not None
    assert run is not None
    cell = queries.result_of(EVERYWHERE, run.id, DEPARTMENT, "khd-2c.2", "LDVL")
    found = queries.trend(EVERYWHERE, cell, JUNE)
    assert [(period.key, run_id, past.status) for period, run_id, past in found] == [
        ("2024-05", may.id, Status.NOT_APPLICABLE),
        ("2024-04", april.id, Status.NOT_APPLICABLE),
    ]


# --- two runs ---------------------------------------------------------------------------------------------------


def test_two_equal_runs_differ_in_nothing(month: Month) -> None:
    first, second = check().run, check().run
    assert first is not None
    assert second is not None
    found = compare(queries.results_of(EVERYWHERE, first.id), queries.results_of(EVERYWHERE, second.id))
    assert found.differences == ()
    assert found.count(ViolationChange.PERSISTING) > 0
    assert (found.count(ViolationChange.NEW), found.count(ViolationChange.GONE)) == (0, 0)


def test_comparison_tells_a_changed_verdict_from_changed_figures(month: Month) -> None:
    first = check().run
    pay(month.permit, at("2024-06-07 08:00"))
    second = check().run
    assert first is not None
    assert second is not None
    found = compare(queries.results_of(EVERYWHERE, first.id), queries.results_of(EVERYWHERE, second.id))
    told = {(each.after.rule, each.after.unit): (each.of_status, each.change) for each in found.differences}
    gone, figures = (True, ViolationChange.GONE), (False, None)
    assert told == {
        (rule, unit): each for unit in ("LDVL", "SO") for rule, each in (("khp-2c.2", gone), ("khd-2c.2", figures))
    }
    assert found.count(ViolationChange.GONE) == 2


def test_what_only_one_run_judged_is_neither_new_nor_gone(month: Month) -> None:
    whole, part = check().run, check(unit_codes=["LDVL"]).run
    assert whole is not None
    assert part is not None
    rows = [queries.results_of(EVERYWHERE, run.id) for run in (whole, part)]
    for found, only in ((compare(*rows), "only_before"), (compare(*rows[::-1]), "only_after")):
        assert found.differences == ()
        assert (found.same, getattr(found, only)) == (len(rows[1]), len(rows[0]) - len(rows[1]))
        assert (found.count(ViolationChange.NEW), found.count(ViolationChange.GONE), found.persisting) == (0, 0, 1)


def test_a_run_of_everything_is_compared_with_the_last_one_of_everything(month: Month) -> None:
    first = check().run
    check(unit_codes=["LDVL"])
    second = check().run
    assert first is not None
    assert second is not None
    found = queries.run_before(EVERYWHERE, second)
    assert found is not None
    assert found.id == first.id


def test_the_run_before_is_of_the_same_period_else_of_the_period_before(month: Month) -> None:
    may, first, second = check(Period.parse("2024-05")).run, check().run, check().run
    assert may is not None
    assert first is not None
    assert second is not None
    for run, expected in ((second, first.id), (first, may.id)):
        found = queries.run_before(EVERYWHERE, run)
        assert found is not None
        assert found.id == expected
    assert queries.run_before(EVERYWHERE, may) is None


# --- violations -------------------------------------------------------------------------------------------------


def rules(page: queries.ViolationPage) -> set[tuple[str, str]]:
    return {(line.rule, line.unit.code) for line in page.rows}


def test_a_head_reads_only_their_own_units_violations(month: Month) -> None:
    check()
    scope = within(month, "LDVL")
    assert rules(queries.violation_page(scope, ViolationFilter())) == {("khp-2c.2", "LDVL")}
    theirs = queries.violation_page(within(month, "NCC"), ViolationFilter()).rows[0]
    with pytest.raises(NotFound):
        queries.violation_of(scope, theirs.id)
    assert queries.violation_page(scope, ViolationFilter(unit_id=month.units["NCC"].id)).rows == []
    assert list(queries.every_violation(scope, ViolationFilter(unit_id=month.units["NCC"].id))) == []
    assert sum(queries.change_counts(scope, JUNE).values()) == 1
    assert {waiting.unit_id for waiting in queries.to_answer(scope)} == {month.units["LDVL"].id}
    assert queries.lines_of(scope, [theirs.id]) == []
    run = queries.latest_run(scope)
    assert run is not None
    assert queries.without_data(scope, run.id) == []
    assert {cell.unit for cell in queries.without_data(EVERYWHERE, run.id)} == {"NCC"}
    assert {seen.unit for seen in queries.violations_in(scope, run.id)} == {"LDVL"}


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (ViolationFilter(pack=PROVINCE), {("khp-2c.2", "LDVL"), ("khp-2c.2", "SO")}),
        (ViolationFilter(severity=Severity.CRITICAL), {("bg-5.1", "NCC")}),
        (ViolationFilter(state=State.EXPLAINED), {("bg-5.2", "NCC")}),
        (ViolationFilter(change=ViolationChange.GONE), {("khp-2c.2", "LDVL"), ("khp-2c.2", "SO")}),
        (ViolationFilter(standing=True, pack=PROVINCE), set()),
        (ViolationFilter(period="2024-05"), set()),
    ],
)
def test_violations_are_filtered(month: Month, wanted: ViolationFilter, expected: set[tuple[str, str]]) -> None:
    check()
    explain(month, "bg-5.2")
    pay(month.permit, at("2024-06-07 08:00"))
    check()
    assert rules(queries.violation_page(EVERYWHERE, wanted)) == expected


def explain(month: Month, rule: str) -> None:
    line = next(line for line in queries.violation_page(EVERYWHERE, ViolationFilter()).rows if line.rule == rule)
    answering.explain_violation(EVERYWHERE, HEAD, line.id, State.EXPLAINED, "Quên", line.revision)


def test_violations_are_paged_by_key_both_ways_and_exported_whole(month: Month) -> None:
    opened = len(check().violations)
    check(Period.parse("2024-Q2"))
    everything = [line.id for line in queries.every_violation(EVERYWHERE, ViolationFilter(), batch=3)]
    assert everything == sorted(everything, reverse=True)
    assert len(everything) == opened == 5, "the quarter charges nothing again that its months have charged"
    paged, after, pages = [], None, []
    while True:
        page = queries.violation_page(EVERYWHERE, ViolationFilter(), after=after, limit=2)
        pages.append(page)
        paged += [line.id for line in page.rows]
        if page.after is None:
            break
        after = page.after
    assert paged == everything
    assert [len(page.rows) for page in pages] == [2, 2, 1]
    back = queries.violation_page(EVERYWHERE, ViolationFilter(), before=pages[2].before, limit=2)
    assert back.rows == pages[1].rows


def test_the_list_of_violations_is_one_query(month: Month) -> None:
    check()
    db.session.expunge_all()
    with counted() as sent:
        page = queries.violation_page(EVERYWHERE, ViolationFilter())
        assert all(line.unit.name and line.shortfall for line in page.rows)
    assert len(page.rows) > 2
    assert len(sent) == 1


def test_a_gone_violation_keeps_its_last_figures_and_asks_for_nothing(month: Month) -> None:
    check()
    pay(month.permit, at("2024-06-07 08:00"))
    check()
    line = queries.violation_page(EVERYWHERE, ViolationFilter(change=ViolationChange.GONE)).rows[0]
    assert (line.numerator, line.denominator, line.gone) == (7, 20, True)
    assert line.turn is Answering.NOBODY
    assert line.id not in {waiting.id for waiting in queries.to_answer(EVERYWHERE)}
    sightings, moves = queries.answering(line.id)
    assert [seen.change for seen in sightings] == [ViolationChange.NEW, ViolationChange.GONE]
    assert moves == []


def test_whose_turn_it_is_follows_the_state(month: Month) -> None:
    close(INSPECTOR, JUNE)
    waiting = next(waiting for waiting in queries.to_answer(EVERYWHERE) if waiting.rule == "bg-5.2")
    (line,) = queries.lines_of(EVERYWHERE, [waiting.id])
    assert line.answer_due == waiting.answer_due
    assert line.turn is Answering.UNIT
    assert line.answer_due is not None
    assert not line.is_overdue(line.answer_due)
    assert line.is_overdue(line.answer_due.replace(day=line.answer_due.day + 1))
    explain(month, "bg-5.2")
    line = queries.violation_of(EVERYWHERE, line.id)
    assert line.turn is Answering.INSPECTOR
    assert not line.is_overdue(line.answer_due.replace(day=30) if line.answer_due else JUNE.last)


def test_the_months_changes_are_counted(month: Month) -> None:
    opened = len(check().violations)
    pay(month.permit, at("2024-06-07 08:00"))
    check()
    assert queries.change_counts(EVERYWHERE, JUNE) == {ViolationChange.PERSISTING: opened - 2, ViolationChange.GONE: 2}
