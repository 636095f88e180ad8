"""Refusing a file at the counter, and the register of what was refused there."""

from __future__ import annotations

from typing import Any

from flask import current_app, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response as Answer

from app.cases.action_forms import CounterRefusalForm
from app.cases.intake import refusals
from app.cases.intake.contents import Applicant
from app.cases.intake.models import CounterRefusal
from app.cases.intake.views import FORM, SENT
from app.cases.views import bp
from app.desk import service
from app.organisation.access import actor, allowed, current_scope, person, signed_in
from app.organisation.calendars import today
from app.organisation.exports import csv_response
from app.organisation.permissions import Capability
from app.procedures.queries import version_at_desk
from app.web.forms import errors_shown_on, number_in

WHO = ("applicant", "id_number", "phone", "address", "email", "owner")


@bp.route("/ho-so/tiep-nhan/nhap/<token>/tu-choi", methods=["GET", "POST"])
@allowed(Capability.RECEIVE_CASES)
def refuse_draft(token: str) -> Answer | tuple[str, int]:
    """Refuse the file that is typed into the intake form: why, and then its slip."""
    typed = service.draft(actor(), FORM, token)
    form = CounterRefusalForm.of_site(current_scope().site)
    version_id = number_in(typed.get("version_id"))
    if form.validate_on_submit() and (made := _refused(form, typed, token)):
        flash(_("Đã vào sổ từ chối số %(number)s; hãy in phiếu cho người nộp.", number=made.shown_number), "success")
        answer = redirect(url_for(".refusal", refusal_id=made.id))
        secure = current_app.config["SETTINGS"].secure_cookies
        answer.set_cookie(SENT, token, max_age=600, samesite="Lax", secure=secure)
        return answer
    version = version_at_desk(current_scope(), version_id) if version_id is not None else None
    page = render_template("cases/refuse.html", form=form, typed=typed, version=version, token=token)
    return page, 422 if form.errors else 200


def _refused(form: CounterRefusalForm, typed: MultiDict[str, str], token: str) -> CounterRefusal | None:
    made = None
    with errors_shown_on(form):
        made = refusals.refuse_at_counter(
            current_scope(),
            actor(),
            version_id=number_in(typed.get("version_id")),
            applicant=Applicant(*(typed.get(name, "") for name in WHO)),
            reason=form.note.data or "",
            content=typed.get("content", ""),
            phone=person().phone,
            token=token,
        )
        service.discard_draft(actor(), FORM, token)
    return made


@bp.get("/ho-so/tu-choi", endpoint="refusals")
@signed_in
def list_refusals() -> str:
    """The register of refusals of a year."""
    year = _year()
    years = sorted({year, today().year, *refusals.years_of_refusals(current_scope())}, reverse=True)
    lines = refusals.refusals(current_scope(), year)
    return render_template("cases/refusals.html", lines=lines, year=year, years=years)


@bp.get("/ho-so/tu-choi.csv")
@signed_in
def refusals_csv() -> Any:
    """The same as a file."""
    year = _year()
    header = [
        *(_("Số"), _("Thời điểm"), _("Người nộp"), _("Điện thoại"), _("Mã thủ tục"), _("Tên thủ tục")),
        *(_("Lý do"), _("Người từ chối")),
    ]
    rows = (
        [
            *(each.number, each.refused_at, each.applicant, each.phone, each.procedure_code, each.procedure),
            *(each.reason, each.officer),
        ]
        for each in refusals.refusals(current_scope(), year)
    )
    return csv_response(f"tu-choi-{year}", [str(each) for each in header], rows, _("Sổ từ chối tiếp nhận"), str(year))


@bp.get("/ho-so/tu-choi/<int:refusal_id>")
@signed_in
def refusal(refusal_id: int) -> str:
    """One refusal, with its slip."""
    made, code, name = refusals.refusal(current_scope(), refusal_id)
    return render_template("cases/refusal.html", refusal=made, procedure_code=code, procedure=name)


def _year() -> int:
    year = number_in(request.args.get("nam"))
    return year if year is not None and 1900 < year < 10_000 else today().year
