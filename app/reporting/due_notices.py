"""Who is told that something owed under a plan is due or missing: the head of the unit that owes it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from flask_babel import gettext as _

from app.core.periods import Period, PeriodKind
from app.notifications.labels import Figures, News, add_sentences
from app.notifications.models import NoticeKind
from app.notifications.queries import staff
from app.notifications.service import add_source
from app.organisation.access import Scope
from app.organisation.calendars import site_calendar
from app.reporting.obligations import ObligationStatus, obligations
from app.web import extensions
from app.web.due import due_by
from app.web.formats import in_words, show_date

AHEAD = 2  # working days before the last day from which the head is told

SOON, MISSING = "obligation_due_soon", "obligation_missing"


def due_obligations(scope: Scope) -> Iterator[News]:
    """What is owed this month and has not been handed in."""
    calendar, everybody = site_calendar(), staff(scope)
    today = calendar.local_day(extensions.now())
    soon = calendar.add_working_days(today, AHEAD)
    for each in obligations(scope, Period.of(PeriodKind.MONTH, today)):
        missing = each.standing is ObligationStatus.MISSING
        if each.due is None or not (missing or (each.standing is ObligationStatus.NOT_YET and due_by(each.due, soon))):
            continue
        title = each.duty.rule.title
        yield News(
            everybody.heads(each.unit.id),
            NoticeKind.DUTY,
            MISSING if missing else SOON,
            about=f"duty/{each.duty.pack.id}/{each.duty.rule.id}/{each.unit.code}",
            subject=each.period.key,
            figures={
                "rule": each.duty.rule.id.upper(),
                "title": {"vi": title.vi, "en": title.en},
                "period": each.period.key,
                "due": each.due.isoformat(),
            },
            page="reporting.obligations",
        )


def _named(figures: Figures) -> dict[str, str]:
    return {
        "rule": f"{figures['rule']}, {figures['title']}",
        "period": in_words(Period.parse(figures["period"])),
        "day": show_date(date.fromisoformat(figures["due"])),
    }


add_sentences(
    {
        SOON: lambda f: _("%(period)s: %(rule)s chưa thực hiện, hạn %(day)s", **_named(f)),
        MISSING: lambda f: _("%(period)s: %(rule)s chưa thực hiện, đã quá hạn %(day)s", **_named(f)),
    }
)
add_source([SOON, MISSING], due_obligations)
