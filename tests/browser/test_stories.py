"""What people come for, from sign-in to the end, in a real browser."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.site import Visitor, click, press, write

pytestmark = pytest.mark.browser
Visit = Callable[..., Visitor]


def test_a_clerk_receives_a_case_by_keyboard_and_hands_it_over(visit: Visit) -> None:
    clerk = visit("motcua")
    page = clerk.page
    clerk.go("/ho-so/tiep-nhan")
    write(page, "giay phep lao dong")  # the search box has the focus; no diacritics needed
    # The first procedure that fits is chosen; Tab goes to the list, where the arrow keys choose another.
    expect(page.locator("#version_id option:checked")).to_contain_text("giấy phép lao động")
    # Received Monday 1/7/2024, five working days: Monday 8/7/2024, shown at once.
    expect(page.locator("#promise")).to_contain_text("08/07/2024")
    expect(page.locator("#promise")).to_contain_text("600.000 đ")
    page.locator("#phone").focus()
    write(page, "0905123456")
    press(page, "Tab")
    write(page, "Công ty TNHH Biển Xanh")
    press(page, "F8")  # every required paper came
    press(page, "Enter")
    page.wait_for_url(re.compile(r"/ho-so/\d+"))
    expect(page.locator("main")).to_contain_text("Công ty TNHH Biển Xanh")
    expect(page.locator("main")).to_contain_text("08/07/2024")

    click(page.get_by_role("link", name="Chuyển xử lý").or_(page.get_by_role("button", name="Chuyển xử lý")).first)
    expect(page.locator("#action")).to_be_visible()
    expect(page.locator("#action button.button-primary")).to_be_focused()
    press(page, "Enter")
    expect(page.locator("main")).to_contain_text("Đã ghi: Chuyển xử lý")
    expect(page.locator("main")).to_contain_text("Phòng Lao động – Việc làm")


def test_a_case_is_found_by_a_name_without_diacritics(visit: Visit) -> None:
    clerk = visit("motcua")
    clerk.go("/ho-so")
    row = clerk.page.locator("table tbody tr").first
    code = row.locator("a").first.inner_text()
    press(clerk.page, "/")
    write(clerk.page, code)
    press(clerk.page, "Enter")
    expect(clerk.page.locator("main")).to_contain_text(code)


def test_an_inspector_runs_the_month_and_opens_a_failing_cell(visit: Visit) -> None:
    inspector = visit("thanhtra")
    page = inspector.page
    run_month(page, inspector, "6/2024")
    expect(page.locator("h1")).to_contain_text("tháng 6/2024")
    cell = page.locator("table a[href*='/khd-2c.2/']").filter(has_text="35%").first
    click(cell)
    page.wait_for_url(re.compile(r"/khd-2c\.2/"))
    main = page.locator("main")
    expect(main).to_contain_text("tỷ lệ giao dịch thanh toán trực tuyến đạt từ 35%")
    # The Province's reading stands beside the Department's, and fails at exactly 35 %.
    expect(main).to_contain_text("tỷ lệ giao dịch thanh toán trực tuyến đạt trên 35%")


def run_month(page: Page, inspector: Visitor, period: str) -> None:
    """Run the check with the button and wait for its matrix."""
    inspector.go("/kiem-tra/chay")
    page.fill("input[name=period]", period)
    press(page, "Enter")
    page.wait_for_url(re.compile(r"/kiem-tra(\?|$)"), timeout=120_000)


def test_a_unit_head_sees_the_violation_its_law_and_its_cases_and_explains_it(visit: Visit) -> None:
    inspector = visit("thanhtra")
    run_month(inspector.page, inspector, "6/2024")
    head = visit("truongphong.btxh")
    page = head.page
    page.wait_for_url(re.compile("cua-don-vi"))
    link = page.locator("main a[href*='/vi-pham/']").filter(has_text=re.compile("[Gg]iải quyết hồ sơ đúng")).first
    click(link)
    main = page.locator("main")
    expect(main).to_contain_text("Đảm bảo 100% hồ sơ TTHC đúng và trước hạn")
    violation = page.url
    click(page.locator("main a[href*='list=']").first)
    expect(page.locator("table tbody tr").first).to_contain_text("Phòng Bảo trợ xã hội")
    page.go_back()
    page.locator("textarea[name=reason]").first.fill("Hai hồ sơ chậm vì chờ hội đồng giám định; đã bổ sung cán bộ.")
    click(page.get_by_role("button", name="Gửi giải trình"))
    expect(page.locator("#flashes")).to_contain_text("Đã giải trình")
    assert page.url != violation, "the next one that waits"
    page.goto(violation)
    expect(main).to_contain_text("Đã giải trình")
    expect(main).to_contain_text("chờ hội đồng giám định")


def test_a_strangers_address_is_refused(visit: Visit) -> None:
    inspector = visit("thanhtra")
    run_month(inspector.page, inspector, "6/2024")
    inspector.go("/kiem-tra/vi-pham")
    of_btxh = inspector.page.locator("table tbody tr", has_text="Phòng Bảo trợ xã hội").first
    violation = of_btxh.locator("a[href*='/vi-pham/']").first.get_attribute("href")
    inspector.go("/ho-so?unit=BTXH")
    case = inspector.page.locator("table tbody tr a[href*='/ho-so/']").first.get_attribute("href")
    assert violation
    assert case
    head = visit("truongphong.ldvl")
    assert head.go(violation) == 404
    assert head.go(case) == 404
    assert head.go("/nguoi-dung") == 403
    nobody = visit()
    nobody.go(case)
    assert "/dang-nhap" in nobody.page.url


def test_a_clerk_imports_an_export_after_seeing_what_it_would_do(visit: Visit, tmp_path: Path) -> None:
    export = tmp_path / "danh-sach.csv"
    export.write_text(
        "Số hồ sơ,Tên thủ tục hành chính,Tên lĩnh vực,Phòng ban,Ngày tiếp nhận,Ngày hẹn trả,Ngày kết thúc xử lý,"
        "Cơ quan/đơn vị,Chủ hồ sơ,Số điện thoại,Cán bộ xử lý hiện tại,Trạng thái hồ sơ\n"
        "H32.12-240603-9001,Thăm viếng mộ liệt sĩ,Người có công,Phòng Người có công,03/06/2024,10/06/2024,07/06/2024,"
        "Sở LĐTBXH,Lê Thị Nhập,905111222.0,Trần Văn A,Đã trả kết quả\n"
        "H32.12-240603-9002,Thăm viếng mộ liệt sĩ,Người có công,Phòng Người có công,31/02/2024,10/06/2024,,"
        "Sở LĐTBXH,Lê Văn Sai,,Trần Văn A,Đang xử lý\n",
        encoding="utf-8-sig",
    )
    clerk = visit("motcua")
    page = clerk.page
    clerk.go("/ho-so/nhap/moi")
    page.set_input_files("input[type=file]", str(export))
    click(page.get_by_role("button", name="Xem trước"))
    main = page.locator("main")
    expect(main).to_contain_text("chưa có gì được ghi", timeout=60_000)
    expect(main).to_contain_text("31/02/2024")
    click(page.get_by_role("button", name="Nhập vào hệ thống"))
    expect(main).to_contain_text("Đã nhập lúc", timeout=60_000)
    clerk.go("/ho-so/ma/H32.12-240603-9001")
    expect(main).to_contain_text("Lê Thị Nhập")


def test_the_site_speaks_english_too(visit: Visit) -> None:
    inspector = visit("thanhtra")
    inspector.in_english()
    inspector.go("/ho-so")
    expect(inspector.page.locator("h1")).to_have_text("Cases")
    inspector.go("/kiem-tra")
    expect(inspector.page.locator("nav").first).to_contain_text("Violations")
