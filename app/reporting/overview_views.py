"""The page with which the Director's day begins."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cache

from flask import render_template, request, url_for
from flask_babel import gettext as _

from app.compliance import wording
from app.compliance.adoption import repository
from app.compliance.explaining import language, target_shown
from app.compliance.months.queries import MonthLine
from app.compliance.overview import HeadlineRate, RatePoint
from app.compliance.violations.raising import standing_of
from app.core.errors import DomainError, N_n, NotFound
from app.core.periods import Period, PeriodKind
from app.organisation.access import allowed, can, current_scope
from app.organisation.permissions import Capability
from app.reporting.charts import drawn
from app.reporting.overview import Overview, last_ended, overview
from app.reporting.views import bp
from app.reporting.warnings import DAYS
from app.rulepacks.language import Severity
from app.web.formats import counted


@bp.get("/tong-quan", endpoint="overview")
@allowed(Capability.READ_OVERVIEW)
def page() -> str:
    """A month of the whole Department on one page; the last one that is over unless the address names another."""
    last, period = last_ended(), _month()
    told, locale = overview(current_scope(), period), language()

    @cache  # drawn, in words for whoever does not see it, and in the table
    def percent(point: RatePoint) -> str:
        return wording.percent(point.value, locale, unlike=point.target)

    return render_template(
        "reporting/overview.html",
        told=told,
        period=period,
        before=period.previous(),
        after=period.next() if period < last else None,
        next_act=_next_act(told.month),
        standing=standing_of(told.run) if told.run else None,
        severities=tuple(Severity)[::-1],
        days=DAYS,
        percent=percent,
        charts=[drawn(told.months, rate.points, percent) for rate in told.rates],
        aims=[wording.percent(aim, locale) if (aim := _aim(rate)) is not None else "" for rate in told.rates],
        wanted={rate.rule.id: _wanted(rate) for rate in told.rates},
        locale=locale,
        decisions=_decisions(told),
        another_year=repository.of_another_year(
            (pack, period) for pack in (repository.packs_of(told.run).values() if told.run else ())
        ),
    )


def _month() -> Period:
    """The month asked for; one that has not ended has its page of early warnings."""
    asked, last = request.args.get("thang", ""), last_ended()
    try:
        month = Period.parse(asked) if asked else last
    except DomainError as error:
        raise NotFound(error.message, field="thang", **error.params) from error
    return min(last, Period.of(PeriodKind.MONTH, month.last))


def _aim(rate: HeadlineRate) -> Fraction | None:
    """The target of the latest month, where one is set for all."""
    return rate.points[max(rate.points)].target if rate.points else None


def _wanted(rate: HeadlineRate) -> str:
    comparison = rate.points[max(rate.points)].comparison if rate.points else None
    return target_shown(comparison, _aim(rate))


@dataclass(frozen=True, slots=True)
class NextAct:
    """What is to be done next: in words, and the page where it is done (none: somebody else's turn)."""

    words: str
    url: str = ""


def _next_act(line: MonthLine) -> NextAct:
    """What brings the month on."""
    at = url_for("compliance.month", key=line.period.key)
    if line.closing is None:
        if not line.runs:
            run = url_for("compliance.run_form", period=line.period.key) if can(Capability.RUN_CHECKS) else ""
            return NextAct(_("Tháng này chưa kiểm tra"), run)
        return NextAct(_("Chốt tháng để các đơn vị giải trình"), at)
    if line.sealed:
        return NextAct(_("Đã xong: tháng đã niêm phong"), at)
    if line.waiting:
        waits = url_for("compliance.violations", period=line.period.key)
        return NextAct(counted("%(n)s vi phạm chưa có kết luận", line.waiting), waits)
    return NextAct(_("Niêm phong tháng"), at)


def _decisions(told: Overview) -> list[NextAct]:
    """What waits for a decision, each where it is decided."""
    waiting, key = told.waiting, told.month.period.key
    year = Period.of(PeriodKind.YEAR, told.month.period.last).key
    listed = (
        (
            waiting.explanations,
            N_n("%(n)s giải trình hồ sơ quá hạn chờ Giám đốc"),
            url_for("cases.explanations", period=year, state="received"),
        ),
        (
            waiting.answers,
            N_n("%(n)s giải trình vi phạm chờ kết luận"),
            url_for("compliance.violations", period=key, state="explained"),
        ),
        (waiting.waivers, N_n("%(n)s đề nghị miễn áp dụng"), url_for("compliance.waivers")),
        (waiting.unsealed, N_n("%(n)s kỳ đã chốt chờ niêm phong"), url_for("compliance.months")),
    )
    return [NextAct(counted(words, number), url) for number, words, url in listed if number]
