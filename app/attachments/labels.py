"""What the reader sees for the words of attachments."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from app.attachments.models import AttachmentKind
from app.attachments.signatures.outcomes import SignatureOutcome
from app.attachments.signatures.roots import TrustKind
from app.organisation.registries import EvidenceOf, name_actions, name_details, name_subjects
from app.web.formats import add_labels

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
