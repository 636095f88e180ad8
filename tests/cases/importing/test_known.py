"""What a file tells of a case, and what it does not: cells read, later files, undoing, pages."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from app.cases.importing.undo import undo_import
from app.cases.models import Case, CaseEvent, Payment
from app.cases.queries import CaseFilters, list_page
from app.cases.vocabulary import Channel, EventKind, Knows
from app.organisation.access import Scope
from app.organisation.calendars import site_calendar
from app.organisation.models import Role, Unit
from app.procedures.models import ProcedureVersion
from app.web.extensions import db
from tests.cases.importing.exports import CLERK, HEADINGS, closed, reasons, row, take, text_of
from tests.clock import at
from tests.factories import SITE, make_person, receive

TOLD = ["Hình thức nộp", "Số hóa hồ sơ", "Số hóa kết quả", "Kết quả điện tử", "Gắn kết quả"]
PAID = ["Hình thức thanh toán", "Số tiền đã nộp", "Ngày thanh toán"]


def file_of(folder: Path, *rows: list[Any], more: list[str] = TOLD, name: str = "them.csv") -> Path:
    """A list export with more columns than the usual twelve."""
    path = folder / name
    path.write_text(text_of(rows, [*HEADINGS, *more]), encoding="utf-8-sig")
    return path


def the_case(code: str) -> Case:
    return db.session.scalars(select(Case).where(Case.code == code).execution_options(populate_existing=True)).one()


def events_of(code: str) -> dict[EventKind, CaseEvent]:
    found = db.session.scalars(select(CaseEvent).join(Case, Case.id == CaseEvent.case_id).where(Case.code == code))
    return {event.kind: event for event in found}


@pytest.mark.parametrize(
    ("cells", "known"),
    [
        (["", "", "", "", ""], Knows.NOTHING),
        (["Trực tuyến", "", "", "", ""], Knows.CHANNEL),
        (["", "Có", "", "", ""], Knows.FILES),
        (["", "", "chưa", "", ""], Knows.RESULT),
        (["", "", "Không", "Không", ""], Knows.RESULT | Knows.ELECTRONIC | Knows.ATTACHED),
        (["", "", "", "", "X"], Knows.ATTACHED),
        (["-", "N/A", "", "", ""], Knows.NOTHING),
    ],
)
def test_only_a_filled_cell_tells(permit: ProcedureVersion, tmp_path: Path, cells: list[str], known: Knows) -> None:
    assert reasons(take(file_of(tmp_path, [*closed(code="A"), *cells]))) == []
    assert Knows(the_case("A").knows) == known


def test_what_was_done_without_a_day_happened_when_it_could_first(permit: ProcedureVersion, tmp_path: Path) -> None:
    take(file_of(tmp_path, [*closed(code="A"), "", "Có", "Có", "10/06/2024", ""]))
    told = events_of("A")
    assert told[EventKind.FILES_DIGITISED].at == at("2024-06-03 08:30")
    assert told[EventKind.RESULT_DIGITISED].at == told[EventKind.RESOLVED].at == at("2024-06-07 16:00")
    assert told[EventKind.RESULT_DIGITISED].data == {"time_unknown": True}
    assert (told[EventKind.ISSUED_ELECTRONIC].at, told[EventKind.ISSUED_ELECTRONIC].data) == (
        at("2024-06-10 00:00"),
        {},
    )


@pytest.mark.parametrize(
    ("cells", "column", "sentence"),
    [
        (["", "mấy", "", "", ""], "Số hóa hồ sơ", "“mấy” không cho biết đã làm hay chưa: hãy ghi Có, Không, hoặc ngày"),
        (["", "01/01/2030", "", "", ""], "Số hóa hồ sơ", "Thời điểm ở tương lai"),
        (["", "", "Có", "", ""], "", "nhưng hồ sơ chưa có kết quả."),
    ],
)
def test_a_cell_that_cannot_be_is_refused_with_its_row_alone(
    permit: ProcedureVersion, tmp_path: Path, cells: list[str], column: str, sentence: str
) -> None:
    report = take(file_of(tmp_path, [*row(code="A"), *cells], [*row(code="B"), "", "", "", "", ""]))
    ((_row, where, why),) = reasons(report)
    assert where == column
    assert sentence in why
    assert report.cases_new == 1


@pytest.mark.parametrize(
    ("cells", "known", "paid"),
    [
        (["Tiền mặt", "150.000 đ", "04/06/2024"], True, [150_000]),
        (["Trực tuyến", "", ""], False, []),  # the procedure's fee is not known: how much was paid is not either
        (["Chưa thanh toán", "", ""], True, []),
        (["", "150.000", ""], False, []),
    ],
)
def test_a_payment_is_told_with_its_amount(
    permit: ProcedureVersion, tmp_path: Path, cells: list[str], known: bool, paid: list[int]
) -> None:
    assert reasons(take(file_of(tmp_path, [*row(code="A"), *cells], more=PAID))) == []
    assert (Knows.PAYMENT in Knows(the_case("A").knows)) is known
    assert list(db.session.scalars(select(Payment.amount).order_by(Payment.id))) == paid


def test_a_later_file_tells_more_and_undoing_it_takes_that_back(permit: ProcedureVersion, tmp_path: Path) -> None:
    take(file_of(tmp_path, closed(code="A"), more=[], name="truoc.csv"))
    assert (the_case("A").channel, the_case("A").knows) == (Channel.IN_PERSON, Knows.NOTHING)
    report = take(file_of(tmp_path, [*closed(code="A"), "Trực tuyến", "", "Chưa", "", ""]))
    assert (report.cases_changed, report.cases_unchanged) == (1, 0)
    assert (the_case("A").channel, the_case("A").knows) == (Channel.ONLINE, Knows.CHANNEL | Knows.RESULT)
    again = take(file_of(tmp_path, [*closed(code="A"), "Trực tiếp", "", "Chưa", "", ""], name="nua.csv"))
    assert (again.cases_changed, again.cases_unchanged) == (0, 1), "what is known stays"
    undo_import(Scope(SITE), CLERK, report.import_id or 0)
    assert (the_case("A").channel, the_case("A").knows) == (Channel.IN_PERSON, Knows.NOTHING)


def test_pages_say_not_known_where_nobody_told(
    permit: ProcedureVersion, unit: Unit, tmp_path: Path, sign_in: Any
) -> None:
    take(file_of(tmp_path, [*closed(code="A"), "", "", "", "", ""], [*row(code="B"), "Trực tuyến", "", "", "", ""]))
    hand = receive(permit, at("2024-06-03 08:30"), code="tay")
    client = sign_in(make_person(unit, Role.DESK, "motcua"))
    known = "<dt>Số hóa hồ sơ</dt><dd>{}</dd>".format
    imported, online, at_the_desk = (client.get(f"/ho-so/{the_case(c).id}").text for c in ("A", "B", hand.code))
    assert "<dt>Hình thức nộp</dt><dd>chưa rõ</dd>" in imported
    assert known("chưa rõ") in imported
    assert "<dt>Bản điện tử</dt><dd>chưa rõ</dd>" in imported
    assert known("nộp trực tuyến, không cần số hóa") in online
    assert known("chưa") in at_the_desk
    page = list_page(Scope(SITE), CaseFilters(channel=Channel.IN_PERSON), site_calendar())
    assert [line.case.code for line in page.lines] == [hand.code], "a default is no way of handing in"
