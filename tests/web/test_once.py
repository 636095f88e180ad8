"""What is asked again and again is asked once while a page is read or a period judged, and forgotten after it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from app.web.once import forgetting, once, reading_once


def counted() -> tuple[Callable[[str], int], list[str]]:
    """Something to ask that tells how often it was asked, and by which names."""
    asked: list[str] = []

    def ask(name: str) -> int:
        return once(name, lambda: asked.append(name) or len(asked))

    return ask, asked


def test_what_is_read_for_a_part_of_the_work_is_forgotten_with_it_and_the_rest_is_not(session: Any) -> None:
    ask, asked = counted()
    with reading_once():
        ask("before")
        with forgetting():
            assert [ask("before"), ask("within"), ask("within")] == [1, 2, 2]
        assert [ask("before"), ask("within")] == [1, 3]
    assert asked == ["before", "within", "within"]


def test_where_nothing_is_remembered_there_is_nothing_to_forget(session: Any) -> None:
    ask, asked = counted()
    with forgetting():
        ask("within")
    assert (ask("within"), asked) == (2, ["within"] * 2)
