"""Slips of real cases: pages and files, who may see them, their numbers, many at once, and the register."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from functools import partial
from typing import Any

import docx
import pytest
from flask import Flask
from flask.testing import FlaskClient
from openpyxl import load_workbook
from pypdf import PdfReader
from sqlalchemy import select

from app.cases import handling
from app.cases.explanations import service as explanation_service
from app.cases.handling import request_supplement
from app.cases.lookup import check_letters
from app.cases.models import Case, CaseDocument
from app.cases.vocabulary import EventKind
from app.core.calendar import DayPart
from app.organisation import audit
from app.organisation.models import AuditEntry, Person, Role, SiteDay, Unit
from app.procedures.models import CopyKind, ProcedureDocument, ProcedureVersion
from app.slips import service
from app.slips.labels import SlipKind
from app.slips.models import Slip
from app.web.extensions import db
from tests.clock import at
from tests.factories import CLERK, EVERYWHERE, SITE, happen, make_department, make_person, make_version, receive
from tests.threads import at_once

Sign = Callable[[Person], FlaskClient]
Freeze = Callable[[str], object]


@pytest.fixture
def units(session: Any) -> dict[str, Unit]:
    return make_department()


@pytest.fixture
def version(units: dict[str, Unit]) -> ProcedureVersion:
    made = make_version(
        units["LDVL"],
        ("Thẩm định", units["LDVL"], 3),
        ("Phê duyệt", units["SO"], 2),
        code="1.000105",
        name="Cấp giấy phép lao động",
        fee=600_000,
    )
    for position, (name, kind) in enumerate(
        [("Đơn đề nghị", CopyKind.ORIGINAL), ("Bản sao hộ chiếu", CopyKind.CERTIFIED)], 1
    ):
        db.session.add(
            ProcedureDocument(site=SITE, version_id=made.id, position=position, name=name, copy_kind=kind, quantity=2)
        )
    db.session.commit()
    return made


@pytest.fixture
def case(version: ProcedureVersion) -> Case:
    return handed(receive(version, at("2024-06-03 08:30"), "Nguyễn Thị Hường", phone="0905123456"))


def handed(case: Case) -> Case:
    """Its file: the application is there, the passport is missing."""
    asked = db.session.scalars(select(ProcedureDocument).order_by(ProcedureDocument.position)).all()
    for each, originals in zip(asked, (1, 0), strict=True):
        db.session.add(
            CaseDocument(
                site=SITE,
                case_id=case.id,
                position=each.position,
                procedure_document_id=each.id,
                name=each.name,
                required=True,
                originals=originals,
            )
        )
    db.session.commit()
    return case


@pytest.fixture
def desk(units: dict[str, Unit], sign_in: Sign) -> FlaskClient:
    return sign_in(make_person(units["MC"], full_name="Trần Thị Mỹ Lệ"))


def printed(client: FlaskClient, address: str) -> str:
    """The slip as its button draws it: it gets its number, and is shown."""
    return client.post(address, follow_redirects=True).text


def words(reader: PdfReader) -> str:
    return " ".join(" ".join(page.extract_text().split()) for page in reader.pages)


def pdf_of(answer: Any) -> PdfReader:
    assert (answer.status_code, answer.mimetype) == (200, "application/pdf")
    return PdfReader(io.BytesIO(answer.data))


# One case


def test_the_receipt_is_a_page_a_pdf_and_a_word_document_with_the_same_number(case: Case, desk: FlaskClient) -> None:
    page = printed(desk, f"/ho-so/{case.id}/phieu/tiep-nhan")
    reader = pdf_of(desk.get(f"/ho-so/{case.id}/phieu/tiep-nhan.pdf"))
    answer = desk.get(f"/ho-so/{case.id}/phieu/tiep-nhan.docx")
    written = docx.Document(io.BytesIO(answer.data))
    word = " ".join(node.text or "" for node in written.element.body.iter("{*}t"))
    for told in (page, words(reader), word):
        assert "1/TNHS" in told
        assert case.code in told
        assert "Nguyễn Thị Hường" in told
        assert "Đơn đề nghị" in told
        assert "Bản sao hộ chiếu" not in told, "what is missing was not handed in"
    assert round(reader.pages[0].mediabox.width) == 420
    assert 'class="sheet slip slip-a5 sheet-a5"' in page


def test_a_receipt_bears_its_line_of_the_register_whoever_prints_first(
    version: ProcedureVersion, desk: FlaskClient
) -> None:
    first = receive(version, at("2024-06-03 08:30"))
    second = receive(version, at("2024-06-04 08:30"))
    older = receive(version, at("2023-06-05 08:30"))
    for case, year, number in ((second, 2024, 2), (first, 2024, 1), (older, 2023, 1), (second, 2024, 2)):
        page = printed(desk, f"/ho-so/{case.id}/phieu/tiep-nhan")
        assert f"Số: {number}/TNHS" in page
        assert f"Quyển số: {year}   Số thứ tự: {number}" in page
    page = desk.get("/ho-so/so-theo-doi.xlsx?since=2024-06-04&until=2024-06-30").data
    sheet = load_workbook(io.BytesIO(page)).active
    assert sheet is not None
    assert [row[:2] for row in sheet.iter_rows(min_row=5, values_only=True)] == [(2, second.code)]


def test_a_receipt_printed_under_another_number_says_which_paper_it_replaces(case: Case, desk: FlaskClient) -> None:
    """Receipts were numbered as they were printed, before the register's number was theirs."""
    given = {"year": 2024, "number": 7, "sign": "TNHS", "given_at": at("2024-06-03 08:31")}
    db.session.add(Slip(site=SITE, kind=SlipKind.RECEIPT, source=f"case:{case.id}", case_id=case.id, **given))
    db.session.commit()
    page = printed(desk, f"/ho-so/{case.id}/phieu/tiep-nhan")
    assert "Số: 1/TNHS" in page
    assert "Thay cho giấy tiếp nhận đã in mang số 7/TNHS" in page
    assert (
        "Giấy tiếp nhận đã in mang số 7/TNHS" in desk.get("/ho-so/so-theo-doi?since=2024-06-03&until=2024-06-03").text
    )


def test_who_only_looks_gives_no_number(case: Case, units: dict[str, Unit], sign_in: Sign) -> None:
    inspector = sign_in(make_person(units["VP"], Role.INSPECTOR))
    happen(case, EventKind.SUPPLEMENT_REQUESTED, at("2024-06-04 10:00"), note="Thiếu")
    page = printed(inspector, f"/ho-so/{case.id}/phieu/bo-sung")
    assert "……/HDHS" in page
    assert db.session.scalars(select(Slip)).all() == []
    clerk = sign_in(make_person(units["MC"]))
    clerk.post(f"/ho-so/{case.id}/phieu/bo-sung")
    inspector = sign_in(make_person(units["VP"], Role.INSPECTOR))
    assert "Số: 1/HDHS" in printed(inspector, f"/ho-so/{case.id}/phieu/bo-sung")


def test_looking_at_a_slip_gives_no_number_to_anybody(case: Case, desk: FlaskClient) -> None:
    happen(case, EventKind.SUPPLEMENT_REQUESTED, at("2024-06-04 10:00"), note="Thiếu")
    assert "……/HDHS" in desk.get(f"/ho-so/{case.id}/phieu/bo-sung").text
    assert "……/HDHS" in words(pdf_of(desk.get(f"/ho-so/{case.id}/phieu/bo-sung.pdf")))
    assert "……/HDHS" in desk.get(f"/ho-so/phieu/bo-sung?case={case.id}").text
    assert db.session.scalars(select(Slip)).all() == []
    assert f'action="/ho-so/{case.id}/phieu/bo-sung"' in desk.get(f"/ho-so/{case.id}").text


def test_who_may_look_into_a_case_may_look_at_its_slips_and_gives_them_no_number(
    case: Case, units: dict[str, Unit], sign_in: Sign
) -> None:
    """A unit that was asked for its opinion and has answered."""
    handling.consult(EVERYWHERE, CLERK, case.id, unit_code="NCC", note="Có vướng gì không?")
    handling.answer_consultation(EVERYWHERE, CLERK, case.id, number=2, note="Không vướng")
    head = sign_in(make_person(units["NCC"], Role.HEAD))
    shown = head.get(f"/ho-so/{case.id}")
    links = set(re.findall(rf'(?:href|action)="(/ho-so/{case.id}/phieu/[^"]+)"', shown.text))
    assert {f"/ho-so/{case.id}/phieu/kiem-soat"} <= links
    assert {head.get(link).status_code for link in links} == {200}
    assert head.post(f"/ho-so/{case.id}/phieu/tiep-nhan").status_code == 303
    assert db.session.scalars(select(Slip)).all() == []
    stranger = sign_in(make_person(units["TTDVVL"], Role.HEAD))
    assert stranger.get(f"/ho-so/{case.id}/phieu/kiem-soat").status_code == 404


def test_whose_papers_were_opened_is_in_the_trail_once_a_day_and_with_the_count_of_a_batch(
    case: Case, units: dict[str, Unit], sign_in: Sign
) -> None:
    clerk, inspector = make_person(units["MC"]), make_person(units["VP"], Role.INSPECTOR)
    for who in (clerk, clerk, inspector):
        client = sign_in(who)
        for ending in ("", ".pdf"):
            client.get(f"/ho-so/{case.id}/phieu/kiem-soat{ending}")
    client.post(f"/ho-so/phieu/kiem-soat?case={case.id}")
    entries = db.session.scalars(select(AuditEntry).order_by(AuditEntry.number)).all()
    opened = [(entry.person_id, entry.subject_id) for entry in entries if entry.action == "open_papers"]
    assert opened == [(clerk.id, case.code), (inspector.id, case.code)]
    batch = next(entry for entry in entries if entry.action == "print_slips")
    assert (batch.details["rows"], batch.details["cases"]) == (1, [case.code])
    assert "Nguyễn Thị Hường" not in str(
        [entry.details for entry in entries if entry.action in ("open_papers", "print_slips")]
    )


def test_a_number_somebody_else_has_just_given_is_taken_not_doubled(case: Case, app: Flask) -> None:
    source = f"case:{case.id}"
    first = service.give_numbers(SITE, CLERK, SlipKind.SUPPLEMENT, [(source, case.id, 2024)])
    again = service.give_numbers(SITE, CLERK, SlipKind.SUPPLEMENT, [(source, case.id, 2024)])
    next_one = service.give_numbers(SITE, CLERK, SlipKind.SUPPLEMENT, [("case:0", None, 2024)])
    assert (first, again, next_one) == ({source: "1/HDHS"}, {source: "1/HDHS"}, {"case:0": "2/HDHS"})


def test_a_supplement_slip_lists_what_is_missing_in_the_kind_asked_for(case: Case, desk: FlaskClient) -> None:
    happen(case, EventKind.SUPPLEMENT_REQUESTED, at("2024-06-04 10:00"), note="Hộ chiếu chưa chứng thực")
    desk.post(f"/ho-so/{case.id}/phieu/bo-sung")
    reader = pdf_of(desk.get(f"/ho-so/{case.id}/phieu/bo-sung.pdf"))
    told = words(reader)
    assert "Số: 1/HDHS" in told
    assert re.search(r"1 Bản sao hộ chiếu 2 Lý do", told), "two certified copies"
    assert "Hộ chiếu chưa chứng thực" in told
    assert "ngày 04 tháng 6 năm 2024" in told


def test_a_supplement_slip_lists_the_documents_that_the_request_names(case: Case, desk: FlaskClient) -> None:
    ask = partial(request_supplement, EVERYWHERE, CLERK, case.id, reason="ghi bù")
    ask(note="Đơn thiếu chữ ký", documents=(1,), at=at("2024-06-04 10:00"))
    told = words(pdf_of(desk.get(f"/ho-so/{case.id}/phieu/bo-sung.pdf")))
    assert re.search(r"1 Đơn đề nghị 2 Lý do", told), "two originals, and not the passport, which is missing too"
    assert "Đơn thiếu chữ ký" in told
    happen(case, EventKind.SUPPLEMENTED, at("2024-06-04 15:00"))
    ask(note="Hộ chiếu mờ", documents=(1, 2), at=at("2024-06-05 10:00"))
    told = words(pdf_of(desk.get(f"/ho-so/{case.id}/phieu/bo-sung.pdf")))
    assert re.search(r"1 Đơn đề nghị 2 2 Bản sao hộ chiếu 2 Lý do", told)
    assert "Bản sao hộ chiếu" not in printed(desk, f"/ho-so/{case.id}/phieu/bo-sung?lan=1")


def test_each_request_for_a_supplement_has_a_slip_and_a_number_of_its_own(case: Case, desk: FlaskClient) -> None:
    for n, day in ((1, "04"), (2, "06")):
        happen(case, EventKind.SUPPLEMENT_REQUESTED, at(f"2024-06-{day} 10:00"), note=f"Lần {n}")
        happen(case, EventKind.SUPPLEMENTED, at(f"2024-06-{day} 15:00"))
    last = printed(desk, f"/ho-so/{case.id}/phieu/bo-sung")
    first = printed(desk, f"/ho-so/{case.id}/phieu/bo-sung?lan=1")
    assert ("Lần 2" in last, "Số: 1/HDHS" in last) == (True, True)
    assert ("Lần 1" in first, "Số: 2/HDHS" in first) == (True, True)
    menu = desk.get(f"/ho-so/{case.id}").text
    assert f"/ho-so/{case.id}/phieu/bo-sung?lan=1" in menu
    assert f"/ho-so/{case.id}/phieu/bo-sung?lan=2" in menu
    assert desk.get(f"/ho-so/{case.id}/phieu/bo-sung?lan=3").status_code == 404
    assert desk.get(f"/ho-so/{case.id}/phieu/bo-sung?lan=0").status_code == 404


def test_a_refusal_and_a_stop_have_their_slips_by_the_day_they_happened(
    version: ProcedureVersion, desk: FlaskClient, freeze: Freeze
) -> None:
    freeze("2025-10-01 08:00")
    refused = receive(version, at("2025-06-27 08:30"))
    happen(refused, EventKind.REFUSED, at("2025-06-30 10:00"), note="Không đúng thẩm quyền")
    stopped = receive(version, at("2025-06-27 08:30"))
    happen(stopped, EventKind.STOPPED, at("2025-09-15 10:00"), note="Theo đơn đề nghị")
    early = receive(version, at("2025-06-26 08:30"))
    happen(early, EventKind.STOPPED, at("2025-09-12 10:00"), note="Theo đơn đề nghị")
    assert "Mẫu số 03 - Thông tư số 01/2018" in desk.get(f"/ho-so/{refused.id}/phieu/tu-choi").text
    page = printed(desk, f"/ho-so/{stopped.id}/phieu/dung")
    assert "Mẫu số 05 - Thông tư số 03/2025" in page
    assert "Số: 1/TB" in page
    assert desk.get(f"/ho-so/{early.id}/phieu/dung").status_code == 404, "no such form before the circular of 15/9/2025"
    assert "phieu/dung" not in desk.get(f"/ho-so/{early.id}").text
    assert "phieu/dung" in desk.get(f"/ho-so/{stopped.id}").text
    receipt = printed(desk, f"/ho-so/{stopped.id}/phieu/tiep-nhan")
    assert "Thông tư số 01/2018" in receipt, "a receipt follows the day of reception"


def test_an_event_that_never_happened_has_no_slip(case: Case, desk: FlaskClient) -> None:
    from app.cases.service import correct

    asked = happen(case, EventKind.SUPPLEMENT_REQUESTED, at("2024-06-04 10:00"), note="Nhầm")
    number = max(event.number for event in _events(asked))
    correct(EVERYWHERE, CLERK, case.id, number, reason="Ghi nhầm hồ sơ", void=True)
    assert desk.get(f"/ho-so/{case.id}/phieu/bo-sung").status_code == 404
    assert "phieu/bo-sung" not in desk.get(f"/ho-so/{case.id}").text


def _events(case: Case) -> list[Any]:
    from app.cases.service import events_of

    return events_of([case.id])[case.id]


def test_the_apology_is_drawn_from_the_letter_recorded(case: Case, desk: FlaskClient) -> None:
    explanation_service.apologise(
        EVERYWHERE,
        CLERK,
        case.id,
        number="15/PXL-LĐVL",
        reason="Phải xác minh thêm",
        signer="Võ Minh Hoàng",
        new_day=date(2024, 7, 5),
        revision=case.revision,
    )
    reader = pdf_of(desk.get(f"/ho-so/{case.id}/phieu/xin-loi.pdf"))
    told = words(reader)
    assert "Số: 15/PXL-LĐVL" in told
    assert "ngày 05 tháng 7 năm 2024" in told
    assert "Võ Minh Hoàng" in told
    assert round(reader.pages[0].mediabox.width) == 595, "a letter lies on A4"


def test_the_control_slip_tells_every_hand_over(case: Case, desk: FlaskClient) -> None:
    happen(case, EventKind.HANDED_OVER, at("2024-06-04 09:00"), data={"position": 2, "officer": "Đỗ Hữu Nghĩa"})
    happen(case, EventKind.RESOLVED, at("2024-06-05 16:00"))
    page = desk.get(f"/ho-so/{case.id}/phieu/kiem-soat").text
    text = re.sub(r"\s+", " ", re.sub(r"<br>", " ", page))
    assert "1. Giao: Bộ phận Một cửa 2. Nhận: Phòng Lao động – Việc làm" in text
    assert "1. Giao: Phòng Lao động – Việc làm 2. Nhận: Sở Lao động – Thương binh và Xã hội" in text
    assert "1. Giao: Sở Lao động – Thương binh và Xã hội 2. Nhận: Bộ phận Một cửa" in text
    assert "Đỗ Hữu Nghĩa" in text
    assert "Trước hạn" in text


def test_slips_outside_the_scope_do_not_exist(case: Case, units: dict[str, Unit], sign_in: Sign) -> None:
    other = sign_in(make_person(units["NCC"]))
    for path in (f"{case.id}/phieu/tiep-nhan", f"{case.id}/phieu/tiep-nhan.pdf", f"phieu/tiep-nhan?case={case.id}"):
        assert other.get(f"/ho-so/{path}").status_code == 404
    assert other.post("/ho-so/phieu/tiep-nhan.pdf", data={"case": case.id}).status_code == 404
    own = sign_in(make_person(units["LDVL"]))
    assert own.get(f"/ho-so/{case.id}/phieu/tiep-nhan").status_code == 200


def test_slips_are_for_people_signed_in(case: Case, client: FlaskClient) -> None:
    for path in (f"{case.id}/phieu/tiep-nhan", f"{case.id}/phieu/tiep-nhan.docx", "so-theo-doi", "so-theo-doi.pdf"):
        assert client.get(f"/ho-so/{path}").status_code in (302, 401)


@pytest.mark.parametrize("path", ["phieu/khac", "phieu/so-theo-doi", "phieu/tiep-nhan.exe", "phieu/tiep-nhan.pdf.pdf"])
def test_a_form_or_a_file_that_does_not_exist_is_not_found(path: str, case: Case, desk: FlaskClient) -> None:
    assert desk.get(f"/ho-so/{case.id}/{path}").status_code == 404


def test_hostile_names_are_words_on_the_page(version: ProcedureVersion, desk: FlaskClient) -> None:
    name = '<script>alert(1)</script>"><img src=x onerror=alert(2)>'
    case = receive(version, at("2024-06-03 08:30"), name)
    page = printed(desk, f"/ho-so/{case.id}/phieu/tiep-nhan")
    sheet = page[page.index("<article") : page.index("</article>")]
    assert "<script" not in sheet
    assert "<img" not in sheet
    assert "&lt;script&gt;" in sheet
    assert " style=" not in sheet
    assert "<script>alert(1)</script>" in words(pdf_of(desk.get(f"/ho-so/{case.id}/phieu/tiep-nhan.pdf")))


def test_slips_stay_vietnamese_while_the_buttons_are_translated(
    case: Case, units: dict[str, Unit], sign_in: Sign
) -> None:
    english = sign_in(make_person(units["MC"], locale="en"))
    page = printed(english, f"/ho-so/{case.id}/phieu/tiep-nhan")
    assert '<html lang="en">' in page
    sheet = page[page.index("<article") : page.index("</article>")]
    assert 'lang="vi"' in sheet
    assert "GIẤY TIẾP NHẬN HỒ SƠ" in sheet
    assert "05 ngày làm việc" in sheet
    assert "600.000 đồng" in sheet


def test_the_qr_code_says_the_case_code_or_the_address_of_the_public_page(
    case: Case, desk: FlaskClient, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = printed(desk, f"/ho-so/{case.id}/phieu/tiep-nhan")
    assert f'title="{case.code}"' in page
    assert "Mã tra cứu" not in page
    public = {"site_address": "https://motcua.example.vn/dung-han/", "public_lookup": True}
    monkeypatch.setitem(app.config, "SETTINGS", app.config["SETTINGS"].model_copy(update=public))
    page = printed(desk, f"/ho-so/{case.id}/phieu/tiep-nhan")
    letters = check_letters()(case.code)
    assert f'title="https://motcua.example.vn/dung-han/tra-cuu?ma={case.code}&amp;kt={letters}"' in page
    assert f"Mã tra cứu: {letters[:4]} {letters[4:]} (tại motcua.example.vn/dung-han/tra-cuu)" in page
    assert '<svg aria-hidden="true" focusable="false"' in page


def test_the_page_of_a_case_offers_the_receipt_with_one_key(case: Case, desk: FlaskClient) -> None:
    page = desk.get(f"/ho-so/{case.id}?moi=1").text
    form = re.search(rf'<form method="post" action="/ho-so/{case.id}/phieu/tiep-nhan".*?</form>', page, re.DOTALL)
    assert form
    assert 'data-shortcut="u"' in form[0] and 'name="csrf_token"' in form[0]
    assert f"/ho-so/{case.id}/phieu/kiem-soat" in page
    assert "phieu/tu-choi" not in page


# Many at once


def test_the_slips_of_several_cases_come_as_sheets_of_one_page_and_pages_of_one_file(
    version: ProcedureVersion, desk: FlaskClient
) -> None:
    cases = [receive(version, at(f"2024-06-0{day} 08:30"), f"Người nộp {day}") for day in (3, 4, 5)]
    query = "&".join(f"case={each.id}" for each in reversed(cases))
    page = desk.post(f"/ho-so/phieu/tiep-nhan?{query}").text
    assert page.count('<article class="sheet slip') == 3
    assert page.index("Người nộp 5") < page.index("Người nộp 3"), "in the order asked for"
    reader = pdf_of(desk.get(f"/ho-so/phieu/tiep-nhan.pdf?{query}"))
    assert [f"Người nộp {day}" in each.extract_text() for day, each in zip((5, 4, 3), reader.pages, strict=True)] == [
        True
    ] * 3
    posted = pdf_of(desk.post("/ho-so/phieu/tiep-nhan.pdf", data={"case": [each.id for each in cases]}))
    assert len(posted.pages) == 3


def test_cases_without_such_a_slip_are_named_and_the_others_drawn(version: ProcedureVersion, desk: FlaskClient) -> None:
    asked, quiet = (receive(version, at("2024-06-03 08:30")) for _n in range(2))
    happen(asked, EventKind.SUPPLEMENT_REQUESTED, at("2024-06-04 10:00"), note="Thiếu")
    page = desk.post(f"/ho-so/phieu/bo-sung?case={asked.id}&case={quiet.id}").text
    assert page.count("<article") == 1
    assert f"{quiet.code}: Hồ sơ không có phiếu này để in." in page
    none = desk.get(f"/ho-so/phieu/bo-sung?case={quiet.id}")
    assert none.status_code == 422
    assert quiet.code in none.text


def test_a_batch_of_nothing_or_of_too_many_says_so(desk: FlaskClient) -> None:
    empty = desk.get("/ho-so/phieu/tiep-nhan")
    assert (empty.status_code, "Hãy chọn ít nhất một hồ sơ." in empty.text) == (422, True)
    many = "&".join(f"case={n}" for n in range(1, service.MOST_AT_ONCE + 2))
    refused = desk.get(f"/ho-so/phieu/tiep-nhan.pdf?{many}")
    assert (refused.status_code, "Mỗi lần in nhiều nhất 200 phiếu." in refused.text) == (422, True)


def test_a_batch_is_read_in_a_fixed_number_of_queries(version: ProcedureVersion, desk: FlaskClient, app: Flask) -> None:
    from sqlalchemy import event

    cases = [receive(version, at("2024-06-03 08:30") + timedelta(minutes=n)) for n in range(8)]
    counts = []
    for some in (cases[:2], cases):
        desk.get("/ho-so/phieu/tiep-nhan?" + "&".join(f"case={each.id}" for each in some))  # numbers are given here
        seen: list[str] = []
        listener = lambda *args: seen.append(args[2])  # noqa: B023, E731  called before the loop goes on
        event.listen(db.engine, "before_cursor_execute", listener)
        desk.get("/ho-so/phieu/kiem-soat?" + "&".join(f"case={each.id}" for each in some))
        event.remove(db.engine, "before_cursor_execute", listener)
        counts.append(len(seen))
    assert counts[0] == counts[1]


# The register


def test_the_register_holds_the_cases_of_its_days_in_the_order_of_reception(
    version: ProcedureVersion, desk: FlaskClient
) -> None:
    cases = [receive(version, at(moment), f"Người {moment[8:10]}") for moment in (
        "2024-06-02 23:59", "2024-06-03 00:00", "2024-06-10 23:59", "2024-06-11 00:00")]  # fmt: skip
    page = desk.get("/ho-so/so-theo-doi?since=03/06/2024&until=10/06/2024").text
    assert [each.code in page for each in cases] == [False, True, True, False]
    assert page.index(cases[1].code) < page.index(cases[2].code)
    assert "Từ ngày 03/06/2024 đến ngày 10/06/2024" in page
    assert "Mẫu số 06 - Thông tư số 01/2018/TT-VPCP" in page
    assert 'class="sheet slip slip-a4-landscape sheet-landscape"' in page


def test_the_register_is_a_pdf_a_word_document_and_a_spreadsheet(case: Case, desk: FlaskClient) -> None:
    desk.post(f"/ho-so/{case.id}/phieu/tiep-nhan")
    query = "since=2024-06-01&until=2024-06-30"
    reader = pdf_of(desk.get(f"/ho-so/so-theo-doi.pdf?{query}"))
    assert [round(each) for each in reader.pages[0].mediabox[2:]] == [842, 595]
    assert f"1 {case.code}" in words(reader)
    written = docx.Document(io.BytesIO(desk.get(f"/ho-so/so-theo-doi.docx?{query}").data))
    assert any(case.code in cell.text for table in written.tables for row in table.rows for cell in row.cells)
    sheet = load_workbook(io.BytesIO(desk.get(f"/ho-so/so-theo-doi.xlsx?{query}").data)).active
    assert sheet is not None
    assert sheet["A1"].value == "Sổ theo dõi hồ sơ"
    rows = list(sheet.iter_rows(min_row=4, values_only=True))
    assert rows[0][1] == "Mã hồ sơ"
    assert rows[1][:5] == (1, case.code, "Cấp giấy phép lao động", 1, "Nguyễn Thị Hường")
    assert rows[1][7].date() == date(2024, 6, 3)


def test_after_an_apology_slip_page_list_register_and_export_tell_one_new_date_and_hour(
    case: Case, desk: FlaskClient, freeze: Freeze
) -> None:
    """Received on Monday 3 June 2024 with five working days: 10 June. The letter of the 7th promises the 14th, which
    is worked in the morning only."""
    db.session.add(SiteDay(site=SITE, day=date(2024, 6, 14), working=True, part=DayPart.MORNING, name="Nghỉ chiều"))
    db.session.commit()
    first = desk.get(f"/ho-so/{case.id}").text
    assert "10/06/2024 17:00" in first
    assert "5. Thời gian trả kết quả giải quyết hồ sơ: 17 giờ 00 phút, ngày 10" in plain(
        desk.get(f"/ho-so/{case.id}/phieu/tiep-nhan").text
    )
    freeze("2024-06-07 08:00")
    said = {"number": "12/PXL", "reason": "Phải xác minh thêm.", "signer": "Võ Minh Hoàng"}
    revision = db.session.get_one(Case, case.id).revision
    day = date(2024, 6, 14)
    explanation_service.apologise(EVERYWHERE, CLERK, case.id, **said, new_day=day, revision=revision)
    slip = plain(desk.get(f"/ho-so/{case.id}/phieu/tiep-nhan").text)
    assert "trả kết quả giải quyết hồ sơ: 11 giờ 30 phút, ngày 14 tháng 6 năm 2024 (theo văn bản xin lỗi số 12" in slip
    assert "thấy không thể trả kết quả" in desk.get(f"/ho-so/{case.id}/phieu/xin-loi").text
    assert "14/06/2024 11:30" in desk.get(f"/ho-so/{case.id}").text
    listed = plain(desk.get("/ho-so").text)
    assert "14/06/2024 hẹn đầu 10/06/2024" in listed
    book = load_workbook(io.BytesIO(desk.get("/ho-so.xlsx").data)).active
    assert book is not None
    (row,) = [row for row in book.iter_rows(values_only=True) if row[0] == case.code]
    assert [f"{each:%d/%m %H:%M}" for each in row[12:14]] == ["10/06 17:00", "14/06 11:30"]
    register = plain(desk.get("/ho-so/so-theo-doi?since=2024-06-03&until=2024-06-03").text)
    assert "03/06/2024 14/06/2024" in register and "Hẹn ban đầu 10/06/2024" in register


def plain(page: str) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", page).split())


def test_a_register_without_days_is_this_months(case: Case, version: ProcedureVersion, desk: FlaskClient) -> None:
    now = receive(version, at("2024-07-01 07:45"))
    page = desk.get("/ho-so/so-theo-doi").text
    assert (now.code in page, case.code in page) == (True, False)


def test_an_impossible_span_is_refused_in_one_sentence(desk: FlaskClient) -> None:
    answer = desk.get("/ho-so/so-theo-doi?since=2024-06-10&until=2024-06-03")
    assert answer.status_code == 422
    assert "Ngày đầu phải trước hoặc bằng ngày cuối." in answer.text
    assert "<article" not in answer.text
    assert desk.get("/ho-so/so-theo-doi.pdf?since=2024-06-10&until=2024-06-03").status_code == 422
    assert desk.get("/ho-so/so-theo-doi?since=31/02/2024").status_code == 422
    assert desk.get("/ho-so/so-theo-doi?unit=KHONGCO").status_code == 422


def test_a_register_that_does_not_fit_asks_for_fewer_days(
    case: Case, desk: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "MOST_LINES", 0)
    answer = desk.get("/ho-so/so-theo-doi.pdf?since=2024-06-01&until=2024-06-30")
    assert answer.status_code == 422
    assert "hãy chọn khoảng ngày ngắn hơn" in answer.text
    assert desk.get("/ho-so/so-theo-doi.xlsx?since=2024-06-01&until=2024-06-30").status_code == 200


def test_the_register_is_read_in_strips_without_losing_or_doubling_a_line(
    version: ProcedureVersion, desk: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    from app.slips import queries

    monkeypatch.setattr(queries, "READ_AT_ONCE", 2)
    same = [receive(version, at("2024-06-03 08:30")) for _n in range(5)]
    page = desk.get("/ho-so/so-theo-doi?since=2024-06-03&until=2024-06-03").text
    assert re.findall(r'<td class="slip-left">(\S+-240603-\d+)<', page) == [each.code for each in same]


def test_the_register_shows_the_scope_and_what_it_is_narrowed_to(
    version: ProcedureVersion, units: dict[str, Unit], sign_in: Sign
) -> None:
    other = make_version(units["NCC"], code="2.000001", name="Xác nhận người có công")
    mine, theirs = (receive(each, at("2024-06-03 08:30")) for each in (version, other))
    span = "since=2024-06-01&until=2024-06-30"
    head = sign_in(make_person(units["LDVL"], Role.HEAD))
    page = head.get(f"/ho-so/so-theo-doi?{span}").text
    assert (mine.code in page, theirs.code in page) == (True, False)
    assert head.get(f"/ho-so/so-theo-doi?{span}&unit=NCC").status_code == 422
    desk = sign_in(make_person(units["MC"]))
    page = desk.get(f"/ho-so/so-theo-doi?{span}&unit=NCC").text
    assert (mine.code in page, theirs.code in page) == (False, True)
    assert "Đơn vị: Phòng Người có công" in page
    page = desk.get(f"/ho-so/so-theo-doi?{span}&procedure=1.000105").text
    assert (mine.code in page, theirs.code in page) == (True, False)
    assert "Thủ tục: Cấp giấy phép lao động (1.000105)" in page


# Commands


def entries(action: str) -> Sequence[AuditEntry]:
    return db.session.scalars(select(AuditEntry).where(AuditEntry.action == action).order_by(AuditEntry.id)).all()


def test_a_slip_is_written_by_command(case: Case, app: Flask, tmp_path: Any) -> None:
    run, out = app.test_cli_runner(), tmp_path / "phieu.pdf"
    done = run.invoke(args=["slips", "make", case.code, "--form", "01", "--format", "pdf", "--output", str(out)])
    assert (done.exit_code, done.output.strip()) == (0, str(out))
    assert case.code in words(PdfReader(out))
    control = tmp_path / "kiem-soat.docx"
    done = run.invoke(args=["slips", "make", case.code, "--form", "5", "--format", "docx", "--output", str(control)])
    assert done.exit_code == 0, done.output
    told = " ".join(node.text or "" for node in docx.Document(str(control)).element.body.iter("{*}t"))
    assert "PHIẾU KIỂM SOÁT" in told
    assert [(e.subject_id, e.details["paper"]) for e in entries("open_papers")] == [(case.code, "tiep-nhan")], (
        "one a day"
    )


@pytest.mark.parametrize(
    ("form", "sentence"),
    [
        ("02", "không có phiếu này để in"),
        ("07", "không có mẫu số 07"),
        ("xyz", "không có mẫu số xyz"),
        ("06", "flask slips register"),
    ],
)
def test_a_command_for_a_slip_that_cannot_be_is_one_line_and_code_2(
    form: str, sentence: str, case: Case, app: Flask, tmp_path: Any
) -> None:
    done = app.test_cli_runner().invoke(
        args=["slips", "make", case.code, "--form", form, "--output", str(tmp_path / "x.pdf")]
    )
    assert done.exit_code == 2
    assert sentence in done.output
    assert len(done.output.strip().splitlines()) == 1
    assert not (tmp_path / "x.pdf").exists()


def test_the_register_is_written_by_command(case: Case, app: Flask, tmp_path: Any) -> None:
    run, out = app.test_cli_runner(), tmp_path / "so.pdf"
    span = ["--from", "2024-06-01", "--to", "2024-06-30", "--output", str(out)]
    done = run.invoke(args=["slips", "register", *span, "--unit", "LDVL"])
    assert done.exit_code == 0, done.output
    assert case.code in words(PdfReader(out))
    taken = {"since": "2024-06-01", "until": "2024-06-30", "unit": "LDVL"}
    assert [(e.details["filter"], e.details["rows"]) for e in entries("export_list")] == [(taken, 1)]
    done = run.invoke(args=["slips", "register", "--from", "2024-07-01", "--to", "2024-06-01", "--output", str(out)])
    assert (done.exit_code, "Ngày đầu phải trước" in done.output) == (2, True)
    done = run.invoke(args=["slips", "register", *span, "--unit", "KHONG"])
    assert (done.exit_code, "Không có đơn vị mang mã KHONG." in done.output) == (2, True)


def test_two_clerks_printing_at_once_never_share_or_lose_a_number(version: ProcedureVersion, app: Flask) -> None:
    cases = [receive(version, at("2024-06-03 08:30")).id for _n in range(6)]
    db.session.commit()

    def print_all(order: list[int]) -> None:
        for case_id in order:
            with audit.transaction():
                service.give_numbers(SITE, CLERK, SlipKind.SUPPLEMENT, [(f"case:{case_id}", case_id, 2024)])

    orders = (cases, cases[::-1], cases[3:] + cases[:3])
    assert at_once(app, *(partial(print_all, order) for order in orders)) == [None] * 3
    kept = db.session.execute(select(Slip.case_id, Slip.number).order_by(Slip.id)).all()
    assert sorted(row.case_id for row in kept) == cases
    assert sorted(row.number for row in kept) == [1, 2, 3, 4, 5, 6]
