"""One figure, one process: work is measured in a child of its own, so that its peak memory is its own.

The parent imports neither the application nor pandas. A child runs one function of this package and prints its
answer, a dictionary, as the last line of its output.
"""

from __future__ import annotations

import json
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

from tests.clock import at

ROOT = Path(__file__).resolve().parents[2]
NOW = at("2025-01-02 08:00")
"""The clock of everything measured: the second working day after the month that is judged."""
PERIOD = "2024-12"
START, END = at("2024-12-01 00:00"), at("2025-01-01 00:00")

Answer = dict[str, Any]


def in_child(function: str, *arguments: Any) -> Answer:
    """The answer of `module:function(*arguments)`, run in a process of its own."""
    done = subprocess.run(command(function, *arguments), cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    answer: Answer = json.loads(done.stdout.splitlines()[-1])
    return answer


def command(function: str, *arguments: Any) -> list[str]:
    """What to run for `module:function(*arguments)`."""
    return [sys.executable, "-m", "tests.benchmarks.child", function, json.dumps(arguments)]


Run = tuple[float, float]
"""Seconds that a run took: by the clock, and of this process's own work (less where others want the processor)."""


def repeat(work: Callable[[], Any], times: int) -> Answer:
    """One run that is not measured, then some that are."""
    work()
    return summary([run_of(work) for _ in range(times)])


def summary(runs: list[Run]) -> Answer:
    """Measured runs as an answer: their medians in seconds, and the process's peak memory."""
    clock, work = (statistics.median(values) for values in zip(*runs, strict=True))
    return {"seconds": clock, "cpu_seconds": work, "runs": [run[0] for run in runs], "peak_mb": peak_mb()}


def median(answers: list[Answer]) -> Answer:
    """The answer between those of several processes."""
    return sorted(answers, key=lambda answer: answer["cpu_seconds"])[len(answers) // 2]


def run_of(work: Callable[[], Any]) -> Run:
    """How long it takes."""
    begun, worked = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - begun, time.process_time() - worked


def peak_mb(pid: int | str = "self") -> float:
    """Peak memory of a process in MB (resident)."""
    status = Path(f"/proc/{pid}/status")
    if status.exists():  # getrusage also counts what the process was before it became this program
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1024 * 1024 if sys.platform == "darwin" else 1024)


def tree_mb(pid: int) -> Answer:
    """Of a process and all below it, in MB: their peaks added up (`peak_mb`), pages that they share counted for each,
    and what they take now, each page counted once (`proportional_mb`)."""
    tree = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
    return {
        "processes": len(tree),
        "peak_mb": sum(peak_mb(each.pid) for each in tree),
        "proportional_mb": sum(each.memory_full_info().pss for each in tree) / 1024 / 1024,
    }


@contextmanager
def application(url: str, **settings: Any) -> Iterator[Any]:
    """The application on a database, at the benchmark's clock, in an application context."""
    app = make_application(url, **settings)
    with app.app_context():
        yield app


def make_application(url: str, **settings: Any) -> Any:
    """The application on a database. In a child only: the parent stays small."""
    from app import create_app
    from app.web import extensions

    extensions.now = lambda: NOW
    folder = Path(os.environ["BENCH_FOLDER"]) / "instance"
    app = create_app(database_url=url, instance=folder, sign_in_limit="100000 per minute", **settings)
    app.logger.disabled = True
    return app
