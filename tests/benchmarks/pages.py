"""Pages under several people at once, beside an empty Flask page of the same server."""

from __future__ import annotations

import http.client
import re
import statistics
import subprocess
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import cycle
from typing import Any
from urllib.parse import quote, urlencode

import psutil

from tests.benchmarks.measuring import PERIOD, ROOT, Answer, command, make_application, peak_mb
from tests.benchmarks.populations import Bare

EMPTY = "/trang-rong"
DESK, HEAD, INSPECTOR = "motcua", "truongphong.ldvl", "thanhtra"
UNIT = "LDVL"
SAMPLES = 40
TICK = 0.01  # seconds: as finely as the system counts the work of another process
MOST_SECONDS = 10.0  # for one page


@contextmanager
def served(url: str) -> Iterator[tuple[int, int]]:
    """The site on a database, served as it is in earnest: its port and its process."""
    process = subprocess.Popen(command("pages:serve", url), cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield int(process.stdout.readline()), process.pid
    finally:
        process.terminate()
        process.wait()


def memory_of(pid: int) -> float:
    """Peak memory of the server in MB."""
    return peak_mb(pid)


# --- in a child -----------------------------------------------------------------------------------------------


Site = Callable[..., Iterable[bytes]]


def serve(url: str, processes: int = 1) -> Answer:
    """Serve until terminated: the site, and beside it an application with one empty page."""
    serve_site(url, processes, lambda site: site)
    return {}


def serve_site(url: str, processes: int, around: Callable[[Site], Site]) -> None:
    """As `flask serve` does; `around` it whatever measures."""
    from flask import Flask
    from werkzeug.middleware.dispatcher import DispatcherMiddleware

    from app.web import serving

    empty = Flask("empty")
    empty.add_url_rule("/", "page", lambda: "")
    application = make_application(url, processes=processes)
    sockets = serving.listen("127.0.0.1", 0)
    print(sockets[0].getsockname()[1], flush=True)
    with application.app_context():
        serving.serve(application, sockets, site=around(DispatcherMiddleware(application, {EMPTY: empty})))


def visit(sites: list[tuple[str, int, int]], requests: int, users: int) -> dict[str, list[Answer]]:
    """Each page of each site (URL of its database, port, process), asked for by so many people at once.

    The sites take turns, page by page, so that what else the machine does falls on all of them alike.
    """
    people = [
        {user: [Visitor(port, user) for _ in range(users)] for user in (DESK, HEAD, INSPECTOR)} for _, port, _ in sites
    ]
    asked = [pages(url) for url, _, _ in sites]
    processes = [psutil.Process(pid) for _, _, pid in sites]
    found: dict[str, list[Answer]] = {}
    for number, (name, user, _paths) in enumerate(asked[0]):
        found[name] = [
            _visit(visitors[user], of_site[number][2], requests, process)
            for visitors, of_site, process in zip(people, asked, processes, strict=True)
        ]
    return found


def pages(url: str) -> list[tuple[str, str, list[str]]]:
    """Name, who asks, and the addresses asked for in turn."""
    bare = Bare(url)
    count = bare.all("SELECT count(*) FROM cases")[0][0]
    ids = [count * n // SAMPLES + 1 for n in range(SAMPLES)]
    found = bare.all(f"SELECT id, code, applicant, phone FROM cases WHERE id IN ({', '.join(map(str, ids))})")
    at, key = bare.all(f"SELECT received_at, id FROM cases ORDER BY received_at, id LIMIT 1 OFFSET {count // 10}")[0]
    deep = urlencode({"after": f"{_instant(at).isoformat()}~{key}"})
    lists = f"/ho-so?list=late&list=open_overdue&period={PERIOD}"
    return [
        ("empty page", DESK, [EMPTY + "/"]),
        ("violations", INSPECTOR, ["/kiem-tra/vi-pham"]),
        ("violations of a unit", HEAD, ["/kiem-tra/vi-pham"]),
        ("search: a family name", DESK, ["/ho-so?q=" + quote("nguyen")]),
        ("search: a full name", DESK, ["/ho-so?q=" + quote(applicant) for _id, _code, applicant, _phone in found]),
        ("search: a code", DESK, ["/ho-so?q=" + quote(code) for _id, code, _applicant, _phone in found]),
        ("search: a phone", DESK, ["/ho-so?q=" + quote(phone) for *_, phone in found if phone]),
        ("search: a name in a unit", HEAD, ["/ho-so?q=" + quote("nguyễn thị")]),
        ("a case", DESK, [f"/ho-so/{row[0]}" for row in found]),
        ("worklist of the desk", DESK, ["/ho-so/viec-hom-nay"]),
        ("worklist of a unit", HEAD, ["/ho-so/viec-hom-nay"]),
        ("cases", DESK, ["/ho-so"]),
        ("cases, deep", DESK, ["/ho-so?" + deep]),
        ("cases of a unit", HEAD, ["/ho-so"]),
        ("overdue cases behind a figure", INSPECTOR, [f"{lists}&unit={UNIT}"]),
        ("overdue cases of the department", INSPECTOR, [lists]),
        ("month's ended cases of a unit", HEAD, [f"/ho-so?list=finished&period={PERIOD}&unit={UNIT}"]),
    ]


def _instant(value: Any) -> datetime:
    moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


class Visitor:
    """Somebody signed in, with a connection that is kept open."""

    def __init__(self, port: int, username: str) -> None:
        from app.demo.departments import PASSWORD

        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self.cookie = ""
        form = self._ask("GET", "/dang-nhap")
        token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', form)
        assert token, "the form of signing in has its token"
        answer = {"csrf_token": token[1], "username": username, "password": PASSWORD}
        self._ask("POST", "/dang-nhap", urlencode(answer), expected=302)

    def get(self, path: str) -> float:
        """Milliseconds until the whole page is there."""
        begun = time.perf_counter()
        self._ask("GET", path)
        return (time.perf_counter() - begun) * 1000

    def _ask(self, method: str, path: str, body: str | None = None, expected: int = 200) -> str:
        headers = {"Cookie": self.cookie}
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        self.connection.request(method, path, body, headers)
        response = self.connection.getresponse()
        text = response.read().decode()
        if response.status != expected:
            raise AssertionError(f"{method} {path}: {response.status}, not {expected}")
        for name, value in response.getheaders():
            if name.lower() == "set-cookie" and value.startswith("session="):
                self.cookie = value.partition(";")[0]
        return text


def _visit(visitors: list[Visitor], paths: list[str], requests: int, process: psutil.Process) -> Answer:
    """A first look that is not measured, then all at once, until there are enough answers or it is enough time.

    Latencies are in milliseconds; so is the work of the server's own process for each request.
    """
    for visitor in visitors:
        visitor.connection.close()  # the server may have closed it, while others were visited; it opens by itself
        visitor.get(paths[0])
    latencies: list[list[float]] = [[] for _ in visitors]
    failures: list[BaseException] = []
    begun, worked = time.perf_counter(), _processor_seconds(process)

    def work(seat: int) -> None:
        try:
            turn = cycle(paths[seat % len(paths) :] + paths[: seat % len(paths)])
            while len(latencies[seat]) * len(visitors) < requests and time.perf_counter() - begun < MOST_SECONDS:
                latencies[seat].append(visitors[seat].get(next(turn)))
        except BaseException as failure:
            failures.append(failure)

    threads = [threading.Thread(target=work, args=(seat,)) for seat in range(len(visitors))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    taken, worked = time.perf_counter() - begun, _processor_seconds(process) - worked
    every = sorted(each for seat in latencies for each in seat)
    return {
        "p50_ms": statistics.median(every),
        "p95_ms": every[min(len(every) - 1, len(every) * 95 // 100)],
        "requests": len(every),
        "work_ms": max(worked, TICK) / len(every) * 1000,
        "per_second": len(every) / taken,
    }


def _processor_seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system
