"""The payment portal's list, line by line: what each says, or why it is refused. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from app.cases.importing.header import SheetTable
from app.cases.importing.mapping import LARGEST, BadMapping
from app.cases.importing.values import RowRefused, exact_number_text, moment_of, readable, text_of
from app.core.errors import N_, DomainError
from app.core.text import fold
from app.payments.models import MatchState
from app.web.formats import read_money

BUILT_IN = Path(__file__).parent / "portal.yaml"
OF_THE_SITE = "payment-portal.yaml"
NEEDED = ("transaction_number", "case_code", "amount", "paid_at")
FIELDS = frozenset({*NEEDED, "status"})


class PortalColumns(BaseModel):
    """The columns of a portal's list. `name` is the file that says so."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    columns: dict[str, list[str]]
    paid: list[str] = []
    dates: list[Literal["day_first", "month_first", "iso"]] = Field(["day_first", "iso"], min_length=1)

    @field_validator("columns")
    @classmethod
    def _known_and_complete(cls, value: dict[str, list[str]]) -> dict[str, list[str]]:
        if unknown := sorted(set(value) - FIELDS):
            raise ValueError(f"không có trường {unknown[0]!r}; các trường: {', '.join(sorted(FIELDS))}")
        for name in NEEDED:
            if not value.get(name):
                raise ValueError(f"thiếu cột {name!r}")
        return value

    @property
    def needed(self) -> tuple[str, ...]:
        """The fields without which a line says nothing."""
        return NEEDED

    @cached_property
    def headings(self) -> dict[str, list[str]]:
        """Field -> its headings, folded, best first."""
        return {name: [fold(heading) for heading in headings] for name, headings in self.columns.items()}

    @cached_property
    def paid_words(self) -> frozenset[str]:
        """The statuses, folded, of a transaction that went through."""
        return frozenset(map(fold, self.paid))


def portal_columns(instance: Path) -> PortalColumns:
    """The site's own columns, else the built-in ones. Raises BadMapping with file and field."""
    own = instance / OF_THE_SITE
    return read_columns(own if own.is_file() else BUILT_IN)


def read_columns(path: Path) -> PortalColumns:
    """Read and check one file. Raises BadMapping."""
    try:
        if path.stat().st_size > LARGEST:
            raise _bad(path, "tệp quá lớn để là một ánh xạ")
        values = yaml.safe_load(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError) as exc:
        raise _bad(path, "không đọc được tệp (cần văn bản UTF-8)") from exc
    except yaml.YAMLError as exc:
        mark = getattr(exc, "problem_mark", None)
        raise _bad(path, f"không phải YAML đúng, dòng {mark.line + 1 if mark else 1}") from exc
    if not isinstance(values, dict):
        raise _bad(path, "phải là các cặp khóa: giá trị")
    try:
        return PortalColumns.model_validate({**values, "name": path.stem})
    except ValidationError as exc:
        first = exc.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise _bad(path, f"{place}: " + str(first["msg"]).removeprefix("Value error, ")) from exc


def _bad(path: Path, reason: str) -> BadMapping:
    return BadMapping("%(place)s: %(reason)s.", field="file", place=path.name, reason=reason.rstrip("."))


LONGEST = 64  # characters of a code or a transaction number
MOST_MONEY = 10_000_000_000  # đồng for one transaction: more is a slip of the export
CLOCKS_APART = timedelta(minutes=10)  # the portal's clock may run before ours
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
    table: SheetTable, columns: PortalColumns, zone: ZoneInfo, now: datetime
) -> Iterator[PortalPayment | RefusedLine]:
    """Every line below the header, in order; empty ones and totals at the foot are no lines."""
    reader = _PortalReader(table, columns, zone, now)
    for row, cells in table.rows:
        if reader.says_nothing(cells):
            continue
        try:
            yield reader.read(row, cells)
        except DomainError as error:
            yield RefusedLine(row, table.heading(error.field or ""), error, reader.kept(cells))


class _PortalReader:
    def __init__(self, table: SheetTable, columns: PortalColumns, zone: ZoneInfo, now: datetime) -> None:
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
            raise RowRefused("Giao dịch không thành công: trạng thái “%(status)s”.", field="status", status=status[:40])
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
        try:
            text = exact_number_text(readable(self._cell(cells, field)))
        except RowRefused as error:
            error.field = field
            raise
        if not text:
            raise RowRefused(missing, field=field)
        if len(text) > LONGEST:
            raise RowRefused("“%(text)s” quá dài (hơn %(n)s ký tự).", field=field, text=text[:40], n=LONGEST)
        return text

    def _amount(self, cells: list[Any]) -> int:
        amount = _money(self._cell(cells, "amount"))
        if not 0 < amount <= MOST_MONEY:
            raise RowRefused("Số tiền phải lớn hơn 0 và không quá 10 tỷ đồng.", field="amount")
        return amount

    def _paid_at(self, cells: list[Any]) -> datetime:
        try:
            cell = readable(self._cell(cells, "paid_at"))
            moment = moment_of(cell, tuple(self.columns.dates), self.zone, self.table.start)
        except RowRefused as error:
            error.field = "paid_at"
            raise
        if moment is None:
            raise RowRefused("Thiếu thời gian thanh toán.", field="paid_at")
        if moment.at > self.now + CLOCKS_APART:
            raise RowRefused("Thời gian thanh toán ở tương lai.", field="paid_at")
        return moment.at


def _money(cell: Any) -> int:
    """Whole đồng. Raises Refused."""
    if isinstance(cell, (int, float)) and not isinstance(cell, bool):
        if not float(cell).is_integer():
            raise RowRefused("“%(text)s” không phải là số tiền tròn đồng.", field="amount", text=str(cell)[:20])
        return int(cell)
    text = text_of(cell)
    if not text:
        raise RowRefused("Thiếu số tiền.", field="amount")
    try:
        return read_money(_without_cents(text))
    except DomainError as error:
        raise RowRefused(error.message, field="amount", **error.params) from error


def _without_cents(text: str) -> str:
    """600.000,00 and 600000.0 are 600000 đồng: đồng has no smaller coin."""
    found = _CENTS.fullmatch(text)
    return found[1] if found else text


@dataclass(frozen=True, slots=True)
class Recorded:
    """A payment that stands in our records (not voided), in đồng."""

    case_id: int
    amount: int


@dataclass(frozen=True, slots=True)
class Match:
    """What came of one line: its state, the case it names where there is one, and the amount we have recorded."""

    state: MatchState
    case_id: int | None = None
    recorded_amount: int | None = None


def match(
    transaction: str,
    case_code: str,
    amount: int,
    cases: Mapping[str, int],
    recorded: Mapping[str, Sequence[Recorded]],
    *,
    repeated: bool = False,
) -> Match:
    """Find the line's place: by its transaction number and its case code together.

    `cases`: key of a code -> id; `case_code` is such a key. `recorded`: transaction number -> our payments with it.
    A transaction that we have under another case is not recorded on this one: the page then says where it is.
    """
    case_id = cases.get(case_code)
    if repeated:
        return Match(MatchState.REPEATED, case_id)
    if case_id is None:
        return Match(MatchState.UNKNOWN_CASE)
    ours = [payment.amount for payment in recorded.get(transaction, ()) if payment.case_id == case_id]
    if not ours:
        return Match(MatchState.NOT_RECORDED, case_id)
    if amount in ours:
        return Match(MatchState.MATCHED, case_id, amount)
    return Match(MatchState.AMOUNT_DIFFERS, case_id, sum(ours))
