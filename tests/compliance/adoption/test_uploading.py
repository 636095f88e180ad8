"""Packs brought in by an inspector: read, refused with every fault, tested, tried, put in force from a day."""

from __future__ import annotations

import io
import json
import re
import shutil
import threading
import time
import zipfile
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from app.compliance.adoption import examining, repository, uploading
from app.compliance.evaluation.engine import shared_engine
from app.compliance.models import CheckRun, PackAdoption, PackText, UploadedPack, Violation
from app.compliance.runs import service
from app.compliance.runs.verification import verify_run
from app.core.errors import Conflict, DomainError, NotAllowed, NotFound
from app.core.periods import Period
from app.organisation.access import Actor
from app.organisation.models import AuditEntry, Person, Role
from app.rulepacks.language import Status
from app.rulepacks.pack import Pack
from app.rulepacks.words import PackError
from app.web.extensions import db
from tests.compliance.month import BAC_GIANG, DEPARTMENT, INSPECTOR, JUNE, PROVINCE, Month, check, statuses
from tests.conftest import ROOT
from tests.factories import adopt_packs, make_department, make_person


@pytest.fixture(autouse=True)
def near(monkeypatch: pytest.MonkeyPatch) -> None:
    """Examine in this process, which is quicker; `test_examining` is about the other one."""
    monkeypatch.setattr(uploading, "examine_apart", examining.examine)


SignIn = Callable[[Person], FlaskClient]
JULY = Period.parse("2024-07")

PACK = """id: tinh-moi-2024
title: {vi: Kế hoạch tỉnh mới, en: A new province's plan}
document: tm-2024
in_force: {from: 2024-01-01, until: 2024-12-31}
"""
PARAMETERS = """ty_le:
  title: {vi: Tỷ lệ thanh toán trực tuyến, en: Share paid online}
  unit: share
  values:
    2024-01-01: {value: 40%, source: {document: tm-2024, place: "1", quote: "từ 40%"}}
"""
RULES = """- id: tm-1
  title: {vi: Thanh toán trực tuyến tỉnh mới, en: Paid online}
  severity: major
  legal_basis: {document: tm-2024, place: "1", quote: "từ 40%"}
  judge: {each: unit, every: month}
  rate: {count: payment.online, among: payment.eligible}
  target: {at_least: ty_le}
  message: {vi: "{unit}: {value}", en: "{unit}: {value}"}
  remedy: {vi: Hướng dẫn, en: Guide people}
  answer_within: {working_days: 5}
"""
TESTS = """- name: Bảy trên hai mươi là chưa đạt
  period: 2024-06
  given: [{kind: payment, unit: LDVL, online: 7, eligible: 20}]
  expect: {tm-1: {LDVL: fail}}
"""
NEW = {"pack.yaml": PACK, "parameters.yaml": PARAMETERS, "rules.yaml": RULES, "tests.yaml": TESTS}


def files(**changes: str | None) -> list[tuple[str, bytes]]:
    """The new plan's files; `rules="…"` replaces one, `tests=None` leaves one out."""
    texts = {**NEW, **{f"{name}.yaml": text for name, text in changes.items()}}
    return [(name, text.encode()) for name, text in texts.items() if text is not None]


def zipped(entries: list[tuple[str, bytes]], folder: str = "tinh-moi-2024/") -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries:
            archive.writestr(folder + name, content)
    return buffer.getvalue()


def upload(**changes: str | None) -> UploadedPack:
    return uploading.upload_pack(INSPECTOR, files(**changes))


def decided(pack_id: str) -> list[PackAdoption]:
    """The decisions on a pack."""
    return repository.decisions().get(pack_id, [])


def changed_province(old: str, new: str) -> list[tuple[str, bytes]]:
    """The Province's pack with its words changed, and a test of its own."""
    texts = {"tests.yaml": TESTS.replace("tm-1", "khp-2c.2"), **repository.pack(PROVINCE).texts}
    assert any(old in text for text in texts.values())
    return [(name, text.replace(old, new).encode()) for name, text in texts.items()]


def faults(given: list[tuple[str, bytes]]) -> list[str]:
    """What is wrong, each as one sentence; and nothing was kept."""
    with pytest.raises(PackError) as refused:
        uploading.upload_pack(INSPECTOR, given)
    assert db.session.scalar(select(func.count()).select_from(UploadedPack)) == 0
    assert all("\n" not in str(problem.placed) for problem in refused.value.problems)
    return [str(problem.placed) for problem in refused.value.problems]


# --- reading ----------------------------------------------------------------------------------------------------


def test_a_zip_and_its_files_one_by_one_are_the_same_pack(session: Any) -> None:
    assert uploading.texts_of([("goi.zip", zipped(files()))]) == uploading.texts_of(files()) == NEW


def test_a_pack_is_kept_with_who_brought_it_and_is_in_force_nowhere(session: Any) -> None:
    row = upload()
    assert (row.pack, row.actor, row.tests_passed) == ("tinh-moi-2024", INSPECTOR.name, True)
    assert row.files == NEW
    assert "tinh-moi-2024" not in {
        pack.id for pack in [*repository.in_force(date(2024, 6, 30)), *repository.known_packs()]
    }
    entry = db.session.scalar(select(AuditEntry).where(AuditEntry.action == "upload_pack"))
    assert entry is not None
    assert entry.details["hash"] == row.hash


def test_the_same_text_twice_is_kept_once(session: Any) -> None:
    assert upload().id == upload().id


def test_a_text_of_the_folder_comes_in_by_the_same_door(session: Any) -> None:
    seed = repository.seeds().of(PROVINCE)
    row = upload_of(seed.texts)
    assert row.hash == seed.hash
    assert uploading.bring_in(INSPECTOR, seed.texts).id == row.id
    assert repository.in_force(date(2024, 6, 30)) == []


def upload_of(texts: Mapping[str, str]) -> UploadedPack:
    return uploading.upload_pack(INSPECTOR, [(name, text.encode()) for name, text in texts.items()])


def bomb() -> bytes:
    return zipped([("pack.yaml", b"a" * 50_000_000)])


def lying_bomb() -> bytes:
    """The directory of the archive says 10 bytes where 5 million come out."""
    whole = zipped([("pack.yaml", b"a" * 5_000_000)])
    return whole.replace((5_000_000).to_bytes(4, "little"), (10).to_bytes(4, "little"))


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ([], "pack.yaml, dòng 1: chưa chọn tệp nào."),
        ([("lon.zip", b"PK\x03\x04" + b"0" * 10_000_000)], "lon.zip, dòng 1: tải lên quá 2 MB."),
        ([("rules.yaml", b"a: 1\n" * 2_000_000)], "rules.yaml, dòng 1: tải lên quá 2 MB."),
        ([("anh.zip", b"\x89PNG khong phai zip")], "anh.zip, dòng 1: không phải là tệp .zip đọc được."),
        ([("hong.zip", b"PK\x03\x04" + b"hong" * 9)], "hong.zip, dòng 1: không phải là tệp .zip đọc được."),
        ([("bom.zip", bomb())], "pack.yaml, dòng 1: tệp lớn hơn 1 MB."),
        ([("trong.zip", zipped([]))], "trong.zip, dòng 1: tệp nén không có tệp nào."),
        ([("rules.yaml", b"a: 1"), ("rules.yaml", b"a: 2")], "rules.yaml, dòng 1: tệp này có hai lần."),
        ([("rules.yaml", b"a: 1\nb: \xff")], "rules.yaml, dòng 2: không phải là chữ mã hóa UTF-8."),
        (
            [("goi.zip", zipped([(f"x{number}", b"") for number in range(60)]))],
            "goi.zip, dòng 1: tệp nén có quá 50 tệp.",
        ),
    ],
    ids=["nothing", "10MB zip", "10MB yaml", "no zip", "damaged", "bomb", "empty", "twice", "bytes", "many files"],
)
def test_what_cannot_be_read_is_one_sentence(session: Any, given: list[tuple[str, bytes]], sentence: str) -> None:
    assert faults(given) == [sentence]


def test_a_zip_that_lies_about_its_size_is_not_unpacked(session: Any) -> None:
    assert len(faults([("bom.zip", lying_bomb())])) == 1


@pytest.mark.parametrize(
    "path", ["../pack.yaml", "/etc/pack.yaml", "a\\..\\pack.yaml", "C:/pack.yaml", "a/../pack.yaml"]
)
def test_a_path_that_leads_out_of_the_zip_is_refused(session: Any, path: str) -> None:
    found = faults([("goi.zip", zipped([(path, PACK.encode())], folder=""))])
    assert len(found) == 1
    assert "không hợp lệ" in found[0] or "không phải là tệp của bộ quy tắc" in found[0]


# --- checking ---------------------------------------------------------------------------------------------------

TWICE = RULES + RULES


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"rules": None}, "rules.yaml, dòng 1: bộ quy tắc thiếu tệp này."),
        ({"rules": TWICE}, "rules.yaml, dòng 11, [1].id: hai quy tắc cùng mang mã “tm-1”."),
        ({"rules": RULES.replace("payment.online", "payment.onlin")}, "rules.yaml, dòng 6"),
        ({"parameters": PARAMETERS + PARAMETERS}, "parameters.yaml, dòng 6, ty_le: “ty_le” bị viết hai lần."),
        ({"parameters": PARAMETERS.replace("value: 40%", "value: 350%")}, "parameters.yaml, dòng 5"),
        ({"tests": TESTS + TESTS}, "tests.yaml, dòng 5, [1].name: hai phép thử cùng mang tên"),
        ({"rules": RULES.replace("  legal_basis", "  x_legal_basis")}, "rules.yaml, dòng"),
    ],
    ids=["file missing", "rule twice", "unknown fact", "parameter twice", "350 %", "test twice", "no source"],
)
def test_a_fault_names_file_line_and_field(session: Any, changes: dict[str, str | None], sentence: str) -> None:
    found = faults(files(**changes))
    assert any(sentence in fault for fault in found), found


def test_every_fault_is_told_not_only_the_first(session: Any) -> None:
    found = faults(files(rules=TWICE, parameters=PARAMETERS.replace("40%, source", "350%, source")))
    assert {fault.split(",")[0] for fault in found} >= {"parameters.yaml"}
    both = faults(files(rules=TWICE.replace("payment.online", "payment.onlin")))
    assert len(both) >= 3  # an unknown field in each of two rules, and one id twice


def test_a_quote_that_its_document_does_not_have_is_a_fault(session: Any) -> None:
    quote = re.search(r'quote: "([^"]+)"', repository.pack(PROVINCE).texts["rules.yaml"])
    assert quote is not None
    given = changed_province(quote[1], "lời không có trong văn bản")
    assert any("không có đoạn" in fault for fault in faults(given))


def test_a_document_that_the_site_does_not_have_is_said_to_be_unseen(session: Any) -> None:
    assert uploading.examine(NEW).unseen == ("tm-2024",)


# --- in force ---------------------------------------------------------------------------------------------------


def test_a_pack_whose_tests_fail_is_kept_but_cannot_be_put_in_force(session: Any) -> None:
    row = upload(tests=TESTS.replace("fail", "pass"))
    assert not row.tests_passed
    with pytest.raises(DomainError, match=r"tests\.yaml, dòng 4.*cần pass, có fail") as refused:
        uploading.put_in_force(INSPECTOR, row.id, date(2024, 6, 1), None, "Quyết định 1")
    assert "\n" not in str(refused.value)
    assert not decided(row.pack)


def test_a_pack_without_tests_cannot_be_put_in_force(session: Any) -> None:
    with pytest.raises(DomainError, match="chưa có phép thử nào"):
        uploading.put_in_force(INSPECTOR, upload(tests=None).id, date(2024, 6, 1), None, "Quyết định 1")


@pytest.mark.parametrize(
    ("day", "until", "reason", "field"),
    [
        (date(2023, 12, 31), None, "Quyết định 1", "valid_from"),
        (date(2024, 6, 1), date(2024, 5, 1), "Quyết định 1", "valid_to"),
        (date(2024, 6, 1), None, " ", "reason"),
    ],
)
def test_a_day_or_reason_that_will_not_do_is_refused(
    session: Any, day: date, until: date | None, reason: str, field: str
) -> None:
    with pytest.raises(DomainError) as refused:
        uploading.put_in_force(INSPECTOR, upload().id, day, until, reason)
    assert refused.value.field == field


def test_two_decisions_on_a_pack_do_not_begin_on_the_same_day(session: Any) -> None:
    row = upload()
    uploading.put_in_force(INSPECTOR, row.id, date(2024, 6, 1), None, "Quyết định 1")
    with pytest.raises(Conflict, match="01/06/2024"):
        uploading.put_in_force(INSPECTOR, row.id, date(2024, 6, 1), None, "Quyết định 2")


def test_a_new_plan_is_judged_by_from_its_day(month: Month, freeze: Callable[[str], Any]) -> None:
    uploading.put_in_force(INSPECTOR, upload().id, date(2024, 7, 1), None, "Quyết định 1")
    assert "tm-1" not in statuses(check(), "LDVL")
    freeze("2024-08-01 08:00")
    july = check(JULY)
    assert "tm-1" in statuses(july, "LDVL")
    assert july.run is not None
    assert verify_run(july.run.id).agrees


def test_a_changed_text_counts_from_its_own_day_and_earlier_periods_keep_theirs(
    month: Month, freeze: Callable[[str], Any]
) -> None:
    old = repository.pack(PROVINCE)
    row = uploading.upload_pack(INSPECTOR, changed_province("severity: major", "severity: critical"))
    uploading.put_in_force(INSPECTOR, row.id, date(2024, 7, 1), None, "Sửa mức độ")
    freeze("2024-08-01 08:00")
    assert used(check(JUNE), PROVINCE) == used(check(JUNE, pack_ids=[PROVINCE]), PROVINCE) == old.hash
    assert used(check(JULY), PROVINCE) == used(check(JULY, pack_ids=[PROVINCE]), PROVINCE) == row.hash
    assert repository.pack(PROVINCE).hash == row.hash
    assert {text.hash for text in db.session.scalars(select(PackText).where(PackText.pack == PROVINCE))} == {
        old.hash,
        row.hash,
    }


def used(report: Any, pack_id: str) -> str:
    return next(pack.hash for pack in report.packs if pack.id == pack_id)


def test_a_text_put_in_force_for_a_time_leaves_nothing_in_force_after_it(session: Any) -> None:
    row = upload()
    uploading.put_in_force(INSPECTOR, row.id, date(2024, 6, 1), date(2024, 7, 31), "Thí điểm")
    in_force = {day: {pack.id for pack in repository.in_force(day)} for day in (date(2024, 7, 31), date(2024, 8, 1))}
    assert [row.pack in ids for ids in in_force.values()] == [True, False]


def test_a_dry_run_judges_a_past_month_and_writes_nothing(month: Month) -> None:
    pack: Pack = repository.text(upload().hash)
    before = rows()
    report = service.dry_run(JUNE, [pack])
    assert {r.unit: r.status.value for r in report.judgement.results}["LDVL"] == "fail"  # 7 of 20 is less than 40 %
    assert rows() == before
    with pytest.raises(DomainError, match="chưa bắt đầu"):
        service.dry_run(Period.parse("2024-12"), [pack])


def rows() -> list[int | None]:
    tables = (CheckRun, Violation, PackText, PackAdoption, AuditEntry, UploadedPack)
    return [db.session.scalar(select(func.count()).select_from(table)) for table in tables]


# --- pages ------------------------------------------------------------------------------------------------------


def posted(client: FlaskClient, given: list[tuple[str, bytes]]) -> Any:
    data = {"files": [(io.BytesIO(content), name) for name, content in given]}
    return client.post("/kiem-tra/bo-quy-tac/tai-len", data=data, content_type="multipart/form-data")


def followed(client: FlaskClient, answer: Any) -> Any:
    """The page that an examination ends with, once it has."""
    assert answer.status_code == 302
    address = answer.location.removeprefix("http://localhost")
    for _ in range(600):
        page = client.get(address)
        if page.status_code == 302 or 'id="examination"' not in page.get_data(as_text=True):
            return page
        time.sleep(0.05)
    raise AssertionError("the examination did not end")


def test_an_inspector_uploads_tries_and_puts_in_force(month: Month, inspector: FlaskClient) -> None:
    answer = followed(inspector, posted(inspector, [("goi.zip", zipped(files()))]))
    assert answer.status_code == 302
    address = answer.location.removeprefix("http://localhost")
    page = inspector.get(address).get_data(as_text=True)
    assert "Cả 1 phép thử đều đạt." in page
    assert "tm-2024" in page  # the quotes of which were not compared
    tried = inspector.get(f"{address}?period=6/2024").get_data(as_text=True)
    assert "Kết quả thử tháng 6/2024" in tried
    assert db.session.scalar(select(CheckRun)) is None
    wrong = inspector.post(f"{address}/ap-dung", data={"valid_from": "31/12/2023", "reason": "QĐ 1"})
    assert wrong.status_code == 422
    assert "01/01/2024" in wrong.get_data(as_text=True)
    assert inspector.post(f"{address}/ap-dung", data={"valid_from": "01/06/2024", "reason": "QĐ 1"}).status_code == 302
    listed = inspector.get("/kiem-tra/bo-quy-tac").get_data(as_text=True)
    assert "Kế hoạch tỉnh mới" in listed
    assert "QĐ 1" in listed
    assert "Thanh toán trực tuyến tỉnh mới" in inspector.get("/kiem-tra/quy-tac").get_data(as_text=True)
    assert "tm-1" in statuses(check(), "LDVL")


def test_the_page_of_an_upload_shows_every_fault(month: Month, inspector: FlaskClient) -> None:
    answer = followed(inspector, posted(inspector, files(rules=TWICE)))
    assert answer.status_code == 200
    page = answer.get_data(as_text=True)
    assert "hai quy tắc cùng mang mã “tm-1”." in page
    assert "[1].id" in page
    assert "chưa chọn tệp nào." in followed(inspector, posted(inspector, [])).get_data(as_text=True)


def test_the_page_says_that_the_folder_has_other_words_than_those_adopted(
    month: Month, inspector: FlaskClient, rules_folder: Path
) -> None:
    assert "đã đổi từ khi áp dụng" not in inspector.get("/kiem-tra/bo-quy-tac").get_data(as_text=True)
    changed_in(rules_folder, PROVINCE, "severity: major", "severity: critical")
    page = inspector.get("/kiem-tra/bo-quy-tac").get_data(as_text=True)
    assert page.count("đã đổi từ khi áp dụng") == 1
    assert "có lời văn khác, chưa được áp dụng" in inspector.get("/kiem-tra/quy-tac").get_data(as_text=True)


def test_heads_read_and_only_inspectors_upload(month: Month, sign_in: SignIn) -> None:
    row = upload()
    head = sign_in(make_person(month.units["NCC"], Role.HEAD))
    assert head.get("/kiem-tra/bo-quy-tac").status_code == 200
    assert head.get(f"/kiem-tra/bo-quy-tac/{row.id}").status_code == 200
    assert head.get("/kiem-tra/bo-quy-tac/tai-len").status_code == 403
    assert posted(head, files()).status_code == 403
    decision = {"valid_from": "01/06/2024", "reason": "QĐ 1"}
    assert head.post(f"/kiem-tra/bo-quy-tac/{row.id}/ap-dung", data=decision).status_code == 403
    assert head.get(f"/kiem-tra/bo-quy-tac/{row.id + 1}").status_code == 404


def test_an_upload_that_does_not_exist_is_not_found(session: Any) -> None:
    with pytest.raises(NotFound):
        uploading.put_in_force(INSPECTOR, 99, date(2024, 6, 1), None, "QĐ 1")


# --- seeds ------------------------------------------------------------------------------------------------------


@pytest.fixture
def rules_folder(app: Flask, tmp_path: Path, first_month_rules: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the folder by which June is judged, to change a file in."""
    shutil.copytree(first_month_rules, tmp_path / "rules")
    settings = app.config["SETTINGS"].model_copy(update={"rules": tmp_path / "rules"})
    monkeypatch.setitem(app.config, "SETTINGS", settings)
    return tmp_path / "rules"


def changed_in(folder: Path, pack: str, old: str, new: str) -> None:
    found = [path for path in sorted((folder / pack).glob("*.yaml")) if old in path.read_text("utf-8")]
    assert found
    for path in found:
        path.write_text(path.read_text("utf-8").replace(old, new), "utf-8")


def test_what_is_changed_in_the_folder_changes_no_verdict(month: Month, rules_folder: Path) -> None:
    before = check()
    changed_in(rules_folder, DEPARTMENT, "value: 35%", "value: 90%")
    assert repository.seeds().of(DEPARTMENT).hash != repository.pack(DEPARTMENT).hash
    after = check()
    assert statuses(after, "LDVL") == statuses(before, "LDVL")
    assert statuses(after, "LDVL")["khd-2c.2"] is Status.PASS
    assert [pack.hash for pack in after.packs] == [pack.hash for pack in before.packs]
    (rules_folder / PROVINCE / "rules.yaml").write_text("- id: [", "utf-8")  # and what cannot be read stops nothing
    assert statuses(check(), "LDVL") == statuses(before, "LDVL")


def test_a_changed_pack_is_not_adopted_while_its_own_tests_fail(
    month: Month, app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The shipped plan with 35 % made 90 %, while its quote still says 35 %."""
    shutil.copytree(ROOT / "rules", tmp_path / "rules")
    changed_in(tmp_path / "rules", DEPARTMENT, "value: 35%", "value: 90%")
    settings = app.config["SETTINGS"].model_copy(update={"rules": tmp_path / "rules"})
    monkeypatch.setitem(app.config, "SETTINGS", settings)
    adopt = ["rules", "adopt", DEPARTMENT, "--from", "2024-06-01", "--reason", "Sửa chỉ tiêu"]
    done = app.test_cli_runner().invoke(args=adopt)
    assert (done.exit_code, done.stdout) == (2, "")
    assert "Phép thử chưa đạt (6 chỗ), chưa thể áp dụng. tests.yaml, dòng " in done.stderr
    assert len(decided(DEPARTMENT)) == 1
    assert statuses(check(), "LDVL")["khd-2c.2"] is Status.PASS


def test_a_seed_is_adopted_on_its_page(month: Month, inspector: FlaskClient, rules_folder: Path) -> None:
    for name, text in NEW.items():
        (rules_folder / "tinh-moi-2024").mkdir(exist_ok=True)
        (rules_folder / "tinh-moi-2024" / name).write_text(text.replace("document: tm-2024", "document: khp-2024"))
    changed_in(rules_folder, "tinh-moi-2024", "từ 40%", "thanh toán trực tuyến")
    address = "/kiem-tra/bo-quy-tac/cai-san/tinh-moi-2024"
    assert "chưa được áp dụng: không phán xét gì" in inspector.get("/kiem-tra/quy-tac").get_data(as_text=True)
    assert "tm-1" not in statuses(check(), "LDVL")
    page = inspector.get(address).get_data(as_text=True)
    assert "Lời văn này chưa được thử." in page and "/ap-dung" not in page
    assert db.session.scalar(select(UploadedPack).where(UploadedPack.pack == "tinh-moi-2024")) is None
    kept = followed(inspector, inspector.post(f"{address}/thu")).location.removeprefix("http://localhost")
    for shown in (kept, address):  # once its text is kept, its outcome is shown wherever the text is
        assert "Cả 1 phép thử đều đạt." in inspector.get(shown).get_data(as_text=True)
    inspector.post(f"{kept}/ap-dung", data={"valid_from": "01/06/2024", "reason": "QĐ 1"})
    assert [row.valid_to for row in decided("tinh-moi-2024")] == [date(2024, 12, 31)]
    assert "tm-1" in statuses(check(), "LDVL")
    entry = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "adopt_pack")).one()
    assert entry.details["hash"] == decided("tinh-moi-2024")[0].hash
    assert (entry.details["tests"], entry.details["tested_with"]) == (1, uploading.tested_by())


def test_heads_neither_test_nor_adopt_a_seed(month: Month, sign_in: SignIn) -> None:
    who = make_person(month.units["NCC"], Role.HEAD)
    head = sign_in(who)
    address = f"/kiem-tra/bo-quy-tac/cai-san/{PROVINCE}"
    assert head.get(address).status_code == 200
    assert head.post(f"{address}/thu").status_code == 403
    by, row = Actor.of(who), uploading.kept_text(repository.pack(PROVINCE).hash)
    assert row is not None
    for attempt in (
        lambda: uploading.bring_in(by, NEW),
        lambda: uploading.test_again(by, row.id),
        lambda: uploading.put_in_force(by, row.id, date(2024, 7, 1), None, "QĐ 1"),
        lambda: uploading.adopt(by, PROVINCE, date(2024, 7, 1), None, "QĐ 1"),
    ):
        with pytest.raises(NotAllowed):
            attempt()
    assert len(decided(PROVINCE)) == 1


def test_a_plan_of_another_year_is_adopted_knowingly_and_every_page_it_judges_says_so(
    month: Month, inspector: FlaskClient, freeze: Callable[[str], Any]
) -> None:
    freeze("2025-02-03 08:00")
    row = uploading.kept_text(repository.pack(BAC_GIANG).hash)
    assert row is not None
    address, given = f"/kiem-tra/bo-quy-tac/{row.id}", {"valid_from": "01/01/2025", "reason": "Chưa có kế hoạch mới"}
    refused = inspector.post(f"{address}/ap-dung", data=given)
    assert refused.status_code == 422
    assert "phải xác nhận áp dụng kế hoạch của năm khác" in refused.get_data(as_text=True)
    assert inspector.post(f"{address}/ap-dung", data=given | {"another_year": "y"}).status_code == 302
    assert [decision.valid_to for decision in decided(BAC_GIANG)] == [date(2024, 12, 31), None]
    run = check(Period.parse("2025-01")).run
    assert run is not None
    raised = db.session.scalars(select(Violation).where(Violation.period == "2025-01")).first()
    assert raised is not None
    own_run = check().run
    assert own_run is not None
    said = "Phán xét theo kế hoạch của năm khác"
    cell = f"{BAC_GIANG}/{raised.rule}/NCC"
    for page in (
        f"/kiem-tra?run={run.id}",
        f"/kiem-tra/{run.id}",
        f"/kiem-tra/{run.id}/{cell}",
        f"/kiem-tra/{run.id}/phan-xet-lai",
        f"/kiem-tra/so-sanh?a={own_run.id}&b={run.id}",
        "/kiem-tra/vi-pham",
        f"/kiem-tra/vi-pham/{raised.id}",
        "/kiem-tra/thu?period=1/2025",
        f"{address}?period=1/2025",
    ):
        assert said in inspector.get(page).get_data(as_text=True), page
    assert said not in inspector.get(f"/kiem-tra?run={own_run.id}").get_data(as_text=True)


def test_a_fresh_site_says_how_to_adopt_a_pack_and_judges_nothing(session: Any, app: Flask, sign_in: SignIn) -> None:
    units = make_department()
    for role in (Role.INSPECTOR, Role.ADMIN):
        client = sign_in(make_person(units["VP"], role))
        home = client.get("/", follow_redirects=True).get_data(as_text=True)
        pages = [client.get(f"/kiem-tra{below}").get_data(as_text=True) for below in ("", "/quy-tac")]
        for page in pages if role is Role.ADMIN else [home, *pages]:
            assert "Cơ quan chưa áp dụng bộ quy tắc nào" in page
            assert 'href="/kiem-tra/bo-quy-tac"' in page
    assert (
        "Thiết lập cơ quan" in home and 'href="/kiem-tra/bo-quy-tac"' in home
    )  # the administrator is led step by step
    done = app.test_cli_runner().invoke(args=["check", "run", "--period", "2024-06"])
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1 and "flask rules adopt" in done.stderr
    named = app.test_cli_runner().invoke(args=["check", "run", "--period", "2024-06", "--pack", PROVINCE])
    assert named.exit_code == 2 and "chưa được áp dụng" in named.stderr
    adopt_packs()
    assert "Cơ quan chưa áp dụng" not in client.get("/kiem-tra").get_data(as_text=True)


def test_the_command_adopts_and_the_list_says_how_each_pack_stands(
    session: Any, app: Flask, rules_folder: Path
) -> None:
    for name, text in NEW.items():
        (rules_folder / "tinh-moi-2024").mkdir(exist_ok=True)
        (rules_folder / "tinh-moi-2024" / name).write_text(text.replace("document: tm-2024", "document: khp-2024"))
    changed_in(rules_folder, "tinh-moi-2024", "từ 40%", "thanh toán trực tuyến")
    runner = app.test_cli_runner()

    def stands() -> dict[str, str]:
        listed = json.loads(runner.invoke(args=["rules", "list", "--format", "json"]).stdout)
        return {each["pack"]: each["state"] for each in listed}

    assert set(stands().values()) == {"seed"}
    adopt = ["rules", "adopt", "tinh-moi-2024", "--reason", "QĐ 1", "--from"]
    done = runner.invoke(args=[*adopt, "2024-01-01"])
    assert done.exit_code == 0, done.stderr
    assert done.stdout.startswith("tinh-moi-2024: 01/01/2024 – 31/12/2024, sha256:")
    assert stands() == dict.fromkeys([DEPARTMENT, PROVINCE, BAC_GIANG], "seed") | {"tinh-moi-2024": "adopted"}
    changed_in(rules_folder, "tinh-moi-2024", "Hướng dẫn", "Hướng dẫn thêm")
    assert stands()["tinh-moi-2024"] == "changed"
    listed = runner.invoke(args=["rules", "list"]).stdout
    assert "Thư mục đã đổi từ khi áp dụng" in listed and "Chưa áp dụng" in listed
    refused = runner.invoke(args=[*adopt, "2025-01-01"])
    assert refused.exit_code == 2 and "Thêm --another-year." in refused.stderr
    assert runner.invoke(args=[*adopt, "2025-01-01", "--another-year"]).exit_code == 0
    assert stands()["tinh-moi-2024"] == "adopted"
    assert [row.valid_to for row in decided("tinh-moi-2024")] == [date(2024, 12, 31), None]
    assert runner.invoke(args=["rules", "adopt", "khong-co", "--from", "2024-01-01", "--reason", "x"]).exit_code == 2


# --- the stored outcome -----------------------------------------------------------------------------------------


def test_a_page_shows_what_came_of_the_tests_and_runs_none(
    month: Month, inspector: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = upload(tests=TESTS.replace("fail", "pass"))

    def never(*_args: Any) -> Any:
        raise AssertionError("run again")

    monkeypatch.setattr(uploading, "examine_apart", never)
    before = shared_engine().asserted
    for _ in range(2):
        page = inspector.get(f"/kiem-tra/bo-quy-tac/{row.id}").get_data(as_text=True)
        assert "phép thử “Bảy trên hai mươi là chưa đạt” cần pass, có fail" in page
        assert "bằng durable_rules 2." in page
    with pytest.raises(DomainError, match="Phép thử chưa đạt"):
        uploading.put_in_force(INSPECTOR, row.id, date(2024, 6, 1), None, "Quyết định 1")
    assert shared_engine().asserted == before


@pytest.mark.parametrize("forgotten", [{"outcome": {}}, {"tested_with": "durable_rules 1.0, 00000000"}])
def test_tests_of_before_must_be_run_again_before_a_pack_is_put_in_force(
    month: Month, inspector: FlaskClient, forgotten: dict[str, Any]
) -> None:
    """A pack uploaded before outcomes were kept, or tested by another engine or language."""
    row = upload()
    for name, value in forgotten.items():
        setattr(row, name, value)
    db.session.commit()
    address = f"/kiem-tra/bo-quy-tac/{row.id}"
    assert "hãy chạy lại phép thử" in inspector.get(address).get_data(as_text=True)
    with pytest.raises(DomainError, match="Hãy chạy lại phép thử"):
        uploading.put_in_force(INSPECTOR, row.id, date(2024, 6, 1), None, "Quyết định 1")
    assert followed(inspector, inspector.post(f"{address}/thu-lai")).location.endswith(address)
    db.session.expire_all()
    assert "Cả 1 phép thử đều đạt." in inspector.get(address).get_data(as_text=True)
    assert db.session.scalar(select(AuditEntry).where(AuditEntry.action == "test_pack")) is not None
    assert uploading.put_in_force(INSPECTOR, row.id, date(2024, 6, 1), None, "Quyết định 1").hash == row.hash


def test_so_many_packs_wait_and_the_next_is_asked_to_come_later(
    month: Month, inspector: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on = threading.Event()

    def waiting(*args: Any) -> Any:
        go_on.wait(60)
        return examining.examine(*args)

    monkeypatch.setattr(uploading, "examine_apart", waiting)
    started = [posted(inspector, files()) for _ in range(4)]
    refused = posted(inspector, files())
    assert refused.status_code == 422
    assert "Đang có 4 bộ quy tắc chờ kiểm tra." in refused.get_data(as_text=True)
    assert inspector.get("/kiem-tra/bo-quy-tac").status_code == 200  # nobody else waits
    go_on.set()
    assert [followed(inspector, answer).status_code for answer in started] == [302] * 4
    assert posted(inspector, files()).status_code == 302
