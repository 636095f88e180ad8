"""How a rate of a running month can still end, worked out by hand."""

from __future__ import annotations

from fractions import Fraction

import pytest

from app.compliance.warnings import Chance, Outlook, outlook


@pytest.mark.parametrize(
    ("comparison", "target", "so_far", "coming", "mendable", "said"),
    [
        # 80 % of 80 are 64; 35 are there: 29 of the 30 to come
        ("at_least", "4/5", (35, 50), 30, False, Outlook(Chance.OPEN, 29, 30)),
        # all 30 are just enough: 50 + 30 = 80 of 100
        ("at_least", "4/5", (50, 70), 30, False, Outlook(Chance.OPEN, 30, 30)),
        # one less, and they are not: 79 of 100; four more make 83 of 104, five 84 of 105, which is 80 %
        ("at_least", "4/5", (49, 70), 30, False, Outlook(Chance.LOST, 31, 30, 5)),
        # 98 % of 120 are 117.6, so 118; 96 + 20 = 116 of 120; with 80 more 196 of 200
        ("at_least", "49/50", (96, 100), 20, False, Outlook(Chance.LOST, 22, 20, 80)),
        # 95 of 104 are more than 90 % though all four fail
        ("at_least", "9/10", (95, 100), 4, False, Outlook(Chance.SECURE, 0, 4)),
        # 90 of 100 are exactly 90 %, 90 of 101 are not: one of the one to come
        ("at_least", "9/10", (90, 100), 1, False, Outlook(Chance.OPEN, 1, 1)),
        # a whole that was broken once cannot be whole again
        ("at_least", "1", (9, 10), 5, False, Outlook(Chance.LOST, 6, 5, None)),
        ("at_least", "1", (10, 10), 5, False, Outlook(Chance.OPEN, 5, 5)),
        # unless what failed can still be put right: 7 of the 7
        ("at_least", "1", (33, 40), 0, True, Outlook(Chance.OPEN, 7, 7)),
        ("at_least", "4/5", (30, 40), 10, True, Outlook(Chance.OPEN, 10, 20)),
        # more than 35 % of 20 is 8, not 7
        ("more_than", "7/20", (7, 20), 0, False, Outlook(Chance.LOST, 1, 0, 1)),
        ("more_than", "7/20", (6, 18), 2, False, Outlook(Chance.OPEN, 2, 2)),
        ("more_than", "1", (5, 5), 5, False, Outlook(Chance.LOST, 6, 5, None)),
        # at most 10 % bad is at least 90 % good: 17 good of 20, 36 wanted of 40
        ("at_most", "1/10", (3, 20), 20, False, Outlook(Chance.OPEN, 19, 20)),
        # less than 10 % bad of 20: at most one, so 19 good
        ("less_than", "1/10", (1, 15), 5, False, Outlook(Chance.OPEN, 5, 5)),
        ("at_most", "1/10", (1, 100), 9, False, Outlook(Chance.SECURE, 0, 9)),
        # nothing counted yet
        ("at_least", "9/10", (0, 0), 5, False, Outlook(Chance.OPEN, 5, 5)),
    ],
)
def test_what_it_takes(
    comparison: str, target: str, so_far: tuple[int, int], coming: int, mendable: bool, said: Outlook
) -> None:
    assert outlook(comparison, Fraction(target), *so_far, coming, mendable=mendable) == said


def test_of_nothing_nothing_is_said() -> None:
    assert outlook("at_least", Fraction(1, 2), 0, 0, 0) is None
