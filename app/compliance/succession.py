"""What a unit that is succeeded still has to answer for, and what it was excused from.

Violations stay the unit's that broke the rule; its successor answers them. A waiver was given to a unit for reasons of
its own and ends with it; a unit that goes on under another code keeps it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from app.compliance.models import Violation, ViolationState, Waiver
from app.organisation.access import Actor
from app.organisation.models import SuccessionKind
from app.organisation.succession import Decision, Part, Passing, register_part
from app.web.extensions import db

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
