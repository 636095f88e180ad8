"""`flask procedures`: the list for people and programs, and a catalogue taken in from a file."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from flask import Flask

from app.core.calendar import TimeUnit
from app.organisation.models import Unit
from app.procedures import queries
from tests.factories import EVERYWHERE, make_department, make_version

TODAY = date(2024, 7, 1)
Run = Callable[..., Result]
Import = Callable[..., Result]


@pytest.fixture
def units(session: Any) -> dict[str, Unit]:
    return make_department()


@pytest.fixture
def run(app: Flask, units: dict[str, Unit]) -> Run:
    return lambda *args: app.test_cli_runner().invoke(args=["procedures", *args])


@pytest.fixture
def take_in(run: Run, tmp_path: Path) -> Import:
    """Import this text as a file, a row without unit or time being LDVL's of 5 working days."""

    def take(text: str | bytes, *options: str) -> Result:
        path = tmp_path / "danh-muc.csv"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return run("import", str(path), "--unit", "LDVL", "--time", "5", "--format", "json", *options)

    return take


def stored() -> dict[str, queries.CatalogueRow]:
    return {row.code: row for row in queries.catalogue(EVERYWHERE, queries.ProcedureFilters(on=TODAY, every=True))}


def test_the_list_is_a_table(run: Run, units: dict[str, Unit]) -> None:
    make_version(units["LDVL"], code="1.000459", name="Xác nhận lao động", days=7)
    shown = run("list")
    assert shown.exit_code == 0
    assert "1.000459" in shown.stdout
    assert "7 ngày làm việc" in shown.stdout
    assert shown.stderr == "1 thủ tục\n"


def test_json_has_stable_keys_and_plain_values(run: Run, units: dict[str, Unit]) -> None:
    make_version(units["NCC"], code="1.000002", name="Trong ngày", time_unit=TimeUnit.SAME_DAY, days=0)
    make_version(
        units["LDVL"], code="1.000459", name="Xác nhận", fee=5, eligible=True, deployed_from=date(2024, 1, 2), days=0.5
    )
    same_day, online = json.loads(run("list", "--format", "json").stdout)
    assert online == {
        "code": "1.000459",
        "name": "Xác nhận",
        "field": "Việc làm",
        "level": "full",
        "unit": "LDVL",
        "unit_name": "Phòng Lao động – Việc làm",
        "time_amount": 0.5,
        "time_unit": "working_days",
        "fee": 5,
        "online_payment_eligible": True,
        "online_payment_from": "2024-01-02",
        "in_force_from": "2020-01-01",
        "in_force_to": None,
        "internal": False,
        "version": 1,
        "documents": [],
        "charges": [],
        "exemptions": [],
    }
    assert same_day["time_amount"] is None


def test_the_list_is_filtered_like_the_page(run: Run, units: dict[str, Unit]) -> None:
    make_version(units["LDVL"], code="1.000001", in_force_to=date(2023, 12, 31))
    make_version(units["LDVL"], code="1.000002", name="Nội quy")
    make_version(units["NCC"], code="1.000003", field="Người có công")
    for options, codes in (
        (["--unit", "phong lao dong viec lam"], ["1.000002"]),
        (["--field", "nguoi co cong"], ["1.000003"]),
        (["--search", "noi quy"], ["1.000002"]),
        (["--level", "partial"], []),
        (["--on", "31/12/2023", "--unit", "LDVL"], ["1.000001", "1.000002"]),
        (["--all"], ["1.000001", "1.000002", "1.000003"]),
    ):
        shown = json.loads(run("list", "--format", "json", *options).stdout)
        assert [row["code"] for row in shown] == codes, options


def test_csv_can_be_taken_in_again(run: Run, take_in: Import, units: dict[str, Unit]) -> None:
    make_version(units["LDVL"], code="1.000459", name="Xác nhận", fee=5, days=0.5)
    listed = run("list", "--format", "csv").stdout
    assert [row["code"] for row in csv.DictReader(io.StringIO(listed))] == ["1.000459"]
    assert json.loads(take_in(listed).stdout) == {"rows": 1, "new": 0, "unchanged": 1, "refused": []}


@pytest.mark.parametrize(
    ("options", "line"),
    [
        (["--unit", "XYZ"], "--unit: không có đơn vị “XYZ”."),
        (["--field", "Bay"], "--field: không có lĩnh vực “Bay”."),
        (["--on", "29/02/2023"], "--on: Không có ngày “29/02/2023”. Hãy ghi như 31/12/2024."),
    ],
)
def test_a_bad_option_is_one_line_and_exit_2(run: Run, options: list[str], line: str) -> None:
    refused = run("list", *options)
    assert (refused.exit_code, refused.stdout, refused.stderr) == (2, "", line + "\n")


def test_three_columns_are_enough_with_defaults_beside_them(take_in: Import) -> None:
    done = take_in(
        'code,name,field\n1.001776,"Trợ cấp, hỗ trợ",Bảo trợ xã hội\n2.000477,Dừng trợ giúp,Bảo trợ xã hội\n'
    )
    assert json.loads(done.stdout) == {"rows": 2, "new": 2, "unchanged": 0, "refused": []}
    row = stored()["1.001776"]
    assert (row.name, row.unit_code, row.time_amount, row.in_force_from) == ("Trợ cấp, hỗ trợ", "LDVL", 5, TODAY)


def test_the_same_file_again_changes_nothing(take_in: Import) -> None:
    text = "code,name,field\n1.001776,Trợ cấp,Bảo trợ xã hội\n"
    take_in(text)
    assert json.loads(take_in(text).stdout) == {"rows": 1, "new": 0, "unchanged": 1, "refused": []}


def test_every_column_is_read_by_key_or_heading_and_in_either_notation(take_in: Import, units: dict[str, Unit]) -> None:
    text = (
        "Mã thủ tục;Tên thủ tục;Lĩnh vực;Mức độ dịch vụ công;unit;Thời hạn;time_unit;fee;online_payment_eligible;"
        "online_payment_reason;online_payment_from;in_force_from;pause_mode;stages;note;Cột lạ\n"
        "1.000459;Giấy phép;Việc làm;Trực tuyến toàn trình;Phòng Người có công;7,5;Ngày làm việc;600.000 đ;Có;"
        'QĐ 12;01/03/2024;2024-01-01;restart;"Nhận | MC | 0,5; Xử lý | ncc | 7";Ghi chú;x\n'
    )
    assert json.loads(take_in("\ufeff" + text).stdout)["refused"] == []
    version = queries.version_on(EVERYWHERE, "1.000459", TODAY)
    assert (version.unit_id, version.level, version.time_amount, version.pause_mode, version.fee) == (
        units["NCC"].id, "full", 7.5, "restart", 600_000,
    )  # fmt: skip
    assert (version.online_payment_reason, version.online_payment_from) == ("QĐ 12", date(2024, 3, 1))
    assert [(s.name, s.unit.code, s.allowance) for s in version.stages] == [("Nhận", "MC", 0.5), ("Xử lý", "NCC", 7)]
    assert (version.note, version.procedure.origin) == ("Ghi chú", "import danh-muc.csv")


def test_bad_rows_are_refused_one_by_one_and_the_others_taken(take_in: Import) -> None:
    text = """code,name,field,unit,time_amount,fee,in_force_from,stages
1.000001,Tốt,Việc làm,,,,,
,Không mã,Việc làm,,,,,
1.000002,,Việc làm,,,,,
1.000003,Đơn vị lạ,Việc làm,XYZ,,,,
1.000004,Số lạ,Việc làm,,mười,,,
1.000005,Tiền lạ,Việc làm,,,600.5,,
1.000006,Ngày lạ,Việc làm,,,,29/02/2023,
1.000007,Bước lạ,Việc làm,,,,,Nhận | MC

1.000001,Khác đi,Việc làm,,,,,
"""
    done = take_in(text)
    assert done.exit_code == 0
    report = json.loads(done.stdout)
    assert (report["rows"], report["new"], report["unchanged"]) == (9, 1, 0)
    assert [(refused["row"], refused["column"]) for refused in report["refused"]] == [
        (3, "code"),
        (4, "name"),
        (5, "unit"),
        (6, "time_amount"),
        (7, "fee"),
        (8, "in_force_from"),
        (9, "stages"),
        (11, "code"),
    ]
    assert "Tên thủ tục" in report["refused"][-1]["reason"]
    assert "danh-muc.csv:5 unit: Không có đơn vị “XYZ”." in done.stderr
    assert list(stored()) == ["1.000001"]


def test_a_row_without_unit_or_time_and_no_default_is_refused(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("code,name,field,unit\n1.000001,A,B,\n1.000002,A,B,LDVL\n")
    report = json.loads(run("import", str(path), "--format", "json").stdout)
    assert [refused["column"] for refused in report["refused"]] == ["unit", "time_amount"]
    assert stored() == {}


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"", "Tệp danh-muc.csv thiếu cột code, name, field."),
        (b"code,name\n1,2\n", "Tệp danh-muc.csv thiếu cột field."),
        (b"code,name,field,fee,fee\n", "Tệp danh-muc.csv có hai cột cùng là fee."),
        ("code,name,field\n1.1,Trợ cấp,X\n".encode("utf-16"), "Tệp danh-muc.csv không phải CSV mã hóa UTF-8."),
        (b"PK\x03\x04\x00\x00", "Tệp danh-muc.csv không phải CSV mã hóa UTF-8."),
    ],
)
def test_a_file_that_is_no_catalogue_is_one_line_and_exit_2(take_in: Import, content: bytes, line: str) -> None:
    refused = take_in(content)
    assert (refused.exit_code, refused.stdout, refused.stderr) == (2, "", line + "\n")
    assert stored() == {}


def test_a_file_that_is_not_there_or_too_large_is_refused(run: Run, tmp_path: Path) -> None:
    assert run("import", str(tmp_path / "khong-co.csv")).stderr == "Không có tệp khong-co.csv.\n"
    large = tmp_path / "lon.csv"
    large.write_bytes(b"code,name,field\n" + b"x" * 5_000_000)
    refused = run("import", str(large))
    assert (refused.exit_code, refused.stderr) == (2, "Tệp lon.csv quá lớn, tối đa 5 MB.\n")
