"""Statuses and columns of other software's files are remembered as its names of units and procedures are.

Revision ID: 0050
Revises: 0049
"""

import sqlalchemy as sa
from alembic import op

revision = "0050"
down_revision = "0049"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("import_names", sa.Column("means", sa.String(length=40), nullable=False, server_default=""))


def downgrade() -> None:
    op.execute("DELETE FROM import_names WHERE means <> ''")
    with op.batch_alter_table("import_names") as table:
        table.drop_column("means")
