"""The report of a month's check: its page, its files, and the results behind each of its numbers."""

from __future__ import annotations

from typing import Any

from flask import Response, make_response, redirect, render_template, send_file, url_for
from htmx_flask import request
from werkzeug.wrappers import Response as Answer

from app.cases.explanations.models import ExplanationState
from app.compliance import queries
from app.compliance.adoption import repository
from app.compliance.explaining import fraction_shown, is_count, share_shown, target_shown, unit_name
from app.compliance.models import ViolationState
from app.compliance.months import queries as closings
from app.compliance.months import sealing
from app.compliance.queries import ResultRow
from app.core.errors import NotFound
from app.core.periods import Period
from app.organisation.access import actor, allowed, person, whole_site
from app.organisation.exports import report_response, trace_export
from app.organisation.permissions import Capability
from app.reporting.forms import page_asked, pages_of
from app.reporting.month import making
from app.reporting.month.paper import ReportLinks
from app.reporting.views import bp
from app.rulepacks.language import Status
from app.slips.printing import TYPES
from app.web import jobs
from app.web.formats import in_both
from app.web.forms import whole_number
from app.web.jobs import JobState

ENDINGS = "pdf,docx,xlsx"
PAGE = 100  # results behind a number, on one page


@bp.get("/kiem-tra/thang/<key>/bao-cao", endpoint="month_report")
@allowed(Capability.CLOSE_MONTHS)
def report(key: str) -> str:
    """The report as it would be sent, every number a link to what it counts."""
    period = Period.of_address(key)
    run = _run(period)
    large = _is_large(run.id)
    return render_template(
        "reporting/month/report.html",
        period=period,
        documents=making.papers(whole_site(), period, _Links(period, run.id), details=not large),
        large=large,
        run=run,
        closed=closings.standing(period) is not None,
    )


@bp.get(f"/kiem-tra/thang/<key>/bao-cao.<any({ENDINGS}):ending>", endpoint="month_report_file")
@allowed(Capability.CLOSE_MONTHS)
def report_file(key: str, ending: str) -> Response:
    period = Period.of_address(key)
    made = making.content(whole_site(), period, ending)
    return report_response(made, making.name_of(period), ending, TYPES[ending])


@bp.get("/kiem-tra/thang/<key>/bao-cao-niem-phong.pdf", endpoint="sealed_report")
@allowed(Capability.CLOSE_MONTHS)
def sealed_report_file(key: str) -> Response:
    """The report as the latest seal of the month holds it."""
    period = Period.of_address(key)
    sealed = sealing.the_seal(period)
    content = sealing.papers_of(sealed.papers).get(sealing.REPORT)
    if content is None:  # sealed before reports were
        raise NotFound("Niêm phong này không có báo cáo.")
    name = f"{making.name_of(period)}-niem-phong-{sealed.number}"
    return report_response(content, name, "pdf", TYPES["pdf"])


@bp.post(f"/kiem-tra/thang/<key>/bao-cao.<any({ENDINGS}):ending>", endpoint="make_month_report")
@allowed(Capability.CLOSE_MONTHS)
def make_report(key: str, ending: str) -> Answer:
    """Make it in the background: of a large Department it takes seconds."""
    period = Period.of_address(key)
    _run(period)
    job = jobs.start("report", making.in_job, period.key, ending, owner=person().id)
    return redirect(url_for(".month_report_progress", job_id=job), 303)


@bp.get("/kiem-tra/thang/bao-cao/<job_id>", endpoint="month_report_progress")
@allowed(Capability.CLOSE_MONTHS)
def report_progress(job_id: str) -> str | Response:
    """How far it is; then where the file is."""
    job = jobs.find(job_id, owner=person().id)
    template = "reporting/month/_progress.html" if request.htmx else "reporting/month/progress.html"
    return make_response(render_template(template, job=job))


@bp.get("/kiem-tra/thang/bao-cao/<job_id>/tep", endpoint="made_month_report")
@allowed(Capability.CLOSE_MONTHS)
def made_report(job_id: str) -> Response:
    job = jobs.find(job_id, owner=person().id)
    if job.state is not JobState.DONE or "ending" not in (job.result or {}):
        raise NotFound("Không tìm thấy công việc này.")
    path, ending = making.made_by(job_id, job.result), job.result["ending"]
    name = making.name_of(Period.parse(job.result["period"]))
    trace_export(actor(), name, 1, ending)
    return send_file(path, mimetype=TYPES[ending], as_attachment=True, download_name=f"{name}.{ending}")


@bp.get("/kiem-tra/thang/<key>/bao-cao/ket-qua", endpoint="month_results")
@allowed(Capability.CLOSE_MONTHS)
def results(key: str) -> str:
    """The results that a number of the report counts: of a plan, a unit, a status, a rule."""
    period = Period.of_address(key)
    run = _run(period)
    pack, rule = request.args.get("bo", ""), request.args.get("quy_tac", "")
    status = Status(asked) if (asked := request.args.get("ket_qua", "")) in set(Status) else None
    unit_id = request.args.get("don_vi", type=whole_number)
    found = [
        row
        for row in queries.results_of(whole_site(), run.id, status=status, unit_id=unit_id)
        if pack in ("", row.pack) and rule in ("", row.rule)
    ]
    page = page_asked()
    library = repository.packs_of(run)
    return render_template(
        "reporting/month/results.html",
        period=period,
        total=len(found),
        page=page,
        pages=pages_of(len(found), PAGE),
        rows=[_shown(row, library) for row in found[(page - 1) * PAGE : page * PAGE]],
        asked={name: value for name, value in request.args.items() if name != "trang"},
        run=run,
        status=status,
        pack=library[pack].info.title if pack in library else None,
        unit=unit_name(found[0].place) if unit_id is not None and found else "",
    )


def _shown(row: ResultRow, library: repository.Library) -> dict[str, Any]:
    rule = repository.rule_in(library, row.pack, row.rule)
    return {
        "row": row,
        "title": in_both(rule.title) if rule else "",
        "fraction": fraction_shown(row),
        "share": share_shown(row),
        "target": target_shown(row.comparison, row.target, counts=is_count(row)),
    }


class _Links(ReportLinks):
    """Addresses on this site; only here is a report followed."""

    def __init__(self, period: Period, run_id: int) -> None:
        self.period, self.run_id = period, run_id

    def results(self, pack: str = "", unit: int = 0, status: Status | None = None, rule: str = "") -> str:
        chosen: dict[str, Any] = {
            "bo": pack or None,
            "don_vi": unit or None,
            "ket_qua": status,
            "quy_tac": rule or None,
        }
        return url_for(".month_results", key=self.period.key, **{name: each for name, each in chosen.items() if each})

    def violations(self, unit: int = 0, state: ViolationState | None = None) -> str:
        return url_for("compliance.violations", period=self.period.key, unit=unit or None, state=state)

    def violation(self, violation_id: int) -> str:
        return url_for("compliance.violation", violation_id=violation_id)

    def result(self, row: ResultRow) -> str:
        return url_for("compliance.result", run_id=self.run_id, pack=row.pack, rule=row.rule, unit=row.unit)

    def explanations(self, state: ExplanationState) -> str:
        return url_for("cases.explanations", period=self.period.key, state=state)

    def task(self, task_id: int) -> str:
        return url_for("tasks.task", task_id=task_id)

    def warnings(self, unit: str) -> str:
        return url_for(".warnings", don_vi=unit)


def _is_large(run_id: int) -> bool:
    return queries.units_judged(whole_site(), run_id) > making.LARGE


def _run(period: Period) -> Any:
    closing = closings.standing(period)
    run = queries.the_run(whole_site(), closing.run_id) if closing else queries.latest_run(whole_site(), period)
    if run is None:
        raise NotFound("%(period)s chưa được kiểm tra: hãy kiểm tra rồi lập báo cáo.", period=period.label("vi"))
    return run
