"""The server's clock, asked before anything is written: a wrong one must not put its time on anybody's record.

A clock that is behind the newest entry of the audit trail is wrong, and so is one that is far ahead of it while less
time has passed than it says. What has passed is told by the machine, which counts the time since it was started and
by no clock that can be set: by the time in this process since the last writing that was in order, or by the newest
entry, if the same start of the machine wrote it. So a long holiday is nothing unusual while the machine runs. After a
restart it cannot tell; then a gap in which at most one working day has come is taken as it is, and over a longer one
somebody has to confirm the clock (`flask clock confirm`, or an administrator on a page).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.exc import OperationalError, ProgrammingError

from app.core import uptime
from app.core.errors import N_, NotNow
from app.core.text import checked_reason
from app.organisation import audit
from app.organisation.access import Actor, site
from app.organisation.audit import CLOCK_STEP, Head
from app.organisation.calendars import site_calendar
from app.organisation.permissions import Capability, needs
from app.web import extensions
from app.web.extensions import db

AHEAD = timedelta(days=1)
"""How far ahead of the newest entry the clock may be without anything else to tell that it is right."""

LONGEST_HOLIDAY = timedelta(days=31)
"""Beyond it no calendar is asked whether the days between were off."""


class ClockRefused(NotNow):
    """Nothing is written while the clock is not to be trusted."""


@dataclass(frozen=True, slots=True)
class ClockReading:
    """A moment at which the clock was in order: what it said, and how long the machine had been running (seconds)."""

    now: datetime
    uptime: int


_last_seen: dict[str, ClockReading] = {}
"""Of this process, by site."""


@dataclass(frozen=True, slots=True)
class ClockStatus:
    """How the clock stands. `newest` is when the newest entry was written, None before the first; `refused` says why
    nothing is written."""

    now: datetime
    newest: datetime | None
    refused: ClockRefused | None


def standing() -> ClockStatus:
    """How the clock stands now. Writes nothing."""
    now, head = extensions.now(), audit.head()
    return ClockStatus(now, head.at if head else None, _wrong(now, head) if head else None)


def check() -> None:
    """Raises ClockRefused while the clock is not to be trusted; asked before each transaction."""
    found = standing()
    if found.refused is not None:
        raise found.refused
    _last_seen[site()] = ClockReading(found.now, uptime.since_boot()[1])


def hold_on() -> None:
    """Before older data comes back: the clock is asked by what is there now, and in order from here on."""
    try:
        check()
    except (OperationalError, ProgrammingError):  # no tables yet
        db.session.rollback()
        _last_seen[site()] = ClockReading(extensions.now(), uptime.since_boot()[1])


@needs(Capability.KEEP_SITE)
def confirm(by: Actor, *, reason: str) -> ClockStatus:
    """Somebody who has looked says that the clock is right: from now on it counts from here. `reason` is kept."""
    reason = checked_reason(reason, missing=N_("Hãy ghi lý do xác nhận, ví dụ máy chủ tắt trong kỳ nghỉ."))
    before = standing()
    with audit.transaction(asked=False):
        audit.record(by, "confirm_clock", "clock", site(), newest=before.newest, reason=reason)
    check()
    return before


def _wrong(now: datetime, head: Head) -> ClockRefused | None:
    if now < head.at - CLOCK_STEP:
        return ClockRefused(
            "Đồng hồ máy chủ đang chỉ %(now)s, trước lần ghi gần nhất lúc %(newest)s, nên chưa ghi được gì. Hãy báo "
            "quản trị viên chỉnh lại đồng hồ; nếu đồng hồ đúng thì xác nhận bằng lệnh flask clock confirm.",
            now=now,
            newest=head.at,
        )
    if now - head.at <= AHEAD or _as_long_has_passed(now, head) or _next_working_day(now, head):
        return None
    return ClockRefused(
        "Đồng hồ máy chủ đang chỉ %(now)s, cách lần ghi gần nhất (%(newest)s) quá xa, nên chưa ghi được gì. Hãy báo "
        "quản trị viên xem lại đồng hồ; nếu đồng hồ đúng thì xác nhận bằng lệnh flask clock confirm.",
        now=now,
        newest=head.at,
    )


def _as_long_has_passed(now: datetime, head: Head) -> bool:
    """Whether the machine has been running for as long as the clock says has passed."""
    boot, running = uptime.since_boot()
    known = [_last_seen[site()]] if site() in _last_seen else []
    if head.boot and head.boot == boot:
        known.append(ClockReading(head.at, head.uptime))
    return any(abs((now - seen.now) - timedelta(seconds=running - seen.uptime)) <= CLOCK_STEP for seen in known)


def _next_working_day(now: datetime, head: Head) -> bool:
    """Whether at most one working day has come since: a weekend or Tết over which the machine was off."""
    if now - head.at > LONGEST_HOLIDAY:
        return False
    calendar = site_calendar()
    return calendar.count_working_days(calendar.local_day(head.at), calendar.local_day(now)) <= 1


def forget() -> None:
    """As a process that has just been started."""
    _last_seen.clear()


def register(asked_before: list[Callable[[], None]] = audit.before_writing) -> None:
    """From now on every transaction asks."""
    if check not in asked_before:
        asked_before.append(check)


register()
