"""Plan tasks: loaded from the document, done, adjusted and judged; and what the engine is told of them."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.core import facts
from app.core.errors import Conflict, DomainError, NotFound
from app.core.periods import Period
from app.organisation import audit
from app.organisation import service as organisation
from app.organisation.models import AuditEntry, Unit
from app.tasks import queries, service
from app.tasks.annexes import AnnexError
from app.tasks.deadlines import DeadlineKind
from app.tasks.models import PlanTask, PlanTaskUnit, TaskEvent, TaskRole
from app.tasks.progress import TaskState
from app.tasks.queries import TaskFilters
from app.web.extensions import db
from tests.clock import at
from tests.factories import CLERK, EVERYWHERE, make_version
from tests.tasks.tasks import (
    GIVEN,
    annex,
    leads_of,
    load,
    make_labour_department,
    part_of,
    scope_of_unit,
    task_of,
    text_of,
)

TODAY = date(2024, 7, 1)


@pytest.fixture
def units(session: Any) -> dict[str, Unit]:
    return make_labour_department()


def count(model: Any) -> int:
    return db.session.scalar(select(func.count()).select_from(model)) or 0


def do(deed: Any, part: PlanTaskUnit, on: date, **said: Any) -> PlanTaskUnit:
    return deed(EVERYWHERE, CLERK, part.id, on=on, **said)


def hand_in(part: PlanTaskUnit, started: date, submitted: date) -> PlanTaskUnit:
    do(service.start, part, started)
    return do(service.submit_result, part, submitted, note="Báo cáo kết quả", document="201/BC")


# Loading


def test_the_annex_of_bac_giang_is_loaded_with_its_units(units: dict[str, Unit]) -> None:
    report = load()
    assert len(report.new) == 10
    assert count(PlanTask) == 10
    assert leads_of("IV.1") == {"KHTC"}
    assert leads_of("III.B.1") == {"LDVL", "NCC"}
    # Neither the Department, nor its desk, nor the Office, which the annex names for helping.
    assert leads_of("III.B.2") == leads_of("III.A.3") == {"LDVL", "NCC", "TTDVVL", "KHTC", "BTXH"}
    assert [(row.number, name) for row, name in report.unknown] == [
        ("I.3", "Người có công"),
        ("III.A.2", "Phòng Việc làm – An toàn Lao động"),
    ]
    assert leads_of("I.3") == set()
    assert task_of("I.3").unresolved == ["Người có công"]


def test_the_annex_of_khanh_hoa_keeps_what_provincial_bodies_lead(units: dict[str, Unit]) -> None:
    report = load(plan="khp-2024")
    assert count(PlanTask) == 61
    assert "Sở Nội vụ" in {wanted.row.lead for wanted in report.outside}
    ours = {task.number for task in queries.tasks_of_plan("TEST", "khp-2024") if task.units and leads(task)}
    assert ours == {"II.1", "II.2", "II.3", "II.4", "II.5", "III.1", "III.2", "III.3", "III.4", "III.5", "III.6"} | {
        "IV.2",
        "IV.3",
    }
    assert leads_of("II.2", "khp-2024") == {"SO"}
    assert [name for _row, name in report.unknown] == [
        "Cơ quan được ủy quyền giao nhiệm vụ, đặt hàng, đấu thầu cung cấp sản phẩm, dịch vụ sự nghiệp công",
        "Các cơ quan quản lý các đơn vị sự nghiệp công lập",
        "Các cơ quan đơn vị có tài sản",
    ]


@pytest.mark.parametrize(("number", "line"), [("I.10", 121), ("I.11", 127), ("III.8", 243), ("V.3", 313), ("V.4", 319)])
def test_departments_named_beside_districts_have_their_part(units: dict[str, Unit], number: str, line: int) -> None:
    report = load(plan="khp-2024")
    (wanted,) = [wanted for wanted in report.wanted if wanted.row.source_line == line]
    assert wanted.row.number == number
    assert [unit.code for unit in wanted.cooperating] == ["SO"]
    assert wanted not in report.outside


def test_the_office_that_led_by_a_former_reading_only_helps_after_loading_again(units: dict[str, Unit]) -> None:
    load()
    for number in ("III.A.3", "III.B.2"):
        helps = next(part for part in task_of(number).units if part.unit.code == "VP")
        helps.role = TaskRole.LEAD
        db.session.commit()
    do(service.start, part_of("III.A.3", "VP"), date(2024, 4, 1))
    report = load()
    assert report.helping == [("III.B.2", "VP")]  # what has begun is not taken back
    assert "VP" not in leads_of("III.B.2")
    assert "VP" in leads_of("III.A.3")
    assert load().nothing_to_do


def leads(task: PlanTask) -> list[PlanTaskUnit]:
    return [part for part in task.units if part.role == "lead"]


def test_a_deadline_is_stored_with_how_it_was_read(units: dict[str, Unit]) -> None:
    load()
    task = task_of("III.B.1")
    assert (task.deadline_text, task.deadline_kind, task.due_on) == (
        "Trước ngày 01/6/2024",
        DeadlineKind.DAY,
        date(2024, 5, 31),
    )
    assert task.reading["vi"] == "Trước ngày 01/6/2024: ngày cuối cùng là 31/05/2024, thứ Sáu"
    assert task_of("IV.1").reading["warnings"][0]["vi"].startswith("30/06/2024 là Chủ Nhật")


@pytest.mark.parametrize("plan", ["bg-2024", "khp-2024"])
def test_loading_again_changes_nothing(units: dict[str, Unit], plan: str) -> None:
    load(plan=plan)
    before = (count(PlanTask), count(PlanTaskUnit), count(TaskEvent), audit.count())
    again = load(plan=plan)
    assert again.nothing_to_do
    assert len(again.unchanged) == before[0]
    assert (count(PlanTask), count(PlanTaskUnit), count(TaskEvent), audit.count()) == before


def test_a_dry_run_tells_and_writes_nothing(units: dict[str, Unit]) -> None:
    assert len(load(dry_run=True).new) == 10
    assert (count(PlanTask), count(TaskEvent), audit.count()) == (0, 0, 0)


def test_a_changed_document_says_what_changed(units: dict[str, Unit]) -> None:
    load()
    changed = text_of("bg-2024").replace(
        "trên địa bàn\tNgười có công\tCác phòng, đơn vị có liên quan\tTháng 7/2024",
        "trên địa bàn\tPhòng Người có công\tCác phòng, đơn vị có liên quan\tQuý IV/2024",
    )
    report = load(changed)
    assert [(c.number, c.field, c.before, c.after) for c in report.changed] == [
        ("I.3", "lead_text", "Người có công", "Phòng Người có công"),
        ("I.3", "deadline_text", "Tháng 7/2024", "Quý IV/2024"),
    ]
    assert len(report.unchanged) == 9
    assert leads_of("I.3") == {"NCC"}
    assert task_of("I.3").due_on == part_of("I.3", "NCC").due_on == date(2024, 12, 31)


def test_a_row_slipped_in_leaves_each_history_with_its_task(units: dict[str, Unit]) -> None:
    old = [("Soạn thảo Nghị quyết", "LDVL", "Năm 2024"), ("Tổ chức đối thoại", "NCC", "Năm 2024")]
    load(annex(*old), plan="p")
    do(service.start, part_of("2", "NCC", "p"), date(2024, 4, 1))
    report = load(annex(old[0], ("Tập huấn", "VP", "Năm 2024"), old[1]), plan="p")
    assert report.new == ["2"]
    assert [task.text for task in queries.tasks_of_plan("TEST", "p")] == [
        "Soạn thảo Nghị quyết",
        "Tập huấn",
        "Tổ chức đối thoại",
    ]
    assert part_of("3", "NCC", "p").started_on == date(2024, 4, 1)
    assert part_of("2", "VP", "p").started_on is None


def test_a_task_gone_from_the_document_is_dropped_unless_something_happened(units: dict[str, Unit]) -> None:
    rows = [("Một", "LDVL", "Năm 2024"), ("Hai", "NCC", "Năm 2024"), ("Ba", "VP", "Năm 2024")]
    load(annex(*rows), plan="p")
    do(service.start, part_of("2", "NCC", "p"), date(2024, 4, 1))
    report = load(annex(rows[2]), plan="p")
    assert (report.removed, report.kept) == (["1"], ["2"])
    assert [task.text for task in queries.tasks_of_plan("TEST", "p")] == ["Ba", "Hai"]
    assert part_of("2", "NCC", "p").started_on == date(2024, 4, 1)


def test_an_annex_with_a_row_cut_in_two_loads_nothing(units: dict[str, Unit]) -> None:
    broken = text_of("bg-2024").replace("tối thiểu 10% TTHC", "tối thiểu\n10% TTHC")
    with pytest.raises(AnnexError) as refusal:
        load(broken)
    assert [finding.line for finding in refusal.value.findings] == [153, 154]
    assert (count(PlanTask), audit.count()) == (0, 0)


def test_units_cannot_be_given_tasks_on_a_day_to_come(units: dict[str, Unit]) -> None:
    with pytest.raises(DomainError, match="chưa tới"):
        load(assigned_on=date(2024, 7, 2))


def test_a_spelling_that_was_added_is_recognised_at_the_next_loading(units: dict[str, Unit]) -> None:
    load()
    organisation.add_alias(CLERK, units["NCC"].id, "Người có công")
    assert load().assigned == [("I.3", "NCC")]
    assert leads_of("I.3") == {"NCC"}
    assert task_of("I.3").unresolved == []
    assert load().nothing_to_do


def test_a_person_says_who_an_unknown_name_means(units: dict[str, Unit]) -> None:
    load()
    task = task_of("III.A.2")
    name = task.unresolved[0]
    service.name_lead(CLERK, EVERYWHERE, task.id, name=name, unit_ids=[units["LDVL"].id])
    assert leads_of("III.A.2") == {"LDVL"}
    assert part_of("III.A.2", "LDVL").due_on == date(2024, 9, 30)
    with pytest.raises(Conflict):
        service.name_lead(CLERK, EVERYWHERE, task.id, name=name, unit_ids=[units["NCC"].id])
    assert load().nothing_to_do  # the same document does not undo it


# Deadlines that a person says


def test_an_unread_deadline_waits_until_a_person_enters_the_day(units: dict[str, Unit]) -> None:
    load(annex(("Soạn thảo", "LDVL", "Cuối tháng 7/2024"), ("Họp", "NCC", "Ngày 31/6/2024")), plan="p")
    task = task_of("1", "p")
    assert (task.deadline_kind, task.due_on, task.confirmed_by) == (DeadlineKind.UNREAD, None, "")
    assert task_of("2", "p").reading["vi"] == "Không có ngày 31/06/2024. Có thể là 30/06/2024?"
    with pytest.raises(DomainError, match="chưa đọc được"):
        service.confirm_deadline(CLERK, EVERYWHERE, task.id)
    service.set_deadline(
        CLERK, EVERYWHERE, task.id, starts_on=None, due_on=date(2024, 7, 31), note="Theo Công văn 12/SLĐ"
    )
    task = task_of("1", "p")
    assert (task.deadline_kind, task.due_on, task.confirmed_by) == (DeadlineKind.DAY, date(2024, 7, 31), CLERK.name)
    assert task.deadline_text == "Cuối tháng 7/2024"
    assert task.reading["entered"]["note"] == "Theo Công văn 12/SLĐ"
    assert part_of("1", "LDVL", "p").due_on == date(2024, 7, 31)


def test_a_day_that_was_granted_stays_when_the_tasks_day_is_entered(units: dict[str, Unit]) -> None:
    load()
    part = part_of("III.B.1", "LDVL")
    do(service.request_adjustment, part, date(2024, 5, 20), wanted=date(2024, 6, 20), reason="Chờ số liệu")
    do(service.grant_adjustment, part, date(2024, 5, 21), due_on=date(2024, 6, 15))
    task = task_of("III.B.1")
    service.set_deadline(CLERK, EVERYWHERE, task.id, starts_on=None, due_on=date(2024, 6, 1), note="Đính chính")
    assert part_of("III.B.1", "LDVL").due_on == date(2024, 6, 15)
    assert part_of("III.B.1", "NCC").due_on == date(2024, 6, 1)


# What units do


def test_a_task_goes_from_given_to_accepted(units: dict[str, Unit]) -> None:
    load()
    part = part_of("III.B.1", "LDVL")
    assert (part.assigned_on, part.due_on) == (GIVEN, date(2024, 5, 31))
    do(service.start, part, date(2024, 3, 4))
    do(service.report_progress, part, date(2024, 4, 1), percent=40, note="Đã rà soát 4 thủ tục", document="15/BC")
    do(service.submit_result, part, date(2024, 5, 30), note="Đã rà soát xong", document="21/BC")
    do(service.accept_result, part, date(2024, 6, 3))
    part = part_of("III.B.1", "LDVL")
    assert (part.started_on, part.submitted_on, part.accepted, part.judged_on, part.percent) == (
        date(2024, 3, 4),
        date(2024, 5, 30),
        True,
        date(2024, 6, 3),
        100,
    )
    entries = db.session.scalars(select(AuditEntry.action).order_by(AuditEntry.number))
    assert list(entries)[1:] == ["task_started", "task_progress", "task_submitted", "task_accepted"]
    assert audit.verify().broken_at is None


def test_a_rejected_result_can_be_handed_in_again(units: dict[str, Unit]) -> None:
    load()
    part = hand_in(part_of("III.B.1", "LDVL"), date(2024, 5, 1), date(2024, 5, 30))
    do(service.reject_result, part, date(2024, 6, 3), reason="Chưa đề xuất đơn giản hóa")
    assert part_of("III.B.1", "LDVL").accepted is False
    do(service.submit_result, part, date(2024, 6, 10), note="Đã bổ sung")
    part = part_of("III.B.1", "LDVL")
    assert (part.submitted_on, part.accepted, part.judged_on) == (date(2024, 6, 10), None, None)


@pytest.mark.parametrize(
    ("deed", "said", "told"),
    [
        (service.report_progress, {"percent": 10, "note": "x"}, "chưa bắt đầu"),
        (service.submit_result, {"note": "x"}, "chưa bắt đầu"),
        (service.accept_result, {}, "chưa nộp kết quả"),
        (service.reject_result, {"reason": "Thiếu số liệu"}, "chưa nộp kết quả"),
        (service.grant_adjustment, {"due_on": date(2024, 8, 1)}, "Không có đề nghị"),
        (service.request_adjustment, {"wanted": date(2024, 5, 31), "reason": "Thiếu số liệu"}, "phải sau hạn hiện nay"),
        (service.request_adjustment, {"wanted": date(2024, 8, 1), "reason": " "}, "lý do"),
    ],
)
def test_what_cannot_be_done_yet_is_refused(units: dict[str, Unit], deed: Any, said: dict[str, Any], told: str) -> None:
    load()
    part = part_of("III.B.1", "LDVL")
    with pytest.raises(DomainError, match=told):
        do(deed, part, date(2024, 6, 1), **said)
    assert part_of("III.B.1", "LDVL").revision == part.revision


@pytest.mark.parametrize("percent", [-1, 101])
def test_progress_is_a_share_of_a_hundred(units: dict[str, Unit], percent: int) -> None:
    load()
    part = do(service.start, part_of("III.B.1", "LDVL"), date(2024, 4, 1))
    with pytest.raises(DomainError, match="từ 0 đến 100"):
        do(service.report_progress, part, date(2024, 5, 1), percent=percent, note="x")


def test_days_to_come_and_days_before_the_last_event_are_refused(units: dict[str, Unit]) -> None:
    load()
    part = part_of("III.B.1", "LDVL")
    with pytest.raises(DomainError, match="chưa tới"):
        do(service.start, part, date(2024, 7, 2))
    with pytest.raises(DomainError, match="trở đi"):
        do(service.start, part, date(2024, 2, 29))
    do(service.start, part, date(2024, 4, 1))
    with pytest.raises(DomainError, match="trở đi"):
        do(service.submit_result, part, date(2024, 3, 31), note="x")


def test_nothing_is_done_twice(units: dict[str, Unit]) -> None:
    load()
    part = hand_in(part_of("III.B.1", "LDVL"), date(2024, 5, 1), date(2024, 5, 30))
    for deed, said in ((service.start, {}), (service.submit_result, {"note": "x"})):
        with pytest.raises(Conflict):
            do(deed, part, date(2024, 6, 1), **said)
    do(service.accept_result, part, date(2024, 6, 3))
    with pytest.raises(Conflict):
        do(service.reject_result, part, date(2024, 6, 4), reason="Thiếu số liệu")


def test_who_saw_an_older_state_is_told(units: dict[str, Unit]) -> None:
    load()
    part = part_of("III.B.1", "LDVL")
    seen = part.revision
    do(service.start, part, date(2024, 4, 1))
    with pytest.raises(Conflict, match="người khác"):
        do(service.report_progress, part, date(2024, 5, 1), percent=10, note="x", seen=seen)


def test_a_head_does_not_reach_another_units_task(units: dict[str, Unit]) -> None:
    load()
    part = part_of("III.B.1", "LDVL")
    with pytest.raises(NotFound):
        service.start(scope_of_unit(units["NCC"]), CLERK, part.id, on=date(2024, 4, 1))


# Reading


def states(filters: TaskFilters) -> dict[tuple[str, str], TaskState | None]:
    lines = queries.all_task_lines(EVERYWHERE, filters)
    return {(line.task.number, line.part.unit.code if line.part else "-"): line.state for line in lines}


def test_the_list_shows_where_each_unit_stands(units: dict[str, Unit]) -> None:
    load()
    hand_in(part_of("III.B.1", "LDVL"), date(2024, 5, 1), date(2024, 5, 30))
    do(service.start, part_of("I.1", "KHTC"), date(2024, 4, 1))
    found = states(TaskFilters(today=TODAY))
    assert found["I.1", "KHTC"] is TaskState.IN_PROGRESS
    assert found["III.A.1", "VP"] is TaskState.AT_RISK
    assert found["III.B.1", "LDVL"] is TaskState.SUBMITTED
    assert found["III.B.1", "NCC"] is TaskState.OVERDUE
    assert found["IV.1", "KHTC"] is TaskState.OVERDUE
    assert found["II.1", "BTXH"] is TaskState.NOT_STARTED
    assert found["III.A.3", "NCC"] is TaskState.NOT_STARTED
    assert found["I.3", "-"] is None


@pytest.mark.parametrize("today", [date(2024, 5, 1), date(2024, 5, 17), date(2024, 5, 31), date(2024, 6, 1)])
def test_a_filter_on_states_shows_exactly_the_lines_in_them(units: dict[str, Unit], today: date) -> None:
    load()
    hand_in(part_of("III.B.1", "LDVL"), date(2024, 4, 1), date(2024, 4, 30))
    part = hand_in(part_of("III.B.2", "NCC"), date(2024, 4, 1), date(2024, 4, 30))
    do(service.reject_result, part, date(2024, 5, 1), reason="Thiếu số liệu")
    part = hand_in(part_of("III.B.2", "BTXH"), date(2024, 4, 1), date(2024, 4, 30))
    do(service.accept_result, part, date(2024, 5, 1))
    do(service.start, part_of("III.B.2", "KHTC"), date(2024, 4, 1))
    everything = states(TaskFilters(today=today))
    for state in TaskState:
        expected = {key for key, found in everything.items() if found is state}
        assert states(TaskFilters(today=today, states=(state,))).keys() == expected, state


def test_the_list_is_filtered_by_plan_unit_and_day(units: dict[str, Unit]) -> None:
    load()
    load(annex(("Họp", "NCC", "Năm 2024")), plan="p")
    assert states(TaskFilters(today=TODAY, plan="p")).keys() == {("1", "NCC")}
    assert {unit for _n, unit in states(TaskFilters(today=TODAY, unit="NCC"))} == {"NCC"}
    assert {n for n, _u in states(TaskFilters(today=TODAY, due_to=date(2024, 5, 31)))} == {"III.B.1", "III.B.2"}
    assert states(TaskFilters(today=TODAY, attention=True)).keys() == {("I.3", "-"), ("III.A.2", "-")}


def test_a_head_sees_their_own_part_and_how_many_others_there_are(units: dict[str, Unit]) -> None:
    load()
    scope = scope_of_unit(units["NCC"])
    assert {line.part.unit.code for line in queries.all_task_lines(scope, TaskFilters(today=TODAY)) if line.part} == {
        "NCC"
    }
    view = queries.task_view(scope, task_of("III.B.2").id, TODAY)
    assert ([part.part.unit.code for part in view.parts], view.hidden) == (["NCC"], 4)


# What the engine is told


def _facts(period: str, kind: str) -> list[Any]:
    asked = Period.parse(period)
    start, end = asked.bounds("Asia/Ho_Chi_Minh")
    query = facts.FactQuery("TEST", asked, start, end, as_of=end)
    return list(facts.gather(db.session.connection(), query, [kind]))


def told(period: str, as_of: str = "", kind: str = "task") -> dict[str, facts.Fact]:
    asked = Period.parse(period)
    start, end = asked.bounds("Asia/Ho_Chi_Minh")
    query = facts.FactQuery("TEST", asked, start, end, as_of=at(as_of) if as_of else end)
    found = facts.gather(db.session.connection(), query, [kind])
    return {fact["subject" if kind == "task" else "unit"]: fact for fact in found}


def test_when_a_task_was_given_and_when_it_was_begun_are_told(units: dict[str, Unit]) -> None:
    load()
    assert told("2024-03", kind="task_start") == {}
    name = "bg-2024/III.A.1/VP"
    assert told("2024-03")[name]["assigned_on"] == GIVEN.isoformat()
    do(service.start, part_of("III.A.1", "VP"), date(2024, 3, 11))
    (begun,) = told("2024-03", kind="task_start").values()
    assert (begun["unit"], begun["subject"], begun["started_on"]) == ("VP", name, "2024-03-11")
    assert told("2024-03", "2024-03-10 17:00", kind="task_start") == {}, "it had not happened yet"


def test_a_task_not_begun_by_its_last_day_is_told_as_past_due(units: dict[str, Unit]) -> None:
    load()
    fact = told("2024-05")["bg-2024/III.B.1/LDVL"]
    assert fact == {
        "kind": "task",
        "unit": "LDVL",
        "period": "2024-05",
        "subject": "bg-2024/III.B.1/LDVL",
        "plan": "bg-2024",
        "number": "III.B.1",
        "due": "2024-05-31",
        "assigned_on": "2024-03-01",
        "has_due": True,
        "waiting": False,
        "started": False,
        "done": False,
        "done_late": False,
        "past_due": True,
        "accepted": False,
        "rejected": False,
        "percent": 0,
        "span_days": 91,
        "used_before_start": 100,
        "days_to_due": 0,
        "adjustment_after_due": False,
    }
    assert told("2024-05", as_of="2024-05-31 16:00")["bg-2024/III.B.1/LDVL"]["past_due"] is False


def test_a_start_close_to_the_last_day_is_told_as_a_share_of_the_span(units: dict[str, Unit]) -> None:
    load()
    hand_in(part_of("III.B.1", "LDVL"), date(2024, 5, 13), date(2024, 6, 4))
    fact = told("2024-06")["bg-2024/III.B.1/LDVL"]
    assert (fact["used_before_start"], fact["span_days"]) == (80, 91)  # 73 of 91 days
    assert (fact["done"], fact["done_late"], fact["past_due"]) == (True, True, False)


def test_a_result_in_time_that_was_rejected_is_told(units: dict[str, Unit]) -> None:
    load()
    part = hand_in(part_of("III.B.1", "LDVL"), date(2024, 4, 1), date(2024, 5, 31))
    do(service.reject_result, part, date(2024, 6, 3), reason="Không đạt")
    fact = told("2024-06")["bg-2024/III.B.1/LDVL"]
    assert (fact["done"], fact["done_late"], fact["rejected"], fact["accepted"]) == (True, False, True, False)


def test_a_past_month_is_told_as_it_was_then(units: dict[str, Unit]) -> None:
    load()
    part = hand_in(part_of("III.B.1", "LDVL"), date(2024, 5, 10), date(2024, 5, 31))
    do(service.accept_result, part, date(2024, 6, 3))
    april, may = told("2024-04")["bg-2024/III.B.1/LDVL"], told("2024-05")["bg-2024/III.B.1/LDVL"]
    assert (april["started"], april["done"], april["days_to_due"]) == (False, False, 30)
    assert (may["started"], may["done"], may["accepted"]) == (True, True, False)
    assert told("2024-06")["bg-2024/III.B.1/LDVL"]["accepted"] is True
    assert "bg-2024/III.B.1/LDVL" not in told("2024-07", as_of="2024-07-01 08:00")
    assert told("2024-02") == {}  # not given yet


@pytest.mark.parametrize(("asked", "after"), [(date(2024, 5, 31), False), (date(2024, 6, 1), True)])
def test_an_adjustment_asked_for_after_the_last_day_is_told(units: dict[str, Unit], asked: date, after: bool) -> None:
    load()
    part = part_of("III.B.1", "LDVL")
    do(service.request_adjustment, part, asked, wanted=date(2024, 7, 31), reason="Chờ hướng dẫn")
    do(service.grant_adjustment, part, date(2024, 6, 10), due_on=date(2024, 7, 31))
    fact = told("2024-06")["bg-2024/III.B.1/LDVL"]
    assert fact["adjustment_after_due"] is after
    assert (fact["due"], fact["past_due"], fact["days_to_due"]) == ("2024-07-31", False, 30)


def test_open_and_unread_deadlines_wait_and_are_never_past(units: dict[str, Unit]) -> None:
    load(
        annex(
            ("A", "LDVL", "Theo tiến độ của Trung ương"),
            ("B", "LDVL", "Một ngày nào đó"),
            ("C", "LDVL", "Thường xuyên"),
        ),
        plan="p",
    )
    found = told("2024-06")
    assert [found[f"p/{n}/LDVL"]["waiting"] for n in (1, 2, 3)] == [True, True, False]
    assert not any(fact["past_due"] or fact["has_due"] for fact in found.values())


def test_the_span_of_several_years_is_counted_from_its_first_day(units: dict[str, Unit]) -> None:
    load(annex(("A", "LDVL", "Từ năm 2025 - 2026")), plan="p")
    fact = told("2024-06")["p/1/LDVL"]
    assert (fact["span_days"], fact["used_before_start"]) == (729, 0)


def test_a_number_printed_twice_makes_two_subjects(units: dict[str, Unit]) -> None:
    twice = annex(("A", "LDVL", "Năm 2024")) + "1\tB\tLDVL\t\tNăm 2024\t\n"
    load(twice, plan="p")
    assert told("2024-06").keys() == {"p/1/LDVL", "p/1#2/LDVL"}


def test_totals_are_told_per_unit(units: dict[str, Unit]) -> None:
    load()
    hand_in(part_of("III.B.1", "LDVL"), date(2024, 5, 1), date(2024, 5, 30))
    hand_in(part_of("III.B.2", "LDVL"), date(2024, 5, 1), date(2024, 6, 2))
    fact = told("2024-05", kind="task_totals")["LDVL"]
    # III.A.3 and I.2 are open; III.B.2, a review of procedures, is no task of a unit that has none.
    assert (fact["tasks_due"], fact["done_in_time"], fact["open"]) == (1, 1, 2)
    make_version(units["LDVL"], ("Giải quyết", units["LDVL"], 5))
    fact = told("2024-05", kind="task_totals")["LDVL"]
    assert (fact["tasks_due"], fact["done_in_time"], fact["open"]) == (2, 1, 3)


def test_a_review_of_procedures_is_no_task_of_a_unit_without_any_unless_the_annex_names_it(
    units: dict[str, Unit],
) -> None:
    load()
    assert "bg-2024/III.B.2/NCC" not in told("2024-06")
    assert "bg-2024/III.B.1/NCC" in told("2024-06")  # led by “Phòng Lao động – Việc làm; phòng Người có công”
    assert "bg-2024/III.A.3/NCC" in told("2024-06")  # about procedures, but no review of them
    make_version(units["NCC"], ("Giải quyết", units["NCC"], 5), in_force_from=date(2024, 7, 1))
    assert "bg-2024/III.B.2/NCC" not in told("2024-06")
    assert "bg-2024/III.B.2/NCC" in told("2024-07")


def test_on_which_days_a_unit_began_and_handed_in_is_told(units: dict[str, Unit]) -> None:
    load()
    do(service.start, part_of("III.B.1", "NCC"), date(2024, 5, 2))
    hand_in(part_of("III.B.1", "LDVL"), date(2024, 5, 13), date(2024, 6, 4))
    subject = "bg-2024/III.B.1/LDVL"
    assert {fact["subject"]: fact["started_on"] for fact in _facts("2024-05", "task_start")} == {
        subject: "2024-05-13",
        "bg-2024/III.B.1/NCC": "2024-05-02",
    }
    assert _facts("2024-05", "task_result") == []  # not yet, then
    assert [fact["handed_in_on"] for fact in _facts("2024-06", "task_result")] == ["2024-06-04"]


# Commands


@pytest.fixture
def run(app: Flask, session: Any) -> Any:
    """Run a command as a shell would."""
    return lambda *arguments: app.test_cli_runner().invoke(args=list(arguments))


def test_the_command_loads_a_document_and_says_what_it_did(units: dict[str, Unit], run: Any) -> None:
    done = run("plans", "load", "rules/documents/bg-2024.txt", "--assigned", "2024-03-01", "--format", "json")
    assert done.exit_code == 0
    said = json.loads(done.stdout)
    assert (said["plan"], said["rows"], len(said["new"])) == ("bg-2024", 10, 10)
    assert {entry["number"] for entry in said["unknown"]} == {"I.3", "III.A.2"}
    again = run("plans", "load", "rules/documents/bg-2024.txt", "--assigned", "2024-03-01")
    assert "mới 0, thay đổi 0, giữ nguyên 10" in again.stdout
    listed = json.loads(run("plans", "tasks", "--unit", "KHTC", "--format", "json").stdout)
    assert ("IV.1", "2024-06-30", "overdue") in {(t["number"], t["due"], t["state"]) for t in listed}


def test_a_copy_under_any_file_name_is_the_plan_it_copies(units: dict[str, Unit], run: Any, tmp_path: Any) -> None:
    copy = tmp_path / "001_9014339e16365c46.txt"
    copy.write_bytes(text_of("bg-2024").replace("\n", "\r\n").encode("utf-8-sig"))
    done = run("plans", "load", str(copy), "--assigned", "2024-03-01", "--format", "json")
    assert json.loads(done.stdout)["plan"] == "bg-2024"
    copy.write_bytes(text_of("bg-2024").replace("Tháng 7/2024", "Tháng 8/2024").encode())
    changed = run("plans", "load", str(copy), "--assigned", "2024-03-01", "--dry-run", "--format", "json")
    assert json.loads(changed.stdout)["plan"] == copy.stem


def test_the_command_names_file_and_line_of_what_is_wrong(units: dict[str, Unit], run: Any, tmp_path: Any) -> None:
    broken = tmp_path / "hong.txt"
    broken.write_text(text_of("bg-2024").replace("tối thiểu 10% TTHC", "tối thiểu\n10% TTHC"), "utf-8")
    refused = run("plans", "load", str(broken))
    assert refused.exit_code == 2
    assert refused.stderr.splitlines()[0].startswith(f"{broken}:153: Dòng số 2 có 2 ô")
    assert (refused.stdout, count(PlanTask)) == ("", 0)


@pytest.mark.parametrize(
    ("content", "told_"),
    [(b"\xff\xfe\x00", "UTF-8"), (b"x", "phụ lục"), (b"x" * 5_000_001, "quá lớn"), (None, "không đọc được")],
)
def test_the_command_refuses_what_is_no_document(run: Any, tmp_path: Any, content: bytes | None, told_: str) -> None:
    file = tmp_path / "tep.txt"
    if content is not None:
        file.write_bytes(content)
    refused = run("plans", "load", str(file))
    assert refused.exit_code == 2
    assert len(refused.stderr.splitlines()) == 1
    assert told_ in refused.stderr
