"""The small words of the rule language: names, fields of facts, shares, texts in two languages."""

from __future__ import annotations

import re
import string
from collections.abc import Collection, Mapping, Sequence
from fractions import Fraction
from typing import Annotated, Any, NoReturn

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, StringConstraints, ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

from app.core.errors import N_, DomainError, N_n, Problem
from app.core.yaml_files import YamlSource, field_name

MOST_TOLD = 100
"""Problems that are told one by one; whoever mends these finds the others."""


class PackError(DomainError):
    """A rule pack cannot be used. `problems` holds everything found, not only the first; of very many, the first."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems[:MOST_TOLD])
        if (more := len(problems) - MOST_TOLD) > 0:
            last = problems[MOST_TOLD]
            self.problems += (Problem(last.file, last.line, "", N_n("còn %(n)s chỗ khác phải sửa."), {"n": more}),)
        self.parts = tuple(problem.placed for problem in problems)
        super().__init__("\n".join(map(str, self.parts)))


SENTENCES = {
    # pydantic's own kinds of error
    "missing": N_("thiếu trường này."),
    "extra_forbidden": N_("không có trường nào tên như vậy ở đây."),
    "string_type": N_("phải là chữ."),
    "string_too_short": N_("không được để trống."),
    "string_pattern_mismatch": N_("viết không đúng mẫu."),
    "int_type": N_("phải là số nguyên."),
    "bool_type": N_("phải là true hoặc false."),
    "date_type": N_("phải là ngày dạng 2024-01-31."),
    "date_from_datetime_parsing": N_("không phải là ngày có thật dạng 2024-01-31."),
    "date_parsing": N_("không phải là ngày có thật dạng 2024-01-31."),
    "list_type": N_("phải là một danh sách."),
    "tuple_type": N_("phải là một danh sách."),
    "dict_type": N_("phải là các cặp “tên: giá trị”."),
    "model_type": N_("phải là các cặp “tên: giá trị”."),
    "model_attributes_type": N_("phải là các cặp “tên: giá trị”."),
    "enum": N_("phải là một trong: %(expected)s."),
    "literal_error": N_("phải là một trong: %(expected)s."),
    "too_short": N_("không được để trống."),
    "too_long": N_("chỉ được có một."),
    # the language's own
    "bad_name": N_("“%(text)s” không phải là tên: chỉ dùng chữ thường không dấu, số và dấu gạch."),
    "bad_rule_id": N_("“%(text)s” không phải là mã quy tắc: chỉ dùng chữ thường, số, dấu chấm và gạch nối."),
    "bad_field": N_("“%(text)s” không phải là dữ kiện: viết loại.trường, ví dụ payment.online."),
    "bad_share": N_("“%(text)s” không phải là tỷ lệ: viết ví dụ 35%% hoặc 87,5%%."),
    "share_out_of_range": N_("tỷ lệ %(text)s nằm ngoài khoảng từ 0%% đến 100%%."),
    "bad_count": N_("“%(text)s” không phải là số nguyên từ 0 trở lên."),
    "bad_value": N_("phải là số nguyên, hoặc tỷ lệ viết kèm dấu phần trăm."),
    "bad_days": N_("“%(text)s” không phải là số ngày làm việc từ 1 trở lên cũng không phải là tên tham số."),
    "bad_number": N_("“%(text)s” không phải là số nguyên từ 0 trở lên cũng không phải là tên tham số."),
    "bad_periods": N_("“%(text)s” không phải là số kỳ từ 2 trở lên cũng không phải là tên tham số."),
    "bad_day_kind": N_("“%(text)s” không phải là cách tính ngày: viết working_days hoặc calendar_days."),
    "bad_side": N_("phải là số nguyên, tên tham số, dữ kiện, hoặc danh sách dữ kiện được cộng lại."),
    "one_span": N_("phải có đúng một trong: working_days, calendar_days, hoặc days cùng với counted_in."),
    "one_value": N_("phải có đúng một trong: value, same_as."),
    "within_needs_done_on": N_("có “within” hoặc “by” thì phải có “done_on”, trường ghi ngày đã thực hiện."),
    "by_of_units": N_("“by” của tỷ lệ chỉ dùng khi xét đơn vị, không dùng khi xét từng việc."),
    "one_last_day": N_("chỉ ghi một trong hai: “within” hoặc “by”."),
    "clock_needs": N_("“used” thiếu %(name)s."),
    "bad_threshold": N_("“%(text)s” không phải là tỷ lệ (35%%) cũng không phải là tên tham số."),
    "one_comparison": N_("phải có đúng một trong: %(expected)s."),
    "one_standing": N_(
        "câu phải có judged hoặc recorded (hoặc cả hai), hay chỉ có outside; body đi cùng outside: other_body."
    ),
    "one_form": N_(
        "quy tắc phải có đúng một trong: rate cùng với target, count, fails_when, requires, clock, escalates."
    ),
    "judges_nobody": N_(
        "quy tắc không xét ai: viết each (từng đơn vị, từng việc), whole: department (cả Sở), hoặc cả hai."
    ),
    "whole_of_things": N_(
        "“whole” cộng số liệu của các đơn vị, nên chỉ đi với “each: unit”, không với “each: %(each)s”."
    ),
    "lead_of_nothing": N_("“lead” là đơn vị chủ trì của “whole”, nên phải có “whole: department”."),
    "whole_needs_a_sum": N_(
        "“whole: department” cộng số đếm, nên chỉ dùng được với rate và count, không với “%(form)s”."
    ),
    "unknown_kind": N_("không có loại đơn vị “%(unit_kind)s”; có: %(known)s."),
    "answer_missing": N_("thiếu trường này."),
    "remark_unanswered": N_("nhận xét (finding: remark) không đòi ai giải trình, nên không có “answer_within”."),
    "remark_escalates": N_("quy tắc tăng nặng nêu vi phạm kéo dài, không thể là nhận xét (finding: remark)."),
    "form_not_here": N_("“%(form)s” không dùng được với “each: %(each)s”."),
    "escalation_alone": N_("quy tắc tăng nặng không có điều kiện riêng."),
    "bad_operand": N_("phải là số nguyên, true, false hoặc chữ."),
    "empty_condition": N_("điều kiện không được để trống."),
    "bad_placeholder": N_("“{%(name)s}” không có trong kết quả; dùng: %(expected)s."),
    "bad_braces": N_("dấu { } trong câu không khớp."),
    "dates_reversed": N_("ngày kết thúc %(until)s trước ngày bắt đầu %(start)s."),
    "no_values": N_("tham số phải có ít nhất một giá trị."),
    "repeated": N_("“%(text)s” bị lặp lại."),
    "bad_period": N_("“%(text)s” không phải là kỳ: viết 2024-06, 2024-Q2, 2024-H1 hoặc 2024."),
}


_UNITS_NAMED = re.compile(r"\b(?:các|từng|mỗi) (?:phòng|đơn vị|pcm|đvsncl)|\bphòng chuyên môn", re.IGNORECASE)
_DEPARTMENT_NAMED = re.compile(r"\b(?:của|đối với) Sở\b(?! (?!Lao động)[A-ZĐ])")  # "của Sở Nội vụ" is another's


def names_units(quote: str) -> bool:
    """Whether words of a plan name the divisions and units: "các phòng, đơn vị"."""
    return _UNITS_NAMED.search(quote) is not None


def names_department(quote: str) -> bool:
    """Whether words of a plan are about the Department itself: "sự phục vụ của Sở Lao động"."""
    return _DEPARTMENT_NAMED.search(quote) is not None


def refuse(kind: str, **params: object) -> NoReturn:
    """Raise, inside a pydantic validator, the error whose sentence is `SENTENCES[kind]`."""
    assert kind in SENTENCES
    # pydantic would fill {braces} in the template; the sentence is made later, from `kind` and `params`.
    raise PydanticCustomError("rule_language", "{kind}", {"kind": kind, "params": params})


def sentence_of(error: ErrorDetails) -> tuple[str, Mapping[str, object]]:
    """The Vietnamese sentence (msgid and params) for an error of pydantic's."""
    context: dict[str, Any] = dict(error.get("ctx") or {})
    if error["type"] == "rule_language":
        return SENTENCES[context["kind"]], context["params"]
    if "expected" in context:
        context["expected"] = context["expected"].replace(" or ", ", ")  # pydantic lists them in English
    if error["type"] in SENTENCES:
        return SENTENCES[error["type"]], context
    return "%(detail)s", {"detail": error["msg"]}


_NAME = re.compile(r"[a-z][a-z0-9]*([_-][a-z0-9]+)*")
_RULE_ID = re.compile(r"[a-z0-9]+([.-][a-z0-9]+)*")
_FIELD = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*\.[a-z][a-z0-9]*(_[a-z0-9]+)*")
_SHARE = re.compile(r"(-?\d{1,6})(?:[.,](\d{1,4}))?\s?%")


class Words(BaseModel):
    """Base of every part of the language: nothing unknown is let in, nothing changes after reading.

    What stands below a field describes it; `schema` reads it from the source when a schema is made. (Pydantic's own
    `use_attribute_docstrings` reads the source of every class whenever the program starts.)
    """

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


def as_list(value: Any) -> Any:
    """One value may be written without the brackets of a list."""
    return value if isinstance(value, list | tuple) or value is None else [value]


def _check_name(text: str) -> str:
    if not _NAME.fullmatch(text):
        refuse("bad_name", text=text)
    return text


def _check_rule_id(text: str) -> str:
    if not _RULE_ID.fullmatch(text):
        refuse("bad_rule_id", text=text)
    return text


def _check_field(text: str) -> str:
    if not _FIELD.fullmatch(text):
        refuse("bad_field", text=text)
    return text


def is_field(text: str) -> bool:
    """Whether the text has the shape kind.field."""
    return _FIELD.fullmatch(text) is not None


def is_name(text: str) -> bool:
    """Whether the text has the shape of a name."""
    return _NAME.fullmatch(text) is not None


def parse_share(text: object) -> Fraction | None:
    """ "35%" as 7/20, "87,5%" as 7/8; None when the text is no percentage. The comma is Vietnam's, the dot is
    read as well."""
    match = _SHARE.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        return None
    whole, decimals = match[1], match[2] or ""
    return Fraction(int(whole + decimals), 100 * 10 ** len(decimals))


def _check_threshold(text: str) -> str:
    share = parse_share(text)
    if share is None:
        if not _NAME.fullmatch(text) and not _FIELD.fullmatch(text):
            refuse("bad_threshold", text=text)
    elif not 0 <= share <= 1:
        refuse("share_out_of_range", text=text)
    return text


def unknown_placeholders(text: str, allowed: Collection[str]) -> list[str]:
    """The {placeholders} that nothing fills. Refuses braces that do not match."""
    try:
        names = [name for _, name, _, _ in string.Formatter().parse(text) if name is not None]
    except ValueError:
        refuse("bad_braces")
    return [name for name in names if name not in allowed]


def check_placeholders(text: str, allowed: Collection[str] | None) -> None:
    """Refuse a {placeholder} that nothing fills; None allows any, for names that are known only later."""
    for name in unknown_placeholders(text, allowed or ()):
        if allowed is not None:
            refuse("bad_placeholder", name=name, expected=", ".join(f"{{{n}}}" for n in sorted(allowed)))


Sentence = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
Name = Annotated[str, AfterValidator(_check_name)]
RuleId = Annotated[str, AfterValidator(_check_rule_id)]
FieldName = Annotated[str, AfterValidator(_check_field)]
"""A field of a fact, written kind.field, as in payment.online."""
FieldSum = Annotated[tuple[FieldName, ...], BeforeValidator(as_list)]
"""One field, or a list of fields that are added up."""
Threshold = Annotated[str, AfterValidator(_check_threshold)]
"""A share written out (100%), the name of a parameter, or a field that is counted in whole percents."""


class Text(Words):
    """The same words in Vietnamese and in English."""

    vi: Sentence
    """In Vietnamese."""
    en: Sentence
    """In English."""

    def in_(self, locale: str) -> str:
        """The words in that language; Vietnamese unless `en` is asked for."""
        return self.en if locale.startswith("en") else self.vi


def problems_of(error: ValidationError, source: YamlSource) -> list[Problem]:
    """What pydantic found, each with the line of the nearest value that is in the file."""
    details = error.errors(include_url=False, include_input=False)
    around = {detail["loc"][:depth] for detail in details for depth in range(len(detail["loc"]))}
    problems = []
    for detail in details:
        if detail["type"] == "too_short" and detail["loc"] in around:
            continue  # a list whose every item is refused also counts as empty
        location = tuple(part for part in detail["loc"] if part != "[key]")
        message, params = sentence_of(detail)
        problems.append(Problem(source.file, source.line(location), field_name(location), message, params))
    return problems
