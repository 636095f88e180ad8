"""From failed results to violations: what is new, what persists, what is gone against the run before, down to the
single things.

A violation is a failing result and has a stable key (pack, rule, unit, period), so a second run opens nothing twice.
One that a later run no longer finds is marked gone, not deleted; found again, it is open again. So is each of its
single things.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import date
from functools import lru_cache, partial
from itertools import chain
from operator import attrgetter
from typing import Any, cast

from flask import current_app
from sqlalchemy import Table, select, update
from sqlalchemy.orm import undefer

from app.compliance.adoption.repository import rule_by_name
from app.compliance.evaluation.results import AppliedWaiver, RuleResult, SubjectResult
from app.compliance.models import (
    CheckResult,
    CheckRun,
    RunStanding,
    RunViolation,
    Violation,
    ViolationChange,
    ViolationMove,
    ViolationState,
    ViolationSubject,
)
from app.compliance.runs.keeping import Texts
from app.compliance.violations.books import book_of_rule, state_of_all, states_in_books
from app.compliance.violations.cells import (
    SeenSubject,
    ViolationFigures,
    message_of,
    result_of_violation,
    seen_of,
    things_of,
)
from app.core.periods import Period, PeriodKind
from app.organisation.calendars import site_calendar
from app.organisation.models import Unit
from app.organisation.queries import heads_of
from app.rulepacks.language import Rule, Severity
from app.web.extensions import db, write_rows

_AT_ONCE = 500
"""Violations asked for, or changed, in one statement."""
_VIOLATIONS, _SUBJECTS, _SIGHTINGS, _MOVES = (
    cast(Table, model.__table__) for model in (Violation, ViolationSubject, RunViolation, ViolationMove)
)


@dataclass(slots=True)
class SubjectRow:
    """A single thing of a violation as its row has it."""

    id: int
    """0 until it is written."""
    subject: str
    state: ViolationState
    gone_run_id: int | None


@dataclass(slots=True)
class ViolationRow:
    """A violation as its row has it."""

    id: int
    """0 until it is written."""
    key: str
    pack: str
    rule: str
    unit_id: int
    period: str
    severity: Severity
    state: ViolationState
    revision: int
    gone_run_id: int | None
    answer_due: date | None
    subjects: dict[str, SubjectRow] = field(default_factory=dict)
    """Every single thing that any run found, by its name."""

    @property
    def standing(self) -> list[SubjectRow]:
        """The single things that the last run found."""
        return [each for each in self.subjects.values() if each.gone_run_id is None]


_COLUMNS = [getattr(Violation, field.name) for field in fields(ViolationRow) if field.name != "subjects"]
_WRITTEN = ("key", "pack", "rule", "unit_id", "period", "revision")
_CHOSEN = ("severity", "state", "answer_due", "site", "first_run_id", "last_run_id")
_SEEN = ("violation_id", "change", "head", "subjects", "site", "run_id")
_NEW_SUBJECT = ("violation_id", "subject", "state", "site", "first_run_id")


def standing(run: CheckRun, units: Iterable[Unit], packs: Collection[str]) -> list[ViolationRow]:
    """The violations of the run's period, within the packs and units that it judged, with their single things."""
    judged = (
        Violation.site == run.site,
        Violation.period == run.period,
        Violation.pack.in_(packs),
        Violation.unit_id.in_([unit.id for unit in units]),
    )
    found = {row[0]: ViolationRow(*row) for row in db.session.execute(select(*_COLUMNS).where(*judged))}
    columns = (ViolationSubject.id, ViolationSubject.subject, ViolationSubject.state, ViolationSubject.gone_run_id)
    theirs = select(ViolationSubject.violation_id, *columns).join(
        Violation, Violation.id == ViolationSubject.violation_id
    )
    for violation_id, number, name, state, gone in db.session.execute(
        theirs.where(*judged).order_by(ViolationSubject.id)
    ):
        found[violation_id].subjects[name] = SubjectRow(number, name, state, gone)
    return list(found.values())


@dataclass(slots=True)
class Raised:
    """A violation as one run saw it. Its words are made when they are asked for."""

    violation: ViolationRow
    change: ViolationChange
    rule: Rule
    unit: Unit
    cell: ViolationFigures
    """Its figures; of one that the run no longer found, those of the run that last did."""
    subjects: tuple[SeenSubject, ...] = ()
    """Its single things: those that the run found and those that are gone since the one before."""
    names: Mapping[str, str] = field(default_factory=dict)
    """What the unit is called, in `vi` and `en`."""
    head: str = ""
    """Of an escalation, the name of the unit's head."""

    @property
    def message(self) -> dict[str, str]:
        """What is said of it, in `vi` and `en`."""
        return {
            locale: message_of(self.rule, self.cell, name, self.violation.period, locale, self.head)
            for locale, name in self.names.items()
        }


def key_of(pack: str, rule: str, unit: str, period: str) -> str:
    """The stable key of a violation."""
    return "/".join((pack, rule, unit, period))


def is_provisional(run: CheckRun) -> bool:
    """Whether the period had not ended, or was closed before the run: the run warns, and raises nothing."""
    return run.after_closing or run.as_of < Period.parse(run.period).bounds(current_app.config["SETTINGS"].zone)[1]


def standing_of(run: CheckRun) -> RunStanding:
    """What the run is worth."""
    if run.official:
        return RunStanding.OFFICIAL
    if run.after_closing:
        return RunStanding.AFTERWARDS
    return RunStanding.PROVISIONAL if is_provisional(run) else RunStanding.UNCLOSED


def is_answered(rule: Rule, period: Period, *, provisional: bool) -> bool:
    """Whether what breaks the rule in the period is to be answered: nothing is before the period has ended, and a
    longer period asks for no second answer to what its months charge."""
    return not provisional and (period.kind is PeriodKind.MONTH or PeriodKind.MONTH not in rule.judge.every)


def raise_violations(
    run: CheckRun,
    failed: Iterable[tuple[Rule, RuleResult]],
    units: dict[str, Unit],
    judged_packs: Collection[str],
) -> list[Raised]:
    """Open, keep or mark gone the violations of the run's period, within the packs and units that it judged; none
    while the period lasts, and in a longer period only those of rules that no month judges."""
    of_run, provisional = Period.parse(run.period), is_provisional(run)
    if provisional:
        return []
    known = {violation.key: violation for violation in standing(run, units.values(), judged_packs)}
    raised: list[Raised] = []
    seen, excused, heads, period = set(), {}, _heads(units.values()), run.period
    ids = {code: unit.id for code, unit in units.items()}
    names = {code: {"vi": unit.name, "en": unit.name_en or unit.name} for code, unit in units.items()}
    due = _answer_due(run)
    days: dict[str, date] = {}
    for rule, result in failed:
        code = result.unit
        if result.waiver is not None:
            excused[result.pack, result.rule, ids[code]] = result.waiver
        if not result.fails or not is_answered(rule, of_run, provisional=provisional):
            continue
        head = heads().get(ids[code], "") if rule.escalates is not None else ""
        key = key_of(result.pack, result.rule, code, period)
        seen.add(key)
        days[key] = due(result.answer_days)
        row, change = _open_or_keep(known.get(key), key, rule, ids[code], period, result.pack)
        cell = ViolationFigures.of(result)
        things = _seen_subjects(row, cell.things)
        raised.append(Raised(row, change, rule, units[code], cell, things, names[code], head))
    _write_found(run, raised, days)
    _write_sightings(run, raised)
    gone = [violation for key, violation in known.items() if key not in seen and violation.gone_run_id is None]
    vanished = list(_all_gone(run, gone, {unit.id: unit for unit in units.values()}, excused, names))
    _update_all(gone, gone_run_id=run.id)
    _write_sightings(run, vanished)
    return raised + vanished


def _seen_subjects(row: ViolationRow, failing: Sequence[SubjectResult]) -> tuple[SeenSubject, ...]:
    """The single things of a violation: those found now, and those that the run before found and this one did not."""
    new, going_on, gone = ViolationChange.NEW, ViolationChange.PERSISTING, ViolationChange.GONE
    there = {} if row.gone_run_id is not None else {each.subject for each in row.standing}
    found = [SeenSubject(each.subject, going_on if each.subject in there else new, each) for each in failing]
    if not there:
        return tuple(found)
    named = {each.subject for each in failing}
    return (*found, *(SeenSubject(name, gone, None) for name in sorted(set(there) - named)))


def _heads(units: Iterable[Unit]) -> Callable[[], Mapping[int, str]]:
    """The names of the units' heads by the units' ids, read when first asked for: few runs find an escalation."""
    return lru_cache(maxsize=1)(lambda: heads_of([unit.id for unit in units]))


def _open_or_keep(
    violation: ViolationRow | None, key: str, rule: Rule, unit_id: int, period: str, pack: str
) -> tuple[ViolationRow, ViolationChange]:
    if violation is not None:
        return violation, ViolationChange.PERSISTING if violation.gone_run_id is None else ViolationChange.NEW
    opened = ViolationRow(0, key, pack, rule.id, unit_id, period, rule.severity, ViolationState.OPEN, 1, None, None)
    return opened, ViolationChange.NEW


# --- writing --------------------------------------------------------------------------------------------------


def _write_found(run: CheckRun, raised: Sequence[Raised], days: Mapping[str, date]) -> None:
    """What the run found: new violations, those that are there again, those that go on; and their single things."""
    was = {each.violation.key: each.violation.state for each in raised if each.violation.id}
    reopened = [each.violation for each in raised if each.violation.gone_run_id is not None]
    moves = [_reopening(run, violation, None) for violation in reopened if not violation.subjects]
    for violation in reopened:
        violation.state = ViolationState.OPEN
    fresh, moved = [], []
    for each in raised:
        new, again, move = _merge_subjects(run, each)
        fresh += new
        moved += again
        moves += move
    moved += states_in_books(run.site, raised)
    for each in raised:
        row = each.violation
        if row.subjects:
            row.state = state_of_all(thing.state for thing in row.standing)
    _write_new(run, [each.violation for each in raised if not each.violation.id], days)
    _write_subjects(run, fresh, moved)
    if moves:
        db.session.connection().execute(_MOVES.insert(), moves)
    _update_going_on(run, raised, was, days)


def _merge_subjects(
    run: CheckRun, each: Raised
) -> tuple[list[tuple[ViolationRow, SubjectRow]], list[SubjectRow], list[dict[str, Any]]]:
    """The single things to be written anew, those whose row changes, and what is written of those opened again."""
    row, new, changed, again = each.violation, [], [], defaultdict(list)
    kept_elsewhere = book_of_rule(each.rule) is not None
    for seen in each.subjects:
        thing = row.subjects.get(seen.subject)
        if seen.thing is None:
            assert thing is not None
            thing.gone_run_id = run.id
            changed.append(thing)
        elif thing is None:
            thing = row.subjects[seen.subject] = SubjectRow(0, seen.subject, ViolationState.OPEN, None)
            new.append((row, thing))
        elif seen.change is ViolationChange.NEW:
            if not kept_elsewhere:
                again[thing.state].append(thing.subject)
            thing.state, thing.gone_run_id = ViolationState.OPEN, None
            changed.append(thing)
    if row.gone_run_id is not None:  # what only the runs before it was gone had found
        named = {seen.subject for seen in each.subjects}
        for thing in row.standing:
            if thing.subject not in named:
                thing.gone_run_id = run.id
                changed.append(thing)
    moves = [_reopening(run, row, state, names) for state, names in again.items()]
    return new, changed, moves


def _reopening(
    run: CheckRun, violation: ViolationRow, state: ViolationState | None, names: list[str] | None = None
) -> dict[str, Any]:
    return {
        "site": run.site,
        "violation_id": violation.id,
        "at": run.finished_at,
        "person_id": run.person_id,
        "actor": run.actor,
        "from_state": state or violation.state,
        "to_state": ViolationState.OPEN,
        "reason": f"Lần kiểm tra {run.id} lại phát hiện vi phạm này.",
        "subjects": names,
    }


def _write_new(run: CheckRun, violations: Sequence[ViolationRow], days: Mapping[str, date]) -> None:
    """Write new violations, and tell them their numbers."""
    if not violations:
        return
    connection, written_by, of_row = db.session.connection(), (run.site, run.id, run.id), attrgetter(*_WRITTEN)
    rows = (
        (*of_row(each), str(each.severity), str(each.state), days[each.key].isoformat(), *written_by)
        for each in violations
    )
    write_rows(connection, _VIOLATIONS, (*_WRITTEN, *_CHOSEN), rows)
    written = (
        select(Violation.key, Violation.id)
        .where(Violation.site == run.site, Violation.period == run.period, Violation.first_run_id == run.id)
        .order_by(Violation.id)  # numbered as they were written
        .execution_options(yield_per=1000)
    )
    numbered = chain.from_iterable(connection.execute(written).partitions())
    for violation, (key, number) in zip(violations, numbered, strict=True):
        assert violation.key == key
        violation.id = number


def _write_subjects(
    run: CheckRun, fresh: Sequence[tuple[ViolationRow, SubjectRow]], changed: Sequence[SubjectRow]
) -> None:
    written_by = run.site, run.id
    rows = ((row.id, thing.subject, str(thing.state), *written_by) for row, thing in fresh)
    write_rows(db.session.connection(), _SUBJECTS, _NEW_SUBJECT, rows)
    alike: dict[tuple[ViolationState, int | None], set[int]] = defaultdict(set)
    for thing in changed:
        if thing.id:
            alike[thing.state, thing.gone_run_id].add(thing.id)
    for (state, gone), ids in alike.items():
        for part in _parts(sorted(ids)):
            of_these = update(ViolationSubject).where(ViolationSubject.id.in_(part))
            db.session.execute(of_these.values(state=state, gone_run_id=gone))


def _update_going_on(
    run: CheckRun, raised: Sequence[Raised], was: Mapping[str, ViolationState], days: Mapping[str, date]
) -> None:
    """Violations that were there before: seen once more; and where their state is another than it was, that, and a new
    day to answer by for those that nobody had to answer any more."""
    answered = (ViolationState.EXPLAINED, ViolationState.ACCEPTED, ViolationState.REMEDIED)
    alike: dict[tuple[ViolationState, date | None], list[ViolationRow]] = defaultdict(list)
    same: list[ViolationRow] = []
    for each in raised:
        row = each.violation
        before = was.get(row.key)
        if before is None:
            continue
        if row.gone_run_id is None and row.state is before:
            same.append(row)
            continue
        anew = row.gone_run_id is not None or (before in answered and row.state not in answered)
        alike[row.state, days[row.key] if anew else row.answer_due].append(row)
    _update_all(same, last_run_id=run.id)
    for (state, due), rows in alike.items():
        written = {"state": state, "answer_due": due, "revision": Violation.revision + 1}
        _update_all(rows, last_run_id=run.id, gone_run_id=None, **written)
        for row in rows:
            row.gone_run_id, row.answer_due, row.revision = None, due, row.revision + 1


def _update_all(violations: Sequence[ViolationRow], **values: Any) -> None:
    """The same values for all of them, many rows at a time."""
    for part in _parts([violation.id for violation in violations]):
        db.session.execute(update(Violation).where(Violation.id.in_(part)).values(**values))


def _parts(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(ids), _AT_ONCE):
        yield ids[start : start + _AT_ONCE]


def _write_sightings(run: CheckRun, raised: Iterable[Raised]) -> None:
    """What the run saw of each violation; the fields of one thing, which many rules read, become JSON once."""
    texts, written_by = Texts(), (run.site, run.id)
    rows = (
        (each.violation.id, str(each.change), each.head, texts.of_subjects(each.subjects), *written_by)
        for each in raised
    )
    write_rows(db.session.connection(), _SIGHTINGS, _SEEN, rows)


def _answer_due(run: CheckRun) -> Callable[[int], date]:
    """The day by which a violation found by the run must be answered, given so many working days."""
    calendar = site_calendar()
    return lru_cache(maxsize=None)(partial(calendar.add_working_days, calendar.local_day(run.started_at)))


def _all_gone(
    run: CheckRun,
    gone: Sequence[ViolationRow],
    units: dict[int, Unit],
    excused: Mapping[tuple[str, str, int], AppliedWaiver],
    names: Mapping[str, Mapping[str, str]],
) -> Iterator[Raised]:
    """Say that the run no longer found them, each by the figures of the run that last did; one that is gone only
    because the unit was excused carries the waiver."""
    last_seen = _last_cells(gone)
    for violation in gone:
        rule, unit = rule_by_name(violation.pack, violation.rule), units[violation.unit_id]
        cell, head = last_seen.get(violation.id, (ViolationFigures(figures={}), ""))
        cell = replace(cell, waiver=excused.get((violation.pack, violation.rule, violation.unit_id)))
        yield Raised(violation, ViolationChange.GONE, rule, unit, cell, names=names[unit.code], head=head)


def _last_cells(violations: Sequence[ViolationRow]) -> dict[int, tuple[ViolationFigures, str]]:
    """The figures of each violation by the last run that saw it, and the name of the head it spoke of."""
    found: dict[int, tuple[ViolationFigures, str]] = {}
    for part in _parts([violation.id for violation in violations]):
        chosen = (
            select(RunViolation, CheckResult)
            .join(Violation, Violation.id == RunViolation.violation_id)
            .outerjoin(CheckResult, result_of_violation(Violation.last_run_id))
            .where(Violation.id.in_(part), RunViolation.run_id == Violation.last_run_id)
            .options(undefer(RunViolation.subjects))
        )
        for seen, row in db.session.execute(chosen):
            things = things_of(seen_of(seen.subjects))
            found[seen.violation_id] = ViolationFigures.kept(row, things), seen.head
    return found
