"""The intake page: checklist, fee, applicants recalled, drafts, what happens when something goes wrong."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask, g
from flask.testing import FlaskClient
from sqlalchemy import event, func, select
from werkzeug.datastructures import MultiDict

from app.cases import kept_files, service
from app.cases.intake.contents import COUNTS, Applicant, HandedIn, with_checklist
from app.cases.intake.questions import known_applicants
from app.cases.models import Case, CaseDocument
from app.cases.vocabulary import Channel
from app.desk import service as desk_service
from app.organisation.access import Actor, Scope
from app.organisation.models import Person, Role
from app.procedures import service as catalogue
from app.procedures.models import CopyKind, ProcedureVersion
from app.web import extensions
from app.web.extensions import db
from tests.clock import at
from tests.conftest import signed_in
from tests.factories import CLERK, EVERYWHERE, SITE, finish, make_department, make_person, make_version, receive
from tests.procedures.contents import contents_for
from tests.procedures.test_checklist import CHARGES, DOCUMENTS, EXEMPTIONS

SignIn = Callable[[Person], FlaskClient]
HTMX = {"HX-Request": "true"}


class Desk:
    """A one-stop desk with a procedure that has documents, charges and exemptions, and another without."""

    def __init__(self) -> None:
        self.units = make_department()
        self.clerk = make_person(self.units["MC"], Role.DESK, "motcua")
        self.head = make_person(self.units["NCC"], Role.HEAD, "truongphong.ncc")
        said = contents_for(self.units["LDVL"], documents=DOCUMENTS, charges=CHARGES, exemptions=EXEMPTIONS)
        procedure = catalogue.add_procedure(CLERK, code="1.000105", contents=said, in_force_from=date(2020, 1, 1))
        self.permit: ProcedureVersion = procedure.versions[0]
        self.plain = make_version(self.units["NCC"], code="1.010801", name="Thăm viếng mộ liệt sĩ")
        self.by = Actor.of(self.clerk)

    def typed(self, **changed: Any) -> dict[str, Any]:
        """Everything that is asked for, handed in as asked."""
        application, photos, _letter = self.permit.documents
        return {
            "version_id": self.permit.id,
            "applicant": "Nguyễn Thị Đào",
            "channel": "in_person",
            "return_method": "in_person",
            "token": "form-1",
            "documents-0-document_id": application.id,
            "documents-0-originals": "1",
            "documents-1-document_id": photos.id,
            "documents-1-copies": "2",
        } | changed


@pytest.fixture
def desk(session: Any) -> Desk:
    return Desk()


@pytest.fixture
def client(desk: Desk, sign_in: SignIn) -> FlaskClient:  # type: ignore[override]
    return sign_in(desk.clerk)


@pytest.fixture
def sign_in(app: Flask) -> SignIn:
    def sign(person: Person) -> FlaskClient:
        return signed_in(app.test_client(), person)

    return sign


def cases_in_store() -> int:
    return db.session.scalar(select(func.count()).select_from(Case)) or 0


def shown(page: str) -> dict[str, str]:
    """Boxes of the checklist and what is in them."""
    return dict(re.findall(r'name="(documents-\d+-\w+)"[^>]*value="([^"]*)"', page))


def test_choosing_a_procedure_shows_its_checklist_with_nothing_handed_in_and_the_promise(
    desk: Desk, client: FlaskClient
) -> None:
    page = client.get(f"/ho-so/tiep-nhan/thanh-phan?version_id={desk.permit.id}", headers=HTMX).text
    boxes = shown(page)
    counts = [value for name, value in boxes.items() if name.rsplit("-", 1)[1] in COUNTS]
    assert (len(counts), set(counts)) == (16, {""})  # three documents of the list and an empty row
    for words in ("02 bản sao", "Mẫu số 11/PLI", "nếu có", "Người khuyết tật – miễn", "Hộ nghèo – giảm 50 %"):
        assert words in page
    assert 'id="promise"' in page
    assert 'hx-swap-oob="true"' in page
    assert "650.000 đ" in page


def test_one_button_says_that_every_required_document_came_as_asked_and_leaves_what_was_typed(
    desk: Desk, client: FlaskClient
) -> None:
    application = desk.permit.documents[0]
    typed = {
        "version_id": desk.permit.id,
        "documents-0-document_id": application.id,
        "documents-0-certified": "3",
        "all": "1",
    }
    page = client.get("/ho-so/tiep-nhan/thanh-phan", query_string=typed, headers=HTMX).text
    boxes = shown(page)
    assert (boxes["documents-0-originals"], boxes["documents-0-certified"]) == ("", "3")
    assert (boxes["documents-1-copies"], boxes["documents-2-certified"]) == ("2", "")  # the letter is not required
    written = client.post("/ho-so/tiep-nhan", data=typed | {"applicant": "Nguyễn Thị Đào", "channel": "online"})
    assert (written.status_code, cases_in_store()) == (200, 0)  # without scripts the button sends the form
    assert shown(written.text)["documents-1-electronic"] == "2"


def test_online_what_came_as_asked_is_electronic_unless_the_clerk_said_otherwise(
    desk: Desk, client: FlaskClient
) -> None:
    typed = desk.typed(channel="online", **{"documents-1-copies": "1"})
    page = client.get("/ho-so/tiep-nhan/thanh-phan", query_string=typed, headers=HTMX | {"HX-Trigger-Name": "channel"})
    boxes = shown(page.text)
    assert (boxes["documents-0-originals"], boxes["documents-0-electronic"]) == ("", "1")
    assert (boxes["documents-1-copies"], boxes["documents-1-electronic"]) == ("1", "")


def test_another_document_is_a_row_more(desk: Desk, client: FlaskClient) -> None:
    before = client.get("/ho-so/tiep-nhan/thanh-phan", query_string=desk.typed(), headers=HTMX).text
    after = client.get("/ho-so/tiep-nhan/thanh-phan", query_string=desk.typed() | {"more": 1}, headers=HTMX).text
    rows = [len(re.findall(r'name="documents-\d+-name"', page)) for page in (before, after)]
    assert rows == [1, 2]


def test_the_fee_is_worked_out_with_the_exemption_while_the_form_is_filled_in(desk: Desk, client: FlaskClient) -> None:
    poor = next(e for e in desk.permit.exemptions if e.percent_off == 50)
    page = client.get(f"/ho-so/tiep-nhan/hen-tra?version_id={desk.permit.id}&exemption={poor.id}").text
    assert "<strong>325.000 đ</strong>" in page
    assert "650.000 đ</s>" in page
    assert "Lệ phí: Cấp giấy phép – 300.000 đ" in page


def test_a_whole_file_is_taken_in_with_everything_said(desk: Desk, client: FlaskClient) -> None:
    free = next(e for e in desk.permit.exemptions if e.percent_off == 100)
    data = desk.typed(
        email="dao@example.vn",
        owner="Công ty Biển Xanh",
        other_code=" G22.99-240603-0077 ",
        exemption=free.id,
        return_method="post",
        sets="2",
        **{"documents-3-name": "Hộ chiếu", "documents-3-certified": "1"},
    )
    answer = client.post("/ho-so/tiep-nhan", data=data)
    assert answer.status_code == 302
    assert "form-sent=form-1" in answer.headers["Set-Cookie"]
    case = db.session.scalars(select(Case)).one()
    assert (case.email, case.owner, case.sets, case.fee_due) == ("dao@example.vn", "Công ty Biển Xanh", 2, 0)
    assert (case.exemption, case.return_method.value) == ("Người khuyết tật (miễn)", "post")
    names = db.session.scalars(select(CaseDocument.name).order_by(CaseDocument.position)).all()
    assert names == [*(document.name for document in DOCUMENTS), "Hộ chiếu"]
    assert case.other_code == "G22.99-240603-0077"
    found = client.get("/ho-so/tim?q=g22.99-240603-0077")
    assert found.location.split("?")[0].endswith(f"/ho-so/{case.id}")
    again = client.post("/ho-so/tiep-nhan", data=desk.typed(token="form-2", other_code=case.other_code.lower()))
    assert again.status_code == 422
    assert f"Mã này đã là mã của hồ sơ {case.code}." in again.text
    assert re.search(r'<details class="more" open>.*name="other_code"', again.text, re.DOTALL), "in sight, to be mended"
    assert cases_in_store() == 1


def test_a_file_of_many_papers_asks_the_database_no_more_than_one_of_few(desk: Desk, client: FlaskClient) -> None:
    sent: list[str] = []

    def statements(data: dict[str, Any]) -> int:
        sent.clear()
        assert client.post("/ho-so/tiep-nhan", data=data).status_code == 302
        return len(sent)

    more = {f"documents-{n}-name": f"Giấy tờ {n}" for n in range(3, 12)} | {
        f"documents-{n}-copies": "1" for n in range(3, 12)
    }
    event.listen(db.engine, "before_cursor_execute", note := lambda *told: sent.append(told[2]))
    try:
        statements(desk.typed(token="form-0"))  # what a process reads once
        few = statements(desk.typed(token="form-1", applicant="Lê Văn Một"))
        many = statements(desk.typed(token="form-2", applicant="Lê Văn Hai", **more))
    finally:
        event.remove(db.engine, "before_cursor_execute", note)
    assert many == few
    assert few <= 35
    assert db.session.scalar(select(func.count()).select_from(CaseDocument)) == 3 + 3 + 12


def test_a_papers_name_is_kept_as_it_is_seen(desk: Desk) -> None:
    def receive_with(name: str) -> Case:
        return service.receive_case(
            EVERYWHERE,
            desk.by,
            version_id=desk.plain.id,
            applicant=Applicant("Lê Văn Ba"),
            channel=Channel.IN_PERSON,
            documents=[HandedIn(name=name, copies=1)],
        )

    receive_with("Hộ\u200b chiếu")
    assert db.session.scalars(select(CaseDocument.name)).all() == ["Hộ chiếu"]


def test_what_is_missing_is_told_and_the_file_taken_in_only_when_the_clerk_says_so(
    desk: Desk, client: FlaskClient
) -> None:
    data = desk.typed(**{"documents-1-copies": "0"})
    answer = client.post("/ho-so/tiep-nhan", data=data)
    assert answer.status_code == 422
    assert "Hồ sơ còn thiếu 1 giấy tờ bắt buộc: Ảnh màu 4x6." in answer.text
    assert 'name="incomplete"' in answer.text
    assert shown(answer.text)["documents-1-copies"] == "0"
    faulty = re.findall(r'<li class="row-invalid".*?</li>', answer.text, re.DOTALL)
    assert [("Ảnh màu 4x6" in row, 'aria-invalid="true"' in row) for row in faulty] == [(True, True)]
    assert cases_in_store() == 0
    assert desk_service.drafts_of(desk.by, "intake")[0].token == "form-1"
    assert "/ho-so/tiep-nhan/nhap/form-1/phieu/bo-sung" in answer.text
    slip = client.get("/ho-so/tiep-nhan/nhap/form-1/phieu/bo-sung").text
    assert "Ảnh màu 4x6" in slip
    assert "Nguyễn Thị Đào" in slip
    client.post("/ho-so/tiep-nhan", data=data | {"incomplete": "y"})
    assert cases_in_store() == 1


def test_a_box_that_holds_no_number_says_so_in_its_row(desk: Desk, client: FlaskClient) -> None:
    answer = client.post("/ho-so/tiep-nhan", data=desk.typed(**{"documents-1-copies": "hai"}))
    assert answer.status_code == 422
    assert "Hãy ghi một số nguyên." in answer.text
    assert shown(answer.text)["documents-1-copies"] == "hai"


def test_a_form_sent_again_after_going_back_makes_no_second_case_and_says_so(desk: Desk, client: FlaskClient) -> None:
    first = client.post("/ho-so/tiep-nhan", data=desk.typed())
    again = client.post("/ho-so/tiep-nhan", data=desk.typed(applicant="Người khác"), follow_redirects=True)
    assert cases_in_store() == 1
    assert "không tạo thêm hồ sơ nào" in again.text
    assert again.request.path in first.location


def test_an_applicant_is_recalled_by_number_with_their_open_cases(desk: Desk, client: FlaskClient) -> None:
    done = receive(desk.plain, at("2024-06-03 08:00"), "Trần Văn Bình", phone="0912 345 678", id_number="056099000001")
    finish(done, at("2024-06-05 08:00"))
    still = receive(desk.plain, at("2024-06-24 08:00"), "Trần Văn Bình", phone="0912345678", id_number="056099000001")
    receive(desk.plain, at("2024-06-25 08:00"), "Người khác", phone="0999999999")
    page = client.get("/ho-so/tiep-nhan/nguoi-nop?phone=0912345678", headers=HTMX).text
    assert "Trần Văn Bình" in page
    assert still.code in page
    assert done.code not in page
    assert "Người khác" not in page
    assert "&#34;#applicant&#34;: &#34;" in page
    assert client.get("/ho-so/tiep-nhan/nguoi-nop?phone=0912", headers=HTMX).text.strip() == ""


def test_one_applicant_under_two_numbers_is_one(desk: Desk) -> None:
    for phone in ("0912345678", "0987654321"):
        receive(desk.plain, at("2024-06-24 08:00"), "Trần Văn Bình", phone=phone, id_number="056099000001")
    [known] = known_applicants(EVERYWHERE, id_number="056 099 000 001")
    assert (known.phone, known.cases, len(known.open_cases)) == ("0987654321", 2, 2)


def test_a_division_recalls_only_its_own_applicants(desk: Desk) -> None:
    receive(desk.permit, at("2024-06-24 08:00"), "Trần Văn Bình", phone="0912345678")
    assert known_applicants(Scope(SITE, frozenset({desk.units["NCC"].id})), phone="0912345678") == []


def test_scans_of_earlier_cases_are_offered_when_there_are_any(
    desk: Desk, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    scan = kept_files.ReusableDocument(
        *(41, "Văn bản đề nghị", "don.pdf", "application/pdf", 1000, 1, "H32.12-240601-0007", at("2024-06-01 08:00"))
    )
    taken: list[Any] = []
    shelf = SimpleNamespace(
        documents=lambda scope, number, except_case=None: [scan] if number == "056099000001" else [],
        attach=lambda scope, by, case_id, chosen: taken.extend(chosen.values()),
    )
    monkeypatch.setattr(kept_files, "keepers", [shelf])
    url = f"/ho-so/tiep-nhan/thanh-phan?version_id={desk.permit.id}"
    assert "Dùng lại" not in client.get(url, headers=HTMX).text
    assert "H32.12-240601-0007" in client.get(url + "&id_number=056099000001", headers=HTMX).text
    data = desk.typed(id_number="056099000001", **{"documents-0-originals": "", "documents-0-reused": "41"})
    client.post("/ho-so/tiep-nhan", data=data)
    assert taken == [41]
    first = db.session.scalars(select(CaseDocument).where(CaseDocument.position == 1)).one()
    assert first.electronic == 1


def test_a_draft_is_kept_gone_on_with_and_done_with_when_the_case_is_made(desk: Desk, client: FlaskClient) -> None:
    typed = desk.typed(address="12 Trần Phú", **{"documents-1-copies": "1"})
    kept = client.post("/ho-so/tiep-nhan/nhap", data=typed, headers=HTMX)
    assert "Đã lưu nháp lúc 08:00" in kept.text
    assert "Nguyễn Thị Đào – Cấp giấy phép lao động" in client.get("/ho-so/tiep-nhan").text
    assert "nhap=form-1" in client.get("/ho-so/viec-hom-nay").text
    page = client.get("/ho-so/tiep-nhan?nhap=form-1").text
    assert 'value="12 Trần Phú"' in page
    assert 'value="form-1"' in page
    assert shown(page)["documents-1-copies"] == "1"
    assert f'value="{desk.permit.id}" selected' in page
    client.post("/ho-so/tiep-nhan", data=typed)
    assert desk_service.drafts_of(desk.by, "intake") == []
    late = client.post("/ho-so/tiep-nhan/nhap", data=typed, headers=HTMX)
    assert (late.status_code, desk_service.drafts_of(desk.by, "intake")) == (204, [])


@pytest.mark.parametrize("looked_at", [False, True])
def test_a_form_in_which_nothing_was_typed_leaves_no_draft(desk: Desk, client: FlaskClient, looked_at: bool) -> None:
    """Nor one in which a procedure was chosen, to see its papers or its fee."""
    typed = {"token": "form-1", "channel": "in_person", "documents-0-originals": ""}
    typed |= {"version_id": str(desk.permit.id)} if looked_at else {}
    answer = client.post("/ho-so/tiep-nhan/nhap", data=typed, headers=HTMX)
    assert answer.status_code == 204
    assert desk_service.drafts_of(desk.by, "intake") == []


@pytest.mark.parametrize("typed", [{"phone": "0912345678"}, {"documents-0-originals": "1"}])
def test_a_little_that_was_typed_is_a_draft(desk: Desk, client: FlaskClient, typed: dict[str, str]) -> None:
    client.post("/ho-so/tiep-nhan/nhap", data={"token": "form-1", **typed}, headers=HTMX)
    assert [line.token for line in desk_service.drafts_of(desk.by, "intake")] == ["form-1"]


def test_a_draft_is_thrown_away(desk: Desk, client: FlaskClient) -> None:
    client.post("/ho-so/tiep-nhan/nhap", data=desk.typed(), headers=HTMX)
    assert "Đã bỏ bản nháp." in client.post("/ho-so/tiep-nhan/nhap/form-1/bo", follow_redirects=True).text
    gone = client.get("/ho-so/tiep-nhan?nhap=form-1", follow_redirects=True)
    assert "Không tìm thấy bản nháp này" in gone.text


def test_a_draft_whose_case_was_made_leads_to_the_case(desk: Desk, client: FlaskClient) -> None:
    made = client.post("/ho-so/tiep-nhan", data=desk.typed())
    assert client.get("/ho-so/tiep-nhan?nhap=form-1").location == made.location


def test_somebody_elses_draft_is_nobodys(desk: Desk, client: FlaskClient, sign_in: SignIn) -> None:
    client.post("/ho-so/tiep-nhan/nhap", data=desk.typed(), headers=HTMX)
    other = sign_in(desk.head)
    assert "Nguyễn Thị Đào" not in other.get("/ho-so/tiep-nhan").text
    assert "Không tìm thấy bản nháp" in other.get("/ho-so/tiep-nhan?nhap=form-1", follow_redirects=True).text


def test_whoever_is_signed_out_in_the_middle_comes_back_to_the_form(app: Flask, desk: Desk) -> None:
    nobody = app.test_client()
    answer = nobody.post("/ho-so/tiep-nhan", data=desk.typed())
    assert answer.location.endswith("/dang-nhap?next=/ho-so/tiep-nhan")
    page = nobody.get(answer.location).text
    assert "Phiên đăng nhập đã hết nên việc vừa gửi chưa được ghi." in page
    assert cases_in_store() == 0
    assert nobody.post("/ho-so/tiep-nhan/nhap", data=desk.typed(), headers=HTMX).status_code == 401


def test_a_lost_csrf_token_is_one_sentence_and_a_way_back_to_the_form(
    app: Flask, desk: Desk, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.config, "WTF_CSRF_CHECK_DEFAULT", True)
    answer = client.post("/ho-so/tiep-nhan", data=desk.typed())
    assert answer.status_code == 400
    assert "nên việc vừa gửi chưa được ghi; hãy mở lại trang nhập" in answer.text
    assert 'href="/ho-so/tiep-nhan"' in answer.text
    g.pop("_login_user", None)  # the next request comes from another browser
    nobody = app.test_client().post("/ho-so/tiep-nhan", data=desk.typed())
    assert nobody.location.endswith("/dang-nhap?next=/ho-so/tiep-nhan")


def test_rows_keep_what_was_typed_whatever_their_place() -> None:
    asked = [
        SimpleNamespace(id=7, required=True, copy_kind=CopyKind.ORIGINAL, quantity=1),
        SimpleNamespace(id=9, required=False, copy_kind=CopyKind.COPY, quantity=2),
    ]
    typed = MultiDict(
        {
            "applicant": "A",
            "documents-0-document_id": "9",
            "documents-0-copies": "3",
            "documents-4-name": "Hộ chiếu",
            "documents-5-document_id": "8",
            "documents-5-copies": "1",
        }
    )
    rows = with_checklist(typed, asked, Channel.IN_PERSON)
    assert rows["applicant"] == "A"
    assert (rows["documents-0-document_id"], rows["documents-0-originals"]) == ("7", "")
    assert (rows["documents-1-document_id"], rows["documents-1-copies"]) == ("9", "3")
    assert (rows["documents-2-name"], rows["documents-3-name"]) == ("Hộ chiếu", "")
    assert "documents-4-name" not in rows


def test_drafts_go_when_they_are_old(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    typed: MultiDict[str, str] = MultiDict({"applicant": "A", "csrf_token": "x"})
    desk_service.save_draft(desk.by, "intake", "one", typed, "A")
    assert dict(desk_service.draft(desk.by, "intake", "one")) == {"applicant": "A"}
    later = extensions.now() + timedelta(days=8)
    monkeypatch.setattr(extensions, "now", lambda: later)
    assert desk_service.drafts_of(desk.by, "intake") == []
    desk_service.save_draft(desk.by, "intake", "two", typed, "B")
    assert [line.token for line in desk_service.drafts_of(desk.by, "intake")] == ["two"]


def test_the_latest_drafts_are_kept_when_there_are_too_many(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desk_service, "MOST", 2)
    start = extensions.now()
    for minute, token in enumerate("abca"):
        monkeypatch.setattr(extensions, "now", lambda minute=minute: start + timedelta(minutes=minute))
        desk_service.save_draft(desk.by, "intake", token, MultiDict({"applicant": token}), token)
    assert [line.token for line in desk_service.drafts_of(desk.by, "intake")] == ["a", "c"]


def test_the_whole_is_looked_over_before_it_is_sent_and_sent_from_there(desk: Desk, client: FlaskClient) -> None:
    photos = desk.permit.documents[1]
    typed = desk.typed(
        review="1", id_number="4200000007", note="Nộp hộ", other_code="G22-1", **{"documents-1-copies": ""}
    )
    shown = client.post("/ho-so/tiep-nhan", data=typed)
    assert shown.status_code == 302
    page = client.get(shown.location).text
    for words in (
        "Nguyễn Thị Đào",
        "4200000007",
        "Nộp hộ",
        "G22-1",
        "1 bản chính",
        f"Chưa nhận giấy tờ bắt buộc: {photos.name}",
    ):
        assert words in page, words
    assert cases_in_store() == 0
    assert 'value="Nguyễn Thị Đào"' in client.get(re.search(r'href="(/ho-so/tiep-nhan\?nhap=[^"]+)"', page)[1]).text
    sent = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', page))
    assert client.post("/ho-so/tiep-nhan", data=sent).status_code == 422, "what is missing asks as ever"
    sent["documents-1-copies"] = "2"
    assert client.post("/ho-so/tiep-nhan", data=sent).status_code == 302
    case = db.session.scalars(select(Case)).one()
    assert (case.applicant, case.id_number, case.other_code) == ("Nguyễn Thị Đào", "4200000007", "G22-1")
    assert desk_service.drafts_of(desk.by, "intake") == []
