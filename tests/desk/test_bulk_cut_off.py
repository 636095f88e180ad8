"""An action on many cases, or taking it back, that is killed on the way: it says what is true, and goes on."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from app.cases.bulk import service
from app.cases.bulk.models import BulkAction, BulkCaseState
from app.cases.models import Case, CaseEvent
from app.cases.vocabulary import EventKind
from app.core.errors import NotFound
from app.organisation import audit
from app.organisation.access import Actor
from app.organisation.models import AuditEntry
from app.web.extensions import db
from tests.clock import at
from tests.desk.test_bulk import Desk
from tests.factories import EVERYWHERE, happen
from tests.kills import killed_after

DONE, LEFT_OUT, WAITING = BulkCaseState.DONE, BulkCaseState.LEFT_OUT, BulkCaseState.WAITING
UNDONE, KEPT = BulkCaseState.UNDONE, BulkCaseState.KEPT


@pytest.fixture
def desk(session: Any) -> Desk:
    return Desk()


def at_every_statement(action_id: int, what: Callable[..., Any], *args: Any) -> int:
    """Do it, killed after its first statement, again after its second, and so on until it is done; how many kills.

    After each the record of the action says what is true of its cases.
    """
    for statement in count(1):
        if not killed_after(statement, what, *args):
            return statement - 1
        assert_true(action_id)
    raise AssertionError


def assert_true(action_id: int) -> None:
    action = db.session.get_one(BulkAction, action_id, populate_existing=True)
    for row in action.cases:
        found = db.session.execute(
            select(CaseEvent.number, CaseEvent.kind).where(CaseEvent.case_id == row.case_id).order_by(CaseEvent.number)
        ).all()
        kinds = [event.kind for event in found]
        assert kinds.count(action.kind) == (row.state in (DONE, UNDONE, KEPT)), row.state
        assert kinds.count(EventKind.CORRECTED) == (row.state is UNDONE), row.state
        if row.state in (DONE, UNDONE, KEPT):
            assert row.code
            assert row.event_number in [event.number for event in found if event.kind == action.kind]
    assert (action.finished_at is None) or not action.those(WAITING)
    assert (action.undone_at is None) or not action.those(DONE)
    db.session.rollback()


def entries(verb: str) -> list[dict[str, Any]]:
    return [dict(each) for each in db.session.scalars(select(AuditEntry.details).where(AuditEntry.action == verb))]


def begun(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> int:
    """An action cut off before its first case: on three that it can be done to, and one that it cannot."""
    with monkeypatch.context() as patch:
        patch.setattr(service, "go_on", lambda _scope, _by, action_id: db.session.get_one(BulkAction, action_id))
        chosen = desk.seen(*desk.fresh, desk.resolved)
        return service.carry_out(EVERYWHERE, desk.by, EventKind.HANDED_OVER, chosen, {}, "Chuyển phòng").id


def test_killed_after_any_statement_it_goes_on_until_all_is_done(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    action_id = begun(desk, monkeypatch)
    kills = at_every_statement(action_id, service.go_on, EVERYWHERE, desk.by, action_id)
    assert kills > 10
    action = db.session.get_one(BulkAction, action_id)
    assert [row.state for row in action.cases] == [DONE, DONE, DONE, LEFT_OUT]
    assert entries("bulk_action") == [{"kind": "handed_over", "chosen": 4}]
    assert entries("finish_bulk_action") == [{"done": 3, "left_out": 1}]
    assert audit.verify().broken_at is None
    assert service.unfinished(desk.clerk.id) == []


def test_taking_it_back_killed_after_any_statement_goes_on_until_all_is_taken_back(desk: Desk) -> None:
    chosen = desk.seen(*desk.fresh)
    action_id = service.carry_out(EVERYWHERE, desk.by, EventKind.HANDED_OVER, chosen, {}).id
    happen(desk.fresh[2], EventKind.SIGNED, at("2024-07-01 08:00"), note="Đã xem")
    at_every_statement(action_id, service.undo, EVERYWHERE, desk.by, action_id)
    action = db.session.get_one(BulkAction, action_id)
    assert [row.state for row in action.cases] == [UNDONE, UNDONE, KEPT]
    assert action.undone_at is not None
    assert entries("undo_bulk_action") == [{"cases": 3}]
    assert entries("finish_undo_bulk_action") == [{"undone": 2, "kept": 1}]
    assert audit.verify().broken_at is None


def test_killed_before_it_is_written_down_nothing_has_happened(desk: Desk) -> None:
    chosen = desk.seen(*desk.fresh)
    assert killed_after(1, service.carry_out, EVERYWHERE, desk.by, EventKind.HANDED_OVER, chosen, {})
    assert db.session.scalar(select(BulkAction.id)) is None
    assert set(db.session.scalars(select(Case.stage).where(Case.id.in_([key for key, _seen in chosen])))) == {1}


def test_one_cut_off_can_be_taken_back_instead(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    action_id = begun(desk, monkeypatch)
    done = 0
    for statement in count(1, 5):
        assert killed_after(statement, service.go_on, EVERYWHERE, desk.by, action_id)
        if done := len(service.action_of(desk.by, action_id).those(DONE)):
            break
    assert done < 3
    action = service.undo(EVERYWHERE, desk.by, action_id)
    assert len(action.those(UNDONE)) == done
    assert len(action.those(LEFT_OUT)) == 4 - done
    assert_true(action_id)
    assert not action.is_unfinished


def test_two_who_go_on_at_once_do_nothing_twice(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second comes while the first is at its first case."""
    action_id = begun(desk, monkeypatch)
    first = service.action_of(desk.by, action_id)
    stale = first.those(WAITING)
    service.go_on(EVERYWHERE, desk.by, action_id)
    monkeypatch.setattr(BulkAction, "those", lambda _action, *_states: stale)
    service._each(first, WAITING, DONE, lambda _row: pytest.fail("done twice"), otherwise=LEFT_OUT)


def test_the_lists_tell_of_what_was_cut_off_and_a_button_goes_on(
    desk: Desk, sign_in: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    action_id = begun(desk, monkeypatch)
    client: FlaskClient = sign_in(desk.clerk)
    assert "chưa xong" in client.get("/ho-so").text
    page = client.get(f"/ho-so/nhieu/lan/{action_id}").text
    assert "còn 4 hồ sơ chưa làm" in page
    assert "Đã làm với 0 hồ sơ" in page
    after = client.post(f"/ho-so/nhieu/lan/{action_id}/lam-tiep", follow_redirects=True).text
    assert "Đã làm với 3 hồ sơ" in after
    assert "Bỏ qua 1 hồ sơ" in after
    assert "Làm tiếp" not in after
    assert "chưa xong" not in client.get("/ho-so").text


def test_a_taking_back_that_was_cut_off_says_so(desk: Desk, sign_in: Any) -> None:
    action_id = service.carry_out(EVERYWHERE, desk.by, EventKind.HANDED_OVER, desk.seen(*desk.fresh), {}).id
    begun_to = select(BulkAction.undoing_at).where(BulkAction.id == action_id)
    for statement in count(1):
        assert killed_after(statement, service.undo, EVERYWHERE, desk.by, action_id)
        if db.session.scalar(begun_to) is not None:
            break
    client: FlaskClient = sign_in(desk.clerk)
    page = client.get(f"/ho-so/nhieu/lan/{action_id}").text
    assert "chưa hoàn tác" in page
    after = client.post(f"/ho-so/nhieu/lan/{action_id}/lam-tiep", follow_redirects=True).text
    assert "Đã hoàn tác 3 hồ sơ" in after


def test_only_ones_own_is_gone_on_with(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    action_id = begun(desk, monkeypatch)
    with pytest.raises(NotFound):
        service.go_on(EVERYWHERE, Actor.of(desk.head), action_id)


def test_a_command_lists_what_was_cut_off_and_goes_on_as_whoever_began_it(
    app: Flask, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    action_id = begun(desk, monkeypatch)
    runner = app.test_cli_runner()
    assert str(action_id) in runner.invoke(args=["bulk", "list", "--format", "csv"]).output
    assert "đã làm 3" in runner.invoke(args=["bulk", "continue"]).stderr
    event = db.session.scalars(select(CaseEvent).where(CaseEvent.kind == EventKind.HANDED_OVER)).first()
    assert event.actor == desk.clerk.full_name
    assert runner.invoke(args=["bulk", "list", "--format", "csv"]).output.count("\n") == 1
