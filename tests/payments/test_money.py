"""Arithmetic of đồng: what is owed, how a payment is divided, how a sum is said."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.cases.balance import Balance
from app.payments.cash import Split, in_words, split
from app.procedures.models import ChargeKind

PHI, LE_PHI = ChargeKind.CHARGE, ChargeKind.FEE


@dataclass
class Taken:
    amount: int
    refunded: int = 0
    voided: bool = False


def test_nothing_paid_leaves_all_to_pay() -> None:
    assert Balance.of(600_000, []).remaining == 600_000


def test_part_payments_add_up_and_voided_ones_count_nowhere() -> None:
    balance = Balance.of(600_000, [Taken(200_000), Taken(100_000), Taken(300_000, voided=True)])
    assert (balance.paid, balance.remaining) == (300_000, 300_000)


def test_what_was_given_back_is_owed_again() -> None:
    balance = Balance.of(600_000, [Taken(600_000, refunded=200_000)])
    assert (balance.kept, balance.remaining, balance.over) == (400_000, 200_000, 0)


def test_what_is_kept_beyond_the_fee_is_told() -> None:
    balance = Balance.of(600_000, [Taken(700_000)])
    assert (balance.remaining, balance.over) == (0, 100_000)


def test_a_whole_payment_is_divided_as_the_charges_are() -> None:
    assert split(600_000, [(PHI, 450_000), (LE_PHI, 150_000)]) == Split(450_000, 150_000)


def test_half_off_takes_half_off_each() -> None:
    assert split(300_000, [(PHI, 450_000), (LE_PHI, 150_000)]) == Split(225_000, 75_000)


def test_a_procedure_with_lệ_phí_alone_gives_lệ_phí() -> None:
    assert split(123_457, [(LE_PHI, 600_000)]) == Split(0, 123_457)


@pytest.mark.parametrize("charges", [[], [(PHI, 0)]])
def test_without_charges_nobody_knows_which(charges: list[tuple[ChargeKind, int]]) -> None:
    assert split(600_000, charges) == Split(unknown=600_000)


@given(st.integers(0, 10**12), st.integers(0, 10**9), st.integers(0, 10**9))
def test_no_đồng_is_lost_or_made_in_dividing(amount: int, charge: int, fee: int) -> None:
    parts = split(amount, [(PHI, charge), (LE_PHI, fee)])
    assert parts.total == amount
    assert min(parts.charge, parts.fee, parts.unknown) >= 0


@pytest.mark.parametrize(
    ("amount", "said"),
    [
        (0, "Không đồng"),
        (5_000, "Năm nghìn đồng"),
        (15_000, "Mười lăm nghìn đồng"),
        (21_000, "Hai mươi mốt nghìn đồng"),
        (105_000, "Một trăm lẻ năm nghìn đồng"),
        (110_000, "Một trăm mười nghìn đồng"),
        (600_000, "Sáu trăm nghìn đồng"),
        (605_500, "Sáu trăm lẻ năm nghìn năm trăm đồng"),
        (1_000_000, "Một triệu đồng"),
        (1_005_000, "Một triệu không trăm lẻ năm nghìn đồng"),
        (2_024_155, "Hai triệu không trăm hai mươi bốn nghìn một trăm năm mươi lăm đồng"),
        (1_000_000_001, "Một tỷ không trăm lẻ một đồng"),
        (34_000_000_000, "Ba mươi bốn tỷ đồng"),
    ],
)
def test_a_sum_is_said_as_people_say_it(amount: int, said: str) -> None:
    assert in_words(amount) == said
