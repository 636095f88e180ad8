"""Signing in and out, the home page, one's own account, the language."""

from __future__ import annotations

from typing import cast
from urllib.parse import urlsplit

from flask import Response, current_app, flash, redirect, render_template, request, session, url_for
from flask_babel import gettext as _
from flask_login import current_user, login_user, logout_user
from htmx_flask import make_response
from htmx_flask.requests import HtmxAwareRequest
from werkzeug.wrappers import Response as Answer

from app import navigation
from app.errors import NotFound
from app.extensions import LOCALES, limiter, login
from app.forms import errors_shown_on
from app.organisation import service, signing_in
from app.organisation.access import actor, allowed, person
from app.organisation.forms import OwnPasswordForm, SignInForm
from app.organisation.models import Person
from app.organisation.views import bp
from app.security import page_of_the_form


@bp.get("/")
@allowed()
def home() -> Answer:
    """The page on which this person's day begins."""
    return redirect(url_for(navigation.home_endpoint(person().role)))


@bp.route("/dang-nhap", methods=["GET", "POST"])  # for everybody
@limiter.limit(
    lambda: current_app.config["SETTINGS"].sign_in_limit,
    methods=["POST"],
    deduct_when=lambda response: response.status_code >= 400,  # an office behind one address signs in at 7:30
)
def sign_in() -> Answer | tuple[str, int]:
    """Ask who somebody is; a failed attempt keeps the username, and says no more than that it failed."""
    if current_user.is_authenticated:
        return redirect(url_for(".home"))
    form = SignInForm(next=request.args.get("next", ""))
    if form.validate_on_submit():
        with errors_shown_on(form):
            who = signing_in.sign_in(form.username.data, form.password.data, address=_address())
            _begin_session(who)
            return redirect(own_path(form.next.data) or url_for(".home"))
    return render_template("organisation/sign_in.html", form=form), 422 if form.errors else 200


@bp.post("/dang-xuat")
@allowed()
def sign_out() -> Answer:
    """End the session."""
    signing_in.sign_out(person(), address=_address())
    logout_user()
    session.clear()
    flash(_("Bạn đã đăng xuất."), "success")
    return redirect(url_for(".sign_in"))


@bp.route("/tai-khoan", methods=["GET", "POST"])
@allowed()
def account() -> Answer | tuple[str, int]:
    """One's own account; change the password."""
    form = OwnPasswordForm()
    if form.validate_on_submit():
        with errors_shown_on(form):
            who = service.change_own_password(actor(), person().id, current=form.current.data, new=form.password.data)
            login_user(who)  # this session goes on under the new stamp; all others have ended
            flash(_("Đã đổi mật khẩu. Các phiên đăng nhập ở máy khác đã kết thúc."), "success")
            return redirect(url_for(".account"))
    return render_template("organisation/account.html", form=form), 422 if form.errors else 200


@bp.post("/ngon-ngu/<lang>")  # for everybody
def set_language(lang: str) -> Answer:
    """Read in this language from now on, and go back to the page."""
    if lang not in LOCALES:
        raise NotFound("Không có ngôn ngữ này.")
    session["locale"] = lang
    if current_user.is_authenticated:
        service.choose_language(person().id, lang)
    return redirect(own_path(request.values.get("next")) or own_path(_path_of(request.referrer)) or url_for(".home"))


def ask_to_sign_in() -> Answer | Response:
    """To the sign-in page, keeping the wish; an HTMX request is sent there whole, not given the page as a fragment.

    What was sent by a form is not done: the form is shown again afterwards, with what the browser kept of it.
    """
    asked_by_htmx = cast(HtmxAwareRequest, request).htmx
    if asked_by_htmx:
        wish = _path_of(asked_by_htmx.current_url)
    elif request.method in ("GET", "HEAD"):
        wish = request.full_path.rstrip("?")
    else:
        wish = page_of_the_form() or ""
        flash(_("Phiên đăng nhập đã hết nên việc vừa gửi chưa được ghi. Hãy đăng nhập lại để làm tiếp."), "warning")
    wish = own_path(wish) or ""
    target = url_for("organisation.sign_in", next=wish) if wish.strip("/") else url_for("organisation.sign_in")
    return cast(Response, make_response("", 401, redirect=target)) if asked_by_htmx else redirect(target)


login.login_view = "organisation.sign_in"
login.user_loader(signing_in.person_of_session)
login.unauthorized_handler(ask_to_sign_in)


def own_path(target: str | None) -> str | None:
    """The target if it is a path of this site, else None: nobody is sent to a stranger's page."""
    if not target or not target.startswith("/") or target.startswith("//"):
        return None
    if "\\" in target or any(ord(letter) < 33 or ord(letter) == 127 for letter in target):
        return None
    parts = urlsplit(target)
    return target if not parts.scheme and not parts.netloc else None


def _path_of(url: str | None) -> str:
    """Path and query of an address of this host, or nothing."""
    parts = urlsplit(url or "")
    if parts.netloc != request.host:
        return ""
    return parts.path + (f"?{parts.query}" if parts.query else "")


def _begin_session(who: Person) -> None:
    """A new session: nothing of a stranger's is kept but the language chosen at the door."""
    chosen = session.get("locale")
    session.clear()
    if chosen:
        session["locale"] = chosen
    session.permanent = True
    login_user(who)


def _address() -> str:
    return request.remote_addr or ""
