"""What the reader of the audit trail sees for verbs and kinds of subject; each room names its own in its labels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

_ACTIONS: dict[str, Any] = {}
_SUBJECTS: dict[str, Any] = {}


def name_actions(names: Mapping[str, Any]) -> None:
    """A room says what its services' verbs are called: {"close_unit": _l("Đóng đơn vị")}."""
    _ACTIONS.update(names)


def name_subjects(names: Mapping[str, Any]) -> None:
    """A room says what the subjects of its entries are called: {"unit": _l("Đơn vị")}."""
    _SUBJECTS.update(names)


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
            yield from (f"{field}: {_plain(pair[0])} → {_plain(pair[1])}" for field, pair in value.items())
        else:
            yield f"{name}: {_plain(value)}"


def _plain(value: Any) -> str:
    if value is None or value == "":
        return "–"
    if isinstance(value, list):
        return ", ".join(map(_plain, value)) or "–"
    if isinstance(value, Mapping):
        return "; ".join(_lines(value)) or "–"
    return str(value)
