"""The kind of fact that a judgement itself adds: for how many periods on end a unit has broken a rule."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy.engine import Connection

from app.core.facts import Fact, FactQuery, register
from app.rulepacks.premises import EARLIER_FAILURE


def earlier_failures(_connection: Connection, _query: FactQuery) -> Iterator[Fact]:
    """None: what earlier periods say is judged from their own facts, once it is known what fails now
    (`runs.rows`), and kept with the facts of the run."""
    yield from ()


register(EARLIER_FAILURE, earlier_failures)
