"""Cases of a unit that is succeeded: whose they were until its last day, and whose they are from the day after."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any

import pytest
from sqlalchemy import func, select

from app.cases import lists
from app.cases import service as cases
from app.cases.verifying import Refolding, differences
from app.cases.vocabulary import EventKind
from app.compliance.runs import service as runs
from app.core.errors import DomainError
from app.core.facts import Fact
from app.core.periods import Period
from app.organisation import succession
from app.organisation.access import Actor, whole_site
from app.organisation.models import Role, Unit
from app.organisation.succession import Successors
from app.web import extensions
from app.web.extensions import db
from tests.clock import ZONE, at
from tests.factories import EVERYWHERE, finish, happen, make_department, make_person, make_unit, make_version, receive

BOSS = Actor("Quản trị")
LAST = date(2024, 10, 31)
Freeze = Callable[[datetime | str], datetime]


@pytest.fixture
def department(session: Any) -> Mapping[str, Unit]:
    units = make_department()
    units["BTXH"] = make_unit("BTXH", "Phòng Bảo trợ xã hội", parent=units["SO"])
    return units


def end(unit: str = "BTXH", *to: str, decision: str = "12/QĐ-SLĐTBXH", last_day: date = LAST, **more: Any) -> Any:
    to = to or ("NCC",)
    return succession.succeed(BOSS, unit, Successors(to[0], others=to[1:], **more), last_day, decision)


def facts(period: str, *kinds: str) -> dict[tuple[str, str], Fact]:
    found = runs.facts_of(Period.parse(period), kinds)
    return {(fact["kind"], fact["unit"] + fact.get("subject", "")): fact for fact in found}


def in_order(found: list[Fact]) -> list[Fact]:
    """A database gives rows that were changed in another order; what is told is the same."""
    return sorted(found, key=lambda fact: (fact["kind"], fact["unit"], fact.get("subject", "")))


def open_overdue(period: str) -> dict[str, int]:
    return {unit: fact["open_overdue"] for (_kind, unit), fact in facts(period, "timeliness").items()}


def test_an_open_late_case_is_the_closed_units_until_its_last_day_and_then_its_successors(
    department: Mapping[str, Unit], freeze: Freeze
) -> None:
    freeze("2024-10-31 16:00")
    version = make_version(department["BTXH"], ("Xử lý", department["BTXH"], 5))
    received = [receive(version, at("2024-10-07 08:30")) for _n in range(9)]  # promised 14/10
    ended = receive(version, at("2024-10-07 09:00"))
    finish(ended, at("2024-10-20 09:00"))
    before = {}
    for looked_at in ("2024-11-01 08:00", "2024-12-02 08:00"):
        freeze(looked_at)
        before[looked_at] = in_order(runs.facts_of(Period.parse("2024-10")))
    freeze("2024-10-31 16:00")
    end()

    for looked_at, facts_then in before.items():
        freeze(looked_at)
        assert in_order(runs.facts_of(Period.parse("2024-10"))) == facts_then
    assert open_overdue("2024-10") == {"BTXH": 9}
    assert open_overdue("2024-11") == {"NCC": 9}
    assert {fact["unit"] for fact in facts("2024-11", "case_overdue").values()} == {"NCC"}
    assert not list(differences(whole_site(), Refolding()))
    assert received[0].unit_id == department["NCC"].id == received[0].holder_unit_id
    assert ended.unit_id == department["BTXH"].id


def test_a_quarter_counts_what_was_received_where_it_was_received(
    department: Mapping[str, Unit], freeze: Freeze
) -> None:
    freeze("2024-10-31 16:00")
    version = make_version(department["BTXH"], ("Xử lý", department["BTXH"], 60))
    receive(version, at("2024-10-07 08:30"))
    end()
    freeze("2025-01-02 08:00")
    found = facts("2024-Q4", "digitisation", "timeliness", "stage_use")
    assert found["digitisation", "BTXH"]["files"] == 1
    assert ("digitisation", "NCC") not in found


def test_a_list_of_a_past_period_has_the_lines_that_its_figure_counted(
    department: Mapping[str, Unit], freeze: Freeze
) -> None:
    freeze("2024-10-31 16:00")
    version = make_version(department["BTXH"], ("Xử lý", department["BTXH"], 5))
    for _n in range(3):
        receive(version, at("2024-10-07 08:30"))
    end()
    freeze("2024-12-02 08:00")
    found = {(name, unit): lines_of(name, "2024-10", department[unit]) for name in LISTED for unit in ("BTXH", "NCC")}
    assert found == {(name, unit): 3 if unit == "BTXH" else 0 for name, unit in found}
    assert lines_of("open_overdue", "2024-11", department["NCC"]) == 3
    assert lines_of("open_overdue", "2024-11", department["BTXH"]) == 0


LISTED = ("received", "files_not_digitised", "open_overdue", "overdue", "stage_open_over")


def lines_of(name: str, period: str, unit: Unit) -> int:
    window = lists.Window.of(Period.parse(period), ZONE, extensions.now())
    lines = lists.lines(EVERYWHERE, lists.named([name]), window, unit.id)
    return db.session.scalar(select(func.count()).select_from(lines)) or 0


def test_a_unit_with_open_cases_is_not_closed_without_a_successor(
    department: Mapping[str, Unit], freeze: Freeze
) -> None:
    freeze("2024-10-31 16:00")
    receive(make_version(department["BTXH"]), at("2024-10-07 08:30"))
    with pytest.raises(DomainError) as refused:
        succession.succeed(BOSS, "BTXH", Successors(), LAST, "12/QĐ")
    assert "chưa có ai nhận" in refused.value.message
    assert department["BTXH"].valid_to is None


def test_a_case_received_on_the_last_day_after_the_decision_was_recorded_passes_too(
    department: Mapping[str, Unit], freeze: Freeze
) -> None:
    freeze("2024-10-31 09:00")
    version = make_version(department["BTXH"], ("Xử lý", department["BTXH"], 5))
    end()
    freeze("2024-10-31 16:00")
    case = receive(version, at("2024-10-31 16:00"))
    assert case.unit_id == case.holder_unit_id == department["NCC"].id
    freeze("2024-11-15 08:00")
    assert facts("2024-10", "digitisation")["digitisation", "BTXH"]["files"] == 1
    assert not list(differences(whole_site(), Refolding()))


def test_what_is_recorded_late_of_a_day_before_the_end_stays_the_closed_units(
    department: Mapping[str, Unit], freeze: Freeze
) -> None:
    freeze("2024-10-31 16:00")
    case = receive(make_version(department["BTXH"], days=5), at("2024-10-07 08:30"))
    end()
    freeze("2024-11-05 08:00")
    finish(case, at("2024-10-30 09:00"))
    assert case.unit_id == department["BTXH"].id
    assert open_overdue("2024-11") == {}
    assert facts("2024-10", "timeliness")["timeliness", "BTXH"]["late"] == 1
    assert not list(differences(whole_site(), Refolding()))


def test_stages_still_to_come_at_the_closed_unit_come_to_its_successor(
    department: Mapping[str, Unit], freeze: Freeze
) -> None:
    freeze("2024-10-31 16:00")
    desk, unit = department["MC"], department["BTXH"]
    case = receive(make_version(department["LDVL"], ("Nhận", desk, 1), ("Xử lý", unit, 4)), at("2024-10-30 08:30"))
    end()
    freeze("2024-11-05 08:00")
    cases.hand_over(EVERYWHERE, BOSS, case.id)
    assert case.holder_unit_id == department["NCC"].id
    assert not list(differences(whole_site(), Refolding()))


def test_a_hand_over_to_a_closed_unit_is_refused_and_names_the_successor(
    department: Mapping[str, Unit], freeze: Freeze
) -> None:
    freeze("2024-10-31 16:00")
    case = receive(make_version(department["LDVL"]), at("2024-10-30 08:30"))
    end()
    freeze("2024-11-05 08:00")
    with pytest.raises(DomainError) as refused:
        cases.hand_over(EVERYWHERE, BOSS, case.id, unit_code="BTXH")
    assert refused.value.params["successors"] == "Phòng Người có công"


def test_a_split_gives_a_procedures_cases_to_the_one_that_was_named_for_it(
    department: Mapping[str, Unit], freeze: Freeze
) -> None:
    freeze("2024-10-31 16:00")
    ours, theirs = (make_version(department["BTXH"], code=code) for code in ("1.000001", "1.000002"))
    kept, given = receive(ours, at("2024-10-07 08:30")), receive(theirs, at("2024-10-07 08:30"))
    with pytest.raises(DomainError, match="không có thủ tục"):
        end("BTXH", "NCC", "LDVL", by_procedure={"1.000003": "LDVL"})
    end("BTXH", "NCC", "LDVL", by_procedure={"1.000002": "LDVL"})
    assert kept.unit_id == department["NCC"].id
    assert given.unit_id == department["LDVL"].id
    freeze("2024-12-02 08:00")
    assert open_overdue("2024-10") == {"BTXH": 2}
    assert open_overdue("2024-11") == {"LDVL": 1, "NCC": 1}


def test_a_unit_that_worked_after_its_last_day_is_not_closed_on_it(
    department: Mapping[str, Unit], freeze: Freeze
) -> None:
    freeze("2024-11-04 16:00")
    case = receive(make_version(department["BTXH"]), at("2024-11-01 08:30"))
    with pytest.raises(DomainError) as refused:
        end()
    assert refused.value.params["work"] == case.code


def test_an_event_of_a_passed_case_says_who_has_it_now(department: Mapping[str, Unit], freeze: Freeze) -> None:
    freeze("2024-10-31 16:00")
    case = receive(make_version(department["BTXH"]), at("2024-10-07 08:30"))
    end()
    last = cases.events_of([case.id])[case.id][-1]
    assert last.kind is EventKind.UNIT_SUCCEEDED
    assert last.at == at("2024-11-01 00:00")
    assert last.note == "12/QĐ-SLĐTBXH"


def test_people_pass_and_the_head_heads_only_where_nobody_does(department: Mapping[str, Unit], freeze: Freeze) -> None:
    freeze("2024-10-31 16:00")
    make_person(department["NCC"], Role.HEAD)
    head, clerk = make_person(department["BTXH"], Role.HEAD), make_person(department["BTXH"])
    end()
    assert (head.unit_id, head.role) == (department["NCC"].id, Role.DESK)
    assert (clerk.unit_id, clerk.role) == (department["NCC"].id, Role.DESK)


def test_two_successions_one_after_the_other_are_each_counted_in_their_time(
    department: Mapping[str, Unit], freeze: Freeze
) -> None:
    freeze("2024-08-31 16:00")
    case = receive(make_version(department["BTXH"]), at("2024-08-05 08:30"))
    end(last_day=date(2024, 8, 31))
    freeze("2024-09-30 16:00")
    end("NCC", "LDVL", last_day=date(2024, 9, 30))
    happen(case, EventKind.NOTED, at("2024-09-30 15:00"), note="x")
    freeze("2024-12-02 08:00")
    assert [open_overdue(f"2024-{month:02}") for month in (8, 9, 10)] == [{"BTXH": 1}, {"NCC": 1}, {"LDVL": 1}]
