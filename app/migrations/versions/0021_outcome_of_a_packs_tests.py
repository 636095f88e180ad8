"""What came of an uploaded pack's tests is kept: when, by which engine and language, and what failed

Revision ID: 0021
Revises: 0020
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

OUTCOME = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    op.add_column("uploaded_packs", sa.Column("tested_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("uploaded_packs", sa.Column("tested_with", sa.String(length=80), server_default="", nullable=False))
    op.add_column("uploaded_packs", sa.Column("outcome", OUTCOME, server_default="{}", nullable=False))


def downgrade() -> None:
    op.drop_column("uploaded_packs", "outcome")
    op.drop_column("uploaded_packs", "tested_with")
    op.drop_column("uploaded_packs", "tested_at")
