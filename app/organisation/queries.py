"""Every read of the organisation room: units, people, the site's days, the audit trail."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, Select, and_, bindparam, func, or_, select
from sqlalchemy.orm import selectinload

from app.core.calendar import DayPart
from app.core.errors import NotFound
from app.core.text import fold, sought, words
from app.organisation import audit
from app.organisation.access import Scope, site
from app.organisation.lineage import lineage
from app.organisation.models import AuditEntry, ConfirmedYear, Person, Role, SiteDay, Unit, UnitKind
from app.web.extensions import db
from app.web.keyset import Keyset
from app.web.once import once

AUDIT_PAGE = 50


# Units


def units(scope: Scope, *, on: date | None = None, with_aliases: bool = False) -> Sequence[Unit]:
    """The units of the scope in the order of the tree; only those in being on a day, if given. Whoever reads the
    aliases of each asks for them along."""
    return once(f"units of {scope} on {on} {with_aliases}", lambda: _units(scope, on, with_aliases=with_aliases))


def _units(scope: Scope, on: date | None, *, with_aliases: bool) -> Sequence[Unit]:
    chosen = select(Unit).where(Unit.site == scope.site, scope.within(Unit.id))
    if on is not None:
        chosen = chosen.where(_in_being(on))
    if with_aliases:
        chosen = chosen.options(selectinload(Unit.aliases))
    return db.session.scalars(chosen.order_by(Unit.path)).all()


def _in_being(on: date) -> ColumnElement[bool]:
    return and_(
        or_(Unit.valid_from.is_(None), Unit.valid_from <= on), or_(Unit.valid_to.is_(None), Unit.valid_to >= on)
    )


class NamedUnit(NamedTuple):
    """A unit as far as a list to choose from says it."""

    code: str
    name: str
    path: str


def units_named(scope: Scope, on: date | None = None) -> list[NamedUnit]:
    """The units of the scope, or those in being on a day, in the order of the tree, for a list to choose from."""
    chosen = select(Unit.code, Unit.name, Unit.path).where(Unit.site == scope.site, scope.within(Unit.id))
    if on is not None:
        chosen = chosen.where(_in_being(on))
    return [NamedUnit(*row) for row in db.session.execute(chosen.order_by(Unit.path))]


NEEDED_ROLES = (Role.DESK, Role.HEAD, Role.INSPECTOR, Role.DIRECTOR)
"""Without somebody of each the month's work stops: who takes cases in, answers, checks, decides."""

LEADING = (Role.HEAD, Role.DIRECTOR)
"""Those who head a unit; the Department itself is headed by its Director."""


def heads_of(unit_ids: Collection[int]) -> dict[int, str]:
    """The names of each unit's head, several joined by commas; units without one are left out."""
    chosen = (
        select(Person.unit_id, Person.full_name)
        .where(Person.unit_id.in_(unit_ids), Person.role.in_(LEADING), Person.active)
        .order_by(Person.id)
    )
    names: dict[int, list[str]] = defaultdict(list)
    for unit_id, name in db.session.execute(chosen):
        names[unit_id].append(name)
    return {unit_id: ", ".join(every) for unit_id, every in names.items()}


def units_to_choose(scope: Scope, day: date, also: int | None = None) -> list[Unit]:
    """Units that a list offers: those not closed on the day, and the one that is chosen already."""
    return [unit for unit in units(scope) if unit.valid_to is None or unit.valid_to >= day or unit.id == also]


def succeeded_units(scope: Scope, day: date) -> list[Unit]:
    """Units of the scope that were gone by the day and that somebody stands for."""
    heirs = lineage(scope.site)
    gone = (unit for unit in units(scope) if unit.valid_to is not None and unit.valid_to < day)
    return [unit for unit in gone if heirs.heir(unit.id, day) != unit.id]


@dataclass(frozen=True, slots=True)
class UnitRow:
    """A line of the tree: the unit, its depth below the root (0), and how many active people belong to it."""

    unit: Unit
    depth: int
    people: int


def unit_tree(scope: Scope) -> list[UnitRow]:
    """The units page: every unit of the scope under its parent, closed ones too."""
    counted = (
        select(Person.unit_id, func.count())
        .where(Person.site == scope.site, Person.active, scope.within(Person.unit_id))
        .group_by(Person.unit_id)
    )
    people = {unit_id: number for unit_id, number in db.session.execute(counted)}  # noqa: C416  rows, typed
    found = units(scope, with_aliases=True)
    top = min((unit.path.count("/") for unit in found), default=0)
    return [UnitRow(unit, unit.path.count("/") - top, people.get(unit.id, 0)) for unit in found]


def unit(unit_id: int | None) -> Unit | None:
    """One unit of the site with its aliases and its parent."""
    chosen = select(Unit).where(Unit.site == site(), Unit.id == unit_id)
    return db.session.scalar(chosen.options(selectinload(Unit.aliases), selectinload(Unit.parent)))


def top_unit(scope: Scope) -> Unit | None:
    """The Department itself, where there is one."""
    chosen = select(Unit).where(Unit.site == scope.site, Unit.kind == UnitKind.DEPARTMENT, Unit.valid_to.is_(None))
    return db.session.scalar(chosen.order_by(Unit.path).limit(1))


def unit_by_code(code: str) -> Unit | None:
    """The unit with this code; upper and lower case are the same."""
    return db.session.scalar(select(Unit).where(Unit.site == site(), func.upper(Unit.code) == code.strip().upper()))


def subtree(top: Unit) -> Sequence[Unit]:
    """The unit and all below it."""
    chosen = select(Unit).where(Unit.site == top.site, Unit.path.startswith(top.path, autoescape=True))
    return db.session.scalars(chosen.order_by(Unit.path)).all()


def units_by_key() -> dict[str, Unit]:
    """Every folded code, name and alias of the site -> its unit: what an import looks names up in.

    Where two units answer to one key, a unit still in being comes before a closed one, then the code before
    the name before the alias.
    """
    found: dict[str, Unit] = {}
    known = units(Scope(site()), with_aliases=True)
    for group in ([u for u in known if u.valid_to is None], [u for u in known if u.valid_to is not None]):
        for keys in (_code_keys, _name_keys, _alias_keys):
            for unit in group:
                for key in keys(unit):
                    found.setdefault(key, unit)
    return found


def units_in_being_by_key() -> dict[str, Unit]:
    """The same, but what a unit that is gone was called leads to its successor, if it has one."""
    found = units_by_key()
    by_id = {unit.id: unit for unit in found.values()}
    heirs = lineage(site())
    return {key: by_id.get(heirs.heir(unit.id, date.max), unit) for key, unit in found.items()}


def find_unit(name: str) -> Unit | None:
    """The unit that somebody means by its code, its name or an alias, whatever the case and diacritics; of one that is
    gone, its successor."""
    return units_in_being_by_key().get(fold(name)) if name else None


def _code_keys(unit: Unit) -> Iterable[str]:
    return (fold(unit.code),)


def _name_keys(unit: Unit) -> Iterable[str]:
    return filter(None, (fold(unit.name), fold(unit.name_en)))


def _alias_keys(unit: Unit) -> Iterable[str]:
    return (alias.key for alias in unit.aliases)


# People


def people(scope: Scope, *, text: str = "", unit_id: int | None = None, role: Role | None = None) -> list[Person]:
    """People of the scope, by name; `text` is looked for in name, username and address without diacritics."""
    chosen = select(Person).where(Person.site == scope.site, scope.within(Person.unit_id))
    if unit_id is not None:
        chosen = chosen.where(Person.unit_id == unit_id)
    if role is not None:
        chosen = chosen.where(Person.role == role)
    found = db.session.scalars(chosen.order_by(Person.active.desc(), Person.full_name, Person.id)).all()
    wanted = words(sought(text))
    return [who for who in found if all(word in _searched(who) for word in wanted)]


def _searched(who: Person) -> str:
    return fold(f"{who.full_name} {who.username} {who.email}")


def person(person_id: int) -> Person | None:
    """One person of the site."""
    return db.session.scalar(select(Person).where(Person.site == site(), Person.id == person_id))


def the_person(person_id: int) -> Person:
    """The same; NotFound where there is none."""
    if (who := person(person_id)) is None:
        raise NotFound("Không có người dùng này.")
    return who


def person_by_username(username: str) -> Person | None:
    """The person who signs in under this name; upper and lower case are the same."""
    return db.session.scalar(select(Person).where(Person.site == site(), Person.username == username.strip().lower()))


def person_by_subject(subject: str) -> Person | None:
    """The person whom the province's provider knows by this subject."""
    return db.session.scalar(select(Person).where(Person.site == site(), Person.openid_subject == subject).limit(1))


def other_active_admins(person_id: int) -> int:
    """Number of administrators who may sign in, this person left out."""
    admins = select(func.count()).select_from(Person)
    return (
        db.session.scalar(
            admins.where(Person.site == site(), Person.active, Person.role == Role.ADMIN, Person.id != person_id)
        )
        or 0
    )


# The site's own days


def site_days() -> Sequence[SiteDay]:
    """The days the site has added to the official calendar, in order."""
    return db.session.scalars(select(SiteDay).where(SiteDay.site == site()).order_by(SiteDay.day)).all()


def entries() -> tuple[tuple[date, bool, str, DayPart], ...]:
    """The same as the calendar is made of them: the day, whether it is worked, its name, which part is meant."""
    found = db.session.execute(_ENTRIES, {"site": site()})
    return tuple((day, working, name, part) for day, working, name, part in found)


def known_years() -> tuple[int, ...]:
    """The years whose official list the site has confirmed, as numbers."""
    return tuple(db.session.scalars(_KNOWN_YEARS, {"site": site()}))


# Asked by every page that shows a date on which something is due: put together once.
_ENTRIES = (
    select(SiteDay.day, SiteDay.working, SiteDay.name, SiteDay.part)
    .where(SiteDay.site == bindparam("site"))
    .order_by(SiteDay.day)
)
_KNOWN_YEARS = select(ConfirmedYear.year).where(ConfirmedYear.site == bindparam("site")).order_by(ConfirmedYear.year)


def site_day(day: date) -> SiteDay | None:
    """The site's entry for one day."""
    return db.session.scalar(select(SiteDay).where(SiteDay.site == site(), SiteDay.day == day))


def confirmed_years() -> Sequence[ConfirmedYear]:
    """The years whose official list the site has confirmed."""
    return db.session.scalars(
        select(ConfirmedYear).where(ConfirmedYear.site == site()).order_by(ConfirmedYear.year)
    ).all()


def confirmed_year(year: int) -> ConfirmedYear | None:
    """The site's confirmation of one year."""
    return db.session.scalar(select(ConfirmedYear).where(ConfirmedYear.site == site(), ConfirmedYear.year == year))


def calendar_entries() -> Sequence[AuditEntry]:
    """What the audit trail tells of the days the site has added and taken out, the latest first."""
    told = ("add_site_days", "remove_site_day")
    chosen = select(AuditEntry).where(AuditEntry.site == site(), AuditEntry.action.in_(told))
    return db.session.scalars(chosen.order_by(AuditEntry.number.desc())).all()


# The audit trail


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """What to show of the trail; what is empty leaves nothing out."""

    person_id: int | None = None
    by_command: bool = False
    """Only what commands on the machine did."""
    action: str = ""
    subject_kind: str = ""
    subject_id: str = ""
    since: datetime | None = None
    until: datetime | None = None
    """UTC; the end is not included."""


@dataclass(frozen=True, slots=True)
class AuditPage:
    """Entries, newest first; `before` and `after` are the cursors of the pages beside it, None at an end."""

    entries: Sequence[AuditEntry]
    before: int | None
    after: int | None


def audit_entries(
    scope: Scope, wanted: AuditFilter, *, before: int | None = None, after: int | None = None, limit: int = AUDIT_PAGE
) -> AuditPage:
    """A page of the trail by key: the newest entries, those shown after entry `after`, or those before `before`."""
    chosen = _filtered(select(AuditEntry).where(AuditEntry.site == scope.site), wanted)
    keyset = Keyset(after, before, limit)
    found = db.session.scalars(keyset.cut(chosen, AuditEntry.number)).all()
    return AuditPage(*keyset.lines(found, lambda entry: entry.number))


def _filtered(chosen: Select[AuditEntry], wanted: AuditFilter) -> Select[AuditEntry]:
    if wanted.by_command:
        chosen = chosen.where(AuditEntry.person_id.is_(None))
    elif wanted.person_id is not None:
        chosen = chosen.where(AuditEntry.person_id == wanted.person_id)
    for column, value in (
        (AuditEntry.action, wanted.action),
        (AuditEntry.subject_kind, wanted.subject_kind),
        (AuditEntry.subject_id, audit.name_in_trail(wanted.subject_id)),
    ):
        if value:
            chosen = chosen.where(column == value)
    if wanted.since is not None:
        chosen = chosen.where(AuditEntry.at >= wanted.since)
    if wanted.until is not None:
        chosen = chosen.where(AuditEntry.at < wanted.until)
    return chosen


def the_director(site: str) -> str:
    """The name of the one Director; empty where nobody or several have that role."""
    chosen = select(Person.full_name).where(Person.site == site, Person.role == Role.DIRECTOR, Person.active)
    names = db.session.scalars(chosen.limit(2)).all()
    return names[0] if len(names) == 1 else ""
