"""Who is told that a directive or a petition is due or late: the head of the unit that answers for it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from flask_babel import gettext as _

from app.notifications.messages import Figures, News, add_sentences
from app.notifications.models import NoticeKind
from app.notifications.service import add_source
from app.notifications.staff import staff
from app.obligations import queries
from app.organisation.access import Scope
from app.organisation.calendars import site_calendar
from app.web import extensions
from app.web.due import due_by, missed
from app.web.formats import show_date

AHEAD = 2  # working days before the last day from which the head is told

DIRECTIVE_SOON, DIRECTIVE_LATE = "directive_due_soon", "directive_overdue"
PETITION_SOON, PETITION_LATE = "petition_due_soon", "petition_overdue"


def due_directives(scope: Scope) -> Iterator[News]:
    """Directives that are not done."""
    calendar, everybody = site_calendar(), staff(scope)
    today = calendar.local_day(extensions.now())
    for each in queries.directives(scope, open_only=True):
        if not due_by(each.due_on, calendar.add_working_days(today, AHEAD)) or each.due_on is None:
            continue
        yield News(
            everybody.heads(each.unit_id),
            NoticeKind.DUTY,
            DIRECTIVE_LATE if missed(each.due_on, today) else DIRECTIVE_SOON,
            about=f"directive/{each.id}",
            subject=each.due_on.isoformat(),
            figures={"number": each.number, "issuer": each.issuer, "due": each.due_on.isoformat()},
            page="obligations.directives",
        )


def due_petitions(scope: Scope) -> Iterator[News]:
    """Petitions that are not answered."""
    calendar, everybody = site_calendar(), staff(scope)
    today = calendar.local_day(extensions.now())
    for each in queries.petitions(scope, open_only=True):
        if not due_by(each.due_on, calendar.add_working_days(today, AHEAD)):
            continue
        yield News(
            everybody.heads(each.unit_id),
            NoticeKind.DUTY,
            PETITION_LATE if missed(each.due_on, today) else PETITION_SOON,
            about=f"petition/{each.id}",
            subject=each.due_on.isoformat(),
            figures={"code": each.code, "due": each.due_on.isoformat()},
            page="obligations.petitions",
        )


def _day(figures: Figures) -> str:
    return show_date(date.fromisoformat(figures["due"]))


add_sentences(
    {
        DIRECTIVE_SOON: lambda f: _(
            "Văn bản chỉ đạo %(number)s của %(issuer)s phải xong trước hết ngày %(day)s",
            number=f["number"],
            issuer=f["issuer"],
            day=_day(f),
        ),
        DIRECTIVE_LATE: lambda f: _(
            "Văn bản chỉ đạo %(number)s của %(issuer)s chưa xong, đã quá hạn %(day)s",
            number=f["number"],
            issuer=f["issuer"],
            day=_day(f),
        ),
        PETITION_SOON: lambda f: _(
            "Phản ánh, kiến nghị %(code)s phải trả lời trước hết ngày %(day)s", code=f["code"], day=_day(f)
        ),
        PETITION_LATE: lambda f: _(
            "Phản ánh, kiến nghị %(code)s chưa trả lời, đã quá hạn %(day)s", code=f["code"], day=_day(f)
        ),
    }
)
add_source([DIRECTIVE_SOON, DIRECTIVE_LATE], due_directives)
add_source([PETITION_SOON, PETITION_LATE], due_petitions)
