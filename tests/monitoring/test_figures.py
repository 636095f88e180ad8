"""`/metrics`: for this machine or the token's holder, true to what was asked of the site."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families

from app import create_app
from app.monitoring.figures import ProcessFigures
from app.organisation import audit
from app.organisation.access import Actor
from app.web import processes


def figures(text: str) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def requests_of(route: str, client: FlaskClient) -> float:
    found = figures(client.get("/metrics").text)
    counted = {labels: value for (name, labels), value in found.items() if name == "dung_han_requests_total"}
    return sum(value for labels, value in counted.items() if ("route", route) in labels)


def test_requests_are_counted_by_the_pattern_of_their_address(client: FlaskClient) -> None:
    before, unknown = requests_of("/ho-so/<int:case_id>", client), requests_of("-", client)
    for case_id in (7, 8, 9):
        client.get(f"/ho-so/{case_id}", buffered=True)
    client.get("/khong-co-trang-nay/nguyen-van-a", buffered=True)
    assert requests_of("/ho-so/<int:case_id>", client) == before + 3
    assert requests_of("-", client) == unknown + 1
    assert "nguyen-van-a" not in client.get("/metrics").text


def test_a_file_that_another_process_is_just_making_is_waited_for(
    app: Flask, session: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))
    monkeypatch.setattr(processes, "_here", processes.Seat(processes.Board(2)))
    empty = tmp_path / "counter_1.db"
    empty.touch()
    several = ProcessFigures(app)
    monkeypatch.setattr(time, "sleep", lambda _seconds: empty.unlink())
    assert b"dung_han_healthy" in several.text()


def test_the_trail_tells_when_a_backup_was_last_made(client: FlaskClient, session: Any) -> None:
    assert ("dung_han_last_seconds", (("what", "backup"),)) not in figures(client.get("/metrics").text)
    with audit.transaction():
        audit.record(Actor("Người thử"), "make_backup", "backup", "a.tar.gz")
    found = figures(client.get("/metrics").text)
    assert found["dung_han_last_seconds", (("what", "backup"),)] == 1719795600.0  # 1 July 2024, 8:00 in Việt Nam
    assert found["dung_han_audit_entries", ()] == 1
    assert found["dung_han_healthy", (("check", "database"),)] == 1


@pytest.mark.parametrize(
    ("address", "headers", "shown"),
    [
        ("127.0.0.1", {}, True),
        ("::1", {}, True),
        ("10.1.2.3", {}, False),
        ("127.0.0.1", {"X-Forwarded-For": "10.1.2.3"}, False),
        ("127.0.0.1", {"X-Forwarded-For": "10.1.2.3", "Authorization": "Bearer the token"}, True),
        ("10.1.2.3", {"Authorization": "Bearer the token"}, True),
        ("10.1.2.3", {"Authorization": "Bearer another"}, False),
        ("10.1.2.3", {"Authorization": "the token"}, False),
    ],
)
def test_figures_are_for_this_machine_and_the_holder_of_the_token(
    token_site: FlaskClient, address: str, headers: dict[str, str], shown: bool
) -> None:
    answer = token_site.get("/metrics", headers=headers, environ_base={"REMOTE_ADDR": address})
    assert (answer.status_code == 200) == shown
    assert shown or answer.status_code == 404


def test_without_a_token_in_the_settings_an_empty_one_opens_nothing(client: FlaskClient) -> None:
    answer = client.get("/metrics", headers={"Authorization": "Bearer "}, environ_base={"REMOTE_ADDR": "10.1.2.3"})
    assert answer.status_code == 404


@pytest.fixture
def token_site(app: Flask, session: Any, tmp_path: Path) -> FlaskClient:
    site = create_app(
        database_url=app.config["SQLALCHEMY_DATABASE_URI"], instance=tmp_path, secret_key="x", metrics_token="the token"
    )
    return site.test_client()
