"""What the reader of the audit trail sees for verbs and kinds of subject; each room names its own in its labels."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any

from app.web.formats import label, yes_no

_ACTIONS: dict[str, Any] = {}
_SUBJECTS: dict[str, Any] = {}
_DETAILS: dict[str, Any] = {}
_WORDS: dict[str, type[StrEnum]] = {}
_DAY = re.compile(r"(\d{4})-(\d\d)-(\d\d)")


def name_actions(names: Mapping[str, Any]) -> None:
    """A room says what its services' verbs are called: {"close_unit": _l("Đóng đơn vị")}."""
    _ACTIONS.update(names)


def name_subjects(names: Mapping[str, Any]) -> None:
    """A room says what the subjects of its entries are called: {"unit": _l("Đơn vị")}."""
    _SUBJECTS.update(names)


def name_details(names: Mapping[str, Any], words: Mapping[str, type[StrEnum]] | None = None) -> None:
    """A room says what the details of its entries are called, and which of them are words of an enumeration."""
    _DETAILS.update(names)
    _WORDS.update(words or {})


def action_name(verb: str) -> str:
    """The verb in the reader's language; one that no room has named is shown as it is."""
    return str(_ACTIONS.get(verb, verb))


def subject_name(kind: str) -> str:
    """The kind of subject in the reader's language; one that no room has named is shown as it is."""
    return str(_SUBJECTS.get(kind, kind))


def action_choices() -> list[tuple[str, str]]:
    """Every named verb, for a filter, in the order of its words."""
    return sorted(((verb, str(name)) for verb, name in _ACTIONS.items()), key=lambda choice: choice[1])


def subject_choices() -> list[tuple[str, str]]:
    """Every named kind of subject, for a filter."""
    return sorted(((kind, str(name)) for kind, name in _SUBJECTS.items()), key=lambda choice: choice[1])


def details_in_words(details: Mapping[str, Any]) -> list[str]:
    """An entry's details as short lines: `reason: …`, and `name: before → after` for what was changed."""
    return list(_lines(details))


def _lines(details: Mapping[str, Any]) -> Iterator[str]:
    for name, value in details.items():
        if name == "changed" and isinstance(value, Mapping):
            for field, (before, after) in value.items():
                yield f"{_DETAILS.get(field, field)}: {_in_words(before, field)} → {_in_words(after, field)}"
        else:
            yield f"{_DETAILS.get(name, name)}: {_in_words(value, name)}"


def _in_words(value: Any, name: str = "") -> str:
    if value is None or value == "":
        return "–"
    if isinstance(value, bool):
        return yes_no(value)
    if isinstance(value, list):
        return ", ".join(map(_in_words, value)) or "–"
    if isinstance(value, Mapping):
        return "; ".join(_lines(value)) or "–"
    text = str(value)
    if name in _WORDS and text in set(_WORDS[name]):
        return label(_WORDS[name](text))
    return "/".join(reversed(day.groups())) if (day := _DAY.fullmatch(text)) else text
