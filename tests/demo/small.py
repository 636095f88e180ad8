"""A small demonstration, which has something of everything: of it, several files of tests walk the whole house."""

from __future__ import annotations

from app.demo.loading import LoadSummary, load
from app.organisation.access import Actor
from tests.clock import at


def small_demonstration() -> LoadSummary:
    """Thirteen months until 30 June 2024; the caller has stopped the clock."""
    return load(Actor("Lệnh trên máy chủ"), cases=200, seed=1, until=at("2024-06-30 12:00").date())
