"""What can be done to a case, and what is refused with the store as it was."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, func, select, update
from sqlalchemy.exc import OperationalError

from app.cases import service
from app.cases.models import DERIVED_TABLES, Case, CaseEvent, CaseStage, Payment
from app.cases.verifying import Refolding, differences
from app.cases.vocabulary import CaseStatus, Channel, EventKind, PaymentChannel
from app.core.errors import Conflict, DomainError, NotFound
from app.organisation import audit, calendars
from app.organisation.access import Actor, Scope
from app.organisation.models import AuditEntry
from app.web import extensions
from app.web.extensions import db
from tests.clock import at
from tests.factories import (
    CLERK,
    EVERYWHERE,
    SITE,
    finish,
    happen,
    make_department,
    make_person,
    make_version,
    pay,
    receive,
)
from tests.threads import at_once

MOST_STATEMENTS = 23
"""Of a payment, what is asked of people and calendars included: of these the days off and the years known."""


@pytest.fixture
def version(session: Any) -> Any:
    units = make_department()
    stages = (("Tiếp nhận", units["MC"], 1), ("Thẩm định", units["LDVL"], 3), ("Trả kết quả", units["MC"], 1))
    return make_version(units["LDVL"], *stages, fee=600_000, eligible=True)


def events_in_store() -> int:
    return db.session.scalar(select(func.count()).select_from(CaseEvent)) or 0


def test_a_case_taken_in_has_code_promise_stage_and_audit_entry(version: Any) -> None:
    case = receive(version, at("2024-06-24 08:00"), "  Trần   Văn Bình ", phone="0912 345 678")
    assert case.code == "H32.12-240624-0001"
    assert case.applicant == "Trần Văn Bình"
    assert case.due_at == at("2024-07-01 23:59:59")
    assert (case.status, case.stage) == (CaseStatus.RECEIVED, 1)
    assert case.online_payable and case.fee_due == 600_000
    entry = db.session.scalars(select(AuditEntry)).one()
    assert (entry.action, entry.subject_id) == ("receive_case", case.code)


def test_codes_of_a_day_follow_each_other(version: Any) -> None:
    codes = [receive(version, at(f"2024-06-{day} 08:00")).code for day in (24, 24, 25)]
    assert [code[-11:] for code in codes] == ["240624-0001", "240624-0002", "240625-0001"]


def test_the_derived_rows_follow_every_event(version: Any) -> None:
    case = receive(version, at("2024-06-03 08:00"))
    service.hand_over(EVERYWHERE, CLERK, case.id, officer="Võ Thị Mai", at=at("2024-06-04 08:00"), reason="ghi bù")
    pay(case, at("2024-06-04 09:00"))
    assert (case.stage, case.officer) == (2, "Võ Thị Mai")
    stays = db.session.scalars(select(CaseStage).where(CaseStage.case_id == case.id).order_by(CaseStage.number)).all()
    assert [(stay.position, stay.ended_at is None) for stay in stays] == [(1, False), (2, True)]
    payment = db.session.scalars(select(Payment)).one()
    assert (payment.amount, payment.channel, payment.online_payable) == (600_000, PaymentChannel.ONLINE, True)


@pytest.fixture
def statements(session: Any) -> Iterator[list[str]]:
    """Every statement from here on."""
    heard: list[str] = []

    def hear(_connection: Any, _cursor: Any, statement: str, *_how: Any) -> None:
        heard.append(statement)

    event.listen(db.engine, "before_cursor_execute", hear)
    yield heard
    event.remove(db.engine, "before_cursor_execute", hear)


def written(statements: list[str]) -> list[str]:
    """What was written to which derived table, in order: "INSERT payments"."""
    found = [re.match(r"(INSERT) INTO (\w+)|(UPDATE) (\w+)|(DELETE) FROM (\w+)", each) for each in statements]
    acts = [[part for part in each.groups() if part] for each in found if each]
    return [" ".join(act) for act in acts if act[1] in DERIVED_TABLES]


def test_only_the_derived_rows_that_an_event_touches_are_written(version: Any, statements: list[str]) -> None:
    case = receive(version, at("2024-06-03 08:00"))
    happen(case, EventKind.HANDED_OVER, at("2024-06-04 08:00"))
    happen(case, EventKind.SUPPLEMENT_REQUESTED, at("2024-06-04 09:00"), note="Thiếu ảnh")
    statements.clear()
    pay(case, at("2024-06-04 10:00"))
    assert written(statements) == ["INSERT payments"]
    assert len(statements) <= MOST_STATEMENTS
    statements.clear()
    happen(case, EventKind.SUPPLEMENTED, at("2024-06-05 09:00"))
    assert written(statements) == ["UPDATE case_stages", "INSERT case_promises", "UPDATE case_pauses"]
    statements.clear()
    service.correct(EVERYWHERE, CLERK, case.id, 4, reason="Ghi nhầm hồ sơ", void=True)
    assert written(statements) == ["UPDATE payments"]
    statements.clear()
    service.correct(EVERYWHERE, CLERK, case.id, 5, reason="Chưa nộp", void=True)
    service.correct(EVERYWHERE, CLERK, case.id, 3, reason="Không yêu cầu", void=True)
    assert written(statements) == [
        "UPDATE case_stages",
        "DELETE case_promises",
        "UPDATE case_pauses",
        "UPDATE case_stages",
        "DELETE case_promises",
        "UPDATE case_promises",
        "DELETE case_pauses",
    ]
    statements.clear()
    happen(case, EventKind.NOTED, at("2024-06-06 08:00"), note="xem")
    assert written(statements) == []
    assert list(differences(EVERYWHERE, Refolding())) == []


def test_a_row_changed_beside_the_software_is_right_again_after_the_next_event(version: Any) -> None:
    case = pay(receive(version, at("2024-06-03 08:00")), at("2024-06-03 09:00"))
    db.session.execute(update(Payment).values(amount=1))
    db.session.execute(update(CaseStage).values(number=7))
    db.session.commit()
    happen(case, EventKind.NOTED, at("2024-06-04 08:00"), note="xem")
    assert list(differences(EVERYWHERE, Refolding())) == []


def test_a_case_resolved_but_not_closed_stays_open_and_becomes_overdue(version: Any) -> None:
    case = receive(version, at("2024-06-03 08:00"))
    happen(case, EventKind.RESOLVED, at("2024-06-05 08:00"))
    assert case.result_at and not case.ended_at
    assert case.due_at < extensions.now()
    happen(case, EventKind.CLOSED, at("2024-06-28 08:00"))
    assert case.ended_at > case.due_at


def test_ten_minutes_are_recorded_late_without_a_reason_and_a_second_more_with_one(version: Any, freeze: Any) -> None:
    freeze("2024-07-01 08:00")
    in_time, too_late = at("2024-07-01 07:50:00"), at("2024-07-01 07:49:59")
    who = {"version_id": version.id, "applicant": service.Applicant("Trần Văn Bình"), "channel": Channel.IN_PERSON}
    case = service.receive_case(EVERYWHERE, CLERK, **who, received_at=in_time)
    service.record(EVERYWHERE, CLERK, case.id, EventKind.NOTED, at=in_time, note="xem")
    with pytest.raises(DomainError, match="phải có lý do") as refused:
        service.receive_case(EVERYWHERE, CLERK, **who, received_at=too_late)
    assert refused.value.field == "reason"
    with pytest.raises(DomainError, match="phải có lý do"):
        service.record(EVERYWHERE, CLERK, case.id, EventKind.NOTED, at=too_late, note="xem")
    service.receive_case(EVERYWHERE, CLERK, **who, received_at=too_late, reason="Mất mạng")


def test_a_fee_is_payable_online_only_where_there_is_one_and_the_procedure_allows_it(version: Any) -> None:
    for fee, eligible in ((600_000, False), (0, True), (0, False)):
        other = make_version(version.unit, fee=fee, eligible=eligible)
        case = receive(other, at("2024-06-24 08:00"))
        assert (case.online_payable, case.fee_due) == (False, fee)


def test_recording_long_after_needs_a_reason_which_is_kept(version: Any) -> None:
    case = receive(version, at("2024-06-24 08:00"))
    with pytest.raises(DomainError, match="phải có lý do"):
        service.record(EVERYWHERE, CLERK, case.id, EventKind.NOTED, at=at("2024-06-28 08:00"), note="xem")
    service.record(
        EVERYWHERE, CLERK, case.id, EventKind.NOTED, at=at("2024-06-28 08:00"), note="xem", reason="Mất mạng"
    )
    last = db.session.scalars(select(CaseEvent).order_by(CaseEvent.id.desc())).first()
    assert last is not None
    assert "Mất mạng" in last.note
    assert (last.at, last.recorded_at) == (at("2024-06-28 08:00"), extensions.now())


@pytest.mark.parametrize(
    ("act", "words"),
    [
        (lambda case: happen(case, EventKind.CLOSED, at("2024-06-25 08:00")), "Không thể ghi"),
        (lambda case: happen(case, EventKind.HANDED_OVER, at("2024-06-20 08:00")), "không thể xảy ra trước"),
        (lambda case: happen(case, EventKind.NOTED, at("2024-07-02 08:00")), "tương lai"),
        (lambda case: service.hand_over(EVERYWHERE, CLERK, case.id, unit_code="KHONGCO"), "Không có đơn vị"),
        (lambda case: service.hand_over(EVERYWHERE, CLERK, case.id, position=9), "không có bước 9"),
        (
            lambda case: service.record_payment(
                EVERYWHERE, CLERK, case.id, amount=600_000, channel=PaymentChannel.ONLINE
            ),
            "mã giao dịch",
        ),
        (
            lambda case: service.record_payment(EVERYWHERE, CLERK, case.id, amount=0, channel=PaymentChannel.IN_PERSON),
            "lớn hơn 0",
        ),
        (lambda case: service.correct(EVERYWHERE, CLERK, case.id, 1, reason=" ", void=True), "lý do đính chính"),
        (lambda case: service.correct(EVERYWHERE, CLERK, case.id, 9, reason="ghi nhầm", void=True), "Không tìm thấy"),
        (lambda case: service.correct(EVERYWHERE, CLERK, case.id, 1, reason="ghi nhầm"), "thời điểm đúng"),
    ],
)
def test_what_cannot_be_is_refused_in_one_sentence_and_nothing_changes(version: Any, act: Any, words: str) -> None:
    case = receive(version, at("2024-06-24 08:00"))
    before = (events_in_store(), audit.count(), case.revision)
    with pytest.raises(DomainError, match=words):
        act(case)
    db.session.expire_all()
    assert (events_in_store(), audit.count(), db.session.get(Case, case.id).revision) == before


def test_a_procedure_not_in_force_that_day_is_refused(version: Any) -> None:
    with pytest.raises(DomainError, match="không có hiệu lực"):
        receive(version, at("2019-06-24 08:00"))


def test_the_second_of_two_clerks_meets_a_conflict(version: Any) -> None:
    case = receive(version, at("2024-06-24 08:00"))
    looked_at = case.revision
    service.record(EVERYWHERE, CLERK, case.id, EventKind.SIGNED, note="một", revision=looked_at)
    with pytest.raises(Conflict):
        service.record(EVERYWHERE, CLERK, case.id, EventKind.SIGNED, note="hai", revision=looked_at)
    assert events_in_store() == 2


def test_of_clerks_recording_at_the_same_moment_exactly_one_succeeds(app: Flask, version: Any) -> None:
    case = receive(version, at("2024-06-24 08:00"))
    case_id, looked_at = case.id, case.revision
    outcomes = at_once(
        app,
        *(
            lambda n=n: (
                service.record(EVERYWHERE, CLERK, case_id, EventKind.SIGNED, note=str(n), revision=looked_at).revision
            )
            for n in range(4)
        ),
    )
    refused = [each for each in outcomes if isinstance(each, (Conflict, OperationalError))]  # or waited too long for it
    assert len(refused) == 3, outcomes
    assert events_in_store() == 2
    assert audit.verify().broken_at is None


def send(version_id: int, by: Actor = CLERK, **said: Any) -> Case:
    """A form is sent."""
    who = service.Applicant("Trần Văn Bình")
    values: dict[str, Any] = {"applicant": who, "channel": Channel.IN_PERSON, "token": "same form"}
    return service.receive_case(EVERYWHERE, by, version_id=version_id, **values | said)


@pytest.mark.parametrize("code", [None, "G22-1"])
def test_a_form_sent_twice_at_the_same_moment_makes_one_case(app: Flask, version: Any, code: str | None) -> None:
    clerk, version_id = make_person(version.unit), version.id
    by = Actor.of(clerk)
    outcomes = at_once(app, *[lambda: send(version_id, by, code=code).code] * 3)
    assert set(outcomes) == {code or "H32.12-240701-0001"}
    assert db.session.scalar(select(func.count()).select_from(Case)) == 1
    assert receive(version, extensions.now()).code == ("H32.12-240701-0001" if code else "H32.12-240701-0002")


def test_clerks_who_receive_at_once_get_lines_of_the_register_of_their_own_and_none_is_left_out(
    app: Flask, version: Any
) -> None:
    clerk, version_id = make_person(version.unit), version.id
    by = Actor.of(clerk)
    acts = [lambda n=n: send(version_id, by, token=f"form{n}").register_number for n in range(4)]
    refused = [lambda: send(version_id, by, token="wrong", applicant=service.Applicant(""))]
    outcomes = at_once(app, *acts[:2], *refused, *acts[2:])
    assert isinstance(outcomes.pop(2), DomainError)
    assert sorted(outcomes) == [1, 2, 3, 4]
    late = receive(version, at("2023-12-31 16:00"))  # 31 December, written down next year
    assert (late.register_year, late.register_number) == (2023, 1)


def test_a_case_that_was_not_written_leaves_no_number_out(version: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch, pytest.raises(ZeroDivisionError):
        patch.setattr(service, "on_received", [lambda _by, _case: 1 // 0])
        send(version.id, token="broken off")
    assert send(version.id, token="next").register_number == 1


def test_a_form_whose_procedure_was_changed_between_two_sendings_makes_one_case(app: Flask, version: Any) -> None:
    other = make_version(version.unit, ("Tiếp nhận", version.unit, 1))
    ids = version.id, other.id
    codes = at_once(app, *[lambda key=key: send(key).code for key in ids])
    assert set(codes) == {"H32.12-240701-0001"}
    assert db.session.scalar(select(func.count()).select_from(Case)) == 1


def test_a_form_sent_again_makes_no_second_case_whoever_sends_it_and_whatever_it_says_now(version: Any) -> None:
    case = send(version.id)
    assert send(version.id, Actor("Người khác"), applicant=service.Applicant("")).id == case.id
    assert send(version.id, token="another form").id != case.id
    assert send(version.id, token="").id != send(version.id, token="").id


def test_nobody_changes_a_case_outside_their_scope(version: Any) -> None:
    case = receive(version, at("2024-06-24 08:00"))
    with pytest.raises(NotFound):
        service.record(Scope(SITE, frozenset({-1})), CLERK, case.id, EventKind.NOTED, note="xem")
    assert events_in_store() == 1


def test_the_unit_that_answers_for_a_case_and_the_one_that_holds_it_may_both_change_it(version: Any) -> None:
    case = receive(version, at("2024-06-24 08:00"))
    assert case.holder_unit_id != case.unit_id == version.unit_id
    for unit_id in (case.unit_id, case.holder_unit_id):
        service.record(Scope(SITE, frozenset({unit_id})), CLERK, case.id, EventKind.NOTED, note="xem")
    assert events_in_store() == 3


def test_a_correction_is_an_event_and_the_wrong_one_stays(version: Any) -> None:
    case = receive(version, at("2024-06-24 08:00"))
    happen(case, EventKind.RESOLVED, at("2024-06-25 08:00"))
    service.correct(EVERYWHERE, CLERK, case.id, 2, reason="Nhầm giờ", at=at("2024-06-25 10:00"))
    assert case.result_at == at("2024-06-25 10:00")
    stored = db.session.scalars(select(CaseEvent).order_by(CaseEvent.number)).all()
    assert [event.at for event in stored[:2]] == [at("2024-06-24 08:00"), at("2024-06-25 08:00")]
    assert (stored[2].kind, stored[2].note, stored[2].corrects_id) == (EventKind.CORRECTED, "Nhầm giờ", stored[1].id)


def test_a_day_off_moves_the_open_promises_and_only_those(version: Any) -> None:
    running = receive(version, at("2024-06-28 08:00"))
    ended = finish(receive(version, at("2024-06-24 08:00")), at("2024-06-25 08:00"))
    was = ended.due_at
    assert running.due_at == at("2024-07-05 23:59:59")
    day = at("2024-07-03 12:00").date()
    calendars.add_site_days(CLERK, first=day, working=False, name="Nghỉ tránh bão", reason="Công điện 01")
    db.session.expire_all()
    assert db.session.get(Case, running.id).due_at == at("2024-07-08 23:59:59")
    assert db.session.get(Case, ended.id).due_at == was
    entry = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "rederive_open")).one()
    assert list(entry.details["changed"]) == [running.code]
    calendars.remove_site_day(CLERK, day)
    assert db.session.get(Case, running.id).due_at == at("2024-07-05 23:59:59")
    assert audit.verify().broken_at is None
