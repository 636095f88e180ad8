"""A division that is told things, and a mail server of the tests' own."""

from __future__ import annotations

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

from app.organisation.models import Role
from tests.clock import at
from tests.factories import make_department, make_person, make_version, receive


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
