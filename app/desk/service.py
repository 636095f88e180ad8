"""What belongs to the person at the desk: drafts of forms, and filters saved under a name.

A draft is what somebody has typed into a form and not sent yet, kept so that neither a lost connection nor an expired
sign-in costs it. It is nobody's record: it leaves no entry in the audit trail, and goes when it was sent or is old.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlencode

from flask import current_app
from sqlalchemy import delete, func, select
from sqlalchemy.dialects import postgresql, sqlite
from werkzeug.datastructures import MultiDict

from app.core.errors import Conflict, DomainError, NotFound
from app.core.text import tidy
from app.desk.models import Draft, SavedFilter
from app.organisation.access import Actor, site
from app.organisation.audit import transaction
from app.organisation.permissions import Capability, for_everybody, needs
from app.web import extensions
from app.web.extensions import db

LARGEST = 200_000  # characters
MOST = 30  # drafts of one form that a person keeps; the oldest go first
MOST_FILTERS = 30  # of one list that a person keeps
NEVER_KEPT = frozenset({"csrf_token"})


@dataclass(frozen=True, slots=True)
class DraftLine:
    """A draft in the list of one's own."""

    token: str
    title: str
    updated_at: datetime


@needs(Capability.RECEIVE_CASES)
def save_draft(by: Actor, form: str, token: str, typed: MultiDict[str, str], title: str) -> None:
    """Keep what was typed, in place of what was kept under this token before. Of one's own drafts of the form, those
    that are old or too many go; nobody else's."""
    fields = {name: values for name, values in typed.lists() if name not in NEVER_KEPT}
    if not token or len(token) > 64 or len(json.dumps(fields)) > LARGEST:
        raise DomainError("Bản nháp này không lưu được: nội dung quá dài.")
    now, dialect = extensions.now(), postgresql if db.engine.dialect.name == "postgresql" else sqlite
    values: dict[str, Any] = {"title": title[:200], "typed": fields, "updated_at": now}
    identity = {"site": site(), "person_id": by.person_id, "form": form, "token": token}
    with transaction() as session:
        session.execute(
            dialect.insert(Draft)
            .values(**identity, **values)
            .on_conflict_do_update(index_elements=["person_id", "form", "token"], set_=values)
        )
        session.execute(delete(Draft).where(*_own(by, form), Draft.updated_at < _oldest(now)))
        newest = select(Draft.id).where(*_own(by, form)).order_by(Draft.updated_at.desc(), Draft.id.desc())
        session.execute(delete(Draft).where(*_own(by, form), Draft.id.not_in(newest.limit(MOST))))


@needs(Capability.RECEIVE_CASES)
def drafts_of(by: Actor, form: str) -> list[DraftLine]:
    """One's own drafts of a form, the latest first."""
    columns = select(Draft.token, Draft.title, Draft.updated_at)
    wanted = columns.where(*_own(by, form), Draft.updated_at >= _oldest(extensions.now()))
    return [DraftLine(*row) for row in db.session.execute(wanted.order_by(Draft.updated_at.desc(), Draft.id.desc()))]


@needs(Capability.RECEIVE_CASES)
def draft(by: Actor, form: str, token: str) -> MultiDict[str, str]:
    """What one has typed. NotFound when it was sent, discarded, has become too old, or is somebody else's."""
    typed: Mapping[str, list[str]] | None = db.session.scalar(
        select(Draft.typed).where(*_own(by, form), Draft.token == token, Draft.updated_at >= _oldest(extensions.now()))
    )
    if typed is None:
        raise NotFound("Không tìm thấy bản nháp này: đã gửi, đã bỏ, hoặc để quá lâu.")
    return MultiDict((name, value) for name, values in typed.items() for value in values)


@needs(Capability.RECEIVE_CASES)
def discard_draft(by: Actor, form: str, token: str) -> None:
    """Throw a draft away; nothing happens when there is none."""
    mine = (*_own(by, form), Draft.token == token)
    if db.session.scalar(select(Draft.id).where(*mine)) is None:  # as after most cases: nothing to wait for writers for
        return
    with transaction() as session:
        session.execute(delete(Draft).where(*mine))


def _own(by: Actor, form: str) -> tuple[Any, ...]:
    return Draft.site == site(), Draft.person_id == by.person_id, Draft.form == form


def _oldest(now: datetime) -> datetime:
    return now - timedelta(days=current_app.config["SETTINGS"].draft_days)


# Filters that somebody saved under a name: the query of a list's address, and nothing of what it finds.

LONGEST_NAME, LONGEST_QUERY = 120, 2_000
PLACES = frozenset({"after", "before"})  # where one was in the list: no part of what is looked for


@for_everybody
def saved_filters(by: Actor, page: str) -> Sequence[SavedFilter]:
    """The person's filters of a list, in the order they were saved."""
    mine = select(SavedFilter).where(SavedFilter.person_id == by.person_id, SavedFilter.page == page)
    return db.session.scalars(mine.order_by(SavedFilter.position, SavedFilter.id)).all()


@for_everybody
def save_filter(by: Actor, page: str, name: str, query: str) -> SavedFilter:
    """Keep the filters of a list's address under a name."""
    name, query = tidy(name), without_place(query)
    if not name:
        raise DomainError("Hãy đặt tên cho bộ lọc.", field="name")
    if len(name) > LONGEST_NAME:
        raise DomainError("Tên bộ lọc không quá %(n)s ký tự.", field="name", n=LONGEST_NAME)
    if not query:
        raise DomainError("Danh sách chưa lọc gì nên không có gì để lưu.", field="name")
    if len(query) > LONGEST_QUERY:
        raise DomainError("Bộ lọc này quá dài để lưu.", field="name")
    known = saved_filters(by, page)
    if any(each.name == name for each in known):
        raise Conflict("Bạn đã có bộ lọc tên “%(name)s”. Hãy đặt tên khác.", field="name", name=name)
    if len(known) >= MOST_FILTERS:
        raise DomainError("Mỗi danh sách chỉ lưu được %(n)s bộ lọc. Hãy xóa bớt.", field="name", n=MOST_FILTERS)
    with transaction() as session:
        last = session.scalar(select(func.max(SavedFilter.position)).where(SavedFilter.person_id == by.person_id))
        kept = SavedFilter(
            site=site(), person_id=by.person_id, page=page, name=name, query=query, position=(last or 0) + 1
        )
        session.add(kept)
    return kept


@for_everybody
def remove_filter(by: Actor, filter_id: int) -> SavedFilter:
    """Forget one of the person's filters. Raises NotFound for another's."""
    with transaction() as session:
        kept = session.scalar(
            select(SavedFilter).where(SavedFilter.id == filter_id, SavedFilter.person_id == by.person_id)
        )
        if kept is None:
            raise NotFound("Không tìm thấy bộ lọc này.")
        session.delete(kept)
    return kept


def without_place(query: str) -> str:
    """The query without empty filters and without the place in the list: `q=&unit=LDVL&after=…` -> `unit=LDVL`."""
    return urlencode([(name, value) for name, value in parse_qsl(query) if value and name not in PLACES])
