"""The benchmark keeps working: every part of it runs, at a size at which nothing can be learnt from it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.benchmarks.__main__ import main


@pytest.mark.slow
def test_every_part_of_the_benchmark_measures_something_and_its_peers_agree(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("BENCH_FOLDER", "")  # set by the run, and put back after it
    file = tmp_path / "bench.json"
    size = ["--sizes", "300", "--repetitions", "1", "--rows", "60", "--requests", "4", "--users", "2", "--clerks", "2"]

    assert (
        main([*size, "--folder", str(tmp_path / "bench"), "--only", "check,import,pages,desk", "--json", str(file)])
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
def test_the_month_is_judged_by_all_its_rules_and_the_floor_writes_the_same_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("BENCH_FOLDER", "")
    file = tmp_path / "bench.json"
    size = ["--sizes", "300", "--growth", "300", "--rules", "90", "--units", "80", "--exceptions", "40"]
    options = ["--only", "month", "--duties", "30", "--repetitions", "1", "--folder", str(tmp_path / "bench")]

    assert main([*size, *options, "--json", str(file)]) == 0

    month = json.loads(file.read_text())["month"]
    whole, floor = month["whole"]["whole"], month["whole"]["floor"]
    assert whole["rules"] == 90
    assert whole["results"] == whole["judged"] * 80
    assert floor["rows"]["check_results"] == whole["results"]
    assert floor["rows"]["violations"] == floor["rows"]["run_violations"] == whole["violations"] > 0
    assert whole["asserted"] > 0
    assert [each["month"]["units"] for each in month["growth"]["units"]] == [20, 40, 80]
    fewer, more = (each["whole"] for each in month["growth"]["rules"])
    assert fewer["results"] < more["results"]
    assert [each["month"]["exceptions"] for each in month["growth"]["exceptions"]] == [10, 40]
    printed = capsys.readouterr().out
    assert "times the floor" in printed
    assert "Growth with exceptions" in printed


def test_a_database_is_made_again_only_when_what_decides_its_rows_has_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.benchmarks import databases

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
