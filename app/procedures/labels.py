"""What the reader sees for levels of online service, units of time, clock rules and online payment."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from enum import StrEnum

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.core.calendar import PauseMode, TimeUnit
from app.core.errors import N_n
from app.organisation.registries import name_actions, name_details, name_subjects
from app.procedures.contents import (
    ChargeContents,
    DocumentContents,
    ExemptionContents,
    StageContents,
    stage_total,
    stages_disagree,
)
from app.procedures.models import ChargeKind, CopyKind, Level, ProcedureVersion
from app.procedures.queries import OnlinePayment
from app.web.formats import add_labels, counted, label, show_date, show_money, show_number, yes_no

# One call an enumeration: words of different enumerations are equal as text.
name_actions({"import_catalogue": _l("Nhận thủ tục từ bảng tính")})
name_subjects({"procedure": _l("Thủ tục")})
name_details(
    {
        "codes": _l("Mã thủ tục"),
        "in_force_from": _l("Hiệu lực từ"),
        "in_force_to": _l("Hiệu lực đến"),
        "field": _l("Lĩnh vực"),
        "level": _l("Mức độ dịch vụ công"),
        "unit_id": _l("Đơn vị chịu trách nhiệm"),
        "time_amount": _l("Thời hạn giải quyết"),
        "time_unit": _l("Tính theo"),
        "pause_mode": _l("Khi chờ bổ sung"),
        "fee": _l("Phí, lệ phí"),
        "online_payment_eligible": _l("Đủ điều kiện thanh toán trực tuyến"),
        "online_payment_reason": _l("Lý do chưa thanh toán trực tuyến"),
        "online_payment_from": _l("Thanh toán trực tuyến từ"),
        "returns_result": _l("Có trả kết quả"),
        "stages": _l("Các bước"),
        "allowance": _l("Thời hạn của bước"),
        "documents": _l("Thành phần hồ sơ"),
        "required": _l("Bắt buộc"),
        "copy_kind": _l("Loại bản"),
        "quantity": _l("Số bản"),
        "charges": _l("Các khoản thu"),
        "amount": _l("Số tiền"),
        "legal_basis": _l("Căn cứ"),
        "exemptions": _l("Trường hợp miễn, giảm"),
        "percent_off": _l("Giảm (%)"),
    },
    words={"level": Level, "time_unit": TimeUnit, "pause_mode": PauseMode, "copy_kind": CopyKind},
)
add_labels(
    {
        Level.FULL: _l("Trực tuyến toàn trình"),
        Level.PARTIAL: _l("Trực tuyến một phần"),
        Level.IN_PERSON: _l("Trực tiếp"),
    }
)
add_labels(
    {
        TimeUnit.WORKING_DAYS: _l("ngày làm việc"),
        TimeUnit.CALENDAR_DAYS: _l("ngày"),
        TimeUnit.WORKING_HOURS: _l("giờ làm việc"),
        TimeUnit.SAME_DAY: _l("trong ngày"),
    }
)
add_labels(
    {
        PauseMode.NONE: _l("Không dừng"),
        PauseMode.EXTEND: _l("Dừng, sau đó tính tiếp"),
        PauseMode.RESTART: _l("Dừng, sau đó tính lại từ đầu"),
    }
)
add_labels(
    {
        OnlinePayment.DEPLOYED: _l("Đã triển khai"),
        OnlinePayment.PENDING: _l("Đủ điều kiện, chưa triển khai"),
        OnlinePayment.NOT_ELIGIBLE: _l("Có phí, không đủ điều kiện"),
    }
)
add_labels(
    {
        CopyKind.ORIGINAL: _l("Bản chính"),
        CopyKind.CERTIFIED: _l("Bản sao chứng thực"),
        CopyKind.COPY: _l("Bản sao"),
        CopyKind.ELECTRONIC: _l("Bản điện tử"),
    }
)
add_labels(
    {
        ChargeKind.CHARGE: _l("Phí"),
        ChargeKind.FEE: _l("Lệ phí"),
    }
)


NAMES = {
    "name": _l("Tên thủ tục"),
    "field": _l("Lĩnh vực"),
    "level": _l("Mức độ dịch vụ công"),
    "unit_id": _l("Đơn vị chịu trách nhiệm"),
    "time_amount": _l("Thời hạn giải quyết"),
    "time_unit": _l("Đơn vị thời gian"),
    "pause_mode": _l("Khi chờ bổ sung hồ sơ"),
    "fee": _l("Phí, lệ phí"),
    "online_payment_eligible": _l("Đủ điều kiện thanh toán trực tuyến"),
    "online_payment_reason": _l("Căn cứ xác định"),
    "online_payment_from": _l("Triển khai thanh toán trực tuyến từ ngày"),
    "returns_result": _l("Có trả kết quả"),
    "note": _l("Ghi chú"),
    "stages": _l("Các bước xử lý"),
    "documents": _l("Thành phần hồ sơ"),
    "charges": _l("Các khoản phí, lệ phí"),
    "exemptions": _l("Đối tượng miễn, giảm"),
}


def time_allowed(amount: Decimal | int, unit: TimeUnit) -> str:
    """`10 ngày làm việc`, `0,5 ngày làm việc`, `trong ngày`; `chưa biết` for no time at all."""
    if not amount and unit is not TimeUnit.SAME_DAY:
        return str(_("chưa biết"))
    return label(unit) if unit is TimeUnit.SAME_DAY else time_used(amount, unit)


def time_used(amount: Decimal | float, unit: TimeUnit) -> str:
    """`1 ngày làm việc`, `0,5 ngày làm việc`: where the result is due on the day itself, in working days too."""
    return counted(_TIMES[unit], amount)


_TIMES = {
    TimeUnit.WORKING_DAYS: N_n("%(n)s ngày làm việc"),
    TimeUnit.CALENDAR_DAYS: N_n("%(n)s ngày"),
    TimeUnit.WORKING_HOURS: N_n("%(n)s giờ làm việc"),
    TimeUnit.SAME_DAY: N_n("%(n)s ngày làm việc"),
}


def mismatch(amount: Decimal, unit: TimeUnit, total: Decimal | None) -> str:
    """The remark that the stages together have another time than the procedure; empty when they agree."""
    if not stages_disagree(amount, unit, total):
        return ""
    total_time, time = time_allowed(total or 0, unit), time_allowed(amount, unit)
    return str(_("Tổng thời gian các bước %(total)s khác thời hạn %(time)s.", total=total_time, time=time))


def mismatch_of(version: ProcedureVersion) -> str:
    """The same for a version whose stages are loaded."""
    total = stage_total(version.stages) if version.stages else None
    return mismatch(version.time_amount, version.time_unit, total)


def show_value(value: object, name: str, units: Mapping[int, str]) -> list[str]:
    """What stands in one field of a version, a line each; `units` are the units' names by id."""
    if isinstance(value, tuple):
        return [_row(position, row, units) for position, row in enumerate(value, 1)] or ["–"]
    if name == "unit_id" and isinstance(value, int):
        return [units.get(value, "–")]
    if name == "fee" and isinstance(value, int):
        return [show_money(value)]
    return [_value_in_words(value)]


def _value_in_words(value: object) -> str:
    match value:
        case None | "":
            return "–"
        case bool():
            return yes_no(value)
        case StrEnum():
            return label(value)
        case Decimal():
            return show_number(value)
        case date():
            return show_date(value)
    return str(value)


def _row(position: int, row: object, units: Mapping[int, str]) -> str:
    match row:
        case StageContents():
            return f"{position}. {row.name} – {units.get(row.unit_id, '–')}: {show_number(row.allowance)}"
        case DocumentContents():
            needed = _("bắt buộc") if row.required else _("nếu có")
            note = f"; {row.note}" if row.note else ""
            return f"{position}. {row.name} ({document_asked(row.copy_kind, row.quantity)}, {needed}{note})"
        case ChargeContents():
            return f"{position}. {label(row.kind)}: {row.name} – {show_money(row.amount)}"
        case ExemptionContents():
            return f"{position}. {row.name} – {percent_off(row.percent_off)}"
    return str(row)


def document_asked(kind: CopyKind, quantity: int) -> str:
    """`01 bản chính`, as forms write it."""
    return f"{quantity:02d} {label(kind).lower()}"


def percent_off(percent: int) -> str:
    """`miễn`, `giảm 50 %`."""
    return str(_("miễn") if percent == 100 else _("giảm %(n)s %%", n=percent))
