"""A case keeps what its code is compared by, so that one code written in two ways is one case; an import keeps whether
names in old code pages were agreed to be read as they were meant

Revision ID: 0025
Revises: 0024
"""

import sqlalchemy as sa
from alembic import op

from app.core.codes import code_key

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

AT_ONCE = 5_000
CASES = sa.table("cases", *(sa.column(name) for name in ("id", "code", "code_key")))


def upgrade() -> None:
    op.add_column("cases", sa.Column("code_key", sa.String(length=64), nullable=False, server_default=""))
    op.add_column("imports", sa.Column("mends", sa.Boolean(), nullable=False, server_default=sa.false()))
    work_out()
    op.create_index("ix_cases_code_key", "cases", ["site", "code_key"])


def downgrade() -> None:
    op.drop_index("ix_cases_code_key", table_name="cases")
    op.drop_column("imports", "mends")
    op.drop_column("cases", "code_key")


def work_out() -> None:
    """Most codes are their own key; the others are written one by one."""
    run, last = op.get_bind().execute, 0
    run(CASES.update().values(code_key=CASES.c.code))
    written = CASES.update().where(CASES.c.id == sa.bindparam("of")).values(code_key=sa.bindparam("key"))
    while rows := run(
        sa.select(CASES.c.id, CASES.c.code).where(CASES.c.id > last).order_by(CASES.c.id).limit(AT_ONCE)
    ).all():
        last = rows[-1].id
        if others := [{"of": row.id, "key": key} for row in rows if (key := code_key(row.code)) != row.code]:
            run(written, others)
