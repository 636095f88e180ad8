"""Sessions (phiên đăng nhập): kept here, a row each; the browser holds a random token, which is stored as its hash.

A session ends when its row goes: by signing out, a new password, another role, a locked account, an administrator,
after `session_hours` without a request, and in any case after `session_longest_hours`.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import current_app, g, has_request_context
from sqlalchemy import Date, and_, bindparam, delete, inspect, or_, select, update

from app.core.errors import NotFound
from app.organisation import audit
from app.organisation.access import Actor, site
from app.organisation.calendars import today
from app.organisation.delegations import in_force
from app.organisation.models import Delegation, Person, SecondFactor, SignInSession, SignInWay
from app.organisation.permissions import Capability, for_everybody, permitted
from app.web import extensions
from app.web.extensions import db

SEEN_EVERY = timedelta(minutes=5)
CODE_WITHIN = timedelta(minutes=10)
_HERE = "_sign_in"


@dataclass(frozen=True, slots=True)
class Here:
    """The session of the request at hand, its person, and whether they have a second factor."""

    session: SignInSession
    person: Person
    has_second_factor: bool
    acts_for: str


def begin(who: Person, way: SignInWay, *, address: str, device: str, awaits_code: bool = False) -> str:
    """A new session, within the current transaction; its token. Sessions that are over are swept."""
    token, now = secrets.token_urlsafe(32), extensions.now()
    db.session.execute(delete(SignInSession).where(SignInSession.site == site(), _OVER), _limits(now))
    db.session.add(
        SignInSession(
            site=site(),
            person_id=who.id,
            token_hash=_hash(token),
            way=way,
            awaits_code=awaits_code,
            address=address[:64],
            device=device_of(device),
            began_at=now,
            last_seen_at=now,
        )
    )
    return token


def person_of(token: str) -> Person | None:
    """The person whose session this is, and None for every other token (one query). It is then the request's `here`."""
    g.pop(_HERE, None)
    found = _find(token, awaits_code=False)
    if found is None:
        return None
    found.person.session_token = token
    found.person.acts_for = found.acts_for
    setattr(g, _HERE, found)
    return found.person


def awaiting_code(token: str) -> Here | None:
    """The session whose second factor is still to come."""
    return _find(token, awaits_code=True)


def here() -> Here | None:
    """The session of the request at hand, once its person was asked for."""
    found = g.get(_HERE) if has_request_context() else None
    return found if isinstance(found, Here) else None


def here_id() -> int | None:
    """Its number."""
    found = here()
    return found.session.id if found else None


def _find(token: str, *, awaits_code: bool) -> Here | None:
    if not token:
        return None
    asked = {"site": site(), "hash": _hash(token), "awaits_code": awaits_code, "today": today()}
    row = db.session.execute(_BY_TOKEN, asked | _limits(extensions.now())).first()
    return Here(row[0], row[1], row[2] is not None, row[3] or "") if row else None


_OVER = or_(
    SignInSession.last_seen_at <= bindparam("seen_before"),
    SignInSession.began_at <= bindparam("began_before"),
    SignInSession.awaits_code & (SignInSession.began_at <= bindparam("code_before")),
)

# Asked with every request: put together once.
_BY_TOKEN = (
    select(SignInSession, Person, SecondFactor.confirmed_at, Delegation.form)
    .join(Person, Person.id == SignInSession.person_id)
    .outerjoin(SecondFactor, SecondFactor.person_id == Person.id)
    .outerjoin(Delegation, and_(Delegation.person_id == Person.id, in_force(bindparam("today", type_=Date))))
    .where(
        SignInSession.site == bindparam("site"),
        SignInSession.token_hash == bindparam("hash"),
        SignInSession.awaits_code == bindparam("awaits_code"),
        Person.active,
        ~_OVER,
    )
)


def _limits(now: datetime) -> dict[str, datetime]:
    """What `_OVER` asks for."""
    settings = current_app.config["SETTINGS"]
    return {
        "seen_before": now - timedelta(hours=settings.session_hours),
        "began_before": now - timedelta(hours=settings.session_longest_hours),
        "code_before": now - CODE_WITHIN,
    }


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


# Last seen


def seen_long_ago() -> int | None:
    """The number of this request's session when its last-seen instant is to be written again."""
    found = here()
    late = found is not None and found.session.last_seen_at < extensions.now() - SEEN_EVERY
    return found.session.id if found and late else None


def note_seen(session_id: int) -> None:
    """Write that the session is in use: bookkeeping, no change of record, so no audit entry."""
    with audit.transaction() as session:
        session.execute(
            update(SignInSession).where(SignInSession.id == session_id).values(last_seen_at=extensions.now())
        )


# Seeing and ending


def of_person(person_id: int) -> Sequence[SignInSession]:
    """The sessions a person has open, the newest first."""
    return db.session.scalars(
        select(SignInSession)
        .where(
            SignInSession.site == site(),
            SignInSession.person_id == person_id,
            SignInSession.awaits_code.is_(False),
            ~_OVER,
        )
        .order_by(SignInSession.last_seen_at.desc(), SignInSession.id.desc()),
        _limits(extensions.now()),
    ).all()


@for_everybody
def end(by: Actor, who: Person, session_id: int) -> None:
    """End one session of a person, one's own or as who keeps people. Raises NotFound: there is none, or another's."""
    _check_may_end(by, who)
    with audit.transaction() as session:
        found = session.scalar(
            select(SignInSession).where(
                SignInSession.site == site(), SignInSession.id == session_id, SignInSession.person_id == who.id
            )
        )
        if found is None:
            raise NotFound("Phiên đăng nhập này không có hoặc đã kết thúc.")
        session.delete(found)
        audit.record(by, "end_session", "person", who.username, device=found.device, address=found.address)


@for_everybody
def end_all(by: Actor, who: Person, *, but: int | None = None) -> int:
    """End every session of a person but one, one's own or as who keeps people; how many they were."""
    _check_may_end(by, who)
    with audit.transaction():
        ended = drop_all(who.id, but=but)
        audit.record(by, "end_sessions", "person", who.username, ended=ended)
    return ended


def _check_may_end(by: Actor, who: Person) -> None:
    if by.person_id != who.id:
        permitted(by, Capability.KEEP_PEOPLE)


def drop_all(person_id: int, *, but: int | None = None) -> int:
    """The rows themselves, within the transaction of whatever ended them; how many of them were open."""
    mine = select(SignInSession).where(SignInSession.site == site(), SignInSession.person_id == person_id)
    rows = db.session.scalars(mine if but is None else mine.where(SignInSession.id != but)).all()
    for row in rows:
        db.session.delete(row)
    db.session.flush()
    return sum(not row.awaits_code for row in rows)


def drop_everybodys() -> None:
    """Every session of the database, within the current transaction: one brought back from a backup would open again
    to whoever signed out since. A backup from before sessions were kept here has no such table."""
    if inspect(db.session.connection()).has_table(SignInSession.__tablename__):
        db.session.execute(delete(SignInSession).execution_options(synchronize_session=False))


def drop(token: str) -> None:
    """The session of this token, within the current transaction."""
    db.session.execute(
        delete(SignInSession).where(SignInSession.site == site(), SignInSession.token_hash == _hash(token))
    )


# What the browser says it is. It may say anything: this only helps a person to know their own machines again.

_BROWSERS = (
    ("coc_coc_browser", "Cốc Cốc"),
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
_SYSTEMS = (
    ("Windows", "Windows"),
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)


def device_of(user_agent: str) -> str:
    """Browser and system, "Firefox, Windows"; the first word of what says neither."""
    kinds = [next((name for mark, name in marks if mark in user_agent), "") for marks in (_BROWSERS, _SYSTEMS)]
    known = ", ".join(filter(None, kinds))
    return known or (re.split(r"[^A-Za-z0-9._\-]", user_agent, maxsplit=1)[0])[:40]
