"""A clock that is wrong puts its time on nobody's record, and a holiday stops nobody."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from werkzeug.datastructures import MultiDict

from app.cases.models import Case, CaseCounter
from app.cases.vocabulary import EventKind
from app.compliance.models import CheckRun
from app.compliance.runs.service import refuse_impossible, run_check
from app.core import uptime
from app.core.errors import DomainError
from app.core.periods import Period
from app.desk.models import Draft
from app.desk.service import drafts_of, save_draft
from app.organisation import audit, clock
from app.organisation.access import Actor
from app.organisation.clock import ClockRefused
from app.organisation.models import AuditEntry, Person, Role, Unit
from app.web import extensions
from app.web.extensions import db
from tests.clock import at
from tests.factories import CLERK, happen, make_department, make_person, make_version, receive

pytestmark = pytest.mark.asks_clock

MONDAY = "2024-07-01 08:00"


class Machine:
    """The server: its clock, which can be set, and the time it has been running, which cannot."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now, self.boot, self.running = at(MONDAY), "first", 1000
        monkeypatch.setattr(extensions, "now", lambda: self.now)
        monkeypatch.setattr(uptime, "since_boot", lambda: (self.boot, self.running))
        monkeypatch.setattr(audit, "since_boot", lambda: (self.boot, self.running))

    def set_clock(self, by: timedelta) -> None:
        """Somebody, or something, sets the clock."""
        self.now += by

    def pass_(self, time: timedelta) -> None:
        """Time passes while the machine runs."""
        self.now += time
        self.running += int(time.total_seconds())

    def restart(self, off: timedelta = timedelta(0)) -> None:
        """Switched off for a while, and started again with every process."""
        self.now += off
        self.boot, self.running = self.boot + "'", 60
        clock.forget()


@pytest.fixture
def machine(session: Any, monkeypatch: pytest.MonkeyPatch) -> Machine:
    return Machine(monkeypatch)


@pytest.fixture
def case(machine: Machine) -> Case:
    """A case of this morning."""
    units = make_department()
    stages = (("Tiếp nhận", units["MC"], 1), ("Thẩm định", units["LDVL"], 3), ("Trả kết quả", units["MC"], 1))
    case = receive(make_version(units["LDVL"], *stages), machine.now)
    machine.pass_(timedelta(minutes=30))
    return case


def write() -> AuditEntry:
    with audit.transaction():
        return audit.record(CLERK, "change_unit", "unit", "LDVL")


def entries() -> int:
    return db.session.scalar(select(func.count()).select_from(AuditEntry)) or 0


def test_the_application_asks_the_clock(app: Flask) -> None:
    assert clock.check in audit.before_writing


def test_a_clock_a_day_behind_is_refused_and_said(case: Case, machine: Machine) -> None:
    before = entries()
    machine.set_clock(-timedelta(days=1))
    with pytest.raises(ClockRefused, match="trước lần ghi gần nhất"):
        write()
    assert entries() == before
    machine.set_clock(timedelta(days=1))
    write()


def test_a_clock_set_back_by_seconds_goes_on_and_no_entry_is_dated_before_another(case: Case, machine: Machine) -> None:
    first = write().at
    machine.set_clock(-timedelta(seconds=40))
    assert write().at == first


def test_a_clock_a_year_ahead_for_a_minute_leaves_nothing_behind(case: Case, machine: Machine) -> None:
    """No event of next year, no code of next year, no check of a month to come, and then all goes on."""
    version = case.version_id
    machine.set_clock(timedelta(days=365))
    for attempt in (
        lambda: happen(case, EventKind.HANDED_OVER, machine.now),
        lambda: run_check(CLERK, Period.parse("2025-06")),
        lambda: refuse_impossible(Period.parse("2025-06")),
        write,
    ):
        with pytest.raises(ClockRefused, match="quá xa"):
            attempt()
    assert db.session.scalar(select(func.count()).select_from(CheckRun)) == 0
    assert {day.year for day in db.session.scalars(select(CaseCounter.day))} == {at(MONDAY).year}
    machine.set_clock(-timedelta(days=365))
    happen(case, EventKind.HANDED_OVER, machine.now)
    assert db.session.get(Case, case.id).version_id == version


def test_a_period_that_has_not_begun_is_not_judged(case: Case) -> None:
    with pytest.raises(DomainError, match="chưa bắt đầu"):
        run_check(CLERK, Period.parse("2024-08"))


@pytest.mark.parametrize("days", [3, 9, 40])
def test_quiet_days_are_nothing_unusual_while_the_machine_runs(case: Case, machine: Machine, days: int) -> None:
    machine.pass_(timedelta(days=days))
    write()


def test_quiet_days_are_nothing_unusual_to_a_command_of_the_same_start(case: Case, machine: Machine) -> None:
    """Another process knows from the newest entry how long the machine had been running."""
    machine.pass_(timedelta(days=40))
    clock.forget()
    write()


@pytest.mark.parametrize(
    ("last", "next_one"),
    [
        ("2024-06-28 17:00", "2024-07-01 07:20"),  # Friday, Monday
        ("2024-02-07 17:00", "2024-02-15 07:20"),  # before and after Tết, 8 days
        ("2024-07-01 17:00", "2024-07-02 16:00"),
    ],
)
def test_a_machine_switched_off_over_days_off_goes_on(machine: Machine, last: str, next_one: str) -> None:
    machine.now = at(last)
    write()
    machine.restart(at(next_one) - at(last))
    write()


@pytest.mark.parametrize("days", [3, 28, 365, 36_500])
def test_a_machine_switched_off_over_working_days_asks_to_confirm(case: Case, machine: Machine, days: int) -> None:
    machine.restart(timedelta(days=days))
    with pytest.raises(ClockRefused):
        write()
    with pytest.raises(DomainError, match="lý do"):
        clock.confirm(CLERK, reason="  ")
    clock.confirm(CLERK, reason="Máy chủ tắt để sửa điện")
    write()
    entry = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "confirm_clock")).one()
    assert entry.details["reason"] == "Máy chủ tắt để sửa điện"


def test_a_newest_entry_in_the_future_is_got_over_by_confirming(case: Case, machine: Machine) -> None:
    """What a wrong clock wrote before the clock was asked does not stop the site until its day comes."""
    machine.set_clock(timedelta(days=400))
    clock.confirm(CLERK, reason="ghi nhầm năm")
    machine.set_clock(-timedelta(days=400))
    with pytest.raises(ClockRefused):
        write()
    clock.confirm(CLERK, reason="Đồng hồ đã được chỉnh lại")
    write()
    assert audit.verify().broken_at is None


def test_the_command_tells_and_confirms(app: Flask, case: Case, machine: Machine) -> None:
    runner = app.test_cli_runner()
    assert runner.invoke(args=["clock", "show"]).exit_code == 0
    machine.set_clock(timedelta(days=365))
    told = runner.invoke(args=["clock", "show"])
    assert (told.exit_code, json.loads(told.stdout)["in_order"]) == (1, False)
    assert runner.invoke(args=["clock", "confirm", "--reason", "đã xem đồng hồ"]).exit_code == 0
    assert runner.invoke(args=["clock", "show"]).exit_code == 0


def test_a_page_says_it_and_an_administrator_confirms(
    case: Case, machine: Machine, sign_in: Callable[[Person], FlaskClient]
) -> None:
    unit = make_person(_unit(), Role.ADMIN)
    browser = sign_in(unit)
    assert "Đồng hồ bình thường" in browser.get("/dong-ho").text
    machine.set_clock(timedelta(days=365))
    refused = browser.post("/dang-xuat")
    assert refused.status_code == 503 and "Đồng hồ máy chủ đang chỉ" in refused.text
    assert "Hiện không ghi được gì" in browser.get("/dong-ho").text
    assert browser.post("/dong-ho", data={"reason": ""}).status_code == 422
    assert "Đã xác nhận" in browser.post("/dong-ho", data={"reason": "đã xem đồng hồ"}, follow_redirects=True).text
    write()


def test_signing_in_says_that_the_clock_is_wrong(case: Case, machine: Machine, client: FlaskClient) -> None:
    machine.set_clock(timedelta(days=365))
    answer = client.post("/dang-nhap", data={"username": "ai", "password": "gi"})
    assert "Đồng hồ máy chủ đang chỉ" in answer.text and answer.status_code == 422


def test_only_an_administrator_confirms_on_the_page(case: Case, sign_in: Callable[[Person], FlaskClient]) -> None:
    assert sign_in(make_person(_unit(), Role.INSPECTOR)).post("/dong-ho", data={"reason": "x"}).status_code == 403


def _unit() -> Any:
    return db.session.scalars(select(Unit).where(Unit.code == "VP")).one()


def kept(person: Person, token: str) -> None:
    save_draft(Actor.of(person), "intake", token, MultiDict({"a": "b"}), "x")


@pytest.mark.parametrize("asked", [True, False])
def test_an_autosaved_draft_sweeps_nobody_elses(
    case: Case, machine: Machine, monkeypatch: pytest.MonkeyPatch, asked: bool
) -> None:
    one, two = (make_person(_unit(), username=name) for name in ("mot", "hai"))
    kept(one, "cũ")
    kept(two, "cũ")
    if not asked:
        monkeypatch.setattr(audit, "before_writing", [])
    machine.set_clock(timedelta(days=365))
    if asked:
        with pytest.raises(ClockRefused):
            kept(one, "mới")
    else:
        kept(one, "mới")
    owners = db.session.scalars(select(Draft.person_id).where(Draft.token == "cũ").order_by(Draft.person_id)).all()
    assert owners == ([one.id, two.id] if asked else [two.id])
    machine.set_clock(-timedelta(days=365))
    assert [line.token for line in drafts_of(Actor.of(two), "intake")] == ["cũ"]
