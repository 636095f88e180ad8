"""What is owed after a case went wrong: explanations to the Director, apologies to the applicant, notes, results."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest

from app.cases import service
from app.cases.explanations import queries
from app.cases.explanations import service as explanation_service
from app.cases.explanations.models import Apology, Explanation, ExplanationState, state_of
from app.cases.lists import Window
from app.cases.models import Case, CaseEvent
from app.cases.vocabulary import EventKind
from app.core.errors import Conflict, DomainError, NotAllowed, NotFound
from app.core.facts import Fact, FactQuery, gather
from app.core.periods import Period
from app.notifications import queries as notice_queries
from app.notifications import service as notices
from app.organisation import audit
from app.organisation.access import Actor, scope_of
from app.organisation.calendars import site_calendar
from app.organisation.delegations import delegate
from app.organisation.models import DelegationKind, Person, Role, Unit
from app.procedures.models import ProcedureVersion
from app.web import extensions
from app.web.extensions import db
from tests.clock import at
from tests.factories import CLERK, EVERYWHERE, SITE, finish, happen, make_department, make_person, make_version, receive

JUNE = Period.parse("2024-06")


@pytest.fixture
def units(session: Any) -> dict[str, Unit]:
    return make_department()


@pytest.fixture
def head(units: dict[str, Unit]) -> Person:
    return make_person(units["LDVL"], Role.HEAD, full_name="Lê Văn Trưởng")


@pytest.fixture
def inspector(units: dict[str, Unit]) -> Person:
    return make_person(units["VP"], Role.INSPECTOR, full_name="Phạm Thanh Tra")


@pytest.fixture
def director(units: dict[str, Unit]) -> Person:
    return make_person(units["SO"], Role.DIRECTOR, full_name="Hồ Xuân Trường")


@pytest.fixture
def late(units: dict[str, Unit]) -> Case:
    """Received on Monday 3 June for two working days: due on the 5th, and still open."""
    version = make_version(units["LDVL"], ("Thẩm định", units["LDVL"], 2), days=2)
    return receive(version, at("2024-06-03 08:00"))


def facts(*kinds: str, period: Period = JUNE) -> list[Fact]:
    """The period's facts (June's) as a check made a moment from now would gather them."""
    start, end = period.bounds(site_calendar().zone)
    query = FactQuery(SITE, period, start, end, min(end, extensions.now() + timedelta(seconds=1)))
    return [
        {key: value for key, value in fact.items() if key not in ("kind", "period")}
        for fact in gather(db.session.connection(), query, kinds)
    ]


def explain(head: Person, *cases: Case, text: str = "Cán bộ nghỉ ốm, chưa cử người thay.") -> list[Explanation]:
    return explanation_service.explain(scope_of(head), Actor.of(head), [case.id for case in cases], text)


def state(case: Case) -> ExplanationState:
    return state_of(explanation_service.latest_explanations([case.id]).get(case.id))


def decide(director: Person, sent: Explanation, accepted: bool, words: str = "") -> None:
    explanation_service.decide(
        SITE, Actor.of(director), sent.case_id, sent.id, accepted=accepted, words=words, revision=sent.revision
    )


def test_each_who_has_to_act_on_an_explanation_is_told_until_they_have(
    late: Case, units: dict[str, Unit], head: Person, inspector: Person, director: Person, freeze: Callable[[str], Any]
) -> None:
    freeze("2024-06-10 08:00")
    deputy = make_person(units["SO"], Role.HEAD, full_name="Phó Giám đốc")
    days = {"valid_from": date(2024, 6, 10), "valid_to": date(2024, 6, 12)}
    delegate(Actor.of(director), deputy.id, DelegationKind.IN_PLACE, **days, reason="Giám đốc đi công tác")

    def told(person: Person) -> list[str]:
        return [line.text for line in notice_queries.notices(person.id, everything=False).lines]

    notices.gather(EVERYWHERE, CLERK)
    assert "Còn 1 hồ sơ quá hạn chưa giải trình, tính đến 10/06/2024" in told(head)
    (sent,) = explain(head, late)
    assert told(inspector) == [f"{units['LDVL'].name} giải trình hồ sơ quá hạn {late.code}, chờ Văn phòng tiếp nhận"]
    explanation_service.receive_explanations(SITE, Actor.of(inspector), [sent.id])
    assert told(inspector) == []
    waits = "1 giải trình hồ sơ quá hạn chờ Giám đốc quyết định"
    assert (waits in told(director), waits in told(deputy)) == (True, True)
    decide(deputy_today(deputy), sent, False, "Ghi rõ ai thay")
    assert (waits in told(director), waits in told(deputy)) == (False, False)
    returned = f"Giải trình hồ sơ {late.code} bị trả lại, hãy giải trình lại"
    assert returned in told(head)
    explain(head, late, text="Anh Bình thay từ ngày 4")
    assert returned not in told(head)


def deputy_today(deputy: Person) -> Person:
    """As the deputy is signed in while acting for the Director."""
    deputy.acts_for = DelegationKind.IN_PLACE
    return deputy


def test_an_explanation_goes_through_the_office_to_the_director_and_comes_back_until_accepted(
    late: Case, head: Person, inspector: Person, director: Person, freeze: Callable[[str], Any]
) -> None:
    freeze("2024-06-10 08:00")
    assert state(late) is ExplanationState.MISSING
    (sent,) = explain(head, late)
    assert state(late) is ExplanationState.SENT
    with pytest.raises(DomainError, match="tiếp nhận"):
        decide(director, sent, True)
    assert explanation_service.receive_explanations(SITE, Actor.of(inspector), [sent.id]) == 1
    assert explanation_service.receive_explanations(SITE, Actor.of(inspector), [sent.id]) == 0
    with pytest.raises(DomainError, match="lý do trả lại"):
        decide(director, sent, False)
    decide(director, sent, False, "Nêu rõ trách nhiệm cá nhân.")
    assert state(late) is ExplanationState.RETURNED
    with pytest.raises(Conflict):
        decide(director, sent, True)
    freeze("2024-06-12 08:00")
    (again,) = explain(head, late, text="Ông A chịu trách nhiệm.")
    explanation_service.receive_explanations(SITE, Actor.of(inspector), [again.id])
    decide(director, again, True)
    assert state(late) is ExplanationState.ACCEPTED
    with pytest.raises(Conflict, match=r"đã có giải trình: Giám đốc chấp nhận\.$"):
        explain(head, late)
    assert db.session.query(Explanation).count() == 2, "the returned one stays in the record"
    assert audit.verify().broken_at is None


def test_only_a_head_explains_and_only_what_is_overdue_and_theirs(
    late: Case, units: dict[str, Unit], head: Person, inspector: Person, freeze: Callable[[str], Any]
) -> None:
    freeze("2024-06-05 23:00")
    with pytest.raises(DomainError, match="không quá hạn"):
        explain(head, late)
    freeze("2024-06-06 08:00")
    for other in (inspector, make_person(units["LDVL"], Role.DESK)):
        with pytest.raises(NotAllowed):
            explain(other, late)
    with pytest.raises(NotFound):
        explain(make_person(units["NCC"], Role.HEAD), late)
    with pytest.raises(NotAllowed):
        explanation_service.receive_explanations(SITE, Actor.of(head), [1])
    with pytest.raises(DomainError, match="nội dung"):
        explain(head, late, text="  \n ")
    assert not db.session.query(Explanation).count()


def test_several_are_explained_at_once_or_none(
    late: Case, units: dict[str, Unit], head: Person, freeze: Callable[[str], Any]
) -> None:
    version = make_version(units["LDVL"], days=20)
    in_time = receive(version, at("2024-06-03 09:00"))
    freeze("2024-06-10 08:00")
    with pytest.raises(DomainError, match=in_time.code):
        explain(head, late, in_time)
    assert not db.session.query(Explanation).count()


def test_the_head_of_the_department_does_not_explain_in_place_of_the_head_of_the_unit(
    late: Case, units: dict[str, Unit], head: Person, freeze: Callable[[str], Any]
) -> None:
    freeze("2024-06-10 08:00")
    explain(make_person(units["SO"], Role.HEAD), late)
    assert facts("explanation")[0]["by_head"] is False
    freeze("2024-06-11 08:00")
    explain(head, late)
    assert facts("explanation") == [
        {
            "unit": "LDVL",
            "subject": late.code,
            "by_head": True,
            "sent_on": "2024-06-11",
            "accepted": False,
            "returned": False,
        }
    ]


def test_a_returned_explanation_is_none_until_it_is_given_again_and_its_day_is_that_of_the_one_that_stands(
    late: Case, units: dict[str, Unit], head: Person, inspector: Person, director: Person, freeze: Callable[[str], Any]
) -> None:
    def told() -> tuple[str, bool, bool, bool]:
        (fact,) = facts("explanation")
        return fact["sent_on"], fact["by_head"], fact["accepted"], fact["returned"]

    def answer(sent: Explanation, accepted: bool, words: str = "") -> None:
        explanation_service.receive_explanations(SITE, Actor.of(inspector), [sent.id])
        decide(director, sent, accepted, words)

    freeze("2024-06-10 08:00")
    (first,) = explain(head, late)
    assert told() == ("2024-06-10", True, False, False)
    freeze("2024-06-11 08:00")
    answer(first, False, "Chưa nêu trách nhiệm cá nhân.")
    assert told() == ("2024-06-10", True, False, True)
    freeze("2024-06-12 08:00")
    explain(make_person(units["SO"], Role.HEAD), late)
    assert told() == ("2024-06-10", True, False, True), "nobody gives it in the head's place"
    freeze("2024-06-13 08:00")
    (again,) = explain(head, late, text="Ông A chịu trách nhiệm.")
    assert told() == ("2024-06-13", True, False, False)
    freeze("2024-06-14 08:00")
    answer(again, True)
    assert told() == ("2024-06-13", True, True, False)


def test_the_list_says_who_owes_an_explanation_and_until_when(
    late: Case, head: Person, freeze: Callable[[str], Any]
) -> None:
    freeze("2024-06-12 08:00")
    calendar = site_calendar()
    window = Window.of(JUNE, calendar.zone, extensions.now())
    (shown,) = queries.overdue_page(scope_of(head), window, calendar).cases
    assert (shown.became_overdue, shown.explain_by, shown.days_late) == (date(2024, 6, 6), date(2024, 6, 11), 5)
    assert not shown.late_to_explain(calendar, date(2024, 6, 11))
    assert shown.late_to_explain(calendar, date(2024, 6, 12))
    explain(head, late)
    page = queries.overdue_page(scope_of(head), window, calendar, states=[ExplanationState.MISSING])
    assert (page.cases, page.counts[ExplanationState.SENT], page.total) == ([], 1, 1)


def test_facts_of_a_month_do_not_know_what_was_written_after_it(
    late: Case, head: Person, inspector: Person, director: Person, freeze: Callable[[str], Any]
) -> None:
    freeze("2024-06-28 08:00")
    (sent,) = explain(head, late)
    explanation_service.receive_explanations(SITE, Actor.of(inspector), [sent.id])
    freeze("2024-07-02 08:00")
    decide(director, sent, True)
    assert facts("explanation")[0]["accepted"] is False
    (overdue,) = facts("case_overdue")
    assert (overdue["due"], overdue["became_overdue"]) == ("2024-06-05", "2024-06-06")


def test_what_is_owed_after_lateness_is_told_until_it_was_done_before_the_period(
    units: dict[str, Unit], head: Person, freeze: Callable[[str], Any]
) -> None:
    """Due on 26 June, closed on the 28th; explained on 2 July, apologised for on 5 August."""
    version = make_version(units["LDVL"], ("Thẩm định", units["LDVL"], 2), days=2)
    case = receive(version, at("2024-06-24 08:00"))
    freeze("2024-06-28 08:00")
    finish(case, at("2024-06-28 08:00"))
    in_time = receive(version, at("2024-06-24 09:00"))
    finish(in_time, at("2024-06-25 08:00"))
    months = {key: Period.parse(key) for key in ("2024-06", "2024-07", "2024-08")}
    freeze("2024-07-02 08:00")
    (sent,) = explain(head, case)
    freeze("2024-08-05 08:00")
    db.session.refresh(case)
    apologise(case)
    months |= {key: Period.parse(key) for key in ("2024-09", "2024-Q3", "2024-Q4")}
    freeze("2025-01-01 08:00")
    told = {key: [fact["subject"] for fact in facts("case_newly_overdue", period=months[key])] for key in months}
    assert told == {key: [case.code] if key not in ("2024-09", "2024-Q4") else [] for key in months}
    (fact,) = facts("case_newly_overdue", period=months["2024-07"])
    assert (fact["became_overdue"], fact["ended"], fact["days_late"]) == ("2024-06-27", "2024-06-28", 2)
    explained = {key: [each["sent_on"] for each in facts("explanation", period=months[key])] for key in months}
    assert explained == {
        **{"2024-06": [], "2024-07": ["2024-07-02"], "2024-08": ["2024-07-02"]},
        **{"2024-09": [], "2024-Q3": ["2024-07-02"], "2024-Q4": []},
    }
    # Rules that count overdue cases see each in its own month.
    counted = {key: len(facts("case_overdue", period=months[key])) for key in months}
    assert {key: n for key, n in counted.items() if n} == {"2024-06": 1}
    assert sent.sent_at == at("2024-07-02 08:00")


def test_a_case_still_open_is_told_in_every_period(late: Case, freeze: Callable[[str], Any]) -> None:
    freeze("2024-06-05 12:00")
    assert facts("case_newly_overdue") == []
    freeze("2024-10-01 08:00")
    told = [len(facts("case_newly_overdue", period=Period.parse(f"2024-0{n}"))) for n in (5, 6, 7, 8)]
    assert told == [0, 1, 1, 1]
    assert len(facts("case_newly_overdue", period=Period.parse("2024-Q3"))) == 1


def apologise(case: Case, day: date | None = None, **more: Any) -> Apology:
    values: dict[str, Any] = {"number": "12/PXL", "reason": "Thiếu cán bộ.", "signer": "Lê Văn Trưởng"} | more
    values.setdefault("revision", case.revision)
    return explanation_service.apologise(EVERYWHERE, Actor("Lan"), case.id, new_day=day, **values)


def test_an_apology_promises_a_new_day_and_the_case_stays_late(late: Case, freeze: Callable[[str], Any]) -> None:
    freeze("2024-06-10 08:00")
    due, promised = late.due_at, late.promised_at
    sent = apologise(late, date(2024, 6, 14))
    db.session.refresh(late)
    assert (late.late_after, late.promised_at) == (due, promised)
    assert sent.new_due_at == late.due_at == at("2024-06-14 23:59:59")
    event = db.session.query(CaseEvent).filter_by(case_id=late.id, kind=EventKind.APOLOGISED).one()
    assert event.data == {"number": "12/PXL", "new_due_at": sent.new_due_at.isoformat()}
    finish(late, at("2024-06-10 08:00"))
    assert facts("apology") == [{"unit": "LDVL", "subject": late.code, "sent_on": "2024-06-10", "has_new_date": True}]
    assert len(facts("case_overdue")) == 1


def test_a_case_that_has_ended_is_apologised_for_without_a_new_day(late: Case, freeze: Callable[[str], Any]) -> None:
    freeze("2024-06-10 08:00")
    finish(late, extensions.now())
    freeze("2024-06-10 09:00")
    with pytest.raises(DomainError, match="đã kết thúc"):
        apologise(late, date(2024, 6, 14), revision=late.revision)
    assert apologise(late, revision=late.revision).new_due_at is None
    assert facts("apology")[0]["has_new_date"] is True, "there was none to promise"


@pytest.mark.parametrize(
    ("day", "says"),
    [
        (None, "Hãy ghi ngày hẹn"),
        (date(2024, 6, 10), "sau hôm nay"),
        (date(2024, 6, 15), "cơ quan nghỉ"),
    ],
    ids=["none", "today", "saturday"],
)
def test_a_new_day_that_cannot_be_promised_is_refused(
    late: Case, freeze: Callable[[str], Any], day: date | None, says: str
) -> None:
    freeze("2024-06-10 08:00")
    with pytest.raises(DomainError, match=says):
        apologise(late, day)
    assert not db.session.query(Apology).count()


def test_a_case_is_given_a_new_day_once(late: Case, freeze: Callable[[str], Any]) -> None:
    freeze("2024-06-10 08:00")
    apologise(late, date(2024, 6, 14))
    freeze("2024-06-17 08:00")
    with pytest.raises(DomainError, match="đã được hẹn lại 1 lần"):
        apologise(late, date(2024, 6, 20), revision=late.revision)
    assert apologise(late, revision=late.revision).new_due_at is None


def test_two_letters_at_once_do_not_both_count(late: Case, freeze: Callable[[str], Any]) -> None:
    freeze("2024-06-10 08:00")
    seen = late.revision
    apologise(late, date(2024, 6, 14), revision=seen)
    with pytest.raises(Conflict):
        apologise(late, revision=seen)
    assert db.session.query(Apology).count() == 1, "the letter is written with its event, or not at all"


def test_a_case_done_in_time_is_apologised_for_only_when_wrong(
    late: Case, units: dict[str, Unit], freeze: Callable[[str], Any]
) -> None:
    freeze("2024-06-04 08:00")
    finish(late, at("2024-06-04 08:00"))
    with pytest.raises(DomainError, match="đã được giải quyết trong hạn"):
        apologise(late)
    assert apologise(late, wrong=True).faults == []
    assert facts("apology") == [], "it is no letter for lateness"


def test_the_date_of_a_letter_for_a_mistake_is_not_that_of_a_letter_for_lateness(
    late: Case, freeze: Callable[[str], Any]
) -> None:
    freeze("2024-06-10 08:00")
    apologise(late, date(2024, 6, 14), wrong=True)
    assert facts("apology") == []
    freeze("2024-06-11 08:00")
    apologise(late, revision=late.revision)
    assert facts("apology")[0] | {"unit": ""} == {
        "unit": "",
        "subject": late.code,
        "sent_on": "2024-06-11",
        "has_new_date": False,
    }
    freeze("2024-06-12 08:00")
    apologise(late, date(2024, 6, 20), revision=late.revision)  # what the letter for the mistake said used nothing up
    assert (facts("apology")[0]["sent_on"], facts("apology")[0]["has_new_date"]) == ("2024-06-12", True)


def test_a_letter_for_a_mistake_needs_no_date(late: Case, freeze: Callable[[str], Any]) -> None:
    freeze("2024-06-04 08:00")
    sent = apologise(late, wrong=True)
    assert sent.new_due_at is None
    event = db.session.query(CaseEvent).filter_by(case_id=late.id, kind=EventKind.APOLOGISED).one()
    assert event.data == {"number": "12/PXL", "wrong": True}


def test_a_case_that_will_be_late_is_apologised_for_before_it_is_due(late: Case, freeze: Callable[[str], Any]) -> None:
    freeze("2024-06-04 08:00")
    with pytest.raises(DomainError, match="phải sau ngày hẹn trả"):
        apologise(late, date(2024, 6, 5))
    due = late.due_at
    assert apologise(late, date(2024, 6, 7)).old_due_at == due
    assert late.due_at == late.late_after == at("2024-06-07 23:59:59"), "the letter moved the promise in time"
    assert facts("apology") == [], "nothing is owed while it is in time"
    freeze("2024-06-10 08:00")
    assert facts("apology") == [], "it promised the very date that then passed"
    apologise(late, revision=late.revision)
    assert [(fact["sent_on"], fact["has_new_date"]) for fact in facts("apology")] == [("2024-06-10", True)]


def test_a_case_that_waits_for_its_applicant_cannot_be_late(late: Case, freeze: Callable[[str], Any]) -> None:
    freeze("2024-06-04 08:00")
    happen(late, EventKind.SUPPLEMENT_REQUESTED, at("2024-06-04 08:00"), note="Thiếu ảnh.")
    db.session.refresh(late)
    with pytest.raises(DomainError, match="đang chờ bổ sung"):
        apologise(late, date(2024, 6, 7))


def test_a_stage_has_a_note_when_its_unit_wrote_one_in_it_or_at_its_end(
    units: dict[str, Unit], freeze: Callable[[str], Any]
) -> None:
    freeze("2024-06-28 17:00")
    ldvl, desk = units["LDVL"], units["MC"]
    version = make_version(ldvl, ("Tiếp nhận", desk, 1), ("Thẩm định", ldvl, 2), ("Ký duyệt", ldvl, 2), days=5)
    silent, spoken, voided = (receive(version, at(f"2024-06-0{n} 08:00")) for n in (3, 4, 5))
    for case in (silent, spoken, voided):
        happen(case, EventKind.HANDED_OVER, at("2024-06-10 08:00"), note="Đủ hồ sơ, chuyển phòng.")
    happen(voided, EventKind.NOTED, at("2024-06-10 09:00"), note="Nhầm hồ sơ.")
    number = max(event.number for event in db.session.query(CaseEvent).filter_by(case_id=voided.id))
    service.correct(EVERYWHERE, Actor("Lan"), voided.id, number, reason="Ghi nhầm hồ sơ.", void=True)
    happen(spoken, EventKind.NOTED, at("2024-06-10 10:00"), note="Đề nghị cấp phép.")
    happen(silent, EventKind.HANDED_OVER, at("2024-06-11 08:00"))  # its reason for recording late is no opinion
    happen(spoken, EventKind.HANDED_OVER, at("2024-06-11 08:00"), note="Trình ký.")
    happen(voided, EventKind.HANDED_OVER, at("2024-06-11 08:00"))
    assert facts("stage_note") == [{"unit": "LDVL", "stages_ended": 3, "with_note": 1, "unknown_cases": 0}]
    happen(spoken, EventKind.RESOLVED, at("2024-06-12 08:00"), note="Đồng ý.")
    happen(spoken, EventKind.CLOSED, at("2024-06-12 09:00"))
    assert facts("stage_note") == [{"unit": "LDVL", "stages_ended": 4, "with_note": 2, "unknown_cases": 0}]


def test_a_closed_case_carries_its_result_or_not(units: dict[str, Unit], freeze: Callable[[str], Any]) -> None:
    freeze("2024-06-28 17:00")
    version = make_version(units["LDVL"], days=5)
    bare, scanned = receive(version, at("2024-06-03 08:00")), receive(version, at("2024-06-03 09:00"))
    finish(bare, at("2024-06-05 08:00"))
    finish(scanned, at("2024-06-05 08:00"))
    happen(scanned, EventKind.RESULT_DIGITISED, at("2024-06-06 08:00"))
    refused = receive(version, at("2024-06-03 10:00"))
    happen(refused, EventKind.REFUSED, at("2024-06-05 08:00"), note="Không đủ điều kiện.")
    assert facts("result_attached") == [{"unit": "LDVL", "closed": 2, "attached": 1, "unknown_closed": 0}]


def test_overdue_cases_are_gathered_by_the_officer_who_has_them(late: Case, freeze: Callable[[str], Any]) -> None:
    freeze("2024-06-20 08:00")
    again = receive(_version(late), at("2024-06-04 08:00"))
    codes = ", ".join(sorted([late.code, again.code]))
    assert facts("officer_overdue") == [{"unit": "LDVL", "subject": late.officer, "overdue": 2, "cases": codes}]
    assert late.officer


def test_the_officer_who_had_the_stage_that_ran_over_is_named_for_its_unit(
    units: dict[str, Unit], freeze: Callable[[str], Any]
) -> None:
    """Six days at the desk, which had one; none at the division, which had three."""
    ldvl, desk = units["LDVL"], units["MC"]
    version = make_version(ldvl, ("Tiếp nhận", desk, 1), ("Thẩm định", ldvl, 3), days=4)
    case = receive(version, at("2024-06-03 08:00"))
    happen(case, EventKind.TAKEN_OVER, at("2024-06-03 09:00"), data={"officer": "Nguyễn Thị Một"})
    happen(case, EventKind.HANDED_OVER, at("2024-06-11 08:00"), data={"officer": "Trần Văn Hai"})
    finish(case, at("2024-06-11 16:00"))
    freeze("2024-06-20 08:00")
    assert facts("officer_overdue") == [{"unit": "MC", "subject": "Nguyễn Thị Một", "overdue": 1, "cases": case.code}]


def test_where_no_stage_ran_over_it_is_who_had_the_case_when_its_promise_passed(
    units: dict[str, Unit], freeze: Callable[[str], Any]
) -> None:
    ldvl, desk = units["LDVL"], units["MC"]
    version = make_version(ldvl, ("Tiếp nhận", desk, 5), ("Thẩm định", ldvl, 5), days=4)
    case = receive(version, at("2024-06-03 08:00"))
    happen(case, EventKind.HANDED_OVER, at("2024-06-07 08:00"), data={"officer": "Trần Văn Hai"})
    finish(case, at("2024-06-11 16:00"))
    freeze("2024-06-20 08:00")
    assert [(fact["unit"], fact["subject"]) for fact in facts("officer_overdue")] == [("LDVL", "Trần Văn Hai")]


def test_officers_of_one_name_are_not_one_officer(units: dict[str, Unit], freeze: Callable[[str], Any]) -> None:
    """Two accounts of a unit, one account of another, a name that only files write."""
    ldvl, ncc = units["LDVL"], units["NCC"]
    people = [
        make_person(unit, username=name, full_name="Nguyễn Văn A")
        for unit, name in ((ldvl, "a.nv"), (ldvl, "a.nv2"), (ncc, "a.nv3"))
    ]
    others: list[tuple[Unit, dict[str, Any]]] = [
        *(
            (unit, {"officer": "Nguyễn Văn A", "person_id": who.id})
            for unit, who in zip((ldvl, ldvl, ncc), people, strict=True)
        ),
        (ncc, {"officer": "nguyễn văn A"}),  # only one account of that unit is called so
        (ncc, {"officer": "Lê Thị B"}),
    ]
    for unit, who in others:
        case = receive(make_version(unit, ("Thẩm định", unit, 2), days=2), at("2024-06-03 08:00"))
        happen(case, EventKind.TAKEN_OVER, at("2024-06-03 09:00"), data=who)
    freeze("2024-06-20 08:00")
    assert [(fact["unit"], fact["subject"], fact["overdue"]) for fact in facts("officer_overdue")] == [
        ("LDVL", "Nguyễn Văn A (a.nv)", 1),
        ("LDVL", "Nguyễn Văn A (a.nv2)", 1),
        ("NCC", "Lê Thị B", 1),
        ("NCC", "Nguyễn Văn A", 2),
    ]


def _version(case: Case) -> ProcedureVersion:
    return db.session.get_one(ProcedureVersion, case.version_id)
