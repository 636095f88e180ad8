"""What is owed: charges less an exemption, in whole đồng."""

from __future__ import annotations

import pytest

from app.procedures.contents import ChargeContents, owed
from app.procedures.models import ChargeKind

FEE = ChargeContents(ChargeKind.FEE, "Cấp giấy phép", 600_000)
CHARGE = ChargeContents(ChargeKind.CHARGE, "Thẩm định hồ sơ", 45_001)


def test_without_an_exemption_every_charge_is_owed_whole() -> None:
    due = owed([FEE, CHARGE], 645_001)
    assert [(line.name, line.owed) for line in due.charges] == [("Cấp giấy phép", 600_000), ("Thẩm định hồ sơ", 45_001)]
    assert due.total == due.full == 645_001


def test_an_exemption_is_taken_off_each_charge_and_rounded_half_a_dong_upwards() -> None:
    due = owed([FEE, CHARGE], 645_001, percent_off=50)
    assert [line.owed for line in due.charges] == [300_000, 22_501]  # 22.500,5
    assert (due.total, due.full) == (322_501, 645_001)


def test_the_total_is_the_sum_of_the_rounded_charges() -> None:
    three = [ChargeContents(ChargeKind.FEE, name, 1) for name in "abc"]
    assert owed(three, 3, percent_off=50).total == 3


def test_whoever_is_wholly_exempted_owes_nothing() -> None:
    assert owed([FEE, CHARGE], 645_001, percent_off=100).total == 0


def test_a_fee_told_only_as_a_whole_is_one_charge_without_a_kind() -> None:
    due = owed([], 100_000, percent_off=30)
    assert [(line.kind, line.amount, line.owed) for line in due.charges] == [(None, 100_000, 70_000)]


def test_a_free_procedure_owes_nothing_at_all() -> None:
    assert owed([], 0, percent_off=50).charges == ()


@pytest.mark.parametrize("percent", [-1, 101])
def test_no_more_than_everything_can_be_taken_off(percent: int) -> None:
    with pytest.raises(ValueError):
        owed([FEE], 600_000, percent)
