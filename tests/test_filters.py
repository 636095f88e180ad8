"""A list narrowed by unit, opened from an address that somebody else's list gave."""

from __future__ import annotations

from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
from flask.testing import FlaskClient

from app.organisation.models import Person, Role, Unit
from tests.factories import make_department, make_person

SENTENCE = "trong địa chỉ không áp dụng: đơn vị được hỏi không có hoặc ngoài phạm vi của bạn."
BY_CODE = (
    *("/ho-so?unit={}", "/ho-so?holder={}", "/ke-hoach/nhiem-vu?unit={}", "/cong-bo?unit={}"),
    "/ke-hoach/nghia-vu/phai-nop?don_vi={}",
)
BY_NUMBER = ("/kiem-tra/vi-pham?unit={}", "/ho-so/giai-trinh?unit={}")


@pytest.fixture
def units(session: Any) -> dict[str, Unit]:
    return make_department()


@pytest.fixture
def head(units: dict[str, Unit], sign_in: Callable[[Person], FlaskClient]) -> FlaskClient:
    return sign_in(make_person(units["LDVL"], Role.HEAD))


def named(address: str, unit: Unit) -> str:
    return address.format(unit.id if address in BY_NUMBER else unit.code)


def page_of(client: FlaskClient, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200, address
    return unescape(answer.text)


@pytest.mark.parametrize("address", [*BY_CODE, *BY_NUMBER])
def test_a_unit_outside_the_readers_scope_is_said_not_to_apply_and_is_not_named(
    address: str, head: FlaskClient, units: dict[str, Unit]
) -> None:
    page = page_of(head, named(address, units["NCC"]))
    assert page.count(SENTENCE) == 1
    assert units["NCC"].name not in page
    assert "Hãy chọn một giá trị trong danh sách." not in page


@pytest.mark.parametrize("address", [*BY_CODE, *BY_NUMBER])
def test_a_unit_that_does_not_exist_gets_the_same_sentence(address: str, head: FlaskClient) -> None:
    assert page_of(head, address.format("99999")).count(SENTENCE) == 1


@pytest.mark.parametrize("address", [*BY_CODE, *BY_NUMBER])
def test_the_readers_own_unit_narrows_the_list_without_a_word(
    address: str, head: FlaskClient, units: dict[str, Unit]
) -> None:
    assert SENTENCE not in page_of(head, named(address, units["LDVL"]))
    assert SENTENCE not in page_of(head, address.format(""))
