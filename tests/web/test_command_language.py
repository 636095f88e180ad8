"""Commands speak the language asked for: by `--lang`, by the terminal's LANG, and else Vietnamese."""

from __future__ import annotations

import gettext
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
from babel.messages.extract import extract
from flask import Flask

from app import app_for_commands
from app.command_names import WITHOUT_PAGES, Named
from app.core.errors import CATALOGUES, in_language
from app.core.periods import Period
from app.organisation.commands import COMMAND
from app.web.command_line import asked_for, commanded, in_the_language_spoken, of_the_terminal, speaking
from app.web.formats import counted, in_words
from tests.benchmarks.measuring import ROOT

VIETNAMESE = re.compile(r"[à-ỹÀ-Ỹđ]")


@pytest.mark.parametrize(
    ("arguments", "language"),
    [
        (["check", "run", "--lang", "en"], "en"),
        (["--lang=vi", "check"], "vi"),
        (["run", "--help", "--lang", "en"], "en"),
        (["run", "--lang", "fr"], None),
        (["run", "--lang"], None),
        (["run", "--", "--lang", "en"], None),
        ([], None),
    ],
)
def test_the_language_asked_for_is_read_wherever_it_stands(arguments: list[str], language: str | None) -> None:
    assert asked_for(arguments) == language


@pytest.mark.parametrize(
    ("environment", "language"),
    [
        ({"LANG": "en_US.UTF-8"}, "en"),
        ({"LANG": "vi_VN.UTF-8"}, "vi"),
        ({"LANG": "C.UTF-8"}, "vi"),
        ({}, "vi"),
        ({"LC_ALL": "vi_VN.UTF-8", "LANG": "en_US.UTF-8"}, "vi"),
        ({"LC_ALL": "", "LC_MESSAGES": "en_GB", "LANG": "vi_VN"}, "en"),
    ],
)
def test_a_terminal_speaks_english_where_it_is_set_to(environment: dict[str, str], language: str) -> None:
    assert of_the_terminal(environment) == language


def test_a_table_a_refusal_and_a_message_are_told_in_the_language_asked_for(app: Flask, session: Any) -> None:
    runner = app.test_cli_runner()

    def told(*arguments: str, **environment: str) -> tuple[int, str, str]:
        done = runner.invoke(args=[*arguments], env={"LC_ALL": "", "LC_MESSAGES": "", "LANG": "", **environment})
        return done.exit_code, done.stdout, done.stderr

    assert told("units", "list")[1].splitlines()[0].split("  ")[0] == "Mã"
    assert told("units", "list", "--lang", "en")[1].splitlines()[0].split("  ")[0] == "Code"
    assert told("units", "list", LANG="en_US.UTF-8")[1].startswith("Code ")
    assert told("units", "list", "--lang", "vi", LANG="en_US.UTF-8")[1].startswith("Mã ")

    assert told("rules", "explain", "khong-co")[2] == "Không có quy tắc “khong-co”; xem flask rules list.\n"
    assert told("rules", "explain", "no-such", "--lang", "en") == (
        2,
        "",
        "There is no rule “no-such”; see flask rules list.\n",
    )
    assert told("people", "password", "nobody", "--password-stdin", "--lang", "en")[::2] == (
        2,
        "There is no person nobody.\n",
    )
    assert told("procedures", "list", "--lang", "en")[2] == "0 procedures\n"
    assert told("procedures", "list", "--unit", "X1", LANG="en_GB.UTF-8")[2] == "--unit: there is no unit “X1”.\n"
    assert told("cases", "verify", LANG="en_US.UTF-8")[1] == "Cases compared with their events: 0; differences: 0.\n"
    assert told("plans", "--lang", "en", "tasks")[1].split()[:4] == ["Plan", "Number", "Unit", "Deadline"]
    assert told("units", "list", "--lang", "fr")[0] == 2

    assert commanded() is None
    assert COMMAND.name == "Lệnh trên máy chủ"  # what is recorded is the same, whoever's terminal it was


def test_a_count_takes_the_form_of_its_number_and_the_figures_of_its_language(app: Flask) -> None:
    def days(language: str, n: int) -> str:
        with app.app_context(), speaking(language):
            return counted("%(n)s thủ tục", n)

    assert [days("en", n) for n in (0, 1, 2, 12_345)] == [
        *("0 procedures", "1 procedure", "2 procedures"),
        "12,345 procedures",
    ]
    assert [days("vi", n) for n in (1, 12_345)] == ["1 thủ tục", "12.345 thủ tục"]
    assert in_language("en", "%(n)s thủ tục", n=1) == "1 procedure"
    with app.app_context(), speaking("en"):
        assert in_words(Period.parse("2024-06")) == "June 2024"


def commands_of(app: Flask) -> Iterator[tuple[str, click.Command]]:
    """Every command of the site with its whole name."""

    def below(name: str, command: click.Command) -> Iterator[tuple[str, click.Command]]:
        yield name, command
        for each in getattr(command, "commands", {}).values():
            yield from below(f"{name} {each.name}", each)

    for named in app.cli.commands.values():
        if isinstance(named, Named) and named.name != "db":  # what is below it is Flask-Migrate's
            yield from below(str(named.name), named.loaded())


def test_the_help_of_every_command_is_there_in_both_languages(tmp_path: Path) -> None:
    site, wrong = app_for_commands(instance=tmp_path, secret_key="for tests only"), []
    commands = list(commands_of(site))
    assert len(commands) > 80
    for name, command in commands:
        texts = {}
        for language in ("en", "vi"):
            with speaking(language):
                in_the_language_spoken(command)
            options = [param.help for param in command.params if isinstance(param, click.Option) and param.help]
            texts[language] = [command.help or "", *options]
        plain = [text.replace("đồng", "").replace("Đúng Hạn", "") for text in texts["en"]]
        if not command.help or any(map(VIETNAMESE.search, plain)) or not VIETNAMESE.search(texts["vi"][0]):
            wrong.append((name, texts))
        assert any("--lang" in param.opts for param in command.params), name
    assert wrong == []


def flask(*arguments: str, tmp_path: Path, **environment: str) -> str:
    """What the `flask` of an installation prints, in a process of its own."""
    usual = {name: value for name, value in os.environ.items() if not name.startswith(("DUNG_HAN_", "FLASK_", "LC_"))}
    done = subprocess.run(
        [sys.executable, "-c", "from app.web.command_line import main; main()", *arguments],
        env=usual | {"DUNG_HAN_INSTANCE": str(tmp_path), "COLUMNS": "100"} | environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_list_of_commands_speaks_too(tmp_path: Path) -> None:
    english = flask("--lang", "en", "--help", tmp_path=tmp_path, LANG="vi_VN.UTF-8")
    assert "The site's working calendar." in english and "Each command has a --help of its own." in english
    vietnamese = flask("--help", tmp_path=tmp_path, LANG="C.UTF-8")
    assert "Lịch làm việc." in vietnamese and "Mỗi lệnh có --help riêng." in vietnamese

    below = flask("--lang", "en", "check", "run", "--help", tmp_path=tmp_path, LANG="C.UTF-8")
    assert "Check a period." in below and "Only this unit" in below


FOR_PROGRAMMERS = {
    "Boolean option {decl!r} cannot use the same flag for true/false.",
    "Could not determine name for option with declarations {decls!r}",
    "Arguments take exactly one parameter declaration, got {length}: {decls}.",
    "Name '{name}' defined twice",
    "No options defined but a name was passed ({name}). Did you mean to declare an argument instead? Did you mean to "
    "pass '--{name}'?",
    "Invalid start character for option ({option})",
    "Unknown color {colour!r}",
    "Unknown standard stream '{name}'",
    "Choice({choices})",
    "{editor}: Editing failed",
    "{editor}: Editing failed: {e}",
    "d",
    "Windows error: {error}",
    "Shell completion is not supported for Bash versions older than 4.4.",
    "Couldn't detect Bash version, shell completion is not supported.",
}
"""What click says to whoever declares a command, opens an editor, shows a bar of days or is on another machine."""


def test_what_click_says_to_whoever_types_has_its_vietnamese() -> None:
    known = gettext.translation("commands", CATALOGUES, ["vi"])
    marked = {
        found[1]
        for path in sorted(Path(click.__file__).parent.glob("*.py"))
        for found in extract("python", path.open("rb"), keywords={"_": None, "ngettext": (1, 2)})
    }
    sentences = [message if isinstance(message, tuple) else (message, message) for message in marked]
    assert len(sentences) > 60
    untold = {
        one
        for one, several in sentences
        if one not in FOR_PROGRAMMERS and known.ngettext(one, several, 2) == several and known.gettext(one) == one
    }
    assert untold == set()
    for one, several in sentences:
        for said in (known.gettext(one), known.ngettext(one, several, 2)):
            assert set(re.findall(r"\{(\w+)", said)) <= set(re.findall(r"\{(\w+)", one + several)), said


@pytest.mark.parametrize(
    ("arguments", "vietnamese", "english"),
    [
        (["rules", "adopt"], "Lỗi: Thiếu tham số 'PACK'.", "Error: Missing argument 'PACK'."),
        (["rules", "lst"], "Không có lệnh 'lst'. Có phải ý là 'list'?", "No such command 'lst'. Did you mean 'list'?"),
        (["rules", "list", "--format", "xml"], "'xml' không thuộc 'text', 'json'.", "'xml' is not one of"),
        (["serve", "--port", "99999"], "99999 không nằm trong khoảng", "99999 is not in the range"),
        (["rules", "list", "thừa"], "Thừa tham số (thừa)", "Got unexpected extra argument (thừa)"),
        (["rules", "adopt", "--help"], "[bắt buộc]", "[required]"),
    ],
)
def test_what_click_says_is_in_the_language_asked_for(
    app: Flask, arguments: list[str], vietnamese: str, english: str
) -> None:
    for language, said in (("vi", vietnamese), ("en", english), ("vi", vietnamese)):
        done = app.test_cli_runner().invoke(args=[*arguments, "--lang", language])
        assert said in done.output


def test_a_library_s_help_keeps_its_lines_where_nobody_translated_it() -> None:
    command = click.Command("thử", help="One line\n\nand another.")
    with speaking("vi"):
        in_the_language_spoken(command)
    assert command.help == "One line\n\nand another."


def test_the_commands_of_libraries_are_listed_in_the_language_asked_for() -> None:
    from flask.cli import routes_command

    db: Any = WITHOUT_PAGES["db"][1]()
    for language, upgrade, routes in (
        ("vi", "Nâng cơ sở dữ liệu lên phiên bản sau.", "Liệt kê các địa chỉ của trang web."),
        ("en", "Upgrade to a later version", "Show the routes for the app."),
    ):
        with speaking(language):
            in_the_language_spoken(db)
            in_the_language_spoken(routes_command)
        assert db.commands["upgrade"].help == upgrade
        assert routes_command.short_help == routes
    with speaking("vi"):
        in_the_language_spoken(db)
    assert all(VIETNAMESE.search(each.help or "") for each in db.commands.values())


def _all_below(command: click.Command) -> Iterator[click.Command]:
    yield command
    for below in getattr(command, "commands", {}).values():
        yield from _all_below(below)


def test_what_options_are_for_is_told_in_the_language_asked_for(tmp_path: Path) -> None:
    """Helps that are values alone, as 2024-Q2, are the same in both; what writes migrations speaks to programmers."""
    site, told = app_for_commands(instance=tmp_path, secret_key="for tests only"), {"vi": 0, "en": 0}
    wrong = set()
    for name, named in site.cli.commands.items():
        if not isinstance(named, Named) or name == "db":
            continue
        command = named.loaded()
        for language in ("en", "vi"):
            with speaking(language):
                in_the_language_spoken(command)
            for each in _all_below(command):
                helps = [each.help or "", *(getattr(param, "help", None) or "" for param in each.params)]
                for said in filter(re.compile(r"[^\W\d_]{4}").search, helps):
                    told[language] += 1
                    values = re.fullmatch(r"[\w, -]+", said) and "last-month" in said
                    if not values and bool(VIETNAMESE.search(said.replace("đồng", ""))) != (language == "vi"):
                        wrong.add((name, said))
    assert wrong == set()
    assert min(told.values()) > 150
