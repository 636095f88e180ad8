"""The same figure under two plans: one finding with two legal bases, answered once."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from app.cases.vocabulary import PaymentChannel
from app.compliance import queries
from app.compliance.adoption import repository
from app.compliance.models import ViolationMove
from app.compliance.models import ViolationState as State
from app.compliance.queries import ViolationFilter
from app.compliance.violations.findings import Finding, findings_of, same_finding
from app.web.extensions import db
from tests.clock import at
from tests.compliance.conftest import SignIn
from tests.compliance.month import Month, check
from tests.compliance.pages import text_of, violation
from tests.factories import EVERYWHERE, pay


@pytest.fixture
def both(month: Month) -> Month:
    """June with 7 of 21 payments online in LDVL: below the Department's 35 % and below the Province's."""
    pay(month.permit, at("2024-06-07 08:00"), channel=PaymentChannel.IN_PERSON)
    check()
    return month


def findings() -> list[Finding]:
    lines = queries.violation_page(EVERYWHERE, ViolationFilter(standing=True), limit=200).rows
    rules = {(pack.id, rule.id): rule for pack, rule in repository.every_rule(repository.present().values())}
    return findings_of(lines, rules)


def test_two_plans_on_one_figure_are_one_finding_and_two_violations(both: Month) -> None:
    (found,) = [each for each in findings() if each.first.unit.code == "LDVL" and "2c.2" in each.first.rule]
    assert {line.rule for line in found.violations} == {"khd-2c.2", "khp-2c.2"}
    assert sum(len(each.violations) for each in findings()) > len(findings())


def test_the_whole_department_and_a_units_part_are_two_findings(both: Month) -> None:
    bases = [{line.rule for line in each.violations} for each in findings() if "2c.2" in each.first.rule]
    assert {"khd-2c.2", "khp-2c.2"} in bases
    (of_whole,) = [each for each in findings() if each.first.unit.code == "SO" and "2c.2" in each.first.rule]
    assert {line.unit.code for line in of_whole.violations} == {"SO"}


def test_one_answer_is_written_to_every_violation_of_the_finding(
    both: Month, as_head: Callable[[str], FlaskClient]
) -> None:
    found = violation("khd-2c.2", "LDVL")
    assert [other.rule for other in same_finding(EVERYWHERE, found.id)] == ["khp-2c.2"]
    head = as_head("LDVL")
    page = text_of(head.get(f"/kiem-tra/vi-pham/{found.id}"))
    assert "Cùng số liệu này, theo văn bản khác" in page
    assert "KHP-2C.2" in page
    data = {"to": "explained", "reason": "Máy thanh toán hỏng hai ngày", "revision": str(found.revision)}
    assert head.post(f"/kiem-tra/vi-pham/{found.id}", data=data).status_code == 302
    assert violation("khp-2c.2", "LDVL").state is violation("khd-2c.2", "LDVL").state is State.EXPLAINED
    assert {move.reason for move in db.session.query(ViolationMove)} == {"Máy thanh toán hỏng hai ngày"}
    assert db.session.query(ViolationMove).count() == 2
    assert violation("khd-2c.2", "SO").state is State.OPEN  # the whole is the Department's to answer


def test_what_is_not_the_same_figure_is_not_answered_with_it(
    both: Month, as_head: Callable[[str], FlaskClient]
) -> None:
    found = violation("bg-5.1")
    assert same_finding(EVERYWHERE, found.id) == []
    data = {"to": "explained", "reason": "Cán bộ nghỉ ốm", "revision": str(found.revision)}
    as_head("NCC").post(f"/kiem-tra/vi-pham/{found.id}", data=data)
    assert violation("bg-5.2").state is State.OPEN


def test_an_answer_that_is_refused_leaves_the_whole_finding_as_it_was(
    both: Month, as_head: Callable[[str], FlaskClient]
) -> None:
    found = violation("khd-2c.2", "LDVL")
    data = {"to": "explained", "reason": "x", "revision": str(found.revision + 5)}
    assert as_head("LDVL").post(f"/kiem-tra/vi-pham/{found.id}", data=data).status_code == 422
    assert violation("khp-2c.2", "LDVL").state is State.OPEN
    assert db.session.query(ViolationMove).count() == 0


def test_a_heads_page_shows_a_finding_once_with_its_bases_and_says_what_it_counts(
    both: Month, as_head: Callable[[str], FlaskClient], sign_in: SignIn
) -> None:
    page = text_of(as_head("LDVL").get("/kiem-tra/vi-pham/cua-don-vi"))
    assert "1 vấn đề, gồm 2 vi phạm" in page
    assert "một vấn đề, 2 căn cứ" in page
