"""Actions on many cases keep what became of each case, so that one cut off goes on where it stopped

An action that was being taken back when it was cut off said that it was taken back. What was in truth taken back is
told by the corrections among the cases' events; where some of it was not, the taking back is unfinished, and goes on.

Revision ID: 0020
Revises: 0019
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
AT = sa.DateTime(timezone=True)

actions = sa.table(
    "bulk_actions",
    *(sa.column("id", KEY), sa.column("site", sa.String()), sa.column("kind", sa.String())),
    *(sa.column("items", JSON), sa.column("left_out", JSON)),
    *(sa.column("done_at", AT), sa.column("finished_at", AT), sa.column("undoing_at", AT), sa.column("undone_at", AT)),
)
cases = sa.table(
    "bulk_cases",
    *(sa.column("site", sa.String()), sa.column("action_id", KEY), sa.column("position", sa.Integer())),
    *(sa.column("case_id", KEY), sa.column("code", sa.String()), sa.column("seen", sa.Integer())),
    *(sa.column("state", sa.String()), sa.column("event_number", sa.Integer()), sa.column("revision", sa.Integer())),
    sa.column("why", sa.Text()),
)
events = sa.table(
    "case_events",
    *(sa.column("id", KEY), sa.column("case_id", KEY), sa.column("number", sa.Integer()), sa.column("corrects_id", KEY)),
)


def upgrade() -> None:
    op.create_table(
        "bulk_cases",
        sa.Column("action_id", KEY, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("case_id", KEY, nullable=False),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("seen", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(24), nullable=False),
        sa.Column("event_number", sa.Integer(), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=True),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("id", KEY, nullable=False),
        sa.Column("site", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["action_id"], ["bulk_actions.id"], name=op.f("fk_bulk_cases_action_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bulk_cases")),
        sa.UniqueConstraint("action_id", "position", name=op.f("uq_bulk_cases_action_id_position")),
    )
    op.add_column("bulk_actions", sa.Column("data", JSON, nullable=False, server_default="{}"))
    op.add_column("bulk_actions", sa.Column("note", sa.Text(), nullable=False, server_default=""))
    op.add_column("bulk_actions", sa.Column("finished_at", AT, nullable=True))
    op.add_column("bulk_actions", sa.Column("undoing_at", AT, nullable=True))
    connection = op.get_bind()
    connection.execute(actions.update().values(finished_at=actions.c.done_at))
    for action in connection.execute(sa.select(actions).order_by(actions.c.id)).all():
        rows = [*done_rows(action), *left_out_rows(action)]
        if rows:
            connection.execute(cases.insert(), rows)
        if action.undone_at is not None:
            ended = all(row["state"] != "done" for row in rows)
            told = {"undoing_at": action.undone_at, "undone_at": action.undone_at if ended else None}
            connection.execute(actions.update().where(actions.c.id == action.id).values(told))
    with op.batch_alter_table("bulk_actions", schema=None) as batch_op:
        batch_op.drop_column("items")
        batch_op.drop_column("left_out")


def done_rows(action: sa.Row) -> list[dict[str, object]]:
    """A case of an action taken back, which nobody corrected, is not taken back yet."""
    rows = []
    for position, (case_id, code, number, revision) in enumerate(action.items, 1):
        state = "undone" if action.undone_at is not None and corrected(case_id, number) else "done"
        rows.append(row(action, position, state, case_id=case_id, code=code, event_number=number, revision=revision))
    return rows


def left_out_rows(action: sa.Row) -> list[dict[str, object]]:
    """Only the code and the reason were kept of these; 0 stands for a case that is not known."""
    return [
        row(action, position, "left_out", code=code, why=why)
        for position, (code, why) in enumerate(action.left_out, len(action.items) + 1)
    ]


def row(action: sa.Row, position: int, state: str, **values: object) -> dict[str, object]:
    nothing = {"case_id": 0, "code": "", "seen": 0, "event_number": None, "revision": None, "why": ""}
    return nothing | {"site": action.site, "action_id": action.id, "position": position, "state": state} | values


def corrected(case_id: int, number: int) -> bool:
    wrong = sa.select(events.c.id).where(events.c.case_id == case_id, events.c.number == number)
    found = sa.select(events.c.id).where(events.c.case_id == case_id, events.c.corrects_id.in_(wrong))
    return op.get_bind().execute(found.limit(1)).first() is not None


def downgrade() -> None:
    op.add_column("bulk_actions", sa.Column("items", JSON, nullable=False, server_default="[]"))
    op.add_column("bulk_actions", sa.Column("left_out", JSON, nullable=False, server_default="[]"))
    connection = op.get_bind()
    for action in connection.execute(sa.select(actions.c.id, actions.c.undoing_at).order_by(actions.c.id)).all():
        those = connection.execute(
            sa.select(cases).where(cases.c.action_id == action.id).order_by(cases.c.position)
        ).all()
        items = [
            [each.case_id, each.code, each.event_number, each.revision]
            for each in those
            if each.state in ("done", "undone", "kept")
        ]
        left_out = [[each.code, each.why] for each in those if each.state in ("waiting", "left_out")]
        values = {"items": items, "left_out": left_out, "undone_at": action.undoing_at}
        connection.execute(actions.update().where(actions.c.id == action.id).values(values))
    with op.batch_alter_table("bulk_actions", schema=None) as batch_op:
        batch_op.drop_column("undoing_at")
        batch_op.drop_column("finished_at")
        batch_op.drop_column("note")
        batch_op.drop_column("data")
    op.drop_table("bulk_cases")
