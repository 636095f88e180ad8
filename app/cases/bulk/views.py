"""Actions on many cases of a list, and the filters a person saves."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.wrappers import Response as Answer

from app.cases.bulk import service
from app.cases.bulk.models import BulkAction, BulkCaseState
from app.cases.vocabulary import EventKind
from app.core.errors import DomainError, NotFound
from app.desk import service as saved
from app.organisation.access import actor, allowed, current_scope, signed_in, whole_site
from app.organisation.calendars import today
from app.organisation.permissions import Capability
from app.organisation.queries import units_to_choose
from app.web.formats import sentence
from app.web.forms import number_in, numbers_in

bp = Blueprint("desk_lists", __name__)
PAGES = {"cases.list": "/ho-so"}  # lists whose filters are saved, and where they stand

Page = Answer | tuple[str, int]


@bp.post("/ho-so/nhieu")
@allowed(Capability.HANDLE_CASES)
def choose() -> Answer:
    """From the boxes ticked in a list to what the action would do to each."""
    kind = _kind(request.form.get("kind", ""))
    chosen = numbers_in(request.form.getlist("case"), service.MOST + 1)
    return redirect(url_for(".preview", kind=kind, case=chosen))


@bp.get("/ho-so/nhieu/<kind>")
@allowed(Capability.HANDLE_CASES)
def preview(kind: str) -> Page:
    """What the action would do to each case chosen, and to which it cannot be done."""
    return _preview(_kind(kind), numbers_in(request.args.getlist("case"), service.MOST + 1))


@bp.post("/ho-so/nhieu/<kind>")
@allowed(Capability.HANDLE_CASES)
def carry_out(kind: str) -> Page:
    """Do it to the cases that were looked at."""
    wanted, chosen = _kind(kind), _all_seen(request.form.getlist("chosen"))
    try:
        note = request.form.get("note", "")
        action = service.carry_out(current_scope(), actor(), wanted, chosen, _data(wanted), note)
    except NotFound:
        raise
    except DomainError as error:
        return _preview(wanted, [case_id for case_id, _revision in chosen], sentence(error))
    _say_done(action)
    return redirect(url_for(".done", action_id=action.id))


@bp.get("/ho-so/nhieu/lan/<int:action_id>")
@allowed(Capability.HANDLE_CASES)
def done(action_id: int) -> str:
    """What an action did, left out and has not come to; from here it goes on where it was cut off, or is taken back."""
    action = service.action_of(actor(), action_id)
    return render_template("cases/bulk/done.html", action=action, kind=EventKind(action.kind), states=BulkCaseState)


@bp.post("/ho-so/nhieu/lan/<int:action_id>/lam-tiep")
@allowed(Capability.HANDLE_CASES)
def go_on(action_id: int) -> Answer:
    """Do what an action, or taking it back, had not come to when it was cut off."""
    action = service.go_on(current_scope(), actor(), action_id)
    _say_undone(action) if action.undoing_at else _say_done(action)
    return redirect(url_for(".done", action_id=action_id))


@bp.post("/ho-so/nhieu/lan/<int:action_id>/hoan-tac")
@allowed(Capability.HANDLE_CASES)
def undo(action_id: int) -> Answer:
    """Take an action back, once."""
    try:
        _say_undone(service.undo(current_scope(), actor(), action_id))
    except NotFound:
        raise
    except DomainError as error:
        flash(sentence(error), "error")
    return redirect(url_for(".done", action_id=action_id))


def _say_done(action: BulkAction) -> None:
    n = len(action.those(BulkCaseState.DONE))
    flash(ngettext("Đã làm với %(num)s hồ sơ.", "Đã làm với %(num)s hồ sơ.", n), "success" if n else "warning")


def _say_undone(action: BulkAction) -> None:
    n, kept = len(action.those(BulkCaseState.UNDONE)), len(action.those(BulkCaseState.KEPT))
    flash(ngettext("Đã hoàn tác %(num)s hồ sơ.", "Đã hoàn tác %(num)s hồ sơ.", n), "success" if n else "warning")
    if kept:
        flash(ngettext("Giữ nguyên %(num)s hồ sơ.", "Giữ nguyên %(num)s hồ sơ.", kept), "warning")


@bp.app_context_processor
def unfinished_actions() -> dict[str, Any]:
    """For the lists from which actions are begun: those of this person that were cut off."""
    return {"unfinished_actions": lambda: service.unfinished(actor().person_id)}


@bp.post("/bo-loc")
@signed_in
def save_filter() -> Answer:
    """Keep the filters of the list under a name."""
    page, query = request.form.get("page", ""), request.form.get("query", "")
    if page not in PAGES:
        raise NotFound("Danh sách này không lưu được bộ lọc.")
    try:
        kept = saved.save_filter(actor(), page, request.form.get("name", ""), query)
        flash(_("Đã lưu bộ lọc “%(name)s”.", name=kept.name), "success")
    except DomainError as error:
        flash(sentence(error), "error")
    return redirect(f"{PAGES[page]}?{saved.without_place(query)}")


@bp.post("/bo-loc/<int:filter_id>/xoa")
@signed_in
def remove_filter(filter_id: int) -> Answer:
    kept = saved.remove_filter(actor(), filter_id)
    flash(_("Đã xóa bộ lọc “%(name)s”.", name=kept.name), "success")
    return redirect(PAGES[kept.page])


def _kind(kind: str) -> EventKind:
    if kind not in set(service.KINDS):
        raise NotFound("Việc này không làm được với nhiều hồ sơ.")
    return EventKind(kind)


def _all_seen(texts: list[str]) -> list[tuple[int, int]]:
    return [seen for text in texts[: service.MOST + 1] if (seen := _seen(text))]


def _seen(text: str) -> tuple[int, int] | None:
    case_id, _colon, revision = text.partition(":")
    case, seen = number_in(case_id), number_in(revision)
    return None if case is None or seen is None else (case, seen)


def _data(kind: EventKind) -> dict[str, Any]:
    if kind is not EventKind.HANDED_OVER:
        return {}
    return service.hand_over_data(whole_site(), request.values.get("unit", ""), request.values.get("officer", ""))


def _preview(kind: EventKind, case_ids: list[int], refused: str = "") -> Page:
    found: list[service.Prospect] = []
    try:
        found = service.prospects(current_scope(), actor(), kind, case_ids, _data(kind))
    except NotFound:
        raise
    except DomainError as error:
        refused = refused or sentence(error)
    page = render_template(
        "cases/bulk/preview.html",
        kind=kind,
        possible=[each for each in found if each.refusal is None],
        impossible=[(each, sentence(each.refusal)) for each in found if each.refusal is not None],
        refused=refused,
        units=units_to_choose(whole_site(), today()) if kind is EventKind.HANDED_OVER else [],
    )
    return page, 422 if refused else 200
