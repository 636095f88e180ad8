"""Case codes (mã hồ sơ) by the site's pattern, given out once, also to two desks at a time."""

from __future__ import annotations

from datetime import date

from flask import current_app
from sqlalchemy import ColumnElement, select
from sqlalchemy.dialects import postgresql, sqlite

from app.cases.models import Case, CaseCounter
from app.core.codes import CODE, LONGEST, CodePattern
from app.core.errors import DomainError
from app.web.extensions import db


def raise_counter(site: str, name: str, since: date, by: int = 1) -> int:
    """Take the next number, or the next few: the last of those taken now."""
    dialect = postgresql if db.engine.dialect.name == "postgresql" else sqlite
    raised: ColumnElement[int] = CaseCounter.last + by
    last: int = db.session.execute(
        dialect.insert(CaseCounter)
        .values(site=site, prefix=name, day=since, last=by)
        .on_conflict_do_update(index_elements=["site", "prefix", "day"], set_={"last": raised})
        .returning(CaseCounter.last)
    ).scalar_one()
    return last


def lock_counter(site: str, name: str, since: date) -> int:
    """Keep others from taking a number while it is looked whether one is needed: the last number given so far."""
    return raise_counter(site, name, since, by=0)


def next_code(site: str, unit: str, day: date) -> str:
    """The next code of that day for a case of that unit (by code), skipping those that other software has given out.

    The counter stays locked until the case itself is written.
    """
    settings = current_app.config["SETTINGS"]
    pattern, prefix = CodePattern.parse(settings.case_code), str(settings.case_prefix)
    name, since = pattern.counter(prefix=prefix, unit=unit, day=day)
    while True:
        code = pattern.code(raise_counter(site, name, since), prefix=prefix, unit=unit, day=day)
        if len(code) > LONGEST:
            raise DomainError("Mã hồ sơ theo mẫu đã đặt dài quá %(most)s ký tự: %(code)s.", most=LONGEST, code=code)
        if not code_taken(site, code):
            return code


def code_taken(site: str, code: str) -> bool:
    """Whether a case of the site has this code."""
    return db.session.scalar(select(Case.id).where(Case.site == site, Case.code == code)) is not None


def check_code(code: str) -> None:
    """DomainError unless it can be a case's code."""
    if not CODE.fullmatch(code):
        raise DomainError(
            "Mã hồ sơ chỉ gồm chữ, số, dấu chấm, gạch nối, gạch chéo và không quá 64 ký tự.", field="code"
        )
