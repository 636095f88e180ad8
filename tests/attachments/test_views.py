"""The section on the case's page, and the files as they are given out: strictly, and only to who may see the case."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from app.attachments import previews, queries, service
from app.attachments.models import Attachment
from app.attachments.signatures import roots
from app.cases.models import Case
from app.cases.vocabulary import EventKind
from app.organisation import audit
from app.organisation.models import AuditEntry, Person, Role, Unit
from app.web import extensions
from app.web.extensions import db
from tests.attachments import signing
from tests.attachments.conftest import RESULT, documents, make_case, send, stored
from tests.attachments.samples import EXE, excel, pdf, picture
from tests.attachments.signing import DAY, NOW
from tests.factories import EVERYWHERE, happen, make_person

PDF = pdf()
SignIn = Callable[[Person], FlaskClient]


@pytest.fixture
def clerk(department: dict[str, Unit], sign_in: SignIn) -> FlaskClient:
    """A browser at the one-stop desk."""
    return sign_in(make_person(department["MC"], Role.DESK, full_name="Nguyễn Thị Lan"))


def post(client: FlaskClient, case: Case, place: object, *files: tuple[str, bytes], script: bool = False) -> Any:
    """Send files as the form does, or as the script does."""
    data = {"place": str(place), "files": [(io.BytesIO(content), name) for name, content in files]}
    headers = {"Accept": "application/json"} if script else {}
    return client.post(f"/ho-so/{case.id}/tep", data=data, headers=headers)


def page_of(client: FlaskClient, case: Case) -> str:
    return client.get(f"/ho-so/{case.id}").text


def test_several_files_are_sent_without_script_and_each_bad_one_is_told(clerk: FlaskClient, case: Case) -> None:
    files = [("Đơn.pdf", PDF), ("anh.jpg", EXE), ("trang hai.png", picture("PNG"))]
    answer = post(clerk, case, documents(case)[0], *files)
    assert answer.location.endswith(f"/ho-so/{case.id}#attachments")
    page = page_of(clerk, case)
    assert "Đã đính kèm 2 tệp." in page
    assert re.search(r"“anh\.jpg”: Đây là một chương trình", page)
    section = page[page.index('id="attachments"') :]
    assert "Đơn.pdf" in section and "trang hai.png" in section and "1/2 giấy tờ bắt buộc" in section


def test_the_script_is_told_of_each_file(clerk: FlaskClient, case: Case) -> None:
    told = post(clerk, case, documents(case)[0], ("Đơn.pdf", PDF), ("a.jpg", EXE), script=True).json
    assert told["kept"] == 1 and told["recorded"] == []
    assert told["refused"][0]["name"] == "a.jpg" and "chương trình" in told["refused"][0]["why"]
    told = post(clerk, case, documents(case)[1], ("b.pdf", pdf("b")), script=True).json
    assert told["recorded"] == ["Đã tự ghi vào diễn biến: Số hóa hồ sơ."]
    section = clerk.get(f"/ho-so/{case.id}/tep", headers={"HX-Request": "true"}).text
    assert section.lstrip().startswith("<section") and "b.pdf" in section
    assert "Đã số hóa 01/07/2024" in section


def test_the_section_asked_for_by_an_address_is_the_case(clerk: FlaskClient, case: Case) -> None:
    assert clerk.get(f"/ho-so/{case.id}/tep").location.endswith(f"/ho-so/{case.id}#attachments")


def test_nothing_chosen_is_said(clerk: FlaskClient, case: Case) -> None:
    post(clerk, case, documents(case)[0])
    assert "Hãy chọn ít nhất một tệp." in page_of(clerk, case)


@pytest.mark.parametrize("place", ["result", "999999"])
def test_what_cannot_be_attached_there_is_told(clerk: FlaskClient, case: Case, place: str) -> None:
    assert post(clerk, case, place, ("a.pdf", PDF)).status_code == 302
    assert 'class="flash flash-error"' in page_of(clerk, case)
    refused = post(clerk, case, place, ("a.pdf", PDF), script=True)
    assert refused.status_code == 422 and refused.json["refused"][0]["why"]
    assert stored() == []


def test_a_place_that_does_not_exist_is_a_bad_request(clerk: FlaskClient, case: Case) -> None:
    assert post(clerk, case, "noi-khac", ("a.pdf", PDF)).status_code == 400


@pytest.mark.parametrize(
    ("name", "content", "media_type", "how"),
    [
        ("Đơn đề nghị.pdf", PDF, "application/pdf", "inline"),
        ("ảnh.jpg", picture(), "image/jpeg", "inline"),
        ("ảnh.png", picture("PNG"), "image/png", "inline"),
        ("quét.tiff", picture("TIFF"), "image/tiff", "attachment"),
        ("bảng.xlsx", excel(), "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "attachment"),
    ],
)
def test_a_file_is_given_out_as_what_it_is_and_nothing_in_it_may_run(
    clerk: FlaskClient, case: Case, name: str, content: bytes, media_type: str, how: str
) -> None:
    kept = send(case, (name, content)).kept[0]
    answer = clerk.get(f"/tep/{kept.id}/xem")
    assert answer.data == content
    headers = answer.headers
    assert headers["Content-Type"] == media_type
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Security-Policy"] == "sandbox; default-src 'none'; frame-ancestors 'self'"
    assert headers["X-Frame-Options"] == "SAMEORIGIN"
    assert headers["Content-Disposition"].startswith(how) and "filename*=UTF-8''" in headers["Content-Disposition"]
    assert headers["Cache-Control"] == "private, no-cache"
    assert headers["ETag"] == f'"{kept.sha256}"'
    again = clerk.get(f"/tep/{kept.id}/xem", headers={"If-None-Match": f'"{kept.sha256}"'})
    assert again.status_code == 304 and again.data == b""
    assert clerk.get(f"/tep/{kept.id}/tai-ve").headers["Content-Disposition"].startswith("attachment")


@pytest.fixture(autouse=True)
def nobody_makes_previews(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small pictures are made when a test says so, not by a thread of the server beside it."""
    monkeypatch.setattr(previews, "_ask_for", lambda _wanted: None)


def made_now(app: Flask, file: Attachment, edge: int = previews.THUMBNAIL) -> None:
    folder = Path(app.instance_path) / "previews"
    previews.make(previews.PreviewRequest(service.store(), folder, file.sha256, edge))


def test_other_pages_keep_their_own_headers(clerk: FlaskClient, case: Case) -> None:
    headers = clerk.get(f"/ho-so/{case.id}").headers
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"] and headers["X-Frame-Options"] == "DENY"
    missing = clerk.get("/tep/999999/xem")
    assert missing.status_code == 404 and "script-src 'self'" in missing.headers["Content-Security-Policy"]


def test_a_picture_has_a_small_picture_made_once(clerk: FlaskClient, case: Case, app: Flask) -> None:
    kept = send(case, ("ảnh.png", picture("PNG", (2000, 1000)))).kept[0]
    assert clerk.get(f"/tep/{kept.id}/anh-nho").status_code == 202
    waiting = clerk.get(f"/tep/{kept.id}/anh-nho/hien-co").text
    assert f'hx-get="/tep/{kept.id}/anh-nho/hien-co"' in waiting and "<img" not in waiting
    made_now(app, kept)
    assert f'<img src="/tep/{kept.id}/anh-nho"' in clerk.get(f"/tep/{kept.id}/anh-nho/hien-co").text
    answer = clerk.get(f"/tep/{kept.id}/anh-nho")
    assert answer.content_type == "image/jpeg" and len(answer.data) < 10_000
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(previews, "_run", lambda *_of: pytest.fail("made again"))
        assert clerk.get(f"/tep/{kept.id}/anh-nho").data == answer.data, "from beside the store"
    document = send(case, ("đơn.pdf", PDF)).kept[0]
    assert clerk.get(f"/tep/{document.id}/anh-nho").status_code == 404


@pytest.mark.parametrize("damage", ["changed", "cut", "gone"])
def test_a_damaged_file_is_given_to_nobody_nor_its_small_picture(
    damage: str, clerk: FlaskClient, case: Case, caplog: pytest.LogCaptureFixture, app: Flask
) -> None:
    kept = send(case, ("ảnh.png", picture("PNG"))).kept[0]
    made_now(app, kept)
    made_now(app, kept, previews.PAGE)
    ways = [f"/tep/{kept.id}/{way}" for way in ("xem", "tai-ve", "anh-nho", "trang")]
    assert [clerk.get(way).status_code for way in ways] == [200] * 4, "and small pictures lie beside the store"
    path = service.store().path(kept.sha256)
    content = path.read_bytes()
    path.unlink()
    if damage != "gone":
        path.write_bytes(content[:6] if damage == "cut" else content[:-1] + bytes([content[-1] ^ 1]))
    for way in ways:
        answer = clerk.get(way)
        assert answer.status_code == 404 and content[:6] not in answer.data
        assert "hãy báo người quản trị" in answer.text and "Đúng Hạn" in answer.text
    told = [entry for entry in db.session.scalars(select(AuditEntry)) if entry.action == "find_damaged_file"]
    assert [(entry.subject_id, entry.details["case"]) for entry in told] == [(str(kept.id), case.code)], "once a day"
    assert caplog.text.count("is damaged or missing") == len(ways)
    path.write_bytes(content)
    assert [clerk.get(way).status_code for way in ways] == [200] * 4, "and when it was restored it is given again"


def test_why_a_picture_is_not_shown_stands_in_its_place_and_it_is_not_tried_again(
    clerk: FlaskClient, case: Case, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = send(case, ("quét.tif", picture("TIFF"))).kept[0]
    service.store().path(kept.sha256).write_bytes(b"II*\0 broken")
    made_now(app, kept, previews.PAGE)
    page = clerk.get(f"/tep/{kept.id}").text
    assert "Ảnh bị hỏng" in page and "hien-co" not in page and "/trang" not in page
    monkeypatch.setattr(previews, "_run", lambda *_of: pytest.fail("tried again"))
    assert "Ảnh bị hỏng" in clerk.get(f"/tep/{kept.id}/trang/hien-co").text
    assert clerk.get(f"/tep/{kept.id}/trang").status_code == 404


@pytest.mark.parametrize(
    ("content", "shown"), [(PDF, "<iframe"), (picture(), '/xem" alt='), (picture("TIFF"), '/trang/hien-co"')]
)
def test_a_file_is_shown_on_its_page_and_in_the_window(
    clerk: FlaskClient, case: Case, content: bytes, shown: str
) -> None:
    kept = send(case, ("tệp", content)).kept[0]
    page = clerk.get(f"/tep/{kept.id}").text
    assert shown in page and case.code in page
    window = clerk.get(f"/tep/{kept.id}", headers={"HX-Request": "true"}).text
    assert shown in window and "<html" not in window


def test_who_may_not_see_the_case_is_told_there_is_no_such_file(
    case: Case, department: dict[str, Unit], sign_in: SignIn
) -> None:
    kept = send(case, PDF).kept[0]
    stranger = sign_in(make_person(department["NCC"], Role.HEAD))
    for door in ("", "/xem", "/tai-ve", "/anh-nho", "/trang"):
        assert stranger.get(f"/tep/{kept.id}{door}").status_code == 404, door
    assert stranger.post(f"/tep/{kept.id}/go", data={"reason": "thử gỡ tệp"}).status_code == 404
    assert post(stranger, case, "component", ("a.pdf", pdf("a"))).status_code == 404
    assert stranger.get(f"/ho-so/{case.id}/tep").status_code in (302, 404)
    assert len(queries.files_of(EVERYWHERE, case.id)) == 1


def test_an_inspector_looks_and_changes_nothing(case: Case, department: dict[str, Unit], sign_in: SignIn) -> None:
    kept = send(case, PDF).kept[0]
    inspector = sign_in(make_person(department["SO"], Role.INSPECTOR))
    assert inspector.get(f"/tep/{kept.id}/xem").status_code == 200
    page = page_of(inspector, case)
    assert "tep-1.pdf" in page and 'type="file"' not in page and f"/tep/{kept.id}/go" not in page
    assert post(inspector, case, "component", ("a.pdf", pdf("a"))).status_code == 403
    assert inspector.post(f"/tep/{kept.id}/go", data={"reason": "thử gỡ tệp"}).status_code == 403


def test_nobody_signed_in_gets_nothing(client: FlaskClient, case: Case) -> None:
    kept = send(case, PDF).kept[0]
    for door in ("", "/xem", "/tai-ve", "/anh-nho"):
        assert "/dang-nhap" in client.get(f"/tep/{kept.id}{door}").location


def test_a_file_is_removed_with_a_reason_and_what_was_recorded_is_said_to_stay(clerk: FlaskClient, case: Case) -> None:
    first, second, _third = documents(case)
    kept = send(case, PDF, document=first).kept[0]
    send(case, pdf("hai"), document=second)
    clerk.post(f"/tep/{kept.id}/go", data={"reason": " "})
    assert "Hãy ghi lý do gỡ tệp." in page_of(clerk, case)
    clerk.post(f"/tep/{kept.id}/go", data={"reason": "quét nhầm mặt"})
    page = page_of(clerk, case)
    assert "Đã gỡ tệp “tep-1.pdf”." in page and "hãy đính chính" in page
    assert "Tệp đã gỡ (1)" in page and "quét nhầm mặt" in page
    assert clerk.get(f"/tep/{kept.id}/xem").status_code == 404
    clerk.post(f"/tep/{kept.id}/go", data={"reason": "gỡ lần nữa"})
    assert "Tệp này đã được gỡ." in page_of(clerk, case)


def test_the_result_is_attached_and_issuing_it_is_offered(clerk: FlaskClient, case: Case) -> None:
    assert "Kết quả điện tử" not in page_of(clerk, case)
    happen(case, EventKind.RESOLVED, extensions.now())
    assert "Kết quả điện tử" in page_of(clerk, case)
    signed = signing.signed(PDF, signing.root().gives("Sở Nội vụ"))
    post(clerk, case, RESULT.value, ("giấy phép.pdf", signed))
    page = page_of(clerk, case)
    assert "Đã tự ghi vào diễn biến: Số hóa kết quả." in page
    assert "Cơ quan chưa nạp chứng thư gốc nên chưa biết chữ ký của Sở Nội vụ có tin cậy không" in page
    assert f"/ho-so/{case.id}/ghi/issued_electronic" in page[page.index('id="attachments"') :]


def test_issuing_a_result_without_a_signature_is_not_offered_and_says_why(clerk: FlaskClient, case: Case) -> None:
    happen(case, EventKind.RESOLVED, extensions.now())
    clerk.post(f"/ho-so/{case.id}/ghi/issued_electronic", data={"revision": str(case.revision)})
    post(clerk, case, RESULT.value, ("quét.pdf", PDF))
    page = page_of(clerk, case)
    assert "Không có chữ ký số" in page and "hãy tải lên bản đã ký số" in page
    assert f"/ho-so/{case.id}/ghi/issued_electronic" not in page[page.index('id="attachments"') :]


def test_a_signed_result_is_issued_by_its_signature(clerk: FlaskClient, case: Case) -> None:
    root = signing.root()
    signing.laid(roots.folder(), root, lists=[root.revokes()])
    happen(case, EventKind.RESOLVED, extensions.now())
    post(clerk, case, RESULT.value, ("quét.pdf", PDF))
    post(clerk, case, RESULT.value, ("ký.pdf", signing.signed(PDF, root.gives("Sở Nội vụ"))))
    page = page_of(clerk, case)
    assert "Đã tự ghi vào diễn biến: Cấp kết quả bản điện tử có giá trị pháp lý." in page
    assert "Chữ ký hợp lệ" in page and "Không có chữ ký số" in page


def test_only_the_administrator_reads_which_certificates_are_trusted(
    clerk: FlaskClient, department: dict[str, Unit], sign_in: SignIn
) -> None:
    assert clerk.get("/chu-ky-so").status_code == 403
    root = signing.root("Ban Cơ yếu Chính phủ")
    signing.laid(roots.folder(), root, lists=[root.revokes(issued=NOW - 9 * DAY, until=NOW - DAY)])
    admin = sign_in(make_person(department["VP"], Role.ADMIN))
    page = admin.get("/chu-ky-so").text
    assert "Ban Cơ yếu Chính phủ" in page and "Hết hiệu lực 30/06/2024" in page
    assert str(roots.folder()) in page


def test_what_was_digitised_before_is_used_again_with_one_click(
    clerk: FlaskClient, case: Case, department: dict[str, Unit]
) -> None:
    kept = send(case, ("Đơn 2023.pdf", PDF), document=documents(case)[0]).kept[0]
    later = make_case(department["LDVL"])
    page = page_of(clerk, later)
    assert f"Đã số hóa ở hồ sơ {case.code}" in page and "Đơn 2023.pdf" in page
    data = {"file": kept.id, "document": documents(later)[0]}
    assert clerk.post(f"/ho-so/{later.id}/tep/dung-lai", data=data).status_code == 302
    page = page_of(clerk, later)
    assert f"dùng lại từ hồ sơ {case.code}" in page and "Đã dùng lại tệp" in page


class Film(io.RawIOBase):
    """Two gigabytes on their way; counts how much of them the site takes."""

    taken = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self.taken += len(buffer)
        buffer[:] = bytes(len(buffer))
        return len(buffer)


@pytest.mark.parametrize("script", [False, True])
def test_two_gigabytes_are_refused_before_they_are_read(clerk: FlaskClient, case: Case, script: bool) -> None:
    film, before = Film(), audit.count()
    answer = clerk.post(
        f"/ho-so/{case.id}/tep",
        environ_overrides={"wsgi.input": film, "CONTENT_LENGTH": str(2 * 1024**3)},
        content_type="multipart/form-data; boundary=x",
        headers={"Accept": "application/json"} if script else {},
    )
    assert film.taken < 1024 * 1024
    if script:
        assert answer.status_code == 413 and "64 MB" in answer.json["refused"][0]["why"]
    else:
        assert "cộng lại quá 64 MB" in page_of(clerk, case)
    assert stored() == [] and audit.count() == before


def test_a_disk_full_while_the_form_arrives_is_told(
    clerk: FlaskClient, case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    import errno

    from werkzeug import formparser

    def full(*args: object, **kwargs: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(formparser, "default_stream_factory", full)
    monkeypatch.setattr("flask.wrappers.Request._get_file_stream", full)
    answer = post(clerk, case, "component", ("a.pdf", PDF), script=True)
    assert answer.status_code == 507 and "hết dung lượng đĩa" in answer.json["refused"][0]["why"]


def test_names_of_files_cannot_write_markup(clerk: FlaskClient, case: Case) -> None:
    post(clerk, case, "component", ("<img src=x onerror=alert(1)>.pdf", PDF), ("<b>x.jpg", EXE))
    page = page_of(clerk, case)
    assert "<img src=x" not in page and "<b>x" not in page


def test_the_page_says_what_is_taken(clerk: FlaskClient, case: Case, app: Flask) -> None:
    page = page_of(clerk, case)
    assert "Nhận PDF, JPEG, PNG, TIFF, DOCX, XLSX; mỗi tệp tối đa 20 MB." in page
    assert 'accept=".pdf,.jpg,.jpeg,.jfif,.png,.tif,.tiff,.docx,.xlsx"' in page
