"""What every unit owes under the plans in force: by when, and whether it came in time, late, or not yet.

How each stands is what the check would say of it now: the duties' own rules are judged, on the same facts.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from functools import lru_cache, partial

from app.compliance.adoption import repository
from app.compliance.evaluation.evaluate import judge, values_on
from app.compliance.evaluation.results import RuleResult
from app.compliance.overview import worked_out
from app.compliance.runs import evidence, service
from app.compliance.waivers.service import in_force as waivers_in_force
from app.core.calendar import WorkingCalendar
from app.core.facts import SUBJECT, Fact
from app.core.periods import Period, PeriodKind
from app.obligations import queries as filed
from app.obligations.facts import DIRECTIVES_CARRIED_OUT, LENGTH, OWED, YEAR_COUNT
from app.obligations.models import FilingKind
from app.obligations.queries import StandingFiling
from app.organisation import queries as organisation
from app.organisation.access import Scope
from app.organisation.calendars import site_calendar, today
from app.organisation.models import Unit
from app.publications.facts import CATALOGUE_CHECK
from app.rulepacks.language import JudgedAs, Rule, Status, SubjectState
from app.rulepacks.pack import Pack, ParameterValue, day_kind_of, number_of
from app.rulepacks.premises import last_day
from app.web.due import kept

YEARLY = {f"{YEAR_COUNT.name}.news_items": FilingKind.NEWS_ITEM, f"{YEAR_COUNT.name}.dialogues": FilingKind.DIALOGUE}
READS = frozenset({YEAR_COUNT.name, CATALOGUE_CHECK.name, DIRECTIVES_CARRIED_OUT.name})
"""A rule about units that reads nothing else is a recurring duty; so is one about what is handed in for a period."""


@dataclass(frozen=True, slots=True)
class Duty:
    """A rule that owes something each period. `filed` is what is handed in or counted; None for checks of the catalogue
    and directives."""

    pack: Pack
    rule: Rule
    filed: FilingKind | None

    @property
    def is_check(self) -> bool:
        """Whether it is a check of the published catalogue."""
        return self.filed is None and any(field.startswith(f"{CATALOGUE_CHECK.name}.") for field in self.rule.fields)

    @property
    def has_day(self) -> bool:
        """Whether each period's has a last day."""
        return self.rule.count is not None or self.rule.duty is not None

    def is_of(self, period: Period) -> bool:
        """Whether something is owed for the period by its name; what has no day of its own is told by the month."""
        if self.filed in LENGTH:
            return period.kind is LENGTH[self.filed]
        by_month = not self.has_day and PeriodKind.MONTH in self.rule.judge.every
        return period.kind in self.rule.judge.every and (period.kind is PeriodKind.MONTH or not by_month)

    def due(self, period: Period, parameters: Mapping[str, ParameterValue], calendar: WorkingCalendar) -> date | None:
        """The last day for a period; None where each thing has its own (directives, checks after a publication)."""
        within = self.rule.duty[1].within if self.rule.duty is not None else None
        if within is None:
            return period.last if self.has_day else None
        days, counting = number_of(within.amount, parameters), day_kind_of(within.counting, parameters)
        return last_day(calendar, period.last, days, counting)


def duties(pack: Pack) -> Iterator[Duty]:
    """The recurring duties of a pack, in the order of its rules."""
    for rule in pack.rules:
        if rule.subject in OWED and rule.duty is not None:
            yield Duty(pack, rule, FilingKind(rule.subject))
        elif rule.subject is None and rule.kinds <= READS:
            yield Duty(pack, rule, next((YEARLY[field] for field in rule.fields if field in YEARLY), None))


Filings = tuple[StandingFiling, ...]


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
    filings: Filings

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
    periods = _periods(month)
    handed_in = _handed_in(scope, periods)
    owing = {period: _owing(period, month) for period in periods}
    filed_for = _filings_told(owing, tuple(units))
    found = [
        owed
        for period in periods
        for owed in _of_period(period, owing[period], units, filed_for[period.key], handed_in)
    ]
    return sorted(found, key=lambda owed: owed.order)


def _periods(month: Period) -> list[Period]:
    """The month, quarter, half and year that the month is in, and the one before each."""
    present = [Period.of(kind, month.last) for kind in PeriodKind]
    return [*present, *(period.previous() for period in present)]


Owing = list[tuple[Duty, date | None]]
"""Duties, each with its last day; None where each thing of it has its own."""


def _owing(period: Period, month: Period) -> Owing:
    """What is owed for the period, and due in the month or after it."""
    calendar = site_calendar()
    dated = (each for pack in repository.in_force(period.last) for each in _dated(pack.hash, period, calendar))
    return [(duty, due) for duty, due in dated if kept(due or period.last, month.first)]


@lru_cache(maxsize=256)
def _dated(text_hash: str, period: Period, calendar: WorkingCalendar) -> Owing:
    """The duties of a text for the period; what has a hash never changes."""
    pack = repository.text(text_hash)
    of_pack = [duty for duty in _duties(text_hash) if duty.is_of(period)]
    parameters = values_on(pack, [duty.rule for duty in of_pack], period.last)
    return [(duty, duty.due(period, parameters, calendar)) for duty in of_pack]


@lru_cache(maxsize=32)
def _duties(text_hash: str) -> tuple[Duty, ...]:
    return tuple(duties(repository.text(text_hash)))


def _of_period(
    period: Period, owing: Owing, units: Mapping[str, Unit], told: Sequence[Fact], handed_in: HandedIn
) -> Iterator[Obligation]:
    codes = [code for code, unit in units.items() if _was(unit, period)]
    if owing and codes:
        results = _judged([duty for duty, _due in owing if duty.filed not in LENGTH], period, codes)
        by_name = [(duty, due) for duty, due in owing if duty.filed in LENGTH]
        results |= _filings_judged(by_name, told, period, units, codes)
        for duty, due in owing:
            for code in codes:
                yield from _owed(duty, units[code], period, due, results, handed_in)


def _was(unit: Unit, period: Period) -> bool:
    begun = unit.valid_from is None or unit.valid_from <= period.last
    return begun and (unit.valid_to is None or unit.valid_to >= period.first)


Results = dict[tuple[str, str, str], RuleResult]


def _judged(owing: Sequence[Duty], period: Period, codes: Sequence[str]) -> Results:
    if not owing:
        return {}
    found = service.so_far(period, _packs_of(owing), codes)
    return {(result.pack, result.rule, result.unit): result for result in found.results}


def _packs_of(owing: Sequence[Duty]) -> list[Pack]:
    rules: dict[str, list[Rule]] = defaultdict(list)
    for duty in owing:
        rules[duty.pack.id].append(duty.rule)
    return [replace(pack, rules=tuple(rules[name])) for name, pack in {d.pack.id: d.pack for d in owing}.items()]


def _filings_told(owing: Mapping[Period, Owing], codes: tuple[str, ...]) -> Mapping[str, Sequence[Fact]]:
    """What is known today of what units hand in, by the period that it is for: asked of all of them at once, for each
    is a thing of its own period in whichever it is told."""
    found: dict[str, list[Fact]] = defaultdict(list)
    kinds = {str(duty.filed) for each in owing.values() for duty, _due in each if duty.filed in LENGTH}
    if kinds and codes:
        first, last = min(period.first for period in owing), max(today(), *(period.last for period in owing))
        whole = replace(min(owing), first=first, last=last)
        for fact in service.gather(whole, kinds, codes, first, frozenset(period.key for period in owing))[1]:
            found[fact[SUBJECT]].append(fact | {"period": fact[SUBJECT]})
    return found


def _filings_judged(
    owing: Owing, told: Sequence[Fact], period: Period, units: Mapping[str, Unit], codes: Sequence[str]
) -> Results:
    """What is handed in for one period, seen from it until now or its last day: how it stands today."""
    if not owing:
        return {}
    now = today()
    seen = replace(period, last=max([now, *(due for _duty, due in owing if due is not None)]))
    packs = _packs_of([duty for duty, _due in owing])
    judged_units = [service.premises_of_unit(units[code], period) for code in codes]
    calendar, excuses = site_calendar(), waivers_in_force(min(period.last, now))
    # The page is looked at again and again, and what was handed in changes seldom: of the same facts, law, units,
    # waivers, calendar and day the engine says the same.
    said = evidence.digest(repr((told, judged_units, sorted(excuses.items()))))

    def judged() -> Results:
        found = judge(
            packs,
            told,
            judged_units,
            seen,
            law_on=period.last,
            as_of=now,
            deadline_of=partial(last_day, calendar),
            excuses=excuses,
        )
        return {(result.pack, result.rule, result.unit): result for result in found.results}

    return worked_out((), ("handed in", service.law_of(packs), said, seen, period.last, now, calendar), judged)


HandedIn = Mapping[tuple[str, int, FilingKind], Sequence[StandingFiling]]
"""What counts for a period, by its name, unit and kind, the oldest first."""


def _handed_in(scope: Scope, periods: Sequence[Period]) -> HandedIn:
    """What was filed for a period by name, or within it."""
    found: dict[tuple[str, int, FilingKind], list[StandingFiling]] = defaultdict(list)
    for filing in filed.handed_in(scope, periods):
        names = [filing.period] if filing.period else [p.key for p in periods if p.contains(filing.filed_on)]
        for name in names:
            found[name, filing.unit_id, filing.kind].append(filing)
    return found


def _owed(
    duty: Duty, unit: Unit, period: Period, due: date | None, results: Results, handed_in: HandedIn
) -> Iterator[Obligation]:
    result = results[duty.pack.id, duty.rule.id, unit.code]
    standing = _standing(result)
    if standing is not None:
        filings = _filed(duty, unit, period, result, handed_in)
        done, wanted = _figures(result) if duty.filed not in LENGTH else (None, None)
        yield Obligation(duty, unit, period, due, standing, done, wanted, filings)


def _filed(
    duty: Duty, unit: Unit, period: Period, result: RuleResult, handed_in: HandedIn
) -> tuple[StandingFiling, ...]:
    """What was handed in for it: by the unit, or by any where it answers for the Department as a whole."""
    if duty.filed is None:
        return ()
    if result.judged_as is not JudgedAs.WHOLE:
        return tuple(handed_in.get((period.key, unit.id, duty.filed), ()))
    every = (
        filing
        for (name, _unit, kind), found in handed_in.items()
        if name == period.key and kind is duty.filed
        for filing in found
    )
    return tuple(sorted(every, key=lambda filing: (filing.filed_on, filing.id)))


_OF_STATE = {SubjectState.LATE: ObligationStatus.LATE, SubjectState.MISSING: ObligationStatus.MISSING}


def _standing(result: RuleResult) -> ObligationStatus | None:
    """None where the unit owes nothing."""
    if result.status is Status.PENDING:
        return ObligationStatus.NOT_YET
    if result.status is Status.WAIVED:
        return ObligationStatus.WAIVED
    if result.status is Status.FAIL:
        late = [_OF_STATE.get(line.status, ObligationStatus.MISSING) for line in result.subjects]
        if late:
            return late[0]
        # Publications all checked, one of them after its time: late, and nothing is missing any more.
        return (
            ObligationStatus.LATE if result.figures.get("catalogue_check.unchecked") == 0 else ObligationStatus.MISSING
        )
    return ObligationStatus.DONE if result.status is Status.PASS else None


def _figures(result: RuleResult) -> tuple[int | None, int | None]:
    """What is counted, and of how many: of a count its target, of a rate its whole."""
    if result.numerator is None:
        return None, None
    return result.numerator, int(result.target) if result.denominator is None and result.target else result.denominator
