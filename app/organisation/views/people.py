"""People who sign in: list, add, change, lock, new password."""

from __future__ import annotations

from collections.abc import Callable

from flask import Response, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as Answer

from app.core.errors import DomainError, NotFound
from app.organisation import calendars, queries, second_factor, service, sessions
from app.organisation.access import Actor, actor, allowed, current_scope
from app.organisation.delegations import has_director
from app.organisation.exports import csv_response
from app.organisation.forms import PeopleFilterForm, PersonForm, ResetPasswordForm
from app.organisation.models import Person, Unit
from app.organisation.permissions import Capability
from app.organisation.views import bp
from app.web.formats import label, sentence
from app.web.forms import errors_shown_on


@bp.get("/nguoi-dung")
@allowed(Capability.KEEP_PEOPLE)
def people() -> str:
    """The list, filtered."""
    form = PeopleFilterForm.of(request.args, queries.units(current_scope()))
    return render_template("organisation/people.html", form=form, people=_chosen(form), has_director=has_director())


@bp.get("/nguoi-dung.csv")
@allowed(Capability.KEEP_PEOPLE)
def people_csv() -> Response:
    """The list as a file, with the same filters."""
    chosen = _chosen(PeopleFilterForm.of(request.args, queries.units(current_scope())))
    header = [_("Tên đăng nhập"), _("Họ và tên"), _("Đơn vị"), _("Vai trò"), _("Trạng thái"), _("Đăng nhập gần nhất")]
    return csv_response(
        "nguoi-dung",
        header,
        (
            (
                who.username,
                who.full_name,
                who.unit.name,
                label(who.role),
                _state(who),
                who.last_signed_in_at,
            )
            for who in chosen
        ),
        _("Người dùng"),
    )


@bp.route("/nguoi-dung/them", methods=["GET", "POST"])
@allowed(Capability.KEEP_PEOPLE)
def add_person() -> Answer | tuple[str, int]:
    """Add somebody."""
    form = PersonForm.of(None, _units_to_choose())
    if form.validate_on_submit():
        with errors_shown_on(form):
            who = service.add_person(actor(), **form.values())
            flash(_("Đã thêm người dùng “%(name)s”.", name=who.full_name), "success")
            return redirect(url_for(".people", _anchor=f"person-{who.id}"))
    return render_template("organisation/person_form.html", form=form, who=None), 422 if form.errors else 200


@bp.route("/nguoi-dung/<int:person_id>", methods=["GET", "POST"])
@allowed(Capability.KEEP_PEOPLE)
def edit_person(person_id: int) -> Answer | tuple[str, int]:
    """Change somebody."""
    who = _found(person_id)
    form = PersonForm.of(who, _units_to_choose(who.unit_id))
    if form.validate_on_submit():
        with errors_shown_on(form):
            service.change_person(actor(), who.id, **form.values())
            flash(_("Đã lưu người dùng “%(name)s”.", name=who.full_name), "success")
            return redirect(url_for(".people", _anchor=f"person-{who.id}"))
    shown = {
        "sessions": sessions.of_person(who.id),
        "factor": second_factor.of_person(who.id),
        "codes_left": second_factor.recovery_codes_left(who.id),
    }
    return render_template("organisation/person_form.html", form=form, who=who, **shown), 422 if form.errors else 200


@bp.route("/nguoi-dung/<int:person_id>/mat-khau", methods=["GET", "POST"])
@allowed(Capability.KEEP_PEOPLE)
def reset_password(person_id: int) -> Answer | tuple[str, int]:
    """Give somebody a new password."""
    who, form = _found(person_id), ResetPasswordForm()
    if form.validate_on_submit():
        with errors_shown_on(form):
            service.reset_password(actor(), who.id, form.password.data)
            flash(
                _("Đã đặt lại mật khẩu của “%(name)s”. Mọi phiên đăng nhập cũ đã kết thúc.", name=who.full_name),
                "success",
            )
            return redirect(url_for(".people", _anchor=f"person-{who.id}"))
    return render_template("organisation/person_password.html", form=form, who=who), 422 if form.errors else 200


@bp.post("/nguoi-dung/<int:person_id>/khoa")
@allowed(Capability.KEEP_PEOPLE)
def deactivate_person(person_id: int) -> Answer:
    """Stop somebody from signing in."""
    return _switch(service.deactivate_person, person_id, _("Đã khóa tài khoản."))


@bp.post("/nguoi-dung/<int:person_id>/mo-khoa")
@allowed(Capability.KEEP_PEOPLE)
def reactivate_person(person_id: int) -> Answer:
    """Let somebody sign in again."""
    return _switch(service.reactivate_person, person_id, _("Đã mở khóa tài khoản."))


def _switch(verb: Callable[[Actor, int], Person], person_id: int, done: str) -> Answer:
    try:
        verb(actor(), person_id)
        flash(done, "success")
    except NotFound:
        raise
    except DomainError as error:
        flash(sentence(error), "error")
    return redirect(url_for(".people", _anchor=f"person-{person_id}"))


def _chosen(form: PeopleFilterForm) -> list[Person]:
    return queries.people(current_scope(), text=form.text.data or "", unit_id=form.unit.data, role=form.role.data)


def _found(person_id: int) -> Person:
    who = queries.person(person_id)
    if who is None:
        raise NotFound("Không có người dùng này.")
    return who


def _state(who: Person) -> str:
    return str(_("Đang dùng") if who.active else _("Ngừng dùng"))


def _units_to_choose(also: int | None = None) -> list[Unit]:
    return queries.units_to_choose(current_scope(), calendars.today(), also)
