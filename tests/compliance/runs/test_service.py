"""A run of the check on recorded cases: verdicts, violations over several runs, refusals, answers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from sqlalchemy import func, select

from app.cases.models import CaseEvent
from app.cases.service import correct
from app.cases.vocabulary import EventKind
from app.compliance.adoption import repository
from app.compliance.models import (
    CheckResult,
    CheckRun,
    PackText,
    RunViolation,
    Violation,
    ViolationChange,
    ViolationMove,
)
from app.compliance.models import ViolationState as State
from app.compliance.months.closing import close
from app.compliance.runs import evidence, service
from app.compliance.runs.output import report_json
from app.compliance.violations import answering, raising
from app.core import facts
from app.core.errors import Conflict, DomainError, NotAllowed, NotFound
from app.core.periods import Period
from app.organisation.access import Actor, Scope
from app.organisation.models import AuditEntry, Role, Unit
from app.rulepacks.language import Status
from app.rulepacks.loader import pack_from_texts
from app.rulepacks.pack import Pack
from app.web.extensions import db
from tests.clock import at
from tests.compliance.month import BAC_GIANG, DEPARTMENT, INSPECTOR, JUNE, PROVINCE, Month, changes, check, statuses
from tests.factories import (
    EVERYWHERE,
    SITE,
    adopt_packs,
    happen,
    make_department,
    make_person,
    make_version,
    pay,
    receive,
)

HEAD = Actor("Nguyễn Văn Trưởng")
ELSEWHERE = Scope(SITE, frozenset({-1}))


def count(table: Any) -> int:
    return db.session.scalar(select(func.count()).select_from(table)) or 0


def violation(rule: str, unit: str = "NCC") -> Violation:
    key = f"/{rule}/{unit}/"
    found = db.session.scalars(select(Violation).where(Violation.key.contains(key))).all()
    assert len(found) == 1, f"{len(found)} violations of {key}"
    return found[0]


# --- verdicts on real records -----------------------------------------------------------------------------------


def test_exactly_35_percent_keeps_the_departments_plan_and_breaks_the_provinces(month: Month) -> None:
    report = check()
    found = {r.rule: r for r in report.judgement.results if r.unit == "LDVL" and r.rule.endswith("2c.2")}
    assert (found["khd-2c.2"].status, found["khp-2c.2"].status) == (Status.PASS, Status.FAIL)
    for result in found.values():
        assert (result.numerator, result.denominator) == (7, 20)
    assert found["khp-2c.2"].shortfall == 1


def test_a_fee_due_and_no_payment_recorded_is_no_data(month: Month) -> None:
    assert statuses(check(), "NCC")["khd-2c.2"] is Status.NO_DATA


def test_a_unit_without_a_case_is_judged_and_nothing_applies_to_it(month: Month) -> None:
    assert set(statuses(check(), "TTDVVL").values()) == {Status.NOT_APPLICABLE}


def test_a_case_resolved_and_never_closed_breaks_footnote_4(month: Month) -> None:
    report = check()
    assert statuses(report, "NCC")["bg-5.2"] is Status.FAIL
    assert statuses(report, "LDVL")["bg-5.2"] is Status.PASS
    result = next(r for r in report.judgement.results if (r.rule, r.unit) == ("bg-5.2", "NCC"))
    assert (result.numerator, result.denominator, result.shortfall) == (
        0,
        1,
        1,
    )  # never closed; who is merely late is bg-5.1's


def test_every_unit_has_a_result_for_every_rule(month: Month) -> None:
    report = check()
    rules = sum(len(pack.rules) for pack in report.packs)
    assert len(report.judgement.results) == count(CheckResult) == rules * len(month.units)


def test_a_file_digitised_after_the_month_does_not_change_the_month(month: Month, freeze: Callable[[str], Any]) -> None:
    version = make_version(month.units["TTDVVL"])
    case = receive(version, at("2024-06-28 08:00"))
    before = check()
    assert statuses(before, "TTDVVL")["khd-2b.1-files"] is Status.FAIL
    freeze("2024-07-10 08:00")
    happen(case, EventKind.FILES_DIGITISED, at("2024-07-02 08:00"))
    after = check()
    assert statuses(after, "TTDVVL")["khd-2b.1-files"] is Status.FAIL
    of_cases = [[r for r in report.judgement.results if r.rule.startswith("khd-2")] for report in (before, after)]
    assert of_cases[0] == of_cases[1]


def test_what_is_recorded_long_after_a_month_leaves_its_facts_as_they_were(
    month: Month, freeze: Callable[[str], Any]
) -> None:
    freeze("2024-11-04 08:00")
    before = check()
    freeze("2025-02-03 08:00")
    case = receive(make_version(month.units["TTDVVL"], code="9.1"), at("2025-02-03 07:30"))
    assert case.code
    assert check().facts_hash == before.facts_hash


def test_a_month_still_running_is_judged_up_to_now(session: Any, freeze: Callable[[str], Any]) -> None:
    freeze("2024-06-05 12:00")
    version = make_version(make_department()["NCC"], days=5)
    receive(version, at("2024-06-03 08:00"))
    adopt_packs()
    report = check()
    assert report.as_of == at("2024-06-05 12:00")
    assert statuses(report, "NCC")["bg-5.1"] is Status.NOT_APPLICABLE  # nothing is due yet
    freeze("2024-06-11 08:00")
    report = check()
    assert statuses(report, "NCC")["bg-5.1"] is Status.FAIL
    assert report.violations == (), "it warns, and asks nobody to answer before the month has ended"
    freeze("2024-07-01 08:00")
    assert changes(check())["bg-5.1", "NCC"] == "new"


def test_a_quarter_is_judged_like_a_month_and_asks_for_no_second_answer(month: Month) -> None:
    report = check(Period.parse("2024-Q2"))
    assert statuses(report, "LDVL")["khp-2c.2"] is Status.FAIL
    assert ("khp-2c.2", "LDVL") not in changes(report)
    assert all(raised.violation.period == "2024-Q2" for raised in report.violations)
    assert "month" not in {kind for raised in report.violations for kind in raised.rule.judge.every}


# --- what a run keeps -------------------------------------------------------------------------------------------


def test_a_run_keeps_what_it_was_told_and_the_texts_it_used(month: Month) -> None:
    report = check()
    assert report.run is not None
    kept = db.session.get(CheckRun, report.run.id)
    assert kept is not None
    told = evidence.unpack(kept.facts)
    figures = {"eligible": 20, "online": 7, "due": 1, "unknown_due": 0}
    assert {"kind": "payment", "unit": "LDVL", "period": "2024-06", **figures} in told
    assert evidence.digest(evidence.canonical(told)) == kept.facts_hash == report.facts_hash
    assert {row.hash for row in db.session.scalars(select(PackText))} == {used["hash"] for used in kept.packs}


def test_two_runs_are_told_the_same_and_keep_each_text_once(month: Month) -> None:
    first, second = check(), check()
    assert first.facts_hash == second.facts_hash
    assert count(PackText) == len(first.packs)


def test_a_run_leaves_one_audit_entry(month: Month) -> None:
    before = count(AuditEntry)
    report = check()
    entries = db.session.scalars(select(AuditEntry).order_by(AuditEntry.number.desc())).all()
    assert len(entries) == before + 1
    assert (entries[0].action, entries[0].actor) == ("run_check", "Trần Thị Thanh Tra")
    assert report.run is not None
    assert entries[0].subject_id == str(report.run.id)


def test_a_run_that_fails_while_writing_leaves_nothing(month: Month, monkeypatch: pytest.MonkeyPatch) -> None:
    before = count(AuditEntry)

    def breaks(*_args: Any) -> None:
        raise RuntimeError("disk full")

    monkeypatch.setattr(service, "raise_violations", breaks)
    with pytest.raises(RuntimeError):
        check()
    assert [count(table) for table in (CheckRun, CheckResult, Violation, RunViolation, PackText)] == [0] * 5
    assert count(AuditEntry) == before


def test_progress_is_told_step_by_step(month: Month) -> None:
    told: list[tuple[int, int, str]] = []
    service.run_check(HEAD, JUNE, progress=lambda done, total, doing: told.append((done, total, doing)))
    assert told == [(0, 3, "facts"), (1, 3, "judging"), (2, 3, "writing"), (3, 3, "done")]


def test_a_what_if_writes_nothing(month: Month) -> None:
    report = service.what_if(JUNE, {"online_payment_rate": "40%"})
    assert report.run is None
    assert statuses(report, "LDVL")["khd-2c.2"] is Status.FAIL
    assert [count(table) for table in (CheckRun, CheckResult, Violation)] == [0, 0, 0]


def test_a_plan_that_allows_a_working_day_more_counts_the_copy_of_the_next_day(session: Any) -> None:
    """Results of Thursday 6 June; copies at once, on Friday, on Monday (two working days later), and none."""
    version = make_version(make_department()["LDVL"])
    adopt_packs()
    for copied in ("2024-06-06 16:00", "2024-06-07 08:00", "2024-06-10 08:00", None):
        case = happen(receive(version, at("2024-06-03 08:00")), EventKind.RESOLVED, at("2024-06-06 08:00"))
        if copied:
            happen(case, EventKind.ISSUED_ELECTRONIC, at(copied))
    behind = "/ho-so?list=not_electronic&period=2024-06"
    for allowed, kept in (("0", 1), ("1", 2), ("2", 3)):
        told = report_json(service.what_if(JUNE, {"electronic_days": allowed}))
        for rule in ("khd-2b.2", "khp-2b.2"):
            (cell,) = [each for each in told["results"] if (each["rule"], each["unit"]) == (rule, "LDVL")]
            assert (cell["numerator"], cell["denominator"]) == (kept, 4)
        (broken,) = [each for each in told["violations"] if (each["rule"], each["unit"]) == ("khd-2b.2", "LDVL")]
        more = f"&allowed={allowed}" if allowed != "0" else ""
        assert broken["evidence"] == f"{behind}&unit=LDVL{more}"


# --- violations over several runs -------------------------------------------------------------------------------


def test_a_second_run_opens_nothing_twice(month: Month) -> None:
    first = check()
    opened = count(Violation)
    second = check()
    assert set(changes(first).values()) == {"new"}
    assert set(changes(second).values()) == {"persisting"}
    assert changes(first).keys() == changes(second).keys()
    assert count(Violation) == opened == len(first.violations)


def test_a_violation_no_longer_found_is_gone_and_is_kept(month: Month) -> None:
    check()
    pay(month.permit, at("2024-06-07 08:00"))
    report = check()
    assert changes(report)["khp-2c.2", "LDVL"] == "gone"
    kept = violation("khp-2c.2", "LDVL")
    assert report.run is not None
    assert kept.gone_run_id == report.run.id
    assert changes(check()).get(("khp-2c.2", "LDVL")) is None  # gone is said once


def test_a_gone_violation_found_again_is_open_again(month: Month) -> None:
    check()
    found = violation("khp-2c.2", "LDVL")
    answering.explain_violation(EVERYWHERE, HEAD, found.id, State.EXPLAINED, "Mạng hỏng", found.revision)
    pay(month.permit, at("2024-06-07 08:00"))
    check()
    take_back_the_last_payment(month)
    report = check()
    assert changes(report)["khp-2c.2", "LDVL"] == "new"
    again = violation("khp-2c.2", "LDVL")
    assert (again.state, again.gone_run_id) == (State.OPEN, None)
    assert report.run is not None
    assert (again.first_run_id, again.last_run_id) != (report.run.id, None)
    of_this = select(ViolationMove).where(ViolationMove.violation_id == again.id)
    moves = db.session.scalars(of_this.order_by(ViolationMove.id)).all()
    assert [(move.from_state, move.to_state) for move in moves] == [
        (State.OPEN, State.EXPLAINED),
        (State.EXPLAINED, State.OPEN),
    ]


def take_back_the_last_payment(month: Month) -> None:
    """It was never made."""
    paid = select(func.max(CaseEvent.number)).where(
        CaseEvent.case_id == month.permit.id, CaseEvent.kind == EventKind.PAID
    )
    number = db.session.scalar(paid)
    assert number
    correct(EVERYWHERE, HEAD, month.permit.id, number, reason="Nhập nhầm", void=True)


def test_an_answered_violation_that_persists_keeps_its_answer(month: Month) -> None:
    check()
    found = violation("bg-5.2")
    answering.explain_violation(EVERYWHERE, HEAD, found.id, State.EXPLAINED, "Quên kết thúc", found.revision)
    assert changes(check())["bg-5.2", "NCC"] == "persisting"
    assert violation("bg-5.2").state is State.EXPLAINED


def test_a_run_of_one_unit_leaves_the_others_violations_alone(month: Month) -> None:
    before = check()
    report = check(unit_codes=["LDVL"])
    assert report.run is not None
    assert report.run.limited
    assert report.run.units == ["LDVL"]
    assert {unit for _rule, unit in changes(report)} == {"LDVL"}
    assert violation("bg-5.2").gone_run_id is None
    assert {result.unit for result in report.judgement.results} == {"LDVL"}
    assert len(before.judgement.results) > len(report.judgement.results)


def test_a_run_of_one_pack_leaves_the_other_packs_violations_alone(month: Month) -> None:
    check()
    report = check(pack_ids=[DEPARTMENT])
    assert [pack.id for pack in report.packs] == [DEPARTMENT]
    assert violation("khp-2c.2", "LDVL").gone_run_id is None
    assert violation("bg-5.2").gone_run_id is None


def test_another_month_has_violations_of_its_own(month: Month, freeze: Callable[[str], Any]) -> None:
    check()
    freeze("2024-08-01 08:00")
    july = check(Period.parse("2024-07"))
    assert changes(july)["bg-5.2", "NCC"] == "new"  # still not closed
    assert count(Violation) == len({*db.session.scalars(select(Violation.key))})


def test_a_violation_whose_rule_was_taken_out_of_its_pack_is_gone(month: Month) -> None:
    check()
    adopt_packs(without_rule(repository.pack(BAC_GIANG), "bg-5.2"), since=date(2024, 6, 1))
    report = check()
    assert "bg-5.2" not in statuses(report, "NCC")
    gone = next(raised for raised in report.violations if raised.violation.rule == "bg-5.2")
    assert gone.change is ViolationChange.GONE
    assert "coi như hồ sơ quá hạn" in gone.rule.legal_basis.quote


def without_rule(pack: Pack, rule_id: str) -> Pack:
    """The pack as it would be read with one rule less."""
    head, *rules = pack.texts["rules.yaml"].split("\n- id: ")
    kept = [rule for rule in rules if not rule.startswith(f"{rule_id}\n")]
    assert len(kept) == len(rules) - 1
    texts = {"pack.yaml": pack.texts["pack.yaml"], "parameters.yaml": pack.texts["parameters.yaml"]}
    return pack_from_texts({**texts, "rules.yaml": "\n- id: ".join((head, *kept))}, facts.catalogue())


def test_the_key_of_a_violation_is_stable() -> None:
    assert raising.key_of(BAC_GIANG, "bg-5.2", "NCC", "2024-06") == "bac-giang-2024/bg-5.2/NCC/2024-06"


def test_the_answer_is_due_in_working_days_from_the_closing(month: Month) -> None:
    close(INSPECTOR, JUNE)  # on Monday 1 July
    assert f"{violation('bg-5.2').answer_due:%d/%m/%Y}" == "08/07/2024"


# --- refusals ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "error", "field"),
    [
        ({"period": Period.parse("2024-08")}, DomainError, "period"),
        ({"pack_ids": ["no-such-pack"]}, NotFound, "pack"),
        ({"unit_codes": ["KHONGCO"]}, NotFound, "unit"),
        ({"period": Period.parse("2019-06")}, DomainError, "period"),  # no pack in force
    ],
)
def test_what_cannot_be_checked_is_refused_and_leaves_nothing(
    month: Month, arguments: dict[str, Any], error: type[DomainError], field: str
) -> None:
    for refused in (service.refuse_impossible, lambda period, p, u: service.run_check(HEAD, period, p, u)):
        with pytest.raises(error) as caught:
            refused(arguments.get("period", JUNE), arguments.get("pack_ids"), arguments.get("unit_codes"))
        assert caught.value.field == field
    assert count(CheckRun) == 0


def test_an_unknown_pack_is_told_which_packs_there_are(month: Month) -> None:
    with pytest.raises(NotFound, match=f"{DEPARTMENT}, {PROVINCE}"):
        check(pack_ids=["no-such-pack"])


# --- answering --------------------------------------------------------------------------------------------------


def answer(found: Violation, role: Role, to: State, reason: str = "Lý do nêu rõ", **changes: Any) -> Violation:
    arguments = {"scope": EVERYWHERE, "revision": found.revision} | changes
    unit = db.session.scalars(select(Unit).where(Unit.code == "NCC")).one()
    by = Actor.of(make_person(unit, role, full_name=HEAD.name))
    verb = answering.explain_violation if to is State.EXPLAINED else answering.decide_violation
    return verb(arguments["scope"], by, found.id, to, reason, arguments["revision"])


def test_a_violation_is_explained_returned_explained_again_accepted_and_remedied(month: Month) -> None:
    check()
    found = violation("bg-5.2")
    for role, to in (
        (Role.HEAD, State.EXPLAINED),
        (Role.INSPECTOR, State.RETURNED),
        (Role.HEAD, State.EXPLAINED),
        (Role.INSPECTOR, State.ACCEPTED),
        (Role.INSPECTOR, State.REMEDIED),
    ):
        found = answer(found, role, to)
        assert found.state is to
    moves = db.session.scalars(select(ViolationMove).order_by(ViolationMove.id)).all()
    assert [move.to_state for move in moves][-1] is State.REMEDIED
    assert all(move.reason == "Lý do nêu rõ" and move.actor == HEAD.name for move in moves)
    entry = db.session.scalars(select(AuditEntry).order_by(AuditEntry.number.desc())).first()
    assert entry is not None
    assert (entry.action, entry.subject_id) == ("move_violation", found.key)


@pytest.mark.parametrize(
    ("role", "to"),
    [
        (Role.HEAD, State.ACCEPTED),  # nobody accepts their own explanation
        (Role.INSPECTOR, State.EXPLAINED),
        (Role.INSPECTOR, State.ACCEPTED),  # not explained yet
        (Role.HEAD, State.REMEDIED),
        (Role.DESK, State.EXPLAINED),
        (Role.HEAD, State.OPEN),
    ],
)
def test_a_move_that_is_not_this_roles_is_refused(month: Month, role: Role, to: State) -> None:
    check()
    with pytest.raises(NotAllowed):
        answer(violation("bg-5.2"), role, to)
    assert violation("bg-5.2").state is State.OPEN
    assert count(ViolationMove) == 0


def test_nobody_says_of_their_own_violation_that_it_is_remedied(month: Month) -> None:
    check()
    for role, to in ((Role.HEAD, State.EXPLAINED), (Role.INSPECTOR, State.ACCEPTED)):
        answer(violation("bg-5.2"), role, to)
    with pytest.raises(NotAllowed):
        answer(violation("bg-5.2"), Role.HEAD, State.REMEDIED)
    with pytest.raises(NotAllowed):  # nor by the verb that is theirs
        answering.explain_violation(
            EVERYWHERE, HEAD, violation("bg-5.2").id, State.REMEDIED, "Đã xong", violation("bg-5.2").revision
        )
    assert violation("bg-5.2").state is State.ACCEPTED


def test_a_move_needs_words(month: Month) -> None:
    check()
    with pytest.raises(DomainError) as caught:
        answer(violation("bg-5.2"), Role.HEAD, State.EXPLAINED, "  \n ")
    assert caught.value.field == "reason"


def test_two_people_answering_at_once_is_a_conflict(month: Month) -> None:
    check()
    found = violation("bg-5.2")
    seen = found.revision
    answer(found, Role.HEAD, State.EXPLAINED)
    with pytest.raises(Conflict):
        answer(found, Role.INSPECTOR, State.ACCEPTED, revision=seen)
    assert violation("bg-5.2").state is State.EXPLAINED


def test_a_violation_outside_the_scope_is_not_found(month: Month) -> None:
    check()
    with pytest.raises(NotFound):
        answer(violation("bg-5.2"), Role.HEAD, State.EXPLAINED, scope=ELSEWHERE)
