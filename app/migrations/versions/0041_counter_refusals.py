"""What was refused at the counter, before any case was there.

Revision ID: 0041
Revises: 0040
"""

import sqlalchemy as sa
from alembic import op

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "counter_refusals",
        sa.Column("id", KEY, nullable=False),
        sa.Column("site", sa.String(length=32), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("refused_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("person_id", KEY, nullable=True),
        sa.Column("officer", sa.String(length=120), nullable=False),
        sa.Column("phone_of_officer", sa.String(length=32), nullable=False),
        sa.Column("version_id", KEY, nullable=False),
        sa.Column("applicant", sa.String(length=200), nullable=False),
        sa.Column("owner", sa.String(length=200), nullable=False),
        sa.Column("id_number", sa.String(length=32), nullable=False),
        sa.Column("phone", sa.String(length=32), nullable=False),
        sa.Column("address", sa.String(length=300), nullable=False),
        sa.Column("email", sa.String(length=200), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("token", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_counter_refusals_person_id_people")),
        sa.ForeignKeyConstraint(
            ["version_id"], ["procedure_versions.id"], name=op.f("fk_counter_refusals_version_id_procedure_versions")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_counter_refusals")),
        sa.UniqueConstraint("site", "year", "number", name=op.f("uq_counter_refusals_site_year_number")),
        sa.UniqueConstraint("site", "token", name=op.f("uq_counter_refusals_site_token")),
    )
    op.create_index(op.f("ix_counter_refusals_version_id"), "counter_refusals", ["version_id"])


def downgrade() -> None:
    op.drop_table("counter_refusals")
