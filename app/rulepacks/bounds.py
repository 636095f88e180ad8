"""How much a pack may hold: what it costs to read, to compile and to test is counted here, before any of it is done."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from app.core.errors import N_
from app.core.problems import Problem
from app.core.yaml_files import Location, YamlSource, field_name

MOST: Mapping[str, int] = {"rules.yaml": 300, "parameters.yaml": 300, "tests.yaml": 500}
"""Rules, parameters, tests of a pack."""
MOST_INSIDE = 200
"""Entries of any list or mapping inside one of them: facts of a test, dated values, summands, parts of a condition."""
MOST_VALUES = 1_000
"""Dated values of all parameters together: each can be the same as another's, so a page follows each."""
MOST_JUDGED = 20_000
"""What all tests judge together, each rule with each unit: a test judges the rules that it expects something of."""


def too_large(source: YamlSource) -> list[Problem]:
    """Where a file has more than a pack may have; each list that is too long, once."""
    problems: list[Problem] = []
    waiting: list[tuple[Location, Any, int]] = [((), source.content, MOST.get(source.file, MOST_INSIDE))]
    while waiting:
        at, content, most = waiting.pop()
        if not isinstance(content, list | dict):
            continue
        if len(content) > most:
            problems.append(_problem(source, at, len(content), most))
            continue
        inside = content.items() if isinstance(content, dict) else enumerate(content)
        waiting += [((*at, key), value, MOST_INSIDE) for key, value in inside]
    if source.file == "parameters.yaml" and not problems:
        problems += _too_many_values(source)
    return problems


def _problem(source: YamlSource, at: Location, found: int, most: int) -> Problem:
    params = {"found": found, "most": most}
    return Problem(source.file, source.line(at), field_name(at), N_("có %(found)s mục, nhiều nhất %(most)s."), params)


def _too_many_values(source: YamlSource) -> Iterator[Problem]:
    """The parameter with which the dated values become too many."""
    found = 0
    for name, parameter in source.content.items() if isinstance(source.content, dict) else ():
        values = parameter.get("values") if isinstance(parameter, dict) else None
        found += len(values) if isinstance(values, dict) else 0
        if found > MOST_VALUES:
            message = N_("các tham số có quá %(most)s giá trị.")
            at: Location = (name, "values")
            yield Problem(source.file, source.line(at), field_name(at), message, {"most": MOST_VALUES})
            return
