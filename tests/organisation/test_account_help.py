"""Help inside the site: from a page to its section, in the reader's language."""

from __future__ import annotations

from typing import Any

from app.organisation.models import Role
from tests.factories import make_department, make_person


def test_a_page_leads_to_its_section_in_either_language(session: Any, sign_in: Any) -> None:
    clerk = make_person(make_department()["MC"], Role.DESK)
    client = sign_in(clerk)
    assert 'href="/tro-giup?sach=desk&amp;muc=1"' in client.get("/ho-so/tiep-nhan").text
    page = client.get("/tro-giup?sach=desk&muc=1").text
    assert "<h1>Tiếp nhận hồ sơ</h1>" in page
    assert "<kbd>F8</kbd>" in page
    client.post("/ngon-ngu/en")
    assert "<h1>Receiving a case</h1>" in client.get("/tro-giup?sach=desk&muc=1").text
    whole = client.get("/tro-giup?sach=khac&muc=99").text
    assert "One-stop desk" in whole
    assert "Signing in" in whole
