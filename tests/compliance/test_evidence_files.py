"""Files that prove: sent with an answer or added later, seen by who sees what they prove, kept under the seal."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select, update

from app.attachments import evidence_files
from app.attachments import service as attachments
from app.attachments.models import EvidenceFile
from app.attachments.signatures import roots
from app.attachments.signatures.outcomes import SignatureOutcome
from app.cases.explanations.models import Explanation
from app.compliance.models import MonthSeal, Violation, ViolationMove, ViolationState, Waiver
from app.compliance.months import proving, sealing
from app.compliance.months.closing import close
from app.core.errors import NotAllowed
from app.obligations.models import Filing, FilingKind
from app.organisation import backup
from app.organisation.access import Actor
from app.organisation.models import AuditEntry, Role
from app.organisation.registries import EvidenceOf
from app.reporting import verifying
from app.scorecards.models import Criterion
from app.tasks.deadlines import DeadlineKind
from app.tasks.models import PlanTask, PlanTaskUnit, TaskRole
from app.web import extensions
from app.web.extensions import db
from app.web.formats import show_datetime
from tests.attachments import signing
from tests.attachments.samples import EXE, pdf
from tests.clock import at
from tests.compliance.month import DIRECTOR, INSPECTOR, JUNE, Month
from tests.compliance.pages import text_of, violation
from tests.conftest import signed_in
from tests.factories import EVERYWHERE, SITE, make_person

PDF, OTHER = pdf("Bien ban lam viec"), pdf("Quyet dinh")
WHY = "Cán bộ nghỉ ốm, đã bố trí người thay"


@pytest.fixture(autouse=True)
def own_folder(app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Files and key of one test are not another's."""
    monkeypatch.setattr(app, "instance_path", str(tmp_path / "instance"))
    settings = app.config["SETTINGS"].model_copy(update={"seal_key": tmp_path / "seal_key"})
    monkeypatch.setitem(app.config, "SETTINGS", settings)
    yield


@pytest.fixture
def browser(app: Flask, month: Month) -> Callable[[Role, str], FlaskClient]:
    """A browser of its own for each person."""
    return lambda role, unit: signed_in(app.test_client(), make_person(month.units[unit], role))


def explain(client: FlaskClient, row: Violation, *files: tuple[str, bytes]) -> Any:
    """Send an answer with its files, as the form does."""
    data = {"to": "explained", "reason": WHY, "revision": str(row.revision)}
    return client.post(
        f"/kiem-tra/vi-pham/{row.id}", data=data | {"evidence": [(io.BytesIO(part), name) for name, part in files]}
    )


def put(client: FlaskClient, of: EvidenceOf, holder_id: int, name: str = "them.pdf", content: bytes = OTHER) -> Any:
    """Send one file as the section does."""
    return client.post(f"/minh-chung/{of}/{holder_id}", data={"files": [(io.BytesIO(content), name)]})


def prove(of: EvidenceOf, holder_id: int, *contents: bytes, by: Actor = INSPECTOR) -> list[EvidenceFile]:
    """Add files through the service."""
    with evidence_files.receiving(
        [(f"tep-{n}.pdf", io.BytesIO(content)) for n, content in enumerate(contents)]
    ) as received:
        return evidence_files.attach_evidence(EVERYWHERE, by, of, holder_id, received)


def kept() -> list[EvidenceFile]:
    return list(db.session.scalars(select(EvidenceFile).order_by(EvidenceFile.id)))


def trail(action: str) -> list[AuditEntry]:
    return list(db.session.scalars(select(AuditEntry).where(AuditEntry.action == action).order_by(AuditEntry.id)))


def test_an_answer_and_its_files_are_sent_together_and_seen_by_whoever_sees_the_violation(
    closed: int, browser: Callable[[Role, str], FlaskClient]
) -> None:
    row = violation("bg-5.2", "NCC")
    head, inspector = browser(Role.HEAD, "NCC"), browser(Role.INSPECTOR, "VP")
    refused = explain(head, row, ("bien-ban.pdf", PDF), ("anh.jpg", EXE))
    assert refused.status_code == 422
    assert "“anh.jpg”: Đây là một chương trình" in refused.text and WHY in refused.text
    assert (kept(), db.session.scalar(select(func.count()).select_from(ViolationMove))) == ([], 0)

    assert explain(head, row, ("bien-ban.pdf", PDF), ("quyet-dinh.pdf", OTHER)).status_code == 302
    assert [file.file_name for file in kept()] == ["bien-ban.pdf", "quyet-dinh.pdf"]
    assert [entry.subject_id for entry in trail("attach_evidence")] == [row.key, row.key]
    file = kept()[0]
    address = f"/tep-minh-chung/{file.id}"
    for client in (head, inspector):
        assert "bien-ban.pdf" in text_of(client.get(f"/kiem-tra/vi-pham/{row.id}"))
        assert client.get(f"{address}/tai-ve").data == PDF
    assert {(entry.subject_kind, entry.subject_id) for entry in trail("open_papers")} == {("violation", row.key)}

    other = browser(Role.HEAD, "LDVL")
    for place in ("", "/xem", "/tai-ve", "/anh-nho", "/trang", "/anh-nho/hien-co", "/trang/hien-co"):
        assert other.get(f"{address}{place}").status_code == 404, place
    assert other.get(f"/minh-chung/violation/{row.id}").status_code == 404
    assert put(other, EvidenceOf.VIOLATION, row.id).status_code == 404
    assert other.post(f"{address}/go", data={"reason": "Gửi nhầm tệp này"}).status_code == 404
    clerk = browser(Role.DESK, "NCC")
    assert clerk.get(f"{address}/xem").status_code == 403
    assert len(kept()) == 2


def test_a_file_is_taken_off_with_a_reason_until_the_answer_is_decided(
    closed: int, browser: Callable[[Role, str], FlaskClient]
) -> None:
    row, head, inspector = violation("bg-5.2", "NCC"), browser(Role.HEAD, "NCC"), browser(Role.INSPECTOR, "VP")
    explain(head, row, ("bien-ban.pdf", PDF))
    assert put(head, EvidenceOf.VIOLATION, row.id).location.endswith(f"#evidence-violation-{row.id}")
    assert "Tệp này đã có ở đây" in head.post(
        f"/minh-chung/violation/{row.id}", data={"files": [(io.BytesIO(OTHER), "lai.pdf")]}, follow_redirects=True
    ).text  # fmt: skip
    first, second = kept()
    assert inspector.post(f"/tep-minh-chung/{first.id}/go", data={"reason": "Không phải biên bản"}).status_code == 403
    assert "lý do" in head.post(f"/tep-minh-chung/{first.id}/go", data={"reason": " "}, follow_redirects=True).text
    head.post(f"/tep-minh-chung/{first.id}/go", data={"reason": "Gửi nhầm bản nháp"})
    assert head.get(f"/tep-minh-chung/{first.id}/xem").status_code == 404
    assert "Gửi nhầm bản nháp" in head.get(f"/kiem-tra/vi-pham/{row.id}").text
    assert attachments.store().path(first.sha256).exists()  # what was there once can be proven
    db.session.execute(update(Violation).where(Violation.id == row.id).values(state=ViolationState.ACCEPTED))
    db.session.commit()
    assert head.post(f"/tep-minh-chung/{second.id}/go", data={"reason": "Gửi nhầm lần nữa"}).status_code == 403
    assert [file.removed_at is None for file in kept()] == [False, True]


def records(month: Month) -> dict[EvidenceOf, int]:
    """One record of NCC of every other kind."""
    ncc = month.units["NCC"].id
    task = PlanTask(
        site=SITE, plan="bg-2024", row=1, number="1", section="", text="Rà soát", lead_text="", deadline_text="",
        deadline_kind=DeadlineKind.DAY, reading={"vi": "30/6", "en": "30 June"}, unresolved=[],
    )  # fmt: skip
    db.session.add(task)
    db.session.flush()
    made: dict[EvidenceOf, Any] = {
        EvidenceOf.EXPLANATION: Explanation(
            site=SITE, case_id=month.late.id, unit_id=ncc, text=WHY, sent_at=at("2024-07-01 08:00"), actor="Ông Năm",
            by_head=True,
        ),
        EvidenceOf.FILING: Filing(
            site=SITE, unit_id=ncc, kind=FilingKind.MONTHLY_REPORT, period="2024-06", filed_on=date(2024, 6, 28),
            title="Báo cáo tháng 6", recorded_at=at("2024-06-28 08:00"),
        ),
        EvidenceOf.TASK: PlanTaskUnit(site=SITE, task_id=task.id, unit_id=ncc, role=TaskRole.LEAD),
        EvidenceOf.SCORE: Criterion(
            site=SITE, table="dn-2024-annex", year=2024, row=1, number="1", name="Kế hoạch", maximum=200, last_score=0,
            target=100, lead_unit_id=ncc,
        ),
        EvidenceOf.WAIVER: Waiver(
            site=SITE, pack="bac-giang-2024", rule="bg-5.2", unit_id=ncc, valid_from=date(2024, 7, 1),
            valid_to=date(2024, 7, 31), reason=WHY, asked_at=at("2024-07-01 08:00"), asked_by="Thanh tra",
        ),
    }  # fmt: skip
    db.session.add_all(made.values())
    db.session.commit()
    return {of: row.id for of, row in made.items()}


def test_every_kind_of_record_takes_files_and_shows_them_to_its_own_unit_alone(
    month: Month, browser: Callable[[Role, str], FlaskClient]
) -> None:
    head, other = browser(Role.HEAD, "NCC"), browser(Role.HEAD, "LDVL")
    inspector = browser(Role.INSPECTOR, "VP")
    pages = {
        EvidenceOf.EXPLANATION: f"/ho-so/{month.late.id}/giai-trinh",
        EvidenceOf.FILING: "/ke-hoach/nghia-vu?loai=monthly_report&nam=2024",
        EvidenceOf.TASK: "/ke-hoach/nhiem-vu/1",
        EvidenceOf.SCORE: "/ke-hoach/bang-diem/1",
        EvidenceOf.WAIVER: "/kiem-tra/mien-ap-dung",
    }
    for of, key in records(month).items():
        adds = inspector if of is EvidenceOf.WAIVER else head
        assert put(adds, of, key, f"{of}.pdf").status_code == 302, of
        file = kept()[-1]
        assert (file.of, file.holder_id, file.file_name) == (of, key, f"{of}.pdf")
        assert f"{of}.pdf" in head.get(f"/minh-chung/{of}/{key}").text, of
        place = pages[of].replace("/1", f"/{key}") if of is EvidenceOf.SCORE else pages[of]
        if of is EvidenceOf.TASK:
            place = f"/ke-hoach/nhiem-vu/{db.session.get_one(PlanTaskUnit, key).task_id}"
        shown = head.get(place).text
        assert f"{of}.pdf" in shown or "1 tệp minh chứng" in shown, of
        assert head.get(f"/tep-minh-chung/{file.id}/xem").data == OTHER
        assert other.get(f"/tep-minh-chung/{file.id}/xem").status_code == 404, of
        assert put(other, of, key, content=PDF).status_code == 404, of
    assert len({file.sha256 for file in kept()}) == 1  # one content, five records
    assert len(kept()) == 5


def test_a_sealed_month_keeps_the_sums_of_its_evidence(
    month: Month, freeze: Callable[[str], Any], tmp_path: Path
) -> None:
    freeze("2024-07-03 08:00")
    close(INSPECTOR, JUNE)
    row = violation("bg-5.2", "NCC")
    file = prove(EvidenceOf.VIOLATION, row.id, PDF)[0]
    db.session.execute(update(Violation).values(state=ViolationState.ACCEPTED))
    db.session.commit()
    freeze("2024-07-20 08:00")
    sealed = sealing.seal(DIRECTOR, JUNE)
    answers = json.loads(sealing.papers_of(sealed.papers)["answers.json"])
    assert [each["sha256"] for each in answers[row.key]["evidence"]] == [file.sha256]
    assert [key for key, each in answers.items() if "evidence" in each] == [row.key]
    assert proving.problems(sealed) == [] == verifying.verify().broken
    assert backup.make_backup(INSPECTOR, tmp_path / "a.tar.gz").wrong == []

    prove(EvidenceOf.VIOLATION, row.id, OTHER)
    assert proving.drift(sealed).answers == (row.key,)
    prove(EvidenceOf.SEAL, db.session.scalars(select(MonthSeal.id)).one(), OTHER)
    place = attachments.store().path(file.sha256)
    place.chmod(0o600)
    place.write_bytes(b"x")
    assert [str(each) for each in proving.problems(sealed)] == [
        "Tệp minh chứng “tep-0.pdf” bị thiếu hoặc không còn như đã niêm phong."
    ]
    (broken,) = [each for each in verifying.verify().broken if each.part == "files"]
    assert broken.where == {"file": file.sha256, "cases": [], "evidence_of": [row.key]}
    place.unlink()
    (lost,) = backup.make_backup(INSPECTOR, tmp_path / "b.tar.gz").wrong
    assert str(lost).startswith("Thiếu tệp minh chứng") and row.key in str(lost)


def test_nobody_adds_to_what_is_decided(month: Month) -> None:
    """An explanation that the Director has accepted; a filing that was taken back."""
    made = records(month)
    db.session.execute(update(Explanation).values(accepted=True, decided_at=at("2024-07-02 08:00")))
    db.session.execute(update(Filing).values(withdrawn=True))
    db.session.commit()
    for of in (EvidenceOf.EXPLANATION, EvidenceOf.FILING):
        with pytest.raises(NotAllowed):
            prove(of, made[of], PDF)
    assert kept() == [] and not [path for path in attachments.store().folder.rglob("*") if path.is_file()]


def test_a_signed_report_is_told_with_its_outcome_signer_and_time_where_it_stands(
    closed: int, app: Flask, browser: Callable[[Role, str], FlaskClient]
) -> None:
    root = signing.root()
    signer = root.gives("Nguyễn Văn An", organisation="Sở Nội vụ", user_id="CCCD:056012345678")
    signing.laid(roots.folder(), root, lists=[root.revokes()])
    earlier = extensions.now() - timedelta(hours=3)
    content = signing.signed(PDF, signer, at=earlier)
    row, head = violation("bg-5.2", "NCC"), browser(Role.HEAD, "NCC")
    explain(head, row, ("ky.pdf", content), ("nhap.pdf", OTHER), ("hong.pdf", content.replace(b"0 0 595", b"0 0 594")))
    assert [file.signature for file in kept()] == [
        SignatureOutcome.VALID,
        SignatureOutcome.NONE,
        SignatureOutcome.CHANGED,
    ]
    page = text_of(head.get(f"/kiem-tra/vi-pham/{row.id}"))
    assert "Chữ ký hợp lệ Chữ ký còn nguyên, đúng người ký, chưa bị thu hồi" in page
    assert "Đã bị sửa sau khi ký Chữ ký của Nguyễn Văn An không khớp nội dung văn bản; hãy xin lại bản gốc" in page
    assert f"Người ký: Nguyễn Văn An ({show_datetime(earlier)})" in page
    assert "Không có chữ ký số" not in page, "not every paper needs one"
    looked = text_of(head.get(f"/tep-minh-chung/{kept()[0].id}"))
    assert "Nguyễn Văn An, Sở Nội vụ · chứng thư do Root CA cấp" in looked
    assert f"ký lúc {show_datetime(earlier)} (theo máy của người ký)" in looked
    assert "Chưa thấy chữ ký số của cơ quan" in looked
