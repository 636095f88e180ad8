"""What the reader sees for each kind of slip, and for what is done with them."""

from __future__ import annotations

from datetime import date, datetime, time
from decimal import Decimal

from flask_babel import lazy_gettext as _l

from app.cases.vocabulary import CaseStatus, ReturnMethod
from app.core.calendar import TimeUnit
from app.organisation.registries import name_actions, name_details, name_subjects
from app.slips.circulars import SlipKind
from app.web.due import missed
from app.web.formats import add_labels, vietnamese_number

add_labels(
    {
        SlipKind.RECEIPT: _l("Giấy tiếp nhận và hẹn trả"),
        SlipKind.SUPPLEMENT: _l("Phiếu yêu cầu bổ sung"),
        SlipKind.REFUSAL: _l("Phiếu từ chối"),
        SlipKind.APOLOGY: _l("Văn bản xin lỗi"),
        SlipKind.STOP: _l("Thông báo dừng giải quyết"),
        SlipKind.CONTROL: _l("Phiếu kiểm soát"),
        SlipKind.REGISTER: _l("Sổ theo dõi hồ sơ"),
    }
)
name_subjects({"slip": _l("Phiếu")})
name_actions({"number_slips": _l("Cấp số phiếu")})
name_details({"numbers": _l("Số phiếu")})


_END_OF_DAY = time(23, 59, 59)

RETURNED = {
    ReturnMethod.IN_PERSON: "Trực tiếp",
    ReturnMethod.POST: "Bưu chính công ích",
    ReturnMethod.ONLINE: "Trực tuyến",
}
ENDED = {
    CaseStatus.REFUSED: "Từ chối giải quyết",
    CaseStatus.WITHDRAWN: "Công dân rút hồ sơ",
    CaseStatus.STOPPED: "Dừng giải quyết",
    CaseStatus.ANNULLED: "Đã hủy, không tính",
}
_UNITS = {
    TimeUnit.WORKING_DAYS: "ngày làm việc",
    TimeUnit.CALENDAR_DAYS: "ngày",
    TimeUnit.WORKING_HOURS: "giờ làm việc",
}


def short_day(day: date | datetime | None) -> str:
    """05/06/2024."""
    return "" if day is None else f"{day:%d/%m/%Y}"


def long_day(day: date | datetime) -> str:
    """`ngày 05 tháng 6 năm 2024`."""
    month = f"{day.month:02d}" if day.month < 3 else str(day.month)
    return f"ngày {day.day:02d} tháng {month} năm {day.year}"


def moment(at: datetime, closing: time | None = None) -> str:
    """`08 giờ 30 phút, ngày 05 tháng 6 năm 2024`; a time that lasts until the end of a day is kept until closing."""
    shown = closing if closing and at.time().replace(microsecond=0) == _END_OF_DAY else at.time()
    return f"{shown.hour:02d} giờ {shown.minute:02d} phút, {long_day(at)}"


def amount_of_time(amount: Decimal, unit: TimeUnit) -> str:
    """`05 ngày làm việc`, `0,5 ngày làm việc`, `trong ngày làm việc`; nothing while the catalogue tells no time."""
    if unit is TimeUnit.SAME_DAY:
        return "trong ngày làm việc"
    if not amount:
        return ""
    whole = amount == amount.to_integral_value()
    shown = f"{int(amount):02d}" if whole else f"{amount.normalize():f}".replace(".", ",")
    return f"{shown} {_UNITS[unit]}"


def money(amount: int) -> str:
    """`600.000 đồng`."""
    return f"{vietnamese_number(amount)} đồng"


def against_time(ended_at: datetime | None, due_at: datetime | None) -> str:
    """What form 05 (2018) or 06 (2025) asks of a stay: before time, in time or late; nothing while it lasts."""
    if ended_at is None or due_at is None:
        return ""
    if missed(due_at, ended_at):
        return "Quá hạn"
    return "Đúng hạn" if ended_at.date() == due_at.date() else "Trước hạn"
