"""Any event log: three columns are enough, in CSV or XES; what nobody promised has no due day."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from app.cases import lists, queries
from app.cases.exchange import log_of
from app.cases.importing.formats import BadFile, opened
from app.cases.importing.mapping import find_mapping
from app.cases.importing.models import ImportNameKind
from app.cases.importing.names import remember_name
from app.cases.importing.service import mappings_folder
from app.cases.lists import Window
from app.cases.models import Case, CaseEvent, CasePromise
from app.cases.queries import CaseFilters
from app.cases.vocabulary import EventKind
from app.core.facts import FactQuery, gather
from app.core.periods import Period
from app.organisation.access import whole_site
from app.organisation.calendars import site_calendar
from app.organisation.models import Person, Role, Unit, UnitKind
from app.procedures.models import Procedure
from app.slips.queries import cases_on_paper
from app.web.extensions import db
from tests.cases.importing.exports import assert_adds_up, reasons, take
from tests.clock import at
from tests.factories import CLERK, EVERYWHERE, SITE, finish, make_person, make_unit
from tests.grounds import wipe

PERMITS = """Case ID,Activity,Complete Timestamp
p-1,Submitted,2024/06/03 08:00:00.000
p-2,Submitted,2024/06/04 09:00:00.000
p-1,Approved,2024/06/05 10:00:00.000
p-2,Checked,2024/06/03 15:00:00.000
"""


def written(folder: Path, text: str, name: str = "log.csv") -> Path:
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name


def cases() -> dict[str, Case]:
    db.session.expire_all()
    return {case.code: case for case in db.session.scalars(select(Case))}


def activities(code: str) -> list[tuple[str, str]]:
    found = select(CaseEvent).where(CaseEvent.case_id == cases()[code].id, CaseEvent.kind == EventKind.ACTIVITY)
    return [(event.data["name"], event.actor) for event in db.session.scalars(found.order_by(CaseEvent.at))]


@pytest.mark.parametrize(
    "headings",
    [
        "Case ID,Activity,Complete Timestamp",
        "case:concept:name,concept:name,time:timestamp",
        "case_id;activity;timestamp",
    ],
)
def test_three_columns_are_enough(department: Unit, tmp_path: Path, headings: str) -> None:
    """A case begins with its first activity, wherever in the file that stands; nobody has promised anything."""
    text = PERMITS.replace("Case ID,Activity,Complete Timestamp", headings)
    path = written(tmp_path, text.replace(",", ";") if ";" in headings else text)
    report = take(path, "nhat-ky")
    assert (report.rows, report.cases_new, report.events_new, reasons(report)) == (4, 2, 4, [])
    assert_adds_up(report)
    assert cases()["p-1"].received_at == at("2024-06-03 08:00")
    assert cases()["p-2"].received_at == at("2024-06-03 15:00"), "the last row is its first activity"
    for case in cases().values():
        assert (case.promised_at, case.due_at, case.late_after, case.unit_id) == (None, None, None, department.id)
    assert db.session.scalars(select(CasePromise)).all() == []
    assert any("hồ sơ không có ngày hẹn" in notice for notice in report.notices())
    again = take(path, "nhat-ky")
    assert (again.cases_unchanged, again.events_new) == (2, 0)


def test_a_later_log_goes_on_with_its_cases(department: Unit, tmp_path: Path) -> None:
    take(written(tmp_path, PERMITS), "nhat-ky")
    later = "Case ID,Activity,Complete Timestamp\np-1,Paid,2024/06/07 08:00\np-3,Submitted,2024/06/08 08:00\n"
    report = take(written(tmp_path, later + "p-4,,2024/06/08 08:00\np-5,Submitted,hôm qua\n", "sau.csv"), "nhat-ky")
    assert (report.cases_new, report.cases_changed, report.events_new) == (1, 1, 2)
    assert [(number, column) for number, column, _why in reasons(report)] == [
        (4, "Activity"),
        (5, "Complete Timestamp"),
    ]
    assert cases()["p-1"].received_at == at("2024-06-03 08:00")
    assert activities("p-1") == [("Submitted", ""), ("Approved", ""), ("Paid", "")]


def test_what_nobody_promised_ends_neither_in_time_nor_late(department: Unit, tmp_path: Path) -> None:
    """Two of a log end at the desk in June, one of them with a deadline in the log: one is judged, and in time."""
    log = (
        "Case ID,Activity,Complete Timestamp,Deadline\n"
        "p-1,Submitted,2024/06/03 08:00,\n"
        "p-2,Submitted,2024/06/03 08:00,2024/06/10\n"
    )
    take(written(tmp_path, log), "nhat-ky")
    for case in cases().values():
        finish(case, at("2024-06-07 09:00"))
    june = Window.of(Period.parse("2024-06"), site_calendar().zone, at("2024-07-01 08:00"))
    query = FactQuery(SITE, Period.parse("2024-06"), june.start, june.end, june.as_of)
    told = {fact["kind"]: fact for fact in gather(db.session.connection(), query, {"timeliness", "closing"})}
    assert [told["timeliness"][field] for field in ("finished", "on_time", "late", "judged")] == [1, 1, 0, 1]
    assert [told["closing"][field] for field in ("resolved", "result_in_time", "closed_in_time")] == [2, 1, 1]
    filters = CaseFilters(lists=lists.named(["finished"]), window=june)
    assert [line.case.code for line in queries.list_page(EVERYWHERE, filters, site_calendar()).lines] == ["p-2"]


def test_an_end_that_somebody_tells_of_a_log_is_taken_without_a_promise(department: Unit, tmp_path: Path) -> None:
    """The column is told by a person, and remembered; what ends so has no due day."""
    mapping = find_mapping("nhat-ky", mappings_folder())
    remember_name(whole_site(), CLERK, mapping, ImportNameKind.COLUMN, "Finished", "ended_at")
    log = "Case ID,Activity,Complete Timestamp,Finished\np-1,Submitted,2024/06/03 08:00,2024/06/07 09:00\n"
    take(written(tmp_path, log), "nhat-ky")
    assert (cases()["p-1"].ended_at, cases()["p-1"].late_after) == (at("2024-06-07 09:00"), None)


def test_a_case_without_a_promise_says_so_and_not_that_its_clock_stands(
    department: Unit, tmp_path: Path, sign_in: Callable[[Person], FlaskClient]
) -> None:
    take(written(tmp_path, PERMITS), "nhat-ky")
    clerk = sign_in(make_person(make_unit("MC", "Bộ phận Một cửa", is_desk=True), Role.DESK))
    page = clerk.get(f"/ho-so/{cases()['p-1'].id}").text
    assert "Không có ngày hẹn" in page and "thủ tục chưa có thời hạn" in page
    assert "Tạm dừng tính hạn" not in page and "chưa biết từ" not in page


def test_what_a_log_does_not_tell_is_not_told_as_known(
    department: Unit, tmp_path: Path, sign_in: Callable[[Person], FlaskClient]
) -> None:
    """Neither who handed it in nor whether something is due; once somebody has looked at the procedure, that is."""
    take(written(tmp_path, PERMITS), "nhat-ky")
    clerk, case = sign_in(make_person(make_unit("MC", "Bộ phận Một cửa", is_desk=True), Role.DESK)), cases()["p-1"]

    def told() -> dict[str, str]:
        page = clerk.get(f"/ho-so/{case.id}").text
        return {name: value.strip() for name, value in re.findall(r"<dt>([^<]+)</dt><dd>([^<]*)", page)}

    assert (told()["Người nộp"], told()["Phí, lệ phí"]) == ("chưa rõ", "chưa rõ")
    assert _fee_on_paper(case.id) is None
    assert "<dt>Phí, lệ phí</dt><dd>chưa rõ" in clerk.get(f"/ho-so/tiep-nhan/hen-tra?version_id={case.version_id}").text
    assert "chưa rõ" in clerk.get(f"/thu-tuc/{case.version.procedure_id}").text
    case.version.details_known, case.applicant = True, "Nguyễn Văn An"
    db.session.commit()
    assert (told()["Người nộp"], told()["Phí, lệ phí"]) == ("Nguyễn Văn An", "Không thu")
    assert _fee_on_paper(case.id) == 0
    assert "chưa rõ" not in clerk.get(f"/thu-tuc/{case.version.procedure_id}").text


def _fee_on_paper(case_id: int) -> int | None:
    (paper,) = cases_on_paper(EVERYWHERE, [case_id], site_calendar().zone)
    return paper.fee_due


XES = """<?xml version="1.0" encoding="UTF-8"?>
<!-- written by hand -->
<log xes.version="1.0" xmlns="http://www.xes-standard.org/">
  <extension name="Concept" prefix="concept" uri="http://www.xes-standard.org/concept.xesext"/>
  <global scope="event"><string key="concept:name" value="UNKNOWN"/></global>
  <classifier name="Activity" keys="concept:name"/>
  <string key="concept:name" value="a log"/>
  <trace>
    <string key="concept:name" value="x-1"/>
    <event>
      <string key="concept:name" value="Nộp đơn"><string key="nested" value="not read"/></string>
      <date key="time:timestamp" value="2024-06-03T08:00:00.000+07:00"/>
      <string key="org:resource" value="Lan"/>
    </event>
    <event><string key="concept:name" value="Thẩm định"/>
      <date key="time:timestamp" value="2024-06-04T02:00:00Z"/></event>
  </trace>
  <trace><string key="concept:name" value="x-2"/></trace>
</log>
"""


def test_xes_is_read_as_a_table_of_its_events(department: Unit, tmp_path: Path) -> None:
    report = take(written(tmp_path, XES, "log.xes"), "nhat-ky")
    assert (report.rows, report.cases_new, report.events_new, reasons(report)) == (2, 1, 2, [])
    assert activities("x-1") == [("Nộp đơn", "Lan"), ("Thẩm định", "")]
    assert cases()["x-1"].received_at == at("2024-06-03 08:00")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (XES[:600], "hỏng"),
        (
            '<?xml version="1.0"?><!DOCTYPE log [<!ENTITY a "aa">]><log xes.version="1.0">&a;</log>',
            "khai báo không an toàn",
        ),
        ('<?xml version="1.0"?><log xes.version="1.0"></log>', "không có dòng nào"),
    ],
    ids=["cut off", "entities", "empty"],
)
def test_a_bad_xes_is_one_sentence(department: Unit, tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(BadFile, match=told):
        take(written(tmp_path, text, "log.xes"), "nhat-ky")
    assert cases() == {}


def test_what_goes_out_as_xes_comes_in_again(department: Unit, tmp_path: Path) -> None:
    take(written(tmp_path, PERMITS), "nhat-ky")
    text = "".join(log_of(whole_site()))
    assert "Submitted" in text
    with opened(written(tmp_path, text, "ra.xes")) as source:
        rows = [cells for _number, cells in next(source.sheets()).rows]
    assert rows[0][0] == "case:concept:name" and "time:timestamp" in rows[0]
    assert len(rows) == 1 + 2 + 4, "each case's reception and its activities"
    wipe()
    make_unit("SO", "Sở", UnitKind.DEPARTMENT)
    report = take(tmp_path / "ra.xes", "nhat-ky")
    assert (report.cases_new, report.events_new, reasons(report)) == (2, 6, [])


def test_a_case_that_was_promised_nothing_is_shown_and_nobody_is_received_under_its_procedure(
    department: Unit, tmp_path: Path, sign_in: Callable[[Person], FlaskClient]
) -> None:
    take(written(tmp_path, PERMITS), "nhat-ky")
    desk = sign_in(make_person(make_unit("MC", "Một cửa", parent=department, is_desk=True), Role.DESK))
    for address in (f"/ho-so/{cases()['p-1'].id}", "/ho-so", "/ho-so/viec-hom-nay", "/thu-tuc"):
        assert desk.get(address).status_code == 200, address
    procedure = db.session.scalars(select(Procedure)).one()
    detail = desk.get(f"/thu-tuc/{procedure.id}").text
    assert "chưa biết" in detail and "Chưa có thời hạn: chưa tiếp nhận được" in detail
    version = procedure.versions[0].id
    intake = desk.get(f"/ho-so/tiep-nhan?version_id={version}").text
    assert "chưa có thời hạn giải quyết nên chưa tiếp nhận được" in intake
    assert f'href="/thu-tuc/{procedure.id}"' in intake, "what to do next"
    sent = desk.post(
        "/ho-so/tiep-nhan", data={"version_id": version, "applicant": "Trần Văn Bình", "channel": "in_person"}
    )
    assert sent.status_code == 422
    assert "chưa có thời hạn giải quyết, nên chưa hẹn ngày được" in sent.text
    assert len(cases()) == 2
    table = list(csv.reader(io.StringIO(desk.get("/thu-tuc.csv").text)))
    time = next(line for line in table if "Thời hạn" in line).index("Thời hạn")
    assert next(line for line in table if procedure.code in line)[time] == "", "no time is not a time of 0"


def test_the_keeper_of_the_catalogue_gives_a_time_from_a_day_on(
    department: Unit, tmp_path: Path, sign_in: Callable[[Person], FlaskClient]
) -> None:
    """The form begins without a time and without the note that nobody has looked at it."""
    take(written(tmp_path, PERMITS), "nhat-ky")
    keeper = sign_in(make_person(department, Role.INSPECTOR))
    version = db.session.scalars(select(Procedure)).one().versions[0]
    intake = keeper.get(f"/thu-tuc/{version.procedure_id}")
    assert "Do lần nhập" in intake.text
    form = keeper.get(f"/thu-tuc/{version.procedure_id}/phien-ban-moi").text
    assert re.search(r'<input[^>]*name="time_amount"[^>]*value=""', form), "not 0"
    assert "Do lần nhập" not in form.split("<form", 1)[1]
