"""The names that facts give to single things: kept runs hold them, so each is written and read in one shape."""

from __future__ import annotations

import pytest

from app.core import subjects
from app.core.subjects import TaskName


@pytest.mark.parametrize(
    ("name", "written"),
    [
        (TaskName("bg-2024", "III.B.1", "LDVL"), "bg-2024/III.B.1/LDVL"),
        (TaskName("bg-2024", "4", "LDVL", 36), "bg-2024/4#36/LDVL"),
    ],
)
def test_a_task_is_read_as_it_is_written(name: TaskName, written: str) -> None:
    assert str(name) == written
    assert TaskName.read(written) == name


@pytest.mark.parametrize("name", ["", "LDVL", "bg-2024/LDVL", "bg-2024//LDVL"])
def test_what_names_no_task_is_told_from_one(name: str) -> None:
    assert TaskName.read(name) is None


def test_a_step_belongs_to_its_publication() -> None:
    assert subjects.step_name("CB-2024-3", "office") == "CB-2024-3/office"
    assert subjects.read_step("CB-2024-3/office") == ("CB-2024-3", "office")
    assert subjects.read_step("CB-2024-3") == ("CB-2024-3", "")


def test_the_first_mistake_has_the_code_of_its_case() -> None:
    assert [subjects.fault_name("000.00.31.H32-240605-0001", n) for n in (1, 2)] == [
        "000.00.31.H32-240605-0001",
        "000.00.31.H32-240605-0001#2",
    ]
    assert subjects.case_of("000.00.31.H32-240605-0001#2") == "000.00.31.H32-240605-0001"


def test_a_criterion_is_one_of_its_table() -> None:
    assert subjects.criterion_name("dn-2024-annex", "6.3.1") == "dn-2024-annex:6.3.1"
    assert subjects.read_criterion("dn-2024-annex:6.3.1") == ("dn-2024-annex", "6.3.1")


@pytest.mark.parametrize(("key", "name"), [("2024-06", "bg-2024/4#36/LDVL"), ("2024-Q2", "a"), ("2024", "a b")])
def test_a_thing_of_a_period_is_read_with_it(key: str, name: str) -> None:
    assert subjects.read_for_period(subjects.for_period(key, name)) == (key, name)
    assert subjects.read_for_period("bg-2024/4/LDVL") == ("", "bg-2024/4/LDVL")


def test_what_a_unit_left_bears_its_code() -> None:
    assert subjects.left_by("2024-06", "LDVL") == "2024-06 (LDVL)"
    assert subjects.read_left("2024-06 (LDVL)") == ("2024-06", "LDVL")
    assert subjects.read_left("2024-06") is None
