"""Which rules of the packs are recurring duties: what each asks to be filed or done, and by when. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from app.calendar import WorkingCalendar
from app.compliance.language import Rule
from app.compliance.pack import Pack, ParameterValue
from app.periods import Period
from app.plans.duties.fact_kinds import DIRECTIVES_CARRIED_OUT, FILING, YEAR_COUNT
from app.plans.duties.models import FilingKind
from app.publications.fact_kinds import CATALOGUE_CHECK

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
