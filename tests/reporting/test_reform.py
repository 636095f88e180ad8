"""The outline of the reform report: what its file may say, the figures counted by hand, and blanks that stay blanks.

Worked by hand, first half of 2024 by Decree 09/2019: 15/12/2023 to 14/06/2024, seen on 01/07/2024.
"""

from __future__ import annotations

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

from app.cases.vocabulary import Channel, EventKind, PaymentChannel
from app.core.periods import Period
from app.core.yaml_files import read_text
from app.obligations.models import FilingKind
from app.obligations.service import answer_petition, finish_directive, hand_in, receive_petition, register_directive
from app.organisation.access import whole_site
from app.organisation.models import Person, Role, Unit
from app.reporting.reform.outline import FILE, outline, read_outline, reform_figures
from tests.clock import at
from tests.compliance.pages import text_of
from tests.factories import CLERK, EVERYWHERE, happen, make_department, make_person, make_version, pay, receive
from tests.grounds import Grounds

HALF = Period.parse("2024-H1")


@pytest.fixture
def half(ground: Grounds, freeze: Callable[[str], Any]) -> dict[str, Unit]:
    """Four cases, two petitions, two directives of one unit."""
    freeze("2024-07-01 08:00")
    return ground(make_half)


def make_half() -> dict[str, Unit]:
    units = make_department()
    ldvl = units["LDVL"]
    version = make_version(ldvl, ("Thẩm định", ldvl, 5), fee=600_000, eligible=True)
    for received, ended, channel in (
        ("2023-12-14 09:00", "2023-12-18 09:00", Channel.IN_PERSON),  # carried over
        ("2023-12-15 09:00", "2023-12-19 09:00", Channel.ONLINE),
        ("2024-06-14 09:00", "", Channel.IN_PERSON),
        ("2024-06-15 09:00", "", Channel.IN_PERSON),  # after the last day
    ):
        case = receive(version, at(received), received, channel=channel)
        if channel is Channel.ONLINE:
            pay(case, at(received), PaymentChannel.ONLINE)
        if ended:
            happen(case, EventKind.RESOLVED, at(ended))
            if channel is Channel.ONLINE:
                happen(case, EventKind.RESULT_DIGITISED, at(ended))
            happen(case, EventKind.CLOSED, at(ended))
    for due in (date(2024, 6, 14), date(2024, 6, 17)):
        made = receive_petition(
            EVERYWHERE, CLERK, unit_id=ldvl.id, content="Chậm", received_on=date(2024, 6, 3), due_on=due
        )
        answer_petition(EVERYWHERE, CLERK, made.id, answered_on=date(2024, 6, 10), answer="Công văn 1")
    for number, due, done in (
        ("1/CV", date(2024, 6, 10), date(2024, 6, 11)),
        ("2/CV", date(2024, 6, 14), date(2024, 6, 14)),
    ):
        of = {"number": number, "issuer": "UBND tỉnh", "summary": "Rà soát", "received_on": date(2024, 6, 3)}
        [directive] = register_directive(EVERYWHERE, CLERK, unit_ids=[ldvl.id], due_on=due, **of)
        finish_directive(EVERYWHERE, CLERK, directive.id, done_on=done, result="Báo cáo 5")
    return units


EXPECTED = {
    "Hồ sơ tiếp nhận trong kỳ và từ kỳ trước chuyển qua": 3,
    "Trong đó: tiếp nhận trực tuyến": 1,
    "Trong đó: từ kỳ trước chuyển qua": 1,
    "Hồ sơ đã giải quyết": 2,
    "Hồ sơ đang giải quyết": 1,
    "Phản ánh, kiến nghị có hạn trả lời trong kỳ": 1,
    "Trong đó: trả lời đúng hạn": 1,
    "Văn bản chỉ đạo của cấp trên có hạn trong kỳ": 2,
    "Trong đó: đã thực hiện đúng hạn": 1,
    "Hồ sơ tiếp nhận trong kỳ, đã rõ có số hóa hay không": 2,
    "Trong đó: đã số hóa thành phần hồ sơ": 1,
    "Hồ sơ của thủ tục cung cấp trực tuyến tiếp nhận trong kỳ, đã rõ hình thức nộp": 2,
    "Thủ tục đã rà soát, đánh giá từ đầu năm": 0,
}


def test_the_figures_are_those_of_the_days_of_the_report(half: dict[str, Unit]) -> None:
    told = reform_figures(whole_site(), HALF)
    assert (told.span.first, told.span.last) == (date(2023, 12, 15), date(2024, 6, 14))
    values = {
        item.words: told.values[n, m]
        for n, chapter in enumerate(outline().chapters)
        for m, item in enumerate(chapter.items)
        if (n, m) in told.values
    }
    assert {name: values[name] for name in EXPECTED} == EXPECTED
    blanks = [item for chapter in outline().chapters for item in chapter.items if item.blank]
    assert told.blanks == len(blanks) and len(told.values) + len(blanks) == sum(
        len(c.items) for c in outline().chapters
    )


@pytest.mark.parametrize(
    ("was", "now", "fault"),
    [
        ("fact: directives.due", "fact: directives.dua", "no count"),
        ("column: 13", "column: 14", "no column 14"),
        ("        fact: petitions.due\n", "", "a fact or a column"),
        ("source: circular2018", "source: nowhere", "no source"),
        ('blank: "Nhiệm vụ trọng tâm"', 'blank: "Nhiệm vụ trọng tâm"\n        figure: "Số"', "a blank or a figure"),
    ],
)
def test_an_outline_that_does_not_hold_together_is_refused(app: Flask, was: str, now: str, fault: str) -> None:
    text = read_text(FILE, FILE.name)
    assert was in text
    with pytest.raises(ValidationError, match=fault):
        read_outline(text.replace(was, now))


def test_which_periods_are_reported(app: Flask) -> None:
    told = {
        key: outline().reports(Period.parse(key))
        for key in ("2026-Q1", "2026-Q2", "2026-H1", "2026-Q3", "2026-H2", "2026")
    }
    assert [key for key, reported in told.items() if reported] == ["2026-Q1", "2026-H1", "2026-Q3", "2026"]


def test_the_report_is_one_on_the_page_and_in_every_file(
    half: dict[str, Unit], sign_in: Callable[[Person], FlaskClient]
) -> None:
    inspector = sign_in(make_person(half["VP"], Role.INSPECTOR))
    at_ = "/bao-cao/cai-cach/2024-H1"
    page = inspector.get(at_)
    assert page.status_code == 200 and inspector.get("/bao-cao/cai-cach").status_code == 200
    pdf = " ".join(each.extract_text() for each in PdfReader(io.BytesIO(inspector.get(f"{at_}.pdf").data)).pages)
    word = docx.Document(io.BytesIO(inspector.get(f"{at_}.docx").data))
    in_word = " ".join(each.text or "" for each in word.element.body.iter() if each.tag.endswith("}t"))
    book = openpyxl.load_workbook(io.BytesIO(inspector.get(f"{at_}.xlsx").data))
    in_book = " ".join(str(cell) for row in book.worksheets[0].iter_rows(values_only=True) for cell in row)
    said = (
        "BÁO CÁO",
        "15/12/2023",
        "14/06/2024",
        "Kết quả nổi bật:",
        "………",
        "Chưa kiểm chứng",
        "Hồ sơ đang giải quyết",
    )
    for words in said:
        for where in (text_of(page), re.sub(r"\s+", " ", pdf), in_word, in_book):
            assert words in where, (words, where[:800])
    links = re.findall(r'<a href="(/bao-cao/thu-tuc/2024-H1/ho-so[^"]+)">(\d+)', page.text)
    assert len(links) >= 5
    for address, n in links:
        assert f'table-count">({n})' in inspector.get(address.replace("&amp;", "&")).text, address
    behind = dict(re.findall(r'<a href="/bao-cao/cai-cach/2024-H1/ho-so\?so=([a-z_.]+)">([\d.]+)', page.text))
    assert (
        behind
        == {  # two received in the days, one of them online; of two results given nobody scanned any; a payment
            "online_share.received": "2",
            "online_share.online": "1",
            "digitisation.files": "2",
            "digitisation.files_digitised": "1",
            "digitisation.results": "2",
            "digitisation.results_digitised": "1",
            "payment.eligible": "1",
            "payment.online": "1",
        }
    )
    for fact, n in behind.items():
        assert f'table-count">({n})' in inspector.get(f"{at_}/ho-so?so={fact}").text, fact
    assert inspector.get(f"{at_}/ho-so?so=petitions.due").status_code == 404
    assert not re.findall(r"<td[^>]*>\s*[1-9]\d*\s*<(?!a\b)", page.text.split("<h2", 1)[-1]), "a number leads nowhere"
    assert [inspector.get(f"/bao-cao/cai-cach/{key}").status_code for key in ("2024-06", "x", "2025")] == [404] * 3


def test_a_head_gets_the_figures_of_their_own_unit(
    half: dict[str, Unit], sign_in: Callable[[Person], FlaskClient]
) -> None:
    page = text_of(sign_in(make_person(half["NCC"], Role.HEAD)).get("/bao-cao/cai-cach/2024-H1"))
    assert half["NCC"].name in page
    assert re.search(r"chuyển qua\s+0\b", page) and re.search(r"có hạn trong kỳ\s+0\b", page)


def test_the_command_writes_the_file(half: dict[str, Unit], app: Flask, tmp_path: Any) -> None:
    out = tmp_path / "bao-cao.pdf"
    told = app.test_cli_runner().invoke(args=["report", "reform", "--period", "2024-H1", "--out", str(out)])
    assert told.exit_code == 0, told.output
    assert out.read_bytes().startswith(b"%PDF")


def test_what_units_handed_in_is_reached_by_its_kind_and_the_year_of_the_report(
    half: dict[str, Unit], sign_in: Callable[[Person], FlaskClient]
) -> None:
    """Not the monthly reports of this year, which the page shows to whoever asks for nothing."""
    for kind in (FilingKind.NEWS_ITEM, FilingKind.DIALOGUE):
        hand_in(
            EVERYWHERE, CLERK, unit_id=half["SO"].id, kind=kind, filed_on=date(2024, 5, 6), title="Cải cách thủ tục"
        )
    page = sign_in(make_person(half["MC"], Role.INSPECTOR)).get("/bao-cao/cai-cach/2024-H1").text
    ways = re.findall(r'href="?/ke-hoach/nghia-vu\?loai=(\w+)&amp;nam=(\d+)', page)
    assert ways == [("news_item", "2024"), ("dialogue", "2024"), ("autonomy", "2024")]
    assert not re.search(r'href="?/ke-hoach/nghia-vu[" >]', re.sub(r"<nav.*?</nav>", "", page, flags=re.S))
