"""The processes that serve one site: the one that keeps them, and what they know of each other.

The keeper binds the address and loads the site once, then only waits: each process is a fork of it. One that dies is
replaced, and all of them end with it. What they share is a piece of memory of which each writes its own part alone.
"""

from __future__ import annotations

import logging
import mmap
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from math import exp2
from typing import Any, NoReturn

STEADY = 60.0
"""Seconds after which a process is thought to have lived: one that dies sooner is replaced at once the first time,
then after a second, two, four."""
LONGEST_PAUSE = 30.0
GRACE = 10.0
"""Seconds in which a process that was told to stop ends what it is doing; waitress gives its threads five."""
_STOP = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
_log = logging.getLogger(__name__)


def processors() -> int:
    """Those that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


# What they know of each other

_HEAD, _ROW, ROWS = 2, 3, 1024
_WIDTH = _HEAD + ROWS * _ROW  # words of eight bytes: number, requests in hand, then rows of who cost how much and when


class Board:
    """For each place its process's number, how many requests it has in hand, and what those who ask cost it of late."""

    def __init__(self, places: int) -> None:
        self.places = places
        self._memory = memoryview(mmap.mmap(-1, places * _WIDTH * 8))
        self._whole, self._real = self._memory.cast("Q"), self._memory.cast("d")

    def clear(self, place: int, pid: int = 0) -> None:
        """Another process has this place from now on; 0: none."""
        at = place * _WIDTH * 8
        self._memory[at : at + _WIDTH * 8] = bytes(_WIDTH * 8)
        self._whole[place * _WIDTH] = pid

    def pids(self) -> dict[int, int]:
        """The number of each place's process, where there is one."""
        return {place: pid for place in range(self.places) if (pid := self._whole[place * _WIDTH])}


class Seat:
    """One process's part of the board, and what it sees of the others'. A site of one process has a board of one."""

    def __init__(self, board: Board | None = None, number: int = 0) -> None:
        self.board, self.number = board or Board(1), number
        self._own = number * _WIDTH
        self._others = [other * _WIDTH for other in range(self.board.places) if other != number]

    @property
    def in_hand(self) -> int:
        """Requests that wait here or are being answered."""
        return self.board._whole[self._own + 1]

    @in_hand.setter
    def in_hand(self, requests: int) -> None:
        self.board._whole[self._own + 1] = requests

    def busier_by(self) -> int:
        """How many requests more are in hand here than at the place that has fewest; 0 where there is no other."""
        words = self.board._whole
        fewest = min((words[other + 1] for other in self._others if words[other]), default=None)
        return 0 if fewest is None else max(0, self.in_hand - fewest)

    def tell(self, asker: str, cost: float, at: float) -> None:
        """What somebody cost here, in seconds at an instant of the machine's monotonic clock."""
        key, row = _row_of(asker)
        row += self._own
        self.board._whole[row] = key
        self.board._real[row + 1], self.board._real[row + 2] = cost, at

    def elsewhere(self, asker: str, now: float, halved: float) -> float:
        """What they cost the other places, half forgotten in so many seconds. Two whose rows are one hide each other
        there; here nobody is hidden."""
        if not self._others:
            return 0.0
        (key, row), found = _row_of(asker), 0.0
        for other in self._others:
            if self.board._whole[other + row] == key:
                cost, at = self.board._real[other + row + 1], self.board._real[other + row + 2]
                found += cost * exp2(min(0.0, at - now) / halved)
        return found


def _row_of(asker: str) -> tuple[int, int]:
    key = hash(asker) & 0xFFFF_FFFF_FFFF_FFFF or 1  # forks have one secret: a text's hash is the same in all of them
    return key, _HEAD + key % ROWS * _ROW


class SharedSocket(socket.socket):
    """A listening socket of several processes: all are woken, and who has more in hand lets the others go first."""

    place: Seat
    WAITED = 0.001  # seconds: an idle process takes a tenth of it

    def accept(self) -> tuple[socket.socket, Any]:
        """As a socket does. BlockingIOError where another process was quicker."""
        if self.place.busier_by():
            time.sleep(self.WAITED)
        return super().accept()


_here = Seat()


def here() -> Seat:
    return _here


class Few:
    """A semaphore of so many for the whole site: each process has its share of it, and one at least."""

    def __init__(self, most: int) -> None:
        self._most, self._made, self._shared_by = most, threading.BoundedSemaphore(most), 1
        self._making = threading.Lock()

    @contextmanager
    def __call__(self) -> Iterator[None]:
        with self._share():
            yield

    def _share(self) -> threading.BoundedSemaphore:
        with self._making:
            if self._shared_by != _here.board.places:
                self._shared_by = _here.board.places
                self._made = threading.BoundedSemaphore(max(1, self._most // self._shared_by))
            return self._made


# The one that keeps them


def keep(places: int, work: Callable[[Seat], None]) -> None:
    """Have so many processes do the work, each in its place, until this one is told to stop (SIGTERM, SIGINT, SIGHUP).

    To be called with one thread and no open connection: each process begins as a copy of this one.
    """
    assert threading.active_count() == 1, "a fork has none of the other threads, and their locks as they stood"
    stop = {each for each in _STOP if signal.getsignal(each) is not signal.SIG_IGN}  # nohup
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {*stop, signal.SIGCHLD})
    reading, writing = os.pipe()  # closed by the system with this process, however it ends
    try:
        _ProcessKeeper(Board(places), work, stop, before, (reading, writing)).run()
    finally:
        os.close(reading)
        os.close(writing)
        while set(signal.sigpending()) & stop and signal.sigtimedwait(stop, 0):
            continue  # told again while it stopped
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


class _ProcessKeeper:
    def __init__(
        self,
        board: Board,
        work: Callable[[Seat], None],
        stop: set[signal.Signals],
        mask: set[Any],
        pipe: tuple[int, int],
    ) -> None:
        self._board, self._work, self._stop, self._mask, self._pipe = board, work, stop, mask, pipe
        self._place_of: dict[int, int] = {}
        self._begun: dict[int, float] = {}
        self._short: dict[int, int] = dict.fromkeys(range(board.places), 0)
        self._due: dict[int, float] = dict.fromkeys(range(board.places), 0.0)

    def run(self) -> None:
        try:
            while True:
                now = time.monotonic()
                for place in [place for place, at in self._due.items() if at <= now]:
                    self._start(place)
                wait = min((at - now for at in self._due.values()), default=STEADY)
                told = signal.sigtimedwait({*self._stop, signal.SIGCHLD}, max(0.0, wait))
                if told is not None and told.si_signo != signal.SIGCHLD:
                    return
                for pid, status in self._ended():
                    self._replace(pid, status)
        finally:
            self._end()

    def _start(self, place: int) -> None:
        self._due.pop(place, None)
        self._board.clear(place)
        try:
            pid = os.fork()
        except OSError as error:  # no memory, too many processes: the others go on
            _log.error("server process %s cannot be started: %s", place, error.strerror)
            self._due[place] = time.monotonic() + LONGEST_PAUSE
            return
        if pid == 0:
            _become(Seat(self._board, place), self._work, self._mask, self._pipe)
        self._place_of[pid], self._begun[place] = place, time.monotonic()

    def _ended(self) -> list[tuple[int, int]]:
        found = []
        with suppress(ChildProcessError):
            while (ended := os.waitpid(-1, os.WNOHANG))[0]:
                found.append(ended)
        return found

    def _replace(self, pid: int, status: int) -> None:
        place = self._place_of.pop(pid, None)
        if place is None:
            return  # no process of ours, something that was started before
        self._board.clear(place)
        lived = time.monotonic() - self._begun[place]
        self._short[place] = self._short[place] + 1 if lived < STEADY else 1
        pause = min(LONGEST_PAUSE, float(2 ** (self._short[place] - 2))) if self._short[place] > 1 else 0.0
        self._due[place] = time.monotonic() + pause
        how = os.waitstatus_to_exitcode(status)
        said = signal.Signals(-how).name if how < 0 else f"exit {how}"
        _log.error("server process %s (%s) ended: %s; another is started in %.0f s", place, pid, said, pause)

    def _end(self) -> None:
        """Tell all to stop, and end those that do not; told again it waits for nobody."""
        until = time.monotonic() + GRACE
        self._tell(signal.SIGTERM)
        while self._place_of:
            told = signal.sigtimedwait({*self._stop, signal.SIGCHLD}, max(0.0, until - time.monotonic()))
            for pid, _status in self._ended():
                self._place_of.pop(pid, None)
            if told is None or told.si_signo != signal.SIGCHLD:
                self._tell(signal.SIGKILL)
                until = time.monotonic() + GRACE

    def _tell(self, number: signal.Signals) -> None:
        for pid in self._place_of:
            with suppress(ProcessLookupError):
                os.kill(pid, number)


def _become(place: Seat, work: Callable[[Seat], None], mask: set[Any], pipe: tuple[int, int]) -> NoReturn:
    """The whole life of a forked process. Nothing of the keeper's is tidied up at its end."""
    code = 1
    try:
        global _here
        _here = place
        place.board.clear(place.number, os.getpid())
        os.close(pipe[1])
        for each in (signal.SIGINT, signal.SIGHUP):  # the terminal's go to all: the keeper says when to stop
            if signal.getsignal(each) is not signal.SIG_IGN:
                signal.signal(each, _not_heard)  # not ignored, which a program started from here would inherit
        threading.Thread(target=partial(_end_with, pipe[0]), name="keeper", daemon=True).start()
        with ended_by_a_signal():
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
            work(place)
        code = 0
    except SystemExit:
        code = 0
    except BaseException:
        _log.exception("server process %s failed", place.number)
    finally:
        os._exit(code)


def _end_with(pipe: int) -> None:
    """Wait until the keeper is gone, then end as if it had said so."""
    os.read(pipe, 1)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(GRACE)
    os._exit(1)


@contextmanager
def ended_by_a_signal() -> Iterator[None]:
    """SIGTERM ends the main thread's work by SystemExit, once: what is told twice must not cut off its ending."""

    def end(number: int, _frame: object) -> None:
        signal.signal(number, _not_heard)
        raise SystemExit

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _not_heard(_number: int, _frame: object) -> None:
    pass
