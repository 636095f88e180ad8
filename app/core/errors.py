"""What a domain function raises when a person asked for something that cannot be done, and what is wrong in a file,
with its place: sentences told later, in a language that is named."""

from __future__ import annotations

import dataclasses
import gettext
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

# Sentences in a language that is named: for what is told where no page is, or to a reader who is not the one asking.
#
# A sentence is Vietnamese in the code, which is its name in the catalogues of `app/translations` too.

LANGUAGES = ("vi", "en")
CATALOGUES = Path(__file__).parents[1] / "translations"


@cache
def catalogue(language: str) -> gettext.NullTranslations:
    """The sentences of a language; of Vietnamese, and where they were not compiled, the sentences themselves."""
    return gettext.translation("messages", CATALOGUES, [language], fallback=True)


def in_language(language: str, message: str, /, **params: object) -> str:
    """The sentence with its figures in it. A count named `n` chooses between one and several, where the sentence has
    both: `in_language("en", "%(n)s ngày", n=1)` is "1 day"."""
    n = params.get("n")
    text = counted(catalogue(language), message, n) if isinstance(n, int) else None
    text = text or (catalogue(language).gettext(message) if message else "")
    return text % params if params else text


def in_language_as(language: str, context: str, message: str) -> str:
    """A word in one of its meanings: `in_language_as("en", "rule", "Yêu cầu")` is "Target"."""
    return catalogue(language).pgettext(context, message)


def noun(language: str, word: str, number: int, context: str = "noun") -> str:
    """What is counted, as it stands beside its number: "giao dịch"; "payment" or "payments"."""
    return str(catalogue(language).npgettext(context, word, word, number))


def counted(known: gettext.NullTranslations, message: str, n: int) -> str | None:
    """A sentence's form for a number, if it has forms."""
    text = known.ngettext(message, message, n)
    return None if text == message else str(text)


# What a domain function raises when a person asked for something that cannot be done, and what is wrong in a file,
# with its place: told later in the reader's language.

# What a domain function raises when a person asked for something that cannot be done.


def N_(message: str) -> str:  # noqa: N802 - gettext's own name for it, by which the sentence is found
    """The sentence as it is, marked as one to translate where it is shown (for tables and variables of sentences)."""
    return message


def N_n(message: str) -> str:  # noqa: N802
    """The same of a sentence with a count, `%(n)s`, which English says of one in one way, of several in another."""
    return message


def NP_(context: str, message: str) -> str:  # noqa: N802
    """A word in one of its meanings, marked as one to translate."""
    return message


def NP_n(context: str, message: str) -> str:  # noqa: N802
    """The same of a word that stands beside its number, in a context: `translation.noun` finds its form."""
    return message


word_shown: list[Callable[[StrEnum], str]] = []
"""Where there are pages: how they show a word of an enumeration."""


def filled(message: str, params: Mapping[str, object]) -> str:
    """A sentence with its figures in it, words of enumerations as people read them. Without params the text is taken
    as it is, as gettext does: a lone "%" is then no placeholder."""
    shown = {name: _shown(value) for name, value in params.items()}
    return message % shown if shown else message


def _shown(value: object) -> object:
    return word_shown[0](value) if isinstance(value, StrEnum) and word_shown else value


@runtime_checkable
class Message(Protocol):
    """A sentence kept apart from its figures: a domain error, or one thing wrong in a file."""

    @property
    def message(self) -> str:
        """The Vietnamese sentence and gettext msgid, with named placeholders."""
        ...

    @property
    def params(self) -> Mapping[str, object]:
        """What fills the placeholders."""
        ...


class DomainError(Exception):
    """One clear sentence for the user, kept apart from its figures so that a view can translate it.

    `message` is the Vietnamese sentence and gettext msgid, with named placeholders (`%(year)s`); `params`
    fills them; `field` names the form field or argument at fault, if one is.
    Pages and commands show `formats.sentence(error)`; `str(error)` is its Vietnamese, for logs and tests.
    """

    parts: Sequence[DomainError] = ()
    """The sentences that it consists of, where it lists several things: each is then shown on a line of its own."""

    def __init__(self, message: str, /, *, field: str | None = None, **params: object) -> None:
        super().__init__(message)
        self.message = message
        self.params = params
        self.field = field

    def __str__(self) -> str:
        return filled(self.message, self.params)


class BadValue(DomainError, ValueError):
    """A value is not written as it has to be: a ValueError for what reads values, a sentence for whoever wrote it."""


class NotFound(DomainError):
    """The thing asked for does not exist, or is not for this person to see."""


class NotAllowed(DomainError):
    """The person may not do this."""


class Conflict(DomainError):
    """The thing exists already, or was changed meanwhile by somebody else."""


class NotNow(DomainError):
    """Nothing can be written at present, whoever asks; what was typed is right, and can be sent again later."""


# What is wrong in a file, with its place: kept as plain values, told later in the reader's language.


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong. `message` is the Vietnamese msgid, `params` fills its placeholders; `line` starts at 1."""

    file: str
    line: int
    field: str
    message: str
    params: Mapping[str, object] = dataclasses.field(default_factory=dict)

    def __str__(self) -> str:
        return self.message % self.params if self.params else self.message

    def as_json(self) -> dict[str, Any]:
        return {"file": self.file, "line": self.line, "field": self.field, **as_json(self)}

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Problem:
        return cls(kept["file"], kept["line"], kept["field"], kept["message"], from_json(kept).params)

    @property
    def placed(self) -> DomainError:
        place: dict[str, Any] = {"file": self.file, "line": str(self.line), "reason": self}
        if self.field:
            return DomainError("%(file)s, dòng %(line)s, %(place)s: %(reason)s", place=self.field, **place)
        return DomainError("%(file)s, dòng %(line)s: %(reason)s", **place)


def as_json(told: Message) -> dict[str, Any]:
    """A sentence as plain values, to be kept and told later in the reader's language."""
    params = {name: as_json(value) if isinstance(value, Message) else value for name, value in told.params.items()}
    plain = {name: value if isinstance(value, dict | int) else str(value) for name, value in params.items()}
    return {"message": told.message, "params": plain}


def from_json(kept: Mapping[str, Any]) -> DomainError:
    sentence = kept["message"]
    told = DomainError(sentence)
    told.params = {n: from_json(value) if isinstance(value, dict) else value for n, value in kept["params"].items()}
    return told
