"""Word and Excel files: a ZIP of parts, each unpacked once, piece by piece, within a bound. No Flask here.

Refused is what acts by itself or brings what does: macros, ActiveX, embedded programs and OLE objects, whatever is
fetched from elsewhere when the file is opened (templates, frames, pictures, linked workbooks, data connections), and
the fields of Word that call another program. Plain links for a reader to click stay.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Iterator
from copy import copy
from pathlib import Path
from xml.parsers import expat

from app.attachments import BadContent

CHUNK = 1 << 18  # bytes held at a time


class TooMuch(Exception):
    """A part unpacks to more than was allowed."""


def unpacked(zipped: zipfile.ZipFile, part: zipfile.ZipInfo, most: int) -> Iterator[bytes]:
    """The content of a part, piece by piece. TooMuch beyond `most` bytes; BadZipFile for one that is not as large as
    the list says, and what else zipfile raises for a damaged one."""
    size, said = 0, part.file_size
    real = copy(part)
    real.file_size = most + 2 * CHUNK  # zipfile stops where the list says that a part ends; other programs do not
    with zipped.open(real) as content:
        while piece := content.read(CHUNK):
            size += len(piece)
            if size > most:
                raise TooMuch
            yield piece
    if size != said:
        raise zipfile.BadZipFile(f"{part.filename}: {size} bytes, not {said}")


MOST_PARTS = 5_000
MOST_DECLARED = 1_000_000  # bytes read of the declaration, whatever it says of itself
MOST_UNPACKED = 200 * 1024 * 1024  # bytes of all parts; a sheet of a hundred thousand full rows has 60 MB
MOST_RELATIONS = 4 * 1024 * 1024  # bytes of one list of relations
_TYPES = "[Content_Types].xml"
_MAIN = {
    b"wordprocessingml.document.main+xml": "docx",
    b"spreadsheetml.sheet.main+xml": "xlsx",
    b"application/vnd.ms-word.document.macroenabled": "docx",
    b"application/vnd.ms-excel.sheet.macroenabled": "xlsx",
}
_ACTIVE = ("vbaproject.bin", "vbadata.xml", "/activex/", "/macrosheets/", "/dialogsheets/")
_INSIDE = ("/embeddings/", "/oleobject")
_FETCHED = ("/externallinks/", "xl/connections.xml", "/querytables/", "/webextensions/", "/afchunk")
_PLAIN_LINK = re.compile(r"(?:https?|mailto|tel):|[^:\\/][^:\\]*$|#", re.IGNORECASE)
_CALLING = re.compile(
    r"\s*\\?\s*(DDE(?:AUTO)?|LINK|IMPORT|INCLUDETEXT|INCLUDEPICTURE|INCLUDE|MACROBUTTON|DATABASE)\b", re.IGNORECASE
)
_UNREADABLE = (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, OSError, ValueError)


def office_kind(path: Path) -> str:
    """ "docx", "xlsx", or nothing for any other ZIP. Raises BadContent for one that cannot be read."""
    declared = _declared(path)[1]
    return next((kind for word, kind in _MAIN.items() if word in declared), "")


def check(path: Path) -> None:
    """Refuse what acts by itself, brings what does, or unpacks to more than anybody reads. Raises BadContent."""
    names, declared = _declared(path)
    if b"macroenabled" in declared or _any_named(names, _ACTIVE):
        raise BadContent(
            "Tệp có macro hoặc điều khiển ActiveX có thể tự chạy; hãy lưu lại thành PDF, .docx hoặc .xlsx không macro."
        )
    if b"oleobject" in declared or _any_named(names, _INSIDE):
        raise BadContent("Tệp có tệp hoặc chương trình khác nhúng bên trong; hãy lưu lại thành PDF rồi tải lên.")
    if _any_named(names, _FETCHED):
        raise _fetching()
    with _opened(path) as zipped:
        left = MOST_UNPACKED
        for entry in zipped.infolist():
            left -= _look_into(zipped, entry, left)


def _look_into(zipped: zipfile.ZipFile, entry: zipfile.ZipInfo, most: int) -> int:
    """Unpack a part to its end, and look at what it says if it is one that can act. Its size in bytes."""
    name = entry.filename.lower()
    pieces, size = _pieces(zipped, entry, most), 0
    if name.endswith(".rels"):
        relations = _Relations()
        for piece in pieces:
            size += len(piece)
            if size > MOST_RELATIONS:
                raise _too_much()
            relations.read(piece)
        relations.end()
    elif name.startswith("word/") and name.endswith(".xml"):
        fields = _Fields()
        for piece in pieces:
            size += len(piece)
            fields.read(piece)
        fields.end()
    else:
        size = sum(map(len, pieces))
    return size


class _Parser:
    """Reads a part of XML piece by piece, without entities of its own, keeping nothing but what a subclass keeps."""

    def __init__(self) -> None:
        self._expat = expat.ParserCreate(namespace_separator=" ")
        self._expat.buffer_text = True
        self._expat.StartElementHandler = lambda name, attributes: self.start(_local(name), _locals(attributes))
        self._expat.EndElementHandler = lambda name: self.stop(_local(name))
        self._expat.CharacterDataHandler = self.text
        self._expat.StartDoctypeDeclHandler = _no_doctype

    def read(self, piece: bytes, *, last: bool = False) -> None:
        try:
            self._expat.Parse(piece, last)
        except expat.ExpatError as error:
            raise _damaged() from error

    def end(self) -> None:
        self.read(b"", last=True)

    def start(self, name: str, attributes: dict[str, str]) -> None: ...

    def stop(self, name: str) -> None: ...

    def text(self, text: str) -> None: ...


class _Relations(_Parser):
    """A list of relations: those that lead out of the file may only be links to click."""

    def start(self, name: str, attributes: dict[str, str]) -> None:
        kind, target = attributes.get("type", ""), attributes.get("target", "").strip()
        if "attachedtemplate" in kind.lower():
            raise BadContent("Tệp gắn với một mẫu nằm ở nơi khác; hãy lưu lại thành PDF rồi tải lên.")
        if "oleobject" in kind.lower():
            raise BadContent("Tệp có tệp hoặc chương trình khác nhúng bên trong; hãy lưu lại thành PDF rồi tải lên.")
        if attributes.get("targetmode", "").lower() != "external":
            return
        if kind.rpartition("/")[2].lower() != "hyperlink":
            raise _fetching()
        if not _PLAIN_LINK.match(target):
            raise BadContent(
                "Tệp có liên kết mở tệp hoặc chương trình trên máy (%(target)s); hãy bỏ liên kết rồi tải lên lại.",
                target=target[:80],
            )


class _Fields(_Parser):
    """The fields of a part of Word. A field's name may be cut over several runs, or made by a field inside it."""

    def __init__(self) -> None:
        super().__init__()
        self._codes: list[list[str]] = []  # of the fields that are open, the outermost first
        self._inner: list[bool] = []  # whether a field inside may make its name
        self._reading = False

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "fldchar":
            self._mark(attributes.get("fldchartype", ""))
        elif name == "fldsimple":
            _refuse_calling(attributes.get("instr", ""), made=False)
        elif name == "instrtext":
            self._reading = True

    def stop(self, name: str) -> None:
        if name == "instrtext":
            self._reading = False
        elif name in ("document", "hdr", "ftr", "footnotes", "endnotes", "comments"):
            while self._codes:
                self._close()

    def text(self, text: str) -> None:
        if self._reading:
            if not self._codes:
                _refuse_calling(text, made=False)
            elif sum(map(len, self._codes[-1])) < 1_000:  # what it does stands first
                self._codes[-1].append(text)

    def _mark(self, kind: str) -> None:
        if kind == "begin":
            if self._codes and not "".join(self._codes[-1]).strip():
                self._inner[-1] = True
            self._codes.append([])
            self._inner.append(False)
        elif kind in ("separate", "end") and self._codes:
            # Closed where its code ends: what follows until "end" is its result. A second mark finds an outer field,
            # whose code is then read so far, which refuses no less.
            if kind == "separate":
                _refuse_calling("".join(self._codes[-1]), made=self._inner[-1])
            else:
                self._close()

    def _close(self) -> None:
        _refuse_calling("".join(self._codes.pop()), made=self._inner.pop())


def _refuse_calling(code: str, *, made: bool) -> None:
    found = _CALLING.match(code)
    if found or made:
        raise BadContent(
            "Tệp có trường gọi chương trình hoặc lấy dữ liệu ở nơi khác (%(what)s); hãy lưu thành PDF rồi tải lên.",
            what=found[1].upper() if found else "QUOTE",
        )


def _local(name: str) -> str:
    return name.rpartition(" ")[2].lower()


def _locals(attributes: dict[str, str]) -> dict[str, str]:
    return {_local(name): value for name, value in attributes.items()}


def _no_doctype(*_declared: object) -> None:
    raise _damaged()


def _any_named(names: list[str], parts: tuple[str, ...]) -> bool:
    return any(part in f"/{name}" for name in names for part in parts)


def _declared(path: Path) -> tuple[list[str], bytes]:
    """Names of the parts and the declaration of their kinds, in lower case."""
    with _opened(path) as zipped:
        entries = zipped.infolist()
        if len(entries) > MOST_PARTS:
            raise BadContent("Tệp có quá nhiều phần bên trong; hãy lưu lại thành PDF rồi tải lên.")
        names = [entry.filename.lower().replace("\\", "/") for entry in entries]
        if len(set(names)) < len(names):  # which of two parts of one name is read depends on the program
            raise _damaged()
        types = next((entry for entry in entries if entry.filename == _TYPES), None)
        return names, _declaration(zipped, types) if types else b""


def _declaration(zipped: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    try:
        return b"".join(_pieces(zipped, entry, MOST_DECLARED)).lower()
    except BadContent as error:
        raise (error if "mật khẩu" in error.message else _damaged()) from error


def _pieces(zipped: zipfile.ZipFile, entry: zipfile.ZipInfo, most: int) -> Iterator[bytes]:
    if entry.flag_bits & 1:
        raise BadContent("Tệp có mật khẩu; hãy bỏ mật khẩu rồi tải lên lại.")
    try:
        yield from unpacked(zipped, entry, most)
    except TooMuch as error:
        raise _too_much() from error
    except _UNREADABLE as error:
        raise _damaged() from error


def _opened(path: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(path)
    except _UNREADABLE as error:
        raise _damaged() from error


def _fetching() -> BadContent:
    return BadContent("Tệp lấy nội dung từ nơi khác mỗi khi mở; hãy lưu lại thành PDF rồi tải lên.")


def _too_much() -> BadContent:
    return BadContent(
        "Tệp giải nén ra hơn %(mb)s MB, lớn bất thường; hãy lưu lại thành PDF rồi tải lên.",
        mb=MOST_UNPACKED // (1024 * 1024),
    )


def _damaged() -> BadContent:
    return BadContent("Tệp bị hỏng, không mở được; hãy lưu lại rồi tải lên.")
