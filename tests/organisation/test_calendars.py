"""The site's calendar: its own days, everybody who counts with it being told, and its pages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, text

from app.core.calendar import DayPart
from app.core.errors import Conflict, DomainError, NotFound
from app.organisation import calendars
from app.organisation.access import Actor
from app.organisation.calendars import CalendarChange, site_calendar
from app.organisation.models import AuditEntry, SiteDay
from tests.factories import SITE

BOSS = Actor("Trần Quản Trị")
STORM = date(2024, 6, 12)  # a Wednesday


def add(first: date = STORM, last: date | None = None, working: bool = False, **values: Any) -> list[SiteDay]:
    given = {"name": "Nghỉ tránh bão", "reason": "Công điện 01"} | values
    return calendars.add_site_days(BOSS, first=first, last=last, working=working, **given)


@pytest.fixture
def told() -> Iterator[list[CalendarChange]]:
    """What a room that counts deadlines is told."""
    changes: list[CalendarChange] = []
    calendars.on_calendar_changed.append(changes.append)
    yield changes
    calendars.on_calendar_changed.remove(changes.append)


def test_without_days_of_its_own_the_site_follows_the_official_calendar(session: Any) -> None:
    assert site_calendar().is_working_day(date(2024, 5, 4))  # Saturday, worked for 29 April
    assert not site_calendar().is_working_day(date(2024, 4, 29))


def test_a_day_off_of_the_site_counts_at_once_and_until_it_is_removed(session: Any) -> None:
    add()
    assert site_calendar().why_off(STORM) == "Nghỉ tránh bão"
    calendars.remove_site_day(BOSS, STORM)
    assert site_calendar().is_working_day(STORM)


def test_a_saturday_worked_in_exchange_counts(session: Any) -> None:
    add(date(2024, 6, 15), working=True, name="Làm bù")
    assert site_calendar().is_working_day(date(2024, 6, 15))


def test_the_calendar_is_kept_as_long_as_the_days_are_the_same(session: Any) -> None:
    add()
    assert site_calendar() is site_calendar()


def test_a_change_by_another_process_is_seen(session: Any) -> None:
    before = site_calendar()
    session.execute(
        text("INSERT INTO site_days (site, day, working, name, reason) VALUES (:site, :day, :no, 'Nghỉ', 'x')"),
        {"site": SITE, "day": STORM.isoformat(), "no": False},
    )
    assert before.is_working_day(STORM)
    assert not site_calendar().is_working_day(STORM)


def test_days_removed_and_entered_otherwise_are_seen_although_their_number_is_the_same(session: Any) -> None:
    add()
    assert not site_calendar().is_working_day(STORM)
    calendars.remove_site_day(BOSS, STORM)
    add(date(2024, 6, 13))
    assert site_calendar().is_working_day(STORM)
    assert not site_calendar().is_working_day(date(2024, 6, 13))


def test_another_sites_days_are_not_ours(session: Any) -> None:
    session.add(SiteDay(site="OTHER", day=STORM, working=False, name="Nghỉ", reason="x"))
    session.commit()
    assert site_calendar().is_working_day(STORM)


def test_several_days_are_added_in_one_go(session: Any) -> None:
    assert [row.day.day for row in add(last=date(2024, 6, 14))] == [12, 13, 14]
    assert site_calendar().count_working_days(date(2024, 6, 11), date(2024, 6, 14)) == 0


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"last": date(2024, 6, 11)}, "last"),
        ({"last": date(2024, 7, 13)}, "last"),
        ({"first": date(1850, 1, 1)}, "first"),
        ({"name": " "}, "name"),
        ({"reason": ""}, "reason"),
    ],
)
def test_what_cannot_be_is_refused_at_its_field(session: Any, values: dict[str, Any], field: str) -> None:
    with pytest.raises(DomainError) as refused:
        add(**values)
    assert refused.value.field == field
    assert session.scalars(select(SiteDay)).all() == []


def test_a_day_is_entered_once(session: Any) -> None:
    add()
    with pytest.raises(Conflict, match="2024-06-12"):
        add(date(2024, 6, 10), date(2024, 6, 14))
    assert len(session.scalars(select(SiteDay)).all()) == 1


def test_a_day_that_was_not_added_cannot_be_removed(session: Any) -> None:
    with pytest.raises(NotFound):
        calendars.remove_site_day(BOSS, STORM)


def test_those_who_count_with_it_are_told_what_changed(session: Any, told: list[CalendarChange]) -> None:
    add()
    calendars.remove_site_day(BOSS, STORM)
    added, removed = told
    assert added.days == (STORM,)
    assert (added.before.is_working_day(STORM), added.after.is_working_day(STORM)) == (True, False)
    assert (removed.before.is_working_day(STORM), removed.after.is_working_day(STORM)) == (False, True)
    assert added.by is BOSS


def test_a_listener_that_fails_undoes_the_change(session: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_change: CalendarChange) -> None:
        raise DomainError("Không tính lại được hạn.")

    monkeypatch.setattr(calendars, "on_calendar_changed", [fail])
    with pytest.raises(DomainError):
        add()
    assert session.scalars(select(SiteDay)).all() == []
    assert session.scalars(select(AuditEntry)).all() == []
    assert site_calendar().is_working_day(STORM)


def test_the_year_shows_official_days_swaps_and_the_sites_own(session: Any) -> None:
    add()
    add(date(2024, 4, 30), working=True, name="Trực ngày lễ")
    year = calendars.calendar_year(2024)
    days = {row.day: row for row in year.days}
    assert not days[date(2024, 9, 2)].working
    assert days[date(2024, 5, 4)].working
    assert "29/04/2024" in days[date(2024, 5, 4)].name
    assert (days[STORM].official, days[STORM].reason, days[STORM].official_name) == (False, "Công điện 01", "")
    assert days[date(2024, 4, 30)].working
    assert days[date(2024, 4, 30)].official_name
    assert not year.provisional
    counted = sum(site_calendar().is_working_day(date.fromordinal(n)) for n in range(738886, 738886 + 366))
    assert date.fromordinal(738886) == date(2024, 1, 1)
    assert year.working_days == counted


def test_a_year_is_provisional_until_somebody_confirms_its_announcement(session: Any) -> None:
    assert calendars.calendar_year(2035).provisional
    add(date(2035, 2, 7), name="Ngày truyền thống")
    assert calendars.calendar_year(2035).provisional, "the site's own day says nothing of the year's list"
    with pytest.raises(DomainError, match="số và ngày của thông báo"):
        calendars.confirm_year(BOSS, 2035, source=" ")
    calendars.confirm_year(BOSS, 2035, source="Thông báo 9999/TB-BNV ngày 01/12/2034")
    year = calendars.calendar_year(2035)
    assert (year.provisional, year.sources) == (False, ("Thông báo 9999/TB-BNV ngày 01/12/2034",))
    assert year.remark.startswith(BOSS.name)
    assert calendars.provisional_years(date(2034, 12, 1), date(2036, 1, 1)) == [2034, 2036]
    entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "confirm_calendar_year")).one()
    assert (entry.subject_id, entry.actor) == ("2035", BOSS.name)
    for known in (2024, 2035):
        with pytest.raises(Conflict, match="đã được xác nhận"):
            calendars.confirm_year(BOSS, known, source="Thông báo 9999/TB-BNV ngày 01/12/2034")
    with pytest.raises(NotFound):
        calendars.withdraw_year(BOSS, 2036, reason="Thông báo đã bị thay thế.")
    calendars.withdraw_year(BOSS, 2035, reason="Thông báo đã bị thay thế.")
    assert calendars.calendar_year(2035).provisional


def test_a_half_day_is_kept_as_one_and_its_calendar_can_be_told_again(session: Any) -> None:
    add(part=DayPart.MORNING, name="Họp toàn thể")
    add(date(2024, 6, 15), working=True, part=DayPart.MORNING, name="Trực sáng thứ Bảy")
    calendar = site_calendar()
    assert calendar.is_working_day(STORM) and calendar.is_working_day(date(2024, 6, 15))
    assert calendar.half_days == {STORM: DayPart.AFTERNOON, date(2024, 6, 15): DayPart.MORNING}
    days = {day.day: day for day in calendars.calendar_year(2024).days}
    assert (days[STORM].working, days[STORM].part) == (False, DayPart.MORNING)
    calendars.remove_site_day(BOSS, STORM)
    before = next(calendars.past_calendars())
    assert before.half_days == calendar.half_days


def test_the_lists_of_the_announcements_are_shown_with_the_year(session: Any) -> None:
    year = calendars.calendar_year(2026)
    assert not year.provisional
    assert any("12729/VPCP-KGVX" in source for source in year.sources)
    days = {day.day: day.working for day in year.days}
    assert (days[date(2026, 1, 2)], days[date(2026, 1, 10)]) == (False, True)


def test_the_page_warns_of_a_provisional_year(as_admin: FlaskClient) -> None:
    warning = "Chưa có lịch nghỉ chính thức của năm 2035"
    assert warning in as_admin.get("/lich-lam-viec?year=2035").text
    assert "Chưa có lịch nghỉ chính thức" not in as_admin.get("/lich-lam-viec?year=2024").text
    assert as_admin.get("/lich-lam-viec?year=1492").status_code == 404


def test_a_year_is_confirmed_on_its_page(as_admin: FlaskClient) -> None:
    assert "xac-nhan" not in as_admin.get("/lich-lam-viec?year=2024").text
    refused = as_admin.post("/lich-lam-viec/2035/xac-nhan", data={"source": ""})
    assert refused.status_code == 422
    source = "Thông báo 9999/TB-BNV ngày 01/12/2034"
    assert as_admin.post("/lich-lam-viec/2035/xac-nhan", data={"source": source}).status_code == 302
    page = as_admin.get("/lich-lam-viec?year=2035").text
    assert "Chưa có lịch nghỉ chính thức" not in page
    assert f"Căn cứ: {source}" in page
    assert as_admin.post("/lich-lam-viec/2035/xac-nhan", data={"source": source}).status_code == 422
    assert as_admin.post("/lich-lam-viec/1492/xac-nhan", data={"source": source}).status_code == 404


def save(client: FlaskClient, typed: dict[str, str]) -> Any:
    """Send the form, look at what it would move, and send it again."""
    seen = client.post("/lich-lam-viec/them", data=typed).text
    mark = re.search(r'name="seen"[^>]*value="(\w+)"', seen)
    assert mark is not None
    return client.post("/lich-lam-viec/them", data=typed | {"seen": mark[1]})


def test_days_are_added_and_removed_on_the_page(as_admin: FlaskClient) -> None:
    typed = {"first": "2024-06-12", "last": "13/06/2024", "working": "off", "name": "Bão số 2", "reason": "Công điện"}
    assert save(as_admin, typed).location == "/lich-lam-viec?year=2024"
    page = as_admin.get("/lich-lam-viec?year=2024").text
    assert "12/06/2024" in page
    assert "Bão số 2" in page
    assert "12/06/2024,,,Bão số 2,Cơ quan,Công điện" in as_admin.get("/lich-lam-viec.csv?year=2024").text
    as_admin.post("/lich-lam-viec/2024-06-12/xoa")
    assert site_calendar().is_working_day(STORM)
    assert as_admin.post("/lich-lam-viec/2024-02-30/xoa").status_code == 404
    assert as_admin.post("/lich-lam-viec/2024-06-12/xoa").status_code == 404


def test_half_a_day_is_added_on_the_page(as_admin: FlaskClient) -> None:
    typed = {"first": "2024-06-12", "working": "off_morning", "name": "Họp toàn thể", "reason": "Giấy mời 12"}
    assert save(as_admin, typed).status_code == 302
    assert site_calendar().half_days == {STORM: DayPart.AFTERNOON}
    assert "buổi sáng" in as_admin.get("/lich-lam-viec?year=2024").text
    assert "12/06/2024,,buổi sáng,Họp toàn thể" in as_admin.get("/lich-lam-viec.csv?year=2024").text


def test_a_refused_day_keeps_what_was_typed(as_admin: FlaskClient) -> None:
    add()
    typed = {"first": "2024-06-12", "working": "off", "name": "Nghỉ bù", "reason": "Văn bản 7"}
    answer = as_admin.post("/lich-lam-viec/them", data=typed)
    assert answer.status_code == 422
    assert "Ngày 12/06/2024 đã có trong lịch của cơ quan." in answer.text
    assert "Nghỉ bù" in answer.text
    assert "Văn bản 7" in answer.text
