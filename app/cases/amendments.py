"""What was written down at reception and put right since: how an event tells it, what stood there before, and how a
reader is told."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.cases.care import Lack
from app.cases.intake.contents import COUNTS
from app.cases.vocabulary import Channel, EventKind, ReturnMethod
from app.web.formats import label, show_date, show_money

# What was written down at reception and put right since: how an event tells it, and what stood there before. Pure.

Changes = dict[str, dict[str, Any]]
"""Field -> {"was": …, "is": …}, as JSON keeps it. Of a paper the field is `paper:` and its name."""

WRITTEN = ("applicant", "id_number", "phone", "address", "email", "owner", "other_code", "content")
UNSAID = ("sets", "channel", "return_method")  # what an import may leave so
PAPER = "paper:"
PROCEDURE = ("procedure", "promised_at")


class _Told(Protocol):
    """An event with who recorded it."""

    @property
    def kind(self) -> EventKind: ...
    @property
    def at(self) -> datetime: ...
    @property
    def recorded_at(self) -> datetime: ...
    @property
    def actor(self) -> str: ...
    @property
    def note(self) -> str: ...
    @property
    def data(self) -> dict[str, Any]: ...


@dataclass(frozen=True, slots=True)
class FormerValue:
    """What a field said until somebody put it right: when, who and why. None: nothing was written there."""

    value: Any
    until: datetime
    who: str
    why: str


@dataclass(frozen=True, slots=True)
class Formerly:
    """What the fields of a case said before, the oldest first."""

    of: Mapping[str, list[FormerValue]] = field(default_factory=dict)

    def field(self, name: str) -> list[FormerValue]:
        """What that field said before; nothing where it was never put right."""
        return self.of.get(name, [])

    def paper(self, name: str) -> list[FormerValue]:
        """How many of that paper were said to have come: kind -> number."""
        return self.of.get(PAPER + name, [])


def changes_between(was: Mapping[str, Any], now: Mapping[str, Any]) -> Changes:
    """The fields that say something else now."""
    return {name: {"was": was.get(name), "is": value} for name, value in now.items() if was.get(name) != value}


def formerly(events: Iterable[_Told]) -> Formerly:
    """What the amendments among these events have put right."""
    found: dict[str, list[FormerValue]] = {}
    for event in events:
        if event.kind is EventKind.AMENDED:
            for name, change in event.data["changes"].items():
                found.setdefault(name, []).append(
                    FormerValue(change["was"], event.recorded_at, event.actor, event.note)
                )
    return Formerly(found)


# How a reader is told what was put right: fields and what they say, in words.

FIELD_NAMES = {
    "applicant": _l("Người nộp"),
    "id_number": _l("Số định danh, mã số thuế"),
    "phone": _l("Điện thoại"),
    "email": _l("Thư điện tử"),
    "address": _l("Địa chỉ"),
    "owner": _l("Chủ hồ sơ"),
    "other_code": _l("Mã ở hệ thống khác"),
    "content": _l("Nội dung yêu cầu giải quyết"),
    "sets": _l("Số bộ hồ sơ"),
    "channel": _l("Hình thức nộp"),
    "return_method": _l("Nhận kết quả"),
    "exemption": _l("Miễn, giảm phí"),
    "fee_due": _l("Phí, lệ phí"),
    "procedure": _l("Thủ tục"),
    "promised_at": _l("Hạn trả kết quả"),
}
COUNT_NAMES = {
    "originals": _l("bản chính"),
    "certified": _l("bản sao chứng thực"),
    "copies": _l("bản sao"),
    "electronic": _l("bản điện tử"),
}


def value_in_words(value: Any, name: str) -> str:
    """What a field said, as people read it."""
    if name.startswith(PAPER) or isinstance(value, dict):
        return counts_in_words(value)
    if value is None and name in UNSAID:
        return str(_("chưa rõ"))
    if value in (None, ""):
        return str(_("để trống"))
    match name:
        case "channel":
            return label(Channel(value))
        case "return_method":
            return label(ReturnMethod(value))
        case "fee_due":
            return show_money(int(value))
        case "promised_at":
            return show_date(datetime.fromisoformat(value))
    return str(value)


def counts_in_words(counts: Any) -> str:
    """How many of each kind, "1 bản chính, 2 bản sao"; of none that there is none."""
    read = counts if isinstance(counts, dict) else {name: getattr(counts, name) for name in (*COUNTS, "note")}
    said = [f"{read[name]} {COUNT_NAMES[name]}" for name in COUNTS if read[name]]
    words = ", ".join(said) or str(_("chưa nhận"))
    return f"{words} ({read['note']})" if read.get("note") else words


def changes_in_words(data: dict[str, Any]) -> str:
    """What an amendment changed: “Người nộp: nguyen van a → Nguyễn Văn An; …”."""
    return "; ".join(
        f"{FIELD_NAMES.get(name, name.removeprefix(PAPER))}: "
        f"{value_in_words(change['was'], name)} → {value_in_words(change['is'], name)}"
        for name, change in data["changes"].items()
    )


def proceeding_in_words(data: dict[str, Any]) -> str:
    """What somebody went on without, and with what."""
    without = ", ".join(label(Lack(each)) for each in data["without"])
    return str(_("%(what)s dù còn thiếu: %(without)s", what=label(EventKind(data["for"])), without=without))


def annulment_in_words(data: dict[str, Any]) -> str:
    """What stands beside the reason of an annulment."""
    parts = []
    if data.get("twin"):
        parts.append(_("Giữ lại hồ sơ %(code)s", code=data["twin"]))
    if data.get("holder"):
        parts.append(_("đang do %(who)s xử lý", who=data["holder"]))
    if data.get("was_late"):
        parts.append(_("đã quá hạn khi hủy"))
    return "; ".join(map(str, parts))
