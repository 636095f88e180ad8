"""Without what a site lets nobody close a case or hand out its result.

Revision ID: 0038
Revises: 0037
"""

import sqlalchemy as sa
from alembic import op

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "forbidden_lacks",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("site", sa.String(length=32), nullable=False),
        sa.Column("lack", sa.String(length=24), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_forbidden_lacks")),
        sa.UniqueConstraint("site", "lack", name=op.f("uq_forbidden_lacks_site_lack")),
    )


def downgrade() -> None:
    op.drop_table("forbidden_lacks")
