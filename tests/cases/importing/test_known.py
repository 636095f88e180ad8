"""What a file tells of a case, and what it does not: cells read, later files, undoing, pages."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from app.cases import population, service
from app.cases.amending import Particulars, amend
from app.cases.importing.undo import undo_import
from app.cases.intake.contents import Applicant
from app.cases.lists import DueList
from app.cases.models import Case, CaseEvent, Payment
from app.cases.queries import CaseFilters, list_page
from app.cases.vocabulary import Channel, EventKind, Knows, ReturnMethod
from app.organisation.access import Scope
from app.organisation.calendars import site_calendar
from app.organisation.models import Role, Unit
from app.procedures.models import ProcedureVersion
from app.slips.queries import RegisterFilter, register_lines
from app.web import extensions
from app.web.extensions import db
from tests.cases.importing.exports import CLERK, HEADINGS, closed, reasons, row, take, text_of
from tests.clock import at
from tests.factories import EVERYWHERE, SITE, finish, make_person, receive

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


def test_an_electronic_copy_of_which_no_day_is_told_did_not_come_at_once(
    permit: ProcedureVersion, unit: Unit, tmp_path: Path, sign_in: Any
) -> None:
    told = {"A": "Có", "B": "07/06/2024"}
    take(file_of(tmp_path, *([*closed(code=code), "", "", "", day, ""] for code, day in told.items())))
    assert (the_case("A").electronic_days, the_case("B").electronic_days) == (None, 0)
    client = sign_in(make_person(unit, Role.DESK, "motcua"))
    said, dated = (client.get(f"/ho-so/{the_case(code).id}").text for code in ("A", "B"))
    assert "<dt>Bản điện tử</dt><dd>có, chưa rõ từ ngày nào</dd>" in said
    assert "cùng ngày</dd>" in dated
    number = events_of("A")[EventKind.ISSUED_ELECTRONIC].number
    service.correct(EVERYWHERE, CLERK, the_case("A").id, number, at=at("2024-06-11 09:00"), reason="hỏi lại nơi cấp")
    assert the_case("A").electronic_days == 2, "from Friday to Tuesday: somebody has found out"


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
        (["Tiền mặt", "200.000", ""], True, [200_000]),  # no number with decimals
        (["Tiền mặt", "1.200.000", ""], True, [1_200_000]),
        (["Tiền mặt", "200000.0", ""], True, [200_000]),
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


def test_how_the_result_is_wanted_and_how_many_sets_came_is_not_known_until_somebody_says_it(
    permit: ProcedureVersion, unit: Unit, tmp_path: Path, sign_in: Any
) -> None:
    """Of a case that an import brought; the desk asks both at reception."""
    take(file_of(tmp_path, row(code="A"), more=[]))
    receive(permit, at("2024-06-03 09:30"), code="tay")
    client = sign_in(make_person(unit, Role.DESK, "motcua"))
    shown = "<dt>Nhận kết quả</dt><dd>{}</dd>".format
    address = f"/ho-so/{the_case('A').id}"
    assert shown("chưa rõ") in client.get(address).text
    assert shown("Nhận tại Bộ phận Một cửa") in client.get(f"/ho-so/{the_case('tay').id}").text
    assert register_of("A", "tay") == {"A": (None, None), "tay": (1, ReturnMethod.IN_PERSON)}

    who = Applicant("Trần Văn Bình", phone="0912345678")
    unsaid = Particulars(who, sets=None, channel=None, return_method=None, content="Gia hạn")
    amend(EVERYWHERE, CLERK, the_case("A").id, unsaid, reason="ghi bù nội dung")
    assert (register_of("A")["A"], the_case("A").knows) == ((None, None), Knows.NOTHING)

    said = replace(unsaid, sets=1, channel=Channel.IN_PERSON, return_method=ReturnMethod.IN_PERSON)
    amend(EVERYWHERE, CLERK, the_case("A").id, said, reason="hỏi lại công dân")
    assert register_of("A")["A"] == (1, ReturnMethod.IN_PERSON)
    page = client.get(address).text
    assert "<dt>Nhận kết quả</dt><dd>Nhận tại Bộ phận Một cửa" in page
    assert "Nhận kết quả: chưa rõ → Nhận tại Bộ phận Một cửa" in page


def register_of(*codes: str) -> dict[str, tuple[int | None, ReturnMethod | None]]:
    """What the register of that year says of each of these cases: sets and way of giving the result."""
    year = RegisterFilter(since=date(2024, 1, 1), until=date(2024, 12, 31))
    lines = register_lines(EVERYWHERE, year, site_calendar())
    return {line.code: (line.sets, line.return_method) for line in lines if line.code in codes}


def test_a_result_that_only_a_file_told_of_does_not_wait_at_the_desk(permit: ProcedureVersion, tmp_path: Path) -> None:
    take(file_of(tmp_path, closed(code="A"), more=[]))
    finish(receive(permit, at("2024-06-03 09:30"), code="tay"), at("2024-06-07 16:00"))
    waiting = select(Case.code).where(population.to_collect(Case, at("2024-06-10 08:00")))
    assert db.session.scalars(waiting).all() == ["tay"]


def test_the_list_of_what_waits_says_which_cases_it_leaves_out_and_how_to_bring_them_in(
    permit: ProcedureVersion, unit: Unit, tmp_path: Path, sign_in: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(extensions, "now", lambda: at("2024-06-10 08:00"))
    take(file_of(tmp_path, closed(code="A"), more=[]))
    client = sign_in(make_person(unit, Role.DESK, "motcua"))
    why = "tệp không cho biết người dân nhận kết quả ở đâu"
    waiting = client.get("/ho-so?due=to_collect").text
    assert why in waiting and ">A<" not in waiting
    assert why not in client.get("/ho-so?due=not_closed").text
    said = Particulars(
        Applicant("Trần Văn Bình"), sets=1, channel=Channel.IN_PERSON, return_method=ReturnMethod.IN_PERSON, content=""
    )
    amend(EVERYWHERE, CLERK, the_case("A").id, said, reason="hỏi lại công dân")
    page = list_page(Scope(SITE), CaseFilters(due=DueList.TO_COLLECT), site_calendar())
    assert [line.case.code for line in page.lines] == ["A"]


@pytest.mark.parametrize(
    ("day", "told_again"),
    [("Có", False), ("08/06/2024", False), ("11/06/2024", True)],
)
def test_what_was_put_right_here_is_not_told_again_by_the_next_file(
    permit: ProcedureVersion, tmp_path: Path, day: str, told_again: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file of a case is said to be scanned on 3 June; on 10 June somebody finds that it was not."""
    take(file_of(tmp_path, [*closed(code="A"), "", "Có", "", "", ""], name="truoc.csv"))
    scanned = events_of("A")[EventKind.FILES_DIGITISED]
    monkeypatch.setattr(extensions, "now", lambda: at("2024-06-10 10:00"))
    service.correct(EVERYWHERE, CLERK, scanned.case_id, scanned.number, reason="hồ sơ chưa quét", void=True)
    monkeypatch.setattr(extensions, "now", lambda: at("2024-06-12 10:00"))
    report = take(file_of(tmp_path, [*closed(code="A"), "", day, "", "", ""]))
    assert reasons(report) == []
    assert (the_case("A").files_digitised_at is not None) is told_again
    assert any("ở đây đã xác định là không" in each for each in report.notices()) is not told_again


def test_a_payment_voided_here_is_not_told_again_by_the_next_file(permit: ProcedureVersion, tmp_path: Path) -> None:
    """The next file repeats 150,000 đồng; the one after that tells of another amount."""
    paid = ["Tiền mặt", "150.000", ""]
    take(file_of(tmp_path, [*row(code="A"), *paid], more=PAID, name="truoc.csv"))
    payment = events_of("A")[EventKind.PAID]
    service.correct(EVERYWHERE, CLERK, payment.case_id, payment.number, reason="ghi nhầm hồ sơ", void=True)
    stands = select(Payment.amount).where(~Payment.voided)
    report = take(file_of(tmp_path, [*row(code="A"), *paid], more=PAID))
    assert (report.cases_unchanged, db.session.scalars(stands).all()) == (1, [])
    take(file_of(tmp_path, [*row(code="A"), "Tiền mặt", "200.000", ""], more=PAID, name="sau.csv"))
    assert db.session.scalars(stands).all() == [200_000]


def test_the_page_says_of_what_a_file_told_without_its_time(
    permit: ProcedureVersion, unit: Unit, tmp_path: Path, sign_in: Any
) -> None:
    """The file names who has the case now, and not since when: the hand-over stands at its reception."""
    take(file_of(tmp_path, row(code="A"), closed(code="B"), more=[]))
    client = sign_in(make_person(unit, Role.DESK, "motcua"))
    in_work, ended = (client.get(f"/ho-so/{the_case(code).id}").text for code in ("A", "B"))
    assert "Lê Thị Hoa · tệp không cho biết lúc nào" in in_work
    assert "tệp không cho biết lúc nào" not in ended, "its result has its hour"
