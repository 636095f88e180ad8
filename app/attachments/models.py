"""Attachments: what is known of a stored file. The bytes lie in the store, under their hash."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.attachments.signatures.outcomes import SignatureOutcome
from app.cases.models import CaseDocument
from app.organisation.registries import EvidenceOf
from app.web.extensions import Base, Key, Record


class AttachmentKind(StrEnum):
    """What a file is of."""

    COMPONENT = "component"  # a document of the applicant's file (thành phần hồ sơ)
    RESULT = "result"  # the electronic result
    OTHER = "other"


class StoredFile:
    """What is known of a file wherever it belongs. A removed one stays in the record, with who removed it and why."""

    file_name: Mapped[str] = mapped_column(String(255))
    media_type: Mapped[str] = mapped_column(String(100))  # by content, never by name
    size: Mapped[int]  # bytes
    sha256: Mapped[str] = mapped_column(String(64))
    pages: Mapped[int | None]
    added_at: Mapped[datetime]
    added_by_id: Mapped[int | None] = mapped_column(Key, ForeignKey("people.id"))
    removed_at: Mapped[datetime | None]
    removed_by_id: Mapped[int | None] = mapped_column(Key, ForeignKey("people.id"))
    removed_reason: Mapped[str] = mapped_column(Text, default="")
    # What the signatures in it said when it was looked into; none for what bears none that is read (DOCX, XLSX), and
    # for what was stored before signatures were.
    signature: Mapped[SignatureOutcome | None]
    signatures: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default=text("'{}'"))  # LookedInto.kept


class Attachment(StoredFile, Record, Base):
    """One file of a case."""

    __tablename__ = "attachments"
    __table_args__ = (Index(None, "case_id"), Index(None, "sha256"), Index(None, "reused_from_id"))

    case_id: Mapped[int] = mapped_column(Key, ForeignKey("cases.id"))
    document_id: Mapped[int | None] = mapped_column(Key, ForeignKey("case_documents.id"), index=True)
    kind: Mapped[AttachmentKind]
    reused_from_id: Mapped[int | None] = mapped_column(Key, ForeignKey("attachments.id"))  # digitised for another case
    shared_reason: Mapped[str] = mapped_column(Text, default="", server_default="")  # why one file is two papers

    document: Mapped[CaseDocument | None] = relationship(lazy="raise")


class EvidenceFile(StoredFile, Record, Base):
    """One file that proves what a record says: which, `of` and `holder_id` tell. `holder`: its name in the trail."""

    __tablename__ = "evidence_files"
    __table_args__ = (Index(None, "site", "of", "holder_id"), Index(None, "sha256"))

    of: Mapped[EvidenceOf]
    holder_id: Mapped[int] = mapped_column(Key)
    holder: Mapped[str] = mapped_column(String(255))
