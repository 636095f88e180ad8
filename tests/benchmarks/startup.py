"""How long a command takes, and how much memory: whole processes, beside one that imports Flask and SQLAlchemy alone.

They take turns, so that what else the machine does falls on all of them alike. The interpreter may keep what it has
compiled, as on any machine where the site is installed.
"""

from __future__ import annotations

import http.client
import os
import socket
import statistics
import subprocess
import sys
import time
from pathlib import Path

from tests.benchmarks.measuring import ROOT, Answer

FLOOR = "import flask, sqlalchemy"
FIRST_ANSWER = "serve, to the first answer"
COMMANDS = ("--help", "rules --help", "rules list", "cases imports", "audit verify")
SIGN_IN = "/dang-nhap"
MOST_SECONDS = 120.0  # for the site to answer
ASKED_AGAIN = 0.02  # seconds


def measure(url: str, folder: Path, times: int) -> Answer:
    """Of the floor, of each command and of the site's first answer: processor and clock seconds, and peak memory."""
    environment = _environment(url, folder)
    names = {FLOOR: [sys.executable, "-c", FLOOR]} | {f"flask {each}": _flask(*each.split()) for each in COMMANDS}
    rounds: dict[str, list[tuple[float, float, float]]] = {name: [] for name in (*names, FIRST_ANSWER)}
    for number in range(times + 1):  # the first is not measured: it compiles
        for name, command in names.items():
            run = _run(command, environment)
            rounds[name] += [run] if number else []
        run = _first_answer(environment)
        rounds[FIRST_ANSWER] += [run] if number else []
    return {name: _medians(runs) for name, runs in rounds.items()}


def _medians(runs: list[tuple[float, float, float]]) -> Answer:
    work, clock, memory = (statistics.median(values) for values in zip(*runs, strict=True))
    return {"cpu_seconds": work, "seconds": clock, "peak_mb": memory}


def _environment(url: str, folder: Path) -> dict[str, str]:
    mine = ("DUNG_HAN_", "FLASK_", "PYTHONDONTWRITEBYTECODE")
    usual = {name: value for name, value in os.environ.items() if not name.startswith(mine)}
    return usual | {"DUNG_HAN_INSTANCE": str(folder / "instance"), "DATABASE_URL": url}


def _flask(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "flask", "--app", "wsgi", *arguments]


def _run(command: list[str], environment: dict[str, str]) -> tuple[float, float, float]:
    begun = time.perf_counter()
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    work, memory, status = _ended(process)
    assert status == 0, command
    return work, time.perf_counter() - begun, memory


def _ended(process: subprocess.Popen[bytes]) -> tuple[float, float, int]:
    """Processor seconds and peak MB of a process, its children's included, once it is over; and how it ended."""
    _pid, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, process.returncode


def _first_answer(environment: dict[str, str]) -> tuple[float, float, float]:
    """From the start of the process until the sign-in page is there. (Its work to the end includes its stopping.)"""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    begun = time.perf_counter()
    process = subprocess.Popen(
        _flask("serve", "--port", str(port)),
        cwd=ROOT,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        while not _answers(port):
            assert process.poll() is None and time.perf_counter() - begun < MOST_SECONDS, "the site does not start"
            time.sleep(ASKED_AGAIN)
        seconds = time.perf_counter() - begun
    finally:
        process.terminate()
    work, memory, _status = _ended(process)
    return work, seconds, memory


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=MOST_SECONDS)
    try:
        connection.request("GET", SIGN_IN)
        return connection.getresponse().status == 200
    except ConnectionError:
        return False
    finally:
        connection.close()
