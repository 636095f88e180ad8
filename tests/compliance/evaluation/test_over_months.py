"""What is owed over the end of a month: raised from the month of its last day, the same whenever a month is checked."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from sqlalchemy import select

from app.compliance.evaluation.results import RuleResult
from app.compliance.models import Violation
from app.compliance.violations.cells import message_of_thing
from app.core.periods import Period
from app.obligations import service as duties
from app.obligations.models import FilingKind
from app.organisation.models import Role, Unit
from app.rulepacks.language import Status, SubjectState
from app.web.extensions import db
from tests.clock import at
from tests.compliance.month import BAC_GIANG, JUNE, check
from tests.factories import CLERK, EVERYWHERE, adopt_packs, finish, make_department, make_person, make_version, receive

JULY = Period.parse("2024-07")


@pytest.fixture
def units(session: Any) -> dict[str, Unit]:
    adopt_packs()
    return make_department()


def result(rule: str, period: Period, unit: str = "LDVL") -> RuleResult:
    report = check(period, pack_ids=[BAC_GIANG])
    return next(found for found in report.judgement.results if (found.rule, found.unit) == (rule, unit))


def test_an_explanation_due_in_the_next_month_is_pending_there_missing_and_then_carried_over(
    units: dict[str, Unit], freeze: Callable[..., Any]
) -> None:
    """Due on 26 June and closed late on the 28th: three working days to explain it end on 2 July."""
    version = make_version(units["LDVL"], ("Thẩm định", units["LDVL"], 2), days=2)
    case = receive(version, at("2024-06-24 08:00"))
    finish(case, at("2024-06-28 08:00"))
    freeze("2024-07-01 08:00")
    june = result("bg-5.3", JUNE)
    assert (june.status, june.due, [thing.subject for thing in june.things]) == (
        Status.PENDING,
        date(2024, 7, 2),
        [case.code],
    )
    freeze("2024-07-02 08:00")
    assert result("bg-5.3", JULY).status is Status.PENDING
    freeze("2024-07-03 08:00")
    assert [thing.subject for thing in result("bg-5.3", JULY).failing] == [case.code]
    freeze("2024-09-02 08:00")
    last_day = date(2024, 7, 2)
    found = {
        period.key: [(line.status, line.due, line.since) for line in result("bg-5.3", period).subjects]
        for period in (JUNE, JULY, Period.parse("2024-08"))
    }
    assert found == {
        "2024-06": [],
        "2024-07": [(SubjectState.MISSING, last_day, None)],
        "2024-08": [(SubjectState.MISSING, last_day, last_day)],
    }
    raised = db.session.scalars(select(Violation.period).where(Violation.rule == "bg-5.3")).all()
    assert sorted(raised) == ["2024-07", "2024-08"]


def hand_in(unit: Unit, period: Period, day: date) -> None:
    handed_in = {"unit_id": unit.id, "kind": FilingKind.MONTHLY_REPORT, "period": period.key}
    duties.hand_in(EVERYWHERE, CLERK, filed_on=day, title="Báo cáo tháng", **handed_in)


def test_a_report_is_pending_until_its_day_and_judged_in_the_month_of_that_day(
    units: dict[str, Unit], freeze: Callable[..., Any]
) -> None:
    def of_june(period: Period) -> list[tuple[SubjectState, date | None]]:
        lines = result("bg-iv.1", period).subjects
        return [(line.status, line.done_on) for line in lines if line.id == JUNE.key]

    freeze("2024-07-05 08:00")
    assert of_june(JUNE) == of_june(JULY) == [(SubjectState.PENDING, None)]
    freeze("2024-07-09 08:00")
    assert of_june(JUNE) == []
    assert of_june(JULY) == [(SubjectState.MISSING, None)]
    freeze("2024-07-10 08:00")
    hand_in(units["LDVL"], JUNE, date(2024, 7, 10))
    late = [(SubjectState.LATE, date(2024, 7, 10))]
    for now in ("2024-07-10 09:00", "2024-08-01 08:00", "2025-02-03 08:00"):
        freeze(now)
        assert of_june(JULY) == late
        assert of_june(JUNE) == []


def test_a_report_handed_in_after_the_month_of_its_day_was_missing_there_for_good(
    units: dict[str, Unit], freeze: Callable[..., Any]
) -> None:
    freeze("2024-08-02 08:00")
    before = result("bg-iv.1", JULY)
    hand_in(units["LDVL"], JUNE, date(2024, 8, 2))
    freeze("2024-12-02 08:00")
    after = result("bg-iv.1", JULY)
    assert before.status is after.status is Status.FAIL
    assert [line for line in before.subjects if line.id == JUNE.key] == [
        line for line in after.subjects if line.id == JUNE.key
    ]


def test_an_escalation_names_the_head_of_the_unit(units: dict[str, Unit], freeze: Callable[..., Any]) -> None:
    make_person(units["LDVL"], Role.HEAD, full_name="Lê Văn Trưởng")
    make_person(units["LDVL"], Role.HEAD, full_name="Người Đã Nghỉ", active=False)
    freeze("2024-07-20 08:00")
    check(JUNE, pack_ids=[BAC_GIANG])  # no monthly report of June
    freeze("2024-08-20 08:00")
    report = check(JULY, pack_ids=[BAC_GIANG])  # nor of July
    told = {
        raised.unit.code: {
            locale: message_of_thing(
                raised.rule, raised.cell, thing, raised.unit.name, raised.violation.period, locale, raised.head
            )
            for locale in ("vi", "en")
            for thing in raised.cell.things
            if thing.subject == "bg-iv.1"
        }
        for raised in report.violations
        if raised.violation.rule == "bg-iv.2b"
    }
    assert "người đứng đầu (Lê Văn Trưởng)" in told["LDVL"]["vi"]
    assert "review of the head (Lê Văn Trưởng)" in told["LDVL"]["en"]
    assert "người đứng đầu (chưa ghi tên)" in told["NCC"]["vi"]
