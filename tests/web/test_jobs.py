"""Background jobs: watched from any process, told as failed when their process is gone."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from flask import Flask

from app.core.errors import DomainError, NotFound
from app.web import jobs
from app.web.jobs import JobState


def wait(job_id: str, owner: int | None = None) -> jobs.JobStatus:
    for _ in range(400):
        status = jobs.find(job_id, owner)
        if status.ended and not jobs._is_held(jobs._folder(), job_id):  # its thread writes the end, then lets go
            return status
        time.sleep(0.01)
    raise AssertionError("the job did not end")


def test_a_job_tells_its_progress_and_its_result(session: Any) -> None:
    told, go_on = Event(), Event()

    def work(job: jobs.Job, amount: int) -> dict[str, int]:
        job._written_at = 0.0
        job.update(3, amount, "Đã đọc 3 dòng")
        told.set()
        go_on.wait(5)
        return {"id": 12}

    job_id = jobs.start("thử", work, 10)
    told.wait(5)
    status = jobs.find(job_id)
    assert (status.state, status.done, status.total, status.text) == (JobState.RUNNING, 3, 10, "Đã đọc 3 dòng")
    go_on.set()
    assert wait(job_id).result == {"id": 12}


def test_a_domain_error_is_shown_as_its_sentence(session: Any) -> None:
    def work(_job: jobs.Job) -> None:
        raise DomainError("Tệp “%(name)s” rỗng.", name="a.csv")

    status = wait(jobs.start("thử", work))
    assert (status.state, status.error) == (JobState.FAILED, "Tệp “a.csv” rỗng.")


def test_an_unexpected_error_is_logged_and_named_by_a_code(session: Any, caplog: pytest.LogCaptureFixture) -> None:
    def work(_job: jobs.Job) -> None:
        raise ZeroDivisionError("secret")

    status = wait(jobs.start("thử", work))
    assert status.id[:8] in status.error
    assert "secret" not in status.error
    assert "ZeroDivisionError" in caplog.text


def test_a_job_is_found_by_its_owner_only(session: Any) -> None:
    job_id = jobs.start("thử", lambda _job: None, owner=7)
    assert wait(job_id, owner=7).state is JobState.DONE
    with pytest.raises(NotFound):
        jobs.find(job_id, owner=8)


@pytest.mark.parametrize("job_id", ["../secret_key", "x", "x" * 22, ""])
def test_only_jobs_are_found(session: Any, job_id: str) -> None:
    with pytest.raises(NotFound):
        jobs.find(job_id)


def file_of(app: Flask, job_id: str) -> Path:
    return Path(app.config["SETTINGS"].instance) / "jobs" / f"{job_id}.json"


@pytest.mark.parametrize("process", [{}, {"process": os.getpid()}, {"process": os.getppid()}])
def test_a_job_that_nobody_works_on_has_failed_whatever_process_bears_its_number_now(
    app: Flask, session: Any, process: dict[str, int]
) -> None:
    job_id = jobs.start("thử", lambda _job: None)
    wait(job_id)
    kept = json.loads(file_of(app, job_id).read_text())
    file_of(app, job_id).write_text(json.dumps(kept | {"state": "running"} | process))
    status = jobs.find(job_id)
    assert status.state is JobState.FAILED
    assert "khởi động lại" in status.error


def test_a_job_runs_as_long_as_its_process_and_is_seen_from_another(app: Flask, session: Any) -> None:
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.write(writing, jobs.start("thử", lambda _job: Event().wait()).encode())
            Event().wait()
        finally:
            os._exit(1)
    os.close(writing)
    job_id = os.read(reading, 100).decode()
    os.close(reading)
    assert not jobs.find(job_id).ended
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    assert jobs.find(job_id).state is JobState.FAILED
    assert file_of(app, job_id).with_suffix(".lock").exists()
    days_ago = time.time() - jobs.KEPT - 60
    os.utime(file_of(app, job_id), (days_ago, days_ago))
    file_of(app, job_id).with_suffix(".new").touch()  # killed while it wrote how far it had come
    wait(jobs.start("thử", lambda _job: None))
    assert not list(file_of(app, job_id).parent.glob(f"{job_id}.*"))


def test_a_job_that_ends_while_it_is_looked_at_has_not_failed(session: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    go_on = Event()
    job_id = jobs.start("thử", lambda _job: go_on.wait(5))
    held = jobs._is_held

    def ends_meanwhile(folder: Path, job: str) -> bool:
        go_on.set()
        while held(folder, job):
            time.sleep(0.01)
        return False

    monkeypatch.setattr(jobs, "_is_held", ends_meanwhile)
    assert jobs.find(job_id).state is JobState.DONE
