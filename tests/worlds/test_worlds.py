"""Every world beside this file holds: all of them on SQLite, one for each rule on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.needs import missing
from tests.postgres import PostgresMissing
from tests.worlds.__main__ import HERE, main, not_yet
from tests.worlds.ground import Ground, ground
from tests.worlds.play import play
from tests.worlds.reading import BadWorld, read_file, read_text
from tests.worlds.story import World, known_rules, read_world, world_files, world_of
from tests.worlds.table import gaps, mentioned, outcomes, reasons
from tests.worlds.verbs import verbs

FILES = world_files(HERE)


@cache
def _world(path: Path) -> World:
    return read_world(path)


def _one_a_rule() -> list[Path]:
    """The first world of each rule: enough to see that the other database judges alike."""
    chosen: dict[str, Path] = {}
    for path in FILES:
        try:
            checks = _world(path).checks
        except BadWorld:
            continue
        for rule in {rule for check in checks for rule in check.expect}:
            chosen.setdefault(rule, path)
    return sorted(set(chosen.values()))


def _named(path: Path) -> str:
    return str(path.relative_to(HERE).with_suffix(""))


@pytest.fixture(scope="session")
def grounds() -> Iterator[dict[str, Ground]]:
    """The grounds that were asked for, by database."""
    made: dict[str, Ground] = {}
    open_ones: list[Any] = []

    class Grounds(dict[str, Ground]):
        def __missing__(self, database: str) -> Ground:
            within = ground(database)
            try:
                made[database] = self[database] = within.__enter__()
            except PostgresMissing as exc:
                missing(str(exc))
            open_ones.append(within)
            return made[database]

    yield Grounds()
    for within in reversed(open_ones):
        within.__exit__(None, None, None)


PLAYED = [("sqlite", path) for path in FILES] + [("postgresql", path) for path in _one_a_rule()]


@pytest.mark.parametrize(("database", "path"), PLAYED, ids=[f"{database}-{_named(path)}" for database, path in PLAYED])
def test_the_world_holds(grounds: dict[str, Ground], database: str, path: Path) -> None:
    why = not_yet().get(path)
    try:
        different = [str(each) for each in play(_world(path), grounds[database])]
    except BadWorld as error:
        different = [str(error)]
    if why and different:
        pytest.xfail(why)
    assert not why, f"{_named(path)} holds now: take it off tests/worlds/not_yet.txt"
    assert not different, "\n".join(different)


def test_only_worlds_that_are_there_are_waited_for() -> None:
    assert [path for path in not_yet() if path not in FILES] == []


def test_no_two_worlds_have_the_same_title() -> None:
    titles = [str(read_file(path).get("title", "")) for path in FILES]
    assert all(titles) and len(set(titles)) == len(titles)


def test_every_rule_has_a_world() -> None:
    worlds = []
    for path in FILES:
        with suppress(BadWorld):  # one that waits may speak of a rule that is still to come
            worlds.append(_world(path))
    assert [rule for rule in known_rules() if rule not in mentioned(worlds)] == []


def test_every_outcome_of_every_rule_has_a_world_or_a_reason_why_it_cannot_be() -> None:
    worlds = [_world(path) for path in FILES]
    assert gaps(worlds) == []
    counted = outcomes(worlds)
    assert [cell for cell in reasons() if counted[cell]] == [], "it happens, though it is said that it cannot"


def test_the_page_about_worlds_names_every_verb() -> None:
    page = (HERE / "README.md").read_text("utf-8")
    assert [name for name in sorted({verb.name for verb in verbs().values()}) if f"`{name}`" not in page] == []


PLAIN = """
title: A plain world
units: [{code: LDVL, name: Phòng Lao động – Việc làm}]
procedures: [{code: TT1, unit: LDVL, time: 5 working_days}]
happens:
  - {when: 2024-06-03 08:30, receive: {case: C1, procedure: TT1}}
checks:
  - {when: 2024-07-01 08:00, period: 2024-06, expect: {bg-5.1: {LDVL: {status: fail}}}}
"""


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("receive:", "recieve:", "“recieve” is no verb"),
        ("LDVL: {status", "LDVX: {status", "“LDVX” is no unit of this world; its units: LDVL, MC, SO, VP"),
        ("bg-5.1", "bg-5.9", "“bg-5.9” is no rule of the packs; allowed: bg-5.1"),
        ("status: fail", "status: failed", "“failed” is not allowed here; allowed: pass, fail, no_data"),
        ("status: fail", "verdict: fail", "“verdict” is not known here; allowed: status, numerator"),
        ("case: C1,", "case: C1, colour: red,", "“colour” is not known here; allowed: case, procedure"),
        ("2024-06-03 08:30", "2024-06-31 08:30", "“2024-06-31 08:30” is not allowed here; allowed: a day such as"),
        ("period: 2024-06", "period: 2024-13", "“2024-13” is not allowed here; allowed: a period such as 2024-06"),
        ("procedure: TT1", "procedure: TT2", "“TT2” is no procedure of this world; its procedures: TT1"),
        ("happens:", "happenings:", "“happenings” is not part of a world; allowed: title"),
        ("{when: 2024-06-03 08:30, ", "{", "“when” is missing"),
        ("case: C1, ", "", "“case” is missing"),
        ("08:30,", "08:30, at: 2024-06-04,", "cannot have happened (“at”) after it was recorded"),
        ("time: 5 working_days", "time: 5 weeks", "“5 weeks” is not allowed here; allowed: 5 working_days"),
        ("title:", "title: [", "this is not YAML"),
    ],
)
def test_what_cannot_be_played_is_one_sentence_with_its_place(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], before: str, after: str, said: str
) -> None:
    assert before in PLAIN
    path = tmp_path / "world.yaml"
    path.write_text(PLAIN.replace(before, after, 1), "utf-8")
    assert main([str(path)]) == 2
    printed = capsys.readouterr().err.strip()
    assert said in printed and printed.startswith(f"{path}:") and "\n" not in printed


def test_what_is_found_instead_is_told_cell_by_cell(grounds: dict[str, Ground]) -> None:
    wrong = PLAIN.replace("{status: fail}", "{status: pass, denominator: 2}")
    told = [str(each) for each in play(world_of(read_text(wrong, "w.yaml")), grounds["sqlite"])]
    assert told == [
        "w.yaml:8 checks[1].expect.bg-5.1.LDVL: 2024-06 bg-5.1 LDVL status: expected pass, found fail "
        "(numerator 0, denominator 1)",
        "w.yaml:8 checks[1].expect.bg-5.1.LDVL: 2024-06 bg-5.1 LDVL denominator: expected 2, found 1 "
        "(numerator 0, denominator 1)",
    ]


def test_a_word_may_be_quoted_or_not(grounds: dict[str, Ground]) -> None:
    quoted = PLAIN.replace("2024-06-03 08:30", '"03/06/2024 08:30"').replace("period: 2024-06", 'period: "06/2024"')
    assert play(world_of(read_text(quoted, "w.yaml")), grounds["sqlite"]) == []


def test_what_the_product_refuses_is_a_difference_unless_it_must_be_refused(grounds: dict[str, Ground]) -> None:
    twice = PLAIN.replace("checks:", "  - {when: 2024-06-04, receive: {case: C1, procedure: TT1}}\nchecks:")
    (told,) = play(world_of(read_text(twice, "w.yaml")), grounds["sqlite"])
    assert told.found.startswith("refused: Đã có hồ sơ mang mã C1")
    meant = twice.replace("2024-06-04, ", "2024-06-04, refused: true, ")
    assert play(world_of(read_text(meant, "w.yaml")), grounds["sqlite"]) == []
