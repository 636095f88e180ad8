"""Signing in through the province's OpenID Connect provider: to it, and back from it."""

from __future__ import annotations

from flask import current_app, flash, redirect, request, session, url_for
from flask_login import current_user
from werkzeug.wrappers import Response as Answer

from app.client_address import client_address
from app.errors import NotFound
from app.formats import sentence
from app.organisation import openid, signing_in
from app.organisation.models import SignInWay
from app.organisation.views import bp
from app.organisation.views.account import WISH, begin_session, device, own_path, wish_kept


@bp.get("/dang-nhap/tinh")  # for everybody
def sign_in_at_provider() -> Answer:
    """To the provider; what it needs to know again afterwards goes along in the browser's cookie."""
    _refuse_without()
    if current_user.is_authenticated:
        return redirect(url_for(".home"))
    try:
        answer = openid.send_there(_return_address())
    except openid.ProviderFailed as error:
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
        who = openid.person_of(openid.claims_of_answer())
    except openid.ProviderFailed as error:
        flash(sentence(error), "error")
        return redirect(url_for(".sign_in"))
    except openid.NotBound as error:
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
    if not openid.is_offered():
        raise NotFound("Cơ quan chưa nối với nơi cấp tài khoản của tỉnh.")
