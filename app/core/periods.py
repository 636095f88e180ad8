"""Reporting periods: month, quarter, half-year, year (tháng, quý, 6 tháng, năm) in the site's zone."""

import re
import unicodedata
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from enum import StrEnum
from functools import total_ordering
from zoneinfo import ZoneInfo

from app.core.errors import DomainError, NotFound

FIRST_YEAR, LAST_YEAR = 1901, 2100  # the years of the calendar of working days
_ROMAN = ("I", "II", "III", "IV")
_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


class PeriodKind(StrEnum):
    """Length of a period."""

    MONTH = "month"
    QUARTER = "quarter"
    HALF = "half"
    YEAR = "year"

    @property
    def months(self) -> int:
        """How many months it is long."""
        return {"month": 1, "quarter": 3, "half": 6, "year": 12}[self]


@total_ordering
@dataclass(frozen=True, slots=True)
class Period:
    """A period of whole months, made by `of`, `parse` or `nth`; ordered by first day, shorter ones first."""

    kind: PeriodKind
    key: str
    """`2024-06`, `2024-Q2`, `2024-H1` or `2024`."""
    first: date
    last: date

    @classmethod
    def nth(cls, kind: PeriodKind, year: int, number: int = 1) -> "Period":
        """The `number`-th period of its kind in the year, from 1. DomainError if there is no such one."""
        if not FIRST_YEAR <= year <= LAST_YEAR:
            raise DomainError(
                "Năm của kỳ phải từ %(first)s đến %(last)s.", field="period", first=FIRST_YEAR, last=LAST_YEAR
            )
        if not 1 <= number <= 12 // kind.months:
            raise DomainError(
                "Năm %(year)s không có kỳ này: tháng từ 1 đến 12, quý từ I đến IV, nửa năm là 1 hoặc 2.",
                field="period",
                year=year,
            )
        after = number * kind.months  # months of the year gone when the period ends
        first = date(year, after - kind.months + 1, 1)
        last = date(year + after // 12, after % 12 + 1, 1) - timedelta(days=1)
        key = {
            PeriodKind.MONTH: f"{year}-{number:02}",
            PeriodKind.QUARTER: f"{year}-Q{number}",
            PeriodKind.HALF: f"{year}-H{number}",
            PeriodKind.YEAR: f"{year}",
        }[kind]
        return cls(kind, key, first, last)

    @classmethod
    def of(cls, kind: PeriodKind, day: date) -> "Period":
        """The period of that kind in which a day falls."""
        return cls.nth(kind, day.year, (day.month - 1) // kind.months + 1)

    @classmethod
    def parse(cls, text: str) -> "Period":
        """Read a key or common wording: `2024-Q3`, `Quý III/2024`, `6 tháng đầu năm 2024`, `06/2024`.

        Case, diacritics and the separators / - , are free. DomainError if it is none of these.
        """
        words = _folded(text)
        for kind, pattern in _PATTERNS:
            if found := pattern.fullmatch(words):
                parts = found.groupdict()
                return cls.nth(kind, int(parts["year"]), _number(parts.get("number")))
        raise DomainError(
            "Không đọc được kỳ “%(text)s”. Hãy viết như 2024-06, 2024-Q2, 2024-H1, 2024 hoặc Quý II/2024.",
            field="period",
            text=text[:50],
        )

    @classmethod
    def of_address(cls, key: str) -> "Period":
        """As `parse`, of the key in an address: NotFound for what names none."""
        try:
            return cls.parse(key)
        except DomainError as error:
            raise NotFound(error.message, field="period", **error.params) from error

    def bounds(self, zone: str | tzinfo) -> tuple[datetime, datetime]:
        """The instants (UTC) at which it begins and at which it is over: start <= t < end."""
        local = ZoneInfo(zone) if isinstance(zone, str) else zone
        days = (self.first, self.last + timedelta(days=1))
        start, end = (datetime.combine(day, time.min, local).astimezone(UTC) for day in days)
        return start, end

    def contains(self, day: date) -> bool:
        """Whether a day of the site falls in it."""
        return self.first <= day <= self.last

    def is_over(self, today: date) -> bool:
        """Whether its last day has passed."""
        return self.last < today

    def previous(self) -> "Period":
        """The period of the same kind before it."""
        return Period.of(self.kind, self.first - timedelta(days=1))

    def next(self) -> "Period":
        """The period of the same kind after it."""
        return Period.of(self.kind, self.last + timedelta(days=1))

    def months(self) -> tuple["Period", ...]:
        """Its months in order."""
        year, first = self.first.year, self.first.month
        return tuple(Period.nth(PeriodKind.MONTH, year, m) for m in range(first, first + self.kind.months))

    def label(self, locale: str = "vi") -> str:
        """`Tháng 6/2024`, `Quý II/2024`, `6 tháng đầu năm 2024`, `Năm 2024`, or the same in English."""
        year, number = self.first.year, (self.first.month - 1) // self.kind.months
        vietnamese = locale.startswith("vi")
        match self.kind:
            case PeriodKind.MONTH:
                return f"Tháng {number + 1}/{year}" if vietnamese else f"{_MONTHS[number]} {year}"
            case PeriodKind.QUARTER:
                return f"Quý {_ROMAN[number]}/{year}" if vietnamese else f"Quarter {_ROMAN[number]} of {year}"
            case PeriodKind.HALF:
                half = ("đầu", "cuối")[number] if vietnamese else ("First", "Second")[number]
                return f"6 tháng {half} năm {year}" if vietnamese else f"{half} half of {year}"
            case PeriodKind.YEAR:
                return f"Năm {year}" if vietnamese else f"Year {year}"

    def __lt__(self, other: "Period") -> bool:
        return (self.first, self.last) < (other.first, other.last)

    def __str__(self) -> str:
        return self.key


def refuse_future(period: Period, today: date) -> None:
    """DomainError if the period has not begun: nothing can be judged in it yet."""
    if period.first > today:
        raise DomainError("Kỳ %(period)s chưa bắt đầu: chưa có gì để kiểm tra.", field="period", period=period.key)


_YEAR = "(?:nam )?(?P<year>[0-9]{4})"
_PATTERNS: list[tuple[PeriodKind, re.Pattern[str]]] = [
    (kind, re.compile(f"(?:trong )?{pattern}"))
    for kind, pattern in (
        (PeriodKind.MONTH, "(?P<year>[0-9]{4}) (?P<number>[0-9]{1,2})"),
        (PeriodKind.MONTH, f"(?:thang |t)?(?P<number>[0-9]{{1,2}}) {_YEAR}"),
        (PeriodKind.MONTH, f"(?P<number>{'|'.join(_MONTHS).lower()}) (?P<year>[0-9]{{4}})"),
        (PeriodKind.QUARTER, "(?P<year>[0-9]{4}) ?q(?P<number>[0-9])"),
        (PeriodKind.QUARTER, f"(?:quy |q)(?P<number>[0-9]|i{{1,3}}|iv) {_YEAR}"),
        (PeriodKind.QUARTER, "quarter (?P<number>[0-9]|i{1,3}|iv) (?:of )?(?P<year>[0-9]{4})"),
        (PeriodKind.HALF, "(?P<year>[0-9]{4}) ?h(?P<number>[0-9])"),
        (PeriodKind.HALF, f"h(?P<number>[0-9]) {_YEAR}"),
        (PeriodKind.HALF, f"(?:0?6|sau) thang (?P<number>dau|cuoi) {_YEAR}"),
        (PeriodKind.HALF, "(?P<number>first|second) half (?:of )?(?P<year>[0-9]{4})"),
        (PeriodKind.YEAR, "(?:nam |year )?(?P<year>[0-9]{4})"),
    )
]
_NUMBERS = {
    **{numeral.lower(): number for number, numeral in enumerate(_ROMAN, 1)},
    **{month.lower(): number for number, month in enumerate(_MONTHS, 1)},
    **{"dau": 1, "cuoi": 2, "first": 1, "second": 2},
}


def _folded(text: str) -> str:
    """Lower case, without diacritics, words one space apart."""
    decomposed = unicodedata.normalize("NFKD", text.casefold().replace("đ", "d"))
    letters = "".join(letter for letter in decomposed if not unicodedata.combining(letter))
    return " ".join(re.split(r"[\s/,\-–]+", letters)).strip()


def _number(word: str | None) -> int:
    if word is None:
        return 1
    return int(word) if word.isdigit() else _NUMBERS[word]
