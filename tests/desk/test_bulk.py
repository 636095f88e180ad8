"""One action on many cases: seen before, done case by case, taken back once."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask.testing import FlaskClient

from app.cases.bulk import service
from app.cases.bulk.models import BulkAction, BulkCaseState
from app.cases.models import Case
from app.cases.vocabulary import CaseStatus, EventKind
from app.core.errors import DomainError, NotFound
from app.organisation import audit
from app.organisation.access import Actor, Scope
from app.organisation.models import Person, Role
from tests.clock import at
from tests.factories import EVERYWHERE, SITE, happen, make_department, make_person, make_version, receive

HANDED_OVER, CLOSED = EventKind.HANDED_OVER, EventKind.CLOSED
DONE, LEFT_OUT = BulkCaseState.DONE, BulkCaseState.LEFT_OUT


class Desk:
    """Three cases at the desk's first stage, and one that has its result."""

    def __init__(self) -> None:
        self.units = make_department()
        mc, ldvl = self.units["MC"], self.units["LDVL"]
        self.clerk = make_person(mc, Role.DESK, full_name="Lê Thu Hà")
        self.head = make_person(self.units["NCC"], Role.HEAD)
        self.by = Actor.of(self.clerk)
        self.version = make_version(ldvl, ("Tiếp nhận", mc, 1), ("Thẩm định", ldvl, 4))
        when = at("2024-06-27 08:00")
        self.fresh = [receive(self.version, when, f"Người {n}") for n in (1, 2, 3)]
        self.resolved = happen(receive(self.version, when, "Đã có kết quả"), EventKind.RESOLVED, at("2024-06-28 08:00"))

    def seen(self, *cases: Case) -> list[tuple[int, int]]:
        return [(case.id, case.revision) for case in cases]


@pytest.fixture
def desk(session: Any) -> Desk:
    return Desk()


def test_what_would_happen_is_told_for_each_and_nothing_is_written(desk: Desk, session: Any) -> None:
    cases = [*desk.fresh, desk.resolved]
    told = service.prospects(EVERYWHERE, desk.by, HANDED_OVER, [case.id for case in cases], {})
    assert [each.code for each in told] == [case.code for case in cases]
    assert told[0].before == "1. Tiếp nhận – Bộ phận Một cửa"
    assert told[0].after == "2. Thẩm định – Phòng Lao động – Việc làm"
    assert told[3].refusal is not None
    assert session.query(BulkAction).count() == 0
    assert all(case.revision == known for case, known in zip(cases, [each.revision for each in told], strict=True))


def test_cases_out_of_scope_are_unknown(desk: Desk) -> None:
    elsewhere = Scope(SITE, frozenset({desk.units["NCC"].id}))
    assert service.prospects(elsewhere, desk.by, HANDED_OVER, [desk.fresh[0].id], {}) == []
    action = service.carry_out(elsewhere, desk.by, HANDED_OVER, desk.seen(desk.fresh[0]), {})
    assert action.those(DONE) == []
    assert [(row.code, row.why) for row in action.those(LEFT_OUT)] == [("", "Không tìm thấy hồ sơ này.")]


def test_it_is_done_to_those_it_can_be_done_to(desk: Desk, session: Any) -> None:
    action = service.carry_out(
        EVERYWHERE, desk.by, HANDED_OVER, desk.seen(*desk.fresh, desk.resolved), {}, "Chuyển phòng"
    )
    session.expire_all()
    assert [case.stage for case in desk.fresh] == [2, 2, 2]
    assert [row.code for row in action.those(DONE)] == [case.code for case in desk.fresh]
    assert [row.code for row in action.those(LEFT_OUT)] == [desk.resolved.code]
    assert desk.resolved.status is CaseStatus.RESOLVED
    assert audit.verify().broken_at is None


def test_a_case_that_moved_on_since_it_was_looked_at_is_left_out(desk: Desk, session: Any) -> None:
    seen = desk.seen(*desk.fresh)
    happen(desk.fresh[1], EventKind.SIGNED, at("2024-06-28 09:00"), note="Người khác vừa ghi")
    action = service.carry_out(EVERYWHERE, desk.by, HANDED_OVER, seen, {})
    assert [row.code for row in action.those(LEFT_OUT)] == [desk.fresh[1].code]
    session.expire_all()
    assert desk.fresh[1].stage == 1


def test_undoing_puts_back_what_nothing_else_has_touched_and_only_once(desk: Desk, session: Any) -> None:
    action = service.carry_out(EVERYWHERE, desk.by, HANDED_OVER, desk.seen(*desk.fresh), {})
    happen(desk.fresh[2], EventKind.SIGNED, at("2024-07-01 08:00"), note="Đã xem")
    action = service.undo(EVERYWHERE, desk.by, action.id)
    session.expire_all()
    assert len(action.those(BulkCaseState.UNDONE)) == 2
    assert [row.code for row in action.those(BulkCaseState.KEPT)] == [desk.fresh[2].code]
    assert [case.stage for case in desk.fresh] == [1, 1, 2]
    with pytest.raises(DomainError, match="đã được hoàn tác"):
        service.undo(EVERYWHERE, desk.by, action.id)


def test_only_ones_own_action_is_undone(desk: Desk) -> None:
    action = service.carry_out(EVERYWHERE, desk.by, HANDED_OVER, desk.seen(*desk.fresh), {})
    with pytest.raises(NotFound):
        service.undo(EVERYWHERE, Actor.of(desk.head), action.id)


@pytest.mark.parametrize("number", [0, service.MOST + 1])
def test_none_or_too_many_are_refused_with_a_sentence(desk: Desk, number: int) -> None:
    with pytest.raises(DomainError, match="hồ sơ"):
        service.prospects(EVERYWHERE, desk.by, HANDED_OVER, list(range(1, number + 1)), {})


def test_only_these_actions_are_done_to_many(desk: Desk) -> None:
    with pytest.raises(NotFound):
        service.carry_out(EVERYWHERE, desk.by, EventKind.REFUSED, desk.seen(desk.fresh[0]), {})


# On the pages


def sent(client: FlaskClient, page: str, **more: str) -> Any:
    chosen = re.findall(r'name="chosen" value="(\d+:\d+)"', page)
    return client.post("/ho-so/nhieu/handed_over", data={"chosen": chosen} | more, follow_redirects=True)


def test_from_ticked_boxes_to_done_and_back(desk: Desk, sign_in: Any, session: Any) -> None:
    client: FlaskClient = sign_in(desk.clerk)
    listed = client.get("/ho-so").text
    assert f'name="case" value="{desk.fresh[0].id}" form="bulk"' in listed
    ids = [str(case.id) for case in (*desk.fresh, desk.resolved)]
    page = client.post("/ho-so/nhieu", data={"kind": "handed_over", "case": ids}, follow_redirects=True).text
    assert "Làm được với 3 hồ sơ" in page
    assert "Bỏ qua 1 hồ sơ" in page
    result = sent(client, page, unit="NCC", officer="Trần Văn Bình", note="Nhờ xem")
    assert "Đã làm với 3 hồ sơ" in result.text
    session.expire_all()
    assert {case.holder_unit_id for case in desk.fresh} == {desk.units["NCC"].id}
    assert {case.officer for case in desk.fresh} == {"Trần Văn Bình"}
    action = session.query(BulkAction).one()
    back = client.post(f"/ho-so/nhieu/lan/{action.id}/hoan-tac", follow_redirects=True).text
    assert "Đã hoàn tác 3 hồ sơ" in back
    session.expire_all()
    assert [case.stage for case in desk.fresh] == [1, 1, 1]


def test_nothing_ticked_is_said(desk: Desk, sign_in: Any) -> None:
    answer = sign_in(desk.clerk).post("/ho-so/nhieu", data={"kind": "closed"}, follow_redirects=True)
    assert answer.status_code == 422
    assert "Hãy chọn ít nhất một hồ sơ." in answer.text


def test_an_unknown_action_or_unit_is_refused(desk: Desk, sign_in: Any) -> None:
    client = sign_in(desk.clerk)
    assert client.post("/ho-so/nhieu", data={"kind": "refused", "case": ["1"]}).status_code == 404
    case = desk.fresh[0]
    answer = client.get(f"/ho-so/nhieu/handed_over?case={case.id}&unit=XYZ")
    assert answer.status_code == 422
    assert "Không có đơn vị mang mã XYZ." in answer.text


def test_inspectors_only_look(desk: Desk, sign_in: Any) -> None:
    inspector: Person = make_person(desk.units["SO"], Role.INSPECTOR)
    client = sign_in(inspector)
    assert client.post("/ho-so/nhieu", data={"kind": "closed", "case": ["1"]}).status_code == 403
    assert 'id="bulk"' not in client.get("/ho-so").text


def test_closing_many_closes_those_with_a_result(desk: Desk, session: Any) -> None:
    chosen = desk.seen(desk.fresh[0], desk.resolved)
    action = service.carry_out(EVERYWHERE, desk.by, CLOSED, chosen, {}, "Rà soát cuối tháng")
    session.expire_all()
    assert desk.resolved.status is CaseStatus.CLOSED
    assert [row.case_id for row in action.those(DONE)] == [desk.resolved.id]
    service.undo(EVERYWHERE, desk.by, action.id)
    session.expire_all()
    assert desk.resolved.status is CaseStatus.RESOLVED
