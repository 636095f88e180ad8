"""The nine indicators of Circular 01/2018: bands at their edges, a quarter counted by hand, what nobody can tell.

Worked by hand, third quarter of 2024, seen on 10/10/2024. The procedure takes 5 working days, in one stage.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

import docx
import openpyxl
import pytest
from flask import Flask
from flask.testing import FlaskClient
from pydantic import ValidationError
from pypdf import PdfReader
from sqlalchemy import update

from app.cases.explanations.models import CaseFault, FaultSource
from app.cases.models import Case, CaseStage
from app.cases.vocabulary import Channel, EventKind
from app.core.errors import NotFound
from app.core.periods import Period
from app.core.yaml_files import read_text
from app.obligations.service import receive_petition
from app.organisation.access import whole_site
from app.organisation.models import Person, Role, Unit
from app.reporting.grades.definition import (
    FILE,
    Gives,
    Grade,
    band_of,
    grades,
    online_points,
    petition_points,
    read_grades,
    tenth,
)
from app.reporting.grades.queries import GradeFigures, GradeLine, grade_figures, graded_cases
from app.reporting.index.definition import Tally
from app.reporting.index.figures import window_of
from app.web import extensions
from app.web.extensions import db
from tests.clock import at
from tests.compliance.pages import text_of
from tests.factories import CLERK, EVERYWHERE, happen, make_department, make_person, make_version, receive
from tests.grounds import Grounds

QUARTER = Period.parse("2024-Q3")
TERMS = grades().on(date(2024, 9, 30))


@pytest.mark.parametrize(
    ("points", "unit", "officer"),
    [
        ("18", "Xuất sắc", "100 %"),
        ("15", "Xuất sắc", "100 %"),
        ("14.9", "Tốt", "100 %"),
        ("12", "Tốt", "100 %"),
        ("11.9", "Khá", "100 %"),
        ("9", "Khá", "100 %"),
        ("8.9", "Trung bình", "100 %"),
        ("6", "Trung bình", "100 %"),
        ("5.9", "Yếu", "100 %"),
        ("5", "Yếu", "100 %"),
        ("4.9", "Yếu", "70 – dưới 100 %"),
        ("3.5", "Yếu", "70 – dưới 100 %"),
        ("3.4", "Yếu", "dưới 70 %"),
        ("0", "Yếu", "dưới 70 %"),
    ],
)
def test_bands_at_their_edges(points: str, unit: str, officer: str) -> None:
    assert band_of(Decimal(points), TERMS.unit_bands) == unit
    assert band_of(Decimal(points), TERMS.officer_bands) == officer


def test_points_are_told_to_one_decimal_half_up() -> None:
    assert [str(tenth(Fraction(n))) for n in ("1.25", "1.24", "14.95", "2/3")] == ["1.3", "1.2", "15.0", "0.7"]


def test_a_band_is_given_only_where_the_open_indicators_cannot_change_it() -> None:
    assert Grade.of([Fraction(2), Fraction(2), Fraction(1), None]).band(TERMS.officer_bands) == "100 %"
    assert Grade.of([Fraction(1), Fraction("0.4"), None]).band(TERMS.officer_bands) == "dưới 70 %"  # 3.4 at most
    assert Grade.of([Fraction(1), Fraction("0.5"), None]).band(TERMS.officer_bands) is None  # perhaps 3.5


def test_petitions_and_online_services() -> None:
    told = [petition_points(TERMS, Tally(*n)) for n in ((0, 0), (10, 10), (9, 10), (89, 100))]
    assert told == [2, 2, 1, 0]

    def online(offered: tuple[int, int], cases: tuple[int, int], late: int = 0) -> int | None:
        return online_points(TERMS, Tally(*offered), Tally(*cases), late)

    assert [online((1, 5), (3, 10)), online((1, 5), (3, 10), 1), online((1, 6), (3, 10))] == [2, 1, 1]
    assert [online((1, 5), (15, 100)), online((1, 5), (14, 100))] == [1, 0]
    assert [online((0, 0), (3, 10)), online((1, 5), (0, 0))] == [None, None]


@pytest.mark.parametrize(
    ("was", "now", "fault"),
    [
        ('- {from: "12", name: "Tốt"}', '- {from: "16", name: "Tốt"}', "must fall"),
        ('- {from: "0", name: "Yếu"}', '- {from: "1", name: "Yếu"}', "must fall"),
        ("number: 9,", "number: 8,", "nine indicators"),
        ("told_by: time, ", "", "say what gives it"),
        ("number: 4, title", "number: 4, told_by: time, title", "say what gives it"),
        ("source: text, choice", "source: nowhere, choice", "no source"),
    ],
)
def test_a_file_that_does_not_hold_together_is_refused(was: str, now: str, fault: str) -> None:
    text = read_text(FILE, FILE.name)
    assert was in text
    with pytest.raises(ValidationError, match=fault):
        read_grades(text.replace(was, now))


def test_before_the_circular_there_are_no_grades() -> None:
    with pytest.raises(NotFound):
        grades().on(date(2019, 1, 5))


@pytest.fixture
def quarter(ground: Grounds, freeze: Callable[[str], Any]) -> dict[str, Unit]:
    """Four cases of one officer that ended in the quarter, and one of the quarter before."""
    freeze("2024-10-10 08:00")
    return ground(make_quarter)


def make_quarter() -> dict[str, Unit]:
    units = make_department()
    ldvl = units["LDVL"]
    version = make_version(ldvl, ("Thẩm định", ldvl, 5))

    def case(received: str, ended: str, name: str) -> Case:
        made = receive(version, at(f"{received} 08:00"), name, channel=Channel.IN_PERSON)
        if name == "bổ sung":
            happen(made, EventKind.SUPPLEMENT_REQUESTED, at("2024-07-05 08:00"), note="Thiếu bản sao")
            happen(made, EventKind.SUPPLEMENTED, at("2024-07-08 08:00"))
        happen(made, EventKind.RESOLVED, at(f"{ended} 15:00"))
        happen(made, EventKind.CLOSED, at(f"{ended} 15:00"))
        return made

    complained = case("2024-07-01", "2024-07-05", "bị phản ánh")  # due 08/07: early
    case("2024-07-02", "2024-07-09", "đúng ngày")  # due 09/07
    case("2024-07-03", "2024-07-11", "quá hạn")  # due 10/07
    case("2024-07-04", "2024-07-09", "bổ sung")  # due 11/07 and later: early
    case("2024-06-03", "2024-06-05", "quý trước")
    db.session.execute(update(CaseStage).values(officer="Nguyễn Thị Lan"))
    db.session.execute(update(Case).values(officer="Người trả kết quả"))  # who has it last had it in no stage
    db.session.add(
        CaseFault(
            site=ldvl.site,
            case_id=complained.id,
            number=1,
            unit_id=ldvl.id,
            found_on=date(2024, 7, 8),
            source=FaultSource.COMPLAINT,
            what="Thái độ chưa đúng mực",
            recorded_at=extensions.now(),
            actor="Thanh tra",
        )
    )
    receive_petition(
        EVERYWHERE,
        CLERK,
        unit_id=units["NCC"].id,
        content="Khác",
        received_on=date(2024, 7, 1),
        due_on=date(2024, 7, 9),
    )
    db.session.commit()
    return units


def of(told: GradeFigures, officer: str = "") -> GradeLine:
    [line] = told.officers if officer else told.units
    return line


def test_a_quarter_is_graded_as_by_hand(quarter: dict[str, Unit]) -> None:
    told = grade_figures(whole_site(), QUARTER)
    unit = of(told)
    assert unit.marks == {
        1: Fraction(2 + 1 + 0 + 2, 4),
        2: Fraction(2 + 1 + 0 + 2, 4),
        3: Fraction(2 + 2 + 2 + 1, 4),
        4: None,
        5: None,
        6: None,
        7: Fraction(0 + 1 + 0 + 2, 4),
        8: Fraction(2),
        9: Fraction(0),
    }
    # 1.25 + 1.25 + 1.75 + 0.75 + 2 + 0, and three more of which nobody can tell
    assert (unit.unit.code, unit.grade.low, unit.grade.high, unit.band) == ("LDVL", 7, 13, None)
    officer = of(told, "Nguyễn Thị Lan")
    assert list(officer.marks) == [1, 2, 3, 4, 7]
    assert (officer.grade.low, officer.grade.high, officer.band) == (5, 7, "100 %")


def test_the_cases_behind_give_the_points_of_the_mark(quarter: dict[str, Unit]) -> None:
    window = window_of(QUARTER)
    total, found = graded_cases(whole_site(), window, quarter["LDVL"].id, "Nguyễn Thị Lan", 10)
    assert total == 4
    assert [each.points[Gives.TIME] for each in found] == [0, 1, 2, 2]
    assert sum(each.points[Gives.CONTACTS] or 0 for each in found) == 7
    assert sum(each.points[Gives.CONDUCT] or 0 for each in found) == 3
    assert graded_cases(whole_site(), window, quarter["LDVL"].id, "Người khác", 10) == (0, [])


def test_what_the_records_do_not_tell_gives_nothing(quarter: dict[str, Unit]) -> None:
    """An import tells neither the stages nor, of one case, when it was due."""
    db.session.execute(update(Case).where(Case.applicant == "quá hạn").values(knows=0, late_after=None))
    unit = of(grade_figures(whole_site(), QUARTER))
    assert unit.marks[1] == Fraction(5, 3) and unit.marks[3] == Fraction(5, 3)
    assert unit.unknown == 4  # time, contacts, conduct and the way of handing in; its stay is known


def test_the_report_is_one_on_the_page_and_in_every_file(
    quarter: dict[str, Unit], sign_in: Callable[[Person], FlaskClient]
) -> None:
    inspector = sign_in(make_person(quarter["VP"], Role.INSPECTOR))
    at_ = "/bao-cao/danh-gia/2024-Q3"
    page = inspector.get(at_)
    assert inspector.get("/bao-cao/danh-gia").status_code == 200
    pdf = " ".join(each.extract_text() for each in PdfReader(io.BytesIO(inspector.get(f"{at_}.pdf").data)).pages)
    word = docx.Document(io.BytesIO(inspector.get(f"{at_}.docx").data))
    in_word = " ".join(each.text or "" for each in word.element.body.iter() if each.tag.endswith("}t"))
    book = openpyxl.load_workbook(io.BytesIO(inspector.get(f"{at_}.xlsx").data))
    in_book = " ".join(str(cell) for row in book.worksheets[0].iter_rows(values_only=True) for cell in row)
    for words in ("BÁO CÁO", "01/07/2024", "chưa đủ dữ liệu", "Nguyễn Thị Lan", "100 %", "chưa kiểm chứng"):
        for where in (text_of(page), re.sub(r"\s+", " ", pdf), in_word, in_book):
            assert words in where, (words, where[:800])
    links = re.findall(r'<a href="(/bao-cao/danh-gia/2024-Q3/ho-so[^"]+)"', page.text)
    assert len(links) == 2 * (1 + 3)  # the unit and the officer: their name, and the marks 1, 3 and 7
    for address in links:
        assert 'table-count">(4)' in inspector.get(address.replace("&amp;", "&")).text
    behind = re.findall(r'<a href="(/bao-cao/danh-gia/2024-Q3/gom[^"]+)"', page.text)
    counted = {}
    for address in (each.replace("&amp;", "&") for each in behind):
        shown = inspector.get(address).text
        [number] = re.findall(r'table-count">\((\d+)\)', shown)
        counted[address.partition("?")[2]] = number
    unit, lan = "don_vi=LDVL", "don_vi=LDVL&can_bo=Nguy%E1%BB%85n+Th%E1%BB%8B+Lan"
    assert (
        counted
        == {  # stays of the four cases that ended; no petition; four cases received since 1 July, none online
            f"{unit}&chi_so=2": "4",
            f"{lan}&chi_so=2": "4",
            f"{unit}&chi_so=8": "0",
            f"{unit}&chi_so=9": "4",
        }
    )
    others = text_of(inspector.get("/bao-cao/danh-gia/2024-Q3/gom?don_vi=NCC&chi_so=8"))
    assert "Phản ánh, kiến nghị (1)" in others and "09/07/2024 – Không" in others  # due, and not answered
    for wrong in ("don_vi=LDVL&chi_so=1", "don_vi=LDVL&chi_so=x", "don_vi=X&chi_so=2", "don_vi=LDVL"):
        assert inspector.get(f"{at_}/gom?{wrong}").status_code == 404, wrong
    gone = ("2024-07", "2024-H2", "2018", "2025-Q1", "2024-Q3/ho-so?don_vi=X")
    assert [inspector.get(f"/bao-cao/danh-gia/{key}").status_code for key in gone] == [404] * 5


def test_a_head_sees_their_own_unit(quarter: dict[str, Unit], sign_in: Callable[[Person], FlaskClient]) -> None:
    head = sign_in(make_person(quarter["NCC"], Role.HEAD))
    assert "Nguyễn Thị Lan" not in head.get("/bao-cao/danh-gia/2024-Q3").text
    assert head.get("/bao-cao/danh-gia/2024-Q3/ho-so?don_vi=LDVL").status_code == 404
    assert head.get("/bao-cao/danh-gia/2024-Q3/gom?don_vi=LDVL&chi_so=2").status_code == 404


def test_the_command_writes_the_file(quarter: dict[str, Unit], app: Flask, tmp_path: Any) -> None:
    out = tmp_path / "bao-cao.pdf"
    told = app.test_cli_runner().invoke(args=["report", "grades", "--period", "2024-Q3", "--out", str(out)])
    assert told.exit_code == 0, told.output
    assert out.read_bytes().startswith(b"%PDF")
