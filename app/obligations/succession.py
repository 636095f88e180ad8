"""What of a unit's duties passes when it is succeeded: directives not carried out, petitions not answered, targets.

Reports that it owed are its successor's to send: they name the unit they were owed for, and stay where they are.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from app.obligations.models import DIRECTIVE, PETITION, TARGET, Directive, Filing, OnlineTarget, Petition, Survey
from app.organisation.access import Actor
from app.organisation.succession import Decision, Part, Passing, register_part, remember, rows_part
from app.web.extensions import db


def _targets(decided: Decision) -> Iterator[Passing]:
    """Shares assigned for the year of the successors' first day and later; one that has its own keeps that."""
    t = OnlineTarget
    chosen = select(t).where(t.site == decided.unit.site, t.year >= decided.first_day.year).order_by(t.year)
    heir = decided.heir()
    has_own = {row.year for row in db.session.scalars(chosen.where(t.unit_id == heir.id))} if heir else set()
    for row in db.session.scalars(chosen.where(t.unit_id == decided.unit.id)):
        note = str(_l("đơn vị kế thừa đã có chỉ tiêu riêng, giữ nguyên")) if row.year in has_own else ""
        yield Passing(TARGET, row.id, f"{row.year}: {row.percent}%", heir, note)


def _targets_pass(by: Actor, decided: Decision, passings: Sequence[Passing]) -> None:
    for each in passings:
        if each.to is not None and not each.note:
            db.session.get_one(OnlineTarget, each.record_id).unit_id = each.to.id
            remember(decided, TARGET, each.record_id, each.to)
    db.session.flush()


def _filed_after(decided: Decision) -> str | None:
    """A report, an item or a survey of a day after the unit's last one: of who does not exist any more."""
    after = (Filing.site == decided.unit.site, Filing.unit_id == decided.unit.id, Filing.withdrawn.is_(False))
    filing = db.session.scalar(select(Filing).where(*after, Filing.filed_on > decided.last_day).order_by(Filing.id))
    if filing is not None:
        return filing.title or filing.period
    survey = select(Survey.round).where(Survey.site == decided.unit.site, Survey.unit_id == decided.unit.id)
    return db.session.scalar(survey.where(Survey.held_on > decided.last_day).order_by(Survey.id).limit(1))


def _no_filings(decided: Decision) -> Sequence[Passing]:
    """What was handed in stays the unit's."""
    return ()


register_part(
    rows_part(
        DIRECTIVE,
        _l("Văn bản chỉ đạo chưa thực hiện"),
        Directive,
        lambda decided: Directive.done_on.is_(None),
        lambda row: f"{row.number} – {row.summary}",
        later=lambda decided: Directive.done_on > decided.last_day,
    )
)
register_part(
    rows_part(
        PETITION,
        _l("Phản ánh, kiến nghị chưa trả lời"),
        Petition,
        lambda decided: Petition.answered_on.is_(None),
        lambda row: f"{row.code} – {row.content}",
        later=lambda decided: Petition.answered_on > decided.last_day,
    )
)
register_part(Part(TARGET, _l("Chỉ tiêu hồ sơ trực tuyến"), _targets, _targets_pass, binds=False))
register_part(Part("filing", _l("Báo cáo, văn bản đã nộp"), _no_filings, later_work=_filed_after))
