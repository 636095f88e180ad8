"""Files for the tests, made on the spot: good ones, and each kind of bad one."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import docx
import openpyxl
from fpdf import FPDF
from PIL import Image
from pypdf import PdfReader, PdfWriter
from pypdf.generic import ArrayObject, DecodedStreamObject, DictionaryObject, NameObject, TextStringObject

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
