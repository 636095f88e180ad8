"""Many records at once are stored as a statement of SQLAlchemy's stores them, and read again as they were."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, cast

import pytest
from sqlalchemy import Table, delete, select, text
from sqlalchemy.exc import IntegrityError

from app.cases.models import Case, CaseStage
from app.procedures.models import ProcedureVersion
from app.web.extensions import db
from app.web.stored import Instants, StoredColumns, insert_stored, next_ids, update_stored
from tests.clock import at
from tests.factories import SITE, make_unit, make_version, receive

STAGES = cast(Table, CaseStage.__table__)


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


def stays(case: Case) -> list[dict[str, Any]]:
    """Two of its stays, one of which ended in the middle of a day."""
    stay = {"site": SITE, "case_id": case.id, "position": 1, "name": "Tiếp\tnhận \\N", "unit_id": case.unit_id}
    times: list[Any] = [at("2024-06-03 23:30:15"), None]
    return [
        stay | {"number": n, "allowance": Decimal("0.50"), "started_at": at("2024-06-03 08:30"), "due_at": each}
        for n, each in enumerate(times, 7)
    ]


def columns_of(table: Table, names: Any) -> StoredColumns:
    dialect = db.engine.dialect
    return StoredColumns(table, names, Instants(dialect), dialect)


def test_records_are_stored_as_one_by_one(case: Case) -> None:
    records = stays(case)
    columns = columns_of(STAGES, list(records[0]))
    rows = list(columns.rows(records))
    written = []
    for write in (
        lambda: db.session.execute(STAGES.insert(), records),
        lambda: insert_stored(db.session.connection(), STAGES, columns.names, rows),
    ):
        db.session.execute(delete(STAGES))
        write()
        written.append(stored(STAGES))
    assert len(written[0]) == 2
    assert written[0] == written[1]


def test_what_lies_outside_the_memory_is_texts_and_numbers_and_reads_as_it_was(case: Case) -> None:
    records = stays(case)
    columns = columns_of(STAGES, list(records[0]))
    rows = list(columns.rows(records))
    assert {type(value) for row in rows for value in row} <= {str, int, float, type(None)}
    again = [columns.record(row) for row in rows]
    assert [each | {"allowance": Decimal(str(each["allowance"]))} for each in again] == records
    assert list(columns.rows(again)) == rows


def test_rows_are_given_new_values(case: Case) -> None:
    moved = columns_of(STAGES, ["due_at", "officer"])
    ((due_at, officer),) = moved.rows([{"due_at": at("2024-06-09 10:00"), "officer": "Lan"}])
    (row,) = db.session.scalars(select(CaseStage)).all()
    update_stored(db.session.connection(), STAGES, moved.names, [(due_at, officer, row.id)])
    db.session.refresh(row)
    assert (row.due_at, row.officer) == (at("2024-06-09 10:00"), "Lan")


def test_ids_are_given_once(case: Case) -> None:
    ids = next_ids(db.session.connection(), STAGES, 2)
    records = [record | {"id": id} for record, id in zip(stays(case), ids, strict=True)]
    columns = columns_of(STAGES, list(records[0]))
    insert_stored(db.session.connection(), STAGES, columns.names, list(columns.rows(records)))
    assert set(next_ids(db.session.connection(), STAGES, 3)).isdisjoint(db.session.scalars(select(CaseStage.id)))


def test_what_the_database_refuses_is_told_without_its_values(case: Case) -> None:
    records = [stays(case)[0] | {"name": "Nguyễn Thị Kín", "unit_id": 999_999}]
    columns = columns_of(STAGES, list(records[0]))
    with pytest.raises(IntegrityError) as told:
        insert_stored(db.session.connection(), STAGES, columns.names, list(columns.rows(records)))
        db.session.commit()
    assert "Kín" not in str(told.value.orig)
    assert told.value.__cause__ is None or "Kín" not in str(told.value.__cause__)
    db.session.rollback()


def test_a_default_that_has_to_be_reckoned_is_not_left_out(case: Case) -> None:
    with pytest.raises(ValueError, match="cases: a default"):
        insert_stored(db.session.connection(), cast(Table, Case.__table__), ["code"], [("H32-1",)])
