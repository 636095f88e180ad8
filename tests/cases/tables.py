"""Tables of the records in memory, without the application: for a condition that is asked of a few rows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import cache
from itertools import count
from typing import Any

from sqlalchemy import Engine, create_engine, false, func, select
from sqlalchemy.orm import Session

from app.cases.importing.models import Import
from app.cases.models import Case, CaseEvent, CaseStage, Consultation, Payment
from app.cases.vocabulary import CaseStatus, Channel, EventKind, PaymentChannel
from app.organisation.models import PassedRecord
from app.web.extensions import Base
from tests.clock import at
from tests.factories import SITE

RECEIVED = at("2024-06-03 08:00")
_numbers = count(1)


@cache
def _engine() -> Engine:
    engine = create_engine("sqlite://")
    with engine.connect() as connection:  # the one connection that there is
        connection.exec_driver_sql("PRAGMA foreign_keys=OFF")  # the people, units and versions of a row are not there
    made = (Case, CaseEvent, CaseStage, Consultation, Import, PassedRecord, Payment)  # what a case refers to is named
    Base.metadata.create_all(engine, tables=[Base.metadata.tables[table.__tablename__] for table in made])
    return engine


@contextmanager
def holding(*rows: Any) -> Iterator[Session]:
    """A session on the tables, which hold these rows and no others."""
    with Session(_engine()) as session:
        session.add_all(rows)
        session.flush()
        yield session
        session.rollback()


def found(condition: Any, *rows: Any, of: Any = Case) -> list[int]:
    """The ids of the rows of a table that meet the condition."""
    with holding(*rows) as session:
        return list(session.scalars(select(of.id).where(condition).order_by(of.id)))


def told(expression: Any, *rows: Any, of: Any = Case) -> list[Any]:
    """What an expression is of each row of a table, in the order of their ids; of a condition, whether it holds."""
    with holding(*rows) as session:
        return list(session.scalars(select(expression).select_from(of).order_by(of.id)))


def whether(condition: Any, *rows: Any, of: Any = Case) -> list[bool]:
    """Whether each row meets the condition; one of which nothing is known does not."""
    return [bool(each) for each in told(func.coalesce(condition, false()), *rows, of=of)]


def case(number: int, unit: int = 1, holder: int | None = None, **more: Any) -> Case:
    """The case of that id."""
    way = {"channel": Channel.IN_PERSON, "status": CaseStatus.RECEIVED, "received_at": RECEIVED}
    who = {"unit_id": unit, "holder_unit_id": holder or unit, "applicant": "Lê Hoa", "search_text": ""}
    return Case(id=number, site=SITE, code=f"H{number}", version_id=1, **{**way, **who, **more})


def event(case_id: int, kind: EventKind, when: datetime, note: str = "", **more: Any) -> CaseEvent:
    """Something that happened to a case; its id is the next one unless it is given."""
    return CaseEvent(
        site=SITE, case_id=case_id, number=next(_numbers), kind=kind, at=when, recorded_at=when, note=note, **more
    )


def stay(case_id: int, unit: int, started: datetime, ended: datetime | None = None, **more: Any) -> CaseStage:
    """A stay of a case in a stage."""
    told = {"number": next(_numbers), "position": 1, "name": "Thẩm định", "allowance": 1}
    return CaseStage(site=SITE, case_id=case_id, unit_id=unit, started_at=started, ended_at=ended, **{**told, **more})


def payment(case_id: int, when: datetime, channel: PaymentChannel = PaymentChannel.CASH, **more: Any) -> Payment:
    """Money taken for a case, of a procedure that can be paid online."""
    told = {"event_number": next(_numbers), "unit_id": 1, "amount": 100_000, "online_payable": True}
    return Payment(site=SITE, case_id=case_id, paid_at=when, channel=channel, **{**told, **more})


def question(case_id: int, unit: int, **more: Any) -> Consultation:
    """A question to a unit about a case."""
    told = {"site": SITE, "number": next(_numbers), "asked_at": RECEIVED}
    return Consultation(case_id=case_id, unit_id=unit, **{**told, **more})


def passed(kind: str, record: int, former: int, until: datetime, **more: Any) -> PassedRecord:
    """A record was a former unit's until then."""
    told = {"site": SITE, "successor_id": 9}
    return PassedRecord(kind=kind, record_id=record, unit_id=former, until_at=until, **{**told, **more})
