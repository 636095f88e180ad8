"""Verbs of the house itself: units and their succession, officers, days off, waivers, checks between others."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from app.compliance.runs.service import run_check, what_if
from app.compliance.waivers.service import ask_for_waiver, grant_waiver
from app.core.calendar import DayPart
from app.organisation import succession
from app.organisation.calendars import add_site_days, remove_site_day
from app.organisation.models import Role, SuccessionKind
from app.organisation.queries import unit as unit_of
from app.organisation.queries import unit_by_code
from app.organisation.service import add_alias
from app.organisation.succession import Successors
from app.rulepacks.pack import Override
from tests.worlds import reading
from tests.worlds.ground import SECRET, person
from tests.worlds.reading import Fields, Items
from tests.worlds.stage import Stage
from tests.worlds.story import UNIT_FIELDS, known_rules, merged_rules, period
from tests.worlds.verbs import RULE, UNIT, UNITS, Field, Said, read_fields, verb

DECISION = Field(reading.text, also=("document", "by"))
LAST_DAY = Field(reading.day, also=("last_day", "on", "valid_to"))


def successors(said: Any) -> list[Any]:
    """Units that are there (by code), or that are founded ({code, name, kind})."""
    if reading.is_nothing(said):
        return []
    each = list(said) if isinstance(said, Items) else [said]
    return [
        read_fields(one, UNIT_FIELDS) if isinstance(one, Fields) else code
        for one in each
        for code in (UNITS(one) if not isinstance(one, Fields) else [None])
    ]


SUCCESSORS = Field(successors, also=("successor", "into", "to", "new", "as"))
GIVEN = Field(reading.anything)
"""{procedure or username: successor}."""
ONE_DAY = timedelta(days=1)


@verb("close_unit", main="unit", unit=Field(UNITS, needed=True, also=("units",)), successors=SUCCESSORS,
      decision=DECISION, day=LAST_DAY, procedures=GIVEN, people=GIVEN)  # fmt: skip
def close(stage: Stage, said: Said) -> None:
    """A unit ends with that day; its successor takes over what it leaves."""
    _succeed(stage, said, None)


@verb("merge", main="unit", unit=Field(UNITS, needed=True, also=("units",)), successors=SUCCESSORS,
      decision=DECISION, day=LAST_DAY)  # fmt: skip
def merge(stage: Stage, said: Said) -> None:
    """Units end with that day; one succeeds them all."""
    _succeed(stage, said, SuccessionKind.MERGE)


@verb("split", main="unit", unit=Field(UNITS, needed=True, also=("units",)), successors=SUCCESSORS,
      decision=DECISION, day=LAST_DAY, procedures=GIVEN, people=GIVEN)  # fmt: skip
def split(stage: Stage, said: Said) -> None:
    """A unit ends with that day; the first successor gets what is given to no other."""
    _succeed(stage, said, SuccessionKind.SPLIT)


@verb("rename", main="unit", unit=Field(UNITS, needed=True, also=("units",)), successors=SUCCESSORS,
      decision=DECISION, day=LAST_DAY, name=Field(reading.text))  # fmt: skip
def rename(stage: Stage, said: Said) -> None:
    """A unit goes by another name from the day after; one with another code succeeds it."""
    if said.successors:
        _succeed(stage, said, SuccessionKind.RENAME)
        return
    first_day = (said.day or stage.day) + ONE_DAY
    for code in said.unit:
        succession.rename(stage.admin, str(code), name=said.name or "", first_day=first_day, decision=_decision(said))


def _decision(said: Said) -> str:
    return "Quyết định của Giám đốc Sở" if said.decision is None else str(said.decision)


def _succeed(stage: Stage, said: Said, kind: SuccessionKind | None) -> None:
    last_day = said.day or stage.day
    codes = [_there(stage, one, last_day) for one in said.successors or []]
    heirs = Successors(
        codes[0] if codes else "",
        by_procedure={str(name): str(to) for name, to in (getattr(said, "procedures", None) or {}).items()},
        by_person={str(name): str(to) for name, to in (getattr(said, "people", None) or {}).items()},
        others=tuple(codes[1:]),
    )
    for code in said.unit:
        succession.succeed(stage.admin, str(code), heirs, last_day, _decision(said), kind)


def _there(stage: Stage, one: Any, last_day: date) -> str:
    """The code of a successor, which is founded on its first day where the story says what it is."""
    if isinstance(one, str):
        return one
    known = unit_by_code(one.code)
    return str(known.code if known else stage.found(one, last_day + ONE_DAY).code)


@verb("unit", "found_unit", main="code", **UNIT_FIELDS)
def found_unit(stage: Stage, said: Said) -> None:
    """A unit comes into being."""
    stage.found(said, stage.day)


@verb("alias", unit=Field(UNIT, needed=True), alias=Field(reading.text, needed=True, also=("name",)))
def alias(stage: Stage, said: Said) -> None:
    """A unit is known by another name as well."""
    add_alias(stage.admin, stage.unit(said.unit).id, said.alias)


@verb(
    "officer",
    main="name",
    name=Field(reading.text, needed=True, also=("officer", "full_name")),
    unit=Field(UNIT, needed=True),
    since=Field(reading.day, also=("from",)),
)
def officer(stage: Stage, said: Said) -> None:
    """Somebody works in a unit."""
    unit = unit_of(stage.unit(said.unit).id)
    assert unit is not None and SECRET
    person(f"officer{stage.next_number('officer')}", said.name, unit.id, Role.DESK)


@verb(
    "day_off",
    "days_off",
    main="day",
    day=Field(reading.day, also=("first", "from", "on")),
    last=Field(reading.day, also=("to", "until")),
    part=Field(reading.word([part.value for part in DayPart]), also=("half",)),
    name=Field(reading.text),
    reason=Field(reading.text, also=("decision", "document")),
)
def day_off(stage: Stage, said: Said) -> None:
    """The site announces a day off, or several."""
    _site_days(stage, said, working=False)


@verb(
    "working_day",
    "day_worked",
    main="day",
    day=Field(reading.day, also=("first", "from", "on")),
    last=Field(reading.day, also=("to", "until")),
    part=Field(reading.word([part.value for part in DayPart]), also=("half",)),
    name=Field(reading.text),
    reason=Field(reading.text, also=("decision", "document")),
)
def working_day(stage: Stage, said: Said) -> None:
    """The site announces a day that is worked."""
    _site_days(stage, said, working=True)


def _site_days(stage: Stage, said: Said, *, working: bool) -> None:
    add_site_days(
        stage.admin,
        first=said.day or stage.day,
        last=said.last,
        working=working,
        part=DayPart(said.part or DayPart.DAY),
        name=said.name or ("Làm bù" if working else "Nghỉ"),
        reason=said.reason or "Thông báo của UBND tỉnh",
    )


@verb("remove_day", main="day", day=Field(reading.day, needed=True), reason=Field(reading.text))
def remove_day(stage: Stage, said: Said) -> None:
    """A day that the site had announced is taken out again."""
    remove_site_day(stage.admin, said.day, reason=said.reason or "Nhập nhầm ngày")


@verb(
    "waive",
    "waiver",
    rule=Field(RULE, needed=True),
    unit=Field(UNITS, needed=True, also=("units",)),
    since=Field(reading.day, also=("from", "valid_from")),
    until=Field(reading.day, also=("to", "valid_to")),
    period=Field(period, also=("for",)),
    reason=Field(reading.text, also=("why", "note")),
)
def waive(stage: Stage, said: Said) -> None:
    """A unit is excused from a rule in periods that end between two days. Plainly: in the month of that day."""
    rule = merged_rules().get(said.rule.lower(), said.rule.lower())
    first = said.since or (said.period.first if said.period else stage.day.replace(day=1))
    month_end = (first.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)
    last = said.until or (said.period.last if said.period else month_end)
    for code in said.unit:
        asked = ask_for_waiver(
            stage.inspector,
            known_rules()[rule],
            rule,
            str(code),
            first,
            last,
            said.reason or "Phần mềm một cửa ngừng hoạt động theo thông báo của tỉnh",
        )
        grant_waiver(stage.director, asked.id)


@verb(
    "check",
    main="period",
    period=Field(period, needed=True),
    packs=Field(reading.listed(reading.text), also=("pack",)),
    units=Field(UNITS, also=("unit",)),
)
def check(stage: Stage, said: Said) -> None:
    """A check is run between other happenings, and asked nothing."""
    run_check(stage.inspector, said.period, pack_ids=said.packs, unit_codes=said.units and list(map(str, said.units)))


@verb("what_if", period=Field(period, needed=True), parameters=Field(reading.anything, also=("set", "with")))
def ask_what_if(stage: Stage, said: Said) -> None:
    """Somebody asks what a period would be with other parameters: nothing is written."""
    overrides: dict[str, Override] = {str(name): str(value) for name, value in (said.parameters or {}).items()}
    what_if(said.period, overrides)
