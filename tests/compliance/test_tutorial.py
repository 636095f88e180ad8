"""The tutorial is run: its files are written, its commands give what it says."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

import pytest
from flask import Flask

from app.compliance.models import CheckRun
from app.rulepacks.reference import REFERENCE, ROOT, reference
from app.web.extensions import db
from tests.compliance.month import Month

TUTORIAL = (ROOT / "docs" / "tutorial-new-plan.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```(\w+)(?: (>> )?(\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.fixture
def elsewhere(app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the rules beside which the tutorial's reader stands."""
    shutil.copytree(ROOT / "rules", tmp_path / "rules")
    monkeypatch.chdir(tmp_path)
    settings = app.config["SETTINGS"].model_copy(update={"rules": tmp_path / "rules"})
    monkeypatch.setitem(app.config, "SETTINGS", settings)
    return tmp_path


def write(block: str, added: str, name: str, root: Path) -> None:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a" if added else "w", encoding="utf-8") as file:
        file.write(block)


def test_the_tutorials_files_and_commands_do_what_it_says(app: Flask, month: Month, elsewhere: Path) -> None:
    printed, commands = "", 0
    for kind, added, name, block in BLOCK.findall(TUTORIAL):
        if kind == "sh":
            printed = ""
            for line in block.splitlines():
                words = shlex.split(line)
                assert words[0] == "flask"
                if words[1:3] == ["check", "verify"]:
                    words[3] = str(db.session.query(CheckRun).one().id)
                result = app.test_cli_runner().invoke(args=words[1:])
                assert result.exit_code == 0, f"{line}: {result.stderr}"
                printed, commands = printed + result.stdout, commands + 1
        elif kind == "output":
            for line in block.splitlines():
                assert line in printed, f"not printed: {line}"
        else:
            write(block, added, name, elsewhere)
    assert commands == 8
    assert len(list((elsewhere / "rules" / "binh-an-2024").iterdir())) == 4


def test_a_slip_in_the_tutorials_pack_would_be_told(app: Flask, month: Month, elsewhere: Path) -> None:
    for kind, added, name, block in BLOCK.findall(TUTORIAL):
        if kind not in ("sh", "output"):
            write(block.replace("longest_delay}", "longest_dely}"), added, name, elsewhere)
    result = app.test_cli_runner().invoke(args=["rules", "validate", "rules/binh-an-2024"])
    assert result.exit_code == 2
    assert "binh-an-2024/rules.yaml, dòng " in result.stderr
    assert "không có tham số “longest_dely” trong parameters.yaml." in result.stderr


def test_the_reference_is_that_of_the_language() -> None:
    assert REFERENCE.read_text(encoding="utf-8") == reference()


def test_the_reference_has_every_word_of_a_rule() -> None:
    text = reference()
    for word in ("applies_when", "pending_when", "escalates", "counted_in", "same_as", "done_on", "day_kind"):
        assert f"`{word}`" in text


def test_the_reference_and_the_kinds_of_facts_are_printed(app: Flask, month: Month) -> None:
    runner = app.test_cli_runner()
    assert runner.invoke(args=["rules", "reference"]).stdout == reference()
    kinds = runner.invoke(args=["rules", "kinds"]).stdout
    assert "case_overdue [case]" in kinds
    assert "earlier_failure [rule]" in kinds
    assert runner.invoke(args=["rules", "kinds", "nothing"]).exit_code == 2
