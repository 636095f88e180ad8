"""What every unit owes under the plans in force: by when, and whether it came in time, late, or not yet.

How each stands is what the check would say of it now: the duties' own rules are judged, on the same facts.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

from app.compliance.adoption import repository
from app.compliance.evaluation.evaluate import values_on
from app.compliance.evaluation.results import RuleResult
from app.compliance.runs import service
from app.core.calendar import WorkingCalendar
from app.core.periods import Period, PeriodKind
from app.obligations import queries as filed
from app.obligations.fact_kinds import DIRECTIVES_CARRIED_OUT, FILING, YEAR_COUNT
from app.obligations.models import Filing, FilingKind
from app.organisation import queries as organisation
from app.organisation.access import Scope
from app.organisation.calendars import site_calendar, today
from app.organisation.models import Unit
from app.publications.facts import CATALOGUE_CHECK
from app.rulepacks.compiler import RuleOutcome
from app.rulepacks.language import Rule, Status
from app.rulepacks.pack import Pack, ParameterValue
from app.web.due import kept

SINCE_END = f"{FILING.name}.working_days_since_end"
YEARLY = {f"{YEAR_COUNT.name}.news_items": FilingKind.NEWS_ITEM, f"{YEAR_COUNT.name}.dialogues": FilingKind.DIALOGUE}
READS = frozenset({FILING.name, YEAR_COUNT.name, CATALOGUE_CHECK.name, DIRECTIVES_CARRIED_OUT.name})
"""A rule about units that reads nothing else is a recurring duty."""


@dataclass(frozen=True, slots=True)
class Duty:
    """A rule that owes something each period; `late` is the one that judges whether it came in time, if another does.

    `filed` is what is handed in or counted; None for checks of the catalogue and directives.
    """

    pack: Pack
    rule: Rule
    late: Rule | None
    filed: FilingKind | None

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The rules that tell how it stands."""
        return (self.rule,) if self.late is None else (self.rule, self.late)

    @property
    def is_check(self) -> bool:
        """Whether it is a check of the published catalogue."""
        return self.filed is None and any(field.startswith(f"{CATALOGUE_CHECK.name}.") for field in self.rule.fields)

    @property
    def has_day(self) -> bool:
        """Whether each period's has a last day."""
        return self.rule.count is not None or SINCE_END in self.rule.fields

    def due(self, period: Period, parameters: Mapping[str, ParameterValue], calendar: WorkingCalendar) -> date | None:
        """The last day for a period; None where each thing has its own (directives, checks after a publication)."""
        if self.rule.count is not None:
            return period.last
        after = _days_after(self.rule, parameters)
        if after is None:
            return None
        return calendar.add_working_days(period.last, after) if after else period.last


def duties(pack: Pack) -> Iterator[Duty]:
    """The recurring duties of a pack, in the order of its rules."""
    owing = [rule for rule in pack.rules if rule.subject is None and rule.kinds <= READS]
    late = {kind: rule for rule in owing for kind in FilingKind if _judges_lateness(rule, kind)}
    for rule in owing:
        if rule not in late.values():
            kind = _filed(rule)
            yield Duty(pack, rule, late.get(kind) if kind else None, kind)


def _judges_lateness(rule: Rule, kind: FilingKind) -> bool:
    return rule.fails_when is not None and f"{FILING.name}.{kind.value}_days" in rule.fails_when.fields


def _filed(rule: Rule) -> FilingKind | None:
    kinds = {f"{FILING.name}.{kind.value}": kind for kind in FilingKind} | YEARLY
    return next((kinds[field] for field in rule.fields if field in kinds), None)


def _days_after(rule: Rule, parameters: Mapping[str, ParameterValue]) -> int | None:
    """How many working days after the period's end the rule still waits."""
    asked: Iterable[tuple[str, object]] = rule.pending_when.every_comparison() if rule.pending_when else ()
    for field, comparison in asked:
        wait = getattr(comparison, "at_most", None)
        if field == SINCE_END and wait is not None:
            return int(parameters[wait].value) if isinstance(wait, str) else int(wait)
    return None


class ObligationStatus(StrEnum):
    """How a duty stands, the worst first."""

    MISSING = "missing"
    LATE = "filed_late"
    NOT_YET = "not_yet_due"
    DONE = "in_time"
    WAIVED = "excused"


@dataclass(frozen=True, slots=True)
class Obligation:
    """What one unit owes for one period. `due` is the last day, None where each thing of it has its own.

    `done` of `wanted` are the figures of what is counted; `filings` what was handed in, the oldest first.
    """

    duty: Duty
    unit: Unit
    period: Period
    due: date | None
    standing: ObligationStatus
    done: int | None
    wanted: int | None
    filings: tuple[Filing, ...]

    @property
    def order(self) -> tuple[int, date, str, str]:
        """What is missing first, then by day."""
        rank = list(ObligationStatus).index(self.standing)
        return rank, self.due or self.period.last, self.unit.path, self.duty.rule.id


def obligations(scope: Scope, month: Period) -> list[Obligation]:
    """What is due in a month or after it, of every period that had begun by its end: the report of May in June, the
    year's dialogues in each month. A future month owes nothing yet."""
    if month.first > today():
        return []
    units = {unit.code: unit for unit in organisation.units(scope)}
    found = [owed for period in _periods(month) for owed in _of_period(scope, units, period, month)]
    return sorted(found, key=lambda owed: owed.order)


def _periods(month: Period) -> list[Period]:
    """The month, quarter, half and year that the month is in, and the one before each."""
    present = [Period.of(kind, month.last) for kind in PeriodKind]
    return [*present, *(period.previous() for period in present)]


def _of_period(scope: Scope, units: dict[str, Unit], period: Period, month: Period) -> Iterator[Obligation]:
    owing: list[tuple[Duty, date | None]] = []
    for pack in repository.in_force(period.last):
        of_pack = [duty for duty in duties(pack) if period.kind in duty.rule.judge.every]
        if period.kind is not PeriodKind.MONTH:  # what has no day of its own is told by the month, if it is at all
            of_pack = [duty for duty in of_pack if duty.has_day or PeriodKind.MONTH not in duty.rule.judge.every]
        parameters = values_on(pack, [rule for duty in of_pack for rule in duty.rules], period.last)
        dated = [(duty, duty.due(period, parameters, site_calendar())) for duty in of_pack]
        owing += [(duty, due) for duty, due in dated if kept(due or period.last, month.first)]
    codes = [code for code, unit in units.items() if _was(unit, period)]
    if owing and codes:
        results = _judged([duty for duty, _due in owing], period, codes)
        handed_in = _handed_in(scope, period)
        for duty, due in owing:
            for code in codes:
                yield from _owed(duty, units[code], period, due, results, handed_in)


def _was(unit: Unit, period: Period) -> bool:
    begun = unit.valid_from is None or unit.valid_from <= period.last
    return begun and (unit.valid_to is None or unit.valid_to >= period.first)


Results = dict[tuple[str, str, str], RuleResult]


def _judged(owing: Sequence[Duty], period: Period, codes: Sequence[str]) -> Results:
    rules: dict[str, list[Rule]] = defaultdict(list)
    for duty in owing:
        rules[duty.pack.id] += duty.rules
    chosen = [replace(duty.pack, rules=tuple(rules[duty.pack.id])) for duty in {d.pack.id: d for d in owing}.values()]
    (report,) = service.look(period, [{}], chosen, codes)
    return {(result.pack, result.rule, result.unit): result for result in report.judgement.results}


HandedIn = dict[tuple[int, FilingKind], list[Filing]]


def _handed_in(scope: Scope, period: Period) -> HandedIn:
    """What counts for the period: filed for it by name, or within it."""
    found: HandedIn = defaultdict(list)
    for filing in reversed(filed.filings(scope, None, period.first.year)):
        named = filing.period == period.key
        if not filing.withdrawn and (named or (not filing.period and period.contains(filing.filed_on))):
            found[filing.unit_id, filing.kind].append(filing)
    return found


def _owed(
    duty: Duty, unit: Unit, period: Period, due: date | None, results: Results, handed_in: HandedIn
) -> Iterator[Obligation]:
    result = results[duty.pack.id, duty.rule.id, unit.code]
    in_time = results[duty.pack.id, duty.late.id, unit.code] if duty.late else None
    standing = _standing(result, in_time)
    if standing is not None:
        filings = tuple(handed_in.get((unit.id, duty.filed), ())) if duty.filed else ()
        done, wanted = _figures(result)
        yield Obligation(duty, unit, period, due, standing, done, wanted, filings)


def _standing(result: RuleResult, in_time: RuleResult | None) -> ObligationStatus | None:
    """None where the unit owes nothing."""
    if result.reason is RuleOutcome.PENDING:
        return ObligationStatus.NOT_YET
    if Status.WAIVED in (result.status, in_time.status if in_time else None):
        return ObligationStatus.WAIVED
    if result.status is Status.FAIL:
        # Publications all checked, one of them after its time: late, and nothing is missing any more.
        return (
            ObligationStatus.LATE if result.figures.get("catalogue_check.unchecked") == 0 else ObligationStatus.MISSING
        )
    if result.status is Status.PASS:
        return ObligationStatus.LATE if in_time is not None and in_time.status is Status.FAIL else ObligationStatus.DONE
    return None


def _figures(result: RuleResult) -> tuple[int | None, int | None]:
    """What is counted, and of how many: of a count its target, of a rate its whole."""
    if result.numerator is None:
        return None, None
    return result.numerator, int(result.target) if result.denominator is None and result.target else result.denominator
