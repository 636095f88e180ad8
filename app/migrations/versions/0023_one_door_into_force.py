"""Whatever judges was adopted: the packs of the rules folder that a site was judged by are adopted as its runs keep them

A decision on "the text in the rules folder" becomes one on the text of the pack that the latest run used; where no run
used any, nothing was ever judged by it and it goes (the audit trail keeps it). A pack that was judged by without any
decision is adopted for the days that its own text names. What was uploaded and adopted stays as it is.

Revision ID: 0023
Revises: 0022
"""

import hashlib
import json
from datetime import UTC, date, timedelta

import sqlalchemy as sa
import yaml
from alembic import op
from sqlalchemy.dialects import postgresql

from app.web import extensions

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

ACTOR = "Nâng cấp phần mềm"
REASON = "Nâng cấp: tiếp tục áp dụng lời văn mà các lần kiểm tra trước khi nâng cấp đã dùng"
START = "0" * 64
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
INSTANT = sa.DateTime(timezone=True)

RUNS = sa.table("check_runs", sa.column("id"), sa.column("site"), sa.column("period"), sa.column("packs", JSON))
TEXTS = sa.table(
    "pack_texts",
    *(sa.column(name) for name in ("site", "pack", "hash")),
    *(sa.column("files", JSON), sa.column("first_used_at", INSTANT)),
)
KEPT = sa.table(
    "uploaded_packs",
    *(sa.column(name) for name in ("site", "pack", "hash", "actor", "tests_passed", "tested_with")),
    *(sa.column("files", JSON), sa.column("outcome", JSON), sa.column("uploaded_at", INSTANT)),
)
ADOPTIONS = sa.table(
    "pack_adoptions",
    *(sa.column(name) for name in ("id", "site", "pack", "hash", "reason", "actor")),
    *(sa.column("valid_from", sa.Date()), sa.column("valid_to", sa.Date())),
)
ENTRIES = sa.table(
    "audit_entries",
    *(sa.column(name) for name in ("site", "number", "person_id", "actor", "action", "subject_kind", "subject_id")),
    *(sa.column(name) for name in ("previous_hash", "hash")),
    *(sa.column("at", INSTANT), sa.column("details", JSON)),
)
HEADS = sa.table(
    "audit_heads",
    *(sa.column(name) for name in ("site", "number", "hash", "boot", "uptime")),
    sa.column("at", INSTANT),
)


def upgrade() -> None:
    for site in op.get_bind().scalars(sa.select(RUNS.c.site).distinct().order_by(RUNS.c.site)).all():
        adopt_what_was_used(site)
    op.get_bind().execute(ADOPTIONS.delete().where(ADOPTIONS.c.hash.is_(None)))
    with op.batch_alter_table("pack_adoptions", schema=None) as batch_op:
        batch_op.alter_column("hash", existing_type=sa.String(length=80), nullable=False)


def downgrade() -> None:
    with op.batch_alter_table("pack_adoptions", schema=None) as batch_op:
        batch_op.alter_column("hash", existing_type=sa.String(length=80), nullable=True)


def adopt_what_was_used(site) -> None:
    run = op.get_bind().execute
    uploaded = set(run(sa.select(KEPT.c.hash).where(KEPT.c.site == site)).scalars())
    texts = {row.hash: row for row in run(sa.select(TEXTS).where(TEXTS.c.site == site)) if row.hash not in uploaded}
    used, first_year = {}, {}  # of each pack the folder's text that was used last, and the first year judged by it
    for packs, period in run(sa.select(RUNS.c.packs, RUNS.c.period).where(RUNS.c.site == site).order_by(RUNS.c.id)):
        for each in packs:
            if each["hash"] in texts:
                used[each["id"]] = texts[each["hash"]]
                first_year[each["id"]] = min(int(period[:4]), first_year.get(each["id"], 9999))
    for pack, text in sorted(used.items()):
        mine = sa.and_(ADOPTIONS.c.site == site, ADOPTIONS.c.pack == pack)
        decisions = run(sa.select(ADOPTIONS).where(mine).order_by(ADOPTIONS.c.valid_from)).all()
        of_the_folder = [row for row in decisions if row.hash is None]
        if of_the_folder:
            run(ADOPTIONS.update().where(mine, ADOPTIONS.c.hash.is_(None)).values(hash=text.hash))
            spans = [(row.valid_from, row.valid_to) for row in of_the_folder]
        else:
            spans = [span for span in [own_days(text, decisions, first_year[pack])] if not span[1] or span[0] <= span[1]]
            values = {"site": site, "pack": pack, "hash": text.hash, "reason": REASON, "actor": ACTOR}
            for since, until in spans:
                run(ADOPTIONS.insert().values(**values, valid_from=since, valid_to=until))
        if spans:
            keep(site, text)
        for since, until in spans:
            days = {"valid_from": f"{since}", "valid_to": until and f"{until}"}
            keep_in_the_trail(site, pack, {**days, "reason": REASON, "hash": text.hash})


def own_days(text, decisions, first_year):
    """The days that the pack's own text names, until the site decided something else."""
    named = (yaml.safe_load(text.files["pack.yaml"]) or {}).get("in_force") or {}
    since, until = (day and date.fromisoformat(f"{day}") for day in (named.get("from"), named.get("until")))
    since = since or date(first_year, 1, 1)
    if decisions:
        before = min(row.valid_from for row in decisions) - timedelta(days=1)
        until = before if until is None else min(until, before)
    return since, until


def keep(site, text) -> None:
    """The text beside those uploaded; what comes of its tests is not known."""
    values = {"pack": text.pack, "hash": text.hash, "files": text.files, "uploaded_at": text.first_used_at}
    untested = {"tests_passed": False, "tested_with": "", "outcome": {}}
    op.get_bind().execute(KEPT.insert().values(site=site, actor=ACTOR, **values, **untested))


def keep_in_the_trail(site, pack, details) -> None:
    """As app.organisation.audit has it."""
    run = op.get_bind().execute
    wanted = sa.select(ENTRIES.c.number, ENTRIES.c.hash, ENTRIES.c.at).where(ENTRIES.c.site == site)
    last = run(wanted.order_by(ENTRIES.c.number.desc()).limit(1)).first()
    head = run(sa.select(HEADS.c.number, HEADS.c.hash).where(HEADS.c.site == site)).first()
    known = head or last
    entry = {
        "site": site,
        "number": max(last.number if last else 0, head.number if head else 0) + 1,
        "at": extensions.now().replace(microsecond=0),
        "person_id": None,
        "actor": ACTOR,
        "action": "adopt_pack",
        "subject_kind": "pack",
        "subject_id": pack,
        "details": details,
        "previous_hash": known.hash if known else START,
    }
    order = ("site", "number", "at", "person_id", "actor", "action", "subject_kind", "subject_id", "details")
    hashed = [instant(entry[name]) if name == "at" else entry[name] for name in (*order, "previous_hash")]
    text = json.dumps(hashed, sort_keys=True, ensure_ascii=False)
    entry["hash"] = hashlib.sha256(text.encode()).hexdigest()
    run(ENTRIES.insert().values(**entry))
    moved = {name: entry[name] for name in ("number", "hash", "at")}
    if head:
        run(HEADS.update().where(HEADS.c.site == site).values(**moved))
    else:
        run(HEADS.insert().values(**moved, site=site, boot="", uptime=0))


def instant(value):
    """The same text on both databases; SQLite's instants bear no zone and are UTC."""
    return (value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)).isoformat()
