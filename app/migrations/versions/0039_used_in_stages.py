"""Time used in a stage whose case waited for the applicant is counted anew, as it has been since a supplement asked for
after the stage's time had run out takes nothing off it

The fold of 0027 is the one that every case goes through; here it is asked again of the cases with a pause.

Revision ID: 0039
Revises: 0038
"""

from importlib import import_module

import sqlalchemy as sa
from alembic import op

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None

folds = import_module("app.migrations.versions.0027_promises")  # no name that a statement could import

STAYS = sa.table(
    "case_stages", *(sa.column(name) for name in ("case_id", "number")), sa.column("used", sa.Numeric(10, 2))
)
PAUSES = sa.table("case_pauses", sa.column("case_id"))


def upgrade() -> None:
    for site in op.get_bind().scalars(sa.select(folds.CASES.c.site).distinct().order_by(folds.CASES.c.site)).all():
        count_used(site)


def downgrade() -> None:
    """What was counted wrongly stays right."""


def count_used(site) -> None:
    """Fold the events of the site's cases with pauses, some hundreds at a time; write what their stays used."""
    run, after, terms, calendars = op.get_bind().execute, 0, folds.terms_of_versions(), folds.calendars_of(site)
    cases = folds.CASES
    paused = sa.select(cases).where(cases.c.site == site, sa.exists().where(PAUSES.c.case_id == cases.c.id))
    paused = paused.order_by(cases.c.id).limit(folds.AT_ONCE)
    changed = STAYS.update().where(STAYS.c.case_id == sa.bindparam("key"), STAYS.c.number == sa.bindparam("stay"))
    changed = changed.values(used=sa.bindparam("now_used"))
    while found := run(paused.where(cases.c.id > after)).all():
        first, after = found[0].id, found[-1].id
        events, stays, stored = folds.events_between(first, after), folds.stays_between(first, after), used(first, after)
        rows = []
        for case in found:
            state = folds.folded(case, terms.get(case.version_id), events[case.id], stays[case.id], calendars)
            rows += (
                {"key": case.id, "stay": stay.number, "now_used": stay.used}
                for stay in (state.stays if state is not None else ())
                if stored.get((case.id, stay.number), stay.used) != stay.used
            )
        if rows:
            run(changed, rows)


def used(first, last):
    rows = op.get_bind().execute(sa.select(STAYS).where(STAYS.c.case_id.between(first, last)))
    return {(row.case_id, row.number): row.used for row in rows}
