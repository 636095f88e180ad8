"""The kinds of facts that the duties of plans deliver. The SQL that fills them is in facts.py.

All is told as it stood at the end of the period, or now while it runs: what was done later had not happened yet.
What is handed in for a period comes after it: each such thing is told with the day on which it came, and the rule that
asks for it says in which period that is judged. A day that is due lasts to its end. Every unit in being in the period
has its facts, with noughts where nothing was recorded, so that a duty nobody thought of is seen to be missing.
"""

from __future__ import annotations

from app.core.facts import FactField, FactKind, count_field, flag_field, text_field

ANSWERS = "phiếu"
CASES = "hồ sơ"
DAYS = "ngày"
DIALOGUES = "cuộc đối thoại"
DIRECTIVES = "văn bản"
NEWS = "tin, bài"
PERCENT = "%"
PETITIONS = "phản ánh, kiến nghị"
PROCEDURES = "thủ tục"
QUARTERS = "quý"
ROUNDS = "đợt khảo sát"


HANDED_IN = (
    flag_field("handed_in", "Đã nộp", "Has been handed in"),
    text_field(
        "handed_in_on",
        "Ngày nộp bản đầu tiên (năm-tháng-ngày), trống nếu chưa nộp",
        "Day on which the first was handed in (ISO), empty where none was",
    ),
)
"""Of anything that is handed in: whether and when."""
_ENDED_ON = text_field("ended_on", "Ngày cuối của kỳ (năm-tháng-ngày)", "The period's last day (ISO)")


def _owed(name: str, noun: tuple[str, str], *more: FactField) -> FactKind:
    """One thing that a unit hands in for a period that has ended, which is its subject: "2024-06"."""
    vi, en = noun
    return FactKind(
        name,
        "period",
        (_ENDED_ON, *HANDED_IN, *more),
        {
            "vi": f"{vi} của một kỳ đã hết, đã nộp hay chưa, kể cả còn nợ từ các kỳ trước",
            "en": f"{en} of a period that has ended, handed in or not, those still owed from before among them",
        },
    )


def _planned(name: str, noun: tuple[str, str]) -> FactKind:
    """A plan that a unit hands in for a year that has begun, which is its subject: "2024"."""
    vi, en = noun
    days = (
        text_field("began_on", "Ngày đầu của năm (năm-tháng-ngày)", "The year's first day (ISO)"),
        text_field(
            "first_quarter_ends_on",
            "Ngày cuối quý I của năm (năm-tháng-ngày)",
            "Last day of the year's quarter I (ISO)",
        ),
        text_field("ended_on", "Ngày cuối của năm (năm-tháng-ngày)", "The year's last day (ISO)"),
    )
    return FactKind(
        name,
        "period",
        (*days, *HANDED_IN),
        {
            "vi": f"{vi} của một năm đã bắt đầu, đã nộp hay chưa, kể cả còn nợ từ các năm trước",
            "en": f"{en} of a year that has begun, handed in or not, those still owed from before among them",
        },
    )


MONTHLY_REPORT = _owed("monthly_report", ("Báo cáo tháng", "The monthly report"))
QUARTERLY_REPORT = _owed("quarterly_report", ("Báo cáo quý", "The quarterly report"))
HALF_YEAR_REPORT = _owed("half_year_report", ("Báo cáo 6 tháng", "The half-year report"))
ANNUAL_REPORT = _owed("annual_report", ("Báo cáo năm", "The annual report"))
DATED_REPORT = _owed(
    "dated_report",
    ("Báo cáo theo yêu cầu tại kỳ báo cáo quý", "The report asked for at a quarter's end"),
    count_field("quarter", QUARTERS, "Quý thứ mấy của năm", "Which quarter of the year"),
)
CATALOGUE_LIST = _owed(
    "catalogue_list",
    ("Danh mục thủ tục hành chính hằng tháng", "The monthly list of procedures"),
    count_field(
        "procedures",
        PROCEDURES,
        "Thủ tục còn hiệu lực ngày cuối kỳ thuộc trách nhiệm của đơn vị (không kể thủ tục nội bộ)",
        "Procedures in force on the period's last day that the unit is accountable for (internal ones left out)",
    ),
)

DEPARTMENT_REPORT = _owed(
    "department_report",
    (
        "Báo cáo CCHC định kỳ của Sở gửi Sở Nội vụ, UBND tỉnh",
        "The Department's periodic reform report to the Department of Home Affairs and the Province",
    ),
)
OFFICE_REPORT = _owed(
    "office_report",
    (
        "Báo cáo tình hình các phòng, đơn vị gửi Giám đốc Sở",
        "The Office's report to the Director on the divisions and units",
    ),
)
REFORM_PLAN = _planned("reform_plan", ("Kế hoạch cải cách hành chính", "The administrative reform plan"))
TRAINING_PLAN = _planned(
    "training_plan", ("Kế hoạch tập huấn, bồi dưỡng cải cách hành chính", "The reform training plan")
)

PLANS = (REFORM_PLAN, TRAINING_PLAN)
OWED = {
    kind.name: kind
    for kind in (
        *(MONTHLY_REPORT, QUARTERLY_REPORT, HALF_YEAR_REPORT, ANNUAL_REPORT, DATED_REPORT, CATALOGUE_LIST),
        *(DEPARTMENT_REPORT, OFFICE_REPORT, *PLANS),
    )
}
"""What is handed in for a period and has a last day, by the kind of filing: one fact for each unit and period that is
not long settled."""

YEAR_COUNT = FactKind(
    "year_count",
    "unit",
    (
        count_field("news_items", NEWS, "Tin, bài từ đầu năm đến lúc kiểm tra", "News items of the year so far"),
        count_field(
            "dialogues", DIALOGUES, "Cuộc đối thoại từ đầu năm đến lúc kiểm tra", "Dialogues of the year so far"
        ),
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
        count_field(
            "due",
            DIRECTIVES,
            "Văn bản chỉ đạo có hạn trong kỳ đã hết hạn hoặc đã thực hiện xong, cộng với quá hạn từ trước chưa xong; "
            "không ghi hạn thì hạn là ngày cuối năm nhận",
            "Directives due in the period whose day has passed or that are done, plus those overdue from before and "
            "not done; without a day of its own one is due on the last day of the year in which it came",
        ),
        count_field("done", DIRECTIVES, "Trong số đó: đã thực hiện xong", "Of those: done"),
        count_field(
            "done_in_time",
            DIRECTIVES,
            "Trong số đó: thực hiện xong không sau ngày hết hạn",
            "Of those: done on or before the due day",
        ),
        count_field(
            "waiting",
            DIRECTIVES,
            "Văn bản chỉ đạo đã nhận, có hạn trong kỳ, chưa hết hạn và chưa xong",
            "Directives received and due in the period whose day has not passed and that are not done",
        ),
    ),
    {"vi": "Thực hiện văn bản chỉ đạo", "en": "Directives, and their carrying out"},
)

PETITION = FactKind(
    "petition",
    "petition",
    (
        flag_field("answered", "Đã trả lời", "Has been answered"),
        flag_field(
            "overdue",
            "Trả lời sau ngày hết hạn, hoặc đã qua ngày hết hạn mà chưa trả lời",
            "Answered after the due day, or not answered and the due day has passed",
        ),
        count_field(
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
        count_field(
            "due",
            PETITIONS,
            "Phản ánh, kiến nghị có hạn trong kỳ, đã hết hạn hoặc đã trả lời",
            "Petitions due in the period whose day has passed or that are answered",
        ),
        count_field(
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
        count_field(
            "administrative_answered",
            ANSWERS,
            "Phiếu trả lời về cơ quan hành chính",
            "Answers about administrative bodies",
        ),
        count_field("administrative_satisfied", ANSWERS, "Trong số đó: hài lòng", "Of those: satisfied"),
        count_field(
            "public_answered",
            ANSWERS,
            "Phiếu trả lời về đơn vị sự nghiệp công lập",
            "Answers about public service units",
        ),
        count_field("public_satisfied", ANSWERS, "Trong số đó: hài lòng", "Of those: satisfied"),
        count_field("rounds", ROUNDS, "Đợt khảo sát đã có kết quả", "Rounds of the survey that have results"),
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
        count_field(
            "received",
            CASES,
            "Hồ sơ tiếp nhận trong kỳ của thủ tục cung cấp trực tuyến (toàn trình hoặc một phần), đã rõ hình thức nộp",
            "Cases received in the period on procedures offered online (fully or partly), whose channel is known",
        ),
        count_field("online", CASES, "Trong số đó: nộp trực tuyến", "Of those: submitted online"),
        count_field(
            "unknown_received",
            CASES,
            "Hồ sơ tiếp nhận trong kỳ chưa rõ hình thức nộp, hoặc chưa rõ thủ tục có cung cấp trực tuyến hay không",
            "Cases received in the period whose channel, or whether their procedure is offered online, is not known",
        ),
        count_field(
            "fully_online_received",
            CASES,
            "Hồ sơ tiếp nhận trong kỳ của thủ tục toàn trình, đã rõ hình thức nộp",
            "Cases received in the period on procedures offered fully online, whose channel is known",
        ),
        count_field("fully_online", CASES, "Trong số đó: nộp trực tuyến", "Of those: submitted online"),
        count_field(
            "unknown_fully_online",
            CASES,
            "Hồ sơ tiếp nhận trong kỳ chưa rõ hình thức nộp, hoặc chưa rõ thủ tục có phải toàn trình hay không",
            "Cases received in the period whose channel, or whether their procedure is fully online, is not known",
        ),
        count_field(
            "target_percent",
            PERCENT,
            "Chỉ tiêu hồ sơ trực tuyến được giao cho năm; 0 nếu chưa giao",
            "Share of cases online assigned for the year; 0 when none is assigned",
        ),
        flag_field("has_target", "Đã được giao chỉ tiêu của năm", "Has been assigned a target for the year"),
    ),
    {
        "vi": "Hồ sơ nộp trực tuyến và chỉ tiêu được giao cho đơn vị",
        "en": "Cases submitted online, and the target assigned to the unit",
    },
)
