"""Who took or opened what of other people's: exported lists, with their count, and the papers of a case.

Entries of the audit trail, and of nothing else: a GET leaves its trace here and changes no record. What somebody
typed into a filter may be a citizen's name or number, so a filter is kept by what can be neither.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from sqlalchemy import select

from app.extensions import db
from app.organisation import audit
from app.organisation.access import Actor, site
from app.organisation.calendars import site_calendar, today
from app.organisation.models import AuditEntry
from app.organisation.permissions import for_everybody

HIDDEN = "…"
MOST_FILTERS = 20
_FREE_TEXT = frozenset({"q", "text", "search", "subject", "name", "applicant", "code", "ma"})
_CODED = re.compile(r"(?![0-9.+\-]{9,})[A-Za-z0-9_.:,+\-]{1,32}|\d{4}-\d\d(-\d\d)?")


@for_everybody
def record_export(
    by: Actor, list_name: str, filters: Mapping[str, str], rows: int, form: str, *, broken_off: bool = False
) -> None:
    """A list has left the site as a file. `rows`: lines below the header, of those that were sent."""
    more = {"broken_off": True} if broken_off else {}
    with audit.transaction():
        audit.record(
            by, "export_list", "list", list_name[:64], filter=told(filters), rows=rows, file_format=form, **more
        )


@for_everybody
def record_opening(by: Actor, case_code: str, paper: str) -> None:
    """Somebody opened a paper of a case. One entry a person, case and day: it names the first paper."""
    if _opened_today(by, case_code):
        return
    with audit.transaction():
        audit.record(by, "open_papers", "case", case_code, paper=paper)


@for_everybody
def record_sheaf(by: Actor, paper: str, case_codes: list[str]) -> None:
    """Somebody drew the papers of several cases at once: one entry, with their codes."""
    with audit.transaction():
        audit.record(by, "print_slips", "slip", paper, rows=len(case_codes), cases=case_codes)


def told(filters: Mapping[str, str]) -> dict[str, str]:
    """What a list was narrowed by. Words that somebody typed are left out."""
    return {
        name[:32]: value if name not in _FREE_TEXT and _CODED.fullmatch(value) else HIDDEN
        for name, value in list(filters.items())[:MOST_FILTERS]
        if value
    }


def _opened_today(by: Actor, case_code: str) -> bool:
    found = select(AuditEntry.id).where(
        AuditEntry.site == site(),
        AuditEntry.subject_kind == "case",
        AuditEntry.subject_id == case_code,
        AuditEntry.action == "open_papers",
        AuditEntry.person_id == by.person_id,
        AuditEntry.at >= site_calendar().start_of_day(today()),
    )
    return db.session.scalar(found.limit(1)) is not None
