"""What the commands of every room share: clear errors, and words for tables."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click

from app.errors import DomainError
from app.formats import sentence
from app.organisation.access import Actor

COMMAND = Actor("Lệnh trên máy chủ")
"""Who acts when nobody is signed in."""


class BadInput(click.ClickException):
    """What was asked cannot be done: one clear line on standard error, exit code 2."""

    exit_code = 2

    def show(self, file: Any = None) -> None:
        click.echo(self.message, err=True)


@contextmanager
def clear_errors() -> Iterator[None]:
    """A domain error becomes BadInput with its sentence."""
    try:
        yield
    except DomainError as error:
        raise BadInput(sentence(error)) from error


def echo_json(value: Any) -> None:
    """One JSON value on standard output, readable, with its diacritics."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2, default=str))


def note(message: str) -> None:
    """A message for the person, on standard error: standard output is for results."""
    click.echo(message, err=True)
