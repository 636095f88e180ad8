"""Codes given out by a site's own pattern, such as `{prefix}-{yymmdd}-{n:04d}`: read, checked, filled in. Pure."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from string import Formatter

from app.core.errors import BadValue
from app.core.text import visible

LONGEST = 64  # what the columns of codes hold
PLACES = ("prefix", "unit", "yymmdd", "yyyy", "yy", "mm", "dd", "n")
_LITERAL = re.compile(r"[A-Za-z0-9.\-/_]*")
_WIDTH = re.compile(r"(0[1-9]d?)?")
CODE = re.compile(rf"[\w.\-/]{{1,{LONGEST}}}")


_DASHES = dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63\uff0d\u00ad"), "-")
# Letters of other alphabets that nobody can tell from ours in print, as capitals.
_LOOK_ALIKE = str.maketrans("АВЕЅЗІЈКМНОРСТУХΑΒΕΖΗΙΚΜΝΟΡΤΥΧÐ", "ABES3IJKMHOPCTYXABEZHIKMNOPTYXĐ")


@lru_cache(maxsize=8192)
def code_key(code: str) -> str:
    """What two spellings of one code have in common: what nobody sees, the kind of dash, spaces, small letters and
    letters of other alphabets that look like ours make no difference."""
    if code.isascii() and code.isupper() and " " not in code:
        return code
    plain = unicodedata.normalize("NFKC", visible(code.translate(_DASHES))).translate(_DASHES)
    return "".join(plain.upper().translate(_LOOK_ALIKE).split())[:LONGEST]


@dataclass(frozen=True, slots=True)
class CodePattern:
    """A pattern of codes; `places` are the names between its braces.

    The numbers begin again with each day, month or year, whichever is the smallest that the pattern names, and,
    when it names the unit, for each unit apart: so no two codes are the same.
    """

    text: str
    places: frozenset[str]

    @classmethod
    def parse(cls, text: str) -> CodePattern:
        """Read a pattern. BadValue says in a sentence why codes cannot be given out by it."""
        try:
            parts = list(Formatter().parse(text))
        except ValueError as error:
            raise BadValue("mẫu mã %(text)s có ngoặc nhọn không khớp", text=repr(text)) from error
        places = [name for _literal, name, _spec, _conversion in parts if name is not None]
        for literal, name, spec, conversion in parts:
            if not _LITERAL.fullmatch(literal):
                raise BadValue(
                    "mẫu mã %(text)s chỉ được có chữ không dấu, số và . - / _ ngoài ngoặc nhọn", text=repr(text)
                )
            if name is not None and (name not in PLACES or conversion or not _fits(name, spec or "")):
                raise BadValue(
                    "mẫu mã %(text)s: không hiểu %(place)s",
                    text=repr(text),
                    place=f"{{{name}{':' + spec if spec else ''}}}",
                )
        _check_complete(text, places)
        return cls(text, frozenset(places))

    def code(self, number: int, *, prefix: str, unit: str, day: date) -> str:
        dates = {
            "yymmdd": f"{day:%y%m%d}",
            "yyyy": f"{day:%Y}",
            "yy": f"{day:%y}",
            "mm": f"{day:%m}",
            "dd": f"{day:%d}",
        }
        return self.text.format(prefix=prefix, unit=unit, n=number, **dates)

    def counter(self, *, prefix: str, unit: str, day: date) -> tuple[str, date]:
        """What its numbers are counted under: a name, and the first day of the day, month or year."""
        if not self.places & {"yymmdd", "dd"}:
            day = day.replace(day=1) if "mm" in self.places else day.replace(month=1, day=1)
        return (unit if "unit" in self.places else prefix), day


def _fits(name: str, spec: str) -> bool:
    return bool(_WIDTH.fullmatch(spec)) if name == "n" else not spec


def _check_complete(text: str, places: list[str]) -> None:
    named = set(places)
    if places.count("n") != 1:
        raise BadValue("mẫu mã %(text)s phải có đúng một số thứ tự {n}, ví dụ {n:04d}", text=repr(text))
    if not named & {"yymmdd", "yyyy", "yy"}:
        raise BadValue("mẫu mã %(text)s phải có năm: {yymmdd}, {yyyy} hoặc {yy}", text=repr(text))
    if "dd" in named and "mm" not in named:
        raise BadValue("mẫu mã %(text)s có ngày {dd} thì phải có tháng {mm}", text=repr(text))
