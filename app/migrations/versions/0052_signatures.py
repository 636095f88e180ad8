"""What the signatures in a stored file said when it was looked into. Files stored before are looked into by
`flask attachments signatures`: until then nothing is known of theirs.

Revision ID: 0052
Revises: 0051
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0052"
down_revision = "0051"
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
TABLES = ("attachments", "evidence_files")


def upgrade() -> None:
    for table in TABLES:
        op.add_column(table, sa.Column("signature", sa.String(24)))
        op.add_column(table, sa.Column("signatures", JSON, nullable=False, server_default=sa.text("'{}'")))


def downgrade() -> None:
    for table in TABLES:
        with op.batch_alter_table(table) as changed:
            changed.drop_column("signatures")
            changed.drop_column("signature")
