"""What a preview foretells, kept beside the upload until the import is carried out: it is the upload's, and as old.

Counts and refused rows are in the tables; here are the first cases of each kind, and the names to be asked about.
"""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from flask import current_app

from app.cases.importing.reader import ImportReader
from app.cases.importing.report import SHOWN, PassedPromise, UnknownNameCount
from app.cases.importing.row_parsing import CONTACTS
from app.cases.importing.staging import Prepared
from app.cases.vocabulary import CaseStatus, EventKind


@dataclass(frozen=True, slots=True)
class NewCase:
    """A case that the file brings."""

    code: str
    applicant: str
    procedure: str
    status: CaseStatus


@dataclass(frozen=True, slots=True)
class MovedCase:
    """A recorded case that the file moves on: the events that come, and what is filled in, `knows` among it."""

    code: str
    events: list[EventKind]
    before: CaseStatus
    after: CaseStatus
    filled: list[str]


@dataclass(frozen=True, slots=True)
class ImportPreview:
    """The first cases of each kind, as far as a preview lists them, and the unknown names."""

    new: list[NewCase] = field(default_factory=list)
    moved: list[MovedCase] = field(default_factory=list)
    unchanged: list[tuple[str, CaseStatus]] = field(default_factory=list)
    asked: list[UnknownNameCount] = field(default_factory=list)
    mendable: int = 0  # refused rows that only the letters of an old code page stand in the way of
    reopenable: int = 0  # refused rows of ended cases that may have been opened again
    passed: list[PassedPromise] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)  # headings that nothing is made of


def keep_preview(import_id: int, run: ImportReader) -> None:
    """Keep what the run foretells."""
    report = run.report
    values = {
        "new": [_new(run, case) for case in run.plan.first(SHOWN, new=True)],
        "moved": [_moved(case) for case in run.plan.first(SHOWN, new=False)],
        "unchanged": list(report.unchanged.items()),
        "mendable": report.mendable,
        "unread": report.unread,
        "reopenable": report.reopenable,
        "passed": [[p.place, p.code, p.recorded.isoformat(), p.stated.isoformat()] for p in report.passed],
        "asked": [asdict(asked) for asked in sorted(report.asked.values(), key=lambda a: (a.kind, -a.rows, a.key))],
    }
    run.plan.close()
    path = _path(import_id)
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps(values, ensure_ascii=False), encoding="utf-8")
    fresh.replace(path)


def preview_of(import_id: int) -> ImportPreview:
    """What was foretold; empty when it is no longer there."""
    try:
        values: dict[str, Any] = json.loads(_path(import_id).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return ImportPreview()
    return ImportPreview(
        new=[NewCase(code, applicant, name, CaseStatus(status)) for code, applicant, name, status in values["new"]],
        moved=[
            MovedCase(code, [EventKind(kind) for kind in kinds], CaseStatus(before), CaseStatus(after), filled)
            for code, kinds, before, after, filled in values["moved"]
        ],
        unchanged=[(code, CaseStatus(status)) for code, status in values["unchanged"]],
        asked=[UnknownNameCount(**asked) for asked in values["asked"]],
        mendable=values.get("mendable", 0),
        unread=values.get("unread", []),
        reopenable=values.get("reopenable", 0),
        passed=[
            PassedPromise(place, code, datetime.fromisoformat(recorded), datetime.fromisoformat(stated))
            for place, code, recorded, stated in values.get("passed", [])
        ],
    )


def discard_preview(import_id: int) -> None:
    with suppress(FileNotFoundError):
        _path(import_id).unlink()


def _new(run: ImportReader, case: Prepared) -> list[Any]:
    procedure = run.catalogue.versions[case.case["version_id"]].name
    return [case.code, case.case["applicant"], procedure, case.case["status"]]


def _moved(case: Prepared) -> list[Any]:
    kinds = [kind for _number, kind, *_rest in case.events]
    filled = [name for name in (*CONTACTS, "knows") if case.before[name] != case.case[name]]
    return [case.code, kinds, case.before["status"], case.case["status"], filled]


def _path(import_id: int) -> Path:
    return Path(current_app.config["SETTINGS"].instance) / "uploads" / f"preview-{import_id}.json"
