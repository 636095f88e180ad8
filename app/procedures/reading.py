"""Amounts as people type them, with a decimal comma or point; money with or without thousands separators."""

from __future__ import annotations

import re
from decimal import Decimal

from app.core.errors import DomainError
from app.web.formats import vietnamese_number

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
