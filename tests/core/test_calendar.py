"""Working days and hours, due dates, pauses. The dates of 2024 are those of the official calendar."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import holidays
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from app.core.calendar import Allowance, DayPart, Deadline, OfficeHours, PauseMode, TimeUnit, WorkingCalendar
from app.core.errors import DomainError

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
CALENDAR = WorkingCalendar()
DAYS, CALENDAR_DAYS, HOURS, SAME_DAY = (
    TimeUnit.WORKING_DAYS,
    TimeUnit.CALENDAR_DAYS,
    TimeUnit.WORKING_HOURS,
    TimeUnit.SAME_DAY,
)
EXTEND, RESTART = PauseMode.EXTEND, PauseMode.RESTART


def at(day: int, month: int, hour: int = 9, minute: int = 0, second: int = 0, year: int = 2024) -> datetime:
    """A local moment of 2024."""
    return datetime(year, month, day, hour, minute, second, tzinfo=ZONE)


def moment(said: str) -> datetime:
    return datetime.fromisoformat(said).replace(tzinfo=CALENDAR.zone)


def end_of(day: int, month: int, year: int = 2024) -> datetime:
    return at(day, month, 23, 59, 59, year)


def due(start: datetime, amount: float | Decimal, unit: TimeUnit, calendar: WorkingCalendar = CALENDAR) -> datetime:
    """The due date, by both doors."""
    deadline = calendar.deadline(start, Allowance(amount, unit))
    assert deadline.due_at == calendar.due_at(start, amount, unit)
    assert deadline.due_at.tzinfo is UTC
    return deadline.due_at


def paused(start: datetime, amount: float, unit: TimeUnit, *pauses, mode: PauseMode = EXTEND) -> Deadline:
    return CALENDAR.deadline_with_pauses(start, Allowance(amount, unit), pauses, mode)


def late(deadline: Deadline, done: datetime) -> bool:
    return done > deadline.due_at and not deadline.stopped_in_time


days = st.dates(date(2009, 1, 1), date(2032, 12, 31))
seconds = st.integers(0, 18 * 365 * 86_400)
moments = seconds.map(lambda second: datetime(2012, 1, 1, tzinfo=ZONE) + timedelta(seconds=second))
units = st.sampled_from(TimeUnit)


# Which days are worked


def test_the_days_of_twenty_years_are_those_of_the_package_but_for_what_was_announced_and_it_does_not_know():
    package = holidays.country_holidays("VN", years=range(2008, 2034))
    first = date(2010, 1, 1)
    days = (first + timedelta(days=offset) for offset in range(365 * 22))
    other = [day for day in days if CALENDAR.is_working_day(day) != package.is_working_day(day)]
    assert other == [date(2026, 1, 2), date(2026, 1, 10)], "Công văn 12729/VPCP-KGVX"


@pytest.mark.parametrize(
    ("worked", "off"),
    [
        (date(2024, 5, 4), date(2024, 4, 29)),
        (date(2025, 4, 26), date(2025, 5, 2)),
        (date(2026, 1, 10), date(2026, 1, 2)),
        (date(2026, 8, 22), date(2026, 8, 31)),
        (date(2019, 1, 5), date(2018, 12, 31)),
        (date(2014, 12, 27), date(2015, 1, 2)),
    ],
)
def test_a_swapped_saturday_is_worked_and_its_monday_is_not(worked, off):
    calendar = WorkingCalendar()
    assert calendar.is_working_day(worked)
    assert not calendar.is_working_day(off)
    assert calendar.why_worked(worked) == f"Làm bù cho ngày {off:%d/%m/%Y}"
    assert calendar.why_off(worked) is None
    assert calendar.why_off(off) == f"Ngày nghỉ (thay cho ngày {worked:%d/%m/%Y})"


def test_days_off_say_why():
    assert CALENDAR.why_off(date(2024, 2, 10)) == "Tết Nguyên Đán"  # a Saturday, but the holiday is the reason
    assert CALENDAR.why_off(date(2024, 6, 1)) == "Thứ Bảy"
    assert CALENDAR.why_off(date(2024, 6, 2)) == "Chủ Nhật"
    assert CALENDAR.why_off(date(2024, 6, 2), "en") == "Sunday"
    assert CALENDAR.why_off(date(2024, 4, 30), "en") == "Liberation Day/Reunification Day"
    assert CALENDAR.why_off(date(2024, 6, 3)) is None
    assert CALENDAR.why_worked(date(2024, 6, 3)) is None


def test_the_days_of_the_site_win_over_the_package():
    flood, saturday, national_day = date(2024, 6, 4), date(2024, 6, 8), date(2024, 9, 2)
    calendar = WorkingCalendar({flood: "Nghỉ tránh bão"}, {saturday: "Làm bù bão", national_day: "Trực"})
    assert calendar.why_off(flood) == "Nghỉ tránh bão"
    assert calendar.is_working_day(saturday)
    assert calendar.why_worked(saturday) == "Làm bù bão"
    assert calendar.is_working_day(national_day)
    assert calendar.why_off(national_day) is None
    assert calendar.add_working_days(date(2024, 6, 3), 1) == date(2024, 6, 5)
    assert calendar.add_working_days(date(2024, 6, 7), 1) == saturday


def test_the_site_can_take_back_a_swap_of_the_package():
    calendar = WorkingCalendar([date(2024, 5, 4)], [date(2024, 4, 29)])
    assert calendar.why_off(date(2024, 5, 4)) == "Ngày nghỉ của cơ quan"
    assert calendar.why_worked(date(2024, 4, 29)) == "Ngày làm việc của cơ quan"


def test_a_day_cannot_be_both_off_and_worked():
    with pytest.raises(DomainError, match="Ngày 04/06/2024 vừa là ngày nghỉ"):
        WorkingCalendar([date(2024, 6, 4)], [date(2024, 6, 4)])


@pytest.mark.parametrize("day", [date(1, 1, 1), date(1900, 12, 31), date(2101, 1, 1), date(9999, 12, 31)])
def test_a_year_without_a_calendar_is_refused_in_a_sentence(day):
    with pytest.raises(DomainError, match="từ năm 1901 đến năm 2100"):
        CALENDAR.is_working_day(day)
    with pytest.raises(DomainError):
        CALENDAR.add_working_days(day, 1)
    with pytest.raises(DomainError):
        CALENDAR.count_working_days(date(2024, 1, 1), day)


def test_counting_past_the_last_year_is_refused_but_reaching_it_is_not():
    calendar = WorkingCalendar()
    assert calendar.add_working_days(date(2029, 12, 31), 10_000) > date(2069, 1, 1)
    assert calendar.add_working_days(date(2100, 12, 1), 1) == date(2100, 12, 2)
    assert calendar.add_working_days(date(1901, 2, 1), -1) < date(1901, 2, 1)
    with pytest.raises(DomainError):
        calendar.add_working_days(date(2100, 12, 31), 1)
    with pytest.raises(DomainError):
        calendar.add_working_days(date(1901, 1, 2), -5)


def test_a_year_is_known_by_its_announcement_and_not_by_some_day_of_it():
    assert [year for year in range(2017, 2030) if CALENDAR.missing_year(year)] == [2017, 2018, 2027, 2028, 2029]
    assert WorkingCalendar([date(2027, 2, 11)]).missing_year(2027)
    confirmed = WorkingCalendar(known_years=[2027])
    assert [year for year in (2026, 2027, 2028) if confirmed.missing_year(year)] == [2028]
    assert confirmed.fingerprint() == CALENDAR.fingerprint(), "no day is another for it"
    assert CALENDAR.missing_year(1850)


def test_the_swap_of_january_2026():
    assert CALENDAR.due_at(moment("2025-12-31 10:00"), 1, TimeUnit.WORKING_DAYS) == moment("2026-01-05 23:59:59")
    assert CALENDAR.due_at(moment("2026-01-09 10:00"), 1, TimeUnit.WORKING_DAYS) == moment("2026-01-10 23:59:59")


# Half days


MORNING_OFF = date(2024, 6, 12)  # a Wednesday of which only the afternoon is worked
HALVES = WorkingCalendar(half_days={MORNING_OFF: DayPart.AFTERNOON, date(2024, 6, 14): DayPart.MORNING})


@pytest.mark.parametrize(
    ("start", "hours", "end"),
    [
        ("2024-06-11 16:00", 1, "2024-06-11 17:00"),
        ("2024-06-11 16:00", 2, "2024-06-12 14:00"),
        ("2024-06-12 08:00", 1, "2024-06-12 14:00"),
        ("2024-06-12 08:00", 4, "2024-06-12 17:00"),
        ("2024-06-12 13:00", 8, "2024-06-13 11:30"),
        ("2024-06-13 13:00", 8, "2024-06-14 11:30"),
        ("2024-06-13 13:00", 9, "2024-06-17 08:30"),
        ("2024-06-15 09:00", 1, "2024-06-17 08:30"),
    ],
)
def test_only_the_hours_worked_on_a_half_day_are_office_time(start, hours, end):
    assert HALVES.due_at(moment(start), hours, TimeUnit.WORKING_HOURS) == moment(end)
    used = HALVES.working_time_used(moment(start), moment(end), TimeUnit.WORKING_HOURS)
    assert used == hours


def test_a_half_day_is_a_working_day_and_a_time_in_days_may_end_on_it():
    assert HALVES.is_working_day(MORNING_OFF)
    assert HALVES.due_at(moment("2024-06-11 10:00"), 1, TimeUnit.WORKING_DAYS) == moment("2024-06-12 23:59:59")
    assert HALVES.working_time_used(moment("2024-06-11 10:00"), moment("2024-06-12 15:00"), TimeUnit.WORKING_DAYS) == 1
    assert HALVES.fingerprint() != CALENDAR.fingerprint()


@pytest.mark.parametrize(
    ("received", "due"),
    [("2024-06-14 11:30", "2024-06-14 23:59:59"), ("2024-06-14 11:31", "2024-06-17 23:59:59")],
)
def test_a_same_day_case_of_a_day_without_its_afternoon_comes_in_before_it_closes(received, due):
    assert HALVES.due_at(moment(received), 1, TimeUnit.SAME_DAY) == moment(due)


@pytest.mark.parametrize(
    ("done", "day"),
    [
        ("2024-06-11 17:00", "2024-06-11"),
        ("2024-06-11 17:01", "2024-06-12"),
        ("2024-06-12 06:00", "2024-06-12"),
        ("2024-06-14 11:30", "2024-06-14"),
        ("2024-06-14 13:00", "2024-06-17"),
        ("2024-06-15 09:00", "2024-06-17"),
    ],
)
def test_a_thing_done_out_of_hours_counts_to_the_next_working_day(done, day):
    assert HALVES.counted_day(moment(done)) == date.fromisoformat(day)


# Adding and counting


@pytest.mark.parametrize(
    ("start", "number", "expected"),
    [
        (date(2024, 4, 26), 1, date(2024, 5, 2)),
        (date(2024, 4, 26), 2, date(2024, 5, 3)),
        (date(2024, 4, 26), 3, date(2024, 5, 4)),  # the swapped Saturday
        (date(2024, 4, 26), 5, date(2024, 5, 7)),
        (date(2024, 2, 7), 3, date(2024, 2, 19)),  # over Tết
        (date(2024, 8, 30), 3, date(2024, 9, 6)),  # over National Day
        (date(2024, 2, 28), 2, date(2024, 3, 1)),  # leap day
        (date(2023, 2, 28), 1, date(2023, 3, 1)),
        (date(2019, 12, 31), 16, date(2020, 1, 30)),  # New Year and Tết at the turn of a decade
        (date(2024, 6, 1), 0, date(2024, 6, 3)),  # a Saturday: the next working day
        (date(2024, 6, 3), 0, date(2024, 6, 3)),
        (date(2024, 5, 2), -1, date(2024, 4, 26)),
        (date(2024, 5, 1), -2, date(2024, 4, 25)),
    ],
)
def test_working_days_are_counted_from_the_day_after(start, number, expected):
    assert CALENDAR.add_working_days(start, number) == expected


@given(days, st.integers(1, 800))
def test_adding_n_working_days_then_counting_gives_n(day, number):
    assert CALENDAR.count_working_days(day, CALENDAR.add_working_days(day, number)) == number


@given(days, st.integers(1, 800))
def test_counting_backwards_undoes_counting_forwards(day, number):
    assume(CALENDAR.is_working_day(day))
    assert CALENDAR.add_working_days(CALENDAR.add_working_days(day, number), -number) == day


@given(days, st.integers(-300, 300))
def test_adding_never_lands_on_a_day_off(day, number):
    assert CALENDAR.is_working_day(CALENDAR.add_working_days(day, number))


@given(days, days, st.integers(0, 300), st.integers(0, 300))
def test_adding_is_monotone_in_both_the_day_and_the_number(one, other, number, more):
    first, last = sorted((one, other))
    assert CALENDAR.add_working_days(first, number) <= CALENDAR.add_working_days(last, number)
    assert CALENDAR.add_working_days(first, number) <= CALENDAR.add_working_days(first, number + more)


@given(days, days)
def test_counting_agrees_with_walking_the_days(one, other):
    first, last = min(one, other), min(max(one, other), min(one, other) + timedelta(days=60))
    walked = [first + timedelta(days=n) for n in range(1, (last - first).days + 1)]
    assert CALENDAR.count_working_days(first, last) == sum(map(CALENDAR.is_working_day, walked))
    assert CALENDAR.count_working_days(last, first) == -CALENDAR.count_working_days(first, last)


@given(st.dates(date(1901, 1, 1), date(2100, 11, 1)), st.integers(0, 20))
def test_the_order_of_questions_does_not_change_the_answers(day, number):
    fresh = WorkingCalendar()
    assert fresh.add_working_days(day, number) == CALENDAR.add_working_days(day, number)


# Instants and days


def test_a_day_of_the_site_begins_and_ends_at_local_midnight():
    day = date(2024, 6, 3)
    assert CALENDAR.start_of_day(day) == datetime(2024, 6, 2, 17, tzinfo=UTC)
    assert CALENDAR.end_of_day(day) == datetime(2024, 6, 3, 16, 59, 59, tzinfo=UTC)
    assert CALENDAR.local_day(datetime(2024, 6, 2, 17, tzinfo=UTC)) == day
    assert CALENDAR.local_day(datetime(2024, 6, 2, 16, 59, 59, tzinfo=UTC)) == date(2024, 6, 2)


def test_a_moment_without_a_zone_is_refused():
    with pytest.raises(ValueError, match="zone"):
        CALENDAR.local_day(datetime(2024, 6, 3, 9))  # noqa: DTZ001


def test_summer_time_does_not_change_how_many_days_or_hours_are_counted():
    amsterdam = WorkingCalendar(zone="Europe/Amsterdam")
    friday = datetime(2024, 3, 29, 14, tzinfo=ZoneInfo("Europe/Amsterdam"))  # clocks change on 31/3
    assert due(friday, 1, DAYS, amsterdam) == datetime(2024, 4, 1, 21, 59, 59, tzinfo=UTC)
    assert due(friday, 4, HOURS, amsterdam) == datetime(2024, 4, 1, 6, 30, tzinfo=UTC)
    assert amsterdam.working_time_used(friday, due(friday, 4, HOURS, amsterdam), HOURS) == 4


# Due dates


def test_working_days_end_at_the_end_of_the_last_day_whatever_the_hour_of_receipt():
    assert due(at(26, 4, 7), 3, DAYS) == due(at(26, 4, 23), 3, DAYS) == end_of(4, 5)


def test_a_thing_done_in_the_last_second_is_on_time_and_at_midnight_is_late():
    deadline = CALENDAR.deadline(at(3, 6), Allowance(1, DAYS))
    assert not late(deadline, end_of(4, 6))
    assert late(deadline, at(5, 6, 0))


def test_calendar_days_that_end_on_a_day_off_end_on_the_next_working_day():
    assert due(at(3, 6), 5, CALENDAR_DAYS) == end_of(10, 6)  # Saturday 8/6 -> Monday
    assert due(at(3, 6), 4, CALENDAR_DAYS) == end_of(7, 6)
    assert due(at(26, 4), 3, CALENDAR_DAYS) == end_of(2, 5)  # Monday 29/4 is off
    assert due(at(26, 4), 8, CALENDAR_DAYS) == end_of(4, 5)  # the Saturday is worked


@pytest.mark.parametrize(
    ("received", "expected"),
    [
        (at(3, 6, 14, 59, 59), end_of(3, 6)),
        (at(3, 6, 15), end_of(3, 6)),
        (at(3, 6, 15, 0, 1), end_of(4, 6)),
        (at(7, 6, 16), end_of(10, 6)),  # Friday afternoon
        (at(8, 6, 9), end_of(10, 6)),  # online on a Saturday
        (at(4, 5, 9), end_of(4, 5)),  # on a Saturday that is worked
        (at(26, 4, 15, 1), end_of(2, 5)),
    ],
)
def test_a_same_day_case_received_after_15_00_is_due_the_next_working_day(received, expected):
    assert due(received, 1, SAME_DAY) == expected


def test_the_hour_of_the_same_day_rule_is_a_setting():
    calendar = WorkingCalendar(hours=OfficeHours(same_day_until=time(16)))
    assert due(at(3, 6, 15, 30), 0, SAME_DAY, calendar) == end_of(3, 6)


@pytest.mark.parametrize(
    ("start", "hours", "expected"),
    [
        (at(3, 6, 8), 2, at(3, 6, 10)),
        (at(3, 6, 10), 2, at(3, 6, 13, 30)),  # lunch does not count
        (at(3, 6, 12), 1, at(3, 6, 14)),  # received at lunch
        (at(3, 6, 16), 2, at(4, 6, 8, 30)),
        (at(3, 6, 7, 30), 8, at(3, 6, 17)),  # a full day ends that day
        (at(3, 6, 7, 30), 4, at(3, 6, 11, 30)),
        (at(3, 6, 22), 1, at(4, 6, 8, 30)),
        (at(1, 6, 10), 1, at(3, 6, 8, 30)),  # a Saturday
        (at(26, 4, 16), 9, at(2, 5, 17)),
        (at(3, 6, 8), Decimal("0.5"), at(3, 6, 8, 30)),
        (at(1, 6, 10), 0, at(1, 6, 10)),
    ],
)
def test_working_hours_are_office_hours(start, hours, expected):
    assert due(start, hours, HOURS) == expected


def test_office_hours_are_a_setting():
    calendar = WorkingCalendar(hours=OfficeHours(((time(7), time(11, 30)), (time(13, 30), time(17)))))
    assert due(at(3, 6, 11), 1, HOURS, calendar) == at(3, 6, 14)
    with pytest.raises(DomainError, match="không chồng lên nhau"):
        OfficeHours(((time(7), time(12)), (time(11), time(17))))


def test_half_a_working_day_is_half_its_office_hours():
    assert due(at(3, 6, 8), 0.5, DAYS) == at(3, 6, 13, 30)
    assert due(at(3, 6, 16), 0.5, DAYS) == at(4, 6, 10, 30)
    assert due(at(1, 6, 8), 0.5, DAYS) == at(3, 6, 11, 30)


def test_whole_days_and_a_half_end_at_noon_of_the_day_after_the_whole_ones():
    assert due(at(3, 6, 16), 2.5, DAYS) == at(6, 6, 11, 30)
    assert due(at(3, 6, 16), 2, DAYS) < due(at(3, 6, 16), 2.5, DAYS) < due(at(3, 6, 16), 3, DAYS)


@given(moments, moments, st.integers(0, 200), units)
def test_a_later_start_is_never_due_earlier(one, other, amount, unit):
    first, last = sorted((one, other))
    assert CALENDAR.due_at(first, amount, unit) <= CALENDAR.due_at(last, amount, unit)


@given(moments, st.integers(1, 400), st.integers(0, 100), units)
def test_more_time_is_never_due_earlier_and_nothing_is_due_before_its_start(start, quarters, more, unit):
    amount, longer = Decimal(quarters) / 4, Decimal(quarters + more) / 4
    if unit == CALENDAR_DAYS:
        amount, longer = int(amount), int(longer)
    assert start <= CALENDAR.due_at(start, amount, unit) <= CALENDAR.due_at(start, longer, unit)


@given(moments, st.integers(1, 4000))
def test_the_hours_used_until_the_due_moment_are_the_hours_allowed(start, hundredths):
    amount = Decimal(hundredths) / 100
    due_at = CALENDAR.due_at(start, amount, HOURS)
    assert CALENDAR.working_time_used(start, due_at, HOURS) == amount
    assert CALENDAR.is_working_day(CALENDAR.local_day(due_at))


@given(moments, st.integers(0, 100), units)
def test_no_due_date_counted_in_days_falls_on_a_day_off(start, amount, unit):
    assume(unit != HOURS)
    assert CALENDAR.is_working_day(CALENDAR.local_day(CALENDAR.due_at(start, amount, unit)))


@pytest.mark.parametrize("amount", [-1, float("nan"), float("inf"), Decimal("NaN"), 10_001])
def test_an_impossible_allowance_is_refused(amount):
    with pytest.raises(DomainError, match="từ 0 đến 10000"):
        Allowance(amount, DAYS)
    with pytest.raises(DomainError):
        CALENDAR.due_at(at(3, 6), amount, HOURS)


def test_half_a_calendar_day_is_refused():
    with pytest.raises(DomainError, match="số nguyên"):
        Allowance(0.5, CALENDAR_DAYS)


def test_a_deadline_says_which_unusual_days_it_crossed():
    assert CALENDAR.deadline(at(26, 4), Allowance(3, DAYS)).days_crossed == (
        (date(2024, 4, 29), "Ngày nghỉ (thay cho ngày 04/05/2024)"),
        (date(2024, 4, 30), "Ngày Chiến thắng"),
        (date(2024, 5, 1), "Ngày Quốc tế Lao động"),
        (date(2024, 5, 4), "Làm bù cho ngày 29/04/2024"),
    )
    assert CALENDAR.deadline(at(3, 6), Allowance(10, DAYS)).days_crossed == ()  # weekends are not unusual
    received_on_a_holiday = CALENDAR.deadline(at(1, 5), Allowance(1, SAME_DAY))
    assert received_on_a_holiday.days_crossed == ((date(2024, 5, 1), "Ngày Quốc tế Lao động"),)


# Pauses


def test_the_day_of_receipt_is_named_only_where_it_counts():
    saturday = (date(2024, 5, 4), "Làm bù cho ngày 29/04/2024")
    for unit, named in ((DAYS, ()), (CALENDAR_DAYS, ()), (HOURS, (saturday,)), (SAME_DAY, (saturday,))):
        assert CALENDAR.deadline(at(4, 5, 9), Allowance(1, unit)).days_crossed == named, unit
    assert CALENDAR.deadline(at(3, 5, 9), Allowance(1, DAYS)).days_crossed == (saturday,)


def test_a_pause_moves_the_due_date_by_the_working_days_it_took():
    assert paused(at(3, 6), 5, DAYS, (at(5, 6), at(7, 6))).due_at == end_of(12, 6)
    assert paused(at(3, 6), 5, DAYS, (at(5, 6, 8), at(5, 6, 16))).due_at == end_of(10, 6)
    assert paused(at(3, 6), 5, DAYS, (at(7, 6), at(9, 6))).due_at == end_of(10, 6)  # until a Sunday


def test_each_of_many_pauses_counts():
    pauses = [(at(4, 6), at(5, 6)), (at(6, 6), at(7, 6)), (at(10, 6), at(12, 6)), (at(13, 6), at(14, 6))]
    assert paused(at(3, 6), 5, DAYS, *pauses).due_at == end_of(17, 6)
    assert paused(at(3, 6), 5, DAYS, *reversed(pauses)).due_at == end_of(17, 6)


def test_a_pause_is_measured_in_the_unit_of_the_allowance():
    weekend = (at(7, 6), at(10, 6))
    assert paused(at(3, 6), 5, DAYS, weekend).due_at == end_of(11, 6)  # one working day
    assert paused(at(3, 6), 8, CALENDAR_DAYS, weekend).due_at == end_of(14, 6)  # three days
    assert paused(at(7, 6, 8), 8, HOURS, (at(7, 6, 15), at(10, 6, 8, 30))).due_at == at(10, 6, 11)
    assert paused(at(7, 6, 8), 0.5, DAYS, (at(7, 6, 9), at(7, 6, 10))).due_at == at(7, 6, 14, 30)
    assert paused(at(7, 6, 8), 1, SAME_DAY, (at(7, 6, 9), at(11, 6, 16))).due_at == end_of(11, 6)


def test_a_restart_counts_the_whole_time_from_the_end_of_the_last_pause():
    pauses = [(at(5, 6), at(6, 6)), (at(10, 6), at(14, 6))]
    assert paused(at(3, 6), 5, DAYS, *pauses, mode=RESTART).due_at == end_of(21, 6)


def test_without_a_pause_mode_the_clock_runs_on():
    deadline = paused(at(3, 6), 5, DAYS, (at(5, 6), None), mode=PauseMode.NONE)
    assert deadline.due_at == end_of(10, 6)
    assert not deadline.paused


def test_while_the_clock_is_stopped_nothing_becomes_late():
    deadline = paused(at(3, 6), 5, DAYS, (at(4, 6), at(5, 6)), (at(7, 6), None))
    assert deadline.paused
    assert deadline.paused_at == at(7, 6)
    assert deadline.due_at == end_of(11, 6)
    assert not late(deadline, at(30, 6))


def test_a_case_late_already_when_its_clock_stops_stays_late():
    too_late = (at(12, 6), at(20, 6))
    for mode in (EXTEND, RESTART):
        assert paused(at(3, 6), 5, DAYS, too_late, mode=mode).due_at == end_of(10, 6)
        assert late(paused(at(3, 6), 5, DAYS, (at(12, 6), None), mode=mode), at(13, 6))


def test_a_clock_stopped_in_the_last_second_is_stopped_in_time_and_a_second_later_is_not():
    last, midnight = end_of(10, 6), at(11, 6, 0)  # five working days from 3 June end on the 10th
    assert paused(at(3, 6), 5, DAYS, (last, at(12, 6))).due_at == end_of(12, 6)  # two days stopped: 11 and 12 June
    assert paused(at(3, 6), 5, DAYS, (last, at(12, 6)), mode=RESTART).due_at == end_of(19, 6)  # five days again
    for mode in (EXTEND, RESTART):
        assert paused(at(3, 6), 5, DAYS, (midnight, at(12, 6)), mode=mode).due_at == end_of(10, 6)
        assert not late(paused(at(3, 6), 5, DAYS, (last, None), mode=mode), at(13, 6))
        assert late(paused(at(3, 6), 5, DAYS, (midnight, None), mode=mode), at(13, 6))


def test_a_clock_stopped_at_its_due_hour_is_stopped_in_time_and_a_second_later_is_not():
    start, due_at = at(7, 6, 8), at(7, 6, 13, 30)  # four hours: until 11:30, and from 13:00 on
    assert paused(start, 4, HOURS, (due_at, at(7, 6, 15))).due_at == at(7, 6, 15)
    assert paused(start, 4, HOURS, (at(7, 6, 13, 30, 1), at(7, 6, 15))).due_at == due_at


def test_a_pause_before_the_start_does_not_count_and_one_across_it_counts_from_it():
    assert paused(at(5, 6), 5, DAYS, (at(3, 6), at(4, 6))).due_at == end_of(12, 6)
    assert paused(at(5, 6), 5, DAYS, (at(3, 6), at(6, 6))).due_at == end_of(13, 6)


def test_a_pause_that_ends_before_it_begins_is_refused():
    with pytest.raises(DomainError, match="trước thời điểm tạm dừng"):
        paused(at(3, 6), 5, DAYS, (at(6, 6), at(5, 6)))


@given(moments, st.integers(1, 30), units, st.lists(st.integers(0, 400), min_size=3, max_size=3), st.booleans())
def test_splitting_a_pause_in_two_changes_nothing(start, amount, unit, gaps, restart):
    stopped = start + timedelta(hours=gaps[0])
    middle = stopped + timedelta(hours=gaps[1])
    resumed = middle + timedelta(hours=gaps[2])
    mode = RESTART if restart else EXTEND
    whole = paused(start, amount, unit, (stopped, resumed), mode=mode)
    assert paused(start, amount, unit, (stopped, middle), (middle, resumed), mode=mode) == whole
    overlapping = paused(start, amount, unit, (middle, resumed), (stopped, resumed), mode=mode)
    assert overlapping == whole


@given(moments, st.integers(0, 20), st.lists(st.integers(0, 200), min_size=7, max_size=7))
@example(at(1, 1, 0, year=2012), 9, [0, 0, 144, 104, 200, 200, 0])  # stopped on a day off, when the time had run out
def test_working_days_are_overrun_exactly_when_more_are_used_than_allowed(start, amount, gaps):
    while not CALENDAR.is_working_day(CALENDAR.local_day(start)):
        start += timedelta(days=1)
    moments, moment = [], start
    for gap in gaps:
        moment += timedelta(hours=gap)
        moments.append(moment)
    pauses = list(zip(moments[0:6:2], moments[1:6:2], strict=True))
    done = moments[-1]
    used = CALENDAR.working_time_used(start, done, DAYS, pauses)
    deadline = paused(start, amount, DAYS, *pauses)
    is_late = late(deadline, done)
    if is_late != (used > amount):
        # The day that was due is over, and before another was worked it was done, or the clock was stopped too late.
        assert is_late
        next_moment = min(
            moment for moment in (done, *(stopped for stopped, _resumed in pauses)) if late(deadline, moment)
        )
        assert not CALENDAR.is_working_day(CALENDAR.local_day(next_moment))


def test_a_clock_stopped_on_the_day_off_after_the_last_day_stops_nothing_and_uses_nothing():
    """Due on Friday 7 June 2024, stopped on Saturday, going on and done on Tuesday: late, with five of five used."""
    stopped, resumed = at(8, 6, 9), at(11, 6, 9)
    deadline = paused(at(31, 5), 5, DAYS, (stopped, resumed))
    assert deadline.due_at == end_of(7, 6)
    assert late(deadline, resumed)
    assert CALENDAR.working_time_used(at(31, 5), resumed, DAYS, [(stopped, resumed)]) == 5


# Time used


def test_time_used_leaves_out_the_pauses():
    start, end = at(3, 6, 8), at(12, 6, 10)
    pauses = [(at(5, 6), at(7, 6)), (at(10, 6, 8), at(10, 6, 10))]
    assert CALENDAR.working_time_used(start, end, DAYS) == 7
    assert CALENDAR.working_time_used(start, end, DAYS, pauses) == 5
    assert CALENDAR.working_time_used(start, end, CALENDAR_DAYS, pauses) == 7
    assert CALENDAR.working_time_used(start, end, HOURS, pauses[1:]) == Decimal("56.00")
    assert CALENDAR.working_time_used(start, end, DAYS, [(at(6, 6), None)]) == 3


def test_hours_used_count_office_time_only():
    assert CALENDAR.working_time_used(at(3, 6, 11), at(3, 6, 14), HOURS) == Decimal("1.50")
    assert CALENDAR.working_time_used(at(1, 6), at(2, 6), HOURS) == 0
    assert CALENDAR.working_time_used(at(31, 5, 16), at(2, 6), HOURS) == 1
    assert CALENDAR.working_time_used(at(2, 6), at(3, 6, 8, 10), HOURS) == Decimal("0.67")


def test_an_end_before_the_start_is_refused():
    with pytest.raises(DomainError, match="trước thời điểm bắt đầu"):
        CALENDAR.working_time_used(at(4, 6), at(3, 6), DAYS)


# Which calendar judged


def test_the_fingerprint_changes_with_whatever_changes_a_verdict():
    variants = [
        WorkingCalendar(),
        WorkingCalendar([date(2024, 6, 4)]),
        WorkingCalendar((), [date(2024, 6, 8)]),
        WorkingCalendar(zone="Europe/Amsterdam"),
        WorkingCalendar(hours=OfficeHours(same_day_until=time(16))),
        WorkingCalendar(hours=OfficeHours(((time(7), time(11)),))),
        WorkingCalendar(half_days={date(2024, 6, 4): DayPart.MORNING}),
        WorkingCalendar(half_days={date(2024, 6, 4): DayPart.AFTERNOON}),
    ]
    assert len({calendar.fingerprint() for calendar in variants}) == len(variants)
    assert all(len(calendar.fingerprint()) == 12 for calendar in variants)
    named, bare = WorkingCalendar({date(2024, 6, 4): "Nghỉ tránh bão"}), WorkingCalendar([date(2024, 6, 4)])
    assert named.fingerprint() == bare.fingerprint()


def test_pauses_that_touch_are_one_and_those_before_them_stay():
    apart, first, second = (at(4, 6, 8), at(6, 6, 8)), (at(6, 6, 9), at(7, 6)), (at(7, 6), at(10, 6))
    assert paused(at(3, 6), 10, DAYS, apart, first, second).due_at == end_of(21, 6)  # two days, and two


def test_a_pause_within_another_is_no_more_than_that():
    assert paused(at(3, 6), 10, DAYS, (at(4, 6), at(10, 6)), (at(5, 6), at(6, 6))).due_at == end_of(21, 6)


def test_a_pause_of_a_day_gives_calendar_days_one_more():
    assert paused(at(3, 6), 1, CALENDAR_DAYS, (at(3, 6, 10), at(4, 6))).due_at == end_of(5, 6)


def test_less_than_nothing_is_refused_by_the_quick_door_too():
    with pytest.raises(DomainError, match="từ 0 đến"):
        CALENDAR.due_at(at(3, 6), -1, DAYS)


def test_hours_are_counted_to_the_microsecond():
    for start in (at(3, 6, 8, 0, 1) + timedelta(microseconds=500_000), at(3, 6, 7, 59, 59)):
        assert due(start, 1, HOURS) == start + timedelta(hours=1)


def test_a_half_day_closes_with_the_last_of_its_hours():
    hours = OfficeHours(((time(7), time(9)), (time(10), time(11, 30)), (time(13), time(17))))
    assert hours.of(DayPart.MORNING) == OfficeHours(((time(7), time(9)), (time(10), time(11, 30))), time(11, 30))
    assert hours.of(DayPart.AFTERNOON) == OfficeHours(((time(13), time(17)),), time(15))
    assert hours.of(DayPart.DAY) is hours


# A given date, moved; the hour that is told


@pytest.mark.parametrize(
    ("amount", "unit", "due_at", "stopped", "resumed", "moved"),
    [
        (5, DAYS, end_of(10, 6), at(3, 6), at(5, 6), end_of(12, 6)),
        (5, DAYS, end_of(13, 6), at(3, 6), at(5, 6), end_of(17, 6)),  # the weekend does not count
        (5, DAYS, end_of(14, 6), at(3, 6), at(5, 6), end_of(18, 6)),
        (9, CALENDAR_DAYS, end_of(14, 6), at(3, 6), at(5, 6), end_of(17, 6)),
        (5, DAYS, end_of(10, 6), at(8, 6), at(9, 6), end_of(10, 6)),  # a stop of a weekend takes no working day
        (5, DAYS, end_of(10, 6), at(5, 6), at(3, 6), end_of(10, 6)),
        (0, SAME_DAY, end_of(10, 6), at(3, 6), at(4, 6), end_of(11, 6)),
        (9, CALENDAR_DAYS, end_of(10, 6), at(3, 6), at(5, 6), end_of(12, 6)),
        (9, CALENDAR_DAYS, end_of(10, 6), at(3, 6), at(8, 6), end_of(17, 6)),  # 15 June is a Saturday
        (9, CALENDAR_DAYS, end_of(10, 6), at(8, 6), at(9, 6), end_of(11, 6)),
        (8, HOURS, at(10, 6, 10), at(5, 6, 9), at(5, 6, 11), at(10, 6, 13, 30)),
        (8, HOURS, at(10, 6, 10), at(5, 6, 11, 30), at(5, 6, 13), at(10, 6, 10)),  # over lunch
        (1.5, DAYS, at(10, 6, 10), at(5, 6, 9), at(5, 6, 10), at(10, 6, 11)),  # part of a day is counted in hours
    ],
)
def test_a_given_date_moves_by_the_time_the_clock_stood_in_the_unit_of_the_allowance(
    amount, unit, due_at, stopped, resumed, moved
):
    assert CALENDAR.moved_by(due_at, Allowance(amount, unit), stopped, resumed) == moved


def test_of_a_day_and_a_half_a_stop_on_the_day_of_receipt_takes_nothing_and_of_half_a_day_it_does():
    assert paused(at(3, 6, 9), 1.5, DAYS, (at(3, 6, 10), at(3, 6, 15))).due_at == at(5, 6, 11, 30)
    assert paused(at(3, 6, 9), 1.5, DAYS, (at(3, 6, 10), at(4, 6, 8))).due_at == at(5, 6, 13, 30)
    assert paused(at(3, 6, 8), 0.5, DAYS, (at(3, 6, 9), at(3, 6, 10))).due_at == at(3, 6, 14, 30)


@pytest.mark.parametrize(
    ("due_at", "told"),
    [
        (end_of(3, 6), at(3, 6, 17)),
        (end_of(3, 6) + timedelta(microseconds=5), at(3, 6, 17)),
        (end_of(4, 6), at(4, 6, 11, 30)),  # worked in the morning only
        (at(3, 6, 23, 59, 58), at(3, 6, 23, 59, 58)),
        (at(3, 6, 10), at(3, 6, 10)),
    ],
)
def test_the_end_of_a_day_is_told_as_the_hour_when_the_office_closes(due_at, told):
    calendar = WorkingCalendar(half_days={date(2024, 6, 4): DayPart.MORNING})
    assert calendar.told_as(due_at) == told


def test_an_open_pause_says_since_when_and_whether_it_came_in_time():
    running = paused(at(3, 6), 5, DAYS)
    assert (running.paused, running.stopped_in_time, running.paused_at) == (False, False, None)
    stopped = paused(at(3, 6), 5, DAYS, (at(5, 6), None))
    assert (stopped.paused, stopped.stopped_in_time, stopped.paused_at) == (True, True, at(5, 6))
    assert stopped.paused_at.tzinfo is UTC
    too_late = paused(at(3, 6), 5, DAYS, (at(12, 6), None))
    assert (too_late.paused, too_late.stopped_in_time) == (True, False)


def test_a_stop_that_began_on_a_day_off_counts_no_instant_of_it() -> None:
    """Saturday 10:00 to Monday 8:30: the hour since the office opened, to the microsecond."""
    assert CALENDAR.moved_by(at(4, 6, 10), Allowance(8, HOURS), at(1, 6, 10), at(3, 6, 8, 30)) == at(4, 6, 11)


def test_a_stop_of_no_working_time_leaves_the_due_hour_as_it_was() -> None:
    for unit in (DAYS, HOURS):
        assert CALENDAR.moved_by(at(4, 6, 10, 30), Allowance(3, unit), at(1, 6), at(2, 6)) == at(4, 6, 10, 30)


def test_a_pause_within_the_last_of_several_is_no_more_than_that() -> None:
    """Of fourteen working days one and four are paused; 11 to 12 June lies within 10 to 14 June."""
    pauses = [(at(3, 6), at(4, 6)), (at(10, 6), at(14, 6)), (at(11, 6), at(12, 6))]
    assert CALENDAR.working_time_used(at(3, 6), at(21, 6), DAYS, pauses) == 14 - 1 - 4


def test_noon_divides_hours_that_do_not_break_there() -> None:
    whole = OfficeHours(((time(8), time(15)),))
    assert whole.of(DayPart.MORNING).spans == ((time(8), time(12)),)
    assert whole.of(DayPart.AFTERNOON).spans == ((time(12), time(15)),)
    assert [part.other for part in DayPart] == [DayPart.DAY, DayPart.AFTERNOON, DayPart.MORNING]
