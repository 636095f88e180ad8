"""Whether a stay in a stage left a processing note is answered from two indexes alone

Revision ID: 0018
Revises: 0017
"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

WORDS = sa.text("note <> '' AND substr(note, 1, 1) <> '('")
NOTES = sa.text("note <> ''")


def upgrade() -> None:
    _words(["case_id", "at", "kind", "unit_id"], WORDS)
    _ended(["site", "unit_id", "ended_at", "due_at", "started_at", "case_id"])


def downgrade() -> None:
    _words(["case_id", "at", "kind"], NOTES)
    _ended(["site", "unit_id", "ended_at", "due_at"])


def _words(columns: list[str], which: sa.TextClause) -> None:
    op.drop_index("ix_case_events_words", table_name="case_events")
    op.create_index("ix_case_events_words", "case_events", columns, sqlite_where=which, postgresql_where=which)


def _ended(columns: list[str]) -> None:
    op.drop_index("ix_case_stages_ended_cover", table_name="case_stages")
    op.create_index("ix_case_stages_ended_cover", "case_stages", columns)
