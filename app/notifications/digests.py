"""One mail a person and working day, with what is new: claimed before it goes, rather never than twice; the server
that takes it; and the round of a working day, which the site makes by itself."""

from __future__ import annotations

import ssl
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import localtime, make_msgid
from itertools import groupby
from typing import TYPE_CHECKING

from flask import current_app, render_template
from flask_babel import force_locale
from flask_babel import gettext as _
from sqlalchemy import delete, update
from sqlalchemy.dialects import postgresql, sqlite

from app.core.errors import DomainError
from app.notifications import queries, service
from app.notifications.models import Notice, NoticeMail
from app.notifications.queries import NoticeLine
from app.organisation import audit
from app.organisation.access import Actor, Scope, site, whole_site
from app.organisation.audit import transaction
from app.organisation.calendars import site_calendar
from app.organisation.models import Person
from app.organisation.permissions import Capability, needs
from app.organisation.profile import profile
from app.organisation.schedule import BY_ITSELF, Routine, add_routine
from app.web import extensions
from app.web.extensions import db
from app.web.formats import label, show_number
from app.web.settings import Settings

if TYPE_CHECKING:
    import smtplib


# One mail a person and working day, with what is new. Claimed before it goes: rather never than twice.

MAILED_WITHIN = timedelta(days=14)  # older word is not sent when mail is turned on; a server may be down over Tết

Send = Callable[[Person, Sequence[Notice]], None]
"""Sends one mail; raises OSError (smtplib's errors are) when it cannot."""


@dataclass(slots=True)
class NotifyOutcome:
    """What a run did: notices made, mails sent, and whom nothing could be sent to, with why."""

    made: int = 0
    mailed: int = 0
    failed: list[tuple[str, str]] = field(default_factory=list)

    @property
    def reasons(self) -> dict[str, list[str]]:
        """Why mails could not be sent, and whom to."""
        found: dict[str, list[str]] = defaultdict(list)
        for whom, why in self.failed:
            found[why].append(whom)
        return found


def anybody_waits(scope: Scope) -> bool:
    """Whether anybody is to be sent something today."""
    now = extensions.now()
    return bool(queries.people_to_mail(scope, now - MAILED_WITHIN, site_calendar().local_day(now)))


@needs(Capability.KEEP_SITE)
def send_mails(scope: Scope, by: Actor, send: Send) -> NotifyOutcome:
    """Send everybody who has not had a mail today what is new for them. What cannot be sent waits for the next run;
    a server that went away is asked no further."""
    now, outcome = extensions.now(), NotifyOutcome()
    day, since = site_calendar().local_day(now), now - MAILED_WITHIN
    for person in queries.people_to_mail(scope, since, day):
        mark = _claim(person, day, since)
        if mark is None:
            continue
        try:
            send(person, queries.claimed(person.id, mark))
        except OSError as error:
            _release(person, day, mark)
            outcome.failed.append((person.username, why_not_sent(error)))
            if _is_gone(error):
                break
            continue
        _sent(person, day)
        outcome.mailed += 1
    return outcome


def _claim(person: Person, day: date, since: datetime) -> datetime | None:
    """Take the person's mail of the day, and what goes with it; None where another has it, or nothing waits."""
    mark = extensions.now()
    dialect = postgresql if db.engine.dialect.name == "postgresql" else sqlite
    row = {"site": person.site, "person_id": person.id, "day": day, "claimed_at": mark}
    with transaction() as session:
        taken = session.execute(
            dialect.insert(NoticeMail).values(**row).on_conflict_do_nothing().returning(NoticeMail.id)
        ).scalar()
        if taken is None:
            return None
        waiting = (Notice.person_id == person.id, *queries.waiting_for_mail(since))
        going = session.execute(
            update(Notice).where(*waiting).values(mailed_at=mark).execution_options(synchronize_session=False)
        )
        if not going.rowcount:  # type: ignore[attr-defined]
            session.execute(delete(NoticeMail).where(NoticeMail.id == taken))
            return None
    return mark


def _release(person: Person, day: date, mark: datetime) -> None:
    with transaction() as session:
        with_it = (Notice.person_id == person.id, Notice.mailed_at == mark)
        session.execute(update(Notice).where(*with_it).values(mailed_at=None))
        session.execute(delete(NoticeMail).where(NoticeMail.person_id == person.id, NoticeMail.day == day))


def _sent(person: Person, day: date) -> None:
    with transaction() as session:
        the_mail = (NoticeMail.person_id == person.id, NoticeMail.day == day)
        session.execute(update(NoticeMail).where(*the_mail).values(sent_at=extensions.now()))


def _is_gone(error: OSError) -> bool:
    import smtplib  # only where mail is sent

    return isinstance(error, smtplib.SMTPServerDisconnected | ConnectionError | TimeoutError)


def why_not_sent(error: OSError) -> str:
    """Why a mail did not go, without the addresses that a mail server repeats in its answer."""
    import smtplib  # only where mail is sent

    match error:
        case smtplib.SMTPRecipientsRefused(recipients=dict() as refused):
            return "SMTP " + ", ".join(sorted({str(code) for code, _said in refused.values()}))
        case smtplib.SMTPResponseException(smtp_code=code):
            return f"SMTP {code}"
    return str(error)


# The digest as a mail, and the server that takes it: SMTP, by the site's settings.

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


# A working day's round: what falls due is told, then everybody's mail of the day goes. The site does it by itself.


@needs(Capability.KEEP_SITE)
def notify(scope: Scope, by: Actor, settings: Settings, *, mail: bool = True) -> NotifyOutcome:
    """Both. A mail server that is down is told in the outcome; what waits goes with the next round."""
    made, outcome = service.gather(scope, by), NotifyOutcome()
    if mail and settings.smtp_host and anybody_waits(scope):
        try:
            with post_office(settings) as send:
                outcome = send_mails(scope, by, send)
        except OSError as error:
            outcome.failed.append((settings.smtp_host, why_not_sent(error)))
    outcome.made = made
    return outcome


def _by_itself() -> None:
    outcome = notify(whole_site(), BY_ITSELF, current_app.config["SETTINGS"])
    if outcome.failed:
        raise DomainError("Không gửi được thư: %(why)s.", why="; ".join(outcome.reasons))


def _sweep() -> None:
    service.sweep(whole_site(), BY_ITSELF)


add_routine(Routine("notify", (time(7, 30), time(13)), _by_itself, working_days=True))
add_routine(Routine("sweep", (time(2),), _sweep))
