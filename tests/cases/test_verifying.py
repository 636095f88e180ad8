"""What is derived from the events is held against them: an edit of any of it is said, with case and field."""

from __future__ import annotations

import json
from collections import Counter
from datetime import date, timedelta
from importlib import import_module

import pytest
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from flask import Flask
from sqlalchemy import text

from app.cases import service, verifying
from app.cases.handling import answer_consultation, consult
from app.cases.models import Case
from app.cases.timeline import OutOfOrder
from app.cases.vocabulary import EventKind
from app.organisation import calendars
from app.procedures.models import ProcedureVersion
from app.web.extensions import db
from tests.clock import at
from tests.factories import CLERK, EVERYWHERE, finish, happen, make_department, make_version, pay, receive
from tests.grounds import Grounds


@pytest.fixture
def case(ground: Grounds) -> Case:
    return ground(make_case)


def make_case() -> Case:
    """A case with everything that can be derived: stages, a pause, a payment, money given back, an opinion."""
    units = make_department()
    stages = (("Tiếp nhận", units["MC"], 1), ("Thẩm định", units["LDVL"], 3), ("Trả kết quả", units["MC"], 1))
    case = receive(make_version(units["LDVL"], *stages, fee=600_000), at("2024-06-24 08:00"), code="A")
    happen(case, EventKind.HANDED_OVER, at("2024-06-24 09:00"))
    pay(case, at("2024-06-24 09:10"))
    happen(case, EventKind.REFUNDED, at("2024-06-24 09:20"), note="thừa", data={"payment": 3, "amount": 1000})
    consult(EVERYWHERE, CLERK, case.id, unit_code="NCC", note="hỏi", at=at("2024-06-24 09:30"), reason="ghi bù")
    answer_consultation(EVERYWHERE, CLERK, case.id, number=5, note="đáp", at=at("2024-06-24 10:00"), reason="ghi bù")
    happen(case, EventKind.SUPPLEMENT_REQUESTED, at("2024-06-25 08:00"), note="thiếu giấy")
    happen(case, EventKind.SUPPLEMENTED, at("2024-06-26 08:00"))
    return case


def differences() -> list[tuple[str, str, int | None, str]]:
    db.session.commit()
    found = verifying.differences(EVERYWHERE, verifying.Refolding())
    return [(each.case, each.table, each.number, each.field) for each in found]


def test_what_nobody_touched_agrees(case: Case) -> None:
    so_far = verifying.Refolding()
    assert list(verifying.differences(EVERYWHERE, so_far)) == []
    assert so_far.cases == 1


def test_an_upgrade_counts_time_used_in_stages_as_it_is_counted_today(case: Case) -> None:
    """The supplement came after the desk's one day, of 25 June, had run out: two days more were used, to the 27th."""
    desk = receive(db.session.get_one(ProcedureVersion, case.version_id), at("2024-06-24 08:00"), code="B")
    happen(desk, EventKind.SUPPLEMENT_REQUESTED, at("2024-06-25 18:00"), note="thiếu giấy")
    happen(desk, EventKind.SUPPLEMENTED, at("2024-06-27 08:00"))
    happen(desk, EventKind.HANDED_OVER, at("2024-06-27 09:00"))
    db.session.execute(text("UPDATE case_stages SET used = 1.25 WHERE ended_at IS NOT NULL"))
    assert [each[0] for each in differences()] == ["A", "B"]
    step = import_module("app.migrations.versions.0039_used_in_stages")
    with db.engine.begin() as connection, Operations.context(MigrationContext.configure(connection)):
        step.upgrade()
    assert differences() == []


LATER = "'2024-06-20 03:00:00.000000'"
EDITS = [
    ("cases", None, "due_at", LATER),
    ("cases", None, "promised_at", LATER),
    ("cases", None, "received_at", LATER),
    ("cases", None, "result_at", LATER),
    ("cases", None, "status", "'closed'"),
    ("cases", None, "stage", "1"),
    ("cases", None, "officer", "'ai đó'"),
    ("cases", None, "holder_unit_id", "(SELECT id FROM units WHERE code = 'NCC')"),
    ("case_stages", 1, "ended_at", LATER),
    ("case_stages", 2, "due_at", LATER),
    ("case_stages", 1, "used", "7.5"),
    ("case_stages", 2, "unit_id", "(SELECT id FROM units WHERE code = 'NCC')"),
    ("cases", None, "late_after", LATER),
    ("case_promises", 1, "late_after", LATER),
    ("case_promises", 1, "cause", "'letter'"),
    ("case_pauses", 1, "started_at", LATER),
    ("payments", 3, "amount", "1"),
    ("payments", 3, "paid_at", LATER),
    ("payments", 3, "refunded", "0"),
    ("refunds", 4, "amount", "1"),
    ("consultations", 5, "answered_at", LATER),
]


@pytest.mark.parametrize(("table", "number", "field", "value"), EDITS)
def test_an_edit_is_said_with_its_case_and_field(
    case: Case, table: str, number: int | None, field: str, value: str
) -> None:
    zone = "+00" if db.engine.dialect.name == "postgresql" else ""
    key = {"payments": "event_number", "refunds": "event_number"}.get(table, "number")
    which = "" if number is None else f" WHERE {key} = {number}"
    db.session.execute(text(f"UPDATE {table} SET {field} = {value.replace('.000000', '.000000' + zone)}{which}"))
    assert ("A", table, number, field) in differences()


@pytest.mark.parametrize(
    ("table", "number"), [("case_stages", 2), ("case_promises", 1), ("case_pauses", 1), ("refunds", 4)]
)
def test_a_row_that_was_deleted_is_said(case: Case, table: str, number: int) -> None:
    key = "event_number" if table == "refunds" else "number"
    db.session.execute(text(f"DELETE FROM {table} WHERE {key} = {number}"))
    assert ("A", table, number, "") in differences()


def test_a_row_that_no_event_gives_is_said(case: Case) -> None:
    db.session.execute(
        text(
            "INSERT INTO case_pauses (site, case_id, number, started_at, reason)"
            " SELECT site, id, 2, received_at, '' FROM cases"
        )
    )
    assert differences() == [("A", "case_pauses", 2, "")]


def test_events_that_cannot_follow_each_other_are_said(case: Case) -> None:
    db.session.execute(text("DELETE FROM case_events WHERE number = 7"))
    assert differences() == [("A", "case_events", None, "")]


def test_a_case_that_ended_before_the_calendar_changed_is_in_order(case: Case) -> None:
    """Only open cases are worked out again; one that has ended keeps the dates of its time, and only those."""
    finish(case, at("2024-06-27 15:00"))
    calendars.add_site_days(CLERK, first=date(2024, 6, 28), working=False, name="Nghỉ", reason="Bão")
    calendars.add_site_days(CLERK, first=date(2024, 7, 1), working=False, name="Nghỉ", reason="Bão")
    calendars.remove_site_day(CLERK, date(2024, 7, 1), reason="Bão đã tan")
    assert differences() == []
    case.due_at = (case.due_at or at("2024-06-27 15:00")) + timedelta(days=40)
    assert differences() == [("A", "cases", None, "due_at")]


def test_an_open_case_follows_the_calendar(case: Case) -> None:
    before = case.due_at
    calendars.add_site_days(CLERK, first=date(2024, 6, 28), working=False, name="Nghỉ", reason="Bão")
    assert differences() == []
    db.session.refresh(case)
    assert case.due_at != before
    case.due_at = before
    assert ("A", "cases", None, "due_at") in differences()


def test_the_command_says_what_differs(app: Flask, case: Case) -> None:
    runner = app.test_cli_runner()
    good = runner.invoke(args=["cases", "verify"])
    assert good.exit_code == 0 and "1 hồ sơ" in good.stdout
    db.session.execute(text("UPDATE payments SET amount = 5"))
    db.session.commit()
    bad = runner.invoke(args=["cases", "verify", "--format", "json"])
    assert bad.exit_code == 1 and "A: payments 3 amount" in bad.stderr
    told = json.loads(bad.stdout)
    assert (told["cases"], told["differences_in_all"]) == (1, 1)
    assert told["differences"][0] | {"stored": 5, "folded": 600_000} == told["differences"][0]


def test_a_request_for_papers_that_never_was_is_taken_out_with_its_answer(case: Case) -> None:
    """Also where the case has gone on since: neither can then stand without the other."""
    finish(case, at("2024-06-28 08:00"))
    asked, came = [
        each.number for each in service.events_of([case.id])[case.id] if each.kind in (
            EventKind.SUPPLEMENT_REQUESTED, EventKind.SUPPLEMENTED
        )
    ]  # fmt: skip
    assert calendars.site_calendar().local_day(case.due_at) == date(2024, 7, 2)  # the clock stood for a day
    with pytest.raises(OutOfOrder):
        service.correct(EVERYWHERE, CLERK, case.id, came, void=True, reason="Ghi nhầm sang hồ sơ này")
    service.correct(EVERYWHERE, CLERK, case.id, asked, void=True, reason="Ghi nhầm sang hồ sơ này")
    assert calendars.site_calendar().local_day(case.due_at) == date(2024, 7, 1)
    told = [(each.kind, each.corrects) for each in service.events_of([case.id])[case.id]][-2:]
    assert told == [(EventKind.CORRECTED, came), (EventKind.CORRECTED, asked)]
    assert list(verifying.differences(EVERYWHERE, verifying.Refolding())) == []
    assert not list(verifying.events(db.session.connection(), Counter()))
