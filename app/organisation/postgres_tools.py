"""PostgreSQL's own tools: a consistent dump of a running database, and bringing it back whole or not at all."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from sqlalchemy.engine import URL

from app.core.errors import DomainError


class ToolFailed(DomainError):
    """pg_dump or pg_restore is missing, or could not do it."""


def dump(url: URL, target: Path) -> None:
    """Write the database to a file in pg_dump's custom format. Raises ToolFailed."""
    _run("pg_dump", ["--format=custom", "--no-owner", "--no-privileges", f"--file={target}"], url)


EVERYTHING_GOES = """
DO $$ DECLARE name text; BEGIN
    FOR name IN SELECT format('%I.%I', schemaname, tablename) FROM pg_tables WHERE schemaname = 'public' LOOP
        EXECUTE 'DROP TABLE ' || name || ' CASCADE';
    END LOOP;
END $$;
"""
"""Tables that the dump does not know, being newer, would hold on to those that it replaces."""


def load(url: URL, source: Path) -> None:
    """Replace the database's tables by those of a dump, all or none. Raises ToolFailed."""
    before, script = source.with_suffix(".before.sql"), source.with_suffix(".sql")
    before.write_text(EVERYTHING_GOES)
    options = ["--clean", "--if-exists", "--no-owner", "--no-privileges", "--exit-on-error", f"--file={script}"]
    _run("pg_restore", [*options, str(source)], url)
    once = ["--no-psqlrc", "--quiet", "--single-transaction", "--set=ON_ERROR_STOP=1", "--output=/dev/null"]
    _run("psql", [*once, f"--file={before}", f"--file={script}"], url)


def tables_in(url: URL, source: Path) -> int:
    """How many tables' rows a dump holds, read to its end. Raises ToolFailed for one that cannot be read."""
    script = source.with_suffix(".trial.sql")
    _run("pg_restore", ["--data-only", f"--file={script}", str(source)], url)
    with script.open("rb") as lines:
        return sum(line.startswith(b"COPY ") for line in lines)


def _run(tool: str, options: list[str], url: URL) -> None:
    program = shutil.which(tool)
    if program is None:
        raise ToolFailed("Máy này chưa có %(tool)s; hãy cài gói postgresql-client.", tool=tool)
    done = subprocess.run([program, *options], env=os.environ | _environment(url), capture_output=True, text=True)  # noqa: S603
    if done.returncode:
        lines = done.stderr.strip().splitlines() or ["?"]
        raise ToolFailed("%(tool)s không thực hiện được: %(why)s", tool=tool, why=lines[0])


def _environment(url: URL) -> dict[str, str]:
    """How to connect, for libpq; not as arguments, which every user of the machine may read."""
    host = url.query.get("host", url.host)
    values = {
        "PGHOST": host[0] if isinstance(host, tuple) else host,
        "PGPORT": str(url.port) if url.port else None,
        "PGUSER": url.username,
        "PGPASSWORD": str(url.password) if url.password else None,
        "PGDATABASE": url.database,
    }
    return {name: value for name, value in values.items() if value}
