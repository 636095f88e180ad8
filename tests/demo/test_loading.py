"""Loading the demonstration: the same again, all or nothing, and never into somebody's records."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, inspect, select, text

from app.cases import verifying as refolding
from app.cases.models import Case, CaseEvent
from app.cases.vocabulary import EventKind
from app.core.errors import Conflict, DomainError
from app.demo import loading, sheets
from app.demo.intake import shared_out
from app.demo.loading import load
from app.organisation import audit
from app.organisation.access import Actor, Scope, whole_site
from app.procedures.models import ProcedureVersion
from app.reporting import verifying
from app.web.extensions import Base, db
from tests.clock import at
from tests.demo.digest import digest
from tests.factories import happen, make_unit, receive
from tests.grounds import wipe

BY = Actor("test")
UNTIL = date(2024, 6, 30)
TABLES = (
    *("units", "unit_aliases", "procedures", "procedure_versions", "procedure_stages", "cases", "case_events"),
    *("case_stages", "case_pauses", "payments", "case_counters"),
)
pytestmark = pytest.mark.usefixtures("quick_passwords")


def rows_hash() -> str:
    """SHA-256 of every row of the demonstration's tables."""
    hashed = hashlib.sha256()
    for name in TABLES:
        table = Base.metadata.tables[name]
        for row in db.session.execute(select(table).order_by(table.c.id)):
            hashed.update(repr(tuple(row)).encode())
    db.session.rollback()
    return hashed.hexdigest()


def load_again(**options: Any) -> str:
    db.session.remove()
    wipe()
    load(BY, until=UNTIL, **({"cases": 200, "seed": 5} | options))
    return rows_hash()


@pytest.fixture
def loaded_before(session: Any, before: dict[str, str]) -> str:
    """What a load of 200 cases with seed 5 gives, once on each database."""
    kind = db.engine.dialect.name
    if kind not in before:
        before[kind] = load_again()
    return before[kind]


@pytest.fixture(scope="module")
def before() -> dict[str, str]:
    return {}


def indexes() -> dict[str, set[str]]:
    db.session.rollback()
    known = inspect(db.engine)
    found = {table: {str(index["name"]) for index in known.get_indexes(table)} for table in sheets.TABLES}
    db.engine.dispose()
    return found


def test_another_seed_gives_other_rows(loaded_before: str) -> None:
    assert load_again(seed=6) != loaded_before


def test_the_same_seed_and_last_day_give_the_same_rows_whenever_they_are_loaded(
    loaded_before: str, freeze: Callable[..., Any]
) -> None:
    freeze("2024-07-19 16:20")
    assert load_again() == loaded_before


def test_rows_do_not_depend_on_the_hash_seed_of_the_process() -> None:
    def printed(seed: str) -> str:
        environ = os.environ | {"PYTHONHASHSEED": seed, "PYTHONPATH": "."}
        done = subprocess.run(
            [sys.executable, "-m", "tests.demo.digest"], env=environ, capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    assert printed("1") == printed("2") == digest()


def test_many_cases_made_up_by_workers_are_the_same_rows(loaded_before: str, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = indexes()
    monkeypatch.setattr(loading, "MANY", 100)
    monkeypatch.setattr(loading, "CHUNK", 40)
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    assert load_again() == loaded_before
    assert indexes() == whole


def test_cases_loaded_in_bulk_are_found_by_their_words(session: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loading, "MANY", 100)
    monkeypatch.setattr(os, "cpu_count", lambda: 1)
    load(BY, cases=150, seed=5, until=UNTIL)
    code = db.session.scalar(select(Case.code).where(Case.id == 77))
    assert code is not None
    if db.engine.dialect.name == "sqlite":
        found = db.session.execute(
            text("SELECT rowid FROM case_search WHERE case_search MATCH :words"), {"words": f'"{code.split("-")[1]}"'}
        ).scalars()
        assert 77 in set(found)
        assert db.session.execute(text("PRAGMA journal_mode")).scalar() == "wal"
        assert db.session.execute(text("PRAGMA foreign_keys")).scalar() == 1
        triggers = "SELECT count(*) FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'cases'"
        assert db.session.execute(text(triggers)).scalar() == 3
    else:
        assert "ix_cases_search" in {row[0] for row in db.session.execute(text("SELECT indexname FROM pg_indexes"))}


@pytest.mark.parametrize("many", [False, True])
def test_a_load_that_fails_leaves_no_case_and_every_index(
    session: Any, monkeypatch: pytest.MonkeyPatch, many: bool
) -> None:
    before = indexes()
    monkeypatch.setattr(loading, "MANY", 1 if many else 10_000)
    monkeypatch.setattr(loading, "CHUNK", 20)
    monkeypatch.setattr(os, "cpu_count", lambda: 1)

    def pull_the_plug(done: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        load(BY, cases=100, seed=5, until=UNTIL, on_progress=pull_the_plug)
    assert db.session.scalar(select(func.count()).select_from(Case)) == 0
    assert indexes() == before
    load(BY, cases=100, seed=5, until=UNTIL)  # and can be tried again
    assert db.session.scalar(select(func.count()).select_from(Case)) == 100


def test_the_desk_goes_on_where_the_demonstration_stops(session: Any, freeze: Callable[..., Any]) -> None:
    load(BY, cases=200, seed=5, until=date(2024, 6, 28), months=2)
    scope = Scope("TEST")
    last = db.session.scalar(select(Case.code).where(Case.code.like("%-240628-%")).order_by(Case.id.desc()).limit(1))
    assert last is not None
    version = db.session.scalar(select(ProcedureVersion).where(ProcedureVersion.name.like("Cấp giấy phép lao động%")))
    assert version is not None
    assert receive(version, at("2024-06-28 16:59")).code == f"{last[:-4]}{int(last[-4:]) + 1:04d}"
    running = db.session.scalar(select(Case).where(Case.site == scope.site, Case.status == "received").limit(1))
    assert running is not None
    count = select(func.count()).select_from(CaseEvent).where(CaseEvent.case_id == running.id)
    before = db.session.scalar(count) or 0
    happen(running, EventKind.NOTED, at("2024-07-01 07:45"))
    assert db.session.scalar(count) == before + 1


def test_it_is_refused_where_there_is_a_real_unit(session: Any) -> None:
    make_unit("STP", "Sở Tư pháp")
    with pytest.raises(Conflict, match="đơn vị"):
        load(BY, cases=10, seed=1, until=UNTIL)


def test_it_is_refused_a_second_time(session: Any) -> None:
    load(BY, cases=10, seed=1, until=UNTIL, months=1)
    with pytest.raises(Conflict, match="hồ sơ"):
        load(BY, cases=10, seed=1, until=UNTIL, months=1)
    assert db.session.scalar(select(func.count()).select_from(Case)) == 10


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"cases": 0}, "cases"),
        ({"cases": 10**9}, "cases"),
        ({"months": 0}, "months"),
        ({"until": date(2024, 7, 2)}, "until"),
        ({"until": date(2021, 5, 1)}, "until"),
    ],
)
def test_what_cannot_be_loaded_is_said(session: Any, options: dict[str, Any], field: str) -> None:
    with pytest.raises(DomainError) as refused:
        load(BY, **({"cases": 10, "seed": 1, "until": UNTIL} | options))
    assert refused.value.field == field
    assert loading.is_empty()


def test_without_a_last_day_cases_come_in_until_this_minute(session: Any, freeze: Callable[..., Any]) -> None:
    now = freeze("2024-07-03 15:30")
    loaded = load(BY, cases=400, seed=1, months=1)
    assert (loaded.first, loaded.last) == (date(2024, 6, 1), date(2024, 7, 3))
    last = db.session.scalar(select(func.max(CaseEvent.at)))
    assert last is not None and at("2024-07-03 07:30") < last <= now
    received = db.session.scalar(select(func.max(Case.received_at)))
    assert received is not None and at("2024-07-03 07:30") <= received <= now


def test_the_load_leaves_its_entry_in_an_unbroken_audit_trail(session: Any) -> None:
    load(BY, cases=10, seed=3, until=UNTIL, months=1)
    assert audit.verify().broken_at is None
    entry = db.session.execute(text("SELECT details FROM audit_entries WHERE action = 'load_demo'")).scalar()
    details = json.loads(entry) if isinstance(entry, str) else entry
    assert details["cases"] == 10 and details["seed"] == 3


def test_what_is_loaded_is_chained_and_is_what_its_events_give(session: Any) -> None:
    """Receipts given afterwards and letters of apology too."""
    load(BY, cases=150, seed=3, until=UNTIL, months=2)
    assert verifying.verify().broken == []
    assert list(refolding.differences(whole_site(), refolding.Refolding())) == []


def test_days_are_shared_out_exactly() -> None:
    assert shared_out(10, [1.0, 1.0, 1.0]) == [4, 3, 3]
    assert shared_out(7, [0.0, 5.0, 2.0]) == [0, 5, 2]
    assert sum(shared_out(1_000_003, [0.3, 1.7, 2.2, 0.01])) == 1_000_003


def test_the_command_prints_one_json_object_and_is_silent_with_if_empty(app: Flask, session: Any) -> None:
    run = app.test_cli_runner()
    done = run.invoke(args=["demo", "load", "--cases", "20", "--seed", "4", "--until", "2024-06-30", "--months", "1"])
    assert done.exit_code == 0, done.stderr
    printed = json.loads(done.stdout)
    assert (printed["cases"], printed["seed"], printed["last"]) == (20, 4, "2024-06-30")
    again = run.invoke(args=["demo", "load", "--if-empty"])
    assert (again.exit_code, again.stdout) == (0, "")
    refused = run.invoke(args=["demo", "load"])
    assert refused.exit_code == 2 and refused.stdout == "" and len(refused.stderr.strip().splitlines()) == 1
