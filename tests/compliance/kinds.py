"""Every kind of fact that the rooms declare, without an application: what the shipped packs are read against."""

from __future__ import annotations

from types import ModuleType

import app.cases.duty_fact_kinds
import app.cases.fact_kinds
import app.plans.duties.fact_kinds
import app.plans.scores.fact_kinds
import app.plans.task_fact_kinds
import app.procedures.fact_kinds
import app.publications.fact_kinds
from app.facts import FactKind


def _declared(*modules: ModuleType) -> dict[str, FactKind]:
    declared = (thing for module in modules for thing in vars(module).values())
    return {kind.name: kind for kind in declared if isinstance(kind, FactKind)}


CATALOGUE = _declared(
    app.cases.duty_fact_kinds,
    app.cases.fact_kinds,
    app.plans.duties.fact_kinds,
    app.plans.scores.fact_kinds,
    app.plans.task_fact_kinds,
    app.procedures.fact_kinds,
    app.publications.fact_kinds,
)
