"""How many working days after the result its electronic copy came, where it was only known whether it was later

“At the same time” is a plan's to read: by a parameter that has a date. Counted by today's days off, from the two
instants that every case has kept.

Revision ID: 0055
Revises: 0054
"""

from collections.abc import Iterator
from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op
from flask import current_app

from app.core.calendar import DayPart, WorkingCalendar

revision = "0055"
down_revision = "0054"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
CASES = sa.table(
    "cases",
    *(sa.column(name) for name in ("id", "site")),
    *(sa.column(name, INSTANT) for name in ("result_at", "electronic_result_at")),
    sa.column("electronic_same_day", sa.Boolean()),
    sa.column("electronic_days", sa.Integer()),
)
DAYS = sa.table(
    "site_days", sa.column("site"), sa.column("day", sa.Date()), *(sa.column(name) for name in ("working", "name", "part"))
)
YEARS = sa.table("confirmed_years", sa.column("site"), sa.column("year"))
INDEX = "ix_cases_result_cover"
BEFORE = "site", "unit_id", "result_at", "returns_result", "result_digitised_at", "electronic_result_at"
AT_ONCE = 1000  # rows written together


def upgrade() -> None:
    op.add_column("cases", sa.Column("electronic_days", sa.Integer(), nullable=True))
    run = op.get_bind().execute
    run(CASES.update().where(CASES.c.electronic_same_day.is_(True)).values(electronic_days=0))
    written = CASES.update().where(CASES.c.id == sa.bindparam("key")).values(electronic_days=sa.bindparam("days"))
    later = list(came_later())
    for first in range(0, len(later), AT_ONCE):
        run(written, later[first : first + AT_ONCE])
    op.drop_index(INDEX, table_name="cases")
    op.drop_column("cases", "electronic_same_day")
    op.create_index(INDEX, "cases", [*BEFORE, "electronic_days", "knows"])


def downgrade() -> None:
    op.add_column("cases", sa.Column("electronic_same_day", sa.Boolean(), nullable=True))
    known = CASES.c.electronic_days.is_not(None)
    op.get_bind().execute(CASES.update().where(known).values(electronic_same_day=CASES.c.electronic_days == 0))
    op.drop_index(INDEX, table_name="cases")
    op.drop_column("cases", "electronic_days")
    op.create_index(INDEX, "cases", [*BEFORE, "electronic_same_day", "knows"])


def came_later() -> Iterator[dict[str, int]]:
    """The cases whose copy came later, and by how many working days."""
    run = op.get_bind().execute
    later = CASES.c.electronic_same_day.is_(False)
    for site in run(sa.select(CASES.c.site).where(later).distinct()).scalars().all():
        calendar = calendar_of(site)
        rows = sa.select(CASES.c.id, CASES.c.result_at, CASES.c.electronic_result_at).where(CASES.c.site == site, later)
        for key, result_at, electronic_at in run(rows.order_by(CASES.c.id)).all():
            counted = calendar.counted_day(_utc(result_at))
            came = calendar.add_working_days(calendar.local_day(_utc(electronic_at)), 0)
            yield {"key": key, "days": max(1, calendar.count_working_days(counted, came))}


def calendar_of(site: str) -> WorkingCalendar:
    """The site's days, as its calendar has them."""
    run, settings = op.get_bind().execute, current_app.config["SETTINGS"]
    days = [(row.day, bool(row.working), row.name, DayPart(row.part)) for row in run(sa.select(DAYS).where(DAYS.c.site == site))]
    return WorkingCalendar(
        {day: name for day, working, name, part in days if not working and part is DayPart.DAY},
        {day: name for day, working, name, _part in days if working},
        settings.zone,
        settings.hours,
        known_years=tuple(run(sa.select(YEARS.c.year).where(YEARS.c.site == site)).scalars()),
        half_days={day: part if working else part.other for day, working, _, part in days if part is not DayPart.DAY},
    )


def _utc(instant: datetime) -> datetime:
    return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant
