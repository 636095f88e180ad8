"""Form II.06a: its days, who stands in which column, the sums, and lists as long as their figures.

Worked by hand, October 2024 by Decree 09/2019: 15/09/2024 to 14/10/2024. The procedure takes 5 working days.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from datetime import date
from typing import Any

import docx
import openpyxl
import pytest
from flask import Flask
from flask.testing import FlaskClient
from pydantic import ValidationError
from pypdf import PdfReader
from sqlalchemy import update

from app.cases.models import Case
from app.cases.vocabulary import Channel, EventKind
from app.core.periods import Period
from app.core.yaml_files import read_text
from app.organisation.access import whole_site
from app.organisation.models import Person, Role, Unit
from app.reporting.control import paper
from app.reporting.control.form import FILE, Counts, Rows, read_forms
from app.reporting.control.queries import (
    CONDITIONS,
    Doubt,
    PeriodScheme,
    case_lines,
    control_figures,
    control_span,
    how_many,
    schemes,
    span_of,
    window_of,
)
from app.reporting.paper_parts import house
from app.web.extensions import db
from tests.clock import at
from tests.compliance.pages import text_of
from tests.factories import happen, make_department, make_person, make_version, receive
from tests.grounds import Grounds

OCTOBER = Period.parse("2024-10")
CUT_OFF = schemes("2019-03-12=15-14")


@pytest.mark.parametrize(
    ("key", "first", "last"),
    [
        ("2024-10", date(2024, 9, 15), date(2024, 10, 14)),
        ("2024-01", date(2023, 12, 15), date(2024, 1, 14)),
        ("2024-Q2", date(2024, 3, 15), date(2024, 6, 14)),
        ("2024-H1", date(2023, 12, 15), date(2024, 6, 14)),
        ("2024-H2", date(2024, 6, 15), date(2024, 12, 14)),
        ("2024", date(2023, 12, 15), date(2024, 12, 14)),
        ("2019-02", date(2019, 2, 1), date(2019, 2, 28)),  # before the decree was in force
    ],
)
def test_the_days_of_a_period(key: str, first: date, last: date) -> None:
    """As the decree's article 12 has them (month, quarter, halves, year)."""
    span = span_of(Period.parse(key), CUT_OFF)
    assert (span.first, span.last) == (first, last)


def test_the_days_change_by_a_dated_setting_and_the_old_form_says_so() -> None:
    dated = schemes("2027-01-01=calendar,2019-03-12=15-14")
    assert dated[-1] == (date(2027, 1, 1), PeriodScheme.CALENDAR)
    assert span_of(Period.parse("2027-01"), dated).first == date(2027, 1, 1)
    assert span_of(Period.parse("2026-02"), dated).form.newer is None  # ends on 14/02/2026
    newer = span_of(Period.parse("2026-03"), dated).form.newer
    assert newer is not None and newer.since == date(2026, 2, 15)
    assert newer.untold is not None and "chưa có các cột của biểu mới" in newer.untold


@pytest.mark.parametrize(
    ("was", "now", "fault"),
    [
        ("number: 4,", "number: 14,", "numbered from 3 on"),
        ("counts: open_late", "counts: open_in_time", "each kind of case stands in one column"),
        ("sum: [12, 13]", "sum: [12, 14]", "no column 14"),
        ("sum: [12, 13]}", "sum: [12, 13], counts: open_late}", "counts or is a sum"),
        ("parts: [7, 11]", "parts: [7, 15]", "no column 15"),
        ("from: 2026-02-15", "from: 2020-01-01", "from earlier to later"),
        ("source: heading", "source: nowhere", "no source"),
        ("    untold:", "    balance: {all: 3, parts: [7]}\n    untold:", "or why they are not known"),
        ('title: "Trong kỳ"', 'number: 4\n            title: "Trong kỳ"', "a heading over columns"),
    ],
)
def test_a_file_of_forms_that_does_not_hold_together_is_refused(was: str, now: str, fault: str) -> None:
    text = read_text(FILE, FILE.name)
    assert was in text
    with pytest.raises(ValidationError, match=fault):
        read_forms(text.replace(was, now))


def test_a_form_whose_columns_are_known_takes_the_place_of_the_one_before_from_its_day() -> None:
    """A made-up circular that counts early and in time in one column, 8 to 12, holds from 15/02/2026; not before."""
    text = read_text(FILE, FILE.name)
    known, _mark, _untold = text.partition("  - from: 2026-02-15")
    later = known[known.index("  - from: 2020-10-21") :].replace("2020-10-21", "2026-02-15", 1)
    first = {4: 5, 5: 4}  # online and otherwise change places
    later = re.sub(r"number: ([45]), ", lambda found: f"number: {first[int(found[1])]}, ", later)
    lines = later.splitlines()
    online, otherwise = (next(n for n, line in enumerate(lines) if f"number: {k}, " in line) for k in (5, 4))
    lines[online], lines[otherwise] = lines[otherwise], lines[online]
    forms = read_forms(known + "\n".join(lines) + "\n")
    before, after = forms.on(date(2026, 2, 14)), forms.on(date(2026, 2, 15))
    assert (before.cells[4], after.cells[4]) == (Counts.RECEIVED_ONLINE, Counts.RECEIVED_OTHERWISE)
    assert (before.newer, after.newer) == (None, None)
    assert after.counted(3) == (Counts.RECEIVED_OTHERWISE, Counts.RECEIVED_ONLINE, Counts.CARRIED_OVER)


def test_a_period_before_the_circular_says_so(november: dict[str, Unit]) -> None:
    told = control_figures(whole_site(), Period.parse("2020-09"), Rows.FIELD)
    assert told.span.form.form.since == date(2020, 10, 21)
    [paper_, _causes] = paper.documents(told, [], house(), "Sở", date(2024, 11, 20))
    assert "Kỳ này có trước Thông tư số 01/2020/TT-VPCP" in str(paper_.blocks)


@pytest.fixture
def november(ground: Grounds, freeze: Callable[[str], Any]) -> dict[str, Unit]:
    """Nine cases, each in a place of its own on the form; two fields, two units. Seen from November."""
    freeze("2024-11-20 08:00")
    return ground(make_november)


def make_november() -> dict[str, Unit]:
    units = make_department()
    jobs = make_version(units["LDVL"], ("Thẩm định", units["LDVL"], 5), field="Việc làm")
    care = make_version(units["NCC"], ("Thẩm định", units["NCC"], 5), name="Trợ cấp", field="Người có công")

    def case(version: Any, received: str, name: str, done: str = "", channel: Channel = Channel.IN_PERSON) -> Case:
        made = receive(version, at(received), name, channel=channel)
        if done:
            happen(made, EventKind.RESOLVED, at(done))
            happen(made, EventKind.CLOSED, at(done))
        return made

    # LDVL, Việc làm. 02/09 and 03/09/2024 are days off.
    case(jobs, "2024-09-09 08:00", "mang sang, trước hạn", "2024-09-15 09:00")  # due 16/09
    case(jobs, "2024-09-16 08:00", "trực tuyến, đúng hạn", "2024-09-23 16:00", Channel.ONLINE)  # due 23/09
    case(jobs, "2024-09-16 09:00", "quá hạn", "2024-09-24 08:00")
    case(jobs, "2024-10-14 08:00", "còn hạn")
    case(jobs, "2024-10-01 08:00", "xong sau kỳ", "2024-10-15 08:00")  # due 08/10: open and overdue on 14/10
    case(jobs, "2024-08-05 08:00", "xong từ kỳ trước", "2024-08-07 08:00")
    # NCC, Người có công
    case(care, "2024-09-13 08:00", "mang sang, quá hạn")  # due 20/09
    case(care, "2024-09-17 08:00", "trước hạn", "2024-09-18 08:00", Channel.ONLINE)
    case(care, "2024-10-15 00:30", "sau kỳ")
    return units


EXPECTED = {
    "Việc làm": {4: 1, 5: 3, 6: 1, 8: 1, 9: 1, 10: 1, 12: 1, 13: 1},
    "Người có công": {4: 1, 5: 0, 6: 1, 8: 1, 9: 0, 10: 0, 12: 0, 13: 1},
}


def test_each_case_stands_in_its_column_and_the_sums_come_out(november: dict[str, Unit]) -> None:
    told = control_figures(whole_site(), OCTOBER, Rows.FIELD)
    assert {line.name: dict(line.cells) for line in told.lines} == EXPECTED
    jobs = next(line for line in told.lines if line.name == "Việc làm")
    assert (jobs[3], jobs[7], jobs[11], jobs.excess) == (5, 3, 2, 0)
    assert [told.total[column] for column in range(3, 14)] == [7, 2, 3, 2, 4, 2, 1, 1, 3, 1, 2]
    assert told.total.excess == 0
    by_unit = control_figures(whole_site(), OCTOBER, Rows.UNIT)
    names = {november["LDVL"].name: "Việc làm", november["NCC"].name: "Người có công"}
    assert {names[line.name]: dict(line.cells) for line in by_unit.lines} == EXPECTED
    assert told.doubts == dict.fromkeys(Doubt, 0)


def test_a_list_has_as_many_cases_as_its_number_says(november: dict[str, Unit]) -> None:
    for rows in Rows:
        told = control_figures(whole_site(), OCTOBER, rows)
        for line in [*told.lines, told.total]:
            for column in range(3, 14):
                chosen = case_lines(whole_site(), OCTOBER, rows, line.form.counted(column), key=line.key)
                assert how_many(chosen) == line[column], (line.name, column)


def test_sql_and_the_case_itself_say_the_same(november: dict[str, Unit]) -> None:
    """One body answers of the table and of a case."""
    window, zone = window_of(control_span(OCTOBER)), control_zone()
    for column, condition in CONDITIONS.items():
        by_sql = set(db.session.scalars(case_lines(whole_site(), OCTOBER, Rows.FIELD, (column,))))
        by_hand = {case.id for case in db.session.query(Case) if condition(case, window, zone)}
        assert by_sql == by_hand, column


def control_zone() -> Any:
    from app.organisation.calendars import site_calendar

    return site_calendar().zone


def test_what_is_carried_over_is_what_was_open_before(
    november: dict[str, Unit], app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = control_figures(whole_site(), OCTOBER, Rows.FIELD)
    assert told.before is not None and told.before[1] == told.total[6] == 2
    # From October on by the calendar: September was counted to 14/09, so what lies between is in neither.
    settings = app.config["SETTINGS"].model_copy(update={"control_periods": "2019-03-12=15-14,2024-10-01=calendar"})
    monkeypatch.setitem(app.config, "SETTINGS", settings)
    told = control_figures(whole_site(), OCTOBER, Rows.FIELD)
    assert told.before is not None
    # On 14/09 two were open; on 01/10 at 00:00 only NCC's, which was received on 13/09.
    assert (told.before[1], told.total[6]) == (2, 1)
    assert told.doubts[Doubt.CARRY_OVER] == 1
    apart = case_lines(whole_site(), OCTOBER, Rows.FIELD, doubt=Doubt.CARRY_OVER)
    assert how_many(apart) == 1
    assert (
        db.session.scalar(apart.with_only_columns(Case.applicant, maintain_column_froms=True)) == "mang sang, trước hạn"
    )


def test_a_case_that_ended_before_it_came_breaks_the_balance_and_is_named(
    november: dict[str, Unit], sign_in: Callable[[Person], FlaskClient]
) -> None:
    wrong = update(Case).where(Case.applicant == "trực tuyến, đúng hạn")
    db.session.execute(wrong.values(ended_at=at("2024-09-10 08:00")))
    db.session.commit()
    told = control_figures(whole_site(), OCTOBER, Rows.FIELD)
    assert (told.total.excess, told.doubts[Doubt.UNBALANCED]) == (1, 1)
    inspector = sign_in(make_person(november["VP"], Role.INSPECTOR))
    page = text_of(inspector.get("/bao-cao/thu-tuc/2024-10"))
    assert "3 = 7 + 11 không khớp" in page
    code = db.session.query(Case.code).filter(Case.applicant == "trực tuyến, đúng hạn").scalar()
    assert code in text_of(inspector.get("/bao-cao/thu-tuc/2024-10/ho-so?nghi_van=khong-khop"))


def test_the_form_is_one_on_the_page_and_in_every_file(
    november: dict[str, Unit], sign_in: Callable[[Person], FlaskClient], freeze: Callable[[str], Any]
) -> None:
    inspector = sign_in(make_person(november["VP"], Role.INSPECTOR))
    at_ = "/bao-cao/thu-tuc/2024-10"
    page = inspector.get(at_)
    links = re.findall(
        r'<a href="(/bao-cao/thu-tuc/2024-10/ho-so[^"]+)">(?:<strong>)?(\d+)', page.get_data(as_text=True)
    )
    assert len(links) > 20
    for address, n in links:
        listed = inspector.get(address.replace("&amp;", "&")).get_data(as_text=True)
        assert f'table-count">({n})' in listed, address
    pdf = " ".join(each.extract_text() for each in PdfReader(io.BytesIO(inspector.get(f"{at_}.pdf").data)).pages)
    word = docx.Document(io.BytesIO(inspector.get(f"{at_}.docx").data))
    in_word = " ".join(each.text or "" for each in word.element.body.iter() if each.tag.endswith("}t"))
    book = openpyxl.load_workbook(io.BytesIO(inspector.get(f"{at_}.xlsx").data))
    in_book = " ".join(str(cell) for row in book.worksheets[0].iter_rows(values_only=True) for cell in row)
    for words in ("II.06a/VPCP/KSTT", "15/09/2024", "14/10/2024", "Việc làm", "chưa kiểm chứng"):
        for where in (text_of(page), re.sub(r"\s+", " ", pdf), in_word, in_book):
            assert words in where, (words, where[:800])
    total = next(row for row in book.worksheets[0].iter_rows(values_only=True) if row[1] == "Tổng số" and row[2] == 7)
    assert total[2:13] == (7, 2, 3, 2, 4, 2, 1, 1, 3, 1, 2)
    table = list(csv.reader(io.StringIO(inspector.get(f"{at_}/bang.csv").data.decode("utf-8-sig"))))
    assert ["2", "Việc làm", "5", "1", "3", "1", "3", "1", "1", "1", "2", "1", "1"] in table
    assert "Thông tư số 05/2025" not in in_book
    assert [inspector.get(f"/bao-cao/thu-tuc/{key}").status_code for key in ("2024-13", "2026-03")] == [404, 404]
    freeze("2026-04-01 08:00")
    inspector = sign_in(make_person(november["VP"], Role.INSPECTOR))
    assert "Thông tư số 05/2025" in text_of(inspector.get("/bao-cao/thu-tuc/2026-03"))


def test_a_head_sees_the_figures_of_their_own_unit(
    november: dict[str, Unit], sign_in: Callable[[Person], FlaskClient]
) -> None:
    head = sign_in(make_person(november["NCC"], Role.HEAD))
    page = text_of(head.get("/bao-cao/thu-tuc/2024-10"))
    assert "Người có công" in page and "Việc làm" not in page
