"""Programs that tests need from the machine: where they are, and what becomes of a test without them."""

import os
import shutil
from pathlib import Path
from typing import NoReturn

import pytest

TOOLS = Path(__file__).resolve().parents[1] / ".venv" / "tools"
UNPACKED = [TOOLS / "usr" / folder for folder in ("bin", "sbin")]


def missing(what: str) -> NoReturn:
    """Skip the test that asked, saying what is missing; where CI=true nothing may be skipped, so fail it."""
    sentence = f"{what}; `.ci/system test` installs it"
    if os.environ.get("CI") == "true":
        pytest.fail(sentence, pytrace=False)
    pytest.skip(sentence)


def chromium_path() -> str:
    """Path of the browser: $CHROMIUM, or the first known name on PATH. Raises LookupError without one."""
    names = [os.environ.get("CHROMIUM", ""), "chromium", "chromium-browser", "google-chrome"]
    for name in filter(None, names):
        if path := shutil.which(name):
            return path
    raise LookupError("no Chromium on this machine")


def server_tool(name: str) -> str:
    """Path of a program that only checks the examples in docs/deploy: installed, or unpacked by `.ci/system deploy`.

    Raises LookupError without one.
    """
    folders = [*os.environ.get("PATH", "").split(os.pathsep), "/usr/sbin", *map(str, UNPACKED)]
    if path := shutil.which(name, path=os.pathsep.join(folders)):
        return path
    raise LookupError(f"no {name} on this machine")
