"""`flask plans load-scores` and `flask plans scores`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from flask import Flask

from app.scorecards import queries
from tests.factories import EVERYWHERE
from tests.scorecards.score_samples import ANNEX, CODE, PLAN, line, load_real, score_department, table_of


@pytest.fixture
def run(app: Flask, session: Any) -> Any:
    score_department()

    def invoke(*arguments: str | Path) -> Result:
        return app.test_cli_runner().invoke(args=["plans", *map(str, arguments)])

    return invoke


def test_the_table_is_loaded_and_every_finding_told_with_its_place(run: Any) -> None:
    result = run("load-scores", ANNEX, "--text", PLAN)
    assert result.exit_code == 0
    assert "32 tiêu chí mới" in result.stdout and "13 chỗ không khớp" in result.stdout
    notes = result.stderr.splitlines()
    assert "dn-2024-annex.txt:45: Tiêu chí 6.1: mục tiêu 3 thấp hơn điểm đã đạt năm trước 3,33." in notes
    assert sum("dn-2024" in note for note in notes) == 13
    assert queries.tables(EVERYWHERE) == [(CODE, 2024)]


def test_a_copy_under_any_file_name_is_the_document_it_copies(run: Any, tmp_path: Path) -> None:
    load_real()
    copy = tmp_path / "004_4dcf291dccb5df1a.txt"
    copy.write_text(ANNEX.read_text("utf-8").replace("\n", "\r\n"), "utf-8")
    result = run("load-scores", copy)
    assert result.exit_code == 0
    assert f"Bảng {CODE}, năm 2024: 0 tiêu chí mới" in result.stdout


def test_json_goes_alone_to_standard_output(run: Any) -> None:
    result = run("load-scores", ANNEX, "--text", PLAN, "--dry-run", "--format", "json")
    told = json.loads(result.stdout)
    assert result.stderr == ""
    assert (told["new"], len(told["findings"]), told["unmapped"][0]["number"]) == (32, 13, "7.2")
    assert told["findings"][0]["stated"] == "15,5" and told["findings"][0]["found"] == "12,5"
    assert queries.tables(EVERYWHERE) == []


def test_a_document_that_cannot_be_read_is_refused_line_by_line(run: Any, tmp_path: Path) -> None:
    file = tmp_path / "bang.txt"
    file.write_text(table_of(line("1", maximum="2.5"), "1.1\tTiêu chí"), "utf-8")
    result = run("load-scores", file)
    assert result.exit_code == 2 and result.stdout == ""
    assert result.stderr.splitlines() == [
        "bang.txt: Dòng 4, cột 3: Điểm “2.5” viết dấu chấm; hãy viết dấu phẩy thập phân: “2,5”.",
        "bang.txt: Dòng 5 bị cắt: có 2 ô, trong khi bảng có 9 cột.",
    ]
    assert queries.tables(EVERYWHERE) == []


def test_the_table_is_shown_in_words_and_as_json(run: Any) -> None:
    load_real()
    rows = json.loads(run("scores", "--unit", "GDNN", "--format", "json").stdout)
    assert [(row["number"], row["target"], row["lead"]) for row in rows] == [
        ("7", "18", ""),
        ("7.2", "4", "GDNN"),
        ("7.3", "2", "GDNN"),
    ]
    assert "Dịch vụ công trực tuyến toàn trình" in run("scores").stdout


def test_a_site_without_a_table_is_told_how_to_load_one(run: Any) -> None:
    result = run("scores")
    assert result.exit_code == 2 and "load-scores" in result.stderr
