"""Sealing in the background: asked for on the page, watched by everybody of the month, once at a time, whole or not at
all, by somebody who may do it when they ask and when it is written."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from app.compliance.models import MonthSeal
from app.compliance.months import sealing
from app.compliance.months.closing import close
from app.core.errors import NotAllowed
from app.organisation.access import Actor
from app.organisation.delegations import delegate, end_delegation
from app.organisation.models import AuditEntry, DelegationKind, Person, Role
from app.organisation.service import deactivate_person
from app.web import jobs
from app.web.extensions import db
from tests.clock import at
from tests.compliance.month import INSPECTOR, JUNE, Month
from tests.compliance.test_sealing import decide_everything
from tests.factories import make_person
from tests.web.test_jobs import wait

SignIn = Callable[[Person], FlaskClient]
PAGE = "/kiem-tra/thang/2024-06"
SEALING = f"{PAGE}/niem-phong"
WHY = "Giám đốc đi công tác, giao cấp phó"


@pytest.fixture
def decided(month: Month, app: Flask, tmp_path: Path, monkeypatch: Any, freeze: Callable[[str], Any]) -> Month:
    """June, closed and answered, to be sealed on 20 July."""
    settings = app.config["SETTINGS"].model_copy(update={"seal_key": tmp_path / "seal_key", "instance": tmp_path})
    monkeypatch.setitem(app.config, "SETTINGS", settings)
    freeze("2024-07-03 08:00")
    close(INSPECTOR, JUNE)
    decide_everything()
    freeze("2024-07-20 08:00")
    return month


@pytest.fixture
def boss(decided: Month) -> Person:
    return make_person(decided.units["SO"], Role.DIRECTOR, full_name="Hồ Xuân Trường")


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> Iterator[Event]:
    """The report of a seal is being drawn until this is set."""
    go_on, [report] = Event(), sealing.more_papers

    def waiting(period: Any) -> Any:
        assert go_on.wait(30)
        return report.make(period)

    monkeypatch.setattr(sealing, "more_papers", [replace(report, make=waiting)])
    yield go_on
    go_on.set()


def finished(owner: Person) -> jobs.JobStatus:
    found = jobs.latest("seal", JUNE.key)
    assert found is not None
    return wait(found.id, owner.id)


def seals() -> int:
    return db.session.scalar(select(func.count()).select_from(MonthSeal)) or 0


def test_it_is_asked_for_watched_and_there(boss: Person, decided: Month, held: Event, sign_in: SignIn) -> None:
    """The page answers while the report is drawn; everybody of the month sees who seals; the trail names who asked."""
    director = sign_in(boss)
    assert director.post(SEALING).location == SEALING
    watched = director.get(SEALING)
    assert watched.status_code == 200
    assert "Hồ Xuân Trường yêu cầu lúc 20/07/2024 08:00" in watched.text
    assert "hx-get" in director.get(SEALING, headers={"HX-Request": "true"}).text
    inspector = sign_in(make_person(decided.units["VP"], Role.INSPECTOR))
    month = inspector.get(PAGE).text
    assert "Hồ Xuân Trường đang niêm phong kỳ này từ 20/07/2024 08:00" in month
    assert "chờ Giám đốc" not in month
    assert inspector.get(SEALING).status_code == 200
    held.set()
    assert finished(boss).state is jobs.JobState.DONE
    assert inspector.get(SEALING).location == PAGE
    assert "Vân tay khóa: " not in inspector.get(PAGE).text.split("</h1>")[0]
    director = sign_in(boss)
    moved = director.get(SEALING, headers={"HX-Request": "true"})
    assert moved.headers["HX-Redirect"] == PAGE
    assert "Đã niêm phong. Vân tay khóa" in director.get(PAGE).text
    entry = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "seal_month")).one()
    assert (entry.actor, entry.person_id, entry.details["asked_at"]) == (
        "Hồ Xuân Trường",
        boss.id,
        at("2024-07-20 08:00").isoformat(),
    )


def test_who_is_second_is_told_who_seals_already(boss: Person, decided: Month, held: Event, sign_in: SignIn) -> None:
    other = make_person(decided.units["SO"], Role.DIRECTOR, full_name="Vũ Giám Đốc")
    sign_in(boss).post(SEALING)
    refused = sign_in(other).post(SEALING)
    assert refused.status_code == 422
    assert "Tháng 6/2024 đang được Hồ Xuân Trường niêm phong" in refused.text
    assert "Niêm phong kỳ này" not in refused.text
    held.set()
    finished(boss)
    assert seals() == 1
    late = sign_in(other).post(SEALING)
    assert (late.status_code, "đã được Hồ Xuân Trường niêm phong" in late.text) == (422, True)


def test_a_server_that_dies_in_it_leaves_nothing_and_the_page_says_how_to_go_on(
    boss: Person, decided: Month, sign_in: SignIn, at_once: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def power_lost(_period: Any) -> Any:
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(sealing, "more_papers", [replace(sealing.more_papers[0], make=power_lost)])
        director = sign_in(boss)
        with pytest.raises(SystemExit):
            director.post(SEALING)
    found = jobs.latest("seal", JUNE.key)
    assert found is not None and found.state is jobs.JobState.FAILED
    assert seals() == 0
    director = sign_in(boss)
    for page in (director.get(SEALING).text, director.get(PAGE).text):
        assert "Không có gì được ghi; hãy làm lại" in page
    assert "Niêm phong kỳ này" in director.get(PAGE).text
    director.post(SEALING)
    assert seals() == 1
    assert "Không có gì được ghi" not in director.get(PAGE).text


def test_why_it_could_not_be_sealed_stands_on_the_page_of_the_month(
    boss: Person, decided: Month, sign_in: SignIn, at_once: None, tmp_path: Path, freeze: Callable[[str], Any]
) -> None:
    (tmp_path / "seal_key").write_text("không phải khóa")
    (tmp_path / "seal_key").chmod(0o600)
    director = sign_in(boss)
    director.post(SEALING)
    for page in (director.get(SEALING).text, director.get(PAGE).text):
        assert "không phải khóa niêm phong" in page
    sealing.reopen(Actor.of(boss), JUNE, "Phát hiện số liệu thanh toán nhập sai")
    freeze("2024-07-21 08:00")
    close(INSPECTOR, JUNE)
    decide_everything()
    anew = director.get(PAGE).text
    assert "không phải khóa niêm phong" not in anew, "that was the closing before"
    assert "Niêm phong kỳ này" in anew


def test_a_delegation_that_ends_at_midnight_covers_what_was_asked_for_before(
    boss: Person, decided: Month, held: Event, sign_in: SignIn, freeze: Callable[[str], Any]
) -> None:
    deputy = make_person(decided.units["SO"], Role.HEAD, full_name="Lê Phó")
    delegate(Actor.of(boss), deputy.id, DelegationKind.IN_PLACE, date(2024, 7, 20), date(2024, 7, 20), WHY)
    freeze("2024-07-20 23:59")
    sign_in(deputy).post(SEALING)
    freeze("2024-07-21 00:05")
    held.set()
    assert finished(deputy).state is jobs.JobState.DONE
    sealed = sealing.the_seal(JUNE)
    assert sealed.actor == json.loads(sealed.manifest)["sealed_by"] == "KT. Giám đốc, Lê Phó"
    entry = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "seal_month")).one()
    assert (entry.details["acting_for"], entry.details["asked_at"]) == (
        "in_place",
        at("2024-07-20 23:59").isoformat(),
    )
    assert sign_in(deputy).post(SEALING).status_code == 403  # on the 21st they may ask for nothing


def test_who_may_no_longer_seal_when_it_is_written_seals_nothing(
    boss: Person, decided: Month, held: Event, sign_in: SignIn
) -> None:
    """The Director takes the delegation back while the report is drawn."""
    deputy = make_person(decided.units["SO"], Role.HEAD, full_name="Lê Phó")
    given = delegate(Actor.of(boss), deputy.id, DelegationKind.IN_PLACE, date(2024, 7, 1), date(2024, 7, 31), WHY)
    sign_in(deputy).post(SEALING)
    end_delegation(Actor.of(boss), given.id, "Giám đốc đã về cơ quan")
    held.set()
    ended = finished(deputy)
    assert (ended.state, "không có quyền này" in ended.error) == (jobs.JobState.FAILED, True)
    assert seals() == 0


def test_an_account_that_is_no_longer_used_seals_nothing(boss: Person, decided: Month) -> None:
    asked = Actor.of(boss)
    admin = make_person(decided.units["VP"], Role.ADMIN)
    deactivate_person(Actor.of(admin), boss.id)
    with pytest.raises(NotAllowed, match="không còn được dùng"):
        sealing.seal(asked, JUNE)
    assert seals() == 0
