"""Recording checks and reviews: what is refused, what is kept, who may."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from sqlalchemy import func, select

from app.core.errors import Conflict, DomainError, NotAllowed, NotFound
from app.organisation.access import Scope
from app.organisation.calendars import site_calendar
from app.organisation.models import AuditEntry, Unit
from app.publications import catalogue_service, check_queries, review_queries, service
from app.publications.catalogue_service import Findings
from app.publications.models import CatalogueCheck, ProcedureReview
from app.web.extensions import db
from tests.factories import CLERK, EVERYWHERE, SITE, make_version
from tests.publications.conftest import Open, june

ALL_THREE = {"portal": True, "one_stop": True, "website": True}


def check(unit: Unit, **values: Any) -> CatalogueCheck:
    said: dict[str, Any] = {"checked_on": june(5), **ALL_THREE} | values
    return catalogue_service.record_check(EVERYWHERE, CLERK, unit_id=unit.id, **said)


def review(code: str = "1.001", **values: Any) -> ProcedureReview:
    findings = Findings(**{"reviewed_on": june(5), **values})
    return catalogue_service.record_review(EVERYWHERE, CLERK, procedure=code, findings=findings)


def last_entry() -> AuditEntry:
    entry = db.session.scalar(select(AuditEntry).order_by(AuditEntry.number.desc()).limit(1))
    assert entry is not None
    return entry


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"portal": False, "one_stop": False, "website": False}, "portal"),
        ({"checked_on": date(2024, 7, 2)}, "checked_on"),
        ({"checked_on": date(1999, 7, 2)}, "checked_on"),
        ({"publication_id": 99}, "publication_id"),
    ],
)
def test_a_check_that_makes_no_sense_is_refused(units: dict[str, Unit], values: dict[str, Any], field: str) -> None:
    with pytest.raises(DomainError) as refused:
        check(units["LDVL"], **values)
    assert refused.value.field == field
    assert db.session.scalar(select(func.count(CatalogueCheck.id))) == 0


def test_a_check_because_of_a_publication_comes_after_it_and_ends_the_wait(
    opened: Open, units: dict[str, Unit]
) -> None:
    made = opened()
    service.hand_over(EVERYWHERE, CLERK, made.id, on=june(4))
    service.finish(EVERYWHERE, CLERK, made.id, on=june(5))
    with pytest.raises(DomainError):
        check(units["LDVL"], publication_id=made.id)  # not public yet
    service.make_public(EVERYWHERE, CLERK, made.id, on=june(10))
    waiting = check_queries.awaiting(EVERYWHERE, june(13), site_calendar())
    assert [(line.publication.code, line.working_days) for line in waiting] == [("CB-1", 3)]
    with pytest.raises(DomainError) as refused:
        check(units["LDVL"], checked_on=june(9), publication_id=made.id)
    assert refused.value.field == "checked_on"
    with pytest.raises(DomainError):
        check(units["NCC"], checked_on=june(13), publication_id=made.id)
    check(units["LDVL"], checked_on=june(13), publication_id=made.id)
    assert check_queries.awaiting(EVERYWHERE, june(13), site_calendar()) == []


def test_defects_are_put_right_once_and_not_before_they_were_found(units: dict[str, Unit]) -> None:
    made = check(units["LDVL"], defects="Sai mức phí")
    assert [row.check.id for row in check_queries.open_defects(EVERYWHERE)] == [made.id]
    with pytest.raises(DomainError):
        catalogue_service.fix_defects(EVERYWHERE, CLERK, made.id, on=june(4))
    catalogue_service.fix_defects(EVERYWHERE, CLERK, made.id, on=june(6), note="Văn phòng đã sửa")
    assert last_entry().details == {"fixed_on": "2024-06-06", "note": "Văn phòng đã sửa"}
    assert check_queries.open_defects(EVERYWHERE) == []
    with pytest.raises(Conflict):
        catalogue_service.fix_defects(EVERYWHERE, CLERK, made.id, on=june(7))


def test_a_check_without_defects_has_nothing_to_put_right(units: dict[str, Unit]) -> None:
    with pytest.raises(Conflict):
        catalogue_service.fix_defects(EVERYWHERE, CLERK, check(units["LDVL"]).id, on=june(6))


def test_a_check_removed_stays_in_the_audit_trail(units: dict[str, Unit]) -> None:
    made = check(units["LDVL"], defects="Sai mức phí")
    with pytest.raises(DomainError):
        catalogue_service.remove_check(EVERYWHERE, CLERK, made.id, reason=" ")
    catalogue_service.remove_check(EVERYWHERE, CLERK, made.id, reason="Ghi nhầm đơn vị")
    assert db.session.scalar(select(func.count(CatalogueCheck.id))) == 0
    assert last_entry().details["says"]["unit"] == "LDVL"
    assert last_entry().details["reason"] == "Ghi nhầm đơn vị"


def test_a_unit_checks_for_itself(units: dict[str, Unit]) -> None:
    ncc = Scope(SITE, frozenset({units["NCC"].id}))
    with pytest.raises(NotAllowed):
        catalogue_service.record_check(ncc, CLERK, unit_id=units["LDVL"].id, checked_on=june(5), **ALL_THREE)
    made = check(units["LDVL"], defects="Sai mức phí")
    with pytest.raises(NotFound):
        catalogue_service.fix_defects(ncc, CLERK, made.id, on=june(6))
    assert check_queries.checks(ncc, june(1), june(30)) == []


def test_a_review_is_the_accountable_unit_s(units: dict[str, Unit]) -> None:
    make_version(units["LDVL"], code="1.001")
    assert review().unit_id == units["LDVL"].id
    with pytest.raises(NotAllowed) as refused:
        catalogue_service.record_review(
            Scope(SITE, frozenset({units["NCC"].id})),
            CLERK,
            procedure="1.001",
            findings=Findings(reviewed_on=june(6)),
        )
    assert refused.value.field == "procedure"
    with pytest.raises(NotFound):
        review("9.999")


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"reviewed_on": date(2024, 7, 2)}, "reviewed_on"),
        ({"restructured": True, "fields_before": 20}, "fields_after"),
        ({"restructured": True, "fields_before": 0, "fields_after": 0}, "fields_before"),
        ({"fields_before": -1}, "fields_before"),
        ({"fields_after": 10_001}, "fields_after"),
        ({"simplification_approved_on": june(6)}, "decision"),
        ({"simplification_approved_on": june(4), "decision": "7/QĐ"}, "simplification_approved_on"),
        ({"decision": "7/QĐ"}, "simplification_approved_on"),
    ],
)
def test_a_review_that_makes_no_sense_is_refused(units: dict[str, Unit], values: dict[str, Any], field: str) -> None:
    make_version(units["LDVL"], code="1.001")
    with pytest.raises(DomainError) as refused:
        review(**values)
    assert refused.value.field == field
    assert db.session.scalar(select(func.count(ProcedureReview.id))) == 0


def test_more_items_after_than_before_is_kept_and_shown(units: dict[str, Unit]) -> None:
    make_version(units["LDVL"], code="1.001")
    review(restructured=True, fields_before=20, fields_after=25)
    share = review_queries.reviews(EVERYWHERE, 2024)[0].share_cut
    assert share is not None
    assert share < 0


def test_a_procedure_is_reviewed_once_a_day(units: dict[str, Unit]) -> None:
    make_version(units["LDVL"], code="1.001")
    review()
    with pytest.raises(Conflict):
        review()


def test_a_correction_of_a_review_keeps_what_it_said(units: dict[str, Unit]) -> None:
    make_version(units["LDVL"], code="1.001")
    made = review(restructured=True, fields_before=20, fields_after=15)
    findings = Findings(reviewed_on=june(5), restructured=True, fields_before=20, fields_after=16)
    with pytest.raises(DomainError):
        catalogue_service.correct_review(EVERYWHERE, CLERK, made.id, findings=findings, reason="")
    catalogue_service.correct_review(EVERYWHERE, CLERK, made.id, findings=findings, reason="Đếm lại tờ")
    assert last_entry().details["changed"] == {"fields_after": [15, 16]}
    with pytest.raises(DomainError):
        catalogue_service.correct_review(EVERYWHERE, CLERK, made.id, findings=findings, reason="Không đổi gì")


def test_a_simplification_is_approved_once_by_a_decision_after_the_review(units: dict[str, Unit]) -> None:
    make_version(units["LDVL"], code="1.001")
    made = review(proposal="Bỏ bản sao có chứng thực")
    with pytest.raises(DomainError):
        catalogue_service.approve_simplification(EVERYWHERE, CLERK, made.id, on=june(4), decision="7/QĐ-UBND")
    with pytest.raises(DomainError):
        catalogue_service.approve_simplification(EVERYWHERE, CLERK, made.id, on=june(6), decision=" ")
    catalogue_service.approve_simplification(EVERYWHERE, CLERK, made.id, on=june(6), decision="7/QĐ-UBND")
    db.session.refresh(made)
    assert (made.simplification_approved_on, made.decision) == (june(6), "7/QĐ-UBND")
    with pytest.raises(Conflict):
        catalogue_service.approve_simplification(EVERYWHERE, CLERK, made.id, on=june(7), decision="8/QĐ-UBND")


def test_a_review_removed_stays_in_the_audit_trail(units: dict[str, Unit]) -> None:
    make_version(units["LDVL"], code="1.001")
    catalogue_service.remove_review(EVERYWHERE, CLERK, review(proposal="Bỏ tờ khai").id, reason="Ghi nhầm")
    assert review_queries.reviews(EVERYWHERE, 2024) == []
    assert last_entry().details["says"]["proposal"] == "Bỏ tờ khai"
