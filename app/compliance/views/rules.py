"""The rule packs, read aloud."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import render_template
from flask_babel import lazy_gettext as _l

from app import facts
from app.compliance import library, packs
from app.compliance.explaining import days_to_answer, language, requirement
from app.compliance.language import Rule
from app.compliance.pack import Pack
from app.compliance.views import bp
from app.compliance.wording import explain, parameter_in_words
from app.organisation.access import allowed
from app.organisation.calendars import today
from app.organisation.permissions import Capability
from app.periods import PeriodKind

PERIODS = {
    PeriodKind.MONTH: _l("tháng"),
    PeriodKind.QUARTER: _l("quý"),
    PeriodKind.HALF: _l("6 tháng"),
    PeriodKind.YEAR: _l("năm"),
}


@bp.get("/kiem-tra/quy-tac")
@allowed(Capability.READ_RESULTS)
def rules() -> str:
    """Every plan: its document, whether the site is judged by it today, its rules and dated figures."""
    in_force = {pack.id for pack in packs.in_force(today())}
    plans = [plan_of(pack, pack.id in in_force) for pack in packs.all_packs()]
    return render_template("compliance/rules.html", plans=plans, documents=library.documents())


@bp.get("/kiem-tra/quy-tac/<pack>/<rule>")
@allowed(Capability.READ_RESULTS)
def rule(pack: str, rule: str) -> str:
    """One rule, line by line."""
    plan = packs.pack(pack)
    written = plan.rule(rule)
    day = _day_of(plan)
    lines = explain(written, plan.parameters.at(day), facts.catalogue(), language())
    return render_template(
        "compliance/rule.html",
        plan=plan,
        rule=written,
        lines=lines[2:],  # its name and its legal basis stand apart on the page
        parameters=[line for line in _parameters(plan) if line["name"] in written.names],
        documents=library.documents(),
        periods=[PERIODS[kind] for kind in written.judge.every],
        others=[
            {"pack": other, "rule": like, "target": requirement(like, other, _day_of(other))}
            for other, like in library.alike(written, library.present())
        ],
    )


def plan_of(pack: Pack, in_force: bool) -> dict[str, Any]:
    """What the page shows of a plan: its rules in words, its dated figures, the site's decisions on it."""
    day = _day_of(pack)
    return {
        "pack": pack,
        "in_force": in_force,
        "adoptions": packs.adoptions(pack.id),
        "rules": [_line(rule, pack, day) for rule in pack.rules],
        "parameters": _parameters(pack),
    }


def _line(rule: Rule, pack: Pack, day: date) -> dict[str, Any]:
    return {"rule": rule, "target": requirement(rule, pack, day), "days": days_to_answer(rule, pack, day)}


def _parameters(pack: Pack) -> list[dict[str, Any]]:
    """Every dated figure of the plan: name, title, and each value with its day and the words it comes from."""
    return [
        {
            "name": name,
            "title": parameter.title,
            "values": [
                {
                    "since": since,
                    "shown": _shown(pack, name, since),
                    "source": dated.source,
                    "note": dated.note,
                }
                for since, dated in sorted(parameter.values.items(), reverse=True)
            ],
        }
        for name, parameter in pack.parameters.items()
    ]


def _shown(pack: Pack, name: str, since: date) -> str:
    """What the parameter was on the day the value began; a dash where another parameter has none then."""
    value = pack.parameters.on(name, since)
    return parameter_in_words(value, language()) if value else "–"


def _day_of(pack: Pack) -> date:
    """The day whose figures are shown: today, or the plan's nearest day in force."""
    span, day = pack.info.in_force, today()
    if span.until is not None and day > span.until:
        return span.until
    return max(day, span.start) if span.start else day
