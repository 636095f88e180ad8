"""Waivers: the list, asking for one, deciding, withdrawing one."""

from __future__ import annotations

from flask import current_app, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as Answer

from app.compliance import queries
from app.compliance.adoption import repository
from app.compliance.forms import AnnulForm, WaiverDecisionForm, WaiverForm, WaiverWithdrawForm
from app.compliance.queries import WaiverLine, WaiverState
from app.compliance.views import bp
from app.compliance.waivers import service
from app.organisation.access import actor, allowed, current_scope
from app.organisation.calendars import today
from app.organisation.permissions import Capability
from app.organisation.queries import units
from app.organisation.registries import EvidenceOf, keeper, sent_with
from app.web.forms import errors_shown_on, typed_day

Page = str | Answer | tuple[str, int]


@bp.get("/kiem-tra/mien-ap-dung")
@allowed(Capability.READ_RESULTS)
def waivers() -> str:
    """Who is excused from which rule, until when, by whom and why."""
    lines = queries.waivers(current_scope())
    return render_template(
        "compliance/waivers.html",
        lines=lines,
        states={line.id: line.state(today()) for line in lines},
        rules={(pack.id, rule.id): rule for pack, rule in repository.every_rule(repository.known_packs())},
        open_states=(WaiverState.COMING, WaiverState.HOLDS),
        closed_states=(WaiverState.ASKED, WaiverState.REFUSED, WaiverState.ANNULLED),
        asked=WaiverState.ASKED,
        to_decide={line.id for line in lines if _may_decide(line)},
        long={line.id for line in lines if service.is_long(line.since, line.until)},
        days=current_app.config["SETTINGS"].waiver_days,
    )


@bp.get("/kiem-tra/mien-ap-dung/moi")
@allowed(Capability.ASK_FOR_WAIVERS)
def waiver_form() -> str:
    """Ask for a waiver; the address may name rule, unit and first day."""
    return _page(_form())


@bp.post("/kiem-tra/mien-ap-dung/moi")
@allowed(Capability.ASK_FOR_WAIVERS)
def ask() -> Page:
    form = _form()
    if form.validate_on_submit():
        with errors_shown_on(form):
            pack_id, _slash, rule_id = form.rule.data.partition("/")
            asked = (form.unit.data, form.valid_from.data, form.valid_to.data, form.reason.data or "")
            with keeper().receiving(sent_with(request.files)) as files:
                waiver = service.ask_for_waiver(actor(), pack_id, rule_id, *asked)
                files.attach(current_scope(), actor(), EvidenceOf.WAIVER, [waiver.id])
            flash(_("Đã gửi đề nghị. Đề nghị có hiệu lực khi một người khác chấp thuận."), "success")
            return redirect(url_for(".waivers"))
    return _page(form), 422


@bp.get("/kiem-tra/mien-ap-dung/<int:waiver_id>/quyet-dinh")
@allowed(Capability.GRANT_WAIVERS)
def waiver_decision(waiver_id: int) -> str:
    """What is asked for, and the decision."""
    return _decision_page(queries.waiver_of(current_scope(), waiver_id), WaiverDecisionForm(formdata=None))


@bp.post("/kiem-tra/mien-ap-dung/<int:waiver_id>/quyet-dinh")
@allowed(Capability.GRANT_WAIVERS)
def decide_waiver(waiver_id: int) -> Page:
    """Grant it, or refuse it saying why."""
    line, form = queries.waiver_of(current_scope(), waiver_id), WaiverDecisionForm()
    if form.validate_on_submit():
        with errors_shown_on(form):
            if request.form.get("granted") == "yes":
                service.grant_waiver(actor(), waiver_id)
                flash(_("Đã miễn áp dụng. Lần kiểm tra sau sẽ tính theo quyết định này."), "success")
            else:
                service.refuse_waiver(actor(), waiver_id, form.reason.data or "")
                flash(_("Đã ghi: không miễn áp dụng."), "success")
            return redirect(url_for(".waivers"))
    return _decision_page(line, form), 422


@bp.get("/kiem-tra/mien-ap-dung/<int:waiver_id>/rut-lai")
@allowed(Capability.GRANT_WAIVERS)
def withdraw_form(waiver_id: int) -> str:
    """Withdraw one, saying why."""
    return _withdraw_page(queries.waiver_of(current_scope(), waiver_id), WaiverWithdrawForm())


@bp.post("/kiem-tra/mien-ap-dung/<int:waiver_id>/rut-lai")
@allowed(Capability.GRANT_WAIVERS)
def withdraw(waiver_id: int) -> Page:
    """Withdraw it from today on."""
    line, form = queries.waiver_of(current_scope(), waiver_id), WaiverWithdrawForm()
    if form.validate_on_submit():
        with errors_shown_on(form):
            service.withdraw_waiver(actor(), waiver_id, form.reason.data or "")
            flash(_("Đã rút lại quyết định miễn áp dụng."), "success")
            return redirect(url_for(".waivers"))
    return _withdraw_page(line, form), 422


@bp.get("/kiem-tra/mien-ap-dung/<int:waiver_id>/huy-bo")
@allowed(Capability.GRANT_WAIVERS)
def annul_form(waiver_id: int) -> str:
    """Annul one, ended or not, saying why."""
    return _withdraw_page(queries.waiver_of(current_scope(), waiver_id), AnnulForm(), annul=True)


@bp.post("/kiem-tra/mien-ap-dung/<int:waiver_id>/huy-bo")
@allowed(Capability.GRANT_WAIVERS)
def annul(waiver_id: int) -> Page:
    """Annul it, for past periods as well."""
    line, form = queries.waiver_of(current_scope(), waiver_id), AnnulForm()
    if form.validate_on_submit():
        with errors_shown_on(form):
            service.annul_waiver(actor(), waiver_id, form.reason.data or "")
            said = _("Đã hủy bỏ quyết định miễn áp dụng. Kiểm tra lại các kỳ cũ sẽ tính như chưa từng được miễn.")
            flash(said, "success")
            return redirect(url_for(".waivers"))
    return _withdraw_page(line, form, annul=True), 422


def _form() -> WaiverForm:
    asked = request.args
    given = {"rule": asked.get("rule"), "unit": asked.get("unit"), "valid_from": typed_day(asked.get("since"))}
    return WaiverForm.of(repository.adopted_packs(), units(current_scope(), on=today()), **given)


def _page(form: WaiverForm) -> str:
    return render_template("compliance/waiver_form.html", form=form)


def _may_decide(line: WaiverLine) -> bool:
    waits = line.granted_at is None and line.refused_at is None
    return waits and service.may_decide(actor(), line.asked_by_id, line.since, line.until)


def _decision_page(line: WaiverLine, form: WaiverDecisionForm) -> str:
    rules = {(pack.id, rule.id): rule for pack, rule in repository.every_rule(repository.known_packs())}
    return render_template(
        "compliance/waiver_decision.html",
        line=line,
        rule=rules.get((line.pack, line.rule)),
        form=form,
        may_decide=_may_decide(line),
        mine=line.asked_by_id == actor().person_id,
        long=service.is_long(line.since, line.until),
        days=current_app.config["SETTINGS"].waiver_days,
        state=line.state(today()),
    )


def _withdraw_page(line: WaiverLine, form: WaiverWithdrawForm | AnnulForm, *, annul: bool = False) -> str:
    rules = {(pack.id, rule.id): rule for pack, rule in repository.every_rule(repository.known_packs())}
    return render_template(
        "compliance/waiver_withdraw.html", line=line, rule=rules.get((line.pack, line.rule)), form=form, annul=annul
    )
