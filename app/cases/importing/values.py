"""Cells as values: instants, phone numbers, codes. Pure.

A value that cannot be is a Refused sentence; the caller adds the column.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from datetime import time as time_of_day
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from app.core.errors import DomainError
from app.core.text import fold, tidy

FIRST_YEAR, LAST_YEAR = 1990, 2100
LONGEST_KEY = 300
_EXCEL_START = datetime(1899, 12, 30)  # noqa: DTZ001  day 0 of a spreadsheet, in whatever zone the sheet is
_DAY = timedelta(days=1)
_LAST_SECOND = timedelta(hours=23, minutes=59, seconds=59)
_CLOCK = r"(\d{1,2})(?::|h|g)(\d{2})(?::(\d{2})(?:\.\d+)?)?"
_WRITTEN = re.compile(rf"(\d{{1,2}})[/.\-](\d{{1,2}})[/.\-](\d{{4}})(?:[\sT,\-]+{_CLOCK})?")
_CLOCK_FIRST = re.compile(rf"{_CLOCK}[\s,\-]+(\d{{1,2}})[/.\-](\d{{1,2}})[/.\-](\d{{4}})")
_FLOAT = re.compile(r"\d+\.0+|\d(?:[.,]\d+)?[eE]\+?\d+")
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1b\x7f]|[\ud800-\udfff]")


class RowRefused(DomainError):
    """Why a row is not taken. `field` is the mapping's name of the column at fault."""


class ContradictingRow(RowRefused):
    """The row says otherwise than what is recorded here. `params["recorded"]`, where given, is what is recorded."""


class UnknownName(RowRefused):
    """The row names a unit or a procedure that the site does not know by that name: a person may say which it is.

    `kind` is "unit" or "procedure"; `name` as the row writes it; `may_create`: the mapping allows making it.
    """

    def __init__(self, message: str, /, *, kind: str, name: str, field: str, may_create: bool) -> None:
        super().__init__(message, field=field, name=name[:100])
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
        """Whether a recorded instant may be the one meant: same day, or same minute where an hour is written."""
        if self.whole_day:
            return recorded.astimezone(zone).date() == self.at.astimezone(zone).date()
        return abs(recorded - self.at) < timedelta(minutes=1)


def name_key(name: str) -> str:
    """What the name of a unit or a procedure is remembered by: folded, as long as the table holds it."""
    return fold(name)[:LONGEST_KEY]


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


def number_text(cell: Any) -> str:
    """A code or number as text: also `912345678.0` and `9.12345678E8`, which a spreadsheet made of it."""
    text = text_of(cell)
    if _FLOAT.fullmatch(text):
        value = float(text.replace(",", "."))
        return str(int(value)) if value.is_integer() else text  # 9E999 is no number
    return text


def phone_of(cell: Any) -> str:
    """A phone number with the zero that a spreadsheet took from its front."""
    text = number_text(cell)
    return "0" + text if len(text) == 9 and text.isdigit() and text[0] != "0" else text


def id_number_of(cell: Any) -> str:
    """An identity number; of 12 digits when a spreadsheet took the zero (11 digits left)."""
    text = number_text(cell)
    return "0" + text if len(text) == 11 and text.isdigit() else text


def moment_of(cell: Any, orders: tuple[str, ...], zone: ZoneInfo) -> CellInstant | None:
    """The instant of a cell, or None when it is empty. Raises Refused for a date that does not exist."""
    if isinstance(cell, str):
        return _moment_of_text(cell, orders, zone)
    if cell is None:
        return None
    if isinstance(cell, datetime):
        return _checked(cell, zone, str(cell))
    if isinstance(cell, date):
        return _checked(datetime.combine(cell, time_of_day.min), zone, str(cell))
    if isinstance(cell, (int, float)) and not isinstance(cell, bool) and 30_000 <= cell < 80_000:
        return _checked(_EXCEL_START + timedelta(seconds=round(cell * 86_400)), zone, str(cell))
    raise RowRefused("“%(text)s” không phải là ngày.", text=str(cell)[:40])


@lru_cache(maxsize=16384)
def _moment_of_text(text: str, orders: tuple[str, ...], zone: ZoneInfo) -> CellInstant | None:
    text = text_of(text)
    if not text:
        return None
    for order in orders:
        value = _iso(text) if order == "iso" else _written(text, order == "day_first")
        if value is not None:
            return _checked(value, zone, text)
    raise RowRefused("“%(text)s” không phải là ngày. Hãy ghi như 31/12/2024 hoặc 31/12/2024 14:30.", text=text[:40])


def _iso(text: str) -> datetime | None:
    if not (len(text) >= 10 and text[4] == "-" and text[:4].isdigit()):
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError as exc:
        raise _no_such_day(text) from exc


def _written(text: str, day_first: bool) -> datetime | None:
    if found := _WRITTEN.fullmatch(text):
        a, b, year, *clock = found.groups()
    elif found := _CLOCK_FIRST.fullmatch(text):
        *clock, a, b, year = found.groups()
    else:
        return None
    day, month = (a, b) if day_first else (b, a)
    hour, minute, second = (int(part or 0) for part in clock)
    try:
        return datetime(int(year), int(month), int(day), hour, minute, second)  # noqa: DTZ001  zone comes after
    except ValueError as exc:
        raise _no_such_day(text) from exc


def _no_such_day(text: str) -> RowRefused:
    return RowRefused("Không có ngày hoặc giờ “%(text)s”.", text=text[:40])


def _checked(value: datetime, zone: ZoneInfo, text: str) -> CellInstant:
    """Midnight without a zone is a day of which no hour is known: exports write days so."""
    if not FIRST_YEAR <= value.year <= LAST_YEAR:
        raise RowRefused("Năm của “%(text)s” không hợp lý.", text=text[:40])
    if value.tzinfo is not None:
        return CellInstant(value.astimezone(UTC))
    whole_day = value.time() == time_of_day.min
    return CellInstant(value.replace(tzinfo=zone).astimezone(UTC), whole_day)
