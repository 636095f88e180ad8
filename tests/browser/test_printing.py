"""Pages as Chromium prints them: what is to be read, and no buttons, filters or boxes to tick."""

from __future__ import annotations

import io
import re
from collections.abc import Callable

import pytest
from pypdf import PdfReader

from tests.browser.site import Visitor, click

pytestmark = pytest.mark.browser
Visit = Callable[..., Visitor]

MACHINERY = ("Lọc", "Bộ lọc", "Tải CSV", "Chọn cả trang", "In giấy tiếp nhận", "Trang sau", "Việc hôm nay", "Đăng xuất")


def bare(text: str) -> str:
    """Without spaces: letters with diacritics are in a font of their own, and are read back apart from the rest."""
    return re.sub(r"\s", "", text)


def printed(visitor: Visitor) -> list[str]:
    """The text of each sheet, bare."""
    reader = PdfReader(io.BytesIO(visitor.page.pdf(prefer_css_page_size=True)))
    width, height = (float(each) for each in reader.pages[0].mediabox[2:])
    assert {round(width * 25.4 / 72), round(height * 25.4 / 72)} == {210, 297}, "A4"
    return [bare(page.extract_text()) for page in reader.pages]


def test_the_list_of_cases_prints_its_lines_under_a_head_on_every_sheet(visit: Visit) -> None:
    visitor = visit("motcua")
    assert visitor.go("/ho-so?status=closed&since=01/03/2024&until=31/03/2024") == 200
    codes = visitor.page.locator("main tbody th a.code").all_inner_texts()
    sheets = printed(visitor)
    assert len(codes) > 20
    assert len(sheets) > 1
    for code in codes:
        assert any(bare(code) in sheet for sheet in sheets), code
    assert all(bare("Tình trạng") in sheet for sheet in sheets), "the head of the table is repeated"
    for words in MACHINERY:
        assert not any(bare(words) in sheet for sheet in sheets), words


def test_the_worklist_prints_without_its_boxes_and_buttons(visit: Visit) -> None:
    visitor = visit("motcua")
    assert visitor.go("/ho-so/viec-hom-nay") == 200
    sheets = printed(visitor)
    assert any("H32.12-" in sheet for sheet in sheets)
    for words in (*MACHINERY[:-2], "Nhận xử lý", "Đăng xuất", "Chỉ hồ sơ của tôi"):
        assert not any(bare(words) in sheet for sheet in sheets), words


def test_a_case_prints_its_life_without_what_can_be_done_to_it(visit: Visit) -> None:
    visitor = visit("motcua")
    visitor.go("/ho-so?status=in_progress")
    click(visitor.page.locator("main tbody th a.code").first)
    visitor.page.wait_for_url(re.compile(r"/ho-so/\d+"))
    code = visitor.page.locator("h1").inner_text()
    text = "".join(printed(visitor))
    for words in (code, "Diễn biến", "Hạn trả kết quả", "Các bước xử lý"):
        assert bare(words) in text, words
    for words in ("Đính chính", "Xin lỗi, hẹn lại", "Chọn tệp", "Tải lên", "Từ chối, rút, dừng", "Kéo thả"):
        assert bare(words) not in text, words
