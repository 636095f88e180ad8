"""The pictures of the README and the guides (`make docs`): the same site every time, on 1 July 2024."""

from __future__ import annotations

import re
import tempfile
from datetime import date
from pathlib import Path

from app.web import extensions
from tests.browser.conftest import NOW
from tests.browser.site import PHONE, Visitor, chromium, click, press, running_site, write

IMAGES = Path(__file__).resolve().parents[2] / "docs" / "images"


def main() -> None:
    """Make every picture."""
    extensions.now = lambda: NOW
    IMAGES.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        running_site(Path(folder), cases=3_000, until=date(2024, 7, 1)) as site,
        chromium() as browser,
    ):
        clerk = Visitor.arrive(site, browser)
        clerk.sign_in("motcua")
        picture(clerk, "worklist")
        clerk.go("/ho-so/tiep-nhan")
        write(clerk.page, "giay phep lao dong")
        clerk.page.locator("#promise h2").wait_for()
        press(clerk.page, "Enter")
        picture(clerk, "intake")
        clerk.go("/ho-so?list=overdue&period=2024-06")
        picture(clerk, "cases")
        click(clerk.page.locator("main table tbody a").first)
        clerk.page.wait_for_url(re.compile(r"/ho-so/\d+"))
        picture(clerk, "case")
        clerk.go("/ho-so/nhap")
        picture(clerk, "imports")

        inspector = Visitor.arrive(site, browser)
        inspector.sign_in("thanhtra")
        inspector.go("/kiem-tra/chay")
        inspector.page.fill("input[name=period]", "6/2024")
        press(inspector.page, "Enter")
        inspector.page.wait_for_url(re.compile(r"/kiem-tra(\?|$)"), timeout=60_000)
        picture(inspector, "matrix")
        click(inspector.page.locator("table a[href*='/khd-2c.2/']").filter(has_text="35%").first)
        inspector.page.wait_for_url(re.compile(r"/khd-2c\.2/"))
        picture(inspector, "result")
        inspector.go("/kiem-tra/quy-tac")
        picture(inspector, "rules")

        head = Visitor.arrive(site, browser)
        head.sign_in("truongphong.btxh")
        picture(head, "violations")
        click(head.page.locator("main a[href*='/vi-pham/']").first)
        picture(head, "violation")

        walker = Visitor.arrive(site, browser, PHONE)
        walker.sign_in("truongphong.btxh")
        picture(walker, "phone")


def picture(visitor: Visitor, name: str) -> None:
    """What the window shows, as a PNG of at most 256 colours' worth of a page: small enough to keep."""
    visitor.page.wait_for_load_state("networkidle")
    visitor.page.screenshot(path=IMAGES / f"{name}.png", animations="disabled")
    print(f"docs/images/{name}.png")


if __name__ == "__main__":
    main()
