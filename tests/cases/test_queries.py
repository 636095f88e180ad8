"""Lists read by key: every line once, forwards and backwards, whatever is recorded meanwhile."""

from __future__ import annotations

from typing import Any

import pytest

from app.cases import lists, queries, worklist
from app.cases.case_page import case_view
from app.cases.lists import Window
from app.cases.population import Bucket
from app.cases.queries import CaseFilters
from app.cases.vocabulary import CaseStatus, EventKind
from app.core.errors import NotFound
from app.core.periods import Period
from app.organisation.access import Scope
from app.organisation.calendars import site_calendar
from app.web.keyset import Cursor
from tests.clock import at
from tests.factories import EVERYWHERE, SITE, happen, make_department, make_version, receive


@pytest.fixture
def units(session: Any) -> Any:
    return make_department()


@pytest.fixture
def codes(units: Any) -> list[str]:
    """Eleven cases of two units, several at the same instant, the newest first."""
    versions = [make_version(units["LDVL"]), make_version(units["NCC"])]
    received = ["2024-06-03 08:00"] * 4 + ["2024-06-04 08:00"] * 3 + [f"2024-06-{day} 09:00" for day in (5, 6, 7, 10)]
    received = [when.replace("-5 ", "-05 ").replace("-6 ", "-06 ").replace("-7 ", "-07 ") for when in received]
    return [receive(versions[n % 2], at(when)).code for n, when in enumerate(received)][::-1]


def codes_of(page: queries.Page) -> list[str]:
    return [line.case.code for line in page.lines]


def scopes(units: Any) -> list[Scope]:
    return [EVERYWHERE, Scope(SITE, frozenset({units["LDVL"].id, units["NCC"].id}))]


def test_paging_forwards_shows_every_case_once_newest_first(units: Any, codes: list[str]) -> None:
    for scope in scopes(units):
        found, after = [], None
        while True:
            page = queries.list_page(scope, CaseFilters(), site_calendar(), after=after, limit=3)
            found += codes_of(page)
            assert page.total == 11
            if page.after is None:
                break
            after = page.after
        assert found == codes


def test_paging_backwards_shows_the_same_pages(units: Any, codes: list[str]) -> None:
    calendar = site_calendar()
    for scope in scopes(units):
        first = queries.list_page(scope, CaseFilters(), calendar, limit=4)
        second = queries.list_page(scope, CaseFilters(), calendar, after=first.after, limit=4)
        third = queries.list_page(scope, CaseFilters(), calendar, after=second.after, limit=4)
        assert first.before is None
        assert third.after is None
        back = queries.list_page(scope, CaseFilters(), calendar, before=third.before, limit=4)
        assert codes_of(back) == codes_of(second) == codes[4:8]
        start = queries.list_page(scope, CaseFilters(), calendar, before=back.before, limit=4)
        assert codes_of(start) == codes[:4]
        assert start.before is None


def test_a_case_taken_in_meanwhile_moves_no_page(units: Any, codes: list[str]) -> None:
    calendar = site_calendar()
    first = queries.list_page(EVERYWHERE, CaseFilters(), calendar, limit=4)
    receive(make_version(units["NCC"]), at("2024-06-28 08:00"))
    assert codes_of(queries.list_page(EVERYWHERE, CaseFilters(), calendar, after=first.after, limit=4)) == codes[4:8]


def test_named_lists_are_paged_the_same_way_oldest_first(units: Any, codes: list[str]) -> None:
    calendar = site_calendar()
    window = Window.of(Period.parse("2024-06"), calendar.zone, at("2024-07-01 08:00"))
    filters = CaseFilters(lists=lists.named(["received"]), window=window)
    assert [line.case.code for line in queries.every_line(EVERYWHERE, filters, calendar)] == codes[::-1]
    first = queries.list_page(EVERYWHERE, filters, calendar, limit=5)
    second = queries.list_page(EVERYWHERE, filters, calendar, after=first.after, limit=5)
    assert codes_of(first) + codes_of(second) == codes[::-1][:10]
    assert codes_of(queries.list_page(EVERYWHERE, filters, calendar, before=second.before, limit=5)) == codes_of(first)


def test_an_export_reads_every_line_in_batches(units: Any, codes: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queries, "BATCH", 3)
    for filters in (CaseFilters(), CaseFilters(text="tran van")):
        assert [line.case.code for line in queries.every_line(EVERYWHERE, filters, site_calendar())] == codes


def test_counting_stops_where_it_would_cost(units: Any, codes: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queries, "MOST_COUNTED", 5)
    assert queries.list_page(EVERYWHERE, CaseFilters(), site_calendar()).total == 6


def test_a_cursor_survives_its_address_and_nonsense_is_no_cursor() -> None:
    cursor = Cursor(at("2024-06-03 08:00"), 12)
    assert Cursor.parse(str(cursor)) == cursor
    assert Cursor.parse(str(cursor).replace("+", " ")) == cursor
    for nonsense in (None, "", "12", "2024-06-03~x", "2024-06-03T08:00~12", "~", "a~1"):
        assert Cursor.parse(nonsense) is None


def test_filters_narrow_by_unit_status_and_days(units: Any) -> None:
    calendar = site_calendar()
    case = receive(make_version(units["LDVL"]), at("2024-06-03 00:00"))
    happen(case, EventKind.WITHDRAWN, at("2024-06-04 08:00"))
    receive(make_version(units["NCC"]), at("2024-06-04 00:00"))
    day = at("2024-06-03 12:00").date()
    for filters in (
        CaseFilters(unit="LDVL"),
        CaseFilters(status=CaseStatus.WITHDRAWN),
        CaseFilters(since=day, until=day),
    ):
        assert codes_of(queries.list_page(EVERYWHERE, filters, calendar)) == [case.code], filters
    assert queries.list_page(EVERYWHERE, CaseFilters(unit="KHONGCO"), calendar).total == 0


def test_the_worklist_is_sorted_by_urgency_and_counted(units: Any) -> None:
    calendar, now = site_calendar(), at("2024-07-01 08:00")
    version = make_version(units["LDVL"], ("Thẩm định", units["LDVL"], 5))
    days = ("2024-06-28", "2024-06-03", "2024-06-24", "2024-06-26")
    cases = {day: receive(version, at(f"{day} 08:00")) for day in days}
    paused = receive(version, at("2024-06-28 08:00"))
    happen(paused, EventKind.SUPPLEMENT_REQUESTED, at("2024-06-28 09:00"))
    desk = Scope(SITE, frozenset({units["LDVL"].id}))
    page = worklist.worklist(desk, calendar, now)
    assert codes_of(page) == [cases[day].code for day in sorted(days)]
    assert worklist.bucket_counts(desk, calendar, now) == dict.fromkeys(Bucket, 1)
    for bucket in Bucket:
        assert len(worklist.worklist(desk, calendar, now, bucket).lines) == 1
    first = worklist.worklist(desk, calendar, now, limit=2)
    second = worklist.worklist(desk, calendar, now, after=first.after, limit=2)
    assert codes_of(first) + codes_of(second) == codes_of(page)
    assert codes_of(worklist.worklist(desk, calendar, now, before=second.before, limit=2)) == codes_of(first)
    assert not worklist.worklist(Scope(SITE, frozenset({units["NCC"].id})), calendar, now).lines


def test_the_case_page_counts_the_time_of_the_stage_still_running(units: Any) -> None:
    version = make_version(units["LDVL"], ("Thẩm định", units["LDVL"], 3), ("Trả kết quả", units["MC"], 2))
    case = receive(version, at("2024-06-24 08:00"))
    happen(case, EventKind.SUPPLEMENT_REQUESTED, at("2024-06-25 08:00"))
    happen(case, EventKind.SUPPLEMENTED, at("2024-06-27 08:00"))
    view = case_view(EVERYWHERE, case.id, site_calendar(), at("2024-07-01 08:00"))
    running, waiting = view.stages
    assert (running.state, running.used, running.late) == ("current", 3, False)
    assert (waiting.state, waiting.used) == ("waiting", None)
    later = case_view(EVERYWHERE, case.id, site_calendar(), at("2024-07-02 08:00"))
    assert [stage.over for stage in later.late_stages] == [1]
    with pytest.raises(NotFound):
        case_view(Scope(SITE, frozenset({-1})), case.id, site_calendar(), at("2024-07-02 08:00"))
