"""Units have successors, and what passed to them is remembered; closed cases and names stay where they were

Revision ID: 0026
Revises: 0025
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    op.create_table(
        "unit_successions",
        sa.Column("unit_id", KEY, nullable=False),
        sa.Column("successor_id", KEY, nullable=True),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("decision", sa.String(length=300), nullable=False),
        sa.Column("is_default", sa.Boolean(), nullable=False),
        sa.Column("passes", JSON, nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("person_id", KEY, nullable=True),
        sa.Column("actor", sa.String(length=120), nullable=False),
        sa.Column("id", KEY, nullable=False),
        sa.Column("site", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name=op.f("fk_unit_successions_unit_id")),
        sa.ForeignKeyConstraint(["successor_id"], ["units.id"], name=op.f("fk_unit_successions_successor_id")),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_unit_successions_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unit_successions")),
        sa.UniqueConstraint(
            "site", "unit_id", "successor_id", name=op.f("uq_unit_successions_site_unit_id_successor_id")
        ),
    )
    op.create_index(op.f("ix_unit_successions_site_successor_id"), "unit_successions", ["site", "successor_id"])
    op.create_table(
        "passed_records",
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("record_id", KEY, nullable=False),
        sa.Column("unit_id", KEY, nullable=False),
        sa.Column("successor_id", KEY, nullable=False),
        sa.Column("until_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", KEY, nullable=False),
        sa.Column("site", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name=op.f("fk_passed_records_unit_id")),
        sa.ForeignKeyConstraint(["successor_id"], ["units.id"], name=op.f("fk_passed_records_successor_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_passed_records")),
    )
    op.create_index(
        op.f("ix_passed_records_site_kind_record_id_until_at"),
        "passed_records",
        ["site", "kind", "record_id", "until_at"],
    )
    op.create_index(op.f("ix_passed_records_site_kind_until_at"), "passed_records", ["site", "kind", "until_at"])


def downgrade() -> None:
    op.drop_table("passed_records")
    op.drop_table("unit_successions")
