"""The tree of units: list, add, change, close."""

from __future__ import annotations

from flask import Response, flash, redirect, render_template, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as Answer

from app.core.errors import DomainError, NotFound
from app.organisation import calendars, queries, service
from app.organisation.access import actor, allowed, current_scope
from app.organisation.exports import csv_response
from app.organisation.forms import CloseUnitForm, UnitForm
from app.organisation.models import Unit
from app.organisation.permissions import Capability
from app.organisation.views import bp
from app.web.formats import label, sentence
from app.web.forms import errors_shown_on


@bp.get("/don-vi")
@allowed(Capability.KEEP_UNITS)
def units() -> str:
    """The tree."""
    return render_template("organisation/units.html", rows=queries.unit_tree(current_scope()))


@bp.get("/don-vi.csv")
@allowed(Capability.KEEP_UNITS)
def units_csv() -> Response:
    """The tree as a file."""
    header = [_("Mã"), _("Tên đơn vị"), _("Loại"), _("Đường dẫn"), _("Tên gọi khác"), _("Từ ngày"), _("Đến ngày")]
    return csv_response(
        "don-vi",
        header,
        (
            (u.code, u.name, label(u.kind), u.path, _aliases(u), u.valid_from, u.valid_to)
            for u in queries.units(current_scope())
        ),
    )


@bp.route("/don-vi/them", methods=["GET", "POST"])
@allowed(Capability.KEEP_UNITS)
def add_unit() -> Answer | tuple[str, int]:
    """Add a unit."""
    form = UnitForm.of(None, _units_to_choose())
    if form.validate_on_submit():
        with errors_shown_on(form):
            unit = service.add_unit(actor(), **form.values())
            flash(_("Đã thêm đơn vị “%(name)s”.", name=unit.name), "success")
            return redirect(url_for(".units", _anchor=f"unit-{unit.id}"))
    return render_template("organisation/unit_form.html", form=form, unit=None), 422 if form.errors else 200


@bp.route("/don-vi/<int:unit_id>", methods=["GET", "POST"])
@allowed(Capability.KEEP_UNITS)
def edit_unit(unit_id: int) -> Answer | tuple[str, int]:
    """Change a unit: name, aliases, place in the tree."""
    unit = _found(unit_id)
    above = [other for other in _units_to_choose(unit.parent_id) if not other.path.startswith(unit.path)]
    form = UnitForm.of(unit, above)
    if form.validate_on_submit():
        with errors_shown_on(form):
            service.change_unit(actor(), unit.id, **form.values())
            flash(_("Đã lưu đơn vị “%(name)s”.", name=unit.name), "success")
            return redirect(url_for(".units", _anchor=f"unit-{unit.id}"))
    return render_template("organisation/unit_form.html", form=form, unit=unit), 422 if form.errors else 200


@bp.route("/don-vi/<int:unit_id>/dong", methods=["GET", "POST"])
@allowed(Capability.KEEP_UNITS)
def close_unit(unit_id: int) -> Answer | tuple[str, int]:
    """Close a unit, saying who takes over."""
    unit, form = _found(unit_id), CloseUnitForm()
    if form.validate_on_submit():
        with errors_shown_on(form):
            service.close_unit(actor(), unit.id, valid_to=form.valid_to.data, succession_note=form.succession_note.data)
            flash(_("Đã đóng đơn vị “%(name)s”.", name=unit.name), "success")
            return redirect(url_for(".units", _anchor=f"unit-{unit.id}"))
    people = queries.active_people_in([unit.id])
    page = render_template("organisation/unit_close.html", form=form, unit=unit, people=people)
    return page, 422 if form.errors else 200


@bp.post("/don-vi/<int:unit_id>/mo-lai")
@allowed(Capability.KEEP_UNITS)
def reopen_unit(unit_id: int) -> Answer:
    """Take back the closing of a unit."""
    try:
        unit = service.reopen_unit(actor(), unit_id)
        flash(_("Đã mở lại đơn vị “%(name)s”.", name=unit.name), "success")
    except NotFound:
        raise
    except DomainError as error:
        flash(sentence(error), "error")
    return redirect(url_for(".units", _anchor=f"unit-{unit_id}"))


def _found(unit_id: int) -> Unit:
    unit = queries.unit(unit_id)
    if unit is None:
        raise NotFound("Không có đơn vị này.")
    return unit


def _aliases(unit: Unit) -> str:
    return "; ".join(sorted(alias.alias for alias in unit.aliases))


def _units_to_choose(also: int | None = None) -> list[Unit]:
    return queries.units_to_choose(current_scope(), calendars.today(), also)
