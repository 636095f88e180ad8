"""What the duties register with the rooms below: where each is recorded, who is told that one is due or late, files
that prove a filing, and what passes when a unit is succeeded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from flask import url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from app.core.errors import NotFound
from app.notifications.labels import News, add_sentences, due_day
from app.notifications.models import NoticeKind
from app.notifications.queries import staff
from app.notifications.service import add_source
from app.obligations import queries
from app.obligations.models import (
    DIRECTIVE,
    PETITION,
    TARGET,
    Directive,
    Filing,
    FilingKind,
    OnlineTarget,
    Petition,
    Survey,
)
from app.organisation.access import Actor, Scope, can
from app.organisation.calendars import site_calendar
from app.organisation.permissions import Capability, permitted
from app.organisation.registries import Act, EvidenceOf, Proven, Wanted, register_act, register_proven
from app.organisation.succession import Decision, Part, Passing, register_part, remember, rows_part
from app.web import extensions
from app.web.due import due_by, missed
from app.web.extensions import db


def _hand_in(kind: FilingKind, wanted: Wanted) -> Act | None:
    """The form with the unit and the first period that is owed already chosen."""
    if not can(Capability.FULFIL_OBLIGATIONS):
        return None
    period = wanted.names[0].split(" ")[0] if wanted.names else ""
    year = period[:4] if period[:4].isdecimal() else str(wanted.period.first.year)
    address = url_for("obligations.hand_in", loai=kind.value, nam=year, ky=period, don_vi=wanted.unit_id)
    return Act(_("Ghi đã nộp"), address)


for kind in FilingKind:
    register_act(kind.value, partial(_hand_in, kind))


# Who is told that a directive or a petition is due or late: the head of the unit that answers for it.

AHEAD = 2  # working days before the last day from which the head is told

DIRECTIVE_SOON, DIRECTIVE_LATE = "directive_due_soon", "directive_overdue"
PETITION_SOON, PETITION_LATE = "petition_due_soon", "petition_overdue"


def due_directives(scope: Scope) -> Iterator[News]:
    calendar, everybody = site_calendar(), staff(scope)
    today = calendar.local_day(extensions.now())
    for each in queries.directives(scope, open_only=True):
        if not due_by(each.due_on, calendar.add_working_days(today, AHEAD)) or each.due_on is None:
            continue
        yield News(
            everybody.heads(each.unit_id),
            NoticeKind.DUTY,
            DIRECTIVE_LATE if missed(each.due_on, today) else DIRECTIVE_SOON,
            about=f"directive/{each.id}",
            subject=each.due_on.isoformat(),
            figures={"number": each.number, "issuer": each.issuer, "due": each.due_on.isoformat()},
            page="obligations.directives",
        )


def due_petitions(scope: Scope) -> Iterator[News]:
    calendar, everybody = site_calendar(), staff(scope)
    today = calendar.local_day(extensions.now())
    for each in queries.petitions(scope, open_only=True):
        if not due_by(each.due_on, calendar.add_working_days(today, AHEAD)):
            continue
        yield News(
            everybody.heads(each.unit_id),
            NoticeKind.DUTY,
            PETITION_LATE if missed(each.due_on, today) else PETITION_SOON,
            about=f"petition/{each.id}",
            subject=each.due_on.isoformat(),
            figures={"code": each.code, "due": each.due_on.isoformat()},
            page="obligations.petitions",
        )


add_sentences(
    {
        DIRECTIVE_SOON: lambda f: _(
            "Văn bản chỉ đạo %(number)s của %(issuer)s phải xong trước hết ngày %(day)s",
            number=f["number"],
            issuer=f["issuer"],
            day=due_day(f),
        ),
        DIRECTIVE_LATE: lambda f: _(
            "Văn bản chỉ đạo %(number)s của %(issuer)s chưa xong, đã quá hạn %(day)s",
            number=f["number"],
            issuer=f["issuer"],
            day=due_day(f),
        ),
        PETITION_SOON: lambda f: _(
            "Phản ánh, kiến nghị %(code)s phải trả lời trước hết ngày %(day)s", code=f["code"], day=due_day(f)
        ),
        PETITION_LATE: lambda f: _(
            "Phản ánh, kiến nghị %(code)s chưa trả lời, đã quá hạn %(day)s", code=f["code"], day=due_day(f)
        ),
    }
)
add_source([DIRECTIVE_SOON, DIRECTIVE_LATE], due_directives)
add_source([PETITION_SOON, PETITION_LATE], due_petitions)


# Files that prove a filing: the report that was handed in, the minutes of a dialogue.


def _find(scope: Scope, by: Actor, filing_id: int) -> Proven:
    """A filing; the Office puts together what all units do, and sees all of them."""
    permitted(by, Capability.FULFIL_OBLIGATIONS)
    chosen = select(Filing).where(Filing.site == scope.site, Filing.id == filing_id)
    if by.person_id is None or not by.may(Capability.ASSIGN_OBLIGATIONS):
        chosen = chosen.where(scope.within(Filing.unit_id))
    filing = db.session.scalar(chosen)
    if filing is None:
        raise NotFound("Không tìm thấy mục này.")
    year = int(filing.period[:4]) if filing.period else filing.filed_on.year
    return Proven(
        "filing",
        str(filing.id),
        f"{filing.title} – {filing.unit.name}",
        "obligations.duties",
        takes=not filing.withdrawn,
        owns=True,
        settled=filing.withdrawn,
        place={"loai": filing.kind.value, "nam": year, "don_vi": filing.unit_id},
    )


register_proven(EvidenceOf.FILING, _find)


# What of a unit's duties passes when it is succeeded: directives not carried out, petitions not answered, targets.
#
# Reports that it owed are its successor's to send: they name the unit they were owed for, and stay where they are.


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
