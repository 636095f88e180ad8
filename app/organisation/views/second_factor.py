"""One's own second factor: enrol an authenticator, recovery codes, do without it again."""

from __future__ import annotations

from flask import current_app, flash, redirect, render_template, request, session, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response as Answer

from app.core.errors import DomainError, NotFound
from app.organisation import second_factor, signing_in
from app.organisation.access import actor, person, signed_in
from app.organisation.forms import CodeForm
from app.organisation.models import SignInWay
from app.organisation.views import account, bp
from app.organisation.views.account import WISH, begin_session, device, own_path, wish_kept
from app.web.client_address import client_address
from app.web.formats import sentence
from app.web.forms import errors_shown_on


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


@bp.get("/dang-nhap/tinh")  # for everybody
def sign_in_at_provider() -> Answer:
    """To the provider; what it needs to know again afterwards goes along in the browser's cookie."""
    _refuse_without()
    if current_user.is_authenticated:
        return redirect(url_for(".home"))
    try:
        answer = signing_in.send_there(_return_address())
    except signing_in.ProviderFailed as error:
        flash(sentence(error), "error")
        return redirect(url_for(".sign_in"))
    if wish := own_path(request.args.get("next")):
        session[WISH] = wish
    return answer


@bp.get("/dang-nhap/tinh/tro-ve")  # for everybody
def back_from_provider() -> Answer:
    """What the provider says of whoever comes back: an account of this site, or a sentence."""
    _refuse_without()
    if current_user.is_authenticated:
        return redirect(url_for(".home"))
    try:
        who = signing_in.person_of(signing_in.claims_of_answer())
    except signing_in.ProviderFailed as error:
        flash(sentence(error), "error")
        return redirect(url_for(".sign_in"))
    except signing_in.NotBound as error:
        signing_in.refuse_unbound(error.person, client_address())
        flash(sentence(error), "error")
        return redirect(url_for(".sign_in"))
    entered = signing_in.enter(who, SignInWay.PROVIDER, address=client_address(), device=device())
    return begin_session(entered, wish_kept())


def _return_address() -> str:
    """As it is registered at the provider: on the address that people type, where the site knows it."""
    known = str(current_app.config["SETTINGS"].site_address).rstrip("/")
    path = url_for("organisation.back_from_provider")
    return known + path if known else url_for("organisation.back_from_provider", _external=True)


def _refuse_without() -> None:
    if not signing_in.is_offered():
        raise NotFound("Cơ quan chưa nối với nơi cấp tài khoản của tỉnh.")
