"""The rules engine as the rest of the house knows it: compiled rules and sheets in, outcomes out, each one counted.

The engine itself runs in a process of its own (`engine_process`, `engine_worker`). Nothing that comes back is
believed before it is whole: each rule has exactly one outcome for each sheet, each duty one for each event.
- `$or` fires once for each of its branches that holds: the same outcome may be told several times, which is
  harmless; two different outcomes of one rule for one sheet are an error.
- A negated pattern fires at once, and two equal facts in a session are refused as one: see `duties`.
"""

from __future__ import annotations

import threading
from array import array
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from app.compliance.evaluation.engine_process import EngineProcess, EngineStopped, Limits
from app.compliance.evaluation.engine_worker import NUMBER, Collided, Failed, Rule, Table
from app.rulepacks.compiler import ZERO, Compiled, Expression, RuleOutcome, Ruleset, property_name

__all__ = ["JOIN", "Engine", "EngineError", "EngineStopped", "Limits", "shared_engine"]

EVENT, DEED, GATE = 1, 2, 3
NO_DAY = date.max.toordinal()


@dataclass(frozen=True, slots=True)
class TriggeringEvent:
    """Something that makes a duty: `key` names the thing, `due` is the last day on which the deed is in time, and
    `missed_from` the day from which its absence counts; days as ordinals."""

    key: int
    due: int
    missed_from: int

    @classmethod
    def due_on(cls, key: int, last_day: date) -> TriggeringEvent:
        """A duty with a last day."""
        return cls(key, last_day.toordinal(), last_day.toordinal() + 1)

    @classmethod
    def without_deadline(cls, key: int) -> TriggeringEvent:
        """A duty whose absence counts at once, and that is never late."""
        return cls(key, NO_DAY, 0)


@dataclass(frozen=True, slots=True)
class Fulfilment:
    """Something done about the thing of that key, on a day (as an ordinal)."""

    key: int
    on: int


def event_table(events: Sequence[TriggeringEvent]) -> Table:
    """Events as the engine takes them; `number` is each one's place among them."""
    numbers = array("q")
    for number, event in enumerate(events):
        numbers.extend((EVENT, number, event.key, event.due, event.missed_from))
    return ("role", "number", "key", "due", "missed_from"), numbers


def fulfilment_table(deeds: Sequence[Fulfilment]) -> Table:
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

PATTERNS: Mapping[RuleOutcome, list[dict[str, Any]]] = {
    RuleOutcome.PASSED: [_GATE, _EVENT, {"deed": _IN_TIME}],
    RuleOutcome.LATE: [_GATE, _EVENT, {"deed": _AFTERWARDS}, {"other$not": _IN_TIME}],
    RuleOutcome.MISSING: [
        _GATE,
        {"event": {"$and": [{"role": EVENT}, {"$lte": {"missed_from": {"gate": "today"}}}]}},
        _NO_DEED,
    ],
    RuleOutcome.PENDING: [
        _GATE,
        {"event": {"$and": [{"role": EVENT}, {"$gt": {"missed_from": {"gate": "today"}}}]}},
        _NO_DEED,
    ],
}
"""Each outcome's pattern. Together they leave nothing out, and no event has two of them."""


Sheet = Mapping[str, int]
"""A unit's figures by field, as whole numbers."""

TOGETHER = 1000
"""Sheets judged in one session: few enough that no two are one to the engine (see `engine_worker`)."""
JOIN = 200
"""Events joined with their facts in one session: time and memory of a join grow faster than its facts."""


class EngineError(RuntimeError):
    """The engine did not give every rule and unit exactly one outcome. Nothing of such a run may be used."""


class Engine:
    """Judges sheets by compiled rules. Safe to share between threads: one run at a time."""

    def __init__(self, limits: Limits | None = None) -> None:
        self._limits = limits
        self._lock = threading.Lock()
        self._process: EngineProcess | None = None
        self.asserted = 0
        """Facts told to durable_rules since the engine was made."""

    @property
    def pid(self) -> int | None:
        """The number of the engine's process; None while there is none."""
        return self._process.pid if self._process is not None and self._process.is_there else None

    def end(self) -> None:
        """End its process; the next question starts another."""
        with self._lock:
            if self._process is not None:
                self._process.close()
                self._process = None

    def run(self, compiled: Compiled, sheets: Sequence[Sheet]) -> list[dict[str, RuleOutcome]]:
        """For each sheet, every rule's outcome by rule id. Raises EngineError."""
        outcomes: list[dict[str, RuleOutcome]] = [{} for _ in sheets]
        if not sheets:
            return outcomes
        with self._lock:
            for ruleset in compiled.rulesets:
                seats = range(len(sheets))
                for start in range(0, len(sheets), TOGETHER):
                    part = seats[start : start + TOGETHER]
                    for rule, outcome, seat in self._judge(ruleset, sheets, part, compiled.largest):
                        if outcomes[seat].get(rule, outcome) is not outcome:
                            raise EngineError(f"Rule {rule} has two outcomes for sheet {seat}.")
                        outcomes[seat][rule] = outcome
        expected = {rule for ruleset in compiled.rulesets for rule in ruleset.rules}
        for seat, found in enumerate(outcomes):
            if found.keys() != expected:
                raise EngineError(f"No outcome for sheet {seat} of {sorted(expected - found.keys())}.")
        return outcomes

    def duties(self, events: Sequence[TriggeringEvent], deeds: Sequence[Fulfilment], today: date) -> list[RuleOutcome]:
        """What became of each event's duty by a day: PASSED, LATE, MISSING or PENDING. Raises EngineError.

        Events are judged in parts, each with its own deeds, so that what a join remembers stays small.
        """
        deeds_of: dict[int, list[Fulfilment]] = defaultdict(list)
        for deed in deeds:
            deeds_of[deed.key].append(deed)
        outcomes: list[RuleOutcome] = []
        with self._lock:
            for start in range(0, len(events), JOIN):
                part = events[start : start + JOIN]
                keys = dict.fromkeys(event.key for event in part)
                outcomes += self._join(part, [deed for key in keys for deed in deeds_of.get(key, ())], today)
        return outcomes

    def _join(self, events: Sequence[TriggeringEvent], deeds: Sequence[Fulfilment], today: date) -> list[RuleOutcome]:
        try:
            return self._joined(events, deeds, today)
        except Collided as error:
            if len(events) == 1:
                raise EngineError(str(error)) from error
        middle = len(events) // 2
        return self._join(events[:middle], deeds, today) + self._join(events[middle:], deeds, today)

    def _joined(self, events: Sequence[TriggeringEvent], deeds: Sequence[Fulfilment], today: date) -> list[RuleOutcome]:
        found: dict[int, RuleOutcome] = {}
        arrived = 0
        for place, number in self._session(
            _DUTY_RULES, [fulfilment_table(deeds), event_table(events), gate_table(today)]
        ):
            if place == len(_DUTIES):
                arrived += 1
            elif found.setdefault(number, _DUTIES[place]) is not _DUTIES[place]:
                raise EngineError(f"Event {number} has two outcomes.")
        if arrived != len(deeds):
            raise EngineError(f"{arrived} of {len(deeds)} facts arrived.")
        if len(found) != len(events):
            raise EngineError(f"No outcome for {len(events) - len(found)} of {len(events)} events.")
        return [found[number] for number in range(len(events))]

    def _judge(
        self, ruleset: Ruleset, sheets: Sequence[Sheet], seats: Sequence[int], largest: int
    ) -> Iterator[tuple[str, RuleOutcome, int]]:
        """(rule, outcome, seat) of the sheets in those seats."""
        asked = list(ruleset.conditions)
        rules = [_rule([{"m": condition}]) for condition in ruleset.conditions.values()]
        try:
            for place, seat in self._session(rules, [_sheet_table(ruleset, sheets, seats, largest)]):
                yield (*asked[place], seat)
        except Collided as error:
            if len(seats) == 1:
                raise EngineError(str(error)) from error
            middle = len(seats) // 2
            yield from self._judge(ruleset, sheets, seats[:middle], largest)
            yield from self._judge(ruleset, sheets, seats[middle:], largest)

    def _session(self, rules: Sequence[Rule], tables: Sequence[Table]) -> Iterator[tuple[int, int]]:
        """Tell facts in their order, in a session of their own: the place of each rule that fired, and the number of
        the fact that it fired for. Raises EngineError, EngineStopped, Collided."""
        self.asserted += 1 + sum(len(numbers) // len(fields) for fields, numbers in tables)
        if self._process is None or not self._process.is_there:
            self._process = EngineProcess(self._limits)
        try:
            found = iter(self._process.session(rules, tables))
        except Collided:
            raise
        except Failed as error:
            raise EngineError(str(error)) from error
        return zip(found, found, strict=True)


def _rule(patterns: list[Expression], told_by: str = "") -> Rule:
    return {"all": patterns, "told_by": told_by}


_DUTIES = tuple(PATTERNS)
_DUTY_RULES = [*(_rule(pattern, EVENT_NAME) for pattern in PATTERNS.values()), _rule([{"m": {"role": DEED}}])]
"""The four outcomes of a duty, and that a deed is there, whether it belongs to an event or not."""


def _sheet_table(ruleset: Ruleset, sheets: Sequence[Sheet], seats: Sequence[int], largest: int) -> Table:
    numbers = array("q")
    for seat in seats:
        sheet = sheets[seat]
        figures = [sheet[field] for field in ruleset.fields]
        if max(map(abs, figures), default=0) > largest:
            field, value = next((f, sheet[f]) for f in ruleset.fields if abs(sheet[f]) > largest)
            raise EngineError(f"{field} = {value} is too large to be judged exactly (largest: {largest}).")
        numbers.extend((seat, 0, *figures))
    return (NUMBER, ZERO, *map(property_name, ruleset.fields)), numbers


_engine: Engine | None = None
_making = threading.Lock()


def shared_engine() -> Engine:
    """The process's engine, made when first asked for."""
    global _engine
    with _making:
        if _engine is None:
            _engine = Engine()
        return _engine
