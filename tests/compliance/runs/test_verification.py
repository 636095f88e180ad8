"""Single things through a whole run, history from earlier runs, and judging a kept run again."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update

from app.cases import service as cases
from app.cases.models import Case
from app.cases.vocabulary import EventKind
from app.compliance.adoption import repository
from app.compliance.models import (
    CheckResult,
    CheckRun,
    PackText,
    RunViolation,
    Violation,
    ViolationChange,
    ViolationState,
    ViolationSubject,
)
from app.compliance.months import proving, sealing
from app.compliance.months.closing import close
from app.compliance.runs import evidence, output, service
from app.compliance.runs.verification import RunVerification, verify_run
from app.core import facts
from app.core.errors import NotFound
from app.core.periods import Period
from app.rulepacks.language import Severity, Status
from app.rulepacks.loader import pack_from_texts
from app.web.extensions import db
from tests.clock import at
from tests.compliance import sample
from tests.compliance.month import DIRECTOR, INSPECTOR, Month, check, make_june
from tests.factories import EVERYWHERE, adopt_packs, happen
from tests.grounds import Grounds

JULY = Period.parse("2024-07")

RULES: list[dict[str, Any]] = [
    sample.changed(
        sample.THING_RULE,
        id="own-1",
        judge={"each": "case_overdue", "every": "month"},
        fails_when={"case_overdue.days_late": {"at_least": 0}},
        message=sample.words("{subject} quá hạn, hẹn trả {due} ({unit})"),
    ),
    sample.changed(
        sample.DUTY_RULE,
        id="own-2",
        judge={"each": "case_overdue", "every": "month"},
        requires={
            "case_overdue": {
                "where": {"case_overdue.days_late": {"more_than": 1000}},
                "done_on": "case_overdue.due",
                "within": {"working_days": 3, "after": "case_overdue.due"},
            }
        },
    ),
    sample.changed(sample.ESCALATION, id="own-3", judge={"each": "rule", "every": "month"}),
]


@pytest.fixture
def month(ground: Grounds) -> Month:
    return ground(make_month)


def make_month() -> Month:
    """June, judged by a pack of rules about single cases as well."""
    texts = sample.texts(rules=RULES, info=sample.INFO | {"id": "own-plan"})
    own = pack_from_texts(texts, facts.catalogue())
    june = make_june()
    adopt_packs(*repository.seeds().packs, own)
    return june


def results(rule: str, report: service.CheckReport) -> dict[str, Any]:
    return {result.unit: result for result in report.judgement.results if result.rule == rule}


def raised(rule: str, report: service.CheckReport) -> dict[str, ViolationChange]:
    of_rule = [found for found in report.violations if found.violation.rule == rule]
    assert len({found.unit.code for found in of_rule}) == len(of_rule) <= 1
    return {each.subject: each.change for found in of_rule for each in found.subjects}


def came_later(case: Case) -> None:
    """Its reception was recorded wrongly and is put right, which alone takes a breach back."""
    cases.correct(EVERYWHERE, INSPECTOR, case.id, 1, reason="Ghi nhầm ngày tiếp nhận", at=at("2024-06-18 09:00"))


# --- single things in a run -------------------------------------------------------------------------------------


def test_the_overdue_cases_of_a_unit_are_one_violation_with_each_of_them_inside(month: Month) -> None:
    report = check()
    result = results("own-1", report)["NCC"]
    assert (result.status, result.numerator, result.denominator) == (Status.FAIL, 0, 2)
    codes = {month.not_closed.code, month.late.code}
    assert raised("own-1", report) == dict.fromkeys(codes, ViolationChange.NEW)
    keys = set(db.session.scalars(select(Violation.key).where(Violation.rule == "own-1")))
    assert keys == {"own-plan/own-1/NCC/2024-06"}
    assert set(db.session.scalars(select(ViolationSubject.subject))) >= codes


def test_a_second_run_opens_no_case_twice_and_tells_which_is_gone(month: Month) -> None:
    check()
    assert set(raised("own-1", check()).values()) == {ViolationChange.PERSISTING}
    came_later(month.late)
    assert raised("own-1", check()) == {
        month.not_closed.code: ViolationChange.PERSISTING,
        month.late.code: ViolationChange.GONE,
    }
    again = raised("own-1", check())
    assert again == {month.not_closed.code: ViolationChange.PERSISTING}


def test_the_message_speaks_of_the_case(month: Month) -> None:
    report = check()
    told = output.report_json(report)["violations"]
    (found,) = [each for each in told if each["rule"] == "own-1"]
    of_case = {each["id"]: each for each in found["subjects"]}[month.late.code]
    assert of_case["message"].startswith(f"{month.late.code} quá hạn, hẹn trả ")
    assert of_case["figures"]["facts"]["days_late"] >= 0
    assert (found["figures"]["numerator"], found["figures"]["denominator"]) == (0, 2)
    assert "2 hồ sơ vi phạm (" in found["message"]
    assert "2 cases in breach (" in found["message_en"]


def test_what_is_not_yet_due_is_kept_with_the_result(month: Month) -> None:
    run = check().run
    assert run is not None
    rows = db.session.scalars(select(CheckResult).where(CheckResult.run_id == run.id, CheckResult.rule == "own-2"))
    tallies = [row.figures.get("tally") for row in rows if row.figures.get("tally")]
    assert tallies
    assert sum(sum(tally.values()) for tally in tallies) == 2


# --- history ----------------------------------------------------------------------------------------------------


def rows_of(report: service.CheckReport) -> dict[tuple[str, str], Any]:
    """What the run was told of earlier periods, by unit and rule."""
    assert report.run is not None
    told = evidence.unpack(report.run.facts)
    return {(fact["unit"], fact["subject"]): fact for fact in told if fact["kind"] == "earlier_failure"}


def test_what_failed_in_the_period_before_is_judged_from_its_facts_whether_it_was_checked_or_not(month: Month) -> None:
    told = rows_of(service.run_check(INSPECTOR, JULY, ["own-plan"]))
    fact = told["NCC", "own-plan/own-1"]
    assert (fact["periods"], fact["listed"]) == (1, "2024-06")
    check()
    assert rows_of(service.run_check(INSPECTOR, JULY, ["own-plan"])) == told
    assert rows_of(check(pack_ids=["own-plan"])) == {}


def test_a_rule_broken_in_two_months_on_end_escalates_in_the_second(
    month: Month, freeze: Callable[[datetime | str], datetime]
) -> None:
    first = results("own-3", check())["NCC"]
    assert first.status is Status.PASS
    freeze("2024-08-01 08:00")
    second = service.run_check(INSPECTOR, JULY, ["own-plan"])
    result = results("own-3", second)["NCC"]
    assert result.status is Status.FAIL
    assert "own-1" in {found.subject for found in result.failing}
    told = next(v for v in output.report_json(second)["violations"] if v["rule"] == "own-3")
    message = {each["id"]: each["message"] for each in told["subjects"]}["own-1"]
    assert "2 kỳ liên tiếp, Tháng 6/2024, Tháng 7/2024" in message


def test_the_whole_that_an_office_leads_is_judged_before_by_the_figures_of_every_unit(month: Month) -> None:
    """NCC alone has cases, two of them late in June and one still open in July; the Office answers for all units."""
    led = sample.changed(
        sample.RATE_RULE,
        id="own-4",
        judge={"whole": "department", "lead": "office", "every": "month"},
        rate={"count": "timeliness.on_time", "among": "timeliness.judged"},
        target={"at_least": "100%"},
    )
    texts = sample.texts(rules=[led, RULES[-1]], info=sample.INFO | {"id": "own-led"})
    adopt_packs(pack_from_texts(texts, facts.catalogue()))
    july = service.run_check(INSPECTOR, JULY, ["own-led"])
    assert [unit for unit, each in results("own-4", july).items() if each.status is Status.FAIL] == ["VP"]
    assert rows_of(july)["VP", "own-led/own-4"]["listed"] == "2024-06"


def test_what_a_stored_result_says_changes_no_escalation(month: Month) -> None:
    run = check().run
    assert run is not None
    db.session.execute(update(CheckResult).where(CheckResult.run_id == run.id).values(status=Status.PASS))
    db.session.commit()
    assert ("NCC", "own-plan/own-1") in rows_of(service.run_check(INSPECTOR, JULY, ["own-plan"]))


def test_what_was_broken_before_is_no_drift_of_a_sealed_month(
    month: Month,
    app: Flask,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    freeze: Callable[[datetime | str], datetime],
) -> None:
    """July was told what June had broken already: judged again, it is told the same."""
    settings = app.config["SETTINGS"].model_copy(update={"seal_key": tmp_path / "seal_key"})
    monkeypatch.setitem(app.config, "SETTINGS", settings)
    freeze("2024-08-02 08:00")
    close(INSPECTOR, JULY)
    db.session.execute(update(Violation).values(state=ViolationState.ACCEPTED))
    db.session.commit()
    sealed = sealing.seal(DIRECTOR, JULY)
    told = evidence.unpack(sealing.files_of(sealed)[sealing.FACTS])
    assert ("earlier_failure", "NCC") in {(fact["kind"], fact["unit"]) for fact in told}
    assert not proving.drift(sealed).is_there


# --- judging again ----------------------------------------------------------------------------------------------


def verified() -> RunVerification:
    run_id = db.session.scalar(select(CheckRun.id).order_by(CheckRun.id.desc()).limit(1))
    assert run_id is not None
    db.session.expire_all()
    return verify_run(run_id)


def test_a_run_judged_again_agrees_to_the_last_figure(month: Month) -> None:
    report = check()
    verification = verified()
    assert verification.agrees
    assert verification.results == len(report.judgement.results)
    assert verification.violations == len([v for v in report.violations if v.change is not ViolationChange.GONE])


def test_it_agrees_after_records_and_calendar_have_changed(month: Month) -> None:
    check()
    db.session.execute(update(type(month.late)).values(due_at=None, ended_at=None))
    db.session.commit()
    assert verified().agrees


def test_a_run_whose_violations_are_gone_agrees_as_well(month: Month) -> None:
    check()
    came_later(month.late)
    happen(month.not_closed, EventKind.CLOSED, at("2024-06-05 09:30"))  # recorded late, done in time
    (gone,) = [found for found in check().violations if found.violation.rule == "own-1"]
    assert gone.change is ViolationChange.GONE
    assert {thing.subject for thing in gone.cell.things} == {month.not_closed.code, month.late.code}
    assert verified().agrees


def said(verification: RunVerification) -> str:
    assert not verification.agrees
    return "\n".join(map(str, verification.disagreements))


def test_a_changed_fact_is_caught_and_named(month: Month) -> None:
    check()
    run = db.session.scalars(select(CheckRun)).one()
    told = evidence.unpack_text(run.facts).replace('"on_time": 1', '"on_time": 0', 1)
    assert told != evidence.unpack_text(run.facts)
    run.facts = evidence.pack_away(told)
    db.session.commit()
    words = said(verified())
    assert "mã băm dữ kiện" in words
    assert "kết quả bac-giang-2024 bg-5.1" in words


def test_a_broken_byte_of_the_facts_is_caught(month: Month) -> None:
    check()
    run = db.session.scalars(select(CheckRun)).one()
    middle = len(run.facts) // 2
    run.facts = run.facts[:middle] + bytes([run.facts[middle] ^ 1]) + run.facts[middle + 1 :]
    db.session.commit()
    assert "dữ kiện" in said(verified())


def test_a_changed_word_of_a_pack_is_caught_and_named(month: Month) -> None:
    check()
    text = db.session.scalars(select(PackText).where(PackText.pack == "own-plan")).one()
    changed = text.files["rules.yaml"].replace("at_least: 0", "at_least: 9")
    text.files = text.files | {"rules.yaml": changed}
    db.session.commit()
    words = said(verified())
    assert "mã băm bộ quy tắc own-plan" in words
    assert "vi phạm own-plan/own-1/NCC/" in words


def test_a_missing_pack_is_named(month: Month) -> None:
    check()
    db.session.execute(update(PackText).where(PackText.pack == "own-plan").values(hash="sha256:0"))
    db.session.commit()
    assert "bộ quy tắc own-plan" in said(verified())


@pytest.mark.parametrize(
    ("column", "value"), [("status", Status.PASS), ("numerator", 7), ("shortfall", 9), ("target", "1/2")]
)
def test_a_changed_result_is_caught_and_named(month: Month, column: str, value: object) -> None:
    check()
    row = update(CheckResult).where(CheckResult.rule == "bg-5.1", CheckResult.unit_id == month.units["NCC"].id)
    db.session.execute(row.values({column: value}))
    db.session.commit()
    kept, found = verified().disagreements
    assert str(kept.what) == "mã băm kết quả so với nhật ký"
    assert str(found.what) == f"kết quả bac-giang-2024 bg-5.1 NCC, {column}"


def test_a_changed_violation_and_one_taken_away_are_caught(month: Month) -> None:
    check()
    seen = select(RunViolation).join(Violation, Violation.id == RunViolation.violation_id)
    changed = db.session.scalars(seen.where(Violation.rule == "own-1")).one()
    assert changed.subjects is not None
    (first, change, _outcome, *rest), second = changed.subjects
    changed.subjects = [[first, change, "late", *rest], second]
    away = db.session.scalars(seen.where(Violation.rule == "bg-5.2")).one()
    key = db.session.scalar(select(Violation.key).where(Violation.id == away.violation_id))
    db.session.delete(away)
    db.session.commit()
    words = said(verified())
    assert f'vi phạm own-plan/own-1/NCC/2024-06, {first}: đã lưu ["late"' in words
    assert f"vi phạm {key}: đã lưu không có, tính lại có" in words


def test_a_single_thing_taken_away_from_a_violation_is_caught(month: Month) -> None:
    check()
    seen = select(RunViolation).join(Violation, Violation.id == RunViolation.violation_id)
    found = db.session.scalars(seen.where(Violation.rule == "own-1")).one()
    assert found.subjects is not None
    found.subjects = found.subjects[1:]
    db.session.commit()
    (only,) = verified().disagreements
    assert str(only.what).startswith("vi phạm own-plan/own-1/NCC/2024-06, ")


def test_a_violation_moved_to_another_unit_or_made_milder_is_caught(month: Month) -> None:
    check()
    found = db.session.scalars(select(Violation).where(Violation.rule == "bg-5.1")).first()
    assert found is not None
    found.unit_id, found.severity = month.units["SO"].id, Severity.MINOR
    db.session.commit()
    assert [str(one.what).rpartition(", ")[2] for one in verified().disagreements] == ["named", "severity"]


def test_a_unit_with_another_name_today_does_not_disagree(month: Month) -> None:
    check()
    month.units["NCC"].name = "Phòng Người có công và Trẻ em"
    db.session.commit()
    assert verified().agrees


def test_an_instant_and_units_that_the_facts_do_not_tell_are_caught(month: Month) -> None:
    check()
    run = db.session.scalars(select(CheckRun)).one()
    run.as_of, run.units = run.as_of + timedelta(days=2), ["NCC"]
    db.session.commit()
    assert [str(one.what) for one in verified().disagreements] == ["thời điểm xem xét", "đơn vị được kiểm tra"]


def test_contradicting_figures_taken_out_of_a_run_are_caught(month: Month) -> None:
    check()
    run = db.session.scalars(select(CheckRun)).one()
    run.findings = [{"pack": "own-plan", "rule": "own-1", "unit": "NCC", "numerator": 2, "denominator": 1}]
    db.session.commit()
    (only,) = verified().disagreements
    assert str(only.what) == "chỗ các số liệu mâu thuẫn"


def test_an_unknown_run_is_told(month: Month) -> None:
    with pytest.raises(NotFound, match="Không có lần kiểm tra số 999"):
        verify_run(999)


def test_the_command_says_whether_it_agrees(app: Flask, month: Month) -> None:
    run = check().run
    assert run is not None
    number = str(run.id)
    runner = app.test_cli_runner()
    good = runner.invoke(args=["check", "verify", number])
    assert (good.exit_code, good.stdout) == (0, "")
    assert f"Lần kiểm tra {number} (2024-06): khớp" in good.stderr
    db.session.execute(update(CheckResult).values(numerator=12345))
    db.session.commit()
    bad = runner.invoke(args=["check", "verify", number, "--format", "json"])
    assert bad.exit_code == 1
    told = json.loads(bad.stdout)
    assert (told["run"], told["agrees"]) == (run.id, False)
    assert {"what", "stored", "again"} == set(told["disagreements"][0])
    assert runner.invoke(args=["check", "verify", "999"]).exit_code == 2


def test_stored_facts_are_plain_lines_that_anybody_can_read(month: Month) -> None:
    check()
    stored = db.session.scalars(select(CheckRun.facts)).one()
    kinds = {json.loads(line)["kind"] for line in gzip.decompress(stored).decode().splitlines()}
    assert {"case_overdue", "deadline", "judged_on", "judged_unit", "timeliness"} <= kinds
