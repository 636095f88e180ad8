"""Waivers (miễn áp dụng): a unit excused from a rule between two days. One asks, saying why; another grants it, a long
one the Director alone. They end by themselves."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from flask import current_app
from sqlalchemy import select

from app.compliance import notices
from app.compliance.adoption import repository
from app.compliance.evaluation.results import AppliedWaiver
from app.compliance.models import Waiver
from app.core.errors import N_, Conflict, DomainError, NotAllowed, NotFound
from app.core.text import checked_reason
from app.organisation import audit
from app.organisation.access import Actor, site
from app.organisation.audit import transaction
from app.organisation.calendars import site_calendar
from app.organisation.lineage import in_being
from app.organisation.models import Unit
from app.organisation.permissions import Capability, needs
from app.web import extensions
from app.web.extensions import db
from app.web.once import once


@needs(Capability.ASK_FOR_WAIVERS)
def ask_for_waiver(
    by: Actor, pack_id: str, rule_id: str, unit_code: str, valid_from: date, valid_to: date, reason: str
) -> Waiver:
    """Ask that a unit be excused from a rule in every period that ends between two days, both included. It excuses
    nothing until somebody else has granted it.

    Raises NotFound for an unknown rule or unit, Conflict where another waiver covers some of the same days,
    DomainError without a reason or with its days reversed.
    """
    reason = checked_reason(reason, missing=N_("Hãy ghi lý do miễn áp dụng."))
    if valid_to < valid_from:
        raise DomainError("Ngày kết thúc không được trước ngày bắt đầu.", field="valid_to")
    rule = repository.pack(pack_id).rule(rule_id)
    unit = db.session.scalar(select(Unit).where(Unit.site == site(), Unit.code == unit_code))
    if unit is None:
        raise NotFound("Không có đơn vị mang mã “%(unit)s”.", field="unit", unit=unit_code)
    in_being(unit, valid_from, "unit")
    with transaction() as session:
        audit.one_at_a_time(f"waiver {site()}")
        _refuse_overlap(pack_id, rule.id, unit, valid_from, valid_to)
        waiver = Waiver(
            site=site(),
            pack=pack_id,
            rule=rule.id,
            unit_id=unit.id,
            valid_from=valid_from,
            valid_to=valid_to,
            reason=reason,
            asked_at=extensions.now(),
            asked_by=by.name,
            asked_by_id=by.person_id,
        )
        session.add(waiver)
        session.flush()
        cell = {"pack": pack_id, "rule": rule.id, "unit": unit.code}
        days = {"valid_from": valid_from, "valid_to": valid_to}
        audit.record(by, "ask_for_waiver", "waiver", waiver.id, **cell, **days, reason=waiver.reason)
        notices.waiver_asked(by.person_id, waiver, unit, long=is_long(valid_from, valid_to))
    return waiver


def is_long(valid_from: date, valid_to: date) -> bool:
    """Whether only the Director grants one of these days, both included."""
    return (valid_to - valid_from).days + 1 > int(current_app.config["SETTINGS"].waiver_days)


def may_decide(by: Actor, asked_by_id: int | None, valid_from: date, valid_to: date) -> bool:
    """Whether they may grant or refuse one that waits: somebody else asked for it, and it is not too long for them."""
    needed = Capability.GRANT_LONG_WAIVERS if is_long(valid_from, valid_to) else Capability.GRANT_WAIVERS
    return by.may(needed) and (by.person_id is None or by.person_id != asked_by_id)


@needs(Capability.GRANT_WAIVERS)
def grant_waiver(by: Actor, waiver_id: int) -> Waiver:
    """Grant what somebody else asked for. One longer than the site's setting is granted by the Director alone.

    Raises NotFound, Conflict for one that was granted or refused already, NotAllowed for who asked for it.
    """
    with transaction():
        waiver, capability = _to_decide(by, waiver_id)
        waiver.granted_at, waiver.person_id, waiver.actor = extensions.now(), by.person_id, by.signs(capability)
        audit.record(by, "grant_waiver", "waiver", waiver.id, reason=waiver.reason)
        notices.waiver_decided(waiver)
    return waiver


@needs(Capability.GRANT_WAIVERS)
def refuse_waiver(by: Actor, waiver_id: int, reason: str) -> Waiver:
    """Refuse what somebody else asked for, saying why. Raises as `grant_waiver` does, DomainError without a reason."""
    reason = checked_reason(reason, missing=N_("Hãy ghi lý do không miễn."))
    with transaction():
        waiver, capability = _to_decide(by, waiver_id)
        waiver.refused_at, waiver.person_id, waiver.actor = extensions.now(), by.person_id, by.signs(capability)
        waiver.refusal = reason
        audit.record(by, "refuse_waiver", "waiver", waiver.id, reason=reason)
        notices.waiver_decided(waiver)
    return waiver


def _to_decide(by: Actor, waiver_id: int) -> tuple[Waiver, Capability]:
    """A waiver that they may decide on, and by what."""
    waiver = _locked(waiver_id)
    if waiver.granted_at is not None or waiver.refused_at is not None:
        raise Conflict("Đề nghị miễn áp dụng này đã được quyết định. Hãy xem lại danh sách.")
    if by.person_id is not None and by.person_id == waiver.asked_by_id:
        raise NotAllowed("Bạn là người đề nghị nên không được tự quyết định: cần một người khác.")
    if not is_long(waiver.valid_from, waiver.valid_to):
        return waiver, Capability.GRANT_WAIVERS
    if not by.may(Capability.GRANT_LONG_WAIVERS):
        raise NotAllowed(
            "Miễn áp dụng quá %(days)s ngày do Giám đốc quyết định.", days=current_app.config["SETTINGS"].waiver_days
        )
    return waiver, Capability.GRANT_LONG_WAIVERS


def _locked(waiver_id: int) -> Waiver:
    waiver = db.session.scalar(select(Waiver).where(Waiver.site == site(), Waiver.id == waiver_id).with_for_update())
    if waiver is None:
        raise NotFound("Không tìm thấy lần miễn áp dụng này.")
    return waiver


@needs(Capability.GRANT_WAIVERS)
def withdraw_waiver(by: Actor, waiver_id: int, reason: str) -> Waiver:
    """End a waiver today, before its time. Periods that ended while it was in force stay as they were.

    Raises NotFound, Conflict for one that has ended already, DomainError without a reason.
    """
    reason = checked_reason(reason, missing=N_("Hãy ghi lý do rút lại."))
    with transaction():
        waiver = _locked(waiver_id)
        if waiver.granted_at is None:
            raise Conflict("Đề nghị này chưa được chấp thuận nên không có gì để thu lại.")
        now = extensions.now()
        if waiver.annulled_at is not None:
            raise Conflict("Lần miễn áp dụng này đã bị hủy bỏ.")
        if waiver.ended_at is not None or waiver.valid_to < site_calendar().local_day(now):
            raise Conflict("Lần miễn áp dụng này đã kết thúc.")
        waiver.ended_at, waiver.ended_by, waiver.end_reason = now, by.name, reason
        audit.record(by, "withdraw_waiver", "waiver", waiver.id, reason=waiver.end_reason)
    return waiver


@needs(Capability.GRANT_WAIVERS)
def annul_waiver(by: Actor, waiver_id: int, reason: str) -> Waiver:
    """Declare that a waiver should never have been granted, whether it still holds or has ended. From the next check
    on it excuses nothing, past periods included; runs already made stay as they were.

    Raises NotFound, Conflict for one annulled already, DomainError without a reason.
    """
    reason = checked_reason(reason, missing=N_("Hãy ghi lý do hủy bỏ."))
    with transaction():
        waiver = _locked(waiver_id)
        if waiver.granted_at is None:
            raise Conflict("Đề nghị này chưa được chấp thuận nên không có gì để thu lại.")
        if waiver.annulled_at is not None:
            raise Conflict("Lần miễn áp dụng này đã bị hủy bỏ.")
        waiver.annulled_at, waiver.annulled_by, waiver.annulment = extensions.now(), by.name, reason
        audit.record(by, "annul_waiver", "waiver", waiver.id, reason=waiver.annulment)
    return waiver


def in_force(day: date) -> dict[tuple[str, str, str], AppliedWaiver]:
    """The waivers of the site that hold on a day, by pack, rule and code of the unit."""
    return {
        (waiver.pack, waiver.rule, unit): _applied_waiver(waiver)
        for waiver, unit in once("waivers", _granted)
        if waiver.valid_from <= day <= last_day(waiver)
    }


def _granted() -> Sequence[tuple[Waiver, str]]:
    """The site's granted waivers, each with the code of its unit. A page asks on many days which of them hold."""
    chosen = (
        select(Waiver, Unit.code)
        .join(Unit, Unit.id == Waiver.unit_id)
        .where(Waiver.site == site(), Waiver.granted_at.is_not(None), Waiver.annulled_at.is_(None))
        .order_by(Waiver.id)
    )
    return [(waiver, unit) for waiver, unit in db.session.execute(chosen)]


def last_day(waiver: Waiver) -> date:
    """The last day on which a waiver holds or held: the day before it was withdrawn, if it was."""
    if waiver.ended_at is None:
        return waiver.valid_to
    withdrawn = site_calendar().local_day(waiver.ended_at)
    return min(waiver.valid_to, date.fromordinal(withdrawn.toordinal() - 1))


def _applied_waiver(waiver: Waiver) -> AppliedWaiver:
    return {
        "id": waiver.id,
        "since": waiver.valid_from.isoformat(),
        "until": waiver.valid_to.isoformat(),
        "who": waiver.actor,
        "why": waiver.reason,
    }


def _refuse_overlap(pack_id: str, rule_id: str, unit: Unit, valid_from: date, valid_to: date) -> None:
    others = select(Waiver).where(
        Waiver.site == site(), Waiver.pack == pack_id, Waiver.rule == rule_id, Waiver.unit_id == unit.id
    )
    others = others.where(Waiver.annulled_at.is_(None), Waiver.refused_at.is_(None))
    for other in db.session.scalars(others):
        if other.valid_from <= valid_to and valid_from <= last_day(other):
            raise Conflict(
                "Đơn vị đã được miễn, hoặc được đề nghị miễn, quy tắc này từ %(since)s đến %(until)s.",
                field="valid_from",
                since=f"{other.valid_from:%d/%m/%Y}",
                until=f"{last_day(other):%d/%m/%Y}",
            )
