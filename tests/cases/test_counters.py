"""Counters: each number given out once, and those rolled back given out again."""

from __future__ import annotations

from datetime import date
from typing import Any

from app.cases.numbering import lock_counter, raise_counter
from app.web.extensions import db

YEAR = date(2024, 1, 1)


def test_a_counter_begins_at_one_and_counts_on(session: Any) -> None:
    assert [raise_counter("TEST", "x", YEAR) for _ in range(3)] == [1, 2, 3]


def test_each_site_name_and_day_has_its_own(session: Any) -> None:
    raise_counter("TEST", "x", YEAR, by=7)
    others = [("KHAC", "x", YEAR), ("TEST", "y", YEAR), ("TEST", "x", date(2025, 1, 1))]
    assert [raise_counter(*other) for other in others] == [1, 1, 1]


def test_several_numbers_are_taken_at_once(session: Any) -> None:
    assert [raise_counter("TEST", "x", YEAR, by=by) for by in (4, 1, 3)] == [4, 5, 8]


def test_a_locked_counter_says_what_was_given_and_gives_nothing(session: Any) -> None:
    assert lock_counter("TEST", "x", YEAR) == 0
    raise_counter("TEST", "x", YEAR)
    assert [lock_counter("TEST", "x", YEAR) for _ in range(2)] == [1, 1]
    assert raise_counter("TEST", "x", YEAR) == 2


def test_numbers_rolled_back_are_given_out_again(session: Any) -> None:
    raise_counter("TEST", "x", YEAR)
    db.session.commit()
    raise_counter("TEST", "x", YEAR, by=5)
    db.session.rollback()
    assert raise_counter("TEST", "x", YEAR) == 2
