"""The access log: one line of JSON a request, without anything that tells a person."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask, Response, abort
from flask.testing import FlaskClient

from app import create_app
from app.web.logs import open_access_log
from app.web.settings import settings_from


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "access.log"
    open_access_log(settings_from({}))  # none for the tests that come after


@pytest.fixture
def site(tmp_path: Path, log: Path) -> Flask:
    site = create_app(
        database_url=f"sqlite:///{tmp_path}/site.sqlite3", instance=tmp_path, secret_key="x", access_log=str(log)
    )
    site.add_url_rule("/thu/<name>", "try_part", lambda name: Response(iter([b"1234", b"567"]), mimetype="text/plain"))
    site.add_url_rule("/thu/<name>/hong", "try_broken", lambda name: abort(500))
    return site


def lines(log: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]


def test_each_request_is_one_line_without_what_was_asked_for(site: Flask, log: Path) -> None:
    client: FlaskClient = site.test_client()
    answer = client.get(
        "/thu/Nguyễn Văn A?q=0912345678",
        headers={"User-Agent": "Bi mat", "Referer": "http://localhost/079085001234"},
        buffered=True,
    )
    client.post("/khong-co?so=079085001234", buffered=True)
    first, second = lines(log)
    assert first.keys() == {"at", "request", "method", "route", "status", "bytes", "ms"}
    assert (first["method"], first["route"], first["status"], first["bytes"]) == ("GET", "/thu/<name>", 200, 7)
    assert (second["method"], second["route"], second["status"]) == ("POST", "-", 404)
    assert answer.headers["X-Request-ID"] == first["request"] != second["request"]
    written = log.read_text(encoding="utf-8")
    assert not any(told in written for told in ("Nguy", "0912345678", "079085001234", "Bi mat", "127.0.0.1"))


def test_a_request_that_ends_in_an_error_has_its_line_too(site: Flask, log: Path) -> None:
    assert site.test_client().get("/thu/x/hong", buffered=True).status_code == 500
    assert [(line["route"], line["status"]) for line in lines(log)] == [("/thu/<name>/hong", 500)]


def test_an_error_that_no_page_answers_has_its_line_too(site: Flask, log: Path) -> None:
    def broken(_environ: object, _start: object) -> list[bytes]:
        raise RuntimeError

    site.wsgi_app._app._site = broken  # type: ignore[attr-defined]
    with pytest.raises(RuntimeError):
        site.test_client().get("/thu/x")
    assert [line["status"] for line in lines(log)] == [500]


def test_a_rotated_log_is_begun_anew(site: Flask, log: Path) -> None:
    client = site.test_client()
    client.get("/thu/1", buffered=True)
    log.rename(log.with_suffix(".1"))
    client.get("/thu/2", buffered=True)
    assert len(lines(log)) == len(lines(log.with_suffix(".1"))) == 1


def test_without_the_setting_nothing_is_written(tmp_path: Path, log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    site = create_app(database_url=f"sqlite:///{tmp_path}/site.sqlite3", instance=tmp_path, secret_key="x")
    site.test_client().get("/khong-co", buffered=True)
    assert not log.exists()
    assert '"route"' not in capsys.readouterr().err
