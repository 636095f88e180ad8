"""What a procedure says, for tests: say only what the test is about."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from app.core.calendar import TimeUnit
from app.organisation.models import Unit
from app.procedures.contents import Contents, StageContents
from app.procedures.models import Level


def contents_for(unit: Unit | int, *stages: tuple[str, Unit, str], **said: Any) -> Contents:
    """Five working days, no fee; stages as (name, unit, allowance)."""
    values: dict[str, Any] = {
        "name": "Cấp giấy phép lao động",
        "field": "Việc làm",
        "level": Level.FULL,
        "time_amount": Decimal(5),
        "time_unit": TimeUnit.WORKING_DAYS,
        "unit_id": unit if isinstance(unit, int) else unit.id,
        "stages": tuple(StageContents(name, holder.id, Decimal(amount)) for name, holder, amount in stages),
    }
    return Contents(**values | said)


def payable(**said: Any) -> dict[str, Any]:
    """A fee that can be paid online."""
    return {
        "fee": 600_000,
        "online_payment_eligible": True,
        "online_payment_reason": "Quyết định 12/QĐ-SLĐTBXH",
    } | said
