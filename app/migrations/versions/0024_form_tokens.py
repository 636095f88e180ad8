"""A case keeps the token of the form that it was taken in by, so that the database itself refuses it a second time

Until now the token stood among what the event of its reception says, and was looked for in the last 5,000 events:
those are taken over, so that a form sent before the upgrade makes no second case after it.

Revision ID: 0024
Revises: 0022
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

REMEMBERED = 5_000  # events
LONGEST = 64
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")

CASES = sa.table("cases", *(sa.column(name) for name in ("id", "site", "form_token")))
EVENTS = sa.table(
    "case_events", *(sa.column(name) for name in ("id", "site", "case_id", "kind")), sa.column("data", JSON)
)


def upgrade() -> None:
    op.add_column("cases", sa.Column("form_token", sa.String(length=LONGEST), nullable=True))
    take_over()
    op.create_index(
        "ix_cases_form_token",
        "cases",
        ["site", "form_token"],
        unique=True,
        sqlite_where=sa.text("form_token IS NOT NULL"),
        postgresql_where=sa.text("form_token IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index("ix_cases_form_token", table_name="cases")
    op.drop_column("cases", "form_token")


def take_over() -> None:
    """The first case of each token: two people's forms could bear the same one."""
    run = op.get_bind().execute
    newest = run(sa.select(sa.func.max(EVENTS.c.id))).scalar() or 0
    received = sa.select(EVENTS.c.site, EVENTS.c.case_id, EVENTS.c.data).where(
        EVENTS.c.kind == "received", EVENTS.c.id > newest - REMEMBERED
    )
    taken: dict[tuple[str, str], int] = {}
    for site, case_id, data in run(received.order_by(EVENTS.c.id)):
        token = data.get("token") if isinstance(data, dict) else None
        if isinstance(token, str) and 0 < len(token) <= LONGEST:
            taken.setdefault((site, token), case_id)
    written = CASES.update().where(CASES.c.id == sa.bindparam("key")).values(form_token=sa.bindparam("token"))
    if taken:
        run(written, [{"key": case_id, "token": token} for (_site, token), case_id in taken.items()])
