"""Imports: which file was taken in, what came of every row and case of it, and what its names stand for."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, String, Text, UniqueConstraint, false
from sqlalchemy.orm import Mapped, mapped_column

from app.web.extensions import Base, Key, Record


class ImportState(StrEnum):
    """Where an import stands."""

    PREVIEWED = "previewed"
    DONE = "done"
    FAILED = "failed"
    UNDONE = "undone"


class Import(Record, Base):
    """A file taken in: which, by whom, under which mapping, and what came of every row."""

    __tablename__ = "imports"

    file_name: Mapped[str] = mapped_column(String(255))
    sha256: Mapped[str] = mapped_column(String(64))
    mapping: Mapped[str] = mapped_column(String(64))
    mends: Mapped[bool] = mapped_column(
        default=False, server_default=false()
    )  # names in old code pages are read as they were meant
    reopens: Mapped[bool] = mapped_column(
        default=False, server_default=false()
    )  # ended cases in work were opened again
    state: Mapped[ImportState]
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    person_id: Mapped[int | None] = mapped_column(Key, ForeignKey("people.id"))
    rows: Mapped[int] = mapped_column(default=0)
    cases_new: Mapped[int] = mapped_column(default=0)
    cases_changed: Mapped[int] = mapped_column(default=0)
    cases_unchanged: Mapped[int] = mapped_column(default=0)
    events_new: Mapped[int] = mapped_column(default=0)
    refused_count: Mapped[int] = mapped_column(default=0)
    notices: Mapped[list[Any]] = mapped_column(default=list)  # what was created or assumed, one sentence each
    undone_at: Mapped[datetime | None]
    undone_by_id: Mapped[int | None] = mapped_column(Key, ForeignKey("people.id"))


class ImportRefusal(Record, Base):
    """A row that was not taken, and why; the row itself is kept, so that nothing is lost."""

    __tablename__ = "import_refusals"

    import_id: Mapped[int] = mapped_column(Key, ForeignKey("imports.id"), index=True)
    row: Mapped[int]  # as the spreadsheet numbers it, from 1
    column: Mapped[str] = mapped_column(String(120))
    reason: Mapped[str] = mapped_column(Text)
    cells: Mapped[dict[str, Any]]


class ImportedCase(Record, Base):
    """What an import did to one case, so that it can be looked at later and taken back as a whole."""

    __tablename__ = "imported_cases"
    __table_args__ = (UniqueConstraint("import_id", "case_id"),)

    import_id: Mapped[int] = mapped_column(Key, ForeignKey("imports.id"))
    case_id: Mapped[int] = mapped_column(Key, index=True)  # no foreign key: an undone import's new cases are gone
    code: Mapped[str] = mapped_column(String(64))
    is_new: Mapped[bool]
    revision: Mapped[int]  # of the case after the import: another one means that somebody has touched it since
    before: Mapped[dict[str, Any]] = mapped_column(default=dict)  # the case's own columns that the import changed


class ImportNameKind(StrEnum):
    """What an unknown name in a file is a name of."""

    UNIT = "unit"
    PROCEDURE = "procedure"
    STATUS = "status"
    COLUMN = "column"


class ImportName(Record, Base):
    """A name in other software's files, and what a clerk said it stands for: asked once, remembered."""

    __tablename__ = "import_names"
    __table_args__ = (UniqueConstraint("site", "mapping", "kind", "key"),)

    mapping: Mapped[str] = mapped_column(String(64))
    kind: Mapped[ImportNameKind]
    key: Mapped[str] = mapped_column(String(300))  # app.text.fold(name)
    name: Mapped[str] = mapped_column(String(300))
    unit_id: Mapped[int | None] = mapped_column(Key, ForeignKey("units.id"))
    procedure_id: Mapped[int | None] = mapped_column(Key, ForeignKey("procedures.id"))
    means: Mapped[str] = mapped_column(String(40), default="", server_default="")  # of a status, of a column: the word
    person_id: Mapped[int | None] = mapped_column(Key, ForeignKey("people.id"))
    told_at: Mapped[datetime]
