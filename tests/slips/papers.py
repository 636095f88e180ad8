"""A case as its slips are filled from, for tests: say only what the test is about."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, time
from decimal import Decimal
from typing import Any

from app.cases.vocabulary import ReturnMethod
from app.core.calendar import TimeUnit
from app.slips.values import CaseOnPaper, Handed, House, Letter, MissingDocument, NamedPerson, Said, Stay

HOUSE = House("Sở Lao động – Thương binh và Xã hội", "Bộ phận Một cửa", "Khánh Hòa", time(17))
ADDRESS = "https://dunghan.example.vn/ho-so/7"


def on(words: str) -> datetime:
    """A moment on the site's clock."""
    return datetime.fromisoformat(words)


def person(**fields: Any) -> NamedPerson:
    """Who hands a file in."""
    values = {
        "name": "Nguyễn Thị Hường",
        "id_number": "056190001234",
        "phone": "0905123456",
        "email": "huong.nguyen@example.vn",
        "address": "15 Trần Phú, phường Lộc Thọ, thành phố Nha Trang, tỉnh Khánh Hòa",
    }
    return NamedPerson(**(values | fields))


def stay(name: str, unit: str, started: str, due: str, ended: str = "", officer: str = "", **fields: Any) -> Stay:
    """A stay in a stage."""
    desk = fields.pop("at_desk", unit == HOUSE.desk)
    return Stay(name, unit, desk, officer, Decimal(2), on(started), on(due), on(ended) if ended else None)


def case(**fields: Any) -> CaseOnPaper:
    """A case with three documents that has been through two units."""
    whole = CaseOnPaper(
        id=7,
        code="H32.12-240603-0007",
        person=person(),
        procedure_code="1.000105",
        procedure="Cấp giấy phép lao động cho người lao động nước ngoài làm việc tại Việt Nam",
        content="",
        unit="Phòng Lao động – Việc làm",
        unit_ids=(1, 1),
        time_amount=Decimal(5),
        time_unit=TimeUnit.WORKING_DAYS,
        received_at=on("2024-06-03 08:30"),
        received_by="Trần Thị Mỹ Lệ",
        register_year=2024,
        register_number=12,
        earlier_number="",
        promised_at=on("2024-06-10 23:59:59"),
        due_at=on("2024-06-10 23:59:59"),
        result_at=None,
        sets=1,
        return_method=ReturnMethod.IN_PERSON,
        fee_due=600_000,
        paid=0,
        exemption="",
        documents=(
            Handed("Văn bản đề nghị cấp giấy phép lao động", originals=1, note="Mẫu số 11/PLI"),
            Handed("Giấy chứng nhận sức khỏe hoặc giấy khám sức khỏe", originals=1),
            Handed("Phiếu lý lịch tư pháp", certified=1, copies=2),
            Handed("Bản sao hộ chiếu còn giá trị", required=True),
        ),
        missing=(MissingDocument("Bản sao hộ chiếu còn giá trị", certified=1),),
        stays=(
            stay("Thẩm định hồ sơ", "Phòng Lao động – Việc làm", "2024-06-03 15:00", "2024-06-05 23:59:59",
                 "2024-06-06 09:10", "Lê Văn Cường"),
            stay("Phê duyệt kết quả", "Lãnh đạo Sở", "2024-06-06 09:10", "2024-06-07 23:59:59", officer="Đỗ Hữu Nghĩa"),
        ),
        consulted=("Công an tỉnh",),
        supplements=(Said(on("2024-06-04 10:00"), "Thiếu bản sao hộ chiếu có chứng thực.", "Lê Văn Cường", "0258123"),),
        refusal=None,
        stop=None,
        letters=(),
    )  # fmt: skip
    return replace(whole, **fields)


def letter(**fields: Any) -> Letter:
    """An apology that promises a new date."""
    values: dict[str, Any] = {
        "number": "15/PXL",
        "at": on("2024-06-11 08:00"),
        "reason": "Hồ sơ phải xác minh thêm tại Công an tỉnh.",
        "signer": "Võ Minh Hoàng",
        "wrong": False,
        "old_due_at": on("2024-06-10 23:59:59"),
        "new_due_at": on("2024-06-14 23:59:59"),
    }
    return Letter(**(values | fields))
