"""What the reader sees for tracks, steps and stages of a publication, and in the audit trail."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from app.organisation.registries import name_actions, name_details, name_subjects
from app.publications.clocks import PublicationStep, Stage
from app.publications.models import PublicationTrack
from app.web.formats import add_labels

# One call an enumeration: words of different enumerations are equal as text.
add_labels(
    {
        PublicationTrack.CATALOGUE: _l("Công bố danh mục thủ tục"),
        PublicationTrack.EARLY_NUMBER: _l("Công bố, quyết định lấy số trước"),
        PublicationTrack.PROCESS: _l("Quy trình nội bộ và công khai"),
    }
)
add_labels(
    {
        PublicationStep.DIVISION: _l("Phòng chuyên môn"),
        PublicationStep.OFFICE: _l("Văn phòng Sở"),
        PublicationStep.WHOLE: _l("Cả hai bước"),
        PublicationStep.JOINT: _l("Hai đơn vị cùng làm"),
    }
)
add_labels(
    {
        Stage.DIVISION: _l("Phòng chuyên môn đang làm"),
        Stage.OFFICE: _l("Văn phòng đang làm"),
        Stage.JOINT: _l("Hai đơn vị đang làm"),
        Stage.FINISHED: _l("Đã trình, chưa công khai"),
        Stage.PUBLISHED: _l("Đã công khai"),
    }
)

DATES = {
    "printed_on": _l("Ngày ghi trên quyết định"),
    "arrived_on": _l("Ngày đến trên hệ thống quản lý văn bản"),
    "handed_over_on": _l("Ngày bàn giao cho Văn phòng"),
    "finished_on": _l("Ngày trình hoặc hoàn thành"),
    "published_on": _l("Ngày công khai"),
}

name_subjects(
    {
        "publication": _l("Công bố thủ tục"),
        "catalogue_check": _l("Kiểm tra danh mục"),
        "procedure_review": _l("Rà soát thủ tục"),
    }
)
name_actions(
    {
        "open_publication": _l("Ghi quyết định phải công bố"),
        "hand_over_publication": _l("Bàn giao cho Văn phòng"),
        "finish_publication": _l("Trình, hoàn thành"),
        "make_public": _l("Công khai thủ tục"),
        "correct_publication": _l("Đính chính việc công bố"),
        "withdraw_publication": _l("Hủy việc công bố ghi nhầm"),
        "record_check": _l("Kiểm tra danh mục"),
        "fix_defects": _l("Cập nhật lại danh mục"),
        "remove_check": _l("Xóa lần kiểm tra ghi nhầm"),
        "record_review": _l("Rà soát thủ tục"),
        "correct_review": _l("Đính chính lần rà soát"),
        "approve_simplification": _l("Phê duyệt phương án đơn giản hóa"),
        "remove_review": _l("Xóa lần rà soát ghi nhầm"),
    }
)
name_details(
    {
        **DATES,
        "track": _l("Loại việc"),
        "decision": _l("Quyết định"),
        "division": _l("Phòng chuyên môn"),
        "office": _l("Văn phòng"),
        "procedures": _l("Thủ tục"),
        "on": _l("Ngày"),
        "note": _l("Ghi chú"),
        "checked_on": _l("Ngày kiểm tra"),
        "portal": _l("Cổng Dịch vụ công"),
        "one_stop": _l("Phần mềm một cửa"),
        "website": _l("Trang thông tin của Sở"),
        "defects": _l("Sai sót"),
        "fixed_on": _l("Ngày cập nhật lại"),
        "publication": _l("Công bố thủ tục"),
        "reviewed_on": _l("Ngày rà soát"),
        "restructured": _l("Tái cấu trúc quy trình"),
        "fields_before": _l("Thông tin khai báo trước"),
        "fields_after": _l("Thông tin khai báo sau"),
        "proposal": _l("Đề xuất"),
        "simplification_approved_on": _l("Ngày phê duyệt"),
        "approved_on": _l("Ngày phê duyệt"),
    },
    words={"track": PublicationTrack},
)
