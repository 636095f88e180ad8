"""durable_rules in a process of its own: the only module that imports it, and the only one that this process runs.

It is C code that can crash or hang. So it is run as a program (see `engine_process`), told what to do over a socket,
and knows nothing of the rest: no Flask, no tables, no rules of ours. It imports the standard library and durable_rules
alone, so that it starts in a tenth of a second and holds 20 MB.

What durable_rules does not tell, and what is done about it (measured on 2.0.28, Python 3.11):
- A host starts two timer threads that may take over the actions of an assert, which then returns before they have
  run. Here no thread starts, and whoever asks counts the outcomes.
- Memory grows with every fact and session id: one host for the process, one session id a run, deleted after it,
  and rulesets not used lately are deleted too.
- Deleting a session in which no action ever started frees memory that was never set, and crashes. So each run
  opens its session with a fact of its own that starts an action; if even that fails, the session is left behind.
- An exception in an action is swallowed into the session's state: it is looked for after every run.
- `$or` fires once for each of its branches that holds: the same outcome may be told several times.
- A fact is known by 32 bits of a hash: of some 40,000 different ones in a session, two are taken for the same and
  refused. So sessions are small, and one in which it happens is asked again in halves.
- Events are consumed by the first rule that matches: everything is asserted as a fact.
- More than 64 ways through a ruleset, 16 groups within a condition, or a message of 255 properties: refused, or a
  crash. See `compiling`.
- Texts, lists and nested objects in facts go wrong in several ways: facts hold whole numbers only.
- Its clock asks for `utcfromtimestamp`, deprecated since Python 3.12 and to be taken away, and takes summer time for
  time gone by. It only measures durations with it: it is given a clock that only goes forward.

On the socket, both ways, a message is a length and a JSON header, then a length and whole numbers of 64 bits:
    asked:    {"rules": [RULE, …]}  opens a session by these rules; left out: the session goes on
              {"tables": [{"fields": [NAME, …], "rows": N}, …]} and the rows' numbers: facts to assert, in this order
              {"end": true}         closes it
    answered: {} and the outcomes so far, two numbers each: the rule's place and the fact's number; or {"error": …}
              or {"collided": …}, after which the session is gone. Out of memory, the process ends and its code says so
A RULE is {"all": [PATTERN, …], "told_by": NAME}: the pattern that is a fact with a `number`, "" for the only one.
"""

from __future__ import annotations

import itertools
import json
import resource
import signal
import socket
import struct
import sys
import time
from array import array
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from typing import Any

Rule = dict[str, Any]
Table = tuple[Sequence[str], "array[int]"]
"""Facts of one shape: their fields, and their numbers row after row."""

KEPT_RULESETS = 64
"""Compiled rulesets kept ready. A Department has a few packs; what-if runs add more."""
BATCH = 200
"""Outcomes told at once: an action for every single outcome would be most of the work."""
NUMBER = "number"
"""The field of a fact by which its outcomes are told."""
OPENING = "opening"
"""The fact, and the rule, that open a session."""
SPARE = 5
"""Seconds after the asker's patience has ended at which this process ends by itself, if nobody has ended it."""
NO_MEMORY = 75
"""The code that the process ends with when it has no more memory."""
MOST_SAID = 500
"""Letters of an error that are told: the library's may hold every fact of a batch."""
LENGTHS = struct.Struct(">II")


class Failed(Exception):
    """The session cannot be used; the message says why."""


class Collided(Failed):
    """The engine took two different facts for the same one."""


class Sessions:
    """Sessions of durable_rules, one at a time. The library is loaded when the first of these is made, so that who
    only talks to the process (`engine_process`) can import this module and stay free of it."""

    def __init__(self) -> None:
        import durable_rules_engine  # type: ignore[import-not-found]
        from durable import engine as durable

        durable._unix_now = time.monotonic

        class QuietHost(durable.Host):  # type: ignore[misc]
            """A host that starts no threads."""

            def _run(self) -> None:
                """Do not start the timers: actions run in the thread that asserts."""

        self._host = QuietHost()
        self._not_handled = durable.MessageNotHandledException
        self._observed = durable.MessageObservedException
        self._delete_ruleset = durable_rules_engine.delete_ruleset
        self._kept: OrderedDict[str, str] = OrderedDict()
        self._numbers = itertools.count(1)
        self._name = self._session = ""
        self._opened = False
        self._outcomes = array("q")

    def open(self, rules: Sequence[Rule]) -> None:
        """Begin a session by these rules. Raises Failed."""
        self.close()
        self._name, self._session = self._ready(rules), str(next(self._numbers))
        self._opened = False
        self._outcomes = array("q")
        self._assert([{OPENING: 1}])

    def tell(self, table: Table) -> None:
        """Assert facts. Raises Failed."""
        fields, numbers = table
        rows = zip(*[iter(numbers)] * len(fields), strict=True)
        self._assert([dict(zip(fields, row, strict=True)) for row in rows])

    def outcomes(self) -> array[int]:
        """What was found since this was last asked: pairs of a rule's place and a fact's number."""
        found, self._outcomes = self._outcomes, array("q")
        return found

    def end(self) -> None:
        """Close the session. Raises Failed when an action had failed in it."""
        try:
            state = self._host.get_state(self._name, self._session)
        except Exception as error:
            raise _failed("The engine failed", error) from error
        self.close()
        if "exception" in state:
            raise Failed(f"An action failed inside the engine: {state['exception']}")

    def close(self) -> None:
        """Forget the session, if one is open."""
        if self._opened:
            self._opened = False
            self._host.delete_state(self._name, self._session)

    def _assert(self, facts: Sequence[dict[str, int]]) -> None:
        messages = [fact | {"sid": self._session} for fact in facts]
        try:
            self._host.assert_facts(self._name, messages)
        except self._not_handled:
            return  # a fact that no rule takes has no outcome: whoever counts them finds it
        except self._observed as error:
            raise Collided("The engine takes two facts for one.") from error
        except Exception as error:
            raise _failed("The engine failed", error) from error

    def _ready(self, rules: Sequence[Rule]) -> str:
        """The name under which the rules are registered; the ones not used for longest make room."""
        key = json.dumps(rules)
        if key in self._kept:
            self._kept.move_to_end(key)
            return self._kept[key]
        name = f"ruleset{next(self._numbers)}"
        definition: dict[str, Any] = {OPENING: {"all": [{"m": {OPENING: 1}}], "run": self._open}}
        for place, rule in enumerate(rules):
            note = self._note(place, rule["told_by"])
            definition[str(place)] = {"all": rule["all"], "cap": BATCH, "run": note}
        try:
            self._host.register_rulesets({name: definition})
        except Exception as error:
            raise _failed("The engine refuses the rules", error) from error
        self._kept[key] = name
        while len(self._kept) > KEPT_RULESETS:
            self._forget(self._kept.popitem(last=False)[1])
        return name

    def _forget(self, name: str) -> None:
        """The host has no way to drop a ruleset; without one, every what-if value would stay in memory."""
        ruleset = self._host._ruleset_directory.pop(name)
        self._host._ruleset_list.remove(ruleset)
        self._delete_ruleset(ruleset._handle)

    def _open(self, context: Any) -> None:
        """The session's first action: from now on it can be deleted."""
        self._opened = True

    def _note(self, place: int, told_by: str) -> Callable[[Any], None]:
        def note(context: Any) -> None:
            for matched in context.m:
                told = getattr(matched, told_by) if told_by else matched
                self._outcomes.extend((place, told[NUMBER]))

        return note


def _failed(what: str, error: Exception) -> Exception:
    """What to raise in an error's place: out of memory is nobody's fault but the size's."""
    return error if isinstance(error, MemoryError) else Failed(f"{what}: {error}")


# --- over the socket ------------------------------------------------------------------------------------------


def send(connection: socket.socket, header: dict[str, Any], numbers: array[int]) -> None:
    """Send a message, whole."""
    said, body = json.dumps(header).encode(), numbers.tobytes()
    connection.sendall(LENGTHS.pack(len(said), len(body)) + said + body)


def receive(connection: socket.socket) -> tuple[dict[str, Any], array[int]] | None:
    """The next message; None when the other side has gone."""
    lengths = _bytes(connection, LENGTHS.size)
    if lengths is None:
        return None
    of_header, of_body = LENGTHS.unpack(lengths)
    said, body = _bytes(connection, of_header), _bytes(connection, of_body)
    if said is None or body is None:
        return None
    numbers = array("q")
    numbers.frombytes(body)
    return json.loads(said), numbers


def _bytes(connection: socket.socket, length: int) -> bytes | None:
    found = bytearray()
    while len(found) < length:
        part = connection.recv(min(length - len(found), 1 << 20))
        if not part:
            return None
        found += part
    return bytes(found)


def tables(told: Sequence[dict[str, Any]], numbers: array[int]) -> Iterator[Table]:
    """The tables of a message, each with its own numbers."""
    start = 0
    for table in told:
        end = start + table["rows"] * len(table["fields"])
        yield table["fields"], numbers[start:end]
        start = end


def _answer(sessions: Sessions, asked: dict[str, Any], numbers: array[int]) -> array[int]:
    if "rules" in asked:
        sessions.open(asked["rules"])
    for table in tables(asked.get("tables", ()), numbers):
        sessions.tell(table)
    if asked.get("end"):
        sessions.end()
    return sessions.outcomes()


def serve(connection: socket.socket, seconds: int) -> None:
    """Answer until the other side has gone. A question that takes longer than anybody waits for ends the process,
    whatever C code it is in: the alarm is the kernel's."""
    sessions = Sessions()
    while (message := receive(connection)) is not None:
        signal.alarm(seconds + SPARE)
        header, found = _answered(sessions, *message)
        signal.alarm(0)
        send(connection, header, found)


def _answered(sessions: Sessions, asked: dict[str, Any], numbers: array[int]) -> tuple[dict[str, Any], array[int]]:
    try:
        return {}, _answer(sessions, asked, numbers)
    except Failed as error:
        sessions.close()
        kind = "collided" if isinstance(error, Collided) else "error"
        return {kind: str(error)[:MOST_SAID]}, array("q")


def main(descriptor: str, seconds: str, megabytes: str) -> int:
    """The program: the socket's number, the asker's patience, and how much memory may be used."""
    most, held = int(megabytes) << 20, resource.getrlimit(resource.RLIMIT_AS)[1]
    if held == resource.RLIM_INFINITY or most < held:  # whoever started this one may be bounded itself
        resource.setrlimit(resource.RLIMIT_AS, (most, most))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever asks is interrupted, and ends this one
    with socket.socket(fileno=int(descriptor)) as connection:
        try:
            serve(connection, int(seconds))
        except MemoryError:
            return NO_MEMORY
        except ConnectionError:
            return 0
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
