"""Procedures with their stages and charges from one workbook: all of it, or nothing."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import openpyxl
import pytest
from flask import Flask
from sqlalchemy import func, select

from app.core.calendar import TimeUnit
from app.organisation.access import Actor
from app.organisation.models import Role, Unit
from app.organisation.sheets import FaultyFile
from app.procedures.catalogue_workbook import preview_catalogue, take_catalogue
from app.procedures.models import Level, Procedure, ProcedureVersion
from app.web.extensions import db
from tests.conftest import signed_in
from tests.factories import EVERYWHERE, make_department, make_person

BOSS = Actor("Trần Quản Trị")
WORK_PERMIT = (
    "2.000205.000.00.00.H32",
    "Cấp giấy phép lao động",
    "Việc làm",
    "LDVL",
    "Trực tuyến toàn trình",
    5,
    "Ngày làm việc",
)
HEADINGS: dict[str, Sequence[str]] = {
    "Thủ tục": (
        *("Mã thủ tục", "Tên thủ tục", "Lĩnh vực", "Mã đơn vị", "Mức độ dịch vụ công", "Thời hạn", "Đơn vị thời gian"),
        *("Hiệu lực từ ngày", "Đủ điều kiện thanh toán trực tuyến", "Căn cứ xác định"),
    ),
    "Các bước": ("Mã thủ tục", "Tên bước", "Mã đơn vị", "Thời gian"),
    "Phí, lệ phí": ("Mã thủ tục", "Phí hay lệ phí", "Tên khoản thu", "Số tiền (đồng)", "Căn cứ"),
}
STAGES = [
    ("2.000205", "Tiếp nhận", "MC", "0,5"),
    ("2.000205", "Thẩm định", "LDVL", 4),
    ("2.000205", "Trả kết quả", "MC", 0.5),
]
CHARGES = [("2.000205", "Lệ phí", "Cấp mới", "600.000", "NQ 01"), ("2.000205", "fee", "In giấy", 50000, "")]


@pytest.fixture
def department(session: Any) -> dict[str, Unit]:
    """A small Department."""
    return make_department()


def workbook(**rows: Sequence[Sequence[object]]) -> bytes:
    book, file = openpyxl.Workbook(), io.BytesIO()
    book.remove(book.active)
    for key, name in (("procedures", "Thủ tục"), ("stages", "Các bước"), ("charges", "Phí, lệ phí")):
        page = book.create_sheet(name)
        for row in (HEADINGS[name], *rows.get(key, ())):
            page.append(list(row))
    book.save(file)
    return file.getvalue()


def procedures() -> int:
    return db.session.scalar(select(func.count()).select_from(Procedure)) or 0


def test_a_procedure_comes_with_its_stages_and_fees(department: dict[str, Unit]) -> None:
    same_day = ("1.000001", "Sao y", "Văn phòng", "VP", "Trực tiếp", "", "Trong ngày", "2024-01-01")
    content = workbook(
        procedures=[(*WORK_PERMIT, "01/03/2024", "Có", "QĐ 12"), same_day], stages=STAGES, charges=CHARGES
    )
    seen = preview_catalogue(BOSS, EVERYWHERE, content)
    assert [(p.code, p.unit, p.stages, p.fee, p.disagrees) for p in seen.procedures] == [
        ("2.000205", "LDVL", 3, 650_000, False),
        ("1.000001", "VP", 0, 0, False),
    ]
    assert procedures() == 0
    take_catalogue(BOSS, EVERYWHERE, content, file_name="thu-tuc.xlsx")
    found = {v.procedure.code: v for v in db.session.scalars(select(ProcedureVersion))}
    permit, copy = found["2.000205"], found["1.000001"]
    assert (permit.level, permit.time_amount, permit.fee) == (Level.FULL, Decimal(5), 650_000)
    assert f"{permit.in_force_from}" == "2024-03-01"
    assert [(s.name, s.unit.code, s.allowance) for s in permit.stages] == [
        ("Tiếp nhận", "MC", Decimal("0.5")),
        ("Thẩm định", "LDVL", Decimal(4)),
        ("Trả kết quả", "MC", Decimal("0.5")),
    ]
    assert (copy.time_unit, copy.fee) == (TimeUnit.SAME_DAY, 0)
    assert permit.procedure.origin == "import thu-tuc.xlsx"

    again = take_catalogue(BOSS, EVERYWHERE, content)
    assert (again.procedures, again.known) == ((), 2)
    dearer = workbook(procedures=[(*WORK_PERMIT, "01/03/2024", "Có", "QĐ 12")], charges=[CHARGES[0]])
    with pytest.raises(FaultyFile) as refused:
        take_catalogue(BOSS, EVERYWHERE, dearer)
    assert "phiên bản mới" in str(refused.value.faults[0].error)


def test_each_wrong_row_is_told_where_it_stands_and_nothing_is_taken(department: dict[str, Unit]) -> None:
    content = workbook(
        procedures=[
            (*WORK_PERMIT, "01/03/2024"),
            (
                "1.000002",
                "Không có đơn vị",
                "Việc làm",
                "KHAC",
                "Trực tuyến toàn trình",
                5,
                "Ngày làm việc",
                "2024-01-01",
            ),
            ("1.000003", "Thiếu ngày", "Việc làm", "LDVL", "Trực tuyến toàn trình", 5, "Ngày làm việc", ""),
            ("2.000205", "Hai lần", "Việc làm", "LDVL", "Trực tuyến toàn trình", 5, "Ngày làm việc", "2024-01-01"),
        ],
        stages=[*STAGES, ("2.000205", "Ký", "LDVL", "một ngày"), ("9.999999", "Lạc", "LDVL", 1)],
        charges=[("2.000205", "thuế", "Cấp mới", 1000, "")],
    )
    seen = preview_catalogue(BOSS, EVERYWHERE, content)
    assert [(f.sheet, f.row, f.column) for f in seen.faults] == [
        ("Thủ tục", 3, "Mã đơn vị"),
        ("Thủ tục", 4, "Hiệu lực từ ngày"),
        ("Thủ tục", 5, "Mã thủ tục"),
        ("Các bước", 5, "Thời gian"),
        ("Các bước", 6, "Mã thủ tục"),
        ("Phí, lệ phí", 2, "Phí hay lệ phí"),
    ]
    with pytest.raises(FaultyFile):
        take_catalogue(BOSS, EVERYWHERE, content)
    assert procedures() == 0


def test_what_the_service_refuses_of_a_stage_is_told_at_its_row(department: dict[str, Unit]) -> None:
    content = workbook(procedures=[(*WORK_PERMIT, "01/03/2024")], stages=[STAGES[0], ("2.000205", "X" * 201, "MC", 1)])
    seen = preview_catalogue(BOSS, EVERYWHERE, content)
    assert [(f.sheet, f.row, f.column) for f in seen.faults] == [("Các bước", 3, "Tên bước")]


def test_the_page_previews_then_takes_and_the_command_takes_the_same(
    app: Flask, department: dict[str, Unit], tmp_path: Any
) -> None:
    client = signed_in(app.test_client(), make_person(department["SO"], Role.ADMIN))
    assert openpyxl.load_workbook(io.BytesIO(client.get("/thu-tuc/mau.xlsx").data)).sheetnames[:3] == list(HEADINGS)
    content = workbook(procedures=[(*WORK_PERMIT, "01/03/2024")], stages=STAGES, charges=CHARGES)
    seen = client.post("/thu-tuc/nhap-tep", data={"file": (io.BytesIO(content), "a.xlsx")})
    assert (seen.status_code, procedures()) == (200, 0)
    sent = {name: re.search(rf'name="{name}" value="([^"]*)"', seen.text)[1] for name in ("content", "file_name")}
    assert client.post("/thu-tuc/nhap-tep", data=sent).status_code == 302
    assert procedures() == 1
    file = tmp_path / "a.xlsx"
    file.write_bytes(content)
    told = app.test_cli_runner().invoke(args=["procedures", "import", str(file)])
    assert told.exit_code == 0, told.stderr
    assert "không đổi 1" in told.stdout
