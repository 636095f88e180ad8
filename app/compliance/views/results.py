"""Why a result is what it is."""

from __future__ import annotations

from typing import Any

from flask import render_template
from flask_babel import gettext as _

from app.compliance import library, queries
from app.compliance.evidence_lists import evidence_path
from app.compliance.explaining import (
    fact_lines,
    is_count,
    parameters_of,
    reasons,
    requirement,
    shortfall_shown,
    target_shown,
)
from app.compliance.language import Rule, Status
from app.compliance.library import Library
from app.compliance.nouns import thing_of
from app.compliance.queries import ResultRow
from app.compliance.subject_links import subject_pages
from app.compliance.views import bp
from app.errors import NotFound
from app.facts import list_titles
from app.organisation.access import allowed, can, current_scope
from app.organisation.permissions import Capability
from app.periods import Period


@bp.get("/kiem-tra/<int:run_id>/<pack>/<rule>/<path:unit>")
@allowed(Capability.READ_RESULTS)
def result(run_id: int, pack: str, rule: str, unit: str) -> str:
    """One unit by one rule: the verdict, its figures, the words of law, other plans on the same figures, the cases."""
    scope = current_scope()
    run, found = queries.the_run(scope, run_id), queries.result_of(scope, run_id, pack, rule, unit)
    texts, period = library.packs_of(run), Period.parse(run.period)
    written = library.rule_in(texts, pack, rule)
    if written is None:
        raise NotFound("Không tìm thấy lời văn của quy tắc %(rule)s mà lần kiểm tra này đã dùng.", rule=rule)
    raised = queries.violations_behind(scope, run_id, found)
    things = [seen for seen in raised if seen.subject]
    return render_template(
        "compliance/result.html",
        run=run,
        period=period,
        found=found,
        rule=written,
        pack=texts[pack],
        another_year=library.of_another_year([(texts[pack], period)]),
        reasons=reasons(found, written, texts[pack], [seen.figures.get("details", {}) for seen in things]),
        may_waive=can(Capability.GRANT_WAIVERS) and found.status is Status.FAIL,
        shortfall=shortfall_shown(written, found.shortfall, found.comparison),
        target=target_shown(found.comparison, found.target, counts=is_count(found))
        if written.subject is None
        else _("mọi %(noun)s được xét", noun=thing_of(written)),
        parameters=parameters_of(texts[pack], written, period.last),
        documents=library.documents(),
        figures=fact_lines(found.facts),
        others=_others(found, written, texts, run_id, period),
        lists=lists_behind(written, run.period, unit) if found.value is not None else [],
        violation=raised[0] if raised and not raised[0].subject else None,
        things=things,
        pages=subject_pages(scope, pack, written, {seen.subject for seen in things}),
        trend=queries.trend(scope, found, period),
    )


def lists_behind(rule: Rule, period: str, unit: str) -> list[tuple[Any, str]]:
    """The lists of cases behind a figure: title and address. None where the cases cannot be shown."""
    titles = list_titles()
    names = [name for name in (rule.evidence.cases if rule.evidence else ()) if name in titles]
    addresses = ((titles[name], evidence_path(name, period, unit)) for name in names)
    return [(title, address) for title, address in addresses if address]


def _others(found: ResultRow, rule: Rule, texts: Library, run_id: int, period: Period) -> list[dict[str, Any]]:
    """What other rules make of the same figures, each with the words it goes by."""
    cells = {cell.key: cell for cell in queries.results_of(current_scope(), run_id, unit_id=found.place.id)}
    return [
        {"pack": pack, "rule": other, "cell": cell, "target": requirement(other, pack, period.last)}
        for pack, other in library.alike(rule, texts)
        if (cell := cells.get((pack.id, other.id, found.unit)))
    ]
