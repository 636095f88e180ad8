"""Facts in, one result for every rule and unit out."""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from typing import Any

import pytest

from app.compliance.evaluation.evaluate import judge, missing
from app.compliance.evaluation.results import Judgement, RuleResult
from app.core.errors import DomainError, NotFound
from app.core.facts import FactError
from app.core.periods import Period
from app.rulepacks.compiler import RuleOutcome
from app.rulepacks.language import Status
from tests.compliance import sample
from tests.compliance.sample import pay, units

JUNE = Period.parse("2024-06")


def one(
    facts: list[dict[str, Any]], unit: str = "LDVL", overrides: dict[str, Any] | None = None, **parts: Any
) -> RuleResult:
    """The only result for one unit."""
    (result,) = judge([sample.pack(**parts)], facts, units(unit), JUNE, overrides).results
    return result


def judged(facts: list[dict[str, Any]], *codes: str, **parts: Any) -> Judgement:
    return judge([sample.pack(**parts)], facts, units(*codes), JUNE)


def test_a_result_keeps_its_figures() -> None:
    result = one([pay("LDVL", online=6, eligible=20, due=25)])
    assert (result.pack, result.rule, result.unit) == ("plan-2024", "p-1", "LDVL")
    assert (result.status, result.reason) == (Status.FAIL, RuleOutcome.FAILED)
    assert (result.numerator, result.denominator, result.value) == (6, 20, Fraction(3, 10))
    assert (result.comparison, result.target, result.shortfall) == ("at_least", Fraction(7, 20), 1)
    assert result.figures == {"pay.online": 6, "pay.eligible": 20, "pay.due": 25}
    assert result.answer_days == 5


def test_a_result_names_the_parameter_its_day_and_its_words() -> None:
    parameter = one([]).parameter
    assert parameter is not None
    assert (parameter.name, parameter.value, parameter.since) == (
        "online_rate",
        Fraction(7, 20),
        date(2024, 1, 1),
    )
    assert parameter.source is not None
    assert parameter.source.quote == "từ 35%"
    assert not parameter.overridden


def test_exactly_35_percent_reaches_from_35_and_not_above_35() -> None:
    facts = [pay("LDVL", online=7, eligible=20)]
    above = sample.changed(sample.RATE_RULE, target={"more_than": "online_rate"})
    assert one(facts).status is Status.PASS
    assert one(facts).shortfall == 0
    assert one(facts, rules=[above]).status is Status.FAIL
    assert one(facts, rules=[above]).shortfall == 1


def test_nothing_to_judge_is_not_applicable_and_has_no_value() -> None:
    result = one([])
    assert (result.status, result.reason) == (Status.NOT_APPLICABLE, RuleOutcome.NOTHING)
    assert (result.numerator, result.denominator, result.value, result.shortfall) == (0, 0, None, None)


def test_nothing_recorded_where_something_was_due_is_no_data() -> None:
    assert one([pay("LDVL", online=0, eligible=0, due=3)]).status is Status.NO_DATA


def test_a_unit_out_of_scope_has_no_figures_and_is_not_applicable() -> None:
    rule = sample.changed(sample.RATE_RULE, scope={"codes": ["NCC"]})
    result = one([pay("LDVL", online=0, eligible=9)], rules=[rule])
    assert (result.status, result.reason) == (Status.NOT_APPLICABLE, RuleOutcome.OUT_OF_SCOPE)
    assert (result.numerator, result.denominator) == (None, None)


def test_the_packs_scope_and_the_rules_both_count() -> None:
    rule = sample.changed(sample.RATE_RULE, scope={"kinds": ["division"]})
    info = sample.INFO | {"scope": {"codes": ["A", "B"]}}
    pack = sample.pack(rules=[rule], info=info)
    everyone = [
        {"code": "A", "kind": "division"},
        {"code": "B", "kind": "attached"},
        {"code": "C", "kind": "division"},
    ]
    facts = [pay(code, online=0, eligible=1) for code in "ABC"]
    reasons = [result.reason for result in judge([pack], facts, everyone, JUNE).results]
    assert reasons == [RuleOutcome.FAILED, RuleOutcome.OUT_OF_SCOPE, RuleOutcome.OUT_OF_SCOPE]


def test_a_rule_that_does_not_apply_says_so() -> None:
    rule = sample.changed(sample.RATE_RULE, applies_when={"pay.eligible": {"at_least": "fewest"}})
    facts = [pay("A", online=0, eligible=4), pay("B", online=0, eligible=5)]
    first, second = judged(facts, "A", "B", rules=[rule]).results
    assert (first.reason, second.reason) == (RuleOutcome.EXCLUDED, RuleOutcome.FAILED)
    assert first.status is Status.NOT_APPLICABLE


def test_a_condition_rule_has_no_rate() -> None:
    facts = [pay("A", 0, 0, due=4), pay("B", 0, 0, due=3)]
    first, second = judged(facts, "A", "B", rules=[sample.CONDITION_RULE]).results
    assert (first.status, second.status) == (Status.FAIL, Status.PASS)
    assert (first.numerator, first.value, first.comparison, first.target, first.shortfall) == (None,) * 5
    assert first.figures == {"pay.due": 4}


def test_fields_are_added_up() -> None:
    rate = {"count": ["a.x", "a.y"], "among": ["b.x", "b.y"]}
    rule = sample.changed(sample.RATE_RULE, rate=rate, target={"at_least": "100%"})
    facts = [
        {"kind": "a", "unit": "U", "period": "2024-06", "x": 1, "y": 2, "z": 99},
        {"kind": "b", "unit": "U", "period": "2024-06", "x": 3, "y": 2, "word": "", "flag": False},
    ]
    result = one(facts, "U", rules=[rule])
    assert (result.numerator, result.denominator, result.shortfall) == (3, 5, 2)


@pytest.mark.parametrize(
    ("comparison", "target", "numerator", "denominator", "shortfall"),
    [
        ("at_least", "35%", 0, 20, 7),
        ("at_least", "35%", 0, 21, 8),
        ("more_than", "35%", 0, 20, 8),
        ("more_than", "35%", 0, 21, 8),
        ("more_than", "100%", 20, 20, None),
        ("at_least", "100%", 19, 20, 1),
        ("at_most", "5%", 3, 20, 2),
        ("less_than", "5%", 3, 20, 3),
        ("less_than", "0%", 1, 20, None),
        ("at_most", "0%", 1, 20, 1),
    ],
)
def test_the_shortfall_is_how_many_more_or_fewer_reach_the_target(
    comparison: str, target: str, numerator: int, denominator: int, shortfall: int | None
) -> None:
    rule = sample.changed(sample.RATE_RULE, target={comparison: target})
    result = one([pay("U", numerator, denominator)], "U", rules=[rule])
    assert (result.status, result.shortfall) == (Status.FAIL, shortfall)


def test_the_shortfall_is_the_smallest_number_that_would_do() -> None:
    for denominator in range(1, 40):
        for numerator in range(denominator + 1):
            value = Fraction(numerator, denominator)
            target = Fraction(1, 3)
            needed = missing("at_least", target, numerator, denominator)
            assert needed is not None
            if value < target:
                assert Fraction(numerator + needed, denominator) >= target
                assert Fraction(numerator + needed - 1, denominator) < target


def test_a_what_if_value_replaces_the_plans_and_says_so() -> None:
    result = one([pay("LDVL", online=7, eligible=20)], overrides={"online_rate": "40%"})
    assert (result.status, result.target, result.shortfall) == (Status.FAIL, Fraction(2, 5), 1)
    assert result.parameter is not None
    assert result.parameter.overridden


def test_a_what_if_value_must_be_known_and_fit() -> None:
    with pytest.raises(NotFound, match="Không có tham số “nope”"):
        one([], overrides={"nope": "1%"})
    with pytest.raises(DomainError, match="nằm ngoài khoảng"):
        one([], overrides={"online_rate": "140%"})


def test_a_parameter_without_a_value_on_the_day_is_told() -> None:
    may = Period.parse("2023-05")
    with pytest.raises(DomainError, match=r"“online_rate” chưa có giá trị vào ngày 31/05/2023"):
        judge([sample.pack()], [], units("U"), may)


def test_packs_not_in_force_are_skipped_unless_another_day_is_given() -> None:
    pack = sample.pack(info=sample.INFO | {"in_force": {"from": "2024-01-01", "until": "2024-12-31"}})
    june_2011 = Period.parse("2011-06")
    skipped = judge([pack], [], units("U"), june_2011)
    assert (skipped.results, skipped.skipped) == ((), ("plan-2024",))
    forced = judge([pack], [], units("U"), june_2011, law_on=date(2024, 12, 31))
    assert (len(forced.results), forced.skipped, forced.law_on) == (1, (), date(2024, 12, 31))


def test_a_rule_is_judged_only_over_its_kinds_of_period() -> None:
    quarterly = sample.changed(sample.RATE_RULE, judge={"each": "unit", "every": "quarter"})
    pack = sample.pack(rules=[quarterly])
    assert judge([pack], [], units("U"), JUNE).results == ()
    assert len(judge([pack], [], units("U"), Period.parse("2024-Q2")).results) == 1


def test_every_rule_and_unit_has_one_result_in_the_order_given() -> None:
    results = judged([], "B", "A", rules=[sample.RATE_RULE, sample.CONDITION_RULE]).results
    assert [(r.rule, r.unit) for r in results] == [
        ("p-1", "B"),
        ("p-1", "A"),
        ("p-2", "B"),
        ("p-2", "A"),
    ]


def test_facts_about_units_not_judged_are_named_and_not_lost_in_silence() -> None:
    assert judged([pay("GONE", 0, 5)], "U").left_out == (("pay", "GONE"),)


def test_more_counted_than_there_is_to_count_among_is_reported() -> None:
    (found,) = judged([pay("U", online=9, eligible=5)], "U").contradictions
    assert (found.rule, found.unit, found.numerator, found.denominator) == ("p-1", "U", 9, 5)


def test_facts_about_single_cases_are_passed_over() -> None:
    case = {"kind": "overdue", "unit": "U", "period": "2024-06", "subject": "H1", "days": 3}
    assert len(judged([case, case], "U").results) == 1


@pytest.mark.parametrize(
    ("facts", "sentence"),
    [
        ([pay("U", 1, 2, period="2024-05")], "thuộc kỳ 2024-05, không phải kỳ 2024-06"),
        ([pay("U", 1, 2), pay("U", 1, 2)], "Có hai dữ kiện pay của cùng đơn vị U"),
        ([pay("U", -1, 2)], r"“online” không dùng được \(-1\)"),
        ([{**pay("U", 1, 2), "online": True}], r"“online” không dùng được \(True\)"),
        ([{**pay("U", 1, 2), "online": 1.0}], r"“online” không dùng được \(1.0\)"),
        ([{"kind": "pay", "unit": "U", "period": "2024-06", "online": 1}], "“eligible” không dùng được"),
    ],
)
def test_facts_that_cannot_be_used_stop_the_judgement(facts: list[dict[str, Any]], sentence: str) -> None:
    with pytest.raises(FactError, match=sentence):
        judged(facts, "U")


def test_a_unit_given_twice_is_refused() -> None:
    with pytest.raises(FactError, match="Đơn vị U bị lặp lại"):
        judged([], "U", "U")


def test_no_unit_and_no_pack_is_no_result() -> None:
    assert judged([]).results == ()
    assert judge([], [], units("U"), JUNE).results == ()


def test_each_pack_judges_on_its_own_words() -> None:
    strict = sample.changed(sample.RATE_RULE, target={"more_than": "online_rate"})
    packs = [
        sample.pack(info=sample.INFO | {"id": "mild"}),
        sample.pack(info=sample.INFO | {"id": "strict"}, rules=[strict]),
    ]
    results = judge(packs, [pay("U", 7, 20)], units("U"), JUNE).results
    assert [(r.pack, r.status) for r in results] == [("mild", Status.PASS), ("strict", Status.FAIL)]


def of_unknown(known: int, unknown: int, share: Fraction) -> RuleResult:
    """A rate of `known` things that all count, of which `unknown` more could be told if the records told them."""
    rate = {"count": "pay.online", "among": "pay.eligible", "expects": "pay.due", "unknown": "a.x"}
    rule = sample.changed(sample.RATE_RULE, rate=rate)
    told = [pay("LDVL", online=known, eligible=known), {"kind": "a", "unit": "LDVL", "period": "2024-06", "x": unknown}]
    (result,) = judge([sample.pack(rules=[rule])], told, units("LDVL"), JUNE, too_unknown=share).results
    return result


@pytest.mark.parametrize(
    ("known", "unknown", "share", "status"),
    [
        (12, 3, Fraction(1), Status.PASS),  # three of fifteen, and only all is too much
        (0, 3, Fraction(1), Status.NO_DATA),
        (0, 0, Fraction(1), Status.NOT_APPLICABLE),
        (1, 1_000_000, Fraction(1), Status.PASS),
        (5, 4, Fraction(1, 2), Status.PASS),  # four of nine: less than half
        (5, 5, Fraction(1, 2), Status.NO_DATA),  # exactly half
        (5, 6, Fraction(1, 2), Status.NO_DATA),
        (99, 1, Fraction(1, 100), Status.NO_DATA),
        (100, 1, Fraction(1, 100), Status.PASS),
        (5, 0, Fraction(1, 100), Status.PASS),
    ],
)
def test_a_rate_is_no_data_from_the_share_of_unknown_that_the_site_says(
    known: int, unknown: int, share: Fraction, status: Status
) -> None:
    result = of_unknown(known, unknown, share)
    assert (result.status, result.denominator, result.unknown) == (status, known, unknown)


def test_a_rate_that_says_nothing_of_the_unknown_tells_none() -> None:
    assert one([pay("LDVL", online=6, eligible=20)]).unknown is None
