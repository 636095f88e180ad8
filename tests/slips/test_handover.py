"""The list of cases handed over together, for both sides to sign."""

from __future__ import annotations

import io
import re
from typing import Any

import pytest
from pypdf import PdfReader

from app.cases.bulk import service
from tests.desk.test_bulk import HANDED_OVER, Desk
from tests.factories import EVERYWHERE


@pytest.fixture
def desk(session: Any) -> Desk:
    return Desk()


def words(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page[page.index("<article") :]))


def test_each_unit_that_received_some_has_a_sheet_and_what_was_taken_back_is_on_none(desk: Desk, sign_in: Any) -> None:
    first, second, third = desk.fresh
    action = service.carry_out(
        EVERYWHERE, desk.by, HANDED_OVER, desk.seen(first, second, desk.resolved), {}, "Chuyển đợt sáng"
    )
    client, url = sign_in(desk.clerk), f"/ho-so/nhieu/lan/{action.id}/ban-giao"
    assert url in client.get(f"/ho-so/nhieu/lan/{action.id}").text
    page = client.get(url).text
    told = words(page)
    for said in (
        *("DANH SÁCH BÀN GIAO HỒ SƠ", "Bộ phận Một cửa, Lê Thu Hà", "Phòng Lao động – Việc làm", "Chuyển đợt sáng"),
        *(first.code, second.code, "Người 2", "Tổng số: 2 hồ sơ", "BÊN GIAO", "BÊN NHẬN"),
    ):
        assert said in told, said
    assert third.code not in told
    assert desk.resolved.code not in told
    assert page.count("<article") == 1
    pdf = client.get(f"{url}.pdf").data
    assert second.code in "".join(each.extract_text() for each in PdfReader(io.BytesIO(pdf)).pages)
    assert sign_in(desk.head).get(url).status_code == 404
    service.undo(EVERYWHERE, desk.by, action.id)
    again = sign_in(desk.clerk).get(url, follow_redirects=True).text
    assert "Lần làm này không bàn giao hồ sơ nào." in again
