"""Case search

Words of a case's code, applicant, identity number and phone, found by their first letters: FTS5 on SQLite,
a GIN index over a text-search vector on PostgreSQL. Both follow `cases.search_text` by themselves.

Revision ID: 0005
Revises: 0004
"""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

SQLITE = (
    """
    CREATE VIRTUAL TABLE case_search USING fts5(
        search_text, content='cases', content_rowid='id', tokenize='unicode61', prefix='2 3 4'
    )
    """,
    "INSERT INTO case_search(case_search) VALUES ('rebuild')",
    """
    CREATE TRIGGER case_search_added AFTER INSERT ON cases BEGIN
        INSERT INTO case_search(rowid, search_text) VALUES (new.id, new.search_text);
    END
    """,
    """
    CREATE TRIGGER case_search_removed AFTER DELETE ON cases BEGIN
        INSERT INTO case_search(case_search, rowid, search_text) VALUES ('delete', old.id, old.search_text);
    END
    """,
    """
    CREATE TRIGGER case_search_changed AFTER UPDATE OF search_text ON cases BEGIN
        INSERT INTO case_search(case_search, rowid, search_text) VALUES ('delete', old.id, old.search_text);
        INSERT INTO case_search(rowid, search_text) VALUES (new.id, new.search_text);
    END
    """,
)


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("CREATE INDEX ix_cases_search ON cases USING gin (to_tsvector('simple', search_text))")
        return
    for statement in SQLITE:
        op.execute(statement)


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP INDEX ix_cases_search")
        return
    for trigger in ("case_search_added", "case_search_removed", "case_search_changed"):
        op.execute(f"DROP TRIGGER {trigger}")
    op.execute("DROP TABLE case_search")
