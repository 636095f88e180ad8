"""What the commands of every room share: data to standard output, messages to standard error, clear refusals."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import click
from tabulate import tabulate

from app.organisation import exports
from app.organisation.access import Actor

COMMAND = Actor("Lệnh trên máy chủ")
"""Who acts when nobody is signed in."""


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
