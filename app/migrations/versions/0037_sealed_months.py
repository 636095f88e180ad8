"""Closed months are sealed: what a seal covers, its hash, its signature, and the seal before it

Revision ID: 0037
Revises: 0036
"""

import sqlalchemy as sa
from alembic import op

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "month_seals",
        sa.Column("period", sa.String(length=16), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("closing_id", KEY, nullable=False),
        sa.Column("run_id", KEY, nullable=False),
        sa.Column("manifest", sa.Text(), nullable=False),
        sa.Column("hash", sa.String(length=80), nullable=False),
        sa.Column("previous_hash", sa.String(length=80), nullable=True),
        sa.Column("signature", sa.String(length=160), nullable=False),
        sa.Column("public_key", sa.String(length=80), nullable=False),
        sa.Column("papers", sa.LargeBinary(), nullable=False),
        sa.Column("sealed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("person_id", KEY, nullable=True),
        sa.Column("actor", sa.String(length=120), nullable=False),
        sa.Column("id", KEY, nullable=False),
        sa.Column("site", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["closing_id"], ["month_closings.id"], name=op.f("fk_month_seals_closing_id")),
        sa.ForeignKeyConstraint(["run_id"], ["check_runs.id"], name=op.f("fk_month_seals_run_id")),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_month_seals_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_month_seals")),
        sa.UniqueConstraint("site", "closing_id", name=op.f("uq_month_seals_site_closing_id")),
    )
    op.create_index(op.f("ix_month_seals_site_period"), "month_seals", ["site", "period"])


def downgrade() -> None:
    op.drop_table("month_seals")
