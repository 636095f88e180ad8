"""Signing in and out: who is let in, what is said to those who are not, where people land."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from app.organisation import passwords, service
from app.organisation.access import Actor
from app.organisation.models import AuditEntry, Person, Role, Unit
from app.organisation.views.account import own_path
from tests.factories import make_person

GOOD = "cà phê sữa đá"


@pytest.fixture
def lan(department: dict[str, Unit]) -> Person:
    """A clerk of the desk."""
    who = make_person(department["MC"], Role.DESK, "lan.nt", full_name="Nguyễn Thị Lan")
    who.password_hash = passwords.hash_password(GOOD)
    return who


def enter(client: FlaskClient, username: str = "lan.nt", password: str = GOOD, **more: str) -> Any:
    return client.post("/dang-nhap", data={"username": username, "password": password} | more)


def actions(session: Any) -> list[tuple[str, dict[str, Any]]]:
    return [(e.action, e.details) for e in session.scalars(select(AuditEntry).order_by(AuditEntry.number))]


def test_the_right_password_lets_in(client: FlaskClient, lan: Person, session: Any) -> None:
    answer = enter(client)
    assert (answer.status_code, answer.location) == (302, "/")
    assert client.get("/tai-khoan").status_code == 200
    assert actions(session) == [("sign_in", {"address": "127.0.0.1"})]
    assert lan.last_signed_in_at is not None


def test_a_wrong_password_and_an_unknown_name_are_told_the_same(client: FlaskClient, lan: Person, session: Any) -> None:
    wrong = enter(client, password="sai mật khẩu")
    unknown = enter(client, username="khongco")
    assert wrong.status_code == unknown.status_code == 422
    assert "Tên đăng nhập hoặc mật khẩu không đúng." in wrong.text
    assert wrong.text == unknown.text.replace("khongco", "lan.nt")
    assert [(a, d["why"]) for a, d in actions(session)] == [
        ("refuse_sign_in", "password"),
        ("refuse_sign_in", "unknown"),
    ]
    assert client.get("/tai-khoan").status_code == 302


def test_a_password_typed_as_the_username_is_kept_nowhere(client: FlaskClient, lan: Person, session: Any) -> None:
    enter(client, username="mật khẩu của tôi", password="")
    enter(client, username="mật khẩu của tôi", password="x")
    for entry in session.scalars(select(AuditEntry)):
        assert "mật khẩu của tôi" not in f"{entry.actor} {entry.subject_id} {entry.details}"


def test_an_unknown_name_costs_a_check_as_well(client: FlaskClient, session: Any, monkeypatch: Any) -> None:
    checked = []
    monkeypatch.setattr(passwords, "matches", lambda stored, typed: checked.append((stored, typed)) or True)
    enter(client, username="khongco", password="mật khẩu gì đó")
    [(stored, typed)] = checked
    assert (stored[:10], typed) == ("$argon2id$", "mật khẩu gì đó")
    assert client.get("/tai-khoan").status_code == 302  # whatever was checked, nobody is let in by it


def test_a_locked_person_is_not_let_in(client: FlaskClient, lan: Person) -> None:
    lan.active = False
    assert enter(client).status_code == 422


def test_an_old_hash_is_made_again_on_signing_in(client: FlaskClient, lan: Person, monkeypatch: Any) -> None:
    old = lan.password_hash
    monkeypatch.setattr(passwords, "hasher", PasswordHasher(time_cost=2, memory_cost=16, parallelism=1))
    enter(client)
    assert lan.password_hash != old
    assert passwords.matches(lan.password_hash, GOOD)


def test_a_stranger_is_asked_to_sign_in_and_then_brought_where_they_wished(client: FlaskClient, lan: Person) -> None:
    asked = client.get("/lich-lam-viec?year=2024")
    assert asked.status_code == 302
    assert asked.location == "/dang-nhap?next=/lich-lam-viec?year%3D2024"
    page = client.get(asked.location)
    assert 'value="/lich-lam-viec?year=2024"' in page.text
    assert enter(client, next="/lich-lam-viec?year=2024").location == "/lich-lam-viec?year=2024"


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example",
        "\\\\evil.example",
        "/\tevil",
        "javascript:alert(1)",
        "evil",
        "/\r\nSet-Cookie: a=b",
        "",
        None,
    ],
)
def test_nobody_is_sent_to_a_strangers_page(app: Flask, target: str | None) -> None:
    assert own_path(target) is None


def test_signing_in_with_a_strangers_page_as_the_wish_leads_home(client: FlaskClient, lan: Person) -> None:
    assert enter(client, next="//evil.example/").location == "/"


def test_htmx_is_sent_to_the_page_and_gets_no_fragment_of_it(client: FlaskClient, session: Any) -> None:
    headers = {"HX-Request": "true", "HX-Current-URL": "http://localhost/ho-so?unit=1"}
    answer = client.get("/lich-lam-viec", headers=headers)
    assert answer.headers["HX-Redirect"] == "/dang-nhap?next=/ho-so?unit%3D1"
    assert answer.data == b""


def test_htmx_from_another_host_keeps_no_wish(client: FlaskClient, session: Any) -> None:
    headers = {"HX-Request": "true", "HX-Current-URL": "http://evil.example/ho-so"}
    assert client.get("/lich-lam-viec", headers=headers).headers["HX-Redirect"] == "/dang-nhap"


def test_signing_out_ends_the_session(client: FlaskClient, lan: Person, session: Any) -> None:
    enter(client)
    assert client.get("/dang-xuat").status_code == 405
    assert client.post("/dang-xuat").location == "/dang-nhap"
    assert client.get("/tai-khoan").status_code == 302
    assert [action for action, _details in actions(session)] == ["sign_in", "sign_out"]


def test_a_cookie_copied_before_signing_out_opens_nothing_after(app: Flask, client: FlaskClient, lan: Person) -> None:
    enter(client)
    thief = app.test_client()
    with client.session_transaction() as cookie, thief.session_transaction() as copied:
        copied.update(cookie)
    assert thief.get("/tai-khoan").status_code == 200
    client.post("/dang-xuat")
    assert thief.get("/tai-khoan").status_code == 302


def test_a_new_password_ends_the_session_of_another_browser(app: Flask, client: FlaskClient, lan: Person) -> None:
    elsewhere = app.test_client()
    enter(client)
    enter(elsewhere)
    changed = {"current": GOOD, "password": "mật khẩu khác hẳn", "repeated": "mật khẩu khác hẳn"}
    assert client.post("/tai-khoan", data=changed).status_code == 302
    assert client.get("/tai-khoan").status_code == 200
    assert elsewhere.get("/tai-khoan").status_code == 302


def test_the_new_password_is_typed_twice(client: FlaskClient, lan: Person) -> None:
    enter(client)
    answer = client.post("/tai-khoan", data={"current": GOOD, "password": "mật khẩu khác", "repeated": "mật khẩu khac"})
    assert answer.status_code == 422
    assert "Hai lần nhập mật khẩu mới không giống nhau." in answer.text
    assert passwords.matches(lan.password_hash, GOOD)


@pytest.mark.parametrize("identity", ["", "1", "1.1", "x" * 43, "²", "0" * 5000])
def test_a_forged_token_is_nobodys(client: FlaskClient, lan: Person, identity: str) -> None:
    enter(client.application.test_client())
    with client.session_transaction() as cookie:
        cookie["_user_id"] = identity
    assert client.get("/tai-khoan").status_code == 302


def test_what_a_stranger_put_in_the_session_is_gone_after_signing_in(client: FlaskClient, lan: Person) -> None:
    with client.session_transaction() as cookie:
        cookie.update(planted="x", locale="en")
    enter(client)
    with client.session_transaction() as cookie:
        assert "planted" not in cookie
        assert cookie["locale"] == "en"
        assert cookie.permanent


@pytest.fixture
def three_a_minute(app: Flask) -> Iterator[None]:
    """The setting that rations attempts, brought down."""
    settings = app.config["SETTINGS"]
    app.config["SETTINGS"] = settings.model_copy(update={"sign_in_limit": "3 per minute"})
    yield
    app.config["SETTINGS"] = settings


def test_failed_attempts_are_rationed_by_address(client: FlaskClient, lan: Person, three_a_minute: None) -> None:
    codes = [enter(client, password="sai").status_code for _ in range(4)]
    assert codes == [422, 422, 422, 429]
    assert enter(client).status_code == 429
    assert enter(client.application.test_client()).status_code == 429


def test_an_office_behind_one_address_may_all_sign_in(
    app: Flask, client: FlaskClient, lan: Person, three_a_minute: None
) -> None:
    assert [enter(app.test_client()).status_code for _ in range(5)] == [302] * 5


@pytest.mark.parametrize("role", list(Role))
def test_home_is_where_the_roles_day_begins(
    role: Role, department: dict[str, Unit], sign_in: Callable[[Person], FlaskClient]
) -> None:
    answer = sign_in(make_person(department["LDVL"], role)).get("/")
    assert answer.status_code == 302
    if role is Role.ADMIN:
        assert answer.location == "/thiet-lap"  # until a month has been judged


def test_the_language_is_kept_in_the_session_and_with_the_person(client: FlaskClient, lan: Person) -> None:
    enter(client)
    answer = client.post("/ngon-ngu/en", data={"next": "/tai-khoan"})
    assert answer.location == "/tai-khoan"
    assert lan.locale == "en"
    assert '<html lang="en">' in client.get("/tai-khoan").text
    client.post("/ngon-ngu/vi")
    assert '<html lang="vi">' in client.get("/tai-khoan").text
    assert lan.locale == "vi"


def test_a_stranger_chooses_a_language_too(client: FlaskClient, session: Any) -> None:
    client.post("/ngon-ngu/en")
    assert '<html lang="en">' in client.get("/dang-nhap").text
    assert client.post("/ngon-ngu/fr").status_code == 404
    assert client.post("/ngon-ngu/vi", data={"next": "//evil.example"}).location == "/"


def test_another_role_ends_the_sessions_and_counts_from_the_next(client: FlaskClient, lan: Person) -> None:
    enter(client)
    assert client.get("/nhat-ky").status_code == 403
    service.change_person(Actor("x"), lan.id, full_name=lan.full_name, unit_id=lan.unit_id, role=Role.INSPECTOR)
    assert client.get("/nhat-ky").status_code == 302
    enter(client)
    assert client.get("/nhat-ky").status_code == 200
