"""Cells as values: instants, phone numbers, codes. Pure.

A value that cannot be is a Refused sentence; the caller adds the column.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from datetime import time as time_of_day
from functools import lru_cache
from typing import Any, Final
from zoneinfo import ZoneInfo

from app.core.errors import N_, DomainError
from app.core.text import Legacy, fold, tidy

FIRST_YEAR, LAST_YEAR = 1990, 2100
LONGEST_KEY = 300
EXACT = 10**15  # a spreadsheet keeps 15 digits of a number
HALF_A_DAY = 12  # hours
EXCEL_START = datetime(1899, 12, 30)  # noqa: DTZ001  day 0 of a spreadsheet, in whatever zone the sheet is
START_OF_1904 = datetime(1904, 1, 1)  # noqa: DTZ001  that of workbooks of old Macintoshes
_DAY = timedelta(days=1)
_LAST_SECOND = timedelta(hours=23, minutes=59, seconds=59)
_CLOCK = (
    r"(?P<hour>\d{1,2})(?:(?::|h|g|\s?giờ\s?)(?P<minute>\d{2})(?:\s?phút)?(?::(?P<second>\d{2})(?:\.\d+)?)?|h|g|\s?giờ)"
    r"(?:\s?(?P<half>SA|CH|AM|PM|sáng|chiều|tối)|)"
)
_SEPARATOR = r"[\sT,\-]+"
_FIRST_DAY = r"(?P<a>\d{1,2})[/.\-](?P<b>\d{1,2})[/.\-](?P<year>\d{4})"
_FIRST_YEAR = r"(?P<year>\d{4})[/.](?P<b>\d{1,2})[/.](?P<a>\d{1,2})"
_WORDS = r"(?:ngày\s)?(?P<a>\d{1,2})\stháng\s(?P<b>\d{1,2}),?\snăm\s(?P<year>\d{4})"
_WRITTEN, _BY_YEAR, _IN_WORDS = (
    [
        re.compile(rf"{day}(?:{_SEPARATOR}{_CLOCK})?", re.IGNORECASE),
        re.compile(rf"{_CLOCK}{_SEPARATOR}{day}", re.IGNORECASE),
    ]
    for day in (_FIRST_DAY, _FIRST_YEAR, _WORDS)
)
_PLAINLY = re.compile(r"(\d\d)/(\d\d)/(\d{4})(?: (\d\d):(\d\d)(?::(\d\d))?)?", re.ASCII)
_PLAINLY_ISO = re.compile(r"\d{4}-\d\d-\d\d(?:[T ]|$)", re.ASCII)
_AFTER_NOON = frozenset({"ch", "pm", "chiều", "tối"})
_NO_DAYS = frozenset({(1, 1, 1), (1753, 1, 1), (1899, 12, 30), (1899, 12, 31), (1900, 1, 1), (1904, 1, 1)})
"""Days by which programs (.NET, SQL Server, spreadsheets) write that there is none."""
_FLOAT = re.compile(r"\d+\.0+|\d(?:[.,]\d+)?[eE]\+?\d+")
_THOUSANDS = re.compile(r"\d{1,3}(?:[.,]\d{3})+")
_POWER = re.compile(r"\d(?:[.,](\d+))?[eE]\+?(\d+)")
_DASHES = re.compile(r"[\s\-\u2010-\u2015\u2212_.]+")
_NOTHING = frozenset({"null", "(null)", "n/a", "#n/a", "#n/a!"})
LONGEST_NOTHING = max(map(len, _NOTHING))
_SHEET_ERRORS = frozenset({"#REF!", "#VALUE!", "#NAME?", "#DIV/0!", "#NUM!", "#NULL!", "#ERR"})
_NO_DATE = frozenset({"", "0", "chua", "chua co", "chua hen", "khong", "khong co", "khong hen"})
"""What is written, folded, where there is no date: also `//`, which is left of a form's empty one."""
BROKEN_LETTER = "\ufffd"
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1b\x7f]|[\ud800-\udfff]")


class Uncomputed:
    """The cell of a formula that was saved without its value: what it says is not known."""

    def __str__(self) -> str:
        return ""


UNCOMPUTED: Final = Uncomputed()


class RowRefused(DomainError):
    """Why a row is not taken. `field` is the mapping's name of the column at fault."""


class GarbledText(RowRefused):
    """A name in the letters of an old code page. `meant` is how it reads in Unicode, "" where that is lost."""

    def __init__(self, text: str, legacy: Legacy, meant: str, field: str) -> None:
        self.meant = meant
        if meant:
            said = N_("“%(text)s” là chữ %(legacy)s đọc sai bảng mã, đúng ra là “%(meant)s”.")
        else:
            said = N_("“%(text)s” đã mất dấu. Hãy xuất lại dưới dạng Unicode (UTF-8).")
        super().__init__(said, field=field, text=tidy(text)[:60], legacy=str(legacy), meant=meant[:60])


class ContradictingRow(RowRefused):
    """The row says otherwise than what is recorded here. `params["recorded"]`, where given, is what is recorded."""


class OpenAgain(ContradictingRow):
    """The case has ended here, and the row says that it is in work: it was opened again, or the file is an old one."""


class UnknownName(RowRefused):
    """The row has a name that is not known (of a unit, a procedure, a status): a person may say what it stands for.

    `kind` is an ImportNameKind; `name` as the row writes it; `may_create`: the mapping allows making it.
    """

    def __init__(
        self, message: str, /, *, kind: str, name: str, field: str, may_create: bool, **params: object
    ) -> None:
        super().__init__(message, field=field, name=name[:100], **params)
        self.kind, self.name, self.may_create = kind, name, may_create


@dataclass(frozen=True, slots=True)
class CellInstant:
    """An instant (UTC) that a cell gives. `whole_day`: only the day was written; `at` is then its first moment."""

    at: datetime
    whole_day: bool = False

    @property
    def end(self) -> datetime:
        """The last moment that the cell may mean: a due day lasts until 23:59:59."""
        return self.at + _LAST_SECOND if self.whole_day else self.at

    def agrees(self, recorded: datetime, zone: ZoneInfo) -> bool:
        """Whether a recorded instant may be the one meant: the same day where either was written without an hour (of
        the recorded one midnight says so), else the same minute."""
        local = recorded.astimezone(zone)
        if self.whole_day or local.time() == time_of_day.min:
            return local.date() == self.at.astimezone(zone).date()
        return abs(recorded - self.at) < timedelta(minutes=1)


def name_key(name: str) -> str:
    """What the name of a unit or a procedure is remembered by: folded, as long as the table holds it."""
    return fold(name)[:LONGEST_KEY]


def says_nothing(cell: Any) -> bool:
    """Whether a cell is empty, or has a sign that programs and people write for an empty one."""
    if not isinstance(cell, str):
        return cell is None
    text = cell.strip()
    if len(text) > LONGEST_NOTHING and text[0].isalnum():
        return False  # nearly every cell
    return not text or bool(_DASHES.fullmatch(text)) or text.lower() in _NOTHING


def readable(cell: Any) -> Any:
    """The cell. Raises RowRefused where the file itself says that it does not know, or has lost, what stood there."""
    if cell is UNCOMPUTED:
        raise RowRefused("Ô là công thức chưa có giá trị. Hãy mở tệp bằng Excel, lưu lại rồi nhập.")
    if isinstance(cell, str):
        if BROKEN_LETTER in cell:
            raise RowRefused("Ô có chữ đã hỏng (“%(text)s”). Hãy xuất lại từ phần mềm.", text=tidy(cell)[:40])
        if cell.strip() in _SHEET_ERRORS:
            raise RowRefused("Ô báo lỗi %(text)s của bảng tính.", text=cell.strip())
    return cell


def text_of(cell: Any) -> str:
    """A cell as tidy text; a whole number that a spreadsheet made a float loses its `.0`."""
    if isinstance(cell, str):
        return _tidied(cell)
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "1" if cell else "0"
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return tidy(str(cell))


@lru_cache(maxsize=8192)
def _tidied(text: str) -> str:
    """Tidy, without control characters. Exports say the same things over and over."""
    return tidy(text if text.isprintable() else _CONTROL.sub(" ", text))


def exact_number_text(cell: Any) -> str:
    """A code or number that tells things apart, as text. Raises RowRefused for one of which a spreadsheet has lost
    digits: 2.40603E+13 is no code, and neither are 16 digits that were a number once."""
    if isinstance(cell, int | float) and not isinstance(cell, bool) and abs(cell) >= EXACT:
        raise _rounded(str(cell))
    text = text_of(cell)
    if (found := _POWER.fullmatch(text)) and len(found[1] or "") < int(found[2][:4]):
        raise _rounded(text)
    return number_text(cell)


def _rounded(text: str) -> RowRefused:
    return RowRefused(
        "“%(text)s” đã bị bảng tính làm tròn, không còn đủ chữ số. Hãy để cột này là văn bản khi xuất.", text=text[:40]
    )


def number_text(cell: Any) -> str:
    """A code or number as text: also `912345678.0` and `9.12345678E8`, which a spreadsheet made of it."""
    text = text_of(cell)
    if _FLOAT.fullmatch(text):
        value = float(text.replace(",", "."))
        return str(int(value)) if value.is_integer() else text  # 9E999 is no number
    return text


def money_text(cell: Any) -> str:
    """An amount as text: 200.000 in a cell of text is two hundred thousand, no number with three empty decimals."""
    text = text_of(cell)
    return text if isinstance(cell, str) and _THOUSANDS.fullmatch(text) else number_text(cell)


def phone_of(cell: Any) -> str:
    """A phone number with the zero that a spreadsheet took from its front."""
    text = exact_number_text(cell)
    return "0" + text if len(text) == 9 and text.isdigit() and text[0] != "0" else text


def id_number_of(cell: Any) -> str:
    """An identity number; of 12 digits when a spreadsheet took the zero (11 digits left)."""
    text = exact_number_text(cell)
    return "0" + text if len(text) == 11 and text.isdigit() else text


def moment_of(cell: Any, orders: tuple[str, ...], zone: ZoneInfo, start: datetime = EXCEL_START) -> CellInstant | None:
    """The instant of a cell, or None when it is empty. `start` is the day that the number 0 means in its workbook.
    Raises RowRefused for a date that does not exist."""
    if isinstance(cell, str):
        return _moment_of_text(cell, orders, zone)
    if cell is None:
        return None
    if isinstance(cell, datetime):
        return _checked(cell, zone, str(cell))
    if isinstance(cell, date):
        return _checked(datetime.combine(cell, time_of_day.min), zone, str(cell))
    if isinstance(cell, (int, float)) and not isinstance(cell, bool) and 0 <= cell < 80_000:
        return _checked(start + timedelta(seconds=round(cell * 86_400)), zone, str(cell))
    raise RowRefused("“%(text)s” không phải là ngày.", text=str(cell)[:40])


@lru_cache(maxsize=16384)
def _moment_of_text(text: str, orders: tuple[str, ...], zone: ZoneInfo) -> CellInstant | None:
    if (value := _plainly(text, orders)) is not None:
        return _checked(value, zone, text)
    text = text_of(text)
    if fold(text) in _NO_DATE:
        return None
    if (value := _read(text, _BY_YEAR, True) or _read(text, _IN_WORDS, True)) is not None:
        return _checked(value, zone, text)
    for order in orders:
        value = _iso(text) if order == "iso" else _read(text, _WRITTEN, order == "day_first")
        if value is not None:
            return _checked(value, zone, text)
    raise RowRefused("“%(text)s” không phải là ngày. Hãy ghi như 31/12/2024 hoặc 31/12/2024 14:30.", text=text[:40])


def _plainly(text: str, orders: tuple[str, ...]) -> datetime | None:
    """What nearly every cell of an export is: written as programs write it, so that nothing else need be tried. None
    for all others, and for a day that does not exist."""
    try:
        if "iso" in orders and _PLAINLY_ISO.match(text):
            return datetime.fromisoformat(text)
        if (found := _PLAINLY.fullmatch(text)) and (order := next((each for each in orders if each != "iso"), None)):
            a, b, year, hour, minute, second = map(int, found.groups("0"))
            day, month = (a, b) if order == "day_first" else (b, a)
            return datetime(year, month, day, hour, minute, second)  # noqa: DTZ001  zone comes after
    except ValueError:
        pass
    return None


def _iso(text: str) -> datetime | None:
    if not (len(text) >= 10 and text[4] == "-" and text[:4].isdigit()):
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError as exc:
        raise _no_such_day(text) from exc


def _read(text: str, ways: Sequence[re.Pattern[str]], day_first: bool) -> datetime | None:
    found = next((match for way in ways if (match := way.fullmatch(text))), None)
    if found is None:
        return None
    parts = found.groupdict()
    day, month = (parts["a"], parts["b"]) if day_first else (parts["b"], parts["a"])
    hour, minute, second = (int(parts[name] or 0) for name in ("hour", "minute", "second"))
    if (half := (parts["half"] or "").lower()) and not 1 <= hour <= HALF_A_DAY:
        half = "" if hour > HALF_A_DAY and half in _AFTER_NOON else "?"  # 14:30 CH says it twice; 0:30 SA is none
    try:
        if half == "?":
            raise ValueError(text)
        if half:
            hour = hour % 12 + (12 if half in _AFTER_NOON else 0)
        return datetime(int(parts["year"]), int(month), int(day), hour, minute, second)  # noqa: DTZ001  zone comes after
    except ValueError as exc:
        raise _no_such_day(text) from exc


def _no_such_day(text: str) -> RowRefused:
    return RowRefused("Không có ngày hoặc giờ “%(text)s”.", text=text[:40])


def _checked(value: datetime, zone: ZoneInfo, text: str) -> CellInstant | None:
    """Midnight without a zone is a day of which no hour is known: exports write days so."""
    if (value.year, value.month, value.day) in _NO_DAYS:
        return None
    if not FIRST_YEAR <= value.year <= LAST_YEAR:
        raise RowRefused("Năm của “%(text)s” không hợp lý.", text=text[:40])
    if value.tzinfo is not None:
        return CellInstant(value.astimezone(UTC))
    whole_day = value.time() == time_of_day.min
    return CellInstant(value.replace(tzinfo=zone).astimezone(UTC), whole_day)
