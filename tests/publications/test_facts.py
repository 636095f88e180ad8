"""What the engine is told of publications, checks and reviews, period by period."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from app.core.facts import Fact
from app.organisation.models import Unit
from app.publications import catalogue_service, service
from app.publications.catalogue_service import Findings
from app.publications.models import Publication, PublicationTrack
from app.web.extensions import db
from tests.factories import CLERK, EVERYWHERE, make_version
from tests.publications.conftest import Open, june, told


def steps(period: str = "2024-06", as_of: str = "", **narrowed: Any) -> dict[str, Fact]:
    return {f"{fact['unit']} {fact['subject']}": fact for fact in told("publication_step", period, as_of, **narrowed)}


def finish(made: Publication, handed_over: date, finished: date, published: date | None = None) -> None:
    service.hand_over(EVERYWHERE, CLERK, made.id, on=handed_over)
    service.finish(EVERYWHERE, CLERK, made.id, on=finished)
    if published:
        service.make_public(EVERYWHERE, CLERK, made.id, on=published)


def check(unit: Unit, on: date, **values: Any) -> Any:
    ticks = {"portal": True, "one_stop": True, "website": True}
    return catalogue_service.record_check(EVERYWHERE, CLERK, unit_id=unit.id, checked_on=on, **ticks | values)


def review(code: str, on: date, **values: Any) -> Any:
    return catalogue_service.record_review(
        EVERYWHERE, CLERK, procedure=code, findings=Findings(reviewed_on=on, **values)
    )


def of(kind: str, period: str = "2024-06", as_of: str = "") -> dict[str, Fact]:
    return {fact["unit"]: fact for fact in told(kind, period, as_of)}


# Steps


def test_a_finished_catalogue_tells_three_clocks(opened: Open) -> None:
    finish(opened(), june(7), june(10))
    found = steps()
    assert {key: fact["working_days"] for key, fact in found.items()} == {
        "LDVL CB-1/division": 4,
        "VP CB-1/office": 1,
        "LDVL CB-1/whole": 5,
    }
    assert found["LDVL CB-1/division"] == {
        "kind": "publication_step",
        "unit": "LDVL",
        "period": "2024-06",
        "subject": "CB-1/division",
        "track": "catalogue",
        "step": "division",
        "decision": "512/QĐ-BLĐTBXH",
        "started": True,
        "started_on": "2024-06-03",
        "finished": True,
        "working_days": 4,
        "calendar_days": 4,
        "working_days_on_arrival": 0,
        "calendar_days_on_arrival": 0,
    }


def test_a_step_is_told_in_the_month_it_ended_and_while_it_is_open(opened: Open) -> None:
    finish(opened(arrived_on=date(2024, 4, 26)), date(2024, 5, 31), june(4))
    assert steps("2024-03") == {}
    april = steps("2024-04")
    assert (april["LDVL CB-1/division"]["finished"], april["LDVL CB-1/division"]["working_days"]) == (False, 0)
    assert april["VP CB-1/office"]["started"] is False
    assert set(steps("2024-05")) == {"LDVL CB-1/division", "VP CB-1/office", "LDVL CB-1/whole"}
    assert set(steps("2024-06")) == {"VP CB-1/office", "LDVL CB-1/whole"}
    assert steps("2024-Q2")["LDVL CB-1/division"]["finished"] is True


def test_a_month_that_runs_is_told_as_of_today(opened: Open) -> None:
    opened()
    assert steps(as_of="2024-06-06 10:00")["LDVL CB-1/division"]["working_days"] == 3


def test_both_units_are_told_of_a_decision_numbered_ahead_and_how_late_it_came(opened: Open) -> None:
    made = opened(PublicationTrack.EARLY_NUMBER, printed_on=june(3), arrived_on=june(12))
    service.finish(EVERYWHERE, CLERK, made.id, on=june(13))
    found = steps()
    assert set(found) == {"LDVL CB-1/joint", "VP CB-1/joint"}
    assert (found["VP CB-1/joint"]["working_days"], found["VP CB-1/joint"]["working_days_on_arrival"]) == (8, 7)
    assert set(steps(units=("VP",))) == {"VP CB-1/joint"}


def test_an_internal_process_is_open_until_it_is_public_too(opened: Open) -> None:
    made = opened(PublicationTrack.PROCESS, arrived_on=None)
    finish(made, june(5), june(6))
    assert steps()["VP CB-1/office"]["finished"] is False
    assert set(steps("2024-07", as_of="2024-07-01 08:00")) == {"VP CB-1/office", "VP CB-1/whole"}
    service.make_public(EVERYWHERE, CLERK, made.id, on=june(10))
    assert (steps()["VP CB-1/office"]["finished"], steps()["VP CB-1/office"]["working_days"]) == (True, 3)
    assert steps("2024-07", as_of="2024-07-01 08:00") == {}


def test_publications_of_another_site_are_not_told(opened: Open) -> None:
    made = opened()
    made.site = "OTHER"
    db.session.commit()
    assert steps() == {}


# Checks of the catalogue


def test_every_unit_in_being_is_told_of_with_the_procedures_it_has_to_check(units: dict[str, Unit]) -> None:
    make_version(units["LDVL"])
    internal = make_version(units["LDVL"])
    internal.procedure.internal = True
    units["NCC"].valid_to = date(2024, 5, 31)
    db.session.commit()
    found = of("catalogue_check")
    assert set(found) == {"SO", "VP", "MC", "LDVL", "TTDVVL"}
    assert (found["LDVL"]["procedures"], found["LDVL"]["checks"], found["VP"]["procedures"]) == (1, 0, 0)


def test_each_of_the_three_sites_is_checked_on_whatever_days_of_the_month(units: dict[str, Unit]) -> None:
    def found() -> tuple[int, ...]:
        fact = of("catalogue_check")["LDVL"]
        return tuple(fact[name] for name in ("checks", "portal_checks", "one_stop_checks", "website_checks"))

    check(units["LDVL"], date(2024, 5, 31))
    check(units["LDVL"], june(5), one_stop=False, website=False)
    check(units["LDVL"], june(12), portal=False, website=False)
    assert found() == (0, 1, 1, 0)
    check(units["LDVL"], june(20), portal=False, one_stop=False)
    assert found() == (1, 1, 1, 1)
    check(units["LDVL"], june(30))
    assert found() == (2, 2, 2, 2)
    check(units["LDVL"], june(30), portal=False)
    assert found() == (2, 2, 3, 3)


def test_a_check_on_the_day_of_publication_is_at_once(opened: Open, units: dict[str, Unit]) -> None:
    finish(opened(), june(5), june(6), june(10))
    check(units["LDVL"], june(10))
    found = of("catalogue_check")["LDVL"]
    counted = [found[name] for name in ("publications_published", "checked_after", "to_check", "unchecked")]
    assert (counted, found["slowest_check_days"]) == ([1, 1, 1, 0], 0)


def test_one_before_it_or_by_another_unit_or_in_part_is_no_check_after_publication(
    opened: Open, units: dict[str, Unit]
) -> None:
    finish(opened(), june(5), june(6), june(10))
    check(units["LDVL"], june(7))
    check(units["NCC"], june(11))
    check(units["LDVL"], june(11), portal=False)
    found = of("catalogue_check")["LDVL"]
    assert (found["checked_after"], found["unchecked"], found["slowest_check_days"]) == (0, 1, 14)


def test_a_publication_not_checked_follows_into_the_next_month(opened: Open, units: dict[str, Unit]) -> None:
    finish(opened(arrived_on=date(2024, 5, 20)), date(2024, 5, 22), date(2024, 5, 24), date(2024, 5, 30))
    check(units["LDVL"], june(4))
    may, found = of("catalogue_check", "2024-05")["LDVL"], of("catalogue_check")["LDVL"]
    assert (may["publications_published"], may["unchecked"], may["slowest_check_days"]) == (1, 1, 1)
    assert (found["publications_published"], found["to_check"], found["unchecked"]) == (0, 1, 0)
    assert found["slowest_check_days"] == 3
    assert of("catalogue_check", "2024-07", "2024-07-01 08:00")["LDVL"]["to_check"] == 0


def test_after_a_publication_the_three_sites_may_be_checked_on_days_of_their_own(
    opened: Open, units: dict[str, Unit]
) -> None:
    finish(opened(), june(5), june(6), june(10))
    check(units["LDVL"], june(11), website=False)
    assert told("listing_checked") == []
    check(units["LDVL"], june(12), portal=False, one_stop=False)
    (listed,), (checked,) = told("listed"), told("listing_checked")
    assert (listed["unit"], listed["subject"], listed["published_on"]) == ("LDVL", "CB-1", "2024-06-10")
    assert (checked["subject"], checked["checked_on"]) == ("CB-1", "2024-06-12")


def test_one_made_public_is_told_until_it_is_checked_and_in_the_month_after(
    opened: Open, units: dict[str, Unit]
) -> None:
    finish(opened(arrived_on=date(2024, 5, 20)), date(2024, 5, 22), date(2024, 5, 24), date(2024, 5, 30))
    months = {f"2024-0{n}": f"2024-0{n + 1}-01 00:00" for n in (4, 5, 6, 7)}

    def of_months() -> list[int]:
        return [len(told("listed", month, as_of)) for month, as_of in months.items()]

    assert of_months() == [0, 1, 1, 1]
    check(units["LDVL"], june(4))
    assert of_months() == [0, 1, 1, 0]
    assert [each["checked_on"] for each in told("listing_checked")] == ["2024-06-04"]
    assert told("listing_checked", "2024-05", "2024-06-01 00:00") == []


def test_defects_are_open_until_the_day_they_were_put_right(units: dict[str, Unit]) -> None:
    made = check(units["LDVL"], date(2024, 5, 30), defects="Thiếu thủ tục 1.000459 trên trang của Sở")
    catalogue_service.fix_defects(EVERYWHERE, CLERK, made.id, on=june(3))
    assert of("catalogue_check", "2024-05")["LDVL"]["defects_open"] == 1
    assert of("catalogue_check", "2024-06")["LDVL"]["defects_open"] == 0


# Reviews


@pytest.fixture
def catalogue(units: dict[str, Unit]) -> dict[str, Unit]:
    """Ten procedures of LDVL, one of NCC, two internal ones of the Office."""
    for number in range(10):
        make_version(units["LDVL"], code=f"1.00{number}")
    make_version(units["NCC"], code="2.001")
    for code in ("3.001", "3.002"):
        make_version(units["VP"], code=code).procedure.internal = True
    db.session.commit()
    return units


def test_a_procedure_reviewed_twice_counts_once_and_by_its_first_day(catalogue: dict[str, Unit]) -> None:
    review("1.000", date(2024, 3, 1))
    review("1.000", june(10))
    review("1.001", date(2024, 5, 31))
    review("1.002", june(1))
    found = of("reviews")["LDVL"]
    assert (found["in_force"], found["reviewed"], found["reviewed_by_31_may"]) == (10, 3, 2)


def test_reviews_are_counted_up_to_the_period_s_end_and_begin_anew_with_the_year(catalogue: dict[str, Unit]) -> None:
    review("1.000", date(2023, 12, 31))
    review("1.001", date(2024, 1, 1))
    review("1.002", june(30))
    assert of("reviews", "2024-05")["LDVL"]["reviewed"] == 1
    assert of("reviews", "2024-06")["LDVL"]["reviewed"] == 2
    assert of("reviews", "2023")["LDVL"]["reviewed"] == 1


def test_one_abolished_after_its_review_still_counts(catalogue: dict[str, Unit]) -> None:
    version = make_version(catalogue["LDVL"], code="1.099")
    review("1.099", june(3))
    version.in_force_to = june(14)
    db.session.commit()
    found = of("reviews")["LDVL"]
    assert (found["in_force"], found["reviewed"]) == (11, 1)


def test_items_cut_are_pooled_over_restructured_procedures(catalogue: dict[str, Unit]) -> None:
    review("1.000", june(3), restructured=True, fields_before=50, fields_after=35)
    review("1.001", june(4), restructured=True, fields_before=20, fields_after=22)
    review("1.002", june(5), fields_before=90, fields_after=10)  # not restructured
    found = of("reviews")["LDVL"]
    figures = [found[name] for name in ("restructured", "fields_before", "fields_after", "fields_cut")]
    assert figures == [2, 70, 57, 13]


def test_one_restructured_twice_is_cut_from_the_first_number_to_the_last(catalogue: dict[str, Unit]) -> None:
    review("1.000", june(3), restructured=True, fields_before=100, fields_after=80)
    review("1.000", june(20), restructured=True, fields_before=80, fields_after=70)
    assert (of("reviews")["LDVL"]["fields_before"], of("reviews")["LDVL"]["fields_after"]) == (100, 70)
    one = told("review")
    assert [(f["subject"], f["fields_before"], f["fields_after"], f["fields_cut"]) for f in one] == [
        ("1.000", 100, 70, 30)
    ]


def test_each_restructured_procedure_is_told_in_its_period_and_an_increase_cuts_nothing(
    catalogue: dict[str, Unit],
) -> None:
    review("1.000", date(2024, 5, 6), restructured=True, fields_before=50, fields_after=40)
    review("2.001", june(6), restructured=True, fields_before=20, fields_after=25)
    assert [(f["unit"], f["subject"], f["fields_cut"]) for f in told("review")] == [("NCC", "2.001", 0)]
    assert [f["subject"] for f in told("review", "2024-H1")] == ["1.000", "2.001"]


def test_internal_procedures_are_counted_apart_by_approved_simplification(catalogue: dict[str, Unit]) -> None:
    made = review("3.001", date(2023, 11, 1), proposal="Bỏ một bước")
    catalogue_service.approve_simplification(EVERYWHERE, CLERK, made.id, on=june(5), decision="77/QĐ-UBND")
    review("3.002", june(6), proposal="Chưa được phê duyệt")
    found = of("reviews")["VP"]
    assert (found["in_force"], found["reviewed"]) == (0, 0)
    assert (found["internal_procedures"], found["internal_simplified"]) == (2, 1)
    assert of("reviews", "2024-05")["VP"]["internal_simplified"] == 0


def test_units_not_asked_for_are_left_out(catalogue: dict[str, Unit]) -> None:
    assert [fact["unit"] for fact in told("reviews", units=("NCC",))] == ["NCC"]
    assert [fact["unit"] for fact in told("catalogue_check", units=("NCC",))] == ["NCC"]


# Defects


def test_defects_are_told_until_the_period_after_they_were_put_right(units: dict[str, Unit]) -> None:
    found = check(units["LDVL"], june(3), defects="Sai mức phí")
    check(units["LDVL"], june(4))
    catalogue_service.fix_defects(EVERYWHERE, CLERK, found.id, on=june(11))
    name = f"2024-06-03/{found.id}"

    def subjects(kind: str, period: str, as_of: str = "") -> list[str]:
        return [fact["subject"] for fact in told(kind, period, as_of)]

    (defect,) = told("catalogue_defect", "2024-06")
    assert (defect["unit"], defect["subject"], defect["found_on"]) == ("LDVL", name, "2024-06-03")
    assert defect["defects"] == "Sai mức phí"
    (mended,) = told("defect_put_right", "2024-06")
    assert (mended["subject"], mended["put_right_on"]) == (name, "2024-06-11")
    assert subjects("defect_put_right", "2024-06", "2024-06-10 17:00") == [], "it had not happened yet"
    assert subjects("catalogue_defect", "2024-05") == []
    assert subjects("catalogue_defect", "2024-07") == []
