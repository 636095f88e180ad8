"""A rule pack as read: one plan's rules, its dated figures, and the text it was read from."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction
from typing import Any

from app.core.errors import N_, DomainError, NotFound, Problem
from app.core.periods import Period
from app.core.yaml_files import Location, YamlSource, field_name
from app.rulepacks.conditions import DAY_KINDS, DatedValue, DayKind, Parameter, ParameterUnit, Quote, value_problem
from app.rulepacks.language import PackInfo, PackTest, Rule
from app.rulepacks.words import SENTENCES, parse_share

Override = str | int
"""A what-if value as written on a page or command line: "40%" or "0.4" for a share, 5 or "5" for a count or days,
"calendar_days" for a kind of days."""

_DECIMAL = re.compile(r"[01][.,]\d{1,6}")


@dataclass(frozen=True, slots=True)
class ParameterValue:
    """A parameter on a day. `since` and `source` say where the value comes from; a what-if value has neither."""

    name: str
    unit: ParameterUnit
    value: Fraction
    """A share as a fraction (35 % is 7/20); a count or a number of days as a whole number; a kind of days as its
    place among the kinds."""
    since: date | None
    source: Quote | None

    @property
    def overridden(self) -> bool:
        """Whether this is a what-if value and not the plan's."""
        return self.source is None

    @property
    def day_kind(self) -> DayKind:
        """The value of a parameter that says how days are counted."""
        return DAY_KINDS[int(self.value)]


def number_of(number: int | str, values: Mapping[str, ParameterValue]) -> int:
    """A whole number, written out or by a parameter."""
    return number if isinstance(number, int) else int(values[number].value)


def share_of(threshold: str, values: Mapping[str, ParameterValue]) -> Fraction:
    """A share, written out or by a parameter."""
    share = parse_share(threshold)
    return values[threshold].value if share is None else share


def day_kind_of(counting: str, values: Mapping[str, ParameterValue]) -> DayKind:
    """How days are counted: as written, or as a parameter says."""
    return DayKind(counting) if counting in DAY_KINDS else values[counting].day_kind


MOST_DAYS = 64
"""Days of which a pack remembers its values: a page asks for the same one with each rule."""


class Parameters(dict[str, Parameter]):
    """A pack's parameters by name."""

    def __init__(self, *given: Any, **more: Any) -> None:
        super().__init__(*given, **more)
        self._known: dict[date, dict[str, ParameterValue]] = {}

    def at(self, day: date, overrides: Mapping[str, Override] | None = None) -> dict[str, ParameterValue]:
        """Every parameter that has a value on the day; a value holds from its date until the next one's.

        `overrides` replaces values by name (names of other packs are passed over). Raises DomainError for an
        override that does not fit its unit.
        """
        if overrides:
            return self._at(day, overrides)
        if day not in self._known:
            if len(self._known) >= MOST_DAYS:
                self._known.clear()
            self._known[day] = self._at(day, {})
        return dict(self._known[day])

    def _at(self, day: date, overrides: Mapping[str, Override]) -> dict[str, ParameterValue]:
        found: dict[str, ParameterValue | None] = {}
        for name in self:
            self._find(name, day, overrides, found)
        return {name: value for name in self if (value := found[name]) is not None}

    def on(self, name: str, day: date) -> ParameterValue | None:
        """One parameter's value on the day; None where it has none."""
        found: dict[str, ParameterValue | None] = {}
        self._find(name, day, {}, found)
        return found[name]

    def _find(
        self, name: str, day: date, overrides: Mapping[str, Override], found: dict[str, ParameterValue | None]
    ) -> None:
        """Find the parameter's value, and those it is the same as, each once however many lead there."""
        way: list[tuple[str, date, DatedValue]] = []
        passed: set[str] = set()
        while name not in found:
            since = max((start for start in self[name].values if start <= day), default=None)
            if name in overrides:
                unit = self[name].unit
                value = what_if_value(name, overrides[name], unit)
                found[name] = ParameterValue(name, unit, value, None, None)
            elif since is None:
                found[name] = None
            elif (dated := self[name].values[since]).value is not None:
                found[name] = ParameterValue(name, self[name].unit, as_fraction(dated.value), since, dated.source)
            else:
                assert dated.same_as is not None
                way.append((name, since, dated))
                passed.add(name)
                name = dated.same_as
                if name not in self or name in passed:  # the loader refuses both
                    break
        other = found.get(name)
        for name, since, dated in reversed(way):  # where it is the same as another's, the words are its own
            source = None if other is None or other.overridden else dated.source
            found[name] = (
                None if other is None else replace(other, name=name, since=since, source=source, unit=self[name].unit)
            )
            other = found[name]


def as_fraction(value: int | str) -> Fraction:
    """A value that fits its unit, exactly."""
    if value in DAY_KINDS:
        return Fraction(DAY_KINDS.index(DayKind(value)))
    share = parse_share(value)
    return Fraction(value) if share is None else share


def what_if_value(name: str, value: Override, unit: ParameterUnit) -> Fraction:
    """An override, exactly. Raises DomainError when it does not fit the parameter's unit.

    A share may also be written as a decimal with its point (0.5 or 0,5 is 50 %); "40" alone is refused, as it may
    mean 40 % or 40 times the whole.
    """
    written = value.strip() if isinstance(value, str) else value
    if unit is ParameterUnit.SHARE and isinstance(written, str) and _DECIMAL.fullmatch(written):
        share = Fraction(written.replace(",", "."))
        if share <= 1:
            return share
    if unit is not ParameterUnit.SHARE and isinstance(written, str) and written.isascii() and written.isdecimal():
        written = int(written)
    if problem := value_problem(written, unit):
        kind, params = problem
        reason = DomainError(SENTENCES[kind], **params)
        raise DomainError("Giá trị giả định của %(name)s: %(reason)s", field="what_if", name=name, reason=reason)
    return as_fraction(written)


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

    def is_for(self, period: Period) -> bool:
        """Whether the plan itself is in force at the period's end; if not, it is judged by another year's plan."""
        return period.last in self.info.in_force

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


# How much a pack may hold: what it costs to read, to compile and to test is counted here, before any of it is done.

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
