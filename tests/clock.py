"""Instants, as a person would write them."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")


def at(local: str) -> datetime:
    """The UTC instant of a local time: "2024-06-03 08:00"."""
    return datetime.fromisoformat(local).replace(tzinfo=ZONE).astimezone(UTC)
