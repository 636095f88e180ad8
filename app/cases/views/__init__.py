"""Pages of the cases room: lists and search, taking in, and the page of one case with all that is done to it."""

from flask import Blueprint, abort
from flask_babel import get_locale

from app.cases.amendments import (
    annulment_in_words,
    changes_in_words,
    counts_in_words,
    proceeding_in_words,
    value_in_words,
)
from app.cases.case_page import CaseView, case_view
from app.cases.population import supplement_missed
from app.cases.presenting import timeline_entries
from app.cases.wording import pauses_in_words, promise_in_words, show_due, standing_in_words, total_in_words
from app.organisation.access import current_scope
from app.organisation.calendars import site_calendar, today
from app.web import extensions

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


def case_of_reader(case_id: int) -> CaseView:
    """A case as whoever is signed in sees it now, in their language. Raises NotFound."""
    return case_view(current_scope(), case_id, site_calendar(), extensions.now(), get_locale().language)


def case_to_change(case_id: int) -> CaseView:
    """The same; forbidden to a unit that only had it once, which may look at it and no more."""
    view = case_of_reader(case_id)
    if not view.may_change(current_scope()):
        abort(403)
    return view
