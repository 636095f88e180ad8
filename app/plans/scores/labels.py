"""What the reader sees of score tables: columns, kinds of finding, and what was done to a table."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from app.formats import add_labels
from app.organisation.audit_words import name_actions, name_details, name_subjects
from app.plans.scores.arithmetic import Column, FindingKind

add_labels(
    {
        Column.MAXIMUM: _l("Điểm tối đa"),
        Column.LAST_SCORE: _l("Điểm năm trước"),
        Column.TARGET: _l("Mục tiêu"),
    }
)
add_labels(
    {
        FindingKind.SUM_OF_CHILDREN: _l("Khác tổng các tiêu chí thành phần"),
        FindingKind.ABOVE_MAXIMUM: _l("Cao hơn điểm tối đa"),
        FindingKind.BELOW_LAST_YEAR: _l("Mục tiêu thấp hơn điểm năm trước"),
        FindingKind.FIELD_IN_TEXT: _l("Lời văn và bảng ghi khác nhau"),
        FindingKind.FIELD_MISSING: _l("Lĩnh vực chỉ có ở một nơi"),
        FindingKind.TOTAL_OF_TEXT: _l("Tổng điểm khác tổng các lĩnh vực trong lời văn"),
        FindingKind.TOTAL_OF_TABLE: _l("Tổng điểm khác tổng các lĩnh vực trong bảng"),
        FindingKind.NUMBER_SKIPPED: _l("Thiếu một số thứ tự"),
        FindingKind.NO_MEASURES: _l("Mất điểm mà không có giải pháp"),
    }
)
name_actions(
    {
        "load_score_table": _l("Nạp bảng điểm"),
        "score_criterion": _l("Tự chấm điểm"),
        "assign_lead": _l("Gắn đơn vị chủ trì"),
        "record_result": _l("Ghi kết quả xếp hạng"),
    }
)
name_subjects({"score_table": _l("Bảng điểm"), "criterion": _l("Tiêu chí")})
name_details(
    {
        "self_score": _l("Điểm tự chấm"),
        "evidence": _l("Tài liệu kiểm chứng"),
        "result": _l("Kết quả"),
        "changed_criteria": _l("Tiêu chí thay đổi"),
        "mapped": _l("Tiêu chí gắn được đơn vị"),
        "removed": _l("Tiêu chí bị bỏ"),
        "lead": _l("Chủ trì"),
    }
)
