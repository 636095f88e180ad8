"""Pages where records and judgement meet, a module each subject."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from typing import Any

from flask import Blueprint, Response, redirect, render_template, request, url_for
from flask_babel import get_locale
from flask_babel import gettext as _
from werkzeug.wrappers import Response as Answer

from app.compliance import wording
from app.compliance.adoption import repository
from app.compliance.explaining import fraction_shown, inside, is_count, share_shown, target_shown
from app.compliance.labels import subject_pages
from app.compliance.months.queries import MonthLine
from app.compliance.overview import HeadlineRate, RatePoint
from app.compliance.runs import service as checks
from app.compliance.violations.raising import standing_of
from app.compliance.warnings import FallsDue, outlook_in_words, running_month, warn
from app.core.errors import DomainError, N_n, NotFound
from app.core.periods import Period, PeriodKind
from app.obligations.views import duty_scope
from app.organisation import navigation
from app.organisation.access import Actor, Scope, actor, allowed, can, current_scope, person, whole_site
from app.organisation.calendars import last_month, this_month, today
from app.organisation.exports import csv_response
from app.organisation.permissions import Capability
from app.organisation.queries import units, units_named
from app.organisation.registries import SubjectPage
from app.reporting.forms import ObligationsForm, WarnForm, WarningsForm
from app.reporting.obligations import Obligation, ObligationStatus, obligations
from app.reporting.overview import Overview, drawn, overview
from app.reporting.registered import support
from app.reporting.setup import SetupStep, is_unfinished, setup
from app.reporting.warnings import DAYS, MANY, MOST, early_warnings, narrowed
from app.rulepacks.language import Severity
from app.web import jobs
from app.web.formats import counted, in_both, label, language
from app.web.forms import errors_shown_on
from app.web.jobs import Job

bp = Blueprint("reporting", __name__)


LOOKS = {
    ObligationStatus.MISSING: "open_late",
    ObligationStatus.LATE: "late",
    ObligationStatus.NOT_YET: "running",
    ObligationStatus.DONE: "on_time",
    ObligationStatus.WAIVED: "waived",
}


@bp.get("/ke-hoach/nghia-vu/phai-nop", endpoint="obligations")
@allowed(Capability.FULFIL_OBLIGATIONS)
def owed() -> str:
    """A month: what is owed, by when, and how it stands."""
    month, seen = _month(), duty_scope()
    present = this_month()
    form = ObligationsForm.of(request.args, month, present, units(seen))
    every = _of_unit(obligations(seen, month), form)
    return render_template(
        "reporting/obligations.html",
        month=month,
        before=month.previous(),
        after=month.next() if month.next() <= present else None,
        form=form,
        rows=_of_standing(every),
        counts=Counter(each.standing for each in every),
        standings=ObligationStatus,
        looks=LOOKS,
        one_unit=len({each.unit.id for each in every}) == 1,
        shown_now=request.args.get("tinh_trang", ""),
        another_year=repository.of_another_year((each.duty.pack, each.period) for each in every),
        today=today(),
        locale=str(get_locale()),
    )


@bp.get("/ke-hoach/nghia-vu/phai-nop.csv", endpoint="obligations_csv")
@allowed(Capability.FULFIL_OBLIGATIONS)
def owed_csv() -> Response:
    month = _month()
    header = (
        *(_("Đơn vị"), _("Việc phải làm"), _("Quy tắc"), _("Kế hoạch"), _("Kỳ"), _("Hạn"), _("Tình trạng")),
        *(_("Số đã có"), _("Yêu cầu"), _("Ngày nộp"), _("Văn bản")),
    )
    seen = duty_scope()
    form = ObligationsForm.of(request.args, month, month, units(seen))
    rows = _of_standing(_of_unit(obligations(seen, month), form))
    return csv_response(
        f"viec-phai-nop-{month.key}", header, _obligation_csv_rows(rows), _("Việc phải nộp, phải làm định kỳ")
    )


def _obligation_csv_rows(rows: list[Obligation]) -> Iterator[tuple[object, ...]]:
    for each in rows:
        rule, first = each.duty.rule, each.filings[0] if each.filings else None
        yield (
            *(each.unit.name, in_both(rule.title), rule.id, in_both(each.duty.pack.info.title)),
            *(each.period.label(str(get_locale())), each.due, label(each.standing)),
            *(each.done, each.wanted),
            *((first.filed_on, first.document or first.title) if first else ("", "")),
        )


def _of_unit(every: list[Obligation], form: ObligationsForm) -> list[Obligation]:
    asked = form.don_vi.data
    return [each for each in every if not asked or each.unit.code == asked]


def _of_standing(every: list[Obligation]) -> list[Obligation]:
    asked = request.args.get("tinh_trang", "")
    return [each for each in every if asked not in set(ObligationStatus) or each.standing == asked]


def _month() -> Period:
    """The month asked for, or this one."""
    asked = request.args.get("thang", "")
    try:
        month = Period.parse(asked) if asked else this_month()
    except DomainError as error:
        raise NotFound(error.message, field="thang", **error.params) from error
    return Period.of(PeriodKind.MONTH, month.last)


@bp.get("/ke-hoach/bang-diem/<int:criterion_id>/so-lieu")
@allowed(Capability.SCORE_CRITERIA)
def score_support(criterion_id: int) -> str:
    """A fragment of the criterion's page; it asks for it when it is shown."""
    offered = support(current_scope(), criterion_id)
    return render_template("reporting/_score_support.html", support=offered, criterion_id=criterion_id)


# The page with which the Director's day begins.


@bp.get("/tong-quan", endpoint="overview")
@allowed(Capability.READ_OVERVIEW)
def page() -> str:
    """A month of the whole Department on one page; the last one that is over unless the address names another."""
    last, period = last_month(), _month_asked()
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


def _month_asked() -> Period:
    """The month asked for; one that has not ended has its page of early warnings."""
    asked, last = request.args.get("thang", ""), last_month()
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


# The page that greets the administrator of a site that is not set up yet.

PAGES = {
    SetupStep.PROFILE: "organisation.site_profile",
    SetupStep.STAFF: "organisation.import_staff",
    SetupStep.CATALOGUE: "procedures.import_file",
    SetupStep.CALENDAR: "organisation.calendar",
    SetupStep.PACKS: "compliance.packs",
    SetupStep.CASES: "imports.list",
    SetupStep.CHECK: "compliance.run_form",
}


@bp.get("/thiet-lap", endpoint="setup")
@allowed(Capability.KEEP_SITE)
def set_up() -> str:
    """What is done, what comes next, and how."""
    found = setup(whole_site())
    return render_template(
        "reporting/setup.html",
        setup=found,
        steps=SetupStep,
        month=inside(found.month),
        run_period=inside(Period.parse(found.run[1])) if found.run else "",
        pages={step.value: url_for(page) for step, page in PAGES.items()},
    )


navigation.greet_administrator("reporting.setup", lambda: is_unfinished(whole_site()))


# The page of early warnings, and the provisional check that it stands on.

MOST_NAMED = 6
"""Single things that a line of what falls due names."""


@bp.get("/canh-bao", endpoint="warnings")
@allowed(Capability.READ_RESULTS)
def warnings() -> str:
    """What the running month will come to at this pace, and what falls due in it."""
    return _page(WarnForm(formdata=None))


@bp.post("/canh-bao", endpoint="warn")
@allowed(Capability.RUN_CHECKS)
def start() -> str | Answer | tuple[str, int]:
    """Count anew what is recorded until now."""
    form = WarnForm()
    if form.validate_on_submit():
        with errors_shown_on(form):
            checks.refuse_impossible(running_month())
            job = jobs.start("check", _warn, actor(), url_for("reporting.warnings"), owner=person().id)
            return redirect(url_for("compliance.run_progress", job_id=job))
    return _page(form), 422


def _warn(job: Job, by: Actor, then: str) -> dict[str, Any]:
    report = warn(by, job.update)
    assert report.run is not None
    return {"run": report.run.id, "violations": 0, "then": then}


def _page(form: WarnForm) -> str:
    scope = current_scope()
    within = units_named(scope, today())
    choice = WarningsForm.of(request.args, within)
    chosen = next((unit for unit in within if unit.code == choice.don_vi.data), None)
    seen = narrowed(scope, chosen) if chosen else scope
    told = early_warnings(seen, failing_only=chosen is None and len(within) > MANY)
    several = len({each.unit.id for each in told.units}) > 1
    shown = MOST if several else None
    return render_template(
        "reporting/warnings.html",
        told=told,
        form=form,
        choice=choice,
        one_unit=len(within) == 1,
        several=several,
        most_units=MANY,
        standing=standing_of(told.run) if told.run else None,
        failing=told.failing[:shown],
        holding=told.holding[:shown],
        dues=told.dues[:shown],
        pages=_pages(seen, told.dues[:shown]),
        most_named=MOST_NAMED,
        days=DAYS,
        outlook_in_words=outlook_in_words,
        fraction_shown=fraction_shown,
        share_shown=share_shown,
        target_shown=target_shown,
        is_count=is_count,
        today=today(),
        locale=language(),
        another_year=repository.of_another_year((pack, told.period) for pack in repository.packs_of(told.run).values())
        if told.run
        else [],
    )


def _pages(scope: Scope, dues: tuple[FallsDue, ...]) -> dict[str, SubjectPage]:
    """The pages of the single things named, one question a kind of thing."""
    names: dict[tuple[str, str], tuple[FallsDue, set[str]]] = {}
    for due in dues:
        if due.rule.named is not None and due.rule.escalates is None:
            names.setdefault((due.rule.named, ""), (due, set()))[1].update(due.names[:MOST_NAMED])
    pages: dict[str, SubjectPage] = {}
    for due, wanted in names.values():
        pages |= subject_pages(scope, due.rules[0][0], due.rule, wanted)
    return pages
