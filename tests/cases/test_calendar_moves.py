"""Whose deadlines a day off would move is seen before it is added, and is what then happens."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from app.cases.models import Case
from app.cases.vocabulary import EventKind
from app.organisation import calendars
from app.organisation.access import Actor
from app.organisation.models import AuditEntry, Role, SiteDay, Unit
from tests.clock import at
from tests.factories import finish, happen, make_department, make_person, make_version, receive

BOSS = Actor("Trần Quản Trị")
STORM = {"first": date(2024, 7, 2), "working": False, "name": "Nghỉ tránh bão", "reason": "Công điện 01"}


@pytest.fixture
def cases(session: Any) -> dict[str, Case]:
    """Cases on both sides of 2 July 2024; now is Monday 1 July, 8:00."""
    units = make_department()
    version = make_version(units["LDVL"], ("Thẩm định", units["LDVL"], 5), days=5)
    soon = receive(version, at("2024-06-27 08:00"), "Đến hạn sau ngày nghỉ")
    past = receive(version, at("2024-06-20 08:00"), "Đã quá hạn trước ngày nghỉ")
    done = finish(receive(version, at("2024-06-27 08:00"), "Đã xong"), at("2024-06-28 08:00"))
    stopped = receive(version, at("2024-06-27 08:00"), "Đang chờ bổ sung")
    happen(stopped, EventKind.SUPPLEMENT_REQUESTED, at("2024-06-28 08:00"), note="Thiếu bản sao")
    return {"soon": soon, "past": past, "done": done, "stopped": stopped}


def due_days() -> dict[str, date | None]:
    calendar = calendars.site_calendar()
    return {
        code: due and calendar.local_day(due)
        for code, due in calendars.db.session.execute(select(Case.code, Case.due_at))
    }


def test_only_running_cases_that_are_due_later_move(cases: dict[str, Case]) -> None:
    moved = calendars.adding(BOSS, **STORM)
    assert [(each.code, each.who) for each in moved] == [(cases["soon"].code, "Đến hạn sau ngày nghỉ")]
    calendar = calendars.site_calendar()
    assert (calendar.local_day(moved[0].before), calendar.local_day(moved[0].after)) == (
        date(2024, 7, 4),
        date(2024, 7, 5),
    )


def test_looking_ahead_writes_nothing(cases: dict[str, Case], session: Any) -> None:
    before, entries = due_days(), session.query(AuditEntry).count()
    calendars.adding(BOSS, **STORM)
    session.rollback()
    assert due_days() == before
    assert session.query(SiteDay).count() == 0
    assert session.query(AuditEntry).count() == entries


@pytest.mark.parametrize("working", [False, True])
def test_what_was_foreseen_is_what_happens(cases: dict[str, Case], session: Any, working: bool) -> None:
    day = date(2024, 6, 29) if working else date(2024, 7, 2)  # a Saturday worked, a Tuesday off
    change = STORM | {"first": day, "working": working}
    before = due_days()
    foreseen = {each.code: each.after for each in calendars.adding(BOSS, **change)}
    calendars.add_site_days(BOSS, **change)
    session.expire_all()
    calendar = calendars.site_calendar()
    moved = {code for code, due in due_days().items() if due != before[code]}
    assert moved == set(foreseen) != set()
    assert all(due_days()[code] == calendar.local_day(due) for code, due in foreseen.items())
    back = {each.code for each in calendars.removing(BOSS, day)}
    assert back == moved


def test_the_page_shows_the_moved_deadlines_before_it_saves(cases: dict[str, Case], sign_in: Any, session: Any) -> None:
    admin: FlaskClient = sign_in(make_person(session.query(Unit).filter_by(code="SO").one(), Role.ADMIN))
    typed = {"first": "02/07/2024", "working": "off", "name": "Nghỉ tránh bão", "reason": "Công điện 01"}
    page = admin.post("/lich-lam-viec/them", data=typed)
    assert page.status_code == 200
    assert cases["soon"].code in page.text
    assert cases["past"].code not in page.text
    assert "04/07/2024" in page.text
    assert "05/07/2024" in page.text
    assert session.query(SiteDay).count() == 0
    mark = re.search(r'name="seen"[^>]*value="(\w+)"', page.text)
    assert mark is not None
    changed = admin.post("/lich-lam-viec/them", data=typed | {"seen": mark[1], "first": "03/07/2024"})
    assert session.query(SiteDay).count() == 0, "another day than the one looked at is looked at first"
    assert changed.status_code == 200
    admin.post("/lich-lam-viec/them", data=typed | {"seen": mark[1]})
    assert [row.day for row in session.query(SiteDay)] == [date(2024, 7, 2)]
    removal = admin.get("/lich-lam-viec/2024-07-02/xoa").text
    assert cases["soon"].code in removal
