"""Keeping the catalogue in the demonstration: publications on every track, monthly checks, reviews of procedures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from app.core.periods import Period, PeriodKind
from app.demo.catalogue import PROCEDURES
from app.demo.world import MARK, Ground, turn
from app.publications.clocks import Dates, starts_on
from app.publications.models import (
    CatalogueCheck,
    ProcedureReview,
    Publication,
    PublicationProcedure,
    PublicationTrack,
)
from app.web.extensions import db

CATALOGUE, EARLY, PROCESS = PublicationTrack.CATALOGUE, PublicationTrack.EARLY_NUMBER, PublicationTrack.PROCESS
FORGETS_CHECK, LEAVES_OUT = "TEXH", "TTBTXH"
EVERY = 3
FIELDS = {procedure.unit: procedure.field for procedure in reversed(PROCEDURES)}


@dataclass(frozen=True, slots=True)
class PublicationRun:
    """A publication in working days: from the decision to its arrival, to the hand-over, the end, the public sites.

    Each is counted from the one before; None has not happened.
    """

    unit: str
    track: PublicationTrack
    arrives: int
    hands_over: int | None
    finishes: int | None
    publishes: int | None
    starts: int = 3  # day of the month, the decision's


OF_THE_LAST_MONTH = (
    PublicationRun("BTXH", CATALOGUE, 1, 4, 1, 1, starts=2),  # the division over its three days, the whole within five
    PublicationRun("LDVL", EARLY, 7, None, 2, 1, starts=4),  # the five days were over on arrival
    PublicationRun("NCC", PROCESS, 0, 2, 2, 0, starts=8),  # in time
    PublicationRun("TTDVVL", PROCESS, 0, 1, 5, 1, starts=9),  # the Office took too long
    PublicationRun("TEXH", CATALOGUE, 1, None, None, None, starts=24),  # the division still has it
)
BEFORE = (
    PublicationRun("LDVL", CATALOGUE, 1, 2, 2, 1),
    PublicationRun("LDVL", PROCESS, 0, 4, 1, 0, starts=10),  # the division over its two days, the whole within five
    PublicationRun("NCC", PROCESS, 0, 2, 3, 0, starts=8),
    PublicationRun("BTXH", EARLY, 1, None, 3, 1),
    PublicationRun(
        "TEXH", CATALOGUE, 1, 5, 2, 1, starts=6
    ),  # the division over its three days, and the whole over five
    PublicationRun("TTBTXH", PROCESS, 0, 2, 2, 1),
    PublicationRun("TTDVVL", CATALOGUE, 1, 3, 2, 1),
)
"""One a month in this turn, whatever the first month; two of the seven are late at the division's step."""
UNLISTED = PublicationRun("TTBTXH", PROCESS, 0, 2, 2, None, starts=12)
"""Of the month before the last full one: the process stands, and nobody has put it on the public sites."""


def add_publications(ground: Ground) -> list[Publication]:
    """One a month, and one of every kind in the last full month; within a transaction."""
    before = [month for month in ground.periods(PeriodKind.MONTH) if month != ground.month]
    runs = [(turn(BEFORE, 12 * month.first.year + month.first.month), month.first) for month in before]
    runs += [(UNLISTED, month.first) for month in before[-1:]]
    runs += [(run, ground.month.first) for run in OF_THE_LAST_MONTH]
    made = [_publication(ground, run, first, number) for number, (run, first) in enumerate(runs, 1)]
    db.session.add_all(made)
    db.session.flush()
    for publication, (run, _) in zip(made, runs, strict=True):
        codes = ground.procedures_of(run.unit)[:2]
        db.session.add_all(
            PublicationProcedure(site=ground.site, publication_id=publication.id, procedure_id=ground.procedures[code])
            for code in codes
        )
    return made


def _publication(ground: Ground, run: PublicationRun, first: date, number: int) -> Publication:
    printed = ground.working(first.replace(day=run.starts))
    arrived = ground.working(printed, run.arrives)
    handed = _after(ground, arrived, run.hands_over)
    finished = _after(ground, handed or (arrived if run.track is EARLY else None), run.finishes)
    published = _after(ground, finished, run.publishes)
    dates = Dates(printed, arrived, handed, finished, published).until(ground.last)
    decided, authority = f"{ground.rng('decision', number).randint(100, 1990)}", "QĐ-LĐTBXH ngày {} của Bộ"
    if run.track is PROCESS:
        authority = "QĐ-UBND ngày {} của Chủ tịch Ủy ban nhân dân tỉnh"
    said = authority.format(f"{printed:%d/%m/%Y}")
    return Publication(
        site=ground.site,
        code=f"CB-{number}",
        track=run.track,
        decision=f"Quyết định số {decided}/{said} công bố thủ tục hành chính lĩnh vực {FIELDS[run.unit]}",
        starts_on=starts_on(run.track, dates),
        printed_on=dates.printed_on,
        arrived_on=dates.arrived_on,
        handed_over_on=dates.handed_over_on,
        finished_on=dates.finished_on,
        published_on=dates.published_on,
        division_id=ground.units[run.unit],
        office_id=ground.units["VP"],
        note=f"{MARK}.",
    )


def _after(ground: Ground, day: date | None, days: int | None) -> date | None:
    return None if day is None or days is None else ground.working(day, days) if days else day


def checks(ground: Ground, published: Sequence[Publication]) -> Iterator[CatalogueCheck]:
    """Each unit looks at its catalogue once a month; one forgets, one leaves a site out, and after publications."""
    for place, month in enumerate(reversed(list(ground.periods(PeriodKind.MONTH)))):
        for unit in ground.owners():
            if unit != FORGETS_CHECK or place % EVERY:
                yield _monthly_check(ground, month, unit, everywhere=unit != LEAVES_OUT or bool(place % EVERY))
    late = ground.units["LDVL"]  # checks when it comes round to it
    for publication in published:
        if publication.published_on is None or publication.division_id == late:
            continue
        day = ground.working(publication.published_on, 1)
        if ground.has_come(day):
            yield _check(ground, publication.division_id, day, publication_id=publication.id)


def _monthly_check(ground: Ground, month: Period, unit: str, *, everywhere: bool) -> CatalogueCheck:
    rng = ground.rng("check", month.key, unit)
    day = ground.working(month.first.replace(day=rng.randint(10, 20)))
    check = _check(ground, ground.units[unit], day, website=everywhere)
    if rng.random() < 0.1:
        check.defects = f"Mẫu đơn trên Cổng Dịch vụ công chưa cập nhật theo quyết định công bố mới ({MARK.lower()})."
        check.fixed_on = ground.come(ground.working(day, rng.randint(1, 6)))
    return check


def _check(
    ground: Ground, unit_id: int, day: date, *, website: bool = True, publication_id: int | None = None
) -> CatalogueCheck:
    return CatalogueCheck(
        site=ground.site,
        unit_id=unit_id,
        checked_on=day,
        portal=True,
        one_stop=True,
        website=website,
        publication_id=publication_id,
        recorded_at=ground.at(day, 16),
    )


SPRING = {"LDVL": (20, 15), "NCC": None, "BTXH": (18, 16), "TTBTXH": None}
"""Who reviews a procedure in April, and the items to be declared before and after where it is restructured."""
AUTUMN = {"NCC": (24, 18), "TEXH": (21, 19)}
"""The same in the last full month. TTDVVL reviews nothing."""


def reviews(ground: Ground) -> Iterator[ProcedureReview]:
    """Each year's reviews in April, some of them restructured by a fifth or more; two more in the last full month."""
    for number, month in enumerate(ground.periods(PeriodKind.MONTH)):
        if month.first.month == 4 and month != ground.month:
            for unit, fields in SPRING.items():
                yield _review(ground, month, unit, number, fields)
        if month == ground.month:
            for unit, fields in AUTUMN.items():
                yield _review(ground, month, unit, number, fields)


def _review(ground: Ground, month: Period, unit: str, number: int, fields: tuple[int, int] | None) -> ProcedureReview:
    day = ground.working(month.first.replace(day=ground.rng("review", month.key, unit).randint(6, 24)))
    before, after = fields or (None, None)
    words = "Đề nghị bỏ thông tin đã có trong Cơ sở dữ liệu quốc gia về dân cư" if fields else "Giữ nguyên thủ tục"
    return ProcedureReview(
        site=ground.site,
        unit_id=ground.units[unit],
        procedure_id=ground.procedures[turn(ground.procedures_of(unit), number)],
        reviewed_on=day,
        restructured=fields is not None,
        fields_before=before,
        fields_after=after,
        proposal=f"{words} ({MARK.lower()}).",
        recorded_at=ground.at(day, 16),
    )
