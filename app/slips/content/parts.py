"""What the forms share: the desk's name, fields and their dots, the cells of a table. Pure."""

from __future__ import annotations

import re
from datetime import date

from app.slips.document import DOTS, Align, Cell, Letterhead, Row, SlipParagraph, StyledText
from app.slips.labels import CIRCULAR_2018, CIRCULAR_2025, Circular, SlipKind, moment
from app.slips.values import CaseOnPaper, House

BLANK_ROWS = 3  # to be filled in by hand where the case has nothing to tell
CENTER = Align.CENTER
YOU = "Ông/Bà/Tổ chức"
_DESKS = {CIRCULAR_2018.name: "Bộ phận Tiếp nhận và Trả kết quả", CIRCULAR_2025.name: "Bộ phận Một cửa"}


def form_of(circular: Circular, kind: SlipKind) -> str:
    """`Mẫu số 01 - Thông tư số 01/2018/TT-VPCP`."""
    return f"Mẫu số {circular.number(kind)} - {circular.name}"


def desk_of(house: House, circular: Circular) -> str:
    """The one-stop desk by its own name, or as the law of that day calls it."""
    return house.desk or _DESKS[circular.name]


def entry(label: str, value: str, *, bold: bool = False) -> SlipParagraph:
    """A field: its label and what is known of it, or dots to be filled in by hand."""
    return SlipParagraph((StyledText(f"{label}: "), StyledText(value or DOTS, bold=bold)))


def entries(*pairs: tuple[str, str]) -> SlipParagraph:
    """Several short fields on one line."""
    runs: list[StyledText] = []
    for label, value in pairs:
        runs.append(StyledText(f"{'   ' if runs else ''}{label}: {value or DOTS}"))
    return SlipParagraph(tuple(runs))


def letter_line(words: str, *, bold: bool = False) -> SlipParagraph:
    """A paragraph of a letter, its first line indented."""
    return SlipParagraph((StyledText(words, bold=bold),), first_line=True)


def paragraphs(words: str) -> tuple[SlipParagraph, ...]:
    """What somebody wrote, its paragraphs kept; dots where nothing was written."""
    lines = [line.strip() for line in words.splitlines() if line.strip()]
    return tuple(letter_line(line) for line in lines) or (letter_line(DOTS * 3),)


def person_lines(case: CaseOnPaper, heading: str) -> list[SlipParagraph]:
    """Who hands the file in, whose it is if another's, and how they are reached."""
    person = case.person
    lines = [entry(heading, person.name, bold=True)]
    if person.owner and person.owner != person.name:
        lines.append(entry("Chủ hồ sơ", person.owner))
    return [
        *lines,
        entry("Số định danh cá nhân/mã số thuế", person.id_number),
        entry("Địa chỉ", person.address),
        entries(("Số điện thoại", person.phone), ("Email", person.email)),
    ]


def request_line(case: CaseOnPaper, label: str = "Nội dung yêu cầu giải quyết") -> SlipParagraph:
    """What is asked for: the procedure with its code, and the applicant's own words."""
    procedure = f"{case.procedure} ({case.procedure_code})" if case.procedure_code else case.procedure
    return entry(label, f"{procedure}: {case.content}" if case.content else procedure)


def promised_words(case: CaseOnPaper, house: House) -> str:
    """The date that stands first; what was promised at first beside it, and the letter that gave the new one."""
    stands, first = case.stands_for, case.promised_at
    if stands is None:
        return ""
    words = moment(stands, house.closing)
    if first is None or stands == first:
        return words
    by = next((each.number for each in reversed(case.letters) if each.new_due_at == stands), "")
    why = f"theo văn bản xin lỗi số {by}; " if by else ""
    return f"{words} ({why}hẹn ban đầu: {moment(first, house.closing)})"


LINE = 23  # letters of a name in capitals on one line of a head, but on a wide sheet
_BREAKS = re.compile(r"(?<= [–-]) | (?=(?:và|tỉnh|thành phố|huyện|quận|trực thuộc) )", re.IGNORECASE)


def in_official_lines(name: str) -> str:
    """A body's name as offices break it: after a dash, before "và", before what place it is of; never within a word of
    several syllables. One line where it fits."""
    if len(name) <= LINE:
        return name
    places = [(found.start(), found.end()) for found in _BREAKS.finditer(name)]
    if not places:
        return name
    end, start = min(places, key=lambda place: max(place[0], len(name) - place[1]))
    return f"{name[:end]}\n{name[start:]}"


def counter_head(house: House, circular: Circular, number: str, day: date) -> Letterhead:
    """The head of a slip given over the counter: the desk under the Department."""
    unit, parent = in_official_lines(desk_of(house, circular)), in_official_lines(house.department)
    return Letterhead(unit=unit, parent=parent, number=number, place=house.place, day=day)


def head_row(*cells: Cell) -> Row:
    """Cells of a table's head, bold and in the middle."""
    return tuple(
        Cell(cell.text, CENTER, bold=True, rows=cell.rows, columns=cell.columns, least=cell.least) for cell in cells
    )


def heading_row(*words: str) -> Row:
    """A row of such cells with these words."""
    return head_row(*map(Cell, words))


def count_cell(count: int) -> Cell:
    """A number of papers; nothing where there is none."""
    return Cell(str(count) if count else "", CENTER)
