"""The kinds of facts that the duties of plans deliver. The SQL that fills them is in facts.py.

All is told as it stood at the end of the period, or now while it runs: what was done later had not happened yet.
What is handed in for a period comes after it: each such thing is told with the day on which it came, and the rule that
asks for it says in which period that is judged. A day that is due lasts to its end. Every unit in being in the period
has its facts, with noughts where nothing was recorded, so that a duty nobody thought of is seen to be missing.
"""

from __future__ import annotations

from app.core.errors import NP_
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
    flag_field("handed_in", NP_("fact", "Đã nộp")),
    text_field(
        "handed_in_on",
        NP_("fact", "Ngày nộp bản đầu tiên (năm-tháng-ngày), trống nếu chưa nộp"),
    ),
)
"""Of anything that is handed in: whether and when."""
_ENDED_ON = text_field("ended_on", NP_("fact", "Ngày cuối của kỳ (năm-tháng-ngày)"))


def _owed(name: str, says: str, *more: FactField) -> FactKind:
    """One thing that a unit hands in for a period that has ended, which is its subject: "2024-06"."""
    return FactKind(
        name,
        "period",
        (_ENDED_ON, *HANDED_IN, *more),
        says,
    )


def _planned(name: str, says: str) -> FactKind:
    """A plan that a unit hands in for a year that has begun, which is its subject: "2024"."""
    days = (
        text_field("began_on", NP_("fact", "Ngày đầu của năm (năm-tháng-ngày)")),
        text_field(
            "first_quarter_ends_on",
            NP_("fact", "Ngày cuối quý I của năm (năm-tháng-ngày)"),
        ),
        text_field("ended_on", NP_("fact", "Ngày cuối của năm (năm-tháng-ngày)")),
    )
    return FactKind(
        name,
        "period",
        (*days, *HANDED_IN),
        says,
    )


MONTHLY_REPORT = _owed(
    "monthly_report",
    NP_(
        "fact",
        "Báo cáo tháng của một kỳ đã hết, đã nộp hay chưa, kể cả còn nợ từ các kỳ trước",
    ),
)
QUARTERLY_REPORT = _owed(
    "quarterly_report",
    NP_(
        "fact",
        "Báo cáo quý của một kỳ đã hết, đã nộp hay chưa, kể cả còn nợ từ các kỳ trước",
    ),
)
HALF_YEAR_REPORT = _owed(
    "half_year_report",
    NP_(
        "fact",
        "Báo cáo 6 tháng của một kỳ đã hết, đã nộp hay chưa, kể cả còn nợ từ các kỳ trước",
    ),
)
ANNUAL_REPORT = _owed(
    "annual_report",
    NP_(
        "fact",
        "Báo cáo năm của một kỳ đã hết, đã nộp hay chưa, kể cả còn nợ từ các kỳ trước",
    ),
)
DATED_REPORT = _owed(
    "dated_report",
    NP_(
        "fact",
        "Báo cáo theo yêu cầu tại kỳ báo cáo quý của một kỳ đã hết, đã nộp hay chưa, kể cả còn nợ từ các kỳ trước",
    ),
    count_field("quarter", QUARTERS, NP_("fact", "Quý thứ mấy của năm")),
)
CATALOGUE_LIST = _owed(
    "catalogue_list",
    NP_(
        "fact",
        "Danh mục thủ tục hành chính hằng tháng của một kỳ đã hết, đã nộp hay chưa, kể cả còn nợ từ các kỳ trước",
    ),
    count_field(
        "procedures",
        PROCEDURES,
        NP_(
            "fact",
            "Thủ tục còn hiệu lực ngày cuối kỳ thuộc trách nhiệm của đơn vị (không kể thủ tục nội bộ)",
        ),
    ),
)

DEPARTMENT_REPORT = _owed(
    "department_report",
    NP_(
        "fact",
        "Báo cáo CCHC định kỳ của Sở gửi Sở Nội vụ, UBND tỉnh của một kỳ đã hết, đã nộp "
        "hay chưa, kể cả còn nợ từ các kỳ trước",
    ),
)
OFFICE_REPORT = _owed(
    "office_report",
    NP_(
        "fact",
        "Báo cáo tình hình các phòng, đơn vị gửi Giám đốc Sở của một kỳ đã hết, đã nộp "
        "hay chưa, kể cả còn nợ từ các kỳ trước",
    ),
)
REFORM_PLAN = _planned(
    "reform_plan",
    NP_(
        "fact",
        "Kế hoạch cải cách hành chính của một năm đã bắt đầu, đã nộp hay chưa, kể cả còn nợ từ các năm trước",
    ),
)
TRAINING_PLAN = _planned(
    "training_plan",
    NP_(
        "fact",
        "Kế hoạch tập huấn, bồi dưỡng cải cách hành chính của một năm đã bắt đầu, đã "
        "nộp hay chưa, kể cả còn nợ từ các năm trước",
    ),
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
        count_field("news_items", NEWS, NP_("fact", "Tin, bài từ đầu năm đến lúc kiểm tra")),
        count_field("dialogues", DIALOGUES, NP_("fact", "Cuộc đối thoại từ đầu năm đến lúc kiểm tra")),
    ),
    NP_(
        "fact",
        "Tin, bài và đối thoại của năm mà kỳ thuộc về, tính đến lúc kiểm tra",
    ),
)

DIRECTIVES_CARRIED_OUT = FactKind(
    "directives",
    "unit",
    (
        count_field(
            "due",
            DIRECTIVES,
            NP_(
                "fact",
                "Văn bản chỉ đạo có hạn trong kỳ đã hết hạn hoặc đã thực hiện xong, cộng với quá hạn từ "
                "trước chưa xong; không ghi hạn thì hạn là ngày cuối năm nhận",
            ),
        ),
        count_field("done", DIRECTIVES, NP_("fact", "Trong số đó: đã thực hiện xong")),
        count_field(
            "done_in_time",
            DIRECTIVES,
            NP_("fact", "Trong số đó: thực hiện xong không sau ngày hết hạn"),
        ),
        count_field(
            "waiting",
            DIRECTIVES,
            NP_(
                "fact",
                "Văn bản chỉ đạo đã nhận, có hạn trong kỳ, chưa hết hạn và chưa xong",
            ),
        ),
    ),
    NP_("fact", "Thực hiện văn bản chỉ đạo"),
)

PETITION = FactKind(
    "petition",
    "petition",
    (
        flag_field("answered", NP_("fact", "Đã trả lời")),
        flag_field(
            "overdue",
            NP_(
                "fact",
                "Trả lời sau ngày hết hạn, hoặc đã qua ngày hết hạn mà chưa trả lời",
            ),
        ),
        count_field(
            "days_late",
            DAYS,
            NP_(
                "fact",
                "Số ngày quá hạn (ngày theo lịch) đến ngày trả lời hoặc đến nay; 0 nếu không quá hạn",
            ),
        ),
    ),
    NP_(
        "fact",
        "Một phản ánh, kiến nghị có hạn trả lời trong kỳ, hoặc đã quá hạn từ trước mà chưa trả lời",
    ),
)

PETITIONS_ANSWERED = FactKind(
    "petitions",
    "unit",
    (
        count_field(
            "due",
            PETITIONS,
            NP_(
                "fact",
                "Phản ánh, kiến nghị có hạn trong kỳ, đã hết hạn hoặc đã trả lời",
            ),
        ),
        count_field(
            "answered_in_time",
            PETITIONS,
            NP_("fact", "Trong số đó: trả lời không sau ngày hết hạn"),
        ),
    ),
    NP_("fact", "Trả lời phản ánh, kiến nghị đúng hạn"),
)

SATISFACTION = FactKind(
    "satisfaction",
    "unit",
    (
        count_field(
            "administrative_answered",
            ANSWERS,
            NP_("fact", "Phiếu trả lời về cơ quan hành chính"),
        ),
        count_field("administrative_satisfied", ANSWERS, NP_("fact", "Trong số đó: hài lòng")),
        count_field(
            "public_answered",
            ANSWERS,
            NP_("fact", "Phiếu trả lời về đơn vị sự nghiệp công lập"),
        ),
        count_field("public_satisfied", ANSWERS, NP_("fact", "Trong số đó: hài lòng")),
        count_field("rounds", ROUNDS, NP_("fact", "Đợt khảo sát đã có kết quả")),
    ),
    NP_("fact", "Kết quả khảo sát mức độ hài lòng từ đầu năm đến cuối kỳ"),
)

ONLINE_SHARE = FactKind(
    "online_share",
    "unit",
    (
        count_field(
            "received",
            CASES,
            NP_(
                "fact",
                "Hồ sơ tiếp nhận trong kỳ của thủ tục cung cấp trực tuyến (toàn trình hoặc một phần), đã "
                "rõ hình thức nộp",
            ),
        ),
        count_field("online", CASES, NP_("fact", "Trong số đó: nộp trực tuyến")),
        count_field(
            "unknown_received",
            CASES,
            NP_(
                "fact",
                "Hồ sơ tiếp nhận trong kỳ chưa rõ hình thức nộp, hoặc chưa rõ thủ tục có cung cấp trực tuyến hay không",
            ),
        ),
        count_field(
            "fully_online_received",
            CASES,
            NP_(
                "fact",
                "Hồ sơ tiếp nhận trong kỳ của thủ tục toàn trình, đã rõ hình thức nộp",
            ),
        ),
        count_field("fully_online", CASES, NP_("fact", "Trong số đó: nộp trực tuyến")),
        count_field(
            "unknown_fully_online",
            CASES,
            NP_(
                "fact",
                "Hồ sơ tiếp nhận trong kỳ chưa rõ hình thức nộp, hoặc chưa rõ thủ tục có phải toàn trình hay không",
            ),
        ),
        count_field(
            "target_percent",
            PERCENT,
            NP_("fact", "Chỉ tiêu hồ sơ trực tuyến được giao cho năm; 0 nếu chưa giao"),
        ),
        flag_field("has_target", NP_("fact", "Đã được giao chỉ tiêu của năm")),
    ),
    NP_("fact", "Hồ sơ nộp trực tuyến và chỉ tiêu được giao cho đơn vị"),
)
