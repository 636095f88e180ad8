"""What should not be forgotten before a case has its result, is closed or its result handed out; going on without it.

What is missing is listed. Going on needs a reason, which inspectors see; of which of them a site lets nobody go on is
kept in the database (`forbid`): by default of none.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import delete, select

from app.cases import population, service
from app.cases.balance import Balance
from app.cases.models import Case, ForbiddenLack, Payment
from app.cases.rows import terms_of, versions_by_id
from app.cases.timeline import Event, Terms, corrected
from app.cases.vocabulary import EventKind, Knows
from app.core.errors import N_, DomainError
from app.core.text import checked_reason, tidy
from app.organisation import audit
from app.organisation.access import Actor, Scope
from app.organisation.audit import transaction
from app.organisation.permissions import Capability, needs
from app.web import extensions
from app.web.extensions import db
from app.web.formats import label


class Lack(StrEnum):
    """What may be missing."""

    UNPAID = "unpaid"
    STAGES_SKIPPED = "stages_skipped"
    UNSIGNED = "unsigned"
    NOT_SCANNED = "not_scanned"
    NO_RESULT = "no_result"  # nobody noted the number of the result
    NO_RECEIVER = "no_receiver"


_OF_RESULT = (Lack.UNPAID, Lack.UNSIGNED, Lack.NOT_SCANNED, Lack.NO_RESULT)
LOOKED_FOR: Mapping[EventKind, tuple[Lack, ...]] = {
    EventKind.RESOLVED: (Lack.UNPAID, Lack.STAGES_SKIPPED, Lack.UNSIGNED, Lack.NOT_SCANNED, Lack.NO_RESULT),
    EventKind.CLOSED: _OF_RESULT,
    EventKind.DELIVERED: (Lack.UNPAID, Lack.UNSIGNED, Lack.NO_RESULT, Lack.NO_RECEIVER),
}
"""What is looked for before each of these is recorded."""


FORBIDS = N_("Chưa làm được vì còn thiếu: %(what)s. Cơ quan không cho làm tiếp khi thiếu.")


class Lacking(DomainError):
    """Something is missing. `lacks` says what; at `because` when a reason is all that is needed to go on."""

    def __init__(self, message: str, lacks: Sequence[Lack], *, field: str | None = None) -> None:
        super().__init__(message, field=field, what=ListOfLacks(lacks))
        self.lacks = tuple(lacks)


class ListOfLacks:
    """Several of them in a sentence."""

    def __init__(self, lacks: Sequence[Lack]) -> None:
        self.lacks = lacks

    def __str__(self) -> str:
        return ", ".join(label(lack) for lack in self.lacks)


@dataclass(frozen=True, slots=True)
class LacksFound:
    """What is missing before a step: without what the site lets nobody go on, and what asks for a reason."""

    forbidden: Sequence[Lack]
    asked: Sequence[Lack]


def lacking(case: Case, kind: EventKind, data: Mapping[str, Any] | None = None) -> LacksFound:
    """What is missing of the case before an event of that kind, which says `data`."""
    events = corrected(service.events_of([case.id])[case.id])
    terms = terms_of(versions_by_id([case.version_id])[case.version_id])
    payments = db.session.scalars(select(Payment).where(Payment.case_id == case.id)).all()
    missing = lacks_of(case, terms, events, Balance.of(case.fee_due, payments), kind, data or {})
    never, before = forbidden(case.site), gone_on_without(events)
    return LacksFound(
        [lack for lack in missing if lack in never],
        [lack for lack in missing if lack not in never and lack not in before],
    )


@needs(Capability.HANDLE_CASES)
def take_step(
    scope: Scope,
    by: Actor,
    case_id: int,
    kind: EventKind,
    *,
    because: str = "",
    data: Mapping[str, Any] | None = None,
    **kwargs: Any,
) -> Case:
    """Record that a case has its result, is closed, or that its result was handed out.

    Lacking at `because` when something is missing and nobody says why they go on; Lacking without a field when the site
    lets nobody go on without it. What was gone on with before, with a reason, needs none again.
    """
    said = dict(data or {})
    with transaction():
        case = service.case_for_change(scope, case_id, kwargs.get("revision"))
        found = lacking(case, kind, said)
        case = service.record(scope, by, case_id, kind, data=said, **kwargs)
        if found.forbidden:
            raise Lacking(FORBIDS, found.forbidden)
        if not found.asked:
            return case
        if not tidy(because):
            raise Lacking(N_("Còn thiếu: %(what)s. Nếu vẫn làm, hãy ghi lý do."), found.asked, field="because")
        reason = checked_reason(because, missing="", field="because")
        without = {"for": kind.value, "without": [lack.value for lack in found.asked]}
        return service.record(scope, by, case_id, EventKind.PROCEEDED, note=reason, data=without)


def lacks_of(
    case: Case, terms: Terms, events: Sequence[Event], balance: Balance, kind: EventKind, data: Mapping[str, Any]
) -> list[Lack]:
    """What is missing before an event of that kind, which says `data`. `events` as they stand."""
    told, now = Knows(case.knows), extensions.now()
    been = {terms.stages[0].position} if terms.stages else set()
    signed, number = False, str(data.get("number", ""))
    for event in events:
        if event.kind in (EventKind.HANDED_OVER, EventKind.RETURNED):
            been.add(int(event.data.get("position", max(been, default=0) + 1)))
        if event.kind in (EventKind.SIGNED, EventKind.RETURNED):
            signed = event.kind is EventKind.SIGNED
        if event.kind in (EventKind.SIGNED, EventKind.RESOLVED):
            number = number or str(event.data.get("number", ""))
    is_missing = {
        Lack.UNPAID: Knows.PAYMENT in told and balance.remaining > 0,
        Lack.STAGES_SKIPPED: Knows.STAGES in told and any(stage.position not in been for stage in terms.stages),
        Lack.UNSIGNED: case.returns_result and not signed and not data.get("signer"),
        Lack.NOT_SCANNED: bool(population.file_known(case, now)) and not population.file_digital(case, now),
        Lack.NO_RESULT: case.returns_result and not number,
        Lack.NO_RECEIVER: not (data.get("receiver") or data.get("postal_number")),
    }
    return [lack for lack in LOOKED_FOR[kind] if is_missing[lack]]


def gone_on_without(events: Iterable[Event]) -> set[Lack]:
    """What somebody went on without before, and said why."""
    return {Lack(each) for event in events if event.kind is EventKind.PROCEEDED for each in event.data["without"]}


def forbidden(site: str) -> set[Lack]:
    """Without which of them the site lets nobody go on."""
    return set(db.session.scalars(select(ForbiddenLack.lack).where(ForbiddenLack.site == site)))


@needs(Capability.KEEP_SITE)
def forbid(site: str, by: Actor, lacks: Collection[Lack]) -> None:
    """The site lets nobody go on without these, and asks for a reason at the others."""
    with transaction() as session:
        session.execute(delete(ForbiddenLack).where(ForbiddenLack.site == site))
        session.add_all([ForbiddenLack(site=site, lack=lack) for lack in lacks])
        audit.record(by, "forbid_lacks", "site", site, lacks=sorted(lack.value for lack in lacks))
