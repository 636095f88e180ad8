"""What the demonstration shows: a believable Department in which every kind of result can be seen."""

from __future__ import annotations

from collections import Counter
from datetime import date, time
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import selectinload

from app.cases.lists import DueList, ListMoment, condition
from app.cases.models import Case, CaseEvent, CasePause, CaseStage, Payment
from app.cases.rows import case_row, pause_rows, payment_rows, stage_rows, terms_of, versions_by_id
from app.cases.service import events_of
from app.cases.timeline import project
from app.cases.vocabulary import CaseStatus, Channel, EventKind, ReturnMethod
from app.core import facts
from app.core.calendar import TimeUnit
from app.core.facts import Fact, FactQuery
from app.core.periods import Period
from app.demo.catalogue import MADE_UP, WORK_PERMIT_NOTE
from app.demo.departments import ACCOUNTS, PASSWORD
from app.demo.loading import LoadSummary
from app.organisation import passwords, queries
from app.organisation.calendars import site_calendar
from app.organisation.models import Role, Unit
from app.procedures.models import ProcedureVersion
from app.web import extensions
from app.web.extensions import db
from tests.clock import ZONE
from tests.demo.conftest import CASES

pytestmark = pytest.mark.usefixtures("demonstration")


def fact(kind: str, unit: str, month: str = "2024-06") -> Fact:
    """The one fact of that kind about the unit in a month, as known at the month's end."""
    period = Period.parse(month)
    start, end = period.bounds(ZONE)
    query = FactQuery("TEST", period, start, end, end)
    with db.engine.connect() as connection:
        return next(found for found in facts.gather(connection, query, [kind]) if found["unit"] == unit)


def local(instant: Any) -> Any:
    return instant.astimezone(ZONE)


def test_it_has_exactly_the_cases_asked_for(demonstration: LoadSummary) -> None:
    assert db.session.scalar(select(func.count()).select_from(Case)) == CASES == demonstration.cases
    assert db.session.scalar(select(func.count()).select_from(CaseEvent)) == demonstration.events
    assert (demonstration.first, demonstration.last) == (date(2023, 6, 1), date(2024, 6, 30))


def test_the_divisions_are_found_by_the_names_that_the_plans_use() -> None:
    for spelling in (
        "Phòng Việc làm – An toàn Lao động",
        "Phòng Lao động việc làm",
        "Phòng Lao động - Việc làm và GDNN",
    ):
        found = queries.find_unit(spelling)
        assert found is not None and found.code == "LDVL"
    desk = queries.find_unit("Bộ phận Một cửa")
    assert desk is not None and desk.is_desk and desk.path == "/SO/VP/MC/"


def versions() -> list[ProcedureVersion]:
    return list(db.session.scalars(select(ProcedureVersion).options(selectinload(ProcedureVersion.stages))))


def test_the_catalogue_has_at_least_25_procedures_whose_steps_add_up_to_their_time() -> None:
    assert len(versions()) >= 25
    for version in versions():
        assert len(version.stages) == 4
        if version.time_unit is not TimeUnit.SAME_DAY:
            assert sum((stage.allowance for stage in version.stages), Decimal(0)) == version.time_amount > 0


def test_every_procedure_says_what_is_made_up() -> None:
    notes = {version.procedure.code: version.note for version in versions()}
    permit = notes.pop("LDVL.GPLD")
    assert permit == WORK_PERMIT_NOTE and "152/2020" in permit and "mã quốc gia" in permit
    assert set(notes.values()) == {MADE_UP}


def test_some_procedures_can_be_paid_online_some_not_yet_and_some_never() -> None:
    bearing = [version for version in versions() if version.fee]
    assert any(v.online_payment_eligible and v.online_payment_from for v in bearing)
    assert any(v.online_payment_eligible and not v.online_payment_from for v in bearing)
    assert any(not v.online_payment_eligible for v in bearing)


@pytest.mark.parametrize("month", ["2024-03", "2024-05", "2024-06"])
def test_one_unit_has_exactly_35_percent_of_its_payments_online_in_every_full_month(month: str) -> None:
    payment = fact("payment", "LDVL", month)
    assert payment["eligible"] > 0
    assert payment["online"] * 20 == payment["eligible"] * 7


def test_one_unit_has_fees_due_and_no_payment_at_all() -> None:
    payment = fact("payment", "TTDVVL")
    assert payment["due"] > 0
    assert payment["eligible"] == 0


def test_one_unit_has_results_that_were_never_closed_on_the_software() -> None:
    assert fact("closing", "BTXH")["not_closed"] > 0
    never = select(func.count()).select_from(Case).join(Unit, Unit.id == Case.unit_id)
    never = never.where(Unit.code == "BTXH", Case.status == CaseStatus.RESOLVED, Case.closed_at.is_(None))
    assert (db.session.scalar(never) or 0) > 3


@pytest.mark.parametrize("month", ["2023-07", "2024-01", "2024-02", "2024-06"])
def test_one_unit_keeps_every_promise(month: str) -> None:
    timeliness, closing = fact("timeliness", "NCC", month), fact("closing", "NCC", month)
    assert timeliness["judged"] == timeliness["on_time"] > 0
    assert closing["not_closed"] == 0 < closing["resolved"]
    digitised = fact("digitisation", "NCC", month)
    assert digitised["files"] == digitised["files_digitised"] > 0
    assert digitised["results"] == digitised["results_digitised"] > 0
    electronic = fact("electronic_result", "NCC", month)
    assert electronic["results"] == electronic["same_day"] > 0
    stages = fact("stage_use", "NCC", month)
    assert stages["judged"] == stages["within"] > 0


def test_the_other_units_have_something_to_answer_for() -> None:
    months = [period.key for period in Period.parse("2024-H1").months()]
    for unit in ("LDVL", "BTXH", "TEXH"):
        assert sum(fact("timeliness", unit, month)["late"] for month in months) > 0
        # What came online is a data file already: of what came on paper some is not scanned, in one month or another.
        of_paper = [*months, *(period.key for period in Period.parse("2023-H2").months())]
        assert any(f["files"] > f["files_digitised"] for f in (fact("digitisation", unit, m) for m in of_paper))
    assert fact("stage_use", "MC")["ended"] > 0


def received_per_working_day(first: date, last: date) -> float:
    days = Counter(local(at).date() for at in db.session.scalars(select(Case.received_at)))
    calendar = site_calendar()
    count = calendar.count_working_days(first, last) + calendar.is_working_day(first)
    return sum(n for day, n in days.items() if first <= day <= last) / max(1, count)


def test_there_is_a_rush_before_tet_and_quiet_in_it() -> None:
    # Tết Giáp Thìn: 10 February 2024; the office was closed from 8 to 14 February.
    ordinary = received_per_working_day(date(2023, 10, 1), date(2023, 12, 31))
    rush = received_per_working_day(date(2024, 1, 22), date(2024, 2, 7))
    after = received_per_working_day(date(2024, 2, 15), date(2024, 2, 19))
    assert rush > 1.4 * ordinary
    assert after < 0.6 * ordinary
    assert received_per_working_day(date(2024, 2, 8), date(2024, 2, 14)) <= 2  # of the whole week


def test_mondays_are_busier_than_fridays() -> None:
    weekdays = Counter(local(at).weekday() for at in db.session.scalars(select(Case.received_at)))
    assert weekdays[0] > 1.2 * weekdays[4] > 0


def test_people_come_in_office_hours_and_online_cases_also_at_night() -> None:
    calendar = site_calendar()
    rows = db.session.execute(select(Case.channel, Case.received_at)).all()
    for channel, at in rows:
        moment = local(at)
        if channel is not Channel.ONLINE:
            assert calendar.is_working_day(moment.date())
            assert time(7, 30) <= moment.time() < time(11, 30) or time(13) <= moment.time() < time(17)
    nights = [at for channel, at in rows if channel is Channel.ONLINE and local(at).time() > time(18)]
    assert len(nights) > 20


def test_lives_are_varied() -> None:
    kinds = set(db.session.scalars(select(CaseEvent.kind).distinct()))
    assert kinds >= set(EventKind) - {
        EventKind.NOTED,
        EventKind.ACTIVITY,
        *(EventKind.PROMISE_MOVED, EventKind.REOPENED),  # other software does so
        EventKind.ISSUED_PAPER,
        *(EventKind.AMENDED, EventKind.ANNULLED, EventKind.PROCEEDED),  # nobody has anything to put right
        EventKind.UNIT_SUCCEEDED,  # no unit of the demonstration ends: tests/cases/test_succession.py
    }
    statuses = set(db.session.scalars(select(Case.status).distinct()))
    assert statuses >= set(CaseStatus) - {CaseStatus.RECEIVED, CaseStatus.ANNULLED}
    twice = select(CasePause.case_id).group_by(CasePause.case_id).having(func.count() > 1)
    assert len(db.session.scalars(twice).all()) > 5
    assert db.session.scalar(select(Payment.id).where(Payment.voided).limit(1)) is not None


def test_results_are_collected_after_some_days_and_only_a_few_are_left() -> None:
    moment = ListMoment(site_calendar(), extensions.now(), 30)
    waiting = db.session.scalars(select(Case).where(condition(DueList.TO_COLLECT, moment, 3))).all()
    results = db.session.scalars(select(Case).where(Case.result_at.is_not(None))).all()
    assert 0 < len(waiting) < 0.05 * len(results)
    assert {case.return_method for case in results} == set(ReturnMethod)
    collected = [c for c in results if c.delivered_at and c.return_method is ReturnMethod.IN_PERSON]
    days = Counter((local(c.delivered_at).date() - local(c.result_at).date()).days for c in collected)
    assert days[0] == 0 and max(days) > 14
    assert sum(n for day, n in days.items() if day <= 7) > 0.6 * len(collected)
    online = [c for c in results if c.return_method is ReturnMethod.ONLINE and c.electronic_result_at]
    assert online and all(c.delivered_at == c.electronic_result_at for c in online)


def test_every_case_folds_again_to_the_rows_that_were_written() -> None:
    cases = list(db.session.scalars(select(Case).order_by(Case.id)))
    events = events_of([case.id for case in cases])
    terms = {key: terms_of(version) for key, version in versions_by_id({c.version_id for c in cases}).items()}
    calendar, written = site_calendar(), {t: rows_by_case(t) for t in (CaseStage, CasePause, Payment)}
    for case in cases:
        state = project(terms[case.version_id], events[case.id], calendar)
        row = case_row(state)
        assert {name: getattr(case, name) for name in row} == row
        assert written[CaseStage].get(case.id, []) == stage_rows("TEST", case.id, state)
        assert written[CasePause].get(case.id, []) == pause_rows("TEST", case.id, state)
        paid = payment_rows("TEST", case.id, case.unit_id, case.online_payable, state)
        assert written[Payment].get(case.id, []) == paid


def rows_by_case(model: Any) -> dict[int, list[dict[str, Any]]]:
    found: dict[int, list[dict[str, Any]]] = {}
    columns = [column for column in model.__table__.columns if column.name != "id"]
    for row in db.session.execute(select(*columns).order_by(model.id)):
        found.setdefault(row.case_id, []).append(dict(row._mapping))
    return found


def test_nothing_has_happened_after_the_last_day() -> None:
    last = db.session.scalar(select(func.max(CaseEvent.at)))
    assert last is not None and local(last).date() <= date(2024, 6, 30)


def test_case_codes_count_up_through_the_day() -> None:
    rows = db.session.execute(select(Case.code, Case.received_at).order_by(Case.id)).all()
    seen: Counter[str] = Counter()
    for code, at in rows:
        seen[f"{local(at):%y%m%d}"] += 1
        assert code == f"H32.12-{local(at):%y%m%d}-{seen[f'{local(at):%y%m%d}']:04d}"
    assert [at for _, at in rows] == sorted(at for _, at in rows)


def test_there_is_an_account_for_every_role_with_the_printed_password() -> None:
    assert {account.role for account in ACCOUNTS} == set(Role)
    for account in ACCOUNTS:
        person = queries.person_by_username(account.username)
        assert person is not None and passwords.matches(person.password_hash, PASSWORD)
        assert (person.role, person.unit.code) == (account.role, account.unit)
        assert person.email.endswith(".invalid")


def test_nobody_is_real() -> None:
    rows = db.session.execute(select(Case.id_number, Case.phone)).all()
    assert all(number.startswith("999") and phone.startswith("0900") for number, phone in rows)
