"""What is owed after a case went wrong (the head's explanation to the Director, the apology to the citizen), and
mistakes found in its handling (sai sót)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Any

from flask import current_app
from sqlalchemy import Select, func, select, update

from app.cases import population, service
from app.cases.explanations import notices
from app.cases.explanations.models import (
    Apology,
    CaseFault,
    Explanation,
    ExplanationState,
    FaultSource,
    is_about,
    state_of,
)
from app.cases.models import Case
from app.cases.population import on_desk_of
from app.cases.vocabulary import EventKind
from app.core.errors import N_, Conflict, DomainError, NotAllowed, NotFound
from app.core.text import checked_reason, checked_words, tidy
from app.organisation import audit
from app.organisation.access import Actor, Scope
from app.organisation.audit import transaction
from app.organisation.calendars import site_calendar
from app.organisation.lineage import lineage
from app.organisation.permissions import Capability, needs
from app.organisation.registries import answered
from app.web import extensions
from app.web.due import kept
from app.web.extensions import db

# What is owed after a case went wrong: the head's explanation to the Director, the apology to the citizen.
#
# An explanation goes from the unit through the Office to the Director, who accepts it or returns it with words; a
# returned one stays in the record and is given again. An apology never makes a late case timely.

EXPLANATION = "explanation"  # the kind of fact that tells of one
LONGEST = 4_000  # characters of an explanation or a decision
MOST_AT_ONCE = 200  # cases explained, or explanations received, in one act


@needs(Capability.EXPLAIN_CASES)
def explain(scope: Scope, by: Actor, case_ids: Collection[int], text: str) -> list[Explanation]:
    """A head explains overdue cases (giải trình), each with its own record, all or none.

    Raises a sentence naming the first case that cannot be explained now.
    """
    words = checked_words(text, field="text", missing=N_("Hãy ghi nội dung giải trình."), most=LONGEST)
    now, heirs = extensions.now(), lineage(scope.site)
    day = site_calendar().local_day(now)
    with transaction() as session:
        cases = _cases_to_explain(scope, case_ids)
        standing = latest_explanations([case.id for case in cases])
        sent = []
        for case in cases:
            # A case that had ended before its unit did stays that unit's; the head of its successor answers for it.
            by_head = by.unit_id == heirs.heir(case.unit_id, day)
            _check_owed(case, standing.get(case.id), by_head, now)
            sent.append(_explanation(case, by, words, by_head, now))
        session.add_all(sent)
        session.flush()
        codes = [case.code for case in cases]
        audit.record(by, "explain_overdue", "case", codes[0] if len(codes) == 1 else "", cases=codes)
        answered(scope.site, EXPLANATION, codes)
        notices.sent(scope, by.person_id, sent, codes)
    return sent


def _cases_to_explain(scope: Scope, case_ids: Collection[int]) -> Sequence[Case]:
    wanted = set(case_ids)
    if not wanted:
        raise DomainError("Hãy chọn ít nhất một hồ sơ.", field="cases")
    if len(wanted) > MOST_AT_ONCE:
        raise DomainError("Mỗi lần ghi nhiều nhất %(most)s hồ sơ.", field="cases", most=MOST_AT_ONCE)
    mine = (Case.id.in_(wanted), Case.site == scope.site, scope.within(Case.unit_id))
    # Changes nothing, but from here on nobody else explains these cases (see service.record).
    db.session.execute(
        update(Case).where(*mine).values(revision=Case.revision).execution_options(synchronize_session=False)
    )
    cases = db.session.scalars(select(Case).where(*mine).order_by(Case.late_after, Case.id)).all()
    if len(cases) != len(wanted):
        raise NotFound("Không tìm thấy hồ sơ này.")
    return cases


def _check_owed(case: Case, latest: Explanation | None, by_head: bool, now: datetime) -> None:
    if not population.late(case, now):
        raise DomainError("Hồ sơ %(code)s không quá hạn, không phải giải trình.", field="cases", code=case.code)
    state = state_of(latest)
    if latest is None or state.is_owed or (by_head and not latest.by_head):
        return
    raise Conflict("Hồ sơ %(code)s đã có giải trình: %(state)s.", field="cases", code=case.code, state=state)


def _explanation(case: Case, by: Actor, words: str, by_head: bool, now: datetime) -> Explanation:
    return Explanation(
        site=case.site,
        case_id=case.id,
        unit_id=case.unit_id,
        text=words,
        sent_at=now,
        person_id=by.person_id,
        actor=by.name,
        by_head=by_head,
    )


def latest_explanations(case_ids: Collection[int]) -> dict[int, Explanation]:
    """The latest explanation of each of these cases that has one."""
    latest = select(func.max(Explanation.id)).where(Explanation.case_id.in_(case_ids)).group_by(Explanation.case_id)
    return {each.case_id: each for each in db.session.scalars(select(Explanation).where(Explanation.id.in_(latest)))}


@needs(Capability.RECEIVE_EXPLANATIONS)
def receive_explanations(site: str, by: Actor, ids: Collection[int]) -> int:
    """The Office takes explanations in for the Director. Returns how many it had not yet."""
    if not ids:
        raise DomainError("Hãy chọn ít nhất một giải trình.", field="explanations")
    with transaction() as session:
        waiting = select(Explanation).where(
            Explanation.site == site, Explanation.id.in_(ids), Explanation.office_received_at.is_(None)
        )
        found = session.scalars(waiting.with_for_update()).all()
        for each in found:
            each.office_received_at, each.revision = extensions.now(), each.revision + 1
        if found:
            audit.record(by, "receive_explanations", "case", "", explanations=[each.id for each in found])
            session.flush()
            notices.received(site, by.person_id, found)
    return len(found)


@needs(Capability.DECIDE_EXPLANATIONS)
def decide(
    site: str, by: Actor, case_id: int, explanation_id: int, *, accepted: bool, words: str = "", revision: int
) -> Explanation:
    """The Director, or who acts for the Director, accepts an explanation or returns it saying what is missing; nobody
    decides about what they wrote themselves."""
    if accepted:
        text = checked_words(words, field="words", missing="", most=LONGEST) if tidy(words) else ""
    else:
        text = checked_reason(words, missing=N_("Hãy ghi lý do trả lại."), field="words")
    now = extensions.now()
    with transaction() as session:
        found = session.scalar(
            select(Explanation)
            .where(Explanation.id == explanation_id, Explanation.case_id == case_id, Explanation.site == site)
            .with_for_update()
        )
        if found is None:
            raise NotFound("Không tìm thấy giải trình này.")
        if found.revision != revision or found.accepted is not None:
            raise Conflict("Giải trình vừa được người khác cập nhật. Hãy xem lại rồi ghi tiếp.")
        if state_of(found) is not ExplanationState.RECEIVED:
            raise DomainError("Văn phòng Sở phải tiếp nhận giải trình trước khi trình Giám đốc.")
        if by.person_id is not None and by.person_id == found.person_id:
            raise NotAllowed("Bạn đã gửi giải trình này nên không được tự quyết định.")
        found.accepted, found.decision, found.decided_at, found.revision = accepted, text, now, found.revision + 1
        found.decided_by, found.decided_by_id = by.signs(Capability.DECIDE_EXPLANATIONS), by.person_id
        code = session.scalar(select(Case.code).where(Case.id == found.case_id))
        audit.record(by, "decide_explanation", "case", code, accepted=accepted, decision=text)
        answered(site, EXPLANATION, [str(code)])
        session.flush()
        notices.decided(site, found, str(code))
    return found


@needs(Capability.HANDLE_CASES)
def apologise(
    scope: Scope,
    by: Actor,
    case_id: int,
    *,
    number: str,
    reason: str,
    signer: str,
    new_day: date | None = None,
    wrong: bool = False,
    faults: Collection[int] = (),
    revision: int,
) -> Apology:
    """A written apology to the applicant (văn bản xin lỗi): for lateness, with the new date promised, or for mistakes.

    An open case that will not be done in time is apologised for before it is due, as the law wants it. Of a case still
    open, a letter for lateness gives a new day, worked, after today and after its due day; at most `reappointments` of
    them are ever given, and after those it gives none. A letter for mistakes needs no day; it names those of the case
    (`faults`, by their numbers): all that wait for an apology, unless some are named.
    Sent in time, the new day is the promise; what was late stays late. The letter is an event of the case as well.
    """
    case = db.session.scalar(select(Case).where(Case.id == case_id, Case.site == scope.site, on_desk_of(scope)))
    if case is None:
        raise NotFound("Không tìm thấy hồ sơ này.")
    values = {"number": tidy(number), "signer": tidy(signer)}
    for field, missing in (("number", N_("Hãy ghi số của văn bản xin lỗi.")), ("signer", N_("Hãy ghi người ký."))):
        if not values[field]:
            raise DomainError(missing, field=field)
    words = checked_words(reason, field="reason", missing=N_("Hãy ghi lý do xin lỗi."), most=LONGEST)
    now = extensions.now()
    if not wrong:
        _check_late_or_going_to_be(case)
    apology = Apology(
        site=case.site,
        case_id=case.id,
        **values,
        reason=words,
        wrong=wrong,
        faults=_mistakes_meant(case, wrong, faults, now),
        sent_at=now,
        old_due_at=case.due_at,
        new_due_at=_new_due_at(case, new_day, wrong, now),
        person_id=by.person_id,
    )
    data: dict[str, Any] = {"number": apology.number}
    if wrong:
        data["wrong"] = True
    if apology.new_due_at:
        data["new_due_at"] = apology.new_due_at.isoformat()
    with transaction() as session:
        session.add(apology)  # written with the event, or not at all
        service.record(scope, by, case_id, EventKind.APOLOGISED, note=words, data=data, revision=revision)
    return apology


def _mistakes_meant(case: Case, wrong: bool, named: Collection[int], now: datetime) -> list[int]:
    """Numbers of the mistakes that the letter is about; those named, or all that wait for one."""
    if not wrong:
        if named:
            raise DomainError(
                "Văn bản xin lỗi vì trễ hạn không trả lời sai sót; hãy ghi văn bản riêng.", field="faults"
            )
        return []
    waiting, known = waiting_faults(case.id, site_calendar().local_day(now))
    if strange := sorted(set(named) - set(known)):
        raise DomainError("Hồ sơ không có sai sót số %(number)s.", field="faults", number=strange[0])
    return sorted(set(named)) or waiting


def waiting_faults(case_id: int, day: date) -> tuple[list[int], list[int]]:
    """Numbers of a case's mistakes found by that day and not taken back: those no letter is about, and all."""
    found = select(CaseFault.number, CaseFault.found_on).where(
        CaseFault.case_id == case_id, CaseFault.found_on <= day, CaseFault.withdrawn_at.is_(None)
    )
    known = {row.number: row.found_on for row in db.session.execute(found.order_by(CaseFault.number))}
    sent = db.session.scalars(select(Apology).where(Apology.case_id == case_id, Apology.wrong)).all()
    letters = [(site_calendar().local_day(each.sent_at), each.faults) for each in sent]
    waiting = [
        number
        for number, found_on in known.items()
        if not any(is_about(number, found_on, day, numbers) for day, numbers in letters)
    ]
    return waiting, list(known)


def _check_late_or_going_to_be(case: Case) -> None:
    if case.late_after is None:
        raise DomainError("Hồ sơ đang chờ bổ sung, thời hạn không tính; chỉ xin lỗi vì sai sót.", field="wrong")
    if population.ended_in_time(case):
        raise DomainError("Hồ sơ đã được giải quyết trong hạn; chỉ xin lỗi vì sai sót.", field="wrong")


def _new_due_at(case: Case, day: date | None, wrong: bool, now: datetime) -> datetime | None:
    """The end of the day promised. DomainError for a day that cannot be promised."""
    calendar = site_calendar()
    if case.ended_at is not None:
        if day is not None:
            raise DomainError("Hồ sơ đã kết thúc, không hẹn lại ngày trả.", field="new_day")
        return None
    allowed = current_app.config["SETTINGS"].reappointments
    dated = select(Apology.wrong).where(Apology.case_id == case.id, Apology.new_due_at.is_not(None))
    given = db.session.scalars(dated).all()
    if day is None and (wrong or len(given) >= allowed):
        return None
    if day is None:
        raise DomainError("Hãy ghi ngày hẹn trả mới.", field="new_day")
    if day <= calendar.local_day(now):
        raise DomainError("Ngày hẹn trả mới phải sau hôm nay.", field="new_day")
    due = calendar.local_day(case.due_at) if case.due_at else None
    if not wrong and kept(due, day):
        raise DomainError("Ngày hẹn trả mới phải sau ngày hẹn trả %(day)s.", field="new_day", day=due)
    if not calendar.is_working_day(day):
        raise DomainError("Ngày %(day)s cơ quan nghỉ; hãy chọn một ngày làm việc.", field="new_day", day=day)
    times = given.count(False)  # a letter about a mistake moves no promise and uses none up
    if not wrong and times >= allowed:
        raise DomainError(
            "Hồ sơ đã được hẹn lại %(times)s lần, không được hẹn thêm; hãy bỏ trống ngày hẹn và trả kết quả sớm nhất.",
            field="new_day",
            times=allowed,
        )
    return calendar.end_of_day(day)


# Mistakes found in the handling of cases (sai sót): recorded, and withdrawn when recorded in error.

LONGEST_FAULT = 2_000  # characters of what was wrong


@needs(Capability.RECORD_FAULTS)
def record_fault(
    scope: Scope, by: Actor, case_id: int, *, found_on: date, source: FaultSource, what: str, document: str = ""
) -> CaseFault:
    """Record that a case was found to have been handled wrongly, on a day not before it came in and not to come.

    A head records it of the cases of their units, inspectors of every case.
    """
    words = checked_words(what, field="what", missing=N_("Hãy ghi sai sót là gì."), most=LONGEST_FAULT)
    with transaction() as session:
        case = session.scalar(_case(scope, case_id).with_for_update(of=Case))
        if case is None:
            raise NotFound("Không tìm thấy hồ sơ này.")
        if not scope.covers(case.unit_id):
            raise NotAllowed("Chỉ người đứng đầu đơn vị có hồ sơ hoặc cán bộ thanh tra ghi nhận sai sót.")
        _check_day(case, found_on)
        last = session.scalar(select(func.max(CaseFault.number)).where(CaseFault.case_id == case.id)) or 0
        fault = CaseFault(
            site=case.site,
            case_id=case.id,
            number=last + 1,
            unit_id=case.unit_id,
            found_on=found_on,
            source=source,
            what=words,
            document=tidy(document),
            recorded_at=extensions.now(),
            person_id=by.person_id,
            actor=by.name,
        )
        session.add(fault)
        session.flush()
        audit.record(by, "record_fault", "case", case.code, found_on=found_on, source=source, what=words)
    return fault


@needs(Capability.WITHDRAW_FAULTS)
def withdraw_fault(scope: Scope, by: Actor, case_id: int, fault_id: int, reason: str) -> CaseFault:
    """Take back what was recorded in error. The record stays, with the reason; past checks stay as they were."""
    words = checked_reason(reason, missing=N_("Hãy ghi lý do rút lại."))
    with transaction() as session:
        fault = session.scalar(
            select(CaseFault)
            .where(CaseFault.id == fault_id, CaseFault.case_id == case_id)
            .where(CaseFault.site == scope.site, scope.within(CaseFault.unit_id))
            .with_for_update()
        )
        if fault is None:
            raise NotFound("Không tìm thấy sai sót này.")
        if fault.withdrawn_at is not None:
            raise Conflict("Sai sót này đã được rút lại.")
        fault.withdrawn_at, fault.withdrawn_by, fault.withdrawal = extensions.now(), by.name, words
        code = session.scalar(select(Case.code).where(Case.id == fault.case_id))
        audit.record(by, "withdraw_fault", "case", code, reason=words)
    return fault


def fault_of(scope: Scope, case_id: int, fault_id: int) -> CaseFault:
    """One mistake of a case. Raises NotFound, also for a mistake of another case."""
    found = select(CaseFault).where(CaseFault.id == fault_id, CaseFault.case_id == case_id)
    fault = db.session.scalar(found.where(CaseFault.site == scope.site, scope.within(CaseFault.unit_id)))
    if fault is None:
        raise NotFound("Không tìm thấy sai sót này.")
    return fault


def faults_of(case_id: int) -> Sequence[CaseFault]:
    """The mistakes found in a case, the first first; withdrawn ones too."""
    return db.session.scalars(select(CaseFault).where(CaseFault.case_id == case_id).order_by(CaseFault.number)).all()


def _case(scope: Scope, case_id: int) -> Select[Any]:
    return select(Case).where(Case.id == case_id, Case.site == scope.site, on_desk_of(scope))


def _check_day(case: Case, found_on: date) -> None:
    calendar = site_calendar()
    if found_on > calendar.local_day(extensions.now()):
        raise DomainError("Ngày phát hiện sai sót không được sau hôm nay.", field="found_on")
    if found_on < calendar.local_day(case.received_at):
        raise DomainError("Ngày phát hiện sai sót không được trước ngày tiếp nhận hồ sơ.", field="found_on")
