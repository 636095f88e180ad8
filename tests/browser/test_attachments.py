"""Files of a case in a real browser: several chosen at once, dropped, looked at, refused, removed."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import delete, select

from app.cases.intake.contents import Applicant
from app.cases.models import CaseDocument
from app.cases.service import receive_case
from app.cases.vocabulary import Channel
from app.organisation.access import Actor, whole_site
from app.procedures.models import ProcedureVersion
from app.web.extensions import db
from tests.attachments.samples import BAD_PDFS, noisy_picture, pdf
from tests.browser.site import PHONE, Site, Visitor, click, press

pytestmark = pytest.mark.browser
Visit = Callable[..., Visitor]

DROP = """([selector, files]) => {
  const bring = new DataTransfer();
  for (const [name, type, content] of files) {
    bring.items.add(new File([Uint8Array.from(atob(content), (c) => c.charCodeAt(0))], name, { type }));
  }
  const line = document.querySelector(selector).closest("[data-drop]");
  for (const kind of ["dragover", "drop"]) {
    line.dispatchEvent(new DragEvent(kind, { dataTransfer: bring, bubbles: true, cancelable: true }));
  }
}"""


def case_with_checklist(site: Site) -> tuple[int, list[int]]:
    """A new case without files: its id, and the ids of the two required documents it is to hold."""
    with site.app.app_context():
        version = db.session.scalars(
            select(ProcedureVersion)
            .where(ProcedureVersion.in_force_to.is_(None))
            .order_by(ProcedureVersion.id)
            .limit(1)
        ).one()
        case = receive_case(
            whole_site(),
            Actor("tests"),
            version_id=version.id,
            applicant=Applicant("Công ty TNHH Hải Đăng", id_number=f"42{version.id:08d}"),
            channel=Channel.IN_PERSON,
        )
        db.session.execute(delete(CaseDocument).where(CaseDocument.case_id == case.id))
        names = ["Văn bản đề nghị cấp giấy phép lao động", "Giấy chứng nhận sức khỏe"]
        rows = [
            CaseDocument(site=case.site, case_id=case.id, position=n, name=name, required=True)
            for n, name in enumerate(names, 1)
        ]
        db.session.add_all(rows)
        db.session.commit()
        return case.id, [row.id for row in rows]


def drop(page: Page, document: int, *files: tuple[str, str, bytes]) -> None:
    """Drop files on the line of a document, as from the desktop."""
    brought = [[name, kind, base64.b64encode(content).decode()] for name, kind, content in files]
    page.evaluate(DROP, [f"#files-{document}", brought])


def test_a_clerk_sends_two_files_looks_at_them_and_drops_the_last_one(visit: Visit, site: Site, tmp_path: Path) -> None:
    case_id, (first, second) = case_with_checklist(site)
    (tmp_path / "đề nghị.pdf").write_bytes(pdf("De nghi"))
    (tmp_path / "trang 2.jpg").write_bytes(noisy_picture((900, 1200)))
    clerk = visit("motcua")
    page = clerk.page
    clerk.go(f"/ho-so/{case_id}")
    section = page.locator("#attachments")
    page.locator(f"#files-{first}").set_input_files([tmp_path / "đề nghị.pdf", tmp_path / "trang 2.jpg"])
    expect(section.get_by_role("link", name="đề nghị.pdf", exact=True)).to_be_visible()
    expect(section.get_by_role("link", name="trang 2.jpg", exact=True)).to_be_visible()
    expect(section).to_contain_text("1/2 giấy tờ bắt buộc đã có tệp")
    expect(page.locator("#live")).to_contain_text("Đã đính kèm 2 tệp.")
    expect(page.locator(".file-picture img")).to_have_js_property("naturalHeight", 192)

    click(section.get_by_role("link", name="trang 2.jpg", exact=True))
    window = page.locator("#file-preview")
    expect(window.locator("img.file-image")).to_be_visible()
    expect(window.locator("img.file-image")).to_have_js_property("naturalWidth", 900)
    press(page, "Escape")
    click(section.get_by_role("link", name="đề nghị.pdf", exact=True))
    frame = window.locator("iframe.file-frame")
    expect(frame).to_be_visible()
    answer = page.request.get(clerk.site.address + (frame.get_attribute("src") or ""))
    assert (
        answer.headers["content-type"] == "application/pdf" and "sandbox" in answer.headers["content-security-policy"]
    )
    press(page, "Escape")
    expect(window).not_to_be_visible()

    # A program among them is told; the good one completes the checklist.
    drop(page, second, ("sức khỏe.jpg", "image/jpeg", b"MZ" + bytes(500)))
    expect(section.get_by_role("alert")).to_contain_text("sức khỏe.jpg: Đây là một chương trình")
    drop(page, second, ("sức khỏe.pdf", "application/pdf", pdf("Suc khoe")))
    expect(section).to_contain_text("Đã số hóa 01/07/2024")
    expect(page.locator("main")).to_contain_text("Đã tự ghi vào diễn biến: Số hóa hồ sơ.")

    click(section.get_by_label("Gỡ sức khỏe.pdf"))
    section.get_by_label("Lý do gỡ tệp").last.fill("quét thiếu mặt sau")
    press(page, "Enter")
    expect(page.locator("main")).to_contain_text("hãy đính chính việc đó")
    expect(section.get_by_role("link", name="sức khỏe.pdf", exact=True)).not_to_be_visible()


def test_files_are_sent_by_keyboard_on_a_phone_and_bad_ones_are_told(visit: Visit, site: Site, tmp_path: Path) -> None:
    case_id, (first, _second) = case_with_checklist(site)
    script, said = BAD_PDFS["a script"]
    (tmp_path / "có mã.pdf").write_bytes(script)
    (tmp_path / "phim.pdf").write_bytes(b"%PDF-1.7" + bytes(21 * 1024 * 1024))
    clerk = visit("motcua", PHONE)
    page = clerk.page
    clerk.go(f"/ho-so/{case_id}")
    assert clerk.sideways() <= 0
    box = page.locator(f"#files-{first}")
    box.focus()
    assert page.evaluate("document.activeElement.type") == "file"
    with page.expect_file_chooser() as chooser:
        press(page, "Space")
    chooser.value.set_files([tmp_path / "có mã.pdf", tmp_path / "phim.pdf"])
    told = page.locator("#attachments").get_by_role("alert")
    expect(told).to_contain_text(said)
    expect(told).to_contain_text(re.compile("phim.pdf: Tệp lớn hơn 20 MB"))
    assert clerk.sideways() <= 0


def test_without_script_the_box_has_its_own_button(visit: Visit, site: Site, tmp_path: Path) -> None:
    case_id, (first, _second) = case_with_checklist(site)
    (tmp_path / "đơn.pdf").write_bytes(pdf("Don"))
    clerk = visit("motcua")
    state = clerk.context.storage_state()
    context = clerk.context.browser.new_context(storage_state=state, java_script_enabled=False)  # type: ignore[union-attr]
    page = context.new_page()
    page.goto(f"{site.address}/ho-so/{case_id}")
    page.locator(f"#files-{first}").set_input_files(tmp_path / "đơn.pdf")
    click(page.get_by_role("button", name="Tải lên cho: Văn bản đề nghị"))
    expect(page.locator("main")).to_contain_text("Đã đính kèm 1 tệp.")
    click(page.get_by_role("link", name="đơn.pdf", exact=True))
    expect(page.locator("h1")).to_contain_text("Xem tệp")
    expect(page.locator("iframe.file-frame")).to_be_visible()
    context.close()


def test_a_box_for_files_speaks_the_sites_words_and_names_what_was_chosen(visit: Visit, tmp_path: Path) -> None:
    """What lies over it takes nothing from the browser's own box: the pointer and the focus are the box's."""
    clerk = visit("motcua", size=PHONE)
    clerk.go("/ho-so/nhap/moi")
    told = clerk.page.locator(".file-told")
    expect(told).to_have_text("Chưa chọn tệp nào")
    with clerk.page.expect_file_chooser() as asked:
        told.click(force=True)
    (tmp_path / "tháng sáu.csv").write_text("Mã hồ sơ\n", "utf-8")
    asked.value.set_files(tmp_path / "tháng sáu.csv")
    expect(told).to_have_text("tháng sáu.csv")
    assert clerk.page.evaluate("document.querySelector('#file').files[0].name") == "tháng sáu.csv"
    assert clerk.sideways() <= 0
