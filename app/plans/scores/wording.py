"""Findings on a score table as sentences: both numbers and the place, in the reader's language."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _

from app.formats import label, show_number
from app.plans.scores.arithmetic import TABLE, Column, Finding, FindingKind
from app.plans.scores.points import as_number


def show_points(points: int | None) -> str:
    """Hundredths of a point as 13,5."""
    return "–" if points is None else show_number(as_number(points))


def finding_sentence(finding: Finding) -> str:
    """What does not add up: "Tiêu chí 6.1, mục tiêu: ghi 3, nhưng tổng các tiêu chí thành phần là 4."."""
    return str(_said(finding))


def _said(finding: Finding) -> Any:
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


def finding_place(finding: Finding) -> str:
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
