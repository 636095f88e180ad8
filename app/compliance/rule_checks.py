"""Checks of one rule against its pack and the catalogue of facts: what it names must exist and fit."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from app.compliance.conditions import Comparison, Condition, Total
from app.compliance.language import PackInfo, Parameter, ParameterUnit, Rule
from app.compliance.measures import DAY_KINDS, RULE, UNIT, Clock, Requirement, Within
from app.compliance.problems import SENTENCES
from app.compliance.words import is_field, parse_share, unknown_placeholders
from app.compliance.yaml_source import Location
from app.errors import N_
from app.facts import FactField, FactKind

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
                self.condition((*at, name), condition, rule.judge.each)
        if rule.duty is not None:
            self.requirement((*at, "requires", rule.duty[0]), *rule.duty)
        if rule.clock is not None:
            self.clock((*at, "clock"), rule.clock)
        if rule.escalates is not None:
            self.amount((*at, "escalates", "periods"), rule.escalates.periods, {ParameterUnit.COUNT})
        days = rule.answer_within.working_days
        self.amount((*at, "answer_within", "working_days"), days, {ParameterUnit.WORKING_DAYS})
        if rule.evidence is not None and rule.evidence.facts is not None:
            self.thing_kind((*at, "evidence", "facts"), rule.evidence.facts)

    # --- forms

    def rate(self, at: Location) -> None:
        """Its parts are counts; its target is a share, a parameter that says one, or a count of percents."""
        rate, target = self.rule.rate, self.rule.target
        assert rate is not None
        assert target is not None
        for name in ("count", "among", "expects"):
            for field in getattr(rate, name) or ():
                self.counted((*at, "rate", name), field, self.rule.judge.each)
        place = (*at, "target", target.comparison)
        if target.field is not None:
            self.counted(place, target.field, self.rule.judge.each)
        elif parse_share(target.threshold) is None:
            self.parameter(place, target.threshold, {ParameterUnit.SHARE})

    def requirement(self, at: Location, kind_name: str, required: Requirement) -> None:
        """The kind of fact exists and is about the same sort of thing; its fields and days fit."""
        kind = self.thing_kind(at, kind_name)
        judged = self.catalogue.get(self.rule.judge.each) if self.catalogue is not None else None
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
        if required.done_on is not None:
            self.day((*at, "done_on"), required.done_on, kind_name)
        if required.within is not None:
            self.within((*at, "within"), required.within)

    def within(self, at: Location, within: Within) -> None:
        """A span of days after a day of the thing judged."""
        self.day((*at, "after"), within.after, self.rule.judge.each)
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
                self.counted((*at, "used", name.value), field, self.rule.judge.each)
        self.day_kind((*at, "counted_in"), clock.counted_in)
        self.amount((*at, "at_most"), clock.at_most, COUNTED - {ParameterUnit.COUNT})
        ended = self.field((*at, "ended"), clock.ended, self.rule.judge.each)
        if ended is not None and ended.type is not bool:
            self.say((*at, "ended"), N_("“%(name)s” không phải là trường đúng/sai."), name=clock.ended)

    def placeholders(self, at: Location) -> None:
        """A message about a single thing may use what its form gives and any field of the thing."""
        kind = self.catalogue.get(self.rule.judge.each) if self.catalogue is not None else None
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
        if field.type not in (int, str, bool):
            message = N_("chưa so sánh được “%(field)s” (%(type)s).")
            self.say(place, message, field=field.name, type=field.type.__name__)
            return
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
                    type=field.type.__name__,
                )
