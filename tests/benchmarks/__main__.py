"""`python -m tests.benchmarks`: measure, and print ratios. Always ends well: figures are for people to judge."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sqlite3
import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import asdict, replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from tests.benchmarks import desk, hostile, pages, startup, tables
from tests.benchmarks.databases import MONTHS, Databases, Demonstration, databases
from tests.benchmarks.durability import SETTINGS
from tests.benchmarks.measuring import ROOT, Answer, in_child, median
from tests.benchmarks.month import Month, packs_with

SIZES = (10_000, 100_000, 1_000_000)
ONE_BY_ONE = 3  # processes for what can be measured only once in each
REAL_RULES = 0  # only the packs' own
REPORTS = ("pdf", "docx", "xlsx")
HISTORY = 3  # times as many months for the longer history


def measure_check(prepared: Databases, asked: argparse.Namespace) -> list[Answer]:
    """The monthly check at every size, its floor and its peers."""
    return [_checked(prepared.holding(Demonstration(size)), size, asked.repetitions) for size in asked.sizes]


def _checked(url: str, size: int, times: int) -> Answer:
    figures = {
        "counting": in_child("check:counting_rules", url, times),
        "floor": in_child("check:floor", url, times),
        "pandas": in_child("check:in_pandas", url, times),
        "fact_per_case": median([in_child("check:fact_per_case", url) for _ in range(min(times, ONE_BY_ONE))]),
        "whole": in_child("check:whole_check", url, times),
    }
    _agree(figures)
    return {"cases": size, **figures}


def _agree(figures: dict[str, Answer]) -> None:
    """Everybody has counted the same, or nothing here is worth reading."""
    facts, rows, cases = figures["counting"]["figures"], figures["floor"]["rows"], figures["fact_per_case"]
    assert figures["pandas"]["figures"] == facts, "pandas counts what the check counts"
    assert rows["still_open"] + rows["ended_since"] == facts["open_overdue"], "the floor reads the overdue cases"
    for name in ("ended", "received", "results", "paid", "stages_ended"):
        assert rows[name] == facts[name], f"the floor reads the same rows: {name}"
    assert cases["facts"] == facts["ended"] + facts["open_overdue"], "every case of the month is a fact"
    assert cases["late"] == facts["late"] + facts["open_overdue"], "the late ones are found"


def measure_history(prepared: Databases, asked: argparse.Namespace) -> Answer:
    """The same month with a history of 13 months before it, and with three times as many."""
    size = sorted(asked.sizes)[len(asked.sizes) // 2]
    short, long = Demonstration(size), Demonstration(size * HISTORY, MONTHS * HISTORY)
    found = {}
    for each in (short, long):
        counting = in_child("check:counting_rules", prepared.holding(each), asked.repetitions)
        found[str(each.cases)] = {"months": each.months, "counting": counting, "facts": counting["facts"]}
    return found


def measure_imports(prepared: Databases, asked: argparse.Namespace) -> dict[str, Answer]:
    """Files taken in, beside the rows they leave written by the driver alone."""
    taken: dict[str, Answer] = {}
    with tempfile.TemporaryDirectory() as folder:
        files = in_child("importing:write_files", folder, asked.rows)
        urls = prepared.empty(2 * len(files) * (asked.repetitions + 1))
        for mapping, file in files.items():
            mine, theirs = ([urls.pop() for _ in range(asked.repetitions + 1)] for _ in range(2))
            taken[mapping] = {
                "rows": asked.rows,
                "import": in_child("importing:take_in", mapping, file, mine),
                "executemany": in_child("importing:executemany", mine[0], theirs),
            }
            prepared.drop([*mine, *theirs])
    return taken


def measure_pages(prepared: Databases, asked: argparse.Namespace) -> Answer:
    """Pages at every size under several people at once, all sizes being served at the same time."""
    urls = [prepared.holding(Demonstration(size)) for size in asked.sizes]
    with ExitStack() as stack:
        servers = [stack.enter_context(pages.served(url)) for url in urls]
        sites = [(url, *server) for url, server in zip(urls, servers, strict=True)]
        seen = in_child("pages:visit", sites, asked.requests, asked.users)
        peaks = [pages.memory_of(pid) for _port, pid in servers]
    return {"sizes": list(asked.sizes), "users": asked.users, "peak_mb": peaks, "pages": seen}


def measure_weight(prepared: Databases, asked: argparse.Namespace) -> list[Answer]:
    """What each page weighs beside an empty one with the same layout, at every size."""
    return [
        {"size": size, "pages": in_child("weight:weigh", prepared.holding(Demonstration(size)), 4 * asked.repetitions)}
        for size in asked.sizes
    ]


def measure_export(prepared: Databases, asked: argparse.Namespace) -> list[Answer]:
    """The list of that many cases as a file."""
    url = prepared.holding(Demonstration(asked.exported))
    return [{"size": asked.exported, "pages": in_child("weight:export", url, asked.repetitions)}]


def measure_desk(prepared: Databases, asked: argparse.Namespace) -> list[Answer]:
    """Many clerks taking cases in and searching while they type, at every size."""
    found = []
    for size in asked.sizes:
        url = prepared.holding(Demonstration(size))
        with desk.served(url, asked.processes) as (port, pid):
            found.append({"size": size, **in_child("desk:work", url, port, pid, asked.clerks, asked.requests)})
    return found


def measure_month(prepared: Databases, asked: argparse.Namespace) -> Answer:
    """The whole month: every rule of four packs for many units, with thousands of open exceptions; its report as files;
    and how it grows with units, rules and exceptions, on a smaller database."""
    folder, large, small = asked.folder.resolve(), max(asked.sizes), asked.growth
    rules = {number: str(packs_with(folder, number)) for number in (REAL_RULES, asked.rules)}
    units, exceptions, duties = asked.units, asked.exceptions, asked.duties

    def full(month: Month) -> str:
        return prepared.crowded(Demonstration(month.cases), month, rules[asked.rules])

    @cache
    def judged(month: Month, number: int = asked.rules) -> Answer:
        url = full(month)
        return {
            "month": asdict(month),
            "whole": median([in_child("month:whole", url, rules[number]) for _ in range(min(asked.repetitions, 3))]),
            "floor": in_child("month:floor", url, asked.repetitions),
        }

    whole, most = Month(large, units, exceptions, duties), Month(small, units, exceptions, duties)
    return {
        "whole": judged(whole),
        "report": {each: in_child("month:report", full(whole), rules[asked.rules], each) for each in REPORTS},
        "growth": {
            "units": [judged(replace(most, units=number)) for number in (units // 4, units // 2, units)],
            "rules": [judged(most, REAL_RULES), judged(most)],
            "exceptions": [judged(replace(most, exceptions=number)) for number in (exceptions // 4, exceptions)],
        },
    }


def measure_acts(prepared: Databases, asked: argparse.Namespace) -> Answer:
    """Keys and seconds of the commonest acts at the desk, by a browser; on a small site of its own."""
    from tests.benchmarks import acts  # needs a browser

    return acts.measure(asked.repetitions)


def measure_startup(prepared: Databases, asked: argparse.Namespace) -> Answer:
    """Commands and the site's first answer, on a database with the Department and no case."""
    (url,) = prepared.empty(1)
    try:
        return startup.measure(url, asked.folder.resolve() / "startup", asked.repetitions)
    finally:
        prepared.drop([url])


def measure_durability(prepared: Databases, asked: argparse.Namespace) -> Answer:
    """SQLite: commits a second with `synchronous` FULL and NORMAL, of whole intakes and of one small row."""
    if prepared.kind != "sqlite":
        return {}
    urls = prepared.empty(2)
    try:
        return {
            what: {
                setting: in_child(f"durability:{what}", setting, url, asked.repetitions)
                for setting, url in zip(SETTINGS, urls, strict=True)
            }
            for what in ("intakes", "bare")
        }
    finally:
        prepared.drop(urls)


def measure_hostile(prepared: Databases, asked: argparse.Namespace) -> Answer:
    """The hostile minute, on SQLite."""
    if prepared.kind != "sqlite":
        raise SystemExit("The hostile minute is measured on SQLite.")
    url = prepared.holding(Demonstration(asked.hostile_cases))
    with hostile.served(url, asked.folder.resolve() / "hostile", asked.processes) as (copy, port, pid):
        return in_child("hostile:minute", copy, port, pid, asked.seconds, asked.seconds / 4) | {
            "cases": asked.hostile_cases
        }


PARTS: dict[str, Callable[[Databases, argparse.Namespace], Any]] = {
    "check": measure_check,
    "history": measure_history,
    "import": measure_imports,
    "pages": measure_pages,
    "weight": measure_weight,
    "export": measure_export,
    "desk": measure_desk,
    "month": measure_month,
    "startup": measure_startup,
    "acts": measure_acts,
    "durability": measure_durability,
    "hostile": measure_hostile,
}
BY_HAND = ("acts", "hostile")
"""Only when asked for by name."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure what is asked for."""
    asked = _asked(arguments)
    results: Answer = {"machine": _machine(asked.database)}
    print(tables.heading(results["machine"]))
    with databases(asked.database, asked.folder.resolve()) as prepared:
        for part in asked.part or asked.only:
            results[part] = PARTS[part](prepared, asked)
            print(tables.SHOWN[part](results[part]), flush=True)
    results["machine"]["load_after"] = os.getloadavg()
    if asked.json:
        asked.json.write_text(json.dumps(results, indent=1))
    return 0


def _asked(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description="Speed and memory, as ratios.")
    parser.add_argument("--sizes", type=_numbers, default=SIZES, help="cases, e.g. 10000,100000")
    usual = tuple(part for part in PARTS if part not in BY_HAND)
    parser.add_argument("part", nargs="?", type=_parts, help="the same as --only")
    parser.add_argument("--only", type=_parts, default=usual, help=",".join(PARTS))
    parser.add_argument("--database", choices=["sqlite", "postgresql"], default="sqlite")
    parser.add_argument("--repetitions", type=int, default=5, help="measured runs, after one that is not")
    parser.add_argument("--rows", type=int, default=50_000, help="rows of the files imported")
    parser.add_argument("--exported", type=int, default=6_000, help="export: cases of the list")
    parser.add_argument("--requests", type=int, default=200, help="requests for each page")
    parser.add_argument("--users", type=int, default=8, help="people at once")
    parser.add_argument("--processes", type=int, default=0, help="desk, hostile: that serve; 0: as the site would")
    parser.add_argument("--clerks", type=int, default=20, help="desk: clerks at once, taking in --requests cases")
    parser.add_argument("--rules", type=int, default=200, help="month: rules of the four packs in all")
    parser.add_argument("--units", type=int, default=300, help="month: units")
    parser.add_argument("--exceptions", type=int, default=20_000, help="month: open overdue cases")
    parser.add_argument("--duties", type=int, default=5_000, help="month: tasks, petitions and directives")
    parser.add_argument("--growth", type=int, default=100_000, help="month: cases where its growth is measured")
    parser.add_argument("--hostile-cases", type=int, default=2_000, help="hostile: cases of the site")
    parser.add_argument("--seconds", type=float, default=60.0, help="hostile: how long harm is done")
    parser.add_argument("--folder", type=Path, default=ROOT / ".bench", help="where databases are kept")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write everything measured to a file")
    return parser.parse_args(arguments)


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(number) for number in text.split(","))


def _parts(text: str) -> tuple[str, ...]:
    parts = tuple(text.split(","))
    if unknown := set(parts) - set(PARTS):
        raise argparse.ArgumentTypeError(f"unknown: {', '.join(sorted(unknown))}; known: {', '.join(PARTS)}")
    return parts


def _machine(database: str) -> Answer:
    return {
        "at": datetime.now(UTC).isoformat(timespec="minutes"),
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "processors": os.cpu_count(),
        "load_before": os.getloadavg(),
        "database": database,
    }


if __name__ == "__main__":
    raise SystemExit(main())
