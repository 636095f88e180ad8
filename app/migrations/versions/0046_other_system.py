"""What another system says of a case: its code there, VNeID, what was used again.

Revision ID: 0046
Revises: 0045
"""

import sqlalchemy as sa
from alembic import op

revision = "0046"
down_revision = "0045"
branch_labels = None
depends_on = None

GIVEN = sa.text("other_code_key <> ''")


def upgrade() -> None:
    op.add_column("cases", sa.Column("other_code", sa.String(length=64), nullable=False, server_default=""))
    op.add_column("cases", sa.Column("other_code_key", sa.String(length=64), nullable=False, server_default=""))
    op.add_column("cases", sa.Column("vneid", sa.Boolean(), nullable=True))
    op.add_column("cases", sa.Column("reused", sa.Boolean(), nullable=True))
    op.create_index(
        "ix_cases_other_code", "cases", ["site", "other_code_key"], sqlite_where=GIVEN, postgresql_where=GIVEN
    )


def downgrade() -> None:
    op.drop_index("ix_cases_other_code", table_name="cases")
    for column in ("reused", "vneid", "other_code_key", "other_code"):
        op.drop_column("cases", column)
