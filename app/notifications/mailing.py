"""The digest as a mail, and the server that takes it: SMTP, by the site's settings."""

from __future__ import annotations

import ssl
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import localtime, make_msgid
from typing import TYPE_CHECKING

from flask import render_template
from flask_babel import force_locale, ngettext
from flask_babel import gettext as _

from app.notifications.models import ReminderStep
from app.notifications.queries import ReminderLine
from app.notifications.service import Send
from app.organisation.models import Person
from app.web.settings import Settings

if TYPE_CHECKING:
    import smtplib

LISTED = 60  # cases written out in one digest; the rest is counted
PATIENCE = 20  # seconds for the server to answer


@contextmanager
def post_office(settings: Settings) -> Iterator[Send]:
    """A connection to the server, for as many digests as there are. Raises OSError when it cannot be reached."""
    with connected(settings) as server:
        yield lambda person, news: _send(server, digest(settings, person, news))


@contextmanager
def connected(settings: Settings) -> Iterator[smtplib.SMTP]:
    """The server of the settings, signed in to. Raises OSError when it cannot be reached."""
    with _connected(settings) as server:
        if settings.smtp_security == "starttls":
            server.starttls(context=ssl.create_default_context())
        if settings.smtp_user:
            server.login(settings.smtp_user, settings.smtp_password)
        yield server


def _connected(settings: Settings) -> smtplib.SMTP:
    import smtplib  # only where mail is sent

    where = settings.smtp_host, settings.smtp_port
    if settings.smtp_security == "tls":
        return smtplib.SMTP_SSL(*where, timeout=PATIENCE, context=ssl.create_default_context())
    return smtplib.SMTP(*where, timeout=PATIENCE)


def _send(server: smtplib.SMTP, message: EmailMessage) -> None:
    server.send_message(message)


def digest(settings: Settings, person: Person, news: Sequence[ReminderLine]) -> EmailMessage:
    """One mail, in the person's language: how many of what, then the cases, the most urgent first."""
    with force_locale(person.locale):
        message = EmailMessage()
        message["Subject"] = f"[Đúng Hạn] {_summary(news)}"
        message["From"] = Address("Đúng Hạn", addr_spec=settings.smtp_sender)
        message["To"] = Address(person.full_name, addr_spec=person.email)
        message["Date"] = localtime()
        message["Message-ID"] = make_msgid(domain=settings.smtp_sender.rpartition("@")[2])
        message["Auto-Submitted"] = "auto-generated"
        told = {"person": person, "news": news[:LISTED], "more": max(0, len(news) - LISTED), "site": settings}
        message.set_content(render_template("notifications/digest.txt", **told))
        message.add_alternative(render_template("notifications/digest.html", **told), subtype="html")
    return message


def _summary(news: Sequence[ReminderLine]) -> str:
    """`2 hồ sơ quá hạn, 1 hồ sơ đến hạn hôm nay`."""
    counts = Counter(told.step for told in news)
    words: dict[ReminderStep, Callable[[int], str]] = {
        ReminderStep.OVERDUE: lambda n: ngettext("%(num)s hồ sơ quá hạn", "%(num)s hồ sơ quá hạn", n),
        ReminderStep.DUE_TODAY: lambda n: ngettext("%(num)s hồ sơ đến hạn hôm nay", "%(num)s hồ sơ đến hạn hôm nay", n),
        ReminderStep.ONE_DAY: lambda n: ngettext(
            "%(num)s hồ sơ còn 1 ngày làm việc", "%(num)s hồ sơ còn 1 ngày làm việc", n
        ),
        ReminderStep.TWO_DAYS: lambda n: ngettext(
            "%(num)s hồ sơ còn 2 ngày làm việc", "%(num)s hồ sơ còn 2 ngày làm việc", n
        ),
        ReminderStep.NOT_CLOSED: lambda n: ngettext(
            "%(num)s hồ sơ có kết quả chưa kết thúc", "%(num)s hồ sơ có kết quả chưa kết thúc", n
        ),
    }
    return ", ".join(say(counts[step]) for step, say in words.items() if counts[step]) or _("không có việc mới")
