"""How a reader is told what was put right: fields and what they say, in words."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.cases.amendments import PAPER
from app.cases.care import Lack
from app.cases.intake.contents import COUNTS
from app.cases.vocabulary import Channel, EventKind, ReturnMethod
from app.web.formats import label, show_date, show_money

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
