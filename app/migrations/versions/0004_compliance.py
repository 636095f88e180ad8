"""Compliance

Revision ID: 0004
Revises: 0003
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "pack_texts",
        sa.Column("pack", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=80), nullable=False),
        sa.Column("files", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("first_used_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("site", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pack_texts")),
        sa.UniqueConstraint("site", "hash", name=op.f("uq_pack_texts_site_hash")),
    )
    op.create_table(
        "check_runs",
        sa.Column("period", sa.String(length=16), nullable=False),
        sa.Column("as_of", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("actor", sa.String(length=120), nullable=False),
        sa.Column("packs", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("findings", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("units", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=True),
        sa.Column("limited", sa.Boolean(), nullable=False),
        sa.Column("facts_hash", sa.String(length=80), nullable=False),
        sa.Column("facts", sa.LargeBinary(), nullable=False),
        sa.Column("calendar", sa.String(length=80), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("site", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_check_runs_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_check_runs")),
    )
    with op.batch_alter_table("check_runs", schema=None) as batch_op:
        batch_op.create_index("ix_check_runs_period", ["site", "period", "id"], unique=False)

    op.create_table(
        "pack_adoptions",
        sa.Column("pack", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=80), nullable=True),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("actor", sa.String(length=120), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("site", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_pack_adoptions_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pack_adoptions")),
        sa.UniqueConstraint("site", "pack", "valid_from", name=op.f("uq_pack_adoptions_site_pack_valid_from")),
    )
    op.create_table(
        "check_results",
        sa.Column("run_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("pack", sa.String(length=64), nullable=False),
        sa.Column("rule", sa.String(length=64), nullable=False),
        sa.Column("unit_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("status", sa.String(24), nullable=False),
        sa.Column("numerator", sa.BigInteger(), nullable=True),
        sa.Column("denominator", sa.BigInteger(), nullable=True),
        sa.Column("comparison", sa.String(length=16), nullable=True),
        sa.Column("target", sa.String(length=32), nullable=True),
        sa.Column("shortfall", sa.BigInteger(), nullable=True),
        sa.Column("figures", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("site", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["check_runs.id"], name=op.f("fk_check_results_run_id")),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name=op.f("fk_check_results_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_check_results")),
    )
    with op.batch_alter_table("check_results", schema=None) as batch_op:
        batch_op.create_index("ix_check_results_run_unit", ["run_id", "unit_id"], unique=False)

    op.create_table(
        "violations",
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("pack", sa.String(length=64), nullable=False),
        sa.Column("rule", sa.String(length=64), nullable=False),
        sa.Column("unit_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("subject", sa.String(length=64), nullable=False),
        sa.Column("period", sa.String(length=16), nullable=False),
        sa.Column("severity", sa.String(24), nullable=False),
        sa.Column("state", sa.String(24), nullable=False),
        sa.Column("first_run_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("last_run_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("gone_run_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("answer_due", sa.Date(), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("site", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["first_run_id"], ["check_runs.id"], name=op.f("fk_violations_first_run_id")),
        sa.ForeignKeyConstraint(["gone_run_id"], ["check_runs.id"], name=op.f("fk_violations_gone_run_id")),
        sa.ForeignKeyConstraint(["last_run_id"], ["check_runs.id"], name=op.f("fk_violations_last_run_id")),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name=op.f("fk_violations_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_violations")),
        sa.UniqueConstraint("site", "key", name=op.f("uq_violations_site_key")),
    )
    with op.batch_alter_table("violations", schema=None) as batch_op:
        batch_op.create_index("ix_violations_period", ["site", "period", "id"], unique=False)
        batch_op.create_index("ix_violations_unit", ["site", "unit_id", "id"], unique=False)

    op.create_table(
        "run_violations",
        sa.Column("run_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("violation_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("change", sa.String(24), nullable=False),
        sa.Column("figures", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("message", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("site", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["check_runs.id"], name=op.f("fk_run_violations_run_id")),
        sa.ForeignKeyConstraint(["violation_id"], ["violations.id"], name=op.f("fk_run_violations_violation_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_run_violations")),
        sa.UniqueConstraint("run_id", "violation_id", name=op.f("uq_run_violations_run_id_violation_id")),
    )
    with op.batch_alter_table("run_violations", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_run_violations_violation_id"), ["violation_id"], unique=False)

    op.create_table(
        "violation_moves",
        sa.Column("violation_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("actor", sa.String(length=120), nullable=False),
        sa.Column("from_state", sa.String(24), nullable=False),
        sa.Column("to_state", sa.String(24), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("site", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_violation_moves_person_id")),
        sa.ForeignKeyConstraint(["violation_id"], ["violations.id"], name=op.f("fk_violation_moves_violation_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_violation_moves")),
    )
    with op.batch_alter_table("violation_moves", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_violation_moves_violation_id"), ["violation_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("violation_moves", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_violation_moves_violation_id"))

    op.drop_table("violation_moves")
    with op.batch_alter_table("run_violations", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_run_violations_violation_id"))

    op.drop_table("run_violations")
    with op.batch_alter_table("violations", schema=None) as batch_op:
        batch_op.drop_index("ix_violations_unit")
        batch_op.drop_index("ix_violations_period")

    op.drop_table("violations")
    with op.batch_alter_table("check_results", schema=None) as batch_op:
        batch_op.drop_index("ix_check_results_run_unit")

    op.drop_table("check_results")
    op.drop_table("pack_adoptions")
    with op.batch_alter_table("check_runs", schema=None) as batch_op:
        batch_op.drop_index("ix_check_runs_period")

    op.drop_table("check_runs")
    op.drop_table("pack_texts")
