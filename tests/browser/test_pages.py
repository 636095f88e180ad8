"""Every page that the menu leads to, for each role, wide and narrow: it opens, fits, and complains of nothing."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import cycle

import pytest
from playwright.sync_api import expect

from tests.browser.site import DESK, PHONE, Visitor, click

pytestmark = pytest.mark.browser
Visit = Callable[..., Visitor]

MENU = "nav a[href^='/'], aside a[href^='/']"


def addresses(visitor: Visitor) -> list[str]:
    """What the menu offers this visitor, and the first record of each list."""
    found = visitor.page.eval_on_selector_all(MENU, "links => links.map(link => link.getAttribute('href'))")
    return sorted(set(found))


@pytest.mark.parametrize("username", ["motcua", "truongphong.ldvl", "thanhtra", "quantri"])
def test_every_page_of_the_menu_opens_and_fits(visit: Visit, username: str) -> None:
    visitor = visit(username)
    menu = addresses(visitor)
    assert len(menu) >= 4
    sizes = cycle((DESK, PHONE))  # opened in one, and turned to the other

    def fits(path: str) -> None:
        visitor.page.set_viewport_size(next(sizes))  # type: ignore[arg-type]
        assert visitor.go(path) == 200, path
        assert visitor.sideways() <= 0, path
        visitor.page.set_viewport_size(next(sizes))  # type: ignore[arg-type]
        assert visitor.sideways() <= 0, path
        next(sizes)

    records = set()  # kinds of them: several lists lead to a case
    for path in menu:
        fits(path)
        first = visitor.page.locator("main table tbody a[href^='/']").first
        href = (first.get_attribute("href") or "") if first.count() else ""
        kind = re.sub(r"\d+", "N", href.partition("?")[0])
        if href and not href.endswith(".csv") and kind not in records:
            records.add(kind)
            fits(href)


def test_ten_cases_of_the_list_stand_on_the_first_screen(visit: Visit) -> None:
    visitor = visit("motcua", DESK)
    visitor.go("/ho-so")
    tenth = visitor.page.locator("#cases tbody tr").nth(9).bounding_box()
    assert tenth is not None
    assert tenth["y"] + tenth["height"] <= DESK["height"]


def test_filters_asked_for_seldom_are_folded_unless_one_is_set(visit: Visit) -> None:
    visitor = visit("motcua", DESK)
    page = visitor.page
    visitor.go("/ho-so")
    expect(page.locator("#channel")).not_to_be_visible()
    click(page.locator(".filter-more > summary"))
    page.locator("#channel").select_option("online")
    page.wait_for_url(lambda url: "channel=online" in url)
    expect(page.locator(".filter-chips")).to_contain_text("Trực tuyến")
    visitor.go("/ho-so?channel=online")
    expect(page.locator("#channel")).to_be_visible()


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_the_deadline_of_a_case_stands_on_the_first_screen_before_what_happened(
    visit: Visit, size: dict[str, int]
) -> None:
    visitor = visit("motcua", size)
    page = visitor.page
    visitor.go("/ho-so?due=overdue")
    visitor.go(page.locator("#cases tbody th a").first.get_attribute("href") or "")
    due = page.locator(".case-due")
    expect(due).to_contain_text("Quá hạn")
    box = due.bounding_box()
    assert box is not None
    assert box["y"] + box["height"] <= size["height"]
    words = page.locator("main").inner_text()
    assert words.count("Hạn trả kết quả\n") == 1
    assert words.index("Hạn trả kết quả") < words.index("Diễn biến") < words.index("Các bước xử lý")


def test_each_box_of_a_list_is_called_by_its_case(visit: Visit) -> None:
    visitor = visit("motcua", DESK)
    page = visitor.page

    def called() -> str:
        code = page.locator("#cases tbody th a").first.inner_text()
        expect(page.locator("td.tick input").first).to_have_accessible_name(f"Chọn hồ sơ {code}")
        return code

    visitor.go("/ho-so")
    first = called()
    page.locator("#status").select_option("closed")
    page.wait_for_url(lambda url: "status=closed" in url)
    expect(page.locator("#cases tbody th a").first).not_to_have_text(first)
    called()


def test_on_a_phone_the_filters_of_the_list_lie_under_one_button(visit: Visit) -> None:
    visitor = visit("motcua", PHONE)
    page = visitor.page
    visitor.go("/ho-so")
    fold = page.locator(".filter-fold > summary")
    expect(page.locator("#status")).not_to_be_visible()
    click(fold)
    page.locator("#status").select_option("in_progress")
    page.wait_for_url(lambda url: "status=in_progress" in url)
    assert visitor.sideways() <= 0
    expect(page.locator("#bulk button[value=handed_over]")).not_to_be_visible()
    page.locator("td.tick input").first.check()
    expect(page.locator("#bulk button[value=handed_over]")).to_be_visible()
    page.set_viewport_size(DESK)  # type: ignore[arg-type]
    expect(page.locator("#status")).to_be_visible()
    expect(fold).not_to_be_visible()


SHIFTS = """window.shifts = [];
  new PerformanceObserver((list) => window.shifts.push(...list.getEntries().map((each) => each.value)))
    .observe({ type: "layout-shift", buffered: true });"""
SEEN = 0.02  # of the screen times how far it moved; columns of a long table settle by 0.007 while its rows arrive
CUT = """[...document.querySelectorAll("main td .badge")].filter((badge) => {
  const box = badge.getBoundingClientRect(), cell = badge.closest("td").getBoundingClientRect();
  return box.right > Math.min(cell.right + 1, innerWidth) || badge.scrollWidth > badge.clientWidth + 1;
}).map((badge) => badge.innerText)"""
BESIDE = """[...document.querySelectorAll(".officer:has(span):has(.button)")].map((each) => {
  const [button, name] = [".button", "span"].map((part) => each.querySelector(part).getBoundingClientRect());
  return button.top < name.bottom;
})"""


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
@pytest.mark.parametrize("path", ["/dang-nhap", "/ho-so", "/ho-so/viec-hom-nay", "/ho-so/tiep-nhan"])
def test_nothing_moves_once_a_page_is_shown(visit: Visit, path: str, size: dict[str, int]) -> None:
    """Neither when a script folds something, nor when a font comes: one that is late is for the next page."""
    visitor = visit(None if path == "/dang-nhap" else "motcua", size)
    visitor.page.add_init_script(SHIFTS)
    visitor.go(path)
    visitor.page.evaluate("document.fonts.ready")
    visitor.page.wait_for_timeout(300)
    assert sum(visitor.page.evaluate("window.shifts")) <= SEEN
    assert set(visitor.page.evaluate("[...document.fonts].map((each) => each.display)")) == {"optional"}


def test_the_button_that_takes_a_case_stands_beside_its_officer_and_no_badge_is_cut(visit: Visit) -> None:
    visitor = visit("motcua", DESK)
    visitor.go("/ho-so/viec-hom-nay?bucket=later")
    rows = visitor.page.locator("main table tbody tr")
    beside = visitor.page.evaluate(BESIDE)
    assert beside
    assert all(beside)
    assert max(rows.evaluate_all("rows => rows.map((row) => row.getBoundingClientRect().height)")) <= 66
    visitor.page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    more = "each => each.append(' Quá hạn chưa đến 1 ngày làm việc, chờ bổ sung')"
    rows.first.locator(".badge").evaluate(more)
    assert visitor.page.evaluate(CUT) == []
    assert visitor.sideways() <= 0
    visitor.go("/thu-tuc/1")  # badges that stand in no table
    visitor.page.locator("main .badge").first.evaluate(more)
    assert visitor.sideways() <= 0
