"""Where somebody is signed in: a person sees and ends their own sessions, an administrator those of a person."""

from __future__ import annotations

from flask import flash, redirect, render_template, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.wrappers import Response as Answer

from app.errors import DomainError, NotFound
from app.formats import sentence
from app.organisation import queries, second_factor, sessions
from app.organisation.access import actor, allowed, person, signed_in
from app.organisation.models import Person
from app.organisation.permissions import Capability
from app.organisation.views import bp


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
    return _end(_found(person_id), session_id, url_for(".edit_person", person_id=person_id))


@bp.post("/nguoi-dung/<int:person_id>/phien/ket-thuc")
@allowed(Capability.KEEP_PEOPLE)
def end_sessions_of(person_id: int) -> Answer:
    """End every session of somebody."""
    _tell(sessions.end_all(actor(), _found(person_id)))
    return redirect(url_for(".edit_person", person_id=person_id))


@bp.post("/nguoi-dung/<int:person_id>/xac-thuc/dat-lai")
@allowed(Capability.KEEP_PEOPLE)
def reset_second_factor(person_id: int) -> Answer:
    """Forget somebody's authenticator, as when their telephone is lost."""
    who = _found(person_id)
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


def _found(person_id: int) -> Person:
    who = queries.person(person_id)
    if who is None:
        raise NotFound("Không có người dùng này.")
    return who
