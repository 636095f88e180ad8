"""Who is there to be told: heads of units, and those who may do something."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import select

from app.organisation.access import Actor, Scope
from app.organisation.delegations import in_force, local_today
from app.organisation.models import Delegation, DelegationKind, Person, Role, Unit
from app.organisation.permissions import Capability
from app.organisation.queries import LEADING
from app.web.extensions import db


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
    acting = dict(db.session.execute(delegated.where(in_force(local_today()))).all())
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
