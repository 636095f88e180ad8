"""A status as symbol and word (`templates/components/badge.html`): lists draw one in each row, so it is a function."""

from __future__ import annotations

from enum import StrEnum

from flask import Flask
from markupsafe import Markup, escape

from app.core.errors import N_
from app.web.formats import label, language, translated

LOOKS = {
    # results
    "pass": ("check", "good"),
    "fail": ("x", "bad"),
    "not_applicable": ("minus", "plain"),
    "no_data": ("question", "warn"),
    "waived": ("circle", "info"),
    "pending": ("hourglass", "plain"),
    "remark": ("message-square", "info"),
    # single things
    "kept": ("check", "good"),
    "missing": ("x", "bad"),
    # lateness
    "early": ("check", "good"),
    "on_time": ("check", "good"),
    "due_soon": ("clock", "warn"),
    "due_today": ("clock-alert", "warn"),
    "late": ("clock-alert", "bad"),
    "open_late": ("clock-alert", "bad"),
    "paused": ("pause", "info"),
    "no_due_day": ("minus", "plain"),
    # cases
    "received": ("inbox", "accent"),
    "in_progress": ("play", "accent"),
    "supplement": ("pause", "info"),
    "resolved": ("file-check", "warn"),
    "closed": ("check", "good"),
    "refused": ("ban", "plain"),
    "withdrawn": ("undo-2", "plain"),
    "stopped": ("circle-x", "plain"),
    # violations
    "open": ("circle-dashed", "bad"),
    "explained": ("message-square", "info"),
    "accepted": ("check", "good"),
    "returned": ("corner-up-left", "warn"),
    "remedied": ("circle-check", "good"),
    "new": ("plus", "warn"),
    "persisting": ("refresh-cw", "plain"),
    "gone": ("check", "good"),
    "minor": ("flag", "plain"),
    "major": ("flag", "warn"),
    "critical": ("triangle-alert", "bad"),
    # jobs
    "queued": ("hourglass", "plain"),
    "running": ("refresh-cw", "accent"),
    "done": ("check", "good"),
    "failed": ("circle-x", "bad"),
    # signatures
    "valid": ("shield-check", "good"),
    "unchecked": ("shield-check", "info"),
    "untrusted": ("triangle-alert", "bad"),
    "changed": ("triangle-alert", "bad"),
    "none": ("minus", "plain"),
    # switches
    "active": ("check", "good"),
    "inactive": ("ban", "plain"),
}
"""The icon of each kind, and its tone."""
PLAIN = ("circle", "plain")

WORDS = {
    "pass": N_("Đạt"),
    "fail": N_("Vi phạm"),
    "not_applicable": N_("Không áp dụng"),
    "no_data": N_("Thiếu dữ liệu"),
    "waived": N_("Được miễn"),
    "pending": N_("Chưa đến hạn"),
    "remark": N_("Nhận xét"),
    "early": N_("Trước hạn"),
    "on_time": N_("Đúng hạn"),
    "due_soon": N_("Sắp đến hạn"),
    "due_today": N_("Đến hạn hôm nay"),
    "late": N_("Quá hạn"),
    "open_late": N_("Quá hạn"),
    "paused": N_("Tạm dừng tính hạn"),
    "no_due_day": N_("Không có ngày hẹn"),
    "queued": N_("Đang chờ"),
    "running": N_("Đang chạy"),
    "done": N_("Hoàn thành"),
    "failed": N_("Không thực hiện được"),
    "active": N_("Đang dùng"),
    "inactive": N_("Ngừng dùng"),
}


def word(kind: str) -> str:
    """What is read beside the symbol: of a word of an enumeration its label, of one of the kinds above its word."""
    if isinstance(kind, StrEnum):
        return label(kind)
    return translated(WORDS[kind], language()) if kind in WORDS else kind


def icon_of(kind: str) -> str:
    return LOOKS.get(kind, PLAIN)[0]


def badge(kind: str, text: str = "") -> Markup:
    """Icon and word; `text` in the word's stead."""
    icon, tone = LOOKS.get(kind, PLAIN)
    return Markup(f'<span class="badge {tone} i-{icon}">{escape(text or word(kind))}</span>')  # noqa: S704


def register(app: Flask) -> None:
    app.jinja_env.globals.update(draw_badge=badge)
