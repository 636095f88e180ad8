"""Sums of đồng: what is still owed, and which part of a payment is phí and which lệ phí. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from app.procedures.models import ChargeKind


@dataclass(frozen=True, slots=True)
class Split:
    """A sum of đồng by what it was paid for. `unknown`: the procedure version names no charges."""

    charge: int = 0  # phí
    fee: int = 0  # lệ phí
    unknown: int = 0

    def __add__(self, other: Split) -> Split:
        return Split(self.charge + other.charge, self.fee + other.fee, self.unknown + other.unknown)

    def __sub__(self, other: Split) -> Split:
        return Split(self.charge - other.charge, self.fee - other.fee, self.unknown - other.unknown)

    def times(self, n: int) -> Split:
        """The same sum n times."""
        return Split(self.charge * n, self.fee * n, self.unknown * n)

    @property
    def total(self) -> int:
        """All of it."""
        return self.charge + self.fee + self.unknown


def split(amount: int, charges: Sequence[tuple[ChargeKind, int]]) -> Split:
    """Divide a payment between phí and lệ phí as the version's charges stand to each other.

    Exact for a whole payment, also after an exemption, which takes the same share off each. In a part payment the
    phí is rounded to whole đồng (half up) and lệ phí is the rest, so that nothing is lost.
    """
    total = sum(sum_ for _kind, sum_ in charges)
    if total <= 0:
        return Split(unknown=amount)
    of_charges = sum(sum_ for kind, sum_ in charges if kind is ChargeKind.CHARGE)
    charge = (2 * amount * of_charges + total) // (2 * total)
    return Split(charge, amount - charge)


_DIGITS = ("không", "một", "hai", "ba", "bốn", "năm", "sáu", "bảy", "tám", "chín")
_GROUPS = ("", "nghìn", "triệu")


def in_words(amount: int) -> str:
    """đồng as a receipt writes them: 605.000 -> "Sáu trăm lẻ năm nghìn đồng". Always Vietnamese."""
    if amount < 0:
        raise ValueError(f"no words for {amount}")
    said = " ".join(_words(amount)) or "không"
    return f"{said[0].upper()}{said[1:]} đồng"


def _words(amount: int) -> list[str]:
    """Billions are counted in billions: tỷ stands after each nine digits."""
    billions, rest = divmod(amount, 1_000_000_000)
    said = [*_words(billions), "tỷ"] if billions else []
    for power in (2, 1, 0):
        group = rest // 1000**power % 1000
        if group:
            said += _group(group, full=bool(said))
            if _GROUPS[power]:
                said.append(_GROUPS[power])
    return said


def _group(group: int, *, full: bool) -> list[str]:
    """Three digits; `full` when others stand before, so that hundreds are said even when there are none."""
    hundreds, tens, ones = group // 100, group // 10 % 10, group % 10
    said = [_DIGITS[hundreds], "trăm"] if hundreds or full else []
    if tens == 1:
        said.append("mười")
    elif tens:
        said += [_DIGITS[tens], "mươi"]
    elif ones and said:
        said.append("lẻ")
    if ones == 1 and tens > 1:
        said.append("mốt")
    elif ones == 5 and tens:
        said.append("lăm")
    elif ones:
        said.append(_DIGITS[ones])
    return said
