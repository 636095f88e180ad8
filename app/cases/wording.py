"""How a case's standing and its promise are put in words, and what the records tell of it: “chưa” only where that is
known, otherwise “chưa rõ”."""

from __future__ import annotations

from datetime import date, datetime
from functools import lru_cache
from typing import Any

from flask_babel import gettext as _
from flask_babel import ngettext

from app.cases import population
from app.cases.models import Case
from app.cases.queries import MOST_COUNTED, Page
from app.cases.standing import CaseStanding, Lateness, Promise, UnusualDay
from app.cases.vocabulary import Knows
from app.core.calendar import PauseMode, TimeUnit
from app.organisation.calendars import site_calendar
from app.procedures.labels import time_allowed
from app.web.formats import counted, label, language, show_date, show_datetime, show_money, show_number

# What the records tell of a case, in the reader's words: “chưa” only where that is known, otherwise “chưa rõ”.


def yes_or_no(said: bool | None) -> str:
    """Có, Không; empty where nobody said."""
    return "" if said is None else str(_("Có") if said else _("Không"))


def channel_in_words(of: Any) -> str:
    """How the case came in; a default that other software's file was read with is no knowledge."""
    return label(of.channel) if population.told(of, Knows.CHANNEL) else str(_("chưa rõ"))


def return_in_words(of: Any) -> str:
    """How the applicant wants the result."""
    return label(of.return_method) if population.return_told(of) else str(_("chưa rõ"))


def told_in_words(case: Case, now: datetime) -> dict[str, str]:
    """Whose the case is, how it came in, what is due, and what of it is digitised, for its page."""
    if case.electronic_result_at and case.result_at and case.electronic_days is None:
        electronic = str(_("có, chưa rõ từ ngày nào"))
    elif case.electronic_result_at:
        electronic = f"{show_datetime(case.electronic_result_at)} · " + str(
            ngettext(
                "sau ngày có kết quả %(num)s ngày làm việc",
                "sau ngày có kết quả %(num)s ngày làm việc",
                case.electronic_days,
            )
            if case.electronic_days
            else _("cùng ngày")
        )
    else:
        electronic = _not_yet(population.electronic_known(case, now))
    by_itself = _("nộp trực tuyến, không cần số hóa") if population.came_electronically(case) else ""
    signed = _("kết quả điện tử, không cần số hóa") if case.electronic_result_at else ""
    return {
        "applicant": case.applicant or str(_("chưa rõ")),
        "channel": channel_in_words(case),
        "return_method": return_in_words(case),
        "fee": _fee(case),
        "file": _when(case.files_digitised_at) or str(by_itself) or _not_yet(population.file_known(case, now)),
        "result": _when(case.result_digitised_at) or str(signed) or _not_yet(population.result_known(case, now)),
        "electronic": electronic,
        "vneid": yes_or_no(case.vneid),
        "reused": yes_or_no(case.reused),
    }


def _fee(case: Case) -> str:
    if not population.fee_known(case.fee_due, case.version.details_known):
        return str(_("chưa rõ"))
    return show_money(case.fee_due) if case.fee_due else str(_("Không thu"))


def _when(at: datetime | None) -> str:
    return show_datetime(at) if at else ""


def _not_yet(known: bool) -> str:
    return str(_("chưa") if known else _("chưa rõ"))


# How a case's standing and its promise are put in words.


def show_due(due_at: datetime | None) -> str:
    """A promised time as its slip tells it: 04/12/2026 17:00 for the end of that day."""
    return "" if due_at is None else show_datetime(site_calendar().told_as(due_at))


def standing_in_words(standing: CaseStanding) -> str:
    """`còn 2 ngày làm việc`, `quá hạn 3 ngày làm việc`, `đúng hạn`..."""
    return _standing_in_words(standing, language())


@lru_cache(maxsize=1024)
def _standing_in_words(standing: CaseStanding, _locale: str) -> str:
    """In the language of the moment, which is part of the key."""
    days = standing.days
    match standing.lateness:
        case Lateness.OPEN_LATE | Lateness.LATE if not days:
            return str(_("Quá hạn chưa đến 1 ngày làm việc"))
        case Lateness.OPEN_LATE | Lateness.LATE:
            return str(ngettext("Quá hạn %(num)s ngày làm việc", "Quá hạn %(num)s ngày làm việc", days))
        case Lateness.DUE_TODAY:
            return str(_("Đến hạn hôm nay"))
        case Lateness.PAUSED:
            return str(_("Tạm dừng tính hạn"))
        case Lateness.NO_DUE_DAY:
            return str(_("Không có ngày hẹn"))
        case Lateness.EARLY if days:
            return str(ngettext("Trước hạn %(num)s ngày làm việc", "Trước hạn %(num)s ngày làm việc", days))
        case _ if standing.ended:
            return str(_("Trước hạn") if standing.lateness is Lateness.EARLY else _("Đúng hạn"))
        case _ if not days:
            return str(_("Còn chưa đến 1 ngày làm việc"))
    return str(ngettext("Còn %(num)s ngày làm việc", "Còn %(num)s ngày làm việc", days))


def promise_in_words(promise: Promise) -> str:
    """`5 ngày làm việc từ 26/04/2024; nghỉ 30/04 Ngày Chiến thắng; Thứ Bảy 04/05 đi làm (…); không tính 5 ngày Thứ Bảy,
    Chủ Nhật`, without the due date."""
    if promise.from_outside:
        return str(_("Ngày hẹn trả do phần mềm một cửa ghi."))
    if not promise.amount and promise.unit is not TimeUnit.SAME_DAY:
        return str(_("Tệp nhập vào không cho ngày hẹn và thủ tục chưa có thời hạn: hồ sơ không tính quá hạn."))
    parts = [_("%(time)s từ %(day)s", time=time_allowed(promise.amount, promise.unit), day=show_date(promise.start))]
    parts += [_day_in_words(day) for day in promise.unusual]
    if promise.weekend_days:
        parts.append(counted("không tính %(n)s ngày Thứ Bảy, Chủ Nhật", promise.weekend_days))
    return "; ".join(map(str, parts))


def _day_in_words(unusual: UnusualDay) -> str:
    day, shown = unusual.day, f"{unusual.day:%d/%m}"
    if unusual.worked:
        words = _("%(weekday)s %(day)s đi làm (%(name)s)", weekday=weekday(day), day=shown, name=unusual.name)
    else:
        words = _("nghỉ %(day)s %(name)s", day=shown, name=unusual.name)
    return str(words)


def weekday(day: date) -> str:
    """Thứ Hai ... Chủ Nhật."""
    names = (_("Thứ Hai"), _("Thứ Ba"), _("Thứ Tư"), _("Thứ Năm"), _("Thứ Sáu"), _("Thứ Bảy"), _("Chủ Nhật"))
    return str(names[day.weekday()])


def pauses_in_words(promise: Promise) -> list[str]:
    """A line for each stop of the clock, and what it did to the due date."""
    lines = []
    for started, ended in promise.pauses:
        start, end = show_date(started), show_date(ended)
        if ended is None:
            lines.append(_("Đang chờ bổ sung từ %(start)s: chưa tính hạn.", start=start))
        elif promise.pause_mode is PauseMode.NONE:
            lines.append(_("Chờ bổ sung %(start)s – %(end)s: thời hạn vẫn tính.", start=start, end=end))
        elif promise.pause_mode is PauseMode.RESTART:
            lines.append(_("Chờ bổ sung %(start)s – %(end)s: tính lại từ đầu.", start=start, end=end))
        else:
            lines.append(_("Chờ bổ sung %(start)s – %(end)s: không tính vào thời hạn.", start=start, end=end))
    return [str(line) for line in lines]


def total_in_words(page: Page) -> str:
    """`12`, `hơn 10.000`; empty where nothing was counted."""
    if page.total is None:
        return ""
    if page.total > MOST_COUNTED:
        return str(_("hơn %(n)s", n=show_number(MOST_COUNTED)))
    return show_number(page.total)
