"""What the room reads: what a person is told, and who is to be sent a mail."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, Select, exists, func, select

from app.notifications.messages import address_of, sentence_of
from app.notifications.models import Notice, NoticeKind, NoticeMail, UnmailedKind
from app.organisation.access import Scope
from app.organisation.models import Person
from app.web.extensions import db
from app.web.keyset import Keyset

PAGE = 50


@dataclass(frozen=True, slots=True)
class NoticeLine:
    """A notice as its reader sees it, in their language. Instants are UTC."""

    id: int
    kind: NoticeKind
    says: str
    text: str
    address: str
    raised_at: datetime
    read_at: datetime | None
    settled_at: datetime | None

    @property
    def is_new(self) -> bool:
        """Whether it counts at the bell."""
        return self.read_at is None and self.settled_at is None


@dataclass(frozen=True, slots=True)
class NoticePage:
    """A page of them, the latest first, and the ids that the pages before and after it begin at."""

    lines: Sequence[NoticeLine]
    before: int | None
    after: int | None


def _counts(person_id: int) -> tuple[ColumnElement[bool], ...]:
    """What the bell counts: not read, and still so."""
    return Notice.person_id == person_id, Notice.read_at.is_(None), Notice.settled_at.is_(None)


def unread(person_id: int) -> int:
    """How many things the person was told, has not read, and that still hold."""
    return db.session.scalar(select(func.count()).select_from(Notice).where(*_counts(person_id))) or 0


def unread_by_kind(person_id: int) -> Mapping[NoticeKind, int]:
    """The same by kind; kinds without any left out."""
    counted = select(Notice.kind, func.count()).where(*_counts(person_id)).group_by(Notice.kind)
    return dict(db.session.execute(counted).all())


def notices(
    person_id: int,
    *,
    everything: bool,
    kind: NoticeKind | None = None,
    before: int | None = None,
    after: int | None = None,
) -> NoticePage:
    """What the person was told, the latest first: all of it, or what is new."""
    chosen = select(Notice).where(Notice.person_id == person_id) if everything else _new(person_id)
    if kind is not None:
        chosen = chosen.where(Notice.kind == kind)
    keyset = Keyset(after, before, PAGE)
    lines, earlier, later = keyset.lines(
        db.session.scalars(keyset.cut(chosen, Notice.id)).all(), lambda notice: notice.id
    )
    return NoticePage([line_of(notice) for notice in lines], earlier, later)


def _new(person_id: int) -> Select[Notice]:
    return select(Notice).where(*_counts(person_id))


def line_of(notice: Notice) -> NoticeLine:
    """The notice as it is read now."""
    return NoticeLine(
        notice.id,
        notice.kind,
        notice.says,
        sentence_of(notice.says, notice.figures),
        address_of(notice.page, notice.place),
        notice.raised_at,
        notice.read_at,
        notice.settled_at,
    )


def own_notice(person_id: int, notice_id: int) -> Notice | None:
    """The person's notice of that number."""
    return db.session.scalar(select(Notice).where(Notice.id == notice_id, Notice.person_id == person_id))


def unmailed_kinds(person_id: int) -> set[NoticeKind]:
    """The kinds that the person wants no mail of."""
    return set(db.session.scalars(select(UnmailedKind.kind).where(UnmailedKind.person_id == person_id)))


def waiting_for_mail(since: datetime) -> tuple[ColumnElement[bool], ...]:
    """SQL: a notice that is to go with its reader's next mail."""
    unwanted = exists().where(UnmailedKind.person_id == Notice.person_id, UnmailedKind.kind == Notice.kind)
    new = (Notice.read_at.is_(None), Notice.settled_at.is_(None), Notice.mailed_at.is_(None))
    return (*new, Notice.raised_at >= since, ~unwanted)


def people_to_mail(scope: Scope, since: datetime, day: date) -> Sequence[Person]:
    """Who has something to be sent, wants mail, has an address, and was sent nothing that day."""
    waiting = select(Notice.person_id).where(Notice.site == scope.site, *waiting_for_mail(since))
    sent = select(NoticeMail.person_id).where(NoticeMail.site == scope.site, NoticeMail.day == day)
    wanted = select(Person).where(
        Person.site == scope.site, Person.active, Person.reminded_by_mail, Person.email != "", Person.id.in_(waiting)
    )
    return db.session.scalars(wanted.where(Person.id.not_in(sent)).order_by(Person.id)).all()


def claimed(person_id: int, mark: datetime) -> Sequence[Notice]:
    """What goes with the mail claimed at that moment, by kind and then the latest first."""
    chosen = select(Notice).where(Notice.person_id == person_id, Notice.mailed_at == mark)
    found = db.session.scalars(chosen.order_by(Notice.id.desc())).all()
    return sorted(found, key=lambda notice: list(NoticeKind).index(notice.kind))
