"""Running the check from a page: the form, the work in the background, its progress."""

from __future__ import annotations

from typing import Any

from flask import Response, make_response, redirect, render_template, url_for
from flask_babel import lazy_gettext as _l
from htmx_flask import request
from werkzeug.wrappers import Response as Answer

from app import jobs
from app.compliance import packs, service
from app.compliance.explaining import language
from app.compliance.forms import RunForm
from app.compliance.language import Status
from app.compliance.views import bp
from app.errors import DomainError
from app.forms import errors_shown_on
from app.jobs import Job, JobState
from app.organisation.access import Actor, actor, allowed, current_scope, person
from app.organisation.calendars import today
from app.organisation.permissions import Capability
from app.organisation.queries import units
from app.periods import Period, PeriodKind

Page = str | Answer | tuple[str, int]

DOING = {
    "facts": _l("Đang đếm số liệu của kỳ…"),
    "judging": _l("Đang đối chiếu với các quy tắc…"),
    "writing": _l("Đang ghi kết quả…"),
}


@bp.get("/kiem-tra/chay")
@allowed(Capability.RUN_CHECKS)
def run_form() -> str:
    """Choose what to check; last month unless the address says otherwise."""
    return _form_page(_form())


@bp.post("/kiem-tra/chay")
@allowed(Capability.RUN_CHECKS)
def run_start() -> Page:
    """Start the check, once it is certain that it can be run."""
    form = _form()
    if form.validate_on_submit():
        with errors_shown_on(form):
            period = Period.parse(form.period.data or "")
            chosen, codes = form.packs.data or None, form.units.data or None
            service.refuse_impossible(period, chosen, codes)
            job = jobs.start("check", _run, actor(), period.key, chosen, codes, owner=person().id)
            return redirect(url_for(".run_progress", job_id=job))
    return _form_page(form), 422


@bp.get("/kiem-tra/chay/<job_id>")
@allowed(Capability.RUN_CHECKS)
def run_progress(job_id: str) -> Page | Response:
    """How far a check is; then on to its matrix."""
    job = jobs.find(job_id, owner=person().id)
    if job.state is JobState.DONE:
        address = url_for(".matrix", run=job.result["run"])
        if not request.htmx:
            return redirect(address)
        response = make_response("")
        response.headers["HX-Redirect"] = address
        return response
    template = "compliance/_progress.html" if request.htmx else "compliance/progress.html"
    return render_template(template, job=job, doing=DOING.get(job.text, ""))


def _form() -> RunForm:
    try:
        period = Period.parse(request.args.get("period", ""))
    except DomainError:
        period = Period.of(PeriodKind.MONTH, today()).previous()
    return RunForm.of(period, packs.all_packs(), units(current_scope(), on=today()))


def _form_page(form: RunForm) -> str:
    months = [Period.of(PeriodKind.MONTH, today()).previous()]
    while len(months) < 12:
        months.append(months[-1].previous())
    spans = [Period.of(kind, today()) for kind in (PeriodKind.QUARTER, PeriodKind.HALF, PeriodKind.YEAR)]
    offered = [*months, *(period for span in spans for period in (span, span.previous()))]
    return render_template("compliance/run_form.html", form=form, offered=[each.label(language()) for each in offered])


def _run(job: Job, by: Actor, period: str, chosen: list[str] | None, codes: list[str] | None) -> dict[str, Any]:
    """The work itself, in its own thread."""
    report = service.run_check(by, Period.parse(period), chosen, codes, progress=job.update)
    assert report.run is not None
    failed = sum(result.status is Status.FAIL for result in report.judgement.results)
    return {"run": report.run.id, "violations": failed}
