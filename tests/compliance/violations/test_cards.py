"""What a head has to answer, as cards: by cause, the gravest first, with figure, trend, things and acts."""

from __future__ import annotations

import re
from fractions import Fraction

import pytest
from flask import Flask

from app.compliance import queries
from app.compliance.adoption import repository
from app.compliance.models import ViolationState as State
from app.compliance.months.closing import close
from app.compliance.violations import views
from app.compliance.violations.cards import Cause, TrendPoint, causes_of, drawn_trend
from app.core.periods import Period
from app.rulepacks.language import Severity, Status
from tests.compliance.conftest import SignIn
from tests.compliance.month import BAC_GIANG, check
from tests.compliance.pages import text_of
from tests.compliance.violations.test_cells import Two, as_head_of, two
from tests.factories import CLERK, EVERYWHERE

__all__ = ["as_head_of", "two"]


def cards() -> list[Cause]:
    waiting = queries.lines_of(EVERYWHERE, [each.id for each in queries.to_answer(EVERYWHERE)])
    ours = [line for line in waiting if line.unit.code == "LDVL"]
    rules = {(pack.id, rule.id): rule for pack, rule in repository.every_rule(repository.present().values())}
    return causes_of(EVERYWHERE, ours, rules)


def test_cards_stand_by_cause_the_gravest_first_with_twelve_months(two: Two) -> None:
    check(pack_ids=[BAC_GIANG])
    check()
    causes = cards()
    first = causes[0]
    assert str(first.title) == "Hồ sơ quá hạn, xử lý chậm"
    assert first.cards[0].line.severity is Severity.CRITICAL
    ranks = [[list(Severity).index(card.line.severity) for card in cause.cards] for cause in causes]
    assert all(of == sorted(of, reverse=True) for of in ranks)
    late = next(card for card in first.cards if card.line.rule == "bg-5.1")
    assert [point.period.key for point in late.trend][:1] == ["2023-07"]
    assert [point.period.key for point in late.trend][-1] == "2024-06"
    assert [point.status for point in late.trend] == [None] * 11 + [Status.FAIL]
    assert late.trend[-1].value == 0


def test_the_page_says_when_nothing_has_to_be_explained_yet(two: Two, sign_in: SignIn) -> None:
    check()
    client, not_yet = sign_in(two.head), "chưa phải giải trình, giải trình trước cũng được"
    cells = sum(len(card.finding.violations) for cause in cards() for card in cause.cards)
    assert f"{cells} vi phạm thuộc kỳ chưa chốt: {not_yet}" in client.get("/kiem-tra/vi-pham/cua-don-vi").text
    close(CLERK, Period.parse("2024-06"))
    assert not_yet not in client.get("/kiem-tra/vi-pham/cua-don-vi").text


def test_a_card_names_its_things_and_says_how_far_each_is_today(two: Two, as_head_of: object, sign_in: SignIn) -> None:
    check(pack_ids=[BAC_GIANG])
    explained = next(card for cause in cards() for card in cause.cards if card.line.rule == "bg-5.3")
    assert set(explained.named) == two.codes
    assert explained.states == {State.OPEN: 2}
    assert {page.url for page in explained.pages.values()} == {f"/ho-so/{two.first.id}", f"/ho-so/{two.second.id}"}
    page = sign_in(two.head).get("/kiem-tra/vi-pham/cua-don-vi").get_data(as_text=True)
    address = f"/kiem-tra/vi-pham/{explained.line.id}?next=mine"
    assert f'href="{address}#answer"' in page
    assert f'href="/ho-so/{two.first.id}"' in page
    assert re.search(r'<svg class="trend"[^>]*aria-label="12 tháng đến tháng 6/2024: [^"]*Tháng 6/2024: vi phạm', page)


def test_after_an_answer_comes_the_next_one(two: Two, sign_in: SignIn) -> None:
    check(pack_ids=[BAC_GIANG])
    client = sign_in(two.head)
    seen = []
    waiting = [card.line for cause in cards() for card in cause.cards]
    address = f"/kiem-tra/vi-pham/{waiting[0].id}?next=mine"
    while "cua-don-vi" not in address:
        seen.append(int(re.findall(r"vi-pham/(\d+)", address)[0]))
        line = queries.violation_of(EVERYWHERE, seen[-1])
        data = {"to": "explained", "reason": "Đã rõ, đang khắc phục", "revision": str(line.revision)}
        answer = client.post(address, data=data)
        assert answer.status_code == 302, answer.get_data(as_text=True)[:2000]
        address = answer.location
        told = text_of(client.get(address))
        title = repository.rule_by_name(line.pack, line.rule).title.in_("vi")
        assert f"Đã ghi “{title}”: Đã giải trình." in told, "of which of them"
        left = len(waiting) - len(seen)
        assert (f"còn {left} vi phạm phải giải trình." in told) == (left > 0)
    assert sorted(seen) == sorted(line.id for line in waiting)


def test_many_findings_are_pages_of_a_few_the_gravest_first(
    two: Two, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    check(pack_ids=[BAC_GIANG])
    check()
    monkeypatch.setattr(views, "CARDS", 2)
    every = [(list(Severity).index(card.line.severity), card.line.id) for cause in cards() for card in cause.cards]
    client, address, seen = sign_in(two.head), "/kiem-tra/vi-pham/cua-don-vi", []
    while address:
        page = client.get(address).text
        shown = [int(number) for number in re.findall(r'<h3><a href="/kiem-tra/vi-pham/(\d+)\?next=mine"', page)]
        assert len(shown) <= 2
        assert f"{len(every)} vấn đề" in page  # what is counted is all of them
        seen += [rank for number in shown for rank, of in every if of == number]
        following = re.search(r'<a class="button" rel="next" href="([^"]+)"', page)
        address = following[1] if following else ""
    assert len(seen) == len(every) > 4
    assert seen == sorted(seen, reverse=True)
    beyond = client.get("/kiem-tra/vi-pham/cua-don-vi?after=99").text
    assert 'rel="prev"' in beyond
    assert 'rel="next"' not in beyond


def test_twelve_months_are_drawn_by_their_shares_and_told_in_words(app: Flask) -> None:
    """A bar is 4 high of nothing and 25 of all, from the ground at 27 up; half of all is the line at 12.5."""
    months = [Period.parse(f"2024-{month:02}") for month in (1, 2, 3, 4, 5)]
    points = [
        TrendPoint(months[0], None, None),
        TrendPoint(months[1], Status.FAIL, Fraction(0)),
        TrendPoint(months[2], Status.PASS, None),
        TrendPoint(months[3], Status.FAIL, Fraction(1, 2)),
        TrendPoint(months[4], Status.NO_DATA, None),
    ]
    with app.test_request_context("/"):
        drawn = drawn_trend(points, Fraction(1, 2), "<Năm>")
        assert 'target" d="' not in drawn_trend(points, None, "")
    assert 'class="trend-fail" d="M11.5 23.0h7v4.0h-7zM31.5 12.5h7v14.5h-7z"' in drawn
    assert 'class="trend-pass" d="M21.5 2.0h7v25.0h-7z"' in drawn
    assert 'class="trend-none" d="M43.5 24a1.5 1.5 0 1 0 3 0a1.5 1.5 0 1 0-3 0"' in drawn
    assert 'class="trend-target" d="M0 12.5h120"' in drawn
    told = "Tháng 2/2024: vi phạm 0%; Tháng 3/2024: đạt; Tháng 4/2024: vi phạm 50%; Tháng 5/2024: thiếu dữ liệu"
    assert f'aria-label="&lt;Năm&gt;: {told}"' in drawn
