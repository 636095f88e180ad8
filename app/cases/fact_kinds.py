"""The kinds of facts that the records of cases deliver, as data: names, fields, what each number counts.

All counts are of one unit in one period, on the site's days. A count that is part of another is never greater
than it. The SQL that fills them is in the sources that register these kinds.
"""

from __future__ import annotations

from app.facts import FactField, FactKind
from app.procedures.fact_kinds import CATALOGUE_PAYMENT

CASES = "hồ sơ"
RESULTS = "kết quả"
PAYMENTS = "giao dịch"
STAGES = "bước xử lý"
WORKING_DAYS = "ngày làm việc"


def _count(name: str, unit: str, vi: str, en: str) -> FactField:
    return FactField(name, int, unit, {"vi": vi, "en": en})


def _text(name: str, vi: str, en: str) -> FactField:
    return FactField(name, str, "", {"vi": vi, "en": en})


TIMELINESS = FactKind(
    "timeliness",
    "unit",
    (
        _count("finished", CASES, "Hồ sơ kết thúc trong kỳ", "Cases ended in the period"),
        _count(
            "on_time",
            CASES,
            "Trong số hồ sơ kết thúc trong kỳ: kết thúc trước hạn hoặc đúng hạn",
            "Of those ended in the period: ended ahead of or on the due time",
        ),
        _count(
            "late",
            CASES,
            "Trong số hồ sơ kết thúc trong kỳ: kết thúc quá hạn",
            "Of those ended in the period: ended after the due time",
        ),
        _count(
            "open_overdue",
            CASES,
            "Hồ sơ chưa kết thúc vào cuối kỳ và đã quá hạn",
            "Cases not ended at the period's end and past due",
        ),
        _count(
            "judged",
            CASES,
            "Hồ sơ được tính: kết thúc trong kỳ cộng với chưa kết thúc mà đã quá hạn",
            "Cases judged: ended in the period, plus not ended and past due",
        ),
    ),
    {
        "vi": "Giải quyết hồ sơ đúng hạn, theo thời điểm kết thúc hồ sơ",
        "en": "Handling of cases on time, by the time the case ended",
    },
)

CLOSING = FactKind(
    "closing",
    "unit",
    (
        _count(
            "resolved",
            CASES,
            "Hồ sơ đã có kết quả: kết thúc trên phần mềm trong kỳ, hoặc đã quá hạn mà cuối kỳ vẫn chưa kết thúc",
            "Cases with a result: closed on the software in the period, or past due and still not closed at its end",
        ),
        _count(
            "closed_in_time",
            CASES,
            "Trong số đó: kết thúc trên phần mềm trong hạn",
            "Of those: closed on the software by the due time",
        ),
        _count(
            "not_closed",
            CASES,
            "Trong số đó: còn lại, coi như hồ sơ quá hạn",
            "Of those: the rest, counted as overdue",
        ),
    ),
    {
        "vi": "Kết thúc trên phần mềm những hồ sơ đã có kết quả",
        "en": "Closing on the software of cases that have a result",
    },
)

DIGITISATION = FactKind(
    "digitisation",
    "unit",
    (
        _count("files", CASES, "Hồ sơ tiếp nhận trong kỳ", "Cases received in the period"),
        _count(
            "files_digitised",
            CASES,
            "Trong số đó: thành phần hồ sơ đã được số hóa",
            "Of those: the case file has been digitised",
        ),
        _count("results", RESULTS, "Kết quả trả trong kỳ", "Results issued in the period"),
        _count(
            "results_digitised",
            RESULTS,
            "Trong số đó: kết quả đã được số hóa",
            "Of those: the result has been digitised",
        ),
    ),
    {
        "vi": "Số hóa hồ sơ và kết quả giải quyết thủ tục hành chính",
        "en": "Digitisation of case files and of results",
    },
)

ELECTRONIC_RESULT = FactKind(
    "electronic_result",
    "unit",
    (
        _count("results", RESULTS, "Kết quả trả trong kỳ", "Results issued in the period"),
        _count(
            "electronic",
            RESULTS,
            "Trong số đó: có cả bản điện tử có giá trị pháp lý",
            "Of those: issued also as a legally valid electronic copy",
        ),
        _count(
            "same_day",
            RESULTS,
            "Trong số đó: bản điện tử được cung cấp muộn nhất trong cùng ngày",
            "Of those: the electronic copy came no later than the same calendar day",
        ),
    ),
    {
        "vi": "Cung cấp kết quả bản điện tử có giá trị pháp lý",
        "en": "Results issued as legally valid electronic copies",
    },
)

PAYMENT = FactKind(
    "payment",
    "unit",
    (
        _count(
            "eligible",
            PAYMENTS,
            "Giao dịch thanh toán trong kỳ của các thủ tục đủ điều kiện thanh toán trực tuyến",
            "Payments in the period on procedures eligible for online payment",
        ),
        _count("online", PAYMENTS, "Trong số đó: thanh toán trực tuyến", "Of those: paid online"),
        _count(
            "due",
            CASES,
            "Hồ sơ tiếp nhận trong kỳ có phí, lệ phí phải nộp thuộc các thủ tục đó",
            "Cases received in the period that owe a fee on those procedures",
        ),
    ),
    {"vi": "Thanh toán phí, lệ phí", "en": "Payment of charges and fees"},
)

STAGE_USE = FactKind(
    "stage_use",
    "unit",
    (
        _count("ended", STAGES, "Bước xử lý kết thúc trong kỳ", "Stages ended in the period"),
        _count(
            "within",
            STAGES,
            "Trong số đó: trong thời gian quy định của bước",
            "Of those: within the stage's allowance",
        ),
        _count(
            "over",
            STAGES,
            "Trong số đó: vượt thời gian quy định của bước",
            "Of those: over the stage's allowance",
        ),
        _count(
            "open_over",
            STAGES,
            "Bước xử lý chưa kết thúc vào cuối kỳ và đã vượt thời gian quy định",
            "Stages still open at the period's end and past their allowance",
        ),
        _count(
            "judged",
            STAGES,
            "Bước xử lý được tính: kết thúc trong kỳ cộng với chưa kết thúc mà đã vượt thời gian",
            "Stages judged: ended in the period, plus still open and past their allowance",
        ),
    ),
    {
        "vi": "Thời gian từng bước trong quy trình nội bộ, theo đơn vị giữ hồ sơ (dừng khi chờ bổ sung)",
        "en": "Time of each stage of the internal process, by the unit holding the case (pauses left out)",
    },
)

_OVERDUE = (
    _text("procedure", "Mã thủ tục hành chính", "Code of the procedure"),
    _text("due", "Ngày hẹn trả (năm-tháng-ngày)", "Due date (ISO)"),
    _text("became_overdue", "Ngày bắt đầu quá hạn (năm-tháng-ngày)", "Day on which it became overdue (ISO)"),
    _text("ended", "Ngày kết thúc (năm-tháng-ngày), trống nếu chưa", "Date ended (ISO), empty if open"),
    _count("days_late", WORKING_DAYS, "Số ngày làm việc quá hạn", "Working days late"),
    FactField(
        "resolved_not_closed",
        bool,
        "",
        {
            "vi": "Đã có kết quả nhưng chưa kết thúc trên phần mềm",
            "en": "Has a result but is not closed on the software",
        },
    ),
    _text("holder", "Mã đơn vị đang giữ hồ sơ", "Code of the unit holding the case"),
    _text("officer", "Cán bộ xử lý", "Officer handling the case"),
)
CASE_OVERDUE = FactKind("case_overdue", "case", _OVERDUE, {"vi": "Một hồ sơ quá hạn", "en": "One overdue case"})
CASE_NEWLY_OVERDUE = FactKind(
    "case_newly_overdue",
    "case",
    _OVERDUE,
    {
        "vi": "Một hồ sơ bắt đầu quá hạn trong kỳ hoặc trong kỳ liền trước, kể cả đã kết thúc: việc phải làm sau đó "
        "(giải trình, xin lỗi) có thể đến hạn trong kỳ này",
        "en": "A case that fell overdue in the period or in the one before it, ended since or not: what is owed after "
        "it (an explanation, an apology) may fall due in this period",
    },
)

UNIT_KINDS = (TIMELINESS, CLOSING, DIGITISATION, ELECTRONIC_RESULT, PAYMENT, CATALOGUE_PAYMENT, STAGE_USE)
CASE_KINDS = (CASE_OVERDUE, CASE_NEWLY_OVERDUE)
ALL_KINDS = (*UNIT_KINDS, *CASE_KINDS)
