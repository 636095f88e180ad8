"""Pages of the catalogue: everybody signed in reads it; inspectors and administrators keep it."""

from __future__ import annotations

from flask import Blueprint, Response, flash, redirect, render_template, url_for
from flask_babel import gettext as _
from htmx_flask import request
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response as Answer

from app.organisation.access import actor, allowed, current_scope, signed_in, whole_site
from app.organisation.calendars import today
from app.organisation.exports import XLSX, csv_response, file_response, write_template
from app.organisation.forms import WorkbookForm
from app.organisation.models import Unit
from app.organisation.permissions import Capability
from app.organisation.queries import units as existing_units
from app.procedures import queries, service
from app.procedures.catalogue_file import HEADINGS, cells
from app.procedures.catalogue_workbook import catalogue_sheets, preview_catalogue, take_catalogue
from app.procedures.contents import contents_of
from app.procedures.forms import (
    ProcedureFilterForm,
    ProcedureForm,
    ProcedureWithdrawForm,
    ReinstateForm,
    WordingForm,
    kind_of,
    rearranged,
    values_of,
)
from app.procedures.labels import (
    NAMES,
    document_asked,
    mismatch,
    mismatch_of,
    percent_off,
    show_value,
    time_allowed,
    time_used,
)
from app.procedures.models import ProcedureVersion
from app.procedures.queries import ProcedureSort, ProcedureView, VersionView
from app.web.formats import counted, show_date
from app.web.forms import errors_shown_on, number_in, whole_number
from app.web.keyset import page_number

Page = str | Answer | tuple[str, int]

bp = Blueprint("procedures", __name__)
bp.add_app_template_filter(time_allowed)
bp.add_app_template_filter(time_used)
bp.add_app_template_filter(document_asked)
bp.add_app_template_filter(percent_off)


@bp.context_processor
def _for_templates() -> dict[str, object]:
    return {
        "names": NAMES,
        "mismatch": mismatch,
        "mismatch_of": mismatch_of,
        "today": today(),
    }


@bp.get("/thu-tuc", endpoint="list")
@signed_in
def list_procedures() -> str:
    """The catalogue, searched, filtered and sorted."""
    form, sort, descending = _filters(), *_sort()
    filters = form.filters(today())
    page = queries.catalogue_page(current_scope(), filters, sort, descending, page_number(request.args))
    return render_template(
        "procedures/list.html", form=form, filters=filters, page=page, sort=("-" if descending else "") + sort
    )


@bp.get("/thu-tuc.csv", endpoint="export")
@signed_in
def export() -> Response:
    """The list as filtered and sorted on the page, whole."""
    rows = queries.catalogue(current_scope(), _filters().filters(today()), *_sort())
    parts = queries.parts_of([row.version_id for row in rows])
    lines = (cells(row, parts[row.version_id]) for row in rows)
    return csv_response("thu-tuc", list(HEADINGS.values()), lines, _("Danh mục thủ tục hành chính"))


@bp.get("/thu-tuc/<int:procedure_id>")
@signed_in
def detail(procedure_id: int) -> str:
    """One procedure: the version in force (or the one asked for), and how it came to it."""
    view = queries.procedure_view(current_scope(), procedure_id)
    number = request.args.get("version", type=whole_number)
    shown = view.numbered(number) if number is not None else view.on(today())
    return render_template("procedures/detail.html", view=view, shown=shown, changes=_changes(view, shown))


@bp.route("/thu-tuc/them", methods=["GET", "POST"])
@allowed(Capability.KEEP_CATALOGUE)
def add() -> Page:
    form = ProcedureForm.of(_units(), _typed(), stages=[{}, {}])
    if not _rearranging() and form.validate_on_submit():
        with form.showing():
            procedure = service.add_procedure(
                actor(),
                code=form.code.data or "",
                contents=form.contents(),
                in_force_from=form.in_force_from.data,
                in_force_to=form.in_force_to.data,
                internal=form.internal.data,
            )
            return _saved(_("Đã thêm thủ tục %(code)s.", code=procedure.code), procedure.versions[-1])
    return _form_page(form, title=_("Thêm thủ tục"), back=url_for(".list"))


@bp.route("/thu-tuc/<int:procedure_id>/phien-ban-moi", methods=["GET", "POST"])
@allowed(Capability.KEEP_CATALOGUE)
def new_version(procedure_id: int) -> Page:
    """Say from when a procedure says something else."""
    view = queries.procedure_view(current_scope(), procedure_id)
    latest = view.latest.version
    values = values_of(contents_of(latest))
    if not latest.details_known:
        values["note"] = ""  # an import's: that nobody has looked at it is no longer so
    form = ProcedureForm.of(_units(latest), _typed(), **values, after=latest.number)
    del form.code, form.internal
    if not _rearranging() and form.validate_on_submit():
        with form.showing():
            version = service.add_version(
                actor(),
                procedure_id,
                contents=form.contents(),
                in_force_from=form.in_force_from.data,
                in_force_to=form.in_force_to.data,
                after=number_in(form.after.data),
            )
            text = _("Phiên bản %(n)s có hiệu lực từ %(day)s.", n=version.number, day=show_date(version.in_force_from))
            return _saved(text, version)
    title = _("Phiên bản mới của %(code)s", code=view.procedure.code)
    return _form_page(form, title=title, back=url_for(".detail", procedure_id=procedure_id), former=latest)


@bp.route("/thu-tuc/<int:procedure_id>/phien-ban/<int:number>/sua", methods=["GET", "POST"])
@allowed(Capability.KEEP_CATALOGUE)
def amend(procedure_id: int, number: int) -> Page:
    """Put a version right: all of it while no case uses it, afterwards only its wording."""
    view = queries.procedure_view(current_scope(), procedure_id)
    shown = view.numbered(number)
    return _correct_wording(view, shown) if shown.used else _amend(view, shown)


@bp.route("/thu-tuc/<int:procedure_id>/het-hieu-luc", methods=["GET", "POST"])
@allowed(Capability.KEEP_CATALOGUE)
def withdraw(procedure_id: int) -> Page:
    """Say until when a procedure is in force."""
    view = queries.procedure_view(current_scope(), procedure_id)
    form = ProcedureWithdrawForm(data={"last_day": view.latest.version.in_force_to})
    if form.validate_on_submit():
        with errors_shown_on(form):
            version = service.withdraw(
                actor(), procedure_id, last_day=form.last_day.data, reason=form.reason.data or ""
            )
            day = show_date(version.in_force_to)
            return _saved(_("Thủ tục có hiệu lực đến hết ngày %(day)s.", day=day), version)
    return _ending_page(form, view, _("Bãi bỏ thủ tục %(code)s", code=view.procedure.code))


@bp.route("/thu-tuc/<int:procedure_id>/khoi-phuc", methods=["GET", "POST"])
@allowed(Capability.KEEP_CATALOGUE)
def reinstate(procedure_id: int) -> Page:
    view = queries.procedure_view(current_scope(), procedure_id)
    form = ReinstateForm()
    if form.validate_on_submit():
        with errors_shown_on(form):
            version = service.reinstate(actor(), procedure_id, reason=form.reason.data or "")
            return _saved(_("Đã khôi phục hiệu lực của thủ tục."), version)
    return _ending_page(form, view, _("Khôi phục thủ tục %(code)s", code=view.procedure.code))


def _amend(view: ProcedureView, shown: VersionView) -> Page:
    version = shown.version
    period = {"in_force_from": version.in_force_from, "in_force_to": version.in_force_to}
    form = ProcedureForm.of(_units(version), _typed(), **values_of(contents_of(version)), **period)
    del form.code, form.internal
    if not _rearranging() and form.validate_on_submit():
        with form.showing():
            service.amend_version(
                actor(),
                version.id,
                contents=form.contents(),
                in_force_from=form.in_force_from.data,
                in_force_to=form.in_force_to.data,
            )
            return _saved(_("Đã sửa phiên bản %(n)s.", n=version.number), version)
    title = _("Sửa phiên bản %(n)s của %(code)s", n=version.number, code=view.procedure.code)
    return _form_page(form, title=title, back=_address(version))


def _correct_wording(view: ProcedureView, shown: VersionView) -> Page:
    version = shown.version
    form = WordingForm(data={"name": version.name, "note": version.note})
    if form.validate_on_submit():
        with errors_shown_on(form):
            service.correct_wording(actor(), version.id, name=form.name.data or "", note=form.note.data or "")
            return _saved(_("Đã sửa tên và ghi chú của phiên bản %(n)s.", n=version.number), version)
    page = render_template("procedures/wording.html", form=form, view=view, shown=shown)
    return page, 422 if form.errors else 200


def _form_page(form: ProcedureForm, title: str, back: str, former: ProcedureVersion | None = None) -> Page:
    """The form's page; for HTMX, when rows were added or moved, only its rows."""
    if _rearranging() and request.htmx:
        return render_template(f"procedures/_{kind_of(request.form['rows'])}.html", form=form)
    known = [name for name, _count in queries.fields_in_use(current_scope())]
    page = render_template("procedures/form.html", form=form, title=title, back=back, former=former, known_fields=known)
    return page, 422 if form.summary().errors else 200


def _ending_page(form: ProcedureWithdrawForm | ReinstateForm, view: ProcedureView, title: str) -> Page:
    return render_template("procedures/ending.html", form=form, view=view, title=title), 422 if form.errors else 200


def _saved(text: str, version: ProcedureVersion) -> Answer:
    """To the procedure's page, with the remark that its stages do not add up, if they do not."""
    flash(text, "success")
    if remark := mismatch_of(version):
        flash(remark, "warning")
    return redirect(_address(version))


def _address(version: ProcedureVersion) -> str:
    return url_for(".detail", procedure_id=version.procedure_id, version=version.number)


def _changes(view: ProcedureView, shown: VersionView) -> list[tuple[str, list[str], list[str]]]:
    """What a version changed: field, before, after, as people read it."""
    units = {unit.id: unit.name for unit in existing_units(whole_site())}
    return [
        (str(NAMES[c.name]), show_value(c.before, c.name, units), show_value(c.after, c.name, units))
        for c in shown.changes
    ]


def _units(version: ProcedureVersion | None = None) -> list[Unit]:
    """The units to choose from: those in being, and those the version names already."""
    units = list(existing_units(whole_site(), on=today()))
    named = {version.unit_id: version.unit} | {s.unit_id: s.unit for s in version.stages} if version else {}
    return units + [unit for unit_id, unit in named.items() if unit_id not in {u.id for u in units}]


def _rearranging() -> bool:
    return "rows" in request.form


def _typed() -> MultiDict[str, str] | None:
    """What was typed, with its rows as the pressed button wants them; None when nothing was sent."""
    if request.method != "POST":
        return None
    return rearranged(request.form, request.form["rows"]) if _rearranging() else request.form


def _filters() -> ProcedureFilterForm:
    scope = current_scope()
    fields = [name for name, _count in queries.fields_in_use(scope)]
    return ProcedureFilterForm.of(request.args, fields, queries.accountable_units(scope))


def _sort() -> tuple[ProcedureSort, bool]:
    asked = request.args.get("sort", "")
    name = asked.removeprefix("-")
    return (ProcedureSort(name), asked.startswith("-")) if name in set(ProcedureSort) else (ProcedureSort.CODE, False)


# Procedures from one workbook: its template, what a filled one would do, taking it.


@bp.route("/thu-tuc/nhap-tep", methods=["GET", "POST"])
@allowed(Capability.KEEP_CATALOGUE)
def import_file() -> Answer | tuple[str, int]:
    """A workbook of procedures, stages and charges: looked through, then taken."""
    form, found = WorkbookForm(), None
    if form.validate_on_submit() and (brought := form.brought()) is not None:
        with errors_shown_on(form):
            name, content = brought
            if form.confirmed:
                taken = take_catalogue(actor(), whole_site(), content, file_name=name)
                flash(counted("Đã thêm %(n)s thủ tục.", len(taken.procedures)), "success")
                return redirect(url_for(".list"))
            found = preview_catalogue(actor(), whole_site(), content)
    wrong = bool(form.errors or form.form_errors or (found and found.faults))
    return render_template("procedures/import_file.html", form=form, found=found), 422 if wrong else 200


@bp.get("/thu-tuc/mau.xlsx")
@allowed(Capability.KEEP_CATALOGUE)
def import_template() -> Response:
    told = (
        _("Trang “Thủ tục”: mỗi dòng một thủ tục. Thủ tục đã có trong danh mục thì giữ nguyên."),
        _("Thời hạn ghi số, như 5 hoặc 0,5; giải quyết trong ngày thì để trống thời hạn và chọn đơn vị thời gian."),
        _("Trang “Các bước”: mỗi dòng một bước, theo thứ tự xử lý; thời gian tính theo đơn vị thời gian của thủ tục."),
        _("Trang “Phí, lệ phí”: mỗi dòng một khoản. Thủ tục không có dòng nào ở đây là thủ tục không thu."),
        _("Thành phần hồ sơ: mỗi giấy tờ một dòng trong ô, ghi “tên | loại bản | số bản | bắt buộc hoặc nếu có”."),
    )
    return file_response(write_template(catalogue_sheets(), {}, told), "thu-tuc.xlsx", XLSX)
