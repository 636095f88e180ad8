"""The checklist of the intake form: a row for each document of the procedure, then rows for others. Pure.

The rows are fields of the form, `documents-0-originals` and so on; what was typed stays with its document whatever
its place. Nothing is shown as handed in before somebody says so: row by row, or of all required documents at once.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from werkzeug.datastructures import MultiDict

from app.cases.intake.contents import COUNTS
from app.cases.vocabulary import Channel
from app.procedures.models import CopyKind

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
