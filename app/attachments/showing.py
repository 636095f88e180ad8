"""A kept file before somebody's eyes, whatever it is a file of: its bytes, its small picture, never a damaged one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from flask import Response, abort, current_app, render_template, request, send_file, url_for

from app.attachments import service
from app.attachments.previews import THUMBNAIL, Preview, PreviewRequest, preview
from app.attachments.queries import StoredFileSeen
from app.attachments.store import Damaged
from app.organisation.access import actor
from app.web.security import as_stored_file

SHOWN_BY_BROWSERS = ("application/pdf", "image/jpeg", "image/png")


def file_url(file: StoredFileSeen, what: str) -> str:
    """The address of one of the pages of a file: show, content, download, thumbnail, page, remove."""
    room, name = file.bound
    place: dict[str, Any] = {name: file.id}
    return url_for(f"{room}.{what}", **place)


def sent(file: StoredFileSeen, *, download: bool) -> Response:
    """The very bytes that were looked through: sent from the open file, a piece at a time. Raises Damaged."""
    try:
        content = service.store().open(file.sha256)
    except Damaged:
        service.report_damaged(actor(), file)
        raise
    answer = send_file(content, file.media_type, as_attachment=download, download_name=file.file_name, etag=file.sha256)
    if answer.status_code == 200:
        answer.content_length = file.size
    else:  # the reader has it already
        content.close()
    return as_stored_file(answer)


def picture_of(file: StoredFileSeen, edge: int) -> Response:
    """A small picture of a picture, or a page that a browser can show. Raises Damaged where the file itself is."""
    if not file.is_picture:
        abort(404)
    try:
        service.store().check(file.sha256)
    except Damaged:
        service.report_damaged(actor(), file)
        raise
    found = preview_of(file, edge)
    if found.path is None:
        return Response(status=404 if found.why else 202, headers={"Cache-Control": "no-store"})
    answer = Response(found.path.read_bytes(), mimetype="image/jpeg")
    answer.set_etag(f"{file.sha256}-{edge}")
    return as_stored_file(answer.make_conditional(request))  # type: ignore[arg-type]


def picture_place(file: StoredFileSeen, edge: int) -> str:
    """The place of a small picture on a page: the picture, or that it is still being made, or why there is none."""
    if not file.is_picture:
        abort(404)
    size = "thumbnail" if edge == THUMBNAIL else "page"
    return render_template("attachments/_picture.html", file=file, size=size, found=preview_of(file, edge))


def preview_of(file: StoredFileSeen, edge: int) -> Preview:
    """The small picture of a file as it stands; it is made when it is not there yet."""
    folder = Path(current_app.instance_path) / "previews"
    return preview(PreviewRequest(service.store(), folder, file.sha256, edge))


def asked_by_script() -> bool:
    """Whether the page's own script sends the files, and reads what became of them."""
    return bool(request.accept_mimetypes.best == "application/json")
