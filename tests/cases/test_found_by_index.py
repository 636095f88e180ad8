"""Who has a number, and which case has a code, is looked up: no question reads every case of the site.

An index leaves out what is empty, and a database looks into it only where it is told that nothing asked for is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest
from sqlalchemy import event

from app.attachments import queries as files
from app.cases import numbering, search, worklist
from app.cases.importing import existing_cases
from app.cases.intake import questions
from app.core.errors import DomainError
from app.organisation.access import Scope
from app.payments import service as payments
from app.web.extensions import db
from tests.clock import at
from tests.factories import EVERYWHERE, SITE, make_department, make_version, receive

PHONE, NUMBER, ELSEWHERE = "0905123456", "056123456789", "G22.99-240603-0077"


@contextmanager
def asked() -> Iterator[list[tuple[str, Any]]]:
    """The statements sent inside the block, with what they ask for."""
    sent: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_rest: Any) -> None:
        sent.append((statement, parameters))

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(db.engine, "before_cursor_execute", note)


def indexes_of(sent: list[tuple[str, Any]]) -> set[str]:
    """The indexes of cases by which SQLite answers them."""
    found: set[str] = set()
    for statement, parameters in sent:
        if "cases" in statement and statement.lstrip().startswith(("SELECT", "WITH")):
            plan = db.session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
            found |= {
                name
                for *_rest, step in plan
                for name in re.findall(r"INDEX (ix_(?:cases|payments)_\w+) \(site=\? AND", step)
            }
    return found


OF_A_HUNDRED_THOUSAND = [
    ("sqlite_autoindex_cases_1", "100000 100000 1"),
    ("ix_cases_code_key", "100000 100000 1"),
    ("ix_cases_ended_cover", "100000 100000 16667 1 1 1 1 1 1 1 1 1 1"),
    ("ix_cases_ended_late", "6559 6559 1 1 1 1 1 1"),
    ("ix_cases_id_number", "100000 100000 1 1"),
    ("ix_cases_open_due", "2352 2352 49 19 5 1"),
    ("ix_cases_other_code", "1000 1000 1"),
    ("ix_cases_phone", "100000 100000 1 1"),
    ("ix_cases_register", "100000 100000 100000 100000"),
    ("ix_cases_version_id", "100000 3449"),
    ("ix_cases_received", "100000 100000 1 1"),
    ("ix_cases_result_cover", "100000 100000 16667 1 1 1 1 1 1"),
    ("ix_cases_unclosed", "382 382 191 1"),
    ("ix_cases_unit_received", "100000 100000 16667 1 1 1 1 1 1 1 1 1"),
    ("ix_cases_worklist", "2352 2352 294 15 1"),
]
"""What SQLite has counted of a hundred thousand cases: it plans by that, and of five it would read them all."""


@pytest.fixture
def site(session: Any, request: pytest.FixtureRequest) -> Any:
    if db.engine.dialect.name != "sqlite":
        pytest.skip("PostgreSQL plans by its own counts of rows")
    units = make_department()
    version = make_version(units["LDVL"])
    for day in range(3, 8):
        receive(version, at(f"2024-06-0{day} 08:00"))
    connection = db.session.connection()
    connection.exec_driver_sql("ANALYZE")
    connection.exec_driver_sql("DELETE FROM sqlite_stat1 WHERE tbl = 'cases'")
    counts = "INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES ('cases', ?, ?)"
    connection.exec_driver_sql(counts, OF_A_HUNDRED_THOUSAND)
    db.session.commit()
    db.engine.dispose()  # a connection reads them when it is opened: the pool may hold several from tests before
    yield units
    db.session.rollback()
    db.session.connection().exec_driver_sql("DELETE FROM sqlite_stat1")
    db.session.commit()
    db.engine.dispose()


ASKS: dict[str, tuple[Callable[[], object], set[str]]] = {
    "a case by another system's code": (lambda: search.case_with_code(EVERYWHERE, ELSEWHERE), {"ix_cases_other_code"}),
    "the only case of a telephone": (
        lambda: search.only_case(EVERYWHERE, PHONE),
        {"ix_cases_phone", "ix_cases_id_number"},
    ),
    "who applied before": (
        lambda: questions.known_applicants(EVERYWHERE, id_number=NUMBER, phone=PHONE),
        {"ix_cases_phone", "ix_cases_id_number"},
    ),
    "what was digitised for somebody": (lambda: files.earlier_files(EVERYWHERE, NUMBER), {"ix_cases_id_number"}),
    "whether a code is another case's": (
        lambda: numbering.check_other_code(SITE, ELSEWHERE),
        {"ix_cases_code_key", "ix_cases_other_code"},
    ),
    "whether a transaction was recorded": (
        lambda: payments._refuse_known_transaction(SITE, 1, "VCB-1"),
        {"ix_payments_transaction"},
    ),
    "what waits on a desk, beside every menu": (
        lambda: worklist.waiting_counts(Scope(SITE, frozenset({1}))),
        {"ix_cases_unclosed"},
    ),
    "our codes of a file's rows": (
        lambda: existing_cases.under_our_codes(SITE, [_Row(ELSEWHERE)]),  # type: ignore[list-item]
        {"ix_cases_code_key", "ix_cases_other_code"},
    ),
}


class _Row:
    def __init__(self, code: str) -> None:
        self.key, self.other_code, self.code = code.casefold(), "", code


@pytest.mark.parametrize(("ask", "by"), ASKS.values(), ids=ASKS.keys())
def test_it_is_looked_up(site: Any, ask: Callable[[], object], by: set[str]) -> None:
    with asked() as sent, suppress(DomainError):
        ask()
    assert by <= indexes_of(sent)
