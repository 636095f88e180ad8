"""Everybody is told things in one place: notices, the day's mails, and kinds that somebody wants no mail of.

Reminders of cases still open become notices, read and mailed as they were; back again they are reminders.

Revision ID: 0042
Revises: 0041
"""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from alembic import op
from flask import current_app
from sqlalchemy.dialects import postgresql

revision = "0042"
down_revision = "0041"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INSTANT = sa.DateTime(timezone=True)
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
AT_ONCE = 1000

NOTICES = sa.table(
    "notices",
    *(sa.column(name, sa.String) for name in ("site", "kind", "says", "about", "subject", "page")),
    *(sa.column(name, INSTANT) for name in ("raised_at", "read_at", "settled_at", "mailed_at")),
    *(sa.column(name, JSON) for name in ("figures", "place")),
    sa.column("person_id", KEY),
)
REMINDERS = sa.table(
    "reminders",
    *(sa.column(name, sa.String) for name in ("site", "step")),
    *(sa.column(name, INSTANT) for name in ("due_at", "made_at", "seen_at", "mailed_at")),
    *(sa.column(name, KEY) for name in ("id", "person_id", "case_id")),
)
CASES = sa.table(
    "cases",
    *(sa.column(name, KEY) for name in ("id", "version_id")),
    *(sa.column(name, INSTANT) for name in ("late_after", "ended_at")),
    sa.column("code", sa.String),
)
VERSIONS = sa.table("procedure_versions", sa.column("id", KEY), sa.column("name", sa.String))


def upgrade() -> None:
    op.create_table(
        "notices",
        sa.Column("person_id", KEY, nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("says", sa.String(length=48), nullable=False),
        sa.Column("about", sa.String(length=120), nullable=False),
        sa.Column("subject", sa.String(length=200), nullable=False),
        sa.Column("figures", JSON, nullable=False),
        sa.Column("page", sa.String(length=64), nullable=False),
        sa.Column("place", JSON, nullable=False),
        sa.Column("raised_at", INSTANT, nullable=False),
        sa.Column("read_at", INSTANT, nullable=True),
        sa.Column("settled_at", INSTANT, nullable=True),
        sa.Column("mailed_at", INSTANT, nullable=True),
        sa.Column("id", KEY, nullable=False),
        sa.Column("site", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_notices_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notices")),
        sa.UniqueConstraint("person_id", "subject", name=op.f("uq_notices_person_id_subject")),
    )
    op.create_index(op.f("ix_notices_person_id_read_at_settled_at"), "notices", ["person_id", "read_at", "settled_at"])
    op.create_index(op.f("ix_notices_site_about"), "notices", ["site", "about"])
    op.create_index(op.f("ix_notices_site_says_settled_at"), "notices", ["site", "says", "settled_at"])
    op.create_table(
        "notice_mails",
        sa.Column("person_id", KEY, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("claimed_at", INSTANT, nullable=False),
        sa.Column("sent_at", INSTANT, nullable=True),
        sa.Column("id", KEY, nullable=False),
        sa.Column("site", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_notice_mails_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice_mails")),
        sa.UniqueConstraint("person_id", "day", name=op.f("uq_notice_mails_person_id_day")),
    )
    op.create_table(
        "unmailed_kinds",
        sa.Column("person_id", KEY, nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("id", KEY, nullable=False),
        sa.Column("site", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_unmailed_kinds_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unmailed_kinds")),
        sa.UniqueConstraint("person_id", "kind", name=op.f("uq_unmailed_kinds_person_id_kind")),
    )
    _tell_what_was_reminded()
    op.drop_table("reminders")


def _tell_what_was_reminded() -> None:
    connection, zone = op.get_bind(), ZoneInfo(current_app.config["SETTINGS"].zone)
    standing = (
        sa.select(REMINDERS, CASES.c.code, VERSIONS.c.name)
        .join(CASES, CASES.c.id == REMINDERS.c.case_id)
        .join(VERSIONS, VERSIONS.c.id == CASES.c.version_id)
        .where(CASES.c.ended_at.is_(None), CASES.c.late_after == REMINDERS.c.due_at)
        .order_by(REMINDERS.c.id)
        .limit(AT_ONCE)
    )
    last = 0
    while found := connection.execute(standing.where(REMINDERS.c.id > last)).mappings().all():
        connection.execute(sa.insert(NOTICES), [_notice(row, zone) for row in found])
        last = found[-1]["id"]


def _notice(row: Any, zone: ZoneInfo) -> dict[str, Any]:
    due, about, says = _utc(row["due_at"]), f"case/{row['case_id']}", f"case_{row['step']}"
    return {
        "site": row["site"],
        "person_id": row["person_id"],
        "kind": "case",
        "says": says,
        "about": about,
        "subject": f"{about}:{says}:{due.isoformat()}",
        "figures": {
            "code": row["code"],
            "procedure": row["name"],
            "day": due.astimezone(zone).date().isoformat(),
        },
        "page": "cases.show",
        "place": {"case_id": row["case_id"]},
        "raised_at": row["made_at"],
        "read_at": row["seen_at"],
        "settled_at": None,
        "mailed_at": row["mailed_at"],
    }


def _utc(instant: datetime) -> datetime:
    """SQLite's instants bear no zone and are UTC."""
    return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)


def downgrade() -> None:
    op.create_table(
        "reminders",
        sa.Column("person_id", KEY, nullable=False),
        sa.Column("case_id", KEY, nullable=False),
        sa.Column("step", sa.String(length=24), nullable=False),
        sa.Column("due_at", INSTANT, nullable=False),
        sa.Column("made_at", INSTANT, nullable=False),
        sa.Column("seen_at", INSTANT, nullable=True),
        sa.Column("mailed_at", INSTANT, nullable=True),
        sa.Column("id", KEY, nullable=False),
        sa.Column("site", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_reminders_person_id")),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_reminders_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reminders")),
        sa.UniqueConstraint(
            "person_id", "case_id", "step", "due_at", name=op.f("uq_reminders_person_id_case_id_step_due_at")
        ),
    )
    op.create_index(op.f("ix_reminders_case_id"), "reminders", ["case_id"])
    op.create_index(op.f("ix_reminders_person_id_seen_at_made_at"), "reminders", ["person_id", "seen_at", "made_at"])
    told = sa.select(NOTICES).where(NOTICES.c.kind == "case").order_by(NOTICES.c.person_id, NOTICES.c.subject)
    rows = [
        {
            "site": row["site"],
            "person_id": row["person_id"],
            "case_id": row["place"]["case_id"],
            "step": row["says"].removeprefix("case_"),
            "due_at": datetime.fromisoformat(row["subject"].split(":", 2)[2]),
            "made_at": row["raised_at"],
            "seen_at": row["read_at"],
            "mailed_at": row["mailed_at"],
        }
        for row in op.get_bind().execute(told).mappings()
    ]
    for start in range(0, len(rows), AT_ONCE):
        op.get_bind().execute(sa.insert(REMINDERS), rows[start : start + AT_ONCE])
    for name in ("unmailed_kinds", "notice_mails", "notices"):
        op.drop_table(name)
