"""The intake form on a bad day: the connection lost, the sign-in expired, a button pressed twice, Back pressed."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import func, select

from app.cases.models import Case
from app.desk.models import Draft
from app.web.extensions import db
from tests.browser.site import Site, Visitor, click, press, write

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
    box, chosen = page.locator("#procedure"), page.locator("#version_id option:checked")
    write(page, "tro cap")
    expect(page.locator("#promise h2")).to_be_visible()
    first = chosen.inner_text()
    press(page, "ArrowDown")
    expect(chosen).not_to_have_text(first)
    expect(page.locator("#promise h2")).to_have_text(chosen.inner_text().split(" – ", 1)[1])
    press(page, "Enter")
    expect(page.locator("#id_number")).to_be_focused()
    expect(box).to_have_value(chosen.inner_text())
    write(page, "999000000001")
    with page.expect_response(re.compile("thanh-phan")):  # scans of this applicant are looked for
        page.locator("#applicant").focus()
    write(page, "Trần Thị Bàn Phím")
    expect(page.locator("#particulars input.input-count").first).to_be_visible()
    press(page, "Enter")  # sends the form, whatever button stands nearer to the field
    expect(page.locator("#missing")).to_be_visible()
    expect(page.locator("#particulars .row-invalid").first).to_contain_text("Bắt buộc, chưa nhận bản nào.")
    press(page, "F8")
    expect(page.locator("#particulars .row-invalid")).to_have_count(0)
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


def test_the_procedure_is_chosen_by_the_keys_of_the_combobox_pattern(visit: Visit) -> None:
    clerk = visit("motcua")
    page = clerk.page
    clerk.go("/ho-so/tiep-nhan")
    box, chosen = page.locator("#procedure"), page.locator("#version_id")
    options = page.locator("#procedure-list [role=option]")
    expect(box).to_be_focused()
    expect(page.get_by_role("combobox", name="Thủ tục", exact=True)).to_have_attribute("aria-expanded", "false")
    expect(chosen).to_be_hidden()

    def active() -> str:
        """The option that a screen reader is told of, which must be the one marked, and the one that would be sent."""
        line = options.and_(page.locator("[aria-selected=true]"))
        expect(line).to_have_count(1)
        expect(box).to_have_attribute("aria-activedescendant", line.get_attribute("id") or "")
        expect(chosen).to_have_value(line.get_attribute("data-value") or "")
        return line.inner_text()

    write(page, "tro cap")
    expect(box).to_have_attribute("aria-expanded", "true")
    found = options.all_inner_texts()
    assert len(found) > 2
    assert active() == found[0]
    press(page, "ArrowDown")
    assert active() == found[1]
    press(page, "End")
    assert active() == found[-1]
    press(page, "ArrowDown")  # there is none after the last
    assert active() == found[-1]
    press(page, "Home")
    assert active() == found[0]
    press(page, "Tab")  # leaving takes what is marked
    expect(box).to_have_value(found[0])
    expect(box).to_have_attribute("aria-expanded", "false")
    press(page, "Shift+Tab")
    press(page, "ArrowDown")  # all of them; the one chosen is marked
    assert options.count() > len(found)
    assert active() == found[0]
    write(page, "1010803")  # a code without its dots, over the text that was marked
    assert active().startswith("1.010803 ")
    press(page, "Escape")  # as it was before
    expect(box).to_have_value(found[0])
    assert chosen.evaluate("select => select.selectedOptions[0].textContent") == found[0]
    press(page, "Control+a")
    write(page, "khong co thu tuc nay")
    expect(page.locator("#live")).to_contain_text("Không có gì khớp với “khong co thu tuc nay”")
    expect(box).to_have_attribute("aria-expanded", "false")
    expect(chosen).to_have_value("")
    press(page, "Enter")
    expect(box).to_be_focused()  # there is nothing to go on with
    box.fill("tro cap")
    click(options.nth(1))
    expect(page.locator("#id_number")).to_be_focused()
    expect(box).to_have_value(found[1])


def test_without_scripts_the_procedure_is_found_by_a_search_and_chosen_in_a_select(
    site: Site, browser: Browser
) -> None:
    context = browser.new_context(java_script_enabled=False, base_url=site.address)
    page = context.new_page()
    page.goto("/dang-nhap?next=/ho-so/tiep-nhan")
    page.fill("input[name=username]", "motcua")
    page.fill("input[name=password]", "dunghan-demo-2024")
    page.locator("main form button").first.click()
    page.goto("/ho-so/tiep-nhan")
    page.fill("#procedure-search", "giay phep lao dong")
    page.get_by_role("button", name="Tìm", exact=True).click()
    expect(page.locator("#procedure")).to_be_hidden()
    listed = page.locator("#version_id option").all_inner_texts()
    assert all("giấy phép lao động" in each for each in listed[1:]), listed
    page.select_option("#version_id", index=1)
    page.fill("#applicant", "Lý Thị Không Kịch Bản")
    page.get_by_role("button", name="Tiếp nhận", exact=True).click()  # no papers were asked for yet: now they are
    page.get_by_role("button", name="Đủ giấy tờ bắt buộc").click()
    page.get_by_role("button", name="Tiếp nhận", exact=True).click()
    page.wait_for_url(re.compile(r"/ho-so/\d+"))
    context.close()
    assert cases_of(site, "Lý Thị Không Kịch Bản") == 1


def test_the_longest_intake_is_one_screen_and_a_half_and_its_button_is_always_in_sight(visit: Visit) -> None:
    clerk = visit("motcua")
    page = start(clerk, "Đào Thị Một Màn Rưỡi")
    assert page.locator(".papers-in > li").count() >= 10
    assert page.evaluate("document.documentElement.scrollHeight") <= 768 * 3 / 2
    expect(page.get_by_role("button", name="Tiếp nhận", exact=True)).to_be_in_viewport()


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
    click(page.locator("#particulars summary").first)
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
