"""A check as data: the JSON object and the rows that commands and downloads give."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from app.compliance.judge import RuleResult
from app.compliance.raising import Raised
from app.compliance.service import Report, evidence_path
from app.organisation.calendars import site_calendar

RESULT_COLUMNS = {
    "pack": "Bộ quy tắc",
    "rule": "Quy tắc",
    "unit": "Đơn vị",
    "status": "Kết quả",
    "numerator": "Tử số",
    "denominator": "Mẫu số",
    "value": "Giá trị",
    "comparison": "So sánh",
    "target": "Chỉ tiêu",
    "shortfall": "Còn thiếu",
}


def report_json(report: Report) -> dict[str, Any]:
    """The whole check, as `flask check run --format json` prints it. Shares are numbers from 0 to 1."""
    zone = site_calendar().zone
    return {
        "run": report.run.id if report.run else None,
        "period": report.period.key,
        "as_of": report.as_of.astimezone(zone).isoformat(timespec="seconds"),
        "packs": [{"id": pack.id, "hash": pack.hash} for pack in report.packs],
        "facts_hash": report.facts_hash,
        "results": [result_row(result) for result in report.judgement.results],
        "violations": [violation_row(raised) for raised in report.violations],
    }


def result_row(result: RuleResult) -> dict[str, Any]:
    """One result; figures that do not exist are null."""
    return {
        "pack": result.pack,
        "rule": result.rule,
        "unit": result.unit,
        "status": result.status.value,
        "numerator": result.numerator,
        "denominator": result.denominator,
        "value": _number(result.value),
        "comparison": result.comparison,
        "target": _number(result.target),
        "shortfall": result.shortfall,
    }


def violation_row(raised: Raised) -> dict[str, Any]:
    """One violation, in Vietnamese, with the words of law it breaks and where its cases are."""
    violation, rule = raised.violation, raised.rule
    figures = {
        name: _number(Fraction(value)) if name in ("value", "target") and value is not None else value
        for name, value in raised.figures.items()
    }
    lists = rule.evidence.cases if rule.evidence else ()
    return {
        "key": violation.key,
        "pack": violation.pack,
        "rule": violation.rule,
        "unit": raised.unit.code,
        "subject": violation.subject or None,
        "severity": violation.severity.value,
        "state": violation.state.value,
        "change": raised.change.value,
        "message": raised.message["vi"],
        "legal_basis": {
            "document": rule.legal_basis.document,
            "place": rule.legal_basis.place,
            "quote": rule.legal_basis.quote,
        },
        "figures": figures,
        "evidence": evidence_path(lists[0], violation.period, raised.unit.code) if lists else None,
    }


def _number(share: Fraction | None) -> float | None:
    return None if share is None else float(share)
