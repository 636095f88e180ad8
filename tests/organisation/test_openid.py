"""Signing in through the province's provider: everything it says is checked, and nobody is let in who is not here."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pyotp
import pytest
from flask import Flask
from flask.testing import FlaskClient
from joserfc.jwk import RSAKey
from sqlalchemy import func, select

from app.organisation import passwords, second_factor, signing_in
from app.organisation.access import Actor
from app.organisation.models import AuditEntry, Person, Role, SignInSession, Unit
from app.web.extensions import db
from app.web.settings import BadSettings, settings_from
from tests.clock import at
from tests.factories import make_person
from tests.organisation.provider import CLIENT, SECRET, Provider, running_provider

GOOD = "cà phê sữa đá"
UNCONFIRMED = "không xác nhận được lần đăng nhập này"
UNREACHED = "Không liên lạc được với nơi cấp tài khoản của tỉnh."


@pytest.fixture(scope="module")
def running() -> Iterator[Provider]:
    with running_provider() as provider:
        yield provider


@pytest.fixture
def provider(app: Flask, running: Provider) -> Iterator[Provider]:
    """The provider, and the site configured for it."""
    running.__dict__.update(claims={}, asked=[], broken="", issuer="", signing_key=None, codes={})
    plain = app.config["SETTINGS"]
    configure(app, openid_issuer=running.address, openid_client_id=CLIENT, openid_client_secret=SECRET)
    yield running
    app.config["SETTINGS"] = plain
    app.extensions.pop("dung-han-openid", None)


def configure(app: Flask, **values: str) -> None:
    app.config["SETTINGS"] = app.config["SETTINGS"].model_copy(update=values)


@pytest.fixture
def lan(department: dict[str, Unit]) -> Person:
    return make_person(department["MC"], Role.DESK, "lan.nt", email="Lan.NT@khanhhoa.gov.vn")


VERIFIED = {"email": "lan.nt@khanhhoa.gov.vn", "email_verified": True}


def come_back(client: FlaskClient, provider: Provider, **claims: Any) -> Any:
    """Follow the button, agree at the provider, and come back."""
    provider.claims = claims
    return client.get(provider.visit(client.get("/dang-nhap/tinh").location))


def told(client: FlaskClient) -> str:
    return client.get("/dang-nhap").text


def test_the_button_leads_there_and_back_to_the_page_wished_for(
    client: FlaskClient, provider: Provider, lan: Person, session: Any
) -> None:
    page = client.get("/dang-nhap?next=/lich-lam-viec").text
    assert "/dang-nhap/tinh?next=/lich-lam-viec" in page
    assert "Đăng nhập bằng Tài khoản của tỉnh" in page
    provider.claims = VERIFIED
    answer = client.get(provider.visit(client.get("/dang-nhap/tinh?next=/lich-lam-viec").location))
    assert answer.location == "/lich-lam-viec"
    assert lan.full_name in client.get("/tai-khoan").text
    entry = session.scalars(select(AuditEntry)).one()
    assert (entry.action, entry.details["way"]) == ("sign_in", "provider")
    assert session.scalars(select(SignInSession)).one().way == "provider"
    with client.session_transaction() as cookie:
        assert not [key for key in cookie if key.startswith("_state_")]


def test_without_a_provider_there_is_no_button_and_no_page(client: FlaskClient, session: Any) -> None:
    assert "/dang-nhap/tinh" not in told(client)
    assert client.get("/dang-nhap/tinh").status_code == 404
    assert client.get("/dang-nhap/tinh/tro-ve?code=1&state=2").status_code == 404


def test_the_description_is_asked_for_once(app: Flask, provider: Provider, lan: Person) -> None:
    for _ in range(3):
        assert come_back(app.test_client(), provider, **VERIFIED).location == "/"
    assert provider.asked.count("/.well-known/openid-configuration") == 1
    assert provider.asked.count("/keys") == 1
    assert provider.asked.count("/token") == 3


def test_new_keys_of_the_provider_are_fetched(app: Flask, provider: Provider, lan: Person) -> None:
    assert come_back(app.test_client(), provider, **VERIFIED).location == "/"
    old = provider.key
    provider.key = RSAKey.generate_key(2048, {"kid": "two", "alg": "RS256", "use": "sig"})
    try:
        assert come_back(app.test_client(), provider, **VERIFIED).location == "/"
    finally:
        provider.key = old


@pytest.mark.parametrize(
    ("claims", "sentence"),
    [
        ({"email": "ai.do@khanhhoa.gov.vn", "email_verified": True}, "chưa gắn với người dùng nào ở đây"),
        ({"email": "lan.nt@khanhhoa.gov.vn", "email_verified": False}, "chưa xác minh địa chỉ thư điện tử"),
        ({"email": "lan.nt@khanhhoa.gov.vn", "email_verified": "true"}, "chưa xác minh địa chỉ thư điện tử"),
        ({"email": "lan.nt@khanhhoa.gov.vn"}, "chưa xác minh địa chỉ thư điện tử"),
        ({}, "không cho biết địa chỉ thư điện tử"),
    ],
)
def test_whoever_is_not_bound_gets_one_sentence_and_no_account(
    client: FlaskClient, provider: Provider, lan: Person, session: Any, claims: dict[str, Any], sentence: str
) -> None:
    assert come_back(client, provider, **claims).location == "/dang-nhap"
    assert sentence in told(client)
    assert session.scalar(select(func.count()).select_from(Person)) == 1
    assert session.scalars(select(SignInSession)).all() == []
    assert session.scalars(select(AuditEntry)).one().details["why"] == "unbound"


def test_an_address_of_two_people_or_of_somebody_locked_binds_nobody(
    app: Flask, provider: Provider, lan: Person, department: dict[str, Unit]
) -> None:
    twin = make_person(department["NCC"], Role.HEAD, "lan.hai", email="lan.nt@khanhhoa.gov.vn")
    assert come_back(app.test_client(), provider, **VERIFIED).location == "/dang-nhap"
    twin.active = lan.active = False
    db.session.commit()
    assert come_back(app.test_client(), provider, **VERIFIED).location == "/dang-nhap"
    lan.active = True
    db.session.commit()
    assert come_back(app.test_client(), provider, **VERIFIED).location == "/"


def test_accounts_may_be_bound_by_subject(app: Flask, client: FlaskClient, provider: Provider, lan: Person) -> None:
    configure(app, openid_claim="sub")
    assert come_back(client, provider, sub="3a8e", **VERIFIED).location == "/dang-nhap"
    run = app.test_cli_runner().invoke
    assert run(args=["people", "bind", "lan.nt", "3a8e"]).exit_code == 0
    assert come_back(client, provider, sub="3a8e").location == "/"


def test_a_subject_means_one_person(app: Flask, lan: Person, department: dict[str, Unit]) -> None:
    make_person(department["NCC"], Role.HEAD, "hoa.lt", openid_subject="3a8e")
    refused = app.test_cli_runner().invoke(args=["people", "bind", "lan.nt", "3a8e"])
    assert (refused.exit_code, "đã gắn với" in refused.stderr) == (2, True)


NOW = int(time.time())


@pytest.mark.parametrize(
    "forged",
    [
        {"iss": "https://evil.example"},
        {"aud": "another client"},
        {"aud": None},
        {"exp": NOW - 3600},
        {"exp": None},
        {"nonce": "another"},
        {"nonce": None},
        {"sub": None},
        {"azp": "another client", "aud": ["another client", CLIENT]},
    ],
)
def test_an_id_token_that_is_not_for_us_lets_nobody_in(
    client: FlaskClient, provider: Provider, lan: Person, forged: dict[str, Any]
) -> None:
    assert come_back(client, provider, **(VERIFIED | forged)).location == "/dang-nhap"
    assert UNCONFIRMED in told(client)
    assert client.get("/tai-khoan").status_code == 302


def test_a_token_signed_by_another_key_lets_nobody_in(client: FlaskClient, provider: Provider, lan: Person) -> None:
    provider.signing_key = RSAKey.generate_key(2048, {"kid": "one", "alg": "RS256"})
    assert come_back(client, provider, **VERIFIED).location == "/dang-nhap"
    assert UNCONFIRMED in told(client)


def test_a_code_brought_by_another_browser_lets_nobody_in(app: Flask, provider: Provider, lan: Person) -> None:
    """State: somebody is made to follow an attacker's link back, and would be signed in as the attacker."""
    attacker, victim = app.test_client(), app.test_client()
    provider.claims = VERIFIED
    back = provider.visit(attacker.get("/dang-nhap/tinh").location)
    assert victim.get(back).location == "/dang-nhap"
    assert victim.get("/tai-khoan").status_code == 302
    victim.get("/dang-nhap/tinh")
    assert victim.get(back).location == "/dang-nhap"
    assert provider.asked.count("/token") == 0


def test_an_answer_counts_once(app: Flask, client: FlaskClient, provider: Provider, lan: Person) -> None:
    provider.claims = VERIFIED
    back = provider.visit(client.get("/dang-nhap/tinh").location)
    assert client.get(back).location == "/"
    client.post("/dang-xuat")
    assert client.get(back).location == "/dang-nhap"
    assert client.get("/tai-khoan").status_code == 302


@pytest.mark.parametrize("query", ["", "code=1", "state=1", "code=1&state=1", "error=access_denied&state=1"])
def test_coming_back_with_nothing_is_told(client: FlaskClient, provider: Provider, query: str) -> None:
    assert client.get(f"/dang-nhap/tinh/tro-ve?{query}").location == "/dang-nhap"
    assert UNCONFIRMED in told(client)


def test_every_browser_has_a_state_a_nonce_and_a_verifier_of_its_own(app: Flask, provider: Provider) -> None:
    seen = [parse_qs(urlsplit(app.test_client().get("/dang-nhap/tinh").location).query) for _ in range(2)]
    for name in ("state", "nonce", "code_challenge"):
        assert seen[0][name] != seen[1][name]
        assert len(seen[0][name][0]) >= 20
    assert seen[0]["redirect_uri"] == ["http://localhost/dang-nhap/tinh/tro-ve"]


def test_a_provider_that_is_down_is_told_and_left_alone_for_a_while(
    app: Flask, client: FlaskClient, provider: Provider, lan: Person
) -> None:
    provider.broken = "/.well-known/openid-configuration"
    assert client.get("/dang-nhap/tinh").location == "/dang-nhap"
    assert UNREACHED in told(client)
    for _ in range(5):
        assert client.get("/dang-nhap/tinh").location == "/dang-nhap"
    assert len(provider.asked) == 1
    lan.password_hash = passwords.hash_password(GOOD)
    db.session.commit()
    assert client.post("/dang-nhap", data={"username": "lan.nt", "password": GOOD}).location == "/"


def test_nobody_listening_is_told(app: Flask, client: FlaskClient, provider: Provider) -> None:
    configure(app, openid_issuer="http://127.0.0.1:9")
    assert client.get("/dang-nhap/tinh").location == "/dang-nhap"
    assert UNREACHED in told(client)


@pytest.mark.parametrize("path", ["/token", "/keys"])
def test_a_provider_that_fails_half_way_is_told(
    app: Flask, client: FlaskClient, provider: Provider, lan: Person, path: str
) -> None:
    provider.broken = path
    assert come_back(client, provider, **VERIFIED).location == "/dang-nhap"
    assert UNREACHED in told(client) or UNCONFIRMED in told(client)
    assert client.get("/tai-khoan").status_code == 302


def test_a_provider_that_calls_itself_otherwise_is_not_followed(client: FlaskClient, provider: Provider) -> None:
    provider.issuer = "https://evil.example"
    assert client.get("/dang-nhap/tinh").location == "/dang-nhap"
    assert UNCONFIRMED in told(client)


def test_no_more_than_two_wait_for_the_provider_at_once(app: Flask, client: FlaskClient, provider: Provider) -> None:
    with app.app_context():
        asking = signing_in._provider().asking
    held = [asking.acquire(blocking=False) for _ in range(3)]
    assert held == [True, True, False]
    assert client.get("/dang-nhap/tinh").location == "/dang-nhap"
    assert provider.asked == []


def test_the_second_factor_is_asked_here_too(client: FlaskClient, provider: Provider, lan: Person) -> None:
    second_factor.begin(Actor.of(lan), lan)
    totp = pyotp.TOTP(second_factor.enrolment(lan).typed.replace(" ", ""))  # type: ignore[union-attr]
    second_factor.confirm(Actor.of(lan), lan, totp.at(at("2024-07-01 08:00")), address="")
    assert come_back(client, provider, **VERIFIED).location == "/dang-nhap/ma-xac-thuc"
    assert client.get("/tai-khoan").status_code == 302


def test_a_password_of_somebody_elses_is_no_matter_to_who_comes_from_the_provider(
    client: FlaskClient, provider: Provider, lan: Person
) -> None:
    lan.must_change_password = True
    db.session.commit()
    come_back(client, provider, **VERIFIED)
    assert client.get("/tai-khoan").status_code == 200


def test_passwords_may_be_for_administrators_alone(
    app: Flask, provider: Provider, lan: Person, admin: Person, session: Any
) -> None:
    configure(app, local_sign_in="administrators")
    lan.password_hash = admin.password_hash = passwords.hash_password(GOOD)
    session.commit()
    clerk = app.test_client()
    answer = clerk.post("/dang-nhap", data={"username": "lan.nt", "password": GOOD})
    assert (answer.status_code, "Cơ quan đã tắt đăng nhập bằng mật khẩu." in answer.text) == (422, True)
    wrong = clerk.post("/dang-nhap", data={"username": "lan.nt", "password": "sai"})
    assert "Cơ quan đã tắt" not in wrong.text
    boss = app.test_client()
    assert boss.post("/dang-nhap", data={"username": "quantri", "password": GOOD}).location == "/"
    assert come_back(clerk, provider, **VERIFIED).location == "/"


@pytest.mark.parametrize(
    "wrong",
    [
        {"OPENID_ISSUER": "http://id.khanhhoa.gov.vn", "OPENID_CLIENT_ID": "x"},
        {"OPENID_ISSUER": "https://id.khanhhoa.gov.vn"},
        {"LOCAL_SIGN_IN": "administrators"},
        {"OPENID_CLAIM": "name"},
        {"SECOND_FACTOR": "some"},
    ],
)
def test_settings_that_would_not_work_are_refused_at_the_start(wrong: dict[str, str]) -> None:
    with pytest.raises(BadSettings):
        settings_from({f"DUNG_HAN_{name}": value for name, value in wrong.items()})


def test_starting_the_site_loads_none_of_the_libraries_of_the_door() -> None:
    """They take over a second together: each is loaded where it is used."""
    heavy = "{'authlib', 'requests', 'joserfc', 'zxcvbn', 'pyotp'}"
    code = f"import sys, app; app.create_app(); print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
