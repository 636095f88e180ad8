"""Cells as values."""

# ruff: noqa: DTZ001  spreadsheets write times without a zone
from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from app.cases.importing.values import RowRefused, id_number_of, moment_of, phone_of, says_nothing, text_of
from tests.clock import ZONE, at

DAY_FIRST = ("day_first", "iso")


@pytest.mark.parametrize(
    ("cell", "instant"),
    [
        ("03/06/2024 08:30", "2024-06-03 08:30"),
        ("03/06/2024 08:30:15", "2024-06-03 08:30:15"),
        (" 3-6-2024  8:30 ", "2024-06-03 08:30"),
        ("08h30 03/06/2024", "2024-06-03 08:30"),
        ("2024-06-03T08:30:00", "2024-06-03 08:30"),
        ("2024-06-03T01:30:00+00:00", "2024-06-03 08:30"),
        (datetime(2024, 6, 3, 8, 30), "2024-06-03 08:30"),
        (45446.354166666664, "2024-06-03 08:30"),
        ("03/06/2024", "2024-06-03 00:00"),
        ("03/06/2024 2:30:00 CH", "2024-06-03 14:30"),
        ("03/06/2024 8:30 SA", "2024-06-03 08:30"),
        ("03/06/2024 12:05 SA", "2024-06-03 00:05"),
        ("03/06/2024 12:05 PM", "2024-06-03 12:05"),
        ("03/06/2024 02:30 pm", "2024-06-03 14:30"),
        ("8:30 SA 03/06/2024", "2024-06-03 08:30"),
        ("03/06/2024 14:30 CH", "2024-06-03 14:30"),
        ("03/06/2024 8h", "2024-06-03 08:00"),
        ("2024/06/03 08:30", "2024-06-03 08:30"),
        ("2024.06.03", "2024-06-03 00:00"),
        ("ngày 03 tháng 06 năm 2024", "2024-06-03 00:00"),
        ("8 giờ 30 phút, ngày 3 tháng 6 năm 2024", "2024-06-03 08:30"),
    ],
)
def test_a_time_is_read_however_it_is_written(cell: object, instant: str) -> None:
    moment = moment_of(cell, DAY_FIRST, ZONE)
    assert moment is not None
    assert moment.at == at(instant)


@pytest.mark.parametrize(
    "cell",
    [
        *("", "  ", "//", "/  /", "0", "chưa có", "Không hẹn", "01/01/0001", "01/01/1900 00:00:00", "0001-01-01"),
        *("1753-01-01T00:00:00", "30/12/1899", 0, datetime(1900, 1, 1)),
    ],
)
def test_what_programs_write_for_no_date_is_none(cell: object) -> None:
    assert moment_of(cell, DAY_FIRST, ZONE) is None


@pytest.mark.parametrize("cell", ["03/06/2024 0:30 SA", "03/06/2024 14:30 SA", "32 tháng 6 năm 2024", "2024/13/01"])
def test_an_hour_or_day_that_cannot_be_is_refused(cell: str) -> None:
    with pytest.raises(RowRefused):
        moment_of(cell, DAY_FIRST, ZONE)


@pytest.mark.parametrize("cell", [None, "", " ", "-", "–", "—", "- -", "NULL", "null", "N/A", "#N/A", "..."])
def test_signs_of_an_empty_cell_say_nothing(cell: object) -> None:
    assert says_nothing(cell)


@pytest.mark.parametrize("cell", ["Na", "王", "A-1", 0, False, "0"])
def test_what_is_written_says_something(cell: object) -> None:
    assert not says_nothing(cell)


def test_a_day_whose_hour_was_not_known_agrees_with_the_same_day_and_an_hour() -> None:
    later = moment_of("03/06/2024 08:30", DAY_FIRST, ZONE)
    assert later is not None
    assert later.agrees(at("2024-06-03"), ZONE)
    assert not later.agrees(at("2024-06-04"), ZONE)
    assert not later.agrees(at("2024-06-03 09:30"), ZONE)


def test_a_day_without_an_hour_lasts_until_its_last_second() -> None:
    moment = moment_of("03/06/2024", DAY_FIRST, ZONE)
    assert moment is not None
    assert moment.whole_day
    assert moment.end == at("2024-06-03 23:59:59")


def test_the_order_of_day_and_month_is_the_mappings() -> None:
    assert moment_of("06/03/2024", ("month_first",), ZONE) == moment_of("03/06/2024", DAY_FIRST, ZONE)


def test_an_hour_in_another_zone_is_the_same_instant() -> None:
    amsterdam = moment_of("11/10/2011 13:42", DAY_FIRST, ZoneInfo("Europe/Amsterdam"))
    assert amsterdam is not None
    assert amsterdam.at == at("2011-10-11 18:42")


@pytest.mark.parametrize("cell", ["29/02/2023", "31/06/2024", "12/13/2024", "03/06/2024 25:00", "2023-02-29"])
def test_a_date_that_does_not_exist_is_refused(cell: str) -> None:
    with pytest.raises(RowRefused, match="Không có ngày"):
        moment_of(cell, DAY_FIRST, ZONE)


@pytest.mark.parametrize("cell", ["hôm qua", "#REF!", "03/06/24", 7, True, "03/06/0024"])
def test_what_is_no_date_is_refused(cell: object) -> None:
    with pytest.raises(RowRefused):
        moment_of(cell, DAY_FIRST, ZONE)


@pytest.mark.parametrize("cell", ["912345678.0", 912345678.0, 912345678, "9.12345678E8", "0912345678", "912345678"])
def test_a_phone_number_gets_its_zero_back(cell: object) -> None:
    assert phone_of(cell) == "0912345678"


def test_an_identity_number_gets_its_zero_back() -> None:
    assert id_number_of(56088001234.0) == "056088001234"
    assert id_number_of("225123456") == "225123456"


def test_texts_are_tidied_and_lose_control_characters() -> None:
    assert text_of("  Trần\u0001 Văn\n Bình ") == "Trần Văn Bình"
    assert text_of(None) == ""
    assert text_of(2024.0) == "2024"
