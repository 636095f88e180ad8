"""Several processes that serve one site: they share the work, one that dies is replaced, and none outlives the rest."""

from __future__ import annotations

import http.client
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from flask import Flask
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import func, select

from app.organisation import passwords
from app.organisation.models import AuditEntry, FailedSignIns
from app.web import processes, serving
from app.web.client_address import Proxies
from app.web.extensions import db
from app.web.private_files import LOCK
from app.web.processes import Board, Few, Seat
from app.web.turns import HALVED, Dispatcher, WaitingLine
from tests.benchmarks.measuring import ROOT
from tests.factories import make_department, make_person
from tests.web.test_turns import Channel, Clock, cookie_of, until

# What they know of each other


@pytest.fixture
def places() -> list[Seat]:
    """Two, each with a process."""
    board = Board(2)
    for number, pid in enumerate((101, 102)):
        board.clear(number, pid)
    return [Seat(board, number) for number in (0, 1)]


def test_a_place_sees_how_much_more_it_has_in_hand_than_the_one_with_fewest(places: list[Seat]) -> None:
    first, second = places
    first.in_hand, second.in_hand = 7, 4
    assert (first.busier_by(), second.busier_by()) == (3, 0)
    first.board.clear(1)  # its process has died
    assert first.busier_by() == 0, "nobody is there who could take anything over"
    assert first.board.pids() == {0: 101}


def test_a_process_that_serves_alone_is_never_the_busier_one() -> None:
    alone = Seat()
    alone.in_hand = 20
    assert alone.busier_by() == 0 and alone.elsewhere("an", 100.0, HALVED) == 0


def test_what_somebody_cost_one_process_counts_in_the_other(places: list[Seat]) -> None:
    """Six seconds in each are twelve of the ten from which on somebody gives way."""
    clock = Clock()
    lines = [WaitingLine(lambda channel: channel.asker, clock, place) for place in places]  # type: ignore[attr-defined]
    turns = []
    for line in lines:
        line.append(Channel("flood"))  # type: ignore[arg-type]
        turns.append(line.popleft())
    clock.now += 6
    for line, turn in zip(lines, turns, strict=True):
        line.ended(turn, 0.0)
    for line in lines:
        line.append(Channel("flood"))  # type: ignore[arg-type]
        assert line.popleft().gives_way
    clock.now += HALVED
    assert places[0].elsewhere("flood", clock.now, HALVED) == pytest.approx(3)
    assert places[0].elsewhere("an", clock.now, HALVED) == 0


def test_checks_of_passwords_are_shared_out_among_the_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    few = Few(2)

    def at_once() -> int:
        taken = 0
        with suppress(StopIteration):
            while few._share().acquire(blocking=False):
                taken += 1
        return taken

    assert at_once() == 2
    for count, share in ((2, 1), (5, 1)):
        monkeypatch.setattr(processes, "_here", Seat(Board(count), 0))
        assert at_once() == share
    assert isinstance(passwords._few, Few)


def test_the_idle_process_is_given_the_connections_of_the_busy_one(
    places: list[Seat], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Six requests are in hand here and none there: connections end with the answer until there are few."""
    from waitress import create_server

    monkeypatch.setattr(processes, "_here", places[0])
    site, free = Flask("site"), threading.Event()
    site.config.update(SECRET_KEY="only here", SETTINGS=type("Settings", (), {"proxies": Proxies()}))

    @site.get("/")
    def page() -> str:
        assert free.wait(20)
        return ""

    threads = Dispatcher(site, 4)
    server = create_server(site, host="127.0.0.1", port=0, _dispatcher=threads, ident=None)
    threading.Thread(target=server.run, daemon=True).start()

    def ask(who: str) -> http.client.HTTPConnection:
        connection = http.client.HTTPConnection("127.0.0.1", int(server.effective_port), timeout=20)
        connection.request("GET", "/", headers={"Cookie": cookie_of(site, _user_id=who)["COOKIE"]})
        return connection

    try:
        waiting = [ask(who) for who in ("an", "binh", "chi", "dung", "giang", "hoa")]
        until(lambda: places[0].in_hand == 6)
        free.set()
        closed = [bool(each.getresponse().will_close) for each in waiting]
        assert True in closed and closed[-1] is False, "the last has nobody before whom it would stand"
        until(lambda: places[0].in_hand == 0)
    finally:
        free.set()
        threads.shutdown()
        server.close()


# Served in earnest

SERVED = """
import os, sys, time
from pathlib import Path
from app import create_app
from app.web import serving

folder = Path(sys.argv[1])
app = create_app(instance=folder, processes=2)

def site(environ, start_response):
    if environ["PATH_INFO"] == "/slow":
        (folder / "slow").touch()
        time.sleep(0.3)
    said = str(os.getpid()).encode()
    start_response("200 OK", [("Content-Length", str(len(said)))])
    return [said]

def once():
    with (folder / "begun").open("a") as told:
        told.write(f"{os.getpid()} ")
    return (folder / "ended").touch

sockets = serving.listen("127.0.0.1", 0)
print(sockets[0].getsockname()[1], flush=True)
with app.app_context():
    serving.serve(app, sockets, once=once, site=site)
"""


@contextmanager
def keeper_of(*command: str, **environment: str) -> Iterator[subprocess.Popen[str]]:
    """A keeper in a process of its own, and all that it started ended at the end."""
    process = subprocess.Popen(
        [sys.executable, *command],
        cwd=ROOT,
        env=os.environ | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        process_group=0,
    )
    try:
        yield process
    finally:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(20)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def ask(port: int, path: str = "/") -> int:
    """Which process answers a new connection."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        assert answer.status == 200
        return int(answer.read())
    finally:
        connection.close()


def who_answer(port: int) -> set[int]:
    """The processes that answer four who ask at the same moment."""
    with ThreadPoolExecutor(4) as people:
        return set(people.map(lambda _: ask(port, "/slow"), range(4)))


def is_there(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def both(port: int) -> set[int]:
    """Wait until two answer: a busy machine starts the second a little later."""
    found: set[int] = set()

    def two() -> bool:
        found.update(who_answer(port))
        return len(found) == 2

    until(two)
    return found


def test_two_share_the_work_and_one_that_is_killed_is_replaced(tmp_path: Path) -> None:
    left = tmp_path / "figures-of-a-killed-keeper"
    left.mkdir()
    (left / LOCK).touch()
    with keeper_of("-c", SERVED, str(tmp_path)) as keeper:
        assert keeper.stdout is not None and keeper.stderr is not None
        port = int(keeper.stdout.readline())
        first = both(port)
        (alone,) = map(int, (tmp_path / "begun").read_text().split())
        assert not left.exists() and len(list(tmp_path.glob("figures-*"))) == 1
        assert alone in first, "what is done once is begun by one of the two"

        os.kill(alone, signal.SIGKILL)
        answered = {ask(port) for _ in range(50)}  # each has an answer, from now on
        assert alone not in answered
        now = both(port)
        assert len(now - first) == 1 and alone not in now
        begun = [int(each) for each in (tmp_path / "begun").read_text().split()]
        assert begun == [alone, *(now - first)], "its successor, and no other, goes on with that"

        (tmp_path / "slow").unlink()
        with ThreadPoolExecutor(1) as somebody:
            slow = somebody.submit(ask, port, "/slow")
            until((tmp_path / "slow").exists)
            keeper.send_signal(signal.SIGTERM)
            assert slow.result() in now, "what is being answered is answered"
        assert keeper.wait(20) == 0
        assert not any(map(is_there, now)) and (tmp_path / "ended").exists()
        assert not list(tmp_path.glob("figures-*"))
        with pytest.raises(ConnectionError):
            ask(port)
        said = keeper.stderr.read()
        assert said.count("server process 0") == 1 and "SIGKILL" in said


LIVING = """
import os, time
from app.web import processes

def live(place):
    os.write(1, f"{os.getpid()}\\n".encode())
    while True:
        time.sleep(60)

processes.keep(2, live)
"""


def test_nothing_outlives_the_keeper() -> None:
    with keeper_of("-c", LIVING) as keeper:
        assert keeper.stdout is not None
        kept = [int(keeper.stdout.readline()) for _ in range(2)]
        assert all(map(is_there, kept))
        keeper.kill()
        keeper.wait()
        until(lambda: not any(map(is_there, kept)))


DYING = """
import os, sys
from app.web import processes

def die(place):
    os.write(1, b".")
    os._exit(3)

processes.keep(1, die)
"""


def test_a_process_that_dies_again_and_again_is_started_less_and_less_often() -> None:
    """At once, at once again, after a second, after two: within two seconds three times, and the keeper goes on."""
    with keeper_of("-c", DYING) as keeper:
        assert keeper.stdout is not None and keeper.stderr is not None
        for pause in ("0 s", "1 s", "2 s"):
            assert f"exit 3; another is started in {pause}" in keeper.stderr.readline()
        keeper.terminate()
        assert keeper.wait(20) == 0
        assert keeper.stdout.read() == "..."


# The site itself, by two processes


@pytest.fixture(scope="module")
def site(app: Flask, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """`flask serve` on the tests' database, by two processes: its port."""
    settings = app.config["SETTINGS"]
    (free,) = serving.listen("127.0.0.1", 0)
    port = free.getsockname()[1]
    free.close()
    environment = {
        "DUNG_HAN_INSTANCE": str(tmp_path_factory.mktemp("served")),
        "DUNG_HAN_SITE": settings.site,
        "DUNG_HAN_PROCESSES": "2",
        "DUNG_HAN_SECRET_KEY": "for tests only",
        "DUNG_HAN_SITE_ADDRESS": "http://127.0.0.1",
        "DUNG_HAN_PUBLIC_LOOKUP": "true",
        "DATABASE_URL": settings.sqlalchemy_url,
    }
    with keeper_of("-m", "flask", "serve", "--port", str(port), FLASK_APP="wsgi.py", **environment) as keeper:
        until(lambda: keeper.poll() is not None or answers(port))
        assert keeper.poll() is None
        yield port


def answers(port: int) -> bool:
    with suppress(ConnectionError):
        return got(port, "/dang-nhap")[0] == 200
    return False


def got(port: int, path: str, method: str = "GET", body: str | None = None, **headers: str) -> tuple[int, str, Any]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read().decode(), answer.headers
    finally:
        connection.close()


def test_whichever_is_asked_tells_the_figures_of_both(session: Any, site: int) -> None:
    def requests() -> float:
        """Of the page for signing in, as one of them tells it, with the processes that it tells of."""
        status, text, _headers = got(site, "/metrics")
        assert status == 200
        samples = [each for family in text_string_to_metric_families(text) for each in family.samples]
        sizes = {each.labels["process"] for each in samples if each.name == "process_resident_memory_bytes"}
        assert sizes == {"0", "1", "keeper"}
        counted = (each for each in samples if each.name == "dung_han_requests_total")
        return sum(each.value for each in counted if each.labels["route"] == "/dang-nhap")

    until(lambda: requests() > 0)  # a request is counted when it is over: a moment after its last byte is here
    before = requests()
    with ThreadPoolExecutor(6) as people:
        assert [status for status, *_rest in people.map(lambda _: got(site, "/dang-nhap"), range(18))] == [200] * 18
        until(lambda: requests() == before + 18)
        assert set(people.map(lambda _: requests(), range(6))) == {before + 18}


def test_wrong_passwords_are_counted_over_both(session: Any, site: int) -> None:
    """Five cost nothing; of the next thirty, sent to both as fast as they answer, few are looked at."""
    make_person(make_department()["MC"], username="lan")
    _status, page, headers = got(site, "/dang-nhap")
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)
    assert token is not None
    cookie = headers["Set-Cookie"].partition(";")[0]
    form = urlencode({"csrf_token": token[1], "username": "lan", "password": "sai mat khau 1"})
    sent = {"Cookie": cookie, "Content-Type": "application/x-www-form-urlencoded"}

    def guess() -> int:
        return got(site, "/dang-nhap", "POST", form, **sent)[0]

    for _ in range(5):
        assert guess() == 422
    with ThreadPoolExecutor(6) as people:
        found = list(people.map(lambda _: guess(), range(30)))
    assert set(found) <= {422, 429} and found.count(429) >= 26, found
    db.session.rollback()
    refused = select(func.count()).select_from(AuditEntry).where(AuditEntry.action == "refuse_sign_in")
    assert (db.session.scalar(refused) or 0) <= 9
    assert db.session.scalar(select(func.max(FailedSignIns.failures))) <= 9


def test_guesses_at_the_public_page_are_counted_over_both(session: Any, site: int) -> None:
    """Twenty cost nothing (one is forgiven a minute); then hardly anything is looked up, however many ask at once."""
    with ThreadPoolExecutor(8) as people:
        found = list(people.map(lambda _: got(site, "/tra-cuu?ma=H32.12-240701-0001&kt=CCCCCCCC")[0], range(200)))
    db.session.rollback()
    counted = db.session.scalar(select(func.max(FailedSignIns.failures)))
    assert 19 < counted <= 36, "those under way when the wait began are at most as many as both have threads"
    assert found.count(429) >= 200 - 36
