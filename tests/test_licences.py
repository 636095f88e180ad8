"""Whoever takes the software over knows under which licences it and its parts come."""

from __future__ import annotations

import re
from pathlib import Path

from tests.licences import PAGE, ROOT, locked, page


def test_the_page_of_licences_names_every_package_and_says_what_each_says() -> None:
    assert len(locked()) > 30
    assert PAGE.read_text(encoding="utf-8") == page(), "run `make docs`"


def test_what_is_kept_here_has_its_licence_beside_it() -> None:
    folders = {path.name for path in (ROOT / "static/vendor").iterdir() if path.is_dir()}
    assert {name for name in folders if (ROOT / "static/vendor" / name / "LICENSE").is_file()} == folders
    table = (ROOT / "static/vendor/README.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| `([a-z-]+)/`", table, re.M)) == folders


def test_the_licence_is_the_one_that_the_project_names() -> None:
    assert 'license = "Apache-2.0"' in (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    text = Path(ROOT / "LICENSE").read_text(encoding="utf-8")
    assert "Apache License" in text and "Version 2.0, January 2004" in text
