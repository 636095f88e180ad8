"""A unit that left something in every room is succeeded: what was judged before stays so, and no fact is dropped."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, datetime
from typing import Any

import pytest

from app.cases.explanations.models import FaultSource
from app.cases.explanations.service import record_fault
from app.cases.facts import PAYMENT
from app.cases.models import Case
from app.compliance.evaluation.results import Judgement, RuleResult
from app.compliance.runs import service
from app.compliance.runs.rows import inherited
from app.core.errors import DomainError
from app.core.periods import Period
from app.obligations import service as duties
from app.obligations.models import Directive, FilingKind, OnlineTarget, Petition
from app.organisation import succession
from app.organisation.access import Actor, scope_of
from app.organisation.models import Role, Unit
from app.organisation.succession import Successors
from app.procedures.queries import version_on
from app.publications import catalogue_service
from app.publications import service as publications
from app.publications.catalogue_service import Findings
from app.publications.models import Publication, PublicationTrack
from app.web.extensions import db
from app.web.once import reading_once
from tests.clock import at
from tests.factories import EVERYWHERE, adopt_packs, finish, make_person, make_version, pay, receive
from tests.tasks.tasks import load, make_labour_department

BOSS = Actor("Quản trị")
LAST = date(2024, 10, 31)
Freeze = Callable[[datetime | str], datetime]


@pytest.fixture
def department(session: Any, freeze: Freeze) -> Iterator[dict[str, Unit]]:
    """BTXH with something open in every room, on its last day."""
    units = make_labour_department()
    unit, office = units["BTXH"], units["VP"]
    make_person(unit)
    adopt_packs()
    freeze("2024-03-01 08:00")
    load()
    freeze("2024-10-31 16:00")
    version = make_version(unit, ("Xử lý", unit, 5), code="1.000001", fee=600_000, eligible=True)
    receive(version, at("2024-10-07 08:30"))  # promised 14/10, open
    ended = receive(version, at("2024-10-07 08:30"))
    finish(ended, at("2024-10-21 09:00"))
    said: dict[str, Any] = {"issuer": "UBND tỉnh", "summary": "Rà soát", "unit_ids": [unit.id]}
    for number, due in (("5/CV", date(2024, 11, 8)), ("6/CV", date(2024, 10, 10))):
        duties.register_directive(EVERYWHERE, BOSS, number=number, received_on=date(2024, 10, 1), due_on=due, **said)
    duties.receive_petition(
        EVERYWHERE, BOSS, unit_id=unit.id, content="Chậm trả kết quả", received_on=date(2024, 10, 2)
    )
    duties.set_online_target(
        EVERYWHERE,
        BOSS,
        unit_id=unit.id,
        year=2024,
        percent=80,
        assigned_on=date(2024, 1, 15),
        document="3/QĐ",
    )
    publications.open_publication(
        EVERYWHERE,
        BOSS,
        track=PublicationTrack.CATALOGUE,
        decision="512/QĐ-BLĐTBXH",
        division_id=unit.id,
        office_id=office.id,
        arrived_on=date(2024, 10, 28),
    )
    catalogue_service.record_review(
        EVERYWHERE, BOSS, procedure="1.000001", findings=Findings(reviewed_on=date(2024, 5, 20))
    )
    catalogue_service.record_check(
        EVERYWHERE,
        BOSS,
        unit_id=unit.id,
        checked_on=date(2024, 10, 9),
        portal=True,
        one_stop=True,
        website=True,
        defects="Thiếu mẫu đơn",
    )
    yield units


def judged(period: str) -> Judgement:
    return service.what_if(Period.parse(period), {}).judgement


def in_order(judgement: Judgement) -> list[RuleResult]:
    """A database gives rows that were changed in another order; what is found is the same."""
    return [
        replace(result, things=tuple(sorted(result.things, key=lambda thing: thing.subject)))
        for result in judgement.results
    ]


def end(*to: str, **more: Any) -> None:
    succession.succeed(BOSS, "BTXH", Successors(to[0], others=to[1:], **more), LAST, "12/QĐ-SLĐTBXH")


def test_months_around_a_succession_are_told_of_late_cases_the_same_together_as_each_by_itself(
    department: dict[str, Unit], freeze: Freeze
) -> None:
    end("NCC")
    freeze("2024-12-02 08:00")
    kinds, months = ["case_newly_overdue"], [Period.parse(key) for key in ("2024-10", "2024-11", "2024-12")]
    alone = [service.gather(month, kinds)[1] for month in months]
    assert [[fact["unit"] for fact in facts] for facts in alone] == [["BTXH"] * 2, ["NCC"] * 2, ["NCC"] * 2]
    for order in ((0, 1, 2), (2, 1, 0), (1, 2, 0)):
        with reading_once():
            assert [service.gather(months[at], kinds)[1] for at in order] == [alone[at] for at in order]


def test_october_is_judged_again_as_it_was_by_every_rule(department: dict[str, Unit], freeze: Freeze) -> None:
    freeze("2024-12-02 08:00")
    before = in_order(judged("2024-10"))
    freeze("2024-10-31 16:00")
    end("NCC")
    freeze("2024-12-02 08:00")
    again = in_order(judged("2024-10"))
    assert len(again) > 300
    assert again == before


def test_no_fact_is_dropped_because_its_unit_is_gone(department: dict[str, Unit], freeze: Freeze) -> None:
    end("NCC")
    freeze("2024-11-06 08:00")
    unit = department["BTXH"]
    ended = db.session.scalars(db.select(Case).where(Case.unit_id == unit.id)).one()
    case = receive(version_on(EVERYWHERE, "1.000001", date(2024, 11, 5)), at("2024-11-05 09:00"))
    assert case.unit_id == department["NCC"].id
    record_fault(
        EVERYWHERE, BOSS, ended.id, found_on=date(2024, 11, 5), source=FaultSource.INSPECTION, what="Ghi sai họ tên"
    )
    pay_for(ended.id)
    freeze("2025-01-06 08:00")
    for period in ("2024-10", "2024-11", "2024-12", "2024-Q4", "2024"):
        assert judged(period).left_out == (), period
    found = {
        (fact["kind"], fact.get("subject", "")): fact
        for fact in service.facts_of(Period.parse("2024-11"))
        if fact["unit"] == "NCC"
    }
    assert ("case_fault", ended.code) in found
    assert found["payment", ""]["eligible"] == 1
    assert any(kind == "task" and subject.endswith("/BTXH") for kind, subject in found)
    assert any(kind == "publication_step" for kind, _subject in found)
    assert found["catalogue_check", ""]["defects_open"] == 1
    assert "BTXH" not in {fact["unit"] for fact in service.facts_of(Period.parse("2024-11"))}


def pay_for(case_id: int) -> None:
    pay(db.session.get_one(Case, case_id), at("2024-11-05 10:00"))


def test_everything_open_has_passed(department: dict[str, Unit]) -> None:
    heir = department["NCC"].id
    end("NCC")
    assert {row.unit_id for row in db.session.scalars(db.select(Directive))} == {heir}
    assert {row.unit_id for row in db.session.scalars(db.select(Petition))} == {heir}
    assert {row.unit_id for row in db.session.scalars(db.select(OnlineTarget))} == {heir}
    assert {row.division_id for row in db.session.scalars(db.select(Publication))} == {heir}
    version = version_on(EVERYWHERE, "1.000001", date(2024, 11, 1))
    assert (version.unit_id, version.stages[0].unit_id, version.number) == (heir, heir, 2)
    assert version_on(EVERYWHERE, "1.000001", LAST).unit_id == department["BTXH"].id


def test_the_preview_names_each_thing_and_writes_nothing(department: dict[str, Unit]) -> None:
    foreseen = succession.foresee(BOSS, "BTXH", Successors("NCC"), LAST, "12/QĐ-SLĐTBXH")
    kinds = {part.kind for part, _passings in foreseen.parts}
    assert kinds >= {
        *("person", "case", "procedure", "directive", "petition", "online_target", "task", "publication"),
        *("catalogue_check", "name"),
    }
    assert department["BTXH"].valid_to is None


def test_the_head_of_the_successor_hands_in_what_the_unit_owed_and_nothing_for_later(
    department: dict[str, Unit], freeze: Freeze, sign_in: Callable[[Any], Any]
) -> None:
    head = make_person(department["NCC"], Role.HEAD)
    end("NCC")
    freeze("2024-11-06 08:00")
    said: dict[str, Any] = {"unit_id": department["BTXH"].id, "kind": FilingKind.MONTHLY_REPORT}
    filed = {"filed_on": date(2024, 11, 6)}
    page = sign_in(head).get("/ke-hoach/nghia-vu/ghi?loai=monthly_report&nam=2024").text
    assert "Phòng Bảo trợ xã hội (đã giải thể)" in page
    duties.hand_in(scope_of(head), Actor.of(head), period="2024-10", **filed, **said)
    with pytest.raises(DomainError, match="kế thừa"):
        duties.hand_in(scope_of(head), Actor.of(head), period="2024-11", **filed, **said)
    with pytest.raises(DomainError) as refused:
        duties.register_directive(
            scope_of(head),
            BOSS,
            number="7/CV",
            issuer="UBND",
            summary="x",
            unit_ids=[department["BTXH"].id],
            received_on=date(2024, 11, 6),
        )
    assert refused.value.params["successors"] == "Phòng Người có công"


def test_figures_are_added_and_things_of_one_name_are_told_apart() -> None:
    def payment(unit: str, eligible: int) -> dict[str, Any]:
        figures = dict.fromkeys((field.name for field in PAYMENT.fields), 0) | {"eligible": eligible}
        return {"kind": "payment", "unit": unit, "period": "2024-11", **figures}

    def note(unit: str) -> dict[str, Any]:
        said = {"overdue": 1, "cases": "H1"}
        return {"kind": "officer_overdue", "unit": unit, "period": "2024-11", "subject": "Lan", **said}

    found = inherited([payment("BTXH", 2), payment("NCC", 3), note("BTXH"), note("NCC")], {"BTXH": "NCC"})
    assert [(fact["unit"], fact.get("subject"), fact.get("eligible")) for fact in found] == [
        ("NCC", None, 5),
        ("NCC", "Lan", None),
        ("NCC", "Lan (BTXH)", None),
    ]
