"""What the publications room tells the engine: steps with their days, checks of the catalogue, reviews.

Everything is told as it stood at the end of the period's last day, or of today while the period runs.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict
from datetime import date, timedelta

from flask import url_for
from sqlalchemy import select
from sqlalchemy.engine import Connection

from app.core.fact_kinds import fact_kinds
from app.core.facts import Fact, FactQuery, register, register_source
from app.core.subjects import read_step, step_name
from app.organisation.access import Scope
from app.organisation.calendars import site_calendar
from app.organisation.lineage import lineage, unit_codes
from app.organisation.registries import SubjectPage, register_pages
from app.publications import check_queries, queries, review_queries
from app.publications.models import Publication
from app.web.extensions import db

KINDS = fact_kinds("publications")
PUBLICATION_STEP = KINDS["publication_step"]
CATALOGUE_CHECK = KINDS["catalogue_check"]
LISTED = KINDS["listed"]
LISTING_CHECKED = KINDS["listing_checked"]
REVIEWS = KINDS["reviews"]
REVIEW = KINDS["review"]
CATALOGUE_DEFECT = KINDS["catalogue_defect"]
DEFECT_PUT_RIGHT = KINDS["defect_put_right"]


_INSTANT = timedelta(microseconds=1)


def publication_steps(connection: Connection, query: FactQuery) -> Iterator[Fact]:
    """One fact per step and unit that answers for it: finished in the period, or open at its end."""
    calendar = site_calendar()
    found = queries.running_steps(connection, query.site, query.period.first, _last_day(query), calendar)
    for step in found:
        if query.units is not None and step.unit not in query.units:
            continue
        yield PUBLICATION_STEP.fact(
            step.unit,
            query.period.key,
            subject=step_name(step.code, step.clock.step),
            track=step.track.value,
            step=step.clock.step.value,
            decision=step.decision,
            started=step.clock.started_on is not None,
            started_on=step.clock.started_on.isoformat() if step.clock.started_on is not None else "",
            finished=step.clock.ended_on is not None,
            working_days=step.clock.working_days,
            calendar_days=step.clock.calendar_days,
            working_days_on_arrival=step.on_arrival[0],
            calendar_days_on_arrival=step.on_arrival[1],
        )


def catalogue_checks(connection: Connection, query: FactQuery) -> Iterator[Fact]:
    """One fact per unit in being in the period."""
    codes = unit_codes(connection, query)
    found = check_queries.totals(connection, query.site, query.period.first, _last_day(query), site_calendar())
    for unit_id, counted in found.items():
        if unit_id in codes:
            yield CATALOGUE_CHECK.fact(codes[unit_id], query.period.key, **counted.figures())


def catalogue_defects(connection: Connection, query: FactQuery) -> Iterator[Fact]:
    """The defects that each check found, unless they were put right before the period, and the day when they were."""
    codes, heirs, known = unit_codes(connection, query), lineage(query.site), _last_day(query)
    for row in check_queries.defects(connection, query.site, query.period.first, known):
        unit_id = heirs.heir(row.unit_id, query.period.first)
        if unit_id not in codes:
            continue
        subject = f"{row.checked_on.isoformat()}/{row.id}"
        found_on = row.checked_on.isoformat()
        yield CATALOGUE_DEFECT.fact(
            codes[unit_id], query.period.key, subject=subject, found_on=found_on, defects=row.defects
        )
        if row.fixed_on is not None and row.fixed_on <= known:
            yield DEFECT_PUT_RIGHT.fact(
                codes[unit_id], query.period.key, subject=subject, put_right_on=row.fixed_on.isoformat()
            )


def listings(connection: Connection, query: FactQuery) -> Iterator[Fact]:
    """One fact per decision made public after which the catalogue is to be checked in this period, and one per check.

    One made public at the end of the period before may have its last day in this one.
    """
    codes, since, calendar = unit_codes(connection, query), query.period.previous().first, site_calendar()
    for one in check_queries.listed(connection, query.site, query.period.first, since, _last_day(query), calendar):
        if one.division_id not in codes:
            continue
        unit, subject = codes[one.division_id], one.code
        said = {"decision": one.decision, "published_on": one.published_on.isoformat()}
        yield LISTED.fact(unit, query.period.key, subject=subject, **said)
        if one.checked_on is not None:
            checked = one.checked_on.isoformat()
            yield LISTING_CHECKED.fact(unit, query.period.key, subject=subject, checked_on=checked)


def reviews(connection: Connection, query: FactQuery) -> Iterator[Fact]:
    """One fact per unit with procedures in force or reviewed in the year."""
    codes = unit_codes(connection, query)
    for unit_id, counted in review_queries.totals(connection, query.site, _last_day(query)).items():
        if unit_id in codes:
            yield REVIEWS.fact(codes[unit_id], query.period.key, **asdict(counted), fields_cut=counted.fields_cut)


def restructured(connection: Connection, query: FactQuery) -> Iterator[Fact]:
    """One fact per procedure restructured in the period."""
    codes = unit_codes(connection, query)
    for one in review_queries.restructured(connection, query.site, query.period.first, _last_day(query)):
        if one.unit_id in codes:
            figures = {
                "fields_before": one.fields_before,
                "fields_after": one.fields_after,
                "fields_cut": one.fields_cut,
            }
            yield REVIEW.fact(codes[one.unit_id], query.period.key, subject=one.code, **figures)


def _last_day(query: FactQuery) -> date:
    """The last day that is known: of the period, or before `as_of` where that is earlier."""
    return min(query.period.last, site_calendar().local_day(query.as_of - _INSTANT))


register(PUBLICATION_STEP, publication_steps)
register(CATALOGUE_CHECK, catalogue_checks)
register_source([CATALOGUE_DEFECT, DEFECT_PUT_RIGHT], catalogue_defects)
register_source([LISTED, LISTING_CHECKED], listings)
register(REVIEWS, reviews)
register(REVIEW, restructured)


def pages(scope: Scope, names: Collection[str]) -> Mapping[str, SubjectPage]:
    """A publication by its code, whichever of its steps is meant ("CB-2024-3/office")."""
    codes = {name: read_step(name)[0] for name in names}
    found = select(Publication.id, Publication.code, Publication.decision).where(
        Publication.site == scope.site, Publication.code.in_(set(codes.values()))
    )
    rows = {row.code: row for row in db.session.execute(found)}
    return {
        name: SubjectPage(rows[code].decision, url_for("publications.show", publication_id=rows[code].id))
        for name, code in codes.items()
        if code in rows
    }


register_pages("publication", pages)
