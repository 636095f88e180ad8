"""One's own second factor: enrol an authenticator, recovery codes, do without it again."""

from __future__ import annotations

from flask import flash, redirect, render_template, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as Answer

from app.client_address import client_address
from app.errors import DomainError
from app.formats import sentence
from app.forms import errors_shown_on
from app.organisation import second_factor
from app.organisation.access import actor, person, signed_in
from app.organisation.forms import CodeForm
from app.organisation.views import account, bp


@bp.get("/tai-khoan/xac-thuc")
@signed_in
def second_factor_page() -> str:
    """How it stands, and what may be done."""
    return _page(CodeForm())


@bp.post("/tai-khoan/xac-thuc/bat-dau")
@signed_in
def begin_second_factor() -> Answer:
    """A new secret for an authenticator."""
    try:
        second_factor.begin(actor(), person())
    except DomainError as error:
        flash(sentence(error), "error")
    return redirect(url_for(".second_factor_page"))


@bp.post("/tai-khoan/xac-thuc/xac-nhan")
@signed_in
def confirm_second_factor() -> str | tuple[str, int]:
    """The first code: from now on one is asked for. The recovery codes are on this answer and nowhere else."""
    form = CodeForm()
    if form.validate_on_submit():
        with errors_shown_on(form):
            codes = second_factor.confirm(actor(), person(), form.code.data, address=client_address())
            return _codes(codes)
    return _page(form), 422


@bp.post("/tai-khoan/xac-thuc/ma-du-phong")
@signed_in
def renew_recovery_codes() -> str | tuple[str, int]:
    """New recovery codes in place of the old."""
    form = CodeForm()
    if form.validate_on_submit():
        with errors_shown_on(form):
            return _codes(
                second_factor.renew_recovery_codes(actor(), person(), form.code.data, address=client_address())
            )
    return _page(form), 422


@bp.post("/tai-khoan/xac-thuc/bo")
@signed_in
def remove_second_factor() -> Answer | tuple[str, int]:
    """Do without it."""
    form = CodeForm()
    if form.validate_on_submit():
        with errors_shown_on(form):
            second_factor.remove(actor(), person(), form.code.data, address=client_address())
            flash(_("Đã bỏ xác thực hai lớp."), "success")
            return redirect(url_for(".account"))
    return _page(form), 422


def _page(form: CodeForm) -> str:
    who = person()
    factor = second_factor.of_person(who.id)
    return render_template(
        "organisation/second_factor.html",
        form=form,
        factor=factor,
        enrolment=second_factor.enrolment(who),
        codes_left=second_factor.recovery_codes_left(who.id),
        required=second_factor.is_required_of(who),
        bare=account.what_comes_first() is not None,
    )


def _codes(codes: list[str]) -> str:
    return render_template("organisation/recovery_codes.html", codes=codes, onward=account.wish_kept(), bare=True)
