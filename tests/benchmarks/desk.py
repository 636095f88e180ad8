"""Twenty clerks at once: from the intake form to the stored case, and searching while they type.

What is measured is the server's own time for a request, from its first line to its answer, with everybody asking as
fast as they can, and what a clerk waits for it, the line in which it stood before included; beside it an empty page of
the same server, and the same rows written by the driver alone, one transaction for each case. What was written is taken
out again, so that the database can be measured the next time.
"""

from __future__ import annotations

import re
import statistics
import subprocess
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote, urlencode

from tests.benchmarks.measuring import ROOT, Answer, command, tree_mb
from tests.benchmarks.pages import DESK, EMPTY, Visitor, serve_site
from tests.benchmarks.populations import Bare

SERVER_TIME = "X-Server-Milliseconds"
WRITTEN = ("cases", "case_events", "case_stages", "case_promises", "case_documents", "audit_entries")
SEARCHED = ("nguyễn văn minh", "trần thị", "giay phep lao dong", "công ty tnhh", "nguyne van", "tro cap that nghiep")
PEOPLE = 12  # more names of applicants typed out


@contextmanager
def served(url: str, processes: int) -> Iterator[tuple[int, int]]:
    """The site on a database, each answer saying how long it took: its port and its process."""
    process = subprocess.Popen(command("desk:serve", url, processes), cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield int(process.stdout.readline()), process.pid
    finally:
        process.terminate()
        process.wait()


# --- in a child -----------------------------------------------------------------------------------------------


def serve(url: str, processes: int) -> Answer:
    """Serve until terminated: the site, and beside it an application with one empty page."""
    serve_site(url, processes, _timed)
    return {}


def _timed(site: Callable[..., Iterable[bytes]]) -> Callable[..., Iterable[bytes]]:
    def answer(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        begun = time.perf_counter()

        def start(status: str, headers: list[tuple[str, str]], *error: Any) -> Any:
            taken = (time.perf_counter() - begun) * 1000
            return start_response(status, [*headers, (SERVER_TIME, f"{taken:.3f}")], *error)

        return site(environ, start)

    return answer


class Clerk(Visitor):
    """A clerk with a connection kept open; every answer's server time is noted under what was asked."""

    def __init__(self, port: int, seat: int) -> None:
        self.times: dict[str, list[float]] = {}
        self.waited: dict[str, list[float]] = {}
        super().__init__(port, DESK)
        self.seat, self.taken_in = seat, 0

    def ask(self, what: str, method: str, path: str, body: str | None = None, *, htmx: bool = False) -> str:
        """The answer's text; its server time is noted."""
        headers = {"Cookie": self.cookie} | ({"HX-Request": "true"} if htmx else {})
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        begun = time.perf_counter()
        self.connection.request(method, path, body, headers)
        response = self.connection.getresponse()
        text = response.read().decode()
        self.waited.setdefault(what, []).append((time.perf_counter() - begun) * 1000)
        if response.status != (302 if method == "POST" else 200):
            raise AssertionError(f"{method} {path}: {response.status} {_told(text)}")
        for name, value in response.getheaders():
            if name.lower() == "set-cookie" and value.startswith("session="):
                self.cookie = value.partition(";")[0]
        self.times.setdefault(what, []).append(float(response.getheader(SERVER_TIME) or 0))
        return text

    def take_in(self, procedure: dict[str, Any], csrf: str) -> None:
        """One case, as the form sends it."""
        self.taken_in += 1
        number = self.seat * 100_000 + self.taken_in
        typed = {
            "csrf_token": csrf,
            **procedure,
            "applicant": f"Nguyễn Thị Đo Lường {number}",
            "id_number": f"056{number:09d}",
            "phone": f"09{number:08d}",
            "address": "12 đường Trần Phú, Nha Trang",
            "channel": "in_person",
            "return_method": "in_person",
            "sets": 1,
            "token": f"{csrf[-12:]}-{self.taken_in}",
        }
        self.ask("form to stored case", "POST", "/ho-so/tiep-nhan", urlencode(typed))


def work(url: str, port: int, pid: int, clerks: int, cases: int) -> Answer:
    """Everybody takes in cases, then everybody searches letter by letter; then the same rows by the driver alone."""
    bare = Bare(url)
    marks = {table: _last(bare, table) for table in WRITTEN}
    wanted = _procedure(bare)
    people = [Clerk(port, seat) for seat in range(1, clerks + 1)]
    csrf = {clerk.seat: _csrf(clerk) for clerk in people}
    each = -(-cases // clerks)
    begun, worked = time.perf_counter(), time.process_time()
    try:
        _at_once(people, lambda clerk: [clerk.ask("empty page", "GET", EMPTY + "/") for _ in range(each)])
        _at_once(people, lambda clerk: [clerk.ask("intake form", "GET", "/ho-so/tiep-nhan") for _ in range(2)])
        _at_once(people, lambda clerk: [clerk.take_in(wanted, csrf[clerk.seat]) for _ in range(each)])
        typed = [*SEARCHED, *_names(bare)]
        _at_once(people, lambda clerk: _search(clerk, typed[clerk.seat % len(typed)]))
        own = (time.process_time() - worked) / (time.perf_counter() - begun)
        found = {
            what: _figures([t for clerk in people for t in clerk.times[what]])
            | {f"waited_{name}": value for name, value in _figures(_all_of(people, what)).items()}
            for what in people[0].times
        }
        rows = {table: _rows_after(bare, table, marks[table]) for table in WRITTEN}
    finally:
        _forget(bare, marks)
    found["the same rows in bare SQL"] = _figures(_insert_one_by_one(bare, rows, marks))
    memory = tree_mb(pid)
    return {"clerks": clerks, "cases": len(rows["cases"][1]), "found": found, "clients": own, **memory}


def _all_of(people: list[Clerk], what: str) -> list[float]:
    return [each for clerk in people for each in clerk.waited[what]]


def _procedure(bare: Bare) -> dict[str, Any]:
    """The procedure with the longest checklist, and every document of it as the form sends it."""
    (version_id, _count), *_others = bare.all(
        "SELECT version_id, count(*) FROM procedure_documents WHERE site = :site GROUP BY version_id ORDER BY 2 DESC, 1"
    )
    documents = bare.all(f"SELECT id FROM procedure_documents WHERE version_id = {version_id} ORDER BY position")
    rows = {
        f"documents-{number}-{field}": value
        for number, (key,) in enumerate(documents)
        for field, value in {"document_id": key, "name": "", "originals": 1}.items()
    }
    return {"version_id": version_id, **rows}


def _csrf(clerk: Clerk) -> str:
    found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', clerk.ask("warm-up", "GET", "/ho-so/tiep-nhan"))
    assert found
    clerk.times.clear()
    clerk.waited.clear()
    return found[1]


def _told(page: str) -> str:
    """What a page that refused says is wrong."""
    return " ".join(re.sub(r"<[^>]+>", " ", " ".join(re.findall(r'role="alert".*?</div>', page, re.S))).split())


def _search(clerk: Clerk, typed: str) -> None:
    for length in range(1, len(typed) + 1):
        clerk.ask("search as one types", "GET", "/ho-so/tim/nhanh?q=" + quote(typed[:length]), htmx=True)


def _names(bare: Bare) -> list[str]:
    last = _last(bare, "cases")
    ids = ", ".join(str(last * n // PEOPLE) for n in range(1, PEOPLE + 1))
    return [name for (name,) in bare.all(f"SELECT applicant FROM cases WHERE id IN ({ids})")]


def _at_once(people: list[Clerk], job: Callable[[Clerk], object]) -> None:
    failures: list[BaseException] = []

    def run(clerk: Clerk) -> None:
        try:
            job(clerk)
        except BaseException as failure:
            failures.append(failure)

    threads = [threading.Thread(target=run, args=(clerk,)) for clerk in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]


def _figures(times: list[float]) -> Answer:
    ordered = sorted(times)
    return {
        "requests": len(ordered),
        "p50_ms": statistics.median(ordered),
        "p95_ms": ordered[min(len(ordered) - 1, len(ordered) * 95 // 100)],
    }


# The rows


def _last(bare: Bare, table: str) -> int:
    return int(bare.all(f"SELECT max(id) FROM {table}")[0][0] or 0)


def _rows_after(bare: Bare, table: str, mark: int) -> tuple[list[str], list[tuple[Any, ...]]]:
    read = bare.connection.execute(f"SELECT * FROM {table} WHERE id > {mark} ORDER BY id")
    return [column[0] for column in read.description], [tuple(row) for row in read.fetchall()]


def _forget(bare: Bare, marks: dict[str, int]) -> None:
    for table in reversed(WRITTEN):
        bare.connection.execute(f"DELETE FROM {table} WHERE id > {marks[table]}")
    bare.connection.commit()


def _insert_one_by_one(
    bare: Bare, rows: dict[str, tuple[list[str], list[tuple[Any, ...]]]], marks: dict[str, int]
) -> list[float]:
    """Milliseconds for each case: its rows and an entry of the audit trail, in a transaction of their own."""
    sign = "?" if bare.sqlite else "%s"
    statements = {
        table: f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join(sign for _ in columns)})"
        for table, (columns, _rows) in rows.items()
    }
    of_case = {table: _by_case(table, *rows[table]) for table in WRITTEN}
    times = []
    for position, case in enumerate(rows["cases"][1]):
        key = case[rows["cases"][0].index("id")]
        begun = time.perf_counter()
        for table in WRITTEN:
            mine = [rows[table][1][position]] if table == "audit_entries" else of_case[table].get(key, [])
            for row in mine:
                bare.connection.execute(statements[table], tuple(bare.stored(value) for value in row))
        bare.connection.commit()
        times.append((time.perf_counter() - begun) * 1000)
    _forget(bare, marks)
    return times


def _by_case(table: str, columns: list[str], rows: list[tuple[Any, ...]]) -> dict[Any, list[tuple[Any, ...]]]:
    if table == "audit_entries":
        return {}
    at = columns.index("id" if table == "cases" else "case_id")
    found: dict[Any, list[tuple[Any, ...]]] = {}
    for row in rows:
        found.setdefault(row[at], []).append(row)
    return found
