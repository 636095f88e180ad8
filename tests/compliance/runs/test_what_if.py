"""Other values tried on a page: both judgements side by side, and nothing written."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from app.compliance.runs import service
from app.compliance.runs.comparison import compare_judgements
from app.organisation.models import Person, Role
from app.rulepacks.language import Status
from app.web.extensions import db
from tests.compliance.month import JUNE, Month, check
from tests.factories import make_person

SignIn = Callable[[Person], FlaskClient]


def everything() -> dict[str, int | None]:
    """How many rows every table has."""
    tables = db.metadatas[None].sorted_tables
    return {table.name: db.session.scalar(select(func.count()).select_from(table)) for table in tables}


def words(answer: Any) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.get_data(as_text=True)))


def test_a_higher_share_makes_what_passed_fail(month: Month) -> None:
    before, after = service.beside(JUNE, {"online_payment_rate": "50%"})
    found = compare_judgements(before.judgement, after.judgement)
    changed = {(pair.after.rule, pair.after.unit): (pair.before.status, pair.after.status) for pair in found.changed}
    assert changed["khd-2c.2", "LDVL"] == (Status.PASS, Status.FAIL)
    assert changed["khd-2c.2", "SO"] == (Status.PASS, Status.FAIL)  # the whole of which that is a part
    assert found.after[Status.FAIL] == found.before[Status.FAIL] + 2
    assert sum(found.before.values()) == sum(found.after.values()) == len(before.judgement.results)


def test_a_result_that_fails_either_way_is_shown_for_its_figures(month: Month) -> None:
    found = compare_judgements(*(report.judgement for report in service.beside(JUNE, {"online_payment_rate": "50%"})))
    province = next(pair for pair in found.changed if (pair.after.rule, pair.after.unit) == ("khp-2c.2", "LDVL"))
    assert not province.of_status
    assert (province.before.shortfall, province.after.shortfall) == (1, 4)


def test_where_nothing_was_judged_another_target_is_no_change(month: Month) -> None:
    before, after = service.beside(JUNE, {"online_payment_rate": "50%"})
    unjudged = {r.unit for r in after.judgement.results if r.rule == "khd-2c.2" and r.status == Status.NOT_APPLICABLE}
    assert unjudged
    found = compare_judgements(before.judgement, after.judgement)
    assert not unjudged & {pair.after.unit for pair in found.changed if pair.after.rule == "khd-2c.2"}


def test_the_value_in_force_changes_nothing(month: Month) -> None:
    found = compare_judgements(*(report.judgement for report in service.beside(JUNE, {"online_payment_rate": "35%"})))
    assert found.changed == ()


def test_the_page_shows_both_and_writes_nothing(month: Month, inspector: FlaskClient) -> None:
    check()
    before = everything()
    page = inspector.get("/kiem-tra/thu?period=6/2024&v.online_payment_rate=50%25")
    assert page.status_code == 200
    shown = words(page)
    assert "Kết quả tháng 6/2024 nếu thay đổi" in shown
    assert "KHD-2C.2" in shown
    assert "từ 50% trở lên" in shown
    assert "từ 35% trở lên" in shown
    assert everything() == before


def test_the_page_names_every_parameter_with_its_value_and_source(month: Month, inspector: FlaskClient) -> None:
    page = inspector.get("/kiem-tra/thu?period=2024-06").get_data(as_text=True)
    assert 'name="v.online_payment_rate"' in page
    assert "35%" in page
    assert "thanh toán trực tuyến" in page.lower()


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("period=2024-06&v.online_payment_rate=350%25", "350%"),
        ("period=2024-06&v.online_payment_rate=40", "40"),
        ("period=2024-06&v.khong_co=40%25", "khong_co"),
        ("period=2024-12", "chưa bắt đầu"),
        ("period=abc", "abc"),
    ],
)
def test_a_value_or_period_that_will_not_do_is_said_on_the_page(
    month: Month, inspector: FlaskClient, query: str, sentence: str
) -> None:
    page = inspector.get(f"/kiem-tra/thu?{query}")
    assert page.status_code == 422
    warning = page.get_data(as_text=True).partition("flash-warning")[2].partition("</div>")[0]
    assert sentence in warning


def test_only_inspectors_try(month: Month, sign_in: SignIn) -> None:
    assert sign_in(make_person(month.units["NCC"], Role.HEAD)).get("/kiem-tra/thu").status_code == 403
