"""The columns of a file as a person is asked about them: its headings, examples of what stands below, what is known."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice, zip_longest
from typing import Any

from flask_babel import lazy_gettext as _l

from app.cases.importing.header import LOOK_AT
from app.cases.importing.mapping import Mapping
from app.cases.importing.readers import BadFile, SheetSource
from app.cases.importing.values import name_key, text_of
from app.core.text import fold, tidy

EXAMPLES, EXAMPLE_ROWS, LONGEST_EXAMPLE = 2, 20, 60
MOST = 100  # columns asked about
FIELDS = {
    "code": _l("Mã hồ sơ"),
    "received_at": _l("Ngày tiếp nhận"),
    "promised_at": _l("Ngày hẹn trả"),
    "ended_at": _l("Ngày kết thúc"),
    "status": _l("Trạng thái"),
    "procedure": _l("Tên thủ tục"),
    "procedure_code": _l("Mã thủ tục"),
    "field": _l("Lĩnh vực"),
    "unit": _l("Đơn vị xử lý"),
    "officer": _l("Cán bộ xử lý"),
    "applicant": _l("Chủ hồ sơ"),
    "id_number": _l("Số định danh cá nhân, mã số thuế"),
    "phone": _l("Điện thoại"),
    "address": _l("Địa chỉ"),
    "channel": _l("Hình thức nộp"),
    "other_code": _l("Mã ở hệ thống khác"),
    "files_digitised": _l("Số hóa hồ sơ"),
    "result_digitised": _l("Số hóa kết quả"),
    "electronic_result": _l("Kết quả điện tử"),
    "result_attached": _l("Gắn kết quả"),
    "payment": _l("Hình thức thanh toán"),
    "paid_amount": _l("Số tiền đã nộp"),
    "paid_at": _l("Ngày thanh toán"),
    "vneid": _l("Xác thực VNeID"),
    "reused": _l("Dùng lại giấy tờ"),
    "event_name": _l("Tên công việc"),
    "event_at": _l("Thời điểm của công việc"),
    "event_id": _l("Số của công việc"),
    "event_group": _l("Nhóm, phòng làm công việc"),
    "event_actor": _l("Người làm công việc"),
}
"""What a column may give of a case or an event, in words."""


@dataclass(slots=True)
class FileColumn:
    """A heading of a file. `gives`: what it is known to give, "" for nothing."""

    heading: str
    gives: str
    examples: list[str] = field(default_factory=list)

    @property
    def name(self) -> str:
        """Name of the control that asks about it."""
        return f"column:{name_key(self.heading)}"


def columns_of_file(source: SheetSource, mapping: Mapping, name: str) -> list[FileColumn]:
    """The columns under the row that is most like a header: it names most known columns, then most others."""
    known = {key: field for field, keys in mapping.headings.items() for key in keys}
    best: tuple[tuple[int, int], list[FileColumn]] = (0, 0), []
    for sheet in source.sheets():
        if sheet.hidden:
            continue
        rows = list(islice(sheet.rows, LOOK_AT + EXAMPLE_ROWS))
        for place, texts in _headers([cells for _number, cells in rows[:LOOK_AT]]):
            columns = [FileColumn(text, known.get(fold(text), "")) for text in texts]
            named = {fold(each.heading) for each in columns if _is_heading(each.heading)}
            score = sum(bool(each.gives) for each in columns), len(named)
            if score > best[0]:
                best = score, _with_examples(columns, [cells for _number, cells in rows[place + 1 :]])
        if source.alternatives and best[1]:
            break
    if not best[1]:
        raise BadFile("Tệp “%(name)s” không có dòng nào.", name=name)
    seen: dict[str, FileColumn] = {}
    for each in best[1]:
        if fold(each.heading):
            seen.setdefault(fold(each.heading), each)
    return list(seen.values())[:MOST]


def _headers(rows: Sequence[Sequence[Any]]) -> Iterator[tuple[int, list[str]]]:
    """Each row that may be a header, alone and joined with the one above it."""
    above: list[str] = []
    for place, cells in enumerate(rows):
        texts = [tidy(text_of(cell))[:300] for cell in cells]
        yield place, texts
        if above:
            yield place, [low or high for low, high in zip_longest(texts, above, fillvalue="")]
        above = texts


def _is_heading(text: str) -> bool:
    return bool(text) and not any(letter.isdigit() for letter in text)


def _with_examples(columns: list[FileColumn], rows: Sequence[Sequence[Any]]) -> list[FileColumn]:
    for cells in rows[:EXAMPLE_ROWS]:
        for column, cell in zip(columns, cells, strict=False):
            text = tidy(text_of(cell))[:LONGEST_EXAMPLE]
            if text and text not in column.examples and len(column.examples) < EXAMPLES:
                column.examples.append(text)
    return columns
