"""What people add to the index of Decision 766/QĐ-TTg: the portal's own scores, and where values were seen.

Revision ID: 0053
Revises: 0052
"""

import sqlalchemy as sa
from alembic import op

revision = "0053"
down_revision = "0052"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "portal_scores",
        sa.Column("period", sa.String(length=16), nullable=False),
        sa.Column("metric", sa.String(length=64), nullable=False),
        sa.Column("score", sa.Integer(), nullable=True),
        sa.Column("maximum", sa.Integer(), nullable=True),
        sa.Column("numerator", sa.Integer(), nullable=True),
        sa.Column("denominator", sa.Integer(), nullable=True),
        sa.Column("seen_on", sa.Date(), nullable=False),
        sa.Column("source", sa.String(length=200), nullable=False),
        sa.Column("recorded_at", INSTANT, nullable=False),
        sa.Column("person_id", KEY, nullable=True),
        sa.Column("actor", sa.String(length=120), nullable=False),
        sa.Column("id", KEY, nullable=False),
        sa.Column("site", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_portal_scores_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_portal_scores")),
    )
    with op.batch_alter_table("portal_scores", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_portal_scores_site_period_metric_id"), ["site", "period", "metric", "id"], unique=False
        )
    op.create_table(
        "index_confirmations",
        sa.Column("metric", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=24), nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("value", sa.String(length=24), nullable=False),
        sa.Column("seen_in", sa.String(length=300), nullable=False),
        sa.Column("confirmed_at", INSTANT, nullable=False),
        sa.Column("person_id", KEY, nullable=True),
        sa.Column("actor", sa.String(length=120), nullable=False),
        sa.Column("withdrawn", sa.Boolean(), nullable=False),
        sa.Column("withdrawal", sa.Text(), nullable=False),
        sa.Column("id", KEY, nullable=False),
        sa.Column("site", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_index_confirmations_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_index_confirmations")),
    )
    with op.batch_alter_table("index_confirmations", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_index_confirmations_site_metric_name_since"),
            ["site", "metric", "name", "since"],
            unique=False,
        )


def downgrade() -> None:
    op.drop_table("index_confirmations")
    op.drop_table("portal_scores")
