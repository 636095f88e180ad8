"""An event log is taken in: one row an activity, the case's fields on each."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from app.cases.importing import service
from app.cases.models import Case, CaseEvent
from app.cases.vocabulary import CaseStatus, Channel, EventKind
from app.organisation.models import Unit, UnitKind
from app.procedures.models import Procedure
from app.web.extensions import db
from tests.cases.importing.exports import assert_adds_up, log_file, log_row, reasons, take
from tests.factories import make_unit

CONFIRMED, CHECKED = "Confirmation of receipt", "T02 Check confirmation of receipt"
OPEN = {"enddate": ""}


def the_case(code: str) -> Case:
    return db.session.scalars(select(Case).where(Case.code == code)).one()


def activities(case: Case) -> list[CaseEvent]:
    found = select(CaseEvent).where(CaseEvent.case_id == case.id, CaseEvent.kind == EventKind.ACTIVITY)
    return list(db.session.scalars(found.order_by(CaseEvent.number)))


@pytest.fixture
def log(session: Any, tmp_path: Path) -> Path:
    """Three cases in five rows, with the quirks of the real log."""
    return log_file(
        tmp_path,
        log_row("case-1", 1, CONFIRMED, "2011-10-11 13:45:40.276000+02:00"),
        log_row("case-1", 2, CHECKED, "2011-10-12 08:26:25.398000+02:00"),
        log_row("case-2", 3, CONFIRMED, "2011-11-24 15:36:51.302000+01:00", channel="e-mail", department="Experts"),
        # An activity before the start, and an end some hours before it on the same day.
        log_row("case-3", 4, CONFIRMED, "2011-10-10 09:00:00+02:00", enddate="2011-10-11 00:00:00.010000+02:00"),
        log_row("case-3", 5, CHECKED, "2011-10-10 10:00:00+02:00", enddate="2011-10-11 00:00:00.010000+02:00"),
    )


def test_every_row_becomes_an_activity_of_its_case(log: Path) -> None:
    report = take(log, "coselog")
    assert (report.rows, report.cases_new, report.events_new, reasons(report)) == (5, 3, 5, [])
    first, second = activities(the_case("case-1"))
    assert first.data == {"name": CONFIRMED, "group": ""}  # EMPTY stands for an empty cell
    assert (first.actor, first.external_id, second.external_id) == ("Resource21", "task-1", "task-2")
    assert_adds_up(report)


def test_times_with_a_zone_are_kept_as_instants(log: Path) -> None:
    take(log, "coselog")
    case = the_case("case-1")
    assert case.received_at.isoformat() == "2011-10-11T11:42:22.688000+00:00"
    assert case.due_at is not None
    assert case.due_at.isoformat() == "2011-12-06T12:41:31.788000+00:00"
    assert case.ended_at is not None
    assert (case.status, case.ended_at.isoformat()) == (CaseStatus.CLOSED, "2011-10-18T11:56:55.943000+00:00")


def test_odd_rows_of_the_real_log_are_accepted_with_a_notice(log: Path) -> None:
    report = take(log, "coselog")
    assert the_case("case-3").ended_at == the_case("case-3").received_at
    assert any("1 hồ sơ có công việc trước ngày tiếp nhận" in notice for notice in report.notices())
    assert any("giờ kết thúc sớm hơn" in notice for notice in report.notices())


def test_unknown_units_and_the_fixed_procedure_are_made_and_marked(log: Path) -> None:
    top = make_unit("SO", "Sở", UnitKind.DEPARTMENT)
    report = take(log, "coselog")
    made = {unit.name: unit for unit in db.session.scalars(select(Unit).where(Unit.origin != ""))}
    assert set(made) == {"General", "Experts"}
    assert made["General"].origin == f"import {report.import_id}"
    assert made["General"].path == f"{top.path}GENERAL/"
    assert db.session.scalars(select(Procedure.code)).all() == ["COSELOG"]
    assert len(report.created) == 3
    assert the_case("case-2").unit_id == made["Experts"].id
    assert the_case("case-2").channel is Channel.ONLINE


def test_the_same_log_again_changes_nothing(log: Path) -> None:
    take(log, "coselog")
    report = take(log, "coselog")
    assert (report.cases_unchanged, report.cases_changed, report.events_new, report.created) == (3, 0, 0, [])
    assert_adds_up(report)


def test_a_later_log_adds_what_is_new(log: Path, tmp_path: Path) -> None:
    first = log_file(tmp_path, log_row("case-9", 1, CONFIRMED, "2011-10-11 13:45:40+02:00", **OPEN), name="1.csv")
    take(first, "coselog")
    assert the_case("case-9").ended_at is None
    later = log_file(
        tmp_path,
        log_row("case-9", 1, CONFIRMED, "2011-10-11 13:45:40+02:00"),
        log_row("case-9", 2, CHECKED, "2011-10-12 13:45:40+02:00"),
        name="2.csv",
    )
    report = take(later, "coselog")
    db.session.expire_all()
    assert (report.cases_changed, report.events_new) == (1, 1)
    assert the_case("case-9").status is CaseStatus.CLOSED
    assert len(activities(the_case("case-9"))) == 2


@pytest.mark.parametrize("batch", [1, 2, 2000])
def test_rows_of_a_case_may_lie_anywhere_in_the_file(
    session: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, batch: int
) -> None:
    monkeypatch.setattr(service, "BATCH", batch)
    rows = [
        log_row(f"case-{n % 3}", n, CONFIRMED if n < 3 else CHECKED, f"2011-10-{12 + n // 3} 08:00:00+02:00")
        for n in range(9)
    ]
    report = take(log_file(tmp_path, *rows), "coselog")
    assert (report.cases_new, report.cases_changed, report.events_new) == (3, 0, 9)
    assert [len(activities(the_case(f"case-{n}"))) for n in range(3)] == [3, 3, 3]
    assert_adds_up(report)


def test_a_row_that_cannot_be_is_refused_and_its_case_keeps_the_others(session: Any, tmp_path: Path) -> None:
    report = take(
        log_file(
            tmp_path,
            log_row("case-1", 1, CONFIRMED, "2011-02-29 08:00:00+02:00"),
            log_row("case-1", 2, "", "2011-10-12 08:00:00+02:00"),
            log_row("case-1", 3, CHECKED, "2011-10-12 08:00:00+02:00"),
            log_row("case-1", 3, CONFIRMED, "2011-10-13 08:00:00+02:00"),
        ),
        "coselog",
    )
    assert [(row, column) for row, column, _why in reasons(report)] == [
        (2, "time:timestamp"),
        (3, "concept:name"),
        (5, "concept:instance"),
    ]
    assert [event.external_id for event in activities(the_case("case-1"))] == ["task-3"]
    assert_adds_up(report)


def test_a_log_without_identities_is_not_taken_in_twice(session: Any, tmp_path: Path) -> None:
    path = log_file(tmp_path, log_row("case-1", 1, CONFIRMED, "2011-10-11 13:45:40+02:00"))
    path.write_text(path.read_text().replace("concept:instance", "other"))
    assert take(path, "coselog").events_new == 1
    assert take(path, "coselog").events_new == 0


@pytest.mark.skipif("DUNG_HAN_RECEIPT" not in os.environ, reason="DUNG_HAN_RECEIPT names no copy of the real log")
def test_the_real_log_comes_in_whole(session: Any) -> None:
    report = take(Path(os.environ["DUNG_HAN_RECEIPT"]), "coselog")
    assert (report.rows, report.cases_new, report.events_new, reasons(report)) == (8577, 1434, 8577, [])
    assert db.session.scalar(select(func.count()).where(CaseEvent.kind == EventKind.ACTIVITY)) == 8577
    again = take(Path(os.environ["DUNG_HAN_RECEIPT"]), "coselog")
    assert (again.cases_unchanged, again.events_new) == (1434, 0)
