"""Background jobs: watched from any process, told as failed when their process is gone."""

from __future__ import annotations

import json
import time
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from flask import Flask

from app import jobs
from app.errors import DomainError, NotFound
from app.jobs import JobState


def wait(job_id: str, owner: int | None = None) -> jobs.JobStatus:
    for _ in range(400):
        status = jobs.find(job_id, owner)
        if status.ended:
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


def test_a_job_whose_process_is_gone_has_failed(app: Flask, session: Any) -> None:
    job_id = jobs.start("thử", lambda _job: None)
    wait(job_id)
    path = Path(app.config["SETTINGS"].instance) / "jobs" / f"{job_id}.json"
    kept = json.loads(path.read_text())
    path.write_text(json.dumps(kept | {"state": "running", "process": 2**22 + 1}))
    status = jobs.find(job_id)
    assert status.state is JobState.FAILED
    assert "khởi động lại" in status.error
