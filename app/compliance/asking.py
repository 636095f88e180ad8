"""Asking the engine about units and single things, without asking the same question twice. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from app.compliance.compiling import Compiled, Outcome
from app.compliance.figures import Blank, UnitFigures

if TYPE_CHECKING:
    from app.compliance.engine import Engine

Column = Callable[[str], Iterable[Blank]]
"""A field's figure of each unit, or of each thing."""


def ask(engine: Engine, compiled: Compiled, units: Sequence[UnitFigures], column: Column) -> dict[str, list[Outcome]]:
    """What the engine says of each subject, in their order, by rule id; `units` are the subjects themselves, or those
    whose things they are. Raises EngineError.

    Subjects whose sheets would be the same to a ruleset share one sheet: most rules read one or two fields, so
    thousands of overdue cases are a handful of sheets.
    """
    columns = {field: list(map(compiled.number, column(field))) for field in compiled.fields}
    names = [(unit.code, unit.kind) for unit in units]
    nobody = [("", "")] * len(units)
    said: dict[str, list[Outcome]] = {}
    for part in compiled.parts:
        fields = sorted(part.fields)
        limits = names if part.is_limited else nobody
        shown = list(zip(limits, *(columns[field] for field in fields), strict=True))
        seats = {different: seat for seat, different in enumerate(dict.fromkeys(shown))}
        sheets = [part.sheet(code, kind, dict(zip(fields, row, strict=True))) for (code, kind), *row in seats]
        outcomes = engine.run(part, sheets)
        places = [seats[alike] for alike in shown]
        for rule in part.rules:
            said[rule] = [outcomes[place][rule] for place in places]
    return said
