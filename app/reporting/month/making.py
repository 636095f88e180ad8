"""The report as a page's papers, and as a file: at once, or in a job where it is large."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

from flask import current_app
from flask_babel import force_locale

from app.core.errors import NotFound
from app.core.periods import Period
from app.organisation.access import Scope, whole_site
from app.organisation.calendars import today
from app.reporting.month.figures import figures
from app.reporting.month.paper import ReportLinks, documents
from app.reporting.paper_parts import house
from app.slips.document import PrintedSlip
from app.slips.printing import RENDERERS
from app.web.garbage import rare_garbage_collection
from app.web.jobs import KEPT, Job

LARGE = 60
"""Units from which on the page leaves out the annex of every figure and files are made in a job."""


def papers(
    scope: Scope, period: Period, links: ReportLinks | None = None, *, details: bool = True
) -> list[PrintedSlip]:
    """The report and its annexes. NotFound for a period that was never checked."""
    with force_locale("vi"):
        return documents(figures(scope, period), house(), today(), links or ReportLinks(), details=details)


@rare_garbage_collection()
def content(scope: Scope, period: Period, ending: str) -> bytes:
    """The report as a PDF, a Word document or a workbook."""
    return RENDERERS[ending](papers(scope, period))


def name_of(period: Period) -> str:
    """Of its file, without the ending."""
    return f"bao-cao-kiem-tra-{period.key}"


def in_job(job: Job, key: str, ending: str) -> dict[str, Any]:
    """Make the file in the background; kept as long as what is said of the job."""
    job.update(0)
    made = content(whole_site(), Period.parse(key), ending)
    folder = _folder()
    folder.mkdir(parents=True, exist_ok=True)
    _sweep(folder)
    with os.fdopen(os.open(_path(job.status.id, ending), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(made)
    return {"period": key, "ending": ending}


def made_by(job_id: str, result: dict[str, Any]) -> Path:
    """The file that a job made. Raises NotFound once it was swept away."""
    path = _path(job_id, result["ending"])
    if not path.is_file():
        raise NotFound("Tệp báo cáo không còn; hãy lập lại.")
    return path


def _folder() -> Path:
    return Path(current_app.config["SETTINGS"].instance) / "reports"


def _path(job_id: str, ending: str) -> Path:
    return _folder() / f"{job_id}.{ending}"


def _sweep(folder: Path) -> None:
    oldest = time.time() - KEPT
    for path in folder.iterdir():
        if path.stat().st_mtime < oldest:
            path.unlink(missing_ok=True)
