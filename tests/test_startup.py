"""A command loads what it needs and no more. Counted in modules: a clock says little on a busy machine."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from threading import Barrier, Thread

import pytest
from flask import Flask
from sqlalchemy.engine import make_url

from app import app_for_commands, create_app
from app.command_names import Named
from tests.benchmarks.measuring import ROOT

PAPERS_AND_PICTURES = ("fpdf", "fontTools", "docx", "openpyxl", "xlrd", "PIL", "pypdf", "segno", "filetype")
OTHER = ("holidays", "rapidfuzz", "durable", "alembic", "mako", "waitress", "smtplib", "multiprocessing.context")
HEAVY = {*PAPERS_AND_PICTURES, *OTHER, "concurrent.futures.process", "numpy", "lxml", "cryptography", "pygments"}

MOST_FOR_HELP, MOST_FOR_RULES = 560, 1_060
"""Modules of everybody's in the process, the interpreter's own included; 466 and 889 when this was written, some
2,400 for each before that. Another dependency of a dependency may add some; a spreadsheet library adds 180."""

RUN = """
import json, sys
from flask.cli import main
try:
    main()
finally:
    print(json.dumps(sorted(sys.modules)), file=sys.stderr)
"""


def flask(tmp_path: Path, *arguments: str, **environment: str) -> tuple[str, set[str]]:
    """What `flask --app wsgi …` prints, and the modules it has loaded, in a process of its own."""
    usual = {name: value for name, value in os.environ.items() if not name.startswith(("DUNG_HAN_", "FLASK_"))}
    done = subprocess.run(
        [sys.executable, "-c", RUN, "--app", "wsgi", *arguments],
        env=usual | {"DUNG_HAN_INSTANCE": str(tmp_path), "COLUMNS": "100"} | environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout, set(json.loads(done.stderr.splitlines()[-1]))


def test_help_lists_every_command_and_loads_none(tmp_path: Path) -> None:
    printed, loaded = flask(tmp_path, "--help")

    for name in ("attachments", "check", "db", "rules", "serve", "units"):
        assert f"\n  {name} " in printed
    assert sorted(HEAVY & loaded) == []
    assert not {"sqlalchemy", "flask_babel", "app.web.extensions", "app.organisation.models"} & loaded
    assert not [name for name in loaded if name.startswith("app.") and name.endswith("cli")]
    assert len(loaded) < MOST_FOR_HELP


def test_a_list_of_packs_loads_neither_pages_nor_what_files_need(app: Flask, tmp_path: Path) -> None:
    url = make_url(app.config["SQLALCHEMY_DATABASE_URI"]).render_as_string(hide_password=False)

    printed, loaded = flask(tmp_path, "rules", "list", "--format", "json", DATABASE_URL=url)

    assert len(json.loads(printed)) >= 4
    assert sorted(HEAVY & loaded) == []
    assert not [name for name in loaded if name.startswith("app.") and name.endswith((".views", "_views"))]
    assert len(loaded) < MOST_FOR_RULES


def test_a_site_that_was_bound_as_a_whole_has_loaded_nothing_for_files_either(tmp_path: Path) -> None:
    """What a web server waits for before the first answer."""
    _printed, loaded = flask(tmp_path, "routes")

    assert sorted(HEAVY & loaded) == []
    assert "app.cases.views" in loaded


@pytest.fixture
def begun(tmp_path: Path) -> Flask:
    """A site of which nothing is bound yet."""
    return app_for_commands(instance=tmp_path, secret_key="for tests only")


def test_the_first_words_of_help_are_those_of_the_command_itself(begun: Flask) -> None:
    named = {name: command for name, command in begun.cli.commands.items() if isinstance(command, Named)}

    assert len(named) >= 21
    for name, command in named.items():
        itself = command.loaded()
        assert (name, command.get_short_help_str(400)) == (itself.name, itself.get_short_help_str(400))


def test_completion_knows_commands_and_what_is_below_them(tmp_path: Path) -> None:
    def offered(words: str) -> list[str]:
        asked = {"_FLASK_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": str(words.count(" "))}
        script = "import sys; sys.argv = ['flask']; from flask.cli import main; main()"
        done = subprocess.run(
            [sys.executable, "-c", script],
            env=os.environ | asked | {"FLASK_APP": "wsgi", "DUNG_HAN_INSTANCE": str(tmp_path)},
            cwd=ROOT,
            capture_output=True,
            text=True,
        )
        return [line.partition(",")[2] for line in done.stdout.splitlines()]

    assert "rules" in offered("flask ru")
    assert {"list", "validate", "explain"} <= set(offered("flask rules "))


def test_whoever_asks_for_an_address_finds_them_all(begun: Flask, tmp_path: Path) -> None:
    whole = create_app(instance=tmp_path, secret_key="for tests only")

    assert {rule.rule for rule in begun.url_map.iter_rules()} == {rule.rule for rule in whole.url_map.iter_rules()}
    assert begun.before_request_funcs.keys() == whole.before_request_funcs.keys()


def test_the_first_requests_come_at_once_and_each_finds_the_whole_site(begun: Flask) -> None:
    together, answers = Barrier(4), []

    def ask() -> None:
        together.wait()
        answers.append(begun.test_client().get("/dang-nhap").status_code)

    threads = [Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert answers == [200] * 4
