"""Waivers: granted, applied in a run, shown everywhere, ending by themselves, withdrawn."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select, update

from app.compliance.evaluation.evaluate import judge
from app.compliance.evaluation.results import WAIVER
from app.compliance.models import CheckResult, Violation, ViolationChange, Waiver
from app.compliance.runs.service import CheckReport, what_if
from app.compliance.runs.verification import verify_run
from app.compliance.waivers import service
from app.core.errors import Conflict, DomainError, NotAllowed, NotFound
from app.core.periods import Period
from app.organisation.access import Actor
from app.organisation.models import AuditEntry, Person, Role
from app.rulepacks.language import EARLIER, Status
from app.web.extensions import db
from tests.compliance.month import BAC_GIANG, DIRECTOR, INSPECTOR, JUNE, PROVINCE, Month, changes, check, statuses
from tests.compliance.sample import ESCALATION, RATE_RULE, changed, pack, pay, units
from tests.factories import make_person

SignIn = Callable[[Person], FlaskClient]
RULE, WHY = "bg-5.2", "Phần mềm của Bộ bị lỗi, Công văn 88/SLĐTBXH"


def grant(since: date = date(2024, 6, 1), until: date = date(2024, 6, 30), **other: Any) -> Waiver:
    cell = {"pack_id": BAC_GIANG, "rule_id": RULE, "unit_code": "NCC"} | other
    asked = service.ask_for_waiver(INSPECTOR, **cell, valid_from=since, valid_to=until, reason=WHY)
    return service.grant_waiver(DIRECTOR, asked.id)


def result_of(report: CheckReport) -> Any:
    return next(r for r in report.judgement.results if (r.rule, r.unit) == (RULE, "NCC"))


# --- in a run ---------------------------------------------------------------------------------------------------


def test_a_failing_result_under_a_waiver_is_waived_and_keeps_its_figures(month: Month) -> None:
    before = result_of(check())
    grant()
    after = result_of(check())
    assert (before.status, after.status) == (Status.FAIL, Status.WAIVED)
    assert (after.numerator, after.denominator, after.shortfall) == (0, 1, 1)
    assert after.waiver["who"] == DIRECTOR.name
    assert (after.waiver["until"], after.waiver["why"]) == ("2024-06-30", WHY)


def test_no_violation_is_opened_under_a_waiver(month: Month) -> None:
    grant()
    assert (RULE, "NCC") not in changes(check())
    assert db.session.scalar(select(Violation).where(Violation.key.contains(f"/{RULE}/NCC/"))) is None


def test_an_open_violation_that_is_waived_asks_nothing_more_and_carries_the_waiver(month: Month) -> None:
    check()
    waiver = grant()
    raised = next(r for r in check().violations if r.violation.rule == RULE and r.unit.code == "NCC")
    assert raised.change is ViolationChange.GONE
    assert (raised.cell.waiver or {})["id"] == waiver.id


def test_a_waiver_touches_neither_other_units_nor_other_rules_nor_what_passes(month: Month) -> None:
    before = check().judgement.results
    grant()
    grant(unit_code="LDVL")  # which keeps the rule
    after = check().judgement.results
    changed = [(r.rule, r.unit) for r, was in zip(after, before, strict=True) if r.status is not was.status]
    assert changed == [(RULE, "NCC")]


@pytest.mark.parametrize(
    ("since", "until", "status"),
    [
        (date(2024, 6, 30), date(2024, 6, 30), Status.WAIVED),
        (date(2024, 6, 1), date(2024, 6, 29), Status.FAIL),
        (date(2024, 7, 1), date(2024, 12, 31), Status.FAIL),
    ],
)
def test_the_last_day_of_the_period_decides(month: Month, since: date, until: date, status: Status) -> None:
    grant(since, until)
    assert statuses(check(), "NCC")[RULE] is status


def test_a_waiver_ends_by_itself(month: Month, freeze: Callable[[str], Any]) -> None:
    grant()
    freeze("2024-08-01 08:00")
    assert statuses(check(Period.parse("2024-07")), "NCC")[RULE] is Status.FAIL
    assert statuses(check(), "NCC")[RULE] is Status.WAIVED


def test_one_withdrawn_early_holds_for_periods_that_had_ended_and_no_longer_for_later_ones(
    month: Month, freeze: Callable[[str], Any]
) -> None:
    waiver = grant(until=date(2024, 12, 31))
    freeze("2024-07-15 08:00")
    service.withdraw_waiver(INSPECTOR, waiver.id, "Phần mềm đã sửa xong")
    freeze("2024-08-01 08:00")
    assert statuses(check(), "NCC")[RULE] is Status.WAIVED
    assert statuses(check(Period.parse("2024-07")), "NCC")[RULE] is Status.FAIL
    assert (waiver.ended_by, waiver.end_reason) == (INSPECTOR.name, "Phần mềm đã sửa xong")


@pytest.mark.parametrize(
    ("withdrawn", "last"),
    [
        ("2024-06-29 23:59", date(2024, 6, 28)),
        ("2024-06-30 00:00", date(2024, 6, 29)),
        ("2024-06-30 23:59", date(2024, 6, 29)),
        ("2024-07-01 00:00", date(2024, 6, 30)),
    ],
)
def test_on_the_day_of_its_withdrawal_a_waiver_holds_no_longer(
    month: Month, freeze: Callable[[str], Any], withdrawn: str, last: date
) -> None:
    waiver = grant(until=date(2024, 12, 31))
    freeze(withdrawn)
    service.withdraw_waiver(INSPECTOR, waiver.id, "Phần mềm đã sửa xong")
    days = [date(2024, 6, 28), date(2024, 6, 29), date(2024, 6, 30), date(2024, 7, 1)]
    assert [day for day in days if (BAC_GIANG, RULE, "NCC") in service.in_force(day)] == [d for d in days if d <= last]
    with pytest.raises(Conflict):
        grant(last, last)
    grant(last + timedelta(days=1), date(2024, 12, 31))


def test_a_what_if_knows_the_waivers_too(month: Month) -> None:
    grant()
    assert result_of(what_if(JUNE, {"online_payment_rate": "50%"})).status is Status.WAIVED


def test_a_run_with_a_waiver_is_judged_again_alike_even_after_it_was_withdrawn(month: Month) -> None:
    waiver = grant(until=date(2024, 12, 31))
    run = check().run
    assert run is not None
    service.withdraw_waiver(INSPECTOR, waiver.id, "Thu hồi lại")
    verification = verify_run(run.id)
    assert verification.agrees, verification.disagreements
    waived = CheckResult.status == Status.WAIVED
    db.session.execute(update(CheckResult).where(CheckResult.run_id == run.id, waived).values(status=Status.PASS))
    db.session.commit()
    assert [str(found.what) for found in verify_run(run.id).disagreements] == [
        "mã băm kết quả so với nhật ký",
        f"kết quả {BAC_GIANG} {RULE} NCC, status",
    ]


def test_a_fail_cannot_be_passed_off_as_waived(month: Month) -> None:
    run = check().run
    assert run is not None
    mine = (CheckResult.run_id == run.id, CheckResult.rule == RULE, CheckResult.status == Status.FAIL)
    db.session.execute(update(CheckResult).where(*mine).values(status=Status.WAIVED))
    db.session.commit()
    assert not verify_run(run.id).agrees


def test_the_run_keeps_the_waiver_among_its_facts(month: Month) -> None:
    from app.compliance.runs import evidence

    grant()
    run = check().run
    assert run is not None
    kept = [fact for fact in evidence.unpack(run.facts) if fact["kind"] == WAIVER]
    assert [(fact["unit"], fact["subject"], fact["why"]) for fact in kept] == [("NCC", f"{BAC_GIANG}/{RULE}", WHY)]


def test_what_is_waived_does_not_count_towards_an_escalation() -> None:
    escalation = changed(ESCALATION, id="p-9")
    plan = pack(rules=[RATE_RULE, escalation])
    since = {"unit": "LDVL", "period": "2024-06", "subject": "p-1", "periods": 1, "listed": "2024-05"}
    told = [pay("LDVL", 1, 20), {"kind": EARLIER, **since}]
    waiver = {"id": 1, "since": "2024-06-01", "until": "2024-06-30", "who": "A", "why": "B"}
    excuses = {("plan-2024", "p-1", "LDVL"): waiver}
    without = {r.rule: r.status for r in judge([plan], told, units("LDVL"), JUNE).results}
    excused = {r.rule: r.status for r in judge([plan], told, units("LDVL"), JUNE, excuses=excuses).results}
    assert without == {"p-1": Status.FAIL, "p-9": Status.FAIL}
    assert excused == {"p-1": Status.WAIVED, "p-9": Status.NOT_APPLICABLE}


# --- granting ---------------------------------------------------------------------------------------------------


def test_granting_and_withdrawing_are_in_the_audit_trail(month: Month) -> None:
    waiver = grant(until=date(2024, 12, 31))
    service.withdraw_waiver(INSPECTOR, waiver.id, "Thu hồi lại")
    entries = db.session.scalars(select(AuditEntry).where(AuditEntry.subject_kind == "waiver").order_by(AuditEntry.id))
    assert [(entry.action, entry.details["reason"]) for entry in entries] == [
        ("ask_for_waiver", WHY),
        ("grant_waiver", WHY),
        ("withdraw_waiver", "Thu hồi lại"),
    ]


@pytest.mark.parametrize(
    ("wrong", "error", "field"),
    [
        ({"pack_id": "khong-co"}, NotFound, "pack"),
        ({"rule_id": "bg-99"}, NotFound, None),
        ({"unit_code": "ABC"}, NotFound, "unit"),
        ({"until": date(2024, 5, 31)}, DomainError, "valid_to"),
    ],
)
def test_what_cannot_be_granted_is_refused(
    month: Month, wrong: dict[str, Any], error: type[DomainError], field: str | None
) -> None:
    with pytest.raises(error) as refused:
        grant(**wrong)
    assert refused.value.field == field
    assert db.session.scalar(select(Waiver)) is None


def test_two_waivers_of_one_cell_may_follow_each_other_but_not_overlap(month: Month) -> None:
    grant()
    with pytest.raises(Conflict, match=r"từ 01/06/2024 đến 30/06/2024"):
        grant(date(2024, 6, 30), date(2024, 7, 31))
    grant(date(2024, 7, 1), date(2024, 7, 31))


def test_a_waiver_needs_a_reason_and_so_does_its_withdrawal(month: Month) -> None:
    with pytest.raises(DomainError, match="lý do"):
        service.ask_for_waiver(INSPECTOR, BAC_GIANG, RULE, "NCC", date(2024, 6, 1), date(2024, 6, 30), "  ")
    waiver = grant()
    with pytest.raises(DomainError, match="lý do"):
        service.withdraw_waiver(INSPECTOR, waiver.id, " ")


def test_one_that_has_ended_cannot_be_withdrawn(month: Month) -> None:
    waiver = grant(date(2024, 5, 1), date(2024, 5, 31))
    with pytest.raises(Conflict):
        service.withdraw_waiver(INSPECTOR, waiver.id, "Thu hồi lại")


def test_who_asks_does_not_grant_and_a_long_one_is_the_directors(month: Month) -> None:
    """31 days are not long, 32 are."""
    asking = Actor.of(make_person(month.units["VP"], Role.INSPECTOR))
    other = Actor.of(make_person(month.units["VP"], Role.INSPECTOR))
    boss = Actor.of(make_person(month.units["SO"], Role.DIRECTOR, full_name="Hồ Xuân Trường"))
    days = {"since": date(2024, 5, 1), "until": date(2024, 5, 31)}
    cell = (BAC_GIANG, RULE, "NCC")
    short = service.ask_for_waiver(asking, *cell, days["since"], days["until"], WHY)
    with pytest.raises(NotAllowed, match="một người khác"):
        service.grant_waiver(asking, short.id)
    assert service.grant_waiver(other, short.id).actor == other.name
    with pytest.raises(Conflict, match="đã được quyết định"):
        service.refuse_waiver(boss, short.id, "Không đủ căn cứ")
    long = service.ask_for_waiver(asking, *cell, date(2024, 6, 1), date(2024, 7, 2), WHY)
    for verb in (service.grant_waiver, lambda by, key: service.refuse_waiver(by, key, "Không đủ căn cứ")):
        with pytest.raises(NotAllowed, match="quá 31 ngày do Giám đốc quyết định"):
            verb(other, long.id)
    assert service.in_force(date(2024, 6, 30)) == {}
    own = service.ask_for_waiver(boss, *cell, date(2025, 1, 1), date(2025, 3, 1), WHY)
    with pytest.raises(NotAllowed, match="một người khác"):
        service.grant_waiver(boss, own.id)
    refused = service.refuse_waiver(boss, long.id, "Không đủ căn cứ")
    assert (refused.granted_at, refused.actor) == (None, "Hồ Xuân Trường")
    service.ask_for_waiver(asking, *cell, date(2024, 6, 1), date(2024, 7, 2), WHY)  # refused ones cover nothing


def test_deciding_on_the_page(month: Month, sign_in: SignIn) -> None:
    asked = service.ask_for_waiver(INSPECTOR, BAC_GIANG, RULE, "NCC", date(2024, 6, 1), date(2024, 8, 31), WHY)
    address = f"/kiem-tra/mien-ap-dung/{asked.id}/quyet-dinh"
    page = sign_in(make_person(month.units["VP"], Role.INSPECTOR)).get(address).get_data(as_text=True)
    assert "do Giám đốc quyết định" in page
    assert 'name="granted"' not in page
    boss = sign_in(make_person(month.units["SO"], Role.DIRECTOR))
    assert address in boss.get("/kiem-tra/mien-ap-dung").get_data(as_text=True)
    assert boss.post(address, data={"granted": "no", "reason": ""}).status_code == 422
    assert boss.post(address, data={"granted": "yes"}).status_code == 302
    assert db.session.get_one(Waiver, asked.id).granted_at is not None


# --- pages ------------------------------------------------------------------------------------------------------


def test_a_waiver_asked_for_shows_on_every_page_once_it_is_granted(month: Month, inspector: FlaskClient) -> None:
    check()
    form = inspector.get(f"/kiem-tra/mien-ap-dung/moi?rule={BAC_GIANG}/{RULE}&unit=NCC&since=2024-06-30")
    assert f'<option selected value="{BAC_GIANG}/{RULE}">' in form.get_data(as_text=True)
    typed = {
        "rule": f"{BAC_GIANG}/{RULE}",
        "unit": "NCC",
        "valid_from": "01/06/2024",
        "valid_to": "30/06/2024",
        "reason": WHY,
    }
    assert inspector.post("/kiem-tra/mien-ap-dung/moi", data=typed).status_code == 302
    assert "Chờ quyết định" in inspector.get("/kiem-tra/mien-ap-dung").get_data(as_text=True)
    assert result_of(check()).status is Status.FAIL  # asked for, and not granted yet
    service.grant_waiver(DIRECTOR, db.session.scalars(select(Waiver.id)).one())
    run = check().run
    assert run is not None
    violation = db.session.scalar(select(Violation).where(Violation.key.contains(f"/{RULE}/NCC/")))
    assert violation is not None
    for address in (
        "/kiem-tra/mien-ap-dung",
        f"/kiem-tra/{run.id}/{BAC_GIANG}/{RULE}/NCC",
        f"/kiem-tra/vi-pham/{violation.id}",
    ):
        page = inspector.get(address).get_data(as_text=True)
        assert "miễn" in page, address
        assert WHY in page, address
        assert "30/06/2024" in page, address
    assert "is-waived" in inspector.get("/kiem-tra").get_data(as_text=True)
    assert "Được miễn" in inspector.get("/kiem-tra/vi-pham?change=every&period=2024-06").get_data(as_text=True)
    assert "Được miễn" in inspector.get(f"/kiem-tra/{run.id}").get_data(as_text=True)


def test_downloads_name_the_waiver(month: Month, inspector: FlaskClient) -> None:
    grant()
    run = check().run
    assert run is not None
    rows = csv.DictReader(io.StringIO(inspector.get(f"/kiem-tra/{run.id}/ket-qua.csv").data.decode("utf-8-sig")))
    waived = [row for row in rows if row["Kết quả"] == "Được miễn"]
    assert [row["Miễn áp dụng"] for row in waived] == [f"đến 30/06/2024, {DIRECTOR.name}: {WHY}"]
    body = json.loads(inspector.get(f"/kiem-tra/{run.id}/ket-qua.json").data)
    told = [result["waiver"] for result in body["results"] if result["status"] == "waived"]
    assert [(waiver["until"], waiver["why"]) for waiver in told] == [("2024-06-30", WHY)]
    assert not any("waiver" in result for result in body["results"] if result["status"] != "waived")


def test_the_command_says_what_was_waived(month: Month, app: Any) -> None:
    grant()
    told = app.test_cli_runner().invoke(args=["check", "run", "--period", "2024-06", "--format", "csv"])
    assert told.exit_code == 0, told.output
    line = next(line for line in told.stdout.splitlines() if f",{RULE}," in line and ",NCC," in line)
    assert ",waived," in line
    assert WHY in line
    assert "1 kết quả không đạt được miễn áp dụng." in told.stderr


def test_withdrawing_on_the_page(month: Month, inspector: FlaskClient) -> None:
    waiver = grant(until=date(2024, 12, 31))
    address = f"/kiem-tra/mien-ap-dung/{waiver.id}/rut-lai"
    assert inspector.get(address).status_code == 200
    assert inspector.post(address, data={"reason": ""}).status_code == 422
    assert inspector.post(address, data={"reason": "Thu hồi lại"}).status_code == 302
    assert "Đã rút lại" in inspector.get("/kiem-tra/mien-ap-dung").get_data(as_text=True)


def test_a_head_sees_their_own_units_waivers_and_grants_none(month: Month, sign_in: SignIn) -> None:
    grant()
    other = sign_in(make_person(month.units["LDVL"], Role.HEAD))
    assert WHY not in other.get("/kiem-tra/mien-ap-dung").get_data(as_text=True)
    assert other.get("/kiem-tra/mien-ap-dung/moi").status_code == 403
    own = sign_in(make_person(month.units["NCC"], Role.HEAD))
    assert WHY in own.get("/kiem-tra/mien-ap-dung").get_data(as_text=True)
    typed = {"rule": f"{BAC_GIANG}/{RULE}", "unit": "NCC", "reason": WHY}
    typed |= {"valid_from": "01/08/2024", "valid_to": "31/08/2024"}
    assert own.post("/kiem-tra/mien-ap-dung/moi", data=typed).status_code == 403
    assert db.session.scalar(select(func.count()).select_from(Waiver)) == 1


def test_a_run_is_judged_again_on_a_page(month: Month, inspector: FlaskClient) -> None:
    run = check().run
    assert run is not None
    assert "Khớp" in inspector.get(f"/kiem-tra/{run.id}/phan-xet-lai").get_data(as_text=True)
    ldvl = CheckResult.unit_id == month.units["LDVL"].id
    one = (CheckResult.run_id == run.id, CheckResult.rule == "khp-2c.2", ldvl, CheckResult.numerator == 7)
    db.session.execute(update(CheckResult).where(*one).values(numerator=8))
    db.session.commit()
    page = inspector.get(f"/kiem-tra/{run.id}/phan-xet-lai").get_data(as_text=True)
    assert "Không khớp ở 2 chỗ" in page
    assert "mã băm kết quả so với nhật ký" in page
    assert f"{PROVINCE} khp-2c.2 LDVL, numerator" in page


# --- annulled ---------------------------------------------------------------------------------------------------


def test_one_that_has_ended_is_annulled_and_past_periods_checked_again_do_not_know_it(
    month: Month, freeze: Callable[[str], Any]
) -> None:
    waiver = grant()
    first = check().run
    freeze("2024-09-02 08:00")
    assert result_of(check()).status is Status.WAIVED
    service.annul_waiver(INSPECTOR, waiver.id, "Văn bản miễn không có thật")
    assert result_of(check()).status is Status.FAIL
    assert first is not None
    assert verify_run(first.id).agrees
    (entry,) = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "annul_waiver"))
    assert entry.details["reason"] == "Văn bản miễn không có thật"


def test_one_withdrawn_or_still_holding_is_annulled_as_well_but_once_and_with_a_reason(month: Month) -> None:
    holding, withdrawn = grant(until=date(2024, 12, 31)), grant(unit_code="LDVL", until=date(2024, 12, 31))
    service.withdraw_waiver(INSPECTOR, withdrawn.id, "Thu hồi lại")
    for waiver in (holding, withdrawn):
        with pytest.raises(DomainError, match="lý do"):
            service.annul_waiver(INSPECTOR, waiver.id, "  ")
        service.annul_waiver(INSPECTOR, waiver.id, "Nhầm đơn vị")
        with pytest.raises(Conflict):
            service.annul_waiver(INSPECTOR, waiver.id, "Nhầm đơn vị")
        with pytest.raises(Conflict):
            service.withdraw_waiver(INSPECTOR, waiver.id, "Thu hồi lại")
    with pytest.raises(NotFound):
        service.annul_waiver(INSPECTOR, 999, "Nhầm đơn vị")


def test_the_days_of_an_annulled_one_may_be_waived_again(month: Month) -> None:
    service.annul_waiver(INSPECTOR, grant().id, "Sai căn cứ")
    grant()
    assert result_of(check()).status is Status.WAIVED


def test_annulling_on_the_page(month: Month, inspector: FlaskClient, sign_in: SignIn) -> None:
    waiver = grant(date(2024, 5, 1), date(2024, 5, 31))
    address = f"/kiem-tra/mien-ap-dung/{waiver.id}/huy-bo"
    shown = inspector.get("/kiem-tra/mien-ap-dung").get_data(as_text=True)
    assert address in shown
    assert f"/{waiver.id}/rut-lai" not in shown
    assert "coi như chưa từng được miễn" in inspector.get(address).get_data(as_text=True)
    assert inspector.post(address, data={"reason": ""}).status_code == 422
    assert inspector.post(address, data={"reason": "Sai căn cứ"}).status_code == 302
    shown = inspector.get("/kiem-tra/mien-ap-dung").get_data(as_text=True)
    assert "Đã hủy bỏ" in shown
    assert "Sai căn cứ" in shown
    assert address not in shown
    own = sign_in(make_person(month.units["NCC"], Role.HEAD))
    assert own.post(address, data={"reason": "Sai căn cứ"}).status_code == 403
