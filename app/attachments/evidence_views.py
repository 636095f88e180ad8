"""Evidence: its section on the page of what it proves, a page of its own, sending, looking at one, removing one."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, Response, flash, jsonify, redirect, render_template, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from htmx_flask import request
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.wrappers import Response as Answer

from app.attachments import evidence_files
from app.attachments import service as attachments
from app.attachments.evidence_files import EvidenceSeen
from app.attachments.previews import PAGE, THUMBNAIL
from app.attachments.showing import SHOWN_BY_BROWSERS, asked_by_script, picture_of, picture_place, sent
from app.attachments.store import store_failed
from app.core.errors import DomainError, NotAllowed, NotFound
from app.organisation.access import actor, allowed, can, current_scope, signed_in, site
from app.organisation.exports import record_opening
from app.organisation.permissions import Capability
from app.organisation.registries import EvidenceOf, Proven, proven
from app.web.formats import sentence
from app.web.forms import refusals_told_by

bp = Blueprint("evidence", __name__)
Page = str | Answer | tuple[Answer, int]


def _refused(why: str, code: int) -> Page:
    if asked_by_script():
        return jsonify(kept=0, refused=[{"name": "", "why": why}], recorded=[]), code
    flash(why, "error")
    where = request.view_args or {}
    if "evidence_id" in where:
        file, holder = _one(where["evidence_id"])
        return redirect(_back(file.of, file.holder_id, holder))
    kind = EvidenceOf(where["of"])
    return redirect(_back(kind, where["holder_id"], proven(current_scope(), actor(), kind, where["holder_id"])))


refusals_told = refusals_told_by(_refused)


@dataclass(frozen=True, slots=True)
class EvidenceSection:
    """The section with the files of a record, for its page to include."""

    of: EvidenceOf
    holder_id: int
    files: list[EvidenceSeen]
    removed: list[EvidenceSeen]
    removable: frozenset[int]  # ids of those that the reader may take off
    may_add: bool
    title: str = ""
    window: bool = True  # it brings the window in which a file is looked at; one section of a page does

    template = "attachments/_evidence.html"


@bp.app_template_global()
def evidence(of: str, holder_id: int, title: str = "", window: bool = True) -> EvidenceSection:
    """The section of a record. `title`: its heading, where the page has others of its kind."""
    kind = EvidenceOf(of)
    return _section(kind, holder_id, proven(current_scope(), actor(), kind, holder_id), title, window)


@bp.app_template_global()
def evidence_counts(of: str, holder_ids: list[int]) -> dict[int, int]:
    """How many files each of the records of a list has."""
    return evidence_files.counts(site(), EvidenceOf(of), holder_ids)


@bp.app_template_global()
def evidence_page(of: str, holder_id: int) -> str:
    """Where the files of a record are, by themselves: for a record that has no page of its own."""
    return url_for("evidence.of_record", of=of, holder_id=holder_id)


def _section(of: EvidenceOf, holder_id: int, holder: Proven, title: str = "", window: bool = True) -> EvidenceSection:
    seen, keeps = evidence_files.files_of(site(), of, holder_id, removed=True), can(Capability.KEEP_EVIDENCE)
    return EvidenceSection(
        of,
        holder_id,
        files=[file for file in seen if file.removed_at is None],
        removed=[file for file in seen if file.removed_at is not None],
        removable=frozenset(file.id for file in seen if keeps and holder.gives_up(actor(), file.added_by_id)),
        may_add=holder.takes and keeps,
        title=title,
        window=window,
    )


_OF = ",".join(EvidenceOf)


@bp.get(f"/minh-chung/<any({_OF}):of>/<int:holder_id>")
@signed_in
def of_record(of: str, holder_id: int) -> str:
    """The files of one record on a page of their own; for the script the section alone."""
    kind = EvidenceOf(of)
    holder = proven(current_scope(), actor(), kind, holder_id)
    section = _section(kind, holder_id, holder, window="windowless" not in request.args)
    if request.htmx:
        return render_template(section.template, section=section)
    return render_template("attachments/evidence.html", holder=holder, back=_page_of(holder), of=kind, section=section)


@bp.post(f"/minh-chung/<any({_OF}):of>/<int:holder_id>")
@allowed(Capability.KEEP_EVIDENCE)
@refusals_told
def attach(of: str, holder_id: int) -> Page:
    """Add what was sent to a record; each file that is not taken is told."""
    kind, scope = EvidenceOf(of), current_scope()
    holder = proven(scope, actor(), kind, holder_id)
    uploads = [(file.filename, file.stream) for file in request.files.getlist("files") if file.filename]
    kept, refused = 0, []
    for upload in uploads:
        try:
            with evidence_files.receiving([upload]) as received:
                kept += received.attach(scope, actor(), kind, [holder_id])
        except (NotFound, NotAllowed):
            raise
        except DomainError as error:
            refused.append({"name": upload[0] or "", "why": sentence(_why(error))})
    if asked_by_script():
        return jsonify(kept=kept, refused=refused, recorded=[])
    if not uploads:
        flash(_("Hãy chọn ít nhất một tệp."), "warning")
    elif kept:
        flash(ngettext("Đã đính kèm %(num)s tệp.", "Đã đính kèm %(num)s tệp.", kept), "success")
    elif not refused:
        flash(_("Tệp này đã có ở đây."), "warning")
    for each in refused:
        flash(_("“%(file)s”: %(why)s", file=each["name"], why=each["why"]), "error")
    return redirect(_back(kind, holder_id, holder))


def _why(error: DomainError) -> DomainError:
    """What was wrong with the file, without its name, which is told beside it."""
    return error.__cause__ if isinstance(error.__cause__, DomainError) else error


@bp.post("/tep-minh-chung/<int:evidence_id>/go")
@allowed(Capability.KEEP_EVIDENCE)
@refusals_told
def remove(evidence_id: int) -> Page:
    """Take a file off its record, with the reason."""
    file, holder = _one(evidence_id)
    evidence_files.remove_evidence(current_scope(), actor(), evidence_id, request.form.get("reason", ""))
    flash(_("Đã gỡ tệp “%(file)s”.", file=file.file_name), "success")
    return redirect(_back(file.of, file.holder_id, holder))


@bp.get("/tep-minh-chung/<int:evidence_id>")
@signed_in
def show(evidence_id: int) -> str:
    """A file before one's eyes: in a window over the page, or a page of its own."""
    file, holder = _one(evidence_id)
    if request.htmx:
        return render_template("attachments/_preview.html", file=file)
    return render_template("attachments/show_evidence.html", file=file, holder=holder, back=_page_of(holder))


@bp.get("/tep-minh-chung/<int:evidence_id>/xem")
@signed_in
def content(evidence_id: int) -> Response:
    """The file itself, shown by the browser where browsers can."""
    file, holder = _one(evidence_id)
    return _sent(file, holder, download=file.media_type not in SHOWN_BY_BROWSERS)


@bp.get("/tep-minh-chung/<int:evidence_id>/tai-ve")
@signed_in
def download(evidence_id: int) -> Response:
    """The file itself, to be saved."""
    return _sent(*_one(evidence_id), download=True)


@bp.get("/tep-minh-chung/<int:evidence_id>/anh-nho", defaults={"edge": THUMBNAIL}, endpoint="thumbnail")
@bp.get("/tep-minh-chung/<int:evidence_id>/trang", defaults={"edge": PAGE}, endpoint="page")
@signed_in
def picture(evidence_id: int, edge: int) -> Response:
    """A small picture of a picture, or a page that a browser can show."""
    file, holder = _one(evidence_id)
    answer = picture_of(file, edge)
    if edge == PAGE:
        record_opening(actor(), holder.name, "evidence_file", holder.kind)
    return answer


@bp.get("/tep-minh-chung/<int:evidence_id>/anh-nho/hien-co", defaults={"edge": THUMBNAIL}, endpoint="thumbnail_so_far")
@bp.get("/tep-minh-chung/<int:evidence_id>/trang/hien-co", defaults={"edge": PAGE}, endpoint="page_so_far")
@signed_in
def picture_so_far(evidence_id: int, edge: int) -> str:
    """The place of a small picture on a page."""
    return picture_place(_one(evidence_id)[0], edge)


@bp.errorhandler(RequestEntityTooLarge)
def too_large(_error: RequestEntityTooLarge) -> Page:
    """More was sent at once than the site takes; none of it was read."""
    return _refused(
        _(
            "Các tệp vừa gửi cộng lại quá %(mb)s MB nên chưa tệp nào được nhận; hãy gửi ít tệp hơn mỗi lần.",
            mb=attachments.largest_sending(),
        ),
        413,
    )


@bp.errorhandler(OSError)
def disk_failed(error: OSError) -> Page:
    """The disk did not take what was being sent."""
    return _refused(sentence(store_failed(error)), 507)


def _one(evidence_id: int) -> tuple[EvidenceSeen, Proven]:
    return evidence_files.one_file(current_scope(), actor(), evidence_id)


def _page_of(holder: Proven) -> str:
    return url_for(holder.endpoint, **holder.place)


def _back(of: EvidenceOf, holder_id: int, holder: Proven) -> str:
    """Where one came from: the page of the files, or the record's own."""
    if request.form.get("back") == "own":
        return url_for(".of_record", of=of.value, holder_id=holder_id)
    return url_for(holder.endpoint, _anchor=f"evidence-{of}-{holder_id}", **holder.place)


def _sent(file: EvidenceSeen, holder: Proven, *, download: bool) -> Response:
    answer = sent(file, download=download)
    record_opening(actor(), holder.name, "evidence_file", holder.kind)
    return answer
