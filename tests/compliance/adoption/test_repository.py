"""The packs that come with the product: their own tests, their quotes, and how complete both are."""

from __future__ import annotations

import re
from collections import Counter
from fractions import Fraction
from pathlib import Path

import pytest

from app.compliance.evaluation.evaluate import judge
from app.compliance.evaluation.rule_tests import judgement_of, run_pack_tests, run_test
from app.compliance.messages import render_message
from app.compliance.wording import explain
from app.core import facts
from app.core.periods import Period
from app.rooms import register_records
from app.rulepacks.language import Status
from app.rulepacks.loader import load_packs
from app.rulepacks.pack import Pack
from app.rulepacks.sentences import load_documents

RULES = Path(__file__).parents[3] / "rules"
register_records()
CATALOGUE = facts.catalogue()
PACKS = {pack.id: pack for pack in load_packs(RULES, CATALOGUE)}
DOCUMENTS = load_documents(RULES / "documents")

EXPECTED = {
    "bac-giang-2024": {"bg-5.1", "bg-5.2", "bg-stage"},
    "khanh-hoa-department-2024": {
        "khd-2b.1-files",
        "khd-2b.1-results",
        "khd-2b.2",
        "khd-2c.1",
        "khd-2c.2",
    },
    "khanh-hoa-province-2024": {
        "khp-2b.1-files",
        "khp-2b.1-results",
        "khp-2b.2",
        "khp-2c.1",
        "khp-2c.2",
    },
}
every_pack = pytest.mark.parametrize("pack", PACKS.values(), ids=PACKS)


def test_the_plans_rules_are_there() -> None:
    found = {pack.id: {rule.id for rule in pack.rules} for pack in PACKS.values()}
    for pack, rules in EXPECTED.items():
        assert rules <= found[pack]


@pytest.mark.parametrize(
    ("pack", "rule"), [("khanh-hoa-department-2024", "khd-2a"), ("khanh-hoa-province-2024", "khp-2a")]
)
def test_another_cut_tried_is_held_against_each_procedure(pack: str, rule: str) -> None:
    envelope = {"kind": "review", "unit": "LDVL", "period": "2024-06", "subject": "1.001"}
    numbers = {field.name: field.type() for field in CATALOGUE["review"].fields}
    fact = {**envelope, **numbers, "fields_before": 50, "fields_after": 40, "fields_cut": 10}
    for cut, status in (("20%", Status.PASS), ("20,1%", Status.FAIL)):
        judgement = judge([PACKS[pack]], [fact], [{"code": "LDVL"}], Period.parse("2024-06"), {"cut_rate": cut})
        assert next(result for result in judgement.results if result.rule == rule).status is status


@every_pack
def test_the_packs_own_tests_come_out(pack: Pack) -> None:
    assert run_pack_tests(pack, CATALOGUE) == []


@every_pack
def test_every_rule_is_shown_passing_failing_and_not_applicable(pack: Pack) -> None:
    shown = {
        (rule, expected.status)
        for test in pack.tests
        for rule, units in test.expect.items()
        for expected in units.values()
    }
    for rule in pack.rules:
        wanted = {Status.PASS, Status.REMARK if rule.is_remark else Status.FAIL, Status.NOT_APPLICABLE}
        if (rule.rate is not None and rule.rate.expects) or rule.no_data_when is not None:
            wanted.add(Status.NO_DATA)
        assert {(rule.id, status) for status in wanted} <= shown, rule.id


@every_pack
def test_every_quote_is_verbatim_in_its_document(pack: Pack) -> None:
    quotes = [rule.legal_basis for rule in pack.rules]
    quotes += [value.source for parameter in pack.parameters.values() for value in parameter.values.values()]
    for quote in quotes:
        text = (RULES / "documents" / DOCUMENTS[quote.document].info.file).read_text(encoding="utf-8")
        assert " ".join(quote.quote.split()) in " ".join(text.split()), quote


@every_pack
def test_a_test_of_a_pack_can_fail(pack: Pack) -> None:
    """Each expectation turned into its contrary is reported with what was expected and what was got."""
    contrary = {
        Status.PASS: Status.FAIL,
        Status.FAIL: Status.PASS,
        Status.NOT_APPLICABLE: Status.NO_DATA,
        Status.NO_DATA: Status.NOT_APPLICABLE,
        Status.PENDING: Status.NOT_APPLICABLE,
        Status.REMARK: Status.FAIL,
    }
    for test in pack.tests:
        turned = {
            rule: {u: e.model_copy(update={"status": contrary[e.status]}) for u, e in units.items()}
            for rule, units in test.expect.items()
        }
        failures = run_test(pack, test.model_copy(update={"expect": turned}), CATALOGUE)
        assert len(failures) == sum(len(units) for units in turned.values())
        assert all(failure.expected != failure.got for failure in failures)


def test_at_exactly_35_percent_the_department_passes_and_the_province_fails() -> None:
    packs = [PACKS["khanh-hoa-department-2024"], PACKS["khanh-hoa-province-2024"]]
    fact = {
        "kind": "payment",
        "unit": "U",
        "period": "2024-06",
        "eligible": 20,
        "online": 7,
        "due": 20,
        "unknown_due": 0,
    }
    june = Period.parse("2024-06")
    results = {r.rule: r for r in judge(packs, [fact], [{"code": "U"}], june).results}
    assert results["khd-2c.2"].value == results["khp-2c.2"].value == Fraction(35, 100)
    assert (results["khd-2c.2"].status, results["khp-2c.2"].status) == (Status.PASS, Status.FAIL)
    assert results["khp-2c.2"].shortfall == 1


def test_the_disagreement_is_told_on_both_rules() -> None:
    for pack, rule in (("khanh-hoa-department-2024", "khd-2c.2"), ("khanh-hoa-province-2024", "khp-2c.2")):
        note = PACKS[pack].rule(rule).note
        assert note is not None
        for words in (note.vi, note.en):
            assert "35" in words
            assert "khd-2c.2" in words or "khp-2c.2" in words


def test_what_is_odd_about_the_documents_is_told() -> None:
    notes = {code: " ".join(n.vi for n in d.info.notes) for code, d in DOCUMENTS.items()}
    assert "29/02/2023" in notes["bg-2024"]
    assert "3409/QĐ-UBND" in notes["khp-2024"]
    assert "3049/QĐ-UBND" in notes["khd-2024"]
    assert DOCUMENTS["bg-2024"].info.issued is None


@every_pack
@pytest.mark.parametrize("locale", ["vi", "en"])
def test_every_rule_can_be_explained_in_words(pack: Pack, locale: str) -> None:
    """By the law of a day in the plan's year; a rate's target is told as a percentage."""
    parameters = pack.parameters.at(Period.parse("2024-12").last)
    for rule in pack.rules:
        lines = dict(explain(rule, parameters, CATALOGUE, locale))
        assert rule.legal_basis.quote in lines["Căn cứ" if locale == "vi" else "Legal basis"]
        if rule.target is not None and rule.target.field is None:
            assert "%" in lines["Yêu cầu" if locale == "vi" else "Target"]
        for words in lines.values():  # a number and its kind of days may be of one place
            said_twice = [each for each, times in Counter(re.findall(r" \([^()]+\)", words)).items() if times > 1]
            assert said_twice == []
        if rule.id.endswith("2c.2"):
            assert "35%" in lines["Yêu cầu" if locale == "vi" else "Target"]


@every_pack
def test_every_message_can_be_filled_in_both_languages(pack: Pack) -> None:
    """Each failure that the pack's tests expect is told without a brace or a word left over."""
    told = 0
    for test in pack.tests:
        period = Period.parse(test.period)
        for result in judgement_of(pack, test, CATALOGUE).results:
            rule = pack.rule(result.rule)
            for thing in result.failing or ((None,) if result.status is Status.FAIL else ()):
                for locale in ("vi", "en"):
                    said = render_message(rule, result, "Phòng A", period.label(locale), locale, thing)
                    assert not {"{", "}"} & set(said), said
                    told += 1
    assert told
