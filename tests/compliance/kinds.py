"""Every kind of fact that the rooms declare, without an application: what the shipped packs are read against."""

from __future__ import annotations

from types import ModuleType

import app.cases.closings
import app.cases.explanations.facts
import app.cases.facts
import app.obligations.fact_kinds
import app.obligations.plan_facts
import app.procedures.facts
import app.publications.facts
import app.scorecards.facts
import app.tasks.facts
from app.core.facts import FactKind


def _declared(*modules: ModuleType) -> dict[str, FactKind]:
    declared = (thing for module in modules for thing in vars(module).values())
    return {kind.name: kind for kind in declared if isinstance(kind, FactKind)}


CATALOGUE = _declared(
    app.cases.closings,
    app.cases.explanations.facts,
    app.cases.facts,
    app.obligations.fact_kinds,
    app.obligations.plan_facts,
    app.scorecards.facts,
    app.tasks.facts,
    app.procedures.facts,
    app.publications.facts,
)
