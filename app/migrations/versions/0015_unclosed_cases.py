"""An index of the cases that have their result and are not closed

Revision ID: 0015
Revises: 0014
"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

OPEN = sa.text("ended_at IS NULL AND result_at IS NOT NULL")


def upgrade() -> None:
    op.create_index(
        "ix_cases_unclosed",
        "cases",
        ["site", "holder_unit_id", "result_at"],
        sqlite_where=OPEN,
        postgresql_where=OPEN,
    )


def downgrade() -> None:
    op.drop_index("ix_cases_unclosed", table_name="cases")
