"""Results and the single things of violations as rows keep them: columns, and JSON written many times over."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from app.compliance.evaluation.results import STATES, RuleResult, SubjectResult
from app.compliance.runs.evidence import canonical_text
from app.compliance.violations.cells import SeenSubject
from app.rulepacks.language import Status


class Texts:
    """Figures as JSON. A thing's own figures are one dictionary for all the rules that speak of it, and what rules that
    ask the same say of a unit's things is one tuple: such a text is made once and found by the identity of what it
    tells, so that must live as long as this does. What is said of a result is equal for most units, and its text is
    found by what it says."""

    _encode = staticmethod(json.JSONEncoder(ensure_ascii=False, check_circular=False).encode)

    def __init__(self) -> None:
        self._known: dict[int, tuple[object, str]] = {}
        self._results: dict[tuple[object, ...], tuple[str, str]] = {}
        self._words: dict[str | int | None, str] = {}
        self._standings: dict[tuple[object, ...], str] = {}
        self._things: dict[int, tuple[object, str]] = {}

    def word(self, value: str | int | None) -> str:
        """The JSON of a text, a whole number or nothing."""
        text = self._words.get(value)
        if text is None:
            text = self._words[value] = self._encode(value)
        return text

    def of_result(self, result: RuleResult) -> tuple[str, str]:
        """The JSON of what `result_figures` tells, as its row keeps it and as the hash of the results covers it."""
        if result.waiver is not None or result.status is Status.REMARK:
            return self._both(result)
        value = result.value.as_integer_ratio() if result.value is not None else None
        # Figures by their names, of which each has one type: what is equal here reads the same.
        marks = result.reason, result.judged_as, value
        said = *marks, *result.figures.items(), *result.tally.items(), *result.pending
        texts = self._results.get(said)
        if texts is None:
            texts = self._results[said] = self._both(result)
        return texts

    def _both(self, result: RuleResult) -> tuple[str, str]:
        text = self._encode(result_figures(result))
        return text, canonical_text(json.loads(text))

    def of_standings(self, result: RuleResult) -> str | None:
        """The JSON of what `subjects_column` tells."""
        things = result.things
        if not things:
            return None
        if id(things) not in self._things:  # kept with its text, so that no other takes its identity
            self._things[id(things)] = things, f"[{', '.join(map(self._of_standing, things))}]"
        return self._things[id(things)][1]

    def _of_standing(self, thing: SubjectResult) -> str:
        told = thing.details.get
        how = thing.outcome, told("due"), told("since"), told("done_on")
        text = self._standings.get(how)
        if text is None:
            text = self._standings[how] = self._encode(_standing(thing)[1:])[1:]
        return f"[{self.word(thing.subject or None)}, {text}"

    def of_subjects(self, subjects: Sequence[SeenSubject]) -> str | None:
        """The JSON of a violation's single things as a run keeps them; None without any."""
        if not subjects:
            return None
        return f"[{', '.join(map(self._of_subject, subjects))}]"

    def _of_subject(self, seen: SeenSubject) -> str:
        named = f'{self.word(seen.subject)}, "{seen.change!s}"'
        if (thing := seen.thing) is None:
            return f"[{named}]"
        return f'[{named}, "{thing.outcome!s}", {self._once(thing.figures)}, {self._once(thing.details)}]'

    def _once(self, told: Mapping[str, Any]) -> str:
        if not told:
            return "{}"
        if id(told) not in self._known:
            self._known[id(told)] = told, self._encode(told)
        return self._known[id(told)][1]


def result_columns(result: RuleResult) -> dict[str, Any]:
    """A result as its row keeps it, without run and unit."""
    return {
        "pack": result.pack,
        "rule": result.rule,
        "status": result.status,
        "figures": result_figures(result),
        "numerator": result.numerator,
        "denominator": result.denominator,
        "comparison": result.comparison,
        "target": None if result.target is None else str(result.target),
        "shortfall": result.shortfall,
        "unknown": result.unknown,
        "due": None if result.due is None else result.due.isoformat(),
        "subjects": subjects_column(result),
    }


def subjects_column(result: RuleResult) -> list[list[str | None]] | None:
    """A result's single things as its row keeps them: [id, state, due, since, done on] of each; None without any."""
    return [_standing(thing) for thing in result.things] or None


def _standing(thing: SubjectResult) -> list[str | None]:
    line = [thing.subject, STATES[thing.outcome], *map(thing.details.get, _DAYS)]
    return [str(part) if part else None for part in line]


_DAYS = ("due", "since", "done_on")


def result_figures(result: RuleResult) -> dict[str, Any]:
    """What a result's row keeps beside its columns."""
    told: dict[str, Any] = {
        "reason": str(result.reason),
        "facts": result.figures,
        "value": None if result.value is None else str(result.value),
    }
    if result.tally:
        told["tally"] = dict(result.tally)
        told["pending"] = sorted(result.pending)
    if result.judged_as is not None:
        told["judged_as"] = str(result.judged_as)
    if result.status is Status.REMARK:
        told["remarks"] = [_remark(thing) for thing in result.failing]
    if result.waiver is not None:
        told["waiver"] = dict(result.waiver)
    return told


def _remark(thing: SubjectResult) -> dict[str, Any]:
    """A single thing that is remarked on: no violation keeps it, so the result does."""
    return {"subject": thing.subject, "outcome": thing.outcome.value, "facts": thing.figures, "details": thing.details}
