"""What came of the rows of a file that is taken whole or not at all: of surveys, of the portal's scores."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from app.core.errors import DomainError
from app.web.formats import sentence


@dataclass(frozen=True, slots=True)
class RefusedFileRow:
    """A row that was not taken. `row` as the spreadsheet numbers it; `column` is empty for the whole row."""

    row: int
    column: str
    error: DomainError


@dataclass(slots=True)
class FileRowsReport:
    """What came of every row of a file. Where any is refused, none is new: nothing is written."""

    rows: int = 0
    new: int = 0
    unchanged: int = 0
    refused: list[RefusedFileRow] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """As commands print it."""
        refused = [{"row": each.row, "column": each.column, "reason": sentence(each.error)} for each in self.refused]
        return {"rows": self.rows, "new": self.new, "unchanged": self.unchanged, "refused": refused}
