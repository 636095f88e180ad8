"""A whole site on a real port, with a small demonstration, and a real Chromium to look at it."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from flask import Flask
from flask_migrate import upgrade
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect, sync_playwright
from waitress import create_server

from app import create_app
from app.demo.departments import PASSWORD
from app.demo.loading import load
from app.organisation.access import Actor
from app.web.extensions import db
from tests.needs import chromium_path

# Chromium's own traffic is switched off: whatever leaves the machine in a test would be ours.
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE = 30_000  # milliseconds: a page on a busy machine is slow, not broken
# A fragment is being fetched, put in or given the focus.
MOVING = ".htmx-request, .htmx-swapping, .htmx-settling, .htmx-added"
expect.set_options(timeout=PATIENCE)
OWN = ("data:", "blob:", "about:", "chrome:", "chrome-extension:")  # within the browser, its PDF viewer among them
DESK = {"width": 1366, "height": 768}
PHONE = {"width": 390, "height": 844}


@dataclass
class Site:
    """The running site."""

    app: Flask
    address: str


@contextmanager
def running_site(folder: Path, cases: int, until: date, months: int = 13) -> Iterator[Site]:
    """Serve a new site with that many demonstration cases; the caller has stopped the clock."""
    make_site(folder, cases, until, months)
    with served(folder) as site:
        yield site


def make_site(folder: Path, cases: int, until: date, months: int = 13) -> None:
    """A new site in an empty folder; a copy of the folder is another."""
    app = _site_in(folder)
    with app.app_context():
        upgrade()
        load(Actor("tests"), cases=cases, seed=7, until=until, months=months)
        db.session.remove()
        db.engine.dispose()


def _site_in(folder: Path) -> Flask:
    return create_app(
        database_url=f"sqlite:///{folder / 'site.sqlite3'}",
        instance=folder,
        secret_key="for tests only",
        sign_in_limit="1000 per minute",
    )


@contextmanager
def served(folder: Path) -> Iterator[Site]:
    """The site of that folder on a port of its own."""
    app = _site_in(folder)
    server = create_server(app, host="127.0.0.1", port=0, threads=4)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        yield Site(app, f"http://127.0.0.1:{server.effective_port}")
    finally:
        server.close()
        thread.join(timeout=5)
        with app.app_context():
            db.session.remove()
            db.engine.dispose()


@contextmanager
def chromium() -> Iterator[Browser]:
    """Debian's Chromium, without a window. Raises LookupError where there is none."""
    path = chromium_path()
    with sync_playwright() as playwright:
        # Of a language of its own: without one Chromium finds no file whose name has diacritics.
        spoken = {**os.environ, "LC_ALL": "C.UTF-8"}
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS, env=spoken)
        yield browser
        browser.close()


def still(page: Page) -> None:
    """Wait until the page stands still, as a person does before the next key or click."""
    page.wait_for_load_state("load")
    expect(page.locator(MOVING)).to_have_count(0)


def press(page: Page, key: str) -> None:
    """One key, when the page stands still."""
    still(page)
    page.keyboard.press(key)


def write(page: Page, text: str) -> None:
    """Keys into whatever has the focus, when the page stands still."""
    still(page)
    page.keyboard.type(text)


def click(target: Locator) -> None:
    """A click, when the page stands still: what moves away under the pointer is not clicked."""
    still(target.page)
    target.click()


@dataclass
class Visitor:
    """Somebody at a browser. `complaints` gathers what the page should not have done."""

    site: Site
    context: BrowserContext
    page: Page
    complaints: list[str] = field(default_factory=list)

    @classmethod
    def arrive(cls, site: Site, browser: Browser, size: dict[str, int] | None = None) -> Visitor:
        """A new visitor with a window of that size (pixels)."""
        context = browser.new_context(viewport=size or DESK, locale="vi-VN", timezone_id="Asia/Ho_Chi_Minh")  # type: ignore[arg-type]
        visitor = cls(site, context, context.new_page())
        visitor.page.set_default_timeout(PATIENCE)
        visitor.page.on("pageerror", lambda error: visitor.complaints.append(f"script: {error}"))
        visitor.page.on(
            "console",
            lambda message: (
                visitor.complaints.append(f"console: {message.text}")
                if message.type in ("error", "warning") and "Failed to load resource" not in message.text
                else None
            ),
        )
        visitor.page.on(
            "request",
            lambda request: (
                visitor.complaints.append(f"left the site: {request.url}")
                if not request.url.startswith((site.address, *OWN))
                else None
            ),
        )
        return visitor

    def go(self, path: str) -> int:
        """Open a page of the site; its status code."""
        response = self.page.goto(self.site.address + path)
        assert response is not None
        return response.status

    def sign_in(self, username: str, password: str = PASSWORD) -> None:
        """Through the form, as everybody does."""
        self.go("/dang-nhap")
        self.page.fill("input[name=username]", username)
        self.page.fill("input[name=password]", password)
        self.page.keyboard.press("Enter")
        self.page.wait_for_url(lambda url: "dang-nhap" not in url)

    def in_english(self) -> None:
        """Choose English in the header."""
        self.page.locator("form[action*='/ngon-ngu/en'] button, a[href*='/ngon-ngu/en']").first.click()
        expect(self.page.locator("html")).to_have_attribute("lang", "en")

    def lose_sign_in(self) -> None:
        """The session ends. An answer that was under way brings its cookie back: hence twice."""
        for _ in range(2):
            self.context.clear_cookies()
            still(self.page)
        self.context.clear_cookies()

    def leave(self) -> None:
        """Close the window. Chromium may wait for ever to close one whose page is just being sent away with a question
        asked first (a form with words typed in it): so what is under way is given up before."""
        for page in self.context.pages:
            page.goto("about:blank")
        self.context.close()

    def sideways(self) -> int:
        """How many pixels the page can be scrolled sideways."""
        return int(self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))
