"""A case's state as rows of the derived tables: one place for the service, the import and the demonstration."""

from __future__ import annotations

from collections.abc import Iterable
from operator import attrgetter
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import selectinload

from app.cases.timeline import CaseState, StageTerms, Terms, whole
from app.core.text import fold
from app.procedures.models import ProcedureVersion
from app.web.extensions import db

Row = dict[str, Any]

DERIVED = (
    "status",
    "promised_at",
    "due_at",
    "late_after",
    "paused_at",
    "supplement_by",
    "result_at",
    "closed_at",
    "ended_at",
    "annulled_at",
    "delivered_at",
    "files_digitised_at",
    "result_digitised_at",
    "paper_result_at",
    "electronic_result_at",
    "electronic_days",
    "holder_unit_id",
    "holder_id",
    "officer",
    "stage",
    "received_at",
)
_derived = attrgetter(*DERIVED)


def case_row(state: CaseState) -> Row:
    """The columns of `cases` that the events decide; the accountable unit among them once one succeeded another."""
    row = dict(zip(DERIVED, _derived(state), strict=True))
    return row if state.unit_id is None else row | {"unit_id": state.unit_id}


def stage_rows(site: str, case_id: int, state: CaseState) -> list[Row]:
    return [
        {
            "site": site,
            "case_id": case_id,
            "number": stay.number,
            "position": stay.position,
            "name": stay.name,
            "unit_id": stay.unit_id,
            "officer": stay.officer,
            "person_id": stay.person_id,
            "allowance": stay.allowance,
            "started_at": stay.started_at,
            "due_at": stay.due_at,
            "ended_at": stay.ended_at,
            "used": stay.used,
        }
        for stay in state.stays
    ]


def promise_rows(site: str, case_id: int, state: CaseState) -> list[Row]:
    return [
        {
            "site": site,
            "case_id": case_id,
            "number": made.number,
            "event_number": made.event_number,
            "since": made.since,
            "due_at": made.due_at,
            "cause": made.cause,
            "actor": made.actor,
            "late_after": made.late_after,
        }
        for made in state.promises
    ]


def pause_rows(site: str, case_id: int, state: CaseState) -> list[Row]:
    return [
        {
            "site": site,
            "case_id": case_id,
            "number": number,
            "started_at": pause.started_at,
            "ended_at": pause.ended_at,
            "reason": pause.reason,
        }
        for number, pause in enumerate(state.pauses, 1)
    ]


def payment_rows(site: str, case_id: int, unit_id: int, online_payable: bool, state: CaseState) -> list[Row]:
    """Rows of `payments`; `unit_id` is the accountable unit: the payment counts in the rate of who was it then."""
    return [
        {
            "site": site,
            "case_id": case_id,
            "event_number": paid.event_number,
            "unit_id": state.accountable_at(paid.at, unit_id),
            "paid_at": paid.at,
            "amount": paid.amount,
            "channel": paid.channel,
            "online_payable": online_payable and state.annulled_at is None,
            "transaction_number": paid.transaction_number,
            "receipt_number": paid.receipt_number,
            "refunded": paid.refunded,
            "voided": paid.voided,
        }
        for paid in state.payments
    ]


def refund_rows(site: str, case_id: int, unit_id: int, state: CaseState) -> list[Row]:
    """Rows of `refunds`; `unit_id` is the accountable unit."""
    return [
        {
            "site": site,
            "case_id": case_id,
            "event_number": refund.event_number,
            "payment_number": refund.payment_number,
            "unit_id": state.accountable_at(refund.at, unit_id),
            "refunded_at": refund.at,
            "amount": refund.amount,
            "reason": refund.reason,
        }
        for refund in state.refunds
    ]


def consultation_rows(site: str, case_id: int, state: CaseState) -> list[Row]:
    return [
        {
            "site": site,
            "case_id": case_id,
            "number": asked.number,
            "unit_id": asked.unit_id,
            "asked_at": asked.asked_at,
            "due_at": asked.due_at,
            "answered_at": asked.answered_at,
            "question": asked.question,
            "answer": asked.answer,
        }
        for asked in state.consultations
    ]


def derived_rows(site: str, case_id: int, unit_id: int, online_payable: bool, state: CaseState) -> dict[str, list[Row]]:
    """All rows derived from the events of one case beside the case's own: table -> rows."""
    return {
        "case_stages": stage_rows(site, case_id, state),
        "case_promises": promise_rows(site, case_id, state),
        "case_pauses": pause_rows(site, case_id, state),
        "payments": payment_rows(site, case_id, unit_id, online_payable, state),
        "refunds": refund_rows(site, case_id, unit_id, state),
        "consultations": consultation_rows(site, case_id, state),
    }


def search_text(
    code: str,
    applicant: str,
    id_number: str,
    phone: str,
    procedure_code: str = "",
    owner: str = "",
    other_code: str = "",
) -> str:
    """What a case is found by: folded words of its code, applicant, identity number, phone, owner, code in another
    system and procedure's code.

    A number written in groups ("0912 345 678") is kept as its digits in one row. The procedure's code stands last.
    """
    return fold(f"{code} {applicant} {_in_one(id_number)} {_in_one(phone)} {owner} {other_code} {procedure_code}")


def _in_one(number: str) -> str:
    return number if number.isdigit() else fold(number).replace(" ", "")


def terms_of(version: ProcedureVersion) -> Terms:
    """The terms of a version whose stages are loaded."""
    return Terms(
        amount=whole(version.time_amount),
        unit=version.time_unit,
        pause_mode=version.pause_mode,
        unit_id=version.unit_id,
        stages=tuple(
            StageTerms(stage.position, stage.name, stage.unit_id, whole(stage.allowance)) for stage in version.stages
        ),
    )


def versions_by_id(ids: Iterable[int]) -> dict[int, ProcedureVersion]:
    """Those versions with their stages, by id."""
    found = db.session.scalars(
        select(ProcedureVersion).where(ProcedureVersion.id.in_(set(ids))).options(selectinload(ProcedureVersion.stages))
    )
    return {version.id: version for version in found}
