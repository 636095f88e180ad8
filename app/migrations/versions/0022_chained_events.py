"""A case's events are chained, where the audit trail ends is kept beside it, and each run remembers how far it reached

The events that are there are chained as they stand, some thousands of cases at a time, and one entry of the audit
trail keeps a digest of them: the chain vouches for what is recorded from here on, and for nothing before.

Revision ID: 0022
Revises: 0021
"""

import hashlib
import json
from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from app.web import extensions

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

AT_ONCE = 1000  # cases
START = "0" * 64
KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
INSTANT = sa.DateTime(timezone=True)

CASES = sa.table("cases", sa.column("id"), sa.column("code"))
EVENTS = sa.table(
    "case_events",
    *(sa.column(name) for name in ("id", "site", "case_id", "number", "kind")),
    *(sa.column(name, INSTANT) for name in ("at", "recorded_at")),
    *(sa.column(name) for name in ("recorded_by_id", "unit_id", "actor", "note", "corrects_id")),
    *(sa.column(name) for name in ("external_id", "import_id", "hash")),
    sa.column("data", JSON),
)
ENTRIES = sa.table(
    "audit_entries",
    *(sa.column(name) for name in ("site", "number", "person_id", "actor", "action", "subject_kind", "subject_id")),
    *(sa.column(name) for name in ("previous_hash", "hash")),
    sa.column("at", INSTANT),
    sa.column("details", JSON),
)
HEADS = sa.table(
    "audit_heads",
    *(sa.column(name) for name in ("site", "number", "hash", "boot", "uptime")),
    sa.column("at", INSTANT),
)


def upgrade() -> None:
    op.create_table(
        "audit_heads",
        sa.Column("id", KEY, nullable=False),
        sa.Column("site", sa.String(length=32), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("boot", sa.String(length=64), nullable=False),
        sa.Column("uptime", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_heads")),
        sa.UniqueConstraint("site", name=op.f("uq_audit_heads_site")),
    )
    op.add_column("check_runs", sa.Column("trail_number", sa.Integer(), nullable=True))
    op.add_column("check_runs", sa.Column("trail_hash", sa.String(length=64), nullable=True))
    op.add_column("case_events", sa.Column("hash", sa.String(length=64), nullable=False, server_default=""))
    chain_events()
    for site in sites():
        keep_in_the_trail(site)
        keep_the_end(site)


def downgrade() -> None:
    op.drop_column("case_events", "hash")
    op.drop_column("check_runs", "trail_hash")
    op.drop_column("check_runs", "trail_number")
    op.drop_table("audit_heads")


def chain_events() -> None:
    """Give every event its hash, case by case."""
    run, after = op.get_bind().execute, 0
    written = EVENTS.update().where(EVENTS.c.id == sa.bindparam("key")).values(hash=sa.bindparam("is"))
    some = sa.select(CASES.c.id, CASES.c.code).order_by(CASES.c.id).limit(AT_ONCE)
    while cases := run(some.where(CASES.c.id > after)).all():
        codes, first, after = dict(cases), after, cases[-1][0]
        mine = sa.select(EVENTS).where(EVENTS.c.case_id > first, EVENTS.c.case_id <= after)
        if hashes := list(hashes_of(run(mine.order_by(EVENTS.c.case_id, EVENTS.c.number)), codes)):
            run(written, hashes)


def hashes_of(events, codes):
    """As app.cases.chain has it."""
    case_id = previous = None
    numbers = {}
    for event in events:
        if event.case_id not in codes:
            continue
        if event.case_id != case_id:
            case_id, previous, numbers = event.case_id, START, {}
        numbers[event.id] = event.number
        content = [
            *(event.site, codes[case_id], event.number, event.kind, instant(event.at), instant(event.recorded_at)),
            *(event.recorded_by_id, event.unit_id, event.actor, event.note, event.data),
            *(numbers.get(event.corrects_id), event.external_id, event.import_id, previous),
        ]
        previous = sha256(content)
        yield {"key": event.id, "is": previous}


def sites():
    of_entries = sa.select(ENTRIES.c.site).distinct()
    return sorted(op.get_bind().scalars(of_entries.union(sa.select(EVENTS.c.site).distinct())))


def keep_in_the_trail(site) -> None:
    """One entry with a digest of the events that are there: of each import's, and of all others."""
    run, digests, counts, upto = op.get_bind().execute, {}, {}, 0
    chained = sa.select(EVENTS.c.id, EVENTS.c.import_id, EVENTS.c.hash).where(EVENTS.c.site == site)
    for key, import_id, is_now in run(chained.order_by(EVENTS.c.id).execution_options(yield_per=5000)):
        digests.setdefault(import_id, hashlib.sha256()).update(is_now.encode("ascii"))
        counts[import_id] = counts.get(import_id, 0) + 1
        upto = upto if import_id is not None else key
    if not digests:
        return
    last = newest(site)
    others = digests.pop(None, hashlib.sha256())
    entry = {
        "site": site,
        "number": last.number + 1 if last else 1,
        "at": extensions.now().replace(microsecond=0),
        "person_id": None,
        "actor": "Lệnh trên máy chủ",
        "action": "chain_events",
        "subject_kind": "site",
        "subject_id": site,
        "details": {
            "events_upto": upto,
            "events_chained": counts.get(None, 0),
            "events_hash": others.hexdigest(),
            "imports": {str(number): digest.hexdigest() for number, digest in digests.items()},
        },
        "previous_hash": last.hash if last else START,
    }
    order = ("site", "number", "at", "person_id", "actor", "action", "subject_kind", "subject_id", "details")
    hashed = [instant(entry[name]) if name == "at" else entry[name] for name in (*order, "previous_hash")]
    run(ENTRIES.insert().values(**entry, hash=sha256(hashed)))


def keep_the_end(site) -> None:
    last = newest(site)
    if last is not None:
        values = {"site": site, "number": last.number, "hash": last.hash, "at": last.at, "boot": "", "uptime": 0}
        op.get_bind().execute(HEADS.insert().values(**values))


def newest(site):
    wanted = sa.select(ENTRIES.c.number, ENTRIES.c.hash, ENTRIES.c.at).where(ENTRIES.c.site == site)
    return op.get_bind().execute(wanted.order_by(ENTRIES.c.number.desc()).limit(1)).first()


def instant(value):
    """The same text on both databases; SQLite's instants bear no zone and are UTC."""
    return (value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)).isoformat()


def sha256(content) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
