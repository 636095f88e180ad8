"""What a file really is decides, never its name; each refusal says what to do."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image
from pypdf import PdfReader

from app.attachments import BadContent, office_files, pdf_files, pictures
from app.attachments.checking import Checked, FileKind, check, tidy_name
from tests.attachments.samples import (
    ACTING_OFFICE,
    BAD_PDFS,
    EXE,
    GOOD_OFFICE,
    changed_pdf,
    excel,
    first_page_on_opening,
    jump_on_opening,
    large_sheet,
    many_objects,
    noisy_picture,
    packed_objects,
    pdf,
    picture,
    plain_zip,
    signed,
    with_part,
    word,
)

ALL = [kind.value for kind in FileKind]


@pytest.fixture
def look(tmp_path: Path):
    """Check some content under a name."""

    def look_into(content: bytes, name: str = "tep", allowed: list[str] = ALL) -> Checked:
        path = tmp_path / "content"
        path.write_bytes(content)
        return check(path, name, allowed)

    return look_into


@pytest.mark.parametrize(
    ("content", "kind", "pages"),
    [
        (pdf(pages=3), FileKind.PDF, 3),
        (changed_pdf(first_page_on_opening), FileKind.PDF, 1),
        (changed_pdf(signed), FileKind.PDF, 1),
        (picture("JPEG"), FileKind.JPEG, None),
        (picture("PNG"), FileKind.PNG, None),
        (picture("TIFF"), FileKind.TIFF, 1),
        (word(), FileKind.DOCX, None),
        (excel(), FileKind.XLSX, None),
    ],
    ids=["pdf", "pdf of office software", "signed pdf", "jpeg", "png", "tiff", "docx", "xlsx"],
)
def test_a_good_file_is_known_by_its_content(look, content: bytes, kind: FileKind, pages: int | None) -> None:
    checked = look(content, "giấy tờ.bin")
    assert (checked.kind, checked.pages) == (kind, pages)
    assert checked.name == "giấy tờ" + kind.endings[0]


@pytest.mark.parametrize("why", BAD_PDFS)
def test_a_pdf_that_acts_or_is_not_whole_is_refused(look, why: str) -> None:
    content, said = BAD_PDFS[why]
    with pytest.raises(BadContent, match=said) as refused:
        look(content, "giay.pdf")
    assert "hãy" in str(refused.value)


def test_a_pdf_that_would_take_forever_to_look_through_is_refused(look, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf_files, "MOST_OBJECTS", 5)
    with pytest.raises(BadContent, match="quá phức tạp"):
        look(pdf(pages=9), "giay.pdf")


def test_a_pdf_of_many_objects_is_refused_before_any_is_read(look, monkeypatch: pytest.MonkeyPatch) -> None:
    read = []
    real = PdfReader.get_object
    monkeypatch.setattr(PdfReader, "get_object", lambda self, of: read.append(of) or real(self, of))
    with pytest.raises(BadContent, match="quá phức tạp"):
        look(many_objects(60_000), "giay.pdf")
    assert len(read) < 20
    assert look(many_objects(300), "giay.pdf").pages == 300


@pytest.mark.parametrize("why", ["an address after a jump", "a script", "GoToR at a click"])
def test_what_acts_is_found_in_streams_of_objects_too(look, why: str) -> None:
    content, said = BAD_PDFS[why]
    packed = packed_objects(content)
    assert b"/ObjStm" in packed and b"/Next" not in packed and b"/JavaScript" not in packed
    with pytest.raises(BadContent, match=said):
        look(packed, "giay.pdf")


def test_a_pdf_that_only_jumps_on_opening_is_taken(look) -> None:
    assert look(changed_pdf(jump_on_opening)).pages == 1


def test_a_program_named_as_a_picture_is_refused(look) -> None:
    with pytest.raises(BadContent, match="chương trình"):
        look(EXE, "anh.jpg")


@pytest.mark.parametrize(
    "content", [b"<html><script>alert(1)</script>", b"<svg onload='x'/>", plain_zip(), b"chu", b"\0"]
)
def test_what_is_none_of_the_allowed_kinds_is_refused_and_they_are_named(look, content: bytes) -> None:
    with pytest.raises(BadContent, match="PDF, JPEG, PNG"):
        look(content, "don.pdf")


def test_a_kind_that_the_site_does_not_allow_is_refused(look) -> None:
    with pytest.raises(BadContent, match="hãy dùng PDF, JPEG"):
        look(word(), "don.docx", ["pdf", "jpeg"])


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (with_part(word(), "word/vbaProject.bin", b"x"), "macro"),
        (with_part(excel(), "xl/vbaProject.bin", b"x"), "macro"),
        (with_part(word(), "word/activeX/activeX1.bin", b"x"), "macro"),
        (with_part(word(), "word/_rels/settings.xml.rels", b'<R Type="attachedTemplate" Target="http://x"/>'), "mẫu"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "định dạng cũ"),
        (word()[:-400], "bị hỏng"),
    ],
    ids=["macros in docx", "macros in xlsx", "activex", "remote template", "old or locked", "damaged"],
)
def test_an_office_file_that_acts_or_is_locked_is_refused(look, content: bytes, said: str) -> None:
    with pytest.raises(BadContent, match=said):
        look(content, "don.docx")


@pytest.mark.parametrize("why", ACTING_OFFICE)
def test_an_office_file_that_acts_by_itself_is_refused_whole(look, why: str) -> None:
    content, said = ACTING_OFFICE[why]
    with pytest.raises(BadContent, match=said) as refused:
        look(content, "don.docx")
    assert "hãy" in str(refused.value)


@pytest.mark.parametrize("what", GOOD_OFFICE)
def test_an_office_file_with_what_its_reader_clicks_is_taken(look, what: str) -> None:
    assert look(GOOD_OFFICE[what]).kind in (FileKind.DOCX, FileKind.XLSX)


@pytest.mark.parametrize("said", [None, 1_000])
def test_a_sheet_is_refused_by_what_it_unpacks_to_whatever_it_says(
    look, said: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = []
    real = office_files.unpacked
    monkeypatch.setattr(office_files, "MOST_UNPACKED", 8_000_000)
    monkeypatch.setattr(office_files, "unpacked", lambda *of: (held.append(len(p)) or p for p in real(*of)))
    with pytest.raises(BadContent, match="lớn bất thường"):
        look(large_sheet(64_000_000, said), "bang.xlsx")
    assert sum(held) <= 8_000_000 and max(held) <= office_files.CHUNK


def test_half_a_picture_is_refused(look) -> None:
    whole = noisy_picture()
    with pytest.raises(BadContent, match="chưa trọn vẹn"):
        look(whole[: len(whole) // 2], "anh.jpg")
    with pytest.raises(BadContent, match="chưa trọn vẹn"):
        look(picture("PNG")[:-30], "anh.png")


def test_a_picture_of_too_many_points_is_refused_before_it_is_unpacked(look, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "MOST_PIXELS", 300_000)
    loaded = []
    monkeypatch.setattr(Image.Image, "draft", lambda *args: loaded.append(args))
    with pytest.raises(BadContent, match="điểm ảnh"):
        look(picture("PNG", (1000, 500)), "anh.png")
    assert not loaded


def test_a_picture_far_beyond_what_pillow_opens_is_refused(look) -> None:
    bomb = bytearray(picture("PNG", (1, 1)))
    bomb[16:24] = (60_000).to_bytes(4) + (60_000).to_bytes(4)  # what its head promises
    import zlib

    bomb[29:33] = zlib.crc32(bytes(bomb[12:29])).to_bytes(4)
    with pytest.raises(BadContent, match="điểm ảnh"):
        look(bytes(bomb), "anh.png")


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("Giấy ủy quyền.pdf", "Giấy ủy quyền.pdf"),
        ("../../etc/passwd", "passwd.pdf"),
        ("C:\\Users\\Lan\\Đơn  xin.PDF", "Đơn xin.PDF"),
        ("don\r\nSet-Cookie: a.pdf", "don Set-Cookie_ a.pdf"),
        ("anh\u202egpj.exe", "anhgpj.pdf"),
        ("", "tep.pdf"),
        ("...", "tep.pdf"),
        (".pdf", "tep.pdf"),
        ("Do\u0302n.pdf", "Dôn.pdf"),
        ("a<b>|c?.pdf", "a_b__c_.pdf"),
    ],
)
def test_a_name_is_tidied(name: str, kept: str) -> None:
    assert tidy_name(name, FileKind.PDF) == kept


def test_a_very_long_name_keeps_its_ending() -> None:
    kept = tidy_name("giấy" * 200 + ".pdf", FileKind.PDF)
    assert len(kept.encode()) <= 180 and kept.endswith(".pdf")


def test_a_small_picture_is_upright_and_on_white() -> None:
    import io

    sideways = Image.new("RGB", (200, 100), "red")
    exif = Image.Exif()
    exif[0x0112] = 6  # a telephone held upright
    out = io.BytesIO()
    sideways.save(out, "JPEG", exif=exif)
    out.seek(0)
    made = Image.open(io.BytesIO(pictures.small(out, 80)))
    assert made.size == (40, 80)
    clear = io.BytesIO()
    Image.new("RGBA", (10, 10), (0, 0, 0, 0)).save(clear, "PNG")
    clear.seek(0)
    assert Image.open(io.BytesIO(pictures.small(clear, 80))).getpixel((5, 5)) == (255, 255, 255)
