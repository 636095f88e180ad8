"""Acting for the Director: who does, giving it, taking it back."""

from __future__ import annotations

from flask import flash, redirect, render_template, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as Answer

from app.organisation import calendars
from app.organisation import delegations as service
from app.organisation.access import actor, allowed
from app.organisation.forms import DelegationForm, EndDelegationForm
from app.organisation.models import DelegationKind
from app.organisation.permissions import Capability
from app.organisation.views import bp
from app.web.forms import errors_shown_on

Page = str | Answer | tuple[str, int]


@bp.get("/giao-quyen")
@allowed(Capability.DELEGATE)
def delegations() -> str:
    """Everybody who acts, acted or will act for the Director."""
    return render_template("organisation/delegations.html", delegations=service.delegations(), today=calendars.today())


@bp.route("/giao-quyen/moi", methods=["GET", "POST"])
@allowed(Capability.DELEGATE)
def delegate() -> Page:
    """Let somebody act for the Director."""
    people = service.who_may_act()
    form = DelegationForm.of(people, calendars.today())
    if form.validate_on_submit():
        with errors_shown_on(form):
            given = service.delegate(
                actor(),
                form.person.data,
                DelegationKind(form.form.data),
                form.valid_from.data,
                form.valid_to.data,
                form.reason.data or "",
            )
            flash(_("Đã giao quyền cho “%(name)s”.", name=given.person.full_name), "success")
            return redirect(url_for(".delegations"))
    return render_template("organisation/delegation_form.html", form=form, people=people), 422 if form.errors else 200


@bp.route("/giao-quyen/<int:delegation_id>/thoi", methods=["GET", "POST"])
@allowed(Capability.DELEGATE)
def end_delegation(delegation_id: int) -> Page:
    """Take it back."""
    found, form = service.delegation(delegation_id), EndDelegationForm()
    if form.validate_on_submit():
        with errors_shown_on(form):
            service.end_delegation(actor(), delegation_id, form.reason.data or "")
            flash(_("Đã thôi giao quyền."), "success")
            return redirect(url_for(".delegations"))
    wrong = bool(form.errors or form.form_errors)
    return render_template("organisation/delegation_end.html", form=form, delegation=found), 422 if wrong else 200
