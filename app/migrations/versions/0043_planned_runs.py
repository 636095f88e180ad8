"""What the site does by itself at its hours.

Revision ID: 0043
Revises: 0042
"""

import sqlalchemy as sa
from alembic import op

revision = "0043"
down_revision = "0042"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "planned_runs",
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("done", sa.String(length=16), nullable=False),
        sa.Column("holder", sa.String(length=16), server_default="", nullable=False),
        sa.Column("leased_until", INSTANT, nullable=True),
        sa.Column("started_at", INSTANT, nullable=True),
        sa.Column("ended_at", INSTANT, nullable=True),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("fault", sa.Text(), server_default="", nullable=False),
        sa.Column("id", KEY, nullable=False),
        sa.Column("site", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_planned_runs")),
        sa.UniqueConstraint("site", "name", name=op.f("uq_planned_runs_site_name")),
    )


def downgrade() -> None:
    op.drop_table("planned_runs")
