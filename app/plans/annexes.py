"""Annexes of plans (phụ lục nhiệm vụ), read from the text of the document into rows.

Two layouts are known: a table whose cells are parted by tabs under a header, and the same table as text from which
the header is lost and each cell is a line of its own. A row that does not fit, cut in two or short of a cell, is a
finding with its line; then nothing of the annex may be loaded. What is odd but leaves each row whole (a printed
number used twice, a group whose numeral is lost) is a remark, and the rows stand.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from app.errors import N_, DomainError
from app.plans import annex_lines, annex_table
from app.plans.annex_rows import AnnexRow, Finding, Group
from app.text import fold


@dataclass(frozen=True, slots=True)
class Annex:
    """The rows of an annex in their order, and what was found about it. Lines are counted from 1."""

    rows: tuple[AnnexRow, ...]
    groups: tuple[Group, ...]
    findings: tuple[Finding, ...]

    @property
    def faults(self) -> tuple[Finding, ...]:
        """What keeps the annex from being loaded."""
        return tuple(finding for finding in self.findings if finding.blocking)

    @property
    def remarks(self) -> tuple[Finding, ...]:
        """What a person should know; the rows stand."""
        return tuple(finding for finding in self.findings if not finding.blocking)


class AnnexError(DomainError):
    """The annex cannot be loaded: `findings` says what is wrong with it, each with its line."""

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        first = findings[0]
        super().__init__(N_("Dòng %(line)s: %(finding)s"), field="document", line=first.line, finding=first.as_error())
        self.findings = findings


def read_annex(text: str) -> Annex:
    """Read the annex of a document. DomainError if the document has none."""
    lines = text.splitlines()
    start = _title(lines)
    if start is None:
        raise DomainError("Văn bản không có phụ lục nhiệm vụ.", field="document")
    annex = Annex(*_parts(lines, start))
    if not annex.rows and not annex.findings:
        raise DomainError("Phụ lục không có nhiệm vụ nào.", field="document")
    return annex


def _parts(lines: list[str], start: int) -> tuple[tuple[AnnexRow, ...], tuple[Group, ...], tuple[Finding, ...]]:
    header = annex_table.header(lines, start)
    found = annex_table.read(lines, header) if header else annex_lines.read(lines, start)
    rows, groups, findings = found
    return tuple(rows), tuple(groups), (*findings, *_repeated(rows))


def _title(lines: list[str]) -> int | None:
    """Where the last line PHỤ LỤC stands that opens an annex."""
    titles = [index for index, line in enumerate(lines) if fold(line) == "phu luc"]
    return titles[-1] if titles else None


def _repeated(rows: list[AnnexRow]) -> Iterator[Finding]:
    """Printed numbers used twice within a group."""
    seen: dict[str, AnnexRow] = {}
    for row in rows:
        if row.number in seen:
            yield Finding(
                row.source_line,
                "Số thứ tự %(number)s đã có ở dòng %(first)s của văn bản; hai nhiệm vụ được giữ riêng.",
                {"number": row.number, "first": seen[row.number].source_line},
                blocking=False,
            )
        seen.setdefault(row.number, row)
