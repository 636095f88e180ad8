"""What somebody has typed into a form and not sent yet, kept so that neither a lost connection nor an expired sign-in
costs it. A draft is nobody's record: it leaves no entry in the audit trail, and goes when it has been sent or is old.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import current_app
from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql, sqlite
from werkzeug.datastructures import MultiDict

from app.core.errors import DomainError, NotFound
from app.desk.models import Draft
from app.organisation.access import Actor, site
from app.organisation.audit import transaction
from app.organisation.permissions import Capability, needs
from app.web import extensions
from app.web.extensions import db

LARGEST = 200_000  # characters
MOST = 30  # drafts of one form that a person keeps; the oldest go first
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
