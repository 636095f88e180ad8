"""Alembic's entry: migrates the application's own database, in one transaction a migration."""

import click
from alembic import context
from flask import current_app
from flask_babel import gettext as _

from app.web.migrating import connection_for_migrations, count_anew, mend, refuse_lost_references

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


with connection_for_migrations(db.engine) as connection:
    if (version := mend(connection, context.script)) is not None:
        text = _(
            "Lần nâng cấp trước bị ngắt giữa chừng: đã đưa cơ sở dữ liệu về đúng phiên bản %(version)s.",
            version=version,
        )
        click.echo(text, err=True)
    applied = []
    context.configure(
        connection=connection,
        target_metadata=db.metadatas[None],
        include_object=include,
        render_item=render,
        render_as_batch=True,
        compare_type=True,
        transactional_ddl=True,
        transaction_per_migration=True,
        on_version_apply=(refuse_lost_references(connection), lambda **step: applied.append(step)),
    )
    with context.begin_transaction():
        context.run_migrations()
    if applied:
        count_anew(connection)
