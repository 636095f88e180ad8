"""One import at work: batches of rows in, each row to exactly one outcome. It reads the tables and writes nothing."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import datetime
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from app.cases.importing.catalogue import Catalogue
from app.cases.importing.existing_cases import (
    Dossier,
    RowContext,
    RowOutcome,
    dossiers_of,
    open_dossier,
    take_event,
    take_statement,
    under_our_codes,
)
from app.cases.importing.header import SheetTable
from app.cases.importing.mapping import Mapping
from app.cases.importing.report import SHOWN, ImportReport, PassedPromise, Reason, RefusedRow
from app.cases.importing.row_parsing import ParsedRow, Remark, RowReader, StatedEvent
from app.cases.importing.staging import Plan
from app.cases.importing.values import CellInstant, ContradictingRow, GarbledText, OpenAgain, UnknownName
from app.cases.importing.writing import prepared
from app.cases.timeline import OutOfOrder
from app.cases.vocabulary import EventKind
from app.core.calendar import WorkingCalendar
from app.core.errors import DomainError
from app.organisation.lineage import lineage
from app.web import extensions
from app.web.formats import label, show_datetime
from app.web.garbage import without_garbage_collection

Read = tuple[int, list[Any], ParsedRow, StatedEvent | None]


class SeenCases:
    """What came of each recorded case so far, one byte a case: it may be spoken of anywhere in the file."""

    def __init__(self) -> None:
        self._marks = bytearray()

    def __getitem__(self, case_id: int) -> int:
        return self._marks[case_id] if case_id < len(self._marks) else 0

    def mark(self, case_id: int, outcome: RowOutcome) -> None:
        """Remember the outcome that tells most."""
        if case_id >= len(self._marks):
            self._marks.extend(bytes(case_id + 65536 - len(self._marks)))
        self._marks[case_id] = max(self._marks[case_id], outcome)

    def count(self, outcome: RowOutcome) -> int:
        """Number of cases with that outcome."""
        return self._marks.count(outcome)


class ImportReader:
    """Reads the rows of one table and prepares what is to be written: `plan` and `catalogue.making`.

    `asks`: unknown names are asked about, never made. `mends`: names in old code pages are read as they were meant.
    `lock`: the caller's transaction keeps others from changing the cases that are read.
    """

    def __init__(
        self,
        site: str,
        mapping: Mapping,
        zone: ZoneInfo,
        calendar: WorkingCalendar,
        report: ImportReport,
        *,
        asks: bool = False,
        mends: bool = False,
        lock: bool = False,
        begun: dict[str, CellInstant] | None = None,
        reopens: bool = False,
    ) -> None:
        self.now: datetime = extensions.now()
        self.site, self.mapping, self.zone, self.report, self.lock = site, mapping, zone, report, lock
        self.mends, self.begun = mends, begun
        self.is_log = mapping.row == "event"
        self.reading = RowContext(calendar, zone, self.now, lineage(site), reopens)
        self.catalogue = Catalogue(site, mapping, calendar, asks=asks)
        self.plan = Plan()
        self.seen = SeenCases()
        self.rows: Counter[RowOutcome] = Counter()

    def begin(self, table: SheetTable, named: bool) -> None:
        """Go on with another table of the file. `named`: it may have several, so rows are told with their sheet."""
        self.table, self.sheet = table, table.name if named else ""
        self.reader = RowReader(self.mapping, table, self.zone, self.now, mends=self.mends, begun=self.begun)

    def take(self, batch: list[tuple[int, list[Any]]]) -> None:
        """Take some rows: read them, join them to what is recorded, prepare what they add."""
        with without_garbage_collection():
            self._take(batch)

    def _take(self, batch: list[tuple[int, list[Any]]]) -> None:
        read = self._under_our_codes(self._read(batch))
        keys = list(dict.fromkeys(said.key for _row, _cells, said, _event in read))
        dossiers = dossiers_of(
            self.site,
            keys,
            self.catalogue,
            self.plan,
            identities=self.is_log,
            lock=self.lock,
            electronic={said.key for _row, _cells, said, _event in read if said.deeds and _is_electronic(said)},
        )
        outcomes: list[tuple[Dossier, RowOutcome]] = []
        for row, cells, said, event in read:
            try:
                outcomes.append(self._take_row(dossiers, row, said, event))
            except DomainError as error:
                self._refuse(row, cells, error, dossiers.get(said.key))
        changed = (dossiers[key] for key in keys if key in dossiers and dossiers[key].changed)
        self.plan.put([prepared(dossier, self.reading.calendar) for dossier in changed])
        self._count(outcomes, dossiers)

    def finish(self) -> None:
        """Put the totals into the report."""
        report, rows = self.report, self.rows
        report.rows_new, report.rows_changed = rows[RowOutcome.NEW], rows[RowOutcome.CHANGED]
        report.rows_unchanged = rows[RowOutcome.UNCHANGED]
        if self.is_log:
            report.cases_new = self.plan.count(new=True)
            report.cases_changed = self.seen.count(RowOutcome.CHANGED)
            report.cases_unchanged = self.seen.count(RowOutcome.UNCHANGED)
        else:
            report.cases_new, report.cases_changed = report.rows_new, report.rows_changed
            report.cases_unchanged = report.rows_unchanged
        report.created = self.catalogue.making.created

    def _read(self, batch: list[tuple[int, list[Any]]]) -> list[Read]:
        read: list[Read] = []
        for row, cells in batch:
            if not any(cell not in (None, "") and str(cell).strip() for cell in cells):
                continue  # an empty row of the sheet
            if self.reader.passes_over(cells):
                self.report.pass_over(self._place(row))
                continue
            self.report.rows += 1
            try:
                read.append((row, cells, *self.reader.read(cells)))
            except DomainError as error:
                self._refuse(row, cells, error)
        return read

    def _under_our_codes(self, read: list[Read]) -> list[Read]:
        """The rows of cases that the site knows under codes of its own, with the file's code as the other system's."""
        if (ours := under_our_codes(self.site, {said.key: said for _row, _cells, said, _event in read}.values())) == {}:
            return read
        known: dict[int, ParsedRow] = {}

        def as_ours(said: ParsedRow) -> ParsedRow:
            if (code := ours.get(said.key)) is None:
                return said
            return known.setdefault(id(said), replace(said, code=code, other_code=said.code))

        return [(row, cells, as_ours(said), event) for row, cells, said, event in read]

    def _take_row(
        self, dossiers: dict[str, Dossier], row: int, said: ParsedRow, event: StatedEvent | None
    ) -> tuple[Dossier, RowOutcome]:
        dossier = dossiers.get(said.key)
        if dossier is None:
            dossier = dossiers[said.key] = self._new(said)
            remarks, before = _of_new(said, dossier), 0
            outcome = RowOutcome.NEW
        else:
            before = len(dossier.moves)
            remarks, outcome = self._known(dossier, said, event)
            if dossier.code != said.code:
                remarks.append(Remark.CODE_DIFFERS)
            event = None
        if event is not None:
            remarks += take_event(dossier, event)
        if any(["time_unknown" in move.data for move in dossier.moves[before:]]):  # noqa: C419  a few, at each row
            remarks.append(Remark.TIME_UNKNOWN)
        for remark in remarks:
            self.report.remark(remark, self._place(row))
        if Remark.PROMISE_PASSED in remarks and dossier.passed and len(self.report.passed) < SHOWN:
            self.report.passed.append(PassedPromise(self._place(row), dossier.code, *dossier.passed))
        return dossier, outcome

    def _new(self, said: ParsedRow) -> Dossier:
        try:
            unit_id = self.catalogue.unit_id(said.unit)
        except UnknownName:
            if also := self.catalogue.unknown_procedure(said):  # asked about together with the unit
                self.report.ask(also)
            raise
        version = self.catalogue.version(said, self._heir(unit_id, said))
        return open_dossier(said, version, unit_id, self.mapping.default_channel, self.reading)

    def _heir(self, unit_id: int | None, said: ParsedRow) -> int | None:
        """Who had taken over from the unit that the row names when the case was received."""
        day = self.reading.calendar.local_day(said.received.at)
        return None if unit_id is None else self.reading.lineage.heir(unit_id, day)

    def _known(self, dossier: Dossier, said: ParsedRow, event: StatedEvent | None) -> tuple[list[Remark], RowOutcome]:
        """A case that is recorded already, or that an earlier row of the file has opened."""
        if self.is_log and said is dossier.said and event is not None:  # nearly every row of a log
            count = len(dossier.moves)
            remarks = take_event(dossier, event)
            if len(dossier.moves) == count:
                return remarks, RowOutcome.UNCHANGED
            return remarks, RowOutcome.NEW if dossier.case_id is None else RowOutcome.CHANGED
        before = len(dossier.moves), dossier.filled, dict(dossier.contacts), dossier.knows
        remarks = [Remark.REPEATED] if not self.is_log and self._repeated(dossier) else []
        if said is not dossier.said:
            if self.catalogue.disagrees(said, dossier.version.id):
                raise ContradictingRow(
                    "Mâu thuẫn: hồ sơ đã được ghi theo thủ tục khác.",
                    field="procedure",
                    recorded=dossier.version.name,
                )
            remarks += take_statement(dossier, said, self.catalogue.unit_id(said.unit), self.reading)
        if event is not None:
            remarks += take_event(dossier, event)
        if before == (len(dossier.moves), dossier.filled, dossier.contacts, dossier.knows):
            return remarks, RowOutcome.UNCHANGED
        return remarks, RowOutcome.NEW if self.is_log and dossier.case_id is None else RowOutcome.CHANGED

    def _repeated(self, dossier: Dossier) -> bool:
        """Whether an earlier row of the file has spoken of this case."""
        if dossier.said is not None or dossier.again is not None:
            return True
        return dossier.case_id is not None and self.seen[dossier.case_id] > 0

    def _count(self, outcomes: list[tuple[Dossier, RowOutcome]], dossiers: dict[str, Dossier]) -> None:
        for dossier, outcome in outcomes:
            self.rows[outcome] += 1
            if dossier.case_id is not None:
                self.seen.mark(dossier.case_id, outcome)
                if outcome is RowOutcome.UNCHANGED and len(self.report.unchanged) < SHOWN:
                    self.report.unchanged.setdefault(dossier.code, str(dossier.before["status"]))
        added = (move for dossier in dossiers.values() for move in dossier.moves[dossier.counted :])
        self.report.events_new += sum(move.external_id is not None or not self.is_log for move in added)

    def _refuse(self, row: int, cells: list[Any], error: DomainError, dossier: Dossier | None = None) -> None:
        if isinstance(error, UnknownName):
            self.report.ask(error)
        if isinstance(error, GarbledText):
            self.report.mendable += bool(error.meant)
        self.report.reopenable += isinstance(error, OpenAgain)
        recorded = self._recorded(error, dossier) if dossier is not None else None
        column, why = self.table.heading(error.field or ""), Reason.of(error, self.sheet)
        self.report.refuse(RefusedRow(row, column, why.in_words(), self.reader.cells(cells), recorded, why))

    def _place(self, row: int) -> str:
        """Where a row stands: its number, with its sheet where there are several."""
        return f"{self.sheet}!{row}" if self.sheet else str(row)

    def _recorded(self, error: DomainError, dossier: Dossier) -> str | None:
        """What is recorded of a case that the row contradicts; None when the row is wrong in itself."""
        if isinstance(error, ContradictingRow):
            return _in_words(error.params.get("recorded", error.params.get("status", "")))
        if isinstance(error, OutOfOrder) and dossier.state is not None:  # it cannot follow what is recorded
            return label(dossier.state.status)
        return None


def _is_electronic(said: ParsedRow) -> bool:
    """Whether the row tells that the result was issued as a file with legal value."""
    return any(kind is EventKind.ISSUED_ELECTRONIC for kind, _when in said.deeds)


def _of_new(said: ParsedRow, dossier: Dossier) -> list[Remark]:
    """What was assumed of a new case: one that nobody promised has a day only where its procedure has a time."""
    open_ended = dossier.version.terms.open_ended
    return [Remark.NO_ALLOWANCE if open_ended and each is Remark.NO_PROMISE else each for each in said.remarks]


def _in_words(value: object) -> str:
    if isinstance(value, datetime):
        return show_datetime(value)
    return label(value) if isinstance(value, StrEnum) else str(value)
