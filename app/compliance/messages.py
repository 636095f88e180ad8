"""What is said of a verdict, in Vietnamese and English: a rule's own sentence with the figures of a result, or of one
single thing; and what the thing is called."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from functools import lru_cache
from string import Formatter
from typing import Any, Protocol

from app.compliance.evaluation.evaluate import missing
from app.compliance.evaluation.results import SubjectResult
from app.compliance.wording import (
    amount,
    count_in_words,
    exact_percent,
    percent,
    points_in_words,
    text_in_words,
    value_in_words,
)
from app.core import facts
from app.core.errors import N_, in_language
from app.core.periods import Period
from app.core.subjects import TaskName, left_by, read_criterion, read_for_period, read_left, read_step
from app.rulepacks.conditions import RULE
from app.rulepacks.language import JudgedAs, Rule


class ShownFigures(Protocol):
    """The figures of a result, of a violation, or of one sighting of it."""

    @property
    def numerator(self) -> int | None: ...
    @property
    def denominator(self) -> int | None: ...
    @property
    def value(self) -> Fraction | None: ...
    @property
    def target(self) -> Fraction | None: ...


class ToldFigures(ShownFigures, Protocol):
    """Those that a sentence about a result may say."""

    @property
    def shortfall(self) -> int | None: ...
    @property
    def figures(self) -> Mapping[str, Any]: ...
    @property
    def judged_as(self) -> JudgedAs | None: ...


def render_message(
    rule: Rule,
    result: ToldFigures,
    unit_name: str,
    period: str,
    locale: str = "vi",
    thing: SubjectResult | None = None,
    head: str = "",
) -> str:
    """The rule's message with the result's figures, or with those of one single thing; `period` is the period's
    label, `head` the name of the unit's head. A figure that is not there is said to be none. What is said of the
    Department as a whole, or of a unit's own part of it, says so first."""
    message = rule.message.in_(locale)
    words = {"unit": unit_name, "period": period, "head": head or absent_in_words("head", locale)}
    for name in _placeholders(message):
        if name not in words:
            word = _total(name, rule, result, locale) if thing is None else _of_thing(name, rule, thing, locale)
            words[name] = word or _of_figures(name, result.figures, locale) or absent_in_words(name, locale)
    return judged_as_in_words(result.judged_as, message.format_map(words), locale)


_JUDGED_AS = {
    JudgedAs.WHOLE: N_("Tính chung cả Sở: %s"),
    JudgedAs.PART: N_("Phần của đơn vị trong chỉ tiêu của Sở: %s"),
}


def judged_as_in_words(judged_as: JudgedAs | None, sentence: str, locale: str) -> str:
    """The sentence, after saying of whom it speaks where the rule is about the Department as a whole."""
    if judged_as is None:
        return sentence
    return in_language(locale, _JUDGED_AS[judged_as]) % (sentence[:1].lower() + sentence[1:])


_ABSENT = {
    "done_on": N_("chưa có"),
    "due": N_("không có"),
    "head": N_("chưa ghi tên"),
    "shortfall": N_("không tính được"),
    "target": N_("chưa đặt"),
    "value": N_("chưa tính được"),
}


def absent_in_words(name: str, locale: str = "vi") -> str:
    """What a message says of a figure that is not there, by its name: a day that has not come is not a dash."""
    return in_language(locale, _ABSENT.get(name, N_("không có")))


@lru_cache(maxsize=1024)
def _placeholders(message: str) -> frozenset[str]:
    """What the message says in {braces}: only this is put into words."""
    return frozenset(name for _text, name, _spec, _conversion in Formatter().parse(message) if name)


def _total(name: str, rule: Rule, result: ToldFigures, locale: str) -> str | None:
    """A number of a result in words; None if there is none of that name."""
    counts = rule.count is not None
    if name == "target":
        return None if result.target is None else amount(result.target, locale, counts=counts)
    if name == "value":
        if result.value is None:
            return None
        return amount(result.value, locale, counts=True) if counts else percent(result.value, locale, result.target)
    if name in ("numerator", "denominator", "shortfall"):
        number: int | None = getattr(result, name)
        return None if number is None else count_in_words(number, locale)
    return None


def _own_rate(rule: Rule, thing: SubjectResult, locale: str) -> dict[str, str]:
    """The share of a single thing in words, where that is what the rule judges."""
    if rule.target is None or "target" not in thing.details:
        return {}
    numerator, denominator = int(thing.details["numerator"]), int(thing.details["denominator"])
    target = Fraction(thing.details["target"])
    value = Fraction(numerator, denominator) if denominator else None
    lacking = missing(rule.target.comparison, target, numerator, denominator)
    return {
        "target": exact_percent(target, locale),
        "value": percent(value, locale, target) if value is not None else absent_in_words("value", locale),
        "shortfall": absent_in_words("shortfall", locale) if lacking is None else count_in_words(lacking, locale),
    }


_OWN_RATE = frozenset(("target", "value", "shortfall"))


def _of_thing(name: str, rule: Rule, thing: SubjectResult, locale: str) -> str | None:
    """What the judgement says of a thing by that name, else its own figure, in words; None if it has neither."""
    if name == "subject":
        return subject_in_words(thing.subject, rule, locale)
    details = thing.details
    if name not in details:
        if name in _OWN_RATE and "numerator" in details:
            return _own_rate(rule, thing, locale).get(name)
        figure = thing.figures.get(name)
        if type(figure) is int:
            return figure_in_words(str(rule.subject), name, figure, locale)
        return None if figure in (None, "") else figure_in_words(str(rule.subject), name, figure, locale)
    if name == "target" and rule.target is not None:
        return _own_rate(rule, thing, locale)[name]
    if name == "title" and "title_en" in details:
        return str(details["title_en" if locale.startswith("en") else "title"])
    if name == "periods":
        return _periods_in_words(str(details[name]), locale)
    return value_in_words(details[name], locale) if details[name] not in ("", None) else None


def subject_in_words(subject: str, rule: Rule | None, locale: str) -> str:
    """What people call a single thing that the rule names: "Tháng 6/2024" for the period of a report, "nhiệm vụ
    III.B.2", "CB-35 (Văn phòng Sở)", "BG-5.3" for a rule; a case by its code, what else there is as facts name it."""
    named = (rule.named if rule is not None else None) or ""
    kind = facts.catalogue().get(named)
    return _thing_in_words(subject, kind.subject if kind is not None else named, kind, locale)


def subject_of_fact(fact: facts.Fact, kind: facts.FactKind, locale: str) -> str:
    """What people call the single thing that a fact of that kind is about."""
    if kind.subject == RULE:  # where many are listed, of which plan each is
        pack, _slash, rule = fact[facts.SUBJECT].rpartition("/")
        return f"{rule.upper()} ({pack})" if pack else rule.upper()
    return _thing_in_words(fact[facts.SUBJECT], kind.subject, kind, locale)


def _thing_in_words(subject: str, what: str, kind: facts.FactKind | None, locale: str) -> str:
    if left := read_left(subject):
        return left_by(_thing_in_words(left[0], what, kind, locale), left[1])
    match what:
        case "period":  # what a unit that is gone left undone bears its code
            key, _space, of_whom = subject.partition(" ")
            return " ".join(filter(None, (key if key.isdecimal() else period_in_words(key, locale), of_whom)))
        case "publication" if "/" in subject:
            code, step = read_step(subject)
            return f"{code} ({text_in_words(step, kind.field('step') if kind is not None else None, locale)})"
        case "task":  # a warning of a task is for a period
            key, task = read_for_period(subject)
            period = period_in_words(key, locale) if key else ""
            return ", ".join(
                filter(None, (_task(task, locale), period[:1].lower() + period[1:] if locale == "vi" else period))
            )
        case "criterion":
            return in_language(locale, "tiêu chí %(number)s", number=read_criterion(subject)[1])
        case "field":
            return in_language(locale, "lĩnh vực %(number)s", number=read_criterion(subject)[1])
        case other:
            return subject.upper() if other == RULE else subject


def _task(name: str, locale: str) -> str:
    """A task by its number in its plan's annex, and its row where a number repeats ("bg-2024/4#36/LDVL")."""
    task = TaskName.read(name)
    if task is None:
        return name
    if task.row is not None:
        return in_language(locale, "nhiệm vụ %(number)s, dòng %(row)s", number=task.number, row=str(task.row))
    return in_language(locale, "nhiệm vụ %(number)s", number=task.number)


def _of_figures(name: str, figures: Mapping[str, object], locale: str) -> str | None:
    """A figure that the rule read of the unit, in words; None if there is none of that name."""
    fields = [field for field in figures if field.partition(".")[2] == name]
    return figure_in_words(fields[-1].partition(".")[0], name, figures[fields[-1]], locale) if fields else None


def remark_in_words(
    rule: Rule,
    figures: Mapping[str, object],
    unit_name: str,
    period: str,
    locale: str,
    thing: SubjectResult | None = None,
) -> str:
    """What the rule remarks on: a single thing, or the unit's own `figures`. A figure that is not there is a dash."""
    message = rule.message.in_(locale)
    words = {"unit": unit_name, "period": period}
    for name in _placeholders(message).difference(words):
        word = _of_thing(name, rule, thing, locale) if thing is not None else None
        words[name] = word or _of_figures(name, figures, locale) or absent_in_words(name, locale)
    return message.format_map(words)


@lru_cache(maxsize=256)
def period_in_words(key: str, locale: str) -> str:
    """A period's label by its key: "Tháng 6/2024"."""
    return Period.parse(key).label(locale)


@lru_cache(maxsize=1024)
def _periods_in_words(listed: str, locale: str) -> str:
    """The labels of periods that are listed the latest first, in the order in which they were."""
    return ", ".join(period_in_words(key, locale) for key in reversed(listed.split(", ")))


def figure_in_words(kind: str, name: str, figure: object, locale: str) -> str:
    """A figure of a kind of fact: points counted in hundredths as points, a text by what its word says."""
    if type(figure) is int and name in _in_hundredths(kind):
        return points_in_words(figure, locale)
    known = facts.catalogue().get(kind)
    if known is not None and known.subject == RULE and name == "listed" and figure:
        return ", ".join(period_in_words(key, locale) for key in str(figure).split(", "))
    return text_in_words(figure, known.field(name) if known else None, locale)


@lru_cache(maxsize=64)
def _in_hundredths(kind: str) -> frozenset[str]:
    known = facts.catalogue().get(kind)
    return frozenset(field.name for field in known.fields if field.unit == facts.HUNDREDTHS) if known else frozenset()
