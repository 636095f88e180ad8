"""Form II.06a held against the report before it, as that was sent.

Worked by hand: September 2024 is 15/08 to 14/09/2024, October 15/09 to 14/10/2024 (Decree 09/2019). September is sent
on 16/09 with two cases open: `a` and `b` of LDVL. October is looked at on 20/11.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from datetime import date
from typing import Any

import openpyxl
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import delete, event, func, select, update

from app.cases.models import Case, CaseEvent, CasePromise, CaseStage
from app.cases.vocabulary import EventKind
from app.core.errors import Conflict, DomainError, NotFound
from app.core.periods import Period
from app.organisation.access import Scope, whole_site
from app.organisation.models import AuditEntry, Person, Role
from app.reporting.control import carry_over, queries, service
from app.reporting.control.carry_over import CarryOver
from app.reporting.control.form import Rows
from app.reporting.control.queries import control_figures
from app.reporting.models import SentOpenCase, SentReport
from app.web.extensions import db
from tests.clock import at
from tests.compliance.pages import text_of
from tests.factories import CLERK, SITE, happen, make_department, make_person, make_version, receive

SEPTEMBER, OCTOBER = Period.parse("2024-09"), Period.parse("2024-10")
WHY = "Văn phòng UBND tỉnh trả lại để lập lại."


@pytest.fixture
def sent(session: Any, freeze: Callable[[str], Any]) -> dict[str, Any]:
    """September as it was on 16/09: `a` and `b` open at LDVL, `c` of NCC ended on 10/09. Sent that day."""
    freeze("2024-09-16 09:00")
    units = make_department()
    jobs = make_version(units["LDVL"], ("Thẩm định", units["LDVL"], 5), field="Việc làm")
    care = make_version(units["NCC"], ("Thẩm định", units["NCC"], 5), name="Trợ cấp", field="Người có công")
    a = receive(jobs, at("2024-09-11 08:00"), "a")
    b = receive(jobs, at("2024-09-12 08:00"), "b")
    c = receive(care, at("2024-09-05 08:00"), "c")
    end(c, "2024-09-10 08:00")
    report = service.mark_report_sent(CLERK, SEPTEMBER, sent_on=date(2024, 9, 16), document="45/BC-SLĐ")
    return {"units": units, "jobs": jobs, "care": care, "a": a, "b": b, "c": c, "report": report}


def end(case: Case, when: str) -> None:
    happen(case, EventKind.RESOLVED, at(when))
    happen(case, EventKind.CLOSED, at(when))


def held(rows: Rows = Rows.FIELD, scope: Scope | None = None) -> CarryOver:
    scope = scope or whole_site()
    report = carry_over.sent_for(scope, SEPTEMBER).get(SEPTEMBER.key)
    return carry_over.carry_over(scope, control_figures(scope, OCTOBER, rows), report)


def apart(rows: Rows = Rows.FIELD) -> list[tuple[str, bool]]:
    report = carry_over.sent_for(whole_site(), SEPTEMBER)[SEPTEMBER.key]
    listed = carry_over.listed_apart(whole_site(), OCTOBER, rows, report.id, 100)
    return sorted((each.code, each.was_sent) for each in listed)


def test_what_was_sent_is_kept_with_all_rows_and_sums(sent: dict[str, Any]) -> None:
    kept = db.session.scalars(select(SentReport)).one()
    assert (kept.period, kept.first, kept.last) == ("2024-09", date(2024, 8, 15), date(2024, 9, 14))
    # 3 to 13. Three received at the desk; one ended before its day (due 12/09); two open, not yet due on 14/09.
    total, jobs, care = (
        [3, 0, 3, 0, 1, 1, 0, 0, 2, 2, 0],
        [2, 0, 2, 0, 0, 0, 0, 0, 2, 2, 0],
        [*(1, 0, 1, 0, 1, 1, 0, 0, 0, 0, 0)],
    )
    by_field = [(line["name"], line["columns"]) for line in kept.figures["linh-vuc"]]
    assert by_field == [("", total), ("Người có công", care), ("Việc làm", jobs)]
    units = sent["units"]
    by_unit = {line["key"]: line["columns"] for line in kept.figures["don-vi"]}
    assert by_unit == {"": total, str(units["LDVL"].id): jobs, str(units["NCC"].id): care}
    assert set(db.session.scalars(select(SentOpenCase.code))) == {sent["a"].code, sent["b"].code}
    entry = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "mark_report_sent")).one()
    assert entry.details["columns"] == total


def test_nothing_changed_agrees(sent: dict[str, Any], freeze: Callable[[str], Any]) -> None:
    freeze("2024-11-20 08:00")
    end(sent["a"], "2024-09-17 08:00")  # what happens in October changes nothing of September
    for rows in Rows:
        told = held(rows)
        assert (told.total.sent, told.total.now, told.cases, told.agrees) == (2, 2, 0, True)


def test_a_case_entered_late_makes_a_difference_of_one_and_is_named(
    sent: dict[str, Any], freeze: Callable[[str], Any], sign_in: Callable[[Person], FlaskClient]
) -> None:
    freeze("2024-11-20 08:00")
    late = receive(sent["care"], at("2024-09-13 08:00"), "vào sổ giấy")
    for rows, name in ((Rows.FIELD, "Người có công"), (Rows.UNIT, sent["units"]["NCC"].name)):
        told = held(rows)
        assert (told.total.sent, told.total.now, told.total.apart, told.cases) == (2, 3, 1, 1)
        assert [(line.name, line.sent, line.now) for line in told.differing] == [(name, 0, 1)]
        assert apart(rows) == [(late.code, False)]
    inspector = sign_in(make_person(sent["units"]["VP"], Role.INSPECTOR))
    page = text_of(inspector.get("/bao-cao/thu-tuc/2024-10"))
    assert "báo cáo tháng 9/2024 gửi ngày 16/09/2024 ghi 2: lệch 1" in page
    behind = text_of(inspector.get("/bao-cao/thu-tuc/2024-10/lech"))
    assert late.code in behind and "Ghi vào phần mềm ngày 20/11/2024, sau khi gửi" in behind
    assert sent["a"].code not in behind
    book = openpyxl.load_workbook(io.BytesIO(inspector.get("/bao-cao/thu-tuc/2024-10.xlsx").data))
    cells = list(book.worksheets[0].iter_rows(values_only=True))
    assert any(row[:4] == ("Người có công", 0, 1, 1) for row in cells)
    assert "số 45/BC-SLĐ là 2: lệch 1" in " ".join(str(cell) for row in cells for cell in row)


def test_ended_annulled_moved_and_taken_out_are_told_apart(
    sent: dict[str, Any], freeze: Callable[[str], Any], sign_in: Callable[[Person], FlaskClient]
) -> None:
    """Of the two that were sent one turns out to have ended on 13/09; then annulled; then gone altogether."""
    freeze("2024-11-20 08:00")
    a, b = sent["a"], sent["b"]
    inspector = sign_in(make_person(sent["units"]["VP"], Role.INSPECTOR))

    def why() -> str:
        return text_of(inspector.get("/bao-cao/thu-tuc/2024-10/lech"))

    end(a, "2024-09-13 08:00")
    assert (held().total.apart, apart()) == (-1, [(a.code, True)])
    assert "Kết thúc ngày 13/09/2024, ghi sau khi gửi" in why()
    change(b, annulled_at=at("2024-10-02 08:00"), ended_at=at("2024-10-02 08:00"))
    assert (held().total.apart, held().cases) == (-2, 2)
    assert "Đã hủy ngày 02/10/2024" in why()
    change(b, annulled_at=None, ended_at=None, received_at=at("2024-09-16 07:30"))
    assert held().cases == 2 and "Ngày tiếp nhận sửa thành 16/09/2024" in why()
    change(b, received_at=at("2024-09-12 08:00"))
    assert held().cases == 1
    change(b, unit_id=sent["units"]["NCC"].id)  # the sum is the same, two lines are not
    assert (held(Rows.FIELD).cases, held(Rows.UNIT).cases, held(Rows.UNIT).total.apart) == (1, 2, -1)
    assert "Khi gửi ở đơn vị khác" in text_of(inspector.get("/bao-cao/thu-tuc/2024-10/lech?theo=don-vi"))
    change(b, unit_id=sent["units"]["LDVL"].id)
    for table in (CaseStage, CasePromise, CaseEvent):
        db.session.execute(delete(table).where(table.case_id == b.id))
    db.session.execute(delete(Case).where(Case.id == b.id))
    db.session.commit()
    assert apart() == sorted([(a.code, True), (b.code, True)])
    assert "Không còn trên phần mềm" in why() and b.code in why()


def change(case: Case, **values: Any) -> None:
    db.session.execute(update(Case).where(Case.id == case.id).values(**values))
    db.session.commit()


def test_the_latest_counts_and_one_taken_back_does_not(sent: dict[str, Any], freeze: Callable[[str], Any]) -> None:
    freeze("2024-09-20 08:00")
    receive(sent["jobs"], at("2024-09-13 08:00"), "ghi muộn")
    again = service.mark_report_sent(CLERK, SEPTEMBER, sent_on=date(2024, 9, 20), note=WHY)
    assert (held().total.sent, held().agrees) == (3, True)
    assert [each.id for each in carry_over.sent_reports(whole_site(), SEPTEMBER)] == [again.id, sent["report"].id]
    service.withdraw_sent_report(CLERK, again.id, reason=WHY)
    assert (held().total.sent, held().total.apart) == (2, 1)
    with pytest.raises(NotFound):
        service.withdraw_sent_report(CLERK, again.id, reason=WHY)
    service.withdraw_sent_report(CLERK, sent["report"].id, reason=WHY)
    assert held().report is None
    assert db.session.scalar(select(func.count()).select_from(SentReport)) == 2  # both stay


def test_a_period_is_sent_after_its_end_and_not_before_today(
    sent: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    for day in (date(2024, 9, 14), date(2024, 9, 17)):  # its last day; tomorrow
        with pytest.raises(DomainError) as refused:
            service.mark_report_sent(CLERK, SEPTEMBER, sent_on=day)
        assert refused.value.field == "sent_on"
    with pytest.raises(DomainError) as refused:  # runs until 14/10
        service.mark_report_sent(CLERK, OCTOBER, sent_on=date(2024, 9, 16))
    assert refused.value.field == "sent_on"
    with pytest.raises(DomainError) as refused:
        service.mark_report_sent(CLERK, SEPTEMBER, sent_on=date(2024, 9, 16), document="x" * 201)
    assert refused.value.field == "document"
    # A case that came between the counting and the keeping: neither is kept.
    right = queries.control_figures
    monkeypatch.setattr(queries, "control_figures", lambda scope, _period, rows: right(scope, OCTOBER, rows))
    end(sent["a"], "2024-09-15 09:00")
    with pytest.raises(Conflict):
        service.mark_report_sent(CLERK, SEPTEMBER, sent_on=date(2024, 9, 16))
    assert db.session.scalar(select(func.count()).select_from(SentReport)) == 1


def test_a_head_holds_the_own_unit_only(
    sent: dict[str, Any], freeze: Callable[[str], Any], sign_in: Callable[[Person], FlaskClient]
) -> None:
    freeze("2024-11-20 08:00")
    units = sent["units"]
    receive(sent["care"], at("2024-09-13 08:00"), "vào sổ giấy")
    jobs, care = (Scope(SITE, frozenset({units[code].id})) for code in ("LDVL", "NCC"))
    assert (held(scope=jobs).total.sent, held(scope=jobs).agrees) == (2, True)
    assert (held(scope=care).total.sent, held(scope=care).total.apart) == (0, 1)
    head = sign_in(make_person(units["NCC"], Role.HEAD))
    page = head.get("/bao-cao/thu-tuc/2024-10")
    assert "lệch 1" in text_of(page) and "/gui" not in page.get_data(as_text=True)
    assert head.get("/bao-cao/thu-tuc/2024-09/da-gui").status_code == 403


def test_it_is_marked_and_taken_back_on_the_page(
    sent: dict[str, Any], freeze: Callable[[str], Any], sign_in: Callable[[Person], FlaskClient]
) -> None:
    freeze("2024-11-20 08:00")
    inspector = sign_in(make_person(sent["units"]["VP"], Role.INSPECTOR, full_name="Trần Thị Bình"))
    assert "Báo cáo này: chưa gửi" in text_of(inspector.get("/bao-cao/thu-tuc/2024-10"))
    november = text_of(inspector.get("/bao-cao/thu-tuc/2024-11"))
    assert "Kỳ trước (tháng 10/2024): chưa gửi" in november and "Báo cáo tháng 10/2024: chưa gửi" in november
    assert inspector.get("/bao-cao/thu-tuc/2024-11/lech").status_code == 404
    early = inspector.post("/bao-cao/thu-tuc/2024-10/gui", data={"sent_on": "01/10/2024"})
    assert early.status_code == 422 and "Ngày gửi phải sau ngày cuối kỳ" in early.get_data(as_text=True)
    told = {"sent_on": "18/10/2024", "document": "51/BC-SLĐ", "note": "Gửi qua trục liên thông."}
    assert inspector.post("/bao-cao/thu-tuc/2024-10/gui", data=told).status_code == 302
    assert "gửi ngày 18/10/2024, số 51/BC-SLĐ" in text_of(inspector.get("/bao-cao/thu-tuc/2024-10"))
    assert "Số chuyển sang khớp" in text_of(inspector.get("/bao-cao/thu-tuc/2024-11"))
    kept = inspector.get("/bao-cao/thu-tuc/2024-10/da-gui")
    assert "Trần Thị Bình" in text_of(kept) and "Gửi qua trục liên thông." in text_of(kept)
    back = re.search(r"/bao-cao/thu-tuc/da-gui/\d+/rut", kept.get_data(as_text=True))
    assert back
    assert inspector.post(back[0], data={"reason": "x"}).status_code == 422
    assert inspector.post(back[0], data={"reason": WHY}).status_code == 302
    assert "Báo cáo này: chưa gửi" in text_of(inspector.get("/bao-cao/thu-tuc/2024-10"))
    assert f"Đã rút: {WHY}" in text_of(inspector.get("/bao-cao/thu-tuc/2024-10/da-gui"))
    assert inspector.get(back[0]).status_code == 404


def test_holding_it_takes_as_many_questions_whatever_differs(
    sent: dict[str, Any], freeze: Callable[[str], Any], app: Flask
) -> None:
    freeze("2024-11-20 08:00")

    def questions() -> int:
        asked: list[str] = []
        told, scope = control_figures(whole_site(), OCTOBER, Rows.UNIT), whole_site()

        def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
            if "site_days" not in statement and "confirmed_years" not in statement:  # once a request
                asked.append(statement)

        event.listen(db.engine, "before_cursor_execute", note)
        try:
            carry_over.carry_over(scope, told, carry_over.sent_for(scope, SEPTEMBER)[SEPTEMBER.key])
        finally:
            event.remove(db.engine, "before_cursor_execute", note)
        return len(asked)

    before = questions()
    for n in range(10):
        receive(sent["care" if n % 2 else "jobs"], at("2024-09-13 08:00"), f"ghi muộn {n}")
    assert held().cases == 10
    assert questions() == before == 4
