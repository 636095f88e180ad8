"""The Department as it is kept: what it calls itself, its units and people from one workbook; the tree of its units;
who signs in; who acts for the Director."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict

from flask import Response, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as Answer

from app.core.errors import DomainError, NotFound
from app.organisation import calendars, queries, second_factor, service, sessions, succession
from app.organisation import delegations as acting
from app.organisation.access import Actor, actor, allowed, current_scope, whole_site
from app.organisation.calendars import today
from app.organisation.delegations import has_director
from app.organisation.exports import XLSX, csv_response, report_response, write_template
from app.organisation.forms import (
    DelegationForm,
    EndDelegationForm,
    PeopleFilterForm,
    PersonForm,
    ProfileForm,
    RenamingForm,
    ResetPasswordForm,
    SuccessionForm,
    UnitForm,
    WorkbookForm,
)
from app.organisation.lineage import ONE_DAY
from app.organisation.models import DelegationKind, Person, Unit
from app.organisation.permissions import Capability
from app.organisation.profile import FIELDS, enter_profile, profile
from app.organisation.staff_file import preview_staff, staff_sheets, take_staff, template_rows
from app.organisation.views import bp
from app.web.formats import label, sentence
from app.web.forms import errors_shown_on

# What the Department calls itself; its units and people from one workbook.


@bp.route("/thiet-lap/co-quan", methods=["GET", "POST"])
@allowed(Capability.KEEP_SITE)
def site_profile() -> Answer | tuple[str, int]:
    """Name, province, first part of case codes."""
    known = profile()
    top = None if known.entered else queries.top_unit(whole_site())
    form = ProfileForm(data=asdict(known) | ({"name": top.name} if top else {}))
    if form.validate_on_submit():
        with errors_shown_on(form):
            said = enter_profile(actor(), **{name: form[name].data or "" for name in FIELDS})
            flash(_("Đã lưu tên cơ quan “%(name)s”.", name=said.name), "success")
            return redirect(url_for("reporting.setup"))
    return render_template("organisation/site_profile.html", form=form, known=known), 422 if form.errors else 200


@bp.route("/don-vi/nhap-tep", methods=["GET", "POST"])
@allowed(Capability.KEEP_UNITS)
def import_staff() -> Answer | tuple[str, int]:
    """A workbook of units and people: looked through, then taken."""
    form, found = WorkbookForm(), None
    if form.validate_on_submit() and (brought := form.brought()) is not None:
        with errors_shown_on(form):
            name, content = brought
            if form.confirmed:
                taken = take_staff(actor(), content, file_name=name)
                return render_template("organisation/staff_taken.html", taken=taken), 200
            found = preview_staff(actor(), content)
    wrong = bool(form.errors or form.form_errors or (found and found.faults))
    return render_template("organisation/staff_file.html", form=form, found=found), 422 if wrong else 200


@bp.get("/don-vi/mau.xlsx")
@allowed(Capability.KEEP_UNITS)
def staff_template() -> Response:
    """The workbook to fill in, with the units and people that are there already."""
    units, people = queries.units(whole_site(), on=today()), queries.people(whole_site())
    rows = template_rows(units, [who for who in people if who.active])
    told = (
        _("Trang “Đơn vị”: mỗi dòng một đơn vị. Dòng đã có trong phần mềm để nguyên, thêm dòng mới ở dưới."),
        _("“Mã đơn vị cấp trên” là mã của một dòng khác, hoặc của đơn vị đã có. Thứ tự dòng tùy ý."),
        _("Bộ phận một cửa ghi “Có” ở cột “Bộ phận một cửa”. Tên gọi khác cách nhau bằng dấu chấm phẩy."),
        _("Trang “Người dùng”: mỗi dòng một người. Không ghi mật khẩu: phần mềm đặt mật khẩu lần đầu cho từng người."),
        _("Vai trò: Cán bộ một cửa, Trưởng đơn vị, Giám đốc, Thanh tra, Quản trị."),
    )
    made = write_template(staff_sheets(), rows, told)
    return report_response(made, "don-vi-nguoi-dung", "xlsx", XLSX, sum(map(len, rows.values())))


# The tree of units: list, add, change, rename, and their end.


@bp.get("/don-vi")
@allowed(Capability.KEEP_UNITS)
def units() -> str:
    rows = queries.unit_tree(current_scope())
    ended = succession.ended(row.unit for row in rows)
    return render_template("organisation/units.html", rows=rows, ended=ended, one_day=ONE_DAY)


@bp.get("/don-vi.csv")
@allowed(Capability.KEEP_UNITS)
def units_csv() -> Response:
    header = [_("Mã"), _("Tên đơn vị"), _("Loại"), _("Đường dẫn"), _("Tên gọi khác"), _("Từ ngày"), _("Đến ngày")]
    return csv_response(
        "don-vi",
        header,
        (
            (u.code, u.name, label(u.kind), u.path, _aliases(u), u.valid_from, u.valid_to)
            for u in queries.units(current_scope(), with_aliases=True)
        ),
        _("Đơn vị"),
    )


@bp.route("/don-vi/them", methods=["GET", "POST"])
@allowed(Capability.KEEP_UNITS)
def add_unit() -> Answer | tuple[str, int]:
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
    unit = _unit_found(unit_id)
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
    unit, foreseen = _unit_found(unit_id), None
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
    unit, form = _unit_found(unit_id), RenamingForm()
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


def _unit_found(unit_id: int) -> Unit:
    unit = queries.unit(unit_id)
    if unit is None:
        raise NotFound("Không có đơn vị này.")
    return unit


def _aliases(unit: Unit) -> str:
    return "; ".join(sorted(alias.alias for alias in unit.aliases))


def _units_to_choose(also: int | None = None) -> list[Unit]:
    return queries.units_to_choose(current_scope(), calendars.today(), also)


# People who sign in: list, add, change, lock, new password.


@bp.get("/nguoi-dung")
@allowed(Capability.KEEP_PEOPLE)
def people() -> str:
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
    who = queries.the_person(person_id)
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
    who, form = queries.the_person(person_id), ResetPasswordForm()
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


def _state(who: Person) -> str:
    return str(_("Đang dùng") if who.active else _("Ngừng dùng"))


# Acting for the Director: who does, giving it, taking it back.

Page = str | Answer | tuple[str, int]


@bp.get("/giao-quyen")
@allowed(Capability.DELEGATE)
def delegations() -> str:
    """Everybody who acts, acted or will act for the Director."""
    return render_template("organisation/delegations.html", delegations=acting.delegations(), today=calendars.today())


@bp.route("/giao-quyen/moi", methods=["GET", "POST"])
@allowed(Capability.DELEGATE)
def delegate() -> Page:
    """Let somebody act for the Director."""
    people = acting.who_may_act()
    form = DelegationForm.of(people, calendars.today())
    if form.validate_on_submit():
        with errors_shown_on(form):
            given = acting.delegate(
                actor(),
                form.person.data,
                DelegationKind(form.form.data),
                form.valid_from.data,
                form.valid_to.data,
                form.reason.data or "",
            )
            flash(_("Đã giao quyền cho “%(name)s”.", name=given.person.full_name), "success")
            return redirect(url_for(".delegations"))
    return render_template("organisation/delegation_form.html", form=form, people=people), 422 if form.errors else 200


@bp.route("/giao-quyen/<int:delegation_id>/thoi", methods=["GET", "POST"])
@allowed(Capability.DELEGATE)
def end_delegation(delegation_id: int) -> Page:
    found, form = acting.delegation(delegation_id), EndDelegationForm()
    if form.validate_on_submit():
        with errors_shown_on(form):
            acting.end_delegation(actor(), delegation_id, form.reason.data or "")
            flash(_("Đã thôi giao quyền."), "success")
            return redirect(url_for(".delegations"))
    wrong = bool(form.errors or form.form_errors)
    return render_template("organisation/delegation_end.html", form=form, delegation=found), 422 if wrong else 200
