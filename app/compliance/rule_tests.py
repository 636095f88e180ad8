"""A pack's own tests, run through the real engine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.compliance.checks import Catalogue
from app.compliance.judge import RuleResult, judge
from app.compliance.language import Expected, PackTest
from app.compliance.pack import Pack
from app.facts import Fact, FactKind
from app.periods import Period


@dataclass(frozen=True, slots=True)
class TestFailure:
    """A test that did not come out: in words, what was expected and what was got."""

    __test__ = False  # no test of pytest's

    test: str
    rule: str
    unit: str
    expected: str
    got: str


def run_pack_tests(pack: Pack, catalogue: Catalogue) -> list[TestFailure]:
    """Every test of the pack that fails. Raises what `judge` raises."""
    return [failure for test in pack.tests for failure in run_test(pack, test, catalogue)]


def run_test(pack: Pack, test: PackTest, catalogue: Catalogue) -> list[TestFailure]:
    """What one test expects and does not get. It is judged by the law of its period's last day."""
    period = Period.parse(test.period)
    facts = [complete(fact, catalogue[fact["kind"]], period.key) for fact in test.given]
    judgement = judge([pack], facts, units_of(test), period, law_on=period.last)
    results = {(result.rule, result.unit): result for result in judgement.results}
    failures = []
    for rule, units in test.expect.items():
        for unit, expected in units.items():
            result = results.get((rule, unit))
            if result is None or not _agree(expected, result):
                got = _in_words(result) if result else "-"
                failures.append(TestFailure(test.name, rule, unit, _in_words(expected), got))
    return failures


def units_of(test: PackTest) -> list[dict[str, str]]:
    """The units a test speaks of, each once."""
    units = {unit.code: {"code": unit.code, "kind": unit.kind} for unit in test.units}
    named = [fact["unit"] for fact in test.given] + [u for found in test.expect.values() for u in found]
    for code in named:
        units.setdefault(code, {"code": code, "kind": ""})
    return list(units.values())


def complete(given: Mapping[str, Any], kind: FactKind, period: str) -> Fact:
    """A whole fact of what a test gives of it: what is left out is zero, false or empty."""
    blank = {field.name: field.type() for field in kind.fields if field.type in (int, str, bool)}
    return {**blank, "period": period, **given}


_FIGURES = ("numerator", "denominator", "shortfall")


def _agree(expected: Expected, result: RuleResult) -> bool:
    figures: Sequence[str] = [name for name in _FIGURES if getattr(expected, name) is not None]
    return expected.status is result.status and all(
        getattr(expected, name) == getattr(result, name) for name in figures
    )


def _in_words(outcome: Expected | RuleResult) -> str:
    figures = [f"{name}={getattr(outcome, name)}" for name in _FIGURES if getattr(outcome, name) is not None]
    return " ".join([outcome.status.value, *figures])
