"""The report of a month's check as a paper by Decree 30/2020/NĐ-CP, with its annexes. Always Vietnamese."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date

from app.cases.explanations.models import ExplanationState
from app.compliance.adoption import repository
from app.compliance.explaining import fraction_shown, is_count, share_shown, shortfall_shown, target_shown, until_shown
from app.compliance.models import ViolationState
from app.compliance.queries import ResultRow, ViolationLine
from app.compliance.violations.cells import told_in_short
from app.compliance.wording import document_number, printed_day
from app.core.periods import PeriodKind
from app.reporting.month.figures import ANSWERS, AnnexTask, Imbalance, MonthFigures, imbalances
from app.reporting.paper_parts import (
    DRAFT,
    Block,
    ReportHouse,
    across,
    annex,
    heading,
    number,
    numbered,
    report,
    said,
    words,
)
from app.rulepacks.language import Status
from app.slips.content.parts import CENTER, heading_row
from app.slips.document import PrintedSlip, Row, SlipTable
from app.slips.labels import short_day
from app.web.formats import label, local, sentence, show_number

STATUSES = (
    *(Status.PASS, Status.FAIL, Status.WAIVED, Status.NO_DATA),
    *(Status.PENDING, Status.REMARK, Status.NOT_APPLICABLE),
)
LONGEST_WORDS = 240  # of what a head or the inspector wrote: the whole is on the violation's own page
_STATUS_WIDTHS = (11,) * len(STATUSES)


class ReportLinks:
    """Where a number of the report leads: on paper, nowhere."""

    def results(self, pack: str = "", unit: int = 0, status: Status | None = None, rule: str = "") -> str:
        """The results that are counted."""
        return ""

    def violations(self, unit: int = 0, state: ViolationState | None = None) -> str:
        """The violations that are counted."""
        return ""

    def violation(self, violation_id: int) -> str:
        return ""

    def result(self, row: ResultRow) -> str:
        """One result, which leads on to its cases."""
        return ""

    def explanations(self, state: ExplanationState) -> str:
        """The overdue cases whose explanation stands there."""
        return ""

    def task(self, task_id: int) -> str:
        """A task of an annex."""
        return ""

    def warnings(self, unit: str) -> str:
        """What a unit is warned of."""
        return ""


def documents(
    told: MonthFigures, house: ReportHouse, day: date, links: ReportLinks, *, details: bool = True
) -> list[PrintedSlip]:
    """The report, its annex of violations, and (`details`) the one with every figure of every unit."""
    return _Report(told, house, day, links).papers(details)


class _Report:
    def __init__(self, told: MonthFigures, house: ReportHouse, day: date, links: ReportLinks) -> None:
        self.told, self.house, self.day, self.links = told, house, day, links
        self.stamp = DRAFT if told.is_draft else ""
        self.name = told.period.label("vi")
        self.within = self.name[:1].lower() + self.name[1:]
        self.states, self.by_unit = told.states(), told.by_unit()
        self.wrong: list[Imbalance] = list(
            imbalances(told.results, told.violations, answered=told.period.kind is PeriodKind.MONTH)
        )

    def papers(self, details: bool) -> list[PrintedSlip]:
        papers = [self._main(), self._annex(1, "Danh sách vi phạm và giải trình", "Vi phạm", self._violations())]
        if details:
            papers.append(self._annex(2, "Kết quả của từng đơn vị so với chỉ tiêu", "Chi tiết", self._details()))
        return papers

    def _main(self) -> PrintedSlip:
        return report(
            self.house,
            self.day,
            f"Kết quả kiểm tra việc thực hiện các kế hoạch {self.within}",
            self._body(),
            stamp=self.stamp,
        )

    def _annex(self, which: int, title: str, sheet: str, blocks: Sequence[Block]) -> PrintedSlip:
        return annex(self.house, self.day, which, f"{title} {self.name}", sheet, blocks, stamp=self.stamp)

    # The report itself

    def _body(self) -> Iterator[Block]:
        yield from self._grounds()
        yield heading("I. TÌNH HÌNH CHUNG")
        yield from self._overview()
        yield heading("II. KẾT QUẢ THEO TỪNG KẾ HOẠCH")
        yield self._plans()
        yield heading("III. KẾT QUẢ THEO TỪNG ĐƠN VỊ")
        yield self._units()
        yield heading("IV. GIẢI TRÌNH VÀ KẾT LUẬN")
        yield from self._answers()
        yield heading("V. VIỆC CHƯA ĐẾN HẠN VÀ CẢNH BÁO SỚM")
        yield from self._pending()
        yield from self._warnings()
        yield heading("VI. NHIỆM VỤ TẠI PHỤ LỤC CỦA CÁC KẾ HOẠCH")
        yield from self._tasks()
        yield heading("VII. SỐ LIỆU CẦN RÀ SOÁT")
        yield from self._review()

    def _grounds(self) -> Iterator[Block]:
        known, told = repository.documents(), []
        for pack, _counts in self.told.by_plan():
            info = known[pack.info.document].info if pack.info.document in known else None
            told.append(
                " ".join(
                    filter(
                        None,
                        (
                            f"kế hoạch “{pack.info.title.vi}”",
                            f"số {document_number(info.number)}" if info and info.number else "",
                            _of_day(printed_day(info)) if info else "",
                        ),
                    )
                )
            )
        for n, each in enumerate(told, 1):
            yield said(f"Căn cứ {each}{'.' if n == len(told) else ';'}", italic=True)

    def _overview(self) -> Iterator[Block]:
        told, counts = self.told, self.told.counts
        if told.closing is not None:
            how = f"là lần kiểm tra chính thức số {told.run_id}, {told.closing.actor} chốt ngày "
            how += short_day(local(told.closing.closed_at))
        else:
            how = f"là lần kiểm tra số {told.run_id}; kỳ chưa chốt nên số liệu là tạm tính, chưa dùng để đánh giá"
        yield said(f"Kết quả kiểm tra {self.within} {how}. Số liệu tính đến {until_shown(told.as_of)}.")
        yield said(
            f"Đã kiểm tra {show_number(len(told.units))} đơn vị theo {show_number(len(told.library))} kế hoạch: "
            f"{show_number(counts[Status.PASS])} kết quả đạt, {show_number(counts[Status.FAIL])} vi phạm, "
            f"{show_number(counts[Status.WAIVED])} được miễn, {show_number(counts[Status.NO_DATA])} thiếu dữ liệu, "
            f"{show_number(counts[Status.PENDING])} chưa đến hạn."
        )
        before = told.period.previous().label("vi")
        if told.before is None:
            yield said(f"{before} chưa được kiểm tra nên không so sánh được.")
            return
        change = counts[Status.FAIL] - told.before[Status.FAIL]
        moved = f"{'tăng' if change > 0 else 'giảm'} {show_number(abs(change))}" if change else "không đổi"
        yield said(
            f"So với {before[:1].lower()}{before[1:]} ({show_number(told.before[Status.FAIL])} vi phạm): {moved}."
        )

    def _head(self, first: str) -> tuple[Row, ...]:
        return (heading_row(first, *(label(status) for status in STATUSES), "Cộng"),)

    def _counted(self, counts: Counter[Status], pack: str = "", unit: int = 0, *, bold: bool = False) -> Row:
        cells = [number(counts[status], self.links.results(pack, unit, status), bold=bold) for status in STATUSES]
        return (*cells, number(counts.total(), self.links.results(pack, unit), bold=bold))

    def _plans(self) -> SlipTable:
        rows = [(words(pack.info.title.vi), *self._counted(counts, pack.id)) for pack, counts in self.told.by_plan()]
        rows.append((words("Cộng", bold=True), *self._counted(self.told.counts, bold=True)))
        return SlipTable((40, *_STATUS_WIDTHS, 11), self._head("Kế hoạch"), rows, scale=0.8)

    def _units(self) -> SlipTable:
        rows = [(words(unit.name), *self._counted(self.by_unit[unit.code], unit=unit.id)) for unit in self.told.units]
        rows.append((words("Cộng", bold=True), *self._counted(self.told.counts, bold=True)))
        return SlipTable((40, *_STATUS_WIDTHS, 11), self._head("Đơn vị"), rows, scale=0.8)

    def _answers(self) -> Iterator[Block]:
        states = list(ViolationState)
        broken = [unit for unit in self.told.units if self.states.get(unit.code)]
        if not broken:
            yield said("Không có vi phạm phải giải trình.")
        else:
            rows = [self._answered(unit.name, self.states[unit.code], unit.id) for unit in broken]
            total: Counter[ViolationState] = sum(self.states.values(), Counter())
            rows.append(self._answered("Cộng", total, bold=True))
            head = heading_row("Đơn vị", *(label(state) for state in states), "Cộng")
            yield SlipTable((40, *(18,) * len(states), 12), (head,), rows, scale=0.8)
        owed = self.told.explanations
        if total_late := sum(owed.values()):
            head = heading_row("Hồ sơ quá hạn trong kỳ", *(label(state) for state in owed))
            row = (number(total_late), *(number(n, self.links.explanations(state)) for state, n in owed.items()))
            yield SlipTable((20,) * (len(owed) + 1), (head,), [row], scale=0.8)
        else:
            yield said("Trong kỳ không có hồ sơ quá hạn.")

    def _answered(self, name: str, states: Counter[ViolationState], unit: int = 0, *, bold: bool = False) -> Row:
        cells = [number(states[state], self.links.violations(unit, state), bold=bold) for state in ViolationState]
        return (words(name, bold=bold), *cells, number(states.total(), self.links.violations(unit), bold=bold))

    def _warnings(self) -> Iterator[Block]:
        early = self.told.warnings
        if early is None:
            return
        month = early.period.label("vi")
        month = month[:1].lower() + month[1:]
        if early.run is None:
            yield said(f"Chưa có số liệu tạm tính của {month}.")
        if early.units:
            yield said(f"Cảnh báo sớm của {month} (số liệu tạm tính, chưa đơn vị nào phải giải trình):", keep=True)
            rows = [
                (
                    words(each.unit.name, self.links.warnings(each.unit.code)),
                    *map(number, (each.failing, each.lost, each.cases, each.dues)),
                )
                for each in early.units
            ]
            heads = ("Đơn vị", "Chỉ tiêu khó đạt", "Không còn kịp", "Hồ sơ sắp quá hạn", "Việc đến hạn")
            yield SlipTable((60, 26, 26, 26, 26), (heading_row(*heads),), rows, scale=0.8)

    def _pending(self) -> Iterator[Block]:
        waiting: dict[tuple[str, str], list[ResultRow]] = {}
        for result in self.told.results:
            if result.status is Status.PENDING:
                waiting.setdefault((result.pack, result.rule), []).append(result)
        if not waiting:
            yield said("Không có quy tắc nào chưa đến hạn.")
            return
        rows = []
        for (pack, name), results in waiting.items():
            rule, days = self.told.rule(pack, name), [each.due for each in results if each.due]
            title = f"{name.upper()}. {rule.title.vi}" if rule else name.upper()
            units = number(len(results), self.links.results(pack, status=Status.PENDING, rule=name))
            first = min(days, default=None)
            rows.append((words(title), units, words(short_day(first), align=CENTER)))
        yield SlipTable((110, 25, 30), (heading_row("Quy tắc", "Số đơn vị", "Hạn sớm nhất"),), rows, 0.8)

    def _tasks(self) -> Iterator[Block]:
        tasks = self.told.tasks
        if not tasks:
            yield said("Không có nhiệm vụ đến hạn trong kỳ, quá hạn hoặc đến hạn ngay sau kỳ.")
            return
        overdue = sum(task.overdue for task in tasks)
        yield said(
            f"Có {show_number(len(tasks))} phần việc đến hạn hoặc còn nợ, trong đó {show_number(overdue)} đã quá hạn "
            "mà chưa nộp.",
            keep=True,
        )
        known = repository.documents()
        rows = []
        for task in sorted(tasks, key=lambda each: (not each.overdue, each.due)):
            info = known[task.plan].info if task.plan in known else None
            plan = document_number(info.number) if info and info.number else task.plan
            where = f"{task.number} ({plan})"
            rows.append(
                (
                    words(where, self.links.task(task.task_id)),
                    words(task.text[:LONGEST_WORDS]),
                    words(task.unit),
                    words(short_day(task.due), align=CENTER),
                    words(_stands(task)),
                )
            )
        head = heading_row("Mục", "Nhiệm vụ", "Đơn vị", "Hạn", "Tình trạng")
        yield SlipTable((30, 62, 30, 22, 22), (head,), rows, scale=0.8)

    def _review(self) -> Iterator[Block]:
        wrong = [*(sentence(each.said) for each in self.wrong), *map(_contradiction, self.told.findings)]
        if not wrong:
            wrong.append("Số liệu khớp nhau: số vi phạm bằng số kết quả không đạt, số cả Sở bằng tổng các đơn vị.")
        if missing := self.told.counts[Status.NO_DATA]:
            wrong.append(f"{show_number(missing)} kết quả thiếu dữ liệu: chưa nhập, hoặc tệp nhập không cho biết.")
        if self.told.closing is None:
            wrong.append("Kỳ chưa chốt: số liệu còn thay đổi.")
        for n, each in enumerate(wrong, 1):
            yield said(f"- {each.rstrip('.')}{'./.' if n == len(wrong) else '.'}")

    # Annexes

    def _violations(self) -> Sequence[Block]:
        if not self.told.violations:
            return (said("Không có vi phạm."),)
        order = {unit.code: n for n, unit in enumerate(self.told.units)}
        lines = sorted(
            self.told.violations, key=lambda line: (order.get(line.unit.code, len(order)), line.pack, line.rule)
        )
        head = heading_row("TT", "Đơn vị", "Quy tắc", "Nội dung", "Mức độ", "Giải trình, kết luận")
        return (SlipTable((9, 38, 24, 96, 22, 63), (head,), numbered([self._violation(line) for line in lines]), 0.8),)

    def _violation(self, line: ViolationLine) -> Row:
        rule = self.told.rule(line.pack, line.rule)
        content = told_in_short(rule, line.cell, line.unit.name, line.period.key) if rule else line.rule
        return (
            words(line.unit.name),
            words(line.rule.upper(), self.links.violation(line.id)),
            words(content),
            words(label(line.severity)),
            words(self._answer(line)),
        )

    def _answer(self, line: ViolationLine) -> str:
        last = {step.to: step for step in self.told.steps.get(line.id, ()) if step.to in ANSWERS}
        told = [label(line.state)]
        if line.state is ViolationState.OPEN and line.answer_due:
            told[0] += f", hạn {short_day(line.answer_due)}"
        for step in sorted(last.values(), key=lambda each: each.at):
            cut = step.reason if len(step.reason) <= LONGEST_WORDS else step.reason[:LONGEST_WORDS] + "…"
            told.append(f"{label(step.to)}, {short_day(local(step.at))}, {step.actor}: {cut}")
        return "\n".join(told)

    def _details(self) -> Sequence[Block]:
        head = heading_row("Quy tắc", "Nội dung", "Số liệu", "Đạt được", "Chỉ tiêu", "Còn thiếu", "Kết quả")
        columns = (26, 92, 28, 22, 34, 30, 22)
        return (
            said("Không ghi các quy tắc không áp dụng cho đơn vị trong kỳ."),
            SlipTable(columns, (head,), list(self._detail_rows(len(columns))), scale=0.8),
        )

    def _detail_rows(self, columns: int) -> Iterator[Row]:
        unit = ""
        for result in self.told.results:
            if result.status is Status.NOT_APPLICABLE:
                continue
            if result.unit != unit:
                unit = result.unit
                yield across(f"{result.place.name} ({unit})", columns)
            rule = self.told.rule(result.pack, result.rule)
            target = target_shown(result.comparison, result.target, counts=is_count(result))
            yield (
                words(result.rule.upper(), self.links.result(result)),
                words(rule.title.vi if rule else ""),
                words(fraction_shown(result), align=CENTER),
                words(share_shown(result), align=CENTER),
                words(target),
                words(shortfall_shown(rule, result.shortfall, result.comparison)),
                words(label(result.status), bold=result.status is Status.FAIL),
            )


def _of_day(printed: str) -> str:
    return printed if not printed or printed.startswith("ngày") else f"ngày {printed}"


def _stands(task: AnnexTask) -> str:
    if task.overdue:
        return "Chưa nộp, quá hạn"
    if task.submitted is None:
        return "Chưa nộp, chưa đến hạn"
    return f"Nộp {short_day(task.submitted)}{', chậm' if task.late else ''}"


def _contradiction(finding: object) -> str:
    assert isinstance(finding, dict)
    return (
        f"{str(finding.get('rule', '')).upper()} {finding.get('unit', '')}: tử số {finding.get('numerator')} lớn hơn "
        f"mẫu số {finding.get('denominator')}."
    )
