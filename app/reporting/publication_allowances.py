"""What the plans allow for each step of a publication, told to the publications' pages.

The figures are parameters of clock rules about `publication_step`; the records ask for them without knowing rules.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from functools import partial

from app.compliance.adoption.repository import in_force
from app.core.calendar import TimeUnit
from app.publications import clocks
from app.publications.clocks import Allowed, PublicationStep
from app.publications.facts import PUBLICATION_STEP
from app.publications.models import PublicationTrack
from app.rulepacks.conditions import Clock
from app.rulepacks.language import Rule
from app.rulepacks.pack import Pack, ParameterValue
from app.web.formats import in_both
from app.web.once import once


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
