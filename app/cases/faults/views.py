"""The page of mistakes found in a case."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, url_for
from flask_babel import get_locale
from flask_babel import gettext as _
from werkzeug.wrappers import Response as Answer

from app.cases.case_page import case_view
from app.cases.explanations.forms import FaultForm, FaultReasonForm
from app.cases.faults import service
from app.cases.faults.models import FaultSource
from app.cases.views import bp
from app.organisation.access import actor, allowed, can, current_scope, signed_in
from app.organisation.calendars import site_calendar, today
from app.organisation.permissions import Capability
from app.web import extensions
from app.web.formats import label
from app.web.forms import errors_shown_on

Page = str | Answer | tuple[str, int]


@bp.get("/ho-so/<int:case_id>/sai-sot")
@signed_in
def case_faults(case_id: int) -> Page:
    """The mistakes found in a case, and the form that records another."""
    return _page(case_id, _form(formdata=None))


@bp.post("/ho-so/<int:case_id>/sai-sot")
@allowed(Capability.RECORD_FAULTS)
def record_fault(case_id: int) -> Page:
    """Record another."""
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
    return _page(case_id, form), 422


def _form(**how: Any) -> FaultForm:
    form = FaultForm(data={"found_on": today()}, **how)
    form.source.choices = [(source.value, label(source)) for source in FaultSource]
    return form


def _page(case_id: int, form: FaultForm) -> str:
    scope = current_scope()
    view = case_view(scope, case_id, site_calendar(), extensions.now(), get_locale().language)
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
    view = case_view(scope, case_id, site_calendar(), extensions.now(), get_locale().language)
    page = render_template("cases/explanations/fault_withdraw.html", view=view, form=form)
    return page, 422 if form.errors or form.form_errors else 200
