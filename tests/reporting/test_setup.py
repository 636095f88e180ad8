"""From an empty site to its first judged month: each step is told from the records."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from flask import Flask

from app.compliance.models import CheckRun
from app.core.working_days import official_years
from app.organisation import calendars
from app.organisation.access import Actor
from app.organisation.models import Role, UnitKind
from app.organisation.profile import enter_profile
from app.reporting.setup import SetupStep, setup
from app.web import extensions
from app.web.extensions import db
from tests.clock import at
from tests.conftest import signed_in
from tests.factories import EVERYWHERE, adopt_packs, make_person, make_unit, make_version, receive

BOSS = Actor("Trần Quản Trị")


@pytest.fixture(autouse=True)
def july(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extensions, "now", lambda: at("2024-07-03 08:00"))


def left() -> list[SetupStep]:
    return [step for step, done in setup(EVERYWHERE).done.items() if not done]


def ran(period: str, **values: Any) -> None:
    moment = at("2024-07-02 08:00")
    run = CheckRun(
        site="TEST",
        period=period,
        as_of=moment,
        started_at=moment,
        finished_at=moment,
        packs=[],
        facts=b"",
        facts_hash="",
    )
    for name, value in values.items():
        setattr(run, name, value)
    db.session.add(run)
    db.session.commit()


def test_each_step_is_done_when_the_records_show_it(session: Any) -> None:
    every = list(SetupStep)
    assert 2024 in official_years()  # shipped with its announcement: nobody has to confirm it
    assert left() == [step for step in every if step is not SetupStep.CALENDAR]
    enter_profile(BOSS, name="Sở Nội vụ", place="Hà Nam", case_prefix="H26.15")
    assert setup(EVERYWHERE).next is SetupStep.STAFF

    so = make_unit("SO", "Sở Nội vụ", UnitKind.DEPARTMENT)
    desk = make_unit("MC", "Bộ phận Một cửa", UnitKind.OFFICE, so, is_desk=True)
    for role in (Role.DESK, Role.HEAD, Role.INSPECTOR):
        make_person(desk, role)
    make_person(so, Role.DIRECTOR, active=False)
    assert setup(EVERYWHERE).staff.roles == (Role.DIRECTOR,)  # a locked account decides nothing
    make_person(so, Role.DIRECTOR)
    assert setup(EVERYWHERE).next is SetupStep.CATALOGUE

    version = make_version(desk, ("Tiếp nhận", desk, 1), fee=20_000)
    make_version(desk, in_force_to=date(2024, 6, 30))  # ended before today
    found = setup(EVERYWHERE).catalogue
    assert (found.procedures, found.with_stages, found.with_fee) == (1, 1, 1)
    assert setup(EVERYWHERE).next is SetupStep.PACKS

    adopt_packs(*_packs(), since=date(2024, 7, 1))
    assert setup(EVERYWHERE).packs == 0  # June, the last full month, is before
    adopt_packs(*_packs(), since=date(2024, 1, 1))
    assert setup(EVERYWHERE).packs == 1
    receive(version, at("2024-06-03 08:00"))
    assert left() == [SetupStep.CHECK]

    ran("2024-07")  # a month that is not over warns, and judges nobody
    ran("2024-06", limited=True)
    ran("2024-Q2")
    ran("2024-H1")
    assert left() == [SetupStep.CHECK]
    ran("2024-06")
    assert setup(EVERYWHERE).next is None


def _packs() -> list[Any]:
    from app.compliance.adoption import repository

    return [repository.seeds().packs[0]]


def test_an_unconfirmed_year_is_a_step(session: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extensions, "now", lambda: at("2029-03-01 08:00"))
    assert SetupStep.CALENDAR in left()
    calendars.confirm_year(BOSS, 2029, source="Thông báo 1/TB-BNV")
    assert SetupStep.CALENDAR not in left()


def test_an_unfinished_site_greets_its_administrator_with_the_steps(app: Flask, session: Any) -> None:
    so = make_unit("SO", "Sở", UnitKind.DEPARTMENT)
    admin = signed_in(app.test_client(), make_person(so, Role.ADMIN))
    assert admin.get("/").location.endswith("/thiet-lap")
    page = admin.get("/thiet-lap").text
    pages = ("/thiet-lap/co-quan", "/don-vi/nhap-tep", "/thu-tuc", "/lich", "/kiem-tra/bo-quy-tac")
    for address in pages:
        assert f'href="{address}' in page, address
    assert page.count("Việc tiếp theo") == 1
    clerk = signed_in(app.test_client(), make_person(so, Role.DESK))
    assert clerk.get("/thiet-lap").status_code == 403
    ran("2024-05")
    assert left()  # names and years may be left, as in a January: the day no longer begins with them
    admin = signed_in(app.test_client(), make_person(so, Role.ADMIN, username="quantri2"))
    assert admin.get("/").location.endswith("/don-vi")
