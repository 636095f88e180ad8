"""Telling people things, each once; what they have read; what of it they want by mail."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

from sqlalchemy import and_, delete, insert, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from app.notifications.labels import News
from app.notifications.models import Notice, NoticeKind, NoticeMail, UnmailedKind
from app.organisation import audit
from app.organisation.access import Actor, Scope
from app.organisation.audit import transaction
from app.organisation.models import Person
from app.organisation.permissions import Capability, for_everybody, needs
from app.web import extensions
from app.web.extensions import db

T = TypeVar("T")
BATCH = 500
KEPT = timedelta(days=400)

Gather = Callable[[Scope], Iterable[News]]
"""All that is to be told now of what falls due: what it told before and does not name any more is settled."""


@dataclass(frozen=True, slots=True)
class _Source:
    says: frozenset[str]
    gather: Gather


_sources: list[_Source] = []


def add_source(says: Collection[str], gather: Gather) -> None:
    """Say where the notices of these names come from."""
    _sources.append(_Source(frozenset(says), gather))


def tell(site: str, messages: Iterable[News]) -> int:
    """Within a transaction: tell people what they were not told yet. Returns how much was new."""
    now, told = extensions.now(), 0
    rows = [row for message in messages for row in _rows(site, message, now)]
    for part in _parts(rows):
        told += _add_new(part)
    return told


def _rows(site: str, message: News, now: Any) -> Iterable[dict[str, Any]]:
    for person_id in sorted(message.to):
        yield {
            "site": site,
            "person_id": person_id,
            "kind": message.kind,
            "says": message.says,
            "about": message.about,
            "subject": message.key,
            "figures": dict(message.figures),
            "page": message.page,
            "place": dict(message.place),
            "raised_at": now,
        }


def _add_new(rows: Sequence[dict[str, Any]]) -> int:
    subjects, people = {row["subject"] for row in rows}, {row["person_id"] for row in rows}
    known = select(Notice.person_id, Notice.subject).where(Notice.subject.in_(subjects), Notice.person_id.in_(people))
    said = set(db.session.execute(known))
    new = [row for row in rows if (row["person_id"], row["subject"]) not in said]
    if not new:
        return 0
    db.session.execute(adding(), new)
    return len(new)


def adding() -> Any:
    """The statement that adds notices; one that another writer has just added is left as it is."""
    dialect = postgresql if db.engine.dialect.name == "postgresql" else sqlite
    return dialect.insert(Notice).on_conflict_do_nothing()


def settle(site: str, about: Collection[str], *, says: Collection[str] = ()) -> None:
    """Within a transaction: what was told of these things holds no more. `says`: only what was told in these words."""
    for things in _parts(sorted(about)):
        settling = update(Notice).where(Notice.site == site, Notice.about.in_(things), Notice.settled_at.is_(None))
        if says:
            settling = settling.where(Notice.says.in_(says))
        db.session.execute(settling.values(settled_at=extensions.now()))


def settle_all(site: str, says: str) -> None:
    """Within a transaction: nothing told in these words holds any more."""
    told = (Notice.site == site, Notice.says == says, Notice.settled_at.is_(None))
    db.session.execute(update(Notice).where(*told).values(settled_at=extensions.now()))


def forget(site: str, about: Collection[str]) -> None:
    """Within a transaction: the things are gone, as if they had never been; so is what was told of them."""
    for things in _parts(sorted(about)):
        db.session.execute(delete(Notice).where(Notice.site == site, Notice.about.in_(things)))


def _parts(of: Sequence[T]) -> Iterable[Sequence[T]]:
    for start in range(0, len(of), BATCH):
        yield of[start : start + BATCH]


@needs(Capability.KEEP_SITE)
def gather(scope: Scope, by: Actor) -> int:
    """Ask every source what is to be told today. Returns how many things were newly said.

    Runs as often as one likes, also in two processes at once. What holds no more is settled, and what holds again is
    not said again.
    """
    gathered = [(source.says, list(source.gather(scope))) for source in _sources]
    with transaction():
        told = 0
        for says, messages in gathered:
            told += tell(scope.site, messages)
            _settle_the_rest(scope, says, {message.key for message in messages})
        if told:
            audit.record(by, "tell", "notice", "", made=told)
    return told


def _settle_the_rest(scope: Scope, says: Collection[str], standing: set[str]) -> None:
    of_source = (Notice.site == scope.site, Notice.says.in_(says))
    open_ones = select(Notice.id, Notice.subject).where(*of_source, Notice.settled_at.is_(None))
    over = [key for key, subject in db.session.execute(open_ones) if subject not in standing]
    for part in _parts(over):
        db.session.execute(update(Notice).where(Notice.id.in_(part)).values(settled_at=extensions.now()))
    for some in _parts(sorted(standing)):
        again = update(Notice).where(*of_source, Notice.subject.in_(some), Notice.settled_at.is_not(None))
        db.session.execute(again.values(settled_at=None))


@needs(Capability.KEEP_SITE)
def sweep(scope: Scope, by: Actor) -> int:
    """Forget what was told more than a year ago and is read or done; what still falls due stays. Returns how much."""
    until = extensions.now() - KEPT
    still_due = [says for source in _sources for says in source.says]
    over = or_(Notice.settled_at.is_not(None), and_(Notice.read_at.is_not(None), Notice.says.not_in(still_due)))
    with transaction() as session:
        gone = session.execute(
            delete(Notice)
            .where(Notice.site == scope.site, Notice.raised_at < until, over)
            .execution_options(synchronize_session=False)
        )
        session.execute(delete(NoticeMail).where(NoticeMail.site == scope.site, NoticeMail.claimed_at < until))
        removed = int(gone.rowcount)  # type: ignore[attr-defined]
        if removed:
            audit.record(by, "sweep", "notice", "", removed=removed)
    return removed


@for_everybody
def mark_read(by: Actor, ids: Sequence[int] | None = None, *, kind: NoticeKind | None = None) -> int:
    """The person has read those notices, or all of theirs (of one kind). Returns how many were new."""
    unread = update(Notice).where(Notice.person_id == by.person_id, Notice.read_at.is_(None))
    if ids is not None:
        unread = unread.where(Notice.id.in_(ids))
    if kind is not None:
        unread = unread.where(Notice.kind == kind)
    with transaction() as session:
        return len(session.scalars(unread.values(read_at=extensions.now()).returning(Notice.id)).all())


@for_everybody
def choose_mail(by: Actor, *, daily: bool, kinds: Collection[NoticeKind]) -> None:
    """One mail each working day, of these kinds of notices; or none."""
    left_out = [kind for kind in NoticeKind if kind not in kinds]
    with transaction() as session:
        session.execute(update(Person).where(Person.id == by.person_id).values(reminded_by_mail=daily))
        session.execute(delete(UnmailedKind).where(UnmailedKind.person_id == by.person_id))
        site = session.scalar(select(Person.site).where(Person.id == by.person_id))
        rows = [{"site": site, "person_id": by.person_id, "kind": kind} for kind in left_out]
        if rows:
            session.execute(insert(UnmailedKind), rows)
        audit.record(by, "want_mail", "person", by.name, wanted=daily, unmailed=[str(kind) for kind in left_out])
