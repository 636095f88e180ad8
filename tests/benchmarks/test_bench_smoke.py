"""The benchmark keeps working: every part of it runs, at a size at which nothing can be learnt from it."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import traceback
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event

from tests.benchmarks import __main__ as benchmarks
from tests.benchmarks import databases
from tests.benchmarks.__main__ import main


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Where databases are kept between parts, as between two runs by hand."""
    return str(tmp_path_factory.mktemp("bench"))


@pytest.fixture
def forked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Children of the benchmark are forks of this process: to load the house anew takes longer than their part at this
    size. Those of commands and durability are as they are by hand: both ways are walked."""
    monkeypatch.setattr(benchmarks, "in_child", in_fork)
    monkeypatch.setattr(databases, "in_child", in_fork)


def in_fork(function: str, *arguments: Any) -> Any:
    """What `measuring.in_child` answers."""
    opened: list[Any] = []
    reading, writing = os.pipe()
    if (child := os.fork()) == 0:
        try:
            os.close(reading)
            event.listen(Engine, "connect", lambda connection, _record: opened.append(connection))
            module, _, name = function.partition(":")
            answer = getattr(import_module(f"tests.benchmarks.{module}"), name)(*json.loads(json.dumps(arguments)))
            with os.fdopen(writing, "w") as file:
                json.dump(answer, file)
            for connection in opened:  # as a process does at its end: the write-ahead log goes into the database
                connection.close()
            os._exit(0)
        except BaseException:
            os.write(2, traceback.format_exc().encode())
        finally:
            os._exit(1)
    os.close(writing)
    with os.fdopen(reading) as file:
        answered = file.read()
    _pid, status = os.waitpid(child, 0)
    assert status == 0, function
    return json.loads(answered)


@pytest.mark.slow
@pytest.mark.usefixtures("forked")
def test_every_part_of_the_benchmark_measures_something_and_its_peers_agree(
    bench: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("BENCH_FOLDER", "")  # set by the run, and put back after it
    file = tmp_path / "bench.json"
    size = [
        "--sizes",
        "300",
        "--exported",
        "300",
        "--repetitions",
        "1",
        "--rows",
        "60",
        "--requests",
        "4",
        "--users",
        "2",
        "--clerks",
        "2",
    ]

    assert (
        main(
            [
                *size,
                "--folder",
                bench,
                "--only",
                "check,import,pages,weight,export,desk",
                "--json",
                str(file),
            ]
        )
        == 0
    )

    measured = json.loads(file.read_text())
    check = measured["check"][0]
    assert check["cases"] == 300
    assert check["counting"]["figures"]["ended"] > 0
    assert 0 < check["counting"]["rules"] < check["whole"]["rules"]
    assert all(check[peer]["seconds"] > 0 and check[peer]["peak_mb"] > 1 for peer in ("counting", "floor", "pandas"))
    for each in measured["import"].values():
        assert each["import"]["counts"]["rows"] == 60
        assert 0 < each["import"]["held"]["import"] < each["import"]["seconds"]
        assert each["import"]["preview"]["seconds"] > 0
        assert each["executemany"]["rows"]["case_events"] >= each["executemany"]["rows"]["cases"] > 0
    assert all(site["requests"] == 4 for page in measured["pages"]["pages"].values() for site in page)
    weighed = measured["weight"][0]["pages"]
    layout = weighed["empty page with the layout"]["bytes"]  # an inspector's, whose menu is the longest
    assert all(page["bytes"] > layout * 2 / 3 for page in weighed.values())
    assert all(page["work_ms"] > 0 < page["statements"] for page in weighed.values())
    exported = measured["export"][0]["pages"]
    assert exported["the list as CSV"]["bytes"] > 300 * len("H32.12-240628-0004"), "all cases of the list"
    assert exported["the list as XLSX"]["work_ms"] > 0
    desk = measured["desk"][0]
    assert desk["cases"] == desk["found"]["form to stored case"]["requests"] == 4
    assert desk["found"]["search as one types"]["requests"] > 10
    assert all(each["p95_ms"] > 0 for each in desk["found"].values())
    printed = capsys.readouterr().out
    assert "2 clerks at once" in printed
    assert "times the floor" in printed
    assert "speed of bare executemany" in printed
    assert "2 people at once" in printed


@pytest.mark.slow
@pytest.mark.usefixtures("forked")
def test_the_month_is_judged_by_all_its_rules_and_the_floor_writes_the_same_rows(
    bench: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("BENCH_FOLDER", "")
    file = tmp_path / "bench.json"
    size = ["--sizes", "300", "--growth", "300", "--rules", "100", "--units", "64", "--exceptions", "20"]
    options = ["--only", "month", "--duties", "20", "--repetitions", "1", "--folder", bench]

    assert main([*size, *options, "--json", str(file)]) == 0

    month = json.loads(file.read_text())["month"]
    whole, floor = month["whole"]["whole"], month["whole"]["floor"]
    assert whole["rules"] == 100
    assert whole["results"] == whole["judged"] * 64
    assert floor["rows"]["check_results"] == whole["results"]
    assert floor["rows"]["violations"] == floor["rows"]["run_violations"] == whole["violations"] > 0
    assert floor["rows"]["violation_subjects"] == whole["subjects"] > 0
    assert whole["asserted"] > 0
    assert all(each["bytes"] > 50_000 and each["peak_mb"] > 1 for each in month["report"].values())
    assert [each["month"]["units"] for each in month["growth"]["units"]] == [16, 32, 64]
    fewer, more = (each["whole"] for each in month["growth"]["rules"])
    assert fewer["results"] < more["results"]
    assert [each["month"]["exceptions"] for each in month["growth"]["exceptions"]] == [5, 20]
    printed = capsys.readouterr().out
    assert "times the floor" in printed
    assert "Growth with exceptions" in printed


@pytest.mark.slow
def test_commands_and_durability_are_measured_beside_their_floors(tmp_path: Path) -> None:
    """In a process of its own: a child begins with the peak of whoever starts it, and a test run is large."""
    file = tmp_path / "bench.json"
    options = ["--repetitions", "1", "--folder", str(tmp_path / "bench"), "--json", str(file)]
    line = [sys.executable, "-m", "tests.benchmarks", "startup,durability", *options]

    done = subprocess.run(line, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr

    measured = json.loads(file.read_text())
    floor, *commands, first_answer = measured["startup"].values()
    assert len(commands) == 5
    assert all(each["cpu_seconds"] > 0 and each["peak_mb"] > 10 for each in (floor, *commands, first_answer))
    assert measured["startup"]["flask --help"]["peak_mb"] < measured["startup"]["flask rules list"]["peak_mb"]
    for settings in measured["durability"].values():
        assert all(each["commits"] == 50 and each["seconds"] > 0 for each in settings.values())
        assert set(settings) == {"NORMAL", "FULL"}
    assert "times the floor, by work" in done.stdout
    assert "FULL : NORMAL" in done.stdout


@pytest.mark.slow
def test_a_hostile_minute_is_asked_for_by_name_alone_and_its_files_are_what_they_say(tmp_path: Path) -> None:
    """Not run here: whether its parts are there, small, and what they are meant to be."""
    from PIL import Image
    from pypdf import PdfReader

    from tests.benchmarks import hostile_files
    from tests.benchmarks.__main__ import BY_HAND, _asked

    assert "hostile" in BY_HAND
    assert "hostile" not in _asked([]).only
    assert _asked(["hostile"]).part == ("hostile",)
    with Image.open(io.BytesIO(hostile_files.large_png(1))) as picture:
        assert (picture.size, picture.mode) == ((6_500, 6_000), "I;16")
    with Image.open(io.BytesIO(hostile_files.long_tiff(1))) as picture:
        assert getattr(picture, "n_frames", 1) == 40
    assert len(PdfReader(io.BytesIO(hostile_files.pdf_of_pages(12, 1))).pages) == 12
    assert len(hostile_files.large_png(1)) < 1_000_000
    failing = hostile_files.pack_with_failing_tests(3, "ba")
    assert pack_problems(failing) == []
    assert pack_problems(hostile_files.pack_of_chained_parameters(4)) == []


def pack_problems(files: dict[str, bytes]) -> list[str]:
    """What the site says against a pack."""
    from app.rulepacks.loader import pack_from_texts
    from app.rulepacks.words import PackError

    try:
        pack_from_texts({name: content.decode() for name, content in files.items()})
    except PackError as error:
        return [str(problem) for problem in error.problems]
    return []


def test_a_database_is_made_again_only_when_what_decides_its_rows_has_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[str] = []
    monkeypatch.setattr(databases, "_load", lambda url, _demonstration: (made.append(url), _touch(url)))
    prepared, wanted = databases.SqliteDatabases(tmp_path), databases.Demonstration(300)
    first = prepared.holding(wanted)
    assert prepared.holding(wanted) == first
    assert len(made) == 1
    monkeypatch.setattr(databases, "SEED", 7)
    prepared.holding(wanted)
    assert len(made) == 2


def _touch(url: str) -> None:
    Path(url.removeprefix("sqlite:///")).touch()
