"""Keeping where the audit trail ends outside the database: in the file and by the mail of the settings."""

from __future__ import annotations

from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import localtime, make_msgid

from flask import current_app
from flask_babel import gettext as _

from app.core.errors import DomainError
from app.notifications.digests import connected
from app.organisation import audit, verifying
from app.organisation.access import Actor, site
from app.organisation.permissions import Capability, needs
from app.organisation.profile import profile
from app.web.formats import show_datetime


@dataclass(frozen=True, slots=True)
class Anchored:
    """Where the trail ended, and where that is kept now; empty where the settings name none."""

    head: audit.Head
    file: str
    mail: str


@needs(Capability.KEEP_SITE)
def anchor(by: Actor) -> Anchored:
    """Keep where the trail ends in the file and send it by mail; one entry of the trail says that it was done, so that
    a file that is gone is missed. Raises DomainError where nothing is configured, or a place cannot be reached."""
    settings = current_app.config["SETTINGS"]
    path, address = settings.audit_anchor_file, settings.audit_anchor_mail
    if path is None and not address:
        raise DomainError("Chưa có nơi ghi mốc: hãy đặt DUNG_HAN_AUDIT_ANCHOR_FILE hoặc DUNG_HAN_AUDIT_ANCHOR_MAIL.")
    with audit.transaction():
        told = {"file": str(path) if path else "", "mail": address}
        audit.record(by, "anchor_audit", "site", site(), **told)
    head = audit.head()
    assert head is not None
    verifying.anchor("command")
    if address:
        _send(head, address)
    return Anchored(head, told["file"], address)


def _send(head: audit.Head, address: str) -> None:
    settings, message = current_app.config["SETTINGS"], EmailMessage()
    message["Subject"] = "[Đúng Hạn] " + _("Mốc nhật ký %(number)s:%(hash)s", number=head.number, hash=head.hash)
    message["From"], message["To"] = settings.smtp_sender, address
    message["Date"] = localtime()
    message["Message-ID"] = make_msgid(domain=settings.smtp_sender.rpartition("@")[2])
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(
        _(
            "%(name)s (%(site)s): đến %(at)s nhật ký có %(number)s mục, mã băm của mục cuối là\n%(hash)s\n\n"
            "Hãy giữ thư này. Khi cần, đối chiếu bằng lệnh:\nflask audit verify --against %(number)s:%(hash)s",
            name=profile().name,
            site=settings.site,
            at=show_datetime(head.at),
            number=head.number,
            hash=head.hash,
        )
    )
    try:
        with connected(settings) as server:
            server.send_message(message)
    except OSError as error:
        raise DomainError("Không gửi được mốc nhật ký đến %(mail)s: %(why)s.", mail=address, why=error) from error
