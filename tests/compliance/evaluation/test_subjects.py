"""Rules about single things, step clocks, counts, field against field, and escalation."""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from typing import Any

import pytest

from app.compliance.evaluation.evaluate import judge
from app.compliance.evaluation.results import Judgement, RuleResult
from app.compliance.messages import render_message
from app.compliance.wording import explain
from app.core.errors import DomainError
from app.core.facts import FactError
from app.core.periods import Period
from app.rulepacks.compiler import RuleOutcome
from app.rulepacks.language import Status
from tests.compliance import sample
from tests.compliance.sample import overdue, thing

JUNE = Period.parse("2024-06")


def judged(
    rules: list[dict[str, Any]], facts: list[dict[str, Any]], *codes: str, as_of: date | None = None
) -> Judgement:
    return judge([sample.pack(rules=rules)], facts, sample.units(*(codes or ("U",))), JUNE, as_of=as_of)


def one(rule: dict[str, Any], *facts: dict[str, Any], as_of: date | None = None) -> RuleResult:
    (result,) = judged([rule], list(facts), as_of=as_of).results
    return result


def figures(x: int = 0, y: int = 0, z: int = 0) -> dict[str, Any]:
    return {"kind": "a", "unit": "U", "period": "2024-06", "x": x, "y": y, "z": z}


def step(subject: str, *, working: int, calendar: int, ended: bool) -> dict[str, Any]:
    return thing("step", subject, working=working, calendar=calendar, ended=ended)


# --- single things ----------------------------------------------------------------------------------------------


def test_each_failing_thing_is_named_and_the_unit_fails_with_their_number() -> None:
    result = one(sample.THING_RULE, overdue("H1", days=4), overdue("H2", days=3), overdue("H3", days=9))
    assert (result.status, result.reason) == (Status.FAIL, RuleOutcome.FAILED)
    assert (result.numerator, result.denominator, result.shortfall) == (1, 3, 2)
    assert [found.subject for found in result.failing] == ["H1", "H3"]
    assert result.failing[0].figures["days"] == 4
    assert (result.comparison, result.target) == (None, None)


def test_all_kept_is_a_pass_and_none_judged_is_not_applicable() -> None:
    assert one(sample.THING_RULE, overdue("H1", days=3)).status is Status.PASS
    result = one(sample.THING_RULE)
    assert (result.status, result.reason) == (Status.NOT_APPLICABLE, RuleOutcome.NOTHING)
    assert (result.numerator, result.denominator, result.value) == (0, 0, None)


def test_things_that_the_rule_does_not_apply_to_are_not_judged() -> None:
    rule = sample.changed(sample.THING_RULE, applies_when={"overdue.flag": {"equals": True}})
    result = one(rule, overdue("H1", days=9), overdue("H2", days=1, flag=True))
    assert (result.status, result.denominator) == (Status.PASS, 1)
    assert one(rule, overdue("H1", days=9)).reason is RuleOutcome.EXCLUDED


def test_a_thing_without_data_makes_no_data_unless_another_fails() -> None:
    rule = sample.changed(sample.THING_RULE, no_data_when={"overdue.word": {"equals": ""}})
    unknown, kept, failing = overdue("H1"), overdue("H2", word="x"), overdue("H3", word="x", days=8)
    assert one(rule, unknown, kept).status is Status.NO_DATA
    assert one(rule, unknown, kept, failing).status is Status.FAIL


def test_what_is_not_yet_due_counts_as_neither() -> None:
    rule = sample.changed(sample.THING_RULE, pending_when={"overdue.flag": {"equals": True}})
    result = one(rule, overdue("H1", days=9, flag=True), overdue("H2", days=1))
    assert (result.status, result.numerator, result.denominator) == (Status.PASS, 1, 1)
    assert one(rule, overdue("H1", days=9, flag=True)).reason is RuleOutcome.PENDING


def test_units_out_of_scope_are_told_with_and_without_things() -> None:
    rule = sample.changed(sample.THING_RULE, scope={"codes": ["U"]})
    facts = [overdue("H1", "U", days=9), overdue("H2", "V", days=9)]
    results = judged([rule], facts, "U", "V", "W").results
    assert [result.reason for result in results] == [
        RuleOutcome.FAILED,
        RuleOutcome.OUT_OF_SCOPE,
        RuleOutcome.OUT_OF_SCOPE,
    ]
    assert results[1].denominator is None


def test_the_same_thing_told_twice_is_refused() -> None:
    with pytest.raises(FactError, match="Có hai dữ kiện overdue của cùng đơn vị U – H1"):
        one(sample.THING_RULE, overdue("H1"), overdue("H1"))


def test_a_thing_without_a_name_is_refused() -> None:
    nameless = {key: value for key, value in overdue("H1").items() if key != "subject"}
    with pytest.raises(FactError, match="Dữ kiện overdue thiếu “subject”"):
        one(sample.THING_RULE, nameless)


def test_things_of_units_that_are_not_judged_are_named() -> None:
    assert judged([sample.THING_RULE], [overdue("H1", "GONE")]).left_out == (("overdue", "GONE"),)


def test_a_message_speaks_of_the_thing_in_its_own_words() -> None:
    message = sample.words("{unit}, {period}: {subject} quá {days} ngày từ {since}, cờ {flag}")
    pack = sample.pack(rules=[sample.changed(sample.THING_RULE, message=message)])
    facts = [overdue("H1", days=1200, since="2024-06-03", flag=True)]
    (result,) = judge([pack], facts, sample.units("U"), JUNE).results
    said = render_message(pack.rules[0], result, "Phòng A", "Tháng 6/2024", "vi", result.failing[0])
    assert said == "Phòng A, Tháng 6/2024: H1 quá 1.200 ngày từ 03/06/2024, cờ có"


# --- the share of a single thing --------------------------------------------------------------------------------


@pytest.mark.parametrize(("counted", "status"), [(7, Status.PASS), (6, Status.FAIL), (0, Status.FAIL)])
def test_a_thing_is_held_against_a_share_of_its_own_figures(counted: int, status: Status) -> None:
    result = one(sample.THING_RATE_RULE, overdue("H1", x=counted, days=20))
    assert result.status is status
    assert (result.numerator, result.denominator) == (int(status is Status.PASS), 1)


def test_a_thing_with_nothing_to_take_a_share_of_is_not_judged() -> None:
    result = one(sample.THING_RATE_RULE, overdue("H1"), overdue("H2", x=1, days=1))
    assert (result.status, result.numerator, result.denominator) == (Status.PASS, 1, 1)
    assert one(sample.THING_RATE_RULE, overdue("H1")).status is Status.NOT_APPLICABLE


def test_a_thing_lacks_data_where_its_own_figures_say_that_there_should_be_some() -> None:
    rate = sample.THING_RATE_RULE["rate"] | {"among": "overdue.days", "expects": "overdue.x"}
    rule = sample.changed(sample.THING_RATE_RULE, rate=rate)
    assert one(rule, overdue("H1", x=4)).status is Status.NO_DATA


def test_a_thing_may_carry_its_own_target_in_percents() -> None:
    rate = {"count": "overdue.x", "among": "overdue.x"}
    rule = sample.changed(sample.THING_RATE_RULE, rate=rate, target={"less_than": "overdue.days"})
    facts = [overdue("H1", x=9, days=100), overdue("H2", x=9, days=101)]
    assert [found.subject for found in one(rule, *facts).failing] == ["H1"]


def test_another_value_of_the_parameter_changes_what_is_said_of_each_thing() -> None:
    pack = sample.pack(rules=[sample.THING_RATE_RULE])
    facts = [overdue("H1", x=7, days=20), overdue("H2", x=1, days=2)]
    judgement = judge([pack], facts, sample.units("U"), JUNE, {"online_rate": "35,01%"})
    assert [found.subject for found in judgement.results[0].failing] == ["H1"]


@pytest.mark.parametrize(("locale", "said"), [("vi", "H1: 6/20, 30%, 35%, 1"), ("en", "H1: 6/20, 30%, 35%, 1")])
def test_the_message_tells_the_share_of_the_thing_and_what_it_lacks(locale: str, said: str) -> None:
    pack = sample.pack(rules=[sample.THING_RATE_RULE])
    (result,) = judge([pack], [overdue("H1", x=6, days=20)], sample.units("U"), JUNE).results
    assert render_message(pack.rules[0], result, "Phòng A", "Tháng 6/2024", locale, result.failing[0]) == said


# --- step clocks ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("used", "ended", "outcome"),
    [(3, True, Status.PASS), (4, True, Status.FAIL), (4, False, Status.FAIL), (3, False, Status.PENDING)],
)
def test_a_step_over_its_allowance_fails_open_or_not(used: int, ended: bool, outcome: Status) -> None:
    result = one(sample.CLOCK_RULE, step("CB-1", working=used, calendar=99, ended=ended))
    assert result.status is outcome
    if outcome is Status.FAIL:
        assert result.failing[0].details == {"used": 4, "allowed": 3}


def test_the_parameter_of_the_day_decides_which_days_are_counted() -> None:
    pack = sample.pack(rules=[sample.CLOCK_RULE])
    facts = [step("CB-1", working=3, calendar=5, ended=True)]
    (by_working,) = judge([pack], facts, sample.units("U"), JUNE).results
    (by_calendar,) = judge([pack], facts, sample.units("U"), JUNE, {"counting": "calendar_days"}).results
    assert (by_working.status, by_calendar.status) == (Status.PASS, Status.FAIL)


# --- counts -----------------------------------------------------------------------------------------------------


def test_a_count_below_its_number_fails_with_what_is_missing() -> None:
    result = one(sample.COUNT_RULE, figures(x=3))
    assert (result.status, result.numerator, result.denominator) == (Status.FAIL, 3, None)
    assert (result.value, result.comparison, result.target, result.shortfall) == (3, "at_least", 5, 2)
    assert result.parameter is not None
    assert result.parameter.name == "fewest"


def test_nothing_counted_is_a_failure_and_the_number_itself_is_enough() -> None:
    assert one(sample.COUNT_RULE).status is Status.FAIL
    assert one(sample.COUNT_RULE, figures(x=5)).status is Status.PASS


def test_a_count_not_yet_reached_is_not_due_while_the_period_runs() -> None:
    result = one(sample.COUNT_RULE, figures(x=3), as_of=date(2024, 6, 30))
    assert (result.status, result.due, result.shortfall) == (Status.PENDING, date(2024, 6, 30), 2)
    assert one(sample.COUNT_RULE, figures(x=5), as_of=date(2024, 6, 1)).status is Status.PASS


def test_a_count_over_its_limit_fails_before_the_period_ends() -> None:
    rule = sample.changed(sample.COUNT_RULE, count={"of": ["a.x", "a.y"], "at_most": 4})
    result = one(rule, figures(x=3, y=3), as_of=date(2024, 6, 2))
    assert (result.status, result.shortfall) == (Status.FAIL, 2)


def test_a_count_is_told_in_whole_numbers() -> None:
    pack = sample.pack(rules=[sample.COUNT_RULE])
    (result,) = judge([pack], [figures(x=1)], sample.units("U"), JUNE).results
    assert render_message(pack.rules[0], result, "U", "T6") == "1/5, thiếu 4"


# --- field against field ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fails_when", "status"),
    [
        ({"a.x": {"less_than": "a.y"}}, Status.PASS),
        ({"a.x": {"more_than": "a.y"}}, Status.FAIL),
        ({"a.x": {"one_of": ["a.y", "a.z"]}}, Status.PASS),
        ({"total": {"of": ["a.y", "a.z"], "differs_from": "a.x"}}, Status.PASS),
        ({"total": {"of": ["a.y", "a.z"], "equals": ["a.x"]}}, Status.FAIL),
        ({"total": {"of": ["a.y", "a.z", "a.z"], "more_than": ["a.x", "a.y"]}}, Status.PASS),
        ({"total": {"of": "a.x", "at_least": "fewest"}}, Status.FAIL),
        ({"total": [{"of": "a.x", "at_least": 5}, {"of": "a.y", "at_least": 5}]}, Status.PASS),
    ],
)
def test_fields_are_compared_with_fields_and_sums(fails_when: dict[str, Any], status: Status) -> None:
    rule = sample.changed(sample.CONDITION_RULE, fails_when=fails_when)
    assert one(rule, figures(x=5, y=3, z=2)).status is status


def test_each_unit_may_have_its_own_target_in_percents() -> None:
    rule = sample.changed(sample.RATE_RULE, rate={"count": "a.x", "among": "a.y"}, target={"at_least": "a.z"})
    result = one(rule, figures(x=6, y=20, z=35))
    assert (result.status, result.target, result.shortfall) == (Status.FAIL, Fraction(7, 20), 1)
    assert one(rule, figures(x=7, y=20, z=35)).status is Status.PASS
    lines = dict(explain(sample.pack(rules=[rule]).rules[0], {}, sample.CATALOGUE))
    assert lines["Yêu cầu"] == "từ đơn vị trở lên"


# --- conditions for every form ----------------------------------------------------------------------------------


def test_no_data_comes_before_not_yet_due_and_both_before_the_judgement() -> None:
    asked = {"no_data_when": {"a.y": {"equals": 1}}, "pending_when": {"a.z": {"equals": 1}}}
    rule = sample.changed(sample.CONDITION_RULE, fails_when={"a.x": {"at_least": 1}}, **asked)
    reasons = [one(rule, figures(x=1, y=y, z=z)).reason for y, z in ((1, 1), (0, 1), (0, 0))]
    assert reasons == [RuleOutcome.NO_DATA, RuleOutcome.PENDING, RuleOutcome.FAILED]


def test_two_questions_with_one_outcome_are_both_asked() -> None:
    """A rate without data, and a count that is not yet due, each have that outcome in two ways."""
    rate = sample.changed(sample.RATE_RULE, no_data_when={"a.x": {"equals": 7}})
    assert one(rate, figures(x=7), sample.pay("U", 7, 20)).status is Status.NO_DATA
    assert one(rate, sample.pay("U", 0, 0, due=1)).status is Status.NO_DATA
    count = sample.changed(sample.COUNT_RULE, pending_when={"a.y": {"equals": 7}})
    assert one(count, figures(x=9, y=7)).reason is RuleOutcome.PENDING
    assert one(count, figures(x=1), as_of=date(2024, 6, 3)).reason is RuleOutcome.PENDING


# --- escalation -------------------------------------------------------------------------------------------------


def earlier(rule: str, *periods: str, unit: str = "U") -> dict[str, Any]:
    listed = {"periods": len(periods), "listed": ", ".join(periods)}
    return {"kind": "earlier_failure", "unit": unit, "period": "2024-06", "subject": rule, **listed}


BROKEN = sample.pay("U", 1, 20)


def escalated(*facts: dict[str, Any], **changes: Any) -> RuleResult:
    rules = [sample.RATE_RULE, sample.CONDITION_RULE, sample.changed(sample.ESCALATION, **changes)]
    return judged(rules, list(facts)).results[-1]


def test_a_rule_broken_two_periods_on_end_escalates() -> None:
    result = escalated(BROKEN, earlier("p-1", "2024-05"))
    assert (result.status, result.numerator, result.denominator) == (Status.FAIL, 0, 1)
    (found,) = result.failing
    assert found.subject == "p-1"
    assert found.details["count"] == 2
    assert found.details["periods"] == "2024-06, 2024-05"


def test_a_rule_broken_for_the_first_time_does_not() -> None:
    result = escalated(BROKEN)
    assert (result.status, result.numerator, result.denominator) == (Status.PASS, 1, 1)


def test_a_rule_kept_now_does_not_escalate_however_often_it_was_broken() -> None:
    result = escalated(earlier("p-1", "2024-05", "2024-04"))
    assert (result.status, result.reason) == (Status.NOT_APPLICABLE, RuleOutcome.NOTHING)


def test_only_the_rules_named_escalate() -> None:
    only = {"escalates": {"rules": ["p-2"], "periods": 2}}
    assert escalated(BROKEN, earlier("p-1", "2024-05"), **only).denominator == 0


def test_another_packs_history_is_not_this_packs() -> None:
    assert escalated(BROKEN, earlier("other/p-1", "2024-05")).status is Status.PASS
    assert escalated(BROKEN, earlier("plan-2024/p-1", "2024-05")).status is Status.FAIL


def test_a_history_that_contradicts_itself_is_refused() -> None:
    with pytest.raises(FactError, match="ghi 5 kỳ nhưng liệt kê 1"):
        escalated(BROKEN, earlier("p-1", "2024-05") | {"periods": 5})


def test_an_escalation_names_rule_and_periods_in_words() -> None:
    pack = sample.pack(rules=[sample.RATE_RULE, sample.ESCALATION])
    facts = [BROKEN, earlier("p-1", "2024-05", "2024-04")]
    result = judge([pack], facts, sample.units("U"), JUNE).results[-1]
    said = render_message(pack.rules[1], result, "U", "T6", "vi", result.failing[0])
    assert said == "P-1 (Thanh toán trực tuyến): 3 kỳ liên tiếp, Tháng 4/2024, Tháng 5/2024, Tháng 6/2024"


# --- what is told beside the results ----------------------------------------------------------------------------


def test_the_day_and_the_units_of_a_judgement_are_told() -> None:
    judgement = judged([sample.THING_RULE], [], "U", "V", as_of=date(2024, 6, 15))
    assert judgement.premises == (
        {
            "kind": "judged_on",
            "unit": "",
            "period": "2024-06",
            "as_of": "2024-06-15",
            "law_on": "2024-06-30",
            "looked_on": "2024-06-15",
        },
        {"kind": "judged_unit", "unit": "U", "period": "2024-06", "unit_kind": "division"},
        {"kind": "judged_unit", "unit": "V", "period": "2024-06", "unit_kind": "division"},
    )


@pytest.mark.parametrize("locale", ["vi", "en"])
@pytest.mark.parametrize(
    "name", ["THING_RULE", "THING_RATE_RULE", "DUTY_RULE", "CLOCK_RULE", "COUNT_RULE", "ESCALATION"]
)
def test_every_form_can_be_read_aloud(name: str, locale: str) -> None:
    pack = sample.pack(rules=[getattr(sample, name)])
    lines = dict(explain(pack.rules[0], pack.parameters.at(JUNE.last), sample.CATALOGUE, locale))
    text = " ".join(lines.values())
    wanted = {
        "THING_RULE": "trên 3" if locale == "vi" else "more than 3",
        "THING_RATE_RULE": "từ 35% trở lên" if locale == "vi" else "at least 35%",
        "DUTY_RULE": "3 ngày làm việc sau" if locale == "vi" else "3 working days after",
        "CLOCK_RULE": "không quá 3 ngày làm việc" if locale == "vi" else "at most 3 working days",
        "COUNT_RULE": "từ 5 trở lên" if locale == "vi" else "at least 5",
        "ESCALATION": "từ 2 kỳ liên tiếp" if locale == "vi" else "2 periods on end",
    }
    assert wanted[name] in text


def test_a_parameter_that_says_how_days_count_must_have_a_value() -> None:
    parameters = {name: dict(value) for name, value in sample.PARAMETERS.items()}
    late = {"2024-12-01": sample.PARAMETERS["counting"]["values"]["2024-01-01"]}
    parameters["counting"] = parameters["counting"] | {"values": late}
    pack = sample.pack(rules=[sample.CLOCK_RULE], parameters=parameters)
    with pytest.raises(DomainError, match=r"“counting” chưa có giá trị vào ngày 30/06/2024"):
        judge([pack], [], sample.units("U"), JUNE)
