"""Files for the tests, made on the spot: good ones, and each kind of bad one."""

from __future__ import annotations

import io
import zipfile
import zlib
from typing import Any

import docx
import openpyxl
from fpdf import FPDF
from PIL import Image
from pypdf import PdfReader, PdfWriter
from pypdf.generic import (
    ArrayObject,
    DecodedStreamObject,
    DictionaryObject,
    IndirectObject,
    NameObject,
    StreamObject,
    TextStringObject,
)

EXE = b"MZ\x90\x00" + bytes(200)


def pdf(text: str = "Giay uy quyen", pages: int = 1) -> bytes:
    """A plain PDF."""
    made = FPDF()
    for _ in range(pages):
        made.add_page()
        made.set_font("helvetica", size=20)
        made.cell(text=text)
    return bytes(made.output())


def changed_pdf(change: Any) -> bytes:
    """That PDF, with something done to it by pypdf: change(writer)."""
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(pdf())))
    change(writer)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def _name(value: str) -> NameObject:
    return NameObject(value)


def _script(writer: PdfWriter) -> None:
    action = {_name("/S"): _name("/JavaScript"), _name("/JS"): TextStringObject("app.alert('chào');")}
    scripts = DictionaryObject({_name("/Names"): ArrayObject([TextStringObject("mở"), DictionaryObject(action)])})
    writer.root_object[_name("/Names")] = DictionaryObject({_name("/JavaScript"): scripts})


def _script_on_opening(writer: PdfWriter) -> None:
    action = {_name("/S"): _name("/JavaScript"), _name("/JS"): TextStringObject("app.alert(1)")}
    writer.root_object[_name("/OpenAction")] = writer._add_object(DictionaryObject(action))


def _launch_on_a_page(writer: PdfWriter) -> None:
    launch = DictionaryObject({_name("/S"): _name("/Launch"), _name("/F"): TextStringObject("calc.exe")})
    link = {_name("/Type"): _name("/Annot"), _name("/Subtype"): _name("/Link"), _name("/A"): launch}
    writer.pages[0][_name("/Annots")] = ArrayObject([writer._add_object(DictionaryObject(link))])


def _link_on_opening(writer: PdfWriter) -> None:
    action = {_name("/S"): _name("/URI"), _name("/URI"): TextStringObject("http://vi.du/")}
    writer.root_object[_name("/OpenAction")] = DictionaryObject(action)


def _link_on_turning_the_page(writer: PdfWriter) -> None:
    action = DictionaryObject({_name("/S"): _name("/URI"), _name("/URI"): TextStringObject("http://vi.du/")})
    writer.pages[0][_name("/AA")] = DictionaryObject({_name("/O"): action})


def _file_inside(writer: PdfWriter) -> None:
    writer.add_attachment("hoa-don.xml", b"<a/>")


def _dynamic_form(writer: PdfWriter) -> None:
    content = DecodedStreamObject()
    content.set_data(b"<xdp/>")
    writer.root_object[_name("/AcroForm")] = DictionaryObject({_name("/XFA"): writer._add_object(content)})


def first_page_on_opening(writer: PdfWriter) -> None:
    """What office software writes into every PDF."""
    page = writer.pages[0].indirect_reference
    writer.root_object[_name("/OpenAction")] = ArrayObject([page, _name("/Fit")])


def signed(writer: PdfWriter) -> None:
    """A signature field with its signature, and a link for the reader to click."""
    signature = {_name("/Type"): _name("/Sig"), _name("/Filter"): _name("/Adobe.PPKLite")}
    field = {_name("/FT"): _name("/Sig"), _name("/V"): writer._add_object(DictionaryObject(signature))}
    fields = ArrayObject([writer._add_object(DictionaryObject(field))])
    writer.root_object[_name("/AcroForm")] = DictionaryObject({_name("/Fields"): fields})
    action = DictionaryObject({_name("/S"): _name("/URI"), _name("/URI"): TextStringObject("https://vi.du/tra-cuu")})
    link = {_name("/Subtype"): _name("/Link"), _name("/A"): action}
    writer.pages[0][_name("/Annots")] = ArrayObject([writer._add_object(DictionaryObject(link))])


BAD_PDFS = {
    "a script": (changed_pdf(_script), "JavaScript"),
    "a script on opening": (changed_pdf(_script_on_opening), "JavaScript"),
    "a program started by a click": (changed_pdf(_launch_on_a_page), "Launch"),
    "an address opened by itself": (changed_pdf(_link_on_opening), "tự chạy"),
    "an address opened on turning the page": (changed_pdf(_link_on_turning_the_page), "tự chạy"),
    "a file inside": (changed_pdf(_file_inside), "tệp khác đính kèm"),
    "a dynamic form": (changed_pdf(_dynamic_form), "XFA"),
    "a password": (changed_pdf(lambda writer: writer.encrypt("mat-khau", algorithm="RC4-128")), "mật khẩu"),
    "half of it missing": (pdf()[:300], "bị hỏng"),
    "nothing behind its head": (b"%PDF-1.7\n" + bytes(100), "bị hỏng"),
}


def picture(kind: str = "JPEG", size: tuple[int, int] = (640, 480), colour: str = "#0c5450", **options: Any) -> bytes:
    """A picture in one colour."""
    out = io.BytesIO()
    Image.new("RGB", size, colour).save(out, kind, **options)
    return out.getvalue()


def noisy_picture(size: tuple[int, int] = (400, 300)) -> bytes:
    """A JPEG that does not compress to nothing."""
    out = io.BytesIO()
    Image.effect_noise(size, 80).convert("RGB").save(out, "JPEG", quality=90)
    return out.getvalue()


def word() -> bytes:
    """A Word document."""
    document, out = docx.Document(), io.BytesIO()
    document.add_paragraph("Đơn đề nghị cấp giấy phép lao động")
    document.save(out)
    return out.getvalue()


def excel() -> bytes:
    """An Excel workbook."""
    book, out = openpyxl.Workbook(), io.BytesIO()
    book.active["A1"] = "Danh sách"
    book.save(out)
    return out.getvalue()


def with_part(content: bytes, name: str, part: bytes) -> bytes:
    """That Word or Excel file with one more part."""
    out = io.BytesIO(content)
    with zipfile.ZipFile(out, "a") as zipped:
        zipped.writestr(name, part)
    return out.getvalue()


def plain_zip() -> bytes:
    """A ZIP that is neither Word nor Excel."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as zipped:
        zipped.writestr("a.txt", "a")
    return out.getvalue()


def _jump_then(writer: PdfWriter, *following: Any) -> Any:
    """An action that shows the first page, and what comes after it."""
    page = writer.pages[0].indirect_reference
    jump = {_name("/S"): _name("/GoTo"), _name("/D"): ArrayObject([page, _name("/Fit")])}
    if following:
        jump[_name("/Next")] = following[0] if len(following) == 1 else ArrayObject(following)
    return writer._add_object(DictionaryObject(jump))


def _address() -> DictionaryObject:
    return DictionaryObject({_name("/S"): _name("/URI"), _name("/URI"): TextStringObject("http://vi.du/")})


def jump_on_opening(writer: PdfWriter) -> None:
    """A plain jump, and another after it: nothing but pages are shown."""
    writer.root_object[_name("/OpenAction")] = _jump_then(writer, _jump_then(writer))


def _address_after_a_jump(writer: PdfWriter) -> None:
    writer.root_object[_name("/OpenAction")] = _jump_then(writer, _address())


def _address_after_two_jumps(writer: PdfWriter) -> None:
    second = _jump_then(writer, _jump_then(writer), writer._add_object(_address()))
    writer.root_object[_name("/OpenAction")] = _jump_then(writer, second)


def _address_after_a_jump_on_turning(writer: PdfWriter) -> None:
    opened = DictionaryObject({_name("/O"): _jump_then(writer, _address())})
    writer.pages[0][_name("/AA")] = writer._add_object(opened)


def _printing_on_opening(writer: PdfWriter) -> None:
    action = {_name("/S"): _name("/Named"), _name("/N"): _name("/Print")}
    writer.root_object[_name("/OpenAction")] = DictionaryObject(action)


def _endless_jumps(writer: PdfWriter) -> None:
    first = _jump_then(writer)
    first.get_object()[_name("/Next")] = first
    writer.root_object[_name("/OpenAction")] = first


def _doing(kind: str) -> Any:
    def change(writer: PdfWriter) -> None:
        action = DictionaryObject({_name("/S"): _name(kind), _name("/F"): TextStringObject("x")})
        link = {_name("/Subtype"): _name("/Link"), _name("/A"): action}
        writer.pages[0][_name("/Annots")] = ArrayObject([DictionaryObject(link)])

    return change


def packed_objects(content: bytes) -> bytes:
    """That PDF with its objects packed away in a stream of objects, where no word of theirs is to be read."""
    reader = PdfReader(io.BytesIO(content))
    root = reader.trailer.raw_get("/Root").idnum
    bodies: dict[int, bytes] = {}
    plain: dict[int, bytes] = {}
    for number in sorted(reader.xref[0]):
        kept = reader.get_object(IndirectObject(number, 0, reader))
        out = io.BytesIO()
        kept.write_to_stream(out)
        (plain if isinstance(kept, StreamObject) else bodies)[number] = out.getvalue()
    stream = max(*bodies, *plain) + 1
    head, body = b"", b""
    for number, written in bodies.items():
        head += b"%d %d " % (number, len(body))
        body += written + b" "
    packed = zlib.compress(head + body)
    what = b"<< /Type /ObjStm /N %d /First %d /Length %d /Filter /FlateDecode >>\nstream\n%s\nendstream"
    plain[stream] = what % (len(bodies), len(head), len(packed), packed)
    out, places = io.BytesIO(), {}
    out.write(b"%PDF-1.7\n")
    for number, written in plain.items():
        places[number] = out.tell()
        out.write(b"%d 0 obj\n%s\nendobj\n" % (number, written))
    start, table = stream + 1, b""
    places[start] = out.tell()
    order = list(bodies)
    for number in range(start + 1):
        if number in bodies:
            table += b"\x02" + stream.to_bytes(4) + order.index(number).to_bytes(2)
        else:
            table += (b"\x01" if number in places else b"\x00") + places.get(number, 0).to_bytes(4) + b"\0\0"
    about = b"<< /Type /XRef /W [1 4 2] /Size %d /Root %d 0 R /Length %d >>\nstream\n%s\nendstream"
    out.write(b"%d 0 obj\n" % start + about % (start + 1, root, len(table), table))
    out.write(b"\nendobj\nstartxref\n%d\n%%%%EOF\n" % places[start])
    return out.getvalue()


def many_objects(number: int) -> bytes:
    """A PDF of so many pages, each an object of its own, by hand: a library would take a minute."""
    kids = b" ".join(b"%d 0 R" % each for each in range(3, number + 3))
    objects = [b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Kids [%s] /Count %d >>" % (kids, number)]
    objects += [b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] >>"] * number
    out, places = io.BytesIO(), []
    out.write(b"%PDF-1.7\n")
    for position, content in enumerate(objects, 1):
        places.append(out.tell())
        out.write(b"%d 0 obj\n%s\nendobj\n" % (position, content))
    start = out.tell()
    out.write(b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1))
    out.write(b"".join(b"%010d 00000 n \n" % place for place in places))
    out.write(b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start))
    return out.getvalue()


BAD_PDFS |= {
    "an address after a jump": (changed_pdf(_address_after_a_jump), "URI"),
    "an address after two jumps": (changed_pdf(_address_after_two_jumps), "URI"),
    "an address after a jump on turning the page": (changed_pdf(_address_after_a_jump_on_turning), "URI"),
    "printing on opening": (changed_pdf(_printing_on_opening), "Named"),
    "jumps without end": (changed_pdf(_endless_jumps), "quá phức tạp"),
    **{
        f"{kind} at a click": (changed_pdf(_doing("/" + kind)), kind)
        for kind in ("SubmitForm", "ImportData", "GoToR", "GoToE", "RichMediaExecute", "Rendition")
    },
    "a script with its name in figures": (
        changed_pdf(_doing("/JavaScript")).replace(b"/S /JavaScript", b"/S /J#61vaScript"),
        "JavaScript",
    ),
}


def with_words(content: bytes, part: str, words: str) -> bytes:
    """That Word file with these runs at the end of its text."""
    return changed_part(content, part, lambda old: old.replace("<w:sectPr", f"<w:p>{words}</w:p><w:sectPr", 1))


def changed_part(content: bytes, part: str, change: Any) -> bytes:
    """That Word or Excel file with one part changed."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.infolist():
            text = old.read(entry)
            new.writestr(entry.filename, change(text.decode()) if entry.filename == part else text)
    return out.getvalue()


def field(*code: str) -> str:
    """Runs of Word with a field whose code is cut over so many runs."""
    runs = "".join(f"<w:r><w:instrText>{each}</w:instrText></w:r>" for each in code)
    begin, end = (f'<w:r><w:fldChar w:fldCharType="{kind}"/></w:r>' for kind in ("begin", "end"))
    return begin + runs + end


def related(content: bytes, kind: str, target: str, part: str = "word/_rels/document.xml.rels") -> bytes:
    """That Word or Excel file with one more relation that leads out of it."""
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/"
    more = f'<Relationship Id="rId99" Type="{office}{kind}" Target="{target}" TargetMode="External"/>'
    return changed_part(content, part, lambda old: old.replace("</Relationships>", more + "</Relationships>"))


def large_sheet(size: int, said: int | None = None) -> bytes:
    """An Excel workbook whose sheet unpacks to so many bytes, whatever its list says."""
    out = io.BytesIO(excel())
    with (
        zipfile.ZipFile(out, "a", zipfile.ZIP_DEFLATED) as zipped,
        zipped.open("xl/worksheets/sheet9.xml", "w") as part,
    ):
        for _ in range(size // 65536):
            part.write(b" " * 65536)
    content = out.getvalue()
    if said is not None:
        real = (size // 65536 * 65536).to_bytes(4, "little")
        content = content.replace(real, said.to_bytes(4, "little"))
    return content


NESTED = (
    '<w:r><w:fldChar w:fldCharType="begin"/></w:r>'
    + field("QUOTE 68 68 69")
    + '<w:r><w:instrText> "cmd"</w:instrText></w:r><w:r><w:fldChar w:fldCharType="end"/></w:r>'
)
ACTING_OFFICE = {
    "an embedded program": (with_part(word(), "word/embeddings/oleObject1.bin", EXE), "nhúng bên trong"),
    "an embedded workbook": (with_part(word(), "word/embeddings/sheet1.xlsx", excel()), "nhúng bên trong"),
    "a remote OLE object": (related(word(), "oleObject", "http://vi.du/a.doc"), "nhúng bên trong"),
    "a remote template": (
        related(word(), "attachedTemplate", "http://vi.du/a.dotm"),
        "mẫu nằm ở nơi khác",
    ),
    "a remote picture": (related(word(), "image", "http://vi.du/a.png"), "nơi khác mỗi khi mở"),
    "a remote frame": (related(word(), "frame", "http://vi.du/a.htm"), "nơi khác mỗi khi mở"),
    "a link to a program": (related(word(), "hyperlink", "file:///C:/a.exe"), "mở tệp hoặc chương trình"),
    "a link to a share": (related(word(), "hyperlink", "\\\\may\\a"), "mở tệp hoặc chương trình"),
    "a dde field": (with_words(word(), "word/document.xml", field("DDEAUTO c:\\\\cmd.exe")), "DDEAUTO"),
    "a dde field over runs": (with_words(word(), "word/document.xml", field(" D", "D", "E c:\\\\cmd")), "DDE"),
    "a simple dde field": (
        with_words(word(), "word/document.xml", '<w:fldSimple w:instr=" dde cmd"><w:r/></w:fldSimple>'),
        "DDE",
    ),
    "a dde field never ended": (
        with_words(word(), "word/document.xml", field("DDE cmd").rpartition("<w:r><w:fldChar")[0]),
        "DDE",
    ),
    "a field whose name a field makes": (with_words(word(), "word/document.xml", NESTED), "QUOTE"),
    "text from elsewhere": (
        with_words(word(), "word/document.xml", field('INCLUDETEXT "http://vi.du/a"')),
        "INCLUDETEXT",
    ),
    "dde in a workbook": (with_part(excel(), "xl/externalLinks/externalLink1.xml", b"<ddeLink/>"), "mỗi khi mở"),
    "a data connection": (with_part(excel(), "xl/connections.xml", b"<connections/>"), "mỗi khi mở"),
    "two parts of one name": (with_part(word(), "word/Document.xml", b"<a/>"), "bị hỏng"),
    "entities of its own": (
        with_part(word(), "word/header9.xml", b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'),
        "bị hỏng",
    ),
}
GOOD_OFFICE = {
    "a link": related(word(), "hyperlink", "https://vi.du/?a=1"),
    "an address to write to": related(word(), "hyperlink", "mailto:a@vi.du"),
    "a link to a place in it": related(word(), "hyperlink", "#muc-2"),
    "a link in a workbook": with_part(
        excel(),
        "xl/worksheets/_rels/sheet1.xml.rels",
        b'<R><Relationship Type="a/hyperlink" Target="https://vi.du" TargetMode="External"/></R>',
    ),
    "the number of the page": with_words(word(), "word/document.xml", field(" PAGE ")),
    "words of a field shown": with_words(word(), "word/document.xml", "<w:r><w:t>DDE cmd</w:t></w:r>"),
}
