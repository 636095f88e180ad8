"""Whether a result has legal value is what its signature says, and not what somebody ticked."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, select

from app.attachments import queries, service
from app.attachments.models import Attachment
from app.attachments.signatures import roots as looking
from app.attachments.signatures.outcomes import SignatureOutcome
from app.attachments.signatures.roots import TrustKind, trusted
from app.attachments.verifying import counts, look_again
from app.cases import service as cases
from app.cases.importing.report import ImportReport
from app.cases.importing.row_parsing import Remark
from app.cases.models import Case
from app.cases.population import no_electronic_result
from app.cases.vocabulary import EventKind
from app.core.errors import DomainError
from app.organisation.models import AuditEntry, Unit
from app.procedures.models import ProcedureVersion
from app.web.extensions import db
from tests.attachments import signing
from tests.attachments.conftest import RESULT, documents, make_case, send
from tests.attachments.samples import pdf, picture
from tests.attachments.signing import DAY, NOW, laid, signed
from tests.attachments.test_service import fresh, kinds
from tests.cases.importing.exports import HEADINGS, reasons, take, text_of
from tests.cases.importing.exports import row as exported
from tests.clock import ZONE, at
from tests.factories import CLERK, EVERYWHERE, SITE, happen, make_version, receive

ROOT = signing.root()
OFFICE = ROOT.gives("Sở Nội vụ", user_id="MST:4200123456")
SIGNED, UNSIGNED = signed(pdf("Ket qua"), OFFICE), pdf("hai")
STRANGE = signed(pdf("ba"), signing.alone("Người Lạ"))
TICK = EventKind.ISSUED_ELECTRONIC


@pytest.fixture
def resolved(case: Case) -> Case:
    """The case has its result."""
    happen(case, EventKind.RESOLVED, at("2024-07-01 07:50"))
    return case


@pytest.fixture
def roots(app: Flask) -> Path:
    """The site trusts an authority whose list is in force."""
    return laid(looking.folder(), ROOT, lists=[ROOT.revokes()])


def tick(case: Case) -> None:
    cases.record(EVERYWHERE, CLERK, case.id, TICK)


def test_a_signature_that_holds_is_kept_and_counts_by_itself(resolved: Case, roots: Path) -> None:
    outcome = send(resolved, ("ket-qua.pdf", SIGNED), kind=RESULT)
    assert outcome.recorded == [EventKind.RESULT_DIGITISED, TICK]
    assert fresh(resolved).electronic_result_at is not None and fresh(resolved).electronic_days == 0
    [row] = db.session.scalars(select(Attachment))
    assert row.signature is SignatureOutcome.VALID
    [seen] = queries.files_of(EVERYWHERE, resolved.id)
    assert seen.looked_into and [each.signer for each in seen.looked_into.signatures] == ["Sở Nội vụ"]
    assert send(resolved, ("lai.pdf", signed(UNSIGNED, OFFICE)), kind=RESULT).recorded == [], "once is enough"


def test_without_a_list_it_still_counts(resolved: Case, app: Flask) -> None:
    laid(looking.folder(), ROOT)
    assert send(resolved, SIGNED, kind=RESULT).recorded[-1] is TICK
    assert db.session.scalars(select(Attachment.signature)).one() is SignatureOutcome.UNCHECKED


@pytest.mark.parametrize("content", [UNSIGNED, STRANGE, SIGNED.replace(b"/MediaBox [0 0 595", b"/MediaBox [0 0 594")])
def test_nobody_can_tick_what_the_signature_denies(resolved: Case, roots: Path, content: bytes) -> None:
    assert TICK not in send(resolved, ("ket-qua.pdf", content), kind=RESULT).recorded
    with pytest.raises(DomainError, match="không có giá trị pháp lý theo chữ ký số"):
        tick(resolved)
    assert fresh(resolved).electronic_result_at is None
    assert TICK not in kinds(resolved)


def test_a_scanned_picture_bears_no_signature(resolved: Case, roots: Path) -> None:
    send(resolved, ("ket-qua.jpg", picture()), kind=RESULT)
    with pytest.raises(DomainError, match="giá trị pháp lý"):
        tick(resolved)


def test_without_a_file_it_is_as_somebody_says(resolved: Case, roots: Path) -> None:
    send(resolved, UNSIGNED)  # a paper of the file, none of the result
    tick(resolved)
    assert fresh(resolved).electronic_result_at is not None


def test_what_was_ticked_counts_no_more_when_the_file_denies_it(resolved: Case, roots: Path) -> None:
    tick(resolved)
    outcome = send(resolved, ("quet.pdf", UNSIGNED), kind=RESULT)
    assert outcome.recorded == [EventKind.RESULT_DIGITISED, EventKind.CORRECTED]
    assert fresh(resolved).electronic_result_at is None
    assert TICK in kinds(resolved), "the tick stays visible"
    start, end = at("2024-07-01 00:00"), at("2024-08-01 00:00")
    lists = select(Case.id).where(no_electronic_result(Case, start, end, end))
    assert db.session.scalars(lists).all() == [resolved.id], "and so in the figures"
    assert send(resolved, ("ky.pdf", SIGNED), kind=RESULT).recorded == [TICK]
    assert fresh(resolved).electronic_result_at is not None
    assert db.session.scalars(lists).all() == []


def resolved_procedure(case: Case) -> str:
    """The name of the case's procedure."""
    return db.session.scalars(select(ProcedureVersion.name).where(ProcedureVersion.id == case.version_id)).one()


def weekly(tmp_path: Path, electronic: str, *listed: Case) -> ImportReport:
    """The weekly export tells of electronic results of cases."""
    rows = [
        exported(
            code=case.code,
            unit="",
            procedure=resolved_procedure(case),
            received=f"{case.received_at.astimezone(ZONE):%d/%m/%Y %H:%M}",
            promised="",
            ended="01/07/2024 07:50",
            status="Đã xử lý xong",
        )
        for case in listed
    ]
    path = tmp_path / "tuan.csv"
    path.write_text(text_of([[*row, electronic] for row in rows], [*HEADINGS, "Kết quả điện tử"]), encoding="utf-8-sig")
    report = take(path)
    assert reasons(report) == []
    return report


@pytest.mark.parametrize("told", ["Có", "01/07/2024"])
@pytest.mark.parametrize("file_first", [True, False])
def test_the_result_s_own_file_denies_what_other_software_told_whichever_came_first(
    resolved: Case, roots: Path, tmp_path: Path, told: str, file_first: bool
) -> None:
    """The weekly export says that an electronic result was given; the one that lies here bears no signature."""
    if not file_first:
        weekly(tmp_path, told, resolved)
        assert fresh(resolved).electronic_result_at is not None
    assert EventKind.RESULT_DIGITISED in send(resolved, ("quet.pdf", UNSIGNED), kind=RESULT).recorded
    report = weekly(tmp_path, told, resolved)
    assert fresh(resolved).electronic_result_at is None
    start, end = at("2024-07-01 00:00"), at("2024-08-01 00:00")
    lists = select(Case.id).where(no_electronic_result(Case, start, end, end))
    assert db.session.scalars(lists).all() == [resolved.id]
    assert any("không có giá trị pháp lý): giữ như đã ghi ở đây (dòng 2)" in each for each in report.notices())


def test_the_files_of_many_results_are_asked_about_at_once(
    department: dict[str, Unit], roots: Path, tmp_path: Path
) -> None:
    """Few cases whose results lie here, and many: the same number of questions."""
    version, asked = make_version(department["LDVL"]), []
    for count in (2, 9):
        made = [receive(version, at("2024-06-28 08:30")) for _ in range(count)]
        for case in made:
            happen(case, EventKind.RESOLVED, at("2024-07-01 07:50"))
            send(case, ("quet.pdf", UNSIGNED), kind=RESULT)
        with statements() as heard:
            report = weekly(tmp_path, "Có", *made)
        assert (report.cases_changed, report.remarks[Remark.DENIED].count) == (count, count)
        asked.append(sum("FROM attachments" in each for each in heard))
    assert asked == [1, 1]


@contextmanager
def statements() -> Iterator[list[str]]:
    """What the database is asked inside."""
    found: list[str] = []

    def heard(_c: Any, _cursor: Any, sql: str, *_rest: Any) -> None:
        found.append(sql)

    event.listen(db.engine, "after_cursor_execute", heard)
    try:
        yield found
    finally:
        event.remove(db.engine, "after_cursor_execute", heard)


def test_before_the_site_trusts_anybody_a_signature_denies_nothing(resolved: Case, app: Flask) -> None:
    tick(resolved)
    assert send(resolved, SIGNED, kind=RESULT).recorded == [EventKind.RESULT_DIGITISED]
    assert db.session.scalars(select(Attachment.signature)).one() is SignatureOutcome.UNTRUSTED
    assert fresh(resolved).electronic_result_at is not None


def test_files_are_looked_into_again_once_the_site_has_certificates(resolved: Case, app: Flask) -> None:
    send(resolved, ("ket-qua.pdf", SIGNED), kind=RESULT)
    send(resolved, ("don.pdf", UNSIGNED))
    assert look_again(CLERK, SITE).files == 0, "everything was looked into as it came"
    laid(looking.folder(), ROOT, lists=[ROOT.revokes()])
    done = look_again(CLERK, SITE, doubted=True)
    assert (done.files, done.changed, done.issued, done.doubtful, done.failed) == (1, 1, [resolved.code], [], [])
    assert fresh(resolved).electronic_result_at is not None
    assert counts(SITE) == {SignatureOutcome.VALID: 1, SignatureOutcome.NONE: 1}
    assert db.session.scalars(select(AuditEntry).where(AuditEntry.action == "look_into_signatures")).one()


def test_a_tick_of_before_that_the_file_denies_is_named_and_left(resolved: Case, roots: Path) -> None:
    send(resolved, ("quet.pdf", UNSIGNED), kind=RESULT)
    row = db.session.scalars(select(Attachment)).one()
    row.signature, row.signatures = None, {}  # as it was kept before signatures were looked into
    db.session.commit()
    assert counts(SITE) == {None: 1}
    tick(resolved)
    done = look_again(CLERK, SITE)
    assert (done.files, done.issued, done.doubtful) == (1, [], [resolved.code])
    assert fresh(resolved).electronic_result_at is not None


def test_a_file_that_is_gone_is_told_and_the_others_are_looked_into(resolved: Case, roots: Path) -> None:
    first = send(resolved, ("mot.pdf", UNSIGNED)).kept[0]
    send(resolved, ("hai.pdf", pdf("khac")))
    for row in db.session.scalars(select(Attachment)):
        row.signature, row.signatures = None, {}
    db.session.commit()
    service.store().path(first.sha256).unlink()
    done = look_again(CLERK, SITE)
    assert done.files == 1 and len(done.failed) == 1 and "không còn trong kho" in done.failed[0]


def test_a_file_used_again_bears_what_was_seen(resolved: Case, roots: Path, department: dict[str, Unit]) -> None:
    first = send(resolved, ("giay-phep.pdf", SIGNED)).kept[0]
    other = make_case(department["LDVL"])
    row, _recorded = service.reuse_file(EVERYWHERE, CLERK, other.id, first.id)
    assert row.signature is SignatureOutcome.VALID and row.signatures == first.signatures


def test_the_parts_of_a_scan_bear_no_signature(case: Case, roots: Path) -> None:
    scan = service.UploadedFile("quet.pdf", io.BytesIO(signed(pdf("x", 2), OFFICE)))
    one, two, _three = documents(case)
    outcome = service.attach_parts(EVERYWHERE, CLERK, case.id, scan, {one: "1", two: "2"})
    assert not any(row.signature and row.signature.holds for row in outcome.kept)


# --- what the administrator reads of the folder


def test_each_certificate_and_list_is_told_with_what_is_wrong(tmp_path: Path) -> None:
    between = ROOT.authority("CA con")
    orphan = signing.root("Nơi khác").authority("CA mồ côi")
    soon = signing.root("Sắp hết", until=NOW + 9 * DAY)
    old = signing.root("Cũ", until=NOW - DAY)
    lists = [
        ROOT.revokes((OFFICE, NOW - 2 * DAY)),
        between.revokes(until=NOW - DAY, issued=NOW - 9 * DAY),
        orphan.revokes(),
        signing.Authority(ROOT.certificate, signing.root().key).revokes(),
        signing.root("Lạ").revokes(),
    ]
    folder = laid(tmp_path / "roots", ROOT, between, orphan, soon, old, OFFICE, lists=lists)
    (folder / "doc.txt").write_text("ghi chú")
    seen = {each.file: each for each in trusted(folder, NOW)}
    wrong = {name: (str(each.wrong) if each.wrong else "", each.serious) for name, each in seen.items()}
    assert {name: each.kind for name, each in seen.items() if name.endswith("pem")} == {
        **{f"{n}.pem": TrustKind.ROOT for n in (0, 3, 4)},
        **{f"{n}.pem": TrustKind.BETWEEN for n in (1, 2, 5)},
    }
    assert wrong["0.pem"] == wrong["1.pem"] == ("", False)
    assert "Thiếu chứng thư của nơi cấp" in wrong["2.pem"][0] and wrong["2.pem"][1]
    assert "Sắp hết hạn" in wrong["3.pem"][0] and not wrong["3.pem"][1]
    assert "Hết hạn" in wrong["4.pem"][0] and wrong["4.pem"][1]
    assert "Không phải chứng thư của tổ chức cấp" in wrong["5.pem"][0] and not wrong["5.pem"][1]
    assert wrong["0.crl"] == ("", False) and seen["0.crl"].revoked == 1
    assert "Hết hiệu lực" in wrong["1.crl"][0] and wrong["1.crl"][1]
    assert wrong["2.crl"] == ("", False)
    assert "Không đúng chữ ký" in wrong["3.crl"][0] and "Thiếu chứng thư" in wrong["4.crl"][0]
    assert seen["doc.txt"].kind is TrustKind.UNREADABLE and seen["doc.txt"].serious
    assert trusted(tmp_path / "none", NOW) == []


def test_the_commands_tell_the_same(app: Flask, resolved: Case, roots: Path) -> None:
    runner = app.test_cli_runner()
    told = runner.invoke(args=["attachments", "roots", "--format", "json"])
    assert told.exit_code == 0, told.output
    assert [each["kind"] for each in json.loads(told.output)["files"]] == ["Chứng thư gốc", "Danh sách thu hồi"]
    (roots / "x.cer").write_bytes(b"x")
    told = runner.invoke(args=["attachments", "roots"])
    assert told.exit_code == 1 and "x.cer" in told.output
    send(resolved, ("ket-qua.pdf", STRANGE), kind=RESULT)
    told = runner.invoke(args=["attachments", "signatures", "--doubted"])
    assert (told.exit_code, json.loads(told.output)["files"], json.loads(told.output)["changed"]) == (0, 1, 0)
