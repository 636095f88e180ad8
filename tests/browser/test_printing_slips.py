"""Slips as Chromium prints them: on their own paper, nothing of the site around them."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest
from pypdf import PdfReader
from sqlalchemy import select

from app.cases.models import Case
from app.web.extensions import db
from tests.browser.site import Site, Visitor, press

pytestmark = pytest.mark.browser
Visit = Callable[..., Visitor]


def printed(visitor: Visitor) -> PdfReader:
    return PdfReader(io.BytesIO(visitor.page.pdf(prefer_css_page_size=True)))


def millimetres(reader: PdfReader) -> list[tuple[int, int]]:
    return [tuple(round(float(each) * 25.4 / 72) for each in page.mediabox[2:]) for page in reader.pages]  # type: ignore[misc]


@pytest.fixture
def cases(site: Site) -> list[int]:
    with site.app.app_context():
        return list(db.session.scalars(select(Case.id).order_by(Case.id).limit(3)))


def test_a_receipt_is_one_sheet_of_a5_without_the_site_around_it(visit: Visit, cases: list[int]) -> None:
    visitor = visit("motcua")
    assert visitor.go(f"/ho-so/{cases[0]}/phieu/tiep-nhan") == 200
    assert visitor.sideways() <= 0
    reader = printed(visitor)
    assert millimetres(reader) == [(148, 210)]
    told = reader.pages[0].extract_text()
    assert "HẸN TRẢ KẾT QUẢ" in told
    assert "Tệp PDF" not in told
    assert "Việc hôm nay" not in told
    fonts = {str(font.get_object()["/BaseFont"]) for font in reader.pages[0]["/Resources"]["/Font"].values()}
    assert fonts
    assert all("LiberationSerif" in font for font in fonts), fonts


def test_each_slip_of_a_batch_is_on_a_sheet_of_its_own(visit: Visit, cases: list[int]) -> None:
    visitor = visit("motcua")
    assert visitor.go("/ho-so/phieu/tiep-nhan?" + "&".join(f"case={case}" for case in cases)) == 200
    assert millimetres(printed(visitor)) == [(148, 210)] * 3


def test_the_register_lies_on_a4_and_repeats_its_head(visit: Visit) -> None:
    visitor = visit("motcua")
    assert visitor.go("/ho-so/so-theo-doi?since=01/03/2024&until=31/03/2024") == 200
    reader = printed(visitor)
    assert len(reader.pages) > 2
    assert set(millimetres(reader)) == {(297, 210)}
    assert all("Mã hồ sơ" in page.extract_text() for page in reader.pages)


def test_the_receipt_is_one_key_away_from_the_case(visit: Visit, cases: list[int]) -> None:
    visitor = visit("motcua")
    visitor.go(f"/ho-so/{cases[0]}")
    press(visitor.page, "u")
    visitor.page.wait_for_url("**/phieu/tiep-nhan")
    assert visitor.page.evaluate("document.activeElement.hasAttribute('data-print')"), "Enter prints it"
