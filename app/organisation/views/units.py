"""The tree of units: list, add, change, rename, and their end."""

from __future__ import annotations

from flask import Response, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as Answer

from app.core.errors import DomainError, NotFound
from app.organisation import calendars, queries, service, succession
from app.organisation.access import actor, allowed, current_scope
from app.organisation.exports import csv_response
from app.organisation.forms import RenamingForm, SuccessionForm, UnitForm
from app.organisation.lineage import ONE_DAY
from app.organisation.models import Unit
from app.organisation.permissions import Capability
from app.organisation.views import bp
from app.web.formats import label, sentence
from app.web.forms import errors_shown_on


@bp.get("/don-vi")
@allowed(Capability.KEEP_UNITS)
def units() -> str:
    """The tree."""
    rows = queries.unit_tree(current_scope())
    ended = succession.ended(row.unit for row in rows)
    return render_template("organisation/units.html", rows=rows, ended=ended, one_day=ONE_DAY)


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
        _("Đơn vị"),
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
    shown = {"form": form, "unit": unit, "ended": succession.ended([unit]), "one_day": ONE_DAY}
    return render_template("organisation/unit_form.html", **shown), 422 if form.errors else 200


@bp.route("/don-vi/<int:unit_id>/ke-thua", methods=["GET", "POST"])
@allowed(Capability.KEEP_UNITS)
def succeed_unit(unit_id: int) -> Answer | tuple[str, int]:
    """The end of a unit: which day, which decision, who succeeds it; everything that passes is seen before it does."""
    unit, foreseen = _found(unit_id), None
    form = SuccessionForm.of(unit, _units_to_choose())
    if form.validate_on_submit():
        with errors_shown_on(form):
            decided = form.decided(request.form)
            foreseen = succession.foresee(actor(), unit.code, **decided)
            if form.agreed(foreseen):
                passed = succession.succeed(actor(), unit.code, **decided)
                flash(_("“%(name)s” đã giải thể; đã chuyển %(n)s mục.", name=unit.name, n=passed.total), "success")
                return redirect(url_for(".units", _anchor=f"unit-{unit.id}"))
    page = render_template("organisation/unit_succession.html", form=form, unit=unit, foreseen=foreseen)
    return page, 422 if form.errors else 200


@bp.route("/don-vi/<int:unit_id>/doi-ten", methods=["GET", "POST"])
@allowed(Capability.KEEP_UNITS)
def rename_unit(unit_id: int) -> Answer | tuple[str, int]:
    """A unit's other name, or its other code, by a decision."""
    unit, form = _found(unit_id), RenamingForm()
    if form.validate_on_submit():
        with errors_shown_on(form):
            renamed = succession.rename(
                actor(),
                unit.code,
                name=form.name.data or "",
                name_en=form.name_en.data or "",
                code=form.code.data or "",
                first_day=form.first_day.data,
                decision=form.decision.data or "",
            )
            flash(_("Đã đổi tên thành “%(name)s”.", name=renamed.name), "success")
            return redirect(url_for(".units", _anchor=f"unit-{renamed.id}"))
    return render_template("organisation/unit_renaming.html", form=form, unit=unit), 422 if form.errors else 200


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


@bp.app_template_global()
def ended_note(unit_id: int) -> str:
    """Since when a unit is gone, and who succeeded it; empty for one in being."""
    return succession.ended_notes([unit_id]).get(unit_id, "")


def _found(unit_id: int) -> Unit:
    unit = queries.unit(unit_id)
    if unit is None:
        raise NotFound("Không có đơn vị này.")
    return unit


def _aliases(unit: Unit) -> str:
    return "; ".join(sorted(alias.alias for alias in unit.aliases))


def _units_to_choose(also: int | None = None) -> list[Unit]:
    return queries.units_to_choose(current_scope(), calendars.today(), also)
