"""What the site does by itself: at its hours, once, whatever becomes of clocks and servers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import time, timedelta
from typing import Any

import pytest
from flask import Flask

from app.core.calendar import WorkingCalendar
from app.core.errors import DomainError
from app.organisation import schedule
from app.organisation.schedule import BY_ITSELF, Routine, run_due, slot_of
from tests.clock import at
from tests.factories import EVERYWHERE
from tests.threads import at_once

Freeze = Callable[[str], Any]
NIGHTLY = Routine("nightly", (time(2, 30),), lambda: None)
DAILY = Routine("daily", (time(7, 30), time(13)), lambda: None, working_days=True)


@pytest.mark.parametrize(
    ("routine", "now", "slot"),
    [
        (DAILY, "2024-07-01 07:29", ""),
        (DAILY, "2024-07-01 07:30", "2024-07-01T07:30"),
        (DAILY, "2024-07-01 12:59", "2024-07-01T07:30"),
        (DAILY, "2024-07-01 23:59", "2024-07-01T13:00"),
        (DAILY, "2024-07-06 08:00", ""),  # a Saturday
        (DAILY, "2024-04-30 08:00", ""),  # a holiday
        (NIGHTLY, "2024-07-06 02:30", "2024-07-06T02:30"),
        (NIGHTLY, "2024-07-07 02:29", "2024-07-06T02:30"),
    ],
)
def test_an_hour_comes_in_the_zone_of_the_site(routine: Routine, now: str, slot: str) -> None:
    assert slot_of(routine, at(now), WorkingCalendar()) == slot


class Work:
    """Done so many times; what it raises once may be set."""

    def __init__(self) -> None:
        self.times, self.raises = 0, list[BaseException]()

    def __call__(self) -> None:
        self.times += 1
        if self.raises:
            raise self.raises.pop()


@pytest.fixture
def work(session: Any, monkeypatch: pytest.MonkeyPatch, freeze: Freeze) -> Work:
    """Planned for 7:30 and 13:00, last done on Friday; it is Monday 1 July, 8:00."""
    found = Work()
    routine = Routine("daily", DAILY.hours, found, working_days=True)
    monkeypatch.setattr(schedule, "_routines", {routine.name: routine})
    freeze("2024-06-28 14:00")
    assert tick() == []  # what lies before the first look is not owed
    freeze("2024-07-01 08:00")
    return found


def tick() -> list[str]:
    return run_due(EVERYWHERE, BY_ITSELF)


def test_three_servers_at_one_time_do_it_once(app: Flask, work: Work) -> None:
    done = at_once(app, tick, tick, tick)
    assert sorted(map(str, done)) == ["['daily']", "[]", "[]"]
    assert work.times == 1


def test_a_clock_put_back_or_forward_does_nothing_twice(work: Work, freeze: Freeze) -> None:
    done = {}
    for now in ("08:00", "07:00", "07:45", "13:05", "12:50", "07:31", "13:10", "23:00"):
        freeze(f"2024-07-01 {now}")
        tick()
        done[now] = work.times
    assert done == {"08:00": 1, "07:00": 1, "07:45": 1, "13:05": 2, "12:50": 2, "07:31": 2, "13:10": 2, "23:00": 2}
    freeze("2024-07-02 09:00")
    assert tick() == ["daily"]


def test_after_a_clock_that_ran_a_year_ahead_it_goes_on_from_the_next_hour(work: Work, freeze: Freeze) -> None:
    freeze("2025-07-01 08:00")
    work.raises = [KeyboardInterrupt()]
    with pytest.raises(KeyboardInterrupt):
        tick()  # killed: what it had is taken until a year from now
    freeze("2024-07-01 08:05")
    assert tick() == []
    freeze("2024-07-01 13:00")
    assert tick() == ["daily"]
    freeze("2025-07-01 08:00")
    assert tick() == ["daily"]
    freeze("2024-07-02 08:00")  # put right again
    assert tick() == []
    freeze("2024-07-02 13:00")
    assert tick() == ["daily"]
    assert tick() == []


def test_what_a_killed_server_had_is_taken_over_when_its_lease_ends(work: Work, freeze: Freeze) -> None:
    work.raises = [KeyboardInterrupt()]
    with pytest.raises(KeyboardInterrupt):
        tick()
    freeze("2024-07-01 08:29")
    assert tick() == []
    freeze("2024-07-01 08:30")
    assert tick() == ["daily"]
    assert work.times == 2


def test_what_fails_is_told_and_tried_again_a_few_times(app: Flask, work: Work, freeze: Freeze) -> None:
    work.raises = [DomainError("Không gửi được thư: %(why)s.", why="hộp thư đầy") for _time in range(9)]
    now, tried = at("2024-07-01 08:00"), []
    for minutes in range(0, 240, 15):
        freeze(now + timedelta(minutes=minutes))  # type: ignore[arg-type]
        before = work.times
        assert tick() == []
        tried += [minutes] * (work.times - before)
    assert tried == [0, 30, 60, 90, 120]
    run = app.test_cli_runner().invoke(args=["schedule"])
    assert run.exit_code == 1
    assert "hộp thư đầy" in run.stdout
    work.raises = []
    freeze("2024-07-01 13:00")
    assert tick() == ["daily"]
    assert app.test_cli_runner().invoke(args=["schedule"]).exit_code == 0
