"""Slips as pages to print, and as PDF and Word files; many at once; and the register."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, request, stream_template, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as Answer

from app.cases.bulk.service import action_of
from app.cases.case_page import Section, SectionPlace, sections
from app.cases.intake.views import FORM
from app.core.errors import DomainError, NotFound
from app.desk import service as desk_drafts
from app.organisation.access import Actor, actor, allowed, can, current_scope, person, signed_in
from app.organisation.calendars import site_calendar, today
from app.organisation.exports import file_response, record_opening, record_sheaf, trace_export, xlsx_response
from app.organisation.models import Unit
from app.organisation.permissions import Capability
from app.organisation.queries import units
from app.slips import queries, service
from app.slips.content import REGISTER_HEADINGS, register_values
from app.slips.document import PrintedSlip, SlipTable
from app.slips.drawing import qr_svg
from app.slips.forms import RegisterForm
from app.slips.labels import OF_ONE_CASE, SlipKind
from app.slips.printing import RENDERERS, TYPES, press
from app.slips.queries import RegisterFilter, menu_of
from app.slips.service import Sheaf, hand_over_lists
from app.slips.values import RegisterLine
from app.web.formats import sentence
from app.web.forms import numbers_in

bp = Blueprint("slips", __name__)
bp.add_app_template_filter(qr_svg, "qr_svg")
bp.add_app_template_test(lambda block: isinstance(block, SlipTable), "slip_table")
sections["slips"] = Section(menu_of, "slips/_case.html", SectionPlace.ACTIONS)

KINDS = ",".join(f'"{kind.value}"' for kind in OF_ONE_CASE)


# One case


@bp.post(f"/ho-so/<int:case_id>/phieu/<any({KINDS}):kind>")
@signed_in
def make(case_id: int, kind: str) -> Answer:
    """Give a slip its number, if it has none yet, and show it."""
    service.slip(current_scope(), _giver(), case_id, SlipKind(kind), press(), _nth())
    return redirect(url_for(".show", case_id=case_id, kind=kind, lan=_nth()), 303)


@bp.get(f"/ho-so/<int:case_id>/phieu/<any({KINDS}):kind>")
@signed_in
def show(case_id: int, kind: str) -> str:
    """A slip as a page to print. `lan` tells which of several, from 1."""
    document = _slip(case_id, SlipKind(kind))
    return render_template(
        "slips/slip.html", documents=[document], kind=SlipKind(kind), case_id=case_id, lan=request.args.get("lan")
    )


@bp.get(f"/ho-so/<int:case_id>/phieu/<any({KINDS}):kind>.<any(pdf,docx):ending>")
@signed_in
def download(case_id: int, kind: str, ending: str) -> Response:
    document = _slip(case_id, SlipKind(kind))
    return _file([document], f"{kind}-{document.code.replace('/', '-')}", ending)


def _slip(case_id: int, kind: SlipKind) -> PrintedSlip:
    """As it is: reading it gives no number."""
    document = service.slip(current_scope(), None, case_id, kind, press(), _nth())
    record_opening(actor(), document.code, kind.value)
    return document


def _giver() -> Actor | None:
    """Who gives numbers: those who work on cases. Others read what has been given."""
    return actor() if can(Capability.HANDLE_CASES) else None


def _nth() -> int | None:
    asked = request.values.get("lan", "")
    return int(asked) if asked.isdecimal() and len(asked) < 6 else None


# A file that is not taken in

DRAFT_KINDS = ",".join(f'"{kind.value}"' for kind in service.KINDS)


@bp.post(f"/ho-so/tiep-nhan/nhap/<token>/phieu/<any({DRAFT_KINDS}):kind>")
@allowed(Capability.RECEIVE_CASES)
def make_of_draft(token: str, kind: str) -> Answer:
    """Give such a slip its number, and show it."""
    _of_draft(token, kind, numbered=True)
    return redirect(url_for(".of_draft", token=token, kind=kind), 303)


@bp.get(f"/ho-so/tiep-nhan/nhap/<token>/phieu/<any({DRAFT_KINDS}):kind>")
@allowed(Capability.RECEIVE_CASES)
def of_draft(token: str, kind: str) -> str:
    """What is missing from a file, or why it is refused, as far as it is typed into the intake form."""
    return render_template("slips/slip.html", documents=[_of_draft(token, kind)], kind=SlipKind(kind), token=token)


@bp.get(f"/ho-so/tiep-nhan/nhap/<token>/phieu/<any({DRAFT_KINDS}):kind>.<any(pdf,docx):ending>")
@allowed(Capability.RECEIVE_CASES)
def download_of_draft(token: str, kind: str, ending: str) -> Response:
    return _file([_of_draft(token, kind)], kind, ending)


def _of_draft(token: str, kind: str, numbered: bool = False) -> PrintedSlip:
    typed = desk_drafts.draft(actor(), FORM, token)
    return service.slip_of_draft(
        current_scope(), actor(), typed, token, SlipKind(kind), press(), person().phone, numbered=numbered
    )


@bp.get("/ho-so/tu-choi/<int:refusal_id>/phieu")
@signed_in
def of_refusal(refusal_id: int) -> str:
    """The slip of a file refused at the counter."""
    document = service.slip_of_refusal(current_scope(), refusal_id, press())
    return render_template("slips/slip.html", documents=[document], kind=SlipKind.REFUSAL, refusal_id=refusal_id)


@bp.get("/ho-so/tu-choi/<int:refusal_id>/phieu.<any(pdf,docx):ending>")
@signed_in
def download_of_refusal(refusal_id: int, ending: str) -> Response:
    return _file([service.slip_of_refusal(current_scope(), refusal_id, press())], f"tu-choi-{refusal_id}", ending)


# Cases handed over together


@bp.get("/ho-so/nhieu/lan/<int:action_id>/ban-giao")
@allowed(Capability.HANDLE_CASES)
def handed_over(action_id: int) -> str | Answer:
    """The lists to sign of cases that were handed over together, a sheet for each unit that received some."""
    try:
        documents = _handed_over(action_id)
    except NotFound:
        raise
    except DomainError as error:
        flash(sentence(error), "warning")
        return redirect(url_for("desk_lists.done", action_id=action_id))
    return render_template("slips/handed_over.html", documents=documents, action_id=action_id)


@bp.get("/ho-so/nhieu/lan/<int:action_id>/ban-giao.<any(pdf,docx):ending>")
@allowed(Capability.HANDLE_CASES)
def handed_over_file(action_id: int, ending: str) -> Response:
    return _file(_handed_over(action_id), f"ban-giao-{action_id}", ending)


def _handed_over(action_id: int) -> list[PrintedSlip]:
    who = person()
    return hand_over_lists(action_of(actor(), action_id), who.full_name, who.unit.name, press())


# Many cases


@bp.route(f"/ho-so/phieu/<any({KINDS}):kind>", methods=["GET", "POST"])
@signed_in
def batch(kind: str) -> str | tuple[str, int]:
    """The slips of a kind of several cases (`case`, repeated), each from a new sheet."""
    chosen = _chosen()
    try:
        sheaf = _sheaf(SlipKind(kind), chosen)
    except NotFound:
        raise
    except DomainError as error:
        return _no_batch(SlipKind(kind), [sentence(error)])
    left_out = [f"{code}: {sentence(error)}" for code, error in sheaf.left_out]
    if not sheaf.documents:
        return _no_batch(SlipKind(kind), left_out)
    return render_template(
        "slips/slip.html", documents=sheaf.documents, kind=SlipKind(kind), cases=chosen, left_out=left_out
    )


@bp.route(f"/ho-so/phieu/<any({KINDS}):kind>.<any(pdf,docx):ending>", methods=["GET", "POST"])
@signed_in
def batch_file(kind: str, ending: str) -> Response | tuple[str, int]:
    """The same in one file."""
    try:
        sheaf = _sheaf(SlipKind(kind), _chosen())
    except NotFound:
        raise
    except DomainError as error:
        return _no_batch(SlipKind(kind), [sentence(error)])
    if not sheaf.documents:
        return _no_batch(SlipKind(kind), [f"{code}: {sentence(error)}" for code, error in sheaf.left_out])
    return _file(sheaf.documents, kind, ending)


def _sheaf(kind: SlipKind, chosen: list[int]) -> Sheaf:
    """The slips, with numbers given when the list's form asked for them; who drew them is in the audit trail."""
    giver = _giver() if request.method == "POST" else None
    sheaf = service.slips(current_scope(), giver, chosen, kind, press())
    if sheaf.documents:
        record_sheaf(actor(), kind.value, [document.code for document in sheaf.documents])
    return sheaf


def _no_batch(kind: SlipKind, why: Sequence[str]) -> tuple[str, int]:
    return render_template("slips/slip.html", documents=[], kind=kind, cases=[], left_out=why), 422


def _chosen() -> list[int]:
    return numbers_in(request.values.getlist("case"), service.MOST_AT_ONCE + 1)


def _file(documents: Sequence[PrintedSlip], name: str, ending: str) -> Response:
    return file_response(RENDERERS[ending](documents), f"{name}.{ending}", TYPES[ending], inline=ending == "pdf")


# The register


@bp.get("/ho-so/so-theo-doi")
@signed_in
def register() -> str | Response | tuple[str, int]:
    """The register of a span of days, by default of this month."""
    form, chosen, narrowed, refused = _register(service.MOST_LINES)
    if chosen is None:
        return render_template("slips/register.html", form=form, document=None, refused=refused, kept={}), 422
    document = service.register(current_scope(), chosen, site_calendar(), press().house, narrowed)
    kept = {name: value for name, value in request.args.items() if value}
    return Response(stream_template("slips/register.html", form=form, document=document, refused="", kept=kept))


@bp.get("/ho-so/so-theo-doi.<any(pdf,docx,xlsx):ending>")
@signed_in
def register_file(ending: str) -> Response | tuple[str, int]:
    form, chosen, narrowed, refused = _register(service.MOST_ROWS if ending == "xlsx" else service.MOST_LINES)
    if chosen is None:
        return render_template("slips/register.html", form=form, document=None, refused=refused, kept={}), 422
    name = f"so-theo-doi-{chosen.since:%Y%m%d}-{chosen.until:%Y%m%d}"
    scope, calendar = current_scope(), site_calendar()
    if ending == "xlsx":
        rows = _register_csv_rows(queries.register_lines(scope, chosen, calendar))
        return xlsx_response(name, REGISTER_HEADINGS, rows, _("Sổ theo dõi hồ sơ"), "; ".join(narrowed))
    trace_export(actor(), name, service.check_register(scope, chosen, calendar), ending)
    return _file([service.register(scope, chosen, calendar, press().house, narrowed)], name, ending)


def _register(most: int) -> tuple[RegisterForm, RegisterFilter | None, tuple[str, ...], str]:
    """The form, what it asks for (None when that cannot be), how that is narrowed, and why it cannot be."""
    scope, day = current_scope(), today()
    known, procedures = units(scope), queries.procedures_received(scope)
    form = RegisterForm.of(request.args, known, procedures, day.replace(day=1), day)
    if not form.validate():
        return form, None, (), _("Hãy sửa các ô có lỗi.")
    chosen = form.chosen(known)
    try:
        service.check_register(scope, chosen, site_calendar(), most)
    except DomainError as error:
        return form, None, (), sentence(error)
    return form, chosen, _narrowed(chosen, known, dict(procedures)), ""


def _narrowed(chosen: RegisterFilter, known: Sequence[Unit], procedures: dict[str, str]) -> tuple[str, ...]:
    """On the paper, in Vietnamese whatever the reader's language."""
    unit = next((unit.name for unit in known if unit.id == chosen.unit_id), "")
    procedure = f"Thủ tục: {procedures.get(chosen.procedure, '')} ({chosen.procedure})" if chosen.procedure else ""
    return tuple(filter(None, (f"Đơn vị: {unit}" if unit else "", procedure)))


def _register_csv_rows(lines: Iterator[RegisterLine]) -> Iterator[list[Any]]:
    for line in lines:
        words: list[Any] = [each for each, _centred in register_values(line)]
        days: tuple[date | None, ...] = (line.received_on, line.promised_on, line.returned_on)
        words[0], words[3], words[7:10] = line.number, line.sets or words[3], days
        yield words
