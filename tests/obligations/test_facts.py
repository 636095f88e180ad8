"""What the engine is told of duties: missing, late and in time told apart; at the edge of a due day; by unit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from app.cases.vocabulary import Channel
from app.core import facts
from app.core.facts import Fact
from app.core.periods import Period
from app.obligations import queries, service, surveys
from app.obligations.models import BodyKind, FilingKind, Petition
from app.organisation.models import Unit
from app.procedures.models import Level
from app.web.extensions import db
from tests.clock import at
from tests.factories import CLERK, EVERYWHERE, make_department, make_unit, make_version, receive


@pytest.fixture
def units(session: Any) -> dict[str, Unit]:
    return make_department()


def told(
    kind: str, period: str = "2024-06", as_of: str = "", units: tuple[str, ...] | None = None, looked_at: str = ""
) -> list[Fact]:
    asked = Period.parse(period)
    start, end = asked.bounds("Asia/Ho_Chi_Minh")
    known = at(looked_at) if looked_at else None
    query = facts.FactQuery("TEST", asked, start, end, at(as_of) if as_of else end, units, known)
    return list(facts.gather(db.session.connection(), query, [kind]))


def of(unit: str, kind: str, period: str = "2024-06", as_of: str = "") -> Fact:
    return next(fact for fact in told(kind, period, as_of) if fact["unit"] == unit)


def file(unit: Unit, kind: FilingKind, filed_on: date, period: str = "", **values: Any) -> Any:
    said = {"unit_id": unit.id, "kind": kind, "filed_on": filed_on, "period": period} | values
    return service.hand_in(EVERYWHERE, CLERK, **said)


# Filings


def owed(
    unit: str, kind: str = "monthly_report", period: str = "2024-06", looked_at: str = ""
) -> dict[str, tuple[bool, str]]:
    """What a unit owes, by the period it is about: handed in or not, and when."""
    found = [fact for fact in told(kind, period, looked_at=looked_at) if fact["unit"] == unit]
    return {fact["subject"]: (fact["handed_in"], fact["handed_in_on"]) for fact in found}


def test_a_duty_nobody_thought_of_is_told_for_every_unit_in_being(units: dict[str, Unit]) -> None:
    make_unit("CU", "Phòng cũ", valid_to=date(2024, 5, 31))
    found = {fact["unit"] for fact in told("monthly_report") if fact["subject"] == "2024-06"}
    assert found == units.keys()
    assert {fact["unit"] for fact in told("monthly_report", units=("NCC",))} == {"NCC"}


def test_what_was_never_handed_in_is_told_of_every_period_since_the_unit_began(units: dict[str, Unit]) -> None:
    make_unit("MOI", "Phòng mới", valid_from=date(2024, 4, 30))
    assert owed("MOI") == dict.fromkeys(("2024-04", "2024-05", "2024-06"), (False, ""))
    assert len(owed("LDVL")) == 18, "from the year before where no pack says since when"
    assert list(owed("MOI", "quarterly_report")) == ["2024-Q2"]
    assert list(owed("MOI", "annual_report")) == []


def test_what_was_handed_in_is_told_with_its_day_until_it_is_long_settled(
    units: dict[str, Unit], freeze: Callable[..., Any]
) -> None:
    freeze("2024-12-16 08:00")
    make_unit("MOI", "Phòng mới", valid_from=date(2024, 5, 1))
    file(units["LDVL"], FilingKind.MONTHLY_REPORT, date(2024, 7, 3), "2024-06")
    assert owed("LDVL")["2024-06"] == (False, ""), "looked at as June ends"
    assert owed("LDVL", looked_at="2024-07-03 08:00")["2024-06"] == (True, "2024-07-03")
    assert owed("LDVL", period="2024-08")["2024-06"] == (True, "2024-07-03")
    assert "2024-06" not in owed("LDVL", period="2024-11")


def test_what_came_after_the_day_of_looking_is_not_known(units: dict[str, Unit], freeze: Callable[..., Any]) -> None:
    freeze("2024-07-03 08:00")
    file(units["LDVL"], FilingKind.MONTHLY_REPORT, date(2024, 7, 3), "2024-06")
    june = Period.parse("2024-06")
    start, end = june.bounds("Asia/Ho_Chi_Minh")
    seen = {}
    for now in ("2024-07-02 23:00", "2024-07-03 09:00"):
        query = facts.FactQuery("TEST", june, start, end, end, ("LDVL",), at(now), date(2024, 6, 1))
        (fact,) = facts.gather(db.session.connection(), query, ["monthly_report"])
        seen[now] = fact["handed_in"]
    assert list(seen.values()) == [False, True]


def test_things_asked_about_by_name_are_told_alone(units: dict[str, Unit]) -> None:
    june = Period.parse("2024-06")
    start, end = june.bounds("Asia/Ho_Chi_Minh")
    every = facts.FactQuery("TEST", june, start, end, end, ("LDVL",))
    kinds = ["monthly_report", "quarterly_report"]
    few = replace(every, things=frozenset({"2024-05", "2024-Q1"}))
    found, of_all = (list(facts.gather(db.session.connection(), query, kinds)) for query in (few, every))
    assert [fact["subject"] for fact in found] == ["2024-05", "2024-Q1"]
    assert found == [fact for fact in of_all if fact["subject"] in ("2024-05", "2024-Q1")]


def test_a_report_counts_for_its_own_period_only(units: dict[str, Unit], freeze: Callable[..., Any]) -> None:
    freeze("2024-07-15 08:00")
    file(units["LDVL"], FilingKind.MONTHLY_REPORT, date(2024, 6, 5), "2024-05")
    file(units["LDVL"], FilingKind.DATED_REPORT, date(2024, 6, 20), "2024-Q2", title="Báo cáo quý II")
    assert owed("LDVL")["2024-05"] == (True, "2024-06-05")
    assert owed("LDVL")["2024-06"] == (False, "")
    assert owed("LDVL", "dated_report")["2024-Q2"] == (True, "2024-06-20")


def test_a_dated_report_that_names_no_period_is_about_the_quarter_of_its_day(units: dict[str, Unit]) -> None:
    file(units["LDVL"], FilingKind.DATED_REPORT, date(2024, 3, 20), title="Báo cáo")
    assert owed("LDVL", "dated_report")["2024-Q1"] == (True, "2024-03-20")
    (fact,) = (f for f in told("dated_report", units=("LDVL",)) if f["subject"] == "2024-Q1")
    assert (fact["quarter"], fact["ended_on"]) == (1, "2024-03-31")


def test_a_withdrawn_report_does_not_count(units: dict[str, Unit]) -> None:
    filing = file(units["LDVL"], FilingKind.MONTHLY_REPORT, date(2024, 6, 5), "2024-05")
    service.withdraw_filing(EVERYWHERE, CLERK, filing.id, reason="ghi nhầm kỳ")
    assert owed("LDVL")["2024-05"] == (False, "")


def test_a_list_is_about_the_procedures_in_force_on_the_months_last_day(units: dict[str, Unit]) -> None:
    make_version(units["NCC"], in_force_from=date(2024, 6, 30))
    found = {(f["unit"], f["subject"]): f["procedures"] for f in told("catalogue_list", units=("NCC", "LDVL"))}
    assert (found["NCC", "2024-06"], found["NCC", "2024-05"], found["LDVL", "2024-06"]) == (1, 0, 0)


def test_news_and_dialogues_are_counted_in_the_year(units: dict[str, Unit]) -> None:
    for day in (date(2023, 12, 31), date(2024, 1, 1), date(2024, 6, 1), date(2024, 6, 30)):
        file(units["VP"], FilingKind.NEWS_ITEM, day, title=f"Tin {day}")
    file(units["VP"], FilingKind.DIALOGUE, date(2024, 7, 1), title="Đối thoại doanh nghiệp")
    year = of("VP", "year_count")
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
    assert (numbers["waiting"], middle["waiting"], of("LDVL", "directives", "2024-07")["waiting"]) == (0, 2, 0)


def test_a_directive_without_a_day_is_due_when_the_year_in_which_it_came_ends(
    units: dict[str, Unit], freeze: Callable[..., Any]
) -> None:
    freeze("2025-03-05 08:00")
    directive(units["LDVL"], "no day", None)

    def numbers(period: str, as_of: str) -> tuple[int, int, int]:
        fact = of("LDVL", "directives", period, as_of)
        return fact["due"], fact["done_in_time"], fact["waiting"]

    assert numbers("2024-11", "2024-12-01 00:00") == (0, 0, 0)
    assert numbers("2024", "2024-08-01 08:00") == (0, 0, 1)
    assert numbers("2024-12", "2024-12-31 23:00") == (0, 0, 1)
    assert numbers("2024-12", "2025-01-01 00:00") == numbers("2024", "2025-01-01 00:00") == (1, 0, 0)
    assert numbers("2025-01", "2025-02-01 00:00") == (1, 0, 0)  # still owed
    made = queries.directives(EVERYWHERE)[0]
    service.finish_directive(EVERYWHERE, CLERK, made.id, done_on=date(2025, 2, 3), result="Xong")
    assert numbers("2024", "2025-01-01 00:00") == (1, 0, 0)
    assert numbers("2025-02", "2025-03-01 00:00") == (0, 0, 0)  # done in a later period: nothing fails there


def test_a_directive_without_a_day_that_was_done_within_its_year_was_done_in_time(
    units: dict[str, Unit], freeze: Callable[..., Any]
) -> None:
    freeze("2025-03-05 08:00")
    directive(units["LDVL"], "no day", None, date(2024, 12, 31))
    fact = of("LDVL", "directives", "2024", "2025-01-01 00:00")
    assert (fact["due"], fact["done_in_time"], fact["waiting"]) == (1, 1, 0)


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
