"""Two clerks write to one case: a comment or a scan stops nobody, what an act rests on does."""

from __future__ import annotations

from typing import Any

import pytest

from app.cases import amending, handling, service
from app.cases.handling import ColleagueHasIt
from app.cases.models import Case
from app.cases.vocabulary import EventKind, PaymentChannel
from app.core.errors import Conflict
from app.organisation.access import Actor
from app.organisation.models import Role, Unit
from app.web.extensions import db
from tests.clock import at
from tests.factories import CLERK, EVERYWHERE, make_department, make_person, make_version, receive

COLLEAGUE = Actor("Phạm Văn Khoa")


@pytest.fixture
def case(session: Any) -> Case:
    units = make_department()
    stages = (("Tiếp nhận", units["MC"], 1), ("Thẩm định", units["LDVL"], 3), ("Trả kết quả", units["MC"], 1))
    return receive(make_version(units["LDVL"], *stages, fee=600_000), at("2024-06-28 08:00"))


def colleague(case: Case, kind: EventKind, note: str = "", **data: Any) -> None:
    service.record(EVERYWHERE, COLLEAGUE, case.id, kind, note=note, data=data)


def kinds(case: Case) -> list[EventKind]:
    return [event.kind for event in service.events_of([case.id])[case.id]]


def hand_over(case: Case, seen: int) -> None:
    service.hand_over(EVERYWHERE, CLERK, case.id, revision=seen)


def test_a_comment_and_a_scan_stop_nobody_who_looked_before_them(case: Case) -> None:
    seen = case.revision
    colleague(case, EventKind.NOTED, "Đã gọi cho người nộp")
    colleague(case, EventKind.FILES_DIGITISED)
    hand_over(case, seen)
    assert kinds(case) == [EventKind.RECEIVED, EventKind.NOTED, EventKind.FILES_DIGITISED, EventKind.HANDED_OVER]
    with pytest.raises(Conflict):  # the hand-over itself does stop whoever looked before it
        hand_over(case, seen)


def test_what_was_put_right_meanwhile_is_not_overwritten_whatever_was_noted(case: Case) -> None:
    seen = case.revision
    said = amending.Particulars(applicant=service.Applicant("Nguyễn Văn An"))
    colleague(case, EventKind.NOTED, "Sai họ tên")
    amending.amend(EVERYWHERE, COLLEAGUE, case.id, said, reason="Gõ nhầm họ tên")
    colleague(case, EventKind.NOTED, "Đã sửa họ tên")
    with pytest.raises(Conflict):
        hand_over(case, seen)
    with pytest.raises(Conflict):
        hand_over(case, seen + 1)  # looked at after the first comment, before the name was put right
    hand_over(case, seen + 2)


def test_money_taken_meanwhile_stops_whoever_would_take_it_again(case: Case) -> None:
    seen, paid = case.revision, {"amount": 600_000, "channel": PaymentChannel.CASH}
    service.record_payment(EVERYWHERE, COLLEAGUE, case.id, **paid)
    with pytest.raises(Conflict):
        service.record_payment(EVERYWHERE, CLERK, case.id, **paid, revision=seen)


def test_dates_that_moved_without_an_event_stop_whoever_looked_before(case: Case) -> None:
    seen = case.revision
    colleague(case, EventKind.NOTED, "Chờ lịch nghỉ")
    terms = service.terms_of(service.versions_by_id([case.version_id])[case.version_id])
    state = service.project(terms, service.events_of([case.id])[case.id], service.site_calendar())
    service.replace_derived(
        case, state, service.stored_derived([case.id])[case.id]
    )  # as after a change of the calendar
    db.session.commit()
    with pytest.raises(Conflict):
        hand_over(case, seen)
    colleague(case, EventKind.NOTED, "Đã có lịch nghỉ")
    with pytest.raises(Conflict):
        hand_over(case, seen + 1)
    hand_over(case, seen + 2)


def test_the_same_comment_sent_twice_is_written_once(case: Case) -> None:
    seen = case.revision
    for note, again in (("Đã xem", False), ("Đã xem", True), ("Cần thêm ảnh", False)):
        said = {"note": note, "revision": seen}
        if again:
            with pytest.raises(Conflict):
                service.record(EVERYWHERE, CLERK, case.id, EventKind.NOTED, **said)
        else:
            service.record(EVERYWHERE, CLERK, case.id, EventKind.NOTED, **said)
    assert kinds(case) == [EventKind.RECEIVED, EventKind.NOTED, EventKind.NOTED]


def test_a_comment_meanwhile_does_not_take_a_case_from_a_colleague_unasked(case: Case) -> None:
    hand_over(case, case.revision)
    unit = db.session.get_one(Unit, case.unit_id)
    officer, other = (make_person(unit, Role.HEAD, full_name=name) for name in ("Lê An", "Vũ Bình"))
    handling.take_over(EVERYWHERE, Actor.of(officer), case.id)
    seen = db.session.get_one(Case, case.id, populate_existing=True).revision
    colleague(case, EventKind.NOTED, "Đang thẩm định")
    with pytest.raises(ColleagueHasIt):
        handling.take_over(EVERYWHERE, Actor.of(other), case.id, revision=seen)
