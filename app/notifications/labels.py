"""What the reader sees for each word of the room."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from app.notifications.models import ReminderStep
from app.organisation.audit_words import name_actions, name_details, name_subjects
from app.web.formats import add_labels

add_labels(
    {
        ReminderStep.TWO_DAYS: _l("Còn 2 ngày làm việc"),
        ReminderStep.ONE_DAY: _l("Còn 1 ngày làm việc"),
        ReminderStep.DUE_TODAY: _l("Đến hạn hôm nay"),
        ReminderStep.OVERDUE: _l("Quá hạn"),
        ReminderStep.NOT_CLOSED: _l("Có kết quả, chưa kết thúc"),
    }
)
name_actions({"make_reminders": _l("Nhắc việc"), "want_mail": _l("Nhận hoặc thôi nhận thư nhắc việc")})
name_subjects({"reminder": _l("Nhắc việc")})
name_details({"made": _l("số lời nhắc"), "wanted": _l("nhận thư")})
