"""What the reader sees for the words of duties."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from app.obligations.models import BodyKind, FilingKind
from app.organisation.registries import name_actions, name_details, name_subjects
from app.web.formats import add_labels

add_labels(
    {
        FilingKind.MONTHLY_REPORT: _l("Báo cáo tháng"),
        FilingKind.QUARTERLY_REPORT: _l("Báo cáo quý"),
        FilingKind.HALF_YEAR_REPORT: _l("Báo cáo 6 tháng"),
        FilingKind.ANNUAL_REPORT: _l("Báo cáo năm"),
        FilingKind.DATED_REPORT: _l("Báo cáo theo yêu cầu"),
        FilingKind.CATALOGUE_LIST: _l("Danh mục TTHC hằng tháng"),
        FilingKind.DEPARTMENT_REPORT: _l("Báo cáo CCHC của Sở gửi Sở Nội vụ, UBND tỉnh"),
        FilingKind.OFFICE_REPORT: _l("Báo cáo của Văn phòng Sở gửi Giám đốc"),
        FilingKind.RISK_REPORT: _l("Báo cáo nhiệm vụ chậm, có nguy cơ"),
        FilingKind.REFORM_PLAN: _l("Kế hoạch CCHC năm"),
        FilingKind.TRAINING_PLAN: _l("Kế hoạch tập huấn, bồi dưỡng CCHC"),
        FilingKind.AUTONOMY: _l("Quyết định tự bảo đảm chi thường xuyên"),
        FilingKind.NEWS_ITEM: _l("Tin, bài tuyên truyền"),
        FilingKind.DIALOGUE: _l("Đối thoại"),
    }
)
add_labels(
    {
        BodyKind.ADMINISTRATIVE: _l("Cơ quan hành chính"),
        BodyKind.PUBLIC_SERVICE: _l("Đơn vị sự nghiệp công lập"),
    }
)
name_subjects(
    {
        "filing": _l("Báo cáo, tin bài, đối thoại"),
        "directive": _l("Văn bản chỉ đạo"),
        "petition": _l("Phản ánh, kiến nghị"),
        "survey": _l("Khảo sát hài lòng"),
        "online_target": _l("Chỉ tiêu hồ sơ trực tuyến"),
    }
)
name_actions(
    {
        "hand_in": _l("Ghi nộp báo cáo, tin bài, đối thoại"),
        "withdraw_filing": _l("Rút báo cáo, tin bài, đối thoại"),
        "register_directive": _l("Giao văn bản chỉ đạo"),
        "finish_directive": _l("Thực hiện xong văn bản chỉ đạo"),
        "receive_petition": _l("Tiếp nhận phản ánh, kiến nghị"),
        "answer_petition": _l("Trả lời phản ánh, kiến nghị"),
        "record_survey": _l("Ghi kết quả khảo sát"),
        "import_surveys": _l("Nhập kết quả khảo sát"),
        "remove_survey": _l("Xóa kết quả khảo sát"),
        "set_online_target": _l("Giao chỉ tiêu hồ sơ trực tuyến"),
    }
)
name_details(
    {
        "filed_on": _l("Ngày nộp"),
        "received_on": _l("Ngày nhận"),
        "issuer": _l("Cơ quan ban hành"),
        "done_on": _l("Ngày thực hiện xong"),
        "answered_on": _l("Ngày trả lời"),
        "answer": _l("Nội dung trả lời"),
        "round": _l("Đợt khảo sát"),
        "held_on": _l("Ngày kết thúc đợt"),
        "asked": _l("Phiếu phát ra"),
        "answered": _l("Phiếu thu về"),
        "satisfied": _l("Phiếu hài lòng"),
        "refused": _l("Số dòng không nhận"),
    }
)
