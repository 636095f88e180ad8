"""What the reader sees for the words of plan tasks."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from app.organisation.registries import name_actions, name_details, name_subjects
from app.tasks.deadlines import DeadlineKind
from app.tasks.models import TaskEventKind, TaskRole
from app.tasks.progress import TaskState
from app.web.formats import add_labels

# One call an enumeration: words of different enumerations are equal as text.
add_labels(
    {
        TaskState.OVERDUE: _l("Quá hạn"),
        TaskState.AT_RISK: _l("Có nguy cơ"),
        TaskState.REJECTED: _l("Không đạt"),
        TaskState.SUBMITTED: _l("Chờ duyệt"),
        TaskState.NOT_STARTED: _l("Chưa bắt đầu"),
        TaskState.IN_PROGRESS: _l("Đang làm"),
        TaskState.ACCEPTED: _l("Đạt"),
    }
)
add_labels(
    {
        DeadlineKind.DAY: _l("Có ngày cuối cùng"),
        DeadlineKind.SPAN: _l("Trong khoảng thời gian"),
        DeadlineKind.RECURRING: _l("Thường xuyên"),
        DeadlineKind.OPEN: _l("Chờ mốc"),
        DeadlineKind.UNREAD: _l("Chưa đọc được"),
    }
)
add_labels({TaskRole.LEAD: _l("Chủ trì"), TaskRole.COOPERATE: _l("Phối hợp")})
EVENTS = {
    TaskEventKind.ASSIGNED: _l("Giao nhiệm vụ"),
    TaskEventKind.STARTED: _l("Bắt đầu triển khai"),
    TaskEventKind.PROGRESS: _l("Báo cáo tiến độ"),
    TaskEventKind.ADJUSTMENT_REQUESTED: _l("Đề nghị điều chỉnh thời hạn"),
    TaskEventKind.ADJUSTMENT_GRANTED: _l("Chấp nhận điều chỉnh"),
    TaskEventKind.ADJUSTMENT_REFUSED: _l("Không chấp nhận điều chỉnh"),
    TaskEventKind.SUBMITTED: _l("Nộp kết quả"),
    TaskEventKind.ACCEPTED: _l("Kết quả đạt yêu cầu"),
    TaskEventKind.REJECTED: _l("Kết quả không đạt yêu cầu"),
}
add_labels(EVENTS)

COLUMNS = {
    "number": _l("Số"),
    "section": _l("Nhóm"),
    "text": _l("Nội dung"),
    "product": _l("Sản phẩm"),
    "lead_text": _l("Đơn vị chủ trì"),
    "cooperating_text": _l("Đơn vị phối hợp"),
    "deadline_text": _l("Thời hạn"),
}
"""What the columns of an annex are called."""

name_subjects({"plan": _l("Kế hoạch"), "plan_task": _l("Nhiệm vụ của kế hoạch")})
name_actions(
    {f"task_{kind}": name for kind, name in EVENTS.items()}
    | {
        "load_tasks": _l("Nạp phụ lục nhiệm vụ"),
        "set_deadline": _l("Nhập thời hạn của nhiệm vụ"),
        "confirm_deadline": _l("Xác nhận cách đọc thời hạn"),
        "name_lead": _l("Xác định đơn vị chủ trì"),
    }
)
name_details(
    {
        "plan": _l("Kế hoạch"),
        "number": _l("Số"),
        "on": _l("Ngày"),
        "percent": _l("Tiến độ (%)"),
        "due_on": _l("Ngày cuối cùng"),
        "document": _l("Văn bản"),
        "assigned_on": _l("Ngày giao"),
        "rows": _l("Số nhiệm vụ"),
        "new": _l("Mới"),
        "changed_tasks": _l("Nhiệm vụ thay đổi"),
        "removed": _l("Đã bỏ"),
        "kept": _l("Giữ lại vì đã có việc"),
        "units": _l("Đơn vị"),
    }
)
