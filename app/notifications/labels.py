"""What the reader sees for each word of the room."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from app.notifications.models import NoticeKind
from app.organisation.registries import name_actions, name_details, name_subjects
from app.web.formats import add_labels

add_labels(
    {
        NoticeKind.CASE: _l("Hồ sơ đến hạn"),
        NoticeKind.VIOLATION: _l("Vi phạm phải giải trình"),
        NoticeKind.ANSWER: _l("Giải trình vi phạm"),
        NoticeKind.EXPLANATION: _l("Giải trình hồ sơ quá hạn"),
        NoticeKind.MONTH: _l("Chốt, niêm phong tháng"),
        NoticeKind.WAIVER: _l("Miễn áp dụng"),
        NoticeKind.DUTY: _l("Chỉ đạo, phản ánh, báo cáo"),
        NoticeKind.TASK: _l("Nhiệm vụ kế hoạch"),
    }
)
name_actions(
    {
        "tell": _l("Lập thông báo"),
        "make_reminders": _l("Nhắc việc"),  # entries from before there were notices
        "sweep": _l("Dọn thông báo cũ"),
        "want_mail": _l("Chọn thông báo nhận bằng thư"),
    }
)
name_subjects({"notice": _l("Thông báo"), "reminder": _l("Nhắc việc")})
name_details(
    {"made": _l("số thông báo"), "wanted": _l("nhận thư"), "unmailed": _l("không nhận thư về")},
    {"unmailed": NoticeKind},
)
