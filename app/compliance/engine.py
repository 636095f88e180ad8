"""The rules engine, wrapped: the only module that knows durable_rules.

What durable_rules does not tell, and what is done about it (measured on 2.0.28, Python 3.11):
- A host starts two timer threads that may take over the actions of an assert, which then returns before they have
  run. Here no thread starts, and every run counts its outcomes: each rule has exactly one for each unit.
- Memory grows with every fact and session id: one host for the process, one session id a run, deleted after it,
  and rulesets not used lately are deleted too.
- Deleting a session in which no action ever started frees memory that was never set, and crashes. So each run
  opens its session with a fact of its own that starts an action; if even that fails, the session is left behind.
- More than 64 ways through a ruleset, 16 groups within a condition, or a message of 255 properties: refused, or a
  crash. See `compiling`.
- An exception in an action is swallowed into the session's state: it is looked for after every run.
- `$or` fires once for each of its branches that holds: the same outcome may be told several times, which is
  harmless; two different outcomes of one rule for one sheet are an error.
- A negated pattern fires at once, and two equal facts in a session are refused as one: see `duties`.
- Texts, lists and nested objects in facts go wrong in several ways; sheets hold whole numbers only.
- Its clock asks for `utcfromtimestamp`, deprecated since Python 3.12 and to be taken away, and takes summer time for
  time gone by. It only measures durations with it: it is given a clock that only goes forward.
- Events are consumed by the first rule that matches: sheets are asserted as facts.
"""

from __future__ import annotations

import itertools
import threading
import time
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

import durable_rules_engine  # type: ignore[import-not-found]
from durable import engine as durable

from app.compliance.compiling import SEAT, Compiled, Outcome, Ruleset
from app.compliance.duties import DEED, PATTERNS, Deed, Event, deed_message, event_message, gate_message
from app.compliance.expressions import ZERO, property_name

Sheet = Mapping[str, int]
"""A unit's figures by field, as whole numbers."""

durable._unix_now = time.monotonic

KEPT_RULESETS = 64
"""Compiled rulesets kept ready. A Department has a few packs; what-if runs add more."""
JOIN = 200
"""Events joined with their facts in one session: time and memory of a join grow faster than its facts."""
BATCH = 200
"""Sheets asserted at once, and outcomes told at once: an assert must end well inside the 10 seconds that the engine
leases to its actions, and an action for every single outcome would be most of the work."""


OPENING = "opening"
"""The fact, and the rule, that open a session."""


class EngineError(RuntimeError):
    """The engine did not give every rule and unit exactly one outcome. Nothing of such a run may be used."""


class _QuietHost(durable.Host):  # type: ignore[misc]
    """A host that starts no threads."""

    def _run(self) -> None:
        """Do not start the timers: actions run in the thread that asserts."""


class Engine:
    """Judges sheets by compiled rules. Safe to share between threads: one run at a time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._host = _QuietHost()
        self._kept: OrderedDict[str, str] = OrderedDict()
        self._numbers = itertools.count(1)
        self._outcomes: list[tuple[str, Outcome, int]] = []
        self._opened = False
        self._arrived = 0
        self.asserted = 0
        """Facts told to durable_rules since the engine was made."""

    def run(self, compiled: Compiled, sheets: Sequence[Sheet]) -> list[dict[str, Outcome]]:
        """For each sheet, every rule's outcome by rule id. Raises EngineError."""
        outcomes: list[dict[str, Outcome]] = [{} for _ in sheets]
        if not sheets:
            return outcomes
        with self._lock:
            for ruleset in compiled.rulesets:
                messages = [_message(seat, sheet, ruleset, compiled.largest) for seat, sheet in enumerate(sheets)]
                for rule, outcome, seat in self._judge(ruleset, messages):
                    if outcomes[seat].get(rule, outcome) is not outcome:
                        raise EngineError(f"Rule {rule} has two outcomes for sheet {seat}.")
                    outcomes[seat][rule] = outcome
        expected = {rule for ruleset in compiled.rulesets for rule in ruleset.rules}
        for seat, found in enumerate(outcomes):
            if found.keys() != expected:
                raise EngineError(f"No outcome for sheet {seat} of {sorted(expected - found.keys())}.")
        return outcomes

    def duties(self, events: Sequence[Event], deeds: Sequence[Deed], today: date) -> list[Outcome]:
        """What became of each event's duty by a day: PASSED, LATE, MISSING or PENDING. Raises EngineError.

        Events are judged in parts, each with its own deeds, so that what a join remembers stays small.
        """
        deeds_of: dict[int, list[Deed]] = defaultdict(list)
        for deed in deeds:
            deeds_of[deed.key].append(deed)
        outcomes: list[Outcome] = []
        with self._lock:
            for start in range(0, len(events), JOIN):
                part = events[start : start + JOIN]
                keys = dict.fromkeys(event.key for event in part)
                outcomes += self._join(part, [deed for key in keys for deed in deeds_of.get(key, ())], today)
        return outcomes

    def _join(self, events: Sequence[Event], deeds: Sequence[Deed], today: date) -> list[Outcome]:
        messages = [deed_message(number, deed) for number, deed in enumerate(deeds)]
        messages += [event_message(number, event) for number, event in enumerate(events)]
        self._arrived = 0
        name = self._ready("duties", self._duty_rules)
        found: dict[int, Outcome] = {}
        for _, outcome, number in self._session(name, [*messages, gate_message(today)]):
            if found.setdefault(number, outcome) is not outcome:
                raise EngineError(f"Event {number} has two outcomes.")
        if self._arrived != len(deeds):
            raise EngineError(f"{self._arrived} of {len(deeds)} facts arrived.")
        if len(found) != len(events):
            raise EngineError(f"No outcome for {len(events) - len(found)} of {len(events)} events.")
        return [found[number] for number in range(len(events))]

    def _duty_rules(self) -> dict[str, Any]:
        rules: dict[str, Any] = {
            outcome.value: {"all": pattern, "cap": BATCH, "run": self._note_events(outcome)}
            for outcome, pattern in PATTERNS.items()
        }
        return rules | {"arrived": {"all": [{"m": {"role": DEED}}], "cap": BATCH, "run": self._arrive}}

    def _judge(self, ruleset: Ruleset, messages: list[dict[str, Any]]) -> list[tuple[str, Outcome, int]]:
        def rules() -> dict[str, Any]:
            return {
                f"{number}": {"all": [{"m": condition}], "cap": BATCH, "run": self._note(rule, outcome)}
                for number, ((rule, outcome), condition) in enumerate(ruleset.conditions.items())
            }

        return self._session(self._ready(ruleset.fingerprint, rules), messages)

    def _session(self, name: str, messages: Sequence[dict[str, Any]]) -> list[tuple[str, Outcome, int]]:
        """Assert the messages in their order, in a session of their own, and say what came of it."""
        session = str(next(self._numbers))
        self._outcomes = []
        self._opened = False
        self.asserted += 1 + len(messages)
        try:
            self._host.assert_facts(name, [{OPENING: 1, "sid": session}])
            for start in range(0, len(messages), BATCH):
                batch = [message | {"sid": session} for message in messages[start : start + BATCH]]
                try:
                    self._host.assert_facts(name, batch)
                except durable.MessageNotHandledException:
                    # A message that no rule takes has no outcome: the count finds it.
                    continue
            state = self._host.get_state(name, session)
        except Exception as error:
            raise EngineError(f"The engine failed: {error}") from error
        finally:
            if self._opened:
                self._host.delete_state(name, session)
        if "exception" in state:
            raise EngineError(f"An action failed inside the engine: {state['exception']}")
        return self._outcomes

    def _ready(self, key: str, rules: Callable[[], dict[str, Any]]) -> str:
        """The name under which the rules are registered; the ones not used for longest make room."""
        if key in self._kept:
            self._kept.move_to_end(key)
            return self._kept[key]
        name = f"ruleset{next(self._numbers)}"
        definition: dict[str, Any] = {OPENING: {"all": [{"m": {OPENING: 1}}], "run": self._open}}
        try:
            self._host.register_rulesets({name: definition | rules()})
        except Exception as error:
            raise EngineError(f"The engine refuses the rules: {error}") from error
        self._kept[key] = name
        while len(self._kept) > KEPT_RULESETS:
            self._forget(self._kept.popitem(last=False)[1])
        return name

    def _forget(self, name: str) -> None:
        """The host has no way to drop a ruleset; without one, every what-if value would stay in memory."""
        ruleset = self._host._ruleset_directory.pop(name)
        self._host._ruleset_list.remove(ruleset)
        durable_rules_engine.delete_ruleset(ruleset._handle)

    def _open(self, context: Any) -> None:
        """The session's first action: from now on it can be deleted."""
        self._opened = True

    def _arrive(self, context: Any) -> None:
        """Deeds are there, whether they belong to an event or not."""
        self._arrived += len(context.m)

    def _note(self, rule: str, outcome: Outcome) -> Callable[[Any], None]:
        def note(context: Any) -> None:
            self._outcomes += [(rule, outcome, message[SEAT]) for message in context.m]

        return note

    def _note_events(self, outcome: Outcome) -> Callable[[Any], None]:
        def note(context: Any) -> None:
            self._outcomes += [("", outcome, matched.event["number"]) for matched in context.m]

        return note


def _message(seat: int, sheet: Sheet, ruleset: Ruleset, largest: int) -> dict[str, Any]:
    message: dict[str, Any] = {SEAT: seat, ZERO: 0}
    for field in ruleset.fields:
        value = sheet[field]
        if not -largest <= value <= largest:
            raise EngineError(f"{field} = {value} is too large to be judged exactly (largest: {largest}).")
        message[property_name(field)] = value
    return message


_engine: Engine | None = None
_making = threading.Lock()


def shared_engine() -> Engine:
    """The process's engine, made when first asked for."""
    global _engine
    with _making:
        if _engine is None:
            _engine = Engine()
        return _engine
