"""Findings: what is wrong once, however many plans say so.

A violation is a cell: one rule, one unit, one period. Two rules of two plans that judge the same figure of a unit find
one thing: their violations are one finding with two legal bases, shown together and answered together. Violations are
counted by cell; what counts findings says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from sqlalchemy import and_, select

from app.compliance.adoption import repository
from app.compliance.models import CheckResult, Violation
from app.compliance.queries import Unanswered, ViolationLine
from app.compliance.violations.cells import result_of_violation
from app.organisation.access import Scope
from app.rulepacks.language import JudgedAs, Rule
from app.web.extensions import db

Figure = tuple[object, ...]
Rules = Mapping[tuple[str, str], Rule]
"""Rules by pack and id."""


def figure_of(rule: Rule | None) -> Figure | None:
    """On which figure a rule rests, whatever it holds it against: equal for two rules on the same one. None for an
    escalation, which rests on other rules."""
    if rule is None or rule.escalates is not None:
        return None
    if rule.rate is not None:
        return "rate", rule.judge.things, *rule.rate.figure
    if rule.count is not None:
        return "count", rule.count.of
    duty = rule.duty
    done = (duty[0], duty[1].done_on) if duty is not None else ()
    return rule.form, rule.judge.things, *done, tuple(sorted(rule.fields))


@dataclass(frozen=True, slots=True)
class Finding:
    """Violations that are one finding, the first found first: whole and part of the Department are two figures."""

    violations: tuple[ViolationLine, ...]

    @property
    def first(self) -> ViolationLine:
        """The one under whose name it is shown."""
        return self.violations[0]

    @property
    def others(self) -> tuple[ViolationLine, ...]:
        """The same by the words of other plans."""
        return self.violations[1:]


def findings_of(lines: Iterable[ViolationLine], rules: Rules) -> list[Finding]:
    """Violations as findings, in the order of the first of each."""
    placed = (
        (line, line.id, (line.unit.id, line.period.key, line.judged_as is JudgedAs.WHOLE, line.gone)) for line in lines
    )
    return [Finding(tuple(same)) for same in _together(placed, rules)]


def findings_to_answer(waiting: Iterable[Unanswered], rules: Rules) -> list[list[int]]:
    """The same of what waits for an explanation: the ids of the violations of each finding."""
    placed = ((line, line.id, (line.unit_id, line.period, line.judged_as == JudgedAs.WHOLE)) for line in waiting)
    return [[line.id for line in same] for same in _together(placed, rules)]


class _Judged(Protocol):
    @property
    def pack(self) -> str: ...
    @property
    def rule(self) -> str: ...


Judged = TypeVar("Judged", bound=_Judged)


def _together(placed: Iterable[tuple[Judged, int, Figure]], rules: Rules) -> Iterable[list[Judged]]:
    """Violations on one figure in one place; one that rests on no figure stands alone under its number."""
    figures: dict[tuple[str, str], Figure | None] = {}
    together: dict[object, list[Judged]] = {}
    for line, number, place in placed:
        name = line.pack, line.rule
        if name not in figures:
            figures[name] = figure_of(rules.get(name))
        figure = figures[name]
        together.setdefault(number if figure is None else (*place, figure), []).append(line)
    return together.values()


def same_finding(scope: Scope, violation_id: int) -> Sequence[Violation]:
    """The other violations of the finding that a violation belongs to, those that stand: of its unit and period, on
    the same figure."""
    told = {row[0].id: row for row in _standing_beside(scope, violation_id)}
    own = told.pop(violation_id, None)
    rules = {(pack.id, rule.id): rule for pack, rule in repository.every_rule(repository.present().values())}
    figure = figure_of(rules.get((own[0].pack, own[0].rule))) if own else None
    if own is None or figure is None:
        return []
    return [
        other
        for other, figures in told.values()
        if figure_of(rules.get((other.pack, other.rule))) == figure and _is_whole(figures) == _is_whole(own[1])
    ]


def _standing_beside(scope: Scope, violation_id: int) -> Iterator[tuple[Violation, Mapping[str, object]]]:
    """The violations of the same unit and period that stand, itself among them, each with its last figures."""
    own = select(Violation.unit_id, Violation.period).where(Violation.id == violation_id).subquery()
    chosen = (
        select(Violation, CheckResult.figures)
        .join(own, and_(Violation.unit_id == own.c.unit_id, Violation.period == own.c.period))
        .outerjoin(CheckResult, result_of_violation(Violation.last_run_id))
        .where(Violation.site == scope.site, scope.within(Violation.unit_id), Violation.gone_run_id.is_(None))
        .order_by(Violation.id)
    )
    for violation, figures in db.session.execute(chosen):
        yield violation, figures or {}


def _is_whole(figures: Mapping[str, object]) -> bool:
    return figures.get("judged_as") == JudgedAs.WHOLE
