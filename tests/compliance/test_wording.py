"""Rules and results in words."""

from __future__ import annotations

import re
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from app.compliance.evaluation.evaluate import judge
from app.compliance.messages import render_message, subject_in_words
from app.compliance.wording import (
    amount_in_words,
    condition_in_words,
    document_number,
    exact_percent,
    explain,
    form_in_words,
    percent,
    place_in_words,
    points_in_words,
    printed_day,
)
from app.core import facts
from app.core.facts import HUNDREDTHS
from app.core.periods import Period
from app.rulepacks.loader import load_packs
from app.rulepacks.sentences import DocumentInfo, load_documents
from tests.compliance import sample
from tests.compliance.kinds import CATALOGUE

RULES = Path(__file__).parents[2] / "rules"
JUNE = Period.parse("2024-06")


@pytest.mark.parametrize(
    ("share", "vi", "en"),
    [
        (Fraction(7, 20), "35%", "35%"),
        (Fraction(1, 3), "33,3%", "33.3%"),
        (Fraction(1), "100%", "100%"),
        (Fraction(0), "0%", "0%"),
        (Fraction(1, 2000), "0,1%", "0.1%"),
    ],
)
def test_a_share_is_shown_with_one_decimal(share: Fraction, vi: str, en: str) -> None:
    assert (percent(share), percent(share, "en")) == (vi, en)


@pytest.mark.parametrize(
    ("printed", "vi", "en"),
    [
        ("3049/QĐ-UBND", "3049/QĐ-UBND", "3049/QĐ-UBND"),
        ("38 /KH-LĐTĐ&XH", "38/KH-LĐTĐ&XH", "38/KH-LĐTĐ&XH"),
        ("/QĐ-SLĐTBXH", "…/QĐ-SLĐTBXH (bản chưa ghi số)", "…/QĐ-SLĐTBXH (number left blank in this copy)"),
        ("12", "12", "12"),
    ],
)
def test_a_documents_number_that_is_blank_is_shown_as_blank(printed: str, vi: str, en: str) -> None:
    assert (document_number(printed), document_number(printed, "en")) == (vi, en)


@pytest.mark.parametrize(
    ("printed", "vi", "en"),
    [
        ("ngày 29 tháng 12 năm 2023", "ngày 29 tháng 12 năm 2023", "ngày 29 tháng 12 năm 2023"),
        ("ngày tháng 8 năm 2024", "ngày … tháng 8 năm 2024", "ngày … tháng 8 năm 2024"),
        ("/01/2024", "…/01/2024", "…/01/2024"),
        ("29/02/2024", "29/02/2024", "29/02/2024"),
        (
            "29/02/2023",
            "29/02/2023 (ngày ghi trên văn bản, không có thật)",
            "29/02/2023 (as printed; there is no such day)",
        ),
        (
            "ngày 29 tháng 02 năm 2023",
            "ngày 29 tháng 02 năm 2023 (ngày ghi trên văn bản, không có thật)",
            "ngày 29 tháng 02 năm 2023 (as printed; there is no such day)",
        ),
        (
            "ngày 31 tháng 13 năm 2023",
            "ngày 31 tháng 13 năm 2023 (ngày ghi trên văn bản, không có thật)",
            "ngày 31 tháng 13 năm 2023 (as printed; there is no such day)",
        ),
        (None, "", ""),
    ],
)
def test_a_documents_day_is_shown_as_printed_blank_or_marked_where_there_is_none(
    printed: str | None, vi: str, en: str
) -> None:
    told = {"vi": "Kế hoạch", "en": "Plan"}
    info = DocumentInfo.model_validate(
        {"code": "x", "file": "x.txt", "title": told, "issued_by": told, "printed_date": printed}
    )
    assert (printed_day(info), printed_day(info, "en")) == (vi, en)


def test_only_the_plan_of_bac_giang_bears_a_day_that_does_not_exist() -> None:
    documents = load_documents(Path(__file__).parents[2] / "rules" / "documents")
    assert [code for code, document in documents.items() if document.info.date_is_impossible] == ["bg-2024"]


@pytest.mark.parametrize(
    ("place", "vi", "en"),
    [
        ("II.5", "mục II.5", "section II.5"),
        ("II.5, chú thích 4", "mục II.5, chú thích 4", "section II.5, footnote 4"),
        ("Phụ lục III.B.2", "phụ lục III.B.2", "annex III.B.2"),
        ("Tiêu chí 1.3", "tiêu chí 1.3", "criterion 1.3"),
        ("Bảng chấm điểm", "bảng chấm điểm", "the score table"),
    ],
)
def test_a_place_in_a_document_stands_in_a_sentence(place: str, vi: str, en: str) -> None:
    assert (place_in_words(place), place_in_words(place, "en")) == (vi, en)


@pytest.mark.parametrize(
    ("number", "unit", "vi", "en"),
    [
        (1, "giao dịch", "1 giao dịch", "1 payment"),
        (1200, "giao dịch", "1.200 giao dịch", "1,200 payments"),
        (80, "%", "80%", "80%"),
        (100, HUNDREDTHS, "1 điểm", "1 point"),
        (250, HUNDREDTHS, "2,5 điểm", "2.5 points"),
        (3, "", "3", "3"),
    ],
)
def test_a_number_stands_beside_what_it_counts(number: int, unit: str, vi: str, en: str) -> None:
    assert (amount_in_words(number, unit), amount_in_words(number, unit, "en")) == (vi, en)


def test_a_share_that_misses_its_target_never_looks_like_it() -> None:
    target = Fraction(35, 100)
    assert percent(Fraction(34996, 100000), unlike=target) == "34,996%"
    assert percent(Fraction(9999, 10000), unlike=Fraction(1)) == "99,99%"
    assert percent(target, unlike=target) == "35%"
    assert percent(Fraction(349, 1000), unlike=target) == "34,9%"


def test_a_target_is_shown_as_written() -> None:
    assert exact_percent(Fraction(3333, 10000)) == "33,33%"


def test_a_message_is_filled_with_the_figures() -> None:
    message = "{unit}, {period}: {numerator}/{denominator} = {value}, cần {target}, thiếu {shortfall}"
    rule = sample.changed(sample.RATE_RULE, message=sample.words(message))
    pack = sample.pack(rules=[rule])
    facts = [sample.pay("U", online=1234, eligible=4000)]
    (result,) = judge([pack], facts, sample.units("U"), JUNE).results
    said = render_message(pack.rule("p-1"), result, "Phòng Lao động", "Tháng 6/2024")
    assert said == "Phòng Lao động, Tháng 6/2024: 1.234/4.000 = 30,9%, cần 35%, thiếu 166"
    in_english = render_message(pack.rule("p-1"), result, "Labour", "June 2024", "en")
    assert in_english.startswith("Labour, June 2024: 1,234/4,000 = 30.9%")


def test_a_figure_that_is_not_there_is_said_in_words() -> None:
    pack = sample.pack(rules=[sample.changed(sample.RATE_RULE, message=sample.words("{value} {shortfall}"))])
    (result,) = judge([pack], [], sample.units("U"), JUNE).results
    assert render_message(pack.rule("p-1"), result, "U", "T6") == "chưa tính được không tính được"


def test_a_condition_is_read_aloud() -> None:
    applies = {"pay.due": {"at_least": 5}, "any": [{"b.flag": {"equals": True}}, {"not": {"a.x": {"equals": 1}}}]}
    rule = sample.pack(rules=[sample.changed(sample.RATE_RULE, applies_when=applies)]).rule("p-1")
    assert rule.applies_when is not None
    assert condition_in_words(rule.applies_when, {}) == (
        "“pay.due” từ 5 trở lên và (“b.flag” là “có” hoặc không (“a.x” bằng 1))"
    )


def test_a_what_if_value_is_told_in_the_explanation() -> None:
    pack = sample.pack()
    lines = dict(explain(pack.rules[0], pack.parameters.at(JUNE.last, {"online_rate": "40%"}), sample.CATALOGUE))
    assert lines["Yêu cầu"] == "từ 40% trở lên (giá trị giả định)"
    lines = dict(explain(pack.rules[0], pack.parameters.at(JUNE.last), sample.CATALOGUE))
    assert lines["Yêu cầu"] == "từ 35% trở lên (mục I.1, từ ngày 01/01/2024)"
    assert lines["Thời hạn trả lời"] == "5 ngày làm việc"


@pytest.mark.parametrize(
    ("condition", "vi", "en"),
    [
        ({"b.word": {"differs_from": ""}}, "“đơn vị” đã ghi", "“đơn vị” is recorded"),
        ({"b.word": {"equals": ""}}, "“đơn vị” chưa ghi", "“đơn vị” is not recorded"),
        ({"b.flag": {"equals": True}}, "“đơn vị” là “có”", "“đơn vị” is “yes”"),
        ({"b.flag": {"differs_from": True}}, "“đơn vị” là “không”", "“đơn vị” is “no”"),
        ({"b.flag": {"equals": False}}, "“đơn vị” là “không”", "“đơn vị” is “no”"),
        ({"b.word": {"equals": "x"}}, "“đơn vị” bằng x", "“đơn vị” equal to x"),
    ],
)
def test_what_is_there_or_true_is_said_in_plain_words(condition: dict[str, Any], vi: str, en: str) -> None:
    pack = sample.pack(rules=[sample.changed(sample.CONDITION_RULE, fails_when=condition)])
    asked = pack.rules[0].fails_when
    assert asked is not None
    for locale, words in (("vi", vi), ("en", en)):
        assert condition_in_words(asked, sample.CATALOGUE, locale).endswith(words)


@pytest.mark.parametrize(
    ("hundredths", "vi", "en"),
    [
        (250, "2,5", "2.5"),
        (1550, "15,5", "15.5"),
        (8942, "89,42", "89.42"),
        (100, "1", "1"),
        (5, "0,05", "0.05"),
        (-250, "-2,5", "-2.5"),
        (0, "0", "0"),
    ],
)
def test_points_counted_in_hundredths_are_read_as_points(hundredths: int, vi: str, en: str) -> None:
    assert (points_in_words(hundredths, "vi"), points_in_words(hundredths, "en")) == (vi, en)


def test_what_came_later_is_told_with_the_days_allowed_where_any_are() -> None:
    later = {"of": "overdue.x", "days": "overdue.days", "within": "answer_days"}
    rule = sample.changed(sample.RATE_RULE, rate=sample.RATE_RULE["rate"] | {"later": later})
    pack = sample.pack(rules=[rule])
    told = dict(form_in_words(pack.rules[0], pack.parameters.at(date(2024, 6, 30)), sample.CATALOGUE, "vi"))
    assert told["Đếm cả"].startswith(f"{sample.UNIT_TEXT}, nếu không muộn quá 3 ngày làm việc")
    none = pack.parameters.at(date(2024, 6, 30), {"answer_days": "0"})
    assert "Đếm cả" not in dict(form_in_words(pack.rules[0], none, sample.CATALOGUE, "vi"))


@pytest.mark.parametrize(
    ("rule", "subject", "vi", "en"),
    [
        ("bg-5.3", "H32.12-240408-0001", "H32.12-240408-0001", "H32.12-240408-0001"),
        ("bg-1.3", "bg-2024/III.B.2/LDVL", "nhiệm vụ III.B.2", "task III.B.2"),
        ("bg-1.3", "bg-2024/4#36/LDVL", "nhiệm vụ 4, dòng 36", "task 4, row 36"),
        ("bg-1.3", "bg-2024/III.B.2/LDVL (NCC)", "nhiệm vụ III.B.2 (NCC)", "task III.B.2 (NCC)"),
        ("bg-4.1a-division", "CB-35/division (NCC)", "CB-35 (phòng chuyên môn) (NCC)", "CB-35 (the division's) (NCC)"),
        ("bg-4.2b", "2026-09 (NCC)", "Tháng 9/2026 (NCC)", "September 2026 (NCC)"),
        ("bg-4.2b", "2026-09", "Tháng 9/2026", "September 2026"),
        ("khd-iv.4-quarter", "2026-Q3 TTBT", "Quý III/2026 TTBT", "Quarter III of 2026 TTBT"),
        ("bg-iv.2-report", "2026-09 bg-2024/I.3/NCC", "nhiệm vụ I.3, tháng 9/2026", "task I.3, September 2026"),
        ("bg-4.1a-division", "CB-35/division", "CB-35 (phòng chuyên môn)", "CB-35 (the division's)"),
        ("bg-4.1b", "CB-36/joint", "CB-36 (hai đơn vị làm chung)", "CB-36 (both units together)"),
        ("bg-4.2a-after", "CB-35", "CB-35", "CB-35"),
        ("bg-iv.2b", "bg-5.3", "BG-5.3", "BG-5.3"),
        ("dn-pl", "dn-2024-annex:6.3.1", "tiêu chí 6.3.1", "criterion 6.3.1"),
        ("dn-pl.x-text", "dn-2024-annex:6", "lĩnh vực 6", "field 6"),
    ],
)
def test_a_single_thing_is_called_what_people_call_it(
    rule: str, subject: str, vi: str, en: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(facts, "catalogue", lambda: CATALOGUE)
    written = next(each for pack in load_packs(RULES, CATALOGUE) for each in pack.rules if each.id == rule)
    assert (subject_in_words(subject, written, "vi"), subject_in_words(subject, written, "en")) == (vi, en)


def test_a_place_in_a_document_is_worded_in_one_home() -> None:
    """“mục Bảng chấm điểm” is no Vietnamese, and "section II.5, chú thích 4" no English: `place_shown` knows both."""
    templates = Path(__file__).parents[2] / "templates"
    assert [path.name for path in templates.rglob("*.html") if "mục %(place)s" in path.read_text("utf-8")] == []


def test_a_due_time_is_shown_to_the_hour_that_its_slip_tells() -> None:
    """23:59 in the house is 17:00 for people: `due` says so. The public page is given it as people are told it."""
    templates = Path(__file__).parents[2] / "templates"
    wrong = re.compile(r"(due|late_after)(_at)?\|datetime")
    shown = {path.name for path in templates.rglob("*.html") if wrong.search(path.read_text("utf-8"))}
    assert shown == {"lookup.html"}
