"""Long work in the background: started by a page, watched by it, told apart by an id nobody can guess.

A job is a thread of the server process. What it has done so far is kept in `instance/jobs/<id>.json`, replaced
in one step, so that any process of the site can show it. While it runs it holds a lock on a file beside that one;
the system takes the lock away with the process, however it ends, and a job that nobody holds is told as failed.
"""

from __future__ import annotations

import fcntl
import json
import logging
import re
import secrets
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import IO, Any

from flask import Flask, current_app
from flask_babel import force_locale, get_locale
from flask_babel import gettext as _

from app.core.errors import DomainError, NotFound
from app.web import extensions
from app.web.formats import sentence
from app.web.outages import SENTENCES, outage_of

KEPT = 7 * 24 * 3600  # seconds after which a job's file is swept away
EVERY = 0.3  # seconds between two writings of progress
_ID = re.compile(r"[A-Za-z0-9_\-]{22}")
_log = logging.getLogger(__name__)


class JobState(StrEnum):
    """Where a job stands; the words of the progress component."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class JobStatus:
    """A job as a page shows it. `total` 0: not known. `result` is what the function returned (JSON)."""

    id: str
    name: str
    owner: int | None
    state: JobState
    done: int = 0
    total: int = 0
    text: str = ""
    result: Any = None
    error: str = ""
    about: str = ""  # of which thing only one job of the name works at a time
    who: str = ""  # who asked for it, as they sign
    since: str = ""  # when it was asked for (ISO 8601)

    @property
    def ended(self) -> bool:
        """Nothing more will change."""
        return self.state in (JobState.DONE, JobState.FAILED)

    @property
    def asked_at(self) -> datetime | None:
        """When it was asked for; kept of a job that works alone."""
        return datetime.fromisoformat(self.since) if self.since else None


class Job:
    """What the function is given: it says how far it has come."""

    def __init__(self, folder: Path, status: JobStatus) -> None:
        self.folder, self.status = folder, status
        self._written_at = 0.0

    def update(self, done: int, total: int = 0, text: str = "") -> None:
        """Say how far the work has come; written at most a few times a second."""
        if time.monotonic() - self._written_at >= EVERY:
            self._write(state=JobState.RUNNING, done=done, total=total, text=text)

    def step(self, text: str) -> None:
        """Say what is being done now; written at once."""
        self._write(state=JobState.RUNNING, text=text)

    def _write(self, **changes: Any) -> None:
        self.status = JobStatus(**asdict(self.status) | changes)
        path = self.folder / f"{self.status.id}.json"
        fresh = path.with_suffix(".new")
        fresh.write_text(json.dumps(asdict(self.status), ensure_ascii=False), encoding="utf-8")
        fresh.replace(path)  # one step: a reader sees the old one or the new one, whole
        self._written_at = time.monotonic()


def start(name: str, function: Callable[..., Any], *args: Any, owner: int | None = None) -> str:
    """Run `function(job, *args)` in the background, within the application and in the reader's language.

    Returns the job's id. `args` and what the function returns must be plain values: a thread shares no session.
    """
    return _start(JobStatus(secrets.token_urlsafe(16), name, owner, JobState.QUEUED), function, args, [])


def start_alone(name: str, about: str, who: str, function: Callable[..., Any], *args: Any, owner: int | None) -> bool:
    """The same for what nobody may do twice at a time: whether it was started, or another works on it already, in any
    process of this machine. `latest` finds it by its name and what it is about (letters, digits, hyphens)."""
    folder = _folder()
    folder.mkdir(parents=True, exist_ok=True)
    alone = _alone(folder, name, about).open("a+")
    try:
        fcntl.flock(alone, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        alone.close()
        return False
    job_id, since = secrets.token_urlsafe(16), extensions.now().isoformat()
    status = JobStatus(job_id, name, owner, JobState.QUEUED, about=about, who=who, since=since)
    alone.truncate(0)
    alone.write(status.id)
    alone.flush()
    _start(status, function, args, [alone])
    return True


def latest(name: str, about: str) -> JobStatus | None:
    """The last job of that name about that thing, whoever asked for it; None where there was none, or long ago."""
    try:
        job_id = _alone(_folder(), name, about).read_text()
        return _as_it_stands(_folder() / f"{job_id}.json")
    except FileNotFoundError:
        return None


def _alone(folder: Path, name: str, about: str) -> Path:
    return folder / f"{name}.{about}.alone"


def _start(status: JobStatus, function: Callable[..., Any], args: tuple[Any, ...], locks: list[IO[str]]) -> str:
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    folder = _folder()
    folder.mkdir(parents=True, exist_ok=True)
    _sweep(folder, status.owner)
    job = Job(folder, status)
    lock = _lock_of(folder, job.status.id).open("w")
    fcntl.flock(lock, fcntl.LOCK_EX)
    job._write()
    locale = get_locale()
    threading.Thread(
        target=_run,
        args=(app, str(locale or "vi"), job, [lock, *locks], function, args),
        name=f"job {status.name}",
        daemon=True,
    ).start()
    return job.status.id


def find(job_id: str, owner: int | None = None) -> JobStatus:
    """A job as it stands. Raises NotFound for one that is not there, or is another person's."""
    path = _folder() / f"{job_id}.json"
    if not _ID.fullmatch(job_id) or not path.is_file() or _status(path).owner != owner:
        raise NotFound("Không tìm thấy công việc này.")
    return _as_it_stands(path)


def _as_it_stands(path: Path) -> JobStatus:
    status = _status(path)
    if status.ended or _is_held(path.parent, status.id) or (status := _status(path)).ended:  # it may have ended since
        return status
    text = _("Công việc bị ngắt giữa chừng vì máy chủ khởi động lại. Không có gì được ghi; hãy làm lại.")
    return JobStatus(**asdict(status) | {"state": JobState.FAILED, "error": text})


def _run(
    app: Flask, locale: str, job: Job, locks: list[IO[str]], function: Callable[..., Any], args: tuple[Any, ...]
) -> None:
    try:
        with ExitStack() as held, app.app_context(), force_locale(locale):
            for lock in locks:
                held.enter_context(lock)
            try:
                job._write(state=JobState.RUNNING)
                result = function(job, *args)
                job._write(state=JobState.DONE, result=result)
            except DomainError as error:
                job._write(state=JobState.FAILED, error=sentence(error))
            except Exception as error:
                job._write(state=JobState.FAILED, error=_failure_sentence(job.status, error))
    finally:
        _lock_of(job.folder, job.status.id).unlink(missing_ok=True)


def _failure_sentence(status: JobStatus, error: Exception) -> str:
    """What the person reads of a job that failed; a fault of the site has its traceback in the log."""
    if outage := outage_of(error):
        _log.error("job %s (%s): outage %s: %s", status.id, status.name, outage.value, type(error).__name__)
        return str(_(SENTENCES[outage]))
    _log.error("job %s (%s) failed", status.id, status.name, exc_info=error)
    return str(_("Có lỗi ngoài dự kiến (mã %(code)s). Hãy báo người quản trị.", code=status.id[:8]))


def _status(path: Path) -> JobStatus:
    values = json.loads(path.read_text(encoding="utf-8"))
    values.pop("process", None)  # of a job from before its lock told whether it runs
    return JobStatus(**values | {"state": JobState(values["state"])})


def _lock_of(folder: Path, job_id: str) -> Path:
    return folder / f"{job_id}.lock"


def _is_held(folder: Path, job_id: str) -> bool:
    """Whether the thread that works on the job is there, in this process or another."""
    try:
        with _lock_of(folder, job_id).open() as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except FileNotFoundError:
        return False
    return False


def _folder() -> Path:
    return Path(current_app.config["SETTINGS"].instance) / "jobs"


def _sweep(folder: Path, owner: int | None) -> None:
    """Forget the person's own jobs that ended long ago. Another's stay, and so does what still runs: the clock that
    says how old a file is may be wrong."""
    oldest = time.time() - KEPT
    for path in folder.glob("*.json"):
        try:
            if path.stat().st_mtime < oldest and _is_over(path, owner):
                for part in (path, path.with_suffix(".new"), _lock_of(folder, path.stem)):
                    part.unlink(missing_ok=True)
        except FileNotFoundError:
            continue  # another process was quicker


def _is_over(path: Path, owner: int | None) -> bool:
    status = _status(path)
    return status.owner == owner and (status.ended or not _is_held(path.parent, status.id))
