"""Checks of a pack that need more than one part of it: names that must exist, kinds that must fit, quotes that
must be in their documents."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from fractions import Fraction
from functools import partial
from graphlib import CycleError, TopologicalSorter
from typing import Any

from app.core.errors import N_, DomainError, Problem
from app.core.facts import TYPE_WORDS, FactField, FactKind, faults, lacking
from app.core.periods import Period
from app.core.yaml_files import Location, YamlSource, field_name
from app.rulepacks.compiler import is_too_tangled
from app.rulepacks.conditions import (
    DAY_KINDS,
    RULE,
    UNIT,
    Clock,
    Comparison,
    Condition,
    Later,
    Parameter,
    ParameterUnit,
    Quote,
    Requirement,
    Total,
    Within,
    value_problem,
)
from app.rulepacks.language import UNIT_KINDS, PackInfo, PackTest, Rule
from app.rulepacks.pack import MOST_JUDGED, ParameterValue
from app.rulepacks.premises import EARLIER_FAILURE
from app.rulepacks.sentences import Documents
from app.rulepacks.words import SENTENCES, is_field, names_department, names_units, parse_share, unknown_placeholders

Catalogue = Mapping[str, FactKind]
Say = Callable[..., None]
"""Notes a problem: location, message, params."""

ORDERED = {"at_least", "more_than", "at_most", "less_than"}
COUNTED = {ParameterUnit.COUNT, ParameterUnit.WORKING_DAYS, ParameterUnit.CALENDAR_DAYS, ParameterUnit.DAYS}
"""Units of parameters that a figure can be compared with."""


class RuleChecker:
    """Looks through one rule at one place of rules.yaml."""

    def __init__(
        self,
        rule: Rule,
        info: PackInfo,
        parameters: Mapping[str, Parameter],
        catalogue: Catalogue | None,
        say: Say,
    ) -> None:
        self.rule = rule
        self.info = info
        self.parameters = parameters
        self.catalogue = catalogue
        self.say = say

    def check(self, at: Location) -> None:
        """Everything that the rule names."""
        rule = self.rule
        if rule.subject is not None and rule.subject != RULE:
            self.thing_kind((*at, "judge", "each"), rule.subject)
            self.placeholders(at)
        if rule.rate is not None:
            self.rate(at)
        if rule.count is not None:
            for field in rule.count.of:
                self.counted((*at, "count", "of"), field, UNIT)
            self.amount((*at, "count", rule.count.comparison), rule.count.number, {ParameterUnit.COUNT})
        for name in ("applies_when", "no_data_when", "pending_when", "fails_when"):
            condition = getattr(rule, name)
            if condition is not None:
                self.condition((*at, name), condition, rule.judge.things)
        if rule.duty is not None:
            self.requirement((*at, "requires", rule.duty[0]), *rule.duty)
        if rule.clock is not None:
            self.clock((*at, "clock"), rule.clock)
        if rule.escalates is not None:
            self.amount((*at, "escalates", "periods"), rule.escalates.periods, {ParameterUnit.COUNT})
        if rule.answer_within is not None:
            days = rule.answer_within.working_days
            self.amount((*at, "answer_within", "working_days"), days, {ParameterUnit.WORKING_DAYS})
        self.judged(at)
        if rule.evidence is not None and rule.evidence.facts is not None:
            self.thing_kind((*at, "evidence", "facts"), rule.evidence.facts)

    # --- who is judged

    def judged(self, at: Location) -> None:
        """The rule judges somebody, and those whom its quoted words name."""
        rule = self.rule
        scopes = [scope for scope in (self.info.scope, rule.scope) if scope is not None and not scope.is_everybody]
        by_kind = [set(scope.kinds) for scope in scopes if not scope.codes]  # codes are the site's own
        kinds = set(UNIT_KINDS).intersection(*by_kind)
        if not kinds:
            self.say((*at, "scope", "kinds"), N_("quy tắc không xét ai: không loại đơn vị nào ở đây thuộc bộ quy tắc."))
            return
        answers = rule.judge.answers
        if answers is not None and answers not in UNIT_KINDS:
            known = ", ".join(UNIT_KINDS)
            self.say((*at, "judge", "lead"), SENTENCES["unknown_kind"], unit_kind=answers, known=known)
        elif answers is not None and answers not in kinds:
            self.say(
                (*at, "scope"),
                N_("“whole” xét %(answers)s trên tổng của các đơn vị, nhưng phạm vi này không có %(answers)s."),
                answers=answers,
            )
        self.named(at, kinds)

    def named(self, at: Location, kinds: set[str]) -> None:
        """The quoted words name the Department, or its units: who is judged must not be the other one alone."""
        rule, quote = self.rule, self.rule.legal_basis.quote
        if rule.subject is not None or rule.is_remark:
            return
        place = (*at, "judge")
        if names_units(quote) and rule.judge.each is None:
            message = N_("câu được trích nói đến các phòng, đơn vị, mà quy tắc chỉ xét cả Sở; hãy thêm “each: unit”.")
            self.say(place, message)
        elif names_department(quote) and not names_units(quote) and rule.judge.whole is None and len(kinds) > 1:
            self.say(
                place,
                N_(
                    "câu được trích nói đến Sở, mà quy tắc chỉ xét từng đơn vị; hãy thêm “whole: department”, hoặc để "
                    "phạm vi chỉ có Sở."
                ),
            )

    # --- forms

    def rate(self, at: Location) -> None:
        """Its parts are counts; its target is a share, a parameter that says one, or a count of percents."""
        rate, target = self.rule.rate, self.rule.target
        assert rate is not None
        assert target is not None
        for name in ("count", "among", "expects", "unknown"):
            for field in getattr(rate, name) or ():
                self.counted((*at, "rate", name), field, self.rule.judge.things)
        if rate.later is not None:
            self.later((*at, "rate", "later"), rate.later)
        if rate.names is not None and self.rule.judge.things == UNIT:
            self.thing_kind((*at, "rate", "names"), rate.names)
        place = (*at, "target", target.comparison)
        if target.field is not None:
            self.counted(place, target.field, self.rule.judge.things)
        elif parse_share(target.threshold) is None:
            self.parameter(place, target.threshold, {ParameterUnit.SHARE})

    def later(self, at: Location, later: Later) -> None:
        """Of a unit's figures; both of its fields are counts of one kind of facts about single things."""
        if self.rule.judge.things != UNIT:
            self.say(at, N_("chỉ quy tắc xét đơn vị mới có “later”."))
        elif (kind := self.thing_kind((*at, "of"), later.kind)) is not None:
            for name, field in (("of", later.of), ("days", later.days)):
                self.counted((*at, name), field, kind.name)
        self.amount((*at, "within"), later.within, {ParameterUnit.WORKING_DAYS})

    def requirement(self, at: Location, kind_name: str, required: Requirement) -> None:
        """The kind of fact exists and is about the same sort of thing; its fields and days fit."""
        kind = self.thing_kind(at, kind_name)
        judged = self.catalogue.get(self.rule.judge.things) if self.catalogue is not None else None
        if kind is not None and judged is not None and kind.subject != judged.subject:
            self.say(
                at,
                N_("“%(kind)s” nói về %(subject)s, còn “%(judged)s” nói về %(other)s."),
                kind=kind.name,
                subject=kind.subject,
                judged=judged.name,
                other=judged.subject,
            )
        if required.where is not None:
            self.condition((*at, "where"), required.where, kind_name)
        if required.unless is not None:
            self.condition((*at, "unless"), required.unless, self.rule.judge.things)
        for field in required.besides or ():
            self.counted((*at, "besides"), field, UNIT)
        if required.done_on is not None:
            self.day((*at, "done_on"), required.done_on, kind_name)
        if required.within is not None:
            self.within((*at, "within"), required.within)
        if required.by is not None:
            self.day((*at, "by"), required.by, self.rule.judge.things)
        if required.arises_on is not None:
            self.day((*at, "arises_on"), required.arises_on, self.rule.judge.things)
        if required.returned is not None:
            self.truth((*at, "returned"), required.returned, kind_name)

    def within(self, at: Location, within: Within) -> None:
        """A span of days after a day of the thing judged."""
        self.day((*at, "after"), within.after, self.rule.judge.things)
        for name, unit in (
            ("working_days", ParameterUnit.WORKING_DAYS),
            ("calendar_days", ParameterUnit.CALENDAR_DAYS),
            ("days", ParameterUnit.DAYS),
        ):
            if getattr(within, name) is not None:
                self.amount((*at, name), within.amount, {unit})
        if within.counted_in is not None:
            self.day_kind((*at, "counted_in"), within.counted_in)

    def clock(self, at: Location, clock: Clock) -> None:
        """Days used are counts, and whether the step has ended is true or false."""
        for name in DAY_KINDS:
            field = getattr(clock.used, name)
            if field is not None:
                self.counted((*at, "used", name.value), field, self.rule.judge.things)
        self.day_kind((*at, "counted_in"), clock.counted_in)
        self.amount((*at, "at_most"), clock.at_most, COUNTED - {ParameterUnit.COUNT})
        self.truth((*at, "ended"), clock.ended, self.rule.judge.things)
        if clock.started_on is not None:
            self.day((*at, "started_on"), clock.started_on, self.rule.judge.things)

    def truth(self, at: Location, name: str, kind_name: str) -> None:
        """A field that is true or false."""
        found = self.field(at, name, kind_name)
        if found is not None and found.type is not bool:
            self.say(at, N_("“%(name)s” không phải là trường đúng/sai."), name=name)

    def placeholders(self, at: Location) -> None:
        """A message about a single thing may use what its form gives and any field of the thing."""
        kind = self.catalogue.get(self.rule.judge.things) if self.catalogue is not None else None
        if kind is None:
            return
        allowed = {*self.rule.placeholders, *(field.name for field in kind.fields)}
        for locale in ("vi", "en"):
            for name in unknown_placeholders(self.rule.message.in_(locale), allowed):
                expected = ", ".join(f"{{{n}}}" for n in sorted(allowed))
                self.say((*at, "message", locale), SENTENCES["bad_placeholder"], name=name, expected=expected)

    # --- fields

    def thing_kind(self, at: Location, name: str) -> FactKind | None:
        """The kind of facts about single things; None, and a problem noted, when there is none of that name."""
        if self.catalogue is None:
            return None
        kind = self.catalogue.get(name)
        if kind is None or kind.is_about_units:
            known = ", ".join(sorted(k.name for k in self.catalogue.values() if not k.is_about_units))
            self.say(
                at, N_("không có loại dữ kiện về từng việc riêng “%(kind)s”; có: %(known)s."), kind=name, known=known
            )
            return None
        return kind

    def field(self, at: Location, name: str, about: str) -> FactField | None:
        """The field of a fact about units, or of the kind of single things `about`; None, and a problem noted, when
        it cannot be read here."""
        if self.catalogue is None:
            return None
        kind_name, _, field = name.partition(".")
        kind = self.catalogue.get(kind_name)
        if kind is None:
            known = about if about != UNIT else ", ".join(sorted(self._unit_kinds()))
            if kind_name != about:  # told already, where the kind is named
                self.say(at, N_("không có loại dữ kiện “%(kind)s”; có: %(known)s."), kind=kind_name, known=known)
            return None
        if about == UNIT and not kind.is_about_units:
            self.say(
                at,
                N_("“%(kind)s” nói về từng việc riêng (%(subject)s), không về đơn vị."),
                kind=kind_name,
                subject=kind.subject,
            )
            return None
        if about not in (UNIT, kind_name):
            self.say(at, N_("ở đây chỉ đọc được trường của “%(kind)s”, không phải “%(name)s”."), kind=about, name=name)
            return None
        found = kind.field(field)
        if found is None:
            known = ", ".join(f.name for f in kind.fields)
            message = N_("dữ kiện “%(kind)s” không có trường “%(field)s”; có: %(known)s.")
            self.say(at, message, kind=kind_name, field=field, known=known)
        return found

    def _unit_kinds(self) -> Iterable[str]:
        return (kind.name for kind in (self.catalogue or {}).values() if kind.is_about_units)

    def counted(self, at: Location, name: str, about: str) -> None:
        """The field is a count."""
        field = self.field(at, name, about)
        if field is not None and field.type is not int:
            self.say(at, N_("“%(name)s” không phải là số đếm."), name=name)

    def day(self, at: Location, name: str, about: str) -> None:
        """The field is a text, which says a day."""
        field = self.field(at, name, about)
        if field is not None and field.type is not str:
            self.say(at, N_("“%(name)s” không phải là trường ghi ngày."), name=name)

    # --- parameters

    def amount(self, at: Location, amount: int | str, units: set[ParameterUnit]) -> None:
        """A number written out, or a parameter that says it."""
        if isinstance(amount, str):
            self.parameter(at, amount, units)

    def day_kind(self, at: Location, counting: str) -> None:
        """A kind of days, or a parameter that says one."""
        if counting not in DAY_KINDS:
            self.parameter(at, counting, {ParameterUnit.DAY_KIND})

    def parameter(self, at: Location, name: str, units: set[ParameterUnit]) -> None:
        """A parameter referred to must exist, be of a fitting unit, and have a value from the plan's first day."""
        parameter = self.parameters.get(name)
        if parameter is None:
            self.say(at, N_("không có tham số “%(name)s” trong parameters.yaml."), name=name)
            return
        if parameter.unit not in units:
            self.say(
                at,
                N_("tham số “%(name)s” có đơn vị %(unit)s, ở đây cần %(expected)s."),
                name=name,
                unit=parameter.unit.value,
                expected=", ".join(sorted(units)),
            )
        first = self.info.in_force.start
        if first is not None and min(parameter.values) > first:
            self.say(
                at,
                N_("tham số “%(name)s” chưa có giá trị vào ngày %(day)s, khi kế hoạch bắt đầu có hiệu lực."),
                name=name,
                day=first.isoformat(),
            )

    # --- conditions

    def condition(self, at: Location, condition: Condition, about: str) -> None:
        """Every comparison in a condition must fit the field it is about."""
        for name, comparison in condition.comparisons.items():
            field = self.field((*at, name), name, about)
            if field is not None:
                self.comparison((*at, name), field, comparison, about)
        for total in condition.total or ():
            self.total((*at, "total"), total, about)
        for group in ("all", "any"):
            for position, part in enumerate(getattr(condition, group) or ()):
                self.condition((*at, group, position), part, about)
        if condition.not_ is not None:
            self.condition((*at, "not"), condition.not_, about)

    def total(self, at: Location, total: Total, about: str) -> None:
        """Both sides are counts; a parameter on the right is one too."""
        for field in total.of:
            self.counted((*at, "of"), field, about)
        place = (*at, total.operator)
        if isinstance(total.side, int):
            return
        if total.parameter is not None:
            self.parameter(place, total.parameter, COUNTED)
            return
        for name in total.side:
            if name in total.compared_fields:
                self.counted(place, name, about)
            else:
                self.say(place, SENTENCES["bad_field"], text=name)

    def comparison(self, at: Location, field: FactField, comparison: Comparison, about: str) -> None:
        """The operator must make sense for the field's type, the operands must be of it."""
        place = (*at, comparison.operator)
        if field.type is not int and comparison.operator in ORDERED:
            self.say(place, N_("“%(field)s” không có thứ tự lớn nhỏ để so sánh."), field=field.name)
            return
        for operand in comparison.operands:
            if isinstance(operand, str) and is_field(operand):
                if field.type is int:
                    self.counted(place, operand, about)
                else:
                    self.say(place, N_("“%(name)s”: chỉ so sánh được hai trường số với nhau."), name=operand)
            elif field.type is int and isinstance(operand, str):
                self.parameter(place, operand, COUNTED)
            elif field.type is str and operand in self.parameters:
                self.say(place, N_("“%(value)s” trùng tên một tham số; hãy đổi tên tham số."), value=operand)
            elif type(operand) is not field.type:
                self.say(
                    place,
                    N_("“%(value)s” không cùng loại với “%(field)s” (%(type)s)."),
                    value=operand,
                    field=field.name,
                    type=DomainError(TYPE_WORDS[field.type]),
                )


def rules_of(test: PackTest, rules: Mapping[str, Rule]) -> tuple[Rule, ...]:
    """The rules that the test's expectations rest on, in the pack's order; `rules` are the pack's by id.

    A rule is judged by itself, but for an escalation: it looks at what became of the rules it names, or of all.
    """
    wanted = {name for name in test.expect if name in rules}
    for name in tuple(wanted):
        escalates = rules[name].escalates
        if escalates is not None:
            wanted |= set(escalates.rules or rules)
    return tuple(rule for name, rule in rules.items() if name in wanted)


def units_of(test: PackTest) -> list[dict[str, str]]:
    """The units a test speaks of, each once."""
    units = {unit.code: {"code": unit.code, "kind": unit.kind} for unit in test.units}
    named = [fact["unit"] for fact in test.given] + [u for found in test.expect.values() for u in found]
    for code in named:
        units.setdefault(code, {"code": code, "kind": ""})
    return list(units.values())


_SOME = {ParameterUnit.DAY_KIND: 0}


MOST_CIRCLES = 20
"""Circles of parameters that are told of; whoever mends these finds the others."""
MOST_SHOWN = 10
"""Names of a circle that are shown."""


class Checker:
    """Looks through one pack and gathers everything wrong in it."""

    def __init__(
        self,
        sources: Mapping[str, YamlSource],
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
    for fault in faults(fact, kind, whole=False):
        place = (str(fault.field),) if fault.field in fact else ()
        yield N_("dữ kiện “%(kind)s”: %(fault)s"), {"kind": kind.name, "fault": fault}, place
