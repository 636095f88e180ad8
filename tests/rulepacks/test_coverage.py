"""Every demand of the source documents has its rule, and the page that says so is up to date."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.rulepacks.conditions import ParameterUnit
from app.rulepacks.coverage import Demand, cover, coverage_page, load_targets, uncovered
from app.rulepacks.loader import load_packs
from app.rulepacks.sentences import load_documents, load_sentences
from app.rulepacks.words import PackError
from tests.compliance.kinds import CATALOGUE

HOUSE = Path(__file__).parents[2]
RULES = HOUSE / "rules"
DOCUMENTS = load_documents(RULES / "documents")
PACKS = load_packs(RULES, CATALOGUE)
ROWS = load_targets(RULES, DOCUMENTS)


def test_every_demand_has_a_rule() -> None:
    assert uncovered(cover(ROWS, PACKS)) == []


def test_a_demand_without_a_rule_is_named() -> None:
    without = [pack for pack in PACKS if pack.id != "dak-nong-2024"]
    missing = uncovered(cover(ROWS, without))
    assert {"DN-1.3", "DN-PL.x", "DN-I: dn-i"} <= set(missing)
    assert not any(name.startswith(("BG", "KH")) for name in missing)


def test_a_rule_that_only_begins_alike_does_not_meet_a_demand() -> None:
    """dn-pl.x-total is a finding on the document, not the self-score of DN-PL; bg-iv.2b is not bg-iv.2."""
    met = {one.row.id: {rule.id for _, rule in one.rules} for one in cover(ROWS, PACKS)}
    assert met["DN-PL"] == {"dn-pl", "dn-pl-sum"}
    assert met["BG-IV.2"] == {"bg-iv.2", "bg-iv.2-report"}
    assert met["KHD-2a"] == {"khd-2a", "khd-2a-all"}
    assert len(met["DN-PL.x"]) == 7


def test_the_page_is_what_the_packs_and_targets_say() -> None:
    page = (HOUSE / "docs" / "coverage.md").read_text(encoding="utf-8")
    made = coverage_page(cover(ROWS, PACKS), PACKS, DOCUMENTS, load_sentences(RULES / "documents", DOCUMENTS))
    assert page == made, "flask rules coverage > docs/coverage.md"


def test_every_rule_quotes_a_document_of_its_own_plan() -> None:
    for pack in PACKS:
        for rule in pack.rules:
            assert rule.legal_basis.document.startswith(pack.info.document), rule.id


def test_a_figure_that_no_document_gives_says_that_it_is_the_packs_own_choice() -> None:
    chosen = {
        "bac-giang-2024": {
            "five_days_are",
            "explanation_days",
            "repeated_overdue",
            "late_start_percent",
            "at_risk_days",
        },
        "khanh-hoa-department-2024": {"persistent_periods", "inspection_periods", "quarterly_report_due"},
        "khanh-hoa-province-2024": {"persistent_periods", "inspection_periods"},
        "dak-nong-2024": {"apology_days", "dated_report_due", "fully_online_rate"},
    }
    for pack in PACKS:
        for name in chosen[pack.id]:
            for dated in pack.parameters[name].values.values():
                assert dated.note is not None
                assert "lựa chọn" in dated.note.vi, name
                assert "own choice" in dated.note.en, name


def test_five_days_are_counted_by_one_dated_parameter() -> None:
    pack = next(pack for pack in PACKS if pack.id == "bac-giang-2024")
    clocks = [rule for rule in pack.rules if rule.clock is not None]
    assert len(clocks) == 7
    assert {rule.clock.counted_in for rule in clocks if rule.clock} == {"five_days_are"}
    assert pack.parameters["five_days_are"].unit is ParameterUnit.DAY_KIND


def test_a_quote_that_is_not_in_its_document_is_refused(tmp_path: Path) -> None:
    (tmp_path / "targets.yaml").write_text(
        "- {id: X-1, group: rates, document: bg-2024, quote: không ai viết câu này}\n", encoding="utf-8"
    )
    with pytest.raises(PackError, match="không ai viết câu này"):
        load_targets(tmp_path, DOCUMENTS)


def test_an_id_used_twice_is_refused(tmp_path: Path) -> None:
    row = "- {id: X-1, group: rates, document: bg-2024, quote: Đảm bảo 100% hồ sơ TTHC đúng và trước hạn}\n"
    (tmp_path / "targets.yaml").write_text(row * 2, encoding="utf-8")
    with pytest.raises(PackError, match="X-1"):
        load_targets(tmp_path, DOCUMENTS)


def test_a_row_may_name_rules_of_other_names() -> None:
    row = Demand.model_validate(
        {"id": "stage", "group": "clocks", "document": "bg-2024", "quote": "quy trình", "rules": "bg-stage"}
    )
    assert [rule.id for _, rule in cover([row], PACKS)[0].rules] == ["bg-stage"]
