"""Each date promised for a case is kept, and a case is late after the first that nothing moved in time

A stay in a stage also says whose account had it. The promises of the cases that are there follow from their events: these are folded, some hundreds of cases at a time,
by the one rule that folds them ever after. A case whose events do not fold keeps its due time, and no promises.

Revision ID: 0027
Revises: 0026
"""

from collections import defaultdict
from datetime import UTC, date, datetime

import sqlalchemy as sa
from alembic import op
from flask import current_app
from sqlalchemy.dialects import postgresql

from app.cases.timeline import Event, StageTerms, Terms, project, whole
from app.cases.vocabulary import EventKind
from app.core.calendar import PauseMode, TimeUnit, WorkingCalendar
from app.core.errors import DomainError

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

AT_ONCE = 500  # cases
KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
INSTANT = sa.DateTime(timezone=True)

CASES = sa.table(
    "cases",
    *(sa.column(name) for name in ("id", "site", "version_id")),
    *(sa.column(name, INSTANT) for name in ("due_at", "late_after", "promised_at", "ended_at")),
)
EVENTS = sa.table(
    "case_events",
    *(sa.column(name) for name in ("id", "case_id", "number", "kind", "actor", "note", "corrects_id")),
    sa.column("at", INSTANT),
    sa.column("data", JSON),
)
STAYS = sa.table(
    "case_stages",
    *(sa.column(name) for name in ("case_id", "number", "person_id")),
    sa.column("due_at", INSTANT),
)
PROMISES = sa.table(
    "case_promises",
    *(sa.column(name) for name in ("site", "case_id", "number", "event_number", "cause", "actor")),
    *(sa.column(name, INSTANT) for name in ("since", "due_at", "late_after")),
)
PEOPLE = sa.table("people", sa.column("id"))
VERSIONS = sa.table(
    "procedure_versions",
    *(sa.column(name) for name in ("id", "time_unit", "pause_mode", "unit_id")),
    sa.column("time_amount", sa.Numeric(8, 2)),
)
STAGES = sa.table(
    "procedure_stages",
    *(sa.column(name) for name in ("version_id", "position", "name", "unit_id")),
    sa.column("allowance", sa.Numeric(8, 2)),
)
DAYS = sa.table("site_days", sa.column("site"), sa.column("day", sa.Date()), sa.column("working"), sa.column("name"))
ENTRIES = sa.table(
    "audit_entries",
    *(sa.column(name) for name in ("site", "number", "action", "subject_id")),
    sa.column("details", JSON),
)
INDEXES = {
    "ix_cases_ended_cover": (
        ["site", "unit_id", "ended_at", "{}", "result_at", "closed_at"]
        + ["returns_result", "result_digitised_at", "electronic_result_at"],
        "",
    ),
    "ix_cases_open_due": (["site", "{}", "unit_id", "result_at", "received_at"], "ended_at IS NULL"),
    "ix_cases_ended_late": (
        ["site", "ended_at", "{}", "unit_id", "result_at", "closed_at", "received_at"],
        "ended_at > {}",
    ),
    "ix_cases_worklist": (["site", "holder_unit_id", "{}", "id"], "ended_at IS NULL"),
}


def upgrade() -> None:
    op.create_table(
        "case_promises",
        sa.Column("case_id", KEY, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("event_number", sa.Integer(), nullable=False),
        sa.Column("since", INSTANT, nullable=False),
        sa.Column("due_at", INSTANT, nullable=True),
        sa.Column("cause", sa.String(length=24), nullable=False),
        sa.Column("actor", sa.String(length=120), nullable=False),
        sa.Column("late_after", INSTANT, nullable=True),
        sa.Column("id", KEY, nullable=False),
        sa.Column("site", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_case_promises_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_promises")),
        sa.UniqueConstraint("case_id", "number", name=op.f("uq_case_promises_case_id_number")),
    )
    op.add_column("cases", sa.Column("late_after", INSTANT, nullable=True))
    with op.batch_alter_table("case_stages") as batch_op:
        batch_op.add_column(sa.Column("person_id", KEY, nullable=True))
        batch_op.create_foreign_key(batch_op.f("fk_case_stages_person_id"), "people", ["person_id"], ["id"])
    op.get_bind().execute(CASES.update().values(late_after=CASES.c.due_at))
    for site in op.get_bind().scalars(sa.select(CASES.c.site).distinct().order_by(CASES.c.site)).all():
        derive_promises(site)
    index_by("late_after")


def downgrade() -> None:
    index_by("due_at")
    with op.batch_alter_table("case_stages") as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_case_stages_person_id"), type_="foreignkey")
        batch_op.drop_column("person_id")
    op.drop_column("cases", "late_after")
    op.drop_table("case_promises")


def index_by(column) -> None:
    """What a case is late by stands in these indexes."""
    for name, (columns, which) in INDEXES.items():
        op.drop_index(name, table_name="cases")
        where = sa.text(which.format(column)) if which else None
        chosen = [each.format(column) for each in columns]
        op.create_index(name, "cases", chosen, sqlite_where=where, postgresql_where=where)


def derive_promises(site) -> None:
    """Fold the events of the site's cases; write what was promised, and what they are late after."""
    run, after, terms, calendars = op.get_bind().execute, 0, terms_of_versions(), calendars_of(site)
    known = sa.select(CASES).where(CASES.c.site == site).order_by(CASES.c.id).limit(AT_ONCE)
    changed = CASES.update().where(CASES.c.id == sa.bindparam("key"))
    changed = changed.values(due_at=sa.bindparam("due"), late_after=sa.bindparam("late"))
    held = STAYS.update().where(STAYS.c.case_id == sa.bindparam("key"), STAYS.c.number == sa.bindparam("stay"))
    held = held.values(person_id=sa.bindparam("who"))
    people = set(run(sa.select(PEOPLE.c.id)).scalars())
    while cases := run(known.where(CASES.c.id > after)).all():
        first, after = cases[0].id, cases[-1].id
        events, stays = events_between(first, after), stays_between(first, after)
        promises, late, holders = [], [], []
        for case in cases:
            state = folded(case, terms.get(case.version_id), events[case.id], stays[case.id], calendars)
            if state is None:
                continue
            late.append({"key": case.id, "due": state.due_at, "late": state.late_after})
            promises += (promise_row(site, case.id, made) for made in state.promises)
            known_to_us = (stay for stay in state.stays if stay.person_id in people)
            holders += ({"key": case.id, "stay": stay.number, "who": stay.person_id} for stay in known_to_us)
        if late:
            run(changed, late)
            run(PROMISES.insert(), promises)
        if holders:
            run(held, holders)


def promise_row(site, case_id, made):
    names = ("number", "event_number", "since", "due_at", "actor", "late_after")
    row = {"site": site, "case_id": case_id, "cause": str(made.cause)}
    return row | {name: getattr(made, name) for name in names}


def folded(case, terms, events, stays, calendars):
    """What the events add up to, under the calendar that the case was counted with: of an open case, today's."""
    if terms is None or not events:
        return None
    try:
        happened = [event_of(each, {other.id: other.number for other in events}) for each in events]
        states = (project(terms, happened, calendar) for calendar in calendars)
        state = today = next(states)
        while case.ended_at is not None and not as_counted(case, stays, state):
            if (state := next(states, None)) is None:
                return today
    except (DomainError, ArithmeticError, LookupError, TypeError, ValueError):
        return None
    return state


def as_counted(case, stays, state) -> bool:
    promised = state.promised_at == aware(case.promised_at)
    return promised and stays == {stay.number: stay.due_at for stay in state.stays}


def event_of(row, numbers):
    corrects = numbers[row.corrects_id] if row.corrects_id else None
    return Event(row.number, EventKind(row.kind), aware(row.at), row.actor, row.note, row.data or {}, corrects)


def events_between(first, last):
    found = defaultdict(list)
    chosen = sa.select(EVENTS).where(EVENTS.c.case_id.between(first, last))
    for row in op.get_bind().execute(chosen.order_by(EVENTS.c.case_id, EVENTS.c.number)):
        found[row.case_id].append(row)
    return found


def stays_between(first, last):
    found = defaultdict(dict)
    for row in op.get_bind().execute(sa.select(STAYS).where(STAYS.c.case_id.between(first, last))):
        found[row.case_id][row.number] = aware(row.due_at)
    return found


def terms_of_versions():
    stages = defaultdict(list)
    for row in op.get_bind().execute(sa.select(STAGES).order_by(STAGES.c.version_id, STAGES.c.position)):
        stages[row.version_id].append(StageTerms(row.position, row.name, row.unit_id, whole(row.allowance)))
    return {
        row.id: Terms(
            whole(row.time_amount),
            TimeUnit(row.time_unit),
            PauseMode(row.pause_mode),
            row.unit_id,
            tuple(stages[row.id]),
        )
        for row in op.get_bind().execute(sa.select(VERSIONS))
        if row.time_unit in set(TimeUnit) and row.pause_mode in set(PauseMode)
    }


def calendars_of(site):
    """Today's calendar of the site, then those that it had before, the latest first: as organisation.calendars does."""
    run, settings = op.get_bind().execute, current_app.config["SETTINGS"]
    days = {row.day: (bool(row.working), row.name) for row in run(sa.select(DAYS).where(DAYS.c.site == site))}
    known = [dict(days)]
    told = sa.select(ENTRIES).where(
        ENTRIES.c.site == site, ENTRIES.c.action.in_(["add_site_days", "remove_site_day"])
    )
    for entry in run(told.order_by(ENTRIES.c.number.desc())):
        first = date.fromisoformat(entry.subject_id)
        if entry.action == "add_site_days":
            last = date.fromisoformat(entry.details["last"])
            days = {day: what for day, what in days.items() if not first <= day <= last}
        else:
            days = days | {first: (bool(entry.details["working"]), str(entry.details["name"]))}
        known.append(dict(days))
    return [
        WorkingCalendar(
            {day: name for day, (working, name) in each.items() if not working},
            {day: name for day, (working, name) in each.items() if working},
            settings.zone,
            settings.hours,
        )
        for each in known
    ]


def aware(instant: datetime | None) -> datetime | None:
    """SQLite's instants bear no zone and are UTC."""
    if instant is None:
        return None
    return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)
