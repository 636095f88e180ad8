"""The prescribed forms: which there are, under which circular, on which day. Pure.

Sources: Circular 01/2018/TT-VPCP (with Decree 61/2018/NĐ-CP), forms 01 to 06; Circular 03/2025/TT-VPCP (with Decree
118/2025/NĐ-CP), forms 01 to 07, in force since 15 September 2025. The second has a notice of its own for a case that is
stopped, so that what was form 05 is 06, and 06 is 07.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from app.core.errors import NotFound

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
