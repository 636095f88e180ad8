"""Plays worlds: `python -m tests.worlds FILE…|FOLDER… [--database sqlite|postgresql]`.

Exit 0: every one is as it must be; 1: what was expected and what was found, cell by cell; 2: a world that cannot be
played as it is written, with the place and what is allowed there.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from tests.worlds.ground import ground
from tests.worlds.play import play, subjects_of
from tests.worlds.reading import BadWorld
from tests.worlds.story import World, read_world, world_files
from tests.worlds.table import printed

HERE = Path(__file__).parent


def main(arguments: Sequence[str] | None = None) -> int:
    """Run it; returns the exit code."""
    options = _options(arguments)
    worlds, bad = _read(_files(options.files))
    if options.table:
        print(printed(worlds))
        return 2 if bad else 0
    failed = 0
    if worlds:
        waiting = not_yet()
        with ground(options.database) as stage:
            for world in worlds:
                try:
                    different = play(world, stage, hear=_tell if options.show else None)
                except BadWorld as error:
                    bad.append(str(error))
                    continue
                why = waiting.get(Path(world.file).resolve())
                failed += bool(different) and why is None
                held = "ok" if why is None else "ok, take it off not_yet.txt"
                said = held if not different else "no" if why is None else f"not yet ({why})"
                print(f"{said}  {world.file}  {world.title}", flush=True)
                for each in different:
                    print(f"      {each}", flush=True)
    for sentence in bad:
        print(sentence, file=sys.stderr)
    print(f"{len(worlds)} worlds, {failed} not as they must be" + (f", {len(bad)} not playable" if bad else ""))
    return 2 if bad else 1 if failed else 0


def _tell(report: dict[str, Any]) -> None:
    """Every cell of a check of which there is something to say."""
    print(f"--- {report['period']} as of {report['as_of']}")
    for row in report["results"]:
        if row["status"] == "not_applicable":
            continue
        figures = {name: row.get(name) for name in ("numerator", "denominator", "unknown", "due") if row.get(name)}
        things = {name: each["status"] for name, each in subjects_of(row, report["violations"]).items()}
        print(f"    {row['rule']} {row['unit']}: {row['status']} {figures or ''} {things or ''}")


def not_yet() -> dict[Path, str]:
    """The worlds beside this that do not hold yet, and why: lines of not_yet.txt, path and reason."""
    lines = (HERE / "not_yet.txt").read_text("utf-8").splitlines()
    parted = (line.partition(":") for line in lines if line.strip() and not line.startswith("#"))
    return {(HERE / name.strip()).resolve(): why.strip() for name, _, why in parted}


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.worlds", description=__doc__)
    parser.add_argument("files", nargs="*", type=Path, default=[HERE], metavar="FILE|FOLDER")
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--show", action="store_true", help="every cell that checks speak of")
    parser.add_argument("--table", action="store_true", help="rules and outcomes, and how many worlds expect each")
    return parser.parse_args(arguments)


def _files(named: Iterable[Path]) -> list[Path]:
    found: list[Path] = []
    for path in named:
        if path.is_dir():
            found += world_files(path)
        else:
            found.append(path)
    return found


def _read(files: Iterable[Path]) -> tuple[list[World], list[str]]:
    worlds, bad = [], []
    for path in files:
        try:
            worlds.append(read_world(path))
        except BadWorld as error:
            bad.append(str(error))
    return worlds, bad


if __name__ == "__main__":
    sys.exit(main())
