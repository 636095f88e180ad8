"""An import is taken back as a whole: nothing of it is left, and it can be brought in again."""

from __future__ import annotations

import os
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, text, update

from app.attachments.models import Attachment, AttachmentKind
from app.cases.due_notices import about
from app.cases.importing import staging, writing
from app.cases.importing.models import Import, ImportedCase, ImportState
from app.cases.importing.queries import done_cases
from app.cases.importing.undo import CasesTouched, Touch, touched_cases, undo_import
from app.cases.models import DERIVED_TABLES, Case
from app.cases.vocabulary import CaseStatus, EventKind
from app.core.errors import Conflict, NotAllowed
from app.notifications import service as notices
from app.notifications.labels import News
from app.notifications.models import Notice, NoticeKind
from app.organisation import audit
from app.organisation.access import Scope
from app.organisation.audit import transaction
from app.organisation.models import AuditEntry, Unit
from app.procedures.models import Procedure, ProcedureVersion
from app.web import extensions
from app.web.extensions import db
from tests.cases.importing.exports import CLERK, closed, csv_file, log_file, log_row, reasons, row, take
from tests.clock import at
from tests.factories import SITE, happen, make_person, receive

HERE = Scope(SITE)
OF_THE_IMPORT = {"imports", "import_refusals", "imported_cases", "audit_entries", "audit_heads"}
NOTHING: list[Any] = []


def dump(*, ids: bool = True) -> dict[str, list[Any]]:
    """Every table but the import's own records.

    Without the revision, which never goes back, and the ids of derived rows, which are written anew at each fold.
    """
    found = {}
    for table in db.metadata.sorted_tables:
        if table.name not in OF_THE_IMPORT:
            left_out = {"revision"} | ({"id"} if table.name in DERIVED_TABLES else set())
            left_out |= set() if ids else {"id", "case_id", "import_id", "recorded_at", "version_id", "hash"}
            columns = [column for column in table.columns if column.name not in left_out]
            rows = db.session.execute(select(*columns)).all()
            found[table.name] = sorted(tuple(map(str, each)) for each in rows)
    return found


def undo(report: Any) -> Any:
    return undo_import(HERE, CLERK, report.import_id)


def the_case(code: str) -> Case:
    return db.session.scalars(select(Case).where(Case.code == code).execution_options(populate_existing=True)).one()


@pytest.fixture
def before(permit: ProcedureVersion, tmp_path: Path) -> dict[str, list[Any]]:
    """Cases of every kind that next week's export will move on, and what the tables hold of them."""
    receive(permit, at("2024-06-03 08:30"), code="tay", phone="0912345678")
    take(
        csv_file(
            tmp_path,
            row(code="A", phone=""),
            row(code="B", status="Yêu cầu bổ sung"),
            closed(code="C", status="Đã xử lý xong"),
            row(code="D"),
            name="tuan-truoc.csv",
        )
    )
    return dump()


def test_what_is_imported_stands_in_the_register_by_reception_and_gives_its_lines_back_when_undone(
    permit: ProcedureVersion, tmp_path: Path
) -> None:
    receive(permit, at("2024-06-05 08:30"), code="tay")
    rows = [row(code=code, received=day) for code, day in (("B", "04/06/2024 08:00"), ("A", "03/06/2024 08:00"))]
    report = take(csv_file(tmp_path, *rows, row(code="C", received="20/12/2023 08:00"), name="so.csv"))
    lines = select(Case.code, Case.register_year, Case.register_number).order_by(Case.code)
    imported = [("A", 2024, 2), ("B", 2024, 3), ("C", 2023, 1), ("tay", 2024, 1)]
    assert [tuple(each) for each in db.session.execute(lines)] == imported
    undo(report)
    assert receive(permit, at("2024-06-06 08:30")).register_number == 2
    assert receive(permit, at("2023-12-21 08:30")).register_number == 1


def test_while_an_import_is_written_the_desk_gets_its_lines_of_the_register(
    permit: ProcedureVersion, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if db.engine.dialect.name == "sqlite":
        pytest.skip("an embedded database has one writer")
    receive(permit, at("2024-06-05 08:30"), code="tay")
    given, really = [], writing.Writer._write

    def write(self: writing.Writer, cases: list[staging.Staged]) -> None:
        really(self, cases)
        with db.engine.begin() as desk:
            desk.execute(text("SET LOCAL lock_timeout = '2s'"))
            given.append(desk.scalar(text("UPDATE case_counters SET last = last + 1 RETURNING last")))

    monkeypatch.setattr(writing.Writer, "_write", write)
    take(csv_file(tmp_path, row(code="A"), name="so.csv"))
    assert given == [2]
    assert the_case("A").register_number == 3


@pytest.fixture
def later(tmp_path: Path) -> Path:
    """Next week's export: filled in, moved on, closed, unchanged, new and refused; the hand-kept case too."""
    return csv_file(
        tmp_path,
        row(code="A", officer="Phạm Văn Sơn"),
        closed(code="B"),
        closed(code="C"),
        row(code="D", promised="17/06/2024"),
        row(code="E"),
        row(code="F", procedure="Thủ tục lạ"),
        closed(code="tay"),
        row(code="G", received="29/02/2023"),
        name="tuan-nay.csv",
    )


def test_after_run_and_undo_every_table_is_as_before(before: dict[str, list[Any]], later: Path) -> None:
    report = take(later)
    assert (report.cases_new, report.cases_changed, len(report.refused)) == (2, 5, 1)
    assert dump() != before
    undone = undo(report)
    assert (undone.cases_removed, undone.cases_restored, undone.made_removed) == (2, 5, 1)
    after = dump()
    assert {name for name in after if after[name] != before[name]} == set()


def test_the_file_brought_in_again_gives_the_same(before: dict[str, list[Any]], later: Path) -> None:
    first = take(later)
    once = dump(ids=False)
    undo(first)
    again = take(later)
    assert again.as_json() == first.as_json()
    second = dump(ids=False)
    assert {name for name in once if once[name] != second[name]} <= {"procedures", "procedure_versions"}  # its origin


def test_an_event_log_is_taken_back_whole(session: Any, tmp_path: Path) -> None:
    rows = [log_row(f"case-{n % 3}", n, f"T{n}", f"2011-10-1{2 + n // 3} 08:00:00+02:00") for n in range(9)]
    first = take(log_file(tmp_path, *rows[:5], name="1.csv"), "coselog")
    before = dump()
    undo(
        take(
            log_file(tmp_path, *rows, log_row("moi", 99, "T", "2011-10-12 08:00:00+02:00", department="Khác")),
            "coselog",
        )
    )
    assert dump() == before
    undo(first)
    assert [db.session.scalar(select(func.count()).select_from(m)) for m in (Case, Unit, Procedure)] == [0, 0, 0]


@pytest.mark.skipif("DUNG_HAN_RECEIPT" not in os.environ, reason="DUNG_HAN_RECEIPT names no copy of the real log")
def test_the_real_log_is_taken_back_whole(session: Any) -> None:
    before = dump()
    report = take(Path(os.environ["DUNG_HAN_RECEIPT"]), "coselog")
    assert undo(report).events_removed > 8577
    assert dump() == before


def test_the_audit_trail_keeps_what_was_taken_back(before: dict[str, list[Any]], later: Path) -> None:
    report = take(later)
    undo(report)
    entry = db.session.scalars(select(AuditEntry).order_by(AuditEntry.number.desc())).first()
    assert entry is not None
    assert (entry.action, entry.subject_id, entry.details["cases_removed"]) == ("undo_import", str(report.import_id), 2)
    assert entry.details["codes"] == ["A", "B", "C", "D", "E", "F", "tay"]
    record = db.session.get(Import, report.import_id, populate_existing=True)
    assert record is not None
    assert (record.state, record.undone_at) == (ImportState.UNDONE, extensions.now())
    assert audit.verify().broken_at is None


def test_an_import_is_undone_once(before: dict[str, list[Any]], later: Path) -> None:
    report = take(later)
    undo(report)
    with pytest.raises(Conflict, match="đã được hoàn tác"):
        undo(report)


def test_what_somebody_did_since_keeps_the_import_whole(before: dict[str, list[Any]], later: Path) -> None:
    report = take(later)
    happen(the_case("E"), EventKind.NOTED, at("2024-06-20 08:00"), note="Đã gọi cho dân")
    done = dump()
    with pytest.raises(CasesTouched, match=r"việc khác trên hồ sơ của nó \(E\)"):
        undo(report)
    assert dump() == done
    [touched] = touched_cases(HERE, report.import_id)
    assert (touched.code, touched.touch) == ("E", Touch.CHANGED)


def test_a_later_import_of_the_same_cases_is_undone_first(permit: ProcedureVersion, tmp_path: Path) -> None:
    first = take(csv_file(tmp_path, row(code="A"), name="1.csv"))
    second = take(csv_file(tmp_path, closed(code="A"), name="2.csv"))
    with pytest.raises(CasesTouched):
        undo(first)
    undo(second)
    assert the_case("A").status is CaseStatus.IN_PROGRESS
    undo(first)
    assert db.session.scalar(select(func.count()).select_from(Case)) == 0


def attach(case: Case) -> None:
    file = {"file_name": "a.pdf", "media_type": "application/pdf", "size": 1, "sha256": "0" * 64}
    db.session.add(Attachment(site=SITE, case_id=case.id, kind=AttachmentKind.OTHER, added_at=extensions.now(), **file))
    db.session.commit()


@pytest.mark.parametrize("code", ["E", "A"])
def test_a_file_attached_since_keeps_the_import(
    before: dict[str, list[Any]], later: Path, freeze: Any, code: str
) -> None:
    report = take(later)
    freeze("2024-07-02 08:00")
    attach(the_case(code))
    [touched] = touched_cases(HERE, report.import_id)
    assert (touched.code, touched.touch) == (code, Touch.ADDED_TO)


def test_a_file_attached_before_the_import_does_not(before: dict[str, list[Any]], later: Path, freeze: Any) -> None:
    freeze("2024-06-30 08:00")
    attach(the_case("A"))
    freeze("2024-07-01 08:00")
    held = dump()
    undo(take(later))
    assert dump() == held


def test_notices_go_with_the_cases_that_they_are_about(before: dict[str, list[Any]], later: Path, unit: Unit) -> None:
    who = make_person(unit)
    report = take(later)
    told = News([who.id], NoticeKind.CASE, "case_overdue", about=about(the_case("E").id))
    with transaction():
        notices.tell(SITE, [told])
    assert undo(report).cases_removed == 2
    assert db.session.scalar(select(func.count()).select_from(Notice)) == 0


def test_a_procedure_that_an_import_made_stays_when_it_is_used(unit: Unit, tmp_path: Path) -> None:
    report = take(csv_file(tmp_path, row(procedure="Thủ tục lạ")))
    version = db.session.scalars(select(ProcedureVersion)).one()
    version.time_amount = Decimal(5)  # nobody is received under one without a time
    db.session.commit()
    receive(version, at("2024-06-03 08:30"), code="tay")
    assert undo(report).made_removed == 0
    assert db.session.scalars(select(Case.code)).all() == ["tay"]


def test_a_clerk_who_saw_the_imported_case_is_told_that_it_has_changed(
    permit: ProcedureVersion, tmp_path: Path
) -> None:
    take(csv_file(tmp_path, row(code="A"), name="1.csv"))
    second = take(csv_file(tmp_path, closed(code="A"), name="2.csv"))
    seen = the_case("A").revision
    undo(second)
    with pytest.raises(Conflict, match="vừa được người khác cập nhật"):
        happen(the_case("A"), EventKind.NOTED, at("2024-06-20 08:00"), note="x", revision=seen)


def test_an_import_from_before_cases_were_kept_is_not_undone(permit: ProcedureVersion, tmp_path: Path) -> None:
    report = take(csv_file(tmp_path, row()))
    db.session.query(ImportedCase).delete()
    db.session.commit()
    with pytest.raises(Conflict, match="không hoàn tác được"):
        undo(report)
    record = db.session.get(Import, report.import_id, populate_existing=True)
    assert record is not None
    assert record.state is ImportState.DONE


def test_only_who_sees_every_unit_may_undo(permit: ProcedureVersion, tmp_path: Path) -> None:
    report = take(csv_file(tmp_path, row()))
    with pytest.raises(NotAllowed):
        undo_import(Scope(SITE, frozenset({permit.unit_id})), CLERK, report.import_id)


def test_an_import_can_be_looked_at_case_by_case(before: dict[str, list[Any]], later: Path) -> None:
    report = take(later)
    record = db.session.get(Import, report.import_id)
    assert record is not None
    done = {case.code: case for case in done_cases(record)}
    assert list(done) == ["A", "B", "C", "D", "E", "F", "tay"]
    assert (done["A"].filled, done["A"].events) == (("phone",), (EventKind.HANDED_OVER,))
    assert (done["B"].before, done["B"].status) == (CaseStatus.SUPPLEMENT, CaseStatus.CLOSED)
    assert done["B"].events == (EventKind.SUPPLEMENTED, EventKind.RESOLVED, EventKind.CLOSED)
    assert (done["E"].is_new, done["E"].before) == (True, None)
    assert [case.code for case in done_cases(record, after=done["D"].key)] == ["E", "F", "tay"]
    undo(report)
    assert {case.code: case.case_id is None for case in done_cases(record)}["E"] is True


# Others write while a file is read


def test_a_case_written_to_while_the_file_is_read_is_read_again(permit: ProcedureVersion, tmp_path: Path) -> None:
    take(csv_file(tmp_path, row(code="A"), name="1.csv"))
    meddled: list[int] = []

    def meddle(_rows: int, _done: int, _total: int) -> None:
        if not meddled:
            meddled.append(1)
            happen(the_case("A"), EventKind.RESOLVED, at("2024-06-06 09:00"))

    report = take(csv_file(tmp_path, closed(code="A", ended="07/06/2024"), name="2.csv"), progress=meddle)
    assert reasons(report) == NOTHING
    case = the_case("A")
    assert (case.result_at, case.closed_at) == (at("2024-06-06 09:00"), at("2024-06-07 00:00"))


def test_a_code_given_out_while_the_file_is_read_is_not_given_twice(permit: ProcedureVersion, tmp_path: Path) -> None:
    meddled: list[int] = []

    def meddle(_rows: int, _done: int, _total: int) -> None:
        if not meddled:
            meddled.append(1)
            receive(permit, at("2024-06-03 08:30"), code="A")

    report = take(csv_file(tmp_path, row(code="A")), progress=meddle)
    assert (report.cases_new, report.cases_changed) == (0, 1)


def test_when_others_never_stop_the_file_still_comes_in(permit: ProcedureVersion, tmp_path: Path) -> None:
    take(csv_file(tmp_path, row(code="A"), name="1.csv"))
    attempts: list[int] = []

    def meddle(_rows: int, _done: int, _total: int) -> None:
        attempts.append(1)
        if len(attempts) < 3:  # the third reading keeps others out
            happen(the_case("A"), EventKind.NOTED, at("2024-06-06 09:00"), note="x")

    report = take(csv_file(tmp_path, closed(code="A"), name="2.csv"), progress=meddle)
    assert (report.cases_changed, len(attempts)) == (1, 3)


def test_others_write_while_a_file_is_read(permit: ProcedureVersion, tmp_path: Path) -> None:
    take(csv_file(tmp_path, row(code="A"), name="1.csv"))
    written: list[int] = []

    def write(_rows: int, _done: int, _total: int) -> None:
        with db.engine.begin() as other:  # a connection of its own: it would wait for ever for one that holds the case
            other.execute(update(Case).where(Case.code == "A").values(officer="Người khác"))
        written.append(1)

    later = csv_file(tmp_path, closed(code="A"), row(code="B", procedure="Thủ tục lạ"), name="2.csv")
    take(later, dry_run=True, progress=write)
    take(later, progress=write)
    assert len(written) == 2


@pytest.mark.parametrize("after", range(6))
def test_a_run_that_fails_in_the_middle_of_writing_leaves_nothing(
    permit: ProcedureVersion, before: dict[str, list[Any]], later: Path, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    monkeypatch.setattr(staging, "CHUNK", 2)
    calls: list[int] = []
    insert = writing.insert_stored

    def failing(*table_and_rows: Any) -> None:
        calls.append(1)
        if len(calls) > 3 * after:
            raise OSError("no space left on device")
        insert(*table_and_rows)

    monkeypatch.setattr(writing, "insert_stored", failing)
    with pytest.raises(OSError, match="no space"):
        take(later)
    assert dump() == before
    record = db.session.scalars(select(Import).order_by(Import.id.desc())).first()
    assert record is not None
    assert record.state is ImportState.FAILED
    assert db.session.scalar(select(func.count()).where(ImportedCase.import_id == record.id)) == 0
