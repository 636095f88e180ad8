"""A form's repeated rows (steps, documents, charges, exemptions), changed as the pressed button wants them. Pure.

A row's fields are named `documents-0-name`. A button says which rows and what: `documents-add`, `stages-up-2`,
`charges-remove-0`; the numbers are those of the rows' names.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from werkzeug.datastructures import MultiDict

from app.procedures.contents import PARTS

MOST_ROWS = 60
# Each kind of row: its fields, and what a new one begins with.
NEW_ROW: Mapping[str, Mapping[str, str]] = {
    "stages": {"name": "", "unit_id": "", "allowance": ""},
    "documents": {"name": "", "required": "y", "copy_kind": "original", "quantity": "1", "note": ""},
    "charges": {"kind": "fee", "name": "", "amount": "", "legal_basis": ""},
    "exemptions": {"name": "", "percent_off": "", "legal_basis": ""},
}
ROW_FIELD = re.compile(rf"({'|'.join(PARTS)})-(\d+)-(\w+)")


def kind_of(action: str) -> str:
    """The rows that a button's action is about; the steps when it names none of them."""
    kind = action.partition("-")[0]
    return kind if kind in NEW_ROW else "stages"


def rearranged(typed: MultiDict[str, str], action: str) -> MultiDict[str, str]:
    """What was typed, with the rows of one kind changed by `add`, `remove` or `up`."""
    kind = kind_of(action)
    verb, _sep, number = action.removeprefix(f"{kind}-").partition("-")
    rows = _rows(typed, kind)
    place = next((place for place, (index, _row) in enumerate(rows) if str(index) == number), None)
    if verb == "add" and len(rows) < MOST_ROWS:
        rows.append((-1, dict(NEW_ROW[kind])))
    elif verb == "remove" and place is not None:
        del rows[place]
    elif verb == "up" and place:
        rows[place - 1], rows[place] = rows[place], rows[place - 1]
    return _with_rows(typed, kind, (row for _index, row in rows))


def _rows(typed: MultiDict[str, str], kind: str) -> list[tuple[int, dict[str, str]]]:
    rows: dict[int, dict[str, str]] = {}
    for key, value in typed.items():
        found = ROW_FIELD.fullmatch(key)
        if found and found[1] == kind:
            rows.setdefault(int(found[2]), {})[found[3]] = value
    return sorted(rows.items())


def _with_rows(typed: MultiDict[str, str], kind: str, rows: Iterable[dict[str, str]]) -> MultiDict[str, str]:
    changed: MultiDict[str, str] = MultiDict(
        (key, value) for key, value in typed.items(multi=True) if not key.startswith(f"{kind}-")
    )
    for number, row in enumerate(rows):
        changed.update({f"{kind}-{number}-{name}": value for name, value in row.items()})
    return changed
