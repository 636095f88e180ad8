"""What the engine is told of duties: missing, late and in time told apart; at the edge of a due day; by unit."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from app.cases.vocabulary import Channel
from app.core import facts
from app.core.facts import Fact
from app.core.periods import Period
from app.obligations import service, surveys
from app.obligations.models import BodyKind, FilingKind, Petition
from app.organisation.models import Unit
from app.procedures.models import Level
from app.web.extensions import db
from tests.clock import at
from tests.factories import CLERK, EVERYWHERE, make_department, make_unit, make_version, receive


@pytest.fixture
def units(session: Any) -> dict[str, Unit]:
    return make_department()


def told(kind: str, period: str = "2024-06", as_of: str = "", units: tuple[str, ...] | None = None) -> list[Fact]:
    asked = Period.parse(period)
    start, end = asked.bounds("Asia/Ho_Chi_Minh")
    query = facts.FactQuery("TEST", asked, start, end, as_of=at(as_of) if as_of else end, units=units)
    return list(facts.gather(db.session.connection(), query, [kind]))


def of(unit: str, kind: str, period: str = "2024-06", as_of: str = "") -> Fact:
    return next(fact for fact in told(kind, period, as_of) if fact["unit"] == unit)


def file(unit: Unit, kind: FilingKind, filed_on: date, period: str = "", **values: Any) -> Any:
    said = {"unit_id": unit.id, "kind": kind, "filed_on": filed_on, "period": period} | values
    return service.hand_in(EVERYWHERE, CLERK, **said)


# Filings


def test_a_duty_nobody_thought_of_is_told_for_every_unit_in_being(units: dict[str, Unit]) -> None:
    make_unit("CU", "Phòng cũ", valid_to=date(2024, 5, 31))
    found = {fact["unit"]: fact for fact in told("filing")}
    assert found.keys() == units.keys()
    assert all(fact["monthly_report"] == 0 for fact in found.values())
    assert [fact["unit"] for fact in told("filing", units=("NCC",))] == ["NCC"]


def test_a_report_is_late_by_the_working_days_after_its_period(
    units: dict[str, Unit], freeze: Callable[..., Any]
) -> None:
    """June 2024 ends on a Sunday: Monday 1 July is the first working day after it."""
    freeze("2024-07-15 08:00")
    handed_in = {"SO": date(2024, 6, 28), "VP": date(2024, 6, 30), "LDVL": date(2024, 7, 1), "NCC": date(2024, 7, 5)}
    for code, day in handed_in.items():
        file(units[code], FilingKind.MONTHLY_REPORT, day, "2024-06")
    found = {fact["unit"]: (fact["monthly_report"], fact["monthly_report_days"]) for fact in told("filing")}
    assert found == {"SO": (1, 0), "VP": (1, 0), "LDVL": (1, 1), "NCC": (1, 5), "MC": (0, 0), "TTDVVL": (0, 0)}


def test_a_day_off_is_not_counted_against_a_report(units: dict[str, Unit], freeze: Callable[..., Any]) -> None:
    freeze("2024-07-15 08:00")
    file(units["LDVL"], FilingKind.CATALOGUE_LIST, date(2024, 5, 6), "2024-04")
    # 1 May is off; Thursday 2, Friday 3, the swapped Saturday 4, Monday 6 May are worked.
    assert of("LDVL", "filing", "2024-04")["catalogue_list_days"] == 4


def test_how_long_ago_a_period_ended_is_told_as_of_now(units: dict[str, Unit], freeze: Callable[..., Any]) -> None:
    freeze("2024-06-28 08:00")
    assert of("LDVL", "filing", as_of="2024-06-28 08:00")["working_days_since_end"] == 0
    freeze("2024-07-05 23:59")
    assert of("LDVL", "filing")["working_days_since_end"] == 5
    freeze("2024-07-08 00:00")
    assert of("LDVL", "filing")["working_days_since_end"] == 6


def test_a_past_month_sees_what_had_come_by_the_end_of_the_next_and_never_more(
    units: dict[str, Unit], freeze: Callable[..., Any]
) -> None:
    def june() -> dict[str, tuple[int, int, int]]:
        return {
            fact["unit"]: (fact["monthly_report"], fact["monthly_report_days"], fact["working_days_since_end"])
            for fact in told("filing")
            if fact["unit"] in ("LDVL", "NCC", "VP")
        }

    freeze("2024-12-16 08:00")
    days = {"LDVL": date(2024, 7, 3), "NCC": date(2024, 7, 31), "VP": date(2024, 8, 1)}
    for code, day in days.items():
        file(units[code], FilingKind.MONTHLY_REPORT, day, "2024-06")
    in_december = june()
    assert {unit: numbers[:2] for unit, numbers in in_december.items()} == {
        "LDVL": (1, 3),
        "NCC": (1, 23),
        "VP": (0, 0),
    }
    freeze("2024-08-01 00:00")
    assert june() == in_december
    freeze("2024-07-15 08:00")
    assert {unit: number for unit, (number, *_) in june().items()} == {"LDVL": 1, "NCC": 0, "VP": 0}


def test_an_annual_report_is_looked_for_all_the_next_year(units: dict[str, Unit], freeze: Callable[..., Any]) -> None:
    freeze("2026-03-02 08:00")
    file(units["LDVL"], FilingKind.ANNUAL_REPORT, date(2024, 12, 31), "2023")
    file(units["NCC"], FilingKind.ANNUAL_REPORT, date(2025, 1, 2), "2023")
    assert (of("LDVL", "filing", "2023")["annual_report"], of("NCC", "filing", "2023")["annual_report"]) == (1, 0)


def test_a_report_counts_for_its_own_period_only(units: dict[str, Unit]) -> None:
    file(units["LDVL"], FilingKind.MONTHLY_REPORT, date(2024, 6, 5), "2024-05")
    file(units["LDVL"], FilingKind.DATED_REPORT, date(2024, 6, 20), "2024-Q2", title="Báo cáo quý II")
    assert of("LDVL", "filing", "2024-05")["monthly_report"] == 1
    june, quarter = of("LDVL", "filing"), of("LDVL", "filing", "2024-Q2")
    assert (june["monthly_report"], june["dated_report"]) == (0, 0)
    assert quarter["dated_report"] == 1


def test_a_withdrawn_report_does_not_count(units: dict[str, Unit]) -> None:
    filing = file(units["LDVL"], FilingKind.MONTHLY_REPORT, date(2024, 6, 5), "2024-05")
    service.withdraw_filing(EVERYWHERE, CLERK, filing.id, reason="ghi nhầm kỳ")
    assert of("LDVL", "filing", "2024-05")["monthly_report"] == 0


def test_news_and_dialogues_are_counted_in_the_period_and_in_the_year(units: dict[str, Unit]) -> None:
    for day in (date(2023, 12, 31), date(2024, 1, 1), date(2024, 6, 1), date(2024, 6, 30)):
        file(units["VP"], FilingKind.NEWS_ITEM, day, title=f"Tin {day}")
    file(units["VP"], FilingKind.DIALOGUE, date(2024, 7, 1), title="Đối thoại doanh nghiệp")
    june, year = of("VP", "filing"), of("VP", "year_count")
    assert (june["news_items"], june["dialogues"]) == (2, 0)
    assert (year["news_items"], year["dialogues"]) == (3, 0)
    assert of("VP", "year_count", "2024-Q1")["news_items"] == 1
    assert of("VP", "year_count", "2024", "2024-07-01 08:00")["dialogues"] == 1


# Directives


def directive(unit: Unit, number: str, due_on: date | None, done_on: date | None = None) -> None:
    (made,) = service.register_directive(
        EVERYWHERE,
        CLERK,
        number=number,
        issuer="UBND tỉnh",
        summary="Việc",
        unit_ids=[unit.id],
        received_on=date(2024, 4, 1),
        due_on=due_on,
    )
    if done_on:
        service.finish_directive(EVERYWHERE, CLERK, made.id, done_on=done_on, result="Xong")


def test_directives_due_or_overdue_are_counted_and_those_with_time_left_are_not(units: dict[str, Unit]) -> None:
    unit = units["LDVL"]
    directive(unit, "on the day", date(2024, 6, 14), date(2024, 6, 14))
    directive(unit, "a day late", date(2024, 6, 14), date(2024, 6, 15))
    directive(unit, "not done", date(2024, 6, 30))
    directive(unit, "overdue from May", date(2024, 5, 31))
    directive(unit, "May, done then", date(2024, 5, 31), date(2024, 5, 20))
    directive(unit, "July", date(2024, 7, 10))
    directive(unit, "no day", None)
    numbers = of("LDVL", "directives")
    assert (numbers["due"], numbers["done"], numbers["done_in_time"]) == (4, 2, 1)
    middle = of("LDVL", "directives", as_of="2024-06-14 08:00")
    assert (middle["due"], middle["done"]) == (2, 1), "the day is not over; what was done tomorrow is not known"
    assert of("NCC", "directives")["due"] == 0


# Petitions


def petition(unit: Unit, due_on: date, answered_on: date | None = None) -> str:
    made: Petition = service.receive_petition(
        EVERYWHERE, CLERK, unit_id=unit.id, content="Nội dung", received_on=date(2024, 5, 2), due_on=due_on
    )
    if answered_on:
        service.answer_petition(EVERYWHERE, CLERK, made.id, answered_on=answered_on, answer="CV 5")
    return made.code


def test_a_petition_is_overdue_from_the_day_after_its_last(units: dict[str, Unit]) -> None:
    code = petition(units["LDVL"], date(2024, 6, 14))
    on_the_day, after = (told("petition", as_of=f"2024-06-{day} 23:59")[0] for day in (14, 15))
    assert on_the_day == {
        "kind": "petition",
        "unit": "LDVL",
        "period": "2024-06",
        "subject": code,
        "answered": False,
        "overdue": False,
        "days_late": 0,
    }
    assert (after["overdue"], after["days_late"]) == (True, 1)


def test_petitions_are_told_when_due_and_as_long_as_they_wait(units: dict[str, Unit]) -> None:
    unit = units["LDVL"]
    in_time = petition(unit, date(2024, 6, 14), date(2024, 6, 14))
    late = petition(unit, date(2024, 6, 14), date(2024, 6, 17))
    waiting = petition(unit, date(2024, 5, 24))
    answered_in_june = petition(unit, date(2024, 5, 24), date(2024, 6, 3))
    petition(unit, date(2024, 7, 24))
    june = {fact["subject"]: (fact["answered"], fact["overdue"], fact["days_late"]) for fact in told("petition")}
    assert june == {in_time: (True, False, 0), late: (True, True, 3), waiting: (False, True, 38)}
    may = {fact["subject"]: (fact["answered"], fact["overdue"]) for fact in told("petition", "2024-05")}
    assert may == {waiting: (False, True), answered_in_june: (False, True)}
    totals = of("LDVL", "petitions")
    assert (totals["due"], totals["answered_in_time"]) == (2, 1)


# Surveys


def test_satisfaction_counts_the_years_answers_until_the_periods_end_bodies_apart(units: dict[str, Unit]) -> None:
    def survey(held_on: date, body: BodyKind, answered: int, satisfied: int) -> None:
        numbers = surveys.SurveyResult(units["TTDVVL"].id, f"{held_on}", body, held_on, 500, answered, satisfied)
        surveys.record_survey(EVERYWHERE, CLERK, numbers)

    survey(date(2023, 12, 31), BodyKind.ADMINISTRATIVE, 300, 1)
    survey(date(2024, 3, 31), BodyKind.ADMINISTRATIVE, 100, 87)
    survey(date(2024, 6, 30), BodyKind.ADMINISTRATIVE, 100, 88)
    survey(date(2024, 6, 30), BodyKind.PUBLIC_SERVICE, 50, 40)
    survey(date(2024, 7, 1), BodyKind.PUBLIC_SERVICE, 60, 60)
    assert of("TTDVVL", "satisfaction") == {
        "kind": "satisfaction",
        "unit": "TTDVVL",
        "period": "2024-06",
        "administrative_answered": 200,
        "administrative_satisfied": 175,
        "public_answered": 50,
        "public_satisfied": 40,
        "rounds": 2,
    }
    assert of("TTDVVL", "satisfaction", "2024-Q1")["administrative_answered"] == 100
    assert of("LDVL", "satisfaction")["rounds"] == 0


# Online targets


def test_the_online_share_counts_procedures_offered_online_and_tells_the_target(units: dict[str, Unit]) -> None:
    unit = units["LDVL"]
    versions = {level: make_version(unit, ("Xử lý", unit, 5), level=level) for level in Level}
    for level, channel, count in (
        (Level.FULL, Channel.ONLINE, 2),
        (Level.FULL, Channel.IN_PERSON, 1),
        (Level.PARTIAL, Channel.ONLINE, 1),
        (Level.PARTIAL, Channel.POST, 1),
        (Level.IN_PERSON, Channel.IN_PERSON, 3),
    ):
        for _ in range(count):
            receive(versions[level], at("2024-06-10 09:00"), channel=channel)
    receive(versions[Level.FULL], at("2024-05-31 09:00"), channel=Channel.ONLINE)
    service.set_online_target(
        EVERYWHERE, CLERK, unit_id=unit.id, year=2024, percent=60, assigned_on=date(2024, 4, 5), document="QĐ 10"
    )
    assert of("LDVL", "online_share") == {
        "kind": "online_share",
        "unit": "LDVL",
        "period": "2024-06",
        "received": 5,
        "online": 3,
        "unknown_received": 0,
        "fully_online_received": 3,
        "fully_online": 2,
        "unknown_fully_online": 0,
        "target_percent": 60,
        "has_target": True,
    }
    assert of("LDVL", "online_share", "2024-Q1")["has_target"] is False, "assigned after the quarter"
    assert of("NCC", "online_share")["received"] == 0
