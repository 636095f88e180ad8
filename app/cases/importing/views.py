"""Pages of imports: choose a file, see what would come of it, confirm, look at it later, undo it."""

from __future__ import annotations

from typing import cast

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from htmx_flask import HtmxAwareRequest
from werkzeug.wrappers import Response as Answer

from app.cases.importing import names, queries, tasks
from app.cases.importing.formats import opened
from app.cases.importing.forms import (
    ImportForm,
    NameForm,
    answers_to,
    column_answers,
    mapping_in_words,
    mapping_offered,
    questions,
)
from app.cases.importing.mapping import find_mapping
from app.cases.importing.models import ImportNameKind, ImportState
from app.cases.importing.names import FIELDS, columns_of_file
from app.cases.importing.preview import preview_of
from app.cases.importing.report import error_table
from app.cases.importing.service import mappings_folder, may_import
from app.cases.importing.undo import LISTED, recorded_case_by_case, touched_cases
from app.core.errors import Conflict, DomainError, NotAllowed
from app.organisation.access import Scope, actor, allowed, current_scope, person
from app.organisation.exports import csv_response
from app.organisation.permissions import Capability
from app.web import jobs
from app.web.formats import sentence
from app.web.forms import errors_shown_on, whole_number

SHOWN = 50  # refused rows on the page; all of them are in the file

bp = Blueprint("imports", __name__, url_prefix="/ho-so/nhap")
bp.add_app_template_filter(mapping_in_words)


def _scope() -> Scope:
    """The scope of who may import: those who see every unit."""
    scope = current_scope()
    if not may_import(scope):
        raise NotAllowed("Chỉ bộ phận một cửa và quản trị viên được nhập hồ sơ từ tệp.")
    return scope


@bp.get("", endpoint="list")
@allowed(Capability.IMPORT_CASES)
def list_imports() -> str:
    """What was imported or previewed lately."""
    records = queries.recent_imports(_scope())
    return render_template("cases/importing/list.html", records=records, names=queries.names_of(records))


@bp.route("/moi", methods=["GET", "POST"])
@allowed(Capability.IMPORT_CASES)
def new() -> Answer | str | tuple[str, int]:
    """Upload a file; its preview starts at once."""
    _scope()
    form = ImportForm.with_mappings()
    if form.validate_on_submit():
        sha256 = tasks.keep_upload(form.file.data.stream)
        name = (form.file.data.filename or "").replace("\\", "/").rsplit("/", 1)[-1] or "tep"
        job_id = tasks.start_preview(actor(), sha256, name, form.mapping.data)
        return redirect(url_for(".job", job_id=job_id))
    page = render_template("cases/importing/new.html", form=form)
    return (page, 422) if form.is_submitted() else page


@bp.get("/viec/<job_id>")
@allowed(Capability.IMPORT_CASES)
def job(job_id: str) -> Answer | str:
    """How far a preview, an import or an undoing has come; leads to the report when it is done."""
    _scope()
    asked_by_htmx = cast(HtmxAwareRequest, request).htmx
    status = jobs.find(job_id, owner=person().id)
    if status.state is not jobs.JobState.DONE:
        template = "cases/importing/_job.html" if asked_by_htmx else "cases/importing/job.html"
        return render_template(template, job=status)
    found = status.result
    target = url_for(".columns", **found) if isinstance(found, dict) else url_for(".show", import_id=found)
    if asked_by_htmx:
        return Response(headers={"HX-Redirect": target})
    return redirect(target)


@bp.get("/<int:import_id>")
@allowed(Capability.IMPORT_CASES)
def show(import_id: int) -> str:
    """What would come of a file, or what came of it."""
    scope = _scope()
    record = queries.one_import(scope, import_id)
    contradictory = queries.contradictory_rows(record)
    common = {
        "record": record,
        "contradictions": list(queries.refusals(record, SHOWN, contradictory=True)),
        "refusals": list(queries.refusals(record, SHOWN, contradictory=False)),
        "contradictory": contradictory,
        "refused": record.refused_count - contradictory,
        "names": queries.names_of([record]),
    }
    if record.state is ImportState.PREVIEWED:
        foreseen = preview_of(import_id)
        asked = questions(scope, foreseen.asked)
        return render_template("cases/importing/preview.html", foreseen=foreseen, asked=asked, **common)
    cases = queries.done_cases(record, request.args.get("after", 0, type=whole_number), queries.RECENT + 1)
    return render_template(
        "cases/importing/show.html",
        cases=cases[: queries.RECENT],
        after=cases[queries.RECENT - 1].key if len(cases) > queries.RECENT else None,
        **common,
    )


@bp.post("/<int:import_id>/xac-nhan")
@allowed(Capability.IMPORT_CASES)
def confirm(import_id: int) -> Answer:
    """Carry out what was previewed."""
    _scope()
    try:
        job_id = tasks.start_import(actor(), import_id)
    except Conflict as error:
        flash(sentence(error), "warning")
        return redirect(url_for(".show", import_id=import_id))
    flash(_("Đã bắt đầu nhập; trang này cho biết khi xong."), "info")
    return redirect(url_for(".job", job_id=job_id))


@bp.post("/<int:import_id>/ten-goi")
@allowed(Capability.IMPORT_CASES)
def tell_names(import_id: int) -> Answer:
    """Remember what the unknown names of a preview stand for, and preview it again."""
    scope = _scope()
    record = queries.one_import(scope, import_id)
    page = url_for(".show", import_id=import_id)
    try:
        mapping = find_mapping(record.mapping, mappings_folder())
        answers = answers_to(scope, preview_of(import_id).asked, request.form)
        for asked, stands_for in answers:
            names.remember_name(scope, actor(), mapping, asked.of_kind, asked.name, stands_for)
        if answers:
            page = url_for(".job", job_id=tasks.preview_again(actor(), import_id))
        else:
            flash(_("Chưa chọn gì: các tên này vẫn bị từ chối."), "info")
    except DomainError as error:
        flash(sentence(error), "warning")
    return redirect(page)


@bp.route("/cot/<sha256>", methods=["GET", "POST"])
@allowed(Capability.IMPORT_CASES)
def columns(sha256: str) -> Answer | str:
    """Which column of an uploaded file is what; it is remembered, and the file previewed again. In the address: the
    file's name (`ten`), its mapping (`loai`), the preview that is waiting, if any (`lan`)."""
    scope, asked = _scope(), request.args
    name, waiting = asked.get("ten", "")[:255] or sha256[:12], asked.get("lan", type=whole_number)
    try:
        mapping = mapping_offered(asked.get("loai", ""))
        told = queries.as_told(scope.site, mapping)
        with opened(tasks.kept_upload(sha256, name).path, name) as source:
            found = columns_of_file(source, told, name)
        if request.method == "POST":
            answers = column_answers(found, mapping, request.form)
            for column, field in answers:
                names.remember_name(scope, actor(), mapping, ImportNameKind.COLUMN, column.heading, field)
            if not answers:
                flash(_("Chưa chọn cột nào."), "info")
                return redirect(request.full_path)
            if waiting is not None:
                return redirect(url_for(".job", job_id=tasks.preview_again(actor(), waiting)))
            return redirect(url_for(".job", job_id=tasks.start_preview(actor(), sha256, name, mapping.name)))
    except DomainError as error:
        flash(sentence(error), "warning")
        return redirect(url_for(".new"))
    given = {each.gives for each in found}
    return render_template(
        "cases/importing/columns.html",
        name=name,
        columns=found,
        missing=[FIELDS[each] for each in told.needed if each not in given],
        fields={field: words for field, words in FIELDS.items() if field in mapping.fields},
        needed=told.needed,
        back=url_for(".show", import_id=waiting) if waiting is not None else url_for(".new"),
    )


@bp.post("/<int:import_id>/sua-chu")
@allowed(Capability.IMPORT_CASES)
def mend_letters(import_id: int) -> Answer:
    """Agree that names in old code pages are read as they were meant, and preview the file again."""
    return _agreed(import_id, mends=True)


@bp.post("/<int:import_id>/mo-lai")
@allowed(Capability.IMPORT_CASES)
def open_again(import_id: int) -> Answer:
    """Agree that the ended cases which the file says are in work were opened again, and preview the file again."""
    return _agreed(import_id, reopens=True)


def _agreed(import_id: int, *, mends: bool = False, reopens: bool = False) -> Answer:
    _scope()
    try:
        return redirect(url_for(".job", job_id=tasks.preview_again(actor(), import_id, mends=mends, reopens=reopens)))
    except DomainError as error:
        flash(sentence(error), "warning")
        return redirect(url_for(".show", import_id=import_id))


@bp.route("/<int:import_id>/hoan-tac", methods=["GET", "POST"])
@allowed(Capability.IMPORT_CASES)
def undo(import_id: int) -> Answer | str | tuple[str, int]:
    """Undo an import as a whole, or see which cases keep it from being undone."""
    scope = _scope()
    record = queries.one_import(scope, import_id)
    if record.state is not ImportState.DONE:
        return redirect(url_for(".show", import_id=import_id))
    touched = touched_cases(scope, import_id)
    possible = not touched and recorded_case_by_case(import_id)
    if request.method == "POST" and possible:
        job_id = tasks.start_undo(actor(), import_id)
        flash(_("Đã bắt đầu hoàn tác lần nhập; trang này cho biết khi xong."), "info")
        return redirect(url_for(".job", job_id=job_id))
    page = render_template(
        "cases/importing/undo.html", record=record, touched=touched, possible=possible, most=len(touched) == LISTED
    )
    return (page, 409) if request.method == "POST" else page


@bp.get("/<int:import_id>/dong-bi-tu-choi.csv")
@allowed(Capability.IMPORT_CASES)
def refused_rows(import_id: int) -> Response:
    """The refused rows with their reasons, as a file to put right and import again; `kind`: only some of them."""
    record = queries.one_import(_scope(), import_id)
    contradictory = {"mau-thuan": True, "tu-choi": False}.get(request.args.get("kind", ""))
    lines = error_table(queries.refusals(record, contradictory=contradictory))
    header = [str(cell) for cell in next(lines)]
    return csv_response(
        f"dong-bi-tu-choi-{record.id}", header, lines, _("Dòng bị từ chối: %(name)s", name=record.file_name)
    )


@bp.get("/ten-goi", endpoint="names")
@allowed(Capability.IMPORT_CASES)
def remembered() -> str:
    """What names in other software's files stand for."""
    told = names.told_names(_scope())
    return render_template(
        "cases/importing/names.html", told=told, names=queries.people_of(each.record.person_id for each in told)
    )


@bp.route("/ten-goi/<int:name_id>", methods=["GET", "POST"])
@allowed(Capability.IMPORT_CASES)
def change_name(name_id: int) -> Answer | str | tuple[str, int]:
    """Say that a name stands for something else."""
    scope = _scope()
    told = names.one_name(scope, name_id)
    known = names.choices(scope, told.kind)
    form = NameForm()
    if form.validate_on_submit():
        with errors_shown_on(form):
            mapping = find_mapping(told.mapping, mappings_folder())
            target = names.chosen(form.stands_for.data, known)
            names.remember_name(scope, actor(), mapping, told.kind, told.name, target.id)
            flash(_("Đã ghi nhớ."), "success")
            return redirect(url_for(".names"))
    near = names.nearest(told.name, known)
    page = render_template("cases/importing/name.html", form=form, told=told, known=known, near=near)
    return (page, 422) if form.is_submitted() else page


@bp.post("/ten-goi/<int:name_id>/quen")
@allowed(Capability.IMPORT_CASES)
def forget_name(name_id: int) -> Answer:
    """Ask about a name again."""
    names.forget_name(_scope(), actor(), name_id)
    flash(_("Đã bỏ ghi nhớ. Lần nhập sau sẽ hỏi lại tên này."), "success")
    return redirect(url_for(".names"))
