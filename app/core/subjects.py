"""How facts name a single thing: for the room that writes the name or finds the thing by it, and for the judging half,
which says it in words. Pure.

Kept runs hold these names, so none of these shapes may change.
"""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TaskName:
    """A unit's part in a task of a plan: "bg-2024/III.B.1/LDVL"; `row`, where the number stands in several rows of the
    annex: "bg-2024/4#36/LDVL"."""

    plan: str
    number: str
    unit: str
    row: int | None = None

    def __str__(self) -> str:
        return f"{self.plan}/{self.number}{'' if self.row is None else f'#{self.row}'}/{self.unit}"

    @classmethod
    def read(cls, name: str) -> TaskName | None:
        """None for what is no such name."""
        plan, _slash, rest = name.partition("/")
        numbered, _slash, unit = rest.rpartition("/")
        number, _hash, row = numbered.partition("#")
        return cls(plan, number, unit, int(row) if row.isdecimal() else None) if number else None


def step_name(publication: str, step: str) -> str:
    """A step of a publication: "CB-2024-3/office"."""
    return f"{publication}/{step}"


def read_step(name: str) -> tuple[str, str]:
    """The publication, and its step; "" of the publication as a whole."""
    code, slash, step = name.rpartition("/")
    return (code, step) if slash else (name, "")


def fault_name(case: str, number: int) -> str:
    """A mistake found in a case; the first has the code of the case."""
    return case if number == 1 else f"{case}#{number}"


def case_of(name: str) -> str:
    """The code of the case that is named, or in which the mistake was found."""
    return name.partition("#")[0]


def criterion_name(table: str, number: str) -> str:
    """A criterion of a score table, or a field of it: "dn-2024-annex:6.3.1"."""
    return f"{table}:{number}"


def read_criterion(name: str) -> tuple[str, str]:
    """The table, and the number in it."""
    table, _colon, number = name.rpartition(":")
    return table, number


_FOR_A_PERIOD = re.compile(r"\d{4}(-\w+)? ")
_LEFT_BY = re.compile(r"(.+) \(([^()]+)\)")


def for_period(key: str, name: str) -> str:
    """A thing that is named anew for each period: "2024-06 bg-2024/4/LDVL"."""
    return f"{key} {name}"


def read_for_period(name: str) -> tuple[str, str]:
    """The period, "" where there is none, and the thing."""
    key, _space, thing = name.partition(" ") if _FOR_A_PERIOD.match(name) else ("", "", name)
    return key, thing


def left_by(name: str, unit: str) -> str:
    """What a unit that is gone left to its successor bears its code."""
    return f"{name} ({unit})"


def read_left(name: str) -> tuple[str, str] | None:
    """The thing, and the unit that left it; None for what nobody left."""
    found = _LEFT_BY.fullmatch(name)
    return (found[1], found[2]) if found else None
