"""Publications: the list, one publication with its clocks, and each step of it.

Heads see and record their own units' work; the head of the Office, inspectors and administrators everybody's."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as Answer

from app.organisation.access import Scope, actor, allowed, can, current_scope, whole_site
from app.organisation.calendars import site_calendar, today
from app.organisation.exports import csv_response
from app.organisation.models import Unit
from app.organisation.permissions import Capability
from app.organisation.queries import units, units_to_choose
from app.organisation.registries import action_name, details_in_words
from app.publications import queries, service
from app.publications.clocks import AllowedClock, PublicationStep, Stage, StepClock, beside
from app.publications.forms import (
    CorrectForm,
    OpenForm,
    PublicationFilterForm,
    PublicationReasonForm,
    StepForm,
    read_codes,
)
from app.publications.models import PublicationTrack
from app.publications.queries import PublicationRow, PublicationSort, PublicationView
from app.web.formats import label, show_date
from app.web.forms import errors_shown_on
from app.web.keyset import page_number

bp = Blueprint("publications", __name__)


def scope() -> Scope:
    """What the person may see and record here: the Office puts together what all units do."""
    return whole_site() if can(Capability.OVERSEE_PUBLICATIONS) else current_scope()


# Publications: the list, one publication with its clocks, and each step of it.

Page = str | Answer | tuple[str, int]


@bp.app_template_filter("allowed_clock")
def allowed_clock(row: PublicationRow, clock: StepClock) -> list[AllowedClock]:
    """A clock beside what the plans in force on its publication's first day allow."""
    publication = row.publication
    return beside(publication.track, clock, publication.starts_on, site_calendar())


@bp.get("/cong-bo", endpoint="list")
@allowed(Capability.KEEP_PUBLICATIONS)
def list_publications() -> str:
    """Every publication in sight, filtered and sorted."""
    form, sort, descending = PublicationFilterForm.of(request.args, _units()), *_sort()
    page = queries.publication_page(
        scope(), form.filters(), today(), site_calendar(), sort, descending, page_number(request.args)
    )
    return render_template(
        "publications/list.html", form=form, page=page, sort=("-" if descending else "") + sort, Step=PublicationStep
    )


@bp.get("/cong-bo.csv", endpoint="export")
@allowed(Capability.KEEP_PUBLICATIONS)
def export() -> Response:
    """The list as filtered and sorted on the page, whole."""
    filters, (sort, descending) = PublicationFilterForm.of(request.args, _units()).filters(), _sort()
    rows = queries.publications(scope(), filters, today(), site_calendar(), sort, descending)
    header = [
        *(_("Mã"), _("Quyết định"), _("Loại việc"), _("Phòng chuyên môn"), _("Văn phòng"), _("Bắt đầu tính")),
        *(_("Ngày bàn giao cho Văn phòng"), _("Ngày trình hoặc hoàn thành"), _("Ngày công khai")),
        *(_("Phòng: ngày làm việc"), _("Phòng: ngày"), _("Văn phòng: ngày làm việc"), _("Văn phòng: ngày")),
        *(_("Tổng: ngày làm việc"), _("Tổng: ngày"), _("Tình trạng")),
    ]
    return csv_response("cong-bo", header, map(_publication_csv_row, rows), _("Công bố, công khai thủ tục"))


@bp.route("/cong-bo/ghi", methods=["GET", "POST"], endpoint="open")
@allowed(Capability.KEEP_PUBLICATIONS)
def open_publication() -> Page:
    """Record a decision that has to be published."""
    form = OpenForm.of(units_to_choose(scope(), today()), queries.offices(scope(), today()))
    if form.validate_on_submit():
        with errors_shown_on(form):
            values = form.values("track", "decision", "printed_on", "arrived_on", "division_id", "office_id", "note")
            made = service.open_publication(scope(), actor(), procedures=read_codes(form.procedures.data), **values)
            flash(_("Đã ghi %(code)s; thời hạn tính từ ngày %(day)s.", code=made.code, day=show_date(made.starts_on)))
            return redirect(url_for(".show", publication_id=made.id))
    page = render_template("publications/open.html", form=form, choices=queries.procedure_choices(scope(), today()))
    return page, 422 if form.errors else 200


@bp.get("/cong-bo/<int:publication_id>")
@allowed(Capability.KEEP_PUBLICATIONS)
def show(publication_id: int) -> Page:
    """One publication: its clocks, its next step, its history."""
    return _show_page(_view(publication_id))


@bp.post("/cong-bo/<int:publication_id>/ban-giao")
@allowed(Capability.KEEP_PUBLICATIONS)
def hand_over(publication_id: int) -> Page:
    """The division hands over to the Office."""
    return _step(publication_id, "hand_over", _("Đã ghi bàn giao; đồng hồ của Văn phòng bắt đầu chạy."))


@bp.post("/cong-bo/<int:publication_id>/hoan-thanh")
@allowed(Capability.KEEP_PUBLICATIONS)
def finish(publication_id: int) -> Page:
    """Submitted, or the internal process complete."""
    return _step(publication_id, "finish", _("Đã ghi ngày hoàn thành."))


@bp.post("/cong-bo/<int:publication_id>/cong-khai")
@allowed(Capability.KEEP_PUBLICATIONS)
def make_public(publication_id: int) -> Page:
    """The sites show it."""
    return _step(publication_id, "make_public", _("Đã ghi ngày công khai. Phòng chuyên môn cần kiểm tra lại danh mục."))


@bp.route("/cong-bo/<int:publication_id>/dinh-chinh", methods=["GET", "POST"])
@allowed(Capability.KEEP_PUBLICATIONS)
def correct(publication_id: int) -> Page:
    view = _view(publication_id)
    form = CorrectForm.of(view.publication, (procedure.code for procedure in view.procedures))
    if form.validate_on_submit():
        with errors_shown_on(form):
            service.correct(
                scope(),
                actor(),
                publication_id,
                dates=form.dates,
                procedures=read_codes(form.procedures.data),
                revision=form.seen,
                **form.values("decision", "note", "reason"),
            )
            flash(_("Đã đính chính."), "success")
            return redirect(url_for(".show", publication_id=publication_id))
    page = render_template("publications/correct.html", form=form, view=view)
    return page, 422 if form.errors or form.form_errors else 200


@bp.route("/cong-bo/<int:publication_id>/huy", methods=["GET", "POST"])
@allowed(Capability.KEEP_PUBLICATIONS)
def withdraw(publication_id: int) -> Page:
    """Take out a publication recorded by mistake."""
    view, form = _view(publication_id), PublicationReasonForm()
    if form.validate_on_submit():
        with errors_shown_on(form):
            service.withdraw_publication(scope(), actor(), publication_id, reason=form.reason.data or "")
            flash(_("Đã hủy %(code)s.", code=view.publication.code), "success")
            return redirect(url_for(".list"))
    page = render_template("publications/withdraw.html", form=form, view=view)
    return page, 422 if form.errors or form.form_errors else 200


def _step(publication_id: int, step: str, done: str) -> Page:
    form = StepForm(prefix=step)
    if form.validate_on_submit():
        with errors_shown_on(form):
            getattr(service, step)(
                scope(), actor(), publication_id, on=form.on.data, note=form.note.data or "", revision=form.seen
            )
            flash(done, "success")
            return redirect(url_for(".show", publication_id=publication_id))
    return _show_page(_view(publication_id), {step: form}), 422


def _show_page(view: PublicationView, sent: dict[str, StepForm] | None = None) -> str:
    forms = sent or {}
    for step in _next_steps(view):
        if step not in forms:
            forms[step] = StepForm(
                formdata=None, prefix=step, data={"on": today(), "revision": view.publication.revision}
            )
    return render_template(
        "publications/show.html",
        view=view,
        forms=forms,
        history=[
            (entry, action_name(entry.action), details_in_words(_details_without_code(entry.details)))
            for entry in view.history
        ],
        on_arrival=_on_arrival(view),
        Stage=Stage,
    )


def _next_steps(view: PublicationView) -> list[str]:
    """What may be recorded next by this person."""
    found, mine = view.publication, scope()
    office, either = mine.covers(found.office_id), mine.covers(found.office_id, found.division_id)
    early = found.track is PublicationTrack.EARLY_NUMBER
    steps = []
    if not early and found.handed_over_on is None and mine.covers(found.division_id):
        steps.append("hand_over")
    if found.finished_on is None and (either if early else office and found.handed_over_on is not None):
        steps.append("finish")
    begun = found.finished_on is not None or (found.track is PublicationTrack.PROCESS and found.handed_over_on)
    if found.published_on is None and either and begun:
        steps.append("make_public")
    return steps


def _on_arrival(view: PublicationView) -> list[tuple[AllowedClock, int]]:
    """What a decision numbered ahead had left when it arrived, under each plan: the clock as it stood, days left."""
    found = view.publication
    if found.track is not PublicationTrack.EARLY_NUMBER:
        return []
    working, calendar_days = view.on_arrival
    clock = StepClock(
        PublicationStep.JOINT,
        (PublicationStep.DIVISION, PublicationStep.OFFICE),
        found.printed_on,
        None,
        working,
        calendar_days,
    )
    stood = beside(found.track, clock, found.starts_on, site_calendar())
    return [(one, one.allowed.days - one.used) for one in stood]


def _details_without_code(details: dict[str, Any]) -> dict[str, Any]:
    """An entry's details without the code, which the page bears already."""
    said = {name: value for name, value in details.items() if name not in ("code", "says")}
    return {**details.get("says", {}), **said}


def _view(publication_id: int) -> PublicationView:
    return queries.publication_view(scope(), publication_id, today(), site_calendar())


def _units() -> list[Unit]:
    return list(units(scope()))


def _sort() -> tuple[PublicationSort, bool]:
    asked = request.args.get("sort", "")
    name = asked.removeprefix("-")
    return (
        (PublicationSort(name), asked.startswith("-"))
        if name in set(PublicationSort)
        else (PublicationSort.START, True)
    )


def _publication_csv_row(row: PublicationRow) -> list[object]:
    found = row.publication
    dates: list[date | None] = [found.starts_on, found.handed_over_on, found.finished_on, found.published_on]
    used: list[object] = []
    for step in (PublicationStep.DIVISION, PublicationStep.OFFICE):
        clock = row.clock(step)
        used += [clock.working_days, clock.calendar_days] if clock and clock.started_on else ["", ""]
    names = [found.code, found.decision, label(found.track), found.division.name, found.office.name]
    total = [row.whole.working_days, row.whole.calendar_days] if row.clocks else ["", ""]
    return [*names, *dates, *used, *total, label(row.stage)]
