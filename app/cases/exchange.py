"""Cases from and to another system, message by message, in the national exchange shape (DongBoHoSoMC) as JSON.

What comes in goes through the same door as every import: a message is a row of the mapping `quoc-gia`.
"""

from __future__ import annotations

import csv
import json
import re
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr
from zoneinfo import ZoneInfo

from flask import current_app
from sqlalchemy import ColumnElement, exists, func, or_, select

from app.cases.importing.mapping import find_mapping
from app.cases.importing.models import ImportedCase
from app.cases.importing.report import ImportReport
from app.cases.importing.service import Upload, import_file, mappings_folder
from app.cases.models import Case, CaseEvent, Payment
from app.cases.population import stands
from app.cases.vocabulary import CaseStatus, Channel, EventKind, Knows, PaymentChannel
from app.core.errors import DomainError
from app.core.text import visible
from app.organisation.access import Actor, Scope
from app.organisation.models import Unit
from app.organisation.permissions import Capability, needs
from app.procedures.models import Procedure, ProcedureVersion
from app.web import extensions
from app.web.extensions import db
from app.web.formats import local

# The national shape of a case, DongBoHoSoMC, as rows of an import and back. Pure.
#
# Days are yyyyMMddHHmmss on the site's clock. Beside the national fields stand some of ours (`OWN`), which say what
# those cannot: the days of digitisation, the kind of payment, the code under which the other system knows the case. A
# receiver that does not know them passes them over.

STATUSES = {
    CaseStatus.RECEIVED: "2",
    CaseStatus.REFUSED: "3",
    CaseStatus.IN_PROGRESS: "4",
    CaseStatus.SUPPLEMENT: "5",
    CaseStatus.WITHDRAWN: "7",
    CaseStatus.STOPPED: "8",
    CaseStatus.RESOLVED: "9",
    CaseStatus.CLOSED: "10",
}
CHANNELS = {Channel.IN_PERSON: "1", Channel.ONLINE: "2", Channel.POST: "3"}
DAYS = ("NgayTiepNhan", "NgayHenTra", "NgayKetThucXuLy", "NgayTuChoi", "NgayTra")
ENDS = ("NgayKetThucXuLy", "NgayTuChoi", "NgayTra")
OWN_DAYS = ("NgaySoHoaHoSo", "NgaySoHoaKetQua", "NgayKetQuaDienTu", "NgayThanhToan")
OWN = ("MaHoSoHeThongKhac", "DuocTaiSuDung", "DiaChi", "CanBoXuLy", "HinhThucThanhToan", "SoTienDaThanhToan", *OWN_DAYS)
HEADINGS = (
    *("MaHoSo", "MaTTHC", "TenTTHC", "TenLinhVuc", "DonViXuLy", *DAYS),
    *("ChuHoSo", "SoGiayToChuHoSo", "SoDienThoai", "TrangThaiHoSo", "KenhThucHien"),
    *("HoSoCoThanhPhanSoHoa", "DanhSachGiayToKetQua", "DuocThanhToanTrucTuyen", "TaiKhoanDuocXacThucVoiVNeID", *OWN),
)
_MOMENT = re.compile(r"(\d{4})(\d{2})(\d{2})(?:(\d{2})(\d{2})(\d{2}))?")

Message = Mapping[str, Any]


def messages_of(text: str) -> list[Message]:
    """The messages of a text: a JSON array, what is under `data` of an envelope, one object, or JSON lines.

    DomainError names the line that is not JSON, or the message that is no object; then nothing is read.
    """
    text = text.lstrip("\ufeff").strip()
    if not text:
        return []
    try:
        whole = json.loads(text)
    except json.JSONDecodeError as error:
        if "\n" not in text or text.startswith("["):
            raise DomainError("Dòng %(line)s không phải JSON đúng.", line=error.lineno) from error
        whole = [_line(number, line) for number, line in enumerate(text.split("\n"), 1) if line.strip()]
    if isinstance(whole, dict):
        whole = whole["data"] if isinstance(whole.get("data"), list) else [whole]
    if not isinstance(whole, list):
        whole = [whole]
    for number, message in enumerate(whole, 1):
        if not isinstance(message, dict):
            raise DomainError("Thông điệp thứ %(number)s không phải là một đối tượng JSON.", number=number)
    return whole


def _line(number: int, line: str) -> Any:
    try:
        return json.loads(line)
    except json.JSONDecodeError as error:
        raise DomainError("Dòng %(line)s không phải JSON đúng.", line=number) from error


def rows_of(message: Message, now: str) -> Iterator[list[str]]:
    """The rows that a message is. Given back later than it was done, it is two: done, then given back. `now` as the
    shape writes it: a message of which the second row could not be taken is one row, and refused as a whole."""
    cells = {name: _text(message.get(name)) for name in HEADINGS}
    for name in (*DAYS, *OWN_DAYS):
        cells[name] = _written_day(cells[name])
    cells["DanhSachGiayToKetQua"] = _whether_any(message.get("DanhSachGiayToKetQua"))
    papers = message.get("TaiLieuNop") if not cells["DuocTaiSuDung"] else [message]
    cells["DuocTaiSuDung"] = _used_again(papers)
    cells["SoGiayToChuHoSo"] = cells["SoGiayToChuHoSo"] or _identity(message.get("DinhDanhCHS"))
    if cells["DuocThanhToanTrucTuyen"] in ("0", "3"):  # not online: whether it was paid is not said
        cells["DuocThanhToanTrucTuyen"] = ""
    done, back = _text(message.get("NgayKetThucXuLy")), _text(message.get("NgayTra"))
    if cells["TrangThaiHoSo"] == STATUSES[CaseStatus.CLOSED] and done and back and done != back:
        if _MOMENT.fullmatch(done) and _MOMENT.fullmatch(back) and done < back <= now:
            yield list((cells | {"TrangThaiHoSo": STATUSES[CaseStatus.RESOLVED], "NgayTra": ""}).values())
        cells["NgayKetThucXuLy"] = ""
    yield list(cells.values())


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "1" if value else "0"
    return "" if value is None else str(value).strip() if isinstance(value, str | int | float) else ""


def _written_day(text: str) -> str:
    """20240603083000 as an import reads it; anything else as it stands, to be refused in its place."""
    found = _MOMENT.fullmatch(text)
    if found is None:
        return text
    year, month, day, *clock = found.groups()
    return f"{year}-{month}-{day}" + (f" {clock[0]}:{clock[1]}:{clock[2]}" if clock[0] else "")


def _whether_any(files: Any) -> str:
    return "" if not isinstance(files, list) else "1" if files else "0"


def _used_again(papers: Any) -> str:
    """Whether one of the papers was used again (1, or 2: from another system); "" where none of them says."""
    given = [each for each in papers if isinstance(each, Mapping)] if isinstance(papers, list) else []
    said = [word for each in given if (word := _text(each.get("DuocTaiSuDung")))]
    strange = next((each for each in said if each not in ("0", "1", "2")), "")
    return strange or ("" if not said else "1" if {"1", "2"} & set(said) else "0")


def _identity(identities: Any) -> str:
    known = [each for each in identities or () if isinstance(each, dict)] if isinstance(identities, list) else []
    return _text(known[0].get("SoDinhDanh")) if known else ""


def moment(at: datetime | None) -> str | None:
    """An instant on the site's clock as the national shape writes it."""
    return None if at is None else f"{at:%Y%m%d%H%M%S}"


def without_nothing(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """A message of these fields, those without a value left out."""
    return {name: value for name, value in pairs if value not in (None, "")}


# Messages taken in, and given out, in the national shape.

MAPPING = "quoc-gia"
AT_ONCE = 500  # cases read together


@dataclass(frozen=True, slots=True)
class Taken:
    """What came of messages. `refused` names the message, from 1, and the field of the national shape."""

    report: ImportReport
    messages: int
    new: int
    changed: int
    refused: Sequence[dict[str, Any]]

    def as_json(self) -> dict[str, Any]:
        """For an adapter: counts, notices, and what was refused in its place."""
        unchanged = max(self.messages - len(self.refused) - self.new - self.changed, 0)
        return {
            "id": self.report.import_id,
            "messages": self.messages,
            **{"cases_new": self.new, "cases_changed": self.changed, "cases_unchanged": unchanged},
            "events_new": self.report.events_new,
            "notices": self.report.notices(),
            "refused": self.refused,
        }


@needs(Capability.IMPORT_CASES)
def take_messages(scope: Scope, by: Actor, messages: Sequence[Message], name: str, *, dry_run: bool = False) -> Taken:
    """Take messages in, as an import of their rows: sent again they change nothing; one that cannot be is refused
    alone. With `dry_run` nothing is written."""
    places: list[int] = []
    now = f"{local(extensions.now()):%Y%m%d%H%M%S}"
    with tempfile.TemporaryDirectory(prefix="dung-han-") as folder:
        path = Path(folder) / "messages.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            out = csv.writer(file)
            out.writerow(HEADINGS)
            for number, message in enumerate(messages, 1):
                for row in rows_of(message, now):
                    out.writerow(row)
                    places.append(number)
        chosen = find_mapping(MAPPING, mappings_folder())
        report = import_file(scope, by, Upload(path, name), chosen, dry_run=dry_run)
    refused: dict[int, dict[str, Any]] = {}
    for each in report.refused:
        number = places[each.row - 2]  # the header is row 1
        field = each.column
        if field in ENDS:  # the first of the three that says when it ended
            field = next((name for name in ENDS if each.cells.get(name)), field)
        told = {"message": number, "code": each.cells.get("MaHoSo", ""), "field": field, "reason": each.reason}
        refused.setdefault(number, told)
    new, changed = _cases_of(report, len(messages) - len(refused))
    return Taken(report, len(messages), new, changed, [refused[number] for number in sorted(refused)])


def _cases_of(report: ImportReport, accepted: int) -> tuple[int, int]:
    """How many cases came, and how many moved on: a message may be two rows. Foretold, as well as rows can tell."""
    if report.import_id is None:
        return report.cases_new, min(report.cases_changed, accepted - report.cases_new)
    made = select(func.count()).select_from(ImportedCase).where(ImportedCase.import_id == report.import_id)
    new, known = (db.session.scalar(made.where(ImportedCase.is_new.is_(is_new))) or 0 for is_new in (True, False))
    return new, known


def messages_from(scope: Scope, *which: ColumnElement[bool]) -> Iterator[dict[str, Any]]:
    """The cases in scope as messages, the first taken in first; of each only what is known of it. What was
    annulled is none."""
    zone, after = ZoneInfo(current_app.config["SETTINGS"].zone), 0
    columns = (ProcedureVersion.name, ProcedureVersion.field, Procedure.code, Unit.name)
    chosen = (
        select(Case, *columns)
        .join(ProcedureVersion, ProcedureVersion.id == Case.version_id)
        .join(Procedure, Procedure.id == ProcedureVersion.procedure_id)
        .join(Unit, Unit.id == Case.unit_id)
        .where(Case.site == scope.site, scope.within(Case.unit_id), stands(Case), *which)
        .order_by(Case.id)
        .limit(AT_ONCE)
    )
    while rows := db.session.execute(chosen.where(Case.id > after)).all():
        after = rows[-1][0].id
        payments = _payments([row[0].id for row in rows])
        for case, procedure, field, code, unit in rows:
            yield _message(case, procedure, field, code, unit, payments.get(case.id), zone)
        db.session.expunge_all()


def _payments(case_ids: Sequence[int]) -> dict[int, Payment]:
    """The first payment of each case that stands."""
    rows = select(Payment).where(Payment.case_id.in_(case_ids), Payment.voided.is_(False))
    found: dict[int, Payment] = {}
    for each in db.session.scalars(rows.order_by(Payment.case_id, Payment.event_number)):
        found.setdefault(each.case_id, each)
    return found


def _message(
    case: Case, procedure: str, field: str, code: str, unit: str, paid: Payment | None, zone: ZoneInfo
) -> dict[str, Any]:
    def day(at: datetime | None) -> str | None:
        return moment(None if at is None else at.astimezone(zone))

    knows, closed, refused = Knows(case.knows), case.closed_at, case.status is CaseStatus.REFUSED
    ended = case.result_at or (None if refused else case.ended_at)
    pairs: list[tuple[str, Any]] = [
        *(
            ("MaHoSo", case.code),
            ("MaHoSoHeThongKhac", case.other_code),
            ("MaTTHC", code),
            ("TenTTHC", procedure),
            ("TenLinhVuc", field),
            ("DonViXuLy", unit),
        ),
        ("NgayTiepNhan", day(case.received_at)),
        ("NgayHenTra", day(case.late_after or case.due_at or case.promised_at)),  # by which it is judged
        ("NgayKetThucXuLy", day(ended)),
        ("NgayTuChoi", day(case.ended_at) if refused else None),
        ("NgayTra", day(closed)),
        *(("ChuHoSo", case.applicant), ("SoGiayToChuHoSo", case.id_number), ("SoDienThoai", case.phone)),
        *(("DiaChi", case.address), ("CanBoXuLy", case.officer), ("TrangThaiHoSo", STATUSES[case.status])),
    ]
    if knows & Knows.CHANNEL:
        pairs.append(("KenhThucHien", CHANNELS[case.channel]))
    if knows & Knows.FILES:
        pairs += [("HoSoCoThanhPhanSoHoa", "1" if case.files_digitised_at else "0")]
        pairs += [("NgaySoHoaHoSo", day(case.files_digitised_at))]
    if knows & Knows.RESULT and case.result_at:
        pairs += [("DanhSachGiayToKetQua", [{"TenGiayTo": procedure}] if case.result_digitised_at else [])]
        pairs += [("NgaySoHoaKetQua", day(case.result_digitised_at))]
    if knows & Knows.ELECTRONIC and case.result_at:
        pairs += [("NgayKetQuaDienTu", day(case.electronic_result_at) or "0")]
    pairs += [("TaiKhoanDuocXacThucVoiVNeID", _flag(case.vneid)), ("DuocTaiSuDung", _flag(case.reused))]
    if knows & Knows.PAYMENT:
        pairs += _payment_pairs(paid, day(paid.paid_at) if paid else None)
    return without_nothing(pairs)


def _flag(said: bool | None) -> str:
    return "" if said is None else "1" if said else "0"


def _payment_pairs(paid: Payment | None, when: str | None) -> list[tuple[str, Any]]:
    if paid is None:
        return [("DuocThanhToanTrucTuyen", "0"), ("HinhThucThanhToan", "unpaid")]
    online = paid.channel is PaymentChannel.ONLINE
    how = "online" if online else "in_person"
    pairs = [("DuocThanhToanTrucTuyen", "2" if online else "0"), ("HinhThucThanhToan", how)]
    return [*pairs, ("SoTienDaThanhToan", paid.amount), ("NgayThanhToan", when)]


def in_period(start: datetime, end: datetime) -> ColumnElement[bool]:
    """Cases that were open, or taken in, at some time of a span (UTC, the end not included)."""
    return (Case.received_at < end) & or_(Case.ended_at.is_(None), Case.ended_at >= start)


def told_since(since: datetime) -> ColumnElement[bool]:
    """Cases about which something was recorded at an instant or later."""
    return exists().where(CaseEvent.case_id == Case.id, CaseEvent.recorded_at >= since)


# Cases as an event log in XES (IEEE 1849): a trace a case, an event for each thing recorded of it. Nobody's name but
# that of who did something, no contact, no note.

_HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<log xes.version="1849-2016" xes.features="nested-attributes" xmlns="http://www.xes-standard.org/">
<extension name="Concept" prefix="concept" uri="http://www.xes-standard.org/concept.xesext"/>
<extension name="Time" prefix="time" uri="http://www.xes-standard.org/time.xesext"/>
<extension name="Organizational" prefix="org" uri="http://www.xes-standard.org/org.xesext"/>
<global scope="trace"><string key="concept:name" value=""/></global>
<global scope="event"><string key="concept:name" value=""/>
<date key="time:timestamp" value="1970-01-01T00:00:00+00:00"/></global>
<classifier name="Activity" keys="concept:name"/>
"""


def log_of(scope: Scope, *which: ColumnElement[bool]) -> Iterator[str]:
    """The log in parts, the first taken in first."""
    yield _HEAD
    after = 0
    columns = (Case.id, Case.code, Unit.code, Procedure.code, Case.received_at, Case.due_at, Case.ended_at, Case.status)
    wanted = (
        select(*columns)
        .join(Unit, Unit.id == Case.unit_id)
        .join(ProcedureVersion, ProcedureVersion.id == Case.version_id)
        .join(Procedure, Procedure.id == ProcedureVersion.procedure_id)
        .where(Case.site == scope.site, scope.within(Case.unit_id), stands(Case), *which)
        .order_by(Case.id)
        .limit(AT_ONCE)
    )
    while rows := db.session.execute(wanted.where(Case.id > after)).all():
        after = rows[-1][0]
        events = _events([row[0] for row in rows])
        for key, code, unit, procedure, received, due, ended, status in rows:
            yield "<trace>"
            yield _string("concept:name", code)
            yield _string("department", unit) + _string("procedure", procedure) + _string("status", status.value)
            yield _date("startdate", received) + _date("deadline", due) + _date("enddate", ended)
            yield from (_event(each) for each in events[key])
            yield "</trace>\n"
        db.session.expunge_all()
    yield "</log>\n"


def _events(ids: Sequence[int]) -> dict[int, list[CaseEvent]]:
    found: dict[int, list[CaseEvent]] = defaultdict(list)
    wanted = (
        select(CaseEvent).where(CaseEvent.case_id.in_(ids)).order_by(CaseEvent.case_id, CaseEvent.at, CaseEvent.number)
    )
    for event in db.session.scalars(wanted):
        found[event.case_id].append(event)
    return found


def _event(event: CaseEvent) -> str:
    """What other software called an activity keeps that name; what is recorded here goes by its kind."""
    name = event.data.get("name", "") if event.kind is EventKind.ACTIVITY else event.kind.value
    parts = (
        _string("concept:name", name)
        + _date("time:timestamp", event.at)
        + _string("concept:instance", str(event.number))
    )
    return f"<event>{parts}{_string('org:resource', event.actor)}</event>"


def _string(key: str, value: str) -> str:
    return f"<string key={quoteattr(key)} value={quoteattr(visible(value))}/>" if value else ""


def _date(key: str, moment: datetime | None) -> str:
    return (
        f"<date key={quoteattr(key)} value={quoteattr(local(moment).isoformat(timespec='milliseconds'))}/>"
        if moment
        else ""
    )
