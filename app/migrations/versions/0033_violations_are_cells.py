"""A violation is a failing result: one row for a rule, a unit and a period, its single things inside it

What was one row for each single thing becomes one violation with all of them: each keeps its state, its moves with who,
when and why, and what each run said of it. The figures of a violation are those of its result; its sentences are made
when they are read, so neither is kept twice.

Revision ID: 0033
Revises: 0032
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TOLD = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
LIST = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
DAY, INSTANT = sa.Date(), sa.DateTime(timezone=True)


def _table(name: str, *plain: str, **typed: Any) -> Any:
    columns = [sa.column(each) for each in plain] + [sa.column(each, kind) for each, kind in typed.items()]
    return sa.table(name, *columns)


_OWN = ("id", "site", "key", "pack", "rule", "unit_id", "period", "severity", "state", "subject")
_RUNS = ("first_run_id", "last_run_id", "gone_run_id", "revision")
VIOLATIONS = _table("violations", *_OWN, *_RUNS, answer_due=DAY)
SUBJECTS = _table(
    "violation_subjects", "id", "site", "violation_id", "subject", "state", "first_run_id", "gone_run_id"
)
SIGHTINGS = _table(
    "run_violations",
    *("id", "site", "run_id", "violation_id", "change", "head"),
    subjects=LIST,
    figures=TOLD,
    message=TOLD,
)
MOVES = _table(
    "violation_moves",
    *("id", "site", "violation_id", "person_id", "actor", "from_state", "to_state", "reason"),
    at=INSTANT,
    subjects=LIST,
)
RESULTS = _table(
    "check_results",
    *("run_id", "pack", "rule", "unit_id", "numerator", "denominator", "comparison", "target", "shortfall"),
    figures=TOLD,
)
LEAST_FIRST = ("open", "returned", "explained", "accepted", "remedied")
MILDEST_FIRST = ("minor", "major", "critical")
AT_ONCE = 500


def upgrade() -> None:
    op.create_table(
        "violation_subjects",
        sa.Column("violation_id", KEY, nullable=False),
        sa.Column("subject", sa.String(length=120), nullable=False),
        sa.Column("state", sa.String(length=24), nullable=False),
        sa.Column("first_run_id", KEY, nullable=False),
        sa.Column("gone_run_id", KEY, nullable=True),
        sa.Column("id", KEY, nullable=False),
        sa.Column("site", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["first_run_id"], ["check_runs.id"], name=op.f("fk_violation_subjects_first_run_id")),
        sa.ForeignKeyConstraint(["gone_run_id"], ["check_runs.id"], name=op.f("fk_violation_subjects_gone_run_id")),
        sa.ForeignKeyConstraint(["violation_id"], ["violations.id"], name=op.f("fk_violation_subjects_violation_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_violation_subjects")),
        sa.UniqueConstraint("violation_id", "subject", name=op.f("uq_violation_subjects_violation_id_subject")),
    )
    op.create_index(op.f("ix_violation_subjects_site_subject"), "violation_subjects", ["site", "subject"])
    op.add_column("run_violations", sa.Column("head", sa.Text(), server_default="", nullable=False))
    op.add_column("run_violations", sa.Column("subjects", LIST, nullable=True))
    op.add_column("violation_moves", sa.Column("subjects", LIST, nullable=True))
    for rows in _groups():
        _gather(rows)
    op.drop_column("violations", "subject")
    op.drop_column("run_violations", "figures")
    op.drop_column("run_violations", "message")
    op.drop_index("ix_check_results_run_unit", table_name="check_results")
    op.create_index("ix_check_results_run_unit", "check_results", ["run_id", "unit_id", "rule"])


def _groups() -> Iterator[list[Any]]:
    """The rows of each cell, the first opened first."""
    cell = ("site", "pack", "rule", "unit_id", "period")
    order = [VIOLATIONS.c[name] for name in (*cell, "id")]
    rows = op.get_bind().execute(sa.select(VIOLATIONS).order_by(*order)).all()
    for _cell, found in groupby(rows, key=lambda row: tuple(getattr(row, name) for name in cell)):
        yield list(found)


def _gather(rows: list[Any]) -> None:
    run, first = op.get_bind().execute, rows[0]
    unit = _unit(first, f"/{first.subject or '-'}/{first.period}")
    whole = VIOLATIONS.update().where(VIOLATIONS.c.id == first.id)
    key = "/".join((first.pack, first.rule, unit, first.period))
    named = [row for row in rows if row.subject]
    if not named:
        run(whole.values(key=key))
        return
    names, ids = {row.id: row.subject for row in rows}, [row.id for row in rows]
    standing = [row for row in rows if row.gone_run_id is None]
    gone = None if standing else max(row.gone_run_id for row in rows)
    run(
        SUBJECTS.insert(),
        [
            {
                "site": row.site,
                "violation_id": first.id,
                "subject": row.subject,
                "state": row.state,
                "first_run_id": row.first_run_id,
                # What went with the whole violation stands within it.
                "gone_run_id": None if row.gone_run_id == gone else row.gone_run_id,
            }
            for row in named
        ],
    )
    _gather_sightings(first.id, ids, names)
    for part in _parts(ids):
        for row in run(sa.select(MOVES.c.id, MOVES.c.violation_id).where(MOVES.c.violation_id.in_(part))).all():
            subject = names[row.violation_id]
            moved = {"violation_id": first.id, "subjects": [subject] if subject else None}
            run(MOVES.update().where(MOVES.c.id == row.id).values(**moved))
    for part in _parts(ids[1:]):
        run(VIOLATIONS.delete().where(VIOLATIONS.c.id.in_(part)))
    counted = [row for row in named if row.gone_run_id in (None, gone)] or named
    asked = [row.answer_due for row in counted if row.answer_due and row.state in ("open", "returned")]
    days = asked or [row.answer_due for row in rows if row.answer_due]
    run(
        whole.values(
            key=key,
            subject="",
            severity=max((row.severity for row in rows), key=_rank(MILDEST_FIRST)),
            state=min((row.state for row in counted), key=_rank(LEAST_FIRST)),
            first_run_id=min(row.first_run_id for row in rows),
            last_run_id=max(row.last_run_id for row in rows),
            gone_run_id=gone,
            answer_due=min(days, default=None),
            revision=max(row.revision for row in rows) + 1,
        )
    )


def _rank(order: Sequence[str]) -> Callable[[str], int]:
    return lambda word: order.index(word) if word in order else -1


def _unit(row: Any, end: str) -> str:
    """The unit's code, as the key of a violation has it."""
    return str(row.key)[len(f"{row.pack}/{row.rule}/") : -len(end)]


def _gather_sightings(first: int, ids: Sequence[int], names: dict[int, str]) -> None:
    """What each run said of the rows of a cell, as one saying of the violation."""
    run, by_run = op.get_bind().execute, defaultdict(list)
    for part in _parts(ids):
        for row in run(sa.select(SIGHTINGS).where(SIGHTINGS.c.violation_id.in_(part))).all():
            by_run[row.run_id].append(row)
    stood = False
    for run_id in sorted(by_run):
        said = sorted(by_run[run_id], key=lambda row: row.id)
        found = any(row.change != "gone" for row in said)
        change = ("persisting" if stood else "new") if found else "gone"
        stood = found
        told = [_subject(names[row.violation_id], row) for row in said if names[row.violation_id]]
        for part in _parts([row.id for row in said[1:]]):
            run(SIGHTINGS.delete().where(SIGHTINGS.c.id.in_(part)))
        written = {"violation_id": first, "change": change, "subjects": (told or None) if found else None}
        run(SIGHTINGS.update().where(SIGHTINGS.c.id == said[0].id).values(**written))


def _subject(name: str, row: Any) -> list[Any]:
    if row.change == "gone":
        return [name, "gone"]
    told = row.figures
    return [name, row.change, told.get("outcome", "failed"), told.get("facts", {}), told.get("details", {})]


def _parts(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(ids), AT_ONCE):
        yield ids[start : start + AT_ONCE]


def downgrade() -> None:
    """Each single thing is a row of its own again. The sentences that were kept are not: a name stands for each."""
    op.drop_index("ix_check_results_run_unit", table_name="check_results")
    op.create_index("ix_check_results_run_unit", "check_results", ["run_id", "unit_id"])
    op.add_column("violations", sa.Column("subject", sa.String(length=64), server_default="", nullable=False))
    op.add_column("run_violations", sa.Column("figures", TOLD, server_default="{}", nullable=False))
    op.add_column("run_violations", sa.Column("message", TOLD, server_default="{}", nullable=False))
    for row in op.get_bind().execute(sa.select(VIOLATIONS).order_by(VIOLATIONS.c.id)).all():
        _scatter(row)
    op.drop_column("run_violations", "head")
    op.drop_column("run_violations", "subjects")
    op.drop_column("violation_moves", "subjects")
    op.drop_table("violation_subjects")


def _scatter(row: Any) -> None:
    run, unit = op.get_bind().execute, _unit(row, f"/{row.period}")
    things = run(sa.select(SUBJECTS).where(SUBJECTS.c.violation_id == row.id).order_by(SUBJECTS.c.id)).all()
    sightings = run(sa.select(SIGHTINGS).where(SIGHTINGS.c.violation_id == row.id).order_by(SIGHTINGS.c.run_id)).all()
    moves = run(sa.select(MOVES).where(MOVES.c.violation_id == row.id).order_by(MOVES.c.id)).all()
    start = f"{row.pack}/{row.rule}/{unit}"
    run(VIOLATIONS.update().where(VIOLATIONS.c.id == row.id).values(key=f"{start}/-/{row.period}"))
    if not things:
        for seen in sightings:
            figures = _figures(row, row.last_run_id if seen.change == "gone" else seen.run_id)
            told = {"figures": figures, "message": {"vi": row.rule, "en": row.rule}}
            run(SIGHTINGS.update().where(SIGHTINGS.c.id == seen.id).values(**told))
        return
    numbers = {}
    for thing in things:
        ids = run(
            VIOLATIONS.insert()
            .values(
                **{name: getattr(row, name) for name in ("site", "pack", "rule", "unit_id", "period", "severity")},
                key=f"{start}/{thing.subject}/{row.period}",
                subject=thing.subject[:64],
                state=thing.state,
                first_run_id=thing.first_run_id,
                last_run_id=_last_run(thing, sightings),
                gone_run_id=thing.gone_run_id or row.gone_run_id,
                answer_due=row.answer_due,
                revision=row.revision,
            )
            .returning(VIOLATIONS.c.id)
        )
        numbers[thing.subject] = ids.scalar_one()
    for seen in sightings:
        _scatter_sighting(seen, numbers)
    for move in moves:
        kept = {name: getattr(move, name) for name in ("site", "at", "person_id", "actor", "reason")}
        states = {"from_state": move.from_state, "to_state": move.to_state}
        for name in move.subjects or ():
            run(MOVES.insert().values(violation_id=numbers[name], **kept, **states))
    run(MOVES.delete().where(MOVES.c.violation_id == row.id))
    run(SUBJECTS.delete().where(SUBJECTS.c.violation_id == row.id))
    run(VIOLATIONS.delete().where(VIOLATIONS.c.id == row.id))


def _last_run(thing: Any, sightings: Sequence[Any]) -> int:
    seen = [row.run_id for row in sightings for told in row.subjects or () if told[0] == thing.subject and told[2:]]
    return int(max(seen, default=thing.first_run_id))


def _scatter_sighting(seen: Any, numbers: dict[str, int]) -> None:
    run, last = op.get_bind().execute, seen.subjects
    if seen.change == "gone":
        last = [[name, "gone"] for name in numbers]
    for name, change, *rest in last or ():
        empty: dict[str, Any] = dict.fromkeys(
            ("numerator", "denominator", "value", "comparison", "target", "shortfall")
        )
        told = empty | {"outcome": rest[0], "facts": rest[1], "details": rest[2]} if rest else empty
        run(
            SIGHTINGS.insert().values(
                site=seen.site,
                run_id=seen.run_id,
                violation_id=numbers[name],
                change=change,
                head="",
                figures=told,
                message={"vi": name, "en": name},
            )
        )
    run(SIGHTINGS.delete().where(SIGHTINGS.c.id == seen.id))


def _figures(row: Any, run_id: int) -> dict[str, Any]:
    result = (
        op.get_bind()
        .execute(
            sa.select(RESULTS).where(
                RESULTS.c.run_id == run_id,
                RESULTS.c.unit_id == row.unit_id,
                RESULTS.c.pack == row.pack,
                RESULTS.c.rule == row.rule,
            )
        )
        .first()
    )
    if result is None:
        return {}
    names = ("numerator", "denominator", "comparison", "target", "shortfall")
    told = {name: getattr(result, name) for name in names}
    more = {"value": result.figures.get("value"), "facts": result.figures.get("facts", {})}
    judged_as = result.figures.get("judged_as")
    return told | more | ({"judged_as": judged_as} if judged_as else {})
