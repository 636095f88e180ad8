"""The pages of publications show what the plans allow, read from the clock rules of the packs in force."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from app.core.calendar import TimeUnit
from app.publications.clocks import PublicationStep, allowed
from app.publications.models import PublicationTrack
from tests.factories import adopt_packs


@pytest.mark.parametrize(
    ("track", "step", "days"),
    [
        (PublicationTrack.CATALOGUE, PublicationStep.DIVISION, 3),
        (PublicationTrack.CATALOGUE, PublicationStep.OFFICE, 2),
        (PublicationTrack.CATALOGUE, PublicationStep.WHOLE, 5),
        (PublicationTrack.PROCESS, PublicationStep.DIVISION, 2),
        (PublicationTrack.PROCESS, PublicationStep.OFFICE, 3),
        (PublicationTrack.EARLY_NUMBER, PublicationStep.JOINT, 5),
    ],
)
def test_the_plan_of_bac_giang_allows(session: Any, track: PublicationTrack, step: PublicationStep, days: int) -> None:
    adopt_packs()
    [one] = allowed(track, step, date(2024, 3, 1))
    assert (one.days, one.unit) == (days, TimeUnit.WORKING_DAYS)
    assert "Bắc Giang" in one.plan


def test_a_plan_not_yet_in_force_allows_nothing(session: Any) -> None:
    adopt_packs()
    assert allowed(PublicationTrack.CATALOGUE, PublicationStep.DIVISION, date(2023, 12, 1)) == []
