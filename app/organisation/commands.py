"""What the commands of every room share: data to standard output, messages to standard error, clear refusals."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import click
from sqlalchemy.exc import SQLAlchemyError
from tabulate import tabulate

from app.core.errors import DomainError
from app.organisation import exports
from app.organisation.access import Actor
from app.web.command_faults import BadInput, fault_said

P = ParamSpec("P")
R = TypeVar("R")

COMMAND = Actor("Lệnh trên máy chủ")
"""Who acts when nobody is signed in."""


@contextmanager
def clear_errors() -> Iterator[None]:
    """A domain error becomes BadInput with its sentence; one that lists problems, with a line for each.

    So does what broke under the site: a database that is gone or has no tables yet, a full disk.
    """
    try:
        yield
    except (SQLAlchemyError, DomainError) as error:
        if said := fault_said(error):
            raise BadInput(said) from error
        raise


def refusing(command: Callable[P, R]) -> Callable[P, R]:
    """A command in which a domain error is a clear line and exit code 2."""

    @wraps(command)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
        with clear_errors():
            return command(*args, **kwargs)
        raise AssertionError  # clear_errors never swallows

    return guarded


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
