"""Keeping where the audit trail ends outside the database, in the file and by the mail of the settings; and walking
everything that tells of tampering, part by part: what `flask audit verify` says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.utils import localtime, make_msgid

from flask import current_app
from flask_babel import gettext as _

from app.attachments.verifying import files
from app.cases.verifying import events
from app.compliance.months.proving import months
from app.compliance.runs.verification import runs
from app.core.errors import DomainError, N_n
from app.notifications.digests import connected
from app.organisation import audit, backup, verifying
from app.organisation.access import Actor, site
from app.organisation.permissions import Capability, needs
from app.organisation.profile import profile
from app.organisation.verifying import Broken, Walk, hand_held, kept_outside, trail, unseen
from app.web.extensions import snapshot
from app.web.formats import show_datetime

# Keeping where the audit trail ends outside the database: in the file and by the mail of the settings.


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


# Walking everything that tells of tampering, part by part: what `flask audit verify` says.
#
# What the tables that are derived from events say is held against the events by `flask cases verify`.

WITHOUT_FILES: tuple[Walk, ...] = (trail, kept_outside, events, runs, months)
"""In the order in which they are walked: first the trail, which the others are held against."""
WALKS: tuple[Walk, ...] = (*WITHOUT_FILES, files)

KEPT = 1000  # broken places listed; the rest is counted


@dataclass(slots=True)
class RecordsVerification:
    """What a walk found. `counts`: how much was looked at, by name; `broken`: the first places; `broken_in_all`."""

    counts: Counter[str] = field(default_factory=Counter)
    broken: list[Broken] = field(default_factory=list)
    broken_in_all: int = 0
    unseen: list[DomainError] = field(default_factory=list)


def verify(
    against: Iterable[tuple[int, str]] = (),
    tell: Callable[[Broken], None] = lambda broken: None,
    walks: Iterable[Walk] = WALKS,
) -> RecordsVerification:
    """Walk all of it at one instant; writes nothing. `against`: anchors brought by hand, number and hash or its
    beginning. `tell` hears of each broken place as it is found."""
    found = RecordsVerification()
    with snapshot() as connection:
        for walk in (*walks, hand_held(against)):
            for broken in walk(connection, found.counts):
                tell(broken)
                found.broken_in_all += 1
                if len(found.broken) < KEPT:
                    found.broken.append(broken)
    found.unseen += unseen(found.counts)
    return found


MOST = 20
"""Broken places that a backup names; `flask audit verify` names all of them."""


def check() -> Callable[[Mapping[str, str]], list[DomainError]]:
    """What is broken in the database now; its files are looked at where they go into the backup."""
    found = verify(walks=WITHOUT_FILES)
    told = [broken.what for broken in found.broken[:MOST]]
    if found.broken_in_all > MOST:
        told.append(DomainError(N_n("Tất cả có %(n)s chỗ không còn như phần mềm đã ghi."), n=found.broken_in_all))
    return lambda _sums: told


backup.CHECKS.append(check)
