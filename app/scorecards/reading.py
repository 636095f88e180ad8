"""Reads a score table, and what the plan's text says of the year's result, from the documents' own text. Pure.

A table is lines of nine cells apart by tabs, its heading repeated on every page:

    STT | Lĩnh vực/Tiêu chí | Điểm theo bộ tiêu chí | Điểm đạt được năm 2023 | Mục tiêu năm 2024 | Nhiệm vụ, giải pháp
        | Chủ trì | Phối hợp | Ghi chú

It is read whole or not at all: everything that cannot be read is told, with its line, in one `Unreadable`.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NoReturn, TypeVar

from app.core.errors import N_, DomainError
from app.core.text import fold, tidy

HUNDREDTHS = 100
_POINTS = re.compile(r"([0-9]{1,3})(?:,([0-9]{1,2}))?")
_WITH_POINT = re.compile(r"([0-9]{1,3})\.([0-9]{1,2})")


def read_points(text: str) -> int:
    """Hundredths of a point: "13,5" -> 1350. Raises DomainError.

    "2.5" is refused: beside "2,5" it may be another spelling, or a slip; nobody but the writer knows.
    """
    typed = text.strip()
    if found := _POINTS.fullmatch(typed):
        return int(found[1]) * HUNDREDTHS + int((found[2] or "").ljust(2, "0"))
    if found := _WITH_POINT.fullmatch(typed):
        raise DomainError(
            "Điểm “%(text)s” viết dấu chấm; hãy viết dấu phẩy thập phân: “%(meant)s”.",
            text=typed,
            meant=f"{found[1]},{found[2]}",
        )
    if not typed:
        raise DomainError("Chưa ghi điểm.")
    raise DomainError(
        "“%(text)s” không phải là điểm: hãy ghi một số có nhiều nhất hai chữ số thập phân, như 3 hoặc 2,25.",
        text=typed[:20],
    )


def write_points(points: int) -> str:
    """As `read_points` reads it: 1350 -> "13,5"."""
    sign, whole, part = "-" if points < 0 else "", abs(points) // HUNDREDTHS, abs(points) % HUNDREDTHS
    return f"{sign}{whole}" + (f",{part:02}".rstrip("0") if part else "")


def as_number(points: int) -> Decimal:
    """The number of points, to be shown as every number is."""
    return Decimal(points) / HUNDREDTHS


_TAG = re.compile(r"</?[a-zA-Z][^<>]*>")  # the documents do not close every element they open
_BREAK = "\n"
_DASH = re.compile(r"(?:(?<=^)|(?<=[.;0-9] ))[-–•] (?=\S)", re.MULTILINE)


def cell_text(cell: str) -> str:
    """The cell's text, a line for each paragraph or list item: "- a - b" in a list is two lines."""
    if not _TAG.search(cell):
        return tidy(html.unescape(cell))
    plain = html.unescape(_TAG.sub(_BREAK, cell))
    paragraphs = _BREAK.join(filter(None, map(tidy, plain.split(_BREAK))))
    # A dash begins an item only after the end of another: "Kế hoạch - Tài chính" is one name.
    lines = map(tidy, _DASH.sub(f"{_BREAK}- ", paragraphs).split(_BREAK))
    return _BREAK.join(filter(None, lines))


CELLS = 9
LARGEST = 2_000_000  # bytes; the longest annex known is a hundredth of it

_HEADING = (
    "stt",
    "linh vuc tieu chi",
    "diem theo bo tieu chi",
    "diem dat duoc nam",
    "muc tieu nam",
    "nhiem vu giai phap",
    "trach nhiem thuc hien",
)
_NUMBER = re.compile(r"[1-9][0-9]?(\.[1-9][0-9]?){0,4}")
_COLUMN_NUMBER = re.compile(r"\([1-9]\)")
_YEAR = re.compile(r"nam ((?:19|20)[0-9]{2})")


class Unreadable(DomainError):
    """The document cannot be read; `problems` is a sentence for each place, `str` all of them."""

    def __init__(self, problems: Iterable[DomainError]) -> None:
        self.problems = self.parts = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


@dataclass(frozen=True, slots=True)
class PrintedCriterion:
    """A row of the table as printed. Scores in hundredths of a point; `line` is its line in the text, from 1."""

    number: str
    name: str
    maximum: int
    last_score: int
    target: int
    measures: str
    lead: str
    cooperating: str
    note: str
    line: int

    @property
    def parent(self) -> str:
        """Number of the criterion above it; empty for a field."""
        return self.number.rpartition(".")[0]


@dataclass(frozen=True, slots=True)
class PrintedTable:
    """The table: `year` is that of the targets, the scores achieved are those of the year before."""

    year: int
    criteria: tuple[PrintedCriterion, ...]


def document_text(content: bytes) -> str:
    """The text of a document's file. Raises Unreadable for one that is empty, too large or no UTF-8 text."""
    if not content.strip():
        _refuse(N_("Tệp trống."))
    if len(content) > LARGEST:
        _refuse(N_("Tệp lớn hơn %(n)s MB: không phải văn bản của một bảng điểm."), n=LARGEST // 1_000_000)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        _refuse(N_("Dòng %(line)s: tệp không phải văn bản UTF-8."), line=line)
    if "\0" in text:
        _refuse(N_("Dòng %(line)s: tệp không phải văn bản."), line=text[: text.index("\0")].count("\n") + 1)
    return text


def read_table(text: str) -> PrintedTable:
    """The score table in a document's text. Raises Unreadable."""
    reader = _ScoreReader()
    for number, line in enumerate(text.split("\n"), 1):
        reader.take(number, line.rstrip("\r"))
    return reader.table()


class _ScoreReader:
    """Takes the lines one after another; keeps what it has read and what it could not."""

    def __init__(self) -> None:
        self.criteria: list[PrintedCriterion] = []
        self.problems: list[tuple[int, DomainError]] = []
        self.years: tuple[int, int] | None = None
        self._stray: list[int] = []  # lines that are no row, since the last whole row
        self._short: tuple[int, int] | None = None  # a row with too few cells: its line, and how many

    def take(self, line: int, text: str) -> None:
        cells = [tidy(cell) for cell in text.split("\t")]
        if not any(cells):
            return
        if fold(cells[0]) == "stt" and len(cells) > 1:
            self._settle(rows_follow=True)
            self._heading(line, cells)
        elif self.years is None or _continues_heading(cells):
            return  # the title above the table, and the other lines of its heading
        elif _NUMBER.fullmatch(cells[0]) and len(cells) > 1:
            self._settle(rows_follow=True)
            self._row(line, cells)
        else:
            self._stray.append(line)

    def table(self) -> PrintedTable:
        self._settle(rows_follow=False)
        problems = [problem for _line, problem in sorted(self.problems, key=lambda told: told[0])]
        # Where rows could not be read, criteria that seem to lack a parent say nothing more.
        if problems := problems or list(_tree_problems(self.criteria)):
            raise Unreadable(problems)
        if self.years is None:
            _refuse(N_("Không thấy bảng điểm: không có dòng nào mở đầu bằng “STT” với các cột của bảng."))
        if not self.criteria:
            _refuse(N_("Bảng điểm không có tiêu chí nào."))
        return PrintedTable(self.years[1], tuple(self.criteria))

    def _heading(self, line: int, cells: list[str]) -> None:
        for place, (cell, expected) in enumerate(zip(cells, _HEADING, strict=False), 1):
            if not fold(cell).startswith(expected):
                self._tell(
                    line, N_("Dòng %(line)s: cột %(column)s của bảng có tiêu đề lạ: “%(cell)s”."), place, cell[:60]
                )
                return
        years = tuple(int(found[1]) for cell in cells[3:5] if (found := _YEAR.search(fold(cell))))
        if len(cells) != CELLS or len(years) != 2:
            self._tell(line, N_("Dòng %(line)s: tiêu đề của bảng không đủ cột hoặc không ghi năm."))
        elif years[0] + 1 != years[1] or (self.years and self.years != years):
            self._tell(line, N_("Dòng %(line)s: tiêu đề ghi năm %(column)s và %(cell)s, không khớp."), *years)
        else:
            self.years = (years[0], years[1])

    def _row(self, line: int, cells: list[str]) -> None:
        if len(cells) < CELLS:
            self._short = (line, len(cells))
            return
        if len(cells) > CELLS:
            self._tell(line, N_("Dòng %(line)s có %(column)s ô, trong khi bảng có %(cell)s cột."), len(cells), CELLS)
            return
        if not cells[1]:
            self._tell(line, N_("Dòng %(line)s: tiêu chí %(column)s không có tên."), cells[0])
        maximum, last_score, target = (self._score(line, column, cell) for column, cell in enumerate(cells[2:5], 3))
        measures, lead, cooperating, note = map(cell_text, cells[5:])
        name = cell_text(cells[1])
        self.criteria.append(
            PrintedCriterion(cells[0], name, maximum, last_score, target, measures, lead, cooperating, note, line)
        )

    def _score(self, line: int, column: int, cell: str) -> int:
        try:
            return read_points(cell)
        except DomainError as error:
            self._tell(line, N_("Dòng %(line)s, cột %(column)s: %(cell)s"), column, error)
            return 0

    def _settle(self, *, rows_follow: bool) -> None:
        """Before the next row, or at the end: what was left hanging is a problem."""
        if self._short and self._stray:
            words = N_("Dòng %(line)s và %(column)s: một dòng của bảng bị cắt làm đôi; dòng đầu có %(cell)s ô.")
            self._tell(self._short[0], words, self._stray[0], self._short[1])
        elif self._short:
            words = N_("Dòng %(line)s bị cắt: có %(column)s ô, trong khi bảng có %(cell)s cột.")
            self._tell(self._short[0], words, self._short[1], CELLS)
        elif rows_follow:
            for line in self._stray:
                self._tell(line, N_("Dòng %(line)s không phải là dòng của bảng: không có số thứ tự, hoặc bị cắt."))
        self._short = None
        self._stray.clear()

    def _tell(self, line: int, words: str, column: object = "", cell: object = "") -> None:
        self.problems.append((line, DomainError(words, line=line, column=column, cell=cell)))


def _continues_heading(cells: list[str]) -> bool:
    """The second line of the heading (Chủ trì, Phối hợp), and the line of the columns' numbers."""
    filled = [cell for cell in cells if cell]
    second = {"chu tri", "phoi hop", "ghi chu"}
    return all(map(_COLUMN_NUMBER.fullmatch, filled)) or all(fold(cell) in second for cell in filled)


def _tree_problems(criteria: list[PrintedCriterion]) -> Iterator[DomainError]:
    seen: dict[str, int] = {}
    for criterion in criteria:
        said: dict[str, Any] = {"line": criterion.line, "number": criterion.number}
        if criterion.number in seen:
            words = N_("Dòng %(line)s: số %(number)s đã có ở dòng %(other)s.")
            yield DomainError(words, other=seen[criterion.number], **said)
        elif criterion.parent and criterion.parent not in seen:
            words = N_("Dòng %(line)s: tiêu chí %(number)s đứng trước, hoặc không có, tiêu chí %(parent)s của nó.")
            yield DomainError(words, parent=criterion.parent, **said)
        seen.setdefault(criterion.number, criterion.line)


def _refuse(words: str, **params: Any) -> NoReturn:
    raise Unreadable([DomainError(words, **params)])


# Reads what a plan's text says of the year's result: score, rank, fields, and the rank it aims at. Pure.
#
# "Chỉ số cải cách hành chính của Sở năm 2023 đạt 89,42/100 điểm, Xếp thứ 11/22 đơn vị …, giảm 02 bậc so với năm
# 2022."

_SHARE = r"(?P<score>[0-9][0-9.,]*)/(?P<maximum>[0-9]+(?:[.,][0-9]+)?)"
_RESULT = re.compile(
    rf"năm (?P<year>[0-9]{{4}}) đạt {_SHARE} điểm(?:, xếp thứ (?P<rank>[0-9]+)/(?P<ranked>[0-9]+))?", re.IGNORECASE
)
_CHANGE = re.compile(r"(?P<way>tăng|giảm) (?P<places>[0-9]+) bậc so với năm (?P<before>[0-9]{4})", re.IGNORECASE)
_AIM = re.compile(
    r"năm (?P<year>[0-9]{4}) tăng ít nhất (?P<places>[0-9]+) bậc so với năm (?P<before>[0-9]{4})", re.IGNORECASE
)
_FIELD = re.compile(rf"- Lĩnh vực (?P<number>[0-9]{{1,2}}): (?P<name>.+?) đạt {_SHARE}(?: điểm)?\.?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class FieldStatement:
    """A field's score and maximum in hundredths of a point, as the text states them."""

    number: str
    name: str
    score: int
    maximum: int
    line: int


@dataclass(frozen=True, slots=True)
class YearStatement:
    """A year's result as the plan states it. Scores in hundredths of a point; what it does not say is None."""

    year: int
    score: int
    maximum: int
    rank: int | None
    ranked: int | None
    rank_change: int | None
    """Places against the year before: 2 lost is -2."""
    rank_gain: int | None
    """Places to be gained in the year after, at least."""
    fields: tuple[FieldStatement, ...]
    line: int


def read_statement(text: str) -> YearStatement:
    """The year's result in a plan's text. Raises Unreadable when it has none, or a score cannot be read."""
    lines = [(number, tidy(line)) for number, line in enumerate(text.split("\n"), 1)]
    problems: list[DomainError] = []

    def points(line: int, written: str) -> int:
        try:
            return read_points(written)
        except DomainError as error:
            problems.append(DomainError("Dòng %(line)s: %(reason)s", line=line, reason=error))
            return 0

    found = next(((number, said) for number, line in lines if (said := _RESULT.search(line))), None)
    if found is None:
        words = N_("Không thấy câu nào nói kết quả của năm, như “năm 2023 đạt 89,42/100 điểm, Xếp thứ 11/22”.")
        raise Unreadable([DomainError(words)])
    number, said = found
    fields = tuple(
        FieldStatement(
            field["number"], field["name"], points(line, field["score"]), points(line, field["maximum"]), line
        )
        for line, words in lines
        if (field := _FIELD.fullmatch(words))
    )
    year = int(said["year"])
    statement = YearStatement(
        year=year,
        score=points(number, said["score"]),
        maximum=points(number, said["maximum"]),
        rank=_whole(said["rank"]),
        ranked=_whole(said["ranked"]),
        rank_change=_change(lines[number - 1][1], year),
        rank_gain=_gain([line for _number, line in lines], year),
        fields=fields,
        line=number,
    )
    if problems:
        raise Unreadable(problems)
    return statement


def _change(line: str, year: int) -> int | None:
    said = _CHANGE.search(line)
    if said is None or int(said["before"]) != year - 1:
        return None
    return int(said["places"]) * (-1 if said["way"].lower() == "giảm" else 1)


def _gain(lines: list[str], year: int) -> int | None:
    aims = (said for line in lines if (said := _AIM.search(line)))
    return next((int(aim["places"]) for aim in aims if int(aim["before"]) == year), None)


def _whole(digits: str | None) -> int | None:
    return None if digits is None else int(digits)


# Who answers for a criterion: the lead cell names one unit, or several apart by semicolons. Pure.

Found = TypeVar("Found")
_APART = re.compile(r"[;\n]")


def lead_names(text: str) -> tuple[str, ...]:
    """ "Phòng Lao động - Việc làm; Trung tâm Dịch vụ việc làm" -> both names, as written."""
    names = (tidy(part).removeprefix("- ").strip(" .") for part in _APART.split(text))
    return tuple(name for name in names if name)


def first_lead(text: str, units: Mapping[str, Found]) -> Found | None:
    """The first unit named that is known; `units` is by folded spelling. The others stand in the text beside it."""
    return next((units[fold(name)] for name in lead_names(text) if fold(name) in units), None)


def unknown_leads(text: str, units: Mapping[str, Found]) -> tuple[str, ...]:
    """The names that are no unit's: a person has to say whose they are."""
    return tuple(name for name in lead_names(text) if fold(name) not in units)
