"""Bringing a backup back is several steps, and may be cut off between them: the site says so and does not go on. And
PostgreSQL's own tools: a consistent dump of a running database, brought back whole or not at all."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from flask import Flask, current_app, g, render_template, request
from sqlalchemy.engine import URL

from app.core.errors import DomainError
from app.web.extensions import login
from app.web.private_files import sync_folder

# Bringing a backup back is several steps, and may be cut off between them: the site says so and does not go on.
#
# What is to be brought back is unpacked and checked first; then a note of it is laid into the instance folder, and
# only then is anything replaced. While the note lies there the site shows nobody half of it and writes nothing; the
# note is taken away when everything is in its place and the audit trail tells of it. Whoever finds it does all of it
# again, from the folder that it names.

NOTE = "dang-khoi-phuc.json"
_mine: ContextVar[bool] = ContextVar("restoring", default=False)


class HalfRestored(DomainError):
    """A restore was begun and is not finished."""


@dataclass(frozen=True, slots=True)
class Restore:
    """A restore that was begun: the backup's name, SHA-256 and manifest, where it lies unpacked, and who does it."""

    file: str
    sha256: str
    folder: str  # within the instance folder
    made_at: str
    files: int
    actor: str
    person_id: int | None


def note_path(instance: Path) -> Path:
    """Where the note lies while a restore is under way."""
    return instance / NOTE


def begun(instance: Path) -> Restore | None:
    """The restore that was begun and is not finished, if there is one."""
    try:
        values: dict[str, Any] = json.loads(note_path(instance).read_text("utf-8"))
    except FileNotFoundError:
        return None
    return Restore(**values)


def begin(instance: Path, restore: Restore) -> None:
    """From here on it is done to its end. Safely on the disk when this returns."""
    fresh = note_path(instance).with_suffix(".new")
    with fresh.open("w", encoding="utf-8") as file:
        json.dump(asdict(restore), file, ensure_ascii=False)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(note_path(instance))
    sync_folder(instance)


def end(instance: Path) -> None:
    note_path(instance).unlink(missing_ok=True)
    sync_folder(instance)


@contextmanager
def by_this_process() -> Iterator[None]:
    """Within it, what is written is part of the restore."""
    token = _mine.set(True)
    try:
        yield
    finally:
        _mine.reset(token)


def refuse_while_half_restored() -> None:
    """HalfRestored while a restore is under way: what is written now would be lost."""
    if not _mine.get() and note_path(Path(current_app.instance_path)).exists():
        raise HalfRestored(
            "Việc khôi phục bản sao lưu chưa xong nên chưa ghi được gì. Hãy chạy “flask restore --continue”."
        )


def register(app: Flask) -> None:
    """Nobody is shown a site that is half restored."""
    app.before_request(_say_so)


def _say_so() -> tuple[str, int, dict[str, str]] | None:
    if request.endpoint == "static" or not note_path(Path(current_app.instance_path)).exists():
        return None
    g._login_user = login.anonymous_user()  # the database, which knows who it is, is not asked
    return render_template("errors/restoring.html"), 503, {"Retry-After": "60", "Cache-Control": "no-store"}


# PostgreSQL's own tools: a consistent dump of a running database, and bringing it back whole or not at all.


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
