"""What a pack may cost: every walk over it is counted, and what is too large is one sentence with its place."""

from __future__ import annotations

from typing import Any

import pytest

from app.compliance.evaluation import rule_tests
from app.compliance.evaluation.engine import Engine
from app.compliance.evaluation.rule_tests import run_pack_tests
from app.core import yaml_files
from app.core.periods import Period
from app.core.yaml_files import SourceError, read_source
from app.rulepacks import pack as bounds
from app.rulepacks import validation
from app.rulepacks.compiler import compile_rules
from app.rulepacks.loader import load_packs, pack_from_texts
from app.rulepacks.pack import Pack
from app.rulepacks.words import MOST_TOLD, PackError
from app.web.settings import ROOT
from tests.compliance import sample

JUNE = Period.parse("2024-06")


def read(**parts: Any) -> Pack:
    return pack_from_texts(sample.texts(**parts), sample.CATALOGUE)


def problems(**parts: Any) -> list[str]:
    with pytest.raises(PackError) as refused:
        read(**parts)
    return [str(problem.placed) for problem in refused.value.problems]


def chain(length: int, days: int = 1, last: dict[str, Any] | None = None) -> dict[str, Any]:
    """Parameters, each of whose values is the same as the next one's."""
    dates = [f"20{20 + day:02}-01-01" for day in range(days)]

    def parameter(number: int) -> dict[str, Any]:
        value = {"same_as": f"p{number + 1}"} if number < length - 1 else last or {"value": 7}
        return {
            "title": sample.words(f"{number}"),
            "unit": "count",
            "values": {date: value | {"source": sample.QUOTE} for date in dates},
        }

    return {f"p{number}": parameter(number) for number in range(length)}


def test_many_ways_to_the_same_parameter_are_walked_once() -> None:
    """60 parameters with two values each: 2 to the power of 60 ways, and never ended."""
    values = read(parameters=sample.PARAMETERS | chain(60, days=2)).parameters.at(JUNE.last)
    assert values["p0"].value == 7
    assert values["p0"].name == "p0"


def test_many_ways_round_are_told_as_one_circle() -> None:
    found = problems(parameters=sample.PARAMETERS | chain(60, days=2, last={"same_as": "p0"}))
    assert len(found) == MOST_TOLD + 1
    assert "p0.values.2020-01-01.same_as: các tham số dẫn vòng quanh: p0 → p1 → p2" in found[0]
    assert "… → p0." in found[0]
    assert found[-1].endswith("còn 20 chỗ khác phải sửa.")


def test_as_long_a_chain_of_parameters_as_may_be_is_followed_without_recursion() -> None:
    length = bounds.MOST["parameters.yaml"]
    parameters = read(parameters=(chain(length - len(sample.PARAMETERS)) | sample.PARAMETERS)).parameters
    assert parameters.at(JUNE.last)["p0"].value == 7
    one = parameters.on("p0", JUNE.last)
    assert one is not None
    assert one.value == 7


def test_a_chain_of_1200_parameters_is_one_sentence_and_one_that_was_kept_is_still_read() -> None:
    parts = {"parameters": sample.PARAMETERS | chain(1200)}
    assert problems(**parts) == [f"parameters.yaml, dòng 1: có {1200 + len(sample.PARAMETERS)} mục, nhiều nhất 300."]
    kept = pack_from_texts(sample.texts(**parts))
    assert kept.parameters.at(JUNE.last)["p0"].value == 7


def rate_of(fields: int) -> dict[str, Any]:
    return sample.changed(sample.RATE_RULE, rate={"count": ["pay.online"] * fields, "among": ["pay.eligible"] * fields})


def test_600_summands_are_one_sentence_for_each_list() -> None:
    found = problems(rules=[rate_of(600)])
    assert sorted(text.partition(", [0]")[2] for text in found) == [
        ".rate.among: có 600 mục, nhiều nhất 200.",
        ".rate.count: có 600 mục, nhiều nhất 200.",
    ]


def test_as_many_summands_as_may_be_are_judged() -> None:
    pack = read(rules=[rate_of(bounds.MOST_INSIDE)])
    compiled = compile_rules(pack.rules, pack.parameters.at(JUNE.last))
    found = Engine().run(compiled, [{"pay.online": paid, "pay.eligible": 20, "pay.due": 0} for paid in (6, 7)])
    assert [each["p-1"].value for each in found] == ["failed", "passed"]


TEST = {
    "name": "Bảy trên hai mươi",
    "period": "2024-06",
    "given": [{"kind": "pay", "unit": "A", "online": 7, "eligible": 20}],
    "expect": {"p-1": {"A": "fail"}},
}


def some_tests(number: int) -> list[dict[str, Any]]:
    return [TEST | {"name": f"Lần {each}"} for each in range(number)]


def test_failing_tests_read_their_file_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """300 of them read it 300 times, which is the square of the work."""
    pack = read(tests=some_tests(100))
    asked = []
    monkeypatch.setattr(rule_tests, "read_source", lambda *args: asked.append(args) or read_source(*args))
    failures = run_pack_tests(pack, sample.CATALOGUE)
    assert len(failures) == 100
    assert len(asked) == 1
    assert [failure.place for failure in failures[:2]] == ["[0].expect.p-1.A", "[1].expect.p-1.A"]
    assert failures[0].line < failures[1].line


def test_a_test_judges_the_rules_that_it_expects_something_of(monkeypatch: pytest.MonkeyPatch) -> None:
    judged: list[int] = []
    judge = rule_tests.judge
    monkeypatch.setattr(
        rule_tests,
        "judge",
        lambda packs, *args, **more: judged.append(len(packs[0].rules)) or judge(packs, *args, **more),
    )
    rules = [sample.changed(sample.RATE_RULE, id=f"p-{number}") for number in range(1, 41)]
    assert len(run_pack_tests(read(rules=rules, tests=some_tests(5)), sample.CATALOGUE)) == 5
    assert judged == [1] * 5


def test_a_test_of_an_escalation_judges_what_it_escalates(monkeypatch: pytest.MonkeyPatch) -> None:
    earlier = {"kind": "earlier_failure", "unit": "A", "subject": "p-1", "periods": 1, "listed": "2024-05"}
    test = TEST | {"given": [{**TEST["given"][0], "online": 6}, earlier], "expect": {"p-9": {"A": "fail"}}}  # type: ignore[index,dict-item]
    pack = read(rules=[sample.RATE_RULE, sample.CONDITION_RULE, sample.ESCALATION], tests=[test])
    assert run_pack_tests(pack, sample.CATALOGUE) == []


@pytest.mark.parametrize(
    ("parts", "sentence"),
    [
        (
            {"rules": [sample.changed(sample.RATE_RULE, id=f"p-{number}") for number in range(301)]},
            "rules.yaml, dòng 1: có 301 mục, nhiều nhất 300.",
        ),
        ({"tests": some_tests(501)}, "tests.yaml, dòng 1: có 501 mục, nhiều nhất 500."),
        ({"tests": [TEST | {"given": TEST["given"] * 201}]}, "[0].given: có 201 mục, nhiều nhất 200."),  # type: ignore[operator]
        (
            {"parameters": sample.PARAMETERS | chain(110, days=10)},
            "values: các tham số có quá 1000 giá trị.",
        ),
    ],
    ids=["rules", "tests", "facts of a test", "dated values"],
)
def test_what_is_too_many_is_one_sentence_with_its_place(parts: dict[str, Any], sentence: str) -> None:
    (found,) = problems(**parts)
    assert found.endswith(sentence)
    assert "yaml, dòng " in found


def test_what_all_tests_judge_together_has_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(validation, "MOST_JUDGED", 20)
    units = [{"code": code, "kind": "division"} for code in "BCDE"]
    found = problems(tests=[test | {"units": units} for test in some_tests(5)])
    sentence = "[4]: các phép thử xét quá 20 lượt (mỗi quy tắc với mỗi đơn vị là một lượt)."
    assert [text.partition(", ")[2].partition(", ")[2] for text in found] == [sentence]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[" * 60 + "]" * 60, "lồng nhau quá sâu."),
        ("a: &x [1]\nb: *x\n", "không dùng ký hiệu & và * của YAML; hãy viết lại cho đủ."),
        ("- [" + "1," * 200 + "]", "tệp có quá 100 giá trị."),
    ],
    ids=["deep", "alias", "values"],
)
def test_yaml_that_grows_is_refused_before_it_is_built(
    text: str, sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(yaml_files, "MAX_VALUES", 100)
    with pytest.raises(SourceError) as refused:
        read_source("rules.yaml", text)
    assert [str(problem) for problem in refused.value.problems] == [sentence]


def test_very_many_faults_are_told_as_the_first_of_them() -> None:
    rules = [sample.changed(sample.RATE_RULE, id=f"p-{number}", nonsense=1, other=2) for number in range(200)]
    found = problems(rules=rules)
    assert len(found) == MOST_TOLD + 1
    assert found[-1].endswith("còn 300 chỗ khác phải sửa.")


def test_the_packs_that_are_installed_are_far_below_the_bounds() -> None:
    for pack in load_packs(ROOT / "rules", None):
        assert len(pack.rules) * 3 < bounds.MOST["rules.yaml"]
        assert len(pack.tests) * 3 < bounds.MOST["tests.yaml"]
        rules = {rule.id: rule for rule in pack.rules}
        judged = sum(len(rule_tests.rules_of(test, rules)) * len(rule_tests.units_of(test)) for test in pack.tests)
        assert judged * 3 < bounds.MOST_JUDGED
