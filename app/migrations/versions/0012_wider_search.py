"""Wider search: the procedure's code among a case's words, and an index of what was noted on cases

The notes are indexed folded: FTS5 takes the diacritics away (and the trigger the stroke of "đ"), PostgreSQL its
`unaccent` extension, wrapped in a function because only an immutable one can be indexed.

Revision ID: 0012
Revises: 0011
"""

import re
import unicodedata

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

NOTES = (
    """
    CREATE VIRTUAL TABLE case_search_notes USING fts5(
        note, content='', tokenize='unicode61 remove_diacritics 2', prefix='2 3 4'
    )
    """,
    """
    INSERT INTO case_search_notes(rowid, note)
    SELECT id, replace(replace(note, 'đ', 'd'), 'Đ', 'd') FROM case_events WHERE note <> ''
    """,
    """
    CREATE TRIGGER case_search_note_added AFTER INSERT ON case_events WHEN new.note <> '' BEGIN
        INSERT INTO case_search_notes(rowid, note)
        VALUES (new.id, replace(replace(new.note, 'đ', 'd'), 'Đ', 'd'));
    END
    """,
    """
    CREATE TRIGGER case_search_note_removed AFTER DELETE ON case_events WHEN old.note <> '' BEGIN
        INSERT INTO case_search_notes(case_search_notes, rowid, note)
        VALUES ('delete', old.id, replace(replace(old.note, 'đ', 'd'), 'Đ', 'd'));
    END
    """,
)
CHANGED = """
    CREATE TRIGGER case_search_changed AFTER UPDATE OF search_text ON cases BEGIN
        INSERT INTO case_search(case_search, rowid, search_text) VALUES ('delete', old.id, old.search_text);
        INSERT INTO case_search(rowid, search_text) VALUES (new.id, new.search_text);
    END
"""
PLAIN = """
    CREATE FUNCTION case_search_plain(text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS $$ SELECT lower(public.unaccent('public.unaccent'::regdictionary, $1)) $$
"""


def upgrade() -> None:
    on_postgresql = op.get_bind().dialect.name == "postgresql"
    if not on_postgresql:
        op.execute("DROP TRIGGER case_search_changed")  # the index is made anew instead: once, not row by row
    for versions, code in procedures():
        statement = sa.text("UPDATE cases SET search_text = search_text || :code WHERE version_id IN :versions")
        statement = statement.bindparams(sa.bindparam("versions", expanding=True))
        op.get_bind().execute(statement, {"code": f" {code}", "versions": versions})
    if on_postgresql:
        op.execute("CREATE EXTENSION IF NOT EXISTS unaccent SCHEMA public")
        op.execute(PLAIN)
        op.execute(
            "CREATE INDEX ix_cases_search_notes ON case_events USING gin (to_tsvector('simple', case_search_plain(note)))"
            " WHERE note <> ''"
        )
        return
    op.execute("INSERT INTO case_search(case_search) VALUES ('rebuild')")
    op.execute(CHANGED)
    for statement in NOTES:
        op.execute(statement)


def downgrade() -> None:
    on_postgresql = op.get_bind().dialect.name == "postgresql"
    if on_postgresql:
        op.execute("DROP INDEX ix_cases_search_notes")
        op.execute("DROP FUNCTION case_search_plain(text)")
    else:
        op.execute("DROP TRIGGER case_search_note_removed")
        op.execute("DROP TRIGGER case_search_note_added")
        op.execute("DROP TABLE case_search_notes")
        op.execute("DROP TRIGGER case_search_changed")
    for versions, code in procedures():
        statement = sa.text(
            "UPDATE cases SET search_text = substr(search_text, 1, length(search_text) - :extra)"
            " WHERE version_id IN :versions AND search_text LIKE :ending"
        ).bindparams(sa.bindparam("versions", expanding=True))
        op.get_bind().execute(statement, {"extra": len(code) + 1, "versions": versions, "ending": f"% {code}"})
    if not on_postgresql:
        op.execute("INSERT INTO case_search(case_search) VALUES ('rebuild')")
        op.execute(CHANGED)


def procedures() -> list[tuple[list[int], str]]:
    """The versions of each procedure, and its folded code."""
    found: dict[str, list[int]] = {}
    rows = op.get_bind().execute(
        sa.text("SELECT v.id, p.code FROM procedure_versions v JOIN procedures p ON p.id = v.procedure_id")
    )
    for version, code in rows:
        found.setdefault(fold(code), []).append(version)
    return [(versions, code) for code, versions in found.items()]


def fold(text: str) -> str:
    """As app.text.fold was when this was written."""
    plain = unicodedata.normalize("NFD", text.lower().replace("đ", "d"))
    return re.sub(r"[^0-9a-z]+", " ", "".join(c for c in plain if not unicodedata.combining(c))).strip()
