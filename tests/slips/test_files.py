"""Papers as PDF and Word files, read back: their words, sizes, typeface and QR code."""

from __future__ import annotations

import io
import re
import unicodedata
import zipfile
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import date

import docx
import pytest
import segno
from docx.shared import Mm
from fontTools.ttLib import TTFont
from fpdf import FPDF
from lxml import etree
from pypdf import PdfReader

from app.cases.vocabulary import CaseStatus, ReturnMethod
from app.slips import content, drawing, pdf, word
from app.slips.document import Cell, Paper, PrintedSlip, SlipParagraph, SlipTable, StyledText
from app.slips.drawing import STYLES, font_file
from app.slips.pdf import Ink, Measure, balanced, printable, wrap
from app.slips.values import Handed, RegisterLine, Said
from tests.slips.papers import ADDRESS, HOUSE, case, letter, on, person

CASE_2025 = case(received_at=on("2025-10-06 09:00"))
STOPPED = Said(on("2025-10-08 10:00"), "Ông/Bà đề nghị dừng giải quyết.")
REFUSED = Said(on("2024-06-04 10:00"), "Hồ sơ không thuộc thẩm quyền.", "Lê Văn Cường", "0258")
DRAWN: dict[str, Callable[[], PrintedSlip]] = {
    "receipt": lambda: content.receipt(case(), HOUSE, ADDRESS),
    "receipt-2025": lambda: content.receipt(CASE_2025, HOUSE, ADDRESS),
    "supplement": lambda: content.supplement(case(), case().supplements[0], HOUSE, ADDRESS, "3/HDHS"),
    "refusal": lambda: content.refusal(case(), REFUSED, HOUSE, ADDRESS),
    "apology": lambda: content.apology(case(), letter(), HOUSE, ADDRESS),
    "stop": lambda: content.stop_notice(CASE_2025, STOPPED, HOUSE, ADDRESS, "4/TB"),
    "control": lambda: content.control(case(), HOUSE, ADDRESS),
    "register": lambda: content.register(register_lines(3), HOUSE, date(2024, 6, 1), date(2024, 6, 30)),
}
EVERY = pytest.mark.parametrize("name", DRAWN)


def register_lines(count: int) -> Iterable[RegisterLine]:
    for n in range(1, count + 1):
        yield RegisterLine(
            f"H32.12-240603-{n:04d}",
            "Cấp giấy phép lao động cho người lao động nước ngoài",
            1,
            "Nguyễn Thị Hường",
            "15 Trần Phú, thành phố Nha Trang",
            "0905123456",
            "Phòng Lao động – Việc làm",
            date(2024, 6, 3),
            *(date(2024, 6, 10), date(2024, 6, 10)),
            date(2024, 6, 9),
            ReturnMethod.IN_PERSON,
            CaseStatus.CLOSED,
            date(2024, 6, 9),
            *(2024, n),
        )


def read(document: PrintedSlip) -> PdfReader:
    return PdfReader(io.BytesIO(pdf.render([document])))


def pdf_words(reader: PdfReader) -> str:
    return " ".join(" ".join(page.extract_text().split()) for page in reader.pages)


def opened(document: PrintedSlip) -> docx.document.Document:
    return docx.Document(io.BytesIO(word.render([document])))


def word_words(opened: docx.document.Document) -> str:
    return " ".join(" ".join(node.text or "" for node in opened.element.body.iter("{*}t")).split())


def millimetres(points: float) -> float:
    return round(float(points) * 25.4 / 72)


# PDF


@EVERY
def test_pdf_has_the_words_of_the_paper_with_their_diacritics(name: str) -> None:
    document = DRAWN[name]()
    told = pdf_words(read(document))
    assert " ".join(document.title.split()) in told
    assert "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM" in told
    assert "Độc lập - Tự do - Hạnh phúc" in told
    assert "SỞ LAO ĐỘNG – THƯƠNG BINH VÀ XÃ HỘI" in told
    assert document.form in told
    assert "Nguyễn Thị Hường" in told
    assert unicodedata.is_normalized("NFC", told)


@EVERY
def test_pdf_has_the_size_of_its_paper_on_one_page(name: str) -> None:
    document, reader = DRAWN[name](), read(DRAWN[name]())
    assert len(reader.pages) == 1
    box = reader.pages[0].mediabox
    assert (millimetres(box.width), millimetres(box.height)) == (document.paper.width, document.paper.height)


@EVERY
def test_every_font_of_a_pdf_is_embedded_and_only_in_part(name: str) -> None:
    fonts = read(DRAWN[name]()).pages[0]["/Resources"]["/Font"]
    assert len(fonts) >= 2
    for each in fonts.values():
        descendant = each.get_object()["/DescendantFonts"][0].get_object()
        assert re.fullmatch(r"/[A-Z]{6}\+LiberationSerif.*", descendant["/BaseFont"])
        embedded = descendant["/FontDescriptor"]["/FontFile2"].get_data()
        assert 500 < len(embedded) < font_file("").stat().st_size / 3
        assert "/ToUnicode" in each.get_object(), "its words can be searched and copied"


def test_a_long_name_breaks_into_lines_and_stays_within_the_margins() -> None:
    name = "Nguyễn" * 60 + " " + "Công ty Cổ phần Đầu tư Xây dựng và Thương mại Quốc tế " * 6
    reader = read(content.receipt(case(person=person(name=name)), HOUSE, ADDRESS))
    right = 0.0

    def look(text: str, _cm: list[float], tm: list[float], font: object, size: float) -> None:
        nonlocal right
        if text.strip():
            right = max(right, tm[4])

    for page in reader.pages:
        page.extract_text(visitor_text=look)
    assert right < (148 - 10) * 72 / 25.4
    told = "".join(pdf_words(reader).split())
    assert "".join(name.split()) in told, "nothing of the name is lost"


def test_no_line_is_wider_than_its_column_and_no_letter_is_lost() -> None:
    measure = Measure(lambda words, _style: 0.5 * len(words))
    for text in ("một hai ba bốn năm sáu", "Nguyễn" * 20, "a " * 50, "dòng một\ndòng hai"):
        broken = wrap([StyledText(text)], 6.0, measure)
        assert all(line.width <= 6.0 + 1e-9 for line in broken)
        assert "".join("".join(s.words for s in line.segments) for line in broken).replace(" ", "") == re.sub(
            r"\s", "", text
        )


def test_a_code_wider_than_its_column_is_broken_after_a_hyphen_or_a_stroke() -> None:
    each_one = Measure(lambda words, _style: len(words))
    lines = wrap((StyledText("BG-4.1A-DIVISION (38/KH-LDTD&XH)"),), 11, each_one)
    assert [segment.words for line in lines for segment in line.segments] == [
        "BG-4.1A-",
        "DIVISION",
        "(38/KH-",
        "LDTD&XH)",
    ]


def test_a_receipt_with_eight_documents_stays_on_one_sheet() -> None:
    documents = tuple(Handed(f"Giấy tờ số {n} theo quy định của pháp luật", originals=1) for n in range(8))
    assert len(read(content.receipt(case(documents=documents), HOUSE, ADDRESS)).pages) == 1


def test_words_and_boxes_are_written_as_the_library_writes_them() -> None:
    """Told of a font once a page, words repeated, brackets and what a typeface has no glyph for."""
    told = [("Hồ sơ (1) quá hạn\\", 10.4), ("Hồ sơ (1) quá hạn\\", 10.4), ("Đạt", 13.0), ("Đạt \u4e00", 10.4)]

    def blank() -> FPDF:
        paper = FPDF(unit="mm")
        paper.add_font("slip", "", font_file(""))
        return paper

    def written(paper: FPDF) -> list[bytes]:
        return [bytes(page.contents) for page in paper.pages.values() if isinstance(page.contents, bytearray)]

    ours, theirs = blank(), blank()
    ink = Ink(ours)
    for width, height in ((210, 297), (297, 210)):
        ink.new_page(width, height)
        theirs.add_page(format=(width, height))
        for n, (words, size) in enumerate(told):
            ink.words(words, 20 + n / 3, 40 + n / 7, "", size)
            theirs.set_font("slip", "", size)
            theirs.text(20 + n / 3, 40 + n / 7, words)
            ink.box(20, 40 + n, 30 / 7, 5 / 3)
            theirs.rect(20, 40 + n, 30 / 7, 5 / 3)
    assert written(ours) == written(theirs)
    assert len(written(ours)) == 2 and b"Tj" in written(ours)[1]


def test_lines_of_a_heading_are_of_about_one_length() -> None:
    measure = Measure(lambda words, _style: float(len(words)))
    runs = [StyledText("Sở Lao động – Thương binh và Xã hội")]
    assert [line.segments[0].words for line in wrap(runs, 30, measure)] == ["Sở Lao động – Thương binh và", "Xã hội"]
    assert [line.segments[0].words for line in balanced(runs, 30, measure)] == [
        "Sở Lao động – Thương",
        "binh và Xã hội",
    ]


def test_a_long_register_repeats_its_head_and_numbers_its_pages() -> None:
    reader = PdfReader(
        io.BytesIO(pdf.render([content.register(register_lines(60), HOUSE, date(2024, 6, 1), date(2024, 6, 30))]))
    )
    assert len(reader.pages) > 3
    for n, page in enumerate(reader.pages, 1):
        told = page.extract_text()
        assert "Mã hồ sơ" in told
        assert n == 1 or told.split()[0] == str(n)
    told = pdf_words(reader)
    assert re.findall(r"H32\.12-240603-\d{4}", told) == [f"H32.12-240603-{n:04d}" for n in range(1, 61)]


@pytest.mark.parametrize("above", range(27, 32))
def test_a_heading_stands_on_the_page_of_its_table(above: int) -> None:
    """However much stands above. The table's head has three lines: a heading with room for itself alone moves on."""
    rows = tuple((Cell(f"dòng {n}"), Cell("1")) for n in range(20))
    table = SlipTable((1, 1), ((Cell("Đơn\nvị\nhành chính"), Cell("Số")),), rows)
    lines = [SlipParagraph((StyledText("trên"),))] * above
    heading = SlipParagraph((StyledText("III. THEO ĐƠN VỊ"),), keep=True)
    reader = read(replace(DRAWN["refusal"](), blocks=(*lines, heading, table), signatures=()))
    (page,) = [page.extract_text() for page in reader.pages if "III. THEO ĐƠN VỊ" in page.extract_text()]
    assert "hành chính" in page and "dòng 0" in page


def test_a_row_taller_than_a_page_goes_on_on_the_next() -> None:
    line = next(iter(register_lines(1)))
    fields = {name: getattr(line, name) for name in line.__slots__}
    tall = RegisterLine(**(fields | {"applicant": "một tên rất dài " * 300}))
    reader = PdfReader(io.BytesIO(pdf.render([content.register([tall], HOUSE, date(2024, 6, 1), date(2024, 6, 2))])))
    assert len(reader.pages) > 1
    assert len(re.findall("dài", pdf_words(reader))) == 300


def test_several_slips_make_one_file_each_from_a_new_page() -> None:
    documents = [content.receipt(case(code=f"H32-{n}"), HOUSE, ADDRESS) for n in range(3)]
    reader = PdfReader(io.BytesIO(pdf.render(documents)))
    assert [f"H32-{n}" in page.extract_text() for n, page in enumerate(reader.pages)] == [True] * 3


def test_a_file_is_called_as_its_paper() -> None:
    """A window with four reports open tells them apart."""
    paper = replace(DRAWN["receipt"](), title="BÁO CÁO", under_title=("Kết quả kiểm tra", "tháng 6/2024"))
    told = PdfReader(io.BytesIO(pdf.render([paper, DRAWN["apology"]()]))).metadata
    assert told is not None and told.title == "BÁO CÁO Kết quả kiểm tra tháng 6/2024"
    assert docx.Document(io.BytesIO(word.render([paper]))).core_properties.title == told.title
    long = replace(paper, title="BÁO CÁO " * 40)
    assert len(docx.Document(io.BytesIO(word.render([long]))).core_properties.title) == word.LONGEST_TITLE


def test_signs_no_typeface_draws_are_left_out() -> None:
    assert printable("a\x00b\x07c\u2011d") == "abc-d"
    assert printable("Nguye\u0302\u0303n") == "Nguyễn"
    told = pdf_words(read(content.receipt(case(person=person(name="Bình \x0b\x00(An)")), HOUSE, "")))
    assert "Bình (An)" in told


# Word


@EVERY
def test_word_document_has_the_words_of_the_paper(name: str) -> None:
    document = DRAWN[name]()
    told = word_words(opened(document))
    assert " ".join(document.title.split()) in told
    assert "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM" in told
    assert document.form in told
    assert "Nguyễn Thị Hường" in told


@EVERY
def test_word_document_has_the_size_and_margins_of_its_paper(name: str) -> None:
    document = DRAWN[name]()
    section = opened(document).sections[0]
    assert (round(section.page_width.mm), round(section.page_height.mm)) == (
        document.paper.width,
        document.paper.height,
    )
    assert abs(section.left_margin - Mm(document.paper.margins[3])) < Mm(0.1)


def test_word_document_carries_the_typeface_and_asks_for_times_new_roman() -> None:
    package = zipfile.ZipFile(io.BytesIO(word.render([DRAWN["receipt"]()])))
    w = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
    r = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
    table = etree.fromstring(package.read("word/fontTable.xml"))
    entry = next(font for font in table if font.get(w + "name") == "Liberation Serif")
    targets = {
        relation.get("Id"): relation.get("Target")
        for relation in etree.fromstring(package.read("word/_rels/fontTable.xml.rels"))
    }
    embedded = {each.tag.removeprefix(w): each for each in entry if "embed" in each.tag}
    assert set(embedded) == {"embedRegular", "embedBold", "embedItalic", "embedBoldItalic"}
    for each in embedded.values():
        font = revealed(package.read(f"word/{targets[each.get(r + 'id')]}"), each.get(w + "fontKey"))
        assert set(map(ord, vietnamese())) <= set(font.getBestCmap())
        assert font["name"].getDebugName(1).startswith("Liberation Serif")
    official = next(font for font in table if font.get(w + "name") == "Times New Roman")
    assert official.find(w + "altName").get(w + "val") == "Liberation Serif"
    assert b"embedTrueTypeFonts" in package.read("word/settings.xml")
    assert b'w:ascii="Times New Roman"' in package.read("word/styles.xml")
    types = package.read("[Content_Types].xml")
    assert types.count(b"obfuscatedFont") == 4


def revealed(obfuscated: bytes, key: str) -> TTFont:
    """The font behind the obfuscation of ECMA-376: the key's bytes, last first, over the first 32 bytes."""
    mask = bytes.fromhex(key.strip("{}").replace("-", ""))[::-1]
    clear = bytes(byte ^ mask[n % 16] for n, byte in enumerate(obfuscated[:32])) + obfuscated[32:]
    return TTFont(io.BytesIO(clear))


def vietnamese() -> set[str]:
    """Every Vietnamese letter with every tone, both cases, and the sign of the đồng."""
    tones = ("", "\u0300", "\u0301", "\u0303", "\u0309", "\u0323")
    letters = {unicodedata.normalize("NFC", vowel + tone) for vowel in "aăâeêioôơuưy" for tone in tones}
    return letters | {letter.upper() for letter in letters} | {"đ", "Đ", "₫", "–", "…", "“", "”"}


@pytest.mark.parametrize("style", STYLES)
def test_the_vendored_typeface_has_every_vietnamese_letter(style: str) -> None:
    font = TTFont(font_file(style))
    assert set(map(ord, vietnamese())) <= set(font.getBestCmap())
    assert font["OS/2"].fsType == 0, "may be embedded and the document amended"


def test_word_document_of_several_slips_has_a_section_for_each() -> None:
    documents = [content.receipt(case(code=f"H32-{n}"), HOUSE, ADDRESS) for n in range(3)]
    opened = docx.Document(io.BytesIO(word.render(documents)))
    assert [round(section.page_width.mm) for section in opened.sections] == [148] * 3
    assert all(f"H32-{n}" in word_words(opened) for n in range(3))


def test_word_document_takes_hostile_and_broken_words() -> None:
    hostile = '<script>alert("1")</script> & \x00\x0b\ud800 ]]>'
    told = word_words(opened(content.receipt(case(person=person(name=hostile)), HOUSE, ADDRESS)))
    assert '<script>alert("1")</script> & ]]>' in told


def test_spanned_cells_of_the_control_slip_are_merged_in_word() -> None:
    tables = opened(DRAWN["control"]()).tables
    moved = next(table for table in tables if "TÊN CƠ QUAN" in table.rows[0].cells[0].text)
    assert moved.rows[2].cells[0]._tc is moved.rows[3].cells[0]._tc
    assert moved.rows[2].cells[1]._tc is moved.rows[2].cells[2]._tc
    assert {len(row.cells) for row in moved.rows} == {5}


def test_word_document_numbers_its_pages_from_the_second_on_and_is_vietnamese() -> None:
    document = opened(DRAWN["register"]())
    section = document.sections[0]
    assert section.different_first_page_header_footer
    assert 'w:instr="PAGE"' in section.header.paragraphs[0]._p.xml
    languages = {each.get(f"{{{each.nsmap['w']}}}val") for each in document.styles.element.iter("{*}lang")}
    assert languages == {"vi-VN"}


# QR


def test_the_qr_code_says_the_address_in_every_form() -> None:
    expected = [[bool(module) for module in row] for row in segno.make(ADDRESS, error="m", micro=False).matrix]
    side, stretches = drawing.qr_modules(ADDRESS)
    drawn = [[False] * side for _row in range(side)]
    for column, row, length in stretches:
        drawn[row][column : column + length] = [True] * length
    inner = [row[drawing.BORDER : -drawing.BORDER] for row in drawn[drawing.BORDER : -drawing.BORDER]]
    assert inner == expected
    assert not any(drawn[0]), "light around it"
    svg = str(drawing.qr_svg(ADDRESS))
    assert svg.startswith("<svg ")
    assert "style=" not in svg
    assert f'viewBox="0 0 {side} {side}"' in svg
    picture = next(
        part for part in opened(DRAWN["receipt"]()).part.package.iter_parts() if part.content_type == "image/png"
    )
    assert picture.blob == drawing.qr_png(ADDRESS)


def test_a_register_has_no_qr_code() -> None:
    document = DRAWN["register"]()
    assert document.paper is Paper.A4_LANDSCAPE
    assert document.qr == ""
    assert opened(document).inline_shapes.__len__() == 0
