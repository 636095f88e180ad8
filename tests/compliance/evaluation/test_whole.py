"""The Department as a whole: what its units come to together, each unit's own part, and the lead in its place."""

from __future__ import annotations

from typing import Any

import pytest

from app.compliance.evaluation.evaluate import judge
from app.compliance.evaluation.results import RuleResult
from app.compliance.messages import render_message
from app.core.periods import Period
from app.rulepacks.language import JudgedAs, Status
from app.rulepacks.premises import BESIDE, ENDED, Setting, unit_told
from tests.compliance import sample

JUNE = Period.parse("2024-06")
EVERY = ["month", "quarter", "half", "year"]
UNITS = [
    {"code": "SO", "kind": "department"},
    {"code": "VP", "kind": "office"},
    {"code": "A", "kind": "division"},
    {"code": "B", "kind": "division"},
]
FACTS = [sample.pay("A", 7, 21, 21), sample.pay("B", 0, 20, 20), sample.pay("SO", 1, 1, 1)]


def judged(
    rule: dict[str, Any], facts: list[dict[str, Any]] = FACTS, units: list[dict[str, str]] = UNITS
) -> dict[str, RuleResult]:
    results = judge([sample.pack(rules=[rule])], facts, units, JUNE).results
    return {result.unit: result for result in results}


def whole(**judge: Any) -> dict[str, Any]:
    return sample.changed(sample.RATE_RULE, judge={"whole": "department", "every": EVERY} | judge)


def test_the_department_is_judged_on_the_sum_and_each_unit_beside_it_on_its_part() -> None:
    found = judged(whole(each="unit"))
    assert {unit: (r.status, r.numerator, r.denominator, r.judged_as) for unit, r in found.items()} == {
        "SO": (Status.FAIL, 8, 42, JudgedAs.WHOLE),  # its own payment counts, and is judged with the rest
        "VP": (Status.NOT_APPLICABLE, 0, 0, JudgedAs.PART),
        "A": (Status.FAIL, 7, 21, JudgedAs.PART),
        "B": (Status.FAIL, 0, 20, JudgedAs.PART),
    }
    assert found["SO"].shortfall == 7  # 15 of 42 would be 35,7 %
    assert found["SO"].figures == {"pay.online": 8, "pay.eligible": 42, "pay.due": 42}


@pytest.mark.parametrize("turned", [False, True])
def test_who_answers_for_the_whole_does_not_depend_on_the_order_of_units(turned: bool) -> None:
    """The older Department ended in the period."""
    told = [
        {"code": "SO", "kind": "department", ENDED: "yes"},
        {"code": "SX", "kind": "department"},
        {"code": "VP", "kind": "office"},
        {"code": "A", "kind": "division"},
        {"code": "B", "kind": "division"},
    ]
    units = told[::-1] if turned else told
    for lead, answers in (({}, "SX"), ({"lead": "office"}, "VP")):
        found = judged(whole(each="unit", **lead), units=units)
        assert [code for code, result in found.items() if result.judged_as is JudgedAs.WHOLE] == [answers]
        assert (found[answers].numerator, found[answers].denominator) == (8, 42)
    asked = Setting(JUNE.last, JUNE.last, tuple(map(unit_told, told)), JUNE.last)
    assert Setting.told(asked.facts("2024-06")).units == asked.units


def test_the_department_alone_is_judged_where_no_part_is() -> None:
    found = judged(whole())
    assert found["SO"].judged_as is JudgedAs.WHOLE
    assert {found[unit].reason for unit in ("VP", "A", "B")} == {"out_of_scope"}
    assert {found[unit].judged_as for unit in ("VP", "A", "B")} == {None}


def test_the_lead_is_judged_in_the_departments_place() -> None:
    found = judged(whole(lead="office", each="unit"))
    assert (found["VP"].numerator, found["VP"].denominator, found["VP"].judged_as) == (8, 42, JudgedAs.WHOLE)
    assert (found["SO"].numerator, found["SO"].judged_as) == (1, JudgedAs.PART)


def test_a_scope_says_whose_figures_are_added_up() -> None:
    rule = whole(each="unit") | {"scope": {"kinds": ["department", "office"]}}
    found = judged(rule)
    assert (found["SO"].numerator, found["SO"].denominator) == (1, 1)
    assert found["A"].reason == "out_of_scope"


def test_what_conditions_read_of_the_same_facts_is_added_up_and_of_others_is_not() -> None:
    rule = whole() | {"applies_when": {"pay.due": {"at_least": 42}, "b.x": {"equals": 0}}}
    facts = [*FACTS, {"kind": "b", "unit": "A", "period": "2024-06", "x": 5, "y": 0, "word": "", "flag": False}]
    assert judged(rule, facts)["SO"].status is Status.FAIL
    assert judged(whole() | {"applies_when": {"pay.due": {"at_least": 43}}})["SO"].status is Status.NOT_APPLICABLE


def test_a_count_is_added_up() -> None:
    rule = sample.changed(sample.COUNT_RULE, judge={"whole": "department", "every": EVERY})
    facts = [{"kind": "a", "unit": unit, "period": "2024-06", "x": 3, "y": 0, "z": 0} for unit in ("A", "B")]
    assert (judged(rule, facts)["SO"].status, judged(rule, facts)["SO"].numerator) == (Status.PASS, 6)


def test_units_beside_count_and_are_not_judged_and_judging_again_knows_it() -> None:
    units = [UNITS[0], *({**unit, BESIDE: "yes"} for unit in UNITS[1:])]
    pack = sample.pack(rules=[whole(each="unit")])
    judgement = judge([pack], FACTS, units, JUNE)
    assert [(r.unit, r.numerator, r.denominator) for r in judgement.results] == [("SO", 8, 42)]
    again = judge([pack], [*FACTS, *judgement.premises], Setting.told(judgement.premises).units, JUNE)
    assert again.results == judgement.results


def test_without_the_department_its_units_still_have_their_parts() -> None:
    found = judged(whole(each="unit"), units=UNITS[2:])
    assert {unit: r.judged_as for unit, r in found.items()} == {"A": JudgedAs.PART, "B": JudgedAs.PART}


def test_sentences_say_of_whom_they_speak() -> None:
    rule = sample.pack(rules=[whole(each="unit") | {"message": sample.words("Có {numerator}")}]).rules[0]
    found = judged(whole(each="unit"))
    assert render_message(rule, found["SO"], "Sở", "Tháng 6/2024") == "Tính chung cả Sở: có 8"
    assert render_message(rule, found["A"], "A", "June 2024", "en").startswith("The unit's own part")


def test_a_broken_rule_that_finds_remarks_is_a_remark_and_never_waived() -> None:
    rule = sample.changed(sample.RATE_RULE, finding="remark", answer_within=None)
    pack = sample.pack(rules=[rule, sample.ESCALATION])
    excuse = {
        ("plan-2024", "p-1", "A"): {"id": 1, "since": "2024-06-01", "until": "2024-06-30", "who": "x", "why": "y"}
    }
    found = judge([pack], FACTS, UNITS, JUNE, excuses=excuse).results
    said = {(r.rule, r.unit): r.status for r in found}
    assert said["p-1", "A"] is said["p-1", "B"] is Status.REMARK
    assert said["p-9", "A"] is Status.NOT_APPLICABLE  # nothing is broken that could go on


LATER = sample.changed(
    sample.RATE_RULE,
    judge={"whole": "department", "each": "unit", "every": EVERY},
    rate={
        "count": "pay.online",
        "among": "pay.eligible",
        "later": {"of": "overdue.x", "days": "overdue.days", "within": "answer_days"},
    },
    target={"at_least": "100%"},
)
LATE = {"period": "2024-06", "since": "", "word": "", "flag": False}
"""Of ten of A six came at once, two a working day later and one three; of four of B three at once, one two later."""
CAME_LATER = [
    sample.pay("A", 6, 10, 0),
    sample.pay("B", 3, 4, 0),
    {"kind": "overdue", "unit": "A", "subject": "1", "days": 1, "x": 2} | LATE,
    {"kind": "overdue", "unit": "A", "subject": "3", "days": 3, "x": 1} | LATE,
    {"kind": "overdue", "unit": "B", "subject": "2", "days": 2, "x": 1} | LATE,
]


@pytest.mark.parametrize(
    ("allowed", "numerators"), [(0, (6, 3, 9)), (1, (8, 3, 11)), (2, (8, 4, 12)), (3, (9, 4, 13)), (4, (9, 4, 13))]
)
def test_what_came_later_counts_while_the_plan_allows_it(allowed: int, numerators: tuple[int, int, int]) -> None:
    results = judge([sample.pack(rules=[LATER])], CAME_LATER, UNITS, JUNE, {"answer_days": str(allowed)}).results
    found = {result.unit: result for result in results}
    assert tuple(found[unit].numerator for unit in ("A", "B", "SO")) == numerators
    assert [found[unit].denominator for unit in ("A", "B", "SO")] == [10, 4, 14]
    assert found["B"].status is (Status.PASS if numerators[1] == 4 else Status.FAIL)
    late = numerators[2] - 9
    told = {"pay.online": 9, "pay.eligible": 14, "overdue.x": late, "overdue.days": allowed}
    assert (found["SO"].figures, found["SO"].shortfall) == (told, 14 - numerators[2])
    assert sample.pack(rules=[LATER]).rules[0].allowed(found["A"].figures) == allowed


def test_each_plan_allows_what_its_own_parameter_says() -> None:
    """The same figure under two plans, of which one allows a working day more."""
    other = sample.changed(LATER, id="p-9", rate=LATER["rate"] | {"later": LATER["rate"]["later"] | {"within": 0}})
    pack = sample.pack(rules=[LATER, other])
    results = judge([pack], CAME_LATER, UNITS, JUNE, {"answer_days": "1"}).results
    assert {(r.rule, r.unit): r.numerator for r in results if r.unit in ("A", "SO")} == {
        ("p-1", "A"): 8,
        ("p-1", "SO"): 11,
        ("p-9", "A"): 6,
        ("p-9", "SO"): 9,
    }
    assert pack.rules[0].rate is not None and pack.rules[1].rate is not None
    assert pack.rules[0].rate.figure != pack.rules[1].rate.figure
