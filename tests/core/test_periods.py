"""Months, quarters, half-years and years."""

import unicodedata
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.errors import DomainError
from app.core.periods import Period, PeriodKind, refuse_future

kinds = st.sampled_from(PeriodKind)
days = st.dates(date(1902, 1, 1), date(2099, 12, 31))


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("2024-06", "2024-06"),
        ("2024-6", "2024-06"),
        ("06/2024", "2024-06"),
        ("tháng 6/2024", "2024-06"),
        ("Tháng 6 năm 2024", "2024-06"),
        ("THÁNG 6/2024", "2024-06"),
        ("thang 06 - 2024", "2024-06"),
        ("T6/2024", "2024-06"),
        ("June 2024", "2024-06"),
        ("Quý III/2024", "2024-Q3"),
        ("Quý I/ 2024", "2024-Q1"),
        ("Quý III, năm 2024", "2024-Q3"),
        ("trong Quý I năm 2024", "2024-Q1"),
        ("quý iv 2024", "2024-Q4"),
        ("quy 2/2024", "2024-Q2"),
        ("Q3 2024", "2024-Q3"),
        ("2024-q3", "2024-Q3"),
        ("6 tháng đầu năm 2024", "2024-H1"),
        ("6 tháng cuối năm 2024", "2024-H2"),
        ("sáu tháng đầu năm 2024", "2024-H1"),
        ("H2/2024", "2024-H2"),
        ("2024-H1", "2024-H1"),
        ("Năm 2024", "2024"),
        ("trong năm 2024", "2024"),
        (" 2024 ", "2024"),
    ],
)
def test_a_period_reads_as_people_write_it(text, key):
    assert Period.parse(text).key == key


def test_vietnamese_reads_whether_its_letters_are_composed_or_not():
    assert Period.parse(unicodedata.normalize("NFD", "6 tháng đầu năm 2024")).key == "2024-H1"


@pytest.mark.parametrize(
    "text",
    ["", "tháng 6", "6 tháng 2024", "9 tháng đầu năm 2024", "2024-2025", "2024-06-01", "Quý V/2024", "hôm nay", "24"],
)
def test_what_is_no_period_is_refused_in_one_sentence(text):
    with pytest.raises(DomainError, match="Không đọc được kỳ") as caught:
        Period.parse(text)
    assert caught.value.field == "period"
    assert caught.value.params["text"] == text


@pytest.mark.parametrize("text", ["2024-13", "2024-00", "tháng 0/2024", "Quý 5/2024", "2024-Q0", "H3 2024"])
def test_a_number_that_no_year_has_is_refused(text):
    with pytest.raises(DomainError, match="Năm 2024 không có kỳ này"):
        Period.parse(text)


@pytest.mark.parametrize("text", ["0000", "1900-12", "2101", "9999-12"])
def test_a_year_out_of_the_calendar_is_refused(text):
    with pytest.raises(DomainError, match="từ 1901 đến 2100"):
        Period.parse(text)


@given(kinds, days, st.sampled_from(["vi", "en"]))
def test_keys_and_labels_read_back_as_the_period(kind, day, locale):
    period = Period.of(kind, day)
    assert Period.parse(period.key) == Period.parse(period.label(locale)) == period


@given(kinds, days)
def test_a_period_holds_its_day_and_neighbours_leave_no_gap(kind, day):
    period = Period.of(kind, day)
    assert period.contains(day)
    assert period.next().first - timedelta(days=1) == period.last
    assert period.next().previous() == period
    assert period.previous() < period < period.next()
    months = period.months()
    assert (months[0].first, months[-1].last, len(months)) == (period.first, period.last, kind.months)
    assert all(one.next() == other for one, other in pairwise(months))


def test_first_and_last_days():
    spans = {key: (Period.parse(key).first, Period.parse(key).last) for key in ("2024-02", "2023-02", "2024-12")}
    assert spans["2024-02"] == (date(2024, 2, 1), date(2024, 2, 29))
    assert spans["2023-02"] == (date(2023, 2, 1), date(2023, 2, 28))
    assert spans["2024-12"] == (date(2024, 12, 1), date(2024, 12, 31))
    assert Period.parse("2024-Q4").first == date(2024, 10, 1)
    assert Period.parse("2024-H1").last == date(2024, 6, 30)
    assert Period.parse("2024").last == date(2024, 12, 31)


def test_labels_are_the_words_of_the_documents():
    keys = ("2024-06", "2024-Q2", "2024-H1", "2024-H2", "2024")
    assert [Period.parse(key).label() for key in keys] == [
        "Tháng 6/2024",
        "Quý II/2024",
        "6 tháng đầu năm 2024",
        "6 tháng cuối năm 2024",
        "Năm 2024",
    ]
    assert [Period.parse(key).label("en") for key in keys] == [
        "June 2024",
        "Quarter II of 2024",
        "First half of 2024",
        "Second half of 2024",
        "Year 2024",
    ]


def test_bounds_are_local_midnights_in_utc_with_the_end_left_out():
    start, end = Period.parse("2024-06").bounds("Asia/Ho_Chi_Minh")
    assert (start, end) == (datetime(2024, 5, 31, 17, tzinfo=UTC), datetime(2024, 6, 30, 17, tzinfo=UTC))
    assert end == Period.parse("2024-07").bounds("Asia/Ho_Chi_Minh")[0]


def test_bounds_follow_summer_time():
    start, end = Period.parse("2024-03").bounds("Europe/Amsterdam")
    assert (start, end) == (datetime(2024, 2, 29, 23, tzinfo=UTC), datetime(2024, 3, 31, 22, tzinfo=UTC))


def test_periods_sort_by_their_first_day_and_then_the_shorter_first():
    keys = ["2024", "2024-02", "2024-Q1", "2023", "2024-H1", "2024-01"]
    assert [str(period) for period in sorted(map(Period.parse, keys))] == [
        "2023",
        "2024-01",
        "2024-Q1",
        "2024-H1",
        "2024",
        "2024-02",
    ]


def test_a_period_is_over_the_day_after_its_last():
    june = Period.parse("2024-06")
    assert not june.is_over(date(2024, 6, 30))
    assert june.is_over(date(2024, 7, 1))


def test_a_period_that_has_not_begun_is_refused_and_a_running_one_is_not():
    refuse_future(Period.parse("2024-06"), date(2024, 6, 1))
    with pytest.raises(DomainError, match="Kỳ 2024-07 chưa bắt đầu"):
        refuse_future(Period.parse("2024-07"), date(2024, 6, 30))
