"""A run judged again: do its stored facts and packs still give what is stored?"""

from __future__ import annotations

from flask import render_template

from app.compliance import queries
from app.compliance.verifying import verify_run
from app.compliance.views import bp
from app.organisation.access import allowed, current_scope
from app.organisation.permissions import Capability
from app.periods import Period


@bp.get("/kiem-tra/<int:run_id>/phan-xet-lai")
@allowed(Capability.RUN_CHECKS)
def verify(run_id: int) -> str:
    """What judging the run again gives, and every place where that is not what is stored. Writes nothing."""
    run = queries.the_run(current_scope(), run_id)
    return render_template(
        "compliance/verify.html", run=run, period=Period.parse(run.period), verification=verify_run(run_id)
    )
