"""What the tests of publications share: a Department, and decisions recorded in it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from app.core import facts
from app.core.facts import Fact
from app.core.periods import Period
from app.organisation.models import Unit
from app.publications import service
from app.publications.models import Publication, PublicationTrack
from app.web.extensions import db
from tests.clock import at
from tests.factories import CLERK, EVERYWHERE, make_department

Open = Callable[..., Publication]


def june(day: int) -> date:
    return date(2024, 6, day)


@pytest.fixture
def units(session: Any) -> dict[str, Unit]:
    return make_department()


@pytest.fixture
def opened(units: dict[str, Unit]) -> Open:
    """Record a decision; by default one that arrived at the division LDVL on Monday 3 June 2024."""

    def record(track: PublicationTrack = PublicationTrack.CATALOGUE, division: str = "LDVL", **values: Any) -> Any:
        said: dict[str, Any] = {"decision": "512/QĐ-BLĐTBXH", "arrived_on": june(3)}
        if track is not PublicationTrack.CATALOGUE:
            said["printed_on"] = june(3)
        return service.open_publication(
            EVERYWHERE,
            CLERK,
            track=track,
            division_id=units[division].id,
            office_id=units["VP"].id,
            **said | values,
        )

    return record


def told(kind: str, period: str = "2024-06", as_of: str = "", units: tuple[str, ...] | None = None) -> list[Fact]:
    """The facts of a kind, as the engine would be told; as of the period's end, or of a local time."""
    asked = Period.parse(period)
    start, end = asked.bounds("Asia/Ho_Chi_Minh")
    query = facts.FactQuery("TEST", asked, start, end, as_of=at(as_of) if as_of else end, units=units)
    return list(facts.gather(db.session.connection(), query, [kind]))
