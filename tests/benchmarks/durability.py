"""What SQLite's `synchronous = FULL` costs against NORMAL: whole intakes, and the bare commits of one small row.

FULL waits for the disk at each commit; NORMAL, in write-ahead mode, only now and then, and may lose the last ones when
the power goes. The settings take turns, in rounds, on two databases that begin the same.
"""

from __future__ import annotations

import sqlite3
import time
from typing import Any

from tests.benchmarks.measuring import Answer, application, run_of, summary

SETTINGS = ("NORMAL", "FULL")
BATCH = 50  # intakes, and bare commits, in a run


def intakes(setting: str, url: str, rounds: int) -> Answer:
    """Cases taken in one after another by the service, each its own transaction with its events and audit entry."""
    from sqlalchemy import event, select, text
    from sqlalchemy.engine import Engine

    from app.cases.intake.contents import Applicant
    from app.cases.service import receive_case
    from app.cases.vocabulary import Channel
    from app.organisation.access import Actor, whole_site
    from app.procedures.models import ProcedureVersion
    from app.web.extensions import db

    @event.listens_for(Engine, "connect")  # after the site's own, which sets what is in force
    def _set(connection: Any, _record: Any) -> None:
        connection.execute(f"PRAGMA synchronous = {setting}")

    with application(url):
        assert db.session.scalar(text("PRAGMA synchronous")) == SETTINGS.index(setting) + 1
        version = db.session.scalars(select(ProcedureVersion.id).order_by(ProcedureVersion.id)).first()
        assert version is not None
        scope, by = whole_site(), Actor("bench")

        def take_in() -> None:
            for number in range(BATCH):
                who = Applicant(f"Nguyễn Thị Đo Lường {number}", f"056{number:09d}", f"09{number:08d}", "Nha Trang")
                receive_case(scope, by, version_id=version, applicant=who, channel=Channel.IN_PERSON)
                db.session.remove()

        take_in()
        return summary([run_of(take_in) for _ in range(rounds)]) | {"commits": BATCH}


def bare(setting: str, url: str, rounds: int) -> Answer:
    """The driver alone: one small row, and a commit."""
    connection = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute(f"PRAGMA synchronous = {setting}")
    connection.execute("CREATE TABLE IF NOT EXISTS bench_commits (at REAL)")

    def commit() -> None:
        for _ in range(BATCH):
            connection.execute("INSERT INTO bench_commits VALUES (?)", [time.time()])

    commit()
    found = summary([run_of(commit) for _ in range(rounds)]) | {"commits": BATCH}
    connection.execute("DROP TABLE bench_commits")
    connection.close()
    return found
