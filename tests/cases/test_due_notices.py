"""When somebody is told that a case falls due, and who."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from app.cases.due_notices import AHEAD, CaseStep, Pending, step_of, told_of
from app.cases.population import horizon
from app.core.calendar import WorkingCalendar
from app.notifications.queries import Colleague, Staff
from app.organisation.models import Role
from tests.clock import at

CALENDAR = WorkingCalendar()


def pending(due: str, **fields: Any) -> Pending:
    here = Pending(7, "H32.12-1", "Cấp giấy phép", at(due), False, 1, 1, None, "")
    return replace(here, **fields)


@pytest.mark.parametrize(
    ("now", "due", "step"),
    [
        ("2024-07-01 08:00", "2024-07-04 23:59", None),
        ("2024-07-01 08:00", "2024-07-03 23:59", CaseStep.TWO_DAYS),
        ("2024-07-01 08:00", "2024-07-02 23:59", CaseStep.ONE_DAY),
        ("2024-07-01 08:00", "2024-07-01 23:59", CaseStep.DUE_TODAY),
        ("2024-07-01 08:00", "2024-07-01 07:59", CaseStep.OVERDUE),
        ("2024-07-01 08:00", "2024-06-28 23:59", CaseStep.OVERDUE),
        ("2024-06-28 08:00", "2024-07-01 23:59", CaseStep.ONE_DAY),  # Friday: Monday is the next working day
        ("2024-06-27 08:00", "2024-07-01 23:59", CaseStep.TWO_DAYS),
        ("2024-04-26 08:00", "2024-05-02 23:59", CaseStep.ONE_DAY),  # over the holidays of 30 April and 1 May
    ],
)
def test_days_are_counted_as_worked(now: str, due: str, step: CaseStep | None) -> None:
    assert step_of(pending(due), CALENDAR, at(now)) is step


def test_a_case_with_its_result_is_to_be_closed() -> None:
    assert step_of(pending("2024-07-02 23:59", resolved=True), CALENDAR, at("2024-07-01 08:00")) is CaseStep.NOT_CLOSED
    assert step_of(pending("2024-07-31 23:59", resolved=True), CALENDAR, at("2024-07-01 08:00")) is None


def test_the_horizon_holds_everything_that_has_a_step() -> None:
    friday = at("2024-06-28 08:00")
    assert horizon(CALENDAR, friday, AHEAD) == CALENDAR.end_of_day(CALENDAR.local_day(at("2024-07-02 08:00")))


LAN, BINH = Colleague(1, "Nguyễn Thị Lan", 1, Role.DESK), Colleague(2, "Trần Văn Bình", 1, Role.DESK)
HEAD, BOSS = Colleague(3, "Trưởng phòng", 1, Role.HEAD), Colleague(4, "Giám đốc", 9, Role.DIRECTOR)
DESK = [Colleague(5, "Một cửa", 2, Role.DESK), Colleague(6, "Trưởng bộ phận", 2, Role.HEAD)]


def test_the_holder_their_head_and_the_head_who_will_be_asked_are_told() -> None:
    everybody = Staff([LAN, BINH, HEAD, BOSS, *DESK], {1: [1, 9], 2: [2, 9]})
    assert told_of(pending("2024-07-01 08:00", holder_id=2), everybody) == {2, 3}
    assert told_of(pending("2024-07-01 08:00", officer="Nguyễn Thị Lan"), everybody) == {1, 3}
    assert told_of(pending("2024-07-01 08:00", officer="Người đã nghỉ việc"), everybody) == {1, 2, 3}
    at_the_desk = pending("2024-07-01 08:00", holder_unit_id=2, holder_id=5)  # the case of unit 1 lies at the desk
    assert told_of(at_the_desk, everybody) == {5, 6, 3}


def test_a_unit_without_a_head_is_headed_from_above() -> None:
    everybody = Staff([LAN, BOSS], {1: [1, 9]})
    assert told_of(pending("2024-07-01 08:00", holder_id=1), everybody) == {1, 4}
    assert told_of(pending("2024-07-01 08:00"), Staff([BOSS], {1: [1]})) == set()
