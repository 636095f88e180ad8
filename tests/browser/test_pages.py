"""Every page that the menu leads to, for each role, wide and narrow: it opens, fits, and complains of nothing."""

from __future__ import annotations

from collections.abc import Callable

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
@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_every_page_of_the_menu_opens_and_fits(visit: Visit, username: str, size: dict[str, int]) -> None:
    visitor = visit(username, size)
    menu = addresses(visitor)
    assert len(menu) >= 4
    for path in menu:
        assert visitor.go(path) == 200, path
        assert visitor.sideways() <= 0, path
        first = visitor.page.locator("main table tbody a[href^='/']").first
        if first.count() and not (first.get_attribute("href") or "").endswith(".csv"):
            assert visitor.go(first.get_attribute("href") or "") == 200, path
            assert visitor.sideways() <= 0, visitor.page.url


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
