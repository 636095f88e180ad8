"""What a procedure may say, and what is wrong with the rest."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from app.core.calendar import TimeUnit
from app.core.errors import DomainError
from app.procedures.contents import (
    StageContents,
    check_code,
    differences,
    national_code,
    period_problems,
    problems,
    stage_total,
    stages_disagree,
    tidied,
)
from app.web.formats import read_amount, read_money, write_amount, write_money
from tests.procedures.contents import contents_for, payable


def faults(**said: Any) -> list[str | None]:
    return [problem.field for problem in problems(tidied(contents_for(1, **said)))]


def test_nothing_is_wrong_with_a_plain_procedure() -> None:
    assert faults() == []


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"name": "  "}, "name"),
        ({"field": ""}, "field"),
        ({"field": "x" * 121}, "field"),
        ({"time_amount": None}, "time_amount"),
        ({"time_amount": Decimal(0)}, "time_amount"),
        ({"time_amount": Decimal(20_000)}, "time_amount"),
        ({"time_amount": Decimal("0.125")}, "time_amount"),
        ({"time_amount": Decimal("1.5"), "time_unit": TimeUnit.CALENDAR_DAYS}, "time_amount"),
        ({"time_amount": Decimal(1), "time_unit": TimeUnit.SAME_DAY}, "time_amount"),
        ({"fee": -1}, "fee"),
        ({"stages": (StageContents("", 1, Decimal(1)),)}, "stages-0-name"),
        ({"stages": (StageContents("Nhận", 1, Decimal(1)), StageContents("x" * 201, 1, Decimal(1)))}, "stages-1-name"),
        ({"stages": (StageContents("Nhận", 1, Decimal(-1)),)}, "stages-0-allowance"),
        (payable(online_payment_reason=" "), "online_payment_reason"),
        (payable(fee=0), "online_payment_eligible"),
        ({"fee": 600_000, "online_payment_from": date(2024, 1, 1)}, "online_payment_from"),
    ],
)
def test_a_fault_is_bound_to_its_field(said: dict[str, Any], field: str) -> None:
    assert faults(**said) == [field]


def test_every_fault_is_told_at_once() -> None:
    assert faults(name="", fee=-1, time_amount=None) == ["name", "time_amount", "fee"]


def test_a_same_day_procedure_has_no_amount_and_its_stages_none_either() -> None:
    said = contents_for(1, time_unit=TimeUnit.SAME_DAY, time_amount=None, stages=(StageContents("Trả", 1, Decimal(3)),))
    assert list(problems(tidied(said))) == []
    assert tidied(said).stages == (StageContents("Trả", 1, Decimal(0)),)


def test_a_payable_procedure_may_say_since_when_it_is_deployed() -> None:
    assert faults(**payable(online_payment_from=date(2024, 1, 1))) == []


def test_a_version_ends_no_earlier_than_it_begins() -> None:
    assert [p.field for p in period_problems(date(2024, 5, 2), date(2024, 5, 1))] == ["in_force_to"]
    assert [p.field for p in period_problems(None, None)] == ["in_force_from"]
    assert list(period_problems(date(2024, 5, 2), date(2024, 5, 2))) == []


def test_stages_that_do_not_add_up_to_the_time_allowed_are_remarked() -> None:
    stages = (StageContents("Nhận", 1, Decimal("0.5")), StageContents("Xử lý", 1, Decimal("11.5")))
    assert stage_total(stages) == 12
    assert stages_disagree(Decimal(10), TimeUnit.WORKING_DAYS, stage_total(stages))
    assert not stages_disagree(Decimal(12), TimeUnit.WORKING_DAYS, stage_total(stages))


def test_without_stages_or_within_the_day_there_is_nothing_to_add_up() -> None:
    assert not stages_disagree(Decimal(10), TimeUnit.WORKING_DAYS, None)
    assert not stages_disagree(None, TimeUnit.SAME_DAY, Decimal(0))


def test_a_change_is_told_field_by_field() -> None:
    before, after = contents_for(1), contents_for(1, time_amount=Decimal(3), fee=600_000)
    changed = [(c.name, c.before, c.after) for c in differences(before, after)]
    assert changed == [("time_amount", 5, 3), ("fee", 0, 600_000)]


def test_the_national_part_of_a_code_is_kept() -> None:
    assert national_code("1.010708.000.00.00.H56") == "1.010708"
    assert national_code(" 1.010833 ") == "1.010833"
    assert national_code("SO-07/2024") == "SO-07/2024"


@pytest.mark.parametrize("code", ["", "có dấu cách", "x" * 65, "a;b"])
def test_a_code_that_is_none_is_refused(code: str) -> None:
    with pytest.raises(DomainError) as refused:
        check_code(code)
    assert refused.value.field == "code"


@pytest.mark.parametrize(("text", "amount"), [("10", "10"), ("0,5", "0.5"), (" 2.25 ", "2.25"), ("1", "1")])
def test_amounts_are_read_with_comma_or_point(text: str, amount: str) -> None:
    assert read_amount(text) == Decimal(amount)


@pytest.mark.parametrize("text", ["", "mười", "-1", "1.000,5", "1e3", "nan", "٣"])
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(DomainError):
        read_amount(text)


@pytest.mark.parametrize("text", ["600000", "600.000", "600,000", "600 000 đ", "600.000đ", "600.000 VNĐ"])
def test_money_is_read_with_or_without_separators(text: str) -> None:
    assert read_money(text) == 600_000


@pytest.mark.parametrize("text", ["600.5", "60.00", "-5", "miễn phí", ""])
def test_what_is_no_whole_amount_of_money_is_refused(text: str) -> None:
    with pytest.raises(DomainError):
        read_money(text)


def test_numbers_are_written_as_they_are_read() -> None:
    assert [write_amount(Decimal(a)) for a in ("10.00", "0.50", "100")] == ["10", "0,5", "100"]
    assert write_money(600_000) == "600.000"
