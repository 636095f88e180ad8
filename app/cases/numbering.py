"""Case codes (mã hồ sơ): `{prefix}-{yyMMdd}-{number of the day}`, given out once, also to two desks at a time."""

from __future__ import annotations

from datetime import date

from flask import current_app
from sqlalchemy import ColumnElement
from sqlalchemy.dialects import postgresql, sqlite

from app.cases.models import CaseCounter
from app.extensions import db


def next_code(site: str, day: date) -> str:
    """The next code of that day. The counter row is locked until the case itself is written."""
    prefix = str(current_app.config["SETTINGS"].case_prefix)
    dialect = postgresql if db.engine.dialect.name == "postgresql" else sqlite
    raised: ColumnElement[int] = CaseCounter.last + 1
    number = db.session.scalar(
        dialect.insert(CaseCounter)
        .values(site=site, prefix=prefix, day=day, last=1)
        .on_conflict_do_update(index_elements=["site", "prefix", "day"], set_={"last": raised})
        .returning(CaseCounter.last)
    )
    return f"{prefix}-{day:%y%m%d}-{number:04d}"
