"""The forms of intake by which a case is taken in: the procedures to choose from, who applies, what is promised, a
look over all of it before it is sent; and refusing a file at the counter, with the register of what was refused
there."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import current_app, flash, redirect, render_template, url_for
from flask_babel import get_locale
from flask_babel import gettext as _
from htmx_flask import request
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response as Answer

from app.cases import service
from app.cases.action_forms import CounterRefusalForm
from app.cases.forms import IntakeForm, read_moment
from app.cases.intake import refusals
from app.cases.intake.contents import COUNTS, Applicant, DocumentsMissing, owed_for, with_checklist
from app.cases.intake.questions import AskFirst, known_applicants
from app.cases.kept_files import reusable_documents
from app.cases.models import Case, CounterRefusal
from app.cases.standing import Promise, promise
from app.cases.timeline import whole
from app.cases.views import bp
from app.cases.vocabulary import Channel
from app.core.errors import DomainError, NotFound
from app.desk import service as desk
from app.desk import service as drafts
from app.organisation.access import actor, allowed, current_scope, person, signed_in, site
from app.organisation.calendars import site_calendar, today
from app.organisation.exports import csv_response
from app.organisation.permissions import Capability
from app.procedures.models import ProcedureVersion
from app.procedures.queries import suggest, version_at_desk
from app.web import extensions
from app.web.formats import sentence, show_date
from app.web.forms import errors_shown_on, number_in
from app.web.once import reading_once

# Taking a case in: the form, the procedures to choose from, who applies, and what is promised.

FORM = "intake"  # its drafts
SENT = "form-sent"  # cookie: the browser forgets what it kept of the form with this token
EVERY_PROCEDURE = 2_000
OFFERED = 12
ALL_CAME = "all"  # the button that says so of the required documents

Typed = MultiDict[str, str]


@bp.route("/ho-so/tiep-nhan", methods=["GET", "POST"])
@allowed(Capability.RECEIVE_CASES)
@reading_once()
def intake() -> Answer | tuple[str, int]:
    """Take a case in; or go on with a draft."""
    token = request.form.get("token") or request.args.get("nhap", "")
    if token and (sent := service.case_of_form(site(), token)):
        return _taken_in_before(sent, token)
    try:
        typed = request.form if request.method == "POST" else _asked_for()
    except NotFound as error:
        flash(sentence(error), "warning")
        return redirect(url_for(".intake"))
    if "refuse" in request.form:
        return _by_draft(typed, token, ".refuse_draft")
    if "review" in request.form:
        return _by_draft(typed, token, ".review_draft")
    version = chosen(typed)
    papers, complete = version.documents if version else (), ALL_CAME in request.form
    form = IntakeForm.of_desk(version, with_checklist(typed, papers, channel_of(typed), complete=complete))
    if not complete and form.validate_on_submit() and (case := _taken_in(form)):
        day = show_date(case.promised_at)
        flash(_("Đã tiếp nhận hồ sơ %(code)s, hẹn trả ngày %(day)s.", code=case.code, day=day), "success")
        return _to_the_case(case, token)
    return _page(form, version, typed), 422 if form.errors else 200


def _by_draft(typed: Typed, token: str, page: str) -> Answer:
    """To a page about what was typed, which is kept as a draft: why it is refused, or a look over the whole."""
    drafts.save_draft(actor(), FORM, token, typed, title_of(typed))
    return redirect(url_for(page, token=token))


@bp.get("/ho-so/tiep-nhan/hen-tra")
@allowed(Capability.RECEIVE_CASES)
def intake_promise() -> str:
    """The stages, the fee and the promised date of the procedure chosen; at another moment others may be in force."""
    version, offered = chosen(request.args), None
    if request.headers.get("HX-Trigger-Name") == "at":
        offered = _offered("", _moment(request.args.get("at")), version)
    return render_template(
        "cases/_promise.html",
        offered=offered,
        chosen=version.id if version else None,
        in_short=True,
        **promised(version, request.args),
    )


@bp.get("/ho-so/tiep-nhan/thanh-phan")
@allowed(Capability.RECEIVE_CASES)
def intake_checklist() -> str:
    """What the procedure chosen asks for, with what was typed so far; and what is promised for it."""
    version, channel = chosen(request.args), channel_of(request.args)
    typed = with_checklist(
        request.args,
        version.documents if version else (),
        channel,
        adapt=request.headers.get("HX-Trigger-Name") == "channel",
        complete=ALL_CAME in request.args,
        more=1 if "more" in request.args else 0,
    )
    form = IntakeForm.of_desk(version, typed)
    return render_template(
        "cases/_checklist.html",
        form=form,
        reusable=_reusable(request.args),
        with_promise=True,
        in_short=True,
        **promised(version, request.args),
    )


@bp.get("/ho-so/tiep-nhan/nguoi-nop")
@allowed(Capability.RECEIVE_CASES)
def intake_applicants() -> str:
    """Who applied before with the identity number or telephone typed, and what of theirs is still open."""
    numbers = {name: request.args.get(name, "") for name in ("id_number", "phone")}
    return render_template("cases/_known_applicants.html", applicants=known_applicants(current_scope(), **numbers))


def _page(form: IntakeForm, version: ProcedureVersion | None, typed: Typed) -> str:
    letters = request.args.get("q", "")
    own = [line for line in drafts.drafts_of(actor(), FORM) if line.token != form.token.data]
    return render_template(
        "cases/intake.html",
        form=form,
        typed=letters,
        versions=_offered(letters, _moment(typed.get("at")), version),
        chosen=version.id if version else None,
        reusable=_reusable(typed),
        drafts=own,
        resumed="nhap" in request.args,
        **promised(version, typed),
    )


def _asked_for() -> Typed:
    """What the form begins with: a draft, or what the address says."""
    if "nhap" in request.args:
        return drafts.draft(actor(), FORM, request.args["nhap"])
    asked = {name: request.args[name] for name in ("version_id",) if name in request.args}
    return MultiDict(asked)


def _taken_in(form: IntakeForm) -> Case | None:
    """The case; None when the service refused, and the form says why. A draft of it is then kept, or is done with."""
    case = None
    with errors_shown_on(form):
        try:
            case = service.receive_case(current_scope(), actor(), **form.values())
        except DocumentsMissing as error:
            form.missing = error.names
            raise
        except AskFirst as error:
            form.questions = [(sentence(each), each.field or "") for each in error.questions]
            form.seen.data, form.sure.data = " ".join(field for _said, field in form.questions), False
            raise
        finally:
            if case is None:
                drafts.save_draft(actor(), FORM, form.token.data, request.form, title_of(request.form))
            else:
                drafts.discard_draft(actor(), FORM, form.token.data)
    return case


def _taken_in_before(case: Case, token: str) -> Answer:
    flash(_("Phiếu này đã được tiếp nhận thành hồ sơ %(code)s; không tạo thêm hồ sơ nào.", code=case.code), "info")
    return _to_the_case(case, token)


def _to_the_case(case: Case, token: str) -> Answer:
    answer = redirect(url_for(".show", case_id=case.id, moi=1))
    secure = current_app.config["SETTINGS"].secure_cookies
    answer.set_cookie(SENT, token, max_age=600, samesite="Lax", secure=secure)
    return answer


def title_of(typed: Typed) -> str:
    """How a draft is recognised: who applies, and for what."""
    who = next((typed[name].strip() for name in ("applicant", "id_number", "phone") if typed.get(name, "").strip()), "")
    version = chosen(typed)
    return " – ".join(filter(None, (who, version.name if version else ""))) or _("Chưa có nội dung")


def _offered(letters: str, at: datetime, also: ProcedureVersion | None = None) -> list[ProcedureVersion]:
    limit = OFFERED if letters.strip() else EVERY_PROCEDURE
    versions = suggest(current_scope(), letters, site_calendar().local_day(at), limit=limit)
    if also is not None and also.id not in {version.id for version in versions}:
        versions = [also, *versions]
    return versions


def chosen(typed: Typed) -> ProcedureVersion | None:
    version_id = number_in(typed.get("version_id"))
    return version_at_desk(current_scope(), version_id) if version_id is not None else None


def channel_of(typed: Typed) -> Channel:
    said = typed.get("channel", "")
    return Channel(said) if said in set(Channel) else Channel.IN_PERSON


def _reusable(typed: Typed) -> list[Any]:
    return reusable_documents(current_scope(), typed.get("id_number", "").strip())


def promised(version: ProcedureVersion | None, typed: Typed) -> dict[str, Any]:
    """The procedure chosen, what is promised for it and what is owed; None without one."""
    if version is None:
        return {"version": None, "promise": None, "due": None, "exempted": None}
    told: Promise | None
    at = _moment(typed.get("at"))
    try:
        locale = get_locale().language
        known = version.time_known
        told = (
            promise(site_calendar(), at, whole(version.time_amount), version.time_unit, locale=locale)
            if known
            else None
        )
    except DomainError:  # a moment that the calendar does not reach
        told = None
    try:
        due, exempted = owed_for(version, number_in(typed.get("exemption")))
    except DomainError:  # an exemption of the procedure chosen before
        due, exempted = owed_for(version, None)
    return {"version": version, "promise": told, "due": due, "exempted": exempted}


def _moment(typed: str | None) -> datetime:
    """The moment of reception typed so far; now, while it cannot be read."""
    try:
        return read_moment(typed or "") or extensions.now()
    except ValueError:
        return extensions.now()


@bp.context_processor
def _for_templates() -> dict[str, Any]:
    return {"own_drafts": lambda: drafts.drafts_of(actor(), FORM)}


# Something in one of these makes a draft worth keeping; a procedure that was only looked at is soon chosen again.
SAY_SOMETHING = (
    "applicant",
    "id_number",
    "phone",
    "address",
    "email",
    "owner",
    "other_code",
    "content",
    "note",
)
COUNTED = ("-originals", "-certified", "-copies", "-electronic")


@bp.post("/ho-so/tiep-nhan/nhap")
@allowed(Capability.RECEIVE_CASES)
def keep_draft() -> str | tuple[str, int]:
    """Keep what was typed so far. Nothing is kept of an empty form, or of one that has made its case."""
    token = request.form.get("token", "")
    papers = (value for name, value in request.form.items() if name.startswith("documents-") and name.endswith(COUNTED))
    said = any(value.strip() for value in (*papers, *(request.form.get(name, "") for name in SAY_SOMETHING)))
    if not said or (token and service.case_of_form(site(), token)):
        return "", 204
    drafts.save_draft(actor(), FORM, token, request.form, title_of(request.form))
    return render_template("cases/_draft_kept.html", at=extensions.now())


@bp.post("/ho-so/tiep-nhan/nhap/<token>/bo")
@allowed(Capability.RECEIVE_CASES)
def discard_draft(token: str) -> Answer:
    drafts.discard_draft(actor(), FORM, token)
    flash(_("Đã bỏ bản nháp."), "success")
    return redirect(url_for(".intake"))


# A look over the whole intake form before it is sent: what was typed, as it will stand, and what is still missing.

NOT_SENT_AGAIN = ("csrf_token", "review", "sure", "seen")


@bp.get("/ho-so/tiep-nhan/nhap/<token>/xem-lai")
@allowed(Capability.RECEIVE_CASES)
def review_draft(token: str) -> str:
    """What is typed so far, to be taken in from here or gone back to."""
    typed = desk.draft(actor(), FORM, token)
    version = chosen(typed)
    documents = version.documents if version else ()
    form = IntakeForm.of_desk(version, with_checklist(typed, documents, channel_of(typed)))
    asked = {str(document.id): document for document in documents}
    rows = [(asked.get(row.form.document_id.data), row.form) for row in form.documents]
    came = {id(row): any(row[count].data for count in COUNTS) or bool(row.reused.data) for _document, row in rows}
    return render_template(
        "cases/review.html",
        form=form,
        token=token,
        sent=MultiDict((name, text) for name, text in typed.items(multi=True) if name not in NOT_SENT_AGAIN and text),
        came=[(document, row) for document, row in rows if came[id(row)]],
        missing=[document for document, row in rows if document and document.required and not came[id(row)]],
        counts=COUNTS,
        **promised(version, typed),
    )


# Refusing a file at the counter, and the register of what was refused there.

WHO = ("applicant", "id_number", "phone", "address", "email", "owner")


@bp.route("/ho-so/tiep-nhan/nhap/<token>/tu-choi", methods=["GET", "POST"])
@allowed(Capability.RECEIVE_CASES)
def refuse_draft(token: str) -> Answer | tuple[str, int]:
    """Refuse the file that is typed into the intake form: why, and then its slip."""
    typed = desk.draft(actor(), FORM, token)
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
        desk.discard_draft(actor(), FORM, token)
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
    made, code, name = refusals.refusal(current_scope(), refusal_id)
    return render_template("cases/refusal.html", refusal=made, procedure_code=code, procedure=name)


def _year() -> int:
    year = number_in(request.args.get("nam"))
    return year if year is not None and 1900 < year < 10_000 else today().year
