"""The catalogue as a file: written for spreadsheets, and read row by row from a CSV of another system.

A file names its columns by key (`code`, `name`, `field`, ...) or by the headings the export writes. Only code,
name and field are required; what the file does not say comes from the defaults given beside it.

Several rows stand within one cell, a line each, their parts between bars; the last parts may be left out, and a bar
within a text is written \\|.

    documents:  Văn bản đề nghị (Mẫu số 11/PLI) | bản chính | 1 | bắt buộc | ghi chú
    charges:    lệ phí | Cấp giấy phép lao động | 600000 | Nghị quyết 01/2020/NQ-HĐND
    exemptions: Người khuyết tật | 100 | Nghị quyết 01/2020/NQ-HĐND
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

from app.core.calendar import PauseMode, TimeUnit
from app.core.errors import DomainError
from app.core.text import fold
from app.organisation.access import Actor, Scope
from app.organisation.models import Unit
from app.organisation.permissions import Capability, needs
from app.organisation.sheets import FileRowsReport, RefusedFileRow, read_unit, read_word, read_yes_no
from app.procedures import queries, service
from app.procedures.contents import (
    ChargeContents,
    Contents,
    DocumentContents,
    ExemptionContents,
    StageContents,
    contents_of,
    differences,
    national_code,
    tidied,
)
from app.procedures.labels import NAMES
from app.procedures.models import ChargeKind, CopyKind, FeeExemption, Level, ProcedureCharge, ProcedureDocument
from app.procedures.queries import CatalogueRow, Parts
from app.web.formats import label, read_amount, read_money, write_amount, yes_no

MUST_BE, MAY_BE = "bắt buộc", "nếu có"
_BAR = re.compile(r"(?<!\\)\|")

Row = TypeVar("Row")


def read_documents(text: str) -> tuple[DocumentContents, ...]:
    """The documents in a cell. DomainError says which line cannot be read."""
    return tuple(_each(text, _document))


def read_charges(text: str) -> tuple[ChargeContents, ...]:
    """The charges in a cell."""
    return tuple(_each(text, _charge))


def read_exemptions(text: str) -> tuple[ExemptionContents, ...]:
    """The exemptions in a cell."""
    return tuple(_each(text, _exemption))


def write_documents(documents: Iterable[DocumentContents | ProcedureDocument]) -> str:
    """As `read_documents` reads it."""
    return "\n".join(
        _line(d.name, label(d.copy_kind).lower(), d.quantity, MUST_BE if d.required else MAY_BE, d.note)
        for d in documents
    )


def write_charges(charges: Iterable[ChargeContents | ProcedureCharge]) -> str:
    """As `read_charges` reads it."""
    return "\n".join(_line(label(c.kind).lower(), c.name, c.amount, c.legal_basis) for c in charges)


def write_exemptions(exemptions: Iterable[ExemptionContents | FeeExemption]) -> str:
    """As `read_exemptions` reads it."""
    return "\n".join(_line(e.name, e.percent_off, e.legal_basis) for e in exemptions)


def _line(*parts: object) -> str:
    texts = [str(part).replace("|", "\\|") for part in parts]
    while texts and not texts[-1]:
        texts.pop()
    return " | ".join(texts)


def _each(text: str, read: Callable[[list[str]], Row]) -> Iterator[Row]:
    for line in text.splitlines():
        if line.strip():
            yield read([part.strip().replace("\\|", "|") for part in _BAR.split(line)])


def _document(parts: list[str]) -> DocumentContents:
    name, kind, quantity, required, note = _filled(parts, 5, "tên | loại bản | số bản | bắt buộc hoặc nếu có | ghi chú")
    if required and fold(required) not in (fold(MUST_BE), fold(MAY_BE)):
        raise DomainError("Không hiểu “%(text)s”: hãy ghi “bắt buộc” hoặc “nếu có”.", text=required[:40])
    return DocumentContents(
        name,
        fold(required) != fold(MAY_BE),
        read_word(CopyKind, kind) if kind else CopyKind.ORIGINAL,
        _count(quantity) if quantity else 1,
        note,
    )


def _charge(parts: list[str]) -> ChargeContents:
    kind, name, amount, basis = _filled(parts, 4, "phí hoặc lệ phí | tên | số tiền | căn cứ")
    return ChargeContents(read_word(ChargeKind, kind), name, read_money(amount), basis)


def _exemption(parts: list[str]) -> ExemptionContents:
    name, percent, basis = _filled(parts, 3, "đối tượng | phần trăm được giảm | căn cứ")
    return ExemptionContents(name, _count(percent.removesuffix("%").strip()), basis)


def _filled(parts: list[str], most: int, shape: str) -> list[str]:
    if len(parts) > most:
        raise DomainError("Mỗi dòng ghi “%(shape)s”.", shape=shape)
    return parts + [""] * (most - len(parts))


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise DomainError("“%(text)s” không phải là số nguyên.", text=text[:20])
    return int(text)


LARGEST = 5_000_000  # bytes: a national catalogue is a tenth of that

# Key of a column and its heading in the export. The file of another system may use either.
HEADINGS = {
    "code": "Mã thủ tục",
    "name": "Tên thủ tục",
    "field": "Lĩnh vực",
    "level": "Mức độ dịch vụ công",
    "unit": "Mã đơn vị",
    "unit_name": "Đơn vị chịu trách nhiệm",
    "time_amount": "Thời hạn",
    "time_unit": "Đơn vị thời gian",
    "fee": "Phí, lệ phí (đồng)",
    "online_payment_eligible": "Đủ điều kiện thanh toán trực tuyến",
    "online_payment_from": "Thanh toán trực tuyến từ ngày",
    "in_force_from": "Hiệu lực từ ngày",
    "in_force_to": "Hiệu lực đến ngày",
    "internal": "Thủ tục nội bộ",
    "version": "Phiên bản",
    "documents": "Thành phần hồ sơ",
    "charges": "Các khoản phí, lệ phí",
    "exemptions": "Đối tượng miễn, giảm",
}
MORE_COLUMNS = {
    "online_payment_reason": "Căn cứ xác định",
    "pause_mode": "Khi chờ bổ sung hồ sơ",
    "returns_result": "Có trả kết quả",
    "note": "Ghi chú",
    "stages": "Các bước xử lý",
}
REQUIRED = ("code", "name", "field")
_KEYS = {fold(text): key for key, heading in (HEADINGS | MORE_COLUMNS).items() for text in (key, heading)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Defaults:
    """What holds for rows that do not say it themselves."""

    unit: Unit | None = None
    time_amount: Decimal | None = None
    time_unit: TimeUnit = TimeUnit.WORKING_DAYS
    level: Level = Level.PARTIAL
    in_force_from: date


def plain(row: CatalogueRow, parts: Parts) -> dict[str, Any]:
    """A row of the catalogue for programs: stable keys, ISO days, plain words."""
    return plain_cells(row) | {
        "documents": [
            {
                "name": d.name,
                "required": d.required,
                "copy_kind": d.copy_kind.value,
                "quantity": d.quantity,
                "note": d.note,
            }
            for d in parts.documents
        ],
        "charges": [
            {"kind": c.kind.value, "name": c.name, "amount": c.amount, "legal_basis": c.legal_basis}
            for c in parts.charges
        ],
        "exemptions": [
            {"name": e.name, "percent_off": e.percent_off, "legal_basis": e.legal_basis} for e in parts.exemptions
        ],
    }


def flat(row: CatalogueRow, parts: Parts) -> dict[str, Any]:
    """The same with one value a key, as a CSV for programs wants it; the import reads it."""
    return plain_cells(row) | dict(zip(("documents", "charges", "exemptions"), _written(parts), strict=True))


def plain_cells(row: CatalogueRow) -> dict[str, Any]:
    """What a row says itself, without the rows of its own that it has."""
    return {
        "code": row.code,
        "name": row.name,
        "field": row.field,
        "level": row.level.value,
        "unit": row.unit_code,
        "unit_name": row.unit_name,
        "time_amount": float(row.time_amount) or None,
        "time_unit": row.time_unit.value,
        "fee": row.fee,
        "online_payment_eligible": row.online_payment_eligible,
        "online_payment_from": row.online_payment_from.isoformat() if row.online_payment_from else None,
        "in_force_from": row.in_force_from.isoformat(),
        "in_force_to": row.in_force_to.isoformat() if row.in_force_to else None,
        "internal": row.internal,
        "version": row.number,
    }


def _written(parts: Parts) -> tuple[str, str, str]:
    return write_documents(parts.documents), write_charges(parts.charges), write_exemptions(parts.exemptions)


def cells(row: CatalogueRow, parts: Parts) -> tuple[object, ...]:
    """A row of the catalogue for a spreadsheet, in the order of HEADINGS."""
    return (
        *(row.code, row.name, row.field, label(row.level), row.unit_code, row.unit_name),
        *(write_amount(row.time_amount) if row.time_amount else "", label(row.time_unit), row.fee),
        *(yes_no(row.online_payment_eligible), row.online_payment_from),
        *(row.in_force_from, row.in_force_to, yes_no(row.internal), row.number),
        *_written(parts),
    )


@needs(Capability.KEEP_CATALOGUE)
def import_catalogue(
    by: Actor, scope: Scope, path: Path, defaults: Defaults, units: Mapping[str, Unit]
) -> FileRowsReport:
    """Enter every procedure of a CSV that is not in the catalogue; a bad row is refused alone.

    `units` are the site's by folded code and name. Reading the same file again changes nothing. Raises
    DomainError when it is no such file at all.
    """
    rows = read_rows(path)
    outcome = FileRowsReport()
    for line, row in rows:
        outcome.rows += 1
        try:
            added = _take(by, scope, row, defaults, units, origin=path.name)
        except DomainError as error:
            outcome.refused.append(RefusedFileRow(line, error.field or "", error))
        else:
            outcome.new += added
            outcome.unchanged += not added
    return outcome


def read_rows(path: Path) -> list[tuple[int, dict[str, str]]]:
    """The rows of a CSV by column key, with their lines. DomainError says what is wrong with the file."""
    if not path.is_file():
        raise DomainError("Không có tệp %(file)s.", file=path.name)
    if path.stat().st_size > LARGEST:
        raise DomainError("Tệp %(file)s quá lớn, tối đa %(most)s MB.", file=path.name, most=LARGEST // 1_000_000)
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        raise DomainError("Tệp %(file)s không phải CSV mã hóa UTF-8.", file=path.name) from exc
    if "\0" in text:
        raise DomainError("Tệp %(file)s không phải CSV mã hóa UTF-8.", file=path.name)
    try:
        return list(_rows(text, path.name))
    except csv.Error as exc:
        raise DomainError("Tệp %(file)s không đọc được như CSV.", file=path.name) from exc


def _rows(text: str, file: str) -> Iterator[tuple[int, dict[str, str]]]:
    heading = text.partition("\n")[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=heading.count))
    keys = [_KEYS.get(fold(cell), "") for cell in next(reader, [])]
    if missing := [key for key in REQUIRED if key not in keys]:
        raise DomainError("Tệp %(file)s thiếu cột %(columns)s.", file=file, columns=", ".join(missing))
    if doubled := sorted({key for key in keys if key and keys.count(key) > 1}):
        raise DomainError("Tệp %(file)s có hai cột cùng là %(columns)s.", file=file, columns=", ".join(doubled))
    started = reader.line_num
    for cells in reader:
        if any(cell.strip() for cell in cells):
            yield started + 1, {key: cell.strip() for key, cell in zip(keys, cells, strict=False) if key}
        started = reader.line_num


def _take(
    by: Actor, scope: Scope, cells: Mapping[str, str], defaults: Defaults, units: Mapping[str, Unit], origin: str
) -> bool:
    """Enter a row's procedure: True if it is new, False if the catalogue says the same already."""
    code = national_code(cells.get("code", ""))
    contents = tidied(read_contents(cells, defaults, units))
    first = _cell(cells, "in_force_from", read_day) or defaults.in_force_from
    last = _cell(cells, "in_force_to", read_day)
    internal = bool(_cell(cells, "internal", read_yes_no))
    known = queries.procedure_id(scope.site, code) if code else None
    if known is None:
        service.add_procedure(
            by,
            code=code,
            contents=contents,
            in_force_from=first,
            in_force_to=last,
            internal=internal,
            origin=f"import {origin}",
        )
        return True
    refuse_differences(scope, known, code, contents, cells)
    return False


def refuse_differences(scope: Scope, known: int, code: str, contents: Contents, said: Iterable[str]) -> None:
    """DomainError where the file says something else of a procedure that is there. `said`: the columns it fills."""
    stored, told = contents_of(queries.procedure_view(scope, known).latest.version), {*said, *REQUIRED}
    told |= {"unit_id"} if "unit" in told else set()
    changed = [str(NAMES[change.name]) for change in differences(stored, contents) if change.name in told]
    if changed:
        raise DomainError(
            "Mã %(code)s đã có trong danh mục với nội dung khác (%(fields)s): hãy lập phiên bản mới.",
            field="code",
            code=code,
            fields=", ".join(changed),
        )


def read_contents(
    cells: Mapping[str, str],
    defaults: Defaults,
    units: Mapping[str, Unit],
    *,
    stages: tuple[StageContents, ...] = (),
    charges: tuple[ChargeContents, ...] = (),
) -> Contents:
    """What a row says; its stages and charges from elsewhere, where it has no cells of them."""
    time_unit = _cell(cells, "time_unit", lambda text: read_word(TimeUnit, text)) or defaults.time_unit
    unit = _cell(cells, "unit", lambda text: read_unit(text, units)) or defaults.unit
    if unit is None:
        raise DomainError("Thiếu đơn vị chịu trách nhiệm.", field="unit")
    amount = _cell(cells, "time_amount", read_amount)
    if amount is None and time_unit is not TimeUnit.SAME_DAY:
        amount = defaults.time_amount
    eligible = bool(_cell(cells, "online_payment_eligible", read_yes_no))
    return Contents(
        name=cells.get("name", ""),
        field=cells.get("field", ""),
        level=_cell(cells, "level", lambda text: read_word(Level, text)) or defaults.level,
        unit_id=unit.id,
        time_amount=amount,
        time_unit=time_unit,
        pause_mode=_cell(cells, "pause_mode", lambda text: read_word(PauseMode, text)) or PauseMode.EXTEND,
        fee=_cell(cells, "fee", read_money) or 0,
        online_payment_eligible=eligible,
        online_payment_reason=cells.get("online_payment_reason", ""),
        online_payment_from=_cell(cells, "online_payment_from", read_day),
        returns_result=_cell(cells, "returns_result", read_yes_no) is not False,
        note=cells.get("note", ""),
        stages=_cell(cells, "stages", lambda text: _stages(text, units)) or stages,
        documents=_cell(cells, "documents", read_documents) or (),
        charges=_cell(cells, "charges", read_charges) or charges,
        exemptions=_cell(cells, "exemptions", read_exemptions) or (),
    )


Read = TypeVar("Read")


def _cell(cells: Mapping[str, str], column: str, read: Callable[[str], Read]) -> Read | None:
    """What a cell says; None when it is empty or there is no such column. A refusal names the column."""
    text = cells.get(column, "")
    if not text:
        return None
    try:
        return read(text)
    except DomainError as error:
        raise DomainError(error.message, field=column, **error.params) from error


def _stages(text: str, units: Mapping[str, Unit]) -> tuple[StageContents, ...]:
    """`Tiếp nhận | MC | 0,5; Thẩm định | LDVL | 4`: name, unit and allowance of each step."""
    return tuple(_stage(part, units) for part in text.split(";") if part.strip())


def _stage(text: str, units: Mapping[str, Unit]) -> StageContents:
    parts = [part.strip() for part in text.split("|")]
    if len(parts) != 3:
        raise DomainError("Mỗi bước ghi “tên | đơn vị | thời gian”, các bước cách nhau bằng dấu chấm phẩy.")
    return StageContents(parts[0], read_unit(parts[1], units).id, read_amount(parts[2]))


def read_day(text: str) -> date:
    """A day as 2024-06-30 or 30/06/2024. DomainError if there is no such day."""
    for form in ("%Y-%m-%d", "%d/%m/%Y"):
        try:
            return datetime.strptime(text.strip(), form).date()  # noqa: DTZ007  a day has no zone
        except ValueError:
            continue
    raise DomainError("Không có ngày “%(day)s”. Hãy ghi như 31/12/2024.", day=text.strip()[:20])
