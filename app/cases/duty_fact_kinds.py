"""The kinds of facts about what is owed after something happened to a case: explained, apologised for, noted.

Facts about a single case carry its code as `subject`, as `case_overdue` does, so that a rule can ask which overdue
case has no explanation. Days are ISO days of the site.
"""

from __future__ import annotations

from app.facts import FactField, FactKind

CASES, STAGES = "hồ sơ", "bước xử lý"


def _count(name: str, unit: str, vi: str, en: str) -> FactField:
    return FactField(name, int, unit, {"vi": vi, "en": en})


def _text(name: str, vi: str, en: str) -> FactField:
    return FactField(name, str, "", {"vi": vi, "en": en})


def _truth(name: str, vi: str, en: str) -> FactField:
    return FactField(name, bool, "", {"vi": vi, "en": en})


EXPLANATION = FactKind(
    "explanation",
    "case",
    (
        _truth(
            "by_head",
            "Do người đứng đầu đơn vị có hồ sơ quá hạn giải trình",
            "Given by the head of the unit whose case is overdue",
        ),
        _text(
            "sent_on",
            "Ngày gửi giải trình (năm-tháng-ngày): lần đầu của người đứng đầu, nếu không có thì lần đầu của người khác",
            "Day it was sent (ISO): first by the head, or, without one by the head, first by anybody",
        ),
        _truth("accepted", "Giám đốc Sở chấp nhận lần giải trình gần nhất", "The Director accepted the latest one"),
        _truth(
            "returned",
            "Lần giải trình gần nhất bị trả lại, chưa gửi lại",
            "The latest one was returned, and none was sent since",
        ),
    ),
    {
        "vi": "Giải trình một hồ sơ quá hạn trong kỳ (hoặc bắt đầu quá hạn từ kỳ trước), gửi Giám đốc Sở qua Văn phòng "
        "Sở",
        "en": "Explanation of a case overdue in the period (or fallen overdue since the one before), to the Director "
        "through the Office",
    },
)

APOLOGY = FactKind(
    "apology",
    "case",
    (
        _text("sent_on", "Ngày gửi văn bản xin lỗi đầu (năm-tháng-ngày)", "Day of the first written apology (ISO)"),
        _truth(
            "has_new_date",
            "Có ngày hẹn trả mới, hoặc không còn gì để hẹn vì hồ sơ đã kết thúc khi xin lỗi",
            "Promises a new date, or had none to promise because the case had ended by then",
        ),
    ),
    {
        "vi": "Xin lỗi bằng văn bản về một hồ sơ quá hạn trong kỳ (hoặc bắt đầu quá hạn từ kỳ trước), hoặc sai sót "
        "được xin lỗi trong kỳ",
        "en": "Written apology for a case overdue in the period (or fallen overdue since the one before), or for a "
        "mistake apologised for in it",
    },
)

CASE_FAULT = FactKind(
    "case_fault",
    "case",
    (
        _text("found_on", "Ngày phát hiện sai sót (năm-tháng-ngày)", "Day on which the mistake was found (ISO)"),
        _text(
            "source",
            "Do đâu phát hiện: unit (đơn vị), applicant (người nộp), inspection (kiểm tra), complaint (khiếu nại)",
            "How it came to light: unit, applicant, inspection, complaint",
        ),
        _text("what", "Sai sót", "What was wrong"),
    ),
    {
        "vi": "Một sai sót trong giải quyết hồ sơ, phát hiện trong kỳ hoặc kỳ liền trước (sai sót thứ hai của một hồ "
        "sơ mang tên mã#2)",
        "en": "A mistake in the handling of a case, found in the period or in the one before it (the second one of a "
        "case is named code#2)",
    },
)

APOLOGY_FOR_FAULT = FactKind(
    "apology_for_fault",
    "case",
    (
        _text(
            "sent_on",
            "Ngày gửi văn bản xin lỗi đầu tiên vì sai sót, kể từ ngày phát hiện (năm-tháng-ngày)",
            "Day of the first written apology for a mistake since it was found (ISO)",
        ),
        _truth(
            "has_new_date",
            "Có ngày hẹn trả mới, hoặc không còn gì để hẹn vì hồ sơ đã kết thúc khi xin lỗi",
            "Promises a new date, or had none to promise because the case had ended by then",
        ),
    ),
    {
        "vi": "Xin lỗi bằng văn bản vì một sai sót phát hiện trong kỳ hoặc kỳ liền trước",
        "en": "Written apology for a mistake found in the period or in the one before it",
    },
)

STAGE_NOTE = FactKind(
    "stage_note",
    "unit",
    (
        _count(
            "stages_ended",
            STAGES,
            "Bước xử lý kết thúc trong kỳ tại đơn vị chuyên môn (không tính bước của Bộ phận Một cửa)",
            "Stages ended in the period at divisions (those of the one-stop desk left out)",
        ),
        _count(
            "with_note",
            STAGES,
            "Trong số đó: có ý kiến xử lý của đơn vị giữ hồ sơ",
            "Of those: with a processing note by the unit that held the case",
        ),
    ),
    {"vi": "Gắn ý kiến xử lý vào từng bước của hồ sơ", "en": "Processing notes attached to each stage of a case"},
)

RESULT_ATTACHED = FactKind(
    "result_attached",
    "unit",
    (
        _count(
            "closed",
            CASES,
            "Hồ sơ có trả kết quả, kết thúc trên phần mềm trong kỳ",
            "Cases that end with a result, closed on the software in the period",
        ),
        _count(
            "attached",
            CASES,
            "Trong số đó: đã gắn kết quả (bản số hóa hoặc bản điện tử)",
            "Of those: with the result attached (a scan or an electronic copy)",
        ),
    ),
    {"vi": "Gắn kết quả giải quyết vào hồ sơ", "en": "Results attached to cases"},
)

OFFICER_OVERDUE = FactKind(
    "officer_overdue",
    "officer",
    (
        _count("overdue", CASES, "Hồ sơ quá hạn trong kỳ của cán bộ", "Overdue cases of the officer in the period"),
        _text("cases", "Mã các hồ sơ đó", "Codes of those cases"),
    ),
    {
        "vi": "Hồ sơ quá hạn theo cán bộ xử lý, để xem xét trách nhiệm cá nhân",
        "en": "Overdue cases by the officer handling them, for review of personal responsibility",
    },
)
