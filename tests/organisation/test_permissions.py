"""Which role is let through which door of the organisation."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.organisation.models import Person, Role, Unit
from tests.factories import make_person

ADMIN, TRAIL, ALL = {Role.ADMIN}, {Role.ADMIN, Role.INSPECTOR}, set(Role)
DOORS = {
    "/tai-khoan": ALL,
    "/tai-khoan/mat-khau-moi": ALL,
    "/tai-khoan/phien": ALL,
    "/tai-khoan/xac-thuc": ALL,
    "/lich-lam-viec": ALL,
    "/lich-lam-viec.csv": ALL,
    "/lich-lam-viec.xlsx": ALL,
    "/lich-lam-viec/them": ADMIN,
    "/don-vi": ADMIN,
    "/don-vi.csv": ADMIN,
    "/don-vi.xlsx": ADMIN,
    "/don-vi/them": ADMIN,
    "/don-vi/1": ADMIN,
    "/don-vi/1/dong": ADMIN,
    "/nguoi-dung": ADMIN,
    "/nguoi-dung.csv": ADMIN,
    "/nguoi-dung.xlsx": ADMIN,
    "/nguoi-dung/them": ADMIN,
    "/nguoi-dung/1": ADMIN,
    "/nguoi-dung/1/mat-khau": ADMIN,
    "/nhat-ky": TRAIL,
    "/dong-ho": ADMIN,
    "/nhat-ky.csv": TRAIL,
    "/nhat-ky.xlsx": TRAIL,
}
POSTS = {
    "/don-vi/1/mo-lai": ADMIN,
    "/nguoi-dung/1/khoa": ADMIN,
    "/nguoi-dung/1/phien/1/ket-thuc": ADMIN,
    "/nguoi-dung/1/phien/ket-thuc": ADMIN,
    "/nguoi-dung/1/xac-thuc/dat-lai": ADMIN,
    "/tai-khoan/phien/99999/ket-thuc": ALL,
    "/tai-khoan/phien/ket-thuc-khac": ALL,
    "/tai-khoan/xac-thuc/bat-dau": ALL,
    "/tai-khoan/xac-thuc/xac-nhan": ALL,
    "/tai-khoan/xac-thuc/ma-du-phong": ALL,
    "/tai-khoan/xac-thuc/bo": ALL,
    "/nguoi-dung/1/mo-khoa": ADMIN,
    "/lich-lam-viec/2024-06-03/xoa": ADMIN,
    "/nhat-ky/kiem-tra": TRAIL,
}


@pytest.mark.parametrize("role", list(Role))
def test_a_role_passes_its_doors_only(
    role: Role, department: dict[str, Unit], sign_in: Callable[[Person], FlaskClient]
) -> None:
    client = sign_in(make_person(department["LDVL"], role))
    for door, roles in DOORS.items():
        assert (client.get(door).status_code != 403) == (role in roles), door
    for door, roles in POSTS.items():
        assert (client.post(door).status_code != 403) == (role in roles), door


def test_a_stranger_passes_no_door_but_signing_in_and_language(app: Flask, client: FlaskClient) -> None:
    for door in DOORS:
        assert "/dang-nhap" in client.get(door).location, door
    for door in POSTS:
        assert "/dang-nhap" in client.post(door).location, door
    known = {rule.endpoint for rule in app.url_map.iter_rules() if rule.endpoint.startswith("organisation.")}
    tried = {app.create_url_adapter(None).match(door, method="GET")[0] for door in DOORS}
    tried |= {app.create_url_adapter(None).match(door, method="POST")[0] for door in POSTS}
    to_come_in = ("sign_in", "sign_in_at_provider", "back_from_provider", "enter_code")
    open_to_all = ("home", *to_come_in, "sign_out", "set_language")
    assert known - tried == {f"organisation.{name}" for name in open_to_all}


@pytest.mark.parametrize(
    ("role", "shown", "hidden"),
    [
        (Role.DESK, {"Lịch làm việc"}, {"Đơn vị", "Người dùng", "Nhật ký"}),
        (Role.INSPECTOR, {"Lịch làm việc", "Nhật ký"}, {"Đơn vị", "Người dùng"}),
        (Role.ADMIN, {"Lịch làm việc", "Nhật ký", "Đơn vị", "Người dùng"}, set()),
    ],
)
def test_the_navigation_shows_only_open_doors(
    role: Role, shown: set[str], hidden: set[str], department: dict[str, Unit], sign_in: Callable[[Person], FlaskClient]
) -> None:
    page = sign_in(make_person(department["LDVL"], role)).get("/lich-lam-viec").text
    navigation = page[page.index('id="menu"') : page.index("</nav>")]
    assert all(f"<span>{label}</span>" in navigation for label in shown)
    assert not any(f"<span>{label}</span>" in navigation for label in hidden)
    assert navigation.count('aria-current="page"') == 1
