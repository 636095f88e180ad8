"""Patterns of codes: which can be used, what they give, when their numbers begin again."""

from __future__ import annotations

from datetime import date

import pytest

from app.core.codes import CodePattern
from app.web.settings import BadSettings, settings_from

DAY = date(2024, 7, 5)


def code(text: str, number: int = 7) -> str:
    return CodePattern.parse(text).code(number, prefix="H32.12", unit="LDVL", day=DAY)


@pytest.mark.parametrize(
    ("pattern", "written"),
    [
        ("{prefix}-{yymmdd}-{n:04d}", "H32.12-240705-0007"),
        ("{unit}-{yymmdd}-{n:04d}", "LDVL-240705-0007"),
        ("{n:06d}/{yyyy}/{unit}", "000007/2024/LDVL"),
        ("{prefix}.{yy}{mm}{dd}.{n}", "H32.12.240705.7"),
    ],
)
def test_a_code_is_written_by_its_pattern(pattern: str, written: str) -> None:
    assert code(pattern) == written


@pytest.mark.parametrize(
    "pattern",
    [
        "",
        "{prefix}-{yymmdd}",
        "{yymmdd}-{n}-{n}",
        "{prefix}-{n:04d}",
        "{yyyy}-{dd}-{n}",
        "{yyyy}-{n:4}",
        "{yyyy}-{n!r}",
        "{yyyy}-{n.real}",
        "{yyyy:x}-{n}",
        "{yyyy}-{month}-{n}",
        "{yyyy} {n}",
        "Hồ sơ-{yyyy}-{n}",
        "{yyyy}-{n",
        "{yyyy}-{}-{n}",
    ],
)
def test_a_pattern_that_could_give_a_code_twice_or_none_is_refused(pattern: str) -> None:
    with pytest.raises(ValueError):
        CodePattern.parse(pattern)


@pytest.mark.parametrize(
    ("pattern", "counted"),
    [
        ("{prefix}-{yymmdd}-{n}", ("H32.12", DAY)),
        ("{yyyy}{mm}{dd}-{n}", ("H32.12", DAY)),
        ("{unit}-{yyyy}.{mm}-{n}", ("LDVL", date(2024, 7, 1))),
        ("{unit}-{yyyy}-{n}", ("LDVL", date(2024, 1, 1))),
    ],
)
def test_numbers_begin_again_with_what_the_pattern_names(pattern: str, counted: tuple[str, date]) -> None:
    assert CodePattern.parse(pattern).counter(prefix="H32.12", unit="LDVL", day=DAY) == counted


def test_a_site_does_not_start_with_a_pattern_that_cannot_be_used() -> None:
    with pytest.raises(BadSettings, match=r"DUNG_HAN_CASE_CODE.*phải có năm"):
        settings_from({"DUNG_HAN_CASE_CODE": "{prefix}-{n}"})
