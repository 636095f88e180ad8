"""Mistakes found in cases: who records them, what is owed after them, and how one recorded in error is taken back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from app.cases.explanations import service
from app.cases.explanations.models import CaseFault, FaultSource
from app.cases.models import Case
from app.core.errors import Conflict, DomainError, NotAllowed, NotFound
from app.core.facts import Fact, FactQuery, gather
from app.core.periods import Period
from app.organisation.access import Actor, scope_of
from app.organisation.calendars import site_calendar
from app.organisation.models import AuditEntry, Person, Role, Unit
from app.procedures.models import ProcedureVersion
from app.rulepacks.language import Status
from app.web import extensions
from app.web.extensions import db
from tests.clock import at
from tests.compliance.month import JUNE, check
from tests.factories import EVERYWHERE, SITE, adopt_packs, finish, make_department, make_person, make_version, receive

JULY = Period.parse("2024-07")
SignIn = Callable[[Person], FlaskClient]


@pytest.fixture
def units(session: Any) -> dict[str, Unit]:
    made = make_department()
    adopt_packs()
    return made


@pytest.fixture
def inspector(units: dict[str, Unit]) -> Person:
    return make_person(units["VP"], Role.INSPECTOR, full_name="Phạm Thanh Tra")


@pytest.fixture
def head(units: dict[str, Unit]) -> Person:
    return make_person(units["LDVL"], Role.HEAD, full_name="Lê Văn Trưởng")


@pytest.fixture
def case(units: dict[str, Unit]) -> Case:
    """In time: received on 3 June, closed on the 4th."""
    found = receive(make_version(units["LDVL"], ("Thẩm định", units["LDVL"], 5), days=5), at("2024-06-03 08:00"))
    return finish(found, at("2024-06-04 08:00"))


def record(by: Person, case: Case, day: date = date(2024, 6, 10), **more: Any) -> CaseFault:
    values: dict[str, Any] = {"source": FaultSource.APPLICANT, "what": "Sai họ tên trên giấy phép."} | more
    return service.record_fault(scope_of(by), Actor.of(by), case.id, found_on=day, **values)


def apologise(case: Case, *, wrong: bool = True, **more: Any) -> None:
    values: dict[str, Any] = {"number": "12/PXL", "reason": "Ghi sai.", "signer": "Lê Văn Trưởng"} | more
    service.apologise(EVERYWHERE, Actor("Lan"), case.id, wrong=wrong, revision=case.revision, **values)


def facts(period: Period, *kinds: str) -> list[Fact]:
    start, end = period.bounds(site_calendar().zone)
    query = FactQuery(SITE, period, start, end, min(end, extensions.now() + timedelta(seconds=1)))
    return list(gather(db.session.connection(), query, kinds))


def _version(case: Case) -> ProcedureVersion:
    return db.session.get_one(ProcedureVersion, case.version_id)


def verdict(period: Period) -> tuple[Status, list[str]]:
    report = check(period, pack_ids=["dak-nong-2024"])
    found = next(r for r in report.judgement.results if (r.rule, r.unit) == ("dn-3a-wrong", "LDVL"))
    return found.status, [thing.subject for thing in found.failing]


def test_a_mistake_in_a_case_in_time_is_owed_an_apology(case: Case, head: Person, freeze: Callable[[str], Any]) -> None:
    freeze("2024-06-13 08:00")
    record(head, case)
    assert verdict(JUNE) == (Status.PENDING, [])  # three working days: until the 13th
    freeze("2024-06-14 08:00")
    assert verdict(JUNE) == (Status.FAIL, [case.code])
    apologise(case)
    assert verdict(JUNE) == (Status.FAIL, [case.code])  # late
    (entry,) = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "record_fault")).all()
    assert (entry.subject_id, entry.details["what"]) == (case.code, "Sai họ tên trên giấy phép.")


def test_an_apology_for_the_mistake_in_time_keeps_the_rule(
    case: Case, head: Person, freeze: Callable[[str], Any]
) -> None:
    freeze("2024-06-11 08:00")
    record(head, case)
    apologise(case)
    freeze("2024-06-20 08:00")
    assert verdict(JUNE) == (Status.PASS, [])
    (told,) = facts(JUNE, "apology_for_fault")
    assert (told["subject"], told["sent_on"]) == (case.code, "2024-06-11")


def test_an_apology_for_lateness_or_before_the_mistake_was_found_does_not_count(
    case: Case, head: Person, freeze: Callable[[str], Any]
) -> None:
    freeze("2024-06-07 08:00")
    apologise(case)
    freeze("2024-06-20 08:00")
    record(head, case)
    assert facts(JUNE, "apology_for_fault") == []
    assert verdict(JUNE) == (Status.FAIL, [case.code])


def test_a_mistake_found_at_the_end_of_a_month_is_judged_in_the_next(
    case: Case, head: Person, freeze: Callable[[str], Any]
) -> None:
    freeze("2024-06-28 08:00")
    record(head, case, date(2024, 6, 28))
    freeze("2024-08-01 08:00")
    assert verdict(JUNE) == (Status.NOT_APPLICABLE, [])
    assert verdict(JULY) == (Status.FAIL, [case.code])
    assert verdict(Period.parse("2024-08")) == (Status.FAIL, [case.code]), "still owed"
    freeze("2024-08-02 08:00")
    apologise(case)
    freeze("2024-10-01 08:00")
    assert verdict(JULY) == (Status.FAIL, [case.code])
    assert verdict(Period.parse("2024-08")) == (Status.PASS, []), "done late, and told so"
    assert verdict(Period.parse("2024-09")) == (Status.NOT_APPLICABLE, [])


def test_a_second_mistake_in_one_case_is_owed_its_own_apology(
    case: Case, head: Person, freeze: Callable[[str], Any]
) -> None:
    freeze("2024-06-11 08:00")
    record(head, case)
    apologise(case)
    freeze("2024-06-20 08:00")
    record(head, case, date(2024, 6, 20), what="Sai ngày sinh.")
    freeze("2024-06-28 08:00")
    assert verdict(JUNE) == (Status.FAIL, [f"{case.code}#2"])


def test_one_letter_about_two_mistakes_answers_both_and_one_that_names_one_answers_that_one(
    case: Case, head: Person, freeze: Callable[[str], Any]
) -> None:
    freeze("2024-06-11 08:00")
    record(head, case)
    record(head, case, what="Sai ngày sinh.")
    with pytest.raises(DomainError, match="không có sai sót số 3"):
        apologise(case, faults=[3])
    apologise(case, faults=[2])
    freeze("2024-06-20 08:00")
    assert verdict(JUNE) == (Status.FAIL, [case.code])
    other = finish(receive(_version(case), at("2024-06-10 08:00")), at("2024-06-11 08:00"))
    freeze("2024-06-12 08:00")
    record(head, other)
    record(head, other, what="Sai ngày sinh.")
    apologise(other)
    freeze("2024-06-20 08:00")
    assert verdict(JUNE) == (Status.FAIL, [case.code]), "the other one's letter named both"


def test_a_mistake_recorded_after_its_letter_is_answered_by_it_when_it_had_been_found_by_then(
    case: Case, head: Person, freeze: Callable[[str], Any]
) -> None:
    freeze("2024-06-11 08:00")
    apologise(case)
    freeze("2024-06-12 08:00")
    record(head, case, date(2024, 6, 10))
    record(head, case, date(2024, 6, 12), what="Sai ngày sinh.")
    freeze("2024-06-20 08:00")
    assert verdict(JUNE) == (Status.FAIL, [f"{case.code}#2"])


def test_a_letter_for_lateness_names_no_mistake(case: Case, head: Person, freeze: Callable[[str], Any]) -> None:
    freeze("2024-06-11 08:00")
    late = receive(_version(case), at("2024-05-02 08:00"))
    record(head, late)
    with pytest.raises(DomainError, match="không trả lời sai sót"):
        apologise(late, wrong=False, faults=[1], new_day=date(2024, 6, 14))
    apologise(late, wrong=False, new_day=date(2024, 6, 14))
    freeze("2024-06-20 08:00")
    assert verdict(JUNE) == (Status.FAIL, [late.code])


def test_one_recorded_in_error_is_withdrawn_with_words_and_past_checks_stand(
    case: Case, head: Person, inspector: Person, freeze: Callable[[str], Any]
) -> None:
    freeze("2024-06-20 08:00")
    fault = record(head, case)
    freeze("2024-07-05 08:00")
    with pytest.raises(NotAllowed):
        service.withdraw_fault(scope_of(head), Actor.of(head), fault.case_id, fault.id, "Nhầm hồ sơ.")
    with pytest.raises(DomainError, match="lý do"):
        service.withdraw_fault(scope_of(inspector), Actor.of(inspector), fault.case_id, fault.id, " ")
    service.withdraw_fault(scope_of(inspector), Actor.of(inspector), fault.case_id, fault.id, "Nhầm hồ sơ.")
    with pytest.raises(Conflict):
        service.withdraw_fault(scope_of(inspector), Actor.of(inspector), fault.case_id, fault.id, "Nhầm hồ sơ.")
    assert [each.withdrawal for each in service.faults_of(case.id)] == ["Nhầm hồ sơ."]
    assert verdict(JUNE) == (Status.FAIL, [case.code])
    assert facts(JULY, "case_fault") == []


@pytest.mark.parametrize(
    ("day", "what", "sentence"),
    [
        (date(2024, 7, 2), "Sai.", "sau hôm nay"),
        (date(2024, 6, 2), "Sai.", "trước ngày tiếp nhận"),
        (date(2024, 6, 10), "  ", "Hãy ghi sai sót là gì"),
        (date(2024, 6, 10), "x" * 2001, "Nội dung dài quá 2000"),
    ],
)
def test_what_cannot_be_is_refused(case: Case, head: Person, day: date, what: str, sentence: str) -> None:
    with pytest.raises(DomainError) as refused:
        record(head, case, day, what=what)
    assert sentence in refused.value.message % refused.value.params
    assert service.faults_of(case.id) == []


def test_only_the_units_head_and_inspectors_record_mistakes(case: Case, units: dict[str, Unit]) -> None:
    with pytest.raises(NotFound):
        record(make_person(units["NCC"], Role.HEAD), case)
    with pytest.raises(NotAllowed):
        record(make_person(units["LDVL"], Role.DESK), case)


def test_the_page_of_a_cases_mistakes(
    case: Case, units: dict[str, Unit], head: Person, inspector: Person, sign_in: SignIn
) -> None:
    address = f"/ho-so/{case.id}/sai-sot"
    client = sign_in(head)
    assert address in client.get(f"/ho-so/{case.id}").get_data(as_text=True)
    refused = client.post(address, data={"found_on": "01/06/2024", "source": "unit", "what": "Sai tên."})
    assert refused.status_code == 422
    assert "trước ngày tiếp nhận" in refused.get_data(as_text=True)
    done = client.post(address, data={"found_on": "10/06/2024", "source": "unit", "what": "Sai tên."})
    assert done.status_code == 302
    (fault,) = service.faults_of(case.id)
    shown = client.get(address).get_data(as_text=True)
    assert "Sai tên." in shown
    assert "Đơn vị tự phát hiện" in shown
    withdraw = f"{address}/{fault.id}/rut"
    assert withdraw not in shown
    assert client.post(withdraw, data={"reason": "Ghi nhầm."}).status_code == 403
    judge = sign_in(inspector)
    assert judge.get(withdraw).status_code == 200
    assert judge.post(withdraw, data={"reason": "Ghi nhầm."}).status_code == 302
    assert "Ghi nhầm." in judge.get(address).get_data(as_text=True)
    stranger = sign_in(make_person(units["NCC"], Role.HEAD))
    assert stranger.get(address).status_code == 404
    reader = sign_in(make_person(units["LDVL"], Role.DESK))
    assert 'name="what"' not in reader.get(address).get_data(as_text=True)
