"""A random world played on the product, and its verdicts held against the second opinion.

`python -m tests.worlds.comparing 1000 [--from 0]`: so many worlds, and each that is not agreed on.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Collection, Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

from tests.worlds.generator import as_yaml, story
from tests.worlds.ground import Ground, ground
from tests.worlds.play import play, subjects_of
from tests.worlds.reading import read_text
from tests.worlds.second_opinion import Cell, Check, Story, opinion
from tests.worlds.story import world_of

TOLD = ("missing", "returned", "late")


def disagreements(told: Story, on: Ground, but: Collection[str] = ()) -> list[str]:
    """Where the product and the second opinion differ, cell by cell; `but`: rules (or “rule unit”) left aside."""
    world = world_of(read_text(as_yaml(told, "A random world"), "random.yaml"))
    heard: list[dict[str, Any]] = []
    refused = play(world, on, hear=heard.append)
    found = [str(each) for each in refused]
    checks = sorted(told.checks, key=lambda check: check.when)
    for check, report in zip(checks, heard, strict=True):
        rows = {(row["rule"], row["unit"]): row for row in report["results"]}
        for (rule, unit), cell in opinion(told, check).items():
            if rule in but or f"{rule} {unit}" in but:
                continue
            for said in _compared(cell, rows.get((rule, unit)), report["violations"], told):
                found.append(f"{check.period} seen {check.when:%Y-%m-%d}: {rule} {unit}: {said}")
    return found


def rows(told: Story, months: list[str], on: Ground) -> list[list[dict[str, Any]]]:
    """What checks of these months say, run one after the other in September."""
    when = datetime(2024, 9, 4, 8)  # noqa: DTZ001  the story's own
    asked = replace(told, checks=[Check(when, month) for month in months])
    heard: list[dict[str, Any]] = []
    play(world_of(read_text(as_yaml(asked, "A random world"), "random.yaml")), on, hear=heard.append)
    return [report["results"] for report in heard]


def _compared(cell: Cell, row: dict[str, Any] | None, violations: list[Any], told: Story) -> Iterator[str]:
    if row is None:
        yield "not judged"
        return
    if cell.denominator is not None:
        figures = (row["numerator"] or 0, row["denominator"] or 0)
        if figures != (cell.numerator, cell.denominator):
            yield f"the product says {figures[0]}/{figures[1]}, on paper it is {cell.numerator}/{cell.denominator}"
    if cell.things is None:
        return
    unsure = _unsure(told)
    shown = {
        name: (each["status"], each.get("since"))
        for name, each in subjects_of(row, violations).items()
        if each["status"] in TOLD and name not in unsure
    }
    on_paper = {
        name: (status, since and since.isoformat())
        for name, (status, since) in cell.things.items()
        if name not in unsure
    }
    if shown != on_paper:
        yield f"the product says {shown}, on paper it is {on_paper}"
    elif not unsure and (row["status"] == "fail") != cell.fails:
        yield f"the product says {row['status']}, on paper it {'fails' if cell.fails else 'does not fail'}"


def _unsure(told: Story) -> set[str]:
    """Cases that broke more than one promise: what is owed for the second is not for this opinion to say."""
    return {case.name for case in told.cases if case.breaks_several()}


def main() -> int:
    """Run it; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.worlds.comparing", description=__doc__)
    parser.add_argument("worlds", type=int)
    parser.add_argument("--from", type=int, default=0, dest="first", metavar="SEED")
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    options = parser.parse_args()
    differing = 0
    with ground(options.database) as on:
        for seed in range(options.first, options.first + options.worlds):
            told = story(seed)
            if found := disagreements(told, on):
                differing += 1
                print(f"World {seed}:", *found, as_yaml(told, f"World {seed}"), sep="\n", flush=True)
    print(f"{options.worlds} worlds, {differing} not agreed on")
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
