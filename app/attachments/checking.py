"""What a file really is, by its content: allowed, whole, and with nothing in it that acts by itself. No Flask here.

Every refusal is one sentence: what is wrong, where, and what to do. Its name is told beside it by the caller.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from app.attachments import BadContent, office_files
from app.attachments.signatures.outcomes import LookedInto
from app.core.text import tidy

LONGEST_NAME = 180  # bytes in UTF-8: every file system takes it when somebody downloads the file
_RESERVED = re.compile(r'[<>:"|?*]')
_PROGRAMS = (
    b"MZ",
    b"\x7fELF",
    b"#!",
    b"\xca\xfe\xba\xbe",
    b"\xcf\xfa\xed\xfe",
    b"\xfe\xed\xfa",
    b"L\x00\x00\x00\x01\x14",
)
_OLD_OFFICE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


class FileKind(StrEnum):
    """The kinds of files that can be attached, as the setting names them."""

    PDF = "pdf"
    JPEG = "jpeg"
    PNG = "png"
    TIFF = "tiff"
    DOCX = "docx"
    XLSX = "xlsx"

    @property
    def media_type(self) -> str:
        return _MEDIA_TYPES[self]

    @property
    def endings(self) -> tuple[str, ...]:
        """What the names of such files end with; the first is given to one that ends otherwise."""
        return _ENDINGS[self]


_OFFICE = "application/vnd.openxmlformats-officedocument."
_MEDIA_TYPES = {
    FileKind.PDF: "application/pdf",
    FileKind.JPEG: "image/jpeg",
    FileKind.PNG: "image/png",
    FileKind.TIFF: "image/tiff",
    FileKind.DOCX: _OFFICE + "wordprocessingml.document",
    FileKind.XLSX: _OFFICE + "spreadsheetml.sheet",
}
_ENDINGS = {
    FileKind.PDF: (".pdf",),
    FileKind.JPEG: (".jpg", ".jpeg", ".jfif"),
    FileKind.PNG: (".png",),
    FileKind.TIFF: (".tif", ".tiff"),
    FileKind.DOCX: (".docx",),
    FileKind.XLSX: (".xlsx",),
}
_BY_MEDIA_TYPE = {media_type: kind for kind, media_type in _MEDIA_TYPES.items()}


@dataclass(frozen=True, slots=True)
class Checked:
    """A file that may be kept: what it is, under which name, and how many pages (None where it has none)."""

    kind: FileKind
    name: str
    pages: int | None
    signatures: LookedInto | None = None  # what the signatures in it say, where they are read


def check(path: Path, name: str, allowed: Collection[str]) -> Checked:
    """Look into the file on the disk. `allowed` are words of FileKind. Raises BadContent."""
    kind = _kind_of(path)
    if kind is None or kind not in allowed:
        raise BadContent(
            "Không nhận loại tệp này (xét theo nội dung, không theo tên); hãy dùng %(kinds)s.",
            kinds=kinds_named(allowed),
        )
    pages: int | None = None
    if kind is FileKind.PDF:
        from app.attachments import pdf_files  # heavy: pypdf

        pages = pdf_files.check(path)
    elif kind in (FileKind.DOCX, FileKind.XLSX):
        office_files.check(path)
    else:
        from app.attachments import pictures  # heavy: Pillow

        pages = pictures.check(path, kind.value)
    return Checked(kind, tidy_name(name, kind), pages)


def kinds_named(allowed: Collection[str]) -> str:
    """The allowed kinds in one line: PDF, JPEG, PNG."""
    return ", ".join(kind.value.upper() for kind in FileKind if kind in allowed)


def kind_of_media_type(media_type: str) -> FileKind | None:
    """The kind with this media type."""
    return _BY_MEDIA_TYPE.get(media_type)


def tidy_name(name: str, kind: FileKind) -> str:
    """The name as it is kept: no folders, no control or invisible characters, and the ending of what the file is."""
    base = unicodedata.normalize("NFC", name).replace("\\", "/").rsplit("/", 1)[-1]
    base = "".join(c if unicodedata.category(c)[0] != "C" else " " if c.isspace() else "" for c in base)
    base = tidy(_RESERVED.sub("_", base)).rstrip(". ")
    ending = next((e for e in kind.endings if base.lower().endswith(e)), "")
    if not ending:
        base, ending = re.sub(r"\.\w{1,5}$", "", base), kind.endings[0]
    else:
        base, ending = base[: -len(ending)], base[-len(ending) :]
    stem = base.strip(". ") or "tep"
    while len((stem + ending).encode()) > LONGEST_NAME:
        stem = stem[:-1]
    return stem.rstrip(". ") + ending


def _kind_of(path: Path) -> FileKind | None:
    """What the first bytes say; programs and old or locked Office files are told apart, to say what to do."""
    with path.open("rb") as file:
        head = file.read(8192)
    if head.startswith(_PROGRAMS):
        raise BadContent("Đây là một chương trình chứ không phải giấy tờ; hãy xóa tệp này và báo người quản trị.")
    if head.startswith(_OLD_OFFICE):
        raise BadContent("Tệp Office có mật khẩu hoặc theo định dạng cũ; hãy lưu lại thành PDF, .docx hoặc .xlsx.")
    if head.startswith(b"PK\x03\x04"):
        return {"docx": FileKind.DOCX, "xlsx": FileKind.XLSX}.get(office_files.office_kind(path))
    import filetype  # type: ignore[import-untyped]

    guessed = filetype.guess(head)
    return kind_of_media_type(guessed.mime) if guessed else None
