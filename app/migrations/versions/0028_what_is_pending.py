"""A result says what is not known, when what is pending falls due, and how each single thing stands

What was found before keeps none of the three; its hash covers what it had.

Revision ID: 0028
Revises: 0027
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

LIST = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")


def upgrade() -> None:
    op.add_column("check_results", sa.Column("unknown", sa.BigInteger(), nullable=True))
    op.add_column("check_results", sa.Column("due", sa.Date(), nullable=True))
    op.add_column("check_results", sa.Column("subjects", LIST, nullable=True))


def downgrade() -> None:
    op.drop_column("check_results", "subjects")
    op.drop_column("check_results", "due")
    op.drop_column("check_results", "unknown")
