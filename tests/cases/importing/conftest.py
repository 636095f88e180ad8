"""A Department with one procedure, into which exports are imported."""

from __future__ import annotations

from typing import Any

import pytest

from app.organisation.models import Unit, UnitKind
from app.procedures.models import ProcedureVersion
from tests.factories import make_unit, make_version


@pytest.fixture
def department(session: Any) -> Unit:
    """The Department itself."""
    return make_unit("SO", "Sở Lao động – Thương binh và Xã hội", UnitKind.DEPARTMENT)


@pytest.fixture
def unit(department: Unit) -> Unit:
    """The division of every row, known by three spellings."""
    return make_unit("LDVL", "Phòng LDVL", parent=department, aliases=("Phòng Lao động – Việc làm", "P. Việc làm"))


@pytest.fixture
def permit(unit: Unit) -> ProcedureVersion:
    """The procedure of every row: five working days, two stages."""
    return make_version(unit, ("Tiếp nhận", unit, 1), ("Thẩm định", unit, 4), name="Cấp giấy phép lao động")
