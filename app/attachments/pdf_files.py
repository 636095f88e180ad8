"""PDF files: read through with pypdf for what acts by itself when somebody opens them. No Flask here.

Links that a reader has to click stay; so does a signature, and an opening action that only says which page to show
first (office software writes one into every PDF).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pypdf import PdfReader
from pypdf.generic import ArrayObject, DictionaryObject, IndirectObject

from app.attachments import BadContent

MOST_OBJECTS = 20_000  # a scan has hundreds, a printed report of 300 pages some thousands
MOST_LOOKS = 200_000  # dictionaries and lists looked at, those inside others counted
LONGEST_CHAIN = 50  # actions, one after another
_HARMLESS = frozenset({"/GoTo", "/SetOCGState", "/Trans"})  # without a click; /Named may print, /Hide may cover
_SCRIPT = frozenset({"/JavaScript"})
_ACTING = frozenset(
    {"/Launch", "/SubmitForm", "/ImportData", "/GoToDp", "/GoToE", "/GoToR", "/Rendition", "/Movie", "/Sound"}
    | {"/RichMediaExecute", "/GoTo3DView"}
)
_MEDIA = frozenset({"/RichMedia", "/Movie", "/Sound", "/Screen", "/3D"})


def check(path: Path) -> int:
    """Number of pages. Raises BadContent for a PDF that is locked, damaged, or acts by itself."""
    try:
        with path.open("rb") as content:
            reader = PdfReader(content, strict=False)
            if reader.is_encrypted:
                raise BadContent("PDF có mật khẩu hoặc bị khóa quyền; hãy bỏ khóa (in lại ra PDF) rồi tải lên.")
            _refuse_many(reader)
            root: Any = reader.trailer["/Root"].get_object()
            _refuse_automatic(root.get("/OpenAction"))
            _walk(root)
            pages = _count_pages(root)
    except BadContent:
        raise
    except Exception as error:  # a damaged PDF breaks the reader in ways without number
        raise _damaged() from error
    if not pages:
        raise _damaged()
    return pages


def _refuse_many(reader: PdfReader) -> None:
    """By the tables of what is in the file, before any of it is read."""
    objects = sum(map(len, reader.xref.values())) + len(reader.xref_objStm)
    if objects > MOST_OBJECTS:
        raise _too_complex()


def _refuse_automatic(first: Any) -> None:
    """What happens without a click, on opening or on turning a page, may only be a jump within the file; so may what
    comes after it (`/Next`: an action, or a list of them)."""
    pending, looked = [first], 0
    while pending:
        action = _resolved(pending.pop())
        looked += 1
        if looked > LONGEST_CHAIN:
            raise _too_complex()
        if isinstance(action, DictionaryObject):
            kind = _resolved(action.get("/S"))
            if kind is not None and kind not in _HARMLESS:
                raise _acting(str(kind))
            after = _resolved(action.get("/Next"))
            if after is not None:
                pending.extend(after if isinstance(after, ArrayObject) else [after])


def _walk(root: Any) -> None:
    pending: list[Any] = [root]
    seen: set[tuple[int, int]] = set()
    looked = 0
    while pending:
        item = pending.pop()
        if isinstance(item, IndirectObject):
            key = (item.idnum, item.generation)
            if key in seen:
                continue
            seen.add(key)
            item = item.get_object()
        looked += 1
        if looked > MOST_LOOKS or len(seen) > MOST_OBJECTS:
            raise _too_complex()
        if isinstance(item, DictionaryObject):
            _look(item)
            pending.extend(value for value in item.values() if isinstance(value, _HOLDERS))
        elif isinstance(item, ArrayObject):
            pending.extend(value for value in item if isinstance(value, _HOLDERS))


_HOLDERS = (IndirectObject, DictionaryObject, ArrayObject)


def _look(item: DictionaryObject) -> None:
    action, subtype = _resolved(item.get("/S")), _resolved(item.get("/Subtype"))
    if action in _SCRIPT or "/JS" in item:
        raise _acting("/JavaScript")
    if action in _ACTING or (subtype in _MEDIA and "/Rect" in item):
        raise _acting(str(action or subtype))
    if "/EF" in item or _resolved(item.get("/Type")) == "/EmbeddedFile":
        raise BadContent("PDF có tệp khác đính kèm bên trong; hãy lấy tệp đó ra, in lại ra PDF rồi tải lên.")
    if "/XFA" in item:
        raise BadContent("PDF là biểu mẫu động (XFA); hãy in lại ra PDF rồi tải lên.")
    additional = _resolved(item.get("/AA"))
    if isinstance(additional, DictionaryObject):
        for value in additional.values():
            _refuse_automatic(value)


def _resolved(value: Any) -> Any:
    return value.get_object() if isinstance(value, IndirectObject) else value


def _too_complex() -> BadContent:
    return BadContent("PDF quá phức tạp để kiểm tra; hãy in lại ra PDF rồi tải lên.")


def _acting(what: str) -> BadContent:
    if what == "/JavaScript":
        return BadContent("PDF có mã lệnh JavaScript; hãy in lại ra PDF rồi tải lên.")
    return BadContent(
        "PDF có lệnh tự chạy khi mở hoặc khi bấm (%(what)s); hãy in lại ra PDF rồi tải lên.", what=what.lstrip("/")
    )


def _count_pages(root: Any) -> int:
    """Leaves of the tree of pages, each counted once, however the tree is tied."""
    pending, seen, pages = [root.raw_get("/Pages")], set(), 0
    while pending:
        item = pending.pop()
        if isinstance(item, IndirectObject):
            if (item.idnum, item.generation) in seen:
                continue
            seen.add((item.idnum, item.generation))
            item = item.get_object()
        if not isinstance(item, DictionaryObject):
            continue
        kids = _resolved(item.get("/Kids"))
        if isinstance(kids, ArrayObject):
            pending.extend(kids)
        else:
            pages += 1
    return pages


def _damaged() -> BadContent:
    return BadContent("PDF bị hỏng, không mở được; hãy quét hoặc in lại ra PDF rồi tải lên.")
