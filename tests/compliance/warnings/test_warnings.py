"""Early warning of June 2024, on the 12th: what each rate can still come to, what falls due; and it counts nowhere."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.cases.models import Case
from app.cases.vocabulary import EventKind
from app.compliance import queries as checks
from app.compliance import warnings
from app.compliance.adoption import repository
from app.compliance.models import CheckRun, Violation
from app.compliance.warnings import Chance, Outlook, warn
from app.core.errors import NotAllowed
from app.core.periods import Period
from app.organisation.access import Actor, Scope
from app.organisation.models import Person, Role, Unit
from app.reporting import views
from app.web.extensions import db
from tests.clock import at
from tests.compliance.conftest import SignIn
from tests.compliance.month import INSPECTOR, check
from tests.compliance.pages import text_of
from tests.factories import EVERYWHERE, SITE, adopt_packs, finish, happen, make_department, make_person, make_version
from tests.factories import receive as received
from tests.grounds import Grounds

Freeze = Callable[..., Any]
PAGE = "/canh-bao"


@dataclass
class Running:
    """LDVL, two working days: one case ended in time (04/06), one late (due 05/06). Open on the 12th: `today`, due
    12/06, which has its result; `soon`, due 14/06; one that waits for its applicant; one due in July. NCC has one open
    case, due 26/06: still to come in June, too far for the coming week."""

    units: dict[str, Unit]
    today: Case
    soon: Case


@pytest.fixture
def running(ground: Grounds, freeze: Freeze) -> Running:
    freeze("2024-06-12 08:00")
    return ground(make_running)


def make_running() -> Running:
    adopt_packs()
    units = make_department()
    version = make_version(units["LDVL"], ("Thẩm định", units["LDVL"], 2), days=2)
    long = make_version(units["LDVL"], ("Thẩm định", units["LDVL"], 20), days=20, name="Xét duyệt")
    other = make_version(units["NCC"], ("Thẩm định", units["NCC"], 15), days=15, name="Trợ cấp")
    finish(received(version, at("2024-06-03 08:00"), "An"), at("2024-06-04 08:00"))
    finish(received(version, at("2024-06-03 08:10"), "Bình"), at("2024-06-07 08:00"))
    today = received(version, at("2024-06-10 08:00"), "Cúc")
    happen(today, EventKind.RESOLVED, at("2024-06-11 08:00"))
    paused = received(version, at("2024-06-10 08:20"), "Dung")
    happen(paused, EventKind.SUPPLEMENT_REQUESTED, at("2024-06-10 10:00"))
    soon = received(version, at("2024-06-12 07:30"), "Giang")
    received(long, at("2024-06-10 08:30"), "Hà")
    received(other, at("2024-06-05 08:00"), "Khánh")
    return Running(units, today, soon)


def told(scope: Scope = EVERYWHERE) -> dict[tuple[str, str], warnings.RateWarning]:
    run = warnings.provisional_run(scope)
    assert run is not None
    found = warnings.rates(scope, run, repository.packs_of(run))
    return {(cell.rule, cell.unit): each for each in found for cell in each.cells}


def test_what_is_still_to_come_is_what_the_records_know(running: Running) -> None:
    """One of two in time so far; two more are due in what is left of June, so 3 of 4 at best: a whole is lost. Of one
    result that waits to be closed within its time, one is left. A stay belongs to the unit that has it."""
    warn(INSPECTOR)
    rates = told()
    assert rates["bg-5.1", "LDVL"].fails
    assert (rates["bg-5.1", "LDVL"].cell.numerator, rates["bg-5.1", "LDVL"].cell.denominator) == (1, 2)
    assert rates["bg-5.1", "LDVL"].outlook == Outlook(Chance.LOST, 3, 2, None)
    # Not one of six files is digitised, and each still can be; three plans say it of the same figure.
    files = rates["bg-5.6-files", "LDVL"]
    assert files.outlook == Outlook(Chance.OPEN, 6, 6)
    assert {cell.rule for cell in files.cells} == {"bg-5.6-files", "khd-2b.1-files", "khp-2b.1-files"}
    # The Department as a whole: NCC's one file too.
    assert rates["khd-2b.1-files", "SO"].outlook == Outlook(Chance.OPEN, 7, 7)


def test_what_ended_after_the_check_was_still_to_come_for_it(running: Running, freeze: Freeze) -> None:
    """The figures are those of 8:00; what ended at 9:00 is in none of them, and must not be lost between."""
    warn(INSPECTOR)
    freeze("2024-06-12 10:00")
    happen(running.today, EventKind.CLOSED, at("2024-06-12 09:00"))
    assert told()["bg-5.1", "LDVL"].outlook == Outlook(Chance.LOST, 3, 2, None)


def test_a_warning_asks_nobody_and_the_month_before_stays_in_front(running: Running) -> None:
    may = check(Period.parse("2024-05")).run
    report = warn(INSPECTOR)
    assert report.run is not None
    assert report.run.period == "2024-06"
    assert report.broken > 0
    assert db.session.scalar(select(func.count()).select_from(Violation).where(Violation.period == "2024-06")) == 0
    standing = checks.latest_run(EVERYWHERE)
    assert (standing.id, may is not None) == (may.id if may else 0, True)  # type: ignore[union-attr]
    with pytest.raises(NotAllowed):
        warn(Actor("Một trưởng phòng", 1, 1, Role.HEAD))
    assert db.session.scalar(select(func.count()).select_from(CheckRun)) == 2


def test_what_falls_due_in_the_month_is_told_by_day(running: Running) -> None:
    """Bình's case was late from 06/06: three working days to explain it ended on 10/06, so it is missing and no longer
    coming. The quarter's report of the second quarter is due in July."""
    warn(INSPECTOR)
    run = warnings.provisional_run(EVERYWHERE)
    assert run is not None
    found = warnings.falls_due(EVERYWHERE, run, repository.packs_of(run))
    assert found == sorted(found, key=lambda each: each.due)
    assert all(date(2024, 6, 12) <= each.due <= date(2024, 6, 30) for each in found)
    lists = next(each for each in found if each.rule.id == "bg-4.2b")
    assert lists.due == date(2024, 6, 30)
    mine = Scope(SITE, frozenset({running.units["NCC"].id}))
    assert {unit.code for each in warnings.falls_due(mine, run, repository.packs_of(run)) for unit in each.units} == {
        "NCC"
    }


def test_the_page_tells_head_and_inspector_each_their_own(running: Running, sign_in: SignIn) -> None:
    head: Person = make_person(running.units["LDVL"], Role.HEAD)
    before = text_of(sign_in(head).get(PAGE))
    assert "Chưa có số liệu tạm tính của tháng 6/2024" in before
    assert running.today.code in before  # what will be overdue this week is asked of the cases themselves
    warn(INSPECTOR)
    page = text_of(sign_in(head).get(PAGE))
    assert "Tháng này không còn đạt được." in page
    assert "Còn đạt được: cần 6 trong 6 hồ sơ còn lại." in page
    assert "Tạm tính" in page
    assert f"{running.today.code} 12/06/2024 17:00" in page  # to the hour that its slip tells
    assert "còn 18 ngày Tháng 6/2024" in page  # the list to hand in, called by its period
    assert "23:59" not in page and "2024-06" not in page
    assert "Phòng Người có công" not in page
    every = text_of(sign_in(make_person(running.units["VP"], Role.INSPECTOR)).get(PAGE))
    assert "Phòng Người có công" in every
    narrowed = text_of(sign_in(make_person(running.units["VP"], Role.DIRECTOR)).get(PAGE + "?don_vi=NCC"))
    assert running.soon.code not in narrowed


def test_beside_a_months_figure_stands_how_it_is_today(running: Running, sign_in: SignIn, freeze: Freeze) -> None:
    """May: one case of LDVL's received and due in it, ended late: 0 of 1. June so far: 1 of 2."""
    version = make_version(running.units["LDVL"], ("Thẩm định", running.units["LDVL"], 2), days=2)
    finish(received(version, at("2024-05-06 08:00"), "Lan"), at("2024-05-20 08:00"))
    may = check(Period.parse("2024-05")).run
    assert may is not None
    client = sign_in(make_person(running.units["LDVL"], Role.HEAD))
    address = f"/kiem-tra/{may.id}/bac-giang-2024/bg-5.1/LDVL"
    assert "tạm tính:" not in text_of(client.get(address))
    june = warn(INSPECTOR).run
    assert june is not None
    said = "Tháng 6/2024 đến 12/06/2024 08:00, tạm tính: Vi phạm 50% 1 / 2"
    assert said in text_of(client.get("/kiem-tra/vi-pham/cua-don-vi"))
    assert said in text_of(client.get(address))
    assert "Chưa chốt" in text_of(client.get(address))
    provisional = text_of(client.get(f"/kiem-tra/{june.id}/bac-giang-2024/bg-5.1/LDVL"))
    assert "Tạm tính" in provisional
    assert "chưa đơn vị nào phải giải trình" in provisional


def test_the_command_prints_what_it_takes(running: Running, app: Flask) -> None:
    printed = app.test_cli_runner().invoke(args=["check", "warn", "--format", "json"])
    assert printed.exit_code == 0, printed.stderr
    told = json.loads(printed.stdout)
    assert list(told) == ["run", "period", "standing", "as_of", "rates", "falls_due"]
    assert (told["period"], told["standing"], told["as_of"]) == ("2024-06", "provisional", "2024-06-12T08:00:00+07:00")
    late = next(each for each in told["rates"] if (each["rule"], each["unit"]) == ("bg-5.1", "LDVL"))
    assert late["outlook"] == {"chance": "lost", "needed": 3, "left": 2, "beyond": None}
    assert (late["numerator"], late["denominator"]) == (1, 2)


def test_the_button_counts_anew_and_leads_back(running: Running, sign_in: SignIn, at_once: None) -> None:
    client = sign_in(make_person(running.units["VP"], Role.INSPECTOR))
    assert warnings.provisional_run(EVERYWHERE) is None
    answer = client.post(PAGE)
    assert client.get(answer.location).location == PAGE
    assert warnings.provisional_run(EVERYWHERE) is not None
    assert sign_in(make_person(running.units["LDVL"], Role.HEAD)).post(PAGE).status_code == 403


def test_of_many_units_only_what_fails_is_told(
    running: Running, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    warn(INSPECTOR)
    run = warnings.provisional_run(EVERYWHERE)
    assert run is not None
    library = repository.packs_of(run)
    every = warnings.rates(EVERYWHERE, run, library)
    failing = [each for each in every if each.fails]
    assert 0 < len(failing) < len(every)
    assert warnings.rates(EVERYWHERE, run, library, failing_only=True) == failing
    client = sign_in(make_person(running.units["VP"], Role.INSPECTOR))
    assert "Đang đạt" in text_of(client.get(PAGE))
    monkeypatch.setattr(views, "MANY", 1)
    many = text_of(client.get(PAGE))
    assert "Đang đạt" not in many
    assert "Đang hiện 1 đơn vị nhiều cảnh báo nhất" in many
    assert "Đang đạt" in text_of(client.get(PAGE + "?don_vi=LDVL"))
