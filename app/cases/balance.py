"""What a case owes and what was paid for it. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol


class RecordedPayment(Protocol):
    """A payment, as the cases keep it."""

    @property
    def amount(self) -> int: ...

    @property
    def refunded(self) -> int: ...

    @property
    def voided(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class Balance:
    """What a case owes and what was paid for it, in đồng. `owed` is after the exemption."""

    owed: int
    paid: int = 0
    refunded: int = 0

    @classmethod
    def of(cls, owed: int, payments: Iterable[RecordedPayment]) -> Balance:
        """From the payments of one case; voided ones count nowhere."""
        standing = [payment for payment in payments if not payment.voided]
        return cls(owed, sum(p.amount for p in standing), sum(p.refunded for p in standing))

    @property
    def kept(self) -> int:
        """Paid and not given back."""
        return self.paid - self.refunded

    @property
    def remaining(self) -> int:
        """Still to be paid."""
        return max(self.owed - self.kept, 0)

    @property
    def over(self) -> int:
        """Kept beyond what is owed."""
        return max(self.kept - self.owed, 0)
