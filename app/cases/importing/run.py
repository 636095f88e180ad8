"""One import at work: batches of rows in, each row to exactly one outcome."""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from app import extensions
from app.calendar import WorkingCalendar
from app.cases.importing.catalogue import Catalogue
from app.cases.importing.dossiers import Dossier, Outcome, Reading, open_dossier, take_event, take_statement
from app.cases.importing.header import Table
from app.cases.importing.mapping import Mapping
from app.cases.importing.report import Refusal, Report
from app.cases.importing.statements import Remark, RowReader, StatedEvent, Statement
from app.cases.importing.values import Refused
from app.cases.importing.writing import Writer, recorded
from app.errors import DomainError
from app.formats import sentence
from app.organisation.access import Actor

Read = tuple[int, list[Any], Statement, StatedEvent | None]


class Seen:
    """What came of each case so far, one byte a case: a case may be spoken of anywhere in the file."""

    def __init__(self) -> None:
        self._marks = bytearray()

    def __getitem__(self, case_id: int) -> int:
        return self._marks[case_id] if case_id < len(self._marks) else 0

    def mark(self, case_id: int, outcome: Outcome) -> None:
        """Remember the outcome that tells most."""
        if case_id >= len(self._marks):
            self._marks.extend(bytes(case_id + 65536 - len(self._marks)))
        self._marks[case_id] = max(self._marks[case_id], outcome)

    def count(self, outcome: Outcome) -> int:
        """Number of cases with that outcome."""
        return self._marks.count(outcome)


@contextmanager
def _collector_resting() -> Iterator[None]:
    """Nothing of a batch can be freed before it is written: the collector would walk it over and over for nothing."""
    resting = not gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if not resting:
            gc.enable()


class Run:
    """Takes the rows of one table in. The transaction is the caller's."""

    def __init__(
        self,
        site: str,
        by: Actor,
        mapping: Mapping,
        table: Table,
        zone: ZoneInfo,
        calendar: WorkingCalendar,
        report: Report,
        import_id: int,
    ) -> None:
        now: datetime = extensions.now()
        self.site, self.mapping, self.table, self.report = site, mapping, table, report
        self.is_log = mapping.row == "event"
        self.reader = RowReader(mapping, table, zone, now)
        self.reading = Reading(calendar, zone, now)
        self.catalogue = Catalogue(site, mapping, calendar, import_id)
        self.writer = Writer(site, import_id, by.person_id, now, calendar)
        self.seen = Seen()
        self.rows: Counter[Outcome] = Counter()

    def take(self, batch: list[tuple[int, list[Any]]]) -> None:
        """Take some rows: read them, join them to what is recorded, write what they add."""
        with _collector_resting():
            self._take(batch)

    def _take(self, batch: list[tuple[int, list[Any]]]) -> None:
        read = self._read(batch)
        codes = {said.code for _row, _cells, said, _event in read}
        dossiers = recorded(self.site, codes, self.catalogue, identities=self.is_log) if codes else {}
        outcomes: list[tuple[Dossier, Outcome]] = []
        for row, cells, said, event in read:
            try:
                outcomes.append(self._take_row(dossiers, row, said, event))
            except DomainError as error:
                self._refuse(row, cells, error)
        self.writer.write(dossiers.values())
        self._count(outcomes, dossiers)

    def finish(self) -> None:
        """Put the totals into the report."""
        report, rows = self.report, self.rows
        report.rows_new, report.rows_changed = rows[Outcome.NEW], rows[Outcome.CHANGED]
        report.rows_unchanged = rows[Outcome.UNCHANGED]
        count = self.seen.count if self.is_log else rows.__getitem__
        report.cases_new, report.cases_changed = count(Outcome.NEW), count(Outcome.CHANGED)
        report.cases_unchanged = count(Outcome.UNCHANGED)
        report.created = self.catalogue.created

    def _read(self, batch: list[tuple[int, list[Any]]]) -> list[Read]:
        read: list[Read] = []
        for row, cells in batch:
            if not any(cell not in (None, "") and str(cell).strip() for cell in cells):
                continue  # an empty row of the sheet
            self.report.rows += 1
            try:
                read.append((row, cells, *self.reader.read(cells)))
            except DomainError as error:
                self._refuse(row, cells, error)
        return read

    def _take_row(
        self, dossiers: dict[str, Dossier], row: int, said: Statement, event: StatedEvent | None
    ) -> tuple[Dossier, Outcome]:
        dossier = dossiers.get(said.code)
        if dossier is None:
            dossier = dossiers[said.code] = self._new(said)
            remarks, before = list(said.remarks), 0
            outcome = Outcome.NEW
        else:
            before = len(dossier.moves)
            remarks, outcome = self._known(dossier, said, event)
            event = None
        if event is not None:
            remarks += take_event(dossier, event)
        if any("time_unknown" in move.data for move in dossier.moves[before:]):
            remarks.append(Remark.TIME_UNKNOWN)
        for remark in remarks:
            self.report.remark(remark, row)
        return dossier, outcome

    def _new(self, said: Statement) -> Dossier:
        unit_id = self.catalogue.unit_id(said.unit)
        version = self.catalogue.version(said, unit_id)
        return open_dossier(said, version, unit_id, self.mapping.default_channel, self.reading)

    def _known(self, dossier: Dossier, said: Statement, event: StatedEvent | None) -> tuple[list[Remark], Outcome]:
        """A case that is recorded already, or that an earlier row of the file has opened."""
        here = dossier.case_id is None or self.seen[dossier.case_id] == Outcome.NEW
        repeated = not self.is_log and (dossier.said is not None or self.seen[dossier.case_id or 0] > 0)
        before = len(dossier.moves), dossier.filled
        remarks = [Remark.REPEATED] if repeated else []
        if said is not dossier.said:
            if self.catalogue.disagrees(said, dossier.version.id):
                raise Refused("Mâu thuẫn: hồ sơ đã được ghi theo thủ tục khác.", field="procedure")
            remarks += take_statement(dossier, said, self.catalogue.unit_id(said.unit), self.reading)
        if event is not None:
            remarks += take_event(dossier, event)
        if before == (len(dossier.moves), dossier.filled):
            return remarks, Outcome.UNCHANGED
        return remarks, Outcome.NEW if self.is_log and here else Outcome.CHANGED

    def _count(self, outcomes: list[tuple[Dossier, Outcome]], dossiers: dict[str, Dossier]) -> None:
        for dossier, outcome in outcomes:
            assert dossier.case_id is not None
            self.rows[outcome] += 1
            self.seen.mark(dossier.case_id, outcome)
        kept = (move for dossier in dossiers.values() for move in dossier.moves)
        self.report.events_new += sum(move.external_id is not None or not self.is_log for move in kept)

    def _refuse(self, row: int, cells: list[Any], error: DomainError) -> None:
        column = self.table.heading(error.field or "")
        self.report.refused.add(Refusal(row, column, sentence(error), self.reader.cells(cells)))
