"""A sheet of XlsxWriter that takes whole rows: the library asks each cell what it is, and writes each of its attributes
by itself, which took two thirds of a list's time. Loaded with the library, by whoever wants a workbook.

What is written is what XlsxWriter 3.3 writes in its mode of constant memory, and it is the library that puts the rows
into the file; the tests of exports read such files with another program.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from xlsxwriter.utility import xl_col_to_name
from xlsxwriter.worksheet import Worksheet

REMEMBERED = 8192  # days whose number is kept


class StreamedSheet(Worksheet):  # type: ignore[misc]
    """A sheet of a workbook of constant memory, written a row at a time from the top."""

    def __init__(self) -> None:
        super().__init__()
        self._columns: list[str] = []
        self._days: dict[date, float] = {}
        self.previous_row: int = 0

    def text(self, value: str, font: Any = None) -> str:
        """A cell of text but for its place. XML can hold every letter of `value`."""
        escaped = self._escape_data(self._escape_control_characters(value))
        space = ' xml:space="preserve"' if value != value.strip() else ""
        return f'"{_style(font)} t="inlineStr"><is><t{space}>{escaped}</t></is></c>'

    def number(self, value: float | Decimal, font: Any = None) -> str:
        """A cell of a number."""
        return f'"{_style(font)}><v>{value:.16G}</v></c>'

    def day(self, value: date | datetime, font: Any) -> str:
        """A cell of a day, or of a time of the sheet's own zone."""
        counted = self._days.get(value)
        if counted is None:
            if len(self._days) >= REMEMBERED:
                self._days.clear()
            counted = self._days[value] = self._convert_date_time(value)
        return self.number(counted, font)

    def write_cells(self, row: int, cells: list[str | None]) -> None:
        """Write the next row: what `text`, `number` and `day` give, from the first column on; None is no cell."""
        while len(self._columns) < len(cells):
            self._columns.append(f'<c r="{xl_col_to_name(len(self._columns))}')
        number = str(row + 1)
        told = [start + number + cell for start, cell in zip(self._columns, cells, strict=False) if cell is not None]
        if not told or self._check_dimensions(row, len(cells) - 1):
            return
        if row > self.previous_row:
            self._write_single_row(row)  # what was written by cells before
        self.fh.write(f'<row r="{number}">{"".join(told)}</row>')
        self.previous_row = row + 1


def _style(font: Any) -> str:
    return f' s="{font._get_xf_index()}"' if font is not None else ""
