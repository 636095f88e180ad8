"""Pages of what is owed after a case went wrong: explanations of overdue cases, written apologies."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from flask import Response, abort, flash, redirect, render_template, url_for
from flask_babel import gettext as _
from htmx_flask import request
from werkzeug.wrappers import Response as Answer

from app.cases import population
from app.cases.explanations import queries, service
from app.cases.explanations.forms import ApologyForm, DecisionForm, ExplainForm, FaultForm, FaultReasonForm
from app.cases.explanations.models import ApologyFor, CaseFault, ExplanationState, FaultSource
from app.cases.explanations.queries import MOST_PRINTED, OverdueCase, OverduePage
from app.cases.explanations.service import faults_of
from app.cases.lists import Window
from app.cases.models import Case
from app.cases.views import bp, case_of_reader, case_to_change
from app.core.errors import DomainError
from app.core.periods import Period
from app.organisation.access import (
    Scope,
    actor,
    allowed,
    can,
    current_scope,
    person,
    scope_of,
    signed_in,
    site,
    whole_site,
)
from app.organisation.calendars import site_calendar, this_month, today
from app.organisation.exports import csv_response
from app.organisation.permissions import Capability
from app.organisation.profile import profile
from app.organisation.queries import units
from app.organisation.registries import EvidenceOf, keeper, sent_with
from app.web import extensions
from app.web.formats import counted, label, sentence
from app.web.forms import errors_shown_on, numbers_in
from app.web.keyset import Cursor

Page = str | Answer | tuple[str, int]
EXPORTED_AT_ONCE = 500


@bp.get("/ho-so/giai-trinh")
@signed_in
def explanations() -> Page:
    """A period's overdue cases, explained or not, with what the reader may do about them."""
    return _list(ExplainForm(formdata=None))


@bp.post("/ho-so/giai-trinh")
@allowed(Capability.EXPLAIN_CASES)
def explain_several() -> Page:
    """One text for several overdue cases."""
    form = ExplainForm()
    if form.validate_on_submit():
        with errors_shown_on(form):
            sent = service.explain(current_scope(), actor(), _chosen("cases"), form.text.data or "")
            flash(counted("Đã gửi giải trình của %(n)s hồ sơ qua Văn phòng Sở.", len(sent)), "success")
            return redirect(_back())
    return _list(form, chosen=_chosen("cases")), 422


@bp.post("/ho-so/giai-trinh/tiep-nhan")
@allowed(Capability.RECEIVE_EXPLANATIONS)
def receive_explanations() -> Answer:
    """The Office takes explanations in for the Director."""
    try:
        n = service.receive_explanations(site(), actor(), _chosen("explanations"))
        flash(counted("Văn phòng Sở đã nhận %(n)s giải trình.", n), "success")
    except DomainError as error:
        flash(sentence(error), "error")
    return redirect(_back())


@bp.get("/ho-so/<int:case_id>/giai-trinh")
@signed_in
def explanation(case_id: int) -> Page:
    """One overdue case: its explanations, and the head's form."""
    return _one(case_id, ExplainForm(formdata=None), DecisionForm(formdata=None))


@bp.post("/ho-so/<int:case_id>/giai-trinh")
@allowed(Capability.EXPLAIN_CASES)
def explain(case_id: int) -> Page:
    """The head explains one case; under HTMX only what changed, in its place."""
    form = ExplainForm()
    if form.validate_on_submit():
        with errors_shown_on(form):
            with keeper().receiving(sent_with(request.files)) as files:
                sent = service.explain(current_scope(), actor(), [case_id], form.text.data or "")
                files.attach(current_scope(), actor(), EvidenceOf.EXPLANATION, [each.id for each in sent])
            if not request.htmx:
                flash(_("Đã gửi giải trình qua Văn phòng Sở."), "success")
                return redirect(url_for(".explanation", case_id=case_id))
            form = ExplainForm(formdata=None)
    return _one(case_id, form, DecisionForm(formdata=None))


@bp.post("/ho-so/<int:case_id>/giai-trinh/<int:explanation_id>/quyet-dinh")
@allowed(Capability.DECIDE_EXPLANATIONS)
def decide_explanation(case_id: int, explanation_id: int) -> Page:
    """The Director decides."""
    form, accepted = DecisionForm(), request.form.get("accepted")
    if accepted not in ("yes", "no"):
        abort(400)
    if form.validate_on_submit():
        with errors_shown_on(form):
            service.decide(
                site(),
                actor(),
                case_id,
                explanation_id,
                accepted=accepted == "yes",
                words=form.words.data or "",
                revision=form.seen,
            )
            flash(_("Đã ghi quyết định."), "success")
            return redirect(url_for(".explanation", case_id=case_id))
    return _one(case_id, ExplainForm(formdata=None), form)


@bp.get("/ho-so/giai-trinh/in")
@signed_in
def print_explanations() -> str:
    """A period's explanations as one paper for the Director."""
    period, page = _page(limit=MOST_PRINTED)
    return render_template(
        "cases/explanations/bundle.html",
        period=period,
        page=page,
        unit=_unit_shown(),
        house=profile(),
        today=today(),
    )


@bp.get("/ho-so/giai-trinh.csv")
@signed_in
def export_explanations() -> Response:
    """A period's overdue cases and where their explanation stands, whole."""
    header = [
        *(_("Mã hồ sơ"), _("Thủ tục"), _("Đơn vị"), _("Cán bộ xử lý"), _("Hạn"), _("Kết thúc")),
        *(_("Quá hạn (ngày làm việc)"), _("Hạn giải trình"), _("Giải trình"), _("Ngày gửi"), _("Người giải trình")),
        *(_("Nội dung giải trình"), _("Ý kiến của Giám đốc Sở")),
    ]
    return csv_response(
        f"giai-trinh-{_period().key}",
        [str(each) for each in header],
        _explanation_csv_rows(),
        _("Giải trình hồ sơ quá hạn"),
    )


def _explanation_csv_rows() -> Iterator[list[object]]:
    after = None
    while True:
        _period_shown, page = _page(limit=EXPORTED_AT_ONCE, after=after, before=None)
        for case in page.cases:
            last = case.latest
            yield [
                *(case.code, case.procedure, case.unit, case.officer, site_calendar().told_as(case.late_after)),
                *(case.ended_at, case.days_late, case.explain_by, label(case.state)),
                *((last.sent_at, last.actor, last.text, last.decision) if last else ("", "", "", "")),
            ]
        if (after := page.after) is None:
            return


@bp.route("/ho-so/<int:case_id>/xin-loi", methods=["GET", "POST"])
@allowed(Capability.HANDLE_CASES)
def apologise(case_id: int) -> Page:
    """Write to the applicant: sorry, and when it will be done."""
    scope = current_scope()
    view = case_to_change(case_id)
    known = [fault for fault in faults_of(case_id) if fault.withdrawn_at is None]
    form = ApologyForm(data=_most_likely(view.case, known))
    form.offer(known)
    if form.validate_on_submit():
        with errors_shown_on(form):
            sent = service.apologise(scope, actor(), case_id, **form.values())
            flash(_("Đã ghi văn bản xin lỗi số %(number)s.", number=sent.number), "success")
            return redirect(url_for(".apologise", case_id=case_id))
    if form.is_submitted():  # a refusal has rolled back what was read
        view = case_of_reader(case_id)
    form.revision.data = str(view.case.revision)
    wrong = bool(form.errors or form.form_errors)
    page = render_template(
        "cases/explanations/apology.html",
        view=view,
        form=form,
        apologies=queries.apologies_of(case_id),
        faults=faults_of(case_id),
    )
    return page, 422 if wrong else 200


def _most_likely(case: Case, known: Sequence[CaseFault]) -> dict[str, Any]:
    """What an empty form proposes: the mistakes no letter is about yet; and what the letter is for, where only one
    thing can be meant."""
    waiting, _all = service.waiting_faults(case.id, today())
    proposed: dict[str, Any] = {"faults": [str(number) for number in waiting]}
    if population.ended_in_time(case) or case.late_after is None:
        proposed["about"] = ApologyFor.MISTAKE
    elif not known:
        proposed["about"] = ApologyFor.LATENESS
    return proposed


def _list(form: ExplainForm, chosen: list[int] | None = None) -> str:
    period, page = _page()
    calendar, day = site_calendar(), today()
    overdue_to_explain = {case.id for case in page.cases if case.late_to_explain(calendar, day)}
    return render_template(
        "cases/explanations/explanations.html",
        form=form,
        page=page,
        chosen=chosen or [],
        period=period,
        after=period.next() if period.next().first <= day else None,
        asked=_state(),
        states=ExplanationState,
        units=units(_scope()),
        unit_id=_unit_id(),
        beyond=bool(request.args.get("unit")) and _unit_id() is None,
        kept=_kept(),
        writing=_to_explain(page.cases),
        may_receive=can(Capability.RECEIVE_EXPLANATIONS),
        late_to_explain=overdue_to_explain,
    )


def _one(case_id: int, form: ExplainForm, decision: DecisionForm) -> Page:
    case = queries.overdue_case(_scope(), case_id, site_calendar(), extensions.now())
    decision.revision.data = str(case.latest.revision) if case.latest else ""
    template = "cases/explanations/_explain.html" if request.htmx else "cases/explanations/explanation.html"
    page = render_template(
        template,
        case=case,
        form=form,
        decision=decision,
        sent_in_place=bool(request.htmx) and request.method == "POST",
        may_explain=bool(_to_explain([case])),
        may_receive=can(Capability.RECEIVE_EXPLANATIONS),
        may_decide=can(Capability.DECIDE_EXPLANATIONS),
        late=case.late_to_explain(site_calendar(), today()),
    )
    refused = any(each.errors or each.form_errors for each in (form, decision))
    return page, 422 if refused else 200


def _to_explain(cases: Sequence[OverdueCase]) -> set[int]:
    """Ids of those that the reader may explain now: the head of the unit, or of one above, where it is owed."""
    if not can(Capability.EXPLAIN_CASES):
        return set()
    who = person()
    scope = scope_of(who)
    return {case.id for case in cases if scope.covers(case.unit_id) and case.is_open_to(who.unit_id)}


def _scope() -> Scope:
    """The Office and the Director see every unit's explanations; everybody else what is theirs."""
    everything = can(Capability.RECEIVE_EXPLANATIONS) or can(Capability.DECIDE_EXPLANATIONS)
    return whole_site() if everything else current_scope()


def _page(limit: int = queries.PAGE, **cursors: Any) -> tuple[Period, OverduePage]:
    calendar, period, asked = site_calendar(), _period(), _state()
    cursors = cursors or {name: Cursor.parse(request.args.get(name)) for name in ("after", "before")}
    page = queries.overdue_page(
        _scope(),
        Window.of(period, calendar.zone, extensions.now()),
        calendar,
        unit_id=_unit_id(),
        states=[asked] if asked else [],
        limit=limit,
        **cursors,
    )
    return period, page


def _period() -> Period:
    """The period asked for, or this month."""
    asked = request.args.get("period", "")
    return Period.of_address(asked) if asked else this_month()


def _state() -> ExplanationState | None:
    asked = request.args.get("state", "")
    return ExplanationState(asked) if asked in set(ExplanationState) else None


def _unit_id() -> int | None:
    """The unit asked for, if it is one of those the person may choose."""
    asked = request.args.get("unit", "")
    return next((unit.id for unit in units(_scope()) if str(unit.id) == asked), None)


def _unit_shown() -> str:
    """The unit whose paper is printed, when it is one unit's."""
    chosen = {unit.id: unit.name for unit in units(_scope())}
    return chosen.get(_unit_id() or (0 if _scope().is_whole else person().unit_id), "")


def _kept() -> dict[str, str]:
    """The period, unit and state of the list, to come back to it."""
    return {name: request.args[name] for name in ("period", "unit", "state") if request.args.get(name)}


def _back() -> str:
    kept: dict[str, Any] = _kept()
    return url_for(".explanations", **kept)


def _chosen(name: str) -> list[int]:
    return numbers_in(request.form.getlist(name), service.MOST_AT_ONCE + 1)


# The page of mistakes found in a case.


@bp.get("/ho-so/<int:case_id>/sai-sot")
@signed_in
def case_faults(case_id: int) -> Page:
    """The mistakes found in a case, and the form that records another."""
    return _faults_page(case_id, _form(formdata=None))


@bp.post("/ho-so/<int:case_id>/sai-sot")
@allowed(Capability.RECORD_FAULTS)
def record_fault(case_id: int) -> Page:
    form = _form()
    if form.validate_on_submit():
        with errors_shown_on(form):
            service.record_fault(
                current_scope(),
                actor(),
                case_id,
                found_on=form.found_on.data,
                source=FaultSource(form.source.data),
                what=form.what.data or "",
                document=form.document.data or "",
            )
            flash(_("Đã ghi nhận sai sót; đơn vị phải xin lỗi bằng văn bản."), "success")
            return redirect(url_for(".case_faults", case_id=case_id))
    return _faults_page(case_id, form), 422


def _form(**how: Any) -> FaultForm:
    form = FaultForm(data={"found_on": today()}, **how)
    form.source.choices = [(source.value, label(source)) for source in FaultSource]
    return form


def _faults_page(case_id: int, form: FaultForm) -> str:
    scope = current_scope()
    view = case_of_reader(case_id)
    may_record = can(Capability.RECORD_FAULTS) and scope.covers(view.case.unit_id)
    shown = form if may_record else None
    return render_template("cases/explanations/faults.html", view=view, form=shown, faults=service.faults_of(case_id))


@bp.route("/ho-so/<int:case_id>/sai-sot/<int:fault_id>/rut", methods=["GET", "POST"])
@allowed(Capability.WITHDRAW_FAULTS)
def withdraw_fault(case_id: int, fault_id: int) -> Page:
    """Take back a mistake recorded in error."""
    scope, form = current_scope(), FaultReasonForm()
    service.fault_of(scope, case_id, fault_id)
    if form.validate_on_submit():
        with errors_shown_on(form):
            service.withdraw_fault(scope, actor(), case_id, fault_id, form.reason.data or "")
            flash(_("Đã rút lại sai sót; bản ghi được giữ cùng lý do."), "success")
            return redirect(url_for(".case_faults", case_id=case_id))
    view = case_of_reader(case_id)
    page = render_template("cases/explanations/fault_withdraw.html", view=view, form=form)
    return page, 422 if form.errors or form.form_errors else 200
