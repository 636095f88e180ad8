"""What the site does by itself at its hours, each once, whichever of its servers comes first.

A planned run is a row. Who changes it, in one statement, has the run until its lease ends: a server that was killed
holds nothing up for longer, and two never have it at once. What was done is known by the hour it was planned for, so
that a clock put back or forward does nothing twice. What a room plans must itself stand being begun again.
"""

from __future__ import annotations

import logging
import random
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from threading import Event, Thread

from flask import Flask
from sqlalchemy import ColumnElement, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from app.core.calendar import WorkingCalendar
from app.core.errors import DomainError
from app.organisation.access import Actor, Scope, whole_site
from app.organisation.audit import transaction
from app.organisation.calendars import site_calendar
from app.organisation.models import PlannedRun
from app.organisation.permissions import Capability, needs
from app.web import extensions
from app.web.extensions import db
from app.web.formats import sentence

BY_ITSELF = Actor("Lịch chạy tự động")
"""Who acts when nobody does."""
EVERY = 30.0  # seconds between two looks at the clock
RETRY = timedelta(minutes=30)
MOST_ATTEMPTS = 5  # at one hour's run; then the next hour is waited for
PUT_BACK = timedelta(days=2)  # a clock put back by less has what was done stand
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Routine:
    """Something done at these hours of the site's zone. `lease`: how long it may take before another server thinks
    that this one is gone. `working_days`: never on a day off."""

    name: str
    hours: tuple[time, ...]
    work: Callable[[], None]
    working_days: bool = False
    lease: timedelta = timedelta(minutes=30)


_routines: dict[str, Routine] = {}


def add_routine(routine: Routine) -> None:
    """Say that the site does this by itself."""
    _routines[routine.name] = routine


def planned() -> Sequence[Routine]:
    """Everything that the site does by itself, by name."""
    return sorted(_routines.values(), key=lambda routine: routine.name)


def slot_of(routine: Routine, now: datetime, calendar: WorkingCalendar) -> str:
    """The latest hour that has come, in local time ("2024-07-01T07:30"); empty where nothing is to be done today."""
    local = now.astimezone(calendar.zone).replace(tzinfo=None)
    days = [local.date()] if routine.working_days else [local.date(), local.date() - timedelta(days=1)]
    if routine.working_days and not calendar.is_working_day(local.date()):
        return ""
    come = [at for day in days for hour in routine.hours if (at := datetime.combine(day, hour)) <= local]
    return max(come).isoformat(timespec="minutes") if come else ""


@needs(Capability.KEEP_SITE)
def run_due(scope: Scope, by: Actor) -> list[str]:
    """Do what is due and no other server does or has done. Returns the names of what was done here.

    What fails is told in the log and in its row, and tried again half an hour later, a few times.
    """
    return [routine.name for routine in planned() if _run(scope, routine)]


def _run(scope: Scope, routine: Routine) -> bool:
    slot, holder = slot_of(routine, extensions.now(), site_calendar()), secrets.token_hex(8)
    if not slot or not _claim(scope, routine, slot, holder):
        return False
    try:
        routine.work()
    except Exception as error:
        db.session.rollback()
        said = sentence(error) if isinstance(error, DomainError) else type(error).__name__
        _log.error("planned run %s of %s: %s", routine.name, slot, said, exc_info=not isinstance(error, DomainError))
        _give_back(scope, routine, slot, holder, said)
        return False
    return _finish(scope, routine, slot, holder)


def _claim(scope: Scope, routine: Routine, slot: str, holder: str) -> bool:
    """Take the run of that hour; False where another has it, or has done it, or nothing was owed yet."""
    now = extensions.now()
    row = select(PlannedRun.done, PlannedRun.leased_until).where(*_of(scope, routine))
    known = db.session.execute(row).first()
    db.session.rollback()  # a look, every half a minute
    if known is None:
        _begin(scope, routine, slot)
        return False
    if _from_a_clock_ahead(routine, slot, now, known.done, known.leased_until):
        _begin_anew(scope, routine, slot, known.done)
        return False
    if known.done >= slot or (known.leased_until is not None and known.leased_until > now):
        return False
    with transaction() as session:
        taken = session.execute(
            update(PlannedRun)
            .where(*_of(scope, routine), PlannedRun.done < slot)
            .where(or_(PlannedRun.leased_until.is_(None), PlannedRun.leased_until <= now))
            .values(holder=holder, leased_until=now + routine.lease, started_at=now)
            .execution_options(synchronize_session=False)
        )
        return bool(taken.rowcount == 1)  # type: ignore[attr-defined]


def _of(scope: Scope, routine: Routine) -> tuple[ColumnElement[bool], ...]:
    return PlannedRun.site == scope.site, PlannedRun.name == routine.name


def _begin(scope: Scope, routine: Routine, slot: str) -> None:
    """Seen for the first time: what lies before is not owed."""
    try:
        with transaction() as session:
            session.execute(insert(PlannedRun).values(site=scope.site, name=routine.name, done=slot))
    except IntegrityError:
        return  # another server was quicker


def _from_a_clock_ahead(routine: Routine, slot: str, now: datetime, done: str, leased_until: datetime | None) -> bool:
    """Days ahead of now, as a clock leaves it that was put right again: until then nothing would be done any more."""
    if done > slot and datetime.fromisoformat(done) - datetime.fromisoformat(slot) > PUT_BACK:
        return True
    return leased_until is not None and leased_until - now > routine.lease + PUT_BACK


def _begin_anew(scope: Scope, routine: Routine, slot: str, done: str) -> None:
    """As when it was seen for the first time."""
    with transaction() as session:
        session.execute(
            update(PlannedRun)
            .where(*_of(scope, routine), PlannedRun.done == done)
            .values(done=slot, holder="", leased_until=None)
            .execution_options(synchronize_session=False)
        )


def _finish(scope: Scope, routine: Routine, slot: str, holder: str) -> bool:
    with transaction() as session:
        ended = session.execute(
            update(PlannedRun)
            .where(*_of(scope, routine), PlannedRun.holder == holder)
            .values(done=slot, holder="", leased_until=None, ended_at=extensions.now(), attempts=0, fault="")
            .execution_options(synchronize_session=False)
        )
    if ended.rowcount != 1:  # type: ignore[attr-defined]
        _log.warning("planned run %s of %s took longer than its lease", routine.name, slot)
    return True


def _give_back(scope: Scope, routine: Routine, slot: str, holder: str, said: str) -> None:
    """Not done: to be tried again later, or not before the next hour."""
    mine = (*_of(scope, routine), PlannedRun.holder == holder)
    with transaction() as session:
        attempts = session.scalar(select(PlannedRun.attempts).where(*mine))
        if attempts is None:
            return
        last = attempts + 1 >= MOST_ATTEMPTS
        values = {"done": slot, "attempts": 0} if last else {"attempts": attempts + 1}
        until = None if last else extensions.now() + RETRY
        session.execute(update(PlannedRun).where(*mine).values(holder="", leased_until=until, fault=said, **values))


def runs(scope: Scope) -> dict[str, PlannedRun]:
    """How each planned run stands, by name; those that no server has looked at left out."""
    found = db.session.scalars(select(PlannedRun).where(PlannedRun.site == scope.site))
    return {run.name: run for run in found}


def keep_hours(app: Flask) -> Event:
    """From now on look again and again what is due, in a thread of this process, unless the settings leave that to
    others. Set what it returns to end it."""
    ended = Event()
    if not app.config["SETTINGS"].scheduler:
        return ended
    Thread(target=_keep, args=(app, ended), name="schedule", daemon=True).start()
    return ended


def _keep(app: Flask, ended: Event) -> None:
    said = ""
    while not ended.wait(EVERY * random.uniform(0.8, 1.2)):  # noqa: S311  servers that began together drift apart
        try:
            with app.app_context():
                run_due(whole_site(), BY_ITSELF)
            said = ""
        except Exception as error:  # a database that is away comes back
            why = sentence(error) if isinstance(error, DomainError) else type(error).__name__
            if why != said:
                _log.warning("planned runs wait: %s", why)
            said = why
