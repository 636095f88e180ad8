"""Changes of the catalogue: what each does, refuses and leaves in the audit trail."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import func, select

from app.core.calendar import TimeUnit
from app.core.errors import Conflict, DomainError, NotFound
from app.organisation import audit
from app.organisation.models import AuditEntry, Unit
from app.procedures import queries, service
from app.procedures.contents import contents_of
from app.procedures.models import Procedure, ProcedureStage, ProcedureVersion
from tests.clock import at
from tests.factories import CLERK, EVERYWHERE, make_department, make_unit, make_version, receive
from tests.procedures.contents import contents_for, payable

NEW_YEAR = date(2024, 1, 1)
JULY = date(2024, 7, 1)


@pytest.fixture
def units(session: Any) -> dict[str, Unit]:
    return make_department()


@pytest.fixture
def procedure(units: dict[str, Unit]) -> Procedure:
    said = contents_for(units["LDVL"], ("Tiếp nhận", units["MC"], "0.5"), ("Thẩm định", units["LDVL"], "4.5"))
    return service.add_procedure(CLERK, code="1.010833", contents=said, in_force_from=NEW_YEAR)


def versions(procedure: Procedure) -> list[ProcedureVersion]:
    found = queries.procedure_for_change("TEST", procedure.id)
    assert found is not None
    return list(found.versions)


def count(session: Any, model: Any) -> int:
    return int(session.scalar(select(func.count()).select_from(model)))


def test_a_procedure_is_entered_with_its_first_version_and_stages(procedure: Procedure, units: dict[str, Unit]) -> None:
    [version] = versions(procedure)
    assert (procedure.code, version.number, version.in_force_from, version.in_force_to) == (
        "1.010833", 1, NEW_YEAR, None,
    )  # fmt: skip
    assert [(s.position, s.name, s.unit_id, s.allowance) for s in version.stages] == [
        (1, "Tiếp nhận", units["MC"].id, Decimal("0.5")),
        (2, "Thẩm định", units["LDVL"].id, Decimal("4.5")),
    ]
    assert version.search_key == "1 010833 cap giay phep lao dong"


def test_entering_leaves_what_was_said_in_the_audit_trail(procedure: Procedure, session: Any) -> None:
    entry = session.scalar(select(AuditEntry))
    assert (entry.action, entry.subject_kind, entry.subject_id) == ("add_procedure", "procedure", str(procedure.id))
    assert entry.details["says"]["name"] == "Cấp giấy phép lao động"
    assert audit.verify().broken_at is None


def test_of_a_code_with_a_province_the_national_part_is_kept(units: dict[str, Unit]) -> None:
    made = service.add_procedure(
        CLERK, code="1.010708.000.00.00.H56", contents=contents_for(units["NCC"]), in_force_from=NEW_YEAR
    )
    assert made.code == "1.010708"


def test_a_code_in_the_catalogue_is_refused(procedure: Procedure, units: dict[str, Unit], session: Any) -> None:
    with pytest.raises(Conflict) as refused:
        service.add_procedure(CLERK, code="1.010833", contents=contents_for(units["NCC"]), in_force_from=NEW_YEAR)
    assert refused.value.field == "code"
    assert count(session, Procedure) == 1


def test_a_same_day_procedure_is_stored_without_an_amount(units: dict[str, Unit]) -> None:
    said = contents_for(units["MC"], ("Trả", units["MC"], "2"), time_unit=TimeUnit.SAME_DAY, time_amount=None)
    [version] = versions(service.add_procedure(CLERK, code="X-1", contents=said, in_force_from=NEW_YEAR))
    assert (version.time_amount, version.stages[0].allowance) == (0, 0)


@pytest.mark.parametrize(("said", "field"), [({"name": ""}, "name"), ({"unit_id": 999}, "unit_id")])
def test_a_faulty_procedure_leaves_no_trace(
    units: dict[str, Unit], session: Any, said: dict[str, Any], field: str
) -> None:
    with pytest.raises(DomainError) as refused:
        service.add_procedure(CLERK, code="1.1", contents=contents_for(units["LDVL"], **said), in_force_from=NEW_YEAR)
    assert refused.value.field == field
    assert count(session, Procedure) == count(session, ProcedureVersion) == count(session, AuditEntry) == 0


def test_a_stage_at_a_unit_that_does_not_exist_is_refused_at_its_row(units: dict[str, Unit]) -> None:
    elsewhere = Unit(id=4711)
    said = contents_for(units["LDVL"], ("Nhận", units["MC"], "1"), ("Xử lý", elsewhere, "4"))
    with pytest.raises(DomainError) as refused:
        service.add_procedure(CLERK, code="1.1", contents=said, in_force_from=NEW_YEAR)
    assert refused.value.field == "stages-1-unit_id"


def test_a_new_version_ends_the_one_before_it_the_day_before(procedure: Procedure, units: dict[str, Unit]) -> None:
    said = contents_for(units["LDVL"], time_amount=Decimal(3))
    service.add_version(CLERK, procedure.id, contents=said, in_force_from=JULY)
    first, second = versions(procedure)
    assert (first.in_force_to, first.time_amount, len(first.stages)) == (date(2024, 6, 30), 5, 2)
    assert (second.number, second.in_force_from, second.in_force_to, second.time_amount) == (2, JULY, None, 3)


def test_a_case_keeps_the_version_it_was_received_under(procedure: Procedure, units: dict[str, Unit]) -> None:
    case = receive(versions(procedure)[0], at("2024-06-03 08:00"))
    service.add_version(
        CLERK, procedure.id, contents=contents_for(units["LDVL"], time_amount=Decimal(3)), in_force_from=JULY
    )
    first, second = queries.procedure_view(EVERYWHERE, procedure.id).versions[::-1]
    assert case.version_id == first.version.id
    assert (first.cases, first.used, second.cases, second.used) == (1, True, 0, False)


@pytest.mark.parametrize("day", [NEW_YEAR, date(2023, 12, 31)])
def test_a_version_that_would_overlap_the_one_before_it_is_refused(
    procedure: Procedure, units: dict[str, Unit], day: date
) -> None:
    with pytest.raises(DomainError) as refused:
        service.add_version(CLERK, procedure.id, contents=contents_for(units["NCC"]), in_force_from=day)
    assert refused.value.field == "in_force_from"
    assert len(versions(procedure)) == 1


def test_a_version_that_says_the_same_is_refused(procedure: Procedure, units: dict[str, Unit]) -> None:
    said = contents_for(units["LDVL"], ("Tiếp nhận", units["MC"], "0.5"), ("Thẩm định", units["LDVL"], "4.5"))
    with pytest.raises(DomainError, match="không cần phiên bản mới"):
        service.add_version(CLERK, procedure.id, contents=said, in_force_from=JULY)
    assert versions(procedure)[0].in_force_to is None


@pytest.mark.parametrize("looked_at", [True, False])
def test_what_an_import_made_is_not_looked_at_because_its_unit_was_succeeded(
    procedure: Procedure, looked_at: bool
) -> None:
    made = versions(procedure)[0]
    made.details_known = looked_at
    with audit.transaction():
        follower = service.succeed_version(
            CLERK, made, contents=contents_of(made), in_force_from=date(2024, 7, 1), in_force_to=None
        )
    assert follower.details_known is looked_at


def test_two_people_cannot_both_follow_the_same_version(procedure: Procedure, units: dict[str, Unit]) -> None:
    said = contents_for(units["LDVL"], time_amount=Decimal(3))
    service.add_version(CLERK, procedure.id, contents=said, in_force_from=JULY, after=1)
    with pytest.raises(Conflict):
        service.add_version(
            CLERK,
            procedure.id,
            contents=contents_for(units["LDVL"], time_amount=Decimal(4)),
            in_force_from=date(2024, 8, 1),
            after=1,
        )
    assert len(versions(procedure)) == 2


def test_a_withdrawn_procedure_may_come_back_later_as_it_was(procedure: Procedure, units: dict[str, Unit]) -> None:
    service.withdraw(CLERK, procedure.id, last_day=date(2024, 3, 31), reason="Theo QĐ 15")
    said = contents_for(units["LDVL"], ("Tiếp nhận", units["MC"], "0.5"), ("Thẩm định", units["LDVL"], "4.5"))
    service.add_version(CLERK, procedure.id, contents=said, in_force_from=JULY)
    assert [v.in_force_to for v in versions(procedure)] == [date(2024, 3, 31), None]


def test_a_version_without_cases_may_be_rewritten(procedure: Procedure, units: dict[str, Unit], session: Any) -> None:
    said = contents_for(units["NCC"], ("Một bước", units["NCC"], "7"), time_amount=Decimal(7), **payable())
    service.amend_version(CLERK, versions(procedure)[0].id, contents=said, in_force_from=date(2023, 1, 1))
    [version] = versions(procedure)
    assert (version.time_amount, version.fee, version.in_force_from) == (7, 600_000, date(2023, 1, 1))
    assert [stage.name for stage in version.stages] == ["Một bước"]
    assert count(session, ProcedureStage) == 1


def test_a_version_with_cases_is_never_rewritten(procedure: Procedure, units: dict[str, Unit]) -> None:
    [version] = versions(procedure)
    receive(version, at("2024-06-03 08:00"))
    with pytest.raises(Conflict, match="chỉ sửa được tên và ghi chú") as refused:
        service.amend_version(CLERK, version.id, contents=contents_for(units["NCC"]), in_force_from=NEW_YEAR)
    assert refused.value.params["n"] == 1
    assert versions(procedure)[0].unit_id == units["LDVL"].id


def test_moving_the_first_day_of_a_version_moves_the_end_of_the_one_before(
    procedure: Procedure, units: dict[str, Unit]
) -> None:
    said = contents_for(units["LDVL"], time_amount=Decimal(3))
    second = service.add_version(CLERK, procedure.id, contents=said, in_force_from=JULY)
    service.amend_version(CLERK, second.id, contents=said, in_force_from=date(2024, 6, 1))
    assert [v.in_force_to for v in versions(procedure)] == [date(2024, 5, 31), None]


def test_a_rewritten_version_must_not_overlap_its_neighbours(procedure: Procedure, units: dict[str, Unit]) -> None:
    said = contents_for(units["LDVL"], time_amount=Decimal(3))
    second = service.add_version(CLERK, procedure.id, contents=said, in_force_from=JULY)
    for version_id, first, last in (
        (second.id, date(2023, 6, 1), None),
        (versions(procedure)[0].id, NEW_YEAR, date(2024, 7, 1)),
    ):
        with pytest.raises(DomainError, match="chồng lên nhau"):
            service.amend_version(CLERK, version_id, contents=said, in_force_from=first, in_force_to=last)
    assert [v.in_force_from for v in versions(procedure)] == [NEW_YEAR, JULY]


def test_a_slip_in_the_name_is_put_right_under_its_cases_and_found_afterwards(procedure: Procedure) -> None:
    [version] = versions(procedure)
    receive(version, at("2024-06-03 08:00"))
    service.correct_wording(CLERK, version.id, name="Cấp  giấy phép lao động cho người nước ngoài", note="Ghi chú")
    [version] = versions(procedure)
    assert (version.name, version.note) == ("Cấp giấy phép lao động cho người nước ngoài", "Ghi chú")
    assert queries.suggest(EVERYWHERE, "nuoc ngoai", JULY) == [version]


def test_a_procedure_is_withdrawn_and_reinstated(procedure: Procedure) -> None:
    service.withdraw(CLERK, procedure.id, last_day=date(2024, 3, 31), reason="QĐ 15/QĐ-UBND")
    with pytest.raises(NotFound):
        queries.version_on(EVERYWHERE, "1.010833", date(2024, 4, 1))
    assert queries.version_on(EVERYWHERE, "1.010833", date(2024, 3, 31)).number == 1
    service.reinstate(CLERK, procedure.id, reason="Ghi nhầm")
    assert queries.version_on(EVERYWHERE, procedure.id, date(2024, 4, 1)).number == 1


def test_a_withdrawal_needs_a_reason_and_a_day_after_the_first(procedure: Procedure) -> None:
    with pytest.raises(DomainError) as refused:
        service.withdraw(CLERK, procedure.id, last_day=date(2024, 3, 31), reason=" ")
    assert refused.value.field == "reason"
    with pytest.raises(DomainError) as refused:
        service.withdraw(CLERK, procedure.id, last_day=date(2023, 3, 31), reason="Theo QĐ 15")
    assert refused.value.field == "last_day"
    with pytest.raises(Conflict):
        service.reinstate(CLERK, procedure.id, reason="Theo QĐ 15")
    assert versions(procedure)[0].in_force_to is None


def test_what_does_not_exist_is_said_so(units: dict[str, Unit]) -> None:
    with pytest.raises(NotFound):
        service.withdraw(CLERK, 4711, last_day=JULY, reason="Theo QĐ 15")
    with pytest.raises(NotFound):
        service.correct_wording(CLERK, 4711, name="x", note="")


def test_another_sites_procedure_does_not_exist(session: Any) -> None:
    version = make_version(make_unit())
    version.site = version.procedure.site = "OTHER"
    session.commit()
    with pytest.raises(NotFound):
        service.withdraw(CLERK, version.procedure_id, last_day=JULY, reason="Theo QĐ 15")
    with pytest.raises(NotFound):
        service.correct_wording(CLERK, version.id, name="x", note="")
