"""Sentences in a language that is named: for what is told where no page is, or to a reader who is not the one asking.

A sentence is Vietnamese in the code, which is its name in the catalogues of `app/translations` too.
"""

from __future__ import annotations

import gettext
from functools import cache
from pathlib import Path

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
