"""The rules engine's process: started when first needed, kept while it lives, replaced when it has crashed or hung.

It runs `engine_worker.py` as a program. Every question has one answer and a limit of time. An engine that crashes,
hangs, or wants more memory than it may have is ended; whoever asked gets `EngineStopped`, and the next question starts
a new one. It ends with the process that started it: its socket closes; one that hangs is ended by its own alarm; one
that was stopped is woken by the kernel when nobody is left beside its process group, and ends.
"""

from __future__ import annotations

import logging
import os
import signal
import socket
import subprocess
import sys
import weakref
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.compliance.evaluation.engine_worker import NO_MEMORY, Collided, Failed, Rule, Table, receive, send
from app.core.errors import N_, DomainError

PROGRAM = Path(__file__).with_name("engine_worker.py")
BATCH = 200
"""Facts asserted at once: an assert must end well inside the 10 seconds that the engine leases to its actions."""
_log = logging.getLogger(__name__)


_STOPPED = N_("Bộ máy quy tắc ngừng giữa chừng (%(why)s), chưa có gì được ghi. Hãy làm lại; nếu vẫn vậy, báo quản trị.")


class EngineStopped(DomainError):
    """The engine's process crashed, hung or ran out of memory. Nothing of what it was asked may be used."""

    def __init__(self, why: DomainError) -> None:
        super().__init__(_STOPPED, why=why)
        self.why = why


@dataclass(frozen=True, slots=True)
class Limits:
    """How long one answer may take, in seconds, and how much memory the process may use, in MiB."""

    seconds: int = 60
    megabytes: int = 512


_limits = Limits()


def limit(seconds: int, megabytes: int) -> None:
    """Set what every process started from now on may use."""
    global _limits
    _limits = Limits(seconds, megabytes)


def limits() -> Limits:
    """What a process started now may use."""
    return _limits


class EngineProcess:
    """One process of the engine. Not safe to share between threads: see `Engine`."""

    def __init__(self, allowed: Limits | None = None) -> None:
        self.limits = limits = allowed or _limits
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603 - our own program
                [
                    *(sys.executable, "-P", str(PROGRAM)),
                    *(str(theirs.fileno()), str(limits.seconds), str(limits.megabytes)),
                ],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                process_group=0,  # not ended by the keyboard's Ctrl-C in the middle of an answer
            )
        ours.settimeout(limits.seconds)
        self._connection = ours
        self._starter = os.getpid()
        self.close = weakref.finalize(self, _end, self._process, ours, self._starter)

    @property
    def pid(self) -> int:
        """The process's number."""
        return self._process.pid

    @property
    def is_there(self) -> bool:
        """Whether it can be asked: it lives, and this process started it (a fork of it did not)."""
        return self._starter == os.getpid() and self.close.alive and self._process.poll() is None

    def session(self, rules: Sequence[Rule], tables: Sequence[Table]) -> array[int]:
        """Assert facts by rules, in a session of their own: pairs of a rule's place and the number of a fact.

        Raises EngineStopped; Failed when the engine says that it could not, Collided when two facts were one to it.
        """
        found = array("q")
        batches = _batches(tables)
        for place, batch in enumerate(batches):
            asked: dict[str, Any] = {"rules": list(rules)} if place == 0 else {}
            asked["tables"] = [{"fields": fields, "rows": len(numbers) // len(fields)} for fields, numbers in batch]
            asked["end"] = place == len(batches) - 1
            found += self._ask(asked, [numbers for _fields, numbers in batch])
        return found

    def _ask(self, asked: dict[str, Any], numbers: Iterable[array[int]]) -> array[int]:
        together = array("q")
        for part in numbers:
            together += part
        try:
            send(self._connection, asked, together)
            answer = receive(self._connection)
        except TimeoutError:
            raise self._stopped(
                DomainError("không trả lời sau %(seconds)s giây", seconds=self.limits.seconds)
            ) from None
        except OSError:
            answer = None
        except BaseException:
            self.close()  # interrupted: its answer would be taken for that of the next question
            raise
        if answer is None:
            raise self._crashed()
        header, found = answer
        if "error" in header:
            raise Failed(header["error"])
        if "collided" in header:
            raise Collided(header["collided"])
        return found

    def _crashed(self) -> EngineStopped:
        """Its socket closed: it has ended, or is about to."""
        try:
            code = self._process.wait(timeout=self.limits.seconds)
        except subprocess.TimeoutExpired:
            code = 0
        if code == NO_MEMORY:
            return self._stopped(DomainError("cần quá %(mb)s MB bộ nhớ", mb=self.limits.megabytes))
        name = signal.Signals(-code).name if code < 0 else str(code)
        return self._stopped(DomainError("tiến trình kết thúc bất thường, %(code)s", code=name))

    def _stopped(self, why: DomainError) -> EngineStopped:
        """End the process for good."""
        self.close()
        _log.error("the rules engine's process %s was ended: %s", self.pid, why)
        return EngineStopped(why)


def _batches(tables: Sequence[Table]) -> list[list[Table]]:
    """The facts in their order, cut so that no part has more than `BATCH`; one part where there are none."""
    batches: list[list[Table]] = [[]]
    room = BATCH
    for fields, numbers in tables:
        width = len(fields)
        start = 0
        while start < len(numbers):
            if not room:
                batches.append([])
                room = BATCH
            part = numbers[start : start + room * width]
            batches[-1].append((fields, part))
            start += len(part)
            room -= len(part) // width
    return batches


def _end(process: subprocess.Popen[bytes], connection: socket.socket, starter: int) -> None:
    connection.close()
    if starter == os.getpid():
        process.kill()
        process.wait()
