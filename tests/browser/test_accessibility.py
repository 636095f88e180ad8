"""Nothing serious for axe-core on any page or form, for any role, in both languages, wide and narrow."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import cycle
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.attachments.samples import pdf
from tests.browser.accessibility import serious_faults
from tests.browser.site import DESK, PHONE, Site, Visitor, click, press, write
from tests.browser.test_attachments import case_with_checklist
from tests.browser.test_pages import addresses
from tests.browser.test_stories import run_month

pytestmark = pytest.mark.browser
Visit = Callable[..., Visitor]

# Files, and pages of which one stands for all: each rule, each kind of slip on the same sheet.
FILES = re.compile(r"\.(csv|xlsx|pdf|docx|json)$|/(tai-ve|xem|anh-nho)$")
ALIKE = ((re.compile(r"\d+"), "N"), (re.compile(r"/quy-tac/[^/]+/[^/]+$"), "/quy-tac/PACK/RULE"))
LINKS = "main a[href^='/']"
ACTION = "form#action"  # a form on the page of a case; that is looked at whole with the first, wide and narrow


def shape(address: str) -> str:
    """An address without what differs between pages that are alike."""
    path = re.split(r"[?#]", address)[0]
    for pattern, word in ALIKE:
        path = pattern.sub(word, path)
    return path


def look(visitor: Visitor, faults: dict[str, list[str]], language: str = "vi", within: str | None = None) -> None:
    """Note what is wrong with the page as it stands."""
    if found := serious_faults(visitor.page, language, within):
        faults[f"{visitor.page.url.removeprefix(visitor.site.address)} {visitor.page.viewport_size}"] = found


def choose(visitor: Visitor, language: str) -> None:
    """Have the pages speak that language; the site remembers it of the person, from one test to the next."""
    button = visitor.page.locator(f"form[action*='/ngon-ngu/{language}'] button")
    if button.count():
        click(button)
        expect(visitor.page.locator("html")).to_have_attribute("lang", language)


def told(faults: dict[str, list[str]]) -> str:
    """The faults of each page, to be read."""
    return "\n".join(f"{page}: {fault}" for page, found in faults.items() for fault in found)


@pytest.fixture(scope="module")
def known() -> set[str]:
    """Shapes that another role has looked at already, and the widths in which a case was, with a form on it."""
    return set()


@pytest.mark.parametrize("username", ["motcua", "truongphong.ldvl", "thanhtra", "quantri"])
def test_nothing_serious_on_any_page_one_can_reach(visit: Visit, username: str, known: set[str]) -> None:
    visitor = visit(username)
    choose(visitor, "vi")
    menu = addresses(visitor)
    sizes = cycle((DESK, PHONE))
    faults: dict[str, list[str]] = {}
    titles: dict[str, str] = {}
    waiting = [(address, 0) for address in menu if shape(address) not in known]
    met = {shape(address) for address in menu}
    while waiting:
        address, depth = waiting.pop(0)
        visitor.page.set_viewport_size(next(sizes))  # type: ignore[arg-type]
        if visitor.go(address) != 200:
            continue
        case = f"a case {visitor.page.viewport_size}" if visitor.page.locator(ACTION).count() else ""
        look(visitor, faults, within=ACTION if case in known else None)
        known |= {case} - {""}
        title = visitor.page.title()
        if titles.setdefault(title, shape(address)) != shape(address):
            faults[title] = [f"the title of two pages: {titles[title]}, {address}"]
        if depth == 2:
            continue
        for link in visitor.page.eval_on_selector_all(LINKS, "links => links.map(link => link.getAttribute('href'))"):
            if shape(link) not in met | known and not FILES.search(shape(link)):
                met.add(shape(link))
                waiting.append((link, depth + 1))
    known |= met
    assert not faults, told(faults)


@pytest.mark.parametrize("username", ["motcua", "truongphong.ldvl", "thanhtra", "quantri"])
def test_nothing_serious_on_the_menus_pages_in_english(visit: Visit, username: str, known: set[str]) -> None:
    visitor = visit(username, PHONE)
    choose(visitor, "en")
    sizes = cycle((PHONE, DESK))
    faults: dict[str, list[str]] = {}
    for address in addresses(visitor):
        visitor.page.set_viewport_size(next(sizes))  # type: ignore[arg-type]
        if f"en {shape(address)}" not in known:
            known.add(f"en {shape(address)}")
            assert visitor.go(address) == 200, address
            look(visitor, faults, "en")
    assert not faults, told(faults)


class Walk:
    """A visitor who looks at each state of a page, wide and narrow in turn, and notes what is wrong."""

    def __init__(self, visitor: Visitor, language: str) -> None:
        self.visitor, self.page, self.language = visitor, visitor.page, language
        self.sizes = cycle((DESK, PHONE) if language == "vi" else (PHONE, DESK))
        self.faults: dict[str, list[str]] = {}
        choose(visitor, language)

    def look(self, name: str) -> None:
        """Look at the page as it now stands."""
        self.page.set_viewport_size(next(self.sizes))  # type: ignore[arg-type]
        if found := serious_faults(self.page, self.language):
            self.faults[name] = found

    def open(self, path: str) -> None:
        """Go to a page and look at it."""
        assert self.visitor.go(path) == 200, path
        self.look(path)


@pytest.mark.parametrize("language", ["vi", "en"])
def test_nothing_serious_in_the_forms_of_the_desk(visit: Visit, site: Site, language: str, tmp_path: Path) -> None:
    case_id, (document, _second) = case_with_checklist(site)
    walk = Walk(visit("motcua"), language)
    page = walk.page
    walk.visitor.go("/ho-so/tiep-nhan")
    write(page, "giay phep lao dong")
    expect(page.locator("#particulars input.input-count").first).to_be_visible()
    walk.look("intake with a procedure chosen")
    page.locator("#applicant").focus()
    press(page, "Control+Enter")
    expect(page.locator(".form-errors")).to_be_visible()
    walk.look("intake with its faults")

    walk.visitor.go(f"/ho-so/{case_id}")
    click(page.locator("a[href$='/ghi/supplement_requested']"))
    click(page.locator("#action button.button-primary"))
    expect(page.locator("#action .form-errors")).to_be_visible()
    walk.look("an action with its faults")
    (tmp_path / "don.pdf").write_bytes(pdf("Don"))
    page.locator(f"#files-{document}").set_input_files(tmp_path / "don.pdf")
    expect(page.get_by_role("link", name="don.pdf", exact=True)).to_be_visible()
    walk.look("a case with a file")
    click(page.get_by_role("link", name="don.pdf", exact=True))
    expect(page.locator("#file-preview iframe")).to_be_visible()
    walk.look("a file looked at")
    walk.open(f"/ho-so/{case_id}/ghi/paid")

    walk.visitor.go("/ho-so?status=received")
    click(page.locator("[data-opens=save-filter]"))
    walk.look("saving a filter")
    press(page, "Escape")
    page.locator("[data-check-all]").check()
    walk.look("cases ticked")
    click(page.locator("#bulk button[value=handed_over]"))
    page.wait_for_url(re.compile("handed_over"))
    walk.look("what an action on many would do")
    page.set_viewport_size(DESK)  # type: ignore[arg-type]
    page.locator("#site-search").fill("nguyen")
    expect(page.locator("#site-search-box [role=option]").first).to_be_visible()
    walk.look("what is found so far")
    press(page, "Escape")
    page.set_viewport_size(DESK)  # type: ignore[arg-type]
    page.locator("main").focus()
    press(page, "?")
    expect(page.locator("#help")).to_be_visible()
    walk.look("the shortcuts")

    head = "Mã giao dịch;Mã hồ sơ;Số tiền;Thời gian thanh toán"
    (tmp_path / "cong.csv").write_text(f"{head}\nGD-{language};X;50.000;01/07/2024 07:45\nGD0;X;;\n", "utf-8")
    walk.open("/thu-phi/doi-chieu/moi")
    page.set_input_files("input[type=file]", tmp_path / "cong.csv")
    click(page.locator("main form button.button-primary"))
    page.wait_for_url(re.compile(r"doi-chieu/\d+"))
    walk.look("a portal's list")
    (tmp_path / "xuat.csv").write_text(
        "Số hồ sơ,Tên thủ tục hành chính,Tên lĩnh vực,Phòng ban,Ngày tiếp nhận,Ngày hẹn trả,Ngày kết thúc xử lý,"
        "Cơ quan/đơn vị,Chủ hồ sơ,Số điện thoại,Cán bộ xử lý hiện tại,Trạng thái hồ sơ\n"
        f"H32.12-240603-{language},Thăm viếng mộ liệt sĩ,Người có công,Phòng Lạ,03/06/2024,10/06/2024,07/06/2024,"
        "Sở LĐTBXH,Lê Thị Nhập,905111222.0,Trần Văn A,Đã trả kết quả\n,,,,,,,,,,,\nX,Y,,,31/02/2024,,,,,,,\n",
        "utf-8-sig",
    )
    walk.open("/ho-so/nhap/moi")
    page.set_input_files("input[type=file]", tmp_path / "xuat.csv")
    click(page.locator("main form button.button-primary"))
    page.wait_for_url(re.compile(r"/nhap/\d+"), timeout=60_000)
    walk.look("an import foretold")
    assert not walk.faults, told(walk.faults)


def test_nothing_serious_in_the_pages_of_a_check(visit: Visit) -> None:
    walk = Walk(visit("thanhtra"), "vi")
    run_month(walk.page, walk.visitor, "6/2024")
    for path, link in (
        ("/kiem-tra", "main a[href*='/khd-2c.2/']"),
        ("/kiem-tra/vi-pham", "main a[href*='/vi-pham/']"),
    ):
        walk.open(path)
        walk.open(walk.page.locator(link).first.get_attribute("href") or "")
    walk.open("/kiem-tra/thu")
    assert not walk.faults, told(walk.faults)


def test_nothing_serious_where_a_day_off_is_foretold(visit: Visit) -> None:
    walk = Walk(visit("quantri"), "vi")
    walk.open("/lich-lam-viec/them")
    for name, value in (("first", "04/07/2024"), ("name", "Ngày nghỉ của cơ quan"), ("reason", "Công văn số 1")):
        walk.page.fill(f"[name={name}]", value)
    click(walk.page.locator("main form button.button-primary"))
    expect(walk.page.locator("main table").first).to_be_visible()
    walk.look("whose deadlines move")
    assert not walk.faults, told(walk.faults)
