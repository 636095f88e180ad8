"""The index of a period as a paper by Decree 30/2020/NĐ-CP, with the annexes of its metrics and units. Always
Vietnamese."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date
from decimal import Decimal

from app.reporting.index.definition import Nothing, ValueName, definition
from app.reporting.index.figures import IndexFigures, IndexLine, IndexSum
from app.reporting.index.measures import Which
from app.reporting.paper_parts import DRAFT, Block, ReportHouse, across, annex, heading, report, said, words
from app.slips.content.parts import CENTER, heading_row
from app.slips.document import Cell, PrintedSlip, Row, SlipTable
from app.slips.labels import short_day
from app.web.formats import show_number, show_percent

Link = Callable[[IndexLine, Which], str]
"""Where a number of a metric leads; "" on paper."""
UNVERIFIED = "chưa kiểm chứng"
VALUES: dict[ValueName, str] = {
    "maximum": "điểm tối đa",
    "full_at": "ngưỡng đạt đủ điểm",
    "when_nothing": "điểm khi không có gì để tính",
    "within_days": "số ngày phải công khai",
}
NOTHING = {Nothing.FULL: "đủ điểm", Nothing.ZERO: "0 điểm", Nothing.UNKNOWN: "không tính"}
HEADINGS = (
    *("Số", "Mã", "Chỉ số", "Cách tính", "Tử số", "Mẫu số", "Chưa rõ", "Tỷ lệ (%)", "Điểm tối đa", "Điểm ước tính"),
    *("Điểm của Cổng", "Chênh lệch", "Ghi chú"),
)


def documents(
    told: IndexFigures, house: ReportHouse, day: date, link: Link = lambda line, which: ""
) -> list[PrintedSlip]:
    """The report, the annex of its metrics, and for more than one unit the annex of units."""
    return _IndexReport(told, house, day, link).papers()


def rows_of(told: IndexFigures) -> list[list[object]]:
    """A line for each metric, for a file."""
    rows: list[list[object]] = []
    for line in told.lines:
        tally = line.tally
        counted = (tally.numerator, tally.denominator, tally.unknown) if tally else ("", "", "")
        share = tally.share if tally else None
        percent: object = "" if share is None else round(Decimal(share.numerator * 100) / share.denominator, 2)
        scores = [each if each is not None else "" for each in (line.shown, line.score, line.difference)]
        metric = line.metric
        named = (metric.number, metric.code, metric.title.vi, metric.counts.vi)
        rows.append([*named, *counted, percent, line.terms.maximum.value, *scores, note_of(line)])
    return rows


def note_of(line: IndexLine) -> str:
    """What a reader must know of a line: who alone knows it, what is not verified, what the portal has otherwise."""
    told = []
    if line.metric.told_by is None:
        told.append("lấy từ Cổng")
    elif line.tally is None or line.worth is None:
        told.append("không có gì để tính" if line.tally and not line.tally.unknown else "chưa rõ")
    elif not line.tally.denominator:
        told.append(f"không có gì để tính: {NOTHING[line.terms.when_nothing.value]}")
    if line.other_maximum is not None:
        told.append(f"Cổng ghi điểm tối đa {show_number(line.other_maximum)}")
    if line.unverified:
        told.append(UNVERIFIED)
    return "; ".join(told)


class _IndexReport:
    def __init__(self, told: IndexFigures, house: ReportHouse, day: date, link: Link) -> None:
        self.told, self.house, self.day, self.link = told, house, day, link
        self.stamp = "" if told.is_over else DRAFT
        self.name = told.period.label("vi")
        self.within = self.name[:1].lower() + self.name[1:]

    def papers(self) -> list[PrintedSlip]:
        papers = [self._main(), self._annex(1, "Kết quả từng chỉ số", "Chỉ số", [self._metrics()])]
        if self.told.units:
            papers.append(self._annex(2, "Điểm ước tính theo đơn vị", "Đơn vị", self._units()))
        return papers

    def _main(self) -> PrintedSlip:
        of = f" của {self.told.unit.name}" if self.told.unit else ""
        return report(
            self.house, self.day, f"{definition().title.vi}{of} {self.within}", self._body(), stamp=self.stamp
        )

    def _annex(self, which: int, title: str, sheet: str, blocks: Sequence[Block]) -> PrintedSlip:
        return annex(self.house, self.day, which, f"{title} {self.name}", sheet, blocks, stamp=self.stamp)

    def _body(self) -> Iterator[Block]:
        told, total = self.told, self.told.total
        first, last = short_day(told.period.first), short_day(told.period.last)
        yield said(f"Căn cứ {definition().document}.", italic=True)
        yield heading("I. KẾT QUẢ CHUNG")
        yield said(
            f"Kỳ tính: {self.within}, theo lịch, từ ngày {first} đến hết ngày {last} (khác kỳ từ ngày 15 đến ngày 14 "
            f"của báo cáo kiểm soát thủ tục hành chính)."
        )
        yield said(
            f"Từ dữ liệu của Sở: {show_number(total.shown)} trên {show_number(total.known)} điểm tính được. Còn "
            f"{show_number(total.unknown)} trên {show_number(total.maximum)} điểm phần mềm không biết: không tính và "
            "không coi là 0."
        )
        if told.whole:
            yield said(self._portal(total))
        yield self._groups()
        yield heading("II. CHỈ SỐ LẤY TỪ CỔNG DỊCH VỤ CÔNG QUỐC GIA")
        yield from self._untold()
        yield heading("III. CHÊNH LỆCH VỚI ĐIỂM CỦA CỔNG")
        yield from self._differences()
        yield heading("IV. LƯU Ý VỀ SỐ LIỆU")
        yield from self._notes()

    def _portal(self, total: IndexSum) -> str:
        scored = [line for line in self.told.lines if line.score is not None]
        if total.score is not None:
            return f"Điểm của Cổng: {show_number(total.score)} trên {show_number(total.maximum)}."
        if not scored:
            return "Chưa nhập điểm của Cổng cho kỳ này."
        points = show_number(sum((line.score for line in scored if line.score is not None), Decimal(0)))
        most = sum(line.terms.maximum.value for line in scored)
        return f"Điểm của Cổng đã nhập cho {len(scored)} chỉ số: {points} trên {show_number(most)} điểm."

    def _groups(self) -> SlipTable:
        head = heading_row("Nhóm", "Điểm tối đa", "Tính được tối đa", "Điểm ước tính", "Điểm của Cổng")
        rows = [self._sum(group.title.vi, total) for group, _lines, total in self.told.by_group()]
        rows.append(self._sum("Tổng số", self.told.total, bold=True))
        return SlipTable((74, 24, 26, 26, 26), (head,), rows)

    def _sum(self, name: str, total: IndexSum, *, bold: bool = False) -> Row:
        cells = (
            _figure(total.maximum, bold=bold),
            _figure(total.known, bold=bold),
            _figure(total.shown if total.known else None, bold=bold),
            _figure(total.score, bold=bold),
        )
        return (words(name, bold=bold), *cells)

    def _untold(self) -> Iterator[Block]:
        for line in self.told.lines:
            why = line.metric.untold
            if why is None or line.worth is not None or not line.terms.maximum.value:
                continue
            shown = "" if line.score is None else f" Điểm của Cổng: {show_number(line.score)}."
            most = show_number(line.terms.maximum.value)
            yield said(f"- {_named(line)} ({most} điểm): {why.vi[:1].lower()}{why.vi[1:]}.{shown}")

    def _differences(self) -> Iterator[Block]:
        if not self.told.whole:
            yield said("Cổng không chấm điểm từng đơn vị của Sở.")
            return
        apart = [line for line in self.told.lines if line.differs]
        if not apart:
            both = any(line.difference is not None for line in self.told.lines)
            yield said("Không có chỉ số nào lệch quá 0,015 điểm." if both else "Chưa có điểm của Cổng để so.")
            return
        head = heading_row("Chỉ số", "Điểm ước tính", "Điểm của Cổng", "Chênh lệch")
        rows = [
            (
                words(_named(line)),
                _figure(line.shown),
                _figure(line.score),
                _figure(line.difference),
            )
            for line in apart
        ]
        yield SlipTable((92, 28, 28, 28), (head,), rows)

    def _notes(self) -> Iterator[Block]:
        if self.told.unverified:
            yield said(
                f"{show_number(self.told.unverified)} giá trị (điểm tối đa, ngưỡng, cách tính khi không có gì để tính) "
                f"lấy từ câu trả lời của Cổng và phần mềm công khai, {UNVERIFIED} với văn bản gốc: điểm ở đây là ước "
                "tính, điểm chính thức là điểm của Cổng."
            )
        for line in self.told.lines:
            if line.metric.choice is not None:
                yield said(f"- {line.metric.number}: {line.metric.choice.vi}.")
        lines = self.told.lines
        unknown = [(each.metric.number, each.tally.unknown) for each in lines if each.tally and each.tally.unknown]
        if unknown:
            told = "; ".join(f"{number}: {show_number(n)}" for number, n in unknown)
            yield said(f"Chưa rõ, không tính vào tử số lẫn mẫu số: {told}.")

    def _metrics(self) -> SlipTable:
        head = heading_row(
            *("Số", "Chỉ số", "Tử số", "Mẫu số", "Chưa rõ", "Tỷ lệ", "Điểm tối đa", "Điểm ước tính", "Điểm của Cổng"),
            *("Chênh lệch", "Ghi chú"),
        )
        rows: list[Row] = []
        for group, lines, total in self.told.by_group():
            rows.append(across(f"{group.number}. {group.title.vi} ({show_number(total.maximum)} điểm)", 11))
            rows += [self._metric(line) for line in lines]
        total = self.told.total
        blank = words("", align=CENTER)
        figures = (total.maximum, total.shown, total.score)
        sums = [_figure(n, bold=True) for n in figures]
        rows.append((blank, words("Tổng số", bold=True), *(blank,) * 4, *sums, blank, blank))
        return SlipTable((10, 76, 16, 16, 14, 18, 14, 16, 16, 17, 39), (head,), rows, scale=0.8)

    def _metric(self, line: IndexLine) -> Row:
        tally = line.tally
        counted = (
            [
                _figure(tally.numerator, self.link(line, Which.MET)),
                _figure(tally.denominator, self.link(line, Which.COUNTED)),
                _figure(tally.unknown, self.link(line, Which.UNKNOWN)),
            ]
            if tally
            else [_figure(None)] * 3
        )
        share = tally.share if tally else None
        return (
            words(line.metric.number, align=CENTER),
            words(line.metric.title.vi),
            *counted,
            Cell("–" if share is None else show_percent(share), CENTER, value=None if share is None else float(share)),
            _figure(line.terms.maximum.value),
            _figure(line.shown),
            _figure(line.score),
            _figure(line.difference),
            words(note_of(line)),
        )

    def _units(self) -> list[Block]:
        groups = [group for group, _lines, _total in self.told.by_group()]
        head = heading_row("TT", "Đơn vị", *(group.title.vi for group in groups), "Điểm / tính được")
        rows: list[Row] = []
        for n, line in enumerate(self.told.units, 1):
            cells = [words(_of(line.groups[group.code]), align=CENTER) for group in groups]
            of_all = words(_of(line.total), bold=True, align=CENTER)
            rows.append((Cell(str(n), CENTER, value=n), words(line.unit.name), *cells, of_all))
        note = said(
            "Mỗi ô: điểm ước tính trên điểm tối đa của các chỉ số mà đơn vị có gì để tính. Cổng không chấm điểm từng "
            "đơn vị của Sở."
        )
        widths = (10, 66, *(24,) * len(groups), 28)
        return [note, SlipTable(widths, (head,), rows, scale=0.8)]


def _named(line: IndexLine) -> str:
    number, title = line.metric.number, line.metric.title.vi
    return title if number == "–" else f"{number} {title}"


def _figure(value: int | Decimal | None, link: str = "", *, bold: bool = False) -> Cell:
    if value is None:
        return Cell("–", CENTER, bold=bold)
    kept = value if isinstance(value, int) else float(value)
    return Cell(show_number(value), CENTER, bold=bold, value=kept, link=link if value else "")


def _of(total: IndexSum) -> str:
    return f"{show_number(total.shown)} / {show_number(total.known)}" if total.known else "–"
