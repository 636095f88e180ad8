"""Every page that the menu leads to, for each role, wide and narrow: it opens, fits, and complains of nothing."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.browser.site import DESK, PHONE, Visitor

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
