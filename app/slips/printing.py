"""What the pages and the commands of this room share: the press of this site, and papers as files.

A slip's QR code is the case code, which a scanner types at any desk; with the public page, its address for this case.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from zoneinfo import ZoneInfo

from flask import current_app

from app.cases.lookup import PATH, check_letters, public_address
from app.organisation.access import site
from app.organisation.calendars import site_calendar
from app.organisation.exports import XLSX
from app.organisation.profile import profile
from app.slips.document import PrintedSlip
from app.slips.queries import house
from app.slips.service import Press


def _pdf(documents: Iterable[PrintedSlip]) -> bytes:
    from app.slips import pdf  # heavy: only for whoever prints

    return pdf.render(documents)


def _word(documents: Iterable[PrintedSlip]) -> bytes:
    from app.slips import word

    return word.render(documents)


def _workbook(documents: Iterable[PrintedSlip]) -> bytes:
    from app.slips import workbook

    return workbook.render(documents)


RENDERERS: dict[str, Callable[[Iterable[PrintedSlip]], bytes]] = {"pdf": _pdf, "docx": _word, "xlsx": _workbook}
TYPES = {
    "pdf": "application/pdf",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xlsx": XLSX,
}


def press() -> Press:
    """What this site prints its slips with."""
    settings = current_app.config["SETTINGS"]
    ours = profile()
    body = house(site(), ours.name, ours.place, site_calendar())
    zone = ZoneInfo(settings.zone)
    if not settings.public_lookup:
        return Press(body, zone, lambda code: code, lambda _code: "")
    letters = check_letters()
    page = settings.site_address.split("://", 1)[1].rstrip("/") + PATH
    return Press(
        body,
        zone,
        lambda code: public_address(settings.site_address, code, letters(code)),
        lambda code: f"Mã tra cứu: {letters(code)[:4]} {letters(code)[4:]} (tại {page})",
    )
