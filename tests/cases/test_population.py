"""Every population says the same of a table and of a state: SQL and Python, on random lives, on both databases.

And nobody else compares anything with the time by which it is due: Python, SQL expressions and templates are walked.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import jinja2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jinja2 import nodes
from sqlalchemy import func, select

from app.cases import population, service
from app.cases.models import Case, CaseStage, Consultation
from app.cases.population import Bucket
from app.cases.timeline import CaseState, Event, OutOfOrder, StageTerms, Terms, project
from app.cases.vocabulary import Channel, EventKind, Knows, ReturnMethod
from app.core.calendar import PauseMode, TimeUnit, WorkingCalendar
from app.organisation.access import Scope
from app.web.extensions import db
from tests.clock import at
from tests.factories import SITE, make_department, make_version, receive

ROOT = Path(__file__).resolve().parents[2]
CALENDAR = WorkingCalendar()
BEGIN, DAY = at("2024-05-27 09:00"), timedelta(days=1)
K = EventKind

# --- random lives

KINDS = (
    *(K.HANDED_OVER, K.HANDED_OVER, K.RETURNED, K.SUPPLEMENT_REQUESTED, K.SUPPLEMENTED, K.RESOLVED, K.CLOSED),
    *(K.REFUSED, K.WITHDRAWN, K.FILES_DIGITISED, K.RESULT_DIGITISED, K.ISSUED_ELECTRONIC, K.DELIVERED),
    *(K.CONSULTED, K.CONSULT_ANSWERED, K.PROMISE_MOVED, K.CORRECTED),
)
steps = st.tuples(st.sampled_from(KINDS), st.integers(0, 120), st.integers(0, 30))
lives = st.lists(steps, max_size=9)
POINTS = ("received_at", "due_at", "result_at", "ended_at", "paused_at", "electronic_result_at")


def lived(life: list[tuple[EventKind, int, int]], mode: PauseMode, units: list[int]) -> CaseState:
    """What such a life adds up to; what cannot happen did not."""
    stages = tuple(StageTerms(n, f"Bước {n}", unit, 2) for n, unit in enumerate(units[:3], 1))
    terms = Terms(5, TimeUnit.WORKING_DAYS, mode, units[0], stages)
    events, moment = [Event(1, K.RECEIVED, BEGIN)], BEGIN
    for kind, hours, which in life:
        moment += timedelta(hours=hours)
        unit = units[which % len(units)]
        data: dict[str, Any] = {
            K.RETURNED: {"position": 1},
            K.CONSULTED: {"unit_id": unit, "due_at": (moment + DAY).isoformat()},
            K.CONSULT_ANSWERED: {"number": which},
            K.PROMISE_MOVED: {"promised_at": CALENDAR.end_of_day(CALENDAR.local_day(moment)).isoformat()},
            K.CORRECTED: {"void": True} if which % 2 else {"at": moment.isoformat()},
        }.get(kind, {})
        corrects = which % len(events) + 1 if kind is K.CORRECTED else None
        event = Event(len(events) + 1, kind, moment, data=data, corrects=corrects)
        try:
            project(terms, [*events, event], CALENDAR)
        except OutOfOrder:
            continue
        events.append(event)
    return project(terms, events, CALENDAR)


def asked(as_of: datetime, start: datetime) -> dict[str, Callable[[Any], Any]]:
    """Every population of cases, asked at that instant of the period that began at the other."""
    p = population
    of_case: dict[str, Callable[[Any], Any]] = {
        "not_closed": lambda of: p.not_closed(of, start, as_of, as_of),
        "unclosed": p.unclosed,
        "paused": lambda of: p.known(of.paused_at),
        "paused_long": lambda of: p.paused_long(of, CALENDAR, as_of, 2),
        "may_move": lambda of: p.may_move(of, start),
        "to_collect": lambda of: p.to_collect(of, as_of),
        "files_not_digitised": lambda of: p.files_not_digitised(of, start, as_of, as_of),
        "result_not_digitised": lambda of: p.result_not_digitised(of, start, as_of, as_of),
        "no_electronic_result": lambda of: p.no_electronic_result(of, start, as_of, as_of),
        "came_electronically": p.came_electronically,
        "files_unknown": lambda of: p.files_unknown(of, start, as_of, as_of),
        "result_unknown": lambda of: p.result_unknown(of, start, as_of, as_of),
        "electronic_unknown": lambda of: p.electronic_unknown(of, start, as_of, as_of),
        "attached_unknown": lambda of: p.attached_unknown(of, start, as_of, as_of),
        "result_not_attached": lambda of: p.result_not_attached(of, start, as_of, as_of),
        "closed_with_result": lambda of: p.closed_with_result(of, start, as_of),
        "result_digital": lambda of: p.result_digital(of, as_of),
        "result": lambda of: p.between(of.result_at, start, as_of),
        **{bucket: lambda of, bucket=bucket: p.in_bucket(of, bucket, CALENDAR, as_of) for bucket in Bucket},
    }
    return asked_of_stays(as_of, start) | of_case


def asked_of_stays(as_of: datetime, start: datetime) -> dict[str, Callable[[Any], Any]]:
    """Every population of cases that is one of stays in a stage too."""
    p = population
    return {
        "ended_late": p.ended_late,
        "ended_in_time": p.ended_in_time,
        "past_due": lambda of: p.past_due(of, as_of),
        "late": lambda of: p.late(of, as_of),
        "open_now": lambda of: p.still_open(of, as_of)[0],
        "ended_since": lambda of: p.still_open(of, as_of)[1],
        "open_overdue": lambda of: p.open_overdue(of, as_of),
        "finished_late": lambda of: p.finished_late(of, start, as_of),
        "overdue": lambda of: p.overdue(of, start, as_of, as_of),
        "due_within": lambda of: p.due_within(of, start, as_of),
    }


def by_sql(table: Any, populations: dict[str, Callable[[Any], Any]]) -> list[dict[str, bool]]:
    """Which populations each row of the table is in, in the order of the rows."""
    columns = [func.coalesce(population.both(of(table)), False).label(name) for name, of in populations.items()]
    order = (table.case_id, table.number) if table is CaseStage else (table.id,)
    rows = db.session.execute(select(*columns).select_from(table).order_by(*order))
    return [{name: bool(value) for name, value in row._mapping.items()} for row in rows]


def by_python(row: Any, populations: dict[str, Callable[[Any], Any]]) -> dict[str, bool]:
    return {name: bool(of(row)) for name, of in populations.items()}


@pytest.fixture
def slots(session: Any) -> tuple[list[Case], dict[str, int]]:
    """Cases to write lives into, and the units by code."""
    units = make_department()
    version = make_version(units["LDVL"], ("Tiếp nhận", units["MC"], 1), ("Thẩm định", units["LDVL"], 3))
    cases = [receive(version, BEGIN) for _n in range(4)]
    db.session.commit()
    return cases, {code: unit.id for code, unit in units.items()}


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(lives, min_size=4, max_size=4),
    st.sampled_from(list(PauseMode)),
    st.tuples(st.integers(0, 3), st.sampled_from(POINTS), st.integers(-1, 1)),
    st.integers(0, 30),
    st.permutations(["MC", "LDVL", "NCC", "VP"]),
    st.lists(st.tuples(st.integers(0, Knows.EVERYTHING), st.sampled_from(Channel)), min_size=4, max_size=4),
)
def test_a_table_and_a_state_are_in_the_same_populations(
    slots: Any,
    many: list[Any],
    mode: PauseMode,
    near: tuple[int, str, int],
    days: int,
    codes: list[str],
    ways_in: list[tuple[int, Channel]],
) -> None:
    """Asked on either side of, and exactly at, an instant at which something happened."""
    cases, units = slots
    states = [lived(life, mode, [units[code] for code in codes]) for life in many]
    which, point, microseconds = near
    as_of = (getattr(states[which], point) or BEGIN + days * DAY) + timedelta(microseconds=microseconds)
    start = as_of - days * DAY
    try:
        for case, state, (knows, channel) in zip(cases, states, ways_in, strict=True):
            case.knows, case.channel = knows, channel
            service.replace_derived(case, state, service.stored_derived([case.id])[case.id])
        desk: dict[str, Any] = {"returns_result": True, "return_method": ReturnMethod.IN_PERSON, "import_id": None}
        seen = [
            SimpleNamespace(**_shallow(state), **desk, knows=knows, channel=channel)
            for state, (knows, channel) in zip(states, ways_in, strict=True)
        ]
        assert by_sql(Case, asked(as_of, start)) == [by_python(each, asked(as_of, start)) for each in seen]
        stays = [stay for state in states for stay in state.stays]
        of_stays = asked_of_stays(as_of, start)
        assert by_sql(CaseStage, of_stays) == [by_python(stay, of_stays) for stay in stays]
        questions = [question for state in states for question in state.consultations]
        overdue = {"answer": lambda of: population.answer_overdue(of, as_of)}
        assert by_sql(Consultation, overdue) == [by_python(question, overdue) for question in questions]
        for case in cases:
            assert by_python(case, asked(as_of, start)) == by_python(seen[cases.index(case)], asked(as_of, start))
        _compare_visible(cases, states, units)
    finally:
        db.session.rollback()


def _shallow(state: CaseState) -> dict[str, Any]:
    return {name: getattr(state, name) for name in asdict(state)}


def _compare_visible(cases: list[Case], states: list[CaseState], units: dict[str, int]) -> None:
    for code in ("MC", "LDVL", "NCC", "VP"):
        scope = Scope(SITE, frozenset([units[code]]))
        listed = {"on_desk": population.on_desk_of(scope), "change": population.changeable_by(scope)}
        listed["visible"] = population.visible_to(scope)
        found = {name: set(db.session.scalars(select(Case.id).where(each))) for name, each in listed.items()}
        both = list(zip(cases, states, strict=True))
        assert found["visible"] == {case.id for case, s in both if population.may_read(scope, case.unit_id, s)}
        assert found["change"] == {case.id for case in cases if population.changeable_by(scope, case)}
        assert found["change"] <= found["on_desk"] <= found["visible"]


@settings(max_examples=200)
@given(lives, st.integers(0, 400))
def test_an_open_case_is_in_one_bucket_and_late_exactly_in_the_overdue_one(life: Any, hours: int) -> None:
    state, now = lived(life, PauseMode.EXTEND, [1, 2, 3]), BEGIN + timedelta(hours=hours)
    buckets = [bucket for bucket in Bucket if population.in_bucket(state, bucket, CALENDAR, now)]
    assert len(buckets) == 1
    if state.ended_at is None:
        assert population.late(state, now) == (buckets == [Bucket.OVERDUE])
    elif state.ended_at <= now:
        assert population.late(state, now) == population.ended_late(state)


# --- nobody else compares with a due time

DUE = re.compile(r"(^|_)(due|deadline|promised|explain_by)(_at|_on|_day|_by|_from|_until)?$|^due_")
MONEY = {"fee_due"}
HOMES = {
    "web/due.py": "the comparisons themselves",
    "core/calendar.py": "the arithmetic of pauses: a clock stopped before its time ran out",
    "cases/timeline.py": "the same, of a stage",
    "compliance/evaluation/debts.py": "which period a last day falls in: that was kept or not is the engine's word",
}
ORDER = (ast.Lt, ast.LtE, ast.Gt, ast.GtE)


def names_due(node: ast.AST) -> bool:
    """The operand is a due time, or a conversion of one: `calendar.local_day(case.due_at)`."""
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return bool(DUE.search(name)) and name not in MONEY
        case ast.Subscript(slice=ast.Constant(value=str() as name)):
            return bool(DUE.search(name)) and name not in MONEY
        case ast.Call(args=args):
            return names_due(node.func) or any(names_due(arg) for arg in args)
        case ast.NamedExpr(target=target, value=value):
            return names_due(target) or names_due(value)
        case ast.BoolOp(values=values):
            return any(names_due(value) for value in values)
        case ast.BinOp(left=left, right=right):
            return names_due(left) or names_due(right)
    return False


def compared_in_python(text: str) -> Iterator[int]:
    """Lines on which something is compared with a due time, in Python or in an SQL expression."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Compare) and any(isinstance(op, ORDER) for op in node.ops):
            if any(names_due(each) for each in (node.left, *node.comparators)):
                yield node.lineno
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            of, method = node.func.value, node.func.attr
            by_operator = isinstance(of, ast.Name) and of.id == "operator" and any(map(names_due, node.args))
            if by_operator or (method in ("between", "__lt__", "__gt__", "__le__", "__ge__") and names_due(of)):
                yield node.lineno


def compared_in_template(text: str) -> Iterator[int]:
    """The same in a template."""
    for node in environment.parse(text).find_all(nodes.Compare):
        operands = [node.expr, *(each.expr for each in node.ops)]
        if any(each.op in ("lt", "lteq", "gt", "gteq") for each in node.ops):
            named = [found for each in operands for found in (each, *each.find_all((nodes.Name, nodes.Getattr)))]
            if any(DUE.search(getattr(each, "attr", getattr(each, "name", "")) or "") for each in named):
                yield node.lineno


environment = jinja2.Environment(extensions=["jinja2.ext.i18n", "jinja2.ext.do"])


def comparisons(root: Path) -> list[str]:
    """Where, under that root, anything is compared with a due time."""
    found = []
    for path in sorted((root / "app").rglob("*.py")):
        name = path.relative_to(root / "app").as_posix()
        if not name.startswith("migrations/"):
            found += [f"{name}:{line}" for line in compared_in_python(path.read_text(encoding="utf-8"))]
    for path in sorted((root / "templates").rglob("*.html")):
        name = path.relative_to(root).as_posix()
        found += [f"{name}:{line}" for line in compared_in_template(path.read_text(encoding="utf-8"))]
    return found


def test_nothing_is_compared_with_a_due_time_but_in_its_home() -> None:
    found = comparisons(ROOT)
    assert [each for each in found if each.rsplit(":", 1)[0] not in HOMES] == []
    assert {each.rsplit(":", 1)[0] for each in found} | {"web/due.py"} == set(HOMES)  # no home that needs none


@pytest.mark.parametrize(
    ("room", "planted"),
    [
        ("app/cases/worklist.py", "late = Case.due_at < now"),
        ("app/cases/worklist.py", "late = calendar.local_day(case.due_at) < today"),
        ("app/notifications/queries.py", "soon = Case.due_at.between(now, tomorrow)"),
        ("app/tasks/queries.py", "late = part.due_on is not None and today > part.due_on"),
        ("app/compliance/queries/violations.py", "late = row['answer_due'] < today"),
        ("templates/cases/show.html", "{% if question.due_at and question.due_at < now %}!{% endif %}"),
        ("templates/obligations/petitions.html", "{{ 'late' if row.due_on <= today else '' }}"),
    ],
)
def test_a_comparison_planted_in_a_room_is_found(tmp_path: Path, room: str, planted: str) -> None:
    copy = tmp_path / room
    copy.parent.mkdir(parents=True)
    (tmp_path / "templates").mkdir(exist_ok=True)
    text = (ROOT / room).read_text(encoding="utf-8")
    copy.write_text(text, encoding="utf-8")
    assert comparisons(tmp_path) == []
    copy.write_text(f"{text}\n{planted}\n", encoding="utf-8")
    assert len(comparisons(tmp_path)) == 1
