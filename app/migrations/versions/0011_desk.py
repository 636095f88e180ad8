"""The desk: checklists, charges, what is handed in, attachments, drafts, refunds, reminders, imports taken back

Columns are added and dropped in place: SQLite would otherwise make `cases` anew and lose the triggers that keep
its search index.

Revision ID: 0011
Revises: 0010
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "bulk_actions",
        sa.Column("person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("items", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("left_out", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("site", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_bulk_actions_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bulk_actions")),
    )
    with op.batch_alter_table("bulk_actions", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_bulk_actions_person_id_done_at"), ["person_id", "done_at"], unique=False)

    op.create_table(
        "drafts",
        sa.Column("person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("form", sa.String(length=64), nullable=False),
        sa.Column("token", sa.String(length=64), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("typed", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("site", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_drafts_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_drafts")),
        sa.UniqueConstraint("person_id", "form", "token", name=op.f("uq_drafts_person_id_form_token")),
    )
    op.create_table(
        "fee_exemptions",
        sa.Column("version_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("percent_off", sa.Integer(), nullable=False),
        sa.Column("legal_basis", sa.Text(), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("site", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["version_id"], ["procedure_versions.id"], name=op.f("fk_fee_exemptions_version_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fee_exemptions")),
        sa.UniqueConstraint("version_id", "position", name=op.f("uq_fee_exemptions_version_id_position")),
    )
    op.create_table(
        "import_names",
        sa.Column("mapping", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(24), nullable=False),
        sa.Column("key", sa.String(length=300), nullable=False),
        sa.Column("name", sa.String(length=300), nullable=False),
        sa.Column("unit_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("procedure_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("site", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_import_names_person_id")),
        sa.ForeignKeyConstraint(["procedure_id"], ["procedures.id"], name=op.f("fk_import_names_procedure_id")),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name=op.f("fk_import_names_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_names")),
        sa.UniqueConstraint("site", "mapping", "kind", "key", name=op.f("uq_import_names_site_mapping_kind_key")),
    )
    op.create_table(
        "portal_statements",
        sa.Column("file_name", sa.String(length=255), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("first_day", sa.Date(), nullable=True),
        sa.Column("last_day", sa.Date(), nullable=True),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("refused", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("site", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_portal_statements_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_portal_statements")),
        sa.UniqueConstraint("site", "sha256", name=op.f("uq_portal_statements_site_sha256")),
    )
    op.create_table(
        "procedure_charges",
        sa.Column("version_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(24), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("amount", sa.Integer(), nullable=False),
        sa.Column("legal_basis", sa.Text(), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("site", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(
            ["version_id"], ["procedure_versions.id"], name=op.f("fk_procedure_charges_version_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_procedure_charges")),
        sa.UniqueConstraint("version_id", "position", name=op.f("uq_procedure_charges_version_id_position")),
    )
    op.create_table(
        "procedure_documents",
        sa.Column("version_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("required", sa.Boolean(), nullable=False),
        sa.Column("copy_kind", sa.String(24), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("site", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(
            ["version_id"], ["procedure_versions.id"], name=op.f("fk_procedure_documents_version_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_procedure_documents")),
        sa.UniqueConstraint("version_id", "position", name=op.f("uq_procedure_documents_version_id_position")),
    )
    op.create_table(
        "saved_filters",
        sa.Column("person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("page", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("query", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("site", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_saved_filters_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_filters")),
        sa.UniqueConstraint("person_id", "page", "name", name=op.f("uq_saved_filters_person_id_page_name")),
    )
    op.create_table(
        "imported_cases",
        sa.Column("import_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("case_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("is_new", sa.Boolean(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("before", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("site", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["import_id"], ["imports.id"], name=op.f("fk_imported_cases_import_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_imported_cases")),
        sa.UniqueConstraint("import_id", "case_id", name=op.f("uq_imported_cases_import_id_case_id")),
    )
    with op.batch_alter_table("imported_cases", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_imported_cases_case_id"), ["case_id"], unique=False)

    op.create_table(
        "case_documents",
        sa.Column("case_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("procedure_document_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("required", sa.Boolean(), nullable=False),
        sa.Column("originals", sa.Integer(), nullable=False),
        sa.Column("certified", sa.Integer(), nullable=False),
        sa.Column("copies", sa.Integer(), nullable=False),
        sa.Column("electronic", sa.Integer(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("site", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_case_documents_case_id")),
        sa.ForeignKeyConstraint(
            ["procedure_document_id"], ["procedure_documents.id"], name=op.f("fk_case_documents_procedure_document_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_documents")),
        sa.UniqueConstraint("case_id", "position", name=op.f("uq_case_documents_case_id_position")),
    )
    op.create_table(
        "consultations",
        sa.Column("case_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("unit_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("site", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_consultations_case_id")),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name=op.f("fk_consultations_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consultations")),
        sa.UniqueConstraint("case_id", "number", name=op.f("uq_consultations_case_id_number")),
    )
    with op.batch_alter_table("consultations", schema=None) as batch_op:
        batch_op.create_index(
            "ix_consultations_open",
            ["site", "unit_id", "due_at"],
            unique=False,
            sqlite_where=sa.text("answered_at IS NULL"),
            postgresql_where=sa.text("answered_at IS NULL"),
        )

    op.create_table(
        "portal_lines",
        sa.Column("statement_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("row", sa.Integer(), nullable=False),
        sa.Column("transaction_number", sa.String(length=64), nullable=False),
        sa.Column("case_code", sa.String(length=64), nullable=False),
        sa.Column("paid_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("amount", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(24), nullable=False),
        sa.Column("case_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("recorded_amount", sa.Integer(), nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("settled_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("site", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_portal_lines_case_id")),
        sa.ForeignKeyConstraint(["settled_by_id"], ["people.id"], name=op.f("fk_portal_lines_settled_by_id")),
        sa.ForeignKeyConstraint(["statement_id"], ["portal_statements.id"], name=op.f("fk_portal_lines_statement_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_portal_lines")),
        sa.UniqueConstraint("statement_id", "row", name=op.f("uq_portal_lines_statement_id_row")),
    )
    with op.batch_alter_table("portal_lines", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_portal_lines_site_transaction_number"), ["site", "transaction_number"], unique=False
        )

    op.create_table(
        "refunds",
        sa.Column("case_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("event_number", sa.Integer(), nullable=False),
        sa.Column("payment_number", sa.Integer(), nullable=False),
        sa.Column("unit_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("refunded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("amount", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("site", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_refunds_case_id")),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name=op.f("fk_refunds_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refunds")),
    )
    with op.batch_alter_table("refunds", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_refunds_case_id"), ["case_id"], unique=False)
        batch_op.create_index("ix_refunds_refunded", ["site", "refunded_at"], unique=False)

    op.create_table(
        "reminders",
        sa.Column("person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("case_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("step", sa.String(24), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("mailed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("site", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_reminders_case_id")),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_reminders_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reminders")),
        sa.UniqueConstraint(
            "person_id", "case_id", "step", "due_at", name=op.f("uq_reminders_person_id_case_id_step_due_at")
        ),
    )
    with op.batch_alter_table("reminders", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_reminders_case_id"), ["case_id"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_reminders_person_id_seen_at_made_at"), ["person_id", "seen_at", "made_at"], unique=False
        )

    op.create_table(
        "attachments",
        sa.Column("case_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("document_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("kind", sa.String(24), nullable=False),
        sa.Column("file_name", sa.String(length=255), nullable=False),
        sa.Column("media_type", sa.String(length=100), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("pages", sa.Integer(), nullable=True),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("added_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("reused_from_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("removed_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("removed_reason", sa.Text(), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("site", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["added_by_id"], ["people.id"], name=op.f("fk_attachments_added_by_id")),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_attachments_case_id")),
        sa.ForeignKeyConstraint(["document_id"], ["case_documents.id"], name=op.f("fk_attachments_document_id")),
        sa.ForeignKeyConstraint(["removed_by_id"], ["people.id"], name=op.f("fk_attachments_removed_by_id")),
        sa.ForeignKeyConstraint(["reused_from_id"], ["attachments.id"], name=op.f("fk_attachments_reused_from_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attachments")),
    )
    with op.batch_alter_table("attachments", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_attachments_document_id"), ["document_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_attachments_sha256"), ["sha256"], unique=False)
        batch_op.create_index(batch_op.f("ix_attachments_site_case_id"), ["site", "case_id"], unique=False)

    op.add_column("cases", sa.Column("email", sa.String(length=200), nullable=False, server_default=""))
    op.add_column("cases", sa.Column("owner", sa.String(length=200), nullable=False, server_default=""))
    op.add_column("cases", sa.Column("content", sa.Text(), nullable=False, server_default=""))
    op.add_column("cases", sa.Column("sets", sa.Integer(), nullable=False, server_default="1"))
    op.add_column("cases", sa.Column("return_method", sa.String(24), nullable=False, server_default="in_person"))
    op.add_column("cases", sa.Column("exemption", sa.String(length=200), nullable=False, server_default=""))
    op.create_index(
        "ix_cases_id_number",
        "cases",
        ["site", "id_number", "id"],
        unique=False,
        sqlite_where=sa.text("id_number <> ''"),
        postgresql_where=sa.text("id_number <> ''"),
    )
    op.create_index(
        "ix_cases_phone",
        "cases",
        ["site", "phone", "id"],
        unique=False,
        sqlite_where=sa.text("phone <> ''"),
        postgresql_where=sa.text("phone <> ''"),
    )

    with op.batch_alter_table("imports", schema=None) as batch_op:
        batch_op.add_column(sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(
            sa.Column("undone_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True)
        )
        batch_op.create_foreign_key(batch_op.f("fk_imports_undone_by_id"), "people", ["undone_by_id"], ["id"])

    op.add_column("payments", sa.Column("receipt_number", sa.String(length=32), nullable=False, server_default=""))
    op.add_column("payments", sa.Column("refunded", sa.Integer(), nullable=False, server_default="0"))
    op.create_index("ix_payments_paid", "payments", ["site", "paid_at"], unique=False)
    op.create_index(
        "ix_payments_transaction",
        "payments",
        ["site", "transaction_number"],
        unique=False,
        sqlite_where=sa.text("transaction_number <> ''"),
        postgresql_where=sa.text("transaction_number <> ''"),
    )

    op.add_column("people", sa.Column("reminded_by_mail", sa.Boolean(), nullable=False, server_default=sa.true()))
    op.add_column("people", sa.Column("phone", sa.String(length=32), nullable=False, server_default=""))


def downgrade() -> None:
    op.drop_column("people", "phone")
    op.drop_column("people", "reminded_by_mail")

    op.drop_index(
        "ix_payments_transaction",
        table_name="payments",
        sqlite_where=sa.text("transaction_number <> ''"),
        postgresql_where=sa.text("transaction_number <> ''"),
    )
    op.drop_index("ix_payments_paid", table_name="payments")
    op.drop_column("payments", "refunded")
    op.drop_column("payments", "receipt_number")

    with op.batch_alter_table("imports", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_imports_undone_by_id"), type_="foreignkey")
        batch_op.drop_column("undone_by_id")
        batch_op.drop_column("undone_at")

    op.drop_index(
        "ix_cases_phone",
        table_name="cases",
        sqlite_where=sa.text("phone <> ''"),
        postgresql_where=sa.text("phone <> ''"),
    )
    op.drop_index(
        "ix_cases_id_number",
        table_name="cases",
        sqlite_where=sa.text("id_number <> ''"),
        postgresql_where=sa.text("id_number <> ''"),
    )
    op.drop_column("cases", "exemption")
    op.drop_column("cases", "return_method")
    op.drop_column("cases", "sets")
    op.drop_column("cases", "content")
    op.drop_column("cases", "owner")
    op.drop_column("cases", "email")

    with op.batch_alter_table("attachments", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_attachments_site_case_id"))
        batch_op.drop_index(batch_op.f("ix_attachments_sha256"))
        batch_op.drop_index(batch_op.f("ix_attachments_document_id"))

    op.drop_table("attachments")
    with op.batch_alter_table("reminders", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_reminders_person_id_seen_at_made_at"))
        batch_op.drop_index(batch_op.f("ix_reminders_case_id"))

    op.drop_table("reminders")
    with op.batch_alter_table("refunds", schema=None) as batch_op:
        batch_op.drop_index("ix_refunds_refunded")
        batch_op.drop_index(batch_op.f("ix_refunds_case_id"))

    op.drop_table("refunds")
    with op.batch_alter_table("portal_lines", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_portal_lines_site_transaction_number"))

    op.drop_table("portal_lines")
    with op.batch_alter_table("consultations", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_consultations_open",
            sqlite_where=sa.text("answered_at IS NULL"),
            postgresql_where=sa.text("answered_at IS NULL"),
        )

    op.drop_table("consultations")
    op.drop_table("case_documents")
    with op.batch_alter_table("imported_cases", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_imported_cases_case_id"))

    op.drop_table("imported_cases")
    op.drop_table("saved_filters")
    op.drop_table("procedure_documents")
    op.drop_table("procedure_charges")
    op.drop_table("portal_statements")
    op.drop_table("import_names")
    op.drop_table("fee_exemptions")
    op.drop_table("drafts")
    with op.batch_alter_table("bulk_actions", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_bulk_actions_person_id_done_at"))

    op.drop_table("bulk_actions")
