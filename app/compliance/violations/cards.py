"""What a unit head has to answer, as cards: one a finding, grouped by what caused it, the gravest first."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select

from app.compliance.labels import subject_pages
from app.compliance.models import CheckResult, CheckRun, ViolationState, ViolationSubject
from app.compliance.queries import ResultRow, ViolationLine
from app.compliance.violations.findings import Finding, Rules, findings_of
from app.compliance.warnings import Today
from app.core.periods import Period
from app.organisation.access import Scope
from app.organisation.registries import Act, SubjectPage, Wanted, acts_for
from app.rulepacks.language import Rule, Severity, Status
from app.web.extensions import db

MONTHS = 12
MOST_NAMED = 6
"""Single things that a card names; the violation's own page has all."""

_LATE = ("timeliness", "case_newly_overdue", "case_not_closed", "case_result", "stage_use", "officer_overdue")
_CAUSES: tuple[tuple[Any, tuple[str, ...]], ...] = (
    (_l("Hồ sơ quá hạn, xử lý chậm"), (*_LATE, "case_fault", "stage_note")),
    (_l("Số hóa, kết quả điện tử"), ("digitisation", "electronic_result", "result_attached")),
    (_l("Thanh toán và dịch vụ công trực tuyến"), ("payment", "catalogue_payment", "online_share")),
    (
        _l("Công bố, công khai, rà soát thủ tục"),
        ("publication_step", "catalogue_check", "listed", "catalogue_defect", "catalogue_list", "review", "reviews"),
    ),
    (_l("Nhiệm vụ của kế hoạch"), ("task",)),
    (_l("Khảo sát, chấm điểm"), ("satisfaction", "criterion", "index_result", "autonomy")),
    (_l("Không đạt nhiều kỳ liên tiếp"), ("earlier_failure", "rule")),
)
"""What causes a violation, by the kind of facts that the rule judges."""
OTHER = _l("Báo cáo, kế hoạch và việc phải làm định kỳ")


def cause_of(rule: Rule | None) -> Any:
    """What violations of the rule come from, in the reader's words."""
    if rule is None:
        return OTHER
    of = {rule.judge.things, *rule.kinds} - {"closing"}
    return next((words for words, kinds in _CAUSES if of.intersection(kinds)), OTHER)


@dataclass(frozen=True, slots=True)
class TrendPoint:
    """A month: how a cell stood in it, and its exact share where it is one; no status where it was not checked."""

    period: Period
    status: Status | None
    value: Fraction | None


@dataclass(frozen=True, slots=True)
class Card:
    """A finding with what a head needs to act on it."""

    finding: Finding
    rule: Rule | None
    trend: tuple[TrendPoint, ...]
    """Twelve months, the violation's own last."""
    states: Counter[ViolationState]
    """How many of its single things stand where, as of today."""
    named: tuple[str, ...]
    pages: Mapping[str, SubjectPage]
    acts: tuple[Act, ...]
    now: ResultRow | None = None
    """The same cell in the running month, as far as a provisional check tells."""

    @property
    def line(self) -> ViolationLine:
        """The violation under whose name it is shown."""
        return self.finding.first

    @property
    def more(self) -> int:
        """Single things beyond those named."""
        return sum(self.states.values()) - len(self.named)


@dataclass(frozen=True, slots=True)
class Cause:
    """Cards of one cause, the gravest first."""

    title: Any
    cards: tuple[Card, ...]


def causes_of(scope: Scope, lines: Sequence[ViolationLine], rules: Rules, beside: Today | None = None) -> list[Cause]:
    """Violations that wait for an answer, as cards by cause; a constant number of questions however many there are.
    `beside`: how the same cells stand today."""
    trends, (named, states) = _trends(scope, lines), _subjects([line.id for line in lines])
    found = findings_of(lines, rules)
    pages = _pages(scope, found, rules, named)
    groups: dict[str, list[Card]] = defaultdict(list)
    for finding in found:
        line = finding.first
        rule = rules.get((line.pack, line.rule))
        wanted = Wanted(scope, line.period, line.unit.id, line.unit.code, named.get(line.id, ()))
        groups[str(cause_of(rule))].append(
            Card(
                finding,
                rule,
                _twelve(line, trends),
                states.get(line.id, Counter()),
                named.get(line.id, ()),
                pages.get(line.id, {}),
                tuple(acts_for(rule.kinds, wanted)) if rule is not None else (),
                _now(line, beside),
            )
        )
    causes = [Cause(title, tuple(sorted(cards, key=_gravest))) for title, cards in groups.items()]
    return sorted(causes, key=lambda cause: _gravest(cause.cards[0]))


def _now(line: ViolationLine, beside: Today | None) -> ResultRow | None:
    if beside is None or not line.period < beside.period:
        return None
    return beside.of(line.pack, line.rule, line.unit.id)


def _gravest(card: Card) -> tuple[int, str, int]:
    due = card.line.answer_due
    return -list(Severity).index(card.line.severity), due.isoformat() if due else "", card.line.id


def _twelve(line: ViolationLine, known: Mapping[Any, tuple[Status, Fraction | None]]) -> tuple[TrendPoint, ...]:
    periods = _before(line.period)
    told = [known.get((period.key, line.pack, line.rule, line.unit.id), (None, None)) for period in periods[:-1]]
    told.append((Status.FAIL, line.value))
    return tuple(TrendPoint(period, *each) for period, each in zip(periods, told, strict=True))


@lru_cache(maxsize=128)
def _before(period: Period) -> tuple[Period, ...]:
    periods = [period]
    while len(periods) < MONTHS:
        periods.append(periods[-1].previous())
    return tuple(reversed(periods))


def _trends(scope: Scope, lines: Iterable[ViolationLine]) -> dict[Any, tuple[Status, Fraction | None]]:
    """How the same cells stood in the periods before, by the last whole run of each."""
    lines = list(lines)
    keys = {period.key for line in lines for period in _before(line.period)}
    latest = (
        select(func.max(CheckRun.id), CheckRun.period)
        .where(CheckRun.site == scope.site, CheckRun.period.in_(keys), ~CheckRun.limited)
        .group_by(CheckRun.period)
    )
    runs = {row[0]: row[1] for row in db.session.execute(latest)}
    value = CheckResult.figures["value"].as_string()
    columns = (CheckResult.run_id, CheckResult.pack, CheckResult.rule, CheckResult.unit_id, CheckResult.status, value)
    cells = select(*columns).where(
        CheckResult.run_id.in_(runs),
        CheckResult.unit_id.in_({line.unit.id for line in lines}),
        CheckResult.rule.in_({line.rule for line in lines}),
    )
    return {
        (runs[run], pack, rule, unit): (status, None if share is None else Fraction(share))
        for run, pack, rule, unit, status, share in db.session.execute(cells)
    }


def _subjects(
    violation_ids: Collection[int],
) -> tuple[dict[int, tuple[str, ...]], dict[int, Counter[ViolationState]]]:
    """The first single things of each violation, those to be answered before the others, and how many stand where."""
    standing = (ViolationSubject.violation_id.in_(violation_ids), ViolationSubject.gone_run_id.is_(None))
    by = (ViolationSubject.violation_id, ViolationSubject.state)
    states: dict[int, Counter[ViolationState]] = defaultdict(Counter)
    for violation_id, state, number in db.session.execute(select(*by, func.count()).where(*standing).group_by(*by)):
        states[violation_id][state] = number
    first = func.row_number().over(
        partition_by=ViolationSubject.violation_id, order_by=(ViolationSubject.state.desc(), ViolationSubject.subject)
    )
    ranked = select(ViolationSubject.violation_id, ViolationSubject.subject, first.label("rank")).where(*standing)
    part = ranked.subquery()
    chosen = select(part.c.violation_id, part.c.subject).where(part.c.rank <= MOST_NAMED).order_by(part.c.rank)
    named: dict[int, list[str]] = defaultdict(list)
    for violation_id, subject in db.session.execute(chosen):
        named[violation_id].append(subject)
    return {key: tuple(names) for key, names in named.items()}, states


def _pages(
    scope: Scope, found: Iterable[Finding], rules: Rules, named: Mapping[int, tuple[str, ...]]
) -> dict[int, Mapping[str, SubjectPage]]:
    """The pages of the single things that cards name: one question a kind of thing."""
    by_kind: dict[tuple[str, str], list[tuple[int, Rule]]] = defaultdict(list)
    for finding in found:
        line = finding.first
        rule = rules.get((line.pack, line.rule))
        if rule is not None and rule.named is not None and named.get(line.id):
            # Things of one kind have their pages together; a rule's own are of its pack.
            by_kind[rule.named, line.pack if rule.escalates is not None else ""].append((line.id, rule))
    pages: dict[int, Mapping[str, SubjectPage]] = {}
    for (_kind, pack), whose in by_kind.items():
        names = sorted({name for violation_id, _rule in whose for name in named[violation_id]})
        there = subject_pages(scope, pack, whose[0][1], names)
        pages |= dict.fromkeys((violation_id for violation_id, _rule in whose), there)
    return pages
