"""From failed results to violations: what is new, what persists, what is gone against the run before.

A violation has a stable key (pack, rule, unit, subject, period), so a second run opens nothing twice. One that a
later run no longer finds is marked gone, not deleted; found again, it is open again.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import date
from functools import lru_cache, partial
from itertools import chain
from operator import attrgetter
from typing import Any, cast

from sqlalchemy import Table, select, update

from app.compliance.adoption.repository import rule_by_name
from app.compliance.evaluation.results import STATES, AppliedWaiver, RuleResult, SubjectResult
from app.compliance.models import CheckRun, RunViolation, Violation, ViolationChange, ViolationMove, ViolationState
from app.compliance.wording import period_in_words, render_message
from app.core.periods import Period, PeriodKind
from app.organisation.calendars import site_calendar
from app.organisation.models import Unit
from app.organisation.queries import heads_of
from app.rulepacks.language import Rule, Severity, Status
from app.web.database import write_rows
from app.web.extensions import db

_AT_ONCE = 500
"""Violations asked for, or changed, in one statement."""
_VIOLATIONS, _SIGHTINGS, _MOVES = (cast(Table, model.__table__) for model in (Violation, RunViolation, ViolationMove))


@dataclass(slots=True)
class ViolationRow:
    """A violation as its row has it: a month may have thousands, which need not be more than their values."""

    id: int
    """0 until it is written."""
    key: str
    pack: str
    rule: str
    unit_id: int
    subject: str
    period: str
    severity: Severity
    state: ViolationState
    revision: int
    gone_run_id: int | None


_COLUMNS = [getattr(Violation, field.name) for field in fields(ViolationRow)]
_WRITTEN = ("key", "pack", "rule", "unit_id", "subject", "period", "revision")
_CHOSEN = ("severity", "state", "answer_due", "site", "first_run_id", "last_run_id")
_SEEN = ("violation_id", "change", "figures", "message", "site", "run_id")

Sighting = tuple[int, ViolationChange, str, str]
"""What a run says of a violation, by its number: figures and message are JSON."""


def standing(run: CheckRun, units: Iterable[Unit], packs: Collection[str]) -> list[ViolationRow]:
    """The violations of the run's period, within the packs and units that it judged."""
    chosen = select(*_COLUMNS).where(
        Violation.site == run.site,
        Violation.period == run.period,
        Violation.pack.in_(packs),
        Violation.unit_id.in_([unit.id for unit in units]),
    )
    return [ViolationRow(*row) for row in db.session.execute(chosen)]


def write_new(run: CheckRun, violations: Sequence[tuple[ViolationRow, date]]) -> None:
    """Write new violations, and tell them their numbers."""
    if not violations:
        return
    connection, written_by, of_row = db.session.connection(), (run.site, run.id, run.id), attrgetter(*_WRITTEN)
    write_rows(
        connection,
        _VIOLATIONS,
        (*_WRITTEN, *_CHOSEN),
        (
            (*of_row(violation), str(violation.severity), str(violation.state), due.isoformat(), *written_by)
            for violation, due in violations
        ),
    )
    written = (
        select(Violation.key, Violation.id)
        .where(Violation.site == run.site, Violation.period == run.period, Violation.first_run_id == run.id)
        .order_by(Violation.id)  # numbered as they were written
        .execution_options(yield_per=1000)
    )
    numbered = chain.from_iterable(connection.execute(written).partitions())
    for (violation, _due), (key, number) in zip(violations, numbered, strict=True):
        assert violation.key == key
        violation.id = number


def reopen(run: CheckRun, violations: Sequence[ViolationRow], answer_due: date) -> None:
    """Violations that were gone are there again: open, to be answered anew."""
    db.session.connection().execute(
        _MOVES.insert(),
        [
            {
                "site": run.site,
                "violation_id": violation.id,
                "at": run.finished_at,
                "person_id": run.person_id,
                "actor": run.actor,
                "from_state": violation.state,
                "to_state": ViolationState.OPEN,
                "reason": f"Lần kiểm tra {run.id} lại phát hiện vi phạm này.",
            }
            for violation in violations
        ],
    )
    update_all(
        violations,
        answer_due=answer_due,
        last_run_id=run.id,
        gone_run_id=None,
        state=ViolationState.OPEN,
        revision=Violation.revision + 1,
    )
    for violation in violations:
        violation.state, violation.gone_run_id = ViolationState.OPEN, None
        violation.revision += 1


def update_all(violations: Sequence[ViolationRow], **values: Any) -> None:
    """The same values for all of them, many rows at a time."""
    for start in range(0, len(violations), _AT_ONCE):
        ids = [violation.id for violation in violations[start : start + _AT_ONCE]]
        db.session.execute(update(Violation).where(Violation.id.in_(ids)).values(**values))


def write_sightings(run: CheckRun, seen: Iterable[Sighting]) -> None:
    """What the run says of violations."""
    written_by = run.site, run.id
    rows = ((violation, str(change), figures, message, *written_by) for violation, change, figures, message in seen)
    write_rows(db.session.connection(), _SIGHTINGS, _SEEN, rows)


def last_sightings(violations: Sequence[ViolationRow]) -> dict[int, RunViolation]:
    """What the last run that saw each violation said of it, by the violation's number."""
    found: dict[int, RunViolation] = {}
    for start in range(0, len(violations), _AT_ONCE):
        part = [violation.id for violation in violations[start : start + _AT_ONCE]]
        sightings = select(RunViolation).join(Violation, RunViolation.violation_id == Violation.id)
        sightings = sightings.where(Violation.id.in_(part), RunViolation.run_id == Violation.last_run_id)
        found |= {seen.violation_id: seen for seen in db.session.scalars(sightings)}
    return found


@dataclass(slots=True)
class Raised:
    """A violation as one run saw it. Its figures and its words are worked out when they are asked for: a month may
    have thousands, and they are written a few at a time."""

    violation: ViolationRow
    change: ViolationChange
    rule: Rule
    unit: Unit
    result: RuleResult | None
    """None of one that the run no longer found."""
    thing: SubjectResult | None = None
    names: Mapping[str, str] = field(default_factory=dict)
    """What the unit is called, in `vi` and `en`."""
    head: str = ""
    """Of an escalation, the name of the unit's head."""
    last: tuple[dict[str, Any], dict[str, str]] = ({}, {})
    """Of such a one, the figures and the message of the run that last found it."""

    @property
    def figures(self) -> dict[str, Any]:
        """The numbers, as JSON keeps them."""
        if self.result is None:
            return self.last[0]
        return figures_of(self.result, self.thing)

    @property
    def message(self) -> dict[str, str]:
        """What is said of it, in `vi` and `en`."""
        if self.result is None:
            return self.last[1]
        return {
            locale: render_message(
                self.rule,
                self.result,
                name,
                period_in_words(self.violation.period, locale),
                locale,
                self.thing,
                self.head,
            )
            for locale, name in self.names.items()
        }


def key_of(pack: str, rule: str, unit: str, subject: str, period: str) -> str:
    """The stable key of a violation."""
    return "/".join((pack, rule, unit, subject or "-", period))


def is_provisional(run: CheckRun) -> bool:
    """Whether the period had not ended: the run warns, and asks nobody to answer."""
    return run.as_of < Period.parse(run.period).bounds(site_calendar().zone)[1]


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
    for rule, result in failed:
        code = result.unit
        if result.waiver is not None:
            excused[result.pack, result.rule, ids[code]] = result.waiver
        if result.status is not Status.FAIL or not is_answered(rule, of_run, provisional=provisional):
            continue
        head = heads().get(ids[code], "") if rule.escalates is not None else ""
        for thing in result.failing or (None,):
            subject = thing.subject if thing else ""
            key = key_of(result.pack, result.rule, code, subject, period)
            seen.add(key)
            violation, change = _open_or_keep(known.get(key), key, rule, ids[code], subject, period, result.pack)
            raised.append(Raised(violation, change, rule, units[code], result, thing, names[code], head))
    _write_changes(run, raised)
    write_sightings(run, _sightings(raised))
    gone = [violation for key, violation in known.items() if key not in seen and violation.gone_run_id is None]
    vanished = list(_all_gone(run, gone, {unit.id: unit for unit in units.values()}, excused))
    update_all(gone, gone_run_id=run.id)
    write_sightings(run, _sightings(vanished))
    return raised + vanished


def _sightings(raised: Iterable[Raised]) -> Iterator[Sighting]:
    """What is written of them; what many rules say of one thing becomes JSON once."""
    texts = Texts()
    for each in raised:
        figures = texts.of(each.figures) if each.thing is None else texts.of_thing(each.thing)
        yield each.violation.id, each.change, figures, texts.of_message(each.message)


def _heads(units: Iterable[Unit]) -> Callable[[], Mapping[int, str]]:
    """The names of the units' heads by the units' ids, read when first asked for: few runs find an escalation."""
    return lru_cache(maxsize=1)(lambda: heads_of([unit.id for unit in units]))


def _open_or_keep(
    violation: ViolationRow | None, key: str, rule: Rule, unit_id: int, subject: str, period: str, pack: str
) -> tuple[ViolationRow, ViolationChange]:
    if violation is not None:
        return violation, ViolationChange.PERSISTING if violation.gone_run_id is None else ViolationChange.NEW
    state, number, revision = ViolationState.OPEN, 0, 1
    opened = ViolationRow(number, key, pack, rule.id, unit_id, subject, period, rule.severity, state, revision, None)
    return opened, ViolationChange.NEW


def _write_changes(run: CheckRun, raised: Sequence[Raised]) -> None:
    """New violations, those that are there again, and those that the run saw once more."""
    answer_due = _answer_due(run)
    new: list[tuple[ViolationRow, date]] = []
    again: dict[date, list[ViolationRow]] = defaultdict(list)
    for each in raised:
        assert each.result is not None  # the run found it
        due = answer_due(each.result.answer_days)
        if not each.violation.id:
            new.append((each.violation, due))
        elif each.violation.gone_run_id is not None:
            again[due].append(each.violation)
    write_new(run, new)
    for due, violations in again.items():
        reopen(run, violations, due)
    update_all([each.violation for each in raised if each.change is ViolationChange.PERSISTING], last_run_id=run.id)


def _answer_due(run: CheckRun) -> Callable[[int], date]:
    """The day by which a violation found by the run must be answered, given so many working days."""
    calendar = site_calendar()
    return lru_cache(maxsize=None)(partial(calendar.add_working_days, calendar.local_day(run.started_at)))


def _all_gone(
    run: CheckRun,
    gone: Sequence[ViolationRow],
    units: dict[int, Unit],
    excused: Mapping[tuple[str, str, int], AppliedWaiver],
) -> Iterator[Raised]:
    """Say that the run no longer found them, each in the words of the run that last did; one that is gone only
    because the unit was excused carries the waiver among its figures."""
    last_seen = last_sightings(gone)
    for violation in gone:
        last = last_seen.get(violation.id)
        figures, message = (last.figures, last.message) if last else ({}, {"vi": "", "en": ""})
        if waiver := excused.get((violation.pack, violation.rule, violation.unit_id)):
            figures = {**figures, "waiver": dict(waiver)}
        rule, unit = rule_by_name(violation.pack, violation.rule), units[violation.unit_id]
        yield Raised(violation, ViolationChange.GONE, rule, unit, None, last=(figures, message))


_OF_RESULTS = ("numerator", "denominator", "value", "comparison", "target", "shortfall")
"""What the figures of a single thing leave empty."""


class Texts:
    """Figures and messages as JSON. A thing's own figures are one dictionary for all the rules that speak of it: its
    text is made once and found by the dictionary's identity, so it must live as long as this does. What is said of a
    result is equal for most units, and its text is found by what it says."""

    _encode = staticmethod(json.JSONEncoder(ensure_ascii=False, check_circular=False).encode)
    _nothing = ", ".join(f'"{name}": null' for name in _OF_RESULTS)

    def __init__(self) -> None:
        self._known: dict[int, str] = {}
        self._results: dict[tuple[object, ...], str] = {}

    def of(self, told: Mapping[str, Any] | Sequence[Any]) -> str:
        """The JSON of anything."""
        return self._encode(told)

    def of_message(self, message: Mapping[str, str]) -> str:
        """The JSON of a message."""
        return f'{{"vi": {self._encode(message["vi"])}, "en": {self._encode(message["en"])}}}'

    def of_result(self, result: RuleResult) -> str:
        """The JSON of what `result_figures` tells."""
        if result.waiver is not None or result.status is Status.REMARK:
            return self.of(result_figures(result))
        value = result.value.as_integer_ratio() if result.value is not None else None
        # Figures by their names, of which each has one type: what is equal here reads the same.
        marks = result.reason, result.judged_as, value
        said = *marks, *result.figures.items(), *result.tally.items(), *result.pending
        text = self._results.get(said)
        if text is None:
            text = self._results[said] = self.of(result_figures(result))
        return text

    def of_thing(self, thing: SubjectResult) -> str:
        """The JSON of `figures_of` a single thing."""
        facts, details = self._once(thing.figures), self._once(thing.details)
        return f'{{{self._nothing}, "outcome": "{thing.outcome!s}", "facts": {facts}, "details": {details}}}'

    def _once(self, told: Mapping[str, Any]) -> str:
        if not told:
            return "{}"
        text = self._known.get(id(told))
        if text is None:
            text = self._known[id(told)] = self._encode(told)
        return text


def result_columns(result: RuleResult) -> dict[str, Any]:
    """A result as its row keeps it, without run and unit."""
    figures = figures_of(result)
    return {
        "pack": result.pack,
        "rule": result.rule,
        "status": result.status,
        "figures": result_figures(result),
        **{name: figures[name] for name in ("numerator", "denominator", "comparison", "target", "shortfall")},
        "unknown": result.unknown,
        "due": None if result.due is None else result.due.isoformat(),
        "subjects": subjects_column(result),
    }


def subjects_column(result: RuleResult) -> list[list[str | None]] | None:
    """A result's single things as its row keeps them: [id, state, due, since, done on] of each; None without any."""
    lines = [[thing.subject, STATES[thing.outcome], *map(thing.details.get, _DAYS)] for thing in result.things]
    return [[str(part) if part else None for part in line] for line in lines] or None


_DAYS = ("due", "since", "done_on")


def result_figures(result: RuleResult) -> dict[str, Any]:
    """What a result's row keeps beside its columns."""
    told: dict[str, Any] = {
        "reason": str(result.reason),
        "facts": result.figures,
        "value": None if result.value is None else str(result.value),
    }
    if result.tally:
        told["tally"] = dict(result.tally)
        told["pending"] = sorted(result.pending)
    if result.judged_as is not None:
        told["judged_as"] = str(result.judged_as)
    if result.status is Status.REMARK:
        told["remarks"] = [_remark(thing) for thing in result.failing]
    if result.waiver is not None:
        told["waiver"] = dict(result.waiver)
    return told


def _remark(thing: SubjectResult) -> dict[str, Any]:
    """A single thing that is remarked on: no violation keeps it, so the result does."""
    return {"subject": thing.subject, "outcome": thing.outcome.value, "facts": thing.figures, "details": thing.details}


def figures_of(result: RuleResult, thing: SubjectResult | None = None) -> dict[str, Any]:
    """The numbers of a result, or of one single thing of it, as JSON keeps them: shares exact as "7/20"."""
    if thing is not None:
        return {
            **dict.fromkeys(_OF_RESULTS),
            "outcome": thing.outcome.value,
            "facts": thing.figures,
            "details": thing.details,
        }
    return {
        "numerator": result.numerator,
        "denominator": result.denominator,
        "value": None if result.value is None else str(result.value),
        "comparison": result.comparison,
        "target": None if result.target is None else str(result.target),
        "shortfall": result.shortfall,
        "facts": result.figures,
        **({} if result.judged_as is None else {"judged_as": str(result.judged_as)}),
    }
