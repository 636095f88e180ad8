"""What must be done by a last day, seen from one period: kept, late, missing, returned, pending, or another period's.

Whether a duty was done in time is the engine's word. Which period judges it, and what that period says of a debt that
it found, is said here and nowhere else:

- A duty belongs to the period its last day falls in. What was done by then is kept; what was done later in the same
  period is late; what was not done by its end is missing there for ever, also when it is done afterwards.
- What an earlier period left undone breaks this one too, owed since its last day, until it is done; the period in
  which it is done does not fail for it, and tells how late it was.
- A duty whose last day lies after the period is told as pending while that day has not passed, and counts nowhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from app.rulepacks.compiler import RuleOutcome


@dataclass(frozen=True, slots=True)
class View:
    """A period (first and last day) as it is looked at: what was done is known to the end of the day before `as_of`,
    or to now while the period lasts, and `looked_on` is the day of looking."""

    first: date
    last: date
    as_of: date
    looked_on: date

    @property
    def closes(self) -> date:
        """The last day on which something done is seen."""
        return min(self.last, self.as_of)

    def seen(self, days: Sequence[date]) -> tuple[date, ...]:
        """The days on which it was done, as far as the period sees them."""
        return tuple(day for day in days if day <= self.closes)


def standing(
    said: RuleOutcome, due: date | None, days: Sequence[date], view: View, *, given_back: bool = False
) -> RuleOutcome:
    """What a period says of a duty of which the engine said PASSED, LATE, MISSING or PENDING by the days that the
    period sees; `days` are all on which it was done, also those after it, and `given_back` whether something else that
    was done for it was. A duty without a last day (None) is one of every period that is told of it."""
    if said is RuleOutcome.MISSING and given_back:
        said = RuleOutcome.RETURNED
    if due is None:
        return said
    if due > view.last:
        return RuleOutcome.PENDING if not days and due >= view.looked_on else RuleOutcome.SETTLED
    if due >= view.first or said in (RuleOutcome.MISSING, RuleOutcome.RETURNED):
        return said
    done = min(view.seen(days), default=None)
    caught_up = said is RuleOutcome.LATE and done is not None and done >= view.first
    return RuleOutcome.CAUGHT_UP if caught_up else RuleOutcome.SETTLED


def owed_since(outcome: RuleOutcome, due: date | None, view: View) -> date | None:
    """Since when a debt is owed that an earlier period found already; None for a debt of the period's own."""
    carried = outcome in (RuleOutcome.MISSING, RuleOutcome.RETURNED, RuleOutcome.CAUGHT_UP)
    return due if carried and due is not None and due < view.first else None


def still_open(view: View, last_day: date) -> RuleOutcome:
    """What a period says of a step that was open at its end within its days: a weekend may follow its last day, and
    what then is not ended is over it, though no working day has been counted since."""
    if last_day < view.as_of:
        return RuleOutcome.FAILED
    return RuleOutcome.PENDING if last_day >= view.looked_on else RuleOutcome.SETTLED


def overrun(view: View, last_day: date, *, ended: bool) -> RuleOutcome:
    """What a period says of a step that took longer than it may: it is one fault, of the period its last day fell in; a
    later one still finds it while the step is open, and the one in which it ends tells the end of it."""
    return RuleOutcome.CAUGHT_UP if ended and last_day < view.first else RuleOutcome.FAILED
