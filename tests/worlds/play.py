"""Playing a world: happenings and checks in the order of their `when`, and what a check says against what it must."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from app.compliance.runs.output import report_json
from app.compliance.runs.service import run_check
from app.core.errors import DomainError
from app.web.extensions import db
from app.web.garbage import rare_garbage_collection
from tests.worlds.ground import Ground
from tests.worlds.reading import BadWorld, Place
from tests.worlds.stage import Stage
from tests.worlds.story import Check, Happening, World

UNCHARGED = ("kept", "pending")
"""How a thing stands of which nobody is accused: to a story that calls it absent, it is."""


@dataclass(frozen=True, slots=True)
class Difference:
    """What a check should have said of a rule and a unit, and what it said; or what the product refused."""

    place: Place
    period: str
    rule: str
    unit: str
    what: str
    expected: str
    found: str

    def __str__(self) -> str:
        cell = " ".join(filter(None, (self.period, self.rule, self.unit, self.what)))
        return f"{self.place}: {cell}: expected {self.expected}, found {self.found}"


def play(world: World, on: Ground, hear: Callable[[dict[str, Any]], None] | None = None) -> list[Difference]:
    """Play a world on a fresh database. Returns what is not as it must be; raises BadWorld. `hear` is told each check
    as `flask check run --format json` prints it."""
    with on.fresh(), rare_garbage_collection():
        stage = Stage(world)
        try:
            stage.set_up()
        except DomainError as error:
            raise stage.or_refused(error) from error
        _load_annexes(stage)
        found: list[Difference] = []
        steps: list[Happening | Check] = sorted([*world.happens, *world.checks], key=lambda step: step.when)
        for step in steps:
            stage.turn_to(step.when, step.at if isinstance(step, Happening) else None, step.place)
            if isinstance(step, Happening):
                found += _happen(stage, step, stumbled=bool(found))
            else:
                found += _look(stage, step, hear)
            db.session.rollback()
            db.session.expunge_all()
        return found


def _load_annexes(stage: Stage) -> None:
    """Annexes and the score table that the story speaks of are there from the beginning, unless it loads them."""
    from tests.worlds.scores import load_scores
    from tests.worlds.tasks import load_plan

    told = [(one.verb.name, one.said) for one in stage.world.happens]
    plans = [(said.plan or "bg-2024", said.do) for name, said in told if name == "task"]
    for plan in dict.fromkeys(plan for plan, _do in plans):
        if (plan, "load") not in plans:
            load_plan(stage, plan)
    if any(name in ("rank", "score", "criterion_lead") for name, _said in told):
        load_scores(stage)


def _happen(stage: Stage, step: Happening, *, stumbled: bool) -> Iterator[Difference]:
    """Play it. After something else was refused, what it needs may not be there: then that is told, too."""
    own_times = step.verb.name in ("receive", "news", "dialogue", "in_force", "review")
    try:
        for _ in range(1 if own_times else step.said.times or 1):
            step.verb.plays(stage, step.said)
    except BadWorld as error:
        if not stumbled:
            raise
        yield _told(step, "to be recorded", str(error))
    except DomainError as error:
        if not step.refused:
            yield _told(step, "to be recorded", f"refused: {error}")
    else:
        if step.refused:
            yield _told(step, "to be refused", "recorded")


def _told(step: Happening, expected: str, found: str) -> Difference:
    return Difference(step.place, f"{step.when:%Y-%m-%d %H:%M}", "", "", step.verb.name, expected, found)


def _look(stage: Stage, check: Check, hear: Callable[[dict[str, Any]], None] | None) -> list[Difference]:
    try:
        report = run_check(
            stage.inspector, check.period, pack_ids=check.packs, unit_codes=check.units and list(map(str, check.units))
        )
    except DomainError as error:
        return [Difference(check.place, check.period.key, "", "", "check", "to be run", f"refused: {error}")]
    told = json.loads(json.dumps(report_json(report), default=str))
    if hear is not None:
        hear(told)
    rows = {(row["rule"], row["unit"]): row for row in told["results"]}
    different: list[Difference] = []
    for rule, cells in check.expect.items():
        for unit, expected in cells.items():
            row = rows.get((rule, str(unit)))
            place = getattr(unit, "place", check.place)
            for what, wanted, found in _compared(expected, row, told["violations"]):
                different.append(Difference(place, check.period.key, rule, str(unit), what, wanted, found))
    return different


def _compared(
    expected: dict[str, Any], row: dict[str, Any] | None, violations: list[dict[str, Any]]
) -> Iterator[tuple[str, str, str]]:
    if row is None:
        yield "", " ".join(f"{name} {_shown(value)}" for name, value in expected.items()), "not judged"
        return
    for name, wanted in expected.items():
        if name == "status":
            found = "waived" if row.get("waiver") and row["status"] != "pass" else row["status"]
            if wanted != found:
                yield name, wanted, f"{found}{_figures(row)}"
        elif name == "subjects":
            yield from _compared_subjects(wanted, subjects_of(row, violations))
        elif name == "absent_subjects":
            known = subjects_of(row, violations)
            for subject in wanted:
                key = _subject(subject, known)
                if key is not None and known[key].get("status") not in UNCHARGED:
                    yield f"subject {subject}", "not there", _shown(known[key].get("status"))
        elif _shown(wanted) != _shown(row.get(name)):
            yield name, _shown(wanted), f"{_shown(row.get(name))}{_figures(row)}"


def _compared_subjects(
    expected: dict[str, dict[str, Any]], known: dict[str, dict[str, Any]]
) -> Iterator[tuple[str, str, str]]:
    for subject, cell in expected.items():
        key = _subject(subject, known)
        if key is None:
            shown = ", ".join(f"{name} {each.get('status')}" for name, each in known.items()) or "none"
            yield f"subject {subject}", _shown(cell.get("status", "there")), f"not there; there are: {shown}"
            continue
        for name, wanted in cell.items():
            found = known[key].get(name)
            if _shown(wanted) != _shown(found):
                yield f"subject {subject} {name}", _shown(wanted), _shown(found)


def subjects_of(row: dict[str, Any], violations: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The single things that a rule speaks of at a unit, each with its status, due day and since when it is owed."""
    told = row.get("subjects")
    if isinstance(told, dict):
        return told
    if isinstance(told, list):
        return {str(each.get("id", each.get("subject"))): each for each in told}
    return {
        each["subject"]: {"status": "fail", **each["figures"]}
        for each in violations
        if (each["rule"], each["unit"]) == (row["rule"], row["unit"]) and each["subject"]
    }


def _subject(wanted: str, known: dict[str, dict[str, Any]]) -> str | None:
    """The subject meant: as it is called, or by a part of its name (“bg-2024/III.B.2/LDVL” is III.B.2)."""
    for match in (
        lambda name: name == wanted,
        lambda name: name.lower() == wanted.lower(),
        lambda name: wanted in name.replace("/", ":").split(":"),
    ):
        if found := next((name for name in known if match(name)), None):
            return found
    return None


def _figures(row: dict[str, Any]) -> str:
    told = [name for name in ("numerator", "denominator", "unknown", "due") if row.get(name) is not None]
    return f" ({', '.join(f'{name} {row[name]}' for name in told)})" if told else ""


def _shown(value: Any) -> str:
    return "none" if value is None else str(value)
