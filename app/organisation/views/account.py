"""Signing in and out, the home page, one's own account, the language."""

from __future__ import annotations

from typing import cast
from urllib.parse import urlsplit

from flask import Response, current_app, flash, redirect, render_template, request, session, url_for
from flask_babel import get_locale, ngettext
from flask_babel import gettext as _
from flask_login import current_user, login_user, logout_user
from flask_wtf import FlaskForm
from htmx_flask import make_response
from htmx_flask.requests import HtmxAwareRequest
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.wrappers import Response as Answer

from app.core.errors import DomainError, NotFound
from app.organisation import navigation, queries, second_factor, service, sessions, signing_in
from app.organisation.access import actor, allowed, person, signed_in
from app.organisation.attempts import TooManyFailures
from app.organisation.forms import CodeForm, OwnPasswordForm, SignInForm
from app.organisation.models import Person, Role, SignInWay
from app.organisation.navigation import DESK, SECTIONS
from app.organisation.permissions import Capability
from app.organisation.signing_in import Entered, SignInBusy
from app.organisation.views import bp
from app.web.client_address import client_address
from app.web.extensions import LOCALES, login
from app.web.formats import sentence
from app.web.forms import errors_shown_on, number_in
from app.web.guides import GUIDES, guide
from app.web.security import page_of_the_form

WISH, AWAITS_CODE = "wish", "awaits_code"
"""What a browser's cookie keeps on the way in: the page wished for, the token of a session that awaits its code."""


@bp.get("/")
@signed_in
def home() -> Answer:
    """The page on which this person's day begins."""
    return redirect(url_for(navigation.home_endpoint(person().role)))


@bp.route("/dang-nhap", methods=["GET", "POST"])  # for everybody
def sign_in() -> Answer | tuple[str, int] | tuple[str, int, dict[str, str]]:
    """Ask who somebody is; a failed attempt keeps the username, and says no more than that it failed."""
    if current_user.is_authenticated:
        return redirect(url_for(".home"))
    form = SignInForm(next=request.args.get("next", ""))
    wait = 0
    if form.validate_on_submit():
        with errors_shown_on(form):
            try:
                who = signing_in.identify(form.username.data, form.password.data, address=client_address())
                entered = signing_in.enter(who, SignInWay.PASSWORD, address=client_address(), device=device())
                return begin_session(entered, form.next.data)
            except (TooManyFailures, SignInBusy) as error:
                wait = told_to_wait(form, error)
    return answer_at_the_door("organisation/sign_in.html", form, wait, provider=signing_in.is_offered())


@bp.route("/dang-nhap/ma-xac-thuc", methods=["GET", "POST"])  # for everybody
def enter_code() -> Answer | tuple[str, int] | tuple[str, int, dict[str, str]]:
    """Ask for the second factor of somebody whose password was right."""
    waiting = str(session.get(AWAITS_CODE, ""))
    if current_user.is_authenticated or sessions.awaiting_code(waiting) is None:
        return redirect(url_for(".home"))
    form = CodeForm()
    wait = 0
    if form.validate_on_submit():
        with errors_shown_on(form):
            try:
                entered = signing_in.complete(waiting, form.code.data, address=client_address(), device=device())
                return begin_session(entered, session.get(WISH))
            except TooManyFailures as error:
                wait = told_to_wait(form, error)
    return answer_at_the_door("organisation/enter_code.html", form, wait)


@bp.post("/dang-xuat")
@signed_in
def sign_out() -> Answer:
    signing_in.sign_out(person(), address=client_address())
    logout_user()
    session.clear()
    flash(_("Bạn đã đăng xuất."), "success")
    return redirect(url_for(".sign_in"))


@bp.route("/tai-khoan", methods=["GET", "POST"])
@signed_in
def account() -> Answer | tuple[str, int]:
    """One's own account; change the password."""
    form = OwnPasswordForm()
    if form.validate_on_submit() and _changes_password(form):
        flash(_("Đã đổi mật khẩu. Các phiên đăng nhập ở máy khác đã kết thúc."), "success")
        return redirect(url_for(".account"))
    factor = second_factor.of_person(person().id)
    return render_template("organisation/account.html", form=form, factor=factor), 422 if form.errors else 200


# What comes before everything else


@bp.before_app_request
def lead_to_what_comes_first() -> Answer | Response | None:
    """Whoever has a password that somebody else chose, or lacks the second factor that the site asks of their role, is
    led from every page to the one where that is put right."""
    endpoint = request.endpoint
    if endpoint in (None, "static", *ALWAYS_OPEN) or not current_user.is_authenticated:
        return None
    first = what_comes_first()
    if first is None or endpoint in LEADS_THROUGH[first]:
        return None
    if cast(HtmxAwareRequest, request).htmx:
        return cast(Response, make_response("", 401, redirect=url_for(first)))
    if request.method == "GET":
        session.setdefault(WISH, request.full_path.rstrip("?"))
    return redirect(url_for(first))


def what_comes_first() -> str | None:
    """The endpoint that the person signed in has to go through before any other; None: nothing is to be done."""
    here = sessions.here()
    if here is None:
        return None
    if here.person.must_change_password and here.session.way is SignInWay.PASSWORD:
        return "organisation.new_password"
    if second_factor.is_required_of(here.person) and not here.has_second_factor:
        return "organisation.second_factor_page"
    return None


ALWAYS_OPEN = frozenset({"organisation.sign_out", "organisation.set_language"})
LEADS_THROUGH = {
    "organisation.new_password": frozenset({"organisation.new_password"}),
    "organisation.second_factor_page": frozenset(
        {
            "organisation.second_factor_page",
            "organisation.begin_second_factor",
            "organisation.confirm_second_factor",
        }
    ),
}


@bp.route("/tai-khoan/mat-khau-moi", methods=["GET", "POST"])
@signed_in
def new_password() -> Answer | tuple[str, int]:
    """Choose a password of one's own in place of the one that somebody else chose."""
    if not person().must_change_password:
        return redirect(url_for(".account"))
    form = OwnPasswordForm()
    if form.validate_on_submit() and _changes_password(form):
        flash(_("Đã đổi mật khẩu. Từ nay chỉ mình bạn biết mật khẩu này."), "success")
        return redirect(wish_kept() or url_for(".home"))
    return render_template("organisation/new_password.html", form=form, bare=True), 422 if form.errors else 200


def _changes_password(form: OwnPasswordForm) -> bool:
    with errors_shown_on(form):
        service.change_own_password(
            actor(), person().id, current=form.current.data, new=form.password.data, keeping=sessions.here_id()
        )
    return not form.errors


# Language, and the way in


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
        flash(
            _(
                "Phiên đăng nhập đã hết nên việc vừa gửi chưa được ghi. Nội dung đã nhập được giữ trên máy này: "
                "đăng nhập lại là còn nguyên."
            ),
            "warning",
        )
    wish = own_path(wish) or ""
    target = url_for("organisation.sign_in", next=wish) if wish.strip("/") else url_for("organisation.sign_in")
    return cast(Response, make_response("", 401, redirect=target)) if asked_by_htmx else redirect(target)


login.login_view = "organisation.sign_in"
login.user_loader(sessions.person_of)
login.session_protection = None  # a session is its token, and ends here; an address or a browser proves nothing
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


def begin_session(entered: Entered, wish: str | None) -> Answer:
    """The browser gets its token; nothing that a stranger put into its cookie is kept but the language chosen there."""
    chosen = session.get("locale")
    session.clear()
    if chosen:
        session["locale"] = chosen
    session.permanent = True
    wish = own_path(wish)
    if entered.awaits_code:
        session[AWAITS_CODE] = entered.token
        if wish:
            session[WISH] = wish
        return redirect(url_for("organisation.enter_code"))
    login_user(sessions.person_of(entered.token))
    return redirect(wish or url_for("organisation.home"))


def wish_kept() -> str | None:
    """The page that somebody wished for before something else came first."""
    return own_path(session.pop(WISH, None))


def told_to_wait(form: FlaskForm, error: TooManyFailures | SignInBusy) -> int:
    """Put the sentence on the form; the seconds to wait."""
    form.form_errors.append(sentence(error))
    return error.seconds if isinstance(error, TooManyFailures) else 3


def answer_at_the_door(
    template: str, form: FlaskForm, wait: int, **shown: object
) -> tuple[str, int] | tuple[str, int, dict[str, str]]:
    """The page with its form; 429 and when to come back for whoever has to wait."""
    page = render_template(template, form=form, **shown)
    return (page, 429, {"Retry-After": str(wait)}) if wait else (page, 422 if form.errors else 200)


def device() -> str:
    """What the browser calls itself."""
    return request.user_agent.string


@bp.after_app_request
def note_that_the_session_is_used(response: Response) -> Response:
    """At most every five minutes, once the answer has gone out: no page waits for the database's writer for this."""
    late = sessions.seen_long_ago() if request.endpoint != "static" else None
    if late is not None:
        app = current_app._get_current_object()  # type: ignore[attr-defined]

        def note() -> None:
            with app.app_context():
                try:
                    sessions.note_seen(late)
                except (SQLAlchemyError, DomainError) as error:  # nothing may be written now, or nothing can
                    app.logger.warning("a session's last use was not written: %s", type(error).__name__)

        response.call_on_close(note)
    return response


@bp.get("/tai-khoan/phien")
@signed_in
def own_sessions() -> str:
    """The machines on which one is signed in."""
    found = sessions.of_person(person().id)
    return render_template("organisation/own_sessions.html", sessions=found, here=sessions.here_id())


@bp.post("/tai-khoan/phien/<int:session_id>/ket-thuc")
@signed_in
def end_own_session(session_id: int) -> Answer:
    """Sign out on one machine."""
    return _end(person(), session_id, url_for(".own_sessions"))


@bp.post("/tai-khoan/phien/ket-thuc-khac")
@signed_in
def end_other_sessions() -> Answer:
    """Sign out everywhere but here."""
    _tell(sessions.end_all(actor(), person(), but=sessions.here_id()))
    return redirect(url_for(".own_sessions"))


@bp.post("/nguoi-dung/<int:person_id>/phien/<int:session_id>/ket-thuc")
@allowed(Capability.KEEP_PEOPLE)
def end_session_of(person_id: int, session_id: int) -> Answer:
    """End one session of somebody."""
    return _end(queries.the_person(person_id), session_id, url_for(".edit_person", person_id=person_id))


@bp.post("/nguoi-dung/<int:person_id>/phien/ket-thuc")
@allowed(Capability.KEEP_PEOPLE)
def end_sessions_of(person_id: int) -> Answer:
    """End every session of somebody."""
    _tell(sessions.end_all(actor(), queries.the_person(person_id)))
    return redirect(url_for(".edit_person", person_id=person_id))


@bp.post("/nguoi-dung/<int:person_id>/xac-thuc/dat-lai")
@allowed(Capability.KEEP_PEOPLE)
def reset_second_factor(person_id: int) -> Answer:
    """Forget somebody's authenticator, as when their telephone is lost."""
    who = queries.the_person(person_id)
    try:
        second_factor.reset(actor(), who)
        flash(_("Đã đặt lại xác thực hai lớp của “%(name)s”.", name=who.full_name), "success")
    except DomainError as error:
        flash(sentence(error), "error")
    return redirect(url_for(".edit_person", person_id=person_id))


def _end(who: Person, session_id: int, page: str) -> Answer:
    """One session; this one too: whoever ends it is asked to sign in by the page that follows."""
    sessions.end(actor(), who, session_id)
    _tell(1)
    return redirect(page)


def _tell(ended: int) -> None:
    flash(ngettext("Đã kết thúc %(num)s phiên đăng nhập.", "Đã kết thúc %(num)s phiên đăng nhập.", ended), "success")


# Help inside the site: of each page its section of the guide, in the reader's language; and the guides whole.

GUIDE_OF = {
    Role.DESK: DESK,
    Role.HEAD: "head",
    Role.DIRECTOR: "director",
    Role.INSPECTOR: "inspector",
    Role.ADMIN: "units",
}


@bp.get("/tro-giup", endpoint="help")
@signed_in
def show_help() -> str:
    """A guide, or one section of it (`muc`); without a name that of the reader's role."""
    name, chosen = request.args.get("sach", ""), number_in(request.args.get("muc"))
    if name not in GUIDES:
        name = GUIDE_OF[person().role]
    language = get_locale().language
    shown = guide(name, language)
    titles = [(each, found.title) for each in GUIDES if (found := guide(each, language))]
    sections = shown.sections if shown else ()
    section = sections[chosen] if chosen is not None and 0 <= chosen < len(sections) else None
    return render_template("organisation/help.html", guide=shown, name=name, titles=titles, section=section)


@bp.app_template_global()
def help_address() -> str:
    """Where the page that is shown is explained."""
    endpoint = request.endpoint or ""
    fitting = [begins for begins in SECTIONS if endpoint.startswith(begins)]
    if not fitting:
        return url_for("organisation.help")
    name, section = SECTIONS[max(fitting, key=len)]
    return url_for("organisation.help", sach=name, muc=section)
