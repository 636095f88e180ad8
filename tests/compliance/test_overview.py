"""The Director's page of June 2024 (tests/compliance/month.py), its figures worked out by hand."""

from __future__ import annotations

import re
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest

from app.compliance.months.closing import close
from app.compliance.overview import RatePoint
from app.compliance.warnings import warn
from app.core.periods import Period
from app.organisation.models import Role
from app.reporting.overview import overview, wanted_rates
from app.rulepacks.language import Severity, Status
from tests.clock import at
from tests.compliance.conftest import SignIn
from tests.compliance.month import INSPECTOR, JUNE, Month, check
from tests.compliance.pages import text_of
from tests.compliance.test_sealing import decide_everything
from tests.factories import EVERYWHERE, finish, make_person, make_version, receive

MAY, PAGE = Period.parse("2024-05"), "/tong-quan"


def test_the_charted_rates_are_those_of_the_packs_over_the_whole_department(month: Month) -> None:
    """LDVL 1 of 1 on time, NCC 0 of 2, held against one target by every unit: 1 of 3. Payments 7 of 20, all LDVL's,
    exactly what the Department's plan asks for; three files of three are digitised, and three results."""
    check()
    told = overview(EVERYWHERE, JUNE)
    assert [rate.rule.id for rate in told.rates] == [
        "bg-5.1",
        "khd-2c.2",
        "khd-2b.1-files",
        "khd-2b.2",
        "khd-2b.1-results",
    ]
    points = {rate.rule.id: rate.points for rate in told.rates}
    assert points["bg-5.1"] == {JUNE: RatePoint(1, 3, "at_least", Fraction(1), Status.FAIL)}
    assert points["khd-2c.2"] == {JUNE: RatePoint(7, 20, "at_least", Fraction(7, 20), Status.PASS)}
    assert points["khd-2b.1-files"][JUNE].value == 1
    assert [each.key for each in told.months][:: len(told.months) - 1] == ["2023-07", "2024-06"]


def test_units_stand_by_what_they_break_the_gravest_first(month: Month) -> None:
    report = check()
    told = overview(EVERYWHERE, JUNE)
    failing = [result for result in report.judgement.results if result.status is Status.FAIL]
    assert told.violations == len(failing)
    assert told.units[0].unit.code == "NCC"
    assert sum(each.total for each in told.units) == len(failing)
    # Of what they break only "on time" (bg-5.1) is critical, and LDVL keeps it: it comes last, with one major rule.
    assert told.units[0].broken[Severity.CRITICAL] == 1
    assert (told.units[-1].unit.code, told.units[-1].broken) == ("LDVL", {Severity.MAJOR: 1})
    assert told.units[0].before is None


def test_what_got_worse_is_what_broke_anew_and_the_rates_that_fell(month: Month) -> None:
    """May: one case of NCC's, closed in time: 1 of 1 on time. So NCC breaks anew in June what it kept in May, and the
    Department fell from 1 of 1 to 1 of 3. What May did not judge (LDVL had no case) broke anew as well."""
    version = make_version(month.units["NCC"], ("Thẩm định", month.units["NCC"], 5), name="Trợ cấp khác")
    finish(receive(version, at("2024-05-06 08:00"), "Lan"), at("2024-05-08 08:00"))
    may, june = check(MAY), check()
    told = overview(EVERYWHERE, JUNE)
    assert told.earlier is not None
    fallen = {each.rate.rule.id: (each.before.value, each.now.value) for each in told.fallen}
    assert fallen["bg-5.1"] == (1, Fraction(1, 3))
    broke = {(r.pack, r.rule, r.unit) for r in may.judgement.results if r.status is Status.FAIL}
    breaks = {(r.pack, r.rule, r.unit) for r in june.judgement.results if r.status is Status.FAIL}
    assert told.worse_in_all == len(breaks - broke)
    assert ("bg-5.1", ("NCC",), 1) in {(e.rule.id, tuple(u.code for u in e.units), e.number) for e in told.worse}
    assert told.units[0].before == sum(unit == "NCC" for *_rest, unit in broke)


def test_the_directors_day_begins_with_the_months_next_act(
    month: Month, sign_in: SignIn, freeze: Callable[..., Any]
) -> None:
    director = sign_in(make_person(month.units["SO"], Role.DIRECTOR))
    assert director.get("/").location == PAGE
    assert "Tháng này chưa kiểm tra" in text_of(director.get(PAGE))
    report = check()
    assert "Chốt tháng để các đơn vị giải trình" in text_of(director.get(PAGE))
    close(INSPECTOR, JUNE)
    page = director.get(PAGE)
    said = text_of(page)
    assert f"{report.broken} vi phạm chưa có kết luận" in said
    assert "chờ niêm phong" not in said, "answers are waited for first"
    assert "Chính thức" in said
    assert "Chưa có số liệu tạm tính" in said
    charts = re.findall(r'<svg class="chart"[^>]*aria-label="([^"]*)"', page.text)
    assert len(charts) == 5
    assert any(each.endswith("Tháng 6/2024: 33,3%") for each in charts)
    assert page.text.count("33,3%") >= 3  # drawn, in words for whoever does not see it, and in the table
    assert "style=" not in page.text
    warn(INSPECTOR)
    assert "chỉ tiêu sẽ không đạt với đà này" in text_of(director.get(PAGE))
    assert "Tổng quan tháng 5/2024" in text_of(director.get(PAGE + "?thang=2024-05"))
    assert director.get(PAGE + "?thang=xyz").status_code == 404
    decide_everything()
    assert "1 kỳ đã chốt chờ niêm phong" in text_of(director.get(PAGE))


@pytest.mark.parametrize("role", [Role.HEAD, Role.DESK])
def test_it_is_not_for_units(month: Month, sign_in: SignIn, role: Role) -> None:
    assert sign_in(make_person(month.units["LDVL"], role)).get(PAGE).status_code == 403


def test_every_wanted_rate_names_fields_that_are_counted() -> None:
    from app.core.facts import catalogue

    kinds = catalogue()
    for fields in wanted_rates():
        for name in fields:
            kind, _dot, field = name.partition(".")
            assert kinds[kind].field(field) is not None, name
