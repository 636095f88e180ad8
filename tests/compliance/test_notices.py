"""Who hears of a month's violations and of their answers: once each, and no longer than it holds."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from sqlalchemy import func, select

from app.compliance.models import Violation, ViolationState
from app.compliance.months import sealing
from app.compliance.months.closing import close
from app.compliance.violations.answering import decide_violation, explain_violation
from app.compliance.waivers.service import ask_for_waiver, grant_waiver
from app.notifications import queries, service
from app.organisation.access import Actor, scope_of
from app.organisation.models import Person, Role
from app.web.extensions import db
from tests.compliance.month import BAC_GIANG, JUNE, Month
from tests.factories import CLERK, EVERYWHERE, make_person


def told(person: Person) -> list[str]:
    """Which things count at the person's bell, the latest first."""
    return [line.says for line in queries.notices(person.id, everything=False).lines]


def the_violation() -> Violation:
    """One of NCC's, answered on its own page."""
    wanted = select(Violation).where(Violation.rule == "bg-5.2", Violation.state != ViolationState.REMEDIED)
    found = db.session.scalar(wanted.order_by(Violation.id).execution_options(populate_existing=True))
    assert found is not None
    return found


def test_a_month_from_its_closing_to_its_reopening(month: Month, freeze: Callable[[str], Any]) -> None:
    """Closed on Wednesday 3 July; the first answers are due on Wednesday 10 July."""
    freeze("2024-07-03 08:00")
    head = make_person(month.units["NCC"], Role.HEAD, full_name="Lê Thị Hoa")
    inspector, other = (make_person(month.units["SO"], Role.INSPECTOR) for _ in range(2))
    director, admin = make_person(month.units["SO"], Role.DIRECTOR), make_person(month.units["SO"], Role.ADMIN)
    close(Actor.of(inspector), JUNE)

    assert told(inspector) == told(admin) == []
    assert told(other) == ["month_closed"]
    assert "month_closed" in told(director)
    asked = select(func.count()).where(Violation.unit_id == month.units["NCC"].id, Violation.gone_run_id.is_(None))
    [line] = queries.notices(head.id, everything=False).lines
    assert line.text == (
        f"Tháng 6/2024 đã chốt: {month.units['NCC'].name} có {db.session.scalar(asked)} vi phạm phải giải trình,"
        " sớm nhất trước hết ngày 10/07/2024"
    )
    assert line.address == "/kiem-tra/vi-pham/cua-don-vi"

    one = the_violation()
    scope = scope_of(head)
    explain_violation(scope, Actor.of(head), one.id, ViolationState.EXPLAINED, "Mất mạng hai ngày", one.revision)
    assert told(inspector) == ["answer_to_review"]
    assert "answer_to_review" not in told(director)
    one = the_violation()
    decide_violation(EVERYWHERE, Actor.of(inspector), one.id, ViolationState.RETURNED, "Chưa rõ ngày", one.revision)
    assert told(other) == ["month_closed"]  # nobody reviews it any more
    assert told(head) == ["answer_returned", "violations_raised"]
    one = the_violation()
    explain_violation(scope, Actor.of(head), one.id, ViolationState.EXPLAINED, "Ngày 5 và 6", one.revision)
    assert told(head) == ["violations_raised"]  # and what was returned is given again
    one = the_violation()
    decide_violation(EVERYWHERE, Actor.of(other), one.id, ViolationState.ACCEPTED, "Được", one.revision)
    assert told(head)[0] == "answer_accepted"

    freeze("2024-07-08 08:00")
    service.gather(EVERYWHERE, CLERK)
    assert "violations_due_soon" in told(head)
    freeze("2024-07-11 08:00")
    service.gather(EVERYWHERE, CLERK)
    service.gather(EVERYWHERE, CLERK)
    assert told(head).count("violations_overdue") == 1
    sealing.reopen(Actor.of(director), JUNE, "Phát hiện số liệu thanh toán nhập sai")
    assert "month_reopened" in told(head)
    assert "violations_raised" not in told(head)


def test_a_waiver_is_told_to_who_may_decide_and_then_to_who_asked(month: Month) -> None:
    inspector, other = (make_person(month.units["SO"], Role.INSPECTOR) for _ in range(2))
    director = make_person(month.units["SO"], Role.DIRECTOR)
    cell = {"pack_id": BAC_GIANG, "rule_id": "bg-5.2", "unit_code": "NCC"}
    days = {"valid_from": date(2024, 6, 1), "valid_to": date(2024, 6, 30)}
    asked = ask_for_waiver(Actor.of(inspector), **cell, **days, reason="Phần mềm của Bộ bị lỗi")
    assert (told(inspector), told(other), told(director)) == ([], ["waiver_asked"], ["waiver_asked"])
    grant_waiver(Actor.of(director), asked.id)
    assert (told(inspector), told(other), told(director)) == (["waiver_granted"], [], [])
    long = ask_for_waiver(
        Actor.of(inspector), **cell, valid_from=date(2024, 7, 1), valid_to=date(2025, 6, 30), reason="Sửa phần mềm"
    )
    assert long.id != asked.id
    assert (told(other), told(director)) == ([], ["waiver_asked"])  # a long one is the Director's
