"""What the Department calls itself; its units and people from one workbook."""

from __future__ import annotations

from dataclasses import asdict

from flask import Response, flash, redirect, render_template, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as Answer

from app.organisation import queries
from app.organisation.access import actor, allowed, whole_site
from app.organisation.calendars import today
from app.organisation.exports import XLSX, trace_export, write_template
from app.organisation.forms import ProfileForm, WorkbookForm
from app.organisation.permissions import Capability
from app.organisation.profile import FIELDS, enter_profile, profile
from app.organisation.staff_file import preview_staff, staff_sheets, take_staff, template_rows
from app.organisation.views import bp
from app.web.forms import errors_shown_on


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
    trace_export(actor(), "don-vi-nguoi-dung", sum(map(len, rows.values())), "xlsx")
    answer = Response(write_template(staff_sheets(), rows, told), mimetype=XLSX)
    answer.headers["Content-Disposition"] = "attachment; filename=don-vi-nguoi-dung.xlsx"
    return answer
