"""A list stays light: the bytes of markup in one of its lines, however long its words are, and of the frame of a page.

What a line costs is paid fifty times a page. Figures are what was measured on 30 November 2026, and a few in a hundred;
who adds a column adds its bytes here, and who repeats in each line what its table could say once finds out.
"""

from __future__ import annotations

import re

import pytest
from argon2 import PasswordHasher
from flask import Flask, render_template_string

from app.organisation import passwords
from app.organisation.models import Role
from app.web import extensions
from tests.clock import at
from tests.conftest import signed_in
from tests.test_queries_counted import FEW, a_department
from tests.test_routes_walked import somebody

LINES = {
    (Role.DESK, "/ho-so"): 285,
    (Role.HEAD, "/ho-so/viec-hom-nay"): 540,
    (Role.INSPECTOR, "/ke-hoach/nhiem-vu"): 162,
    (Role.INSPECTOR, "/thu-tuc"): 115,
    (Role.INSPECTOR, "/cong-bo"): 250,
}
"""Bytes of markup in a line, on average."""
FRAME = 9_600
"""Bytes of an inspector's page without anything on it."""


def markup_of_a_line(page: str) -> float:
    bodies = re.findall(r"<tbody>(.*?)</tbody>", page, re.DOTALL)
    lines = re.split(r"<tr\b", max(bodies, key=len, default=""))[1:]
    assert lines, "a list to measure"
    return sum(len("".join(re.findall(r"<[^>]*>", f"<tr{line}")).encode()) for line in lines) / len(lines)


def test_a_line_of_a_list_and_the_frame_of_a_page_are_light(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    if not app.config["SQLALCHEMY_DATABASE_URI"].startswith("sqlite"):
        pytest.skip("what a page weighs is not the database's")
    monkeypatch.setattr(extensions, "now", lambda: at("2024-07-01 08:00"))
    monkeypatch.setattr(passwords, "hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    layout = '{% extends "layout.html" %}{% block heading %}–{% endblock %}'
    with app.app_context(), a_department(FEW):
        clients = {
            role: signed_in(app.test_client(), somebody(role)) for role in (Role.DESK, Role.HEAD, Role.INSPECTOR)
        }
        weighed = {asked: markup_of_a_line(clients[asked[0]].get(asked[1]).text) for asked in LINES}
        monkeypatch.setitem(app.view_functions, "organisation.calendar", lambda: render_template_string(layout))
        frame = len(clients[Role.INSPECTOR].get("/lich-lam-viec").get_data())
    assert {asked: weight for asked, weight in weighed.items() if weight > LINES[asked]} == {}
    assert frame <= FRAME
    assert weighed.keys() == LINES.keys()
    assert all(weight > LINES[asked] / 2 for asked, weight in weighed.items()), "a figure that holds nothing any more"
    assert frame > FRAME / 2
