"""The product and a second opinion, worked out from the records as on paper, say the same of random worlds."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.worlds import generator, second_opinion
from tests.worlds.comparing import disagreements, rows
from tests.worlds.generator import as_yaml, story
from tests.worlds.ground import Ground, ground

EXAMPLES = 25  # more by hand: python -m tests.worlds.comparing 1000


@pytest.fixture(scope="module")
def on() -> Iterator[Ground]:
    """The ground that they are played on."""
    with ground() as made:
        yield made


@settings(max_examples=EXAMPLES, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(seed=st.integers(0, 10**9))
def test_the_second_opinion_agrees(on: Ground, seed: int) -> None:
    told = story(seed)
    found = disagreements(told, on)
    assert not found, "\n".join([*found, as_yaml(told, f"World {seed}")])


MONTHS = ("2024-05", "2024-06", "2024-07")


@settings(max_examples=5, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(seed=st.integers(0, 10**9), order=st.lists(st.sampled_from(MONTHS), min_size=1, max_size=5))
def test_a_month_says_the_same_whatever_was_checked_before(on: Ground, seed: int, order: list[str]) -> None:
    told = story(seed)
    alone = {month: rows(told, [month], on)[0] for month in set(order)}
    for month, found in zip(order, rows(told, order, on), strict=True):
        assert found == alone[month], f"{month} after {order}\n{as_yaml(told, f'World {seed}')}"


def test_the_second_opinion_knows_nothing_of_the_product() -> None:
    for module in (second_opinion, generator):
        tree = ast.parse(Path(str(module.__file__)).read_text("utf-8"))
        imported = {_imported(node) for node in ast.walk(tree) if isinstance(node, (ast.Import, ast.ImportFrom))}
        assert imported - {None} <= {
            "__future__",
            "collections.abc",
            "dataclasses",
            "datetime",
            "random",
            "tests.worlds.second_opinion",
        }


def _imported(node: Any) -> str | None:
    return node.module if isinstance(node, ast.ImportFrom) else node.names[0].name
