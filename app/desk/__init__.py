"""What belongs to the person at the desk: drafts and saved filters."""

from __future__ import annotations


def register_records() -> None:
    import app.desk.models
