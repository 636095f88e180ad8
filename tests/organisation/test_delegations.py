"""Acting for the Director: given by the Director, to deputies and heads, for some days, in the trail."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update

from app.cases.explanations import service as explanations
from app.core.errors import Conflict, DomainError, NotAllowed
from app.organisation.access import Actor
from app.organisation.delegations import delegate, end_delegation
from app.organisation.models import AuditEntry, DelegationKind, Person, Role, Unit
from app.organisation.permissions import DELEGATED, Capability
from app.web.extensions import db
from tests.clock import at
from tests.factories import EVERYWHERE, SITE, make_person, make_version, receive

SignIn = Callable[[Person], FlaskClient]
WHY = "Giám đốc đi công tác, Quyết định 12/QĐ-SLĐTBXH"
BOTH = (date(2024, 6, 3), date(2024, 6, 7))


@pytest.fixture
def boss(department: dict[str, Unit]) -> Person:
    return make_person(department["SO"], Role.DIRECTOR, full_name="Hồ Xuân Trường")


@pytest.fixture
def deputy(department: dict[str, Unit]) -> Person:
    return make_person(department["SO"], Role.HEAD, full_name="Lê Phó")


@pytest.fixture
def head(department: dict[str, Unit]) -> Person:
    return make_person(department["LDVL"], Role.HEAD, full_name="Trần Trưởng")


def test_who_may_act_and_how(
    boss: Person, deputy: Person, head: Person, department: dict[str, Unit], freeze: Callable[[str], Any]
) -> None:
    freeze("2024-06-03 08:00")
    by = Actor.of(boss)
    with pytest.raises(DomainError, match="thừa lệnh"):
        delegate(by, head.id, DelegationKind.IN_PLACE, *BOTH, WHY)
    for role in (Role.INSPECTOR, Role.ADMIN, Role.DESK):
        with pytest.raises(NotAllowed, match="không quyết định thay"):
            delegate(by, make_person(department["VP"], role).id, DelegationKind.BY_ORDER, *BOTH, WHY)
    delegate(by, deputy.id, DelegationKind.IN_PLACE, *BOTH, WHY)
    with pytest.raises(Conflict, match=r"từ 03/06/2024 đến 07/06/2024"):
        delegate(by, deputy.id, DelegationKind.IN_PLACE, BOTH[1], date(2024, 6, 30), WHY)
    with pytest.raises(DomainError, match="đã qua"):
        delegate(by, head.id, DelegationKind.BY_ORDER, date(2024, 6, 1), date(2024, 6, 2), WHY)
    assert Capability.DELEGATE not in DELEGATED
    assert Capability.ANSWER_VIOLATIONS not in DELEGATED


def test_a_deputy_decides_within_the_days_only_and_the_trail_says_for_whom(
    boss: Person, deputy: Person, department: dict[str, Unit], sign_in: SignIn, freeze: Callable[[str], Any]
) -> None:
    freeze("2024-06-03 08:00")
    case = receive(
        make_version(department["LDVL"], ("Thẩm định", department["LDVL"], 2), days=2), at("2024-06-03 08:00")
    )
    given = delegate(Actor.of(boss), deputy.id, DelegationKind.IN_PLACE, date(2024, 6, 10), date(2024, 6, 14), WHY)
    head, office = make_person(department["LDVL"], Role.HEAD), make_person(department["VP"], Role.HEAD)
    freeze("2024-06-07 16:00")
    sent = explanations.explain(EVERYWHERE, Actor.of(head), [case.id], "Cán bộ ốm, đã phân công lại người khác")[0]
    explanations.receive_explanations(SITE, Actor.of(office), [sent.id])
    address = f"/ho-so/{case.id}/giai-trinh/{sent.id}/quyet-dinh"
    typed = {"accepted": "yes", "words": "", "revision": "2"}
    assert sign_in(deputy).post(address, data=typed).status_code == 403  # not yet
    freeze("2024-06-14 23:30")  # the last day
    client = sign_in(deputy)
    assert "quyet-dinh" in client.get(f"/ho-so/{case.id}/giai-trinh").text
    assert client.post(address, data=typed).status_code == 302
    db.session.refresh(sent)
    assert (sent.accepted, sent.decided_by) == (True, "KT. Giám đốc, Lê Phó")
    entry = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "decide_explanation")).one()
    assert (entry.actor, entry.details["acting_for"]) == ("Lê Phó", "in_place")
    freeze("2024-06-15 00:30")
    assert sign_in(deputy).get("/nhat-ky").status_code == 403
    freeze("2024-06-13 08:00")
    assert sign_in(deputy).get("/nhat-ky").status_code == 200
    end_delegation(Actor.of(boss), given.id, "Giám đốc đã về cơ quan")
    assert sign_in(deputy).get("/nhat-ky").status_code == 403
    with pytest.raises(Conflict):
        end_delegation(Actor.of(boss), given.id, "Giám đốc đã về cơ quan")


def test_who_acts_for_the_director_does_their_own_work_within_their_own_unit(
    boss: Person, head: Person, department: dict[str, Unit], sign_in: SignIn, freeze: Callable[[str], Any]
) -> None:
    """They read other units' cases as the Director does, and explain none of them."""
    freeze("2024-06-03 08:00")
    ncc = department["NCC"]
    case = receive(make_version(ncc, ("Thẩm định", ncc, 2), days=2), at("2024-06-03 08:00"))
    freeze("2024-06-07 16:00")
    address = f"/ho-so/{case.id}/giai-trinh"
    assert sign_in(head).get(address).status_code == 404
    delegate(Actor.of(boss), head.id, DelegationKind.BY_ORDER, date(2024, 6, 7), date(2024, 6, 7), WHY)
    client = sign_in(head)
    assert client.get(address).status_code == 200
    answer = client.post(address, data={"text": "Cán bộ ốm, đã phân công lại người khác"})
    assert answer.status_code in (404, 422)
    assert explanations.latest_explanations([case.id]) == {}


def test_nobody_decides_about_what_they_explained(
    boss: Person, deputy: Person, department: dict[str, Unit], freeze: Callable[[str], Any]
) -> None:
    freeze("2024-06-03 08:00")
    case = receive(
        make_version(department["LDVL"], ("Thẩm định", department["LDVL"], 2), days=2), at("2024-06-03 08:00")
    )
    freeze("2024-06-07 16:00")
    sent = explanations.explain(EVERYWHERE, Actor.of(deputy), [case.id], "Cán bộ ốm, đã phân công lại người khác")[0]
    explanations.receive_explanations(SITE, Actor.of(make_person(department["VP"], Role.HEAD)), [sent.id])
    acting = Actor(deputy.full_name, deputy.id, deputy.unit_id, Role.HEAD, acts_for=DelegationKind.IN_PLACE)
    with pytest.raises(NotAllowed, match="tự quyết định"):
        explanations.decide(SITE, acting, case.id, sent.id, accepted=True, revision=2)


def test_the_directors_pages(boss: Person, head: Person, sign_in: SignIn, freeze: Callable[[str], Any]) -> None:
    freeze("2024-06-03 08:00")
    client = sign_in(boss)
    assert "/giao-quyen" in client.get("/lich-lam-viec").text
    typed = {"person": str(head.id), "form": "by_order", "valid_from": "03/06/2024", "valid_to": "07/06/2024"}
    assert client.post("/giao-quyen/moi", data=typed | {"reason": ""}).status_code == 422
    assert client.post("/giao-quyen/moi", data=typed | {"reason": WHY}).status_code == 302
    assert "Đang giao" in client.get("/giao-quyen").text


def test_people_page_asks_for_a_director_where_there_is_none(
    department: dict[str, Unit], sign_in: SignIn, session: Any
) -> None:
    admin = sign_in(make_person(department["VP"], Role.ADMIN))
    assert "Chưa có ai mang vai trò Giám đốc" in admin.get("/nguoi-dung").text
    boss = make_person(department["SO"], Role.DIRECTOR)
    assert "Chưa có ai mang vai trò Giám đốc" not in admin.get("/nguoi-dung").text
    db.session.execute(update(Person).where(Person.id == boss.id).values(active=False))
    db.session.commit()
    assert "Chưa có ai mang vai trò Giám đốc" in admin.get("/nguoi-dung").text
