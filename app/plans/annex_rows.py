"""What the readers of annexes share: rows, groups, findings, and numerals."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from app.errors import DomainError

_ROMAN = ("I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII", "XIII", "XIV", "XV")


@dataclass(frozen=True, slots=True)
class AnnexRow:
    """A task as the annex has it. `row` counts from 1 through the whole annex; `number` is as printed, after its
    group: "III.B.2". An empty `text` or `product` is a cell that the document does not have."""

    row: int
    number: str
    section: str
    text: str
    product: str
    lead: str
    cooperating: str
    deadline: str
    source_line: int


@dataclass(frozen=True, slots=True)
class Group:
    """A heading of the annex: "III.B", "Rà soát đánh giá TTHC". `restored` when the numeral is not in the text."""

    number: str
    name: str
    source_line: int
    restored: bool = False


@dataclass(frozen=True, slots=True)
class Finding:
    """Something about a line of the document. `message` is the Vietnamese msgid, `params` fills its placeholders."""

    line: int
    message: str
    params: Mapping[str, object] = field(default_factory=dict)
    blocking: bool = True

    def as_error(self) -> DomainError:
        """As a sentence that a view can translate."""
        return DomainError(self.message, field="document", **self.params)

    def __str__(self) -> str:
        return str(self.as_error())


def roman(number: int) -> str:
    """I to XV."""
    return _ROMAN[number - 1] if 1 <= number <= len(_ROMAN) else str(number)


def is_roman(text: str) -> bool:
    """Whether a cell is a Roman numeral."""
    return text in _ROMAN


def is_number(text: str) -> bool:
    """Whether a cell is the printed number of a row."""
    return re.fullmatch(r"\d{1,3}\.?", text) is not None
