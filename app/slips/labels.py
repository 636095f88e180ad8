"""The prescribed forms: which there are, under which circular, on which day; and what the reader sees for each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from enum import StrEnum

from flask_babel import lazy_gettext as _l

from app.cases.vocabulary import CaseStatus, ReturnMethod
from app.core.calendar import TimeUnit
from app.core.errors import NotFound
from app.organisation.registries import name_actions, name_details, name_subjects
from app.web.due import missed
from app.web.formats import add_labels, vietnamese_number

# The prescribed forms: which there are, under which circular, on which day. Pure.
#
# Sources: Circular 01/2018/TT-VPCP (with Decree 61/2018/NĐ-CP), forms 01 to 06; Circular 03/2025/TT-VPCP (with Decree
# 118/2025/NĐ-CP), forms 01 to 07, in force since 15 September 2025. The second has a notice of its own for a case that
# is stopped, so that what was form 05 is 06, and 06 is 07.

FROM_2025 = date(2025, 9, 15)
"""The day of Circular 03/2025 (as two public pages have it; its text was not seen). The decree that it belongs to is in
force since 1 July: until the circular there were no other forms than those of 2018, and none for a stop."""


class SlipKind(StrEnum):
    """A slip, whatever the number of its form. The words stand in addresses."""

    RECEIPT = "tiep-nhan"  # Giấy tiếp nhận hồ sơ và hẹn trả kết quả
    SUPPLEMENT = "bo-sung"  # Phiếu yêu cầu bổ sung, hoàn thiện hồ sơ
    REFUSAL = "tu-choi"  # Phiếu từ chối tiếp nhận giải quyết hồ sơ
    APOLOGY = "xin-loi"  # Phiếu xin lỗi; since 2025 văn bản xin lỗi
    STOP = "dung"  # Thông báo dừng giải quyết hồ sơ
    CONTROL = "kiem-soat"  # Phiếu kiểm soát quá trình giải quyết hồ sơ
    REGISTER = "so-theo-doi"  # Sổ theo dõi hồ sơ: many cases, on a page of its own


OF_ONE_CASE = tuple(kind for kind in SlipKind if kind is not SlipKind.REGISTER)


class NoSuchForm(NotFound):
    """The circular of that day has no such form."""


@dataclass(frozen=True, slots=True)
class Circular:
    """One set of forms: its short name and what each form is numbered."""

    name: str
    numbers: dict[SlipKind, str]

    def number(self, kind: SlipKind) -> str:
        """The form's number, "01". NoSuchForm when the circular has none of that kind."""
        if kind not in self.numbers:
            raise NoSuchForm("Bộ biểu mẫu của %(circular)s không có mẫu này.", circular=self.name)
        return self.numbers[kind]

    def kind(self, number: str) -> SlipKind:
        """The kind of form with that number. NoSuchForm for another."""
        for kind, each in self.numbers.items():
            if each == number:
                return kind
        raise NoSuchForm("%(circular)s không có mẫu số %(number)s.", circular=self.name, number=number)


_BOTH = {SlipKind.RECEIPT: "01", SlipKind.SUPPLEMENT: "02", SlipKind.REFUSAL: "03", SlipKind.APOLOGY: "04"}
CIRCULAR_2018 = Circular("Thông tư số 01/2018/TT-VPCP", _BOTH | {SlipKind.CONTROL: "05", SlipKind.REGISTER: "06"})
CIRCULAR_2025 = Circular(
    "Thông tư số 03/2025/TT-VPCP",
    _BOTH | {SlipKind.STOP: "05", SlipKind.CONTROL: "06", SlipKind.REGISTER: "07"},
)


def circular_on(day: date) -> Circular:
    """The set of forms in force on a day.

    Which day: for the receipt and for the control slip, which goes with it, the day of reception; for every other
    slip the day of what it tells (the request, the refusal, the letter, the stop); for the register its last day.
    """
    return CIRCULAR_2025 if day >= FROM_2025 else CIRCULAR_2018


# What the reader sees for each kind of slip, and for what is done with them.

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
name_details({"numbers": _l("Số phiếu")}, words={"paper": SlipKind})


_END_OF_DAY = time(23, 59, 59)

RETURNED = {
    ReturnMethod.IN_PERSON: "Trực tiếp",
    ReturnMethod.POST: "Bưu chính công ích",
    ReturnMethod.ONLINE: "Trực tuyến",
}
UNKNOWN = "chưa rõ"


def returned_how(method: ReturnMethod | None) -> str:
    """How the applicant wants the result."""
    return RETURNED[method] if method else UNKNOWN


def sets_of(sets: int | None) -> str:
    """How many sets of papers were handed in, in two digits."""
    return UNKNOWN if sets is None else f"{sets:02d}"


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
