"""What the demonstration says the national portal showed for the last full month: made up, as its source says."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from app.demo.world import MARK, Ground
from app.reporting.index.models import PortalScore
from app.web import extensions

SCORES = {
    "PUBLISH_ON_TIME": 540,
    "PUBLIC_CONTENT_FULL": 194,
    "DOSSIER_SYNC": 563,
    "PROCESS_ON_TIME": 1893,
    "ONLINE_CASES": 548,
    "PAID_ONLINE": 231,
    "SYNCED_WITH_DVCQG_PERSONAL_STORAGE": 212,
    "DOSSIER_RECEIVING_SATISFACTION": 571,
}
"""Hundredths of a point."""


def portal_scores(ground: Ground) -> Iterator[PortalScore]:
    """Those that the portal alone knows, and some to compare with; nothing before the month is over."""
    seen = ground.month.last + timedelta(days=3)
    if not ground.has_come(seen):
        return
    for metric, score in SCORES.items():
        yield PortalScore(
            site=ground.site,
            period=ground.month.key,
            metric=metric,
            score=score,
            seen_on=seen,
            source=f"{MARK}: không phải điểm của Cổng",
            recorded_at=extensions.now(),
            actor=ground.by.name,
        )
