"""The lists of the morning: due, overdue, waiting too long, not closed, not collected; now is 1 July 2024, 8:00."""

from __future__ import annotations

import io
from datetime import datetime
from typing import Any

import openpyxl
import pytest

from app.cases.lists import DueList
from app.cases.queries import CaseFilters, every_line, list_page
from app.cases.vocabulary import EventKind, ReturnMethod
from app.organisation.access import Scope
from app.organisation.calendars import site_calendar
from app.organisation.models import Role
from tests.clock import at
from tests.factories import EVERYWHERE, SITE, finish, happen, make_department, make_person, make_version, receive
from tests.grounds import Grounds


@pytest.fixture
def units(ground: Grounds) -> Any:
    """Cases in every state, named for it."""
    return ground(make_cases)


def make_cases() -> Any:
    units = make_department()
    version = make_version(units["LDVL"], ("Tiếp nhận", units["MC"], 1), ("Thẩm định", units["LDVL"], 4))

    def case(received: str, name: str) -> Any:
        return receive(version, at(received), name)

    case("2024-06-17 08:00", "quá hạn lâu")
    case("2024-06-20 08:00", "quá hạn")
    case("2024-06-24 08:00", "hôm nay")
    case("2024-06-25 08:00", "mai")
    case("2024-06-27 08:00", "ba ngày nữa")
    happen(case("2024-04-01 08:00", "chờ lâu"), EventKind.SUPPLEMENT_REQUESTED, at("2024-04-02 08:00"), note="Thiếu")
    happen(case("2024-06-24 08:00", "chờ ít"), EventKind.SUPPLEMENT_REQUESTED, at("2024-06-25 08:00"), note="Thiếu")
    happen(case("2024-06-26 08:00", "có kết quả"), EventKind.RESOLVED, at("2024-06-28 08:00"))
    finish(case("2024-06-21 08:00", "đã đóng, chưa nhận"), at("2024-06-24 08:00"))
    collected = finish(case("2024-06-21 08:00", "đã nhận"), at("2024-06-24 08:00"))
    happen(collected, EventKind.DELIVERED, at("2024-06-25 08:00"))
    posted = finish(case("2024-06-21 08:00", "gửi bưu điện"), at("2024-06-24 08:00"))
    posted.return_method = ReturnMethod.POST
    return units


def listed(due: DueList, scope: Scope = EVERYWHERE, **more: Any) -> list[str]:
    page = list_page(scope, CaseFilters(due=due, **more), site_calendar())
    assert page.total == len(page.lines)
    return [line.case.applicant for line in page.lines]


@pytest.mark.parametrize(
    ("due", "names"),
    [
        (DueList.DUE_TODAY, ["hôm nay"]),
        (DueList.DUE_SOON, ["hôm nay", "mai", "có kết quả"]),
        (DueList.OVERDUE, ["quá hạn lâu", "quá hạn"]),
        (DueList.PAUSED_LONG, ["chờ lâu"]),
        (DueList.NOT_CLOSED, ["có kết quả"]),
        (DueList.TO_COLLECT, ["đã đóng, chưa nhận", "có kết quả"]),
    ],
)
def test_each_list_holds_its_cases_the_most_urgent_first(units: Any, due: DueList, names: list[str]) -> None:
    assert listed(due) == names


def test_how_far_ahead_is_the_readers_choice(units: Any) -> None:
    assert listed(DueList.DUE_SOON, days=1) == ["hôm nay", "mai"]
    assert listed(DueList.DUE_SOON, days=3)[-1] == "ba ngày nữa"


def test_lists_keep_the_other_filters_and_the_scope(units: Any) -> None:
    assert listed(DueList.OVERDUE, holder="MC") == ["quá hạn lâu", "quá hạn"]
    assert listed(DueList.OVERDUE, holder="LDVL") == []
    assert listed(DueList.OVERDUE, unit="NCC") == []
    assert listed(DueList.OVERDUE, Scope(SITE, frozenset({units["NCC"].id}))) == []
    assert listed(DueList.OVERDUE, Scope(SITE, frozenset({units["MC"].id}))) == ["quá hạn lâu", "quá hạn"]


def test_pages_follow_each_other(units: Any) -> None:
    filters = CaseFilters(due=DueList.DUE_SOON)
    first = list_page(EVERYWHERE, filters, site_calendar(), limit=2)
    second = list_page(EVERYWHERE, filters, site_calendar(), limit=2, after=first.after)
    names = [line.case.applicant for page in (first, second) for line in page.lines]
    assert names == ["hôm nay", "mai", "có kết quả"]
    assert [line.case.applicant for line in every_line(EVERYWHERE, filters, site_calendar())] == names


def test_a_list_is_turned_round(units: Any) -> None:
    newest = [line.case.id for line in list_page(EVERYWHERE, CaseFilters(), site_calendar()).lines]
    oldest = [line.case.id for line in list_page(EVERYWHERE, CaseFilters(oldest_first=True), site_calendar()).lines]
    assert oldest == newest[::-1]


def test_the_page_and_its_files_keep_the_filters(units: Any, sign_in: Any) -> None:
    client = sign_in(make_person(units["MC"], Role.DESK))
    page = client.get("/ho-so?due=overdue&holder=MC").text
    assert "quá hạn lâu" in page
    assert "ba ngày nữa" not in page
    assert 'href="/ho-so.xlsx?due=overdue&amp;holder=MC"' in page
    assert "ba ngày nữa" not in client.get("/ho-so.csv?due=overdue&holder=MC").text
    answer = client.get("/ho-so.xlsx?due=overdue&holder=MC")
    sheet = openpyxl.load_workbook(io.BytesIO(answer.data)).active
    header, *rows = sheet.iter_rows(min_row=4, values_only=True)
    assert [row[header.index("Người nộp")] for row in rows] == ["quá hạn lâu", "quá hạn"]
    assert rows[0][header.index("Tiếp nhận")] == datetime.fromisoformat("2024-06-17 08:00")


def test_an_impossible_number_of_days_is_said_and_leaves_the_list_as_it_is(units: Any, sign_in: Any) -> None:
    page = sign_in(make_person(units["MC"], Role.DESK)).get("/ho-so?due=due_soon&days=900").text
    assert "Số ngày từ 1 đến 60." in page
    assert "mai" in page


def test_every_list_that_is_a_csv_is_a_workbook_too(app: Any) -> None:
    addresses = {rule.rule for rule in app.url_map.iter_rules()}
    lists = [each for each in addresses if each.endswith(".csv")]
    assert len(lists) > 10
    assert all(each.removesuffix(".csv") + ".xlsx" in addresses for each in lists)
