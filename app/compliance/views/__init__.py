"""The pages of the compliance room, a module each: the matrix and runs, running, violations, rules."""

from flask import Blueprint

from app.compliance.explaining import (
    document_number,
    fraction_shown,
    inside,
    is_count,
    printed_day,
    share_shown,
    target_shown,
    unit_name,
    until_shown,
)
from app.compliance.language import Status

bp = Blueprint("compliance", __name__)
bp.add_app_template_filter(unit_name)
bp.add_app_template_filter(inside)
bp.add_app_template_filter(until_shown)
bp.add_app_template_filter(document_number)
bp.add_app_template_filter(printed_day)
bp.context_processor(
    lambda: {
        "share_shown": share_shown,
        "fraction_shown": fraction_shown,
        "target_shown": target_shown,
        "is_count": is_count,
        "statuses": (Status.FAIL, Status.NO_DATA, Status.PASS, Status.WAIVED, Status.NOT_APPLICABLE),
    }
)
