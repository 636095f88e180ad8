"""What an applicant is asked to supplement: ticked on the checklist, kept with the event, shown in the history."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

import pytest
from sqlalchemy import select

from app.cases import handling, service
from app.cases.labels import stock_reasons
from app.cases.models import Case, CaseDocument, CaseEvent
from app.cases.vocabulary import CaseStatus, EventKind
from app.core.errors import DomainError, NotFound
from app.organisation.access import Scope
from app.organisation.models import Role
from app.procedures.models import CopyKind, ProcedureDocument
from app.web import extensions
from app.web.extensions import db
from tests.cases.test_views import Office, SignIn
from tests.clock import at
from tests.factories import CLERK, EVERYWHERE, SITE, happen, make_person, receive

LISTED = (
    ("Đơn đề nghị", CopyKind.ORIGINAL, 1, True),
    ("Bản sao hộ chiếu", CopyKind.CERTIFIED, 2, True),
    ("Văn bản ủy quyền", CopyKind.COPY, 1, False),
)


@pytest.fixture
def office(session: Any) -> Office:
    """An office whose work permits ask for three documents."""
    made = Office()
    for position, (name, kind, quantity, required) in enumerate(LISTED, 1):
        db.session.add(
            ProcedureDocument(
                site=SITE,
                version_id=made.permit.id,
                position=position,
                name=name,
                copy_kind=kind,
                quantity=quantity,
                required=required,
            )
        )
    db.session.commit()
    return made


@pytest.fixture
def case(office: Office) -> Case:
    """A case taken in with the application alone."""
    return taken_in(office, originals=(1, 0, 0))


def taken_in(office: Office, originals: tuple[int, ...]) -> Case:
    case = receive(office.permit, at("2024-06-28 08:00"))
    wanted = select(ProcedureDocument).where(ProcedureDocument.version_id == office.permit.id)
    listed = db.session.scalars(wanted.order_by(ProcedureDocument.position)).all()
    for document, number in zip(listed, originals, strict=True):
        db.session.add(
            CaseDocument(
                site=SITE,
                case_id=case.id,
                position=document.position,
                procedure_document_id=document.id,
                name=document.name,
                required=document.required,
                originals=number,
            )
        )
    db.session.commit()
    return case


def boxes(page: str) -> dict[str, bool]:
    """The boxes of the form: value -> ticked."""
    found = re.findall(r'<input[^>]*name="documents"[^>]*>', page)
    return {re.search(r'value="(\d+)"', box)[1]: " checked" in box for box in found}  # type: ignore[index]


def url(case: Case) -> str:
    return f"/ho-so/{case.id}/ghi/supplement_requested"


def kept(case: Case) -> list[dict[str, Any]]:
    wanted = select(CaseEvent).where(CaseEvent.case_id == case.id, CaseEvent.kind == EventKind.SUPPLEMENT_REQUESTED)
    return [event.data for event in db.session.scalars(wanted.order_by(CaseEvent.number))]


def ask(case: Case, *documents: int, note: str = "Chưa chứng thực", when: str = "2024-06-28 10:00") -> Case:
    return handling.request_supplement(
        EVERYWHERE, CLERK, case.id, note=note, documents=documents, at=at(when), reason="ghi bù"
    )


def test_required_documents_not_handed_in_are_ticked_already(office: Office, case: Case, sign_in: SignIn) -> None:
    page = sign_in(office.clerk).get(url(case)).text
    assert boxes(page) == {"1": False, "2": True, "3": False}
    assert "Bản sao hộ chiếu (bắt buộc, chưa nộp)" in page
    assert "<legend>Giấy tờ cần bổ sung, hoàn thiện</legend>" in page


def test_what_is_ticked_is_kept_with_the_event_and_shown_in_the_history(
    office: Office, case: Case, sign_in: SignIn
) -> None:
    data = {"note": "Đơn thiếu chữ ký", "documents": ["2", "1"], "revision": case.revision}
    page = sign_in(office.clerk).post(url(case), data=data, follow_redirects=True).text
    assert kept(case) == [
        {
            "documents": [
                {"name": "Đơn đề nghị", "kind": "original", "quantity": 1},
                {"name": "Bản sao hộ chiếu", "kind": "certified", "quantity": 2},
            ]
        }
    ]
    life = page.split("Diễn biến")[1]
    assert "Cần bổ sung, hoàn thiện: (1) Đơn đề nghị; (2) Bản sao hộ chiếu · Đơn thiếu chữ ký" in life


def test_ticks_are_kept_when_the_form_fails(office: Office, case: Case, sign_in: SignIn) -> None:
    client = sign_in(office.clerk)
    answer = client.post(url(case), data={"note": "", "documents": ["3"]})
    assert answer.status_code == 422
    assert boxes(answer.text) == {"1": False, "2": False, "3": True}
    none = client.post(url(case), data={"note": ""})
    assert boxes(none.text) == {"1": False, "2": False, "3": False}, "what was unticked stays so"
    assert kept(case) == []


def test_nothing_ticked_leaves_the_words_alone(office: Office, case: Case, sign_in: SignIn) -> None:
    data = {"note": "Đơn thiếu chữ ký", "revision": case.revision}
    page = sign_in(office.clerk).post(url(case), data=data, follow_redirects=True).text
    assert kept(case) == [{}]
    assert "Cần bổ sung, hoàn thiện" not in page.split("Diễn biến")[1]


@pytest.mark.parametrize("documents", [["9"], ["hai"], ["1", ""]])
def test_a_document_that_is_not_on_the_checklist_is_refused(
    office: Office, case: Case, sign_in: SignIn, documents: list[str]
) -> None:
    answer = sign_in(office.clerk).post(url(case), data={"note": "Thiếu", "documents": documents})
    assert answer.status_code == 422
    assert "Hãy chọn giấy tờ trong thành phần hồ sơ." in answer.text
    assert kept(case) == []


def test_a_case_whose_papers_nobody_noted_offers_those_of_its_procedure_unticked(
    office: Office, sign_in: SignIn
) -> None:
    case = receive(office.permit, at("2024-06-28 08:00"))
    assert boxes(sign_in(office.clerk).get(url(case)).text) == {"1": False, "2": False, "3": False}
    ask(case, 2)
    assert [each["name"] for each in kept(case)[0]["documents"]] == ["Bản sao hộ chiếu"]


def test_a_procedure_without_documents_asks_in_words_only(office: Office, sign_in: SignIn) -> None:
    case = receive(office.honour, at("2024-06-28 08:00"))
    page = sign_in(office.clerk).get(url(case)).text
    assert 'name="note"' in page
    assert "Giấy tờ cần bổ sung" not in page


def test_what_was_asked_for_and_supplemented_is_not_ticked_again(case: Case) -> None:
    ask(case, 2)
    happen(case, EventKind.SUPPLEMENTED, at("2024-06-28 14:00"))
    assert not any(document.is_missing for document in handling.documents_to_ask(case.id))


def test_a_request_taken_back_is_still_to_be_asked_for_and_can_be_asked_again(case: Case) -> None:
    asked = ask(case, 2)
    back = service.correct(EVERYWHERE, CLERK, case.id, 2, reason="Nhầm hồ sơ", void=True, revision=asked.revision)
    assert back.status is CaseStatus.RECEIVED
    assert [d.position for d in handling.documents_to_ask(case.id) if d.is_missing] == [2]
    assert ask(case, 2, when="2024-06-28 11:00").status is CaseStatus.SUPPLEMENT


def test_a_request_put_right_in_time_keeps_its_documents(office: Office, case: Case, sign_in: SignIn) -> None:
    ask(case, 2)
    service.correct(EVERYWHERE, CLERK, case.id, 2, reason="Ghi nhầm giờ", at=at("2024-06-28 09:30"))
    life = sign_in(office.clerk).get(f"/ho-so/{case.id}").text.split("Diễn biến")[1]
    assert life.count("(1) Bản sao hộ chiếu") == 1
    assert "đúng là 28/06/2024 09:30" in life


def test_a_request_needs_its_reasons_and_a_case_of_ones_own(office: Office, case: Case) -> None:
    with pytest.raises(DomainError, match="lý do"):
        ask(case, 2, note=" ")
    stranger = Scope(SITE, frozenset({office.units["NCC"].id}))
    with pytest.raises(NotFound):
        handling.request_supplement(stranger, CLERK, case.id, note="Thiếu", documents=(2,))
    assert kept(case) == []


# Until when, and in which words


def test_a_request_has_a_last_day_that_stands_on_the_case_until_it_is_answered(
    office: Office, case: Case, sign_in: SignIn
) -> None:
    head, clerk = sign_in(office.head), sign_in(office.clerk)
    form = clerk.get(f"/ho-so/{case.id}/ghi/supplement_requested").text
    assert 'value="31/07/2024"' in form  # 30 days after 01/07/2024, when a case has waited too long
    typed = {"revision": case.revision, "seen": 1, "note": "Thiếu hộ chiếu", "until": "30/06/2024"}
    url = f"/ho-so/{case.id}/ghi/supplement_requested"
    assert "Hạn bổ sung không được trước hôm nay." in clerk.post(url, data=typed).text
    page = clerk.post(url, data=typed | {"until": "12/07/2024"}, follow_redirects=True).text
    assert "Người nộp bổ sung trước hết ngày 12/07/2024." in page
    assert "bổ sung trước hết ngày 12/07/2024" in page.split("Diễn biến")[1]
    assert "bổ sung đến hết 12/07/2024" in clerk.get("/ho-so").text
    assert "Bổ sung, hoàn thiện trước hết ngày: 12/07/2024" in slip_text(
        clerk.get(f"/ho-so/{case.id}/phieu/bo-sung").text
    )
    assert "Quá hạn bổ sung" not in head.get(f"/ho-so/{case.id}").text
    kept = db.session.get_one(Case, case.id, populate_existing=True)
    assert kept.supplement_by == date(2024, 7, 12)
    kept = handling.take_supplement(EVERYWHERE, CLERK, case.id, note="Đã nhận đủ")
    assert kept.supplement_by is None


def test_a_day_that_is_over_is_told_and_lies_among_what_waits_too_long(
    office: Office, case: Case, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    handling.request_supplement(EVERYWHERE, CLERK, case.id, note="Thiếu hộ chiếu", until=date(2024, 7, 3))
    clerk, pile = sign_in(office.clerk), "/ho-so/viec-hom-nay?bucket=stalled"
    told = {}
    for day in ("2024-07-03 16:00", "2024-07-04 08:00"):
        moment = at(day)
        monkeypatch.setattr(extensions, "now", lambda moment=moment: moment)
        told[day[5:10]] = (case.code in clerk.get(pile).text, "Quá hạn bổ sung" in clerk.get(f"/ho-so/{case.id}").text)
    assert told == {"07-03": (False, False), "07-04": (True, True)}


def test_words_that_the_site_keeps_are_chosen_and_changed(office: Office, case: Case, sign_in: SignIn) -> None:
    keeper = sign_in(make_person(office.units["MC"], Role.ADMIN, "nguoi.giu.danh.muc"))
    typed = {
        "supplement_requested": "Thiếu bản sao hộ chiếu\n\n Ảnh chưa đúng cỡ 4x6 \nThiếu bản sao hộ chiếu",
        "refused": "Không thuộc thẩm quyền",
    }
    page = keeper.post("/ho-so/ly-do-mau", data=typed, follow_redirects=True).text
    assert "Đã lưu lý do mẫu." in page
    assert stock_reasons(SITE, EventKind.SUPPLEMENT_REQUESTED) == ["Thiếu bản sao hộ chiếu", "Ảnh chưa đúng cỡ 4x6"]
    long = keeper.post("/ho-so/ly-do-mau", data=typed | {"refused": "a" * 501})
    assert (long.status_code, "không quá 500 ký tự" in long.text) == (422, True)
    clerk = sign_in(office.clerk)
    url = f"/ho-so/{case.id}/ghi/supplement_requested"
    form = clerk.get(url).text
    assert ("Ảnh chưa đúng cỡ 4x6" in form, "Không thuộc thẩm quyền" in form) == (True, False)
    assert "Không thuộc thẩm quyền" in clerk.get(f"/ho-so/{case.id}/ghi/refused").text
    clerk.post(url, data={"revision": case.revision, "seen": 1, "note": "", "stock": "Ảnh chưa đúng cỡ 4x6"})
    asked = db.session.scalars(select(CaseEvent).where(CaseEvent.kind == EventKind.SUPPLEMENT_REQUESTED)).one()
    assert asked.note == "Ảnh chưa đúng cỡ 4x6"
    assert clerk.get("/ho-so/ly-do-mau").status_code == 403


def slip_text(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", page))
