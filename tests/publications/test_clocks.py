"""The clocks of a publication: when each runs, whose it is, and what cannot have happened."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from app.core.calendar import WorkingCalendar
from app.core.errors import DomainError
from app.publications.clocks import (
    Dates,
    PublicationStep,
    Stage,
    StepClock,
    check_dates,
    clocks,
    stage,
    used_on_arrival,
)
from app.publications.models import PublicationTrack

CATALOGUE, EARLY, PROCESS = PublicationTrack
TODAY = date(2024, 7, 1)
CALENDAR = WorkingCalendar()


def june(day: int) -> date:
    return date(2024, 6, day)


def ran(track: PublicationTrack, dates: Dates, day: date = TODAY) -> dict[PublicationStep, StepClock]:
    return {clock.step: clock for clock in clocks(track, dates, day, CALENDAR)}


def test_the_catalogue_clock_starts_on_arrival_and_the_first_day_does_not_count() -> None:
    # Monday 3 June; handed over on Thursday 6, submitted on Monday 10.
    dates = Dates(printed_on=date(2024, 5, 28), arrived_on=june(3), handed_over_on=june(6), finished_on=june(10))
    found = ran(CATALOGUE, dates)
    assert (found[PublicationStep.DIVISION].started_on, found[PublicationStep.DIVISION].ended_on) == (june(3), june(6))
    assert (found[PublicationStep.DIVISION].working_days, found[PublicationStep.DIVISION].calendar_days) == (3, 3)
    assert (found[PublicationStep.OFFICE].working_days, found[PublicationStep.OFFICE].calendar_days) == (2, 4)
    assert (found[PublicationStep.WHOLE].working_days, found[PublicationStep.WHOLE].calendar_days) == (5, 7)


def test_holidays_and_the_swapped_saturday_are_counted_as_the_calendar_has_them() -> None:
    # 29 April was swapped for Saturday 4 May; 30 April and 1 May are holidays.
    dates = Dates(arrived_on=date(2024, 4, 26), handed_over_on=date(2024, 5, 4))
    division = ran(CATALOGUE, dates)[PublicationStep.DIVISION]
    assert (division.working_days, division.calendar_days) == (3, 8)


def test_handing_over_starts_the_clock_of_the_office() -> None:
    before = ran(CATALOGUE, Dates(arrived_on=june(3)), june(5))
    assert before[PublicationStep.OFFICE].started_on is None
    assert before[PublicationStep.OFFICE].working_days == 0
    after = ran(CATALOGUE, Dates(arrived_on=june(3), handed_over_on=june(5)), june(7))
    assert after[PublicationStep.OFFICE].started_on == june(5)
    assert after[PublicationStep.OFFICE].working_days == 2
    assert after[PublicationStep.OFFICE].running


def test_a_division_is_late_although_the_total_is_kept() -> None:
    # Four days with the division, one with the Office: five in all.
    dates = Dates(arrived_on=june(3), handed_over_on=june(7), finished_on=june(10))
    found = ran(CATALOGUE, dates)
    assert [
        found[step].working_days for step in (PublicationStep.DIVISION, PublicationStep.OFFICE, PublicationStep.WHOLE)
    ] == [4, 1, 5]


@pytest.mark.parametrize(
    ("track", "handed_over", "finished", "answers"),
    [
        (CATALOGUE, 7, 11, PublicationStep.DIVISION),  # 4 + 2
        (CATALOGUE, 6, 11, PublicationStep.OFFICE),  # 3 + 3: the Office has only 2
        (CATALOGUE, 4, 11, PublicationStep.OFFICE),  # 1 + 5
        (PROCESS, 6, 11, PublicationStep.DIVISION),  # 3 + 3: the division has only 2
        (PROCESS, 5, 11, PublicationStep.OFFICE),  # 2 + 4
    ],
)
def test_a_total_over_five_days_is_told_to_one_that_overran(
    track: PublicationTrack, handed_over: int, finished: int, answers: PublicationStep
) -> None:
    dates = Dates(
        printed_on=june(3),
        arrived_on=june(3),
        handed_over_on=june(handed_over),
        finished_on=june(finished),
        published_on=june(finished),
    )
    whole = ran(track, dates)[PublicationStep.WHOLE]
    assert whole.working_days == 6
    assert whole.leads == (answers,)


def test_while_the_division_has_it_the_whole_is_the_division_s() -> None:
    assert ran(CATALOGUE, Dates(arrived_on=june(3)), june(3))[PublicationStep.WHOLE].leads == (
        PublicationStep.DIVISION,
    )


def test_an_early_number_counts_from_the_date_printed_on_the_decision_for_both_units() -> None:
    dates = Dates(printed_on=june(3), arrived_on=june(6), finished_on=june(10))
    assert [clock.step for clock in clocks(EARLY, dates, TODAY, CALENDAR)] == [PublicationStep.JOINT]
    joint = ran(EARLY, dates)[PublicationStep.JOINT]
    assert joint.leads == (PublicationStep.DIVISION, PublicationStep.OFFICE)
    assert (joint.started_on, joint.working_days) == (june(3), 5)


def test_an_early_number_may_be_late_when_it_arrives() -> None:
    dates = Dates(printed_on=june(3), arrived_on=june(12))
    assert used_on_arrival(EARLY, dates, CALENDAR) == (7, 9)
    assert used_on_arrival(CATALOGUE, dates, CALENDAR) == (0, 0)


def test_two_products_of_the_process_share_one_clock_that_stops_with_the_later() -> None:
    written = Dates(printed_on=june(3), handed_over_on=june(5), finished_on=june(7))
    assert ran(PROCESS, written)[PublicationStep.OFFICE].running
    both = Dates(printed_on=june(3), handed_over_on=june(5), finished_on=june(7), published_on=june(10))
    assert ran(PROCESS, both)[PublicationStep.WHOLE].ended_on == june(10)
    listed_first = Dates(printed_on=june(3), handed_over_on=june(5), finished_on=june(7), published_on=june(6))
    assert ran(PROCESS, listed_first)[PublicationStep.WHOLE].ended_on == june(7)


def test_what_happened_later_is_not_known_on_an_earlier_day() -> None:
    dates = Dates(arrived_on=june(3), handed_over_on=june(6), finished_on=june(10))
    seen = ran(CATALOGUE, dates, june(5))
    assert seen[PublicationStep.DIVISION].running
    assert seen[PublicationStep.DIVISION].working_days == 2
    assert ran(CATALOGUE, dates, june(2)) == {}


@pytest.mark.parametrize(
    ("track", "dates", "expected"),
    [
        (CATALOGUE, Dates(arrived_on=june(3)), Stage.DIVISION),
        (CATALOGUE, Dates(arrived_on=june(3), handed_over_on=june(4)), Stage.OFFICE),
        (CATALOGUE, Dates(arrived_on=june(3), handed_over_on=june(4), finished_on=june(5)), Stage.FINISHED),
        (EARLY, Dates(printed_on=june(3), arrived_on=june(4)), Stage.JOINT),
        (PROCESS, Dates(printed_on=june(3), handed_over_on=june(4), finished_on=june(5)), Stage.OFFICE),
        (
            PROCESS,
            Dates(printed_on=june(3), handed_over_on=june(4), finished_on=june(5), published_on=june(5)),
            Stage.PUBLISHED,
        ),
    ],
)
def test_where_it_stands(track: PublicationTrack, dates: Dates, expected: Stage) -> None:
    assert stage(track, dates) is expected


@pytest.mark.parametrize(
    ("track", "dates", "field"),
    [
        (CATALOGUE, {"printed_on": 3}, "arrived_on"),
        (CATALOGUE, {"printed_on": 4, "arrived_on": 3}, "arrived_on"),
        (CATALOGUE, {"arrived_on": 4, "handed_over_on": 3}, "handed_over_on"),
        (CATALOGUE, {"arrived_on": 3, "finished_on": 4}, "finished_on"),
        (CATALOGUE, {"arrived_on": 3, "handed_over_on": 5, "finished_on": 4}, "finished_on"),
        (CATALOGUE, {"arrived_on": 3, "handed_over_on": 4, "published_on": 5}, "published_on"),
        (CATALOGUE, {"arrived_on": 3, "handed_over_on": 4, "finished_on": 6, "published_on": 5}, "published_on"),
        (EARLY, {"arrived_on": 3}, "printed_on"),
        (EARLY, {"printed_on": 3}, "arrived_on"),
        (EARLY, {"printed_on": 3, "arrived_on": 4, "handed_over_on": 5}, "handed_over_on"),
        (PROCESS, {"arrived_on": 3}, "printed_on"),
        (PROCESS, {"printed_on": 5, "published_on": 4}, "published_on"),
    ],
)
def test_dates_that_cannot_be_are_refused_at_their_field(
    track: PublicationTrack, dates: dict[str, Any], field: str
) -> None:
    with pytest.raises(DomainError) as refused:
        check_dates(track, Dates(**{name: june(day) for name, day in dates.items()}), TODAY)
    assert refused.value.field == field


@pytest.mark.parametrize("day", [date(2024, 7, 2), date(1924, 6, 3)])
def test_days_to_come_and_slips_of_the_year_are_refused(day: date) -> None:
    with pytest.raises(DomainError) as refused:
        check_dates(CATALOGUE, Dates(arrived_on=day), TODAY)
    assert refused.value.field == "arrived_on"


def test_the_public_list_may_be_updated_before_the_internal_process_is_written() -> None:
    dates = Dates(printed_on=june(3), handed_over_on=june(5), finished_on=june(7), published_on=june(6))
    check_dates(PROCESS, dates, TODAY)
