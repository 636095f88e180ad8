"""A month is closed by its official run; runs say whether they are official, or came after it

Runs of before are of periods that nobody closed.

Revision ID: 0036
Revises: 0035
"""

import sqlalchemy as sa
from alembic import op

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("check_runs", sa.Column("official", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("check_runs", sa.Column("after_closing", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.create_table(
        "month_closings",
        sa.Column("period", sa.String(length=16), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("run_id", KEY, nullable=False),
        sa.Column("closed_at", INSTANT, nullable=False),
        sa.Column("person_id", KEY, nullable=True),
        sa.Column("actor", sa.String(length=120), nullable=False),
        sa.Column("reopened_at", INSTANT, nullable=True),
        sa.Column("reopened_by", sa.String(length=120), nullable=False),
        sa.Column("reopen_reason", sa.Text(), nullable=False),
        sa.Column("id", KEY, nullable=False),
        sa.Column("site", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["check_runs.id"], name=op.f("fk_month_closings_run_id")),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_month_closings_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_month_closings")),
        sa.UniqueConstraint("site", "period", "number", name=op.f("uq_month_closings_site_period_number")),
    )


def downgrade() -> None:
    op.drop_table("month_closings")
    op.drop_column("check_runs", "after_closing")
    op.drop_column("check_runs", "official")
