"""Who a rule judges is written in the pack, and a pack that judges nobody or somebody else is refused."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from app.organisation.models import UnitKind
from app.rulepacks.language import UNIT_KINDS
from app.rulepacks.loader import load_packs
from app.rulepacks.pack import Pack
from app.rulepacks.words import names_department, names_units
from tests.compliance import sample
from tests.rulepacks.test_language import refusals, rule_refusals

HOUSE = Path(__file__).parents[2]


def seeds() -> list[Pack]:
    return load_packs(HOUSE / "rules", None)


def quote(words: str) -> dict[str, str]:
    return {"document": "plan", "place": "I.1", "quote": words}


def test_packs_speak_of_the_kinds_of_units_that_there_are() -> None:
    assert tuple(kind.value for kind in UnitKind) == UNIT_KINDS


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"judge": {"every": "month"}}, "[0].judge: quy tắc không xét ai"),
        ({"judge": {"whole": "division", "every": "month"}}, "[0].judge.whole: phải là một trong"),
        ({"judge": {"whole": "department", "each": "overdue", "every": "month"}}, "[0].judge: “whole” cộng số liệu"),
        ({"judge": {"lead": "office", "each": "unit", "every": "month"}}, "[0].judge: “lead” là đơn vị chủ trì"),
        (
            {"judge": {"whole": "department", "lead": "desk", "every": "month"}},
            "[0].judge.lead: không có loại đơn vị “desk”; có: department",
        ),
        (
            {"judge": {"whole": "department", "every": "month"}, "scope": {"kinds": ["division"]}},
            "[0].scope: “whole” xét department trên tổng của các đơn vị",
        ),
        ({"scope": {"kinds": ["phong"]}}, "[0].scope: không có loại đơn vị “phong”; có: department"),
        ({"finding": "remark"}, "[0]: nhận xét (finding: remark) không đòi ai giải trình"),
        ({"answer_within": None}, "[0]: thiếu trường này."),
        (
            {"legal_basis": quote("đối với sự phục vụ của Sở Lao động đạt trên 87%")},
            "[0].judge: câu được trích nói đến Sở, mà quy tắc chỉ xét từng đơn vị",
        ),
        (
            {
                "legal_basis": quote("Các phòng, đơn vị cử cán bộ thường xuyên kiểm tra"),
                "judge": {"whole": "department", "every": "month"},
            },
            "[0].judge: câu được trích nói đến các phòng, đơn vị, mà quy tắc chỉ xét cả Sở",
        ),
    ],
)
def test_a_rule_that_judges_nobody_or_somebody_else_is_refused(changes: dict[str, Any], sentence: str) -> None:
    (refusal,) = rule_refusals(**changes)
    assert refusal.startswith(sentence)


def test_a_pack_and_a_rule_without_a_kind_of_unit_in_common_judge_nobody() -> None:
    info = sample.changed(sample.INFO, scope={"kinds": ["attached"]})
    (refusal,) = refusals(info=info, rules=[sample.changed(sample.RATE_RULE, scope={"kinds": ["division"]})])
    assert refusal.startswith("[0].scope.kinds: quy tắc không xét ai")


def test_what_does_not_add_up_is_not_judged_for_the_whole() -> None:
    rule = sample.changed(sample.CONDITION_RULE, judge={"whole": "department", "every": "month"})
    assert refusals(rules=[rule])[0].startswith("[0]: “whole: department” cộng số đếm")


@pytest.mark.parametrize(
    ("words", "department", "units"),
    [
        ("sự phục vụ của Sở Lao động - Thương binh và Xã hội", True, False),
        ("Chỉ số cải cách hành chính của Sở năm 2024", True, False),
        ("theo hướng dẫn của Sở Nội vụ", False, False),
        ("báo cáo về Sở (thông qua Văn phòng Sở)", False, False),
        ("Các phòng, đơn vị cử cán bộ", False, True),
        ("trong đó: Phòng chuyên môn: 03 ngày", False, True),
    ],
)
def test_whom_a_sentence_names(words: str, department: bool, units: bool) -> None:
    assert (names_department(words), names_units(words)) == (department, units)


def test_the_page_of_who_is_judged_says_what_the_packs_say() -> None:
    page = (HOUSE / "docs" / "who-is-judged.md").read_text("utf-8")
    told = dict(re.findall(r"^\| ([a-z0-9.-]+) \| `([^`]+)` \|", page, re.M))
    for pack in seeds():
        for rule in pack.rules:
            parts = [f"{name}: {value}" for name in ("whole", "lead", "each") if (value := getattr(rule.judge, name))]
            parts += ["finding: remark"] if rule.is_remark else []
            if rule.judge.whole or rule.is_remark or rule.id in told:
                assert told.get(rule.id) == ", ".join(parts), rule.id
