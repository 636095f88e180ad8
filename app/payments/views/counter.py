"""At the counter: take money for a case, print the receipt, give money back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Response, abort, current_app, flash, redirect, render_template, url_for
from flask_babel import get_locale
from flask_babel import gettext as _
from htmx_flask import request
from werkzeug.wrappers import Response as Answer

from app.cases.case_page import CaseView, case_view
from app.cases.forms import ActionForm
from app.cases.models import Case, Payment
from app.cases.population import changeable_by
from app.cases.search import case_with_code
from app.core.errors import Conflict, NotFound
from app.organisation.access import actor, allowed, current_scope, signed_in
from app.organisation.calendars import site_calendar
from app.organisation.exports import record_opening
from app.organisation.permissions import Capability
from app.payments import receipt as paper
from app.payments import service
from app.payments.case_section import case_money
from app.payments.forms import RefundForm, TakeForm
from app.payments.views import bp
from app.slips.document import Letterhead, PrintedSlip
from app.slips.printing import RENDERERS, TYPES, press
from app.web import extensions
from app.web.formats import show_money
from app.web.forms import errors_shown_on, number_in

Page = Answer | str | tuple[str, int]


@bp.get("/thu-phi/ho-so")
@allowed(Capability.TAKE_PAYMENTS)
def find() -> Answer:
    """Straight to taking money for the case with the code typed."""
    typed = request.args.get("ma", "").strip()
    case_id = case_with_code(current_scope(), typed) if typed else None
    if case_id is None:
        flash(
            _("Không tìm thấy hồ sơ mang mã %(code)s.", code=typed[:64]) if typed else _("Hãy nhập mã hồ sơ."),
            "warning",
        )
        return redirect(url_for(".summary"))
    return redirect(url_for(".take", case_id=case_id))


# The address of cases.act for this kind: the case's page offers it beside what else may be recorded, and its form
# opens there in the same way.
@bp.route("/ho-so/<int:case_id>/ghi/paid", methods=["GET", "POST"])
@allowed(Capability.TAKE_PAYMENTS)
def take(case_id: int) -> Page:
    """Take money for a case: what remains, unless something else is typed."""
    view = _view(case_id)
    form = TakeForm.of(view)
    if form.validate_on_submit() and (
        case := _done(form, lambda: service.take_payment(current_scope(), actor(), case_id, **form.values()))
    ):
        flash(
            _("Đã thu %(amount)s cho hồ sơ %(code)s.", amount=show_money(form.amount.data), code=case.code), "success"
        )
        return _after(case, printed=form.channel.data.at_counter)
    return _answer("take", view, form)


@bp.route("/ho-so/<int:case_id>/hoan-tra/<int:number>", methods=["GET", "POST"])
@allowed(Capability.TAKE_PAYMENTS)
def refund(case_id: int, number: int) -> Page:
    """Give a payment back, whole or in part."""
    view = _view(case_id)
    payment = _payment(view, number)
    form = RefundForm.of(view, payment)
    if form.validate_on_submit() and (
        case := _done(form, lambda: service.refund_payment(current_scope(), actor(), case_id, number, **form.refund()))
    ):
        flash(_("Đã hoàn trả %(amount)s.", amount=show_money(form.amount.data)), "success")
        return _after(case)
    return _answer("refund", view, form, number=number)


@bp.get("/ho-so/<int:case_id>/bien-lai/<int:number>")
@signed_in
def receipt(case_id: int, number: int) -> str:
    """The receipt of a payment, for printing on A5."""
    return render_template("payments/receipt.html", document=_receipt(case_id, number), case_id=case_id, number=number)


@bp.get("/ho-so/<int:case_id>/bien-lai/<int:number>.<any(pdf,docx):ending>")
@signed_in
def receipt_file(case_id: int, number: int, ending: str) -> Response:
    """The same as a file."""
    document = _receipt(case_id, number)
    assert isinstance(document.letterhead, Letterhead)
    response = Response(RENDERERS[ending]([document]), mimetype=TYPES[ending])
    how = "inline" if ending == "pdf" else "attachment"
    response.headers.set("Content-Disposition", how, filename=f"{document.letterhead.number}.{ending}")
    return response


def _receipt(case_id: int, number: int) -> PrintedSlip:
    view = case_view(current_scope(), case_id, site_calendar(), extensions.now(), get_locale().language)
    payment = _payment(view, number)
    if not payment.receipt_number:
        raise NotFound("Khoản thu này không có biên lai.")
    taken, pressed, settings = view.event(number), press(), current_app.config["SETTINGS"]
    record_opening(actor(), view.case.code, "receipt")
    return paper.receipt(
        view.case,
        payment,
        payment.paid_at.astimezone(pressed.zone),
        taken.recorded_by or taken.actor,
        pressed.house,
        pressed.address(view.case.code),
        paper.Collector(settings.receipt_form, settings.tax_code),
    )


def _view(case_id: int) -> CaseView:
    """The case; a unit that only had it once may look at it, no more."""
    view = case_view(current_scope(), case_id, site_calendar(), extensions.now(), get_locale().language)
    if not view.may_change(current_scope()):
        abort(403)
    return view


def _payment(view: CaseView, number: int) -> Payment:
    for payment in view.payments:
        if payment.event_number == number:
            return payment
    raise NotFound("Không tìm thấy khoản thu này.")


def _done(form: Any, verb: Callable[[], Case]) -> Case | None:
    """The case as changed; None when the service refused, and the form says why."""
    case = None
    with errors_shown_on(form):
        try:
            case = verb()
        except Conflict as error:
            form.conflict = error.field is None  # the case has moved on; not: this transaction is known
            raise
    return case


def _after(case: Case, printed: bool = False) -> Answer:
    """Back to the case, its newest receipt ready to be printed; to the desk when it has left the person's hands."""
    if not changeable_by(current_scope(), case):
        return redirect(url_for("cases.worklist"))
    if printed:  # the link to the receipt takes the focus, which an anchor would take from it
        return redirect(url_for("cases.show", case_id=case.id, bien_lai="moi"))
    return redirect(url_for("cases.show", case_id=case.id, _anchor="phi-le-phi"))


def _answer(name: str, view: CaseView, form: ActionForm, **more: Any) -> Page:
    """The form: a fragment in its place on the case's page, else a page of its own, with what went wrong."""
    meanwhile: list[Any] = []
    if form.is_submitted():  # a refusal has rolled back what was read
        seen = number_in(form.seen.data)
        view = _view(view.case.id)
        if getattr(form, "conflict", False):
            meanwhile = view.since(seen) if seen is not None else []
            form.look_at(view)
    fragment = bool(request.htmx) and request.method == "GET"
    page = render_template(
        f"payments/_{name}.html" if fragment else f"payments/{name}.html",
        view=view,
        form=form,
        money=case_money(view),
        meanwhile=meanwhile,
        payment=_payment(view, more["number"]) if "number" in more else None,
    )
    return (page, 422) if form.errors or form.form_errors else page
