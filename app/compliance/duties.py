"""Duties after an event, as durable rules: for each event, was the deed done, in time, late, or not at all?

The one place where facts are joined, and where the absence of a fact counts. Every rule with `requires` is judged by
the same four durable rules: which events are meant, and which facts are such deeds, has been asked before (see
`compiling`), so that no rule's own conditions stand in a join.

A negated pattern fires as soon as it is looked at. So each rule that has one begins with the gate, a fact asserted
after all others; deeds are asserted before events. Two equal facts in a session are refused as one: each has a number.
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from app.compliance.compiling import Outcome
from app.compliance.engine_worker import Table

EVENT, DEED, GATE = 1, 2, 3
NO_DAY = date.max.toordinal()


@dataclass(frozen=True, slots=True)
class Event:
    """Something that makes a duty: `key` names the thing, `due` is the last day on which the deed is in time, and
    `missed_from` the day from which its absence counts; days as ordinals."""

    key: int
    due: int
    missed_from: int

    @classmethod
    def due_on(cls, key: int, last_day: date) -> Event:
        """A duty with a last day."""
        return cls(key, last_day.toordinal(), last_day.toordinal() + 1)

    @classmethod
    def without_deadline(cls, key: int) -> Event:
        """A duty whose absence counts at once, and that is never late."""
        return cls(key, NO_DAY, 0)


@dataclass(frozen=True, slots=True)
class Deed:
    """Something done about the thing of that key, on a day (as an ordinal)."""

    key: int
    on: int


def event_table(events: Sequence[Event]) -> Table:
    """Events as the engine takes them; `number` is each one's place among them."""
    numbers = array("q")
    for number, event in enumerate(events):
        numbers.extend((EVENT, number, event.key, event.due, event.missed_from))
    return ("role", "number", "key", "due", "missed_from"), numbers


def deed_table(deeds: Sequence[Deed]) -> Table:
    """Deeds as the engine takes them; `number` tells each from an equal one."""
    numbers = array("q")
    for number, deed in enumerate(deeds):
        numbers.extend((DEED, number, deed.key, deed.on))
    return ("role", "number", "key", "on"), numbers


def gate_table(today: date) -> Table:
    """What is asserted last: everything is there now, and this is the day on which it is looked at."""
    return ("role", "today"), array("q", (GATE, today.toordinal()))


_GATE = {"gate": {"role": GATE}}
EVENT_NAME = "event"
"""What the patterns call the event that an outcome is told of."""
_EVENT = {EVENT_NAME: {"role": EVENT}}
_ITS_DEED = [{"role": DEED}, {"key": {"event": "key"}}]
_IN_TIME = {"$and": [*_ITS_DEED, {"$lte": {"on": {"event": "due"}}}]}
_AFTERWARDS = {"$and": [*_ITS_DEED, {"$gt": {"on": {"event": "due"}}}]}
_NO_DEED = {"deed$not": {"$and": _ITS_DEED}}

PATTERNS: Mapping[Outcome, list[dict[str, Any]]] = {
    Outcome.PASSED: [_GATE, _EVENT, {"deed": _IN_TIME}],
    Outcome.LATE: [_GATE, _EVENT, {"deed": _AFTERWARDS}, {"other$not": _IN_TIME}],
    Outcome.MISSING: [
        _GATE,
        {"event": {"$and": [{"role": EVENT}, {"$lte": {"missed_from": {"gate": "today"}}}]}},
        _NO_DEED,
    ],
    Outcome.PENDING: [
        _GATE,
        {"event": {"$and": [{"role": EVENT}, {"$gt": {"missed_from": {"gate": "today"}}}]}},
        _NO_DEED,
    ],
}
"""Each outcome's pattern. Together they leave nothing out, and no event has two of them."""
