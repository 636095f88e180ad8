"""Many records at once are written as a statement of SQLAlchemy's writes them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, cast

import pytest
from sqlalchemy import Table, delete, text

from app.cases.models import Case, CaseEvent, CaseStage
from app.cases.vocabulary import EventKind
from app.procedures.models import ProcedureVersion
from app.web.extensions import db, write_records
from tests.clock import at
from tests.factories import SITE, make_unit, make_version, receive

STAGES, EVENTS = cast(Table, CaseStage.__table__), cast(Table, CaseEvent.__table__)


@pytest.fixture
def case(session: Any) -> Case:
    """A case whose rows are written anew."""
    unit = make_unit("LDVL", "Phòng LDVL")
    version: ProcedureVersion = make_version(unit, ("Tiếp nhận", unit, 1), name="Cấp giấy phép lao động")
    return receive(version, at("2024-06-03 08:30"))


def stored(table: Table) -> list[Any]:
    """What the database has, without what makes of it a value."""
    rows = db.session.execute(text(f"SELECT * FROM {table.name} ORDER BY number")).mappings()
    return [{name: value for name, value in row.items() if name != "id"} for row in rows]


@pytest.mark.parametrize("table", [STAGES, EVENTS])
def test_records_are_stored_as_one_by_one(case: Case, table: Table) -> None:
    common = {"site": SITE, "case_id": case.id}
    if table is STAGES:
        stay = common | {"position": 1, "name": "Tiếp nhận", "unit_id": case.unit_id, "allowance": Decimal("0.50")}
        times: list[Any] = [at("2024-06-03 23:30:15"), None]
        records = [
            stay | {"number": n, "started_at": at("2024-06-03 08:30"), "due_at": each}
            for n, each in enumerate(times, 7)
        ]
    else:
        event = common | {"recorded_at": at("2024-06-04 00:00"), "actor": "Lan", "note": "", "hash": "0" * 64}
        data: list[Any] = [{}, {"tên": "Số hóa", "n": [1, None, True]}]
        records = [
            event | {"number": n, "kind": EventKind.NOTED, "at": at("2024-06-03 08:30"), "data": each}
            for n, each in enumerate(data, 7)
        ]
    written = []
    for write in (
        lambda: db.session.execute(table.insert(), records),
        lambda: write_records(db.session.connection(), table, records),
    ):
        db.session.execute(delete(table))
        write()
        written.append(stored(table))
    assert len(written[0]) == 2
    assert written[0] == written[1]


def test_a_default_that_has_to_be_reckoned_is_not_left_out(case: Case) -> None:
    with pytest.raises(ValueError, match="cases: a default"):
        write_records(db.session.connection(), cast(Table, Case.__table__), [{"code": "H32-1"}])
