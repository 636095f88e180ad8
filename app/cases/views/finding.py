"""Finding a case: as one types in the head of every page, by a whole code, or among the list of what fits."""

from __future__ import annotations

from flask import redirect, render_template, url_for
from htmx_flask import request
from werkzeug.wrappers import Response as Answer

from app import extensions
from app.cases import queries, search
from app.cases.standing import standing_of
from app.cases.views import bp
from app.errors import NotFound
from app.organisation.access import current_scope, signed_in
from app.organisation.calendars import site_calendar

OFFERED = 8
LONGEST = 200  # characters of what is typed


@bp.get("/ho-so/tim", endpoint="search")
@signed_in
def find() -> Answer:
    """Straight to the case when a whole code was typed, else to the list of what fits."""
    typed = request.args.get("q", "").strip()
    case_id = search.case_with_code(current_scope(), typed)
    return redirect(url_for(".show", case_id=case_id) if case_id else url_for(".list", q=typed or None))


@bp.get("/ho-so/tim/nhanh")
@signed_in
def found_so_far() -> Answer | str:
    """The newest few cases that fit what has been typed so far."""
    typed = request.args.get("q", "").strip()[:LONGEST]
    if not request.htmx:
        return redirect(url_for(".list", q=typed or None))
    calendar, now = site_calendar(), extensions.now()
    found = search.find(current_scope(), typed, limit=OFFERED + 1) if typed else search.Found([])
    return render_template(
        "cases/_found.html",
        typed=typed,
        found=found,
        cases=queries.rows(found.ids[:OFFERED]),
        more=len(found.ids) > OFFERED,
        standing=lambda case: standing_of(case, calendar, now),
    )


@bp.get("/ho-so/ma/<path:code>")
@signed_in
def by_code(code: str) -> Answer:
    """The case with that code."""
    case_id = search.case_with_code(current_scope(), code)
    if case_id is None:
        raise NotFound("Không tìm thấy hồ sơ mang mã %(code)s.", code=code[:64])
    return redirect(url_for(".show", case_id=case_id))
