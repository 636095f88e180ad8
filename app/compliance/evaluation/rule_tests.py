"""A pack's own tests, run through the real engine."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from typing import Any

from app.compliance.evaluation.evaluate import judge
from app.compliance.evaluation.results import Judgement, RuleResult
from app.core.calendar import WorkingCalendar
from app.core.errors import DomainError
from app.core.facts import Fact, FactKind
from app.core.periods import Period
from app.core.yaml_files import YamlSource, field_name, read_source
from app.rulepacks.compiler import RuleOutcome
from app.rulepacks.conditions import DayKind
from app.rulepacks.language import Expected, PackTest, SubjectState
from app.rulepacks.pack import Pack
from app.rulepacks.premises import last_day
from app.rulepacks.validation import Catalogue, rules_of, units_of, whole_catalogue


@dataclass(frozen=True, slots=True)
class TestFailure:
    """A test that did not come out: in words, what was expected and what was got."""

    __test__ = False  # no test of pytest's

    test: str
    rule: str
    unit: str
    expected: str
    got: str
    place: str = ""
    """The field of the expectation in tests.yaml: "[0].expect.khd-2c.2.LDVL"."""
    line: int = 1

    def as_error(self) -> DomainError:
        """As a sentence that can be translated."""
        return DomainError(
            "tests.yaml, dòng %(line)s, %(place)s: phép thử “%(test)s” cần %(expected)s, có %(got)s.",
            line=str(self.line),
            place=self.place,
            test=self.test,
            expected=self.expected,
            got=self.got,
        )

    def __str__(self) -> str:
        return str(self.as_error())


Progress = Callable[[int, int], None]
"""Told how many tests have been run, and of how many."""


def run_pack_tests(
    pack: Pack, catalogue: Catalogue, progress: Progress = lambda done, total: None
) -> list[TestFailure]:
    """Every test of the pack that fails. Raises what `judge` raises."""
    failures: list[TestFailure] = []
    rules = {rule.id: rule for rule in pack.rules}
    source: YamlSource | None = None
    for position, test in enumerate(pack.tests):
        progress(position, len(pack.tests))
        for failure in run_test(replace(pack, rules=rules_of(test, rules)), test, catalogue):
            source = source or read_source("tests.yaml", pack.texts["tests.yaml"])
            location = (position, "expect", failure.rule, failure.unit)
            failures.append(replace(failure, place=field_name(location), line=source.line(location)))
    return failures


def judgement_of(pack: Pack, test: PackTest, catalogue: Catalogue) -> Judgement:
    """The judgement of a test's situation, judged by the law of its period's last day."""
    period = Period.parse(test.period)
    kinds = whole_catalogue(catalogue)
    told = [complete(fact, kinds[fact["kind"]], period.key) for fact in test.given]
    return judge([pack], told, units_of(test), period, law_on=period.last, as_of=test.as_of, deadline_of=_deadline)


def run_test(pack: Pack, test: PackTest, catalogue: Catalogue) -> list[TestFailure]:
    """What one test expects of these rules and does not get; where it is expected, the caller knows."""
    judgement = judgement_of(pack, test, catalogue)
    results = {(result.rule, result.unit): result for result in judgement.results}
    failures = []
    for rule, units in test.expect.items():
        for unit, expected in units.items():
            result = results.get((rule, unit))
            if result is None or not _agree(expected, result):
                got = _got_words(result) if result else "-"
                failures.append(TestFailure(test.name, rule, unit, _expected_words(expected), got))
    return failures


def complete(given: Mapping[str, Any], kind: FactKind, period: str) -> Fact:
    """A whole fact of what a test gives of it: what is left out is zero, false or empty."""
    blank = {field.name: field.type() for field in kind.fields}
    return {**blank, "period": period, **given}


def _deadline(event: date, days: int, kind: DayKind) -> date:
    """By Vietnam's working calendar without the days that a site adds: a pack's tests come out alike anywhere."""
    return last_day(_plain_calendar(), event, days, kind)


@cache
def _plain_calendar() -> WorkingCalendar:
    return WorkingCalendar()


_FIGURES = ("numerator", "denominator", "shortfall", "unknown", "due", "judged_as")
_THINGS = {
    "subjects": (RuleOutcome.FAILED, RuleOutcome.LATE, RuleOutcome.MISSING, RuleOutcome.RETURNED),
    "missing": (RuleOutcome.MISSING,),
    "late": (RuleOutcome.LATE,),
    "pending": (RuleOutcome.PENDING,),
}
"""The lists of single things that a test may expect, each by the outcomes it holds."""


def _agree(expected: Expected, result: RuleResult) -> bool:
    if expected.status is not result.status:
        return False
    figures = all(getattr(expected, name) in (None, getattr(result, name)) for name in _FIGURES)
    return figures and all(_agrees_of_things(getattr(expected, name), result, name) for name in _THINGS)


def _agrees_of_things(
    expected: Mapping[str, SubjectState] | Sequence[str] | None, result: RuleResult, name: str
) -> bool:
    """All the things of that outcome; or, of a mapping, those that it names."""
    if expected is None:
        return True
    if isinstance(expected, Mapping):
        states = {line.id: line.status for line in result.subjects}
        return all(states.get(subject) is state for subject, state in expected.items())
    return sorted(expected) == _things(result, name)


def _things(result: RuleResult, name: str) -> list[str]:
    return sorted(thing.subject for thing in result.things if thing.outcome in _THINGS[name])


def _expected_words(expected: Expected) -> str:
    figures = [f"{name}={getattr(expected, name)}" for name in _FIGURES if getattr(expected, name) is not None]
    things = [
        f"{name}=[{', '.join(_named(getattr(expected, name)))}]"
        for name in _THINGS
        if getattr(expected, name) is not None
    ]
    return " ".join([expected.status.value, *figures, *things])


def _got_words(result: RuleResult) -> str:
    figures = [f"{name}={getattr(result, name)}" for name in _FIGURES if getattr(result, name) is not None]
    states = [f"{line.id}: {line.status}" for line in result.subjects]
    things = [f"subjects=[{', '.join(states)}]"] if states else []
    return " ".join([result.status.value, *figures, *things])


def _named(things: Mapping[str, SubjectState] | Sequence[str]) -> list[str]:
    if isinstance(things, Mapping):
        return [f"{subject}: {state}" for subject, state in things.items()]
    return sorted(things)
