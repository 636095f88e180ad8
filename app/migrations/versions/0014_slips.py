"""Numbers of slips: the one each was given stays its own

Revision ID: 0014
Revises: 0013
"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "slips",
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("source", sa.String(length=160), nullable=False),
        sa.Column("case_id", KEY, nullable=True),
        sa.Column("sign", sa.String(length=16), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("given_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("person_id", KEY, nullable=True),
        sa.Column("id", KEY, nullable=False),
        sa.Column("site", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_slips_person_id_people")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_slips")),
        sa.UniqueConstraint("site", "kind", "source", name=op.f("uq_slips_site_kind_source")),
        sa.UniqueConstraint("site", "sign", "year", "number", name="uq_slips_number"),
    )
    op.create_index(op.f("ix_slips_case_id"), "slips", ["case_id"])


def downgrade() -> None:
    op.drop_index(op.f("ix_slips_case_id"), table_name="slips")
    op.drop_table("slips")
