"""A violation is a failing result, with its single things inside: counted alike everywhere, answered whole or in part,
and explained once where the rule asks for the explanation of an overdue case."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.cases import service as cases
from app.cases.explanations import service as explanations
from app.cases.explanations.models import Explanation
from app.cases.models import Case
from app.compliance import queries
from app.compliance.models import Violation, ViolationChange, ViolationMove, ViolationSubject
from app.compliance.models import ViolationState as State
from app.compliance.runs import output
from app.core.errors import NotAllowed, NotFound
from app.core.periods import Period
from app.organisation.access import Actor
from app.organisation.models import Person, Role, Unit
from app.web.extensions import db
from tests.clock import at
from tests.compliance.conftest import SignIn
from tests.compliance.month import BAC_GIANG, INSPECTOR, JUNE, check
from tests.compliance.pages import table, text_of
from tests.factories import EVERYWHERE, SITE, adopt_packs, finish, make_department, make_person, make_version, receive

DAK_NONG = "dak-nong-2024"
JULY = Period.parse("2024-07")


@dataclass
class Two:
    """LDVL has two cases due on 5 June, closed on the 20th; neither was explained (by 11 June) nor apologised for."""

    units: dict[str, Unit]
    first: Case
    second: Case
    head: Person

    @property
    def codes(self) -> set[str]:
        return {self.first.code, self.second.code}


@pytest.fixture
def two(session: Any) -> Two:
    adopt_packs()
    units = make_department()
    version = make_version(units["LDVL"], ("Thẩm định", units["LDVL"], 2), days=2)
    late = [receive(version, at(f"2024-06-03 08:{minute}0"), name) for minute, name in enumerate(("An", "Bình"))]
    for case in late:
        finish(case, at("2024-06-20 08:00"))
    return Two(units, *late, make_person(units["LDVL"], Role.HEAD))


def raised(rule: str, report: Any) -> Any:
    (found,) = [each for each in report.violations if each.violation.rule == rule and each.unit.code == "LDVL"]
    return found


def kept(rule: str, period: Period = JUNE) -> Violation:
    key = Violation.key.endswith(f"/{rule}/LDVL/{period.key}")
    found = db.session.scalars(select(Violation).where(key)).one()
    db.session.refresh(found)
    return found


def states(violation: Violation) -> dict[str, State]:
    chosen = select(ViolationSubject.subject, ViolationSubject.state).where(
        ViolationSubject.violation_id == violation.id, ViolationSubject.gone_run_id.is_(None)
    )
    return dict(db.session.execute(chosen).all())


def changes(found: Any) -> dict[str, ViolationChange]:
    return {each.subject: each.change for each in found.subjects}


# --- one cell, and what is inside it ------------------------------------------------------------------------------


def test_a_check_says_what_is_new_going_on_and_gone_down_to_the_single_thing(two: Two) -> None:
    new, going_on, gone = ViolationChange.NEW, ViolationChange.PERSISTING, ViolationChange.GONE
    first = raised("dn-3a", check(pack_ids=[DAK_NONG]))
    assert (first.change, changes(first)) == (new, dict.fromkeys(two.codes, new))
    again = raised("dn-3a", check(pack_ids=[DAK_NONG]))
    assert (again.change, changes(again)) == (going_on, dict.fromkeys(two.codes, going_on))
    cases.correct(EVERYWHERE, INSPECTOR, two.second.id, 1, reason="Ghi nhầm ngày", at=at("2024-06-18 09:00"))
    report = check(pack_ids=[DAK_NONG])
    assert changes(raised("dn-3a", report)) == {two.first.code: going_on, two.second.code: gone}
    told = next(each for each in output.report_json(report)["violations"] if each["rule"] == "dn-3a")
    assert told["key"] == f"{DAK_NONG}/dn-3a/LDVL/2024-06"
    assert {each["id"]: (each["status"], each["change"]) for each in told["subjects"]} == {
        two.first.code: ("missing", "persisting"),
        two.second.code: (None, "gone"),
    }
    assert changes(raised("dn-3a", check(pack_ids=[DAK_NONG]))) == {two.first.code: going_on}
    assert db.session.scalar(select(func.count()).select_from(Violation).where(Violation.rule == "dn-3a")) == 1


def test_a_thing_that_comes_back_is_open_again_and_the_violation_with_it(two: Two, as_head_of: Any) -> None:
    check(pack_ids=[DAK_NONG])
    as_head_of(kept("dn-3a"), "Bận chuyển trụ sở")
    assert kept("dn-3a").state is State.EXPLAINED
    number = cases.correct
    number(EVERYWHERE, INSPECTOR, two.second.id, 1, reason="Ghi nhầm ngày", at=at("2024-06-18 09:00"))
    check(pack_ids=[DAK_NONG])
    assert states(kept("dn-3a")) == {two.first.code: State.EXPLAINED}
    number(EVERYWHERE, INSPECTOR, two.second.id, 1, reason="Ghi đúng rồi", at=at("2024-06-03 08:10"))
    found = raised("dn-3a", check(pack_ids=[DAK_NONG]))
    assert changes(found)[two.second.code] is ViolationChange.NEW
    assert states(kept("dn-3a")) == {two.first.code: State.EXPLAINED, two.second.code: State.OPEN}
    assert kept("dn-3a").state is State.OPEN, "it stands where the thing least far answered stands"


@pytest.fixture
def as_head_of(two: Two) -> Callable[..., Violation]:
    from app.compliance.violations import answering

    def explain(found: Violation, reason: str, subjects: list[str] | None = None) -> Violation:
        by = Actor.of(two.head)
        return answering.explain_violation(EVERYWHERE, by, found.id, State.EXPLAINED, reason, found.revision, subjects)

    return explain


def test_some_of_the_things_are_answered_at_once_and_each_keeps_who_when_and_why(
    two: Two, as_head_of: Any, sign_in: SignIn
) -> None:
    check(pack_ids=[DAK_NONG])
    as_head_of(kept("dn-3a"), "Bận chuyển trụ sở", [two.first.code])
    assert states(kept("dn-3a")) == {two.first.code: State.EXPLAINED, two.second.code: State.OPEN}
    assert kept("dn-3a").state is State.OPEN
    move = db.session.scalars(select(ViolationMove)).one()
    assert (move.subjects, move.reason, move.actor) == ([two.first.code], "Bận chuyển trụ sở", two.head.full_name)
    with pytest.raises(NotAllowed, match=re.escape(two.first.code)):
        as_head_of(kept("dn-3a"), "Lần nữa", [two.first.code])
    with pytest.raises(NotFound):
        as_head_of(kept("dn-3a"), "Việc lạ", ["H-KHONG-CO"])
    page, found = sign_in(two.head), kept("dn-3a")
    data = {"to": "explained", "reason": "Như trên", "revision": str(found.revision), "choosing": "1"}
    refused = page.post(f"/kiem-tra/vi-pham/{found.id}", data=data)
    assert refused.status_code == 422
    assert "Hãy chọn ít nhất một việc" in refused.get_data(as_text=True)
    assert page.post(f"/kiem-tra/vi-pham/{found.id}", data=data | {"subjects": two.second.code}).status_code == 302
    assert kept("dn-3a").state is State.EXPLAINED


# --- one explanation ----------------------------------------------------------------------------------------------


def decide(two: Two, code: str, accepted: bool) -> None:
    inspector = Actor.of(make_person(two.units["VP"], Role.INSPECTOR))
    latest = (
        select(Explanation)
        .join(Case, Case.id == Explanation.case_id)
        .where(Case.code == code)
        .order_by(Explanation.id.desc())
    )
    sent = db.session.scalars(latest).first()
    assert sent is not None
    explanations.receive_explanations(SITE, inspector, [sent.id])
    words = "" if accepted else "Nêu rõ trách nhiệm cá nhân."
    director = Actor.of(make_person(two.units["SO"], Role.DIRECTOR))
    explanations.decide(SITE, director, sent.case_id, sent.id, accepted=accepted, words=words, revision=sent.revision)


def test_explaining_the_violation_is_explaining_the_overdue_case(two: Two, sign_in: SignIn) -> None:
    check(pack_ids=[BAC_GIANG])
    found = kept("bg-5.3")
    assert states(found) == dict.fromkeys(two.codes, State.OPEN)
    client = sign_in(two.head)
    data = {"to": "explained", "reason": "Máy chủ hỏng ba ngày", "revision": str(found.revision), "choosing": "1"}
    address = f"/kiem-tra/vi-pham/{found.id}"
    assert client.post(address, data=data | {"subjects": two.first.code}).status_code == 302
    sent = db.session.scalars(select(Explanation)).one()
    assert (sent.case_id, sent.text, sent.by_head) == (two.first.id, "Máy chủ hỏng ba ngày", True)
    assert db.session.scalar(select(func.count()).select_from(ViolationMove)) == 0, "one record, and no second one"
    assert states(kept("bg-5.3")) == {two.first.code: State.EXPLAINED, two.second.code: State.OPEN}
    for page in (address, f"/ho-so/{two.first.id}/giai-trinh"):
        assert "Máy chủ hỏng ba ngày" in text_of(client.get(page))
    assert "Đã gửi" in text_of(client.get("/ho-so/giai-trinh?ky=2024-06"))


def test_what_is_decided_on_the_explanation_is_decided_on_the_violation(
    two: Two, as_head_of: Any, freeze: Callable[..., Any]
) -> None:
    check(pack_ids=[BAC_GIANG])
    as_head_of(kept("bg-5.3"), "Máy chủ hỏng ba ngày")
    assert kept("bg-5.3").state is State.EXPLAINED
    decide(two, two.first.code, accepted=False)
    assert states(kept("bg-5.3")) == {two.first.code: State.RETURNED, two.second.code: State.EXPLAINED}
    assert kept("bg-5.3").state is State.RETURNED
    explanations.explain(EVERYWHERE, Actor.of(two.head), [two.first.id], "Đã nêu rõ")  # on the other page
    assert kept("bg-5.3").state is State.EXPLAINED
    for code in two.codes:
        decide(two, code, accepted=True)
    assert kept("bg-5.3").state is State.ACCEPTED
    again = raised("bg-5.3", check(pack_ids=[BAC_GIANG]))
    assert again.change is ViolationChange.PERSISTING, "June was broken all the same"
    assert kept("bg-5.3").state is State.ACCEPTED
    freeze("2024-08-01 08:00")
    july = check(JULY, pack_ids=[BAC_GIANG])
    assert not [each for each in july.violations if each.violation.rule == "bg-5.3"]


def test_a_case_explained_before_the_check_is_not_asked_for_again(two: Two) -> None:
    explanations.explain(EVERYWHERE, Actor.of(two.head), [two.first.id, two.second.id], "Nộp muộn, ngày 01/07")
    check(pack_ids=[BAC_GIANG])
    assert kept("bg-5.3").state is State.EXPLAINED
    waiting = queries.lines_of(EVERYWHERE, [each.id for each in queries.to_answer(EVERYWHERE)])
    assert "bg-5.3" not in {line.rule for line in waiting if line.unit.code == "LDVL"}


def test_an_inspector_is_sent_to_where_explanations_are_decided(two: Two, as_head_of: Any, sign_in: SignIn) -> None:
    check(pack_ids=[BAC_GIANG])
    as_head_of(kept("bg-5.3"), "Máy chủ hỏng")
    found = kept("bg-5.3")
    client = sign_in(make_person(two.units["VP"], Role.INSPECTOR))
    data = {"to": "accepted", "reason": "Đồng ý", "revision": str(found.revision)}
    refused = client.post(f"/kiem-tra/vi-pham/{found.id}/y-kien", data=data)
    assert refused.status_code == 422
    page = refused.get_data(as_text=True)
    assert "quyết định ở trang Giải trình quá hạn" in page
    assert f'href="/ho-so/{two.first.id}/giai-trinh"' in page
    assert kept("bg-5.3").state is State.EXPLAINED


# --- one count ----------------------------------------------------------------------------------------------------


def number(pattern: str, text: str) -> int:
    found = re.search(pattern, text)
    assert found is not None, f"{pattern!r} is not in {text[:3000]}"
    return int(found[1])


def test_every_page_and_command_counts_the_same_violations(two: Two, app: Flask, sign_in: SignIn) -> None:
    run = ["check", "run", "--period", "2024-06"]
    printed = app.test_cli_runner().invoke(args=[*run, "--format", "json"])
    told = json.loads(printed.stdout)
    cells = {(each["pack"], each["rule"], each["unit"]) for each in told["results"] if each["status"] == "fail"}
    keys = {f"{pack}/{rule}/{unit}/2024-06" for pack, rule, unit in cells}
    n, ours = len(cells), sum(unit == "LDVL" for _pack, _rule, unit in cells)
    assert n > ours > 3
    assert {each["key"] for each in told["violations"]} == keys
    assert set(db.session.scalars(select(Violation.key))) == keys
    table_printed = app.test_cli_runner().invoke(args=run)
    tried = app.test_cli_runner().invoke(args=[*run, "--what-if", "explanation_days=3"])
    verified = app.test_cli_runner().invoke(args=["check", "verify", str(told["run"])])
    for printed in (table_printed, tried, verified):
        assert number(r"(\d+) vi phạm", printed.stderr) == n, printed.stderr
    inspector = sign_in(make_person(two.units["VP"], Role.INSPECTOR))
    assert number(r"(\d+) vi phạm", text_of(inspector.get("/kiem-tra"))) == n
    assert number(r"Danh sách vi phạm \((\d+)\)", text_of(inspector.get("/kiem-tra/vi-pham"))) == n
    assert number(r"Toàn bộ (\d+)", text_of(inspector.get("/kiem-tra/cac-lan"))) == n
    assert number(r"và (\d+) vi phạm", text_of(inspector.get(f"/kiem-tra/{told['run']}/phan-xet-lai"))) == n
    assert number(r"Vi phạm trong lần kiểm tra này \((\d+)\)", text_of(inspector.get(f"/kiem-tra/{told['run']}"))) == n
    assert len(table(inspector.get("/kiem-tra/vi-pham.csv"))) == n
    rows = table(inspector.get(f"/kiem-tra/{told['run']}/ket-qua.csv"))
    assert sum(row["Kết quả"] == "Vi phạm" for row in rows) == n
    assert len(inspector.get(f"/kiem-tra/{told['run']}/ket-qua.json").get_json()["violations"]) == n
    head = sign_in(two.head)
    assert number(r"(\d+) vi phạm", text_of(head.get("/kiem-tra"))) == ours
    mine = text_of(head.get("/kiem-tra/vi-pham/cua-don-vi"))
    assert number(r"(\d+) còn tồn tại", mine) + number(r"(\d+) vi phạm mới", mine) == ours
    assert number(r"gồm (\d+) vi phạm", mine) == ours
    assert len(queries.to_answer(EVERYWHERE)) == n
