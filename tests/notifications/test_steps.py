"""When somebody is reminded, and who."""

from __future__ import annotations

import pytest

from app.cases.population import horizon
from app.core.calendar import WorkingCalendar
from app.notifications.models import ReminderStep
from app.notifications.steps import AHEAD, Colleague, Pending, Staff, step_of
from tests.clock import at

CALENDAR = WorkingCalendar()


def pending(due: str, **fields: object) -> Pending:
    given = {"resolved": False, "unit_id": 1, "holder_id": None, "officer": ""} | fields
    return Pending(7, at(due), **given)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("now", "due", "step"),
    [
        ("2024-07-01 08:00", "2024-07-04 23:59", None),
        ("2024-07-01 08:00", "2024-07-03 23:59", ReminderStep.TWO_DAYS),
        ("2024-07-01 08:00", "2024-07-02 23:59", ReminderStep.ONE_DAY),
        ("2024-07-01 08:00", "2024-07-01 23:59", ReminderStep.DUE_TODAY),
        ("2024-07-01 08:00", "2024-07-01 07:59", ReminderStep.OVERDUE),
        ("2024-07-01 08:00", "2024-06-28 23:59", ReminderStep.OVERDUE),
        ("2024-06-28 08:00", "2024-07-01 23:59", ReminderStep.ONE_DAY),  # Friday: Monday is the next working day
        ("2024-06-27 08:00", "2024-07-01 23:59", ReminderStep.TWO_DAYS),
        ("2024-04-26 08:00", "2024-05-02 23:59", ReminderStep.ONE_DAY),  # over the holidays of 30 April and 1 May
    ],
)
def test_days_are_counted_as_worked(now: str, due: str, step: ReminderStep | None) -> None:
    assert step_of(pending(due), CALENDAR, at(now)) is step


def test_a_case_with_its_result_is_to_be_closed() -> None:
    assert (
        step_of(pending("2024-07-02 23:59", resolved=True), CALENDAR, at("2024-07-01 08:00")) is ReminderStep.NOT_CLOSED
    )
    assert step_of(pending("2024-07-31 23:59", resolved=True), CALENDAR, at("2024-07-01 08:00")) is None


def test_the_horizon_holds_everything_that_has_a_step() -> None:
    friday = at("2024-06-28 08:00")
    assert horizon(CALENDAR, friday, AHEAD) == CALENDAR.end_of_day(CALENDAR.local_day(at("2024-07-02 08:00")))


LAN, BINH = Colleague(1, "Nguyễn Thị Lan", 1, heads=False), Colleague(2, "Trần Văn Bình", 1, heads=False)
HEAD, BOSS = Colleague(3, "Trưởng phòng", 1, heads=True), Colleague(4, "Giám đốc", 9, heads=True)


def test_the_holder_and_the_head_are_told() -> None:
    staff = Staff([LAN, BINH, HEAD, BOSS], {1: [1, 9]})
    assert staff.told_of(pending("2024-07-01 08:00", holder_id=2)) == {2, 3}
    assert staff.told_of(pending("2024-07-01 08:00", officer="Nguyễn Thị Lan")) == {1, 3}
    assert staff.told_of(pending("2024-07-01 08:00", officer="Người đã nghỉ việc")) == {1, 2, 3}


def test_a_unit_without_a_head_is_headed_from_above() -> None:
    staff = Staff([LAN, BOSS], {1: [1, 9]})
    assert staff.told_of(pending("2024-07-01 08:00", holder_id=1)) == {1, 4}
    assert Staff([BOSS], {1: [1]}).told_of(pending("2024-07-01 08:00")) == set()
