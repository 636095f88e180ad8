"""Who may see what. Views declare a capability; queries take the scope, so that no view can forget it.

Desk staff of the one-stop desk see every case (any citizen may stand before them); desk staff of a division
see their division's. A unit head sees their unit and those below. What a unit left, its successor's people see too.
Inspectors and administrators see all.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, ParamSpec, TypeVar, cast

from flask import current_app, has_request_context, request
from flask_login import current_user, login_required
from sqlalchemy import ColumnElement, Select, select, true

from app.organisation.lineage import lineage
from app.organisation.models import DelegationKind, Person, Role, Unit
from app.organisation.permissions import DELEGATED, Capability, Place, declaring, has, permitted, place_of
from app.organisation.site_code import refuse_another
from app.web.extensions import db
from app.web.once import once

P = ParamSpec("P")
R = TypeVar("R")
S = TypeVar("S", bound=Select[Any])


@dataclass(frozen=True, slots=True)
class Scope:
    """The part of the site that somebody may see: `unit_ids` None means every unit."""

    site: str
    unit_ids: frozenset[int] | None = None

    def covers(self, *unit_ids: int | None) -> bool:
        """Whether any of these units is within the scope."""
        return self.unit_ids is None or any(unit_id in self.unit_ids for unit_id in unit_ids)

    @property
    def is_whole(self) -> bool:
        """Whether every unit of the site is within it."""
        return self.unit_ids is None

    def within(self, column: Any) -> ColumnElement[bool]:
        """SQL: the column's unit is within the scope."""
        return true() if self.unit_ids is None else column.in_(sorted(self.unit_ids))


@dataclass(frozen=True, slots=True)
class Actor:
    """Who does something: a person, or a command run on the machine (`person_id` None), which may do everything.

    A person without a role may do nothing but what is everybody's. `acts_for`: how they act for the Director, if so.
    """

    name: str
    person_id: int | None = None
    unit_id: int | None = None
    role: Role | None = None
    place: Place = Place.UNIT
    acts_for: DelegationKind | None = None

    @classmethod
    def of(cls, who: Person) -> Actor:
        """The person, as services want to know them."""
        acts_for = DelegationKind(who.acts_for) if who.acts_for else None
        return cls(who.full_name, who.id, who.unit_id, who.role, place_of(who.unit), acts_for)

    def may(self, capability: Capability) -> bool:
        """Whether they may do that, with the records that are within their scope."""
        return self.person_id is None or self._own(capability) or self.delegated(capability)

    def delegated(self, capability: Capability) -> bool:
        """Whether they may do that for the Director only."""
        return self.acts_for is not None and capability in DELEGATED and not self._own(capability)

    def signs(self, capability: Capability) -> str:
        """Their name as it stands under what they do by that: "KT. Giám đốc, Trần Văn Bình"."""
        if not self.delegated(capability):
            return self.name
        before = "KT. Giám đốc" if self.acts_for is DelegationKind.IN_PLACE else "TL. Giám đốc"
        return f"{before}, {self.name}"[:120]

    def _own(self, capability: Capability) -> bool:
        return self.role is not None and has(self.role, self.place, capability)


def allowed(capability: Capability) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """A view for those only who may do that. Others get 403, and the sentence that says so."""

    def decorate(view: Callable[P, R]) -> Callable[P, R]:
        @wraps(view)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
            permitted(actor(), capability)
            return view(*args, **kwargs)

        return declaring(signed_in(guarded), capability)

    return decorate


def signed_in(view: Callable[P, R]) -> Callable[P, R]:
    """A view for everybody who is signed in."""
    return declaring(cast(Callable[P, R], login_required(view)), None)


def person() -> Person:
    return cast(Person, current_user._get_current_object())


def actor() -> Actor:
    """The person signed in, as services want to know them."""
    return Actor.of(person())


def answers_for(by: Actor, unit_id: int) -> bool:
    """Whether somebody answers for this unit; a command does for every one."""
    if by.person_id is None:
        return True
    who = db.session.get(Person, by.person_id)
    return who is not None and answering_scope(who).covers(unit_id)


def can(capability: Capability | str) -> bool:
    """Whether the person signed in may do that; a stranger may do nothing. Templates say it in lower case."""
    return bool(person() and person().is_authenticated) and actor().may(Capability(capability))


def site() -> str:
    return str(current_app.config["SITE"])


def whole_site() -> Scope:
    """The scope of commands and of the check itself."""
    refuse_another()
    return Scope(site())


def scope_of(who: Person) -> Scope:
    if who.role in SEEING_ALL or (who.role is Role.DESK and who.unit.is_desk):
        return Scope(who.site)
    return Scope(who.site, frozenset(lineage(who.site).answers_for(units_of(who))))


def units_of(who: Person) -> frozenset[int]:
    """The person's unit and those below it; a page asks again and again."""
    below = select(Unit.id).where(Unit.site == who.site, Unit.path.startswith(who.unit.path, autoescape=True))
    return once(f"units of {who.id}", lambda: frozenset(db.session.scalars(below)))


SEEING_ALL = frozenset({Role.DIRECTOR, Role.INSPECTOR, Role.ADMIN})


def current_scope() -> Scope:
    """What the person signed in may see. Who acts for the Director sees all that the Director does where they do what
    is the Director's, and reads it elsewhere; what is theirs they do within their own scope."""
    who = person()
    if who.acts_for and has_request_context():
        capability = current_app.view_functions[request.endpoint or ""].__dict__.get("capability")
        if capability in DELEGATED or (capability is None and request.method in ("GET", "HEAD")):
            return Scope(who.site)
    return scope_of(who)


def answering_scope(who: Person | None = None) -> Scope:
    """For whom somebody (the person signed in) answers: their unit and those below; the Director for the Department
    alone."""
    who = who or person()
    return Scope(who.site, frozenset({who.unit_id})) if who.role is Role.DIRECTOR else scope_of(who)
