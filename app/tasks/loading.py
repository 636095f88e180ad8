"""Loading the tasks of a plan from the annex of its document: all of it, or nothing.

Loading the same document again changes nothing. A row is recognised by its words, then by its printed number, so that a
row slipped in does not hand one task's history to another. What changed is told, field by field; a task that is
no longer in the document and to which something has happened is kept, and named.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml
from flask import current_app

from app.core.errors import DomainError, NotFound
from app.core.text import fold
from app.organisation import audit
from app.organisation.access import Actor, site, whole_site
from app.organisation.audit import transaction
from app.organisation.calendars import site_calendar, today
from app.organisation.models import Unit
from app.organisation.permissions import Capability, needs
from app.organisation.queries import units as existing_units
from app.organisation.queries import units_in_being_by_key
from app.tasks import queries
from app.tasks.annexes import AnnexError, AnnexFinding, AnnexRow, read_annex
from app.tasks.assigning import Assignment, Directory
from app.tasks.deadlines import DeadlineKind, DeadlineReading, read_deadline
from app.tasks.models import PlanTask, PlanTaskUnit, TaskRole
from app.tasks.service import assign, rederive_all
from app.web.extensions import db
from app.web.formats import in_both


@dataclass(frozen=True, slots=True)
class PlanDocument:
    """A document: its code, title in `vi` and `en`, day of issue where it is certain, and its text."""

    code: str
    title: Mapping[str, str]
    issued: date | None
    text: str

    def title_in_language(self) -> str:
        """The title in the reader's language, after its code."""
        return f"{self.code}: {in_both(self.title)}"


def documents_with_tasks() -> list[PlanDocument]:
    """The documents that have an annex of tasks, in the order of their index."""
    return list(_known(_folder()))


def document_with_tasks(code: str) -> PlanDocument:
    """One of them. NotFound when there is none of this code."""
    for document in documents_with_tasks():
        if document.code == code:
            return document
    raise NotFound("Không có văn bản “%(code)s” có phụ lục nhiệm vụ.", field="document", code=code)


def code_of(text: str) -> str | None:
    """The code of the document whose text this is, white space aside; None when it is none of the known ones. A copy
    under any file name is the same document."""
    told = " ".join(text.split())
    return next((code for code, known in _texts(_folder()).items() if known == told), None)


def plan_title(code: str) -> str:
    """The title of a plan in the reader's language; its code when its document is not here."""
    found = next((d for d in documents_with_tasks() if d.code == code), None)
    return in_both(found.title) if found else code


def _folder() -> Path:
    return Path(current_app.config["SETTINGS"].rules) / "documents"


@lru_cache(maxsize=4)
def _known(folder: Path) -> tuple[PlanDocument, ...]:
    """Read once for each process: the documents are part of the installation and do not change while it runs."""
    documents = (
        PlanDocument(entry["code"], entry["title"], entry.get("issued"), (folder / entry["file"]).read_text("utf-8"))
        for entry in _entries(folder)
    )
    return tuple(document for document in documents if _has_tasks(document.text))


@lru_cache(maxsize=4)
def _texts(folder: Path) -> Mapping[str, str]:
    """The text of every document by its code, every run of white space made one space."""
    return {entry["code"]: " ".join((folder / entry["file"]).read_text("utf-8").split()) for entry in _entries(folder)}


def _entries(folder: Path) -> list[Any]:
    index = folder / "documents.yaml"
    return (yaml.safe_load(index.read_text("utf-8")) or []) if index.is_file() else []


def _has_tasks(text: str) -> bool:
    try:
        read_annex(text)
    except DomainError:
        return False
    return True


_TEXTS = {
    "number": "number",
    "section": "section",
    "text": "text",
    "product": "product",
    "lead_text": "lead",
    "cooperating_text": "cooperating",
    "deadline_text": "deadline",
}
"""Columns of a task that the document gives, and the row's name for each."""


@dataclass(frozen=True, slots=True)
class TaskRow:
    """What a row of the document asks for: its words, its deadline as read, and the units it means."""

    row: AnnexRow
    reading: DeadlineReading
    leads: Assignment
    cooperating: tuple[Unit, ...]


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field of a known task that the document now words otherwise."""

    number: str
    field: str
    before: str
    after: str


@dataclass(slots=True)
class LoadReport:
    """What loading does, or would do. Numbers of tasks are as printed; `kept` are gone from the document but have
    a history; `unread` deadlines and `unknown` leads wait for a person."""

    plan: str
    wanted: Sequence[TaskRow]
    remarks: Sequence[AnnexFinding]
    new: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    changed: list[FieldChange] = field(default_factory=list)
    assigned: list[tuple[str, str]] = field(default_factory=list)  # number, unit's code: of known tasks only
    helping: list[tuple[str, str]] = field(default_factory=list)  # number, code: led a task in which it only helps
    removed: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)

    @property
    def unread(self) -> list[TaskRow]:
        """Rows whose deadline a person must say."""
        return [wanted for wanted in self.wanted if wanted.reading.kind is DeadlineKind.UNREAD]

    @property
    def unknown(self) -> list[tuple[AnnexRow, str]]:
        """Leads that no unit answers to: the row and the name."""
        return [(wanted.row, name) for wanted in self.wanted for name in wanted.leads.unknown]

    @property
    def outside(self) -> list[TaskRow]:
        """Rows in which no unit of the Department has a part."""
        return [w for w in self.wanted if not (w.leads.units or w.leads.unknown or w.cooperating)]

    @property
    def nothing_to_do(self) -> bool:
        """Whether loading changes nothing."""
        return not (self.new or self.changed or self.assigned or self.helping or self.removed)


def directory(on: date) -> Directory:
    """The site's units in being on a day, as plans may call them."""
    return Directory(existing_units(whole_site(), on=on), units_in_being_by_key())


@needs(Capability.KEEP_TASKS)
def load_tasks(by: Actor, plan: str, text: str, *, assigned_on: date, dry_run: bool = False) -> LoadReport:
    """Load the tasks of a plan from its document's text. `assigned_on` is the day on which units were given them.

    Raises AnnexError, with everything that is wrong, when a row of the annex is not whole; then nothing is loaded.
    """
    if assigned_on > today():
        raise DomainError("Ngày giao nhiệm vụ %(day)s chưa tới.", field="assigned_on", day=assigned_on)
    annex = read_annex(text)
    if annex.faults:
        raise AnnexError(annex.faults)
    report = LoadReport(plan, _wanted(annex.rows), annex.remarks)
    if dry_run:
        _compare(report, queries.tasks_of_plan(site(), plan))
        return report
    with transaction():
        pairs = _compare(report, queries.tasks_of_plan(site(), plan))
        if not report.nothing_to_do:
            _write(report, pairs, assigned_on, by)
            audit.record(by, "load_tasks", "plan", plan, **_summary(report), assigned_on=assigned_on)
    return report


def _wanted(rows: Sequence[AnnexRow]) -> list[TaskRow]:
    known, calendar = directory(today()), site_calendar()
    found = []
    for row in rows:
        # "Các phòng, đơn vị" with "Văn phòng Sở" beside them: who is named for helping is not meant by the group.
        leads = known.assign(row.lead, but=known.named(row.cooperating))
        others = known.assign(row.cooperating, but=leads.units)
        cooperating = tuple(unit for unit in others.units if unit not in leads.units)
        found.append(TaskRow(row, read_deadline(row.deadline, calendar), leads, cooperating))
    return found


Pairs = list[tuple[PlanTask | None, TaskRow | None]]


def _compare(report: LoadReport, known: Sequence[PlanTask]) -> Pairs:
    """Which task each row is, told in the report."""
    pairs = _paired(known, report.wanted)
    history = queries.parts_with_history([part.id for task in known for part in task.units])
    for task, wanted in pairs:
        if task is None and wanted is not None:
            report.new.append(wanted.row.number)
        elif wanted is None and task is not None:
            has_history = any(part.id in history for part in task.units)
            (report.kept if has_history else report.removed).append(task.number)
        elif task is not None and wanted is not None:
            changes = list(_changes(task, wanted.row))
            report.changed.extend(changes)
            found = _newly_found(task, wanted) if not _changes_lead(changes) else []
            report.assigned.extend((wanted.row.number, unit.code) for unit in found)
            helping = [] if changes else _only_helping(task, wanted, history)
            report.helping.extend((wanted.row.number, part.unit.code) for part in helping)
            if not (changes or found or helping):
                report.unchanged.append(task.number)
    return pairs


def _paired(known: Sequence[PlanTask], wanted: Sequence[TaskRow]) -> Pairs:
    """Rows and tasks, matched by their words, then what is left by number."""
    left = list(known)
    pairs: Pairs = []
    matched: dict[int, PlanTask] = {}
    for by_words in (True, False):
        waiting: dict[str, list[PlanTask]] = defaultdict(list)
        for task in left:
            waiting[_key(task.text, task.product, task.number, by_words)].append(task)
        for want in wanted:
            candidates = waiting[_key(want.row.text, want.row.product, want.row.number, by_words)]
            if want.row.row not in matched and candidates:
                matched[want.row.row] = candidates.pop(0)
        taken = {task.id for task in matched.values()}
        left = [task for task in left if task.id not in taken]
    pairs.extend((matched.get(want.row.row), want) for want in wanted)
    pairs.extend((task, None) for task in left)
    return pairs


def _key(text: str, product: str, number: str, by_words: bool) -> str:
    return f"{fold(text)}|{fold(product)}" if by_words else number


def _changes(task: PlanTask, row: AnnexRow) -> Iterator[FieldChange]:
    for column, name in _TEXTS.items():
        before, after = getattr(task, column), getattr(row, name)
        if before != after:
            yield FieldChange(row.number, column, before, after)


def _changes_lead(changes: Sequence[FieldChange]) -> bool:
    return any(change.field in ("lead_text", "cooperating_text") for change in changes)


def _newly_found(task: PlanTask, wanted: TaskRow) -> list[Unit]:
    """Units that names left open at the last loading mean now: somebody has added the spelling."""
    solved = [name for name in task.unresolved if name not in wanted.leads.unknown]
    known = {part.unit_id for part in task.units if part.role is TaskRole.LEAD}
    return [unit for unit in wanted.leads.units if unit.id not in known] if solved else []


def _only_helping(task: PlanTask, wanted: TaskRow, history: set[int]) -> list[PlanTaskUnit]:
    """Leading parts, to which nothing has happened, of units that the document names for helping: a former reading
    counted them among "các phòng, đơn vị"."""
    helpers = {unit.id for unit in wanted.cooperating}
    leading = (part for part in task.units if part.role is TaskRole.LEAD and part.unit_id in helpers)
    return [part for part in leading if part.id not in history]


def _write(report: LoadReport, pairs: Pairs, assigned_on: date, by: Actor) -> None:
    history = queries.parts_with_history([part.id for task, _want in pairs if task for part in task.units])
    kept = []
    for gone in [task for task, want in pairs if task is not None and want is None]:
        if any(part.id in history for part in gone.units):
            kept.append(gone)
        else:
            _forget(gone)
    matched = [task for task, want in pairs if task is not None and want is not None]
    for place, known in enumerate([*matched, *kept], 1):  # free the numbers of rows before they are given out again
        known.row = -place
    db.session.flush()
    for task, want in pairs:
        if want is not None:
            _write_row(report, task, want, assigned_on, by, history)
    for place, gone in enumerate(kept, len(report.wanted) + 1):
        gone.row = place
    db.session.flush()


def _write_row(
    report: LoadReport,
    task: PlanTask | None,
    want: TaskRow,
    assigned_on: date,
    by: Actor,
    history: set[int],
) -> None:
    if task is None:
        task = PlanTask(site=site(), plan=report.plan, unresolved=list(want.leads.unknown))
        _say(task, want)
        _read(task, want.reading)
        db.session.add(task)
        db.session.flush()
        _assign(task, want, assigned_on, by)
        return
    leads_changed = (task.lead_text, task.cooperating_text) != (want.row.lead, want.row.cooperating)
    deadline_changed = task.deadline_text != want.row.deadline
    found, helping = _newly_found(task, want), _only_helping(task, want, history)
    _say(task, want)
    if deadline_changed:
        _read(task, want.reading)
        rederive_all(task)
    if leads_changed:
        task.unresolved = list(want.leads.unknown)
        _unassign(task, want, history)
        _assign(task, want, assigned_on, by)
    elif found:
        task.unresolved = [name for name in task.unresolved if name in want.leads.unknown]
        _assign(task, want, assigned_on, by)
    elif helping:
        _take_back(task, helping)
        _assign(task, want, assigned_on, by)


def _say(task: PlanTask, want: TaskRow) -> None:
    """The document's own words."""
    for column, name in _TEXTS.items():
        setattr(task, column, getattr(want.row, name))
    task.row, task.source_line = want.row.row, want.row.source_line


def _read(task: PlanTask, reading: DeadlineReading) -> None:
    """The dates read from a deadline; what a person had said of another wording no longer holds."""
    task.deadline_kind, task.starts_on, task.due_on = reading.kind, reading.starts_on, reading.due_on
    task.reading, task.confirmed_by = reading.as_json(), ""


def _assign(task: PlanTask, want: TaskRow, on: date, by: Actor) -> None:
    roles = ((TaskRole.LEAD, want.leads.units), (TaskRole.COOPERATE, want.cooperating))
    for role, units in roles:
        known = {part.unit_id for part in task.units if part.role is role}
        for unit in units:
            if unit.id not in known:
                assign(task, unit.id, role, on, by)


def _unassign(task: PlanTask, want: TaskRow, history: set[int]) -> None:
    """Take back the parts of units that the document no longer names, unless something has happened to them."""
    wanted = {(TaskRole.LEAD, unit.id) for unit in want.leads.units}
    wanted |= {(TaskRole.COOPERATE, unit.id) for unit in want.cooperating}
    unnamed = (part for part in task.units if (part.role, part.unit_id) not in wanted)
    _take_back(task, [part for part in unnamed if part.id not in history])


def _take_back(task: PlanTask, parts: Sequence[PlanTaskUnit]) -> None:
    for part in parts:
        queries.delete_events(part.id)
        task.units.remove(part)
    db.session.flush()


def _forget(task: PlanTask) -> None:
    for part in task.units:
        queries.delete_events(part.id)
    db.session.delete(task)
    db.session.flush()


def _summary(report: LoadReport) -> dict[str, Any]:
    return {
        "rows": len(report.wanted),
        "new": len(report.new),
        "changed_tasks": sorted({change.number for change in report.changed}),
        "removed": report.removed,
        "kept": report.kept,
        **({"helping": report.helping} if report.helping else {}),
    }
