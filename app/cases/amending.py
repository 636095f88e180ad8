"""Putting right what was written down at reception, and annulling what should not have been taken in.

Each function is one act, as in `service`: an event with its reason, what was and what is now, one transaction, one
audit entry (which names the fields, never what they say). Another procedure is another clock: the case's events are
folded again by its terms, and what is owed is worked out anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select, update

from app.cases import chain, service
from app.cases.amendments import PAPER, Changes, changes_between
from app.cases.balance import Balance
from app.cases.intake.contents import (
    COUNTS,
    Applicant,
    HandedIn,
    check_applicant,
    check_sets,
    document_rows,
    exemption_text,
    missing_documents,
    owed_for,
)
from app.cases.models import Case, CaseDocument, Payment
from app.cases.numbering import check_other_code
from app.cases.population import past_due, return_told, sets_told, told
from app.cases.rows import search_text, terms_of, versions_by_id
from app.cases.timeline import CaseState, Event, OutOfOrder, project
from app.cases.vocabulary import CaseStatus, Channel, EventKind, Knows, ReturnMethod
from app.core.codes import code_key
from app.core.errors import N_, DomainError, NotFound
from app.core.text import checked_reason, fold, tidy, tidy_lines
from app.organisation import audit
from app.organisation.access import Actor, Scope, whole_site
from app.organisation.audit import transaction
from app.organisation.calendars import site_calendar
from app.organisation.lineage import in_being
from app.organisation.permissions import Capability, needs
from app.procedures.contents import check_time_known
from app.procedures.models import ProcedureVersion
from app.procedures.queries import version_at_desk
from app.web import extensions
from app.web.extensions import db

_MOVED_OUT = 1_000  # places of papers while they are put in order: more than a file holds
_NO_REASON = N_("Hãy ghi lý do sửa.")


@dataclass(frozen=True, slots=True)
class Particulars:
    """What the case should say. `exemption` counts where `exempted_anew`; `papers` None: as they are. `sets`, `channel`
    and `return_method` None: as known or unknown as they are (one set, where the desk emptied it)."""

    applicant: Applicant
    other_code: str = ""  # of the same case in another system
    content: str = ""
    sets: int | None = 1
    channel: Channel | None = Channel.IN_PERSON
    return_method: ReturnMethod | None = ReturnMethod.IN_PERSON
    exemption: int | None = None
    exempted_anew: bool = False
    papers: Sequence[HandedIn] | None = None


@needs(Capability.AMEND_CASES)
def amend(
    scope: Scope, by: Actor, case_id: int, said: Particulars, *, reason: str, revision: int | None = None
) -> Case:
    """Put right who applies, how to reach them, what was handed in and how (sửa thông tin hồ sơ).

    DomainError at the field as at reception, and where nothing is otherwise than it was; Conflict when somebody has
    recorded something since `revision`.
    """
    reason = checked_reason(reason, missing=_NO_REASON)
    with transaction():
        case = _open_to_change(scope, case_id, revision)
        check_applicant(said.applicant)
        check_sets(1 if said.sets is None else said.sets)
        check_other_code(case.site, said.other_code, case.other_code_key)
        version = _whole_version(case.version_id)
        was = _particulars(case)
        _write_particulars(case, version, said)
        changes = changes_between(was, _particulars(case))
        if said.papers is not None:
            changes |= _write_papers(case, document_rows(version, said.papers))
        if not changes:
            raise DomainError("Không có thông tin nào khác với hồ sơ hiện có.")
        case.search_text = search_text(
            *(case.code, case.applicant, case.id_number, case.phone, version.procedure.code, case.owner),
            case.other_code,
        )
        _record(case, by, reason, {"changes": changes})
    return case


@dataclass(frozen=True, slots=True)
class ProcedureChange:
    """What another procedure would change: dates in UTC, money in đồng, the required papers that are not there."""

    was: ProcedureVersion
    now: ProcedureVersion
    promised_was: datetime | None
    promised: datetime | None
    fee_was: int
    fee: int
    over: int  # kept beyond what is owed then: to be given back
    missing: Sequence[str]
    was_late: bool


def procedure_change(scope: Scope, case_id: int, version_id: int, exemption: int | None = None) -> ProcedureChange:
    """What changing the procedure would do; nothing is written. Raises as `change_procedure`."""
    case = service.case_of(scope, case_id)
    return _change(scope, case, version_id, exemption, extensions.now())[0]


@needs(Capability.AMEND_CASES)
def change_procedure(
    scope: Scope,
    by: Actor,
    case_id: int,
    version_id: int,
    *,
    reason: str,
    exemption: int | None = None,
    revision: int | None = None,
) -> Case:
    """The case was taken in under the wrong procedure (đổi thủ tục): its clock, stages and fee are those of this one
    from reception on.

    DomainError once it went through stages that the other procedure gives to other units: what they did would be told
    of somebody else.
    """
    reason = checked_reason(reason, missing=_NO_REASON)
    with transaction():
        case = _open_to_change(scope, case_id, revision)
        change, event = _change(scope, case, version_id, exemption, extensions.now(), by, reason)
        new = change.now
        papers = [_as_handed_in(each, new) for each in _papers(case) if each.received]
        case.version_id, case.unit_id = new.id, new.unit_id
        case.online_payable = bool(new.fee and new.online_payment_eligible)
        case.returns_result = new.returns_result
        due, exempted = owed_for(new, exemption)
        case.fee_due, case.exemption = due.total, exemption_text(exempted)
        case.search_text = search_text(
            *(case.code, case.applicant, case.id_number, case.phone, new.procedure.code, case.owner),
            case.other_code,
        )
        _write_papers(case, document_rows(new, papers))
        _record(case, by, reason, event.data)
    return case


@needs(Capability.ANNUL_CASES)
def annul(
    scope: Scope,
    by: Actor,
    case_id: int,
    *,
    reason: str,
    twin: str = "",
    knowing: bool = False,
    revision: int | None = None,
) -> Case:
    """The case was taken in by mistake or twice (hủy hồ sơ): it counts nowhere from then on, and keeps its number.

    `twin` is the code of the case that stays. One that somebody else has in hand is annulled `knowing` it; one for
    which money was taken, only when that was given back.
    """
    reason = checked_reason(reason, missing=N_("Hãy ghi lý do hủy hồ sơ."))
    with transaction():
        case = _open_to_change(scope, case_id, revision)
        if tidy(twin):
            _check_twin(scope, case, tidy(twin))
        whose = holder_beside(case, by.person_id, by.name)
        if whose and not knowing:
            raise DomainError(
                "Hồ sơ này đang do %(who)s xử lý; hãy báo cho người đó rồi xác nhận.", field="knowing", who=whose
            )
        kept = Balance.of(0, db.session.scalars(select(Payment).where(Payment.case_id == case.id))).kept
        if kept:
            raise DomainError(
                "Hồ sơ đã thu %(amount)s đồng; hãy hoàn trả hoặc đính chính khoản thu trước khi hủy.",
                amount=kept,
            )
        told = {"holder": whose, "twin": tidy(twin), "was_late": past_due(case, extensions.now())}
        _record(case, by, reason, {name: value for name, value in told.items() if value}, EventKind.ANNULLED)
    return case


def holder_beside(case: Case, person_id: int | None, name: str) -> str:
    """Who else than this person has the case in hand, by name; "" where nobody does."""
    if case.ended_at is not None or (case.holder_id is not None and case.holder_id == person_id):
        return ""
    return case.officer if case.officer and case.officer != name else ""


def _open_to_change(scope: Scope, case_id: int, revision: int | None) -> Case:
    case = service.case_for_change(scope, case_id, revision)
    if case.status is CaseStatus.ANNULLED:
        raise DomainError("Hồ sơ này đã hủy; không sửa được nữa.")
    return case


def _whole_version(version_id: int) -> ProcedureVersion:
    version = version_at_desk(whole_site(), version_id)
    assert version is not None  # the case stands on it
    return version


def chosen(case: Case) -> dict[str, Any]:
    """How the case was handed in and its result is wanted, as JSON keeps it; None where an import left it unsaid."""
    return {
        "sets": case.sets if sets_told(case) else None,
        "channel": case.channel.value if told(case, Knows.CHANNEL) else None,
        "return_method": case.return_method.value if return_told(case) else None,
    }


def _particulars(case: Case) -> dict[str, Any]:
    return {
        **{name: getattr(case, name) for name in ("applicant", "id_number", "phone", "address", "email", "owner")},
        "other_code": case.other_code,
        "content": case.content,
        **chosen(case),
        "exemption": case.exemption,
        "fee_due": case.fee_due,
    }


def _write_particulars(case: Case, version: ProcedureVersion, said: Particulars) -> None:
    who = said.applicant
    case.applicant, case.id_number, case.phone = tidy(who.name), tidy(who.id_number), tidy(who.phone)
    case.address, case.email, case.owner = tidy(who.address), tidy(who.email), tidy(who.owner)
    case.other_code, case.other_code_key = tidy(said.other_code), code_key(said.other_code)
    case.content = tidy_lines(said.content)
    sets = 1 if said.sets is None and sets_told(case) else said.sets
    if sets is not None:
        case.sets, case.knows = sets, case.knows | int(Knows.SETS)
    if said.channel is not None:
        case.channel, case.knows = said.channel, case.knows | int(Knows.CHANNEL)
    if said.return_method is not None:
        case.return_method, case.knows = said.return_method, case.knows | int(Knows.RETURN)
    if said.exempted_anew:
        due, exempted = owed_for(version, said.exemption)
        case.fee_due, case.exemption = due.total, exemption_text(exempted)


def _papers(case: Case) -> list[CaseDocument]:
    wanted = select(CaseDocument).where(CaseDocument.case_id == case.id).order_by(CaseDocument.position)
    return list(db.session.scalars(wanted))


def _key(document_id: int | None, name: str) -> Any:
    return document_id if document_id is not None else fold(name)


def _write_papers(case: Case, rows: Sequence[dict[str, Any]]) -> Changes:
    """The papers as they are said to be now. A file may hang on any of them: none is taken away."""
    there = _papers(case)
    known = {_key(each.procedure_document_id, each.name): each for each in there}
    known |= {fold(each.name): each for each in there}
    if there:
        moved = update(CaseDocument).where(CaseDocument.case_id == case.id)
        db.session.execute(moved.values(position=CaseDocument.position + _MOVED_OUT))
        for each in there:
            db.session.refresh(each)
    changes: Changes = {}
    used: list[CaseDocument] = []
    for row in rows:
        found = known.get(_key(row["procedure_document_id"], row["name"])) or known.get(fold(row["name"]))
        if found is not None and found not in used:
            each = found
        else:
            each = CaseDocument(site=case.site, case_id=case.id, **dict.fromkeys(COUNTS, 0), note="")
            db.session.add(each)
        used.append(each)
        was, now = _counts(each), {name: row[name] for name in (*COUNTS, "note")}
        if was != now:
            changes[PAPER + row["name"]] = {"was": was, "is": now}
        for name, value in row.items():
            setattr(each, name, value)
    for position, each in enumerate((one for one in there if one not in used), len(rows) + 1):
        each.position, each.procedure_document_id, each.required = position, None, False
        if each.received:
            changes[PAPER + each.name] = {"was": _counts(each), "is": dict.fromkeys(COUNTS, 0) | {"note": ""}}
            for name in COUNTS:
                setattr(each, name, 0)
    return changes


def _counts(paper: CaseDocument) -> dict[str, Any]:
    return {name: getattr(paper, name) for name in COUNTS} | {"note": paper.note}


def _as_handed_in(paper: CaseDocument, version: ProcedureVersion) -> HandedIn:
    """The paper on the list of another procedure, where that asks for one of this name."""
    listed = next((each.id for each in version.documents if fold(each.name) == fold(paper.name)), None)
    counts = {name: getattr(paper, name) for name in COUNTS}
    return HandedIn(listed, "" if listed else paper.name, **counts, note=paper.note)


def _change(
    scope: Scope,
    case: Case,
    version_id: int,
    exemption: int | None,
    now: datetime,
    by: Actor | None = None,
    reason: str = "",
) -> tuple[ProcedureChange, Event]:
    """What the change comes to, and the event that tells it."""
    calendar = site_calendar()
    new = version_at_desk(scope, version_id)
    if new is None:
        raise NotFound("Không tìm thấy thủ tục này.", field="version_id")
    if new.id == case.version_id:
        raise DomainError("Hồ sơ đang theo đúng thủ tục này.", field="version_id")
    if case.ended_at is not None:
        raise DomainError("Hồ sơ đã kết thúc; không đổi được thủ tục.", field="version_id")
    day = calendar.local_day(case.received_at)
    in_being(new.unit, calendar.local_day(now), "version_id")
    if day < new.in_force_from or (new.in_force_to and day > new.in_force_to):
        raise DomainError("Thủ tục này không có hiệu lực vào ngày %(day)s.", field="version_id", day=day)
    check_time_known(new)
    old = _whole_version(case.version_id)
    events = service.events_of([case.id])[case.id]
    before = project(terms_of(versions_by_id([old.id])[old.id]), events, calendar)
    due, _exempted = owed_for(new, exemption)
    changes: Changes = {
        "procedure": {"was": f"{old.procedure.code} – {old.name}", "is": f"{new.procedure.code} – {new.name}"},
        "fee_due": {"was": case.fee_due, "is": due.total},
    }
    late = bool(past_due(case, now))
    data: dict[str, Any] = {"changes": changes, "version_id": new.id, "was_version_id": old.id}
    event = Event(len(events) + 1, EventKind.AMENDED, now, by.name if by else "", reason, data)
    after = _folded_by(new, before, [*events, event])
    changes["promised_at"] = {"was": _iso(before.due_at), "is": _iso(after.due_at)}
    data["changes"] = {name: change for name, change in changes.items() if change["was"] != change["is"]}
    if late:
        data["was_late"] = True
    rows = document_rows(new, [_as_handed_in(each, new) for each in _papers(case) if each.received])
    kept = Balance.of(due.total, db.session.scalars(select(Payment).where(Payment.case_id == case.id)))
    change = ProcedureChange(
        old, new, before.due_at, after.due_at, case.fee_due, due.total, kept.over, missing_documents(rows), late
    )
    return change, event


def _folded_by(new: ProcedureVersion, before: CaseState, events: Sequence[Event]) -> CaseState:
    """What the events come to under the other procedure. What units did stays told of them: it must have the stages
    that the case went through, at the same units; a case that nobody handed over yet has only been received."""
    if before.accountable:
        raise DomainError(
            "Hồ sơ đã chuyển sang đơn vị kế thừa; hãy hủy hồ sơ này và tiếp nhận lại.", field="version_id"
        )
    elsewhere = DomainError(
        "Hồ sơ đã qua các bước của thủ tục cũ mà thủ tục này không có hoặc giao cho đơn vị khác; hãy hủy hồ sơ này và "
        "tiếp nhận lại.",
        field="version_id",
    )
    try:
        after = project(terms_of(new), events, site_calendar())
    except OutOfOrder as error:
        raise elsewhere from error
    if len(before.stays) <= 1 and not (before.stays and before.stays[0].ended_at):
        return after
    went, would = ([(stay.position, stay.unit_id) for stay in state.stays] for state in (before, after))
    if went != would:
        raise elsewhere
    return after


def _iso(at: datetime | None) -> str | None:
    return at.isoformat() if at is not None else None


def _check_twin(scope: Scope, case: Case, code: str) -> None:
    found = select(Case.id).where(Case.site == scope.site, Case.code == code, Case.annulled_at.is_(None))
    twin = db.session.scalar(found)
    if twin is None or twin == case.id:
        raise DomainError("Không có hồ sơ nào khác mang mã %(code)s.", field="twin", code=code)


def _record(case: Case, by: Actor, reason: str, data: dict[str, Any], kind: EventKind = EventKind.AMENDED) -> None:
    """Add the event, fold the case again and write what is otherwise, within the caller's transaction."""
    now = extensions.now()
    db.session.flush()
    events = service.events_of([case.id])[case.id]
    event = Event(len(events) + 1, kind, now, by.name, reason, data)
    version = versions_by_id([case.version_id])[case.version_id]
    state = project(terms_of(version), [*events, event], site_calendar())
    written = chain.add_event(case, event, now, by)
    service.replace_derived(case, state, service.stored_derived([case.id])[case.id])
    told: dict[str, Any] = {"number": event.number, "event_hash": written.hash}
    if changed := data.get("changes"):
        told["fields"] = sorted({"papers" if name.startswith(PAPER) else name for name in changed})
    audit.record(by, f"record_{kind}", "case", case.code, at=now, **told)
