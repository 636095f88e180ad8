"""What belongs to the person at the desk: drafts and saved filters."""

from __future__ import annotations


def register_records() -> None:
    """Its tables, what the reader sees for its words, and what it tells the rules engine."""
    import app.desk.models
