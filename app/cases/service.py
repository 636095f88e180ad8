"""What can be done to a case. Each function is one act at the desk: one transaction, one audit entry.

The event is added, the whole case is folded again (`timeline.project`), and the derived rows that are
otherwise now are written, all together or not at all. `revision` is the case's revision as the person saw it: when
somebody else has meanwhile recorded more than remarks, Conflict is raised and nothing is written.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Protocol, cast

from sqlalchemy import Table, bindparam, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from app.cases import chain
from app.cases.due_notices import about
from app.cases.intake.contents import (
    COUNTS,
    Applicant,
    DocumentsMissing,
    HandedIn,
    check_applicant,
    check_sets,
    document_rows,
    exemption_text,
    missing_documents,
    owed_for,
    reused_scans,
)
from app.cases.intake.questions import AskFirst, questions
from app.cases.kept_files import check_legal_value, reuse_documents
from app.cases.models import DERIVED_MODELS, DERIVED_TABLES, NUMBERED_BY, Case, CaseDocument, CaseEvent, Consultation
from app.cases.numbering import check_code, check_other_code, code_taken, next_code, next_in_register
from app.cases.rows import Row, case_row, derived_rows, search_text, terms_of, versions_by_id
from app.cases.timeline import CaseState, Event, OutOfOrder, corrected, project
from app.cases.vocabulary import MOVES, REMARKS, Channel, EventKind, PaymentChannel, ReturnMethod
from app.core.codes import code_key
from app.core.errors import N_, Conflict, DomainError, NotFound
from app.core.text import checked_reason, tidy, tidy_lines
from app.notifications import service as notices
from app.organisation import audit
from app.organisation.access import Actor, Scope
from app.organisation.audit import transaction
from app.organisation.calendars import site_calendar
from app.organisation.lineage import in_being, lineage
from app.organisation.models import Unit
from app.organisation.permissions import Capability, needs, permitted
from app.procedures.contents import check_time_known
from app.procedures.models import ProcedureVersion
from app.procedures.queries import version_at_desk
from app.web import extensions
from app.web.extensions import db

Stored = Mapping[str, Mapping[int, Mapping[str, Any]]]  # derived table -> number of the row -> row
on_received: list[Callable[[Actor, Case], None]] = []
"""Called within the transaction in which a case was taken in."""

BACKDATED_AFTER = timedelta(minutes=10)  # an event recorded later than this after it happened needs a reason


@needs(Capability.RECEIVE_CASES)
def receive_case(
    scope: Scope,
    by: Actor,
    *,
    version_id: int,
    applicant: Applicant,
    channel: Channel,
    received_at: datetime | None = None,
    reason: str = "",
    note: str = "",
    content: str = "",
    sets: int = 1,
    return_method: ReturnMethod = ReturnMethod.IN_PERSON,
    exemption: int | None = None,
    documents: Sequence[HandedIn] | None = None,
    incomplete: bool = False,
    code: str | None = None,
    other_code: str = "",
    token: str = "",
    sure: Collection[str] | None = None,
) -> Case:
    """Take a case in (tiếp nhận hồ sơ): gives it a code, a promise and its first stage. Times in UTC.

    `exemption` is one of the version's; `documents` is what was handed in, None when nobody said. Raises
    DocumentsMissing when a required one is not among them, unless it is taken in `incomplete` knowingly.
    `code` is one given out elsewhere, `other_code` that of the same case in another system; `token` names the form
    that was sent: sent twice, by whomever, it gives the case that the first sending made. AskFirst when something
    should be looked at again that is not among what whoever sends it is `sure` of, by the questions' fields; None
    asks nothing, as of what another system has taken in.
    """
    if token and (sent := case_of_form(scope.site, token)):
        return sent
    now = extensions.now()
    at = received_at or now
    _check_time(at, now, reason)
    version = version_at_desk(scope, version_id)
    if version is None:
        raise NotFound("Không tìm thấy thủ tục này.", field="version_id")
    calendar = site_calendar()
    day = calendar.local_day(at)
    in_being(version.unit, day, "version_id")
    if day < version.in_force_from or (version.in_force_to and day > version.in_force_to):
        raise DomainError("Thủ tục này không có hiệu lực vào ngày %(day)s.", field="version_id", day=day)
    check_time_known(version)
    check_applicant(applicant)
    check_sets(sets)
    due, exempted = owed_for(version, exemption)
    papers = document_rows(version, documents) if documents is not None else []
    missing = missing_documents(papers)
    if missing and not incomplete:
        raise DocumentsMissing(missing)
    asked = [] if sure is None else questions(scope, version, applicant, at)
    if any(question.field not in (sure or ()) for question in asked):
        raise AskFirst(asked)
    data: dict[str, Any] = {}
    terms = terms_of(version)
    if by.person_id is not None and by.unit_id == (terms.stages[0].unit_id if terms.stages else terms.unit_id):
        data["person_id"] = by.person_id  # stays in the hands of who took it in
    event = Event(1, EventKind.RECEIVED, at, actor=by.name, note=_note(note, reason), data=data)
    state = project(terms, [event], calendar)
    try:
        with transaction() as session:
            given = _checked_code(code) if code else next_code(scope.site, version.unit.code, day)
            case = _new_case(scope.site, given, version, applicant, channel, state, tidy(other_code))
            case.content, case.sets, case.return_method = tidy_lines(content), sets, return_method
            case.fee_due, case.exemption = due.total, exemption_text(exempted)
            case.form_token = token or None
            case.register_year, case.register_number = next_in_register(scope.site, day)  # others wait behind it
            reused = reused_scans(papers, documents or ())
            case.reused = bool(reused) if documents else None
            check_other_code(scope.site, other_code)
            session.add(case)
            session.flush()
            written = chain.add_event(case, event, now, by)
            _write_derived(case, state, {})
            _add_documents(scope, by, case, papers, reused)
            details = {"exemption": case.exemption, "missing": missing, "asked_about": [each.field for each in asked]}
            told: dict[str, Any] = {name: value for name, value in details.items() if value}
            told |= {"number": event.number, "event_hash": written.hash}
            audit.record(by, "receive_case", "case", given, version=version.id, at=at, reason=reason, **told)
            for follow in on_received:
                follow(by, case)
    except IntegrityError as error:  # the form, or the code that somebody typed, has made a case before
        if token and (sent := case_of_form(scope.site, token)):
            return sent
        if code and code_taken(scope.site, tidy(code)):
            raise Conflict("Đã có hồ sơ mang mã %(code)s.", field="code", code=tidy(code)) from error
        raise
    return case


def case_of_form(site: str, token: str) -> Case | None:
    """The case that the form with this token has made."""
    return db.session.scalar(_OF_FORM, {"site": site, "token": token})


_OF_FORM = select(Case).where(Case.site == bindparam("site"), Case.form_token == bindparam("token"))


def _checked_code(code: str) -> str:
    code = tidy(code)
    check_code(code)
    return code


def _new_case(
    site: str,
    code: str,
    version: ProcedureVersion,
    applicant: Applicant,
    channel: Channel,
    state: CaseState,
    other_code: str,
) -> Case:
    name, phone, owner = tidy(applicant.name), tidy(applicant.phone), tidy(applicant.owner)
    return Case(
        site=site,
        code=code,
        version_id=version.id,
        unit_id=version.unit_id,
        applicant=name,
        id_number=tidy(applicant.id_number),
        phone=phone,
        address=tidy(applicant.address),
        email=tidy(applicant.email),
        owner=owner,
        other_code=other_code,
        other_code_key=code_key(other_code),
        search_text=search_text(*(code, name, applicant.id_number, phone, version.procedure.code, owner), other_code),
        channel=channel,
        online_payable=bool(version.fee and version.online_payment_eligible),
        returns_result=version.returns_result,
        **case_row(state),
    )


def _add_documents(
    scope: Scope, by: Actor, case: Case, papers: Sequence[dict[str, Any]], reused: Mapping[int, int]
) -> None:
    """The documents as they were handed in, in one statement; earlier scans chosen for them are attached."""
    rows = [vars(CaseDocument(site=case.site, case_id=case.id, **paper)) for paper in papers]  # a row guards its texts
    if rows:
        db.session.execute(
            insert(cast(Table, CaseDocument.__table__)), [{name: row[name] for name in _OF_DOCUMENT} for row in rows]
        )
    if reused:
        listed = select(CaseDocument.procedure_document_id, CaseDocument.id).where(CaseDocument.case_id == case.id)
        ids = dict(db.session.execute(listed.where(CaseDocument.procedure_document_id.in_(reused))).all())
        reuse_documents(scope, by, case.id, {ids[document]: scan for document, scan in reused.items()})


_OF_DOCUMENT = ("site", "case_id", "position", "procedure_document_id", "name", "required", *COUNTS, "note")


@needs(Capability.HANDLE_CASES)
def record(
    scope: Scope,
    by: Actor,
    case_id: int,
    kind: EventKind,
    *,
    at: datetime | None = None,
    reason: str = "",
    note: str = "",
    data: dict[str, Any] | None = None,
    corrects: int | None = None,
    revision: int | None = None,
) -> Case:
    """Record that something happened to a case. `reason` is needed when it is recorded long after it happened.

    Where a request for a supplement is said never to have been made, the supplement that answered it is taken out with
    it: neither can stand without the other once the case has gone on.

    Raises NotFound outside the person's scope, Conflict when the case has moved on since `revision`, and
    OutOfOrder when the event cannot follow what happened before.
    """
    now = extensions.now()
    at = at or now
    _check_time(at, now, reason)
    with transaction():
        case = case_for_change(scope, case_id, revision, _asked_unit(case_id, kind, data))
        if case.annulled_at is not None and kind is not EventKind.CORRECTED:
            raise OutOfOrder("Hồ sơ này đã hủy; không ghi thêm được việc nào.")
        events = events_of([case.id])[case.id]
        answer = _answer_to_void(events, corrects) if data and data.get("void") else None
        if answer is not None:
            answered = Event(len(events) + 1, kind, at, by.name, _note(note, reason), {"void": True}, answer)
            events = [*events, answered]
            first = chain.add_event(case, answered, now, by)
            kept: dict[str, Any] = {"number": answered.number, "event_hash": first.hash}
            audit.record(by, f"record_{kind}", "case", case.code, at=at, reason=reason, **kept)
        event = Event(len(events) + 1, kind, at, by.name, _note(note, reason), data or {}, corrects)
        unseen = 0 if revision is None else case.revision - revision
        if any(_same(each, event) for each in events[len(events) - unseen :]):
            raise Conflict(_MOVED_ON)
        _check_follows(events, event)
        if kind is EventKind.ISSUED_ELECTRONIC:
            check_legal_value(case.id)
        version = versions_by_id([case.version_id])[case.version_id]
        state = project(terms_of(version), [*events, event], site_calendar())
        if kind in _INTO_HANDS and (heir := _heir_of_holder(case, version, state, at)):
            event = replace(event, data={**event.data, "unit_id": heir})
            state = project(terms_of(version), [*events, event], site_calendar())
        written = chain.add_event(case, event, now, by)
        replace_derived(case, state, stored_derived([case.id])[case.id], remark=kind in REMARKS)
        kept = {"number": event.number, "event_hash": written.hash}
        audit.record(by, f"record_{kind}", "case", case.code, at=at, reason=reason, **kept)
    return case


def _answer_to_void(events: list[Event], number: int | None) -> int | None:
    """The number of the supplement that answered the request of that number, where it is one and has been answered."""
    pairs = (EventKind.SUPPLEMENT_REQUESTED, EventKind.SUPPLEMENTED)
    standing = [each for each in corrected(events) if each.kind in pairs]
    for place, each in enumerate(standing[:-1]):
        if each.number == number and each.kind is pairs[0] and standing[place + 1].kind is pairs[1]:
            return standing[place + 1].number
    return None


def _same(one: Event, other: Event) -> bool:
    """The same thing sent again by the same person."""
    return (one.kind, one.actor, one.note, one.data) == (other.kind, other.actor, other.note, other.data)


_INTO_HANDS = (EventKind.HANDED_OVER, EventKind.RETURNED)


def _heir_of_holder(case: Case, version: ProcedureVersion, state: CaseState, at: datetime) -> int | None:
    """Who took over from the unit that a stage of the procedure names, if that was gone by then; else None."""
    day = site_calendar().local_day(at)
    heir = lineage(case.site).heir(state.holder_unit_id, day, version.procedure.code)
    return heir if heir != state.holder_unit_id else None


@needs(Capability.HANDLE_CASES)
def hand_over(
    scope: Scope,
    by: Actor,
    case_id: int,
    *,
    position: int | None = None,
    unit_code: str | None = None,
    officer: str = "",
    **kwargs: Any,
) -> Case:
    """Hand a case to the next stage (chuyển xử lý), or to the stage and unit named."""
    data: dict[str, Any] = {"officer": tidy(officer)} if officer else {}
    if position is not None:
        data["position"] = position
    if unit_code:
        unit = db.session.scalar(select(Unit).where(Unit.site == scope.site, Unit.code == unit_code))
        if unit is None:
            raise DomainError("Không có đơn vị mang mã %(code)s.", field="unit", code=unit_code)
        data["unit_id"] = in_being(unit, site_calendar().local_day(kwargs.get("at") or extensions.now()), "unit").id
    return record(scope, by, case_id, EventKind.HANDED_OVER, data=data, **kwargs)


@needs(Capability.TAKE_PAYMENTS)
def record_payment(
    scope: Scope,
    by: Actor,
    case_id: int,
    *,
    amount: int,
    channel: PaymentChannel,
    transaction_number: str = "",
    receipt_number: str = "",
    **kwargs: Any,
) -> Case:
    """Record money taken for a case, in đồng. An online payment names its transaction."""
    if amount <= 0:
        raise DomainError("Số tiền phải lớn hơn 0 đồng.", field="amount")
    if channel is PaymentChannel.ONLINE and not tidy(transaction_number):
        raise DomainError("Thanh toán trực tuyến phải có mã giao dịch.", field="transaction_number")
    data: dict[str, Any] = {
        "amount": amount,
        "channel": channel.value,
        "transaction_number": tidy(transaction_number),
    }
    if receipt_number:
        data["receipt_number"] = receipt_number
    return record(scope, by, case_id, EventKind.PAID, data=data, **kwargs)


@needs(Capability.HANDLE_CASES)
def correct(
    scope: Scope,
    by: Actor,
    case_id: int,
    number: int,
    *,
    reason: str,
    at: datetime | None = None,
    void: bool = False,
    revision: int | None = None,
) -> Case:
    """Put an event right: it happened at another time, or never. The wrong one stays visible."""
    reason = checked_reason(reason, missing=N_("Hãy ghi lý do đính chính."))
    if _kind_of(case_id, number) is EventKind.ANNULLED:
        permitted(by, Capability.ANNUL_CASES)
    if not void and at is None:
        raise DomainError("Hãy nhập thời điểm đúng của sự kiện.", field="at")
    if at is not None and at > extensions.now():
        raise DomainError("Thời điểm không được ở tương lai.", field="at")
    data: dict[str, Any] = {"void": True} if void or at is None else {"at": at.isoformat()}
    return record(scope, by, case_id, EventKind.CORRECTED, note=reason, data=data, corrects=number, revision=revision)


def _kind_of(case_id: int, number: int) -> EventKind | None:
    return db.session.scalar(select(CaseEvent.kind).where(CaseEvent.case_id == case_id, CaseEvent.number == number))


def events_of(case_ids: Iterable[int]) -> dict[int, list[Event]]:
    """The events of those cases as the fold wants them, in the order of recording."""
    ids = list(case_ids)
    numbers: dict[int, int] = {}
    found: dict[int, list[Event]] = {case_id: [] for case_id in ids}
    rows = db.session.execute(
        select(
            CaseEvent.id,
            CaseEvent.case_id,
            CaseEvent.number,
            CaseEvent.kind,
            CaseEvent.at,
            CaseEvent.actor,
            CaseEvent.note,
            CaseEvent.data,
            CaseEvent.corrects_id,
        )
        .where(CaseEvent.case_id.in_(ids))
        .order_by(CaseEvent.case_id, CaseEvent.number)
    )
    for key, case_id, number, kind, at, actor, note, data, corrects_id in rows:
        numbers[key] = number
        corrects = numbers[corrects_id] if corrects_id else None
        found[case_id].append(Event(number, kind, at, actor, note, data, corrects))
    return found


def _note(note: str, reason: str) -> str:
    """What an event says, with the reason why it is recorded so late."""
    note = tidy(note)
    return note if not reason or reason == note else f"{note} ({reason})".strip()


def _check_time(at: datetime, now: datetime, reason: str) -> None:
    if at > now:
        raise DomainError("Thời điểm không được ở tương lai.", field="at")
    if now - at > BACKDATED_AFTER and not tidy(reason):
        raise DomainError("Sự kiện ghi lùi ngày phải có lý do.", field="reason")


def _check_follows(events: list[Event], event: Event) -> None:
    """What moves a case on is recorded in the order it happened; dates and notes may be added afterwards."""
    last = max((e for e in corrected(events) if e.kind in MOVES), key=lambda e: e.at)
    if event.kind in MOVES and event.at < last.at:
        raise OutOfOrder(
            "“%(event)s” lúc %(at)s không thể xảy ra trước “%(last)s” lúc %(last_at)s.",
            field="at",
            event=event.kind,
            at=event.at,
            last=last.kind,
            last_at=last.at,
        )


def _asked_unit(case_id: int, kind: EventKind, data: dict[str, Any] | None) -> int | None:
    """The unit that the question being answered was put to: it may answer, though the case is not with it."""
    if kind is not EventKind.CONSULT_ANSWERED or data is None:
        return None
    asked = select(Consultation.unit_id).where(
        Consultation.case_id == case_id, Consultation.number == data["number"], Consultation.answered_at.is_(None)
    )
    return db.session.scalar(asked)


def case_of(scope: Scope, case_id: int) -> Case:
    """A case that the scope may change. NotFound otherwise."""
    case = db.session.scalar(select(Case).where(Case.id == case_id, Case.site == scope.site))
    if case is None or not scope.covers(case.unit_id, case.holder_unit_id):
        raise NotFound("Không tìm thấy hồ sơ này.")
    return case


def case_for_change(scope: Scope, case_id: int, revision: int | None, asked: int | None = None) -> Case:
    """The case, which nobody else writes to from here on. Conflict when it has moved on since `revision`."""
    # Changes nothing, but from here on nobody else writes to this case (PostgreSQL) or to anything (SQLite).
    db.session.execute(update(Case).where(Case.id == case_id).values(revision=Case.revision))
    case = db.session.scalar(
        select(Case).where(Case.id == case_id, Case.site == scope.site).execution_options(populate_existing=True)
    )
    if case is None or not scope.covers(case.unit_id, case.holder_unit_id, asked):
        raise NotFound("Không tìm thấy hồ sơ này.")
    if moved_on(case, revision):
        raise Conflict(_MOVED_ON)
    return case


_MOVED_ON = N_("Hồ sơ vừa được người khác cập nhật. Hãy xem lại rồi ghi tiếp; nội dung bạn nhập được giữ.")


class Revised(Protocol):
    """A case, or the columns of one."""

    @property
    def revision(self) -> int: ...
    @property
    def remarks_from(self) -> int | None: ...
    @property
    def remarks_to(self) -> int | None: ...


def moved_on(case: Revised, seen: int | None) -> bool:
    """Something that an act may rest on was written since that revision: more than remarks. None: nobody looked."""
    if seen is None or seen == case.revision:
        return False
    remarks_alone = case.remarks_from is not None and case.remarks_to == case.revision
    return not (remarks_alone and case.remarks_from <= seen < case.revision)  # type: ignore[operator]


def replace_derived(case: Case, state: CaseState, stored: Stored, *, remark: bool = False) -> None:
    """Write what the events now add up to where it is not `stored` so. The revision guards against a concurrent
    writer; with `remark` nothing was added that a colleague's act may rest on."""
    session = db.session
    session.flush()
    was = (case.late_after, case.ended_at)
    remarks = {}
    if remark:
        begun = case.remarks_from if case.remarks_to == case.revision else case.revision
        remarks = {"remarks_from": begun, "remarks_to": case.revision + 1}
    written = session.execute(
        update(Case)
        .where(Case.id == case.id, Case.revision == case.revision)
        .values(**case_row(state), revision=Case.revision + 1, **remarks)
    )
    if written.rowcount != 1:  # type: ignore[attr-defined]
        raise Conflict(_MOVED_ON)
    session.refresh(case)
    if was != (None, None) and was != (case.late_after, case.ended_at):
        notices.settle(case.site, [about(case.id)])  # what was said of its due day holds no more
    _write_derived(case, state, stored)


def _write_derived(case: Case, state: CaseState, stored: Stored) -> None:
    rows = derived_rows(case.site, case.id, case.unit_id, case.online_payable, state)
    for model in DERIVED_MODELS:
        _write_differences(model, rows[model.__tablename__], stored.get(model.__tablename__, {}))


def _write_differences(model: type[Any], rows: list[Row], stored: Mapping[int, Mapping[str, Any]]) -> None:
    key = NUMBERED_BY.get(model.__tablename__, "number")
    folded = {row[key]: row for row in rows}
    if gone := [kept["id"] for number, kept in stored.items() if number not in folded]:
        db.session.execute(delete(model).where(model.id.in_(gone)))
    for number in folded.keys() & stored.keys():
        kept = stored[number]
        if changed := {name: value for name, value in folded[number].items() if value != kept[name]}:
            db.session.execute(update(model).where(model.id == kept["id"]).values(changed))
    if new := [row for number, row in folded.items() if number not in stored]:
        db.session.execute(insert(model), new)


def stored_derived(case_ids: Iterable[int]) -> dict[int, Stored]:
    """The rows of those cases in the derived tables."""
    ids = list(case_ids)
    found: dict[int, dict[str, dict[int, Row]]] = {case_id: {name: {} for name in DERIVED_TABLES} for case_id in ids}
    for name, table in DERIVED_TABLES.items():
        key = NUMBERED_BY.get(name, "number")
        for row in db.session.execute(select(table).where(table.c.case_id.in_(ids))).mappings():
            found[row["case_id"]][name][row[key]] = dict(row)
    return dict(found)
