"""An index of the violations of the whole Department, for the latest of them

Revision ID: 0017
Revises: 0016
"""

from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_violations_site", "violations", ["site", "id"])


def downgrade() -> None:
    op.drop_index("ix_violations_site", table_name="violations")
