"""Months: how far each is; closing, sealing, proving and opening one again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from itertools import groupby
from typing import Any

from flask import Response, flash, json, redirect, render_template, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as Answer

from app.compliance.forms import MonthForm, ReopenForm
from app.compliance.months import proving, queries, sealing
from app.compliance.months.closing import close, refuse_to_close
from app.compliance.views import bp
from app.core.errors import DomainError, NotFound
from app.core.periods import Period
from app.core.seals import fingerprint
from app.organisation.access import Actor, actor, allowed, can, person
from app.organisation.exports import trace_export
from app.organisation.permissions import Capability
from app.web import jobs
from app.web.formats import sentence
from app.web.forms import errors_shown_on
from app.web.jobs import Job

Page = str | Answer | tuple[str, int]


@bp.get("/kiem-tra/thang")
@allowed(Capability.READ_RESULTS)
def months() -> str:
    """How far each month is: judged, closed, answered, sealed."""
    return render_template("compliance/months/months.html", months=queries.months())


@bp.get("/kiem-tra/thang/<key>")
@allowed(Capability.READ_RESULTS)
def month(key: str) -> Page:
    """One month, and what is to be done next."""
    return _month_page(_period(key), MonthForm(formdata=None))


@bp.post("/kiem-tra/thang/<key>/chot")
@allowed(Capability.CLOSE_MONTHS)
def close_month(key: str) -> Page:
    """Start the official run, once it is certain that the month can be closed."""
    period, form = _period(key), MonthForm()
    if form.validate_on_submit():
        with errors_shown_on(form):
            refuse_to_close(period)
            job = jobs.start("check", _close, actor(), period.key, owner=person().id)
            return redirect(url_for(".run_progress", job_id=job))
    return _month_page(period, form), 422


@bp.post("/kiem-tra/thang/<key>/niem-phong")
@allowed(Capability.SEAL_MONTHS)
def seal_month(key: str) -> Page:
    """Seal it."""
    period, form = _period(key), MonthForm()
    if form.validate_on_submit():
        with errors_shown_on(form):
            fresh = sealing.registered() is None
            sealed = sealing.seal(actor(), period)
            flash(_("Đã niêm phong. Vân tay khóa: %(key)s", key=fingerprint(sealed.public_key)), "success")
            if fresh:
                flash(
                    _("Khóa niêm phong vừa được tạo trên máy chủ: quản trị hãy cất một bản sao ở nơi khác."), "warning"
                )
            return redirect(url_for(".month", key=period.key))
    return _month_page(period, form), 422


@bp.route("/kiem-tra/thang/<key>/mo-lai", methods=["GET", "POST"])
@allowed(Capability.SEAL_MONTHS)
def reopen_month(key: str) -> Page:
    """Open it again, saying why."""
    period, form = _period(key), ReopenForm()
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
    period = _period(key)
    latest = sealing.the_seal(period)
    return render_template(
        "compliance/months/proof.html",
        period=period,
        proven=[(sealed, proving.problems(sealed)) for sealed in sealing.seals_of(period)],
        drift=proving.drift(latest),
        fingerprint=fingerprint,
    )


@bp.get("/kiem-tra/thang/<key>/goi.zip")
@allowed(Capability.CLOSE_MONTHS)
def month_bundle(key: str) -> Response:
    """The sealed month as a bundle that verifies by itself."""
    period = _period(key)
    sealed = sealing.the_seal(period)
    name = f"niem-phong-{period.key}-{sealed.number}"
    trace_export(actor(), name, len(json.loads(sealed.manifest)["files"]), "zip")
    response = Response(sealing.bundle(sealed), mimetype="application/zip")
    response.headers.set("Content-Disposition", "attachment", filename=f"{name}.zip")
    return response


def _close(job: Job, by: Actor, period: str) -> dict[str, Any]:
    report = close(by, Period.parse(period), progress=job.update)
    assert report.run is not None
    return {"run": report.run.id, "violations": 0}


def _period(key: str) -> Period:
    try:
        return Period.parse(key)
    except DomainError as error:
        raise NotFound(error.message, field="period", **error.params) from error


def _month_page(period: Period, form: MonthForm) -> str:
    line = queries.month(period)
    unsealed = _hindrance(sealing.refuse_to_seal, period) if line.closing and not line.sealed else None
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
        undecided=by_unit if can(Capability.CLOSE_MONTHS) else [],
        fingerprint=fingerprint,
        has_report=lambda sealed: sealing.holds(sealed, sealing.REPORT),
    )


def _hindrance(refuse: Callable[[Period], object], period: Period) -> DomainError | None:
    """Why it cannot be done now."""
    try:
        refuse(period)
    except DomainError as error:
        return error
    return None
