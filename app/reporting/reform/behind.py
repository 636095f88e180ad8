"""The cases behind the figures of the reform report that are counted from cases and payments: by the same conditions
as the facts (`cases.facts`, `obligations.facts`), in the days of the report."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, select

from app.cases import population
from app.cases.lists import Branches, NamedList, lines
from app.cases.models import Case, Payment
from app.cases.vocabulary import Knows, PaymentChannel
from app.core.errors import NotFound
from app.organisation.access import Scope
from app.procedures.models import Level, ProcedureVersion
from app.reporting.control.queries import ControlSpan, window_of


def _received(branches: Branches) -> NamedList:
    return NamedList("", Case, Case.received_at, branches, at=Case.received_at)


def _result(branches: Branches) -> NamedList:
    return NamedList("", Case, Case.result_at, branches, at=Case.result_at)


def _paid(branches: Branches) -> NamedList:
    return NamedList("", Payment, Payment.paid_at, branches)


def _offered_online() -> Any:
    offered = ProcedureVersion.level.in_((Level.FULL, Level.PARTIAL))
    return Case.version_id.in_(select(ProcedureVersion.id).where(ProcedureVersion.details_known, offered))


LISTS = {
    "online_share.received": _received(
        lambda w: [
            population.received_in(Case, w.start, w.as_of) & population.told(Case, Knows.CHANNEL) & _offered_online()
        ]
    ),
    "online_share.online": _received(
        lambda w: [
            population.received_in(Case, w.start, w.as_of) & population.came_electronically(Case) & _offered_online()
        ]
    ),
    "digitisation.files": _received(
        lambda w: [population.received_in(Case, w.start, w.end) & population.file_known(Case, w.as_of)]
    ),
    "digitisation.files_digitised": _received(
        lambda w: [population.received_in(Case, w.start, w.end) & population.file_digital(Case, w.as_of)]
    ),
    "digitisation.results": _result(
        lambda w: [population.result_given(Case, w.start, w.end) & population.result_known(Case, w.as_of)]
    ),
    "digitisation.results_digitised": _result(
        lambda w: [population.result_given(Case, w.start, w.end) & population.result_digital(Case, w.as_of)]
    ),
    "payment.eligible": _paid(lambda w: [population.payment_counted(w.start, w.end)]),
    "payment.online": _paid(
        lambda w: [population.payment_counted(w.start, w.end) & (Payment.channel == PaymentChannel.ONLINE)]
    ),
}
"""By the fact that gives the figure."""


def cases_behind(scope: Scope, span: ControlSpan, fact: str) -> Select[Any]:
    """The cases that a figure counts; of payments each payment's. Raises NotFound for a figure of something else."""
    if fact not in LISTS:
        raise NotFound("Không có danh sách cho số này.")
    found = lines(scope, [LISTS[fact]], window_of(span))
    return select(Case).join(found, found.c.case_id == Case.id)
