"""Of an electronic copy of which a file only said that there is one, nobody knows whether it came at once

Such a copy stood as one of the same day: the event bears the instant of the result, and says that its time is unknown.

Revision ID: 0056
Revises: 0055
"""

import sqlalchemy as sa
from alembic import op

revision = "0056"
down_revision = "0055"
branch_labels = None
depends_on = None

CASES = sa.table(
    "cases", *(sa.column(name) for name in ("id", "result_at", "electronic_result_at", "electronic_days"))
)
EVENTS = sa.table("case_events", *(sa.column(name) for name in ("id", "case_id", "kind", "data", "corrects_id")))


def upgrade() -> None:
    op.get_bind().execute(CASES.update().where(undated()).values(electronic_days=None))


def downgrade() -> None:
    told = undated() & CASES.c.electronic_result_at.is_not(None) & CASES.c.result_at.is_not(None)
    op.get_bind().execute(CASES.update().where(told).values(electronic_days=0))


def undated() -> sa.ColumnElement[bool]:
    """A file said "yes" of the case's copy and no day, and nobody has put that right since."""
    said = sa.cast(EVENTS.c.data, sa.Text).like('%"time_unknown"%')
    put_right = EVENTS.alias()
    mended = sa.exists().where(put_right.c.corrects_id == EVENTS.c.id)
    told = sa.select(EVENTS.c.case_id).where(EVENTS.c.kind == "issued_electronic", said, ~mended)
    return CASES.c.id.in_(told)
