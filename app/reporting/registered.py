"""What the judging half tells rooms of records, and is told by none: who hears that something owed under a plan is due
or missing, what the plans allow for each step of a publication, and live figures beside a score table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from functools import cache, partial
from pathlib import Path
from typing import Annotated

import yaml
from flask_babel import get_locale
from flask_babel import gettext as _
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from app.compliance import queries as checks
from app.compliance.adoption.repository import in_force
from app.core.calendar import TimeUnit
from app.core.facts import Fact
from app.core.periods import Period, PeriodKind
from app.notifications.labels import Figures, News, add_sentences, due_day
from app.notifications.models import NoticeKind
from app.notifications.queries import staff
from app.notifications.service import add_source
from app.organisation.access import Scope
from app.organisation.calendars import site_calendar
from app.publications import clocks
from app.publications.clocks import Allowed, PublicationStep
from app.publications.facts import PUBLICATION_STEP
from app.publications.models import PublicationTrack
from app.reporting.obligations import ObligationStatus, obligations
from app.rulepacks.conditions import Clock
from app.rulepacks.language import Rule
from app.rulepacks.pack import Pack, ParameterValue
from app.scorecards.queries import criterion_view
from app.web import extensions
from app.web.due import due_by
from app.web.formats import in_both, in_words, show_number, show_percent
from app.web.once import once

# Who is told that something owed under a plan is due or missing: the head of the unit that owes it.

AHEAD = 2  # working days before the last day from which the head is told

SOON, MISSING = "obligation_due_soon", "obligation_missing"


def due_obligations(scope: Scope) -> Iterator[News]:
    """What is owed this month and has not been handed in."""
    calendar, everybody = site_calendar(), staff(scope)
    today = calendar.local_day(extensions.now())
    soon = calendar.add_working_days(today, AHEAD)
    for each in obligations(scope, Period.of(PeriodKind.MONTH, today)):
        missing = each.standing is ObligationStatus.MISSING
        if each.due is None or not (missing or (each.standing is ObligationStatus.NOT_YET and due_by(each.due, soon))):
            continue
        title = each.duty.rule.title
        yield News(
            everybody.heads(each.unit.id),
            NoticeKind.DUTY,
            MISSING if missing else SOON,
            about=f"duty/{each.duty.pack.id}/{each.duty.rule.id}/{each.unit.code}",
            subject=each.period.key,
            figures={
                "rule": each.duty.rule.id.upper(),
                "title": {"vi": title.vi, "en": title.en},
                "period": each.period.key,
                "due": each.due.isoformat(),
            },
            page="reporting.obligations",
        )


def _named(figures: Figures) -> dict[str, str]:
    return {
        "rule": f"{figures['rule']}, {figures['title']}",
        "period": in_words(Period.parse(figures["period"])),
        "day": due_day(figures),
    }


add_sentences(
    {
        SOON: lambda f: _("%(period)s: %(rule)s chưa thực hiện, hạn %(day)s", **_named(f)),
        MISSING: lambda f: _("%(period)s: %(rule)s chưa thực hiện, đã quá hạn %(day)s", **_named(f)),
    }
)
add_source([SOON, MISSING], due_obligations)


# What the plans allow for each step of a publication, told to the publications' pages.
#
# The figures are parameters of clock rules about `publication_step`; the records ask for them without knowing rules.


def allowed(track: PublicationTrack, step: PublicationStep, day: date) -> list[Allowed]:
    """Days allowed by every plan in force on the day the clock began."""
    return list(_found(track, step, day))


def _found(track: PublicationTrack, step: PublicationStep, day: date) -> Iterator[Allowed]:
    for pack in in_force(day):
        clocks_of = once(f"publication clocks of {pack.id} {pack.hash}", partial(_clocks, pack))
        parameters = pack.parameters.at(day) if clocks_of else {}
        for clock in (clock for rule, clock in clocks_of if _is_about(rule, track, step)):
            days = _number(clock.at_most, parameters)
            if days is not None:
                yield Allowed(days, _unit(clock.counted_in, parameters), in_both(pack.info.title))


def _clocks(pack: Pack) -> list[tuple[Rule, Clock]]:
    """The pack's rules about steps of publications: a page of them asks for each of its lines."""
    return [
        (rule, rule.clock)
        for rule in pack.rules
        if rule.clock is not None and rule.judge.each == PUBLICATION_STEP.name and rule.applies_when is not None
    ]


def _is_about(rule: Rule, track: PublicationTrack, step: PublicationStep) -> bool:
    assert rule.applies_when is not None
    asked = {field.partition(".")[2]: c.equals for field, c in rule.applies_when.comparisons.items()}
    return asked.get("track") == track.value and asked.get("step") == step.value


def _number(written: int | str, parameters: dict[str, ParameterValue]) -> int | None:
    if isinstance(written, int):
        return written
    value = parameters.get(written)
    return None if value is None else int(value.value)


def _unit(counted_in: str, parameters: dict[str, ParameterValue]) -> TimeUnit:
    value = parameters.get(counted_in)
    return TimeUnit(counted_in if value is None else value.day_kind)


if allowed not in clocks.sources:
    clocks.sources.append(allowed)


# Live figures beside a score table: what the latest check says that bears on a criterion, offered as evidence.
#
# Score tables know nothing of checks, and checks nothing of score tables: they meet here, by `score_support.yaml`.

BEARINGS = Path(__file__).with_name("score_support.yaml")
Word = Annotated[str, Field(min_length=1)]


class Title(BaseModel):
    """A figure's name in both languages."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    vi: Word
    en: Word


class Bearing(BaseModel):
    """A figure that bears on a criterion: fields of a kind of fact, summed over the units."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    table: Word
    criterion: Word
    fact: Word
    count: Word
    among: Word | None = None
    title: Title


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure of one run, summed over the units of the reader's scope."""

    title: str
    count: int
    among: int | None
    run: int
    period: str
    """As the reader reads it: "Tháng 6/2024"."""

    @property
    def value(self) -> str:
        """`80 % (40/50)`, or the count alone."""
        if self.among is None:
            return show_number(self.count)
        share = show_percent(Fraction(self.count, self.among)) if self.among else "–"
        return f"{share} ({show_number(self.count)}/{show_number(self.among)})"

    @property
    def sentence(self) -> str:
        """The figure as evidence: what, how much, when, and the run that anybody can look up."""
        return str(
            _(
                "%(title)s: %(value)s, %(period)s (lần kiểm tra số %(run)s)",
                title=self.title,
                value=self.value,
                period=self.period,
                run=self.run,
            )
        )


@dataclass(frozen=True, slots=True)
class Support:
    """What is offered beside a criterion. `expected` is whether any figure bears on it at all."""

    expected: bool
    figures: tuple[Figure, ...]


@cache
def bearings() -> tuple[Bearing, ...]:
    """Every bearing known."""
    return TypeAdapter(tuple[Bearing, ...]).validate_python(yaml.safe_load(BEARINGS.read_text(encoding="utf-8")))


def support(scope: Scope, criterion_id: int) -> Support:
    """The figures that the latest check of the table's year has for a criterion. Raises NotFound."""
    view = criterion_view(scope, criterion_id)
    wanted = [b for b in bearings() if (b.table, b.criterion) == (view.table, view.row.number)]
    period = _latest_period(scope, view.year) if wanted else None
    run = checks.latest_run(scope, period) if period else None
    if period is None or run is None:
        return Support(bool(wanted), ())
    told = checks.evidence_of(scope, run)
    locale = get_locale()
    label = period.label(locale.language if locale else "vi")
    found = ((bearing, _sums(bearing, told)) for bearing in wanted)
    return Support(
        True,
        tuple(
            Figure(in_both(bearing.title), sums["count"], sums.get("among"), run.id, label)
            for bearing, sums in found
            if sums
        ),
    )


def _latest_period(scope: Scope, year: int) -> Period | None:
    """The period judged that reaches furthest into the year; of two that end together, the longer."""
    judged = [period for period in checks.judged_periods(scope) if period.last.year == year]
    return max(judged, key=lambda period: (period.last, -period.first.toordinal()), default=None)


def _sums(bearing: Bearing, facts: Iterable[Fact]) -> Mapping[str, int]:
    """The bearing's fields over every fact of its kind; empty where the run was told none."""
    fields = {"count": bearing.count} | ({"among": bearing.among} if bearing.among else {})
    told = [fact for fact in facts if fact["kind"] == bearing.fact and set(fields.values()) <= fact.keys()]
    return {name: sum(fact[field] for fact in told) for name, field in fields.items()} if told else {}
