"""Failed sign-ins: waits that grow, for an address and for an account, and nobody kept from their own desk."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from threading import Barrier, Thread
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, func, select

from app.organisation import attempts, passwords, signing_in
from app.organisation.attempts import ACCOUNT, OWN_DESK, Patience, TooManyFailures, network_of
from app.organisation.models import AuditEntry, FailedSignIns, KnownAddress, Person, Role, Unit
from app.web.client_address import BehindProxies, Proxies
from app.web.extensions import db
from tests.clock import at
from tests.factories import make_person

GOOD = "cà phê sữa đá"
NOON = at("2024-07-01 12:00")
Freeze = Callable[[datetime | str], datetime]


@pytest.fixture
def proxied(app: Flask) -> Iterator[None]:
    """The site with ten failures a minute, behind a proxy on this machine."""
    settings, plain = app.config["SETTINGS"], app.wsgi_app
    app.config["SETTINGS"] = settings.model_copy(update={"sign_in_limit": "10 per minute"})
    assert isinstance(plain, BehindProxies)
    app.wsgi_app = BehindProxies(plain._app, Proxies.parse("127.0.0.1"))  # type: ignore[method-assign]
    yield
    app.config["SETTINGS"], app.wsgi_app = settings, plain  # type: ignore[method-assign]


@pytest.fixture
def staff(department: dict[str, Unit], proxied: None) -> list[Person]:
    """Twenty clerks with one password."""
    found = [make_person(department["MC"], Role.DESK, f"canbo{n}") for n in range(20)]
    for who in found:
        who.password_hash = passwords.hash_password(GOOD)
    db.session.commit()
    return found


def enter(app: Flask, username: str, address: str, password: str = GOOD) -> int:
    """Sign in from an address behind the proxy, on a browser of its own."""
    sent = {"username": username, "password": password}
    answer = app.test_client().post("/dang-nhap", data=sent, headers={"X-Forwarded-For": address})
    assert ("Retry-After" in answer.headers) == (answer.status_code == 429)
    return answer.status_code


def test_behind_the_proxy_ten_failures_of_one_keep_nobody_else_out(app: Flask, staff: list[Person]) -> None:
    """Everybody was 127.0.0.1: one person's mistakes were everybody's."""
    for _ in range(12):
        enter(app, "canbo0", "10.0.0.66", "sai")
    assert enter(app, "canbo0", "10.0.0.66", "sai") == 429
    assert enter(app, "canbo1", "10.0.0.7") == 302
    seen = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "sign_in")).one()
    assert seen.details["address"] == "10.0.0.7"


def test_a_flood_from_one_address_over_many_accounts_is_slowed(app: Flask, staff: list[Person], freeze: Freeze) -> None:
    codes = [enter(app, f"canbo{n % 20}", "10.0.0.66", "sai") for n in range(60)]
    assert codes == [422] * 10 + [429] * 50
    assert enter(app, "canbo3", "10.0.0.8") == 302
    freeze(at("2024-07-01 08:00") + timedelta(minutes=5))
    assert enter(app, "canbo4", "10.0.0.66") == 302  # after the wait the right password gets in from there too


def test_many_addresses_against_one_account_are_slowed_together(
    app: Flask, staff: list[Person], freeze: Freeze
) -> None:
    assert enter(app, "canbo0", "10.0.0.7") == 302  # their own desk
    codes = [enter(app, "canbo0", f"203.0.113.{n}", "sai") for n in range(60)]
    assert codes == [422] * 5 + [429] * 55
    assert enter(app, "canbo0", "203.0.113.99") == 429  # the right password, from where nobody knows them
    assert enter(app, "canbo0", "10.0.0.7") == 302  # and from where they are known
    assert enter(app, "canbo1", "203.0.113.1") == 302
    freeze(at("2024-07-01 08:00") + timedelta(seconds=3))
    assert enter(app, "canbo0", "203.0.113.99") == 302  # after the wait


def test_a_department_behind_one_address_is_not_locked_out_by_one_of_its_machines(
    app: Flask, staff: list[Person]
) -> None:
    assert {enter(app, who.username, "10.0.0.1") for who in staff} == {302}
    for n in range(40):
        enter(app, f"khongco{n}", "10.0.0.1", "sai")
    assert enter(app, "khongco99", "10.0.0.1", "sai") == 429
    assert {enter(app, who.username, "10.0.0.1") for who in staff} == {302}


def test_at_ones_own_desk_the_wait_is_short_and_ends(app: Flask, staff: list[Person], freeze: Freeze) -> None:
    enter(app, "canbo0", "10.0.0.7")
    for _ in range(50):
        enter(app, "canbo0", "10.0.0.7", "sai")
    assert enter(app, "canbo0", "10.0.0.7") == 429
    freeze(at("2024-07-01 08:00") + timedelta(seconds=OWN_DESK.longest))
    assert enter(app, "canbo0", "10.0.0.7") == 302
    assert [enter(app, "canbo0", "10.0.0.7", "sai") for _ in range(5)] == [422] * 5  # all is forgotten


def test_an_unknown_name_meets_the_same_waits_as_a_known_one(app: Flask, staff: list[Person]) -> None:
    known = [enter(app, "canbo0", f"203.0.113.{n}", "sai") for n in range(9)]
    unknown = [enter(app, "khongco", f"198.51.100.{n}", "sai") for n in range(9)]
    assert known == unknown == [422] * 5 + [429] * 4


def test_while_a_wait_lasts_no_password_is_checked_and_nothing_is_written(
    app: Flask, staff: list[Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    for n in range(5):
        enter(app, "canbo0", f"203.0.113.{n}", "sai")
    checked: list[str] = []
    monkeypatch.setattr(passwords, "matches_or_takes_as_long", lambda *_: bool(checked.append("x")))
    written: list[str] = []

    def look(_c: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if statement.split()[0] in ("INSERT", "UPDATE", "DELETE"):
            written.append(statement)

    event.listen(db.engine, "before_cursor_execute", look)
    try:
        assert {enter(app, "canbo0", f"192.0.2.{n}", "sai") for n in range(50)} == {429}
    finally:
        event.remove(db.engine, "before_cursor_execute", look)
    assert (checked, written) == ([], [])


def test_the_counts_are_the_databases_and_outlive_the_process(app: Flask, staff: list[Person], session: Any) -> None:
    for n in range(5):
        enter(app, "canbo0", f"203.0.113.{n}", "sai")
    session.remove()
    counts = attempts.counts_of("canbo0", "192.0.2.1", known=False)
    with pytest.raises(TooManyFailures):
        attempts.refuse_while_waiting(counts)


def test_of_attempts_at_once_no_more_are_looked_at_than_one_after_the_other(
    app: Flask, staff: list[Person], session: Any
) -> None:
    session.remove()
    start, outcomes = Barrier(12), []

    def attempt(n: int) -> None:
        with app.app_context():
            start.wait()
            try:
                attempts.take_turn(attempts.counts_of("canbo0", f"203.0.113.{n}", known=False))
                outcomes.append("looked at")
            except TooManyFailures:
                outcomes.append("refused")

    threads = [Thread(target=attempt, args=(n,)) for n in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["looked at"] * 5 + ["refused"] * 7


def test_only_a_few_strangers_are_checked_at_once(app: Flask, staff: list[Person]) -> None:
    """A check takes 64 MiB and a core: a flood of strangers takes four threads, and those who are known go by."""
    enter(app, "canbo0", "10.0.0.7")
    held = [signing_in._DOOR.acquire(blocking=False) for _ in range(10)]
    try:
        assert held.count(True) == 4
        assert enter(app, "canbo1", "10.0.0.8") == 429
        assert enter(app, "canbo0", "10.0.0.7") == 302
    finally:
        for _ in range(held.count(True)):
            signing_in._DOOR.release()
    assert enter(app, "canbo1", "10.0.0.8") == 302


def test_old_counts_and_addresses_are_swept(app: Flask, staff: list[Person], freeze: Freeze, session: Any) -> None:
    for n in range(30):
        enter(app, f"khongco{n}", f"203.0.113.{n}", "sai")
    enter(app, "canbo0", "10.0.0.7")
    freeze(at("2024-07-02 09:00"))
    enter(app, "khongco", "203.0.113.99", "sai")
    assert session.scalar(select(func.count()).select_from(FailedSignIns)) == 2
    freeze(at("2024-12-01 09:00"))
    enter(app, "canbo1", "10.0.0.8")
    assert [known.address for known in session.scalars(select(KnownAddress))] == ["10.0.0.8"]


def test_no_name_that_was_typed_is_stored(app: Flask, staff: list[Person], session: Any) -> None:
    enter(app, "mật khẩu của tôi", "203.0.113.1", "sai")
    for row in session.scalars(select(FailedSignIns)):
        assert set(row.key) <= set("0123456789abcdef")


def test_a_subscriber_of_ipv6_is_one_address() -> None:
    assert network_of("2001:db8:1:2:3:4:5:6") == network_of("2001:db8:1:2:ffff::1") == "2001:0db8:0001:0002::/64"
    assert network_of("2001:db8:1:3::1") != network_of("2001:db8:1:2::1")
    assert (network_of("10.0.0.7"), network_of("")) == ("10.0.0.7", "")


def test_waits_double_up_to_the_longest_and_failures_are_forgiven() -> None:
    waits = [ACCOUNT.wait(failures, NOON, NOON) for failures in (0, 4, 5, 6, 7, 8, 20, 10_000)]
    assert waits == [0, 0, 2, 4, 8, 16, 900, 900]
    assert ACCOUNT.wait(6, NOON, NOON + timedelta(seconds=3)) == 1
    assert ACCOUNT.remaining(6, NOON, NOON + timedelta(minutes=30)) == 3
    assert ACCOUNT.remaining(6, NOON, NOON - timedelta(days=1)) == 6  # a clock put back forgives nothing


def test_an_office_that_mistypes_now_and_then_all_morning_never_waits() -> None:
    patience = Patience(free=10, first=6, longest=900, forgiven=60)
    counted, now = 0.0, NOON
    for _ in range(300):
        assert patience.wait(counted, now, now + timedelta(seconds=70)) == 0
        counted = patience.remaining(counted, now, now + timedelta(seconds=70)) + 1
        now += timedelta(seconds=70)


def test_ones_own_current_password_cannot_be_guessed_at_length(
    client: FlaskClient, staff: list[Person], sign_in: Callable[[Person], FlaskClient]
) -> None:
    own = sign_in(staff[0])
    typed = {"current": "sai", "password": "một mật khẩu mới", "repeated": "một mật khẩu mới"}
    texts = [own.post("/tai-khoan", data=typed).text for _ in range(7)]
    assert ["Mật khẩu hiện tại không đúng." in text for text in texts] == [True] * 5 + [False] * 2
    assert "Hãy đợi" in own.post("/tai-khoan", data=typed | {"current": GOOD}).text
