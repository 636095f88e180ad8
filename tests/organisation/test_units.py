"""Units: the tree, the names that mean them, closing, and the page of the administrator."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from app.core.errors import Conflict, DomainError, NotFound
from app.organisation import queries, service, succession
from app.organisation.access import Actor, Scope
from app.organisation.models import AuditEntry, Person, Unit, UnitKind
from app.organisation.succession import Successors
from tests.factories import EVERYWHERE, make_person, make_unit

BOSS = Actor("Trần Quản Trị")


def change(unit: Unit, **values: Any) -> Unit:
    """Change some of what is said of a unit, leaving the rest."""
    now = {name: getattr(unit, name) for name in ("name", "name_en", "kind", "parent_id", "is_desk", "valid_from")}
    aliases = [alias.alias for alias in unit.aliases]
    return service.change_unit(BOSS, unit.id, **({"aliases": aliases} | now | values))


def test_a_unit_stands_under_its_parent(department: dict[str, Unit]) -> None:
    unit = service.add_unit(
        BOSS, code="btxh", name="  Phòng  Bảo trợ xã hội ", kind=UnitKind.DIVISION, parent_id=department["SO"].id
    )
    assert (unit.code, unit.name, unit.path) == ("BTXH", "Phòng Bảo trợ xã hội", "/SO/BTXH/")


def test_moving_a_unit_moves_all_below_it(department: dict[str, Unit]) -> None:
    make_unit("TO1", "Tổ tiếp dân", parent=department["MC"])
    change(department["VP"], parent_id=department["LDVL"].id)
    paths = {unit.code: unit.path for unit in queries.units(EVERYWHERE)}
    assert paths["VP"] == "/SO/LDVL/VP/"
    assert paths["MC"] == "/SO/LDVL/VP/MC/"
    assert paths["TO1"] == "/SO/LDVL/VP/MC/TO1/"
    assert paths["NCC"] == "/SO/NCC/"


def test_moving_leaves_units_whose_code_begins_alike_where_they_are(department: dict[str, Unit]) -> None:
    make_unit("VP2", "Văn phòng hai", parent=department["SO"])
    change(department["VP"], parent_id=department["NCC"].id)
    assert queries.unit_by_code("VP2").path == "/SO/VP2/"


@pytest.mark.parametrize("below", ["VP", "MC"])
def test_a_unit_cannot_stand_under_itself(department: dict[str, Unit], below: str) -> None:
    with pytest.raises(DomainError) as refused:
        change(department["VP"], parent_id=department[below].id)
    assert refused.value.field == "parent_id"
    assert queries.unit_by_code("MC").path == "/SO/VP/MC/"


def test_a_code_means_one_unit_in_any_case(department: dict[str, Unit]) -> None:
    with pytest.raises(Conflict) as refused:
        service.add_unit(BOSS, code="ldvl", name="Phòng khác", kind=UnitKind.DIVISION)
    assert refused.value.field == "code"
    assert "Phòng Lao động – Việc làm" in str(refused.value)


@pytest.mark.parametrize("code", ["", "PHÒNG", "a b", "-X", "X" * 33])
def test_a_code_is_plain_letters_and_digits(session: Any, code: str) -> None:
    with pytest.raises(DomainError) as refused:
        service.add_unit(BOSS, code=code, name="Phòng", kind=UnitKind.DIVISION)
    assert refused.value.field == "code"


def test_a_name_means_one_unit_whatever_the_diacritics(department: dict[str, Unit]) -> None:
    with pytest.raises(Conflict):
        service.add_unit(BOSS, code="X", name="phong lao dong viec lam", kind=UnitKind.DIVISION)


def test_an_alias_means_one_unit_whatever_the_diacritics(department: dict[str, Unit]) -> None:
    change(department["LDVL"], aliases=["Phòng Việc làm – ATLĐ"])
    with pytest.raises(Conflict) as refused:
        change(department["NCC"], aliases=["PHONG VIEC LAM ATLD"])
    assert refused.value.field == "aliases"
    with pytest.raises(Conflict):
        service.add_alias(BOSS, department["NCC"].id, "Trung tâm dịch vụ việc làm")


def test_aliases_are_replaced_by_those_given(department: dict[str, Unit]) -> None:
    change(department["LDVL"], aliases=["Phòng Lao động", "Phòng Việc làm", "phòng việc làm", " "])
    change(department["LDVL"], aliases=["Phòng Việc Làm", "Phòng LĐVL"])
    assert sorted(alias.alias for alias in queries.unit_by_code("LDVL").aliases) == ["Phòng LĐVL", "Phòng Việc Làm"]


@pytest.mark.parametrize(
    "name", ["LDVL", "ldvl", "Phong lao dong - viec lam", "PHÒNG LAO ĐỘNG VIỆC LÀM", "phòng LĐ & VL"]
)
def test_a_unit_is_found_by_code_name_or_alias(department: dict[str, Unit], name: str) -> None:
    service.add_alias(BOSS, department["LDVL"].id, "Phòng LĐ và VL")
    service.add_alias(BOSS, department["LDVL"].id, "Phòng LĐ & VL")
    assert queries.find_unit(name).code == "LDVL"


def test_an_unknown_name_finds_no_unit(department: dict[str, Unit]) -> None:
    assert queries.find_unit("Phòng Không Có") is None
    assert queries.find_unit("") is None
    assert queries.find_unit("–") is None


def end(code: str = "NCC", *to: str, decision: str = "12/QĐ-SLĐTBXH", last_day: date = date(2024, 6, 30)) -> None:
    succession.succeed(BOSS, code, Successors(to[0] if to else "", others=to[1:]), last_day, decision)


def refusal(code: str = "NCC", *to: str, **more: Any) -> DomainError:
    with pytest.raises(DomainError) as refused:
        end(code, *to, **more)
    return refused.value


def test_the_name_of_a_closed_unit_is_free_and_else_leads_to_its_successor(department: dict[str, Unit]) -> None:
    end("NCC", "LDVL")
    assert queries.find_unit("phòng người có công").code == "LDVL"
    new = service.add_unit(BOSS, code="NCC2", name="Phòng Người có công", kind=UnitKind.DIVISION)
    assert queries.find_unit("phòng người có công") is new


def test_units_below_pass_under_the_successor(department: dict[str, Unit]) -> None:
    end("VP", "LDVL")
    assert department["MC"].path == "/SO/LDVL/MC/"
    assert department["MC"].parent_id == department["LDVL"].id


def test_a_unit_with_others_below_it_is_not_closed_without_a_successor(department: dict[str, Unit]) -> None:
    assert refusal("VP").params["left"] == "1 đơn vị trực thuộc"


def test_a_unit_that_left_nothing_is_closed_without_a_successor_and_opens_again(department: dict[str, Unit]) -> None:
    end("NCC")
    assert department["NCC"].valid_to == date(2024, 6, 30)
    assert service.reopen_unit(BOSS, department["NCC"].id).valid_to is None
    end("NCC", "LDVL")
    with pytest.raises(DomainError, match="không mở lại được"):
        service.reopen_unit(BOSS, department["NCC"].id)


@pytest.mark.parametrize(
    ("to", "more", "field"),
    [
        (("LDVL",), {"decision": " "}, "decision"),
        (("LDVL",), {"last_day": date(2024, 7, 2)}, "last_day"),  # today is 1 July
        (("NCC",), {}, "successors"),
        (("KHONG",), {}, "successors"),
    ],
)
def test_an_impossible_succession_is_refused(
    department: dict[str, Unit], to: tuple[str, ...], more: dict[str, Any], field: str
) -> None:
    assert refusal("NCC", *to, **more).field == field
    assert department["NCC"].valid_to is None


def test_nobody_succeeds_into_a_closed_unit_or_in_a_circle(department: dict[str, Unit]) -> None:
    end("NCC", "LDVL")
    assert "vòng tròn" in refusal("LDVL", "NCC").message
    assert "không kế thừa được" in refusal("TTDVVL", "NCC").message
    assert "đã giải thể" in refusal("NCC", "TTDVVL").message


def test_a_successor_must_have_been_founded(department: dict[str, Unit]) -> None:
    department["LDVL"].valid_from = date(2024, 7, 2)
    assert "chỉ thành lập" in refusal("NCC", "LDVL").message
    department["LDVL"].valid_from = date(2024, 7, 1)
    end("NCC", "LDVL")


def test_nothing_is_put_under_a_closed_unit(department: dict[str, Unit]) -> None:
    end("NCC")
    with pytest.raises(DomainError) as refused:
        service.add_unit(BOSS, code="X", name="Tổ X", kind=UnitKind.DIVISION, parent_id=department["NCC"].id)
    assert refused.value.field == "parent_id"


def test_a_unit_that_does_not_exist_is_not_found(session: Any) -> None:
    with pytest.raises(NotFound):
        end("KHONG")


def test_a_renamed_unit_keeps_its_history_and_its_old_name(department: dict[str, Unit]) -> None:
    said = {"first_day": date(2024, 7, 1), "decision": "13/QĐ"}
    renamed = succession.rename(BOSS, "NCC", name="Phòng Chính sách", **said)
    assert renamed is department["NCC"]
    assert queries.find_unit("Phòng Người có công") is renamed
    other = succession.rename(BOSS, "NCC", name="Phòng Chính sách người có công", code="CSNCC", **said)
    assert (other.code, other.kind, other.parent_id) == ("CSNCC", renamed.kind, renamed.parent_id)
    assert queries.find_unit("Phòng Người có công") is other
    assert renamed.valid_to == date(2024, 6, 30)


def test_every_change_leaves_what_was_and_what_is(department: dict[str, Unit], session: Any) -> None:
    change(department["NCC"], name="Phòng Chính sách người có công")
    entry = session.scalars(select(AuditEntry).order_by(AuditEntry.number.desc())).first()
    assert (entry.action, entry.subject_id, entry.actor) == ("change_unit", "NCC", BOSS.name)
    assert entry.details["changed"]["name"] == ["Phòng Người có công", "Phòng Chính sách người có công"]


def test_a_refused_change_leaves_no_entry(department: dict[str, Unit], session: Any) -> None:
    with pytest.raises(Conflict):
        change(department["NCC"], name="Văn phòng Sở")
    assert session.scalars(select(AuditEntry)).all() == []
    assert queries.unit_by_code("NCC").name == "Phòng Người có công"


def test_the_tree_counts_active_people_and_keeps_to_the_scope(department: dict[str, Unit], admin: Person) -> None:
    rows = {row.unit.code: row for row in queries.unit_tree(EVERYWHERE)}
    assert list(rows) == ["SO", "LDVL", "NCC", "TTDVVL", "VP", "MC"]
    assert (rows["SO"].people, rows["SO"].depth, rows["MC"].depth) == (1, 0, 2)
    only = Scope("TEST", frozenset({department["NCC"].id}))
    assert [row.unit.code for row in queries.unit_tree(only)] == ["NCC"]


def test_the_page_shows_the_tree(as_admin: FlaskClient) -> None:
    page = as_admin.get("/don-vi").text
    assert "Trung tâm Dịch vụ việc làm" in page
    assert "Bộ phận Một cửa" in page


def test_a_unit_is_added_and_changed_on_the_page(as_admin: FlaskClient, department: dict[str, Unit]) -> None:
    typed = {"code": "BTXH", "name": "Phòng Bảo trợ", "kind": "division", "parent_id": str(department["SO"].id)}
    answer = as_admin.post("/don-vi/them", data=typed | {"aliases": "Phòng BTXH\r\nPhòng Bảo trợ XH"})
    assert answer.status_code == 302
    unit = queries.unit_by_code("BTXH")
    assert ">\nPhòng BTXH\nPhòng Bảo trợ XH</textarea>" in as_admin.get(f"/don-vi/{unit.id}").text.replace("\r", "")
    assert {alias.alias for alias in unit.aliases} == {"Phòng BTXH", "Phòng Bảo trợ XH"}
    as_admin.post(f"/don-vi/{unit.id}", data=typed | {"name": "Phòng Bảo trợ xã hội", "valid_from": "2024-01-01"})
    assert (unit.name, unit.valid_from, unit.code) == ("Phòng Bảo trợ xã hội", date(2024, 1, 1), "BTXH")


def test_a_refused_form_keeps_what_was_typed_and_says_why(as_admin: FlaskClient) -> None:
    typed = {"code": "LDVL", "name": "Tên <vừa> gõ", "kind": "division", "parent_id": "", "valid_from": "29/02/2023"}
    answer = as_admin.post("/don-vi/them", data=typed)
    assert answer.status_code == 422
    assert "Không có ngày này" in answer.text
    assert "Tên &lt;vừa&gt; gõ" in answer.text
    answer = as_admin.post("/don-vi/them", data=typed | {"valid_from": ""})
    assert answer.status_code == 422
    assert "Mã LDVL đã dùng cho đơn vị “Phòng Lao động – Việc làm”." in answer.text


def test_what_passes_is_seen_before_it_does(as_admin: FlaskClient, department: dict[str, Unit]) -> None:
    who = make_person(department["NCC"], full_name="Trần Thị Đào")
    page = f"/don-vi/{department['NCC'].id}/ke-thua"
    typed = {"last_day": "2024-06-30", "kind": "close", "decision": "12/QĐ-SLĐTBXH", "default": "LDVL"}
    shown = as_admin.post(page, data=typed)
    assert "Trần Thị Đào" in shown.text
    assert department["NCC"].valid_to is None
    seen = re.search(r'name="seen"[^>]*value="([0-9a-f]+)"', shown.text)
    assert seen is not None
    assert as_admin.post(page, data=typed | {"seen": seen[1]}).status_code == 302
    assert who.unit_id == department["LDVL"].id
    listed = as_admin.get("/don-vi").text
    assert "Giải thể từ 01/07/2024" in listed
    assert "Kế thừa: Phòng Lao động – Việc làm" in listed
    assert "theo 12/QĐ-SLĐTBXH" in as_admin.get(f"/don-vi/{department['NCC'].id}").text


def test_a_split_asks_who_gets_whom(as_admin: FlaskClient, department: dict[str, Unit]) -> None:
    kept, given = make_person(department["NCC"]), make_person(department["NCC"])
    page = f"/don-vi/{department['NCC'].id}/ke-thua"
    typed = {"last_day": "2024-06-30", "kind": "split", "decision": "12/QĐ", "default": "LDVL", "others": ["TTDVVL"]}
    shown = as_admin.post(page, data=typed)
    seen = re.search(r'name="seen"[^>]*value="([0-9a-f]+)"', shown.text)
    assert seen is not None
    as_admin.post(page, data=typed | {"seen": seen[1], f"to:person:{given.username}": "TTDVVL"})
    assert kept.unit_id == department["LDVL"].id
    assert given.unit_id == department["TTDVVL"].id


def test_a_unit_is_renamed_on_the_page(as_admin: FlaskClient, department: dict[str, Unit]) -> None:
    page = f"/don-vi/{department['NCC'].id}/doi-ten"
    said = {"name": "Phòng Chính sách", "first_day": "2024-07-01", "decision": "13/QĐ"}
    assert as_admin.post(page, data=said).status_code == 302
    assert department["NCC"].name == "Phòng Chính sách"


def test_the_tree_is_downloaded_with_diacritics(as_admin: FlaskClient) -> None:
    answer = as_admin.get("/don-vi.csv")
    assert answer.data.startswith(b"\xef\xbb\xbf")
    assert "LDVL,Phòng Lao động – Việc làm,Phòng chuyên môn,/SO/LDVL/" in answer.text
