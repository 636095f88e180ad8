"""What a citizen may look up: where a case stands and its date, by its code and the check letters on its slip.

The letters are an HMAC of the code under a key of the site's own, which is in its database: a slip stays good after a
restore on another machine, and when the instance's secret key is changed. No vowel and no W is among them, so that no
Vietnamese keyboard changes them, and nothing that reads like another.

A wrong guess costs its address a wait that grows. Unknown code and wrong letters take the same steps and get the same
answer; while a wait lasts nothing is looked up at all.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import parse_qs, quote, urlsplit

from sqlalchemy import select

from app.cases.models import Case
from app.cases.vocabulary import CaseStatus
from app.core.codes import LONGEST, code_key
from app.organisation import attempts
from app.organisation.access import site
from app.organisation.calendars import site_calendar
from app.organisation.keys import site_key
from app.web.extensions import db

LETTERS = "CFHJKLMNPQRTVX23456789"
HOW_MANY = 8  # 22^8 ways: fifty thousand million
PATH = "/tra-cuu"


@dataclass(frozen=True, slots=True)
class CaseSeen:
    """All that is told of a case; instants in UTC, the promise as people are told it."""

    code: str
    status: CaseStatus
    due_at: datetime | None  # None while the clock is stopped, and once there is a result
    first_promised_at: datetime | None  # where it is another date
    result_at: datetime | None
    ended_at: datetime | None
    delivered_at: datetime | None


def check_letters() -> Callable[[str], str]:
    """What gives the check letters of a code. The key is read once, now."""
    key = site_key(site(), "lookup")

    def letters(code: str) -> str:
        number = int.from_bytes(hmac.new(key, code_key(code).encode(), hashlib.sha256).digest(), "big")
        found = ""
        for _n in range(HOW_MANY):
            number, place = divmod(number, len(LETTERS))
            found += LETTERS[place]
        return found

    return letters


def look_up(code: str, letters: str, address: str) -> CaseSeen | None:
    """The case with that code, if these are its letters. TooManyFailures while the address has to wait."""
    count = attempts.lookup_count(address)
    attempts.refuse_lookup_while_waiting(count)
    typed, key = re.sub(r"[\W_]", "", letters.upper())[: 2 * HOW_MANY], code_key(code[: 2 * LONGEST])
    columns = (Case.code, Case.status, Case.due_at, Case.promised_at, Case.result_at, Case.ended_at, Case.delivered_at)
    found = db.session.execute(select(*columns).where(Case.site == site(), Case.code_key == key)).first()
    right = hmac.compare_digest(check_letters()(key).encode(), typed.encode())
    if found is None or not right:
        attempts.note_wrong_lookup(count)
        return None
    told, due = site_calendar().told_as, None if found.result_at or found.ended_at else found.due_at
    moved = due is not None and found.promised_at is not None and found.promised_at != due
    return CaseSeen(
        found.code,
        found.status,
        told(due) if due else None,
        told(found.promised_at) if moved else None,
        found.result_at,
        found.ended_at,
        found.delivered_at,
    )


def public_address(base: str, code: str, letters: str) -> str:
    """What a slip's QR code says: the public page for this case."""
    return f"{base.rstrip('/')}{PATH}?ma={quote(code, safe='')}&kt={letters}"


def code_scanned(typed: str) -> str:
    """The case code in what a scanner has typed: that of a slip's address; anything else as it is."""
    if "?" not in typed or PATH not in typed:
        return typed
    return next(iter(parse_qs(urlsplit(typed.strip()).query).get("ma", [])), typed)


def id_scanned(typed: str) -> int | None:
    """The case in the address on slips of before, which was that of its page."""
    found = re.fullmatch(r"https?://[^/\s]+(?:/[^\s?]*)?/ho-so/(\d{1,18})/?", typed.strip())
    return int(found[1]) if found else None
