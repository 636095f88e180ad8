"""The Director: a role, those who act for the Director, and who decides

Where the Department itself is headed by one person alone, that person becomes the Director; where several head it, a
site says who (the page of people asks for it). What was decided before was recorded by an inspector and names nobody.
A waiver granted before counts as asked for and granted by who granted it.

Revision ID: 0035
Revises: 0034
"""

import hashlib
import json
from datetime import UTC

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from app.web import extensions

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
INSTANT = sa.DateTime(timezone=True)
ACTOR = "Nâng cấp phần mềm"
START = "0" * 64
PEOPLE = sa.table(
    "people", *(sa.column(name) for name in ("id", "site", "username", "unit_id", "role")), sa.column("active", sa.Boolean)
)
UNITS = sa.table("units", sa.column("id"), sa.column("kind"), sa.column("valid_to", sa.Date()))
WAIVERS = sa.table(
    "waivers", *(sa.column(name) for name in ("granted_at", "actor", "person_id", "asked_at", "asked_by", "asked_by_id"))
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
    op.create_table(
        "delegations",
        sa.Column("person_id", KEY, nullable=False),
        sa.Column("form", sa.String(length=24), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("given_at", INSTANT, nullable=False),
        sa.Column("giver_id", KEY, nullable=True),
        sa.Column("actor", sa.String(length=120), nullable=False),
        sa.Column("ended_at", INSTANT, nullable=True),
        sa.Column("ended_by", sa.String(length=120), nullable=False),
        sa.Column("end_reason", sa.Text(), nullable=False),
        sa.Column("id", KEY, nullable=False),
        sa.Column("site", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_delegations_person_id")),
        sa.ForeignKeyConstraint(["giver_id"], ["people.id"], name=op.f("fk_delegations_giver_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delegations")),
    )
    op.create_index(op.f("ix_delegations_site_person_id"), "delegations", ["site", "person_id"])
    with op.batch_alter_table("explanations", schema=None) as batch_op:
        batch_op.add_column(sa.Column("decided_by", sa.String(length=120), server_default="", nullable=False))
        batch_op.add_column(sa.Column("decided_by_id", KEY, nullable=True))
        batch_op.create_foreign_key(op.f("fk_explanations_decided_by_id"), "people", ["decided_by_id"], ["id"])
    with op.batch_alter_table("waivers", schema=None) as batch_op:
        batch_op.add_column(sa.Column("asked_at", INSTANT, nullable=True))
        batch_op.add_column(sa.Column("asked_by", sa.String(length=120), server_default="", nullable=False))
        batch_op.add_column(sa.Column("asked_by_id", KEY, nullable=True))
        batch_op.add_column(sa.Column("refused_at", INSTANT, nullable=True))
        batch_op.add_column(sa.Column("refusal", sa.Text(), server_default="", nullable=False))
        batch_op.alter_column("granted_at", existing_type=INSTANT, nullable=True)
        batch_op.create_foreign_key(op.f("fk_waivers_asked_by_id"), "people", ["asked_by_id"], ["id"])
    granted = {"asked_at": WAIVERS.c.granted_at, "asked_by": WAIVERS.c.actor, "asked_by_id": WAIVERS.c.person_id}
    op.execute(WAIVERS.update().values(**granted))
    with op.batch_alter_table("waivers", schema=None) as batch_op:
        batch_op.alter_column("asked_at", existing_type=INSTANT, nullable=False)
        batch_op.alter_column("asked_by", existing_type=sa.String(length=120), server_default=None)
    make_directors()


def make_directors() -> None:
    run = op.get_bind().execute
    heads = (
        sa.select(PEOPLE.c.id, PEOPLE.c.site, PEOPLE.c.username)
        .join(UNITS, UNITS.c.id == PEOPLE.c.unit_id)
        .where(PEOPLE.c.role == "head", PEOPLE.c.active, UNITS.c.kind == "department", UNITS.c.valid_to.is_(None))
    )
    by_site = {}
    for row in run(heads.order_by(PEOPLE.c.id)):
        by_site.setdefault(row.site, []).append(row)
    for site, (first, *others) in by_site.items():
        if not others:
            run(PEOPLE.update().where(PEOPLE.c.id == first.id).values(role="director"))
            keep_in_the_trail(site, first.username, {"changed": {"role": ["head", "director"]}})


def keep_in_the_trail(site, username, details) -> None:
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
        "action": "change_person",
        "subject_kind": "person",
        "subject_id": username,
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


def downgrade() -> None:
    op.execute(PEOPLE.update().where(PEOPLE.c.role == "director").values(role="head"))
    op.execute(WAIVERS.delete().where(WAIVERS.c.granted_at.is_(None)))
    with op.batch_alter_table("waivers", schema=None) as batch_op:
        batch_op.drop_constraint(op.f("fk_waivers_asked_by_id"), type_="foreignkey")
        batch_op.alter_column("granted_at", existing_type=INSTANT, nullable=False)
        for name in ("refusal", "refused_at", "asked_by_id", "asked_by", "asked_at"):
            batch_op.drop_column(name)
    with op.batch_alter_table("explanations", schema=None) as batch_op:
        batch_op.drop_constraint(op.f("fk_explanations_decided_by_id"), type_="foreignkey")
        batch_op.drop_column("decided_by_id")
        batch_op.drop_column("decided_by")
    op.drop_table("delegations")
