"""Checks of a pack that need more than one part of it: names that must exist, kinds that must fit, quotes that
must be in their documents."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from functools import partial
from graphlib import CycleError, TopologicalSorter
from typing import Any

from app.compliance.bounds import MOST_JUDGED
from app.compliance.compiling import is_too_tangled
from app.compliance.documents import Documents
from app.compliance.expecting import rules_of, units_of
from app.compliance.language import PackInfo, PackTest, Parameter, ParameterUnit, Quote, Rule, value_problem
from app.compliance.pack import ParameterValue
from app.compliance.premises import EARLIER_FAILURE
from app.compliance.problems import SENTENCES, Problem
from app.compliance.rule_checks import Catalogue, RuleChecker
from app.compliance.yaml_source import Location, Source, field_name
from app.errors import N_, DomainError
from app.facts import SUBJECT, fits, lacking
from app.periods import Period

__all__ = ["Catalogue", "Checker", "whole_catalogue"]

_SOME = {ParameterUnit.DAY_KIND: 0}


MOST_CIRCLES = 20
"""Circles of parameters that are told of; whoever mends these finds the others."""
MOST_SHOWN = 10
"""Names of a circle that are shown."""


class Checker:
    """Looks through one pack and gathers everything wrong in it."""

    def __init__(
        self,
        sources: Mapping[str, Source],
        catalogue: Catalogue | None,
        documents: Documents | None,
        unseen: set[str] | None = None,
    ) -> None:
        self.sources = sources
        self.unseen = unseen
        """Codes of documents that are not known, where that is no fault."""
        self.catalogue = None if catalogue is None else whole_catalogue(catalogue)
        self.documents = documents
        self.problems: list[Problem] = []

    def say(self, file: str, location: Location, message: str, **params: object) -> None:
        """Note one thing wrong."""
        line = self.sources[file].line(location)
        self.problems.append(Problem(file, line, field_name(location), message, params))

    def check(
        self,
        info: PackInfo,
        parameters: Mapping[str, Parameter],
        rules: tuple[Rule, ...],
        tests: tuple[PackTest, ...],
    ) -> list[Problem]:
        """Everything wrong between the parts."""
        if self.documents is not None and info.document not in self.documents:
            self.unknown_document("pack.yaml", ("document",), info.document)
        for name in parameters:
            self.parameter(name, parameters)
        self.circles(parameters)
        by_id = {rule.id: rule for rule in rules}
        seen: set[str] = set()
        for position, rule in enumerate(rules):
            if rule.id in seen:
                self.say("rules.yaml", (position, "id"), N_("hai quy tắc cùng mang mã “%(id)s”."), id=rule.id)
            seen.add(rule.id)
            self.rule((position,), rule, info, parameters, by_id)
        named: set[str] = set()
        for position, test in enumerate(tests):
            if test.name in named:
                self.say("tests.yaml", (position, "name"), N_("hai phép thử cùng mang tên “%(name)s”."), name=test.name)
            named.add(test.name)
            self.test((position,), test, seen)
        if not self.problems:  # only a pack that is right in its parts can be compiled
            self.size(info, parameters, rules)
            self.work(by_id, tests)
        return self.problems

    def work(self, rules: Mapping[str, Rule], tests: tuple[PackTest, ...]) -> None:
        """All tests together may judge so many rules, each for so many units."""
        judged = 0
        for position, test in enumerate(tests):
            judged += len(rules_of(test, rules)) * len(units_of(test))
            if judged > MOST_JUDGED:
                message = N_("các phép thử xét quá %(most)s lượt (mỗi quy tắc với mỗi đơn vị là một lượt).")
                self.say("tests.yaml", (position,), message, most=MOST_JUDGED)
                return

    def size(self, info: PackInfo, parameters: Mapping[str, Parameter], rules: tuple[Rule, ...]) -> None:
        """No rule may be more than the engine takes; what its parameters' values are does not matter here."""
        values = {
            name: ParameterValue(name, parameter.unit, Fraction(_SOME.get(parameter.unit, 1)), None, None)
            for name, parameter in parameters.items()
        }
        for position, rule in enumerate(rules):
            if is_too_tangled(rule, values, info.scope):
                self.say(
                    "rules.yaml",
                    (position,),
                    N_("quy tắc %(id)s có quá nhiều điều kiện; hãy tách thành nhiều quy tắc."),
                    id=rule.id,
                )

    def unknown_document(self, file: str, at: Location, code: str) -> None:
        """A document that nobody has described: a fault, or one whose quotes cannot be compared."""
        if self.unseen is not None:
            self.unseen.add(code)
        else:
            self.say(file, at, N_("không có văn bản “%(code)s”."), code=code)

    def quote(self, file: str, at: Location, quote: Quote) -> None:
        """The quoted words must be in the document named."""
        if self.documents is None:
            return
        document = self.documents.get(quote.document)
        if document is None:
            self.unknown_document(file, (*at, "document"), quote.document)
        elif not document.says(quote.quote):
            self.say(
                file,
                (*at, "quote"),
                N_("văn bản %(code)s không có đoạn “%(quote)s”."),
                code=quote.document,
                quote=quote.quote,
            )

    def parameter(self, name: str, parameters: Mapping[str, Parameter]) -> None:
        """Each value must fit the unit and have its words; one that is the same as another's must lead to a value."""
        parameter = parameters[name]
        for start, dated in parameter.values.items():
            at = (name, "values", start.isoformat())
            if dated.same_as is not None:
                self.same_as((*at, "same_as"), name, dated.same_as, parameters)
            elif problem := value_problem(dated.value, parameter.unit):
                kind, params = problem
                self.say("parameters.yaml", (*at, "value"), SENTENCES[kind], **params)
            self.quote("parameters.yaml", (*at, "source"), dated.source)

    def same_as(self, at: Location, name: str, other: str, parameters: Mapping[str, Parameter]) -> None:
        """The other parameter exists, has the same unit, and does not lead back here."""
        if other not in parameters:
            self.say("parameters.yaml", at, N_("không có tham số “%(name)s” trong parameters.yaml."), name=other)
        elif parameters[other].unit is not parameters[name].unit:
            self.say(
                "parameters.yaml",
                at,
                N_("tham số “%(name)s” có đơn vị %(unit)s, ở đây cần %(expected)s."),
                name=other,
                unit=parameters[other].unit.value,
                expected=parameters[name].unit.value,
            )

    def circles(self, parameters: Mapping[str, Parameter]) -> None:
        """No parameter may lead back to itself. Each circle is told where it is written, and then taken out, so that
        the next one is found: a walk over all of them for each circle, and at most `MOST_CIRCLES` of these."""
        places = {name: place for place, name in enumerate(parameters)}
        leads = {name: [dated.same_as for dated in parameters[name].values.values()] for name in parameters}
        others = {name: {other for other in leads[name] if other in places} for name in parameters}
        for _ in range(MOST_CIRCLES):
            circle = _circle(others)
            if not circle:
                return
            first = min(range(len(circle)), key=lambda place: places[circle[place]])
            circle = [*circle[first:], *circle[:first]]
            words = " → ".join([*(circle if len(circle) <= MOST_SHOWN else [*circle[:MOST_SHOWN], "…"]), circle[0]])
            for name, other in zip(circle, [*circle[1:], circle[0]], strict=True):
                others[name].discard(other)
                self.round(name, other, parameters[name], words)

    def round(self, name: str, other: str, parameter: Parameter, circle: str) -> None:
        """Say of the values of a parameter that are the same as another's that they lead round."""
        for start, dated in parameter.values.items():
            if dated.same_as == other:
                at = (name, "values", start.isoformat(), "same_as")
                self.say("parameters.yaml", at, N_("các tham số dẫn vòng quanh: %(circle)s."), circle=circle)

    def rule(
        self, at: Location, rule: Rule, info: PackInfo, parameters: Mapping[str, Parameter], rules: Mapping[str, Rule]
    ) -> None:
        """Everything a rule names must exist and fit."""
        self.quote("rules.yaml", (*at, "legal_basis"), rule.legal_basis)
        say = partial(self.say, "rules.yaml")
        RuleChecker(rule, info, parameters, self.catalogue, say).check(at)
        for name in rule.escalates.rules if rule.escalates is not None else ():
            other = rules.get(name)
            if other is None:
                say((*at, "escalates", "rules"), N_("không có quy tắc “%(rule)s”."), rule=name)
            elif other.escalates is not None:
                say((*at, "escalates", "rules"), N_("“%(rule)s” cũng là quy tắc tăng nặng."), rule=name)

    def test(self, at: Location, test: PackTest, rules: set[str]) -> None:
        """A test must speak of rules, facts and a period that exist."""
        try:
            Period.parse(test.period)
        except DomainError:
            self.say("tests.yaml", (*at, "period"), SENTENCES["bad_period"], text=test.period)
        for rule in test.expect:
            if rule not in rules:
                self.say("tests.yaml", (*at, "expect", rule), N_("không có quy tắc “%(rule)s”."), rule=rule)
        for position, fact in enumerate(test.given):
            for message, params, key in _fact_problems(fact, self.catalogue):
                self.say("tests.yaml", (*at, "given", position, *key), message, **params)


def whole_catalogue(catalogue: Catalogue) -> Catalogue:
    """The kinds of facts that a pack's rules and tests may speak of: the records', and what earlier checks found."""
    return {EARLIER_FAILURE.name: EARLIER_FAILURE, **catalogue}


def _circle(others: Mapping[str, set[str]]) -> list[str]:
    """Parameters that lead from one to the next and round; empty if none do."""
    order: TopologicalSorter[str] = TopologicalSorter()
    for name, its_others in others.items():
        for other in its_others:
            order.add(other, name)
    try:
        order.prepare()
    except CycleError as error:
        return list(error.args[1][:-1])
    return []


def _fact_problems(
    fact: Mapping[str, Any], catalogue: Catalogue | None
) -> Iterator[tuple[str, dict[str, object], tuple[str, ...]]]:
    """What is wrong with a fact given in a test: message, params, the key at fault."""
    if (key := lacking(fact, ("kind", "unit"))) is not None:
        yield N_("dữ kiện thiếu “%(key)s”."), {"key": key}, ()
        return
    if catalogue is None:
        return
    kind = catalogue.get(fact["kind"])
    if kind is None:
        yield N_("không có loại dữ kiện “%(kind)s”."), {"kind": fact["kind"]}, ("kind",)
        return
    if not kind.is_about_units and lacking(fact, (SUBJECT,)):
        yield N_("dữ kiện thiếu “%(key)s”."), {"key": SUBJECT}, ()
        return
    for key, value in fact.items():
        if key in kind.envelope:
            continue
        field = kind.field(key)
        if field is None:
            yield N_("dữ kiện “%(kind)s” không có trường “%(field)s”."), {"kind": kind.name, "field": key}, (key,)
        elif not fits(value, field.type):
            yield N_("“%(field)s” phải là %(type)s."), {"field": key, "type": field.type.__name__}, (key,)
