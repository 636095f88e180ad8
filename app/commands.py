"""What the commands of every room share: data to standard output, messages to standard error, clear refusals."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import click
from flask_babel import gettext as _
from sqlalchemy.exc import OperationalError, ProgrammingError
from tabulate import tabulate

from app.errors import DomainError
from app.formats import sentence
from app.organisation.access import Actor

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

    So does a database without tables: the person has to migrate it first.
    """
    try:
        yield
    except (OperationalError, ProgrammingError) as error:
        if "no such table" in str(error.orig) or "UndefinedTable" in type(error.orig).__name__:
            raise BadInput(_("Cơ sở dữ liệu chưa có bảng: hãy chạy `flask db upgrade` trước.")) from error
        raise
    except DomainError as error:
        raise BadInput(sentence(error)) from error


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
    out = io.StringIO()
    writer = csv.DictWriter(out, fieldnames=list(columns), extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def echo_rows(rows: Sequence[Mapping[str, Any]], headers: Mapping[str, str], output: str) -> None:
    """Rows as `table`, `json` or `csv`."""
    if output == "json":
        echo_json([dict(row) for row in rows])
    elif output == "csv":
        click.echo(csv_text(rows, list(headers)), nl=False)
    else:
        echo_table(rows, headers)
