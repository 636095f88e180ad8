"""Case codes (mã hồ sơ) by the site's pattern, given out once, also to two desks at a time."""

from __future__ import annotations

from datetime import date

from flask import current_app
from sqlalchemy import select

from app.cases.counters import raise_counter
from app.cases.models import Case
from app.codes import CODE, LONGEST, CodePattern
from app.errors import DomainError
from app.extensions import db


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
