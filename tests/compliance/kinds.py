"""Every kind of fact that the rooms of records declare: what the shipped packs are read against."""

from __future__ import annotations

from app.core.fact_kinds import APP, FILE, fact_kinds
from app.core.facts import FactKind

ROOMS = sorted({path.parent.name for path in APP.glob(f"*/{FILE}")} - {"rulepacks"})
CATALOGUE: dict[str, FactKind] = {name: kind for room in ROOMS for name, kind in fact_kinds(room).items()}
