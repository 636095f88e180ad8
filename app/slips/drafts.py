"""A slip for somebody whose file was not taken in: filled from what the clerk has typed into the intake form, or from
the register of refusals.

The number belongs to the draft (source "draft:PERSON:TOKEN"): printed again, also amended, it is the same slip.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from werkzeug.datastructures import MultiDict

from app.cases.intake.contents import COUNTS
from app.cases.intake.refusals import refusal
from app.cases.vocabulary import ReturnMethod
from app.core.calendar import TimeUnit
from app.organisation.access import Actor, Scope
from app.organisation.audit import transaction
from app.organisation.permissions import Capability, needs
from app.slips import content, queries
from app.slips.circulars import SlipKind
from app.slips.document import PrintedSlip
from app.slips.queries import DocumentAsked, ProcedureAsked, asked_for
from app.slips.service import NothingToPrint, Press, give_numbers, given_numbers
from app.slips.values import CaseOnPaper, MissingDocument, NamedPerson, Said
from app.web import extensions
from app.web.forms import number_in

KINDS = (SlipKind.SUPPLEMENT,)
_ROW = re.compile(r"documents-(\d{1,3})-(\w+)")

Typed = MultiDict[str, str]


@needs(Capability.RECEIVE_CASES)
def slip_of_draft(
    scope: Scope,
    by: Actor,
    typed: Typed,
    token: str,
    kind: SlipKind,
    press: Press,
    phone: str = "",
    *,
    numbered: bool = False,
) -> PrintedSlip:
    """The request for a supplement of a file that is only typed. `phone` is the clerk's own.

    `numbered` gives the request its number, when it has none yet.
    """
    now = extensions.now().astimezone(press.zone)
    version_id = number_in(typed.get("version_id"))
    procedure = None if version_id is None else queries.procedure_asked(scope, version_id)
    case = _case(typed, procedure, now)
    told = Said(now, typed.get("note", ""), by.name, phone)
    if kind is not SlipKind.SUPPLEMENT:
        raise NothingToPrint("Hồ sơ chưa tiếp nhận không có phiếu này để in.")
    source = f"draft:{by.person_id}:{token}"
    numbers = given_numbers(scope.site, kind, [source])
    if numbered and not numbers:
        with transaction():
            numbers = give_numbers(scope.site, by, kind, [(source, None, now.year)])
    return content.supplement(case, told, press.house, "", numbers.get(source, ""))


def slip_of_refusal(scope: Scope, refusal_id: int, press: Press) -> PrintedSlip:
    """The slip of a file refused at the counter, as the register has it. NotFound outside the scope."""
    made, code, name = refusal(scope, refusal_id)
    at = made.refused_at.astimezone(press.zone)
    names = ("content", "owner", "applicant", "id_number", "phone", "email", "address")
    typed: Typed = MultiDict({each: getattr(made, each) for each in names})
    case = _case(typed, ProcedureAsked(code, name, "", ()), at)
    told = Said(at, made.reason, made.officer, made.phone_of_officer)
    drawn = content.refusal(case, told, press.house, "")
    return replace(drawn, under_title=(*drawn.under_title, f"(Số {made.shown_number} trong sổ từ chối tiếp nhận)"))


def missing_of(typed: Typed, documents: tuple[DocumentAsked, ...]) -> tuple[MissingDocument, ...]:
    """The required documents of which the checklist counts none, in the kind and number asked for."""
    rows: dict[str, dict[str, str]] = defaultdict(dict)
    for name, value in typed.items():
        if found := _ROW.fullmatch(name):
            rows[found[1]][found[2]] = value.strip()
    handed = {
        row.get("document_id", "")
        for row in rows.values()
        if any(row.get(count, "").strip("0").isdecimal() for count in COUNTS)
    }
    return tuple(
        asked_for(each.name, each.kind, each.quantity)
        for each in documents
        if each.required and str(each.id) not in handed
    )


def _case(typed: Typed, procedure: ProcedureAsked | None, now: datetime) -> CaseOnPaper:
    """What there is of a case before it is one: nothing is promised, no code is given."""
    words = {name: " ".join(typed.get(name, "").split()) for name in ("content", "owner", "applicant")}
    details = {name: " ".join(typed.get(name, "").split()) for name in ("id_number", "phone", "email", "address")}
    return CaseOnPaper(
        id=0,
        code="",
        person=NamedPerson(words["applicant"], words["owner"], **details),
        procedure_code=procedure.code if procedure else "",
        procedure=procedure.name if procedure else "",
        content=words["content"],
        unit=procedure.unit if procedure else "",
        unit_ids=(),
        time_amount=Decimal(0),
        time_unit=TimeUnit.WORKING_DAYS,
        received_at=now,
        received_by="",
        register_year=None,
        register_number=None,
        earlier_number="",
        promised_at=None,
        due_at=None,
        result_at=None,
        sets=1,
        return_method=ReturnMethod.IN_PERSON,
        fee_due=0,
        paid=0,
        exemption="",
        documents=(),
        missing=missing_of(typed, procedure.documents) if procedure else (),
        stays=(),
        consulted=(),
        supplements=(),
        refusal=None,
        stop=None,
        letters=(),
    )
