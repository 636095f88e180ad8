"""What units hand in, carry out and answer, and what they are assigned: every change, with its audit entry.

A unit's head records for the units of their scope; the Office, inspectors and administrators for all.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TypeVar

from app.core.errors import N_, Conflict, DomainError, NotAllowed, NotFound
from app.core.periods import LAST_YEAR, Period
from app.core.text import checked_reason, fold, tidy
from app.obligations import queries
from app.obligations.models import Directive, Filing, FilingKind, OnlineTarget, Petition
from app.obligations.queries import PERIOD_OF
from app.organisation import audit
from app.organisation import queries as organisation
from app.organisation.access import Actor, Scope
from app.organisation.audit import transaction
from app.organisation.calendars import site_calendar, today
from app.organisation.lineage import in_being
from app.organisation.permissions import Capability, needs
from app.web import extensions
from app.web.due import missed
from app.web.formats import label

R = TypeVar("R", Filing, Directive, Petition)
PLANS = (FilingKind.REFORM_PLAN, FilingKind.TRAINING_PLAN, FilingKind.AUTONOMY)
"""What may be sent, or decided, before the year that it is for begins."""
WORKING_DAYS_TO_ANSWER = 15  # for a petition, unless another day is set


@needs(Capability.FULFIL_OBLIGATIONS)
def hand_in(
    scope: Scope,
    by: Actor,
    *,
    unit_id: int,
    kind: FilingKind,
    filed_on: date,
    period: str = "",
    title: str = "",
    document: str = "",
) -> Filing:
    """A unit handed in a report or a list for a period, or published a news item, or held a dialogue.

    Raises DomainError (field named) for a period that the kind does not have, or a day that cannot be; Conflict
    when the same is recorded already.
    """
    _check_within(scope, unit_id)
    named = _period_for(kind, period)
    # What a unit that is gone still owed for its own time, its successor hands in.
    _check_unit(scope, unit_id, on=min(named.first, filed_on) if named else filed_on)
    _check_past(filed_on, "filed_on")
    if named and filed_on < (named.previous().first if kind in PLANS else named.first):
        raise DomainError("Ngày nộp trước khi kỳ bắt đầu (%(day)s).", field="filed_on", day=named.first)
    title, document = tidy(title), _short(document, 200, "document")
    if not title and not named:
        raise DomainError("Hãy ghi tên tin, bài, báo cáo hoặc nội dung đối thoại.", field="title")
    with transaction() as session:
        filing = Filing(
            site=scope.site,
            unit_id=unit_id,
            kind=kind,
            period=named.key if named else "",
            filed_on=filed_on,
            title=title or f"{label(kind)} – {named.label() if named else ''}",
            document=document,
            recorded_at=extensions.now(),
            person_id=by.person_id,
        )
        session.add(filing)
        session.flush()
        audit.record(by, "hand_in", "filing", filing.id, **_filing_details(filing))
        _refuse_double(filing)  # after the entry: the trail lets one change at a time through
    return filing


@needs(Capability.FULFIL_OBLIGATIONS)
def withdraw_filing(scope: Scope, by: Actor, filing_id: int, *, reason: str) -> Filing:
    """Take a filing back that was recorded by mistake or is handed in anew. It is kept, and no longer counts."""
    reason = checked_reason(reason, missing=N_("Hãy ghi lý do rút."))
    with transaction():
        filing = _found(scope, Filing, filing_id)
        if filing.withdrawn:
            raise Conflict("Bản này đã được rút.")
        filing.withdrawn, filing.withdrawal = True, reason
        audit.record(by, "withdraw_filing", "filing", filing.id, **_filing_details(filing), reason=reason)
    return filing


@needs(Capability.ASSIGN_OBLIGATIONS)
def register_directive(
    scope: Scope,
    by: Actor,
    *,
    number: str,
    issuer: str,
    summary: str,
    unit_ids: Sequence[int],
    received_on: date,
    due_on: date | None = None,
) -> list[Directive]:
    """A document that directs units to do something (văn bản chỉ đạo): one record for each unit that must."""
    number = _short(_needed(number, "number", N_("Hãy ghi số, ký hiệu văn bản.")), 64, "number")
    issuer = _short(_needed(issuer, "issuer", N_("Hãy ghi cơ quan ban hành.")), 200, "issuer")
    summary = _needed(summary, "summary", N_("Hãy ghi việc phải làm."))
    if not unit_ids:
        raise DomainError("Hãy chọn ít nhất một đơn vị thực hiện.", field="unit_ids")
    for unit_id in unit_ids:
        _check_unit(scope, unit_id, "unit_ids")
    _check_past(received_on, "received_on")
    _check_due(received_on, due_on)
    with transaction() as session:
        made = [
            Directive(
                site=scope.site,
                unit_id=unit_id,
                number=number,
                issuer=issuer,
                summary=summary,
                received_on=received_on,
                due_on=due_on,
            )
            for unit_id in dict.fromkeys(unit_ids)
        ]
        session.add_all(made)
        session.flush()
        units = [unit.code for unit_id in unit_ids if (unit := organisation.unit(unit_id))]
        audit.record(
            by, "register_directive", "directive", number, issuer=issuer, units=units, received_on=received_on,
            due_on=due_on,
        )  # fmt: skip
        same = queries.same_directives(scope.site, number, issuer, unit_ids)
        if double := next((known for known in same if known not in made), None):
            raise Conflict(
                "Văn bản %(number)s đã được giao cho %(unit)s.", field="number", number=number, unit=double.unit.name
            )
    return made


@needs(Capability.FULFIL_OBLIGATIONS)
def finish_directive(
    scope: Scope, by: Actor, directive_id: int, *, done_on: date, result: str, seen: int | None = None
) -> Directive:
    """A unit has carried a directive out. `seen` is the revision the person saw; Conflict when it is another now."""
    result = _needed(result, "result", N_("Hãy ghi kết quả thực hiện."))
    _check_past(done_on, "done_on")
    with transaction():
        directive = _found(scope, Directive, directive_id)
        if directive.done_on is not None:
            raise Conflict("Văn bản này đã được thực hiện xong ngày %(day)s.", day=directive.done_on)
        _check_seen(directive.revision, seen)
        _check_after(done_on, directive.received_on, "done_on")
        directive.done_on, directive.result = done_on, result
        directive.revision += 1
        audit.record(by, "finish_directive", "directive", directive.number, done_on=done_on, result=result)
    return directive


@needs(Capability.FULFIL_OBLIGATIONS)
def receive_petition(
    scope: Scope,
    by: Actor,
    *,
    unit_id: int,
    content: str,
    received_on: date,
    due_on: date | None = None,
    sender: str = "",
    code: str = "",
) -> Petition:
    """A citizen's petition (phản ánh, kiến nghị) comes in; without a due day it has 15 working days, without a code
    it gets the next one of its year, PA2024-0001."""
    _check_unit(scope, unit_id)
    content = _needed(content, "content", N_("Hãy ghi nội dung phản ánh, kiến nghị."))
    code, sender = _short(code, 64, "code"), _short(sender, 200, "sender")
    _check_past(received_on, "received_on")
    _check_due(received_on, due_on)
    with transaction() as session:
        code = code or _next_code(scope.site, received_on.year)
        if queries.petition_with_code(scope.site, code):
            raise Conflict("Mã %(code)s đã có.", field="code", code=code)
        petition = Petition(
            site=scope.site,
            code=code,
            unit_id=unit_id,
            sender=sender,
            content=content,
            received_on=received_on,
            due_on=due_on or petition_due(received_on),
        )
        session.add(petition)
        session.flush()
        audit.record(by, "receive_petition", "petition", code, received_on=received_on, due_on=petition.due_on)
    return petition


def petition_due(received_on: date) -> date:
    """The last day to answer a petition received that day, by the site's calendar."""
    return site_calendar().add_working_days(received_on, WORKING_DAYS_TO_ANSWER)


@needs(Capability.FULFIL_OBLIGATIONS)
def answer_petition(
    scope: Scope, by: Actor, petition_id: int, *, answered_on: date, answer: str, seen: int | None = None
) -> Petition:
    """A petition is answered. `seen` is the revision the person saw; Conflict when it is another now."""
    answer = _needed(answer, "answer", N_("Hãy ghi nội dung hoặc số văn bản trả lời."))
    _check_past(answered_on, "answered_on")
    with transaction():
        petition = _found(scope, Petition, petition_id)
        if petition.answered_on is not None:
            raise Conflict("Phản ánh, kiến nghị này đã được trả lời ngày %(day)s.", day=petition.answered_on)
        _check_seen(petition.revision, seen)
        _check_after(answered_on, petition.received_on, "answered_on")
        petition.answered_on, petition.answer = answered_on, answer
        petition.revision += 1
        audit.record(by, "answer_petition", "petition", petition.code, answered_on=answered_on, answer=answer)
    return petition


@needs(Capability.ASSIGN_OBLIGATIONS)
def set_online_target(
    scope: Scope, by: Actor, *, unit_id: int, year: int, percent: int, assigned_on: date, document: str
) -> OnlineTarget:
    """Assign the share of cases that a unit must receive online in a year, in whole percent, by a document."""
    _check_unit(scope, unit_id)
    if not 1 <= percent <= 100:
        raise DomainError("Chỉ tiêu là một số nguyên từ 1 đến 100.", field="percent")
    if not 2000 <= year <= LAST_YEAR:
        raise DomainError("Năm không đúng.", field="year")
    _check_past(assigned_on, "assigned_on")
    document = _short(_needed(document, "document", N_("Hãy ghi văn bản giao chỉ tiêu.")), 200, "document")
    with transaction() as session:
        target = queries.online_target(scope.site, unit_id, year)
        before = target.percent if target else None
        if target is None:
            target = OnlineTarget(site=scope.site, unit_id=unit_id, year=year)
            session.add(target)
        target.percent, target.assigned_on, target.document = percent, assigned_on, document
        session.flush()
        audit.record(
            by, "set_online_target", "online_target", target.id, unit=target.unit.code, year=year, document=document,
            changed={"percent": [before, percent]},
        )  # fmt: skip
    return target


def _period_for(kind: FilingKind, period: str) -> Period | None:
    wanted = PERIOD_OF.get(kind)
    if not tidy(period):
        if wanted is not None:
            raise DomainError("Hãy chọn kỳ của báo cáo, danh mục.", field="period")
        return None
    if kind in (FilingKind.NEWS_ITEM, FilingKind.DIALOGUE):
        raise DomainError("Tin, bài và đối thoại tính theo ngày, không có kỳ.", field="period")
    named = Period.parse(period)
    if wanted not in (None, named.kind):
        raise DomainError("Kỳ %(period)s không đúng loại báo cáo này.", field="period", period=named.key)
    return named


def _refuse_double(filing: Filing) -> None:
    for known in queries.same_filings(filing.site, filing.unit_id, filing.kind, filing.period, filing.filed_on):
        if known.id == filing.id:
            continue
        if filing.kind in PERIOD_OF:
            raise Conflict(
                "Đơn vị đã nộp cho kỳ này ngày %(day)s. Nếu nộp bản thay thế, hãy rút bản đó trước.",
                field="period",
                day=known.filed_on,
            )
        if fold(known.title) == fold(filing.title):
            raise Conflict("Nội dung này đã được ghi cho cùng ngày.", field="title")


def _next_code(site: str, year: int) -> str:
    prefix = f"PA{year}-"
    numbers = (code.removeprefix(prefix) for code in queries.petition_codes(site, prefix))
    return f"{prefix}{max((int(number) for number in numbers if number.isdecimal()), default=0) + 1:04}"


def _found(scope: Scope, model: type[R], record_id: int) -> R:
    found = queries.one(scope, model, record_id)
    if found is None:
        raise NotFound("Không tìm thấy mục này.")
    return found


def _check_within(scope: Scope, unit_id: int) -> None:
    """A unit outside the scope is not there, whatever else is wrong with what is handed in."""
    if not scope.covers(unit_id):
        raise NotAllowed("Bạn chỉ ghi được việc của đơn vị mình.", field="unit_id")


def _check_unit(scope: Scope, unit_id: int, field: str = "unit_id", on: date | None = None) -> None:
    """Raises DomainError for a unit that is not in being, today or on that day, NotAllowed for one of others."""
    unit = organisation.unit(unit_id)
    if unit is None or unit.site != scope.site:
        raise DomainError("Hãy chọn đơn vị có trong danh sách.", field=field)
    if not scope.covers(unit_id):
        raise NotAllowed("Bạn chỉ ghi được việc của đơn vị mình.", field=field)
    in_being(unit, on or today(), field)


def _check_past(day: date, field: str) -> None:
    if day > today():
        raise DomainError("Ngày %(day)s chưa tới.", field=field, day=day)
    if day.year < 2000:
        raise DomainError("Năm không đúng.", field=field)


def _check_due(received_on: date, due_on: date | None) -> None:
    if missed(due_on, received_on):
        raise DomainError("Hạn không được trước ngày nhận (%(day)s).", field="due_on", day=received_on)


def _check_after(day: date, received_on: date, field: str) -> None:
    if day < received_on:
        raise DomainError("Ngày không được trước ngày nhận (%(day)s).", field=field, day=received_on)


def _check_seen(revision: int, seen: int | None) -> None:
    if seen is not None and seen != revision:
        raise Conflict("Mục này vừa được người khác ghi. Hãy xem lại rồi thử lại.")


def _needed(text: str, field: str, message: str) -> str:
    if not (text := tidy(text)):
        raise DomainError(message, field=field)
    return text


def _short(text: str, longest: int, field: str) -> str:
    if len(text := tidy(text)) > longest:
        raise DomainError("Nội dung dài quá %(longest)s ký tự.", field=field, longest=longest)
    return text


def _filing_details(filing: Filing) -> dict[str, object]:
    unit = organisation.unit(filing.unit_id)
    return {
        "unit": unit.code if unit else "",
        "kind": filing.kind.value,
        "period": filing.period,
        "filed_on": filing.filed_on,
        "title": filing.title,
    }
