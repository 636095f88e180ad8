"""What a waiver does to a result, and how a run remembers it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from app.compliance.language import Status
from app.compliance.results import Excuse, RuleResult
from app.facts import SUBJECT, Fact

WAIVER = "waiver"
"""The kind of fact by which a run keeps the waivers that it applied."""

Excuses = Mapping[tuple[str, str, str], Excuse]
"""Waivers in force by pack, rule and code of the unit."""


def excuse(result: RuleResult, excuses: Excuses) -> RuleResult:
    """A result that fails under a waiver is waived, its figures kept; any other is left as it is."""
    waiver = excuses.get((result.pack, result.rule, result.unit))
    if waiver is None or result.status is not Status.FAIL:
        return result
    return replace(result, status=Status.WAIVED, waiver=dict(waiver))


def waiver_facts(results: Iterable[RuleResult], period: str) -> list[Fact]:
    """The waivers that were applied, as facts about the judgement."""
    return [
        {
            "kind": WAIVER,
            "unit": result.unit,
            "period": period,
            SUBJECT: f"{result.pack}/{result.rule}",
            **result.waiver,
        }
        for result in results
        if result.waiver is not None
    ]


def excuses_told(facts: Iterable[Mapping[str, Any]]) -> dict[tuple[str, str, str], Excuse]:
    """The waivers that stored facts tell of."""
    found: dict[tuple[str, str, str], Excuse] = {}
    for fact in facts:
        if fact["kind"] == WAIVER:
            pack, _slash, rule = fact[SUBJECT].partition("/")
            found[pack, rule, fact["unit"]] = {name: fact[name] for name in ("id", "since", "until", "who", "why")}
    return found
