"""Each case has its line in the register of its year, given at reception; those that are there by order of reception

Revision ID: 0031
Revises: 0030
"""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from alembic import op
from flask import current_app

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None

REGISTER = "so-theo-doi"
CASES = sa.table(
    "cases",
    *(sa.column(name) for name in ("id", "site", "register_year", "register_number")),
    sa.column("received_at", sa.DateTime(timezone=True)),
)
COUNTERS = sa.table(
    "case_counters", *(sa.column(name) for name in ("site", "prefix", "last")), sa.column("day", sa.Date())
)


def upgrade() -> None:
    op.add_column("cases", sa.Column("register_year", sa.Integer(), nullable=True))
    op.add_column("cases", sa.Column("register_number", sa.Integer(), nullable=True))
    run, zone = op.get_bind().execute, ZoneInfo(current_app.config["SETTINGS"].zone)
    spans = sa.select(CASES.c.site, sa.func.min(CASES.c.received_at), sa.func.max(CASES.c.received_at))
    for site, first, last in run(spans.group_by(CASES.c.site).order_by(CASES.c.site)).all():
        for year in range(utc(first).astimezone(zone).year, utc(last).astimezone(zone).year + 1):
            enter(site, year, zone)
    op.create_index("ix_cases_register", "cases", ["site", "register_year", "register_number"], unique=True)


def enter(site, year, zone) -> None:
    begin, end = (datetime(each, 1, 1, tzinfo=zone).astimezone(UTC) for each in (year, year + 1))
    of_year = (CASES.c.site == site, CASES.c.received_at >= begin, CASES.c.received_at < end)
    order = sa.func.row_number().over(order_by=(CASES.c.received_at, CASES.c.id)).label("place")
    lines = sa.select(CASES.c.id, order).where(*of_year).subquery()
    written = CASES.update().where(CASES.c.id == lines.c.id)
    op.get_bind().execute(written.values(register_year=year, register_number=lines.c.place))
    count = op.get_bind().scalar(sa.select(sa.func.count()).select_from(CASES).where(*of_year))
    if count:
        counter = {"site": site, "prefix": REGISTER, "day": date(year, 1, 1), "last": count}
        op.get_bind().execute(COUNTERS.insert().values(**counter))


def utc(instant: datetime) -> datetime:
    """SQLite keeps instants without their zone."""
    return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant


def downgrade() -> None:
    op.drop_index("ix_cases_register", table_name="cases")
    op.get_bind().execute(COUNTERS.delete().where(COUNTERS.c.prefix == REGISTER))
    op.drop_column("cases", "register_number")
    op.drop_column("cases", "register_year")
