"""Whose request is served next: who asks without pause or for what is dear does not stand before everybody else."""

from __future__ import annotations

import http.client
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from flask import Flask
from flask.sessions import SecureCookieSessionInterface
from waitress import create_server

from app.web.client_address import Proxies
from app.web.turns import EACH, MUCH, SHORT, Askers, Dispatcher, Turn, WaitingLine
from tests.benchmarks.measuring import ROOT


@dataclass
class Request:
    headers: dict[str, str]
    path: str = "/"


@dataclass
class Channel:
    """What waitress hands to its threads, as far as a line looks at it."""

    asker: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    addr: tuple[str, int] = ("10.0.0.9", 1234)
    cancelled: bool = False

    @property
    def requests(self) -> list[Request]:
        return [Request(self.headers)]

    def cancel(self) -> None:
        self.cancelled = True


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def line(clock: Clock) -> WaitingLine:
    """Of a process that would work at any number of requests together."""
    return WaitingLine(lambda channel: channel.asker, clock, at_once=99)  # type: ignore[attr-defined]


def come(line: WaitingLine, *askers: str) -> None:
    for asker in askers:
        line.append(Channel(asker))  # type: ignore[arg-type]


def costs(line: WaitingLine, clock: Clock, seconds: float, *askers: str) -> None:
    """They came together, were served for so long, and nothing else happened."""
    come(line, *askers)
    turns = [line.popleft() for _ in askers]
    clock.now += seconds
    for turn in turns:
        line.ended(turn, 0.0)


def served(line: WaitingLine, number: int) -> str:
    """The next of so many, served one after another in no time."""
    names = []
    for _ in range(number):
        turn = line.popleft()
        names.append(turn.asker)
        line.ended(turn, 0.0)
    return " ".join(names)


def test_people_who_cost_nothing_are_served_as_they_came(line: WaitingLine, clock: Clock) -> None:
    for asker in ("an", "binh", "chi"):
        come(line, asker)
        clock.now += 0.001
    assert len(line) == 3
    assert served(line, 3) == "an binh chi"
    assert not line
    with pytest.raises(IndexError):
        line.popleft()


def test_twenty_requests_of_one_do_not_stand_before_the_first_of_another(line: WaitingLine, clock: Clock) -> None:
    come(line, *["flood"] * 20)
    clock.now += 1
    turn = line.popleft()
    come(line, "binh")
    clock.now += 1
    line.ended(turn, 0.0)  # it was there for two seconds, of which one was waiting
    assert served(line, 2) == "binh flood"


def test_the_processor_counts_above_the_time(line: WaitingLine, clock: Clock) -> None:
    come(line, "dear", "cheap")
    dear, cheap = line.popleft(), line.popleft()
    line.ended(dear, worked=0.5)
    line.ended(cheap, worked=0.1)
    come(line, "dear", "cheap")
    assert served(line, 2) == "cheap dear"


def test_whoever_cost_much_is_served_while_nobody_else_waits_and_one_at_a_time(line: WaitingLine, clock: Clock) -> None:
    costs(line, clock, MUCH + 1, "one", "two")
    come(line, "one", "two", "three")
    assert line.popleft().asker == "three"
    first = line.popleft()
    assert first.gives_way
    assert not line, "one of them is being served: the other waits, though threads are free"
    come(line, "four")
    assert line.popleft().asker == "four"
    line.ended(first, 0.0)
    assert line.popleft().gives_way


def test_those_who_give_way_have_half_the_threads_while_they_are_alone(line: WaitingLine, clock: Clock) -> None:
    names = [f"clerk {number}" for number in range(6)]
    costs(line, clock, MUCH + 1, *names)
    come(line, *names)
    turns = [line.popleft() for _ in range(4)]
    assert all(turn.gives_way for turn in turns)
    assert not line
    for turn in turns[:3]:
        line.ended(turn, 0.0)
    come(line, "an")
    assert line.popleft().asker == "an"
    assert not line, "somebody else is about: one at a time, and one is being served"


def test_what_somebody_cost_is_forgotten(line: WaitingLine, clock: Clock) -> None:
    costs(line, clock, 4 * MUCH, "one")
    come(line, "one")
    clock.now += 19  # nearly two halvings: still more than a quarter
    assert line.popleft().gives_way
    come(line, "one")
    clock.now += 2
    assert not line.popleft().gives_way


def test_those_who_cost_nothing_of_late_leave_nothing_behind(line: WaitingLine, clock: Clock) -> None:
    for number in range(1_000):
        costs(line, clock, 0.01, f"visitor {number}")
        clock.now += 1
    assert len(line._askers) < 20


def test_a_browser_may_ask_for_some_pictures_at_once_and_no_more(line: WaitingLine) -> None:
    come(line, *["album"] * (EACH + 2))
    turns = [line.popleft() for _ in range(EACH)]
    assert not line
    line.ended(turns[0], 0.0)
    assert line.popleft().asker == "album"


def test_few_are_worked_at_together_and_who_takes_long_holds_nobody_up(clock: Clock) -> None:
    line = WaitingLine(lambda channel: channel.asker, clock)  # type: ignore[attr-defined]
    come(line, "an", "binh", "chi", "dung")
    first = line.popleft()
    clock.now += 0.05
    second = line.popleft()
    assert not line and len(line) == 2, "two are begun: the third waits though threads are free"
    assert line.until_next() == pytest.approx(SHORT - 0.05)
    clock.now += SHORT - 0.04  # the first takes long, and is not counted any more
    third = line.popleft()
    assert third.asker == "chi" and not line
    line.ended(first, 0.0)
    assert not line, "it had not been counted"
    line.ended(second, 0.0)
    assert line.popleft().asker == "dung"
    assert line.until_next() is None, "nobody waits"


def test_at_the_end_all_that_waits_is_told_so(line: WaitingLine, clock: Clock) -> None:
    channels = [Channel("flood") for _ in range(EACH + 3)]
    for channel in channels:
        line.append(channel)  # type: ignore[arg-type]
    for _ in range(EACH):
        line.popleft()
    line.closing = True
    while line:
        line.popleft().cancel()
    assert [channel.cancelled for channel in channels] == [False] * EACH + [True] * 3


# Who it is


@pytest.fixture
def site() -> Flask:
    site = Flask("site")
    site.config.update(SECRET_KEY="only here", SETTINGS=type("Settings", (), {"proxies": Proxies()}))
    return site


def cookie_of(site: Flask, **said: Any) -> dict[str, str]:
    serializer = SecureCookieSessionInterface().get_signing_serializer(site)
    assert serializer is not None
    return {"COOKIE": f"theme=dark; session={serializer.dumps(said)}"}


def test_a_session_is_told_by_the_sites_own_cookie(site: Flask) -> None:
    askers = Askers(site)
    one, other = Channel(headers=cookie_of(site, _user_id="one")), Channel(headers=cookie_of(site, _user_id="other"))
    assert askers(one) != askers(other)  # type: ignore[arg-type]
    again = Channel(headers=cookie_of(site, _user_id="one", locale="en"), addr=("10.0.0.77", 1))
    assert askers(one) == askers(again)  # type: ignore[arg-type]


@pytest.mark.parametrize("cookie", ["", "session=", "session=made.up", "session=a; session=b", "=;;;\x00"])
def test_made_up_cookies_are_no_new_people(site: Flask, cookie: str) -> None:
    assert Askers(site)(Channel(headers={"COOKIE": cookie})) == "10.0.0.9"  # type: ignore[arg-type]


def test_a_cookie_of_another_site_or_of_nobody_is_no_person(site: Flask) -> None:
    other = Flask("other")
    other.config.update(SECRET_KEY="another")
    for headers in (cookie_of(other, _user_id="one"), cookie_of(site, locale="en")):
        assert Askers(site)(Channel(headers=headers)) == "10.0.0.9"  # type: ignore[arg-type]


def test_strangers_behind_a_trusted_proxy_are_told_apart_and_behind_no_other(site: Flask) -> None:
    said = {"X_FORWARDED_FOR": "198.51.100.7, 203.0.113.5"}
    channel: Any = Channel(headers=said, addr=("127.0.0.1", 1))
    assert Askers(site)(channel) == "127.0.0.1"
    site.config["SETTINGS"] = type("Settings", (), {"proxies": Proxies.parse("127.0.0.1")})
    assert Askers(site)(channel) == "203.0.113.5"


# Served in earnest


def until(happened: Callable[[], bool]) -> None:
    """Wait for what other threads do."""
    last = time.monotonic() + 60
    while not happened():
        assert time.monotonic() < last
        time.sleep(0.005)


@pytest.fixture
def serving() -> Iterator[Callable[[Flask, int], tuple[int, Dispatcher]]]:
    servers = []

    def serve(site: Flask, threads: int) -> tuple[int, Dispatcher]:
        threads_of_it = Dispatcher(site, threads)
        server = create_server(site, host="127.0.0.1", port=0, _dispatcher=threads_of_it, ident=None)
        servers.append(server)
        threading.Thread(target=server.run, daemon=True).start()
        return int(server.effective_port), threads_of_it

    yield serve
    for server in servers:
        server.task_dispatcher.shutdown()
        server.close()


def test_a_person_is_answered_while_a_flood_of_another_waits(
    site: Flask, serving: Callable[[Flask, int], tuple[int, Dispatcher]]
) -> None:
    """One thread, held by the first of a flood: whoever comes after nine more of it is answered before them."""
    free, begun, order, noted = threading.Event(), threading.Event(), [], threading.Lock()

    @site.get("/flood")
    def flood() -> str:
        begun.set()
        assert free.wait(20)
        with noted:
            order.append("flood")
        return ""

    @site.get("/page")
    def page() -> str:
        with noted:
            order.append("page")
        return ""

    @site.get("/broken")
    def broken() -> str:
        raise KeyboardInterrupt  # even what ends a thread's work leaves the thread

    port, dispatcher = serving(site, 1)

    def ask(path: str, who: str) -> http.client.HTTPConnection:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        connection.request("GET", path, headers={"Cookie": cookie_of(site, _user_id=who)["COOKIE"]})
        return connection

    waiting = [ask("/flood", "flood")]
    assert begun.wait(20)
    waiting += [ask("/flood", "flood") for _ in range(9)]
    waiting.append(ask("/page", "binh"))
    until(lambda: len(dispatcher.queue) == 10)
    free.set()
    for connection in waiting:
        assert connection.getresponse().status == 200
        connection.close()
    assert order == ["flood", "page", *["flood"] * 9]
    ask("/broken", "chi").close()
    with ask("/page", "chi").getresponse() as answer:
        assert answer.status == 200


HEAPS = """
import ctypes, sys, tempfile, threading
from app.web.garbage import few_heaps, give_back
if sys.argv[1] == "few":
    few_heaps()
gate = threading.Barrier(8)
def work():
    gate.wait()
    kept = [bytes(600) for _ in range(2000)]
    gate.wait()
threads = [threading.Thread(target=work) for _ in range(8)]
[each.start() for each in threads]; [each.join() for each in threads]
give_back()
libc = ctypes.CDLL(None)
libc.fopen.restype = ctypes.c_void_p
with tempfile.NamedTemporaryFile() as told:
    out = ctypes.c_void_p(libc.fopen(told.name.encode(), b"w"))
    libc.malloc_info(0, out); libc.fclose(out)
    print(told.read().count(b"<heap nr="))
"""


def test_eight_threads_share_two_heaps() -> None:
    def heaps(how: str) -> int:
        done = subprocess.run(
            [sys.executable, "-c", HEAPS, how], cwd=ROOT, capture_output=True, text=True, check=True, env={}
        )
        return int(done.stdout)

    assert heaps("few") == 2
    assert heaps("as many as threads") > 2


def test_a_turn_is_cancelled_with_its_request() -> None:
    channel = Channel("an")
    Turn("an", 0.0, channel, gives_way=False, begun=0.0).cancel()  # type: ignore[arg-type]
    assert channel.cancelled
