"""Rules and results in words, in Vietnamese and English: for pages, reports and `flask rules explain`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from functools import lru_cache
from typing import TYPE_CHECKING

from babel.numbers import format_decimal

from app.compliance.evaluation.evaluate import answer_days, target_share
from app.core import facts
from app.core.errors import N_, NP_, N_n, NP_n, in_language, in_language_as, noun
from app.rulepacks.conditions import Clock, Comparison, Condition, DayKind, ParameterUnit, Requirement, Total, Within
from app.rulepacks.language import Rule
from app.rulepacks.pack import ParameterValue, day_kind_of, number_of
from app.rulepacks.sentences import NO_SUCH_DAY, DocumentInfo
from app.rulepacks.words import is_field

if TYPE_CHECKING:
    from app.core.facts import FactField, FactKind


MOST_DECIMALS = 6

_COMPARISONS = {
    "at_least": N_("từ %s trở lên"),
    "more_than": N_("trên %s"),
    "at_most": N_("không quá %s"),
    "less_than": N_("dưới %s"),
    "equals": N_("bằng %s"),
    "differs_from": N_("khác %s"),
    "one_of": N_("là một trong: %s"),
}

_BLANK_DAY = re.compile(r"(?P<words>^ngày (?=tháng\b))|^(?=/)")


def exact_percent(share: Fraction, locale: str = "vi") -> str:
    """A share that was written as a percentage, as it was written: "35%", "87,25%"."""
    return _rounded(share, MOST_DECIMALS, locale)


def percent(share: Fraction, locale: str = "vi", unlike: Fraction | None = None) -> str:
    """A share as a percentage rounded to one decimal: "35%", "34,9%".

    Rounding must not make a share look like the target it misses: with `unlike`, decimals are added until they
    differ (34,996 % against 35 % is never shown as 35 %).
    """
    for places in range(1, MOST_DECIMALS + 1):
        text = _rounded(share, places, locale)
        if unlike is None or share == unlike or text != _rounded(unlike, places, locale):
            return text
    return text


def _rounded(share: Fraction, places: int, locale: str) -> str:
    return _percentage(*share.as_integer_ratio(), places, locale)


@lru_cache(maxsize=4096)
def _percentage(numerator: int, denominator: int, places: int, locale: str) -> str:
    """A share by its two numbers, which are found again much faster than the share is."""
    exact = Decimal(numerator * 100) / Decimal(denominator)
    rounded = exact.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
    return _number(rounded, locale) + "%"


@lru_cache(maxsize=4096)
def _number(value: int | Decimal, locale: str) -> str:
    """As the language writes it; remembered, because Babel takes its time and a page has thousands."""
    return format_decimal(value, "#,##0.######", locale="en" if locale.startswith("en") else "vi")


def comparison_in_words(comparison: str, value: str, locale: str = "vi") -> str:
    """ "từ 35% trở lên", "more than 35%"."""
    return in_language(locale, _COMPARISONS[comparison]) % value


def count_in_words(count: int | None, locale: str = "vi") -> str:
    """A count with its thousands marked; a dash where there is none."""
    return "–" if count is None else _number(count, locale)


def points_in_words(hundredths: int, locale: str) -> str:
    """Points that are counted in hundredths: 250 as "2,5"."""
    return _number(Decimal(hundredths) / 100, locale)


def document_number(number: str, locale: str = "vi") -> str:
    """The number of a document as drafts are cited: "3049/QĐ-UBND"; one whose number is blank in the copy at hand,
    printed "/QĐ-SLĐTBXH", as "…/QĐ-SLĐTBXH (bản chưa ghi số)"."""
    before, slash, after = (part.strip() for part in number.partition("/"))
    if before or not slash:
        return f"{before}{slash}{after}"
    return f"…/{after} (" + in_language(locale, "bản chưa ghi số") + ")"


def printed_day(info: DocumentInfo, locale: str = "vi") -> str:
    """The day of a document as it is printed, an ellipsis where it is blank: "ngày … tháng 8 năm 2024", "…/01/2024";
    with a mark where there is no such day. Empty for a document that bears none."""
    if info.printed_date is None:
        return ""
    printed = _BLANK_DAY.sub(lambda blank: "ngày … " if blank["words"] else "…", info.printed_date.strip())
    return " ".join((printed, in_language(locale, NO_SUCH_DAY))) if info.date_is_impossible else printed


_PLACES = (
    NP_("place", "Phụ lục"),
    NP_("place", "Tiêu chí"),
    NP_("place", "Lĩnh vực"),
    NP_("place", "Bảng chấm điểm"),
    NP_("place", "chú thích"),
)


def place_in_words(place: str, locale: str = "vi") -> str:
    """A place in a document within a sentence: "mục II.5", "phụ lục III.B.2"; "section II.5", "annex III.B.2"."""
    named = next((word for word in _PLACES if place.startswith(word)), None)
    if locale.startswith("en"):
        for word in _PLACES:
            place = place.replace(word, in_language_as("en", "place", word))
    elif named:
        place = f"{place[:1].lower()}{place[1:]}"
    return place if named else in_language(locale, "mục %(place)s", place=place)


def source_of(parameter: ParameterValue | None, locale: str) -> str:
    """Where a target's figure comes from: the place in the document, and since when it holds."""
    if parameter is None:
        return ""
    if parameter.source is None or parameter.since is None:
        return " " + in_language(locale, "(giá trị giả định)")
    since, place = f"{parameter.since:%d/%m/%Y}", place_in_words(parameter.source.place, locale)
    return " " + in_language(locale, "(%(place)s, từ ngày %(since)s)", place=place, since=since)


UNITS = (
    NP_n("noun", "báo cáo"),
    NP_n("noun", "bước xử lý"),
    NP_n("noun", "bậc"),
    NP_n("noun", "cuộc đối thoại"),
    NP_n("noun", "danh mục"),
    NP_n("noun", "giao dịch"),
    NP_n("noun", "hồ sơ"),
    NP_n("noun", "kết quả"),
    NP_n("noun", "kỳ"),
    NP_n("noun", "lần kiểm tra"),
    NP_n("noun", "ngày"),
    NP_n("noun", "ngày làm việc"),
    NP_n("noun", "nhiệm vụ"),
    NP_n("noun", "phiếu"),
    NP_n("noun", "phản ánh, kiến nghị"),
    NP_n("noun", "quý"),
    NP_n("noun", "quyết định"),
    NP_n("noun", "thông tin"),
    NP_n("noun", "thủ tục"),
    NP_n("noun", "thủ tục nội bộ"),
    NP_n("noun", "tin, bài"),
    NP_n("noun", "tiêu chí"),
    NP_n("noun", "văn bản"),
    NP_n("noun", "đơn vị"),
    NP_n("noun", "đợt khảo sát"),
)
"""What facts count and measure, in words, beside shares in % and points counted in hundredths."""


def unit_in_words(unit: str, locale: str = "vi", number: int = 2) -> str:
    """What is counted: "giao dịch"; "payment" or "payments". Points, though they are counted in hundredths, are
    points."""
    return noun(locale, NP_n("noun", "điểm") if unit == facts.HUNDREDTHS else unit, number) if unit else ""


def amount_in_words(number: int, unit: str, locale: str = "vi") -> str:
    """A number with what it counts: "7 giao dịch", "80%", "2,5 điểm"."""
    if unit == "%":
        return f"{count_in_words(number, locale)}%"
    shown = points_in_words(number, locale) if unit == facts.HUNDREDTHS else count_in_words(number, locale)
    one = 100 if unit == facts.HUNDREDTHS else 1
    return f"{shown} {unit_in_words(unit, locale, 1 if number == one else 2)}".strip()


def _field_of(field: str, catalogue: Mapping[str, FactKind]) -> FactField | None:
    kind_name, _, name = field.partition(".")
    kind = catalogue.get(kind_name)
    return kind.field(name) if kind else None


def describe(field: str, catalogue: Mapping[str, FactKind], locale: str = "vi") -> str:
    """What a field says, in words; its name where the catalogue does not know it."""
    found = _field_of(field, catalogue)
    return found.description(locale) if found else field


def named(fields: Iterable[str], catalogue: Mapping[str, FactKind], locale: str = "vi") -> str:
    """Fields in words, added up."""
    return " + ".join(describe(field, catalogue, locale) for field in fields)


def _quoted(fields: Iterable[str], catalogue: Mapping[str, FactKind], locale: str) -> str:
    """Fields within a sentence, added up: what each says stands in quotation marks, without what its description adds
    after a semicolon for whoever reads the rule."""
    told = (describe(field, catalogue, locale).partition(";")[0] for field in fields)
    return " + ".join(f"“{words}”" for words in told)


def figure_in_words(field: str, value: object, catalogue: Mapping[str, FactKind], locale: str = "vi") -> str:
    """What a field says, as above, and what it is: "Báo cáo tháng đã nộp cho kỳ này: 0 báo cáo"."""
    found = _field_of(field, catalogue)
    told = describe(field, catalogue, locale).partition(";")[0]
    if type(value) is int:
        return f"{told}: {amount_in_words(value, found.unit if found else '', locale)}"
    return f"{told}: {text_in_words(value, found, locale)}"


_DAY = re.compile(r"(\d{4})-(\d{2})-(\d{2})")


@lru_cache(maxsize=4096, typed=True)
def value_in_words(figure: object, locale: str) -> str:
    """A value as people write it: a count, yes or no, a day as dd/mm/yyyy; a text as it is."""
    if isinstance(figure, bool):
        return in_language_as(locale, "rule", "có") if figure else in_language_as(locale, "rule", "không")
    if isinstance(figure, int):
        return count_in_words(figure, locale)
    day = _DAY.fullmatch(str(figure))
    return f"{day[3]}/{day[2]}/{day[1]}" if day else str(figure)


def text_in_words(value: object, field: FactField | None, locale: str) -> str:
    if field is not None and value in field.words:
        return field.word(str(value), locale)
    return value_in_words(value, locale) if value != "" else in_language(locale, "chưa ghi")


def _plain_comparison(comparison: Comparison, locale: str) -> str:
    """In plain words whether something is recorded, or true; empty for any other comparison."""
    (operand, *others) = comparison.operands
    if others or comparison.operator not in ("equals", "differs_from"):
        return ""
    same = comparison.operator == "equals"
    if operand == "":
        return in_language(locale, "chưa ghi") if same else in_language(locale, "đã ghi")
    if isinstance(operand, bool):
        return in_language(locale, "là “có”") if operand == same else in_language(locale, "là “không”")
    return ""


def condition_in_words(
    condition: Condition,
    catalogue: Mapping[str, FactKind],
    locale: str = "vi",
    parameters: Mapping[str, ParameterValue] | None = None,
    own: str = "",
) -> str:
    """A condition as one phrase, groups in parentheses, parameters by their values. `own` is the code of the document
    whose rule this is: a thing of that document is of this plan."""
    both = " ".join(("", in_language_as(locale, "condition", "và"), ""))
    one = " ".join(("", in_language_as(locale, "condition", "hoặc"), ""))
    contrary = in_language_as(locale, "condition", "không") + " "

    def said(operand: bool | int | str, of: FactField | None) -> str:
        if isinstance(operand, int) and not isinstance(operand, bool):
            return amount_in_words(operand, of.unit if of else "", locale)
        if not isinstance(operand, str):
            return value_in_words(operand, locale)
        if is_field(operand):
            return _quoted([operand], catalogue, locale)
        value = (parameters or {}).get(operand)
        if value is not None and value.unit is ParameterUnit.COUNT:
            return amount_in_words(int(value.value), of.unit if of else "", locale)
        if value is not None:
            return parameter_in_words(value, locale)
        if own and operand == own:
            return in_language(locale, "kế hoạch này")
        if of is not None and of.type is not str:
            return in_language(locale, "mức mà kế hoạch đặt")
        return text_in_words(operand, of, locale)

    def compared(field: str, comparison: Comparison) -> str:
        if plain := _plain_comparison(comparison, locale):
            return f"{_quoted([field], catalogue, locale)} {plain}"
        of = _field_of(field, catalogue)
        operands = ", ".join(said(operand, of) for operand in comparison.operands)
        return f"{_quoted([field], catalogue, locale)} {comparison_in_words(comparison.operator, operands, locale)}"

    def summed(total: Total) -> str:
        of = _field_of(total.of[0], catalogue)
        sides = (total.side,) if isinstance(total.side, int) else total.side
        right = " + ".join(said(side, of) for side in sides)
        return f"{_quoted(total.of, catalogue, locale)} {comparison_in_words(total.operator, right, locale)}"

    def inside(part: Condition) -> str:
        return condition_in_words(part, catalogue, locale, parameters, own)

    parts = [compared(field, comparison) for field, comparison in condition.comparisons.items()]
    parts += [summed(total) for total in condition.total or ()]
    parts += [inside(part) for part in condition.all or ()]
    if condition.any:
        parts.append(f"({one.join(inside(part) for part in condition.any)})")
    if condition.not_ is not None:
        parts.append(f"{contrary}({inside(condition.not_)})")
    return both.join(parts)


def parameter_in_words(parameter: ParameterValue, locale: str = "vi") -> str:
    """A parameter's value with its unit."""
    if parameter.unit is ParameterUnit.SHARE:
        return exact_percent(parameter.value, locale)
    if parameter.unit is ParameterUnit.DAY_KIND:
        return day_kind_in_words(parameter.day_kind, locale)
    number = int(parameter.value)
    if parameter.unit is ParameterUnit.WORKING_DAYS:
        return days_in_words(number, DayKind.WORKING_DAYS, locale)
    if parameter.unit is ParameterUnit.CALENDAR_DAYS:
        return " ".join((str(number), noun(locale, NP_n("calendar", "ngày"), number, "calendar")))
    return in_language(locale, N_n("%(n)s ngày"), n=number) if parameter.unit is ParameterUnit.DAYS else str(number)


def days_in_words(number: int, kind: DayKind, locale: str = "vi") -> str:
    """Days as the kind counts them: "15 ngày làm việc", "1 calendar day"."""
    counted = {DayKind.WORKING_DAYS: N_n("%(n)s ngày làm việc"), DayKind.CALENDAR_DAYS: N_n("%(n)s ngày theo lịch")}
    return in_language(locale, counted[kind], n=number)


def day_kind_in_words(kind: DayKind, locale: str = "vi") -> str:
    """How days are counted."""
    if kind is DayKind.WORKING_DAYS:
        return in_language(locale, "ngày làm việc")
    return in_language(locale, "ngày theo lịch")


Catalogue = Mapping[str, "FactKind"]
Parameters = Mapping[str, ParameterValue]


def amount(value: Fraction, locale: str, *, counts: bool) -> str:
    """The target or value of a result: a count as a number, a share as a percentage as it was written."""
    return count_in_words(int(value), locale) if counts else exact_percent(value, locale)


def explain(
    rule: Rule,
    parameters: Mapping[str, ParameterValue],
    catalogue: Mapping[str, FactKind],
    locale: str = "vi",
) -> tuple[tuple[str, str], ...]:
    """The rule read aloud, line by line (a heading and its words), with the parameters' values of a day and the
    facts by their descriptions."""
    return tuple(_lines(rule, parameters, catalogue, locale))


def _lines(
    rule: Rule,
    parameters: Mapping[str, ParameterValue],
    catalogue: Mapping[str, FactKind],
    locale: str,
) -> Iterator[tuple[str, str]]:
    yield in_language(locale, "Quy tắc"), f"{rule.id} · {rule.title.in_(locale)}"
    basis = rule.legal_basis
    yield in_language(locale, "Căn cứ"), f"{place_in_words(basis.place, locale)}: “{basis.quote}”"
    if rule.note is not None:
        yield in_language(locale, "Ghi chú"), rule.note.in_(locale)
    if rule.judge.whole is not None:
        yield in_language(locale, "Xét"), _whole_in_words(rule, locale)
    if rule.applies_when is not None:
        words = condition_in_words(rule.applies_when, catalogue, locale, parameters, basis.document)
        yield in_language(locale, "Chỉ áp dụng khi"), words
    for heading, condition in (
        (in_language(locale, "Thiếu dữ liệu khi"), rule.no_data_when),
        (in_language(locale, "Chưa đến hạn khi"), rule.pending_when),
    ):
        if condition is not None:
            yield heading, condition_in_words(condition, catalogue, locale, parameters, basis.document)
    yield from form_in_words(rule, parameters, catalogue, locale)
    if rule.subject is not None:
        yield in_language(locale, "Đạt khi"), _kept_when(rule, locale)
    if rule.is_remark:
        yield (
            in_language(locale, "Nếu không đạt"),
            in_language(locale, "là nhận xét, không ai phải giải trình"),
        )
    else:
        days = answer_days(rule, parameters)
        yield (
            in_language(locale, "Thời hạn trả lời"),
            in_language(locale, N_n("%(n)s ngày làm việc"), n=days),
        )
    yield in_language_as(locale, "rule", "Cách khắc phục"), rule.remedy.in_(locale)


def _whole_in_words(rule: Rule, locale: str) -> str:
    """Who is judged by a rule about the Department as a whole."""
    whole = in_language(locale, "cả Sở, trên tổng của mọi đơn vị")
    if rule.judge.lead is not None:
        lead = unit_kind_in_words(rule.judge.lead, locale)
        whole += " " + in_language(locale, "(xét %(lead)s, đơn vị chủ trì)", lead=lead)
    if rule.judge.each is None:
        return whole
    return whole + "; " + in_language(locale, "bên cạnh đó là phần của từng đơn vị")


_UNIT_KINDS = {
    "department": NP_("unit", "Sở"),
    "office": NP_("unit", "Văn phòng Sở"),
    "inspectorate": NP_("unit", "Thanh tra Sở"),
    "division": NP_("unit", "phòng chuyên môn"),
    "attached": NP_("unit", "đơn vị trực thuộc"),
}


def unit_kind_in_words(kind: str, locale: str) -> str:
    """A kind of unit, within a sentence."""
    return in_language_as(locale, "unit", _UNIT_KINDS[kind])


def form_in_words(
    rule: Rule, parameters: Parameters, catalogue: Catalogue, locale: str = "vi"
) -> Iterator[tuple[str, str]]:
    """What the rule judges by, line by line."""
    if rule.rate is not None:
        yield from _rate(rule, parameters, catalogue, locale)
    elif rule.count is not None:
        yield in_language(locale, "Đếm"), named(rule.count.of, catalogue, locale)
        number = number_of(rule.count.number, parameters)
        words = comparison_in_words(rule.count.comparison, count_in_words(number, locale), locale)
        yield (
            in_language_as(locale, "rule", "Yêu cầu"),
            words + source_of(parameters.get(str(rule.count.number)), locale),
        )
    elif rule.fails_when is not None:
        yield (
            in_language(locale, "Vi phạm khi"),
            condition_in_words(rule.fails_when, catalogue, locale, parameters, rule.legal_basis.document),
        )
    elif rule.duty is not None:
        yield from _duty(*rule.duty, parameters, catalogue, locale)
    elif rule.clock is not None:
        yield from _clock(rule.clock, parameters, catalogue, locale)
    elif rule.escalates is not None:
        number = number_of(rule.escalates.periods, parameters)
        rules = ", ".join(rule.escalates.rules) or in_language(locale, "mọi quy tắc của bộ")
        yield (
            in_language(locale, "Vi phạm khi"),
            in_language(
                locale,
                "không đạt cùng một quy tắc từ %(number)s kỳ liên tiếp trở lên (%(rules)s)",
                number=number,
                rules=rules,
            ),
        )


def _kept_when(rule: Rule, locale: str) -> str:
    """What it takes for a unit to keep a rule about single things, and whether one that breaks it can be put right,
    as far as the rule's form says."""
    every = in_language(locale, "mọi việc được xét đều đạt")
    if rule.duty is not None and rule.duty[1].is_dated:
        late = in_language(locale, "làm sau thời hạn vẫn tính là vi phạm")
    elif rule.duty is not None:
        late = in_language(locale, "không đặt thời hạn phải làm")
    elif rule.clock is not None:
        late = in_language(locale, "ngày đã dùng quá thì không lấy lại được")
    elif rule.rate is not None:
        late = in_language(locale, "mỗi việc theo tỷ lệ của riêng nó")
    elif rule.escalates is not None:
        return in_language(
            locale, "không quy tắc nào không đạt nhiều kỳ liên tiếp như vậy; quy tắc đạt trở lại trong kỳ thì thôi tính"
        )
    else:
        late = in_language(locale, "không việc nào còn rơi vào trường hợp vi phạm")
    return f"{every}; {late}"


def _rate(rule: Rule, parameters: Parameters, catalogue: Catalogue, locale: str) -> Iterator[tuple[str, str]]:
    assert rule.rate is not None
    assert rule.target is not None
    yield in_language(locale, "Đếm"), named(rule.rate.count, catalogue, locale)
    if rule.rate.later is not None and (allowed := number_of(rule.rate.later.within, parameters)):
        days = days_in_words(allowed, DayKind.WORKING_DAYS, locale)
        words = f"{named([rule.rate.later.of], catalogue, locale)}, " + in_language(
            locale, "nếu không muộn quá %(days)s", days=days
        )
        yield in_language(locale, "Đếm cả"), words + source_of(parameters.get(str(rule.rate.later.within)), locale)
    yield in_language(locale, "Trong số"), named(rule.rate.among, catalogue, locale)
    if rule.rate.expects:
        heading = in_language(locale, "Phải có ghi nhận khi có")
        yield heading, named(rule.rate.expects, catalogue, locale)
    if rule.rate.unknown:
        yield in_language(locale, "Chưa rõ, không tính"), named(rule.rate.unknown, catalogue, locale)
    share = target_share(rule.target, parameters)
    target = exact_percent(share, locale) if share is not None else named([rule.target.threshold], catalogue, locale)
    words = comparison_in_words(rule.target.comparison, target, locale)
    yield in_language_as(locale, "rule", "Yêu cầu"), words + source_of(parameters.get(rule.target.threshold), locale)


def _duty(
    kind: str, required: Requirement, parameters: Parameters, catalogue: Catalogue, locale: str
) -> Iterator[tuple[str, str]]:
    known = catalogue.get(kind)
    words = known.description(locale) if known else kind
    if required.where is not None:
        words += (
            ", "
            + in_language(locale, "trong đó:")
            + " "
            + condition_in_words(required.where, catalogue, locale, parameters)
        )
    yield in_language(locale, "Phải có"), words
    if required.unless is not None:
        spared = condition_in_words(required.unless, catalogue, locale, parameters)
        yield in_language(locale, "Không phải lỗi khi"), spared
    if required.within is not None:
        yield in_language(locale, "Trong vòng"), _span(required.within, parameters, catalogue, locale)
    if required.by is not None:
        yield in_language(locale, "Chậm nhất"), named([required.by], catalogue, locale)
    if required.is_dated:
        yield (
            in_language(locale, "Xét ở"),
            in_language(locale, "kỳ có ngày cuối của thời hạn; chưa làm thì còn nợ ở mọi kỳ sau cho đến khi làm"),
        )


def _span(within: Within, parameters: Parameters, catalogue: Catalogue, locale: str) -> str:
    days = days_in_words(number_of(within.amount, parameters), day_kind_of(within.counting, parameters), locale)
    after = named([within.after], catalogue, locale)
    sources = _sources_of(parameters, locale, str(within.amount), within.counting)
    return in_language(locale, "%(days)s sau: %(after)s", days=days, after=after) + sources


def _sources_of(parameters: Parameters, locale: str, *names: str) -> str:
    """Where these figures come from, once what is of one place and day."""
    return "".join(dict.fromkeys(source_of(parameters.get(name), locale) for name in names))


def _clock(clock: Clock, parameters: Parameters, catalogue: Catalogue, locale: str) -> Iterator[tuple[str, str]]:
    kind = day_kind_of(clock.counted_in, parameters)
    yield in_language(locale, "Tính"), named([str(getattr(clock.used, kind))], catalogue, locale)
    days = days_in_words(number_of(clock.at_most, parameters), kind, locale)
    sources = _sources_of(parameters, locale, str(clock.at_most), clock.counted_in)
    yield in_language_as(locale, "rule", "Yêu cầu"), comparison_in_words("at_most", days, locale) + sources
