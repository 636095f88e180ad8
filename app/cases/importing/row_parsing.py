"""What one row says of a case, and of an event in it. Pure.

`RowReader.read` turns cells into values and checks what the row alone can tell; whether it fits what is
recorded is asked in moves.py.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from app.cases.importing.header import SheetTable
from app.cases.importing.mapping import CASE_FIELDS, Answer, ForeignPayment, ForeignStatus, Mapping
from app.cases.importing.models import ImportNameKind
from app.cases.importing.values import (
    CellInstant,
    GarbledText,
    RowRefused,
    UnknownName,
    exact_number_text,
    id_number_of,
    moment_of,
    money_text,
    number_text,
    phone_of,
    readable,
    says_nothing,
    text_of,
)
from app.cases.vocabulary import Channel, EventKind, Knows, PaymentChannel, with_what_follows
from app.core.codes import code_key
from app.core.errors import N_, DomainError
from app.core.text import fold, recognised
from app.web.formats import read_money

NAMES = frozenset({"applicant", "address", "officer"})  # what people are called and where they live
MOST_PAID = 10_000_000_000  # đồng for one case: more is a slip of the export
CONTACTS = ("applicant", "id_number", "phone", "address", "other_code")
FLAGS = ("vneid", "reused")
"""Yes, no, or None where nobody said: filled in by the first that tells."""
TOLD_LATER = ("channel", "knows", *FLAGS)
"""Columns of a case, beside its contacts, that a later file fills in where they were not known."""
# Longest texts, in characters, as the tables hold them.
LONGEST = {
    **{"code": 64, "other_code": 64, "applicant": 200, "id_number": 32, "phone": 32, "address": 300, "officer": 120},
    **{"event_id": 120, "event_name": 200, "event_group": 200, "event_actor": 120},
}
REMEMBERED = 4096  # texts of a column whose meaning is kept: exports say the same things over and over
_CODES = frozenset({"code", "other_code", "id_number", "phone", "event_id"})
# Neither a sign for nothing, nor rounded, nor with anything that does not show.
_PLAIN_CODE = re.compile(r"[A-Za-z][A-Za-z0-9./\-]{7,63}|0\d{8,11}", re.ASCII)
_PLAIN_TIME = re.compile(
    r"\d\d/\d\d/\d{4}(?: \d\d:\d\d(?::\d\d)?)?|\d{4}-\d\d-\d\d[T ][\d:.]{5,15}(?:[+\-]\d\d:\d\d)?", re.ASCII
)
SIGNATURES = 3  # cells at most of a line of signatures
SHORTEST_DAY = len("1/1/24")
_TOTAL = re.compile(r"(tong|cong|total)\b")
_SIGNATURE = re.compile(r"(nguoi lap|lap bieu|thu truong|nguoi ky|ky ten|ky ghi|ky dong|giam doc|truong phong)\b")
_MARGIN = re.compile(
    r"(ghi chu|(nguoi|ngay|in|xuat) (xuat|in|luc)|trang \d)\b"
)  # notes, who printed it, number of the page
_PLACE_AND_DAY = re.compile(r"[^\d]+ ngay( \d+)? thang( \d+)? nam( \d+)?$")
_COLUMN_NUMBER = re.compile(r"[(\[]?([A-Z]|\d{1,3})[)\]]?")
ENDED = frozenset(
    {
        ForeignStatus.RESOLVED,
        ForeignStatus.CLOSED,
        ForeignStatus.REFUSED,
        ForeignStatus.WITHDRAWN,
        ForeignStatus.STOPPED,
    }
)


class Remark(StrEnum):
    """What was assumed in taking a row; the report says it once, with the number of rows."""

    NO_PROMISE = "no_promise"
    NO_ALLOWANCE = "no_allowance"
    NO_CHANNEL = "no_channel"
    NO_APPLICANT = "no_applicant"
    END_HOUR = "end_hour"
    TIME_UNKNOWN = "time_unknown"
    EARLY_ACTIVITY = "early_activity"
    REPEATED = "repeated"
    CONTACT_DIFFERS = "contact_differs"
    MENDED = "mended"
    CODE_DIFFERS = "code_differs"
    PROMISE_PASSED = "promise_passed"
    REOPENED = "reopened"
    DENIED = "denied"


DEEDS = {
    "files_digitised": EventKind.FILES_DIGITISED,
    "result_digitised": EventKind.RESULT_DIGITISED,
    "electronic_result": EventKind.ISSUED_ELECTRONIC,
    "result_attached": EventKind.RESULT_DIGITISED,  # what hangs on the case can be read by a machine
}
"""Columns that say whether something was done, and the event that says so here."""


@dataclass(frozen=True, slots=True)
class StatedPayment:
    """A payment that a row states. `amount` in đồng, None when only the fee can say it; `paid` is when, if given."""

    channel: PaymentChannel
    amount: int | None
    paid: CellInstant | None


@dataclass(frozen=True, slots=True)
class ParsedRow:
    """What a row says of its case. Texts are tidy, "" when not given; instants are UTC."""

    code: str
    received: CellInstant
    promised: CellInstant | None
    ended: datetime | None  # a day without an hour: its first moment, but never before reception
    end_is_day: bool
    standing: ForeignStatus | None
    unit: str
    procedure: str
    procedure_code: str
    field: str
    applicant: str
    id_number: str
    phone: str
    address: str
    officer: str
    channel: Channel | None
    remarks: tuple[Remark, ...] = ()
    told: Knows = Knows.NOTHING  # what the filled cells make known
    deeds: tuple[tuple[EventKind, CellInstant | None], ...] = ()  # done, and when, if a cell says it
    payment: StatedPayment | None = None
    other_code: str = ""
    vneid: bool | None = None
    reused: bool | None = None
    begins_with_event: bool = False  # reception is its first activity, as far as the file tells

    @property
    def key(self) -> str:
        """What its code is compared by."""
        return code_key(self.code)

    @property
    def end(self) -> CellInstant | None:
        """The end as a moment to compare with."""
        return CellInstant(self.ended, self.end_is_day) if self.ended else None


@dataclass(slots=True)
class StatedEvent:
    """The activity that a row of an event log states. `external_id` is unique within its case."""

    external_id: str
    name: str
    at: datetime
    group: str
    actor: str


class RowReader:
    """Reads the rows of one table under its mapping. `now` (UTC): nothing that happened can be later.

    `mends`: somebody has agreed that names in the letters of old code pages are read as they were meant. `begun`: when
    each case of a log that does not tell its reception had its first activity, by the key of its code.
    """

    def __init__(
        self,
        mapping: Mapping,
        table: SheetTable,
        zone: ZoneInfo,
        now: datetime,
        *,
        mends: bool = False,
        begun: dict[str, CellInstant] | None = None,
    ) -> None:
        self.begun = begun or {}
        self.mends, self._mended = mends, False
        self.mapping, self.table, self.zone, self.now = mapping, table, zone, now
        self.orders, self.blanks = tuple(mapping.dates), mapping.blanks
        self._single = {
            field: columns[0][1][0]
            for field, columns in table.columns.items()
            if len(columns) == 1 and len(columns[0][1]) == 1
        }
        self._case_positions = sorted(
            {p for field in CASE_FIELDS & set(table.columns) for _h, places in table.columns[field] for p in places}
        )
        self._headings = frozenset(map(fold, table.headings))
        self._days_of_reception = self._places("received_at")
        self._before: tuple[list[Any], ParsedRow] | None = None
        self._texts: dict[str, dict[str, str]] = {field: {} for field in self._single}
        self._signed = False  # the row before said who signs

    def read(self, cells: list[Any]) -> tuple[ParsedRow, StatedEvent | None]:
        """Raises Refused, with the field at fault."""
        if self.mapping.row == "case":
            return self._statement(cells), None
        # An event log repeats the case's fields: they are read once for as long as they stay the same.
        width = len(cells)
        said = [cells[p] if p < width else None for p in self._case_positions]
        if self._before is None or self._before[0] != said:
            self._before = (said, self._statement(cells))
        return self._before[1], self._event(cells)

    def cells(self, cells: list[Any]) -> dict[str, str]:
        """The row as the report keeps it: heading -> text."""
        named = zip(self.table.headings, cells, strict=False)
        kept = {heading: text_of(cell)[:1000] for heading, cell in named}
        beyond = [text_of(cell)[:1000] for cell in cells[len(self.table.headings) :]]
        return kept | {f"Cột {len(kept) + n}": text for n, text in enumerate(beyond, 1) if text}

    def passes_over(self, cells: list[Any]) -> bool:
        """Whether the row is no case but what a printed list has besides: the heading again on a new page, a total, who
        signed. Such a row names no case (a total may stand in the column of codes) and no day of reception."""
        if self._is_plainly_a_case(cells):
            self._signed = False
            return False
        texts = [text_of(cell) for cell in cells if not says_nothing(cell)]
        folded = [fold(text) for text in texts]
        few = len(texts) <= SIGNATURES
        signs = few and bool(folded) and bool(_SIGNATURE.match(folded[0]))
        over = signs or self._is_printed(texts, folded) or self._names_no_case(cells, folded)
        self._signed = over and few and (signs or self._signed)
        return over

    def _is_plainly_a_case(self, cells: list[Any]) -> bool:
        """A day of reception among more cells than signatures have: nearly every row, so nothing of it is folded."""
        place = self._single.get("received_at")
        received = cells[place] if place is not None and place < len(cells) else None
        if type(received) is not str or not self._is_plain(received, _PLAIN_TIME):
            received = self._received(cells)
        if isinstance(received, str):
            is_day = received[:1].isdigit() and len(received) >= SHORTEST_DAY and received not in self.table.headings
        else:
            is_day = isinstance(received, datetime)
        return is_day and len(cells) - cells.count("") - cells.count(None) > SIGNATURES

    def _is_printed(self, texts: list[str], folded: list[str]) -> bool:
        """The heading again, the numbers of the columns below it, or what stands in the margin of a page."""
        if self._headings.issuperset(folded) and len(texts) >= len(self.mapping.needed):
            return True
        if len(texts) <= SIGNATURES and any(map(_MARGIN.match, folded[:1])):
            return True
        return (len(texts) == 1 and bool(_PLACE_AND_DAY.match(folded[0]))) or _numbers_columns(texts)

    def _names_no_case(self, cells: list[Any], folded: list[str]) -> bool:
        """A total, or a row of too few cells; under signatures also one with a name where codes stand: who signed."""
        if self._received(cells) is not None:
            return False
        few = len(folded) <= SIGNATURES
        no_code = all(self._filled(cells, place) is None for place in self._places("code"))
        return any(_TOTAL.match(text) for text in folded[:2]) or (few and (no_code or self._signed))

    def _received(self, cells: list[Any]) -> Any:
        """What stands where the day of reception should."""
        found = (self._filled(cells, place) for place in self._days_of_reception)
        return next((value for value in found if value is not None), None)

    def _places(self, field: str) -> list[int]:
        return [place for _heading, places in self.table.columns.get(field, ()) for place in places]

    def _cell(self, cells: list[Any], field: str) -> Any:
        """The first filled cell of a field's columns; one heading that says two things is refused."""
        position = self._single.get(field)
        if position is not None:
            return self._filled(cells, position)
        for heading, positions in self.table.columns.get(field, ()):
            found = [value for p in positions if (value := self._filled(cells, p)) is not None]
            if len({text_of(value) for value in found}) > 1:
                raise RowRefused("Cột “%(column)s” lặp lại với giá trị khác nhau.", field=field, column=heading)
            if found:
                return found[0]
        return None

    def _filled(self, cells: list[Any], position: int) -> Any:
        value = cells[position] if position < len(cells) else None
        if says_nothing(value) or (isinstance(value, str) and value.strip() in self.blanks):
            return None
        return value

    def _statement(self, cells: list[Any]) -> ParsedRow:
        self._mended = False
        code = self._text(cells, "code", exact_number_text)
        if not code:
            raise RowRefused("Thiếu mã hồ sơ.", field="code")
        received = self._moment(cells, "received_at")
        begins = received is None and self.mapping.row == "event"
        if begins:
            received = self.begun.get(code_key(code))
            if received is None:
                self._event(cells)  # says what is wrong with the time, or with the name
        if received is None:
            raise RowRefused("Thiếu ngày tiếp nhận.", field="received_at")
        self._refuse_future(received, "received_at")
        promised = self._moment(cells, "promised_at")
        if promised and promised.end < received.at:
            raise RowRefused("Ngày hẹn trả trước ngày tiếp nhận.", field="promised_at")
        ended, remarks = self._ended(cells, received)
        standing = self._standing(cells, ended)
        channel = self._channel(cells)
        told, deeds = self._deeds(cells)
        paid_told, payment = self._payment(cells)
        if channel is not None:
            told |= self.mapping.telling.get("channel", Knows.NOTHING)
        applicant = self._text(cells, "applicant")
        if promised is None:
            remarks.append(Remark.NO_PROMISE)
        if channel is None:
            remarks.append(Remark.NO_CHANNEL)
        if not applicant and "applicant" in self.table.columns:
            remarks.append(Remark.NO_APPLICANT)
        address, officer = self._text(cells, "address"), self._text(cells, "officer")
        if self._mended:
            remarks.append(Remark.MENDED)
        return ParsedRow(
            code=code,
            received=received,
            promised=promised,
            ended=max(ended.at, received.at) if ended else None,
            end_is_day=bool(ended and ended.whole_day),
            standing=standing,
            unit=self._text(cells, "unit"),
            procedure=self._text(cells, "procedure"),
            procedure_code=self._text(cells, "procedure_code"),
            field=self._text(cells, "field"),
            applicant=applicant,
            id_number=self._text(cells, "id_number", id_number_of),
            phone=self._text(cells, "phone", phone_of),
            address=address,
            officer=officer,
            channel=channel,
            remarks=tuple(remarks),
            told=with_what_follows(told | paid_told),
            deeds=deeds,
            payment=payment,
            other_code=self._other_code(cells, code),
            vneid=self._yes_or_no(cells, "vneid"),
            reused=self._yes_or_no(cells, "reused"),
            begins_with_event=begins,
        )

    def _other_code(self, cells: list[Any], code: str) -> str:
        other = self._text(cells, "other_code", exact_number_text)
        return "" if code_key(other) == code_key(code) else other

    def _yes_or_no(self, cells: list[Any], field: str) -> bool | None:
        """None where the cell is empty, or the file has no such column."""
        word = self._text(cells, field, number_text)
        if not word:
            return None
        answer = self.mapping.answers.get(fold(word))
        if answer is None:
            raise RowRefused(
                "“%(word)s” không cho biết có hay không: hãy ghi Có hoặc Không.", field=field, word=word[:60]
            )
        return answer is Answer.DONE

    def _text(self, cells: list[Any], field: str, read: Any = text_of) -> str:
        place = self._single.get(field)
        if place is None:
            return self._read_text(cells, field, read) if field in self.table.columns else ""
        cell = cells[place] if place < len(cells) else None
        if type(cell) is not str:
            return self._read_text(cells, field, read)
        texts = self._texts[field]
        if (text := texts.get(cell)) is not None:
            return text
        if field in _CODES:  # each is another
            return cell if self._is_plain(cell, _PLAIN_CODE) else self._read_text(cells, field, read)
        text = self._read_text(cells, field, read)
        if not (self.mends and field in NAMES):  # else each row that was mended is told
            if len(texts) >= REMEMBERED:
                texts.clear()
            texts[cell] = text
        return text

    def _is_plain(self, cell: str, plain: re.Pattern[str]) -> bool:
        """Whether a text says what it says, so that nothing of it need be looked at again."""
        return plain.fullmatch(cell) is not None and cell not in self.blanks

    def _read_text(self, cells: list[Any], field: str, read: Any) -> str:
        try:
            cell = readable(self._cell(cells, field))
            text: str = read(self._as_meant(cell, field) if field in NAMES and isinstance(cell, str) else cell)
        except RowRefused as error:
            raise _in_column(error, field) from error
        if len(text) > LONGEST.get(field, len(text)):
            raise RowRefused("Nội dung dài quá %(longest)s ký tự.", field=field, longest=LONGEST[field])
        return text

    def _as_meant(self, text: str, field: str) -> str:
        """A name in Unicode. Raises GarbledText for one in an old code page, unless such are to be put right."""
        found = recognised(text)
        if found is None:
            return text
        legacy, meant = found
        if not meant or not self.mends:
            raise GarbledText(text, legacy, meant, field)
        self._mended = True
        return meant

    def _moment(self, cells: list[Any], field: str) -> CellInstant | None:
        if field not in self.table.columns:
            return None
        place = self._single.get(field)
        cell = cells[place] if place is not None and place < len(cells) else None
        try:
            if type(cell) is str and self._is_plain(cell, _PLAIN_TIME):
                return moment_of(cell, self.orders, self.zone)
            cell = readable(self._cell(cells, field))
            if isinstance(cell, datetime) and not self.table.doubtful.isdisjoint(self._places(field)):
                raise _doubtful(cell)
            return moment_of(cell, self.orders, self.zone, self.table.start)
        except RowRefused as error:
            raise _in_column(error, field) from error

    def _refuse_future(self, moment: CellInstant, field: str) -> None:
        if moment.at > self.now:
            raise RowRefused("Thời điểm ở tương lai: việc này chưa thể xảy ra.", field=field)

    def _ended(self, cells: list[Any], received: CellInstant) -> tuple[CellInstant | None, list[Remark]]:
        """The end, which is never before reception; on the day of reception the hour may be missing or wrong."""
        ended = self._moment(cells, "ended_at")
        if ended is None:
            return None, []
        self._refuse_future(ended, "ended_at")
        if ended.at >= received.at:
            return ended, []
        if ended.at.astimezone(self.zone).date() != received.at.astimezone(self.zone).date():
            raise RowRefused("Ngày kết thúc trước ngày tiếp nhận.", field="ended_at")
        return ended, [] if ended.whole_day else [Remark.END_HOUR]

    def _standing(self, cells: list[Any], ended: CellInstant | None) -> ForeignStatus | None:
        """Where the case stands. Without a status, an end date means that it was closed."""
        word = self._text(cells, "status", number_text)
        if not word:
            return ForeignStatus.CLOSED if ended else None
        standing = self.mapping.standings.get(fold(word))
        if standing is None:
            raise UnknownName(
                N_("Loại tệp “%(mapping)s” không có trạng thái “%(name)s”."),
                kind=ImportNameKind.STATUS,
                name=word,
                field="status",
                may_create=False,
                mapping=self.mapping.name,
            )
        if standing is ForeignStatus.NOT_RECEIVED:
            raise RowRefused("Hồ sơ chưa được tiếp nhận (“%(word)s”).", field="status", word=word[:60])
        if standing in ENDED and ended is None:
            raise RowRefused("Trạng thái “%(word)s” nhưng thiếu ngày kết thúc.", field="ended_at", word=word[:60])
        if standing not in ENDED and ended is not None:
            raise RowRefused("Trạng thái “%(word)s” mâu thuẫn với ngày kết thúc.", field="status", word=word[:60])
        return standing

    def _channel(self, cells: list[Any]) -> Channel | None:
        word = self._text(cells, "channel", number_text)
        if not word:
            return None
        channel = self.mapping.channels.get(fold(word))
        if channel is None:
            raise RowRefused(
                "Loại tệp “%(mapping)s” không có hình thức nộp “%(word)s”.",
                field="channel",
                mapping=self.mapping.name,
                word=word[:60],
            )
        return channel

    def _deeds(self, cells: list[Any]) -> tuple[Knows, tuple[tuple[EventKind, CellInstant | None], ...]]:
        """What the row says was done, or not done: only where the mapping declares that its columns can be believed."""
        told, done = Knows.NOTHING, dict[EventKind, CellInstant | None]()
        for field, kind in DEEDS.items():
            if field not in self.mapping.telling or not (word := self._text(cells, field)):
                continue
            answer = self.mapping.answers.get(fold(word))
            if answer is None:
                done[kind] = self._day_of_deed(cells, field, word)
            elif answer is Answer.DONE:
                done.setdefault(kind, None)
            told |= self.mapping.telling[field]
        return told, tuple(done.items())

    def _day_of_deed(self, cells: list[Any], field: str, word: str) -> CellInstant | None:
        try:
            when = self._moment(cells, field)
        except RowRefused as error:
            raise RowRefused(
                "“%(word)s” không cho biết đã làm hay chưa: hãy ghi Có, Không, hoặc ngày đã làm.",
                field=field,
                word=word[:60],
            ) from error
        if when is not None:
            self._refuse_future(when, field)
        return when

    def _payment(self, cells: list[Any]) -> tuple[Knows, StatedPayment | None]:
        told = self.mapping.telling.get("payment", Knows.NOTHING)
        word = self._text(cells, "payment", number_text) if told else ""
        if not word:
            return Knows.NOTHING, None
        paid = self.mapping.payments.get(fold(word))
        if paid is None:
            raise RowRefused(
                "Loại tệp “%(mapping)s” không có cách thanh toán “%(word)s”.",
                field="payment",
                mapping=self.mapping.name,
                word=word[:60],
            )
        if paid is ForeignPayment.UNPAID:
            return told, None
        when = self._moment(cells, "paid_at")
        if when is not None:
            self._refuse_future(when, "paid_at")
        return told, StatedPayment(PaymentChannel(paid.value), self._amount(cells), when)

    def _amount(self, cells: list[Any]) -> int | None:
        """Đồng; None when the cell is empty, or the file has no such column."""
        text = self._text(cells, "paid_amount", money_text)
        try:
            amount = read_money(text) if text else None
        except DomainError as error:
            raise RowRefused(error.message, field="paid_amount", **error.params) from error
        if amount is not None and not 0 < amount <= MOST_PAID:
            raise RowRefused("Số tiền phải lớn hơn 0 và không quá 10 tỷ đồng.", field="paid_amount")
        return amount

    def time_of(self, cells: list[Any]) -> tuple[str, CellInstant] | None:
        """The key of the row's case, and when its activity happened; None where the row does not tell."""
        try:
            code, moment = self._text(cells, "code", exact_number_text), self._moment(cells, "event_at")
        except RowRefused:
            return None
        return (code_key(code), moment) if code and moment and moment.at <= self.now else None

    def _event(self, cells: list[Any]) -> StatedEvent:
        name = self._text(cells, "event_name")
        if not name:
            raise RowRefused("Thiếu tên công việc.", field="event_name")
        moment = self._moment(cells, "event_at")
        if moment is None:
            raise RowRefused("Thiếu thời điểm của công việc.", field="event_at")
        self._refuse_future(moment, "event_at")
        group, actor = self._text(cells, "event_group"), self._text(cells, "event_actor")
        # A log without identities: the same thing done by the same person at the same instant is the same event.
        external_id = self._text(cells, "event_id", number_text) or _digest(name, moment.at.isoformat(), group, actor)
        return StatedEvent(external_id, name, moment.at, group, actor)


def _numbers_columns(texts: list[str]) -> bool:
    """`(1) (2) (3)` or `A B 1 2 3`: a printed table numbers its columns below their headings."""
    if len(texts) <= SIGNATURES or not _COLUMN_NUMBER.fullmatch(texts[0]):
        return False
    found = [_COLUMN_NUMBER.fullmatch(text) for text in texts]
    numbers = [int(each[1]) for each in found if each and each[1].isdigit()]
    return all(found) and numbers == list(range(1, len(numbers) + 1))


def _in_column(error: RowRefused, field: str) -> RowRefused:
    return error if error.field else RowRefused(error.message, field=field, **error.params)


def _doubtful(cell: datetime) -> RowRefused:
    """See `header.SheetTable.doubtful`."""
    return RowRefused(
        "Không rõ ngày hay tháng: bảng tính ghi %(read)s, nhưng có thể là %(other)s, vì trong cột này mọi ô chữ đều "
        "có ngày lớn hơn 12 còn mọi ô ngày thì không. Hãy xuất lại với cột này ở dạng văn bản.",
        read=f"{cell:%d/%m/%Y}",
        other=f"{cell:%m/%d/%Y}",
    )


def _digest(*parts: str) -> str:
    return "sha256:" + hashlib.sha256("\x1f".join(parts).encode()).hexdigest()
