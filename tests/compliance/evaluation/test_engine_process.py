"""The rules engine crashes, hangs or floods the memory: the check says so, nothing is written, the next one works."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import threading
import time
from array import array
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from app.compliance.evaluation import engine as engine_module
from app.compliance.evaluation import engine_process
from app.compliance.evaluation.engine import Engine, Fulfilment, TriggeringEvent, shared_engine
from app.compliance.evaluation.engine_process import EngineStopped, Limits
from app.compliance.evaluation.engine_worker import Collided
from app.compliance.models import CheckResult, CheckRun, PackText, RunViolation, Violation
from app.compliance.runs import service
from app.compliance.runs.verification import verify_run
from app.organisation.models import AuditEntry
from app.rulepacks.compiler import Compiled, RuleOutcome, Ruleset
from app.web.extensions import db
from tests.compliance.month import JUNE, Month, check, statuses

ROOT = Path(engine_process.__file__).parents[3]
POSITIVE = Compiled(
    (
        Ruleset(
            ("p-1",), ("n",), {("p-1", RuleOutcome.PASSED): {"$gt": {"n": 0}}, ("p-1", RuleOutcome.FAILED): {"n": 0}}
        ),
    ),
    {},
    (),
    1000,
)
Harm = Callable[[int], None]


def works(engine: Engine) -> bool:
    return engine.run(POSITIVE, [{"n": 1}, {"n": 0}]) == [{"p-1": RuleOutcome.PASSED}, {"p-1": RuleOutcome.FAILED}]


def crash(pid: int) -> None:
    """Die while the question lies there: it is stopped, asked, and comes to with a fault of memory."""
    os.kill(pid, signal.SIGSEGV)
    os.kill(pid, signal.SIGCONT)


def stand_still(pid: int) -> None:
    """It was stopped before it was asked, and stays so."""


def starve(pid: int) -> None:
    """What it asks for from now on is more than it may have."""
    held = int(Path(f"/proc/{pid}/statm").read_text().split()[0]) * resource.getpagesize()
    resource.prlimit(pid, resource.RLIMIT_AS, (held, held))
    os.kill(pid, signal.SIGCONT)


@pytest.fixture
def harmed(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Harm the engine in the middle of a check: `harmed(how, at=3)` when it is asked for the third time."""
    monkeypatch.setattr(engine_process, "_limits", Limits(seconds=2, megabytes=128))
    _restart()
    asked, send = [0], engine_process.send

    def harmed(how: Harm, at: int = 3) -> None:
        def sending(connection: Any, header: dict[str, Any], numbers: array[int]) -> None:
            asked[0] += 1
            if asked[0] != at:
                send(connection, header, numbers)
                return
            pid = shared_engine().pid
            assert pid is not None
            os.kill(pid, signal.SIGSTOP)
            if how is starve:  # a question larger than the memory it may have
                starve(pid)
                numbers = array("q", bytes(32 << 20))
            send(connection, header, numbers)
            if how is not starve:
                how(pid)

        monkeypatch.setattr(engine_process, "send", sending)

    yield harmed
    _restart()


def _restart() -> None:
    with suppress(TypeError):
        os.kill(shared_engine().pid, signal.SIGKILL)  # type: ignore[arg-type]


TABLES = (CheckRun, CheckResult, Violation, RunViolation, PackText)


def rows() -> list[int | None]:
    return [db.session.scalar(select(func.count()).select_from(table)) for table in TABLES]


@pytest.mark.parametrize(
    ("how", "says"),
    [
        (crash, "tiến trình kết thúc bất thường, SIGSEGV"),
        (stand_still, "không trả lời sau 2 giây"),
        (starve, "cần quá 128 MB bộ nhớ"),
    ],
)
def test_a_check_whose_engine_dies_says_so_writes_nothing_and_the_next_one_works(
    month: Month, harmed: Callable[..., None], how: Harm, says: str
) -> None:
    before = rows()
    harmed(how)
    with pytest.raises(EngineStopped) as stopped:
        check()
    assert says in str(stopped.value)
    assert "\n" not in str(stopped.value)
    db.session.rollback()
    assert rows() == before
    entry = db.session.scalar(select(AuditEntry).order_by(AuditEntry.id.desc()))
    assert entry is not None
    assert (entry.action, entry.details["reason"]) == ("stop_check", says)
    report = check()
    assert statuses(report, "LDVL")["khd-2c.2"] == "pass"
    assert report.run is not None
    assert verify_run(report.run.id).agrees


def test_verifying_a_run_with_a_dying_engine_does_not_call_the_run_wrong(
    month: Month, harmed: Callable[..., None]
) -> None:
    run = check().run
    assert run is not None
    harmed(crash)
    with pytest.raises(EngineStopped):
        verify_run(run.id)
    assert verify_run(run.id).agrees


def test_the_page_of_other_values_says_that_the_engine_died(
    month: Month, inspector: FlaskClient, harmed: Callable[..., None]
) -> None:
    harmed(crash)
    address = "/kiem-tra/thu?period=6/2024&v.online_payment_rate=50%25"
    page = inspector.get(address)
    assert page.status_code == 422
    assert "Bộ máy quy tắc ngừng giữa chừng" in page.get_data(as_text=True)
    assert inspector.get(address).status_code == 200


def test_the_command_says_it_in_one_line(app: Any, month: Month, harmed: Callable[..., None]) -> None:
    harmed(crash)
    done = app.test_cli_runner().invoke(args=["check", "run", "--period", "2024-06"])
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1
    assert "Bộ máy quy tắc ngừng giữa chừng" in done.stderr


# --- the process itself ------------------------------------------------------------------------------------------


def test_an_engine_that_was_killed_while_idle_is_replaced_without_a_word() -> None:
    engine = Engine()
    assert works(engine)
    before = engine.pid
    assert before is not None
    os.kill(before, signal.SIGKILL)
    assert _ends(before)
    assert works(engine)
    assert engine.pid != before


def test_real_facts_that_flood_the_memory_end_the_engine_within_its_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    """A join of many facts with many others is what grows without end in durable_rules."""
    monkeypatch.setattr(engine_module, "JOIN", 100_000)
    engine = Engine(Limits(seconds=60, megabytes=128))
    events = [TriggeringEvent.without_deadline(number % 2) for number in range(3_000)]
    deeds = [Fulfilment(number % 2, number) for number in range(3_000)]
    with pytest.raises(EngineStopped):
        engine.duties(events, deeds, date(2024, 7, 1))
    assert engine.pid is None
    monkeypatch.undo()
    assert works(engine)


def test_an_engine_that_hangs_in_one_thread_is_replaced_for_the_other() -> None:
    engine = Engine(Limits(seconds=1))
    assert works(engine)
    assert engine.pid is not None
    os.kill(engine.pid, signal.SIGSTOP)
    found: list[object] = []

    def ask() -> None:
        try:
            found.append(works(engine))
        except EngineStopped as stopped:
            found.append(stopped)

    threads = [threading.Thread(target=ask) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(str(type(each).__name__) for each in found) == ["EngineStopped", "bool"]
    assert True in found


def test_an_engine_that_is_let_go_ends() -> None:
    engine = Engine()
    assert works(engine)
    pid = engine.pid
    assert pid is not None
    del engine
    assert _ends(pid)


PARENT = """
import sys, time
from tests.compliance.evaluation.test_engine_process import Engine, works
engine = Engine()
works(engine)
print(engine.pid, flush=True)
time.sleep(600)
"""


@pytest.mark.parametrize("stopped", [False, True])
def test_the_engine_goes_with_the_process_that_started_it(stopped: bool) -> None:
    """Also when that one is killed outright, and when the engine stands still just then."""
    parent = subprocess.Popen([sys.executable, "-c", PARENT], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    if stopped:
        os.kill(pid, signal.SIGSTOP)
    parent.kill()
    parent.wait()
    parent.stdout.close()
    assert _ends(pid)


def test_a_process_that_was_forked_off_has_an_engine_of_its_own() -> None:
    engine = Engine()
    assert works(engine)
    before = engine.pid
    child = os.fork()
    if not child:
        os._exit(0 if works(engine) and engine.pid != before else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert works(engine)
    assert engine.pid == before


@pytest.mark.parametrize("most", [1, 7])
def test_facts_that_are_one_to_the_engine_are_asked_about_apart(monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    """As if its 32 bits of a hash told no more than so many facts apart."""
    told, session = [], engine_process.EngineProcess.session

    def colliding(self: Any, rules: Any, tables: Any) -> Any:
        told.append([len(numbers) // len(fields) for fields, numbers in tables])
        if max(told[-1][-2:]) > most:
            raise Collided("the same")
        return session(self, rules, tables)

    monkeypatch.setattr(engine_process.EngineProcess, "session", colliding)
    found = Engine().run(POSITIVE, [{"n": number % 2} for number in range(20)])
    assert [one["p-1"] for one in found] == [RuleOutcome.FAILED, RuleOutcome.PASSED] * 10
    assert max(map(max, told)) == 20


def _ends(pid: int) -> bool:
    """Whether the process is gone, or soon is; what nobody has waited for yet counts as gone."""
    for _ in range(300):
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except FileNotFoundError:
            return True
        if state in "ZX":
            return True
        time.sleep(0.1)
    return False


def test_what_if_dry_run_and_rule_tests_ask_the_same_engine(month: Month) -> None:
    before = shared_engine().asserted
    service.what_if(JUNE, {"online_payment_rate": "50%"})
    assert shared_engine().asserted > before
