"""A world as it is read: its units and procedures, what happens, and what checks must say. Nothing is played here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from app.core.calendar import TimeUnit
from app.core.errors import DomainError
from app.core.periods import Period
from app.organisation.models import UnitKind
from app.procedures.models import Level
from tests.worlds import reading
from tests.worlds.reading import BadWorld, Fields, Items, Place, Text, place_of, refuse
from tests.worlds.verbs import UNIT, Field, Named, Said, Verb, names_in, read_fields, verbs

ROOT = Path(__file__).parents[2]
NO_WORLDS = ("cannot.yaml",)  # data of the table
ALWAYS = {"SO": "Sở Lao động – Thương binh và Xã hội", "VP": "Văn phòng Sở", "MC": "Bộ phận Một cửa"}
"""The units of every world."""
STATUSES = ("pass", "fail", "no_data", "not_applicable", "pending", "remark", "waived")
SUBJECT_STATUSES = ("kept", "late", "missing", "returned", "pending", "fail", "waived", "remark", "no_data")
CODE = Field(reading.text, needed=True)
KINDS = {kind.value: kind for kind in UnitKind} | {
    "phòng": UnitKind.DIVISION,
    "attached_unit": UnitKind.ATTACHED,
    "centre": UnitKind.ATTACHED,
    "center": UnitKind.ATTACHED,
    "public_service": UnitKind.ATTACHED,
}
_TIMES = {
    "working_days": TimeUnit.WORKING_DAYS,
    "working_day": TimeUnit.WORKING_DAYS,
    "ngày làm việc": TimeUnit.WORKING_DAYS,
    "calendar_days": TimeUnit.CALENDAR_DAYS,
    "calendar_day": TimeUnit.CALENDAR_DAYS,
    "days": TimeUnit.CALENDAR_DAYS,
    "day": TimeUnit.CALENDAR_DAYS,
    "ngày": TimeUnit.CALENDAR_DAYS,
    "working_hours": TimeUnit.WORKING_HOURS,
    "working_hour": TimeUnit.WORKING_HOURS,
    "hours": TimeUnit.WORKING_HOURS,
    "hour": TimeUnit.WORKING_HOURS,
    "giờ làm việc": TimeUnit.WORKING_HOURS,
}


def time(said: Any) -> tuple[Any, TimeUnit]:
    """A time allowed: “5 working_days”, “30 calendar_days”, “4 working_hours”, “same_day”."""
    words = reading.text(said).replace("_", " ").lower()
    if words in ("same day", "trong ngày", "ngay trong ngày"):
        return None, TimeUnit.SAME_DAY
    figure, _, unit = words.partition(" ")
    known = {name.replace("_", " "): value for name, value in _TIMES.items()}
    unit = unit.strip() or "working days"
    if unit not in known:
        raise refuse(said, "5 working_days, 30 calendar_days, 4 working_hours, same_day")
    allowed = Text(figure)
    allowed.place = place_of(said)
    return reading.amount(allowed), known[unit]


UNIT_FIELDS = {
    "code": Field(UNIT, needed=True),
    "name": Field(reading.text),
    "kind": Field(reading.word(KINDS)),
    "name_en": Field(reading.text),
    "parent": Field(UNIT),
    "aliases": Field(reading.listed(reading.text), also=("alias",)),
    "since": Field(reading.day, also=("from", "valid_from")),
    "is_desk": Field(reading.flag, also=("desk",)),
}
_STAGE_FIELDS = {
    "unit": Field(UNIT, needed=True),
    "name": Field(reading.text),
    "allowance": Field(
        lambda said: time(said)[0],
        also=("time", "days", "working_days", "hours", "working_hours", "calendar_days"),
    ),
}
PROCEDURE_FIELDS = {
    "code": CODE,
    "unit": Field(UNIT, needed=True),
    "name": Field(reading.text),
    "field": Field(reading.text),
    "time": Field(time),
    "stages": Field(lambda said: [read_fields(each, _STAGE_FIELDS) for each in _items(said)]),
    "level": Field(
        reading.word(
            {level.value: level for level in Level}
            | {
                "fully_online": Level.FULL,
                "toàn trình": Level.FULL,
                "partly": Level.PARTIAL,
                "offline": Level.IN_PERSON,
            }
        )
    ),
    "pause": Field(reading.word(("extend", "restart", "none")), also=("pause_mode",)),
    "fee": Field(reading.number, also=("charge",)),
    "online_payment": Field(
        reading.flag, also=("eligible", "online_payable", "payable_online", "online_payment_eligible")
    ),
    "deployed": Field(reading.optional(reading.day), also=("online_payment_from", "deployed_from")),
    "returns_result": Field(reading.flag, also=("result",)),
    "since": Field(reading.day, also=("from", "in_force_from", "in_force")),
    "until": Field(reading.day, also=("to", "in_force_to")),
    "internal": Field(reading.flag),
    "documents": Field(reading.listed(reading.text)),
}
_EXPECTED = {
    "status": Field(reading.word(STATUSES)),
    "numerator": Field(reading.optional(reading.number)),
    "denominator": Field(reading.optional(reading.number)),
    "unknown": Field(reading.optional(reading.number)),
    "shortfall": Field(reading.optional(reading.number)),
    "judged_as": Field(reading.optional(reading.word({"whole": "whole", "part": "part"}))),
    "due": Field(reading.optional(reading.day)),
    "since": Field(reading.optional(reading.day)),
    "subjects": Field(lambda said: _subjects(said)),
    "absent_subjects": Field(reading.listed(reading.text), also=("absent",)),
}
_SUBJECT = {
    "status": Field(reading.word(SUBJECT_STATUSES)),
    "due": Field(reading.optional(reading.day)),
    "since": Field(reading.optional(reading.day)),
}


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that happened: recorded at `when`, at `at` where that was earlier; `refused` where it must be."""

    when: datetime
    at: datetime | None
    verb: Verb
    said: Said
    refused: bool
    place: Place


@dataclass(frozen=True, slots=True)
class Check:
    """A check at `when`, and what it must say by rule and unit."""

    when: datetime
    period: Period
    packs: list[str] | None
    units: list[str] | None
    expect: dict[str, dict[str, dict[str, Any]]]
    place: Place


@dataclass(frozen=True, slots=True)
class World:
    """A whole story."""

    title: str
    file: str
    units: list[Said]
    procedures: list[Said]
    happens: list[Happening]
    checks: list[Check]


@cache
def known_rules() -> dict[str, str]:
    """The rules of the shipped packs by their id: the id of the pack."""
    return {
        rule["id"]: path.parent.name
        for path in sorted((ROOT / "rules").glob("*/rules.yaml"))
        for rule in yaml.load(path.read_text("utf-8"), getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    }


@cache
def merged_rules() -> dict[str, str]:
    """Rules that are part of another now, by their former id."""
    return {f"{rule}-late": rule for rule in known_rules() if f"{rule}-late" not in known_rules()}


@cache
def known_packs() -> tuple[str, ...]:
    """The shipped packs."""
    return tuple(sorted(set(known_rules().values())))


def world_files(folder: Path) -> list[Path]:
    """The worlds of a folder and of those below it."""
    found = (path for path in folder.rglob("*") if path.suffix in (".yaml", ".yml"))
    return sorted(path for path in found if path.name not in NO_WORLDS)


def read_world(path: Path) -> World:
    """Read a world. Raises BadWorld."""
    return world_of(reading.read_file(path))


def world_of(said: Fields) -> World:
    """A world of what its file says."""
    known = ("title", "source", "units", "procedures", "happens", "checks", "note", "notes", "comment")
    for name, value in said.items():
        if name not in known:
            raise BadWorld(place_of(value), f"“{name}” is not part of a world; allowed: {', '.join(known[:6])}.")
    units = [read_fields(each, UNIT_FIELDS, "code") for each in _items(said.get("units"))]
    procedures = [read_fields(each, PROCEDURE_FIELDS) for each in _items(said.get("procedures"))]
    happens = [_happening(each) for each in _items(said.get("happens"))]
    checks = [_check(each) for each in _items(said.get("checks"))]
    if not checks:
        raise BadWorld(said.place, "“checks” is missing: a world says what a check must find.")
    world = World(str(said.get("title") or ""), said.place.file, units, procedures, happens, checks)
    _check_names(world)
    return world


def _items(said: Any) -> list[Any]:
    if said is None or (isinstance(said, Text) and reading.is_nothing(said)):
        return []
    return list(said) if isinstance(said, Items) else [said]


def _happening(said: Any) -> Happening:
    if not isinstance(said, Fields):
        raise BadWorld(place_of(said), "a happening is {when: …, verb: …}.")
    plain = {"when", "at", "refused", "note", "comment"}
    named = [
        name for name, value in said.items() if name not in plain or (name == "note" and isinstance(value, Fields))
    ]
    allowed = verbs()
    for name in named:
        if name not in allowed:
            shown = ", ".join(sorted({each.name for each in allowed.values()}))
            raise BadWorld(place_of(said[name]), f"“{name}” is no verb; the verbs: {shown}.")
    if len(named) != 1:
        raise BadWorld(said.place, f"a happening has one verb, this has {len(named)}: {', '.join(named) or 'none'}.")
    if "when" not in said:
        raise BadWorld(
            said.place, "“when” is missing: the day and time when it was recorded, such as 2024-06-03 08:30."
        )
    chosen = allowed[named[0]]
    when, at = reading.moment(said["when"]), reading.moment(said["at"]) if "at" in said else None
    if at is not None and not reading.has_time(said["at"]) and at.date() == when.date():
        at = None
    if at is not None and at > when:
        raise BadWorld(place_of(said["at"]), f"it cannot have happened (“at”) after it was recorded, {said['when']}.")
    fields = read_fields(said[named[0]], chosen.fields, chosen.main)
    refused = reading.flag(said["refused"]) if "refused" in said else False
    return Happening(when, at, chosen, fields, refused, place_of(said[named[0]]))


def _check(said: Any) -> Check:
    known = ("when", "period", "packs", "units", "expect")
    if not isinstance(said, Fields):
        raise BadWorld(place_of(said), f"a check is {{{', '.join(known)}}}.")
    for name, value in said.items():
        if name not in (*known, "note", "comment", "pack"):
            raise BadWorld(place_of(value), f"“{name}” is not part of a check; allowed: {', '.join(known)}.")
    for name in ("when", "period"):
        if name not in said:
            raise BadWorld(said.place, f"“{name}” of the check is missing.")
    packs = said.get("packs", said.get("pack"))
    chosen = reading.listed(reading.word(_pack_words()))(packs) if packs is not None else None
    units = reading.listed(UNIT)(said["units"]) if "units" in said else None
    return Check(
        reading.moment(said["when"]), period(said["period"]), chosen, units, _expected(said.get("expect")), said.place
    )


def period(said: Any) -> Period:
    """A period: 2024-06, 2024-Q2, 2024-H1, 2024, or its common wording."""
    try:
        return Period.parse(reading.text(said))
    except DomainError:
        raise refuse(said, "a period such as 2024-06, 2024-Q2, 2024-H1 or 2024") from None


def _pack_words() -> dict[str, str]:
    short = {pack: pack for pack in known_packs()}
    for pack in known_packs():
        rule = next(rule for rule, of in known_rules().items() if of == pack)
        short[f"{rule.split('-')[0]}-2024"] = short[rule.split("-")[0]] = pack
    return short


def _expected(said: Any) -> dict[str, dict[str, dict[str, Any]]]:
    if said is None:
        return {}
    if not isinstance(said, Fields):
        raise BadWorld(place_of(said), "“expect” is {rule: {unit: {status: …}}}.")
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for rule, units in said.items():
        name = rule.strip().lower()
        name = merged_rules().get(name, name)
        if name not in known_rules():
            prefix = name.split("-")[0]
            near = [each for each in known_rules() if each.startswith(prefix + "-")] or list(known_packs())
            raise BadWorld(place_of(units), f"“{rule}” is no rule of the packs; allowed: {', '.join(near)}.")
        if not isinstance(units, Fields):
            raise BadWorld(place_of(units), f"units are wanted below {rule}: {{LDVL: {{status: fail}}}}.")
        cells = found.setdefault(name, {})
        for code, cell in units.items():
            unit = Named(code.strip().upper())
            unit.kind, unit.place = "unit", place_of(cell)
            cells[unit] = _cell(cell, _EXPECTED)
    return found


def _cell(said: Any, known: dict[str, Field]) -> dict[str, Any]:
    """Only what is said of a cell or a subject."""
    read = read_fields(said, known, "status")
    given = {name for name, field in known.items() if {name, *field.also} & set(read.said)}
    return {name: value for name, value in vars(read).items() if name in given}


def _subjects(said: Any) -> dict[str, dict[str, Any]]:
    if isinstance(said, Items):
        return {reading.text(each): {} for each in said}
    if not isinstance(said, Fields):
        raise BadWorld(place_of(said), "“subjects” is {C1: {status: late}}.")
    return {name.strip(): _cell(value, _SUBJECT) for name, value in said.items()}


def _check_names(world: World) -> None:
    """Every unit, procedure, rule and pack that is named must be there."""
    given = [*(unit.code for unit in world.units), *_new_units(world)]
    units = {*ALWAYS, *map(str, given)}
    procedures = {str(each.code) for each in world.procedures}
    procedures |= {
        str(each) for one in world.happens for each in (getattr(one.said, "new_procedures", None) or []) if each
    }
    everything = [*world.units, *world.procedures, *(one.said for one in world.happens)]
    expected = [unit for check in world.checks for cells in check.expect.values() for unit in cells]
    asked = [unit for check in world.checks for unit in check.units or ()]
    for name in names_in([everything, expected, asked]):
        if name.kind == "unit" and name not in units:
            raise BadWorld(name.place, f"“{name}” is no unit of this world; its units: {', '.join(sorted(units))}.")
        if name.kind == "rule" and merged_rules().get(name.lower(), name.lower()) not in known_rules():
            raise BadWorld(name.place, f"“{name}” is no rule of the packs.")
        if name.kind == "procedure" and procedures and name not in procedures and not _made_later(world):
            shown = ", ".join(sorted(procedures))
            raise BadWorld(name.place, f"“{name}” is no procedure of this world; its procedures: {shown}.")


def _made_later(world: World) -> bool:
    """Whether procedures come into being while the story goes on: an import or a happening makes them."""
    return any(one.verb.name in ("import", "in_force") for one in world.happens)


def _new_units(world: World) -> list[str]:
    """Units that a happening founds: successors told with a name."""
    return [
        str(each.code)
        for one in world.happens
        for each in (getattr(one.said, "successors", None) or [])
        if isinstance(each, Said)
    ]
