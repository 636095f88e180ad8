"""The kinds of facts that plan tasks deliver. The SQL that fills them is in task_facts.py.

A task is told per unit that leads it (đơn vị chủ trì), as it stood at the instant of the check: what was recorded
for later days is not known yet. A task handed in again after it was rejected counts as handed in the second time.
"""

from __future__ import annotations

from app.facts import FactField, FactKind

DAYS = "ngày"
TASKS = "nhiệm vụ"
PERCENT = "%"


def _field(name: str, kind: type[int] | type[str] | type[bool], unit: str, vi: str, en: str) -> FactField:
    return FactField(name, kind, unit, {"vi": vi, "en": en})


TASK = FactKind(
    "task",
    "task",
    (
        _field("plan", str, "", "Mã văn bản của kế hoạch", "Code of the plan's document"),
        _field("number", str, "", "Số của nhiệm vụ trong phụ lục, kèm nhóm", "Number in the annex, with its group"),
        _field(
            "due", str, "", "Ngày cuối cùng, đã tính điều chỉnh; trống nếu không có", "Last day as adjusted; else empty"
        ),
        _field("has_due", bool, "", "Có ngày cuối cùng", "Has a last day"),
        _field(
            "waiting",
            bool,
            "",
            "Chưa có ngày: chờ mốc bên ngoài, hoặc thời hạn chưa đọc được",
            "No day yet: waits for something outside, or its deadline could not be read",
        ),
        _field("started", bool, "", "Đơn vị đã bắt đầu triển khai", "The unit has begun"),
        _field("done", bool, "", "Đã nộp kết quả", "The result is handed in"),
        _field("done_late", bool, "", "Nộp kết quả sau ngày cuối cùng", "Handed in after the last day"),
        _field(
            "past_due",
            bool,
            "",
            "Đã qua ngày cuối cùng mà chưa nộp",
            "The last day has passed and nothing is handed in",
        ),
        _field(
            "accepted", bool, "", "Kết quả được đánh giá đạt yêu cầu", "The result was found to meet the requirement"
        ),
        _field("rejected", bool, "", "Kết quả được đánh giá không đạt yêu cầu", "The result was found not to meet it"),
        _field("percent", int, PERCENT, "Tiến độ đơn vị báo cáo", "Progress as the unit reported it"),
        _field("span_days", int, DAYS, "Từ ngày giao đến ngày cuối cùng", "From the day it was given to its last day"),
        _field(
            "used_before_start",
            int,
            PERCENT,
            "Phần thời gian đã qua trước khi bắt đầu; chưa bắt đầu thì tính đến nay",
            "Share of that time gone before the unit began; until now if it has not begun",
        ),
        _field(
            "days_to_due", int, DAYS, "Số ngày còn lại đến ngày cuối cùng; 0 nếu đã qua", "Days left; 0 when none is"
        ),
        _field(
            "adjustment_after_due",
            bool,
            "",
            "Đề nghị điều chỉnh được gửi sau ngày cuối cùng",
            "An adjustment was asked for after the last day",
        ),
    ),
    {
        "vi": "Một nhiệm vụ của kế hoạch và đơn vị chủ trì: bắt đầu, hoàn thành, đánh giá, điều chỉnh",
        "en": "A task of a plan and the unit that leads it: begun, done, judged, adjusted",
    },
)

TASK_TOTALS = FactKind(
    "task_totals",
    "unit",
    (
        _field("tasks_due", int, TASKS, "Nhiệm vụ có ngày cuối cùng trong kỳ", "Tasks whose last day is in the period"),
        _field(
            "done_in_time",
            int,
            TASKS,
            "Trong số đó: đã nộp kết quả không sau ngày cuối cùng",
            "Of those: handed in on or before the last day",
        ),
        _field("open", int, TASKS, "Nhiệm vụ đã giao mà chưa nộp kết quả", "Tasks given and not handed in"),
    ),
    {"vi": "Nhiệm vụ của kế hoạch mà đơn vị chủ trì", "en": "Plan tasks that the unit leads"},
)
