"""Deadlines as plans write them: every way of the five documents, and what is refused rather than guessed."""

from __future__ import annotations

import calendar
import re
import unicodedata
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.working_days import WorkingDays
from app.tasks.annexes import read_annex
from app.tasks.deadlines import DeadlineKind, DeadlineReading, read_deadline

DOCUMENTS = Path(__file__).parents[2] / "rules" / "documents"
DAY, SPAN, RECURRING, OPEN, UNREAD = DeadlineKind
CALENDAR = WorkingDays()

Expected = tuple[DeadlineKind, date | None, date | None]


def until(year: int, month: int, day: int, starts_on: date | None = None) -> Expected:
    return DAY, starts_on, date(year, month, day)


def month(number: int) -> Expected:
    return until(2024, number, calendar.monthrange(2024, number)[1], date(2024, number, 1))


WAITING: Expected = (OPEN, None, None)
AGAIN: Expected = (RECURRING, None, None)
YEAR = until(2024, 12, 31, date(2024, 1, 1))
QUARTER_1, QUARTER_2 = until(2024, 3, 31, date(2024, 1, 1)), until(2024, 6, 30, date(2024, 4, 1))
TWO_YEARS: Expected = (SPAN, date(2024, 1, 1), date(2025, 12, 31))

ANNEXES = {
    "Tháng 01/2024": month(1),
    "Tháng 02/2024": month(2),
    "Tháng 6 năm 2024": month(6),
    "Tháng 7/2024": month(7),
    "Tháng 12/2024": month(12),
    "Quý I/2024": QUARTER_1,
    "Quý I/ 2024": QUARTER_1,
    "Quý I/2024 (ban hành Kế hoạch)": QUARTER_1,
    "Quý II/2024": QUARTER_2,
    "- Ban hành Kế hoạch trong Quý II/2024\n- Tổ chức triển khai theo kế hoạch": QUARTER_2,
    "Quý III/2024": until(2024, 9, 30, date(2024, 7, 1)),
    "Quý IV/2024": until(2024, 12, 31, date(2024, 10, 1)),
    "Trước ngày 01/6/2024": until(2024, 5, 31),
    "Xong trước ngày 30/9/2024": until(2024, 9, 29),
    "Năm 2024": YEAR,
    "Trong năm 2024": YEAR,
    "Từ năm 2024- 2025": TWO_YEARS,
    "Từ năm 2024 - 2025": TWO_YEARS,
    "Thường xuyên": AGAIN,
    "Theo tiến độ của Trung ương": WAITING,
    "Theo tiến độ của Bộ Nội vụ": WAITING,
    "Theo tiến độ triển khai của Trung ương": WAITING,
    "Theo tiến độ triển khai của cấp có thẩm quyền": WAITING,
    "Theo tiến độ khi có thêm hướng dẫn của Trung ương": WAITING,
    "Theo hướng dẫn, tiến độ của Bộ Nội vụ": WAITING,
    "Theo hướng dẫn của Văn phòng Chính phủ": WAITING,
    "Theo đề xuất của các cơ quan, đơn vị": WAITING,
    "Theo chỉ đạo của Ủy ban nhân dân tỉnh và đề nghị của các địa phương": WAITING,
    "Theo quy định": WAITING,
    "Theo Quyết định số 1117/QĐ- UBND ngày 19/5/2023 của Ủy ban nhân dân tỉnh và Quyết định số 2426/QĐ-UBND ngày "
    "11/10/2023 của Ủy ban nhân dân tỉnh": WAITING,
    "Theo Quy chế hoạt động của Ban Chỉ đạo CCHC tỉnh (được ban hành kèm theo Quyết định số 2112/QĐ- BCĐCCHC ngày "
    "06/9/2023)": WAITING,
    "Sau khi Đề án được phê duyệt": WAITING,
    "Sau khi các Chỉ số được công bố": WAITING,
    "Sau khi Chính phủ ban hành Nghị định quy định chi tiết Luật Giá": WAITING,
}
"""Every deadline of the two annexes, as it stands in its cell."""

BODIES = {
    ("khp-2024", "trong Quý I năm 2024"): QUARTER_1,
    ("khp-2024", "chậm nhất trong Quý I năm 2024"): QUARTER_1,
    ("khp-2024", "ít nhất 02 lần/năm"): AGAIN,
    ("khd-2024", "Định kỳ hàng quý, 6 tháng, hàng năm"): AGAIN,
    ("dn-2024", "tại kỳ báo cáo Quý III, năm 2024"): WAITING,
    ("bg-2024", "Định kỳ hàng tháng"): AGAIN,
    ("bg-2024", "Hàng tháng"): AGAIN,
    ("bg-2024", "thường xuyên 01 lần/tháng"): AGAIN,
    ("bg-2024", "ngay sau khi TTHC được cập nhật"): WAITING,
    ("bg-2024", "kịp thời"): WAITING,
}
"""Deadlines in running text, by document."""


def read(text: str) -> Expected:
    reading = read_deadline(text, CALENDAR)
    return reading.kind, reading.starts_on, reading.due_on


def words(text: str) -> str:
    return re.sub(r"\s+", " ", unicodedata.normalize("NFC", text))


@pytest.mark.parametrize("document", ["bg-2024", "khp-2024"])
def test_every_deadline_of_an_annex_is_read_as_expected(document: str) -> None:
    rows = read_annex((DOCUMENTS / f"{document}.txt").read_text("utf-8")).rows
    assert rows
    for row in rows:
        assert row.deadline in ANNEXES, f"line {row.source_line}: nobody has said how to read this"
        assert read(row.deadline) == ANNEXES[row.deadline], row.deadline


def test_the_table_has_no_deadline_that_is_in_no_annex() -> None:
    annexes = [read_annex((DOCUMENTS / f"{name}.txt").read_text("utf-8")) for name in ("bg-2024", "khp-2024")]
    assert {row.deadline for annex in annexes for row in annex.rows} == ANNEXES.keys()


@pytest.mark.parametrize(("document", "phrase"), BODIES)
def test_deadlines_in_running_text_are_read_too(document: str, phrase: str) -> None:
    assert words(phrase) in words((DOCUMENTS / f"{document}.txt").read_text("utf-8"))
    assert read(phrase) == BODIES[document, phrase]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Chậm nhất ngày 15/3/2024", until(2024, 3, 15)),
        ("Trước ngày 15 tháng 3 năm 2024", until(2024, 3, 14)),
        ("Trước tháng 6/2024", until(2024, 5, 31)),
        ("Hoàn thành trong tháng 6/2024", month(6)),
        ("Trong 6 tháng đầu năm 2024", until(2024, 6, 30, date(2024, 1, 1))),
        ("Từ ngày 01/3/2024 đến ngày 15/4/2024", (SPAN, date(2024, 3, 1), date(2024, 4, 15))),
        ("Từ tháng 3 đến tháng 6/2024", (SPAN, date(2024, 3, 1), date(2024, 6, 30))),
        ("Giai đoạn 2024-2025", TWO_YEARS),
        ("05 ngày kể từ ngày nhận được quyết định", WAITING),
    ],
)
def test_other_common_ways_are_read(text: str, expected: Expected) -> None:
    assert read(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "TRƯỚC NGÀY 01/6/2024",
        "  Trước   ngày\u00a001 / 6 / 2024 ",
        "Trước ngày 01-6-2024",
        "Trước ngày 01.6.2024.",
        "Truớc ngay 01/6/2024",
        unicodedata.normalize("NFD", "Trước ngày 01/6/2024"),
    ],
)
def test_spacing_unicode_and_slips_of_a_scan_are_forgiven(text: str) -> None:
    assert read(text) == until(2024, 5, 31)


@pytest.mark.parametrize("numeral", ["III", "iii", "lll", "3", "|||"])
def test_a_quarters_numeral_is_read_as_scanners_write_it(numeral: str) -> None:
    assert read(f"Quý {numeral}/2024")[2] == date(2024, 9, 30)


@pytest.mark.parametrize(
    "text",
    [
        "Tháng 7",
        "30/9/24",
        "Cuối tháng 7/2024",
        "Sau tháng 7/2024",
        "Khoảng quý II/2024",
        "Tháng 7/2024 (dự kiến)",
        "Quý II, III/2024",
        "Trước ngày 30/6 hoặc 30/7/2024",
        "Ban hành sau tháng 7/2024",
        "Năm học 2024",
        "Theo tiến độ của Trung ương, xong trước ngày 30/9/2024",
        "Thường xuyên, báo cáo trước ngày 30/9/2024",
        "Khi nào xong thì xong",
        "",
        " \n- ",
    ],
)
def test_words_that_no_reader_knows_are_not_guessed(text: str) -> None:
    reading = read_deadline(text, CALENDAR)
    assert (reading.kind, reading.starts_on, reading.due_on) == (UNREAD, None, None)
    assert reading.said["vi"]
    assert reading.said["en"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("29/02/2023", "Không có ngày 29/02/2023. Có thể là 28/02/2023 hoặc 29/02/2024?"),
        ("Trước ngày 31/6/2024", "Không có ngày 31/06/2024. Có thể là 30/06/2024?"),
        ("Trước ngày 12/25/2024", "Không có ngày 12/25/2024. Có thể là 25/12/2024?"),
        ("Ngày 45/45/2024", "Không có ngày 45/45/2024."),
        ("Tháng 13/2024", "Năm 2024 không có tháng 13: tháng từ 1 đến 12, quý từ I đến IV. Hãy xem lại văn bản."),
        ("Quý V/2024", "Năm 2024 không có quý V: tháng từ 1 đến 12, quý từ I đến IV. Hãy xem lại văn bản."),
        ("Từ năm 2025 - 2024", "Thời gian kết thúc trước khi bắt đầu. Hãy xem lại hai mốc."),
    ],
)
def test_what_cannot_be_is_refused_with_what_may_be_meant(text: str, told: str) -> None:
    reading = read_deadline(text, CALENDAR)
    assert reading.kind is UNREAD
    assert reading.due_on is None
    assert reading.said["vi"] == told


def test_a_reading_says_how_it_was_read_in_both_languages() -> None:
    said = read_deadline("Trước ngày 01/6/2024").said
    assert said["vi"] == "Trước ngày 01/6/2024: ngày cuối cùng là 31/05/2024, thứ Sáu"
    assert said["en"] == "“Trước ngày 01/6/2024”: the last day is Friday 31/05/2024"


def test_a_last_day_that_is_not_worked_is_pointed_out_and_not_moved() -> None:
    reading = read_deadline("Tháng 6 năm 2024", CALENDAR)
    assert reading.due_on == date(2024, 6, 30)
    assert [warning["vi"] for warning in reading.warnings] == [
        "30/06/2024 là Chủ Nhật; ngày làm việc gần nhất trước đó là 28/06/2024."
    ]
    assert read_deadline("Tháng 7/2024", CALENDAR).warnings == ()


def steps(reading: DeadlineReading) -> list[tuple[str, date | None]]:
    return [(milestone.text, milestone.due_on) for milestone in reading.milestones]


def test_a_deadline_of_two_steps_is_read_step_by_step() -> None:
    reading = read_deadline("- Ban hành Kế hoạch trong Quý II/2024\n- Tổ chức triển khai theo kế hoạch")
    assert steps(reading) == [("Ban hành Kế hoạch", date(2024, 6, 30)), ("Tổ chức triển khai", None)]
    assert [warning["vi"] for warning in reading.warnings] == ["Bước “Tổ chức triển khai” chưa có ngày."]


def test_a_deadline_of_one_step_only_says_that_the_rest_has_none() -> None:
    reading = read_deadline("Quý I/2024 (ban hành Kế hoạch)")
    assert steps(reading) == [("ban hành Kế hoạch", date(2024, 3, 31))]
    assert "các bước sau chưa có ngày" in reading.warnings[0]["vi"]


def test_one_unreadable_step_leaves_the_whole_unread() -> None:
    reading = read_deadline("Ban hành Kế hoạch trong Quý II/2024; Tổng kết vào một ngày đẹp trời")
    assert (reading.kind, reading.due_on) == (UNREAD, None)
    assert "một ngày đẹp trời" in reading.said["vi"]


DAYS = st.dates(date(1901, 1, 2), date(2100, 12, 31))


@given(DAYS)
def test_before_a_day_always_ends_the_day_before(day: date) -> None:
    assert read(f"Trước ngày {day.day}/{day.month}/{day.year}") == (DAY, None, day - timedelta(days=1))
    assert read(f"Chậm nhất ngày {day:%d/%m/%Y}") == (DAY, None, day)


@given(DAYS)
def test_a_month_ends_on_its_last_day(day: date) -> None:
    last = calendar.monthrange(day.year, day.month)[1]
    assert read(f"Tháng {day.month}/{day.year}") == (DAY, day.replace(day=1), day.replace(day=last))


@given(st.integers(0, 99), st.integers(0, 99), st.integers(1901, 2100))
def test_a_date_is_read_exactly_when_it_exists(day: int, month_: int, year: int) -> None:
    exists = 1 <= month_ <= 12 and 1 <= day <= calendar.monthrange(year, month_)[1]
    reading = read_deadline(f"Trước ngày {day}/{month_}/{year}")
    assert (reading.kind is DAY) == exists
    assert (reading.due_on is not None) == exists


@given(st.text(max_size=60))
def test_no_text_whatever_breaks_the_reader(text: str) -> None:
    reading = read_deadline(text, CALENDAR)
    assert (reading.due_on is not None) <= (reading.kind in (DAY, SPAN))
    assert reading.said["vi"]
