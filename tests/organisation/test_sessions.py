"""Sessions: kept on the server, ended there, and seen by whose they are."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, select
from sqlalchemy.exc import OperationalError

from app.core.errors import DomainError, NotFound
from app.organisation import audit, passwords, service, sessions
from app.organisation.access import Actor
from app.organisation.models import AuditEntry, Person, Role, SignInSession, Unit
from app.organisation.sessions import device_of
from app.web.extensions import db
from tests.clock import at
from tests.factories import make_person

GOOD = "cà phê sữa đá"
BOSS = Actor("Trần Quản Trị")
MORNING = at("2024-07-01 08:00")
Freeze = Callable[[datetime | str], datetime]
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:128.0) Gecko/20100101 Firefox/128.0"


@pytest.fixture
def lan(department: dict[str, Unit]) -> Person:
    """A clerk of the desk."""
    who = make_person(department["MC"], Role.DESK, "lan.nt", full_name="Nguyễn Thị Lan")
    who.password_hash = passwords.hash_password(GOOD)
    db.session.commit()
    return who


def signed_in(app: Flask, username: str = "lan.nt", agent: str = FIREFOX) -> FlaskClient:
    """A browser of its own on which somebody has signed in by the form."""
    client = app.test_client()
    sent = {"username": username, "password": GOOD}
    assert client.post("/dang-nhap", data=sent, headers={"User-Agent": agent}).status_code == 302
    return client


def is_in(client: FlaskClient) -> bool:
    return client.get("/tai-khoan").status_code == 200


def test_a_stolen_database_gives_no_session(app: Flask, lan: Person, session: Any) -> None:
    """What the browser holds is nowhere in the table, and what is in the table opens nothing."""
    client = signed_in(app)
    with client.session_transaction() as cookie:
        token = cookie["_user_id"]
        assert "lan" not in str(dict(cookie)) and str(lan.id) != token
    row = session.scalars(select(SignInSession)).one()
    stored = " ".join(str(getattr(row, column.key)) for column in SignInSession.__table__.columns)
    assert token not in stored
    assert len(token) >= 43
    thief = app.test_client()
    with thief.session_transaction() as cookie:
        cookie["_user_id"] = row.token_hash
    assert not is_in(thief)


def test_the_cookie_says_nothing_of_the_person(app: Flask, lan: Person) -> None:
    client = signed_in(app)
    value = client.get_cookie("session").value  # type: ignore[union-attr]
    body = value.lstrip(".").split(".")[0]
    plain = base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))
    plain = zlib.decompress(plain) if value.startswith(".") else plain
    assert "lan" not in plain.decode().lower()


def test_a_session_ends_after_hours_without_a_request(app: Flask, lan: Person, freeze: Freeze) -> None:
    client = signed_in(app)
    for hours in (9, 18):  # used now and then, it goes on
        freeze(MORNING + timedelta(hours=hours))
        answer = client.get("/tai-khoan")
        assert answer.status_code == 200
        answer.close()
    freeze(MORNING + timedelta(hours=18, minutes=59))
    assert is_in(client)
    idle = signed_in(app)
    freeze(MORNING + timedelta(hours=28, minutes=59))
    assert not is_in(idle)


def test_a_session_ends_however_much_it_is_used(app: Flask, lan: Person, freeze: Freeze) -> None:
    client = signed_in(app)
    for hours in range(1, 24):
        freeze(MORNING + timedelta(hours=hours))
        answer = client.get("/tai-khoan")
        assert answer.status_code == 200, hours
        answer.close()
    freeze(MORNING + timedelta(hours=24))
    assert not is_in(client)


def test_a_new_password_ends_all_others(app: Flask, lan: Person) -> None:
    here, there = signed_in(app), signed_in(app)
    changed = {"current": GOOD, "password": "mật khẩu khác hẳn", "repeated": "mật khẩu khác hẳn"}
    assert here.post("/tai-khoan", data=changed).status_code == 302
    assert (is_in(here), is_in(there)) == (True, False)


@pytest.mark.parametrize("verb", ["deactivate", "reset", "role", "end"])
def test_what_an_administrator_does_ends_them(app: Flask, lan: Person, verb: str) -> None:
    browsers = [signed_in(app), signed_in(app)]
    if verb == "deactivate":
        service.deactivate_person(BOSS, lan.id)
    elif verb == "reset":
        service.reset_password(BOSS, lan.id, "mật khẩu khác hẳn")
    elif verb == "role":
        service.change_person(BOSS, lan.id, full_name=lan.full_name, unit_id=lan.unit_id, role=Role.HEAD)
    else:
        assert sessions.end_all(BOSS, lan) == 2
    assert [is_in(browser) for browser in browsers] == [False, False]


def test_another_name_ends_no_session(app: Flask, lan: Person) -> None:
    client = signed_in(app)
    service.change_person(BOSS, lan.id, full_name="Nguyễn Lan", unit_id=lan.unit_id, role=lan.role)
    assert is_in(client)


def test_a_person_sees_and_ends_their_own(app: Flask, lan: Person, session: Any) -> None:
    here = signed_in(app)
    there = signed_in(app, agent="Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/126.0 Mobile Safari/537.36")
    page = here.get("/tai-khoan/phien").text
    assert all(
        text in page for text in ("Firefox, Windows", "Chrome, Android", "127.0.0.1", "01/07/2024 08:00", "máy này")
    )
    other = session.scalars(select(SignInSession).where(SignInSession.device == "Chrome, Android")).one()
    assert here.post(f"/tai-khoan/phien/{other.id}/ket-thuc").location == "/tai-khoan/phien"
    assert (is_in(here), is_in(there)) == (True, False)
    again = signed_in(app)
    here.post("/tai-khoan/phien/ket-thuc-khac")
    assert (is_in(here), is_in(again)) == (True, False)
    entry = session.scalars(select(AuditEntry).order_by(AuditEntry.number.desc())).first()
    assert (entry.action, entry.details) == ("end_sessions", {"ended": 1})


def test_nobody_ends_anothers(app: Flask, lan: Person, department: dict[str, Unit], session: Any) -> None:
    hoa = make_person(department["NCC"], Role.HEAD, "hoa.lt")
    hoa.password_hash = passwords.hash_password(GOOD)
    session.commit()
    hers = signed_in(app, "hoa.lt")
    row = session.scalars(select(SignInSession)).one()
    mine = signed_in(app)
    assert mine.post(f"/tai-khoan/phien/{row.id}/ket-thuc").status_code == 404
    assert is_in(hers)
    with pytest.raises(NotFound):
        sessions.end(BOSS, lan, row.id)


def test_an_administrator_sees_and_ends_those_of_a_person(
    app: Flask, lan: Person, as_admin: FlaskClient, session: Any
) -> None:
    clients = [signed_in(app), signed_in(app)]
    page = as_admin.get(f"/nguoi-dung/{lan.id}").text
    assert page.count("Firefox, Windows") >= 2
    row = session.scalars(
        select(SignInSession).where(SignInSession.person_id == lan.id).order_by(SignInSession.id)
    ).first()
    as_admin.post(f"/nguoi-dung/{lan.id}/phien/{row.id}/ket-thuc")
    assert [is_in(client) for client in clients] == [False, True]
    as_admin.post(f"/nguoi-dung/{lan.id}/phien/ket-thuc")
    assert not is_in(clients[1])
    assert as_admin.get("/tai-khoan").status_code == 200


def test_a_request_costs_one_query_for_its_session(app: Flask, lan: Person) -> None:
    client = signed_in(app)
    asked: list[str] = []

    def look(_c: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        asked.append(statement)

    event.listen(db.engine, "before_cursor_execute", look)
    try:
        client.get("/tai-khoan/mat-khau-moi").close()
        assert [statement.split()[0] for statement in asked] == ["SELECT"]
        asked.clear()
        client.get(f"{client.application.static_url_path}/css/base.css").close()
        assert asked == []
    finally:
        event.remove(db.engine, "before_cursor_execute", look)


def test_when_it_was_last_used_is_written_seldom_and_after_the_answer(
    app: Flask, lan: Person, freeze: Freeze, session: Any
) -> None:
    client = signed_in(app)
    seen = lambda: session.scalar(select(SignInSession.last_seen_at))  # noqa: E731
    freeze(MORNING + timedelta(minutes=4))
    client.get("/tai-khoan").close()
    assert seen() == MORNING
    later = freeze(MORNING + timedelta(minutes=6))
    answer = client.get("/tai-khoan")
    assert seen() == MORNING  # the page is there, and waited for no writer
    session.rollback()
    answer.close()
    assert seen() == later


@pytest.mark.parametrize(
    "refusal", [OperationalError("UPDATE", {}, Exception("chỉ đọc")), DomainError("Đồng hồ của máy chủ sai.")]
)
def test_a_page_stands_when_its_last_use_cannot_be_written(
    app: Flask, lan: Person, freeze: Freeze, monkeypatch: pytest.MonkeyPatch, refusal: Exception
) -> None:
    @contextmanager
    def refuse() -> Iterator[None]:
        raise refusal
        yield

    client = signed_in(app)
    freeze(MORNING + timedelta(minutes=6))
    monkeypatch.setattr(audit, "transaction", refuse)
    answer = client.get("/tai-khoan")
    answer.close()
    assert answer.status_code == 200


def test_sessions_that_are_over_are_swept(app: Flask, lan: Person, freeze: Freeze, session: Any) -> None:
    signed_in(app)
    freeze(MORNING + timedelta(days=3))
    signed_in(app)
    assert [row.began_at for row in session.scalars(select(SignInSession))] == [MORNING + timedelta(days=3)]


@pytest.mark.parametrize(
    ("agent", "device"),
    [
        (FIREFOX, "Firefox, Windows"),
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/126.0.0.0 Safari/537.36 Edg/126.0", "Edge, Windows"),
        ("Mozilla/5.0 (Windows NT 10.0) coc_coc_browser/124.0 Chrome/118.0 Safari/537.36", "Cốc Cốc, Windows"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) Version/17.5 Safari/604.1", "Safari, iPhone"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Version/17.5 Safari/605.1", "Safari, macOS"),
        ("curl/8.5.0", "curl"),
        ("<script>alert(1)</script>", ""),
        ("", ""),
        ("x" * 5000, "x" * 40),
    ],
)
def test_a_browser_is_named_in_a_few_words(agent: str, device: str) -> None:
    assert device_of(agent) == device


# A password that somebody else chose


def test_a_password_set_by_somebody_else_is_changed_before_anything_else(
    app: Flask, lan: Person, as_admin: FlaskClient
) -> None:
    as_admin.post(f"/nguoi-dung/{lan.id}/mat-khau", data={"password": "tạm thời hôm nay"})
    client = app.test_client()
    client.post("/dang-nhap", data={"username": "lan.nt", "password": "tạm thời hôm nay"})
    for page in ("/", "/tai-khoan", "/ho-so", "/ho-so.csv", "/tai-khoan/phien", "/lich-lam-viec?year=2024"):
        assert client.get(page).location == "/tai-khoan/mat-khau-moi", page
    assert client.post("/tai-khoan/phien/ket-thuc-khac").location == "/tai-khoan/mat-khau-moi"
    fragment = client.get("/ho-so", headers={"HX-Request": "true"})
    assert (fragment.headers["HX-Redirect"], fragment.data) == ("/tai-khoan/mat-khau-moi", b"")
    page = client.get("/tai-khoan/mat-khau-moi")
    assert page.status_code == 200
    assert 'id="menu"' not in page.text
    same = {"current": "tạm thời hôm nay", "password": "tạm thời hôm nay", "repeated": "tạm thời hôm nay"}
    assert client.post("/tai-khoan/mat-khau-moi", data=same).status_code == 422
    own = same | {"password": "mật khẩu khác hẳn", "repeated": "mật khẩu khác hẳn"}
    assert client.post("/tai-khoan/mat-khau-moi", data=own).location == "/"
    assert is_in(client)
    assert client.get("/tai-khoan/mat-khau-moi").location == "/tai-khoan"


def test_the_page_wished_for_comes_afterwards(app: Flask, lan: Person) -> None:
    lan.must_change_password = True
    db.session.commit()
    client = app.test_client()
    client.post("/dang-nhap", data={"username": "lan.nt", "password": GOOD, "next": "/lich-lam-viec?year=2024"})
    assert client.get("/lich-lam-viec?year=2024").location == "/tai-khoan/mat-khau-moi"
    own = {"current": GOOD, "password": "mật khẩu khác hẳn", "repeated": "mật khẩu khác hẳn"}
    assert client.post("/tai-khoan/mat-khau-moi", data=own).location == "/lich-lam-viec?year=2024"


def test_whoever_is_held_back_may_sign_out_and_choose_a_language(app: Flask, lan: Person) -> None:
    lan.must_change_password = True
    db.session.commit()
    client = signed_in(app)
    assert client.post("/ngon-ngu/en").location == "/"
    assert '<html lang="en">' in client.get("/tai-khoan/mat-khau-moi").text
    assert client.post("/dang-xuat").location == "/dang-nhap"


def test_who_adds_somebody_sets_the_flag_and_who_changes_their_own_takes_it_away(department: dict[str, Unit]) -> None:
    given = {"username": "hoa.lt", "full_name": "Lê Thị Hoa", "role": Role.HEAD, "password": GOOD}
    who = service.add_person(BOSS, unit_id=department["NCC"].id, **given)  # type: ignore[arg-type]
    assert who.must_change_password
    service.change_own_password(Actor.of(who), who.id, current=GOOD, new="mật khẩu khác hẳn")
    assert not who.must_change_password
