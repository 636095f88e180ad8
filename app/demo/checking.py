"""The demonstration's plans and its first check: the plans of 2024 are kept on, so that last month can be judged."""

from __future__ import annotations

from app.compliance import packs, uploading
from app.compliance.queries.runs import latest_run
from app.compliance.service import Report, run_check
from app.organisation.access import Actor, whole_site
from app.organisation.calendars import today
from app.periods import Period, PeriodKind

REASON = "Bản trình diễn: tiếp tục áp dụng kế hoạch này sau năm ban hành."


def adopt_packs(by: Actor) -> None:
    """Let the site judge by every pack of the folder from its first day on, until further notice, unless it has decided
    itself."""
    decided = packs.decisions()
    for pack in packs.seeds().packs:
        if pack.id not in decided:
            since = pack.info.in_force.start or Period.nth(PeriodKind.YEAR, today().year).first
            uploading.adopt(by, pack.id, since, None, REASON, another_year=True)


def last_month() -> Period:
    """The month before today's, on the site's calendar."""
    return Period.of(PeriodKind.MONTH, today()).previous()


def check_last_month(by: Actor) -> Report | None:
    """Check last month, if it has not been checked. Raises DomainError when no pack is in force in it."""
    month = last_month()
    if latest_run(whole_site(), month) is not None:
        return None
    return run_check(by, month)
