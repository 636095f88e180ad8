"""How a line of the portal's list stands beside our records. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.payments.models import MatchState


@dataclass(frozen=True, slots=True)
class Recorded:
    """A payment that stands in our records (not voided), in đồng."""

    case_id: int
    amount: int


@dataclass(frozen=True, slots=True)
class Match:
    """What came of one line: its state, the case it names where there is one, and the amount we have recorded."""

    state: MatchState
    case_id: int | None = None
    recorded_amount: int | None = None


def match(
    transaction: str,
    case_code: str,
    amount: int,
    cases: Mapping[str, int],
    recorded: Mapping[str, Sequence[Recorded]],
    *,
    repeated: bool = False,
) -> Match:
    """Find the line's place: by its transaction number and its case code together.

    `cases`: code -> id. `recorded`: transaction number -> our payments with it. A transaction that we have under
    another case is not recorded on this one: the page then says where it is.
    """
    case_id = cases.get(case_code)
    if repeated:
        return Match(MatchState.REPEATED, case_id)
    if case_id is None:
        return Match(MatchState.UNKNOWN_CASE)
    ours = [payment.amount for payment in recorded.get(transaction, ()) if payment.case_id == case_id]
    if not ours:
        return Match(MatchState.NOT_RECORDED, case_id)
    if amount in ours:
        return Match(MatchState.MATCHED, case_id, amount)
    return Match(MatchState.AMOUNT_DIFFERS, case_id, sum(ours))
