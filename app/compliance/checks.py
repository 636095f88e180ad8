"""Checks of a pack that need more than one part of it: names that must exist, kinds that must fit, quotes that
must be in their documents."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any

from app.compliance.compiling import is_too_tangled
from app.compliance.conditions import Comparison, Condition
from app.compliance.documents import Documents
from app.compliance.language import (
    PackInfo,
    PackTest,
    Parameter,
    ParameterUnit,
    Quote,
    Rule,
    value_problem,
)
from app.compliance.pack import ParameterValue
from app.compliance.problems import SENTENCES, Problem
from app.compliance.words import parse_share
from app.compliance.yaml_source import Location, Source, field_name
from app.errors import DomainError
from app.facts import FactField, FactKind
from app.periods import Period

Catalogue = Mapping[str, FactKind]

ORDERED = {"at_least", "more_than", "at_most", "less_than"}


class Checker:
    """Looks through one pack and gathers everything wrong in it."""

    def __init__(self, sources: Mapping[str, Source], catalogue: Catalogue | None, documents: Documents | None) -> None:
        self.sources = sources
        self.catalogue = catalogue
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
            self.say("pack.yaml", ("document",), "không có văn bản “%(code)s”.", code=info.document)
        for name, parameter in parameters.items():
            self.parameter(name, parameter)
        seen: set[str] = set()
        for position, rule in enumerate(rules):
            if rule.id in seen:
                self.say("rules.yaml", (position, "id"), "hai quy tắc cùng mang mã “%(id)s”.", id=rule.id)
            seen.add(rule.id)
            self.rule((position,), rule, info, parameters)
        for position, test in enumerate(tests):
            self.test((position,), test, seen)
        if not self.problems:  # only a pack that is right in its parts can be compiled
            self.size(info, parameters, rules)
        return self.problems

    def size(self, info: PackInfo, parameters: Mapping[str, Parameter], rules: tuple[Rule, ...]) -> None:
        """No rule may be more than the engine takes; what its parameters' values are does not matter here."""
        values = {
            name: ParameterValue(name, parameter.unit, Fraction(1), None, None)
            for name, parameter in parameters.items()
        }
        for position, rule in enumerate(rules):
            if is_too_tangled(rule, values, info.scope):
                self.say(
                    "rules.yaml",
                    (position,),
                    "quy tắc %(id)s có quá nhiều điều kiện; hãy tách thành nhiều quy tắc.",
                    id=rule.id,
                )

    def quote(self, file: str, at: Location, quote: Quote) -> None:
        """The quoted words must be in the document named."""
        if self.documents is None:
            return
        document = self.documents.get(quote.document)
        if document is None:
            self.say(file, (*at, "document"), "không có văn bản “%(code)s”.", code=quote.document)
        elif not document.says(quote.quote):
            self.say(
                file,
                (*at, "quote"),
                "văn bản %(code)s không có đoạn “%(quote)s”.",
                code=quote.document,
                quote=quote.quote,
            )

    def parameter(self, name: str, parameter: Parameter) -> None:
        """Each value must fit the unit and have its words."""
        for start, dated in parameter.values.items():
            at = (name, "values", start.isoformat())
            if problem := value_problem(dated.value, parameter.unit):
                kind, params = problem
                self.say("parameters.yaml", (*at, "value"), SENTENCES[kind], **params)
            self.quote("parameters.yaml", (*at, "source"), dated.source)

    def rule(self, at: Location, rule: Rule, info: PackInfo, parameters: Mapping[str, Parameter]) -> None:
        """Everything a rule names must exist and fit."""
        self.quote("rules.yaml", (*at, "legal_basis"), rule.legal_basis)
        if rule.rate is not None and rule.target is not None:
            for name in ("count", "among", "expects"):
                for field in getattr(rule.rate, name) or ():
                    self.counted((*at, "rate", name), field)
            if parse_share(rule.target.threshold) is None:
                place = (*at, "target", rule.target.comparison)
                self.named_parameter(place, rule.target.threshold, {ParameterUnit.SHARE}, info, parameters)
        if isinstance(rule.answer_within.working_days, str):
            place = (*at, "answer_within", "working_days")
            days = {ParameterUnit.WORKING_DAYS}
            self.named_parameter(place, rule.answer_within.working_days, days, info, parameters)
        for name in ("applies_when", "fails_when"):
            condition = getattr(rule, name)
            if condition is not None:
                self.condition((*at, name), condition, info, parameters)
        if rule.evidence and rule.evidence.facts and self.catalogue is not None:
            kind = self.catalogue.get(rule.evidence.facts)
            if kind is None or kind.subject != "case":
                place = (*at, "evidence", "facts")
                self.say("rules.yaml", place, "không có loại dữ kiện về hồ sơ “%(kind)s”.", kind=rule.evidence.facts)

    def field(self, at: Location, name: str) -> FactField | None:
        """The field of a fact about units; None, and a problem noted, when no fact has it."""
        if self.catalogue is None:
            return None
        kind_name, _, field = name.partition(".")
        kind = self.catalogue.get(kind_name)
        if kind is None:
            known = ", ".join(sorted(k.name for k in self.catalogue.values() if k.subject == "unit"))
            self.say("rules.yaml", at, "không có loại dữ kiện “%(kind)s”; có: %(known)s.", kind=kind_name, known=known)
            return None
        found = kind.field(field)
        if kind.subject != "unit":
            self.say("rules.yaml", at, "“%(kind)s” nói về từng hồ sơ, không về đơn vị.", kind=kind_name)
            return None
        if found is None:
            known = ", ".join(f.name for f in kind.fields)
            self.say(
                "rules.yaml",
                at,
                "dữ kiện “%(kind)s” không có trường “%(field)s”; có: %(known)s.",
                kind=kind_name,
                field=field,
                known=known,
            )
        return found

    def counted(self, at: Location, name: str) -> None:
        """A part of a rate must be a count."""
        field = self.field(at, name)
        if field is not None and field.type is not int:
            self.say("rules.yaml", at, "“%(name)s” không phải là số đếm.", name=name)

    def named_parameter(
        self,
        at: Location,
        name: str,
        units: set[ParameterUnit],
        info: PackInfo,
        parameters: Mapping[str, Parameter],
    ) -> None:
        """A parameter referred to must exist, be of a fitting unit, and have a value from the plan's first day."""
        parameter = parameters.get(name)
        if parameter is None:
            self.say("rules.yaml", at, "không có tham số “%(name)s” trong parameters.yaml.", name=name)
            return
        if parameter.unit not in units:
            expected = ", ".join(sorted(units))
            self.say(
                "rules.yaml",
                at,
                "tham số “%(name)s” có đơn vị %(unit)s, ở đây cần %(expected)s.",
                name=name,
                unit=parameter.unit.value,
                expected=expected,
            )
        first = info.in_force.start
        if first is not None and min(parameter.values) > first:
            self.say(
                "rules.yaml",
                at,
                "tham số “%(name)s” chưa có giá trị vào ngày %(day)s, khi kế hoạch bắt đầu có hiệu lực.",
                name=name,
                day=first.isoformat(),
            )

    def condition(
        self, at: Location, condition: Condition, info: PackInfo, parameters: Mapping[str, Parameter]
    ) -> None:
        """Every comparison in a condition must fit the field it is about."""
        for name, comparison in condition.comparisons.items():
            field = self.field((*at, name), name)
            if field is not None:
                self.comparison((*at, name), field, comparison, info, parameters)
        for group in ("all", "any"):
            for position, part in enumerate(getattr(condition, group) or ()):
                self.condition((*at, group, position), part, info, parameters)
        if condition.not_ is not None:
            self.condition((*at, "not"), condition.not_, info, parameters)

    def comparison(
        self,
        at: Location,
        field: FactField,
        comparison: Comparison,
        info: PackInfo,
        parameters: Mapping[str, Parameter],
    ) -> None:
        """The operator must make sense for the field's type, the operands must be of it."""
        place = (*at, comparison.operator)
        if field.type not in (int, str, bool):
            self.say(
                "rules.yaml",
                place,
                "chưa so sánh được “%(field)s” (%(type)s).",
                field=field.name,
                type=field.type.__name__,
            )
            return
        if field.type is not int and comparison.operator in ORDERED:
            self.say("rules.yaml", place, "“%(field)s” không có thứ tự lớn nhỏ để so sánh.", field=field.name)
            return
        for operand in comparison.operands:
            if field.type is str and operand in parameters:
                self.say("rules.yaml", place, "“%(value)s” trùng tên một tham số; hãy đổi tên tham số.", value=operand)
            if field.type is int and isinstance(operand, str):
                counts = set(ParameterUnit) - {ParameterUnit.SHARE}
                self.named_parameter(place, operand, counts, info, parameters)
            elif type(operand) is not field.type:
                self.say(
                    "rules.yaml",
                    place,
                    "“%(value)s” không cùng loại với “%(field)s” (%(type)s).",
                    value=operand,
                    field=field.name,
                    type=field.type.__name__,
                )

    def test(self, at: Location, test: PackTest, rules: set[str]) -> None:
        """A test must speak of rules, facts and a period that exist."""
        try:
            Period.parse(test.period)
        except DomainError:
            self.say("tests.yaml", (*at, "period"), SENTENCES["bad_period"], text=test.period)
        for rule in test.expect:
            if rule not in rules:
                self.say("tests.yaml", (*at, "expect", rule), "không có quy tắc “%(rule)s”.", rule=rule)
        for position, fact in enumerate(test.given):
            for message, params, key in _fact_problems(fact, self.catalogue):
                self.say("tests.yaml", (*at, "given", position, *key), message, **params)


def _fact_problems(
    fact: Mapping[str, Any], catalogue: Catalogue | None
) -> Iterator[tuple[str, dict[str, object], tuple[str, ...]]]:
    """What is wrong with a fact given in a test: message, params, the key at fault."""
    for key in ("kind", "unit"):
        if not isinstance(fact.get(key), str):
            yield "dữ kiện thiếu “%(key)s”.", {"key": key}, ()
            return
    if catalogue is None:
        return
    kind = catalogue.get(fact["kind"])
    if kind is None:
        yield "không có loại dữ kiện “%(kind)s”.", {"kind": fact["kind"]}, ("kind",)
        return
    for key, value in fact.items():
        if key in kind.envelope:
            continue
        field = kind.field(key)
        if field is None:
            yield "dữ kiện “%(kind)s” không có trường “%(field)s”.", {"kind": kind.name, "field": key}, (key,)
        elif type(value) is not field.type or (type(value) is int and value < 0):
            yield "“%(field)s” phải là %(type)s.", {"field": key, "type": field.type.__name__}, (key,)
