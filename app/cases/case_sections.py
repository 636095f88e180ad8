"""What other rooms show on the page of a case: each registers a loader, and a fragment of its own draws it.

The fragment finds what its loader gave under `sections[NAME]`, beside `view` (the CaseView) and `may_act`. A loader
runs within the page's request and reads only its own tables; the case itself is already within the reader's scope.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from app.cases.case_page import CaseView


class SectionPlace(StrEnum):
    """Where on the page."""

    ACTIONS = "actions"  # among the buttons at its head
    BELOW = "below"  # after the stages


@dataclass(frozen=True, slots=True)
class Section:
    """What a room shows: `load` gives what the fragment `template` draws."""

    load: Callable[[CaseView], Any]
    template: str
    place: SectionPlace = SectionPlace.BELOW


sections: dict[str, Section] = {}
"""By the name under which the fragment finds what was loaded; shown in the order in which the rooms were bound."""


def load_sections(view: CaseView) -> dict[str, Any]:
    """What each room has to show of this case, by the name it registered under."""
    return {name: section.load(view) for name, section in sections.items()}


def templates_at(place: str) -> list[str]:
    """The fragments that the page includes there."""
    return [section.template for section in sections.values() if section.place == place]
