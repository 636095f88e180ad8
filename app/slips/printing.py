"""What the pages and the commands of this room share: the press of this site, and papers as files."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from zoneinfo import ZoneInfo

from flask import current_app, has_request_context, request

from app.organisation.access import site
from app.organisation.calendars import site_calendar
from app.slips.document import PrintedSlip
from app.slips.queries import house
from app.slips.service import Press


def _pdf(documents: Iterable[PrintedSlip]) -> bytes:
    from app.slips import pdf  # heavy: only for whoever prints

    return pdf.render(documents)


def _word(documents: Iterable[PrintedSlip]) -> bytes:
    from app.slips import word

    return word.render(documents)


RENDERERS: dict[str, Callable[[Iterable[PrintedSlip]], bytes]] = {"pdf": _pdf, "docx": _word}
TYPES = {
    "pdf": "application/pdf",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
}


def press() -> Press:
    """What this site prints its slips with."""
    settings = current_app.config["SETTINGS"]
    body = house(site(), settings.site_name, settings.place, site_calendar())
    return Press(body, ZoneInfo(settings.zone), qr_address)


def qr_address(case_id: int, code: str) -> str:
    """The case's page: under the site's address, or the one the reader is using; the code alone without either."""
    base = current_app.config["SETTINGS"].site_address or (request.host_url if has_request_context() else "")
    if not base:
        return code
    path = current_app.url_map.bind("").build("cases.show", {"case_id": case_id})
    return base.rstrip("/") + path
