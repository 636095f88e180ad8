"""Facts are checked where they are gathered: exactly the declared fields, of the declared types."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, cast

import pytest

from app.core import facts
from app.core.facts import Fact, FactError, FactField, FactKind, FactQuery, gather, register, register_source
from app.core.periods import Period

WORDS = "số"
PAY = FactKind("pay", "unit", (FactField("online", int, "giao dịch", WORDS),), WORDS)
STAGE = FactKind("stage", "unit", (FactField("over", bool, "", WORDS),), WORDS)
LATE = FactKind("late_case", "case", (FactField("due", str, "", WORDS, is_day=True),), WORDS)

NOWHERE = cast(Any, None)
QUERY = FactQuery(
    "site",
    Period.parse("2024-06"),
    datetime(2024, 6, 1, tzinfo=UTC),
    datetime(2024, 7, 1, tzinfo=UTC),
    datetime(2024, 7, 1, tzinfo=UTC),
)


@pytest.fixture(autouse=True)
def empty_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(facts, "_registry", [])
    monkeypatch.setattr(facts, "_by_name", {})


def source(*delivered: Fact) -> facts.FactSource:
    def deliver(_connection: Any, _query: FactQuery) -> Iterator[Fact]:
        yield from delivered

    return deliver


def fact(kind: str = "pay", unit: str = "U", **fields: Any) -> Fact:
    return {"kind": kind, "unit": unit, "period": "2024-06", **fields}


def gathered(*delivered: Fact, kinds: tuple[FactKind, ...] = (PAY, STAGE, LATE), **limits: Any) -> list[Fact]:
    register_source(kinds, source(*delivered))
    return list(gather(NOWHERE, QUERY, **limits))


def test_facts_come_as_they_are_declared() -> None:
    whole = [fact(online=7), fact("stage", over=True), fact("late_case", subject="H1", due="2024-06-03")]
    assert gathered(*whole) == whole


def test_only_the_kinds_asked_for_are_gathered() -> None:
    assert gathered(fact(online=7), fact("stage", over=True), kinds=(PAY, STAGE)) == [
        fact(online=7),
        fact("stage", over=True),
    ]
    assert list(gather(NOWHERE, QUERY, ["stage"])) == [fact("stage", over=True)]


def test_a_source_that_is_not_asked_does_not_run() -> None:
    def broken(_connection: Any, _query: FactQuery) -> Iterator[Fact]:
        raise AssertionError("must not run")
        yield {}

    register(STAGE, broken)
    register(PAY, source(fact(online=1)))
    assert list(gather(NOWHERE, QUERY, ["pay"])) == [fact(online=1)]


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ([fact()], "thiếu “online”"),
        ([{"kind": "pay", "unit": "U", "online": 1}], "thiếu “period”"),
        ([fact(online=1, paid=2)], "không có trường “paid”"),
        ([fact(online="1")], "“online” phải là số"),
        ([fact(online=True)], "“online” phải là số"),
        ([fact(online=1.0)], "“online” phải là số"),
        ([fact(online=-1)], r"“online” không được âm \(-1\)"),
        ([fact("stage", over=1)], "“over” phải là đúng/sai"),
        ([fact("late_case", due="2024-06-03")], "thiếu “subject”"),
        (
            [fact("late_case", subject="H1", due="03/06/2024")],
            r"“due” phải là một ngày \(năm-tháng-ngày\)",
        ),
        ([fact("late_case", subject="H1", due="2024-02-30")], "không phải '2024-02-30'"),
        ([fact("late_case", subject="H1", due="20240603")], "“due” phải là một ngày"),
        ([fact("other", n=1)], "loại other mà nó không khai báo"),
        ([fact(online=1), fact(online=2)], "hai dữ kiện pay của cùng đơn vị U"),
    ],
)
def test_a_fact_that_is_not_as_declared_is_refused(wrong: list[Fact], sentence: str) -> None:
    with pytest.raises(FactError, match=sentence):
        gathered(*wrong)


def test_two_cases_of_one_unit_are_two_facts() -> None:
    cases = [fact("late_case", subject=code, due="") for code in ("H1", "H2")]
    assert gathered(*cases) == cases


def test_two_facts_about_one_case_are_refused() -> None:
    with pytest.raises(FactError, match="Có hai dữ kiện late_case"):
        gathered(fact("late_case", subject="H1", due=""), fact("late_case", subject="H1", due="2024-06-03"))


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(FactError, match="Không có loại dữ kiện nothing"):
        list(gather(NOWHERE, QUERY, ["nothing"]))


def test_registering_again_replaces_the_source_and_never_the_declaration() -> None:
    register(PAY, source(fact(online=1)))
    register(PAY, source(fact(online=2)))
    assert list(gather(NOWHERE, QUERY)) == [fact(online=2)]
    with pytest.raises(FactError, match="đã được đăng ký với nội dung khác"):
        register(FactKind("pay", "unit", (), WORDS), source())
    assert facts.catalogue() == {"pay": PAY}
