"""Why one file stands for two papers of a case.

Revision ID: 0044
Revises: 0043
"""

import sqlalchemy as sa
from alembic import op

revision = "0044"
down_revision = "0043"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("attachments", sa.Column("shared_reason", sa.Text(), nullable=False, server_default=""))


def downgrade() -> None:
    op.drop_column("attachments", "shared_reason")
