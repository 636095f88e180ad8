"""Which revisions of a case nothing but remarks lies between.

Revision ID: 0045
Revises: 0044
"""

import sqlalchemy as sa
from alembic import op

revision = "0045"
down_revision = "0044"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("cases", sa.Column("remarks_from", sa.Integer(), nullable=True))
    op.add_column("cases", sa.Column("remarks_to", sa.Integer(), nullable=True))


def downgrade() -> None:
    op.drop_column("cases", "remarks_to")
    op.drop_column("cases", "remarks_from")
