"""Acting for the Director (giao quyền): who may do what the Director may, how, between which days, and why."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from zoneinfo import ZoneInfo

from flask import current_app
from sqlalchemy import BindParameter, ColumnElement, and_, select

from app.core.errors import N_, Conflict, DomainError, NotAllowed, NotFound
from app.core.text import checked_reason
from app.organisation import audit
from app.organisation.access import Actor, site
from app.organisation.calendars import today
from app.organisation.models import Delegation, DelegationKind, Person, Role, UnitKind
from app.organisation.permissions import Capability, needs, place_of
from app.web import extensions
from app.web.extensions import db


def in_force(day: date | BindParameter[date]) -> ColumnElement[bool]:
    """SQL: the delegation holds on that day."""
    return and_(Delegation.valid_from <= day, Delegation.valid_to >= day, Delegation.ended_at.is_(None))


@needs(Capability.DELEGATE)
def delegate(
    by: Actor, person_id: int, form: DelegationKind, valid_from: date, valid_to: date, reason: str
) -> Delegation:
    """Let somebody act for the Director between two days, both included: a deputy in the Director's place, the head of
    a unit by order.

    Raises NotFound, NotAllowed for who prepares or keeps what the Director decides, DomainError without a reason, with
    days reversed or past, Conflict where they act for the Director on some of these days already.
    """
    reason = checked_reason(reason, missing=N_("Hãy ghi lý do, căn cứ giao quyền."))
    if valid_to < valid_from:
        raise DomainError("Ngày kết thúc không được trước ngày bắt đầu.", field="valid_to")
    if valid_to < today():
        raise DomainError("Ngày kết thúc đã qua.", field="valid_to")
    with audit.transaction() as session:
        who = session.scalar(
            select(Person).where(Person.site == site(), Person.id == person_id).with_for_update(of=Person)
        )
        if who is None or not who.active:
            raise NotFound("Không có người dùng này.", field="person")
        if who.role is not Role.HEAD:
            raise NotAllowed(
                "Chỉ giao quyền cho cấp phó hoặc người đứng đầu đơn vị: người kiểm tra không quyết định thay Giám đốc.",
                field="person",
            )
        if (who.unit.kind is UnitKind.DEPARTMENT) is not (form is DelegationKind.IN_PLACE):
            raise DomainError(
                "Cấp phó của Giám đốc ký thay (KT.); người đứng đầu đơn vị thừa lệnh (TL.).", field="form"
            )
        audit.one_at_a_time(f"delegation {site()}")
        _refuse_overlap(who, valid_from, valid_to)
        given = Delegation(
            site=site(),
            person_id=who.id,
            form=form,
            valid_from=valid_from,
            valid_to=valid_to,
            reason=reason,
            given_at=extensions.now(),
            giver_id=by.person_id,
            actor=by.name,
        )
        session.add(given)
        session.flush()
        days = {"valid_from": valid_from, "valid_to": valid_to}
        audit.record(by, "delegate", "delegation", given.id, person=who.username, delegated=form, **days, reason=reason)
    return given


@needs(Capability.DELEGATE)
def end_delegation(by: Actor, delegation_id: int, reason: str) -> Delegation:
    """Take it back, from now on. Raises NotFound, Conflict for one that has ended, DomainError without a reason."""
    reason = checked_reason(reason, missing=N_("Hãy ghi lý do thôi giao quyền."))
    with audit.transaction() as session:
        chosen = select(Delegation).where(Delegation.site == site(), Delegation.id == delegation_id)
        found = session.scalar(chosen.with_for_update(of=Delegation))
        if found is None:
            raise NotFound("Không có lần giao quyền này.")
        if found.ended_at is not None or found.valid_to < today():
            raise Conflict("Lần giao quyền này đã kết thúc.")
        found.ended_at, found.ended_by, found.end_reason = extensions.now(), by.name, reason
        audit.record(by, "end_delegation", "delegation", found.id, person=found.person.username, reason=reason)
    return found


def as_asked(asker: Actor, asked_at: datetime) -> Actor:
    """Who asked for something that is carried out later, as they are now: their account, role and unit, and the
    delegation that held on the day they asked. Its last day may pass meanwhile, for the decision was made in time and
    only the machine's work remains; one that was taken back meanwhile is no more.

    Raises NotAllowed for an account that is no longer used.
    """
    if asker.person_id is None:
        return asker
    who = db.session.scalar(
        select(Person)
        .where(Person.site == site(), Person.id == asker.person_id, Person.active)
        .execution_options(populate_existing=True)
    )
    if who is None:
        raise NotAllowed("Tài khoản của người yêu cầu không còn được dùng.")
    asked_on = asked_at.astimezone(ZoneInfo(current_app.config["SETTINGS"].zone)).date()
    given = select(Delegation.form).where(Delegation.person_id == who.id, in_force(asked_on)).limit(1)
    form = db.session.scalar(given)
    return Actor(
        who.full_name, who.id, who.unit_id, who.role, place_of(who.unit), DelegationKind(form) if form else None
    )


def delegations() -> Sequence[Delegation]:
    """Every delegation of the site, the latest first."""
    chosen = select(Delegation).where(Delegation.site == site())
    return db.session.scalars(chosen.order_by(Delegation.valid_to.desc(), Delegation.id.desc())).all()


def delegation(delegation_id: int) -> Delegation:
    """One of them. Raises NotFound."""
    found = db.session.scalar(select(Delegation).where(Delegation.site == site(), Delegation.id == delegation_id))
    if found is None:
        raise NotFound("Không có lần giao quyền này.")
    return found


def who_may_act() -> Sequence[Person]:
    """Those who may be asked to act for the Director: heads of units, deputies first."""
    chosen = select(Person).where(Person.site == site(), Person.active, Person.role == Role.HEAD)
    return sorted(db.session.scalars(chosen), key=lambda who: (who.unit.path, who.id))


def has_director() -> bool:
    """Whether anybody signs in as the Director."""
    return (
        db.session.scalar(
            select(Person.id).where(Person.site == site(), Person.active, Person.role == Role.DIRECTOR).limit(1)
        )
        is not None
    )


def _refuse_overlap(who: Person, valid_from: date, valid_to: date) -> None:
    other = db.session.scalar(
        select(Delegation).where(
            Delegation.person_id == who.id,
            Delegation.ended_at.is_(None),
            Delegation.valid_from <= valid_to,
            Delegation.valid_to >= valid_from,
        )
    )
    if other is not None:
        raise Conflict(
            "Người này đã được giao quyền từ %(since)s đến %(until)s.",
            field="valid_from",
            since=f"{other.valid_from:%d/%m/%Y}",
            until=f"{other.valid_to:%d/%m/%Y}",
        )
