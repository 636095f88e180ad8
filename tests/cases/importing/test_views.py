"""The pages of an import: upload, preview, confirm, report, and who may."""

# ruff: noqa: DTZ001  spreadsheets write times without a zone
from __future__ import annotations

import io
import re
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from openpyxl.utils.datetime import MAC_EPOCH, to_excel
from sqlalchemy import func, select

from app.cases.importing.mapping import find_mapping
from app.cases.importing.models import Import, ImportName, ImportNameKind, ImportState
from app.cases.importing.names import Choice, nearest, remember_name
from app.cases.models import Case
from app.cases.vocabulary import EventKind
from app.organisation.access import Scope
from app.organisation.models import AuditEntry, Person, Role, Unit
from app.procedures.models import ProcedureVersion
from app.web import jobs
from app.web.extensions import db
from tests.cases.importing.exports import (
    CLERK,
    HEADINGS,
    NOWHERE,
    closed,
    csv_file,
    only,
    rewritten,
    row,
    sheet,
    take,
)
from tests.clock import at
from tests.factories import SITE, happen, make_person, make_unit

SignIn = Callable[[Person], FlaskClient]


@pytest.fixture
def clerk(department: Unit) -> Person:
    """Desk staff of the one-stop desk."""
    return make_person(make_unit("MC", "Bộ phận Một cửa", parent=department, is_desk=True), Role.DESK)


def cases() -> int:
    return db.session.scalar(select(func.count()).select_from(Case)) or 0


def upload(client: FlaskClient, path: Path, mapping: str = "igate") -> Any:
    data = {"file": (io.BytesIO(path.read_bytes()), path.name), "mapping": mapping}
    return client.post("/ho-so/nhap/moi", data=data, content_type="multipart/form-data")


def ended(client: FlaskClient, address: str) -> Any:
    """Ask about a job, as HTMX does each second, until it has ended; the last answer."""
    for _ in range(400):
        answer = client.get(address, headers={"HX-Request": "true"})
        if "HX-Redirect" in answer.headers or "hx-trigger" not in answer.text:
            return answer
        time.sleep(0.05)
    raise AssertionError("the job did not end")


def test_a_clerk_previews_confirms_and_reads_the_report(
    clerk: Person, permit: ProcedureVersion, sign_in: SignIn, tmp_path: Path
) -> None:
    client = sign_in(clerk)
    started = upload(client, csv_file(tmp_path, row(), row(code="B", received="29/02/2023")))
    assert started.status_code == 302
    preview = ended(client, started.location).headers["HX-Redirect"]
    page = client.get(preview).text
    assert "chưa có gì được ghi" in page
    assert "Không có ngày hoặc giờ “29/02/2023”." in page
    assert cases() == 0
    confirmed = client.post(f"{preview}/xac-nhan")
    report = ended(client, confirmed.location).headers["HX-Redirect"]
    assert report == preview
    assert "Đã nhập lúc" in client.get(report).text
    assert cases() == 1
    record = db.session.scalars(select(Import).execution_options(populate_existing=True)).one()
    assert (record.state, record.person_id, record.file_name) == (ImportState.DONE, clerk.id, "igate.csv")
    refused = client.get(f"{report}/dong-bi-tu-choi.csv")
    assert refused.data.startswith(b"\xef\xbb\xbf")
    assert "29/02/2023" in refused.text
    assert client.get("/ho-so/nhap").text.count("igate.csv") == 1
    for path in (preview, "/ho-so/nhap"):
        assert "Danh sách hồ sơ của phần mềm một cửa (iGate)" in client.get(path).text
    record.mapping = "mau-da-bo"
    db.session.commit()
    assert "mau-da-bo" in client.get("/ho-so/nhap").text, "a mapping that the site has no longer"
    client.post("/ngon-ngu/en")
    in_english = client.get(report).text
    assert "Không có ngày" not in in_english
    assert "There is no day or time “29/02/2023”." in in_english, "told in the language of whoever reads it"


@pytest.mark.parametrize("short", ["P. LĐ-VL", "LĐVL", "Phòng LĐ – VL"])
def test_an_abbreviation_is_offered_the_unit_that_it_abbreviates_first(short: str) -> None:
    known = [Choice(1, "NCC", "Phòng Người có công"), Choice(2, "02", "Phòng Lao động – Việc làm")]
    assert [choice.id for choice in nearest(short, known)][:1] == [2]


def test_a_job_under_way_is_a_page_and_for_htmx_its_part_that_changes(
    clerk: Person, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    status = jobs.JobStatus("x" * 22, "preview", clerk.id, jobs.JobState.RUNNING, 20, 100, "Đã đọc 20 dòng")
    monkeypatch.setattr(jobs, "find", lambda job_id, owner: status)
    client = sign_in(clerk)
    page = client.get("/ho-so/nhap/viec/x").text
    part = client.get("/ho-so/nhap/viec/x", headers={"HX-Request": "true"}).text
    assert "<html" in page
    assert "<html" not in part
    assert "Đã đọc 20 dòng" in page
    assert 'hx-trigger="load delay:1s"' in part


def test_confirming_twice_imports_once(
    clerk: Person, permit: ProcedureVersion, sign_in: SignIn, tmp_path: Path
) -> None:
    client = sign_in(clerk)
    preview = ended(client, upload(client, csv_file(tmp_path, row())).location).headers["HX-Redirect"]
    ended(client, client.post(f"{preview}/xac-nhan").location)
    again = client.post(f"{preview}/xac-nhan", follow_redirects=True)
    assert "đã được thực hiện" in again.text
    assert cases() == 1


def test_a_file_that_cannot_be_read_says_why(clerk: Person, sign_in: SignIn, tmp_path: Path) -> None:
    (tmp_path / "anh.xlsx").write_bytes(b"\x89PNG....")
    client = sign_in(clerk)
    answer = ended(client, upload(client, tmp_path / "anh.xlsx").location)
    assert "Tệp “anh.xlsx” là ảnh PNG" in answer.text
    assert db.session.scalar(select(func.count()).select_from(Import)) == 0


def test_each_kind_of_bad_file_is_told_on_its_page(
    clerk: Person, permit: ProcedureVersion, sign_in: SignIn, tmp_path: Path
) -> None:
    """One of each kind; its siblings are in `test_bad_files.py`."""

    def old_macintosh(book: Any) -> None:
        book.epoch = MAC_EPOCH

    def strict(_name: str, part: bytes) -> bytes:
        return part.replace(b"http://schemas.openxmlformats.org/spreadsheetml/2006/", b"http://purl.oclc.org/ooxml/")

    client = sign_in(clerk)
    unread = {"a.xls": "<div><table>", "b.xls": "MIME-Version: 1.0\n", "c.csv": "Số hồ sơ,Chủ hồ sơ\n1,Lan\n"}
    for name, text in unread.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    for path, said in (
        (tmp_path / "a.xls", "là trang HTML hoặc XML đặt tên như bảng tính"),
        (tmp_path / "b.xls", "MHTML"),
        (rewritten(sheet(tmp_path, HEADINGS, row()), strict), "Strict Open XML"),
    ):
        answer = ended(client, upload(client, path).location)
        assert said in answer.text, path
    april = to_excel(datetime(2024, 4, 1, 8, 30), MAC_EPOCH)
    kinds: dict[str, tuple[Callable[[], Path], str]] = {
        "1904": (
            lambda: sheet(tmp_path, HEADINGS, row(received=april, promised="29/03/2024"), change=old_macintosh),
            "Ngày hẹn trả trước ngày tiếp nhận.",
        ),
        "printed": (
            lambda: sheet(tmp_path, HEADINGS, list(range(1, 13)), row(), only(A="Tổng cộng: 1"), only(A="Trang 1/1")),
            "3 dòng không phải hồ sơ (tiêu đề nhắc lại, dòng tổng, chữ ký) (dòng 2, 4, 5).",
        ),
        "merged": (
            lambda: sheet(tmp_path, HEADINGS, row(unit="Phòng lạ"), row(code="B", unit=None), merged=["D2:D3"]),
            "(2 dòng)",
        ),
        "rounded": (lambda: sheet(tmp_path, HEADINGS, row(code="2.40603E+13")), "đã bị bảng tính làm tròn"),
        "formula": (lambda: sheet(tmp_path, HEADINGS, row(status="=A1")), "Ô là công thức chưa có giá trị."),
        "garbled": (lambda: sheet(tmp_path, HEADINGS, row(applicant="NguyÔn V¨n Thö")), "đúng ra là “Nguyễn Văn Thử”"),
    }
    for kind, (made, said) in kinds.items():
        assert said in client.get(waiting(client, made())).text, kind
    assert ended(client, upload(client, tmp_path / "c.csv").location).headers.get("HX-Redirect"), "asked about columns"
    assert cases() == 0


def test_a_form_without_a_file_says_so(clerk: Person, sign_in: SignIn) -> None:
    answer = sign_in(clerk).post("/ho-so/nhap/moi", data={"mapping": "igate"})
    assert answer.status_code == 422
    assert "Hãy chọn một tệp." in answer.text


def test_an_upload_over_the_limit_is_refused_with_the_limit(
    app: Flask, clerk: Person, sign_in: SignIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.config, "MAX_CONTENT_LENGTH", 2000)
    (tmp_path / "lon.csv").write_bytes(b"x" * 5000)
    answer = upload(sign_in(clerk), tmp_path / "lon.csv")
    assert answer.status_code == 413
    assert "lớn hơn mức cho phép" in answer.text


def test_a_name_with_a_path_is_only_a_name(
    clerk: Person, permit: ProcedureVersion, sign_in: SignIn, tmp_path: Path
) -> None:
    client = sign_in(clerk)
    data = {"file": (io.BytesIO(csv_file(tmp_path, row()).read_bytes()), "..\\..\\etc/igate.csv"), "mapping": "igate"}
    started = client.post("/ho-so/nhap/moi", data=data, content_type="multipart/form-data")
    ended(client, started.location)
    assert db.session.scalars(select(Import.file_name)).all() == ["igate.csv"]


@pytest.mark.parametrize("role", [Role.DESK, Role.HEAD, Role.INSPECTOR])
@pytest.mark.parametrize("address", ["/ho-so/nhap", "/ho-so/nhap/moi", "/ho-so/nhap/1"])
def test_staff_of_a_division_may_not_import(unit: Unit, sign_in: SignIn, role: Role, address: str) -> None:
    assert sign_in(make_person(unit, role)).get(address).status_code == 403


def test_a_stranger_is_sent_to_sign_in(client: FlaskClient) -> None:
    assert client.get("/ho-so/nhap").status_code == 302


def test_a_job_is_shown_to_its_owner_only(
    clerk: Person, permit: ProcedureVersion, department: Unit, sign_in: SignIn, tmp_path: Path
) -> None:
    client = sign_in(clerk)
    address = upload(client, csv_file(tmp_path, row())).location
    ended(client, address)
    other = sign_in(make_person(department, Role.ADMIN))
    assert other.get(address).status_code == 404
    assert other.get("/ho-so/nhap/viec/..%2F..%2Fsecret_key").status_code == 404


def waiting(client: FlaskClient, path: Path, mapping: str = "igate") -> str:
    """The address of a preview."""
    return str(ended(client, upload(client, path, mapping).location).headers["HX-Redirect"])


def carried_out(client: FlaskClient, preview: str) -> str:
    """The address of the import that the preview became."""
    return str(ended(client, client.post(f"{preview}/xac-nhan").location).headers["HX-Redirect"])


# What a preview tells


def test_a_preview_tells_five_outcomes_apart(
    clerk: Person, permit: ProcedureVersion, sign_in: SignIn, tmp_path: Path
) -> None:
    take(csv_file(tmp_path, row(code="DI-TIEP"), row(code="NHU-CU"), closed(code="NGUOC"), name="truoc.csv"))
    client = sign_in(clerk)
    later = csv_file(
        tmp_path,
        row(code="MOI"),
        closed(code="DI-TIEP"),
        row(code="NHU-CU"),
        row(code="NGUOC"),
        row(code="HONG", received="29/02/2023"),
    )
    preview = waiting(client, later)
    sections = client.get(preview).text.split("<section")
    told = {name: next((s for s in sections if f'id="{name}"' in s), "") for name in OUTCOMES}
    assert [code for code in ("MOI", "DI-TIEP", "NHU-CU") if code in told["moi"]] == ["MOI"]
    assert "DI-TIEP" in told["di-tiep"]
    assert "Đang xử lý" in told["di-tiep"]
    assert "Đã kết thúc" in told["di-tiep"]
    assert "Kết thúc hồ sơ" in told["di-tiep"]
    assert "NHU-CU" in told["khong-doi"]
    assert "07/06/2024 16:00" in told["mau-thuan"]  # what is recorded here
    assert "29/02/2023" in told["tu-choi"]
    assert "29/02/2023" not in told["mau-thuan"]
    contradictions = client.get(f"{preview}/dong-bi-tu-choi.csv?kind=mau-thuan").text
    assert "NGUOC" in contradictions
    assert "HONG" not in contradictions
    assert "HONG" in client.get(f"{preview}/dong-bi-tu-choi.csv?kind=tu-choi").text


OUTCOMES = ("moi", "di-tiep", "khong-doi", "mau-thuan", "tu-choi")


# Unknown names


def test_an_unknown_name_is_asked_about_once_and_remembered(
    clerk: Person, unit: Unit, permit: ProcedureVersion, sign_in: SignIn, tmp_path: Path
) -> None:
    client = sign_in(clerk)
    path = csv_file(tmp_path, row(code="A", unit="Phòng Lao động, Việc làm & TL"), row(code="B"))
    preview = waiting(client, path)
    page = client.get(preview).text
    assert "Phòng Lao động, Việc làm &amp; TL" in page
    assert f'<option value="{unit.id}">LDVL' in page  # offered
    assert 'value="make"' not in page  # this mapping makes no units
    field = "choice:unit:phong lao dong viec lam tl"
    again = ended(client, client.post(f"{preview}/ten-goi", data={field: str(unit.id)}).location)
    assert again.headers["HX-Redirect"] == preview
    assert "Tên chưa biết" not in client.get(preview).text
    carried_out(client, preview)
    assert set(db.session.scalars(select(Case.unit_id))) == {unit.id}
    take(csv_file(tmp_path, row(code="C", unit="PHÒNG LAO ĐỘNG VIỆC LÀM & TL"), name="tuan-sau.csv"))
    assert cases() == 3
    assert "Phòng Lao động, Việc làm &amp; TL" in client.get("/ho-so/nhap/ten-goi").text


def test_a_procedure_that_the_mapping_would_make_is_asked_about_on_the_page(
    clerk: Person, unit: Unit, permit: ProcedureVersion, sign_in: SignIn, tmp_path: Path
) -> None:
    client = sign_in(clerk)
    path = csv_file(tmp_path, row(code="A", procedure="Cấp GP lao động"), row(code="B", procedure="Thủ tục lạ"))
    preview = waiting(client, path)
    assert client.get(preview).text.count("Tạo mới từ tệp này") == 2
    typed = {
        "other:procedure:cap gp lao dong": f"{permit.procedure.code} · {permit.name}",
        "choice:procedure:thu tuc la": "make",
    }
    ended(client, client.post(f"{preview}/ten-goi", data=typed).location)
    carried_out(client, preview)
    versions = dict(db.session.execute(select(Case.code, Case.version_id)).all())
    assert versions["A"] == permit.id
    assert versions["B"] not in (None, permit.id)


def test_an_unknown_status_is_asked_about_and_remembered(
    clerk: Person, permit: ProcedureVersion, sign_in: SignIn, tmp_path: Path
) -> None:
    client = sign_in(clerk)
    lines = (row(code="A", status="Đang thẩm tra"), closed(code="B", status="Xong xuôi"), row(code="C"))
    preview = waiting(client, csv_file(tmp_path, *lines))
    page = client.get(preview).text
    assert "Trạng thái: “Đang thẩm tra”" in page
    assert re.search(r'name="choice:status:dang tham tra">.*?<option value="in_progress">Đang xử lý<', page, re.DOTALL)
    refused = client.post(f"{preview}/ten-goi", data={"choice:status:dang tham tra": "nonsense"}, follow_redirects=True)
    assert "flash-warning" in refused.text
    said = {"choice:status:dang tham tra": "in_progress", "choice:status:xong xuoi": "closed"}
    ended(client, client.post(f"{preview}/ten-goi", data=said).location)
    carried_out(client, preview)
    assert {case.code: case.status.value for case in db.session.scalars(select(Case))} == {
        "A": "in_progress",
        "B": "closed",
        "C": "in_progress",
    }
    later = take(csv_file(tmp_path, row(code="D", status="ĐANG THẨM TRA"), name="tuan-sau.csv"))
    assert (later.cases_new, len(later.refused)) == (1, 0)
    assert "Đang thẩm tra" in client.get("/ho-so/nhap/ten-goi").text


def test_unknown_columns_are_mapped_by_the_clerk_and_remembered(
    clerk: Person, permit: ProcedureVersion, sign_in: SignIn, tmp_path: Path
) -> None:
    """Neither the code nor the day of reception has a heading that anybody knows."""
    own = {"Số hồ sơ": "Số phiếu", "Ngày tiếp nhận": "Ngày vào sổ", "Trạng thái hồ sơ": "Diễn tiến"}

    def foreign(name: str, *rows: list[Any]) -> Path:
        path = csv_file(tmp_path, *rows, name=name)
        text = path.read_text(encoding="utf-8-sig")
        for known, theirs in own.items():
            text = text.replace(known, theirs)
        path.write_text(text, encoding="utf-8")
        return path

    client = sign_in(clerk)
    first = foreign("la.csv", row(code="A"), closed(code="B"))
    asked = ended(client, upload(client, first).location).headers["HX-Redirect"]
    assert "/ho-so/nhap/cot/" in asked
    page = client.get(asked).text
    assert "“Mã hồ sơ”, “Ngày tiếp nhận”" in page, "what the file has to have"
    for words in ("“Số phiếu”", "“Ngày vào sổ”", "“Diễn tiến”", "03/06/2024 08:30:00", "Ngày hẹn trả"):
        assert words in page
    nothing = client.post(asked, data={}, follow_redirects=True)
    assert "Chưa chọn cột nào" in nothing.text
    assert client.post(asked, data={"column:so phieu": "password"}).status_code == 302
    assert db.session.scalar(select(func.count()).select_from(ImportName)) == 0
    said = {"column:so phieu": "code", "column:ngay vao so": "received_at"}
    preview = ended(client, client.post(asked, data=said).location).headers["HX-Redirect"]
    page = client.get(preview).text
    assert "Cột không đọc: “Diễn tiến”" in page
    again = re.search(r'href="(/ho-so/nhap/cot/[^"]+)"', page)[1].replace("&amp;", "&")
    more = {"column:dien tien": "status"}
    assert ended(client, client.post(again, data=more).location).headers["HX-Redirect"] == preview
    carried_out(client, preview)
    assert {case.code: case.status.value for case in db.session.scalars(select(Case))} == {
        "A": "in_progress",
        "B": "closed",
    }
    later = take(foreign("tuan-sau.csv", row(code="C", received="04/06/2024")))
    assert (later.cases_new, len(later.refused)) == (1, 0)
    assert "Mã hồ sơ" in client.get("/ho-so/nhap/ten-goi").text


@pytest.mark.parametrize(
    ("address", "told"),
    [
        (f"{'0' * 64}?loai=igate", "không còn trên máy chủ"),
        ("x?loai=igate", "không còn trên máy chủ"),
        (f"{'0' * 64}?loai=/etc/passwd.yaml", "Không có ánh xạ"),
    ],
)
def test_a_file_that_is_not_there_has_no_columns(clerk: Person, sign_in: SignIn, address: str, told: str) -> None:
    assert told in sign_in(clerk).get(f"/ho-so/nhap/cot/{address}", follow_redirects=True).text


def test_a_name_that_is_not_answered_stays_refused(
    clerk: Person, unit: Unit, permit: ProcedureVersion, sign_in: SignIn, tmp_path: Path
) -> None:
    client = sign_in(clerk)
    preview = waiting(client, csv_file(tmp_path, row(code="A", unit="Phòng lạ"), row(code="B")))
    answer = client.post(f"{preview}/ten-goi", data={"choice:unit:phong la": ""}, follow_redirects=True)
    assert "Chưa chọn gì" in answer.text
    carried_out(client, preview)
    assert db.session.scalars(select(Case.code)).all() == ["B"]


@pytest.mark.parametrize(
    "sent",
    [
        {"choice:unit:phong la": "999999"},
        {"choice:unit:phong la": "'; DROP TABLE units"},
        {"choice:unit:phong la": "make"},
        {"other:unit:phong la": "Không đâu"},
    ],
)
def test_an_answer_that_cannot_be_is_refused_and_nothing_is_remembered(
    clerk: Person, permit: ProcedureVersion, sign_in: SignIn, tmp_path: Path, sent: dict[str, str]
) -> None:
    client = sign_in(clerk)
    preview = waiting(client, csv_file(tmp_path, row(unit="Phòng lạ")))
    answer = client.post(f"{preview}/ten-goi", data=sent, follow_redirects=True)
    assert "flash-warning" in answer.text
    assert db.session.scalar(select(func.count()).select_from(ImportName)) == 0


def test_a_name_with_markup_is_shown_as_text(
    clerk: Person, permit: ProcedureVersion, sign_in: SignIn, tmp_path: Path
) -> None:
    client = sign_in(clerk)
    page = client.get(waiting(client, csv_file(tmp_path, row(unit='<script>alert("1")</script>' * 20)))).text
    assert "<script>alert" not in page
    assert "&lt;script&gt;" in page


def test_a_remembered_name_is_changed_and_forgotten(
    clerk: Person, department: Unit, unit: Unit, permit: ProcedureVersion, sign_in: SignIn
) -> None:
    told = remember_name(Scope(SITE), CLERK, find_mapping("igate", NOWHERE), ImportNameKind.UNIT, "P. Lạ", unit.id)
    client = sign_in(clerk)
    page = f"/ho-so/nhap/ten-goi/{told.id}"
    assert client.post(page, data={"stands_for": "không có"}).status_code == 422
    assert client.post(page, data={"stands_for": "SO"}).status_code == 302
    db.session.expire_all()
    assert told.unit_id == department.id
    assert client.post(f"{page}/quen").status_code == 302
    assert db.session.scalar(select(func.count()).select_from(ImportName)) == 0
    verbs = db.session.scalars(select(AuditEntry.action).order_by(AuditEntry.number.desc()).limit(3)).all()
    assert verbs == ["forget_import_name", "remember_import_name", "remember_import_name"]
    assert client.get(page).status_code == 404


# Undoing


def test_an_import_is_looked_at_and_undone_on_its_page(
    clerk: Person, permit: ProcedureVersion, sign_in: SignIn, tmp_path: Path
) -> None:
    client = sign_in(clerk)
    page = carried_out(client, waiting(client, csv_file(tmp_path, row(code="A"), row(code="B"))))
    case = db.session.scalars(select(Case).where(Case.code == "A")).one()
    assert f'href="/ho-so/{case.id}"' in client.get(page).text
    assert "2 hồ sơ mới sẽ bị xóa" in client.get(f"{page}/hoan-tac").text
    done = ended(client, client.post(f"{page}/hoan-tac").location).headers["HX-Redirect"]
    assert done == page
    assert cases() == 0
    assert "Đã hoàn tác lúc" in client.get(page).text
    assert client.post(f"{page}/hoan-tac").location == page  # once


def test_an_import_whose_cases_were_touched_says_which(
    clerk: Person, permit: ProcedureVersion, sign_in: SignIn, tmp_path: Path
) -> None:
    client = sign_in(clerk)
    page = carried_out(client, waiting(client, csv_file(tmp_path, row(code="A"), row(code="B"))))
    case = db.session.scalars(select(Case).where(Case.code == "A")).one()
    happen(case, EventKind.NOTED, at("2024-06-20 08:00"), note="Đã gọi cho dân")
    refused = client.post(f"{page}/hoan-tac")
    assert refused.status_code == 409
    assert f'href="/ho-so/{case.id}"' in refused.text
    assert ">B<" not in refused.text
    assert cases() == 2


@pytest.mark.parametrize("address", ["/ho-so/nhap/ten-goi", "/ho-so/nhap/1/hoan-tac", "/ho-so/nhap/ten-goi/1"])
def test_staff_of_a_division_neither_undo_nor_tell_names(unit: Unit, sign_in: SignIn, address: str) -> None:
    assert sign_in(make_person(unit, Role.DESK)).get(address).status_code == 403
