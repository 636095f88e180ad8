"""What every answer tells the browser: nothing from elsewhere, nothing framed, and HTTPS only where there is HTTPS."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app import application, create_app

POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; object-src 'none'; "
    "base-uri 'self'; form-action 'self'; frame-ancestors 'none'"
)
GUARDS = {
    "Content-Security-Policy": POLICY,
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "browsing-topics=()",
}

Site = Callable[[bool], FlaskClient]


@pytest.fixture
def site(tmp_path: Path) -> Site:
    def of(secure_cookies: bool) -> FlaskClient:
        app: Flask = create_app(instance=tmp_path, secret_key="for tests only", secure_cookies=secure_cookies)
        return app.test_client()

    return of


@pytest.mark.parametrize("address", ["/dang-nhap", "css/components.css", "/khong-co", "/"])
def test_every_answer_is_guarded_whatever_it_is(site: Site, address: str) -> None:
    client = site(False)
    static = client.application.static_url_path
    headers = client.get(address if address.startswith("/") else f"{static}/{address}").headers
    assert {name: headers.get(name) for name in GUARDS} == GUARDS
    assert "Strict-Transport-Security" not in headers


@pytest.mark.parametrize(("secure", "scheme", "kept"), [(True, "https", 1), (True, "http", 0), (False, "https", 0)])
def test_a_browser_keeps_to_https_where_the_site_says_so(site: Site, secure: bool, scheme: str, kept: int) -> None:
    headers = {"X-Forwarded-Proto": "https"}  # which anybody can write
    answer = site(secure).get("/khong-co", base_url=f"{scheme}://localhost", headers=headers)
    assert answer.headers.getlist("Strict-Transport-Security") == ["max-age=31556926; includeSubDomains"] * kept


def test_what_draws_the_pages_is_asked_for_once_and_has_another_address_when_it_changes(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = site(False)
    before = client.application.static_url_path
    answer = client.get(f"{before}/css/base.css")
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert "Set-Cookie" not in answer.headers
    assert f'href="{before}/css/base.css"' in client.get("/dang-nhap").text
    assert "max-age" not in client.get("/dang-nhap").headers.get("Cache-Control", "")

    changed = shutil.copytree(application.STATIC, tmp_path / "static")
    (changed / "css" / "base.css").write_text("body { color: black }", "utf-8")
    monkeypatch.setattr(application, "STATIC", changed)
    after = site(False)
    assert after.application.static_url_path != before
    assert after.get(f"{before}/css/base.css").status_code == 404
    assert after.get(f"{after.application.static_url_path}/css/base.css").text == "body { color: black }"
