"""A rule pack as read: one plan's rules, its dated figures, and the text it was read from."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from app.compliance.language import (
    PackInfo,
    PackTest,
    Parameter,
    ParameterUnit,
    Quote,
    Rule,
    value_problem,
)
from app.compliance.problems import SENTENCES
from app.compliance.words import parse_share
from app.errors import DomainError, NotFound

Override = str | int
"""A what-if value as written on a page or command line: "40%" for a share, 5 or "5" for a count or days."""


@dataclass(frozen=True, slots=True)
class ParameterValue:
    """A parameter on a day. `since` and `source` say where the value comes from; a what-if value has neither."""

    name: str
    unit: ParameterUnit
    value: Fraction
    """A share as a fraction (35 % is 7/20); a count or a number of days as a whole number."""
    since: date | None
    source: Quote | None

    @property
    def overridden(self) -> bool:
        """Whether this is a what-if value and not the plan's."""
        return self.source is None


class Parameters(dict[str, Parameter]):
    """A pack's parameters by name."""

    def at(self, day: date, overrides: Mapping[str, Override] | None = None) -> dict[str, ParameterValue]:
        """Every parameter that has a value on the day; a value holds from its date until the next one's.

        `overrides` replaces values by name (names of other packs are passed over). Raises DomainError for an
        override that does not fit its unit.
        """
        values: dict[str, ParameterValue] = {}
        for name, parameter in self.items():
            if overrides and name in overrides:
                value = what_if_value(name, overrides[name], parameter.unit)
                values[name] = ParameterValue(name, parameter.unit, value, None, None)
            elif held := [start for start in parameter.values if start <= day]:
                since = max(held)
                dated = parameter.values[since]
                values[name] = ParameterValue(name, parameter.unit, as_fraction(dated.value), since, dated.source)
        return values


def as_fraction(value: int | str) -> Fraction:
    """A value that fits its unit, exactly."""
    share = parse_share(value)
    return Fraction(value) if share is None else share


def what_if_value(name: str, value: Override, unit: ParameterUnit) -> Fraction:
    """An override, exactly. Raises DomainError when it does not fit the parameter's unit."""
    if unit is not ParameterUnit.SHARE and isinstance(value, str) and value.strip().isdecimal():
        value = int(value)
    if problem := value_problem(value, unit):
        kind, params = problem
        raise DomainError("Giá trị giả định của %(name)s: " + SENTENCES[kind], field="what_if", name=name, **params)
    return as_fraction(value)


@dataclass(frozen=True, slots=True)
class Pack:
    """One plan. `texts` are its files by name, `hash` is over them."""

    info: PackInfo
    parameters: Parameters
    rules: tuple[Rule, ...]
    tests: tuple[PackTest, ...]
    texts: Mapping[str, str]
    hash: str

    @property
    def id(self) -> str:
        """The pack's name, the same as its folder's."""
        return self.info.id

    def rule(self, rule_id: str) -> Rule:
        """The rule of that id. Raises NotFound."""
        for rule in self.rules:
            if rule.id == rule_id:
                return rule
        raise NotFound("Bộ quy tắc %(pack)s không có quy tắc %(rule)s.", pack=self.id, rule=rule_id)


def texts_hash(texts: Mapping[str, str]) -> str:
    """`sha256:` and the digest over names and contents, names sorted. Each part is preceded by its length, so
    that no two sets of files can run together into one."""
    digest = hashlib.sha256()
    for name in sorted(texts):
        for part in (name.encode(), texts[name].encode()):
            digest.update(len(part).to_bytes(8, "big"))
            digest.update(part)
    return f"sha256:{digest.hexdigest()}"
