"""Alembic's entry: migrates the application's own database, in one transaction a migration."""

from alembic import context
from flask import current_app

db = current_app.extensions["migrate"].db


def include(_object, name, kind, _reflected, _compare_to):
    """Leave the search index to its own migration: neither database's form of it is in the metadata."""
    return not (kind == "table" and name.startswith("case_search")) and name != "ix_cases_search"


def render(kind, item, _context):
    """Write types in the database's own words, so that a migration does not change when the code does."""
    if kind != "type":
        return False
    return {
        "UtcDateTime": "sa.DateTime(timezone=True)",
        "Enum": f"sa.String({getattr(item, 'length', 24)})",
        "JSON": "sa.JSON().with_variant(postgresql.JSONB(), 'postgresql')",
        "BigInteger": "sa.BigInteger().with_variant(sa.Integer(), 'sqlite')"
        if "sqlite" in item._variant_mapping
        else False,
    }.get(type(item).__name__, False)


with db.engine.connect() as connection:
    context.configure(
        connection=connection,
        target_metadata=db.metadatas[None],
        include_object=include,
        render_item=render,
        render_as_batch=True,
        compare_type=True,
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()
