"""June 2024 in a small Department, recorded through the services: something for every verdict.

LDVL does everything right, with exactly 35 % of its payments online (7 of 20). NCC has a case resolved and never
closed, another one late, and no payment although a fee is due. TTDVVL has no case at all.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from app.cases.models import Case
from app.cases.vocabulary import EventKind, PaymentChannel
from app.compliance.runs import service
from app.compliance.runs.service import CheckReport
from app.core.periods import Period
from app.organisation.access import Actor
from app.organisation.models import Unit
from app.rulepacks.language import Status
from tests.clock import at
from tests.factories import happen, make_department, make_version, pay, receive

JUNE = Period.parse("2024-06")
INSPECTOR = Actor("Trần Thị Thanh Tra")
DIRECTOR = Actor("Hồ Giám Đốc")
DEPARTMENT, PROVINCE, BAC_GIANG = "khanh-hoa-department-2024", "khanh-hoa-province-2024", "bac-giang-2024"


@dataclass
class Month:
    """The units by code, and the cases that tests speak of."""

    units: dict[str, Unit]
    permit: Case
    """LDVL's: everything done, twenty payments."""
    not_closed: Case
    """NCC's: has its result, was never closed, and is past due."""
    late: Case
    """NCC's: closed, after its due time."""


def make_june() -> Month:
    units = make_department()
    permits = make_version(
        units["LDVL"], ("Thẩm định", units["LDVL"], 5), fee=600_000, eligible=True, deployed_from=date(2024, 1, 1)
    )
    permit = receive(permits, at("2024-06-03 08:00"))
    do_everything(permit, "2024-06-05")
    for number in range(20):
        channel = PaymentChannel.ONLINE if number < 7 else PaymentChannel.IN_PERSON
        pay(permit, at(f"2024-06-04 08:{number:02}"), channel)
    allowances = make_version(
        units["NCC"], ("Thẩm định", units["NCC"], 5), name="Trợ cấp", fee=20_000, eligible=True,
        deployed_from=date(2024, 1, 1),
    )  # fmt: skip
    not_closed = receive(allowances, at("2024-06-03 09:00"), "Lê Văn Năm")
    do_everything(not_closed, "2024-06-05", close=False)
    late = receive(allowances, at("2024-06-03 10:00"), "Phạm Thị Sáu")
    do_everything(late, "2024-06-20")
    return Month(units, permit, not_closed, late)


def do_everything(case: Case, day: str, close: bool = True) -> None:
    """Digitise, resolve, issue on paper and electronically, and close, all on one day."""
    happen(case, EventKind.FILES_DIGITISED, at(f"{day} 08:00"))
    happen(case, EventKind.RESOLVED, at(f"{day} 09:00"))
    happen(case, EventKind.RESULT_DIGITISED, at(f"{day} 09:10"))
    happen(case, EventKind.ISSUED_ELECTRONIC, at(f"{day} 09:20"))
    if close:
        happen(case, EventKind.CLOSED, at(f"{day} 09:30"))


def check(period: Period = JUNE, **limits: list[str]) -> CheckReport:
    """Run the check as an inspector would."""
    return service.run_check(INSPECTOR, period, **limits)  # type: ignore[arg-type]


def statuses(report: CheckReport, unit: str) -> dict[str, Status]:
    """Rule -> verdict on the unit."""
    return {result.rule: result.status for result in report.judgement.results if result.unit == unit}


def changes(report: CheckReport) -> dict[tuple[str, str], str]:
    """(rule, unit) -> change of the violations the run spoke of."""
    return {(raised.violation.rule, raised.unit.code): raised.change.value for raised in report.violations}
