"""Whose request is served next, where more have come than there are threads.

Waitress serves in the order of arrival, so that whoever asks without pause has most of the server. Here each asker has
a line of their own: a session that the site's cookie proves, or the address of everybody without one. Whoever has kept
the server busy least of late is next. Who asks again as soon as they are answered, or asks for what is dear, gives way:
they are served while nobody else waits, one of them at a time as long as others are about. Nobody is refused for it.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from math import exp2
from typing import TYPE_CHECKING

from flask import Flask
from flask.sessions import SecureCookieSessionInterface
from itsdangerous import BadData
from waitress.task import ThreadedTaskDispatcher
from werkzeug.http import parse_cookie

from app.web.client_address import Proxies
from app.web.garbage import give_back
from app.web.processes import Seat, here

if TYPE_CHECKING:
    from waitress.channel import HTTPChannel

HALVED = 10.0
"""Seconds after which half of what somebody cost is forgotten."""
MUCH = 10.0
"""Seconds, so forgotten, from which on somebody gives way. Who always has a request with the server comes to 14; who
thinks twice as long as they wait, as people at a full counter do, comes to 5 and seldom to 7."""
WORKED = 3.0
"""What a second of the processor counts, above the second in which its asker waited."""
GIVING_WAY, AMONG_THEMSELVES = 1, 4
"""How many of those who give way are served at once: while others are about, and when none was for a while."""
DEAR = 0.2
"""Seconds of the processor after which what a request took of the memory is given back at once."""
EACH = 4
"""How many requests of one asker are served at once: a browser asks for a page's pictures together."""
AT_ONCE, SHORT = 2, 0.2
"""How many requests a process works at together, and the seconds after which one is not counted any more. Python runs
one thread at a time: eight that are begun together take longer than eight one after another, and each its memory.
Whoever takes long, or waits for something, holds nobody up: then another thread begins the next."""
UNEVEN = 3
"""How many requests more than another process has make this one close a connection after its answer: the next request
that would have come by it comes to whoever is free."""


@dataclass(slots=True)
class _Asker:
    """One who asks: when their waiting requests came, how many are being served, and their cost, in seconds at `at`."""

    waiting: deque[tuple[float, HTTPChannel]] = field(default_factory=deque)
    served: int = 0
    cost: float = 0.0
    at: float = 0.0

    def cost_at(self, now: float) -> float:
        return self.cost * exp2((self.at - now) / HALVED)

    def charge(self, seconds: float, now: float) -> None:
        self.cost, self.at = self.cost_at(now) + seconds, now


@dataclass(frozen=True, slots=True)
class Turn:
    """One request being served: whose it is, since when it is there, and whether it gives way."""

    asker: str
    came: float
    channel: HTTPChannel
    gives_way: bool
    begun: float

    def cancel(self) -> None:
        self.channel.cancel()

    def be_the_last(self) -> None:
        """Its connection ends with the answer, unless another request has come by it already."""
        if len(self.channel.requests) == 1:
            self.channel.requests[0].headers["CONNECTION"] = "close"


class WaitingLine:
    """The requests that wait, as waitress's dispatcher asks for them: true when one of them may be served now.

    Used under the dispatcher's lock alone. What somebody costs the site's other processes counts here too.
    """

    def __init__(
        self,
        asker_of: Callable[[HTTPChannel], str],
        clock: Callable[[], float] = time.monotonic,
        place: Seat | None = None,
        at_once: int = AT_ONCE,
    ) -> None:
        self._asker_of, self._clock, self._place, self._at_once = asker_of, clock, place or Seat(), at_once
        self._askers: dict[str, _Asker] = {}
        self._giving_way = 0
        self._begun: list[float] = []
        self.closing = False
        """Everything may be taken out, to be told that it will not be served."""

    def append(self, channel: HTTPChannel) -> None:
        now = self._clock()
        self._askers.setdefault(self._asker_of(channel), _Asker(at=now)).waiting.append((now, channel))

    def __len__(self) -> int:
        return sum(len(each.waiting) for each in self._askers.values())

    def __bool__(self) -> bool:
        return self._next(self._clock()) is not None

    def popleft(self) -> Turn:
        """The next turn. IndexError when nobody may be served now."""
        now = self._clock()
        name = self._next(now)
        if name is None:
            raise IndexError("nobody may be served now")
        asker = self._askers[name]
        gives_way = self._cost(name, asker, now) >= MUCH
        asker.served += 1
        self._giving_way += gives_way
        self._begun.append(now)
        return Turn(name, *asker.waiting.popleft(), gives_way, now)

    def until_next(self) -> float | None:
        """Seconds after which one may be served though none of those being served has ended; None where none waits."""
        if not any(asker.waiting for asker in self._askers.values()):
            return None
        now = self._clock()
        return min((left for begun in self._begun if (left := begun + SHORT - now) > 0), default=None)

    def ended(self, turn: Turn, worked: float) -> None:
        """A turn is over, and took the processor so many seconds. Whoever cost next to nothing of late is forgotten."""
        now, asker = self._clock(), self._askers[turn.asker]
        asker.served -= 1
        self._begun.remove(turn.begun)
        asker.charge(now - turn.came + WORKED * worked, now)
        self._place.tell(turn.asker, asker.cost, now)
        self._giving_way -= turn.gives_way
        gone = [name for name, each in self._askers.items() if not each.waiting and not each.served]
        for name in gone:
            if self._askers[name].cost_at(now) < MUCH / 1000:
                del self._askers[name]

    def _cost(self, name: str, asker: _Asker, now: float) -> float:
        return asker.cost_at(now) + self._place.elsewhere(name, now, HALVED)

    def _next(self, now: float) -> str | None:
        if sum(now - begun < SHORT for begun in self._begun) >= self._at_once and not self.closing:
            return None
        best: tuple[bool, float, float] | None = None
        who = None
        others = any(self._cost(name, asker, now) < MUCH for name, asker in self._askers.items())
        room = GIVING_WAY if others else AMONG_THEMSELVES
        for name, asker in self._askers.items():
            if not asker.waiting:
                continue
            cost = self._cost(name, asker, now)
            gives_way = cost >= MUCH
            full = asker.served >= EACH or (gives_way and self._giving_way >= room)
            if full and not self.closing:
                continue
            place = (gives_way, cost, asker.waiting[0][0])
            if best is None or place < best:
                best, who = place, name
        return who


class Dispatcher(ThreadedTaskDispatcher):  # type: ignore[misc]
    """Waitress's threads, fed from a line in which nobody stands before all others."""

    def __init__(self, app: Flask, threads: int, at_once: int = AT_ONCE) -> None:
        super().__init__()
        self._place, self._looking = here(), 0
        self.queue: WaitingLine = WaitingLine(Askers(app), place=self._place, at_once=at_once)
        self.set_thread_count(threads)

    def add_task(self, task: HTTPChannel) -> None:
        with self.lock:
            self.queue.append(task)
            self._place.in_hand += 1
            self._wake_one()

    def handler_thread(self, thread_no: int) -> None:
        """Serve one turn after the other until told to stop."""
        while (turn := self._turn(thread_no)) is not None:
            before = time.thread_time()
            try:
                if self._place.busier_by() >= UNEVEN:
                    turn.be_the_last()
                turn.channel.service()
            except BaseException:
                self.logger.exception("Exception when servicing %r", turn.channel)
            worked = time.thread_time() - before
            if worked > DEAR:
                give_back()
            with self.lock:
                self.queue.ended(turn, worked)
                self._place.in_hand -= 1

    def _turn(self, thread_no: int) -> Turn | None:
        """As waitress waits for a task, and counts who does. One thread looks again when a request has taken long."""
        with self.lock:
            while not self.queue and self.stop_count == 0:
                again = self.queue.until_next()
                self.active_count -= 1
                self._looking += again is not None
                self.queue_cv.wait(again)
                self._looking -= again is not None
                self.active_count += 1
            if self.stop_count == 0:
                turn = self.queue.popleft()
                self._wake_one()
                return turn
            self.active_count -= 1
            self.stop_count -= 1
            self.threads.discard(thread_no)
            self.thread_exit_cv.notify()
            return None

    def _wake_one(self) -> None:
        """A thread for what may be served now, or one to look again, where something waits and none does."""
        if self.queue or (len(self.queue) and not self._looking):
            self.queue_cv.notify()

    def shutdown(self, cancel_pending: bool = True, timeout: int = 5) -> bool:
        """Stop; what still waits is told so."""
        with self.lock:
            self.queue.closing = True
        return bool(super().shutdown(cancel_pending, timeout))


class Askers:
    """Who a request comes from: told apart before any of the site's code runs, without the database.

    A session counts only under the site's own signature; everybody else, whatever they send, shares their address.
    """

    def __init__(self, app: Flask) -> None:
        signed = SecureCookieSessionInterface().get_signing_serializer(app)
        assert signed is not None, "a site without a key is not served"
        self._signed, self._cookie = signed, app.config["SESSION_COOKIE_NAME"]
        self._longest = int(app.permanent_session_lifetime.total_seconds())
        self._proxies: Proxies = app.config["SETTINGS"].proxies

    def __call__(self, channel: HTTPChannel) -> str:
        """A short text, the same for all requests of one asker."""
        headers = channel.requests[0].headers
        if session := self._session(headers.get("COOKIE", "")):
            return session
        return self._proxies.client(str(channel.addr[0]), headers.get("X_FORWARDED_FOR", ""))[0]

    def _session(self, cookies: str) -> str:
        """The session that the site's own cookie names; otherwise nothing."""
        try:
            said = self._signed.loads(parse_cookie(cookies)[self._cookie], max_age=self._longest)
        except (BadData, KeyError):
            return ""
        return str(said.get("_user_id", "")) if isinstance(said, dict) else ""
