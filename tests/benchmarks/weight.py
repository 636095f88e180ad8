"""What a page weighs: the server's own work for it, its statements and its bytes, beside an empty page with the same
layout. One person, one process, no network: what is left is ours."""

from __future__ import annotations

import re
import statistics
import time
from collections.abc import Sequence
from typing import Any

from sqlalchemy import event

from tests.benchmarks.measuring import PERIOD, Answer, make_application
from tests.benchmarks.pages import DESK, HEAD, INSPECTOR

EMPTY = "empty page with the layout"
PAGES = (
    (EMPTY, INSPECTOR, "/trang-rong"),
    ("publications", INSPECTOR, "/cong-bo"),
    ("matrix", INSPECTOR, "/kiem-tra"),
    ("violations", INSPECTOR, "/kiem-tra/vi-pham"),
    ("violations of a unit", HEAD, "/kiem-tra/vi-pham"),
    ("a head's own violations", HEAD, "/kiem-tra/vi-pham/cua-don-vi"),
    ("the Director's page", INSPECTOR, "/tong-quan"),
    ("rules", INSPECTOR, "/kiem-tra/quy-tac"),
    ("what is owed", INSPECTOR, f"/ke-hoach/nghia-vu/phai-nop?thang={PERIOD}"),
    ("what is handed in", INSPECTOR, "/ke-hoach/nghia-vu"),
    ("tasks", INSPECTOR, "/ke-hoach/nhiem-vu"),
    ("cases", DESK, "/ho-so"),
    ("cases of a unit", HEAD, "/ho-so"),
    ("a case", DESK, "/ho-so/1"),
    ("worklist of the desk", DESK, "/ho-so/viec-hom-nay"),
    ("worklist of a unit", HEAD, "/ho-so/viec-hom-nay"),
    ("intake", DESK, "/ho-so/tiep-nhan"),
    ("fees", DESK, "/thu-phi"),
    ("procedures", INSPECTOR, "/thu-tuc"),
)
EXPORTS = (
    (EMPTY, DESK, "/trang-rong"),
    ("the list as CSV", DESK, "/ho-so.csv"),
    ("the list as XLSX", DESK, "/ho-so.xlsx"),
)
WARM = 3  # looks that are not measured: what a process reads once is read by then


def export(url: str, times: int) -> dict[str, Answer]:
    """The same of the list of all cases as a file, with all its columns."""
    return weigh(url, times, EXPORTS)


def weigh(url: str, times: int, pages: Sequence[tuple[str, str, str]] = PAGES) -> dict[str, Answer]:
    """Each page asked for so many times; milliseconds of this process's own work (median), statements and bytes."""
    from flask import render_template_string

    from app.web.extensions import db

    app = make_application(url)
    layout = '{% extends "layout.html" %}{% block heading %}–{% endblock %}'
    app.add_url_rule("/trang-rong", "empty_page", lambda: render_template_string(layout))
    statements: list[str] = []
    with app.app_context():
        event.listen(db.engine, "after_cursor_execute", lambda *told: statements.append(told[2]))
    clients = {user: _signed_in(app, user) for user in (DESK, HEAD, INSPECTOR)}
    found: dict[str, Answer] = {}
    for name, user, path in pages:
        for _turn in range(WARM):
            statements.clear()
            answer = clients[user].get(path)
            size = len(answer.get_data())
        if answer.status_code != 200:
            raise AssertionError(f"{path}: {answer.status_code}")
        asked = len(statements)
        work = statistics.median(_work_of(clients[user], path) for _turn in range(times))
        found[name] = {"work_ms": work * 1000, "statements": asked, "bytes": size}
    return found


def _work_of(client: Any, path: str) -> float:
    begun = time.process_time()
    client.get(path).get_data()
    return time.process_time() - begun


def _signed_in(app: Any, username: str) -> Any:
    from app.demo.departments import PASSWORD

    client = app.test_client()
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', client.get("/dang-nhap").get_data(as_text=True))
    assert token, "the form of signing in has its token"
    said = {"csrf_token": token[1], "username": username, "password": PASSWORD}
    assert client.post("/dang-nhap", data=said).status_code == 302
    return client
