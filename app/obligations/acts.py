"""Where what is owed again and again is recorded as handed in (`organisation.acts`)."""

from __future__ import annotations

from functools import partial

from flask import url_for
from flask_babel import gettext as _

from app.obligations.models import FilingKind
from app.organisation.access import can
from app.organisation.acts import Act, Wanted, register_act
from app.organisation.permissions import Capability


def _hand_in(kind: FilingKind, wanted: Wanted) -> Act | None:
    """The form with the unit and the first period that is owed already chosen."""
    if not can(Capability.FULFIL_OBLIGATIONS):
        return None
    period = wanted.names[0].split(" ")[0] if wanted.names else ""
    year = period[:4] if period[:4].isdecimal() else str(wanted.period.first.year)
    address = url_for("obligations.hand_in", loai=kind.value, nam=year, ky=period, don_vi=wanted.unit_id)
    return Act(_("Ghi đã nộp"), address)


for kind in FilingKind:
    register_act(kind.value, partial(_hand_in, kind))
