"""The kinds of fact that the score tables deliver. Points are counted in hundredths; facts.py fills them.

All are about a table's year: they are delivered in every period whose last day lies in it.
"""

from __future__ import annotations

from app.facts import HUNDREDTHS, FactField, FactKind


def _points(name: str, vi: str, en: str) -> FactField:
    return FactField(name, int, HUNDREDTHS, {"vi": vi, "en": en})


def _count(name: str, unit: str, vi: str, en: str) -> FactField:
    return FactField(name, int, unit, {"vi": vi, "en": en})


def _text(name: str, vi: str, en: str) -> FactField:
    return FactField(name, str, "", {"vi": vi, "en": en})


def _whether(name: str, vi: str, en: str) -> FactField:
    return FactField(name, bool, "", {"vi": vi, "en": en})


CRITERION = FactKind(
    "criterion",
    "criterion",
    (
        _text("number", "Số của tiêu chí trong bảng", "The criterion's number in the table"),
        _text("name", "Tên tiêu chí", "The criterion's name"),
        _whether("is_leaf", "Không có tiêu chí thành phần", "Has no criteria below it"),
        _points("maximum", "Điểm tối đa", "Maximum"),
        _points("last_score", "Điểm đạt được năm trước", "Score of the year before"),
        _points("target", "Mục tiêu của năm", "The year's target"),
        _points(
            "self_score",
            "Điểm tự chấm; của tiêu chí có thành phần là tổng các thành phần; 0 nếu chưa chấm",
            "Self-score; of a criterion with others below it their sum; 0 while not scored",
        ),
        _whether("scored", "Đã chấm, cùng mọi tiêu chí thành phần", "Scored, with every criterion below it"),
        _whether("below_target", "Đã chấm và thấp hơn mục tiêu", "Scored, and below the target"),
        _whether("has_children", "Có tiêu chí thành phần", "Has criteria below it"),
        _count("children", "tiêu chí", "Số tiêu chí thành phần trực tiếp", "Criteria directly below it"),
        _points("children_maximum", "Tổng điểm tối đa của chúng", "Sum of their maxima"),
        _points("children_last_score", "Tổng điểm năm trước của chúng", "Sum of their scores of the year before"),
        _points("children_target", "Tổng mục tiêu của chúng", "Sum of their targets"),
        _whether("has_measures", "Có nhiệm vụ, giải pháp", "Has measures"),
    ),
    {
        "vi": "Một tiêu chí của bảng chấm điểm, ở đơn vị chủ trì (không ghi chủ trì: ở Sở)",
        "en": "A criterion of the score table, at its lead unit (none named: at the Department)",
    },
)

SCORE_FIELD = FactKind(
    "score_field",
    "field",
    (
        _text("number", "Số của lĩnh vực", "The field's number"),
        _text("name", "Tên lĩnh vực", "The field's name"),
        _points("stated_score", "Điểm năm trước mà lời văn ghi", "Score of the year before as the text states it"),
        _points("stated_maximum", "Điểm tối đa mà lời văn ghi", "Maximum as the text states it"),
        _points("table_score", "Điểm năm trước trong bảng", "Score of the year before in the table"),
        _points("table_maximum", "Điểm tối đa trong bảng", "Maximum in the table"),
        _whether("in_text", "Có trong lời văn", "Is in the text"),
        _whether("in_table", "Có trong bảng", "Is in the table"),
    ),
    {
        "vi": "Một lĩnh vực: lời văn của kế hoạch và bảng chấm điểm nói gì",
        "en": "A field: what the plan's text and the score table say of it",
    },
)

INDEX_RESULT = FactKind(
    "index_result",
    "unit",
    (
        _whether("ranked", "Thứ hạng của năm đã được ghi nhận", "The year's rank has been recorded"),
        _count("rank_this_year", "bậc", "Thứ hạng của năm; 0 nếu chưa có", "The year's rank; 0 while there is none"),
        _count("rank_last_year", "bậc", "Thứ hạng năm trước; 0 nếu không rõ", "Rank of the year before; 0 if unknown"),
        _count(
            "improved_by",
            "bậc",
            "Số bậc tăng so với năm trước; 0 nếu không tăng",
            "Places gained against the year before; 0 if none",
        ),
        _whether("scored", "Điểm của năm đã được ghi nhận", "The year's score has been recorded"),
        _points("score_this_year", "Điểm của năm; 0 nếu chưa có", "The year's score; 0 while there is none"),
        _points("score_last_year", "Điểm năm trước mà lời văn ghi", "Score of the year before as the text states it"),
        _points("maximum_last_year", "Điểm tối đa mà lời văn ghi", "Maximum as the text states it"),
        _points(
            "text_fields_score",
            "Tổng điểm các lĩnh vực mà lời văn ghi",
            "Sum of the fields' scores as the text states them",
        ),
        _points(
            "text_fields_maximum",
            "Tổng điểm tối đa các lĩnh vực mà lời văn ghi",
            "Sum of the fields' maxima as the text states them",
        ),
        _points("table_fields_score", "Tổng điểm các lĩnh vực trong bảng", "Sum of the fields' scores in the table"),
        _points(
            "table_fields_maximum", "Tổng điểm tối đa các lĩnh vực trong bảng", "Sum of the fields' maxima in the table"
        ),
        _points("target", "Tổng mục tiêu các lĩnh vực trong bảng", "Sum of the fields' targets in the table"),
    ),
    {
        "vi": "Chỉ số cải cách hành chính của Sở: điểm, thứ hạng của năm và năm trước",
        "en": "The Department's reform index: score and rank of the year and of the year before",
    },
)

ALL_KINDS = (CRITERION, SCORE_FIELD, INDEX_RESULT)
