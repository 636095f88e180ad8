"""What the reader sees for each word of the room, and what a room above tells somebody, in which words: registered
here, by name."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from flask import current_app
from flask_babel import get_locale
from flask_babel import lazy_gettext as _l
from werkzeug.routing import BuildError

from app.notifications.models import NoticeKind
from app.organisation.registries import name_actions, name_details, name_subjects
from app.web.formats import add_labels, show_date

# What the reader sees for each word of the room.

add_labels(
    {
        NoticeKind.CASE: _l("Hồ sơ đến hạn"),
        NoticeKind.VIOLATION: _l("Vi phạm phải giải trình"),
        NoticeKind.ANSWER: _l("Giải trình vi phạm"),
        NoticeKind.EXPLANATION: _l("Giải trình hồ sơ quá hạn"),
        NoticeKind.MONTH: _l("Chốt, niêm phong tháng"),
        NoticeKind.WAIVER: _l("Miễn áp dụng"),
        NoticeKind.DUTY: _l("Chỉ đạo, phản ánh, báo cáo"),
        NoticeKind.TASK: _l("Nhiệm vụ kế hoạch"),
    }
)
name_actions(
    {
        "tell": _l("Lập thông báo"),
        "make_reminders": _l("Nhắc việc"),  # entries from before there were notices
        "sweep": _l("Dọn thông báo cũ"),
        "want_mail": _l("Chọn thông báo nhận bằng thư"),
    }
)
name_subjects({"notice": _l("Thông báo"), "reminder": _l("Nhắc việc")})
name_details(
    {"made": _l("số thông báo"), "wanted": _l("nhận thư"), "unmailed": _l("không nhận thư về")},
    {"unmailed": NoticeKind},
)


# What a room tells somebody, and in which words: rooms above register their sentences here, by name.

Figures = Mapping[str, Any]
Say = Callable[[Figures], str]
"""The sentence of a notice, in the reader's language; days among the figures are written as ISO dates."""


@dataclass(frozen=True, slots=True)
class News:
    """Something to be told to people (their ids). `subject`: what is told of the thing `about`, to each once.

    `page` is the endpoint it leads to, `place` that address's values.
    """

    to: Collection[int]
    kind: NoticeKind
    says: str
    about: str
    subject: str = ""
    figures: Figures = field(default_factory=dict)
    page: str = ""
    place: Figures = field(default_factory=dict)

    @property
    def key(self) -> str:
        """By which it is told once."""
        return ":".join(part for part in (self.about, self.says, self.subject) if part)


_sentences: dict[str, Say] = {}


def add_sentences(sentences: Mapping[str, Say]) -> None:
    """Say what notices of these names say."""
    _sentences.update(sentences)


def sentence_of(says: str, figures: Figures) -> str:
    """The sentence of a notice for who reads it now."""
    language = getattr(get_locale(), "language", "vi")
    return _sentences[says]({name: _in(language, value) for name, value in figures.items()})


def _in(language: str, value: Any) -> Any:
    return (value.get(language) or value.get("vi")) if isinstance(value, Mapping) else value


def address_of(page: str, place: Figures) -> str:
    """Where a notice leads, on this site; empty where that room is not bound."""
    try:
        return current_app.url_map.bind("").build(page, dict(place)) if page else ""
    except BuildError:
        return ""


def due_day(figures: Figures, name: str = "due") -> str:
    """The day among the figures of a notice, as people read it."""
    return show_date(date.fromisoformat(figures[name]))
