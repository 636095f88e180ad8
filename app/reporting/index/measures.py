"""What of the Department's records counts a metric: conditions that the figures and the lists behind them share.

Built on `cases.population` and on the facts that exist. Each measure says which records it counts (`counted`), which
of them count for it (`met`), and of which nobody can tell (`unknown`): these are in neither.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, exists, func, literal_column, not_, or_, select

from app.cases import population
from app.cases.lists import Window
from app.cases.models import Case, CasePause, Payment
from app.cases.population import both, either
from app.cases.vocabulary import Knows, PaymentChannel
from app.core.facts import FactQuery, gather
from app.core.periods import Period
from app.obligations.facts import PETITION, PETITIONS_ANSWERED
from app.obligations.models import Petition
from app.organisation.access import Scope
from app.organisation.calendars import site_calendar
from app.organisation.lineage import AN_INSTANT, passed_since
from app.organisation.models import Unit
from app.procedures.models import Level, Procedure, ProcedureVersion
from app.procedures.queries import deployed_on, in_force_on
from app.publications.models import Publication, PublicationProcedure, PublicationTrack
from app.reporting.index.definition import Tally, Told
from app.web.due import due_by, kept, missed, within
from app.web.extensions import db

Condition = ColumnElement[bool]
ByUnit = dict[int, Tally]
"""What was counted, by the unit's id."""


class Which(StrEnum):
    """A part of what a measure looks at."""

    COUNTED = "mau"
    MET = "tu"
    UNMET = "chua-dat"
    UNKNOWN = "chua-ro"


@dataclass(frozen=True, slots=True)
class IndexMeasure:
    """Three conditions; `met` holds only among those `counted`."""

    counted: Condition
    met: Condition
    unknown: Condition

    def of(self, which: Which) -> Condition:
        """Those of that part."""
        match which:
            case Which.COUNTED:
                return self.counted
            case Which.MET:
                return and_(self.counted, self.met)
            case Which.UNMET:
                return and_(self.counted, not_(self.met))
        return self.unknown


class _Decided:
    """A case as the index looks at it: it has ended once it has its result, else when it was refused, withdrawn or
    stopped; what is done at the desk afterwards is not its time."""

    late_after = Case.late_after
    ended_at = func.coalesce(Case.result_at, Case.ended_at)


def _received(w: Window) -> Condition:
    return and_(population.received_in(Case, w.start, w.as_of))


def _results(w: Window) -> Condition:
    return and_(population.result_given(Case, w.start, w.as_of), population.stands(Case))


def _on_time(w: Window) -> IndexMeasure:
    # From the day on which the applicant was asked for more the case waits for them: it is in the period in which
    # they were asked, and in that in which it goes on.
    waited = exists().where(
        CasePause.case_id == Case.id,
        CasePause.started_at < w.start,
        population.not_yet(CasePause.ended_at, w.as_of),
    )
    asked_again = exists().where(
        CasePause.case_id == Case.id, CasePause.number > literal_column("1"), CasePause.started_at < w.as_of
    )
    in_hand = both(
        population.done(Case.received_at, w.as_of),
        population.not_yet(_Decided.ended_at, w.start),
        population.stands(Case),
        not_(waited),
    )
    breached = both(population.known(Case.late_after), population.late(_Decided, w.as_of))
    never = population.never_promised(Case)
    return IndexMeasure(and_(in_hand, not_(never)), not_(either(breached, asked_again)), and_(in_hand, never))


def _online(w: Window) -> IndexMeasure:
    channel = population.told(Case, Knows.CHANNEL)
    resulted = both(Case.returns_result, population.done(Case.result_at, w.as_of))
    electronic = population.done(Case.electronic_result_at, w.as_of)
    untold = and_(resulted, not_(population.electronic_known(Case, w.as_of)), population.came_electronically(Case))
    unknown = or_(not_(channel), untold)
    met = and_(population.came_electronically(Case), or_(not_(resulted), electronic))
    return IndexMeasure(and_(_received(w), not_(unknown)), met, and_(_received(w), unknown))


def _paid_online(w: Window) -> IndexMeasure:
    owes = Case.fee_due > 0
    unlooked = Case.version_id.in_(select(ProcedureVersion.id).where(ProcedureVersion.details_known.is_(False)))
    unknown = or_(and_(owes, population.payment_unknown(w.as_of)), and_(not_(owes), unlooked))
    paid = exists().where(
        Payment.case_id == Case.id,
        Payment.channel == PaymentChannel.ONLINE,
        ~Payment.voided,
        population.done(Payment.paid_at, w.as_of),
    )
    return IndexMeasure(and_(_received(w), owes, not_(unknown)), paid, and_(_received(w), unknown))


def _result_digital(w: Window) -> IndexMeasure:
    known = population.result_known(Case, w.as_of)
    return IndexMeasure(
        and_(_results(w), known), population.result_digital(Case, w.as_of), and_(_results(w), not_(known))
    )


def _both_digital(w: Window) -> IndexMeasure:
    known = both(population.file_known(Case, w.as_of), population.result_known(Case, w.as_of))
    met = both(population.file_digital(Case, w.as_of), population.result_digital(Case, w.as_of))
    return IndexMeasure(and_(_results(w), known), met, and_(_results(w), not_(known)))


def _answered(column: Any) -> Callable[[Window], IndexMeasure]:
    def measure(w: Window) -> IndexMeasure:
        known = population.known(column)
        return IndexMeasure(and_(_received(w), known), column.is_(True), and_(_received(w), not_(known)))

    return measure


OF_CASES: Mapping[Told, Callable[[Window], IndexMeasure]] = {
    Told.ON_TIME: _on_time,
    Told.ONLINE: _online,
    Told.PAID_ONLINE: _paid_online,
    Told.RESULT_DIGITAL: _result_digital,
    Told.BOTH_DIGITAL: _both_digital,
    Told.REUSED: _answered(Case.reused),
    Told.VNEID: _answered(Case.vneid),
}


def _near(w: Window) -> Condition:
    """No case outside of this is in any measure: received since the period began, open, or ended since."""
    since = or_(Case.received_at >= w.start, Case.ended_at.is_(None), Case.ended_at >= w.start)
    return and_(since, Case.received_at < w.as_of)


def _owner(site: str, w: Window) -> Any:
    if passed_since(db.session.connection(), site, w.start, population.ACCOUNTABLE):
        return population.unit_then(Case, w.as_of - AN_INSTANT)
    return Case.unit_id


def _flags(measures: Mapping[Told, IndexMeasure]) -> list[Any]:
    return [
        case((measure.of(which), 1), else_=0).label(f"{told.name}_{which.name}")
        for told, measure in measures.items()
        for which in (Which.MET, Which.COUNTED, Which.UNKNOWN)
    ]


def _tallies(each: Select[Any], names: Iterable[Told]) -> dict[Told, ByUnit]:
    """Summed by the unit in the first column."""
    one = each.subquery()
    sums = [func.sum(column).label(column.name) for column in one.c if column.name != "unit"]
    found: dict[Told, ByUnit] = {told: {} for told in names}
    for row in db.session.execute(select(one.c.unit, *sums).group_by(one.c.unit)).mappings():
        for told, by_unit in found.items():
            counts = (int(row[f"{told.name}_{which.name}"]) for which in (Which.MET, Which.COUNTED, Which.UNKNOWN))
            by_unit[row["unit"]] = Tally(*counts)
    return found


def of_cases(scope: Scope, w: Window) -> dict[Told, ByUnit]:
    """Every measure of cases, in one statement."""
    measures = {told: measure(w) for told, measure in OF_CASES.items()}
    each = select(_owner(scope.site, w).label("unit"), *_flags(measures))
    each = each.where(Case.site == scope.site, _near(w), scope.within(Case.unit_id))
    return _tallies(each, measures)


def cases_behind(scope: Scope, told: Told, w: Window, which: Which, unit_id: int | None = None) -> Select[Any]:
    """The ids of the cases that a number counts."""
    chosen = select(Case.id).where(Case.site == scope.site, _near(w), scope.within(Case.unit_id))
    if unit_id is not None:
        chosen = chosen.where(_owner(scope.site, w) == unit_id)
    return chosen.where(OF_CASES[told](w).of(which))


# --- procedures, as they are in force on the last day that is looked at


def _version_of(condition: Any, w: Window) -> Any:
    """Procedures with a case of the period for which that holds."""
    return (
        select(ProcedureVersion.procedure_id)
        .join(Case, Case.version_id == ProcedureVersion.id)
        .where(Case.site == ProcedureVersion.site, _received(w), condition)
    )


def _offered_online(w: Window, day: date) -> IndexMeasure:
    v = ProcedureVersion
    return IndexMeasure(v.details_known.is_(True), v.level.in_((Level.FULL, Level.PARTIAL)), v.details_known.is_(False))


def _used_online(w: Window, day: date) -> IndexMeasure:
    v = ProcedureVersion
    offered = v.level.in_((Level.FULL, Level.PARTIAL))
    used = v.procedure_id.in_(_version_of(population.came_electronically(Case), w))
    perhaps = v.procedure_id.in_(_version_of(not_(population.told(Case, Knows.CHANNEL)), w))
    unknown = or_(v.details_known.is_(False), and_(offered, perhaps, not_(used)))
    return IndexMeasure(and_(offered, not_(unknown)), used, unknown)


def _payment_offered(w: Window, day: date) -> IndexMeasure:
    v = ProcedureVersion
    unknown = and_(v.fee == 0, v.details_known.is_(False))
    return IndexMeasure(v.fee > 0, and_(v.online_payment_eligible, deployed_on(day)), unknown)


def _payment_used(w: Window, day: date) -> IndexMeasure:
    v = ProcedureVersion
    paid = (
        select(v.procedure_id)
        .join(Case, Case.version_id == v.id)
        .join(Payment, Payment.case_id == Case.id)
        .where(Payment.site == v.site, population.between(Payment.paid_at, w.start, w.as_of))
        .where(Payment.channel == PaymentChannel.ONLINE, ~Payment.voided)
    )
    used = v.procedure_id.in_(paid)
    perhaps = v.procedure_id.in_(_version_of(population.payment_unknown(w.as_of), w))
    unknown = or_(and_(v.fee == 0, v.details_known.is_(False)), and_(v.fee > 0, perhaps, not_(used)))
    return IndexMeasure(and_(v.fee > 0, not_(unknown)), used, unknown)


OF_PROCEDURES: Mapping[Told, Callable[[Window, date], IndexMeasure]] = {
    Told.OFFERED_ONLINE: _offered_online,
    Told.USED_ONLINE: _used_online,
    Told.PAYMENT_OFFERED: _payment_offered,
    Told.PAYMENT_USED: _payment_used,
}


def _day(period: Period, w: Window) -> date:
    return min(period.last, site_calendar().local_day(w.as_of - AN_INSTANT))


def _in_force(chosen: Select[Any], scope: Scope, day: date) -> Select[Any]:
    version = ProcedureVersion
    chosen = chosen.join(Procedure, Procedure.id == version.procedure_id)
    return chosen.where(
        version.site == scope.site, Procedure.internal.is_(False), in_force_on(day), scope.within(version.unit_id)
    )


def of_procedures(scope: Scope, period: Period, w: Window) -> dict[Told, ByUnit]:
    """Every measure of procedures, in one statement."""
    day = _day(period, w)
    measures = {told: measure(w, day) for told, measure in OF_PROCEDURES.items()}
    each = select(ProcedureVersion.unit_id.label("unit"), *_flags(measures))
    return _tallies(_in_force(each, scope, day), measures)


def procedures_behind(
    scope: Scope, told: Told, period: Period, w: Window, which: Which, unit_id: int | None = None
) -> Select[Any]:
    """Procedures (id, code, name, field, unit's name) that a number counts, by their codes."""
    version, day = ProcedureVersion, _day(period, w)
    columns: tuple[Any, ...] = (Procedure.id, Procedure.code, version.name, version.field, Unit.name.label("unit"))
    chosen = _in_force(select(*columns).select_from(version), scope, day).join(Unit, Unit.id == version.unit_id)
    if unit_id is not None:
        chosen = chosen.where(version.unit_id == unit_id)
    return chosen.where(OF_PROCEDURES[told](w, day).of(which)).order_by(Procedure.code)


# --- publications: procedures whose announced decision had to be published in the period


@dataclass(frozen=True, slots=True)
class ListedProcedure:
    """A procedure with a last day of being published: by its publication `publication_id`. `published_on` None: not
    yet. `procedure_id` None: the publication names no procedure, and nobody can tell how many it is about."""

    publication_id: int
    decision: str
    procedure_id: int | None
    procedure: str
    unit_id: int
    unit: str
    due: date
    published_on: date | None

    @property
    def in_time(self) -> bool:
        """Published by its last day."""
        return bool(kept(self.due, self.published_on))

    def part(self, which: Which) -> bool:
        """Whether it belongs to that part."""
        if self.procedure_id is None:
            return which is Which.UNKNOWN
        return {Which.COUNTED: True, Which.MET: self.in_time, Which.UNMET: not self.in_time}.get(which, False)


def publications(scope: Scope, period: Period, w: Window, days: int) -> list[ListedProcedure]:
    """By decisions of the chairman (`PublicationTrack.PROCESS`) whose last day, so many working days after the
    decision, falls in the period and has passed or is done. A procedure stands once; one late decision makes it late.
    """
    calendar, seen = site_calendar(), _day(period, w)
    p = Publication
    chosen = (
        select(p, PublicationProcedure.procedure_id, Procedure.code)
        .outerjoin(PublicationProcedure, PublicationProcedure.publication_id == p.id)
        .outerjoin(Procedure, Procedure.id == PublicationProcedure.procedure_id)
        .where(p.site == scope.site, p.track == PublicationTrack.PROCESS, scope.within(p.division_id))
        .where(p.starts_on.between(period.first - timedelta(days=3 * days + 30), period.last))
        .order_by(p.starts_on, p.id, Procedure.code)
    )
    told: dict[tuple[int | None, int], ListedProcedure] = {}
    for publication, procedure_id, code in db.session.execute(chosen):
        due = calendar.add_working_days(publication.starts_on, days)
        published = publication.published_on
        if not kept(seen, published):
            published = None
        over = published is not None or missed(due, calendar.local_day(w.as_of))
        if not (over and kept(due, period.first) and due_by(due, period.last)):
            continue
        each = ListedProcedure(
            publication.id,
            publication.decision,
            procedure_id,
            code or "",
            publication.division_id,
            publication.division.name,
            due,
            published,
        )
        key = (procedure_id, 0) if procedure_id is not None else (None, publication.id)
        if key not in told or not each.in_time:
            told[key] = each
    return list(told.values())


def of_publications(found: Iterable[ListedProcedure]) -> ByUnit:
    """Counted by the division that answers for each."""
    counted: dict[int, Tally] = defaultdict(Tally)
    for each in found:
        parts = (int(each.part(which)) for which in (Which.MET, Which.COUNTED, Which.UNKNOWN))
        counted[each.unit_id] += Tally(*parts)
    return dict(counted)


# --- petitions


def of_petitions(scope: Scope, period: Period, w: Window, units: Mapping[str, int]) -> ByUnit | None:
    """Petitions due in the period, of which answered in time, as the fact of that name counts them; None where the
    site keeps no book of them. `units`: ids by code."""
    if db.session.scalar(select(Petition.id).where(Petition.site == scope.site).limit(1)) is None:
        return None
    query = FactQuery(scope.site, period, w.start, w.end, w.as_of)
    told: ByUnit = {}
    for fact in gather(db.session.connection(), query, {PETITIONS_ANSWERED.name}):
        if fact["unit"] in units:
            told[units[fact["unit"]]] = Tally(fact["answered_in_time"], fact["due"])
    return told


@dataclass(frozen=True, slots=True)
class DuePetition:
    """A petition due in the period that has been answered or has passed its day."""

    code: str
    content: str
    unit: str
    due: date
    answered_on: date | None
    in_time: bool

    def part(self, which: Which, told: Told) -> bool:
        """Whether it belongs to that part; whether a sender was content nobody can tell."""
        if told is Told.NO_PETITIONS:
            return which is Which.UNKNOWN
        return {Which.COUNTED: True, Which.MET: self.in_time, Which.UNMET: not self.in_time}.get(which, False)


def petitions_behind(scope: Scope, period: Period, w: Window, units: Mapping[str, str]) -> list[DuePetition]:
    """Each petition that `of_petitions` counts. `units`: names by code."""
    query = FactQuery(scope.site, period, w.start, w.end, w.as_of)
    facts = {
        fact["subject"]: fact
        for fact in gather(db.session.connection(), query, {PETITION.name})
        if fact["unit"] in units and (fact["answered"] or fact["overdue"])
    }
    due = within(Petition.due_on, period.first, period.last)
    chosen = select(Petition).where(Petition.site == scope.site, Petition.code.in_(facts), due)
    return [
        DuePetition(
            each.code,
            each.content,
            units[facts[each.code]["unit"]],
            each.due_on,
            each.answered_on if facts[each.code]["answered"] else None,
            not facts[each.code]["overdue"],
        )
        for each in db.session.scalars(chosen.order_by(Petition.due_on, Petition.code))
    ]
