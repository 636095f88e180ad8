"""Deadlines as plans write them (thời gian hoàn thành), read into dates without guessing.

"Trước ngày 01/6/2024" ends on 31/05/2024; "Quý III/2024" is a span that ends on 30/09/2024; "Thường xuyên"
has no last day; "Theo tiến độ của Trung ương" waits for something outside. A deadline of two steps, "Ban hành
Kế hoạch trong Quý II/2024; Tổ chức triển khai theo kế hoạch", is read step by step. Every reading says how the
words were read, in Vietnamese and English. Words that no reader knows are UNREAD, and a date that does not exist
is refused: a person then enters the dates. Spacing, Unicode form and diacritics are free, as in scanned documents.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum
from typing import Any

from app.core.errors import DomainError
from app.core.periods import Period, PeriodKind
from app.core.text import fold, tidy
from app.core.working_days import WorkingDays

_WEEKDAYS = {
    "vi": ("thứ Hai", "thứ Ba", "thứ Tư", "thứ Năm", "thứ Sáu", "thứ Bảy", "Chủ nhật"),
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
}

_EVERY = r"(?:hang|moi|0?1 lan|mot lan|dinh ky hang|dinh ky moi|dinh ky) (?:ngay|tuan|thang|quy|nua nam|6 thang|nam)"
_TIMES = r"(?:it nhat |toi thieu )?\d{1,3} lan (?:tren |moi |mot |trong )?(?:ngay|tuan|thang|quy|nam)"
RECURRENCES = re.compile(
    rf"(?:thuong xuyen|lien tuc|dinh ky|{_EVERY}|{_TIMES})"
    rf"(?: (?:va |, )?(?:thuong xuyen|hang nam|hang quy|hang thang|6 thang|{_EVERY}|{_TIMES}))*"
    r"(?: (?:trong nam|trong ca nam|ca nam)(?: (?:nam )?\d{4})?)?"
)
"""Folded words of a deadline that comes again and again, and of nothing else."""

_CITED_DAY = re.compile(r"(?:ngay )?\d{1,2} (?:thang )?\d{1,2} (?:nam )?\d{4}")
_DEADLINE = re.compile(
    r"\b(?:truoc (?:ngay|thang|quy|nam|\d)|xong|hoan thanh (?:truoc|trong)|cham nhat (?!la \d+ ngay|\d+ ngay)|"
    r"(?:thang|quy) \w{1,4} (?:nam )?\d{4}|het nam|trong nam \d{4}|nam \d{4} \d{4})"
)
_REPORTING = re.compile(r"^(?:tai|trong) ky bao cao .+")

_ACTIONS = (
    *("ban hanh", "to chuc", "xay dung", "trien khai", "trinh", "hoan thanh", "hoan thien", "bao cao", "thuc hien"),
    *("phe duyet", "tham muu", "nop", "gui", "cong bo", "tong ket", "so ket", "ra soat", "khao sat", "tham dinh"),
    *("nghiem thu", "lap", "ky", "de xuat", "danh gia", "kiem tra", "tap huan", "du thao", "dua vao"),
)
_HEDGES = frozenset(
    (
        *("sau", "khoang", "du", "kien", "dau", "giua", "cuoi", "ngoai", "tu", "truoc", "khong"),
        *("hoac", "va", "den", "it", "toi", "muon", "hon", "som", "gan", "qua", "neu"),
    )
)
_TAIL = re.compile(
    r"\b(?:trước|xong|chậm nhất|trong|hết|quý|tháng|năm|từ|theo|sau khi|khi|ngày|thường xuyên|hàng|hằng)\b"
)


def plain(text: str) -> str:
    """Folded words; the strokes that scanners read for a Roman I (l, 1, |) in a quarter made I again."""
    return re.sub(r"\bquy ([il]{1,3}|[il]v)\b", lambda m: "quy " + m[1].replace("l", "i"), fold(text.replace("|", "I")))


def day_shown(day: date, language: str) -> str:
    """31/05/2024, thứ Sáu; Friday 31/05/2024."""
    weekday = _WEEKDAYS[language][day.weekday()]
    return f"{day:%d/%m/%Y}, {weekday}" if language == "vi" else f"{weekday} {day:%d/%m/%Y}"


def steps(text: str) -> list[str]:
    """The steps of a deadline: one a line or a semicolon, their dashes taken off."""
    lines = re.split(r"[\n;]", text)
    return [step for line in lines if (step := tidy(line).lstrip("-–+•* ").rstrip(".,").strip())]


def parenthesised(text: str) -> tuple[str, str] | None:
    """What stands before a closing pair of brackets, and inside it."""
    found = re.fullmatch(r"([^()]+)\(([^()]+)\)", text)
    return (found[1].strip(), found[2].strip()) if found else None


def acts(action: str) -> bool:
    """Whether words are something to do, with no number and no hedge that would change the deadline after them."""
    words = fold(action)
    if not any(words == verb or words.startswith(verb + " ") for verb in _ACTIONS) or re.search(r"\d", words):
        return False
    return words.split()[-1] not in _HEDGES


def tails(text: str) -> Iterator[tuple[str, str]]:
    """Ways to take a text for an action and its deadline, the longest deadline first."""
    for found in _TAIL.finditer(text.lower()):
        if found.start() and len(text.lower()) == len(text):
            yield text[: found.start()].strip(" ,:"), text[found.start() :].strip()


def has_deadline_words(words: str) -> bool:
    """Whether folded words name a deadline, days of cited documents and reporting periods left out."""
    return not _REPORTING.match(words) and bool(_DEADLINE.search(_CITED_DAY.sub(" ", words)))


ONE_DAY = timedelta(days=1)
Said = Mapping[str, str]
"""A sentence in `vi` and `en`."""


class DeadlineKind(StrEnum):
    """How a deadline's words are read."""

    DAY = "day"  # a last day: "Tháng 7/2024", "Trước ngày 01/6/2024"
    SPAN = "span"  # "Từ năm 2024-2025"
    RECURRING = "recurring"  # "Thường xuyên"
    OPEN = "open"  # waits for something outside: "Theo tiến độ của Trung ương"
    UNREAD = "unread"  # no reader knows these words: a person must say


@dataclass(frozen=True, slots=True)
class Milestone:
    """A step that the deadline names: "Ban hành Kế hoạch" by the end of Quý II/2024. Without a day, it waits."""

    text: str
    due_on: date | None

    def as_json(self) -> dict[str, str | None]:
        """As it is stored with the task."""
        return {"text": self.text, "due_on": self.due_on.isoformat() if self.due_on else None}


@dataclass(frozen=True, slots=True)
class DeadlineReading:
    """What a deadline says. `due_on` is the last day on which a thing done is in time; `said` tells how it was read.

    `trigger` is what an OPEN deadline waits for, in the document's words. `warnings` ask for a person's eye
    and change nothing: a last day that is not worked, a step without a day.
    """

    text: str
    kind: DeadlineKind
    said: Said
    starts_on: date | None = None
    due_on: date | None = None
    milestones: tuple[Milestone, ...] = ()
    trigger: str = ""
    warnings: tuple[Said, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """How it was read, as it is stored with the task."""
        return {
            **self.said,
            "milestones": [milestone.as_json() for milestone in self.milestones],
            "trigger": self.trigger,
            "warnings": [dict(warning) for warning in self.warnings],
        }


def read_deadline(text: str, calendar: WorkingDays | None = None) -> DeadlineReading:
    """Read a deadline as it stands in a plan; with a calendar, warn when the last day is not worked.

    Never raises: what cannot be read, or cannot be, is UNREAD and says why.
    """
    written = tidy(text)
    try:
        reading = _read(text, written)
    except DomainError as refusal:
        return DeadlineReading(
            written, DeadlineKind.UNREAD, {"vi": str(refusal), "en": getattr(refusal, "english", "")}
        )
    return _warned(reading, calendar) if calendar else reading


class ImpossibleDate(DomainError):
    """A date or period that does not exist, with what may have been meant."""

    def __init__(self, message: str, english: str, /, **params: object) -> None:
        super().__init__(message, field="deadline", **params)
        self.english = english % params


def _read(text: str, written: str) -> DeadlineReading:
    parts = steps(text)
    if not parts:
        return _unread(written, "Ô thời hạn để trống.", "The deadline is empty.")
    if len(parts) > 1:
        return _steps(written, parts)
    if direct := _direct(parts[0]):
        return replace(direct, text=written)
    if step := _acting(parts[0]):
        return _only_step(written, *step)
    return _unread(
        written,
        f"Không đọc được thời hạn “{written}”: cần người xác định ngày.",
        f"“{written}” could not be read: a person must enter the dates.",
    )


def _unread(written: str, vi: str, en: str) -> DeadlineReading:
    return DeadlineReading(written, DeadlineKind.UNREAD, {"vi": vi, "en": en})


def _direct(text: str) -> DeadlineReading | None:
    """Words that are a deadline as a whole."""
    words = plain(text)
    for reader in _READERS:
        if reading := reader(text, words):
            return reading
    return None


def _acting(text: str) -> tuple[str, DeadlineReading] | None:
    """Something to do and its deadline: "Ban hành Kế hoạch trong Quý II/2024", "Quý I/2024 (ban hành Kế hoạch)"."""
    if inside := parenthesised(text):
        before, action = inside
        reading = _direct(before) if acts(action) else None
        return (action, reading) if reading else None
    for action, tail in tails(text):
        if acts(action) and (reading := _direct(tail)):
            return action, reading
    return None


def _only_step(written: str, action: str, reading: DeadlineReading) -> DeadlineReading:
    """The document dates one step of the task, and nothing after it."""
    if reading.due_on is None:
        return replace(reading, text=written)
    vi, en = f"“{action}”: {reading.said['vi']}", f"“{action}”: {reading.said['en']}"
    after = {
        "vi": f"Thời hạn chỉ nói về bước “{action}”; các bước sau chưa có ngày.",
        "en": f"The deadline is only that of the step “{action}”; what follows has no day.",
    }
    milestone = Milestone(action, reading.due_on)
    return replace(
        reading, text=written, said={"vi": vi, "en": en}, milestones=(milestone,), warnings=(*reading.warnings, after)
    )


def _steps(written: str, parts: list[str]) -> DeadlineReading:
    """Several steps, each with its own deadline. The task's last day is that of the last step that has one."""
    read = [_acting(part) or ("", _direct(part)) for part in parts]
    if any(reading is None for _action, reading in read):
        unknown = "; ".join(part for part, (_action, reading) in zip(parts, read, strict=True) if reading is None)
        vi = f"Không đọc được “{unknown}”: cần người xác định ngày."
        return _unread(written, vi, f"“{unknown}” could not be read: a person must enter the dates.")
    found = [(action or part, reading) for part, (action, reading) in zip(parts, read, strict=True) if reading]
    dated = [reading for _name, reading in found if reading.due_on]
    waiting = [name for name, reading in found if reading.due_on is None]
    said = {
        language: "; ".join(f"“{name}”: {_within(reading.said[language])}" for name, reading in found)
        for language in ("vi", "en")
    }
    warnings = tuple(
        {"vi": f"Bước “{name}” chưa có ngày.", "en": f"The step “{name}” has no day."} for name in waiting if dated
    )
    return DeadlineReading(
        written,
        max(dated, key=_due).kind if dated else found[-1][1].kind,
        said,
        starts_on=min((r.starts_on for r in dated if r.starts_on), default=None),
        due_on=max(map(_due, dated), default=None),
        milestones=tuple(Milestone(name, reading.due_on) for name, reading in found),
        trigger="; ".join(r.trigger for _name, r in found if r.trigger),
        warnings=warnings,
    )


def _within(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]


def _due(reading: DeadlineReading) -> date:
    assert reading.due_on is not None
    return reading.due_on


# Readers: each takes the words as written and folded, and answers None when they are not its own.

_DATE = r"(?:ngay )?(?P<day>\d{1,2}) (?:thang )?(?P<month>\d{1,2}) (?:nam )?(?P<year>\d{4})"
_FINISH = r"(?:(?:phai )?(?:xong|hoan thanh|ket thuc) )?"
_BEFORE_DATE = re.compile(rf"{_FINISH}truoc {_DATE}")
_BY_DATE = re.compile(rf"{_FINISH}(?:(?:cham nhat(?: la| den)?|den het|den|het|trong|vao|dung) )?(?:het )?{_DATE}")
_BEFORE_PERIOD = re.compile(rf"{_FINISH}truoc (?P<period>(?:thang|quy|nam) .+)")
_IN_PERIOD = re.compile(
    rf"{_FINISH}(?:(?:cham nhat(?: la)?|den het|het|trong) )*(?P<period>(?:thang|quy|nam|0?6 thang) .+)"
)
_YEARS = re.compile(r"(?:tu |giai doan )?(?:nam )?(?P<first>\d{4}) (?:den )?(?:nam )?(?P<last>\d{4})")
_FROM_TO = re.compile(r"tu (?P<first>.+?) den (?:het )?(?P<last>.+)")
_TRIGGER = re.compile(r"(?:theo|sau khi|khi|ngay sau|ngay khi|tai ky bao cao|kip thoi|trong ky bao cao)(?: .+)?|ngay")
_CLOCK = re.compile(
    r"(?:cham nhat (?:la |trong )?|trong(?: vong)? )?\d{1,3} (?:ngay|gio)(?: lam viec)? "
    r"(?:ke tu|tinh tu|tinh theo|sau|tu) .+"
)


def _before(text: str, words: str) -> DeadlineReading | None:
    """Trước ngày, trước tháng, trước quý: the day before."""
    if found := _BEFORE_DATE.fullmatch(words):
        first_not = _date(found)
    elif (found := _BEFORE_PERIOD.fullmatch(words)) and (period := _period(found["period"])):
        first_not = period.first
    else:
        return None
    return _dated(text, DeadlineKind.DAY, None, first_not - ONE_DAY)


def _by_day(text: str, words: str) -> DeadlineReading | None:
    """A day itself: "chậm nhất ngày 15/3/2024"."""
    found = _BY_DATE.fullmatch(words)
    return _dated(text, DeadlineKind.DAY, None, _date(found)) if found else None


def _in_period(text: str, words: str) -> DeadlineReading | None:
    """Tháng 7/2024, Quý III/2024, Trong năm 2024: until its last day."""
    found = _IN_PERIOD.fullmatch(words)
    period = _period(found["period"]) if found else None
    return _dated(text, DeadlineKind.DAY, period.first, period.last) if period else None


def _years(text: str, words: str) -> DeadlineReading | None:
    """Từ năm 2024 - 2025: from the first year's beginning to the last one's end."""
    found = _YEARS.fullmatch(words)
    return _span(text, Period.parse(found["first"]), Period.parse(found["last"])) if found else None


def _from_to(text: str, words: str) -> DeadlineReading | None:
    """Từ ngày … đến ngày …; từ tháng 3 đến tháng 6/2024 (the year stands once)."""
    found = _FROM_TO.fullmatch(words)
    if found is None:
        return None
    days = [re.fullmatch(_DATE, found[name]) for name in ("first", "last")]
    if days[0] and days[1]:
        first, last = _date(days[0]), _date(days[1])
        if first > last:
            raise _backwards()
        return _dated(text, DeadlineKind.SPAN, first, last)
    periods = [_period(found["first"]) or _period(f"{found['first']} {found['last'][-4:]}"), _period(found["last"])]
    return _span(text, periods[0], periods[1]) if periods[0] and periods[1] else None


def _span(text: str, first: Period, last: Period) -> DeadlineReading:
    if first.first > last.last:
        raise _backwards()
    return _dated(text, DeadlineKind.SPAN, first.first, last.last)


def _backwards() -> ImpossibleDate:
    return ImpossibleDate(
        "Thời gian kết thúc trước khi bắt đầu. Hãy xem lại hai mốc.", "It ends before it begins. Look at both dates."
    )


def _recurring(text: str, words: str) -> DeadlineReading | None:
    """Thường xuyên, hàng tháng, ít nhất 02 lần/năm: no last day."""
    if not RECURRENCES.fullmatch(words):
        return None
    vi = "không có ngày cuối cùng; làm lặp lại trong thời gian của kế hoạch"
    return DeadlineReading(
        text,
        DeadlineKind.RECURRING,
        {"vi": f"{text}: {vi}", "en": f"“{text}”: no last day; repeated for as long as the plan runs"},
    )


def _open(text: str, words: str) -> DeadlineReading | None:
    """Theo tiến độ của Trung ương, Sau khi Đề án được phê duyệt, 05 ngày kể từ…: waits for what it names.

    A trigger that also names a deadline of its own is nobody's to sort out but a person's.
    """
    if not (_TRIGGER.fullmatch(words) or _CLOCK.fullmatch(words)) or has_deadline_words(words):
        return None
    return DeadlineReading(
        text,
        DeadlineKind.OPEN,
        {
            "vi": f"{text}: chờ mốc này; chưa có ngày cho đến khi có người ghi mốc",
            "en": f"Waits for “{text}”: no day until somebody records it",
        },
        trigger=text,
    )


_READERS: tuple[Callable[[str, str], DeadlineReading | None], ...] = (
    _recurring,
    _before,
    _by_day,
    _years,
    _from_to,
    _in_period,
    _open,
)


def _dated(text: str, kind: DeadlineKind, starts_on: date | None, due_on: date) -> DeadlineReading:
    vi = f"{text}: ngày cuối cùng là {day_shown(due_on, 'vi')}"
    en = f"“{text}”: the last day is {day_shown(due_on, 'en')}"
    if kind is DeadlineKind.SPAN and starts_on:
        vi, en = f"{vi}, bắt đầu {starts_on:%d/%m/%Y}", f"{en}, beginning {starts_on:%d/%m/%Y}"
    return DeadlineReading(text, kind, {"vi": vi, "en": en}, starts_on, due_on)


def _period(words: str) -> Period | None:
    """A month, quarter or year; None when it is none. ImpossibleDate when there is no such month or quarter."""
    try:
        return Period.parse(words)
    except DomainError as error:
        found = re.fullmatch(r"(?P<kind>thang|quy) (?P<number>\w+) (?:nam )?(?P<year>\d{4})", words)
        if found is None or not (found["number"].isdigit() or found["kind"] == "quy"):
            return None
        raise ImpossibleDate(
            "Năm %(year)s không có %(period)s: tháng từ 1 đến 12, quý từ I đến IV. Hãy xem lại văn bản.",
            "%(year)s has no %(period)s: months are 1 to 12, quarters (quý) I to IV. Look at the document.",
            year=found["year"],
            period=f"{'tháng' if found['kind'] == 'thang' else 'quý'} {found['number'].upper()}",
        ) from error


def _date(found: re.Match[str]) -> date:
    """The day that was matched. ImpossibleDate with what may have been meant."""
    day, month, year = (int(found[name]) for name in ("day", "month", "year"))
    try:
        Period.nth(PeriodKind.YEAR, year)
        return date(year, month, day)
    except ValueError:
        likely = " hoặc ".join(f"{guess:%d/%m/%Y}" for guess in _likely(day, month, year))
        raise ImpossibleDate(
            "Không có ngày %(day)02d/%(month)02d/%(year)s." + (" Có thể là %(likely)s?" if likely else ""),
            "There is no %(day)02d/%(month)02d/%(year)s."
            + (f" May it be {likely.replace(' hoặc ', ' or ')}?" if likely else ""),
            day=day,
            month=month,
            year=year,
            likely=likely,
        ) from None


def _likely(day: int, month: int, year: int) -> list[date]:
    """Days that an impossible date may have meant: the month's last day, the leap year, day and month swapped."""
    if 1 <= day <= 12 < month <= 31:
        return [date(year, day, month)] if month <= Period.nth(PeriodKind.MONTH, year, day).last.day else []
    if not 1 <= month <= 12 or not 1 <= day <= 31:
        return []
    last = Period.nth(PeriodKind.MONTH, year, month).last
    leap = [date(y, 2, 29) for y in (year + 1, year - 1) if month == 2 and day == 29 and y % 4 == 0]
    return [last, *leap]


def _warned(reading: DeadlineReading, calendar: WorkingDays) -> DeadlineReading:
    """With a warning for each last day that the site does not work."""
    days = {reading.due_on, *(milestone.due_on for milestone in reading.milestones)} - {None}
    return replace(
        reading,
        warnings=(*reading.warnings, *(w for day in sorted(filter(None, days)) for w in _not_worked(day, calendar))),
    )


def _not_worked(day: date, calendar: WorkingDays) -> tuple[Said, ...]:
    try:
        if calendar.is_working_day(day):
            return ()
        before = calendar.add_working_days(day, -1)
    except DomainError:  # beyond the years that the calendar knows
        return ()
    written, last = f"{day:%d/%m/%Y}", f"{before:%d/%m/%Y}"
    vi = f"{written} là {calendar.why_off(day, 'vi')}; ngày làm việc gần nhất trước đó là {last}."
    en = f"{written} is {calendar.why_off(day, 'en')}; the last working day before it is {last}."
    return ({"vi": vi, "en": en},)
