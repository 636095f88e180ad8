"""Putting right what was written down at reception; another procedure; a case that should not have been taken in."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy import select
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response as Answer

from app.cases import amending, care, worklist
from app.cases.amend_forms import AmendForm, AnnulCaseForm, ChangeProcedureForm, as_written, merged
from app.cases.amending import ProcedureChange
from app.cases.care import Lack
from app.cases.case_page import CaseView
from app.cases.forms import ForbidForm, SeenForm
from app.cases.models import Case, CaseDocument
from app.cases.views import bp, case_to_change
from app.cases.vocabulary import EventKind
from app.cases.worklist import OVERSEEN
from app.core.errors import Conflict, DomainError
from app.organisation.access import actor, allowed, current_scope, site, whole_site
from app.organisation.calendars import site_calendar
from app.organisation.permissions import Capability
from app.procedures.models import ProcedureVersion
from app.procedures.queries import suggest, version_at_desk
from app.web.extensions import db
from app.web.formats import sentence
from app.web.forms import errors_shown_on, number_in, number_or_none
from app.web.keyset import Cursor

EVERY_PROCEDURE = 2_000

Page = Answer | tuple[str, int]


@bp.route("/ho-so/<int:case_id>/sua", methods=["GET", "POST"])
@allowed(Capability.AMEND_CASES)
def amend(case_id: int) -> Page:
    """Put right who applies, how to reach them, what was handed in and how."""
    view, version, papers = _amended(case_id)
    typed = request.form if request.method == "POST" else as_written(view, papers, version)
    form, case = AmendForm.of_case(view, version, typed), None
    if form.validate_on_submit():
        with errors_shown_on(form):
            try:
                case = amending.amend(
                    current_scope(),
                    actor(),
                    case_id,
                    form.values(),
                    reason=form.reason.data or "",
                    revision=number_in(form.revision.data),
                )
            except Conflict:
                form.conflict = True
                raise
    if case is not None:
        flash(_("Đã sửa thông tin hồ sơ; nội dung cũ vẫn xem được trên trang hồ sơ."), "success")
        return redirect(url_for(".show", case_id=case_id))
    refused, meanwhile = form, []
    if form.is_submitted():
        view, version, papers = _amended(case_id)
    if form.conflict:
        meanwhile = view.since(number_in(form.seen.data) or view.seen)
        form = AmendForm.of_case(view, version, merged(request.form, meanwhile, papers))
        form.form_errors = list(refused.form_errors)
        form.look_at(view)
    shown = {each.id: each for each in version.documents}
    page = render_template(
        "cases/amend.html", view=view, form=form, asked=shown, meanwhile=meanwhile, names={p.id: p.name for p in papers}
    )
    return page, 422 if refused.errors or refused.form_errors else 200


@bp.route("/ho-so/<int:case_id>/doi-thu-tuc", methods=["GET", "POST"])
@allowed(Capability.AMEND_CASES)
def change_procedure(case_id: int) -> Page:
    """The case was taken in under the wrong procedure."""
    view = case_to_change(case_id)
    given = request.form if request.method == "POST" else request.args
    form = ChangeProcedureForm(MultiDict(given) or None)
    chosen = _version(form.version_id.data)
    form.offer(chosen)
    if not form.revision.data:
        form.look_at(view)
    if form.validate_on_submit() and _did(form, lambda: _change(case_id, form)):
        told = _("Đã đổi thủ tục; thời hạn, phí và các bước tính lại từ lúc tiếp nhận. Hãy in lại giấy tiếp nhận.")
        flash(told, "success")
        return redirect(url_for(".show", case_id=case_id))
    if form.is_submitted():
        view = case_to_change(case_id)
    change = _preview(case_id, form) if chosen is not None else None
    meanwhile = _meanwhile(form, view)
    if request.headers.get("HX-Request") and request.method == "GET":
        return render_template("cases/_procedure_change.html", view=view, form=form, change=change), 200
    day = site_calendar().local_day(view.case.received_at)
    versions = suggest(current_scope(), "", day, limit=EVERY_PROCEDURE)
    page = render_template(
        "cases/change_procedure.html",
        view=view,
        form=form,
        change=change,
        versions=[each for each in versions if each.id != view.case.version_id],
        meanwhile=meanwhile,
    )
    return page, 422 if form.is_submitted() and (form.errors or form.form_errors) else 200


@bp.route("/ho-so/<int:case_id>/huy", methods=["GET", "POST"])
@allowed(Capability.ANNUL_CASES)
def annul(case_id: int) -> Page:
    """The case was taken in by mistake, or twice."""
    view, form = case_to_change(case_id), AnnulCaseForm()
    if not form.is_submitted():
        form.look_at(view)
    if form.validate_on_submit() and _did(form, lambda: _annul(case_id, form)):
        code = view.case.code
        flash(_("Đã hủy hồ sơ %(code)s. Hồ sơ giữ nguyên số và không tính vào số liệu nào.", code=code), "success")
        return redirect(url_for(".show", case_id=case_id))
    if form.is_submitted():
        view = case_to_change(case_id)
    meanwhile = _meanwhile(form, view)
    holder = amending.holder_beside(view.case, actor().person_id, actor().name)
    page = render_template("cases/annul.html", view=view, form=form, holder=holder, meanwhile=meanwhile)
    return page, 422 if form.errors or form.form_errors else 200


@bp.route("/ho-so/khong-duoc-thieu", methods=["GET", "POST"])
@allowed(Capability.KEEP_SITE)
def forbidding() -> Page:
    """Without what the site lets nobody close a case or hand out its result."""
    form = ForbidForm.of_site(site())
    if form.validate_on_submit():
        care.forbid(site(), actor(), [Lack(each) for each in form.lacks.data or ()])
        flash(_("Đã lưu."), "success")
        return redirect(url_for(".forbidding"))
    return render_template("cases/forbidding.html", form=form), 422 if form.errors else 200


@bp.get("/ho-so/da-huy-da-sua")
@allowed(Capability.READ_AMENDMENTS)
def overseen() -> str:
    """Cases that were annulled or put right, by whom and why."""
    asked = request.args.get("kind", "")
    kind = EventKind(asked) if asked in {each.value for each in OVERSEEN} else None
    page = worklist.overseen(
        current_scope(),
        kind,
        after=Cursor.parse(request.args.get("after")),
        before=Cursor.parse(request.args.get("before")),
    )
    return render_template("cases/overseen.html", page=page, kind=kind, kinds=OVERSEEN)


def _amended(case_id: int) -> tuple[CaseView, ProcedureVersion, list[CaseDocument]]:
    view = case_to_change(case_id)
    version = version_at_desk(whole_site(), view.case.version_id)
    assert version is not None  # the case stands on it
    papers = select(CaseDocument).where(CaseDocument.case_id == case_id).order_by(CaseDocument.position)
    return view, version, list(db.session.scalars(papers))


def _version(version_id: int | None) -> ProcedureVersion | None:
    return version_at_desk(current_scope(), version_id) if version_id is not None else None


def _preview(case_id: int, form: ChangeProcedureForm) -> ProcedureChange | None:
    """What the procedure chosen would change; None where it cannot be, which the form says."""
    change = None
    try:
        change = amending.procedure_change(
            current_scope(), case_id, form.version_id.data or 0, number_or_none(form.exemption.data)
        )
    except DomainError as error:
        if not form.is_submitted():  # else it is said already
            form.version_id.errors = [*form.version_id.errors, sentence(error)]
    return change


def _change(case_id: int, form: ChangeProcedureForm) -> Case:
    return amending.change_procedure(current_scope(), actor(), case_id, **form.values())


def _annul(case_id: int, form: AnnulCaseForm) -> Case:
    return amending.annul(current_scope(), actor(), case_id, **form.values())


def _did(form: SeenForm, verb: Any) -> bool:
    """Whether it was done; where the service refused, the form says why."""
    done = False
    with errors_shown_on(form):
        try:
            verb()
            done = True
        except Conflict:
            form.conflict = True
            raise
    return done


def _meanwhile(form: SeenForm, view: CaseView) -> list[Any]:
    """After a conflict: what others recorded. The form speaks of the case as it is from then on."""
    if not form.conflict:
        return []
    told = view.since(number_in(form.seen.data) or view.seen)
    form.look_at(view)
    return told
