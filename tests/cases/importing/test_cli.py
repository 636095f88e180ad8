"""`flask cases import`: JSON alone on standard output, one line for bad input, exit codes."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.cases import cli
from app.cases.models import Case
from app.procedures.models import ProcedureVersion
from app.web.extensions import db
from tests.cases.importing.exports import HEADINGS, closed, csv_file, row, text_of


def cases() -> int:
    return db.session.scalar(select(func.count()).select_from(Case)) or 0


def test_json_has_exactly_its_keys(app: Flask, permit: ProcedureVersion, tmp_path: Path) -> None:
    path = csv_file(tmp_path, row(), row(code="X", received="29/02/2023"))
    result = app.test_cli_runner().invoke(args=["cases", "import", str(path), "--mapping", "igate", "--format", "json"])
    assert result.exit_code == 0
    assert json.loads(result.stdout) == {
        "rows": 2,
        "cases_new": 1,
        "cases_changed": 0,
        "cases_unchanged": 0,
        "events_new": 2,
        "refused": [{"row": 3, "column": "Ngày tiếp nhận", "reason": "Không có ngày hoặc giờ “29/02/2023”."}],
    }
    assert cases() == 1


def test_refused_rows_are_written_to_a_file_that_can_be_put_right(
    app: Flask, permit: ProcedureVersion, tmp_path: Path
) -> None:
    path = csv_file(tmp_path, row(received="29/02/2023", applicant="=HYPERLINK(1)"))
    out = tmp_path / "loi.csv"
    app.test_cli_runner().invoke(args=["cases", "import", str(path), "--mapping", "igate", "--errors", str(out)])
    assert out.read_bytes().startswith(b"\xef\xbb\xbf")
    with out.open(encoding="utf-8-sig", newline="") as file:
        [line] = csv.DictReader(file)
    assert (line["Dòng"], line["Cột"], line["Số hồ sơ"]) == ("2", "Ngày tiếp nhận", row()[0])
    assert "29/02/2023" in line["Lý do"]
    assert line["Chủ hồ sơ"] == "'=HYPERLINK(1)"  # no spreadsheet runs it


def test_errors_that_cannot_be_written_stop_the_import_before_it_begins(
    app: Flask, permit: ProcedureVersion, tmp_path: Path
) -> None:
    asked = ["cases", "import", str(csv_file(tmp_path, row())), "--mapping", "igate", "--errors", str(tmp_path / "x/y")]
    result = app.test_cli_runner().invoke(args=asked)
    assert (result.exit_code, cases()) == (2, 0)


def test_a_dry_run_writes_nothing(app: Flask, permit: ProcedureVersion, tmp_path: Path) -> None:
    path = csv_file(tmp_path, row())
    result = app.test_cli_runner().invoke(args=["cases", "import", str(path), "--mapping", "igate", "--dry-run"])
    assert (result.exit_code, cases()) == (0, 0)
    assert "hồ sơ mới 1" in result.stdout


def test_what_stands_in_the_way_of_many_rows_is_said_once(
    app: Flask, permit: ProcedureVersion, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cli, "SHOWN", 2)
    rows = [row(code=f"H{n}", unit="Phòng Lạ") for n in range(7)]
    rows += [row(code="A", received="32/01/2024"), row(code="B", unit="Phòng Lạ"), row(code="C", unit="Phòng Khác")]
    path = csv_file(tmp_path, *rows)
    result = app.test_cli_runner().invoke(args=["cases", "import", str(path), "--mapping", "igate", "--dry-run"])
    told = [line.partition(": ")[0] for line in result.stderr.splitlines()]
    assert told[:2] == [f"{path.name}:9 Ngày tiếp nhận", f"{path.name}:2, 3, 4, 5, 6, … (8 dòng) Phòng ban"]
    assert result.stderr.splitlines()[2].startswith("… và 1 dòng nữa")


def test_what_another_option_would_take_is_said_with_it(app: Flask, permit: ProcedureVersion, tmp_path: Path) -> None:
    ended = csv_file(tmp_path, closed(code="A"), row(code="B", applicant="NguyÔn V¨n Thö"))
    first = app.test_cli_runner().invoke(args=["cases", "import", str(ended), "--mapping", "igate"])
    assert "1 dòng có tên viết bằng bảng mã cũ đọc lại được: nhập lại với --mend-letters." in first.stderr
    assert "--reopened" not in first.stderr
    again = csv_file(tmp_path, row(code="A"), name="sau.csv")
    second = app.test_cli_runner().invoke(args=["cases", "import", str(again), "--mapping", "igate"])
    assert "1 dòng là của hồ sơ có thể đã được mở lại: nếu đúng vậy, nhập lại với --reopened." in second.stderr


def test_a_file_named_wrongly_gives_one_line_and_exit_2(app: Flask, permit: ProcedureVersion, tmp_path: Path) -> None:
    path = tmp_path / "danh-sach.xlsx"
    path.write_bytes(b"%PDF-1.4")
    result = app.test_cli_runner().invoke(args=["cases", "import", str(path), "--mapping", "igate"])
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == "Tệp “danh-sach.xlsx” là PDF, không phải bảng tính CSV, XLSX hay XLS.\n"


@pytest.mark.parametrize("mapping", ["khong-co", "khong-co.yaml"])
def test_an_unknown_mapping_gives_one_line_and_exit_2(
    app: Flask, permit: ProcedureVersion, tmp_path: Path, mapping: str
) -> None:
    result = app.test_cli_runner().invoke(
        args=["cases", "import", str(csv_file(tmp_path, row())), "--mapping", mapping]
    )
    assert result.exit_code == 2
    assert len(result.stderr.splitlines()) == 1
    assert mapping in result.stderr


def test_a_sites_own_mapping_is_used(app: Flask, permit: ProcedureVersion, tmp_path: Path) -> None:
    own = tmp_path / "rieng.yaml"
    own.write_text(
        "title: {vi: Riêng}\nrow: case\ncolumns: {code: [Mã], received_at: [Nhận], procedure: [Việc], unit: [Nơi]}\n",
        encoding="utf-8",
    )
    path = tmp_path / "rieng.csv"
    path.write_text("Mã;Nhận;Việc;Nơi\nA1;3/6/2024;Cấp giấy phép lao động;LDVL\n", encoding="utf-8")
    result = app.test_cli_runner().invoke(args=["cases", "import", str(path), "--mapping", str(own)])
    assert (result.exit_code, cases()) == (0, 1)


def test_imports_are_listed(app: Flask, permit: ProcedureVersion, tmp_path: Path) -> None:
    runner = app.test_cli_runner()
    runner.invoke(args=["cases", "import", str(csv_file(tmp_path, row())), "--mapping", "igate"])
    [listed] = json.loads(runner.invoke(args=["cases", "imports", "--format", "json"]).stdout)
    assert (listed["file_name"], listed["cases_new"], listed["state"]) == ("igate.csv", 1, "done")


def told(app: Flask, *arguments: str) -> Any:
    """What `flask import …` prints, as JSON."""
    result = app.test_cli_runner().invoke(args=["import", *arguments])
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


def test_a_file_is_previewed_carried_out_shown_and_undone(app: Flask, permit: ProcedureVersion, tmp_path: Path) -> None:
    path = csv_file(tmp_path, row(code="A"), row(code="B", procedure="Thủ tục lạ"), row(code="C", received="x"))
    preview = told(app, "preview", str(path), "--mapping", "igate")
    assert (preview["state"], preview["cases_new"], len(preview["refused"]), cases()) == ("previewed", 1, 2, 0)
    assert [(name["kind"], name["name"], name["rows"]) for name in preview["unknown_names"]] == [
        ("procedure", "Thủ tục lạ", 1)
    ]
    assert [case["code"] for case in preview["new"]] == ["A"]
    done = told(app, "run", str(preview["id"]))
    assert (done["id"], done["cases_new"], cases()) == (preview["id"], 1, 1)
    shown = told(app, "show", str(done["id"]))
    assert [(case["code"], case["is_new"], case["status"]) for case in shown["cases"]] == [("A", True, "in_progress")]
    assert told(app, "undo", str(done["id"])) == {
        "cases_removed": 1,
        "cases_restored": 0,
        "events_removed": 2,
        "made_removed": 0,
    }
    assert cases() == 0


def test_names_are_told_listed_and_forgotten(app: Flask, permit: ProcedureVersion, tmp_path: Path) -> None:
    runner = app.test_cli_runner()
    said = ["import", "names", "tell", "igate", "procedure", "Cấp GPLĐ", permit.procedure.code]
    assert runner.invoke(args=said).exit_code == 0
    [name] = told(app, "names")
    assert (name["name"], name["code"]) == ("Cấp GPLĐ", permit.procedure.code)
    done = told(app, "run", str(csv_file(tmp_path, row(procedure="CẤP GPLĐ"))), "--mapping", "igate", "--ask")
    assert done["cases_new"] == 1
    assert runner.invoke(args=["import", "names", "forget", str(name["id"])]).exit_code == 0
    assert told(app, "names") == []


@pytest.mark.parametrize(
    "arguments",
    [
        ("undo", "99"),
        ("show", "99"),
        ("run", "99"),
        ("run", "khong-co.csv"),
        ("run", "khong-co.csv", "--mapping", "igate"),
        ("preview", "khong-co.csv", "--mapping", "igate"),
        ("names", "forget", "99"),
        ("names", "tell", "igate", "unit", "Phòng lạ"),
        ("names", "tell", "igate", "unit", "Phòng lạ", "KHONG-CO"),
        ("names", "tell", "igate", "unit", "...", "LDVL"),
    ],
)
def test_what_cannot_be_done_gives_one_line_and_exit_2(
    app: Flask, permit: ProcedureVersion, arguments: tuple[str, ...]
) -> None:
    result = app.test_cli_runner().invoke(args=["import", *arguments])
    assert (result.exit_code, result.stdout) == (2, "")
    assert len(result.stderr.splitlines()) == 1


def test_a_number_that_no_column_holds_is_refused_in_a_sentence(session: Any, app: Flask) -> None:
    for asked in (["import", "show", "9" * 20], ["import", "undo", "9" * 20], ["check", "verify", "9" * 20]):
        result = app.test_cli_runner().invoke(args=asked)
        assert (result.exit_code, "Có số quá lớn" in result.stderr) == (2, True), asked
        db.session.rollback()  # each is a process of its own


def test_columns_that_nothing_is_made_of_are_named(app: Flask, permit: ProcedureVersion, tmp_path: Path) -> None:
    """A promise that stands in a column of another name would be lost in silence, and its case never late."""
    path = tmp_path / "khac.csv"
    headings = ["Ngày trả dự kiến" if each == "Ngày hẹn trả" else each for each in HEADINGS]
    path.write_text(text_of([row()], headings), "utf-8")
    asked = ["cases", "import", str(path), "--mapping", "igate", "--dry-run"]
    assert "Cột không đọc: “Ngày trả dự kiến”." in app.test_cli_runner().invoke(args=asked).stdout
    told = app.test_cli_runner().invoke(args=[*asked, "--format", "json"])
    assert (told.stderr.strip(), json.loads(told.stdout)["cases_new"]) == ("Cột không đọc: “Ngày trả dự kiến”.", 1)


def test_short_headings_of_a_list_made_by_hand_are_known(app: Flask, permit: ProcedureVersion, tmp_path: Path) -> None:
    short = {"Phòng ban": "Phòng", "Ngày hẹn trả": "Hẹn trả", "Ngày kết thúc xử lý": "Kết thúc"}
    path = tmp_path / "tay.csv"
    path.write_text(text_of([closed()], [short.get(each, each) for each in HEADINGS]), "utf-8")
    asked = ["cases", "import", str(path), "--mapping", "igate"]
    result = app.test_cli_runner().invoke(args=asked)
    case = db.session.scalars(select(Case)).one()
    assert "Cột không đọc" not in result.output
    assert (case.promised_at is not None, case.closed_at is not None) == (True, True)
    assert case.unit_id == permit.unit_id
