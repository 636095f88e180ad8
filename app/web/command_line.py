"""The `flask` command of an installation: it finds its site from any folder, and knows its version."""

from __future__ import annotations

import sys
from platform import python_version
from typing import TYPE_CHECKING

import click
from flask.cli import FlaskGroup

from app.core.errors import N_
from app.web.command_language import begin_speaking, in_the_language_spoken

if TYPE_CHECKING:
    from flask import Flask


def main() -> None:
    """Run the command that was typed. `--app` may be given, and says nothing new."""
    begin_speaking(sys.argv[1:], None)
    group = FlaskGroup(name="flask", help=_HELP, create_app=_site, add_version_option=False, params=[_version_option])
    in_the_language_spoken(group).main(prog_name="flask")


_HELP = N_("Đúng Hạn: lệnh của máy chủ.\n\nMỗi lệnh có --help riêng.")


def _site() -> Flask:
    from wsgi import app  # made here and not before: --version needs no site

    return app


def _show_version(context: click.Context, _option: click.Parameter, asked: bool) -> None:
    if not asked or context.resilient_parsing:
        return
    from importlib.metadata import version as version_of

    from app.web.version import version

    click.echo(f"Đúng Hạn {version()} (Python {python_version()}, Flask {version_of('flask')})")
    context.exit()


_version_option = click.Option(
    ["--version"],
    help=N_("Phiên bản."),
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_show_version,
)
