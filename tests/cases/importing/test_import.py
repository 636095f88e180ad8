"""A list export is taken in: what each row does to its case, and what becomes of the rows that cannot be."""

# ruff: noqa: DTZ001  spreadsheets write times without a zone
from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from app.cases.importing import service
from app.cases.importing.formats import BadFile
from app.cases.importing.models import Import, ImportRefusal, ImportState
from app.cases.importing.report import RefusedRow
from app.cases.models import Case, CaseEvent, CasePause, CasePromise, CaseStage
from app.cases.rows import terms_of, versions_by_id
from app.cases.timeline import project
from app.cases.vocabulary import CaseStatus, Channel, EventKind, PromiseCause
from app.core.errors import DomainError, NotAllowed
from app.organisation.access import Scope
from app.organisation.calendars import site_calendar
from app.organisation.models import AuditEntry, Unit
from app.procedures.contents import contents_of
from app.procedures.models import Procedure, ProcedureVersion
from app.procedures.queries import WHOLE
from app.procedures.service import add_version
from app.web.extensions import db
from tests.cases.importing.exports import (
    CLERK,
    HEADINGS,
    ROW,
    assert_adds_up,
    closed,
    csv_file,
    reasons,
    row,
    take,
    text_of,
    xlsx_file,
)
from tests.clock import at
from tests.factories import SITE, finish, make_unit, make_version, receive

FILES = Path(__file__).parent / "files"
CODE = ROW["Số hồ sơ"]


def the_case(code: str = CODE) -> Case:
    return db.session.scalars(select(Case).where(Case.code == code).execution_options(populate_existing=True)).one()


def kinds(case: Case) -> list[EventKind]:
    found = select(CaseEvent.kind).where(CaseEvent.case_id == case.id).order_by(CaseEvent.number)
    return list(db.session.scalars(found))


def count(model: Any) -> int:
    return db.session.scalar(select(func.count()).select_from(model)) or 0


# What a row says


def test_an_open_case_comes_in_with_its_promise_and_its_holder(tmp_path: Path, permit: ProcedureVersion) -> None:
    report = take(csv_file(tmp_path, row()))
    case = the_case()
    assert (report.rows, report.cases_new, report.events_new) == (1, 1, 2)
    assert case.received_at == at("2024-06-03 08:30")
    assert case.promised_at == case.due_at == at("2024-06-10 23:59:59")
    assert (case.status, case.ended_at) == (CaseStatus.IN_PROGRESS, None)
    assert (case.applicant, case.phone, case.officer) == ("Trần Văn Bình", "0912345678", "Lê Thị Hoa")
    assert (case.version_id, case.unit_id, case.holder_unit_id) == (permit.id, permit.unit_id, permit.unit_id)
    assert case.import_id == report.import_id
    assert "tran van binh" in case.search_text


@pytest.mark.parametrize(
    ("status", "ended", "expected", "result", "end"),
    [
        ("Đã trả kết quả", "07/06/2024 16:00", CaseStatus.CLOSED, True, True),
        ("10", "07/06/2024 16:00", CaseStatus.CLOSED, True, True),
        ("Đã xử lý xong", "07/06/2024 16:00", CaseStatus.RESOLVED, True, False),
        ("Từ chối", "07/06/2024 16:00", CaseStatus.REFUSED, False, True),
        ("Công dân rút", "07/06/2024 16:00", CaseStatus.WITHDRAWN, False, True),
        ("Dừng xử lý", "07/06/2024 16:00", CaseStatus.STOPPED, False, True),
        ("Đang xử lý", "", CaseStatus.IN_PROGRESS, False, False),
        ("ĐÃ  TIẾP NHẬN", "", CaseStatus.RECEIVED, False, False),
        ("Yêu cầu bổ sung", "", CaseStatus.SUPPLEMENT, False, False),
        ("", "07/06/2024 16:00", CaseStatus.CLOSED, True, True),
    ],
)
def test_each_status_of_the_other_software_is_understood(
    tmp_path: Path, permit: ProcedureVersion, status: str, ended: str, expected: CaseStatus, result: bool, end: bool
) -> None:
    take(csv_file(tmp_path, row(status=status, ended=ended)))
    case = the_case()
    assert case.status is expected
    assert (case.result_at is not None, case.ended_at is not None) == (result, end)


def test_a_resolved_case_is_not_closed_and_becomes_overdue(tmp_path: Path, permit: ProcedureVersion) -> None:
    take(csv_file(tmp_path, closed(status="Đã xử lý xong")))
    case = the_case()
    assert case.result_at == at("2024-06-07 16:00")
    assert case.closed_at is None
    assert case.due_at is not None


def test_stages_that_the_export_does_not_tell_are_not_made_up(tmp_path: Path, permit: ProcedureVersion) -> None:
    take(csv_file(tmp_path, closed(), row(code="B")))
    assert count(CaseStage) == 0


def test_a_supplement_asked_for_stops_the_clock(tmp_path: Path, permit: ProcedureVersion) -> None:
    report = take(csv_file(tmp_path, row(status="Yêu cầu bổ sung")))
    assert the_case().paused_at is not None
    assert count(CasePause) == 1
    assert any("không cho biết lúc nào" in notice for notice in report.notices())


def test_a_case_without_a_promised_date_gets_the_procedures(tmp_path: Path, permit: ProcedureVersion) -> None:
    report = take(csv_file(tmp_path, row(promised="")))
    assert the_case().due_at == at("2024-06-10 23:59:59")
    assert any("không có ngày hẹn trả" in notice for notice in report.notices())


def test_a_missing_channel_is_said(tmp_path: Path, permit: ProcedureVersion) -> None:
    report = take(csv_file(tmp_path, row()))
    assert the_case().channel is Channel.IN_PERSON
    assert any("hình thức nộp" in notice for notice in report.notices())


def test_three_spellings_of_a_division_are_one_unit(tmp_path: Path, unit: Unit, permit: ProcedureVersion) -> None:
    names = ["PHÒNG  LDVL", "Phòng lao động - việc làm", "P. Việc Làm", "ldvl"]
    report = take(csv_file(tmp_path, *(row(code=str(n), unit=name) for n, name in enumerate(names))))
    assert set(db.session.scalars(select(Case.unit_id))) == {unit.id}
    assert report.cases_new == 4


def test_a_phone_number_that_became_a_float_is_put_right(tmp_path: Path, permit: ProcedureVersion) -> None:
    take(csv_file(tmp_path, row(phone="912345678.0")))
    assert the_case().phone == "0912345678"


def test_real_dates_and_dates_as_text_mean_the_same(tmp_path: Path, permit: ProcedureVersion) -> None:
    real = row(code="A", received=datetime(2024, 6, 3, 8, 30), promised=datetime(2024, 6, 10))
    take(xlsx_file(tmp_path, HEADINGS, real, row(code="B")))
    assert the_case("A").received_at == the_case("B").received_at
    assert the_case("A").due_at == the_case("B").due_at


def test_old_xls_comes_in(permit: ProcedureVersion) -> None:
    report = take(FILES / "igate.xls")
    assert (report.cases_new, reasons(report)) == (2, [])
    case = the_case("H32.12-240603-0001")
    assert (case.phone, case.status) == ("0912345678", CaseStatus.CLOSED)


def test_an_end_without_an_hour_on_the_day_of_reception_is_not_before_it(
    tmp_path: Path, permit: ProcedureVersion
) -> None:
    take(csv_file(tmp_path, closed(ended="03/06/2024")))
    assert the_case().ended_at == the_case().received_at


def test_the_procedure_is_found_by_the_code_in_front_of_its_name(tmp_path: Path, unit: Unit) -> None:
    version = make_version(unit, code="1.001776", name="Trợ cấp xã hội hàng tháng")
    take(csv_file(tmp_path, row(procedure="1.001776.000.00.00.H32 - Tên cũ của thủ tục")))
    assert the_case().version_id == version.id


def test_a_case_keeps_the_version_in_force_on_its_day(tmp_path: Path, permit: ProcedureVersion) -> None:
    from datetime import date

    later = ProcedureVersion(
        **{
            name: getattr(permit, name)
            for name in ("site", "procedure_id", "name", "search_key", "field", "level", "unit_id")
        },
        number=2,
        time_amount=3,
        time_unit=permit.time_unit,
        in_force_from=date(2024, 6, 1),
    )
    permit.in_force_to = date(2024, 5, 31)
    db.session.add(later)
    db.session.commit()
    before = row(code="cũ", received="31/05/2024 08:00", promised="07/06/2024")
    take(csv_file(tmp_path, before, row(code="mới")))
    assert (the_case("cũ").version_id, the_case("mới").version_id) == (permit.id, later.id)


# What cannot be


@pytest.mark.parametrize(
    ("changes", "column", "words"),
    [
        ({"code": ""}, "Số hồ sơ", "Thiếu mã hồ sơ"),
        ({"code": "x" * 65}, "Số hồ sơ", "dài quá 64"),
        ({"received": "29/02/2023 08:00"}, "Ngày tiếp nhận", "Không có ngày hoặc giờ “29/02/2023 08:00”"),
        ({"received": ""}, "Ngày tiếp nhận", "Thiếu ngày tiếp nhận"),
        ({"received": "02/07/2024 08:00"}, "Ngày tiếp nhận", "ở tương lai"),
        ({"promised": "01/06/2024"}, "Ngày hẹn trả", "trước ngày tiếp nhận"),
        ({"ended": "02/06/2024", "status": "Đã trả kết quả"}, "Ngày kết thúc xử lý", "trước ngày tiếp nhận"),
        ({"status": "Đã trả kết quả"}, "Ngày kết thúc xử lý", "thiếu ngày kết thúc"),
        ({"ended": "05/06/2024"}, "Trạng thái hồ sơ", "mâu thuẫn với ngày kết thúc"),
        ({"status": "Chưa rõ"}, "Trạng thái hồ sơ", "không có trạng thái “Chưa rõ”"),
        ({"status": "Mới đăng ký"}, "Trạng thái hồ sơ", "chưa được tiếp nhận"),
        ({"unit": "Phòng Không Có"}, "Phòng ban", "Không có đơn vị “Phòng Không Có”"),
        ({"procedure": ""}, "Tên thủ tục hành chính", "Thiếu tên thủ tục"),
        ({"received": "01/06/2019", "promised": "10/06/2019"}, "Tên thủ tục hành chính", "không có hiệu lực ngày"),
        ({"applicant": "N" * 201}, "Chủ hồ sơ", "dài quá 200"),
    ],
)
def test_a_row_that_cannot_be_is_refused_and_stops_no_other(
    tmp_path: Path, permit: ProcedureVersion, changes: dict[str, str], column: str, words: str
) -> None:
    report = take(csv_file(tmp_path, row(code="A"), row(**{"code": "X"} | changes), row(code="B")))
    [(number, where, why)] = reasons(report)
    assert (number, where) == (3, column)
    assert words in why
    assert set(db.session.scalars(select(Case.code))) == {"A", "B"}
    assert_adds_up(report)


def test_a_refused_row_is_kept_whole(tmp_path: Path, permit: ProcedureVersion) -> None:
    report = take(csv_file(tmp_path, row(received="29/02/2023")))
    kept = db.session.scalars(select(ImportRefusal)).one()
    assert kept.import_id == report.import_id
    assert RefusedRow.kept(kept.row, kept.column, kept.reason, kept.cells).cells == {
        heading: str(cell) for heading, cell in zip(HEADINGS, row(received="29/02/2023"), strict=True)
    }


def test_empty_rows_are_no_rows_and_numbers_are_the_spreadsheets(tmp_path: Path, permit: ProcedureVersion) -> None:
    path = xlsx_file(tmp_path, HEADINGS, row(code="A"), [], [" ", None], row(code="B", received="31/06/2024"))
    report = take(path)
    assert report.rows == 2
    assert [number for number, _column, _reason in reasons(report)] == [5]


def test_a_repeated_heading_gives_its_filled_cell_and_may_not_say_two_things(
    tmp_path: Path, permit: ProcedureVersion
) -> None:
    headings = [*HEADINGS, "Ngày tiếp nhận"]
    path = tmp_path / "lap.csv"
    rows = [
        [*row(code="A", received=""), "03/06/2024"],
        [*row(code="B"), row()[4]],
        [*row(code="C"), "04/06/2024"],
    ]
    path.write_text(text_of(rows, headings), encoding="utf-8")
    report = take(path)
    assert report.cases_new == 2
    assert reasons(report) == [(4, "Ngày tiếp nhận", "Cột “Ngày tiếp nhận” lặp lại với giá trị khác nhau.")]


def test_two_procedures_of_one_name_need_a_code_unless_the_unit_tells(tmp_path: Path, unit: Unit) -> None:
    other = make_unit("NCC", "Phòng Người có công")
    mine = make_version(unit, name="Xác nhận")
    make_version(other, name="Xác nhận")
    report = take(csv_file(tmp_path, row(code="A", procedure="Xác nhận"), row(code="B", procedure="Xác nhận", unit="")))
    assert the_case("A").version_id == mine.id
    assert "cùng tên" in reasons(report)[0][2] or the_case("B")


# The unknown


def test_an_unknown_procedure_is_made_and_marked(tmp_path: Path, unit: Unit) -> None:
    report = take(csv_file(tmp_path, row(procedure="Thủ tục lạ"), row(code="B", procedure="THỦ TỤC LẠ")))
    made = db.session.scalars(select(Procedure)).one()
    version = the_case().version_id
    assert made.origin == f"import {report.import_id}"
    assert version == the_case("B").version_id
    assert any("Thủ tục mới “Thủ tục lạ”" in notice for notice in report.notices())


@pytest.mark.parametrize("promised_first", [True, False])
def test_a_procedure_that_a_list_brings_takes_no_time_from_any_row(
    tmp_path: Path, unit: Unit, promised_first: bool
) -> None:
    """What one case was promised says nothing of the next: a row without a promise gives a case without a day."""
    rows = [row(procedure="Thủ tục lạ"), row(code="B", procedure="Thủ tục lạ", promised="")]
    report = take(csv_file(tmp_path, *(rows if promised_first else reversed(rows))))
    assert reasons(report) == []
    version = db.session.get(ProcedureVersion, the_case().version_id)
    assert not version.time_known
    assert "Chưa có thời hạn" in version.note
    assert the_case().due_at == at("2024-06-10 23:59:59")
    assert (the_case("B").promised_at, the_case("B").due_at, the_case("B").late_after) == (None, None, None)
    told = report.notices()
    assert any("“Thủ tục lạ”" in notice and "chưa có thời hạn" in notice for notice in told)
    assert any("1 dòng không có ngày hẹn trả, và thủ tục chưa có thời hạn" in notice for notice in told)
    again = take(csv_file(tmp_path, *rows, name="again.csv"))
    assert (again.cases_unchanged, again.events_new) == (2, 0)


def test_cases_after_the_keeper_gave_a_time_have_its_day_and_earlier_ones_keep_none(tmp_path: Path, unit: Unit) -> None:
    take(csv_file(tmp_path, row(procedure="Thủ tục lạ", promised="")))
    made = db.session.scalars(select(ProcedureVersion).options(*WHOLE)).one()
    told = replace(contents_of(made), time_amount=Decimal(3))
    add_version(CLERK, made.procedure_id, contents=told, in_force_from=date(2024, 6, 10))
    later = row(code="B", procedure="Thủ tục lạ", received="10/06/2024 08:30:00", promised="")
    report = take(csv_file(tmp_path, row(procedure="Thủ tục lạ", promised=""), later, name="sau.csv"))
    assert (report.cases_unchanged, report.cases_new) == (1, 1)
    assert the_case().due_at is None
    assert the_case("B").due_at == at("2024-06-13 23:59:59")  # Monday and three working days
    assert any("hạn được tính theo thời hạn của thủ tục" in notice for notice in report.notices())


# Several rows of one case


def test_the_same_row_twice_in_one_file_is_one_case(tmp_path: Path, permit: ProcedureVersion) -> None:
    report = take(csv_file(tmp_path, row(), row()))
    assert (report.cases_new, report.cases_unchanged, report.events_new) == (1, 1, 2)
    assert count(Case) == 1
    assert any("nhắc lại" in notice for notice in report.notices())
    assert_adds_up(report)


@pytest.mark.parametrize("batch", [1, 2000])
def test_of_two_rows_of_a_case_the_more_advanced_one_wins_in_either_order(
    tmp_path: Path, permit: ProcedureVersion, monkeypatch: pytest.MonkeyPatch, batch: int
) -> None:
    monkeypatch.setattr(service, "BATCH", batch)
    report = take(csv_file(tmp_path, row(code="A"), closed(code="A"), closed(code="B"), row(code="B")))
    assert [the_case(code).status for code in "AB"] == [CaseStatus.CLOSED, CaseStatus.CLOSED]
    [(number, column, why)] = reasons(report)
    assert (number, column) == (5, "Ngày kết thúc xử lý")
    assert why.startswith("Mâu thuẫn")
    assert (report.cases_new, report.cases_changed) == (2, 1)
    assert_adds_up(report)


# The same export again, and a later one


def test_the_same_file_again_changes_nothing(tmp_path: Path, permit: ProcedureVersion) -> None:
    path = csv_file(
        tmp_path,
        row(code="A"),
        closed(code="B"),
        row(code="C", status="Yêu cầu bổ sung"),
        row(code="D", promised=""),
        closed(code="E", status="Đã xử lý xong", ended="07/06/2024"),
        closed(code="F", status="Công dân rút"),
        row(code="G", status="Đã tiếp nhận", received="03/06/2024"),
    )
    take(path)
    before = _snapshot()
    report = take(path)
    assert (report.cases_unchanged, report.cases_new, report.cases_changed, report.events_new) == (7, 0, 0, 0)
    assert _snapshot() == before


def _snapshot() -> list[Any]:
    columns = list(Case.__table__.columns)
    return [
        db.session.execute(select(*columns).order_by(Case.id)).all(),
        db.session.execute(select(*CaseEvent.__table__.columns).order_by(CaseEvent.id)).all(),
    ]


def test_a_later_export_moves_its_cases_on(tmp_path: Path, permit: ProcedureVersion) -> None:
    take(csv_file(tmp_path, row(code="A"), row(code="B"), closed(code="C", status="Đã xử lý xong"), row(code="D")))
    later = csv_file(
        tmp_path,
        closed(code="A"),
        row(code="B", status="Yêu cầu bổ sung"),
        closed(code="C"),
        row(code="D"),
        name="tuan-sau.csv",
    )
    report = take(later)
    assert (report.cases_changed, report.cases_unchanged, report.events_new) == (3, 1, 4)
    assert kinds(the_case("A"))[-2:] == [EventKind.RESOLVED, EventKind.CLOSED]
    assert the_case("B").status is CaseStatus.SUPPLEMENT
    assert the_case("C").closed_at == at("2024-06-07 16:00")
    assert the_case("A").revision == 2


def test_a_case_that_was_supplemented_goes_on(tmp_path: Path, permit: ProcedureVersion) -> None:
    take(csv_file(tmp_path, row(status="Yêu cầu bổ sung")))
    take(csv_file(tmp_path, row(), name="2.csv"))
    assert the_case().status is CaseStatus.IN_PROGRESS
    take(csv_file(tmp_path, closed(), name="3.csv"))
    assert the_case().status is CaseStatus.CLOSED


def test_another_promise_moves_the_due_date_and_keeps_the_first(
    tmp_path: Path, permit: ProcedureVersion, freeze: Any
) -> None:
    freeze("2024-06-10 17:00")  # before the promised day is over
    take(csv_file(tmp_path, row()))
    report = take(csv_file(tmp_path, row(promised="17/06/2024"), name="2.csv"))
    assert report.cases_changed == 1
    assert kinds(the_case())[-1] is EventKind.PROMISE_MOVED
    assert the_case().promised_at == at("2024-06-10 23:59:59")
    assert the_case().due_at == at("2024-06-17 23:59:59")


def promises(case: Case) -> list[tuple[datetime | None, PromiseCause, datetime | None]]:
    found = select(CasePromise).where(CasePromise.case_id == case.id).order_by(CasePromise.number)
    return [(made.due_at, made.cause, made.late_after) for made in db.session.scalars(found)]


def test_a_promise_moved_after_it_had_passed_stands_beside_the_breach_and_is_said(
    tmp_path: Path, permit: ProcedureVersion
) -> None:
    """An open case promised 10/06, looked at on 01/07: the file says 31/07."""
    take(csv_file(tmp_path, row()))
    report = take(csv_file(tmp_path, row(promised="31/07/2024"), name="2.csv"))
    case = the_case()
    assert (case.due_at, case.late_after) == (at("2024-07-31 23:59:59"), at("2024-06-10 23:59:59"))
    assert [(p.place, p.code, p.recorded, p.stated) for p in report.passed] == [
        ("2", CODE, at("2024-06-10 23:59:59"), at("2024-07-31 23:59:59"))
    ]
    assert any("vẫn tính quá hạn theo ngày đã hẹn" in notice for notice in report.notices())
    again = take(csv_file(tmp_path, row(promised="31/07/2024"), name="3.csv"))
    assert (again.cases_unchanged, again.notices()) == (1, [])


def test_a_promise_moved_after_the_case_had_ended_binds_nobody(tmp_path: Path, permit: ProcedureVersion) -> None:
    """Files 35-promise-after-close of the findings: promised 10/06, closed 20/06; the second file says 20/06."""
    late = {"ended": "20/06/2024 09:00"}
    take(csv_file(tmp_path, closed(**late)))
    report = take(csv_file(tmp_path, closed(promised="20/06/2024", **late), name="2.csv"))
    case = the_case()
    assert (report.cases_changed, len(report.passed)) == (1, 1)
    assert case.due_at == case.late_after == at("2024-06-10 23:59:59")
    assert [cause for _due, cause, _late in promises(case)] == [PromiseCause.OTHER_SOFTWARE] * 2
    assert promises(case)[1][2] is None
    for promised in ("20/06/2024", "10/06/2024"):  # said before, or recorded: nothing new
        again = take(csv_file(tmp_path, closed(promised=promised, **late), name="3.csv"))
        assert again.cases_unchanged == 1


def test_a_file_cannot_promise_two_days_at_once(tmp_path: Path, permit: ProcedureVersion) -> None:
    take(csv_file(tmp_path, row()))
    report = take(csv_file(tmp_path, row(promised="17/06/2024"), row(promised="18/06/2024"), name="2.csv"))
    ((_row, column, reason),) = reasons(report)
    assert (column, "hai ngày hẹn trả" in reason, report.contradictory) == ("Ngày hẹn trả", True, 1)


@pytest.mark.parametrize("promised", ["10/06/2024", ""])
def test_a_case_that_waits_for_its_applicant_is_not_late_whoever_gave_the_promise(
    tmp_path: Path, permit: ProcedureVersion, promised: str
) -> None:
    """File 36-paused of the findings: asked for papers at a time that the file does not tell."""
    take(csv_file(tmp_path, row(promised=promised, status="Yêu cầu bổ sung")))
    assert (the_case().due_at, the_case().late_after) == (None, None)


def test_a_case_that_was_late_when_papers_were_asked_for_stays_late(
    tmp_path: Path, permit: ProcedureVersion, freeze: Any
) -> None:
    freeze("2024-06-18 08:00")
    take(csv_file(tmp_path, row()))  # open, and eight days past 10/06
    freeze("2024-06-25 08:00")
    take(csv_file(tmp_path, row(status="Yêu cầu bổ sung"), name="2.csv"))
    assert the_case().status is CaseStatus.SUPPLEMENT
    assert the_case().paused_at == at("2024-06-11 00:00:00")
    assert the_case().late_after == at("2024-06-10 23:59:59")


def test_a_clock_that_runs_again_at_an_unknown_time_runs_from_when_the_file_tells_it(
    tmp_path: Path, permit: ProcedureVersion, freeze: Any
) -> None:
    freeze("2024-06-05 08:00")
    take(csv_file(tmp_path, row(status="Yêu cầu bổ sung")))
    freeze("2024-06-25 08:00")  # 16 working days after 03/06
    take(csv_file(tmp_path, row(), name="2.csv"))
    assert the_case().due_at == the_case().late_after == at("2024-07-02 23:59:59")
    again = take(csv_file(tmp_path, row(), name="3.csv"))
    assert (again.cases_unchanged, again.passed) == (1, [])


def test_another_officer_has_the_case(tmp_path: Path, permit: ProcedureVersion) -> None:
    take(csv_file(tmp_path, row()))
    take(csv_file(tmp_path, row(officer="Phạm Văn Sơn"), name="2.csv"))
    assert the_case().officer == "Phạm Văn Sơn"


def test_a_blank_phone_is_filled_and_another_is_kept(tmp_path: Path, permit: ProcedureVersion) -> None:
    take(csv_file(tmp_path, row(code="A", phone=""), row(code="B")))
    report = take(csv_file(tmp_path, row(code="A"), row(code="B", phone="0999999999"), name="2.csv"))
    assert (the_case("A").phone, the_case("B").phone) == ("0912345678", "0912345678")
    assert (report.cases_changed, report.cases_unchanged) == (1, 1)
    assert any("giữ thông tin đã ghi" in notice for notice in report.notices())
    assert "0912345678" in the_case("A").search_text


@pytest.mark.parametrize(
    ("changes", "column"),
    [
        ({"received": "04/06/2024 08:30:00"}, "Ngày tiếp nhận"),
        ({"ended": "", "status": "Đang xử lý"}, "Ngày kết thúc xử lý"),
        ({"ended": "06/06/2024 16:00"}, "Ngày kết thúc xử lý"),
        ({"status": "Từ chối"}, "Trạng thái hồ sơ"),
        ({"procedure": "Thủ tục khác"}, "Tên thủ tục hành chính"),
    ],
)
def test_what_contradicts_the_record_is_refused_and_overwrites_nothing(
    tmp_path: Path, unit: Unit, permit: ProcedureVersion, changes: dict[str, str], column: str
) -> None:
    make_version(unit, name="Thủ tục khác")
    take(csv_file(tmp_path, closed()))
    before = _snapshot()
    report = take(csv_file(tmp_path, closed(**changes), name="2.csv"))
    [(_row, where, why)] = reasons(report)
    assert (where, why.split()[0]) == (column, "Mâu")
    assert _snapshot() == before


def test_a_case_that_was_opened_again_keeps_its_first_end_once_somebody_agrees(
    tmp_path: Path, permit: ProcedureVersion, freeze: Callable[[str], Any]
) -> None:
    """Ended in time on 7 June, opened again, ended again on the 20th: it was in time. Without a word from somebody the
    file may as well be an old one, and is refused."""
    freeze("2024-06-14 09:00")
    take(csv_file(tmp_path, closed(code="A"), closed(code="B", ended="05/06/2024 10:00", status="Đã xử lý xong")))
    again = csv_file(tmp_path, row(code="A"), row(code="B"), name="2.csv")
    before = _snapshot()
    report = take(again)
    assert (report.reopenable, len(report.refused), report.contradictory) == (2, 2, 2)
    assert _snapshot() == before
    report = take(again, reopens=True)
    assert (report.cases_changed, len(report.refused), report.events_new) == (2, 0, 2)
    assert any("mở lại" in notice for notice in report.notices())
    assert (the_case("A").status, the_case("A").ended_at) == (CaseStatus.CLOSED, at("2024-06-07 16:00"))
    freeze("2024-06-21 09:00")
    assert take(again).cases_unchanged == 2, "it is not asked about each week"
    report = take(csv_file(tmp_path, closed(code="A", ended="20/06/2024 15:00"), row(code="B"), name="3.csv"))
    assert (report.cases_changed, report.cases_unchanged, len(report.refused)) == (1, 1, 0)
    case = the_case("A")
    assert (case.status, case.ended_at, case.late_after) == (
        CaseStatus.CLOSED,
        at("2024-06-07 16:00"),
        at("2024-06-10 23:59:59"),
    )
    opened = select(CaseEvent).where(CaseEvent.case_id == case.id, CaseEvent.kind == EventKind.REOPENED)
    assert [event.data.get("ended_at") for event in db.session.scalars(opened.order_by(CaseEvent.number))] == [
        None,
        at("2024-06-20 15:00").isoformat(),
    ]
    assert take(csv_file(tmp_path, closed(code="A", ended="20/06/2024 15:00"), name="4.csv")).cases_unchanged == 1
    late = take(csv_file(tmp_path, closed(code="A", ended="25/06/2024 15:00"), name="5.csv"))
    assert len(late.refused) == 1, "another end, and it had not been opened again"


def test_a_case_kept_by_hand_is_moved_on_too(tmp_path: Path, permit: ProcedureVersion) -> None:
    receive(permit, at("2024-06-03 08:30"), code=CODE)
    report = take(csv_file(tmp_path, closed()))
    assert (report.cases_changed, the_case().status) == (1, CaseStatus.CLOSED)
    stay = db.session.scalars(select(CaseStage)).one()
    assert stay.ended_at == at("2024-06-07 16:00")


def test_a_case_ended_by_hand_otherwise_is_not_overwritten(tmp_path: Path, permit: ProcedureVersion) -> None:
    finish(receive(permit, at("2024-06-03 08:30"), code=CODE), at("2024-06-05 10:00"))
    assert reasons(take(csv_file(tmp_path, closed())))[0][1] == "Ngày kết thúc xử lý"


def test_what_was_imported_folds_again_to_the_same(tmp_path: Path, permit: ProcedureVersion) -> None:
    take(csv_file(tmp_path, closed(code="A"), row(code="B", status="Yêu cầu bổ sung"), row(code="C", promised="")))
    for case in db.session.scalars(select(Case)):
        terms = terms_of(versions_by_id([case.version_id])[case.version_id])
        state = project(terms, service_events(case), site_calendar())
        assert (state.status, state.due_at, state.ended_at) == (case.status, case.due_at, case.ended_at)


def service_events(case: Case) -> Any:
    from app.cases.service import events_of

    return events_of([case.id])[case.id]


# The whole


def test_every_row_is_accounted_for(tmp_path: Path, permit: ProcedureVersion) -> None:
    take(csv_file(tmp_path, row(code="A"), row(code="B")))
    mixed = csv_file(
        tmp_path, row(code="A"), closed(code="B"), row(code="C"), row(code="C"), row(code=""), name="2.csv"
    )
    report = take(mixed)
    assert (report.rows_new, report.rows_changed, report.rows_unchanged, len(report.refused)) == (1, 1, 2, 1)
    assert_adds_up(report)


def test_a_dry_run_foretells_and_writes_nothing(tmp_path: Path, unit: Unit) -> None:
    path = csv_file(tmp_path, row(procedure="Thủ tục lạ"), row(code="B", received="29/02/2023"))
    foretold = take(path, dry_run=True)
    assert [count(model) for model in (Case, CaseEvent, Procedure, Import, ImportRefusal)] == [0, 0, 0, 0, 0]
    done = take(path)
    assert foretold.as_json() == done.as_json()


def test_one_audit_entry_says_what_was_taken_in(tmp_path: Path, permit: ProcedureVersion) -> None:
    before = count(AuditEntry)
    report = take(csv_file(tmp_path, row(), row(code="")))
    entry = db.session.scalars(select(AuditEntry).order_by(AuditEntry.number.desc())).first()
    assert count(AuditEntry) == before + 1
    assert entry is not None
    assert (entry.action, entry.subject_id) == ("import_cases", str(report.import_id))
    assert entry.details["sha256"] == report.sha256
    assert (entry.details["cases_new"], entry.details["refused_count"]) == (1, 1)


def test_a_file_that_breaks_in_the_middle_leaves_nothing_but_the_reason(
    tmp_path: Path, permit: ProcedureVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "BATCH", 1)
    path = csv_file(tmp_path, row(code="A"), row(code="B"))
    with path.open("a", encoding="utf-8") as file:
        file.write('"' + "x" * 200_000)
    with pytest.raises(BadFile):
        take(path)
    record = db.session.scalars(select(Import)).one()
    assert count(Case) == 0
    assert record.state is ImportState.FAILED
    assert "ngoặc kép" in record.notices[0]


def test_only_who_sees_every_unit_may_import(tmp_path: Path, permit: ProcedureVersion) -> None:
    upload = service.Upload(csv_file(tmp_path, row()), "igate.csv")
    mapping = service_mapping()
    with pytest.raises(NotAllowed):
        service.import_file(Scope(SITE, frozenset({permit.unit_id})), CLERK, upload, mapping)
    assert count(Case) == 0


def service_mapping() -> Any:
    from app.cases.importing.mapping import find_mapping

    return find_mapping("igate", FILES)


def test_a_preview_is_completed_once(tmp_path: Path, permit: ProcedureVersion) -> None:
    upload = service.Upload(csv_file(tmp_path, row(), row(code="")), "igate.csv")
    number = service.preview(Scope(SITE), CLERK, upload, service_mapping())
    record = db.session.get(Import, number)
    assert (record.state, record.cases_new, record.refused_count) == (ImportState.PREVIEWED, 1, 1)
    assert (count(Case), count(ImportRefusal)) == (0, 1)
    service.import_file(Scope(SITE), CLERK, upload, service_mapping(), previewed=number)
    db.session.expire_all()
    assert (record.state, count(Case), count(ImportRefusal)) == (ImportState.DONE, 1, 1)
    with pytest.raises(DomainError, match="đã được thực hiện"):
        service.import_file(Scope(SITE), CLERK, upload, service_mapping(), previewed=number)
    db.session.expire_all()
    assert record.state is ImportState.DONE
