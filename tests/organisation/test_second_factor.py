"""The second factor: codes of an authenticator, each good once; recovery codes; who must have it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pyotp
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, text
from sqlalchemy.exc import OperationalError

from app.core.errors import NotAllowed
from app.organisation import keys, passwords, second_factor, sessions, signing_in
from app.organisation.access import Actor
from app.organisation.models import AuditEntry, Person, RecoveryCode, Role, SecondFactor, SignInSession, Unit
from app.organisation.second_factor import WrongCode
from app.web.extensions import db
from tests.clock import at
from tests.factories import make_person
from tests.tables import digests

GOOD = "cà phê sữa đá"
MORNING = at("2024-07-01 08:00")
Freeze = Callable[[datetime | str], datetime]
HERE = "127.0.0.1"


def with_password(unit: Unit, role: Role, username: str) -> Person:
    who = make_person(unit, role, username)
    who.password_hash = passwords.hash_password(GOOD)
    db.session.commit()
    return who


@pytest.fixture
def tuan(department: dict[str, Unit]) -> Person:
    """An inspector."""
    return with_password(department["SO"], Role.INSPECTOR, "tuan.vm")


def require(app: Flask, of: str) -> Any:
    return app.config["SETTINGS"].model_copy(update={"second_factor": of})


@pytest.fixture
def required(app: Flask) -> Iterator[None]:
    """The site asks it of inspectors and administrators."""
    plain = app.config["SETTINGS"]
    app.config["SETTINGS"] = require(app, "inspectors-and-admins")
    yield
    app.config["SETTINGS"] = plain


def by(who: Person) -> Actor:
    return Actor.of(who)


def enrol(who: Person, when: datetime = MORNING) -> tuple[pyotp.TOTP, list[str]]:
    """An authenticator confirmed with the code of that instant, and the recovery codes."""
    second_factor.begin(by(who), who)
    enrolment = second_factor.enrolment(who)
    assert enrolment is not None
    totp = pyotp.TOTP(enrolment.typed.replace(" ", ""))
    return totp, second_factor.confirm(by(who), who, totp.at(when), address=HERE)


def sign_in(app: Flask, username: str, **more: str) -> tuple[FlaskClient, Any]:
    client = app.test_client()
    return client, client.post("/dang-nhap", data={"username": username, "password": GOOD} | more)


def test_a_code_is_asked_after_the_password_and_before_any_page(app: Flask, tuan: Person, freeze: Freeze) -> None:
    totp, _codes = enrol(tuan)
    client, answer = sign_in(app, "tuan.vm", next="/nhat-ky")
    assert answer.location == "/dang-nhap/ma-xac-thuc"
    assert "/dang-nhap" in client.get("/nhat-ky").location
    assert client.get("/dang-nhap/ma-xac-thuc").status_code == 200
    wrong = client.post("/dang-nhap/ma-xac-thuc", data={"code": "000000"})
    assert (wrong.status_code, "Mã không đúng hoặc đã dùng." in wrong.text) == (422, True)
    later = freeze(MORNING + timedelta(seconds=60))
    assert client.post("/dang-nhap/ma-xac-thuc", data={"code": totp.at(later)}).location == "/nhat-ky"
    assert client.get("/nhat-ky").status_code == 200


def test_the_session_that_awaits_a_code_opens_nothing(app: Flask, tuan: Person) -> None:
    """Not even when its token is put where that of an open session stands."""
    enrol(tuan)
    client, _answer = sign_in(app, "tuan.vm")
    with client.session_transaction() as cookie:
        cookie["_user_id"] = cookie["awaits_code"]
    assert client.get("/tai-khoan").status_code == 302
    assert sessions.of_person(tuan.id) == []


def test_the_token_changes_when_the_code_is_right(app: Flask, tuan: Person, freeze: Freeze, session: Any) -> None:
    totp, _codes = enrol(tuan)
    client, _answer = sign_in(app, "tuan.vm")
    with client.session_transaction() as cookie:
        before = cookie["awaits_code"]
    client.post("/dang-nhap/ma-xac-thuc", data={"code": totp.at(freeze(MORNING + timedelta(minutes=1)))})
    with client.session_transaction() as cookie:
        assert "awaits_code" not in cookie
        assert cookie["_user_id"] != before
    assert sessions.awaiting_code(before) is None
    assert len(session.scalars(select(SignInSession)).all()) == 1


def test_a_code_counts_once(app: Flask, tuan: Person, freeze: Freeze) -> None:
    totp, _codes = enrol(tuan)
    code = totp.at(freeze(MORNING + timedelta(minutes=1)))
    first, _ = sign_in(app, "tuan.vm")
    second, _ = sign_in(app, "tuan.vm")
    assert first.post("/dang-nhap/ma-xac-thuc", data={"code": code}).status_code == 302
    assert second.post("/dang-nhap/ma-xac-thuc", data={"code": code}).status_code == 422
    before = totp.at(MORNING + timedelta(seconds=30))  # older than the one used, within the slack
    assert second.post("/dang-nhap/ma-xac-thuc", data={"code": before}).status_code == 422


def test_the_code_that_confirmed_does_not_sign_in(app: Flask, tuan: Person) -> None:
    totp, _codes = enrol(tuan)
    client, _ = sign_in(app, "tuan.vm")
    assert client.post("/dang-nhap/ma-xac-thuc", data={"code": totp.at(MORNING)}).status_code == 422


@pytest.mark.parametrize(("seconds", "right"), [(-60, False), (-30, True), (0, True), (30, True), (60, False)])
def test_a_telephone_may_be_half_a_minute_wrong(tuan: Person, freeze: Freeze, seconds: int, right: bool) -> None:
    totp, _codes = enrol(tuan)
    later = freeze(MORNING + timedelta(hours=1))
    assert second_factor.accept(tuan, totp.at(later + timedelta(seconds=seconds))) is right


def test_the_time_for_the_code_is_ten_minutes(app: Flask, tuan: Person, freeze: Freeze) -> None:
    totp, _codes = enrol(tuan)
    client, _ = sign_in(app, "tuan.vm")
    later = freeze(MORNING + timedelta(minutes=10))
    assert client.post("/dang-nhap/ma-xac-thuc", data={"code": totp.at(later)}).location == "/"
    assert client.get("/tai-khoan").status_code == 302


def test_codes_are_rationed(app: Flask, tuan: Person, freeze: Freeze) -> None:
    totp, _codes = enrol(tuan)
    client, _ = sign_in(app, "tuan.vm")
    later = freeze(MORNING + timedelta(minutes=1))
    codes = [client.post("/dang-nhap/ma-xac-thuc", data={"code": f"{n:06}"}).status_code for n in range(8)]
    assert codes == [422] * 5 + [429] * 3
    assert client.post("/dang-nhap/ma-xac-thuc", data={"code": totp.at(later)}).status_code == 429
    later = freeze(MORNING + timedelta(minutes=3))
    assert client.post("/dang-nhap/ma-xac-thuc", data={"code": totp.at(later)}).status_code == 302


@pytest.mark.parametrize("code", ["", "12345", "1234567", "abcdef", "①②③④⑤⑥", "٠١٢٣٤٥", "x" * 40])
def test_what_is_no_code_is_wrong(tuan: Person, code: str) -> None:
    enrol(tuan)
    assert not second_factor.accept(tuan, code)


def test_a_recovery_code_stands_in_once(app: Flask, tuan: Person, session: Any) -> None:
    _totp, codes = enrol(tuan)
    assert len(set(codes)) == 10
    client, _ = sign_in(app, "tuan.vm")
    typed = codes[3].lower().replace("-", " ")
    assert client.post("/dang-nhap/ma-xac-thuc", data={"code": typed}).status_code == 302
    assert second_factor.recovery_codes_left(tuan.id) == 9
    again, _ = sign_in(app, "tuan.vm")
    assert again.post("/dang-nhap/ma-xac-thuc", data={"code": codes[3]}).status_code == 422
    used = session.scalars(select(AuditEntry).where(AuditEntry.action == "use_recovery_code")).one()
    assert used.details == {"left": 9}


def test_an_outage_uses_up_neither_the_code_nor_an_attempt(
    app: Flask, tuan: Person, session: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_off(*_args: Any, **_more: Any) -> str:
        raise OperationalError("INSERT", {}, Exception("gì đó"), connection_invalidated=True)

    _totp, codes = enrol(tuan)
    client, _ = sign_in(app, "tuan.vm")
    before = digests()
    with monkeypatch.context() as patch:
        patch.setattr(signing_in, "_let_in", break_off)
        assert client.post("/dang-nhap/ma-xac-thuc", data={"code": codes[3]}).status_code == 503
    assert digests() == before
    assert client.post("/dang-nhap/ma-xac-thuc", data={"code": codes[3]}).status_code == 302


def test_anothers_recovery_code_is_wrong(tuan: Person, department: dict[str, Unit]) -> None:
    _totp, codes = enrol(tuan)
    hoa = make_person(department["NCC"], Role.HEAD, "hoa.lt")
    enrol(hoa)
    assert not second_factor.accept(hoa, codes[0])


def test_the_database_holds_neither_secret_nor_codes_in_clear(tuan: Person, session: Any) -> None:
    totp, codes = enrol(tuan)
    rows = [
        *session.execute(text("SELECT * FROM second_factors")),
        *session.execute(text("SELECT * FROM recovery_codes")),
    ]
    everything = str(rows) + str([entry.details for entry in session.scalars(select(AuditEntry))])
    assert len(rows) == 11
    assert totp.secret not in everything
    assert not any(code in everything or code.replace("-", "") in everything for code in codes)


def test_with_another_instances_key_nothing_is_read(app: Flask, tuan: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    totp, codes = enrol(tuan)
    sealed = second_factor.of_person(tuan.id).secret  # type: ignore[union-attr]
    monkeypatch.setitem(app.config, "SECRET_KEY", "another")
    assert keys.unseal("second factor", sealed) is None
    assert not second_factor.accept(tuan, totp.at(MORNING + timedelta(seconds=30)))
    assert not second_factor.accept(tuan, codes[0])


def test_enrolling_on_the_page(app: Flask, tuan: Person, freeze: Freeze, session: Any) -> None:
    client, _ = sign_in(app, "tuan.vm")
    assert session.scalars(select(SecondFactor)).all() == []
    client.get("/tai-khoan/xac-thuc")
    assert session.scalars(select(SecondFactor)).all() == []  # looking changes nothing
    client.post("/tai-khoan/xac-thuc/bat-dau")
    page = client.get("/tai-khoan/xac-thuc").text
    assert "data:image/svg+xml" in page
    totp = pyotp.TOTP(re.search(r'<span class="code">([A-Z2-7 ]+)</span>', page)[1].replace(" ", ""))  # type: ignore[index]
    assert client.post("/tai-khoan/xac-thuc/xac-nhan", data={"code": "000000"}).status_code == 422
    assert not second_factor.is_asked_of(tuan.id)
    shown = client.post("/tai-khoan/xac-thuc/xac-nhan", data={"code": totp.at(MORNING)})
    codes = re.findall(r"<li>([A-Z2-9]{4}-[A-Z2-9]{4}-[A-Z2-9]{4})</li>", shown.text)
    assert (shown.status_code, len(codes)) == (200, 10)
    page = client.get("/tai-khoan/xac-thuc").text
    assert totp.secret[:4] not in page
    assert not any(code in page for code in codes)
    client.post("/tai-khoan/xac-thuc/bat-dau")  # a second one does not replace it
    assert second_factor.is_asked_of(tuan.id)
    later = freeze(MORNING + timedelta(minutes=2))
    new = client.post("/tai-khoan/xac-thuc/ma-du-phong", data={"code": totp.at(later)})
    assert codes[0] not in new.text
    assert not second_factor.accept(tuan, codes[0])
    later = freeze(MORNING + timedelta(minutes=4))
    assert client.post("/tai-khoan/xac-thuc/bo", data={"code": "000000"}).status_code == 422
    assert client.post("/tai-khoan/xac-thuc/bo", data={"code": totp.at(later)}).location == "/tai-khoan"
    assert not second_factor.is_asked_of(tuan.id)
    assert session.scalars(select(RecoveryCode)).all() == []


def test_a_required_factor_is_set_up_before_anything_else(
    app: Flask, tuan: Person, required: None, department: dict[str, Unit]
) -> None:
    client, _ = sign_in(app, "tuan.vm")
    for page in ("/", "/nhat-ky", "/nhat-ky.csv", "/tai-khoan", "/tai-khoan/phien"):
        assert client.get(page).location == "/tai-khoan/xac-thuc", page
    page = client.get("/tai-khoan/xac-thuc")
    assert "Cơ quan yêu cầu" in page.text
    assert 'id="menu"' not in page.text
    client.post("/tai-khoan/xac-thuc/bat-dau")
    secret = re.search(r'<span class="code">([A-Z2-7 ]+)</span>', client.get("/tai-khoan/xac-thuc").text)[1]  # type: ignore[index]
    code = pyotp.TOTP(secret.replace(" ", "")).at(MORNING)
    assert client.post("/tai-khoan/xac-thuc/xac-nhan", data={"code": code}).status_code == 200
    assert client.get("/nhat-ky").status_code == 200
    with_password(department["MC"], Role.DESK, "lan.nt")
    clerk, _ = sign_in(app, "lan.nt")
    assert clerk.get("/tai-khoan").status_code == 200


def test_the_password_comes_before_the_factor(app: Flask, tuan: Person, required: None) -> None:
    tuan.must_change_password = True
    db.session.commit()
    client, _ = sign_in(app, "tuan.vm")
    assert client.get("/").location == "/tai-khoan/mat-khau-moi"
    assert client.get("/tai-khoan/xac-thuc").location == "/tai-khoan/mat-khau-moi"
    own = {"current": GOOD, "password": "mật khẩu khác hẳn", "repeated": "mật khẩu khác hẳn"}
    client.post("/tai-khoan/mat-khau-moi", data=own)
    assert client.get("/").location == "/tai-khoan/xac-thuc"


def test_a_required_factor_cannot_be_dropped(tuan: Person, required: None) -> None:
    totp, _codes = enrol(tuan)
    with pytest.raises(NotAllowed):
        second_factor.remove(by(tuan), tuan, totp.at(MORNING), address=HERE)
    assert second_factor.is_asked_of(tuan.id)


def test_an_administrator_resets_it_and_the_sessions_end(
    app: Flask, tuan: Person, as_admin: FlaskClient, freeze: Freeze, session: Any
) -> None:
    totp, _codes = enrol(tuan)
    client, _ = sign_in(app, "tuan.vm")
    client.post("/dang-nhap/ma-xac-thuc", data={"code": totp.at(freeze(MORNING + timedelta(minutes=1)))})
    assert "Đặt lại xác thực hai lớp" in as_admin.get(f"/nguoi-dung/{tuan.id}").text
    as_admin.post(f"/nguoi-dung/{tuan.id}/xac-thuc/dat-lai")
    assert client.get("/tai-khoan").status_code == 302
    assert sign_in(app, "tuan.vm")[1].location == "/"
    entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "reset_second_factor")).one()
    assert entry.subject_id == "tuan.vm"


def test_a_command_resets_it_when_no_administrator_gets_in(app: Flask, tuan: Person) -> None:
    enrol(tuan)
    run = app.test_cli_runner().invoke
    assert run(args=["people", "reset-second-factor", "tuan.vm"]).exit_code == 0
    assert not second_factor.is_asked_of(tuan.id)
    again = run(args=["people", "reset-second-factor", "tuan.vm"])
    assert (again.exit_code, again.stderr) == (2, f"{tuan.full_name} chưa có ứng dụng xác thực.\n")


def test_a_wrong_code_changes_nothing_and_is_counted(tuan: Person) -> None:
    second_factor.begin(by(tuan), tuan)
    for _ in range(5):
        with pytest.raises(WrongCode):
            second_factor.confirm(by(tuan), tuan, "000000", address=HERE)
    with pytest.raises(second_factor.attempts.TooManyFailures):
        second_factor.confirm(by(tuan), tuan, "000000", address=HERE)
