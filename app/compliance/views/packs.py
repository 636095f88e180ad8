"""The packs and their texts: what is installed, what was uploaded, what is in force from when; bringing one in."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from flask import Response, flash, make_response, redirect, render_template, url_for
from flask_babel import gettext as _
from htmx_flask import request
from werkzeug.datastructures import FileStorage
from werkzeug.wrappers import Response as Answer

from app import jobs
from app.compliance import library, packs, queries, service, uploading
from app.compliance.explaining import language
from app.compliance.forms import AdoptForm, UploadForm
from app.compliance.models import PackText, UploadedPack
from app.compliance.pack import Pack
from app.compliance.problems import PackError, Problem
from app.compliance.service import Report
from app.compliance.uploading import MAX_UPLOAD
from app.compliance.views import bp
from app.compliance.views.rules import plan_of
from app.errors import DomainError
from app.formats import sentence
from app.forms import errors_shown_on
from app.jobs import Job, JobState
from app.organisation.access import Actor, actor, allowed, can, current_scope, person
from app.organisation.calendars import today
from app.organisation.permissions import Capability
from app.organisation.queries import units
from app.periods import Period, PeriodKind

Page = str | Answer | tuple[str, int]


@bp.get("/kiem-tra/bo-quy-tac", endpoint="packs")
@allowed(Capability.READ_RESULTS)
def pack_list() -> str:
    """Every pack: installed or uploaded, in force or not, and the site's decisions on it."""
    scope = current_scope()
    used, in_force = queries.used_texts(scope), {pack.hash for pack in packs.in_force(today())}
    uploads = queries.uploaded_packs(scope)
    return render_template(
        "compliance/packs.html",
        installed=[
            {
                "pack": pack,
                "in_force": pack.hash in in_force,
                "before": _other_texts(pack, used.get(pack.id, ()), uploads),
            }
            for pack in packs.folder_packs()
        ],
        uploads=[
            {"row": row, "pack": packs.uploaded_pack(row.hash), "in_force": row.hash in in_force} for row in uploads
        ],
        decisions=queries.pack_decisions(scope),
    )


def _other_texts(pack: Pack, used: Sequence[PackText], uploads: Sequence[UploadedPack]) -> list[PackText]:
    """The texts of an installed pack that runs have used and that the folder no longer has."""
    known = {pack.hash, *(row.hash for row in uploads)}
    return [text for text in used if text.hash not in known]


@bp.get("/kiem-tra/bo-quy-tac/tai-len")
@allowed(Capability.KEEP_RULES)
def upload_form() -> str:
    """Choose a pack to bring in."""
    return _upload_page(UploadForm())


@bp.post("/kiem-tra/bo-quy-tac/tai-len")
@allowed(Capability.KEEP_RULES)
def upload() -> Page:
    """Have it read, checked and tested, apart from the site's pages."""
    form = UploadForm()
    if form.validate_on_submit():
        with errors_shown_on(form):
            return _examination("upload_pack", _upload, _given(form.files.data or []))
    return _upload_page(form), 422


@bp.post("/kiem-tra/bo-quy-tac/<int:upload_id>/thu-lai")
@allowed(Capability.KEEP_RULES)
def test_again(upload_id: int) -> Page:
    """Have an uploaded pack's tests run again."""
    row = uploading.uploaded(upload_id)
    try:
        return _examination("test_pack", _test_again, row.id)
    except DomainError as error:
        return _uploaded_page(row, AdoptForm(), errors=[sentence(error)]), 422


MOST_WAITING = 4
"""Examinations that may wait or run in this process: each holds a thread."""
_waiting = threading.BoundedSemaphore(MOST_WAITING)


def _examination(name: str, work: Callable[..., Any], *args: Any) -> Answer:
    """Start one, and go to where it is watched. Raises DomainError when too many wait already."""
    if not _waiting.acquire(blocking=False):
        raise DomainError("Đang có %(n)s bộ quy tắc chờ kiểm tra. Hãy đợi ít phút rồi làm lại.", n=MOST_WAITING)
    try:
        job = jobs.start(name, work, actor(), *args, owner=person().id)
    except BaseException:
        _waiting.release()
        raise
    return redirect(url_for(".examination", job_id=job))


def _upload(job: Job, by: Actor, files: list[tuple[str, bytes]]) -> dict[str, Any]:
    """The work itself, in its own thread: what is wrong, or the number of the pack that was kept."""
    try:
        return {"upload": uploading.upload_pack(by, files, job.update).id, "new": True}
    except PackError as error:
        return {"problems": [problem.as_json() for problem in error.problems]}
    finally:
        _waiting.release()


def _test_again(job: Job, by: Actor, upload_id: int) -> dict[str, Any]:
    try:
        return {"upload": uploading.test_again(by, upload_id, job.update).id, "new": False}
    finally:
        _waiting.release()


@bp.get("/kiem-tra/bo-quy-tac/tai-len/<job_id>")
@allowed(Capability.KEEP_RULES)
def examination(job_id: str) -> Page | Response:
    """How far an examination is; then on to the pack's page, or to everything that must be mended."""
    job = jobs.find(job_id, owner=person().id)
    if job.state is JobState.DONE and request.htmx:
        answer = make_response("")
        answer.headers["HX-Redirect"] = url_for(".examination", job_id=job_id)
        return answer
    if job.state is JobState.DONE and "problems" in job.result:
        return _upload_page(UploadForm(), [Problem.from_json(problem) for problem in job.result["problems"]])
    if job.state is JobState.DONE:
        if job.result["new"]:
            flash(_("Đã nhận bộ quy tắc. Chưa áp dụng; hãy xem, thử trên một tháng đã qua rồi áp dụng."), "success")
        return redirect(url_for(".uploaded", upload_id=job.result["upload"]))
    template = "compliance/_examination.html" if request.htmx else "compliance/examination.html"
    return render_template(template, job=job)


def _given(files: Sequence[FileStorage]) -> list[tuple[str, bytes]]:
    """Names and contents, no more read than may be uploaded in all."""
    found, left = [], MAX_UPLOAD + 1
    for file in files:
        if file and file.filename:
            content = file.stream.read(left)
            left -= len(content)
            found.append((file.filename, content))
    return found


def _upload_page(form: UploadForm, problems: Sequence[Any] = ()) -> str:
    return render_template("compliance/pack_upload.html", form=form, problems=problems, most=MAX_UPLOAD // 1_000_000)


@bp.get("/kiem-tra/bo-quy-tac/<int:upload_id>")
@allowed(Capability.READ_RESULTS)
def uploaded(upload_id: int) -> Page:
    """An uploaded pack: its rules and figures, its tests; with `?period=` what it would say of a period."""
    row = uploading.uploaded(upload_id)
    report, errors = None, []
    if request.args.get("period") and can(Capability.KEEP_RULES):
        try:
            report = service.dry_run(Period.parse(request.args["period"]), [packs.uploaded_pack(row.hash)])
        except DomainError as error:
            errors.append(sentence(error))
    page = _uploaded_page(row, AdoptForm(), report, errors)
    return (page, 422) if errors else page


@bp.post("/kiem-tra/bo-quy-tac/<int:upload_id>/ap-dung")
@allowed(Capability.KEEP_RULES)
def put_in_force(upload_id: int) -> Page:
    """Judge by it from a day on."""
    row, form = uploading.uploaded(upload_id), AdoptForm()
    if form.validate_on_submit():
        with errors_shown_on(form):
            uploading.put_in_force(actor(), upload_id, form.valid_from.data, form.valid_to.data, form.reason.data or "")
            flash(_("Bộ quy tắc được áp dụng từ ngày đã chọn."), "success")
            return redirect(url_for(".packs"))
    return _uploaded_page(row, form), 422


def _uploaded_page(row: UploadedPack, form: AdoptForm, report: Report | None = None, errors: Sequence[str] = ()) -> str:
    pack = packs.uploaded_pack(row.hash)
    month = Period.of(PeriodKind.MONTH, today()).previous()
    in_force = any(other.hash == row.hash for other in packs.in_force(today()))
    return render_template(
        "compliance/pack_uploaded.html",
        row=row,
        plan=plan_of(pack, in_force),
        examined=uploading.outcome_of(row),
        form=form,
        report=report,
        tally=Counter(result.status for result in report.judgement.results) if report else None,
        errors=errors,
        asked=request.args.get("period") or month.label(language()),
        places={unit.code: unit for unit in units(current_scope())},
        documents=library.documents(),
    )
