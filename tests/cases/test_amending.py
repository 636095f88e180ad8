"""What was written down wrong at reception is put right, and what should not have been taken in is annulled."""

from __future__ import annotations

import html
import re
from datetime import date, time
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from app.cases import amending, handling, service
from app.cases.amending import Particulars
from app.cases.amendments import formerly
from app.cases.case_page import case_view
from app.cases.intake.contents import Applicant, HandedIn
from app.cases.models import Case, CaseDocument, CasePromise, CaseStage
from app.cases.presenting import paper_lines
from app.cases.queries import CaseFilters, list_page
from app.cases.search import find
from app.cases.verifying import Refolding, differences
from app.cases.vocabulary import CaseStatus, Channel, EventKind, PromiseCause
from app.core.errors import Conflict, DomainError
from app.core.facts import FactQuery, gather
from app.core.periods import Period
from app.organisation.calendars import site_calendar
from app.organisation.models import AuditEntry
from app.payments.service import refund_payment
from app.procedures.models import CopyKind, FeeExemption, ProcedureDocument
from app.slips.content.internal import register_values
from app.slips.labels import SlipKind
from app.slips.queries import RegisterFilter, register_lines
from app.slips.service import Press, slip
from app.slips.values import House
from app.web import extensions
from app.web.extensions import db, snapshot
from app.web.formats import sentence
from tests.cases.test_views import Office, SignIn
from tests.clock import at
from tests.factories import CLERK, EVERYWHERE, SITE, finish, happen, make_version, pay, receive

TYPED = Applicant("nguyen van a", "12345", "abc123")
RIGHT = Applicant("Nguyễn Văn An", "001085012345", "0912345678")


@pytest.fixture
def office(session: Any) -> Office:
    made = Office()
    for position, name in enumerate(("Đơn đề nghị", "Bản sao hộ chiếu"), 1):
        paper = ProcedureDocument(site=SITE, version_id=made.permit.id, position=position, name=name)
        paper.copy_kind, paper.quantity, paper.required = CopyKind.ORIGINAL, 1, True
        db.session.add(paper)
    db.session.commit()
    return made


@pytest.fixture
def case(office: Office) -> Case:
    """Monday 03/06/2024, five working days: promised Monday 10/06."""
    papers = [HandedIn(name="Đơn đề nghị", originals=1), HandedIn(name="Bản sao hộ chiếu", copies=1)]
    listed = {each.name: each.id for each in db.session.scalars(select(ProcedureDocument))}
    return service.receive_case(
        EVERYWHERE,
        CLERK,
        version_id=office.permit.id,
        applicant=TYPED,
        channel=Channel.IN_PERSON,
        received_at=at("2024-06-03 08:00"),
        reason="ghi bù",
        documents=[HandedIn(listed[each.name], originals=each.originals, copies=each.copies) for each in papers],
    )


def said(**changed: Any) -> Particulars:
    return Particulars(**({"applicant": RIGHT} | changed))


def folded_alike() -> bool:
    return not list(differences(EVERYWHERE, Refolding()))


def view_of(case: Case) -> Any:
    return case_view(EVERYWHERE, case.id, site_calendar(), extensions.now())


def test_a_mistyped_name_is_put_right_and_what_stood_there_is_told(case: Case) -> None:
    amending.amend(EVERYWHERE, CLERK, case.id, said(), reason="Gõ nhầm họ tên, số giấy tờ")
    assert (case.applicant, case.id_number, case.phone) == ("Nguyễn Văn An", "001085012345", "0912345678")
    told = formerly(view_of(case).events)
    assert [each.value for each in told.field("applicant")] == ["nguyen van a"]
    assert told.field("applicant")[0].why == "Gõ nhầm họ tên, số giấy tờ"
    assert told.field("address") == []
    assert find(EVERYWHERE, "Nguyễn Văn An", limit=5).ids == [case.id]  # found by what it says now
    assert find(EVERYWHERE, "001085012345", limit=5).ids == [case.id]
    entry = db.session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc())).first()
    assert entry is not None
    assert (entry.action, entry.details["fields"]) == ("record_amended", ["applicant", "id_number", "phone"])
    assert "Nguyễn" not in str(entry.details)
    assert folded_alike()


def test_papers_sets_channel_and_exemption_are_put_right(case: Case, office: Office) -> None:
    db.session.add(FeeExemption(site=SITE, version_id=office.permit.id, position=1, name="Hộ nghèo", percent_off=100))
    db.session.commit()
    db.session.expire_all()
    exemption = db.session.scalar(select(FeeExemption.id))
    papers = {each.name: each for each in db.session.scalars(select(CaseDocument))}
    right = [
        HandedIn(papers["Đơn đề nghị"].procedure_document_id, originals=1),
        HandedIn(papers["Bản sao hộ chiếu"].procedure_document_id, certified=2),
        HandedIn(name="Giấy ủy quyền", originals=1),
    ]
    amending.amend(
        EVERYWHERE,
        CLERK,
        case.id,
        said(applicant=TYPED, sets=2, channel=Channel.POST, papers=right, exemption=exemption, exempted_anew=True),
        reason="Đếm lại giấy tờ, hộ nghèo",
    )
    assert (case.sets, case.channel, case.fee_due) == (2, Channel.POST, 0)
    rows = db.session.scalars(select(CaseDocument).order_by(CaseDocument.position)).all()
    assert [(row.name, row.originals, row.certified, row.copies) for row in rows] == [
        ("Đơn đề nghị", 1, 0, 0),
        ("Bản sao hộ chiếu", 0, 2, 0),
        ("Giấy ủy quyền", 1, 0, 0),
    ]
    told = formerly(view_of(case).events)
    assert told.paper("Bản sao hộ chiếu")[0].value["copies"] == 1
    assert told.paper("Đơn đề nghị") == []
    assert told.field("fee_due")[0].value == 600_000


@pytest.mark.parametrize(
    ("particulars", "reason", "field"),
    [
        (said(), "", "reason"),
        (said(applicant=Applicant("")), "Gõ nhầm họ tên", "applicant"),
        (said(sets=0), "Gõ nhầm số bộ", "sets"),
        (said(applicant=TYPED), "Không có gì khác", None),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_written(
    case: Case, particulars: Particulars, reason: str, field: str | None
) -> None:
    with pytest.raises(DomainError) as refused:
        amending.amend(EVERYWHERE, CLERK, case.id, particulars, reason=reason)
    assert refused.value.field == field
    assert len(view_of(case).events) == 1
    assert view_of(case).case.applicant == "nguyen van a"


def test_two_clerks_correct_one_case_and_the_second_is_told(case: Case) -> None:
    seen = case.revision
    amending.amend(EVERYWHERE, CLERK, case.id, said(), reason="Gõ nhầm họ tên", revision=seen)
    with pytest.raises(Conflict):
        amending.amend(
            EVERYWHERE, CLERK, case.id, said(applicant=Applicant("Nguyễn Văn Anh")), reason="Sửa họ tên", revision=seen
        )
    assert view_of(case).case.applicant == "Nguyễn Văn An"


def test_the_code_of_another_system_is_kept_with_the_case_and_is_no_other_cases(
    case: Case, office: Office, sign_in: SignIn
) -> None:
    amending.amend(EVERYWHERE, CLERK, case.id, said(other_code="G22.99-240603-0077"), reason="Cổng quốc gia")
    browser = sign_in(office.clerk)
    assert "G22.99-240603-0077" in browser.get(f"/ho-so/{case.id}").get_data(as_text=True)
    found = browser.get("/ho-so/tim?q=g22.99-240603-0077")
    assert found.location.split("?")[0].endswith(f"/ho-so/{case.id}")
    rows = browser.get("/ho-so.csv").get_data(as_text=True).splitlines()
    assert "Mã ở hệ thống khác" in rows[0] and "G22.99-240603-0077" in rows[1]
    other = receive(office.permit, at("2024-06-03 09:00"))
    for taken in ("G22.99-240603-0077", case.code.lower()):
        with pytest.raises(DomainError, match=case.code):
            amending.amend(EVERYWHERE, CLERK, other.id, said(other_code=taken), reason="Cổng quốc gia")


def test_another_procedure_is_another_clock_and_another_fee(case: Case, office: Office) -> None:
    """Ten working days from 03/06/2024 end on Monday 17/06, at the other division, for 200,000 đồng."""
    other = make_version(
        office.units["NCC"],
        ("Tiếp nhận", office.units["MC"], 1),
        ("Giải quyết", office.units["NCC"], 9),
        days=10,
        fee=200_000,
        name="Gia hạn giấy phép",
    )
    shown = amending.procedure_change(EVERYWHERE, case.id, other.id)
    assert (shown.promised_was, shown.promised) == (at("2024-06-10 23:59:59"), at("2024-06-17 23:59:59"))
    assert (shown.fee_was, shown.fee, shown.over) == (600_000, 200_000, 0)
    assert view_of(case).case.version_id == office.permit.id  # looking changes nothing
    amending.change_procedure(EVERYWHERE, CLERK, case.id, other.id, reason="Chọn nhầm thủ tục")
    assert (case.due_at, case.promised_at) == (at("2024-06-17 23:59:59"),) * 2
    assert (case.unit_id, case.fee_due, case.online_payable) == (office.units["NCC"].id, 200_000, False)
    promise = db.session.scalars(select(CasePromise)).one()
    assert (promise.cause, promise.actor) == (PromiseCause.CORRECTION, CLERK.name)
    assert db.session.scalars(select(CaseStage)).one().allowance == 1
    told = formerly(view_of(case).events)
    assert told.field("procedure")[0].value.endswith("Cấp giấy phép lao động cho người nước ngoài")
    assert told.field("promised_at")[0].value == at("2024-06-10 23:59:59").isoformat()
    rows = db.session.scalars(select(CaseDocument).order_by(CaseDocument.position)).all()
    assert [(row.name, row.received, row.required) for row in rows] == [
        ("Đơn đề nghị", 1, False),
        ("Bản sao hộ chiếu", 1, False),
    ]
    assert folded_alike()


def test_what_another_unit_did_is_never_told_of_somebody_else(case: Case, office: Office) -> None:
    service.hand_over(EVERYWHERE, CLERK, case.id, at=at("2024-06-03 10:00"), reason="ghi bù")
    alike = make_version(
        office.units["LDVL"],
        ("Nhận", office.units["MC"], 1),
        ("Xét", office.units["LDVL"], 2),
        days=3,
        name="Cấp lại giấy phép",
    )
    with pytest.raises(DomainError, match="hãy hủy hồ sơ này và tiếp nhận lại") as refused:
        amending.change_procedure(EVERYWHERE, CLERK, case.id, office.honour.id, reason="Chọn nhầm thủ tục")
    assert refused.value.field == "version_id"
    amending.change_procedure(EVERYWHERE, CLERK, case.id, alike.id, reason="Chọn nhầm thủ tục")
    assert case.due_at == at("2024-06-06 23:59:59")
    assert folded_alike()


def all_facts() -> list[Any]:
    calendar = site_calendar()
    period = Period.parse("2024-06")
    start, end = period.bounds(calendar.zone)
    with snapshot() as connection:
        return sorted(map(repr, gather(connection, FactQuery(SITE, period, start, end, end))))


def test_an_annulled_case_leaves_every_fact_and_keeps_its_number(office: Office) -> None:
    """It was late, handed over, scanned, paid for and paid back; then it never was."""
    other = receive(office.permit, at("2024-06-03 09:00"))
    before = all_facts()
    case = receive(office.permit, at("2024-06-03 10:00"), channel=Channel.ONLINE)
    code = case.code
    happen(case, EventKind.HANDED_OVER, at("2024-06-04 08:00"))
    happen(case, EventKind.NOTED, at("2024-06-04 09:00"), note="Đang xem")
    happen(case, EventKind.FILES_DIGITISED, at("2024-06-04 10:00"))
    happen(case, EventKind.CONSULTED, at("2024-06-04 11:00"), note="Hỏi", data={"unit_id": office.units["NCC"].id})
    pay(case, at("2024-06-04 12:00"))
    assert all_facts() != before
    with pytest.raises(DomainError) as refused:
        amending.annul(EVERYWHERE, CLERK, case.id, reason="Tiếp nhận hai lần")
    assert "600.000 đồng" in sentence(refused.value)
    number = view_of(case).payments[0].event_number
    refund_payment(EVERYWHERE, CLERK, case.id, number=number, amount=600_000, reason="Trả lại vì tiếp nhận hai lần")
    amending.annul(EVERYWHERE, CLERK, case.id, reason="Tiếp nhận hai lần", twin=other.code)
    assert (case.status, case.code, case.late_after) == (CaseStatus.ANNULLED, code, None)
    assert all_facts() == before
    assert folded_alike()
    listed = list_page(EVERYWHERE, CaseFilters(), site_calendar())
    assert [line.case.code for line in listed.lines] == [other.code]
    annulled = list_page(EVERYWHERE, CaseFilters(status=CaseStatus.ANNULLED), site_calendar())
    assert [line.case.code for line in annulled.lines] == [code]
    event = view_of(case).events[-1]
    assert (event.data["twin"], event.data["was_late"]) == (other.code, True)
    with pytest.raises(DomainError):  # nothing more happens to it
        happen(case, EventKind.NOTED, at("2024-06-05 08:00"), note="Ghi thêm")
    with pytest.raises(DomainError, match="đã hủy"):
        amending.amend(EVERYWHERE, CLERK, case.id, said(), reason="Gõ nhầm họ tên")


def test_an_annulment_by_mistake_is_taken_back_and_the_case_is_as_it_was(case: Case) -> None:
    amending.annul(EVERYWHERE, CLERK, case.id, reason="Tiếp nhận hai lần")
    service.correct(EVERYWHERE, CLERK, case.id, 2, reason="Hủy nhầm hồ sơ khác", void=True)
    assert (case.status, case.annulled_at, case.due_at) == (CaseStatus.RECEIVED, None, at("2024-06-10 23:59:59"))


def test_a_case_in_other_hands_is_annulled_knowing_whose_it_is(case: Case, office: Office) -> None:
    service.hand_over(EVERYWHERE, CLERK, case.id, officer="Võ Thị Mai", at=at("2024-06-03 10:00"), reason="ghi bù")
    with pytest.raises(DomainError, match="Võ Thị Mai") as refused:
        amending.annul(EVERYWHERE, CLERK, case.id, reason="Tiếp nhận nhầm người")
    assert refused.value.field == "knowing"
    amending.annul(EVERYWHERE, CLERK, case.id, reason="Tiếp nhận nhầm người", knowing=True)
    assert view_of(case).events[-1].data["holder"] == "Võ Thị Mai"


def test_a_case_with_its_result_was_no_mistake(case: Case) -> None:
    finish(case, at("2024-06-05 08:00"))
    with pytest.raises(DomainError):
        amending.annul(EVERYWHERE, CLERK, case.id, reason="Tiếp nhận hai lần")


def test_slips_and_register_say_that_they_were_put_right(case: Case, office: Office) -> None:
    amending.amend(EVERYWHERE, CLERK, case.id, said(), reason="Gõ nhầm họ tên")
    day = f"{site_calendar().local_day(extensions.now()):%d/%m/%Y}"
    zone = ZoneInfo("Asia/Ho_Chi_Minh")
    press = Press(House("Sở", "Bộ phận Một cửa", "Bắc Giang", time(17)), zone, str, lambda _code: "")
    printed = slip(EVERYWHERE, None, case.id, SlipKind.RECEIPT, press)
    assert printed.under_title[-1] == f"(Thông tin đã sửa ngày {day}, thay cho bản in trước ngày này)"
    chosen = RegisterFilter(since=date(2024, 6, 3), until=date(2024, 6, 3))
    (line,) = register_lines(EVERYWHERE, chosen, site_calendar())
    assert line.applicant == "Nguyễn Văn An"
    assert register_values(line)[-1][0].endswith(f"Thông tin đã sửa {day}")


# The pages


def test_the_form_keeps_what_another_clerk_put_right_meanwhile(case: Case, office: Office, sign_in: SignIn) -> None:
    """The first puts the name right; the second, who opened the form before, only the telephone: both stand."""
    browser, seen = sign_in(office.clerk), case.revision
    page = browser.get(f"/ho-so/{case.id}/sua").get_data(as_text=True)
    form = fields_of(page) | {"phone": "0987654321", "reason": "Gõ nhầm điện thoại"}
    amending.amend(EVERYWHERE, CLERK, case.id, said(applicant=Applicant("Nguyễn Văn An", "12345", "abc123")),
                   reason="Gõ nhầm họ tên", revision=seen)  # fmt: skip
    refused = browser.post(f"/ho-so/{case.id}/sua", data=form)
    assert refused.status_code == 422
    again = fields_of(refused.get_data(as_text=True))
    assert (again["applicant"], again["phone"]) == ("Nguyễn Văn An", "0987654321")
    assert browser.post(f"/ho-so/{case.id}/sua", data=again).status_code == 302
    shown = browser.get(f"/ho-so/{case.id}").get_data(as_text=True)
    assert "nguyen van a</del>" in shown
    assert "abc123</del>" in shown
    db.session.expire_all()
    found = db.session.get(Case, case.id)
    assert found is not None
    assert (found.applicant, found.phone) == ("Nguyễn Văn An", "0987654321")


def test_no_case_moves_to_a_procedure_that_has_no_time_yet(case: Case, office: Office, sign_in: SignIn) -> None:
    """As an import makes it: the date that was promised would go, and none would come in its place."""
    made = make_version(office.units["NCC"], days=0, name="Do tệp tạo ra")
    with pytest.raises(DomainError, match="chưa có thời hạn giải quyết"):
        amending.change_procedure(EVERYWHERE, CLERK, case.id, made.id, reason="Chọn nhầm thủ tục")
    page = sign_in(office.clerk).get(f"/ho-so/{case.id}/doi-thu-tuc?version_id={made.id}").text
    assert "chưa có thời hạn giải quyết" in page
    db.session.expire_all()
    assert view_of(case).case.due_at == at("2024-06-10 23:59:59")


def test_the_procedure_is_changed_after_a_look_at_what_follows(case: Case, office: Office, sign_in: SignIn) -> None:
    """The honour's five days are the permit's: the date stays, the fee of 600,000 goes, and so does the unit."""
    browser = sign_in(office.clerk)
    address = f"/ho-so/{case.id}/doi-thu-tuc"
    shown = browser.get(f"{address}?version_id={office.honour.id}").get_data(as_text=True)
    assert "600.000" in shown
    assert "<strong>Phòng Người có công</strong>" in shown
    form = fields_of(shown) | {"version_id": str(office.honour.id), "reason": "Chọn nhầm thủ tục"}
    assert browser.post(address, data=form).status_code == 302
    db.session.expire_all()
    found = db.session.get(Case, case.id)
    assert found is not None
    assert (found.version_id, found.fee_due) == (office.honour.id, 0)


def test_heads_see_what_was_annulled_of_their_unit_and_clerks_do_not(
    case: Case, office: Office, sign_in: SignIn
) -> None:
    browser = sign_in(office.clerk)
    form = fields_of(browser.get(f"/ho-so/{case.id}/huy").get_data(as_text=True)) | {"reason": "Tiếp nhận hai lần"}
    refused = browser.post(f"/ho-so/{case.id}/huy", data=form)
    assert refused.status_code == 422  # Nguyễn Thị Lan has it in hand
    assert CLERK.name in refused.get_data(as_text=True)
    form = fields_of(refused.get_data(as_text=True)) | {"knowing": "y"}
    assert browser.post(f"/ho-so/{case.id}/huy", data=form).status_code == 302
    assert "Hồ sơ đã hủy" in browser.get(f"/ho-so/{case.id}").get_data(as_text=True)
    assert browser.get("/ho-so/da-huy-da-sua").status_code == 403
    assert case.code in sign_in(office.head).get("/ho-so/da-huy-da-sua").get_data(as_text=True)
    assert case.code not in sign_in(office.other_head).get("/ho-so/da-huy-da-sua").get_data(as_text=True)
    assert case.code in sign_in(office.inspector).get("/ho-so/da-huy-da-sua?kind=annulled").get_data(as_text=True)


def test_what_came_with_a_supplement_is_ticked_counted_and_told(case: Case, office: Office, sign_in: SignIn) -> None:
    """Two papers are asked for, one comes: it is counted, the other is still awaited."""
    handling.request_supplement(EVERYWHERE, CLERK, case.id, note="Thiếu", documents=[1, 2])
    with pytest.raises(DomainError) as refused:
        handling.take_supplement(EVERYWHERE, CLERK, case.id)
    assert refused.value.field == "came"
    handling.take_supplement(EVERYWHERE, CLERK, case.id, came=["Bản sao hộ chiếu"])
    passport = db.session.scalars(select(CaseDocument).where(CaseDocument.name == "Bản sao hộ chiếu")).one()
    assert (passport.originals, passport.copies) == (1, 1)
    first, second = paper_lines(view_of(case))
    assert (first.asked_at is not None, first.is_missing, first.came) == (True, True, ())
    assert (second.is_missing, len(second.came)) == (False, 1)
    shown = sign_in(office.clerk).get(f"/ho-so/{case.id}").get_data(as_text=True)
    assert "Đã nhận: Bản sao hộ chiếu" in shown
    assert [each.name for each in handling.documents_awaited(service.events_of([case.id])[case.id])] == ["Đơn đề nghị"]


def fields_of(page: str) -> dict[str, str]:
    """What the last form of the page would send."""
    form = page[page.rindex('<form method="post" class="form"') :]
    form = form[: form.index("</form>")]
    sent = {}
    for tag in re.findall(r"<input[^>]*>", form):
        said = dict(re.findall(r'([\w-]+)="([^"]*)"', tag))
        if "name" in said and (said.get("type") not in ("radio", "checkbox") or "checked" in tag):
            sent[said["name"]] = html.unescape(said.get("value", ""))
    for name, options in re.findall(r'<select[^>]*name="(\w+)"[^>]*>(.*?)</select>', form, re.S):
        chosen = re.search(r'selected value="([^"]*)"|value="([^"]*)" selected', options)
        sent[name] = (chosen[1] or chosen[2] or "") if chosen else ""
    for name, text in re.findall(r'<textarea[^>]*name="(\w+)"[^>]*>(.*?)</textarea>', form, re.S):
        sent[name] = html.unescape(text.strip())
    return sent
