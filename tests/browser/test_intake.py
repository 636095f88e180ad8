"""The intake form on a bad day: the connection lost, the sign-in expired, a button pressed twice, Back pressed."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import func, select

from app.cases.models import Case
from app.desk.models import Draft
from app.web.extensions import db
from tests.browser.site import Site, Visitor, press, write

pytestmark = pytest.mark.browser
Visit = Callable[..., Visitor]


def cases_of(site: Site, applicant: str) -> int:
    with site.app.app_context():
        return db.session.scalar(select(func.count()).select_from(Case).where(Case.applicant == applicant)) or 0


def start(clerk: Visitor, applicant: str) -> Page:
    """A form filled in as far as it must be."""
    page = clerk.page
    clerk.go("/ho-so/tiep-nhan")
    write(page, "giay phep lao dong")
    expect(page.locator("#particulars")).to_contain_text("Ảnh màu 4 cm x 6 cm")
    page.fill("#applicant", applicant)
    expect(page.locator("#particulars input.input-count").first).to_have_value("")
    press(page, "F8")  # also from within a field
    expect(page.locator("#particulars input.input-count").first).to_have_value("1")
    return page


def forget_requests_cut_short(clerk: Visitor) -> None:
    """A request that the connection or the next page cuts short is what the test is about, not a fault of the page."""
    cut = ("ERR_INTERNET_DISCONNECTED", "htmx:sendAbort", "htmx:afterRequest", "htmx:sendError")
    clerk.complaints[:] = [text for text in clerk.complaints if not any(word in text for word in cut)]


def test_a_case_is_taken_in_without_touching_the_mouse(visit: Visit, site: Site) -> None:
    clerk = visit("motcua")
    page = clerk.page
    clerk.go("/ho-so/tiep-nhan")
    write(page, "tro cap")
    expect(page.locator("#procedure-choice")).to_have_attribute("data-found", "tro cap")
    first = page.locator("#version_id option:checked").inner_text()
    press(page, "ArrowDown")
    expect(page.locator("#version_id option:checked")).not_to_have_text(first)
    chosen = page.locator("#version_id option:checked").get_attribute("id")
    expect(page.locator("#procedure-text")).to_have_attribute("aria-activedescendant", chosen or "")
    press(page, "Enter")
    expect(page.locator("#id_number")).to_be_focused()
    write(page, "999000000001")
    with page.expect_response(re.compile("thanh-phan")):  # scans of this applicant are looked for
        page.locator("#applicant").focus()
    write(page, "Trần Thị Bàn Phím")
    expect(page.locator("#particulars input.input-count").first).to_be_visible()
    press(page, "Enter")  # sends the form, whatever button stands nearer to the field
    expect(page.locator("#missing")).to_be_visible()
    expect(page.locator("#particulars tr.row-invalid").first).to_contain_text("Bắt buộc, chưa nhận bản nào.")
    press(page, "F8")
    expect(page.locator("#particulars tr.row-invalid")).to_have_count(0)
    press(page, "Control+Enter")
    page.wait_for_url(re.compile(r"/ho-so/\d+"))
    assert cases_of(site, "Trần Thị Bàn Phím") == 1
    press(page, "n")  # the next one, with one key
    page.wait_for_url(re.compile(r"/tiep-nhan$"))

    page.locator("#id_number").focus()
    write(page, "999000000001")
    use = page.locator("[data-fill]").first
    expect(use).to_be_visible()
    use.focus()
    press(page, "Enter")
    expect(page.locator("#applicant")).to_have_value("Trần Thị Bàn Phím")
    forget_requests_cut_short(clerk)


def test_what_is_missing_is_told_before_anything_is_written(visit: Visit, site: Site) -> None:
    page = start(visit("motcua"), "Lê Văn Thiếu")
    page.locator("#particulars input.input-count").first.fill("0")
    press(page, "Control+Enter")
    expect(page.locator("main")).to_contain_text("Hồ sơ còn thiếu 1 giấy tờ bắt buộc: Văn bản đề nghị")
    assert cases_of(site, "Lê Văn Thiếu") == 0
    page.get_by_label("Vẫn tiếp nhận khi chưa đủ giấy tờ bắt buộc").check()
    page.locator("#applicant").focus()
    press(page, "Control+Enter")
    page.wait_for_url(re.compile(r"/ho-so/\d+"))
    assert cases_of(site, "Lê Văn Thiếu") == 1


def test_a_lost_connection_costs_nothing(visit: Visit, site: Site) -> None:
    clerk = visit("motcua")
    page = start(clerk, "Phạm Thị Mất Mạng")
    clerk.context.set_offline(True)
    page.fill("#address", "12 Trần Phú")
    press(page, "Control+Enter")
    expect(page.locator("#flash-request")).to_contain_text("Mất kết nối. Nội dung đang nhập được giữ")
    expect(page.locator("#address")).to_have_value("12 Trần Phú")
    assert cases_of(site, "Phạm Thị Mất Mạng") == 0
    clerk.context.set_offline(False)
    expect(page.locator("[data-draft-state]")).to_contain_text("Đã lưu nháp lúc")
    page.locator("#address").focus()
    press(page, "Control+Enter")
    page.wait_for_url(re.compile(r"/ho-so/\d+"))
    assert cases_of(site, "Phạm Thị Mất Mạng") == 1
    forget_requests_cut_short(clerk)


def test_what_the_window_lost_before_the_server_had_it_is_restored(visit: Visit, site: Site) -> None:
    clerk = visit("motcua")
    page = start(clerk, "Đỗ Thị Khôi Phục")
    expect(page.locator("[data-draft-state]")).to_contain_text("Đã lưu nháp lúc")
    clerk.context.set_offline(True)
    page.fill("#address", "34 Lê Lợi")
    page.on("dialog", lambda dialog: dialog.accept())
    clerk.context.set_offline(False)
    clerk.go("/ho-so/viec-hom-nay")
    clerk.go("/ho-so/tiep-nhan")
    page.wait_for_url(re.compile(r"nhap="))
    expect(page.locator("#applicant")).to_have_value("Đỗ Thị Khôi Phục")
    expect(page.locator("#address")).to_have_value("34 Lê Lợi")
    expect(page.locator("#particulars")).to_contain_text("Ảnh màu 4 cm x 6 cm")
    expect(page.locator("[data-draft-state]")).to_contain_text("đã được khôi phục")
    forget_requests_cut_short(clerk)


def test_an_expired_sign_in_in_the_middle_of_the_form_costs_nothing(visit: Visit, site: Site) -> None:
    clerk = visit("motcua")
    page = start(clerk, "Hồ Thị Hết Phiên")
    page.locator("#particulars input.input-count").nth(1).fill("3")
    clerk.lose_sign_in()
    page.fill("#address", "56 Quang Trung")
    expect(page.locator("[data-draft-state]")).to_contain_text("Phiên đăng nhập đã hết. Cứ nhập tiếp")
    press(page, "Control+Enter")
    page.wait_for_url(re.compile("dang-nhap"))
    expect(page.locator("main")).to_contain_text("Phiên đăng nhập đã hết nên việc vừa gửi chưa được ghi.")
    page.fill("input[name=username]", "motcua")
    page.fill("input[name=password]", "dunghan-demo-2024")
    press(page, "Enter")
    page.wait_for_url(re.compile(r"tiep-nhan\?nhap="))
    expect(page.locator("#applicant")).to_have_value("Hồ Thị Hết Phiên")
    expect(page.locator("#address")).to_have_value("56 Quang Trung")
    expect(page.locator("#particulars input.input-count").nth(1)).to_have_value("3")
    page.locator("#address").focus()
    press(page, "Control+Enter")
    page.wait_for_url(re.compile(r"/ho-so/\d+"))
    assert cases_of(site, "Hồ Thị Hết Phiên") == 1
    with site.app.app_context():
        assert not db.session.scalar(select(func.count()).select_from(Draft).where(Draft.title.contains("Hết Phiên")))


def test_what_one_clerk_typed_is_not_shown_to_the_next(visit: Visit) -> None:
    clerk = visit("motcua")
    page = start(clerk, "Vũ Thị Riêng Tư")
    clerk.lose_sign_in()
    press(page, "Control+Enter")
    page.wait_for_url(re.compile("dang-nhap"))
    page.fill("input[name=username]", "truongphong.ldvl")
    page.fill("input[name=password]", "dunghan-demo-2024")
    press(page, "Enter")
    page.wait_for_url(re.compile("tiep-nhan"))
    page.wait_for_load_state("networkidle")
    expect(page.locator("#applicant")).to_have_value("")
    assert "Riêng Tư" not in str(page.evaluate("JSON.stringify(sessionStorage)"))


def test_a_double_click_makes_one_case(visit: Visit, site: Site) -> None:
    page = start(visit("motcua"), "Ngô Thị Nhấp Đúp")
    page.get_by_role("button", name="Tiếp nhận", exact=True).dblclick()
    page.wait_for_url(re.compile(r"/ho-so/\d+"))
    assert cases_of(site, "Ngô Thị Nhấp Đúp") == 1


def test_back_after_sending_makes_no_second_case(visit: Visit, site: Site) -> None:
    page = start(visit("motcua"), "Bùi Thị Quay Lại")
    press(page, "Control+Enter")
    page.wait_for_url(re.compile(r"/ho-so/\d+"))
    page.go_back()
    page.wait_for_url(re.compile("tiep-nhan"))
    page.wait_for_load_state("networkidle")
    page.locator("#applicant").focus()
    press(page, "Control+Enter")
    expect(page.locator("main")).to_contain_text("Họ tên người nộp, tổ chức: Không được để trống.")  # a new form
    assert cases_of(site, "Bùi Thị Quay Lại") == 1
