"""The desk's whole day without a mouse: the focus is always somewhere, and one always sees where."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect
from sqlalchemy import select

from app.cases import service
from app.cases.models import Case
from app.demo.departments import PASSWORD
from app.organisation.access import Actor, Scope
from app.organisation.models import Person
from app.web.extensions import db
from tests.browser.accessibility import FOCUS, focus_fault
from tests.browser.site import MOVING, Site, Visitor, press, still, write

pytestmark = pytest.mark.browser
Visit = Callable[..., Visitor]
# Whether a fragment is on its way, whether what is looked for has the focus, and what is wrong with the focus.
STOP = f"""([selector, moving]) => [
  document.querySelector(moving) !== null, document.activeElement?.matches(selector) ?? false, ({FOCUS})()
]"""


class Keys:
    """Somebody with a keyboard and nothing else: after every key the focus must be somewhere and show."""

    def __init__(self, visitor: Visitor) -> None:
        self.visitor, self.page = visitor, visitor.page

    def press(self, *keys: str) -> None:
        """Press keys, one after the other, once the page listens."""
        self.page.wait_for_load_state("load")
        for key in keys:
            press(self.page, key)

    def type(self, text: str) -> None:
        """Write into what has the focus, which must be seen to have it."""
        assert focus_fault(self.page) is None
        write(self.page, text)

    def tab_to(self, selector: str, most: int = 80) -> None:
        """Tab on until something that fits the selector has the focus; each stop on the way must show."""
        still(self.page)
        for step in range(most):
            moving, there, fault = self.page.evaluate(STOP, [selector, MOVING])  # in one: there are a hundred stops
            if there:
                assert fault is None
                return
            # The browser's own bar lies between the last and the first; where one began is of no account.
            assert step == 0 or fault is None or "BODY" in fault, fault
            if moving:
                still(self.page)
            self.page.keyboard.press("Tab")
        raise AssertionError(f"{most} times Tab and no {selector}")

    def do(self, key: str, done: str, **typed: str) -> None:
        """Open an action of the case by its key, type what need be, by field, and record it with Enter."""
        self.press(key)
        expect(self.page.locator("#action")).to_be_visible()
        self.focus_in("#action")
        for field, text in typed.items():
            self.tab_to(f"#{field}")
            self.type(text)
        self.press("Enter")
        expect(self.page.locator("#flashes")).to_contain_text(f"Đã ghi: {done}")

    def focus_in(self, selector: str) -> None:
        """What was opened has taken the focus."""
        within = "(selector) => document.querySelector(selector)?.matches(':focus-within')"
        self.page.wait_for_function(within, arg=selector)
        assert focus_fault(self.page) is None

    def sign_in(self, username: str) -> None:
        """The name has the focus when the page opens."""
        self.visitor.go("/dang-nhap")
        self.type(username)
        self.press("Tab")
        self.type(PASSWORD)
        self.press("Enter")
        self.page.wait_for_url(lambda url: "dang-nhap" not in url)


@pytest.fixture
def keys(visit: Visit) -> Callable[[str], Keys]:
    """Somebody who signs in with the keyboard."""

    def sit_down(username: str) -> Keys:
        somebody = Keys(visit())
        somebody.sign_in(username)
        return somebody

    return sit_down


def test_a_whole_case_without_a_mouse(keys: Callable[[str], Keys]) -> None:
    clerk = keys("motcua")
    page = clerk.page
    clerk.press("n")
    page.wait_for_url(re.compile("tiep-nhan"))
    clerk.type("giay phep lao dong")
    expect(page.locator("#procedure-list [role=option]").first).to_contain_text("giấy phép lao động")
    expect(page.locator("#particulars input.input-count").first).to_be_visible()
    clerk.press("Enter")
    expect(page.locator("#id_number")).to_be_focused()
    clerk.type("4200999888")
    clerk.tab_to("#phone")
    clerk.type("0905999888")
    clerk.tab_to("#applicant")
    clerk.type("Công ty TNHH Không Chuột")
    clerk.tab_to("#all-came")  # the checklist is on the way
    clerk.press("Enter")
    expect(page.locator("#particulars input.input-count").first).to_have_value("1")
    page.wait_for_load_state("networkidle")
    clerk.press("Control+Enter")
    page.wait_for_url(re.compile(r"/ho-so/\d+"))
    code = page.title().split(" – ")[0]
    assert focus_fault(page) is None, "the next case is one Enter away"

    clerk.press("u")
    page.wait_for_url("**/phieu/tiep-nhan")
    expect(page.locator("[data-print]").first).to_be_focused()
    page.go_back()
    page.wait_for_url(re.compile(r"/ho-so/\d+"))
    clerk.do("c", "Chuyển xử lý")

    head = keys("truongphong.ldvl")
    page = head.page
    head.press("/")
    head.type(code)
    expect(page.locator("#site-search-box [role=option]").first).to_be_visible()
    expect(page.locator("#live")).to_contain_text("phím mũi tên để chọn")
    head.press("ArrowDown", "Enter")
    page.wait_for_url(re.compile(r"/ho-so/\d+"))
    head.do("h", "Nhận xử lý")
    head.press("b")
    head.focus_in("#action")
    head.type("Thiếu giấy khám sức khỏe.")
    head.press("Control+Enter")
    expect(page.locator("#flashes")).to_contain_text("Đã ghi: Yêu cầu bổ sung")
    head.focus_in("#acts")  # the next act is one Tab away
    head.do("b", "Đã bổ sung")
    head.press("v")
    head.focus_in("#action")
    head.type("Lê Minh Tuấn")
    head.tab_to("#number")
    head.type("15/GP-SLĐTBXH")
    head.tab_to("#action button")
    head.press("Enter")
    expect(page.locator("#flashes")).to_contain_text("Đã ghi: Ký")
    head.do("k", "Có kết quả", because="Thu phí và số hóa sau khi trả")  # nobody paid or scanned anything
    head.do("x", "Kết thúc")
    head.do("t", "Trả kết quả", receiver="Trần Không Chuột")
    expect(page.locator("main")).to_contain_text("15/GP-SLĐTBXH")


def test_an_applicant_known_already_is_recalled_without_a_mouse(keys: Callable[[str], Keys]) -> None:
    clerk = keys("motcua")
    page = clerk.page
    clerk.visitor.go("/ho-so?status=received")
    phone = re.search(r"0\d{9}", page.locator("table tbody").inner_text())
    assert phone
    clerk.press("/", "Escape")
    clerk.visitor.go("/ho-so/tiep-nhan")
    clerk.type("giay phep lao dong")
    clerk.tab_to("#phone")
    clerk.type(phone[0])
    expect(page.locator("[data-fill]").first).to_be_visible()
    clerk.tab_to("[data-fill]")
    clerk.press("Enter")
    expect(page.locator("#applicant")).not_to_have_value("")
    assert focus_fault(page) is None


def test_many_cases_are_handed_over_and_it_is_undone_without_a_mouse(keys: Callable[[str], Keys]) -> None:
    clerk = keys("motcua")
    page = clerk.page
    clerk.visitor.go("/ho-so?status=in_progress")
    clerk.tab_to("input[name=case]")
    clerk.press("Space")
    press(page, "Tab")
    clerk.tab_to("input[name=case]")
    clerk.press("Space")
    expect(page.locator("[data-checked]")).to_have_text("Đã chọn 2 hồ sơ")
    for _ in range(30):  # back to the bar above the table
        press(page, "Shift+Tab")
        if page.evaluate("document.activeElement.value === 'handed_over'"):
            break
    assert focus_fault(page) is None
    clerk.press("Enter")
    page.wait_for_url(re.compile("handed_over"))
    clerk.press("x")
    expect(page.locator("main")).to_contain_text("Đã làm với 2 hồ sơ")
    clerk.press("z")
    expect(page.locator("#confirm")).to_be_visible()
    clerk.focus_in("#confirm")
    clerk.tab_to("#confirm button[value=yes]")
    clerk.press("Enter")
    expect(page.locator("main")).to_contain_text("Đã hoàn tác lúc")


def test_the_focus_stays_where_it_was_when_filters_change_the_list(keys: Callable[[str], Keys]) -> None:
    clerk = keys("motcua")
    page = clerk.page
    clerk.visitor.go("/ho-so")
    clerk.tab_to("#status")
    with page.expect_response(re.compile("status=")):
        clerk.press("ArrowDown")
    page.wait_for_load_state("networkidle")
    expect(page.locator("#status")).to_be_focused()
    expect(page.locator("#live")).to_contain_text("hồ sơ")


def test_what_depends_on_the_filters_follows_them_and_a_filter_is_kept_by_name(keys: Callable[[str], Keys]) -> None:
    clerk = keys("motcua")
    page = clerk.page
    clerk.visitor.go("/ho-so/so-theo-doi")
    clerk.press("n")  # from any page
    page.wait_for_url(re.compile("tiep-nhan"))
    clerk.visitor.go("/ho-so")
    clerk.tab_to("#status")
    with page.expect_response(re.compile("status=")):
        clerk.press("ArrowDown")
    keep = page.get_by_role("button", name="Lưu bộ lọc này")
    expect(keep).to_be_visible()
    assert "status=" in (page.locator("#filter-tabs a").nth(1).get_attribute("href") or "")
    keep.focus()
    clerk.press("Enter")
    expect(page.locator("#filter-name")).to_be_focused()
    write(page, "Việc hôm nay của tôi")
    clerk.press("Control+Enter")
    expect(page.locator("#saved-filters")).to_contain_text("Việc hôm nay của tôi")
    clerk.visitor.go("/ho-so")
    page.locator(".filter-more summary").click()
    page.locator("#since").focus()
    write(page, "32/13/2026")
    clerk.press("Enter")
    expect(page.locator("#filter-state")).to_contain_text("Không có ngày này")
    expect(page.locator("#since")).to_be_focused()


def test_a_case_in_nobodys_hands_is_taken_from_the_worklist_with_one_key(
    keys: Callable[[str], Keys], site: Site
) -> None:
    with site.app.app_context():
        desk = select(Person.unit_id).where(Person.username == "motcua").scalar_subquery()
        waiting = select(Case).where(Case.holder_unit_id == desk, Case.ended_at.is_(None), Case.late_after.is_not(None))
        case = db.session.scalars(waiting.order_by(Case.late_after, Case.id).limit(1)).one()
        service.hand_over(Scope(case.site), Actor("Lệnh"), case.id, unit_code="MC")
        code = case.code
    clerk = keys("motcua")
    clerk.visitor.go("/ho-so/viec-hom-nay?bucket=overdue")
    clerk.press("h")
    expect(clerk.page.locator("#flashes")).to_contain_text(f"Bạn đã nhận xử lý hồ sơ {code}")
    assert clerk.page.url.endswith("?bucket=overdue")
