"""What is written in a world's file: YAML whose every word keeps its line, and the values that words stand for.

A word is a text until somebody asks for a day or a number: so that years and dates may be quoted or not. Whatever
cannot be what it should be is a `BadWorld`: one sentence with the place and what is allowed there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import yaml

from app.core.text import fold
from tests.clock import ZONE

_LOADER = getattr(yaml, "CBaseLoader", yaml.BaseLoader)  # takes no word for more than a word
MORNING = time(8)
"""When something happens that has a day only."""
_NOTHING = frozenset({"", "~", "null", "none", "no", "không", "chưa"})
_YES = frozenset({"true", "yes", "y", "1", "có", "rồi", "on"})
_NO = frozenset({"false", "no", "n", "0", "không", "chưa", "off", "none", "~", "null", ""})
_DAY = re.compile(r"(?:(\d{4})-(\d{1,2})-(\d{1,2})|(\d{1,2})[/.](\d{1,2})[/.](\d{4}))(?:[ T,]+(.+))?")
_TIME = re.compile(r"(\d{1,2})[:h](\d{2})?(?::(\d{2})(?:\.\d+)?)?\s*(Z|[+-]\d{2}:?\d{2})?")


class BadWorld(Exception):
    """A world that cannot be played as it is written: file and line, where in it, and what is allowed."""

    def __init__(self, place: Place | str, said: str) -> None:
        super().__init__(f"{place}: {said}")


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a file something stands."""

    file: str
    line: int
    path: str = ""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}" + (f" {self.path}" if self.path else "")

    def within(self, name: object, line: int | None = None) -> Place:
        """A place inside this one."""
        return Place(self.file, line or self.line, f"{self.path}.{name}" if self.path else str(name))


class Text(str):
    """A word or sentence of a file."""

    place: Place


class Items(list[Any]):
    """A list of a file."""

    place: Place


class Fields(dict[str, Any]):
    """Names and what stands beside them."""

    place: Place


def read_file(path: Path) -> Fields:
    """What a file says. Raises BadWorld when it cannot be read as names with values."""
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise BadWorld(str(path), "cannot be read as UTF-8 text.") from error
    return read_text(text, str(path))


def read_text(text: str, name: str) -> Fields:
    """The same of a text."""
    try:
        node = yaml.compose(text, Loader=_LOADER)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        said = getattr(error, "problem", None) or "not YAML"
        raise BadWorld(Place(name, mark.line + 1 if mark else 1), f"this is not YAML: {said}.") from error
    found = _made(node, Place(name, 1)) if node is not None else None
    if not isinstance(found, Fields):
        raise BadWorld(Place(name, 1), "a world is names and values: title, units, procedures, happens, checks.")
    return found


def _made(node: yaml.Node, place: Place) -> Any:
    place = Place(place.file, node.start_mark.line + 1, place.path)
    made: Text | Items | Fields
    if isinstance(node, yaml.ScalarNode):
        made = Text(node.value)
    elif isinstance(node, yaml.SequenceNode):
        made = Items(
            _made(each, Place(place.file, place.line, f"{place.path}[{n}]")) for n, each in enumerate(node.value, 1)
        )
    else:
        assert isinstance(node, yaml.MappingNode)
        made = Fields()
        for key, value in node.value:
            name = str(key.value)
            where = place.within(name, key.start_mark.line + 1)
            if name in made:
                raise BadWorld(where, f"“{name}” stands here twice.")
            made[name] = _made(value, where)
    made.place = place
    return made


# What words stand for: each takes what was written and gives the value, or says what is allowed.

Reader = Callable[[Any], Any]


def place_of(said: Any) -> Place:
    """Where something stands."""
    found: Place = said.place
    return found


def refuse(said: Any, allowed: str) -> BadWorld:
    """The refusal of a value."""
    shown = f"“{said}”" if isinstance(said, str) else "this"
    return BadWorld(place_of(said), f"{shown} is not allowed here; allowed: {allowed}.")


def is_nothing(said: Any) -> bool:
    """Whether a value is left out, or says that there is none."""
    return isinstance(said, str) and said.strip().lower() in _NOTHING


def text(said: Any) -> str:
    """A text of any kind."""
    if not isinstance(said, str):
        raise refuse(said, "a text")
    return str(said).strip()


def flag(said: Any) -> bool:
    """Yes or no."""
    word = text(said).lower()
    if word in _YES:
        return True
    if word in _NO:
        return False
    raise refuse(said, "true or false")


def number(said: Any) -> int:
    """A whole number; thousands may be set apart."""
    word = re.sub(r"(?<=\d)[ _.,](?=\d{3}\b)", "", text(said)).removesuffix("%").strip()
    word = re.sub(r"\s*(đồng|đ|vnd)$", "", word, flags=re.IGNORECASE)
    if not re.fullmatch(r"-?\d+", word):
        raise refuse(said, "a whole number")
    return int(word)


def amount(said: Any) -> Decimal:
    """A number that may have a fraction."""
    try:
        return Decimal(text(said).replace(",", "."))
    except InvalidOperation:
        raise refuse(said, "a number") from None


def day(said: Any) -> date:
    """A day: 2024-06-03, or 03/06/2024. A time after it is left aside."""
    found, _ = _day_and_time(said)
    return found


def moment(said: Any) -> datetime:
    """An instant of the site's local time: 2024-06-03 08:30; the morning of a day that has no time."""
    found, clock = _day_and_time(said)
    if clock is None:
        return datetime.combine(found, MORNING, ZONE)
    parts = _TIME.fullmatch(clock.strip())
    try:
        if parts is None:
            raise ValueError
        hours, minutes, seconds, zone = parts.groups()
        at = datetime.combine(found, time(int(hours), int(minutes or 0), int(seconds or 0)))
    except ValueError:
        raise refuse(said, "a day and time such as 2024-06-03 08:30") from None
    if zone:
        return datetime.fromisoformat(at.isoformat() + ("+00:00" if zone == "Z" else zone))
    return at.replace(tzinfo=ZONE)


def has_time(said: Any) -> bool:
    """Whether a time of day was written."""
    return _day_and_time(said)[1] is not None


def _day_and_time(said: Any) -> tuple[date, str | None]:
    parts = _DAY.fullmatch(text(said))
    try:
        if parts is None:
            raise ValueError
        year, month, day_, vday, vmonth, vyear, clock = parts.groups()
        return date(int(year or vyear), int(month or vmonth), int(day_ or vday)), clock
    except ValueError:
        raise refuse(said, "a day such as 2024-06-03, with a time such as 2024-06-03 08:30") from None


def listed(reader: Reader) -> Reader:
    """One, or a list of them; “A, B” is two."""

    def read(said: Any) -> list[Any]:
        if isinstance(said, Items):
            return [reader(each) for each in said]
        if isinstance(said, Text) and re.search(r"[,;]", said):
            return [reader(_part(each, said)) for each in re.split(r"[,;]", said) if each.strip()]
        return [reader(said)]

    return read


def _part(word: str, of: Text) -> Text:
    part = Text(word.strip())
    part.place = of.place
    return part


def word(meanings: Mapping[str, Any] | Iterable[str]) -> Reader:
    """One of a few words; upper and lower case, hyphens and diacritics aside."""
    known = dict(meanings) if isinstance(meanings, Mapping) else {name: name for name in meanings}
    by_key = {_key(name): value for name, value in known.items()}

    def read(said: Any) -> Any:
        key = _key(text(said))
        if key not in by_key:
            raise refuse(said, ", ".join(known))
        return by_key[key]

    return read


def _key(name: str) -> str:
    return re.sub(r"[ _\-]+", " ", fold(name) or name)


def optional(reader: Reader) -> Reader:
    """None where “none” is written."""
    return lambda said: None if is_nothing(said) else reader(said)


def anything(said: Any) -> Any:
    """As it is written."""
    return said
