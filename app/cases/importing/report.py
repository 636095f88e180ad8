"""What came of every row: counts, notices, and the refused rows with their reasons."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from flask_babel import gettext as _

from app.cases.importing.header import SheetTable, Tables
from app.cases.importing.models import ImportNameKind
from app.cases.importing.row_parsing import Remark
from app.cases.importing.values import LONGEST_KEY, UnknownName, name_key
from app.core.errors import DomainError, N_n
from app.organisation.exports import csv_lines
from app.web.formats import counted, sentence

IN_MEMORY = 1024 * 1024  # bytes of refusals kept in memory; more of them go to a temporary file
EXAMPLES = 5
SHOWN = 50  # cases of each kind that a preview lists
ASKED = 500  # different unknown names that a preview asks about; more come when these are answered
RECORDED = " recorded"  # no heading of a file: headings are tidy
SAID = " said"


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a row was not taken, apart from any language: the sentence, what fills it, the sheet if there are several."""

    message: str
    params: dict[str, Any]
    sheet: str

    @classmethod
    def of(cls, error: DomainError, sheet: str) -> Reason:
        """What fills the sentence as JSON keeps it."""
        return cls(error.message, {name: _as_json(value) for name, value in error.params.items()}, sheet)

    def in_words(self) -> str:
        why = sentence(DomainError(self.message, **self.params))
        return _("Trang tính “%(sheet)s”: %(why)s", sheet=self.sheet, why=why) if self.sheet else why


_VALUE = "%(value)s"


def _as_json(value: object) -> str | int | float:
    return value if isinstance(value, str | int | float) and type(value) in (str, int, float) else _shown(value)


def _shown(value: object) -> str:
    return sentence(DomainError(_VALUE, value=value))


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """A row that was not taken. `row` as the spreadsheet numbers it; `column` the heading, "" for the whole row."""

    row: int
    column: str
    reason: str
    cells: dict[str, str]
    recorded: str | None = None  # what is recorded here, when the row contradicts it
    why: Reason | None = None  # what `reason` says in the importer's language

    def kept_cells(self) -> dict[str, str]:
        """The cells as an ImportRefusal keeps them: what is recorded here, and the reason, stand among them."""
        recorded = {} if self.recorded is None else {RECORDED: self.recorded}
        said = {} if self.why is None else {SAID: json.dumps(asdict(self.why), ensure_ascii=False)}
        return self.cells | recorded | said

    @classmethod
    def kept(cls, row: int, column: str, reason: str, cells: dict[str, str]) -> RefusedRow:
        """From what an ImportRefusal keeps, told in the reader's language."""
        own = {heading: text for heading, text in cells.items() if heading not in (RECORDED, SAID)}
        why = Reason(**json.loads(cells[SAID])) if SAID in cells else None
        return cls(row, column, why.in_words() if why else reason, own, cells.get(RECORDED), why)

    @property
    def said(self) -> str:
        """What the file says in the column at fault."""
        return self.cells.get(self.column, "")


class Refusals:
    """The refused rows of one import, in the order of the file; on disk when they are many."""

    def __init__(self) -> None:
        self._file = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY, mode="w+", encoding="utf-8")  # noqa: SIM115
        self.count = 0

    def add(self, refusal: RefusedRow) -> None:
        why = asdict(refusal.why) if refusal.why else None
        line = [refusal.row, refusal.column, refusal.reason, refusal.cells, refusal.recorded, why]
        self._file.write(json.dumps(line, ensure_ascii=False) + "\n")
        self.count += 1

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[RefusedRow]:
        self._file.seek(0)
        for line in self._file:
            row, column, reason, cells, recorded, why = json.loads(line)
            yield RefusedRow(row, column, reason, cells, recorded, Reason(**why) if why else None)
        self._file.seek(0, 2)


@dataclass(slots=True)
class UnknownNameCount:
    """A name that the site does not know, and how many rows use it. `kind`: of an ImportNameKind."""

    kind: str
    key: str
    name: str
    may_create: bool
    rows: int = 0

    @property
    def of_kind(self) -> ImportNameKind:
        return ImportNameKind(self.kind)


@dataclass(slots=True)
class RowsSeen:
    """How many rows, and where the first of them stand."""

    count: int = 0
    places: list[str] = field(default_factory=list)

    def add(self, place: str) -> None:
        self.count += 1
        if len(self.places) < EXAMPLES:
            self.places.append(place)

    def __str__(self) -> str:
        return ", ".join(self.places) + (", …" if self.count > len(self.places) else "")


@dataclass(frozen=True, slots=True)
class PassedPromise:
    """A promise that a row would move although it had passed, or the case had ended: what is recorded is kept."""

    place: str  # of the row
    code: str
    recorded: datetime
    stated: datetime


@dataclass
class ImportReport:
    """The outcome of an import. `rows` = rows_new + rows_changed + rows_unchanged + len(refused), always.

    `cases_*` count cases; in an export of one row a case a row that repeats one counts as another unchanged case.
    `events_new` counts the activities of an event log; of a list export, every event that was recorded.
    """

    rows: int = 0
    rows_new: int = 0
    rows_changed: int = 0
    rows_unchanged: int = 0
    cases_new: int = 0
    cases_changed: int = 0
    cases_unchanged: int = 0
    events_new: int = 0
    refused: Refusals = field(default_factory=Refusals)
    created: list[str] = field(default_factory=list)  # a sentence for each unit and procedure made
    contradictory: int = 0  # of the refused rows, those that contradict what is recorded
    unchanged: dict[str, str] = field(default_factory=dict)  # the first unchanged cases: code -> status
    asked: dict[tuple[str, str], UnknownNameCount] = field(default_factory=dict)  # unknown names, by kind and key
    remarks: dict[Remark, RowsSeen] = field(default_factory=dict)
    passed_over: RowsSeen = field(default_factory=lambda: RowsSeen())
    unread: list[str] = field(default_factory=list)  # headings of the file that the mapping makes nothing of
    sheets: list[str] = field(default_factory=list)  # a sentence for what the file has besides the rows that were read
    mendable: int = 0  # of the refused rows, those that only old letters stand in the way of
    reopenable: int = 0  # of the refused rows, those of cases that may have been opened again
    passed: list[PassedPromise] = field(default_factory=list)  # the first promises moved after they had passed
    sha256: str = ""
    import_id: int | None = None

    def remark(self, remark: Remark, place: str) -> None:
        """Note what was assumed in taking a row."""
        self.remarks.setdefault(remark, RowsSeen()).add(place)

    def pass_over(self, place: str) -> None:
        """Note a row that is no case: it is counted nowhere else."""
        self.passed_over.add(place)

    def tell_sheets(self, tables: Tables, read: Iterable[SheetTable]) -> None:
        """Say which sheets of a workbook were read, which were not and why, and which rows are hidden in it."""
        self.unread = list(dict.fromkeys(heading for table in read for heading in table.unread))
        names = [table.name for table in read if table.name]
        if len(names) > 1 or (names and (tables.passed_over or tables.hidden)):
            self.sheets.append(_("Đã đọc trang tính: %(names)s.", names=_quoted(names)))
        if tables.passed_over:
            names = tables.passed_over
            self.sheets.append(_("Không đọc trang tính không có dòng tiêu đề: %(names)s.", names=_quoted(names)))
        if tables.hidden:
            self.sheets.append(_("Không đọc trang tính đang ẩn: %(names)s.", names=_quoted(tables.hidden)))
        for table in read:
            if table.hidden_count:
                seen = RowsSeen(table.hidden_count, [str(row) for row in table.hidden_rows])
                said = counted(
                    "Trang tính “%(sheet)s” có %(n)s dòng đang ẩn (dòng %(rows)s): vẫn được đọc.",
                    seen.count,
                    sheet=table.name,
                    rows=str(seen),
                )
                self.sheets.append(said)

    def refuse(self, refusal: RefusedRow) -> None:
        """Keep a row that is not taken."""
        self.refused.add(refusal)
        self.contradictory += refusal.recorded is not None

    def ask(self, unknown: UnknownName) -> None:
        """Count a row that names what the site does not know."""
        key = (str(unknown.kind), name_key(unknown.name))
        if key not in self.asked and len(self.asked) >= ASKED:
            return
        asked = self.asked.setdefault(key, UnknownNameCount(*key, unknown.name[:LONGEST_KEY], unknown.may_create))
        asked.rows += 1

    def notices(self) -> list[str]:
        """What was created or assumed, a sentence each."""
        said = [_sentence(remark, seen.count, str(seen)) for remark, seen in sorted(self.remarks.items())]
        if seen := self.passed_over.count:
            over = counted("%(n)s dòng không phải hồ sơ (tiêu đề nhắc lại, dòng tổng, chữ ký)", seen)
            said.insert(0, _("%(said)s (dòng %(rows)s).", said=over, rows=str(self.passed_over)))
        return [*self.sheets, *self.created, *said]

    def unread_said(self) -> str:
        """The sentence for headings that nothing was made of; empty where everything was read. A page shows them with
        what one can do about it."""
        return str(_("Cột không đọc: %(names)s.", names=_quoted(self.unread))) if self.unread else ""

    def counts(self) -> dict[str, int]:
        """The counts that an Import keeps."""
        names = ("rows", "cases_new", "cases_changed", "cases_unchanged", "events_new")
        return {name: getattr(self, name) for name in names} | {"refused_count": len(self.refused)}

    def as_json(self) -> dict[str, Any]:
        """What the command prints with --format json."""
        counts = self.counts()
        del counts["refused_count"]
        return counts | {"refused": [{"row": r.row, "column": r.column, "reason": r.reason} for r in self.refused]}


REMARKS: Mapping[Remark, str] = {
    Remark.NO_PROMISE: N_n("%(n)s dòng không có ngày hẹn trả: hạn được tính theo thời hạn của thủ tục"),
    Remark.NO_ALLOWANCE: N_n("%(n)s dòng không có ngày hẹn trả, và thủ tục chưa có thời hạn: hồ sơ không có ngày hẹn"),
    Remark.NO_CHANNEL: N_n("%(n)s dòng không có hình thức nộp: ghi theo mặc định của ánh xạ, coi là chưa rõ"),
    Remark.NO_APPLICANT: N_n("%(n)s dòng không có tên chủ hồ sơ"),
    Remark.END_HOUR: N_n("%(n)s dòng ghi giờ kết thúc sớm hơn giờ tiếp nhận trong cùng ngày: lấy giờ tiếp nhận"),
    Remark.TIME_UNKNOWN: N_n(
        "%(n)s dòng nêu việc mà tệp không cho biết lúc nào (bổ sung hồ sơ, chuyển xử lý): "
        "ghi vào thời điểm cuối cùng đã biết của hồ sơ"
    ),
    Remark.EARLY_ACTIVITY: N_n("%(n)s hồ sơ có công việc trước ngày tiếp nhận: vẫn nhận, hãy kiểm tra"),
    Remark.REPEATED: N_n("%(n)s dòng nhắc lại hồ sơ đã có ở dòng trước trong cùng tệp"),
    Remark.MENDED: N_n("%(n)s dòng có tên viết bằng bảng mã cũ: đã đọc lại theo Unicode như đã đồng ý"),
    Remark.CODE_DIFFERS: N_n(
        "%(n)s dòng viết mã khác với hồ sơ đã có (dấu gạch, chữ hoa, chữ giống nhau): coi là một hồ sơ"
    ),
    Remark.CONTACT_DIFFERS: N_n(
        "%(n)s dòng ghi tên, số giấy tờ, điện thoại hoặc địa chỉ khác với hồ sơ đã có: giữ thông tin đã ghi"
    ),
    Remark.DENIED: N_n(
        "%(n)s dòng ghi đã làm điều mà ở đây đã xác định là không (việc bị đính chính, khoản thu bị hủy, hoặc "
        "chữ ký số của tệp kết quả không có giá trị pháp lý): giữ như đã ghi ở đây"
    ),
    Remark.REOPENED: N_n(
        "%(n)s hồ sơ đã kết thúc được mở lại ở phần mềm khác: ghi vào diễn biến, đúng hạn hay quá hạn tính "
        "theo lần kết thúc đầu"
    ),
    Remark.PROMISE_PASSED: N_n(
        "Mâu thuẫn: %(n)s dòng cho ngày hẹn trả khác sau khi ngày đã hẹn đã qua hoặc hồ sơ đã kết thúc: vẫn "
        "tính quá hạn theo ngày đã hẹn, ngày mới được ghi bên cạnh"
    ),
}


def _sentence(remark: Remark, n: int, rows: str) -> str:
    said = counted(REMARKS[remark], n)
    return str(_("%(said)s (dòng %(rows)s).", said=said, rows=rows))


def _quoted(names: Iterable[str]) -> str:
    return ", ".join(f"“{name}”" for name in names)


def error_table(refusals: Iterable[RefusedRow]) -> Iterator[list[object]]:
    """The refused rows as a table: row, column, reason, what is recorded here, then the row's own cells.

    The first line is the header.
    """
    headings: list[str] | None = None
    for refusal in refusals:
        if headings is None:
            headings = list(refusal.cells)
            yield [_("Dòng"), _("Cột"), _("Lý do"), _("Đã ghi trong hệ thống"), *headings]
        cells = (refusal.cells.get(name, "") for name in headings)
        yield [refusal.row, refusal.column, refusal.reason, refusal.recorded or "", *cells]
    if headings is None:
        yield [_("Dòng"), _("Cột"), _("Lý do"), _("Đã ghi trong hệ thống")]


def write_errors(refusals: Iterable[RefusedRow], path: Path) -> None:
    """Write them as CSV (UTF-8 with a byte-order mark, so that Excel reads the diacritics)."""
    lines = error_table(refusals)
    with path.open("w", encoding="utf-8", newline="") as file:
        file.writelines(csv_lines(next(lines), lines))
