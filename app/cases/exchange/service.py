"""Messages taken in, and given out, in the national shape."""

from __future__ import annotations

import csv
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from flask import current_app
from sqlalchemy import ColumnElement, exists, func, or_, select

from app.cases.exchange.shape import CHANNELS, ENDS, HEADINGS, STATUSES, Message, moment, rows_of, without_nothing
from app.cases.importing.mapping import find_mapping
from app.cases.importing.models import ImportedCase
from app.cases.importing.report import ImportReport
from app.cases.importing.service import Upload, import_file, mappings_folder
from app.cases.knowledge import Knows
from app.cases.models import Case, CaseEvent, Payment
from app.cases.population import stands
from app.cases.vocabulary import CaseStatus, PaymentChannel
from app.organisation.access import Actor, Scope
from app.organisation.models import Unit
from app.organisation.permissions import Capability, needs
from app.procedures.models import Procedure, ProcedureVersion
from app.web import extensions
from app.web.extensions import db
from app.web.formats import local

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
