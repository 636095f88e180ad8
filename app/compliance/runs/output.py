"""A check as data: the JSON object and the rows that commands and downloads give."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from flask_babel import gettext as _

from app.compliance.adoption.repository import Library, documents, every_rule
from app.compliance.evaluation.results import AppliedWaiver, RuleResult
from app.compliance.labels import evidence_path
from app.compliance.models import CheckRun, RunStanding, ViolationChange, ViolationState
from app.compliance.queries import ResultRow, Sighted
from app.compliance.runs.service import CheckReport
from app.compliance.violations.cells import SeenSubject, ViolationFigures, cell_figures, message_of, message_of_thing
from app.compliance.violations.raising import Raised, key_of, standing_of
from app.core.errors import N_
from app.organisation.calendars import site_calendar
from app.rulepacks.language import JudgedAs, Rule, Severity, Status
from app.web.formats import label, show_date

if TYPE_CHECKING:
    from app.compliance.queries import ResultRow


Judged = RuleResult | ResultRow

RESULT_COLUMNS = {
    "pack": N_("Bộ quy tắc"),
    "rule": N_("Quy tắc"),
    "unit": N_("Đơn vị"),
    "status": N_("Kết quả"),
    "numerator": N_("Tử số"),
    "denominator": N_("Mẫu số"),
    "unknown": N_("Chưa rõ"),
    "value": N_("Giá trị"),
    "comparison": N_("So sánh"),
    "target": N_("Chỉ tiêu"),
    "shortfall": N_("Còn thiếu"),
    "due": N_("Hạn"),
    "judged_as": N_("Xét"),
}
WAIVER_COLUMN = {"waiver": N_("Miễn áp dụng")}
"""Added at the end where a result is waived; without waivers the columns are always the same."""


def report_json(report: CheckReport) -> dict[str, Any]:
    """The whole check, as `flask check run --format json` prints it. Shares are numbers from 0 to 1."""
    rules = {(pack.id, rule.id): rule for pack, rule in every_rule(report.packs)}
    asked = {raised.violation.key: raised for raised in report.violations}
    violations = []
    for result in report.judgement.results:
        if result.fails:
            raised = asked.pop(key_of(result.pack, result.rule, result.unit, report.period.key), None)
            names = report.names.get(result.unit, {})
            rule = rules[result.pack, result.rule]
            violations.append(
                violation_row(raised)
                if raised
                else _unasked(result, ViolationFigures.of(result), rule, report.period.key, names)
            )
    violations += [violation_row(raised) for raised in asked.values()]
    return _check(
        report.run.id if report.run else None,
        report.period.key,
        standing_of(report.run) if report.run else None,
        report.as_of,
        [{"id": pack.id, "hash": pack.hash} for pack in report.packs],
        report.facts_hash,
        report.judgement.results,
        violations,
    )


def run_json(
    run: CheckRun, results: Sequence[ResultRow], seen: Iterable[tuple[Sighted, Rule]], library: Library
) -> dict[str, Any]:
    """The same of a run that is kept; a violation's state is the present one."""
    rules = {(pack.id, rule.id): rule for pack, rule in every_rule(library.values())}
    asked = {found.key: (found, rule) for found, rule in seen}
    violations = []
    for result in results:
        if result.status is Status.FAIL:
            there = asked.pop(key_of(result.pack, result.rule, result.unit, run.period), None)
            rule = rules.get((result.pack, result.rule))
            if there is not None:
                violations.append(_sighted(*there))
            elif rule is not None:
                names = {"vi": result.place.name, "en": result.place.name_en or result.place.name}
                violations.append(_unasked(result, _cell_of_row(result), rule, run.period, names))
    violations += [_sighted(found, rule) for found, rule in asked.values()]
    return _check(run.id, run.period, standing_of(run), run.as_of, run.packs, run.facts_hash, results, violations)


def _cell_of_row(result: ResultRow) -> ViolationFigures:
    figures = (result.numerator, result.denominator, result.value, result.comparison, result.target, result.shortfall)
    return ViolationFigures(*figures, result.facts, result.judged_as)


def _check(
    run: int | None,
    period: str,
    standing: RunStanding | None,
    as_of: datetime,
    packs: list[Any],
    facts_hash: str,
    results: Iterable[Judged],
    violations: list[dict[str, Any]],
) -> dict[str, Any]:
    return {
        "run": run,
        "period": period,
        "standing": standing.value if standing else None,
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
        return rows, _headings(RESULT_COLUMNS)
    for row, result in zip(rows, results, strict=True):
        row["waiver"] = waiver_words(result.waiver)
    return rows, _headings(RESULT_COLUMNS | WAIVER_COLUMN)


def _headings(columns: Mapping[str, str]) -> dict[str, str]:
    return {name: str(_(text)) for name, text in columns.items()}


def waiver_words(waiver: AppliedWaiver | None) -> str | None:
    """A waiver on one line: until when, by whom, why."""
    if waiver is None:
        return None
    until = date.fromisoformat(str(waiver["until"]))
    return str(_("đến %(until)s, %(who)s: %(why)s", until=show_date(until), who=waiver["who"], why=waiver["why"]))


def violation_row(raised: Raised) -> dict[str, Any]:
    """One violation in Vietnamese (and in English as `message_en`), with the words of law it breaks, its cases and its
    single things."""
    row = raised.violation
    states = {name: thing.state for name, thing in row.subjects.items()}
    named = (raised.rule, raised.cell, raised.names, row.period, raised.head)
    return _violation(
        (row.pack, row.rule, raised.unit.code, row.period, row.severity, row.state, raised.change),
        *(raised.rule, raised.cell, raised.names, raised.head),
        _subjects(raised.subjects, states, *named),
    )


def _sighted(found: Sighted, rule: Rule) -> dict[str, Any]:
    names = {"vi": found.place.name, "en": found.place.name_en or found.place.name}
    named = (rule, found.cell, names, found.period, found.head)
    return _violation(
        (found.pack, found.rule, found.unit, found.period, found.severity, found.state, found.change),
        *(rule, found.cell, names, found.head),
        _subjects(found.subjects, found.states, *named),
    )


def _unasked(
    result: Judged, cell: ViolationFigures, rule: Rule, period: str, names: Mapping[str, str]
) -> dict[str, Any]:
    """What is broken and nobody is asked to answer: a period that lasts, one whose months charge it, a what-if."""
    seen = [SeenSubject(thing.subject, ViolationChange.NEW, thing) for thing in cell.things]
    subjects = [each | {"change": None} for each in _subjects(seen, {}, rule, cell, names, period, "")]
    return _violation(
        (result.pack, result.rule, result.unit, period, rule.severity, None, None), rule, cell, names, "", subjects
    )


def _violation(
    named: tuple[str, str, str, str, Severity, ViolationState | None, ViolationChange | None],
    rule: Rule,
    cell: ViolationFigures,
    names: Mapping[str, str],
    head: str,
    subjects: list[dict[str, Any]],
) -> dict[str, Any]:
    pack, rule_id, unit, period, severity, state, change = named
    shown = {
        name: _number(Fraction(value)) if name in ("value", "target") and value is not None else value
        for name, value in cell_figures(cell).items()
    }
    lists = rule.evidence.cases if rule.evidence else ()
    whose = "" if cell.judged_as is JudgedAs.WHOLE else unit
    return {
        "key": key_of(pack, rule_id, unit, period),
        "pack": pack,
        "rule": rule_id,
        "unit": unit,
        "severity": severity.value,
        "state": state.value if state else None,
        "change": change.value if change else None,
        "message": message_of(rule, cell, names.get("vi", unit), period, "vi", head),
        "message_en": message_of(rule, cell, names.get("en", unit), period, "en", head),
        "legal_basis": {
            "document": rule.legal_basis.document,
            "place": rule.legal_basis.place,
            "quote": rule.legal_basis.quote,
        },
        "figures": shown,
        "evidence": evidence_path(lists[0], period, whose, rule.allowed(cell.figures)) if lists else None,
        "subjects": subjects,
    }


def _subjects(
    seen: Iterable[SeenSubject],
    states: Mapping[str, ViolationState],
    rule: Rule,
    cell: ViolationFigures,
    names: Mapping[str, str],
    period: str,
    head: str,
) -> list[dict[str, Any]]:
    """The single things of a violation, each with how it fails, how far it is answered, and what is said of it."""
    told = []
    for each in seen:
        thing, state = each.thing, states.get(each.subject)
        line = thing.line if thing is not None else None
        said = {
            locale: message_of_thing(rule, cell, thing, names.get(locale, ""), period, locale, head)
            if thing is not None
            else None
            for locale in ("vi", "en")
        }
        told.append(
            {
                "id": each.subject,
                "status": line.status.value if line else None,
                "due": _iso(line.due) if line else None,
                "since": _iso(line.since) if line else None,
                "state": state.value if state else None,
                "change": each.change.value,
                "message": said["vi"],
                "message_en": said["en"],
                "figures": {"facts": dict(thing.figures), "details": dict(thing.details)} if thing else None,
            }
        )
    return told


def _iso(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def _number(share: Fraction | None) -> float | None:
    return None if share is None else float(share)
