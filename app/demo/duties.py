"""The duties of the plans in the demonstration: what units hand in, answer, publish, review, score and explain,
and the mistakes found in their cases.

As with the cases, most is in order and every kind of failing can be seen, most of them in the last full month:
TEXH forgets its checks and its list, TTBTXH its report, BTXH is late, and so on. All of it follows the seed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from sqlalchemy import select

from app.cases.models import Case, CaseEvent
from app.cases.rows import terms_of, versions_by_id
from app.cases.service import events_of, replace_derived, stored_derived
from app.cases.timeline import project
from app.core.calendar import WorkingCalendar
from app.demo import chaining
from app.demo.counter import add_receipts, add_statement
from app.demo.dealings import dealings
from app.demo.explaining import apologies, explanations
from app.demo.faults import faults
from app.demo.filings import filings
from app.demo.plan_tasks import add_tasks
from app.demo.publishing import add_publications, checks, reviews
from app.demo.score_table import add_scores
from app.demo.world import Ground, World
from app.organisation import audit
from app.organisation.access import Actor
from app.procedures.models import Procedure
from app.web.extensions import Base, db


def add_duties(by: Actor, world: World, calendar: WorkingCalendar, units: Mapping[str, int]) -> int:
    """Add the duties of the plans to a demonstration whose cases are there. Returns the case events added."""
    ground = Ground(by, world, calendar, units, _procedures(world.site))
    add_tasks(ground)
    add_scores(ground)
    with audit.transaction() as session:
        add_receipts(ground)
        add_statement(ground)
        from app.demo.scans import add_scans  # heavy: Pillow

        add_scans(ground)
        published = add_publications(ground)
        regretted = [*apologies(ground), *faults(ground)]
        chaining.go_on([row for row in regretted if isinstance(row, CaseEvent)])
        session.add_all(regretted)
        _fold_again({row.case_id for row in regretted if isinstance(row, CaseEvent)}, calendar)
        rows = [*_records(ground), *checks(ground, published)]
        session.add_all(rows)
        audit.record(by, "load_demo_duties", "site", world.site, records=len(rows), seed=world.seed)
    return sum(row.__tablename__ == "case_events" for row in regretted)


def _fold_again(case_ids: Collection[int], calendar: WorkingCalendar) -> None:
    """A letter may give another date: what the events of those cases add up to is written again."""
    db.session.flush()
    events, stored = events_of(case_ids), stored_derived(case_ids)
    cases = db.session.scalars(select(Case).where(Case.id.in_(case_ids))).all()
    versions = versions_by_id(case.version_id for case in cases)
    for case in cases:
        state = project(terms_of(versions[case.version_id]), events[case.id], calendar)
        case.revision -= 1  # the event has been counted already
        replace_derived(case, state, stored[case.id])


def _records(ground: Ground) -> Iterator[Base]:
    yield from filings(ground)
    yield from dealings(ground)
    yield from reviews(ground)
    yield from explanations(ground)


def _procedures(site: str) -> Mapping[str, int]:
    found = db.session.scalars(select(Procedure).where(Procedure.site == site))
    return {procedure.code: procedure.id for procedure in found}
