"""What a site calls itself, whose database it stands on, and its units and people from one workbook."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from typing import Any

import openpyxl
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from app.core.errors import DomainError
from app.organisation import audit, site_code
from app.organisation.access import Actor, whole_site
from app.organisation.models import AuditEntry, AuditHead, Person, Role, Unit, UnitKind
from app.organisation.profile import enter_profile, profile
from app.organisation.sheets import FaultyFile
from app.organisation.site_code import OtherSite, refuse_another
from app.organisation.staff_file import preview_staff, take_staff
from app.web import extensions
from app.web.extensions import db
from tests.conftest import signed_in
from tests.factories import make_person, make_unit

BOSS = Actor("Trần Quản Trị")
UNITS = ("Mã đơn vị", "Tên đơn vị", "Loại đơn vị", "Mã đơn vị cấp trên", "Bộ phận một cửa", "Tên gọi khác")
PEOPLE = ("Tên đăng nhập", "Họ và tên", "Mã đơn vị", "Vai trò", "Thư điện tử")


def workbook(**sheets: Sequence[Sequence[object]]) -> bytes:
    """A file with these sheets, each with its heading first."""
    book, file = openpyxl.Workbook(), io.BytesIO()
    book.remove(book.active)
    for name, rows in sheets.items():
        page = book.create_sheet({"units": "Đơn vị", "people": "Người dùng"}.get(name, name))
        for row in rows:
            page.append(list(row))
    book.save(file)
    return file.getvalue()


def staff(units: Sequence[Sequence[object]] = (), people: Sequence[Sequence[object]] = ()) -> bytes:
    return workbook(units=[UNITS, *units], people=[PEOPLE, *people])


def rows_of(model: Any) -> int:
    return db.session.scalar(select(func.count()).select_from(model)) or 0


# Its name


def test_until_somebody_enters_a_name_the_settings_say_it(app: Flask, session: Any) -> None:
    before = profile()
    assert (before.name, before.entered) == (app.config["SETTINGS"].site_name, False)
    enter_profile(BOSS, name=" Sở  Nội vụ ", place="Hà Nam", case_prefix="H26.15")
    after = profile()
    assert (after.name, after.place, after.case_prefix, after.entered) == ("Sở Nội vụ", "Hà Nam", "H26.15", True)
    entry = db.session.scalars(select(AuditEntry)).one()
    assert entry.action == "enter_profile"
    assert entry.details["changed"]["name"] == ["", "Sở Nội vụ"]
    enter_profile(BOSS, name="Sở Nội vụ", place="Hà Nam", case_prefix="H26.16")
    last = db.session.scalars(select(AuditEntry).order_by(AuditEntry.number.desc())).first()
    assert last.details["changed"] == {"case_prefix": ["H26.15", "H26.16"]}


@pytest.mark.parametrize(
    ("field", "wrong"), [("name", "  "), ("place", ""), ("case_prefix", "H26-15"), ("case_prefix", "")]
)
def test_a_name_that_cannot_be_is_refused_at_its_field(session: Any, field: str, wrong: str) -> None:
    said = {"name": "Sở Nội vụ", "place": "Hà Nam", "case_prefix": "H26.15"} | {field: wrong}
    with pytest.raises(DomainError) as refused:
        enter_profile(BOSS, **said)
    assert refused.value.field == field
    assert not profile().entered


def test_the_name_stands_on_pages_and_in_new_codes(app: Flask, session: Any) -> None:
    admin = make_person(make_unit("SO", "Sở", UnitKind.DEPARTMENT), Role.ADMIN)
    client = signed_in(app.test_client(), admin)
    sent = client.post("/thiet-lap/co-quan", data={"name": "Sở Nội vụ", "place": "Hà Nam", "case_prefix": "H26.15"})
    assert sent.status_code == 302
    assert '<span class="brand-site">Sở Nội vụ</span>' in client.get("/thiet-lap").text
    from app.cases.numbering import next_code
    from app.organisation.calendars import today

    with audit.transaction():
        assert next_code("TEST", "SO", today()).startswith("H26.15-")


# Whose database


@pytest.fixture
def another_site(app: Flask, session: Any) -> Iterator[None]:
    """A database in which a site of another code has written, and a process that has not asked yet."""
    db.session.add(AuditHead(site="SO-KHAC", number=1, hash="0" * 64, at=extensions.now()))
    db.session.commit()
    app.extensions.pop(site_code._FITS, None)
    yield
    app.extensions[site_code._FITS] = True


def test_a_wrong_site_code_reads_and_writes_nothing(app: Flask, client: FlaskClient, another_site: None) -> None:
    with pytest.raises(OtherSite, match="SO-KHAC"):
        refuse_another()
    with pytest.raises(OtherSite):
        whole_site()
    answer = client.get("/dang-nhap")
    assert answer.status_code == 503
    assert "SO-KHAC" in answer.text
    assert "TEST" in answer.text
    assert "DUNG_HAN_SITE" in answer.text
    told = app.test_cli_runner().invoke(args=["units", "list"])
    assert told.exit_code == 2
    assert "SO-KHAC" in told.stderr


def test_a_site_with_records_of_its_own_is_let_in(app: Flask, client: FlaskClient, another_site: None) -> None:
    db.session.add(AuditHead(site="TEST", number=1, hash="0" * 64, at=extensions.now()))
    db.session.commit()
    assert client.get("/dang-nhap").status_code == 200


# Units and people from a workbook


def test_a_workbook_makes_the_tree_whatever_the_order_of_its_rows(session: Any) -> None:
    make_unit("SO", "Sở Nội vụ", UnitKind.DEPARTMENT)
    content = staff(
        [
            ("MC", "Bộ phận Một cửa", "Văn phòng", "vp", "Có", "Một cửa; BP TN&TKQ"),
            ("VP", "Văn phòng Sở", "Văn phòng", "SO", "", ""),
            ("SO", "Sở Nội vụ", "Sở", "", "", ""),
            ("QLN", "Phòng Quản lý người nghèo", "Phòng chuyên môn", "SO", None, None),
        ],
        [
            ("lan", "Nguyễn Thị Lan", "MC", "Cán bộ một cửa", "lan@so.vn"),
            ("binh", "Trần Văn Bình", "Phòng Quản lý người nghèo", "head", ""),
        ],
    )
    seen = preview_staff(BOSS, content)
    assert [unit.code for unit in seen.units] == ["VP", "QLN", "MC"]
    assert ([who.username for who in seen.people], seen.known_units, seen.faults) == (["lan", "binh"], 1, ())
    assert (rows_of(Unit), rows_of(Person), rows_of(AuditEntry)) == (1, 0, 0)  # it only looked

    taken = take_staff(BOSS, content, file_name="so.xlsx")
    paths = {unit.code: (unit.path, unit.is_desk) for unit in db.session.scalars(select(Unit))}
    assert paths == {
        "SO": ("/SO/", False),
        "VP": ("/SO/VP/", False),
        "MC": ("/SO/VP/MC/", True),
        "QLN": ("/SO/QLN/", False),
    }
    people = {who.username: who for who in db.session.scalars(select(Person))}
    assert (people["lan"].role, people["binh"].role) == (Role.DESK, Role.HEAD)
    assert all(who.must_change_password for who in people.values())
    from app.organisation import passwords

    first = {who.username: who.password for who in taken.people}
    assert passwords.matches(people["binh"].password_hash, first["binh"])
    assert first["binh"] not in str([entry.details for entry in db.session.scalars(select(AuditEntry))])
    assert first["lan"] != first["binh"]

    again = take_staff(BOSS, content)
    assert (again.units, again.people, again.known_units, again.known_people) == ((), (), 4, 2)


def test_every_wrong_row_is_told_with_its_sheet_row_and_column_and_nothing_is_taken(session: Any) -> None:
    make_unit("SO", "Sở Nội vụ", UnitKind.DEPARTMENT)
    content = staff(
        [
            ("VP", "Văn phòng Sở", "Văn phòng", "SO"),
            ("X1", "Phòng Một", "Phòng lạ", "SO"),
            ("X2", "", "Phòng chuyên môn", "SO"),
            ("X3", "Phòng Ba", "Phòng chuyên môn", "KHONGCO"),
            ("X4", "Phòng Bốn", "Phòng chuyên môn", "X1"),
            ("VP", "Văn phòng khác", "Văn phòng", "SO"),
        ],
        [("lan", "Nguyễn Thị Lan", "VP", "Cán bộ một cửa"), ("L", "Lê Văn", "X9", "Thanh tra")],
    )
    seen = preview_staff(BOSS, content)
    assert [(f.sheet, f.row, f.column) for f in seen.faults] == [
        ("Đơn vị", 3, "Loại đơn vị"),
        ("Đơn vị", 4, "Tên đơn vị"),
        ("Đơn vị", 5, "Mã đơn vị cấp trên"),
        ("Đơn vị", 6, "Mã đơn vị cấp trên"),
        ("Đơn vị", 7, "Mã đơn vị"),
        ("Người dùng", 3, "Mã đơn vị"),
    ]
    with pytest.raises(FaultyFile, match="6 chỗ sai"):
        take_staff(BOSS, content)
    assert (rows_of(Unit), rows_of(Person), rows_of(AuditEntry)) == (1, 0, 0)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "rỗng"),
        (b"code;name\n", "không phải là bảng tính"),
        (workbook(**{"Trang 1": [("a",)]}), "không có trang tính"),
        (workbook(units=[("Mã đơn vị", "Tên đơn vị"), ("A", "B")]), "thiếu cột: Loại đơn vị"),
        (staff(), "chưa có dòng nào"),
        (b"PK\x03\x04" + bytes(1_000_001), "quá lớn"),
    ],
)
def test_a_file_that_is_no_such_workbook_gets_one_sentence(session: Any, content: bytes, why: str) -> None:
    with pytest.raises(DomainError, match=why) as refused:
        preview_staff(BOSS, content)
    assert refused.value.field == "file"


def test_the_page_shows_before_it_takes_and_tells_first_passwords_once(app: Flask, session: Any) -> None:
    so = make_unit("SO", "Sở Nội vụ", UnitKind.DEPARTMENT)
    client = signed_in(app.test_client(), make_person(so, Role.ADMIN, "quantri"))
    template = client.get("/don-vi/mau.xlsx").data
    book = openpyxl.load_workbook(io.BytesIO(template))
    assert [cell.value for cell in book["Đơn vị"][2]][:3] == ["SO", "Sở Nội vụ", "Sở"]
    book["Người dùng"].append(["lan", "Nguyễn Thị Lan", "SO", "Thanh tra"])
    filled = io.BytesIO()
    book.save(filled)
    seen = client.post("/don-vi/nhap-tep", data={"file": (io.BytesIO(filled.getvalue()), "so.xlsx")})
    assert seen.status_code == 200
    assert rows_of(Person) == 1
    import re

    sent = {name: re.search(rf'name="{name}" value="([^"]*)"', seen.text)[1] for name in ("content", "file_name")}
    taken = client.post("/don-vi/nhap-tep", data=sent)
    assert rows_of(Person) == 2
    assert re.search(r"[a-z2-9]{4}(-[a-z2-9]{4}){3}", taken.text)
    nothing = client.post("/don-vi/nhap-tep", data={"content": "không phải base64", "file_name": "x"})
    assert nothing.status_code == 422
    assert client.post("/don-vi/nhap-tep", data={}).status_code == 422


# The beginning


def test_one_command_makes_the_department_and_its_first_administrator(app: Flask, session: Any) -> None:
    run = app.test_cli_runner().invoke
    words = ["site", "begin", "--name", "Sở Nội vụ", "--full-name", "Trần Văn An", "--password-stdin"]
    told = run(args=words, input="trang-giay-xanh-72\n")
    assert told.exit_code == 0, told.stderr
    who = db.session.scalars(select(Person)).one()
    assert (who.username, who.role, who.unit.kind) == ("quantri", Role.ADMIN, UnitKind.DEPARTMENT)
    again = run(args=words, input="trang-giay-xanh-72\n")
    assert again.exit_code == 2
    weak = run(args=[*words, "--username", "khac"], input="123\n")
    assert weak.exit_code == 2
    assert rows_of(Person) == 1
