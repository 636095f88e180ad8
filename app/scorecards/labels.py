"""What the reader sees of score tables: columns, kinds of finding, and what was done to a table."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.organisation.registries import name_actions, name_details, name_subjects
from app.scorecards.arithmetic import TABLE, Column, FindingKind, ScoreFinding
from app.scorecards.reading import as_number
from app.web.formats import add_labels, label, show_number

add_labels(
    {
        Column.MAXIMUM: _l("Điểm tối đa"),
        Column.LAST_SCORE: _l("Điểm năm trước"),
        Column.TARGET: _l("Mục tiêu"),
    }
)
add_labels(
    {
        FindingKind.SUM_OF_CHILDREN: _l("Khác tổng các tiêu chí thành phần"),
        FindingKind.ABOVE_MAXIMUM: _l("Cao hơn điểm tối đa"),
        FindingKind.BELOW_LAST_YEAR: _l("Mục tiêu thấp hơn điểm năm trước"),
        FindingKind.FIELD_IN_TEXT: _l("Lời văn và bảng ghi khác nhau"),
        FindingKind.FIELD_MISSING: _l("Lĩnh vực chỉ có ở một nơi"),
        FindingKind.TOTAL_OF_TEXT: _l("Tổng điểm khác tổng các lĩnh vực trong lời văn"),
        FindingKind.TOTAL_OF_TABLE: _l("Tổng điểm khác tổng các lĩnh vực trong bảng"),
        FindingKind.NUMBER_SKIPPED: _l("Thiếu một số thứ tự"),
        FindingKind.NO_MEASURES: _l("Mất điểm mà không có giải pháp"),
    }
)
name_actions(
    {
        "load_score_table": _l("Nạp bảng điểm"),
        "score_criterion": _l("Tự chấm điểm"),
        "assign_lead": _l("Gắn đơn vị chủ trì"),
        "record_result": _l("Ghi kết quả xếp hạng"),
    }
)
name_subjects({"score_table": _l("Bảng điểm"), "criterion": _l("Tiêu chí")})
name_details(
    {
        "self_score": _l("Điểm tự chấm"),
        "evidence": _l("Tài liệu kiểm chứng"),
        "result": _l("Kết quả"),
        "changed_criteria": _l("Tiêu chí thay đổi"),
        "mapped": _l("Tiêu chí gắn được đơn vị"),
        "removed": _l("Tiêu chí bị bỏ"),
        "lead": _l("Chủ trì"),
    }
)


def show_points(points: int | None) -> str:
    """Hundredths of a point as 13,5."""
    return "–" if points is None else show_number(as_number(points))


def finding_sentence(finding: ScoreFinding) -> str:
    """What does not add up: "Tiêu chí 6.1, mục tiêu: ghi 3, nhưng tổng các tiêu chí thành phần là 4."."""
    return str(_finding_values(finding))


def _finding_values(finding: ScoreFinding) -> Any:
    said = {
        "place": finding_place(finding),
        "stated": show_points(finding.stated),
        "found": show_points(finding.found),
        "other": finding.other,
    }
    match finding.kind:
        case FindingKind.SUM_OF_CHILDREN:
            return _("%(place)s: ghi %(stated)s, nhưng tổng các tiêu chí thành phần là %(found)s.", **said)
        case FindingKind.ABOVE_MAXIMUM:
            return _("%(place)s: ghi %(stated)s, cao hơn điểm tối đa %(found)s.", **said)
        case FindingKind.BELOW_LAST_YEAR:
            return _("%(place)s: mục tiêu %(stated)s thấp hơn điểm đã đạt năm trước %(found)s.", **said)
        case FindingKind.FIELD_IN_TEXT:
            return _("%(place)s: lời văn ghi %(stated)s, bảng ghi %(found)s.", **said)
        case FindingKind.FIELD_MISSING if finding.found is None:
            return _("%(place)s: có trong lời văn (%(stated)s điểm) nhưng không có trong bảng.", **said)
        case FindingKind.FIELD_MISSING:
            return _("%(place)s: có trong bảng (%(found)s điểm) nhưng không có trong lời văn.", **said)
        case FindingKind.TOTAL_OF_TEXT:
            return _("%(place)s: lời văn ghi %(stated)s, nhưng các lĩnh vực trong lời văn cộng lại %(found)s.", **said)
        case FindingKind.TOTAL_OF_TABLE:
            return _("%(place)s: lời văn ghi %(stated)s, nhưng các lĩnh vực trong bảng cộng lại %(found)s.", **said)
        case FindingKind.NUMBER_SKIPPED:
            return _("%(place)s: trước đó thiếu số %(other)s.", **said)
        case FindingKind.NO_MEASURES:
            return _("%(place)s: năm trước đạt %(stated)s/%(found)s nhưng không ghi nhiệm vụ, giải pháp.", **said)


def finding_place(finding: ScoreFinding) -> str:
    """Where it stands: "Tiêu chí 6.1, mục tiêu", "Toàn bảng, điểm năm trước"."""
    if finding.number == TABLE:
        place = _("Toàn bảng")
    elif "." in finding.number:
        place = _("Tiêu chí %(n)s", n=finding.number)
    else:
        place = _("Lĩnh vực %(n)s", n=finding.number)
    shown = finding.kind not in (FindingKind.NO_MEASURES, FindingKind.BELOW_LAST_YEAR)
    if finding.column is None or not shown:
        return str(place)
    return f"{place}, {_lowered(finding.column)}"


def _lowered(column: Column) -> str:
    words = label(column)
    return words[:1].lower() + words[1:]
