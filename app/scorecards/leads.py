"""Who answers for a criterion: the lead cell names one unit, or several apart by semicolons. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TypeVar

from app.core.text import fold, tidy

Found = TypeVar("Found")
_APART = re.compile(r"[;\n]")


def lead_names(text: str) -> tuple[str, ...]:
    """ "Phòng Lao động - Việc làm; Trung tâm Dịch vụ việc làm" -> both names, as written."""
    names = (tidy(part).removeprefix("- ").strip(" .") for part in _APART.split(text))
    return tuple(name for name in names if name)


def first_lead(text: str, units: Mapping[str, Found]) -> Found | None:
    """The first unit named that is known; `units` is by folded spelling. The others stand in the text beside it."""
    return next((units[fold(name)] for name in lead_names(text) if fold(name) in units), None)


def unknown_leads(text: str, units: Mapping[str, Found]) -> tuple[str, ...]:
    """The names that are no unit's: a person has to say whose they are."""
    return tuple(name for name in lead_names(text) if fold(name) not in units)
