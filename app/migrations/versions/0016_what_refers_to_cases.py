"""Indexes of what refers to cases and their events, by that alone

Without them a case that goes (its import is undone) is looked for in every row of these tables.

Revision ID: 0016
Revises: 0015
"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

BY_SITE = ("explanations", "apologies", "attachments")
CORRECTIONS = sa.text("corrects_id IS NOT NULL")


def upgrade() -> None:
    for table in BY_SITE:
        op.drop_index(f"ix_{table}_site_case_id", table_name=table)
        op.create_index(f"ix_{table}_case_id", table, ["case_id"])
    op.create_index("ix_portal_lines_case_id", "portal_lines", ["case_id"])
    op.create_index("ix_attachments_reused_from_id", "attachments", ["reused_from_id"])
    op.create_index(
        "ix_case_events_corrects",
        "case_events",
        ["corrects_id"],
        sqlite_where=CORRECTIONS,
        postgresql_where=CORRECTIONS,
    )


def downgrade() -> None:
    op.drop_index("ix_case_events_corrects", table_name="case_events")
    op.drop_index("ix_attachments_reused_from_id", table_name="attachments")
    op.drop_index("ix_portal_lines_case_id", table_name="portal_lines")
    for table in BY_SITE:
        op.drop_index(f"ix_{table}_case_id", table_name=table)
        op.create_index(f"ix_{table}_site_case_id", table, ["site", "case_id"])
