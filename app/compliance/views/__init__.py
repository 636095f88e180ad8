"""The pages of the compliance room, a module each: the matrix and runs, running, violations, rules."""

from flask import Blueprint, request, url_for

from app.compliance.adoption.repository import nothing_adopted
from app.compliance.explaining import (
    document_number,
    fraction_shown,
    inside,
    is_count,
    known_shown,
    place_shown,
    printed_day,
    share_shown,
    subject_name,
    target_shown,
    unit_name,
    until_shown,
)
from app.compliance.labels import tally_in_words
from app.compliance.violations.raising import is_provisional, standing_of
from app.compliance.wording import percent
from app.organisation import navigation
from app.organisation.access import can
from app.organisation.permissions import Capability
from app.rulepacks.language import Status
from app.web.formats import language

bp = Blueprint("compliance", __name__)
bp.add_app_template_filter(unit_name)
bp.add_app_template_filter(subject_name)
bp.add_app_template_filter(tally_in_words)
bp.add_app_template_filter(inside)
bp.add_app_template_filter(until_shown)
bp.add_app_template_filter(document_number)
bp.add_app_template_filter(printed_day)
bp.add_app_template_filter(place_shown)
FIRST_PAGES = frozenset(
    set(navigation.HOMES.values())
    | {f"compliance.{page}" for page in ("matrix", "run_form", "what_if", "rules", "packs")}
)
"""Where a site that has adopted no pack says so."""


def _first_step() -> str:
    """Where to adopt a pack, on the pages that say so; empty once one was adopted."""
    to_tell = request.endpoint in FIRST_PAGES and can(Capability.READ_RESULTS) and nothing_adopted()
    return url_for("compliance.packs") if to_tell else ""


bp.app_context_processor(lambda: {"first_step": _first_step})
bp.context_processor(
    lambda: {
        "share_shown": share_shown,
        "share_in_words": lambda share: percent(share, language()),
        "fraction_shown": fraction_shown,
        "known_shown": known_shown,
        "target_shown": target_shown,
        "is_count": is_count,
        "is_provisional": is_provisional,
        "standing_of": standing_of,
        "statuses": (
            *(Status.FAIL, Status.NO_DATA, Status.PASS, Status.PENDING),
            *(Status.WAIVED, Status.REMARK, Status.NOT_APPLICABLE),
        ),
    }
)
