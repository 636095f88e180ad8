"""What the Office has to tell of tasks at risk: the tasks are read once, however many months are still to be told."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from sqlalchemy import event

from app.core import facts
from app.core.facts import Fact
from app.core.periods import Period
from app.organisation.models import Unit
from app.tasks import service
from app.web.extensions import db
from tests.clock import at
from tests.factories import CLERK, make_department
from tests.tasks.tasks import annex, load, part_of, scope_of_unit


@pytest.fixture
def units(session: Any) -> dict[str, Unit]:
    return make_department()


def warned(since: date) -> tuple[list[Fact], int]:
    """What is told in June of the months since a day, and the statements it took."""
    june, statements = Period.parse("2024-06"), list[str]()
    start, end = june.bounds("Asia/Ho_Chi_Minh")
    query = facts.FactQuery("TEST", june, start, end, end, None, at("2024-07-02"), since)

    def count(_c: Any, _cursor: Any, sql: str, *_rest: Any) -> None:
        statements.append(sql)

    connection = db.session.connection()
    event.listen(db.engine, "after_cursor_execute", count)
    try:
        return list(facts.gather(connection, query, ["risk_warning"])), len(statements)
    finally:
        event.remove(db.engine, "after_cursor_execute", count)


def test_tasks_are_read_once_and_told_as_each_month_ended(units: dict[str, Unit], freeze: Any) -> None:
    freeze("2024-07-02 08:00")
    load(annex(("Biên soạn sổ tay", "Phòng Lao động - Việc làm", "15/5/2024")))
    service.start(scope_of_unit(units["LDVL"]), CLERK, part_of("1", "LDVL").id, on=date(2024, 4, 10))
    found, statements = warned(date(2024, 3, 1))
    told = {(fact["unit"], fact["subject"]): (fact["started"], fact["past_due"], fact["days_to_due"]) for fact in found}
    assert {key: value for key, value in told.items() if key[0] == "VP"} == {
        ("VP", "2024-03 bg-2024/1/LDVL"): (False, False, 44),  # seen on 1 April
        ("VP", "2024-04 bg-2024/1/LDVL"): (True, False, 14),
        ("VP", "2024-05 bg-2024/1/LDVL"): (True, True, 0),
        ("VP", "2024-06 bg-2024/1/LDVL"): (True, True, 0),
    }
    june_only, as_many = warned(date(2024, 6, 1))
    assert {fact["subject"] for fact in june_only} == {"2024-06 bg-2024/1/LDVL"}
    assert statements == as_many
