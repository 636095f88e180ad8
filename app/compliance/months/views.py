"""Months: how far each is; closing, sealing, proving and opening one again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import datetime
from itertools import groupby
from typing import Any

from flask import Response, flash, make_response, redirect, render_template, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from htmx_flask import request
from werkzeug.wrappers import Response as Answer

from app.compliance.forms import MonthForm, ReopenForm
from app.compliance.months import changes, proving, queries, sealing
from app.compliance.months.closing import close, refuse_to_close
from app.compliance.views import bp
from app.core.errors import Conflict, DomainError
from app.core.periods import Period
from app.core.seals import fingerprint
from app.organisation.access import Actor, actor, allowed, can, current_scope, person
from app.organisation.exports import report_response
from app.organisation.permissions import Capability
from app.web import extensions, jobs
from app.web.formats import language, sentence
from app.web.forms import errors_shown_on
from app.web.jobs import Job, JobState, JobStatus

Page = str | Answer | tuple[str, int]

SEALING = "seal"
"""The name of the job."""
DOING = {
    "papers": _l("Đang gom số liệu, kết quả, giải trình…"),
    "report": _l("Đang lập báo cáo…"),
    "again": _l("Có giải trình hoặc số liệu vừa đổi: đang gom lại…"),
    "writing": _l("Đang ký và ghi niêm phong…"),
}


@bp.get("/kiem-tra/thang")
@allowed(Capability.READ_RESULTS)
def months() -> str:
    """How far each month is: judged, closed, answered, sealed."""
    return render_template("compliance/months/months.html", months=queries.months())


@bp.get("/kiem-tra/thang/<key>")
@allowed(Capability.READ_RESULTS)
def month(key: str) -> Page:
    """One month, and what is to be done next."""
    return _month_page(Period.of_address(key), MonthForm(formdata=None))


@bp.post("/kiem-tra/thang/<key>/chot")
@allowed(Capability.CLOSE_MONTHS)
def close_month(key: str) -> Page:
    """Start the official run, once it is certain that the month can be closed."""
    period, form = Period.of_address(key), MonthForm()
    if form.validate_on_submit():
        with errors_shown_on(form):
            refuse_to_close(period)
            job = jobs.start("check", _close, actor(), period.key, owner=person().id)
            return redirect(url_for(".run_progress", job_id=job))
    return _month_page(period, form), 422


@bp.post("/kiem-tra/thang/<key>/niem-phong")
@allowed(Capability.SEAL_MONTHS)
def seal_month(key: str) -> Page:
    """Start to seal it, once it is certain that it can be sealed."""
    period, form = Period.of_address(key), MonthForm()
    if form.validate_on_submit():
        with errors_shown_on(form):
            sealing.refuse_to_seal(period)
            by = actor()
            told = (SEALING, period.key, by.signs(Capability.SEAL_MONTHS))
            if not jobs.start_alone(*told, _seal, by, period.key, extensions.now(), owner=by.person_id):
                raise _under_way(period)
            return redirect(url_for(".sealing", key=period.key))
    return _month_page(period, form), 422


@bp.get("/kiem-tra/thang/<key>/niem-phong", endpoint="sealing")
@allowed(Capability.CLOSE_MONTHS)
def sealing_progress(key: str) -> Page | Response:
    """How far the sealing is, whoever asked for it; then on to the month, which has the seal."""
    period = Period.of_address(key)
    job = sealing_of(period)
    if job is not None and job.state is not JobState.DONE:
        template = "compliance/months/_sealing.html" if request.htmx else "compliance/months/sealing.html"
        return make_response(render_template(template, job=job, period=period, doing=DOING.get(job.text, "")))
    if job is not None and job.owner == person().id:
        _tell_sealed(period, fresh=job.result["fresh"])
    address = url_for(".month", key=period.key)
    if not request.htmx:
        return redirect(address)
    response = make_response("")
    response.headers["HX-Redirect"] = address
    return response


def _tell_sealed(period: Period, *, fresh: bool) -> None:
    key = sealing.the_seal(period).public_key
    flash(_("Đã niêm phong. Vân tay khóa: %(key)s", key=fingerprint(key)), "success")
    if fresh:
        flash(_("Khóa niêm phong vừa được tạo trên máy chủ: quản trị hãy cất một bản sao ở nơi khác."), "warning")


@bp.route("/kiem-tra/thang/<key>/mo-lai", methods=["GET", "POST"])
@allowed(Capability.SEAL_MONTHS)
def reopen_month(key: str) -> Page:
    period, form = Period.of_address(key), ReopenForm()
    try:
        sealing.refuse_to_reopen(period)
    except DomainError as nothing_to_open:
        flash(sentence(nothing_to_open), "error")
        return redirect(url_for(".month", key=period.key))
    if form.validate_on_submit():
        with errors_shown_on(form):
            sealing.reopen(actor(), period, form.reason.data or "")
            flash(_("Đã mở lại. Các niêm phong trước vẫn giữ; hãy chốt lại khi đã sửa xong."), "success")
            return redirect(url_for(".month", key=period.key))
    page = render_template("compliance/months/reopen.html", period=period, form=form)
    return page, 422 if form.errors or form.form_errors else 200


@bp.get("/kiem-tra/thang/<key>/chung-minh")
@allowed(Capability.CLOSE_MONTHS)
def prove_month(key: str) -> str:
    """Whether every seal of the period holds, and what would come out otherwise now."""
    period = Period.of_address(key)
    latest, scope = sealing.the_seal(period), current_scope()
    drift, names = proving.drift(latest), changes.unit_names()
    return render_template(
        "compliance/months/proof.html",
        period=period,
        proven=[(sealed, proving.problems(sealed)) for sealed in sealing.seals_of(period)],
        run_id=latest.run_id,
        drift=drift,
        facts=list(changes.in_words(drift.facts, names, language(), scope)),
        answers=changes.answers_gone_on(scope, period, drift.answers),
        names=names,
        title_of=changes.rule_title,
        fingerprint=fingerprint,
        lines_of=lambda sealed: sealing.lines_of(sealing.manifest_of(sealed.manifest)),
    )


@bp.get("/kiem-tra/thang/<key>/goi.zip")
@allowed(Capability.CLOSE_MONTHS)
def month_bundle(key: str) -> Response:
    """The sealed month as a bundle that verifies by itself."""
    period = Period.of_address(key)
    sealed = sealing.the_seal(period)
    name = f"niem-phong-{period.key}-{sealed.number}"
    files = len(sealing.manifest_of(sealed.manifest).get("files", {}))
    return report_response(sealing.bundle(sealed), name, "zip", "application/zip", files)


def _close(job: Job, by: Actor, period: str) -> dict[str, Any]:
    report = close(by, Period.parse(period), progress=job.update)
    assert report.run is not None
    return {"run": report.run.id, "violations": 0}


def _seal(job: Job, by: Actor, period: str, asked_at: datetime) -> dict[str, Any]:
    fresh = sealing.registered() is None
    sealed = sealing.seal(by, Period.parse(period), asked_at, job.step)
    return {"seal": sealed.id, "fresh": fresh}


def sealing_of(period: Period) -> JobStatus | None:
    """The last sealing of the period that a page started."""
    return jobs.latest(SEALING, period.key)


def _under_way(period: Period) -> Conflict:
    job = sealing_of(period)
    return Conflict(
        "%(period)s đang được %(who)s niêm phong: hãy đợi việc này xong.",
        period=period.label("vi"),
        who=job.who if job else "",
    )


def _month_page(period: Period, form: MonthForm) -> str:
    line = queries.month(period)
    unsealed = _hindrance(sealing.refuse_to_seal, period) if line.closing and not line.sealed else None
    job = sealing_of(period) if line.closing and not line.sealed else None
    if job is not None and line.closing is not None and job.asked_at and job.asked_at < line.closing.closed_at:
        job = None  # of the closing before
    waits = sealing.undecided(period) if unsealed else []
    by_unit = [
        (unit, Counter(each.state for each in found)) for unit, found in groupby(waits, key=lambda each: each.unit)
    ]
    return render_template(
        "compliance/months/month.html",
        line=line,
        period=period,
        form=form,
        hindrance=_hindrance(refuse_to_close, period) if can(Capability.CLOSE_MONTHS) else None,
        seals=sealing.seals_of(period),
        unsealed=unsealed,
        job=job,
        undecided=by_unit if can(Capability.CLOSE_MONTHS) else [],
        fingerprint=fingerprint,
        lines_of=lambda sealed: sealing.lines_of(sealing.manifest_of(sealed.manifest)),
        has_report=lambda sealed: sealing.holds(sealed, sealing.REPORT),
    )


def _hindrance(refuse: Callable[[Period], object], period: Period) -> DomainError | None:
    """Why it cannot be done now."""
    try:
        refuse(period)
    except DomainError as error:
        return error
    return None
