"""What a unit still has to do where a rule judges things one by one: how many break it, what can still be put right."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from click.testing import Result
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from app.cases.explanations import service
from app.cases.models import Case
from app.compliance import registered as compliance_facts  # noqa: F401  what earlier checks found is a kind of fact too
from app.compliance.evaluation.evaluate import judge
from app.compliance.evaluation.results import RuleResult
from app.compliance.explaining import lack_of_thing, still_to_do
from app.compliance.models import Violation
from app.core.periods import Period
from app.organisation.access import Actor, Scope
from app.organisation.models import Person, Role, Unit
from app.rulepacks.language import Rule
from app.web.extensions import db
from tests.clock import at
from tests.compliance import sample
from tests.compliance.month import BAC_GIANG, check
from tests.factories import adopt_packs, finish, make_department, make_person, make_version, receive

JUNE = Period.parse("2024-06")
JULY = Period.parse("2024-07")
SignIn = Callable[[Person], FlaskClient]


def judged(rule: dict[str, Any], *told: dict[str, Any], as_of: date = date(2024, 7, 1)) -> tuple[Rule, RuleResult]:
    """A rule, and its result for the unit U; a span of days is counted by the calendar's days."""
    pack = sample.pack(rules=[rule])
    judgement = judge(
        [pack], told, sample.units("U"), JUNE, as_of=as_of, deadline_of=lambda day, days, _kind: day + timedelta(days)
    )
    return pack.rules[0], judgement.results[0]


def told(rule: Rule, result: RuleResult) -> list[str]:
    behind = [thing.details for thing in result.failing]
    return list(still_to_do(rule, result.shortfall or 0, result.tally, behind))


def lacks(rule: Rule, result: RuleResult) -> list[str]:
    return [lack_of_thing(rule, thing.outcome, thing.details) for thing in result.failing]


def test_a_duty_says_what_is_late_for_good_what_is_missing_and_what_is_not_yet_due(app: Flask) -> None:
    rule, result = judged(
        sample.DUTY_RULE,
        sample.overdue("kept", since="2024-06-03"),
        sample.note("kept", "2024-06-04"),
        sample.overdue("late", since="2024-06-03"),
        sample.note("late", "2024-06-10"),
        sample.overdue("missing-1", since="2024-06-03"),
        sample.overdue("missing-2", since="2024-06-04"),
        sample.overdue("waiting", since="2024-06-30"),
    )
    assert told(rule, result) == [
        "Còn 3 việc vi phạm; đơn vị đạt khi không còn việc nào vi phạm.",
        "1 việc đã làm nhưng sau thời hạn: không sửa lại được.",
        "2 việc đã hết hạn mà chưa thấy ghi việc phải làm: vẫn phải làm ngay, nhưng làm từ nay là muộn; "
        "chỉ đạt nếu đã làm trong hạn mà chưa ghi vào phần mềm.",
        "1 việc chưa đến hạn lúc kiểm tra, nên chưa tính.",
    ]
    assert lacks(rule, result) == [
        "làm muộn, ngày 10/06/2024",
        "chưa làm, hạn 06/06/2024",
        "chưa làm, hạn 07/06/2024",
    ]


def test_what_is_missing_without_a_last_day_is_not_called_late(app: Flask) -> None:
    rule = sample.changed(sample.DUTY_RULE, message=sample.words("{subject}"), requires={"note": {}})
    written, result = judged(rule, sample.overdue("missing"))
    assert told(written, result)[1:] == ["1 việc chưa làm; quy tắc không đặt thời hạn cho việc này."]
    assert lacks(written, result) == ["chưa làm"]


def test_days_used_beyond_the_limit_are_told_and_cannot_be_won_back(app: Flask) -> None:
    rule, result = judged(
        sample.CLOCK_RULE,
        sample.thing("step", "slow", working=5, ended=True),
        sample.thing("step", "fast", working=2, ended=True),
    )
    assert told(rule, result) == [
        "Còn 1 việc vi phạm; đơn vị đạt khi không còn việc nào vi phạm.",
        "Ngày đã dùng quá thì không lấy lại được; bước nào chưa xong thì hoàn thành ngay để không chậm thêm.",
    ]
    assert lacks(rule, result) == ["vượt 2 ngày"]


def test_shares_of_single_things_are_added_up_and_those_out_of_reach_counted(app: Flask) -> None:
    """35 % of 10 is 4 and of 20 is 7; more than 100 % of anything is out of reach."""
    rule, result = judged(sample.THING_RATE_RULE, sample.overdue("a", x=1, days=10), sample.overdue("b", x=5, days=20))
    assert told(rule, result)[1:] == ["2 việc còn sửa được: cộng lại còn thiếu 5."]
    assert lacks(rule, result) == ["3", "2"]
    beyond = sample.changed(sample.THING_RATE_RULE, target={"more_than": "100%"})
    rule, result = judged(beyond, sample.overdue("a", x=10, days=10))
    assert told(rule, result)[1:] == ["1 việc không có cách nào đạt được chỉ tiêu."]
    assert lacks(rule, result) == [""]


def test_a_condition_on_a_thing_promises_nothing(app: Flask) -> None:
    rule, result = judged(sample.THING_RULE, sample.overdue("a", days=4), sample.overdue("b", days=1))
    assert told(rule, result) == [
        "Còn 1 việc vi phạm; đơn vị đạt khi không còn việc nào vi phạm.",
        "Hết vi phạm khi không còn: “overdue.days” trên 3.",
    ]
    assert lacks(rule, result) == [""]


def test_where_nothing_fails_only_what_is_not_yet_due_is_told(app: Flask) -> None:
    rule, result = judged(sample.THING_RULE, sample.overdue("b", days=1))
    assert told(rule, result) == []


# --- on pages and on the command line -------------------------------------------------------------------------------


@pytest.fixture
def units(session: Any) -> dict[str, Unit]:
    adopt_packs()
    return make_department()


@pytest.fixture
def unexplained(units: dict[str, Unit], freeze: Callable[..., Any]) -> Case:
    """A case closed late on 28 June, whose explanation was due on 2 July and is not there on the 3rd."""
    case = receive(make_version(units["LDVL"], ("Thẩm định", units["LDVL"], 2), days=2), at("2024-06-24 08:00"))
    finish(case, at("2024-06-28 08:00"))
    freeze("2024-07-03 08:00")
    return case


def explained(app: Flask, *arguments: str) -> Result:
    return app.test_cli_runner().invoke(args=["rules", "explain", "bg-5.3", *arguments])


def test_the_page_of_a_result_and_that_of_its_violation_say_what_is_still_to_do(
    unexplained: Case, units: dict[str, Unit], sign_in: SignIn, freeze: Callable[..., Any]
) -> None:
    freeze("2024-08-01 08:00")  # a month that still runs asks nobody to answer, so nothing of it is on the list
    run = check(JULY, pack_ids=[BAC_GIANG]).run
    assert run is not None
    inspector = sign_in(make_person(units["VP"], Role.INSPECTOR))
    page = inspector.get(f"/kiem-tra/{run.id}/{BAC_GIANG}/bg-5.3/LDVL").get_data(as_text=True)
    assert "Trong kỳ có 1 hồ sơ được xét, 0 đúng yêu cầu." in page
    assert "Còn 1 hồ sơ vi phạm; đơn vị đạt khi không còn hồ sơ nào vi phạm." in page
    assert "1 hồ sơ đã hết hạn mà chưa thấy ghi việc phải làm" in page
    violation = db.session.scalar(select(Violation.id).where(Violation.rule == "bg-5.3"))
    listed = inspector.get(f"/kiem-tra/vi-pham/{violation}").get_data(as_text=True)
    assert "chưa làm, hạn 02/07/2024" in listed


def test_the_command_tells_why_a_unit_kept_a_rule_or_not(
    app: Flask, unexplained: Case, units: dict[str, Unit], freeze: Callable[..., Any]
) -> None:
    nothing = explained(app, "--unit", "LDVL")
    assert (nothing.exit_code, nothing.stderr) == (2, "Chưa có kỳ nào được kiểm tra.\n")
    check(JULY, pack_ids=[BAC_GIANG])
    words = explained(app, "--unit", "LDVL", "--period", "2024-07")
    assert words.exit_code == 0, words.stderr
    assert "Còn 1 hồ sơ vi phạm; đơn vị đạt khi không còn hồ sơ nào vi phạm.\n" in words.stdout
    assert ": 3 ngày làm việc (từ " in words.stdout  # the parameter and its day
    service.explain(
        Scope(units["LDVL"].site), Actor.of(make_person(units["LDVL"], Role.HEAD)), [unexplained.id], "Máy hỏng"
    )
    freeze("2024-07-04 08:00")
    check(JULY, pack_ids=[BAC_GIANG])
    assert "1 hồ sơ đã làm nhưng sau thời hạn: không sửa lại được." in explained(app, "--unit", "LDVL").stdout


def test_the_command_names_each_case_once_the_month_has_ended(
    app: Flask, unexplained: Case, freeze: Callable[..., Any]
) -> None:
    listed = f"- Hồ sơ {unexplained.code} quá hạn"
    check(JULY, pack_ids=[BAC_GIANG])
    assert listed not in explained(app, "--unit", "LDVL", "--period", "2024-07").stdout
    freeze("2024-08-01 08:00")
    check(JULY, pack_ids=[BAC_GIANG])
    assert listed in explained(app, "--unit", "LDVL", "--period", "2024-07").stdout


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--period", "2024-07"), "--period chỉ dùng cùng với --unit."),
        (("--unit", "LDVL", "--period", "2024-05"), "Chưa có kỳ nào được kiểm tra."),
        (("--unit", "NO-SUCH"), "Không có kết quả này trong lần kiểm tra"),
    ],
)
def test_what_cannot_be_explained_is_one_clear_line(
    app: Flask, unexplained: Case, arguments: tuple[str, ...], sentence: str
) -> None:
    check(JULY, pack_ids=[BAC_GIANG])
    refused = explained(app, *arguments)
    assert refused.exit_code == 2
    assert sentence in refused.stderr
    assert refused.stderr.count("\n") == 1


def test_a_rule_read_aloud_says_what_keeps_it(app: Flask, session: Any) -> None:
    assert "Đạt khi: mọi việc được xét đều đạt; làm sau thời hạn vẫn tính là vi phạm" in explained(app).stdout
    assert "Kept when: everything judged keeps it; what is done" in explained(app, "--lang", "en").stdout
