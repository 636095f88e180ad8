"""Control reports that were sent, with their figures and the cases that were open.

Revision ID: 0054
Revises: 0053
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0054"
down_revision = "0053"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INSTANT = sa.DateTime(timezone=True)
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    op.create_table(
        "sent_reports",
        sa.Column("period", sa.String(length=16), nullable=False),
        sa.Column("first", sa.Date(), nullable=False),
        sa.Column("last", sa.Date(), nullable=False),
        sa.Column("sent_on", sa.Date(), nullable=False),
        sa.Column("document", sa.String(length=200), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("figures", JSON, nullable=False),
        sa.Column("recorded_at", INSTANT, nullable=False),
        sa.Column("person_id", KEY, nullable=True),
        sa.Column("actor", sa.String(length=120), nullable=False),
        sa.Column("withdrawn", sa.Boolean(), nullable=False),
        sa.Column("withdrawal", sa.Text(), nullable=False),
        sa.Column("id", KEY, nullable=False),
        sa.Column("site", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_sent_reports_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sent_reports")),
    )
    with op.batch_alter_table("sent_reports", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_sent_reports_site_period_id"), ["site", "period", "id"], unique=False)
    op.create_table(
        "sent_open_cases",
        sa.Column("report_id", KEY, autoincrement=False, nullable=False),
        sa.Column("case_id", KEY, autoincrement=False, nullable=False),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("unit_id", KEY, nullable=False),
        sa.Column("field", sa.String(length=120), nullable=False),
        sa.ForeignKeyConstraint(["report_id"], ["sent_reports.id"], name=op.f("fk_sent_open_cases_report_id")),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name=op.f("fk_sent_open_cases_unit_id")),
        sa.PrimaryKeyConstraint("report_id", "case_id", name=op.f("pk_sent_open_cases")),
    )


def downgrade() -> None:
    op.drop_table("sent_open_cases")
    op.drop_table("sent_reports")
