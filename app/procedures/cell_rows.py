"""Rows within one cell of a catalogue file: a line each, its parts between bars.

    documents:  Văn bản đề nghị (Mẫu số 11/PLI) | bản chính | 1 | bắt buộc | ghi chú
    charges:    lệ phí | Cấp giấy phép lao động | 600000 | Nghị quyết 01/2020/NQ-HĐND
    exemptions: Người khuyết tật | 100 | Nghị quyết 01/2020/NQ-HĐND

The last parts may be left out. A bar within a text is written \\|.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from app.core.errors import DomainError
from app.core.text import fold
from app.organisation.sheets import read_word
from app.procedures.contents import ChargeContents, DocumentContents, ExemptionContents
from app.procedures.models import ChargeKind, CopyKind, FeeExemption, ProcedureCharge, ProcedureDocument
from app.procedures.reading import read_money
from app.web.formats import label

REQUIRED, OPTIONAL = "bắt buộc", "nếu có"
_BAR = re.compile(r"(?<!\\)\|")

Row = TypeVar("Row")


def read_documents(text: str) -> tuple[DocumentContents, ...]:
    """The documents in a cell. DomainError says which line cannot be read."""
    return tuple(_each(text, _document))


def read_charges(text: str) -> tuple[ChargeContents, ...]:
    """The charges in a cell."""
    return tuple(_each(text, _charge))


def read_exemptions(text: str) -> tuple[ExemptionContents, ...]:
    """The exemptions in a cell."""
    return tuple(_each(text, _exemption))


def write_documents(documents: Iterable[DocumentContents | ProcedureDocument]) -> str:
    """As `read_documents` reads it."""
    return "\n".join(
        _line(d.name, label(d.copy_kind).lower(), d.quantity, REQUIRED if d.required else OPTIONAL, d.note)
        for d in documents
    )


def write_charges(charges: Iterable[ChargeContents | ProcedureCharge]) -> str:
    """As `read_charges` reads it."""
    return "\n".join(_line(label(c.kind).lower(), c.name, c.amount, c.legal_basis) for c in charges)


def write_exemptions(exemptions: Iterable[ExemptionContents | FeeExemption]) -> str:
    """As `read_exemptions` reads it."""
    return "\n".join(_line(e.name, e.percent_off, e.legal_basis) for e in exemptions)


def _line(*parts: object) -> str:
    texts = [str(part).replace("|", "\\|") for part in parts]
    while texts and not texts[-1]:
        texts.pop()
    return " | ".join(texts)


def _each(text: str, read: Callable[[list[str]], Row]) -> Iterator[Row]:
    for line in text.splitlines():
        if line.strip():
            yield read([part.strip().replace("\\|", "|") for part in _BAR.split(line)])


def _document(parts: list[str]) -> DocumentContents:
    name, kind, quantity, required, note = _filled(parts, 5, "tên | loại bản | số bản | bắt buộc hoặc nếu có | ghi chú")
    if required and fold(required) not in (fold(REQUIRED), fold(OPTIONAL)):
        raise DomainError("Không hiểu “%(text)s”: hãy ghi “bắt buộc” hoặc “nếu có”.", text=required[:40])
    return DocumentContents(
        name,
        fold(required) != fold(OPTIONAL),
        read_word(CopyKind, kind) if kind else CopyKind.ORIGINAL,
        _count(quantity) if quantity else 1,
        note,
    )


def _charge(parts: list[str]) -> ChargeContents:
    kind, name, amount, basis = _filled(parts, 4, "phí hoặc lệ phí | tên | số tiền | căn cứ")
    return ChargeContents(read_word(ChargeKind, kind), name, read_money(amount), basis)


def _exemption(parts: list[str]) -> ExemptionContents:
    name, percent, basis = _filled(parts, 3, "đối tượng | phần trăm được giảm | căn cứ")
    return ExemptionContents(name, _count(percent.removesuffix("%").strip()), basis)


def _filled(parts: list[str], most: int, shape: str) -> list[str]:
    if len(parts) > most:
        raise DomainError("Mỗi dòng ghi “%(shape)s”.", shape=shape)
    return parts + [""] * (most - len(parts))


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise DomainError("“%(text)s” không phải là số nguyên.", text=text[:20])
    return int(text)
