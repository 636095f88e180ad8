"""The kinds of facts as their rooms declare them: data, in `fact_kinds.yaml` of each room.

    timeliness:
      about: unit                   # or the word for a single thing: case, task, criterion …
      says: Giải quyết hồ sơ đúng hạn
      like: closing                 # all fields of that kind first; may be left out
      fields:
        finished: {type: count, unit: hồ sơ, says: Hồ sơ kết thúc trong kỳ}
        ranked: {type: flag, says: Thứ hạng của năm đã được ghi nhận}
        moved: {type: text, says: Thứ hạng tăng hay giảm, words: {up: tăng, down: giảm}}
        found_on: {type: day, says: Ngày phát hiện}    # year-month-day, empty where there is none

What a kind, a field or a value says is Vietnamese, a message of the context "fact".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from app.core.errors import N_, Problem
from app.core.facts import ENVELOPE, SUBJECT, FactError, FactField, FactKind, FieldType
from app.core.yaml_files import Location, SourceError, YamlSource, field_name, read_source, read_text

APP = Path(__file__).parents[1]
FILE = "fact_kinds.yaml"
TYPES: Mapping[str, FieldType] = {"count": int, "text": str, "day": str, "flag": bool}
_NAME = re.compile("[a-z][a-z0-9_]*")
_OF_KIND, _OF_FIELD = ("about", "says", "like", "fields"), ("type", "unit", "says", "words")


@cache
def fact_kinds(room: str) -> Mapping[str, FactKind]:
    """The kinds that a room declares, by name. Raises FactError as `read_kinds` does."""
    name = f"app/{room}/{FILE}"
    try:
        text = read_text(APP / room / FILE, name)
    except SourceError as error:
        raise _refused(error.problems) from error
    return read_kinds(name, text)


def read_kinds(file: str, text: str) -> dict[str, FactKind]:
    """The kinds that a file's text declares, by name. Raises FactError with a sentence for each thing wrong in it, with
    its line and place."""
    try:
        source = read_source(file, text)
    except SourceError as error:
        raise _refused(error.problems) from error
    reading = _Reading(source)
    kinds = reading.kinds()
    if reading.problems:
        raise _refused(reading.problems)
    return kinds


def _refused(problems: list[Problem]) -> FactError:
    parts = tuple(problem.placed for problem in problems)
    said = "\n".join(map(str, parts))
    error = FactError(said)
    error.parts = parts
    return error


class _Reading:
    """One file: what it declares, and everything wrong in it."""

    def __init__(self, source: YamlSource) -> None:
        self._source = source
        self.problems: list[Problem] = []

    def say(self, at: Location, message: str, **params: object) -> None:
        self.problems.append(Problem(self._source.file, self._source.line(at), field_name(at), message, params))

    def kinds(self) -> dict[str, FactKind]:
        """Every kind, by name; of what is wrong, as far as it can be read."""
        found: dict[str, FactKind] = {}
        for name, said in self.pairs((), self._source.content).items():
            if self.named((name,), name):
                found[name] = self.kind((name,), said, found)
        return found

    def kind(self, at: Location, said: Any, before: Mapping[str, FactKind]) -> FactKind:
        """One kind; those before it in the file are those it may be like."""
        told = self.known(at, said, _OF_KIND)
        if not told:
            return FactKind(str(at[-1]), "", (), "")
        like: tuple[FactField, ...] = ()
        if "like" in told:
            if told["like"] in before:
                like = before[told["like"]].fields
            else:
                self.say((*at, "like"), N_("phía trên không có loại dữ kiện “%(kind)s”."), kind=told["like"])
        fields = self.pairs((*at, "fields"), told["fields"]) if "fields" in told else {}
        own = [self.field((*at, "fields", name), name, each) for name, each in fields.items()]
        for field in own:
            if field.name in (*ENVELOPE, SUBJECT, *(each.name for each in like)):
                self.say((*at, "fields", field.name), N_("mọi dữ kiện loại này đã có “%(name)s”."), name=field.name)
        if not (*like, *own):
            self.say(at, N_("loại dữ kiện không có trường nào."))
        return FactKind(str(at[-1]), self.text(at, told, "about"), (*like, *own), self.text(at, told, "says"))

    def field(self, at: Location, name: str, said: Any) -> FactField:
        self.named(at, name)
        told = self.known(at, said, _OF_FIELD)
        if not told:
            return FactField(name, str, "", "")
        of = told.get("type")
        if of not in TYPES:
            self.say((*at, "type"), N_("phải là một trong: %(expected)s."), expected=", ".join(TYPES))
        if ("unit" in told) != (of == "count"):
            self.say(at, N_("trường đếm (count) phải có đơn vị tính (unit), trường khác thì không."))
        words = self.pairs((*at, "words"), told["words"]) if "words" in told else {}
        if words and of != "text":
            self.say((*at, "words"), N_("chỉ trường chữ (text) mới có lời cho từng giá trị."))
        return FactField(
            name,
            TYPES.get(str(of), str),
            self.text(at, told, "unit") if "unit" in told else "",
            self.text(at, told, "says"),
            {word: self.text((*at, "words"), words, word) for word in words},
            is_day=of == "day",
        )

    def known(self, at: Location, said: Any, names: tuple[str, ...]) -> dict[str, Any]:
        """Pairs of these names only."""
        told = self.pairs(at, said)
        for name in told:
            if name not in names:
                self.say(
                    (*at, name), N_("không có “%(name)s” ở đây; có: %(known)s."), name=name, known=", ".join(names)
                )
        return told

    def pairs(self, at: Location, said: Any) -> dict[str, Any]:
        """Names with what stands beside them."""
        if isinstance(said, dict) and (said or at == ()):
            return said
        self.say(at, N_("phải là các cặp “tên: giá trị”."))
        return {}

    def named(self, at: Location, name: str) -> bool:
        """Whether it is a name as rules can write it."""
        if _NAME.fullmatch(name):
            return True
        self.say(at, N_("“%(text)s” không phải là tên: chỉ dùng chữ thường không dấu, số và dấu gạch."), text=name)
        return False

    def text(self, at: Location, told: Mapping[str, Any], name: str) -> str:
        """A text that must be there."""
        text = told.get(name)
        if isinstance(text, str) and text.strip():
            return text
        self.say((*at, name), N_("thiếu “%(name)s”, một câu hay một từ bằng chữ."), name=name)
        return ""


def sentences(
    fileobj: Any, keywords: Any, comment_tags: Any, options: Any
) -> Iterator[tuple[int, str, tuple[str, str], list[str]]]:
    """What `make translations` finds in such a file: Babel's way of asking."""
    for kind in read_kinds(str(getattr(fileobj, "name", FILE)), fileobj.read().decode("utf-8")).values():
        for said in (kind.says, *(text for field in kind.fields for text in (field.says, *field.words.values()))):
            yield 1, "NP_", ("fact", said), []
