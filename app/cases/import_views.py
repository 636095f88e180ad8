"""Pages of imports: choose a file, see what would come of it, confirm, read the report."""

from __future__ import annotations

from typing import cast

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from htmx_flask import HtmxAwareRequest
from werkzeug.wrappers import Response as Answer

from app import jobs
from app.cases.importing import queries, work
from app.cases.importing.forms import ImportForm
from app.cases.importing.report import error_table
from app.cases.importing.service import may_import
from app.cases.models import ImportState
from app.errors import Conflict, NotAllowed
from app.exports import csv_response
from app.formats import sentence
from app.organisation.access import Scope, actor, allowed, current_scope, person
from app.organisation.models import Role

SHOWN = 100  # refused rows on the page; all of them are in the file

bp = Blueprint("imports", __name__, url_prefix="/ho-so/nhap")


def _scope() -> Scope:
    """The scope of who may import: those who see every unit."""
    scope = current_scope()
    if not may_import(scope):
        raise NotAllowed("Chỉ bộ phận một cửa và quản trị viên được nhập hồ sơ từ tệp.")
    return scope


@bp.get("", endpoint="list")
@allowed(Role.DESK, Role.ADMIN)
def list_imports() -> str:
    """What was imported or previewed lately."""
    records = queries.recent_imports(_scope())
    return render_template("cases/imports/list.html", records=records, names=queries.names_of(records))


@bp.route("/moi", methods=["GET", "POST"])
@allowed(Role.DESK, Role.ADMIN)
def new() -> Answer | str | tuple[str, int]:
    """Upload a file; its preview starts at once."""
    _scope()
    form = ImportForm.with_mappings()
    if form.validate_on_submit():
        sha256 = work.keep_upload(form.file.data.stream)
        name = (form.file.data.filename or "").replace("\\", "/").rsplit("/", 1)[-1] or "tep"
        job_id = work.start_preview(actor(), sha256, name, form.mapping.data)
        return redirect(url_for(".job", job_id=job_id))
    page = render_template("cases/imports/new.html", form=form)
    return (page, 422) if form.is_submitted() else page


@bp.get("/viec/<job_id>")
@allowed(Role.DESK, Role.ADMIN)
def job(job_id: str) -> Answer | str:
    """How far a preview or an import has come; leads to the report when it is done."""
    _scope()
    asked_by_htmx = cast(HtmxAwareRequest, request).htmx
    status = jobs.find(job_id, owner=person().id)
    if status.state is not jobs.JobState.DONE:
        template = "cases/imports/_job.html" if asked_by_htmx else "cases/imports/job.html"
        return render_template(template, job=status)
    target = url_for(".show", import_id=status.result)
    if asked_by_htmx:
        return Response(headers={"HX-Redirect": target})
    return redirect(target)


@bp.get("/<int:import_id>")
@allowed(Role.DESK, Role.ADMIN)
def show(import_id: int) -> str:
    """What would come of a file, or what came of it."""
    record = queries.one_import(_scope(), import_id)
    return render_template(
        "cases/imports/show.html",
        record=record,
        refusals=list(queries.refusals(record, SHOWN)),
        waiting=record.state is ImportState.PREVIEWED,
        names=queries.names_of([record]),
    )


@bp.post("/<int:import_id>/xac-nhan")
@allowed(Role.DESK, Role.ADMIN)
def confirm(import_id: int) -> Answer:
    """Carry out what was previewed."""
    _scope()
    try:
        return redirect(url_for(".job", job_id=work.start_import(actor(), import_id)))
    except Conflict as error:
        flash(sentence(error), "warning")
        return redirect(url_for(".show", import_id=import_id))


@bp.get("/<int:import_id>/dong-bi-tu-choi.csv")
@allowed(Role.DESK, Role.ADMIN)
def refused_rows(import_id: int) -> Response:
    """Every refused row with its reason, as a file to put right and import again."""
    record = queries.one_import(_scope(), import_id)
    lines = error_table(queries.refusals(record))
    header = [str(cell) for cell in next(lines)]
    return csv_response(f"{_('dong-bi-tu-choi')}-{record.id}", header, lines)
