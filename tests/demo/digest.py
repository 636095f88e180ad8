"""A digest of demonstration rows made without a database; run as a program, it prints it."""

from __future__ import annotations

import hashlib
from datetime import date

from app.cases.timeline import StageTerms, Terms, whole
from app.core.calendar import PauseMode, WorkingCalendar
from app.demo.catalogue import PROCEDURES
from app.demo.departments import CODES
from app.demo.intake import plan
from app.demo.sheets import Clerk
from app.demo.world import CalendarDays, KnownProcedure, World
from tests.clock import at

UNITS = {code: number for number, code in enumerate(CODES, 1)}


def world(seed: int = 7) -> World:
    """February to June 2024, with ids as an empty database would give them."""
    procedures = []
    for number, known in enumerate(PROCEDURES, 1):
        stages = tuple(
            StageTerms(position, name, UNITS[holder], whole(time))
            for position, (name, holder, time) in enumerate(known.stages(), 1)
        )
        terms = Terms(whole(known.total), known.time_unit, PauseMode.EXTEND, UNITS[known.unit], stages)
        procedures.append(
            KnownProcedure(
                *(known.code, number, known.unit, UNITS[known.unit], terms, known.level, known.fee),
                *(known.eligible, True, known.share),
            )
        )
    return World(
        site="TEST",
        prefix="H32.12",
        seed=seed,
        first=date(2024, 2, 1),
        last=date(2024, 6, 30),
        horizon=at("2024-06-30 23:59:59"),
        month=(date(2024, 6, 1), date(2024, 6, 30)),
        procedures=tuple(procedures),
        days=CalendarDays.of(WorkingCalendar()),
    )


def digest(seed: int = 7, cases: int = 300) -> str:
    """SHA-256 of every row of that many cases."""
    here = world(seed)
    clerk = Clerk(here, "sqlite://")
    rows = repr(clerk.write(plan(here, clerk.calendar, cases)))
    return hashlib.sha256(rows.encode()).hexdigest()


if __name__ == "__main__":
    print(digest())
