"""People who sign in: adding, changing, locking, passwords, and the page of the administrator."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from app.core.errors import Conflict, DomainError, NotAllowed
from app.organisation import passwords, queries, service, sessions, signing_in
from app.organisation.access import Actor
from app.organisation.models import AuditEntry, Person, Role, SignInWay, Unit
from tests.factories import EVERYWHERE, make_person

BOSS = Actor("Trần Quản Trị")
GOOD = "cà phê sữa đá"


def add(unit: Unit, **values: Any) -> Person:
    given = {"username": "lan.nt", "full_name": "Nguyễn Thị Lan", "role": Role.DESK, "password": GOOD}
    return service.add_person(BOSS, unit_id=unit.id, **(given | values))


def enter(who: Person) -> str:
    """The token of a session of somebody's."""
    return signing_in.enter(who, SignInWay.PASSWORD, address="10.0.0.1", device="").token


def test_a_new_person_can_sign_in(department: dict[str, Unit]) -> None:
    who = add(department["MC"], username=" Lan.NT ")
    assert who.username == "lan.nt"
    assert signing_in.identify("LAN.NT", GOOD, address="10.0.0.1") is who


def test_a_username_means_one_person(department: dict[str, Unit]) -> None:
    add(department["MC"])
    with pytest.raises(Conflict) as refused:
        add(department["NCC"], username="LAN.nt")
    assert refused.value.field == "username"
    assert "Nguyễn Thị Lan" in str(refused.value)


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"username": "lan nt"}, "username"),
        ({"username": "làn"}, "username"),
        ({"full_name": "  "}, "full_name"),
        ({"email": "lan"}, "email"),
        ({"password": "ngắn"}, "password"),
    ],
)
def test_what_cannot_be_is_refused_at_its_field(
    department: dict[str, Unit], values: dict[str, Any], field: str
) -> None:
    with pytest.raises(DomainError) as refused:
        add(department["MC"], **values)
    assert refused.value.field == field


def test_a_person_belongs_to_a_unit_that_exists(department: dict[str, Unit]) -> None:
    with pytest.raises(DomainError) as refused:
        service.add_person(BOSS, username="x1", full_name="X", unit_id=999, role=Role.DESK, password=GOOD)
    assert refused.value.field == "unit_id"


def test_a_changed_person_stands_in_the_new_unit(department: dict[str, Unit], session: Any) -> None:
    who = add(department["MC"])
    service.change_person(BOSS, who.id, full_name="Nguyễn Lan", unit_id=department["NCC"].id, role=Role.HEAD)
    assert (who.full_name, who.unit.code, who.role) == ("Nguyễn Lan", "NCC", Role.HEAD)
    entry = session.scalars(select(AuditEntry).order_by(AuditEntry.number.desc())).first()
    assert (entry.subject_id, entry.details["changed"]["unit"]) == ("lan.nt", ["MC", "NCC"])


def test_the_password_is_never_in_the_audit_trail(department: dict[str, Unit], session: Any) -> None:
    who = add(department["MC"])
    service.reset_password(BOSS, who.id, "mật khẩu khác hẳn")
    for entry in session.scalars(select(AuditEntry)):
        assert GOOD not in str(entry.details)
        assert "khác hẳn" not in str(entry.details)
        assert "argon2" not in str(entry.details)


def test_a_new_password_ends_the_sessions(department: dict[str, Unit]) -> None:
    who = add(department["MC"])
    before = enter(who)
    service.reset_password(BOSS, who.id, "mật khẩu khác hẳn")
    assert sessions.person_of(before) is None
    assert sessions.person_of(enter(who)) is who


def test_one_changes_ones_own_password_knowing_the_old_one(department: dict[str, Unit]) -> None:
    who = add(department["MC"])
    with pytest.raises(DomainError) as refused:
        service.change_own_password(BOSS, who.id, current="sai rồi", new="mật khẩu khác hẳn")
    assert refused.value.field == "current"
    service.change_own_password(BOSS, who.id, current=GOOD, new="mật khẩu khác hẳn")
    assert passwords.matches(who.password_hash, "mật khẩu khác hẳn")


def test_a_locked_person_is_signed_out_and_stays_out(department: dict[str, Unit]) -> None:
    who = add(department["MC"])
    before = enter(who)
    service.deactivate_person(BOSS, who.id)
    assert sessions.person_of(before) is None
    with pytest.raises(signing_in.SignInRefused):
        signing_in.identify("lan.nt", GOOD, address="")
    service.reactivate_person(BOSS, who.id)
    assert sessions.person_of(before) is None
    assert signing_in.identify("lan.nt", GOOD, address="") is who


def test_the_last_administrator_stays(admin: Person, department: dict[str, Unit]) -> None:
    with pytest.raises(NotAllowed):
        service.deactivate_person(BOSS, admin.id)
    with pytest.raises(NotAllowed):
        service.change_person(BOSS, admin.id, full_name="X", unit_id=admin.unit_id, role=Role.DESK)
    make_person(department["SO"], Role.ADMIN, active=False)
    with pytest.raises(NotAllowed):
        service.deactivate_person(BOSS, admin.id)
    make_person(department["SO"], Role.ADMIN)
    service.deactivate_person(BOSS, admin.id)
    assert not admin.active


def test_nobody_locks_themselves_out(admin: Person, department: dict[str, Unit]) -> None:
    make_person(department["SO"], Role.ADMIN)
    with pytest.raises(NotAllowed):
        service.deactivate_person(Actor.of(admin), admin.id)


def test_people_are_found_without_diacritics(department: dict[str, Unit]) -> None:
    add(department["MC"])
    add(department["NCC"], username="dung.tv", full_name="Trần Văn Đúng", role=Role.HEAD)
    assert [who.username for who in queries.people(EVERYWHERE, text="tran dung")] == ["dung.tv"]
    assert [who.username for who in queries.people(EVERYWHERE, unit_id=department["MC"].id)] == ["lan.nt"]
    assert [who.username for who in queries.people(EVERYWHERE, role=Role.HEAD)] == ["dung.tv"]
    assert queries.people(EVERYWHERE, text="không có ai") == []


def test_a_person_is_added_on_the_page(as_admin: FlaskClient, department: dict[str, Unit]) -> None:
    typed = {"username": "hoa.lt", "full_name": "Lê Thị Hoa", "unit_id": str(department["NCC"].id), "role": "head"}
    answer = as_admin.post("/nguoi-dung/them", data=typed | {"password": "ngắn"})
    assert answer.status_code == 422
    assert "Mật khẩu phải có ít nhất 10 ký tự." in answer.text
    assert "Lê Thị Hoa" in answer.text
    assert as_admin.post("/nguoi-dung/them", data=typed | {"password": GOOD}).status_code == 302
    assert queries.person_by_username("hoa.lt").unit_id == department["NCC"].id


def test_a_role_that_does_not_exist_is_refused(as_admin: FlaskClient, department: dict[str, Unit]) -> None:
    typed = {
        "username": "x.y",
        "full_name": "X",
        "unit_id": str(department["NCC"].id),
        "role": "king",
        "password": GOOD,
    }
    answer = as_admin.post("/nguoi-dung/them", data=typed)
    assert answer.status_code == 422
    assert "Hãy chọn một giá trị trong danh sách." in answer.text
    answer = as_admin.post("/nguoi-dung/them", data=typed | {"role": "desk", "unit_id": "999"})
    assert answer.status_code == 422
    assert "Hãy chọn một giá trị trong danh sách." in answer.text
    assert queries.person_by_username("x.y") is None


def test_the_page_locks_unlocks_and_resets(as_admin: FlaskClient, department: dict[str, Unit]) -> None:
    who = add(department["NCC"])
    as_admin.post(f"/nguoi-dung/{who.id}/khoa")
    assert not who.active
    as_admin.post(f"/nguoi-dung/{who.id}/mo-khoa")
    assert who.active
    as_admin.post(f"/nguoi-dung/{who.id}/mat-khau", data={"password": "mật khẩu khác hẳn"})
    assert passwords.matches(who.password_hash, "mật khẩu khác hẳn")


def test_locking_the_last_administrator_says_why_not(as_admin: FlaskClient, admin: Person) -> None:
    answer = as_admin.post(f"/nguoi-dung/{admin.id}/khoa", follow_redirects=True)
    assert "Bạn không thể tự khóa tài khoản của mình." in answer.text
    assert admin.active


def test_the_list_is_filtered_by_its_address(as_admin: FlaskClient, department: dict[str, Unit]) -> None:
    add(department["NCC"], full_name="Nguyễn Thị Lan")
    assert "Nguyễn Thị Lan" in as_admin.get("/nguoi-dung?text=lan&role=desk").text
    assert "lan.nt" not in as_admin.get("/nguoi-dung?role=head").text
    assert "lan.nt" in as_admin.get(f"/nguoi-dung.csv?unit={department['NCC'].id}").text
    assert "quantri" not in as_admin.get(f"/nguoi-dung.csv?unit={department['NCC'].id}").text


def test_a_name_that_is_a_formula_stays_a_name_in_the_file(as_admin: FlaskClient, department: dict[str, Unit]) -> None:
    add(department["NCC"], full_name="=HYPERLINK(0)")
    assert ",'=HYPERLINK(0)," in as_admin.get("/nguoi-dung.csv").text
