"""What every answer tells the browser: nothing from elsewhere, nothing framed, and HTTPS only where there is HTTPS."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app import create_app

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


@pytest.mark.parametrize("address", ["/dang-nhap", "/static/css/components.css", "/khong-co", "/"])
def test_every_answer_is_guarded_whatever_it_is(site: Site, address: str) -> None:
    headers = site(False).get(address).headers
    assert {name: headers.get(name) for name in GUARDS} == GUARDS
    assert "Strict-Transport-Security" not in headers


@pytest.mark.parametrize(("secure", "scheme", "kept"), [(True, "https", 1), (True, "http", 0), (False, "https", 0)])
def test_a_browser_keeps_to_https_where_the_site_says_so(site: Site, secure: bool, scheme: str, kept: int) -> None:
    headers = {"X-Forwarded-Proto": "https"}  # which anybody can write
    answer = site(secure).get("/khong-co", base_url=f"{scheme}://localhost", headers=headers)
    assert answer.headers.getlist("Strict-Transport-Security") == ["max-age=31556926; includeSubDomains"] * kept
