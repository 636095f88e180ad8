"""What is handed in with a case, and what is owed for it: worked out before the case is written."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from werkzeug.datastructures import MultiDict

from app.cases.vocabulary import Channel
from app.core.errors import N_, DomainError
from app.core.text import tidy
from app.procedures.contents import Owed, owed
from app.procedures.models import CopyKind, FeeExemption, ProcedureVersion

MOST_COPIES, MOST_SETS, MOST_DOCUMENTS = 999, 99, 100
COUNTS = ("originals", "certified", "copies", "electronic")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_LONGEST = {"applicant": 200, "id_number": 32, "phone": 32, "address": 300, "email": 200, "owner": 200}


@dataclass(frozen=True, slots=True)
class Applicant:
    """Who applies. Only the name is required; `owner` is whose case it is when somebody else hands it in."""

    name: str
    id_number: str = ""  # CCCD or tax number
    phone: str = ""
    address: str = ""
    email: str = ""
    owner: str = ""


@dataclass(frozen=True, slots=True)
class HandedIn:
    """One document as it was handed in: how many of each kind. One that the procedure does not name has a name.

    `reused` is an attachment of an earlier case of the same applicant, which stands for a scan of this document.
    """

    document_id: int | None = None  # of the procedure's list
    name: str = ""
    originals: int = 0
    certified: int = 0
    copies: int = 0
    electronic: int = 0
    note: str = ""
    reused: int | None = None

    @property
    def received(self) -> int:
        """How many were handed in, of whatever kind."""
        return self.originals + self.certified + self.copies + self.electronic


class DocumentsMissing(DomainError):
    """Documents that the file must hold were not handed in; `names` are those of the procedure's list."""

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__(
            N_("Hồ sơ còn thiếu %(n)s giấy tờ bắt buộc: %(names)s."),
            field="documents",
            n=len(names),
            names="; ".join(names),
        )
        self.names = tuple(names)


def check_applicant(applicant: Applicant) -> None:
    """DomainError at the field for what cannot be kept of an applicant."""
    if not tidy(applicant.name):
        raise DomainError("Hãy nhập tên người nộp hồ sơ.", field="applicant")
    for field, longest in _LONGEST.items():
        if len(tidy(getattr(applicant, "name" if field == "applicant" else field))) > longest:
            raise DomainError("Không quá %(most)s ký tự.", field=field, most=longest)
    if tidy(applicant.email) and not _EMAIL.fullmatch(tidy(applicant.email)):
        raise DomainError("Địa chỉ thư điện tử phải có dạng ten@donvi.vn.", field="email")


def check_sets(sets: int) -> None:
    """DomainError unless so many sets of papers can be handed in."""
    if not 1 <= sets <= MOST_SETS:
        raise DomainError("Số bộ hồ sơ phải từ 1 đến %(most)s.", field="sets", most=MOST_SETS)


def document_rows(version: ProcedureVersion, handed_in: Sequence[HandedIn]) -> list[dict[str, Any]]:
    """The documents of the file in order: those of the procedure's list, missing ones too, then the others.

    One of another list (the procedure changed meanwhile) is kept under its name. Raises DomainError at `documents`.
    """
    listed = {document.id: document for document in version.documents}
    given: dict[int, HandedIn] = {}
    others: list[HandedIn] = []
    for one in handed_in:
        _check_counts(one)
        if one.document_id in listed and one.document_id not in given:
            given[one.document_id] = one
        elif tidy(one.name):
            others.append(one)
        elif one.received:
            raise DomainError("Hãy nhập tên của giấy tờ khác đã nhận.", field="documents")
    if len(listed) + len(others) > MOST_DOCUMENTS:
        raise DomainError("Không quá %(most)s giấy tờ một hồ sơ.", field="documents", most=MOST_DOCUMENTS)
    rows = [
        {"procedure_document_id": key, "name": document.name, "required": document.required}
        | _counts(given.get(key, HandedIn()))
        for key, document in listed.items()
    ]
    rows += [{"procedure_document_id": None, "name": tidy(o.name), "required": False} | _counts(o) for o in others]
    return [{"position": position} | row for position, row in enumerate(rows, 1)]


def reused_scans(rows: Sequence[dict[str, Any]], handed_in: Sequence[HandedIn]) -> dict[int, int]:
    """The scans of earlier cases chosen for these documents: number of the document in the procedure's list -> scan."""
    listed = {row["procedure_document_id"] for row in rows}
    chosen = {one.document_id: one.reused for one in handed_in}
    return {key: scan for key, scan in chosen.items() if key in listed and key is not None and scan is not None}


def missing_documents(rows: Sequence[dict[str, Any]]) -> list[str]:
    """Names of the required documents of which nothing was handed in."""
    return [row["name"] for row in rows if row["required"] and not any(row[count] for count in COUNTS)]


def owed_for(version: ProcedureVersion, exemption_id: int | None) -> tuple[Owed, FeeExemption | None]:
    """What is owed for a case of this version, and the exemption applied. DomainError at `exemption` if unknown."""
    exemption = next((e for e in version.exemptions if e.id == exemption_id), None)
    if exemption_id is not None and exemption is None:
        raise DomainError("Thủ tục này không có đối tượng miễn, giảm đã chọn.", field="exemption")
    return owed(version.charges, version.fee, exemption.percent_off if exemption else 0), exemption


def exemption_text(exemption: FeeExemption | None) -> str:
    """The exemption as a case keeps it: `Người khuyết tật (giảm 50%)`, whatever the procedure says later."""
    if exemption is None:
        return ""
    off = "miễn" if exemption.percent_off == 100 else f"giảm {exemption.percent_off}%"
    return f"{exemption.name[: 200 - len(off) - 3]} ({off})"


def _counts(one: HandedIn) -> dict[str, Any]:
    return {count: getattr(one, count) for count in COUNTS} | {"note": tidy(one.note)}


def _check_counts(one: HandedIn) -> None:
    if not all(0 <= getattr(one, count) <= MOST_COPIES for count in COUNTS):
        raise DomainError("Số bản của một giấy tờ phải từ 0 đến %(most)s.", field="documents", most=MOST_COPIES)


# The checklist of the intake form: a row for each document of the procedure, then rows for others. Pure.
#
# The rows are fields of the form, `documents-0-originals` and so on; what was typed stays with its document whatever
# its place. Nothing is shown as handed in before somebody says so: row by row, or of all required documents at once.

SPARE = 1  # empty rows for documents that the procedure does not name
MOST_ROWS = 100
FIELDS = ("document_id", "name", *COUNTS, "note", "reused")
_ROW_FIELD = re.compile(rf"documents-(\d{{1,3}})-({'|'.join(FIELDS)})")
COUNT_OF = {
    CopyKind.ORIGINAL: "originals",
    CopyKind.CERTIFIED: "certified",
    CopyKind.COPY: "copies",
    CopyKind.ELECTRONIC: "electronic",
}

Row = dict[str, str]
Typed = MultiDict[str, str]


class RequiredDocument(Protocol):
    """A document of the procedure."""

    @property
    def id(self) -> int: ...
    @property
    def required(self) -> bool: ...
    @property
    def copy_kind(self) -> CopyKind: ...
    @property
    def quantity(self) -> int: ...


def kind_asked(document: RequiredDocument, channel: Channel) -> str:
    """The count that grows when the document comes as asked; online in electronic form."""
    return "electronic" if channel is Channel.ONLINE else COUNT_OF[document.copy_kind]


def handed_in_as_asked(document: RequiredDocument, channel: Channel) -> Row:
    """How many of each kind a required document is handed in by when it comes as asked."""
    kind = kind_asked(document, channel)
    return {count: str(document.quantity) if count == kind and document.required else "" for count in COUNTS}


def with_checklist(
    typed: Typed,
    documents: Sequence[RequiredDocument],
    channel: Channel,
    *,
    adapt: bool = False,
    complete: bool = False,
    more: int = 0,
) -> Typed:
    """What was typed, with a row for each of these documents in order, the others that have a name, and empty rows.

    With `adapt` the channel has just been chosen: rows that say no more than that a document came as asked follow it.
    With `complete` every required document of which nothing was noted came as asked. `more` are further empty rows.
    """
    rows = list(_rows(typed))
    of_document = {row["document_id"]: row for row in rows if row.get("document_id")}
    shown: list[Row] = []
    for document in documents:
        row = {"document_id": str(document.id)} | of_document.get(str(document.id), {})
        if (complete and _empty(row)) or (adapt and _as_asked(row, document)):
            row |= handed_in_as_asked(document, channel)
        shown.append(row)
    others = [row for row in rows if not row.get("document_id") and any(row.get(field) for field in FIELDS)]
    empty = [dict[str, str]() for _ in range(SPARE + more)]
    changed: Typed = MultiDict((k, v) for k, v in typed.items(multi=True) if not k.startswith("documents-"))
    for number, row in enumerate([*shown, *others, *empty][:MOST_ROWS]):
        changed.update({f"documents-{number}-{field}": row.get(field, "") for field in FIELDS})
    return changed


def _empty(row: Mapping[str, str]) -> bool:
    return not any(row.get(said, "").strip("0") for said in (*COUNTS, "reused"))


def _as_asked(row: Mapping[str, str], document: RequiredDocument) -> bool:
    counts = {count: row.get(count, "") for count in COUNTS}
    return any(counts.values()) and any(counts == handed_in_as_asked(document, channel) for channel in Channel)


def _rows(typed: Typed) -> Iterable[Row]:
    rows: dict[int, Row] = {}
    for key, value in typed.items():
        if found := _ROW_FIELD.fullmatch(key):
            rows.setdefault(int(found[1]), {})[found[2]] = value.strip()
    return (row for _number, row in sorted(rows.items()))
