"""Rules and outcomes: how many worlds expect each status of each rule, and why the empty cells are empty.

`python -m tests.worlds --table` prints it. `cannot.yaml` says of the outcomes that a rule cannot have, why not.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from tests.worlds.story import ROOT, World, known_rules

STATUSES = ("pass", "fail", "not_applicable", "no_data", "pending", "remark")
HERE = Path(__file__).parent
SHORT = {"not_applicable": "n/a"}


def outcomes(worlds: Iterable[World]) -> Counter[tuple[str, str]]:
    """How many worlds expect a rule to have a status, at whatever unit."""
    found: Counter[tuple[str, str]] = Counter()
    for world in worlds:
        cells = {
            (rule, cell["status"])
            for check in world.checks
            for rule, units in check.expect.items()
            for cell in units.values()
            if "status" in cell
        }
        found.update(cells)
    return found


def mentioned(worlds: Iterable[World]) -> set[str]:
    """The rules of which some world expects something."""
    return {rule for world in worlds for check in world.checks for rule in check.expect}


@cache
def reasons() -> dict[tuple[str, str], str]:
    """Why a rule cannot have a status, by rule and status; told of whole forms of rules, or of single rules."""
    told = yaml.safe_load((HERE / "cannot.yaml").read_text("utf-8"))
    found: dict[tuple[str, str], str] = {}
    for rule, form in forms().items():
        of_form = {status: why for status, why in told["forms"][form].items() if not told_otherwise(rule, status)}
        for status, why in {**of_form, **told["rules"].get(rule, {})}.items():
            if why is not None:  # None: it can happen although rules of this form usually cannot
                found[rule, status] = " ".join(why.split())
    return found


def told_otherwise(rule: str, status: str) -> bool:
    """The rule itself says when it waits, has no data, or is a remark."""
    said = _rules()[rule]
    of_share: Any = said.get("rate") or {}
    return (
        f"{status}_when" in said
        or said.get("finding") == status
        or (status == "no_data" and ("expects" in of_share or "unknown" in of_share))
        or (status == "pending" and "by" in of_share)
    )


@cache
def forms() -> dict[str, str]:
    """The form of each rule, as far as its outcomes go."""
    return {name: _form(rule) for name, rule in _rules().items()}


@cache
def _rules() -> dict[str, dict[str, object]]:
    return {
        rule["id"]: rule
        for path in sorted((ROOT / "rules").glob("*/rules.yaml"))
        for rule in yaml.load(path.read_text("utf-8"), getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    }


def _form(rule: dict[str, object]) -> str:
    for form in ("escalates", "requires", "clock", "count", "rate"):
        if form in rule:
            return form
    return "fails_when"


def printed(worlds: Iterable[World]) -> str:
    """The table, and below it why its empty cells are empty."""
    counted = outcomes(worlds)
    width = max(map(len, known_rules()))
    lines = [" " * width + "".join(f"{SHORT.get(status, status):>9}" for status in STATUSES)]
    open_cells = []
    for rule in known_rules():
        cells = []
        for status in STATUSES:
            number, why = counted[rule, status], reasons().get((rule, status))
            cells.append(f"{number or ('·' if why else '–'):>9}")
            if not number and not why:
                open_cells.append(f"{rule} {status}")
        lines.append(f"{rule:<{width}}" + "".join(cells))
    lines.append(f"·: cannot happen, see cannot.yaml; –: no world yet ({len(open_cells)})")
    if told := {(rule, status) for (rule, status) in reasons() if counted[rule, status]}:
        lines.append(
            "happens although it is said that it cannot: " + ", ".join(" ".join(cell) for cell in sorted(told))
        )
    return "\n".join(lines)


def gaps(worlds: Iterable[World]) -> list[str]:
    """Cells without a world and without a reason, as “rule status”."""
    counted = outcomes(worlds)
    return [
        f"{rule} {status}"
        for rule in known_rules()
        for status in STATUSES
        if not counted[rule, status] and (rule, status) not in reasons()
    ]
