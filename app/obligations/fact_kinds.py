"""The kinds of facts that the duties of plans deliver. The SQL that fills them is in facts.py.

All is told as it stood at the end of the period, or now while it runs: what was done later had not happened yet.
Only what is handed in for a period comes after it, and is told as it stood at the end of the next one, or stands now. A
day that is due lasts to its end. Every unit in being in the period has its facts, with noughts where nothing was
recorded, so that a duty nobody thought of is seen to be missing.
"""

from __future__ import annotations

from app.core.facts import FactField, FactKind

ANSWERS = "phiếu"
CASES = "hồ sơ"
DAYS = "ngày"
DIALOGUES = "cuộc đối thoại"
DIRECTIVES = "văn bản"
LISTS = "danh mục"
NEWS = "tin, bài"
PERCENT = "%"
PETITIONS = "phản ánh, kiến nghị"
REPORTS = "báo cáo"
ROUNDS = "đợt khảo sát"
WORKING_DAYS = "ngày làm việc"


def _field(name: str, kind: type[int] | type[str] | type[bool], unit: str, vi: str, en: str) -> FactField:
    return FactField(name, kind, unit, {"vi": vi, "en": en})


def _count(name: str, unit: str, vi: str, en: str) -> FactField:
    return _field(name, int, unit, vi, en)


def _handed_in(name: str, unit: str, vi: str, en: str) -> tuple[FactField, FactField]:
    """How many were handed in for the period, and how late the first of them was."""
    return (
        _count(name, unit, f"{vi} đã nộp cho kỳ này", f"{en}s handed in for the period"),
        _count(
            f"{name}_days",
            WORKING_DAYS,
            f"{vi}: số ngày làm việc từ sau ngày cuối kỳ đến ngày nộp bản đầu tiên; 0 nếu nộp trong kỳ hoặc chưa nộp",
            f"{en}: working days after the period's last day until the first was handed in; 0 if handed in within "
            "the period, or not at all",
        ),
    )


FILING = FactKind(
    "filing",
    "unit",
    (
        *_handed_in("monthly_report", REPORTS, "Báo cáo tháng", "Monthly report"),
        *_handed_in("quarterly_report", REPORTS, "Báo cáo quý", "Quarterly report"),
        *_handed_in("half_year_report", REPORTS, "Báo cáo 6 tháng", "Half-year report"),
        *_handed_in("annual_report", REPORTS, "Báo cáo năm", "Annual report"),
        *_handed_in("dated_report", REPORTS, "Báo cáo theo yêu cầu", "Dated report"),
        *_handed_in("catalogue_list", LISTS, "Danh mục thủ tục hành chính", "Catalogue list"),
        _count("news_items", NEWS, "Tin, bài tuyên truyền trong kỳ", "News items in the period"),
        _count("dialogues", DIALOGUES, "Cuộc đối thoại trong kỳ", "Dialogues in the period"),
        _count(
            "working_days_since_end",
            WORKING_DAYS,
            "Số ngày làm việc đã bắt đầu từ sau ngày cuối kỳ đến lúc kiểm tra, không tính quá kỳ liền sau; 0 nếu kỳ "
            "chưa hết",
            "Working days begun since the period's last day at the instant of the check, none after the next period; "
            "0 while the period runs",
        ),
    ),
    {
        "vi": "Báo cáo, danh mục đã nộp cho kỳ, tính đến hết kỳ liền sau; tin, bài và đối thoại trong kỳ",
        "en": "Reports and lists handed in for the period until the next one ended; news items and dialogues in it",
    },
)

YEAR_COUNT = FactKind(
    "year_count",
    "unit",
    (
        _count("news_items", NEWS, "Tin, bài từ đầu năm đến lúc kiểm tra", "News items of the year so far"),
        _count("dialogues", DIALOGUES, "Cuộc đối thoại từ đầu năm đến lúc kiểm tra", "Dialogues of the year so far"),
    ),
    {
        "vi": "Tin, bài và đối thoại của năm mà kỳ thuộc về, tính đến lúc kiểm tra",
        "en": "News items and dialogues of the period's year, until the instant of the check",
    },
)

DIRECTIVES_CARRIED_OUT = FactKind(
    "directives",
    "unit",
    (
        _count(
            "due",
            DIRECTIVES,
            "Văn bản chỉ đạo có hạn trong kỳ đã hết hạn hoặc đã thực hiện xong, cộng với quá hạn từ trước chưa xong",
            "Directives due in the period whose day has passed or that are done, plus those overdue from before and "
            "not done",
        ),
        _count("done", DIRECTIVES, "Trong số đó: đã thực hiện xong", "Of those: done"),
        _count(
            "done_in_time",
            DIRECTIVES,
            "Trong số đó: thực hiện xong không sau ngày hết hạn",
            "Of those: done on or before the due day",
        ),
    ),
    {"vi": "Thực hiện văn bản chỉ đạo có hạn", "en": "Directives with a due day, and their carrying out"},
)

PETITION = FactKind(
    "petition",
    "petition",
    (
        _field("answered", bool, "", "Đã trả lời", "Has been answered"),
        _field(
            "overdue",
            bool,
            "",
            "Trả lời sau ngày hết hạn, hoặc đã qua ngày hết hạn mà chưa trả lời",
            "Answered after the due day, or not answered and the due day has passed",
        ),
        _count(
            "days_late",
            DAYS,
            "Số ngày quá hạn (ngày theo lịch) đến ngày trả lời hoặc đến nay; 0 nếu không quá hạn",
            "Calendar days past the due day until the answer, or until now; 0 when not overdue",
        ),
    ),
    {
        "vi": "Một phản ánh, kiến nghị có hạn trả lời trong kỳ, hoặc đã quá hạn từ trước mà chưa trả lời",
        "en": "A petition due in the period, or overdue from before and not answered",
    },
)

PETITIONS_ANSWERED = FactKind(
    "petitions",
    "unit",
    (
        _count(
            "due",
            PETITIONS,
            "Phản ánh, kiến nghị có hạn trong kỳ, đã hết hạn hoặc đã trả lời",
            "Petitions due in the period whose day has passed or that are answered",
        ),
        _count(
            "answered_in_time",
            PETITIONS,
            "Trong số đó: trả lời không sau ngày hết hạn",
            "Of those: answered on or before the due day",
        ),
    ),
    {"vi": "Trả lời phản ánh, kiến nghị đúng hạn", "en": "Petitions answered in time"},
)

SATISFACTION = FactKind(
    "satisfaction",
    "unit",
    (
        _count(
            "administrative_answered",
            ANSWERS,
            "Phiếu trả lời về cơ quan hành chính",
            "Answers about administrative bodies",
        ),
        _count("administrative_satisfied", ANSWERS, "Trong số đó: hài lòng", "Of those: satisfied"),
        _count(
            "public_answered",
            ANSWERS,
            "Phiếu trả lời về đơn vị sự nghiệp công lập",
            "Answers about public service units",
        ),
        _count("public_satisfied", ANSWERS, "Trong số đó: hài lòng", "Of those: satisfied"),
        _count("rounds", ROUNDS, "Đợt khảo sát đã có kết quả", "Rounds of the survey that have results"),
    ),
    {
        "vi": "Kết quả khảo sát mức độ hài lòng từ đầu năm đến cuối kỳ",
        "en": "Results of satisfaction surveys from the start of the year to the period's end",
    },
)

ONLINE_SHARE = FactKind(
    "online_share",
    "unit",
    (
        _count(
            "received",
            CASES,
            "Hồ sơ tiếp nhận trong kỳ của thủ tục cung cấp trực tuyến (toàn trình hoặc một phần), đã rõ hình thức nộp",
            "Cases received in the period on procedures offered online (fully or partly), whose channel is known",
        ),
        _count("online", CASES, "Trong số đó: nộp trực tuyến", "Of those: submitted online"),
        _count(
            "unknown_received",
            CASES,
            "Hồ sơ tiếp nhận trong kỳ chưa rõ hình thức nộp, hoặc chưa rõ thủ tục có cung cấp trực tuyến hay không",
            "Cases received in the period whose channel, or whether their procedure is offered online, is not known",
        ),
        _count(
            "fully_online_received",
            CASES,
            "Hồ sơ tiếp nhận trong kỳ của thủ tục toàn trình, đã rõ hình thức nộp",
            "Cases received in the period on procedures offered fully online, whose channel is known",
        ),
        _count("fully_online", CASES, "Trong số đó: nộp trực tuyến", "Of those: submitted online"),
        _count(
            "unknown_fully_online",
            CASES,
            "Hồ sơ tiếp nhận trong kỳ chưa rõ hình thức nộp, hoặc chưa rõ thủ tục có phải toàn trình hay không",
            "Cases received in the period whose channel, or whether their procedure is fully online, is not known",
        ),
        _count(
            "target_percent",
            PERCENT,
            "Chỉ tiêu hồ sơ trực tuyến được giao cho năm; 0 nếu chưa giao",
            "Share of cases online assigned for the year; 0 when none is assigned",
        ),
        _field("has_target", bool, "", "Đã được giao chỉ tiêu của năm", "Has been assigned a target for the year"),
    ),
    {
        "vi": "Hồ sơ nộp trực tuyến và chỉ tiêu được giao cho đơn vị",
        "en": "Cases submitted online, and the target assigned to the unit",
    },
)
