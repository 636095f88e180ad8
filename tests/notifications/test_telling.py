"""The round of a working morning, by several servers and through a server's end: nobody gets a mail twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from app.notifications import digests
from app.organisation.models import Role
from app.organisation.schedule import BY_ITSELF, run_due
from tests.factories import EVERYWHERE, make_person
from tests.notifications.conftest import Inbox, Office
from tests.threads import at_once

Freeze = Callable[[str], Any]


def tick() -> list[str]:
    return run_due(EVERYWHERE, BY_ITSELF)


def receivers(post: Inbox) -> Counter[str]:
    return Counter(mail["To"].addresses[0].addr_spec for mail in post.mails)


@pytest.fixture
def morning(office: Office, post: Inbox, freeze: Freeze) -> Inbox:
    """Monday 1 July, 8:00, with a case due today; the rounds of Friday are done."""
    office.case("2024-06-24 08:00", "Hôm nay")
    freeze("2024-06-28 14:00")
    tick()
    freeze("2024-07-01 08:00")
    return post


def test_three_servers_on_one_database_send_one_mail_to_each(app: Flask, morning: Inbox) -> None:
    done = at_once(app, tick, tick, tick)
    assert sum("notify" in each for each in done) == 1
    assert receivers(morning) == {"binh@so.example": 1, "hoa@so.example": 1}


def test_so_do_three_commands_at_one_time(app: Flask, morning: Inbox) -> None:
    settings = app.config["SETTINGS"]
    at_once(app, *[lambda: digests.notify(EVERYWHERE, BY_ITSELF, settings)] * 3)
    assert receivers(morning) == {"binh@so.example": 1, "hoa@so.example": 1}


def test_a_server_killed_between_two_mails_is_followed_by_the_next(
    morning: Inbox, office: Office, freeze: Freeze, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bình's is out, Hoa's was under way and may be out; An's is still to go."""
    make_person(office.unit, Role.DESK, full_name="Lê Văn An", email="an@so.example")
    send, sent = digests._send, []

    def until_killed(server: Any, message: Any) -> None:
        if sent:
            raise KeyboardInterrupt
        sent.append(message)
        send(server, message)

    with monkeypatch.context() as patched:
        patched.setattr(digests, "_send", until_killed)
        with pytest.raises(KeyboardInterrupt):
            tick()
    assert sum(receivers(morning).values()) == 1
    freeze("2024-07-01 08:15")
    assert "notify" not in tick()
    freeze("2024-07-01 08:31")
    assert tick() == ["notify"]
    assert receivers(morning) == {"binh@so.example": 1, "an@so.example": 1}


def test_a_mail_server_that_is_down_is_tried_again_the_same_morning(app: Flask, morning: Inbox, freeze: Freeze) -> None:
    settings = app.config["SETTINGS"]
    app.config["SETTINGS"] = settings.model_copy(update={"smtp_port": 1})
    assert "notify" not in tick()
    app.config["SETTINGS"] = settings
    freeze("2024-07-01 08:30")
    assert tick() == ["notify"]
    assert receivers(morning) == {"binh@so.example": 1, "hoa@so.example": 1}
