"""Running the check.

A run reads everything at one instant, judges it, and writes its results and violations in one transaction: a run
that fails leaves nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from fractions import Fraction
from functools import partial
from typing import cast

from flask import current_app
from sqlalchemy import Table, select

from app.compliance.adoption import repository
from app.compliance.evaluation.engine_process import EngineStopped
from app.compliance.evaluation.evaluate import judge
from app.compliance.evaluation.results import Judgement, RuleResult
from app.compliance.models import CheckResult, CheckRun, PackText
from app.compliance.months import queries
from app.compliance.overview import worked_out
from app.compliance.runs import evidence
from app.compliance.runs.keeping import Texts
from app.compliance.runs.rows import earlier_failures, heirs_of, inherited, with_forebears
from app.compliance.violations.raising import Raised, raise_violations
from app.compliance.waivers import service
from app.core import facts
from app.core.errors import DomainError, NotFound
from app.core.facts import Fact, FactQuery
from app.core.periods import Period
from app.organisation import audit, verifying
from app.organisation.access import Actor, site, whole_site
from app.organisation.audit import transaction
from app.organisation.calendars import site_calendar
from app.organisation.models import Unit
from app.organisation.permissions import Capability, needs
from app.organisation.queries import units as units_within
from app.rulepacks.language import Rule
from app.rulepacks.pack import Override, Pack
from app.rulepacks.premises import BESIDE, ENDED, last_day
from app.web import extensions
from app.web.extensions import Value, db, snapshot, write_rows
from app.web.garbage import rare_garbage_collection
from app.web.once import forgetting, reading_once

_RESULTS = cast(Table, CheckResult.__table__)
_COLUMNS = (
    *("pack", "rule", "numerator", "denominator", "comparison", "target", "shortfall"),
    *("status", "figures", "unknown", "due", "subjects", "unit_id", "site", "run_id"),
)
"""Of a result, in the order in which it is written."""

Settle = Callable[[CheckRun, Judgement], None]
"""Told of the official run within the transaction that writes it; what it raises, undoes the run."""
Progress = Callable[[int, int, str], None]
"""Told how far a run is: steps done, steps in all, what is being done."""


@dataclass(frozen=True, slots=True)
class CheckReport:
    """What came of a check. `run` is None for a what-if, which writes nothing."""

    run: CheckRun | None
    period: Period
    as_of: datetime
    packs: tuple[Pack, ...]
    facts_hash: str
    judgement: Judgement
    violations: tuple[Raised, ...]
    """Those that are to be answered, and those that the run no longer found."""
    names: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """What the units are called, by their codes, in `vi` and `en`."""

    @property
    def broken(self) -> int:
        """How many violations there are: failing results, to be answered or not."""
        return sum(result.fails for result in self.judgement.results)


@needs(Capability.RUN_CHECKS)
@rare_garbage_collection()
@reading_once()
def run_check(
    by: Actor,
    period: Period,
    pack_ids: Collection[str] | None = None,
    unit_codes: Collection[str] | None = None,
    progress: Progress = lambda done, total, doing: None,
    settle: Settle | None = None,
) -> CheckReport:
    """Judge a period and record what is found; `settle` makes it the official run (`months.closing`).

    Raises DomainError for a future period, an unknown pack or unit, and EngineStopped, with an entry in the
    trail and nothing else written, when the engine did not live through it."""
    audit.check_may_write()  # a clock that runs ahead must not have a period judged that has not begun
    started = extensions.now()
    chosen, units = _packs_for(period, pack_ids), _units_for(period, unit_codes)
    progress(0, 3, "facts")
    beside = _counted_beside(chosen, units, period, unit_codes)
    codes = _codes(units | beside, unit_codes)
    with forgetting():
        as_of, gathered = gather(period, kinds_read_by(chosen), codes, owed_from(period, chosen))
        progress(1, 3, "judging")
        try:
            judgement = _judge(chosen, gathered, units, period, as_of, asked=pack_ids is not None, beside=beside)
        except EngineStopped as stopped:
            _say_stopped(by, period, stopped)
            raise
    facts_hash, told = evidence.keep([*gathered, *judgement.premises])
    del gathered  # a month's are tens of megabytes, which the writing needs
    progress(2, 3, "writing")
    with transaction() as session:
        queries.one_at_a_time()
        closed = queries.standing(period) is not None
        run = CheckRun(
            site=site(),
            period=period.key,
            official=settle is not None,
            after_closing=closed and settle is None,
            as_of=as_of,
            started_at=started,
            finished_at=extensions.now(),
            person_id=by.person_id,
            actor=by.name,
            packs=[{"id": pack.id, "hash": pack.hash} for pack in chosen],
            findings=[
                {"pack": c.pack, "rule": c.rule, "unit": c.unit, "numerator": c.numerator, "denominator": c.denominator}
                for c in judgement.contradictions
            ],
            units=None if unit_codes is None else sorted(units),
            limited=pack_ids is not None or unit_codes is not None,
            facts_hash=facts_hash,
            facts=told,
            calendar=site_calendar().fingerprint(),
        )
        session.add(run)
        session.flush()
        _keep_texts(chosen, started)
        results_hash = _write_results(run, judgement, units)
        raised = raise_violations(run, _with_rules(chosen, judgement), units, [pack.id for pack in chosen])
        if settle is not None:
            settle(run, judgement)
        elif not run.after_closing:
            queries.ask_nobody(run)
        hashes = {"packs": run.packs, "facts_hash": run.facts_hash, "results_hash": results_hash}
        entry = audit.record(by, "run_check", "check_run", run.id, period=period.key, **hashes)
        run.trail_number, run.trail_hash = entry.number, entry.hash
    verifying.write_line("check_run")
    progress(3, 3, "done")
    kept = run.facts_hash
    return CheckReport(run, period, as_of, tuple(chosen), kept, judgement, tuple(raised), _names(units))


def _names(units: Mapping[str, Unit]) -> dict[str, dict[str, str]]:
    return {code: {"vi": unit.name, "en": unit.name_en or unit.name} for code, unit in units.items()}


def _say_stopped(by: Actor, period: Period, stopped: EngineStopped) -> None:
    """Leave in the trail that a check was begun and why it has no run."""
    with transaction():
        audit.record(by, "stop_check", "period", period.key, reason=str(stopped.why))


def what_if(
    period: Period,
    overrides: Mapping[str, Override],
    pack_ids: Collection[str] | None = None,
    unit_codes: Collection[str] | None = None,
) -> CheckReport:
    """Judge a period with other parameters. Writes nothing."""
    return look(period, [overrides], _packs_for(period, pack_ids), unit_codes, asked=pack_ids is not None)[0]


def beside(
    period: Period, overrides: Mapping[str, Override], pack_ids: Collection[str] | None = None
) -> tuple[CheckReport, CheckReport]:
    """A period judged as the plans have it and with other parameters, on the same facts. Writes nothing."""
    as_it_is, instead = look(period, [{}, overrides], _packs_for(period, pack_ids), asked=pack_ids is not None)
    return as_it_is, instead


def dry_run(period: Period, chosen: Sequence[Pack]) -> CheckReport:
    """Judge a period by packs that need not be in force. Writes nothing. Raises DomainError for a future period."""
    _check_begun(period)
    return look(period, [{}], chosen)[0]


@reading_once()
def look(
    period: Period,
    each: Sequence[Mapping[str, Override]],
    chosen: Sequence[Pack],
    unit_codes: Collection[str] | None = None,
    *,
    asked: bool = False,
) -> list[CheckReport]:
    """Judge a period once with each of several parameters, all on the same facts. Writes nothing."""
    units, beside, as_of, gathered = _gathered_for(period, chosen, unit_codes)
    judgements = [
        _judge(chosen, gathered, units, period, as_of, overrides, asked=asked, beside=beside) for overrides in each
    ]
    return [
        CheckReport(
            None,
            period,
            as_of,
            tuple(chosen),
            evidence.digest(evidence.canonical([*gathered, *judgement.premises])),
            judgement,
            (),
            _names(units),
        )
        for judgement in judgements
    ]


@reading_once()
def so_far(period: Period, chosen: Sequence[Pack], unit_codes: Collection[str]) -> Judgement:
    """A period as it stands now, for a page that is looked at again and again: what it shows changes seldom, and of
    the same facts, law, units, waivers, calendar and days the engine is asked once. Not for rules that ask for earlier
    periods. Writes nothing."""
    units, beside, as_of, gathered = _gathered_for(period, chosen, unit_codes)
    return _judge(chosen, gathered, units, period, as_of, beside=beside, remembered=True)


def _gathered_for(
    period: Period, chosen: Sequence[Pack], unit_codes: Collection[str] | None
) -> tuple[dict[str, Unit], dict[str, Unit], datetime, list[Fact]]:
    """The units to judge, those counted beside them, and what is told of all of them as of an instant."""
    units = _units_for(period, unit_codes)
    beside = _counted_beside(chosen, units, period, unit_codes)
    codes = _codes(units | beside, unit_codes)
    return units, beside, *gather(period, kinds_read_by(chosen), codes, owed_from(period, chosen))


def refuse_impossible(
    period: Period, pack_ids: Collection[str] | None = None, unit_codes: Collection[str] | None = None
) -> None:
    """Raises what `run_check` would raise for a future period, an unknown pack or unit; reads no case."""
    audit.check_may_write()
    _packs_for(period, pack_ids)
    _units_for(period, unit_codes)


def facts_of(
    period: Period, kinds: Collection[str] | None = None, unit_codes: Collection[str] | None = None
) -> list[Fact]:
    """What the engine would be told of a period; every kind when none is named."""
    _check_begun(period)
    return gather(period, kinds, _codes(_units_for(period, unit_codes), unit_codes))[1]


@reading_once()
def gather(
    period: Period,
    kinds: Collection[str] | None,
    unit_codes: tuple[str, ...] | None = None,
    owed_from: date | None = None,
    things: frozenset[str] | None = None,
) -> tuple[datetime, list[Fact]]:
    """The facts of those kinds, all as of one instant (UTC): the period's end, or now while it lasts. `things`: as in
    FactQuery."""
    start, end = period.bounds(site_calendar().zone)
    as_of = min(end, extensions.now())
    heirs = heirs_of(site(), period.first)
    units = with_forebears(unit_codes, heirs)
    query = FactQuery(site(), period, start, end, as_of, units, _looked_at(end), owed_from, things)
    with snapshot() as connection:
        return as_of, inherited(facts.gather(connection, query, kinds), heirs)


def _looked_at(end: datetime) -> datetime:
    """Now, or when nothing of the period can be pending any more: what is recorded later changes nothing of it."""
    return min(extensions.now(), end + NOTHING_PENDING_AFTER)


NOTHING_PENDING_AFTER = timedelta(days=92)


def owed_from(period: Period, chosen: Sequence[Pack]) -> date | None:
    """The day before which nothing binds that the packs ask for again and again; None where one asks for whatever
    there is."""
    found = repository.terms(period, chosen)
    days = [found[pack.id].since if pack.id in found else pack.info.in_force.start for pack in chosen]
    return None if None in days else min((day for day in days if day is not None), default=None)


def kinds_read_by(chosen: Sequence[Pack]) -> set[str]:
    """The kinds of facts that the packs' rules read."""
    return {kind for pack in chosen for rule in pack.rules for kind in rule.kinds}


def _codes(units: dict[str, Unit], asked: Collection[str] | None) -> tuple[str, ...] | None:
    return None if asked is None else tuple(units)


def _packs_for(period: Period, pack_ids: Collection[str] | None) -> list[Pack]:
    _check_begun(period)
    if pack_ids is not None:
        return repository.choose(pack_ids, period.last)
    chosen = repository.judging(period)
    if not chosen and repository.nothing_adopted():
        raise DomainError("Chưa áp dụng bộ quy tắc nào nên chưa kiểm tra được: hãy áp dụng một bộ (flask rules adopt).")
    if not chosen:
        raise DomainError(
            "Không có bộ quy tắc nào đang áp dụng trong kỳ %(period)s.", field="period", period=period.label("vi")
        )
    return chosen


def _check_begun(period: Period) -> None:
    if period.first > site_calendar().local_day(extensions.now()):
        raise DomainError("%(period)s chưa bắt đầu, chưa thể kiểm tra.", field="period", period=period.label("vi"))


def _units_for(period: Period, unit_codes: Collection[str] | None) -> dict[str, Unit]:
    """The site's units that existed in the period, by code."""
    found = {
        unit.code: unit
        for unit in units_within(whole_site())
        if (unit.valid_from is None or unit.valid_from <= period.last)
        and (unit.valid_to is None or unit.valid_to >= period.first)
    }
    if unit_codes is None:
        return found
    for code in unit_codes:
        if code not in found:
            raise NotFound("Không có đơn vị mang mã “%(unit)s” trong kỳ này.", field="unit", unit=code)
    return {code: unit for code, unit in found.items() if code in unit_codes}


def _counted_beside(
    chosen: Sequence[Pack], units: Mapping[str, Unit], period: Period, unit_codes: Collection[str] | None
) -> dict[str, Unit]:
    """The units that a check of some units does not judge, and whose figures it needs all the same: one of those asked
    for answers for the Department as a whole."""
    if unit_codes is None:
        return {}
    answering = {rule.judge.answers for pack in chosen for rule in pack.rules}
    if not any(str(unit.kind) in answering for unit in units.values()):
        return {}
    return {code: unit for code, unit in _units_for(period, None).items() if code not in units}


def _judge(
    chosen: Sequence[Pack],
    gathered: Sequence[Fact],
    units: dict[str, Unit],
    period: Period,
    as_of: datetime,
    overrides: Mapping[str, Override] | None = None,
    *,
    asked: bool = False,
    beside: Mapping[str, Unit] | None = None,
    remembered: bool = False,
) -> Judgement:
    calendar = site_calendar()
    told = [premises_of_unit(unit, period) for unit in units.values()]
    told += [premises_of_unit(unit, period) | {BESIDE: "yes"} for unit in (beside or {}).values()]
    looked_on = calendar.local_day(_looked_at(period.bounds(calendar.zone)[1]))
    law_on, known_to = law_day(chosen, period), calendar.local_day(as_of)
    excuses, terms = service.in_force(period.last), repository.terms(period, chosen, asked=asked)
    ask = partial(
        judge,
        chosen,
        gathered,
        told,
        period,
        overrides,
        law_on=law_on,
        as_of=known_to,
        looked_on=looked_on,
        deadline_of=partial(last_day, calendar),
        excuses=excuses,
        too_unknown=_too_unknown(),
        terms=terms,
        earlier=partial(earlier_failures, period, chosen, judge_part=_judge_part),
    )
    if not remembered:
        return ask()
    said = evidence.digest(repr((gathered, told, sorted(excuses.items()), sorted(terms.items()), overrides)))
    days = period, law_on, known_to, looked_on, calendar
    return worked_out((), ("so far", law_of(chosen), said, days, _too_unknown()), ask)


def law_of(chosen: Iterable[Pack]) -> tuple[object, ...]:
    """What is judged by: the text of each pack, and which of its rules."""
    return tuple((pack.hash, *(rule.id for rule in pack.rules)) for pack in chosen)


def _too_unknown() -> Fraction:
    """From which share of what is not known the site calls a rate no data."""
    return Fraction(current_app.config["SETTINGS"].unknown_percent, 100)


def _judge_part(period: Period, packs: Sequence[Pack], unit_codes: Collection[str]) -> Judgement:
    """An earlier period, of which only these rules and units matter, as it is seen now: what happened until its end.
    With a unit that answers for the whole, whose figures are sums over every unit, all are asked."""
    units = _units_for(period, None)
    answering = {rule.judge.answers for pack in packs for rule in pack.rules}
    if not any(str(unit.kind) in answering for code, unit in units.items() if code in unit_codes):
        units = {code: unit for code, unit in units.items() if code in unit_codes}
    as_of, gathered = gather(period, kinds_read_by(packs), tuple(units), owed_from(period, packs))
    calendar = site_calendar()
    return judge(
        packs,
        gathered,
        [premises_of_unit(unit, period) for unit in units.values()],
        period,
        law_on=period.last,
        as_of=calendar.local_day(as_of),
        looked_on=calendar.local_day(_looked_at(period.bounds(calendar.zone)[1])),
        deadline_of=partial(last_day, calendar),
        excuses=service.in_force(period.last),
        terms=repository.terms(period, packs),
        too_unknown=_too_unknown(),
    )


DESK = "desk"


def premises_of_unit(unit: Unit, period: Period) -> dict[str, str]:
    """What a judgement is told of a unit. A one-stop desk within the Office is an office by its kind, and is not the
    Office: what a plan lays on the Office is not laid on it too."""
    within_its_like = unit.is_desk and unit.parent is not None and unit.parent.kind == unit.kind
    told = {"code": unit.code, "kind": DESK if within_its_like else str(unit.kind)}
    return told | {ENDED: "yes"} if unit.valid_to is not None and unit.valid_to < period.last else told


def law_day(chosen: Sequence[Pack], period: Period) -> date:
    """The day whose law is applied: the period's last, or the first day of a pack asked for by name although it
    began later (an old log can be judged by today's plan; the report says by which day)."""
    begins = [pack.info.in_force.start for pack in chosen if pack.info.in_force.start]
    return max([period.last, *begins])


def _with_rules(chosen: Sequence[Pack], judgement: Judgement) -> Iterator[tuple[Rule, RuleResult]]:
    rules = {(pack.id, rule.id): rule for pack in chosen for rule in pack.rules}
    for result in judgement.results:
        yield rules[result.pack, result.rule], result


def _keep_texts(chosen: Sequence[Pack], at: datetime) -> None:
    kept = set(db.session.scalars(select(PackText.hash).where(PackText.site == site())))
    for pack in chosen:
        if pack.hash not in kept:
            db.session.add(
                PackText(site=site(), pack=pack.id, hash=pack.hash, files=dict(pack.texts), first_used_at=at)
            )


def _write_results(run: CheckRun, judgement: Judgement, units: dict[str, Unit]) -> str:
    """Write the results; returns the hash that the audit trail keeps of them."""
    texts, written_by, digest = Texts(), (run.site, run.id), evidence.ResultsDigest()
    ids = {code: unit.id for code, unit in units.items()}

    word = texts.word

    def row(result: RuleResult) -> tuple[Value, ...]:
        target = None if result.target is None else str(result.target)
        counted, asked = (result.numerator, result.denominator), (result.comparison, target, result.shortfall)
        (figures, hashed), status = texts.of_result(result), str(result.status)
        subjects, due = texts.of_standings(result), None if result.due is None else result.due.isoformat()
        head = ", ".join(map(word, (result.pack, result.rule, result.unit, status, *counted, *asked)))
        later = ""
        if result.unknown is not None or due is not None or subjects is not None:
            later = f", {word(result.unknown)}, {word(due)}, {subjects or 'null'}"
        digest.add_text(f"[{head}, {hashed}{later}]")  # the JSON of what `verification.results_hash` adds
        kept = result.unknown, due, subjects
        return (result.pack, result.rule, *counted, *asked, status, figures, *kept, ids[result.unit], *written_by)

    write_rows(db.session.connection(), _RESULTS, _COLUMNS, map(row, judgement.results))
    return digest.text()
