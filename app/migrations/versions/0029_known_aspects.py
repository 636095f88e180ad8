"""What the records tell of each case: everything of one taken in at the desk, of an imported one what its mapping told

Until now an import could tell one thing that a rate counts: how the case came in. It did where no row of the file
went by the mapping's default, or where the case came in otherwise than by it. A mapping that is no longer there, and
an import that nobody can say anything of, told nothing. What was recorded since (a scan, an electronic copy, a
payment, a stage) speaks for itself and needs no mark.

Revision ID: 0029
Revises: 0028
"""

from pathlib import Path

import sqlalchemy as sa
import yaml
from alembic import op
from flask import current_app
from sqlalchemy.dialects import postgresql

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

EVERYTHING, CHANNEL, NOTHING = 127, 2, 0
BUILT_IN = {"igate": "in_person", "coselog": "in_person"}  # mapping -> the channel of a row that names none
BY_DEFAULT = ("không có hình thức nộp", "have no channel")  # the notice of such rows, as it was kept
CHUNK = 500  # imports
INDEXES = {
    "ix_cases_unit_received": (
        *("site", "unit_id", "received_at", "id", "files_digitised_at", "fee_due", "online_payable"),
        *("version_id", "channel"),
    ),
    "ix_cases_ended_cover": (
        *("site", "unit_id", "ended_at", "late_after", "result_at", "closed_at", "returns_result"),
        *("result_digitised_at", "electronic_result_at"),
    ),
    "ix_cases_result_cover": (
        *("site", "unit_id", "result_at", "returns_result", "result_digitised_at", "electronic_result_at"),
        "electronic_same_day",
    ),
}
ADDED = {"ix_cases_ended_cover": ("knows", "id")}
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")

CASES = sa.table("cases", *(sa.column(name) for name in ("id", "import_id", "channel", "knows")))
IMPORTS = sa.table("imports", *(sa.column(name) for name in ("id", "mapping")), sa.column("notices", JSON))
VERSIONS = sa.table(
    "procedure_versions", *(sa.column(name) for name in ("id", "procedure_id", "number", "details_known"))
)
PROCEDURES = sa.table("procedures", *(sa.column(name) for name in ("id", "site", "origin")))
ENTRIES = sa.table("audit_entries", *(sa.column(name) for name in ("site", "subject_kind", "subject_id")))


def upgrade() -> None:
    op.add_column("cases", sa.Column("knows", sa.Integer(), nullable=False, server_default=str(EVERYTHING)))
    op.add_column(
        "procedure_versions", sa.Column("details_known", sa.Boolean(), nullable=False, server_default=sa.true())
    )
    tell_cases()
    tell_procedures()
    for name, columns in INDEXES.items():
        op.drop_index(name, table_name="cases")
        op.create_index(name, "cases", [*columns, *ADDED.get(name, ("knows",))])


def downgrade() -> None:
    for name, columns in INDEXES.items():
        op.drop_index(name, table_name="cases")
        op.create_index(name, "cases", list(columns))
    op.drop_column("procedure_versions", "details_known")
    op.drop_column("cases", "knows")


def tell_cases() -> None:
    run = op.get_bind().execute
    run(CASES.update().where(CASES.c.import_id.is_not(None)).values(knows=NOTHING))
    told: list[int] = []
    for row in run(sa.select(IMPORTS).order_by(IMPORTS.c.id)).all():
        default = default_channel(row.mapping)
        if default is None:
            continue
        if not any(phrase in str(notice) for notice in row.notices or () for phrase in BY_DEFAULT):
            told.append(row.id)
        else:
            of_import = CASES.update().where(CASES.c.import_id == row.id, CASES.c.channel != default)
            run(of_import.values(knows=CHANNEL))
    for start in range(0, len(told), CHUNK):
        run(CASES.update().where(CASES.c.import_id.in_(told[start : start + CHUNK])).values(knows=CHANNEL))


def default_channel(mapping: str) -> str | None:
    """The channel that the mapping gave to a row that named none; None when it cannot be found any more."""
    own = Path(current_app.config["SETTINGS"].instance) / "mappings" / f"{mapping}.yaml"
    try:
        said = yaml.safe_load(own.read_text(encoding="utf-8-sig"))
        return str(said.get("default_channel", "in_person"))
    except FileNotFoundError:
        return BUILT_IN.get(mapping)
    except (OSError, ValueError, AttributeError, yaml.YAMLError):
        return None


def tell_procedures() -> None:
    """Of a procedure that an import made and nobody has worked on since, level and fee are not known."""
    worked_on = sa.exists().where(
        ENTRIES.c.site == PROCEDURES.c.site,
        ENTRIES.c.subject_kind == "procedure",
        ENTRIES.c.subject_id == sa.cast(PROCEDURES.c.id, sa.String(64)),
    )
    made = sa.select(PROCEDURES.c.id).where(PROCEDURES.c.origin.like("import %"), ~worked_on)
    of_made = VERSIONS.update().where(VERSIONS.c.number == 1, VERSIONS.c.procedure_id.in_(made))
    op.get_bind().execute(of_made.values(details_known=sa.false()))
