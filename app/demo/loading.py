"""Loading the demonstration: the Department, its catalogue and accounts, then the cases in bulk, then the duties of
the plans.

The same seed and the same last day give the same rows. Large loads are made up by worker processes; the rows
do not depend on how many there are.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import func, or_, select
from sqlalchemy.orm import selectinload

from app.cases.chain import covering
from app.cases.importing.models import Import
from app.cases.models import Case
from app.cases.numbering import enter_in_register
from app.cases.rows import terms_of
from app.compliance.adoption import repository, uploading
from app.compliance.queries.runs import latest_run
from app.compliance.runs.service import CheckReport, run_check
from app.compliance.warnings import running_month, warn
from app.core.errors import Conflict, DomainError
from app.core.periods import Period, PeriodKind
from app.demo.catalogue import IN_FORCE_FROM, ORIGIN, PROCEDURES, add_catalogue
from app.demo.departments import CODES, MAIL_DOMAIN, add_accounts, add_department
from app.demo.duties import add_duties
from app.demo.intake import DayPlan, plan
from app.demo.sheets import MANY, Batch, Clerk, bulk_transaction, number_of_rows, write
from app.demo.world import CalendarDays, KnownDocument, KnownProcedure, World
from app.organisation import audit
from app.organisation.access import Actor, site, whole_site
from app.organisation.calendars import last_month, site_calendar, today
from app.organisation.models import Person, Unit
from app.organisation.profile import enter_profile, profile
from app.procedures.models import Procedure, ProcedureVersion
from app.web import extensions
from app.web.extensions import db

if TYPE_CHECKING:
    from concurrent.futures import Future


REASON = "Bản trình diễn: tiếp tục áp dụng kế hoạch này sau năm ban hành."


def adopt_packs(by: Actor) -> None:
    """Let the site judge by every pack of the folder from its first day on, until further notice, unless it has decided
    itself."""
    decided = repository.decisions()
    for pack in repository.seeds().packs:
        if pack.id not in decided:
            since = pack.info.in_force.start or Period.nth(PeriodKind.YEAR, today().year).first
            uploading.adopt(by, pack.id, since, None, REASON, another_year=True)


def check_last_month(by: Actor) -> CheckReport | None:
    """Check last month, if it has not been checked. Raises DomainError when no pack is in force in it."""
    month = last_month()
    if latest_run(whole_site(), month) is not None:
        return None
    return run_check(by, month)


def warn_of_running_month(by: Actor) -> CheckReport | None:
    """Early warning of the running month, if it has none yet. Raises DomainError when no pack is in force in it."""
    if latest_run(whole_site(), running_month()) is not None:
        return None
    return warn(by)


MOST_CASES, MOST_MONTHS = 5_000_000, 60
PLANS_BEGIN = date(2024, 1, 1)
CHUNK = 4_000  # cases made up at a time, at least: whole days
MOST_WORKERS = 4


@dataclass(frozen=True, slots=True)
class LoadSummary:
    """What a load wrote, and the span of days in which the cases came in."""

    cases: int
    events: int
    first: date
    last: date


def load(
    by: Actor,
    *,
    cases: int,
    seed: int,
    months: int = 13,
    until: date | None = None,
    on_progress: Callable[[int], None] = lambda _: None,
) -> LoadSummary:
    """Load the demonstration into a database that holds nothing of a real site.

    Cases come in through `months` full months and on to `until` (today by default: then until this minute).
    Raises Conflict where there is real data, DomainError when a number or a day cannot be used.
    """
    _check(cases, months)
    refuse_real_data()
    first, last, horizon, month = _span(months, until)
    _enter_profile(by)
    units = add_department(by)
    add_catalogue(by, units)
    add_accounts(by, units)
    adopt_packs(by)
    calendar = site_calendar()
    world = World(
        site=site(),
        prefix=profile().case_prefix,
        seed=seed,
        first=first,
        last=last,
        horizon=horizon,
        month=(month.first, month.last),
        procedures=tuple(_known_procedures(units)),
        days=CalendarDays.of(calendar),
    )
    db.session.remove()  # what it has read would keep the bulk transaction waiting
    events = 0
    with (
        bulk_transaction(db.engine, many=cases >= MANY) as connection,
        closing(_batches(world, plan(world, calendar, cases))) as batches,
    ):
        for batch in batches:
            write(connection, batch)
            events += number_of_rows(batch, ["case_events"])
            on_progress(number_of_rows(batch, ["cases"]))
    with audit.transaction():
        enter_in_register(site())
    events += add_duties(by, world, calendar, units)
    with audit.transaction() as session:
        told = {"cases": cases, "events": events, "seed": seed, "first": first, "last": last}
        audit.record(by, "load_demo", "site", site(), **told, **covering(session.connection(), site()))
    return LoadSummary(cases, events, first, last)


def is_empty() -> bool:
    """Whether there is no unit, person, procedure or case."""
    return not any(
        db.session.scalar(select(func.count()).select_from(select(model.id).limit(1).subquery()))
        for model in (Unit, Person, Procedure, Case)
    )


def refuse_real_data() -> None:
    """Conflict when the database holds a case, or a unit, person or procedure that the demonstration does not have."""
    foreign = {
        "hồ sơ": select(Case.id),
        "lần nhập dữ liệu": select(Import.id),
        "đơn vị": select(Unit.id).where(or_(Unit.site != site(), Unit.code.not_in(CODES))),
        "người dùng": select(Person.id).where(Person.email.not_like(f"%@{MAIL_DOMAIN}")),
        "thủ tục": select(Procedure.id).where(Procedure.origin != ORIGIN),
    }
    found = [what for what, rows in foreign.items() if db.session.scalar(rows.limit(1)) is not None]
    if found:
        raise Conflict(
            "Cơ sở dữ liệu đã có dữ liệu (%(what)s): chỉ nạp dữ liệu minh họa vào cơ sở dữ liệu trống.",
            what=", ".join(found),
        )


def months_of_the_plans(last: date) -> int:
    """Full months from January 2024, when the plans begin, until `last`; a year and a month at the least."""
    return max(13, (last.year - PLANS_BEGIN.year) * 12 + last.month - PLANS_BEGIN.month)


def _enter_profile(by: Actor) -> None:
    known = profile()
    if not known.entered:
        enter_profile(by, name=known.name, place=known.place, case_prefix=known.case_prefix)


def _check(cases: int, months: int) -> None:
    if not 1 <= cases <= MOST_CASES:
        raise DomainError("Số hồ sơ phải từ 1 đến %(most)s.", field="cases", most=MOST_CASES)
    if not 1 <= months <= MOST_MONTHS:
        raise DomainError("Số tháng phải từ 1 đến %(most)s.", field="months", most=MOST_MONTHS)


def _span(months: int, until: date | None) -> tuple[date, date, datetime, Period]:
    """First and last day of receipt, the instant after which nothing has happened, and the last full month."""
    calendar = site_calendar()
    now = extensions.now().replace(second=0, microsecond=0)
    last = until or calendar.local_day(now)
    horizon = min(now, calendar.end_of_day(last))
    if horizon < calendar.start_of_day(last):
        raise DomainError("Ngày cuối không được ở tương lai.", field="until")
    month = Period.of(PeriodKind.MONTH, last)
    if month.bounds(calendar.zone)[1] - timedelta(seconds=1) > horizon:
        month = month.previous()
    start = month
    for _ in range(months - 1):
        start = start.previous()
    if start.first < IN_FORCE_FROM:
        raise DomainError("Dữ liệu minh họa chỉ có từ ngày %(day)s.", field="until", day=f"{IN_FORCE_FROM:%d/%m/%Y}")
    return start.first, last, horizon, month


def _known_procedures(units: Mapping[str, int]) -> Iterator[KnownProcedure]:
    """The demonstration's procedures in the order of its catalogue, which the seed depends on."""
    found = db.session.scalars(
        select(ProcedureVersion)
        .join(Procedure, Procedure.id == ProcedureVersion.procedure_id)
        .where(Procedure.site == site(), Procedure.origin == ORIGIN, ProcedureVersion.number == 1)
        .options(selectinload(ProcedureVersion.stages), selectinload(ProcedureVersion.documents))
    )
    versions = {version.procedure.code: version for version in found}
    for procedure in PROCEDURES:
        version = versions[procedure.code]
        yield KnownProcedure(
            code=procedure.code,
            version_id=version.id,
            unit=procedure.unit,
            unit_id=units[procedure.unit],
            terms=terms_of(version),
            level=version.level,
            fee=version.fee,
            online_payable=bool(version.fee and version.online_payment_eligible),
            returns_result=version.returns_result,
            share=procedure.share,
            documents=tuple(
                KnownDocument(d.id, d.name, d.required, d.copy_kind, d.quantity) for d in version.documents
            ),
        )


def _batches(world: World, plans: list[DayPlan]) -> Generator[Batch, None, None]:
    """The rows of all days in order, made up here or, when there are many, by workers."""
    url = db.engine.url.render_as_string(hide_password=False)
    chunks = list(_chunks(plans))
    workers = min(MOST_WORKERS, os.cpu_count() or 1)
    if sum(day.cases for day in plans) < MANY or workers < 2:
        clerk = Clerk(world, url)
        yield from map(clerk.write, chunks)
        return
    # Spawned, not forked: a child must not share this process's database connections.
    import multiprocessing  # heavy: only for large loads
    from concurrent.futures import ProcessPoolExecutor

    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, context, _start_worker, (world, url)) as pool:
        waiting: deque[Future[Batch]] = deque()
        for chunk in chunks:
            waiting.append(pool.submit(_work, chunk))
            if len(waiting) > workers + 1:  # never more in memory than this
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _chunks(plans: list[DayPlan]) -> Iterator[list[DayPlan]]:
    chunk: list[DayPlan] = []
    for day in plans:
        chunk.append(day)
        if sum(one.cases for one in chunk) >= CHUNK:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


_clerk: Clerk | None = None


def _start_worker(world: World, url: str) -> None:
    global _clerk
    _clerk = Clerk(world, url)


def _work(plans: list[DayPlan]) -> Batch:
    assert _clerk is not None
    return _clerk.write(plans)
