"""Pages of the cases room: lists and search, taking in, and the page of one case with all that is done to it."""

from flask import Blueprint

from app.cases.amendments import (
    annulment_in_words,
    changes_in_words,
    counts_in_words,
    proceeding_in_words,
    value_in_words,
)
from app.cases.population import supplement_missed
from app.cases.presenting import timeline_entries
from app.cases.wording import pauses_in_words, promise_in_words, show_due, standing_in_words, total_in_words
from app.organisation.calendars import today

bp = Blueprint("cases", __name__)
bp.add_app_template_test(lambda case: bool(supplement_missed(case, today())), "supplement_missed")
bp.add_app_template_filter(standing_in_words)
bp.add_app_template_filter(promise_in_words)
bp.add_app_template_filter(show_due, "due")
bp.add_app_template_filter(pauses_in_words)
bp.add_app_template_filter(total_in_words)
for _words in (
    timeline_entries,
    proceeding_in_words,
    value_in_words,
    counts_in_words,
    changes_in_words,
    annulment_in_words,
):
    bp.add_app_template_filter(_words)
