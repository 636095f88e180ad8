"""The catalogue's pages: reading, keeping, and every refusal on the form that was typed."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from flask.testing import FlaskClient

from app.organisation.models import Person, Role, Unit
from app.procedures import queries
from tests.clock import at
from tests.factories import EVERYWHERE, make_department, make_person, make_version, receive

TODAY = date(2024, 7, 1)
SignIn = Callable[[Person], FlaskClient]


@pytest.fixture
def units(session: Any) -> dict[str, Unit]:
    return make_department()


@pytest.fixture
def keeper(units: dict[str, Unit], sign_in: SignIn) -> FlaskClient:
    return sign_in(make_person(units["VP"], Role.INSPECTOR))


@pytest.fixture
def reader(units: dict[str, Unit], sign_in: SignIn) -> FlaskClient:
    return sign_in(make_person(units["NCC"], Role.DESK))


def typed(units: dict[str, Unit], **changes: str) -> dict[str, str]:
    """What a keeper types for a procedure of five days in two steps."""
    return {
        "code": "1.010833",
        "name": "Cấp giấy phép lao động",
        "field": "Việc làm",
        "level": "full",
        "unit_id": str(units["LDVL"].id),
        "time_amount": "5",
        "time_unit": "working_days",
        "pause_mode": "extend",
        "fee": "600.000",
        "returns_result": "y",
        "in_force_from": "01/01/2024",
        "stages-0-name": "Tiếp nhận",
        "stages-0-unit_id": str(units["MC"].id),
        "stages-0-allowance": "0,5",
        "stages-1-name": "Thẩm định",
        "stages-1-unit_id": str(units["LDVL"].id),
        "stages-1-allowance": "4,5",
    } | changes


def stored() -> list[queries.CatalogueRow]:
    return queries.catalogue(EVERYWHERE, queries.ProcedureFilters(on=TODAY, every=True))


def stage_names(page: str) -> list[str]:
    return re.findall(r'name="stages-\d+-name"[^>]*value="([^"]*)"', page)


def test_a_stranger_reads_nothing(client: FlaskClient, units: dict[str, Unit]) -> None:
    version = make_version(units["LDVL"])
    for path in ("/thu-tuc", "/thu-tuc.csv", f"/thu-tuc/{version.procedure_id}", "/thu-tuc/them"):
        assert client.get(path).status_code in (302, 401), path


def test_everybody_signed_in_reads_the_list(reader: FlaskClient, units: dict[str, Unit]) -> None:
    make_version(units["LDVL"], code="1.000459", name="Xác nhận không thuộc diện cấp giấy phép", fee=600_000, days=7)
    page = reader.get("/thu-tuc").text
    assert "1.000459" in page
    assert "Xác nhận không thuộc diện cấp giấy phép" in page
    assert "7 ngày làm việc" in page
    assert "600.000 đ" in page
    assert "/thu-tuc/them" not in page


def test_the_list_keeps_its_filters(keeper: FlaskClient, units: dict[str, Unit]) -> None:
    make_version(units["LDVL"], code="1.000459", name="Giấy phép lao động")
    make_version(units["NCC"], code="1.010801", name="Trợ cấp một lần", field="Người có công")
    page = keeper.get("/thu-tuc?q=giay+phep&unit=LDVL&sort=-name").text
    assert "1.000459" in page
    assert "1.010801" not in page
    assert 'value="giay phep"' in page
    assert "/thu-tuc.csv?q=giay+phep&amp;unit=LDVL&amp;sort=-name" in page


def test_an_unreadable_filter_is_shown_and_filters_nothing(reader: FlaskClient, units: dict[str, Unit]) -> None:
    make_version(units["LDVL"], code="1.000459")
    answer = reader.get("/thu-tuc?on=29/02/2023&level=nhanh&unit=XYZ&sort=abc&after=x")
    assert answer.status_code == 200
    assert "1.000459" in answer.text
    assert "Không có ngày này" in answer.text


def test_what_was_in_force_on_another_day_is_listed(reader: FlaskClient, units: dict[str, Unit]) -> None:
    make_version(units["LDVL"], code="1.000001", in_force_to=date(2023, 12, 31))
    assert "1.000001" not in reader.get("/thu-tuc").text
    assert "1.000001" in reader.get("/thu-tuc?on=2023-12-31").text
    assert "Không có hiệu lực" in reader.get("/thu-tuc?every=y").text


def test_the_export_is_the_filtered_list_for_a_spreadsheet(reader: FlaskClient, units: dict[str, Unit]) -> None:
    make_version(units["LDVL"], code="1.000459", name='=HYPERLINK("x")', fee=600_000, days=0.5)
    make_version(units["NCC"], code="1.010801")
    answer = reader.get("/thu-tuc.csv?unit=LDVL")
    assert answer.data.startswith(b"\xef\xbb\xbf")
    assert answer.mimetype == "text/csv"
    heading, row = csv.reader(io.StringIO(answer.data.decode("utf-8-sig")))
    said = dict(zip(heading, row, strict=True))
    assert said["Mã thủ tục"] == "1.000459"
    assert said["Tên thủ tục"] == '\'=HYPERLINK("x")'
    assert said["Thời hạn"] == "0,5"
    assert said["Phí, lệ phí (đồng)"] == "600000"


def test_a_procedures_page_shows_terms_stages_and_the_remark(reader: FlaskClient, units: dict[str, Unit]) -> None:
    version = make_version(
        units["LDVL"], ("Tiếp nhận", units["MC"], 1), ("Thẩm định", units["LDVL"], 11), days=10, note="Số liệu giả định"
    )
    page = reader.get(f"/thu-tuc/{version.procedure_id}").text
    assert "Tổng thời gian các bước 12 ngày làm việc khác thời hạn 10 ngày làm việc." in page
    assert "Bộ phận Một cửa" in page
    assert "Số liệu giả định" in page
    assert "/phien-ban-moi" not in page


def test_a_procedures_page_shows_what_a_version_changed(keeper: FlaskClient, units: dict[str, Unit]) -> None:
    keeper.post("/thu-tuc/them", data=typed(units))
    [row] = stored()
    keeper.post(
        f"/thu-tuc/{row.procedure_id}/phien-ban-moi", data=typed(units, time_amount="3", in_force_from="2024-07-01")
    )
    page = keeper.get(f"/thu-tuc/{row.procedure_id}").text
    assert "Thay đổi so với phiên bản 1" in page
    assert re.search(r"Thời hạn giải quyết<td[^>]*>5<td[^>]*>3<", page)
    assert "Thay đổi so với" not in keeper.get(f"/thu-tuc/{row.procedure_id}?version=1").text
    assert keeper.get(f"/thu-tuc/{row.procedure_id}?version=9").status_code == 404


def test_what_does_not_exist_is_not_found(keeper: FlaskClient) -> None:
    for path in ("/thu-tuc/4711", "/thu-tuc/4711/phien-ban-moi", "/thu-tuc/4711/het-hieu-luc"):
        assert keeper.get(path).status_code == 404, path


@pytest.mark.parametrize("role", [Role.DESK, Role.HEAD])
def test_only_inspectors_and_administrators_keep_the_catalogue(
    units: dict[str, Unit], sign_in: SignIn, role: Role
) -> None:
    version = make_version(units["LDVL"])
    client = sign_in(make_person(units["LDVL"], role))
    at_procedure = f"/thu-tuc/{version.procedure_id}"
    pages = ["/thu-tuc/them", *(at_procedure + p for p in ("/phien-ban-moi", "/het-hieu-luc", "/khoi-phuc"))]
    for path in (*pages, f"{at_procedure}/phien-ban/1/sua"):
        assert client.get(path).status_code == 403, path
        assert client.post(path, data=typed(units, reason="x")).status_code == 403, path
    assert len(stored()) == 1


@pytest.mark.parametrize("role", [Role.INSPECTOR, Role.ADMIN])
def test_a_procedure_is_entered_on_its_page(units: dict[str, Unit], sign_in: SignIn, role: Role) -> None:
    client = sign_in(make_person(units["VP"], role))
    answer = client.post("/thu-tuc/them", data=typed(units), follow_redirects=True)
    assert "Đã thêm thủ tục 1.010833." in answer.text
    [row] = stored()
    assert (row.code, row.fee, row.stages, row.stage_total, row.in_force_from) == (
        "1.010833", 600_000, 2, 5, date(2024, 1, 1),
    )  # fmt: skip


def test_stages_that_do_not_add_up_are_remarked_but_saved(keeper: FlaskClient, units: dict[str, Unit]) -> None:
    answer = keeper.post("/thu-tuc/them", data=typed(units, time_amount="10"), follow_redirects=True)
    assert "Tổng thời gian các bước 5 ngày làm việc khác thời hạn 10 ngày làm việc." in answer.text
    assert len(stored()) == 1


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"name": " "}, "Hãy nhập tên thủ tục."),
        ({"code": "a b"}, "Mã thủ tục chỉ gồm chữ, số"),
        ({"time_amount": "mười"}, "“mười” không phải là số."),
        ({"time_amount": ""}, "Hãy nhập thời hạn giải quyết, lớn hơn 0."),
        ({"time_unit": "same_day"}, "hãy để trống thời hạn"),
        ({"unit_id": ""}, "Hãy chọn đơn vị chịu trách nhiệm."),
        ({"fee": "600.5"}, "“600.5” không phải là số tiền."),
        ({"online_payment_eligible": "y"}, "Hãy ghi căn cứ xác định đủ điều kiện"),
        ({"online_payment_from": "2024-01-01"}, "Chỉ ghi ngày triển khai"),
        ({"in_force_from": ""}, "Không được để trống."),
        ({"in_force_from": "29/02/2023"}, "Không có ngày này."),
        ({"in_force_to": "31/12/2023"}, "Ngày hết hiệu lực không được trước ngày có hiệu lực 01/01/2024."),
        ({"stages-1-name": ""}, "Hãy nhập tên bước."),
        ({"stages-1-unit_id": ""}, "Hãy chọn đơn vị xử lý."),
        ({"stages-1-allowance": ""}, "Hãy nhập thời gian của bước."),
        ({"stages-1-allowance": "-1"}, "“-1” không phải là số."),
    ],
)
def test_a_refused_form_says_why_and_keeps_what_was_typed(
    keeper: FlaskClient, units: dict[str, Unit], changes: dict[str, str], sentence: str
) -> None:
    answer = keeper.post("/thu-tuc/them", data=typed(units, note="Đã gõ rồi", **changes))
    assert answer.status_code == 422
    assert sentence in answer.text
    assert "Chưa lưu được, cần sửa:" in answer.text
    assert "Đã gõ rồi" in answer.text
    for value in changes.values():
        assert value.strip() in answer.text
    assert stored() == []


@pytest.mark.parametrize("field", ["level", "time_unit", "unit_id", "stages-1-unit_id"])
def test_a_choice_that_is_not_offered_is_refused_at_its_field(
    keeper: FlaskClient, units: dict[str, Unit], field: str
) -> None:
    answer = keeper.post("/thu-tuc/them", data=typed(units, **{field: "4711"}))
    assert answer.status_code == 422
    assert re.search(rf'id="{field}-error".*Hãy chọn một giá trị trong danh sách\.', answer.text)
    assert stored() == []


def test_an_internal_procedure_is_marked(keeper: FlaskClient, units: dict[str, Unit]) -> None:
    answer = keeper.post("/thu-tuc/them", data=typed(units, internal="y"), follow_redirects=True)
    assert "Thủ tục nội bộ" in answer.text
    assert stored()[0].internal


def test_a_code_already_in_the_catalogue_is_said_at_its_field(keeper: FlaskClient, units: dict[str, Unit]) -> None:
    make_version(units["LDVL"], code="1.010833")
    answer = keeper.post("/thu-tuc/them", data=typed(units))
    assert answer.status_code == 422
    assert re.search(r'id="code-error".*Mã 1\.010833 đã có trong danh mục\.', answer.text)


def test_an_empty_row_of_stages_is_no_stage(keeper: FlaskClient, units: dict[str, Unit]) -> None:
    blank = {"stages-2-name": "", "stages-2-unit_id": "", "stages-2-allowance": ""}
    assert keeper.post("/thu-tuc/them", data=typed(units, **blank)).status_code == 302
    assert stored()[0].stages == 2


def test_a_fault_after_an_empty_row_stands_at_its_own_row(keeper: FlaskClient, units: dict[str, Unit]) -> None:
    row = {"stages-0-name": "", "stages-0-unit_id": "", "stages-0-allowance": "", "stages-1-name": ""}
    page = keeper.post("/thu-tuc/them", data=typed(units, **row)).text
    assert 'id="stages-1-name-error"' in page
    assert 'id="stages-0-name-error"' not in page


def test_rows_are_added_removed_and_moved_without_losing_what_was_typed(
    keeper: FlaskClient, units: dict[str, Unit]
) -> None:
    for action, names in (
        ("add", ["Tiếp nhận", "Thẩm định", ""]),
        ("remove-0", ["Thẩm định"]),
        ("up-1", ["Thẩm định", "Tiếp nhận"]),
        ("up-0", ["Tiếp nhận", "Thẩm định"]),
        ("remove-7", ["Tiếp nhận", "Thẩm định"]),
    ):
        answer = keeper.post("/thu-tuc/them", data=typed(units, rows=action, name="", **{"stages-1-allowance": "hai"}))
        assert answer.status_code == 200
        assert stage_names(answer.text) == names, action
        assert 'value="hai"' in answer.text
        assert "Chưa lưu được" not in answer.text
    assert stored() == []


def test_without_scripts_a_row_of_stages_is_added_on_the_whole_page(
    keeper: FlaskClient, units: dict[str, Unit]
) -> None:
    page = keeper.post("/thu-tuc/them", data=typed(units, rows="stages-add")).text
    assert "<html" in page
    assert page.count('name="stages-') > 0


def test_with_htmx_only_the_rows_come_back(keeper: FlaskClient, units: dict[str, Unit]) -> None:
    answer = keeper.post("/thu-tuc/them", data=typed(units, rows="stages-add"), headers={"HX-Request": "true"})
    assert answer.text.lstrip().startswith('<div id="stages"')
    assert "<html" not in answer.text
    assert stage_names(answer.text) == ["Tiếp nhận", "Thẩm định", ""]


def test_a_new_version_starts_from_the_latest(keeper: FlaskClient, units: dict[str, Unit]) -> None:
    keeper.post("/thu-tuc/them", data=typed(units))
    [row] = stored()
    page = keeper.get(f"/thu-tuc/{row.procedure_id}/phien-ban-moi").text
    assert stage_names(page) == ["Tiếp nhận", "Thẩm định"]
    assert 'value="600.000"' in page
    assert 'value="0,5"' in page
    assert 'name="code"' not in page


def test_a_new_version_is_refused_when_another_came_meanwhile(keeper: FlaskClient, units: dict[str, Unit]) -> None:
    keeper.post("/thu-tuc/them", data=typed(units))
    path = f"/thu-tuc/{stored()[0].procedure_id}/phien-ban-moi"
    first = typed(units, time_amount="3", in_force_from="2024-07-01", after="1")
    assert keeper.post(path, data=first).status_code == 302
    late = keeper.post(path, data=typed(units, time_amount="4", in_force_from="2024-08-01", after="1"))
    assert late.status_code == 422
    assert "Đã có người khác sửa thủ tục này." in late.text


def test_a_version_that_says_the_same_is_refused_above_the_form(keeper: FlaskClient, units: dict[str, Unit]) -> None:
    keeper.post("/thu-tuc/them", data=typed(units))
    answer = keeper.post(
        f"/thu-tuc/{stored()[0].procedure_id}/phien-ban-moi", data=typed(units, in_force_from="2024-07-01")
    )
    assert answer.status_code == 422
    assert "không cần phiên bản mới" in answer.text


def test_a_version_without_cases_is_put_right_whole(keeper: FlaskClient, units: dict[str, Unit]) -> None:
    keeper.post("/thu-tuc/them", data=typed(units))
    path = f"/thu-tuc/{stored()[0].procedure_id}/phien-ban/1/sua"
    assert 'name="time_amount"' in keeper.get(path).text
    answer = keeper.post(
        path, data=typed(units, time_amount="4", **{"stages-1-allowance": "3,5"}), follow_redirects=True
    )
    assert "Đã sửa phiên bản 1." in answer.text
    assert stored()[0].time_amount == 4


def test_a_version_with_cases_is_put_right_only_in_name_and_note(keeper: FlaskClient, units: dict[str, Unit]) -> None:
    version = make_version(units["LDVL"], name="Cấp giây phép")
    receive(version, at("2024-06-03 08:00"))
    path = f"/thu-tuc/{version.procedure_id}/phien-ban/1/sua"
    page = keeper.get(path).text
    assert "Cấp giây phép" in page
    assert 'name="time_amount"' not in page
    keeper.post(path, data={"name": "Cấp giấy phép", "note": "", "time_amount": "9"})
    assert (stored()[0].name, stored()[0].time_amount) == ("Cấp giấy phép", 5)
    assert keeper.post(path, data={"name": "", "note": ""}).status_code == 422


def test_a_procedure_is_withdrawn_and_reinstated_with_a_reason(keeper: FlaskClient, units: dict[str, Unit]) -> None:
    version = make_version(units["LDVL"])
    at_procedure = f"/thu-tuc/{version.procedure_id}"
    refused = keeper.post(f"{at_procedure}/het-hieu-luc", data={"last_day": "31/12/2019", "reason": "Theo QĐ 15"})
    assert refused.status_code == 422
    assert "không được trước ngày có hiệu lực 01/01/2020" in refused.text
    keeper.post(f"{at_procedure}/het-hieu-luc", data={"last_day": "30/06/2024", "reason": "Theo QĐ 15"})
    assert stored()[0].in_force_to == date(2024, 6, 30)
    assert "Hết hiệu lực" in keeper.get(at_procedure).text
    keeper.post(f"{at_procedure}/khoi-phuc", data={"reason": "Ghi nhầm"})
    assert stored()[0].in_force_to is None


def test_names_typed_as_markup_stay_text(keeper: FlaskClient, units: dict[str, Unit]) -> None:
    keeper.post("/thu-tuc/them", data=typed(units, name="<script>alert(1)</script>", note="<b>x</b>"))
    for path in ("/thu-tuc", f"/thu-tuc/{stored()[0].procedure_id}"):
        page = keeper.get(path).text
        assert "<script>alert" not in page
        assert "&lt;script&gt;alert(1)" in page
