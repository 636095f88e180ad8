"""What a worker must know to make up the lives of cases: plain values that can be sent to another process; and who
applies."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random
from typing import TypeVar

from app.cases.timeline import Terms
from app.core.calendar import WorkingCalendar
from app.core.periods import Period, PeriodKind
from app.organisation.access import Actor
from app.procedures.models import CopyKind, Level

# Who applies in the demonstration: names and addresses that sound right and belong to nobody.
#
# Identity numbers begin with 999 and tax numbers with 9999, which no province issues; phone numbers begin with
# 0900, which no network gives out.


def listed(names: str) -> tuple[str, ...]:
    """The names between the bars; one that stands there several times is picked more often."""
    return tuple(names.split("|"))


FAMILY = listed(
    "Nguyễn|Nguyễn|Nguyễn|Nguyễn|Nguyễn|Nguyễn|Trần|Trần|Trần|Lê|Lê|Phạm|Phạm|Huỳnh|Huỳnh|Hoàng|Phan|Phan|Vũ|Võ|Võ|"
    "Đặng|Bùi|Đỗ|Hồ|Ngô|Dương|Lý|Đoàn|Trương|Đinh|Mai|Tô|Cao|Châu|Tạ|Hà|Thái"
)
WOMEN_MIDDLE = listed("Thị|Thị|Thị|Thị Thu|Thị Ngọc|Thị Kim|Thị Mỹ|Thị Thanh|Ngọc|Thu|Phương|Minh|Bích|Thị Hồng")
MEN_MIDDLE = listed("Văn|Văn|Văn|Đức|Hữu|Minh|Quốc|Công|Thanh|Ngọc|Xuân|Đình|Hoàng|Anh|Gia|Trọng|Thành")
WOMEN = listed(
    "Lan|Hoa|Mai|Hương|Hồng|Nhung|Thảo|Trang|Linh|Ngọc|Hạnh|Hằng|Yến|Phượng|Nga|Oanh|Thúy|Vân|Tuyết|Xuân|Dung|Hiền|"
    "Loan|Nhi|Quỳnh|Trinh|Diễm|Châu|Liên|Lệ|Bình|Thơ|Ái|My|Uyên|Hà"
)
MEN = listed(
    "Hùng|Dũng|Cường|Tuấn|Nam|Long|Sơn|Hải|Thắng|Phúc|Khánh|Bình|Hòa|Thành|Tài|Lộc|Trung|Hiếu|Đạt|Quang|Vinh|Tâm|"
    "Phong|Kiên|Khoa|Bảo|Huy|Tín|Nghĩa|Lâm|An|Toàn|Quân|Thịnh|Đông|Việt"
)
PLACES = {
    "thành phố Nha Trang": listed(
        "phường Lộc Thọ|phường Vĩnh Hải|phường Phước Long|phường Vĩnh Hòa|phường Ngọc Hiệp|phường Phương Sài|"
        "phường Vĩnh Nguyên|xã Vĩnh Ngọc|xã Vĩnh Thạnh|xã Phước Đồng"
    ),
    "thành phố Cam Ranh": listed("phường Cam Nghĩa|phường Cam Lợi|phường Ba Ngòi|phường Cam Phú|xã Cam Thịnh Đông"),
    "thị xã Ninh Hòa": listed(
        "phường Ninh Hiệp|phường Ninh Diêm|phường Ninh Thủy|xã Ninh Quang|xã Ninh Phụng|xã Ninh Sim"
    ),
    "huyện Vạn Ninh": listed("thị trấn Vạn Giã|xã Đại Lãnh|xã Vạn Thắng|xã Vạn Hưng"),
    "huyện Diên Khánh": listed("thị trấn Diên Khánh|xã Diên Sơn|xã Suối Hiệp|xã Diên An|xã Diên Phú"),
    "huyện Cam Lâm": listed("thị trấn Cam Đức|xã Cam Hải Tây|xã Suối Cát|xã Suối Tân"),
    "huyện Khánh Vĩnh": listed("thị trấn Khánh Vĩnh|xã Cầu Bà|xã Khánh Nam"),
    "huyện Khánh Sơn": listed("thị trấn Tô Hạp|xã Ba Cụm Bắc|xã Sơn Trung"),
}
# A district's share of the applicants grows with its number of communes here.
COMMUNES = tuple(f"{commune}, {district}" for district, communes in PLACES.items() for commune in communes)
STREETS = listed(
    "Trần Phú|Lê Hồng Phong|Nguyễn Trãi|23 Tháng 10|Thống Nhất|Hùng Vương|Quang Trung|Trần Hưng Đạo|Lê Lợi|"
    "Nguyễn Thị Minh Khai|Phan Bội Châu|Hoàng Diệu|2 Tháng 4|Lạc Long Quân|Phạm Văn Đồng|Nguyễn Huệ"
)
TRADES = listed("Du lịch|Khách sạn|Thủy sản|Xây dựng|Dịch vụ|Thương mại|Giáo dục|Đóng tàu|May mặc|Chế biến thực phẩm")
BRANDS = listed(
    "Biển Xanh|Trầm Hương|Nắng Mới|Bình Minh|Sao Biển|Hòn Chồng|Đại Dương|An Phát|Hải Đăng|Hoàng Gia|"
    "Phú Quý|Thiên Ân|Việt Long|Tân Tiến|Nam Trung|Vĩnh Phước|Cát Tường"
)


@dataclass(frozen=True, slots=True)
class DemoApplicant:
    """Somebody who applies: a person or a company."""

    name: str
    id_number: str
    phone: str
    address: str


def pick(rng: Random, choices: tuple[str, ...] | list[str]) -> str:
    """One of them; cheaper than `rng.choice`, which matters a million times."""
    return choices[int(rng.random() * len(choices))]


def person_name(rng: Random) -> str:
    """Họ, tên đệm, tên."""
    middle, given = (WOMEN_MIDDLE, WOMEN) if rng.random() < 0.5 else (MEN_MIDDLE, MEN)
    return f"{pick(rng, FAMILY)} {pick(rng, middle)} {pick(rng, given)}"


def applicant(rng: Random, company: bool) -> DemoApplicant:
    """An applicant of the province."""
    phone = f"0900{int(rng.random() * 1_000_000):06d}"
    street = f"số {1 + int(rng.random() * 300)} đường {pick(rng, STREETS)}, {pick(rng, COMMUNES)}, tỉnh Khánh Hòa"
    if company:
        name = f"Công ty TNHH {pick(rng, TRADES)} {pick(rng, BRANDS)}"
        return DemoApplicant(name, f"9999{int(rng.random() * 1_000_000):06d}", phone, street)
    return DemoApplicant(person_name(rng), f"999{int(rng.random() * 1_000_000_000):09d}", phone, street)


# What a worker must know to make up the lives of cases: plain values that can be sent to another process.

ONLINE_SHARE = {Level.FULL: 0.5, Level.PARTIAL: 0.25, Level.IN_PERSON: 0.0}
OFFICERS = {"MC": 8, "SO": 3, "LDVL": 7, "NCC": 6, "BTXH": 6, "TEXH": 5, "TTDVVL": 4, "TTBTXH": 3}


@dataclass(frozen=True, slots=True)
class KnownDocument:
    """A document that a procedure asks for, as it stands in the database."""

    id: int
    name: str
    required: bool
    copy_kind: CopyKind
    quantity: int


@dataclass(frozen=True, slots=True)
class KnownProcedure:
    """A procedure as it stands in the database, with its share of the intake; `fee` in đồng."""

    code: str
    version_id: int
    unit: str
    unit_id: int
    terms: Terms
    level: Level
    fee: int
    online_payable: bool
    returns_result: bool
    share: float
    documents: tuple[KnownDocument, ...] = ()


@dataclass(frozen=True, slots=True)
class CalendarDays:
    """What a working calendar is made of; the calendar itself cannot be sent."""

    zone: str
    off: Mapping[date, str]
    worked: Mapping[date, str]

    @classmethod
    def of(cls, calendar: WorkingCalendar) -> CalendarDays:
        return cls(calendar.zone.key, dict(calendar.days_off), dict(calendar.days_worked))

    def calendar(self) -> WorkingCalendar:
        return WorkingCalendar(self.off, self.worked, self.zone)


@dataclass(frozen=True, slots=True)
class World:
    """Everything that the lives depend on. The same world gives the same lives, to the microsecond."""

    site: str
    prefix: str
    seed: int
    first: date
    last: date  # last day on which cases are received
    horizon: datetime  # UTC; nothing has happened after it
    month: tuple[date, date]  # the last full month: its first and last day
    procedures: tuple[KnownProcedure, ...]
    days: CalendarDays

    @property
    def remembered_since(self) -> date:
        """First day from which the documents of cases are told: the month before the last full one."""
        return (self.month[0] - timedelta(days=1)).replace(day=1)

    def rng(self, *what: object) -> Random:
        """Chance for one purpose; the same in every process (a text seeds by SHA-512, not by its hash())."""
        return Random("/".join(map(str, (self.seed, *what))))  # noqa: S311  demonstration data, not secrets

    def officers(self) -> dict[str, list[str]]:
        """Names of the people who handle cases, by code of their unit."""
        return {
            unit: [person_name(self.rng("officers", unit, number)) for number in range(count)]
            for unit, count in OFFICERS.items()
        }


T = TypeVar("T")
MARK = "Số liệu minh họa"
"""Stands wherever a record has a note: nobody must take it for something that was done."""


@dataclass(frozen=True, slots=True)
class Ground:
    """The world with its calendar; `units` are ids by code, `procedures` too; `by` records everything."""

    by: Actor
    world: World
    calendar: WorkingCalendar
    units: Mapping[str, int]
    procedures: Mapping[str, int]

    @property
    def site(self) -> str:
        return self.world.site

    @property
    def last(self) -> date:
        """The last day on which anything has happened."""
        return self.calendar.local_day(self.world.horizon)

    @property
    def month(self) -> Period:
        """The last full month."""
        return Period.of(PeriodKind.MONTH, self.world.month[0])

    def rng(self, *what: object) -> Random:
        """Chance for one duty."""
        return self.world.rng("duties", *what)

    def periods(self, kind: PeriodKind) -> Iterator[Period]:
        """The periods from the one of the first day on that have begun by the last full month's end."""
        period = Period.of(kind, self.world.first)
        while period.first <= self.month.last:
            yield period
            period = Period.of(kind, period.last + timedelta(days=1))

    def owners(self) -> list[str]:
        """Codes of the units that answer for procedures, in the catalogue's order."""
        return list(dict.fromkeys(procedure.unit for procedure in self.world.procedures))

    def procedures_of(self, unit: str) -> list[str]:
        """Codes of a unit's procedures."""
        return [procedure.code for procedure in self.world.procedures if procedure.unit == unit]

    def working(self, day: date, days: int = 0) -> date:
        """The working day so many after a day (before it, when negative); with 0 the day itself, or the next."""
        if days == 0 and self.calendar.is_working_day(day):
            return day
        return self.calendar.add_working_days(day, days or 1)

    def has_come(self, day: date | None) -> bool:
        """Whether the demonstration has got to that day."""
        return day is not None and day <= self.last

    def come(self, day: date) -> date | None:
        """The day, unless the demonstration has not got there."""
        return day if self.has_come(day) else None

    def at(self, day: date, hour: int = 9) -> datetime:
        """An office hour of a day, UTC; never after the demonstration's end."""
        return min(self.calendar.start_of_day(day) + timedelta(hours=hour), self.world.horizon)


def turn(choices: Sequence[T], number: int) -> T:
    """One after the other, and again from the first."""
    return choices[number % len(choices)]
