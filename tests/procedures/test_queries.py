"""Reading the catalogue: list, search, filters, history, and what intake is offered."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from app.core.calendar import TimeUnit
from app.core.errors import NotFound
from app.organisation.access import Scope
from app.organisation.models import Unit
from app.procedures import queries, service
from app.procedures.models import Level
from app.procedures.queries import OnlinePayment, ProcedureFilters, ProcedureSort
from tests.clock import at
from tests.factories import CLERK, EVERYWHERE, make_department, make_version, receive
from tests.procedures.contents import contents_for, payable

TODAY = date(2024, 7, 1)


@pytest.fixture
def units(session: Any) -> dict[str, Unit]:
    return make_department()


@pytest.fixture
def catalogue(units: dict[str, Unit]) -> dict[str, Unit]:
    """Three procedures in force, one withdrawn in 2023, one to come in 2025."""
    make_version(
        units["LDVL"],
        ("Nhận", units["MC"], 1),
        ("Xử lý", units["LDVL"], 11),
        code="1.000459",
        name="Xác nhận người lao động nước ngoài",
        days=10,
        fee=600_000,
        eligible=True,
        deployed_from=date(2024, 3, 1),
    )
    make_version(units["LDVL"], code="2.000205", name="Đăng ký nội quy lao động", fee=300_000, eligible=True, days=7)
    make_version(
        units["NCC"],
        code="1.010833",
        name="Cấp giấy xác nhận thân nhân của người có công",
        field="Người có công",
        level=Level.IN_PERSON,
        time_unit=TimeUnit.SAME_DAY,
        days=0,
        fee=50_000,
    )
    make_version(units["NCC"], code="1.000001", name="Bãi bỏ rồi", in_force_to=date(2023, 12, 31))
    make_version(units["NCC"], code="1.000002", name="Sắp có", in_force_from=date(2025, 1, 1))
    return units


def codes(sort: ProcedureSort = ProcedureSort.CODE, descending: bool = False, **asked: Any) -> list[str]:
    found = queries.catalogue(EVERYWHERE, ProcedureFilters(**{"on": TODAY} | asked), sort, descending)
    return [row.code for row in found]


def test_the_list_holds_what_is_in_force_on_the_day(catalogue: dict[str, Unit]) -> None:
    assert codes() == ["1.000459", "1.010833", "2.000205"]
    assert codes(on=date(2023, 12, 31)) == ["1.000001", "1.000459", "1.010833", "2.000205"]
    assert codes(on=date(2019, 12, 31)) == []


def test_every_procedure_is_listed_once_when_asked_for(catalogue: dict[str, Unit]) -> None:
    assert codes(every=True) == ["1.000001", "1.000002", "1.000459", "1.010833", "2.000205"]


def test_of_every_procedure_the_version_in_force_is_shown_before_the_latest(units: dict[str, Unit]) -> None:
    made = service.add_procedure(
        CLERK, code="1.1", contents=contents_for(units["LDVL"]), in_force_from=date(2024, 1, 1)
    )
    service.add_version(
        CLERK, made.id, contents=contents_for(units["LDVL"], name="Tên mới"), in_force_from=date(2025, 1, 1)
    )
    for day, number in ((date(2023, 1, 1), 2), (TODAY, 1), (date(2025, 6, 1), 2)):
        [row] = queries.catalogue(EVERYWHERE, ProcedureFilters(on=day, every=True))
        assert row.number == number


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("nuoc ngoai", ["1.000459"]),
        ("NƯỚC ngoài", ["1.000459"]),
        ("ngoai xac nhan", ["1.000459"]),
        ("dang ky", ["2.000205"]),
        ("1.0108", ["1.010833"]),
        ("1010833", ["1.010833"]),
        ("1.010833.000.00.00.H56", ["1.010833"]),
        ("lao dong", ["1.000459", "2.000205"]),
        ("100%", []),
        ("không có đâu", []),
        (" ", ["1.000459", "1.010833", "2.000205"]),
    ],
)
def test_search_takes_code_or_words_without_diacritics(catalogue: dict[str, Unit], text: str, found: list[str]) -> None:
    assert codes(text=text) == found


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"field": "Người có công"}, ["1.010833"]),
        ({"unit": "LDVL"}, ["1.000459", "2.000205"]),
        ({"level": Level.IN_PERSON}, ["1.010833"]),
        ({"fee": True}, ["1.000459", "1.010833", "2.000205"]),
        ({"fee": False}, []),
        ({"online": OnlinePayment.DEPLOYED}, ["1.000459"]),
        ({"online": OnlinePayment.PENDING}, ["2.000205"]),
        ({"online": OnlinePayment.NOT_ELIGIBLE}, ["1.010833"]),
        ({"online": OnlinePayment.PENDING, "on": date(2024, 2, 29)}, ["1.000459", "2.000205"]),
        ({"unit": "LDVL", "text": "noi quy"}, ["2.000205"]),
    ],
)
def test_filters(catalogue: dict[str, Unit], asked: dict[str, Any], found: list[str]) -> None:
    assert codes(**asked) == found


@pytest.mark.parametrize(
    ("sort", "found"),
    [
        (ProcedureSort.NAME, ["1.010833", "2.000205", "1.000459"]),  # Cấp, Đăng, Xác: Đ stands with D
        (ProcedureSort.FIELD, ["1.010833", "1.000459", "2.000205"]),
        (ProcedureSort.UNIT, ["1.000459", "2.000205", "1.010833"]),
        (ProcedureSort.TIME, ["1.010833", "2.000205", "1.000459"]),
        (ProcedureSort.FEE, ["1.010833", "2.000205", "1.000459"]),
    ],
)
def test_sorting(catalogue: dict[str, Unit], sort: ProcedureSort, found: list[str]) -> None:
    assert codes(sort) == found
    assert codes(sort, descending=True) == found[::-1]


def test_a_row_says_when_its_stages_do_not_add_up(catalogue: dict[str, Unit]) -> None:
    rows = {row.code: row for row in queries.catalogue(EVERYWHERE, ProcedureFilters(on=TODAY))}
    assert (rows["1.000459"].stages, rows["1.000459"].stage_total, rows["1.000459"].disagrees) == (2, 12, True)
    assert (rows["2.000205"].stages, rows["2.000205"].stage_total, rows["2.000205"].disagrees) == (0, None, False)


def test_the_list_comes_in_pages(units: dict[str, Unit], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queries, "PAGE", 2)
    for number in range(5):
        make_version(units["LDVL"], code=f"1.00000{number}")
    pages = [queries.catalogue_page(EVERYWHERE, ProcedureFilters(on=TODAY), page=page) for page in (1, 2, 3, 99, 0)]
    assert [[row.code[-1] for row in page.rows] for page in pages] == [["0", "1"], ["2", "3"], ["4"], ["4"], ["0", "1"]]
    assert {(page.total, page.pages) for page in pages} == {(5, 3)}


def test_fields_are_counted_by_procedure_not_by_version(units: dict[str, Unit]) -> None:
    made = service.add_procedure(CLERK, code="1.1", contents=contents_for(units["LDVL"]), in_force_from=TODAY)
    service.add_version(
        CLERK, made.id, contents=contents_for(units["LDVL"], **payable()), in_force_from=date(2025, 1, 1)
    )
    make_version(units["NCC"], field="Người có công")
    assert queries.fields_in_use(EVERYWHERE) == [("Người có công", 1), ("Việc làm", 1)]


def test_the_history_says_what_each_version_changed(units: dict[str, Unit]) -> None:
    said = contents_for(units["LDVL"], ("Nhận", units["MC"], "1"), ("Xử lý", units["LDVL"], "4"))
    made = service.add_procedure(CLERK, code="1.1", contents=said, in_force_from=date(2024, 1, 1))
    later = contents_for(units["LDVL"], ("Xử lý", units["LDVL"], "3"), time_amount=Decimal(3))
    service.add_version(CLERK, made.id, contents=later, in_force_from=TODAY)
    second, first = queries.procedure_view(EVERYWHERE, made.id).versions
    assert first.changes == ()
    assert [(c.name, c.before, c.after) for c in second.changes] == [
        ("time_amount", 5, 3),
        ("stages", said.stages, later.stages),
    ]


def test_a_reader_sees_only_the_cases_of_their_own_units(units: dict[str, Unit]) -> None:
    version = make_version(units["LDVL"])
    receive(version, at("2024-06-03 08:00"))
    for unit, cases in ((units["LDVL"], 1), (units["NCC"], 0)):
        scope = Scope("TEST", frozenset({unit.id}))
        latest = queries.procedure_view(scope, version.procedure_id).latest
        assert (latest.cases, latest.used) == (cases, True)


def test_the_view_finds_the_version_of_a_day_or_number(units: dict[str, Unit]) -> None:
    made = service.add_procedure(
        CLERK, code="1.1", contents=contents_for(units["LDVL"]), in_force_from=date(2024, 1, 1)
    )
    service.add_version(
        CLERK, made.id, contents=contents_for(units["LDVL"], fee=5), in_force_from=TODAY, in_force_to=date(2024, 12, 31)
    )
    view = queries.procedure_view(EVERYWHERE, made.id)
    assert [view.on(day).version.number for day in (date(2024, 6, 30), TODAY, date(2025, 1, 1))] == [1, 2, 2]
    assert view.numbered(1).version.number == 1
    with pytest.raises(NotFound):
        view.numbered(3)
    with pytest.raises(NotFound):
        queries.procedure_view(Scope("OTHER"), made.id)


def test_the_version_on_a_day_comes_with_its_stages(catalogue: dict[str, Unit]) -> None:
    version = queries.version_on(EVERYWHERE, "1.000459.000.00.00.H32", TODAY)
    assert [stage.unit.code for stage in version.stages] == ["MC", "LDVL"]
    with pytest.raises(NotFound):
        queries.version_on(EVERYWHERE, "1.000001", TODAY)


def suggested(text: str, scope: Scope = EVERYWHERE, limit: int = 10) -> list[str]:
    return [version.procedure.code for version in queries.suggest(scope, text, TODAY, limit)]


def test_intake_is_offered_what_is_in_force_and_fits(catalogue: dict[str, Unit]) -> None:
    assert suggested("xac nhan") == ["1.000459", "1.010833"]
    assert suggested("noi q") == ["2.000205"]
    assert suggested("bai bo") == suggested("sap co") == []


def test_a_code_that_begins_so_comes_before_a_name_that_holds_it(units: dict[str, Unit]) -> None:
    make_version(units["LDVL"], code="1.000001", name="Theo mẫu 2.000")
    make_version(units["LDVL"], code="2.000477", name="Dừng trợ giúp")
    assert suggested("2.000") == ["2.000477", "1.000001"]


def test_a_word_that_begins_so_comes_before_one_that_holds_it(units: dict[str, Unit]) -> None:
    make_version(units["LDVL"], code="1.000001", name="Khoan dung")
    make_version(units["LDVL"], code="1.000002", name="An toàn lao động")
    assert suggested("an") == ["1.000002", "1.000001"]


def test_intake_is_offered_only_procedures_of_ones_own_units(catalogue: dict[str, Unit]) -> None:
    own = Scope("TEST", frozenset({catalogue["NCC"].id}))
    assert suggested("xac nhan", own) == ["1.010833"]
    assert suggested("", limit=2) == ["1.000459", "1.010833"]
