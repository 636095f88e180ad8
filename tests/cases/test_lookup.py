"""The public page: state and date of a case for whoever holds its slip; guesses tell nothing. And a slip scanned."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, func, select

from app.cases.lookup import LETTERS, check_letters, look_up, public_address
from app.cases.models import Case
from app.cases.vocabulary import EventKind
from app.organisation import attempts
from app.organisation.attempts import TooManyFailures
from app.organisation.models import FailedSignIns, Person, Unit
from app.web import settings
from app.web.extensions import db
from tests.clock import at
from tests.factories import happen, make_department, make_person, make_version, receive

Freeze = Callable[[str], object]
PUBLIC = {"site_address": "https://motcua.example.vn", "public_lookup": True}


@pytest.fixture
def case(session: Any) -> Case:
    units = make_department()
    version = make_version(units["LDVL"], ("Thẩm định", units["LDVL"], 5), code="1.000105", name="Cấp giấy phép")
    return receive(version, at("2024-06-03 08:30"), "Nguyễn Thị Hường", phone="0905123456")


@pytest.fixture
def public(app: Flask, case: Case, monkeypatch: pytest.MonkeyPatch) -> FlaskClient:
    """Somebody from outside, on a site that has the page."""
    monkeypatch.setitem(app.config, "SETTINGS", app.config["SETTINGS"].model_copy(update=PUBLIC))
    check_letters()  # the key is made
    return app.test_client()


def ask(client: FlaskClient, code: str, letters: str, address: str = "203.0.113.7") -> Any:
    return client.get("/tra-cuu", query_string={"ma": code, "kt": letters}, environ_base={"REMOTE_ADDR": address})


def plain(page: str) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", page).split())


def test_the_page_is_not_there_unless_the_site_asks_for_it_and_has_an_address(app: Flask, case: Case) -> None:
    assert app.test_client().get("/tra-cuu").status_code == 404
    with pytest.raises(settings.BadSettings, match="SITE_ADDRESS"):
        settings.settings_from({"DUNG_HAN_PUBLIC_LOOKUP": "true"})


def test_a_slip_tells_state_and_date_and_no_robot_and_no_name_is_told(
    public: FlaskClient, case: Case, freeze: Freeze
) -> None:
    letters = check_letters()(case.code)
    answer = ask(public, case.code.lower(), f"{letters[:4]} {letters[4:]}".lower())
    assert answer.status_code == 200
    told = plain(answer.text)
    assert f"{case.code} Đã tiếp nhận Hẹn trả kết quả: 10/06/2024 17:00" in told
    assert answer.headers["X-Robots-Tag"] == "noindex, nofollow"
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Set-Cookie" not in answer.headers
    for secret in ("Hường", "0905", "Cấp giấy phép", "1.000105", "LDVL"):
        assert secret not in answer.text
    happen(case, EventKind.SUPPLEMENT_REQUESTED, at("2024-06-04 10:00"), note="Thiếu hộ chiếu")
    told = plain(ask(public, case.code, letters).text)
    assert "Chờ bổ sung hồ sơ Thời gian chờ bổ sung không tính" in told and "hộ chiếu" not in told
    happen(case, EventKind.SUPPLEMENTED, at("2024-06-05 10:00"))
    happen(case, EventKind.RESOLVED, at("2024-06-06 10:00"))
    assert "Đã có kết quả Ngày có kết quả: 06/06/2024" in plain(ask(public, case.code, letters).text)


def test_an_unknown_code_and_wrong_letters_are_answered_alike_by_equal_steps(public: FlaskClient, case: Case) -> None:
    other = case.code[:-1] + "9"
    answers, steps = [], []
    for code, letters in ((case.code, "CCCCCCCC"), (other, check_letters()(other)), (other, "CCCCCCCC")):
        seen: list[str] = []
        listener = lambda *args: seen.append(args[2])  # noqa: B023, E731  called before the loop goes on
        event.listen(db.engine, "before_cursor_execute", listener)
        answer = ask(public, code, letters, f"203.0.113.{len(answers)}")
        event.remove(db.engine, "before_cursor_execute", listener)
        answers.append((answer.status_code, answer.text.replace(code, "CODE").replace(letters, "LETTERS")))
        steps.append(seen)
    assert answers[0] == answers[1] == answers[2]
    assert answers[0][0] == 404
    assert steps[0] == steps[1] == steps[2]


def guess_without_a_page(numbers: range, address: str = "203.0.113.7") -> list[int]:
    """Guesses at as many cases: the seconds to wait that each was told, 0 where it was looked at and found wrong."""
    told = []
    for n in numbers:
        try:
            assert look_up(f"H32.12-240603-{n:04d}", f"C{n:07d}", address) is None
            told.append(0)
        except TooManyFailures as refused:
            told.append(refused.seconds)
    return told


def test_ten_thousand_guesses_are_refused_without_a_look_and_harm_nobody_else(
    public: FlaskClient, case: Case, freeze: Freeze, monkeypatch: pytest.MonkeyPatch
) -> None:
    freeze("2024-06-04 09:00")
    guess = lambda n: ask(public, case.code, f"C{n:07d}")  # noqa: E731
    assert [guess(n).status_code for n in range(20)] == [404] * 20
    refused = guess(20)
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "2")
    asked: list[str] = []
    listener = lambda *args: asked.append(args[2])  # noqa: E731
    event.listen(db.engine, "before_cursor_execute", listener)
    assert guess(21).status_code == 429
    assert not [each for each in asked if re.search(r"\bcases\b|failed_sign_ins|INSERT|UPDATE|DELETE", each)]
    asked.clear()
    assert set(guess_without_a_page(range(22, 1_000))) == {2}
    blocks = sys.getallocatedblocks()
    assert set(guess_without_a_page(range(1_000, 10_000))) == {2}
    kept = sys.getallocatedblocks() - blocks
    event.remove(db.engine, "before_cursor_execute", listener)
    assert not asked, "the database is left alone"
    assert kept < 4_500, "nothing is kept of a guess: 9,000 would be at least as many blocks of memory"
    letters = check_letters()(case.code)
    assert ask(public, case.code, letters).status_code == 429, "also the right letters, or a guess would be told"
    assert ask(public, case.code, letters, "198.51.100.4").status_code == 200
    monkeypatch.setattr(attempts, "MOST_REMEMBERED", 1)
    assert guess_without_a_page(range(22), "203.0.113.8") == [0] * 20 + [2] * 2, "another that waits"
    assert len(public.application.extensions["lookups waiting"]) == 1
    freeze("2024-06-04 09:01")
    assert ask(public, case.code, letters).status_code == 200
    assert db.session.scalar(select(func.count()).select_from(FailedSignIns)) == 2, "a row an address"


def test_letters_hold_when_the_instance_has_another_secret_and_differ_from_case_to_case(
    public: FlaskClient, case: Case, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The key is a row of the database, which a backup has; the secret key is in none."""
    letters = check_letters()
    first = letters(case.code)
    monkeypatch.setitem(app.config, "SECRET_KEY", "another machine's")
    assert check_letters()(case.code) == first
    assert len(first) == 8 and set(first) <= set(LETTERS)
    assert not set(LETTERS) & set("AEIOUYWDSZBG01")
    assert len({letters(f"H32.12-240603-{n:04d}") for n in range(200)}) == 200


def test_what_a_scanner_types_from_any_slip_opens_the_case(
    public: FlaskClient, case: Case, sign_in: Callable[[Person], FlaskClient]
) -> None:
    desk = sign_in(make_person(db.session.get_one(Unit, case.unit_id)))
    slips = [case.code, public_address("https://motcua.example.vn/dung-han/", case.code, "CFHJKLMN")]
    slips += [f"https://motcua.example.vn/dung-han/ho-so/{case.id}", f"http://10.0.0.5:8000/ho-so/{case.id}"]
    for typed in slips:
        assert desk.get("/ho-so/tim", query_string={"q": typed}).location == f"/ho-so/{case.id}"
    unknown = public_address("https://motcua.example.vn", "H32.12-240603-9999", "CFHJKLMN")
    assert desk.get("/ho-so/tim", query_string={"q": unknown}).location == "/ho-so?q=H32.12-240603-9999"
