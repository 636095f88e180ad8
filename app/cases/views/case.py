"""The page of one case, and everything that is recorded on it. An action's form opens in its place on the page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import abort, flash, redirect, render_template, url_for
from flask_babel import gettext as _
from htmx_flask import request
from werkzeug.wrappers import Response as Answer

from app.cases import care, handling, service
from app.cases.action_forms import (
    CarefulForm,
    ConsultationAnswerForm,
    ConsultForm,
    HandOverForm,
    ReturnForm,
    SignForm,
    SupplementedForm,
    SupplementForm,
    action_form,
)
from app.cases.actions import ActorRights, possible_actions
from app.cases.case_page import CaseView, load_sections, templates_at
from app.cases.forms import ActionAsked, ActionForm, CorrectionForm
from app.cases.models import Case
from app.cases.population import changeable_by
from app.cases.presenting import NEVER_CORRECTED, paper_lines
from app.cases.views import bp, case_of_reader
from app.cases.vocabulary import EventKind
from app.cases.wording import told_in_words
from app.core.errors import Conflict, DomainError, NotFound
from app.organisation.access import actor, allowed, can, current_scope, person, signed_in, whole_site
from app.organisation.calendars import today
from app.organisation.models import Unit
from app.organisation.permissions import Capability
from app.organisation.queries import unit, units_to_choose
from app.web import extensions
from app.web.formats import label, sentence
from app.web.forms import errors_shown_on, number_in

Page = Answer | tuple[str, int]

# Recorded by other software, on pages of their own (money: app/payments/views.py), or not by anybody.
RECORDED_ELSEWHERE = {EventKind.RECEIVED, EventKind.PAID, EventKind.REFUNDED, EventKind.ANNULLED, *NEVER_CORRECTED}


@bp.get("/ho-so/<int:case_id>")
@signed_in
def show(case_id: int) -> str:
    """One case: where it stands, why it is due when it is, and its life."""
    return _render(case_of_reader(case_id), fresh="moi" in request.args, done="xong" in request.args)


@bp.route("/ho-so/<int:case_id>/ghi/<kind>", methods=["GET", "POST"])
@allowed(Capability.HANDLE_CASES)
def act(case_id: int, kind: str) -> Page:
    """Record that something happened to the case."""
    view, what = case_of_reader(case_id), _kind(kind)
    _refuse_strangers(view, what)
    form = action_form(ActionAsked(what, view, _units(), current_scope(), actor().person_id))
    if form.validate_on_submit() and (case := _done(form, lambda: _record(what, view, form))):
        flash(_("Đã ghi: %(what)s.", what=_what_happened(what, case)), "success")
        return _after(case)
    if request.htmx and request.method == "GET":
        return render_template("cases/_action.html", view=view, kind=what, form=form), 200
    return _answer(case_id, view, form, kind=what)


@bp.post("/ho-so/<int:case_id>/nhan-xu-ly")
@allowed(Capability.HANDLE_CASES)
def take_over(case_id: int) -> Answer:
    """Take a case in hand straight from the worklist."""
    try:
        case = handling.take_over(current_scope(), actor(), case_id, revision=number_in(request.form.get("revision")))
    except handling.ColleagueHasIt:  # is asked on the page of the case
        return redirect(url_for(".act", case_id=case_id, kind=EventKind.TAKEN_OVER.value))
    except DomainError as error:
        flash(sentence(error), "error")
        return redirect(url_for(".worklist") if isinstance(error, NotFound) else url_for(".show", case_id=case_id))
    flash(_("Bạn đã nhận xử lý hồ sơ %(code)s.", code=case.code), "success")
    kept = {name: request.form[name] for name in ("bucket", "whose") if request.form.get(name)}
    return redirect(url_for(".worklist", **kept))


@bp.post("/ho-so/<int:case_id>/nhan-xu-ly/tra-lai")
@allowed(Capability.HANDLE_CASES)
def give_back(case_id: int) -> Answer:
    """Undo having taken a case from a colleague."""
    try:
        case = handling.give_back(current_scope(), actor(), case_id, revision=number_in(request.form.get("revision")))
    except DomainError as error:
        flash(sentence(error), "error")
        return redirect(url_for(".worklist") if isinstance(error, NotFound) else url_for(".show", case_id=case_id))
    flash(_("Đã trả lại: %(officer)s xử lý hồ sơ này.", officer=case.officer), "success")
    return redirect(url_for(".show", case_id=case_id))


@bp.route("/ho-so/<int:case_id>/dinh-chinh/<int:number>", methods=["GET", "POST"])
@allowed(Capability.HANDLE_CASES)
def correct(case_id: int, number: int) -> Page:
    """Put right an event: it happened at another time, or not at all."""
    view = case_of_reader(case_id)
    _refuse_strangers(view)
    event, form = view.event(number), CorrectionForm()
    if event.kind in NEVER_CORRECTED:
        raise NotFound("Không tìm thấy sự kiện cần đính chính.")
    if not form.is_submitted():
        form.look_at(view)
    if form.validate_on_submit() and (case := _done(form, lambda: _correct(view, number, form))):
        flash(_("Đã đính chính: %(what)s.", what=label(event.kind)), "success")
        return _after(case)
    if request.htmx and request.method == "GET":
        return render_template("cases/_correction.html", view=view, number=number, correction=form), 200
    return _answer(case_id, view, form, correcting=number)


def _what_happened(kind: EventKind, case: Case) -> str:
    """In words; of what moves a case also where it is now."""
    if kind not in (EventKind.HANDED_OVER, EventKind.RETURNED):
        return str(label(kind))
    holder = unit(case.holder_unit_id)
    place = ", ".join(filter(None, (holder.name if holder else "", case.officer)))
    return f"{label(kind)} – {place}"


def _kind(kind: str) -> EventKind:
    try:
        return EventKind(kind)
    except ValueError:
        abort(404)


def _refuse_strangers(view: CaseView, kind: EventKind | None = None) -> None:
    """A unit that only had the case once may look at it, no more; one that was asked may answer as well."""
    scope = current_scope()
    answers = kind is EventKind.CONSULT_ANSWERED and view.may_answer(scope)
    if not (view.may_change(scope) or answers):
        abort(403)


def _units() -> list[Unit]:
    """A case may be handed to any unit of the site, whatever the person sees."""
    return units_to_choose(whole_site(), today())


def _record(kind: EventKind, view: CaseView, form: ActionForm) -> Case:
    scope, by, case_id = current_scope(), actor(), view.case.id
    if isinstance(form, HandOverForm):
        return service.hand_over(scope, by, case_id, **form.values())
    if isinstance(form, ReturnForm):
        return handling.return_to_stage(scope, by, case_id, **form.values())
    if isinstance(form, ConsultForm):
        return handling.consult(scope, by, case_id, **form.values())
    if isinstance(form, ConsultationAnswerForm):
        return handling.answer_consultation(scope, by, case_id, **form.values())
    if isinstance(form, SignForm):
        return handling.sign(scope, by, case_id, **form.values())
    if isinstance(form, SupplementForm):
        return handling.request_supplement(scope, by, case_id, **form.values())
    if isinstance(form, CarefulForm):
        return care.take_step(scope, by, case_id, kind, **form.values())
    if isinstance(form, SupplementedForm):
        return handling.take_supplement(scope, by, case_id, **form.values())
    if kind is EventKind.TAKEN_OVER:
        return handling.take_over(scope, by, case_id, **form.values())
    if kind in RECORDED_ELSEWHERE:
        abort(404)
    return service.record(scope, by, case_id, kind, **form.values())


def _correct(view: CaseView, number: int, form: CorrectionForm) -> Case:
    return service.correct(current_scope(), actor(), view.case.id, number, **form.values())


def _done(form: Any, verb: Callable[[], Case]) -> Case | None:
    """The case as changed; None when the service refused, and the form says why."""
    case = None
    with errors_shown_on(form):
        try:
            case = verb()
        except Conflict:
            form.conflict = True
            raise
    return case


def _after(case: Case) -> Answer:
    """Back to the case; to the desk when it has left the person's hands, or was answered for another unit."""
    if changeable_by(current_scope(), case):
        return redirect(url_for(".show", case_id=case.id, xong=1))
    return redirect(url_for(".worklist"))


def _answer(case_id: int, view: CaseView, form: ActionForm | CorrectionForm, **where: Any) -> Page:
    """The case's page with the form open; after a conflict with what others recorded meanwhile, ready to be sent."""
    seen = number_in(form.seen.data)
    meanwhile: list[Any] = []
    if form.is_submitted():  # a refusal has rolled back what was read
        view = case_of_reader(case_id)
    if getattr(form, "conflict", False):
        meanwhile = view.since(seen) if seen is not None else []
        form.look_at(view)
    return _render(view, form=form, meanwhile=meanwhile, **where), 422 if form.errors else 200


def _render(view: CaseView, **more: Any) -> str:
    hands = _hands(view)
    return render_template(
        "cases/show.html",
        view=view,
        may_act=hands.may_change,
        actions=possible_actions(view, hands) if hands.may_change or hands.may_answer else [],
        sections=load_sections(view),
        papers=paper_lines(view),
        taken=handling.may_give_back(view.events, actor().person_id),
        templates_at=templates_at,
        now=extensions.now(),
        told=told_in_words(view.case, extensions.now()),
        **more,
    )


def _hands(view: CaseView) -> ActorRights:
    who, scope, case = person(), current_scope(), view.case
    acts = can(Capability.HANDLE_CASES)
    return ActorRights(
        of_holder=acts and who.unit_id == case.holder_unit_id,
        is_holder=who.id == case.holder_id,
        may_change=acts and view.may_change(scope),
        may_answer=acts and bool(view.may_answer(scope)),
    )
