"""What the commands of every room share: data to standard output, messages to standard error, clear refusals."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import click
from flask import Flask, has_app_context
from flask.cli import AppGroup
from flask_babel import gettext as _
from sqlalchemy.exc import SQLAlchemyError
from tabulate import tabulate

from app import exports
from app.config import BadSettings, Settings
from app.errors import N_, DomainError
from app.formats import sentence
from app.organisation.access import Actor
from app.outages import SENTENCES, outage_of
from app.private_files import UMASK, keep_private

P = ParamSpec("P")
R = TypeVar("R")

COMMAND = Actor("Lệnh trên máy chủ")
"""Who acts when nobody is signed in."""


class BadInput(click.ClickException):
    """What was asked cannot be done: one clear line on standard error, exit code 2."""

    exit_code = 2

    def show(self, file: Any = None) -> None:
        click.echo(self.message, err=True)


@contextmanager
def clear_errors() -> Iterator[None]:
    """A domain error becomes BadInput with its sentence; one that lists problems, with a line for each.

    So does what broke under the site: a database that is gone or has no tables yet, a full disk.
    """
    try:
        yield
    except (SQLAlchemyError, DomainError) as error:
        if said := _fault_said(error):
            raise BadInput(said) from error
        raise


class Commands(AppGroup):
    """The commands of the site. Whatever a fault is, whoever typed one reads a sentence and no traceback."""

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command, told in sentences."""
        command = super().get_command(ctx, cmd_name)
        return None if command is None else _in_sentences(command)


def register(app: Flask) -> None:
    """Put what becomes the site's commands into such a group, those of Flask-Migrate too."""
    app.cli = Commands(app.cli.name)


def _in_sentences(command: click.Command) -> click.Command:
    invoke = command.invoke
    if getattr(invoke, "tells", False):
        return command

    def told(ctx: click.Context) -> Any:
        with _faults_told():
            return invoke(ctx)

    told.tells = True  # type: ignore[attr-defined]
    command.invoke = told  # type: ignore[method-assign]
    return command


@contextmanager
def _faults_told() -> Iterator[None]:
    try:
        yield
    except (click.ClickException, click.exceptions.Exit, click.Abort, BrokenPipeError):
        raise
    except Exception as error:
        if said := _fault_said(error):
            raise BadInput(said) from error
        raise


@contextmanager
def faults_told_at_start() -> Iterator[None]:
    """The same while the application is made: SystemExit, because Flask would print any other error's traceback."""
    os.umask(UMASK)
    try:
        yield
    except Exception as error:
        if said := _fault_said(error):
            note(said)
            raise SystemExit(BadInput.exit_code) from error
        raise


def tell_narrowed(settings: Settings) -> None:
    """Take what others could read of the instance away from them, and say so when there was something."""
    done = keep_private(settings.instance, settings.sqlalchemy_url)
    if done.count:
        note(
            N_("Đã thu hẹp quyền của %(n)s tệp và thư mục trong %(folder)s: từ nay chỉ chủ sở hữu đọc được.")
            % {"n": done.count, "folder": settings.instance}
        )
    for error in done.failed[:3]:
        note(
            N_("Không thu hẹp được quyền của %(path)s (%(why)s): người khác trên máy có thể đọc được.")
            % {"path": error.filename, "why": error.strerror}
        )


def _fault_said(error: Exception) -> str | None:
    """The sentence for a refusal or for what broke under the site; None for a fault of the site itself."""
    if isinstance(error, DomainError):
        return sentence(error) if has_app_context() else str(error)
    if isinstance(error, BadSettings):
        return str(error)
    if outage := outage_of(error):
        return _said(SENTENCES[outage])
    if isinstance(error, OSError) and error.errno:
        why = _said(_OF_FILES[error.errno]) if error.errno in _OF_FILES else error.strerror
        return f"{error.filename}: {why}" if error.filename else str(why)
    if isinstance(error, UnicodeDecodeError):
        return _said(N_("Không đọc được tệp: nội dung không phải chữ mã UTF-8."))
    return None


_OF_FILES = {
    errno.ENOENT: N_("không có tệp hoặc thư mục này"),
    errno.EACCES: N_("không có quyền đọc hoặc ghi"),
    errno.EPERM: N_("không có quyền đọc hoặc ghi"),
    errno.EISDIR: N_("là thư mục, không phải tệp"),
    errno.ENOTDIR: N_("không phải thư mục"),
    errno.EEXIST: N_("đã có tệp mang tên này"),
    errno.EADDRINUSE: N_("địa chỉ này đang được chương trình khác dùng"),
    errno.EADDRNOTAVAIL: N_("máy này không có địa chỉ đó"),
}


def _said(message: str) -> str:
    return str(_(message)) if has_app_context() else message


def refusing(command: Callable[P, R]) -> Callable[P, R]:
    """A command in which a domain error is a clear line and exit code 2."""

    @wraps(command)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
        with clear_errors():
            return command(*args, **kwargs)
        raise AssertionError  # clear_errors never swallows

    return guarded


def note(message: str) -> None:
    """A message for the person, on standard error: standard output is for results."""
    click.echo(message, err=True)


def echo_json(value: Any) -> None:
    """One JSON value on standard output, readable, with its diacritics."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2, default=str))


def echo_table(rows: Sequence[Mapping[str, Any]], headers: Mapping[str, str]) -> None:
    """Rows as a table: `headers` gives each column's key and heading, in order."""
    cells = [["" if row.get(key) is None else row[key] for key in headers] for row in rows]
    click.echo(tabulate(cells, headers=list(headers.values()), disable_numparse=True))


def csv_text(rows: Iterable[Mapping[str, Any]], columns: Sequence[str]) -> str:
    """Rows as CSV with these columns."""
    return exports.csv_text(columns, ([row.get(column, "") for column in columns] for row in rows))


def echo_rows(rows: Sequence[Mapping[str, Any]], headers: Mapping[str, str], output: str) -> None:
    """Rows as `table`, `json` or `csv`."""
    if output == "json":
        echo_json([dict(row) for row in rows])
    elif output == "csv":
        click.echo(csv_text(rows, list(headers)), nl=False)
    else:
        echo_table(rows, headers)
