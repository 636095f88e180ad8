"""What the catalogue tells the engine: fee-bearing, eligible and deployed procedures per unit at a period's end."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from app.core import facts
from app.core.periods import Period
from app.organisation.models import Unit
from app.procedures import service
from app.web.extensions import db
from tests.factories import CLERK, make_department, make_version
from tests.procedures.contents import contents_for, payable


@pytest.fixture
def units(session: Any) -> dict[str, Unit]:
    return make_department()


def told(period: str = "2024-06", units: tuple[str, ...] | None = None) -> dict[str, tuple[int, int, int]]:
    """(fee_bearing, eligible, deployed) by unit, as the engine would be told."""
    asked = Period.parse(period)
    start, end = asked.bounds("Asia/Ho_Chi_Minh")
    query = facts.FactQuery("TEST", asked, start, end, as_of=end, units=units)
    found = facts.gather(db.session.connection(), query, ["catalogue_payment"])
    return {fact["unit"]: (fact["fee_bearing"], fact["eligible"], fact["deployed"]) for fact in found}


def test_procedures_are_counted_by_the_unit_accountable_for_them(units: dict[str, Unit]) -> None:
    make_version(units["LDVL"], fee=600_000, eligible=True, deployed_from=date(2024, 1, 1))
    make_version(units["LDVL"], fee=600_000, eligible=True)
    make_version(units["LDVL"], fee=600_000)
    make_version(units["LDVL"])
    make_version(units["NCC"], fee=10_000)
    assert told() == {"LDVL": (3, 2, 1), "NCC": (1, 0, 0)}


def test_a_unit_without_fees_tells_nothing(units: dict[str, Unit]) -> None:
    make_version(units["NCC"])
    assert told() == {}


@pytest.mark.parametrize(
    ("deployed_from", "deployed"), [(date(2024, 6, 30), 1), (date(2024, 7, 1), 0), (date(2024, 6, 1), 1)]
)
def test_deployed_means_by_the_last_day_of_the_period(
    units: dict[str, Unit], deployed_from: date, deployed: int
) -> None:
    make_version(units["LDVL"], fee=600_000, eligible=True, deployed_from=deployed_from)
    assert told() == {"LDVL": (1, 1, deployed)}


def test_only_versions_in_force_on_the_last_day_count(units: dict[str, Unit]) -> None:
    make_version(units["LDVL"], fee=1, in_force_to=date(2024, 6, 29))
    make_version(units["NCC"], fee=1, in_force_to=date(2024, 6, 30))
    make_version(units["VP"], fee=1, in_force_from=date(2024, 6, 30))
    make_version(units["MC"], fee=1, in_force_from=date(2024, 7, 1))
    assert told() == {"NCC": (1, 0, 0), "VP": (1, 0, 0)}


def test_a_procedure_with_many_versions_counts_once_and_under_its_unit_of_that_day(units: dict[str, Unit]) -> None:
    made = service.add_procedure(
        CLERK, code="1.1", contents=contents_for(units["LDVL"], fee=5_000), in_force_from=date(2024, 1, 1)
    )
    moved = contents_for(units["NCC"], **payable(online_payment_from=date(2024, 7, 1)))
    service.add_version(CLERK, made.id, contents=moved, in_force_from=date(2024, 7, 1))
    assert told("2024-06") == {"LDVL": (1, 0, 0)}
    assert told("2024-Q3") == {"NCC": (1, 1, 1)}


def test_units_and_sites_not_asked_for_are_left_out(units: dict[str, Unit], session: Any) -> None:
    make_version(units["LDVL"], fee=1)
    make_version(units["NCC"], fee=1)
    other = make_version(units["VP"], fee=1)
    other.site = "OTHER"
    session.commit()
    assert told() == {"LDVL": (1, 0, 0), "NCC": (1, 0, 0)}
    assert told(units=("NCC",)) == {"NCC": (1, 0, 0)}
