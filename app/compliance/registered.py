"""What the judging half registers with the rooms below: files that prove what it keeps (the answer to a violation,
what a waiver rests on, a month's seal), what passes when a unit is succeeded, and the fact a judgement itself adds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.engine import Connection

from app.compliance.models import MonthSeal, Violation, ViolationState, Waiver
from app.core.errors import NotFound
from app.core.facts import Fact, FactQuery, register
from app.core.periods import Period
from app.organisation.access import Actor, Scope, answers_for
from app.organisation.models import SuccessionKind, Unit
from app.organisation.permissions import Capability, permitted
from app.organisation.registries import EvidenceOf, Proven, register_proven
from app.organisation.succession import Decision, Part, Passing, register_part
from app.rulepacks.premises import EARLIER_FAILURE
from app.web.extensions import db

# Files that prove what the judging half keeps: the answer to a violation, what a waiver rests on, a month's seal.
from app.web.formats import language


def _violation(scope: Scope, by: Actor, violation_id: int) -> Proven:
    """A violation: its unit answers and proves it, an inspector adds what was found."""
    permitted(by, Capability.READ_RESULTS)
    found = db.session.execute(
        select(Violation, Unit.name)
        .join(Unit, Unit.id == Violation.unit_id)
        .where(Violation.site == scope.site, Violation.id == violation_id, scope.within(Violation.unit_id))
    ).first()
    if found is None:
        raise NotFound("Không tìm thấy vi phạm này.")
    row, unit = found
    mine = by.may(Capability.ANSWER_VIOLATIONS) and answers_for(by, row.unit_id)
    open_still = row.state is not ViolationState.REMEDIED
    return Proven(
        "violation",
        row.key,
        f"{row.rule.upper()} {unit}, {Period.parse(row.period).label(language())}",
        "compliance.violation",
        takes=open_still and (mine or by.may(Capability.DECIDE_VIOLATIONS)),
        owns=mine,
        settled=row.state in (ViolationState.ACCEPTED, ViolationState.REMEDIED),
        place={"violation_id": row.id},
    )


def _waiver(scope: Scope, by: Actor, waiver_id: int) -> Proven:
    """A waiver: who asks for one says on what it rests."""
    permitted(by, Capability.READ_RESULTS)
    found = db.session.execute(
        select(Waiver, Unit.name)
        .join(Unit, Unit.id == Waiver.unit_id)
        .where(Waiver.site == scope.site, Waiver.id == waiver_id, scope.within(Waiver.unit_id))
    ).first()
    if found is None:
        raise NotFound("Không tìm thấy lần miễn áp dụng này.")
    row, unit = found
    closed = row.refused_at is not None or row.annulled_at is not None
    return Proven(
        "waiver",
        str(row.id),
        f"{row.rule.upper()} {unit}",
        "compliance.waivers",
        takes=by.may(Capability.ASK_FOR_WAIVERS) and not closed,
        owns=by.person_id is None or by.person_id == row.asked_by_id,
        settled=closed or row.granted_at is not None,
    )


def _seal(scope: Scope, by: Actor, seal_id: int) -> Proven:
    """A month's seal: the paper that was signed, the decision by which the month was opened again."""
    permitted(by, Capability.READ_RESULTS)
    row = db.session.scalar(select(MonthSeal).where(MonthSeal.site == scope.site, MonthSeal.id == seal_id))
    if row is None:
        raise NotFound("Không tìm thấy niêm phong này.")
    return Proven(
        "period",
        row.period,
        f"{Period.parse(row.period).label(language())} ({row.number})",
        "compliance.month",
        takes=by.may(Capability.CLOSE_MONTHS),
        owns=by.may(Capability.SEAL_MONTHS),
        place={"key": row.period},
    )


register_proven(EvidenceOf.VIOLATION, _violation)
register_proven(EvidenceOf.WAIVER, _waiver)
register_proven(EvidenceOf.SEAL, _seal)


# What a unit that is succeeded still has to answer for, and what it was excused from.
#
# Violations stay the unit's that broke the rule; its successor answers them. A waiver was given to a unit for reasons
# of its own and ends with it; a unit that goes on under another code keeps it.

_ANSWERED = (ViolationState.ACCEPTED, ViolationState.REMEDIED)


def _violations(decided: Decision) -> Iterator[Passing]:
    v = Violation
    chosen = select(v).where(v.site == decided.unit.site, v.unit_id == decided.unit.id, v.state.not_in(_ANSWERED))
    for row in db.session.scalars(chosen.order_by(v.id)):
        yield Passing("violation", row.id, f"{row.period}: {row.rule}", decided.heir())


def _waivers(decided: Decision) -> Iterator[Passing]:
    w = Waiver
    chosen = select(w).where(
        w.site == decided.unit.site,
        w.unit_id == decided.unit.id,
        w.valid_to >= decided.first_day,
        w.ended_at.is_(None),
        w.annulled_at.is_(None),
        w.refused_at.is_(None),
    )
    goes_on = decided.kind is SuccessionKind.RENAME
    note = "" if goes_on else str(_l("hết hiệu lực cùng đơn vị; muốn miễn cho đơn vị kế thừa thì ghi mới"))
    for row in db.session.scalars(chosen.order_by(w.id)):
        yield Passing("waiver", row.id, f"{row.rule}, {row.valid_to:%d/%m/%Y}", decided.heir(), note)


_KEPT = (
    *("site", "pack", "rule", "valid_to", "reason", "granted_at", "person_id", "actor"),
    *("asked_at", "asked_by", "asked_by_id"),
)


def _waivers_pass(by: Actor, decided: Decision, passings: Sequence[Passing]) -> None:
    for each in passings:
        if each.note or each.to is None:
            continue
        row = db.session.get_one(Waiver, each.record_id)
        kept = {name: getattr(row, name) for name in _KEPT}
        first = max(row.valid_from, decided.first_day)
        db.session.add(Waiver(unit_id=each.to.id, valid_from=first, **kept))
    db.session.flush()


register_part(Part("violation", _l("Vi phạm chưa giải trình xong"), _violations, binds=False))
register_part(Part("waiver", _l("Miễn áp dụng quy tắc"), _waivers, _waivers_pass, binds=False))


def earlier_failures(_connection: Connection, _query: FactQuery) -> Iterator[Fact]:
    """None: what earlier periods say is judged from their own facts, once it is known what fails now
    (`runs.rows`), and kept with the facts of the run."""
    yield from ()


register(EARLIER_FAILURE, earlier_failures)
