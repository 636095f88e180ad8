"""The packs and their texts: seeds, what was brought in, what is in force from when; bringing one in, adopting it."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

from flask import Response, flash, make_response, redirect, render_template, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from htmx_flask import request
from werkzeug.datastructures import FileStorage
from werkzeug.wrappers import Response as Answer

from app.compliance import queries
from app.compliance.adoption import repository, uploading
from app.compliance.adoption.repository import Seeds
from app.compliance.adoption.uploading import MAX_UPLOAD
from app.compliance.explaining import days_to_answer, requirement
from app.compliance.forms import AdoptForm, UploadForm
from app.compliance.models import PackAdoption, PackText, UploadedPack
from app.compliance.runs import service
from app.compliance.runs.service import CheckReport
from app.compliance.views import bp
from app.compliance.wording import explain, parameter_in_words
from app.core import facts
from app.core.errors import DomainError, N_n, Problem
from app.core.periods import Period, PeriodKind
from app.organisation.access import Actor, actor, allowed, can, current_scope, person
from app.organisation.calendars import last_month, today
from app.organisation.permissions import Capability
from app.organisation.queries import units
from app.rulepacks.language import Rule
from app.rulepacks.pack import Pack
from app.rulepacks.words import PackError
from app.web import jobs
from app.web.formats import language, sentence
from app.web.forms import errors_shown_on
from app.web.jobs import Job, JobState

PERIODS = {
    PeriodKind.MONTH: _l("tháng"),
    PeriodKind.QUARTER: _l("quý"),
    PeriodKind.HALF: _l("6 tháng"),
    PeriodKind.YEAR: _l("năm"),
}


@bp.get("/kiem-tra/quy-tac")
@allowed(Capability.READ_RESULTS)
def rules() -> str:
    """Every plan: its document, whether the site is judged by it today, its rules and dated figures."""
    decisions, folder, in_force = (
        repository.decisions(),
        repository.seeds(),
        {pack.id for pack in repository.in_force(today())},
    )
    known = repository.known_packs(folder)
    plans = [plan_of(pack, decisions.get(pack.id, ()), folder, pack.id in in_force) for pack in known]
    return render_template(
        "compliance/rules.html",
        plans=plans,
        documents=repository.documents(),
        problems=folder.problems,
    )


@bp.get("/kiem-tra/quy-tac/<pack>/<rule>")
@allowed(Capability.READ_RESULTS)
def rule(pack: str, rule: str) -> str:
    """One rule, line by line."""
    plan = repository.pack(pack)
    written = plan.rule(rule)
    day = _day_of(plan)
    lines = explain(written, plan.parameters.at(day), facts.catalogue(), language())
    return render_template(
        "compliance/rule.html",
        plan=plan,
        rule=written,
        lines=lines[2:],  # its name and its legal basis stand apart on the page
        parameters=[line for line in _parameters(plan) if line["name"] in written.names],
        documents=repository.documents(),
        periods=[PERIODS[kind] for kind in written.judge.every],
        others=[
            {"pack": other, "rule": like, "target": requirement(like, other, _day_of(other))}
            for other, like in repository.alike(written, repository.present())
        ],
    )


def plan_of(pack: Pack, decisions: Sequence[PackAdoption], folder: Seeds, in_force: bool) -> dict[str, Any]:
    """What the page shows of a plan: its rules in words, its dated figures, the site's decisions on it."""
    day = _day_of(pack)
    return {
        "pack": pack,
        "in_force": in_force,
        "state": repository.state_of(pack.id, decisions, folder),
        "adoptions": list(reversed(decisions)),
        "rules": [_line(rule, pack, day) for rule in pack.rules],
        "parameters": _parameters(pack),
    }


def _line(rule: Rule, pack: Pack, day: date) -> dict[str, Any]:
    return {"rule": rule, "target": requirement(rule, pack, day), "days": days_to_answer(rule, pack, day)}


def _parameters(pack: Pack) -> list[dict[str, Any]]:
    """Every dated figure of the plan: name, title, and each value with its day and the words it comes from."""
    return [
        {
            "name": name,
            "title": parameter.title,
            "values": [
                {
                    "since": since,
                    "shown": _shown(pack, name, since),
                    "source": dated.source,
                    "note": dated.note,
                }
                for since, dated in sorted(parameter.values.items(), reverse=True)
            ],
        }
        for name, parameter in pack.parameters.items()
    ]


def _shown(pack: Pack, name: str, since: date) -> str:
    """What the parameter was on the day the value began; a dash where another parameter has none then."""
    value = pack.parameters.on(name, since)
    return parameter_in_words(value, language()) if value else "–"


def _day_of(pack: Pack) -> date:
    """The day whose figures are shown: today, or the plan's nearest day in force."""
    span, day = pack.info.in_force, today()
    if span.until is not None and day > span.until:
        return span.until
    return max(day, span.start) if span.start else day


Page = str | Answer | tuple[str, int]


@bp.get("/kiem-tra/bo-quy-tac", endpoint="packs")
@allowed(Capability.READ_RESULTS)
def pack_list() -> str:
    """Every pack: seeds and texts brought in, in force or not, and the site's decisions on them."""
    scope = current_scope()
    used, in_force = queries.used_texts(scope), {pack.hash for pack in repository.in_force(today())}
    folder, rows, decisions = repository.seeds(), queries.uploaded_packs(scope), repository.decisions()
    return render_template(
        "compliance/packs.html",
        seeds=[
            {
                "pack": pack,
                "state": repository.state_of(pack.id, decisions.get(pack.id, ()), folder),
                "in_force": pack.hash in in_force,
                "before": _other_texts(pack, used.get(pack.id, ()), rows),
            }
            for pack in folder.packs
        ],
        problems=folder.problems,
        kept=[{"row": row, "pack": repository.text(row.hash), "in_force": row.hash in in_force} for row in rows],
        decisions=decisions,
    )


def _other_texts(pack: Pack, used: Sequence[PackText], kept: Sequence[UploadedPack]) -> list[PackText]:
    """The texts of a seed that runs have used and that neither the folder nor the list below has."""
    known = {pack.hash, *(row.hash for row in kept)}
    return [text for text in used if text.hash not in known]


@bp.get("/kiem-tra/bo-quy-tac/tai-len")
@allowed(Capability.KEEP_RULES)
def upload_form() -> str:
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
    """Have a kept text's tests run again."""
    row = uploading.uploaded(upload_id)
    try:
        return _examination("test_pack", _test_again, row.id)
    except DomainError as error:
        return _pack_page(repository.text(row.hash), row, errors=[sentence(error)]), 422


@bp.post("/kiem-tra/bo-quy-tac/cai-san/<pack_id>/thu")
@allowed(Capability.KEEP_RULES)
def test_seed(pack_id: str) -> Page:
    """Have a seed's tests run, after which it can be adopted."""
    seed = repository.seeds().of(pack_id)
    try:
        return _examination("bring_in_pack", _bring_in, dict(seed.texts))
    except DomainError as error:
        return _pack_page(seed, uploading.kept_text(seed.hash), errors=[sentence(error)]), 422


MOST_WAITING = 4
"""Examinations that may wait or run in this process: each holds a thread."""
_waiting = threading.BoundedSemaphore(MOST_WAITING)


def _examination(name: str, work: Callable[..., Any], *args: Any) -> Answer:
    """Start one, and go to where it is watched. Raises DomainError when too many wait already."""
    if not _waiting.acquire(blocking=False):
        raise DomainError(N_n("Đang có %(n)s bộ quy tắc chờ kiểm tra. Hãy đợi ít phút rồi làm lại."), n=MOST_WAITING)
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


def _bring_in(job: Job, by: Actor, texts: dict[str, str]) -> dict[str, Any]:
    try:
        return {"upload": uploading.bring_in(by, texts, job.update).id, "new": False}
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


@bp.get("/kiem-tra/bo-quy-tac/cai-san/<pack_id>")
@allowed(Capability.READ_RESULTS)
def seed(pack_id: str) -> Page:
    """A pack of the rules folder as it is there now."""
    found = repository.seeds().of(pack_id)
    return _tried(found, uploading.kept_text(found.hash))


@bp.get("/kiem-tra/bo-quy-tac/<int:upload_id>")
@allowed(Capability.READ_RESULTS)
def uploaded(upload_id: int) -> Page:
    """A text that was brought in: its rules and figures, what came of its tests."""
    row = uploading.uploaded(upload_id)
    return _tried(repository.text(row.hash), row)


def _tried(pack: Pack, row: UploadedPack | None) -> Page:
    """The page of a pack; with `?period=` what it would say of a period."""
    if not request.args.get("period") or not can(Capability.KEEP_RULES):
        return _pack_page(pack, row)
    try:
        return _pack_page(pack, row, report=service.dry_run(Period.parse(request.args["period"]), [pack]))
    except DomainError as error:
        return _pack_page(pack, row, errors=[sentence(error)]), 422


@bp.post("/kiem-tra/bo-quy-tac/<int:upload_id>/ap-dung")
@allowed(Capability.KEEP_RULES)
def put_in_force(upload_id: int) -> Page:
    """Judge by it from a day on."""
    row, form = uploading.uploaded(upload_id), AdoptForm()
    if form.validate_on_submit():
        with errors_shown_on(form):
            days, reason = (form.valid_from.data, form.valid_to.data), form.reason.data or ""
            uploading.put_in_force(actor(), upload_id, *days, reason, another_year=form.another_year.data)
            flash(_("Bộ quy tắc được áp dụng từ ngày đã chọn."), "success")
            return redirect(url_for(".packs"))
    return _pack_page(repository.text(row.hash), row, form), 422


def _pack_page(
    pack: Pack,
    row: UploadedPack | None,
    form: AdoptForm | None = None,
    report: CheckReport | None = None,
    errors: Sequence[str] = (),
) -> str:
    """`row` is None for a seed whose text was not brought in."""
    month = last_month()
    decisions = repository.decisions().get(pack.id, [])
    in_force = repository.decision_on(today(), decisions)
    return render_template(
        "compliance/pack.html",
        row=row,
        plan=plan_of(pack, decisions, repository.seeds(), in_force is not None and in_force.hash == pack.hash),
        examined=uploading.outcome_of(row) if row else None,
        form=form or AdoptForm.of(pack.info.in_force.start),
        report=report,
        tally=Counter(result.status for result in report.judgement.results) if report else None,
        errors=errors,
        asked=request.args.get("period") or month.label(language()),
        places={unit.code: unit for unit in units(current_scope())},
        documents=repository.documents(),
        another_year=repository.of_another_year([(pack, report.period)]) if report else [],
    )
