"""What the plans allow for each step of a publication, told to the publications' pages.

The figures are parameters of clock rules about `publication_step`; the records ask for them without knowing rules.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from app.compliance.adoption.repository import in_force
from app.core.calendar import TimeUnit
from app.publications import clocks
from app.publications.clocks import Allowed, PublicationStep
from app.publications.facts import PUBLICATION_STEP
from app.publications.models import PublicationTrack
from app.rulepacks.language import Rule
from app.rulepacks.pack import ParameterValue
from app.web.formats import in_both


def allowed(track: PublicationTrack, step: PublicationStep, day: date) -> list[Allowed]:
    """Days allowed by every plan in force on the day the clock began."""
    return list(_found(track, step, day))


def _found(track: PublicationTrack, step: PublicationStep, day: date) -> Iterator[Allowed]:
    for pack in in_force(day):
        parameters = pack.parameters.at(day)
        for rule in pack.rules:
            if rule.clock is not None and _is_about(rule, track, step):
                days = _number(rule.clock.at_most, parameters)
                if days is not None:
                    yield Allowed(days, _unit(rule.clock.counted_in, parameters), in_both(pack.info.title))


def _is_about(rule: Rule, track: PublicationTrack, step: PublicationStep) -> bool:
    if rule.judge.each != PUBLICATION_STEP.name or rule.applies_when is None:
        return False
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
