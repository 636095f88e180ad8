"""The columns of a file as a person is asked about them (headings, examples of what stands below, what is known), and
the names in it: of units, procedures, statuses; asked once, remembered."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice, zip_longest
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from app.cases.importing.formats import BadFile, SheetSource
from app.cases.importing.header import LOOK_AT
from app.cases.importing.mapping import ForeignStatus, Mapping, Unknown
from app.cases.importing.models import ImportName, ImportNameKind
from app.cases.importing.queries import remembered_names
from app.cases.importing.service import may_import
from app.cases.importing.values import LONGEST_KEY, name_key, text_of
from app.core.errors import DomainError, NotAllowed, NotFound
from app.core.text import fold, tidy, words
from app.organisation import audit
from app.organisation.access import Actor, Scope
from app.organisation.audit import transaction
from app.organisation.models import Unit
from app.organisation.permissions import Capability, needs
from app.procedures.models import Procedure, ProcedureVersion
from app.web import extensions
from app.web.extensions import db
from app.web.formats import label

# The columns of a file as a person is asked about them: its headings, examples of what stands below, what is known.

EXAMPLES, EXAMPLE_ROWS, LONGEST_EXAMPLE = 2, 20, 60
MOST = 100  # columns asked about
FIELDS = {
    "code": _l("Mã hồ sơ"),
    "received_at": _l("Ngày tiếp nhận"),
    "promised_at": _l("Ngày hẹn trả"),
    "ended_at": _l("Ngày kết thúc"),
    "status": _l("Trạng thái"),
    "procedure": _l("Tên thủ tục"),
    "procedure_code": _l("Mã thủ tục"),
    "field": _l("Lĩnh vực"),
    "unit": _l("Đơn vị xử lý"),
    "officer": _l("Cán bộ xử lý"),
    "applicant": _l("Chủ hồ sơ"),
    "id_number": _l("Số định danh cá nhân, mã số thuế"),
    "phone": _l("Điện thoại"),
    "address": _l("Địa chỉ"),
    "channel": _l("Hình thức nộp"),
    "other_code": _l("Mã ở hệ thống khác"),
    "files_digitised": _l("Số hóa hồ sơ"),
    "result_digitised": _l("Số hóa kết quả"),
    "electronic_result": _l("Kết quả điện tử"),
    "result_attached": _l("Gắn kết quả"),
    "payment": _l("Hình thức thanh toán"),
    "paid_amount": _l("Số tiền đã nộp"),
    "paid_at": _l("Ngày thanh toán"),
    "vneid": _l("Xác thực VNeID"),
    "reused": _l("Dùng lại giấy tờ"),
    "event_name": _l("Tên công việc"),
    "event_at": _l("Thời điểm của công việc"),
    "event_id": _l("Số của công việc"),
    "event_group": _l("Nhóm, phòng làm công việc"),
    "event_actor": _l("Người làm công việc"),
}
"""What a column may give of a case or an event, in words."""


@dataclass(slots=True)
class FileColumn:
    """A heading of a file. `gives`: what it is known to give, "" for nothing."""

    heading: str
    gives: str
    examples: list[str] = field(default_factory=list)

    @property
    def name(self) -> str:
        """Name of the control that asks about it."""
        return f"column:{name_key(self.heading)}"


def columns_of_file(source: SheetSource, mapping: Mapping, name: str) -> list[FileColumn]:
    """The columns under the row that is most like a header: it names most known columns, then most others."""
    known = {key: field for field, keys in mapping.headings.items() for key in keys}
    best: tuple[tuple[int, int], list[FileColumn]] = (0, 0), []
    for sheet in source.sheets():
        if sheet.hidden:
            continue
        rows = list(islice(sheet.rows, LOOK_AT + EXAMPLE_ROWS))
        for place, texts in _headers([cells for _number, cells in rows[:LOOK_AT]]):
            columns = [FileColumn(text, known.get(fold(text), "")) for text in texts]
            named = {fold(each.heading) for each in columns if _is_heading(each.heading)}
            score = sum(bool(each.gives) for each in columns), len(named)
            if score > best[0]:
                best = score, _with_examples(columns, [cells for _number, cells in rows[place + 1 :]])
        if source.alternatives and best[1]:
            break
    if not best[1]:
        raise BadFile("Tệp “%(name)s” không có dòng nào.", name=name)
    seen: dict[str, FileColumn] = {}
    for each in best[1]:
        if fold(each.heading):
            seen.setdefault(fold(each.heading), each)
    return list(seen.values())[:MOST]


def _headers(rows: Sequence[Sequence[Any]]) -> Iterator[tuple[int, list[str]]]:
    """Each row that may be a header, alone and joined with the one above it."""
    above: list[str] = []
    for place, cells in enumerate(rows):
        texts = [tidy(text_of(cell))[:300] for cell in cells]
        yield place, texts
        if above:
            yield place, [low or high for low, high in zip_longest(texts, above, fillvalue="")]
        above = texts


def _is_heading(text: str) -> bool:
    return bool(text) and not any(letter.isdigit() for letter in text)


def _with_examples(columns: list[FileColumn], rows: Sequence[Sequence[Any]]) -> list[FileColumn]:
    for cells in rows[:EXAMPLE_ROWS]:
        for column, cell in zip(columns, cells, strict=False):
            text = tidy(text_of(cell))[:LONGEST_EXAMPLE]
            if text and text not in column.examples and len(column.examples) < EXAMPLES:
                column.examples.append(text)
    return columns


# Names in other software's files, of units, procedures, statuses and columns: asked once, remembered for
# that kind of file.

NEAREST = 5
SHORTEST = 3  # letters of an abbreviation that is looked for
NEAR_ENOUGH = 55  # of 100, as rapidfuzz counts


@dataclass(frozen=True, slots=True)
class Choice:
    """A unit, a procedure, a status or a field of a case that a name may stand for."""

    id: int | str
    code: str
    name: str

    @property
    def shown(self) -> str:
        """Code and name, as a list offers it."""
        return f"{self.code} · {self.name}" if self.code else self.name


@dataclass(frozen=True, slots=True)
class RememberedName:
    """A remembered name and what it stands for; `stands_for` None: it is made when a file brings it."""

    record: ImportName
    stands_for: Choice | None


def choices(scope: Scope, kind: ImportNameKind, *, closed: bool = False) -> list[Choice]:
    """Every unit still in being (`closed`: the closed ones too), every procedure by its latest name, every status, or
    every field that a column may give."""
    if kind is ImportNameKind.STATUS:
        return [Choice(each.value, "", label(each)) for each in ForeignStatus]
    if kind is ImportNameKind.COLUMN:
        return [Choice(field, "", str(words)) for field, words in FIELDS.items()]
    if kind is ImportNameKind.UNIT:
        units = select(Unit.id, Unit.code, Unit.name).where(Unit.site == scope.site)
        if not closed:
            units = units.where(Unit.valid_to.is_(None))
        return [Choice(*row) for row in db.session.execute(units.order_by(Unit.code))]
    versions = (
        select(Procedure.id, Procedure.code, ProcedureVersion.name)
        .join(ProcedureVersion, ProcedureVersion.procedure_id == Procedure.id)
        .where(Procedure.site == scope.site)
        .order_by(Procedure.code, ProcedureVersion.number)
    )
    latest = {row.id: Choice(*row) for row in db.session.execute(versions)}
    return list(latest.values())


def nearest(name: str, known: Sequence[Choice], limit: int = NEAREST) -> list[Choice]:
    """The known ones whose folded name, or code, is most like that name. They are offered, never chosen."""
    texts = {number: fold(f"{choice.name} {choice.code}") for number, choice in enumerate(known)}
    from rapidfuzz import fuzz, process

    shortened = [n for n, choice in enumerate(known) if _is_short_for(words(name), choice)]
    found = process.extract(fold(name), texts, scorer=fuzz.token_set_ratio, limit=limit, score_cutoff=NEAR_ENOUGH)
    return [known[n] for n in dict.fromkeys([*shortened, *(number for _text, _score, number in found)])][:limit]


def _is_short_for(said: Sequence[str], choice: Choice) -> bool:
    """`P. LĐ-VL`, `Phòng LĐ-VL`, `LĐVL` for Phòng Lao động – Việc làm: the first letters of its words, or of the last
    of them, some words written out."""
    whole = words(choice.name)
    short = "".join(word[0] if word in whole else word for word in said)
    initials = "".join(word[0] for word in whole)
    return len(short) >= SHORTEST and (initials.endswith(short) or fold(choice.code).replace(" ", "") == short)


def chosen(text: str, known: Sequence[Choice]) -> Choice:
    """The one that somebody typed: its code, its name, or both as the list offers them. Raises DomainError."""
    wanted = fold(text)
    for choice in known:
        if wanted in (fold(choice.code or str(choice.id)), fold(choice.shown)):
            return choice
    named = [choice for choice in known if fold(choice.name) == wanted]
    if len(named) == 1:
        return named[0]
    raise DomainError(
        "Không có “%(name)s” trong danh mục: hãy chọn một dòng trong danh sách gợi ý.",
        field="stands_for",
        name=text[:100],
    )


def may_create(mapping: Mapping, kind: ImportNameKind) -> bool:
    """Whether files of that kind may bring new units or procedures."""
    if kind not in (ImportNameKind.UNIT, ImportNameKind.PROCEDURE):
        return False
    unknown = mapping.unknown.units if kind is ImportNameKind.UNIT else mapping.unknown.procedures
    return unknown is Unknown.CREATE


@needs(Capability.IMPORT_CASES)
def remember_name(
    scope: Scope, by: Actor, mapping: Mapping, kind: ImportNameKind, name: str, stands_for: int | str | None
) -> ImportName:
    """From now on that name in files of this mapping stands for that unit or procedure (id), status or field (word);
    None: it is made.

    Raises DomainError when there is no such thing, or the mapping does not let any be made.
    """
    _check_may(scope)
    name = tidy(name)[:LONGEST_KEY]
    key = name_key(name)
    if not key:
        raise DomainError("Hãy nhập tên trong tệp.", field="name")
    target = next((choice for choice in choices(scope, kind) if choice.id == stands_for), None)
    if stands_for is not None and target is None:
        raise NotFound("Không tìm thấy đơn vị hoặc thủ tục này.", field="stands_for")
    if kind is ImportNameKind.COLUMN and stands_for not in mapping.fields:
        raise DomainError("Loại tệp “%(mapping)s” không có cột như thế.", field="stands_for", mapping=mapping.name)
    if stands_for is None and not may_create(mapping, kind):
        raise DomainError("Loại tệp “%(mapping)s” không cho tạo mới.", field="stands_for", mapping=mapping.name)
    with transaction() as session:
        told = session.scalar(
            select(ImportName)
            .where(ImportName.site == scope.site, ImportName.mapping == mapping.name[:64])
            .where(ImportName.kind == kind, ImportName.key == key)
        )
        if told is None:
            told = ImportName(site=scope.site, mapping=mapping.name[:64], kind=kind, key=key)
            session.add(told)
        told.name, told.person_id, told.told_at = name, by.person_id, extensions.now()
        told.unit_id = stands_for if isinstance(stands_for, int) and kind is ImportNameKind.UNIT else None
        told.procedure_id = stands_for if isinstance(stands_for, int) and kind is ImportNameKind.PROCEDURE else None
        told.means = stands_for if isinstance(stands_for, str) else ""
        session.flush()
        code = target.code or str(target.id) if target else ""
        audit.record(
            by, "remember_import_name", "import_name", told.id, mapping=mapping.name, kind=kind, name=name, code=code
        )
    return told


@needs(Capability.IMPORT_CASES)
def forget_name(scope: Scope, by: Actor, name_id: int) -> None:
    """That name is asked about again. What was imported stays as it is."""
    _check_may(scope)
    with transaction() as session:
        told = one_name(scope, name_id)
        session.delete(told)
        audit.record(
            by, "forget_import_name", "import_name", name_id, mapping=told.mapping, kind=told.kind, name=told.name
        )


def one_name(scope: Scope, name_id: int) -> ImportName:
    """A remembered name. Raises NotFound, also for who may not import."""
    told = db.session.scalar(select(ImportName).where(ImportName.id == name_id, ImportName.site == scope.site))
    if told is None or not may_import(scope):
        raise NotFound("Không tìm thấy tên gọi này.")
    return told


def told_names(scope: Scope, mapping: str | None = None) -> list[RememberedName]:
    """Every remembered name with what it stands for."""
    _check_may(scope)
    known = {kind: {choice.id: choice for choice in choices(scope, kind, closed=True)} for kind in ImportNameKind}
    return [
        RememberedName(told, known[told.kind].get(told.unit_id or told.procedure_id or told.means))
        for told in remembered_names(scope.site, mapping)
    ]


def _check_may(scope: Scope) -> None:
    if not may_import(scope):
        raise NotAllowed("Chỉ bộ phận một cửa và quản trị viên được nhập hồ sơ từ tệp.")
