"""The version of the software: written once, in pyproject.toml, which every installation has beside its code."""

from __future__ import annotations

import tomllib
from functools import cache

from app.web.settings import ROOT


@cache
def version() -> str:
    """For example "0.2.0"."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return str(project["version"])
