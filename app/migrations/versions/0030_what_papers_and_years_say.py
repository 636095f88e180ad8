"""A letter of apology names the mistakes it is about; a day of the site may be one half; a year is known when confirmed

A letter for mistakes written before names none, and is about whatever had been found by its day. A year's official
list of days off is known once somebody has confirmed it: no day entered by the site does that for it. An electronic
copy came at the same time when it came on the working day of the result, and no longer only on the same date.

Revision ID: 0030
Revises: 0029
"""

from collections.abc import Iterator
from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op
from flask import current_app
from sqlalchemy.dialects import postgresql

from app.core.calendar import WorkingCalendar

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
NUMBERS = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
DAYS = sa.table("site_days", sa.column("site"), sa.column("day", sa.Date()), sa.column("working"), sa.column("name"))
INSTANT = sa.DateTime(timezone=True)
CASES = sa.table(
    "cases",
    *(sa.column(name) for name in ("id", "site")),
    *(sa.column(name, INSTANT) for name in ("result_at", "electronic_result_at")),
    sa.column("electronic_same_day", sa.Boolean()),
)
AT_ONCE = 1000  # rows written together


def upgrade() -> None:
    op.add_column("apologies", sa.Column("faults", NUMBERS, server_default="[]", nullable=False))
    op.add_column("site_days", sa.Column("part", sa.String(length=24), server_default="day", nullable=False))
    op.create_table(
        "confirmed_years",
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("person_id", KEY, nullable=True),
        sa.Column("actor", sa.String(length=120), nullable=False),
        sa.Column("id", KEY, nullable=False),
        sa.Column("site", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_confirmed_years_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_confirmed_years")),
        sa.UniqueConstraint("site", "year", name=op.f("uq_confirmed_years_site_year")),
    )
    same = [{"key": key} for key in came_on_the_working_day()]
    written = CASES.update().where(CASES.c.id == sa.bindparam("key")).values(electronic_same_day=True)
    for first in range(0, len(same), AT_ONCE):
        op.get_bind().execute(written, same[first : first + AT_ONCE])


def came_on_the_working_day() -> Iterator[int]:
    """Cases whose copy came on a later date than the result, but on its working day: the result was out of hours."""
    run, settings = op.get_bind().execute, current_app.config["SETTINGS"]
    for site in run(sa.select(CASES.c.site).distinct()).scalars().all():
        days = [(row.day, bool(row.working), row.name) for row in run(sa.select(DAYS).where(DAYS.c.site == site))]
        calendar = WorkingCalendar(
            {day: name for day, working, name in days if not working},
            {day: name for day, working, name in days if working},
            settings.zone,
            settings.hours,
        )
        later = sa.select(CASES.c.id, CASES.c.result_at, CASES.c.electronic_result_at).where(
            CASES.c.site == site, CASES.c.electronic_same_day.is_(False)
        )
        for key, result_at, electronic_at in run(later.order_by(CASES.c.id)).all():
            if calendar.local_day(_utc(electronic_at)) <= calendar.counted_day(_utc(result_at)):
                yield key


def _utc(instant: datetime) -> datetime:
    return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant


def downgrade() -> None:
    op.drop_table("confirmed_years")
    op.drop_column("site_days", "part")
    op.drop_column("apologies", "faults")
