"""Procedures from one workbook: its template, what a filled one would do, taking it."""

from __future__ import annotations

from flask import Response, flash, redirect, render_template, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as Answer

from app.organisation.access import actor, allowed, whole_site
from app.organisation.exports import XLSX, write_template
from app.organisation.forms import WorkbookForm
from app.organisation.permissions import Capability
from app.procedures.catalogue_workbook import catalogue_sheets, preview_catalogue, take_catalogue
from app.procedures.views import bp
from app.web.formats import counted
from app.web.forms import errors_shown_on


@bp.route("/thu-tuc/nhap-tep", methods=["GET", "POST"])
@allowed(Capability.KEEP_CATALOGUE)
def import_file() -> Answer | tuple[str, int]:
    """A workbook of procedures, stages and charges: looked through, then taken."""
    form, found = WorkbookForm(), None
    if form.validate_on_submit() and (brought := form.brought()) is not None:
        with errors_shown_on(form):
            name, content = brought
            if form.confirmed:
                taken = take_catalogue(actor(), whole_site(), content, file_name=name)
                flash(counted("Đã thêm %(n)s thủ tục.", len(taken.procedures)), "success")
                return redirect(url_for(".list"))
            found = preview_catalogue(actor(), whole_site(), content)
    wrong = bool(form.errors or form.form_errors or (found and found.faults))
    return render_template("procedures/import_file.html", form=form, found=found), 422 if wrong else 200


@bp.get("/thu-tuc/mau.xlsx")
@allowed(Capability.KEEP_CATALOGUE)
def import_template() -> Response:
    """The workbook to fill in."""
    told = (
        _("Trang “Thủ tục”: mỗi dòng một thủ tục. Thủ tục đã có trong danh mục thì giữ nguyên."),
        _("Thời hạn ghi số, như 5 hoặc 0,5; giải quyết trong ngày thì để trống thời hạn và chọn đơn vị thời gian."),
        _("Trang “Các bước”: mỗi dòng một bước, theo thứ tự xử lý; thời gian tính theo đơn vị thời gian của thủ tục."),
        _("Trang “Phí, lệ phí”: mỗi dòng một khoản. Thủ tục không có dòng nào ở đây là thủ tục không thu."),
        _("Thành phần hồ sơ: mỗi giấy tờ một dòng trong ô, ghi “tên | loại bản | số bản | bắt buộc hoặc nếu có”."),
    )
    answer = Response(write_template(catalogue_sheets(), {}, told), mimetype=XLSX)
    answer.headers["Content-Disposition"] = "attachment; filename=thu-tuc.xlsx"
    return answer
