"""Case codes (mã hồ sơ) by the site's pattern, and lines of the register: each given out once, also to two desks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from functools import lru_cache
from typing import Any

from flask import current_app
from sqlalchemy import ColumnElement, Integer, bindparam, delete, func, literal, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from app.cases.models import Case, CaseCounter, is_one_of
from app.core.codes import CODE, LONGEST, CodePattern, code_key
from app.core.errors import N_, DomainError
from app.core.text import tidy
from app.organisation.calendars import site_calendar
from app.organisation.profile import profile
from app.web.extensions import db

_NO_CODE = N_("Mã hồ sơ chỉ gồm chữ, số, dấu chấm, gạch nối, gạch chéo và không quá 64 ký tự.")


def raise_counter(site: str, name: str, since: date, by: int = 1) -> int:
    """Take the next number, or the next few: the last of those taken now."""
    last: int = db.session.execute(
        _raised(db.engine.dialect.name), {"of": site, "name": name, "since": since, "by": by}
    ).scalar_one()
    return last


@lru_cache
def _raised(dialect_name: str) -> Any:
    dialect = postgresql if dialect_name == "postgresql" else sqlite
    by = bindparam("by", type_=Integer)
    return (
        dialect.insert(CaseCounter)
        .values(site=bindparam("of"), prefix=bindparam("name"), day=bindparam("since"), last=by)
        .on_conflict_do_update(index_elements=["site", "prefix", "day"], set_={"last": CaseCounter.last + by})
        .returning(CaseCounter.last)
    )


def lock_counter(site: str, name: str, since: date) -> int:
    """Keep others from taking a number while it is looked whether one is needed: the last number given so far."""
    return raise_counter(site, name, since, by=0)


def next_code(site: str, unit: str, day: date) -> str:
    """The next code of that day for a case of that unit (by code), skipping those that other software has given out.

    The counter stays locked until the case itself is written.
    """
    settings = current_app.config["SETTINGS"]
    pattern, prefix = CodePattern.parse(settings.case_code), profile().case_prefix
    name, since = pattern.counter(prefix=prefix, unit=unit, day=day)
    while True:
        code = pattern.code(raise_counter(site, name, since), prefix=prefix, unit=unit, day=day)
        if len(code) > LONGEST:
            raise DomainError("Mã hồ sơ theo mẫu đã đặt dài quá %(most)s ký tự: %(code)s.", most=LONGEST, code=code)
        if not code_taken(site, code):
            return code


# The register

REGISTER = "so-theo-doi"
"""The name its lines are counted under, each year from 1."""


def next_in_register(site: str, day: date) -> tuple[int, int]:
    """Year and number of the next line of the register of that day's year.

    Taken within the transaction that writes the case: one that fails leaves no number out.
    """
    return day.year, raise_counter(site, REGISTER, date(day.year, 1, 1))


def next_lines(site: str, wanted: Mapping[int, int]) -> dict[int, int]:
    """Take so many lines of the register of each year: the number before the first of them. Within the transaction that
    writes the cases, as `next_in_register`."""
    counted = sorted(wanted.items())
    return {year: raise_counter(site, REGISTER, date(year, 1, 1), by=count) - count for year, count in counted}


def enter_in_register(site: str, *which: ColumnElement[bool]) -> None:
    """Give those cases that have no line yet theirs, by reception. Within a transaction of the caller's."""
    calendar = site_calendar()
    mine = (Case.site == site, Case.register_number.is_(None), *which)
    first = db.session.scalar(select(func.min(Case.received_at)).where(*mine))
    last = db.session.scalar(select(func.max(Case.received_at)).where(*mine))
    if first is None or last is None:
        return
    for year in range(calendar.local_day(first).year, calendar.local_day(last).year + 1):
        since = date(year, 1, 1)
        begin, end = calendar.start_of_day(since), calendar.start_of_day(date(year + 1, 1, 1))
        of_year = (Case.received_at >= begin, Case.received_at < end)
        count = db.session.scalar(select(func.count()).select_from(Case).where(*mine, *of_year)) or 0
        if not count:
            continue
        before = raise_counter(site, REGISTER, since, by=count) - count
        order = func.row_number().over(order_by=(Case.received_at, Case.id)).label("place")
        lines = select(Case.id, order).where(*mine, *of_year).subquery()
        db.session.execute(
            update(Case)
            .where(Case.id == lines.c.id)
            .values(register_year=year, register_number=literal(before) + lines.c.place)
            .execution_options(synchronize_session=False)
        )


def release_lines(site: str, years: Iterable[int]) -> None:
    """After cases were taken out as a whole: numbers after the last line left are given anew."""
    for year in sorted(years):
        since = date(year, 1, 1)
        lock_counter(site, REGISTER, since)
        of_year = select(func.max(Case.register_number)).where(Case.site == site, Case.register_year == year)
        counter = (CaseCounter.site == site, CaseCounter.prefix == REGISTER, CaseCounter.day == since)
        left = db.session.scalar(of_year)
        change = delete(CaseCounter) if left is None else update(CaseCounter).values(last=left)
        db.session.execute(change.where(*counter))


def code_taken(site: str, code: str) -> bool:
    """Whether a case of the site has this code."""
    return db.session.scalar(select(Case.id).where(Case.site == site, Case.code == code)) is not None


def check_other_code(site: str, other: str, mine: str = "") -> None:
    """DomainError for what is no code of another system, or is the code of another case, here or elsewhere.

    `mine` is the key of what the case bears already.
    """
    if not (key := code_key(other)) or key == mine:
        return
    if not CODE.fullmatch(tidy(other)):
        raise DomainError(_NO_CODE, field="other_code")
    taken = select(Case.code).where(Case.site == site, or_(Case.code_key == key, is_one_of(Case.other_code_key, [key])))
    if (code := db.session.scalar(taken.limit(1))) is not None:
        raise DomainError("Mã này đã là mã của hồ sơ %(code)s.", field="other_code", code=code)


def check_code(code: str) -> None:
    """DomainError unless it can be a case's code."""
    if not CODE.fullmatch(code):
        raise DomainError(_NO_CODE, field="code")
