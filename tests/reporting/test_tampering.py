"""What somebody changes in the database, or on the disk, beside the software: each kind is said, and where."""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from flask import Flask
from sqlalchemy import Table, event, func, select, text, update

from app.attachments import service as attachments
from app.attachments.service import UploadedFile
from app.cases import service as cases
from app.cases.chain import START, hash_of
from app.cases.importing.models import Import
from app.cases.importing.undo import undo_import
from app.cases.models import Case, CaseEvent
from app.cases.vocabulary import EventKind
from app.compliance.models import CheckResult, CheckRun, PackText
from app.compliance.runs import evidence
from app.compliance.runs.service import run_check
from app.compliance.runs.verification import verify_run
from app.core.periods import Period
from app.organisation import audit
from app.organisation import verifying as anchors
from app.organisation.models import AuditEntry, AuditHead, Unit, UnitKind
from app.organisation.verifying import Broken
from app.procedures.models import ProcedureVersion
from app.reporting import verifying
from app.web.extensions import db
from tests.attachments import samples
from tests.cases.importing.exports import closed, csv_file, row, take
from tests.clock import at
from tests.compliance.first_month import write_first_month
from tests.factories import (
    CLERK,
    EVERYWHERE,
    SITE,
    adopt_packs,
    happen,
    make_person,
    make_unit,
    make_version,
    pay,
    receive,
)
from tests.grounds import Grounds


@pytest.fixture
def kept(
    ground: Grounds,
    app: Flask,
    tmp_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Case]:
    """A site with a case that was worked on, an import, a file and a check: everything that can be tampered with."""

    def use(folder: Path) -> None:
        monkeypatch.setattr(app, "instance_path", str(folder / "instance"))
        changed = {"rules": folder / "rules", "audit_anchor_file": folder / "anchors"}
        monkeypatch.setitem(app.config, "SETTINGS", app.config["SETTINGS"].model_copy(update=changed))

    made = tmp_path_factory.getbasetemp() / f"tampering-{db.engine.name}"
    use(made)
    case = ground(make_site, made)
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    use(tmp_path)
    yield case
    db.session.rollback()


def make_site(folder: Path) -> Case:
    folder.mkdir()
    write_first_month(folder / "rules")
    so = make_unit("SO", "Sở", UnitKind.DEPARTMENT)
    unit = make_unit("LDVL", "Phòng LDVL", parent=so)
    version = make_version(unit, ("Tiếp nhận", unit, 1), ("Thẩm định", unit, 4), fee=600_000, eligible=True)
    case = receive(version, at("2024-06-03 08:30"), code="tay")
    happen(case, EventKind.HANDED_OVER, at("2024-06-03 10:00"))
    pay(case, at("2024-06-03 11:00"))
    cases.correct(EVERYWHERE, CLERK, case.id, 2, reason="nhầm giờ", at=at("2024-06-03 09:00"))
    take(csv_file(folder, row(code="A"), closed(code="B")))
    attachments.attach(EVERYWHERE, CLERK, case.id, [UploadedFile("don.pdf", io.BytesIO(samples.pdf()))])
    adopt_packs()
    run_check(CLERK, Period.parse("2024-06"))
    return case


def broken() -> list[Broken]:
    """What the walk says now, from a transaction of its own."""
    db.session.commit()
    db.session.expire_all()
    return verifying.verify().broken


def places() -> list[tuple[str, dict[str, object]]]:
    return [(one.part, dict(one.where)) for one in broken()]


def sql(statement: str, **values: Any) -> None:
    db.session.execute(text(statement), values)


def last_entry() -> int:
    return db.session.scalar(select(func.max(AuditEntry.number))) or 0


def test_what_nobody_touched_holds(kept: Case) -> None:
    found = verifying.verify()
    assert found.broken == []
    assert (found.counts["cases"], found.counts["runs"], found.counts["files"]) == (3, 1, 1)
    assert found.counts["entries"] == last_entry()
    assert found.counts["events"] == db.session.scalar(select(func.count()).select_from(CaseEvent))


# --- the trail ---------------------------------------------------------------------------------------------------


def test_a_tail_that_was_deleted_is_missed(kept: Case) -> None:
    happen(kept, EventKind.NOTED, at("2024-06-04 08:00"), note="đã xem")
    last = last_entry()
    sql("DELETE FROM audit_entries WHERE number = :last", last=last)
    assert ("trail", {"entry": last}) in places()


def test_a_tail_stays_missed_when_the_site_goes_on(kept: Case) -> None:
    last = last_entry()
    sql("DELETE FROM audit_entries WHERE number = :last", last=last)
    db.session.commit()
    happen(kept, EventKind.NOTED, at("2024-06-04 08:00"), note="đã xem")
    assert last_entry() == last + 1
    assert ("trail", {"entry": last + 1}) in places()


def test_a_whole_trail_that_was_deleted_is_missed(kept: Case) -> None:
    sql("DELETE FROM audit_entries")
    assert ("trail", {"entry": 1}) in places()


def test_a_trail_deleted_with_its_end_is_missed_by_the_run_the_events_and_the_anchors(kept: Case) -> None:
    sql("DELETE FROM audit_entries")
    sql("DELETE FROM audit_heads")
    assert {part for part, _where in places()} == {"runs", "events", "anchors"}


def test_a_tail_deleted_with_its_end_is_missed_by_the_anchor_outside(kept: Case) -> None:
    """Nothing in the database tells: what is left of it is as it was at an earlier moment."""
    with audit.transaction():
        audit.record(CLERK, "change_unit", "unit", "LDVL")
    anchors.anchor("test")
    last = last_entry()
    sql("DELETE FROM audit_entries WHERE number = :last", last=last)
    newest = db.session.scalars(select(AuditEntry).where(AuditEntry.number == last - 1)).one()
    db.session.execute(update(AuditHead).values(number=newest.number, hash=newest.hash))
    assert places() == [("anchors", {"line": 2, "entry": last})]


def test_an_entry_slipped_in_after_the_end_is_seen(kept: Case) -> None:
    last = db.session.scalars(select(AuditEntry).order_by(AuditEntry.number.desc())).first()
    assert last is not None
    columns = ("site", "at", "actor", "subject_kind", "subject_id", "details")
    values = {name: getattr(last, name) for name in columns}
    more = AuditEntry(**values, action="change_unit", number=last.number + 1, previous_hash=last.hash)
    more.hash = audit.entry_hash(more)
    db.session.add(more)
    assert places() == [("trail", {"entry": last.number + 1})]


# --- events ------------------------------------------------------------------------------------------------------


def test_any_column_of_an_event_that_was_edited_is_said(kept: Case) -> None:
    """Each column in turn, put back afterwards."""
    table = cast(Table, CaseEvent.__table__)
    of_the_case = table.c.case_id == kept.id
    unit = db.session.scalars(select(Unit).where(Unit.code == "SO")).one()
    edits: dict[str, Any] = {
        "at": at("2024-06-02 03:00"),
        "recorded_at": at("2024-06-02 03:00"),
        "recorded_by_id": make_person(unit).id,
        "unit_id": unit.id,
        "actor": "Kẻ khác",
        "note": "khác",
        "kind": EventKind.NOTED,
        "data": {"amount": 1},
        "corrects_id": select(table.c.id).where(of_the_case, table.c.number == 1).scalar_subquery(),
        "external_id": "x",
        "import_id": db.session.scalar(select(func.max(Import.id))),
        "hash": "0",
    }
    assert set(edits) == set(table.c.keys()) - {"id", "site", "case_id", "number"}
    for column, edit in edits.items():
        which = (of_the_case, table.c.number == 3)
        before = db.session.scalar(select(table.c[column]).where(*which))
        db.session.execute(update(table).where(*which).values({column: edit}))
        assert ("events", {"case": "tay", "event": 3}) in places(), column
        db.session.execute(update(table).where(*which).values({column: before}))
    assert broken() == []


@pytest.mark.parametrize("number", [1, 2, 4])
def test_an_event_that_was_deleted_is_said(kept: Case, number: int) -> None:
    sql("UPDATE case_events SET corrects_id = NULL WHERE case_id = :case", case=kept.id)
    sql("DELETE FROM case_events WHERE case_id = :case AND number = :number", case=kept.id, number=number)
    said = [str(one.what) for one in broken() if one.where.get("event") == number]
    assert any("thiếu sự kiện" in sentence for sentence in said)


def chained_anew(case: Case) -> None:
    """As somebody would who knows how: the whole chain of the case is right again."""
    previous, numbers = START, {}
    for each in db.session.scalars(select(CaseEvent).where(CaseEvent.case_id == case.id).order_by(CaseEvent.number)):
        numbers[each.id] = each.number
        each.hash = previous = hash_of(each, case.code, numbers.get(each.corrects_id or 0), previous)


def test_a_chain_written_anew_is_said_by_the_trail(kept: Case) -> None:
    db.session.execute(update(CaseEvent).where(CaseEvent.case_id == kept.id, CaseEvent.number == 2).values(note="khác"))
    chained_anew(kept)
    said = [one for one in broken() if one.part == "events"]
    assert [one.where["event"] for one in said] == [2, 3, 4]
    assert all("mục nhật ký" in str(one.what) for one in said)


def test_an_event_slipped_in_at_the_end_is_said(kept: Case) -> None:
    last = db.session.scalars(
        select(CaseEvent).where(CaseEvent.case_id == kept.id).order_by(CaseEvent.number.desc())
    ).first()
    assert last is not None
    values = {name: getattr(last, name) for name in ("site", "case_id", "recorded_at", "unit_id")}
    db.session.add(
        CaseEvent(
            **values, number=last.number + 1, kind=EventKind.NOTED, at=last.recorded_at, actor="x", note="y", data={}
        )
    )
    db.session.flush()
    chained_anew(kept)
    assert places() == [("events", {"case": "tay", "event": last.number + 1})]


def test_an_imported_event_edited_or_chained_anew_is_said(kept: Case) -> None:
    case = db.session.scalars(select(Case).where(Case.code == "B")).one()
    db.session.execute(update(CaseEvent).where(CaseEvent.case_id == case.id, CaseEvent.number == 1).values(actor="x"))
    number = db.session.scalar(select(CaseEvent.import_id).where(CaseEvent.case_id == case.id).limit(1))
    assert ("events", {"case": "B", "event": 1}) in places()
    chained_anew(case)
    ((part, where),) = places()
    assert (part, where["import"]) == ("events", number)


def test_a_case_that_was_deleted_is_said(kept: Case) -> None:
    other = receive(version_of(kept), at("2024-06-05 08:00"), code="mất")
    for table in ("case_promises", "case_stages"):
        sql(f"DELETE FROM {table} WHERE case_id = :case", case=other.id)
    sql("DELETE FROM case_events WHERE case_id = :case", case=other.id)
    assert ("events", {"case": "mất"}) in places()
    sql("DELETE FROM cases WHERE id = :case", case=other.id)
    ((part, where),) = places()
    assert (part, where["case"]) == ("events", "mất")


def version_of(case: Case) -> ProcedureVersion:
    return db.session.scalars(select(ProcedureVersion).where(ProcedureVersion.id == case.version_id)).one()


def test_an_imported_case_that_was_deleted_is_said(kept: Case) -> None:
    gone = db.session.scalars(select(Case.id).where(Case.code == "A")).one()
    for table in ("case_promises", "case_stages", "case_pauses", "payments", "case_events"):
        sql(f"DELETE FROM {table} WHERE case_id = :case", case=gone)
    sql("DELETE FROM cases WHERE id = :case", case=gone)
    ((part, where),) = places()
    assert part == "events" and "import" in where


def test_an_import_that_was_undone_is_no_tampering(kept: Case, tmp_path: Path) -> None:
    """Its events are gone from the ends of their chains, and the trail says so; what comes later goes on from there."""
    report = take(csv_file(tmp_path, closed(code="A"), row(code="C"), name="sau.csv"))
    assert broken() == []
    assert report.import_id is not None
    undo_import(EVERYWHERE, CLERK, report.import_id)
    assert broken() == []
    take(csv_file(tmp_path, closed(code="A"), row(code="C"), name="lai.csv"))
    assert broken() == []


# --- runs --------------------------------------------------------------------------------------------------------


def test_facts_changed_together_with_their_hash_are_said(kept: Case) -> None:
    run = db.session.scalars(select(CheckRun)).one()
    facts = evidence.unpack(run.facts)
    facts[0]["unit"] = "KHAC"
    run.facts_hash, run.facts = evidence.keep(facts)
    db.session.commit()
    assert "mã băm dữ kiện so với nhật ký" in [str(one.what) for one in verify_run(run.id).disagreements]
    assert places() == [("runs", {"run": run.id, "period": "2024-06"})]


def test_a_result_that_was_edited_is_said(kept: Case) -> None:
    run = db.session.scalars(select(CheckRun)).one()
    result = db.session.scalars(select(CheckResult)).first()
    assert result is not None
    result.figures = result.figures | {"x": 1}
    db.session.commit()
    assert "mã băm kết quả so với nhật ký" in [str(one.what) for one in verify_run(run.id).disagreements]
    assert places() == [("runs", {"run": run.id, "period": "2024-06"})]


def test_packs_of_a_run_exchanged_or_edited_are_said(kept: Case) -> None:
    run = db.session.scalars(select(CheckRun)).one()
    texts = db.session.scalars(select(PackText)).first()
    assert texts is not None
    texts.files = texts.files | {"rules.yaml": "khác"}
    assert places() == [("runs", {"pack": texts.pack, "hash": texts.hash})]
    run.packs = [*run.packs, {"id": "x", "hash": "y"}]
    assert ("runs", {"run": run.id, "period": "2024-06"}) in places()


def test_a_run_that_was_deleted_is_said(kept: Case) -> None:
    run = db.session.scalars(select(CheckRun.id)).one()
    for table in ("run_violations", "violations", "check_results", "check_runs"):
        sql(f"DELETE FROM {table}")
    ((part, where),) = places()
    assert (part, where["run"]) == ("runs", run)


# --- files -------------------------------------------------------------------------------------------------------


def test_a_file_that_was_changed_or_is_gone_is_said_with_its_case(kept: Case) -> None:
    (path,) = [path for path in attachments.store().folder.rglob("*") if path.is_file()]
    content = path.read_bytes()
    path.write_bytes(content[:-1] + b"!")
    assert places() == [("files", {"file": path.name, "cases": ["tay"]})]
    path.unlink()
    assert places() == [("files", {"file": path.name, "cases": ["tay"]})]


# --- anchors and the command --------------------------------------------------------------------------------------


def test_a_check_adds_a_line_to_the_file_outside(kept: Case, app: Flask) -> None:
    path = app.config["SETTINGS"].audit_anchor_file
    (line,) = path.read_text("utf-8").splitlines()
    told = json.loads(line)
    assert (told["site"], told["number"], told["why"]) == (SITE, last_entry(), "check_run")
    assert path.stat().st_mode & 0o077 == 0


def test_a_check_whose_anchor_cannot_be_written_is_made_all_the_same(
    kept: Case, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    away = app.config["SETTINGS"].model_copy(update={"audit_anchor_file": Path("/nonexistent/anchors")})
    monkeypatch.setitem(app.config, "SETTINGS", away)
    assert run_check(CLERK, Period.parse("2024-06")).run is not None
    result = app.test_cli_runner().invoke(args=["audit", "anchor"])
    assert result.exit_code == 2 and "/nonexistent/anchors" in result.stderr


def test_a_file_of_anchors_that_is_gone_is_missed(kept: Case, app: Flask) -> None:
    assert app.test_cli_runner().invoke(args=["audit", "anchor"]).exit_code == 0
    assert broken() == []
    app.config["SETTINGS"].audit_anchor_file.unlink()
    assert [one.part for one in broken()] == ["anchors"]


def test_the_command_says_what_is_broken_and_what_it_cannot_see(
    kept: Case, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    runner = app.test_cli_runner()
    good = runner.invoke(args=["audit", "verify"])
    assert good.exit_code == 0 and "Tất cả còn nguyên" in good.stdout and "Không có mốc" not in good.stdout
    alone = app.config["SETTINGS"].model_copy(update={"audit_anchor_file": None})
    monkeypatch.setitem(app.config, "SETTINGS", alone)
    blind = runner.invoke(args=["audit", "verify"])
    assert blind.exit_code == 0 and "Không có mốc nào ngoài cơ sở dữ liệu" in blind.stdout
    head = audit.head()
    assert head is not None
    assert runner.invoke(args=["audit", "verify", "--against", f"{head.number}:{head.hash}"]).exit_code == 0
    assert runner.invoke(args=["audit", "verify", "--against", f"{head.number}:{'0' * 64}"]).exit_code == 1
    assert runner.invoke(args=["audit", "verify", "--against", "x"]).exit_code == 2
    sql("UPDATE case_events SET note = 'khác' WHERE case_id = :case AND number = 2", case=kept.id)
    db.session.commit()
    bad = runner.invoke(args=["audit", "verify", "--format", "json"])
    assert bad.exit_code == 1
    told = json.loads(bad.stdout)
    assert (told["broken"][0]["part"], told["broken"][0]["case"], told["broken"][0]["event"]) == ("events", "tay", 2)
    assert "Sự kiện số 2 của hồ sơ tay" in bad.stderr and told["unseen"]


def statements_of_a_walk() -> int:
    heard: list[str] = []

    def listen(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        heard.append(statement)

    event.listen(db.engine, "before_cursor_execute", listen)
    try:
        assert broken() == []
    finally:
        event.remove(db.engine, "before_cursor_execute", listen)
    return len(heard)


def test_the_number_of_queries_does_not_grow_with_the_records(kept: Case, tmp_path: Path) -> None:
    before = statements_of_a_walk()
    take(csv_file(tmp_path, *(row(code=f"N{n}") for n in range(40)), name="nhieu.csv"))
    run_check(CLERK, Period.parse("2024-06"))
    assert statements_of_a_walk() == before
