"""Why a result is what it is, and other figures of the check, in sentences for the page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from fractions import Fraction
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol

from flask_babel import gettext as _

from app.compliance import messages, wording
from app.compliance.evaluation.evaluate import answer_days, missing, target_share
from app.compliance.messages import ShownFigures
from app.core import errors, facts
from app.core.errors import NP_n
from app.core.periods import Period
from app.rulepacks.compiler import RuleOutcome
from app.rulepacks.conditions import Condition, Quote
from app.rulepacks.language import JudgedAs, Rule, Status
from app.rulepacks.pack import Pack, number_of
from app.rulepacks.sentences import DocumentInfo
from app.web.formats import counted, language, local, show_date, show_datetime, show_number, yes_no

if TYPE_CHECKING:
    from app.compliance.queries import ResultRow, UnitRef


# The single things that facts are about (`FactKind.subject`).
THINGS = {
    "case": NP_n("noun", "hồ sơ"),
    "criterion": NP_n("noun", "tiêu chí"),
    "defect": NP_n("noun", "sai sót của danh mục"),
    "field": NP_n("noun", "lĩnh vực"),
    "officer": NP_n("noun", "cán bộ"),
    "period": NP_n("noun", "kỳ phải nộp"),
    "petition": NP_n("noun", "phản ánh, kiến nghị"),
    "procedure": NP_n("noun", "thủ tục"),
    "publication": NP_n("noun", "bước công bố"),
    "rule": NP_n("noun", "quy tắc"),
    "task": NP_n("noun", "nhiệm vụ"),
}


def noun_of(rule: Rule | None, which: str = "count", number: int = 2) -> str:
    """What the rule counts (`count`), counts among (`among`) or expects (`expects`), beside its number: "giao dịch"."""
    if rule is not None and rule.count is not None:
        return noun_of_field(rule.count.of[0], number)
    names = getattr(rule.rate, which) if rule is not None and rule.rate is not None else ()
    return noun_of_field(names[0], number) if names else ""


def noun_of_field(name: str, number: int = 2) -> str:
    """What a field counts, beside its number."""
    kind_name, _dot, field_name = name.partition(".")
    kind = facts.catalogue().get(kind_name)
    field = kind.field(field_name) if kind else None
    return wording.unit_in_words(field.unit, language(), number) if field else ""


def thing_of(rule: Rule, number: int = 2) -> str:
    """What a rule about single things judges one by one: "hồ sơ"; "việc" where its kind has no word for it."""
    kind = facts.catalogue().get(rule.judge.things)
    subject = kind.subject if kind is not None else rule.judge.things
    return errors.noun(language(), THINGS.get(subject, NP_n("noun", "việc")), number)


NO_VALUES: wording.Parameters = MappingProxyType({})
Details = Mapping[str, Any]
"""What the judgement adds to a thing's own fields (`SubjectResult.details`)."""


def still_to_do(
    rule: Rule,
    failing: int,
    tally: Mapping[str, int],
    behind: Sequence[Details] = (),
    values: wording.Parameters = NO_VALUES,
) -> Iterator[str]:
    """A sentence at a time. `failing` things break the rule; `tally` is how many had each outcome, `behind` the
    details of those that fail, where they are known; `values` the plan's figures of the day."""
    if failing:
        what = thing_of(rule, failing)
        yield _("Còn %(n)s %(noun)s vi phạm; đơn vị đạt khi không còn %(noun)s nào vi phạm.", n=_n(failing), noun=what)
        yield from _put_right(rule, tally, behind, values)
    if waiting := tally.get(RuleOutcome.PENDING, 0):
        yield _("%(n)s %(noun)s chưa đến hạn lúc kiểm tra, nên chưa tính.", n=_n(waiting), noun=thing_of(rule, waiting))
    if caught_up := tally.get(RuleOutcome.CAUGHT_UP, 0):
        yield _(
            "%(n)s %(noun)s còn nợ từ kỳ trước đã làm trong kỳ này, muộn: kỳ trước đã tính, kỳ này không tính nữa.",
            n=_n(caught_up),
            noun=thing_of(rule, caught_up),
        )


def _put_right(
    rule: Rule, tally: Mapping[str, int], behind: Sequence[Details], values: wording.Parameters
) -> Iterator[str]:
    """Which of those that fail can still be put right, as far as the rule's form says."""
    if rule.duty is not None:
        yield from _duty(rule, tally)
    elif rule.clock is not None:
        yield _("Ngày đã dùng quá thì không lấy lại được; bước nào chưa xong thì hoàn thành ngay để không chậm thêm.")
    elif rule.rate is not None:
        yield from _rates(rule, behind)
    elif rule.escalates is not None:
        yield _("Quy tắc nào đạt trở lại ngay trong kỳ này thì không còn bị tính.")
    elif rule.fails_when is not None:
        yield _("Hết vi phạm khi không còn: %(condition)s.", condition=_in_words(rule, rule.fails_when, values))


def _duty(rule: Rule, tally: Mapping[str, int]) -> Iterator[str]:
    assert rule.duty is not None
    if late := tally.get(RuleOutcome.LATE, 0):
        yield _("%(n)s %(noun)s đã làm nhưng sau thời hạn: không sửa lại được.", n=_n(late), noun=thing_of(rule, late))
    if returned := tally.get(RuleOutcome.RETURNED, 0):
        yield _("%(n)s %(noun)s đã làm nhưng bị trả lại, phải làm lại.", n=_n(returned), noun=thing_of(rule, returned))
    absent = tally.get(RuleOutcome.MISSING, 0)
    if absent and not rule.duty[1].is_dated:
        yield _(
            "%(n)s %(noun)s chưa làm; quy tắc không đặt thời hạn cho việc này.",
            n=_n(absent),
            noun=thing_of(rule, absent),
        )
    elif absent:
        yield _(
            "%(n)s %(noun)s đã hết hạn mà chưa thấy ghi việc phải làm: vẫn phải làm ngay, nhưng làm từ nay là muộn; "
            "chỉ đạt nếu đã làm trong hạn mà chưa ghi vào phần mềm.",
            n=_n(absent),
            noun=thing_of(rule, absent),
        )


def _rates(rule: Rule, behind: Sequence[Details]) -> Iterator[str]:
    """What each thing lacks of its own share, added up."""
    lacking = [_lacking(rule, details) for details in behind]
    reachable = [number for number in lacking if number is not None]
    if total := sum(reachable):
        yield _(
            "%(n)s %(noun)s còn sửa được: cộng lại còn thiếu %(total)s.",
            n=_n(len(reachable)),
            noun=thing_of(rule, len(reachable)),
            total=f"{_n(total)} {noun_of(rule, number=total)}".strip(),
        )
    if hopeless := len(lacking) - len(reachable):
        yield _("%(n)s %(noun)s không có cách nào đạt được chỉ tiêu.", n=_n(hopeless), noun=thing_of(rule, hopeless))


def _lacking(rule: Rule, details: Details) -> int | None:
    """How many more (or fewer) a thing needs for its own share; None if no number would do."""
    assert rule.target is not None
    numbers = int(details["numerator"]), int(details["denominator"])
    return missing(rule.target.comparison, Fraction(details["target"]), *numbers)


def lack_of_thing(rule: Rule, outcome: str, details: Details) -> str:
    """What one single thing that breaks a rule lacks, for the column of a list; empty where the record does not say."""
    if outcome == RuleOutcome.LATE:
        return str(_("làm muộn, ngày %(day)s", day=_day(details["done_on"]))) if details.get("done_on") else ""
    if outcome == RuleOutcome.RETURNED:
        return str(_("bị trả lại, hạn %(day)s", day=_day(details["due"])) if details.get("due") else _("bị trả lại"))
    if outcome == RuleOutcome.MISSING:
        return str(_("chưa làm, hạn %(day)s", day=_day(details["due"])) if details.get("due") else _("chưa làm"))
    if "used" in details and "allowed" in details:
        return str(counted("vượt %(n)s ngày", int(details["used"]) - int(details["allowed"])))
    if rule.target is not None and "target" in details:
        lacking = _lacking(rule, details)
        return f"{_n(lacking)} {noun_of(rule, number=lacking)}".strip() if lacking else ""
    return ""


def _day(written: object) -> str:
    return show_date(date.fromisoformat(str(written)))


def _n(number: int) -> str:
    return show_number(number)


class Judged(ShownFigures, Protocol):
    """A result as sentences are made of it."""

    @property
    def status(self) -> Status: ...
    @property
    def reason(self) -> str: ...
    @property
    def shortfall(self) -> int | None: ...
    @property
    def facts(self) -> dict[str, Any]: ...
    @property
    def tally(self) -> Mapping[str, int]: ...
    @property
    def due(self) -> date | None: ...
    @property
    def unknown(self) -> int | None: ...
    @property
    def judged_as(self) -> JudgedAs | None: ...


@dataclass(frozen=True, slots=True)
class FactLine:
    """One figure that a rule read: what it counts, how many, of what."""

    field: str
    words: str
    shown: str
    noun: str


@dataclass(frozen=True, slots=True)
class ParameterLine:
    """A dated figure of a plan: what it is, how much, from which day, in whose words."""

    title: str
    shown: str
    since: date | None
    source: Quote | None


def unit_name(unit: Any) -> str:
    """A unit's name (of a Unit or a UnitRef) in the reader's language, where it has one there."""
    return str(unit.name_en or unit.name) if language() == "en" else str(unit.name)


def fact_rows(kind: facts.FactKind, told: Sequence[facts.Fact]) -> list[tuple[str, str, list[str]]]:
    """Facts of single things, a row each: the thing, whose it is, and what each field says, in the reader's words."""
    return [
        (
            messages.subject_of_fact(fact, kind, language()),
            fact["unit"],
            [messages.figure_in_words(kind.name, field.name, fact[field.name], language()) for field in kind.fields],
        )
        for fact in told
    ]


def subject_name(subject: str, rule: Rule | None) -> str:
    """What the reader calls a single thing that the rule names: "nhiệm vụ III.B.2"."""
    return messages.subject_in_words(subject, rule, language())


def document_number(info: DocumentInfo) -> str:
    """A document's number in the reader's language; empty for one that bears none, as an annex."""
    return wording.document_number(info.number, language()) if info.number else ""


def place_shown(place: str) -> str:
    """Where in a document, in the reader's language: "mục II.5", "bảng chấm điểm"; "section II.5, footnote 4"."""
    return wording.place_in_words(place, language())


def printed_day(info: DocumentInfo) -> str:
    """The day of a document as it is printed, marked where there is no such day; empty for one that bears none."""
    return wording.printed_day(info, language())


def is_count(figures: ShownFigures) -> bool:
    """Whether the value is a number of things, and no share."""
    return figures.denominator is None and figures.numerator is not None


def share_shown(figures: ShownFigures) -> str:
    """The value, rounded for the eye but never onto the target it misses: "34,9%"; a count as a number; a dash where
    there is none."""
    if figures.value is None:
        return "–"
    if is_count(figures):
        return show_number(figures.numerator)
    return wording.percent(figures.value, language(), unlike=figures.target)


def fraction_shown(figures: ShownFigures) -> str:
    """Out of how many: "7 / 20"; empty where nothing is counted."""
    if figures.numerator is None or figures.denominator is None:
        return ""
    return f"{show_number(figures.numerator)} / {show_number(figures.denominator)}"


def target_shown(comparison: str | None, target: Fraction | None, *, counts: bool = False) -> str:
    """What is required: "từ 35% trở lên", or "từ 8 trở lên" of a count."""
    if comparison is None or target is None:
        return "–"
    amount = wording.amount(target, language(), counts=counts)
    return wording.comparison_in_words(comparison, amount, language())


def inside(period: Period) -> str:
    """A period's name within a sentence: "tháng 6/2024", "June 2024"."""
    name = period.label(language())
    return name if language() == "en" else _in_sentence(name)


def until_shown(as_of: datetime) -> str:
    """Up to when figures were counted: midnight is the end of the day before."""
    at = local(as_of)
    if at.time() == time.min:
        return str(_("hết ngày %(day)s", day=show_date(at.date() - timedelta(days=1))))
    return show_datetime(as_of)


def missing_shown(rule: Rule | None, shortfall: int | None, comparison: str | None) -> str:
    """How many are missing, under a heading that says so: "3 giao dịch"."""
    if not shortfall or comparison in ("at_most", "less_than") or (rule is not None and rule.subject is not None):
        return shortfall_shown(rule, shortfall, comparison)
    return f"{show_number(shortfall)} {noun_of(rule, number=shortfall)}".strip()


def shortfall_shown(rule: Rule | None, shortfall: int | None, comparison: str | None) -> str:
    """ "Còn thiếu 3 giao dịch"; empty where nothing is missing or no number would do."""
    if not shortfall:
        return ""
    if rule is not None and rule.subject is not None:
        return str(_("Còn %(n)s %(noun)s vi phạm", n=show_number(shortfall), noun=thing_of(rule, shortfall)))
    noun = noun_of(rule, number=shortfall)
    if comparison in ("at_most", "less_than"):
        return str(_("Vượt %(n)s %(noun)s", n=show_number(shortfall), noun=noun)).strip()
    return str(_("Còn thiếu %(n)s %(noun)s", n=show_number(shortfall), noun=noun)).strip()


def reasons(found: ResultRow, rule: Rule, pack: Pack, behind: Sequence[Mapping[str, Any]], day: date) -> list[str]:
    """Why, a sentence at a time, by the figures of the plan on that day; what is waived is explained as the failure
    that it is, after who excused it."""
    if found.waiver is None:
        return why(found, rule, found.place, pack, behind, day)
    excused = _(
        "Đơn vị được miễn quy tắc này đến hết ngày %(until)s; người quyết định: %(who)s; lý do: %(why)s",
        until=show_date(date.fromisoformat(str(found.waiver["until"]))),
        who=found.waiver["who"],
        why=found.waiver["why"],
    )
    return [excused, *why(replace(found, status=Status.FAIL), rule, found.place, pack, behind, day)]


def why(
    result: Judged,
    rule: Rule,
    unit: UnitRef,
    pack: Pack,
    behind: Sequence[Mapping[str, Any]] = (),
    day: date | None = None,
) -> list[str]:
    """Why the result is what it is, and what it still takes, a sentence at a time; last, where the plan asks for it.
    `behind` are the details of the single things that fail, where they are known; `day` that of the plan's figures."""
    values = pack.parameters.at(day) if day is not None else NO_VALUES
    place = wording.place_in_words(rule.legal_basis.place, language())
    basis = _("Căn cứ: %(place)s, %(plan)s.", place=place, plan=pack.info.title.in_(language()))
    return [*_of_whom(result, rule, unit), *_why(result, rule, unit, pack, behind, values), basis]


def _of_whom(result: Judged, rule: Rule, unit: UnitRef) -> Iterator[str]:
    """Of whom it speaks, where the rule is about the Department as a whole; that it is a remark, where it is one."""
    if result.judged_as is JudgedAs.WHOLE and rule.judge.lead is not None:
        yield _(
            "Đây là con số của cả Sở, cộng từ mọi đơn vị; %(unit)s được xét vì là đơn vị chủ trì.", unit=unit_name(unit)
        )
    elif result.judged_as is JudgedAs.WHOLE:
        yield _("Đây là con số của cả Sở, cộng từ mọi đơn vị.")
    elif result.judged_as is JudgedAs.PART:
        yield _("Chỉ tiêu đặt cho cả Sở và được xét trên tổng của mọi đơn vị; đây là phần của đơn vị trong đó.")
    if result.status is Status.REMARK:
        yield _("Đây là nhận xét, không phải vi phạm của đơn vị: không ai phải giải trình.")


def _why(
    result: Judged,
    rule: Rule,
    unit: UnitRef,
    pack: Pack,
    behind: Sequence[Mapping[str, Any]],
    values: wording.Parameters,
) -> Iterator[str]:
    if result.reason == RuleOutcome.OUT_OF_SCOPE:
        yield _out_of_scope(unit, rule, pack)
    elif result.reason == RuleOutcome.EXCLUDED and rule.applies_when is not None:
        yield _(
            "Quy tắc chỉ áp dụng khi: %(condition)s. Trong kỳ này đơn vị không thuộc trường hợp đó.",
            condition=_in_words(rule, rule.applies_when, values),
        )
        yield from _figures(result, rule.applies_when)
    elif result.reason == RuleOutcome.PENDING:
        yield from _pending(result, rule, values)
    elif result.status is Status.NOT_APPLICABLE:
        yield from _nothing(rule)
    elif result.status is Status.NO_DATA:
        yield from _no_data(result, rule, values)
    elif rule.subject is not None:
        yield from _things(result, rule, behind, values)
    elif rule.count is not None:
        yield from _count(result, rule)
    elif rule.rate is not None:
        yield from _rate(result, rule)
    else:
        yield from _condition(result, rule, values)


def _figures(result: Judged, condition: Condition) -> Iterator[str]:
    """The unit's figures that a condition asks for, where they are known."""
    told = [
        wording.figure_in_words(field, result.facts[field], facts.catalogue(), language())
        for field in dict.fromkeys(condition.fields)
        if field in result.facts
    ]
    if told:
        yield _("Số liệu của đơn vị: %(figures)s.", figures="; ".join(told))


def figures_of_thing(rule: Rule, figures: Mapping[str, Any]) -> str:
    """The figures of one single thing by which a condition found that it breaks the rule, so that it can be found
    again by hand; empty where the rule has no such condition. `figures` are by bare names."""
    if rule.fails_when is None or rule.subject is None:
        return ""
    told = [
        wording.figure_in_words(field, figures[name], facts.catalogue(), language())
        for field in dict.fromkeys(rule.fails_when.fields)
        if (name := field.partition(".")[2]) in figures
    ]
    return str(_("Số liệu: %(figures)s.", figures="; ".join(told))) if told else ""


def due_shown(due: date | None) -> str:
    """Until when something is pending: "hạn 05/07/2024"; empty where no day is known."""
    return "" if due is None else str(_("hạn %(day)s", day=show_date(due)))


def known_shown(rule: Rule | None, denominator: int | None, unknown: int | None) -> str:
    """Of how many the records tell: "biết 12 trên 15 hồ sơ"; empty where they tell of all. Where what is not known is
    counted in other things (steps are known, or cases of which they are not), only that: "chưa rõ 3 hồ sơ"."""
    if not unknown:
        return ""
    if noun_of(rule, "among") != noun_of(rule, "unknown"):
        return str(_("chưa rõ %(n)s %(noun)s", n=show_number(unknown), noun=noun_of(rule, "unknown", unknown)))
    known = denominator or 0
    together = known + unknown
    shown = {"known": show_number(known), "all": show_number(together), "noun": noun_of(rule, "among", together)}
    return str(_("biết %(known)s trên %(all)s %(noun)s", **shown)).strip()


def _pending(result: Judged, rule: Rule, values: wording.Parameters) -> Iterator[str]:
    if result.due is None:
        yield _("Chưa đến hạn: việc phải làm vẫn có thể làm kịp, nên chưa kết luận.")
    else:
        day = show_date(result.due)
        yield _("Chưa đến hạn: việc phải làm còn làm kịp đến hết ngày %(day)s, nên chưa kết luận.", day=day)
    if rule.count is not None:
        yield from _counted(result, rule)
    elif rule.pending_when is not None:
        yield _("Chưa đến hạn khi: %(condition)s.", condition=_in_words(rule, rule.pending_when, values))
        yield from _figures(result, rule.pending_when)


def _count(result: Judged, rule: Rule) -> Iterator[str]:
    yield from _counted(result, rule)
    if result.status is Status.PASS:
        yield _("Đơn vị đạt yêu cầu.")


def _counted(result: Judged, rule: Rule) -> Iterator[str]:
    assert rule.count is not None
    yield _(
        "Đến nay có %(n)s %(noun)s; yêu cầu %(target)s.",
        n=show_number(result.numerator),
        noun=noun_of_field(rule.count.of[0], result.numerator or 0),
        target=target_shown(rule.count.comparison, result.target, counts=True),
    )
    if result.shortfall:
        yield shortfall_shown(rule, result.shortfall, rule.count.comparison) + "."


def _things(
    result: Judged, rule: Rule, behind: Sequence[Mapping[str, Any]], values: wording.Parameters
) -> Iterator[str]:
    yield _(
        "Trong kỳ có %(judged)s %(noun)s được xét, %(kept)s đúng yêu cầu.",
        judged=show_number(result.denominator),
        noun=thing_of(rule, result.denominator or 0),
        kept=show_number(result.numerator),
    )
    yield from still_to_do(rule, result.shortfall or 0, result.tally, behind, values)


def _in_words(rule: Rule, condition: Condition, values: wording.Parameters) -> str:
    return wording.condition_in_words(condition, facts.catalogue(), language(), values, rule.legal_basis.document)


def _out_of_scope(unit: UnitRef, rule: Rule, pack: Pack) -> str:
    if rule.judge.whole is not None and rule.judge.each is None:
        answers = wording.unit_kind_in_words(str(rule.judge.answers), language())
        return str(_("Quy tắc này tính chung cả Sở và chỉ xét %(who)s.", who=answers))
    scope = rule.scope or pack.info.scope
    if scope is not None and scope.codes:
        return str(_("Quy tắc chỉ áp dụng cho các đơn vị: %(codes)s.", codes=", ".join(scope.codes)))
    return str(_("Quy tắc này không áp dụng cho loại đơn vị như %(unit)s.", unit=unit_name(unit)))


def _nothing(rule: Rule) -> Iterator[str]:
    if rule.rate is None or rule.subject is not None:
        yield _("Trong kỳ không có việc nào thuộc đối tượng của quy tắc này.")
        return
    yield _("Trong kỳ đơn vị không phát sinh %(noun)s nào để tính tỷ lệ.", noun=noun_of(rule, "among"))
    if rule.rate.expects:
        yield _("Cũng không có việc nào mà lẽ ra phải ghi nhận, nên không phải là thiếu dữ liệu.")


def _no_data(result: Judged, rule: Rule, values: wording.Parameters) -> Iterator[str]:
    if rule.no_data_when is not None and not (rule.rate is not None and result.denominator == 0):
        yield _("Thiếu dữ liệu khi: %(condition)s.", condition=_in_words(rule, rule.no_data_when, values))
        yield from _figures(result, rule.no_data_when)
        yield _("Đây chưa phải là vi phạm: hãy kiểm tra đơn vị đã cập nhật đủ lên phần mềm chưa.")
        return
    if result.unknown:
        yield _(
            "Chưa kết luận: %(known)s. Phần còn lại đến từ nơi không cho biết điều này; điều chưa rõ không bị tính là "
            "“không”.",
            known=known_shown(rule, result.denominator, result.unknown),
        )
        yield _("Đây không phải là vi phạm: ghi nhận tại đây, hoặc nhập lại tệp có cột này, thì sẽ rõ.")
        return
    expected = (rule.rate.expects or ()) if rule.rate and rule.subject is None else ()
    yield _("Trong kỳ không ghi nhận %(noun)s nào để tính tỷ lệ.", noun=noun_of(rule, "among"))
    for name in expected:
        yield _(
            "Nhưng có %(n)s %(noun)s (%(what)s), nên lẽ ra phải có số liệu.",
            n=show_number(result.facts.get(name)),
            noun=noun_of_field(name, int(result.facts.get(name) or 0)),
            what=_in_sentence(wording.describe(name, facts.catalogue(), language())),
        )
    yield _("Đây chưa phải là vi phạm: hãy kiểm tra đơn vị đã cập nhật đủ lên phần mềm chưa.")


def _condition(result: Judged, rule: Rule, values: wording.Parameters) -> Iterator[str]:
    assert rule.fails_when is not None
    yield _("Quy tắc bị vi phạm khi: %(condition)s.", condition=_in_words(rule, rule.fails_when, values))
    yield from _figures(result, rule.fails_when)
    if result.status in (Status.FAIL, Status.REMARK):
        yield _("Số liệu của đơn vị đúng vào trường hợp đó.")
    else:
        yield _("Số liệu của đơn vị không rơi vào trường hợp đó.")


def _rate(result: Judged, rule: Rule) -> Iterator[str]:
    assert rule.target is not None
    comparison = rule.target.comparison
    yield _(
        "Có %(numerator)s trên %(denominator)s %(noun)s, tức %(value)s; yêu cầu %(target)s.",
        numerator=show_number(result.numerator),
        denominator=show_number(result.denominator),
        noun=noun_of(rule, "among", result.denominator or 0),
        value=share_shown(result),
        target=target_shown(comparison, result.target),
    )
    if result.unknown:
        yield _(
            "Chỉ tính trên những gì đã biết (%(known)s); điều chưa rõ không bị tính là “không”.",
            known=known_shown(rule, result.denominator, result.unknown),
        )
    if result.status is not Status.FAIL:
        yield _("Đơn vị đạt yêu cầu.")
        return
    if comparison == "more_than" and result.value == result.target:
        yield _("Bằng đúng chỉ tiêu thì chưa đạt, vì văn bản ghi “trên”.")
    if result.shortfall is None:
        yield _("Với số phát sinh trong kỳ thì không có cách nào đạt được chỉ tiêu này.")
    else:
        yield shortfall_shown(rule, result.shortfall, comparison) + _(", nếu tổng số vẫn như vậy.")


def _in_sentence(words: str) -> str:
    """A description inside a sentence: its first letter small."""
    return words[:1].lower() + words[1:]


def fact_lines(figures: Mapping[str, Any]) -> list[FactLine]:
    """The figures that a rule read, each in words, a whole before its parts."""
    catalogue = facts.catalogue()
    order = [f"{kind.name}.{field.name}" for kind in catalogue.values() for field in kind.fields]
    return [
        FactLine(
            name,
            wording.describe(name, catalogue, language()),
            _points(name, figures[name]) or _shown(figures[name]),
            str(_("điểm")) if _points(name, figures[name]) else noun_of_field(name, _whole(figures[name])),
        )
        for name in sorted(figures, key=lambda name: order.index(name) if name in order else len(order))
    ]


def _points(name: str, value: object) -> str:
    """Points that are counted in hundredths, as points; empty for anything else."""
    kind_name, _dot, field_name = name.partition(".")
    kind = facts.catalogue().get(kind_name)
    field = kind.field(field_name) if kind else None
    if field is None or field.unit != facts.HUNDREDTHS or not isinstance(value, int):
        return ""
    return wording.points_in_words(value, language())


def _whole(value: object) -> int:
    return value if isinstance(value, int) else 2


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return yes_no(value)
    return show_number(value) if isinstance(value, int) else str(value)


def parameters_of(pack: Pack, rule: Rule, day: date) -> list[ParameterLine]:
    """The dated figures of the plan that the rule uses, as they are on the day."""
    values = pack.parameters.at(day)
    return [
        ParameterLine(
            pack.parameters[name].title.in_(language()),
            wording.parameter_in_words(values[name], language()),
            values[name].since,
            values[name].source,
        )
        for name in rule.names
        if name in values
    ]


def requirement(rule: Rule, pack: Pack, day: date) -> str:
    """What the rule requires on the day, in a few words."""
    values = pack.parameters.at(day)
    if rule.target is not None:
        return target_shown(rule.target.comparison, target_share(rule.target, values))
    if rule.count is not None:
        number = Fraction(number_of(rule.count.number, values))
        return target_shown(rule.count.comparison, number, counts=True)
    return "–"


def days_to_answer(rule: Rule, pack: Pack, day: date) -> int:
    """Working days in which a violation must be answered."""
    return answer_days(rule, pack.parameters.at(day))
