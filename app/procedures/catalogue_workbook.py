"""Procedures with their stages and charges from one workbook: looked through first, then taken whole or not at all.

What the catalogue has already is left as it is; where the file says something else of it, the row is refused: that is
a new version, and has a page of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from app.core.calendar import TimeUnit
from app.core.errors import DomainError
from app.core.text import tidy
from app.organisation import audit
from app.organisation.access import Actor, Scope
from app.organisation.models import Unit
from app.organisation.permissions import Capability, needs
from app.organisation.queries import units_in_being_by_key
from app.organisation.sheets import (
    FaultyFile,
    SheetColumn,
    SheetFault,
    SheetFaults,
    SheetForm,
    SheetRow,
    looking_only,
    read_unit,
    read_word,
    read_workbook,
    read_yes_no,
)
from app.procedures import queries, service
from app.procedures.catalogue_file import Defaults, read_contents, read_day, refuse_differences
from app.procedures.contents import (
    ChargeContents,
    StageContents,
    national_code,
    stage_total,
    stages_disagree,
    tidied,
)
from app.procedures.models import ChargeKind, Level
from app.web.formats import label, read_amount, read_money

Part = TypeVar("Part")

PROCEDURES, STAGES, CHARGES = "Thủ tục", "Các bước", "Phí, lệ phí"


def catalogue_sheets() -> tuple[SheetForm, ...]:
    """The three sheets, with the words that the site's language has for levels and units of time."""
    yes_no = ("Có", "Không")
    return (
        SheetForm(
            PROCEDURES,
            (
                SheetColumn("code", "Mã thủ tục", needed=True),
                SheetColumn("name", "Tên thủ tục", needed=True, width=60),
                SheetColumn("field", "Lĩnh vực", needed=True, width=24),
                SheetColumn("unit", "Mã đơn vị", needed=True),
                SheetColumn("level", "Mức độ dịch vụ công", needed=True, words=tuple(map(label, Level)), width=24),
                SheetColumn("time_amount", "Thời hạn"),
                SheetColumn("time_unit", "Đơn vị thời gian", words=tuple(map(label, TimeUnit))),
                SheetColumn("online_payment_eligible", "Đủ điều kiện thanh toán trực tuyến", words=yes_no),
                SheetColumn("online_payment_reason", "Căn cứ xác định", width=30),
                SheetColumn("online_payment_from", "Thanh toán trực tuyến từ ngày"),
                SheetColumn("returns_result", "Có trả kết quả", words=yes_no),
                SheetColumn("in_force_from", "Hiệu lực từ ngày", needed=True),
                SheetColumn("internal", "Thủ tục nội bộ", words=yes_no),
                SheetColumn("documents", "Thành phần hồ sơ", width=50),
                SheetColumn("note", "Ghi chú", width=30),
            ),
        ),
        SheetForm(
            STAGES,
            (
                SheetColumn("code", "Mã thủ tục", needed=True),
                SheetColumn("name", "Tên bước", needed=True, width=40),
                SheetColumn("unit", "Mã đơn vị", needed=True),
                SheetColumn("allowance", "Thời gian", needed=True),
            ),
            needed=False,
        ),
        SheetForm(
            CHARGES,
            (
                SheetColumn("code", "Mã thủ tục", needed=True),
                SheetColumn("kind", "Phí hay lệ phí", needed=True, words=tuple(map(label, ChargeKind))),
                SheetColumn("name", "Tên khoản thu", needed=True, width=40),
                SheetColumn("amount", "Số tiền (đồng)", needed=True),
                SheetColumn("legal_basis", "Căn cứ", width=40),
            ),
            needed=False,
        ),
    )


@dataclass(frozen=True, slots=True)
class NewProcedure:
    """A procedure that the file adds. `disagrees`: its stages come to another time than it has itself."""

    code: str
    name: str
    unit: str
    stages: int
    fee: int
    disagrees: bool


@dataclass(frozen=True, slots=True)
class CatalogueRead:
    """What a file holds: what is new, how many the catalogue has already, what is wrong. Wrong rows keep all from being
    taken."""

    procedures: tuple[NewProcedure, ...] = ()
    known: int = 0
    faults: tuple[SheetFault, ...] = ()


@needs(Capability.KEEP_CATALOGUE)
def preview_catalogue(by: Actor, scope: Scope, content: bytes) -> CatalogueRead:
    """What taking the file would do. Writes nothing. Raises DomainError (file) for what is no such workbook."""
    rows = read_workbook(content, catalogue_sheets())
    with looking_only():
        return _take(by, scope, rows, "")


@needs(Capability.KEEP_CATALOGUE)
def take_catalogue(by: Actor, scope: Scope, content: bytes, *, file_name: str = "") -> CatalogueRead:
    """Enter every procedure of the file that the catalogue does not have, with its stages and charges.

    Raises FaultyFile, and DomainError (file) for what is no such workbook.
    """
    rows, file_name = read_workbook(content, catalogue_sheets()), tidy(file_name)[:150]
    with audit.transaction():
        found = _take(by, scope, rows, f"import {file_name}")
        if found.faults:
            raise FaultyFile(found.faults)
        audit.record(
            by, "import_catalogue", "procedure", "*", file=file_name, codes=[each.code for each in found.procedures]
        )
    return found


def _take(by: Actor, scope: Scope, rows: Mapping[str, list[SheetRow]], origin: str) -> CatalogueRead:
    """Within a transaction: every procedure that can be taken, and what is wrong with the others."""
    units, faults = units_in_being_by_key(), SheetFaults(names={"unit_id": "unit"})
    codes = {national_code(row.text("code")) for row in rows[PROCEDURES]}
    stages, charges = _by_code(rows[STAGES], codes, faults), _by_code(rows[CHARGES], codes, faults)
    made, known, seen = list[NewProcedure](), 0, set[str]()
    for row in rows[PROCEDURES]:
        with faults.noting(row):
            code = national_code(row.text("code"))
            if code in seen:
                raise DomainError("Mã %(code)s đã có ở một dòng trên.", field="code", code=code)
            seen.add(code)
            wrong = len(faults.found)
            lines = _Lines(row, stages.get(code, ()), charges.get(code, ()))
            new = _take_one(by, scope, lines, units, faults, origin)
            made += [new] if new else []
            known += new is None and len(faults.found) == wrong
    order = {name: place for place, name in enumerate((PROCEDURES, STAGES, CHARGES))}
    found = tuple(sorted(faults.found, key=lambda fault: (order[fault.sheet], fault.row)))
    return CatalogueRead(tuple(made), known, found)


def _by_code(rows: Sequence[SheetRow], codes: set[str], faults: SheetFaults) -> dict[str, list[SheetRow]]:
    """The rows of each procedure, in their order. Those of no procedure of the file are wrong."""
    found: dict[str, list[SheetRow]] = {}
    for row in rows:
        code = national_code(row.text("code"))
        if code in codes:
            found.setdefault(code, []).append(row)
        else:
            with faults.noting(row):
                row.refuse_gaps()
                raise DomainError("Trang “Thủ tục” không có mã %(code)s.", field="code", code=code)
    return found


@dataclass(frozen=True, slots=True)
class _Lines:
    """The rows of one procedure."""

    row: SheetRow
    stages: Sequence[SheetRow]
    charges: Sequence[SheetRow]

    def of(self, error: DomainError) -> tuple[SheetRow, DomainError]:
        """The row that a refusal of the service is about: `stages-0-name` is of the first stage."""
        kind, _dash, rest = (error.field or "").partition("-")
        number, _dash, column = rest.partition("-")
        lines = {"stages": self.stages, "charges": self.charges}.get(kind, ())
        if number.isdigit() and int(number) < len(lines):
            return lines[int(number)], DomainError(error.message, **{**error.params, "field": column})  # type: ignore[arg-type]
        return self.row, error


def _take_one(
    by: Actor, scope: Scope, lines: _Lines, units: Mapping[str, Unit], faults: SheetFaults, origin: str
) -> NewProcedure | None:
    """The procedure that was entered; None where the catalogue says the same already, or something was wrong."""
    row, before, code = lines.row, len(faults.found), national_code(lines.row.text("code"))
    stages = tuple(_read(faults, lines.stages, lambda each: _stage(each, units)))
    charges = tuple(_read(faults, lines.charges, _charge))
    row.refuse_gaps()
    first = row.read("in_force_from", read_day)
    assert first is not None
    contents = tidied(read_contents(row.cells, Defaults(in_force_from=first), units, stages=stages, charges=charges))
    if len(faults.found) > before:
        return None
    if (known := queries.procedure_id(scope.site, code)) is not None:
        filled = [name for name, rows in (("stages", stages), ("charges", charges), ("fee", charges)) if rows]
        refuse_differences(scope, known, code, contents, [*row.cells, *filled])
        return None
    internal = bool(row.read("internal", read_yes_no))
    try:
        service.add_procedure(by, code=code, contents=contents, in_force_from=first, internal=internal, origin=origin)
    except DomainError as error:
        faults.add(*lines.of(error))
        return None
    total = stage_total(contents.stages) if contents.stages else None
    return NewProcedure(
        *(code, contents.name, read_unit(row.text("unit"), units).code, len(contents.stages), contents.fee),
        stages_disagree(contents.time_amount, contents.time_unit, total),
    )


def _read(faults: SheetFaults, rows: Sequence[SheetRow], read: Callable[[SheetRow], Part]) -> Iterator[Part]:
    for row in rows:
        with faults.noting(row):
            row.refuse_gaps()
            yield read(row)


def _stage(row: SheetRow, units: Mapping[str, Unit]) -> StageContents:
    unit = row.read("unit", lambda text: read_unit(text, units))
    allowance = row.read("allowance", read_amount)
    assert unit is not None
    assert allowance is not None
    return StageContents(row.text("name"), unit.id, allowance)


def _charge(row: SheetRow) -> ChargeContents:
    kind, amount = row.read("kind", lambda text: read_word(ChargeKind, text)), row.read("amount", read_money)
    assert kind is not None
    assert amount is not None
    return ChargeContents(kind, row.text("name"), amount, row.text("legal_basis"))
