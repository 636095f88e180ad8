"""Filters that somebody saved under a name: the query of a list's address, and nothing of what it finds."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import parse_qsl, urlencode

from sqlalchemy import func, select

from app.core.errors import Conflict, DomainError, NotFound
from app.core.text import tidy
from app.desk.models import SavedFilter
from app.organisation.access import Actor, site
from app.organisation.audit import transaction
from app.organisation.permissions import for_everybody
from app.web.extensions import db

MOST = 30  # filters of one list that a person keeps
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
    if len(known) >= MOST:
        raise DomainError("Mỗi danh sách chỉ lưu được %(n)s bộ lọc. Hãy xóa bớt.", field="name", n=MOST)
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
