"""A case that was taken in by mistake or twice is annulled: it keeps its number and counts nowhere.

The indexes that reception and ends are counted from hold it, so that the counting reads nothing else. What heads and
inspectors look through among all events (put right, annulled, gone on with in spite of warnings) has its own.

Revision ID: 0034
Revises: 0033
"""

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None

OVERSEEN = sa.text("kind IN ('amended', 'annulled', 'proceeded')")
INDEXES = {
    "ix_cases_unit_received": (
        *("site", "unit_id", "received_at", "id", "files_digitised_at", "fee_due", "online_payable"),
        *("version_id", "channel", "knows"),
    ),
    "ix_cases_ended_cover": (
        *("site", "unit_id", "ended_at", "late_after", "result_at", "closed_at", "returns_result"),
        *("result_digitised_at", "electronic_result_at", "knows", "id"),
    ),
}


def upgrade() -> None:
    op.add_column("cases", sa.Column("annulled_at", sa.DateTime(timezone=True), nullable=True))
    for name, columns in INDEXES.items():
        op.drop_index(name, table_name="cases")
        op.create_index(name, "cases", [*columns, "annulled_at"])
    op.create_index(
        "ix_case_events_overseen",
        "case_events",
        ["site", "recorded_at", "id"],
        sqlite_where=OVERSEEN,
        postgresql_where=OVERSEEN,
    )


def downgrade() -> None:
    """An annulled case is one that was stopped again, as it was told before."""
    op.drop_index("ix_case_events_overseen", table_name="case_events")
    for name, columns in INDEXES.items():
        op.drop_index(name, table_name="cases")
        op.create_index(name, "cases", list(columns))
    op.execute("UPDATE cases SET status = 'stopped' WHERE status = 'annulled'")
    op.drop_column("cases", "annulled_at")
