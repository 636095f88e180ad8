"""Publications

Revision ID: 0006
Revises: 0005
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "publications",
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("track", sa.String(24), nullable=False),
        sa.Column("decision", sa.String(length=200), nullable=False),
        sa.Column("printed_on", sa.Date(), nullable=True),
        sa.Column("arrived_on", sa.Date(), nullable=True),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("division_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("office_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("handed_over_on", sa.Date(), nullable=True),
        sa.Column("finished_on", sa.Date(), nullable=True),
        sa.Column("published_on", sa.Date(), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("site", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["division_id"], ["units.id"], name=op.f("fk_publications_division_id")),
        sa.ForeignKeyConstraint(["office_id"], ["units.id"], name=op.f("fk_publications_office_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_publications")),
        sa.UniqueConstraint("site", "code", name=op.f("uq_publications_site_code")),
    )
    with op.batch_alter_table("publications", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_publications_site_starts_on"), ["site", "starts_on"], unique=False)

    op.create_table(
        "catalogue_checks",
        sa.Column("unit_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("checked_on", sa.Date(), nullable=False),
        sa.Column("portal", sa.Boolean(), nullable=False),
        sa.Column("one_stop", sa.Boolean(), nullable=False),
        sa.Column("website", sa.Boolean(), nullable=False),
        sa.Column("publication_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("defects", sa.Text(), nullable=False),
        sa.Column("fixed_on", sa.Date(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("site", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_catalogue_checks_person_id")),
        sa.ForeignKeyConstraint(
            ["publication_id"], ["publications.id"], name=op.f("fk_catalogue_checks_publication_id")
        ),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name=op.f("fk_catalogue_checks_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_catalogue_checks")),
    )
    with op.batch_alter_table("catalogue_checks", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_catalogue_checks_site_unit_id_checked_on"), ["site", "unit_id", "checked_on"], unique=False
        )

    op.create_table(
        "procedure_reviews",
        sa.Column("unit_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("procedure_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("reviewed_on", sa.Date(), nullable=False),
        sa.Column("restructured", sa.Boolean(), nullable=False),
        sa.Column("fields_before", sa.Integer(), nullable=True),
        sa.Column("fields_after", sa.Integer(), nullable=True),
        sa.Column("proposal", sa.Text(), nullable=False),
        sa.Column("simplification_approved_on", sa.Date(), nullable=True),
        sa.Column("decision", sa.String(length=200), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("site", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_procedure_reviews_person_id")),
        sa.ForeignKeyConstraint(["procedure_id"], ["procedures.id"], name=op.f("fk_procedure_reviews_procedure_id")),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name=op.f("fk_procedure_reviews_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_procedure_reviews")),
    )
    with op.batch_alter_table("procedure_reviews", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_procedure_reviews_procedure_id"), ["procedure_id"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_procedure_reviews_site_unit_id_reviewed_on"),
            ["site", "unit_id", "reviewed_on"],
            unique=False,
        )

    op.create_table(
        "publication_procedures",
        sa.Column("publication_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("procedure_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("site", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(
            ["procedure_id"], ["procedures.id"], name=op.f("fk_publication_procedures_procedure_id")
        ),
        sa.ForeignKeyConstraint(
            ["publication_id"], ["publications.id"], name=op.f("fk_publication_procedures_publication_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_publication_procedures")),
        sa.UniqueConstraint(
            "publication_id", "procedure_id", name=op.f("uq_publication_procedures_publication_id_procedure_id")
        ),
    )
    with op.batch_alter_table("publication_procedures", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_publication_procedures_procedure_id"), ["procedure_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("publication_procedures", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_publication_procedures_procedure_id"))

    op.drop_table("publication_procedures")
    with op.batch_alter_table("procedure_reviews", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_procedure_reviews_site_unit_id_reviewed_on"))
        batch_op.drop_index(batch_op.f("ix_procedure_reviews_procedure_id"))

    op.drop_table("procedure_reviews")
    with op.batch_alter_table("catalogue_checks", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_catalogue_checks_site_unit_id_checked_on"))

    op.drop_table("catalogue_checks")
    with op.batch_alter_table("publications", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_publications_site_starts_on"))

    op.drop_table("publications")
