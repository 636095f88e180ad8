"""Who is told of explanations of overdue cases: the Office, the Director or who acts for them, and who wrote it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from flask_babel import gettext as _
from sqlalchemy import exists, func, or_, select

from app.cases import population
from app.cases.explanations.models import Explanation
from app.cases.models import Case
from app.core.periods import Period, PeriodKind
from app.notifications import service
from app.notifications.labels import Figures, News, add_sentences, due_day
from app.notifications.models import NoticeKind
from app.notifications.queries import staff
from app.notifications.service import add_source
from app.organisation.access import Scope
from app.organisation.calendars import site_calendar
from app.organisation.models import Unit
from app.organisation.permissions import Capability
from app.web import extensions
from app.web.due import kept
from app.web.extensions import db
from app.web.formats import counted

SENT, RECEIVED = "explanation_sent", "explanation_received"
RETURNED, ACCEPTED, OWED = "explanation_returned", "explanation_accepted", "explanation_owed"


def sent(scope: Scope, doer: int | None, written: Sequence[Explanation], codes: Sequence[str]) -> None:
    """The Office is to take these in; what was told of an earlier explanation of the same cases holds no more."""
    service.settle(scope.site, {_about(each.case_id) for each in written})
    unit = db.session.get_one(Unit, written[0].unit_id)
    one = len(written) == 1
    told = News(
        staff(scope).who_may(Capability.RECEIVE_EXPLANATIONS, but=[doer]),
        NoticeKind.EXPLANATION,
        SENT,
        about=f"explanations/{written[0].id}",
        figures={"n": len(written), "unit": {"vi": unit.name, "en": unit.name_en or unit.name}, "code": codes[0]},
        page="cases.explanation" if one else "cases.explanations",
        place={"case_id": written[0].case_id} if one else {},
    )
    service.tell(scope.site, [told])


def received(site: str, doer: int | None, taken_in: Sequence[Explanation]) -> None:
    """The Director is to decide about these."""
    if not taken_in:
        return
    waits = select(Explanation.id).where(Explanation.site == site, Explanation.office_received_at.is_(None)).limit(1)
    if db.session.scalar(waits) is None:
        service.settle_all(site, SENT)
    one = len(taken_in) == 1
    told = News(
        staff(Scope(site)).who_may(Capability.DECIDE_EXPLANATIONS, but=[doer]),
        NoticeKind.EXPLANATION,
        RECEIVED,
        about=f"explanations/{taken_in[0].id}",
        figures={"n": len(taken_in)},
        page="cases.explanation" if one else "cases.explanations",
        place={"case_id": taken_in[0].case_id} if one else {},
    )
    service.tell(site, [told])


def decided(site: str, decision: Explanation, code: str) -> None:
    """Who wrote it is told what was decided; when nothing waits any more, the others are no longer asked."""
    waits = select(Explanation.id).where(
        Explanation.site == site, Explanation.office_received_at.is_not(None), Explanation.accepted.is_(None)
    )
    if db.session.scalar(waits.limit(1)) is None:
        service.settle_all(site, RECEIVED)
    told = News(
        {decision.person_id} if decision.person_id is not None else set(),
        NoticeKind.EXPLANATION,
        ACCEPTED if decision.accepted else RETURNED,
        about=_about(decision.case_id),
        subject=str(decision.id),
        figures={"code": code},
        page="cases.explanation",
        place={"case_id": decision.case_id},
    )
    service.tell(site, [told])


def _about(case_id: int) -> str:
    return f"explanation/{case_id}"


def owed(scope: Scope) -> Iterator[News]:
    """Overdue cases of this month and the one before that nobody explained: the unit's head is told once a week."""
    now, calendar, everybody = extensions.now(), site_calendar(), staff(scope)
    today = calendar.local_day(now)
    since = calendar.start_of_day(Period.of(PeriodKind.MONTH, today).previous().first)
    year, week, _day = today.isocalendar()
    explained = exists().where(
        Explanation.case_id == Case.id, or_(Explanation.accepted.is_(None), Explanation.accepted.is_(True))
    )
    counts = (
        select(Case.unit_id, func.count())
        .where(Case.site == scope.site, population.stands(Case), population.late(Case, now))
        .where(kept(Case.late_after, since), ~explained)
        .group_by(Case.unit_id)
    )
    for unit_id, n in db.session.execute(counts):
        yield News(
            everybody.heads(unit_id),
            NoticeKind.EXPLANATION,
            OWED,
            about=f"unit/{unit_id}",
            subject=f"{year}-W{week:02}",
            figures={"n": n, "day": today.isoformat()},
            page="cases.explanations",
        )


def _said_owed(f: Figures) -> str:
    return counted("Còn %(n)s hồ sơ quá hạn chưa giải trình, tính đến %(day)s", f["n"], day=due_day(f, "day"))


def _said_sent(f: Figures) -> str:
    if f["n"] == 1:
        one = _("%(unit)s giải trình hồ sơ quá hạn %(code)s, chờ Văn phòng tiếp nhận", unit=f["unit"], code=f["code"])
        return str(one)
    return counted("%(unit)s giải trình %(n)s hồ sơ quá hạn, chờ Văn phòng tiếp nhận", f["n"], unit=f["unit"])


add_sentences(
    {
        SENT: _said_sent,
        RECEIVED: lambda f: counted("%(n)s giải trình hồ sơ quá hạn chờ Giám đốc quyết định", f["n"]),
        RETURNED: lambda f: _("Giải trình hồ sơ %(code)s bị trả lại, hãy giải trình lại", code=f["code"]),
        ACCEPTED: lambda f: _("Giải trình hồ sơ %(code)s được chấp nhận", code=f["code"]),
        OWED: _said_owed,
    }
)
add_source([OWED], owed)
