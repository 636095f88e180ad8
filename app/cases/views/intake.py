"""Taking a case in: the form, the procedures that fit a few letters, and what is promised."""

from __future__ import annotations

from datetime import datetime

from flask import flash, redirect, render_template, url_for
from flask_babel import get_locale
from flask_babel import gettext as _
from htmx_flask import request
from werkzeug.wrappers import Response as Answer

from app import extensions
from app.cases import service
from app.cases.forms import IntakeForm, number_in, read_moment
from app.cases.standing import Promise, promise
from app.cases.terms import versions_by_id
from app.cases.timeline import whole
from app.cases.views import bp
from app.errors import DomainError
from app.formats import show_date
from app.forms import errors_shown_on
from app.organisation.access import actor, allowed, current_scope
from app.organisation.calendars import site_calendar
from app.organisation.models import Role
from app.procedures.models import ProcedureVersion
from app.procedures.queries import suggest

ACTORS = (Role.DESK, Role.HEAD)
EVERY_PROCEDURE = 2_000
OFFERED = 12


@bp.route("/ho-so/tiep-nhan", methods=["GET", "POST"])
@allowed(*ACTORS)
def intake() -> Answer | tuple[str, int]:
    """Take a case in."""
    form = IntakeForm.of_desk()
    if form.validate_on_submit():
        with errors_shown_on(form):
            case = service.receive_case(current_scope(), actor(), **form.values())
            day = show_date(case.promised_at)
            flash(_("Đã tiếp nhận hồ sơ %(code)s, hẹn trả ngày %(day)s.", code=case.code, day=day), "success")
            return redirect(url_for(".show", case_id=case.id, moi=1))
    typed = request.args.get("q", "")
    chosen = number_in(request.args.get("version_id")) if request.method == "GET" else form.version_id.data
    versions = _offered(typed, _moment(request.form.get("at")), chosen)
    page = render_template(
        "cases/intake.html",
        form=form,
        typed=typed,
        versions=versions,
        chosen=chosen,
        **_promised(chosen, _moment(request.form.get("at"))),
    )
    return page, 422 if form.errors else 200


@bp.get("/ho-so/tiep-nhan/thu-tuc")
@allowed(*ACTORS)
def intake_procedures() -> Answer | str:
    """The procedures that fit the letters typed so far, the best one chosen."""
    typed = request.args.get("q", "")
    if not request.htmx:
        return redirect(url_for(".intake", q=typed))
    versions = _offered(typed, _moment(request.args.get("at")))
    chosen = versions[0].id if versions and typed.strip() else None
    return render_template("cases/_procedures.html", versions=versions, chosen=chosen, typed=typed, live=True)


@bp.get("/ho-so/tiep-nhan/hen-tra")
@allowed(*ACTORS)
def intake_promise() -> str:
    """The stages, the fee and the promised date of the procedure chosen."""
    chosen = number_in(request.args.get("version_id"))
    return render_template("cases/_promise.html", **_promised(chosen, _moment(request.args.get("at"))))


def _offered(typed: str, at: datetime, chosen: int | None = None) -> list[ProcedureVersion]:
    limit = OFFERED if typed.strip() else EVERY_PROCEDURE
    versions = suggest(current_scope(), typed, site_calendar().local_day(at), limit=limit)
    if chosen is not None and chosen not in {version.id for version in versions}:
        versions = [*_in_scope(chosen), *versions]
    return versions


def _in_scope(version_id: int) -> list[ProcedureVersion]:
    scope, version = current_scope(), versions_by_id([version_id]).get(version_id)
    return [version] if version and version.site == scope.site and scope.covers(version.unit_id) else []


def _promised(version_id: int | None, at: datetime) -> dict[str, ProcedureVersion | Promise | None]:
    """The procedure chosen and what is promised for it, None without one."""
    version = next(iter(_in_scope(version_id)), None) if version_id is not None else None
    if version is None:
        return {"version": None, "promise": None}
    try:
        locale = get_locale().language
        told = promise(site_calendar(), at, whole(version.time_amount), version.time_unit, locale=locale)
    except DomainError:  # a moment that the calendar does not reach
        told = None
    return {"version": version, "promise": told}


def _moment(typed: str | None) -> datetime:
    """The moment of reception typed so far; now, while it cannot be read."""
    try:
        return read_moment(typed or "") or extensions.now()
    except ValueError:
        return extensions.now()
