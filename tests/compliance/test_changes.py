"""What changed since a seal, in words: the fact, the thing with its page, each field then and now."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from app.cases.models import Case
from app.compliance.models import MonthSeal
from app.compliance.months import changes
from app.compliance.months.changes import FactChange
from app.compliance.runs.evidence import canonical
from app.organisation.models import Person, Role
from app.web.extensions import db
from tests.clock import at
from tests.compliance.month import Month, pay
from tests.compliance.test_sealing import key_file, sealed
from tests.factories import EVERYWHERE, make_person

__all__ = ["key_file", "sealed"]
SignIn = Callable[[Person], FlaskClient]
PROOF = "/kiem-tra/thang/2024-06/chung-minh"
NAMES = {"LDVL": "Phòng Việc làm", "NCC": "Phòng Người có công"}


def lines(*facts: dict[str, Any]) -> list[str]:
    return canonical({"period": "2024-06", **fact} for fact in facts).splitlines()


def overdue(subject: str, unit: str = "LDVL", **fields: Any) -> dict[str, Any]:
    told = {"due": "2024-06-05", "days_late": 3, "resolved_not_closed": False, "ended": ""}
    return {"kind": "case_overdue", "unit": unit, "subject": subject, **told, **fields}


def shown(gone: list[str], new: list[str], locale: str = "vi", **scope: Any) -> list[tuple[str, ...]]:
    """Each changed fact: its title, thing, unit, what became of it, its fields."""
    found = changes.in_words(changes.changed_facts(gone, new), NAMES, locale, **scope)
    return [
        (line.title, line.subject, line.unit, line.change, *(f"{f.says}: {f.then} → {f.now}" for f in line.fields))
        for line in found
    ]


def test_a_figure_of_a_unit_is_one_change_with_what_differs_alone(app: Flask) -> None:
    then = {"kind": "payment", "unit": "LDVL", "eligible": 20, "online": 7, "due": 25}
    now = then | {"eligible": 1021, "online": 8}
    told = "Trong số đó: thanh toán trực tuyến, qua cổng thanh toán: 7 giao dịch → 8 giao dịch"
    assert shown(lines(then), lines(now)) == [
        (
            "Thanh toán phí, lệ phí",
            "",
            "Phòng Việc làm",
            FactChange.CHANGED,
            "Giao dịch thanh toán trong kỳ của các thủ tục đủ điều kiện thanh toán trực tuyến: 20 giao dịch → "
            "1.021 giao dịch",
            told,
        )
    ]


def test_a_thing_keeps_its_change_of_unit_days_and_yes_and_no_in_words(app: Flask) -> None:
    then = overdue("H1")
    now = overdue("H1", "NCC", due="2024-06-12", days_late=1, resolved_not_closed=True, ended="2024-06-28")
    assert shown(lines(then), lines(now)) == [
        (
            "Một hồ sơ quá hạn",
            "H1",
            "Phòng Người có công",
            FactChange.CHANGED,
            "Đơn vị: Phòng Việc làm → Phòng Người có công",
            "Ngày hẹn trả: 05/06/2024 → 12/06/2024",
            "Ngày kết thúc, trống nếu chưa: chưa ghi → 28/06/2024",
            "Số ngày làm việc quá hạn: 3 ngày làm việc → 1 ngày làm việc",
            "Đã có kết quả nhưng chưa kết thúc trên phần mềm: không → có",
        )
    ]
    english = shown(lines(then), lines(now), "en")[0]
    assert "Working days past due: 3 working days → 1 working day" in english, english
    assert "Has a result but is not closed on the software: no → yes" in english
    assert not any("năm-tháng-ngày" in each or "ISO" in each for each in english)


def test_what_is_new_and_what_is_gone_have_one_side(app: Flask) -> None:
    found = shown(lines(overdue("H1")), lines(overdue("H2", days_late=9)))
    assert [(line[1], line[3]) for line in found] == [("H1", FactChange.GONE), ("H2", FactChange.NEW)]
    assert "Số ngày làm việc quá hạn: 3 ngày làm việc → None" in found[0]
    assert "Số ngày làm việc quá hạn: None → 9 ngày làm việc" in found[1]


def test_several_facts_about_one_thing_are_put_side_by_side(app: Flask) -> None:
    two = [overdue("H1", days_late=1), overdue("H1", days_late=2)]
    found = changes.changed_facts(lines(*two), lines(overdue("H1", days_late=4)))
    assert [each.change for each in found] == [FactChange.CHANGED, FactChange.GONE]


def test_a_thing_leads_to_its_page_where_the_reader_may_see_it(month: Month, app: Flask) -> None:
    case = db.session.scalars(select(Case).order_by(Case.id)).first()
    assert case is not None
    with app.test_request_context():
        changed = changes.changed_facts([], lines(overdue(case.code), overdue("NO-SUCH")))
        found = list(changes.in_words(changed, NAMES, "vi", EVERYWHERE))
    pages = {line.subject: line.page and line.page.url for line in found}
    assert pages == {case.code: f"/ho-so/{case.id}", "NO-SUCH": None}


def text_of(page: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", unescape(page)).split())


@pytest.mark.parametrize("locale", ["vi", "en"])
def test_the_proof_and_the_command_tell_it_in_words(
    sealed: MonthSeal, month: Month, app: Flask, sign_in: SignIn, freeze: Callable[[str], Any], locale: str
) -> None:
    """A payment of 7 June entered in August: 7 online of 20 payments would be 8 of 21."""
    freeze("2024-08-05 08:00")
    pay(month.permit, at("2024-06-07 08:00"))
    boss = sign_in(make_person(month.units["SO"], Role.DIRECTOR, locale=locale))
    page = boss.get(PROOF).text.split("</h1>")[1]
    assert '{"' not in unescape(page)
    for told in (
        ("7 giao dịch → 8 giao dịch", "20 giao dịch → 21 giao dịch", "Phòng Lao động")
        if locale == "vi"
        else ("7 payments → 8 payments", "20 payments → 21 payments", "Payment of")
    ):
        assert told in text_of(page), told
    proven = app.test_cli_runner().invoke(args=["check", "verify", "--sealed", "2024-06"])
    assert "thanh toán trực tuyến, qua cổng thanh toán: 7 giao dịch → 8 giao dịch" in proven.stderr
    assert "Vi phạm 7/20 → " in proven.stderr
    assert '{"' not in proven.stderr
