"""The page of early warnings, and the provisional check that it stands on."""

from __future__ import annotations

from typing import Any

from flask import redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from app.compliance.adoption import repository
from app.compliance.explaining import fraction_shown, is_count, language, share_shown, target_shown
from app.compliance.runs import service as checks
from app.compliance.subject_links import subject_pages
from app.compliance.violations.raising import standing_of
from app.compliance.warnings import FallsDue, outlook_in_words, running_month, warn
from app.organisation.access import Actor, Scope, actor, allowed, current_scope, person
from app.organisation.calendars import today
from app.organisation.permissions import Capability
from app.organisation.queries import units_named
from app.organisation.registries import SubjectPage
from app.reporting.forms import WarnForm, WarningsForm
from app.reporting.views import bp
from app.reporting.warnings import DAYS, MANY, MOST, early_warnings, narrowed
from app.web import jobs
from app.web.forms import errors_shown_on
from app.web.jobs import Job

MOST_NAMED = 6
"""Single things that a line of what falls due names."""


@bp.get("/canh-bao", endpoint="warnings")
@allowed(Capability.READ_RESULTS)
def warnings() -> str:
    """What the running month will come to at this pace, and what falls due in it."""
    return _page(WarnForm(formdata=None))


@bp.post("/canh-bao", endpoint="warn")
@allowed(Capability.RUN_CHECKS)
def start() -> str | Response | tuple[str, int]:
    """Count anew what is recorded until now."""
    form = WarnForm()
    if form.validate_on_submit():
        with errors_shown_on(form):
            checks.refuse_impossible(running_month())
            job = jobs.start("check", _warn, actor(), url_for("reporting.warnings"), owner=person().id)
            return redirect(url_for("compliance.run_progress", job_id=job))
    return _page(form), 422


def _warn(job: Job, by: Actor, then: str) -> dict[str, Any]:
    report = warn(by, job.update)
    assert report.run is not None
    return {"run": report.run.id, "violations": 0, "then": then}


def _page(form: WarnForm) -> str:
    scope = current_scope()
    within = units_named(scope, today())
    choice = WarningsForm.of(request.args, within)
    chosen = next((unit for unit in within if unit.code == choice.don_vi.data), None)
    seen = narrowed(scope, chosen) if chosen else scope
    told = early_warnings(seen, failing_only=chosen is None and len(within) > MANY)
    several = len({each.unit.id for each in told.units}) > 1
    shown = MOST if several else None
    return render_template(
        "reporting/warnings.html",
        told=told,
        form=form,
        choice=choice,
        one_unit=len(within) == 1,
        several=several,
        most_units=MANY,
        standing=standing_of(told.run) if told.run else None,
        failing=told.failing[:shown],
        holding=told.holding[:shown],
        dues=told.dues[:shown],
        pages=_pages(seen, told.dues[:shown]),
        most_named=MOST_NAMED,
        days=DAYS,
        outlook_in_words=outlook_in_words,
        fraction_shown=fraction_shown,
        share_shown=share_shown,
        target_shown=target_shown,
        is_count=is_count,
        today=today(),
        locale=language(),
        another_year=repository.of_another_year((pack, told.period) for pack in repository.packs_of(told.run).values())
        if told.run
        else [],
    )


def _pages(scope: Scope, dues: tuple[FallsDue, ...]) -> dict[str, SubjectPage]:
    """The pages of the single things named, one question a kind of thing."""
    names: dict[tuple[str, str], tuple[FallsDue, set[str]]] = {}
    for due in dues:
        if due.rule.named is not None and due.rule.escalates is None:
            names.setdefault((due.rule.named, ""), (due, set()))[1].update(due.names[:MOST_NAMED])
    pages: dict[str, SubjectPage] = {}
    for due, wanted in names.values():
        pages |= subject_pages(scope, due.rules[0][0], due.rule, wanted)
    return pages
