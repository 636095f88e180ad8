"""One mail a person and working day, with what is new. Claimed before it goes: rather never than twice."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from sqlalchemy import delete, update
from sqlalchemy.dialects import postgresql, sqlite

from app.notifications import queries
from app.notifications.models import Notice, NoticeMail
from app.organisation.access import Actor, Scope
from app.organisation.audit import transaction
from app.organisation.calendars import site_calendar
from app.organisation.models import Person
from app.organisation.permissions import Capability, needs
from app.web import extensions
from app.web.extensions import db

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
def mail(scope: Scope, by: Actor, send: Send) -> NotifyOutcome:
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
