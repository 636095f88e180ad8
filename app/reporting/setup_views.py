"""The page that greets the administrator of a site that is not set up yet."""

from __future__ import annotations

from flask import render_template, url_for

from app.compliance.explaining import inside
from app.core.periods import Period
from app.organisation import navigation
from app.organisation.access import allowed, whole_site
from app.organisation.permissions import Capability
from app.reporting.setup import SetupStep, is_unfinished, setup
from app.reporting.views import bp

PAGES = {
    SetupStep.PROFILE: "organisation.site_profile",
    SetupStep.STAFF: "organisation.import_staff",
    SetupStep.CATALOGUE: "procedures.import_file",
    SetupStep.CALENDAR: "organisation.calendar",
    SetupStep.PACKS: "compliance.packs",
    SetupStep.CASES: "imports.list",
    SetupStep.CHECK: "compliance.run_form",
}


@bp.get("/thiet-lap", endpoint="setup")
@allowed(Capability.KEEP_SITE)
def set_up() -> str:
    """What is done, what comes next, and how."""
    found = setup(whole_site())
    return render_template(
        "reporting/setup.html",
        setup=found,
        steps=SetupStep,
        month=inside(found.month),
        run_period=inside(Period.parse(found.run[1])) if found.run else "",
        pages={step.value: url_for(page) for step, page in PAGES.items()},
    )


navigation.greet_administrator("reporting.setup", lambda: is_unfinished(whole_site()))
