"""Word and Excel files: a ZIP of parts, of which little more than the list is read. No Flask here."""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path

from app.attachments.refusals import BadContent

MOST_PARTS = 5_000
MOST_DECLARED = 1_000_000  # bytes read of the declaration, whatever it says of itself
_TYPES = "[Content_Types].xml"
_MAIN = {
    b"wordprocessingml.document.main+xml": "docx",
    b"spreadsheetml.sheet.main+xml": "xlsx",
    b"application/vnd.ms-word.document.macroenabled": "docx",
    b"application/vnd.ms-excel.sheet.macroenabled": "xlsx",
}
_ACTIVE = ("vbaproject.bin", "vbadata.xml", "/activex/", "/macrosheets/", "/dialogsheets/")
_UNREADABLE = (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, OSError, ValueError)


def office_kind(path: Path) -> str:
    """ "docx", "xlsx", or nothing for any other ZIP. Raises BadContent for one that cannot be read."""
    declared = _declared(path)[1]
    return next((kind for word, kind in _MAIN.items() if word in declared), "")


def check(path: Path) -> None:
    """Refuse macros, ActiveX, and templates fetched from elsewhere. Raises BadContent."""
    names, declared = _declared(path)
    if b"macroenabled" in declared or any(part in f"/{name}" for name in names for part in _ACTIVE):
        raise BadContent(
            "Tệp có macro hoặc điều khiển ActiveX có thể tự chạy; hãy lưu lại thành PDF, .docx hoặc .xlsx không macro."
        )
    with _opened(path) as zipped:
        for entry in zipped.infolist():
            if entry.filename.lower().endswith("settings.xml.rels") and b"attachedtemplate" in _part(zipped, entry):
                raise BadContent("Tệp gắn với một mẫu nằm ở nơi khác; hãy lưu lại thành PDF rồi tải lên.")


def _declared(path: Path) -> tuple[list[str], bytes]:
    """Names of the parts and the declaration of their kinds, in lower case."""
    with _opened(path) as zipped:
        entries = zipped.infolist()
        if len(entries) > MOST_PARTS:
            raise BadContent("Tệp có quá nhiều phần bên trong; hãy lưu lại thành PDF rồi tải lên.")
        types = next((entry for entry in entries if entry.filename == _TYPES), None)
        return [entry.filename.lower() for entry in entries], _part(zipped, types) if types else b""


def _opened(path: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(path)
    except _UNREADABLE as error:
        raise _damaged() from error


def _part(zipped: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    if entry.flag_bits & 1:
        raise BadContent("Tệp có mật khẩu; hãy bỏ mật khẩu rồi tải lên lại.")
    try:
        with zipped.open(entry) as part:
            content = part.read(MOST_DECLARED + 1)
    except _UNREADABLE as error:
        raise _damaged() from error
    if len(content) > MOST_DECLARED:
        raise _damaged()
    return content.lower()


def _damaged() -> BadContent:
    return BadContent("Tệp bị hỏng, không mở được; hãy lưu lại rồi tải lên.")
