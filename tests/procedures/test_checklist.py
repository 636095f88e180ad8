"""Documents, charges and exemptions of a version: what is wrong with them, kept, copied, shown, in files."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.core.errors import DomainError
from app.organisation.models import Person, Role, Unit
from app.procedures import queries, service
from app.procedures.catalogue_file import (
    read_charges,
    read_documents,
    read_exemptions,
    write_charges,
    write_documents,
    write_exemptions,
)
from app.procedures.contents import (
    ChargeContents,
    DocumentContents,
    ExemptionContents,
    contents_of,
    differences,
    problems,
    tidied,
)
from app.procedures.models import ChargeKind, CopyKind
from tests.factories import CLERK, EVERYWHERE, make_department, make_person
from tests.procedures.contents import contents_for
from tests.procedures.test_pages import stored, typed

DOCUMENTS = (
    DocumentContents("Văn bản đề nghị", note="Mẫu số 11/PLI"),
    DocumentContents("Ảnh màu 4x6", copy_kind=CopyKind.COPY, quantity=2),
    DocumentContents("Giấy ủy quyền | bản dịch", False, CopyKind.CERTIFIED),
)
CHARGES = (
    ChargeContents(ChargeKind.FEE, "Cấp giấy phép", 600_000, "Nghị quyết 01/NQ-HĐND"),
    ChargeContents(ChargeKind.CHARGE, "Thẩm định", 50_000),
)
EXEMPTIONS = (ExemptionContents("Người khuyết tật", 100, "Điều 2"), ExemptionContents("Hộ nghèo", 50))


def rich(unit: Unit | int, **said: Any) -> Any:
    return contents_for(unit, documents=DOCUMENTS, charges=CHARGES, exemptions=EXEMPTIONS, **said)


@pytest.fixture
def units(session: Any) -> dict[str, Unit]:
    return make_department()


@pytest.fixture
def keeper(units: dict[str, Unit], sign_in: Callable[[Person], FlaskClient]) -> FlaskClient:
    return sign_in(make_person(units["VP"], Role.INSPECTOR))


def faults(**said: Any) -> list[str | None]:
    return [problem.field for problem in problems(tidied(contents_for(1, **said)))]


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"documents": (DocumentContents(" "),)}, "documents-0-name"),
        ({"documents": (DocumentContents("a"), DocumentContents("b", quantity=0))}, "documents-1-quantity"),
        ({"charges": (ChargeContents(ChargeKind.FEE, "", 5),)}, "charges-0-name"),
        ({"charges": (ChargeContents(ChargeKind.FEE, "x", -5),)}, "charges-0-amount"),
        ({"charges": CHARGES, "fee": 600_000}, "fee"),
        ({"fee": 5, "exemptions": (ExemptionContents("", 50),)}, "exemptions-0-name"),
        ({"fee": 5, "exemptions": (ExemptionContents("x", 101),)}, "exemptions-0-percent_off"),
        ({"fee": 5, "exemptions": (EXEMPTIONS[0], ExemptionContents("Người  khuyết tật", 5))}, "exemptions-1-name"),
        ({"exemptions": EXEMPTIONS}, "exemptions-0-name"),
    ],
)
def test_a_fault_is_bound_to_its_row(said: dict[str, Any], field: str) -> None:
    assert faults(**said) == [field]


def test_the_fee_is_the_sum_of_the_charges_unless_told() -> None:
    assert tidied(contents_for(1, charges=CHARGES)).fee == 650_000
    assert faults(charges=CHARGES, fee=650_000) == []


def test_a_fee_that_is_not_the_sum_is_refused_in_one_sentence_with_both_figures() -> None:
    [problem] = problems(tidied(contents_for(1, charges=CHARGES, fee=600_000)))
    assert str(problem) == (
        "Các khoản thu cộng lại là 650.000 đồng, khác tổng phí, lệ phí 600.000 đồng: hãy sửa một trong hai."
    )


def test_changed_rows_are_differences() -> None:
    before = tidied(rich(1))
    after = tidied(contents_for(1, documents=DOCUMENTS[:1], charges=CHARGES))
    assert [change.name for change in differences(before, after)] == ["documents", "exemptions"]


def test_a_version_keeps_its_rows_and_a_new_version_has_its_own(units: dict[str, Unit]) -> None:
    procedure = service.add_procedure(
        CLERK, code="1.000459", contents=rich(units["LDVL"]), in_force_from=date(2024, 1, 1)
    )
    first = queries.procedure_view(EVERYWHERE, procedure.id).latest.version
    assert contents_of(first).documents == DOCUMENTS
    assert (contents_of(first).charges, first.fee) == (CHARGES, 650_000)
    fewer = contents_for(units["LDVL"], documents=DOCUMENTS[:2], charges=CHARGES, exemptions=EXEMPTIONS)
    service.add_version(CLERK, procedure.id, contents=fewer, in_force_from=date(2024, 6, 1))
    view = queries.procedure_view(EVERYWHERE, procedure.id)
    assert contents_of(view.numbered(1).version).documents == DOCUMENTS
    assert contents_of(view.latest.version).documents == DOCUMENTS[:2]
    assert contents_of(view.latest.version).exemptions == EXEMPTIONS
    assert [change.name for change in view.latest.changes] == ["documents"]


def test_an_unused_version_is_amended_with_its_rows(units: dict[str, Unit]) -> None:
    procedure = service.add_procedure(
        CLERK, code="1.000459", contents=rich(units["LDVL"]), in_force_from=date(2024, 1, 1)
    )
    turned = contents_for(units["LDVL"], documents=DOCUMENTS[::-1], charges=CHARGES[:1])
    service.amend_version(
        CLERK, procedure.versions[0].id, contents=turned, in_force_from=procedure.versions[0].in_force_from
    )
    version = queries.procedure_view(EVERYWHERE, procedure.id).latest.version
    assert contents_of(version).documents == DOCUMENTS[::-1]
    assert (version.fee, contents_of(version).exemptions) == (600_000, ())


def test_rows_are_written_in_a_cell_as_they_are_read() -> None:
    assert read_documents(write_documents(DOCUMENTS)) == DOCUMENTS
    assert read_charges(write_charges(CHARGES)) == CHARGES
    assert read_exemptions(write_exemptions(EXEMPTIONS)) == EXEMPTIONS


def test_the_last_parts_of_a_line_may_be_left_out() -> None:
    assert read_documents("Đơn đề nghị\n\nẢnh | bản sao | 2 | nếu có") == (
        DocumentContents("Đơn đề nghị"),
        DocumentContents("Ảnh", False, CopyKind.COPY, 2),
    )


@pytest.mark.parametrize(
    ("read", "text"),
    [
        (read_documents, "Đơn | bản vẽ"),
        (read_documents, "Đơn | bản chính | hai"),
        (read_documents, "Đơn | bản chính | 1 | có thể"),
        (read_documents, "a | bản chính | 1 | bắt buộc | b | c"),
        (read_charges, "thuế | x | 5"),
        (read_charges, "lệ phí | x"),
        (read_exemptions, "Hộ nghèo | nửa"),
    ],
)
def test_a_line_that_cannot_be_read_is_refused(read: Callable[[str], Any], text: str) -> None:
    with pytest.raises(DomainError):
        read(text)


def rows_typed(units: dict[str, Unit], **changes: str) -> dict[str, str]:
    return typed(
        units,
        **{
            "fee": "",
            "documents-0-name": "Văn bản đề nghị",
            "documents-0-copy_kind": "original",
            "documents-0-quantity": "1",
            "documents-0-required": "y",
            "documents-1-name": "Ảnh màu 4x6",
            "documents-1-copy_kind": "copy",
            "documents-1-quantity": "2",
            "charges-0-kind": "fee",
            "charges-0-name": "Cấp giấy phép",
            "charges-0-amount": "600.000",
            "exemptions-0-name": "Người khuyết tật",
            "exemptions-0-percent_off": "100",
        }
        | changes,
    )


def test_a_keeper_enters_documents_charges_and_exemptions(keeper: FlaskClient, units: dict[str, Unit]) -> None:
    page = keeper.post("/thu-tuc/them", data=rows_typed(units), follow_redirects=True).text
    [row] = stored()
    assert row.fee == 600_000
    for words in ("02 bản sao", "Nếu có", "Lệ phí: Cấp giấy phép", "Người khuyết tật", "miễn"):
        assert words in page
    again = keeper.get(f"/thu-tuc/{row.procedure_id}/phien-ban-moi").text
    assert re.search(r'name="documents-1-name"[^>]*>\s*Ảnh màu 4x6', again)
    assert 'value="Người khuyết tật"' in again


def test_what_is_wrong_with_a_row_stands_in_it(keeper: FlaskClient, units: dict[str, Unit]) -> None:
    answer = keeper.post(
        "/thu-tuc/them", data=rows_typed(units, **{"documents-1-quantity": "hai", "charges-0-amount": "x"})
    )
    assert answer.status_code == 422
    assert 'value="hai"' in answer.text
    assert "Hãy ghi một số nguyên." in answer.text
    assert stored() == []
    answer = keeper.post("/thu-tuc/them", data=rows_typed(units, fee="500.000"))
    assert "khác tổng phí, lệ phí 500.000 đồng" in answer.text


@pytest.mark.parametrize(
    ("kind", "field"), [("documents", "name"), ("charges", "amount"), ("exemptions", "percent_off")]
)
def test_with_htmx_only_the_rows_of_the_kind_come_back(
    keeper: FlaskClient, units: dict[str, Unit], kind: str, field: str
) -> None:
    before = rows_typed(units)
    data = rows_typed(units, rows=f"{kind}-add")
    answer = keeper.post("/thu-tuc/them", data=data, headers={"HX-Request": "true"})
    assert answer.text.lstrip().startswith(f'<div id="{kind}"')
    count = sum(1 for name in before if re.fullmatch(rf"{kind}-\d+-{field}", name))
    assert len(re.findall(rf'name="{kind}-\d+-{field}"', answer.text)) == count + 1


def test_the_catalogue_file_takes_the_rows_along(
    app: Flask, keeper: FlaskClient, units: dict[str, Unit], tmp_path: Path
) -> None:
    service.add_procedure(
        CLERK, code="1.000459", contents=rich(units["LDVL"], field="Việc làm"), in_force_from=date(2024, 1, 1)
    )
    answer = keeper.get("/thu-tuc.csv")
    heading, row = csv.reader(io.StringIO(answer.data.decode("utf-8-sig")))
    said = dict(zip(heading, row, strict=True))
    assert said["Thành phần hồ sơ"].splitlines()[1] == "Ảnh màu 4x6 | bản sao | 2 | bắt buộc"
    changed = {**said, "Mã thủ tục": "1.000460"}
    path = tmp_path / "danh-muc.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, heading)
        writer.writeheader()
        writer.writerows([said, changed])
    done = app.test_cli_runner().invoke(args=["procedures", "import", str(path), "--unit", "LDVL"])
    assert (done.exit_code, done.stdout) == (0, "2 dòng: thủ tục mới 1, không đổi 1, bị từ chối 0.\n"), done.stderr
    taken = queries.version_on(EVERYWHERE, "1.000460", date(2024, 7, 1))
    version = queries.version_at_desk(EVERYWHERE, taken.id)
    assert version is not None
    assert (contents_of(version).documents, contents_of(version).charges) == (DOCUMENTS, CHARGES)
    assert contents_of(version).exemptions == EXEMPTIONS
