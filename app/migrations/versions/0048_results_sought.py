"""Results of a run are found by their status, and those pending by their day.

Revision ID: 0048
Revises: 0047
"""

import sqlalchemy as sa
from alembic import op

revision = "0048"
down_revision = "0047"
branch_labels = None
depends_on = None

STATUS, DUE = "ix_check_results_status", "ix_check_results_due"
PENDING = sa.text("due IS NOT NULL")


def upgrade() -> None:
    op.create_index(STATUS, "check_results", ["run_id", "status"])
    op.create_index(DUE, "check_results", ["run_id", "due"], sqlite_where=PENDING, postgresql_where=PENDING)


def downgrade() -> None:
    op.drop_index(DUE, table_name="check_results")
    op.drop_index(STATUS, table_name="check_results")
