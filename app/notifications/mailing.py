"""The digest as a mail, and the server that takes it: SMTP, by the site's settings."""

from __future__ import annotations

import ssl
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import localtime, make_msgid
from itertools import groupby
from typing import TYPE_CHECKING

from flask import current_app, render_template
from flask_babel import force_locale
from flask_babel import gettext as _

from app.core.errors import DomainError
from app.notifications import queries
from app.notifications.digests import Send
from app.notifications.models import Notice
from app.notifications.queries import NoticeLine
from app.organisation import audit
from app.organisation.access import Actor, site
from app.organisation.models import Person
from app.organisation.permissions import Capability, needs
from app.organisation.profile import profile
from app.web.formats import label, show_number
from app.web.settings import Settings

if TYPE_CHECKING:
    import smtplib

LISTED = 60  # notices written out in one mail; the rest is counted
PATIENCE = 20  # seconds for the server to answer


@contextmanager
def post_office(settings: Settings) -> Iterator[Send]:
    """A connection to the server, for as many digests as there are. Raises OSError when it cannot be reached."""
    with connected(settings) as server:
        yield lambda person, news: _send(server, digest(settings, person, news))


@needs(Capability.KEEP_SITE)
def send_test_mail(by: Actor, address: str) -> None:
    """One short mail by the site's settings, to see that they work. Raises DomainError with what the server said."""
    settings, message = current_app.config["SETTINGS"], EmailMessage()
    if not settings.smtp_host:
        raise DomainError("Máy chủ chưa cài máy gửi thư: hãy đặt DUNG_HAN_SMTP_HOST và DUNG_HAN_SMTP_SENDER.")
    if not address:
        raise DomainError("Tài khoản của bạn chưa có địa chỉ thư: hãy ghi ở trang người dùng.")
    message["Subject"] = "[Đúng Hạn] " + _("Thư thử")
    message["From"], message["To"] = Address("Đúng Hạn", addr_spec=settings.smtp_sender), address
    message["Date"], message["Auto-Submitted"] = localtime(), "auto-generated"
    message["Message-ID"] = make_msgid(domain=settings.smtp_sender.rpartition("@")[2])
    message.set_content(_("Phần mềm Đúng Hạn của %(name)s gửi được thư.", name=profile().name))
    try:
        with connected(settings) as server:
            server.send_message(message)
    except OSError as error:
        raise DomainError("Không gửi được thư: %(why)s.", why=str(error) or type(error).__name__) from error
    with audit.transaction():
        audit.record(by, "send_test_mail", "site", site())


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


def digest(settings: Settings, person: Person, news: Sequence[Notice]) -> EmailMessage:
    """One mail, in the person's language: how many of what, then each with where it leads."""
    with force_locale(person.locale):
        lines = [queries.line_of(notice) for notice in news]
        message = EmailMessage()
        message["Subject"] = f"[Đúng Hạn] {_summary(lines)}"
        message["From"] = Address("Đúng Hạn", addr_spec=settings.smtp_sender)
        message["To"] = Address(person.full_name, addr_spec=person.email)
        message["Date"] = localtime()
        message["Message-ID"] = make_msgid(domain=settings.smtp_sender.rpartition("@")[2])
        message["Auto-Submitted"] = "auto-generated"
        told = {
            "person": person,
            "groups": [(kind, list(each)) for kind, each in groupby(lines[:LISTED], lambda line: line.kind)],
            "more": max(0, len(lines) - LISTED),
            "root": settings.site_address.rstrip("/"),
        }
        message.set_content(render_template("notifications/digest.txt", **told))
        message.add_alternative(render_template("notifications/digest.html", **told), subtype="html")
    return message


def _summary(lines: Sequence[NoticeLine]) -> str:
    """`Hồ sơ đến hạn: 2; Vi phạm: 1`."""
    counts = Counter(line.kind for line in lines)
    return "; ".join(f"{label(kind)}: {show_number(n)}" for kind, n in counts.items())
