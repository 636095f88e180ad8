"""Files of a case: the section on its page, sending several at once, looking at one, removing one."""

from __future__ import annotations

from flask import Blueprint, Response, abort, current_app, flash, jsonify, redirect, render_template, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from htmx_flask import request
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.wrappers import Response as Answer

from app.attachments import queries, service
from app.attachments.checking import FileKind, kind_of_media_type, kinds_named
from app.attachments.models import AttachmentKind
from app.attachments.previews import PAGE, THUMBNAIL
from app.attachments.queries import FileSeen, FilesOfCase
from app.attachments.service import UploadedFile, UploadOutcome
from app.attachments.showing import (
    SHOWN_BY_BROWSERS,
    asked_by_script,
    file_url,
    picture_of,
    picture_place,
    preview_of,
    sent,
)
from app.attachments.signatures.roots import folder, trusted
from app.attachments.store import store_failed
from app.attachments.verifying import counts
from app.cases.case_page import CaseView, Section, sections
from app.cases.views import case_of_reader
from app.cases.vocabulary import EventKind
from app.core.errors import DomainError
from app.organisation.access import actor, allowed, can, current_scope, signed_in, site
from app.organisation.exports import record_opening
from app.organisation.permissions import Capability
from app.web import extensions
from app.web.formats import label, sentence, show_number
from app.web.forms import number_in, refusals_told_by, whole_number

HERE = "attachments"  # the section's place on the page

bp = Blueprint("attachments", __name__)
Page = Answer | tuple[Answer, int]


def _refused(why: str, code: int) -> Page:
    if asked_by_script():
        return jsonify(kept=0, refused=[{"name": "", "why": why}], recorded=[]), code
    if request.htmx:
        return Response(render_template("attachments/_refused.html", why=why), 422), 422
    flash(why, "error")
    where = request.view_args or {}
    case_id = where.get("case_id") or queries.one_file(current_scope(), where["attachment_id"], removed=True).case_id
    return redirect(_place(case_id))


refusals_told = refusals_told_by(_refused)


@bp.app_template_filter("file_size")
def file_size(size: int) -> str:
    """Bytes as people say them: 820 KB, 1,4 MB."""
    if size < 1024 * 1024:
        return str(_("%(n)s KB", n=show_number(max(round(size / 1024), 1), 0)))
    return str(_("%(n)s MB", n=show_number(size / (1024 * 1024), 1)))


@bp.app_template_filter("file_kind")
def file_kind(media_type: str) -> str:
    """PDF, JPEG, DOCX …"""
    kind = kind_of_media_type(media_type)
    return kind.value.upper() if kind else media_type


def section(view: CaseView) -> FilesOfCase:
    """What the case's page shows of its files."""
    return queries.files_of_case(current_scope(), view.case.id, view.case.id_number)


sections["attachments"] = Section(section, "attachments/_case.html")


@bp.app_template_global()
def file_limits() -> dict[str, object]:
    """The largest file (bytes), the largest sending (MB), the kinds in words and as a file box takes them."""
    kinds = service.allowed_kinds()
    return {
        "largest": service.largest_file(),
        "largest_mb": service.largest_file() // service.MEGABYTE,
        "together_mb": current_app.config["SETTINGS"].max_upload_mb,
        "kinds": kinds_named(kinds),
        "accept": ",".join(ending for kind in kinds for ending in FileKind(kind).endings),
    }


@bp.get("/ho-so/<int:case_id>/tep")
@signed_in
def of_case(case_id: int) -> Answer | str:
    """The section by itself, as it is now."""
    view = case_of_reader(case_id)
    if not request.htmx:
        return redirect(_place(case_id))
    may_act = can(Capability.HANDLE_CASES) and view.may_change(current_scope())
    return render_template(
        "attachments/_case.html", view=view, may_act=may_act, sections={"attachments": section(view)}
    )


@bp.post("/ho-so/<int:case_id>/tep")
@allowed(Capability.HANDLE_CASES)
@refusals_told
def attach(case_id: int) -> Page:
    """Attach what was sent, to the document it was sent for."""
    chosen = [file for file in request.files.getlist("files") if file.filename]
    kind, document_id = _what(request.form.get("place", ""))
    uploads = (UploadedFile(file.filename or "", file.stream) for file in chosen)
    outcome = service.attach(current_scope(), actor(), case_id, uploads, kind=kind, document_id=document_id)
    if asked_by_script():
        return _outcome_json(outcome)
    if not chosen:
        flash(_("Hãy chọn ít nhất một tệp."), "warning")
    _flash(outcome)
    return redirect(_place(case_id))


@bp.post("/ho-so/<int:case_id>/tep/chia")
@allowed(Capability.HANDLE_CASES)
@refusals_told
def attach_parts(case_id: int) -> Page:
    """Attach one scan of several papers, each with its pages. What is refused is told beside what was typed."""
    file = next((file for file in request.files.getlist("file") if file.filename), None)
    if file is None:
        case_of_reader(case_id)  # whoever may not see the case is told no more than that
        raise DomainError("Hãy chọn một tệp.", field="file")
    named = {
        number_in(name.removeprefix("pages-")): text for name, text in request.form.items() if name[:6] == "pages-"
    }
    wanted = {document: text for document, text in named.items() if document is not None}
    upload = UploadedFile(file.filename or "", file.stream)
    outcome = service.attach_parts(
        current_scope(), actor(), case_id, upload, wanted, leave_rest="leave_rest" in request.form
    )
    _flash(outcome)
    if request.htmx:
        return Response(headers={"HX-Redirect": _place(case_id)})
    return redirect(_place(case_id))


@bp.post("/ho-so/<int:case_id>/tep/dung-lai")
@allowed(Capability.HANDLE_CASES)
@refusals_told
def reuse(case_id: int) -> Page:
    """Attach what was digitised for an earlier case of the applicant."""
    document_id = request.form.get("document", type=whole_number)
    row, recorded = service.reuse_file(
        current_scope(), actor(), case_id, request.form.get("file", 0, type=whole_number), document_id
    )
    flash(_("Đã dùng lại tệp “%(file)s”.", file=row.file_name), "success")
    _flash_events(recorded)
    return redirect(_place(case_id))


@bp.post("/tep/<int:attachment_id>/go")
@allowed(Capability.HANDLE_CASES)
@refusals_told
def remove(attachment_id: int) -> Page:
    """Take a file off its case, with the reason."""
    file = queries.one_file(current_scope(), attachment_id, removed=True)
    view = case_of_reader(file.case_id)
    service.remove_file(current_scope(), actor(), attachment_id, request.form.get("reason", ""))
    flash(_("Đã gỡ tệp “%(file)s”.", file=file.file_name), "success")
    event = EventKind.RESULT_DIGITISED if file.kind is AttachmentKind.RESULT else EventKind.FILES_DIGITISED
    at = view.case.result_digitised_at if file.kind is AttachmentKind.RESULT else view.case.files_digitised_at
    if at is not None and not _still_complete(file):
        flash(
            _("“%(event)s” vẫn được giữ trong diễn biến; nếu đã ghi nhầm, hãy đính chính việc đó.", event=label(event)),
            "warning",
        )
    return redirect(_place(file.case_id))


@bp.post("/tep/<int:attachment_id>/dung-chung")
@allowed(Capability.HANDLE_CASES)
@refusals_told
def confirm_shared(attachment_id: int) -> Page:
    """Say why one file stands for two papers."""
    file = queries.one_file(current_scope(), attachment_id)
    recorded = service.confirm_shared_file(current_scope(), actor(), attachment_id, request.form.get("reason", ""))
    flash(_("Đã ghi: tệp “%(file)s” dùng cho cả hai giấy tờ.", file=file.file_name), "success")
    _flash_events(recorded)
    return redirect(_place(file.case_id))


@bp.get("/tep/<int:attachment_id>")
@signed_in
def show(attachment_id: int) -> str:
    """A file before one's eyes: in a window over the case, or a page of its own."""
    file = _file(attachment_id)
    template = "attachments/_preview.html" if request.htmx else "attachments/show.html"
    return render_template(template, file=file)


@bp.get("/tep/<int:attachment_id>/xem")
@signed_in
def content(attachment_id: int) -> Response:
    """The file itself, shown by the browser where browsers can."""
    file = _file(attachment_id)
    return _sent(file, download=file.media_type not in SHOWN_BY_BROWSERS)


@bp.get("/tep/<int:attachment_id>/tai-ve")
@signed_in
def download(attachment_id: int) -> Response:
    """The file itself, to be saved."""
    return _sent(_file(attachment_id), download=True)


@bp.get("/tep/<int:attachment_id>/anh-nho", defaults={"edge": THUMBNAIL}, endpoint="thumbnail")
@bp.get("/tep/<int:attachment_id>/trang", defaults={"edge": PAGE}, endpoint="page")
@signed_in
def picture(attachment_id: int, edge: int) -> Response:
    """A small picture of a picture, or a page that a browser can show."""
    file = _file(attachment_id)
    answer = picture_of(file, edge)
    if edge == PAGE:
        record_opening(actor(), file.case_code, "attachment")
    return answer


@bp.get("/tep/<int:attachment_id>/anh-nho/hien-co", defaults={"edge": THUMBNAIL}, endpoint="thumbnail_so_far")
@bp.get("/tep/<int:attachment_id>/trang/hien-co", defaults={"edge": PAGE}, endpoint="page_so_far")
@signed_in
def picture_so_far(attachment_id: int, edge: int) -> str:
    """The place of a small picture on a page."""
    return picture_place(_file(attachment_id), edge)


bp.add_app_template_global(preview_of)
bp.add_app_template_global(file_url)


@bp.errorhandler(RequestEntityTooLarge)
def too_large(_error: RequestEntityTooLarge) -> Page:
    """More was sent at once than the site takes; none of it was read."""
    return _refused(
        _(
            "Các tệp vừa gửi cộng lại quá %(mb)s MB nên chưa tệp nào được nhận; hãy gửi ít tệp hơn mỗi lần.",
            mb=current_app.config["SETTINGS"].max_upload_mb,
        ),
        413,
    )


@bp.errorhandler(OSError)
def disk_failed(error: OSError) -> Page:
    """The disk did not take what was being sent."""
    current_app.logger.exception("attachments: %s", error)
    return _refused(sentence(store_failed(error)), 507)


def _file(attachment_id: int) -> FileSeen:
    return queries.one_file(current_scope(), attachment_id)


def _place(case_id: int) -> str:
    return url_for("cases.show", case_id=case_id, _anchor=HERE)


def _what(place: str) -> tuple[AttachmentKind, int | None]:
    """What the sent files are of: a document's id, `result`, `other`, or the case's file as a whole."""
    if (document_id := number_in(place)) is not None:
        return AttachmentKind.COMPONENT, document_id
    try:
        return AttachmentKind(place or AttachmentKind.COMPONENT), None
    except ValueError:
        abort(400)


def _outcome_json(outcome: UploadOutcome) -> Answer:
    _flash_events(outcome.recorded)  # the script loads the page again, where it is then read
    return jsonify(
        kept=len(outcome.kept),
        refused=[{"name": file.name, "why": sentence(file.error)} for file in outcome.refused],
        recorded=[_follows(event) for event in outcome.recorded],
    )


def _flash(outcome: UploadOutcome) -> None:
    if outcome.kept:
        flash(ngettext("Đã đính kèm %(num)s tệp.", "Đã đính kèm %(num)s tệp.", len(outcome.kept)), "success")
    for file in outcome.refused:
        flash(_("“%(file)s”: %(why)s", file=file.name, why=sentence(file.error)), "error")
    _flash_events(outcome.recorded)


def _flash_events(recorded: list[EventKind]) -> None:
    for event in recorded:
        flash(_follows(event), "success")


def _follows(event: EventKind) -> str:
    if event is EventKind.CORRECTED:
        return str(
            _("Bản điện tử đã ghi là có giá trị pháp lý không còn được tính: tệp kết quả không có chữ ký hợp lệ.")
        )
    return str(_("Đã tự ghi vào diễn biến: %(event)s.", event=label(event)))


def _still_complete(file: FileSeen) -> bool:
    seen = queries.files_of_case(current_scope(), file.case_id, "")
    return bool(seen.results) if file.kind is AttachmentKind.RESULT else not seen.missing


def _sent(file: FileSeen, download: bool) -> Response:
    answer = sent(file, download=download)
    record_opening(actor(), file.case_code, "attachment")
    return answer


# The administrator's page of the certificates that this site trusts.

signatures_bp = Blueprint("signatures", __name__)


@signatures_bp.get("/chu-ky-so", endpoint="roots")
@allowed(Capability.KEEP_SITE)
def roots() -> str:
    """The certificates and lists in the folder, what is wrong with each, and what files wait to be looked into."""
    return render_template(
        "attachments/roots.html", folder=folder(), seen=trusted(folder(), extensions.now()), counts=counts(site())
    )
