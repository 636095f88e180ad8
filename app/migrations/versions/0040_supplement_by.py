"""Until which day an applicant may bring what was asked for; the words that a site keeps for reasons.

Revision ID: 0040
Revises: 0039
"""

import sqlalchemy as sa
from alembic import op

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("cases", sa.Column("supplement_by", sa.Date(), nullable=True))
    op.create_table(
        "stock_reasons",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("site", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("words", sa.String(length=500), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stock_reasons")),
        sa.UniqueConstraint("site", "kind", "words", name=op.f("uq_stock_reasons_site_kind_words")),
    )


def downgrade() -> None:
    op.drop_table("stock_reasons")
    op.drop_column("cases", "supplement_by")
