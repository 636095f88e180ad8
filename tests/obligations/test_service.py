"""What units hand in, carry out and answer, and what survey files bring: taken, refused, kept in the trail."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from sqlalchemy import select

from app.core.errors import Conflict, DomainError, NotAllowed, NotFound
from app.obligations import queries, service, surveys
from app.obligations.models import BodyKind, Filing, FilingKind, OnlineTarget, Petition, Survey
from app.organisation.access import Scope
from app.organisation.models import AuditEntry, Unit
from app.organisation.sheets import FileRowsReport
from app.web.extensions import db
from tests.factories import CLERK, EVERYWHERE, make_department

HEADER = "Đơn vị,Đợt,Loại,Ngày,Phiếu phát ra,Phiếu thu về,Hài lòng\n"


@pytest.fixture
def units(session: Any) -> dict[str, Unit]:
    return make_department()


def hand_in(unit: Unit, kind: FilingKind = FilingKind.MONTHLY_REPORT, **values: Any) -> Filing:
    said = {"period": "2024-05", "filed_on": date(2024, 6, 5)} | values
    return service.hand_in(EVERYWHERE, CLERK, unit_id=unit.id, kind=kind, **said)


def last_action() -> str:
    return str(db.session.scalar(select(AuditEntry.action).order_by(AuditEntry.number.desc()).limit(1)))


def result(
    unit: Unit, asked: int = 100, answered: int = 80, satisfied: int = 70, **values: Any
) -> surveys.SurveyResult:
    said = {"round": "Đợt 1", "body": BodyKind.ADMINISTRATIVE, "held_on": date(2024, 6, 30)} | values
    return surveys.SurveyResult(unit.id, asked=asked, answered=answered, satisfied=satisfied, **said)


def take(text: str, **options: bool) -> FileRowsReport:
    return surveys.import_surveys(EVERYWHERE, CLERK, text.encode(), **options)


# Filings


def test_a_report_without_a_title_is_named_by_its_kind_and_period(units: dict[str, Unit]) -> None:
    filing = hand_in(units["LDVL"], document="12/BC")
    assert filing.title == "Báo cáo tháng – Tháng 5/2024"
    assert last_action() == "hand_in"


def test_a_second_report_for_the_same_period_is_refused_with_the_day_of_the_first(units: dict[str, Unit]) -> None:
    hand_in(units["LDVL"])
    with pytest.raises(Conflict) as refused:
        hand_in(units["LDVL"], filed_on=date(2024, 6, 7))
    assert "05/06/2024" in str(refused.value) or refused.value.params["day"] == date(2024, 6, 5)
    assert len(queries.filings(EVERYWHERE, FilingKind.MONTHLY_REPORT, 2024)) == 1
    hand_in(units["NCC"])
    hand_in(units["LDVL"], period="2024-04")


def test_a_withdrawn_report_is_kept_with_its_reason_and_may_be_handed_in_anew(units: dict[str, Unit]) -> None:
    first = hand_in(units["LDVL"])
    service.withdraw_filing(EVERYWHERE, CLERK, first.id, reason="sai số liệu")
    hand_in(units["LDVL"], filed_on=date(2024, 6, 10))
    kept = queries.filings(EVERYWHERE, FilingKind.MONTHLY_REPORT, 2024)
    assert [(filing.withdrawn, filing.withdrawal) for filing in kept] == [(False, ""), (True, "sai số liệu")]
    with pytest.raises(Conflict):
        service.withdraw_filing(EVERYWHERE, CLERK, first.id, reason="rút lần nữa")


def test_a_filing_is_not_withdrawn_without_a_reason(units: dict[str, Unit]) -> None:
    with pytest.raises(DomainError) as refused:
        service.withdraw_filing(EVERYWHERE, CLERK, hand_in(units["LDVL"]).id, reason="  ")
    assert refused.value.field == "reason"


@pytest.mark.parametrize(
    ("kind", "values", "field"),
    [
        (FilingKind.MONTHLY_REPORT, {"period": ""}, "period"),
        (FilingKind.MONTHLY_REPORT, {"period": "2024-Q2"}, "period"),
        (FilingKind.QUARTERLY_REPORT, {"period": "2024-05"}, "period"),
        (FilingKind.NEWS_ITEM, {"period": "2024-05", "title": "Tin"}, "period"),
        (FilingKind.NEWS_ITEM, {"period": "", "title": " "}, "title"),
        (FilingKind.MONTHLY_REPORT, {"filed_on": date(2024, 7, 2)}, "filed_on"),
        (FilingKind.MONTHLY_REPORT, {"filed_on": date(2024, 4, 30)}, "filed_on"),
    ],
)
def test_what_cannot_be_filed_is_refused_at_its_field(
    units: dict[str, Unit], kind: FilingKind, values: dict[str, Any], field: str
) -> None:
    with pytest.raises(DomainError) as refused:
        hand_in(units["LDVL"], kind, **values)
    assert refused.value.field == field
    assert not queries.filings(EVERYWHERE, None, 2024)


def test_the_same_news_item_of_a_day_is_refused_another_is_not(units: dict[str, Unit]) -> None:
    news = {"kind": FilingKind.NEWS_ITEM, "period": "", "title": "Một cửa lưu động"}
    hand_in(units["VP"], **news)
    with pytest.raises(Conflict):
        hand_in(units["VP"], **news | {"title": "một cửa  lưu động"})
    hand_in(units["VP"], **news | {"title": "Tin khác"})
    assert len(queries.filings(EVERYWHERE, FilingKind.NEWS_ITEM, 2024)) == 2


def test_a_head_records_for_their_own_unit_only(units: dict[str, Unit]) -> None:
    own = Scope("TEST", frozenset({units["LDVL"].id}))
    said = {"kind": FilingKind.MONTHLY_REPORT, "period": "2024-05", "filed_on": date(2024, 6, 3)}
    service.hand_in(own, CLERK, unit_id=units["LDVL"].id, **said)
    with pytest.raises(NotAllowed):
        service.hand_in(own, CLERK, unit_id=units["NCC"].id, **said)
    others = hand_in(units["NCC"])
    with pytest.raises(NotFound):
        service.withdraw_filing(own, CLERK, others.id, reason="không phải của tôi")


def test_the_matrix_shows_each_unit_and_what_is_missing(units: dict[str, Unit]) -> None:
    hand_in(units["LDVL"])
    hand_in(units["NCC"], FilingKind.CATALOGUE_LIST)
    lines = {
        line.unit.code: line
        for line in queries.filing_matrix(EVERYWHERE, FilingKind.MONTHLY_REPORT, 2024, date(2024, 7, 1))
    }
    assert lines.keys() == units.keys()
    assert [len(cell) for cell in lines["LDVL"].cells] == [0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0]
    assert not any(lines["NCC"].cells)


# Directives


def test_a_directive_is_given_to_each_unit_and_done_by_each(units: dict[str, Unit]) -> None:
    given = service.register_directive(
        EVERYWHERE,
        CLERK,
        number="45/CV-UBND",
        issuer="UBND tỉnh",
        summary="Rà soát",
        unit_ids=[units["LDVL"].id, units["NCC"].id],
        received_on=date(2024, 6, 3),
        due_on=date(2024, 6, 14),
    )
    service.finish_directive(EVERYWHERE, CLERK, given[0].id, done_on=date(2024, 6, 14), result="Đã báo cáo", seen=1)
    assert [(one.unit.code, one.done_on is None) for one in queries.directives(EVERYWHERE)] == [
        ("NCC", True),
        ("LDVL", False),
    ]
    with pytest.raises(Conflict):
        service.finish_directive(EVERYWHERE, CLERK, given[0].id, done_on=date(2024, 6, 15), result="lại")
    with pytest.raises(Conflict):
        service.finish_directive(EVERYWHERE, CLERK, given[1].id, done_on=date(2024, 6, 15), result="cũ", seen=7)


def test_the_same_directive_is_not_given_twice_to_a_unit(units: dict[str, Unit]) -> None:
    said = {"number": "45/CV", "issuer": "UBND", "summary": "Việc", "received_on": date(2024, 6, 3)}
    service.register_directive(EVERYWHERE, CLERK, unit_ids=[units["LDVL"].id], **said)
    with pytest.raises(Conflict):
        service.register_directive(EVERYWHERE, CLERK, unit_ids=[units["NCC"].id, units["LDVL"].id], **said)
    assert len(queries.directives(EVERYWHERE)) == 1


# Petitions


def test_a_petition_has_fifteen_working_days_of_the_sites_calendar(units: dict[str, Unit]) -> None:
    """From Friday 26 April 2024: 29 April to 1 May are off, Saturday 4 May is worked."""
    petition = service.receive_petition(
        EVERYWHERE, CLERK, unit_id=units["LDVL"].id, content="Chậm trả kết quả", received_on=date(2024, 4, 26)
    )
    assert petition.due_on == date(2024, 5, 21)
    assert petition.code == "PA2024-0001"


def test_petitions_are_numbered_in_their_year_and_a_known_code_is_refused(units: dict[str, Unit]) -> None:
    said = {"unit_id": units["LDVL"].id, "content": "Nội dung", "received_on": date(2024, 6, 3)}
    codes = [service.receive_petition(EVERYWHERE, CLERK, **said).code for _ in range(2)]
    assert codes == ["PA2024-0001", "PA2024-0002"]
    with pytest.raises(Conflict) as refused:
        service.receive_petition(EVERYWHERE, CLERK, **said, code="PA2024-0001")
    assert refused.value.field == "code"


def test_a_petition_is_answered_once_and_not_before_it_came(units: dict[str, Unit]) -> None:
    said = {"unit_id": units["LDVL"].id, "content": "Nội dung", "received_on": date(2024, 6, 3)}
    petition: Petition = service.receive_petition(EVERYWHERE, CLERK, **said)
    with pytest.raises(DomainError) as refused:
        service.answer_petition(EVERYWHERE, CLERK, petition.id, answered_on=date(2024, 6, 2), answer="CV 5")
    assert refused.value.field == "answered_on"
    service.answer_petition(EVERYWHERE, CLERK, petition.id, answered_on=date(2024, 6, 10), answer="CV 5")
    with pytest.raises(Conflict):
        service.answer_petition(EVERYWHERE, CLERK, petition.id, answered_on=date(2024, 6, 11), answer="CV 6")


# Surveys


@pytest.mark.parametrize(
    ("numbers", "field"),
    [
        ({"answered": 80, "satisfied": 81}, "satisfied"),
        ({"asked": 79, "answered": 80}, "answered"),
        ({"asked": -1, "answered": -1, "satisfied": -1}, "asked"),
    ],
)
def test_a_survey_with_more_than_there_can_be_is_refused(
    units: dict[str, Unit], numbers: dict[str, int], field: str
) -> None:
    with pytest.raises(DomainError) as refused:
        surveys.record_survey(EVERYWHERE, CLERK, result(units["LDVL"], **numbers))
    assert refused.value.field == field
    assert not queries.surveys(EVERYWHERE)


def test_everybody_asked_may_answer_and_be_satisfied(units: dict[str, Unit]) -> None:
    surveys.record_survey(EVERYWHERE, CLERK, result(units["LDVL"], 80, 80, 80))
    assert [row.satisfied for row in queries.surveys(EVERYWHERE, 2024)] == [80]


def test_a_round_has_one_result_a_unit_and_body(units: dict[str, Unit]) -> None:
    surveys.record_survey(EVERYWHERE, CLERK, result(units["LDVL"]))
    with pytest.raises(Conflict):
        surveys.record_survey(EVERYWHERE, CLERK, result(units["LDVL"], satisfied=71))
    surveys.record_survey(EVERYWHERE, CLERK, result(units["LDVL"], body=BodyKind.PUBLIC_SERVICE))


def test_a_file_with_bad_rows_brings_nothing_and_names_each(units: dict[str, Unit]) -> None:
    report = take(
        HEADER
        + "LDVL,Đợt 1,hành chính,30/06/2024,100,80,70\n"
        + "NCC,Đợt 1,hành chính,30/06/2024,100,80,81\n"
        + "\n"
        + "KHONG,Đợt 1,hành chính,30/06/2024,100,80,70\n"
        + "TTDVVL,Đợt 1,sự nghiệp,2024-06-30,50,40,36\n"
        + "NCC,Đợt 1,hành chính,31/06/2024,100,80,70\n"
        + 'NCC,Đợt 1,hành chính,30/06/2024,"2,5",80,70\n'
    )
    assert (report.rows, report.new, report.unchanged) == (6, 0, 0)
    assert [(refusal.row, refusal.column) for refusal in report.refused] == [
        (3, "satisfied"),
        (5, "unit"),
        (7, "held_on"),
        (8, "asked"),
    ]
    assert not queries.surveys(EVERYWHERE)
    put_right = take(
        HEADER + "LDVL,Đợt 1,hành chính,30/06/2024,100,80,70\n" + "TTDVVL,Đợt 1,sự nghiệp,2024-06-30,50,40,36\n"
    )
    assert (put_right.new, put_right.refused) == (2, [])
    assert {(row.unit.code, row.body) for row in queries.surveys(EVERYWHERE)} == {
        ("LDVL", BodyKind.ADMINISTRATIVE),
        ("TTDVVL", BodyKind.PUBLIC_SERVICE),
    }


def test_the_same_file_again_changes_nothing_and_other_numbers_are_refused(units: dict[str, Unit]) -> None:
    row = "LDVL,Đợt 1,hành chính,30/06/2024,100,80,"
    take(HEADER + row + "70\n")
    assert take(HEADER + row + "70\n").unchanged == 1
    again = take(HEADER + row + "71\n")
    assert (again.unchanged, [refusal.column for refusal in again.refused]) == (0, ["round"])
    assert db.session.scalars(select(Survey.satisfied)).all() == [70]


@pytest.mark.parametrize(
    "content", [b"", b"a,b,c\n1,2,3\n", HEADER.encode("utf-16"), b"x" * (surveys.LARGEST + 1)], ids=range(4)
)
def test_a_file_that_is_none_is_refused_whole(units: dict[str, Unit], content: bytes) -> None:
    with pytest.raises(DomainError) as refused:
        surveys.import_surveys(EVERYWHERE, CLERK, content)
    assert refused.value.field == "file"


def test_a_dry_run_writes_nothing(units: dict[str, Unit]) -> None:
    assert take(HEADER + "LDVL,Đợt 1,hành chính,30/06/2024,100,80,70\n", dry_run=True).new == 1
    assert not queries.surveys(EVERYWHERE)


def test_a_result_taken_out_stays_in_the_trail_with_its_numbers(units: dict[str, Unit]) -> None:
    survey = surveys.record_survey(EVERYWHERE, CLERK, result(units["LDVL"]))
    surveys.remove_survey(EVERYWHERE, CLERK, survey.id, reason="nhập nhầm đơn vị")
    entry = db.session.scalar(select(AuditEntry).order_by(AuditEntry.number.desc()).limit(1))
    assert (entry.action, entry.details["satisfied"], entry.details["reason"]) == (
        "remove_survey",
        70,
        "nhập nhầm đơn vị",
    )
    assert not queries.surveys(EVERYWHERE)


# Online targets


def test_a_target_assigned_again_replaces_the_one_before_and_the_trail_shows_both(units: dict[str, Unit]) -> None:
    said = {"unit_id": units["LDVL"].id, "year": 2024, "assigned_on": date(2024, 3, 1), "document": "QĐ 10"}
    service.set_online_target(EVERYWHERE, CLERK, percent=50, **said)
    service.set_online_target(EVERYWHERE, CLERK, percent=60, **said)
    assert db.session.scalars(select(OnlineTarget.percent)).all() == [60]
    entry = db.session.scalar(select(AuditEntry).order_by(AuditEntry.number.desc()).limit(1))
    assert entry.details["changed"] == {"percent": [50, 60]}


@pytest.mark.parametrize("percent", [0, 101, 350])
def test_a_target_that_is_no_share_is_refused(units: dict[str, Unit], percent: int) -> None:
    with pytest.raises(DomainError) as refused:
        service.set_online_target(
            EVERYWHERE,
            CLERK,
            unit_id=units["LDVL"].id,
            year=2024,
            percent=percent,
            assigned_on=date(2024, 3, 1),
            document="QĐ 10",
        )
    assert refused.value.field == "percent"
