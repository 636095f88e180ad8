"""A check as data: the JSON object and the rows that commands and downloads give."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from flask_babel import gettext as _

from app.compliance.adoption.repository import Library, documents, every_rule
from app.compliance.evaluation.results import AppliedWaiver, RuleResult
from app.compliance.models import CheckRun, ViolationChange
from app.compliance.queries import ResultRow, Sighted
from app.compliance.runs.service import CheckReport
from app.compliance.subject_links import evidence_path
from app.compliance.violations.raising import Raised, ViolationRow
from app.organisation.calendars import site_calendar
from app.rulepacks.language import JudgedAs, Rule, Status
from app.rulepacks.pack import Pack
from app.web.formats import label, show_date

if TYPE_CHECKING:
    from app.compliance.queries import ResultRow, UnitRef


Judged = RuleResult | ResultRow

RESULT_COLUMNS = {
    "pack": "Bộ quy tắc",
    "rule": "Quy tắc",
    "unit": "Đơn vị",
    "status": "Kết quả",
    "numerator": "Tử số",
    "denominator": "Mẫu số",
    "unknown": "Chưa rõ",
    "value": "Giá trị",
    "comparison": "So sánh",
    "target": "Chỉ tiêu",
    "shortfall": "Còn thiếu",
    "due": "Hạn",
    "judged_as": "Xét",
}
WAIVER_COLUMN = {"waiver": "Miễn áp dụng"}
"""Added at the end where a result is waived; without waivers the columns are always the same."""


def report_json(report: CheckReport) -> dict[str, Any]:
    """The whole check, as `flask check run --format json` prints it. Shares are numbers from 0 to 1."""
    return _check(
        report.run.id if report.run else None,
        report.period.key,
        report.as_of,
        [{"id": pack.id, "hash": pack.hash} for pack in report.packs],
        report.facts_hash,
        report.judgement.results,
        [violation_row(raised) for raised in report.violations],
    )


def run_json(run: CheckRun, results: Iterable[Judged], seen: Iterable[tuple[Sighted, Rule]]) -> dict[str, Any]:
    """The same of a run that is kept; a violation's state is the present one."""
    violations = [
        _violation(found, rule, found.unit, found.change, found.figures, found.message) for found, rule in seen
    ]
    return _check(run.id, run.period, run.as_of, run.packs, run.facts_hash, results, violations)


def _check(
    run: int | None,
    period: str,
    as_of: datetime,
    packs: list[Any],
    facts_hash: str,
    results: Iterable[Judged],
    violations: list[dict[str, Any]],
) -> dict[str, Any]:
    return {
        "run": run,
        "period": period,
        "as_of": as_of.astimezone(site_calendar().zone).isoformat(timespec="seconds"),
        "packs": packs,
        "facts_hash": facts_hash,
        "results": [result_row(result) for result in results],
        "violations": _dated(violations),
    }


def _dated(violations: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The violations, the words of law of each with the day printed on their document and whether it exists."""
    known = documents() if violations else {}
    for violation in violations:
        document = known.get(violation["legal_basis"]["document"])
        violation["legal_basis"] |= {
            "printed_date": document.info.printed_date if document else None,
            "date_exists": not document.info.date_is_impossible if document else None,
        }
    return violations


def result_row(result: Judged) -> dict[str, Any]:
    """One result; figures that do not exist are null. Only a waived one has the key `waiver`."""
    return {
        "pack": result.pack,
        "rule": result.rule,
        "unit": result.unit,
        "status": result.status.value,
        "numerator": result.numerator,
        "denominator": result.denominator,
        "unknown": result.unknown,
        "value": _number(result.value),
        "comparison": result.comparison,
        "target": _number(result.target),
        "shortfall": result.shortfall,
        "due": _iso(result.due),
        "judged_as": result.judged_as,
        "subjects": [
            {"id": line.id, "status": line.status.value, "due": _iso(line.due), "since": _iso(line.since)}
            for line in result.subjects
        ],
        **({} if result.waiver is None else {"waiver": dict(result.waiver)}),
    }


def result_table(results: Sequence[Judged]) -> tuple[list[dict[str, Any]], dict[str, str]]:
    """Results as the lines and columns of a table or CSV, waivers in words."""
    rows = [result_row(result) for result in results]
    for row, result in zip(rows, results, strict=True):
        row["judged_as"] = label(result.judged_as) if result.judged_as else None
    if not any(result.waiver for result in results):
        return rows, RESULT_COLUMNS
    for row, result in zip(rows, results, strict=True):
        row["waiver"] = waiver_words(result.waiver)
    return rows, RESULT_COLUMNS | WAIVER_COLUMN


def waiver_words(waiver: AppliedWaiver | None) -> str | None:
    """A waiver on one line: until when, by whom, why."""
    if waiver is None:
        return None
    until = date.fromisoformat(str(waiver["until"]))
    return str(_("đến %(until)s, %(who)s: %(why)s", until=show_date(until), who=waiver["who"], why=waiver["why"]))


def violation_row(raised: Raised) -> dict[str, Any]:
    """One violation in Vietnamese (and in English as `message_en`), with the words of law it breaks and its cases."""
    return _violation(raised.violation, raised.rule, raised.unit.code, raised.change, raised.figures, raised.message)


def _violation(
    violation: ViolationRow | Sighted,
    rule: Rule,
    unit: str,
    change: ViolationChange,
    figures: dict[str, Any],
    message: dict[str, Any],
) -> dict[str, Any]:
    shown = {
        name: _number(Fraction(value)) if name in ("value", "target") and value is not None else value
        for name, value in figures.items()
    }
    lists = rule.evidence.cases if rule.evidence else ()
    whose = "" if figures.get("judged_as") == JudgedAs.WHOLE else unit
    return {
        "key": violation.key,
        "pack": violation.pack,
        "rule": violation.rule,
        "unit": unit,
        "subject": violation.subject or None,
        "severity": violation.severity.value,
        "state": violation.state.value,
        "change": change.value,
        "message": message["vi"],
        "message_en": message["en"],
        "legal_basis": {
            "document": rule.legal_basis.document,
            "place": rule.legal_basis.place,
            "quote": rule.legal_basis.quote,
        },
        "figures": shown,
        "evidence": evidence_path(lists[0], violation.period, whose) if lists else None,
    }


def _iso(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def _number(share: Fraction | None) -> float | None:
    return None if share is None else float(share)


@dataclass(frozen=True, slots=True)
class MatrixRow:
    """A unit and its cells, one a column; None where it was not judged."""

    unit: UnitRef
    cells: tuple[ResultRow | None, ...]

    @property
    def violations(self) -> int:
        """How many rules the unit breaks."""
        return sum(cell is not None and cell.status is Status.FAIL for cell in self.cells)


@dataclass(frozen=True, slots=True)
class Matrix:
    """`columns` are the rules in the order of their packs; `counts` are the cells by status."""

    columns: tuple[tuple[Pack, Rule], ...]
    lines: tuple[MatrixRow, ...]
    counts: Counter[Status]


def grid_of(results: Iterable[ResultRow], library: Library) -> Matrix:
    """Results in the order of the tree of units, as a matrix. Every unit judged has its line, busy or not."""
    rows: dict[str, dict[tuple[str, str], ResultRow]] = {}
    units: dict[str, UnitRef] = {}
    counts: Counter[Status] = Counter()
    judged = set()
    for result in results:
        units.setdefault(result.unit, result.place)
        rows.setdefault(result.unit, {})[result.pack, result.rule] = result
        judged.add((result.pack, result.rule))
        counts[result.status] += 1
    columns = tuple((pack, rule) for pack, rule in every_rule(library.values()) if (pack.id, rule.id) in judged)
    lines = (
        MatrixRow(units[code], tuple(cells.get((pack.id, rule.id)) for pack, rule in columns))
        for code, cells in rows.items()
    )
    return Matrix(columns, tuple(lines), counts)
