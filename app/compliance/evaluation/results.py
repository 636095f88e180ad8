"""What a judgement says: a result for every rule and unit, and the single things behind it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from fractions import Fraction
from functools import lru_cache
from typing import Any, NamedTuple

from app.core.facts import SUBJECT, Fact
from app.rulepacks.compiler import RuleOutcome
from app.rulepacks.language import JudgedAs, Status, SubjectState
from app.rulepacks.pack import ParameterValue

STATUSES = {
    RuleOutcome.OUT_OF_SCOPE: Status.NOT_APPLICABLE,
    RuleOutcome.EXCLUDED: Status.NOT_APPLICABLE,
    RuleOutcome.NOTHING: Status.NOT_APPLICABLE,
    RuleOutcome.PENDING: Status.PENDING,
    RuleOutcome.SETTLED: Status.NOT_APPLICABLE,
    RuleOutcome.NO_DATA: Status.NO_DATA,
    RuleOutcome.PASSED: Status.PASS,
    RuleOutcome.CAUGHT_UP: Status.PASS,
    RuleOutcome.FAILED: Status.FAIL,
    RuleOutcome.LATE: Status.FAIL,
    RuleOutcome.MISSING: Status.FAIL,
    RuleOutcome.RETURNED: Status.FAIL,
}
FAULTS = frozenset(outcome for outcome, status in STATUSES.items() if status is Status.FAIL)
"""The outcomes of a single thing that are violations."""
STATES = {
    RuleOutcome.PASSED: SubjectState.KEPT,
    RuleOutcome.CAUGHT_UP: SubjectState.LATE,
    RuleOutcome.FAILED: SubjectState.FAIL,
    RuleOutcome.LATE: SubjectState.LATE,
    RuleOutcome.MISSING: SubjectState.MISSING,
    RuleOutcome.RETURNED: SubjectState.RETURNED,
    RuleOutcome.PENDING: SubjectState.PENDING,
}
"""The state of a single thing of which the engine said this."""


@lru_cache(maxsize=4096)
def ratio(numerator: int, denominator: int) -> Fraction:
    """An exact share; most units' shares are a few."""
    return Fraction(numerator, denominator)


class SubjectLine(NamedTuple):
    """One single thing and how it stands: its last day, since when it is owed if that was before the period, and when
    it was done."""

    id: str
    status: SubjectState
    due: date | None = None
    since: date | None = None
    done_on: date | None = None


def day_of(written: object) -> date | None:
    """A day as details and stored results write it; None where there is none."""
    return date.fromisoformat(str(written)) if written else None


AppliedWaiver = Mapping[str, int | str]
"""A waiver as results keep it: `id`, `since` and `until` (ISO days, the last included), `who` granted it, and `why`."""


@dataclass(slots=True)  # not frozen, which takes twice as long to make: a month has a hundred thousand
class SubjectResult:
    """What a rule says of one thing (a case, a task, a rule that a unit breaks).

    `figures` are the thing's own fields by their bare names; `details` what the judgement adds: `due` and `done_on`
    (ISO days) of a duty, `since` of one that was owed before the period, `used` and `allowed` days of a clock,
    `numerator`, `denominator` and `target` (an exact share, "1/5") of a rate, `count` and `periods` of an escalation.
    """

    subject: str
    outcome: RuleOutcome
    figures: Mapping[str, int | bool | str]
    details: Mapping[str, int | str] = field(default_factory=dict)

    @property
    def fails(self) -> bool:
        """Whether this is a violation."""
        return self.outcome in FAULTS

    @property
    def line(self) -> SubjectLine:
        """The thing and how it stands, without its figures."""
        told = self.details
        return SubjectLine(
            self.subject, STATES[self.outcome], *(day_of(told.get(name)) for name in ("due", "since", "done_on"))
        )


@dataclass(slots=True)  # not frozen, like the one above
class RuleResult:
    """What one rule says of one unit, with its figures; those that the rule's form does not have are null.

    A rate: `numerator` among `denominator`, `value` and `target` as exact shares. A count: `numerator`, and `value`
    and `target` as whole numbers. Single things: `numerator` kept of `denominator` judged. `shortfall` is how many
    more records must count (for `at_most` and `less_than`: how many fewer may) for the target to be reached with the
    same denominator, or how many things fail: 0 when it is reached, None when nothing is judged or no number would do.
    `unknown` is of how many the records do not tell whether they count. `due` is the last day of what is pending, the
    earliest where several things are. `figures` are the fields the rule read of the unit; `things` the single things
    that were judged or are pending; `tally` how many things had each outcome.
    """

    pack: str
    rule: str
    unit: str
    status: Status
    reason: RuleOutcome
    numerator: int | None
    denominator: int | None
    value: Fraction | None
    comparison: str | None
    target: Fraction | None
    shortfall: int | None
    parameter: ParameterValue | None
    answer_days: int
    """Working days the unit has to answer a violation."""
    figures: Mapping[str, int | bool | str]
    things: tuple[SubjectResult, ...] = ()
    tally: Mapping[str, int] = field(default_factory=dict)
    waiver: AppliedWaiver | None = None
    """Of a result that fails and is excused: by whom, until when, why."""
    unknown: int | None = None
    due: date | None = None
    judged_as: JudgedAs | None = None
    """Where the rule is about the Department as a whole: whether this is the whole, or a unit's own part."""
    behind: bool = False
    """Whether the things are those behind a rate: named with it, and no violations of their own."""

    @property
    def fails(self) -> bool:
        """Whether the rule is broken, and nobody excused it."""
        return self.status is Status.FAIL

    @property
    def subjects(self) -> tuple[SubjectLine, ...]:
        """The single things and how each stands."""
        return tuple(thing.line for thing in self.things)

    @property
    def failing(self) -> tuple[SubjectResult, ...]:
        """The single things that break the rule."""
        return () if self.behind else tuple([thing for thing in self.things if thing.outcome in FAULTS])

    @property
    def pending(self) -> tuple[str, ...]:
        """The subjects of those that are not yet due."""
        if RuleOutcome.PENDING not in self.tally:
            return ()
        return tuple(thing.subject for thing in self.things if thing.outcome is RuleOutcome.PENDING)


@dataclass(frozen=True, slots=True)
class CountContradiction:
    """Figures that cannot both be right: more was counted than there is to count among."""

    pack: str
    rule: str
    unit: str
    numerator: int
    denominator: int


@dataclass(frozen=True, slots=True)
class Judgement:
    """A judged period. `left_out` are (kind, unit) of facts about units that were not judged; `skipped` are the
    packs not in force; `law_on` is the day whose parameters were used; `as_of` the day on which it was looked at.

    `premises` are facts about the judging itself: the units and days it was given, and the deadlines it reckoned.
    With them, the same facts can be judged again without a calendar or a list of units.
    """

    period: str
    law_on: date
    as_of: date
    results: tuple[RuleResult, ...]
    contradictions: tuple[CountContradiction, ...]
    left_out: tuple[tuple[str, str], ...]
    skipped: tuple[str, ...]
    premises: tuple[Fact, ...]


WAIVER = "waiver"
"""The kind of fact by which a run keeps the waivers that it applied."""

AppliedWaivers = Mapping[tuple[str, str, str], AppliedWaiver]
"""Waivers in force by pack, rule and code of the unit."""


def apply_waiver(result: RuleResult, excuses: AppliedWaivers) -> RuleResult:
    """A result that fails under a waiver is waived, its figures kept; any other is left as it is."""
    waiver = excuses.get((result.pack, result.rule, result.unit))
    if waiver is None or not result.fails:
        return result
    return replace(result, status=Status.WAIVED, waiver=dict(waiver))


def as_remark(result: RuleResult) -> RuleResult:
    """A failing result of a rule that finds remarks: told, and nobody's to answer."""
    return replace(result, status=Status.REMARK) if result.fails else result


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


def applied_waivers(facts: Iterable[Mapping[str, Any]]) -> dict[tuple[str, str, str], AppliedWaiver]:
    """The waivers that stored facts tell of."""
    found: dict[tuple[str, str, str], AppliedWaiver] = {}
    for fact in facts:
        if fact["kind"] == WAIVER:
            pack, _slash, rule = fact[SUBJECT].partition("/")
            found[pack, rule, fact["unit"]] = {name: fact[name] for name in ("id", "since", "until", "who", "why")}
    return found
