"""What a command says of what went wrong: one sentence on standard error and exit code 2, never a traceback.

It is there before the site is, and loads little: also the settings, or the folder of the data, may be at fault.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click
from flask import has_app_context

from app.core.errors import N_, DomainError, N_n
from app.web.command_line import keeps_its_language, translated
from app.web.private_files import UMASK, keep_private
from app.web.settings import BadSettings, Settings


class BadInput(click.ClickException):
    """What was asked cannot be done: one clear line on standard error, exit code 2."""

    exit_code = 2

    def show(self, file: Any = None) -> None:
        click.echo(self.message, err=True)


def note(message: str) -> None:
    """A message for the person, on standard error: standard output is for results."""
    click.echo(message, err=True)


def in_sentences(command: click.Command) -> click.Command:
    """The command and those below it, of which whoever typed them reads a sentence and no traceback, whatever the fault
    is: told by the command itself, while its language and its site are there."""
    for below in getattr(command, "commands", {}).values():
        in_sentences(below)
    invoke = command.invoke
    if getattr(invoke, "tells", False):
        return command

    def told(ctx: click.Context) -> Any:
        with faults_told():
            return invoke(ctx)

    told.tells = True  # type: ignore[attr-defined]
    command.invoke = told  # type: ignore[method-assign]
    return command


@contextmanager
def faults_told() -> Iterator[None]:
    """What breaks under the site, and what it refuses, becomes BadInput with its sentence."""
    try:
        yield
    except click.ClickException as error:
        keeps_its_language(error)
        raise
    except (click.exceptions.Exit, click.Abort, BrokenPipeError):
        raise
    except Exception as error:
        if said := fault_said(error):
            raise BadInput(said) from error
        raise


@contextmanager
def faults_told_at_start() -> Iterator[None]:
    """The same while the application is made: SystemExit, because Flask would print any other error's traceback."""
    os.umask(UMASK)
    try:
        yield
    except Exception as error:
        if said := fault_said(error):
            note(said)
            raise SystemExit(BadInput.exit_code) from error
        raise


def tell_narrowed(settings: Settings) -> None:
    """Take what others could read of the instance away from them, and say so when there was something."""
    done = keep_private(settings.instance, settings.sqlalchemy_url)
    if done.count:
        note(
            translated(
                N_n("Đã thu hẹp quyền của %(n)s tệp và thư mục trong %(folder)s: từ nay chỉ chủ sở hữu đọc được."),
                n=done.count,
                folder=settings.instance,
            )
        )
    for error in done.failed[:3]:
        note(
            translated(
                N_("Không thu hẹp được quyền của %(path)s (%(why)s): người khác trên máy có thể đọc được."),
                path=error.filename,
                why=error.strerror,
            )
        )


def fault_said(error: Exception) -> str | None:
    """The sentence for a refusal or for what broke under the site; None for a fault of the site itself."""
    if isinstance(error, DomainError):
        return _sentence(error)
    if isinstance(error, BadSettings):
        return str(error)
    from app.web.outages import SENTENCES, outage_of

    if outage := outage_of(error):
        return translated(SENTENCES[outage])
    if isinstance(error, OSError) and error.errno:
        why = translated(_OF_FILES[error.errno]) if error.errno in _OF_FILES else error.strerror
        return f"{error.filename}: {why}" if error.filename else str(why)
    if isinstance(error, OverflowError) or getattr(getattr(error, "orig", None), "sqlstate", "") == _TOO_GREAT:
        return translated(N_("Có số quá lớn; hãy xem lại số đã ghi trong lệnh."))
    if isinstance(error, UnicodeDecodeError):
        return translated(N_("Không đọc được tệp: nội dung không phải chữ mã UTF-8."))
    return None


_TOO_GREAT = "22003"  # what PostgreSQL calls a number that no column holds

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


def _sentence(error: DomainError) -> str:
    if not has_app_context():
        return "\n".join(map(_sentence, error.parts)) or translated(error.message, **error.params)
    from app.web.formats import sentence

    return sentence(error)
