"""The small words of the rule language: names, fields of facts, shares, texts in two languages."""

from __future__ import annotations

import re
import string
from collections.abc import Collection
from fractions import Fraction
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, StringConstraints

from app.compliance.problems import refuse

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
