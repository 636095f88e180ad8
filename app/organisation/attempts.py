"""Failed sign-ins, counted in the database for every server process: waits that grow, and never a lock.

Three counts, of which an attempt meets either the last alone or the first two:
- of an **address**: somebody who tries many accounts from one machine;
- of an **account**: somebody who tries one account from many machines;
- of an **account from an address that it has signed in from before**: so that nobody is kept from their own desk by
  what strangers do elsewhere, whether they try the same account or sit behind the same proxy.
A count forgives one failure at a time as it grows old. While a wait lasts nothing is checked and nothing is counted.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import current_app
from sqlalchemy import delete, select, update

from app.core.errors import N_, DomainError
from app.organisation import audit
from app.organisation.access import site
from app.organisation.keys import fingerprint
from app.organisation.models import FailedSignIns, KnownAddress, Person
from app.web import extensions
from app.web.client_address import read_address
from app.web.extensions import db

KEPT = timedelta(days=1)
KNOWN_FOR = timedelta(days=90)
MOST_REMEMBERED = 1_000  # addresses that wait at the public page, in the memory of a process
_LOOKUPS_WAITING = "lookups waiting"


class TooManyFailures(DomainError):
    """To be tried again after `seconds`."""

    def __init__(self, seconds: int) -> None:
        super().__init__(N_("Đã nhập sai nhiều lần. Hãy đợi %(seconds)s giây rồi thử lại."), seconds=seconds)
        self.seconds = seconds


@dataclass(frozen=True, slots=True)
class Patience:
    """`free` failures cost nothing; then a wait of `first` seconds doubles with each, up to `longest`; one failure is
    forgiven every `forgiven` seconds."""

    free: int
    first: float
    longest: float
    forgiven: int

    def remaining(self, failures: float, last: datetime, now: datetime) -> float:
        """How many failures still count."""
        return max(0.0, failures - max(0.0, (now - last).total_seconds()) / self.forgiven)

    def wait(self, failures: float, last: datetime, now: datetime) -> float:
        """Seconds from now until the next attempt is looked at; `failures` are those that counted at the last one."""
        beyond = round(failures) - self.free
        if beyond < 0:
            return 0.0
        pause = min(self.longest, self.first * 2.0 ** min(beyond, 30))
        return max(0.0, pause - max(0.0, (now - last).total_seconds()))


ACCOUNT = Patience(free=5, first=2, longest=900, forgiven=600)
OWN_DESK = Patience(free=5, first=2, longest=60, forgiven=60)


LOOKUP = Patience(free=20, first=2, longest=60, forgiven=60)
"""Wrong guesses at the public page: a person mistypes now and then, a program makes one in a minute."""


def of_address() -> Patience:
    """What an address is allowed: the site's setting."""
    free, forgiven = current_app.config["SETTINGS"].failed_sign_ins
    return Patience(free=free, first=forgiven / free, longest=900, forgiven=forgiven)


@dataclass(frozen=True, slots=True)
class AttemptCount:
    """One count: what it is of, as it is stored, and its patience."""

    key: str
    patience: Patience


def network_of(address: str) -> str:
    """What is counted as one address: an IPv4 address, or the /64 network that one IPv6 subscriber has."""
    read = read_address(address)
    if read is None:
        return ""
    return str(read) if read.version == 4 else f"{read.exploded[:19]}::/64"


def counts_of(account: str, address: str, *, known: bool, asked: str = "password") -> tuple[AttemptCount, ...]:
    """The counts that an attempt meets, the account's own first; `asked` tells passwords and codes apart."""
    network = network_of(address)
    if known:
        return (AttemptCount(_key(asked, "desk", account, network), OWN_DESK),)
    return (
        AttemptCount(_key(asked, "account", account), ACCOUNT),
        AttemptCount(_key("address", network), of_address()),
    )


def refuse_while_waiting(counts: Sequence[AttemptCount]) -> None:
    """TooManyFailures while any of the counts has a wait; one query, nothing is written."""
    now = extensions.now()
    patience = {count.key: count.patience for count in counts}
    waits = [
        patience[row.key].wait(row.failures, row.last_failed_at, now)
        for row in db.session.execute(
            select(FailedSignIns.key, FailedSignIns.failures, FailedSignIns.last_failed_at).where(
                FailedSignIns.site == site(), FailedSignIns.key.in_(patience)
            )
        )
    ]
    if any(waits):
        raise TooManyFailures(math.ceil(max(waits)))


def take_turn(counts: Sequence[AttemptCount]) -> None:
    """Count an attempt on the account as failed before it is looked at: of a hundred at once one is looked at.

    Raises TooManyFailures. `give_back` what turns out to be right; `failed` what does not.
    """
    refuse_while_waiting(counts)  # under a flood the database's writer is not even asked for
    with audit.transaction():
        audit.one_at_a_time(f"sign-in {counts[0].key}")
        refuse_while_waiting(counts)
        _add_one(counts[0])


def failed(counts: Sequence[AttemptCount]) -> None:
    """The attempt was wrong, within the current transaction: it counts against its address too. (The right ones of an
    office behind one address never do, not even while they are looked at.)"""
    now = extensions.now()
    db.session.execute(
        delete(FailedSignIns).where(FailedSignIns.site == site(), FailedSignIns.last_failed_at < now - KEPT)
    )
    for count in counts[1:]:
        audit.one_at_a_time(f"sign-in {count.key}")
        _add_one(count)


def lookup_count(address: str) -> AttemptCount:
    """What a wrong guess at the public page is counted under."""
    return AttemptCount(_key("lookup", network_of(address)), LOOKUP)


def refuse_lookup_while_waiting(count: AttemptCount) -> None:
    """TooManyFailures while the address has to wait. A wait once told is remembered by the process until it is over:
    a flood of guesses asks the database nothing."""
    now, waits = extensions.now(), current_app.extensions.setdefault(_LOOKUPS_WAITING, {})
    left = (waits[count.key] - now).total_seconds() if count.key in waits else 0
    if 0 < left <= LOOKUP.longest:
        raise TooManyFailures(math.ceil(left))
    try:
        refuse_while_waiting([count])
    except TooManyFailures as waiting:
        if len(waits) >= MOST_REMEMBERED:
            waits.clear()
        waits[count.key] = now + timedelta(seconds=waiting.seconds)
        raise


def note_wrong_lookup(count: AttemptCount) -> None:
    """A guess at the public page was wrong."""
    with audit.transaction():
        failed((count, count))


def release_counts(counts: Sequence[AttemptCount]) -> None:
    """The attempt was right, within the current transaction. At one's own desk everything is forgotten; elsewhere what
    was counted for it is taken back, and what others failed before still counts against them."""
    audit.one_at_a_time(f"sign-in {counts[0].key}")
    own = (FailedSignIns.site == site()) & (FailedSignIns.key == counts[0].key)
    if counts[0].patience is OWN_DESK:
        db.session.execute(delete(FailedSignIns).where(own))
        return
    db.session.execute(update(FailedSignIns).where(own).values(failures=FailedSignIns.failures - 1))
    db.session.execute(delete(FailedSignIns).where(own, FailedSignIns.failures <= 0))


def _add_one(count: AttemptCount) -> None:
    now = extensions.now()
    row = db.session.scalar(
        select(FailedSignIns)
        .where(FailedSignIns.site == site(), FailedSignIns.key == count.key)
        .execution_options(populate_existing=True)
    )
    if row is None:
        db.session.add(FailedSignIns(site=site(), key=count.key, failures=1.0, last_failed_at=now))
    else:
        row.failures = count.patience.remaining(row.failures, row.last_failed_at, now) + 1
        row.last_failed_at = now


def is_known(person_id: int, address: str) -> bool:
    """Whether the account has signed in from there before, within 90 days."""
    return bool(
        db.session.scalar(
            select(KnownAddress.id).where(
                KnownAddress.person_id == person_id,
                KnownAddress.address == network_of(address),
                KnownAddress.last_signed_in_at > extensions.now() - KNOWN_FOR,
            )
        )
    )


def remember(who: Person, address: str) -> None:
    """The account signed in from there, within the current transaction; what is older than 90 days is forgotten."""
    now, network = extensions.now(), network_of(address)
    audit.one_at_a_time(f"known addresses {who.id}")
    db.session.execute(
        delete(KnownAddress).where(KnownAddress.site == who.site, KnownAddress.last_signed_in_at < now - KNOWN_FOR)
    )
    known = db.session.scalar(
        select(KnownAddress).where(KnownAddress.person_id == who.id, KnownAddress.address == network)
    )
    if known is None:
        db.session.add(KnownAddress(site=who.site, person_id=who.id, address=network, last_signed_in_at=now))
    else:
        known.last_signed_in_at = now


def _key(*parts: str) -> str:
    return fingerprint("failed sign-ins", "\n".join(parts))
