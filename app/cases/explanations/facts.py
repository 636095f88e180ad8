"""What the engine is told of the duties that follow an event, seen as everywhere else from `as_of`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from itertools import chain
from typing import Any

from sqlalchemy import Select, func, or_, select
from sqlalchemy.engine import Connection
from sqlalchemy.orm import aliased

from app.cases import population
from app.cases.explanations.models import Apology, CaseFault, is_about
from app.cases.facts import stages_unknown, start_of_previous
from app.cases.late import LateCase, holder_of, late_rows, owing, whose
from app.cases.models import Case, CaseStage
from app.core.fact_kinds import fact_kinds
from app.core.facts import Fact, FactQuery, register, register_source
from app.core.subjects import fault_name
from app.core.text import fold
from app.organisation.calendars import site_calendar
from app.organisation.lineage import AN_INSTANT, unit_codes
from app.organisation.models import Person, Unit
from app.web.due import due_after

KINDS = fact_kinds("cases")
EXPLANATION = KINDS["explanation"]
APOLOGY = KINDS["apology"]
CASE_FAULT = KINDS["case_fault"]
APOLOGY_FOR_FAULT = KINDS["apology_for_fault"]
STAGE_NOTE = KINDS["stage_note"]
RESULT_ATTACHED = KINDS["result_attached"]
OFFICER_OVERDUE = KINDS["officer_overdue"]


def register_facts() -> None:
    """Register every source of these duties."""
    register(EXPLANATION, explanations)
    register(APOLOGY, apologies)
    register_source([CASE_FAULT, APOLOGY_FOR_FAULT], faults)
    register(STAGE_NOTE, stage_notes)
    register(RESULT_ATTACHED, results_attached)
    register(OFFICER_OVERDUE, officers_overdue)


def explanations(connection: Connection, query: FactQuery) -> Iterator[Fact]:
    """One fact per explained case among those overdue in the period, or fallen overdue since the one before."""
    units, calendar, owed = unit_codes(connection, query), site_calendar(), owing(connection, query)
    for case in owed.cases:
        sent = [each for each in owed.said.get(case.id, ()) if each.sent_at < query.as_of]
        if not sent or case.unit_id not in units:
            continue
        standing, answer = _standing(sent, query.as_of)
        yield EXPLANATION.fact(
            units[case.unit_id],
            query.period.key,
            subject=case.code,
            by_head=standing.by_head,
            sent_on=calendar.local_day(standing.sent_at).isoformat(),
            accepted=answer is True,
            returned=answer is False,
        )


def _standing(sent: Sequence[Any], as_of: datetime) -> tuple[Any, bool | None]:
    """The explanation that stands at that instant, and the Director's answer to it by then; the last one that was
    returned where none does. Only the head's count where the head has written.

    A returned one is no explanation: what stands is the first sent after it, and its own day is the day of explaining.
    """
    by_head = [row for row in sent if row.by_head] or sent
    answered = [row.accepted if population.done(row.decided_at, as_of) else None for row in by_head]
    returned = [place for place, answer in enumerate(answered) if answer is False]
    first = returned[-1] + 1 if returned else 0
    place = min(first, len(by_head) - 1)
    return by_head[place], answered[place]


def apologies(connection: Connection, query: FactQuery) -> Iterator[Fact]:
    """One fact per case apologised for because it was late, in the period or since it began to be in the one before."""
    units, calendar, owed = unit_codes(connection, query), site_calendar(), owing(connection, query)
    for case in owed.cases:
        letters = [each for each in owed.letters.get(case.id, ()) if each.sent_at < query.as_of]
        if not letters or case.unit_id not in units:
            continue
        whole = list(_with_what_it_needs(case, letters))
        if not whole:
            continue
        letter, complete = next((each for each in whole if each[1]), whole[0])
        yield APOLOGY.fact(
            units[case.unit_id],
            query.period.key,
            subject=case.code,
            sent_on=calendar.local_day(letter.sent_at).isoformat(),
            has_new_date=complete,
        )


def _with_what_it_needs(case: LateCase, letters: Iterable[Any]) -> Iterator[tuple[Any, bool]]:
    """Each letter for the lateness of a case, the oldest first, and whether it has the date it needs: its own, or none
    because the case had ended or an earlier letter for lateness gave the one that may be given.

    One that promised the very date that then passed is no apology for its passing.
    """
    given = False
    for letter in letters:
        complete = letter.new_due_at is not None or population.ended_by(case, letter.sent_at) or given
        given = given or letter.new_due_at is not None
        if letter.new_due_at is None or due_after(letter.new_due_at, case.late_after):
            yield letter, complete


def faults(connection: Connection, query: FactQuery) -> Iterator[Fact]:
    """Mistakes found in the period or the one before, or earlier and not answered when it began, and the first letter
    about each."""
    units, calendar = unit_codes(connection, query), site_calendar()
    known = calendar.local_day(query.as_of - AN_INSTANT)
    since = calendar.local_day(start_of_previous(query))
    found = (
        select(CaseFault.case_id, Case.code, CaseFault.number, CaseFault.unit_id, CaseFault.found_on)
        .add_columns(CaseFault.source, CaseFault.what)
        .join(Case, Case.id == CaseFault.case_id)
        .where(CaseFault.site == query.site, CaseFault.unit_id.in_(units))
        .where(CaseFault.found_on <= known, population.stands(Case))
        .where(or_(CaseFault.withdrawn_at.is_(None), CaseFault.withdrawn_at >= query.as_of))
        .order_by(Case.code, CaseFault.number)
    )
    rows = connection.execute(found).all()
    letters = _letters_for_mistakes(connection, query, {row.case_id for row in rows})
    for row in rows:
        subject = fault_name(row.code, row.number)
        said = {"found_on": row.found_on.isoformat(), "source": row.source.value, "what": row.what}
        about = (day for day, numbers in letters[row.case_id] if is_about(row.number, row.found_on, day, numbers))
        sent_on = next(about, None)
        if row.found_on < since and sent_on is not None and sent_on < query.period.first:
            continue
        yield CASE_FAULT.fact(units[row.unit_id], query.period.key, subject=subject, **said)
        if sent_on is not None:
            yield APOLOGY_FOR_FAULT.fact(
                units[row.unit_id], query.period.key, subject=subject, sent_on=sent_on.isoformat()
            )


def _letters_for_mistakes(
    connection: Connection, query: FactQuery, case_ids: set[int]
) -> dict[int, list[tuple[date, list[int]]]]:
    """By case: the days of letters for mistakes, the oldest first, and the numbers of those that each names."""
    calendar = site_calendar()
    sent = (
        select(Apology.case_id, Apology.sent_at, Apology.faults)
        .where(Apology.site == query.site, Apology.case_id.in_(case_ids), Apology.wrong, Apology.sent_at < query.as_of)
        .order_by(Apology.sent_at, Apology.id)
    )
    letters: dict[int, list[tuple[date, list[int]]]] = defaultdict(list)
    for row in connection.execute(sent):
        letters[row.case_id].append((calendar.local_day(row.sent_at), row.faults))
    return letters


def stage_notes(connection: Connection, query: FactQuery) -> Iterator[Fact]:
    """Stages ended at divisions, and those of them that left a processing note."""
    units = unit_codes(connection, query)
    desks = set(connection.scalars(select(Unit.id).where(Unit.site == query.site, Unit.is_desk)))
    counted = (
        select(
            CaseStage.unit_id,
            func.count().label("stages"),
            func.count().filter(population.stage_noted()).label("noted"),
        )
        .where(
            CaseStage.site == query.site,
            CaseStage.unit_id.in_(units.keys() - desks),
            population.between(CaseStage.ended_at, query.start, query.end),
        )
        .group_by(CaseStage.unit_id)
        .order_by(CaseStage.unit_id)
    )
    untold = {row.unit_id: row.unknown_cases for row in connection.execute(stages_unknown(query, units.keys() - desks))}
    noted = {row.unit_id: row for row in connection.execute(counted)}
    for unit_id in sorted(untold.keys() | noted.keys()):
        row = noted.get(unit_id)
        counts = {"stages_ended": row.stages if row else 0, "with_note": row.noted if row else 0}
        yield STAGE_NOTE.fact(units[unit_id], query.period.key, **counts, unknown_cases=untold.get(unit_id, 0))


def results_attached(connection: Connection, query: FactQuery) -> Iterator[Fact]:
    """Cases closed with a result of which it is known whether they carry it, and those that do."""
    units = unit_codes(connection, query)
    known = population.attached_known(Case, query.as_of)
    counted = (
        select(
            Case.unit_id,
            func.count().filter(known).label("closed"),
            func.count().filter(population.result_digital(Case, query.as_of)).label("attached"),
            func.count().label("number"),
        )
        .where(
            Case.site == query.site,
            Case.unit_id.in_(units),
            population.closed_with_result(Case, query.start, query.end),
        )
        .group_by(Case.unit_id)
        .order_by(Case.unit_id)
    )
    for row in connection.execute(counted):
        counts = {"closed": row.closed, "attached": row.attached, "unknown_closed": row.number - row.closed}
        yield RESULT_ATTACHED.fact(units[row.unit_id], query.period.key, **counts)


def officers_overdue(connection: Connection, query: FactQuery) -> Iterator[Fact]:
    """One fact per officer who had a stage that ran over in an overdue case, for the unit that had the stage then.

    Where no stage ran over, or none is known, it is whoever had the case when its promise passed. A case that names
    nobody is nobody's.
    """
    units, known = unit_codes(connection, query), OfficerRegister.read(connection, query.site)
    subject_of = cache(known.subject)  # of thousands of stages a few hundred officers
    overdue: dict[tuple[int, str], dict[str, None]] = defaultdict(dict)
    who_had_it = (connection.execute(found).all() for found in _who_had_it(query, connection))
    for unit_id, person_id, name, code in chain.from_iterable(who_had_it):
        if unit_id in units and (subject := subject_of(unit_id, person_id, name)):
            overdue[unit_id, subject][code] = None
    for (unit_id, subject), codes in sorted(overdue.items(), key=lambda each: (units[each[0][0]], each[0][1])):
        told = {"overdue": len(codes), "cases": ", ".join(codes)}
        yield OFFICER_OVERDUE.fact(units[unit_id], query.period.key, subject=subject, **told)


def _who_had_it(query: FactQuery, connection: Connection) -> list[Select[*tuple[Any, ...]]]:
    """Unit, account, name and case of each stage that ran over in the period's overdue cases; of the other overdue
    cases, of who had them when the promise passed, and of those without stages, of who has them."""
    ids = select(late_rows(Case, query, Case.id, connection=connection).c.id)
    stay = aliased(CaseStage)
    of_case = stay.case_id == Case.id
    ran_over = select(stay.id).where(of_case, population.late(stay, query.as_of)).exists()
    any_stay = select(stay.id).where(of_case).exists()
    left = or_(CaseStage.ended_at.is_(None), CaseStage.ended_at > Case.late_after)
    had_it = CaseStage.started_at <= Case.late_after, left
    unit = whose(CaseStage, query.as_of - AN_INSTANT, query, connection)
    stays = (
        select(unit, CaseStage.person_id, CaseStage.officer, Case.code)
        .join(Case, Case.id == CaseStage.case_id)
        .where(CaseStage.case_id.in_(ids))
        .order_by(Case.code)
    )
    return [
        stays.where(population.late(CaseStage, query.as_of)),
        stays.where(*had_it, ~ran_over),
        select(holder_of(query, connection), Case.holder_id, Case.officer, Case.code)
        .where(Case.id.in_(ids), ~any_stay)
        .order_by(Case.code),
    ]


@dataclass(frozen=True, slots=True)
class OfficerRegister:
    """Who is meant: an account, or a name that a unit's files write. Namesakes of two units, and two accounts with one
    name, are different officers."""

    people: Mapping[int, tuple[str, str]]
    by_name: Mapping[tuple[int, str], Sequence[int]]

    @classmethod
    def read(cls, connection: Connection, site: str) -> OfficerRegister:
        """The accounts of a site."""
        people: dict[int, tuple[str, str]] = {}
        by_name: dict[tuple[int, str], list[int]] = defaultdict(list)
        chosen = select(Person.id, Person.full_name, Person.username, Person.unit_id).where(Person.site == site)
        for key, name, username, unit_id in connection.execute(chosen):
            people[key] = name, username
            by_name[unit_id, fold(name)].append(key)
        return cls(people, by_name)

    def subject(self, unit_id: int, person_id: int | None, name: str) -> str:
        """What the officer is called among those of the unit: by their name, with that of the account where another
        account of the unit has the same; "" for nobody."""
        namesakes = self.by_name.get((unit_id, fold(name)), ())
        if person_id is None and len(namesakes) == 1:
            (person_id,) = namesakes
        if person_id is None or person_id not in self.people:
            return name
        full_name, username = self.people[person_id]
        alone = self.by_name.get((unit_id, fold(full_name)), ()) == [person_id]
        return full_name if alone else f"{full_name} ({username})"


register_facts()
