"""What the demonstration shows of the duties of the plans: enough of everything, and every kind of failing."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from sqlalchemy import func, select

from app.cases.explanations.models import Apology, CaseFault, Explanation, FaultSource
from app.cases.models import Case, CaseEvent
from app.cases.vocabulary import EventKind
from app.core import facts
from app.core.facts import Fact, FactQuery
from app.core.periods import Period
from app.demo.loading import LoadSummary
from app.demo.plans import ASSIGNED
from app.demo.world import MARK
from app.obligations.models import Directive, Filing, OnlineTarget, Petition, Survey
from app.organisation.models import Unit
from app.publications.clocks import Dates, check_dates
from app.publications.models import CatalogueCheck, ProcedureReview, Publication, PublicationTrack
from app.scorecards.models import Criterion
from app.tasks.models import PlanTask, PlanTaskUnit
from app.web.extensions import Base, db
from tests.clock import ZONE

pytestmark = pytest.mark.usefixtures("demonstration")
LAST = date(2024, 6, 30)


def gathered(kind: str, month: str) -> list[Fact]:
    """The facts of that kind in a month, as known when the demonstration ends."""
    period = Period.parse(month)
    start, end = period.bounds(ZONE)
    query = FactQuery("TEST", period, start, end, Period.parse("2024-06").bounds(ZONE)[1])
    with db.engine.connect() as connection:
        return list(facts.gather(connection, query, [kind]))


def fact(kind: str, unit: str, month: str = "2024-06") -> Fact:
    return next(found for found in gathered(kind, month) if found["unit"] == unit)


def rows(model: type[Base]) -> list[Any]:
    return list(db.session.scalars(select(model)).unique())


def test_reports_name_their_quarter_in_capitals() -> None:
    titles = {filing.title for filing in rows(Filing) if filing.period == "2024-Q1"}
    assert titles and all("quý I/2024" in title for title in titles)


@pytest.mark.parametrize(
    "model", [Filing, Directive, Petition, Survey, OnlineTarget, Publication, CatalogueCheck, ProcedureReview]
)
def test_no_page_of_the_duties_is_empty(model: Any) -> None:
    assert len(rows(model)) >= 5


def test_nothing_has_happened_after_the_last_day() -> None:
    days = {
        Filing: "filed_on",
        Petition: "answered_on",
        Directive: "done_on",
        Survey: "held_on",
        CatalogueCheck: "checked_on",
        ProcedureReview: "reviewed_on",
        PlanTaskUnit: "judged_on",
    }
    for model, column in days.items():
        latest = db.session.scalar(select(func.max(getattr(model, column))))
        assert latest is None or latest <= LAST, model


def test_the_dates_of_every_publication_are_possible() -> None:
    for publication in rows(Publication):
        check_dates(publication.track, Dates.of(publication), LAST)


def test_publications_run_on_every_track_and_fail_in_the_ways_the_plan_tells_apart() -> None:
    assert {publication.track for publication in rows(Publication)} == set(PublicationTrack)
    steps = {(step["unit"], step["track"], step["step"]): step for step in gathered("publication_step", "2024-06")}
    division, whole = (
        steps["BTXH", "catalogue", "division"],
        next(
            step
            for (_, track, name), step in steps.items()
            if (track, name) == ("catalogue", "whole") and step["finished"]
        ),
    )
    assert division["working_days"] > 3 and whole["working_days"] <= 5
    joint = next(step for (_, track, _), step in steps.items() if track == "early_number")
    assert joint["working_days_on_arrival"] > 5


def test_before_the_last_month_divisions_were_late_now_and_then_and_one_publication_is_nowhere_to_be_seen() -> None:
    months = [period.key for half in ("2023-H2", "2024-H1") for period in Period.parse(half).months()][:-1]
    allowed = {"catalogue": 3, "process": 2}
    divisions = [
        step
        for month in months
        for step in gathered("publication_step", month)
        if step["step"] == "division" and step["finished"]
    ]
    late = [step for step in divisions if step["working_days"] > allowed[step["track"]]]
    assert {step["unit"] for step in late} == {"LDVL", "TEXH"}
    assert len(late) < len(divisions) / 2, "most are in time"
    unlisted = [p for p in rows(Publication) if p.finished_on and not p.published_on]
    assert [p.track for p in unlisted] == [PublicationTrack.PROCESS]
    left = [s for s in gathered("publication_step", "2024-06") if s["track"] == "process" and not s["finished"]]
    assert {step["step"] for step in left} == {"office", "whole"}, "the Office has not put it on the public sites"
    assert all(step["working_days"] > 5 for step in left)


def test_a_few_mistakes_were_found_one_taken_back_and_some_apologised_for() -> None:
    found = rows(CaseFault)
    assert 4 <= len(found) <= 12
    assert {fault.source for fault in found} == set(FaultSource)
    assert sum(fault.withdrawn_at is not None for fault in found) == 1
    for fault in found:
        case = db.session.get_one(Case, fault.case_id)
        assert case.ended_at is not None and case.ended_at.astimezone(ZONE).date() < fault.found_on <= LAST
        assert MARK in fault.what and fault.unit_id == case.unit_id
    lately = [each["subject"] for each in gathered("case_fault", "2024-06") if each["found_on"] >= "2024-06-01"]
    answered = {each["subject"] for each in gathered("apology_for_fault", "2024-06")}
    assert len(lately) >= 3 and answered & set(lately) and set(lately) - answered
    assert {letter.case_id for letter in rows(Apology) if letter.wrong} < {fault.case_id for fault in found}


def test_one_unit_forgets_its_check_and_another_leaves_a_site_out() -> None:
    assert fact("catalogue_check", "TEXH")["checks"] == 0
    left_out = fact("catalogue_check", "TTBTXH")
    assert (left_out["checks"], left_out["portal_checks"], left_out["website_checks"]) == (0, 1, 0)
    assert fact("catalogue_check", "NCC")["checks"] >= 1


def test_the_tasks_of_the_plans_are_in_every_state() -> None:
    assert {task.plan for task in rows(PlanTask)} == set(ASSIGNED)
    parts = rows(PlanTaskUnit)
    assert any(part.accepted for part in parts)
    assert any(part.accepted is False for part in parts)
    assert any(part.started_on and not part.submitted_on for part in parts)
    assert any(part.due_on and part.due_on < LAST and not part.submitted_on for part in parts)


def test_the_score_table_stands_as_printed() -> None:
    assert len(rows(Criterion)) > 20


def test_one_survey_is_below_what_is_asked_for() -> None:
    shares = {db.session.get(Unit, s.unit_id).code: s.satisfied / s.answered for s in rows(Survey)}  # type: ignore[union-attr]
    assert shares["TEXH"] < 0.87 < min(share for unit, share in shares.items() if unit not in ("TEXH", "TTBTXH"))


def test_reviews_cut_a_fifth_in_one_procedure_and_less_in_another() -> None:
    cuts = [(r.fields_before - r.fields_after) / r.fields_before for r in rows(ProcedureReview) if r.restructured]
    assert max(cuts) >= 0.2 > min(cuts)


def test_explanations_are_by_heads_and_of_cases_that_were_overdue() -> None:
    found = rows(Explanation)
    assert found and all(each.by_head for each in found)
    for each in found:
        case = db.session.get(Case, each.case_id)
        assert case is not None and case.late_after is not None  # the promise that was broken, whatever was given since
        assert case.late_after < each.sent_at and MARK in each.text


def test_each_apology_is_an_event_of_its_case_too() -> None:
    said = db.session.scalars(select(CaseEvent).where(CaseEvent.kind == EventKind.APOLOGISED)).all()
    assert sorted(event.case_id for event in said) == sorted(letter.case_id for letter in rows(Apology))


def test_the_counted_events_are_those_in_the_database(demonstration: LoadSummary) -> None:
    assert db.session.scalar(select(func.count()).select_from(CaseEvent)) == demonstration.events
