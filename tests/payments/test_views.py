"""The pages of money, as a clerk, a head and a stranger meet them."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from typing import Any

import openpyxl
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from app.cases import service as cases
from app.cases.models import Case, Payment, Refund
from app.cases.population import paid_in_person, payment_counted
from app.cases.vocabulary import PaymentChannel
from app.organisation.access import Actor
from app.organisation.models import Person, Role
from app.payments.models import MatchState, PortalLine, PortalStatement
from app.payments.service import take_payment
from app.web.extensions import db
from tests.clock import at
from tests.factories import CLERK, EVERYWHERE, make_department, make_person, make_version, receive

SignIn = Callable[[Person], FlaskClient]
FRAGMENT = {"HX-Request": "true"}


class Office:
    """A desk, two divisions with a head each, and one case that owes 600.000 đồng."""

    def __init__(self) -> None:
        self.units = make_department()
        self.clerk = make_person(self.units["MC"], Role.DESK, "motcua", full_name="Lê Thu Hà")
        self.colleague = make_person(self.units["MC"], Role.DESK, "motcua2", full_name="Đỗ Văn Nam")
        self.head = make_person(self.units["LDVL"], Role.HEAD)
        self.other_head = make_person(self.units["NCC"], Role.HEAD)
        self.inspector = make_person(self.units["SO"], Role.INSPECTOR)
        self.permit = make_version(self.units["LDVL"], name="Cấp giấy phép lao động", fee=600_000, eligible=True)
        self.case = receive(self.permit, at("2024-07-01 07:30"), "Nguyễn Thị Đào")

    def take(self, by: Person, amount: int = 600_000, transaction: str = "", case: Case | None = None) -> None:
        take_payment(
            EVERYWHERE,
            Actor.of(by),
            (case or self.case).id,
            amount=amount,
            channel=PaymentChannel.ONLINE if transaction else PaymentChannel.IN_PERSON,
            transaction_number=transaction,
        )


@pytest.fixture
def office(session: Any) -> Office:
    return Office()


def taken() -> list[tuple[int, str]]:
    return list(db.session.execute(select(Payment.amount, Payment.receipt_number).order_by(Payment.id)).all())


def page_of(client: FlaskClient, address: str, **more: Any) -> str:
    answer = client.get(address, **more)
    assert answer.status_code == 200, answer.status
    return answer.get_data(as_text=True)


def test_the_form_opens_on_the_case_with_what_remains(office: Office, sign_in: SignIn) -> None:
    office.take(office.clerk, 250_000)
    page = page_of(sign_in(office.clerk), f"/ho-so/{office.case.id}/ghi/paid", headers=FRAGMENT)
    assert page.lstrip().startswith('<form id="action"')
    assert 'value="350.000"' in page
    assert "còn 350.000 đ" in page


def test_paying_the_right_amount_takes_what_the_form_came_with(office: Office, sign_in: SignIn) -> None:
    client = sign_in(office.clerk)
    data = {"amount": "600.000", "channel": "cash", "revision": office.case.revision}
    answer = client.post(f"/ho-so/{office.case.id}/ghi/paid", data=data, follow_redirects=True)
    page = answer.get_data(as_text=True)
    assert taken() == [(600_000, "BL-2024-000001")]
    assert "Đã thu 600.000 đ cho hồ sơ" in page
    assert f"/ho-so/{office.case.id}/bien-lai/2" in page
    assert "BL-2024-000001" in page


@pytest.mark.parametrize(
    ("channel", "words", "receipt"),
    [("transfer", "Chuyển khoản", "chuyển khoản, mã giao dịch FT24"), ("card", "Thẻ (POS)", "thẻ ngân hàng, mã giao")],
)
def test_a_transfer_and_a_card_are_money_of_the_counter_with_a_receipt_and_not_online(
    office: Office, sign_in: SignIn, channel: str, words: str, receipt: str
) -> None:
    client = sign_in(office.clerk)
    data = {"amount": "600.000", "channel": channel, "transaction_number": "FT24", "revision": office.case.revision}
    client.post(f"/ho-so/{office.case.id}/ghi/paid", data=data)
    assert taken() == [(600_000, "BL-2024-000001")]
    assert receipt in page_of(client, f"/ho-so/{office.case.id}/bien-lai/2")
    assert words in page_of(client, f"/ho-so/{office.case.id}")
    assert words in page_of(client, "/thu-phi.csv")
    first, last = at("2024-06-01 00:00"), at("2024-08-01 00:00")
    paid = db.session.scalar(select(func.count()).select_from(Payment).where(paid_in_person(first, last)))
    assert paid == db.session.scalar(select(func.count()).select_from(Payment).where(payment_counted(first, last)))


def test_the_form_offers_what_can_be_told_apart_today(office: Office, sign_in: SignIn) -> None:
    page = page_of(sign_in(office.clerk), f"/ho-so/{office.case.id}/ghi/paid")
    assert re.findall(r'name="channel"[^>]*value="(\w+)"', page) == ["cash", "transfer", "card", "online"]


def test_the_form_sent_twice_takes_the_money_once(office: Office, sign_in: SignIn) -> None:
    client = sign_in(office.clerk)
    data = {"amount": "300.000", "channel": "cash", "revision": office.case.revision, "seen": "1"}
    codes = [client.post(f"/ho-so/{office.case.id}/ghi/paid", data=data).status_code for _ in range(2)]
    assert codes == [302, 422]
    assert taken() == [(300_000, "BL-2024-000001")]


def test_more_than_is_owed_asks_first_and_keeps_what_was_typed(office: Office, sign_in: SignIn) -> None:
    client, address = sign_in(office.clerk), f"/ho-so/{office.case.id}/ghi/paid"
    data = {"amount": "650.000", "channel": "cash", "revision": office.case.revision}
    answer = client.post(address, data=data)
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert "Hồ sơ chỉ còn phải nộp 600.000 đồng." in page
    assert 'name="over_owed"' in page
    assert 'value="650.000"' in page
    assert taken() == []
    assert client.post(address, data=data | {"over_owed": "y"}).status_code == 302
    assert taken() == [(650_000, "BL-2024-000001")]


def test_a_transaction_of_another_case_is_refused_at_its_field(office: Office, sign_in: SignIn) -> None:
    other = receive(office.permit, at("2024-07-01 07:40"))
    office.take(office.clerk, transaction="GD1", case=other)
    data = {"amount": "600.000", "channel": "online", "transaction_number": "GD1", "revision": office.case.revision}
    answer = sign_in(office.clerk).post(f"/ho-so/{office.case.id}/ghi/paid", data=data)
    assert answer.status_code == 422
    assert f"Mã giao dịch GD1 đã được ghi cho hồ sơ {other.code}." in answer.get_data(as_text=True)


@pytest.mark.parametrize(("who", "status"), [("clerk", 200), ("head", 200), ("other_head", 404), ("inspector", 403)])
def test_who_may_take_money(office: Office, sign_in: SignIn, who: str, status: int) -> None:
    client = sign_in(getattr(office, who))
    assert client.get(f"/ho-so/{office.case.id}/ghi/paid").status_code == status


def test_nobody_signed_in_may_take_money(office: Office, client: FlaskClient) -> None:
    assert client.post(f"/ho-so/{office.case.id}/ghi/paid", data={"amount": "1"}).status_code in (302, 401)
    assert taken() == []


def test_the_case_shows_what_is_owed_paid_and_why_less(office: Office, sign_in: SignIn) -> None:
    office.case.exemption = "Hộ nghèo (giảm 50%)"
    db.session.commit()
    office.take(office.clerk, 250_000)
    page = page_of(sign_in(office.clerk), f"/ho-so/{office.case.id}")
    for words in ("Phí, lệ phí", "Hộ nghèo (giảm 50%)", "250.000 đ", "350.000 đ", "BL-2024-000001", "Hoàn trả"):
        assert words in page


def test_what_was_paid_is_told_on_a_slip_and_on_a_receipt_where_the_site_may_give_them(
    app: Flask, office: Office, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.take(office.clerk)
    client, url = sign_in(office.clerk), f"/ho-so/{office.case.id}/bien-lai/2"
    page = page_of(client, url)
    assert ("PHIẾU THU PHÍ, LỆ PHÍ" in page, "BIÊN LAI THU PHÍ" in page) == (True, False)
    assert "08 giờ 00 phút ngày 01/07/2024" in page
    law = {"receipt_form": "Mẫu số 01BLP - Ký hiệu: KH-24E", "tax_code": "4200123456"}
    monkeypatch.setitem(app.config, "SETTINGS", app.config["SETTINGS"].model_copy(update=law))
    page = page_of(client, url)
    for words in (
        *("sheet-a5", "BIÊN LAI THU PHÍ, LỆ PHÍ", "Mẫu số 01BLP - Ký hiệu: KH-24E", "Mã số thuế: 4200123456"),
        *("BL-2024-000001", "Nguyễn Thị Đào", office.case.code),
        *("Cấp giấy phép lao động", "600.000 đồng", "Sáu trăm nghìn đồng", "Lê Thu Hà", "ngày 01 tháng 7 năm 2024"),
    ):
        assert words in page


@pytest.mark.parametrize(("ending", "magic"), [("pdf", b"%PDF"), ("docx", b"PK")])
def test_the_receipt_is_had_as_a_file(office: Office, sign_in: SignIn, ending: str, magic: bytes) -> None:
    office.take(office.clerk)
    answer = sign_in(office.clerk).get(f"/ho-so/{office.case.id}/bien-lai/2.{ending}")
    assert (answer.status_code, answer.get_data()[: len(magic)]) == (200, magic)
    assert f"BL-2024-000001.{ending}" in answer.headers["Content-Disposition"]
    assert sign_in(office.other_head).get(f"/ho-so/{office.case.id}/bien-lai/2.{ending}").status_code == 404


def test_a_voided_receipt_says_so(office: Office, sign_in: SignIn) -> None:
    office.take(office.clerk)
    cases.correct(EVERYWHERE, CLERK, office.case.id, 2, reason="Thu nhầm", void=True)
    assert "(ĐÃ HỦY)" in page_of(sign_in(office.clerk), f"/ho-so/{office.case.id}/bien-lai/2")


def test_an_online_payment_has_no_receipt(office: Office, sign_in: SignIn) -> None:
    office.take(office.clerk, transaction="GD1")
    assert sign_in(office.clerk).get(f"/ho-so/{office.case.id}/bien-lai/2").status_code == 404


def test_giving_back_a_part_shows_on_the_case(office: Office, sign_in: SignIn) -> None:
    office.take(office.clerk)
    client, address = sign_in(office.clerk), f"/ho-so/{office.case.id}/hoan-tra/2"
    assert 'value="600.000"' in page_of(client, address, headers=FRAGMENT)
    data = {"amount": "150.000", "note": "Nộp thừa"}
    page = client.post(address, data=data, follow_redirects=True).get_data(as_text=True)
    assert "Đã hoàn trả 150.000 đ." in page
    assert "Nộp thừa" in page
    assert db.session.scalars(select(Refund.amount)).all() == [150_000]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"amount": "600.001", "note": "Nộp thừa"}, "Chỉ hoàn trả được từ 1 đến"),
        ({"amount": "1", "note": ""}, "Không được để trống."),
        ({"amount": "", "note": "Nộp thừa"}, "Không được để trống."),
    ],
)
def test_a_wrong_refund_says_why(office: Office, sign_in: SignIn, data: dict[str, str], said: str) -> None:
    office.take(office.clerk)
    answer = sign_in(office.clerk).post(f"/ho-so/{office.case.id}/hoan-tra/2", data=data)
    assert answer.status_code == 422
    assert said in answer.get_data(as_text=True)
    assert db.session.scalar(select(func.count()).select_from(Refund)) == 0


def test_a_clerk_sees_their_own_cash_and_a_head_their_units(office: Office, sign_in: SignIn) -> None:
    office.take(office.clerk, 250_000)
    office.take(office.colleague, 350_000)
    mine = page_of(sign_in(office.clerk), "/thu-phi")
    assert "250.000 đ" in mine
    assert "350.000 đ" not in mine
    assert "BL-2024-000002" not in mine
    units = page_of(sign_in(office.head), "/thu-phi")
    assert ("Lê Thu Hà" in units, "Đỗ Văn Nam" in units, "600.000 đ" in units) == (True, True, True)
    assert "BL-2024-000001" not in page_of(sign_in(office.other_head), "/thu-phi")


def test_wrong_days_are_said_and_show_today(office: Office, sign_in: SignIn) -> None:
    page = page_of(sign_in(office.clerk), "/thu-phi?since=01/07/2024&until=30/06/2024")
    assert "Đến ngày không được trước Từ ngày." in page
    assert "Không có ngày này" in page_of(sign_in(office.clerk), "/thu-phi?since=31/06/2024")


def test_the_files_have_the_receipts_and_no_formulas(office: Office, sign_in: SignIn) -> None:
    office.case.applicant = "=HYPERLINK(1)"
    db.session.commit()
    office.take(office.clerk)
    client = sign_in(office.clerk)
    text = client.get("/thu-phi.csv").get_data(as_text=True)
    assert "'=HYPERLINK(1)" in text
    book = openpyxl.load_workbook(io.BytesIO(client.get("/thu-phi.xlsx?since=2024-07-01").get_data()))
    header, row = (list(cells) for cells in book.worksheets[0].iter_rows(min_row=4))
    named = {heading.value: cell for heading, cell in zip(header, row, strict=True)}
    assert named["Người nộp"].data_type == "s"
    assert named["Cộng (đồng)"].value == 600_000
    assert named["Thời điểm"].is_date
    assert named["Số biên lai"].value == "BL-2024-000001"


def test_a_code_leads_to_taking_money(office: Office, sign_in: SignIn) -> None:
    client = sign_in(office.clerk)
    assert client.get(f"/thu-phi/ho-so?ma={office.case.code}").location.endswith(f"/ho-so/{office.case.id}/ghi/paid")
    page = client.get("/thu-phi/ho-so?ma=KHONG-CO", follow_redirects=True).get_data(as_text=True)
    assert "Không tìm thấy hồ sơ mang mã KHONG-CO." in page


def drop(client: FlaskClient, *lines: str) -> Any:
    text = "\n".join(["Mã giao dịch;Mã hồ sơ;Số tiền;Thời gian thanh toán", *lines])
    data = {"file": (io.BytesIO(text.encode("utf-8-sig")), "cong.csv")}
    return client.post("/thu-phi/doi-chieu/moi", data=data, follow_redirects=True)


def test_a_clerk_drops_the_portals_list_and_records_what_is_missing(office: Office, sign_in: SignIn) -> None:
    client = sign_in(office.clerk)
    page = drop(client, f"GD9;{office.case.code};600.000;01/07/2024 07:45", "GD8;X;;").get_data(as_text=True)
    for words in ("Chưa ghi ở phần mềm", "Ghi nhận", "Thiếu số tiền.", "Còn 1 dòng cần xem."):
        assert words in page
    line = db.session.scalars(select(PortalLine)).one()
    address = f"/thu-phi/doi-chieu/dong/{line.id}"
    assert "Ghi nhận vào hồ sơ" in page_of(client, address)
    client.post(address, data={"record": "1"})
    assert db.session.scalars(select(Payment.transaction_number)).all() == ["GD9"]
    assert "Khớp" in page_of(client, f"/thu-phi/doi-chieu/{line.statement_id}")
    assert "GD9" in client.get(f"/thu-phi/doi-chieu/{line.statement_id}.csv").get_data(as_text=True)
    refused = client.get(f"/thu-phi/doi-chieu/{line.statement_id}/dong-bi-tu-choi.csv").get_data(as_text=True)
    assert "GD8" in refused
    again = drop(client, f"GD9;{office.case.code};600.000;01/07/2024 07:45", "GD8;X;;")
    assert again.status_code == 422
    assert "Tệp này đã được đối chiếu lúc 01/07/2024 08:00" in again.get_data(as_text=True)


def test_a_line_is_settled_only_with_a_note(office: Office, sign_in: SignIn) -> None:
    client = sign_in(office.clerk)
    drop(client, "GD8;X;600.000;01/07/2024 07:45")
    line = db.session.scalars(select(PortalLine)).one()
    address = f"/thu-phi/doi-chieu/dong/{line.id}"
    answer = client.post(address, data={"settle": "1", "note": ""})
    assert (answer.status_code, "Hãy ghi đã xử lý thế nào." in answer.get_data(as_text=True)) == (422, True)
    client.post(address, data={"settle": "1", "note": "Của Sở khác"})
    assert "Của Sở khác" in page_of(client, f"/thu-phi/doi-chieu/{line.statement_id}?trang_thai=settled")


def test_more_than_is_owed_is_recorded_from_the_list_after_a_second_look(office: Office, sign_in: SignIn) -> None:
    client = sign_in(office.clerk)
    drop(client, f"GD9;{office.case.code};700.000;01/07/2024 07:45")
    address = f"/thu-phi/doi-chieu/dong/{db.session.scalars(select(PortalLine.id)).one()}"
    answer = client.post(address, data={"record": "1"})
    assert (answer.status_code, 'name="over_owed"' in answer.get_data(as_text=True)) == (422, True)
    assert client.post(address, data={"record": "1", "over_owed": "y"}).status_code == 302
    assert taken() == [(700_000, "")]


@pytest.mark.parametrize(
    ("content", "name", "said"),
    [
        (b"", "cong.csv", "rỗng"),
        (b"MZ\x90\x00", "cong.xlsx", "chương trình"),
        (b"%PDF-1.7", "cong.xlsx", "PDF"),
        ("tên;tuổi\na;1".encode(), "cong.csv", "không có dòng tiêu đề"),
    ],
)
def test_what_is_no_list_is_refused_in_a_sentence(
    office: Office, sign_in: SignIn, content: bytes, name: str, said: str
) -> None:
    data = {"file": (io.BytesIO(content), name)}
    answer = sign_in(office.clerk).post("/thu-phi/doi-chieu/moi", data=data)
    assert answer.status_code == 422
    assert said in answer.get_data(as_text=True)
    assert db.session.scalar(select(func.count()).select_from(PortalStatement)) == 0


@pytest.mark.parametrize(
    ("who", "method", "path", "status"),
    [
        ("inspector", "get", "/thu-phi/doi-chieu", 200),
        ("inspector", "get", "/thu-phi/doi-chieu/{id}", 200),
        ("inspector", "get", "/thu-phi/doi-chieu/{id}.xlsx", 200),
        ("inspector", "get", "/thu-phi/doi-chieu/moi", 403),
        ("inspector", "post", "/thu-phi/doi-chieu/{id}/lai", 403),
        ("head", "get", "/thu-phi/doi-chieu/{id}", 403),
        ("clerk", "post", "/thu-phi/doi-chieu/{id}/lai", 302),
        ("clerk", "get", "/thu-phi/doi-chieu/999", 404),
        ("clerk", "get", "/thu-phi/doi-chieu/dong/999", 404),
    ],
)
def test_who_may_reconcile(office: Office, sign_in: SignIn, who: str, method: str, path: str, status: int) -> None:
    drop(sign_in(office.clerk), "GD8;X;600.000;01/07/2024 07:45")
    statement = db.session.scalars(select(PortalStatement)).one()
    client = sign_in(getattr(office, who))
    assert getattr(client, method)(path.format(id=statement.id)).status_code == status
    assert db.session.scalars(select(PortalLine.state)).all() == [MatchState.UNKNOWN_CASE]


def test_a_divisions_own_clerk_may_not_reconcile(office: Office, sign_in: SignIn) -> None:
    division = make_person(office.units["LDVL"], Role.DESK)
    assert sign_in(division).get("/thu-phi/doi-chieu").status_code == 403


def test_ours_that_the_portal_does_not_list_are_shown(office: Office, sign_in: SignIn) -> None:
    office.take(office.clerk, transaction="GD-CUA-TA")
    page = drop(sign_in(office.clerk), "GD8;X;600.000;01/07/2024 07:45").get_data(as_text=True)
    assert "Có ở phần mềm, không có ở cổng" in page
    assert "GD-CUA-TA" in page


@pytest.mark.parametrize("name", ["giao-dich.xlsx", "giao-dich"])
def test_a_workbook_of_the_portal_is_taken_from_the_page(office: Office, sign_in: SignIn, name: str) -> None:
    book: Any = openpyxl.Workbook()
    book.active.append(["Mã giao dịch", "Mã hồ sơ", "Số tiền", "Thời gian thanh toán"])
    book.active.append(["GD8", "X", 600_000, "01/07/2024 07:45"])
    file = io.BytesIO()
    book.save(file)
    file.seek(0)
    client = sign_in(office.clerk)
    client.post("/thu-phi/doi-chieu/moi", data={"file": (file, name)})
    line = db.session.scalars(select(PortalLine)).one()
    assert (line.transaction_number, line.amount, line.state) == ("GD8", 600_000, MatchState.UNKNOWN_CASE)
