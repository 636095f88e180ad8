"""Sessions, failed attempts and second factors are kept on the server

Everybody signs in again once: the sessions of before were known to the browsers alone.

Revision ID: 0019
Revises: 0018
"""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column(
        "people", sa.Column("must_change_password", sa.Boolean(), nullable=False, server_default=sa.text("false"))
    )
    op.add_column("people", sa.Column("openid_subject", sa.String(255), nullable=False, server_default=""))
    op.drop_column("people", "session_stamp")
    _table(
        "sign_in_sessions",
        sa.Column("token_hash", sa.String(64), nullable=False),
        sa.Column("way", sa.String(24), nullable=False),
        sa.Column("awaits_code", sa.Boolean(), nullable=False),
        sa.Column("address", sa.String(64), nullable=False),
        sa.Column("device", sa.String(80), nullable=False),
        sa.Column("began_at", INSTANT, nullable=False),
        sa.Column("last_seen_at", INSTANT, nullable=False),
        sa.UniqueConstraint("site", "token_hash", name="uq_sign_in_sessions_site_token_hash"),
    )
    op.create_index("ix_sign_in_sessions_person_id", "sign_in_sessions", ["person_id"])
    op.create_index("ix_sign_in_sessions_site_last_seen_at", "sign_in_sessions", ["site", "last_seen_at"])
    _table(
        "known_addresses",
        sa.Column("address", sa.String(64), nullable=False),
        sa.Column("last_signed_in_at", INSTANT, nullable=False),
        sa.UniqueConstraint("person_id", "address", name="uq_known_addresses_person_id_address"),
    )
    op.create_table(
        "failed_sign_ins",
        sa.Column("id", KEY, nullable=False),
        sa.Column("site", sa.String(32), nullable=False),
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("failures", sa.Double(), nullable=False),
        sa.Column("last_failed_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_failed_sign_ins"),
        sa.UniqueConstraint("site", "key", name="uq_failed_sign_ins_site_key"),
    )
    op.create_index("ix_failed_sign_ins_site_last_failed_at", "failed_sign_ins", ["site", "last_failed_at"])
    _table(
        "second_factors",
        sa.Column("secret", sa.String(255), nullable=False),
        sa.Column("begun_at", INSTANT, nullable=False),
        sa.Column("confirmed_at", INSTANT, nullable=True),
        sa.Column("last_step", sa.BigInteger(), nullable=False),
        sa.UniqueConstraint("person_id", name="uq_second_factors_person_id"),
    )
    _table(
        "recovery_codes",
        sa.Column("code_hash", sa.String(64), nullable=False),
        sa.Column("used_at", INSTANT, nullable=True),
        sa.UniqueConstraint("person_id", "code_hash", name="uq_recovery_codes_person_id_code_hash"),
    )


def downgrade() -> None:
    for table in ("recovery_codes", "second_factors", "failed_sign_ins", "known_addresses", "sign_in_sessions"):
        op.drop_table(table)
    op.add_column("people", sa.Column("session_stamp", sa.Integer(), nullable=False, server_default="1"))
    op.drop_column("people", "openid_subject")
    op.drop_column("people", "must_change_password")


def _table(name: str, *parts: sa.schema.SchemaItem) -> None:
    """A table of what belongs to a person."""
    op.create_table(
        name,
        sa.Column("id", KEY, nullable=False),
        sa.Column("site", sa.String(32), nullable=False),
        sa.Column("person_id", KEY, nullable=False),
        *parts,
        sa.PrimaryKeyConstraint("id", name=f"pk_{name}"),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=f"fk_{name}_person_id_people"),
    )
