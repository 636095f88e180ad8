"""Writes docs/licences.md: what the site is built on, and under which licence each part comes.

    python -m tests.licences

Licences are what each package says of itself; where it only says so in a classifier, that is taken.
"""

from __future__ import annotations

import re
import sys
from importlib.metadata import Distribution, distribution
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "licences.md"
LOCK = ROOT / ".locks" / "run.txt"
APPROVED = "License :: OSI Approved :: "
VENDORED = ROOT / "static" / "vendor" / "README.md"

HEAD = """# Licences
Đúng Hạn itself is under the Apache License 2.0 ([LICENSE](../LICENSE)).
What it is built on, as each part says of itself (`make docs` writes this page):

## Kept in this repository
The licence of each lies beside it in `static/vendor/`.

{vendored}

## Python packages that running needs
Fetched by `make setup` in the versions of `.locks/run.txt`, not copied here.

| package | licence |
| --- | --- |
{packages}
"""


def locked() -> list[str]:
    """Names of the packages that running needs, in order."""
    return re.findall(r"^([A-Za-z0-9._-]+)==", LOCK.read_text(), flags=re.MULTILINE)


def licence_of(package: Distribution) -> str:
    """Its licence expression, else the field of old, else its classifiers. Raises ValueError where it names none."""
    said = package.metadata
    stated = (said.get("License-Expression") or "").strip()
    field = (said.get("License") or "").strip().splitlines()
    classified = [
        text.split(" :: ")[-1]
        for text in said.get_all("Classifier") or []
        if text.startswith("License :: OSI Approved ::")
    ]
    if found := stated or ", ".join(classified) or (field[0] if field else ""):
        return found
    raise ValueError(f"{said['Name']} names no licence")


def page() -> str:
    """The page as it should be, of what is installed here; a package for another Python keeps the line it has."""
    vendored = "\n".join(line for line in VENDORED.read_text(encoding="utf-8").splitlines() if line.startswith("|"))
    rows = (
        dict(re.findall(r"^\| ([a-z0-9-]+) \| (.*) \|$", PAGE.read_text(encoding="utf-8"), re.M))
        if PAGE.exists()
        else {}
    )
    for name in locked():
        try:
            rows[name] = licence_of(distribution(name))
        except ModuleNotFoundError:
            if name not in rows:
                raise
    packages = "\n".join(f"| {name} | {rows[name]} |" for name in locked())
    return HEAD.format(vendored=vendored, packages=packages)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    sys.stdout.write(f"{PAGE.relative_to(ROOT)}\n")
