"""The cash summary: who took what, through which channel, phí and lệ phí apart, and what was given back."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from app.cases import service as cases
from app.cases.models import Case
from app.cases.vocabulary import PaymentChannel
from app.core.errors import DomainError
from app.organisation.access import Actor, Scope, scope_of
from app.organisation.models import Person, Role
from app.payments import cash
from app.payments.cash import DaySpan, Sight, Split
from app.payments.service import refund_payment, take_payment
from app.procedures.models import ChargeKind, ProcedureCharge, ProcedureVersion
from app.web.extensions import db
from tests import factories as make
from tests.clock import at
from tests.factories import EVERYWHERE

DESK, ONLINE = PaymentChannel.IN_PERSON, PaymentChannel.ONLINE
TODAY = DaySpan.of(date(2024, 7, 1))
ALL = Sight(EVERYWHERE)


@pytest.fixture
def units(session: Any) -> Any:
    return make.make_department()


@pytest.fixture
def clerks(units: Any) -> dict[str, Person]:
    return {name: make.make_person(units["MC"], full_name=name, username=name.lower()) for name in ("Lan", "Mai")}


def charged(version: ProcedureVersion, charge: int, fee: int) -> ProcedureVersion:
    for position, (kind, amount) in enumerate(((ChargeKind.CHARGE, charge), (ChargeKind.FEE, fee)), 1):
        db.session.add(
            ProcedureCharge(
                site="TEST", version_id=version.id, position=position, kind=kind, name=kind.value, amount=amount
            )
        )
    db.session.commit()
    return version


@pytest.fixture
def version(units: Any) -> ProcedureVersion:
    return charged(make.make_version(units["LDVL"], fee=600_000, eligible=True), 450_000, 150_000)


def by(person: Person) -> Actor:
    return Actor.of(person)


def take(person: Person, version: ProcedureVersion, amount: int = 600_000, transaction: str = "", **more: Any) -> Case:
    case = make.receive(version, at("2024-06-28 07:45"))
    channel = ONLINE if transaction else DESK
    return take_payment(
        EVERYWHERE, by(person), case.id, amount=amount, channel=channel, transaction_number=transaction, **more
    )


def rows(sight: Sight = ALL, span: DaySpan = TODAY) -> list[tuple[str, PaymentChannel | None, int, Split]]:
    return [(t.clerk, t.channel, t.payments, t.net) for t in cash.summary(sight, span).totals]


def test_each_clerk_and_channel_has_its_own_sums(clerks: Any, version: Any) -> None:
    take(clerks["Mai"], version)
    take(clerks["Lan"], version)
    take(clerks["Lan"], version, 300_000)
    take(clerks["Lan"], version, transaction="GD1")
    assert rows() == [
        ("Lan", DESK, 2, Split(675_000, 225_000)),
        ("Lan", ONLINE, 1, Split(450_000, 150_000)),
        ("Mai", DESK, 1, Split(450_000, 150_000)),
    ]
    assert cash.summary(ALL, TODAY).whole.net.total == 2_100_000


def test_what_was_given_back_counts_on_the_day_it_was_given_back(clerks: Any, version: Any, freeze: Any) -> None:
    case = take(clerks["Lan"], version)
    freeze("2024-07-02 09:00")
    refund_payment(EVERYWHERE, by(clerks["Mai"]), case.id, 2, amount=200_000, reason="Nộp thừa")
    assert rows() == [("Lan", DESK, 1, Split(450_000, 150_000))]
    assert rows(span=DaySpan.of(date(2024, 7, 2))) == [("Mai", DESK, 0, Split(-150_000, -50_000))]
    both = cash.summary(ALL, DaySpan.of(date(2024, 7, 1), date(2024, 7, 2)))
    assert both.whole.net.total == 400_000
    (line,) = cash.lines(ALL, DaySpan.of(date(2024, 7, 2)))
    assert (line.refund, line.amount, line.reason, line.receipt_number) == (
        True,
        200_000,
        "Nộp thừa",
        "BL-2024-000001",
    )


def test_a_voided_receipt_stays_listed_and_counts_nowhere(clerks: Any, version: Any) -> None:
    case = take(clerks["Lan"], version)
    take(clerks["Lan"], version)
    cases.correct(EVERYWHERE, by(clerks["Lan"]), case.id, 2, reason="Thu nhầm", void=True)
    assert rows() == [("Lan", DESK, 1, Split(450_000, 150_000))]
    listed = list(cash.lines(ALL, TODAY))
    assert [(line.receipt_number, line.voided) for line in listed] == [
        ("BL-2024-000001", True),
        ("BL-2024-000002", False),
    ]
    assert sum(line.counted.total for line in listed) == 600_000


def test_a_procedure_without_charges_is_told_apart(clerks: Any, units: Any) -> None:
    take(clerks["Lan"], make.make_version(units["NCC"], fee=50_000), 50_000)
    assert rows() == [("Lan", DESK, 1, Split(unknown=50_000))]


def test_the_lines_add_up_to_the_totals_even_when_parts_are_rounded(clerks: Any, units: Any) -> None:
    version = charged(make.make_version(units["LDVL"], fee=3), 1, 2)
    for amount in (1, 1, 2, 3, 1):
        take(clerks["Lan"], version, amount)
    lines = list(cash.lines(ALL, TODAY))
    assert sum((line.counted for line in lines), Split()) == cash.summary(ALL, TODAY).whole.net
    assert cash.count_lines(ALL, TODAY) == len(lines) == 5


def test_the_last_moment_of_a_day_belongs_to_it(clerks: Any, version: Any, freeze: Any) -> None:
    freeze("2024-07-01 23:59:59.700000")
    take(clerks["Lan"], version)
    assert len(rows()) == 1
    assert rows(span=DaySpan.of(date(2024, 7, 2))) == []


def test_a_clerk_sees_only_what_they_took(clerks: Any, version: Any) -> None:
    take(clerks["Lan"], version)
    take(clerks["Mai"], version)
    own = Sight(EVERYWHERE, clerks["Mai"].id)
    assert [clerk for clerk, *_rest in rows(own)] == ["Mai"]
    assert [line.clerk for line in cash.lines(own, TODAY)] == ["Mai"]


def test_a_head_sees_what_was_taken_for_or_by_their_unit(clerks: Any, units: Any, version: Any) -> None:
    take(clerks["Lan"], version)
    take(clerks["Lan"], make.make_version(units["NCC"], fee=50_000), 50_000)
    ldvl, office = (make.make_person(units[code], Role.HEAD) for code in ("LDVL", "VP"))
    assert [net.total for *_names, net in rows(Sight(scope_of(ldvl)))] == [600_000]
    assert [net.total for *_names, net in rows(Sight(scope_of(office)))] == [650_000]  # the desk is the Office's
    assert rows(Sight(Scope("TEST", frozenset()))) == []


def test_a_span_is_in_order_and_no_longer_than_a_year() -> None:
    assert DaySpan.of(date(2024, 1, 1), date(2024, 12, 31)).last == date(2024, 12, 31)
    with pytest.raises(DomainError, match="tối đa 366 ngày"):
        DaySpan.of(date(2024, 1, 1), date(2025, 1, 1))
    with pytest.raises(DomainError, match="không được trước"):
        DaySpan.of(date(2024, 1, 2), date(2024, 1, 1))
