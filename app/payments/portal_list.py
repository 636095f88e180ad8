"""The payment portal's list, line by line: what each says, or why it is refused. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from app.cases.importing.header import Table
from app.cases.importing.values import Refused, moment_of, number_text, text_of
from app.errors import N_, DomainError
from app.payments.portal_columns import PortalColumns
from app.procedures.reading import read_money
from app.text import fold

LONGEST = 64  # characters of a code or a transaction number
MOST_MONEY = 10_000_000_000  # đồng for one transaction: more is a slip of the export
CLOCKS_APART = timedelta(minutes=10)  # the portal's clock may run before ours
_EXACT = 10**15  # a spreadsheet keeps 15 digits of a number
_ROUNDED = re.compile(r"\d(?:[.,]\d+)?[eE]\+?(\d+)")
_TOTALS = frozenset({"tong", "tong cong", "cong", "tong so", "total"})
_CENTS = re.compile(r"(.*\d)[.,]0{1,2}")


@dataclass(frozen=True, slots=True)
class PortalPayment:
    """One transaction that went through. `row` as the spreadsheet numbers it, `amount` in đồng, `paid_at` in UTC."""

    row: int
    transaction_number: str
    case_code: str
    amount: int
    paid_at: datetime


@dataclass(frozen=True, slots=True)
class RefusedLine:
    """A line that is not taken, and why; its own cells are kept. `column` is "" for the whole line."""

    row: int
    column: str
    error: DomainError
    cells: dict[str, str]


def read_lines(
    table: Table, columns: PortalColumns, zone: ZoneInfo, now: datetime
) -> Iterator[PortalPayment | RefusedLine]:
    """Every line below the header, in order; empty ones and totals at the foot are no lines."""
    reader = _Reader(table, columns, zone, now)
    for row, cells in table.rows:
        if reader.says_nothing(cells):
            continue
        try:
            yield reader.read(row, cells)
        except DomainError as error:
            yield RefusedLine(row, table.heading(error.field or ""), error, reader.kept(cells))


class _Reader:
    def __init__(self, table: Table, columns: PortalColumns, zone: ZoneInfo, now: datetime) -> None:
        self.table, self.columns, self.zone, self.now = table, columns, zone, now

    def says_nothing(self, cells: list[Any]) -> bool:
        texts = [text for cell in cells if (text := text_of(cell))]
        if not texts:
            return True
        named = self._cell(cells, "transaction_number") or self._cell(cells, "case_code")
        return (not text_of(named) and fold(texts[0]) in _TOTALS) or fold(text_of(named)) in _TOTALS

    def read(self, row: int, cells: list[Any]) -> PortalPayment:
        """Raises Refused, with the field at fault."""
        status = text_of(self._cell(cells, "status"))
        if "status" in self.table.columns and fold(status) not in self.columns.paid_words:
            raise Refused("Giao dịch không thành công: trạng thái “%(status)s”.", field="status", status=status[:40])
        return PortalPayment(
            row,
            self._code(cells, "transaction_number", N_("Thiếu mã giao dịch.")),
            self._code(cells, "case_code", "Thiếu mã hồ sơ."),
            self._amount(cells),
            self._paid_at(cells),
        )

    def kept(self, cells: list[Any]) -> dict[str, str]:
        """The line's filled cells by heading."""
        named = zip(self.table.headings, cells, strict=False)
        return {heading: text for heading, cell in named if (text := text_of(cell)[:300])}

    def _cell(self, cells: list[Any], field: str) -> Any:
        for _heading, positions in self.table.columns.get(field, ()):
            for position in positions:
                if position < len(cells) and text_of(cells[position]):
                    return cells[position]
        return None

    def _code(self, cells: list[Any], field: str, missing: str) -> str:
        cell = self._cell(cells, field)
        if _lost_digits(cell):
            raise Refused(
                "“%(text)s” đã bị bảng tính làm tròn, không còn đủ chữ số. Hãy để cột này là văn bản khi xuất.",
                field=field,
                text=text_of(cell)[:40],
            )
        text = number_text(cell)
        if not text:
            raise Refused(missing, field=field)
        if len(text) > LONGEST:
            raise Refused("“%(text)s” quá dài (hơn %(n)s ký tự).", field=field, text=text[:40], n=LONGEST)
        return text

    def _amount(self, cells: list[Any]) -> int:
        amount = _money(self._cell(cells, "amount"))
        if not 0 < amount <= MOST_MONEY:
            raise Refused("Số tiền phải lớn hơn 0 và không quá 10 tỷ đồng.", field="amount")
        return amount

    def _paid_at(self, cells: list[Any]) -> datetime:
        try:
            moment = moment_of(self._cell(cells, "paid_at"), tuple(self.columns.dates), self.zone)
        except Refused as error:
            error.field = "paid_at"
            raise
        if moment is None:
            raise Refused("Thiếu thời gian thanh toán.", field="paid_at")
        if moment.at > self.now + CLOCKS_APART:
            raise Refused("Thời gian thanh toán ở tương lai.", field="paid_at")
        return moment.at


def _lost_digits(cell: Any) -> bool:
    """Whether a long number was rounded by a spreadsheet: as a number, or as the text 1.23457E+15."""
    if isinstance(cell, (int, float)) and not isinstance(cell, bool):
        return abs(cell) >= _EXACT
    written = _ROUNDED.fullmatch(text_of(cell))
    return written is not None and int(written[1]) >= len(re.sub(r"\D", "", text_of(cell).lower().split("e")[0]))


def _money(cell: Any) -> int:
    """Whole đồng. Raises Refused."""
    if isinstance(cell, (int, float)) and not isinstance(cell, bool):
        if not float(cell).is_integer():
            raise Refused("“%(text)s” không phải là số tiền tròn đồng.", field="amount", text=str(cell)[:20])
        return int(cell)
    text = text_of(cell)
    if not text:
        raise Refused("Thiếu số tiền.", field="amount")
    try:
        return read_money(_without_cents(text))
    except DomainError as error:
        raise Refused(error.message, field="amount", **error.params) from error


def _without_cents(text: str) -> str:
    """600.000,00 and 600000.0 are 600000 đồng: đồng has no smaller coin."""
    found = _CENTS.fullmatch(text)
    return found[1] if found else text
