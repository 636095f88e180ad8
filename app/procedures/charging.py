"""What is owed for a case: the charges of its procedure, less what the applicant is exempted from. Pure.

An exemption takes its percentage off each charge apart, since phí and lệ phí go to different accounts (Law on fees
and charges 97/2015/QH13, articles 10 and 12). What is left of a charge is rounded to the whole đồng, half a đồng
upwards; the total is the sum of the rounded charges, so that a receipt always adds up.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Protocol

from app.procedures.models import ChargeKind


class Charge(Protocol):
    """One phí or lệ phí, in đồng."""

    @property
    def kind(self) -> ChargeKind: ...
    @property
    def name(self) -> str: ...
    @property
    def amount(self) -> int: ...


@dataclass(frozen=True, slots=True)
class OwedCharge:
    """A charge as it is to be paid, in đồng. `kind` is None for a fee that is told only as a whole."""

    kind: ChargeKind | None
    name: str
    amount: int
    owed: int


@dataclass(frozen=True, slots=True)
class Owed:
    """What is to be paid, in đồng, charge by charge."""

    charges: tuple[OwedCharge, ...]

    @property
    def full(self) -> int:
        """Without the exemption."""
        return sum(charge.amount for charge in self.charges)

    @property
    def total(self) -> int:
        """With it."""
        return sum(charge.owed for charge in self.charges)


def owed(charges: Iterable[Charge], fee: int, percent_off: int = 0) -> Owed:
    """What is owed of those charges, or of `fee` when a procedure tells no charges. `percent_off`: 0 to 100."""
    told = [OwedCharge(c.kind, c.name, c.amount, _less(c.amount, percent_off)) for c in charges]
    if not told and fee:
        told = [OwedCharge(None, "", fee, _less(fee, percent_off))]
    return Owed(tuple(told))


def _less(amount: int, percent_off: int) -> int:
    if not 0 <= percent_off <= 100:
        raise ValueError(f"percent off: {percent_off}")
    left = Decimal(amount) * (100 - percent_off) / 100
    return int(left.quantize(Decimal(1), ROUND_HALF_UP))
