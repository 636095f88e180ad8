"""Other values tried: what would change in a period if a plan asked for something else. Writes nothing."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import render_template, request

from app.compliance import library, packs, service
from app.compliance.beside import Beside, Dial, dials, lay_beside
from app.compliance.explaining import language
from app.compliance.pack import Pack
from app.compliance.views import bp
from app.compliance.wording import parameter_in_words
from app.errors import DomainError
from app.formats import sentence
from app.organisation.access import allowed, current_scope
from app.organisation.calendars import today
from app.organisation.permissions import Capability
from app.organisation.queries import units
from app.periods import Period, PeriodKind

MOST_SHOWN = 300
"""Changed results that the page shows; the counts hold all of them."""


@bp.get("/kiem-tra/thu")
@allowed(Capability.RUN_CHECKS)
def what_if() -> str | tuple[str, int]:
    """Choose a period and other values (`v.NAME`), and see both judgements side by side."""
    typed = {name[2:]: value.strip() for name, value in request.args.items() if name.startswith("v.") and value.strip()}
    errors: list[str] = []
    beside: Beside | None = None
    period, chosen = _last_month(), {}
    try:
        if request.args.get("period"):
            period = Period.parse(request.args["period"])
        service.refuse_impossible(period)
        chosen = {pack.id: pack for pack in packs.in_force(period.last)}
        if typed:
            beside = lay_beside(*(report.judgement for report in service.beside(period, typed)))
    except DomainError as error:
        errors.append(sentence(error))
    changed = beside.changed if beside else ()
    page = render_template(
        "compliance/what_if.html",
        period=period,
        asked=request.args.get("period") or period.label(language()),
        dials=[_dial(dial, period.last) for dial in dials(chosen)],
        typed=typed,
        errors=errors,
        beside=beside,
        changed=changed[:MOST_SHOWN],
        more=max(0, len(changed) - MOST_SHOWN),
        rules={(pack.id, rule.id): rule for pack, rule in library.every_rule(chosen.values())},
        places={unit.code: unit for unit in units(current_scope())},
        documents=library.documents(),
    )
    return (page, 422) if errors else page


def _last_month() -> Period:
    return Period.of(PeriodKind.MONTH, today()).previous()


def _dial(dial: Dial, day: date) -> dict[str, Any]:
    """A parameter as the page shows it: its title, and its value and source in each pack on the day."""
    return {
        "name": dial.name,
        "title": dial.packs[0].parameters[dial.name].title,
        "unit": dial.packs[0].parameters[dial.name].unit.value,
        "values": [_present(pack, dial.name, day) for pack in dial.packs],
    }


def _present(pack: Pack, name: str, day: date) -> dict[str, Any]:
    value = pack.parameters.on(name, day)
    return {
        "pack": pack,
        "shown": parameter_in_words(value, language()) if value else "–",
        "since": value.since if value else None,
        "source": value.source if value else None,
    }
