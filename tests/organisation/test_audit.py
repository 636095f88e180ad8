"""The audit trail: chained, filtered, paged, exported."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from app.organisation import audit, queries
from app.organisation.access import Actor
from app.organisation.audit import transaction
from app.organisation.models import Person
from app.organisation.queries import AuditFilter
from app.organisation.registries import details_in_words
from tests.clock import at
from tests.factories import EVERYWHERE

BOSS = Actor("Trần Quản Trị")


def write(number: int, by: Actor = BOSS, action: str = "change_unit", subject: object = "LDVL") -> None:
    for n in range(number):
        with transaction():
            audit.record(by, action, "unit", subject, n=n, changed={"name": ["Cũ", "Mới"]})


def test_an_untouched_chain_holds(session: Any) -> None:
    write(3)
    assert audit.verify() == audit.ChainCheck(3, None)


def test_a_long_name_is_found_and_told_from_others(session: Any) -> None:
    long = "a-pack-with-quite-a-long-name-that-somebody-uploaded/bg-5.2/LDVL/2024-"
    for month in ("06", "07"):
        write(1, subject=long + month)
    found = queries.audit_entries(EVERYWHERE, AuditFilter(subject_id=long + "07")).entries
    assert [entry.number for entry in found] == [2]
    assert found[0].subject_id.startswith("a-pack-with-quite-a-long-name-")
    assert audit.verify() == audit.ChainCheck(2, None)


@pytest.mark.parametrize(
    ("tampering", "broken_at"),
    [
        ("UPDATE audit_entries SET actor = 'Kẻ khác' WHERE number = 2", 2),
        ("UPDATE audit_entries SET details = '{}' WHERE number = 2", 2),
        ("DELETE FROM audit_entries WHERE number = 2", 3),
        ("DELETE FROM audit_entries WHERE number = 1", 2),
    ],
)
def test_tampering_breaks_the_chain_at_its_place(session: Any, tampering: str, broken_at: int) -> None:
    write(4)
    session.execute(text(tampering))
    session.commit()
    session.expire_all()
    assert audit.verify().broken_at == broken_at


def test_nothing_is_written_when_the_change_fails(session: Any) -> None:
    with pytest.raises(RuntimeError), transaction():
        audit.record(BOSS, "change_unit", "unit", "LDVL")
        raise RuntimeError
    assert audit.count() == 0


def numbers(page: queries.AuditPage) -> list[int]:
    return [entry.number for entry in page.entries]


def test_pages_go_there_and_back_by_key(session: Any) -> None:
    write(5)
    first = queries.audit_entries(EVERYWHERE, AuditFilter(), limit=2)
    second = queries.audit_entries(EVERYWHERE, AuditFilter(), after=first.after, limit=2)
    third = queries.audit_entries(EVERYWHERE, AuditFilter(), after=second.after, limit=2)
    assert [numbers(first), numbers(second), numbers(third)] == [[5, 4], [3, 2], [1]]
    assert (first.before, third.after) == (None, None)
    back = queries.audit_entries(EVERYWHERE, AuditFilter(), before=third.before, limit=2)
    assert numbers(back) == [3, 2]
    top = queries.audit_entries(EVERYWHERE, AuditFilter(), before=back.before, limit=2)
    assert (numbers(top), top.before, top.after) == ([5, 4], None, 4)


def test_the_trail_is_filtered(session: Any, admin: Person, freeze: Any) -> None:
    freeze("2024-06-03 23:30")
    write(1)
    freeze("2024-06-04 00:10")
    write(1, Actor("Quản trị", admin.id), "close_unit", "NCC")

    def found(**wanted: Any) -> list[int]:
        return numbers(queries.audit_entries(EVERYWHERE, AuditFilter(**wanted)))

    assert found(person_id=admin.id) == [2]
    assert found(by_command=True) == [1]
    assert found(action="close_unit") == [2]
    assert found(subject_kind="unit", subject_id="LDVL") == [1]
    assert found(since=at("2024-06-04 00:00")) == [2]
    assert found(until=at("2024-06-04 00:00")) == [1]


def test_the_page_speaks_of_actions_in_words(as_admin: FlaskClient) -> None:
    write(1)
    page = as_admin.get("/nhat-ky").text
    assert '<th scope="row">Sửa đơn vị<td' in page
    assert "Tên: Cũ → Mới" in page


def test_details_are_words_of_the_reader(app: Flask) -> None:
    details = {"role": "head", "working": False, "last": "2024-06-13", "reason": "", "other": ["a", 1]}
    with app.test_request_context():
        assert details_in_words(details | {"changed": {"kind": ["office", "division"]}}) == [
            "Vai trò: Trưởng đơn vị",
            "Làm việc: Không",
            "Đến ngày: 13/06/2024",
            "Lý do: –",
            "other: a, 1",
            "Loại đơn vị: Văn phòng → Phòng chuyên môn",
        ]


def test_the_page_counts_days_by_the_sites_clock(as_admin: FlaskClient, freeze: Any) -> None:
    freeze("2024-06-03 23:30")
    write(1)
    assert "Tên: Cũ" in as_admin.get("/nhat-ky?since=2024-06-03&until=2024-06-03").text
    assert "Tên: Cũ" not in as_admin.get("/nhat-ky?since=2024-06-04").text


def test_the_page_says_whether_the_chain_holds(as_admin: FlaskClient, session: Any) -> None:
    write(3)
    assert "Chuỗi nhật ký còn nguyên: 3 mục." in as_admin.post("/nhat-ky/kiem-tra", follow_redirects=True).text
    session.execute(text("UPDATE audit_entries SET action = 'x' WHERE number = 2"))
    session.commit()
    session.expire_all()
    assert "bị đứt ở mục số 2" in as_admin.post("/nhat-ky/kiem-tra", follow_redirects=True).text


def test_the_trail_is_downloaded_beyond_one_page(as_admin: FlaskClient) -> None:
    write(60)
    lines = as_admin.get("/nhat-ky.csv?action=change_unit").text.splitlines()
    assert len(lines) == 61
    assert lines[1].startswith("60,")
