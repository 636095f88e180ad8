"""Mistakes found in the handling of cases; waivers annulled

Revision ID: 0013
Revises: 0012
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "case_faults",
        sa.Column("case_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("unit_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("found_on", sa.Date(), nullable=False),
        sa.Column("source", sa.String(length=24), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("document", sa.String(length=120), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("actor", sa.String(length=120), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("withdrawn_by", sa.String(length=120), nullable=False),
        sa.Column("withdrawal", sa.Text(), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("site", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_case_faults_case_id")),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_case_faults_person_id")),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name=op.f("fk_case_faults_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_faults")),
        sa.UniqueConstraint("case_id", "number", name=op.f("uq_case_faults_case_id_number")),
    )
    with op.batch_alter_table("case_faults", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_case_faults_site_found_on"), ["site", "found_on"], unique=False)

    with op.batch_alter_table("waivers", schema=None) as batch_op:
        batch_op.add_column(sa.Column("annulled_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("annulled_by", sa.String(length=120), server_default="", nullable=False))
        batch_op.add_column(sa.Column("annulment", sa.Text(), server_default="", nullable=False))


def downgrade() -> None:
    with op.batch_alter_table("waivers", schema=None) as batch_op:
        batch_op.drop_column("annulment")
        batch_op.drop_column("annulled_by")
        batch_op.drop_column("annulled_at")

    with op.batch_alter_table("case_faults", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_case_faults_site_found_on"))

    op.drop_table("case_faults")
