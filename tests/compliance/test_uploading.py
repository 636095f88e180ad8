"""Packs brought in by an inspector: read, refused with every fault, tested, tried, put in force from a day."""

from __future__ import annotations

import io
import re
import threading
import time
import zipfile
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from app.compliance import examining, packs, service, uploading
from app.compliance.engine import shared_engine
from app.compliance.models import CheckRun, PackAdoption, PackText, UploadedPack, Violation
from app.compliance.pack import Pack
from app.compliance.problems import PackError
from app.compliance.verifying import verify_run
from app.errors import Conflict, DomainError, NotFound
from app.extensions import db
from app.organisation.models import AuditEntry, Person, Role
from app.periods import Period
from tests.compliance.month import INSPECTOR, JUNE, PROVINCE, Month, check, statuses
from tests.factories import make_person


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


def changed_province(old: str, new: str) -> list[tuple[str, bytes]]:
    """The Province's pack with its words changed, and a test of its own."""
    texts = {"tests.yaml": TESTS.replace("tm-1", "khp-2c.2"), **packs.pack(PROVINCE).texts}
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
    assert "tinh-moi-2024" not in {pack.id for pack in [*packs.in_force(date(2024, 6, 30)), *packs.all_packs()]}
    entry = db.session.scalar(select(AuditEntry).where(AuditEntry.action == "upload_pack"))
    assert entry is not None
    assert entry.details["hash"] == row.hash


def test_the_same_text_twice_is_kept_once(session: Any) -> None:
    assert upload().id == upload().id


def test_a_text_that_is_installed_already_is_refused(session: Any) -> None:
    given = [(name, text.encode()) for name, text in packs.pack(PROVINCE).texts.items()]
    with pytest.raises(Conflict, match="giống hệt"):
        uploading.upload_pack(INSPECTOR, given)


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
    quote = re.search(r'quote: "([^"]+)"', packs.pack(PROVINCE).texts["rules.yaml"])
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
    assert db.session.scalar(select(PackAdoption)) is None


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
    old = packs.pack(PROVINCE)
    row = uploading.upload_pack(INSPECTOR, changed_province("severity: major", "severity: critical"))
    uploading.put_in_force(INSPECTOR, row.id, date(2024, 7, 1), None, "Sửa mức độ")
    freeze("2024-08-01 08:00")
    assert used(check(JUNE), PROVINCE) == used(check(JUNE, pack_ids=[PROVINCE]), PROVINCE) == old.hash
    assert used(check(JULY), PROVINCE) == used(check(JULY, pack_ids=[PROVINCE]), PROVINCE) == row.hash
    assert packs.pack(PROVINCE).hash == row.hash
    assert {text.hash for text in db.session.scalars(select(PackText).where(PackText.pack == PROVINCE))} == {
        old.hash,
        row.hash,
    }


def used(report: Any, pack_id: str) -> str:
    return next(pack.hash for pack in report.packs if pack.id == pack_id)


def test_a_text_put_in_force_for_a_time_leaves_nothing_in_force_after_it(session: Any) -> None:
    row = upload()
    uploading.put_in_force(INSPECTOR, row.id, date(2024, 6, 1), date(2024, 7, 31), "Thí điểm")
    in_force = {day: {pack.id for pack in packs.in_force(day)} for day in (date(2024, 7, 31), date(2024, 8, 1))}
    assert [row.pack in ids for ids in in_force.values()] == [True, False]


def test_a_dry_run_judges_a_past_month_and_writes_nothing(month: Month) -> None:
    pack: Pack = packs.uploaded_pack(upload().hash)
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


def test_the_page_says_that_an_installed_text_was_changed_since_a_run(
    month: Month, inspector: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    from app.compliance.loader import pack_from_texts

    check()
    assert "Đã thay đổi" not in inspector.get("/kiem-tra/bo-quy-tac").get_data(as_text=True)
    texts = {name: content.decode() for name, content in changed_province("severity: major", "severity: critical")}
    edited, now = pack_from_texts(texts), packs.folder_packs()
    monkeypatch.setattr(packs, "folder_packs", lambda: tuple(edited if p.id == PROVINCE else p for p in now))
    page = inspector.get("/kiem-tra/bo-quy-tac").get_data(as_text=True)
    assert page.count("Đã thay đổi") == 1


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
