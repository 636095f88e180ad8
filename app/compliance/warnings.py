"""What the last provisional check of the running month warns of: how rates can still end, what falls due, and what is
said of it in the reader's language."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, time, timedelta
from enum import StrEnum
from fractions import Fraction
from functools import lru_cache
from math import ceil, floor
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import Select, bindparam

from app.compliance.adoption import repository
from app.compliance.adoption.repository import Library, rule_in
from app.compliance.explaining import noun_of, shortfall_shown, target_shown
from app.compliance.models import CheckResult, CheckRun
from app.compliance.queries import ResultRow, UnitRef
from app.compliance.queries.runs import result_row_of, results_within, runs_of
from app.compliance.runs.output import result_row
from app.compliance.runs.service import CheckReport, Progress, run_check
from app.compliance.violations.findings import figure_of
from app.compliance.violations.raising import standing_of
from app.core.facts import FactQuery, to_come_of
from app.core.periods import Period
from app.organisation.access import Actor, Scope, whole_site
from app.organisation.calendars import site_calendar, this_month, today
from app.organisation.permissions import Capability, needs
from app.organisation.schedule import BY_ITSELF, Routine, add_routine
from app.rulepacks.language import JudgedAs, Rule, Severity, Status, SubjectState
from app.web.due import due_by, kept, within
from app.web.extensions import db
from app.web.formats import show_number

# What the last provisional check of the running month warns of: how rates can still end, what falls due, and what is
# said of it in the reader's language.

# How a rate of a running period can still end. Pure and exact.
#
# So far `numerator` of `denominator` count well; `coming` more are known that will be counted among by the period's
# end, whatever becomes of them. Where it is `mendable`, what does not count well yet can still be put right as well.


class Chance(StrEnum):
    """Whether the target can still be reached."""

    SECURE = "secure"
    """Also if all the rest turns out badly."""
    OPEN = "open"
    """With enough of the rest."""
    LOST = "lost"
    """Not with all the rest that is known."""


@dataclass(frozen=True, slots=True)
class Outlook:
    """What it takes: `needed` of the `left` ones must turn out well.

    `beyond`: where all of those are too few, how many more than are known must be counted, all of them well, for the
    target to be reached all the same; None where no number would do.
    """

    chance: Chance
    needed: int
    left: int
    beyond: int | None = None


def outlook(
    comparison: str, target: Fraction, numerator: int, denominator: int, coming: int, *, mendable: bool = False
) -> Outlook | None:
    """What it takes for the share to be `at_least`, `more_than`, `at_most` or `less_than` the target; None of nothing.

    A share of what is bad, to be kept low, is a share of what is good, to be kept high.
    """
    if comparison in ("at_most", "less_than"):
        turned = "at_least" if comparison == "at_most" else "more_than"
        return outlook(turned, 1 - target, denominator - numerator, denominator, coming, mendable=mendable)
    strictly = comparison == "more_than"
    among = denominator + coming
    if among == 0:
        return None
    left = coming + (denominator - numerator if mendable else 0)
    needed = max(0, _least(target * among, strictly=strictly) - numerator)
    if needed <= left:
        return Outlook(Chance.OPEN if needed else Chance.SECURE, needed, left)
    return Outlook(Chance.LOST, needed, left, _beyond(target, numerator + left, among, strictly=strictly))


def _beyond(target: Fraction, good: int, among: int, *, strictly: bool) -> int | None:
    """The least m with (good + m) / (among + m) reaching the target."""
    if target >= 1:
        return None
    return _least((target * among - good) / (1 - target), strictly=strictly)


def _least(bound: Fraction, *, strictly: bool) -> int:
    """The least whole number from the bound on, or above it."""
    return floor(bound) + 1 if strictly else ceil(bound)


# What the last provisional check of the running month warns of: how rates can still end, and what falls due.


def running_month() -> Period:
    """The month that has not ended."""
    return this_month()


def provisional_run(scope: Scope) -> CheckRun | None:
    """The last check of everything in the running month; None where there is none yet."""
    return db.session.scalar(_whole_runs(scope), {"period": running_month().key})


@lru_cache(maxsize=64)
def _whole_runs(scope: Scope) -> Select[CheckRun]:
    chosen = runs_of(scope).where(CheckRun.period == bindparam("period"), ~CheckRun.limited)
    return chosen.order_by(CheckRun.id.desc()).limit(1)


@dataclass(frozen=True, slots=True)
class Today:
    """How cells of closed months stand in the running one: by pack, rule and id of the unit."""

    run: CheckRun
    cells: Mapping[tuple[str, str, int], ResultRow]

    @property
    def period(self) -> Period:
        """The running month."""
        return Period.parse(self.run.period)

    def of(self, pack: str, rule: str, unit_id: int) -> ResultRow | None:
        """The same cell so far; None where it was not judged, or nothing of it has happened yet."""
        found = self.cells.get((pack, rule, unit_id))
        return found if found is not None and found.status in _TELLING else None


_TELLING = (Status.PASS, Status.FAIL, Status.WAIVED, Status.REMARK)


def today_beside(scope: Scope, cells: Collection[tuple[str, str, int]]) -> Today | None:
    """How these cells (pack, rule, id of the unit) stand today; None where the running month was not checked."""
    run = provisional_run(scope) if cells else None
    if run is None:
        return None
    chosen = results_within(scope).where(
        CheckResult.run_id == run.id,
        CheckResult.unit_id.in_({unit_id for *_rest, unit_id in cells}),
        CheckResult.rule.in_({rule for _pack, rule, _unit in cells}),
    )
    rows = (result_row_of(row) for row in db.session.execute(chosen))
    return Today(run, {(row.pack, row.rule, row.place.id): row for row in rows})


@dataclass(frozen=True, slots=True)
class RateWarning:
    """A rate of a unit so far, and how it can still end. `cells` are the same figure under each plan, the one that is
    hardest to reach first; without `outlook` where nobody can tell what is still to come."""

    cells: tuple[ResultRow, ...]
    rule: Rule
    outlook: Outlook | None

    @property
    def cell(self) -> ResultRow:
        """The result by the plan that is hardest to satisfy."""
        return self.cells[0]

    @property
    def fails(self) -> bool:
        """Whether it fails at this pace."""
        return self.cell.status is Status.FAIL

    @property
    def order(self) -> tuple[bool, int, int, str, str]:
        """What fails first, the gravest of it first; of these what can still be reached."""
        lost = self.outlook is not None and self.outlook.chance is Chance.LOST
        gravest = -list(Severity).index(self.rule.severity)
        return not self.fails, gravest, lost, self.rule.id, self.cell.unit


_IN_ORDER = CheckResult.unit_id, CheckResult.rule, CheckResult.id
"""What reads the same on every database, by whichever index it is found."""


def rates(scope: Scope, run: CheckRun, library: Library, *, failing_only: bool = False) -> list[RateWarning]:
    """Every rate of units within the scope that the run judged, what fails first; or those alone that fail."""
    counted = results_within(scope).where(
        CheckResult.run_id == run.id,
        CheckResult.denominator > 0,
        CheckResult.comparison.is_not(None),
        CheckResult.status.in_((Status.FAIL,) if failing_only else (Status.FAIL, Status.PASS)),
    )
    found: dict[object, list[tuple[ResultRow, Rule, Outlook | None]]] = defaultdict(list)
    coming = _ComingOnce(scope, run)
    for row in db.session.execute(counted.order_by(*_IN_ORDER)):
        cell = result_row_of(row)
        rule = rule_in(library, cell.pack, cell.rule)
        if rule is not None and rule.rate is not None and rule.subject is None:
            same = cell.unit, cell.judged_as is JudgedAs.WHOLE, figure_of(rule)
            found[same].append((cell, rule, _outlook(cell, rule, coming)))
    return sorted((_together(same) for same in found.values()), key=lambda each: each.order)


def _together(same: Sequence[tuple[ResultRow, Rule, Outlook | None]]) -> RateWarning:
    ranked = sorted(same, key=lambda each: (each[0].status is not Status.FAIL, -(each[2].needed if each[2] else 0)))
    _cell, rule, told = ranked[0]
    return RateWarning(tuple(cell for cell, _rule, _told in ranked), rule, told)


class _ComingOnce:
    """How many records are still to come of a field, by unit, each field asked once."""

    def __init__(self, scope: Scope, run: CheckRun) -> None:
        period = Period.parse(run.period)
        start, end = period.bounds(site_calendar().zone)
        self._query = FactQuery(scope.site, period, start, end, run.as_of)
        self._known: dict[Callable[..., Any], Mapping[int, int]] = {}

    def of(self, source: Callable[..., Mapping[int, int]], unit_id: int | None) -> int:
        """A unit's, or everybody's."""
        if source not in self._known:
            self._known[source] = source(db.session.connection(), self._query)
        told = self._known[source]
        return sum(told.values()) if unit_id is None else told.get(unit_id, 0)


def _outlook(cell: ResultRow, rule: Rule, coming: _ComingOnce) -> Outlook | None:
    told = to_come_of(rule.rate.count) if rule.rate is not None else None
    if told is None or cell.target is None or cell.numerator is None or cell.denominator is None:
        return None
    whose = None if cell.judged_as is JudgedAs.WHOLE else cell.place.id
    number = coming.of(told.coming, whose) if told.coming is not None else 0
    figures = cell.target, cell.numerator, cell.denominator, number
    return outlook(cell.comparison or "", *figures, mendable=told.mendable)


@dataclass(frozen=True, slots=True)
class FallsDue:
    """What has its last day in what is left of the month: a rule's, on one day, of these units; its things by name."""

    rules: tuple[tuple[str, Rule], ...]
    """By pack: the same duty under several plans is one."""
    due: date
    units: tuple[UnitRef, ...]
    names: tuple[str, ...]
    cell: ResultRow

    @property
    def rule(self) -> Rule:
        """The first of them."""
        return self.rules[0][1]


def falls_due(scope: Scope, run: CheckRun, library: Library) -> list[FallsDue]:
    """What the run found not yet done and not yet due, with its last day from today to the month's end, by day."""
    last = Period.parse(run.period).last
    pending = results_within(scope, with_subjects=True).where(
        CheckResult.run_id == run.id, within(CheckResult.due, today(), last)
    )
    found: dict[tuple[date, object], list[tuple[ResultRow, str, Rule, str]]] = defaultdict(list)
    for row in db.session.execute(pending.order_by(*_IN_ORDER)):
        cell = result_row_of(row)
        rule = rule_in(library, cell.pack, cell.rule)
        if rule is None or rule.is_remark:
            continue
        same = figure_of(rule) or (cell.pack, cell.rule)
        for day, name in _pending_things(cell, last):
            found[day, same].append((cell, cell.pack, rule, name))
    dues = [_falls_due(day, told) for (day, _same), told in found.items()]
    return sorted(dues, key=lambda each: (each.due, -list(Severity).index(each.rule.severity), each.rule.id))


def _pending_things(cell: ResultRow, last: date) -> Iterable[tuple[date, str]]:
    """The single things that fall due, by day; the unit's own figure has no name."""
    if not cell.subjects and cell.due is not None:
        yield cell.due, ""
    for line in cell.subjects:
        if (
            line.status is SubjectState.PENDING
            and line.due is not None
            and kept(line.due, today())
            and due_by(line.due, last)
        ):
            yield line.due, line.id


def _falls_due(day: date, told: Sequence[tuple[ResultRow, str, Rule, str]]) -> FallsDue:
    return FallsDue(
        tuple({(pack, rule.id): (pack, rule) for _cell, pack, rule, _name in told}.values()),
        day,
        tuple({cell.place.id: cell.place for cell, *_rest in told}.values()),
        tuple(dict.fromkeys(name for *_rest, name in told if name)),
        told[0][0],
    )


# What an early warning says, in the reader's language.


def outlook_in_words(warned: RateWarning) -> str:
    """How the rate can still end: "Còn đạt được: cần 3 trong 8 hồ sơ còn lại.\""""
    told, cell = warned.outlook, warned.cell
    if told is None:
        return shortfall_shown(warned.rule, cell.shortfall, cell.comparison)
    left = {"left": show_number(told.left), "noun": noun_of(warned.rule, number=told.left)}
    if told.chance is Chance.OPEN:
        return str(_("Còn đạt được: cần %(needed)s trong %(left)s %(noun)s còn lại.", needed=told.needed, **left))
    if told.chance is Chance.SECURE:
        if not told.left:
            return str(_("Không còn gì đến hạn trong tháng: giữ được."))
        return str(_("Giữ được dù %(left)s %(noun)s còn lại đều không đạt.", **left))
    if told.beyond is None:
        return str(_("Tháng này không còn đạt được."))
    more = {"beyond": show_number(told.beyond), "more": noun_of(warned.rule, number=told.beyond)}
    if not told.left:
        return str(_("Không còn gì đến hạn trong tháng; phải có thêm %(beyond)s %(more)s đều đạt.", **more))
    return str(_("%(left)s %(noun)s còn lại không đủ; phải có thêm %(beyond)s %(more)s nữa, đều đạt.", **left, **more))


# Early warning: the running month, judged so far, by the site itself each night too. It asks nobody to answer, and
# counts against nobody. And as data: what `flask check warn` prints.

# Early warning: the running month, judged so far. It asks nobody to answer, and counts against nobody.


@needs(Capability.RUN_CHECKS)
def warn(by: Actor, progress: Progress = lambda done, total, doing: None) -> CheckReport:
    """Make the provisional check of the running month: every pack and unit, by what is recorded until now."""
    return run_check(by, running_month(), progress=progress)


# Early warnings as data: what `flask check warn` prints.

_KEPT = ("pack", "rule", "unit", "status", "numerator", "denominator", "value", "comparison", "target", "shortfall")


def _figures(cell: ResultRow) -> dict[str, Any]:
    row = result_row(cell)
    return {name: row[name] for name in _KEPT}


def warnings_json(run: CheckRun) -> dict[str, Any]:
    """All of them: each rate with what it takes (`outlook`, null where nobody can tell), and what falls due."""
    library = repository.packs_of(run)
    return {
        "run": run.id,
        "period": run.period,
        "standing": standing_of(run).value,
        "as_of": run.as_of.astimezone(site_calendar().zone).isoformat(timespec="seconds"),
        "rates": [_rate(cell, each) for each in rates(whole_site(), run, library) for cell in each.cells],
        "falls_due": [
            {
                "rules": [{"pack": pack, "rule": rule.id} for pack, rule in each.rules],
                "due": each.due.isoformat(),
                "units": [unit.code for unit in each.units],
                "subjects": list(each.names),
            }
            for each in falls_due(whole_site(), run, library)
        ],
    }


def _rate(cell: ResultRow, warned: RateWarning) -> dict[str, Any]:
    told = warned.outlook
    outlook = None
    if told is not None:
        outlook = {"chance": told.chance.value, "needed": told.needed, "left": told.left, "beyond": told.beyond}
    return _figures(cell) | {"severity": warned.rule.severity.value, "outlook": outlook}


def warnings_table(run: CheckRun) -> tuple[list[dict[str, Any]], dict[str, str]]:
    """The rates that fail at this pace, a line each."""
    columns = {
        "rule": _("Quy tắc"),
        "unit": _("Đơn vị"),
        "numerator": _("Tử số"),
        "denominator": _("Mẫu số"),
        "target": _("Chỉ tiêu"),
        "outlook": _("Còn làm được gì"),
    }
    failing = (each for each in rates(whole_site(), run, repository.packs_of(run)) if each.fails)
    rows = [
        _figures(each.cell)
        | {"target": target_shown(each.cell.comparison, each.cell.target), "outlook": outlook_in_words(each)}
        for each in failing
    ]
    return [{name: row[name] for name in columns} for row in rows], columns


# The site makes its early warning by itself each night.


def _warn() -> None:
    warn(BY_ITSELF)


add_routine(Routine("warn", (time(2, 30),), _warn, lease=timedelta(hours=2)))
