"""Attaching, using again, removing: one transaction each, and the case is digitised when its documents are."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.attachments import queries, service
from app.attachments.models import Attachment
from app.attachments.store import StoreFailed, TooLarge
from app.cases import kept_files
from app.cases import service as cases
from app.cases.models import Case, CaseEvent
from app.cases.vocabulary import EventKind
from app.core.errors import Conflict, DomainError, NotFound
from app.organisation import audit
from app.organisation.access import Actor, Scope
from app.organisation.models import AuditEntry, Unit
from app.web import extensions
from app.web.extensions import db
from tests.attachments.conftest import RESULT, documents, make_case, send, stored
from tests.attachments.samples import EXE, pdf, picture
from tests.clock import at
from tests.factories import CLERK, EVERYWHERE, SITE, happen
from tests.threads import at_once

PDF = pdf()


def kinds(case: Case) -> list[EventKind]:
    """The kinds of the case's events, in the order of recording."""
    return list(
        db.session.scalars(select(CaseEvent.kind).where(CaseEvent.case_id == case.id).order_by(CaseEvent.number))
    )


def fresh(case: Case) -> Case:
    """The case as it is in the database."""
    db.session.expire_all()
    return db.session.get_one(Case, case.id)


def test_each_good_file_is_kept_and_each_bad_one_told(case: Case) -> None:
    first = documents(case)[0]
    outcome = send(case, ("don.pdf", PDF), ("anh.jpg", EXE), ("trang 2.jpg", picture()), document=first)
    assert [row.file_name for row in outcome.kept] == ["don.pdf", "trang 2.jpg"]
    assert [refused.name for refused in outcome.refused] == ["anh.jpg"]
    assert "chương trình" in str(outcome.refused[0].error)
    assert len(stored()) == 2
    seen = queries.files_of(EVERYWHERE, case.id)
    assert [(f.media_type, f.pages, f.document_id) for f in seen] == [
        ("application/pdf", 1, first),
        ("image/jpeg", None, first),
    ]
    entries = list(
        db.session.scalars(select(AuditEntry).where(AuditEntry.action == "attach_file").order_by(AuditEntry.id))
    )
    assert [e.details["file"] for e in entries] == ["don.pdf", "trang 2.jpg"]
    assert entries[0].details["document"] == "Đơn đề nghị"
    assert audit.verify().broken_at is None


def test_a_case_is_digitised_when_every_required_document_has_a_file(case: Case) -> None:
    application, permit, _authority = documents(case)
    assert send(case, PDF, document=application).recorded == []
    assert fresh(case).files_digitised_at is None
    assert send(case, pdf("giay phep"), document=permit).recorded == [EventKind.FILES_DIGITISED]
    assert fresh(case).files_digitised_at == extensions.now()
    assert kinds(case) == [EventKind.RECEIVED, EventKind.FILES_DIGITISED]
    assert send(case, pdf("them"), document=permit).recorded == [], "once is enough"
    assert kinds(case).count(EventKind.FILES_DIGITISED) == 1


def test_one_file_on_two_papers_counts_once_unless_somebody_says_why(case: Case) -> None:
    application, permit, authority = documents(case)
    send(case, PDF, document=authority)  # need not be there: the required paper comes first
    send(case, PDF, document=application)
    assert send(case, PDF, document=permit).recorded == []
    assert queries.required_without_file(case.id) == (2, 1)
    seen = {line.document.id: line for line in queries.files_of_case(EVERYWHERE, case.id, "").lines}
    assert [list(seen[key].elsewhere.values()) for key in (application, permit, authority)] == [
        *([], ["Đơn đề nghị"], ["Đơn đề nghị"]),
    ]
    [file] = seen[permit].files
    for nothing in ("", "x"):
        with pytest.raises(DomainError):
            service.confirm_shared_file(EVERYWHERE, CLERK, file.id, nothing)
    told = service.confirm_shared_file(EVERYWHERE, CLERK, file.id, "Đơn kiêm giấy phép trên một tờ")
    assert told == [EventKind.FILES_DIGITISED]
    assert queries.required_without_file(case.id) == (2, 0)
    assert db.session.scalars(select(AuditEntry).where(AuditEntry.action == "confirm_shared_file")).one()
    with pytest.raises(NotFound):
        service.confirm_shared_file(Scope(SITE, frozenset({0})), CLERK, file.id, "Đơn kiêm giấy phép")


def test_a_document_that_may_be_left_out_digitises_nothing(case: Case) -> None:
    assert send(case, PDF, document=documents(case)[2]).recorded == []


def test_a_case_without_a_checklist_is_never_digitised_by_itself(case: Case, department: dict[str, Unit]) -> None:
    for row in documents(case):
        db.session.delete(db.session.get_one(queries.CaseDocument, row))
    db.session.commit()
    assert send(case, PDF).recorded == []
    assert fresh(case).files_digitised_at is None


def test_removing_the_last_file_leaves_the_event_and_a_correction_takes_it_back(case: Case) -> None:
    first, second, _third = documents(case)
    send(case, PDF, document=first)
    kept = send(case, pdf("hai"), document=second).kept[0]
    service.remove_file(EVERYWHERE, CLERK, kept.id, "quét nhầm")
    assert fresh(case).files_digitised_at is not None
    number = kinds(case).index(EventKind.FILES_DIGITISED) + 1
    cases.correct(EVERYWHERE, CLERK, case.id, number, reason="chưa đủ giấy tờ", void=True)
    assert fresh(case).files_digitised_at is None
    assert send(case, pdf("hai"), document=second).recorded == [EventKind.FILES_DIGITISED], "complete again"


def test_a_result_is_attached_when_there_is_one_and_is_then_digitised(case: Case) -> None:
    with pytest.raises(DomainError, match="chưa có kết quả"):
        send(case, PDF, kind=RESULT)
    happen(case, EventKind.RESOLVED, extensions.now())
    assert send(case, PDF, kind=RESULT).recorded == [EventKind.RESULT_DIGITISED]
    assert fresh(case).result_digitised_at == extensions.now()
    assert send(case, pdf("ban hai"), kind=RESULT).recorded == []


def test_a_removed_file_stays_in_the_record_with_who_and_why(case: Case) -> None:
    kept = send(case, PDF, document=documents(case)[0]).kept[0]
    with pytest.raises(DomainError, match="lý do"):
        service.remove_file(EVERYWHERE, CLERK, kept.id, "  ")
    service.remove_file(EVERYWHERE, CLERK, kept.id, "quét nhầm  trang")
    seen = queries.files_of_case(EVERYWHERE, case.id, "")
    assert seen.count == 0 and seen.missing == 2
    assert [(f.file_name, f.removed_reason) for f in seen.removed] == [("tep-1.pdf", "quét nhầm trang")]
    assert len(stored()) == 1
    with pytest.raises(Conflict):
        service.remove_file(EVERYWHERE, CLERK, kept.id, "gỡ lần nữa")
    with pytest.raises(NotFound):
        queries.one_file(EVERYWHERE, kept.id)


def test_the_same_file_twice_is_stored_once_and_refused_at_the_same_place(case: Case) -> None:
    first, second, _third = documents(case)
    send(case, PDF, document=first)
    again = send(case, PDF, document=first)
    assert not again.kept and isinstance(again.refused[0].error, Conflict)
    assert send(case, PDF, document=second).kept, "one scan may hold two documents"
    assert len(stored()) == 1


def test_the_same_file_from_two_clerks_at_once_is_attached_once(case: Case, app: Flask) -> None:
    first = documents(case)[0]
    db.session.expunge(case)  # what belongs to one session is not read in two threads
    db.session.rollback()
    outcomes = at_once(app, *[lambda: send(case, PDF, document=first)] * 2)
    assert sorted(len(outcome.kept) for outcome in outcomes) == [0, 1]
    assert len(stored()) == 1 and len(queries.files_of(EVERYWHERE, case.id)) == 1


@pytest.mark.parametrize("when", ["write", "fsync", "replace"])
def test_a_full_disk_changes_neither_case_nor_trail(case: Case, when: str, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second, _third = documents(case)
    send(case, PDF, document=first)
    before, entries, revision = kinds(case), audit.count(), fresh(case).revision

    def full(*args: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(*((Path, "replace") if when == "replace" else (os, when)), full)
        outcome = send(case, pdf("hai"), document=second)  # would make the case digitised
    assert [type(refused.error) for refused in outcome.refused] == [StoreFailed]
    assert "hết dung lượng đĩa" in str(outcome.refused[0].error)
    assert (kinds(case), audit.count(), fresh(case).revision) == (before, entries, revision)
    assert fresh(case).files_digitised_at is None
    assert db.session.scalar(select(func.count()).select_from(Attachment)) == 1
    assert len(stored()) == 1


def test_an_event_that_cannot_be_recorded_keeps_no_file(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second, _third = documents(case)
    send(case, PDF, document=first)

    def refuse(*args: Any, **kwargs: Any) -> None:
        raise Conflict("Hồ sơ vừa được người khác cập nhật.")

    monkeypatch.setattr(cases, "record", refuse)
    assert not send(case, pdf("hai"), document=second).kept
    assert len(queries.files_of(EVERYWHERE, case.id)) == 1 and len(stored()) == 1


def test_a_file_above_the_limit_is_refused(case: Case, app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = app.config["SETTINGS"].model_copy(update={"attachment_mb": 1})
    monkeypatch.setitem(app.config, "SETTINGS", settings)
    outcome = send(case, PDF + bytes(1024 * 1024))
    assert isinstance(outcome.refused[0].error, TooLarge) and "1 MB" in str(outcome.refused[0].error)
    assert stored() == []


def test_nobody_attaches_to_a_case_outside_their_scope(case: Case, department: dict[str, Unit]) -> None:
    elsewhere = Scope(SITE, frozenset({department["NCC"].id}))
    kept = send(case, PDF).kept[0]
    with pytest.raises(NotFound):
        service.attach(elsewhere, CLERK, case.id, [])
    with pytest.raises(NotFound):
        service.remove_file(elsewhere, CLERK, kept.id, "thử gỡ tệp")
    with pytest.raises(NotFound):
        queries.one_file(elsewhere, kept.id)


def test_a_document_of_another_case_is_none_of_this_one(case: Case, department: dict[str, Unit]) -> None:
    other = make_case(department["LDVL"])
    with pytest.raises(DomainError, match="không có giấy tờ này"):
        send(case, PDF, document=documents(other)[0])


def test_an_earlier_file_of_the_same_applicant_is_used_again(case: Case, department: dict[str, Unit]) -> None:
    application, permit, _third = documents(case)
    send(case, PDF, document=application)
    kept = send(case, ("Giấy phép 2023.pdf", pdf("giay phep")), document=permit).kept[0]
    later = make_case(department["LDVL"])
    seen = queries.files_of_case(EVERYWHERE, later.id, later.id_number)
    assert [[o.file_name for o in line.offers] for line in seen.lines] == [["tep-1.pdf"], ["Giấy phép 2023.pdf"], []]
    row, recorded = service.reuse_file(EVERYWHERE, CLERK, later.id, kept.id, documents(later)[1])
    assert (row.reused_from_id, row.sha256, recorded) == (kept.id, kept.sha256, [])
    assert [f.reused_from for f in queries.files_of(EVERYWHERE, later.id)] == [case.code]
    assert len(stored()) == 2
    assert send(later, PDF, document=documents(later)[0]).recorded == [EventKind.FILES_DIGITISED]


def test_taking_in_asks_the_registry_for_what_can_be_used_again(case: Case, department: dict[str, Unit]) -> None:
    kept = send(case, PDF, document=documents(case)[0]).kept[0]
    later = make_case(department["LDVL"])
    [offer] = kept_files.reusable_documents(EVERYWHERE, "079123456789")
    assert (offer.attachment_id, offer.name, offer.case_code) == (kept.id, "Đơn đề nghị", case.code)
    assert kept_files.reusable_documents(EVERYWHERE, "") == []
    assert kept_files.reusable_documents(EVERYWHERE, "079000000000") == []
    assert kept_files.reusable_documents(Scope(SITE, frozenset({department["NCC"].id})), "079123456789") == []
    kept_files.reuse_documents(EVERYWHERE, CLERK, later.id, {documents(later)[0]: kept.id})
    assert [f.reused_from for f in queries.files_of(EVERYWHERE, later.id)] == [case.code]


def test_what_is_used_again_is_undone_with_the_transaction_around_it(case: Case, department: dict[str, Unit]) -> None:
    kept = send(case, PDF, document=documents(case)[0]).kept[0]
    later = make_case(department["LDVL"])
    first = documents(later)[0]
    with pytest.raises(ZeroDivisionError), audit.transaction():
        kept_files.reuse_documents(EVERYWHERE, CLERK, later.id, {first: kept.id})
        raise ZeroDivisionError
    assert queries.files_of(EVERYWHERE, later.id) == []


@pytest.mark.parametrize("id_number", ["079999999999", ""])
def test_a_file_of_somebody_else_is_not_used_again(case: Case, department: dict[str, Unit], id_number: str) -> None:
    kept = send(case, PDF, document=documents(case)[0]).kept[0]
    other = make_case(department["LDVL"], id_number)
    assert queries.files_of_case(EVERYWHERE, other.id, id_number).offers == []
    with pytest.raises(DomainError, match="cùng số định danh"):
        service.reuse_file(EVERYWHERE, CLERK, other.id, kept.id, documents(other)[0])


def test_orphans_are_deleted_and_the_deletion_is_in_the_trail(case: Case) -> None:
    kept = send(case, PDF).kept[0]
    orphan = service.store().path("ab" * 32)
    orphan.parent.mkdir(parents=True)
    orphan.write_bytes(b"x")
    os.utime(orphan, (0, 0))
    assert service.verify(SITE).orphans == [orphan]
    assert service.delete_orphans(Actor("Lệnh"), SITE) == [orphan]
    assert not orphan.exists() and service.store().path(kept.sha256).exists()
    assert db.session.scalar(select(AuditEntry.action).order_by(AuditEntry.number.desc())) == "delete_orphan_files"


def test_files_come_back_with_a_backup(case: Case, tmp_path: Path, department: dict[str, Unit]) -> None:
    from app.organisation.backup import make_backup, restore_backup

    kept = send(case, PDF, document=documents(case)[0]).kept[0]
    made = make_backup(CLERK, tmp_path / "sao-luu.tar.gz")
    place = service.store().path(kept.sha256)
    assert f"files/attachments/{kept.sha256[:2]}/{kept.sha256[2:4]}/{kept.sha256}" in made.manifest.files
    place.unlink()
    assert service.verify(SITE).missing == [kept.sha256]
    restore_backup(CLERK, tmp_path / "sao-luu.tar.gz", replace=True)
    assert place.read_bytes() == PDF and service.verify(SITE).sound


def test_the_moment_of_digitising_is_now_and_not_in_the_past(case: Case, freeze: Any) -> None:
    freeze("2024-07-03 10:00")
    first, second, _third = documents(case)
    send(case, PDF, document=first)
    send(case, pdf("hai"), document=second)
    assert fresh(case).files_digitised_at == at("2024-07-03 10:00")
