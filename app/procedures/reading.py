"""Amounts as people type them, with a decimal comma or point; money with or without thousands separators."""

from __future__ import annotations

import re
from decimal import Decimal
from enum import StrEnum
from typing import TypeVar

from app.core.errors import DomainError
from app.core.text import fold, tidy
from app.web.formats import label, vietnamese_number

Word = TypeVar("Word", bound=StrEnum)

_AMOUNT = re.compile(r"\d{1,8}([.,]\d{1,6})?", re.ASCII)
_MONEY = re.compile(r"\d{1,3}([.,\s]\d{3}){1,4}|\d{1,15}", re.ASCII)
_CURRENCY = re.compile(r"\s*(đồng|đ|vnđ|vnd)\.?$", re.IGNORECASE)


def read_amount(text: str) -> Decimal:
    """`10`, `0,5` or `0.5`. DomainError if it is no number, or below 0."""
    if not _AMOUNT.fullmatch(text.strip()):
        raise DomainError("“%(text)s” không phải là số. Hãy ghi như 10 hoặc 0,5.", text=text.strip()[:20])
    return Decimal(text.strip().replace(",", "."))


def read_money(text: str) -> int:
    """đồng: `600000`, `600.000` or `600.000 đ`. DomainError if it is no amount of whole đồng."""
    digits = _CURRENCY.sub("", text.strip())
    if not _MONEY.fullmatch(digits):
        raise DomainError("“%(text)s” không phải là số tiền. Hãy ghi như 600.000.", text=text.strip()[:20])
    return int(re.sub(r"\D", "", digits))


def write_amount(amount: Decimal) -> str:
    """As `read_amount` reads it: 0,5 and 10, without zeros that say nothing."""
    return f"{amount.normalize():f}".replace(".", ",")


def write_money(amount: int) -> str:
    """As `read_money` reads it: 600.000."""
    return vietnamese_number(amount)


def read_word(words: type[Word], text: str) -> Word:
    """A word of a vocabulary, by its code or by what the reader sees for it."""
    for word in words:
        if fold(text) in (fold(word.value), fold(label(word))):
            return word
    raise DomainError(
        "Không hiểu “%(text)s”: hãy ghi một trong %(words)s.",
        text=tidy(text)[:40],
        words=", ".join(label(word) for word in words),
    )
