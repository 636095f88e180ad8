"""Bad days after intake: the sign-in ended, a button pressed twice, Back pressed, two clerks on one case."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import count

import pytest
from playwright.sync_api import Dialog, expect
from sqlalchemy import func, select

from app.cases.intake.contents import Applicant
from app.cases.models import Case, CaseEvent, Payment
from app.cases.service import receive_case
from app.cases.vocabulary import Channel, EventKind
from app.demo.departments import PASSWORD
from app.organisation.access import Actor, whole_site
from app.procedures.models import Procedure, ProcedureVersion
from app.web.extensions import db
from tests.browser.site import Site, Visitor, click, press, still

pytestmark = pytest.mark.browser
Visit = Callable[..., Visitor]
numbers = count(1)


def new_case(site: Site) -> int:
    """A case with a fee, just taken in: its id."""
    with site.app.app_context():
        version = db.session.scalars(
            select(ProcedureVersion)
            .join(Procedure)
            .where(ProcedureVersion.in_force_to.is_(None), ProcedureVersion.name.contains("giấy phép lao động"))
            .order_by(ProcedureVersion.id)
            .limit(1)
        ).one()
        case = receive_case(
            whole_site(),
            Actor("tests"),
            version_id=version.id,
            applicant=Applicant("Công ty TNHH Ngày Xấu", id_number=f"43{next(numbers):08d}"),
            channel=Channel.IN_PERSON,
        )
        return case.id


def recorded(site: Site, case_id: int, kind: EventKind) -> int:
    """How many events of that kind the case has."""
    with site.app.app_context():
        query = select(func.count()).select_from(CaseEvent).where(CaseEvent.case_id == case_id, CaseEvent.kind == kind)
        return db.session.scalar(query) or 0


def paid(site: Site, case_id: int) -> list[int]:
    with site.app.app_context():
        return list(db.session.scalars(select(Payment.amount).where(Payment.case_id == case_id).order_by(Payment.id)))


def sign_in_again(clerk: Visitor, username: str = "motcua") -> None:
    page = clerk.page
    page.wait_for_url(re.compile("dang-nhap"))
    expect(page.locator("main")).to_contain_text("Phiên đăng nhập đã hết nên việc vừa gửi chưa được ghi.")
    page.fill("input[name=username]", username)
    page.fill("input[name=password]", PASSWORD)
    press(page, "Enter")
    page.wait_for_url(lambda url: "dang-nhap" not in url)


def test_an_action_typed_when_the_sign_in_ended_is_sent_after_signing_in_again(visit: Visit, site: Site) -> None:
    case_id = new_case(site)
    clerk = visit("motcua")
    page = clerk.page
    clerk.go(f"/ho-so/{case_id}")
    click(page.get_by_role("link", name=re.compile("Yêu cầu bổ sung")))
    page.fill("#action [name=note]", "Thiếu giấy khám sức khỏe; nộp trước 15/7.")
    clerk.lose_sign_in()
    click(page.get_by_role("button", name="Ghi", exact=True))
    sign_in_again(clerk)
    expect(page.locator("#action [name=note]")).to_have_value("Thiếu giấy khám sức khỏe; nộp trước 15/7.")
    expect(page.locator("#flashes")).to_contain_text("Những gì đã nhập trước khi đăng nhập lại vẫn còn trong mẫu.")
    assert recorded(site, case_id, EventKind.SUPPLEMENT_REQUESTED) == 0
    click(page.get_by_role("button", name="Ghi", exact=True))
    expect(page.locator("main")).to_contain_text("Đã ghi: Yêu cầu bổ sung")
    assert recorded(site, case_id, EventKind.SUPPLEMENT_REQUESTED) == 1
    still(page)
    assert page.evaluate("sessionStorage.getItem('lost-form')") is None


def test_money_typed_when_the_sign_in_ended_is_taken_once_after_signing_in_again(visit: Visit, site: Site) -> None:
    case_id = new_case(site)
    clerk = visit("motcua")
    page = clerk.page
    clerk.go(f"/ho-so/{case_id}/ghi/paid")
    page.fill("[name=amount]", "200000")
    page.get_by_label("Trực tuyến").first.check()
    page.fill("[name=transaction_number]", "GD-0001")
    clerk.lose_sign_in()
    click(page.get_by_role("button", name="Thu tiền"))
    sign_in_again(clerk)
    expect(page.locator("[name=amount]")).to_have_value("200000")
    expect(page.locator("[name=transaction_number]")).to_have_value("GD-0001")
    expect(page.get_by_label("Trực tuyến").first).to_be_checked()
    click(page.get_by_role("button", name="Thu tiền"))
    page.wait_for_url(re.compile(rf"/ho-so/{case_id}(\?|$|#)"))
    assert paid(site, case_id) == [200_000]


def test_what_one_clerk_typed_is_not_shown_to_whoever_signs_in_next(visit: Visit, site: Site) -> None:
    case_id = new_case(site)
    clerk = visit("motcua")
    page = clerk.page
    clerk.go(f"/ho-so/{case_id}/ghi/noted")
    page.fill("#action [name=note]", "chuyện riêng")
    clerk.lose_sign_in()
    click(page.get_by_role("button", name="Ghi", exact=True))
    sign_in_again(clerk, "truongphong.ldvl")
    expect(page.locator("body")).not_to_contain_text("vẫn còn trong mẫu")
    assert "chuyện riêng" not in str(page.evaluate("JSON.stringify(sessionStorage)"))


def test_an_action_clicked_twice_is_recorded_once(visit: Visit, site: Site) -> None:
    case_id = new_case(site)
    clerk = visit("motcua")
    clerk.go(f"/ho-so/{case_id}/ghi/noted")
    clerk.page.fill("#action [name=note]", "Gọi điện hẹn.")
    clerk.page.get_by_role("button", name="Ghi", exact=True).dblclick()
    expect(clerk.page.locator("main")).to_contain_text("Đã ghi: ")
    assert recorded(site, case_id, EventKind.NOTED) == 1


def test_money_clicked_twice_is_taken_once(visit: Visit, site: Site) -> None:
    case_id = new_case(site)
    clerk = visit("motcua")
    clerk.go(f"/ho-so/{case_id}/ghi/paid")
    clerk.page.get_by_role("button", name="Thu tiền").dblclick()
    clerk.page.wait_for_url(re.compile(rf"/ho-so/{case_id}(\?|$|#)"))
    assert paid(site, case_id) == [600_000]


def test_many_cases_clicked_twice_are_handed_over_once(visit: Visit, site: Site) -> None:
    cases = [new_case(site), new_case(site)]
    clerk = visit("motcua")
    clerk.go("/ho-so/nhieu/handed_over?" + "&".join(f"case={each}" for each in cases))
    clerk.page.get_by_role("button", name=re.compile("2 hồ sơ")).dblclick()
    expect(clerk.page.locator("main")).to_contain_text("Đã làm với 2 hồ sơ")
    assert [recorded(site, each, EventKind.HANDED_OVER) for each in cases] == [1, 1]


def test_going_back_after_an_action_shows_the_case_as_it_now_stands_and_sends_nothing(visit: Visit, site: Site) -> None:
    case_id = new_case(site)
    clerk = visit("motcua")
    page = clerk.page
    clerk.go(f"/ho-so/{case_id}")
    click(page.get_by_role("link", name=re.compile("Chuyển xử lý")))
    click(page.get_by_role("button", name="Ghi", exact=True))
    expect(page.locator("main")).to_contain_text("Đã ghi: Chuyển xử lý")
    page.go_back()
    page.wait_for_load_state("networkidle")
    expect(page.locator(".timeline")).to_contain_text("Chuyển xử lý")
    expect(page.get_by_role("button", name="Ghi", exact=True)).to_have_count(0)
    assert recorded(site, case_id, EventKind.HANDED_OVER) == 1


def test_the_second_of_two_clerks_is_told_and_keeps_the_words(visit: Visit, site: Site) -> None:
    case_id = new_case(site)
    first, second = visit("motcua"), visit("motcua")
    for clerk in (first, second):
        clerk.go(f"/ho-so/{case_id}/ghi/supplement_requested")
    first.page.fill("#action [name=note]", "Thiếu ảnh.")
    second.page.fill("#action [name=note]", "Thiếu giấy khám sức khỏe.")
    click(first.page.get_by_role("button", name="Ghi", exact=True))
    expect(first.page.locator("main")).to_contain_text("Đã ghi: Yêu cầu bổ sung")
    click(second.page.get_by_role("button", name="Ghi", exact=True))
    told = second.page.locator("#action")
    expect(told.get_by_role("alert").first).to_be_visible()
    expect(told).to_contain_text("Yêu cầu bổ sung")
    expect(second.page.locator("#action [name=note]")).to_have_value("Thiếu giấy khám sức khỏe.")
    assert recorded(site, case_id, EventKind.SUPPLEMENT_REQUESTED) == 1


# What a handheld scanner does: every key of the code and Enter, faster than any hand. A key bears the time at which it
# was sent, however long a busy machine takes to hand it on.
SCAN = """(text) => {
  const keys = [...text, "Enter"].map((key) => new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
  keys.forEach((sent) => {
    const target = document.activeElement, { key } = sent;
    if (!target.dispatchEvent(sent)) return;
    if (key !== "Enter") document.execCommand("insertText", false, key);
    else if (target instanceof HTMLInputElement) target.form?.requestSubmit();
  });
}"""
LONGER_THAN_A_SCANNER_WAITS = 600  # milliseconds


@pytest.mark.parametrize("place", ["/ho-so/{here}/ghi/supplement_requested", "/ho-so/tiep-nhan"])
def test_a_scanner_that_sends_its_code_into_a_field_opens_that_case_and_the_field_keeps_what_was_typed(
    visit: Visit, site: Site, place: str
) -> None:
    here, there = new_case(site), new_case(site)
    with site.app.app_context():
        code = db.session.get_one(Case, there).code
    clerk = visit("motcua")
    page, asked = clerk.page, list[str]()
    stays = True

    def answer(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss() if stays else dialog.accept()

    page.on("dialog", answer)
    clerk.go(place.format(here=here))
    field = page.locator("#note" if "ghi" in place else "#applicant")
    click(field)
    page.keyboard.type("Công ty Quét Nhầm")
    page.wait_for_timeout(LONGER_THAN_A_SCANNER_WAITS)
    page.evaluate(SCAN, code)
    expect(field).to_have_value("Công ty Quét Nhầm")
    page.wait_for_timeout(LONGER_THAN_A_SCANNER_WAITS)
    assert asked == ["beforeunload"], "whoever has typed is asked before the page is left"
    stays = False
    click(field)
    page.evaluate(SCAN, code)
    page.wait_for_url(re.compile(rf"/ho-so/{there}(\?|$)"))
    assert recorded(site, here, EventKind.SUPPLEMENT_REQUESTED) == 0
    with site.app.app_context():
        assert not db.session.scalar(
            select(func.count()).select_from(Case).where(Case.applicant == "Công ty Quét Nhầm")
        )
