"""A hostile minute: ten people send the worst that is known, ten others work. What do those who work wait, and how much
memory does the whole tree of processes take?

The site is served in a process of its own, on a copy of a demonstration, and everything goes to 127.0.0.1. It stops by
itself: nobody asks after the last second, and the served processes are ended whatever they are doing then. Run by hand
(`make bench ARGS=hostile`), never by CI: it fills two processors and, where a bound is missing, the memory.
"""

from __future__ import annotations

import http.client
import os
import re
import shutil
import statistics
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import count, cycle
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import psutil

from tests.benchmarks import hostile_files
from tests.benchmarks.desk import _procedure as longest_procedure
from tests.benchmarks.measuring import ROOT, Answer, command
from tests.benchmarks.pages import DESK, INSPECTOR, Visitor
from tests.benchmarks.populations import Bare

Work = list[list[tuple[str, Callable[[], int]]]]
Harm = dict[str, Callable[[], int]]

WORKERS = 10
THINKING = 0.5  # seconds between two requests of somebody who works
PATIENCE = 30.0  # seconds after which somebody who works gives up; counted as so long
WARMING = 5.0  # seconds
LOOKS = 0.2  # seconds between two looks at the memory
MOST_MEMORY = 6_000  # MB: above it the site is ended before it takes the machine's
FORM, MULTIPART = "application/x-www-form-urlencoded", "multipart/form-data; boundary=" + hostile_files.BOUNDARY


@contextmanager
def served(url: str, folder: Path, processes: int) -> Iterator[tuple[str, int, int]]:
    """The site on a copy of the database, in a folder of its own: URL of the copy, port and process.

    Whatever the process and its children do at the end, they are ended.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    copy = folder / "site.sqlite3"
    shutil.copy(url.removeprefix("sqlite:///"), copy)
    mine = f"sqlite:///{copy}"
    environment = os.environ | {"BENCH_FOLDER": str(folder)}
    process = subprocess.Popen(
        command("pages:serve", mine, processes),
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert process.stdout is not None
        yield mine, int(process.stdout.readline()), process.pid
    finally:
        for each in (*_tree(process.pid), process):
            if each.pid != process.pid:
                each.kill()
        process.kill()
        process.wait()
        shutil.rmtree(folder, ignore_errors=True)


def _tree(pid: int) -> list[psutil.Process]:
    """A process and all below it."""
    try:
        first = psutil.Process(pid)
        return [first, *first.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


# --- in a child -----------------------------------------------------------------------------------------------


class Asker:
    """Somebody signed in, as the site sees them: a cookie, and the token of their forms."""

    def __init__(self, port: int, cookie: str = "", token: str = "") -> None:
        self.port, self.cookie, self.token = port, cookie, token

    def ask(
        self, method: str, path: str, body: bytes | str | None = None, kind: str = FORM, patience: float = PATIENCE
    ) -> tuple[int, str, str]:
        """Status, address sent on to, and text. OSError or HTTPException when there is no answer in time."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=patience)
        try:
            headers = {"Cookie": self.cookie} | ({"Content-Type": kind} if body is not None else {})
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            if not self.token:  # not yet ready: the token to come belongs to this cookie
                for value in response.headers.get_all("Set-Cookie") or []:
                    self.cookie = value.partition(";")[0] if value.startswith("session=") else self.cookie
            return response.status, response.getheader("Location") or "", response.read().decode(errors="replace")
        finally:
            connection.close()

    def ready(self, page: str) -> Asker:
        """With the token that stands on a page."""
        token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', self.ask("GET", page)[2])
        assert token, page
        self.token = token[1]
        return self

    def form(self, path: str, **fields: Any) -> tuple[int, str, str]:
        """Send a form."""
        return self.ask("POST", path, urlencode({"csrf_token": self.token, **fields}))

    def files(self, path: str, files: dict[str, bytes], **fields: str) -> tuple[int, str, str]:
        """Send a form with files."""
        body = hostile_files.multipart({"csrf_token": self.token, **fields}, files)
        return self.ask("POST", path, body, MULTIPART, patience=120)


def signed_in(port: int, username: str, page: str) -> Asker:
    """Signed in, with the token that stands on a page."""
    visitor = Visitor(port, username)
    asker = Asker(port, visitor.cookie)
    visitor.connection.close()
    return asker.ready(page)


def minute(url: str, port: int, pid: int, seconds: float, quiet: float) -> Answer:
    """Those who work, by themselves, beside each who does harm, and among all of them: what they waited, and the peak
    of the memory. The first seconds of a site that has just been started are nobody's."""
    bare = Bare(url)
    taken = count(1)  # nobody comes twice with the same wish
    working = [_work_of(bare, signed_in(port, DESK, "/ho-so/tiep-nhan"), taken) for _seat in range(WORKERS)]
    harm = _harm(port, _case_that_takes_files(bare))
    bare.connection.close()
    memory = Memory(pid)
    _together(working, {}, WARMING, memory)
    alone = _phase(working, {}, quiet, memory)
    beside = {name: _phase(working, {name: job}, quiet, memory)["work"] for name, job in harm.items()}
    among = _phase(working, harm, seconds, memory)
    return {
        "seconds": seconds,
        "quiet": alone["work"],
        "beside": beside,
        "hostile": among["work"],
        "by_page": among["by_page"],
        "harm": among["harm"],
        "ended_for_memory": memory.ended,
    }


def _phase(working: Work, harm: Harm, seconds: float, memory: Memory) -> Answer:
    """Everybody at once, with the peak of the memory in that time."""
    memory.peak = memory.resident = 0.0
    found = _together(working, harm, seconds, memory)
    found["work"] |= {"peak_mb": memory.peak, "resident_mb": memory.resident}
    return found


class Memory:
    """Memory of the tree of processes, in MB: `peak` with each page counted once, and `resident`, which counts those
    that processes share for each; above MOST_MEMORY the tree is ended."""

    def __init__(self, pid: int) -> None:
        self.pid, self.peak, self.resident, self.ended = pid, 0.0, 0.0, False

    def look(self) -> None:
        """Add the whole tree up, once."""
        total = resident = 0
        tree = _tree(self.pid)
        for process in tree:
            try:
                found = process.memory_full_info()
            except (psutil.NoSuchProcess, psutil.AccessDenied):
                continue
            total, resident = total + found.pss, resident + found.rss
        self.peak, self.resident = max(self.peak, total / 1024 / 1024), max(self.resident, resident / 1024 / 1024)
        if self.peak > MOST_MEMORY and not self.ended:
            self.ended = True
            for process in tree:
                process.kill()


def _together(working: Work, harm: Harm, seconds: float, memory: Memory) -> Answer:
    """Everybody at once for so long; nobody begins anything after it."""
    until = time.monotonic() + seconds
    waited: dict[str, list[float]] = {name: [] for name, _job in working[0]}
    refused: Counter[str] = Counter()
    failures: list[BaseException] = []
    answers: dict[str, Counter[str]] = {name: Counter() for name in harm}

    def work(seat: int) -> None:
        mine = working[seat]
        turn = cycle(mine[seat % len(mine) :] + mine[: seat % len(mine)])
        time.sleep(THINKING * seat / WORKERS)
        while time.monotonic() < until:
            name, job = next(turn)
            begun = time.perf_counter()
            status = _status(job)
            waited[name].append(time.perf_counter() - begun)
            if status not in ("200", "302"):
                refused[f"{name}: {status}"] += 1
            time.sleep(THINKING)

    def do_harm(name: str) -> None:
        try:
            while time.monotonic() < until:
                answers[name][_status(harm[name])] += 1
        except Exception as failure:
            failures.append(failure)

    threads = [threading.Thread(target=work, args=(seat,), daemon=True) for seat in range(WORKERS)]
    threads += [threading.Thread(target=do_harm, args=(name,), daemon=True) for name in harm]
    for thread in threads:
        thread.start()
    while time.monotonic() < until + PATIENCE and any(thread.is_alive() for thread in threads[:WORKERS]):
        memory.look()
        time.sleep(LOOKS)
    if failures:
        raise failures[0]
    for name, thread in zip(harm, threads[WORKERS:], strict=True):
        if thread.is_alive():
            answers[name]["no answer at the end"] += 1
    every = sorted(each for times in waited.values() for each in times)
    return {
        "work": _figures(every) | {"failed": dict(refused)},
        "by_page": {name: _figures(sorted(times)) for name, times in waited.items() if times},
        "harm": {name: dict(counted) for name, counted in answers.items()},
    }


def _status(job: Callable[[], int]) -> str:
    try:
        return str(job())
    except (OSError, http.client.HTTPException) as error:
        time.sleep(0.1)
        return type(error).__name__


def _figures(ordered: list[float]) -> Answer:
    if not ordered:
        return {"requests": 0, "p50_ms": 0.0, "p95_ms": 0.0, "longest_ms": 0.0}
    return {
        "requests": len(ordered),
        "p50_ms": statistics.median(ordered) * 1000,
        "p95_ms": ordered[min(len(ordered) - 1, len(ordered) * 95 // 100)] * 1000,
        "longest_ms": ordered[-1] * 1000,
    }


# Those who work


def _work_of(bare: Bare, clerk: Asker, taken: Iterator[int]) -> list[tuple[str, Callable[[], int]]]:
    """What somebody at the desk does, in turn."""
    names = [name for (name,) in bare.all("SELECT applicant FROM cases ORDER BY id DESC LIMIT 20")]
    cases = [key for (key,) in bare.all("SELECT id FROM cases ORDER BY id DESC LIMIT 50")]
    procedure = longest_procedure(bare)
    name, case = cycle(names), cycle(cases)

    def take_in() -> int:
        number = next(taken)
        who = {"applicant": f"Nguyễn Thị Đo Lường {number}", "id_number": f"056{number:09d}", "sets": 1}
        how = {"channel": "in_person", "return_method": "in_person", "token": f"{clerk.token[-12:]}-{number}"}
        return clerk.form("/ho-so/tiep-nhan", **procedure, **who, **how)[0]

    def get(path: str) -> int:
        return clerk.ask("GET", path)[0]

    return [
        ("intake", take_in),
        ("search", lambda: get("/ho-so?q=" + quote(next(name)))),
        ("list", lambda: get("/ho-so")),
        ("case", lambda: get(f"/ho-so/{next(case)}")),
        ("worklist", lambda: get("/ho-so/viec-hom-nay")),
    ]


def _case_that_takes_files(bare: Bare) -> int:
    return int(bare.all("SELECT id FROM cases WHERE ended_at IS NULL ORDER BY id DESC LIMIT 1")[0][0])


# Those who do harm


def _harm(port: int, case: int) -> Harm:
    """Ten kinds of the worst request known, each sent over and over by somebody of their own, signed in."""
    beforehand = (hostile_files.large_png(0), hostile_files.long_tiff(0), hostile_files.pdf_of_pages(60_000, 0))
    assert max(map(len, beforehand)) < 20_000_000, "each is kept once made, and is small"
    number = count()
    words, exports = cycle(["x" * 100_000, "b" * 2_000, "e" * 3_000]), cycle(["/ho-so.xlsx", "/ho-so.csv"])
    texts = cycle(["đ" * 250_000, "đ" * 58_000])  # the second is let in: nine bytes a letter
    upload = "/kiem-tra/bo-quy-tac/tai-len"
    opened: list[str] = []

    def send_picture(clerk: Asker, name: str, content: bytes) -> int:
        status, *_rest = clerk.files(f"/ho-so/{case}/tep", {name: content}, place="")
        _status, _to, page = clerk.ask("GET", f"/ho-so/{case}")
        for address in re.findall(r"/tep/\d+/anh-nho", page)[-2:]:
            clerk.ask("GET", address)
            clerk.ask("GET", address.replace("anh-nho", "trang"))
        return status

    def open_a_pack(inspector: Asker) -> int:
        if not opened:
            status, to, _page = inspector.files(upload, hostile_files.pack_with_failing_tests(60, "cham"))
            if status != 302:
                return status
            opened.append(to)
        return inspector.ask("GET", opened[0], patience=120)[0]

    def wrong_password(_clerk: Asker) -> int:
        stranger = Asker(port).ready("/dang-nhap")
        return stranger.form("/dang-nhap", username=f"quantri{next(number) % 5}", password="sai mat khau 1")[0]

    def by(username: str, page: str, job: Callable[[Asker], int]) -> Callable[[], int]:
        return partial(job, signed_in(port, username, page))

    at_the_desk = {
        "search for 100,000 letters": lambda clerk: clerk.ask("GET", "/ho-so?q=" + next(words), patience=120)[0],
        "picture of 39 Mpx": lambda clerk: send_picture(clerk, "anh.png", hostile_files.large_png(next(number))),
        "TIFF of many pages": lambda clerk: send_picture(clerk, "anh.tif", hostile_files.long_tiff(next(number))),
        "PDF of 60,000 pages": lambda clerk: send_picture(
            clerk, "to.pdf", hostile_files.pdf_of_pages(60_000, next(number))
        ),
        "forms of 250,000 characters": lambda clerk: clerk.form("/ho-so/tiep-nhan/nhap", applicant=next(texts))[0],
        "wrong passwords": wrong_password,
        "exports of all cases": lambda clerk: clerk.ask("GET", next(exports), patience=120)[0],
    }
    inspecting = {
        "pack that hangs": lambda inspector: inspector.files(upload, hostile_files.pack_of_chained_parameters(60))[0],
        "pack with 300 failing tests": lambda inspector: inspector.files(
            upload, hostile_files.pack_with_failing_tests(300, f"sai-{next(number)}")
        )[0],
        "a pack's page": open_a_pack,
    }
    return {name: by(DESK, "/ho-so/tiep-nhan", job) for name, job in at_the_desk.items()} | {
        name: by(INSPECTOR, upload, job) for name, job in inspecting.items()
    }
