"""The matrix: rules down, units across; narrowed, folded, counted, leafed through, taken along as a workbook."""

from __future__ import annotations

import re
from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest
from flask.testing import FlaskClient
from openpyxl import load_workbook
from sqlalchemy import update

from app.cases.vocabulary import PaymentChannel
from app.compliance import queries
from app.compliance.adoption import repository
from app.compliance.queries import matrix as matrices
from app.compliance.runs import matrix as pages
from app.compliance.runs.matrix import Matrix, MatrixView, columns_of, matrix_of
from app.core.periods import Period
from app.organisation.access import Scope
from app.organisation.models import Role, Unit
from app.rulepacks.language import Status
from app.web.extensions import db
from tests.clock import at
from tests.compliance.month import BAC_GIANG, DEPARTMENT, PROVINCE, Month, check
from tests.compliance.pages import text_of
from tests.compliance.test_queries import counted, within
from tests.factories import EVERYWHERE, make_person, pay


def drawn(run_id: int, view: MatrixView | None = None, scope: Scope = EVERYWHERE) -> Matrix:
    """The matrix of a run, as the page makes it."""
    view, run = view or MatrixView(), queries.the_run(scope, run_id)
    units = matrices.unit_tallies(scope, run)
    columns, _page, _pages = columns_of(view, units)
    cells = matrices.matrix_cells(scope, run_id, [each.unit.id for each in columns], view.pack)
    rules = repository.every_rule(repository.packs_of(run).values())
    return matrix_of(view, rules, matrices.rule_tallies(scope, run), columns, cells)


def test_it_has_a_line_for_every_rule_and_a_column_for_every_unit(month: Month) -> None:
    report = check()
    assert report.run is not None
    shown = drawn(report.run.id)
    lines = [line for part in shown.parts for line in (*part.lines, *part.folded)]
    assert {line.rule.id for line in lines} == {rule.id for pack in report.packs for rule in pack.rules}
    assert {each.unit.code for each in shown.columns} == month.units.keys()
    assert all(None not in line.cells for line in lines)
    assert {each.unit.code: each.counts[Status.FAIL] for each in shown.columns}["LDVL"] == 1
    assert shown.counts.total() == len(report.judgement.results)
    judged = {(result.rule, result.unit): result for result in report.judgement.results}
    for line in lines:  # each cell is the result it stands for
        for cell, unit in zip(line.cells, shown.columns, strict=True):
            result = judged[line.rule.id, unit.unit.code]
            assert cell is not None
            assert (cell.status, cell.numerator, cell.denominator) == (
                result.status,
                result.numerator,
                result.denominator,
            )
            assert (cell.value, cell.target, cell.shortfall) == (result.value, result.target, result.shortfall)


def test_what_had_nothing_to_judge_is_folded_away_and_counted(judged: int) -> None:
    june = drawn(judged)
    rules = {line.rule.id for part in june.parts for line in part.lines}
    assert not any(part.folded for part in june.parts)  # something was judged by each rule, of some unit
    of_one = drawn(judged, MatrixView(unit="TTDVVL"))  # which has no case, and no procedure
    assert not any(part.lines for part in of_one.parts)
    assert {line.rule.id for part in of_one.parts for line in part.folded} == rules
    catalogue = {"khd-2c.1", "khp-2c.1"}  # asked of procedures, whether anybody applied or not
    may = check(Period.parse("2024-05")).run  # before anything was recorded
    assert may is not None
    before = drawn(may.id)
    assert {line.rule.id for part in before.parts for line in part.folded} == rules - catalogue
    assert {line.rule.id for part in before.parts for line in part.lines} == catalogue


def test_violations_alone_leave_no_line_and_no_unit_without_one(judged: int) -> None:
    shown = drawn(judged, MatrixView(failing=True))
    assert shown.columns
    assert all(each.counts[Status.FAIL] for each in shown.columns)
    lines = [line for part in shown.parts for line in part.lines]
    assert lines
    assert all(line.counts[Status.FAIL] for line in lines)
    assert not any(part.folded for part in shown.parts)
    whole = drawn(judged)
    broken = [line.rule.id for part in whole.parts for line in part.lines if line.counts[Status.FAIL]]
    assert [line.rule.id for line in lines] == broken
    own = drawn(judged, MatrixView(unit="LDVL", failing=True))  # the Province's rule on exactly 35 %
    assert [line.rule.id for part in own.parts for line in part.lines] == ["khp-2c.2"]


def test_the_worst_come_first_where_asked(judged: int) -> None:
    shown = drawn(judged, MatrixView(worst_first=True))
    failing = [each.counts[Status.FAIL] for each in shown.columns]
    assert failing == sorted(failing, reverse=True)
    assert failing[0] > failing[-1]
    for part in shown.parts:
        broken = [line.counts[Status.FAIL] for line in part.lines]
        assert broken == sorted(broken, reverse=True)


def test_one_plan_alone(judged: int) -> None:
    assert [part.pack.id for part in drawn(judged, MatrixView(pack=PROVINCE)).parts] == [PROVINCE]


def test_a_department_of_many_units_is_leafed_through(judged: int, monkeypatch: pytest.MonkeyPatch) -> None:
    everyone = [each.unit.code for each in drawn(judged).columns]
    monkeypatch.setattr(pages, "ACROSS", 3)
    count = -(-len(everyone) // 3)
    found = [drawn(judged, MatrixView(page=number)) for number in range(1, count + 1)]
    assert [each.unit.code for one in found for each in one.columns] == everyone
    run = queries.the_run(EVERYWHERE, judged)
    leafed = [columns_of(MatrixView(page=number), matrices.unit_tallies(EVERYWHERE, run))[1:] for number in (1, 2, 99)]
    assert leafed == [(1, count), (2, count), (count, count)]  # beyond the end: the last one
    totals = [{line.rule.id: line.counts for part in one.parts for line in part.lines} for one in found]
    assert all(each == totals[0] for each in totals)  # counted over all units, whichever are shown


def test_a_reader_of_some_units_sees_and_counts_those(month: Month, judged: int) -> None:
    shown = drawn(judged, scope=within(month, "LDVL", "NCC"))
    assert {each.unit.code for each in shown.columns} == {"LDVL", "NCC"}
    assert max(line.counts.total() for part in shown.parts for line in part.lines) == 2


# --- the page ---------------------------------------------------------------------------------------------------


def test_the_page_is_narrowed_by_its_address(judged: int, inspector: FlaskClient) -> None:
    whole = inspector.get("/kiem-tra").text
    assert f"/kiem-tra/{judged}/{PROVINCE}/khp-2c.2/LDVL" in whole
    check(Period.parse("2024-05"))
    assert "4 quy tắc không có gì để xét trong kỳ này" in inspector.get("/kiem-tra?period=2024-05").text
    one = inspector.get(f"/kiem-tra?pack={PROVINCE}").text
    assert f"/{PROVINCE}/khp-2c.2/LDVL" in one
    assert f"/{DEPARTMENT}/khd-2c.2/LDVL" not in one
    broken = inspector.get("/kiem-tra?only=1").text
    assert f"/{BAC_GIANG}/bg-5.2/NCC" in broken
    assert f"/{DEPARTMENT}/khd-2c.2/LDVL" not in broken  # 35 % is enough there
    assert "page=" not in broken
    for nonsense in ("pack=x", "sort=x", "page=0", "page=x", "unit=KHONGCO", "only="):
        assert inspector.get(f"/kiem-tra?{nonsense}").status_code == 200, nonsense


def test_of_one_unit_it_is_a_list_with_figures_and_what_to_do(judged: int, inspector: FlaskClient) -> None:
    page = text_of(inspector.get("/kiem-tra?unit=LDVL"))
    assert "7 / 20" in page
    assert "Còn thiếu 1 giao dịch" in page
    assert "Đơn vị: " not in page
    assert "matrix-box" not in inspector.get("/kiem-tra?unit=LDVL").text


def test_a_head_gets_the_list_of_the_own_unit(judged: int, as_head: Callable[[str], FlaskClient]) -> None:
    body = as_head("NCC").get("/kiem-tra").text
    assert "matrix-box" not in body
    assert f"/kiem-tra/{judged}/{BAC_GIANG}/bg-5.2/NCC" in body
    assert "/LDVL" not in body


def test_the_page_asks_as_much_of_few_units_as_of_many(
    month: Month, judged: int, inspector: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    inspector.get("/kiem-tra")
    with counted() as many:
        inspector.get("/kiem-tra")
    monkeypatch.setattr(pages, "ACROSS", 1)
    inspector.get("/kiem-tra")
    with counted() as few:
        inspector.get("/kiem-tra")
    assert len(many) == len(few)


def test_a_board_that_is_kept_is_nobody_elses(judged: int, inspector: FlaskClient) -> None:
    def word(**asked: Any) -> str:
        body = inspector.get("/kiem-tra", **asked).text
        return re.search(r'/khp-2c.2/LDVL"[^>]*><b>([^<]*)</b>', body)[1]  # type: ignore[index]

    assert (word(), word()) == ("Vi phạm", "Vi phạm")
    with inspector.session_transaction() as session:
        session["locale"] = "en"
    assert word() == "Violation"
    there = inspector.get("/kiem-tra", environ_overrides={"SCRIPT_NAME": "/so"}).text
    assert f'<a href="/so/kiem-tra/{judged}/{PROVINCE}/khp-2c.2/LDVL"' in there
    db.session.execute(update(Unit).where(Unit.code == "LDVL").values(code="LD"))
    db.session.commit()
    body = inspector.get("/kiem-tra").text
    assert '/khp-2c.2/LD"' in body
    assert '/khp-2c.2/LDVL"' not in body
    rerun = check().run
    assert rerun is not None
    assert f'href="/kiem-tra/{rerun.id}/' in inspector.get("/kiem-tra").text


def test_it_goes_along_as_a_workbook_a_rule_a_line(judged: int, inspector: FlaskClient) -> None:
    answer: Any = inspector.get(f"/kiem-tra/{judged}/bang.xlsx")
    assert answer.status_code == 200
    sheet = load_workbook(BytesIO(answer.data)).active
    assert sheet is not None
    rows = [list(row) for row in sheet.iter_rows(values_only=True)]
    head = next(row for row in rows if row[0] == "Kế hoạch")
    place = next(n for n, name in enumerate(head) if str(name).endswith("(LDVL)"))
    line = next(row for row in rows if row[2] == "khp-2c.2")
    assert line[place] == "Vi phạm 35%"
    assert line[4] >= 1
    assert next(row for row in rows if row[2] == "khd-2c.2")[place] == "Đạt 35%"


def test_two_runs_are_chosen_from_a_list(month: Month, judged: int, inspector: FlaskClient) -> None:
    may, again = check(Period.parse("2024-05")).run, check().run
    assert may is not None
    assert again is not None
    page = inspector.get(f"/kiem-tra/so-sanh?b={again.id}").text
    first, second = re.findall(r'<select id="([ab])".*?</select>', page, re.S)
    assert (first, second) == ("a", "b")
    chosen = re.findall(r'<option value="(\d+)" selected', page)
    assert chosen == [str(judged), str(again.id)]
    assert f'<option value="{may.id}">' in page
    assert inspector.get(f"/kiem-tra/so-sanh?a={may.id}&b={judged}").status_code == 200
    assert inspector.get("/kiem-tra/so-sanh").status_code == 200  # the latest, beside the one before it


def test_who_may_not_read_results_gets_none(month: Month, judged: int, sign_in: Any) -> None:
    client = sign_in(make_person(month.units["LDVL"], Role.DESK, "motcua1"))
    assert client.get("/kiem-tra").status_code == 403
    assert client.get(f"/kiem-tra/{judged}/bang.csv").status_code == 403


def test_what_a_run_found_is_counted_once_and_of_another_run_anew(month: Month, judged: int) -> None:
    first = queries.the_run(EVERYWHERE, judged)
    before = matrices.rule_tallies(EVERYWHERE, first)
    with counted() as again:
        assert matrices.rule_tallies(EVERYWHERE, first) == before
    assert again == []
    assert matrices.rule_tallies(within(month, "LDVL"), first) != before  # another reader's are their own
    pay(month.permit, at("2024-06-07 08:00"), PaymentChannel.ONLINE)  # 8 of 21: above 35 %
    second = check().run
    assert second is not None
    after = matrices.rule_tallies(EVERYWHERE, second)
    assert (before[PROVINCE, "khp-2c.2"][Status.FAIL], after[PROVINCE, "khp-2c.2"][Status.FAIL]) == (2, 0)
    assert matrices.rule_tallies(EVERYWHERE, first) == before
