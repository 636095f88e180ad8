"""What the reader sees for how a duty stands, and for what was done to the index."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from app.organisation.registries import name_actions, name_details, name_subjects
from app.reporting.obligations import ObligationStatus
from app.web.formats import add_labels

add_labels(
    {
        ObligationStatus.MISSING: _l("Chưa làm, quá hạn"),
        ObligationStatus.LATE: _l("Đã làm, chậm"),
        ObligationStatus.NOT_YET: _l("Chưa đến hạn"),
        ObligationStatus.DONE: _l("Đúng hạn"),
        ObligationStatus.WAIVED: _l("Được miễn"),
    }
)
name_subjects({"index": _l("Bộ chỉ số 766"), "control_report": _l("Báo cáo giải quyết thủ tục hành chính")})
name_actions(
    {
        "record_portal_scores": _l("Ghi điểm của Cổng"),
        "import_portal_scores": _l("Nhập điểm của Cổng từ tệp"),
        "confirm_index_value": _l("Xác nhận giá trị của bộ chỉ số 766"),
        "mark_report_sent": _l("Ghi báo cáo đã gửi"),
        "withdraw_sent_report": _l("Rút việc ghi báo cáo đã gửi"),
        "withdraw_index_confirmation": _l("Rút xác nhận giá trị của bộ chỉ số 766"),
    }
)
name_details(
    {
        "value_name": _l("Giá trị nào"),
        "value": _l("Giá trị"),
        "seen_in": _l("Văn bản đã xem"),
        "sent_on": _l("Ngày gửi"),
        "columns": _l("Dòng tổng số, cột 3 đến 13"),
    }
)
