"""Attachments: what is known of a stored file. The bytes lie in the store, under their hash. And what
the reader sees for its words."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.attachments.signatures.outcomes import SignatureOutcome
from app.attachments.signatures.roots import TrustKind
from app.cases.models import CaseDocument
from app.organisation.registries import EvidenceOf, name_actions, name_details, name_subjects
from app.web.extensions import Base, Key, Record
from app.web.formats import add_labels


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


add_labels(
    {
        AttachmentKind.COMPONENT: _l("Thành phần hồ sơ"),
        AttachmentKind.RESULT: _l("Kết quả điện tử"),
        AttachmentKind.OTHER: _l("Tài liệu khác"),
    }
)
add_labels(
    {
        EvidenceOf.VIOLATION: _l("Vi phạm"),
        EvidenceOf.EXPLANATION: _l("Giải trình hồ sơ quá hạn"),
        EvidenceOf.FILING: _l("Báo cáo, việc đã ghi"),
        EvidenceOf.TASK: _l("Nhiệm vụ kế hoạch"),
        EvidenceOf.SCORE: _l("Điểm tự chấm"),
        EvidenceOf.WAIVER: _l("Miễn áp dụng"),
        EvidenceOf.SEAL: _l("Niêm phong"),
    }
)
add_labels(
    {
        SignatureOutcome.VALID: _l("Chữ ký hợp lệ"),
        SignatureOutcome.UNCHECKED: _l("Chữ ký hợp lệ, chưa xác minh thu hồi"),
        SignatureOutcome.UNTRUSTED: _l("Chữ ký không tin cậy"),
        SignatureOutcome.CHANGED: _l("Đã bị sửa sau khi ký"),
        SignatureOutcome.NONE: _l("Không có chữ ký số"),
    }
)
add_labels(
    {
        TrustKind.ROOT: _l("Chứng thư gốc"),
        TrustKind.BETWEEN: _l("Chứng thư trung gian"),
        TrustKind.LIST: _l("Danh sách thu hồi"),
        TrustKind.UNREADABLE: _l("Không đọc được"),
    }
)
name_subjects({"attachment": _l("Tệp đính kèm"), "evidence_file": _l("Tệp minh chứng")})
name_actions(
    {
        "attach_file": _l("Đính kèm tệp"),
        "confirm_shared_file": _l("Xác nhận một tệp cho nhiều giấy tờ"),
        "reuse_file": _l("Dùng lại tệp đã số hóa"),
        "remove_file": _l("Gỡ tệp đính kèm"),
        "attach_evidence": _l("Thêm tệp minh chứng"),
        "remove_evidence": _l("Gỡ tệp minh chứng"),
        "look_into_signatures": _l("Xem chữ ký số trong tệp"),
        "find_damaged_file": _l("Phát hiện tệp hỏng"),
        "delete_orphan_files": _l("Xóa tệp không thuộc hồ sơ nào"),
    }
)
name_details(
    {
        "file": _l("Tệp"),
        "files": _l("Tệp"),
        "file_kind": _l("Loại"),
        "document": _l("Giấy tờ"),
        "sha256": _l("Mã băm SHA-256"),
        "from_case": _l("Từ hồ sơ"),
        "of": _l("Minh chứng cho"),
        "holder": _l("Của"),
        "signature": _l("Chữ ký số"),
    },
    {"file_kind": AttachmentKind, "of": EvidenceOf, "signature": SignatureOutcome},
)
