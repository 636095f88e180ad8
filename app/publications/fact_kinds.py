"""The kinds of facts that the publications room delivers. The SQL that fills them is in queries.py and facts.py.

All counts are of one unit, on the site's days, as they stood on the last day of the period (today, while it
runs). A count that is part of another is never greater than it.
"""

from __future__ import annotations

from app.facts import FactField, FactKind

PROCEDURES = "thủ tục"
INTERNAL = "thủ tục nội bộ"
PUBLICATIONS = "quyết định"
CHECKS = "lần kiểm tra"
DECLARED = "thông tin"
WORKING_DAYS = "ngày làm việc"
CALENDAR_DAYS = "ngày"


def _count(name: str, unit: str, vi: str, en: str) -> FactField:
    return FactField(name, int, unit, {"vi": vi, "en": en})


def _text(name: str, vi: str, en: str) -> FactField:
    return FactField(name, str, "", {"vi": vi, "en": en})


def _yes_no(name: str, vi: str, en: str) -> FactField:
    return FactField(name, bool, "", {"vi": vi, "en": en})


PUBLICATION_STEP = FactKind(
    "publication_step",
    "publication",
    (
        _text(
            "track",
            "Loại việc: catalogue (công bố danh mục), early_number (lấy số trước), process (quy trình nội bộ)",
            "Track: catalogue, early_number (decision numbered ahead), process (internal process and public listing)",
        ),
        _text(
            "step",
            "Bước: division (phòng chuyên môn), office (Văn phòng Sở), whole (cả hai), joint (hai đơn vị làm chung)",
            "Step: division, office, whole (both together), joint (both units at once)",
        ),
        _text("decision", "Quyết định phải công bố", "The decision to be published"),
        _yes_no("started", "Đồng hồ của bước đã chạy", "The step's clock has started"),
        _yes_no("finished", "Bước đã xong", "The step is finished"),
        _count(
            "working_days",
            WORKING_DAYS,
            "Số ngày làm việc đã dùng đến khi xong bước, hoặc đến cuối kỳ nếu chưa xong (không tính ngày bắt đầu)",
            "Working days used until the step was finished, or until the period's end (the first day not counted)",
        ),
        _count(
            "calendar_days",
            CALENDAR_DAYS,
            "Số ngày đã dùng, kể cả ngày nghỉ (không tính ngày bắt đầu)",
            "Days used, days off included (the first day not counted)",
        ),
        _count(
            "working_days_on_arrival",
            WORKING_DAYS,
            "Quyết định lấy số trước: số ngày làm việc đã trôi qua khi văn bản đến Sở; loại khác là 0",
            "Decision numbered ahead: working days already gone when it arrived; 0 on the other tracks",
        ),
        _count(
            "calendar_days_on_arrival",
            CALENDAR_DAYS,
            "Quyết định lấy số trước: số ngày đã trôi qua khi văn bản đến Sở; loại khác là 0",
            "Decision numbered ahead: days already gone when it arrived; 0 on the other tracks",
        ),
    ),
    {
        "vi": "Một bước của việc công bố, công khai thủ tục: bước xong trong kỳ, hoặc còn đang làm cuối kỳ",
        "en": "A step of publishing procedures: finished in the period, or still open at its end",
    },
)

CATALOGUE_CHECK = FactKind(
    "catalogue_check",
    "unit",
    (
        _count(
            "procedures",
            PROCEDURES,
            "Thủ tục còn hiệu lực cuối kỳ thuộc trách nhiệm của đơn vị (không kể thủ tục nội bộ)",
            "Procedures in force at the period's end that the unit is accountable for (internal ones left out)",
        ),
        _count(
            "checks",
            CHECKS,
            "Lần kiểm tra danh mục trong kỳ, đủ cả ba nơi",
            "Checks of the catalogue in the period, on all three sites",
        ),
        _count(
            "partial",
            CHECKS,
            "Lần kiểm tra trong kỳ còn thiếu nơi chưa xem",
            "Checks in the period that left one of the three sites out",
        ),
        _count(
            "publications_published",
            PUBLICATIONS,
            "Quyết định công bố của đơn vị được công khai trong kỳ",
            "The unit's publications made public in the period",
        ),
        _count(
            "checked_after",
            PUBLICATIONS,
            "Trong số đó: danh mục đã được kiểm tra đủ ba nơi từ ngày công khai",
            "Of those: the catalogue was checked on all three sites on or after that day",
        ),
        _count(
            "to_check",
            PUBLICATIONS,
            "Công khai trong kỳ, hoặc trước kỳ mà đầu kỳ vẫn chưa kiểm tra lại",
            "Made public in the period, or before it and not yet checked when it began",
        ),
        _count(
            "unchecked",
            PUBLICATIONS,
            "Trong số đó: cuối kỳ vẫn chưa kiểm tra lại",
            "Of those: still not checked at the period's end",
        ),
        _count(
            "slowest_check_days",
            WORKING_DAYS,
            "Lâu nhất từ ngày công khai đến lần kiểm tra đầu tiên, hoặc đến cuối kỳ nếu chưa kiểm tra",
            "The longest from publication to the first check, or to the period's end where there is none",
        ),
        _count(
            "defects_open",
            CHECKS,
            "Lần kiểm tra có sai sót mà cuối kỳ chưa được cập nhật lại",
            "Checks whose defects were not put right by the period's end",
        ),
    ),
    {
        "vi": "Kiểm tra danh mục, nội dung thủ tục trên Cổng Dịch vụ công, phần mềm một cửa và trang của Sở",
        "en": "Checks of the published catalogue: provincial portal, one-stop software, Department's website",
    },
)

REVIEWS = FactKind(
    "reviews",
    "unit",
    (
        _count(
            "in_force",
            PROCEDURES,
            "Thủ tục còn hiệu lực cuối kỳ, và thủ tục hết hiệu lực sau khi được rà soát trong năm (không kể nội bộ)",
            "Procedures in force at the period's end, and those ended after a review in the year (internal left out)",
        ),
        _count(
            "reviewed",
            PROCEDURES,
            "Trong số đó: đã rà soát, đánh giá từ đầu năm",
            "Of those: reviewed since the year began",
        ),
        _count(
            "reviewed_by_31_may",
            PROCEDURES,
            "Trong số đó: đã rà soát từ đầu năm đến hết ngày 31/5",
            "Of those: reviewed between the year's first day and 31 May, both included",
        ),
        _count(
            "restructured",
            PROCEDURES,
            "Thủ tục đã tái cấu trúc quy trình từ đầu năm",
            "Procedures restructured since the year began",
        ),
        _count(
            "fields_before",
            DECLARED,
            "Thông tin phải khai báo của các thủ tục đó trước khi tái cấu trúc",
            "Items to be declared in those procedures before",
        ),
        _count("fields_after", DECLARED, "Sau khi tái cấu trúc", "Items to be declared in them afterwards"),
        _count(
            "fields_cut",
            DECLARED,
            "Thông tin được cắt giảm, tính chung (0 nếu tăng)",
            "Items cut, taken together (0 when there are more)",
        ),
        _count(
            "internal_procedures",
            INTERNAL,
            "Thủ tục nội bộ còn hiệu lực cuối kỳ, và thủ tục nội bộ hết hiệu lực sau khi được rà soát trong năm",
            "Internal procedures in force at the period's end, and those ended after a review in the year",
        ),
        _count(
            "internal_simplified",
            INTERNAL,
            "Trong số đó: phương án đơn giản hóa được phê duyệt trong năm",
            "Of those: a simplification was approved in the year",
        ),
    ),
    {
        "vi": "Rà soát, đánh giá, đơn giản hóa thủ tục hành chính: lũy kế từ đầu năm đến cuối kỳ",
        "en": "Review and simplification of procedures: since the year began, up to the period's end",
    },
)

REVIEW = FactKind(
    "review",
    "procedure",
    (
        _count("fields_before", DECLARED, "Thông tin phải khai báo trước khi tái cấu trúc", "Items declared before"),
        _count("fields_after", DECLARED, "Thông tin phải khai báo sau khi tái cấu trúc", "Items declared afterwards"),
        _count("fields_cut", DECLARED, "Thông tin được cắt giảm (0 nếu tăng)", "Items cut (0 when there are more)"),
    ),
    {
        "vi": "Một thủ tục được tái cấu trúc quy trình trong kỳ",
        "en": "A procedure restructured in the period",
    },
)

ALL_KINDS = (PUBLICATION_STEP, CATALOGUE_CHECK, REVIEWS, REVIEW)
