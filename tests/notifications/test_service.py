"""Reminders are made once for each thing, shown, and sent by mail where the site wants it."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from email import message_from_bytes
from email.message import Message
from email.policy import default
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Message as Kept
from flask import Flask

from app.cases.vocabulary import EventKind
from app.notifications import mailing, queries, service
from app.notifications.models import Reminder, ReminderStep
from app.organisation import calendars
from app.organisation.access import Actor
from app.organisation.models import AuditEntry, Person, Role
from app.web import extensions
from tests.clock import at
from tests.factories import CLERK, EVERYWHERE, finish, happen, make_department, make_person, make_version, receive


class Office:
    """A division with a clerk and a head; now is Monday 1 July 2024, 8:00."""

    def __init__(self) -> None:
        units = make_department()
        self.unit = units["LDVL"]
        self.clerk = make_person(self.unit, Role.DESK, full_name="Trần Văn Bình", email="binh@so.example")
        self.head = make_person(self.unit, Role.HEAD, full_name="Lê Thị Hoa", email="hoa@so.example")
        self.version = make_version(self.unit, days=5)

    def case(self, received: str, applicant: str) -> Any:
        return receive(self.version, at(received), applicant)


@pytest.fixture
def office(session: Any) -> Office:
    return Office()


def said(person: Person) -> list[tuple[str, ReminderStep]]:
    return [(told.applicant, told.step) for told in queries.inbox(person.id)]


def test_each_open_case_that_falls_due_is_told_to_its_clerk_and_head(office: Office) -> None:
    office.case("2024-06-17 08:00", "Quá hạn")
    office.case("2024-06-24 08:00", "Hôm nay")
    office.case("2024-06-25 08:00", "Mai")
    office.case("2024-06-28 08:00", "Còn lâu")
    finish(office.case("2024-06-17 08:00", "Đã xong"), at("2024-06-18 08:00"))
    paused = office.case("2024-06-24 09:00", "Đang chờ bổ sung")
    happen(paused, EventKind.SUPPLEMENT_REQUESTED, at("2024-06-25 08:00"), note="Thiếu giấy")
    assert service.make(EVERYWHERE, CLERK) == 6
    expected = [("Quá hạn", ReminderStep.OVERDUE), ("Hôm nay", ReminderStep.DUE_TODAY), ("Mai", ReminderStep.ONE_DAY)]
    assert said(office.clerk) == expected
    assert said(office.head) == expected
    assert queries.unseen(office.clerk.id) == 3


def test_the_same_thing_is_never_said_twice(office: Office, freeze: Any, session: Any) -> None:
    office.case("2024-06-24 08:00", "Hôm nay")
    assert service.make(EVERYWHERE, CLERK) == 2
    entries = session.query(AuditEntry).count()
    assert service.make(EVERYWHERE, CLERK) == 0
    assert session.query(AuditEntry).count() == entries
    freeze(at("2024-07-02 08:00"))
    assert service.make(EVERYWHERE, CLERK) == 2  # now it is overdue: a new thing
    freeze(at("2024-07-05 08:00"))
    assert service.make(EVERYWHERE, CLERK) == 0
    assert said(office.clerk) == [("Hôm nay", ReminderStep.OVERDUE)]


def test_a_moved_due_day_is_a_new_thing(office: Office) -> None:
    office.case("2024-06-24 08:00", "Hôm nay")
    service.make(EVERYWHERE, CLERK)
    calendars.add_site_days(
        Actor("Quản trị"), first=calendars.today(), working=False, name="Nghỉ tránh bão", reason="Công điện"
    )
    assert said(office.clerk) == []  # what was said holds no more
    service.make(EVERYWHERE, CLERK)
    assert said(office.clerk) == [("Hôm nay", ReminderStep.ONE_DAY)]


def test_looking_at_them_is_remembered_and_only_ones_own(office: Office) -> None:
    office.case("2024-06-24 08:00", "Hôm nay")
    service.make(EVERYWHERE, CLERK)
    assert service.mark_seen(Actor.of(office.clerk)) == 1
    assert queries.unseen(office.clerk.id) == 0
    assert queries.unseen(office.head.id) == 1


def test_the_page_shows_them_and_marks_them_seen(office: Office, sign_in: Any) -> None:
    case = office.case("2024-06-24 08:00", "Nguyễn Thị Đào")
    service.make(EVERYWHERE, CLERK)
    client = sign_in(office.clerk)
    page = client.get("/nhac-viec").text
    assert case.code in page
    assert "Đến hạn hôm nay" in page
    assert '<span class="side-badge">1</span>' in page
    client.post("/nhac-viec/da-xem")
    assert "side-badge" not in client.get("/nhac-viec").text
    client.post("/nhac-viec/thu", data={"wanted": "no"})
    assert not extensions.db.session.get(Person, office.clerk.id).reminded_by_mail


def test_others_have_no_reminders(office: Office, sign_in: Any) -> None:
    assert sign_in(make_person(office.unit, Role.INSPECTOR)).get("/nhac-viec").status_code == 403


# By mail


class Inbox(Kept):
    """A mail server that keeps what it is given."""

    def __init__(self) -> None:
        super().__init__()
        self.mails: list[Message] = []

    def handle_message(self, message: Message) -> None:
        self.mails.append(message_from_bytes(message.as_bytes(), policy=default))


@pytest.fixture
def post(app: Flask) -> Iterator[Inbox]:
    """The site sends its mail to a server of our own."""
    inbox = Inbox()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = Controller(inbox, hostname="127.0.0.1", port=port)
    server.start()
    settings = app.config["SETTINGS"]
    app.config["SETTINGS"] = settings.model_copy(
        update={
            "smtp_host": "127.0.0.1",
            "smtp_port": port,
            "smtp_security": "none",
            "smtp_sender": "dung-han@so.example",
            "site_address": "https://dunghan.so.example",
        }
    )
    yield inbox
    app.config["SETTINGS"] = settings
    server.stop()


def text_of(message: Any) -> str:
    return str(message.get_body(("plain",)).get_content())


def test_one_digest_goes_to_each_person_once(office: Office, app: Flask, post: Inbox) -> None:
    late, today = office.case("2024-06-17 08:00", "Lê Văn Trễ"), office.case("2024-06-24 08:00", "Hôm Nay")
    run = app.test_cli_runner().invoke(args=["remind"])
    assert json.loads(run.stdout) == {"made": 4, "mailed": 2, "failed": []}
    assert {mail["To"].addresses[0].addr_spec for mail in post.mails} == {"binh@so.example", "hoa@so.example"}
    mail = next(each for each in post.mails if "binh" in each["To"])
    assert mail["Subject"] == "[Đúng Hạn] 1 hồ sơ quá hạn, 1 hồ sơ đến hạn hôm nay"
    assert late.code in text_of(mail)
    assert f"https://dunghan.so.example/ho-so/{today.id}" in text_of(mail)
    again = app.test_cli_runner().invoke(args=["remind"])
    assert json.loads(again.stdout) == {"made": 0, "mailed": 0, "failed": []}
    assert len(post.mails) == 2


def test_who_wants_no_mail_gets_none_but_sees_it_in_the_application(
    office: Office, app: Flask, post: Inbox, session: Any
) -> None:
    office.clerk.reminded_by_mail = False
    office.head.email = ""
    session.commit()
    office.case("2024-06-24 08:00", "Hôm nay")
    assert json.loads(app.test_cli_runner().invoke(args=["remind"]).stdout)["mailed"] == 0
    assert queries.unseen(office.clerk.id) == 1


def test_a_digest_is_in_the_language_of_its_reader(office: Office, app: Flask, post: Inbox, session: Any) -> None:
    office.clerk.locale = "en"
    session.commit()
    office.case("2024-06-17 08:00", "Lê Văn Trễ")
    app.test_cli_runner().invoke(args=["remind"])
    subjects = {mail["To"].addresses[0].addr_spec: mail["Subject"] for mail in post.mails}
    assert subjects["binh@so.example"] != subjects["hoa@so.example"]


def test_a_hostile_name_stays_in_its_place(office: Office, app: Flask, post: Inbox) -> None:
    office.case("2024-06-17 08:00", "<script>alert(1)</script> Bcc: ai@do.example")
    app.test_cli_runner().invoke(args=["remind"])
    assert post.mails
    for mail in post.mails:
        assert mail["Bcc"] is None
        assert "<script>" not in mail.get_body(("html",)).get_content()


def test_what_could_not_be_sent_is_said_and_sent_the_next_time(
    office: Office, app: Flask, post: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.case("2024-06-24 08:00", "Hôm nay")

    def refuse(*_args: object) -> None:
        raise OSError("hộp thư đầy")

    with monkeypatch.context() as patched:
        patched.setattr(mailing, "_send", refuse)
        run = app.test_cli_runner().invoke(args=["remind"])
    assert run.exit_code == 1
    assert "hộp thư đầy" in run.stderr
    assert json.loads(app.test_cli_runner().invoke(args=["remind"]).stdout)["mailed"] == 2
    assert len(post.mails) == 2


def test_a_server_that_is_down_loses_nothing(office: Office, app: Flask, post: Inbox) -> None:
    office.case("2024-06-24 08:00", "Hôm nay")
    settings = app.config["SETTINGS"]
    app.config["SETTINGS"] = settings.model_copy(update={"smtp_port": 1})
    run = app.test_cli_runner().invoke(args=["remind"])
    app.config["SETTINGS"] = settings
    assert run.exit_code == 1
    assert json.loads(run.stdout)["made"] == 2
    assert json.loads(app.test_cli_runner().invoke(args=["remind"]).stdout)["mailed"] == 2


def test_nobody_is_reminded_on_a_day_off(office: Office, app: Flask, freeze: Any, session: Any) -> None:
    office.case("2024-06-17 08:00", "Quá hạn")
    freeze(at("2024-07-06 08:00"))  # a Saturday
    run = app.test_cli_runner().invoke(args=["remind"])
    assert json.loads(run.stdout)["made"] == 0
    assert "ngày nghỉ" in run.stderr
    assert json.loads(app.test_cli_runner().invoke(args=["remind", "--any-day"]).stdout)["made"] == 2
    assert session.query(Reminder).count() == 2
