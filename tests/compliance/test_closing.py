"""Closing a month: its official run, once; answers are due from that day on; who is second is told."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from threading import Barrier
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from app.compliance import queries
from app.compliance.models import CheckRun, MonthClosing, RunStanding, RunViolation, Violation
from app.compliance.months import queries as closings
from app.compliance.months.closing import close
from app.compliance.runs.verification import verify_run
from app.compliance.violations.raising import standing_of
from app.core.errors import Conflict, DomainError
from app.core.periods import Period
from app.organisation.models import AuditEntry, Person, Role
from app.web.extensions import db
from tests.compliance.month import INSPECTOR, JUNE, Month, check
from tests.factories import EVERYWHERE, make_person
from tests.threads import at_once

SignIn = Callable[[Person], FlaskClient]
JULY = Period.parse("2024-07")


def dues() -> set[date | None]:
    return set(db.session.scalars(select(Violation.answer_due).where(Violation.gone_run_id.is_(None))))


def test_nobody_is_asked_before_the_month_is_closed_and_all_are_from_that_day_on(
    month: Month, freeze: Callable[[str], Any]
) -> None:
    """Judged on Monday 1 July, closed on Wednesday 3 July with five working days to answer: Wednesday 10 July."""
    freeze("2024-07-01 08:00")
    before = check().run
    assert before is not None
    assert standing_of(before) is RunStanding.UNCLOSED
    assert dues() == {None}
    freeze("2024-07-03 08:00")
    official = close(INSPECTOR, JUNE).run
    assert official is not None
    assert standing_of(official) is RunStanding.OFFICIAL
    asked = dues()
    assert None not in asked
    assert min(day for day in asked if day) == date(2024, 7, 10)
    found = closings.standing(JUNE)
    assert found is not None
    assert (found.run_id, found.actor, found.number) == (official.id, INSPECTOR.name, 1)
    entry = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "close_month")).one()
    assert (entry.subject_id, entry.details) == ("2024-06", {"run": official.id, "number": 1})


def test_a_run_of_a_closed_month_changes_no_violation_and_the_official_one_stands(
    month: Month, freeze: Callable[[str], Any]
) -> None:
    freeze("2024-07-03 08:00")
    official = close(INSPECTOR, JUNE).run
    asked = db.session.execute(
        select(Violation.key, Violation.answer_due, Violation.last_run_id).order_by(Violation.id)
    ).all()
    freeze("2024-07-05 08:00")
    after = check().run
    assert official is not None and after is not None
    assert standing_of(after) is RunStanding.AFTERWARDS
    assert (
        db.session.execute(
            select(Violation.key, Violation.answer_due, Violation.last_run_id).order_by(Violation.id)
        ).all()
        == asked
    )
    seen = select(func.count()).select_from(RunViolation).where(RunViolation.run_id == after.id)
    assert db.session.scalar(seen) == 0
    stands = queries.latest_run(EVERYWHERE, JUNE)
    assert stands is not None
    assert stands.id == official.id
    assert verify_run(official.id).agrees
    assert verify_run(after.id).agrees


def test_what_cannot_be_closed_is_refused_in_one_sentence(month: Month, freeze: Callable[[str], Any]) -> None:
    freeze("2024-06-30 23:59")
    with pytest.raises(DomainError, match=r"Tháng 6/2024 chưa hết.*30/06/2024"):
        close(INSPECTOR, JUNE)
    freeze("2024-07-03 08:00")
    close(INSPECTOR, JUNE)
    with pytest.raises(Conflict, match=r"đã được Trần Thị Thanh Tra chốt lúc 03/07/2024"):
        close(INSPECTOR, JUNE)
    freeze("2024-09-02 08:00")
    with pytest.raises(DomainError, match="Chưa chốt Tháng 7/2024"):
        close(INSPECTOR, Period.parse("2024-08"))
    assert db.session.scalar(select(func.count()).select_from(CheckRun)) == 1
    close(INSPECTOR, JULY)


def test_of_two_who_close_at_once_one_wins_and_the_other_leaves_nothing(
    month: Month, app: Flask, monkeypatch: pytest.MonkeyPatch, freeze: Callable[[str], Any]
) -> None:
    """Both have judged before either writes."""
    freeze("2024-07-03 08:00")
    db.session.commit()
    both, keep = Barrier(2, timeout=60), closings.one_at_a_time

    def together() -> None:
        both.wait()
        keep()

    monkeypatch.setattr(closings, "one_at_a_time", together)
    outcomes = at_once(app, *[lambda: close(INSPECTOR, JUNE)] * 2)
    assert sorted(type(each).__name__ for each in outcomes) == ["CheckReport", "Conflict"]
    assert db.session.scalar(select(func.count()).select_from(MonthClosing)) == 1
    assert db.session.scalar(select(func.count()).select_from(CheckRun)) == 1


def test_the_pages_and_the_command(month: Month, app: Flask, sign_in: SignIn, freeze: Callable[[str], Any]) -> None:
    freeze("2024-07-03 08:00")
    check()
    inspector = sign_in(make_person(month.units["VP"], Role.INSPECTOR))
    assert "Chưa chốt" in inspector.get("/kiem-tra?period=2024-06").text
    assert "Chưa chốt" in inspector.get("/kiem-tra/thang").text
    assert "Chốt kỳ này" in inspector.get("/kiem-tra/thang/2024-06").text
    assert "chưa hết" in inspector.get("/kiem-tra/thang/2024-07").text
    assert inspector.get("/kiem-tra/thang/khong").status_code == 404
    assert inspector.post("/kiem-tra/thang/2024-07/chot").status_code == 422
    head = sign_in(make_person(month.units["LDVL"], Role.HEAD))
    assert "Chốt kỳ này" not in head.get("/kiem-tra/thang/2024-06").text
    assert head.post("/kiem-tra/thang/2024-06/chot").status_code == 403
    told = app.test_cli_runner().invoke(args=["check", "close", "--period", "2024-06"])
    assert told.exit_code == 0, told.output
    assert "Tháng 6/2024: đã chốt, lần kiểm tra 2" in told.stdout
    again = app.test_cli_runner().invoke(args=["check", "close", "--period", "2024-06"])
    assert (again.exit_code, again.stdout) == (2, "")
    assert "đã được" in again.stderr
    inspector = sign_in(make_person(month.units["VP"], Role.INSPECTOR))
    assert "Chính thức" in inspector.get("/kiem-tra?period=2024-06").text
    assert "Đã chốt" in inspector.get("/kiem-tra/thang/2024-06").text
