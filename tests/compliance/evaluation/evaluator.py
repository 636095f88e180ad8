"""A second opinion: the rule language read straight from its YAML, in plain Python.

Written apart from the product's models, compiler and engine, and sharing nothing with them, so that the two can
be held against each other. Slow and simple on purpose: the shortfall is found by trying every number.
"""

from __future__ import annotations

import operator
import re
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

COMPARE = {
    "equals": operator.eq,
    "differs_from": operator.ne,
    "at_least": operator.ge,
    "more_than": operator.gt,
    "at_most": operator.le,
    "less_than": operator.lt,
}
TEXTS, FLAGS = {"word", "sent_on", "since"}, {"flag", "by_head", "ended"}


@dataclass(frozen=True)
class Opinion:
    """What is said of a rule and a unit; of single things, which fail and which are not yet due."""

    status: str
    shortfall: int | None
    failing: frozenset[str] = frozenset()
    pending: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Matter:
    """All that is known: the rules' parameters as written, facts, and the day on which a month is looked at."""

    parameters: dict[str, Any]
    facts: list[dict[str, Any]]
    as_of: date
    period_first: date
    period_last: date


def second_opinion(
    pack: dict[str, Any],
    parameters: dict[str, Any],
    rules: list[Any],
    facts: list[Any],
    units: list[Any],
    as_of: date = date(2024, 7, 1),
    period_last: date = date(2024, 6, 30),
) -> dict[tuple[str, str], Opinion]:
    """An opinion for every rule and unit. `parameters` are name: value, as written."""
    matter = Matter(parameters, facts, as_of, period_last.replace(day=1), period_last)
    opinions: dict[tuple[str, str], Opinion] = {}
    for rule in rules:
        for unit in units:
            if "escalates" not in rule:
                opinions[rule["id"], unit["code"]] = _opinion(pack, rule, matter, unit)
    ordinary = dict(opinions)
    for rule in rules:
        for unit in units:
            if "escalates" in rule:
                opinions[rule["id"], unit["code"]] = _escalation(pack, rule, matter, unit, ordinary)
    return opinions


def _opinion(pack: dict[str, Any], rule: dict[str, Any], matter: Matter, unit: Any) -> Opinion:
    if not (_in_scope(pack.get("scope"), unit) and _in_scope(rule.get("scope"), unit)):
        return Opinion("not_applicable", None)
    each = rule["judge"]["each"]
    if each != "unit":
        things = [fact for fact in matter.facts if fact["kind"] == each and fact["unit"] == unit["code"]]
        return _of_things({thing["subject"]: _thing(rule, matter, thing) for thing in things})
    figures = {
        f"{fact['kind']}.{name}": value
        for fact in matter.facts
        if fact["unit"] == unit["code"] and "subject" not in fact
        for name, value in fact.items()
    }
    early = _before_judging(rule, figures, matter.parameters)
    if "count" in rule:
        return _count(rule["count"], figures, matter, early)
    if early is not None:
        return Opinion(early.replace("excluded", "not_applicable"), None)
    if "fails_when" in rule:
        return Opinion("fail" if _holds(rule["fails_when"], figures, matter.parameters) else "pass", None)
    return _rate(rule, figures, matter.parameters, _came_later(rule["rate"], matter, unit))


def _came_later(rate: dict[str, Any], matter: Matter, unit: Any) -> int:
    """What came later than at once, by no more working days than the rate allows."""
    if "later" not in rate:
        return 0
    kind, counts = rate["later"]["of"].split(".")
    days, within = rate["later"]["days"].split(".")[1], rate["later"]["within"]
    allowed = matter.parameters.get(within, within)
    own = [fact for fact in matter.facts if fact["kind"] == kind and fact["unit"] == unit["code"]]
    return sum(fact[counts] for fact in own if fact[days] <= allowed)


def _before_judging(rule: dict[str, Any], figures: dict[str, Any], parameters: dict[str, Any]) -> str | None:
    if "applies_when" in rule and not _holds(rule["applies_when"], figures, parameters):
        return "excluded"
    if "no_data_when" in rule and _holds(rule["no_data_when"], figures, parameters):
        return "no_data"
    if "pending_when" in rule and _holds(rule["pending_when"], figures, parameters):
        return "pending"
    return None


def _rate(rule: dict[str, Any], figures: dict[str, Any], parameters: dict[str, Any], later: int = 0) -> Opinion:
    rate = rule["rate"]
    counted, among = _sum(rate["count"], figures) + later, _sum(rate["among"], figures)
    unknown = _sum(rate["unknown"], figures) if "unknown" in rate else 0
    if unknown and Fraction(unknown, unknown + among) >= Fraction(parameters.get("too unknown", 1)):
        return Opinion("no_data", None)
    if among == 0:
        expected = _sum(rate["expects"], figures) if "expects" in rate else 0
        return Opinion("no_data" if expected else "not_applicable", None)
    ((comparison, threshold),) = rule["target"].items()
    if "." in threshold and "%" not in threshold:
        target = Fraction(figures.get(threshold, 0), 100)
    else:
        target = _share(threshold if "%" in threshold else parameters[threshold])
    reached = COMPARE[comparison]
    if reached(Fraction(counted, among), target):
        return Opinion("pass", 0)
    direction = 1 if comparison in ("at_least", "more_than") else -1
    needed = counted
    while 0 <= needed <= among or (direction < 0 and needed > among):
        if reached(Fraction(needed, among), target):
            return Opinion("fail", abs(needed - counted))
        needed += direction
    return Opinion("fail", None)


def _count(count: dict[str, Any], figures: dict[str, Any], matter: Matter, early: str | None) -> Opinion:
    if early in ("excluded", "no_data"):
        return Opinion("no_data" if early == "no_data" else "not_applicable", None)
    ((comparison, number),) = ((name, value) for name, value in count.items() if name != "of")
    number = matter.parameters.get(number, number)
    counted = _sum(count["of"], figures)
    direction = 1 if comparison in ("at_least", "more_than") else -1
    needed = counted
    while needed >= 0 and not COMPARE[comparison](needed, number):
        needed += direction
    shortfall = abs(needed - counted) if needed >= 0 else None
    reached = needed == counted
    if early == "pending" or (not reached and direction > 0 and matter.as_of <= matter.period_last):
        return Opinion("pending", shortfall)
    return Opinion("pass" if reached else "fail", shortfall)


# --- single things --------------------------------------------------------------------------------------------


def _thing(rule: dict[str, Any], matter: Matter, thing: dict[str, Any]) -> str:
    figures = {f"{thing['kind']}.{name}": value for name, value in thing.items()}
    early = _before_judging(rule, figures, matter.parameters)
    if early is not None:
        return early
    if "fails_when" in rule:
        return "fail" if _holds(rule["fails_when"], figures, matter.parameters) else "pass"
    if "rate" in rule:
        return _rate(rule, figures, matter.parameters).status
    if "clock" in rule:
        clock = rule["clock"]
        counted_in = matter.parameters.get(clock["counted_in"], clock["counted_in"])
        allowed = matter.parameters.get(clock["at_most"], clock["at_most"])
        if figures[clock["used"][counted_in]] > allowed:
            return "fail"
        return "pass" if figures[clock["ended"]] else "pending"
    return _duty(rule["requires"], matter, thing, figures)


def _duty(requires: dict[str, Any], matter: Matter, thing: dict[str, Any], figures: dict[str, Any]) -> str:
    ((kind, required),) = requires.items()
    done = []
    for fact in matter.facts:
        if (fact["kind"], fact["unit"], fact.get("subject")) == (kind, thing["unit"], thing["subject"]):
            own = {f"{kind}.{name}": value for name, value in fact.items()}
            if "where" not in required or _holds(required["where"], own, matter.parameters):
                done.append(own)
    if "within" not in required:
        return "pass" if done else "fail"
    last = _last_day(required["within"], matter.parameters, figures)
    days = [date.fromisoformat(fact[required["done_on"]]) for fact in done]
    if last > matter.period_last:
        return "pending" if not days and matter.as_of <= last else "of another period"
    days = [day for day in days if day <= min(matter.as_of, matter.period_last)]
    first_done = min(days) if days else None
    if last < matter.period_first:
        if first_done is None:
            return "fail"
        return "caught up" if first_done >= matter.period_first else "of another period"
    if first_done is not None:
        return "pass" if first_done <= last else "fail"
    return "fail" if last < matter.as_of else "pending"


def _last_day(within: dict[str, Any], parameters: dict[str, Any], figures: dict[str, Any]) -> date:
    """For days without public holidays near them: only weekends are off."""
    unit = next(name for name in ("working_days", "calendar_days", "days") if name in within)
    days = parameters.get(within[unit], within[unit])
    if unit == "days":
        unit = parameters.get(within["counted_in"], within["counted_in"])
    day = date.fromisoformat(figures[within["after"]])
    if unit == "calendar_days":
        day += timedelta(days=days)
    while unit == "working_days" and days:
        day += timedelta(days=1)
        days -= day.weekday() < 5
    while day.weekday() >= 5:
        day += timedelta(days=1)
    return day


def _of_things(said: dict[str, str]) -> Opinion:
    failing = frozenset(subject for subject, word in said.items() if word == "fail")
    pending = frozenset(subject for subject, word in said.items() if word == "pending")
    kept = sum(word == "pass" for word in said.values())
    shortfall = len(failing) if failing or kept else None
    if failing:
        return Opinion("fail", shortfall, failing, pending)
    if "no_data" in said.values():
        return Opinion("no_data", shortfall, failing, pending)
    if kept or "caught up" in said.values():
        return Opinion("pass", shortfall, failing, pending)
    return Opinion("pending" if pending else "not_applicable", shortfall, failing, pending)


def _escalation(
    pack: dict[str, Any], rule: dict[str, Any], matter: Matter, unit: Any, opinions: dict[tuple[str, str], Opinion]
) -> Opinion:
    if not (_in_scope(pack.get("scope"), unit) and _in_scope(rule.get("scope"), unit)):
        return Opinion("not_applicable", None)
    wanted = rule["escalates"]["rules"]
    needed = matter.parameters.get(rule["escalates"]["periods"], rule["escalates"]["periods"])
    said = {}
    for (name, code), opinion in opinions.items():
        if code == unit["code"] and opinion.status == "fail" and (wanted == "all" or name in wanted):
            earlier = [
                fact["periods"]
                for fact in matter.facts
                if (fact["kind"], fact["unit"], fact.get("subject")) == ("earlier_failure", code, name)
            ]
            said[name] = "fail" if 1 + sum(earlier) >= needed else "pass"
    return _of_things(said)


def _in_scope(scope: dict[str, Any] | None, unit: Any) -> bool:
    if not scope or not (scope.get("kinds") or scope.get("codes")):
        return True
    return unit["kind"] in scope.get("kinds", []) or unit["code"] in scope.get("codes", [])


def _holds(condition: dict[str, Any], figures: dict[str, Any], parameters: dict[str, Any]) -> bool:
    verdicts = []
    for key, value in condition.items():
        if key == "all":
            verdicts.append(all(_holds(part, figures, parameters) for part in value))
        elif key == "any":
            verdicts.append(any(_holds(part, figures, parameters) for part in value))
        elif key == "not":
            verdicts.append(not _holds(value, figures, parameters))
        elif key == "total":
            totals = [value] if isinstance(value, dict) else value
            verdicts += [_adds_up(total, figures, parameters) for total in totals]
        else:
            ((comparison, operand),) = value.items()
            name = key.split(".")[1]
            blank = "" if name in TEXTS else False if name in FLAGS else 0
            verdicts.append(_compares(figures.get(key, blank), comparison, _read(operand, figures), parameters))
    return all(verdicts)


def _read(operand: Any, figures: dict[str, Any]) -> Any:
    """Another field's figure, where the operand names one."""
    if isinstance(operand, list):
        return [_read(one, figures) for one in operand]
    is_field = isinstance(operand, str) and re.fullmatch(r"[a-z]+\.[a-z_]+", operand)
    return figures.get(operand, 0) if is_field else operand


def _adds_up(total: dict[str, Any], figures: dict[str, Any], parameters: dict[str, Any]) -> bool:
    ((comparison, side),) = ((name, value) for name, value in total.items() if name != "of")
    if isinstance(side, list) or (isinstance(side, str) and "." in side):
        side = _sum(side, figures)
    if isinstance(side, str):
        side = parameters[side]
    return bool(COMPARE[comparison](_sum(total["of"], figures), side))


def _compares(figure: Any, comparison: str, operand: Any, parameters: dict[str, Any]) -> bool:
    if comparison == "one_of":
        return any(_compares(figure, "equals", one, parameters) for one in operand)
    if isinstance(figure, int) and not isinstance(figure, bool) and isinstance(operand, str):
        operand = parameters[operand]
    return bool(COMPARE[comparison](figure, operand))


def _sum(fields: str | list[str], figures: dict[str, Any]) -> int:
    return sum(figures.get(field, 0) for field in ([fields] if isinstance(fields, str) else fields))


def _share(text: str) -> Fraction:
    return Fraction(text.rstrip("% ").replace(",", ".")) / 100
