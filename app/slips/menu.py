"""Which slips make sense for a case as it stands: what its page offers to print."""

from __future__ import annotations

from dataclasses import dataclass

from app.cases.case_page import CaseView
from app.cases.vocabulary import EventKind
from app.organisation.calendars import site_calendar
from app.slips.circulars import FROM_2025, SlipKind

_TELLS = {
    EventKind.SUPPLEMENT_REQUESTED: SlipKind.SUPPLEMENT,
    EventKind.REFUSED: SlipKind.REFUSAL,
    EventKind.APOLOGISED: SlipKind.APOLOGY,
    EventKind.STOPPED: SlipKind.STOP,
}


@dataclass(frozen=True, slots=True)
class Offer:
    """A slip to print. `nth` tells which of several, from 1; None where there is one."""

    kind: SlipKind
    nth: int | None = None


def menu_of(view: CaseView) -> list[Offer]:
    """The slips of a case: its receipt and control slip always, the others for what has happened to it."""
    told: dict[SlipKind, int] = {}
    calendar = site_calendar()
    for each in view.corrected:
        slip = None if each.void else _TELLS.get(each.event.kind)
        if slip and not (slip is SlipKind.STOP and calendar.local_day(each.at) < FROM_2025):
            told[slip] = told.get(slip, 0) + 1
    offers = [Offer(SlipKind.RECEIPT)]
    for slip in _TELLS.values():
        count = told.get(slip, 0)
        offers += [Offer(slip)] if count == 1 else [Offer(slip, nth) for nth in range(1, count + 1)]
    return [*offers, Offer(SlipKind.CONTROL)]
