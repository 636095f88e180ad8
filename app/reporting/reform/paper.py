"""The reform report as a paper by Decree 30/2020/NĐ-CP: figures where the records have them, dots where people write.
Always Vietnamese."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date

from app.reporting.index.definition import Certainty
from app.reporting.paper_parts import DRAFT, Block, ReportHouse, heading, number, report, said, words
from app.reporting.reform.outline import OutlineItem, ReformFigures, outline
from app.slips.content.parts import heading_row
from app.slips.document import DOTS, PrintedSlip, Row, SlipParagraph, SlipTable, StyledText
from app.slips.labels import short_day

Link = Callable[[OutlineItem], str]
"""Where the number of an item leads; "" on paper."""


def documents(
    told: ReformFigures, house: ReportHouse, reporter: str, day: date, link: Link = lambda item: ""
) -> list[PrintedSlip]:
    """The one paper. `reporter`: whose figures they are."""
    label = told.span.period.label("vi")
    of = "" if reporter == house.department else f"\n{reporter}"
    return [
        report(
            house,
            day,
            f"{outline().title} {label[:1].lower()}{label[1:]}{of}",
            (*_head(told), *_body(told, link), *_foot(told)),
            name="Báo cáo CCHC",
            to=("- Sở Nội vụ;",),
            stamp="" if told.is_over else DRAFT,
        )
    ]


def _head(told: ReformFigures) -> Iterator[Block]:
    span = told.span
    yield said(
        f"Số liệu từ ngày {short_day(span.first)} đến hết ngày {short_day(span.last)}; số liệu “từ đầu năm” tính từ "
        f"ngày 01/01/{span.last.year}. Chỗ có dấu chấm là nội dung phần mềm không biết, do người lập báo cáo viết."
    )


def _body(told: ReformFigures, link: Link) -> Iterator[Block]:
    for n, chapter in enumerate(outline().chapters):
        yield heading(chapter.title)
        rows: list[Row] = []
        for m, item in enumerate(chapter.items):
            if (n, m) in told.values:
                rows.append((words(item.words), number(told.values[n, m], link(item))))
        if rows:
            yield SlipTable((136, 30), (heading_row("Nội dung", "Số liệu"),), rows)
        for item in chapter.items:
            if item.blank is not None:
                yield said(f"- {item.blank}:")
                yield SlipParagraph((StyledText(DOTS * 3),))


def _foot(told: ReformFigures) -> Iterator[Block]:
    unseen = [each for each in outline().sources.values() if each.certainty is not Certainty.OFFICIAL]
    for each in unseen:
        yield said(f"Chưa kiểm chứng: {each.says[:1].lower()}{each.says[1:]}.", italic=True)
    if not outline().reports(told.span.period):
        yield said("Kỳ này không thuộc các kỳ báo cáo (quý I, 6 tháng đầu năm, quý III, năm).", italic=True)


def rows_of(told: ReformFigures) -> list[list[object]]:
    """A line for each item, for a file: what people write has no number."""
    return [
        [chapter.title, item.words, told.values.get((n, m), "")]
        for n, chapter in enumerate(outline().chapters)
        for m, item in enumerate(chapter.items)
    ]
