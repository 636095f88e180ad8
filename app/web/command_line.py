"""The `flask` command of an installation: it finds its site from any folder, and knows its version."""

from __future__ import annotations

import gettext
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from platform import python_version
from typing import IO, TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import click
from flask.cli import FlaskGroup

from app.core.errors import CATALOGUES, LANGUAGES, N_, in_language

if TYPE_CHECKING:
    from flask import Flask


_spoken: ContextVar[str | None] = ContextVar("spoken", default=None)
_ASKED = "app.language"
_WORDS = ("help", "short_help", "epilog", "metavar")
_written: WeakKeyDictionary[Any, Mapping[str, str]] = WeakKeyDictionary()


def commanded() -> str | None:
    """The language of the command that runs; None where none does, as in what answers requests."""
    return _spoken.get()


def of_the_terminal(environment: Mapping[str, str] | None = None) -> str:
    """By LC_ALL, LC_MESSAGES, LANG, the first that is set: English for en_…, else Vietnamese."""
    known = os.environ if environment is None else environment
    locale = next(filter(None, (known.get(name) for name in ("LC_ALL", "LC_MESSAGES", "LANG"))), "")
    return "en" if locale.lower().startswith("en") else "vi"


def asked_for(arguments: Sequence[str]) -> str | None:
    """What `--lang` says among the words of a command, wherever it stands; None if it says nothing known. Read ahead
    of click, which prints a help before it comes to an option behind it."""
    for at, word in enumerate(arguments):
        name, equals, value = word.partition("=")
        if word == "--":
            break
        if name == "--lang":
            value = value if equals else next(iter(arguments[at + 1 :]), "")
            return value if value in LANGUAGES else None
    return None


def begin_speaking(arguments: Sequence[str], above: click.Context | None) -> None:
    """Choose the language for the command of these words; to be given back by `end_speaking`."""
    click_speaks()
    before = above.find_root().meta.get(_ASKED) if above is not None else None
    _speak(asked_for(arguments) or before or of_the_terminal())


def click_speaks() -> None:
    """Click's own words, in the language of the command: it marks them for gettext, which would ask the environment
    alone. Each of its modules has the two functions by name."""
    ours = {"_": (gettext.gettext, _of_click), "ngettext": (gettext.ngettext, _counted_of_click)}
    for name in [name for name in sys.modules if name.partition(".")[0] == "click"]:
        for bound, (theirs, mine) in ours.items():
            if getattr(sys.modules[name], bound, None) is theirs:
                setattr(sys.modules[name], bound, mine)


def _of_click(message: str) -> str:
    return _foreign(commanded() or of_the_terminal()).gettext(message)


def _counted_of_click(message: str, several: str, n: int) -> str:
    return _foreign(commanded() or of_the_terminal()).ngettext(message, several, n)


@cache
def _foreign(language: str) -> gettext.NullTranslations:
    """What click, Flask and Flask-Migrate say, whose own language is English."""
    return gettext.translation("commands", CATALOGUES, [language], fallback=True)


def _help_in(language: str, text: str) -> str:
    """A help of this house's, written in Vietnamese, or of a library's, in whose docstring lines are broken."""
    if (said := in_language(language, text)) != text:
        return said
    unbroken = " ".join(text.split())
    said = _foreign(language).gettext(unbroken)
    return text if said == unbroken else said


def keeps_its_language(error: click.ClickException) -> None:
    """An error is shown when its command has ended, and speaks as the command did."""
    language, show = commanded(), error.show
    if language is None:
        return

    def shown(file: IO[Any] | None = None) -> None:
        with speaking(language):
            show(file)

    error.show = shown  # type: ignore[method-assign]


def end_speaking() -> None:
    """What comes after the command speaks Vietnamese, or for itself."""
    _speak(None)


def _speak(language: str | None) -> None:
    _spoken.set(language)
    from flask import has_app_context

    if has_app_context():
        from flask_babel import refresh

        refresh()


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """Speak a language within the block."""
    token = _spoken.set(language)
    try:
        yield
    finally:
        _spoken.reset(token)


def translated(message: str, /, **params: object) -> str:
    """A sentence in the language of the command, or of the terminal where none runs yet."""
    return in_language(commanded() or of_the_terminal(), message, **params)


def language_option() -> click.Option:
    """`--lang`, which every command has."""
    return click.Option(
        ["--lang"],
        type=click.Choice(LANGUAGES),
        expose_value=False,
        is_eager=True,
        callback=_remember,
        help=N_("Ngôn ngữ của lệnh; nếu không nêu thì theo máy (LANG), mặc định là tiếng Việt."),
    )


def _remember(context: click.Context, _option: click.Parameter, value: str | None) -> None:
    if value is not None:
        context.find_root().meta[_ASKED] = value


def in_the_language_spoken(command: click.Command) -> click.Command:
    """The command and all below it, with the option `--lang` and their help in the language spoken now."""
    if not any("--lang" in param.opts for param in command.params):
        command.params.append(language_option())
    for each in (command, *command.params):
        words = _written.setdefault(each, {name: text for name in _WORDS if (text := getattr(each, name, None))})
        for name, text in words.items():
            setattr(each, name, _help_in(commanded() or of_the_terminal(), text))
    for below in getattr(command, "commands", {}).values():
        in_the_language_spoken(below)
    return command


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

    from app.web.settings import version

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
