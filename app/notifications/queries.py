"""What the room reads: what a person is told, who is to be sent a mail, and who is there to be told."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from sqlalchemy import BindParameter, ColumnElement, Select, bindparam, exists, func, select

from app.notifications.labels import address_of, sentence_of
from app.notifications.models import Notice, NoticeKind, NoticeMail, UnmailedKind
from app.organisation.access import Actor, Scope
from app.organisation.calendars import today
from app.organisation.delegations import in_force
from app.organisation.models import Delegation, DelegationKind, Person, Role, Unit
from app.organisation.permissions import Capability
from app.organisation.queries import LEADING
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


def _counts(person_id: int | BindParameter[int]) -> tuple[ColumnElement[bool], ...]:
    """What the bell counts: not read, and still so."""
    return Notice.person_id == person_id, Notice.read_at.is_(None), Notice.settled_at.is_(None)


# Asked with every page: put together once.
_UNREAD = select(func.count()).select_from(Notice).where(*_counts(bindparam("person_id")))


def unread(person_id: int) -> int:
    """How many things the person was told, has not read, and that still hold."""
    return db.session.scalar(_UNREAD, {"person_id": person_id}) or 0


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


# Who is there to be told: heads of units, and those who may do something.


@dataclass(frozen=True, slots=True)
class Colleague:
    """Somebody who may be told something, as their unit knows them."""

    id: int
    name: str
    unit_id: int
    role: Role
    actor: Actor | None = None

    @property
    def heads(self) -> bool:
        """Whether they head their unit."""
        return self.role in LEADING

    def may(self, capability: Capability) -> bool:
        """Whether they may do that today, acting for the Director included."""
        return self.actor is not None and self.actor.may(capability)


class Staff:
    """Everybody who signs in, by what they may be told of."""

    def __init__(self, people: Iterable[Colleague], above: dict[int, Sequence[int]]) -> None:
        """`above`: for each unit, itself and the units over it, the nearest first."""
        self.people = list(people)
        self.by_id = {person.id: person for person in self.people}
        self.of_unit: dict[int, list[Colleague]] = {}
        for person in self.people:
            self.of_unit.setdefault(person.unit_id, []).append(person)
        self._above = above

    def heads(self, unit_id: int) -> set[int]:
        """Ids of the unit's own head; where it has none, of the nearest one above."""
        for above in self._above.get(unit_id, (unit_id,)):
            if heads := {person.id for person in self.of_unit.get(above, ()) if person.heads}:
                return heads
        return set()

    def who_may(self, capability: Capability, *, but: Iterable[int | None] = ()) -> set[int]:
        """Ids of those who may do that today, administrators aside: they keep the site and have no work here."""
        leave_out = set(but)
        chosen = (each for each in self.people if each.may(capability) and not each.may(Capability.KEEP_SITE))
        return {each.id for each in chosen} - leave_out


def staff(scope: Scope) -> Staff:
    """Everybody of the site who is there now."""
    people = db.session.scalars(select(Person).where(Person.site == scope.site, Person.active).order_by(Person.id))
    delegated = select(Delegation.person_id, Delegation.form).where(Delegation.site == scope.site)
    acting = dict(db.session.execute(delegated.where(in_force(today()))).all())
    paths = {path: key for key, path in db.session.execute(select(Unit.id, Unit.path).where(Unit.site == scope.site))}
    return Staff(
        (_colleague(who, acting.get(who.id)) for who in people),
        {key: _upwards(path, paths) for path, key in paths.items()},
    )


def _colleague(who: Person, acts_for: DelegationKind | None) -> Colleague:
    return Colleague(who.id, who.full_name, who.unit_id, who.role, replace(Actor.of(who), acts_for=acts_for))


def _upwards(path: str, paths: dict[str, int]) -> list[int]:
    parts = path.strip("/").split("/")
    above = ("/" + "/".join(parts[:length]) + "/" for length in range(len(parts), 0, -1))
    return [paths[each] for each in above if each in paths]
