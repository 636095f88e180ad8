"""What is owed after lateness is read once for a period and the one before, and told of each as if by itself."""

from __future__ import annotations

import itertools
import random
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from app.cases.explanations.models import Apology, Explanation
from app.cases.models import Case
from app.compliance.runs.service import gather
from app.core.facts import Fact
from app.core.periods import Period
from app.web import extensions
from app.web.extensions import db
from app.web.once import reading_once
from tests.cases.test_facts import MID_JULY, until_mid_july
from tests.factories import SITE
from tests.grounds import Grounds

KINDS = ["case_newly_overdue", "explanation", "apology"]
MONTHS = [Period.parse(key) for key in ("2024-05", "2024-06", "2024-07")]
FIRST_DAYS = [None, date(2024, 5, 10), date(2024, 6, 20)]
"""From when anything is owed."""


def some_words(dice: random.Random) -> None:
    """Explanations, given back or not, and apologies after every second late case, up to today."""
    for case in db.session.query(Case).filter(Case.late_after < extensions.now()).order_by(Case.id):
        assert case.late_after is not None
        for _ in range(dice.choice([0, 1, 1, 2])):
            sent = case.late_after + timedelta(days=dice.randrange(-2, 30))
            accepted = dice.choice([None, True, False])
            told = {"text": "Do thiếu người", "actor": "Thử", "by_head": dice.random() < 0.8, "accepted": accepted}
            decided = sent + timedelta(days=5) if accepted is not None else None
            words = {"site": SITE, "case_id": case.id, "sent_at": sent}
            db.session.add(Explanation(**words, **told, unit_id=case.unit_id, decided_at=decided))
            again = None if dice.random() < 0.3 else sent + timedelta(days=dice.randrange(20))
            letter = {"number": f"{case.id}/TB", "reason": "Do thiếu người", "wrong": dice.random() < 0.2}
            db.session.add(Apology(**words, **letter, new_due_at=again, old_due_at=case.late_after))
    db.session.commit()


def told(months: Sequence[Period], owed_from: date | None = None) -> dict[str, list[Fact]]:
    """The facts of months asked for in this order, by month."""
    return {
        month.key: sorted(gather(month, KINDS, None, owed_from)[1], key=lambda fact: (fact["kind"], fact["subject"]))
        for month in months
    }


def test_months_are_told_the_same_together_in_whatever_order_as_each_by_itself(ground: Grounds, freeze: Any) -> None:
    freeze(MID_JULY)
    ground(until_mid_july)
    some_words(random.Random(5))
    for owed_from in FIRST_DAYS:
        alone = told(MONTHS, owed_from)
        assert {fact["kind"] for facts in alone.values() for fact in facts} == set(KINDS)
        assert len({len(facts) for facts in alone.values()}) == len(MONTHS), "months that are alike prove nothing"
        for order in itertools.permutations(MONTHS):
            with reading_once():
                assert told(order, owed_from) == alone, [month.key for month in order]
    with reading_once():  # what owes longest is asked for last
        assert [told(MONTHS, day) for day in FIRST_DAYS[::-1]] == [told(MONTHS, day) for day in FIRST_DAYS[::-1]]
