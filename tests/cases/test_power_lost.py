"""Power lost while a case is handed over: it is either before or after, never between, and the audit trail agrees."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import func, select

from app.cases import chain, service
from app.cases.models import Case, CaseEvent, CaseStage
from app.organisation import audit
from app.organisation.models import AuditEntry
from app.web.extensions import db
from tests.clock import at
from tests.factories import CLERK, EVERYWHERE, make_department, make_version, receive

# Where the light goes out: just after this function, everything it did being in the database but not yet final.
POINTS = {
    "the event is written": (chain, "add_event"),
    "the case is written, its stages are not": (service, "derived_rows"),
    "all but the audit entry is written": (service, "replace_derived"),
    "the audit entry is written": (audit, "record"),
}


@pytest.fixture
def case(session: Any) -> Case:
    units = make_department()
    stages = (("Tiếp nhận", units["MC"], 1), ("Thẩm định", units["LDVL"], 3), ("Trả kết quả", units["MC"], 1))
    return receive(make_version(units["LDVL"], *stages), at("2024-06-28 08:00"))


def as_stored(case_id: int) -> dict[str, object]:
    """What the database says of the case, whatever this session remembers."""
    db.session.rollback()
    row = db.session.execute(
        select(Case.stage, Case.status, Case.holder_unit_id, Case.revision).where(Case.id == case_id)
    ).one()
    stays = (
        select(CaseStage.position, CaseStage.ended_at).where(CaseStage.case_id == case_id).order_by(CaseStage.number)
    )
    return {
        "case": tuple(row),
        "stays": [tuple(stay) for stay in db.session.execute(stays)],
        "events": db.session.scalar(select(func.count()).select_from(CaseEvent).where(CaseEvent.case_id == case_id)),
        "audited": list(db.session.scalars(select(AuditEntry.action).order_by(AuditEntry.number))),
    }


def then(what: Callable[..., Any], happens: Callable[[], Any]) -> Callable[..., Any]:
    """The function, followed by something."""

    def both(*args: Any, **kwargs: Any) -> Any:
        answer = what(*args, **kwargs)
        db.session.flush()
        happens()
        return answer

    return both


def hand_over_and_die(case_id: int, module: Any, name: str) -> None:
    """In a process of its own, killed as a power cut would: no handler runs, nothing is tidied up."""
    db.session.rollback()
    child = os.fork()
    if child == 0:
        try:
            db.session.remove()
            db.engine.dispose(close=False)  # the parent's connections are not this process's to use
            setattr(module, name, then(getattr(module, name), lambda: os.kill(os.getpid(), signal.SIGKILL)))
            service.hand_over(EVERYWHERE, CLERK, case_id)
        finally:
            os._exit(1)  # it was to be killed before
    _pid, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status)
    assert os.WTERMSIG(status) == signal.SIGKILL


@pytest.mark.parametrize("point", POINTS)
def test_a_process_killed_between_the_writes_leaves_the_case_as_it_was(case: Case, point: str) -> None:
    before = as_stored(case.id)
    hand_over_and_die(case.id, *POINTS[point])
    assert as_stored(case.id) == before
    assert audit.verify().broken_at is None
    after = service.hand_over(EVERYWHERE, CLERK, case.id)  # nothing is locked or left over
    assert after.stage == 2


def test_a_process_killed_after_the_last_write_has_handed_the_case_over(case: Case) -> None:
    before = as_stored(case.id)
    hand_over_and_die(case.id, db.session, "commit")
    after = as_stored(case.id)
    assert after["case"][0] == 2  # type: ignore[index]
    assert after["events"] == before["events"] + 1  # type: ignore[operator]
    assert after["audited"] == [*before["audited"], "record_handed_over"]  # type: ignore[misc]
    assert [ended is None for _position, ended in after["stays"]] == [False, True]  # type: ignore[attr-defined]
    assert audit.verify().broken_at is None


@pytest.mark.parametrize("point", POINTS)
def test_a_fault_between_the_writes_leaves_the_case_as_it_was(
    case: Case, point: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    module, name = POINTS[point]

    def fault() -> None:
        raise RuntimeError("the disk is full")

    before = as_stored(case.id)
    with monkeypatch.context() as patch:
        patch.setattr(module, name, then(getattr(module, name), fault))
        with pytest.raises(RuntimeError):
            service.hand_over(EVERYWHERE, CLERK, case.id)
    assert as_stored(case.id) == before
    assert audit.verify().broken_at is None
