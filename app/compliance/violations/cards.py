"""What a unit head has to answer, as cards: one a finding, grouped by what caused it, the gravest first."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from markupsafe import Markup
from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import aliased

from app.compliance.labels import subject_pages
from app.compliance.models import CheckResult, CheckRun, Violation, ViolationState, ViolationSubject
from app.compliance.queries import ResultRow, ViolationLine
from app.compliance.queries.runs import share as share_of
from app.compliance.violations.findings import Finding, Rules, findings_of
from app.compliance.warnings import Today
from app.compliance.wording import percent
from app.core.periods import Period
from app.organisation.access import Scope
from app.organisation.registries import Act, SubjectPage, Wanted, acts_for
from app.rulepacks.language import Rule, Severity, Status
from app.web.extensions import db
from app.web.formats import label, language

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


_BARS = (Status.FAIL, Status.PASS, Status.WAIVED, Status.REMARK)


def drawn_trend(points: Sequence[TrendPoint], target: Fraction | None, title: str) -> Markup:
    """Twelve months as SVG: a bar a month, as high as the share (whole where there is none), what breaks the rule
    filled, what keeps it outlined, what was not judged a dot; a line at the target, a share too. The same in words for
    whoever does not see it. Bars of one kind are one shape: a page draws twenty."""
    told, shapes = [], dict[Status, list[str]]()
    for number, (period, status, value) in enumerate((each.period, each.status, each.value) for each in points):
        if status is None:
            continue
        share = "" if value is None else f" {percent(value, language())}"
        told.append(f"{period.label(language())}: {label(status).lower()}{share}")
        left, high = number * 10 + 1.5, 4 + 21 * (1.0 if value is None else min(max(float(value), 0.0), 1.0))
        bar, dot = f"M{left} {27 - high:.1f}h7v{high:.1f}h-7z", f"M{left + 2} 24a1.5 1.5 0 1 0 3 0a1.5 1.5 0 1 0-3 0"
        shapes.setdefault(status, []).append(bar if status in _BARS else dot)
    paths = [
        Markup('<path class="trend-{}" d="{}"/>').format(status if status in _BARS else "none", "".join(drawn))
        for status, drawn in shapes.items()
    ]
    if target is not None and target <= 1:
        paths.append(Markup('<path class="trend-target" d="M0 {:.1f}h120"/>').format(23 - 21 * float(target)))
    words = "; ".join(told) or _("chưa có kỳ nào được kiểm tra")
    return Markup(
        '<svg class="trend" viewBox="0 0 120 28" role="img" aria-label="{}: {}">'
        '<path class="trend-base" d="M0 27.5h120"/>{}</svg>'
    ).format(title, words, Markup("").join(paths))


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
    latest = db.session.execute(_LATEST, {"site": scope.site, "periods": list(keys)})
    runs = {run_id: period for run_id, period in latest}  # noqa: C416  rows, typed
    wanted = {"runs": list(runs), "units": list({line.unit.id for line in lines}), "rules": [*{x.rule for x in lines}]}
    return {
        (runs[run], pack, rule, unit): (status, share_of(value))
        for run, pack, rule, unit, status, value in db.session.execute(_CELLS, wanted)
    }


# Asked with every page of a head's own: put together once.
_LATEST = (
    select(func.max(CheckRun.id), CheckRun.period)
    .where(CheckRun.site == bindparam("site"), CheckRun.period.in_(bindparam("periods", expanding=True)))
    .where(~CheckRun.limited)
    .group_by(CheckRun.period)
)
_CELLS = select(
    *(CheckResult.run_id, CheckResult.pack, CheckResult.rule, CheckResult.unit_id, CheckResult.status),
    CheckResult.figures["value"].as_string(),
).where(
    CheckResult.run_id.in_(bindparam("runs", expanding=True)),
    CheckResult.unit_id.in_(bindparam("units", expanding=True)),
    CheckResult.rule.in_(bindparam("rules", expanding=True)),
)


def _subjects(
    violation_ids: Collection[int],
) -> tuple[dict[int, tuple[str, ...]], dict[int, Counter[ViolationState]]]:
    """The first single things of each violation, those to be answered before the others, and how many stand where."""
    numbers = {"numbers": list(violation_ids)}
    states: dict[int, Counter[ViolationState]] = defaultdict(Counter)
    for violation_id, state, number in db.session.execute(_STANDING, numbers):
        states[violation_id][state] = number
    named: dict[int, list[str]] = defaultdict(list)
    for violation_id, subject in db.session.execute(_FIRST_NAMED, numbers):
        named[violation_id].append(subject)
    return {key: tuple(names) for key, names in named.items()}, states


_V, _S = Violation, ViolationSubject
_ASKED: Any = bindparam("numbers", expanding=True)
_STANDING = (
    select(_S.violation_id, _S.state, func.count())
    .where(_S.violation_id.in_(_ASKED), _S.gone_run_id.is_(None))
    .group_by(_S.violation_id, _S.state)
)
_BESIDE = aliased(ViolationSubject)
_FIRST_NAMED = (  # the first of each by itself: to number thousands only to keep six takes three times as long
    select(_S.violation_id, _S.subject)
    .select_from(_V)
    .join(
        _S,
        _S.id.in_(
            select(_BESIDE.id)
            .where(_BESIDE.violation_id == _V.id, _BESIDE.gone_run_id.is_(None))
            .order_by(_BESIDE.state.desc(), _BESIDE.subject)
            .limit(MOST_NAMED)
            .correlate(_V)
        ),
    )
    .where(_V.id.in_(_ASKED))
    .order_by(_S.violation_id, _S.state.desc(), _S.subject)
)


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
