"""Asking the engine about units and single things, without asking the same question twice. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from app.compliance.compiling import Compiled, Outcome
from app.compliance.engine import Engine
from app.compliance.figures import Blank, UnitFigures

Subject = tuple[UnitFigures, Callable[[str], Blank]]
"""A unit, or a thing of it: the unit, and its figures by field."""


def ask(engine: Engine, compiled: Compiled, subjects: Sequence[Subject]) -> dict[str, list[Outcome]]:
    """What the engine says of each subject, in their order, by rule id. Raises EngineError.

    Subjects whose sheets would be the same to a ruleset share one sheet: most rules read one or two fields, so
    thousands of overdue cases are a handful of sheets.
    """
    columns = {field: [compiled.number(figure(field)) for _, figure in subjects] for field in compiled.fields}
    units = [(unit.code, unit.kind) for unit, _ in subjects]
    nobody = [("", "")] * len(subjects)
    said: dict[str, list[Outcome]] = {}
    for part in compiled.parts:
        fields = sorted(part.fields)
        limits = units if part.is_limited else nobody
        shown = list(zip(limits, *(columns[field] for field in fields), strict=True))
        seats = {different: seat for seat, different in enumerate(dict.fromkeys(shown))}
        sheets = [part.sheet(code, kind, dict(zip(fields, row, strict=True))) for (code, kind), *row in seats]
        outcomes = engine.run(part, sheets)
        places = [seats[alike] for alike in shown]
        for rule in part.rules:
            said[rule] = [outcomes[place][rule] for place in places]
    return said
