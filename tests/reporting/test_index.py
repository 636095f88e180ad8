"""The index of Decision 766: what its file says, points from shares, a month counted by hand, the portal's scores,
confirmations, and who may do what.

Worked by hand, November 2024 by the calendar (01/11 to 30/11/2024), seen on 10/12/2024.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import docx
import openpyxl
import pytest
from flask import Flask
from flask.testing import FlaskClient
from pydantic import ValidationError
from pypdf import PdfReader
from sqlalchemy import select, update

from app.cases.models import Case
from app.cases.vocabulary import Channel, EventKind, PaymentChannel
from app.core.errors import Conflict, DomainError, NotFound
from app.core.periods import Period
from app.core.yaml_files import read_text
from app.obligations.service import answer_petition, receive_petition
from app.organisation.access import Actor, Scope, whole_site
from app.organisation.models import AuditEntry, Person, Role, Unit
from app.organisation.sheets import FileRowsReport
from app.procedures.models import Level
from app.publications.models import Publication, PublicationProcedure, PublicationTrack
from app.reporting.control.queries import how_many
from app.reporting.index import measures, service
from app.reporting.index.definition import (
    FILE,
    Certainty,
    Tally,
    Told,
    definition,
    points,
    read_definition,
    rounded,
)
from app.reporting.index.figures import IndexFigures, index_figures, window_of
from app.reporting.index.measures import Which
from app.web.extensions import db
from tests.clock import at
from tests.compliance.pages import text_of
from tests.factories import CLERK, EVERYWHERE, happen, make_department, make_person, make_version, pay, receive
from tests.grounds import Grounds

NOVEMBER = Period.parse("2024-11")
DAY = date(2026, 9, 30)
SEEN = date(2024, 12, 3)


def worth(code: str, numerator: int, denominator: int, unknown: int = 0) -> Decimal | None:
    terms = definition().metric(code).on(DAY)
    assert terms is not None
    told = points(terms, Tally(numerator, denominator, unknown))
    return None if told is None else rounded(told)


@pytest.mark.parametrize(
    ("code", "numerator", "denominator", "expected"),
    [
        # The portal's answers, as the research notes have them (section 2.2).
        ("PROCESS_ON_TIME", 95, 100, "19.00"),
        ("ONLINE_PROCEDURES", 50, 100, "1.25"),
        ("ONLINE_PROCEDURES_USED", 30, 100, "1.20"),
        ("ONLINE_CASES", 40, 100, "4.80"),
        ("PAID_ONLINE", 1, 2, "3.00"),
        ("PAYMENT_OFFERED", 1, 2, "1.25"),
        ("PAYMENT_USED", 1, 2, "1.25"),
        ("DOSSIER_RECEIVING_SATISFACTION", 81, 100, "5.40"),
        ("REUSED_DIGITIZED_DATA", 40, 100, "1.00"),
        ("PETITION_PROCESSING_ON_TIME", 0, 0, "6.00"),
        ("PETITION_HANDLING_SATISFACTION", 0, 0, "6.00"),
        # Over the threshold the points stay full.
        ("ONLINE_PROCEDURES", 90, 100, "2.00"),
        ("ONLINE_CASES", 51, 100, "6.00"),
        ("PAYMENT_USED", 4, 5, "2.00"),
        ("REUSED_DIGITIZED_DATA", 81, 100, "2.00"),
        # Nothing to count: nought for payments and satisfaction with cases.
        ("PAID_ONLINE", 0, 0, "0.00"),
        ("DOSSIER_RECEIVING_SATISFACTION", 0, 0, "0.00"),
    ],
)
def test_points_are_those_of_the_portals_answers(code: str, numerator: int, denominator: int, expected: str) -> None:
    assert worth(code, numerator, denominator) == Decimal(expected)


def test_what_is_not_known_is_neither_full_nor_nought() -> None:
    assert worth("ORIGINAL_RESULT_AVAILABLE", 0, 0) is None
    assert worth("PAID_ONLINE", 0, 0, unknown=3) is None
    assert worth("PETITION_PROCESSING_ON_TIME", 0, 0, unknown=1) is None
    assert worth("PAID_ONLINE", 0, 1, unknown=3) == 0


def test_points_are_rounded_half_up_and_sums_once() -> None:
    assert worth("PROCESS_ON_TIME", 19_002_5, 200_000) == Decimal("19.00")
    assert worth("PROCESS_ON_TIME", 95_025, 100_000) == Decimal("19.01")  # 19.005
    third = definition().metric("ONLINE_PROCEDURES_USED").on(DAY)
    assert third is not None
    one = points(third, Tally(1, 3))
    assert one is not None and rounded(one * 3) == Decimal("4.00")  # not 3 x 1.33


def test_the_maxima_are_the_portals_and_come_to_a_hundred() -> None:
    groups = {group.code: sum(t.maximum.value for _m, t in metrics) for group, metrics in definition().on(DAY)}
    assert groups == {
        "transparency": 18, "progress": 20, "online": 12, "payment": 10, "digitisation": 22, "satisfaction": 18,
    }  # fmt: skip
    sure = {definition().sources[v.source].certainty for g in definition().groups for m in g.metrics
            for t in m.terms for _n, v in t.values()}  # fmt: skip
    assert sure == {Certainty.OFFICIAL, Certainty.PROGRAM, Certainty.GENERAL}
    with pytest.raises(NotFound):
        definition().on(date(2022, 7, 31))


@pytest.mark.parametrize(
    ("was", "now", "fault"),
    [
        ("maximum: {value: 20, source: portal}", "maximum: {value: 19, source: portal}", "come to 99"),
        ("maximum: {value: 20, source: portal}", "maximum: {value: 20, source: nowhere}", "no source"),
        ('full_at: {value: "0.5", source: rebuilt}', 'full_at: {value: "0", source: rebuilt}', "greater than 0"),
        ("when_nothing: {value: full,", "when_nothing: {value: half,", "'full', 'zero' or 'unknown'"),
        ("code: ONLINE_CASES", "code: PAID_ONLINE", "twice"),
        ("        told_by: on_time\n", "", "nothing counts it"),
        ("            within_days: {value: 5, source: decree63}\n", "", "within_days is missing"),
    ],
)
def test_a_file_that_does_not_hold_together_is_refused(was: str, now: str, fault: str) -> None:
    text = read_text(FILE, FILE.name)
    assert was in text
    with pytest.raises(ValidationError, match=fault):
        read_definition(text.replace(was, now))


def test_a_value_that_changes_is_a_new_entry_and_the_periods_before_keep_theirs() -> None:
    """2.1 gives 18 points from 2027 on and 5.4 gives 8: the sum is looked at on both days."""
    text = read_text(FILE, FILE.name)
    for code, maximum, full_at, nothing in (
        ("PROCESS_ON_TIME", 18, "1", "unknown"),
        ("DOSSIER_RECEIVING_SATISFACTION", 8, "0.9", "zero"),
    ):
        lines = (
            "from: 2027-01-01",
            f"  maximum: {{value: {maximum}, source: portal}}",
            f'  full_at: {{value: "{full_at}", source: rebuilt}}',
            f"  when_nothing: {{value: {nothing}, source: rebuilt}}",
        )
        entry = "          - " + "\n          ".join(lines) + "\n"
        start = text.index(f"code: {code}\n")
        ends = (text.find("      - code:", start), text.find("  - code:", start), len(text))
        end = min(each for each in ends if each > 0)
        text = text[:end] + entry + text[end:]
    changed = read_definition(text)
    told = [changed.metric("PROCESS_ON_TIME").on(day) for day in (date(2026, 12, 31), date(2027, 1, 1))]
    assert [each.maximum.value for each in told if each] == [20, 18]


@pytest.fixture
def november(ground: Grounds, freeze: Callable[[str], Any]) -> dict[str, Unit]:
    """Seven cases, three procedures, four publications, two petitions; two units."""
    freeze("2024-12-10 08:00")
    return ground(make_november)


def make_november() -> dict[str, Unit]:
    units = make_department()
    ldvl, ncc = units["LDVL"], units["NCC"]
    a = make_version(ldvl, ("Thẩm định", ldvl, 5), fee=600_000, eligible=True, deployed_from=date(2024, 1, 1))
    b = make_version(ncc, ("Thẩm định", ncc, 5), name="Trợ cấp", level=Level.IN_PERSON)
    c = make_version(ldvl, ("Thẩm định", ldvl, 5), name="Gia hạn", fee=100_000, level=Level.PARTIAL)

    one = receive(a, at("2024-10-28 08:00"), "sang tháng, trễ")  # due 04/11
    happen(one, EventKind.RESOLVED, at("2024-11-05 08:00"))
    two = receive(a, at("2024-11-04 08:00"), "trực tuyến", channel=Channel.ONLINE)
    pay(two, at("2024-11-04 09:00"))
    happen(two, EventKind.RESOLVED, at("2024-11-08 08:00"))
    happen(two, EventKind.ISSUED_ELECTRONIC, at("2024-11-08 08:30"))
    three = receive(a, at("2024-11-05 08:00"), "hai lần bổ sung")
    pay(three, at("2024-11-05 08:30"), PaymentChannel.CASH)
    for asked, brought in (("2024-11-06", "2024-11-07"), ("2024-11-08", "2024-11-11")):
        happen(three, EventKind.SUPPLEMENT_REQUESTED, at(f"{asked} 08:00"), note="Thiếu bản sao")
        happen(three, EventKind.SUPPLEMENTED, at(f"{brought} 08:00"))
    receive(b, at("2024-11-29 08:00"), "còn hạn")
    five = receive(b, at("2024-09-09 08:00"), "xong từ lâu")
    happen(five, EventKind.RESOLVED, at("2024-09-10 08:00"))
    for day, asked, name in (("2024-10-25", "2024-10-28", "chờ từ tháng trước"), ("2024-11-20", "2024-11-21", "chờ")):
        waiting = receive(b, at(f"{day} 08:00"), name)
        happen(waiting, EventKind.SUPPLEMENT_REQUESTED, at(f"{asked} 08:00"), note="Thiếu giấy tờ")
    for case, reused, vneid in ((two, True, True), (three, False, True)):
        db.session.execute(update(Case).where(Case.id == case.id).values(reused=reused, vneid=vneid))
    db.session.execute(update(Case).where(Case.applicant == "còn hạn").values(vneid=False))

    def publish(track: PublicationTrack, decided: str, published: str | None, *versions: Any) -> None:
        made = Publication(
            site=ldvl.site,
            code=f"CB-{decided}-{track}",
            track=track,
            decision=f"Quyết định ngày {decided}",
            starts_on=date.fromisoformat(decided),
            division_id=ldvl.id,
            office_id=units["VP"].id,
            published_on=date.fromisoformat(published) if published else None,
        )
        db.session.add(made)
        db.session.flush()
        for version in versions:
            of = {"publication_id": made.id, "procedure_id": version.procedure_id}
            db.session.add(PublicationProcedure(site=ldvl.site, **of))

    process = PublicationTrack.PROCESS
    publish(process, "2024-11-11", "2024-11-18", a, c)  # due 18/11
    publish(process, "2024-11-18", "2024-11-26", a)  # due 25/11: late, and so procedure A is
    publish(process, "2024-11-28", None, b)  # due 05/12
    publish(PublicationTrack.CATALOGUE, "2024-11-04", None, b)
    petition = receive_petition(
        EVERYWHERE, CLERK, unit_id=ncc.id, content="Chậm", received_on=date(2024, 11, 4), due_on=date(2024, 11, 15)
    )
    answer_petition(EVERYWHERE, CLERK, petition.id, answered_on=date(2024, 11, 14), answer="Công văn 1")
    receive_petition(
        EVERYWHERE, CLERK, unit_id=ldvl.id, content="Thái độ", received_on=date(2024, 11, 5), due_on=date(2024, 11, 20)
    )
    db.session.commit()
    return units


EXPECTED: dict[str, tuple[int, int, int, str | None]] = {
    "PUBLIC_UPDATE_ON_TIME": (1, 2, 0, "2.00"),  # C in time, A late
    # 1 late, 2 in time, 3 asked twice, 4 and the last in time; what waits since October and what ended are not in hand
    "PROCESS_ON_TIME": (3, 5, 0, "12.00"),
    "ONLINE_PROCEDURES": (2, 3, 0, "1.67"),
    "ONLINE_PROCEDURES_USED": (1, 2, 0, "2.00"),
    "ONLINE_CASES": (1, 4, 0, "3.00"),
    "PAYMENT_OFFERED": (1, 2, 0, "1.25"),
    "PAYMENT_USED": (1, 2, 0, "1.25"),
    "PAID_ONLINE": (1, 2, 0, "3.00"),
    "ORIGINAL_RESULT_AVAILABLE": (1, 2, 0, "3.00"),
    "SO_HOA_GIAY_TO_GIAI_QUYET": (1, 2, 0, "2.00"),
    "REUSED_DIGITIZED_DATA": (1, 2, 2, "1.25"),
    "CITIZEN_DATA_CONNECTED_DOSSIER": (2, 3, 1, "1.33"),
    "PETITION_PROCESSING_ON_TIME": (1, 2, 0, "3.00"),
    "PETITION_HANDLING_SATISFACTION": (0, 0, 2, None),
}


def counted(told: IndexFigures) -> dict[str, tuple[int, int, int, str | None]]:
    return {
        line.metric.code: (
            line.tally.numerator,
            line.tally.denominator,
            line.tally.unknown,
            None if line.shown is None else str(line.shown),
        )
        for line in told.lines
        if line.tally is not None
    }


def test_each_metric_is_counted_as_by_hand(november: dict[str, Unit]) -> None:
    told = index_figures(whole_site(), NOVEMBER)
    assert counted(told) == EXPECTED
    assert {line.metric.code for line in told.lines if line.tally is None} == {
        "PUBLISH_ON_TIME", "PUBLIC_CONTENT_FULL", "DOSSIER_SYNC", "SYNCED_WITH_DVCQG_PERSONAL_STORAGE",
        "CITIZEN_DATA_CONNECTED_FORMALITY", "ELECTRONIC_CERTIFIED_COPY", "DOSSIER_RECEIVING_SATISFACTION",
    }  # fmt: skip
    # 2 + 12 + 5/3 + 2 + 3 + 1.25 + 1.25 + 3 + 3 + 2 + 1.25 + 4/3 + 3
    assert (told.total.shown, told.total.known, told.total.maximum) == (Decimal("36.75"), 66, 100)
    assert (told.total.unknown, told.total.score, told.is_over) == (34, None, True)


def test_units_come_to_the_whole_and_answer_for_what_they_have(november: dict[str, Unit]) -> None:
    told = index_figures(whole_site(), NOVEMBER)
    parts = [index_figures(whole_site(), NOVEMBER, unit) for unit in november.values()]
    for code, (numerator, denominator, unknown, _points) in EXPECTED.items():
        tallies = [line.tally for part in parts for line in part.lines if line.metric.code == code and line.tally]
        assert sum(tallies, Tally()) == Tally(numerator, denominator, unknown), code
    ncc = counted(index_figures(whole_site(), NOVEMBER, november["NCC"]))
    assert ncc["PROCESS_ON_TIME"] == (2, 2, 0, "20.00")
    assert ncc["PAID_ONLINE"] == (0, 0, 0, None)  # it has no procedure with a fee: not nought of six
    lines = {line.unit.code: line for line in told.units}
    assert set(lines) == {"LDVL", "NCC"}
    # NCC: 20 of 20; 0 of 2 offered online; 0 of 6 online; 0 of 2 by VNeID; 6 of 6 petitions
    assert (lines["NCC"].total.shown, lines["NCC"].total.known) == (Decimal("26.00"), 36)


def test_a_list_is_as_long_as_its_number(november: dict[str, Unit]) -> None:
    window = window_of(NOVEMBER)
    for told in index_figures(whole_site(), NOVEMBER).lines:
        of = told.metric.told_by
        for unit in (None, *november.values()):
            tally = next(
                line.tally for line in index_figures(whole_site(), NOVEMBER, unit).lines if line.metric is told.metric
            )
            for which, n in _parts(tally) if of and unit in (None, november["LDVL"], november["NCC"]) else ():
                unit_id = unit.id if unit else None
                if of in measures.OF_CASES:
                    assert how_many(measures.cases_behind(whole_site(), of, window, which, unit_id)) == n, (of, which)
                elif of in measures.OF_PROCEDURES:
                    chosen = measures.procedures_behind(whole_site(), of, NOVEMBER, window, which, unit_id)
                    assert len(db.session.execute(chosen).all()) == n, (of, which)


def _parts(tally: Tally | None) -> list[tuple[Which, int]]:
    assert tally is not None
    return [
        (Which.MET, tally.numerator),
        (Which.COUNTED, tally.denominator),
        (Which.UNMET, tally.denominator - tally.numerator),
        (Which.UNKNOWN, tally.unknown),
    ]


def test_what_the_records_do_not_tell_is_in_neither_number(november: dict[str, Unit]) -> None:
    """An import told neither the way of handing in, the fee, the scans nor the level of a procedure."""
    db.session.execute(update(Case).where(Case.applicant == "trực tuyến").values(knows=0, electronic_result_at=None))
    fields = {"details_known": False, "level": Level.IN_PERSON}
    make_version(november["LDVL"], ("Thẩm định", november["LDVL"], 5), name="Nhập từ tệp", **fields)
    told = counted(index_figures(whole_site(), NOVEMBER))
    assert told["ONLINE_CASES"][:3] == (0, 3, 1)
    assert told["ONLINE_PROCEDURES_USED"][:3] == (0, 1, 2)  # A perhaps; the imported one perhaps
    assert told["ONLINE_PROCEDURES"][:3] == (2, 3, 1)
    assert told["PAYMENT_OFFERED"][:3] == (1, 2, 1)
    assert told["ORIGINAL_RESULT_AVAILABLE"][:3] == (0, 1, 1)
    assert told["SO_HOA_GIAY_TO_GIAI_QUYET"][:3] == (0, 1, 1)


def test_a_past_month_seen_later_is_the_same(november: dict[str, Unit], freeze: Callable[[str], Any]) -> None:
    for name in ("chờ từ tháng trước", "chờ", "còn hạn"):
        case = db.session.query(Case).filter(Case.applicant == name).one()
        if name != "còn hạn":
            happen(case, EventKind.SUPPLEMENTED, at("2024-12-09 08:00"))
        happen(case, EventKind.RESOLVED, at("2024-12-09 09:00"))
    freeze("2025-01-20 08:00")
    assert counted(index_figures(whole_site(), NOVEMBER)) == EXPECTED


def test_a_running_month_counts_up_to_now_and_petitions_unkept_are_unknown(
    session: Any, freeze: Callable[[str], Any]
) -> None:
    freeze("2024-11-20 08:00")
    units = make_department()
    version = make_version(units["LDVL"], ("Thẩm định", units["LDVL"], 5))
    receive(version, at("2024-11-05 08:00"), "quá hạn")
    told = index_figures(whole_site(), NOVEMBER)
    lines = {line.metric.code: line for line in told.lines}
    assert not told.is_over
    assert lines["PROCESS_ON_TIME"].tally == Tally(0, 1)
    assert lines["PETITION_PROCESSING_ON_TIME"].worth is None
    receive_petition(
        EVERYWHERE, CLERK, unit_id=units["LDVL"].id, content="Cũ", received_on=date(2024, 1, 4), due_on=date(2024, 1, 9)
    )
    lines = {line.metric.code: line for line in index_figures(whole_site(), Period.parse("2024-10")).lines}
    assert [lines[f"PETITION_{of}"].shown for of in ("PROCESSING_ON_TIME", "HANDLING_SATISFACTION")] == [6, 6]
    with pytest.raises(NotFound):
        index_figures(whole_site(), Period.parse("2024-H1"))


# --- what people add


INSPECTOR = Actor("Thanh tra")


def test_the_portals_scores_stand_beside_ours_and_a_difference_is_told(november: dict[str, Unit]) -> None:
    entered = {"PROCESS_ON_TIME": 1200, "ONLINE_PROCEDURES": 165, "DOSSIER_SYNC": 550, "PAID_ONLINE": None}
    assert service.record_scores(INSPECTOR, NOVEMBER, entered, seen_on=SEEN, source="Trang của Cổng") == 3
    told = index_figures(whole_site(), NOVEMBER)
    lines = {line.metric.code: line for line in told.lines}
    assert [(lines[code].difference, lines[code].differs) for code in entered] == [
        (0, False),
        (Decimal("-0.02"), True),  # 1.65 against 1.67
        (None, False),
        (None, False),
    ]
    assert told.total.score is None  # not every metric has one
    # The same again changes nothing; an emptied one has no score, which is not nought.
    assert service.record_scores(INSPECTOR, NOVEMBER, entered, seen_on=SEEN, source="Trang của Cổng") == 0
    assert service.record_scores(INSPECTOR, NOVEMBER, {"DOSSIER_SYNC": None}, seen_on=SEEN, source="Nhầm tháng") == 1
    lines = {line.metric.code: line for line in index_figures(whole_site(), NOVEMBER).lines}
    assert lines["DOSSIER_SYNC"].score is None
    recorded = select(AuditEntry).where(AuditEntry.action == "record_portal_scores")
    entries = db.session.scalars(recorded.order_by(AuditEntry.id)).all()
    assert [each.details["changed"] for each in entries][-1] == {"DOSSIER_SYNC": ["5,5", None]}
    # A part of the Department is not scored by the portal.
    assert all(line.official is None for line in index_figures(whole_site(), NOVEMBER, november["LDVL"]).lines)


def test_what_cannot_be_a_score_is_refused(november: dict[str, Unit]) -> None:
    def refused(scores: dict[str, int | None], period: Period = NOVEMBER, **how: Any) -> str | None:
        with pytest.raises(DomainError) as told:
            service.record_scores(INSPECTOR, period, scores, **{"seen_on": SEEN, "source": "Trang của Cổng"} | how)
        return told.value.field

    assert refused({"PROCESS_ON_TIME": 2001}) == "process_on_time"
    assert refused({"PROCESS_ON_TIME": 100}, source=" ") == "source"
    assert refused({"PROCESS_ON_TIME": 100}, seen_on=date(2024, 11, 30)) == "seen_on"
    assert refused({"PROCESS_ON_TIME": 100}, seen_on=date(2024, 12, 11)) == "seen_on"
    assert refused({"PROCESS_ON_TIME": 100}, Period.parse("2024-12")) == "seen_on"
    with pytest.raises(NotFound):
        service.record_scores(INSPECTOR, NOVEMBER, {"CKMB": 100}, seen_on=SEEN, source="Trang của Cổng")


def test_a_file_is_taken_whole_or_not_at_all(november: dict[str, Unit]) -> None:
    def take(text: str) -> FileRowsReport:
        return service.import_scores(INSPECTOR, NOVEMBER, text.encode(), seen_on=SEEN, source="Tệp của Cổng")

    good = "code;score;max_score;numerator;denominator\nPROCESS_ON_TIME;11,99;20;3;5\n2.1;1;;;\nDOSSIER_SYNC;;6;0;0\n"
    report = take(good)
    assert [(each.row, each.column) for each in report.refused] == [(3, "code")]  # 2.1 is PROCESS_ON_TIME again
    assert index_figures(whole_site(), NOVEMBER).total.score is None
    good = good.replace("2.1;1;;;\n", "3.1;1.67;3;2;3\n")
    report = take(good)
    assert (report.rows, report.new, report.unchanged, report.refused) == (3, 3, 0, [])
    lines = {line.metric.code: line for line in index_figures(whole_site(), NOVEMBER).lines}
    assert lines["PROCESS_ON_TIME"].difference == Decimal("-0.01") and not lines["PROCESS_ON_TIME"].differs
    assert lines["ONLINE_PROCEDURES"].other_maximum == 3  # the portal's index is another by now
    assert lines["DOSSIER_SYNC"].score is None
    assert take(good).unchanged == 3
    wrong = "chỉ số,điểm\nTTTT,5\nPROCESS_ON_TIME,21\nONLINE_CASES,x\n"
    assert [each.column for each in take(wrong).refused] == ["code", "score", "score"]
    for text in ("code,points\nA,1", ""):
        with pytest.raises(DomainError, match="thiếu cột"):
            take(text)
    every = "code,score\n" + "".join(f"{m.code},1\n" for g in definition().groups for m in g.metrics)
    take(every)
    assert index_figures(whole_site(), NOVEMBER).total.score == 21


@pytest.mark.parametrize("ending", ["xlsx", "csv"])
def test_the_template_is_filled_in_and_brought(
    november: dict[str, Unit], sign_in: Callable[[Person], FlaskClient], ending: str
) -> None:
    """It has an example, which is not taken, and a line for each metric that gives points (22 of them); what the
    portal does not show stays empty."""
    service.record_scores(INSPECTOR, NOVEMBER, {"PROCESS_ON_TIME": 1150}, seen_on=SEEN, source="Trang của Cổng")
    inspector = sign_in(make_person(november["VP"], Role.INSPECTOR))
    assert f"mau-diem.{ending}" in inspector.get("/bao-cao/chi-so-766/2024-11/nhap-diem").text
    made = inspector.get(f"/bao-cao/chi-so-766/2024-11/mau-diem.{ending}")
    assert made.headers["Content-Disposition"] == f"attachment; filename=diem-cong-2024-11.{ending}"
    if ending == "xlsx":
        book = openpyxl.load_workbook(io.BytesIO(made.data))
        assert "Để trống điểm nghĩa là Cổng không hiện điểm" in str([cell.value for cell in book["Hướng dẫn"]["A"]])
        page = book["Điểm của Cổng"]
        lines = [list(line) for line in page.iter_rows(values_only=True)]
    else:
        lines = [*csv.reader(io.StringIO(made.data.decode("utf-8-sig")))]
    worth = [m.code for _g, metrics in definition().on(NOVEMBER.last) for m, terms in metrics if terms.maximum.value]
    assert lines[0] == ["Mã chỉ số", "Tên chỉ số", "Điểm", "Điểm tối đa", "Tử số", "Mẫu số"]
    assert lines[1][0] == f"Ví dụ {worth[0]}"
    assert [line[0] for line in lines[2:]] == worth
    [at_] = [number for number, line in enumerate(lines) if line[0] == "PROCESS_ON_TIME"]
    assert (lines[at_][2], lines[at_][3]) == ("11,5", "20")
    lines[at_][2:6] = ["12", "20", "3", "5"]
    if ending == "xlsx":
        page.cell(at_ + 1, 3, 12)
        page.cell(at_ + 1, 5, 3)
        page.cell(at_ + 1, 6, 5)
        book.save(filled := io.BytesIO())
        content = filled.getvalue()
    else:
        csv.writer(out := io.StringIO()).writerows(lines)
        content = out.getvalue().encode()
    report = service.import_scores(INSPECTOR, NOVEMBER, content, seen_on=SEEN, source="Tệp của Cổng")
    assert (report.rows, report.refused) == (len(worth), [])
    found = {line.metric.code: line for line in index_figures(whole_site(), NOVEMBER).lines}
    assert {code for code, line in found.items() if line.score is not None} == {"PROCESS_ON_TIME"}
    assert found["PROCESS_ON_TIME"].score == 12
    with pytest.raises(DomainError, match="không có trang tính"):
        openpyxl.Workbook().save(other := io.BytesIO())
        service.import_scores(INSPECTOR, NOVEMBER, other.getvalue(), seen_on=SEEN, source="Tệp của Cổng")


def test_a_value_is_unverified_until_somebody_says_where_they_saw_it(november: dict[str, Unit]) -> None:
    def unverified() -> list[str]:
        lines = {line.metric.code: line for line in index_figures(whole_site(), NOVEMBER).lines}
        return list(lines["PROCESS_ON_TIME"].unverified)

    since = date(2022, 8, 1)
    assert unverified() == ["maximum", "full_at", "when_nothing"]
    first = service.confirm_value(
        INSPECTOR, "PROCESS_ON_TIME", since, "maximum", "20", seen_in="QĐ 766, Phụ lục, mục 2.1"
    )
    assert unverified() == ["full_at", "when_nothing"]
    with pytest.raises(Conflict):
        service.confirm_value(INSPECTOR, "PROCESS_ON_TIME", since, "maximum", "20", seen_in="QĐ 766, Phụ lục")
    with pytest.raises(Conflict):  # what was on the page is not what the file says any more
        service.confirm_value(INSPECTOR, "PROCESS_ON_TIME", since, "full_at", "1/2", seen_in="QĐ 766, Phụ lục")
    for code, day, name in (("PROCESS_ON_TIME", since, "within_days"), ("PROCESS_ON_TIME", DAY, "maximum")):
        with pytest.raises(NotFound):
            service.confirm_value(INSPECTOR, code, day, name, "5", seen_in="QĐ 766, Phụ lục")
    service.withdraw_confirmation(INSPECTOR, first.id, reason="Xem nhầm dự thảo")
    assert unverified() == ["maximum", "full_at", "when_nothing"]
    with pytest.raises(NotFound):
        service.withdraw_confirmation(INSPECTOR, first.id, reason="Xem nhầm dự thảo")
    # What an official text says needs nobody.
    lines = {line.metric.code: line for line in index_figures(whole_site(), NOVEMBER).lines}
    assert "within_days" not in lines["PUBLIC_UPDATE_ON_TIME"].unverified


# --- pages and files


def test_the_index_is_one_on_the_page_and_in_every_file(
    november: dict[str, Unit], sign_in: Callable[[Person], FlaskClient]
) -> None:
    inspector = sign_in(make_person(november["VP"], Role.INSPECTOR))
    at_ = "/bao-cao/chi-so-766/2024-11"
    page = inspector.get(at_)
    links = re.findall(r'<a href="(/bao-cao/chi-so-766/2024-11/gom[^"]+)">(\d+)', page.text)
    assert len(links) >= 20
    for address, n in links:
        listed = inspector.get(address.replace("&amp;", "&")).text
        assert f'table-count">({n})' in listed, address
    pdf = " ".join(each.extract_text() for each in PdfReader(io.BytesIO(inspector.get(f"{at_}.pdf").data)).pages)
    word = docx.Document(io.BytesIO(inspector.get(f"{at_}.docx").data))
    in_word = " ".join(each.text or "" for each in word.element.body.iter() if each.tag.endswith("}t"))
    book = openpyxl.load_workbook(io.BytesIO(inspector.get(f"{at_}.xlsx").data))
    in_book = " ".join(
        str(cell) for each in book.worksheets for row in each.iter_rows(values_only=True) for cell in row
    )
    said = ("BÁO CÁO", "36,75 trên 66", "không coi là 0", "01/11/2024", "chưa kiểm chứng", "Chưa nhập điểm của Cổng")
    for words in (*said, "lấy từ Cổng"):
        for where in (text_of(page), re.sub(r"\s+", " ", pdf), in_word, in_book):
            assert words in where, (words, where[:800])
    row = next(r for r in book.worksheets[1].iter_rows(values_only=True) if r[0] == "2.1")
    assert row[2:9] == (3, 5, 0, 0.6, 20, 12, "–")
    table = list(csv.reader(io.StringIO(inspector.get(f"{at_}/bang.csv").data.decode("utf-8-sig"))))
    assert next(r for r in table if r[0] == "2.1")[4:11] == ["3", "5", "0", "60", "20", "12", ""]
    gone = ("2024-13", "2024-H1", "2022-07", "2025-01", "2024-11?don_vi=KHONG")
    assert [inspector.get(f"/bao-cao/chi-so-766/{key}").status_code for key in gone[:4]] == [404] * 4
    assert "ngoài phạm vi" in text_of(inspector.get(f"/bao-cao/chi-so-766/{gone[4]}"))


def test_a_head_sees_their_unit_and_changes_nothing(
    november: dict[str, Unit], sign_in: Callable[[Person], FlaskClient]
) -> None:
    service.record_scores(INSPECTOR, NOVEMBER, {"PROCESS_ON_TIME": 1111}, seen_on=SEEN, source="Trang của Cổng")
    head = sign_in(make_person(november["NCC"], Role.HEAD))
    page = head.get("/bao-cao/chi-so-766/2024-11")
    assert "26,00 trên 36" in text_of(page) or "26 trên 36" in text_of(page)
    assert "11,11" not in text_of(page) and november["LDVL"].name not in text_of(page)
    assert "còn hạn" not in text_of(page) and "Nhập điểm" not in text_of(page)
    found = head.get("/bao-cao/chi-so-766/2024-11/gom?chi_so=PROCESS_ON_TIME&phan=mau")
    assert 'table-count">(2)' in found.text
    assert head.get("/bao-cao/chi-so-766/2024-11/gom?chi_so=PROCESS_ON_TIME&don_vi=LDVL").status_code == 404
    assert head.get("/bao-cao/chi-so-766/2024-11/diem-cong").status_code == 403
    assert head.post("/bao-cao/chi-so-766/2024-11/nhap-diem").status_code == 403
    assert head.get("/bao-cao/chi-so-766/bo-chi-so/PROCESS_ON_TIME/maximum/2022-08-01").status_code == 403
    assert "Xác nhận</a>" not in head.get("/bao-cao/chi-so-766/bo-chi-so").text


def test_scores_and_confirmations_are_entered_on_pages(
    november: dict[str, Unit], sign_in: Callable[[Person], FlaskClient]
) -> None:
    director = sign_in(make_person(november["SO"], Role.DIRECTOR, full_name="Lê Văn Giám"))
    at_ = "/bao-cao/chi-so-766/2024-11/diem-cong"
    typed = {"seen_on": "03/12/2024", "source": "Trang của Cổng", "process_on_time": "11,5", "dossier_sync": ""}
    assert director.post(at_, data=typed | {"process_on_time": "20,5"}).status_code == 422
    assert director.post(at_, data=typed | {"process_on_time": "11.5"}).status_code == 422
    assert director.post(at_, data=typed).status_code == 302
    page = text_of(director.get("/bao-cao/chi-so-766/2024-11"))
    assert "ước tính 12, Cổng 11,5, chênh -0,5" in page
    assert 'value="11,5"' in director.get(at_).text
    values = "/bao-cao/chi-so-766/bo-chi-so"
    one = f"{values}/PROCESS_ON_TIME/maximum/2022-08-01"
    assert director.post(one, data={"value": "20", "seen_in": ""}).status_code == 422
    assert director.post(one, data={"value": "20", "seen_in": "QĐ 766, Phụ lục, mục 2.1"}).status_code == 302
    page_ = director.get(values)
    assert "Lê Văn Giám, 10/12/2024, ở: QĐ 766, Phụ lục, mục 2.1" in text_of(page_)
    found = re.search(r'href="([^"]+/xac-nhan/\d+/rut)"', page_.text)
    assert found is not None
    assert director.post(found[1], data={"reason": "x"}).status_code == 422
    assert director.post(found[1], data={"reason": "Xem nhầm dự thảo"}).status_code == 302
    assert "Lê Văn Giám" not in text_of(director.get(values)).split("Các giá trị")[1]
    sent = {"seen_on": "03/12/2024", "source": "Tệp của Cổng"}
    for content, status in ((b"code,score\n2.1,12\n", 200), (b"code,score\nTTTT,12\n", 422)):
        file = {"file": (io.BytesIO(content), "diem.csv")}
        answer = director.post("/bao-cao/chi-so-766/2024-11/nhap-diem", data={**sent, **file})
        assert answer.status_code == status


def test_the_command_writes_the_file_and_the_figures(november: dict[str, Unit], app: Flask, tmp_path: Any) -> None:
    runner = app.test_cli_runner()
    out = tmp_path / "chi-so.pdf"
    assert runner.invoke(args=["report", "index", "--period", "2024-11", "--out", str(out)]).exit_code == 0
    assert out.read_bytes().startswith(b"%PDF")
    assert runner.invoke(args=["report", "index", "--period", "2024-11", "--out", str(out)]).exit_code == 2
    told = runner.invoke(args=["report", "index", "--period", "2024-11", "--format", "json"])
    figures = json.loads(told.stdout)
    assert (figures["points"], figures["of_known"], figures["portal"]) == ("36.75", 66, None)
    scores = tmp_path / "cong.csv"
    scores.write_text("code,score\nPROCESS_ON_TIME,12\n", encoding="utf-8")
    args = ["report", "portal-scores", str(scores), "--period", "2024-11", "--seen-on", "2024-12-03", "--source"]
    assert json.loads(runner.invoke(args=[*args, "Tệp của Cổng"]).stdout)["new"] == 1
    scores.write_text("code,score\nX,12\n", encoding="utf-8")
    assert runner.invoke(args=[*args, "Tệp của Cổng"]).exit_code == 1


def test_a_part_is_of_the_readers_scope(november: dict[str, Unit]) -> None:
    own = Scope(whole_site().site, frozenset({november["NCC"].id}))
    told = index_figures(own, NOVEMBER)
    assert counted(told)["PROCESS_ON_TIME"][:2] == (2, 2)
    chosen = measures.cases_behind(own, Told.ON_TIME, window_of(NOVEMBER), Which.COUNTED)
    assert how_many(chosen) == 2
