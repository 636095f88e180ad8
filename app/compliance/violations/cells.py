"""A violation as it is told: the figures of a failing result, its single things, and the sentences made of them.

Nothing of it is stored beside the result: figures are read from the result's row, sentences are made when somebody
reads them, by the rule as the run's pack had it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from flask_babel import get_locale
from sqlalchemy import ColumnElement, and_, select

from app.compliance.adoption.repository import text
from app.compliance.evaluation.results import AppliedWaiver, RuleResult, SubjectResult
from app.compliance.messages import period_in_words, render_message, subject_in_words
from app.compliance.models import CheckResult, CheckRun, Violation, ViolationChange
from app.compliance.wording import count_in_words
from app.core import facts
from app.core.errors import NotFound, NP_n, in_language, in_language_as, noun
from app.rulepacks.compiler import RuleOutcome
from app.rulepacks.language import JudgedAs, Rule
from app.web.extensions import db

MOST_NAMED = 10
"""Single things that a violation's sentence names; the list beside it has all."""


@dataclass(frozen=True, slots=True)
class ViolationFigures:
    """The figures of a failing result, and the single things by which it fails. `share` and target are exact."""

    numerator: int | None = None
    denominator: int | None = None
    value: Fraction | None = None
    comparison: str | None = None
    target: Fraction | None = None
    shortfall: int | None = None
    figures: Mapping[str, Any] = ()  # type: ignore[assignment]
    """The fields that the rule read of the unit."""
    judged_as: JudgedAs | None = None
    things: tuple[SubjectResult, ...] = ()
    waiver: AppliedWaiver | None = None

    @classmethod
    def of(cls, result: RuleResult) -> ViolationFigures:
        """As it was just judged."""
        return cls(
            result.numerator,
            result.denominator,
            result.value,
            result.comparison,
            result.target,
            result.shortfall,
            result.figures,
            result.judged_as,
            result.failing,
        )

    @classmethod
    def kept(cls, row: CheckResult | None, things: tuple[SubjectResult, ...] = ()) -> ViolationFigures:
        """As it is stored; without figures where the result's row is gone."""
        if row is None:
            return cls(figures={}, things=things)
        told, value, target = row.figures, row.figures.get("value"), row.target
        return cls(
            row.numerator,
            row.denominator,
            None if value is None else Fraction(value),
            row.comparison,
            None if target is None else Fraction(target),
            row.shortfall,
            told.get("facts", {}),
            JudgedAs(told["judged_as"]) if told.get("judged_as") else None,
            things,
        )


def result_of_violation(run_id: Any, of: Any = CheckResult) -> ColumnElement[bool]:
    """SQL: the result of that run that a violation is, or was."""
    return and_(
        of.run_id == run_id, of.unit_id == Violation.unit_id, of.pack == Violation.pack, of.rule == Violation.rule
    )


@dataclass(slots=True)  # not frozen, which takes twice as long to make: a month has a hundred thousand
class SeenSubject:
    """A single thing of a violation as one run saw it; `thing` is None of one that the run no longer found."""

    subject: str
    change: ViolationChange
    thing: SubjectResult | None


def thing_row(thing: SubjectResult) -> list[Any]:
    """What is kept of a single thing that fails: how, its own fields, what the judgement adds."""
    return [thing.outcome.value, dict(thing.figures), dict(thing.details)]


def seen_of(kept: Sequence[Sequence[Any]] | None) -> tuple[SeenSubject, ...]:
    """What a run kept of a violation's single things."""
    return tuple(
        SeenSubject(
            name,
            ViolationChange(change),
            SubjectResult(name, RuleOutcome(rest[0]), rest[1], rest[2]) if rest else None,
        )
        for name, change, *rest in kept or ()
    )


def things_of(seen: Sequence[SeenSubject]) -> tuple[SubjectResult, ...]:
    """The single things that fail."""
    return tuple(each.thing for each in seen if each.thing is not None)


class RulesOfRuns:
    """Rules in the words that runs used; each run's packs are asked for once."""

    def __init__(self) -> None:
        self._packs: dict[int, list[Any]] = {}

    def rule(self, run_id: int, pack: str, rule: str) -> Rule | None:
        """The rule as the run had it; None where its text is gone."""
        if run_id not in self._packs:
            self._packs[run_id] = db.session.scalar(select(CheckRun.packs).where(CheckRun.id == run_id)) or []
        for used in self._packs[run_id]:
            if used["id"] == pack:
                with suppress(NotFound):
                    return next((each for each in text(used["hash"]).rules if each.id == rule), None)
        return None


def told_in_short(rule: Rule, cell: ViolationFigures, unit: str, period: str) -> str:
    """A violation's sentence where its single things were not asked for, in the reader's language."""
    return message_of(rule, cell, unit, period, str(get_locale() or "vi"))


_NOUNS = {
    "case": NP_n("breach", "hồ sơ"),
    "criterion": NP_n("breach", "tiêu chí"),
    "defect": NP_n("breach", "sai sót của danh mục"),
    "field": NP_n("breach", "lĩnh vực"),
    "officer": NP_n("breach", "cán bộ"),
    "period": NP_n("breach", "kỳ phải nộp"),
    "petition": NP_n("breach", "phản ánh, kiến nghị"),
    "procedure": NP_n("breach", "thủ tục"),
    "publication": NP_n("breach", "bước công bố"),
    "rule": NP_n("breach", "quy tắc"),
    "task": NP_n("breach", "nhiệm vụ"),
}


def noun_in_words(rule: Rule, number: int, locale: str) -> str:
    """What the rule judges one by one: "hồ sơ"; "case" or "cases"."""
    kind = facts.catalogue().get(rule.judge.things)
    word = _NOUNS.get(kind.subject if kind else rule.judge.things, NP_n("breach", "việc"))
    return noun(locale, word, number, "breach")


def message_of(rule: Rule, cell: ViolationFigures, unit: str, period: str, locale: str, head: str = "") -> str:
    """What is said of a violation: the rule's own sentence, with its figures or those of its one single thing; of
    several, how many and which. `unit` is the unit's name, `period` the period's key."""
    named = cell.things
    if len(named) == 1:
        return message_of_thing(rule, cell, named[0], unit, period, locale, head)
    if rule.subject is None or not cell.shortfall:
        return render_message(rule, cell, unit, period_in_words(period, locale), locale, None, head)
    number = len(named) or cell.shortfall
    which = ", ".join(subject_in_words(thing.subject, rule, locale) for thing in named[:MOST_NAMED])
    more = len(named) - MOST_NAMED
    if more > 0:
        which += " " + in_language(locale, "và %(more)s nữa", more=count_in_words(more, locale))
    told = f"{count_in_words(number, locale)} {noun_in_words(rule, number, locale)}"
    broken = in_language_as(locale, "breach", "vi phạm")
    return f"{unit}: {told} {broken}" + (f" ({which})." if which else ".")


def message_of_thing(
    rule: Rule, cell: ViolationFigures, thing: SubjectResult, unit: str, period: str, locale: str, head: str = ""
) -> str:
    """What is said of one single thing."""
    return render_message(rule, cell, unit, period_in_words(period, locale), locale, thing, head)


def cell_figures(cell: ViolationFigures) -> dict[str, Any]:
    """The numbers of a violation as JSON tells them: shares exact as "7/20"."""
    told: dict[str, Any] = {
        "numerator": cell.numerator,
        "denominator": cell.denominator,
        "value": None if cell.value is None else str(cell.value),
        "comparison": cell.comparison,
        "target": None if cell.target is None else str(cell.target),
        "shortfall": cell.shortfall,
        "facts": dict(cell.figures),
    }
    if cell.judged_as is not None:
        told["judged_as"] = cell.judged_as.value
    if cell.waiver is not None:
        told["waiver"] = dict(cell.waiver)
    return told
