"""How the demonstration's units work: each has its own weakness, so that every kind of result can be seen."""

from __future__ import annotations

from dataclasses import dataclass

EXACT_UNIT = "LDVL"
"""Exactly 35 % of its payments are online in every full month: one plan asks for that, another for more."""
EXACT_OF, EXACT_ONLINE = 20, frozenset({1, 4, 7, 9, 12, 15, 18})
"""Of every twenty payments of a month these are online: 7 of 20."""


@dataclass(frozen=True, slots=True)
class Habits:
    """Shares, from 0 to 1, of a unit's cases."""

    late: float = 0.04  # its own step overruns
    files: float = 0.96  # papers digitised
    results: float = 0.96  # results digitised
    electronic: float = 0.95  # results issued electronically as well
    same_day: float = 0.93  # of those, on the day of the result
    paid: float = 0.9  # fee paid, where one is due
    online: float = 0.3  # of the payments, online
    unclosed: float = 0.0  # of the recent ones with a result, never closed on the software
    at_once: bool = False  # nothing of its cases is ever late, at whatever unit


HABITS = {
    "LDVL": Habits(late=0.05, paid=0.97, online=0.34),
    "NCC": Habits(late=0, files=1, results=1, electronic=1, same_day=1, at_once=True),
    "BTXH": Habits(late=0.06, files=0.97, results=0.9, electronic=0.82, online=0.4, unclosed=0.25),
    "TEXH": Habits(late=0.09, files=0.84, results=0.88, electronic=0.9, online=0.18),
    "TTDVVL": Habits(late=0.03, files=0.99, paid=0),  # fees are due, and no payment is ever recorded
    "TTBTXH": Habits(late=0.04, results=0.93),
}
