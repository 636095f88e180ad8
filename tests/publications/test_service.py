"""Recording a publication: steps in order, each unit its own, numbers never given twice, corrections kept."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from sqlalchemy import select

from app.core.errors import Conflict, DomainError, NotAllowed, NotFound
from app.organisation import audit
from app.organisation.access import Scope
from app.organisation.calendars import add_site_days, site_calendar
from app.organisation.models import AuditEntry, Unit
from app.publications import catalogue_service, queries, service
from app.publications.clocks import Dates, PublicationStep
from app.publications.models import Publication, PublicationTrack
from app.web.extensions import db
from tests.factories import CLERK, EVERYWHERE, SITE, make_version
from tests.publications.conftest import Open, june


def only(*units: Unit) -> Scope:
    return Scope(SITE, frozenset(unit.id for unit in units))


def entries() -> list[AuditEntry]:
    return list(db.session.scalars(select(AuditEntry).order_by(AuditEntry.number)))


def test_each_track_starts_on_its_own_day(opened: Open) -> None:
    arrived = opened(printed_on=date(2024, 5, 28))
    early = opened(PublicationTrack.EARLY_NUMBER, printed_on=date(2024, 5, 30))
    process = opened(PublicationTrack.PROCESS, printed_on=june(10), arrived_on=june(12))
    assert [p.starts_on for p in (arrived, early, process)] == [june(3), date(2024, 5, 30), june(10)]


def test_a_publication_goes_from_hand_to_hand_and_leaves_its_trail(opened: Open) -> None:
    made = opened()
    service.hand_over(EVERYWHERE, CLERK, made.id, on=june(6), note="kèm dự thảo")
    service.finish(EVERYWHERE, CLERK, made.id, on=june(10))
    service.make_public(EVERYWHERE, CLERK, made.id, on=june(14))
    assert Dates.of(made) == Dates(None, june(3), june(6), june(10), june(14))
    assert [entry.action for entry in entries()] == [
        "open_publication",
        "hand_over_publication",
        "finish_publication",
        "make_public",
    ]
    assert entries()[1].details == {"code": "CB-1", "on": "2024-06-06", "note": "kèm dự thảo"}
    assert audit.verify().broken_at is None


def test_arrival_before_the_printed_date_is_refused_and_nothing_is_written(opened: Open) -> None:
    with pytest.raises(DomainError) as refused:
        opened(printed_on=june(4), arrived_on=june(3))
    assert refused.value.field == "arrived_on"
    assert db.session.scalar(select(Publication.id)) is None
    assert entries() == []


def test_finishing_before_the_hand_over_is_refused_on_the_form_s_own_field(opened: Open) -> None:
    made = opened()
    with pytest.raises(DomainError) as refused:
        service.finish(EVERYWHERE, CLERK, made.id, on=june(10))
    assert refused.value.field == "on"
    db.session.refresh(made)
    assert (made.finished_on, made.revision) == (None, 1)


def test_an_early_number_has_no_hand_over(opened: Open) -> None:
    made = opened(PublicationTrack.EARLY_NUMBER)
    with pytest.raises(DomainError):
        service.hand_over(EVERYWHERE, CLERK, made.id, on=june(5))


def test_a_step_is_recorded_once_and_corrected_afterwards(opened: Open) -> None:
    made = opened()
    service.hand_over(EVERYWHERE, CLERK, made.id, on=june(6))
    with pytest.raises(Conflict):
        service.hand_over(EVERYWHERE, CLERK, made.id, on=june(5))
    dates = Dates(arrived_on=june(3), handed_over_on=june(5))
    service.correct(EVERYWHERE, CLERK, made.id, dates=dates, decision=made.decision, reason="Ghi nhầm ngày bàn giao")
    assert made.handed_over_on == june(5)
    details = entries()[-1].details
    assert details["changed"] == {"handed_over_on": ["2024-06-06", "2024-06-05"]}
    assert details["reason"] == "Ghi nhầm ngày bàn giao"


def test_a_correction_of_the_first_day_moves_the_start_of_the_clock(opened: Open) -> None:
    made = opened()
    service.correct(
        EVERYWHERE, CLERK, made.id, dates=Dates(arrived_on=june(5)), decision=made.decision, reason="ghi nhầm"
    )
    assert made.starts_on == june(5)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"reason": " "}, "reason"),
        ({"decision": ""}, "decision"),
        ({"dates": Dates()}, "arrived_on"),
        ({"dates": Dates(arrived_on=june(3))}, None),  # nothing changes
    ],
)
def test_a_correction_that_makes_no_sense_is_refused(opened: Open, changes: dict[str, Any], field: str | None) -> None:
    made = opened()
    said = {"dates": Dates(arrived_on=june(4)), "decision": made.decision, "reason": "ghi nhầm"} | changes
    with pytest.raises(DomainError) as refused:
        service.correct(EVERYWHERE, CLERK, made.id, **said)
    assert refused.value.field == field


def test_what_somebody_else_changed_meanwhile_is_not_overwritten(opened: Open) -> None:
    made = opened()
    seen = made.revision
    service.hand_over(EVERYWHERE, CLERK, made.id, on=june(6), revision=seen)
    with pytest.raises(Conflict):
        service.finish(EVERYWHERE, CLERK, made.id, on=june(10), revision=seen)


def test_each_unit_records_its_own_step(opened: Open, units: dict[str, Unit]) -> None:
    made = opened()
    division, office, other = only(units["LDVL"]), only(units["VP"]), only(units["NCC"])
    with pytest.raises(NotFound):
        service.hand_over(other, CLERK, made.id, on=june(6))
    with pytest.raises(NotAllowed):
        service.hand_over(office, CLERK, made.id, on=june(6))
    service.hand_over(division, CLERK, made.id, on=june(6))
    with pytest.raises(NotAllowed):
        service.finish(division, CLERK, made.id, on=june(7))
    service.finish(office, CLERK, made.id, on=june(7))
    with pytest.raises(NotAllowed):
        service.open_publication(
            other,
            CLERK,
            track=PublicationTrack.CATALOGUE,
            decision="1/QĐ",
            division_id=units["LDVL"].id,
            office_id=units["VP"].id,
            arrived_on=june(3),
        )


def test_both_units_may_finish_a_decision_numbered_ahead(opened: Open, units: dict[str, Unit]) -> None:
    made = opened(PublicationTrack.EARLY_NUMBER)
    service.finish(only(units["LDVL"]), CLERK, made.id, on=june(6))
    assert made.finished_on == june(6)


def test_the_same_decision_is_not_recorded_twice_on_a_track(opened: Open) -> None:
    opened(decision="512/QĐ-BLĐTBXH")
    with pytest.raises(Conflict) as refused:
        opened(decision=" 512/QĐ-BLĐTBXH ")
    assert refused.value.field == "decision"
    assert opened(division="NCC").code == "CB-2"  # its own part of the decision
    assert opened(PublicationTrack.PROCESS).code == "CB-3"


def test_the_number_of_one_withdrawn_is_not_given_again(opened: Open) -> None:
    opened()
    second = opened(decision="513/QĐ-BLĐTBXH")
    service.withdraw_publication(EVERYWHERE, CLERK, second.id, reason="Ghi nhầm")
    assert [p.code for p in db.session.scalars(select(Publication))] == ["CB-1"]
    assert opened(decision="514/QĐ-BLĐTBXH").code == "CB-3"
    withdrawn = next(entry for entry in entries() if entry.action == "withdraw_publication")
    assert withdrawn.details["says"]["decision"] == "513/QĐ-BLĐTBXH"


def test_one_that_a_check_was_made_for_is_not_withdrawn(opened: Open, units: dict[str, Unit]) -> None:
    made = opened()
    service.hand_over(EVERYWHERE, CLERK, made.id, on=june(6))
    service.finish(EVERYWHERE, CLERK, made.id, on=june(7))
    service.make_public(EVERYWHERE, CLERK, made.id, on=june(10))
    catalogue_service.record_check(
        EVERYWHERE,
        CLERK,
        unit_id=units["LDVL"].id,
        checked_on=june(10),
        portal=True,
        one_stop=True,
        website=True,
        publication_id=made.id,
    )
    with pytest.raises(Conflict):
        service.withdraw_publication(EVERYWHERE, CLERK, made.id, reason="Ghi nhầm")


def test_procedures_are_named_by_their_codes_with_or_without_the_province_s_suffix(
    opened: Open, units: dict[str, Unit]
) -> None:
    make_version(units["LDVL"], code="1.000459", name="Cấp giấy phép lao động")
    made = opened(procedures=["1.000459"])
    view = queries.publication_view(EVERYWHERE, made.id, june(4), site_calendar())
    assert [(p.code, p.name) for p in view.procedures] == [("1.000459", "Cấp giấy phép lao động")]
    with pytest.raises(DomainError) as refused:
        opened(decision="600/QĐ", procedures=["1.000459", "9.999999"])
    assert refused.value.field == "procedures"
    assert refused.value.params["codes"] == "9.999999"


def test_a_day_the_site_adds_off_is_not_counted(opened: Open) -> None:
    made = opened()
    add_site_days(CLERK, first=june(4), working=False, name="Nghỉ tránh bão", reason="Công điện 01")
    row = queries.row_of(made, june(6), site_calendar())
    division = row.clock(PublicationStep.DIVISION)
    assert division is not None
    assert (division.working_days, division.calendar_days) == (2, 3)


def test_one_sees_the_publications_of_one_s_own_units(opened: Open, units: dict[str, Unit]) -> None:
    made = opened()

    def seen(*codes: str) -> list[str]:
        scope = only(*(units[code] for code in codes))
        rows = queries.publications(scope, queries.PublicationFilters(), june(4), site_calendar())
        return [row.publication.code for row in rows]

    assert seen("LDVL") == seen("VP") == [made.code]
    assert seen("NCC") == []
    with pytest.raises(NotFound):
        queries.publication_view(only(units["NCC"]), made.id, june(4), site_calendar())
