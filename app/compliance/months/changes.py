"""What was recorded since a seal, as people read it: facts then and now put side by side, each field in words."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from flask_babel import lazy_gettext as _l

from app.compliance import wording
from app.compliance.adoption import repository
from app.compliance.explaining import unit_name
from app.compliance.queries import ViolationFilter, ViolationLine, every_violation
from app.core import facts
from app.core.errors import NotFound, in_language
from app.core.facts import SUBJECT, Fact, FactKind
from app.core.periods import Period
from app.organisation.access import Scope, whole_site
from app.organisation.queries import units
from app.organisation.registries import SubjectPage, pages_of
from app.web.formats import add_labels, language


class FactChange(StrEnum):
    """What became of a fact."""

    CHANGED = "changed"
    NEW = "new"
    GONE = "gone"


add_labels({FactChange.CHANGED: _l("Đã đổi"), FactChange.NEW: _l("Mới có"), FactChange.GONE: _l("Không còn")})


@dataclass(frozen=True, slots=True)
class ChangedFact:
    """A fact that is not as it was sealed. `then`, `now`: its fields that differ, by name; empty where it was not
    there. A thing that went to another unit has its unit among them."""

    kind: str
    unit: str
    subject: str
    then: Mapping[str, Any]
    now: Mapping[str, Any]

    @property
    def change(self) -> FactChange:
        """What became of it."""
        if not self.then:
            return FactChange.NEW
        return FactChange.CHANGED if self.now else FactChange.GONE


def changed_facts(gone: Collection[str], new: Collection[str]) -> list[ChangedFact]:
    """Lines of canonical JSON that are there no longer, and that are new, put side by side: of one kind, and about the
    same thing or unit."""
    sides: dict[tuple[str, str], tuple[list[Fact], list[Fact]]] = defaultdict(lambda: ([], []))
    for side, lines in enumerate((gone, new)):
        for line in sorted(lines):
            fact: Fact = json.loads(line)
            sides[fact["kind"], fact.get(SUBJECT) or fact["unit"]][side].append(fact)
    found = []
    for _key, (before, after) in sorted(sides.items()):
        pairs = min(len(before), len(after))
        found += [_beside(one, other) for one, other in zip(before, after, strict=False)]
        found += [_alone(fact, "then") for fact in before[pairs:]]
        found += [_alone(fact, "now") for fact in after[pairs:]]
    return found


def _beside(then: Fact, now: Fact) -> ChangedFact:
    differ = [name for name in {**then, **now} if then.get(name) != now.get(name)]
    told = [{name: fact[name] for name in differ if name in fact} for fact in (then, now)]
    return ChangedFact(now["kind"], now["unit"], now.get(SUBJECT, ""), *told)


def _alone(fact: Fact, side: str) -> ChangedFact:
    told = {name: value for name, value in fact.items() if name not in (*facts.ENVELOPE, SUBJECT)}
    sides = {"then": {}, "now": {}, side: told or {"unit": fact["unit"]}}
    return ChangedFact(fact["kind"], fact["unit"], fact.get(SUBJECT, ""), **sides)


def unit_names() -> dict[str, str]:
    """What every unit of the site is called, by its code."""
    return {unit.code: unit_name(unit) for unit in units(whole_site())}


def rule_title(pack: str, rule: str) -> str:
    """What a rule is called; its code where no text has it any more."""
    try:
        return repository.rule_by_name(pack, rule).title.in_(language())
    except NotFound:
        return rule.upper()


def answers_gone_on(scope: Scope, period: Period, keys: Collection[str]) -> list[ViolationLine]:
    """The violations whose answers went on."""
    if not keys:
        return []
    wanted = set(keys)
    lines = every_violation(scope, ViolationFilter(period=period.key), with_subjects=False)
    return sorted((line for line in lines if line.key in wanted), key=lambda line: line.key)


@dataclass(frozen=True, slots=True)
class FieldLine:
    """A field in words: what it says, what was sealed, what is so now; None where the fact was not there."""

    says: str
    then: str | None
    now: str | None


@dataclass(frozen=True, slots=True)
class ChangedFactLine:
    """A changed fact in words. `page`: of the single thing, where it has one and the reader may see it."""

    title: str
    subject: str
    page: SubjectPage | None
    unit: str
    change: FactChange
    fields: Sequence[FieldLine]


def in_words(
    changed: Collection[ChangedFact], names: Mapping[str, str], locale: str, scope: Scope | None = None
) -> Iterator[ChangedFactLine]:
    """Each of them, with the names of units by their codes; with the pages of single things for a reader's scope."""
    catalogue = facts.catalogue()
    things = defaultdict(set)
    for each in changed:
        if each.subject and each.kind in catalogue:
            things[catalogue[each.kind].subject].add(each.subject)
    pages = {word: pages_of(scope, word, asked) if scope else {} for word, asked in things.items()}
    for each in changed:
        kind = catalogue.get(each.kind)
        page = pages[kind.subject].get(each.subject) if kind and each.subject else None
        yield ChangedFactLine(
            kind.description(locale) if kind else each.kind,
            each.subject,
            page,
            names.get(each.unit, each.unit),
            each.change,
            list(_fields(each, kind, names, locale)),
        )


def _fields(each: ChangedFact, kind: FactKind | None, names: Mapping[str, str], locale: str) -> Iterator[FieldLine]:
    declared = [field.name for field in kind.fields] if kind else []
    told = {**each.then, **each.now}
    for name in sorted(told, key=lambda one: declared.index(one) if one in declared else -1):
        sides = [
            _value(side[name], name, kind, names, locale) if name in side else None for side in (each.then, each.now)
        ]
        yield FieldLine(_says(name, kind, locale), *sides)


def _says(name: str, kind: FactKind | None, locale: str) -> str:
    if name == "unit":
        return in_language(locale, "Đơn vị")
    field = kind.field(name) if kind else None
    return (field.description(locale) if field else name).partition(";")[0]


def _value(value: Any, name: str, kind: FactKind | None, names: Mapping[str, str], locale: str) -> str:
    if name == "unit":
        return names.get(value, value)
    field = kind.field(name) if kind else None
    if type(value) is int and field is not None:
        return wording.amount_in_words(value, field.unit, locale)
    return wording.text_in_words(value, field, locale)
