"""Verbs of cases: receiving, handling, paying, explaining, apologising, importing."""

from __future__ import annotations

import csv
import io
import tempfile
from dataclasses import replace
from datetime import UTC, date
from pathlib import Path
from typing import Any

from app.cases import amending, service
from app.cases.explanations import service as explanations
from app.cases.explanations.models import FaultSource
from app.cases.explanations.service import faults_of, record_fault, withdraw_fault
from app.cases.importing.mapping import find_mapping
from app.cases.importing.service import Upload, import_file, mappings_folder
from app.cases.intake.contents import Applicant
from app.cases.models import Case
from app.cases.rows import terms_of, versions_by_id
from app.cases.vocabulary import CaseStatus, Channel, EventKind, PaymentChannel
from app.core.errors import DomainError
from app.organisation.models import Role
from app.payments.service import refund_payment, take_payment
from app.procedures.models import ProcedureVersion
from tests.worlds import reading
from tests.worlds.reading import BadWorld, Fields, Items, Text, place_of
from tests.worlds.stage import LATE_BECAUSE, PLAIN_FEE, Stage
from tests.worlds.verbs import CASES, PROCEDURE, UNIT, Field, Said, nothing_or, verb

CASE = Field(CASES, needed=True, also=("cases", "code"))
CHANNELS = {
    "in_person": Channel.IN_PERSON,
    "desk": Channel.IN_PERSON,
    "paper": Channel.IN_PERSON,
    "trực tiếp": Channel.IN_PERSON,
    "online": Channel.ONLINE,
    "trực tuyến": Channel.ONLINE,
    "post": Channel.POST,
    "bưu chính": Channel.POST,
}
PAYMENTS = {
    "in_person": PaymentChannel.IN_PERSON,
    "cash": PaymentChannel.IN_PERSON,
    "trực tiếp": PaymentChannel.IN_PERSON,
    "online": PaymentChannel.ONLINE,
    "trực tuyến": PaymentChannel.ONLINE,
}


def _record(stage: Stage, case: Case, kind: EventKind, **said: Any) -> Case:
    """An event of a case, by the head of whoever has it."""
    by = stage.head(case.holder_unit_id or case.unit_id)
    said = {"reason": LATE_BECAUSE, **said} if said.get("at") else {**stage.late, **said}
    return service.record(stage.scope, by, case.id, kind, **said)


@verb(
    "receive",
    case=Field(CASES, needed=True, also=("cases", "code")),
    procedure=Field(PROCEDURE),
    unit=Field(UNIT),
    channel=Field(reading.word(CHANNELS)),
    applicant=Field(reading.text),
    phone=Field(reading.text),
    id_number=Field(reading.text),
    content=Field(reading.text),
    incomplete=Field(reading.flag),
    officer=Field(reading.text),
)
def receive(stage: Stage, said: Said) -> None:
    """The desk takes a case in; `times: 5` makes five, called NAME-1 … NAME-5, and NAME means all of them."""
    version = _version(stage, said)
    for name in said.case:
        for code in [name] if said.times is None else [f"{name}-{n}" for n in range(1, said.times + 1)]:
            late = {"received_at": stage.at, "reason": LATE_BECAUSE} if stage.late else {}
            case = service.receive_case(
                stage.scope,
                stage.desk,
                version_id=version.id,
                applicant=Applicant(
                    said.applicant or f"Người nộp {code}", phone=said.phone or "", id_number=said.id_number or ""
                ),
                channel=said.channel or Channel.IN_PERSON,
                content=said.content or "",
                incomplete=True,
                code=code,
                **late,
            )
            stage.groups[name].append(case.id)
            if said.officer:
                _record(stage, case, EventKind.TAKEN_OVER, data={"officer": said.officer})


def _version(stage: Stage, said: Said) -> ProcedureVersion:
    if said.procedure is None and said.unit is not None:
        of_unit = [each.code for each in stage.world.procedures if each.unit == said.unit]
        if not of_unit:
            code = Text(f"TT-{said.unit}")
            if f"TT-{said.unit}" not in stage.made:
                stage.made.add(str(code))
                stage.add_procedure(stage.plain_procedure(code, said.unit), date(2023, 1, 1))
            return stage.version(code, stage.day)
        return stage.version(of_unit[0], stage.day)
    return stage.version(said.procedure, stage.day)


@verb("hand_over", case=CASE, to=Field(UNIT, also=("unit",)), officer=Field(reading.text), note=Field(reading.text))
def hand_over(stage: Stage, said: Said) -> None:
    """The case goes to the next stage, or to the next one of the unit named."""
    for case in stage.cases(said.case):
        chosen: dict[str, Any] = {}
        if said.to is not None:
            unit = stage.unit(said.to)
            terms = terms_of(versions_by_id([case.version_id])[case.version_id])
            ahead = [
                place
                for place, each in enumerate(terms.stages, 1)
                if each.unit_id == unit.id and place > (case.stage or 0)
            ]
            chosen = {"unit_code": unit.code} | ({"position": ahead[0]} if ahead else {})
        by = stage.head(case.holder_unit_id or case.unit_id)
        service.hand_over(
            stage.scope, by, case.id, officer=said.officer or "", note=said.note or "", **chosen, **stage.late
        )


@verb("take_over", case=CASE, officer=Field(reading.text, needed=True))
def take_over(stage: Stage, said: Said) -> None:
    """Somebody of the unit that has the case takes it in hand."""
    for case in stage.cases(said.case):
        _record(stage, case, EventKind.TAKEN_OVER, data={"officer": said.officer})


@verb("send_back", case=CASE, to=Field(reading.number, also=("position", "stage")), note=Field(reading.text))
def send_back(stage: Stage, said: Said) -> None:
    """The case goes back to an earlier stage; the clock goes on."""
    for case in stage.cases(said.case):
        _record(
            stage, case, EventKind.RETURNED, data={"position": said.to or max(1, (case.stage or 2) - 1)},
            note=said.note or "Chuyển lại bước trước",
        )  # fmt: skip


def _simple(kind: EventKind, note: str = "") -> Any:
    def play(stage: Stage, said: Said) -> None:
        for case in stage.cases(said.case):
            _record(stage, case, kind, note=said.note or note)

    return play


REASON = Field(reading.text, also=("reason", "why", "text"))
verb("pause", "ask_supplement", case=CASE, note=REASON, documents=Field(reading.anything))(
    _simple(EventKind.SUPPLEMENT_REQUESTED, "Đề nghị bổ sung giấy tờ")
)
verb("resume", "supplement", case=CASE, note=REASON)(_simple(EventKind.SUPPLEMENTED, "Đã bổ sung"))
verb("refuse", "reject", case=CASE, note=REASON)(_simple(EventKind.REFUSED, "Không đủ điều kiện"))
verb("withdraw", case=CASE, note=REASON)(_simple(EventKind.WITHDRAWN, "Công dân rút hồ sơ"))
verb("stop", case=CASE, note=REASON)(_simple(EventKind.STOPPED, "Dừng xử lý"))
verb("note", "processing_note", case=CASE, note=REASON)(_simple(EventKind.NOTED, "Ý kiến xử lý"))
verb("deliver", case=CASE, note=REASON)(_simple(EventKind.DELIVERED))


@verb(
    "result",
    "resolve",
    case=CASE,
    electronic=Field(
        reading.word({"signed": True, "none": False, "true": True, "false": False, "yes": True, "no": False})
    ),
    paper=Field(reading.flag),
    note=REASON,
)
def result(stage: Stage, said: Said) -> None:
    """The case has its result; `electronic: signed` issues it as a signed file at once."""
    for case in stage.cases(said.case):
        _record(stage, case, EventKind.RESOLVED, note=said.note or "")
        if said.paper:
            _record(stage, case, EventKind.ISSUED_PAPER)
        if said.electronic:
            _record(stage, case, EventKind.ISSUED_ELECTRONIC)


@verb(
    "issue",
    case=CASE,
    what=Field(
        reading.word(
            {
                "paper": (EventKind.ISSUED_PAPER,),
                "electronic": (EventKind.ISSUED_ELECTRONIC,),
                "signed": (EventKind.ISSUED_ELECTRONIC,),
                "copy": (EventKind.ISSUED_ELECTRONIC,),
                "electronic_copy": (EventKind.ISSUED_ELECTRONIC,),
                "both": (EventKind.ISSUED_PAPER, EventKind.ISSUED_ELECTRONIC),
            }
        ),
        also=("form", "kind", "as"),
    ),
    electronic=Field(reading.word({"signed": True, "none": False, "true": True, "false": False})),
    paper=Field(reading.flag),
)
def issue(stage: Stage, said: Said) -> None:
    """The result goes out on paper, as a signed file, or both. Plainly: on paper."""
    kinds = list(said.what or ())
    if said.paper:
        kinds.append(EventKind.ISSUED_PAPER)
    if said.electronic:
        kinds.append(EventKind.ISSUED_ELECTRONIC)
    for case in stage.cases(said.case):
        if case.status not in (CaseStatus.RESOLVED, CaseStatus.CLOSED):
            _record(stage, case, EventKind.RESOLVED)
        for kind in dict.fromkeys(kinds or [EventKind.ISSUED_PAPER]):
            _record(stage, case, kind)


@verb("close", case=CASE, note=REASON)
def close(stage: Stage, said: Said) -> None:
    """The case ends on the software; without a result of its own before, it has it now."""
    for case in stage.cases(said.case):
        if case.status is not CaseStatus.RESOLVED:
            case = _record(stage, case, EventKind.RESOLVED)
        _record(stage, case, EventKind.CLOSED, note=said.note or "")


@verb(
    "digitise",
    "digitize",
    case=CASE,
    what=Field(
        reading.listed(
            reading.word(
                {
                    "file": EventKind.FILES_DIGITISED,
                    "files": EventKind.FILES_DIGITISED,
                    "result": EventKind.RESULT_DIGITISED,
                    "results": EventKind.RESULT_DIGITISED,
                }
            )
        )
    ),
)
def digitise(stage: Stage, said: Said) -> None:
    """The file, or the result, is scanned. Plainly: the file."""
    for case in stage.cases(said.case):
        for kind in said.what or [EventKind.FILES_DIGITISED]:
            _record(stage, case, kind)


@verb(
    "pay",
    case=CASE,
    channel=Field(reading.word(PAYMENTS)),
    amount=Field(reading.number),
    transaction=Field(reading.text, also=("transaction_number",)),
)
def pay(stage: Stage, said: Said) -> None:
    """Money is paid for the case. Plainly: its fee, at the counter."""
    for case in stage.cases(said.case):
        channel = said.channel or PaymentChannel.IN_PERSON
        number = ""
        if channel is PaymentChannel.ONLINE:
            number = said.transaction or f"GD{stage.next_number('payment'):06}"
        take_payment(
            stage.scope,
            stage.desk,
            case.id,
            amount=said.amount or case.fee_due or PLAIN_FEE,
            channel=channel,
            transaction_number=number,
            over_owed=True,
            **stage.late,
        )


@verb("refund", case=CASE, amount=Field(reading.number), reason=REASON)
def refund(stage: Stage, said: Said) -> None:
    """The latest payment, or a part of it, is given back."""
    for case in stage.cases(said.case):
        paid = [event for event in service.events_of([case.id])[case.id] if event.kind is EventKind.PAID][-1]
        refund_payment(
            stage.scope,
            stage.desk,
            case.id,
            paid.number,
            amount=said.amount or int(paid.data["amount"]),
            reason=said.reason or "Nộp thừa, hoàn trả cho người nộp",
        )


_EVENTS = {
    "receive": EventKind.RECEIVED,
    "hand_over": EventKind.HANDED_OVER,
    "pause": EventKind.SUPPLEMENT_REQUESTED,
    "resume": EventKind.SUPPLEMENTED,
    "result": EventKind.RESOLVED,
    "close": EventKind.CLOSED,
    "refuse": EventKind.REFUSED,
    "withdraw": EventKind.WITHDRAWN,
    "stop": EventKind.STOPPED,
    "pay": EventKind.PAID,
    "issue_paper": EventKind.ISSUED_PAPER,
    "issue_electronic": EventKind.ISSUED_ELECTRONIC,
    "digitise_file": EventKind.FILES_DIGITISED,
    "digitise_result": EventKind.RESULT_DIGITISED,
    "outside_promise": EventKind.PROMISE_MOVED,
    "apologise": EventKind.APOLOGISED,
    "annul": EventKind.ANNULLED,
} | {kind.value: kind for kind in EventKind}


@verb(
    "correct",
    case=CASE,
    event=Field(reading.word(_EVENTS), also=("what", "verb")),
    number=Field(reading.number),
    at=Field(reading.moment, also=("to", "happened", "day", "new_at")),
    void=Field(reading.flag, also=("never", "cancel", "never_happened", "remove")),
    reason=REASON,
)
def correct(stage: Stage, said: Said) -> None:
    """An event happened at another time, or never. Plainly: the latest event."""
    for case in stage.cases(said.case):
        events = [event for event in service.events_of([case.id])[case.id] if event.kind is not EventKind.CORRECTED]
        if said.number is not None:
            events = [event for event in events if event.number == said.number]
        if said.event is not None:
            events = [event for event in events if event.kind is said.event]
        if not events:
            raise BadWorld(stage.place, f"case {case.code} has no such event to correct.")
        void = bool(said.void)
        at = None if void else said.at or (stage.at if stage.late else None)
        service.correct(
            stage.scope,
            stage.head(case.unit_id),
            case.id,
            events[-1].number,
            reason=said.reason or "Ghi nhầm, đính chính theo sổ theo dõi",
            at=at,
            void=void,
        )


@verb("annul", case=CASE, twin=Field(reading.text), reason=REASON)
def annul(stage: Stage, said: Said) -> None:
    """The case was taken in by mistake or twice; `twin` is the one that stays."""
    for case in stage.cases(said.case):
        amending.annul(
            stage.scope,
            stage.desk,
            case.id,
            reason=said.reason or "Tiếp nhận nhầm, không phải hồ sơ của công dân",
            twin=said.twin or "",
            knowing=True,
        )


@verb("change_procedure", case=CASE, procedure=Field(PROCEDURE, needed=True), reason=REASON)
def change_procedure(stage: Stage, said: Said) -> None:
    """The case was taken in under the wrong procedure; this is the right one."""
    for case in stage.cases(said.case):
        version = stage.version(said.procedure, stage.day)
        amending.change_procedure(
            stage.scope, stage.desk, case.id, version.id, reason=said.reason or "Chọn nhầm thủ tục khi tiếp nhận"
        )


@verb("outside_promise", "new_promise", case=CASE, due=Field(reading.moment, needed=True, also=("promise", "to")))
def outside_promise(stage: Stage, said: Said) -> None:
    """Other software now gives another date to the applicant."""
    due = said.due if said.due.time() != reading.MORNING else stage.calendar.end_of_day(said.due.date())
    for case in stage.cases(said.case):
        service.record(
            stage.scope,
            stage.desk,
            case.id,
            EventKind.PROMISE_MOVED,
            data={"promised_at": due.astimezone(UTC).isoformat()},
            **stage.late,
        )


@verb(
    "explain",
    case=CASE,
    by=Field(reading.text, also=("who",)),
    text=Field(reading.text, also=("reason", "words", "note", "what")),
)
def explain(stage: Stage, said: Said) -> None:
    """The head of the case's unit explains to the Director why it is late; `by` another unit's code, or director."""
    _only_now(stage, "explain")
    for case in stage.cases(said.case):
        explanations.explain(
            stage.scope,
            _explaining(stage, said.by, case),
            [case.id],
            said.text or "Hồ sơ phức tạp, đơn vị đã làm việc với người nộp và sẽ trả kết quả trong tuần.",
        )


def _explaining(stage: Stage, by: str | None, case: Case) -> Any:
    word = (by or "head").strip()
    if word.lower() in ("head", "trưởng phòng", "unit", "người đứng đầu"):
        return stage.head(case.unit_id)
    if word.lower() in ("director", "giám đốc"):
        return replace(stage.director, role=Role.HEAD)  # as a deputy would
    return stage.head_of(word)


@verb(
    "decide",
    case=CASE,
    what=Field(
        reading.word(
            {
                "accept": True, "accepted": True, "chấp nhận": True,
                "return": False, "returned": False, "reject": False, "trả lại": False,
            }
        ),
        also=("decision",),
    ),
    reason=REASON,
)  # fmt: skip
def decide(stage: Stage, said: Said) -> None:
    """The Office takes the latest explanation in, and the Director accepts or returns it. Plainly: accepts."""
    _only_now(stage, "decide")
    accepted = said.what is not False
    for case in stage.cases(said.case):
        found = explanations.latest_explanations([case.id]).get(case.id)
        if found is None:
            raise BadWorld(stage.place, f"case {case.code} has no explanation to decide on.")
        explanations.receive_explanations(stage.scope.site, stage.head_of("VP"), [found.id])
        explanations.decide(
            stage.scope.site,
            stage.director,
            case.id,
            found.id,
            accepted=accepted,
            words=said.reason or ("" if accepted else "Chưa cụ thể, đề nghị giải trình lại"),
            revision=explanations.latest_explanations([case.id])[case.id].revision,
        )


_PURPOSES = {
    "lateness": False, "late": False, "delay": False, "overdue": False, "chậm": False, "quá hạn": False,
    "mistake": True, "fault": True, "error": True, "wrong": True, "sai sót": True,
}  # fmt: skip


@verb(
    "apologise",
    "apologize",
    case=CASE,
    purpose=Field(reading.word(_PURPOSES), also=("for", "because")),
    new_date=Field(nothing_or(reading.day), also=("new_day", "new_due", "date")),
    number=Field(reading.text),
    reason=REASON,
    signer=Field(reading.text),
)
def apologise(stage: Stage, said: Said) -> None:
    """A letter of apology. For lateness without a word of `new_date`, an open case is promised five working days on."""
    _only_now(stage, "apologise")
    for case in stage.cases(said.case):
        wrong = bool(said.purpose)
        said_date = said.new_date or None
        by = stage.head(case.unit_id)

        def send(day: date | None, case: Case = case, by: Any = by, wrong: bool = wrong) -> None:
            explanations.apologise(
                stage.scope,
                by,
                case.id,
                number=said.number or f"{stage.next_number('apology')}/XL",
                reason=said.reason or ("Xin lỗi vì sai sót" if wrong else "Xin lỗi vì trả kết quả chậm"),
                signer=said.signer or by.name,
                new_day=day,
                wrong=wrong,
                revision=case.revision,
            )

        try:
            send(said_date)
        except DomainError as error:
            if error.field != "new_day" or said.new_date is not None or wrong:
                raise
            late_from = max(stage.calendar.local_day(case.due_at or stage.now), stage.day)
            send(stage.calendar.add_working_days(late_from, 5))


@verb(
    "fault",
    case=CASE,
    what=Field(reading.text, also=("text", "reason", "note")),
    found=Field(reading.day, also=("found_on", "on")),
    source=Field(reading.word({source.value: source for source in FaultSource})),
    document=Field(reading.text),
)
def fault(stage: Stage, said: Said) -> None:
    """A case was found to have been handled wrongly."""
    for case in stage.cases(said.case):
        record_fault(
            stage.scope,
            stage.head(case.unit_id),
            case.id,
            found_on=said.found or stage.day,
            source=said.source or FaultSource.UNIT,
            what=said.what or "Ghi sai thông tin trên kết quả",
            document=said.document or "",
        )


@verb("withdraw_fault", case=CASE, reason=REASON)
def take_fault_back(stage: Stage, said: Said) -> None:
    """The latest mistake of a case was recorded in error."""
    for case in stage.cases(said.case):
        latest = faults_of(case.id)[-1]
        withdraw_fault(stage.scope, stage.inspector, case.id, latest.id, said.reason or "Ghi nhầm hồ sơ khác")


@verb(
    "import",
    main="rows",
    mapping=Field(reading.text),
    rows=Field(reading.anything, also=("csv", "text")),
    file=Field(reading.text),
    refused=Field(reading.number, also=("refused_rows",)),
)
def import_rows(stage: Stage, said: Said) -> None:
    """A file of other software is taken in. `refused`: how many rows the product must refuse (plainly none)."""
    _only_now(stage, "import")
    mapping = find_mapping(said.mapping or "igate", mappings_folder())
    if said.file is not None:
        _take_in(stage, said, mapping, stage.file(said.file))
        return
    if said.rows is None:
        raise BadWorld(stage.place, "an import has “rows” or a “file”.")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"ho-so-{stage.next_number('import')}.csv"
        path.write_text(_csv(said.rows), "utf-8")
        _take_in(stage, said, mapping, path)


def _take_in(stage: Stage, said: Said, mapping: Any, path: Path) -> None:
    if not path.is_file():
        raise BadWorld(stage.place, f"there is no file “{said.file}”.")
    report = import_file(stage.scope, stage.desk, Upload(path, path.name), mapping)
    if len(report.refused) != (said.refused or 0):
        reasons = "; ".join(f"row {each.row}: {each.reason}" for each in report.refused)
        raise DomainError(f"{len(report.refused)} rows refused, {said.refused or 0} expected. {reasons}")


def _csv(rows: Any) -> str:
    """Rows as text: a block of CSV, a list of names with values, or a list of lists."""
    if isinstance(rows, Text):
        return "\n".join(line.strip() for line in rows.strip().splitlines()) + "\n"
    lines = list(rows) if isinstance(rows, Items) else [rows]
    if all(isinstance(line, Fields) for line in lines):
        headings = list(dict.fromkeys(name for line in lines for name in line))
        lines = [headings, *([line.get(name, "") for name in headings] for line in lines)]
    if not all(isinstance(line, list) for line in lines):
        raise BadWorld(place_of(rows), "rows are a block of CSV, or a list of {heading: value}.")
    written = io.StringIO()
    csv.writer(written).writerows(lines)
    return written.getvalue()


def _only_now(stage: Stage, name: str) -> None:
    """What the product knows only from the moment it is recorded cannot have happened before."""
    if stage.at.date() != stage.now.date() and stage.late:
        raise BadWorld(stage.place, f"“{name}” is recorded when it is done: leave “at” out, or make “when” that day.")
