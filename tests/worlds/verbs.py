"""The verbs of the stories: what each is called, what may stand beside it, and the function that plays it.

A verb is a function marked `@verb("name", field=Field(reader), …)`; it is given the stage it plays on and what was
said, with None for whatever was left out. The verbs themselves are in the files
beside it, by theme: cases, house, obligations, publications, catalogue, tasks, scores.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from tests.worlds.reading import (
    BadWorld,
    Fields,
    Items,
    Place,
    Reader,
    Text,
    day,
    is_nothing,
    listed,
    number,
    place_of,
    text,
)

if TYPE_CHECKING:
    from tests.worlds.stage import Stage

Said = SimpleNamespace


class Named(str):
    """The code of a unit, a procedure or a rule, which must be one that the world or the product knows."""

    kind: str
    place: Place


def named(kind: str) -> Reader:
    """A code of that kind: "unit", "procedure", "rule" or "pack"."""

    def read(said: Any) -> Named:
        code = Named(text(said).upper() if kind == "unit" else text(said))
        code.kind, code.place = kind, place_of(said)
        return code

    return read


UNIT, UNITS = named("unit"), listed(named("unit"))
PROCEDURE, PROCEDURES = named("procedure"), listed(named("procedure"))
RULE, PACK = named("rule"), named("pack")
CASES = listed(text)


@dataclass(frozen=True, slots=True)
class Field:
    """What may stand beside a verb, and under which other names."""

    reader: Reader
    needed: bool = False
    also: tuple[str, ...] = ()


UNIT_FIELD = Field(UNITS, also=("units",))
NEEDED_UNIT = Field(UNITS, needed=True, also=("units",))
TITLE = Field(text, also=("text", "name", "summary", "content", "what"))
ON = Field(day, also=("on", "day", "date"))
REASON = Field(text, also=("why", "note"))


@dataclass(frozen=True, slots=True)
class Verb:
    """A verb. `main` is the field meant when only one word stands beside it: `close: C1`."""

    name: str
    fields: dict[str, Field]
    main: str
    plays: Callable[[Stage, Said], None]


_verbs: dict[str, Verb] = {}


def verb(
    *names: str, main: str = "case", **fields: Field | Reader
) -> Callable[[Callable[[Stage, Said], None]], Callable[[Stage, Said], None]]:
    """Mark a function as the verb of these names."""
    known = {name: each if isinstance(each, Field) else Field(each) for name, each in fields.items()}
    known["times"] = Field(number, also=("count", "repeat"))

    def mark(plays: Callable[[Stage, Said], None]) -> Callable[[Stage, Said], None]:
        made = Verb(names[0], known, main, plays)
        for name in names:
            assert name not in _verbs, name
            _verbs[name] = made
        return plays

    return mark


def verbs() -> dict[str, Verb]:
    """Every verb by each of its names."""
    from tests.worlds import cases, catalogue, house, obligations, publications, scores, tasks  # noqa: F401  they mark theirs

    return _verbs


def read_fields(said: Any, known: dict[str, Field], main: str = "") -> Said:
    """What stands beside a verb, read; every name of `known` is there, None where nothing was said."""
    if isinstance(said, (Text, Items)):
        if not main:
            raise BadWorld(place_of(said), f"names and values are wanted here: {', '.join(known)}.")
        place = place_of(said)
        left_out = isinstance(said, Text) and not said and not known[main].needed
        said = Fields() if left_out else Fields({main: said})
        said.place = place
    by_name = {other: name for name, field in known.items() for other in (name, *field.also)}
    read: dict[str, Any] = dict.fromkeys(known)
    for name, value in said.items():
        if name not in by_name:
            raise BadWorld(place_of(value), f"“{name}” is not known here; allowed: {', '.join(known)}.")
        read[by_name[name]] = known[by_name[name]].reader(value)
    for name, field in known.items():
        if field.needed and (read[name] is None or read[name] == ""):
            raise BadWorld(said.place, f"“{name}” is missing; allowed here: {', '.join(known)}.")
    return Said(**read, said=said)


def names_in(values: Any) -> Iterator[Named]:
    """Every code that was read somewhere in these values."""
    if isinstance(values, Named):
        yield values
    elif isinstance(values, Said):
        for name, value in vars(values).items():
            if name != "said":
                yield from names_in(value)
    elif isinstance(values, (list, tuple)):
        for value in values:
            yield from names_in(value)
    elif isinstance(values, dict):
        for value in values.values():
            yield from names_in(value)


def nothing_or(reader: Reader) -> Reader:
    """What was read, or the empty string where “none” is written: left out is None."""
    return lambda said: "" if is_nothing(said) else reader(said)
