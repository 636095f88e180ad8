"""What may be written in a pack, and the sentence that refuses what may not."""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from typing import Any

import pytest

from app.core.errors import DomainError
from app.rulepacks.conditions import ParameterUnit
from app.rulepacks.language import Severity, Status
from app.rulepacks.loader import pack_from_texts
from app.rulepacks.pack import what_if_value
from app.rulepacks.reference import FOLDER, schema_texts, schemas
from app.rulepacks.words import PackError, parse_share
from tests.compliance import sample


def refusals(**parts: Any) -> list[str]:
    """Every sentence with which the pack is refused."""
    with pytest.raises(PackError) as caught:
        sample.pack(**parts)
    return [f"{problem.field}: {problem}" for problem in caught.value.problems]


def rule_refusals(**changes: Any) -> list[str]:
    return refusals(rules=[sample.changed(sample.RATE_RULE, **changes)])


@pytest.mark.parametrize(
    ("text", "share"),
    [
        ("35%", Fraction(7, 20)),
        ("35 %", Fraction(7, 20)),
        ("87,5%", Fraction(7, 8)),
        ("33.33%", Fraction(3333, 10000)),
        ("100%", Fraction(1)),
        ("0%", Fraction(0)),
        ("-5%", Fraction(-1, 20)),
    ],
)
def test_a_percentage_is_read_exactly(text: str, share: Fraction) -> None:
    assert parse_share(text) == share


@pytest.mark.parametrize("text", ["35", "0.35", "%", "35%%", "a35%", "3 5%", 35, None])
def test_anything_else_is_no_percentage(text: object) -> None:
    assert parse_share(text) is None


def test_a_rule_is_read_whole() -> None:
    rule = sample.pack().rule("p-1")
    assert rule.severity is Severity.MAJOR
    assert rule.rate is not None
    assert rule.rate.count == ("pay.online",)
    assert rule.fields == ("pay.online", "pay.eligible", "pay.due")
    assert rule.target is not None
    assert (rule.target.comparison, rule.target.threshold) == ("at_least", "online_rate")
    assert rule.legal_basis.quote == "từ 35%"


def test_a_test_expects_a_status_or_a_status_with_figures() -> None:
    expect = {"p-1": {"U": "pass", "V": {"status": "fail", "shortfall": 2}}}
    (test,) = sample.pack(tests=[{"name": "Thử", "period": 2024, "expect": expect}]).tests
    assert test.period == "2024"
    assert test.expect["p-1"]["U"].status is Status.PASS
    assert test.expect["p-1"]["V"].shortfall == 2


def test_a_word_the_language_does_not_have_is_refused() -> None:
    assert rule_refusals(severty="major") == ["[0].severty: không có trường nào tên như vậy ở đây."]


def test_a_rule_without_legal_basis_is_refused() -> None:
    assert rule_refusals(legal_basis=None) == ["[0].legal_basis: thiếu trường này."]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"id": "KHD-2c.2"}, "[0].id: “KHD-2c.2” không phải là mã quy tắc"),
        ({"severity": "huge"}, "[0].severity: phải là một trong: 'minor', 'major', 'critical'."),
        ({"rate": {"count": "pay", "among": "pay.due"}}, "[0].rate.count[0]: “pay” không phải là dữ kiện"),
        ({"rate": {"count": [], "among": "pay.due"}}, "[0].rate.count: không được để trống."),
        ({"target": {"at_least": "50%", "more_than": "5%"}}, "[0].target: phải có đúng một trong: at_least"),
        ({"target": {}}, "[0].target: phải có đúng một trong: at_least"),
        ({"target": {"at_least": "101%"}}, "[0].target.at_least: tỷ lệ 101% nằm ngoài khoảng từ 0% đến 100%."),
        ({"target": {"at_least": "-1%"}}, "[0].target.at_least: tỷ lệ -1% nằm ngoài khoảng từ 0% đến 100%."),
        ({"target": {"at_least": "35 phần"}}, "[0].target.at_least: “35 phần” không phải là tỷ lệ (35%)"),
        ({"target": None}, "[0]: quy tắc phải có đúng một trong: rate cùng với target, count,"),
        ({"fails_when": {"pay.due": {"equals": 1}}}, "[0]: quy tắc phải có đúng một trong: rate cùng với target"),
        ({"message": {"vi": "{so}", "en": "x"}}, "[0]: “{so}” không có trong kết quả; dùng: {denominator}"),
        ({"message": {"vi": "{unit", "en": "x"}}, "[0]: dấu { } trong câu không khớp."),
        ({"title": {"vi": "Chỉ tiếng Việt"}}, "[0].title.en: thiếu trường này."),
        ({"title": {"vi": "  ", "en": "x"}}, "[0].title.vi: không được để trống."),
        ({"answer_within": {"working_days": 0}}, "[0].answer_within.working_days: “0” không phải là số ngày"),
        ({"judge": {"each": "rule", "every": "month"}}, "[0]: “rate” không dùng được với “each: rule”."),
        ({"judge": {"each": "unit", "every": "week"}}, "[0].judge.every[0]: phải là một trong: 'month'"),
        ({"applies_when": {}}, "[0].applies_when: điều kiện không được để trống."),
        ({"applies_when": {"any": []}}, "[0].applies_when: điều kiện không được để trống."),
        ({"applies_when": {"due": {"equals": 1}}}, "[0].applies_when.due: “due” không phải là dữ kiện"),
        ({"applies_when": {"pay.due": {"above": 1}}}, "[0].applies_when.pay.due.above: không có trường nào"),
        ({"applies_when": {"pay.due": {}}}, "[0].applies_when.pay.due: phải có đúng một trong: equals"),
        (
            {"applies_when": {"any": [{"not": {"pay.due": {"equals": [1]}}}]}},
            "[0].applies_when.any[0].not.pay.due.equals: phải là số nguyên, true, false hoặc chữ.",
        ),
    ],
)
def test_a_rule_written_wrongly_is_refused_in_one_sentence(changes: dict[str, Any], sentence: str) -> None:
    (refusal,) = rule_refusals(**changes)
    assert refusal.startswith(sentence)


def test_only_what_the_rule_knows_may_be_in_its_message() -> None:
    changes = {"message": sample.words("{value}")}
    (refusal,) = refusals(rules=[sample.changed(sample.CONDITION_RULE, **changes)])
    assert refusal == "[0]: “{value}” không có trong kết quả; dùng: {due}, {period}, {unit}."


@pytest.mark.parametrize(
    ("unit", "value", "sentence"),
    [
        ("share", "35", "“35” không phải là tỷ lệ: viết ví dụ 35% hoặc 87,5%."),
        ("share", 35, "“35” không phải là tỷ lệ: viết ví dụ 35% hoặc 87,5%."),
        ("share", "135%", "tỷ lệ 135% nằm ngoài khoảng từ 0% đến 100%."),
        ("count", "35%", "“35%” không phải là số nguyên từ 0 trở lên."),
        ("working_days", -1, "“-1” không phải là số nguyên từ 0 trở lên."),
    ],
)
def test_a_parameter_that_does_not_fit_its_unit_is_refused(unit: str, value: object, sentence: str) -> None:
    parameters = dict(sample.PARAMETERS)
    parameters["extra"] = {
        "title": sample.words("Thêm"),
        "unit": unit,
        "values": {"2024-01-01": {"value": value, "source": sample.QUOTE}},
    }
    assert refusals(parameters=parameters) == [f"extra.values.2024-01-01.value: {sentence}"]


def test_a_parameter_needs_a_value_and_each_value_its_source() -> None:
    empty = {"title": sample.words("Thêm"), "unit": "share", "values": {}}
    bare = {"title": sample.words("Thêm"), "unit": "share", "values": {"2024-01-01": {"value": "5%"}}}
    assert refusals(parameters=sample.PARAMETERS | {"empty": empty}) == ["empty.values: không được để trống."]
    assert refusals(parameters=sample.PARAMETERS | {"bare": bare}) == [
        "bare.values.2024-01-01.source: thiếu trường này."
    ]


def test_the_29th_of_february_2023_is_no_day() -> None:
    info = sample.INFO | {"in_force": {"from": "2023-02-29"}}
    assert refusals(info=info) == ["in_force.from: không phải là ngày có thật dạng 2024-01-31."]


def test_a_plan_cannot_end_before_it_begins() -> None:
    info = sample.INFO | {"in_force": {"from": "2024-12-31", "until": "2024-01-01"}}
    assert refusals(info=info) == ["in_force: ngày kết thúc 2024-01-01 trước ngày bắt đầu 2024-12-31."]


def test_a_parameter_holds_from_its_day_until_the_next() -> None:
    values = {
        "2024-01-01": {"value": "35%", "source": sample.QUOTE},
        "2024-07-01": {"value": "40%", "source": sample.QUOTE},
    }
    parameters = sample.PARAMETERS | {"online_rate": sample.PARAMETERS["online_rate"] | {"values": values}}
    held = sample.pack(parameters=parameters).parameters

    def on(year: int, month: int, day: int) -> Fraction | None:
        value = held.at(date(year, month, day)).get("online_rate")
        return value.value if value else None

    assert on(2023, 12, 31) is None
    assert on(2024, 1, 1) == on(2024, 6, 30) == Fraction(35, 100)
    assert on(2024, 7, 1) == on(2030, 1, 1) == Fraction(40, 100)


def test_a_what_if_value_must_fit_the_unit() -> None:
    assert what_if_value("r", "40%", ParameterUnit.SHARE) == Fraction(2, 5)
    assert what_if_value("r", "7", ParameterUnit.WORKING_DAYS) == 7
    with pytest.raises(DomainError, match="Giá trị giả định của r: “40” không phải là tỷ lệ"):
        what_if_value("r", "40", ParameterUnit.SHARE)
    with pytest.raises(DomainError, match="không phải là số nguyên"):
        what_if_value("r", "-1", ParameterUnit.COUNT)
    with pytest.raises(DomainError, match="không phải là cách tính ngày"):
        what_if_value("r", "days", ParameterUnit.DAY_KIND)


@pytest.mark.parametrize(
    ("written", "share"),
    [("0.5", Fraction(1, 2)), ("0,355", Fraction(355, 1000)), ("1.0", Fraction(1)), (" 0.5 ", Fraction(1, 2))],
)
def test_a_what_if_share_may_be_a_decimal(written: str, share: Fraction) -> None:
    assert what_if_value("r", written, ParameterUnit.SHARE) == share


@pytest.mark.parametrize("written", ["1.5", "350%", "1", "5", ".5", "0.5%%", "-0.5"])
def test_a_what_if_share_that_could_mean_two_things_is_refused(written: str) -> None:
    with pytest.raises(DomainError, match="Giá trị giả định của r"):
        what_if_value("r", written, ParameterUnit.SHARE)


def test_the_schema_for_editors_knows_every_word_of_a_rule() -> None:
    rules = schemas()["rules.yaml"]
    rule = rules["$defs"]["Rule"]
    assert set(rule["properties"]) >= {"id", "rate", "target", "fails_when", "legal_basis", "answer_within"}
    assert rule["additionalProperties"] is False
    assert "not" in rules["$defs"]["Condition"]["properties"]
    assert set(schemas()) == {"pack.yaml", "parameters.yaml", "rules.yaml", "tests.yaml"}


def test_the_schemas_that_editors_use_are_those_of_the_language() -> None:
    kept = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.json")}
    assert kept == schema_texts()


def test_texts_are_in_two_languages() -> None:
    text = sample.pack().info.title.model_copy(update={"vi": "Kế hoạch", "en": "Plan"})
    assert (text.in_("vi"), text.in_("en"), text.in_("en_GB")) == ("Kế hoạch", "Plan", "Plan")


def test_a_stored_pack_is_read_again_to_the_same_rules() -> None:
    pack = sample.pack(tests=[])
    again = pack_from_texts(pack.texts)
    assert (again.rules, again.hash) == (pack.rules, pack.hash)


# --- forms about single things ----------------------------------------------------------------------------------


def thing_refusals(rule: dict[str, Any], **changes: Any) -> list[str]:
    return refusals(rules=[sample.changed(rule, **changes)])


WITHIN = sample.DUTY_RULE["requires"]["note"]["within"]


@pytest.mark.parametrize(
    ("rule", "changes", "sentence"),
    [
        (
            "DUTY_RULE",
            {"requires": {"note": {"within": WITHIN}}},
            "[0].requires.note: có “within” hoặc “by” thì phải có “done_on”",
        ),
        (
            "DUTY_RULE",
            {"requires": {"note": {"done_on": "note.sent_on", "within": {"days": 3, "after": "overdue.since"}}}},
            "[0].requires.note.within: phải có đúng một trong: working_days, calendar_days, hoặc days",
        ),
        (
            "DUTY_RULE",
            {"requires": {"note": {"done_on": "note.sent_on", "within": WITHIN | {"days": 0}}}},
            "[0].requires.note.within.days: “0” không phải là số ngày",
        ),
        ("DUTY_RULE", {"requires": {"note": {}, "overdue": {}}}, "[0].requires: chỉ được có một."),
        ("DUTY_RULE", {"requires": {}}, "[0].requires: không được để trống."),
        ("DUTY_RULE", {"judge": {"each": "unit", "every": "month"}}, "[0]: “requires” không dùng được với"),
        ("ESCALATION", {"judge": {"each": "unit", "every": "month"}}, "[0]: “escalates” không dùng được với"),
        (
            "ESCALATION",
            {"escalates": {"rules": "all", "periods": 1}},
            "[0].escalates.periods: “1” không phải là số kỳ từ 2 trở lên",
        ),
        (
            "ESCALATION",
            {"applies_when": {"pay.due": {"equals": 1}}},
            "[0]: quy tắc tăng nặng không có điều kiện riêng.",
        ),
        (
            "CLOCK_RULE",
            {"clock": sample.CLOCK_RULE["clock"] | {"used": {"working_days": "step.working"}}},
            "[0].clock: “used” thiếu calendar_days.",
        ),
        ("COUNT_RULE", {"count": {"of": "a.x", "at_least": -1}}, "[0].count.at_least: “-1” không phải là số nguyên"),
        ("COUNT_RULE", {"count": {"of": "a.x"}}, "[0].count: phải có đúng một trong: at_least"),
        (
            "CONDITION_RULE",
            {"fails_when": {"total": {"of": "a.x", "equals": True}}},
            "[0].fails_when.total[0].equals: phải là số nguyên, tên tham số, dữ kiện",
        ),
        (
            "CONDITION_RULE",
            {"fails_when": {"total": {"of": "a.x", "one_of": [1]}}},
            "[0].fails_when.total[0].one_of: không có trường nào tên như vậy ở đây.",
        ),
    ],
)
def test_a_form_written_wrongly_is_refused_in_one_sentence(rule: str, changes: dict[str, Any], sentence: str) -> None:
    (refusal,) = thing_refusals(getattr(sample, rule), **changes)
    assert refusal.startswith(sentence)


def test_a_value_is_written_or_the_same_as_anothers() -> None:
    both = {"value": "5%", "same_as": "online_rate", "source": sample.QUOTE}
    for dated in (both, {"source": sample.QUOTE}):
        extra = {"title": sample.words("Thêm"), "unit": "share", "values": {"2024-01-01": dated}}
        found = refusals(parameters=sample.PARAMETERS | {"extra": extra})
        assert found == ["extra.values.2024-01-01: phải có đúng một trong: value, same_as."]


def test_a_parameter_that_is_the_same_as_another_follows_it() -> None:
    values = {
        "2024-01-01": {"value": "35%", "source": sample.QUOTE},
        "2024-07-01": {"value": "40%", "source": sample.QUOTE},
    }
    twin = {"2024-03-01": {"same_as": "online_rate", "source": sample.QUOTE}}
    parameters = sample.PARAMETERS | {
        "online_rate": sample.PARAMETERS["online_rate"] | {"values": values},
        "twin": {"title": sample.words("Như trên"), "unit": "share", "values": twin},
    }
    held = sample.pack(parameters=parameters).parameters
    assert "twin" not in held.at(date(2024, 2, 28))
    assert held.at(date(2024, 6, 30))["twin"].value == Fraction(35, 100)
    assert held.at(date(2024, 7, 1))["twin"].value == Fraction(40, 100)
    assert held.at(date(2024, 7, 1))["twin"].source is not None
    supposed = held.at(date(2024, 7, 1), {"online_rate": "0.5"})["twin"]
    assert (supposed.value, supposed.overridden) == (Fraction(1, 2), True)
