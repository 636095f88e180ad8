"""Who is told of violations, their answers, the months and waivers: heads, inspectors, the Director."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from flask_babel import gettext as _
from sqlalchemy import func, select

from app.compliance.adoption.repository import rule_by_name
from app.compliance.models import CheckRun, MonthClosing, Violation, ViolationMove, ViolationState, Waiver
from app.core.calendar import WorkingCalendar
from app.core.errors import NotFound
from app.core.periods import Period
from app.notifications import service
from app.notifications.labels import Figures, News, add_sentences, due_day
from app.notifications.models import NoticeKind
from app.notifications.queries import staff
from app.organisation.access import Scope, site, whole_site
from app.organisation.calendars import site_calendar
from app.organisation.models import Unit
from app.organisation.permissions import Capability
from app.web import extensions
from app.web.due import due_by, missed
from app.web.extensions import db
from app.web.formats import counted, in_words

AHEAD = 2  # working days before an answer's last day from which the head is told
_TO_ANSWER = (ViolationState.OPEN, ViolationState.RETURNED)

RAISED, DUE_SOON, OVERDUE = "violations_raised", "violations_due_soon", "violations_overdue"
TO_REVIEW, RETURNED, ACCEPTED = "answer_to_review", "answer_returned", "answer_accepted"
CLOSED, SEALED, REOPENED = "month_closed", "month_sealed", "month_reopened"
WAIVER_ASKED, WAIVER_GRANTED, WAIVER_REFUSED = "waiver_asked", "waiver_granted", "waiver_refused"


def _names(unit: Unit) -> dict[str, str]:
    return {"vi": unit.name, "en": unit.name_en or unit.name}


def _title(pack: str, rule: str) -> dict[str, str]:
    try:
        title = rule_by_name(pack, rule).title
    except NotFound:
        return {"vi": "", "en": ""}
    return {"vi": title.vi, "en": title.en}


# Months


def month_closed(doer: int | None, run: CheckRun, closing: MonthClosing) -> None:
    """Each head is told what their unit has to answer, in one notice; those who check, but who closed it, that it is
    closed."""
    everybody, about = staff(whole_site()), _month(closing.period)
    counts = (
        select(Unit, func.count(), func.min(Violation.answer_due))
        .join(Violation, Violation.unit_id == Unit.id)
        .where(Violation.site == run.site, Violation.last_run_id == run.id, Violation.state.in_(_TO_ANSWER))
        .where(Violation.gone_run_id.is_(None), Violation.answer_due.is_not(None))
        .group_by(Unit.id)
        .order_by(Unit.id)
    )
    told, asked = [], 0
    for unit, n, due in db.session.execute(counts):
        assert due is not None
        asked += n
        told.append(
            News(
                everybody.heads(unit.id),
                NoticeKind.VIOLATION,
                RAISED,
                about=about,
                subject=f"{closing.number}/{unit.code}",
                figures={"period": closing.period, "unit": _names(unit), "n": n, "due": due.isoformat()},
                page="compliance.my_violations",
            )
        )
    told.append(
        News(
            everybody.who_may(Capability.RUN_CHECKS, but=[doer]),
            NoticeKind.MONTH,
            CLOSED,
            about=about,
            subject=str(closing.number),
            figures={"period": closing.period, "who": closing.actor, "n": asked},
            page="compliance.month",
            place={"key": closing.period},
        )
    )
    service.tell(run.site, told)


def month_sealed(doer: int | None, signed: str, closing: MonthClosing) -> None:
    """Everybody who reads results, but who did it. `signed`: the name under the act."""
    _tell_of_month(doer, signed, closing, SEALED)


def month_reopened(doer: int | None, signed: str, closing: MonthClosing) -> None:
    """Everybody who reads results, but who did it; what was told of the closing holds no more."""
    service.settle(site(), [_month(closing.period)])
    _tell_of_month(doer, signed, closing, REOPENED)


def _tell_of_month(doer: int | None, signed: str, closing: MonthClosing, says: str) -> None:
    told = News(
        staff(whole_site()).who_may(Capability.READ_RESULTS, but=[doer]),
        NoticeKind.MONTH,
        says,
        about=_month(closing.period),
        subject=str(closing.number),
        figures={"period": closing.period, "who": signed},
        page="compliance.month",
        place={"key": closing.period},
    )
    service.tell(site(), [told])


def _month(period: str) -> str:
    return f"month/{period}"


# Answers


def answered(doer: int | None, violation: Violation) -> None:
    """Those who review answers; the Director where nobody else does."""
    service.settle(violation.site, [_violation(violation)])
    everybody = staff(whole_site())
    deciding = everybody.who_may(Capability.DECIDE_VIOLATIONS, but=[doer])
    seal = everybody.who_may(Capability.SEAL_MONTHS)
    _tell_of_answer(violation, deciding - seal or deciding, TO_REVIEW)


def answer_decided(violation: Violation, to: ViolationState) -> None:
    """Who gave the answer; when nothing of it waits any more, nobody is asked to review it."""
    if violation.state is not ViolationState.EXPLAINED:
        service.settle(violation.site, [_violation(violation)], says=[TO_REVIEW])
    if to not in (ViolationState.ACCEPTED, ViolationState.RETURNED):
        return
    who = db.session.scalar(
        select(ViolationMove.person_id)
        .where(ViolationMove.violation_id == violation.id, ViolationMove.to_state == ViolationState.EXPLAINED)
        .order_by(ViolationMove.id.desc())
        .limit(1)
    )
    says = ACCEPTED if to is ViolationState.ACCEPTED else RETURNED
    _tell_of_answer(violation, {who} if who is not None else set(), says)


def _tell_of_answer(violation: Violation, to: set[int], says: str) -> None:
    unit = db.session.get_one(Unit, violation.unit_id)
    told = News(
        to,
        NoticeKind.ANSWER,
        says,
        about=_violation(violation),
        subject=str(violation.revision),
        figures={
            "unit": _names(unit),
            "rule": violation.rule.upper(),
            "title": _title(violation.pack, violation.rule),
            "period": violation.period,
        },
        page="compliance.violation",
        place={"violation_id": violation.id},
    )
    service.tell(violation.site, [told])


def _violation(violation: Violation) -> str:
    return f"violation/{violation.id}"


def answers_due(scope: Scope) -> Iterator[News]:
    """Each head: what must be answered within two working days, and what should have been."""
    calendar, everybody = site_calendar(), staff(scope)
    today = calendar.local_day(extensions.now())
    waiting = (
        select(Violation.unit_id, Violation.period, Violation.answer_due, func.count())
        .where(Violation.site == scope.site, Violation.state.in_(_TO_ANSWER), Violation.gone_run_id.is_(None))
        .where(due_by(Violation.answer_due, _horizon(calendar, today)))
        .group_by(Violation.unit_id, Violation.period, Violation.answer_due)
    )
    for unit_id, period, due, n in db.session.execute(waiting):
        assert due is not None
        says = OVERDUE if missed(due, today) else DUE_SOON
        yield News(
            everybody.heads(unit_id),
            NoticeKind.VIOLATION,
            says,
            about=f"unit/{unit_id}",
            subject=f"{period}/{due.isoformat()}",
            figures={"period": period, "n": n, "due": due.isoformat()},
            page="compliance.my_violations",
        )


def _horizon(calendar: WorkingCalendar, today: date) -> date:
    return calendar.add_working_days(today, AHEAD)


# Waivers


def waiver_asked(doer: int | None, waiver: Waiver, unit: Unit, *, long: bool) -> None:
    """Those who may decide about it: not who asked."""
    needed = Capability.GRANT_LONG_WAIVERS if long else Capability.GRANT_WAIVERS
    _tell_of_waiver(waiver, unit, staff(whole_site()).who_may(needed, but=[doer]), WAIVER_ASKED)


def waiver_decided(waiver: Waiver) -> None:
    """Who asked for it; nobody is asked to decide any more."""
    service.settle(waiver.site, [f"waiver/{waiver.id}"])
    who = {waiver.asked_by_id} if waiver.asked_by_id is not None else set()
    says = WAIVER_GRANTED if waiver.granted_at is not None else WAIVER_REFUSED
    _tell_of_waiver(waiver, db.session.get_one(Unit, waiver.unit_id), who, says)


def _tell_of_waiver(waiver: Waiver, unit: Unit, to: set[int], says: str) -> None:
    asked = says == WAIVER_ASKED
    told = News(
        to,
        NoticeKind.WAIVER,
        says,
        about=f"waiver/{waiver.id}",
        figures={"unit": _names(unit), "rule": waiver.rule.upper(), "title": _title(waiver.pack, waiver.rule)},
        page="compliance.waiver_decision" if asked else "compliance.waivers",
        place={"waiver_id": waiver.id} if asked else {},
    )
    service.tell(waiver.site, [told])


# What is said


def _period(figures: Figures) -> str:
    return in_words(Period.parse(figures["period"]))


def _rule(figures: Figures) -> str:
    return ", ".join(str(part) for part in (figures["rule"], figures["title"]) if part)


def _closed(f: Figures) -> str:
    if not f["n"]:
        return str(
            _("%(period)s đã được %(who)s chốt: không có vi phạm phải giải trình", who=f["who"], period=_period(f))
        )
    return counted(
        "%(period)s đã được %(who)s chốt: %(n)s vi phạm phải giải trình", f["n"], who=f["who"], period=_period(f)
    )


add_sentences(
    {
        RAISED: lambda f: counted(
            "%(period)s đã chốt: %(unit)s có %(n)s vi phạm phải giải trình, sớm nhất trước hết ngày %(day)s",
            f["n"],
            period=_period(f),
            unit=f["unit"],
            day=due_day(f),
        ),
        DUE_SOON: lambda f: counted(
            "%(period)s: còn %(n)s vi phạm phải giải trình trước hết ngày %(day)s",
            f["n"],
            period=_period(f),
            day=due_day(f),
        ),
        OVERDUE: lambda f: counted(
            "%(period)s: %(n)s vi phạm chưa giải trình, đã quá hạn %(day)s",
            f["n"],
            period=_period(f),
            day=due_day(f),
        ),
        TO_REVIEW: lambda f: _(
            "%(period)s: %(unit)s đã giải trình %(rule)s, chờ xem xét", unit=f["unit"], rule=_rule(f), period=_period(f)
        ),
        RETURNED: lambda f: _(
            "%(period)s: giải trình %(rule)s bị trả lại, hãy giải trình lại", rule=_rule(f), period=_period(f)
        ),
        ACCEPTED: lambda f: _("%(period)s: giải trình %(rule)s được chấp nhận", rule=_rule(f), period=_period(f)),
        CLOSED: _closed,
        SEALED: lambda f: _("%(period)s đã được %(who)s niêm phong", who=f["who"], period=_period(f)),
        REOPENED: lambda f: _("%(period)s đã được %(who)s mở lại", who=f["who"], period=_period(f)),
        WAIVER_ASKED: lambda f: _(
            "Đề nghị miễn áp dụng %(rule)s cho %(unit)s chờ quyết định", rule=_rule(f), unit=f["unit"]
        ),
        WAIVER_GRANTED: lambda f: _("Đã chấp thuận miễn áp dụng %(rule)s cho %(unit)s", rule=_rule(f), unit=f["unit"]),
        WAIVER_REFUSED: lambda f: _(
            "Không chấp thuận miễn áp dụng %(rule)s cho %(unit)s", rule=_rule(f), unit=f["unit"]
        ),
    }
)
service.add_source([DUE_SOON, OVERDUE], answers_due)
